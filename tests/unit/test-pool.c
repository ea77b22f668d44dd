/*
 * The worker pool with real kernels: results over many CTAs and threads,
 * barriers, shared and global atomics, faults, refused launches, aborts,
 * several grids at once.  With GPUVM_TEST_ENGINE=sync all of it by code that the
 * JIT makes at a program's first launch; a last test then sees that it did.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include <string.h>

#include "harness.h"
#include "sm20_words.h"
#include "soft/compute.h"
#include "soft/jit/jit.h"
#include "soft/soft.h"

#define VRAM     (8u << 20)
#define CODE_AT  0x0u           /* offsets in the slice */
#define CB_AT    0x10000u
#define A_AT     0x100000u
#define B_AT     0x200000u
#define C_AT     0x300000u
#define ABORT_MS 200            /* what an abort may take; the aim is 10 */

typedef struct Bench {
    TestHost *th;
    SoftBench b;
    SoftPool *pool;
    SoftJit *jit;               /* NULL: the interpreter */
    uint8_t *mem;
} Bench;

static uint64_t compiled;       /* programs, in all tests */

typedef struct Done {
    GMutex lock;
    GCond cond;
    unsigned count;
    unsigned held;              /* times that held() came */
    bool faulted;
    GpuvmFault fault;
    uint64_t ctas;
} Done;

static bool by_jit(void)
{
    return !g_strcmp0(g_getenv("GPUVM_TEST_ENGINE"), "sync");
}

static Bench *bench_new(unsigned threads)
{
    Bench *t = g_new0(Bench, 1);
    char *err = NULL;

    t->th = test_host_new(0, 0);
    g_assert(gpuvm_soft_bench_open(&t->b, &t->th->host, VRAM, 1) == 0);
    t->pool = gpuvm_soft_pool_new(gpuvm_soft_gpu(t->b.gpu), threads,
                                  false);
    if (by_jit()) {
        t->jit = gpuvm_soft_jit_new(SOFT_JIT_SYNC, &err);
        if (err) {
            g_error("%s", err);
        }
        gpuvm_soft_pool_set_jit(t->pool, t->jit);
    }
    t->mem = t->b.slice.map;
    return t;
}

static void bench_free(Bench *t)
{
    SoftJitStats s;

    if (t->pool && t->jit) {
        gpuvm_soft_jit_stats(t->jit, &s);
        compiled += s.compiled;
    }
    gpuvm_soft_pool_free(t->pool);
    gpuvm_soft_bench_close(&t->b);
    test_host_free(t->th);
    g_free(t);
}

static void on_done(void *opaque, const GpuvmFault *fault, uint64_t ctas)
{
    Done *d = opaque;

    g_mutex_lock(&d->lock);
    d->count++;
    d->ctas = ctas;
    d->faulted = fault != NULL;
    if (fault) {
        d->fault = *fault;
    }
    g_cond_broadcast(&d->cond);
    g_mutex_unlock(&d->lock);
}

/* Milliseconds it took, or -1 after @ms. */
static int wait_done(Done *d, unsigned ms)
{
    gint64 start = g_get_monotonic_time(), end = start + ms * 1000;
    bool ok = true;

    g_mutex_lock(&d->lock);
    while (!d->count && ok) {
        ok = g_cond_wait_until(&d->cond, &d->lock, end);
    }
    ok = d->count == 1;
    g_mutex_unlock(&d->lock);
    return ok ? (int)((g_get_monotonic_time() - start) / 1000) : -1;
}

/* Kernel @n of a slice's code area; arguments in c0. */
static SoftLaunch kernel(Bench *t, unsigned n, const uint64_t *code,
                         unsigned len, const void *args, unsigned args_len,
                         Done *done)
{
    SoftLaunch l = {
        .as = t->b.as, .code_va = t->b.va + CODE_AT, .entry = n * 0x1000,
        .grid = { 1, 1, 1 }, .block = { 32, 1, 1 }, .gprs = 32,
        .done = on_done, .opaque = done,
    };

    memset(done, 0, sizeof(*done));
    memcpy(t->mem + CODE_AT + n * 0x1000, code, len);
    memcpy(t->mem + CB_AT + n * 0x1000, args, args_len);
    l.cb[0] = (SoftCb){ t->b.va + CB_AT + n * 0x1000, 0x1000 };
    return l;
}

typedef struct Args {
    uint64_t a, b, c;
    uint32_t n;
} Args;

/* r6:r7 = c0[@ofs] (64 bits) + r4; uses $c */
#define ADDR(lo, ofs)                                                         \
    k_movc(lo, ofs), k_movc((lo) + 1, (ofs) + 4),                             \
    k_iadd_cc(lo, lo, 4), k_iadd_x((lo) + 1, (lo) + 1, RZ)

