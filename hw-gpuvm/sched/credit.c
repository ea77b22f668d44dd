/*
 * Policy "credit": budgets by weight, replenished each period.
 *
 * As Gdev's and GPUvm's CREDIT, after Xen's: the first VM of the list that
 * waits is next, and who has overdrawn his budget goes to the list's end when
 * his turn is over.  A VM that is first and waits goes on until its budget is
 * spent; one that submits only when its last submission is done loses the GPU
 * in between to whoever waits, however long that one's launches are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/budget.h"

#include <stddef.h>

static const GpuvmCoreParam credit_params[] = {
    [GPUVM_BUDGET_PERIOD] = {
        "period", "ms", 1, 10000, 100,
        "budgets are replenished this often",
    },
    [GPUVM_BUDGET_THRESHOLD] = {
        "threshold", "percent", 10, 10000, 200,
        "a budget beyond this part of the VM's share of a period is halved, "
        "and a debt beyond it forgiven",
    },
    { NULL }
};

static void credit_end(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    gpuvm_budget_tick(c, now_ns);
    if (gpuvm_budget_of(c, slot) < 0) {
        gpuvm_budget_to_tail(c, slot);
    }
}

static GpuvmCoreNext credit_next(GpuvmCore *c, GpuvmSlotSet fit,
                                 uint64_t now_ns)
{
    gpuvm_budget_tick(c, now_ns);
    return (GpuvmCoreNext) { gpuvm_budget_head(c, fit), 0 };
}

const GpuvmPolicy gpuvm_policy_credit = {
    .name = "credit",
    .params = credit_params,
    .join = gpuvm_budget_join,
    .charge = gpuvm_budget_charge,
    .end = credit_end,
    .next = credit_next,
    .owed_at = gpuvm_budget_owed_at,
};
