/*
 * Policy "fair": GPU time by weight.
 *
 * Each VM has a virtual time, which grows by its GPU time divided by its
 * weight (in units of the default weight 100).  The waiting VM whose virtual
 * time is least runs next; equals go by arrival.  A VM that used more than its
 * share is ahead, and waits until the others have caught up: debt is never
 * forgiven.  Credit is bounded: the core lifts a VM that was away to
 * GPUVM_SCHED_CREDIT_NS behind the one that ran last, so it cannot come back
 * and keep the GPU for as long as it was gone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/sched.h"

#define UNIT_WEIGHT 100

static bool before(const GpuvmSchedVm *a, const GpuvmSchedVm *b)
{
    return a->vtime != b->vtime ? a->vtime < b->vtime :
           a->arrival < b->arrival;
}

static size_t fair_pick(GpuvmSchedVm *const *waiting, size_t n,
                        uint64_t now_ns)
{
    size_t best = 0, i;

    for (i = 1; i < n; i++) {
        if (before(waiting[i], waiting[best])) {
            best = i;
        }
    }
    return best;
}

static void fair_charge(GpuvmSchedVm *vm, uint64_t ns)
{
    /* at most an hour at once, so that nothing overflows */
    uint64_t most = 3600ull * 1000000000u;

    vm->vtime += (ns < most ? ns : most) * UNIT_WEIGHT / vm->weight;
}

const GpuvmSchedPolicy gpuvm_sched_fair = {
    .name = "fair",
    .pick = fair_pick,
    .charge = fair_charge,
};