/* c[i] = a[i] + b[i] for i < n */
static const uint64_t *vecadd(unsigned *len)
{
    static uint64_t k[32];
    const uint64_t code[] = {
        k_s2r(0, SR_CTAX), k_s2r(1, SR_TIDX), k_s2r(2, SR_NTIDX),
        k_imad(0, 0, 2, 1),
        k_movc(3, 24), k_isetp(0, CC_GE, 0, 3), k_pred(k_exit(), 0),
        k_shli(4, 0, 2),
        ADDR(6, 0), k_ld_g(T_B32, 10, 6, 0),
        ADDR(6, 8), k_ld_g(T_B32, 11, 6, 0),
        k_iadd(10, 10, 11),
        ADDR(6, 16), k_st_g(T_B32, 10, 6, 0),
        k_exit(),
    };

    memcpy(k, code, sizeof(code));
    *len = sizeof(code);
    return k;
}

static SoftLaunch vecadd_launch(Bench *t, unsigned n_kernel, uint32_t n,
                                uint32_t a, uint32_t b, uint32_t c,
                                Done *done)
{
    Args args = { t->b.va + a, t->b.va + b, t->b.va + c, n };
    unsigned len;
    const uint64_t *code = vecadd(&len);
    SoftLaunch l = kernel(t, n_kernel, code, len, &args, sizeof(args), done);

    l.block[0] = 96;
    l.grid[0] = (n + 95) / 96;
    return l;
}

static void fill(Bench *t, uint32_t at, uint32_t n, uint32_t seed)
{
    uint32_t *p = (uint32_t *)(t->mem + at);

    for (uint32_t i = 0; i < n; i++) {
        p[i] = seed = seed * 1664525u + 1013904223u;
    }
}

static void check_vecadd(Bench *t, uint32_t n, uint32_t a, uint32_t b,
                         uint32_t c, uint32_t behind)
{
    const uint32_t *pa = (uint32_t *)(t->mem + a);
    const uint32_t *pb = (uint32_t *)(t->mem + b);
    const uint32_t *pc = (uint32_t *)(t->mem + c);
    uint32_t bad = 0;

    for (uint32_t i = 0; i < n; i++) {
        bad += pc[i] != pa[i] + pb[i];
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(pc[n], behind);
}

static void test_vecadd(void)
{
    const unsigned threads[] = { 1, 2, 5 };

    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++) {
        Bench *t = bench_new(threads[i]);
        const uint32_t n = 40001;
        SoftLaunch l;
        Done d;

        fill(t, A_AT, n, 1);
        fill(t, B_AT, n, 2);
        memset(t->mem + C_AT, 0x77, n * 4 + 4);
        l = vecadd_launch(t, 0, n, A_AT, B_AT, C_AT, &d);
        CU_ASSERT_EQUAL(gpuvm_soft_pool_threads(t->pool), threads[i]);
        gpuvm_soft_pool_launch(t->pool, &l);
        CU_ASSERT(wait_done(&d, 10000) >= 0);
        CU_ASSERT_FALSE(d.faulted);
        CU_ASSERT_EQUAL(d.ctas, (n + 95) / 96);
        check_vecadd(t, n, A_AT, B_AT, C_AT, 0x77777777);
        CU_ASSERT_EQUAL(gpuvm_counter(&t->th->host.counters,
                                      GPUVM_CNT_LAUNCHES), 1);
        CU_ASSERT_EQUAL(gpuvm_counter(&t->th->host.counters, GPUVM_CNT_CTAS),
                        (n + 95) / 96);
        CU_ASSERT_EQUAL(t->th->traces[GPUVM_TRACE_LAUNCH], 1);
        CU_ASSERT_EQUAL(t->th->traces[GPUVM_TRACE_GRID_DONE], 1);
        bench_free(t);
    }
}

