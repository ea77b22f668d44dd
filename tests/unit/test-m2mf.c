/*
 * M2MF end to end: pushes through gpu.h, results compared with copies made
 * byte by byte with an addressing function written from the description.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft-rig.h"

#include "spec/m2mf_methods.h"

#define SRC 0x100000u
#define DST 0x500000u
#define QRY 0x900000u

#define EXEC_LINEAR (M2MF_EXEC_LINEAR_IN | M2MF_EXEC_LINEAR_OUT)

/* nvc0-compute.md 3.7, transcribed literally */
static uint64_t naive(uint32_t bh, uint32_t bd, uint32_t w, uint32_t h,
                      uint32_t xb, uint32_t y, uint32_t z)
{
    uint64_t blk_h = 8u << bh, blk_sz = 512ull << (bh + bd);
    uint64_t nbx = (w + 63) / 64, nby = (h + blk_h - 1) / blk_h;

    return ((z >> bd) * nby * nbx + y / blk_h * nbx + xb / 64) * blk_sz +
           (z & ((1u << bd) - 1)) * (512ull << bh) + y % blk_h / 8 * 512 +
           y % 8 * 64 + xb % 64;
}

static void fill_random(Rig *r, uint32_t off, uint32_t n, uint32_t seed)
{
    GRand *rnd = g_rand_new_with_seed(seed);
    uint32_t i;

    for (i = 0; i < n; i += 4) {
        guint32 v = g_rand_int(rnd);

        memcpy(r->mem + off + i, &v, 4);
    }
    g_rand_free(rnd);
}

static void m(Rig *r, uint32_t mthd, uint32_t data)
{
    rig_m(r, RIG_M2MF, mthd, data);
}

static void copy(Rig *r, uint64_t dst, uint64_t src, uint32_t pitch_out,
                 uint32_t pitch_in, uint32_t len, uint32_t lines,
                 uint32_t exec)
{
    rig_addr(r, RIG_M2MF, M2MF_OFFSET_OUT_HIGH, dst);
    rig_addr(r, RIG_M2MF, M2MF_OFFSET_IN_HIGH, src);
    m(r, M2MF_PITCH_IN, pitch_in);
    m(r, M2MF_PITCH_OUT, pitch_out);
    m(r, M2MF_LINE_LENGTH_IN, len);
    m(r, M2MF_LINE_COUNT, lines);
    m(r, M2MF_EXEC, exec);
}

static void test_linear(void)
{
    Rig *r = rig_open();
    uint64_t before = rig_count(r, GPUVM_CNT_COPY_BYTES);
    unsigned y, bad = 0;

    fill_random(r, SRC, 1 << 20, 1);
    /* one piece, odd addresses, across pages */
    copy(r, r->va + DST + 3, r->va + SRC + 13, 0, 0, 100001, 1,
         EXEC_LINEAR | M2MF_EXEC_QUERY_SHORT);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT(!memcmp(r->mem + DST + 3, r->mem + SRC + 13, 100001));
    CU_ASSERT_EQUAL(r->mem[DST + 2], 0);
    CU_ASSERT_EQUAL(r->mem[DST + 3 + 100001], 0);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_COPY_BYTES) - before, 100001);
    CU_ASSERT_EQUAL(r->th->traces[GPUVM_TRACE_COPY], 1);

    /* rows of 100 bytes, other pitches; source from the last row upwards */
    memset(r->mem + DST, 0xaa, 1 << 20);
    copy(r, r->va + DST, r->va + SRC + 49 * 256, 300, -256, 100, 50,
         EXEC_LINEAR);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (y = 0; y < 50; y++) {
        bad += memcmp(r->mem + DST + y * 300, r->mem + SRC + (49 - y) * 256,
                      100) != 0;
        bad += r->mem[DST + y * 300 + 100] != 0xaa;
    }
    CU_ASSERT_EQUAL(bad, 0);

    /* the kernel's form: pages, without gaps */
    copy(r, r->va + DST, r->va + SRC, 4096, 4096, 4096, 200, 0x100110);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT(!memcmp(r->mem + DST, r->mem + SRC, 200 * 4096));
    CU_ASSERT_EQUAL(r->faults, 0);
    rig_close(r);
}

