/*
 * The 2D class end to end: blits that copy, flip, convert, scale, mask and
 * clip, and hostile ones.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft-rig.h"

#include "soft/blocklinear.h"
#include "spec/surface.h"
#include "spec/twod_methods.h"

#define SRC 0x100000u
#define DST 0x200000u

#define FMT_RGBA32_FLOAT 0xc0
#define FMT_BGRA8_UNORM  0xcf
#define FMT_RGBA8_UNORM  0xd5
#define FMT_R8_UNORM     0xf3

static void rig_wr32(Rig *r, uint32_t off, uint32_t v)
{
    memcpy(r->mem + off, &v, 4);
}

static void m(Rig *r, uint32_t mthd, uint32_t data)
{
    rig_m(r, RIG_2D, mthd, data);
}

/* @pitch 0: tiled, with blocks of two GOBs. */
static void surface(Rig *r, uint32_t at, uint32_t where, uint32_t format,
                    uint32_t pitch, uint32_t width, uint32_t height)
{
    m(r, at + TWOD_SURF_FORMAT, format);
    m(r, at + TWOD_SURF_LINEAR, pitch != 0);
    m(r, at + TWOD_SURF_TILE_MODE, 0x10);
    m(r, at + TWOD_SURF_DEPTH, 1);
    m(r, at + TWOD_SURF_LAYER, 0);
    m(r, at + TWOD_SURF_PITCH, pitch);
    m(r, at + TWOD_SURF_WIDTH, width);
    m(r, at + TWOD_SURF_HEIGHT, height);
    rig_addr(r, RIG_2D, at + TWOD_SURF_ADDRESS_HIGH, r->va + where);
}

static void fixed(Rig *r, uint32_t mthd, double v)
{
    int64_t f = (int64_t)(v * 4294967296.0);

    m(r, mthd, (uint32_t)f);
    m(r, mthd + 4, (uint64_t)f >> 32);
}

/* @w x @h pixels to (@x, @y) from (@u, @v) on in steps of (@du, @dv). */
static void blit(Rig *r, int x, int y, uint32_t w, uint32_t h, double u,
                 double v, double du, double dv)
{
    m(r, TWOD_BLIT_DST_X, x);
    m(r, TWOD_BLIT_DST_Y, y);
    m(r, TWOD_BLIT_DST_W, w);
    m(r, TWOD_BLIT_DST_H, h);
    fixed(r, TWOD_BLIT_DU_DX_FRACT, du);
    fixed(r, TWOD_BLIT_DV_DY_FRACT, dv);
    fixed(r, TWOD_BLIT_SRC_X_FRACT, u);
    fixed(r, TWOD_BLIT_SRC_Y_FRACT, v);     /* its high word launches */
}

static Rig *open_plain(void)
{
    Rig *r = rig_open();

    m(r, TWOD_OPERATION, TWOD_OPERATION_SRCCOPY);
    m(r, TWOD_CLIP_ENABLE, 0);
    m(r, TWOD_BLIT_CONTROL, 0);
    return r;
}

/* Floats to bytes, linear to tiled, with an offset on either side. */
static void test_convert(void)
{
    Rig *r = open_plain();
    SoftBl bl;
    unsigned bad = 0;

    for (unsigned y = 0; y < 40; y++) {
        for (unsigned x = 0; x < 100; x++) {
            float px[4] = { x / 255.0f, y / 255.0f, 2.0f, -1.0f };

            memcpy(r->mem + SRC + y * 2048 + x * 16, px, sizeof(px));
        }
    }
    memset(r->mem + DST, 0x99, 0x10000);
    surface(r, TWOD_DST, DST, FMT_RGBA8_UNORM, 0, 90, 30);
    surface(r, TWOD_SRC, SRC, FMT_RGBA32_FLOAT, 2048, 100, 40);
    blit(r, 7, 3, 200, 20, 5, 11, 1, 1);    /* beyond the right edge */
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    gpuvm_soft_bl_init(&bl, 0x10, 90 * 4, 30);
    for (unsigned y = 0; y < 30; y++) {
        for (unsigned x = 0; x < 90; x++) {
            bool in = x >= 7 && y >= 3 && y < 23;
            uint32_t want = (x - 7 + 5) | (y - 3 + 11) << 8 | 0xff0000;

            bad += rig_rd32(r, DST + gpuvm_soft_bl_offset(&bl, 4 * x, y, 0))
                   != (in ? want : 0x99999999);
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_BLITS_SKIPPED), 0);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS), 0);
    rig_close(r);
}

/* Mesa flips by a step of -1 from one before the right edge. */
static void test_flip_and_scale(void)
{
    Rig *r = open_plain();

    for (unsigned x = 0; x < 8; x++) {
        for (unsigned y = 0; y < 4; y++) {
            rig_wr32(r, SRC + y * 32 + 4 * x, 0x01000000 * y + x);
        }
    }
    surface(r, TWOD_DST, DST, FMT_RGBA8_UNORM, 64, 16, 16);
    surface(r, TWOD_SRC, SRC, FMT_RGBA8_UNORM, 32, 8, 4);
    blit(r, 0, 0, 8, 4, 7, 3, -1, -1);
    blit(r, 0, 8, 16, 8, 0, 0, 0.5, 0.5);   /* twice as large */
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (unsigned x = 0; x < 8; x++) {
        for (unsigned y = 0; y < 4; y++) {
            CU_ASSERT_EQUAL(rig_rd32(r, DST + y * 64 + 4 * x),
                            0x01000000 * (3 - y) + 7 - x);
        }
    }
    for (unsigned x = 0; x < 16; x++) {
        for (unsigned y = 0; y < 8; y++) {
            CU_ASSERT_EQUAL(rig_rd32(r, DST + (y + 8) * 64 + 4 * x),
                            0x01000000 * (y / 2) + x / 2);
        }
    }
    rig_close(r);
}

