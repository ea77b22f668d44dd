/*
 * SRAD: speckle reducing anisotropic diffusion, first form: all on the
 * device, from extracting the image to compressing it.
 *
 * Tolerance: srad_ref.h tells that of the exponential; the image is its
 * logarithm times 255, so that becomes an absolute one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "programs.h"
#include "srad_ref.h"

#define GROUP       256

enum { EXTRACT, SUMS, STATISTICS, DIFFUSION, UPDATE, COMPRESS };

typedef struct Srad {
    float *image, *got, *want;
    cl_mem j[2];
} Srad;

static void srad_prepare(Bench *b)
{
    Srad *s = b->state = bench_alloc(b, sizeof(*s));
    uint32_t n = b->size[0];

    s->image = srad_image(b, n);
    s->got = bench_alloc(b, sizeof(float) * n * n);
}

static void srad_setup(Bench *b)
{
    Srad *s = b->state;
    uint32_t n = b->size[0];
    size_t cells = (size_t)n * n, bytes = cells * sizeof(float);
    size_t groups = (cells + GROUP - 1) / GROUP;
    cl_mem image, c, partial, q0, out;

    image = bench_buffer(b, CL_MEM_READ_ONLY, bytes, s->image, NULL);
    s->j[0] = bench_buffer(b, CL_MEM_READ_WRITE, bytes, NULL, NULL);
    s->j[1] = bench_buffer(b, CL_MEM_READ_WRITE, bytes, NULL, NULL);
    c = bench_buffer(b, CL_MEM_READ_WRITE, bytes, NULL, NULL);
    partial = bench_buffer(b, CL_MEM_READ_WRITE, groups * 2 * sizeof(float),
                           NULL, NULL);
    q0 = bench_buffer(b, CL_MEM_READ_WRITE, sizeof(float), NULL, NULL);
    out = bench_buffer(b, CL_MEM_WRITE_ONLY, bytes, NULL, s->got);
    bench_arg_mem(b, EXTRACT, 0, image);
    bench_arg_mem(b, EXTRACT, 1, s->j[0]);
    bench_arg_u32(b, EXTRACT, 2, n);
    bench_arg_mem(b, SUMS, 1, partial);
    bench_arg_u32(b, SUMS, 2, n);
    bench_arg_mem(b, STATISTICS, 0, partial);
    bench_arg_u32(b, STATISTICS, 1, groups);
    bench_arg_u32(b, STATISTICS, 2, n);
    bench_arg_mem(b, STATISTICS, 3, q0);
    bench_arg_mem(b, DIFFUSION, 1, c);
    bench_arg_u32(b, DIFFUSION, 2, n);
    bench_arg_mem(b, DIFFUSION, 3, q0);
    bench_arg_mem(b, UPDATE, 1, c);
    bench_arg_u32(b, UPDATE, 3, n);
    bench_arg_f32(b, UPDATE, 4, SRAD_LAMBDA);
    bench_arg_mem(b, COMPRESS, 0, s->j[b->size[1] % 2]);
    bench_arg_mem(b, COMPRESS, 1, out);
    bench_arg_u32(b, COMPRESS, 2, n);
}

static void srad_launch(Bench *b)
{
    Srad *s = b->state;
    size_t n = b->size[0], cells = n * n;

    bench_run(b, EXTRACT, cells, 1, GROUP, 1);
    for (uint32_t i = 0; i < b->size[1]; i++) {
        cl_mem from = s->j[i % 2], to = s->j[(i + 1) % 2];

        bench_arg_mem(b, SUMS, 0, from);
        bench_run(b, SUMS, cells, 1, GROUP, 1);
        bench_run(b, STATISTICS, GROUP, 1, GROUP, 1);
        bench_arg_mem(b, DIFFUSION, 0, from);
        bench_run(b, DIFFUSION, n, n, 16, 16);
        bench_arg_mem(b, UPDATE, 0, from);
        bench_arg_mem(b, UPDATE, 2, to);
        bench_run(b, UPDATE, n, n, 16, 16);
    }
    bench_run(b, COMPRESS, cells, 1, GROUP, 1);
}

static bool srad_check(Bench *b)
{
    Srad *s = b->state;
    uint32_t n = b->size[0], iterations = b->size[1];
    size_t cells = (size_t)n * n;

    if (!s->want) {
        double *j = srad_reference(b, s->image, n, iterations, n);

        s->want = bench_alloc(b, cells * sizeof(float));
        for (size_t i = 0; i < cells; i++) {
            s->want[i] = log(j[i]) * 255;
        }
    }
    return bench_near(b, s->got, s->want, cells, 4 * BENCH_EPS,
                      255 * srad_tolerance(iterations));
}

const BenchProgram bench_srad = {
    .name = "SRAD",
    .what = "speckle reduction, all on the device",
    .source = bench_source_srad,
    .kernels = { "extract", "sums", "statistics", "diffusion", "update",
                 "compress" },
    .params = {
        { "n", "rows and columns", { 64, 256, 512 }, 2, 4096, 1 },
        { "iterations", "of the diffusion", { 2, 4, 8 }, 1, 1000, 1 },
    },
    .prepare = srad_prepare,
    .setup = srad_setup,
    .launch = srad_launch,
    .check = srad_check,
};
