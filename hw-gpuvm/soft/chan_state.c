/*
 * A channel that stands, saved and loaded.
 *
 * What is saved: pushes that were not consumed, the PBDMA's state, the object
 * of each class that was used, and what the channel waits for.  What is not:
 * the translation cache and the address space, which the VM makes anew from
 * the guest's tables, and words read ahead, which are dropped at every stop.
 *
 * The channel stands, so the executor leaves it alone; the caller is the VM's
 * worker, the only thread that could change that.  No lock is needed but to
 * see and set its state.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/chan_priv.h"

#define CHAN_VERSION 1
#define VA_LIMIT     (UINT64_C(1) << 40)

static void xfer_push(GpuvmPush *p, GpuvmXfer *x)
{
    gpuvm_xfer_u64(x, &p->va);
    p->va &= (VA_LIMIT - 1) & ~(uint64_t)3;
    gpuvm_xfer_u32(x, &p->dwords);
    gpuvm_xfer_u32(x, &p->flags);
}

static void xfer_queue(SoftChan *chan, GpuvmXfer *x)
{
    uint64_t done = atomic_load(&chan->done), get = atomic_load(&chan->get_va);
    uint32_t n = atomic_load(&chan->tail) - done;
    uint32_t ref = atomic_load(&chan->ref);
    uint32_t i;

    gpuvm_xfer_u64(x, &done);
    n = gpuvm_xfer_max(x, "pushes", n, SOFT_QUEUE);
    gpuvm_xfer_u64(x, &get);
    gpuvm_xfer_u32(x, &ref);
    for (i = 0; i < n; i++) {
        xfer_push(&chan->queue[(done + i) % SOFT_QUEUE], x);
    }
    if (x->loading) {
        atomic_store(&chan->done, done);
        atomic_store(&chan->tail, done + n);
        atomic_store(&chan->get_va, get);
        atomic_store(&chan->ref, ref);
    }
}

/* The class with the stream's id; 0 is none. */
static const SoftClass *xfer_class(const SoftClass *cls, GpuvmXfer *x)
{
    uint16_t id = cls && !x->loading ? cls->id : 0;
    unsigned i;

    gpuvm_xfer_u16(x, &id);
    if (x->loading) {
        cls = id ? gpuvm_soft_class_find(id, &i) : NULL;
        if (id && !cls) {
            gpuvm_xfer_fail(x, "class 0x%04x is unknown", id);
        }
    }
    return cls;
}

static void xfer_subchannels(SoftChan *chan, GpuvmXfer *x)
{
    SoftPb *pb = &chan->pb;
    unsigned i;

    for (i = 0; i < NVC0_PB_SUBCHANNELS; i++) {
        pb->cls[i] = xfer_class(pb->cls[i], x);
        pb->engine[i] = gpuvm_xfer_max(x, "engine", pb->engine[i],
                                       GPUVM_ENGINE_SW);
        if (pb->cls[i] && !(pb->cls[i]->engines & chan->cfg.engines &
                            GPUVM_ENGINE_BIT(pb->engine[i]))) {
            gpuvm_xfer_fail(x, "class 0x%04x is bound to engine %u",
                            pb->cls[i]->id, pb->engine[i]);
        }
    }
    pb->last_engine = gpuvm_xfer_max(x, "engine", pb->last_engine,
                                     GPUVM_ENGINE_SW);
}

/* Whether the current push can have been consumed that far. */
static bool offset_ok(const SoftChan *chan)
{
    uint64_t done = atomic_load(&chan->done);

    return done == atomic_load(&chan->tail) ? !chan->pb.off :
           chan->pb.off <= chan->queue[done % SOFT_QUEUE].dwords;
}

static void xfer_pbdma(SoftChan *chan, GpuvmXfer *x)
{
    SoftPb *pb = &chan->pb;

    gpuvm_xfer_u32(x, &pb->off);
    if (!offset_ok(chan)) {
        gpuvm_xfer_fail(x, "a push was consumed beyond its end");
        pb->off = 0;
    }
    GPUVM_XFER_CODE(x, "packet mode", pb->mode, SOFT_PB_ONCE);
    pb->subc = gpuvm_xfer_max(x, "subchannel", pb->subc,
                              NVC0_PB_SUBCHANNELS - 1);
    pb->mthd = gpuvm_xfer_max(x, "method", pb->mthd, NVC0_PB_MTHD_LIMIT - 4);
    pb->mthd &= ~3u;
    pb->left = gpuvm_xfer_max(x, "packet length", pb->left,
                              NVC0_PB_COUNT_MASK);
    xfer_subchannels(chan, x);
    gpuvm_xfer_u64(x, &pb->sem_va);
    pb->sem_va &= (VA_LIMIT - 1) & ~(uint64_t)3;
    gpuvm_xfer_u32(x, &pb->sem_payload);
    gpuvm_xfer_u32(x, &pb->acquire);
    gpuvm_xfer_u32(x, &pb->sw_mthd);
    gpuvm_xfer_u32(x, &pb->sw_data);
}