static void test_inline(void)
{
    Rig *r = rig_open();
    unsigned i;

    memset(r->mem + DST, 0x55, 65536);
    /* 0x190 bytes at once, as Mesa uploads its library */
    rig_addr(r, RIG_M2MF, M2MF_OFFSET_OUT_HIGH, r->va + DST);
    m(r, M2MF_LINE_LENGTH_IN, 0x18e);
    m(r, M2MF_LINE_COUNT, 1);
    m(r, M2MF_EXEC, 0x100111);
    rig_head(r, NVC0_PB_TYPE_NONINCR, RIG_M2MF, M2MF_DATA, 0x190 / 4);
    for (i = 0; i < 0x190 / 4; i++) {
        rig_word(r, 0x01000000 * (4 * i + 3) | 0x010000 * ((4 * i + 2) & 255)
                 | 0x0100 * ((4 * i + 1) & 255) | ((4 * i) & 255));
    }
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (i = 0; i < 0x18e; i++) {
        CU_ASSERT_EQUAL(r->mem[DST + i], (uint8_t)i);
    }
    CU_ASSERT_EQUAL(r->mem[DST + 0x18e], 0x55);     /* not the padding */

    /*
     * Three lines of 5 bytes, each padded to two words; one word too many,
     * and the data split over packets and submissions.
     */
    rig_addr(r, RIG_M2MF, M2MF_OFFSET_OUT_HIGH, r->va + DST + 0x1000);
    m(r, M2MF_PITCH_OUT, 16);
    m(r, M2MF_LINE_LENGTH_IN, 5);
    m(r, M2MF_LINE_COUNT, 3);
    rig_addr(r, RIG_M2MF, M2MF_QUERY_ADDRESS_HIGH, r->va + QRY);
    m(r, M2MF_QUERY_SEQUENCE, 0x1234);
    m(r, M2MF_EXEC, M2MF_EXEC_PUSH | EXEC_LINEAR | 2 << 12 |
      M2MF_EXEC_QUERY_SHORT);
    m(r, M2MF_DATA, 0x44434241);
    rig_head(r, NVC0_PB_TYPE_NONINCR, RIG_M2MF, M2MF_DATA, 4);
    rig_word(r, 0xffffff45);
    rig_word(r, 0x49484746);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY), 0);           /* not complete */
    rig_word(r, 0xffffff4a);
    rig_word(r, 0x4e4d4c4b);
    m(r, M2MF_DATA, 0xffffff4f);
    m(r, M2MF_DATA, 0x66666666);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY), 0x1234);
    for (i = 0; i < 3; i++) {
        char want[6] = { 0x41 + 5 * i, 0x42 + 5 * i, 0x43 + 5 * i,
                         0x44 + 5 * i, 0x45 + 5 * i, 0x55 };

        CU_ASSERT(!memcmp(r->mem + DST + 0x1000 + 16 * i, want, 6));
    }
    CU_ASSERT_EQUAL(r->faults, 0);
    rig_close(r);
}

/* One side's tile registers. */
static void tile(Rig *r, bool out, uint32_t bh, uint32_t bd, uint32_t w,
                 uint32_t h, uint32_t x, uint32_t y, uint32_t z)
{
    uint32_t at = out ? M2MF_TILING_MODE_OUT : M2MF_TILING_MODE_IN;

    m(r, at, bh << 4 | bd << 8);
    m(r, at + M2MF_TILING_PITCH, w);
    m(r, at + M2MF_TILING_HEIGHT, h);
    m(r, at + M2MF_TILING_DEPTH, 8);
    m(r, at + M2MF_TILING_Z, z);
    m(r, out ? M2MF_POSITION_OUT_X : M2MF_POSITION_IN_X, x);
    m(r, out ? M2MF_POSITION_OUT_Y : M2MF_POSITION_IN_Y, y);
}

