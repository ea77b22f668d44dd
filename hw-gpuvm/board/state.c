/*
 * Saving and loading the board.
 *
 * A register is saved by its address if its storage differs from its reset
 * value, so that the stream does not depend on the order of rows; loading sets
 * storage only, no write handler runs.  What units keep besides follows: each
 * struct is named here field by field.  PTIMER is an offset to the guest's
 * clock, which the host saves.
 *
 * The interrupt line is taken as it was: the host's interrupt controller has
 * its own saved state, and a message that was sent is not sent again.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base/xfer.h"
#include "board/board_priv.h"
#include "board/falcon.h"
#include "board/pfifo.h"
#include "board/pgraph.h"
#include "spec/pbus_regs.h"
#include "spec/pfifo_regs.h"

#define BOARD_VERSION   1

void gpuvm_fault_queue_xfer(GpuvmFaultQueue *q, GpuvmXfer *x)
{
    q->n = gpuvm_xfer_max(x, "waiting errors", q->n, GPUVM_VM_CHANNELS);
    for (unsigned i = 0; i < q->n; i++) {
        q->e[i].chid = gpuvm_xfer_max(x, "channel", q->e[i].chid,
                                      GPUVM_VM_CHANNELS - 1);
        gpuvm_xfer_u64(x, &q->e[i].inst);
        gpuvm_fault_xfer(&q->e[i].fault, x);
    }
}

void gpuvm_board_chid_xfer(uint8_t *chid, GpuvmXfer *x)
{
    *chid = gpuvm_xfer_max(x, "channel", *chid, GPUVM_VM_CHANNELS - 1);
}

static void xfer_ptimer(GpuvmBoard *b, GpuvmXfer *x)
{
    GpuvmPtimer *t = &b->ptimer;
    uint64_t offset = atomic_load(&b->host->ptimer_offset);

    gpuvm_xfer_u64(x, &offset);
    atomic_store(&b->host->ptimer_offset, (int64_t)offset);
    gpuvm_xfer_bool(x, &t->high_pending);
    gpuvm_xfer_u32(x, &t->high);
    gpuvm_xfer_bool(x, &t->alarm_armed);
    gpuvm_xfer_u64(x, &t->alarm_ns);
}

/* ---- PFIFO -------------------------------------------------------------------- */

static void xfer_pbdma(GpuvmPbdma *d, GpuvmXfer *x)
{
    gpuvm_xfer_bool(x, &d->shown);
    gpuvm_xfer_bool(x, &d->sw);
    gpuvm_xfer_bool(x, &d->gone);
    gpuvm_board_chid_xfer(&d->chid, x);
    GPUVM_XFER_CODE(x, "engine", d->engine, GPUVM_ENGINE_SW);
}

static void xfer_hung(GpuvmPfifoHung *h, GpuvmXfer *x)
{
    gpuvm_xfer_bool(x, &h->shown);
    gpuvm_board_chid_xfer(&h->chid, x);
    for (unsigned c = 0; c < GPUVM_VM_CHANNELS; c++) {
        gpuvm_xfer_bool(x, &h->waiting[c]);
    }
}

/* Where the doorbell pages are trapped follows the register. */
static void show_userd(GpuvmBoard *b)
{
    uint32_t base = gpuvm_regs_get(b, NV_PFIFO_USERD_BASE);
    uint64_t off = (uint64_t)(base & NV_PFIFO_USERD_BASE_ADDR) << 12;
    bool on = b->pfifo->userd_on && (base & NV_PFIFO_USERD_BASE_ENABLE) &&
              b->cfg.bar1_size >= GPUVM_USERD_SIZE &&
              off <= b->cfg.bar1_size - GPUVM_USERD_SIZE;

    b->pfifo->userd_on = on;
    if (b->cfg.ops && b->cfg.ops->userd_move) {
        b->cfg.ops->userd_move(b->cfg.opaque, on, on ? off : 0);
    }
}

static void xfer_pfifo(GpuvmBoard *b, GpuvmXfer *x)
{
    GpuvmPfifo *p = b->pfifo;

    gpuvm_board_chid_xfer(&p->kick_chid, x);
    gpuvm_xfer_bool(x, &p->kick_valid);
    gpuvm_xfer_bool(x, &p->userd_on);
    for (unsigned n = 0; n < NVC0_PBDMAS; n++) {
        xfer_pbdma(&p->pbdma[n], x);
        gpuvm_fault_queue_xfer(&p->pbdma_queue[n], x);
    }
    gpuvm_fault_queue_xfer(&p->mmu_queue, x);
    for (unsigned c = 0; c < GPUVM_VM_CHANNELS; c++) {
        gpuvm_xfer_bool(x, &p->listed[c]);
    }
    for (unsigned e = 0; e < NV_PFIFO_ENGINES; e++) {
        xfer_hung(&p->hung[e], x);
    }
    gpuvm_xfer_u64(x, &p->hung_due);
    if (x->loading) {
        show_userd(b);
    }
}

/* ---- falcons, PGRAPH --------------------------------------------------------------- */

static void xfer_falcons(GpuvmBoard *b, GpuvmXfer *x)
{
    for (GpuvmFalcon *f = b->falcons; f; f = f->next) {
        uint32_t base = f->base, code = f->imem_words, data = f->dmem_words;

        gpuvm_xfer_u32(x, &base);
        gpuvm_xfer_u32(x, &code);
        gpuvm_xfer_u32(x, &data);
        if (base != f->base || code != f->imem_words ||
            data != f->dmem_words) {
            gpuvm_xfer_fail(x, "a falcon at 0x%06x is not this board's", base);
        }
        gpuvm_xfer_words(x, f->imem, f->imem_words);
        gpuvm_xfer_words(x, f->dmem, f->dmem_words);
    }
}

static void xfer_pgraph(GpuvmBoard *b, GpuvmXfer *x)
{
    GpuvmPgraph *g = b->pgraph;
    uint32_t mps = g->mps;

    gpuvm_xfer_u32(x, &mps);
    if (mps != g->mps) {
        gpuvm_xfer_fail(x, "the saved board shows %u multiprocessors, this "
                        "one %u", mps, g->mps);
    }
    gpuvm_fault_queue_xfer(&g->queue, x);
    gpuvm_xfer_bool(x, &g->shown);
    gpuvm_board_chid_xfer(&g->chid, x);
}

/* ---- the board ------------------------------------------------------------------------ */

void gpuvm_board_xfer(GpuvmBoard *b, GpuvmXfer *x)
{
    gpuvm_xfer_begin(x, "BOARD", BOARD_VERSION);
    gpuvm_regs_xfer(b->regs, x);
    gpuvm_xfer_u32(x, &b->irq_sources);
    gpuvm_xfer_bool(x, &b->irq_line);
    gpuvm_xfer_u64(x, &b->pramin_base);
    if (x->loading && b->pramin_base >> NV_PBUS_PRAMIN_BASE_SHIFT >
        NV_PBUS_PRAMIN_BASE + 1ull) {
        gpuvm_xfer_fail(x, "the PRAMIN window lies nowhere");
        b->pramin_base = 0;
    }
    xfer_ptimer(b, x);
    xfer_pfifo(b, x);
    gpuvm_pcopy_xfer(b, x);
    xfer_pgraph(b, x);
    xfer_falcons(b, x);
    gpuvm_xfer_end(x);
}
