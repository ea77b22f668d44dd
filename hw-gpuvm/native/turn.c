/*
 * Turns of native processes that share a GPU (GPUVM_SHARE names the arena).
 *
 * A submission waits for the process's turn.  One thread, the keeper, takes
 * the turn when somebody wants to submit, lets submissions through, and gives
 * it back when no channel has work on the GPU any more.  While it has the turn
 * it looks at the scheduler now and then: when another is owed the GPU, it
 * lets nobody through, preempts what runs, gives the turn back, takes it again
 * and resumes.
 *
 * A channel has work from just before chan_submit() until it stops with all it
 * was given consumed, blocked or failed.  What it was given is counted before
 * chan_submit(), and both counts are compared under one lock: the channel may
 * stop, done with what came before, while a submission is on its way.
 *
 * While others wait, a turn is one batch, as that of a VM (vgpu/worker.c): who
 * wants to submit more waits for the next turn, which begins when all is done.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "native/node.h"

#include <stdio.h>
#include <string.h>

#include "sched/sched.h"

#define LOOK_NS     2000000u
#define MAX_KEPT    64

struct NativeTurn {
    NativeNode *node;
    GpuvmSched *sched;
    GpuvmSchedVm *vm;
    GMutex lock;            /* what follows; after NativeChannel.lock */
    GCond work;             /* the keeper has something to look at */
    GCond go;               /* held became true */
    bool held;
    bool used;              /* something was submitted in this turn */
    bool draining;          /* others wait: nothing more in this turn */
    bool yielding;          /* the keeper calls chan_preempt() or _resume() */
    unsigned entering;      /* threads that wait in native_turn_enter() */
    unsigned running;       /* channels between STARTED and STOPPED */
    uint64_t busy_start, busy_ns;
    NativeChannel *kept[MAX_KEPT];  /* channels that have work */
};

static unsigned count_kept(NativeTurn *t)
{
    unsigned i, n = 0;

    for (i = 0; i < MAX_KEPT; i++) {
        n += t->kept[i] != NULL;
    }
    return n;
}

static void keep(NativeTurn *t, NativeChannel *ch, bool on)
{
    unsigned i, place = MAX_KEPT;

    for (i = 0; i < MAX_KEPT; i++) {
        if (t->kept[i] == ch) {
            t->kept[i] = on ? ch : NULL;
            return;
        }
        if (!t->kept[i] && place == MAX_KEPT) {
            place = i;
        }
    }
    if (on && place < MAX_KEPT) {
        t->kept[place] = ch;
    }
}

static bool may_enter(NativeTurn *t)
{
    if (t->held && !t->draining && t->used && gpuvm_sched_contended(t->sched)) {
        t->draining = true;
        g_cond_signal(&t->work);
    }
    return t->held && !t->draining;
}

void native_turn_enter(NativeTurn *t, NativeChannel *ch, size_t pushes)
{
    if (!t) {
        return;
    }
    g_mutex_lock(&t->lock);
    t->entering++;
    g_cond_signal(&t->work);
    while (!may_enter(t)) {
        g_cond_wait(&t->go, &t->lock);
    }
    t->entering--;
    t->used = true;
    ch->given += pushes;
    keep(t, ch, true);
    g_mutex_unlock(&t->lock);
}

void native_turn_cancel(NativeTurn *t, NativeChannel *ch, size_t pushes)
{
    if (!t) {
        return;
    }
    g_mutex_lock(&t->lock);
    ch->given -= pushes;
    if (ch->finished >= ch->given) {
        keep(t, ch, false);
        g_cond_signal(&t->work);
    }
    g_mutex_unlock(&t->lock);
}

void native_turn_forget(NativeTurn *t, NativeChannel *ch)
{
    if (t) {
        g_mutex_lock(&t->lock);
        while (t->yielding) {
            g_cond_wait(&t->go, &t->lock);
        }
        keep(t, ch, false);
        g_cond_signal(&t->work);
        g_mutex_unlock(&t->lock);
    }
}

void native_turn_event(NativeTurn *t, NativeChannel *ch,
                       const GpuvmGpuEvent *ev, uint64_t done)
{
    if (!t) {
        return;
    }
    g_mutex_lock(&t->lock);
    if (ev->type == GPUVM_EV_STARTED) {
        if (!t->running++) {
            t->busy_start = ev->ns;
        }
    } else if (ev->type == GPUVM_EV_STOPPED) {
        if (t->running && !--t->running && ev->ns > t->busy_start) {
            t->busy_ns += ev->ns - t->busy_start;
        }
        if (ev->stop == GPUVM_STOP_DONE) {
            ch->finished = done;
        }
        if (ev->stop != GPUVM_STOP_PREEMPTED &&
            (ev->stop != GPUVM_STOP_DONE || done >= ch->given)) {
            keep(t, ch, false);
            g_cond_signal(&t->work);
        }
    }
    g_mutex_unlock(&t->lock);
}

