/*
 * The executor: one thread that runs all channels of a software GPU.
 *
 * Channels take turns, a quantum of methods each.  A channel that cannot go
 * on is set aside, so it never holds up another:
 *
 *   IDLE     no pushes; submit() makes it READY
 *   BLOCKED  a failed acquire; looked at again after any release that the
 *            executor performed and every SOFT_RETRY_NS (a CPU may write the
 *            location too)
 *   WAITING  a class started long work and gpuvm_soft_chan_continue() ends it;
 *            preempt() has the work held, resume() lets it go on
 *   SW       a software method; resume() skips it
 *   FAULTED, ABORTED  only destroy() is left
 *
 * Requests (preempt, abort, destroy) are flags; `interrupt` makes a quantum
 * end at the next method.  STARTED and STOPPED alternate, but for one STOPPED
 * (ABORTED) that follows an abort() even when the channel was stopped.  Before
 * any STOPPED the host has been told what was written.
 *
 * SoftGpu.lock is dropped while a channel runs or an event is delivered;
 * `busy` marks the channel meanwhile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <inttypes.h>
#include <time.h>

#include "soft/chan_priv.h"

/* Nobody can abort what a stepped GPU does, so a step ends by itself: after
 * about 4 MiB copied, or 64 Ki instructions of a macro. */
#define STEP_POLLS      64

uint64_t gpuvm_soft_clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

static bool is_over(const SoftChan *chan)
{
    return chan->state == SOFT_CHAN_FAULTED ||
           chan->state == SOFT_CHAN_ABORTED;
}

/* In a wait that has not ended. */
static bool in_wait(const SoftChan *chan)
{
    return chan->state == SOFT_CHAN_WAITING && !chan->continued;
}

/* Whether there is something to say to the work that @chan waits for. */
static bool wait_wants(const SoftChan *chan)
{
    if (atomic_load(&chan->aborted)) {
        return chan->wait_abort != NULL;
    }
    if (!chan->wait_hold) {
        return false;
    }
    if (!chan->paused) {
        return chan->held;
    }
    return !chan->hold_asked || (chan->held && chan->running);
}

/* Whether the executor has something to do for @chan; lock held. */
static bool wants(const SoftGpu *gpu, const SoftChan *chan, uint64_t now)
{
    if (is_over(chan)) {
        return chan->destroying;
    }
    if (in_wait(chan)) {
        return wait_wants(chan);
    }
    if (atomic_load(&chan->aborted)) {
        return true;
    }
    if (chan->paused) {
        return chan->running;
    }
    switch (chan->state) {
    case SOFT_CHAN_READY:
    case SOFT_CHAN_WAITING:
        return true;
    case SOFT_CHAN_BLOCKED:
        return chan->releases_seen != gpu->releases || now >= chan->retry_ns;
    default:
        return false;
    }
}

/* The next channel to serve; else NULL and when to look again (0: never). */
static SoftChan *pick(SoftGpu *gpu, uint64_t *look_again)
{
    uint64_t now = gpuvm_soft_clock_ns();
    guint i;

    *look_again = 0;
    for (i = 0; i < gpu->chans->len; i++) {
        guint at = (gpu->cursor + i) % gpu->chans->len;
        SoftChan *chan = g_ptr_array_index(gpu->chans, at);

        if (wants(gpu, chan, now)) {
            gpu->cursor = at + 1;
            return chan;
        }
        if (chan->state == SOFT_CHAN_BLOCKED && !chan->paused &&
            (!*look_again || chan->retry_ns < *look_again)) {
            *look_again = chan->retry_ns;
        }
    }
    return NULL;
}

/* Delivers STOPPED with the lock dropped, then notes it. */
static void tell_stopped(SoftChan *chan, GpuvmStop stop)
{
    GpuvmGpuEvent ev = { .type = GPUVM_EV_STOPPED, .stop = stop };

    g_mutex_unlock(&chan->gpu->lock);
    gpuvm_soft_chan_emit(chan, &ev);
    g_mutex_lock(&chan->gpu->lock);
    chan->running = false;
}

static void tell_fault(SoftChan *chan)
{
    GpuvmGpuEvent ev = { .type = GPUVM_EV_FAULT, .fault = chan->fault };
    GpuvmFault *f = &chan->fault;

    g_mutex_unlock(&chan->gpu->lock);
    gpuvm_guest_error(gpuvm_soft_chan_host(chan),
                      "soft GPU: fault kind %d engine %d va 0x%" PRIx64
                      " reason %" PRIu32 " %s, bits 0x%" PRIx32 " subc %d "
                      "class 0x%04x method 0x%04" PRIx32 " data 0x%08" PRIx32,
                      f->kind, f->engine, f->va, f->reason,
                      f->write ? "write" : "read", f->bits, f->subc, f->cls,
                      f->method, f->data);
    gpuvm_soft_chan_emit(chan, &ev);
    g_mutex_lock(&chan->gpu->lock);
}

