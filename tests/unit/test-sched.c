/*
 * The scheduler: the core's bookkeeping step by step, with caps, revoked turns
 * and what a dead process may have left; the turn on a back end with a virtual
 * clock whose changes do not always go through, and with threads.
 *
 * Policies and shares are in test-policy.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <stdatomic.h>
#include <string.h>

#include "sched/sched.h"

#define MS 1000000ull

/* ---- the core ------------------------------------------------------------------- */

static GpuvmCore *core_new(GpuvmCorePolicyId policy)
{
    GpuvmCore *c = g_new(GpuvmCore, 1);

    memset(c, 0xa5, sizeof(*c));
    gpuvm_core_init(c, policy, 0);
    return c;
}

/* A turn of @slot from @from to @to. */
static void turn(GpuvmCore *c, uint32_t slot, uint64_t from, uint64_t to)
{
    GpuvmCoreNext next;
    uint64_t gen;

    gpuvm_core_arrive(c, slot, from);
    next = gpuvm_core_next(c, from);
    CU_ASSERT_EQUAL(next.slot, slot);
    CU_ASSERT_EQUAL(next.at_ns, 0);
    gen = gpuvm_core_begin(c, slot, from);
    CU_ASSERT_NOT_EQUAL(gen, 0);
    gpuvm_core_charge(c, slot, to - from, to);
    CU_ASSERT_TRUE(gpuvm_core_end(c, slot, gen, false, to));
}

static void test_names(void)
{
    g_autofree char *err = NULL, *all = gpuvm_sched_policies();
    GpuvmSched *s;

    CU_ASSERT_PTR_NULL(gpuvm_sched_new("lottery", &err));
    CU_ASSERT_PTR_NOT_NULL_FATAL(err);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "fair, credit, band, fifo"));
    CU_ASSERT_STRING_EQUAL(all, "fair, credit, band, fifo");
    s = gpuvm_sched_new("fifo", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_FALSE(gpuvm_sched_set_policy(s, "lottery"));
    CU_ASSERT_FALSE(gpuvm_sched_set_policy(s, NULL));
    CU_ASSERT_TRUE(gpuvm_sched_set_policy(s, "band"));
    CU_ASSERT_STRING_EQUAL(gpuvm_sched_policy(s), "band");
    gpuvm_sched_free(s);
}

static void test_params(void)
{
    GpuvmSched *s = gpuvm_sched_new("fair", NULL);
    const GpuvmCoreParam *p;
    unsigned id, i, n = 0;

    for (id = 0; id < GPUVM_CORE_POLICIES; id++) {
        for (i = 0; (p = gpuvm_core_param(id, i)) != NULL; i++, n++) {
            CU_ASSERT_TRUE(p->name && p->what && p->unit);
            CU_ASSERT_TRUE(p->min <= p->def && p->def <= p->max);
            CU_ASSERT_EQUAL(gpuvm_sched_get_param(s, id, i), p->def);
            CU_ASSERT_FALSE(gpuvm_sched_set_param(s, id, i, p->max + 1));
            CU_ASSERT_EQUAL(gpuvm_sched_get_param(s, id, i), p->def);
            CU_ASSERT_TRUE(gpuvm_sched_set_param(s, id, i, p->max));
            CU_ASSERT_EQUAL(gpuvm_sched_get_param(s, id, i), p->max);
        }
        CU_ASSERT_TRUE(i <= GPUVM_CORE_PARAMS);
        CU_ASSERT_FALSE(gpuvm_sched_set_param(s, id, i, 0));
    }
    CU_ASSERT_TRUE(n >= 7);
    CU_ASSERT_PTR_NULL(gpuvm_core_param(GPUVM_CORE_POLICIES, 0));
    gpuvm_sched_free(s);
}