/* C = A * B, 64 x 64 floats, 16 x 16 tiles through shared memory. */
static void test_matmul(void)
{
    enum { N = 64, T = 16, SB = T * T * 4 };
    /* r0 tx r1 ty r2 row r3 col r12 sum r13 tile r14 4*(ty*16+tx) */
    const uint64_t code[] = {
        /* 0 */ k_s2r(0, SR_TIDX), k_s2r(1, SR_TIDY),
        /* 2 */ k_s2r(2, SR_CTAY), k_s2r(3, SR_CTAX),
        /* 4 */ k_mov32i(5, T), k_imad(2, 2, 5, 1), k_imad(3, 3, 5, 0),
        /* 7 */ k_imad(14, 1, 5, 0), k_shli(14, 14, 2),
        /* 9 */ k_mov32i(12, 0), k_mov32i(13, 0), k_mov32i(15, N),
        /* 12: loop: s[14] = A[row * N + tile * 16 + tx] */
        k_imad(16, 13, 5, 0), k_imad(16, 2, 15, 16), k_shli(4, 16, 2),
        /* 15 */ ADDR(6, 0), k_ld_g(T_B32, 10, 6, 0),
        /* 20 */ k_st_s(T_B32, 10, 14, 0),
        /* 21: s[SB + 14] = B[(tile * 16 + ty) * N + col] */
        k_imad(16, 13, 5, 1), k_imad(16, 16, 15, 3), k_shli(4, 16, 2),
        /* 24 */ ADDR(6, 8), k_ld_g(T_B32, 10, 6, 0),
        /* 29 */ k_st_s(T_B32, 10, 14, SB),
        /* 30 */ k_bar(0, 0),
        /* 31 */ k_mov32i(17, 0),
        /* 32: r18 = 64 * ty, r19 = 4 * tx */
        k_shli(18, 1, 6), k_shli(19, 0, 2),
        /* 34: inner */
        k_ld_s(T_B32, 20, 18, 0), k_ld_s(T_B32, 21, 19, SB),
        /* 36 */ k_ffma(12, 20, 21, 12),
        /* 37 */ k_iaddi(18, 18, 4), k_iaddi(19, 19, 64),
        /* 39 */ k_iaddi(17, 17, 1), k_isetpi(0, CC_LT, 17, T),
        /* 41 */ k_pred(k_bra(41, 34), 0),
        /* 42 */ k_bar(0, 0),
        /* 43 */ k_iaddi(13, 13, 1), k_isetpi(0, CC_LT, 13, N / T),
        /* 45 */ k_pred(k_bra(45, 12), 0),
        /* 46 */ k_imad(16, 2, 15, 3), k_shli(4, 16, 2),
        /* 48 */ ADDR(6, 16), k_st_g(T_B32, 12, 6, 0),
        /* 53 */ k_exit(),
    };
    Bench *t = bench_new(2);
    Args args = { t->b.va + A_AT, t->b.va + B_AT, t->b.va + C_AT, 0 };
    float *a = (float *)(t->mem + A_AT), *b = (float *)(t->mem + B_AT);
    float *c = (float *)(t->mem + C_AT);
    unsigned bad = 0;
    SoftLaunch l;
    Done d;

    for (unsigned i = 0; i < N * N; i++) {
        a[i] = (float)(i * 37 % 101) / 7.0f - 5.0f;
        b[i] = (float)(i * 53 % 97) / 3.0f - 11.0f;
    }
    l = kernel(t, 0, code, sizeof(code), &args, sizeof(args), &d);
    l.grid[0] = l.grid[1] = N / T;
    l.block[0] = l.block[1] = T;
    l.shared_size = 2 * SB;
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 10000) >= 0);
    CU_ASSERT_FALSE(d.faulted);
    for (unsigned y = 0; y < N; y++) {
        for (unsigned x = 0; x < N; x++) {
            float sum = 0;

            for (unsigned k = 0; k < N; k++) {
                sum = fmaf(a[y * N + k], b[k * N + x], sum);
            }
            bad += memcmp(&sum, &c[y * N + x], 4) != 0;
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    bench_free(t);
}

/* Each thread adds to one of four words of s[] with lock loops; after a
 * barrier thread 0..3 add those to memory.  Sums are known in closed form. */
static void test_reduction(void)
{
    enum { BLOCK = 250, CTAS = 61 };
    const uint64_t code[] = {
        /* 0 */ k_s2r(0, SR_TIDX), k_s2r(1, SR_CTAX), k_mov32i(2, BLOCK),
        /* 3 */ k_imad(3, 1, 2, 0),             /* global index */
        /* 4 */ k_mov32i(5, 3), k_w(0x68000000, 3) | k_regs(6, 0, 5, 0),
        /* 6 */ k_shli(6, 6, 2),                /* 4 * (tid & 3) */
        /* 7 */ k_joinat(7, 12),
        /* 8 */ k_ld_lock(0, 7, 6, 0x10),
        /* 9 */ k_pred(k_iadd(8, 7, 3), 0),
        /* 10 */ k_pred(k_st_unlock(8, 6, 0x10), 0),
        /* 11 */ k_pred(k_bra(11, 8), P_NOT(0)) ,
        /* 12 */ k_bar(0, 0),
        /* 13 */ k_isetpi(0, CC_GE, 0, 4), k_pred(k_exit(), 0),
        /* 15 */ k_ld_s(T_B32, 9, 6, 0x10),
        /* 16 */ k_iadd(4, 6, RZ), ADDR(10, 0),
        /* 21 */ k_red_add(9, 10, 0),
        /* 22 */ k_exit(),
    };
    /* the losers of the lock go around; who has won waits at the join */
    uint64_t fixed[G_N_ELEMENTS(code) + 1];
    Bench *t = bench_new(4);
    Args args = { t->b.va + A_AT, 0, 0, 0 };
    uint32_t want[4] = { 0 };
    SoftLaunch l;
    Done d;

    memcpy(fixed, code, 12 * 8);
    fixed[7] = k_joinat(7, 13);
    fixed[12] = k_join();
    memcpy(fixed + 13, code + 12, sizeof(code) - 12 * 8);
    memset(t->mem + A_AT, 0, 64);
    l = kernel(t, 0, fixed, sizeof(fixed), &args, sizeof(args), &d);
    l.grid[0] = CTAS;
    l.block[0] = BLOCK;
    l.shared_size = 256;
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 20000) >= 0);
    CU_ASSERT_FALSE(d.faulted);
    for (unsigned i = 0; i < BLOCK * CTAS; i++) {
        want[i % BLOCK & 3] += i;
    }
    CU_ASSERT_EQUAL(memcmp(t->mem + A_AT, want, sizeof(want)), 0);
    bench_free(t);
}

