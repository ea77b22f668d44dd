/*
 * Channels that hold their engine for ever: context-switch time-outs.
 *
 * After an error that the driver cannot repair (a command or an instruction
 * that is not one, a kernel that never ends) the channel's work on the engine
 * is never complete, so PFIFO cannot switch the engine to another channel.
 * Hardware gives up after a while and reports SCHED_ERROR 0x0a, "context
 * switch time-out", with the engine's state word naming the channel; the
 * driver then kills the channel and resets the engine.  It is the one way in
 * which nouveau learns that it has to, in 6.1 as in 6.12
 * (nvkm/engine/fifo/gf100.c, gf100_fifo_intr_sched_ctxsw()).
 *
 * Here the time-out comes HUNG_NS after the driver has acknowledged the error
 * itself, and only if it still wants the channel to run by then.  (Sooner it
 * could come between the driver's doorbell and its noting the fence; that
 * fence would never be signalled.)  Each engine shows one such channel at a
 * time; it stands in the state word until the engine is reset, or the channel
 * is kicked, taken from the playlist or unbound.  The next one is not shown
 * while the driver has the engine frozen, that is, in the midst of recovery.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/pfifo.h"
#include "spec/pfifo_regs.h"

#define HUNG_NS 250000000u

static bool wanted(GpuvmBoard *b, unsigned chid)
{
    return b->pfifo->listed[chid] &&
           (gpuvm_regs_get(b, NV_PFIFO_CHAN_STATE +
                           chid * NV_PFIFO_CHAN_STRIDE) &
            NV_PFIFO_CHAN_STATE_RUNNABLE);
}

static bool frozen(GpuvmBoard *b, unsigned engine)
{
    return gpuvm_regs_get(b, NV_PFIFO_ENG_FREEZE) & 1u << engine;
}

static void show(GpuvmBoard *b, unsigned engine, unsigned chid)
{
    GpuvmPfifoHung *h = &b->pfifo->hung[engine];

    h->shown = true;
    h->chid = chid;
    gpuvm_regs_set(b, NV_PFIFO_ENG_STATE + 4 * engine,
                   NV_PFIFO_ENG_STATE_HUNG | chid);
    gpuvm_regs_set(b, NV_PFIFO_SCHED_ERROR, NV_PFIFO_SCHED_ERROR_CTXSW);
    gpuvm_regs_set(b, NV_PFIFO_INTR, NV_PFIFO_INTR_SCHED |
                   gpuvm_regs_get(b, NV_PFIFO_INTR));
    gpuvm_pfifo_irq_update(b);
}

static bool any_waits(GpuvmBoard *b)
{
    for (unsigned e = 0; e < NV_PFIFO_ENGINES; e++) {
        if (memchr(b->pfifo->hung[e].waiting, true,
                   sizeof(b->pfifo->hung[e].waiting))) {
            return true;
        }
    }
    return false;
}

void gpuvm_pfifo_hung_update(GpuvmBoard *b)
{
    uint64_t now = gpuvm_host_clock_ns(b->host);

    if (now < b->pfifo->hung_due) {
        if (any_waits(b)) {
            gpuvm_vm_alarm(b->vm, b->pfifo->hung_due - now);
        }
        return;
    }
    for (unsigned e = 0; e < NV_PFIFO_ENGINES; e++) {
        GpuvmPfifoHung *h = &b->pfifo->hung[e];

        for (unsigned c = 0; c < GPUVM_VM_CHANNELS; c++) {
            if (h->shown || frozen(b, e)) {
                break;
            }
            if (h->waiting[c]) {
                h->waiting[c] = false;
                if (wanted(b, c)) {
                    show(b, e, c);
                }
            }
        }
    }
}

void gpuvm_pfifo_hung(GpuvmBoard *b, GpuvmEngine engine, unsigned chid)
{
    /* what has no engine of its own is the business of the first PBDMA */
    unsigned e = engine < NV_PFIFO_ENGINES ? engine : NV_PFIFO_ENGINE_PGRAPH;

    b->pfifo->hung[e].waiting[chid] = true;
    b->pfifo->hung_due = gpuvm_host_clock_ns(b->host) + HUNG_NS;
    gpuvm_pfifo_hung_update(b);
}

static void free_engine(GpuvmBoard *b, unsigned e)
{
    b->pfifo->hung[e].shown = false;
    gpuvm_regs_set(b, NV_PFIFO_ENG_STATE + 4 * e, 0);
}

void gpuvm_pfifo_hung_forget(GpuvmBoard *b, unsigned chid)
{
    for (unsigned e = 0; e < NV_PFIFO_ENGINES; e++) {
        GpuvmPfifoHung *h = &b->pfifo->hung[e];

        h->waiting[chid] = false;
        if (h->shown && h->chid == chid) {
            free_engine(b, e);
        }
    }
    gpuvm_pfifo_hung_update(b);
}

void gpuvm_pfifo_hung_engine_reset(GpuvmBoard *b, GpuvmEngine engine)
{
    if (b->pfifo->hung[engine].shown) {
        free_engine(b, engine);
        gpuvm_pfifo_hung_update(b);
    }
}

void gpuvm_pfifo_hung_clear(GpuvmBoard *b)
{
    memset(b->pfifo->hung, 0, sizeof(b->pfifo->hung));
    memset(b->pfifo->listed, 0, sizeof(b->pfifo->listed));
    b->pfifo->hung_due = 0;
}