static void test_sums(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);
    GpuvmCoreShare a, b;
    GpuvmCoreTable t;
    uint64_t gen;

    CU_ASSERT_TRUE(gpuvm_core_join(c, 0, 0, 0, 0, 0));
    CU_ASSERT_FALSE(gpuvm_core_join(c, 0, 0, 0, 0, 0));
    CU_ASSERT_FALSE(gpuvm_core_join(c, GPUVM_CORE_SLOTS, 0, 0, 0, 0));
    CU_ASSERT_TRUE(gpuvm_core_join(c, 1, 0, 200000, 300, 0));
    CU_ASSERT_EQUAL(gpuvm_core_free_slot(c), 2);
    turn(c, 0, 0, 700);
    turn(c, 1, 1000, 1300);
    gpuvm_core_charge(c, 0, 50, 1400);
    CU_ASSERT_TRUE(gpuvm_core_share(c, 0, 1400, &a));
    CU_ASSERT_TRUE(gpuvm_core_share(c, 1, 1400, &b));
    CU_ASSERT_EQUAL(a.weight, 100);
    CU_ASSERT_EQUAL(b.weight, 1000);
    CU_ASSERT_EQUAL(b.cap, 0);
    CU_ASSERT_EQUAL(a.used_ns, 750);
    CU_ASSERT_EQUAL(b.used_ns, 300);
    CU_ASSERT_EQUAL(gpuvm_core_busy_ns(c), 1050);
    CU_ASSERT_EQUAL(c->vm[0].vtime, 7500);
    CU_ASSERT_EQUAL(c->vm[1].vtime, 300);
    gpuvm_core_penalize(c, 0, 10);
    CU_ASSERT_EQUAL(c->vm[0].vtime, 7600);
    CU_ASSERT_EQUAL(gpuvm_core_busy_ns(c), 1050);
    /* who leaves with the turn gives it back; its sum stays */
    gpuvm_core_arrive(c, 1, 1400);
    gen = gpuvm_core_begin(c, 1, 1400);
    gpuvm_core_leave(c, 1, 1500);
    CU_ASSERT_FALSE(gpuvm_core_end(c, 1, gen, true, 1500));
    CU_ASSERT_FALSE(gpuvm_core_share(c, 1, 1500, &b));
    CU_ASSERT_EQUAL(gpuvm_core_busy_ns(c), 1050);
    turn(c, 0, 1500, 1600);
    /* the GPU's time would run backwards: it does not */
    turn(c, 0, 1000, 1700);
    CU_ASSERT_EQUAL(gpuvm_core_busy_ns(c), 1850);
    /* the table adds up */
    CU_ASSERT_TRUE(gpuvm_core_join(c, 5, 3, 77, 20, 1700));
    gpuvm_core_charge(c, 5, 40, 1800);
    gpuvm_core_table(c, 1800, &t);
    CU_ASSERT_EQUAL(t.policy, GPUVM_CORE_FAIR);
    CU_ASSERT_EQUAL_FATAL(t.count, 2);
    CU_ASSERT_EQUAL(t.vm[0].slot, 0);
    CU_ASSERT_EQUAL(t.vm[1].slot, 5);
    CU_ASSERT_EQUAL(t.vm[1].owner, 3);
    CU_ASSERT_EQUAL(t.gone_ns, 300);
    CU_ASSERT_EQUAL(t.vm[0].share.used_ns, 1550);
    CU_ASSERT_EQUAL(t.vm[1].share.used_ns, 40);
    CU_ASSERT_EQUAL(t.busy_ns, 1890);
    g_free(c);
}

/* A VM that was away does not come back with more than the bounded credit;
 * one that is ahead stays so. */
static void test_credit(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);
    unsigned i;

    gpuvm_core_join(c, 0, 0, 100, 0, 0);
    gpuvm_core_join(c, 1, 0, 100, 0, 0);
    for (i = 0; i < 100; i++) {
        turn(c, 0, i * 10 * MS, (i + 1) * 10 * MS);
    }
    gpuvm_core_arrive(c, 1, 1000 * MS);
    CU_ASSERT_EQUAL(c->vm[1].vtime, (990 - 2) * MS * 10);
    gpuvm_core_arrive(c, 0, 1000 * MS);
    CU_ASSERT_EQUAL(c->vm[0].vtime, 1000 * MS * 10);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 1000 * MS).slot, 1);
    g_free(c);
}

/* 25 percent: 1 ms of use, then 3 ms of rest; what others kept it from is made
 * up for, what it did not ask for is not. */
