/*
 * Channels of the software GPU: the operations of gpu.h, and what engine
 * classes may use of their channel.
 *
 * Operations only change the channel's flags under SoftGpu.lock and wake the
 * executor (exec.c), which alone moves a channel from state to state and
 * emits its events; so events of a channel are in order and never concurrent.
 * preempt() and destroy() then wait until the executor has done its part.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <inttypes.h>

#include "soft/chan_priv.h"
#include "spec/fault.h"

#define SOFT_ENGINES (GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR) | \
                      GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE0) | \
                      GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE1) | \
                      GPUVM_ENGINE_BIT(GPUVM_ENGINE_SW))

int gpuvm_soft_chan_create(GpuvmGpuAs *as, const GpuvmGpuChanConfig *cfg,
                           GpuvmGpuChan **out)
{
    SoftGpu *gpu = as ? gpuvm_soft_as_gpu(as) : NULL;
    SoftChan *chan;
    unsigned i;

    if (!gpu || !cfg->event || (cfg->engines & ~SOFT_ENGINES)) {
        return -EINVAL;
    }
    chan = g_new0(SoftChan, 1);
    chan->gpu = gpu;
    chan->as = as;
    chan->cfg = *cfg;
    for (i = 0; i < NVC0_PB_SUBCHANNELS; i++) {
        chan->pb.engine[i] = GPUVM_ENGINE_SW;
    }
    gpuvm_soft_tlb_init(&chan->tlb, as);

    g_mutex_lock(&gpu->lock);
    if (gpu->chans->len >= SOFT_MAX_CHANNELS) {
        g_mutex_unlock(&gpu->lock);
        g_free(chan);
        return -ENOSPC;
    }
    g_ptr_array_add(gpu->chans, chan);
    g_mutex_unlock(&gpu->lock);
    *out = chan;
    return 0;
}

int gpuvm_soft_chan_submit(GpuvmGpuChan *chan, const GpuvmPush *pushes,
                           size_t n)
{
    SoftGpu *gpu = chan->gpu;
    int ret = 0;
    uint64_t tail;
    size_t i;

    g_mutex_lock(&gpu->lock);
    tail = atomic_load(&chan->tail);
    if (atomic_load(&chan->aborted) || chan->state == SOFT_CHAN_FAULTED) {
        ret = -EIO;
    } else if (n > SOFT_QUEUE - (tail - atomic_load(&chan->done))) {
        ret = -EAGAIN;
    } else if (n) {
        for (i = 0; i < n; i++) {
            GpuvmPush *p = &chan->queue[(tail + i) % SOFT_QUEUE];

            *p = pushes[i];
            p->va &= ~(uint64_t)3;
        }
        atomic_store(&chan->tail, tail + n);
        if (chan->state == SOFT_CHAN_IDLE) {
            chan->state = SOFT_CHAN_READY;
        }
        g_cond_signal(&gpu->wake);
    }
    g_mutex_unlock(&gpu->lock);
    return ret;
}

void gpuvm_soft_chan_position(GpuvmGpuChan *chan, GpuvmPosition *pos)
{
    pos->pushes_done = atomic_load(&chan->done);
    pos->pushes_given = atomic_load(&chan->tail);
    pos->get_va = atomic_load(&chan->get_va);
    pos->ref = atomic_load(&chan->ref);
}

void gpuvm_soft_chan_preempt(GpuvmGpuChan *chan)
{
    SoftGpu *gpu = chan->gpu;

    g_mutex_lock(&gpu->lock);
    chan->paused = true;
    atomic_store(&chan->interrupt, true);
    g_cond_signal(&gpu->wake);
    while (chan->running || chan->busy) {
        gpuvm_soft_exec_wait(gpu);
    }
    g_mutex_unlock(&gpu->lock);
}

void gpuvm_soft_chan_resume(GpuvmGpuChan *chan)
{
    SoftGpu *gpu = chan->gpu;

    g_mutex_lock(&gpu->lock);
    chan->paused = false;
    if (!atomic_load(&chan->aborted)) {
        atomic_store(&chan->interrupt, false);
    }
    if (chan->state == SOFT_CHAN_SW) {
        chan->state = SOFT_CHAN_READY;
    }
    g_cond_signal(&gpu->wake);
    g_mutex_unlock(&gpu->lock);
}

void gpuvm_soft_chan_abort(GpuvmGpuChan *chan)
{
    SoftGpu *gpu = chan->gpu;

    g_mutex_lock(&gpu->lock);
    atomic_store(&chan->aborted, true);
    atomic_store(&chan->interrupt, true);
    g_cond_signal(&gpu->wake);
    g_mutex_unlock(&gpu->lock);
}

void gpuvm_soft_chan_destroy(GpuvmGpuChan *chan)
{
    SoftGpu *gpu = chan->gpu;
    unsigned i;

    g_mutex_lock(&gpu->lock);
    chan->destroying = true;
    atomic_store(&chan->aborted, true);
    atomic_store(&chan->interrupt, true);
    g_cond_signal(&gpu->wake);
    while (!chan->gone) {
        gpuvm_soft_exec_wait(gpu);
    }
    g_mutex_unlock(&gpu->lock);

    for (i = 0; i < SOFT_CLASSES; i++) {
        if (chan->objects[i]) {
            gpuvm_soft_classes[i]->destroy(chan, chan->objects[i]);
        }
    }
    g_free(chan);
}

void gpuvm_soft_chan_emit(SoftChan *chan, GpuvmGpuEvent *ev)
{
    ev->ns = gpuvm_soft_clock_ns();
    chan->cfg.event(chan->cfg.opaque, ev);
}

void gpuvm_soft_chan_emit_inside(SoftChan *chan, GpuvmGpuEvent *ev)
{
    gpuvm_soft_section_leave(chan->gpu);
    gpuvm_soft_chan_emit(chan, ev);
    gpuvm_soft_section_enter(chan->gpu);
    gpuvm_soft_tlb_sync(&chan->tlb);
}

SoftTlb *gpuvm_soft_chan_tlb(SoftChan *chan)
{
    return &chan->tlb;
}

GpuvmHost *gpuvm_soft_chan_host(SoftChan *chan)
{
    return gpuvm_soft_as_host(chan->as);
}

SoftAs *gpuvm_soft_chan_as(SoftChan *chan)
{
    return chan->as;
}

SoftGpu *gpuvm_soft_chan_gpu(SoftChan *chan)
{
    return chan->gpu;
}

void *gpuvm_soft_chan_object(SoftChan *chan, uint16_t id)
{
    unsigned i;
    const SoftClass *cls = gpuvm_soft_class_find(id, &i);

    if (!cls) {
        return NULL;
    }
    if (!chan->objects[i]) {
        chan->objects[i] = cls->create(chan);
    }
    return chan->objects[i];
}

unsigned gpuvm_soft_chan_subc(SoftChan *chan)
{
    return chan->pb.subc;
}

bool gpuvm_soft_chan_aborted(SoftChan *chan)
{
    if (chan->gpu->stepped && chan->gpu->step_polls) {
        chan->gpu->step_polls--;
    } else if (chan->gpu->stepped) {
        atomic_store(&chan->aborted, true);
    }
    return atomic_load_explicit(&chan->aborted, memory_order_relaxed);
}

void gpuvm_soft_chan_complete(SoftChan *chan)
{
    gpuvm_soft_as_complete(chan->as);
    gpuvm_soft_tlb_sync(&chan->tlb);
}

void gpuvm_soft_chan_continue(SoftChan *chan, const GpuvmFault *fault)
{
    SoftGpu *gpu = chan->gpu;

    g_mutex_lock(&gpu->lock);
    chan->continued = true;
    chan->continue_fault = fault != NULL;
    if (fault) {
        chan->wait_fault = *fault;
    }
    chan->wait_abort = NULL;
    chan->wait_hold = NULL;
    g_cond_signal(&gpu->wake);
    g_mutex_unlock(&gpu->lock);
}

void gpuvm_soft_chan_set_wait(SoftChan *chan, void (*abort)(void *arg),
                              void (*hold)(void *arg, bool on), void *arg)
{
    SoftGpu *gpu = chan->gpu;

    g_mutex_lock(&gpu->lock);
    if (!chan->continued) {
        chan->wait_abort = abort;
        chan->wait_hold = hold;
        chan->wait_arg = arg;
        chan->hold_asked = chan->held = false;
    }
    g_mutex_unlock(&gpu->lock);
}

void gpuvm_soft_chan_held(SoftChan *chan)
{
    SoftGpu *gpu = chan->gpu;

    g_mutex_lock(&gpu->lock);
    chan->held = chan->hold_asked;
    g_cond_signal(&gpu->wake);
    g_mutex_unlock(&gpu->lock);
}

SoftStatus gpuvm_soft_chan_fault(SoftChan *chan, const GpuvmFault *f)
{
    chan->fault = *f;
    chan->faulted = true;
    return SOFT_FAULT;
}

SoftStatus gpuvm_soft_chan_fault_mem(SoftChan *chan, GpuvmEngine engine,
                                     const SoftMemFault *f)
{
    GpuvmFault fault = {
        .kind = GPUVM_FAULT_MMU,
        .engine = engine,
        .va = f->va,
        .reason = f->reason,
        .write = f->write,
        .hub = true,
    };

    switch (engine) {
    case GPUVM_ENGINE_CE0:
        fault.unit = NVC0_FAULT_UNIT_PCE0;
        fault.client = NVC0_FAULT_HUB_PCOPY0;
        break;
    case GPUVM_ENGINE_CE1:
        fault.unit = NVC0_FAULT_UNIT_PCE1;
        fault.client = NVC0_FAULT_HUB_PCOPY1;
        break;
    default:
        fault.unit = NVC0_FAULT_UNIT_PGRAPH;
        fault.client = NVC0_FAULT_HUB_DISPATCH;
        break;
    }
    return gpuvm_soft_chan_fault(chan, &fault);
}

void gpuvm_soft_method_unknown(SoftChan *chan, uint16_t cls, uint32_t mthd,
                               uint32_t data)
{
    GpuvmHost *host = gpuvm_soft_chan_host(chan);
    SoftGpu *gpu = chan->gpu;
    bool first;

    gpuvm_count(&host->counters, GPUVM_CNT_UNKNOWN_METHODS);
    gpuvm_host_trace(host, GPUVM_TRACE_METHOD_UNKNOWN, cls, mthd, data, 0);
    g_mutex_lock(&gpu->unknown_lock);
    first = g_hash_table_add(gpu->unknown,
                             GUINT_TO_POINTER((guint)cls << 16 |
                                              (mthd & 0xffff)));
    g_mutex_unlock(&gpu->unknown_lock);
    if (first) {
        gpuvm_log(host, GPUVM_LOG_INFO, "soft GPU: class 0x%04x method 0x%04"
                  PRIx32 " = 0x%08" PRIx32 " is not modelled", cls, mthd,
                  data);
    }
}
