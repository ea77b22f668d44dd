/*
 * MADD, FMADD: sum of two matrices, of 32-bit integers and of floats.  One
 * addition is exact or correctly rounded: results must be the CPU's bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "programs.h"

typedef struct Madd {
    void *a, *b;
    uint32_t *got, *want;
} Madd;

static void prepare(Bench *b, void *x, void *y)
{
    Madd *s = b->state = bench_alloc(b, sizeof(*s));
    size_t n = b->size[0];

    s->a = x;
    s->b = y;
    s->got = bench_alloc(b, n * n * sizeof(uint32_t));
}

static void madd_prepare(Bench *b)
{
    size_t n = (size_t)b->size[0] * b->size[0];

    prepare(b, bench_random_words(b, n, 1),
            bench_random_words(b, n, 2));
}

static void fmadd_prepare(Bench *b)
{
    size_t n = (size_t)b->size[0] * b->size[0];

    prepare(b, bench_random_floats(b, n, 1, -1, 1),
            bench_random_floats(b, n, 2, -1, 1));
}

static void madd_setup(Bench *b)
{
    Madd *s = b->state;
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

static void madd_launch(Bench *b)
{
    bench_run(b, 0, b->size[0], b->size[0], 16, 16);
}

static bool madd_check(Bench *b)
{
    Madd *s = b->state;
    size_t n = (size_t)b->size[0] * b->size[0];

    if (!s->want) {
        const uint32_t *x = s->a, *y = s->b;

        s->want = bench_alloc(b, n * sizeof(uint32_t));
        for (size_t i = 0; i < n; i++) {
            s->want[i] = x[i] + y[i];
        }
    }
    return bench_same(b, s->got, s->want, n);
}

static bool fmadd_check(Bench *b)
{
    Madd *s = b->state;
    size_t n = (size_t)b->size[0] * b->size[0];

    if (!s->want) {
        const float *x = s->a, *y = s->b;

        s->want = bench_alloc(b, n * sizeof(uint32_t));
        for (size_t i = 0; i < n; i++) {
            float sum = x[i] + y[i];

            memcpy(&s->want[i], &sum, sizeof(sum));
        }
    }
    return bench_same(b, s->got, s->want, n);
}

#define SIZES { { "n", "rows and columns", { 128, 1024, 2048 }, 1, 16384, 1 } }

const BenchProgram bench_madd = {
    .name = "MADD",
    .what = "sum of two matrices of integers",
    .source = bench_source_madd,
    .build = "-DT=uint",
    .kernels = { "madd" },
    .params = SIZES,
    .prepare = madd_prepare,
    .setup = madd_setup,
    .launch = madd_launch,
    .check = madd_check,
};

const BenchProgram bench_fmadd = {
    .name = "FMADD",
    .what = "sum of two matrices of floats",
    .source = bench_source_madd,
    .build = "-DT=float",
    .kernels = { "madd" },
    .params = SIZES,
    .prepare = fmadd_prepare,
    .setup = madd_setup,
    .launch = madd_launch,
    .check = fmadd_check,
};