static void test_cap(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);
    GpuvmCoreNext next;
    uint64_t gen;

    gpuvm_core_join(c, 3, 0, 100, 25, 0);
    turn(c, 3, 0, 1 * MS);
    gpuvm_core_arrive(c, 3, 1 * MS);
    next = gpuvm_core_next(c, 1 * MS);
    CU_ASSERT_EQUAL(next.slot, 3);
    CU_ASSERT_EQUAL(next.at_ns, 4 * MS);
    CU_ASSERT_FALSE(gpuvm_core_contended(c, 1 * MS));
    CU_ASSERT_TRUE(gpuvm_core_contended(c, 4 * MS));
    /* another takes the GPU at once, and keeps it until 20 ms */
    gpuvm_core_join(c, 5, 0, 100, 0, 1 * MS);
    gpuvm_core_arrive(c, 5, 1 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 1 * MS).slot, 5);
    gen = gpuvm_core_begin(c, 5, 1 * MS);
    gpuvm_core_charge(c, 5, 19 * MS, 20 * MS);
    gpuvm_core_end(c, 5, gen, false, 20 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 20 * MS).at_ns, 0);
    /* due at 4, 8, 12, 16, 20 ms: five turns in a row, then it rests */
    turn(c, 3, 20 * MS, 21 * MS);
    turn(c, 3, 21 * MS, 22 * MS);
    turn(c, 3, 22 * MS, 23 * MS);
    turn(c, 3, 23 * MS, 24 * MS);
    turn(c, 3, 24 * MS, 25 * MS);
    turn(c, 3, 25 * MS, 26 * MS);
    gpuvm_core_arrive(c, 3, 26 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 26 * MS).at_ns, 28 * MS);
    /* a rest earns nothing: after it, one turn and no more */
    gpuvm_core_withdraw(c, 3, 26 * MS);
    turn(c, 3, 900 * MS, 901 * MS);
    gpuvm_core_arrive(c, 3, 901 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 901 * MS).at_ns, 904 * MS);
    gpuvm_core_set_cap(c, 3, 0, 901 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 901 * MS).at_ns, 0);
    g_free(c);
}

/* Fair waits for a VM that is owed time and due, and no longer than it is
 * worth; one that did not come is not waited for again. */
static void test_pause(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);
    GpuvmCoreNext next;
    uint64_t us = 1000, gen;

    gpuvm_core_join(c, 0, 0, 100, 0, 0);
    gpuvm_core_join(c, 1, 0, 100, 0, 0);
    turn(c, 0, 0, 1000 * us);
    gpuvm_core_arrive(c, 1, 1000 * us);
    gen = gpuvm_core_begin(c, 1, 1000 * us);
    gpuvm_core_arrive(c, 0, 1010 * us);             /* 10 us after its turn */
    gpuvm_core_charge(c, 1, 50 * MS, 51 * MS);
    gpuvm_core_end(c, 1, gen, true, 51 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 51 * MS).slot, 0);
    gen = gpuvm_core_begin(c, 0, 51 * MS);
    gpuvm_core_charge(c, 0, 1 * MS, 52 * MS);
    gpuvm_core_end(c, 0, gen, false, 52 * MS);
    next = gpuvm_core_next(c, 52 * MS);
    CU_ASSERT_EQUAL(next.slot, 1);
    CU_ASSERT_EQUAL(next.at_ns, 52 * MS + 2 * 10 * us + 20 * us);
    next = gpuvm_core_next(c, next.at_ns);
    CU_ASSERT_EQUAL(next.slot, 1);
    CU_ASSERT_EQUAL(next.at_ns, 0);
    gen = gpuvm_core_begin(c, 1, 52 * MS + 40 * us);
    CU_ASSERT_EQUAL(c->paused_ns, 40 * us);
    gpuvm_core_arrive(c, 0, 56 * MS);               /* far too late */
    gpuvm_core_charge(c, 1, 50 * MS, 103 * MS);
    gpuvm_core_end(c, 1, gen, true, 103 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 103 * MS).slot, 0);
    gen = gpuvm_core_begin(c, 0, 103 * MS);
    gpuvm_core_charge(c, 0, 1 * MS, 104 * MS);
    gpuvm_core_end(c, 0, gen, false, 104 * MS);
    next = gpuvm_core_next(c, 104 * MS);
    CU_ASSERT_EQUAL(next.slot, 1);
    CU_ASSERT_EQUAL(next.at_ns, 0);
    /* nor at all when the parameter says so */
    c->vm[0].gap_ns = 10 * us;
    CU_ASSERT_NOT_EQUAL(gpuvm_core_next(c, 104 * MS).at_ns, 0);
    CU_ASSERT_TRUE(gpuvm_core_set_param(c, GPUVM_CORE_FAIR, 0, 0));
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 104 * MS).at_ns, 0);
    g_free(c);
}