/* How samples are resolved: the mean of two by two, from their corner. */
static void test_bilinear(void)
{
    Rig *r = open_plain();

    for (unsigned i = 0; i < 16; i++) {
        rig_wr32(r, SRC + (i / 4) * 16 + (i % 4) * 4, i * 4 | 0x80000000);
    }
    surface(r, TWOD_DST, DST, FMT_RGBA8_UNORM, 64, 2, 2);
    surface(r, TWOD_SRC, SRC, FMT_RGBA8_UNORM, 16, 4, 4);
    m(r, TWOD_BLIT_CONTROL,
      TWOD_BLIT_CONTROL_CORNER | TWOD_BLIT_CONTROL_BILINEAR);
    blit(r, 0, 0, 2, 2, 1, 1, 2, 2);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    /* 4 * mean(0, 1, 4, 5) and so on */
    CU_ASSERT_EQUAL(rig_rd32(r, DST), 0x8000000a);
    CU_ASSERT_EQUAL(rig_rd32(r, DST + 4), 0x80000012);
    CU_ASSERT_EQUAL(rig_rd32(r, DST + 64), 0x8000002a);
    CU_ASSERT_EQUAL(rig_rd32(r, DST + 68), 0x80000032);
    rig_close(r);
}

static void test_operations(void)
{
    Rig *r = open_plain();

    /* ROP 0xca: where the pattern is set the source, else what was there */
    rig_wr32(r, SRC, 0x11223344);
    rig_wr32(r, DST, 0xaabbccdd);
    rig_wr32(r, DST + 4, 0xaabbccdd);
    surface(r, TWOD_DST, DST, FMT_BGRA8_UNORM, 64, 2, 1);
    surface(r, TWOD_SRC, SRC, FMT_BGRA8_UNORM, 64, 2, 1);
    m(r, TWOD_ROP, 0xca);
    m(r, TWOD_PATTERN_COLOR1, 0x00ffff0f);
    m(r, TWOD_OPERATION, TWOD_OPERATION_ROP);
    blit(r, 0, 0, 1, 1, 0, 0, 1, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, DST), 0xaa2233d4);
    CU_ASSERT_EQUAL(rig_rd32(r, DST + 4), 0xaabbccdd);

    /* one component: grey, or with BETA4 red alone */
    r->mem[SRC] = 0x5a;
    surface(r, TWOD_DST, DST, FMT_RGBA8_UNORM, 64, 2, 1);
    surface(r, TWOD_SRC, SRC, FMT_R8_UNORM, 64, 2, 1);
    m(r, TWOD_OPERATION, TWOD_OPERATION_SRCCOPY);
    blit(r, 0, 0, 1, 1, 0, 0, 1, 1);
    m(r, TWOD_OPERATION, TWOD_OPERATION_SRCCOPY_PREMULT);
    m(r, TWOD_BETA4, 0xffff0000);
    blit(r, 1, 0, 1, 1, 0, 0, 1, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, DST), 0xff5a5a5a);
    CU_ASSERT_EQUAL(rig_rd32(r, DST + 4), 0xff00005a);
    rig_close(r);
}

static void test_clip(void)
{
    Rig *r = open_plain();
    unsigned bad = 0;

    memset(r->mem + SRC, 0x44, 0x1000);
    surface(r, TWOD_DST, DST, FMT_R8_UNORM, 16, 16, 16);
    surface(r, TWOD_SRC, SRC, FMT_R8_UNORM, 16, 16, 16);
    m(r, TWOD_CLIP_X, 2);
    m(r, TWOD_CLIP_Y, 3);
    m(r, TWOD_CLIP_W, 4);
    m(r, TWOD_CLIP_H, 100);
    m(r, TWOD_CLIP_ENABLE, 1);
    blit(r, -5, -5, 20, 20, 0, 0, 1, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (unsigned y = 0; y < 17; y++) {
        for (unsigned x = 0; x < 16; x++) {
            bool in = x >= 2 && x < 6 && y >= 3 && y < 15;

            bad += r->mem[DST + y * 16 + x] != (in ? 0x44 : 0);
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    rig_close(r);
}

/* Absurd sizes and steps, unknown formats, an address that is not mapped. */
static void test_hostile(void)
{
    Rig *r = open_plain();

    surface(r, TWOD_DST, DST, FMT_RGBA8_UNORM, 64, 16, 16);
    surface(r, TWOD_SRC, SRC, 0x42, 64, 16, 16);
    blit(r, 0, 0, 4, 4, 0, 0, 1, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_BLITS_SKIPPED), 1);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS), 1);
    surface(r, TWOD_SRC, SRC, FMT_RGBA32_FLOAT, 0, 0, 16);
    blit(r, 0, 0, 4, 4, 0, 0, 1, 1);
    surface(r, TWOD_SRC, SRC, FMT_RGBA32_FLOAT, 16, 16, 16);
    m(r, TWOD_BLIT_CONTROL, ~0u);
    blit(r, -0x7fffffff, -0x7fffffff, 0xffffffff, 0xffffffff, -2e9, 2e9,
         -2e9, 2e9);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    surface(r, TWOD_SRC, 0x40000000, FMT_RGBA8_UNORM, 0, 0xffffffff,
            0xffffffff);
    blit(r, 0, 0, 4, 4, 0, 0, 1, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->faults, 1);
    rig_close(r);
}

static CU_TestInfo tests[] = {
    { "conversion", test_convert },
    { "flips and scaling", test_flip_and_scale },
    { "bilinear filter", test_bilinear },
    { "raster operations and BETA4", test_operations },
    { "clipping", test_clip },
    { "hostile blits", test_hostile },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "twod", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
