/*
 * Surface formats: against bytes written out by hand, against plain C
 * arithmetic (a nearest search for small floats), and round trips of every
 * pixel value where there are few enough.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <math.h>
#include <string.h>

#include "soft/format.h"
#include "spec/surface.h"

static uint32_t u(float f)
{
    uint32_t v;

    memcpy(&v, &f, 4);
    return v;
}

static float fl(uint32_t v)
{
    float f;

    memcpy(&f, &v, 4);
    return f;
}

static void pack(uint32_t number, const uint32_t in[4], uint8_t *out)
{
    const SoftFormat *f = gpuvm_soft_format(number);

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    gpuvm_soft_format_pack(f, in, out);
}

/* The listed formats exist with these sizes, and no others do. */
static void test_table(void)
{
    static const struct { uint16_t first, last; uint8_t bytes; } sizes[] = {
        { 0xc0, 0xc5, 16 }, { 0xc6, 0xce, 8 }, { 0xcf, 0xd2, 4 },
        { 0xd3, 0xd4, 0 }, { 0xd5, 0xe0, 4 }, { 0xe1, 0xe2, 0 },
        { 0xe3, 0xe7, 4 }, { 0xe8, 0xf2, 2 }, { 0xf3, 0xf7, 1 },
        { 0xf8, 0xf8, 2 }, { 0xf9, 0xfa, 4 }, { 0xfb, 0x1ff, 0 },
        { 0x00, 0xbf, 0 },
    };
    unsigned i, n, c;

    for (i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (n = sizes[i].first; n <= sizes[i].last; n++) {
            const SoftFormat *f = gpuvm_soft_format(n);
            unsigned bits = 0;

            CU_ASSERT_EQUAL(f ? f->bytes : 0, sizes[i].bytes);
            for (c = 0; f && c < 4; c++) {
                bits += f->bits[c];
            }
            CU_ASSERT_EQUAL(bits, sizes[i].bytes * 8);
        }
    }
}

static void test_bytes(void)
{
    const uint32_t col[4] = { u(1.0f), u(0.5f), u(0.25f), u(0.0f) };
    const uint32_t ints[4] = { 0x11, 0x22, 0x33, 0x44 };
    const uint32_t big[4] = { 300, (uint32_t)-1000, 0x80000000, 77 };
    uint8_t o[16];

    pack(SURF_RGBA8_UNORM, col, o);
    CU_ASSERT(!memcmp(o, "\xff\x80\x40\x00", 4));
    pack(SURF_BGRA8_UNORM, col, o);
    CU_ASSERT(!memcmp(o, "\x40\x80\xff\x00", 4));
    pack(SURF_RGBA8_UINT, ints, o);
    CU_ASSERT(!memcmp(o, "\x11\x22\x33\x44", 4));
    pack(SURF_RGBA8_UINT, big, o);      /* saturates, unsigned */
    CU_ASSERT(!memcmp(o, "\xff\xff\xff\x4d", 4));
    pack(SURF_RGBA8_SINT, big, o);      /* saturates, signed */
    CU_ASSERT(!memcmp(o, "\x7f\x80\x80\x4d", 4));
    pack(SURF_R32_UINT, ints, o);
    CU_ASSERT(!memcmp(o, "\x11\0\0\0", 4));
    pack(SURF_RGBA16_UNORM, col, o);
    CU_ASSERT(!memcmp(o, "\xff\xff\x00\x80\x00\x40\x00\x00", 8));
    /* A1R5G5B5 in NVIDIA's naming: b 8, g 16, r 31, a 0 */
    pack(SURF_BGR5_A1_UNORM, col, o);
    CU_ASSERT_EQUAL(o[0] | o[1] << 8, 8 | 16 << 5 | 31 << 10);
    pack(SURF_B5G6R5_UNORM, col, o);    /* 0.5 * 63 = 31.5 -> 32, even */
    CU_ASSERT_EQUAL(o[0] | o[1] << 8, 8 | 32 << 5 | 31 << 11);
    pack(SURF_RGB10_A2_UNORM, col, o);
    CU_ASSERT_EQUAL((o[0] | o[1] << 8 | o[2] << 16 | (uint32_t)o[3] << 24),
                    1023u | 512u << 10 | 256u << 20);
    pack(SURF_RG32_FLOAT, col, o);
    CU_ASSERT(!memcmp(o, col, 8));
    pack(SURF_RGBA32_SINT, big, o);
    CU_ASSERT(!memcmp(o, big, 16));
    pack(SURF_A8_UNORM, (const uint32_t[4]) { 0, 0, 0, u(1.0f) }, o);
    CU_ASSERT_EQUAL(o[0], 0xff);
}

