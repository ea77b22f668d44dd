/*
 * Block-linear addressing against a naive construction: the surface is laid
 * out by walking blocks, slices, GOBs, rows and bytes in memory order.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <string.h>

#include "soft/blocklinear.h"

/*
 * Walks memory in order; offset -> expected coordinates, compared with the
 * function under test.  Returns mismatches.
 */
static unsigned walk(unsigned gob_w, unsigned bh, unsigned bd, uint32_t mode,
                     uint32_t width, uint32_t height, uint32_t depth)
{
    uint32_t blk_h = 8u << bh, blk_d = 1u << bd;
    uint32_t nbx = (width + gob_w - 1) / gob_w;
    uint32_t nby = (height + blk_h - 1) / blk_h;
    uint32_t nbz = (depth + blk_d - 1) / blk_d;
    uint32_t bx, by, bz, zz, gob, row, byte;
    uint64_t off = 0;
    unsigned bad = 0;
    SoftBl bl;

    gpuvm_soft_bl_init(&bl, mode, width, height);
    for (bz = 0; bz < nbz; bz++) {
        for (by = 0; by < nby; by++) {
            for (bx = 0; bx < nbx; bx++) {
                for (zz = 0; zz < blk_d; zz++) {
                    for (gob = 0; gob < (1u << bh); gob++) {
                        for (row = 0; row < 8; row++) {
                            for (byte = 0; byte < gob_w; byte++) {
                                uint32_t x = bx * gob_w + byte;
                                uint32_t y = by * blk_h + gob * 8 + row;
                                uint32_t z = bz * blk_d + zz;

                                bad += gpuvm_soft_bl_offset(&bl, x, y, z) !=
                                       off;
                                bad += gpuvm_soft_bl_run(&bl, x) !=
                                       gob_w - byte;
                                off++;
                            }
                        }
                    }
                }
            }
        }
    }
    bad += gpuvm_soft_bl_size(&bl, depth) != off;
    return bad;
}

static void test_walk(void)
{
    GRand *rnd = g_rand_new_with_seed(1);
    int i;

    for (i = 0; i < 60; i++) {
        unsigned bh = g_rand_int_range(rnd, 0, 6);
        unsigned bd = g_rand_int_range(rnd, 0, 4);
        uint32_t w = g_rand_int_range(rnd, 1, 400);
        uint32_t h = g_rand_int_range(rnd, 1, 200);
        uint32_t d = g_rand_int_range(rnd, 1, 9);

        CU_ASSERT_EQUAL(walk(64, bh, bd, bh << 4 | bd << 8, w, h, d), 0);
        CU_ASSERT_EQUAL(walk(16, bh, bd, 0xe | bh << 4 | bd << 8, w, h, d),
                        0);
    }
    g_rand_free(rnd);
}

/* Known points, computed by hand from the formula in nvc0-compute.md 3.7. */
static void test_points(void)
{
    SoftBl bl;

    /* 256 bytes x 64 rows, blocks of 2 GOBs (16 rows): 4 blocks across */
    gpuvm_soft_bl_init(&bl, 0x010, 256, 64);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 0, 0, 0), 0);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 63, 0, 0), 63);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 64, 0, 0), 1024);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 0, 7, 0), 448);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 0, 8, 0), 512);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 0, 16, 0), 4096);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 70, 25, 0),
                    4096 + 1024 + 512 + 64 + 6);
    /* depth 4: the second slice lies one slice of a block further on */
    gpuvm_soft_bl_init(&bl, 0x210, 64, 16);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 0, 0, 1), 1024);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_offset(&bl, 0, 0, 4), 4096);
}

/* Absurd sizes must neither trap nor read out of the structure. */
static void test_absurd(void)
{
    SoftBl bl;

    gpuvm_soft_bl_init(&bl, 0xfff, UINT32_MAX, UINT32_MAX);
    gpuvm_soft_bl_offset(&bl, UINT32_MAX, UINT32_MAX, UINT32_MAX);
    CU_ASSERT_EQUAL(bl.h_log2, 18);
    CU_ASSERT_EQUAL(bl.blocks_x, 1u << 26);
    CU_ASSERT_EQUAL(bl.blocks_y, 1u << 14);
    gpuvm_soft_bl_init(&bl, 0, 0, 0);
    CU_ASSERT_EQUAL(gpuvm_soft_bl_size(&bl, 0), 0);
}

static CU_TestInfo tests[] = {
    { "memory order", test_walk },
    { "known points", test_points },
    { "absurd sizes", test_absurd },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "blocklinear", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
