/*
 * Budgets that are replenished each period, which credit and band share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SCHED_BUDGET_H
#define GPUVM_SCHED_BUDGET_H

#include "sched/policy.h"

/** Parameters, the first of either policy: indices. */
enum {
    GPUVM_BUDGET_PERIOD,        /* ms */
    GPUVM_BUDGET_THRESHOLD,     /* percent */
    GPUVM_BUDGET_PARAMS
};

/** gpuvm_budget_join - nothing yet, at the list's end. */
void gpuvm_budget_join(GpuvmCore *c, uint32_t slot, uint64_t now_ns);
/** gpuvm_budget_charge - spends; counts the VM's use in this period. */
void gpuvm_budget_charge(GpuvmCore *c, uint32_t slot, uint64_t ns);
/**
 * gpuvm_budget_tick - replenishes if a period is over.  A budget is kept
 * within plus and minus @limit percent of the VM's part of a period: what is
 * more is halved, what is less is raised to it.
 */
void gpuvm_budget_tick(GpuvmCore *c, uint64_t now_ns);
/** gpuvm_budget_of - what @slot has left, nanoseconds; negative: overdrawn. */
int64_t gpuvm_budget_of(const GpuvmCore *c, uint32_t slot);
/** gpuvm_budget_used - what it used in this period. */
uint64_t gpuvm_budget_used(const GpuvmCore *c, uint32_t slot);
/** gpuvm_budget_busy - what all used in this period. */
uint64_t gpuvm_budget_busy(const GpuvmCore *c);
/** gpuvm_budget_to_tail - @slot is the last of the list. */
void gpuvm_budget_to_tail(GpuvmCore *c, uint32_t slot);
/** gpuvm_budget_head - the first of @set (not empty) in the list. */
uint32_t gpuvm_budget_head(const GpuvmCore *c, GpuvmSlotSet set);
/** gpuvm_budget_owed_at - when @holder has used up its budget. */
uint64_t gpuvm_budget_owed_at(const GpuvmCore *c, uint32_t holder,
                              GpuvmSlotSet fit, uint64_t now_ns);

#endif
