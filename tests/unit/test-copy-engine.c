/*
 * The copy engines end to end, with the semantics of nouveau's microcode.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft-rig.h"

#include "spec/ce_methods.h"

#define SRC 0x100000u
#define DST 0x500000u
#define QRY 0x900000u

static void fill_random(Rig *r, uint32_t off, uint32_t n)
{
    GRand *rnd = g_rand_new_with_seed(11);
    uint32_t i;

    for (i = 0; i < n; i++) {
        r->mem[off + i] = g_rand_int(rnd);
    }
    g_rand_free(rnd);
}

/* The kernel's packet: eight words from 0x30c on, then EXEC. */
static void kernel_copy(Rig *r, unsigned subc, uint64_t src, uint64_t dst,
                        uint32_t lines, uint32_t exec)
{
    rig_head(r, NVC0_PB_TYPE_INCR, subc, CE_SRC_ADDRESS_HIGH, 8);
    rig_word(r, src >> 32);
    rig_word(r, (uint32_t)src);
    rig_word(r, dst >> 32);
    rig_word(r, (uint32_t)dst);
    rig_word(r, 4096);
    rig_word(r, 4096);
    rig_word(r, 4096);
    rig_word(r, lines);
    rig_head(r, NVC0_PB_TYPE_IMMEDIATE, subc, CE_EXEC, exec);
}

static void test_kernel(void)
{
    Rig *r = rig_open();

    fill_random(r, SRC, 100 * 4096);
    kernel_copy(r, RIG_CE0, r->va + SRC, r->va + DST, 100, 0x110);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT(!memcmp(r->mem + SRC, r->mem + DST, 100 * 4096));
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_COPY_BYTES), 100 * 4096);
    kernel_copy(r, RIG_CE1, r->va + DST, r->va + DST + 0x100000, 7, 0x110);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT(!memcmp(r->mem + SRC, r->mem + DST + 0x100000, 7 * 4096));
    CU_ASSERT_EQUAL(r->mem[DST + 0x100000 + 7 * 4096], 0);
    rig_close(r);
}

/* The comment above cmd_exec_set_surface_tiled in com.fuc, transcribed. */
static uint64_t fuc(uint32_t mode, uint32_t wb, uint32_t h, uint32_t xb,
                    uint32_t y, uint32_t z)
{
    uint32_t tp = (mode & 0xf) == 0xe ? 4 : 6, th = (mode >> 4 & 0xf) + 3;
    uint32_t td = mode >> 8 & 0xf;
    uint64_t ntx = (wb + (1u << tp) - 1) >> tp;
    uint64_t nty = (h + (1u << th) - 1) >> th;
    uint64_t off = ((uint64_t)(z & ((1u << td) - 1)) << tp << th) +
                   ((y & ((1u << th) - 1)) << tp) + (xb & ((1u << tp) - 1));

    return off + ((((z >> td) * nty * ntx) + (y >> th) * ntx + (xb >> tp))
                  << td << th << tp);
}

static void tile(Rig *r, uint32_t dst, uint32_t mode, uint32_t w, uint32_t h,
                 uint32_t x, uint32_t y, uint32_t z)
{
    rig_m(r, RIG_CE0, dst + CE_SRC_TILE_MODE, mode);
    rig_m(r, RIG_CE0, dst + CE_SRC_XSIZE, w);
    rig_m(r, RIG_CE0, dst + CE_SRC_YSIZE, h);
    rig_m(r, RIG_CE0, dst + CE_SRC_ZSIZE, 8);
    rig_m(r, RIG_CE0, dst + CE_SRC_ZOFF, z);
    rig_m(r, RIG_CE0, dst + CE_SRC_XOFF, x);
    rig_m(r, RIG_CE0, dst + CE_SRC_YOFF, y);
}