static void test_tiled(void)
{
    Rig *r = rig_open();
    GRand *rnd = g_rand_new_with_seed(7);
    g_autofree uint8_t *want = g_malloc(1 << 20);
    int i;

    fill_random(r, SRC, 1 << 20, 2);
    for (i = 0; i < 60; i++) {
        bool ti = i % 3 != 0, to = i % 3 != 1;
        uint32_t bh[2] = { g_rand_int_range(rnd, 0, 5),
                           g_rand_int_range(rnd, 0, 5) };
        uint32_t bd[2] = { g_rand_int_range(rnd, 0, 3),
                           g_rand_int_range(rnd, 0, 3) };
        uint32_t w[2] = { g_rand_int_range(rnd, 64, 500),
                          g_rand_int_range(rnd, 64, 500) };
        uint32_t h[2] = { g_rand_int_range(rnd, 8, 60),
                          g_rand_int_range(rnd, 8, 60) };
        uint32_t z[2] = { g_rand_int_range(rnd, 0, 4),
                          g_rand_int_range(rnd, 0, 4) };
        uint32_t len = g_rand_int_range(rnd, 1, MIN(w[0], w[1]) + 1);
        uint32_t lines = g_rand_int_range(rnd, 1, MIN(h[0], h[1]) + 1);
        uint32_t x[2], y[2], k, l, b;

        for (k = 0; k < 2; k++) {
            x[k] = g_rand_int_range(rnd, 0, w[k] - len + 1);
            y[k] = g_rand_int_range(rnd, 0, h[k] - lines + 1);
        }
        memset(r->mem + DST, 0x33, 1 << 20);
        memset(want, 0x33, 1 << 20);
        for (l = 0; l < lines; l++) {
            for (b = 0; b < len; b++) {
                uint64_t s = ti ? naive(bh[0], bd[0], w[0], h[0], x[0] + b,
                                        y[0] + l, z[0]) : l * 512 + b;
                uint64_t d = to ? naive(bh[1], bd[1], w[1], h[1], x[1] + b,
                                        y[1] + l, z[1]) : l * 600 + b;

                want[d] = r->mem[SRC + s];
            }
        }
        tile(r, false, bh[0], bd[0], w[0], h[0], x[0], y[0], z[0]);
        tile(r, true, bh[1], bd[1], w[1], h[1], x[1], y[1], z[1]);
        copy(r, r->va + DST, r->va + SRC, 600, 512, len, lines,
             (ti ? 0 : M2MF_EXEC_LINEAR_IN) |
             (to ? 0 : M2MF_EXEC_LINEAR_OUT));
        CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
        CU_ASSERT(!memcmp(r->mem + DST, want, 1 << 20));
    }
    CU_ASSERT_EQUAL(r->faults, 0);
    g_rand_free(rnd);
    rig_close(r);
}

static void test_query(void)
{
    Rig *r = rig_open();
    uint64_t time;

    r->th->use_fake_clock = true;
    r->th->fake_ns = 1000;
    r->th->host.ptimer_offset = 0x500000000ll;
    rig_addr(r, RIG_M2MF, M2MF_QUERY_ADDRESS_HIGH, r->va + QRY + 0x10);
    m(r, M2MF_QUERY_SEQUENCE, 77);
    memset(r->mem + QRY, 0xee, 64);
    /* nothing to copy completes at once; QUERY 1 writes nothing */
    copy(r, r->va + DST, r->va + SRC, 0, 0, 0, 5, EXEC_LINEAR | 1 << 12);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY + 0x10), 0xeeeeeeee);
    copy(r, r->va + DST, r->va + SRC, 0, 0, 0, 0, EXEC_LINEAR | 2 << 12);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY + 0x10), 77);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY + 0x14), 0);
    memcpy(&time, r->mem + QRY + 0x18, 8);
    CU_ASSERT_EQUAL(time, 0x500000000ull + 1000);
    CU_ASSERT_EQUAL(rig_rd32(r, QRY + 0x20), 0xeeeeeeee);
    rig_close(r);
}

