/*
 * Surface instructions against an own tiling function, written GOB by GOB as
 * nvc0-compute.md 3.7 describes it: loads by byte, formatted stores by pixel,
 * addresses, layers, buffers, the outside, images chosen by register.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "warp_bench.h"

#define R_X 8
#define R_DATA 20
#define FMT_RGBA8 0xd5u
#define FMT_R32UI 0xe4u
#define FMT_RGBA32F 0xc0u
#define FMT_RG16UI 0xddu
#define IMAGE_AT 0x10000u       /* bytes into the slice */

enum { D1, D2, D3, E2D };

static uint64_t wi_suldb(unsigned type, unsigned dim, unsigned slot)
{
    return wi(0xd4004000u | dim << 12, 5 | type << 5 | R_DATA << 14 |
              R_X << 20 | slot << 26);
}

static uint64_t wi_sustp(unsigned dim, unsigned slot)
{
    return wi(0xdc004000u | dim << 12 | 0xf << 17,
              5 | R_DATA << 14 | R_X << 20 | slot << 26);
}

static uint64_t wi_sustb(unsigned type, unsigned dim, unsigned slot)
{
    return wi(0xdc004000u | dim << 12, 5 | type << 5 | R_DATA << 14 |
              R_X << 20 | slot << 26);
}

static uint64_t wi_sulea(unsigned type, unsigned dim, unsigned slot,
                         unsigned pdst)
{
    return wi(0xf0004000u | dim << 12 | pdst << 22,
              5 | type << 5 | R_DATA << 14 | R_X << 20 | slot << 26);
}

/* Offset of byte xb of row y: GOBs of 64 x 8 bytes, 2^bh to a block. */
static uint64_t tile(unsigned bh, uint32_t width_bytes, uint32_t xb,
                     uint32_t y)
{
    uint32_t gobs_x = (width_bytes + 63) / 64;
    uint32_t gob_x = xb / 64, gob_y = y / 8;
    uint32_t block = (gob_y >> bh) * gobs_x + gob_x;
    uint32_t gob = (block << bh) + (gob_y & ((1u << bh) - 1));

    return (uint64_t)gob * 512 + y % 8 * 64 + xb % 64;
}

static void image_2d(WarpBench *wb, unsigned slot, uint32_t fmt, uint32_t w,
                     uint32_t h, unsigned bh)
{
    wb->l.image[slot] = (SoftImage){
        .va = wb->b.va + IMAGE_AT, .width = w, .height = h,
        .format = fmt << 4 | 0x14000, .tile_mode = bh << 4,
    };
}

static void set_xy(WarpBench *wb, unsigned lane, uint32_t x, uint32_t y,
                   uint32_t z)
{
    wb->w->r[R_X][lane] = x;
    wb->w->r[R_X + 1][lane] = y;
    wb->w->r[R_X + 2][lane] = z;
}

/* Every pixel of a 2D image by suldb, a third of the lanes outside. */
static void test_load(void)
{
    WarpBench *wb = wb_new();
    uint32_t rnd = 11, bad = 0;

    for (unsigned i = 0; i < 0x40000; i++) {
        wb->mem[i] = wb_rand(&rnd);
    }
    for (unsigned bh = 0; bh < 5; bh++) {
        uint32_t w = 37 + bh * 20, h = 50;

        image_2d(wb, 2, FMT_RGBA8, w, h, bh);
        wb_bind(wb);
        for (unsigned n = 0; n < 40; n++) {
            for (unsigned i = 0; i < 32; i++) {
                set_xy(wb, i, wb_rand(&rnd) % (w + 10) * 4,
                       wb_rand(&rnd) % (h + 10), 99);
            }
            set_xy(wb, 5, -4, 3, 0);
            set_xy(wb, 6, 4, -1, 0);
            CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_suldb, SOFT_OP_SULDB,
                                    wi_suldb(SOFT_ACCESS_B32, D2, 2), ~0u),
                            SOFT_EXEC_OK);
            for (unsigned i = 0; i < 32; i++) {
                uint32_t x = wb->w->r[R_X][i], y = wb->w->r[R_X + 1][i];
                uint32_t want = 0;

                if (x < w * 4 && y < h) {
                    memcpy(&want, wb->mem + IMAGE_AT + tile(bh, w * 4, x, y),
                           4);
                }
                bad += wb->w->r[R_DATA][i] != want;
            }
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

/* sustp fills an RGBA8 image; every byte outside of it stays. */
static void test_store(void)
{
    static uint8_t model[0x20000];
    WarpBench *wb = wb_new();
    const uint32_t w = 45, h = 33, bh = 2;

    memset(wb->mem + IMAGE_AT, 0x5a, sizeof(model));
    memset(model, 0x5a, sizeof(model));
    image_2d(wb, 0, FMT_RGBA8, w, h, bh);
    wb_bind(wb);
    for (uint32_t y = 0; y < 40; y++) {
        for (uint32_t x0 = 0; x0 < 64; x0 += 32) {
            for (unsigned i = 0; i < 32; i++) {
                const float f[4] = { (x0 + i) / 255.0f, y / 255.0f, 2.0f,
                                     -1.0f };

                set_xy(wb, i, x0 + i, y, 0);
                for (unsigned c = 0; c < 4; c++) {
                    memcpy(&wb->w->r[R_DATA + c][i], &f[c], 4);
                }
                if (x0 + i < w && y < h) {
                    const uint8_t px[4] = { x0 + i, y, 255, 0 };

                    memcpy(model + tile(bh, w * 4, (x0 + i) * 4, y), px, 4);
                }
            }
            CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_sust, SOFT_OP_SUST,
                                    wi_sustp(D2, 0), ~0u), SOFT_EXEC_OK);
        }
    }
    CU_ASSERT_EQUAL(memcmp(wb->mem + IMAGE_AT, model, sizeof(model)), 0);

    /* x so large that its byte offset wraps to 0 */
    for (unsigned i = 0; i < 32; i++) {
        set_xy(wb, i, 0x40000000, 0, 0);
    }
    wb_exec(wb, gpuvm_soft_exec_sust, SOFT_OP_SUST, wi_sustp(D2, 0), ~0u);
    CU_ASSERT_EQUAL(memcmp(wb->mem + IMAGE_AT, model, sizeof(model)), 0);
    wb_free(wb);
}

