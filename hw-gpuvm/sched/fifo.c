/*
 * Policy "fifo": turns in order of arrival.
 *
 * Where launches can be preempted, a turn longer than the quantum goes to the
 * end of the queue: whoever waits is owed time at once.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/policy.h"

static GpuvmCoreNext fifo_next(GpuvmCore *c, GpuvmSlotSet fit,
                               uint64_t now_ns)
{
    return (GpuvmCoreNext) { gpuvm_core_first(c, fit), 0 };
}

static uint64_t fifo_owed_at(const GpuvmCore *c, uint32_t holder,
                             GpuvmSlotSet fit, uint64_t now_ns)
{
    return now_ns;
}

const GpuvmPolicy gpuvm_policy_fifo = {
    .name = "fifo",
    .next = fifo_next,
    .owed_at = fifo_owed_at,
};
