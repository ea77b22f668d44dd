/*
 * Policy "fair": GPU time by weight, in any stretch of time.
 *
 * Each VM has a virtual time, which grows by its GPU time divided by its
 * weight.  V is the mean of those that wait, by weight: what all would have if
 * they had been served alike.  A VM below V is owed time, one above it is
 * ahead.  Among those that are not ahead, the one whose next turn would end
 * first in virtual time runs ("earliest eligible virtual deadline first",
 * Stoica and Abdel-Wahab 1995), where the length of its last turns stands for
 * that of the next.  Debt is never forgiven: who is ahead waits until V has
 * caught up.  Credit is bounded: a VM that comes back is lifted to at most
 * `credit` behind V, so it cannot keep the GPU for as long as it was gone.
 *
 * A launch that runs is not preempted, and a VM that submits only when its
 * last submission is done would lose the GPU in between to one with long
 * launches, however much it is owed.  So before the turn goes to a VM, the GPU
 * waits for another that
 *   - would be ahead of it, and could run a whole turn more and still be;
 *   - is due: it comes back, as a rule, within g of the end of its turn, and
 *     2 g + 20 us, at most `wait`, have not passed;
 *   - gains by it: what is left to wait is less than half of the turn that
 *     would come in between.
 * A VM that does not come when it is due gets a larger g, and is not waited
 * for until it has come quickly some times.  All such waits together take at
 * most `idle` percent of the time the GPU is busy.
 *
 * Preempting: the holder's virtual time runs on while it holds the turn; the
 * moment it passes that of one who waits, that one is owed the GPU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/policy.h"

#include <stddef.h>

/* Virtual time of one nanosecond at weight 1. */
#define UNIT            1000u
/* What a turn takes, while nobody knows. */
#define LEN_GUESS_NS    1000000u
#define DUE_SLACK_NS    20000u
/* What one that keeps asking may be owed. */
#define OWED_MOST_NS    250000000u
/* Idle time that may be saved up for waits. */
#define IDLE_MOST_NS    5000000u

enum { FAIR_WAIT, FAIR_IDLE, FAIR_CREDIT };

static const GpuvmCoreParam fair_params[] = {
    [FAIR_WAIT] = {
        "wait", "us", 0, 500, 500,
        "the GPU waits at most so long for the next submission of a VM that "
        "is owed time",
    },
    [FAIR_IDLE] = {
        "idle", "percent", 0, 50, 5,
        "such waits take at most this part of the GPU's busy time",
    },
    [FAIR_CREDIT] = {
        "credit", "ms", 0, 1000, 2,
        "what a VM that did not ask may be owed when it comes back",
    },
    { NULL }
};

static uint64_t param(const GpuvmCore *c, unsigned i)
{
    return gpuvm_core_get_param(c, GPUVM_CORE_FAIR, i);
}

/* Virtual time wraps: how far @a is ahead of @b. */
static int64_t ahead(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b);
}

static uint64_t virtual_ns(const GpuvmCore *c, uint32_t slot, uint64_t ns)
{
    ns = ns < GPUVM_CORE_LONGEST ? ns : GPUVM_CORE_LONGEST;
    return ns * UNIT / gpuvm_core_weight(c, slot);
}

static uint64_t turn_len(const GpuvmCore *c, uint32_t slot)
{
    uint64_t ns = c->vm[slot].len_ns;

    return ns < GPUVM_CORE_LONGEST ? (ns ? ns : LEN_GUESS_NS) :
           GPUVM_CORE_LONGEST;
}

/* The mean of @set by weight. */
static uint64_t mean_vtime(const GpuvmCore *c, GpuvmSlotSet set)
{
    uint64_t base = c->vm[gpuvm_core_first(c, set)].vtime;
    double sum = 0;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, set) {
        sum += (double)ahead(c->vm[i].vtime, base) * gpuvm_core_weight(c, i);
    }
    return base + (uint64_t)(int64_t)(sum / gpuvm_core_weights(c, set));
}

static void fair_join(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    c->vm[slot].vtime = c->vtime;
    if (c->idle_ns < param(c, FAIR_WAIT) * 1000) {
        c->idle_ns = param(c, FAIR_WAIT) * 1000;
    }
}

static void fair_arrive(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    uint64_t gap = gpuvm_core_since(c->vm[slot].end_ns, now_ns);
    uint64_t credit = gap <= param(c, FAIR_WAIT) * 1000 ? OWED_MOST_NS :
                      param(c, FAIR_CREDIT) * 1000000;
    uint64_t least = c->vtime - virtual_ns(c, slot, credit);

    if (ahead(c->vm[slot].vtime, least) < 0) {
        c->vm[slot].vtime = least;
    }
}

