/*
 * The turn: who asks, who has it, what it cost.
 *
 * A VM is idle, waits, or holds the turn.  Between two turns the core finds
 * the VMs that wait and that their cap lets run, and asks the policy for one.
 *
 * Measured on the way, for policies and people: the GPU time that a turn of
 * the VM takes (len_ns) and the time from the end of its turn to its next
 * request (gap_ns), both smoothed by a quarter; GPU time in this second and in
 * the last (win_ns).
 *
 * A cap of C percent is a debt clock: GPU time u moves cap_ready_ns on by
 * u * 100 / C, and the VM may begin a turn when that time has come.  So over
 * any stretch W of time it gets at most C * W and one turn more.  Time during
 * which it asked and others had the turn is credit, up to CAP_CREDIT_NS: a VM
 * that waited behind a long kernel still reaches its cap.  Time during which
 * it did not ask earns nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/policy.h"

#include <string.h>

#define WINDOW_NS       1000000000u
#define CAP_CREDIT_NS   50000000u
/* A pause of a VM counts as no longer than this in its mean. */
#define GAP_MOST_NS     5000000u

static const GpuvmPolicy *const policies[GPUVM_CORE_POLICIES] = {
    [GPUVM_CORE_FAIR] = &gpuvm_policy_fair,
    [GPUVM_CORE_CREDIT] = &gpuvm_policy_credit,
    [GPUVM_CORE_BAND] = &gpuvm_policy_band,
    [GPUVM_CORE_FIFO] = &gpuvm_policy_fifo,
};

static const GpuvmPolicy *policy_of(const GpuvmCore *c)
{
    return policies[c->policy < GPUVM_CORE_POLICIES ? c->policy :
                    GPUVM_CORE_FAIR];
}

/* ---- slots ------------------------------------------------------------------------ */

static GpuvmCoreState state_of(const GpuvmCore *c, uint32_t slot)
{
    uint32_t state = slot < GPUVM_CORE_SLOTS ? c->vm[slot].state :
                     GPUVM_CORE_ABSENT;

    return state <= GPUVM_CORE_HOLDING ? (GpuvmCoreState)state :
           GPUVM_CORE_ABSENT;
}

static GpuvmSlotSet in_state(const GpuvmCore *c, GpuvmCoreState state)
{
    GpuvmSlotSet set = 0;
    unsigned i;

    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        if (c->vm[i].state == state) {
            set |= GPUVM_SLOT_BIT(i);
        }
    }
    return set;
}

GpuvmSlotSet gpuvm_core_present(const GpuvmCore *c)
{
    return in_state(c, GPUVM_CORE_IDLE) | in_state(c, GPUVM_CORE_AWAY) |
           in_state(c, GPUVM_CORE_WAITING) | in_state(c, GPUVM_CORE_HOLDING);
}

uint32_t gpuvm_core_weight(const GpuvmCore *c, uint32_t slot)
{
    uint32_t w = c->vm[slot].weight;

    return w < GPUVM_CORE_WEIGHT_MIN ? GPUVM_CORE_WEIGHT_MIN :
           w > GPUVM_CORE_WEIGHT_MAX ? GPUVM_CORE_WEIGHT_MAX : w;
}

uint64_t gpuvm_core_weights(const GpuvmCore *c, GpuvmSlotSet set)
{
    uint64_t sum = 0;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, set) {
        sum += gpuvm_core_weight(c, i);
    }
    return sum ? sum : 1;
}

uint32_t gpuvm_core_first(const GpuvmCore *c, GpuvmSlotSet set)
{
    uint32_t first = GPUVM_CORE_NOBODY;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, set) {
        if (first == GPUVM_CORE_NOBODY ||
            c->vm[i].arrival < c->vm[first].arrival) {
            first = i;
        }
    }
    return first;
}

/* The turn's holder, or NOBODY; a slot that is gone holds nothing. */
static uint32_t holder(const GpuvmCore *c)
{
    return state_of(c, c->turn.slot) == GPUVM_CORE_HOLDING ? c->turn.slot :
           GPUVM_CORE_NOBODY;
}

/* Takes the later of the callers' times, and starts a new second if it is
 * time; every change begins with it. */
