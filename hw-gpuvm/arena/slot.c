/*
 * Slots: who is in the arena.
 *
 * A slot is held by the process that has the OFD lock on its byte; the kernel
 * drops the lock when the process dies, however it dies, and not before.  Pids
 * are of no use: they are reused, and differ between containers.
 *
 * To claim a slot is to get the lock, and then to say in the table that it is
 * used.  A slot whose table entry is used and whose lock is free was left by
 * one who died.  It is reaped by whoever gets the lock, in steps that can be
 * begun again by the next if this one dies too:
 *
 *  1. the entry becomes "dying", and the client forgets what was the slot's
 *     (the turn among it), in one commit: the others go on from here;
 *  2. its VRAM is punched out, by the one that holds its lock;
 *  3. its slices and the slot are free, in one commit; the lock is dropped.
 *
 * If the reaper is stopped the slot's VRAM stays what it is; it is nobody
 * else's, so nothing is ever zeroed under a new owner.
 *
 * A process that has no client yet (gpuvm_arena_attach) leaves a bit for those
 * that have one; it is looked at before anything else is done to the block.
 *
 * Each process looks once a second at the slots behind its own, up to the
 * first that is alive, so that the dead are found even if nobody waits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "arena/arena_priv.h"

static uint64_t lock_byte(unsigned slot)
{
    return ARENA_PAGE + slot * sizeof(ArenaSeat);
}

static int lock_slot(GpuvmArena *a, unsigned slot)
{
    return gpuvm_arena_file_lock(a->fd, lock_byte(slot), F_WRLCK);
}

static void unlock_slot(GpuvmArena *a, unsigned slot)
{
    gpuvm_arena_file_lock(a->fd, lock_byte(slot), F_UNLCK);
}

bool gpuvm_arena_alive(GpuvmArena *a, unsigned slot)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
                       .l_start = lock_byte(slot), .l_len = 1 };

    if (slot == a->slot) {
        return true;
    }
    /* in doubt it is alive: nothing of a live process may be taken */
    return slot < GPUVM_ARENA_SLOTS &&
           (fcntl(a->fd, F_OFD_GETLK, &l) < 0 || l.l_type != F_UNLCK);
}

static void client_gone(GpuvmArena *a, ArenaState *s, unsigned slot)
{
    if (a->client.gone) {
        a->client.gone(s->client, slot, a->client.opaque);
    } else if (s->client_id) {
        s->gone[slot / 32] |= 1u << slot % 32;
    }
}

/* Steps 1 and 2 of reaping @slot; its lock is held. */
static void bury(GpuvmArena *a, unsigned slot)
{
    bool done;

    do {
        ArenaState *s = gpuvm_arena_tx_begin(a);

        s->slot[slot].use = ARENA_DYING;
        client_gone(a, s, slot);
        done = gpuvm_arena_tx_commit(a, slot);
    } while (!done);
    arena_failpoint("slot-dying");
    gpuvm_arena_slice_punch(a, slot);
    arena_failpoint("slot-punched");
}

static bool is_used(GpuvmArena *a, unsigned slot)
{
    bool used = gpuvm_arena_tx_read(a)->slot[slot].use != ARENA_FREE;

    gpuvm_arena_done(a);
    return used;
}

/* Step 3, or the claim itself. */
static void set_use(GpuvmArena *a, unsigned slot, ArenaUse use)
{
    bool done;

    do {
        ArenaState *s = gpuvm_arena_tx_begin(a);

        gpuvm_arena_slice_drop(s, slot, UINT64_MAX);
        s->slots = MAX(s->slots, slot + 1);
        s->slot[slot].use = use;
        s->slot[slot].gen += use == ARENA_USED;
        while (s->slots && s->slot[s->slots - 1].use == ARENA_FREE) {
            s->slots--;
        }
        done = gpuvm_arena_tx_commit(a, slot);
    } while (!done);
}