/* bar.red over four warps, one of which has exited lanes. */
static void test_bar_red(void)
{
    const uint64_t code[] = {
        k_s2r(0, SR_TIDX), k_shli(4, 0, 2),
        k_isetpi(1, CC_LT, 0, 77),              /* $p1: tid < 77 */
        k_isetpi(2, CC_GE, 0, 0),               /* $p2: always */
        k_bar_red(0, 8, 7, 1),                  /* r8 = popc */
        k_bar_red(1, 63, 3, 1),                 /* $p3 = all(p1): no */
        k_bar_red(2, 63, 4, 1),                 /* $p4 = any(p1): yes */
        k_bar_red(1, 63, 5, 2),                 /* $p5 = all(p2): yes */
        k_pred(k_iaddi(8, 8, 1000), 3),
        k_pred(k_iaddi(8, 8, 2000), 4),
        k_pred(k_iaddi(8, 8, 4000), 5),
        ADDR(6, 0), k_st_g(T_B32, 8, 6, 0),
        k_exit(),
    };
    Bench *t = bench_new(1);
    Args args = { t->b.va + A_AT, 0, 0, 0 };
    uint32_t *out = (uint32_t *)(t->mem + A_AT), bad = 0;
    SoftLaunch l;
    Done d;

    memset(out, 0, 128 * 4);
    l = kernel(t, 0, code, sizeof(code), &args, sizeof(args), &d);
    l.block[0] = 120;
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_FALSE(d.faulted);
    for (unsigned i = 0; i < 120; i++) {
        bad += out[i] != 77 + 2000 + 4000;
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(out[120], 0);
    bench_free(t);
}

/* Warp 0 produces and arrives, warp 1 waits at barrier 3 for both; warp 2
 * leaves before a barrier of the whole CTA, which must not wait for it. */
static void test_bar_arrive(void)
{
    const uint64_t code[] = {
        /* 0 */ k_s2r(0, SR_TIDX), k_shli(4, 0, 2),
        /* 2 */ k_isetpi(0, CC_GE, 0, 64), k_pred(k_exit(), 0),
        /* 4 */ k_isetpi(0, CC_GE, 0, 32), k_pred(k_bra(5, 9), 0),
        /* 6 */ k_iaddi(8, 0, 500), k_st_s(T_B32, 8, 4, 0),
        /* 8 */ k_bar_arrive(3, 64),
        /* 9 */ k_pred(k_bar(3, 64), 0),
        /* 10 */ k_pred(k_ld_s(T_B32, 8, 4, -128), 0),
        /* 11 */ k_bar(0, 0),
        /* 12 */ ADDR(6, 0), k_st_g(T_B32, 8, 6, 0), k_exit(),
    };
    Bench *t = bench_new(1);
    Args args = { t->b.va + A_AT, 0, 0, 0 };
    uint32_t *out = (uint32_t *)(t->mem + A_AT), bad = 0;
    SoftLaunch l;
    Done d;

    l = kernel(t, 0, code, sizeof(code), &args, sizeof(args), &d);
    l.block[0] = 96;
    l.shared_size = 256;
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_FALSE(d.faulted);
    for (unsigned i = 0; i < 64; i++) {
        bad += out[i] != 500 + i % 32;
    }
    CU_ASSERT_EQUAL(bad, 0);
    bench_free(t);
}

/* Warps wait at different barriers: nobody can go on. */
static void test_deadlock(void)
{
    const uint64_t code[] = {
        k_s2r(0, SR_TIDX), k_isetpi(0, CC_GE, 0, 32),
        k_pred(k_bar(1, 0), 0), k_pred(k_bar(2, 0), P_NOT(0)), k_exit(),
    };
    const uint64_t too_many[] = { k_bar(0, 4000), k_exit() };
    Bench *t = bench_new(2);
    SoftLaunch l;
    Done d;

    l = kernel(t, 0, code, sizeof(code), "", 1, &d);
    l.block[0] = 64;
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_TRUE(d.faulted);
    CU_ASSERT_EQUAL(d.fault.kind, GPUVM_FAULT_GR_TRAP);
    CU_ASSERT_EQUAL(d.fault.reason, GPUVM_TRAP_BARRIER);
    l = kernel(t, 1, too_many, sizeof(too_many), "", 1, &d);
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_EQUAL(d.fault.reason, GPUVM_TRAP_BARRIER);
    bench_free(t);
}

static bool cta_running(void *arg)
{
    return *(_Atomic uint32_t *)arg != 0;
}

/* Says that it runs, then never ends. */
static const uint64_t *endless(unsigned *len)
{
    static uint64_t k[16];
    const uint64_t code[] = {
        k_mov32i(4, 0), ADDR(6, 0), k_mov32i(8, 1), k_red_add(8, 6, 0),
        k_bra(7, 7), k_exit(),
    };

    memcpy(k, code, sizeof(code));
    *len = sizeof(code);
    return k;
}

static SoftLaunch endless_launch(Bench *t, unsigned n_kernel, uint32_t flag,
                                 Done *d)
{
    Args args = { t->b.va + flag, 0, 0, 0 };
    unsigned len;
    const uint64_t *code = endless(&len);
    SoftLaunch l = kernel(t, n_kernel, code, len, &args, sizeof(args), d);

    *(uint32_t *)(t->mem + flag) = 0;
    l.grid[0] = 100;
    return l;
}

static void test_abort(void)
{
    Bench *t = bench_new(3);
    int worst = 0;
    Done d;

    for (unsigned n = 0; n < 20; n++) {
        SoftLaunch l = endless_launch(t, n % 2, A_AT, &d);
        SoftGrid *g = gpuvm_soft_pool_launch(t->pool, &l);
        int ms;

        CU_ASSERT(test_wait(cta_running, t->mem + A_AT, 5000));
        gpuvm_soft_pool_abort(t->pool, g);
        ms = wait_done(&d, 5000);
        CU_ASSERT(ms >= 0);
        worst = MAX(worst, ms);
        CU_ASSERT_TRUE(d.faulted);
        CU_ASSERT_EQUAL(d.fault.reason, GPUVM_TRAP_TIMEOUT);
        /* late, and of a grid that is gone: nothing happens */
        gpuvm_soft_pool_abort(t->pool, g);
    }
    CU_ASSERT(worst <= ABORT_MS);
    if (worst > 10) {
        fprintf(stderr, "\n    slowest abort: %d ms ", worst);
    }
    bench_free(t);
}

/* Four endless grids on two threads do not keep a fifth from its turn, and
 * the pool can be freed while they run. */
static void test_fair(void)
{
    Bench *t = bench_new(2);
    const uint32_t n = 5000;
    Done d[4], v;
    SoftLaunch l;

    for (unsigned i = 0; i < 3; i++) {
        l = endless_launch(t, i, A_AT + 64 * i, &d[i]);
        gpuvm_soft_pool_launch(t->pool, &l);
        CU_ASSERT(test_wait(cta_running, t->mem + A_AT + 64 * i, 5000));
    }
    fill(t, B_AT, n, 3);
    fill(t, B_AT + 0x10000, n, 4);
    memset(t->mem + C_AT, 0x77, n * 4 + 4);
    l = vecadd_launch(t, 3, n, B_AT, B_AT + 0x10000, C_AT, &v);
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&v, 5000) >= 0);
    CU_ASSERT_FALSE(v.faulted);
    check_vecadd(t, n, B_AT, B_AT + 0x10000, C_AT, 0x77777777);
    CU_ASSERT_EQUAL(d[0].count + d[1].count + d[2].count, 0);
    gpuvm_soft_pool_free(t->pool);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(d[i].count, 1);
        CU_ASSERT_EQUAL(d[i].fault.reason, GPUVM_TRAP_TIMEOUT);
    }
    t->pool = NULL;
    bench_free(t);
}