static void test_norm_edges(void)
{
    const uint32_t in[4] = { u(-1.0f), u(-7.0f), u(NAN), u(INFINITY) };
    uint32_t out[4];
    uint8_t o[16];

    pack(SURF_RGBA8_SNORM, in, o);
    CU_ASSERT(!memcmp(o, "\x81\x81\x00\x7f", 4));
    pack(SURF_RGBA8_UNORM, in, o);
    CU_ASSERT(!memcmp(o, "\x00\x00\x00\xff", 4));
    gpuvm_soft_format_unpack(gpuvm_soft_format(SURF_RGBA8_SNORM),
                             (const uint8_t *)"\x80\x81\x7f\x00", out);
    CU_ASSERT_EQUAL(out[0], u(-1.0f));
    CU_ASSERT_EQUAL(out[1], u(-1.0f));
    CU_ASSERT_EQUAL(out[2], u(1.0f));
    CU_ASSERT_EQUAL(out[3], u(0.0f));
    /* absent components: 0, 0, 0, one */
    gpuvm_soft_format_unpack(gpuvm_soft_format(SURF_R8_UNORM),
                             (const uint8_t *)"\xff", out);
    CU_ASSERT(out[0] == u(1.0f) && !out[1] && !out[2] && out[3] == u(1.0f));
    gpuvm_soft_format_unpack(gpuvm_soft_format(SURF_R8_SINT),
                             (const uint8_t *)"\xfe", out);
    CU_ASSERT(out[0] == (uint32_t)-2 && out[3] == 1);
    gpuvm_soft_format_unpack(gpuvm_soft_format(SURF_RGBX8_UNORM),
                             (const uint8_t *)"\x00\xff\x00\x13", out);
    CU_ASSERT(out[1] == u(1.0f) && out[3] == u(1.0f));
}

/* A small float's value from its definition. */
static double small_value(unsigned v, unsigned mbits)
{
    unsigned e = v >> mbits & 31, m = v & ((1u << mbits) - 1);

    return e ? ldexp(1.0 + ldexp(m, -(int)mbits), (int)e - 15) :
           ldexp(m, -14 - (int)mbits);
}

/* f32 -> small float by looking for the nearest one. */
static unsigned nearest_small(double x, unsigned mbits)
{
    unsigned v, best = 0, inf = 31u << mbits;
    double dist = INFINITY;

    /* the overflow threshold: half a step beyond the largest */
    if (x >= (small_value(inf - 1, mbits) +
              ldexp(1, 15 - (int)mbits - 1))) {
        return inf;
    }
    for (v = 0; v < inf; v++) {
        double d = fabs(small_value(v, mbits) - x);

        if (d < dist || (d == dist && !(v & 1))) {
            dist = d;
            best = v;
        }
    }
    return best;
}

