/*
 * Fuzz target: shader code.
 *
 * A small grid runs code made of the input: each word is raw or forced to
 * match a row of the table, with near branches and small offsets as often as
 * not.  Texture and sampler tables, images and constant buffers lie in memory
 * that the input fills.  A grid that does not end is aborted after a
 * millisecond and must then end; no other slice changes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gpu.h"

#include <string.h>

#include "soft/compute.h"
#include "soft/isa/table.h"
#include "soft/soft.h"

#define CODE_AT     0x0u
#define DATA_AT     0x8000u         /* c0, descriptors */
#define RUN_US      1000
#define END_US      5000000

static FuzzGpu gpu;
static SoftPool *pool;
static _Atomic unsigned done_count;

static void on_done(void *opaque, const GpuvmFault *fault, uint64_t ctas)
{
    done_count++;
}

/* Works on the grid until it is done; false after @us. */
static bool wait_done(gint64 us)
{
    gint64 end = g_get_monotonic_time() + us;

    while (!done_count && g_get_monotonic_time() < end) {
        fuzz_gpu_work(gpu.gpu);
    }
    return done_count;
}

/* One instruction; the first byte says how it is made. */
static uint64_t an_insn(FuzzIn *in)
{
    unsigned op = fuzz_u8(in) % SOFT_OP__MAX;
    const SoftRow *row = &gpuvm_soft_rows[op];
    uint8_t how = fuzz_u8(in);
    uint64_t raw = fuzz_u64(in);

    if (how & 1) {              /* always executed */
        raw = (raw & ~0x3c00ull) | 7u << 10;
    }
    if (how & 2) {              /* few registers: values flow */
        raw &= ~0x0f00000f00038000ull | (7ull << 10);
    }
    if ((how & 12) == 4) {      /* a small signed field 49:26 */
        int64_t off = (int8_t)(raw >> 26) * 8;

        raw = (raw & ~0x0003fffffc000000ull) | ((off & 0xffffff) << 26);
    }
    if ((how & 12) == 8) {      /* register operands */
        raw &= ~0xc00000000000ull;
    }
    return (raw & ~row->mask) | row->match;
}

static void put_words(uint32_t at, FuzzIn *in, unsigned n)
{
    while (n--) {
        uint32_t w = GUINT32_TO_LE(fuzz_value(in));

        memcpy(gpu.mem + at, &w, 4);
        at += 4;
    }
}

static void buffers(FuzzIn *in, SoftLaunch *l)
{
    uint8_t how;
    unsigned i;

    l->cb[0] = (SoftCb) { FUZZ_VA + DATA_AT, 0x1000 };
    l->cb[1] = (SoftCb) { fuzz_address(in), fuzz_value(in) };
    l->cb[15] = (SoftCb) { fuzz_address(in), fuzz_value(in) };
    put_words(DATA_AT, in, fuzz_u8(in) & 15);
    for (i = 0; i < 2; i++) {
        l->image[i] = (SoftImage) {
            fuzz_address(in), fuzz_value(in), fuzz_value(in), fuzz_value(in),
            fuzz_value(in),
        };
    }
    l->tic_va = FUZZ_VA + DATA_AT + 0x1000;
    l->tsc_va = FUZZ_VA + DATA_AT + 0x2000;
    l->tic_limit = l->tsc_limit = fuzz_u8(in);
    put_words(DATA_AT + 0x1000, in, 16);
    put_words(DATA_AT + 0x2000, in, 8);
    for (i = 0; i < SOFT_MAX_TIC; i++) {
        l->tic[i] = i < 2 ? i + 1 : i == 2 ? fuzz_value(in) : 0;
    }
    l->tsc[0] = 1;
    l->tsc[1] = fuzz_value(in);
    how = fuzz_u8(in);
    l->linked_tsc = how & 1;
    l->seamless = how >> 1 & 1;
}

static void sizes(FuzzIn *in, SoftLaunch *l)
{
    uint8_t how = fuzz_u8(in);

    for (unsigned i = 0; i < 3; i++) {
        l->grid[i] = l->block[i] = 1;
    }
    l->block[0] = how & 1 ? 32 : fuzz_u8(in) + 1;
    l->grid[0] = (how >> 1 & 3) + 1;
    l->gprs = how & 8 ? 63 : fuzz_u8(in);
    l->shared_size = how & 16 ? 0x1000 : fuzz_value(in) & 0xffff;
    l->local_pos = how & 32 ? 0x100 : fuzz_value(in) & 0xfffff;
    l->local_neg = fuzz_u8(in) & 1 ? 0 : fuzz_value(in) & 0xfffff;
    l->shared_base = (uint32_t)fuzz_u8(in) << 24;
    l->local_base = (uint32_t)fuzz_u8(in) << 24;
    if (how & 64) {
        l->block[fuzz_u8(in) % 3] = fuzz_value(in);
        l->grid[fuzz_u8(in) % 3] = fuzz_value(in);
    }
    l->entry = how & 128 ? fuzz_value(in) : 0;
}

static void init(void)
{
    fuzz_gpu_open(&gpu);
    pool = gpuvm_soft_gpu_pool(gpuvm_soft_gpu(gpu.gpu));
}

static void fini(void)
{
    fuzz_gpu_close(&gpu);
}

static void one(FuzzIn *in)
{
    SoftLaunch l = { .as = gpu.as, .code_va = FUZZ_VA + CODE_AT,
                     .done = on_done };
    SoftGrid *grid;
    uint32_t at = CODE_AT;

    sizes(in, &l);
    buffers(in, &l);
    while (in->n && at < DATA_AT) {
        uint64_t raw = GUINT64_TO_LE(an_insn(in));

        memcpy(gpu.mem + at, &raw, 8);
        at += 8;
    }
    /* behind the input: exit */
    memcpy(gpu.mem + at, (uint64_t[]) { GUINT64_TO_LE(0x8000000000001de7) },
           8);
    done_count = 0;
    grid = gpuvm_soft_pool_launch(pool, &l);
    if (!wait_done(RUN_US)) {
        gpuvm_soft_pool_abort(pool, grid);
        fuzz_check(wait_done(END_US));
    }
    fuzz_check(done_count == 1);
    fuzz_gpu_clean(&gpu);
}

const FuzzTarget fuzz_target = {
    .name = "shader", .max_len = 1024, .init = init, .one = one,
    .exit = fini,
};