/* Nor does one whose only warp comes to a barrier again and again, and so
 * never to the end of its budget. */
static void test_fair_barriers(void)
{
    const uint64_t code[] = {
        k_mov32i(4, 0), ADDR(6, 0), k_mov32i(8, 1), k_red_add(8, 6, 0),
        k_bar(0, 0), k_bra(8, 7), k_exit(),
    };
    Bench *t = bench_new(1);
    Args args = { t->b.va + A_AT, 0, 0, 0 };
    const uint32_t n = 1000;
    Done d, v;
    SoftLaunch l;
    SoftGrid *g;

    *(uint32_t *)(t->mem + A_AT) = 0;
    l = kernel(t, 0, code, sizeof(code), &args, sizeof(args), &d);
    l.block[0] = 32;
    g = gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(test_wait(cta_running, t->mem + A_AT, 5000));
    fill(t, B_AT, n, 3);
    fill(t, B_AT + 0x10000, n, 4);
    memset(t->mem + C_AT, 0x77, n * 4 + 4);
    l = vecadd_launch(t, 3, n, B_AT, B_AT + 0x10000, C_AT, &v);
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&v, 5000) >= 0);
    check_vecadd(t, n, B_AT, B_AT + 0x10000, C_AT, 0x77777777);
    gpuvm_soft_pool_abort(t->pool, g);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_TRUE(d.faulted);
    bench_free(t);
}

