/*
 * MMUL, FMMUL: product of two square matrices, of 32-bit integers (modulo
 * 2^32, exact) and of floats.
 *
 * The float sum of n products has an error of at most n eps times the sum of
 * their absolute values, in any order and with or without fused
 * multiply-add; elements lie in [-1, 1), so that sum is below n.  Random
 * signs keep the real error near sqrt(n) eps; n eps is allowed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "programs.h"

typedef struct Mmul {
    void *a, *b;
    void *got, *want;
} Mmul;

static void prepare(Bench *b, void *x, void *y)
{
    Mmul *s = b->state = bench_alloc(b, sizeof(*s));
    size_t n = b->size[0];

    s->a = x;
    s->b = y;
    s->got = bench_alloc(b, n * n * sizeof(uint32_t));
}

static void mmul_prepare(Bench *b)
{
    size_t n = (size_t)b->size[0] * b->size[0];

    prepare(b, bench_random_words(b, n, 3),
            bench_random_words(b, n, 4));
}

static void fmmul_prepare(Bench *b)
{
    size_t n = (size_t)b->size[0] * b->size[0];

    prepare(b, bench_random_floats(b, n, 3, -1, 1),
            bench_random_floats(b, n, 4, -1, 1));
}

static void mmul_setup(Bench *b)
{
    Mmul *s = b->state;
    size_t n = b->size[0], bytes = n * n * sizeof(uint32_t);
    cl_mem ma, mb, mc;

    ma = bench_buffer(b, CL_MEM_READ_ONLY, bytes, s->a, NULL);
    mb = bench_buffer(b, CL_MEM_READ_ONLY, bytes, s->b, NULL);
    mc = bench_buffer(b, CL_MEM_WRITE_ONLY, bytes, NULL, s->got);
    bench_arg_mem(b, 0, 0, ma);
    bench_arg_mem(b, 0, 1, mb);
    bench_arg_mem(b, 0, 2, mc);
    bench_arg_u32(b, 0, 3, n);
}

static void mmul_launch(Bench *b)
{
    bench_run(b, 0, b->size[0], b->size[0], 16, 16);
}

static bool mmul_check(Bench *b)
{
    Mmul *s = b->state;
    size_t n = b->size[0];

    if (!s->want) {
        const uint32_t *x = s->a, *y = s->b;
        uint32_t *want = s->want = bench_alloc(b, n * n * sizeof(*want));

        for (size_t row = 0; row < n; row++) {
            for (size_t k = 0; k < n; k++) {
                for (size_t col = 0; col < n; col++) {
                    want[row * n + col] += x[row * n + k] * y[k * n + col];
                }
            }
        }
    }
    return bench_same(b, s->got, s->want, n * n);
}

static bool fmmul_check(Bench *b)
{
    Mmul *s = b->state;
    size_t n = b->size[0];

    if (!s->want) {
        const float *x = s->a, *y = s->b;
        float *want = s->want = bench_alloc(b, n * n * sizeof(*want));
        double *sum = bench_alloc(b, n * sizeof(*sum));

        for (size_t row = 0; row < n; row++) {
            for (size_t col = 0; col < n; col++) {
                sum[col] = 0;
            }
            for (size_t k = 0; k < n; k++) {
                for (size_t col = 0; col < n; col++) {
                    sum[col] += (double)x[row * n + k] * y[k * n + col];
                }
            }
            for (size_t col = 0; col < n; col++) {
                want[row * n + col] = sum[col];
            }
        }
    }
    return bench_near(b, s->got, s->want, n * n, 0, n * BENCH_EPS);
}

#define SIZES { { "n", "rows and columns", { 64, 256, 512 }, 16, 8192, 16 } }

const BenchProgram bench_mmul = {
    .name = "MMUL",
    .what = "product of two matrices of integers",
    .source = bench_source_mmul,
    .build = "-DT=uint",
    .kernels = { "mmul" },
    .params = SIZES,
    .prepare = mmul_prepare,
    .setup = mmul_setup,
    .launch = mmul_launch,
    .check = mmul_check,
};

const BenchProgram bench_fmmul = {
    .name = "FMMUL",
    .what = "product of two matrices of floats",
    .source = bench_source_mmul,
    .build = "-DT=float",
    .kernels = { "mmul" },
    .params = SIZES,
    .prepare = fmmul_prepare,
    .setup = mmul_setup,
    .launch = mmul_launch,
    .check = fmmul_check,
};