/* Integer and wide formats; sustb; what suldb reads back. */
static void test_formats(void)
{
    WarpBench *wb = wb_new();
    uint32_t bad = 0;

    image_2d(wb, 1, FMT_RG16UI, 40, 16, 0);
    image_2d(wb, 3, FMT_RGBA32F, 40, 16, 1);
    wb->l.image[3].va += 0x8000;
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_xy(wb, i, i, 9, 0);
        for (unsigned c = 0; c < 4; c++) {
            wb->w->r[R_DATA + c][i] = 0x3f800000 + i * 16 + c;
        }
    }
    wb_exec(wb, gpuvm_soft_exec_sust, SOFT_OP_SUST, wi_sustp(D2, 3), ~0u);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_DATA][i] = 100 + i;
        wb->w->r[R_DATA + 1][i] = 70000;        /* saturates */
    }
    wb_exec(wb, gpuvm_soft_exec_sust, SOFT_OP_SUST, wi_sustp(D2, 1), ~0u);
    for (unsigned i = 0; i < 32; i++) {
        uint16_t px[2];
        uint32_t big[4];

        memcpy(px, wb->mem + IMAGE_AT + tile(0, 160, i * 4, 9), 4);
        bad += px[0] != 100 + i || px[1] != 0xffff;
        memcpy(big, wb->mem + IMAGE_AT + 0x8000 + tile(1, 640, i * 16, 9),
               16);
        bad += big[0] != 0x3f800000 + i * 16 ||
               big[3] != 0x3f800003 + i * 16;
        wb->w->r[R_X][i] = i * 16;
    }
    wb_exec(wb, gpuvm_soft_exec_suldb, SOFT_OP_SULDB,
            wi_suldb(SOFT_ACCESS_B128, D2, 3), ~0u);
    for (unsigned i = 0; i < 32; i++) {
        bad += wb->w->r[R_DATA + 2][i] != 0x3f800002 + i * 16;
        wb->w->r[R_DATA][i] = 7 + i;
        wb->w->r[R_X][i] = i * 2;
    }
    wb_exec(wb, gpuvm_soft_exec_sust, SOFT_OP_SUST,
            wi_sustb(SOFT_ACCESS_U16, D2, 1), ~0u);
    for (unsigned i = 0; i < 32; i++) {
        uint16_t v;

        memcpy(&v, wb->mem + IMAGE_AT + tile(0, 160, i * 2, 9), 2);
        bad += v != 7 + i;
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

/* suleab: address and predicate; a pixel that only half fits is outside. */
static void test_address(void)
{
    WarpBench *wb = wb_new();
    uint32_t bad = 0;

    image_2d(wb, 0, FMT_R32UI, 30, 20, 1);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_xy(wb, i, i * 4, 17, 0);
    }
    wb_exec(wb, gpuvm_soft_exec_suleab, SOFT_OP_SULEAB,
            wi_sulea(SOFT_ACCESS_B32, D2, 0, 2), ~0u);
    CU_ASSERT_EQUAL(wb->w->p[2], 0xc0000000u);
    for (unsigned i = 0; i < 30; i++) {
        uint64_t va = wb->w->r[R_DATA][i] |
                      (uint64_t)wb->w->r[R_DATA + 1][i] << 32;

        bad += va != wb->b.va + IMAGE_AT + tile(1, 120, i * 4, 17);
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_exec(wb, gpuvm_soft_exec_suleab, SOFT_OP_SULEAB,
            wi_sulea(SOFT_ACCESS_B64, D2, 0, 2), ~0u);
    CU_ASSERT_EQUAL(wb->w->p[2], 0xe0000000u);
    /* nothing bound: everything is outside and nothing is touched */
    wb_exec(wb, gpuvm_soft_exec_suleab, SOFT_OP_SULEAB,
            wi_sulea(SOFT_ACCESS_B32, D2, 5, 3), 0xffff);
    CU_ASSERT_EQUAL(wb->w->p[3], 0xffff);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_sust, SOFT_OP_SUST,
                            wi_sustp(D2, 5), ~0u), SOFT_EXEC_OK);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_suldb, SOFT_OP_SULDB,
                            wi_suldb(SOFT_ACCESS_B32, D2, 5), ~0u),
                    SOFT_EXEC_OK);
    CU_ASSERT_EQUAL(wb->w->r[R_DATA][3], 0);
    wb_free(wb);
}

