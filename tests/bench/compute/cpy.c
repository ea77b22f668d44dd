/*
 * CPY, PINCPY: copies from the host to the device and back, without a kernel.
 * CPY copies ordinary memory.  PINCPY copies memory that the OpenCL
 * implementation gave (CL_MEM_ALLOC_HOST_PTR, mapped for all of the run), the
 * way in which OpenCL programs ask for pinned memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "programs.h"

#define MIB ((size_t)1 << 20)

typedef struct Cpy {
    uint32_t *sent, *got;       /* got: also the pinned memory */
    size_t words;
    cl_mem device, pinned;
} Cpy;

static void pincpy_prepare(Bench *b)
{
    Cpy *s = b->state = bench_alloc(b, sizeof(*s));

    s->words = b->size[0] * MIB / sizeof(uint32_t);
    s->sent = bench_random_words(b, s->words, 5);
}

static void cpy_prepare(Bench *b)
{
    Cpy *s;

    pincpy_prepare(b);
    s = b->state;
    s->got = bench_alloc(b, s->words * sizeof(uint32_t));
}

static void cpy_setup(Bench *b)
{
    Cpy *s = b->state;

    bench_buffer(b, CL_MEM_READ_WRITE, s->words * sizeof(uint32_t), s->sent,
                 s->got);
}

static bool cpy_check(Bench *b)
{
    Cpy *s = b->state;
    bool good = bench_same(b, s->got, s->sent, s->words);

    memset(s->got, 0xa5, s->words * sizeof(uint32_t));
    return good;
}

static void pincpy_setup(Bench *b)
{
    Cpy *s = b->state;
    size_t bytes = s->words * sizeof(uint32_t);
    cl_int err;

    s->device = bench_buffer(b, CL_MEM_READ_WRITE, bytes, NULL, NULL);
    s->pinned = bench_buffer(b, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR,
                             bytes, NULL, NULL);
    s->got = clEnqueueMapBuffer(b->queue, s->pinned, CL_TRUE,
                                CL_MAP_READ | CL_MAP_WRITE, 0, bytes, 0, NULL,
                                NULL, &err);
    bench_ok(b, err, "clEnqueueMapBuffer");
    memcpy(s->got, s->sent, bytes);
}

static void pincpy_upload(Bench *b)
{
    Cpy *s = b->state;

    bench_write(b, s->device, s->words * sizeof(uint32_t), s->got);
}

/* The pinned memory loses its content between the copies: not timed. */
static void pincpy_launch(Bench *b)
{
    Cpy *s = b->state;

    s->got[0] = ~s->sent[0];
    s->got[s->words - 1] = ~s->sent[s->words - 1];
}

static void pincpy_download(Bench *b)
{
    Cpy *s = b->state;

    bench_read(b, s->device, s->words * sizeof(uint32_t), s->got);
}

static bool pincpy_check(Bench *b)
{
    Cpy *s = b->state;

    return bench_same(b, s->got, s->sent, s->words);
}

static void pincpy_close(Bench *b)
{
    Cpy *s = b->state;

    bench_ok(b, clEnqueueUnmapMemObject(b->queue, s->pinned, s->got, 0, NULL,
                                        NULL), "clEnqueueUnmapMemObject");
    bench_ok(b, clFinish(b->queue), "clFinish");
}

#define SIZES { { "mib", "MiB each way", { 1, 16, 64 }, 1, 1024, 1 } }

const BenchProgram bench_cpy = {
    .name = "CPY",
    .what = "copies to the device and back",
    .params = SIZES,
    .prepare = cpy_prepare,
    .setup = cpy_setup,
    .check = cpy_check,
};

const BenchProgram bench_pincpy = {
    .name = "PINCPY",
    .what = "the same from and to pinned memory",
    .params = SIZES,
    .prepare = pincpy_prepare,
    .setup = pincpy_setup,
    .upload = pincpy_upload,
    .launch = pincpy_launch,
    .download = pincpy_download,
    .check = pincpy_check,
    .close = pincpy_close,
};