static uint64_t tick(GpuvmCore *c, uint64_t now_ns)
{
    uint64_t seconds;
    unsigned i;

    c->now_ns = now_ns > c->now_ns ? now_ns : c->now_ns;
    if (c->now_ns < c->win_start_ns) {
        c->win_start_ns = c->now_ns;
    }
    seconds = (c->now_ns - c->win_start_ns) / WINDOW_NS;
    if (seconds) {
        for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
            GpuvmCoreVm *vm = &c->vm[i];

            vm->win_ns[1] = seconds == 1 ? vm->win_ns[0] : 0;
            vm->win_ns[0] = 0;
            vm->asked = seconds == 1 ? (vm->asked & 1) << 1 : 0;
            if (state_of(c, i) >= GPUVM_CORE_AWAY) {
                vm->asked = 3;
            }
        }
        c->win_start_ns += seconds * WINDOW_NS;
    }
    return c->now_ns;
}

/* ---- caps ------------------------------------------------------------------------- */

static uint32_t cap_of(const GpuvmCoreVm *vm)
{
    return vm->cap < GPUVM_CORE_CAP_MAX ? vm->cap : 0;
}

uint64_t gpuvm_core_capped_until(const GpuvmCore *c, uint32_t slot,
                                 uint64_t now_ns)
{
    const GpuvmCoreVm *vm = &c->vm[slot];
    uint64_t most = now_ns + GPUVM_CORE_LONGEST;

    if (!cap_of(vm) || vm->cap_ready_ns <= now_ns) {
        return 0;
    }
    return vm->cap_ready_ns < most ? vm->cap_ready_ns : most;
}

/* The time since @since, in which the VM did not ask, is no credit. */
static void cap_rested(GpuvmCoreVm *vm, uint64_t since, uint64_t now)
{
    if (vm->cap_ready_ns <= since) {
        vm->cap_ready_ns += gpuvm_core_since(since, now);
    } else if (vm->cap_ready_ns < now) {
        vm->cap_ready_ns = now;
    }
}

static void cap_charge(GpuvmCoreVm *vm, uint64_t ns)
{
    if (cap_of(vm)) {
        vm->cap_ready_ns += ns * 100 / cap_of(vm);
    }
}

static void cap_begin(GpuvmCoreVm *vm, uint64_t now)
{
    uint64_t oldest = now > CAP_CREDIT_NS ? now - CAP_CREDIT_NS : 0;

    if (vm->cap_ready_ns < oldest) {
        vm->cap_ready_ns = oldest;
    }
}

/* Those that wait and that no cap holds back. */
static GpuvmSlotSet fit_to_run(const GpuvmCore *c, uint64_t now)
{
    GpuvmSlotSet waiting = in_state(c, GPUVM_CORE_WAITING), fit = 0;
    unsigned i;

    GPUVM_SLOT_FOREACH(i, waiting) {
        if (!gpuvm_core_capped_until(c, i, now)) {
            fit |= GPUVM_SLOT_BIT(i);
        }
    }
    return fit;
}

/* ---- joining and leaving ------------------------------------------------------------ */

void gpuvm_core_init(GpuvmCore *c, GpuvmCorePolicyId policy, uint64_t now_ns)
{
    const GpuvmCoreParam *p;
    unsigned id, i;

    memset(c, 0, sizeof(*c));
    c->version = GPUVM_CORE_VERSION;
    c->turn.slot = GPUVM_CORE_NOBODY;
    c->quantum_ns = GPUVM_CORE_QUANTUM_DEFAULT;
    c->now_ns = c->win_start_ns = now_ns;
    for (id = 0; id < GPUVM_CORE_POLICIES; id++) {
        for (i = 0; (p = gpuvm_core_param(id, i)) != NULL; i++) {
            c->param[id][i] = p->def;
        }
    }
    gpuvm_core_set_policy(c, policy, now_ns);
}

uint32_t gpuvm_core_free_slot(const GpuvmCore *c)
{
    GpuvmSlotSet taken = gpuvm_core_present(c);

    return ~taken ? (uint32_t)__builtin_ctzll(~taken) : GPUVM_CORE_NOBODY;
}

