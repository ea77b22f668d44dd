/*
 * PBDMA registers: how a channel's command-stream errors and software methods
 * reach the driver.
 *
 * GF100 has three PBDMAs; nouveau gives the first to PGRAPH, the second to
 * PCOPY1, the third to PCOPY0.  A report goes to the PBDMA of its engine, one
 * at a time: CACHE_ADDR/CACHE_DATA show the method, CH the channel, and INTR
 * the reason, until the driver acknowledges INTR.  Then the next one waiting
 * for that PBDMA is shown.
 *
 * The channel of an error stands: if the driver does no more than acknowledge
 * it, a context-switch time-out follows (pfifo_hung.c).
 *
 * A software method (engine 0x1f) is reported as EMPTY_SUBC: the driver does
 * what it means, turns it into a NOP by writing CACHE_ADDR and acknowledges;
 * the acknowledgement lets the channel go on (reference/nvc0-nouveau.md 5.9).
 * Two are answered here: the binding of the object itself, which the driver
 * ignores, and the vertical-blank release, which no head can ever serve and
 * which makes a headless guest's driver follow a null pointer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/pfifo.h"
#include "spec/pbdma_regs.h"
#include "spec/pfifo_regs.h"
#include "spec/pmc_regs.h"

static uint32_t reg_of(uint32_t reg, unsigned n)
{
    return reg + n * NV_PBDMA_STRIDE;
}

uint32_t gpuvm_pfifo_pbdma_source(GpuvmBoard *b)
{
    uint32_t source = 0;

    for (unsigned n = 0; n < NVC0_PBDMAS; n++) {
        if (gpuvm_regs_get(b, reg_of(NV_PBDMA_INTR, n)) &
            gpuvm_regs_get(b, reg_of(NV_PBDMA_INTR_EN, n))) {
            source |= 1u << n;
        }
    }
    return source;
}

/* What the driver assigns with ENG_PBDMA_MASK, as a fixed map. */
static unsigned pbdma_of(GpuvmEngine engine)
{
    switch (engine) {
    case GPUVM_ENGINE_CE1:
        return 1;
    case GPUVM_ENGINE_CE0:
        return 2;
    default:
        return 0;
    }
}

/* Shows the next report that waits for PBDMA @n, if it is free. */
static void show_next(GpuvmBoard *b, unsigned n)
{
    GpuvmPfifo *p = b->pfifo;
    GpuvmFaultEntry e;

    if (p->pbdma[n].shown || !p->pbdma_queue[n].n) {
        return;
    }
    e = gpuvm_fault_queue_take(&p->pbdma_queue[n], 0);
    p->pbdma[n].shown = true;
    p->pbdma[n].gone = false;
    p->pbdma[n].sw = e.fault.bits == NV_PBDMA_INTR_EMPTY_SUBC;
    p->pbdma[n].chid = e.chid;
    p->pbdma[n].engine = e.fault.engine;
    gpuvm_regs_set(b, reg_of(NV_PBDMA_CACHE_ADDR, n),
                   NV_PBDMA_CACHE_ADDR_VALID |
                   (e.fault.method & NV_PBDMA_CACHE_ADDR_MTHD) |
                   (uint32_t)(e.fault.subc & NV_PBDMA_CACHE_ADDR_SUBC) <<
                   NV_PBDMA_CACHE_ADDR_SUBC_SHIFT);
    gpuvm_regs_set(b, reg_of(NV_PBDMA_CACHE_DATA, n), e.fault.data);
    gpuvm_regs_set(b, reg_of(NV_PBDMA_CH, n), NV_PBDMA_CH_ACTIVE |
                   (e.chid & NV_PBDMA_CH_CHID));
    gpuvm_regs_set(b, reg_of(NV_PBDMA_INTR, n), e.fault.bits |
                   gpuvm_regs_get(b, reg_of(NV_PBDMA_INTR, n)));
}

static void report(GpuvmBoard *b, uint8_t chid, const GpuvmFault *f)
{
    unsigned n = pbdma_of(f->engine);

    gpuvm_fault_queue_push(&b->pfifo->pbdma_queue[n], chid,
                           gpuvm_chan_inst(b->vm, chid), f);
    show_next(b, n);
}

