/*
 * One warp of one CTA on a software GPU, for tests of memory, surface and
 * texture instructions: they are encoded as Mesa's emitter does it, decoded
 * by the real decoder and executed by calling the handler; or, with
 * GPUVM_TEST_ENGINE=sync, as a program of its own that is compiled.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_WARP_BENCH_H
#define GPUVM_TESTS_WARP_BENCH_H

#include <string.h>

#include "harness.h"
#include "soft/cta.h"
#include "soft/isa/table.h"
#include "soft/jit/jit.h"
#include "soft/soft.h"

#define WB_VRAM (4u << 20)
#define WB_NEVER_ABORT wb_never

typedef struct WarpBench {
    TestHost *th;
    SoftBench b;
    SoftLaunch l;
    SoftCtaCtx ctx;
    SoftCta *cta;
    SoftWarp *w;
    uint8_t *mem;           /* the bytes at b.va */
} WarpBench;

static _Atomic uint32_t wb_never;

/* A CTA of one warp; @wb->l may have been filled before. */
static inline void wb_bind(WarpBench *wb)
{
    wb->l.as = wb->b.as;
    for (unsigned i = 0; i < 3; i++) {
        wb->l.grid[i] = 1;
        wb->l.block[i] = i ? 1 : 32;
    }
    wb->l.gprs = 63;
    g_assert(gpuvm_soft_launch_ok(&wb->l));
    g_assert(gpuvm_soft_cta_ctx_bind(&wb->ctx, &wb->l, &wb_never));
    wb->cta = &wb->ctx.cta;
    wb->w = wb->cta->warp;
    memset(wb->w, 0, sizeof(*wb->w));
    memset(wb->ctx.locked, 0, sizeof(wb->ctx.locked));
    memset(wb->ctx.shared, 0, SOFT_SHARED_MAX);
    wb->w->cta = wb->cta;
    wb->w->active = wb->w->live = ~0u;
    wb->w->p[7] = ~0u;
    wb->w->local = wb->cta->local_stride ? wb->ctx.local + wb->l.local_neg :
                   NULL;
}

static inline WarpBench *wb_new(void)
{
    WarpBench *wb = g_new0(WarpBench, 1);

    wb->th = test_host_new(0, 0);
    g_assert(gpuvm_soft_bench_open(&wb->b, &wb->th->host, WB_VRAM, 1) == 0);
    wb->mem = wb->b.slice.map;
    g_assert(gpuvm_soft_cta_ctx_init(&wb->ctx, gpuvm_soft_gpu(wb->b.gpu)));
    gpuvm_soft_section_enter(gpuvm_soft_gpu(wb->b.gpu));
    wb_bind(wb);
    return wb;
}

static inline void wb_free(WarpBench *wb)
{
    gpuvm_soft_section_leave(gpuvm_soft_gpu(wb->b.gpu));
    gpuvm_soft_cta_ctx_fini(&wb->ctx);
    gpuvm_soft_bench_close(&wb->b);
    test_host_free(wb->th);
    g_free(wb);
}

static inline bool wb_by_jit(void)
{
    return !g_strcmp0(g_getenv("GPUVM_TEST_ENGINE"), "sync");
}

/* How many of @n random cases: compiling takes its time. */
static inline unsigned wb_cases(unsigned n)
{
    return wb_by_jit() ? n / 4 : n;
}

/* Compiles @word and `exit`, and runs it in the lanes of @mask. */
static inline SoftExecStatus wb_exec_jit(WarpBench *wb, uint64_t word,
                                         uint32_t mask)
{
    static SoftJit *jit;
    const uint64_t code[] = { word, UINT64_C(0x8000000000001de7) };
    SoftProgram *p = gpuvm_soft_program_from_words((const uint32_t *)code, 4,
                                                   0x40, 0x40);
    SoftWarp *w = wb->w;
    void *frame = NULL;
    SoftJitStats stats;
    char *err = NULL;

    if (!jit) {
        jit = gpuvm_soft_jit_new(SOFT_JIT_SYNC, &err);
        if (err) {
            g_error("%s", err);
        }
        gpuvm_soft_jit_keep(jit, true);
    }
    wb->cta->prog = p;
    w->pc = p->entry;
    w->active = w->live = mask;
    gpuvm_soft_jit_bind(jit, wb->cta, NULL, &frame);
    gpuvm_soft_jit_run(w, 1000);
    gpuvm_soft_jit_unbind(&frame);
    gpuvm_soft_jit_stats(jit, &stats);
    CU_ASSERT_TRUE(stats.compiled > 0 && stats.refused == 0);
    wb->cta->jit = NULL;
    wb->cta->prog = NULL;
    w->active = w->live = ~0u;
    gpuvm_soft_program_put(NULL, p);
    return wb->cta->faulted ? SOFT_EXEC_FAULT : SOFT_EXEC_OK;
}