bool gpuvm_core_join(GpuvmCore *c, uint32_t slot, uint32_t owner,
                     uint32_t weight, uint32_t cap, uint64_t now_ns)
{
    GpuvmCoreVm *vm;

    if (slot >= GPUVM_CORE_SLOTS || state_of(c, slot) != GPUVM_CORE_ABSENT) {
        return false;
    }
    vm = &c->vm[slot];
    now_ns = tick(c, now_ns);
    memset(vm, 0, sizeof(*vm));
    vm->owner = owner;
    vm->weight = weight ? weight : GPUVM_CORE_WEIGHT_DEFAULT;
    vm->weight = gpuvm_core_weight(c, slot);
    vm->cap = cap < GPUVM_CORE_CAP_MAX ? cap : 0;
    vm->cap_ready_ns = vm->end_ns = now_ns;
    vm->gap_ns = GPUVM_CORE_NEVER;
    vm->vtime = c->vtime;
    if (policy_of(c)->join) {
        policy_of(c)->join(c, slot, now_ns);
    }
    vm->state = GPUVM_CORE_IDLE;    /* last: until then it is absent */
    return true;
}

/* The turn is nobody's. */
static void free_turn(GpuvmCore *c)
{
    c->turn.slot = GPUVM_CORE_NOBODY;
    c->turn.generation++;
}

void gpuvm_core_leave(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    if (state_of(c, slot) == GPUVM_CORE_ABSENT) {
        return;
    }
    tick(c, now_ns);
    if (c->turn.slot == slot) {
        free_turn(c);
    }
    c->gone_ns += c->vm[slot].used_ns;
    memset(&c->vm[slot], 0, sizeof(c->vm[slot]));
}

void gpuvm_core_leave_all(GpuvmCore *c, uint32_t owner, uint64_t now_ns)
{
    GpuvmSlotSet present = gpuvm_core_present(c);
    unsigned i;

    GPUVM_SLOT_FOREACH(i, present) {
        if (c->vm[i].owner == owner) {
            gpuvm_core_leave(c, i, now_ns);
        }
    }
}

size_t gpuvm_core_used(const GpuvmCore *c)
{
    GpuvmSlotSet present = gpuvm_core_present(c);
    unsigned n = present ? 64 - __builtin_clzll(present) : 0;

    return offsetof(GpuvmCore, vm) + n * sizeof(GpuvmCoreVm);
}

void gpuvm_core_repair(GpuvmCore *c, uint64_t now_ns)
{
    GpuvmSlotSet present;
    unsigned i;

    tick(c, now_ns);
    if (c->policy >= GPUVM_CORE_POLICIES) {
        gpuvm_core_set_policy(c, GPUVM_CORE_FAIR, now_ns);
    }
    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        if (state_of(c, i) == GPUVM_CORE_ABSENT) {
            memset(&c->vm[i], 0, sizeof(c->vm[i]));
        }
    }
    if (c->turn.slot != GPUVM_CORE_NOBODY &&
        holder(c) == GPUVM_CORE_NOBODY) {
        free_turn(c);
    }
    present = gpuvm_core_present(c);
    GPUVM_SLOT_FOREACH(i, present) {
        GpuvmCoreVm *vm = &c->vm[i];

        vm->weight = gpuvm_core_weight(c, i);
        vm->cap = cap_of(vm);
        if (vm->state == GPUVM_CORE_HOLDING && c->turn.slot != i) {
            vm->state = GPUVM_CORE_IDLE;
            vm->end_ns = c->now_ns;
        }
        if (state_of(c, i) != GPUVM_CORE_IDLE &&
            state_of(c, i) != GPUVM_CORE_HOLDING && !vm->arrival) {
            vm->arrival = ++c->arrivals;
        }
        if (vm->arrival > c->arrivals) {
            c->arrivals = vm->arrival;
        }
    }
}

/* ---- the turn ----------------------------------------------------------------------- */

/* A quarter of the way to @sample. */
static uint64_t smooth(uint64_t mean, uint64_t sample)
{
    return mean - mean / 4 + sample / 4;
}

static void end_pause(GpuvmCore *c, uint64_t now)
{
    uint64_t ns = c->pause_ns ? gpuvm_core_since(c->pause_ns, now) : 0;

    c->pause_ns = 0;
    c->paused_ns += ns;
    c->idle_ns -= ns < c->idle_ns ? ns : c->idle_ns;
}