static void test_full(void)
{
    GpuvmSched *s = gpuvm_sched_new("band", NULL);
    GpuvmSchedVm *vm[GPUVM_CORE_SLOTS];
    unsigned i;

    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        vm[i] = gpuvm_sched_join(s, 100, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(vm[i]);
    }
    CU_ASSERT_PTR_NULL(gpuvm_sched_join(s, 100, 0));
    gpuvm_sched_leave(s, vm[7]);
    vm[7] = gpuvm_sched_join(s, 100, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(vm[7]);
    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        CU_ASSERT_TRUE(gpuvm_sched_acquire(s, vm[i], NULL));
        gpuvm_sched_release(s, vm[i], 1000, false);
        gpuvm_sched_leave(s, vm[i]);
    }
    CU_ASSERT_EQUAL(gpuvm_sched_busy_ns(s), 1000 * GPUVM_CORE_SLOTS);
    gpuvm_sched_free(s);
}

static void test_revoke(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);
    uint64_t gen;

    gpuvm_core_join(c, 0, 7, 100, 0, 0);
    gpuvm_core_join(c, 1, 8, 100, 0, 0);
    CU_ASSERT_EQUAL(gpuvm_core_revoke(c, 0), GPUVM_CORE_NOBODY);
    gpuvm_core_arrive(c, 0, 0);
    gpuvm_core_arrive(c, 1, 0);
    gen = gpuvm_core_begin(c, 0, 0);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 50 * MS).slot, GPUVM_CORE_NOBODY);
    CU_ASSERT_EQUAL(gpuvm_core_begin(c, 1, 50 * MS), 0);
    CU_ASSERT_EQUAL(gpuvm_core_revoke(c, 80 * MS), 0);
    CU_ASSERT_EQUAL(c->vm[0].vtime, 800 * MS);      /* it pays */
    CU_ASSERT_NOT_EQUAL(gpuvm_core_begin(c, 1, 80 * MS), 0);
    /* the old holder wakes up: its turn is over, the other's is not */
    CU_ASSERT_FALSE(gpuvm_core_end(c, 0, gen, true, 90 * MS));
    CU_ASSERT_EQUAL(c->turn.slot, 1);
    gpuvm_core_charge(c, 0, 5, 90 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_busy_ns(c), 5);
    CU_ASSERT_EQUAL(c->vm[1].turn_ns, 0);
    gpuvm_core_leave_all(c, 8, 90 * MS);
    CU_ASSERT_EQUAL(c->turn.slot, GPUVM_CORE_NOBODY);
    CU_ASSERT_EQUAL(gpuvm_core_free_slot(c), 1);
    CU_ASSERT_EQUAL(gpuvm_core_used(c), sizeof(*c) - 63 * sizeof(c->vm[0]));
    g_free(c);
}

/* Away: it keeps its place, and nobody waits for it. */
static void test_away(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FIFO);
    uint64_t gen;

    gpuvm_core_join(c, 0, 0, 100, 0, 0);
    gpuvm_core_join(c, 1, 0, 100, 0, 0);
    gpuvm_core_join(c, 2, 0, 100, 0, 0);
    gpuvm_core_arrive(c, 0, 10);
    gpuvm_core_arrive(c, 1, 20);
    gpuvm_core_away(c, 0, 30);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 40).slot, 1);
    gen = gpuvm_core_begin(c, 1, 40);
    CU_ASSERT_TRUE(gpuvm_core_contended(c, 40));
    gpuvm_core_arrive(c, 2, 50);
    gpuvm_core_arrive(c, 0, 60);
    gpuvm_core_end(c, 1, gen, true, 100);
    CU_ASSERT_EQUAL(gpuvm_core_next(c, 100).slot, 0);
    gpuvm_core_begin(c, 0, 100);
    CU_ASSERT_EQUAL(c->vm[0].wait_ns, 90);
    CU_ASSERT_EQUAL(c->vm[0].arrive_ns, 10);
    g_free(c);
}

/* When the holder is to be preempted. */
static void test_yield(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);

    gpuvm_core_join(c, 0, 0, 100, 0, 0);
    gpuvm_core_join(c, 1, 0, 200, 0, 0);
    gpuvm_core_set_quantum(c, 5 * MS);
    turn(c, 1, 0, 40 * MS);             /* 20 ms at weight 100 */
    gpuvm_core_arrive(c, 0, 40 * MS);
    gpuvm_core_begin(c, 0, 40 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_yield_at(c, 41 * MS), GPUVM_CORE_NEVER);
    gpuvm_core_arrive(c, 1, 41 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_yield_at(c, 41 * MS), 60 * MS);
    gpuvm_core_penalize(c, 0, 100 * MS);    /* far ahead now */
    CU_ASSERT_EQUAL(gpuvm_core_yield_at(c, 41 * MS), 45 * MS);
    gpuvm_core_set_policy(c, GPUVM_CORE_FIFO, 41 * MS);
    CU_ASSERT_EQUAL(gpuvm_core_yield_at(c, 43 * MS), 45 * MS);
    gpuvm_core_set_quantum(c, 0);
    CU_ASSERT_EQUAL(gpuvm_core_yield_at(c, 500 * MS), GPUVM_CORE_NEVER);
    g_free(c);
}

