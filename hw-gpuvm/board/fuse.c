/*
 * Fuses: what was cut off (display and video), how many units are left, and
 * the calibration words, of which only the speedo is not zero (a zero there
 * makes nouveau print a warning; a one in TEMP_CAL_OK would start its thermal
 * polling).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/nvc0_shape.h"
#include "spec/pfuse_regs.h"

static uint32_t data_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    return index == NV_PFUSE_SPEEDO / 4 ? NV_PFUSE_SPEEDO_VALUE : 0;
}

static const GpuvmRegRow rows[] = {
    { "PFUSE_CTRL", NV_PFUSE_CTRL },
    { "PFUSE_DATA", NV_PFUSE_DATA, .count = NV_PFUSE_DATA_WORDS,
      .flags = GPUVM_REG_RO, .read = data_read },
    { "PTOP_FUSE_ENABLE", NV_PTOP_FUSE_ENABLE,
      .reset = NV_PTOP_FUSE_ENABLE_RESET },
    { "PTOP_PCIE_CAP", NV_PTOP_PCIE_CAP },
    /* the most that the chip can have; PGRAPH says how many are on */
    { "PTOP_SCAL_NUM_GPCS", NV_PTOP_SCAL_NUM_GPCS, .reset = NVC0_GPCS,
      .flags = GPUVM_REG_RO },
    { "PTOP_SCAL_NUM_TPC_PER_GPC", NV_PTOP_SCAL_NUM_TPC_PER_GPC,
      .reset = NVC0_TPCS_PER_GPC, .flags = GPUVM_REG_RO },
    { "PTOP_SCAL_NUM_FBPS", NV_PTOP_SCAL_NUM_FBPS, .reset = NVC0_FBPS,
      .flags = GPUVM_REG_RO },
    { "PTOP_DISABLE_UNITS", NV_PTOP_DISABLE_UNITS,
      .reset = NV_PTOP_DISABLE_DISP | NV_PTOP_DISABLE_MSPDEC |
               NV_PTOP_DISABLE_MSVLD | NV_PTOP_DISABLE_MSENC,
      .flags = GPUVM_REG_RO },
    { "PTOP_DISABLE_GPC", NV_PTOP_DISABLE_GPC, .flags = GPUVM_REG_RO },
    { "PTOP_DISABLE_FBP_548", NV_PTOP_DISABLE_FBP_548,
      .flags = GPUVM_REG_RO },
    { "PTOP_DISABLE_FBP", NV_PTOP_DISABLE_FBP, .flags = GPUVM_REG_RO },
    { "PTOP_DISABLE_GPC_SOFT", NV_PTOP_DISABLE_GPC_SOFT,
      .flags = GPUVM_REG_RO },
    { "PTOP_DISABLE_FBP_SOFT", NV_PTOP_DISABLE_FBP_SOFT,
      .flags = GPUVM_REG_RO },
};

const GpuvmUnit gpuvm_unit_fuse = {
    .name = "fuse",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
