/*
 * Texture instructions.  Expected values come from the OpenGL specification's
 * formulas, worked out here or by hand.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>

#include "tex_bench.h"

/* ---- tests ---- */

/* texelFetch at random places of all levels, inside and outside. */
static void fetch_case(Tex t, unsigned target, unsigned dim, uint32_t bits)
{
    WarpBench *wb = tex_bench();
    uint32_t rnd = 99, bad = 0;
    unsigned first = bits & TX_ARRAY ? 1 : 0;

    fill_r32f(wb, &t);
    tic_for(wb, 3, &t, R32F, target, true);
    wb_bind(wb);
    for (unsigned n = 0; n < 60; n++) {
        for (unsigned i = 0; i < 32; i++) {
            unsigned l = wb_rand(&rnd) % (t.levels + 1);

            wb->w->r[R_C][i] = wb_rand(&rnd) % t.layers;
            wb->w->r[R_C + first][i] = wb_rand(&rnd) % ((t.w >> l) + 2);
            wb->w->r[R_C + first + 1][i] = wb_rand(&rnd) % ((t.h >> l) + 2);
            wb->w->r[R_C + first + 2][i] = wb_rand(&rnd) % ((t.d >> l) + 2);
            wb->w->r[R_E][i] = l;
        }
        wb->w->r[R_C + first][3] = -1;
        wb->w->r[R_E][4] = -1;
        if (first) {
            wb->w->r[R_C][5] = 0xffff;
        }
        run(wb, SOFT_OP_TEXFETCH, tx_fetch(dim, bits | 3, true));
        for (unsigned i = 0; i < 32; i++) {
            uint32_t l = wb->w->r[R_E][i], layer = wb->w->r[R_C][i];
            uint32_t x = wb->w->r[R_C + first][i];
            uint32_t y = dim >= DIM2 ? wb->w->r[R_C + first + 1][i] : 0;
            uint32_t z = t.is_3d ? wb->w->r[R_C + 2][i] : first ? layer : 0;
            bool in = l < t.levels && x < MAX(t.w >> l, 1) &&
                      y < MAX(t.h >> l, 1) &&
                      z < (t.is_3d ? MAX(t.d >> l, 1) : t.layers);

            bad += get_f(wb, R_D, i) != (in ? value(l, x, y, z) : 0.0f);
            bad += get_f(wb, R_D + 3, i) != (in ? 1.0f : 0.0f);
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

static void test_fetch(void)
{
    fetch_case((Tex){ 100, 70, 1, 1, 1 }, TIC_TARGET_2D, DIM2, 0);
    fetch_case((Tex){ 130, 65, 1, 1, 8 }, TIC_TARGET_2D, DIM2, 0);
    fetch_case((Tex){ 33, 40, 1, 1, 6 }, TIC_TARGET_2D, DIM2, 0);
    fetch_case((Tex){ 32, 32, 1, 5, 6 }, TIC_TARGET_2D_ARRAY, DIM2, TX_ARRAY);
    fetch_case((Tex){ 50, 1, 1, 1, 6 }, TIC_TARGET_1D, DIM1, 0);
    fetch_case((Tex){ 50, 1, 1, 4, 1 }, TIC_TARGET_1D_ARRAY, DIM1, TX_ARRAY);
    fetch_case((Tex){ 40, 20, 12, 1, 5, .is_3d = true }, TIC_TARGET_3D, DIM3,
               0);
    fetch_case((Tex){ 20, 33, 7, 1, 1, .is_3d = true }, TIC_TARGET_3D, DIM3,
               0);
}

/* Offsets of texelFetch, pitch layout, a packed mask, nothing bound. */
static void test_fetch_more(void)
{
    WarpBench *wb = tex_bench();
    uint64_t va = wb->b.va + TEX_AT;
    uint32_t w[8] = {
        tic0(TIC_FMT_8_8_8_8, TIC_TYPE_UINT, id_map), va,
        (uint32_t)(va >> 32) | TIC_TARGET_RECT << 14 | 1 << 18,
        256, 40, 20 | 1 << 16, 0, 0,
    };
    uint32_t bad = 0;

    for (unsigned i = 0; i < 256 * 20; i++) {
        wb->mem[TEX_AT + i] = i * 7 + i / 256;
    }
    tic_write(wb, 3, w);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_C][i] = i;
        wb->w->r[R_C + 1][i] = 9;
        wb->w->r[R_E][i] = 0x0f3;       /* x + 3, y - 1 */
        wb->w->r[R_D + 2][i] = 0x5555;
    }
    run(wb, SOFT_OP_TEXFETCH, tx(0x90000000, DIM2, TX_OFFSET | 3, 0, 0xa));
    for (unsigned i = 0; i < 32; i++) {
        const uint8_t *p = wb->mem + TEX_AT + 8 * 256 + (i + 3) * 4;

        bad += wb->w->r[R_D][i] != p[1] || wb->w->r[R_D + 1][i] != p[3] ||
               wb->w->r[R_D + 2][i] != 0x5555;
    }
    CU_ASSERT_EQUAL(bad, 0);
    run(wb, SOFT_OP_TEXFETCH, tx(0x90000000, DIM2, 9, 0, 0xf));
    CU_ASSERT_EQUAL(wb->w->r[R_D][0] | wb->w->r[R_D + 3][7], 0);
    wb_free(wb);
}

/* Wrap modes: texel index by coordinate, worked out from GL table 8.20 for a
 * texture of 4 texels; -1 is the border. */
static void test_wrap(void)
{
    static const float s[] = { -1.3f, -0.6f, -0.1f, 0.1f, 0.6f, 0.9f, 1.1f,
                               1.6f, 2.3f };
    /* u = 4 s: -5.2 -2.4 -0.4 0.4 2.4 3.6 4.4 6.4 9.2 */
    static const int want[8][9] = {
        { 2, 1, 3, 0, 2, 3, 0, 2, 1 },
        { 2, 2, 0, 0, 2, 3, 3, 1, 1 },
        { 0, 0, 0, 0, 2, 3, 3, 3, 3 },
        { -1, -1, -1, 0, 2, 3, -1, -1, -1 },
        { 0, 0, 0, 0, 2, 3, 3, 3, 3 },
        { 3, 2, 0, 0, 2, 3, 3, 3, 3 },
        { -1, 2, 0, 0, 2, 3, -1, -1, -1 },
        { 3, 2, 0, 0, 2, 3, 3, 3, 3 },
    };
    WarpBench *wb = tex_bench();
    Tex t = { 4, 1, 1, 1, 1 };

    fill_r32f(wb, &t);
    tic_for(wb, 0, &t, R32F, TIC_TARGET_1D, true);
    for (unsigned mode = 0; mode < 8; mode++) {
        Sampler smp = nearest;
        unsigned bad = 0;

        smp.wrap[0] = mode;
        smp.border[0] = -7.5f;
        tsc_write(wb, 1, &smp);
        wb_bind(wb);
        for (unsigned i = 0; i < 32; i++) {
            set_f(wb, R_C, i, s[i % 9]);
        }
        run(wb, SOFT_OP_TEX, tx_sample(DIM1, 1 << 8, LOD_ZERO));
        for (unsigned i = 0; i < 9; i++) {
            float v = want[mode][i] < 0 ? -7.5f : want[mode][i];

            bad += get_f(wb, R_D, i) != v;
        }
        CU_ASSERT_EQUAL(bad, 0);
        if (bad) {
            fprintf(stderr, "wrap mode %u\n", mode);
        }
    }
    /* coordinates that are no numbers */
    for (unsigned i = 0; i < 32; i++) {
        set_f(wb, R_C, i, i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -1e30f);
    }
    run(wb, SOFT_OP_TEX, tx_sample(DIM1, 1 << 8, LOD_ZERO));
    wb_free(wb);
}

/* Bilinear weights, normalized and not, across the repeat seam. */
static void test_linear(void)
{
    WarpBench *wb = tex_bench();
    Tex t = { 16, 8, 1, 1, 1 };
    Sampler s = bilinear;
    uint32_t rnd = 5;
    double worst = 0;

    fill_r32f(wb, &t);
    tic_for(wb, 0, &t, R32F, TIC_TARGET_2D, true);
    tic_for(wb, 1, &t, R32F, TIC_TARGET_2D, false);
    s.wrap[0] = TSC_WRAP_REPEAT;
    tsc_write(wb, 1, &s);
    wb_bind(wb);
    for (unsigned norm = 0; norm < 2; norm++) {
        for (unsigned i = 0; i < 32; i++) {
            /* multiples of 1/64 texel: exact in float */
            double x = (int)(wb_rand(&rnd) % 2048) / 64.0 - 8;
            double y = (int)(wb_rand(&rnd) % 768) / 64.0 - 2;

            set_f(wb, R_C, i, norm ? x / 16 : x);
            set_f(wb, R_C + 1, i, norm ? y / 8 : y);
        }
        run(wb, SOFT_OP_TEX, tx_sample(DIM2, (norm ? 0 : 1) | 1 << 8,
                                       LOD_ZERO));
        for (unsigned i = 0; i < 32; i++) {
            double x = get_f(wb, R_C, i) * (norm ? 16.0 : 1) - 0.5;
            double y = get_f(wb, R_C + 1, i) * (norm ? 8.0 : 1) - 0.5;
            int x0 = floor(x), y0 = floor(y);
            double a = x - x0, b = y - y0, sum = 0;

            for (int k = 0; k < 4; k++) {
                int xi = ((x0 + k % 2) % 16 + 16) % 16;
                int yi = CLAMP(y0 + k / 2, 0, 7);

                sum += (k % 2 ? a : 1 - a) * (k / 2 ? b : 1 - b) *
                       value(0, xi, yi, 0);
            }
            worst = MAX(worst, fabs(sum - get_f(wb, R_D, i)));
        }
    }
    CU_ASSERT(worst < 1e-3);
    wb_free(wb);
}

/* Levels: explicit, biased, clamped; nearest and linear between levels. */
static void test_levels(void)
{
    static const struct {
        float lod, bias, min, max;
        unsigned mip;
        double want;            /* level, fractions between levels */
    } c[] = {
        { 0, 0, 0, 15, TSC_MIP_NEAREST, 0 },
        { 1.4f, 0, 0, 15, TSC_MIP_NEAREST, 1 },
        { 1.6f, 0, 0, 15, TSC_MIP_NEAREST, 2 },
        { 99, 0, 0, 15, TSC_MIP_NEAREST, 5 },
        { -3, 0, 0, 15, TSC_MIP_NEAREST, 0 },
        { 2.25f, 0, 0, 15, TSC_MIP_NONE, 0 },
        { 2.25f, 0, 0, 15, TSC_MIP_LINEAR, 2.25 },
        { 2.25f, 1.5f, 0, 15, TSC_MIP_LINEAR, 3.75 },
        { 2.25f, -4, 0, 15, TSC_MIP_LINEAR, 0 },
        { 4.5f, 0, 0, 3.25f, TSC_MIP_LINEAR, 3.25 },
        { 0, 0, 1.5f, 15, TSC_MIP_LINEAR, 1.5 },
        { 4.5f, 9, 0, 15, TSC_MIP_LINEAR, 5 },
        { NAN, 0, 0, 15, TSC_MIP_LINEAR, 0 },
    };
    WarpBench *wb = tex_bench();
    Tex t = { 32, 32, 1, 1, 6 };

    fill_r32f(wb, &t);
    tic_for(wb, 0, &t, R32F, TIC_TARGET_2D, true);
    for (unsigned n = 0; n < G_N_ELEMENTS(c); n++) {
        Sampler s = nearest;
        double l0 = floor(c[n].want), f = c[n].want - l0;

        s.mip = c[n].mip;
        s.bias = c[n].bias;
        s.min_lod = c[n].min;
        s.max_lod = c[n].max;
        tsc_write(wb, 1, &s);
        wb_bind(wb);
        for (unsigned i = 0; i < 32; i++) {
            set_f(wb, R_C, i, 0);
            set_f(wb, R_C + 1, i, 0);
            set_f(wb, R_E, i, c[n].lod);
        }
        run(wb, SOFT_OP_TEX, tx_sample(DIM2, 1 << 8, LOD_GIVEN));
        CU_ASSERT_DOUBLE_EQUAL(get_f(wb, R_D, 0),
                               100000 * (l0 * (1 - f) + (l0 + 1) * f), 0.5);
    }
    wb_free(wb);
}

/* Derivatives: given, and between the lanes of a quad. */
static void test_derivatives(void)
{
    WarpBench *wb = tex_bench();
    Tex t = { 32, 32, 1, 1, 6 };
    Sampler s = nearest;

    fill_r32f(wb, &t);
    tic_for(wb, 0, &t, R32F, TIC_TARGET_2D, true);
    s.mip = TSC_MIP_NEAREST;
    tsc_write(wb, 1, &s);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_f(wb, R_C, i, 0);
        set_f(wb, R_C + 1, i, 0);
        set_f(wb, R_E, i, 4 / 32.0f);           /* du/dx: 4 texels */
        set_f(wb, R_E + 1, i, 0);               /* du/dy */
        set_f(wb, R_E + 2, i, 0);               /* dv/dx */
        set_f(wb, R_E + 3, i, i < 16 ? 0 : 0.5f); /* dv/dy: 16 texels */
    }
    run(wb, SOFT_OP_TEXGRAD, tx(0xe0000000, DIM2, 1 << 8, 0, 0xf));
    CU_ASSERT_EQUAL(get_f(wb, R_D, 0), 200000);
    CU_ASSERT_EQUAL(get_f(wb, R_D, 16), 400000);
    for (unsigned i = 0; i < 32; i++) {
        set_f(wb, R_C, i, i & 1 ? 8 / 32.0f : 0);
        set_f(wb, R_C + 1, i, 0);
    }
    run(wb, SOFT_OP_TEX, tx_sample(DIM2, 1 << 8 | TX_QUAD, LOD_AUTO));
    CU_ASSERT_EQUAL(get_f(wb, R_D, 0), 300000);
    run(wb, SOFT_OP_TEX, tx_sample(DIM2, 1 << 8, LOD_AUTO));
    CU_ASSERT_EQUAL(get_f(wb, R_D, 0), 0);
    wb_free(wb);
}

