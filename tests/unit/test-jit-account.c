/*
 * Accounts of the compiling thread: whose request is next, what is charged,
 * and VMs that leave while they wait.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include "soft/jit/account.h"

static unsigned dropped;

static void count_drop(void *opaque, void *job)
{
    dropped++;
}

static uint64_t count_of(TestHost *th, GpuvmCounterId id)
{
    return gpuvm_counter(&th->host.counters, id);
}

static void *job(uintptr_t n)
{
    return (void *)n;
}

static void done(JitAccounts *a, uint64_t ns)
{
    gpuvm_jit_accounts_done(a, &(JitWork) { 10, 0, 4096, ns });
}

/* A VM with a full queue keeps another's one request waiting by one program. */
static void test_order(void)
{
    TestHost *x = test_host_new(0, 0), *y = test_host_new(0, 0);
    JitAccounts *a = gpuvm_jit_accounts_new();
    unsigned i;

    CU_ASSERT_PTR_NULL(gpuvm_jit_accounts_pop(a));
    for (i = 1; i <= JIT_ACCOUNT_MAX; i++) {
        CU_ASSERT_TRUE(gpuvm_jit_accounts_push(a, &x->host, job(i), 10));
    }
    CU_ASSERT_FALSE(gpuvm_jit_accounts_push(a, &x->host, job(99), 10));
    CU_ASSERT_EQUAL(count_of(x, GPUVM_CNT_JIT_DROPPED), 1);
    CU_ASSERT_EQUAL(x->traces[GPUVM_TRACE_JIT_DROPPED], 1);
    CU_ASSERT_PTR_EQUAL(gpuvm_jit_accounts_pop(a), job(1));
    CU_ASSERT_TRUE(gpuvm_jit_accounts_push(a, &y->host, job(101), 10));
    done(a, 1000);
    CU_ASSERT_PTR_EQUAL(gpuvm_jit_accounts_pop(a), job(101));
    done(a, 5000);
    /* in their order, and y's next only when x has used as much */
    CU_ASSERT_TRUE(gpuvm_jit_accounts_push(a, &y->host, job(102), 10));
    for (i = 2; i <= 5; i++) {
        CU_ASSERT_PTR_EQUAL(gpuvm_jit_accounts_pop(a), job(i));
        done(a, 1001);
    }
    CU_ASSERT_PTR_EQUAL(gpuvm_jit_accounts_pop(a), job(102));
    done(a, 1);
    gpuvm_jit_accounts_free(a, count_drop, NULL);
    test_host_free(x);
    test_host_free(y);
}

/* Time without requests saves nothing up. */
static void test_no_credit(void)
{
    TestHost *x = test_host_new(0, 0), *y = test_host_new(0, 0);
    JitAccounts *a = gpuvm_jit_accounts_new();
    unsigned i, turns = 0;

    for (i = 0; i < 10; i++) {
        gpuvm_jit_accounts_push(a, &x->host, job(1), 10);
        gpuvm_jit_accounts_pop(a);
        done(a, 1000000);
    }
    for (i = 0; i < 8; i++) {
        gpuvm_jit_accounts_push(a, &x->host, job(1), 10);
        gpuvm_jit_accounts_push(a, &y->host, job(2), 10);
    }
    for (i = 0; i < 8; i++) {
        turns += gpuvm_jit_accounts_pop(a) == job(2);
        done(a, 1000);
    }
    CU_ASSERT_EQUAL(turns, 4);
    gpuvm_jit_accounts_free(a, count_drop, NULL);
    test_host_free(x);
    test_host_free(y);
}

static void test_charge(void)
{
    TestHost *x = test_host_new(0, 0);
    JitAccounts *a = gpuvm_jit_accounts_new();

    gpuvm_jit_accounts_push(a, &x->host, job(1), 10);
    gpuvm_jit_accounts_push(a, &x->host, job(2), 10);
    gpuvm_jit_accounts_push(a, NULL, job(3), 10);
    while (gpuvm_jit_accounts_pop(a) != job(2)) {
        done(a, 300);
    }
    gpuvm_jit_accounts_done(a, &(JitWork) { 10, 0, 0, 50 });
    CU_ASSERT_EQUAL(count_of(x, GPUVM_CNT_JIT_COMPILED), 1);
    CU_ASSERT_EQUAL(count_of(x, GPUVM_CNT_JIT_REFUSED), 1);
    CU_ASSERT_EQUAL(count_of(x, GPUVM_CNT_JIT_NS), 350);
    CU_ASSERT_EQUAL(x->traces[GPUVM_TRACE_JIT], 2);
    CU_ASSERT_EQUAL(gpuvm_host_take_owed(&x->host), 350);
    CU_ASSERT_EQUAL(gpuvm_host_take_owed(&x->host), 0);
    gpuvm_jit_accounts_free(a, count_drop, NULL);
    test_host_free(x);
}

static void test_leave(void)
{
    TestHost *x = test_host_new(0, 0), *y = test_host_new(0, 0);
    JitAccounts *a = gpuvm_jit_accounts_new();

    gpuvm_jit_accounts_push(a, &x->host, job(1), 10);
    gpuvm_jit_accounts_push(a, &x->host, job(2), 10);
    gpuvm_jit_accounts_push(a, &y->host, job(3), 10);
    CU_ASSERT_PTR_EQUAL(gpuvm_jit_accounts_pop(a), job(1));
    dropped = 0;
    gpuvm_jit_accounts_leave(a, &x->host, count_drop, NULL);
    CU_ASSERT_EQUAL(dropped, 1);
    /* the same address, another VM: its account is a new one */
    CU_ASSERT_TRUE(gpuvm_jit_accounts_push(a, &x->host, job(4), 10));
    CU_ASSERT_EQUAL(gpuvm_jit_accounts_count(a), 3);
    done(a, 1000);
    CU_ASSERT_EQUAL(gpuvm_jit_accounts_count(a), 2);
    CU_ASSERT_EQUAL(gpuvm_host_take_owed(&x->host), 0);
    gpuvm_jit_accounts_leave(a, &y->host, count_drop, NULL);
    gpuvm_jit_accounts_leave(a, &y->host, count_drop, NULL);
    CU_ASSERT_PTR_EQUAL(gpuvm_jit_accounts_pop(a), job(4));
    done(a, 10);
    CU_ASSERT_EQUAL(gpuvm_host_take_owed(&x->host), 10);
    CU_ASSERT_PTR_NULL(gpuvm_jit_accounts_pop(a));
    gpuvm_jit_accounts_free(a, count_drop, NULL);
    test_host_free(x);
    test_host_free(y);
}

static CU_TestInfo account_tests[] = {
    { "order", test_order },
    { "no-credit", test_no_credit },
    { "charge", test_charge },
    { "leave", test_leave },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "jit-account", NULL, NULL, NULL, NULL, account_tests },
    CU_SUITE_INFO_NULL,
};
