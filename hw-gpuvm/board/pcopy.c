/*
 * PCOPY0 and PCOPY1: two falcons whose microcode nouveau uploads.
 *
 * The copies themselves are done by the GPU below; here the driver finds a
 * falcon that takes its microcode, starts, and reports errors the way that
 * microcode does: code and method in SCRATCH0, data in SCRATCH1, interrupt
 * USER1, with CHANNEL_CUR naming the channel.  Errors are shown one at a time;
 * the next one follows the acknowledgement (reference/nvc0-nouveau.md 6.1).
 *
 * Starting the microcode routes all interrupts but FIFO and channel switch to
 * the host and enables them, which the real one does in its first
 * instructions.  The PMC source bits (5, 6) and enable bits (6, 7) differ.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/falcon.h"
#include "board/fault_queue.h"
#include "board/pfifo.h"
#include "spec/nvc0_shape.h"
#include "spec/pmc_regs.h"

#define PCOPYS 2

typedef struct GpuvmPcopy {
    GpuvmFalcon falcon[PCOPYS];
    GpuvmFaultQueue queue[PCOPYS];
    bool shown[PCOPYS];
    uint8_t chid[PCOPYS];       /* whose error is shown */
} GpuvmPcopy;

static const GpuvmEngine pcopy_engine[PCOPYS] = {
    GPUVM_ENGINE_CE0, GPUVM_ENGINE_CE1,
};
static const unsigned pcopy_source[PCOPYS] = {
    NV_PMC_INTR_CE0, NV_PMC_INTR_CE1,
};
static const uint32_t pcopy_base[PCOPYS] = { NV_PCOPY0, NV_PCOPY1 };

static void pcopy_start(GpuvmBoard *b, GpuvmFalcon *f)
{
    gpuvm_regs_set(b, f->base + NV_FALCON_INTR_ROUTING, NV_PCOPY_ROUTING);
    gpuvm_regs_set(b, f->base + NV_FALCON_INTR_EN,
                   NV_FALCON_INTR_USER1 | NV_FALCON_INTR_EXIT);
}

static unsigned index_of(GpuvmBoard *b, const GpuvmFalcon *f)
{
    return f == &b->pcopy->falcon[1];
}

static void pcopy_irq(GpuvmBoard *b, GpuvmFalcon *f, bool level)
{
    gpuvm_board_irq_source(b, pcopy_source[index_of(b, f)], level);
}

static void show_next(GpuvmBoard *b, unsigned n)
{
    GpuvmFalcon *f = &b->pcopy->falcon[n];
    GpuvmFaultQueue *q = &b->pcopy->queue[n];
    uint32_t intr = gpuvm_regs_get(b, f->base + NV_FALCON_INTR);
    GpuvmFaultEntry e;

    if (!q->n || (intr & NV_FALCON_INTR_USER1)) {
        return;
    }
    e = gpuvm_fault_queue_take(q, 0);
    b->pcopy->shown[n] = true;
    b->pcopy->chid[n] = e.chid;
    gpuvm_regs_set(b, f->base + NV_FALCON_SCRATCH0,
                   (e.fault.reason & 0xffffu) |
                   (e.fault.method >> 2 & 0x7ffu) <<
                   NV_PCOPY_ERROR_MTHD_SHIFT |
                   (e.fault.subc & 7u) << NV_PCOPY_ERROR_SUBC_SHIFT);
    gpuvm_regs_set(b, f->base + NV_FALCON_SCRATCH1, e.fault.data);
    gpuvm_regs_set(b, f->base + NV_FALCON_CHANNEL_CUR,
                   (gpuvm_fault_inst(&e) & NV_FALCON_CHANNEL_INST) |
                   NV_FALCON_CHANNEL_VALID);
    gpuvm_falcon_raise(b, f, NV_FALCON_INTR_USER1);
}

static void pcopy_acked(GpuvmBoard *b, GpuvmFalcon *f, uint32_t bits)
{
    unsigned n = index_of(b, f);

    if (!(bits & NV_FALCON_INTR_USER1)) {
        return;
    }
    if (b->pcopy->shown[n]) {
        b->pcopy->shown[n] = false;
        gpuvm_pfifo_hung(b, pcopy_engine[n], b->pcopy->chid[n]);
    }
    show_next(b, n);
}

void gpuvm_pcopy_forget(GpuvmBoard *b, unsigned chid)
{
    for (unsigned n = 0; n < PCOPYS; n++) {
        gpuvm_fault_queue_drop(&b->pcopy->queue[n], chid);
        if (b->pcopy->chid[n] == chid) {
            b->pcopy->shown[n] = false;
        }
    }
}