/* Arrays, cubes and 3D: which layer or slice is read. */
static void test_targets(void)
{
    static const float dir[6][3] = { { 1, 0.1f, 0.3f }, { -1, 0.1f, 0.3f },
                                     { 0.1f, 1, 0.3f }, { 0.1f, -1, 0.3f },
                                     { 0.1f, 0.3f, 1 }, { 0.1f, 0.3f, -1 } };
    /* s and t of GL table 8.19 for these, times 8 texels, rounded down */
    static const int cx[6] = { 2, 5, 4, 4, 4, 3 };
    static const int cy[6] = { 3, 3, 5, 2, 2, 2 };
    WarpBench *wb = tex_bench();
    Tex cube = { 8, 8, 1, 18, 1 }, vol = { 8, 8, 8, 1, 1, .is_3d = true };
    unsigned bad = 0;

    fill_r32f(wb, &cube);
    tic_for(wb, 0, &cube, R32F, TIC_TARGET_CUBE_ARRAY, true);
    tic_for(wb, 1, &cube, R32F, TIC_TARGET_2D_ARRAY, true);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_C][i] = i / 6 % 3;
        for (unsigned k = 0; k < 3; k++) {
            set_f(wb, R_C + 1 + k, i, dir[i % 6][k]);
        }
    }
    run(wb, SOFT_OP_TEX, tx_sample(DIMCUBE, TX_ARRAY, LOD_ZERO));
    for (unsigned i = 0; i < 18; i++) {
        bad += get_f(wb, R_D, i) != value(0, cx[i % 6], cy[i % 6], i);
    }
    CU_ASSERT_EQUAL(bad, 0);
    /* layers beyond the last one are the last one */
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_C][i] = i;
        set_f(wb, R_C + 1, i, 3.5f / 8);
        set_f(wb, R_C + 2, i, 5.5f / 8);
    }
    run(wb, SOFT_OP_TEX, tx_sample(DIM2, TX_ARRAY | 1, LOD_ZERO));
    for (unsigned i = 0; i < 32; i++) {
        bad += get_f(wb, R_D, i) != value(0, 3, 5, MIN(i, 17));
    }
    CU_ASSERT_EQUAL(bad, 0);
    fill_r32f(wb, &vol);
    tic_for(wb, 2, &vol, R32F, TIC_TARGET_3D, true);
    tsc_write(wb, 1, &bilinear);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_f(wb, R_C, i, 3.5f / 8);
        set_f(wb, R_C + 1, i, 5.5f / 8);
        set_f(wb, R_C + 2, i, i / 32.0f);
    }
    run(wb, SOFT_OP_TEX, tx_sample(DIM3, 2 | 1 << 8, LOD_ZERO));
    for (unsigned i = 0; i < 32; i++) {
        double z = CLAMP(i / 4.0 - 0.5, 0, 7);

        bad += fabs(get_f(wb, R_D, i) -
                    (value(0, 3, 5, 0) + 1000 * z)) > 0.01;
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

static void test_gather(void)
{
    WarpBench *wb = tex_bench();
    Tex t = { 16, 16, 1, 1, 1, .bytes = 4 };
    uint32_t bad = 0;

    tex_layout(&t);
    for (unsigned y = 0; y < 16; y++) {
        for (unsigned x = 0; x < 16; x++) {
            const uint8_t px[4] = { x, y, 0, 0 };

            memcpy(texel(wb, &t, 0, x, y, 0), px, 4);
        }
    }
    tic_for(wb, 0, &t, tic0(TIC_FMT_8_8_8_8, TIC_TYPE_UINT, id_map),
            TIC_TARGET_2D, true);
    wb_bind(wb);
    for (unsigned comp = 0; comp < 2; comp++) {
        static const int dx[4] = { 0, 1, 1, 0 }, dy[4] = { 1, 1, 0, 0 };

        for (unsigned i = 0; i < 32; i++) {
            set_f(wb, R_C, i, (4.0f + i % 8) / 16);     /* between 3 and 4 */
            set_f(wb, R_C + 1, i, (3.0f + i / 8) / 16);
            wb->w->r[R_E][i] = 0xfe01;                  /* x + 1, y - 2 */
        }
        run(wb, SOFT_OP_TEXGATHER, tx(0xa0000000, DIM2, TX_OFFSET, 0, 0xf) |
            comp << 5);
        for (unsigned i = 0; i < 32; i++) {
            for (unsigned k = 0; k < 4; k++) {
                int want = comp ? 2 + (int)i / 8 - 2 + dy[k] :
                           3 + (int)i % 8 + 1 + dx[k];

                bad += wb->w->r[R_D + k][i] != MAX(want, 0);
            }
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    /* four offsets: each moves the texel at (i0, j0) */
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_E][i] = 0x0201 | 0x00fd0000u;        /* (1,2) (-3,0) */
        wb->w->r[R_E + 1][i] = 0x0005 | 0x01000000u;    /* (5,0) (0,1) */
    }
    run(wb, SOFT_OP_TEXGATHER, tx(0xa0000000, DIM2, TX_FOUR, 0, 0xf));
    CU_ASSERT_EQUAL(wb->w->r[R_D][0], 4);
    CU_ASSERT_EQUAL(wb->w->r[R_D + 1][0], 0);
    CU_ASSERT_EQUAL(wb->w->r[R_D + 2][0], 8);
    CU_ASSERT_EQUAL(wb->w->r[R_D + 3][0], 3);
    wb_free(wb);
}

static void test_shadow(void)
{
    static const bool want[8][3] = {    /* ref 0.25, 0.5, 0.75 against 0.5 */
        { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 0 }, { 1, 1, 0 },
        { 0, 0, 1 }, { 1, 0, 1 }, { 0, 1, 1 }, { 1, 1, 1 },
    };
    WarpBench *wb = tex_bench();
    Tex t = { 8, 8, 1, 1, 1, .bytes = 4 };
    unsigned bad = 0;

    tex_layout(&t);
    for (unsigned i = 0; i < 64; i++) {
        float v = i % 8 < 4 ? 0.5f : 0.0f;

        memcpy(texel(wb, &t, 0, i % 8, i / 8, 0), &v, 4);
    }
    tic_for(wb, 0, &t, tic0(TIC_FMT_Z32, TIC_TYPE_FLOAT,
                            2 | 2 << 3 | 2 << 6 | 7 << 9),
            TIC_TARGET_2D, true);
    for (unsigned func = 0; func < 8; func++) {
        Sampler s = nearest;

        s.compare = func;
        tsc_write(wb, 1, &s);
        wb_bind(wb);
        for (unsigned i = 0; i < 32; i++) {
            set_f(wb, R_C, i, 0.1f);
            set_f(wb, R_C + 1, i, 0.1f);
            set_f(wb, R_E, i, 0.25f * (1 + i % 3));
        }
        run(wb, SOFT_OP_TEX, tx_sample(DIM2, TX_SHADOW | 1 << 8, LOD_ZERO));
        for (unsigned i = 0; i < 3; i++) {
            bad += get_f(wb, R_D, i) != want[func][i];
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    /* with a level the reference comes second; texels are compared first,
     * then averaged: half of the footprint passes */
    {
        Sampler s = bilinear;

        s.compare = 1;
        tsc_write(wb, 1, &s);
        wb_bind(wb);
        for (unsigned i = 0; i < 32; i++) {
            set_f(wb, R_C, i, 0.5f);
            set_f(wb, R_C + 1, i, 0.5f);
            set_f(wb, R_E, i, 0);
            set_f(wb, R_E + 1, i, 0.4f);
        }
        run(wb, SOFT_OP_TEX, tx_sample(DIM2, TX_SHADOW | 1 << 8, LOD_GIVEN));
        CU_ASSERT_EQUAL(get_f(wb, R_D, 0), 0.5f);
    }
    wb_free(wb);
}

/* Buffer textures, sizes, handles from registers. */
static void test_buffer_query(void)
{
    WarpBench *wb = tex_bench();
    uint64_t va = wb->b.va + TEX_AT;
    Tex t = { 60, 30, 1, 5, 5 }, vol = { 40, 20, 12, 1, 3, .is_3d = true };
    uint32_t w[8] = {
        tic0(TIC_FMT_32, TIC_TYPE_SINT, id_map), va,
        (uint32_t)(va >> 32) | TIC_TARGET_BUFFER << 14 | 1 << 18,
        0, 100000, 0, 0, 0,
    };
    uint32_t bad = 0;

    for (unsigned i = 0; i < 100000; i++) {
        int32_t v = -(int32_t)i;

        memcpy(wb->mem + TEX_AT + 4 * i, &v, 4);
    }
    tic_write(wb, 7, w);
    tic_for(wb, 8, &t, R32F, TIC_TARGET_2D_ARRAY, true);
    tic_for(wb, 9, &vol, R32F, TIC_TARGET_3D, true);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_C][i] = 7u << 23 | 99;       /* not an array: no layer */
        wb->w->r[R_C + 1][i] = i * 3333;
    }
    wb->w->r[R_C][9] = 20u << 23;               /* nothing bound there */
    run(wb, SOFT_OP_TEXFETCH, tx_fetch(DIM1, TX_IND, false));
    for (unsigned i = 0; i < 32; i++) {
        uint32_t want = i == 9 || i * 3333 >= 100000 ? 0 : -(i * 3333);

        bad += wb->w->r[R_D][i] != want;
    }
    CU_ASSERT_EQUAL(bad, 0);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_C][i] = i % 6;
    }
    run(wb, SOFT_OP_TEXQUERY, wi(0xc0000000u | 0xf << 14 | 8,
                                 0x86 | R_D << 14 | R_C << 20 | 63u << 26));
    for (unsigned i = 0; i < 5; i++) {
        bad += wb->w->r[R_D][i] != 60u >> i || wb->w->r[R_D + 1][i] !=
               MAX(30u >> i, 1) || wb->w->r[R_D + 2][i] != 5 ||
               wb->w->r[R_D + 3][i] != 5;
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(wb->w->r[R_D][5], 0);
    run(wb, SOFT_OP_TEXQUERY, wi(0xc0000000u | 0xf << 14 | 9,
                                 0x86 | R_D << 14 | R_C << 20 | 63u << 26));
    CU_ASSERT_EQUAL(wb->w->r[R_D + 2][1], 6);
    run(wb, SOFT_OP_TEXQUERY, wi(0xc0000000u | 0x1 << 14 | 7,
                                 0x86 | R_D << 14 | R_C << 20 | 63u << 26));
    CU_ASSERT_EQUAL(wb->w->r[R_D][0], 100000);
    wb_free(wb);
}

