/*
 * Policy "fifo": turns in order of arrival.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/sched.h"

static size_t fifo_pick(GpuvmSchedVm *const *waiting, size_t n,
                        uint64_t now_ns)
{
    size_t best = 0, i;

    for (i = 1; i < n; i++) {
        if (waiting[i]->arrival < waiting[best]->arrival) {
            best = i;
        }
    }
    return best;
}

static void fifo_charge(GpuvmSchedVm *vm, uint64_t ns)
{
}

const GpuvmSchedPolicy gpuvm_sched_fifo = {
    .name = "fifo",
    .pick = fifo_pick,
    .charge = fifo_charge,
};
