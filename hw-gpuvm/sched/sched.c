/*
 * The scheduler as workers see it: changes to the core, waiting and waking.
 *
 * A VM's worker takes the turn before it gives the GPU work and releases it
 * when its channels have all stopped or are blocked, so a turn is never held
 * by one who waits for somebody else.
 *
 * Whoever changed something that may decide who is next asks the core, and
 * wakes the VM that it names; that one looks for itself, and takes the turn or
 * sleeps until the time at which the core wants to be asked again.  So each
 * change wakes one thread at most, and a time is kept by one that waits.
 *
 * Every operation is a function over the core that may be done again
 * (GpuvmSchedBackend), so it puts what it found into an Op and does nothing
 * else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/local.h"
#include "sched/shared.h"

#include <glib.h>

struct GpuvmSched {
    const GpuvmSchedBackend *be;
    void *opaque;
};

struct GpuvmSchedVm {
    uint32_t slot;
    uint64_t generation;    /* of the turn it holds, 0: none; its worker's */
};

/** Op - one change: what to do, and what came of it. */
typedef struct Op {
    GpuvmSchedVm *vm;       /* NULL: none in particular */
    uint64_t now;
    uint64_t value;
    uint32_t policy;
    unsigned param;
    bool flag;
    bool ok;
    uint64_t result;
    GpuvmCoreNext next;     /* .slot NOBODY: no one to wake */
    uint32_t owner;         /* of .next.slot */
    GpuvmSchedLook look;
    GpuvmCoreShare *share;
    GpuvmCoreTable *table;
} Op;

static void run(GpuvmSched *s, void (*fn)(GpuvmCore *c, Op *op), Op *op)
{
    Op first = *op;
    GpuvmCore *c;

    do {
        *op = first;
        op->now = s->be->now(s->opaque);
        op->next.slot = GPUVM_CORE_NOBODY;
        c = s->be->begin(s->opaque);
        fn(c, op);
        if (op->next.slot < GPUVM_CORE_SLOTS) {
            op->owner = c->vm[op->next.slot].owner;
        }
    } while (!s->be->commit(s->opaque));
}

/* As run(), for what changes nothing. */
static void look(GpuvmSched *s, void (*fn)(const GpuvmCore *c, Op *op),
                 Op *op)
{
    op->now = s->be->now(s->opaque);
    fn(s->be->peek(s->opaque), op);
    s->be->done(s->opaque);
}

/* As run(), then wakes whom the core named. */
static void run_and_wake(GpuvmSched *s, void (*fn)(GpuvmCore *c, Op *op),
                         Op *op)
{
    run(s, fn, op);
    if (op->next.slot < GPUVM_CORE_SLOTS &&
        (!op->vm || op->next.slot != op->vm->slot)) {
        s->be->wake(s->opaque, op->next.slot, op->owner);
    }
}

/* ---- life ----------------------------------------------------------------------- */

char *gpuvm_sched_policies(void)
{
    GString *all = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < GPUVM_CORE_POLICIES; i++) {
        g_string_append_printf(all, "%s%s", i ? ", " : "",
                               gpuvm_core_policy_name(i));
    }
    return g_string_free(all, false);
}

GpuvmSched *gpuvm_sched_open(struct GpuvmArena *arena, const char *policy,
                             char **err)
{
    uint32_t id = gpuvm_core_policy_find(policy);

    if (id == GPUVM_CORE_POLICIES) {
        if (err) {
            g_autofree char *all = gpuvm_sched_policies();

            *err = g_strdup_printf("there is no scheduling policy '%s' "
                                   "(there are: %s)", policy, all);
        }
        return NULL;
    }
    return arena ? gpuvm_sched_shared(arena, id, err) : gpuvm_sched_local(id);
}

GpuvmSched *gpuvm_sched_new(const char *policy, char **err)
{
    return gpuvm_sched_open(NULL, policy, err);
}

GpuvmSched *gpuvm_sched_new_on(const GpuvmSchedBackend *be, void *opaque)
{
    GpuvmSched *s = g_new0(GpuvmSched, 1);

    s->be = be;
    s->opaque = opaque;
    return s;
}

void gpuvm_sched_free(GpuvmSched *s)
{
    if (s) {
        s->be->free(s->opaque);
        g_free(s);
    }
}

static void op_join(GpuvmCore *c, Op *op)
{
    op->vm->slot = gpuvm_core_free_slot(c);
    op->ok = op->vm->slot != GPUVM_CORE_NOBODY &&
             gpuvm_core_join(c, op->vm->slot, op->policy, op->value,
                             op->param, op->now);
}