static void pcopy_init(GpuvmBoard *b, unsigned n)
{
    GpuvmFalcon *f;

    if (!b->pcopy) {
        b->pcopy = g_new0(GpuvmPcopy, 1);
    }
    f = &b->pcopy->falcon[n];
    f->start = pcopy_start;
    f->irq = pcopy_irq;
    f->acked = pcopy_acked;
    gpuvm_falcon_init(b, f, pcopy_base[n], NVC0_FALCON_HWCFG_CE);
}

static void pcopy_reset(GpuvmBoard *b, unsigned n)
{
    gpuvm_falcon_reset(&b->pcopy->falcon[n]);
    b->pcopy->queue[n].n = 0;
    b->pcopy->shown[n] = false;
    gpuvm_board_irq_source(b, pcopy_source[n], false);
}

static void pcopy_events(GpuvmBoard *b, const GpuvmVmEvents *ev, unsigned n)
{
    for (unsigned i = 0; i < ev->nfaults; i++) {
        const GpuvmFault *f = &ev->fault[i];
        uint8_t chid = ev->fault_chid[i];

        if (f->kind == GPUVM_FAULT_CE && f->engine == pcopy_engine[n]) {
            gpuvm_fault_queue_push(&b->pcopy->queue[n], chid,
                                   gpuvm_chan_inst(b->vm, chid), f);
            show_next(b, n);
        }
    }
}

void gpuvm_pcopy_xfer(GpuvmBoard *b, GpuvmXfer *x)
{
    for (unsigned n = 0; n < PCOPYS; n++) {
        gpuvm_fault_queue_xfer(&b->pcopy->queue[n], x);
        gpuvm_xfer_bool(x, &b->pcopy->shown[n]);
        gpuvm_board_chid_xfer(&b->pcopy->chid[n], x);
    }
}

static void pcopy0_init(GpuvmBoard *b)
{
    pcopy_init(b, 0);
}

static void pcopy1_init(GpuvmBoard *b)
{
    pcopy_init(b, 1);
}

/* Units exit in reverse order: the state struct goes with the first. */
static void pcopy0_exit(GpuvmBoard *b)
{
    gpuvm_falcon_exit(b, &b->pcopy->falcon[0]);
    g_clear_pointer(&b->pcopy, g_free);
}

static void pcopy1_exit(GpuvmBoard *b)
{
    gpuvm_falcon_exit(b, &b->pcopy->falcon[1]);
}

static void pcopy0_reset(GpuvmBoard *b)
{
    pcopy_reset(b, 0);
}

static void pcopy1_reset(GpuvmBoard *b)
{
    pcopy_reset(b, 1);
}

static void pcopy0_engine_reset(GpuvmBoard *b)
{
    gpuvm_chan_engine_reset(b->vm, GPUVM_ENGINE_CE0);
    pcopy_reset(b, 0);
    gpuvm_pfifo_hung_engine_reset(b, GPUVM_ENGINE_CE0);
}

static void pcopy1_engine_reset(GpuvmBoard *b)
{
    gpuvm_chan_engine_reset(b->vm, GPUVM_ENGINE_CE1);
    pcopy_reset(b, 1);
    gpuvm_pfifo_hung_engine_reset(b, GPUVM_ENGINE_CE1);
}

static void pcopy0_events(GpuvmBoard *b, const GpuvmVmEvents *ev)
{
    pcopy_events(b, ev, 0);
}

static void pcopy1_events(GpuvmBoard *b, const GpuvmVmEvents *ev)
{
    pcopy_events(b, ev, 1);
}

#define PCOPY_ROWS(n, base)                                                 \
    GPUVM_FALCON_ROWS(n, base, NVC0_FALCON_HWCFG_CE, NVC0_FALCON_HWCFG1),   \
    { n "_FBIF", (base) + NV_FALCON_FBIF, NV_FALCON_FBIF_WORDS }

static const GpuvmRegRow pcopy0_rows[] = { PCOPY_ROWS("PCOPY0", NV_PCOPY0) };
static const GpuvmRegRow pcopy1_rows[] = { PCOPY_ROWS("PCOPY1", NV_PCOPY1) };

const GpuvmUnit gpuvm_unit_pcopy0 = {
    .name = "pcopy0",
    .rows = pcopy0_rows,
    .nrows = G_N_ELEMENTS(pcopy0_rows),
    .init = pcopy0_init,
    .exit = pcopy0_exit,
    .reset = pcopy0_reset,
    .engine_reset = pcopy0_engine_reset,
    .events = pcopy0_events,
    .pmc_enable = NV_PMC_ENABLE_CE0,
};

const GpuvmUnit gpuvm_unit_pcopy1 = {
    .name = "pcopy1",
    .rows = pcopy1_rows,
    .nrows = G_N_ELEMENTS(pcopy1_rows),
    .init = pcopy1_init,
    .exit = pcopy1_exit,
    .reset = pcopy1_reset,
    .engine_reset = pcopy1_engine_reset,
    .events = pcopy1_events,
    .pmc_enable = NV_PMC_ENABLE_CE1,
};
