/*
 * What a policy is made of, for core.c and the policies' own files.
 *
 * A policy is a table of functions over the plain data of core.h.  It keeps
 * what it needs in own[] of the slots and of the core, and chooses among the
 * VMs that core.c found fit to run: those that wait and that no cap holds
 * back, as a set with one bit a slot.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SCHED_POLICY_H
#define GPUVM_SCHED_POLICY_H

#include "sched/core.h"

/** Slots as bits. */
typedef uint64_t GpuvmSlotSet;
static_assert(GPUVM_CORE_SLOTS <= 64, "a bit for each slot");
#define GPUVM_SLOT_BIT(slot)  (1ull << (slot))

/** Loops over the slots of @set; @i is an unsigned variable. */
#define GPUVM_SLOT_FOREACH(i, set) \
    for (GpuvmSlotSet i##_left = (set); \
         i##_left && ((i) = __builtin_ctzll(i##_left), true); \
         i##_left &= i##_left - 1)

/** GpuvmPolicy - every function is called with the core's lock held. */
typedef struct GpuvmPolicy {
    const char *name;
    const GpuvmCoreParam *params;   /* at most GPUVM_CORE_PARAMS; .name NULL
                                       ends them; NULL: none */
    /** join - @slot is new, or the policy is; own[] is zero.  May be NULL. */
    void (*join)(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
    /** arrive - @slot begins to wait.  May be NULL. */
    void (*arrive)(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
    /** begin - @slot has the turn; it still counts as waiting.  May be NULL. */
    void (*begin)(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
    /** charge - @ns of GPU time count against @slot.  May be NULL. */
    void (*charge)(GpuvmCore *c, uint32_t slot, uint64_t ns);
    /** end - the turn of @slot is over.  May be NULL. */
    void (*end)(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
    /** next - who of @fit (never empty) runs, see gpuvm_core_next(). */
    GpuvmCoreNext (*next)(GpuvmCore *c, GpuvmSlotSet fit, uint64_t now_ns);
    /**
     * owed_at - when, at the earliest, one of @fit (never empty) has more
     * right to the GPU than @holder if that goes on.
     */
    uint64_t (*owed_at)(const GpuvmCore *c, uint32_t holder, GpuvmSlotSet fit,
                        uint64_t now_ns);
} GpuvmPolicy;

extern const GpuvmPolicy gpuvm_policy_fair;
extern const GpuvmPolicy gpuvm_policy_credit;
extern const GpuvmPolicy gpuvm_policy_band;
extern const GpuvmPolicy gpuvm_policy_fifo;

/* ---- helpers, core.c ------------------------------------------------------------ */

/** gpuvm_core_present - slots whose state is idle, waiting or holding. */
GpuvmSlotSet gpuvm_core_present(const GpuvmCore *c);
/** gpuvm_core_weight - of @slot, clamped to its range. */
uint32_t gpuvm_core_weight(const GpuvmCore *c, uint32_t slot);
/** gpuvm_core_weights - of all of @set together; at least 1. */
uint64_t gpuvm_core_weights(const GpuvmCore *c, GpuvmSlotSet set);
/** gpuvm_core_capped_until - until then a cap holds @slot back; 0: not. */
uint64_t gpuvm_core_capped_until(const GpuvmCore *c, uint32_t slot,
                                 uint64_t now_ns);
/** gpuvm_core_first - of @set (not empty), the first in order of arrival. */
uint32_t gpuvm_core_first(const GpuvmCore *c, GpuvmSlotSet set);

/** gpuvm_core_pause - nobody runs until @at_ns or the next arrival. */
GpuvmCoreNext gpuvm_core_pause(GpuvmCore *c, uint32_t slot, uint64_t at_ns,
                               uint64_t now_ns);

/** What a duration is at most: nothing below overflows. */
#define GPUVM_CORE_LONGEST  (3600ull * 1000000000u)

static inline uint64_t gpuvm_core_since(uint64_t then, uint64_t now)
{
    uint64_t ns = now > then ? now - then : 0;

    return ns < GPUVM_CORE_LONGEST ? ns : GPUVM_CORE_LONGEST;
}

#endif