static void test_fault(void)
{
    Rig *r = rig_open();

    /* the copy's tail leaves the mapping: the part before it is done */
    memset(r->mem + SRC, 0x77, 8192);
    copy(r, r->va + RIG_SIZE - 4096, r->va + SRC, 0, 0, 8192, 1, EXEC_LINEAR);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->faults, 1);
    CU_ASSERT_EQUAL(r->fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(r->fault.engine, GPUVM_ENGINE_GR);
    CU_ASSERT_EQUAL(r->fault.va, r->va + RIG_SIZE);
    CU_ASSERT(r->fault.write);
    CU_ASSERT_EQUAL(r->mem[RIG_SIZE - 1], 0x77);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_COPY_BYTES), 0);
    rig_close(r);
}

static bool is_running(void *arg)
{
    Rig *r = arg;

    return r->mem[DST + 1] == 0x99;
}

/* A copy of 2^48 bytes: ends soon after abort(), and grants pauses. */
static void test_huge(void)
{
    Rig *r = rig_open();
    gint64 start;

    r->mem[SRC + 1] = 0x99;
    copy(r, r->va + DST, r->va + SRC, 0, 0, 0x10000, UINT32_MAX,
         EXEC_LINEAR);
    rig_submit(r);
    CU_ASSERT(test_wait(is_running, r, RIG_MS));
    start = g_get_monotonic_time();
    gpuvm_soft_pause_begin(gpuvm_soft_gpu(r->b.gpu));
    gpuvm_soft_pause_end(gpuvm_soft_gpu(r->b.gpu));
    CU_ASSERT(g_get_monotonic_time() - start < 2000000);
    g_mutex_lock(&r->lock);
    CU_ASSERT(!r->stopped);
    g_mutex_unlock(&r->lock);
    gpuvm_gpu_soft_ops.chan_abort(r->chan);
    CU_ASSERT_EQUAL(rig_wait(r), GPUVM_STOP_ABORTED);
    CU_ASSERT(g_get_monotonic_time() - start < 4000000);
    rig_close(r);

    /* lines of nothing cost nothing */
    r = rig_open();
    copy(r, r->va + DST, r->va + SRC, 0, 0, 0, UINT32_MAX, EXEC_LINEAR);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    rig_close(r);
}

static void test_overlap(void)
{
    Rig *r = rig_open();
    unsigned i, bad = 0;

    for (i = 0; i < 4096; i++) {
        r->mem[DST + i] = i * 7 + i / 256;
    }
    /* down by 100 bytes, inside one page: as memmove() */
    copy(r, r->va + DST + 100, r->va + DST, 0, 0, 3000, 1, EXEC_LINEAR);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    for (i = 0; i < 3000; i++) {
        bad += r->mem[DST + 100 + i] != (uint8_t)(i * 7 + i / 256);
    }
    CU_ASSERT_EQUAL(bad, 0);
    rig_close(r);
}

static void test_unknown(void)
{
    Rig *r = rig_open();
    uint64_t before = rig_count(r, GPUVM_CNT_UNKNOWN_METHODS);

    m(r, 0x0218, 1);
    m(r, 0x0ffc, 2);
    m(r, M2MF_EXEC + 0x54, 3);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS) - before, 3);
    rig_close(r);
}

static CU_TestInfo tests[] = {
    { "linear", test_linear },
    { "inline", test_inline },
    { "tiled, against the formula", test_tiled },
    { "query", test_query },
    { "fault", test_fault },
    { "huge copies can be paused and aborted", test_huge },
    { "overlap", test_overlap },
    { "unknown methods", test_unknown },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "m2mf", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
