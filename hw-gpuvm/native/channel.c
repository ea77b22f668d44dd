/*
 * Channels of the native node: pushes go straight to gpu.h.
 *
 * A submission's number is the count of pushes handed over; it is complete
 * when the channel next stops as DONE with that many consumed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "native/node.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SUBMIT_TIMEOUT_MS 60000
#define SUBMIT_BATCH      512
#define POLL_SPIN_NS      100000    /* after a submission: no sleep yet */
#define POLL_SLEEP_NS     1000000   /* a look at the fence at least so often */

/*
 * A thread that polls for a fence: Mesa looks at the fence's word eight times,
 * calls sched_yield() and begins again, for as long as the GPU takes.  A GPU
 * that is made of the same cores would lose one of them to that.  So a thread
 * that has submitted work, and that polls for longer than a wake-up takes,
 * sleeps in its sched_yield() until some channel stops, which is after the
 * fence's word was written.  A fence in the midst of what a channel does is
 * seen when the sleep ends by itself.
 */
static _Thread_local uint64_t submitted_ns;     /* by this thread; 0: never */
static _Atomic uint32_t in_flight;  /* channels between submit and STOPPED */
static _Atomic uint32_t stops;      /* STOPPED events; a futex */
static _Atomic uint32_t sleepers;

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

static long futex(_Atomic uint32_t *word, int op, uint32_t value,
                  const struct timespec *timeout)
{
    return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout,
                   NULL, 0);
}

bool native_poll_sleep(void)
{
    const struct timespec limit = { .tv_nsec = POLL_SLEEP_NS };
    uint32_t seen = atomic_load(&stops);

    if (!submitted_ns || !atomic_load(&in_flight) ||
        now_ns() - submitted_ns < POLL_SPIN_NS) {
        return false;
    }
    atomic_fetch_add(&sleepers, 1);
    futex(&stops, FUTEX_WAIT, seen, &limit);
    atomic_fetch_sub(&sleepers, 1);
    return true;
}

static void poll_wake(void)
{
    atomic_fetch_add(&stops, 1);
    if (atomic_load(&sleepers)) {
        futex(&stops, FUTEX_WAKE, INT_MAX, NULL);
    }
}

/* Whether the channel has work; its lock is held. */
static void set_in_flight(NativeChannel *ch, bool on)
{
    if (ch->in_flight != on) {
        ch->in_flight = on;
        if (on) {
            atomic_fetch_add(&in_flight, 1);
        } else {
            atomic_fetch_sub(&in_flight, 1);
        }
    }
}

static void channel_report(NativeChannel *ch, const GpuvmFault *f)
{
    static const char *const kinds[] = {
        "MMU fault", "PBDMA error", "illegal method", "illegal class",
        "data error", "shader trap", "copy engine error",
    };

    fprintf(stderr, "gpuvm-native: channel %u: %s at 0x%llx, reason %u, "
            "class %04x method %04x data %08x; the channel is dead\n", ch->id,
            f->kind < G_N_ELEMENTS(kinds) ? kinds[f->kind] : "fault",
            (unsigned long long)f->va, f->reason, f->cls, f->method, f->data);
}

static void channel_event(void *opaque, const GpuvmGpuEvent *ev)
{
    NativeChannel *ch = opaque;
    NativeNode *n = native_node();
    GpuvmPosition pos = { 0 };
    bool all_done;

    switch (ev->type) {
    case GPUVM_EV_FAULT:
        channel_report(ch, &ev->fault);
        break;
    case GPUVM_EV_STOPPED:
        n->gpu->ops->chan_position(ch->chan, &pos);
        g_mutex_lock(&ch->lock);
        all_done = ev->stop == GPUVM_STOP_DONE &&
                   pos.pushes_done >= ch->submitted;
        if (ev->stop == GPUVM_STOP_DONE) {
            ch->done = pos.pushes_done;
        } else if (ev->stop == GPUVM_STOP_FAULTED ||
                   ev->stop == GPUVM_STOP_ABORTED ||
                   ev->stop == GPUVM_STOP_SW_METHOD) {
            ch->dead = true;
        }
        if (all_done || ch->dead) {
            set_in_flight(ch, false);
        }
        g_cond_broadcast(&ch->cond);
        g_mutex_unlock(&ch->lock);
        poll_wake();
        break;
    default:
        break;
    }
    native_turn_event(n->turn, ch, ev, pos.pushes_done);
}