GpuvmCoreNext gpuvm_core_pause(GpuvmCore *c, uint32_t slot, uint64_t at_ns,
                               uint64_t now_ns)
{
    if (!c->pause_ns) {
        c->pause_ns = now_ns;
    }
    return (GpuvmCoreNext) { slot, at_ns };
}

static void start_waiting(GpuvmCore *c, uint32_t slot, uint64_t now)
{
    GpuvmCoreVm *vm = &c->vm[slot];
    uint64_t gap = gpuvm_core_since(vm->end_ns, now);

    gap = gap < GAP_MOST_NS ? gap : GAP_MOST_NS;
    cap_rested(vm, vm->end_ns, now);
    if (vm->turns) {
        vm->gap_ns = vm->gap_ns == GPUVM_CORE_NEVER ? gap :
                     smooth(vm->gap_ns, gap);
    }
    vm->arrival = ++c->arrivals;
    vm->arrive_ns = now;
    vm->asked |= 1;
    vm->state = GPUVM_CORE_WAITING;
    if (policy_of(c)->arrive) {
        policy_of(c)->arrive(c, slot, now);
    }
}

void gpuvm_core_arrive(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    now_ns = tick(c, now_ns);
    if (state_of(c, slot) == GPUVM_CORE_IDLE) {
        start_waiting(c, slot, now_ns);
    } else if (state_of(c, slot) == GPUVM_CORE_AWAY) {
        c->vm[slot].state = GPUVM_CORE_WAITING;
    }
}

void gpuvm_core_away(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    now_ns = tick(c, now_ns);
    if (state_of(c, slot) == GPUVM_CORE_WAITING) {
        c->vm[slot].state = GPUVM_CORE_AWAY;
        end_pause(c, now_ns);
    }
}

void gpuvm_core_withdraw(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    now_ns = tick(c, now_ns);
    if (state_of(c, slot) == GPUVM_CORE_WAITING ||
        state_of(c, slot) == GPUVM_CORE_AWAY) {
        c->vm[slot].wait_ns += gpuvm_core_since(c->vm[slot].arrive_ns,
                                                now_ns);
        c->vm[slot].arrival = 0;
        c->vm[slot].end_ns = now_ns;
        c->vm[slot].state = GPUVM_CORE_IDLE;
        end_pause(c, now_ns);
    }
}

/* When the cap of one that waits lets it run: nobody is fit. */
static GpuvmCoreNext next_by_cap(const GpuvmCore *c, uint64_t now)
{
    GpuvmSlotSet waiting = in_state(c, GPUVM_CORE_WAITING);
    GpuvmCoreNext next = { GPUVM_CORE_NOBODY, GPUVM_CORE_NEVER };
    unsigned i;

    GPUVM_SLOT_FOREACH(i, waiting) {
        uint64_t at = gpuvm_core_capped_until(c, i, now);

        if (at < next.at_ns) {
            next = (GpuvmCoreNext) { i, at };
        }
    }
    return next;
}

GpuvmCoreNext gpuvm_core_next(GpuvmCore *c, uint64_t now_ns)
{
    GpuvmCoreNext nobody = { GPUVM_CORE_NOBODY, GPUVM_CORE_NEVER };
    GpuvmSlotSet fit;

    now_ns = tick(c, now_ns);
    if (holder(c) != GPUVM_CORE_NOBODY) {
        return nobody;
    }
    fit = fit_to_run(c, now_ns);
    return fit ? policy_of(c)->next(c, fit, now_ns) : next_by_cap(c, now_ns);
}

uint64_t gpuvm_core_begin(GpuvmCore *c, uint32_t slot, uint64_t now_ns)
{
    GpuvmCoreVm *vm;
    uint64_t wait;

    now_ns = tick(c, now_ns);
    if (holder(c) != GPUVM_CORE_NOBODY ||
        state_of(c, slot) != GPUVM_CORE_WAITING) {
        return 0;
    }
    vm = &c->vm[slot];
    end_pause(c, now_ns);
    if (policy_of(c)->begin) {
        policy_of(c)->begin(c, slot, now_ns);
    }
    cap_begin(vm, now_ns);
    wait = gpuvm_core_since(vm->arrive_ns, now_ns);
    vm->wait_ns += wait;
    vm->wait_max_ns = wait > vm->wait_max_ns ? wait : vm->wait_max_ns;
    vm->turns++;
    vm->turn_ns = 0;
    vm->arrival = 0;
    vm->begin_ns = now_ns;
    vm->state = GPUVM_CORE_HOLDING;
    c->turn.start_ns = now_ns;
    c->turn.generation++;
    c->turn.slot = slot;
    return c->turn.generation;
}