/* ---- the keeper; all with the lock held, dropped meanwhile ------------------- */

static uint64_t take_busy(NativeTurn *t)
{
    uint64_t ns = t->busy_ns + gpuvm_host_take_owed(&t->node->host);

    t->busy_ns = 0;
    return ns;
}

static void take_turn(NativeTurn *t)
{
    g_mutex_unlock(&t->lock);
    gpuvm_sched_acquire(t->sched, t->vm, NULL);
    g_mutex_lock(&t->lock);
    t->held = true;
    t->used = t->draining = false;
    g_cond_broadcast(&t->go);
}

static void give_turn(NativeTurn *t, bool again)
{
    uint64_t used = take_busy(t);

    t->held = false;
    g_mutex_unlock(&t->lock);
    gpuvm_sched_release(t->sched, t->vm, used, again);
    g_mutex_lock(&t->lock);
}

/* Lets another have the GPU, and goes on in the next turn. */
static void yield_turn(NativeTurn *t)
{
    const GpuvmGpuOps *ops = t->node->gpu->ops;
    NativeChannel *list[MAX_KEPT];
    unsigned i;

    t->held = false;
    t->yielding = true;
    memcpy(list, t->kept, sizeof(list));
    for (i = 0; i < MAX_KEPT; i++) {
        if (list[i]) {
            g_mutex_unlock(&t->lock);
            ops->chan_preempt(list[i]->chan);
            g_mutex_lock(&t->lock);
        }
    }
    give_turn(t, true);
    g_mutex_unlock(&t->lock);
    gpuvm_sched_acquire(t->sched, t->vm, NULL);
    for (i = 0; i < MAX_KEPT; i++) {
        if (list[i]) {
            ops->chan_resume(list[i]->chan);
        }
    }
    g_mutex_lock(&t->lock);
    t->held = t->used = true;
    t->draining = t->yielding = false;
    g_cond_broadcast(&t->go);
}

static gpointer keeper_main(gpointer arg)
{
    NativeTurn *t = arg;

    g_mutex_lock(&t->lock);
    for (;;) {
        while (!t->entering) {
            g_cond_wait(&t->work, &t->lock);
        }
        take_turn(t);
        while (count_kept(t) || (t->entering && !t->draining)) {
            GpuvmSchedLook look = gpuvm_sched_look(t->sched, t->vm);

            if (!look.held || look.now_ns >= look.yield_ns) {
                yield_turn(t);
                continue;
            }
            g_cond_wait_until(&t->work, &t->lock, g_get_monotonic_time() +
                              MIN(LOOK_NS, look.yield_ns - look.now_ns) /
                              1000 + 1);
        }
        give_turn(t, t->entering > 0);
    }
    return NULL;
}

NativeTurn *native_turn_new(NativeNode *n, uint32_t weight, char **err)
{
    struct GpuvmArena *arena = n->gpu->ops->arena(n->gpu);
    NativeTurn *t = g_new0(NativeTurn, 1);

    t->node = n;
    g_mutex_init(&t->lock);
    g_cond_init(&t->work);
    g_cond_init(&t->go);
    t->sched = gpuvm_sched_open(arena, "fair", err);
    t->vm = t->sched ? gpuvm_sched_join(t->sched, weight, 0) : NULL;
    if (!t->vm) {
        if (t->sched) {
            *err = g_strdup("as many VMs share the GPU as can");
        }
        return NULL;        /* the process has no GPU; what was made stays */
    }
    g_thread_new("gpuvm-turn", keeper_main, t);
    return t;
}

void native_turn_stats(NativeTurn *t)
{
    GpuvmCoreShare s = { 0 };

    if (t) {
        gpuvm_sched_share(t->sched, t->vm, &s);
        fprintf(stderr, "gpuvm-native: weight=%u\ngpuvm-native: gpu_ms=%.1f\n"
                "gpuvm-native: wait_ms=%.1f\ngpuvm-native: turns=%llu\n",
                s.weight, s.used_ns / 1e6, s.wait_ns / 1e6,
                (unsigned long long)s.turns);
    }
}