/* Decodes @word and runs it on @mask by the handler that it is bound to (see
 * gpuvm_soft_alu_force()), with width 0 by the general one, @fn; checks that
 * the row is @op. */
static int wb_width;

static inline SoftExecStatus wb_exec(WarpBench *wb, SoftExecFn *fn,
                                     SoftOp op, uint64_t word, uint32_t mask)
{
    SoftInsn in;

    memset(&in, 0, sizeof(in));
    CU_ASSERT_EQUAL(gpuvm_soft_decode(word, word >> 32, 0x40, &in), 8);
    CU_ASSERT_EQUAL(in.op, op);
    CU_ASSERT_EQUAL(wb->w->r[SOFT_REG_ZERO][0], 0);
    wb->cta->faulted = false;
    if (wb_by_jit() && op != SOFT_OP_LDS_LOCK && op != SOFT_OP_STS_UNLOCK) {
        return wb_exec_jit(wb, word, mask);
    }
    if (wb_width) {
        gpuvm_soft_insn_bind(&in);
        fn = in.fn;
    }
    return fn(wb->w, &in, mask);
}

/* ---- encodings (Mesa nv50_ir_emit_nvc0.cpp) ---- */

#define WI_ALWAYS 0x1c00u

static inline uint64_t wi(uint32_t hi, uint32_t lo)
{
    return (uint64_t)hi << 32 | lo | WI_ALWAYS;
}

/* g[] load (store): address pair in @src, any 32-bit offset */
static inline uint64_t wi_g(bool store, unsigned type, unsigned dst,
                            unsigned src, int32_t ofs, bool wide)
{
    return wi((store ? 0x90000000u : 0x80000000u) |
              ((uint32_t)ofs >> 6) | (uint32_t)wide << 26,
              5 | type << 5 | dst << 14 | src << 20 | (uint32_t)ofs << 26);
}

/* s[] and l[] accesses; @hi one of 0xc0 c1 c4 c8 c9 cc */
static inline uint64_t wi_sl(uint8_t hi, unsigned type, unsigned dst,
                             unsigned src, int32_t ofs)
{
    return wi((uint32_t)hi << 24 | ((uint32_t)ofs >> 6 & 0x3ffff),
              5 | type << 5 | dst << 14 | src << 20 | (uint32_t)ofs << 26);
}

static inline uint64_t wi_ldc(unsigned mode, unsigned type, unsigned dst,
                              unsigned src, unsigned bank, uint32_t ofs)
{
    return wi(0x14000000u | bank << 10 | ofs >> 6,
              6 | mode << 8 | type << 5 | dst << 14 | src << 20 | ofs << 26);
}

/* red: @hi 0x10 u32/u64, 0x18 s32, 0x28 f32 */
static inline uint64_t wi_red(uint8_t hi, bool bit9, unsigned op,
                              unsigned data, unsigned src, int32_t ofs)
{
    return wi((uint32_t)hi << 24 | (uint32_t)ofs >> 6 | 1u << 26,
              5 | op << 5 | (uint32_t)bit9 << 9 | data << 14 | src << 20 |
              (uint32_t)ofs << 26);
}

/* atom: @hi 0x507e 0x587e 0x687e, cas 0x5000 */
static inline uint64_t wi_atom(uint16_t hi, bool bit9, unsigned op,
                               unsigned dst, unsigned data, unsigned src,
                               int32_t ofs)
{
    uint32_t h = (uint32_t)hi << 16 | dst << 11 | 1u << 26;

    h |= ((uint32_t)ofs & 0x1ffc0) >> 6 | ((uint32_t)ofs & 0xe0000) << 6;
    if (hi == 0x5000) {
        h |= (data + 1) << 17;
    }
    return wi(h, 5 | op << 5 | (uint32_t)bit9 << 9 | data << 14 | src << 20 |
              (uint32_t)ofs << 26);
}

/* A deterministic generator, so that failures repeat. */
static inline uint32_t wb_rand(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8 ^ *state << 13;
}

#endif