/* A CTA that is parked and goes on, perhaps elsewhere, has all its state:
 * long loops with barriers, while others want their turn. */
static void test_parked(void)
{
    enum { LOOPS = 60000 };
    const uint64_t code[] = {
        /* 0 */ k_s2r(0, SR_TIDX), k_s2r(1, SR_CTAX), k_shli(2, 0, 2),
        /* 3 */ k_mov32i(9, LOOPS), k_mov32i(8, 0), k_st_s(T_B32, 0, 2, 0),
        /* 6 */ k_ld_s(T_B32, 3, 2, 0), k_iaddi(3, 3, 1),
        /* 8 */ k_st_s(T_B32, 3, 2, 0), k_iaddi(8, 8, 1),
        /* 10 */ k_isetp(0, CC_LT, 8, 9), k_pred(k_bra(11, 6), 0),
        /* 12 */ k_bar(0, 0), k_mov32i(5, 64), k_imad(4, 1, 5, 0),
        /* 15 */ k_shli(4, 4, 2), ADDR(6, 0), k_st_g(T_B32, 3, 6, 0),
        /* 21 */ k_exit(),
    };
    Bench *t = bench_new(3);
    Done d[4];

    for (unsigned i = 0; i < 4; i++) {
        Args args = { t->b.va + A_AT + 0x10000 * i, 0, 0, 0 };
        SoftLaunch l = kernel(t, i, code, sizeof(code), &args, sizeof(args),
                              &d[i]);

        l.grid[0] = 4;
        l.block[0] = 64;
        l.shared_size = 256;
        gpuvm_soft_pool_launch(t->pool, &l);
    }
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t *out = (uint32_t *)(t->mem + A_AT + 0x10000 * i);
        unsigned bad = 0;

        CU_ASSERT(wait_done(&d[i], 60000) >= 0);
        CU_ASSERT_FALSE(d[i].faulted);
        CU_ASSERT_EQUAL(d[i].ctas, 4);
        for (unsigned k = 0; k < 4 * 64; k++) {
            bad += out[k] != k % 64 + LOOPS;
        }
        CU_ASSERT_EQUAL(bad, 0);
    }
    bench_free(t);
}

static void on_held(void *opaque)
{
    Done *d = opaque;

    g_mutex_lock(&d->lock);
    d->held++;
    g_cond_broadcast(&d->cond);
    g_mutex_unlock(&d->lock);
}

/* Until the grid stands for the @n-th time; false once it is done. */
static bool wait_held(Done *d, unsigned n)
{
    bool held;

    g_mutex_lock(&d->lock);
    while (d->held < n && !d->count) {
        g_cond_wait(&d->cond, &d->lock);
    }
    held = d->held >= n;
    g_mutex_unlock(&d->lock);
    return held;
}

/* Claimed CTAs that are given back, at a hold or when a slice is over, are all
 * begun, and once: two grids count, of which one is held again and again. */
