/*
 * The 3D class end to end: constant uploads, reports, conditions, clears,
 * skipped draws, unknown methods.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft-rig.h"

#include "soft/gr.h"
#include "spec/compute_methods.h"
#include "spec/gr3d_methods.h"
#include "spec/surface.h"
#include "spec/twod_methods.h"

#define BUF 0x100000u
#define SPAN 0x100000u

static void m(Rig *r, uint32_t mthd, uint32_t data)
{
    rig_m(r, RIG_3D, mthd, data);
}

static void a(Rig *r, uint32_t mthd, uint64_t va)
{
    rig_addr(r, RIG_3D, mthd, va);
}

static uint32_t f32(float f)
{
    uint32_t v;

    memcpy(&v, &f, 4);
    return v;
}

/* ---- constant buffers ---- */

static void test_cb(void)
{
    Rig *r = rig_open();
    unsigned i;

    m(r, GR_CB_SIZE, 0x10000);
    a(r, GR_CB_ADDRESS_HIGH, r->va + BUF);
    /* 1I: position, then words to CB_DATA(0) */
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_3D, GR_CB_POS, 18);
    rig_word(r, 0xc0);
    for (i = 0; i < 17; i++) {
        rig_word(r, 0x1000 + i);
    }
    /* incrementing over the 16 data methods goes on behind them */
    rig_head(r, NVC0_PB_TYPE_INCR, RIG_3D, GR_CB_DATA_FIRST, 16);
    for (i = 0; i < 16; i++) {
        rig_word(r, 0x2000 + i);
    }
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (i = 0; i < 17; i++) {
        CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0xc0 + 4 * i), 0x1000 + i);
    }
    for (i = 0; i < 16; i++) {
        CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x104 + 4 * i), 0x2000 + i);
    }
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0xbc), 0);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x144), 0);
    /* compute has a port of its own: 3D's position stands */
    rig_m(r, RIG_COMPUTE, GR_CB_SIZE, 0x100);
    rig_addr(r, RIG_COMPUTE, GR_CB_ADDRESS_HIGH, r->va + BUF + 0x1000);
    rig_m(r, RIG_COMPUTE, GR_CB_POS, 8);
    rig_m(r, RIG_COMPUTE, GR_CB_DATA_FIRST + 12, 0xc0de);
    m(r, GR_CB_DATA_FIRST, 0x3d);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x1008), 0xc0de);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x144), 0x3d);
    /* the position wraps at 64 KiB, word by word and in bulk */
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_3D, GR_CB_POS, 5);
    rig_word(r, 0xfff8);
    for (i = 0; i < 4; i++) {
        rig_word(r, 0x3000 + i);
    }
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0xfffc), 0x3001);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF), 0x3002);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 4), 0x3003);
    /* unmapped: GR's fault */
    a(r, GR_CB_ADDRESS_HIGH, 0xff00000000ull);
    m(r, GR_CB_POS, 0x10);
    m(r, GR_CB_DATA_FIRST, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(r->fault.va, 0xff00000010ull);
    CU_ASSERT(r->fault.write);
    rig_close(r);
}

/* ---- reports ---- */

static void query(Rig *r, unsigned subc, uint64_t va, uint32_t seq,
                  uint32_t get)
{
    rig_head(r, NVC0_PB_TYPE_INCR, subc, GR_QUERY_ADDRESS_HIGH, 4);
    rig_word(r, va >> 32);
    rig_word(r, (uint32_t)va);
    rig_word(r, seq);
    rig_word(r, get);
}

