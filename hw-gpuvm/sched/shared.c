/*
 * The back end for VMs of several processes: the core is the client's block of
 * an arena.
 *
 * A change is a copy, changed and put in place at once (arena/tx.c), so no
 * process can die or be stopped in the middle of one, and the core is never in
 * need of repair.  A process that is gone takes its VMs with it, and the turn.
 *
 * Who waits wakes up every GPUVM_ARENA_LOOK_NS, gives a sign of life, and
 * looks at the one that all wait for: the holder of the turn or, if the turn
 * is free, the VM that the core names as next.
 *
 *  - Its process is dead: it is reaped, here and now.
 *  - Its process is stopped: the holder loses the turn, which counts against
 *    its share; a VM that does not take the turn no longer waits for it.
 *    Nothing else is taken.  When it goes on, the holder is told that the turn
 *    was revoked (gpuvm_sched_look) and the other one asks again.
 *
 * A wake-up that was never sent, because its sender died, is made up for by
 * the same looks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/shared.h"

#include <glib.h>
#include <time.h>

typedef struct Shared {
    GpuvmSchedBackend be;
    GpuvmArena *arena;
    GpuvmCorePolicyId policy;
    GpuvmArenaWatch watch[GPUVM_CORE_SLOTS];    /* the waiting thread's */
} Shared;

static uint64_t shared_now(void *opaque)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* ---- the block ---------------------------------------------------------------- */

static void block_init(void *block, void *opaque)
{
    Shared *s = opaque;

    gpuvm_core_init(block, s->policy, shared_now(s));
}

static void block_gone(void *block, unsigned slot, void *opaque)
{
    GpuvmCore *c = block;

    gpuvm_core_leave_all(c, slot, c->now_ns);
}

/* Slots behind the last that is present are zeroes. */
static size_t block_used(const void *block)
{
    const GpuvmCore *c = block;
    unsigned n = GPUVM_CORE_SLOTS;

    while (n && c->vm[n - 1].state == GPUVM_CORE_ABSENT) {
        n--;
    }
    return offsetof(GpuvmCore, vm) + n * sizeof(c->vm[0]);
}

static GpuvmCore *shared_begin(void *opaque)
{
    return gpuvm_arena_begin(((Shared *)opaque)->arena);
}

static bool shared_commit(void *opaque)
{
    return gpuvm_arena_commit(((Shared *)opaque)->arena);
}

static const GpuvmCore *shared_peek(void *opaque)
{
    return gpuvm_arena_peek(((Shared *)opaque)->arena);
}

static void shared_done(void *opaque)
{
    gpuvm_arena_done(((Shared *)opaque)->arena);
}

/* ---- waiting ------------------------------------------------------------------ */

/** What all wait for. */
typedef struct Awaited {
    uint32_t slot;          /* GPUVM_CORE_NOBODY: nothing to look at */
    uint32_t owner;
    uint64_t generation;    /* the turn's */
    bool holds;             /* it has the turn; else it is next */
} Awaited;

static Awaited whom(GpuvmCore *c, uint64_t now)
{
    Awaited w = { .slot = c->turn.slot, .generation = c->turn.generation,
                  .holds = true };

    if (w.slot == GPUVM_CORE_NOBODY) {
        GpuvmCoreNext next = gpuvm_core_next(c, now);

        w.holds = false;
        w.slot = next.at_ns ? GPUVM_CORE_NOBODY : next.slot;
    }
    if (w.slot < GPUVM_CORE_SLOTS) {
        w.owner = c->vm[w.slot].owner;
    } else {
        w.slot = GPUVM_CORE_NOBODY;
    }
    return w;
}

static bool same(const Awaited *a, const Awaited *b)
{
    return a->slot == b->slot && a->owner == b->owner &&
           a->generation == b->generation && a->holds == b->holds;
}

/* Its process is stopped: takes the turn, or its place, from it. */
static void pass_over(Shared *s, const Awaited *w, uint64_t now)
{
    bool done;

    do {
        GpuvmCore *c = gpuvm_arena_begin(s->arena);
        Awaited is = whom(c, now);

        if (!same(&is, w)) {
            gpuvm_arena_cancel(s->arena);
            return;
        }
        if (w->holds) {
            gpuvm_core_revoke(c, now);
        } else {
            gpuvm_core_withdraw(c, w->slot, now);
        }
        done = gpuvm_arena_commit(s->arena);
    } while (!done);
}

static void look_around(Shared *s, uint32_t slot)
{
    uint64_t now = shared_now(s);
    Awaited w = whom(gpuvm_arena_begin(s->arena), now);

    gpuvm_arena_cancel(s->arena);
    if (w.slot == GPUVM_CORE_NOBODY) {
        return;
    }
    switch (gpuvm_arena_look(s->arena, &s->watch[slot], w.owner,
                             w.generation * 2 + w.holds, now)) {
    case GPUVM_ARENA_DEAD:
        gpuvm_arena_reap(s->arena);
        break;
    case GPUVM_ARENA_STOPPED:
        pass_over(s, &w, now);
        break;
    case GPUVM_ARENA_GOES_ON:
        break;
    }
}

static uint32_t shared_ticket(void *opaque, uint32_t slot)
{
    return gpuvm_arena_ticket(((Shared *)opaque)->arena);
}

static void shared_wait(void *opaque, uint32_t slot, uint32_t ticket,
                        uint64_t until_ns)
{
    Shared *s = opaque;
    uint64_t now = shared_now(s);
    uint64_t ns = until_ns > now ? until_ns - now : 0;

    gpuvm_arena_beat(s->arena);
    if (!gpuvm_arena_wait(s->arena, ticket, MIN(ns, GPUVM_ARENA_LOOK_NS)) &&
        ns >= GPUVM_ARENA_LOOK_NS) {
        look_around(s, slot);
    }
    gpuvm_arena_beat(s->arena);
}

static void shared_wake(void *opaque, uint32_t slot, uint32_t owner)
{
    gpuvm_arena_wake(((Shared *)opaque)->arena, owner);
}

static void shared_beat(void *opaque)
{
    gpuvm_arena_beat(((Shared *)opaque)->arena);
}

static void shared_free(void *opaque)
{
    g_free(opaque);
}

GpuvmSched *gpuvm_sched_shared(GpuvmArena *a, GpuvmCorePolicyId policy,
                               char **err)
{
    Shared *s = g_new0(Shared, 1);
    GpuvmArenaClient client = {
        .name = "scheduler", .id = GPUVM_CORE_VERSION,
        .size = sizeof(GpuvmCore), .init = block_init, .gone = block_gone,
        .used = block_used, .opaque = s,
    };

    s->be = (GpuvmSchedBackend) {
        .begin = shared_begin, .commit = shared_commit, .peek = shared_peek,
        .done = shared_done, .now = shared_now, .ticket = shared_ticket,
        .wait = shared_wait, .wake = shared_wake, .beat = shared_beat,
        .free = shared_free, .owner = gpuvm_arena_slot(a),
    };
    s->arena = a;
    s->policy = policy;
    if (gpuvm_arena_attach(a, &client, err)) {
        g_free(s);
        return NULL;
    }
    return gpuvm_sched_new_on(&s->be, s);
}
