/*
 * NN: the k nearest neighbours of a place among n records; distances, then
 * reductions.
 *
 * Tolerance: a distance has four roundings under the root and a root of 3 ulp
 * (OpenCL's limit): 6 eps of its value.  Records whose distances are closer
 * than that may change places, so it is not the indices that are compared but
 * what they stand for: each index is a record of the reported distance, none
 * comes twice, and the i-th distance is the i-th smallest of all.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "programs.h"

#define GROUP       256
#define MAX_K       256
#define DISTANCES   0
#define NEAREST     1
#define PICK        2

static const float place[2] = { 30.0f, 90.0f };

typedef struct Nn {
    float *records;
    float got_d[MAX_K];
    uint32_t got[MAX_K];
    float *want;                /* all distances, and after them sorted */
    float *sorted;
} Nn;

static void nn_prepare(Bench *b)
{
    Nn *s = b->state = bench_alloc(b, sizeof(*s));

    s->records = bench_random_floats(b, 2 * (size_t)b->size[0], 14, 0, 180);
}

static void nn_setup(Bench *b)
{
    Nn *s = b->state;
    size_t n = b->size[0], groups = (n + GROUP - 1) / GROUP, k = b->size[1];
    cl_mem records, distance, group_d, group, found_d, found;

    records = bench_buffer(b, CL_MEM_READ_ONLY, 2 * n * sizeof(float),
                           s->records, NULL);
    distance = bench_buffer(b, CL_MEM_READ_WRITE, n * sizeof(float), NULL,
                            NULL);
    group_d = bench_buffer(b, CL_MEM_READ_WRITE, groups * 4, NULL, NULL);
    group = bench_buffer(b, CL_MEM_READ_WRITE, groups * 4, NULL, NULL);
    found_d = bench_buffer(b, CL_MEM_READ_WRITE, k * 4, NULL, s->got_d);
    found = bench_buffer(b, CL_MEM_READ_WRITE, k * 4, NULL, s->got);
    bench_arg_mem(b, DISTANCES, 0, records);
    bench_arg_mem(b, DISTANCES, 1, distance);
    bench_arg_u32(b, DISTANCES, 2, n);
    bench_arg(b, DISTANCES, 3, sizeof(place), place);
    bench_arg_mem(b, NEAREST, 0, distance);
    bench_arg_u32(b, NEAREST, 1, n);
    bench_arg_mem(b, NEAREST, 2, found_d);
    bench_arg_mem(b, NEAREST, 3, found);
    bench_arg_mem(b, NEAREST, 5, group_d);
    bench_arg_mem(b, NEAREST, 6, group);
    bench_arg_mem(b, PICK, 0, group_d);
    bench_arg_mem(b, PICK, 1, group);
    bench_arg_u32(b, PICK, 2, groups);
    bench_arg_mem(b, PICK, 3, found_d);
    bench_arg_mem(b, PICK, 4, found);
}

static void nn_launch(Bench *b)
{
    bench_run(b, DISTANCES, b->size[0], 1, GROUP, 1);
    for (uint32_t round = 0; round < b->size[1]; round++) {
        bench_arg_u32(b, NEAREST, 4, round);
        bench_run(b, NEAREST, b->size[0], 1, GROUP, 1);
        bench_arg_u32(b, PICK, 5, round);
        bench_run(b, PICK, GROUP, 1, GROUP, 1);
    }
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static void reference(Bench *b, Nn *s)
{
    size_t n = b->size[0];

    s->want = bench_alloc(b, n * sizeof(float));
    s->sorted = bench_alloc(b, n * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        s->want[i] = hypot((double)s->records[2 * i] - place[0],
                           (double)s->records[2 * i + 1] - place[1]);
    }
    memcpy(s->sorted, s->want, n * sizeof(float));
    qsort(s->sorted, n, sizeof(float), ascending);
}

static bool nn_check(Bench *b)
{
    Nn *s = b->state;

    if (!s->want) {
        reference(b, s);
    }
    for (uint32_t i = 0; i < b->size[1]; i++) {
        uint32_t r = s->got[i];

        if (r >= b->size[0]) {
            return bench_wrong(b, "neighbour %u is record %u of %u", i, r,
                               b->size[0]);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (s->got[j] == r) {
                return bench_wrong(b, "record %u is neighbour %u and %u", r,
                                   j, i);
            }
        }
        if (!bench_near(b, &s->got_d[i], &s->want[r], 1, 6 * BENCH_EPS, 0)) {
            return false;
        }
    }
    return bench_near(b, s->got_d, s->sorted, b->size[1], 6 * BENCH_EPS, 0);
}

const BenchProgram bench_nn = {
    .name = "NN",
    .what = "nearest neighbours: distances and reductions",
    .source = bench_source_nn,
    .kernels = { "distances", "nearest", "pick" },
    .params = {
        { "records", "places", { 4096, 131072, 524288 }, MAX_K, 1 << 24, 1 },
        { "k", "neighbours wanted", { 5, 5, 10 }, 1, MAX_K, 1 },
    },
    .prepare = nn_prepare,
    .setup = nn_setup,
    .launch = nn_launch,
    .check = nn_check,
};