int native_channel_new(NativeNode *n, NativeClient *c, unsigned *id)
{
    GpuvmGpuChanConfig cfg = { .engines = n->info.engines,
                               .event = channel_event };
    NativeChannel *ch;
    unsigned i;
    int ret;

    for (i = 0; i < NATIVE_MAX_CHANNELS && c->channels[i]; i++) {
    }
    if (i == NATIVE_MAX_CHANNELS) {
        return -ENOSPC;
    }
    ch = g_new0(NativeChannel, 1);
    ch->id = i;
    g_mutex_init(&ch->lock);
    g_cond_init(&ch->cond);
    cfg.opaque = ch;
    ret = n->gpu->ops->chan_create(c->as, &cfg, &ch->chan);
    if (ret < 0) {
        g_mutex_clear(&ch->lock);
        g_cond_clear(&ch->cond);
        g_free(ch);
        return ret;
    }
    c->channels[i] = ch;
    *id = i;
    return 0;
}

int native_channel_free(NativeNode *n, NativeClient *c, unsigned id)
{
    NativeChannel *ch = id < NATIVE_MAX_CHANNELS ? c->channels[id] : NULL;

    if (!ch) {
        return -EINVAL;
    }
    native_channel_wait(ch, ch->submitted, 15000);
    c->channels[id] = NULL;
    native_turn_forget(n->turn, ch);
    n->gpu->ops->chan_destroy(ch->chan);
    set_in_flight(ch, false);
    g_mutex_clear(&ch->lock);
    g_cond_clear(&ch->cond);
    g_free(ch);
    return 0;
}

static uint64_t pushes_done(NativeChannel *ch)
{
    GpuvmPosition pos;

    native_node()->gpu->ops->chan_position(ch->chan, &pos);
    return pos.pushes_done;
}

int native_channel_wait(NativeChannel *ch, uint64_t seq, int timeout_ms)
{
    const gint64 limit = (gint64)timeout_ms * 1000;
    gint64 end = g_get_monotonic_time() + limit;
    uint64_t at = pushes_done(ch);
    int ret = 0;

    g_mutex_lock(&ch->lock);
    while (!ret && ch->done < seq && !ch->dead) {
        if (!g_cond_wait_until(&ch->cond, &ch->lock, end)) {
            uint64_t now = pushes_done(ch);

            ret = !limit || now == at ? -EBUSY : 0;
            end = g_get_monotonic_time() + limit;
            at = now;
        }
    }
    g_mutex_unlock(&ch->lock);
    return ret;
}

/* One submitter a client at a time: the caller holds the client's lock. */
int native_channel_submit(NativeNode *n, NativeChannel *ch,
                          const GpuvmPush *pushes, size_t count,
                          uint64_t *seq)
{
    while (count) {
        size_t batch = MIN(count, SUBMIT_BATCH);
        int ret;

        native_turn_enter(n->turn, ch, batch);
        g_mutex_lock(&ch->lock);
        ret = ch->dead ? -ENODEV : 0;
        if (!ret) {
            ch->submitted += batch;
            set_in_flight(ch, true);
        }
        g_mutex_unlock(&ch->lock);
        submitted_ns = now_ns();
        if (ret) {
            native_turn_forget(n->turn, ch);
            return ret;
        }
        ret = n->gpu->ops->chan_submit(ch->chan, pushes, batch);
        if (ret < 0) {
            g_mutex_lock(&ch->lock);
            ch->submitted -= batch;
            set_in_flight(ch, ret == -EAGAIN);
            g_mutex_unlock(&ch->lock);
            if (ret != -EAGAIN) {
                native_turn_forget(n->turn, ch);
                return -ENODEV;
            }
            native_turn_cancel(n->turn, ch, batch);
            ret = native_channel_wait(ch, ch->submitted, SUBMIT_TIMEOUT_MS);
            if (ret < 0) {
                return ret;
            }
            continue;
        }
        pushes += batch;
        count -= batch;
    }
    *seq = ch->submitted;
    return 0;
}
