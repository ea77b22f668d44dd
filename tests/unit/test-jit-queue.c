/*
 * The code cache of the JIT: what is charged, the bytes that it may keep,
 * programs that are too long, a VM that leaves while its requests wait, and
 * that no code can be written where it is run.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "soft/isa/isa.h"
#include "soft/jit/queue.h"

#define KIND JIT_KIND_ROW

/* mov32i $r(i % 32) NUMBER, @n times, and exit */
static SoftProgram *program(uint32_t number, unsigned n)
{
    g_autofree uint64_t *w = g_new(uint64_t, n + 1);

    for (unsigned i = 0; i < n; i++) {
        w[i] = UINT64_C(0x1800000000001de2) | (uint64_t)(i % 32) << 14 |
               (uint64_t)number << 26;
    }
    w[n] = UINT64_C(0x8000000000001de7);
    return gpuvm_soft_program_from_words((uint32_t *)w, (n + 1) * 2, 0,
                                         0);
}

static void program_free(SoftProgram *p)
{
    gpuvm_soft_program_put(NULL, p);
}

static SoftJit *jit_new(SoftJitMode mode)
{
    char *err = NULL;
    SoftJit *jit = gpuvm_soft_jit_new(mode, &err);

    if (err) {
        g_error("%s", err);
    }
    return jit;
}

static uint64_t count_of(TestHost *th, GpuvmCounterId id)
{
    return gpuvm_counter(&th->host.counters, id);
}

static JitEntry *begin(SoftJit *jit, SoftProgram *p, TestHost *th)
{
    JitEntry *e = gpuvm_jit_entry(jit, p, th ? &th->host : NULL);

    gpuvm_jit_begin(jit, e, KIND, th ? &th->host : NULL);
    return e;
}

/* The line of /proc/self/maps that @at is in; whether any is writable code. */
static bool protection(uintptr_t at, char prot[8], bool *writable_code)
{
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512];
    bool found = false;

    *writable_code = false;
    while (f && fgets(line, sizeof(line), f)) {
        unsigned long first, last;
        char p[8];

        if (sscanf(line, "%lx-%lx %7s", &first, &last, p) == 3) {
            *writable_code |= p[1] == 'w' && p[2] == 'x';
            if (at >= first && at < last) {
                strcpy(prot, p);
                found = true;
            }
        }
    }
    if (f) {
        fclose(f);
    }
    return found;
}

static void test_charged(void)
{
    SoftJit *jit = jit_new(SOFT_JIT_SYNC);
    TestHost *th = test_host_new(0, 0);
    SoftProgram *p = program(1, 20);
    JitEntry *e = begin(jit, p, th);
    JitCode *code = gpuvm_jit_code(e, KIND);
    bool writable_code;
    SoftJitStats s;
    char prot[8];

    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    CU_ASSERT_EQUAL(count_of(th, GPUVM_CNT_JIT_COMPILED), 1);
    CU_ASSERT_TRUE(count_of(th, GPUVM_CNT_JIT_NS) > 0);
    CU_ASSERT_EQUAL(gpuvm_host_take_owed(&th->host),
                    count_of(th, GPUVM_CNT_JIT_NS));
    gpuvm_soft_jit_stats(jit, &s);
    CU_ASSERT_EQUAL(s.unused, 0);
    CU_ASSERT_TRUE(s.bytes > p->count * sizeof(SoftInsn) +
                             gpuvm_jit_memory_bytes(code->memory));
    CU_ASSERT_TRUE(protection((uintptr_t)code->fn, prot, &writable_code));
    CU_ASSERT_EQUAL(strncmp(prot, "r-x", 3), 0);
    CU_ASSERT_FALSE(writable_code);
    program_free(p);
    gpuvm_soft_jit_stats(jit, &s);
    CU_ASSERT_EQUAL(s.unused, s.bytes);
    /* found again by its content, nothing compiled */
    p = program(1, 20);
    CU_ASSERT_PTR_EQUAL(gpuvm_jit_code(begin(jit, p, th), KIND), code);
    CU_ASSERT_EQUAL(count_of(th, GPUVM_CNT_JIT_COMPILED), 1);
    program_free(p);
    gpuvm_soft_jit_free(jit);
    test_host_free(th);
}

