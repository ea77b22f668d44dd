/*
 * NW: Needleman and Wunsch's alignment of two sequences, tile after tile along
 * anti-diagonals.  Integers: exact.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "programs.h"

#define TILE    32
#define LETTERS 24
#define PENALTY 10

typedef struct Nw {
    uint32_t *a, *b;
    int32_t likeness[LETTERS * LETTERS];
    int32_t *start;             /* borders filled, the rest 0 */
    uint32_t *got;
    int32_t *want;
} Nw;

static void nw_prepare(Bench *b)
{
    Nw *s = b->state = bench_alloc(b, sizeof(*s));
    size_t n = b->size[0], width = n + 1;
    uint32_t seed = 17;

    s->a = bench_random_words(b, n, 15);
    s->b = bench_random_words(b, n, 16);
    for (size_t i = 0; i < n; i++) {
        s->a[i] %= LETTERS;
        s->b[i] %= LETTERS;
    }
    for (unsigned x = 0; x < LETTERS; x++) {
        for (unsigned y = 0; y <= x; y++) {
            int32_t like = x == y ? 4 + rnd(&seed) % 8 : rnd(&seed) % 8 - 4;

            s->likeness[x * LETTERS + y] = like;
            s->likeness[y * LETTERS + x] = like;
        }
    }
    s->got = bench_alloc(b, width * width * sizeof(int32_t));
    s->start = bench_alloc(b, width * width * sizeof(int32_t));
    for (size_t i = 0; i <= n; i++) {
        s->start[i] = s->start[i * width] = -(int32_t)i * PENALTY;
    }
}

static void nw_setup(Bench *b)
{
    Nw *s = b->state;
    size_t n = b->size[0], cells = (n + 1) * (n + 1);
    cl_mem ma, mb, likeness, score;

    ma = bench_buffer(b, CL_MEM_READ_ONLY, n * 4, s->a, NULL);
    mb = bench_buffer(b, CL_MEM_READ_ONLY, n * 4, s->b, NULL);
    likeness = bench_buffer(b, CL_MEM_READ_ONLY, sizeof(s->likeness),
                            s->likeness, NULL);
    score = bench_buffer(b, CL_MEM_READ_WRITE, cells * 4, s->start, s->got);
    bench_arg_mem(b, 0, 0, ma);
    bench_arg_mem(b, 0, 1, mb);
    bench_arg_mem(b, 0, 2, likeness);
    bench_arg_mem(b, 0, 3, score);
    bench_arg_u32(b, 0, 4, n);
    bench_arg_u32(b, 0, 7, PENALTY);
}

static void nw_launch(Bench *b)
{
    uint32_t tiles = b->size[0] / TILE;

    for (uint32_t d = 0; d < 2 * tiles - 1; d++) {
        uint32_t row = d < tiles ? d : tiles - 1, column = d - row;

        bench_arg_u32(b, 0, 5, row);
        bench_arg_u32(b, 0, 6, column);
        bench_run(b, 0, (row - column + 1) * TILE, 1, TILE, 1);
    }
}

static int32_t best_of(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static bool nw_check(Bench *b)
{
    Nw *s = b->state;
    size_t n = b->size[0], width = n + 1;

    if (!s->want) {
        s->want = bench_alloc(b, width * width * sizeof(int32_t));
        for (size_t i = 0; i < width * width; i++) {
            size_t y = i / width, x = i % width;

            s->want[i] = x && y ? best_of(
                s->want[i - width - 1] +
                s->likeness[s->a[y - 1] * LETTERS + s->b[x - 1]],
                best_of(s->want[i - width], s->want[i - 1]) - PENALTY) :
                s->start[i];
        }
    }
    return bench_same(b, s->got, (uint32_t *)s->want, width * width);
}

const BenchProgram bench_nw = {
    .name = "NW",
    .what = "Needleman-Wunsch: alignment along anti-diagonals",
    .source = bench_source_nw,
    .kernels = { "align" },
    .params = {
        { "n", "letters of a sequence", { 128, 1024, 2048 }, 32, 16384, 32 },
    },
    .prepare = nw_prepare,
    .setup = nw_setup,
    .launch = nw_launch,
    .check = nw_check,
};
