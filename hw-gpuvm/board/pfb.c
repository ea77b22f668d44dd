/*
 * PFB: straps and memory partitions.  One partition (FBP) shows the whole of
 * the VM's slice, since partitions must be of equal size and a slice need not
 * divide (spec/nvc0_shape.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/nvc0_shape.h"
#include "spec/pfb_regs.h"

#define MIB_SHIFT 20

static uint32_t amount_read(GpuvmBoard *b, const GpuvmRegRow *row,
                            uint32_t index, uint32_t stored)
{
    return (gpuvm_vm_slice(b->vm)->size / NVC0_FBPS) >> MIB_SHIFT;
}

static const GpuvmRegRow rows[] = {
    { "PFB_LTC_COUNT", NV_PFB_LTC_COUNT, .reset = NVC0_LTCS,
      .flags = GPUVM_REG_RO },
    { "PFB_NISO_FLUSH_SYSMEM_ADDR", NV_PFB_NISO_FLUSH_SYSMEM_ADDR },
    { "PEXTDEV_BOOT_0", NV_PEXTDEV_BOOT_0, .reset = NV_PEXTDEV_BOOT_0_RESET,
      .flags = GPUVM_REG_RO },
    /* GDDR5 link training patterns, 480 writes at each start */
    { "PBFB_TRAIN_918", NV_PBFB_TRAIN_918, .count = 2,
      .flags = GPUVM_REG_PACK, .source = "nouveau fb/ramgf100.c" },
    { "PBFB_TRAIN_920", NV_PBFB_TRAIN_920, .count = 2,
      .flags = GPUVM_REG_PACK, .source = "nouveau fb/ramgf100.c" },
    { "PBFB_TRAIN_968", NV_PBFB_TRAIN_968, .count = 2,
      .flags = GPUVM_REG_PACK, .source = "nouveau fb/ramgf100.c" },
    { "PBFB_RAM_AMOUNT", NV_PBFB0_RAM_AMOUNT, .count = NVC0_FBPS,
      .stride = NV_PBFB_STRIDE, .flags = GPUVM_REG_RO, .read = amount_read },
};

const GpuvmUnit gpuvm_unit_pfb = {
    .name = "pfb",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
