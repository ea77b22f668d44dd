/*
 * Waiting for another process, and seeing that it no longer goes on.
 *
 * A thread that waits takes a ticket (the slot's counter), looks at what it
 * waits for, and sleeps on the counter; who changes that wakes the slots that
 * it concerns.  A wake-up between the look and the sleep has moved the counter,
 * so it is not lost; one that was never sent, because its sender died, is made
 * up for by looking again after GPUVM_ARENA_LOOK_NS.
 *
 * Who has the turn gives a sign of life now and then (its beat counts up).
 * One who waits remembers the beat, and when by his own clock he first saw it:
 * clocks are never compared between processes.  If it stood for
 * GPUVM_ARENA_LAPSE_NS the process is stopped (SIGSTOP, a frozen cgroup), and
 * the turn may be taken from it; nothing else may, since it still maps its
 * VRAM.  If its slot's lock is free it is dead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arena/arena_priv.h"

uint32_t gpuvm_arena_ticket(GpuvmArena *a)
{
    return atomic_load(&a->seats[a->slot].wake);
}

bool gpuvm_arena_wait(GpuvmArena *a, uint32_t ticket, uint64_t ns)
{
    struct timespec ts = { .tv_sec = ns / 1000000000u,
                           .tv_nsec = ns % 1000000000u };
    ArenaSeat *seat = &a->seats[a->slot];

    if (atomic_load(&seat->wake) == ticket) {
        syscall(SYS_futex, &seat->wake, FUTEX_WAIT, ticket, &ts, NULL, 0);
    }
    return atomic_load(&seat->wake) != ticket;
}

void gpuvm_arena_wake(GpuvmArena *a, unsigned slot)
{
    if (slot < GPUVM_ARENA_SLOTS) {
        atomic_fetch_add(&a->seats[slot].wake, 1);
        syscall(SYS_futex, &a->seats[slot].wake, FUTEX_WAKE, INT_MAX, NULL,
                NULL, 0);
    }
}

void gpuvm_arena_beat(GpuvmArena *a)
{
    atomic_fetch_add_explicit(&a->seats[a->slot].beat, 1,
                              memory_order_relaxed);
}

GpuvmArenaHealth gpuvm_arena_look(GpuvmArena *a, GpuvmArenaWatch *w,
                                  unsigned slot, uint64_t turn,
                                  uint64_t now_ns)
{
    uint32_t beat;

    if (slot == a->slot) {
        return GPUVM_ARENA_GOES_ON;
    }
    if (!gpuvm_arena_alive(a, slot)) {
        return GPUVM_ARENA_DEAD;
    }
    beat = atomic_load_explicit(&a->seats[slot].beat, memory_order_relaxed);
    if (!w->since_ns || w->slot != slot || w->turn != turn ||
        w->beat != beat) {
        *w = (GpuvmArenaWatch) { .slot = slot, .turn = turn, .beat = beat,
                                 .since_ns = now_ns };
        return GPUVM_ARENA_GOES_ON;
    }
    return now_ns - w->since_ns > GPUVM_ARENA_LAPSE_NS ?
           GPUVM_ARENA_STOPPED : GPUVM_ARENA_GOES_ON;
}