int gpuvm_arena_slot_claim(GpuvmArena *a)
{
    unsigned i;
    int ret;

    a->slot = GPUVM_ARENA_SLOTS;
    for (i = 0; i < GPUVM_ARENA_SLOTS; i++) {
        ret = lock_slot(a, i);
        if (ret == -EAGAIN) {
            continue;
        }
        if (!ret) {
            arena_failpoint("slot-locked");
            ret = gpuvm_arena_file_reserve(a->fd, ARENA_STATES +
                                           i * 2 * ARENA_STATE_STRIDE,
                                           2 * ARENA_STATE_STRIDE);
        }
        if (ret) {
            return ret;
        }
        if (is_used(a, i)) {
            bury(a, i);
        }
        set_use(a, i, ARENA_USED);
        arena_failpoint("slot-claimed");
        return i;
    }
    return -EBUSY;
}

void gpuvm_arena_slot_release(GpuvmArena *a)
{
    bury(a, a->slot);
    set_use(a, a->slot, ARENA_FREE);
    unlock_slot(a, a->slot);
}

/* Whether @slot was one of the dead. */
static bool reap_one(GpuvmArena *a, unsigned slot)
{
    bool dead;

    if (lock_slot(a, slot) < 0) {
        return false;
    }
    arena_failpoint("reap-locked");
    dead = is_used(a, slot);
    if (dead) {
        bury(a, slot);
        set_use(a, slot, ARENA_FREE);
        arena_failpoint("reap-done");
    }
    unlock_slot(a, slot);
    return dead;
}

unsigned gpuvm_arena_reap(GpuvmArena *a)
{
    unsigned i, n = 0;

    g_mutex_lock(&a->reap_lock);
    for (i = 0; i < GPUVM_ARENA_SLOTS; i++) {
        if (i != a->slot && is_used(a, i) && !gpuvm_arena_alive(a, i)) {
            n += reap_one(a, i);
        }
    }
    g_mutex_unlock(&a->reap_lock);
    return n;
}

unsigned gpuvm_arena_members(GpuvmArena *a)
{
    const ArenaState *s = gpuvm_arena_tx_read(a);
    unsigned i, n = 0;

    for (i = 0; i < s->slots; i++) {
        n += s->slot[i].use == ARENA_USED;
    }
    gpuvm_arena_done(a);
    return n;
}

/* ---- the thread that looks once a second -------------------------------------- */

/* The dead between this slot and the next that is alive. */
static void reap_behind(GpuvmArena *a)
{
    unsigned i, slot;

    g_mutex_lock(&a->reap_lock);
    for (i = 1; i < GPUVM_ARENA_SLOTS; i++) {
        slot = (a->slot + i) % GPUVM_ARENA_SLOTS;
        if (is_used(a, slot)) {
            if (gpuvm_arena_alive(a, slot)) {
                break;
            }
            reap_one(a, slot);
        }
    }
    g_mutex_unlock(&a->reap_lock);
}

static void *reaper_main(void *opaque)
{
    GpuvmArena *a = opaque;

    g_mutex_lock(&a->quit_lock);
    while (!a->quit) {
        gint64 end = g_get_monotonic_time() + ARENA_REAP_US;

        while (!a->quit && g_cond_wait_until(&a->quit_cond, &a->quit_lock,
                                             end)) {
        }
        if (!a->quit) {
            g_mutex_unlock(&a->quit_lock);
            reap_behind(a);
            g_mutex_lock(&a->quit_lock);
        }
    }
    g_mutex_unlock(&a->quit_lock);
    return NULL;
}

void gpuvm_arena_reaper_start(GpuvmArena *a)
{
    a->quit = false;
    a->reaper = g_thread_new("gpuvm-reaper", reaper_main, a);
}

void gpuvm_arena_reaper_stop(GpuvmArena *a)
{
    g_mutex_lock(&a->quit_lock);
    a->quit = true;
    g_cond_signal(&a->quit_cond);
    g_mutex_unlock(&a->quit_lock);
    g_thread_join(a->reaper);
    a->reaper = NULL;
}