static void tell_sw_method(SoftChan *chan)
{
    GpuvmGpuEvent ev = {
        .type = GPUVM_EV_SW_METHOD,
        .sw.subc = chan->pb.subc,
        .sw.method = chan->pb.sw_mthd,
        .sw.data = chan->pb.sw_data,
    };

    g_mutex_unlock(&chan->gpu->lock);
    gpuvm_soft_chan_emit(chan, &ev);
    g_mutex_lock(&chan->gpu->lock);
}

static void tell_started(SoftChan *chan)
{
    GpuvmGpuEvent ev = { .type = GPUVM_EV_STARTED };

    if (!chan->running) {
        chan->running = true;
        g_mutex_unlock(&chan->gpu->lock);
        gpuvm_soft_chan_emit(chan, &ev);
        g_mutex_lock(&chan->gpu->lock);
    }
}

/* The first thing after a wait; inside a section, lock not held. */
static SoftPbResult end_wait(SoftChan *chan, bool fault)
{
    const SoftClass *cls = chan->wait_class;
    SoftStatus st = SOFT_OK;

    if (fault) {
        chan->fault = chan->wait_fault;
        chan->faulted = true;
        return SOFT_PB_FAULT;
    }
    if (cls && cls->resume) {
        st = cls->resume(chan, gpuvm_soft_chan_object(chan, cls->id));
    }
    return st == SOFT_OK ? SOFT_PB_MORE :
           st == SOFT_WAIT ? SOFT_PB_WAIT : SOFT_PB_FAULT;
}

/* Runs @chan for a quantum; lock held, dropped meanwhile. */
static SoftPbResult run(SoftChan *chan)
{
    SoftGpu *gpu = chan->gpu;
    bool waited = chan->state == SOFT_CHAN_WAITING;
    bool wait_fault = chan->continue_fault;
    SoftPbResult res = SOFT_PB_MORE;

    chan->releases_seen = gpu->releases;
    if (waited) {
        chan->continued = false;
        chan->continue_fault = false;
        chan->hold_asked = chan->held = false;
        chan->state = SOFT_CHAN_READY;
    }
    g_mutex_unlock(&gpu->lock);
    gpuvm_soft_section_enter(gpu);
    gpuvm_soft_tlb_sync(&chan->tlb);
    if (chan->pb.acquire) {
        res = gpuvm_soft_pb_retry(chan);
        if (res == SOFT_PB_MORE) {
            gpuvm_soft_section_leave(gpu);
            g_mutex_lock(&gpu->lock);
            tell_started(chan);
            g_mutex_unlock(&gpu->lock);
            gpuvm_soft_section_enter(gpu);
            gpuvm_soft_tlb_sync(&chan->tlb);
        }
    } else if (waited) {
        res = end_wait(chan, wait_fault);
    }
    if (res == SOFT_PB_MORE) {
        res = gpuvm_soft_pb_run(chan, SOFT_QUANTUM);
    }
    if (res != SOFT_PB_MORE) {
        gpuvm_soft_as_complete(chan->as);
    }
    gpuvm_soft_section_leave(gpu);
    g_mutex_lock(&gpu->lock);
    return res;
}

/* Drops what is queued; lock held. */
static void drop_work(SoftChan *chan)
{
    atomic_store(&chan->tail, atomic_load(&chan->done));
}

static void after_run(SoftChan *chan, SoftPbResult res)
{
    switch (res) {
    case SOFT_PB_MORE:
        chan->state = SOFT_CHAN_READY;
        break;
    case SOFT_PB_EMPTY:
        chan->state = SOFT_CHAN_READY;
        if (atomic_load(&chan->tail) == atomic_load(&chan->done)) {
            chan->state = SOFT_CHAN_IDLE;
            tell_stopped(chan, GPUVM_STOP_DONE);
        }
        break;
    case SOFT_PB_WAIT:
        chan->state = SOFT_CHAN_WAITING;
        break;
    case SOFT_PB_BLOCKED:
        chan->state = SOFT_CHAN_BLOCKED;
        chan->retry_ns = gpuvm_soft_clock_ns() + SOFT_RETRY_NS;
        if (chan->running) {
            tell_stopped(chan, GPUVM_STOP_BLOCKED);
        }
        break;
    case SOFT_PB_SW:
        chan->state = SOFT_CHAN_SW;
        tell_sw_method(chan);
        tell_stopped(chan, GPUVM_STOP_SW_METHOD);
        break;
    case SOFT_PB_FAULT:
        chan->state = SOFT_CHAN_FAULTED;
        drop_work(chan);
        tell_fault(chan);
        tell_stopped(chan, GPUVM_STOP_FAULTED);
        break;
    }
}

