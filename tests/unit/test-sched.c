/*
 * The scheduler: policies on explicit time with named mixes of VMs, against
 * the ideal shares; the turn with threads, cancelling and leaving.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <stdatomic.h>
#include <string.h>

#include "sched/sched.h"

#define MS 1000000ull

/* ---- policies on a virtual clock: the tables of functions themselves -------- */

typedef struct Client {
    uint32_t weight;
    uint64_t submit_ns;     /* GPU time of one submission */
    unsigned share;         /* ideal part of the GPU, per mille */
} Client;

typedef struct Mix {
    const char *name;
    const GpuvmSchedPolicy *policy;
    Client client[4];
} Mix;

/* All clients ask again at once; shares follow from policy and weights. */
static const Mix mixes[] = {
    { "fair, equal weights, long and short submissions", &gpuvm_sched_fair,
      { { 100, 1 * MS, 500 }, { 100, 4 * MS, 500 } } },
    { "fair, weights 3:1", &gpuvm_sched_fair,
      { { 300, 2 * MS, 750 }, { 100, 2 * MS, 250 } } },
    { "fair, weights 1:2:3:4, mixed lengths", &gpuvm_sched_fair,
      { { 100, 1 * MS, 100 }, { 200, 3 * MS, 200 },
        { 300, 2 * MS, 300 }, { 400, 1 * MS, 400 } } },
    { "fair, weights at their ends", &gpuvm_sched_fair,
      { { 1000, 1 * MS, 999 }, { 1, 1 * MS, 1 } } },
    { "fifo shares by length of submission", &gpuvm_sched_fifo,
      { { 100, 1 * MS, 250 }, { 900, 3 * MS, 750 } } },
};

static void run_mix(const Mix *m)
{
    GpuvmSchedVm vm[4], *waiting[4];
    uint64_t now = 0, arrival = 0;
    uint64_t used[4] = { 0 };
    unsigned n = 0, i;

    memset(vm, 0, sizeof(vm));
    while (n < 4 && m->client[n].weight) {
        vm[n].weight = m->client[n].weight;
        vm[n].arrival = ++arrival;
        waiting[n] = &vm[n];
        n++;
    }
    while (now < 20000 * MS) {
        i = m->policy->pick(waiting, n, now);
        CU_ASSERT_FATAL(i < n);
        now += m->client[i].submit_ns;
        used[i] += m->client[i].submit_ns;
        m->policy->charge(&vm[i], m->client[i].submit_ns);
        vm[i].arrival = ++arrival;
    }
    for (i = 0; i < n; i++) {
        int64_t per_mille = used[i] * 1000 / now;

        CU_ASSERT_TRUE(ABS(per_mille - (int64_t)m->client[i].share) <= 2);
    }
}

static void test_mixes(void)
{
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(mixes); i++) {
        run_mix(&mixes[i]);
    }
}

/* ---- the core ------------------------------------------------------------------- */

static void test_names(void)
{
    g_autofree char *err = NULL;
    GpuvmSched *s;

    CU_ASSERT_PTR_NULL(gpuvm_sched_new("lottery", &err));
    CU_ASSERT_PTR_NOT_NULL_FATAL(err);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "lottery"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "fifo"));
    s = gpuvm_sched_new("fifo", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_FALSE(gpuvm_sched_set_policy(s, "lottery"));
    CU_ASSERT_FALSE(gpuvm_sched_set_policy(s, NULL));
    CU_ASSERT_TRUE(gpuvm_sched_set_policy(s, "fair"));
    gpuvm_sched_free(s);
}

static void test_sums(void)
{
    GpuvmSched *s = gpuvm_sched_new("fair", NULL);
    GpuvmSchedVm *a = gpuvm_sched_join(s, 0);
    GpuvmSchedVm *b = gpuvm_sched_join(s, 200000);

    CU_ASSERT_EQUAL(a->weight, 100);
    CU_ASSERT_EQUAL(b->weight, 1000);
    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, 0, NULL));
    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, 5, NULL));    /* held already */
    CU_ASSERT_EQUAL(a->turns, 1);
    gpuvm_sched_release(s, a, 700, 1000);
    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, b, 1000, NULL));
    gpuvm_sched_release(s, b, 300, 1300);
    gpuvm_sched_charge(s, a, 50);
    CU_ASSERT_EQUAL(a->used_ns, 750);
    CU_ASSERT_EQUAL(gpuvm_sched_busy_ns(s), 1050);
    CU_ASSERT_EQUAL(b->used_ns, 300);
    CU_ASSERT_EQUAL(a->used_ns + b->used_ns, gpuvm_sched_busy_ns(s));
    CU_ASSERT_EQUAL(a->vtime, 750);
    CU_ASSERT_EQUAL(b->vtime, 30);
    gpuvm_sched_penalize(s, a, 10);
    CU_ASSERT_EQUAL(a->vtime, 760);
    CU_ASSERT_EQUAL(a->used_ns + b->used_ns, gpuvm_sched_busy_ns(s));
    /* who leaves with the turn gives it back */
    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, b, 1400, NULL));
    gpuvm_sched_leave(s, b);
    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, 1500, NULL));
    gpuvm_sched_leave(s, a);
    gpuvm_sched_free(s);
}