static void xfer_objects(SoftChan *chan, GpuvmXfer *x)
{
    uint32_t n = 0, i;

    for (i = 0; i < SOFT_CLASSES; i++) {
        n += chan->objects[i] != NULL;
    }
    n = gpuvm_xfer_max(x, "objects", n, SOFT_CLASSES);
    for (i = 0; x->loading && i < n && gpuvm_xfer_ok(x); i++) {
        const SoftClass *cls = xfer_class(NULL, x);

        if (!cls) {
            gpuvm_xfer_fail(x, "an object has no class");
            return;
        }
        cls->xfer(chan, gpuvm_soft_chan_object(chan, cls->id), x);
    }
    for (i = 0; !x->loading && i < SOFT_CLASSES; i++) {
        if (chan->objects[i]) {
            xfer_class(gpuvm_soft_classes[i], x);
            gpuvm_soft_classes[i]->xfer(chan, chan->objects[i], x);
        }
    }
}

/* What a WAITING channel waits for; true if it is there. */
static bool xfer_wait(SoftChan *chan, GpuvmXfer *x)
{
    bool continued = chan->continued, fault = chan->continue_fault;
    const SoftClass *cls;

    gpuvm_xfer_bool(x, &continued);
    gpuvm_xfer_bool(x, &fault);
    if (fault) {
        gpuvm_fault_xfer(&chan->wait_fault, x);
    }
    cls = xfer_class(chan->wait_class, x);
    if (!continued && (!cls || !cls->xfer_wait)) {
        gpuvm_xfer_fail(x, "a channel waits for work that cannot be saved");
    } else if (!continued) {
        cls->xfer_wait(chan, gpuvm_soft_chan_object(chan, cls->id), x);
    }
    if (x->loading) {           /* else the executor may look at them */
        chan->wait_class = cls;
        chan->continued = continued;
        chan->continue_fault = fault;
    }
    return gpuvm_xfer_ok(x);
}

/* Whether the channel may be saved, or loaded into; and its state. */
static bool stands(SoftChan *chan, GpuvmXfer *x, SoftChanState *state)
{
    SoftGpu *gpu = chan->gpu;
    bool ok;

    g_mutex_lock(&gpu->lock);
    while (chan->busy) {        /* the rest of what made it stop */
        gpuvm_soft_exec_wait(gpu);
    }
    *state = chan->state;
    ok = !chan->running && !atomic_load(&chan->aborted) &&
         *state < SOFT_CHAN_FAULTED &&
         (x->loading ? *state == SOFT_CHAN_IDLE : *state == SOFT_CHAN_IDLE ||
          *state == SOFT_CHAN_SW || chan->paused);
    g_mutex_unlock(&gpu->lock);
    return ok;
}

static void set_state(SoftChan *chan, SoftChanState state)
{
    g_mutex_lock(&chan->gpu->lock);
    if (state == SOFT_CHAN_IDLE &&
        atomic_load(&chan->tail) != atomic_load(&chan->done)) {
        state = SOFT_CHAN_READY;
    }
    chan->state = state;
    chan->paused = state != SOFT_CHAN_IDLE;
    atomic_store(&chan->interrupt, chan->paused);
    chan->hold_asked = chan->held = state == SOFT_CHAN_WAITING &&
                                    !chan->continued;
    g_mutex_unlock(&chan->gpu->lock);
}

void gpuvm_soft_chan_xfer(GpuvmGpuChan *chan, GpuvmXfer *x)
{
    SoftChanState state;

    if (!stands(chan, x, &state)) {
        gpuvm_xfer_fail(x, "a channel of the soft GPU runs or has failed");
        return;
    }
    gpuvm_xfer_begin(x, "SOFTCHAN", CHAN_VERSION);
    GPUVM_XFER_CODE(x, "channel state", state, SOFT_CHAN_SW);
    xfer_queue(chan, x);
    xfer_pbdma(chan, x);
    xfer_objects(chan, x);
    if (state == SOFT_CHAN_BLOCKED && !chan->pb.acquire) {
        gpuvm_xfer_fail(x, "a channel is blocked by no acquire");
    }
    /* A stream that fails behind the work leaves it, to be aborted later. */
    if (state == SOFT_CHAN_WAITING && !xfer_wait(chan, x) &&
        !chan->wait_abort) {
        state = SOFT_CHAN_READY;
    }
    if (x->loading) {
        set_state(chan, state);
    }
    gpuvm_xfer_end(x);
}
