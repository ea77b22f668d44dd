/*
 * MMU faults: the four information words of each fault unit.
 *
 * A unit holds one fault until the driver writes its bit to FAULT_SOURCE; a
 * fault of the same unit that comes meanwhile waits in a queue (one entry a
 * channel, so it is bounded).  The engine's bit of ENG_FAULT is set with it
 * and stays until written, as a driver's recovery does
 * (reference/nvc0-nouveau.md 5.10).  The channel itself was stopped by the GPU
 * that reported the fault; other channels go on.
 *
 * FAULT_INJECT lets a driver raise a fault of a unit by hand: Linux 6.12 does
 * so to make the recovery of a hung engine take the common path.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/pfifo.h"
#include "spec/fault.h"
#include "spec/pfifo_regs.h"
#include "spec/pmc_regs.h"

static uint32_t info_reg(uint32_t reg, unsigned unit)
{
    return reg + unit * NV_PFIFO_FAULT_STRIDE;
}

static uint32_t engine_bit(unsigned unit)
{
    switch (unit) {
    case NVC0_FAULT_UNIT_PGRAPH:
        return 1u << NV_PFIFO_ENGINE_PGRAPH;
    case NVC0_FAULT_UNIT_PCE0:
        return 1u << NV_PFIFO_ENGINE_PCE0;
    case NVC0_FAULT_UNIT_PCE1:
        return 1u << NV_PFIFO_ENGINE_PCE1;
    default:
        return 0;
    }
}

static uint32_t type_word(const GpuvmFault *f)
{
    return (f->reason & NV_PFIFO_FAULT_TYPE_REASON) |
           (f->hub ? NV_PFIFO_FAULT_TYPE_HUB : 0) |
           (f->write ? NV_PFIFO_FAULT_TYPE_WRITE : 0) |
           (f->client & 0x1fu) << NV_PFIFO_FAULT_TYPE_CLIENT_SHIFT |
           (f->gpc & 0x1fu) << NV_PFIFO_FAULT_TYPE_GPC_SHIFT;
}

static void show(GpuvmBoard *b, const GpuvmFaultEntry *e)
{
    const GpuvmFault *f = &e->fault;
    unsigned unit = f->unit % NV_PFIFO_FAULT_UNITS;

    gpuvm_regs_set(b, info_reg(NV_PFIFO_FAULT_INST, unit),
                   gpuvm_fault_inst(e) & NV_PFIFO_ADDR);
    gpuvm_regs_set(b, info_reg(NV_PFIFO_FAULT_VALO, unit), (uint32_t)f->va);
    gpuvm_regs_set(b, info_reg(NV_PFIFO_FAULT_VAHI, unit), f->va >> 32);
    gpuvm_regs_set(b, info_reg(NV_PFIFO_FAULT_TYPE, unit), type_word(f));
    gpuvm_regs_set(b, NV_PFIFO_ENG_FAULT, engine_bit(unit) |
                   gpuvm_regs_get(b, NV_PFIFO_ENG_FAULT));
    gpuvm_regs_set(b, NV_PFIFO_MMU_FAULT_SOURCE, 1u << unit |
                   gpuvm_regs_get(b, NV_PFIFO_MMU_FAULT_SOURCE));
}

/* Shows every queued fault whose unit is free. */
static void show_next(GpuvmBoard *b)
{
    GpuvmFaultQueue *q = &b->pfifo->mmu_queue;
    unsigned i = 0;

    while (i < q->n) {
        uint32_t busy = gpuvm_regs_get(b, NV_PFIFO_MMU_FAULT_SOURCE);

        if (busy & 1u << q->e[i].fault.unit % NV_PFIFO_FAULT_UNITS) {
            i++;
        } else {
            GpuvmFaultEntry e = gpuvm_fault_queue_take(q, i);

            show(b, &e);
        }
    }
}

void gpuvm_pfifo_fault_raise(GpuvmBoard *b, const GpuvmFaultEntry *e)
{
    gpuvm_fault_queue_push(&b->pfifo->mmu_queue, e->chid, e->inst, &e->fault);
    show_next(b);
    gpuvm_pfifo_irq_update(b);
}

static uint32_t source_write(GpuvmBoard *b, const GpuvmRegRow *row,
                             uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, NV_PFIFO_MMU_FAULT_SOURCE, stored & ~val);
    show_next(b);
    gpuvm_pfifo_irq_update(b);
    return gpuvm_regs_get(b, NV_PFIFO_MMU_FAULT_SOURCE);
}

static uint32_t inject_write(GpuvmBoard *b, const GpuvmRegRow *row,
                             uint32_t index, uint32_t stored, uint32_t val)
{
    GpuvmFaultEntry e = {
        .inst = ~0ull,
        .fault = {
            .kind = GPUVM_FAULT_MMU,
            .reason = NVC0_FAULT_REASON_NO_CHANNEL,
            .unit = val & NV_PFIFO_FAULT_INJECT_UNIT,
            .hub = true,
        },
    };

    /* no channel is at fault: the queue is not for it */
    if ((val & NV_PFIFO_FAULT_INJECT_VALID) &&
        !(gpuvm_regs_get(b, NV_PFIFO_MMU_FAULT_SOURCE) &
          1u << e.fault.unit)) {
        show(b, &e);
        gpuvm_pfifo_irq_update(b);
    }
    return val & (NV_PFIFO_FAULT_INJECT_VALID | NV_PFIFO_FAULT_INJECT_UNIT);
}

static void fault_events(GpuvmBoard *b, const GpuvmVmEvents *ev)
{
    for (unsigned i = 0; i < ev->nfaults; i++) {
        if (ev->fault[i].kind == GPUVM_FAULT_MMU) {
            GpuvmFaultEntry e = {
                .chid = ev->fault_chid[i],
                .inst = gpuvm_chan_inst(b->vm, ev->fault_chid[i]),
                .fault = ev->fault[i],
            };

            gpuvm_pfifo_fault_raise(b, &e);
        }
    }
}

#define FAULT_ROW(name, reg)                                                \
    { name, reg, NV_PFIFO_FAULT_UNITS, NV_PFIFO_FAULT_STRIDE,               \
      .flags = GPUVM_REG_RO }

static const GpuvmRegRow fault_rows[] = {
    { "PFIFO_MMU_FAULT_SOURCE", NV_PFIFO_MMU_FAULT_SOURCE,
      .write = source_write },
    { "PFIFO_ENG_FAULT", NV_PFIFO_ENG_FAULT, .flags = GPUVM_REG_W1C },
    FAULT_ROW("PFIFO_FAULT_INST", NV_PFIFO_FAULT_INST),
    FAULT_ROW("PFIFO_FAULT_VALO", NV_PFIFO_FAULT_VALO),
    FAULT_ROW("PFIFO_FAULT_VAHI", NV_PFIFO_FAULT_VAHI),
    FAULT_ROW("PFIFO_FAULT_TYPE", NV_PFIFO_FAULT_TYPE),
    { "PFIFO_FAULT_INJECT", NV_PFIFO_FAULT_INJECT, NV_PFIFO_ENGINES,
      .write = inject_write },
};

const GpuvmUnit gpuvm_unit_pfifo_fault = {
    .name = "pfifo_fault",
    .rows = fault_rows,
    .nrows = G_N_ELEMENTS(fault_rows),
    .events = fault_events,
    .pmc_enable = NV_PMC_ENABLE_FIFO,
};
