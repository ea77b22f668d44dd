/*
 * SRAD2: speckle reducing anisotropic diffusion, second form: tiles in local
 * memory, and before each iteration the host reads a quarter of the rows and
 * computes the statistics of the region in the corner.
 *
 * Tolerance: srad_ref.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "programs.h"
#include "srad_ref.h"

enum { DIFFUSION, UPDATE };

typedef struct Srad2 {
    float *image, *start, *region;
    float *got, *want;
    cl_mem j[2];
} Srad2;

static void srad2_prepare(Bench *b)
{
    Srad2 *s = b->state = bench_alloc(b, sizeof(*s));
    uint32_t n = b->size[0];
    size_t cells = (size_t)n * n, bytes = cells * sizeof(float);

    s->image = srad_image(b, n);
    s->start = bench_alloc(b, bytes);
    for (size_t i = 0; i < cells; i++) {
        s->start[i] = exp(s->image[i] / 255.0);
    }
    s->region = bench_alloc(b, bytes / 4);
    s->got = bench_alloc(b, bytes);
}

static void srad2_setup(Bench *b)
{
    Srad2 *s = b->state;
    uint32_t n = b->size[0];
    size_t bytes = sizeof(float) * n * n;
    cl_mem c;

    s->j[0] = bench_buffer(b, CL_MEM_READ_WRITE, bytes, s->start, NULL);
    s->j[1] = bench_buffer(b, CL_MEM_READ_WRITE, bytes, NULL, NULL);
    b->buffer[b->size[1] % 2].out = s->got;
    c = bench_buffer(b, CL_MEM_READ_WRITE, bytes, NULL, NULL);
    bench_arg_mem(b, DIFFUSION, 1, c);
    bench_arg_u32(b, DIFFUSION, 2, n);
    bench_arg_mem(b, UPDATE, 1, c);
    bench_arg_u32(b, UPDATE, 3, n);
    bench_arg_f32(b, UPDATE, 4, SRAD_LAMBDA);
}

static float statistics(const float *j, size_t n, size_t roi)
{
    double sum = 0, square = 0, mean;

    for (size_t y = 0; y < roi; y++) {
        for (size_t x = 0; x < roi; x++) {
            double v = j[y * n + x];

            sum += v;
            square += v * v;
        }
    }
    mean = sum / (roi * roi);
    return (square / (roi * roi) - mean * mean) / (mean * mean);
}

static void srad2_launch(Bench *b)
{
    Srad2 *s = b->state;
    size_t n = b->size[0];

    for (uint32_t i = 0; i < b->size[1]; i++) {
        cl_mem from = s->j[i % 2], to = s->j[(i + 1) % 2];

        bench_read(b, from, n * n / 4 * sizeof(float), s->region);
        bench_arg_mem(b, DIFFUSION, 0, from);
        bench_arg_f32(b, DIFFUSION, 3, statistics(s->region, n, n / 4));
        bench_run(b, DIFFUSION, n, n, 16, 16);
        bench_arg_mem(b, UPDATE, 0, from);
        bench_arg_mem(b, UPDATE, 2, to);
        bench_run(b, UPDATE, n, n, 16, 16);
    }
}

static bool srad2_check(Bench *b)
{
    Srad2 *s = b->state;
    uint32_t n = b->size[0], iterations = b->size[1];
    size_t cells = (size_t)n * n;

    if (!s->want) {
        double *j = srad_reference(b, s->image, n, iterations, n / 4);

        s->want = bench_alloc(b, cells * sizeof(float));
        for (size_t i = 0; i < cells; i++) {
            s->want[i] = j[i];
        }
    }
    return bench_near(b, s->got, s->want, cells, srad_tolerance(iterations),
                      0);
}

const BenchProgram bench_srad2 = {
    .name = "SRAD2",
    .what = "speckle reduction, in tiles, statistics on the host",
    .source = bench_source_srad2,
    .kernels = { "diffusion", "update" },
    .params = {
        { "n", "rows and columns", { 64, 256, 512 }, 16, 4096, 16 },
        { "iterations", "of the diffusion", { 2, 4, 8 }, 1, 1000, 1 },
    },
    .prepare = srad2_prepare,
    .setup = srad2_setup,
    .launch = srad2_launch,
    .check = srad2_check,
};