GpuvmSchedVm *gpuvm_sched_join(GpuvmSched *s, uint32_t weight, uint32_t cap)
{
    GpuvmSchedVm *vm = g_new0(GpuvmSchedVm, 1);
    Op op = { .vm = vm, .value = weight, .param = cap,
              .policy = s->be->owner };

    run(s, op_join, &op);
    if (!op.ok) {
        g_free(vm);
        return NULL;
    }
    return vm;
}

static void op_leave(GpuvmCore *c, Op *op)
{
    gpuvm_core_leave(c, op->vm->slot, op->now);
    op->next = gpuvm_core_next(c, op->now);
}

void gpuvm_sched_leave(GpuvmSched *s, GpuvmSchedVm *vm)
{
    Op op = { .vm = vm };

    run_and_wake(s, op_leave, &op);
    g_free(vm);
}

/* ---- the turn -------------------------------------------------------------------------- */

static bool holds(const GpuvmCore *c, const GpuvmSchedVm *vm)
{
    return vm->generation && c->turn.slot == vm->slot &&
           c->turn.generation == vm->generation;
}

/* Asks, and begins if it is this one's turn: .result is the generation. */
static void op_take(GpuvmCore *c, Op *op)
{
    uint32_t slot = op->vm->slot;

    op->result = holds(c, op->vm) ? op->vm->generation : 0;
    if (op->result) {
        return;
    }
    gpuvm_core_arrive(c, slot, op->now);
    op->next = gpuvm_core_next(c, op->now);
    if (op->next.slot == slot && !op->next.at_ns) {
        op->result = gpuvm_core_begin(c, slot, op->now);
    }
}

static void op_away(GpuvmCore *c, Op *op)
{
    gpuvm_core_arrive(c, op->vm->slot, op->now);
    gpuvm_core_away(c, op->vm->slot, op->now);
    op->next = gpuvm_core_next(c, op->now);
}

bool gpuvm_sched_acquire(GpuvmSched *s, GpuvmSchedVm *vm, const bool *cancel)
{
    for (;;) {
        uint32_t ticket = s->be->ticket(s->opaque, vm->slot);
        Op op = { .vm = vm };

        if (cancel && __atomic_load_n(cancel, __ATOMIC_ACQUIRE)) {
            run_and_wake(s, op_away, &op);
            return false;
        }
        run_and_wake(s, op_take, &op);
        if (op.result) {
            vm->generation = op.result;
            return true;
        }
        s->be->wait(s->opaque, vm->slot, ticket,
                    op.next.slot == vm->slot ? op.next.at_ns :
                    GPUVM_CORE_NEVER);
    }
}

static void op_release(GpuvmCore *c, Op *op)
{
    gpuvm_core_charge(c, op->vm->slot, op->value, op->now);
    gpuvm_core_end(c, op->vm->slot, op->vm->generation, op->flag, op->now);
    op->next = gpuvm_core_next(c, op->now);
}

void gpuvm_sched_release(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t used_ns,
                         bool again)
{
    Op op = { .vm = vm, .value = used_ns, .flag = again };

    run_and_wake(s, op_release, &op);
    vm->generation = 0;
}

static void op_withdraw(GpuvmCore *c, Op *op)
{
    gpuvm_core_withdraw(c, op->vm->slot, op->now);
    op->next = gpuvm_core_next(c, op->now);
}

void gpuvm_sched_withdraw(GpuvmSched *s, GpuvmSchedVm *vm)
{
    Op op = { .vm = vm };

    run_and_wake(s, op_withdraw, &op);
}

void gpuvm_sched_wake(GpuvmSched *s, GpuvmSchedVm *vm)
{
    s->be->wake(s->opaque, vm->slot, s->be->owner);
}

static void op_charge(GpuvmCore *c, Op *op)
{
    gpuvm_core_charge(c, op->vm->slot, op->value, op->now);
}

void gpuvm_sched_charge(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t ns)
{
    run(s, op_charge, &(Op) { .vm = vm, .value = ns });
}

static void op_penalize(GpuvmCore *c, Op *op)
{
    if (holds(c, op->vm)) {     /* a revoked turn has paid already */
        gpuvm_core_penalize(c, op->vm->slot, op->value);
    }
}

void gpuvm_sched_penalize(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t ns)
{
    run(s, op_penalize, &(Op) { .vm = vm, .value = ns });
}

static void op_look(const GpuvmCore *c, Op *op)
{
    op->look = (GpuvmSchedLook) {
        .held = op->vm && holds(c, op->vm),
        .contended = gpuvm_core_contended(c, op->now),
        .now_ns = op->now,
        .yield_ns = gpuvm_core_yield_at(c, op->now),
        .quantum_ns = c->quantum_ns,
    };
}