static void test_claimed(void)
{
    enum { CTAS = 4000, HOLDS = 30 };
    const uint64_t code[] = {
        k_s2r(1, SR_CTAX), k_shli(4, 1, 2), k_mov32i(8, 0),
        /* 3 */ k_iaddi(8, 8, 1), k_isetpi(0, CC_LT, 8, by_jit() ? 20000 : 500),
        k_pred(k_bra(5, 3), 0), k_mov32i(10, 1), ADDR(6, 0),
        k_red_add(10, 6, 0), k_exit(),
    };
    Bench *t = bench_new(3);
    unsigned holds = 0;
    SoftGrid *g[2];
    Done d[2];

    for (unsigned i = 0; i < 2; i++) {
        Args args = { t->b.va + A_AT + 0x10000 * i, 0, 0, 0 };
        SoftLaunch l = kernel(t, i, code, sizeof(code), &args, sizeof(args),
                              &d[i]);

        memset(t->mem + A_AT + 0x10000 * i, 0, CTAS * 4);
        l.grid[0] = CTAS;
        l.held = on_held;
        g[i] = gpuvm_soft_pool_launch(t->pool, &l);
    }
    while (holds < HOLDS) {
        g_usleep(300);
        gpuvm_soft_pool_hold(t->pool, g[0], true);
        if (!wait_held(&d[0], holds + 1)) {
            break;
        }
        holds++;
        gpuvm_soft_pool_hold(t->pool, g[0], false);
    }
    CU_ASSERT(holds > 3);
    for (unsigned i = 0; i < 2; i++) {
        const uint32_t *n = (uint32_t *)(t->mem + A_AT + 0x10000 * i);
        unsigned bad = 0;

        CU_ASSERT(wait_done(&d[i], 60000) >= 0);
        CU_ASSERT_FALSE(d[i].faulted);
        CU_ASSERT_EQUAL(d[i].ctas, CTAS);
        for (unsigned k = 0; k < CTAS; k++) {
            bad += n[k] != 32;
        }
        CU_ASSERT_EQUAL(bad, 0);
    }
    bench_free(t);
}

/* A fault ends its grid at once and leaves the others alone. */
static void test_fault(void)
{
    const uint64_t bad_store[] = {
        k_s2r(1, SR_CTAX), k_isetpi(0, CC_NE, 1, 70),
        k_pred(k_exit(), 0),
        k_mov32i(6, 0x1000), k_mov32i(7, 0x7f), k_st_g(T_B32, 1, 6, 0x20),
        k_exit(),
    };
    const uint64_t illegal[] = { k_mov32i(0, 1), 0xfc00000000001c04ull };
    Bench *t = bench_new(3);
    const uint32_t n = 60000;
    SoftLaunch l, lv;
    Done d, v;

    fill(t, A_AT, n, 1);
    fill(t, B_AT, n, 2);
    memset(t->mem + C_AT, 0x77, n * 4 + 4);
    lv = vecadd_launch(t, 0, n, A_AT, B_AT, C_AT, &v);
    l = kernel(t, 1, bad_store, sizeof(bad_store), "", 1, &d);
    l.grid[0] = 60000;
    l.grid[1] = 3;
    gpuvm_soft_pool_launch(t->pool, &lv);
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 10000) >= 0);
    CU_ASSERT(wait_done(&v, 10000) >= 0);
    CU_ASSERT_TRUE(d.faulted);
    CU_ASSERT_EQUAL(d.fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(d.fault.engine, GPUVM_ENGINE_GR);
    CU_ASSERT_EQUAL(d.fault.va, 0x7f00001020);
    CU_ASSERT_TRUE(d.fault.write);
    CU_ASSERT_FALSE(d.fault.hub);
    CU_ASSERT(d.ctas < 180000);
    CU_ASSERT_FALSE(v.faulted);
    check_vecadd(t, n, A_AT, B_AT, C_AT, 0x77777777);

    l = kernel(t, 2, illegal, sizeof(illegal), "", 1, &d);
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_EQUAL(d.fault.kind, GPUVM_FAULT_GR_TRAP);
    CU_ASSERT_EQUAL(d.fault.reason, GPUVM_TRAP_ILLEGAL_INSTR);
    /* code that is not mapped */
    l.code_va = 0x3000000000;
    memset(&d, 0, sizeof(d));
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_EQUAL(d.fault.kind, GPUVM_FAULT_MMU);
    bench_free(t);
}

static void refused(Bench *t, const SoftLaunch *l, Done *d)
{
    memset(d, 0, sizeof(*d));
    gpuvm_soft_pool_launch(t->pool, l);
    CU_ASSERT(wait_done(d, 5000) >= 0);
    CU_ASSERT_TRUE(d->faulted);
    CU_ASSERT_EQUAL(d->fault.kind, GPUVM_FAULT_GR_TRAP);
    CU_ASSERT_EQUAL(d->fault.reason, GPUVM_TRAP_LAUNCH);
    CU_ASSERT_EQUAL(d->ctas, 0);
}