static void test_query(void)
{
    Rig *r = rig_open();
    uint64_t v;

    r->th->use_fake_clock = true;
    r->th->fake_ns = 0xabcdef012345ull;
    memset(r->mem + BUF, 0xee, 256);
    query(r, RIG_3D, r->va + BUF, 41, 0x1000f010);  /* Mesa's fence */
    query(r, RIG_3D, r->va + BUF + 0x10, 42, 0x00005002); /* timestamp */
    query(r, RIG_3D, r->va + BUF + 0x20, 43, GR_QUERY_COUNTER64 | 2);
    query(r, RIG_COMPUTE, r->va + BUF + 0x30, 44, GR_QUERY_SHORT);
    query(r, RIG_3D, r->va + BUF + 0x44, 45, 0x0100f002); /* occlusion */
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF), 41);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 4), 0xeeeeeeee);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x10), 42);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x14), 0);
    memcpy(&v, r->mem + BUF + 0x18, 8);
    CU_ASSERT_EQUAL(v, 0xabcdef012345ull);
    memcpy(&v, r->mem + BUF + 0x20, 8);
    CU_ASSERT_EQUAL(v, 0);
    memcpy(&v, r->mem + BUF + 0x28, 8);
    CU_ASSERT_EQUAL(v, 0xabcdef012345ull);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x30), 44);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x34), 0xeeeeeeee);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x44), 45);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x48), 0);
    /* an odd address is stored as it is */
    query(r, RIG_3D, r->va + BUF + 0x1ffe, 0x11223344, GR_QUERY_SHORT);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x1ffe), 0x11223344);
    query(r, RIG_3D, 0x10, 1, GR_QUERY_SHORT);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->fault.va, 0x10);
    rig_close(r);
}

/* ---- clears ---- */

static void target(Rig *r, unsigned rt, uint64_t va, uint32_t horiz,
                   uint32_t vert, uint32_t format, uint32_t mode,
                   uint32_t layers, uint32_t stride, uint32_t base)
{
    rig_head(r, NVC0_PB_TYPE_INCR, RIG_3D,
             GR3D_RT_FIRST + rt * GR3D_RT_STRIDE, 9);
    rig_word(r, va >> 32);
    rig_word(r, (uint32_t)va);
    rig_word(r, horiz);
    rig_word(r, vert);
    rig_word(r, format);
    rig_word(r, mode);
    rig_word(r, layers);
    rig_word(r, stride / 4);
    rig_word(r, base);
}

static void scissor(Rig *r, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    m(r, GR3D_SCREEN_SCISSOR_H, w << 16 | x);
    m(r, GR3D_SCREEN_SCISSOR_V, h << 16 | y);
}

static void colour(Rig *r, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3)
{
    rig_head(r, NVC0_PB_TYPE_INCR, RIG_3D, GR3D_CLEAR_COLOR, 4);
    rig_word(r, c0);
    rig_word(r, c1);
    rig_word(r, c2);
    rig_word(r, c3);
}

#define ALL 0x3c

/* glClearBufferData: a linear target of R32UI, a pitch of 64 KiB */
static void test_clear_buffer(void)
{
    Rig *r = rig_open();
    unsigned i, bad = 0;

    memset(r->mem + BUF, 0x99, SPAN);
    colour(r, 0xdeadbeef, 1, 2, 3);
    scissor(r, 0, 0, 0x4000, 3);
    target(r, 0, r->va + BUF + 256, 0x10000, 3, SURF_R32_UINT,
           SURF_TILE_LINEAR, 1, 0, 0);
    m(r, GR3D_CLEAR_BUFFERS, ALL);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (i = 0; i < SPAN; i += 4) {
        bool in = i >= 256 && i < 256 + 3 * 0x10000;

        bad += rig_rd32(r, BUF + i) != (in ? 0xdeadbeef : 0x99999999);
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_CLEARS), 1);

    /* a rectangle inside; 1-byte and 16-byte elements; wider than the row */
    colour(r, 0x5a, 0, 0, 0);
    scissor(r, 3, 1, 5, 1);
    target(r, 0, r->va + BUF, 256, 8, SURF_R8_UINT, SURF_TILE_LINEAR, 1, 0,
           0);
    m(r, GR3D_CLEAR_BUFFERS, ALL);
    colour(r, 0x11, 0x22, 0x33, 0x44);
    scissor(r, 15, 0, 100, 1);
    target(r, 0, r->va + BUF + 0x80000, 256, 8, SURF_RGBA32_UINT,
           SURF_TILE_LINEAR, 1, 0, 0);
    m(r, GR3D_CLEAR_BUFFERS, ALL);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (bad = 0, i = 0; i < 12; i++) {
        bad += (r->mem[BUF + 256 + i] == 0x5a) != (i >= 3 && i < 8);
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x80000 + 236), 0x99999999);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x80000 + 240), 0x11);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x80000 + 252), 0x44);
    CU_ASSERT_EQUAL(rig_rd32(r, BUF + 0x80000 + 256), 0x99999999);
    rig_close(r);
}