static uint32_t intr_write(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored, uint32_t val)
{
    GpuvmPbdma *d = &b->pfifo->pbdma[index];

    gpuvm_regs_set(b, reg_of(NV_PBDMA_INTR, index), stored & ~val);
    if (d->shown && !(stored & ~val)) {
        d->shown = false;
        if (d->gone) {
            d->gone = false;
        } else if (d->sw) {
            gpuvm_chan_resume(b->vm, d->chid);
        } else {
            gpuvm_pfifo_hung(b, d->engine, d->chid);
        }
        gpuvm_regs_set(b, reg_of(NV_PBDMA_CH, index), 0);
        show_next(b, index);
    }
    gpuvm_pfifo_irq_update(b);
    return gpuvm_regs_get(b, reg_of(NV_PBDMA_INTR, index));
}

static uint32_t intr_en_write(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, reg_of(NV_PBDMA_INTR_EN, index), val);
    gpuvm_pfifo_irq_update(b);
    return val;
}

static uint32_t source_read(GpuvmBoard *b, const GpuvmRegRow *row,
                            uint32_t index, uint32_t stored)
{
    return gpuvm_pfifo_pbdma_source(b);
}

void gpuvm_pfifo_pbdma_forget(GpuvmBoard *b, unsigned chid)
{
    for (unsigned n = 0; n < NVC0_PBDMAS; n++) {
        GpuvmPbdma *d = &b->pfifo->pbdma[n];

        gpuvm_fault_queue_drop(&b->pfifo->pbdma_queue[n], chid);
        if (d->shown && d->chid == chid) {
            d->gone = true;     /* its ack concerns nobody */
        }
    }
}

static void software_method(GpuvmBoard *b, const GpuvmVmEvents *ev,
                            unsigned i)
{
    uint32_t mthd = ev->sw[i].method;
    GpuvmFault f = {
        .kind = GPUVM_FAULT_PBDMA,
        .engine = GPUVM_ENGINE_SW,
        .bits = NV_PBDMA_INTR_EMPTY_SUBC,
        .subc = ev->sw[i].subc,
        .method = mthd,
        .data = ev->sw[i].data,
    };

    if (mthd == NV_SW_SET_OBJECT || mthd == NV_SW_VBLSEM_RELEASE) {
        gpuvm_chan_resume(b->vm, ev->sw_chid[i]);
        return;
    }
    report(b, ev->sw_chid[i], &f);
}

static void pbdma_events(GpuvmBoard *b, const GpuvmVmEvents *ev)
{
    for (unsigned i = 0; i < ev->nsw; i++) {
        software_method(b, ev, i);
    }
    for (unsigned i = 0; i < ev->nfaults; i++) {
        GpuvmFault f = ev->fault[i];

        if (f.kind != GPUVM_FAULT_PBDMA) {
            continue;
        }
        /* an error is never taken for a software method */
        f.bits &= ~NV_PBDMA_INTR_EMPTY_SUBC;
        if (!f.bits) {
            f.bits = NV_PBDMA_INTR_ILLEGAL_MTHD;
        }
        report(b, ev->fault_chid[i], &f);
    }
    gpuvm_pfifo_irq_update(b);
}

static const GpuvmRegRow pbdma_rows[] = {
    { "PFIFO_PBDMA_SOURCE", NV_PFIFO_PBDMA_SOURCE, .flags = GPUVM_REG_RO,
      .read = source_read },
    { "PBDMA_CACHE_ADDR", NV_PBDMA_CACHE_ADDR, NVC0_PBDMAS,
      NV_PBDMA_STRIDE },
    { "PBDMA_CACHE_DATA", NV_PBDMA_CACHE_DATA, NVC0_PBDMAS,
      NV_PBDMA_STRIDE },
    { "PBDMA_INTR", NV_PBDMA_INTR, NVC0_PBDMAS, NV_PBDMA_STRIDE,
      .write = intr_write },
    { "PBDMA_INTR_EN", NV_PBDMA_INTR_EN, NVC0_PBDMAS, NV_PBDMA_STRIDE,
      .write = intr_en_write },
    { "PBDMA_CH", NV_PBDMA_CH, NVC0_PBDMAS, NV_PBDMA_STRIDE,
      .flags = GPUVM_REG_RO },
    { "PBDMA_INTR_HALT_MASK", NV_PBDMA_INTR_HALT_MASK, NVC0_PBDMAS,
      NV_PBDMA_STRIDE },
};

const GpuvmUnit gpuvm_unit_pfifo_pbdma = {
    .name = "pfifo_pbdma",
    .rows = pbdma_rows,
    .nrows = G_N_ELEMENTS(pbdma_rows),
    .events = pbdma_events,
    .pmc_enable = NV_PMC_ENABLE_FIFO,
};