/* One texel of each format, values by the format's definition. */
static void test_formats(void)
{
    static const struct {
        unsigned fmt, type;
        uint8_t raw[16];
        float want[4];
        uint32_t map;           /* 0: identity */
        bool srgb;
    } c[] = {
        { TIC_FMT_8_8_8_8, 2, { 0, 51, 255, 102 }, { 0, 0.2f, 1, 0.4f } },
        { TIC_FMT_8_8_8_8, 1, { 127, 0x81, 0x80, 0 }, { 1, -1, -1, 0 } },
        /* BGRA: red comes from the third byte */
        { TIC_FMT_8_8_8_8, 2, { 255, 51, 0, 102 }, { 0, 0.2f, 1, 0.4f },
          4 | 3 << 3 | 2 << 6 | 5 << 9 },
        { TIC_FMT_8_8_8_8, 2, { 188, 0, 255, 128 },
          { 0.502886f, 0, 1, 0.501961f }, 0, true },
        { TIC_FMT_5_6_5, 2, { 0x1f, 0xf8 }, { 1, 0, 1, 0 } },
        { TIC_FMT_5_6_5, 2, { 0xe0, 0x07 }, { 0, 1, 0, 0 } },
        { TIC_FMT_5_5_5_1, 2, { 0x00, 0x80 }, { 0, 0, 0, 1 } },
        { TIC_FMT_4_4_4_4, 2, { 0xf3, 0x60 }, { 0.2f, 1, 0, 0.4f } },
        { TIC_FMT_10_10_10_2, 2, { 0xff, 0x03, 0x00, 0xc0 }, { 1, 0, 0, 1 } },
        { TIC_FMT_16_16, 1, { 0xff, 0x7f, 0x01, 0x80 }, { 1, -1, 0, 0 } },
        { TIC_FMT_16_16_16_16, 7, { 0, 0x3c, 0, 0xc0, 1, 0, 0, 0x7c },
          { 1, -2, 5.9604645e-8f, INFINITY } },
        { TIC_FMT_11_11_10, 7, { 0xc0, 0x03, 0x20, 0x80 },
          { 1, 2, 2, 0 } },
        { TIC_FMT_9_9_9_E5, 7, { 0x00, 0x01, 0x02, 0x80 },
          { 1, 1, 0, 0 } },
        { TIC_FMT_32, 7, { 0, 0, 0x20, 0xc0 }, { -2.5f, 0, 0, 0 } },
        { TIC_FMT_32_32_32, 7, { 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40,
                                 0, 0, 0x40, 0x40 }, { 1, 2, 3, 0 } },
        { TIC_FMT_8_8, 6, { 200, 7 }, { 200, 7, 0, 0 } },
        { TIC_FMT_16, 5, { 0xfe, 0xff }, { -2, 0, 0, 0 } },
        { TIC_FMT_Z24_S8, 2, { 0xff, 0xff, 0xff, 3 },
          { 1, 3 / 255.0f, 0, 0 } },
        { TIC_FMT_S8_Z24, 2, { 3, 0xff, 0xff, 0xff },
          { 3 / 255.0f, 1, 0, 0 } },
        { TIC_FMT_Z16, 2, { 0xff, 0x7f }, { 32767 / 65535.0f, 0, 0, 0 } },
        /* both end points and the two between, texel 0 takes selector 0 */
        { TIC_FMT_DXT1, 2, { 0x00, 0xf8, 0x1f, 0x00, 0xe4 }, { 1, 0, 0, 1 } },
        { TIC_FMT_DXT1, 2, { 0x00, 0xf8, 0x1f, 0x00, 0x02 },
          { 2 / 3.0f, 0, 1 / 3.0f, 1 } },
        { TIC_FMT_DXT1, 2, { 0x1f, 0x00, 0x00, 0xf8, 0x03 }, { 0, 0, 0, 0 } },
        { TIC_FMT_DXT3, 2, { 0x05, 0, 0, 0, 0, 0, 0, 0, 0x00, 0xf8 },
          { 1, 0, 0, 1 / 3.0f } },
        { TIC_FMT_DXT5, 2, { 255, 0, 0x02, 0, 0, 0, 0, 0, 0xe0, 0x07 },
          { 0, 1, 0, 6 / 7.0f } },
        { TIC_FMT_RGTC1, 2, { 0, 255, 0x02 }, { 0.2f, 0, 0, 1 } },
        { TIC_FMT_RGTC2, 1, { 0x81, 127, 0x07, 0, 0, 0, 0, 0, 127, 0x81 },
          { 1, 1, 0, 1 } },
        /* BC7, mode 6: red 127, 1, alpha 0, 0 and the P-bits: 255 and 1 */
        { TIC_FMT_BPTC, 2, { 0xc0, 0xff, 0, 0, 0, 0, 0, 0x80, 0 },
          { 1, 1 / 255.0f, 1 / 255.0f, 1 / 255.0f } },
        { TIC_FMT_BPTC, 2, { 0xc0, 0xff, 0, 0, 0, 0, 0, 0x80, 0 },
          { 1, 0.000303527f, 0.000303527f, 1 / 255.0f }, 0, true },
        /* BC6H, mode 3: red 512 of 10 bits: 32800 * 31 / 64 = 0x3e0f; the
         * same bits with a sign are -512, beyond -511: -0x7bff */
        { TIC_FMT_BPTC_UFLOAT, 7, { 0x03, 0x40 }, { 1.5146484f, 0, 0, 1 } },
        { TIC_FMT_BPTC_FLOAT, 7, { 0x03, 0x40 }, { -65504, 0, 0, 1 } },
    };
    WarpBench *wb = tex_bench();

    for (unsigned n = 0; n < G_N_ELEMENTS(c); n++) {
        uint64_t va = wb->b.va + TEX_AT;
        uint32_t w[8] = {
            tic0(c[n].fmt, c[n].type, c[n].map ? c[n].map : id_map), va,
            (uint32_t)(va >> 32) | TIC_TARGET_2D << 14 |
            (uint32_t)c[n].srgb << 10,
            0, 8, 8 | 1 << 16, 0, 0,
        };
        bool bad = false;

        memset(wb->mem + TEX_AT, 0, 4096);
        memcpy(wb->mem + TEX_AT, c[n].raw, 16);
        tic_write(wb, 0, w);
        wb_bind(wb);
        memset(wb->w->r[R_C], 0, 256);
        run(wb, SOFT_OP_TEXFETCH, tx_fetch(DIM2, 0, false));
        for (unsigned k = 0; k < 4; k++) {
            float got = get_f(wb, R_D + k, 0), want = c[n].want[k];

            bad |= !(got == want || fabsf(got - want) < 1e-5f);
        }
        CU_ASSERT_FALSE(bad);
        if (bad) {
            fprintf(stderr, "format %#x type %u: %g %g %g %g\n", c[n].fmt,
                    c[n].type, get_f(wb, R_D, 0), get_f(wb, R_D + 1, 0),
                    get_f(wb, R_D + 2, 0), get_f(wb, R_D + 3, 0));
        }
    }
    wb_free(wb);
}

