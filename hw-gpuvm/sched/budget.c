/*
 * Budgets, as Gdev's and GPUvm's schedulers have them.
 *
 * Each VM has a budget of GPU time; its turns spend it, and it may become
 * negative, since a turn is not preempted.  When a period is over, the time
 * that passed is divided by weight among all VMs that are there, whether they
 * ask or not.  A VM that is idle would save up: a budget above the threshold
 * is halved.  A VM in debt below minus the threshold is let off the rest.
 *
 * The VMs stand in a list; who spent his budget goes to its end.  (GPUvm:
 * CPFL/gxen tools/a3/a3_credit_scheduler.cc, a3_context_sched.cc; Gdev:
 * common/gdev_vsched_credit.c, which clears a budget beyond the threshold.)
 *
 * A replenishing thread has a timer; here the first look after the end of a
 * period does it, with all the time that passed.  The outcome is the same, for
 * budgets only matter at looks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/budget.h"

#include <string.h>

/* own[] of a slot */
enum { OWN_BUDGET, OWN_PLACE, OWN_USED };
/* own[] of the core */
enum { CORE_REPLENISHED, CORE_PLACES, CORE_BUSY };

static void set_budget(GpuvmCore *c, uint32_t slot, int64_t ns)
{
    c->vm[slot].own[OWN_BUDGET] = (uint64_t)ns;
}

int64_t gpuvm_budget_of(const GpuvmCore *c, uint32_t slot)
{
    int64_t most = GPUVM_CORE_LONGEST * 64;
    int64_t ns = (int64_t)c->vm[slot].own[OWN_BUDGET];

    return ns > most ? most : ns < -most ? -most : ns;
}

uint64_t gpuvm_budget_used(const GpuvmCore *c, uint32_t slot)
{
    return c->vm[slot].own[OWN_USED];
}

uint64_t gpuvm_budget_busy(const GpuvmCore *c)
{
    return c->own[CORE_BUSY];
}

void gpuvm_budget_to_tail(GpuvmCore *c, uint32_t slot)
{
    c->vm[slot].own[OWN_PLACE] = ++c->own[CORE_PLACES];
}

uint32_t gpuvm_budget_head(const GpuvmCore *c, GpuvmSlotSet set)
{
    uint32_t head = GPUVM_CORE_NOBODY;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, set) {
        if (head == GPUVM_CORE_NOBODY ||
            c->vm[i].own[OWN_PLACE] < c->vm[head].own[OWN_PLACE]) {
            head = i;
        }
    }
    return head;
}

void gpuvm_budget_join(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    if (!c->own[CORE_REPLENISHED]) {
        c->own[CORE_REPLENISHED] = now_ns;
    }
    gpuvm_budget_to_tail(c, slot);
}

void gpuvm_budget_charge(GpuvmCore *c, uint32_t slot, uint64_t ns)
{
    set_budget(c, slot, gpuvm_budget_of(c, slot) - (int64_t)ns);
    c->vm[slot].own[OWN_USED] += ns;
    c->own[CORE_BUSY] += ns;
}

static int64_t bounded(int64_t budget, int64_t limit)
{
    return budget > limit ? budget / 2 : budget < -limit ? -limit : budget;
}

void gpuvm_budget_tick(GpuvmCore *c, uint64_t now_ns)
{
    uint64_t period = gpuvm_core_get_param(c, c->policy,
                                           GPUVM_BUDGET_PERIOD) * 1000000;
    uint64_t percent = gpuvm_core_get_param(c, c->policy,
                                            GPUVM_BUDGET_THRESHOLD);
    uint64_t passed = gpuvm_core_since(c->own[CORE_REPLENISHED], now_ns);
    GpuvmSlotSet present = gpuvm_core_present(c);
    uint64_t weights = gpuvm_core_weights(c, present);
    unsigned i;

    if (passed < period) {
        return;
    }
    GPUVM_SLOT_FOREACH(i, present) {
        uint64_t weight = gpuvm_core_weight(c, i);
        int64_t limit = period * weight / weights * percent / 100;
        int64_t part = passed * weight / weights;

        set_budget(c, i, bounded(gpuvm_budget_of(c, i) + part, limit));
        c->vm[i].own[OWN_USED] = 0;
    }
    c->own[CORE_BUSY] = 0;
    c->own[CORE_REPLENISHED] = now_ns;
}

uint64_t gpuvm_budget_owed_at(const GpuvmCore *c, uint32_t holder,
                              GpuvmSlotSet fit, uint64_t now_ns)
{
    int64_t left = gpuvm_budget_of(c, holder);

    return c->turn.start_ns + (left > 0 ? (uint64_t)left : 0);
}
