/*
 * Policy "band": bandwidth-aware non-preemptive device scheduling.
 *
 * As Gdev's and GPUvm's BAND: credit with two changes for a device that cannot
 * preempt.
 *
 * 1. Priority also follows use.  A VM is *over* when its budget is overdrawn,
 *    else *at its band* when it used more than its share of the GPU time of
 *    this period, else *under*.  Those under come first, then those at their
 *    band, then those over, each class in the order of the list; a VM goes to
 *    the list's end only if it has overdrawn its budget and used more than its
 *    share.
 * 2. Before the turn goes from a VM under its share to another that is not,
 *    the GPU waits for the former's next submission: up to `wait` after the
 *    end of its turn, once a turn.  (GPUvm spins for it with the scheduler's
 *    lock held; here everybody sleeps until then.)
 *
 * Sources: Gdev common/gdev_vsched_band.c; GPUvm CPFL/gxen
 * tools/a3/a3_band_scheduler.cc.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/budget.h"

#include <stddef.h>

enum { BAND_WAIT = GPUVM_BUDGET_PARAMS };

/* own[] of the core behind budget.c's */
enum { CORE_LAST = 6 };         /* who ran last, plus 1 */

static const GpuvmCoreParam band_params[] = {
    [GPUVM_BUDGET_PERIOD] = {
        "period", "ms", 1, 10000, 100,
        "budgets are replenished this often",
    },
    [GPUVM_BUDGET_THRESHOLD] = {
        "threshold", "percent", 10, 10000, 400,
        "a budget beyond this part of the VM's share of a period is halved, "
        "and a debt beyond it forgiven",
    },
    [BAND_WAIT] = {
        "wait", "us", 0, 10000, 500,
        "the GPU waits so long for the next submission of a VM that is under "
        "its share",
    },
    { NULL }
};

/* Used more than its share of what all used in this period. */
static bool over_share(const GpuvmCore *c, uint32_t slot)
{
    uint64_t weights = gpuvm_core_weights(c, gpuvm_core_present(c));
    uint64_t busy = gpuvm_budget_busy(c);
    uint64_t share = gpuvm_core_since(0, busy) * gpuvm_core_weight(c, slot) /
                     weights;

    return !busy || gpuvm_budget_used(c, slot) > share;
}

static uint32_t classed_head(const GpuvmCore *c, GpuvmSlotSet fit)
{
    GpuvmSlotSet under = 0, band = 0;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, fit) {
        if (gpuvm_budget_of(c, i) < 0) {
            continue;
        }
        if (over_share(c, i)) {
            band |= GPUVM_SLOT_BIT(i);
        } else {
            under |= GPUVM_SLOT_BIT(i);
        }
    }
    return gpuvm_budget_head(c, under ? under : band ? band : fit);
}

static void band_end(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    gpuvm_budget_tick(c, now_ns);
    if (gpuvm_budget_of(c, slot) < 0 && over_share(c, slot)) {
        gpuvm_budget_to_tail(c, slot);
    }
    c->own[CORE_LAST] = slot + 1;
}

/* The VM whose turn just ended, if it is worth waiting for. */
static uint64_t wait_until(const GpuvmCore *c, uint32_t next)
{
    uint64_t last = c->own[CORE_LAST] - 1;
    uint64_t wait = gpuvm_core_get_param(c, GPUVM_CORE_BAND, BAND_WAIT);

    if (last >= GPUVM_CORE_SLOTS || last == next ||
        c->vm[last].state != GPUVM_CORE_IDLE || !over_share(c, next) ||
        over_share(c, last) ||
        gpuvm_budget_used(c, next) <= gpuvm_budget_used(c, last)) {
        return 0;
    }
    return c->vm[last].end_ns + wait * 1000;
}

static GpuvmCoreNext band_next(GpuvmCore *c, GpuvmSlotSet fit,
                               uint64_t now_ns)
{
    uint32_t next;
    uint64_t until;

    gpuvm_budget_tick(c, now_ns);
    next = classed_head(c, fit);
    until = wait_until(c, next);
    if (until > now_ns) {
        return gpuvm_core_pause(c, next, until, now_ns);
    }
    return (GpuvmCoreNext) { next, 0 };
}

const GpuvmPolicy gpuvm_policy_band = {
    .name = "band",
    .params = band_params,
    .join = gpuvm_budget_join,
    .charge = gpuvm_budget_charge,
    .end = band_end,
    .next = band_next,
    .owed_at = gpuvm_budget_owed_at,
};