/* GPU time that ended @now: part of it may belong to the second before. */
static void window_charge(GpuvmCore *c, GpuvmCoreVm *vm, uint64_t ns,
                          uint64_t now)
{
    uint64_t here = gpuvm_core_since(c->win_start_ns, now);

    here = ns < here ? ns : here;
    vm->win_ns[0] += here;
    vm->win_ns[1] += ns - here;
    if (vm->win_ns[1] > WINDOW_NS) {
        vm->win_ns[1] = WINDOW_NS;
    }
    vm->asked |= 1;
}

void gpuvm_core_charge(GpuvmCore *c, uint32_t slot, uint64_t ns,
                       uint64_t now_ns)
{
    GpuvmCoreVm *vm;

    if (state_of(c, slot) == GPUVM_CORE_ABSENT) {
        return;
    }
    now_ns = tick(c, now_ns);
    ns = ns < GPUVM_CORE_LONGEST ? ns : GPUVM_CORE_LONGEST;
    vm = &c->vm[slot];
    vm->used_ns += ns;
    vm->turn_ns += vm->state == GPUVM_CORE_HOLDING ? ns : 0;
    window_charge(c, vm, ns, now_ns);
    cap_charge(vm, ns);
    if (policy_of(c)->charge) {
        policy_of(c)->charge(c, slot, ns);
    }
}

void gpuvm_core_penalize(GpuvmCore *c, uint32_t slot, uint64_t ns)
{
    if (state_of(c, slot) == GPUVM_CORE_ABSENT) {
        return;
    }
    ns = ns < GPUVM_CORE_LONGEST ? ns : GPUVM_CORE_LONGEST;
    cap_charge(&c->vm[slot], ns);
    if (policy_of(c)->charge) {
        policy_of(c)->charge(c, slot, ns);
    }
}

static void end_turn(GpuvmCore *c, uint32_t slot, uint64_t now)
{
    GpuvmCoreVm *vm = &c->vm[slot];

    vm->end_ns = now;
    vm->state = GPUVM_CORE_IDLE;
    free_turn(c);
    if (policy_of(c)->end) {
        policy_of(c)->end(c, slot, now);
    }
}

bool gpuvm_core_end(GpuvmCore *c, uint32_t slot, uint64_t generation,
                    bool again, uint64_t now_ns)
{
    GpuvmCoreVm *vm;

    now_ns = tick(c, now_ns);
    if (holder(c) != slot || slot == GPUVM_CORE_NOBODY ||
        c->turn.generation != generation) {
        return false;
    }
    vm = &c->vm[slot];
    vm->len_ns = vm->turns > 1 ? smooth(vm->len_ns, vm->turn_ns) :
                 vm->turn_ns;
    end_turn(c, slot, now_ns);
    if (again) {
        start_waiting(c, slot, now_ns);
    }
    return true;
}

uint32_t gpuvm_core_revoke(GpuvmCore *c, uint64_t now_ns)
{
    uint32_t slot = holder(c);
    uint64_t held;

    now_ns = tick(c, now_ns);
    if (slot == GPUVM_CORE_NOBODY) {
        return slot;
    }
    held = gpuvm_core_since(c->turn.start_ns, now_ns);
    if (held > c->vm[slot].turn_ns) {
        gpuvm_core_penalize(c, slot, held - c->vm[slot].turn_ns);
    }
    end_turn(c, slot, now_ns);
    return slot;
}

bool gpuvm_core_contended(const GpuvmCore *c, uint64_t now_ns)
{
    return (fit_to_run(c, now_ns > c->now_ns ? now_ns : c->now_ns) |
            in_state(c, GPUVM_CORE_AWAY)) != 0;
}

