/*
 * LOOP: a long loop without memory accesses in each work-item.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "programs.h"

typedef struct Loop {
    uint32_t *got, *want;
} Loop;

static void loop_prepare(Bench *b)
{
    Loop *s = b->state = bench_alloc(b, sizeof(*s));

    s->got = bench_alloc(b, b->size[0] * sizeof(uint32_t));
}

static void loop_setup(Bench *b)
{
    Loop *s = b->state;
    cl_mem out = bench_buffer(b, CL_MEM_WRITE_ONLY,
                              b->size[0] * sizeof(uint32_t), NULL, s->got);

    bench_arg_mem(b, 0, 0, out);
    bench_arg_u32(b, 0, 1, b->size[1]);
}

static void loop_launch(Bench *b)
{
    bench_run(b, 0, b->size[0], 1, 256, 1);
}

static bool loop_check(Bench *b)
{
    Loop *s = b->state;

    if (!s->want) {
        s->want = bench_alloc(b, b->size[0] * sizeof(uint32_t));
        for (uint32_t g = 0; g < b->size[0]; g++) {
            uint32_t x = g;

            for (uint32_t i = 0; i < b->size[1]; i++) {
                x = (x ^ i) * 1664525u + 1013904223u;
            }
            s->want[g] = x;
        }
    }
    return bench_same(b, s->got, s->want, b->size[0]);
}

const BenchProgram bench_loop = {
    .name = "LOOP",
    .what = "a long loop, no memory",
    .source = bench_source_loop,
    .kernels = { "loop" },
    .params = {
        { "items", "work-items", { 256, 4096, 16384 }, 256, 1 << 24, 256 },
        { "rounds", "of each", { 200, 4000, 16000 }, 1, 1 << 24, 1 },
    },
    .prepare = loop_prepare,
    .setup = loop_setup,
    .launch = loop_launch,
    .check = loop_check,
};
