/*
 * Who runs next: virtual machines that share a GPU take turns.
 *
 * What there is to know is in a GpuvmCore (core.h, plain data), which a back
 * end guards: a mutex in one process, or an arena that several processes map.
 * Here is what a VM's worker calls.  All functions may be called by any
 * thread; the locks of a back end are leaves.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SCHED_SCHED_H
#define GPUVM_SCHED_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/core.h"

struct GpuvmArena;      /* arena/arena.h */

typedef struct GpuvmSched GpuvmSched;
typedef struct GpuvmSchedVm GpuvmSchedVm;

/**
 * GpuvmSchedBackend - where the core is, and how its users wait.
 *
 * A change is begin(), changes to what it returned, commit().  If that says
 * false nothing has changed, since somebody else was faster, and it is all
 * done again.  No other function is called in between.
 *
 * Waiting: ticket() is taken before the core is looked at; wait() returns once
 * @slot was woken since.  It may return at any time for no reason, and must
 * within a bounded time if a wake can be lost with the one who owed it.
 */
typedef struct GpuvmSchedBackend {
    GpuvmCore *(*begin)(void *opaque);
    bool (*commit)(void *opaque);
    /** peek, done - as begin and commit, for one who only reads. */
    const GpuvmCore *(*peek)(void *opaque);
    void (*done)(void *opaque);
    /** now - nanoseconds, one monotonic clock for all who share the core. */
    uint64_t (*now)(void *opaque);
    uint32_t (*ticket)(void *opaque, uint32_t slot);
    /** wait - until woken, or now() is @until_ns (GPUVM_CORE_NEVER: not). */
    void (*wait)(void *opaque, uint32_t slot, uint32_t ticket,
                 uint64_t until_ns);
    /** wake - who waits for @slot, in this process or @owner's. */
    void (*wake)(void *opaque, uint32_t slot, uint32_t owner);
    /** beat - the one with the turn, of this process, goes on.  May be NULL. */
    void (*beat)(void *opaque);
    void (*free)(void *opaque);
    uint32_t owner;         /* of this process's VMs */
} GpuvmSchedBackend;

/** gpuvm_sched_new - in this process alone; @policy by name; NULL and @err if
 *  there is none. */
GpuvmSched *gpuvm_sched_new(const char *policy, char **err);
/**
 * gpuvm_sched_open - as gpuvm_sched_new(), for a GPU whose arena is @arena
 * (gpu.h; NULL: this process alone).  The policy is the arena's if others are
 * there already.
 */
GpuvmSched *gpuvm_sched_open(struct GpuvmArena *arena, const char *policy,
                             char **err);
/** gpuvm_sched_new_on - on a back end, whose core is initialised. */
GpuvmSched *gpuvm_sched_new_on(const GpuvmSchedBackend *be, void *opaque);
/** gpuvm_sched_free - every VM has left. */
void gpuvm_sched_free(GpuvmSched *s);

/** gpuvm_sched_join - a new VM; @weight 0: the default, @cap in percent, 0:
 *  none.  NULL if there are as many as slots. */
GpuvmSchedVm *gpuvm_sched_join(GpuvmSched *s, uint32_t weight, uint32_t cap);
void gpuvm_sched_leave(GpuvmSched *s, GpuvmSchedVm *vm);

/* ---- the turn ---------------------------------------------------------------- */

/**
 * gpuvm_sched_acquire - waits for the turn; false when @cancel became true
 * (written atomically, then gpuvm_sched_wake()).  The turn is held until
 * release; a VM that holds it gets true at once.  Who was cancelled keeps
 * its place in the order of arrival until it has had a turn or withdraws.
 */
bool gpuvm_sched_acquire(GpuvmSched *s, GpuvmSchedVm *vm, const bool *cancel);
/**
 * gpuvm_sched_release - ends the turn, charging @used_ns of GPU time.
 * @again: there is more to run, and an acquire (or withdraw) follows at once.
 */
void gpuvm_sched_release(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t used_ns,
                         bool again);
/** gpuvm_sched_withdraw - who was cancelled no longer wants the turn. */
void gpuvm_sched_withdraw(GpuvmSched *s, GpuvmSchedVm *vm);
/** gpuvm_sched_wake - @vm looks at its @cancel again; any thread. */
void gpuvm_sched_wake(GpuvmSched *s, GpuvmSchedVm *vm);
/**
 * gpuvm_sched_charge - GPU time used without the turn: a channel that was
 * blocked and went on by itself.
 */
void gpuvm_sched_charge(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t ns);
/**
 * gpuvm_sched_penalize - the turn about to be released was cut short after it
 * had kept others waiting for @ns in which the GPU reported no use: counts
 * against the VM's share, so that it is not picked again at once, but in no
 * sum of GPU time.
 */
void gpuvm_sched_penalize(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t ns);

/** GpuvmSchedLook - what the holder of the turn is to know. */
typedef struct GpuvmSchedLook {
    bool held;              /* false: the turn was revoked */
    bool contended;         /* a VM waits, or was cancelled and has not
                               withdrawn: give the GPU no more in this turn */
    uint64_t now_ns;
    uint64_t yield_ns;      /* preempt what runs at this time; core.h */
    uint64_t quantum_ns;    /* the shortest turn that is preempted, 0: none */
} GpuvmSchedLook;

/** gpuvm_sched_look - by the holder; also a sign that it goes on. */
GpuvmSchedLook gpuvm_sched_look(GpuvmSched *s, GpuvmSchedVm *vm);
/** gpuvm_sched_contended - see GpuvmSchedLook. */
bool gpuvm_sched_contended(GpuvmSched *s);

/* ---- settings; all live ---------------------------------------------------------- */

void gpuvm_sched_set_weight(GpuvmSched *s, GpuvmSchedVm *vm, uint32_t weight);
void gpuvm_sched_set_cap(GpuvmSched *s, GpuvmSchedVm *vm, uint32_t cap);
/** gpuvm_sched_set_quantum - a turn is not preempted before; 0: never. */
void gpuvm_sched_set_quantum(GpuvmSched *s, uint64_t ns);
/** gpuvm_sched_set_policy - from the next turn on; false if there is none. */
bool gpuvm_sched_set_policy(GpuvmSched *s, const char *policy);
/** The policy's name, a constant. */
const char *gpuvm_sched_policy(GpuvmSched *s);
/** gpuvm_sched_policies - all names, "a, b, c"; g_free it. */
char *gpuvm_sched_policies(void);
/** False: no such parameter, or out of its range (core.h). */
bool gpuvm_sched_set_param(GpuvmSched *s, uint32_t policy, unsigned i,
                           uint64_t value);
uint64_t gpuvm_sched_get_param(GpuvmSched *s, uint32_t policy, unsigned i);

/* ---- looking ----------------------------------------------------------------------- */

void gpuvm_sched_share(GpuvmSched *s, GpuvmSchedVm *vm, GpuvmCoreShare *share);
/** gpuvm_sched_table - all VMs of the GPU, of other processes too. */
void gpuvm_sched_table(GpuvmSched *s, GpuvmCoreTable *table);
/** gpuvm_sched_slot - which of the table's is this one; constant. */
uint32_t gpuvm_sched_slot(const GpuvmSchedVm *vm);
/** gpuvm_sched_busy_ns - GPU time of all, also of those that left. */
uint64_t gpuvm_sched_busy_ns(GpuvmSched *s);

#endif
