/*
 * PMC: who the chip is, which engines are on, and the interrupt line.
 *
 * Every unit that can interrupt owns one source bit and says its level
 * (gpuvm_board_irq_source).  Each of the two lines, HOST and NRHOST, shows the
 * sources that its mask lets through; the board's one line is high while a
 * line that is enabled shows any.  MSI fires when it rises.  A driver's
 * handler turns the enables off and on again, so a source that is pending
 * when it is done makes a new rise and nothing is lost.
 *
 * A PMC_ENABLE bit that falls resets the units behind it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pmc_regs.h"

#define PENDING_BITS 0x7fffffffu    /* bit 31 is software's, not modelled */

static uint32_t pending(GpuvmBoard *b, uint32_t mask_reg)
{
    return b->irq_sources & gpuvm_regs_get(b, mask_reg) & PENDING_BITS;
}

static bool line_enabled(GpuvmBoard *b, uint32_t enable_reg)
{
    return gpuvm_regs_get(b, enable_reg) & NV_PMC_INTR_EN_HARDWARE;
}

void gpuvm_board_irq_update(GpuvmBoard *b)
{
    uint32_t host = line_enabled(b, NV_PMC_INTR_EN_HOST) ?
                    pending(b, NV_PMC_INTR_MASK_HOST) : 0;
    uint32_t nrhost = line_enabled(b, NV_PMC_INTR_EN_NRHOST) ?
                      pending(b, NV_PMC_INTR_MASK_NRHOST) : 0;
    bool line = host || nrhost;

    if (line == b->irq_line) {
        return;
    }
    b->irq_line = line;
    gpuvm_host_trace(b->host, GPUVM_TRACE_IRQ, line, host | nrhost, 0, 0);
    if (b->cfg.ops && b->cfg.ops->irq) {
        b->cfg.ops->irq(b->cfg.opaque, line);
    }
}

void gpuvm_board_irq_source(GpuvmBoard *b, unsigned pmc_bit, bool level)
{
    uint32_t bit = 1u << (pmc_bit & 31);

    if (!!(b->irq_sources & bit) == level) {
        return;
    }
    b->irq_sources ^= bit;
    gpuvm_board_irq_update(b);
}

void gpuvm_board_engine_reset(GpuvmBoard *b, uint32_t mask)
{
    const GpuvmUnit *const *units;
    size_t n;

    units = gpuvm_regs_units(b->regs, &n);
    gpuvm_host_trace(b->host, GPUVM_TRACE_ENGINE_RESET, mask, 0, 0, 0);
    for (size_t i = 0; i < n; i++) {
        if (units[i]->pmc_enable & mask) {
            gpuvm_regs_reset(b->regs, units[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if ((units[i]->pmc_enable & mask) && units[i]->engine_reset) {
            units[i]->engine_reset(b);
        }
    }
}

static uint32_t intr_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    gpuvm_board_process_events(b);
    return pending(b, index ? NV_PMC_INTR_MASK_NRHOST : NV_PMC_INTR_MASK_HOST);
}

static uint32_t line_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    return index ? line_enabled(b, NV_PMC_INTR_EN_NRHOST) &&
                   pending(b, NV_PMC_INTR_MASK_NRHOST) :
                   line_enabled(b, NV_PMC_INTR_EN_HOST) &&
                   pending(b, NV_PMC_INTR_MASK_HOST);
}

/* Enables and masks: the line follows the new value at once. */
static uint32_t intr_gate_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                uint32_t index, uint32_t stored, uint32_t val)
{
    val = row->mask ? val & row->mask : val;
    gpuvm_regs_set(b, row->addr + 4 * index, val);
    gpuvm_board_irq_update(b);
    return val;
}

static uint32_t enable_write(GpuvmBoard *b, const GpuvmRegRow *row,
                             uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, NV_PMC_ENABLE, val);
    if (stored & ~val) {
        gpuvm_board_engine_reset(b, stored & ~val);
    }
    return val;
}

static const GpuvmRegRow rows[] = {
    { "PMC_BOOT_0", NV_PMC_BOOT_0, .reset = NV_PMC_BOOT_0_GF100_A3,
      .flags = GPUVM_REG_RO },
    /* reads 0: registers are little-endian, whatever is written */
    { "PMC_BOOT_1", NV_PMC_BOOT_1, .flags = GPUVM_REG_RO },
    { "PMC_INTR", NV_PMC_INTR_HOST, .count = 2, .flags = GPUVM_REG_RO,
      .read = intr_read },
    { "PMC_INTR_EN", NV_PMC_INTR_EN_HOST, .count = 2, .mask = 3,
      .write = intr_gate_write },
    { "PMC_INTR_LINE", NV_PMC_INTR_LINE_HOST, .count = 2,
      .flags = GPUVM_REG_RO, .read = line_read },
    { "PMC_INTR_LTC", NV_PMC_INTR_LTC, .flags = GPUVM_REG_RO },
    { "PMC_ENABLE", NV_PMC_ENABLE, .reset = NV_PMC_ENABLE_RESET,
      .write = enable_write },
    { "PMC_INTR_MASK", NV_PMC_INTR_MASK_HOST, .count = 2, .reset = 0xffffffff,
      .write = intr_gate_write },
    { "PMC_INTR_MASK_DAEMON", NV_PMC_INTR_MASK_DAEMON, .reset = 0xffffffff },
};

const GpuvmUnit gpuvm_unit_pmc = {
    .name = "pmc",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