static void test_launch_checks(void)
{
    const uint64_t code[] = { k_exit() };
    Bench *t = bench_new(2);
    SoftLaunch ok, l;
    Done d;

    ok = kernel(t, 0, code, sizeof(code), "", 1, &d);
#define REFUSED(...) do { l = ok; __VA_ARGS__; refused(t, &l, &d); } while (0)
    REFUSED(l.block[0] = 0);
    REFUSED(l.block[0] = 1025);
    REFUSED(l.block[0] = 64, l.block[1] = 17);
    REFUSED(l.block[2] = 65);
    REFUSED(l.block[0] = l.block[1] = l.block[2] = 0x80000000u);
    REFUSED(l.grid[1] = 65536);
    REFUSED(l.gprs = 0);
    REFUSED(l.gprs = 65);
    REFUSED(l.shared_size = (48 << 10) + 1);
    REFUSED(l.local_pos = (512 << 10) + 1);
    REFUSED(l.local_pos = 0x80000000u, l.local_neg = 0x80000000u);
    REFUSED(l.block[0] = 1024, l.local_pos = 512 << 10);
#undef REFUSED
    CU_ASSERT(gpuvm_counter(&t->th->host.counters,
                            GPUVM_CNT_GUEST_ERRORS) >= 12);
    /* the largest of each, and an empty grid */
    l = ok;
    l.block[0] = 1024;
    l.shared_size = 48 << 10;
    l.local_pos = 64 << 10;
    memset(&d, 0, sizeof(d));
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_FALSE(d.faulted);
    CU_ASSERT_EQUAL(d.ctas, 1);
    l = ok;
    l.grid[1] = 0;
    memset(&d, 0, sizeof(d));
    gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    CU_ASSERT_FALSE(d.faulted);
    CU_ASSERT_EQUAL(d.ctas, 0);
    bench_free(t);
}

/* l[] is each thread's own, and zero for a new grid. */
static void test_local(void)
{
    const uint64_t code[] = {
        /* 0 */ k_s2r(0, SR_TIDX), k_s2r(1, SR_CTAX), k_mov32i(2, 256),
        /* 3 */ k_imad(0, 1, 2, 0), k_shli(4, 0, 2),
        /* 5 */ k_ld_l(8, RZ, 0x2000), k_iaddi(9, 0, 7),
        /* 7 */ k_st_l(9, RZ, 0x3ffc), k_bar(0, 0), k_ld_l(10, RZ, 0x3ffc),
        /* 10 */ k_iadd(10, 10, 8), ADDR(6, 0), k_st_g(T_B32, 10, 6, 0),
        /* 16: dirty what the next grid reads first */
        k_st_l(9, RZ, 0x2000), k_exit(),
    };
    Bench *t = bench_new(1);
    Args args = { t->b.va + A_AT, 0, 0, 0 };
    const uint32_t *out = (uint32_t *)(t->mem + A_AT);
    SoftLaunch l;
    Done d;

    for (unsigned n = 0; n < 3; n++) {
        unsigned bad = 0;

        l = kernel(t, 0, code, sizeof(code), &args, sizeof(args), &d);
        l.block[0] = 256;
        l.local_pos = 0x4000;
        gpuvm_soft_pool_launch(t->pool, &l);
        CU_ASSERT(wait_done(&d, 5000) >= 0);
        CU_ASSERT_FALSE(d.faulted);
        for (unsigned i = 0; i < 256; i++) {
            bad += out[i] != i + 7;
        }
        CU_ASSERT_EQUAL(bad, 0);
        memset(t->mem + A_AT, 0, 1024);
    }
    bench_free(t);
}

/* The GPU is paused and memory unbound while a grid runs: it waits, then
 * faults on what is gone. */
static void test_pause(void)
{
    Bench *t = bench_new(2);
    SoftGpu *gpu = gpuvm_soft_gpu(t->b.gpu);
    SoftLaunch l;
    SoftGrid *g;
    Done d;

    l = endless_launch(t, 0, A_AT, &d);
    g = gpuvm_soft_pool_launch(t->pool, &l);
    CU_ASSERT(test_wait(cta_running, t->mem + A_AT, 5000));
    for (unsigned i = 0; i < 50; i++) {
        gpuvm_soft_pause_begin(gpu);
        gpuvm_soft_pause_end(gpu);
    }
    CU_ASSERT_EQUAL(d.count, 0);
    gpuvm_soft_pool_abort(t->pool, g);
    CU_ASSERT(wait_done(&d, 5000) >= 0);
    bench_free(t);
}

static void test_compiled(void)
{
    CU_ASSERT(by_jit() ? compiled >= 10 : !compiled);
}

static CU_TestInfo tests[] = {
    { "vector add", test_vecadd },
    { "matrix product, tiles and barriers", test_matmul },
    { "reduction, locks and atomics", test_reduction },
    { "bar.red", test_bar_red },
    { "bar.arrive and exited warps", test_bar_arrive },
    { "barrier deadlock", test_deadlock },
    { "abort of endless grids", test_abort },
    { "endless grids leave others their turn", test_fair },
    { "endless barriers leave others their turn", test_fair_barriers },
    { "parked CTAs go on", test_parked },
    { "claimed CTAs are begun once", test_claimed },
    { "faults", test_fault },
    { "launch checks", test_launch_checks },
    { "local memory", test_local },
    { "pauses", test_pause },
    { "what ran it", test_compiled },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "pool", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