GpuvmSchedLook gpuvm_sched_look(GpuvmSched *s, GpuvmSchedVm *vm)
{
    Op op = { .vm = vm };

    look(s, op_look, &op);
    if (op.look.held && s->be->beat) {
        s->be->beat(s->opaque);
    }
    return op.look;
}

bool gpuvm_sched_contended(GpuvmSched *s)
{
    Op op = { 0 };

    look(s, op_look, &op);
    return op.look.contended;
}

/* ---- settings ------------------------------------------------------------------------------ */

static void op_weight(GpuvmCore *c, Op *op)
{
    gpuvm_core_set_weight(c, op->vm->slot, op->value);
}

void gpuvm_sched_set_weight(GpuvmSched *s, GpuvmSchedVm *vm, uint32_t weight)
{
    run(s, op_weight, &(Op) { .vm = vm, .value = weight });
}

static void op_cap(GpuvmCore *c, Op *op)
{
    gpuvm_core_set_cap(c, op->vm->slot, op->value, op->now);
    op->next = gpuvm_core_next(c, op->now);
}

void gpuvm_sched_set_cap(GpuvmSched *s, GpuvmSchedVm *vm, uint32_t cap)
{
    Op op = { .vm = vm, .value = cap };

    run(s, op_cap, &op);
    if (op.next.slot < GPUVM_CORE_SLOTS) {
        s->be->wake(s->opaque, op.next.slot, op.owner);
    }
}

static void op_quantum(GpuvmCore *c, Op *op)
{
    gpuvm_core_set_quantum(c, op->value);
}

void gpuvm_sched_set_quantum(GpuvmSched *s, uint64_t ns)
{
    run(s, op_quantum, &(Op) { .value = ns });
}

static void op_policy(GpuvmCore *c, Op *op)
{
    op->ok = gpuvm_core_set_policy(c, op->policy, op->now);
    op->next = gpuvm_core_next(c, op->now);
}

bool gpuvm_sched_set_policy(GpuvmSched *s, const char *policy)
{
    Op op = { .policy = policy ? gpuvm_core_policy_find(policy) :
                        GPUVM_CORE_POLICIES };

    run_and_wake(s, op_policy, &op);
    return op.ok;
}

static void op_get_policy(const GpuvmCore *c, Op *op)
{
    op->policy = c->policy;
}

const char *gpuvm_sched_policy(GpuvmSched *s)
{
    Op op = { 0 };

    look(s, op_get_policy, &op);
    return gpuvm_core_policy_name(op.policy);
}

static void op_set_param(GpuvmCore *c, Op *op)
{
    op->ok = gpuvm_core_set_param(c, op->policy, op->param, op->value);
    op->next = gpuvm_core_next(c, op->now);
}

bool gpuvm_sched_set_param(GpuvmSched *s, uint32_t policy, unsigned i,
                           uint64_t value)
{
    Op op = { .policy = policy, .param = i, .value = value };

    run_and_wake(s, op_set_param, &op);
    return op.ok;
}

static void op_get_param(const GpuvmCore *c, Op *op)
{
    op->result = gpuvm_core_get_param(c, op->policy, op->param);
}

uint64_t gpuvm_sched_get_param(GpuvmSched *s, uint32_t policy, unsigned i)
{
    Op op = { .policy = policy, .param = i };

    look(s, op_get_param, &op);
    return op.result;
}

/* ---- looking ---------------------------------------------------------------------------------- */

static void op_share(const GpuvmCore *c, Op *op)
{
    gpuvm_core_share(c, op->vm->slot, op->now, op->share);
}

void gpuvm_sched_share(GpuvmSched *s, GpuvmSchedVm *vm, GpuvmCoreShare *share)
{
    look(s, op_share, &(Op) { .vm = vm, .share = share });
}

static void op_table(const GpuvmCore *c, Op *op)
{
    gpuvm_core_table(c, op->now, op->table);
}

void gpuvm_sched_table(GpuvmSched *s, GpuvmCoreTable *table)
{
    look(s, op_table, &(Op) { .table = table });
}

uint32_t gpuvm_sched_slot(const GpuvmSchedVm *vm)
{
    return vm->slot;
}

static void op_busy(const GpuvmCore *c, Op *op)
{
    op->result = gpuvm_core_busy_ns(c);
}

uint64_t gpuvm_sched_busy_ns(GpuvmSched *s)
{
    Op op = { 0 };

    look(s, op_busy, &op);
    return op.result;
}