/* nvc0-compute.md 3.7, transcribed literally */
static uint64_t naive(uint32_t mode, uint32_t wb, uint32_t h, uint32_t xb,
                      uint32_t y, uint32_t z)
{
    uint32_t bh = mode >> 4 & 0xf, bd = mode >> 8 & 0xf;
    uint64_t blk_h = 8u << bh, blk_sz = 512ull << (bh + bd);
    uint64_t nbx = (wb + 63) / 64, nby = (h + blk_h - 1) / blk_h;

    return ((z >> bd) * nby * nbx + y / blk_h * nbx + xb / 64) * blk_sz +
           (z & ((1u << bd) - 1)) * (512ull << bh) + y % blk_h / 8 * 512 +
           y % 8 * 64 + xb % 64;
}

/* Compares [BUF, BUF+SPAN) with a picture painted pixel by pixel. */
static void check(Rig *r, const uint8_t *want)
{
    CU_ASSERT(!memcmp(r->mem + BUF, want, SPAN));
}

static void paint(uint8_t *want, uint64_t base, uint32_t mode, uint32_t wb,
                  uint32_t h, uint32_t z, uint32_t bpp, uint32_t x0,
                  uint32_t y0, uint32_t x1, uint32_t y1, const void *pixel)
{
    uint32_t x, y, b;

    for (y = y0; y < y1; y++) {
        for (x = x0; x < x1; x++) {
            for (b = 0; b < bpp; b++) {
                want[base + naive(mode, wb, h, x * bpp + b, y, z)] =
                    ((const uint8_t *)pixel)[b];
            }
        }
    }
}

static void test_clear_tiled(void)
{
    Rig *r = rig_open();
    g_autofree uint8_t *want = g_malloc(SPAN);

    memset(want, 0x77, SPAN);
    memset(r->mem + BUF, 0x77, SPAN);
    /* RGBA8, 100 x 50 pixels, second target, all of it and no more */
    colour(r, f32(1.0f), f32(0.5f), f32(0.0f), f32(1.0f));
    scissor(r, 0, 0, 100, 50);
    target(r, 1, r->va + BUF, 100, 50, SURF_RGBA8_UNORM, 0x020, 1, 0, 0);
    m(r, GR3D_CLEAR_BUFFERS, ALL | 1 << 6);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    paint(want, 0, 0x020, 400, 50, 0, 4, 0, 0, 100, 50, "\xff\x80\0\xff");
    check(r, want);

    /* a scissored part, red and alpha only; scissor larger than surface */
    colour(r, f32(0.0f), f32(1.0f), f32(1.0f), f32(0.25f));
    scissor(r, 90, 45, 100, 100);
    m(r, GR3D_CLEAR_BUFFERS, 1 << 2 | 1 << 5 | 1 << 6);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    paint(want, 0, 0x020, 400, 50, 0, 4, 90, 45, 100, 50, "\0\x80\0\x40");
    check(r, want);

    /* layer 2 of an array, base layer 1, and scissor 0 */
    colour(r, 0x1234, 0x5678, 0, 0);
    scissor(r, 0, 0, 64, 64);
    m(r, GR3D_CLEAR_FLAGS, GR3D_CLEAR_FLAGS_SCISSOR);
    m(r, GR3D_SCISSOR_ENABLE, 1);
    m(r, GR3D_SCISSOR_HORIZ, 20 << 16 | 4);
    m(r, GR3D_SCISSOR_VERT, 9 << 16 | 7);
    target(r, 0, r->va + BUF + 0x40000, 64, 64, SURF_RG16_UINT, 0x000, 4,
           0x8000, 1);
    m(r, GR3D_CLEAR_BUFFERS, ALL | 2 << 10);
    m(r, GR3D_CLEAR_FLAGS, 0);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    paint(want, 0x40000 + 3 * 0x8000, 0, 256, 64, 0, 4, 4, 7, 20, 9,
          "\x34\x12\x78\x56");
    check(r, want);

    /* a slice of a volume; 2-byte pixels */
    colour(r, f32(1.5f), 0, 0, 0);
    scissor(r, 2, 3, 10, 5);
    target(r, 0, r->va + BUF + 0x80000, 64, 16, SURF_R16_FLOAT,
           0x110 | SURF_TILE_VOLUME, 8, 0, 2);
    m(r, GR3D_CLEAR_BUFFERS, ALL | 3 << 10);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    paint(want, 0x80000, 0x110, 128, 16, 5, 2, 2, 3, 12, 8, "\x00\x3e");
    check(r, want);

    /* four samples a pixel: twice as wide and high */
    colour(r, 7, 0, 0, 0);
    scissor(r, 1, 1, 2, 3);
    target(r, 0, r->va + BUF + 0xc0000, 64, 16, SURF_R32_UINT, 0x010, 1, 0,
           0);
    m(r, GR3D_MULTISAMPLE_MODE, 2);
    m(r, GR3D_CLEAR_BUFFERS, ALL);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    paint(want, 0xc0000, 0x010, 256, 16, 0, 4, 2, 2, 6, 8, "\7\0\0\0");
    check(r, want);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_CLEARS), 5);
    CU_ASSERT_EQUAL(r->faults, 0);
    rig_close(r);
}