uint64_t gpuvm_core_yield_at(const GpuvmCore *c, uint64_t now_ns)
{
    uint64_t now = now_ns > c->now_ns ? now_ns : c->now_ns;
    GpuvmSlotSet fit = fit_to_run(c, now) | in_state(c, GPUVM_CORE_AWAY);
    uint32_t slot = holder(c);
    uint64_t owed, quantum;

    if (!c->quantum_ns || slot == GPUVM_CORE_NOBODY || !fit) {
        return GPUVM_CORE_NEVER;
    }
    quantum = c->turn.start_ns + (c->quantum_ns < GPUVM_CORE_LONGEST ?
                                  c->quantum_ns : GPUVM_CORE_LONGEST);
    owed = policy_of(c)->owed_at(c, slot, fit, now);
    return owed > quantum ? owed : quantum;
}

/* ---- settings ------------------------------------------------------------------------- */

void gpuvm_core_set_weight(GpuvmCore *c, uint32_t slot, uint32_t weight)
{
    if (state_of(c, slot) != GPUVM_CORE_ABSENT) {
        c->vm[slot].weight = weight;
        c->vm[slot].weight = gpuvm_core_weight(c, slot);
    }
}

void gpuvm_core_set_cap(GpuvmCore *c, uint32_t slot, uint32_t cap,
                        uint64_t now_ns)
{
    now_ns = tick(c, now_ns);
    if (state_of(c, slot) == GPUVM_CORE_ABSENT) {
        return;
    }
    if (c->vm[slot].cap_ready_ns < now_ns || !cap_of(&c->vm[slot])) {
        c->vm[slot].cap_ready_ns = now_ns;
    }
    c->vm[slot].cap = cap < GPUVM_CORE_CAP_MAX ? cap : 0;
}

void gpuvm_core_set_quantum(GpuvmCore *c, uint64_t ns)
{
    c->quantum_ns = ns;
}

bool gpuvm_core_set_policy(GpuvmCore *c, uint32_t policy, uint64_t now_ns)
{
    GpuvmSlotSet present = gpuvm_core_present(c);
    unsigned i;

    if (policy >= GPUVM_CORE_POLICIES) {
        return false;
    }
    now_ns = tick(c, now_ns);
    c->policy = policy;
    c->vtime = 0;
    c->pause_ns = c->idle_ns = 0;
    memset(c->own, 0, sizeof(c->own));
    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        c->vm[i].vtime = 0;
        memset(c->vm[i].own, 0, sizeof(c->vm[i].own));
    }
    GPUVM_SLOT_FOREACH(i, present) {
        if (policy_of(c)->join) {
            policy_of(c)->join(c, i, now_ns);
        }
    }
    return true;
}

const char *gpuvm_core_policy_name(uint32_t policy)
{
    return policy < GPUVM_CORE_POLICIES ? policies[policy]->name : NULL;
}

uint32_t gpuvm_core_policy_find(const char *name)
{
    unsigned i;

    for (i = 0; i < GPUVM_CORE_POLICIES; i++) {
        if (!strcmp(policies[i]->name, name)) {
            break;
        }
    }
    return i;
}

const GpuvmCoreParam *gpuvm_core_param(uint32_t policy, unsigned i)
{
    const GpuvmCoreParam *p;
    unsigned n = 0;

    p = policy < GPUVM_CORE_POLICIES ? policies[policy]->params : NULL;
    while (p && p->name && n < i) {
        p++;
        n++;
    }
    return p && p->name && i < GPUVM_CORE_PARAMS ? p : NULL;
}

uint64_t gpuvm_core_get_param(const GpuvmCore *c, uint32_t policy, unsigned i)
{
    const GpuvmCoreParam *p = gpuvm_core_param(policy, i);
    uint64_t value;

    if (!p) {
        return 0;
    }
    value = c->param[policy][i];
    return value >= p->min && value <= p->max ? value : p->def;
}

bool gpuvm_core_set_param(GpuvmCore *c, uint32_t policy, unsigned i,
                          uint64_t value)
{
    const GpuvmCoreParam *p = gpuvm_core_param(policy, i);

    if (!p || value < p->min || value > p->max) {
        return false;
    }
    c->param[policy][i] = value;
    return true;
}