/* Buffers are linear, of WIDTH bytes; e2d adds 256-byte units. */
static void test_buffer_and_layers(void)
{
    WarpBench *wb = wb_new();
    uint32_t bad = 0;

    for (unsigned i = 0; i < 0x8000; i += 4) {
        memcpy(wb->mem + IMAGE_AT + i, &i, 4);
    }
    wb->l.image[4] = (SoftImage){
        .va = wb->b.va + IMAGE_AT, .width = 0x500, .height = 0x100001,
        .format = FMT_R32UI << 4 | 0x14000,
    };
    image_2d(wb, 6, FMT_R32UI, 16, 16, 1);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_xy(wb, i, i * 4 * 13, 77, 0);
    }
    wb_exec(wb, gpuvm_soft_exec_suldb, SOFT_OP_SULDB,
            wi_suldb(SOFT_ACCESS_B32, D1, 4), ~0u);
    for (unsigned i = 0; i < 32; i++) {
        bad += wb->w->r[R_DATA][i] != (i * 52 < 0x500 ? i * 52 : 0);
        set_xy(wb, i, i % 16 * 4, i / 2, i % 3 * 4);    /* layers of 1 KiB */
    }
    wb_exec(wb, gpuvm_soft_exec_suldb, SOFT_OP_SULDB,
            wi_suldb(SOFT_ACCESS_B32, E2D, 6), ~0u);
    for (unsigned i = 0; i < 32; i++) {
        bad += wb->w->r[R_DATA][i] !=
               tile(1, 64, i % 16 * 4, i / 2) + i % 3 * 1024;
    }
    CU_ASSERT_EQUAL(bad, 0);
    /* memory behind the layers is not mapped: the shader faults */
    for (unsigned i = 0; i < 32; i++) {
        set_xy(wb, i, 0, 0, 0x100000);
    }
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_suldb, SOFT_OP_SULDB,
                            wi_suldb(SOFT_ACCESS_B32, E2D, 6), ~0u),
                    SOFT_EXEC_FAULT);
    CU_ASSERT_EQUAL(wb->cta->fault.kind, GPUVM_FAULT_MMU);
    wb_free(wb);
}

/* A slot from a register may differ by lane. */
static void test_indirect_slot(void)
{
    WarpBench *wb = wb_new();
    uint64_t word = wi(0xd4000000u | D2 << 12, 5 | SOFT_ACCESS_B32 << 5 |
                       R_DATA << 14 | R_X << 20 | R_DATA << 26);
    uint32_t bad = 0;

    for (unsigned s = 0; s < 3; s++) {
        image_2d(wb, s, FMT_R32UI, 16, 8, 0);
        wb->l.image[s].va += s * 0x1000;
        memset(wb->mem + IMAGE_AT + s * 0x1000, 0x11 * (s + 1), 0x1000);
    }
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_xy(wb, i, i % 16 * 4, 3, 0);
        wb->w->r[R_DATA][i] = i % 3;
    }
    wb_exec(wb, gpuvm_soft_exec_suldb, SOFT_OP_SULDB, word, ~0u);
    for (unsigned i = 0; i < 32; i++) {
        bad += wb->w->r[R_DATA][i] != 0x11111111u * (i % 3 + 1);
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

static CU_TestInfo tests[] = {
    { "suldb, 2D", test_load },
    { "sustp, 2D", test_store },
    { "formats, sustb", test_formats },
    { "suleab", test_address },
    { "buffers and layers", test_buffer_and_layers },
    { "slot from a register", test_indirect_slot },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "surface", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