static void test_clear_zeta(void)
{
    static const struct {
        uint32_t format, bpp;
        uint8_t z[8], s[8], zs[8];  /* pixel of 0x77 after a clear of each */
    } c[] = {
        { ZETA_Z32_FLOAT, 4, { 0, 0, 0, 0x3f }, { 0x77, 0x77, 0x77, 0x77 },
          { 0, 0, 0, 0x3f } },
        { ZETA_Z16_UNORM, 2, { 0, 0x80 }, { 0x77, 0x77 }, { 0, 0x80 } },
        { ZETA_Z24_S8, 4, { 0, 0, 0x80, 0x77 }, { 0x77, 0x77, 0x77, 0xa5 },
          { 0, 0, 0x80, 0xa5 } },
        { ZETA_S8_Z24, 4, { 0x77, 0, 0, 0x80 }, { 0xa5, 0x77, 0x77, 0x77 },
          { 0xa5, 0, 0, 0x80 } },
        { ZETA_Z24_X8, 4, { 0, 0, 0x80, 0 }, { 0x77, 0x77, 0x77, 0x77 },
          { 0, 0, 0x80, 0 } },
        { ZETA_Z32_S8_X24, 8, { 0, 0, 0, 0x3f, 0x77, 0x77, 0x77, 0x77 },
          { 0x77, 0x77, 0x77, 0x77, 0xa5, 0x77, 0x77, 0x77 },
          { 0, 0, 0, 0x3f, 0xa5, 0x77, 0x77, 0x77 } },
    };
    Rig *r = rig_open();
    g_autofree uint8_t *want = g_malloc(SPAN);
    unsigned i, k;

    a(r, GR3D_ZETA_ADDRESS_HIGH, r->va + BUF);
    m(r, GR3D_ZETA_TILE_MODE, 0x010);
    m(r, GR3D_ZETA_HORIZ, 40);
    m(r, GR3D_ZETA_VERT, 30);
    m(r, GR3D_ZETA_LAYER_STRIDE, 0x10000 / 4);
    m(r, GR3D_CLEAR_DEPTH, f32(0.5f));
    m(r, GR3D_CLEAR_STENCIL, 0xfa5);
    scissor(r, 3, 2, 30, 20);
    /* disabled: nothing happens */
    memset(r->mem + BUF, 0x77, SPAN);
    memset(want, 0x77, SPAN);
    m(r, GR3D_ZETA_FORMAT, ZETA_Z24_S8);
    m(r, GR3D_CLEAR_BUFFERS, 3);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    check(r, want);
    m(r, GR3D_ZETA_ENABLE, 1);
    for (i = 0; i < G_N_ELEMENTS(c); i++) {
        for (k = 1; k <= 3; k++) {
            memset(r->mem + BUF, 0x77, SPAN);
            memset(want, 0x77, SPAN);
            m(r, GR3D_ZETA_FORMAT, c[i].format);
            m(r, GR3D_CLEAR_BUFFERS, k | 1 << 10);
            CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
            paint(want, 0x10000, 0x010, 40 * c[i].bpp, 30, 0, c[i].bpp, 3, 2,
                  33, 22, k == 1 ? c[i].z : k == 2 ? c[i].s : c[i].zs);
            check(r, want);
        }
    }
    CU_ASSERT_EQUAL(r->faults, 0);
    rig_close(r);
}