/* Shares for people: entitled by weight and cap among those that ask. */
static void test_shares(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);
    GpuvmCoreShare s[4];
    unsigned i;

    gpuvm_core_join(c, 0, 0, 100, 0, 0);
    gpuvm_core_join(c, 1, 0, 300, 20, 0);
    gpuvm_core_join(c, 2, 0, 300, 0, 0);
    gpuvm_core_join(c, 3, 0, 1000, 0, 0);       /* never asks */
    for (i = 0; i < 20; i++) {
        turn(c, 1, i * 100 * MS, i * 100 * MS + 20 * MS);
        turn(c, 0, i * 100 * MS + 20 * MS, i * 100 * MS + 40 * MS);
        turn(c, 2, i * 100 * MS + 40 * MS, i * 100 * MS + 100 * MS);
    }
    for (i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(gpuvm_core_share(c, i, 2000 * MS, &s[i]));
    }
    CU_ASSERT_DOUBLE_EQUAL(s[0].entitled, 0.2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(s[1].entitled, 0.2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(s[2].entitled, 0.6, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(s[0].received, 0.2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(s[1].received, 0.2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(s[2].received, 0.6, 1e-9);
    CU_ASSERT_EQUAL(s[3].received, 0);
    /* nothing has happened since: all is over */
    CU_ASSERT_TRUE(gpuvm_core_share(c, 2, 9000 * MS, &s[2]));
    CU_ASSERT_EQUAL(s[2].received, 0);
    /* a turn that goes on counts */
    gpuvm_core_arrive(c, 2, 9000 * MS);
    gpuvm_core_begin(c, 2, 9000 * MS);
    CU_ASSERT_TRUE(gpuvm_core_share(c, 2, 10500 * MS, &s[2]));
    CU_ASSERT_DOUBLE_EQUAL(s[2].received, 1.0, 1e-9);
    g_free(c);
}

/* ---- the core, with anything in it ---------------------------------------------------- */

/* A random step; false if what it found does not make sense. */
static bool random_op(GpuvmCore *c, GRand *r, uint64_t *now)
{
    uint32_t slot = g_rand_int_range(r, 0, GPUVM_CORE_SLOTS + 1);
    GpuvmCoreNext next;

    *now += g_rand_int_range(r, 0, 3 * MS);
    switch (g_rand_int_range(r, 0, 16)) {
    case 0:
        gpuvm_core_join(c, slot, slot % 5, g_rand_int_range(r, 0, 1200),
                        g_rand_int_range(r, 0, 130), *now);
        break;
    case 1:
        if (!g_rand_int_range(r, 0, 5)) {
            gpuvm_core_leave(c, slot, *now);
        }
        break;
    case 2:
        gpuvm_core_withdraw(c, slot, *now);
        break;
    case 3:
        gpuvm_core_away(c, slot, *now);
        break;
    case 4:
        gpuvm_core_revoke(c, *now);
        break;
    case 5:
        gpuvm_core_yield_at(c, *now);
        gpuvm_core_contended(c, *now);
        break;
    case 6:
        if (!g_rand_int_range(r, 0, 9)) {
            gpuvm_core_set_policy(c, g_rand_int_range(r, 0, 5), *now);
        }
        break;
    case 7:
    case 8:
    case 9:
        gpuvm_core_arrive(c, slot, *now);
        break;
    default:
        if (c->turn.slot < GPUVM_CORE_SLOTS) {
            gpuvm_core_charge(c, c->turn.slot, g_rand_int_range(r, 0, 5 * MS),
                              *now);
            gpuvm_core_end(c, c->turn.slot, c->turn.generation,
                           g_rand_boolean(r), *now);
        }
        next = gpuvm_core_next(c, *now);
        if (next.slot != GPUVM_CORE_NOBODY) {
            if (next.slot >= GPUVM_CORE_SLOTS ||
                c->vm[next.slot].state != GPUVM_CORE_WAITING ||
                (next.at_ns && next.at_ns <= c->now_ns)) {
                return false;
            }
            return next.at_ns || gpuvm_core_begin(c, next.slot, *now);
        }
    }
    return true;
}

static void test_random(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);
    GRand *r = g_rand_new_with_seed(11);
    uint64_t now = 0;
    unsigned i, k, holding;

    for (k = 0; k < 200000; k++) {
        CU_ASSERT_TRUE_FATAL(random_op(c, r, &now));
        holding = 0;
        for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
            holding += c->vm[i].state == GPUVM_CORE_HOLDING;
        }
        CU_ASSERT_EQUAL_FATAL(holding, c->turn.slot != GPUVM_CORE_NOBODY);
    }
    g_rand_free(r);
    g_free(c);
}

/* Whatever bytes a process that died left: it is bounded, and after a repair
 * the VMs that are there get turns. */
static void test_garbage(void)
{
    GpuvmCore *c = core_new(GPUVM_CORE_FAIR);
    GRand *r = g_rand_new_with_seed(12);
    unsigned round, i, k;

    for (round = 0; round < 300; round++) {
        uint64_t now = (uint64_t)g_rand_int(r) * MS;
        GpuvmCoreShare share;
        uint8_t *p = (uint8_t *)c;

        for (i = 0; i < 500; i++) {
            p[g_rand_int_range(r, 0, sizeof(*c))] = g_rand_int(r);
        }
        for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
            c->vm[i].state = g_rand_int_range(r, 0, 7);
        }
        c->turn.slot = g_rand_int_range(r, 0, 70);
        for (k = 0; k < 50; k++) {
            gpuvm_core_share(c, k, now, &share);
            gpuvm_core_busy_ns(c);
            random_op(c, r, &now);
        }
        gpuvm_core_repair(c, now);
        for (k = 0; k < 200; k++) {
            CU_ASSERT_TRUE_FATAL(random_op(c, r, &now));
        }
        gpuvm_core_init(c, round % GPUVM_CORE_POLICIES, 0);
    }
    g_rand_free(r);
    g_free(c);
}

/* ---- a back end with a virtual clock --------------------------------------------------- */

/* Each change is refused once before it goes through; who waits is at that
 * time at once. */
typedef struct Virtual {
    GpuvmCore *core, *copy;
    uint64_t now;
    unsigned commits, waits, wakes, stuck;
    uint32_t woken;
} Virtual;

static GpuvmCore *virtual_begin(void *opaque)
{
    Virtual *v = opaque;

    *v->copy = *v->core;
    return v->copy;
}

static bool virtual_commit(void *opaque)
{
    Virtual *v = opaque;

    if (v->commits++ % 2 == 0) {
        return false;
    }
    *v->core = *v->copy;
    return true;
}

static const GpuvmCore *virtual_peek(void *opaque)
{
    return ((Virtual *)opaque)->core;
}

static void virtual_done(void *opaque)
{
}

static uint64_t virtual_now(void *opaque)
{
    return ((Virtual *)opaque)->now;
}

static uint32_t virtual_ticket(void *opaque, uint32_t slot)
{
    return 0;
}

static void virtual_wait(void *opaque, uint32_t slot, uint32_t ticket,
                         uint64_t until_ns)
{
    Virtual *v = opaque;

    v->waits++;
    if (until_ns == GPUVM_CORE_NEVER) {
        v->stuck++;
        v->now += 1000 * MS;
    } else {
        v->now = MAX(v->now, until_ns);
    }
}

static void virtual_wake(void *opaque, uint32_t slot, uint32_t owner)
{
    Virtual *v = opaque;

    v->wakes++;
    v->woken = slot;
}

static const GpuvmSchedBackend virtual_backend = {
    .begin = virtual_begin,
    .commit = virtual_commit,
    .peek = virtual_peek,
    .done = virtual_done,
    .now = virtual_now,
    .ticket = virtual_ticket,
    .wait = virtual_wait,
    .wake = virtual_wake,
    .free = virtual_done,
};

static void test_backend(void)
{
    Virtual v = { .core = core_new(GPUVM_CORE_FAIR),
                  .copy = core_new(GPUVM_CORE_FAIR) };
    GpuvmSched *s = gpuvm_sched_new_on(&virtual_backend, &v);
    GpuvmSchedVm *a = gpuvm_sched_join(s, 100, 20);
    GpuvmSchedVm *b = gpuvm_sched_join(s, 100, 0);
    GpuvmSchedLook look;
    GpuvmCoreShare share;
    bool cancel = true;

    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, NULL));
    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, NULL));    /* has it already */
    look = gpuvm_sched_look(s, a);
    CU_ASSERT_TRUE(look.held && !look.contended);
    CU_ASSERT_EQUAL(look.yield_ns, GPUVM_CORE_NEVER);
    CU_ASSERT_FALSE(gpuvm_sched_acquire(s, b, &cancel));
    look = gpuvm_sched_look(s, a);
    CU_ASSERT_TRUE(look.held && look.contended);
    CU_ASSERT_EQUAL(look.yield_ns, GPUVM_CORE_QUANTUM_DEFAULT);
    CU_ASSERT_FALSE(gpuvm_sched_look(s, b).held);
    gpuvm_sched_withdraw(s, b);
    v.now = 1 * MS;
    gpuvm_sched_release(s, a, 1 * MS, false);
    CU_ASSERT_EQUAL(v.waits, 0);
    /* its cap lets it run at 5 ms: a wait with an end */
    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, NULL));
    CU_ASSERT_EQUAL(v.now, 5 * MS);
    CU_ASSERT_EQUAL(v.waits, 1);
    CU_ASSERT_EQUAL(v.stuck, 0);
    gpuvm_sched_release(s, a, 0, false);
    gpuvm_sched_share(s, a, &share);
    CU_ASSERT_EQUAL(share.turns, 2);
    CU_ASSERT_EQUAL(share.used_ns, 1 * MS);
    CU_ASSERT_EQUAL(share.wait_ns, 4 * MS);
    CU_ASSERT_EQUAL(gpuvm_sched_busy_ns(s), 1 * MS);
    /* who releases wakes whoever is next */
    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, NULL));
    gpuvm_core_arrive(v.core, 1, v.now);
    v.wakes = 0;
    gpuvm_sched_release(s, a, 0, false);
    CU_ASSERT_EQUAL(v.wakes, 1);
    CU_ASSERT_EQUAL(v.woken, 1);
    gpuvm_sched_leave(s, a);
    gpuvm_sched_leave(s, b);
    gpuvm_sched_free(s);
    g_free(v.core);
    g_free(v.copy);
}