static void fair_charge(GpuvmCore *c, uint32_t slot, uint64_t ns)
{
    uint64_t idle = c->idle_ns + ns * param(c, FAIR_IDLE) / 100;

    c->vm[slot].vtime += virtual_ns(c, slot, ns);
    c->idle_ns = idle < IDLE_MOST_NS ? idle : IDLE_MOST_NS;
}

/* The earliest eligible virtual deadline.  V lies between the least and the
 * greatest, so somebody is eligible; rounding is made up for. */
static uint32_t choose(const GpuvmCore *c, GpuvmSlotSet fit)
{
    uint64_t v = mean_vtime(c, fit), best_end = 0;
    uint32_t best = GPUVM_CORE_NOBODY;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, fit) {
        const GpuvmCoreVm *vm = &c->vm[i];
        uint64_t end = vm->vtime + virtual_ns(c, i, turn_len(c, i));
        int64_t later = ahead(end, best_end);

        if (ahead(vm->vtime, v) > UNIT) {
            continue;
        }
        if (best == GPUVM_CORE_NOBODY || later < 0 ||
            (!later && vm->arrival < c->vm[best].arrival)) {
            best = i;
            best_end = end;
        }
    }
    return best == GPUVM_CORE_NOBODY ? gpuvm_core_first(c, fit) : best;
}

static void fair_begin(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    GpuvmSlotSet waiting = 0;
    uint64_t v;
    unsigned i;

    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        if (c->vm[i].state == GPUVM_CORE_WAITING &&
            !gpuvm_core_capped_until(c, i, now_ns)) {
            waiting |= GPUVM_SLOT_BIT(i);
        }
    }
    v = mean_vtime(c, waiting | GPUVM_SLOT_BIT(slot));
    if (ahead(v, c->vtime) > 0) {
        c->vtime = v;
    }
}

/* Until when to wait for @slot rather than let @best run; 0: not. */
static uint64_t worth_waiting(const GpuvmCore *c, uint32_t slot, uint32_t best,
                              uint64_t now)
{
    const GpuvmCoreVm *vm = &c->vm[slot];
    uint64_t most = param(c, FAIR_WAIT) * 1000, due;

    if (vm->gap_ns >= most || gpuvm_core_capped_until(c, slot, now)) {
        return 0;
    }
    due = 2 * vm->gap_ns + DUE_SLACK_NS;
    due = vm->end_ns + (due < most ? due : most);
    if (due <= now || 2 * (due - now) >= turn_len(c, best)) {
        return 0;
    }
    return ahead(vm->vtime + virtual_ns(c, slot, turn_len(c, slot)),
                 c->vm[best].vtime) <= 0 ? due : 0;
}

static GpuvmCoreNext fair_next(GpuvmCore *c, GpuvmSlotSet fit,
                               uint64_t now_ns)
{
    uint32_t best = choose(c, fit);
    uint64_t began = c->pause_ns ? c->pause_ns : now_ns;
    uint64_t until = 0, due;
    unsigned i;

    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        if (c->vm[i].state == GPUVM_CORE_IDLE) {
            due = worth_waiting(c, i, best, now_ns);
            until = due && (!until || due < until) ? due : until;
        }
    }
    if (until && until - began <= c->idle_ns) {
        return gpuvm_core_pause(c, best, until, now_ns);
    }
    return (GpuvmCoreNext) { best, 0 };
}

static uint64_t fair_owed_at(const GpuvmCore *c, uint32_t holder,
                             GpuvmSlotSet fit, uint64_t now_ns)
{
    uint64_t least = GPUVM_CORE_LONGEST, ns;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, fit) {
        int64_t lead = ahead(c->vm[i].vtime, c->vm[holder].vtime);

        if (lead <= 0) {
            return now_ns;
        }
        ns = (uint64_t)lead / UNIT < GPUVM_CORE_LONGEST ?
             (uint64_t)lead / UNIT * gpuvm_core_weight(c, holder) :
             GPUVM_CORE_LONGEST;
        least = ns < least ? ns : least;
    }
    return c->turn.start_ns + c->vm[holder].turn_ns + least;
}

const GpuvmPolicy gpuvm_policy_fair = {
    .name = "fair",
    .params = fair_params,
    .join = fair_join,
    .arrive = fair_arrive,
    .begin = fair_begin,
    .charge = fair_charge,
    .next = fair_next,
    .owed_at = fair_owed_at,
};