static void test_tiled(void)
{
    static const struct {
        uint32_t mode[2], exec;
    } c[] = {
        { { 0x000, 0x000 }, 0 },
        { { 0x120, 0x010 }, 0 },
        { { 0x00e, 0x12e }, 0 },
        { { 0x030, 0x01e }, 0 },
        { { 0x210, 0x000 }, CE_EXEC_DST_LINEAR },
        { { 0x000, 0x040 }, CE_EXEC_SRC_LINEAR },
    };
    Rig *r = rig_open();
    g_autofree uint8_t *want = g_malloc(1 << 20);
    unsigned i, l, b;

    fill_random(r, SRC, 1 << 20);
    for (i = 0; i < G_N_ELEMENTS(c); i++) {
        bool ls = c[i].exec & CE_EXEC_SRC_LINEAR;
        bool ld = c[i].exec & CE_EXEC_DST_LINEAR;

        memset(want, 0x11, 1 << 20);
        memset(r->mem + DST, 0x11, 1 << 20);
        for (l = 0; l < 20; l++) {
            for (b = 0; b < 150; b++) {
                uint64_t s = ls ? 256 * l + b :
                             fuc(c[i].mode[0], 300, 50, 33 + b, 9 + l, 3);
                uint64_t d = ld ? 512 * l + b :
                             fuc(c[i].mode[1], 200, 40, 17 + b, 5 + l, 2);

                want[d] = r->mem[SRC + s];
            }
        }
        tile(r, 0, c[i].mode[0], 300, 50, 33, 9, 3);
        tile(r, CE_TILE_DST, c[i].mode[1], 200, 40, 17, 5, 2);
        rig_addr(r, RIG_CE0, CE_SRC_ADDRESS_HIGH, r->va + SRC);
        rig_addr(r, RIG_CE0, CE_DST_ADDRESS_HIGH, r->va + DST);
        rig_m(r, RIG_CE0, CE_SRC_PITCH, 256);
        rig_m(r, RIG_CE0, CE_DST_PITCH, 512);
        rig_m(r, RIG_CE0, CE_XCNT, 150);
        rig_m(r, RIG_CE0, CE_YCNT, 20);
        rig_m(r, RIG_CE0, CE_EXEC, c[i].exec);
        CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
        CU_ASSERT(!memcmp(r->mem + DST, want, 1 << 20));
    }
    CU_ASSERT_EQUAL(r->faults, 0);
    rig_close(r);
}

/* RGB to BGRX with a constant, from linear to tiled, in pixels. */
static void test_swizzle(void)
{
    Rig *r = rig_open();
    unsigned x, y, bad = 0;

    fill_random(r, SRC, 65536);
    /* 1-byte components, 3 in, 4 out: B, G, R, const1's byte 0 */
    rig_m(r, RIG_CE0, CE_FORMAT, 0x5012 | 0 << 16 | 2 << 20 | 3 << 24);
    rig_m(r, RIG_CE0, CE_SWZ_CONST0, 0x11111111);
    rig_m(r, RIG_CE0, CE_SWZ_CONST1, 0x222222c8);
    tile(r, CE_TILE_DST, 0x010, 100, 32, 10, 3, 0);
    rig_addr(r, RIG_CE0, CE_SRC_ADDRESS_HIGH, r->va + SRC);
    rig_addr(r, RIG_CE0, CE_DST_ADDRESS_HIGH, r->va + DST);
    rig_m(r, RIG_CE0, CE_SRC_PITCH, 300);
    rig_m(r, RIG_CE0, CE_XCNT, 80);
    rig_m(r, RIG_CE0, CE_YCNT, 25);
    rig_m(r, RIG_CE0, CE_EXEC, CE_EXEC_FORMAT | CE_EXEC_SRC_LINEAR);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (y = 0; y < 25; y++) {
        for (x = 0; x < 80; x++) {
            const uint8_t *s = r->mem + SRC + 300 * y + 3 * x;
            uint32_t d = rig_rd32(r, DST + fuc(0x010, 400, 32, 4 * (x + 10),
                                               y + 3, 0));

            bad += d != (s[2] | s[1] << 8 | s[0] << 16 | 0xc8000000u);
        }
    }
    CU_ASSERT_EQUAL(bad, 0);

    /*
     * No source at all: a fill with 2-byte constants and zero.  The source
     * address is not mapped, and must not be read.
     */
    rig_m(r, RIG_CE0, CE_FORMAT, 0xf654 | 1 << 16 | 0 << 20 | 2 << 24);
    rig_addr(r, RIG_CE0, CE_SRC_ADDRESS_HIGH, 0xff00000000ull);
    rig_m(r, RIG_CE0, CE_SWZ_CONST0, 0xaaaa1234);
    rig_m(r, RIG_CE0, CE_SWZ_CONST1, 0xbbbb5678);
    rig_m(r, RIG_CE0, CE_DST_PITCH, 6 * 300);
    rig_m(r, RIG_CE0, CE_XCNT, 300);
    rig_m(r, RIG_CE0, CE_YCNT, 2);
    rig_m(r, RIG_CE0, CE_EXEC, CE_EXEC_FORMAT | CE_EXEC_SRC_LINEAR |
          CE_EXEC_DST_LINEAR);
    memset(r->mem + DST, 0xff, 65536);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (bad = 0, x = 0; x < 600; x++) {
        bad += memcmp(r->mem + DST + 6 * x, "\x34\x12\x78\x56\0\0", 6) != 0;
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(r->mem[DST + 3600], 0xff);
    rig_close(r);
}

static void test_query(void)
{
    Rig *r = rig_open();
    uint64_t time;

    r->th->use_fake_clock = true;
    r->th->fake_ns = 0x123456789ull;
    memset(r->mem + QRY, 0xee, 64);
    rig_addr(r, RIG_CE1, CE_QUERY_ADDRESS_HIGH, r->va + QRY);
    rig_m(r, RIG_CE1, CE_QUERY_COUNTER, 42);
    rig_m(r, RIG_CE1, CE_EXEC, 0x110 | CE_EXEC_QUERY | CE_EXEC_QUERY_SHORT);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY), 42);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY + 4), 0xeeeeeeee);
    rig_m(r, RIG_CE1, CE_QUERY_COUNTER, 43);
    rig_m(r, RIG_CE1, CE_EXEC, 0x110 | CE_EXEC_QUERY);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY), 43);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY + 4), 0);
    memcpy(&time, r->mem + QRY + 8, 8);
    CU_ASSERT_EQUAL(time, 0x123456789ull);
    rig_close(r);
}

