/*
 * LUD: LU decomposition of a matrix whose diagonal dominates, in tiles.
 *
 * The check is not another decomposition: the CPU multiplies L by U in double
 * and compares with the matrix.  By the classic bound the product differs by
 * at most gamma_n |L| |U| (n roundings a sum, divisions included); |L| |U| is
 * computed beside it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "programs.h"

#define TILE        16
#define DIAGONAL    0
#define PERIMETER   1
#define INTERNAL    2

typedef struct Lud {
    float *matrix, *got;
    double *sum, *most;         /* a row of L * U, and of |L| * |U| */
} Lud;

static void lud_prepare(Bench *b)
{
    Lud *s = b->state = bench_alloc(b, sizeof(*s));
    size_t n = b->size[0];

    s->matrix = bench_random_floats(b, n * n, 13, -1, 1);
    for (size_t i = 0; i < n; i++) {
        s->matrix[i * n + i] += n;
    }
    s->got = bench_alloc(b, n * n * sizeof(float));
    s->sum = bench_alloc(b, n * sizeof(double));
    s->most = bench_alloc(b, n * sizeof(double));
}

static void lud_setup(Bench *b)
{
    Lud *s = b->state;
    uint32_t n = b->size[0];
    cl_mem m = bench_buffer(b, CL_MEM_READ_WRITE, sizeof(float) * n * n,
                            s->matrix, s->got);

    for (unsigned k = DIAGONAL; k <= INTERNAL; k++) {
        bench_arg_mem(b, k, 0, m);
        bench_arg_u32(b, k, 1, n);
    }
}

static void lud_launch(Bench *b)
{
    uint32_t tiles = b->size[0] / TILE;

    for (uint32_t k = 0; k < tiles; k++) {
        uint32_t rest = tiles - k - 1;

        bench_arg_u32(b, DIAGONAL, 2, k);
        bench_run(b, DIAGONAL, TILE, 1, TILE, 1);
        if (rest) {
            bench_arg_u32(b, PERIMETER, 2, k);
            bench_run(b, PERIMETER, rest * 2 * TILE, 1, 2 * TILE, 1);
            bench_arg_u32(b, INTERNAL, 2, k);
            bench_run(b, INTERNAL, rest * TILE, rest * TILE, TILE, TILE);
        }
    }
}

static bool lud_check(Bench *b)
{
    Lud *s = b->state;
    size_t n = b->size[0];
    double gamma = 2 * n * BENCH_EPS;

    for (size_t y = 0; y < n; y++) {
        memset(s->sum, 0, n * sizeof(double));
        memset(s->most, 0, n * sizeof(double));
        for (size_t k = 0; k <= y; k++) {
            double l = k == y ? 1 : s->got[y * n + k];

            for (size_t x = k; x < n; x++) {
                double term = l * s->got[k * n + x];

                s->sum[x] += term;
                s->most[x] += fabs(term);
            }
        }
        for (size_t x = 0; x < n; x++) {
            if (!(fabs(s->sum[x] - s->matrix[y * n + x]) <=
                  gamma * s->most[x])) {
                return bench_wrong(b, "row %zu, column %zu of L * U is %.9g, "
                                   "the matrix has %.9g, at most %.3g may lie "
                                   "between", y, x, s->sum[x],
                                   s->matrix[y * n + x], gamma * s->most[x]);
            }
        }
    }
    return true;
}

const BenchProgram bench_lud = {
    .name = "LUD",
    .what = "LU decomposition in tiles",
    .source = bench_source_lud,
    .kernels = { "diagonal", "perimeter", "internal" },
    .params = {
        { "n", "rows and columns", { 64, 384, 768 }, 16, 4096, 16 },
    },
    .prepare = lud_prepare,
    .setup = lud_setup,
    .launch = lud_launch,
    .check = lud_check,
};