/* Whatever TIC, TSC, coordinates and instruction bits: no crash, and each
 * either works or faults. */
static void test_hostile(void)
{
    static const SoftOp ops[6] = { SOFT_OP_TEX, SOFT_OP_TEXFETCH,
                                   SOFT_OP_TEXGATHER, SOFT_OP_TEXLODQ,
                                   SOFT_OP_TEXQUERY, SOFT_OP_TEXGRAD };
    static const uint32_t his[6] = { 8, 9, 10, 11, 12, 14 };
    WarpBench *wb = tex_bench();
    uint32_t rnd = 1234, ok = 0, faults = 0;

    for (unsigned i = 0; i < 32; i++) {
        wb->l.tic[i] = i * 9 + 1;
        wb->l.tsc[i % 16] = i * 5 + 1;
    }
    wb_bind(wb);
    for (unsigned n = 0; n < 6000; n++) {
        SoftExecStatus st;
        uint64_t word;

        if (n % 8 == 0) {
            for (unsigned i = 0x1000; i < 0x8000; i += 4) {
                uint32_t v = wb_rand(&rnd);

                memcpy(wb->mem + i, &v, 4);
            }
            for (unsigned i = 0; i < 512; i++) {
                /* many have an address that is mapped and a known format */
                uint64_t va = wb->b.va + wb_rand(&rnd) % WB_VRAM;
                uint32_t *t = (uint32_t *)(wb->mem + TIC_AT + 32 * i);

                if (i % 4) {
                    t[1] = va;
                    t[2] &= ~0xffu;
                    t[0] = (t[0] & ~0x3fu) |
                           (i % 3 ? TIC_FMT_8_8_8_8 : t[0] & 0x3f);
                    t[4] = i % 5 ? wb_rand(&rnd) % 64 : t[4];
                    t[5] = i % 5 ? t[5] & 0xf000001f : t[5];
                }
            }
        }
        for (unsigned r = 0; r < 63; r++) {
            for (unsigned i = 0; i < 32; i++) {
                wb->w->r[r][i] = wb_rand(&rnd) % 3 ? wb_rand(&rnd) % 64 :
                                 wb_rand(&rnd);
            }
        }
        word = (uint64_t)wb_rand(&rnd) << 32 | wb_rand(&rnd);
        word = (word & ~0xf000000000003c1full) | 0x1c06 |
               (uint64_t)his[n % 6] << 60;
        st = wb_exec(wb, gpuvm_soft_exec_tex, ops[n % 6], word, ~0u);
        ok += st == SOFT_EXEC_OK;
        faults += st == SOFT_EXEC_FAULT && wb->cta->faulted;
        memset(wb->w->r[SOFT_REG_ZERO], 0, sizeof(wb->w->r[0]));
    }
    CU_ASSERT_EQUAL(ok + faults, 6000);
    CU_ASSERT(ok > 600);
    CU_ASSERT(faults > 600);
    wb_free(wb);
}

static CU_TestInfo tests[] = {
    { "texelFetch, all targets and levels", test_fetch },
    { "texelFetch, offsets, pitch, masks", test_fetch_more },
    { "wrap modes", test_wrap },
    { "linear filter", test_linear },
    { "levels", test_levels },
    { "derivatives", test_derivatives },
    { "arrays, cubes, 3D", test_targets },
    { "gather", test_gather },
    { "depth comparison", test_shadow },
    { "buffers and queries", test_buffer_query },
    { "formats", test_formats },
    { "hostile descriptors", test_hostile },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "texture", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