/* A VM that was away does not come back with more than the bounded credit. */
static void test_credit(void)
{
    GpuvmSched *s = gpuvm_sched_new("fair", NULL);
    GpuvmSchedVm *a = gpuvm_sched_join(s, 100), *b = gpuvm_sched_join(s, 100);
    unsigned i;

    for (i = 0; i < 100; i++) {
        gpuvm_sched_acquire(s, a, 0, NULL);
        gpuvm_sched_release(s, a, 10 * MS, 0);
    }
    gpuvm_sched_acquire(s, b, 0, NULL);
    CU_ASSERT_EQUAL(b->vtime, 990 * MS - GPUVM_SCHED_CREDIT_NS);
    gpuvm_sched_release(s, b, 1, 0);
    /* debt stays: a is at 1000 ms */
    gpuvm_sched_acquire(s, a, 0, NULL);
    CU_ASSERT_EQUAL(a->vtime, 1000 * MS);
    gpuvm_sched_leave(s, a);
    gpuvm_sched_leave(s, b);
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
    bool got = gpuvm_sched_acquire(w->s, w->vm, 0, &w->cancel);

    if (got) {
        w->place = atomic_fetch_add(w->order, 1);
        gpuvm_sched_release(w->s, w->vm, 1, 0);
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
    GpuvmSchedVm *a = gpuvm_sched_join(s, 100), *b = gpuvm_sched_join(s, 100);
    bool cancel = true;

    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, a, 0, NULL));
    CU_ASSERT_FALSE(gpuvm_sched_contended(s));
    CU_ASSERT_FALSE(gpuvm_sched_acquire(s, b, 0, &cancel));
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
    GpuvmSchedVm *holder = gpuvm_sched_join(s, 100);
    _Atomic unsigned order = 0;
    Waiter w[4];
    unsigned i;

    CU_ASSERT_TRUE(gpuvm_sched_acquire(s, holder, 0, NULL));
    CU_ASSERT_FALSE(gpuvm_sched_contended(s));
    for (i = 0; i < 4; i++) {
        w[i] = (Waiter) { .s = s, .vm = gpuvm_sched_join(s, 100), .got = -1,
                          .order = &order };
        w[i].thread = g_thread_new("waiter", wait_turn, &w[i]);
        CU_ASSERT_TRUE(test_wait(contended, s, 2000));
        g_usleep(20000);        /* it has arrived before the next starts */
    }
    __atomic_store_n(&w[1].cancel, true, __ATOMIC_RELEASE);
    gpuvm_sched_wake(s);
    g_thread_join(w[1].thread);
    CU_ASSERT_EQUAL(w[1].got, 0);
    CU_ASSERT_EQUAL(w[0].got, -1);
    CU_ASSERT_TRUE(gpuvm_sched_contended(s));
    /* it comes back and still has its place: before 2 and 3 */
    w[1].cancel = false;
    w[1].got = -1;
    w[1].thread = g_thread_new("waiter", wait_turn, &w[1]);
    g_usleep(20000);
    gpuvm_sched_release(s, holder, 10, 10);
    for (i = 0; i < 4; i++) {
        g_thread_join(w[i].thread);
        CU_ASSERT_EQUAL(w[i].got, 1);
        CU_ASSERT_EQUAL(w[i].place, i);
        CU_ASSERT_EQUAL(w[i].vm->wait_ns, 10);
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
        gpuvm_sched_acquire(w->s, w->vm, i, NULL);
        if (atomic_fetch_add(&inside, 1)) {
            overlaps++;
        }
        atomic_fetch_sub(&inside, 1);
        gpuvm_sched_release(w->s, w->vm, 1000, i);
    }
    return NULL;
}

static void test_exclusion(void)
{
    GpuvmSched *s = gpuvm_sched_new("fair", NULL);
    Waiter w[6];
    unsigned i;

    for (i = 0; i < 6; i++) {
        w[i] = (Waiter) { .s = s, .vm = gpuvm_sched_join(s, 100) };
        w[i].thread = g_thread_new("turns", take_turns, &w[i]);
    }
    for (i = 0; i < 6; i++) {
        g_thread_join(w[i].thread);
        CU_ASSERT_EQUAL(w[i].vm->turns, 500);
        gpuvm_sched_leave(s, w[i].vm);
    }
    CU_ASSERT_EQUAL(overlaps, 0);
    CU_ASSERT_EQUAL(gpuvm_sched_busy_ns(s), 6 * 500 * 1000);
    gpuvm_sched_free(s);
}

static CU_TestInfo tests[] = {
    { "mixes against their ideal", test_mixes },
    { "policy names", test_names },
    { "sums", test_sums },
    { "bounded credit", test_credit },
    { "order and cancel", test_order_and_cancel },
    { "cancelled, withdrawn", test_withdraw },
    { "exclusion", test_exclusion },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "sched", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