/* ---- threads --------------------------------------------------------------------------------- */

/* A cap in real time: 25 percent, so 2 ms of use take 8 ms. */
static void test_timed_wait(void)
{
    GpuvmSched *s = gpuvm_sched_new("fair", NULL);
    GpuvmSchedVm *a = gpuvm_sched_join(s, 100, 25);
    int64_t start = g_get_monotonic_time();
    unsigned i;

    for (i = 0; i < 6; i++) {
        CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, NULL));
        gpuvm_sched_release(s, a, 2 * MS, i & 1);
    }
    start = g_get_monotonic_time() - start;
    CU_ASSERT_TRUE(start >= 40000);
    CU_ASSERT_TRUE(start < 2000000);
    gpuvm_sched_leave(s, a);
    gpuvm_sched_free(s);
}

typedef struct Waiter {
    GpuvmSched *s;
    GpuvmSchedVm *vm;
    bool cancel;
    _Atomic int got;            /* -1 waits, 0 cancelled, 1 has had it */
    _Atomic unsigned *order;
    unsigned place;
    GThread *thread;
} Waiter;

static void *wait_turn(void *arg)
{
    Waiter *w = arg;
    bool got = gpuvm_sched_acquire(w->s, w->vm, &w->cancel);

    if (got) {
        w->place = atomic_fetch_add(w->order, 1);
        gpuvm_sched_release(w->s, w->vm, 1, false);
    }
    w->got = got;
    return NULL;
}