/* Hostile targets: no crash, no endless work, at worst a fault. */
static void test_clear_hostile(void)
{
    Rig *r = rig_open();
    gint64 start = g_get_monotonic_time();

    colour(r, 1, 2, 3, 4);
    scissor(r, 0xffff, 0xffff, 0xffff, 0xffff);
    target(r, 0, r->va + BUF, UINT32_MAX, UINT32_MAX, 0x12, UINT32_MAX,
           UINT32_MAX, UINT32_MAX, UINT32_MAX);
    m(r, GR3D_CLEAR_BUFFERS, UINT32_MAX);           /* target 15 */
    m(r, GR3D_CLEAR_BUFFERS, ALL);                  /* unknown format */
    target(r, 0, r->va + BUF, 0, 0, SURF_R32_UINT, 0, 0, 0, 0);
    m(r, GR3D_CLEAR_BUFFERS, ALL);                  /* no size */
    m(r, GR3D_MULTISAMPLE_MODE, UINT32_MAX);
    m(r, GR3D_CLEAR_BUFFERS, ALL);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS) >= 1);
    scissor(r, 0, 0, 0xffff, 0xffff);
    target(r, 0, r->va + BUF, UINT32_MAX, UINT32_MAX, SURF_RGBA32_UINT,
           0xfff, 1, 0, 0);
    m(r, GR3D_CLEAR_BUFFERS, ALL);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT(g_get_monotonic_time() - start < 10000000);
    rig_close(r);
}

/* ---- conditions ---- */

static void test_cond(void)
{
    static const struct { uint32_t mode, w[6]; bool pass; } c[] = {
        { GR_COND_NEVER, { 1, 1, 0, 0, 1, 1 }, false },
        { GR_COND_ALWAYS, { 0 }, true },
        { GR_COND_RES_NON_ZERO, { 1, 1 }, true },
        { GR_COND_RES_NON_ZERO, { 1, 0 }, false },
        { GR_COND_RES_NON_ZERO, { 0, 0 }, false },
        { GR_COND_EQUAL, { 5, 6, 1, 2, 5, 6 }, true },
        { GR_COND_EQUAL, { 5, 6, 1, 2, 5, 7 }, false },
        { GR_COND_NOT_EQUAL, { 5, 6, 1, 2, 5, 6 }, false },
        { GR_COND_NOT_EQUAL, { 5, 6, 1, 2, 4, 6 }, true },
    };
    Rig *r = rig_open();
    unsigned i;

    scissor(r, 0, 0, 1, 1);
    target(r, 0, r->va + BUF, 256, 1, SURF_R32_UINT, SURF_TILE_LINEAR, 1, 0,
           0);
    a(r, GR_COND_ADDRESS_HIGH, r->va + BUF + 0x1000);
    for (i = 0; i < G_N_ELEMENTS(c); i++) {
        memcpy(r->mem + BUF + 0x1000, c[i].w, sizeof(c[i].w));
        memset(r->mem + BUF, 0, 4);
        colour(r, 100 + i, 0, 0, 0);
        m(r, GR_COND_MODE, c[i].mode);
        m(r, GR3D_CLEAR_BUFFERS, ALL);
        CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
        CU_ASSERT_EQUAL(rig_rd32(r, BUF), c[i].pass ? 100 + i : 0);
    }
    rig_close(r);
}

/* ---- what is not modelled ---- */

static void test_skipped(void)
{
    Rig *r = rig_open();
    unsigned logs = r->th->logs, i;

    for (i = 0; i < 3; i++) {
        m(r, GR3D_VERTEX_BEGIN_GL, 4);
        m(r, 0x0d74, 0);
        m(r, GR3D_VERTEX_BUFFER_COUNT, 3);
        m(r, GR3D_VERTEX_END_GL, 0);
        rig_m(r, RIG_2D, TWOD_DRAW_POINT16, 0);
        rig_m(r, RIG_2D, TWOD_BLIT_DST_X, 0);
    }
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_DRAWS_SKIPPED), 3);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_BLITS_SKIPPED), 3);
    CU_ASSERT_EQUAL(r->th->logs - logs, 2);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_GUEST_ERRORS), 0);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS), 0);
    rig_close(r);
}

