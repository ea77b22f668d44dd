/*
 * Who runs next: virtual machines that share a GPU take turns.
 *
 * A policy is a small table of functions in a file of its own; the scheduler
 * core keeps the queue, the turn and the sums.  Time comes from the caller, so
 * tests run policies on a virtual clock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SCHED_SCHED_H
#define GPUVM_SCHED_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct GpuvmSched GpuvmSched;
typedef struct GpuvmSchedVm GpuvmSchedVm;

/** GpuvmSchedPolicy - one policy; called with the scheduler's lock held. */
typedef struct GpuvmSchedPolicy {
    const char *name;
    /** pick - which of @n waiting VMs (in order of arrival) runs next. */
    size_t (*pick)(GpuvmSchedVm *const *waiting, size_t n, uint64_t now_ns);
    /** charge - @vm used @ns of GPU time. */
    void (*charge)(GpuvmSchedVm *vm, uint64_t ns);
} GpuvmSchedPolicy;

/** GpuvmSchedVm - a VM as policies see it. */
struct GpuvmSchedVm {
    uint32_t weight;        /* 1..1000 */
    uint64_t arrival;       /* order of the request now waiting */
    uint64_t used_ns;       /* GPU time charged in all */
    uint64_t wait_ns;       /* time spent waiting for the turn in all */
    uint64_t turns;
    uint64_t vtime;         /* used_ns by weight; debts last, credit is bounded */
};

/** Credit that a VM keeps while it does not ask, nanoseconds of vtime. */
#define GPUVM_SCHED_CREDIT_NS  10000000u

/** gpuvm_sched_new - @policy by name; NULL and @err if there is none. */
GpuvmSched *gpuvm_sched_new(const char *policy, char **err);
void gpuvm_sched_free(GpuvmSched *s);
GpuvmSchedVm *gpuvm_sched_join(GpuvmSched *s, uint32_t weight);
void gpuvm_sched_leave(GpuvmSched *s, GpuvmSchedVm *vm);
/**
 * gpuvm_sched_acquire - waits for the turn; false when @cancel became true
 * (written atomically, then gpuvm_sched_wake()).  The turn is held until
 * release; a VM that holds it gets true at once.  Who was cancelled keeps
 * its place in the order of arrival until it has had a turn or withdraws.
 */
bool gpuvm_sched_acquire(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t now_ns,
                         const bool *cancel);
/** gpuvm_sched_release - ends the turn, charging @used_ns of GPU time. */
void gpuvm_sched_release(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t used_ns,
                         uint64_t now_ns);
/** gpuvm_sched_wake - looks at every waiter's @cancel again; any thread. */
void gpuvm_sched_wake(GpuvmSched *s);
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
/** gpuvm_sched_withdraw - who was cancelled no longer wants the turn. */
void gpuvm_sched_withdraw(GpuvmSched *s, GpuvmSchedVm *vm);
/** gpuvm_sched_contended - a VM waits for the turn, or was cancelled and has
 *  not withdrawn; asked by the one that holds it. */
bool gpuvm_sched_contended(GpuvmSched *s);
/** gpuvm_sched_set_policy - from the next turn on; false if there is none. */
bool gpuvm_sched_set_policy(GpuvmSched *s, const char *policy);
uint64_t gpuvm_sched_busy_ns(GpuvmSched *s);

/** The policies there are; sched/NAME.c. */
extern const GpuvmSchedPolicy gpuvm_sched_fifo;
extern const GpuvmSchedPolicy gpuvm_sched_fair;

#endif