static bool contended(void *arg)
{
    return gpuvm_sched_contended(arg);
}

/* Cancelled and alone: it still counts as waiting, until it withdraws. */
static void test_withdraw(void)
{
    GpuvmSched *s = gpuvm_sched_new("fifo", NULL);
    GpuvmSchedVm *a = gpuvm_sched_join(s, 100, 0), *b = gpuvm_sched_join(s, 100, 0);
    bool cancel = true;

    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, NULL));
    CU_ASSERT_FALSE(gpuvm_sched_contended(s));
    CU_ASSERT_FALSE(gpuvm_sched_acquire(s, b, &cancel));
    CU_ASSERT_TRUE(gpuvm_sched_contended(s));
    gpuvm_sched_withdraw(s, b);
    CU_ASSERT_FALSE(gpuvm_sched_contended(s));
    gpuvm_sched_leave(s, a);
    gpuvm_sched_leave(s, b);
    gpuvm_sched_free(s);
}

static void test_order_and_cancel(void)
{
    GpuvmSched *s = gpuvm_sched_new("fifo", NULL);
    GpuvmSchedVm *holder = gpuvm_sched_join(s, 100, 0);
    _Atomic unsigned order = 0;
    GpuvmCoreShare share;
    Waiter w[4];
    unsigned i;

    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, holder, NULL));
    CU_ASSERT_FALSE(gpuvm_sched_contended(s));
    for (i = 0; i < 4; i++) {
        w[i] = (Waiter) { .s = s, .vm = gpuvm_sched_join(s, 100, 0), .got = -1,
                          .order = &order };
        w[i].thread = g_thread_new("waiter", wait_turn, &w[i]);
        CU_ASSERT_TRUE(test_wait(contended, s, 2000));
        g_usleep(20000);        /* it has arrived before the next starts */
    }
    __atomic_store_n(&w[1].cancel, true, __ATOMIC_RELEASE);
    gpuvm_sched_wake(s, w[1].vm);
    g_thread_join(w[1].thread);
    CU_ASSERT_EQUAL(w[1].got, 0);
    CU_ASSERT_EQUAL(w[0].got, -1);
    CU_ASSERT_TRUE(gpuvm_sched_contended(s));
    /* it comes back and still has its place: before 2 and 3 */
    w[1].cancel = false;
    w[1].got = -1;
    w[1].thread = g_thread_new("waiter", wait_turn, &w[1]);
    g_usleep(20000);
    gpuvm_sched_release(s, holder, 10, false);
    for (i = 0; i < 4; i++) {
        g_thread_join(w[i].thread);
        CU_ASSERT_EQUAL(w[i].got, 1);
        CU_ASSERT_EQUAL(w[i].place, i);
        gpuvm_sched_share(s, w[i].vm, &share);
        CU_ASSERT_TRUE(share.wait_ns >= 20 * MS);
        gpuvm_sched_leave(s, w[i].vm);
    }
    gpuvm_sched_leave(s, holder);
    gpuvm_sched_free(s);
}