static void test_half(void)
{
    GRand *rnd = g_rand_new_with_seed(2);
    unsigned i, bad = 0;

    for (i = 0; i < 0x10000; i++) {
        uint32_t f = gpuvm_soft_f16_to_f32(i);
        bool nan = (i & 0x7fff) > 0x7c00;

        if (nan) {
            bad += !isnan(fl(f));
            bad += !((gpuvm_soft_f32_to_f16(f) & 0x7fff) > 0x7c00);
            continue;
        }
        bad += gpuvm_soft_f32_to_f16(f) != i;
        if ((i & 0x7fff) < 0x7c00) {
            bad += fabs((double)fl(f)) != small_value(i & 0x7fff, 10);
        }
        bad += (f >> 31) != (i >> 15);
    }
    CU_ASSERT_EQUAL(bad, 0);
    /* rounding: random values over the range and halfway cases */
    for (bad = 0, i = 0; i < 300; i++) {
        double x = ldexp(g_rand_double(rnd), g_rand_int_range(rnd, -27, 18));
        float f = (float)x;

        if (i & 1) {            /* exactly between two neighbours */
            unsigned v = g_rand_int_range(rnd, 0, 0x7bff);

            f = (float)((small_value(v, 10) + small_value(v + 1, 10)) / 2);
        }
        bad += gpuvm_soft_f32_to_f16(u(f)) != nearest_small(f, 10);
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(gpuvm_soft_f32_to_f16(u(65520.0f)), 0x7c00);
    CU_ASSERT_EQUAL(gpuvm_soft_f32_to_f16(u(65519.0f)), 0x7bff);
    CU_ASSERT_EQUAL(gpuvm_soft_f32_to_f16(0x80000001), 0x8000);
    g_rand_free(rnd);
}

static void test_r11g11b10(void)
{
    const SoftFormat *f = gpuvm_soft_format(SURF_R11G11B10_FLOAT);
    GRand *rnd = g_rand_new_with_seed(3);
    unsigned i, bad = 0;
    uint32_t out[4];
    uint8_t o[4];

    for (i = 0; i < 300; i++) {
        float x = (float)ldexp(g_rand_double(rnd),
                               g_rand_int_range(rnd, -20, 17));
        const uint32_t in[4] = { u(x), u(x), u(x), 0 };
        uint32_t w;

        gpuvm_soft_format_pack(f, in, o);
        w = o[0] | o[1] << 8 | o[2] << 16 | (uint32_t)o[3] << 24;
        bad += (w & 0x7ff) != nearest_small(x, 6);
        bad += (w >> 11 & 0x7ff) != nearest_small(x, 6);
        bad += w >> 22 != nearest_small(x, 5);
        gpuvm_soft_format_unpack(f, o, out);
        if ((w & 0x7ff) < 0x7c0) {
            bad += (double)fl(out[0]) != small_value(w & 0x7ff, 6);
        }
        if (w >> 22 < 0x3e0) {
            bad += (double)fl(out[2]) != small_value(w >> 22, 5);
        }
        bad += out[3] != u(1.0f);
    }
    CU_ASSERT_EQUAL(bad, 0);
    /* no sign: negative becomes 0, also negative infinity; NaN stays */
    gpuvm_soft_format_pack(f, (const uint32_t[4]) { u(-1.0f), u(-INFINITY),
                                                    u(NAN), 0 }, o);
    gpuvm_soft_format_unpack(f, o, out);
    CU_ASSERT(out[0] == 0 && out[1] == 0 && isnan(fl(out[2])));
    g_rand_free(rnd);
}

/*
 * Unpack then pack gives every 8- and 16-bit pixel back, and random larger
 * ones; but for snorm's second -1, filler bits and NaN payloads.
 */
static void test_round_trips(void)
{
    GRand *rnd = g_rand_new_with_seed(4);
    unsigned number, i, j;

    for (number = SURF_FORMAT_FIRST; number <= SURF_FORMAT_LAST; number++) {
        const SoftFormat *f = gpuvm_soft_format(number);
        unsigned n, bad = 0;

        if (!f || f->order == SOFT_FORMAT_RGBX ||
            f->order == SOFT_FORMAT_BGRX) {
            continue;
        }
        n = f->bytes <= 2 ? 1u << (8 * f->bytes) : 20000;
        for (i = 0; i < n; i++) {
            uint8_t in[16], out[16];
            uint32_t rgba[4];
            bool skip = false;

            for (j = 0; j < f->bytes; j++) {
                in[j] = f->bytes <= 2 ? i >> (8 * j) : g_rand_int(rnd);
            }
            gpuvm_soft_format_unpack(f, in, rgba);
            gpuvm_soft_format_pack(f, rgba, out);
            for (j = 0; j < 4; j++) {
                skip |= f->encoding == SOFT_FORMAT_FLOAT &&
                        isnan(fl(rgba[j]));
                skip |= f->encoding == SOFT_FORMAT_SNORM &&
                        rgba[j] == u(-1.0f);
            }
            bad += !skip && memcmp(in, out, f->bytes);
        }
        CU_ASSERT_EQUAL(bad, 0);
    }
    g_rand_free(rnd);
}

static void test_srgb(void)
{
    const SoftFormat *f = gpuvm_soft_format(SURF_RGBA8_SRGB);
    unsigned i;

    for (i = 0; i < 256; i++) {
        double c = i / 255.0;
        double lin = c <= 0.04045 ? c / 12.92 :
                     pow((c + 0.055) / 1.055, 2.4);
        uint8_t in[4] = { i, 255 - i, 0, i };
        uint32_t out[4];

        gpuvm_soft_format_unpack(f, in, out);
        CU_ASSERT(fabs(fl(out[0]) - lin) < 1e-6);
        CU_ASSERT(fabs(fl(out[3]) - c) < 1e-6);
    }
}

static void test_mask(void)
{
    uint8_t m[16];

    gpuvm_soft_format_mask(gpuvm_soft_format(SURF_BGRA8_UNORM), 0x9, m);
    CU_ASSERT(!memcmp(m, "\0\0\xff\xff", 4));
    gpuvm_soft_format_mask(gpuvm_soft_format(SURF_B5G6R5_UNORM), 0x2, m);
    CU_ASSERT_EQUAL(m[0] | m[1] << 8, 0x07e0);
    gpuvm_soft_format_mask(gpuvm_soft_format(SURF_RGBA32_UINT), 0x4, m);
    CU_ASSERT(!memcmp(m, "\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 16));
}

static CU_TestInfo tests[] = {
    { "table", test_table },
    { "bytes", test_bytes },
    { "edges of normalised formats", test_norm_edges },
    { "half floats", test_half },
    { "r11g11b10", test_r11g11b10 },
    { "round trips", test_round_trips },
    { "srgb", test_srgb },
    { "component masks", test_mask },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "format", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
