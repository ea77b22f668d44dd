/*
 * Policies on a virtual clock, against the ideal (sched_sim.h).
 *
 * `fair` is held to figures on every mix.  `band` is at least as fair as
 * `credit`, and that as `fifo`; a mix where it is not says why, and the test
 * fails too when the reason no longer applies.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <math.h>
#include <stdio.h>

#include "sched_sim.h"

/* Reports the mix, and what was wrong, beside CUnit's line. */
#define CHECK(mix, cond) \
    do { \
        bool ok_ = (cond); \
        if (!ok_) { \
            printf("\n    %s: not %s", (mix)->name, #cond); \
        } \
        CU_ASSERT_TRUE(ok_); \
    } while (0)

/* By policy; a mix runs under each of them once. */
static SimResult results[64][GPUVM_CORE_POLICIES];

static int run_all(void)
{
    unsigned m, p;

    for (m = 0; sim_mixes[m].name; m++) {
        g_assert(m < G_N_ELEMENTS(results));
        for (p = 0; p < GPUVM_CORE_POLICIES; p++) {
            sim_run(&sim_mixes[m], p, &results[m][p]);
        }
    }
    return 0;
}

/* The ideal itself: shares that can be worked out by hand. */
static void test_ideal(void)
{
    static const struct {
        SimMix mix;
        double ideal[3];
    } known[] = {
        { { "weights", 0, 4, { { SIM_BACKLOG, 1000, .weight = 300 },
                               { SIM_BACKLOG, 1000 }, { SIM_END } } },
          { 75, 25 } },
        { { "a cap's rest", 0, 4, { { SIM_BACKLOG, 1000, .cap = 20 },
                                    { SIM_BACKLOG, 1000, .weight = 300 },
                                    { SIM_BACKLOG, 1000 }, { SIM_END } } },
          { 20, 60, 20 } },
        { { "little demand", 0, 4, { { SIM_PERIODIC, 1000, 10000 },
                                     { SIM_BACKLOG, 5000, .count = 2 },
                                     { SIM_END } } },
          { 10, 45, 45 } },
        { { "one at a time", 0, 4, { { SIM_SINGLE, 1000, 4000 },
                                     { SIM_BACKLOG, 5000 }, { SIM_END } } },
          { 20, 80 } },
        { { "half of the time", 0, 4,
            { { SIM_BACKLOG, 1000, .on_ms = 500, .off_ms = 500 },
              { SIM_BACKLOG, 5000 }, { SIM_END } } },
          { 25, 75 } },
    };
    unsigned m, i;

    for (m = 0; m < G_N_ELEMENTS(known); m++) {
        SimResult r;

        sim_run(&known[m].mix, GPUVM_CORE_FAIR, &r);
        for (i = 0; i < r.n; i++) {
            CHECK(&known[m].mix,
                  fabs(r.one[i].ideal - known[m].ideal[i]) < 0.01);
        }
    }
}

static void test_fair(void)
{
    unsigned m, i;

    for (m = 0; sim_mixes[m].name; m++) {
        const SimMix *mix = &sim_mixes[m];
        const SimResult *r = &results[m][GPUVM_CORE_FAIR];

        CHECK(mix, r->worst <= 1 + r->kernel_points);
        CHECK(mix, r->jain >= 0.99);
        CHECK(mix, r->busy >= 0.94 * r->ideal_busy);
        CHECK(mix, r->wait_p99_ms <= r->kernel_points * 10 + 1);
        for (i = 0; i < r->n; i++) {
            CHECK(mix, r->one[i].least > 0);
        }
    }
}

/* Under every policy: caps hold, and the sums are the GPU's. */
static void test_caps_and_sums(void)
{
    unsigned m, p, i;

    for (m = 0; sim_mixes[m].name; m++) {
        for (p = 0; p < GPUVM_CORE_POLICIES; p++) {
            const SimResult *r = &results[m][p];

            CHECK(&sim_mixes[m], r->sum_error == 0);
            CHECK(&sim_mixes[m], r->busy <= 100.001);
            for (i = 0; i < r->n; i++) {
                CHECK(&sim_mixes[m], r->one[i].over_cap <= r->kernel_points);
            }
        }
    }
}

/* @a is at least as fair as @b: no worse by more than a kernel and half a
 * point in its worst second, nor by a hundredth in Jain's index. */
static bool as_fair(const SimResult *a, const SimResult *b)
{
    return a->worst <= b->worst + a->kernel_points + 0.5 &&
           a->jain >= b->jain - 0.01;
}

static void compare(const SimMix *mix, const SimResult *a, const SimResult *b,
                    const char *who, const char *why)
{
    bool ok = as_fair(a, b);

    if (why) {
        printf("\n    %s: %s, since %s", mix->name, who, why);
    }
    if (ok != !why) {
        printf("\n    %s: %s: worst %.2f against %.2f, Jain %.4f against "
               "%.4f", mix->name, who, a->worst, b->worst, a->jain, b->jain);
    }
    CU_ASSERT_EQUAL(ok, !why);
}

static void test_order(void)
{
    unsigned m;

    for (m = 0; sim_mixes[m].name; m++) {
        const SimMix *mix = &sim_mixes[m];
        const SimResult *r = results[m];

        compare(mix, &r[GPUVM_CORE_BAND], &r[GPUVM_CORE_CREDIT],
                "band is less fair than credit", mix->why_band);
        compare(mix, &r[GPUVM_CORE_CREDIT], &r[GPUVM_CORE_FIFO],
                "credit is less fair than fifo", mix->why_credit);
        compare(mix, &r[GPUVM_CORE_FAIR], &r[GPUVM_CORE_BAND],
                "fair is less fair than band", NULL);
    }
}

/*
 * A kernel that never ends (longer than the run) in the first VM: the others
 * keep 95 % of their part, over the run and in each second.  Not under fifo,
 * whose shares follow from the lengths of turns: there nobody gets nothing.
 */
static void test_endless(void)
{
    static const SimMix mixes[] = {
        { "endless against 5 ms", 10000, 20,
          { { SIM_BACKLOG, 1000000000 }, { SIM_BACKLOG, 5000 },
            { SIM_END } } },
        { "endless of weight 300 against 1 ms", 10000, 20,
          { { SIM_BACKLOG, 1000000000, .weight = 300 },
            { SIM_BACKLOG, 1000 }, { SIM_END } } },
        { "endless against two and one at a time", 10000, 20,
          { { SIM_BACKLOG, 1000000000 }, { SIM_BACKLOG, 2000, .count = 2 },
            { SIM_SINGLE, 5000, 50 }, { SIM_END } } },
        { "two endless against a periodic one", 10000, 20,
          { { SIM_BACKLOG, 1000000000, .count = 2 },
            { SIM_PERIODIC, 2000, 20000 }, { SIM_END } } },
    };
    unsigned m, p, i;

    for (m = 0; m < G_N_ELEMENTS(mixes); m++) {
        for (p = 0; p < GPUVM_CORE_POLICIES; p++) {
            SimResult r;

            sim_run(&mixes[m], p, &r);
            for (i = 0; i < r.n; i++) {
                const SimOne *o = &r.one[i];

                CHECK(&mixes[m], o->share > 0);
                if (o->is->kernel_us == 1000000000 || p == GPUVM_CORE_FIFO) {
                    continue;
                }
                CHECK(&mixes[m], o->share >= 0.95 * o->ideal);
                if (p == GPUVM_CORE_FAIR) {
                    CHECK(&mixes[m], o->worst >= -0.05 * o->ideal - 1);
                }
            }
        }
    }
}

/* The same again gives the same: no clock but the simulator's. */
static void test_repeat(void)
{
    SimResult r;

    sim_run(&sim_mixes[2], GPUVM_CORE_BAND, &r);
    CU_ASSERT_EQUAL(r.worst, results[2][GPUVM_CORE_BAND].worst);
    CU_ASSERT_EQUAL(r.turns, results[2][GPUVM_CORE_BAND].turns);
}

static CU_TestInfo tests[] = {
    { "the ideal", test_ideal },
    { "fair, on every mix", test_fair },
    { "caps and sums, every policy", test_caps_and_sums },
    { "band, credit, fifo", test_order },
    { "a kernel that never ends", test_endless },
    { "the same again", test_repeat },
    CU_TEST_INFO_NULL
};

CU_SuiteInfo unit_suites[] = {
    { .pName = "policy", .pInitFunc = run_all, .pTests = tests },
    CU_SUITE_INFO_NULL
};
