/*
 * PPMU: the power-management falcon, as far as a driver waits for it.
 *
 * The driver uploads microcode, starts it, and waits for two words in which
 * the microcode says where in its data memory the message rings are.  Nothing
 * runs here: the upload is swallowed and the start fills the two words.  No
 * message is answered; nouveau sends none without a performance table in the
 * VBIOS (reference/nvc0-nouveau.md 2.4).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/nvc0_shape.h"
#include "spec/pmc_regs.h"
#include "spec/ppmu_regs.h"

static uint32_t uc_ctrl_write(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored, uint32_t val)
{
    if (val & NV_PPMU_UC_CTRL_START) {
        gpuvm_regs_set(b, NV_PPMU_SEND_RING, NV_PPMU_SEND_RING_VALUE);
        gpuvm_regs_set(b, NV_PPMU_RECV_RING, NV_PPMU_RECV_RING_VALUE);
    }
    return val & ~NV_PPMU_UC_CTRL_START;
}

/* What was set or cleared shows in the third register. */
static uint32_t intr_en_write(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored, uint32_t val)
{
    uint32_t en = gpuvm_regs_get(b, NV_PPMU_INTR_EN);

    gpuvm_regs_set(b, NV_PPMU_INTR_EN,
                   row->addr == NV_PPMU_INTR_EN_SET ? en | val : en & ~val);
    return 0;
}

static const GpuvmRegRow rows[] = {
    { "PPMU_INTR_ACK", NV_PPMU_INTR_ACK, .flags = GPUVM_REG_WO },
    { "PPMU_INTR", NV_PPMU_INTR, .flags = GPUVM_REG_RO },
    { "PPMU_INTR_EN_SET", NV_PPMU_INTR_EN_SET, .write = intr_en_write },
    { "PPMU_INTR_EN_CLR", NV_PPMU_INTR_EN_CLR, .write = intr_en_write },
    { "PPMU_INTR_EN", NV_PPMU_INTR_EN, .flags = GPUVM_REG_RO },
    { "PPMU_INTR_ROUTE", NV_PPMU_INTR_ROUTE },
    { "PPMU_BUSY", NV_PPMU_BUSY, .flags = GPUVM_REG_RO },
    { "PPMU_UC_CTRL", NV_PPMU_UC_CTRL, .write = uc_ctrl_write },
    { "PPMU_UC_ENTRY", NV_PPMU_UC_ENTRY },
    { "PPMU_UC_CAPS", NV_PPMU_UC_CAPS, .reset = NVC0_FALCON_HWCFG_GR,
      .flags = GPUVM_REG_RO },
    /* bits 1-2 (scrubbing) are never busy */
    { "PPMU_UC_BLOCK_ON_FIFO", NV_PPMU_UC_BLOCK_ON_FIFO, .mask = ~6u },
    { "PPMU_UC_CAPS2", NV_PPMU_UC_CAPS2, .reset = NVC0_FALCON_HWCFG1,
      .flags = GPUVM_REG_RO },
    { "PPMU_CODE_INDEX", NV_PPMU_CODE_INDEX },
    { "PPMU_CODE", NV_PPMU_CODE, .flags = GPUVM_REG_WO },
    { "PPMU_CODE_VIRT_ADDR", NV_PPMU_CODE_VIRT_ADDR },
    { "PPMU_DATA_INDEX", NV_PPMU_DATA_INDEX },
    { "PPMU_DATA", NV_PPMU_DATA, .flags = GPUVM_REG_WO },
    { "PPMU_HOST_PUT", NV_PPMU_HOST_PUT },
    { "PPMU_HOST_GET", NV_PPMU_HOST_GET },
    { "PPMU_RFIFO_PUT", NV_PPMU_RFIFO_PUT },
    { "PPMU_RFIFO_GET", NV_PPMU_RFIFO_GET },
    { "PPMU_SEND_RING", NV_PPMU_SEND_RING },
    { "PPMU_RECV_RING", NV_PPMU_RECV_RING },
    { "PPMU_MUTEX", NV_PPMU_MUTEX },
};

const GpuvmUnit gpuvm_unit_pmu = {
    .name = "pmu",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
    .pmc_enable = NV_PMC_ENABLE_PMU,
};