static void expect_error(unsigned subc, uint32_t mthd, uint32_t data,
                         uint32_t reason)
{
    Rig *r = rig_open();

    rig_m(r, subc, mthd, data);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->fault.kind, GPUVM_FAULT_CE);
    CU_ASSERT_EQUAL(r->fault.reason, reason);
    CU_ASSERT_EQUAL(r->fault.engine, subc == RIG_CE0 ? GPUVM_ENGINE_CE0 :
                    GPUVM_ENGINE_CE1);
    CU_ASSERT_EQUAL(r->fault.method, mthd);
    CU_ASSERT_EQUAL(r->fault.data, data);
    CU_ASSERT_EQUAL(r->fault.subc, subc);
    rig_close(r);
}

static void test_errors(void)
{
    Rig *r = rig_open();

    expect_error(RIG_CE0, CE_SRC_TILE_MODE, 0x1000, 3);
    expect_error(RIG_CE1, CE_YCNT, 0x2000, 3);
    expect_error(RIG_CE0, CE_FORMAT, 0x04000000, 3);
    expect_error(RIG_CE0, 0x308, 0, 1);
    expect_error(RIG_CE1, 0x344, 0, 1);
    expect_error(RIG_CE1, 0x3ffc, 0, 1);
    /* the largest values are fine */
    rig_m(r, RIG_CE0, CE_FORMAT, 0x0333ffff);
    rig_m(r, RIG_CE0, CE_NOP, 0xffffffff);
    rig_m(r, RIG_CE0, CE_WRCACHE_FLUSH, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    /* an unmapped destination is the copy engine's MMU fault */
    kernel_copy(r, RIG_CE1, r->va + SRC, 0xff00000000ull, 1, 0x110);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(r->fault.engine, GPUVM_ENGINE_CE1);
    CU_ASSERT_EQUAL(r->fault.va, 0xff00000000ull);
    rig_close(r);
}

static CU_TestInfo tests[] = {
    { "the kernel's copies", test_kernel },
    { "tiled, against com.fuc's comment", test_tiled },
    { "swizzle", test_swizzle },
    { "query", test_query },
    { "errors", test_errors },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "copy-engine", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