/* Many threads, one turn: never two inside, everyone gets through. */
static _Atomic int inside;
static _Atomic unsigned overlaps;

static void *take_turns(void *arg)
{
    Waiter *w = arg;
    unsigned i;

    for (i = 0; i < 500; i++) {
        gpuvm_sched_acquire(w->s, w->vm, NULL);
        if (atomic_fetch_add(&inside, 1)) {
            overlaps++;
        }
        atomic_fetch_sub(&inside, 1);
        gpuvm_sched_release(w->s, w->vm, 1000, i & 1);
    }
    return NULL;
}

static void test_exclusion(void)
{
    GpuvmSched *s = gpuvm_sched_new("fair", NULL);
    GpuvmCoreShare share;
    Waiter w[6];
    unsigned i;

    for (i = 0; i < 6; i++) {
        w[i] = (Waiter) { .s = s, .vm = gpuvm_sched_join(s, 100, 0) };
        w[i].thread = g_thread_new("turns", take_turns, &w[i]);
    }
    for (i = 0; i < 6; i++) {
        g_thread_join(w[i].thread);
        gpuvm_sched_share(s, w[i].vm, &share);
        CU_ASSERT_EQUAL(share.turns, 500);
        gpuvm_sched_leave(s, w[i].vm);
    }
    CU_ASSERT_EQUAL(overlaps, 0);
    CU_ASSERT_EQUAL(gpuvm_sched_busy_ns(s), 6 * 500 * 1000);
    gpuvm_sched_free(s);
}

static CU_TestInfo tests[] = {
    { "policy names", test_names },
    { "parameters", test_params },
    { "sums", test_sums },
    { "credit is bounded, debt is not forgiven", test_credit },
    { "caps", test_cap },
    { "waiting for one that is due", test_pause },
    { "every slot taken", test_full },
    { "revoked turns", test_revoke },
    { "away", test_away },
    { "when to preempt", test_yield },
    { "shares", test_shares },
    { "random steps", test_random },
    { "garbage in the core", test_garbage },
    { "a back end that refuses changes", test_backend },
    { "a timed wait", test_timed_wait },
    { "withdrawing", test_withdraw },
    { "order and cancelling", test_order_and_cancel },
    { "exclusion", test_exclusion },
    CU_TEST_INFO_NULL
};

CU_SuiteInfo unit_suites[] = {
    { .pName = "sched", .pTests = tests },
    CU_SUITE_INFO_NULL
};
