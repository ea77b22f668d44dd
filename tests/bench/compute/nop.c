/*
 * NOP: what a program costs that computes nothing.  One word goes to the
 * device and comes back, so that the device is there at all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "programs.h"

typedef struct Nop {
    uint32_t sent, got;
} Nop;

static void nop_prepare(Bench *b)
{
    Nop *s = b->state = bench_alloc(b, sizeof(*s));

    s->sent = 0x600df00d;
}

static void nop_setup(Bench *b)
{
    Nop *s = b->state;

    bench_buffer(b, CL_MEM_READ_WRITE, sizeof(s->sent), &s->sent, &s->got);
}

static bool nop_check(Bench *b)
{
    Nop *s = b->state;

    return bench_same(b, &s->got, &s->sent, 1);
}

const BenchProgram bench_nop = {
    .name = "NOP",
    .what = "no kernel: what starting and ending costs",
    .prepare = nop_prepare,
    .setup = nop_setup,
    .check = nop_check,
};
