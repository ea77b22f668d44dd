/*
 * HS: heat spreading in a chip (a stencil of five points), two steps a launch
 * with a halo of two cells around each tile.
 *
 * Tolerance: the factors of a cell and its neighbours add up to less than 1,
 * so errors do not grow; each step adds at most 8 roundings of values up to
 * MAX_TEMPERATURE.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "programs.h"

#define TILE            16
#define HALO            2
#define INNER           (TILE - 2 * HALO)
#define AMBIENT         80.0f
#define MAX_TEMPERATURE 512

static const float factor[4] = { 0.5f, 0.1f, 0.15f, 0.02f };

typedef struct Hs {
    float *start, *power;
    float *got, *want;
    cl_mem grid[2];
} Hs;

static void hs_prepare(Bench *b)
{
    Hs *s = b->state = bench_alloc(b, sizeof(*s));
    size_t n = b->size[0];

    s->start = bench_random_floats(b, n * n, 11, 320, 340);
    s->power = bench_random_floats(b, n * n, 12, 0, 1);
    s->got = bench_alloc(b, n * n * sizeof(float));
}

static void hs_setup(Bench *b)
{
    Hs *s = b->state;
    size_t n = b->size[0], bytes = n * n * sizeof(float);
    cl_mem power;

    s->grid[0] = bench_buffer(b, CL_MEM_READ_WRITE, bytes, s->start, NULL);
    s->grid[1] = bench_buffer(b, CL_MEM_READ_WRITE, bytes, NULL, NULL);
    /* the result lies in the grid that was written last */
    b->buffer[(b->size[1] + HALO - 1) / HALO % 2].out = s->got;
    power = bench_buffer(b, CL_MEM_READ_ONLY, bytes, s->power, NULL);
    bench_arg_mem(b, 0, 1, power);
    bench_arg_u32(b, 0, 3, n);
    bench_arg(b, 0, 5, sizeof(factor), factor);
    bench_arg_f32(b, 0, 6, AMBIENT);
}

static void hs_launch(Bench *b)
{
    Hs *s = b->state;
    size_t tiles = (b->size[0] + INNER - 1) / INNER;
    unsigned from = 0;

    for (uint32_t left = b->size[1]; left > 0; from = !from) {
        uint32_t steps = left < HALO ? left : HALO;

        bench_arg_mem(b, 0, 0, s->grid[from]);
        bench_arg_mem(b, 0, 2, s->grid[!from]);
        bench_arg_u32(b, 0, 4, steps);
        bench_run(b, 0, tiles * TILE, tiles * TILE, TILE, TILE);
        left -= steps;
    }
}

static void step(const Hs *s, const double *from, double *to, size_t n)
{
    for (size_t y = 0; y < n; y++) {
        for (size_t x = 0; x < n; x++) {
            size_t at = y * n + x;
            double now = from[at];
            double west = from[x ? at - 1 : at];
            double east = from[x < n - 1 ? at + 1 : at];
            double north = from[y ? at - n : at];
            double south = from[y < n - 1 ? at + n : at];

            to[at] = now + factor[0] * s->power[at] +
                     factor[1] * (west + east - 2 * now) +
                     factor[2] * (north + south - 2 * now) +
                     factor[3] * (AMBIENT - now);
        }
    }
}

static void reference(Bench *b, Hs *s)
{
    size_t n = b->size[0];
    double *grid[2];

    s->want = bench_alloc(b, n * n * sizeof(float));
    for (unsigned i = 0; i < 2; i++) {
        grid[i] = bench_alloc(b, n * n * sizeof(double));
    }
    for (size_t i = 0; i < n * n; i++) {
        grid[0][i] = s->start[i];
    }
    for (uint32_t i = 0; i < b->size[1]; i++) {
        step(s, grid[i % 2], grid[(i + 1) % 2], n);
    }
    for (size_t i = 0; i < n * n; i++) {
        s->want[i] = grid[b->size[1] % 2][i];
    }
}

static bool hs_check(Bench *b)
{
    Hs *s = b->state;
    size_t n = b->size[0];

    if (!s->want) {
        reference(b, s);
    }
    return bench_near(b, s->got, s->want, n * n, 0,
                      b->size[1] * 8 * BENCH_EPS * MAX_TEMPERATURE);
}

const BenchProgram bench_hs = {
    .name = "HS",
    .what = "hotspot: heat in a chip, a stencil in tiles",
    .source = bench_source_hs,
    .kernels = { "hotspot" },
    .params = {
        { "n", "rows and columns", { 96, 384, 1024 }, 2, 8192, 1 },
        { "steps", "of time", { 4, 8, 8 }, 1, 10000, 1 },
    },
    .prepare = hs_prepare,
    .setup = hs_setup,
    .launch = hs_launch,
    .check = hs_check,
};