static void do_abort(SoftChan *chan)
{
    SoftGpu *gpu = chan->gpu;

    if (in_wait(chan)) {
        void (*fn)(void *) = chan->wait_abort;
        void *arg = chan->wait_arg;

        chan->wait_abort = NULL;
        g_mutex_unlock(&gpu->lock);
        fn(arg);
        g_mutex_lock(&gpu->lock);
        return;
    }
    chan->state = SOFT_CHAN_ABORTED;
    drop_work(chan);
    g_mutex_unlock(&gpu->lock);
    gpuvm_soft_as_complete(chan->as);
    g_mutex_lock(&gpu->lock);
    if (chan->running || !chan->destroying) {
        tell_stopped(chan, GPUVM_STOP_ABORTED);
    }
}

/* Tells STOPPED of a channel that preempt() stopped; lock held. */
static void stop_paused(SoftChan *chan)
{
    SoftGpu *gpu = chan->gpu;

    g_mutex_unlock(&gpu->lock);
    gpuvm_soft_as_complete(chan->as);
    g_mutex_lock(&gpu->lock);
    tell_stopped(chan, GPUVM_STOP_PREEMPTED);
}

/* Has the work that @chan waits for held, or lets it go on; lock held. */
static void serve_wait(SoftChan *chan)
{
    SoftGpu *gpu = chan->gpu;
    void (*fn)(void *, bool) = chan->wait_hold;
    void *arg = chan->wait_arg;
    bool on = chan->paused;

    if (on && chan->held) {
        stop_paused(chan);
        return;
    }
    chan->hold_asked = on;
    if (!on) {
        chan->held = false;
        tell_started(chan);
    }
    g_mutex_unlock(&gpu->lock);
    fn(arg, on);
    g_mutex_lock(&gpu->lock);
}

/* Does one thing for @chan; lock held, dropped meanwhile. */
static void serve(SoftChan *chan)
{
    SoftGpu *gpu = chan->gpu;

    chan->busy = true;
    if (is_over(chan)) {
        g_ptr_array_remove(gpu->chans, chan);
        chan->gone = true;
    } else if (atomic_load(&chan->aborted)) {
        do_abort(chan);
    } else if (in_wait(chan)) {
        serve_wait(chan);
    } else if (chan->paused) {
        stop_paused(chan);
    } else {
        if (chan->state != SOFT_CHAN_BLOCKED) {
            tell_started(chan);
        }
        after_run(chan, run(chan));
    }
    chan->busy = false;
    g_cond_broadcast(&gpu->changed);
}

/* Does one thing; false: nothing to do before @look_again.  Lock held. */
static bool step(SoftGpu *gpu, uint64_t *look_again)
{
    SoftChan *chan = pick(gpu, look_again);

    if (chan) {
        serve(chan);
    }
    return chan != NULL;
}

static void *executor(void *opaque)
{
    SoftGpu *gpu = opaque;

    g_mutex_lock(&gpu->lock);
    while (!gpu->quit) {
        uint64_t look_again;

        if (step(gpu, &look_again)) {
            continue;
        }
        if (look_again) {
            g_cond_wait_until(&gpu->wake, &gpu->lock, look_again / 1000 + 1);
        } else {
            g_cond_wait(&gpu->wake, &gpu->lock);
        }
    }
    g_mutex_unlock(&gpu->lock);
    return NULL;
}

bool gpuvm_soft_exec_step(SoftGpu *gpu)
{
    uint64_t look_again;
    bool did;

    g_mutex_lock(&gpu->lock);
    gpu->step_polls = STEP_POLLS;
    did = step(gpu, &look_again);
    g_mutex_unlock(&gpu->lock);
    return did;
}

void gpuvm_soft_exec_wait(SoftGpu *gpu)
{
    if (!gpu->stepped) {
        g_cond_wait(&gpu->changed, &gpu->lock);
    } else {
        g_mutex_unlock(&gpu->lock);
        gpu->gpu.ops->step(&gpu->gpu);
        g_mutex_lock(&gpu->lock);
    }
}

int gpuvm_soft_exec_start(SoftGpu *gpu, bool stepped)
{
    g_mutex_init(&gpu->lock);
    g_cond_init(&gpu->wake);
    g_cond_init(&gpu->changed);
    gpu->chans = g_ptr_array_new();
    gpu->stepped = stepped;
    if (!stepped) {
        gpu->executor = g_thread_new("gpuvm-exec", executor, gpu);
    }
    return 0;
}

void gpuvm_soft_exec_stop(SoftGpu *gpu)
{
    g_mutex_lock(&gpu->lock);
    gpu->quit = true;
    g_cond_signal(&gpu->wake);
    g_mutex_unlock(&gpu->lock);
    if (!gpu->stepped) {
        g_thread_join(gpu->executor);
    }
    g_ptr_array_free(gpu->chans, TRUE);
    g_mutex_clear(&gpu->lock);
    g_cond_clear(&gpu->wake);
    g_cond_clear(&gpu->changed);
}