static void test_bytes(void)
{
    SoftJit *jit = jit_new(SOFT_JIT_SYNC);
    TestHost *th = test_host_new(0, 0);
    SoftProgram *p[20];
    uint64_t limit;
    SoftJitStats s;
    unsigned i;

    for (i = 0; i < 4; i++) {
        p[i] = program(i, 20);
        begin(jit, p[i], th);
    }
    gpuvm_soft_jit_stats(jit, &s);
    limit = s.bytes;
    gpuvm_jit_limit(jit, limit, limit - 1);
    /* with this much in use nothing more is compiled */
    for (; i < 8; i++) {
        p[i] = program(i, 20);
        begin(jit, p[i], th);
    }
    CU_ASSERT_EQUAL(count_of(th, GPUVM_CNT_JIT_COMPILED), 4);
    CU_ASSERT_EQUAL(count_of(th, GPUVM_CNT_JIT_DROPPED), 4);
    for (i = 0; i < 8; i++) {
        program_free(p[i]);
    }
    /* without users the oldest go */
    for (i = 0; i < 20; i++) {
        p[i] = program(100 + i, 20);
        CU_ASSERT_PTR_NOT_NULL(gpuvm_jit_code(begin(jit, p[i], th), KIND));
        program_free(p[i]);
        gpuvm_soft_jit_stats(jit, &s);
        CU_ASSERT_TRUE(s.unused == s.bytes && s.bytes <= limit);
    }
    gpuvm_soft_jit_free(jit);
    test_host_free(th);
}

static void test_long(void)
{
    SoftJit *jit = jit_new(SOFT_JIT_SYNC);
    TestHost *th = test_host_new(0, 0);
    SoftProgram *p = program(1, JIT_MAX_INSNS + 1);
    JitEntry *e = begin(jit, p, th);
    SoftJitStats s;

    gpuvm_jit_heat(jit, e, KIND, &th->host, 1000, 10);
    gpuvm_jit_no_guesses(jit, e, KIND, &th->host);
    CU_ASSERT_PTR_NULL(gpuvm_jit_code(e, KIND));
    CU_ASSERT_EQUAL(count_of(th, GPUVM_CNT_JIT_REFUSED), 1);
    gpuvm_soft_jit_stats(jit, &s);
    CU_ASSERT_TRUE(s.bytes < 4096);
    program_free(p);
    gpuvm_soft_jit_free(jit);
    test_host_free(th);
}

static bool cond_compiled(void *arg)
{
    return gpuvm_jit_code(arg, KIND) != NULL;
}

/* The VM's memory goes while its requests wait or are being compiled. */
static void test_leave(void)
{
    SoftJit *jit = jit_new(SOFT_JIT_ON);
    TestHost *x = test_host_new(0, 0), *y = test_host_new(0, 0);
    SoftProgram *p[JIT_KIND__COUNT * 3], *q = program(1000, 20);
    SoftJitStats s;
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(p); i++) {
        p[i] = program(i, 1500);
        begin(jit, p[i], x);
    }
    gpuvm_soft_jit_leave(jit, &x->host);
    memset(&x->host, 0xee, sizeof(x->host));
    CU_ASSERT_TRUE(test_wait(cond_compiled, begin(jit, q, y), 60000));
    gpuvm_soft_jit_stats(jit, &s);
    CU_ASSERT_TRUE(s.compiled <= G_N_ELEMENTS(p));     /* some were dropped */
    CU_ASSERT_EQUAL(s.accounts, 1);
    /* what was dropped can be asked for again */
    CU_ASSERT_TRUE(test_wait(cond_compiled,
                             begin(jit, p[G_N_ELEMENTS(p) - 1], y), 60000));
    for (i = 0; i < G_N_ELEMENTS(p); i++) {
        program_free(p[i]);
    }
    program_free(q);
    gpuvm_soft_jit_free(jit);
    memset(&x->host, 0, sizeof(x->host));
    test_host_free(x);
    test_host_free(y);
}

static CU_TestInfo queue_tests[] = {
    { "charged", test_charged },
    { "bytes", test_bytes },
    { "long", test_long },
    { "leave", test_leave },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "jit-queue", NULL, NULL, NULL, NULL, queue_tests },
    CU_SUITE_INFO_NULL,
};