/*
 * Everything that Mesa sends at screen creation is known (nvc0-compute.md
 * 2.1), and so is the driver's 0x1528.
 */
static void test_known(void)
{
    static const uint16_t mesa3d[] = {
        0x1558, 0x0de4, 0x19cc, 0x19e0, 0x19fc, 0x121c, 0x15b4, 0x1534,
        0x15d0, 0x153c, 0x020c, 0x0de8, 0x133c, 0x135c, 0x12d4, 0x1664,
        0x0d64, 0x151c, 0x10cc, 0x10e0, 0x10e4, 0x10ec, 0x10f0, 0x074c,
        0x16a8, 0x1794, 0x12ac, 0x0218, 0x10fc, 0x1290, 0x12d8, 0x12dc,
        0x1140, 0x1610, 0x164c, 0x030c, 0x0300, 0x02d0, 0x0fdc, 0x19c0,
        0x075c, 0x1608, 0x160c, 0x2380, 0x2384, 0x2388, 0x0f84, 0x0f88,
        0x0790, 0x079c, 0x07a0, 0x077c, 0x17bc, 0x17c4, 0x1574, 0x157c,
        0x155c, 0x1564, 0x13ac, 0x0df8, 0x0dfc, 0x1590, 0x1950, 0x0d00,
        0x0d3c, 0x194c, 0x197c, 0x10f8, 0x192c, 0x0c08, 0x0cfc, 0x193c,
        0x0e00, 0x0ef8, 0x037c, 0x0fac, 0x02ec, 0x15cc, 0x0dcc, 0x2080,
        0x2000, 0x2100, 0x1604, 0x165c, 0x15e4, 0x2410, 0x2490, 0x2200,
        0x2240, 0x1234, 0x1330, 0x021c, 0x0110, 0x1338, 0x1334, 0x2700,
        0x27f4, 0x0ff4, 0x0800, 0x0754, 0x3410, 0x3414, 0x1528, 0x0100,
    };
    static const uint16_t mesa2d[] = {
        0x0260, 0x02ac, 0x0290, 0x029c, 0x0884, 0x0888, 0x026c, 0x0104,
        0x0108,
    };
    static const uint16_t mesacp[] = {
        0x0758, 0x0d64, 0x02a0, 0x02c4, 0x02c8, 0x0790, 0x0794, 0x0798,
        0x079c, 0x07a0, 0x077c, 0x0308, 0x0214, 0x024c, 0x1608, 0x160c,
        0x1574, 0x157c, 0x155c, 0x1564, 0x2380, 0x1698, 0x1694, 0x1338,
        0x2700, 0x27f4, 0x03b4, 0x0204, 0x0208, 0x020c, 0x0250, 0x0254,
        0x02c0, 0x0780, 0x036c, 0x03ac, 0x03b0, 0x0238, 0x023c, 0x029c,
        0x0a08, 0x0a04, 0x0360, 0x1528,
    };
    Rig *r = rig_open();
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(mesa3d); i++) {
        m(r, mesa3d[i], 0);
    }
    for (i = 0; i < G_N_ELEMENTS(mesa2d); i++) {
        rig_m(r, RIG_2D, mesa2d[i], 0);
    }
    for (i = 0; i < G_N_ELEMENTS(mesacp); i++) {
        rig_m(r, RIG_COMPUTE, mesacp[i], 0);
    }
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS), 0);
    /* and these do not exist; stored all the same */
    m(r, 0x3ff0, 5);
    m(r, 0x1b10, 6);
    rig_m(r, RIG_COMPUTE, 0x0800, 7);
    rig_m(r, RIG_2D, 0x0a00, 8);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS), 4);
    CU_ASSERT_EQUAL(r->th->traces[GPUVM_TRACE_METHOD_UNKNOWN], 4);
    CU_ASSERT_EQUAL(r->faults, 0);
    rig_close(r);
}

static CU_TestInfo tests[] = {
    { "constant buffers", test_cb },
    { "reports", test_query },
    { "clear of a buffer", test_clear_buffer },
    { "clear of textures", test_clear_tiled },
    { "clear of depth and stencil", test_clear_zeta },
    { "hostile clears", test_clear_hostile },
    { "conditions", test_cond },
    { "draws and blits are counted", test_skipped },
    { "known and unknown methods", test_known },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "gr3d", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
