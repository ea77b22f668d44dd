/*
 * Textures, the rarer parts: multisample textures, seamless cube maps, border
 * colours, derivatives, queries.  Expected values come from the OpenGL
 * specification's formulas, worked out here in double precision.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>

#include "tex_bench.h"

/* Where Mesa's driver constants have the samples of a pixel. */
static const uint8_t sample_x[8] = { 0, 1, 0, 1, 2, 3, 2, 3 };
static const uint8_t sample_y[8] = { 0, 0, 1, 1, 0, 0, 1, 1 };

/* texelFetch of each sample, on the surface that Mesa makes: twice or four
 * times as wide, twice as high; the TIC has the size in pixels. */
static void multisample_case(unsigned mode, unsigned ms_x, unsigned ms_y,
                             unsigned layers)
{
    WarpBench *wb = tex_bench();
    unsigned w = 37, h = 21, samples = 1u << (ms_x + ms_y);
    Tex t = { w << ms_x, h << ms_y, 1, layers, 1 };
    bool array = layers > 1;
    uint32_t rnd = mode, bad = 0;
    uint32_t *tic = (uint32_t *)(wb->mem + TIC_AT + 3 * TIC_BYTES);

    fill_r32f(wb, &t);
    tic_for(wb, 3, &t, R32F, array ? TIC_TARGET_2D_ARRAY : TIC_TARGET_2D,
            true);
    tic[4] = (tic[4] & 1u << 31) | w;
    tic[5] = (tic[5] & 0xffff0000) | h;
    tic[7] |= mode << 12;
    wb_bind(wb);
    for (unsigned n = 0; n < 20; n++) {
        for (unsigned i = 0; i < 32; i++) {
            wb->w->r[R_C][i] = wb_rand(&rnd) % layers;
            wb->w->r[R_C + array][i] = wb_rand(&rnd) % (w + 1);
            wb->w->r[R_C + array + 1][i] = wb_rand(&rnd) % (h + 1);
            wb->w->r[R_E][i] = wb_rand(&rnd) % (samples + 1);
        }
        run(wb, SOFT_OP_TEXFETCH,
            tx_fetch(DIM2, TX_FOUR | 3 | (array ? TX_ARRAY : 0), false));
        for (unsigned i = 0; i < 32; i++) {
            unsigned z = array ? wb->w->r[R_C][i] : 0, s = wb->w->r[R_E][i];
            unsigned x = wb->w->r[R_C + array][i];
            unsigned y = wb->w->r[R_C + array + 1][i];
            bool in = x < w && y < h && s < samples;

            bad += get_f(wb, R_D, i) !=
                   (in ? value(0, (x << ms_x) + sample_x[s & 7],
                               (y << ms_y) + sample_y[s & 7], z) : 0);
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    /* textureSamples, and a size in pixels */
    memset(wb->w->r[R_C], 0, sizeof(wb->w->r[0]));
    run(wb, SOFT_OP_TEXQUERY, wi(0xc0400000u | 0x4 << 14 | 3,
                                 0x86 | R_D << 14 | R_C << 20 | 63u << 26));
    CU_ASSERT_EQUAL(wb->w->r[R_D][0], samples);
    run(wb, SOFT_OP_TEXQUERY, wi(0xc0000000u | 0x7 << 14 | 3,
                                 0x86 | R_D << 14 | R_C << 20 | 63u << 26));
    CU_ASSERT_EQUAL(wb->w->r[R_D][0], w);
    CU_ASSERT_EQUAL(wb->w->r[R_D + 1][0], h);
    CU_ASSERT_EQUAL(wb->w->r[R_D + 2][0], layers);
    wb_free(wb);
}

static void test_multisample(void)
{
    multisample_case(0, 0, 0, 1);
    multisample_case(1, 1, 0, 1);
    multisample_case(2, 1, 1, 1);
    multisample_case(3, 2, 1, 1);
    multisample_case(3, 2, 1, 3);
}

/* ---- cubes ---- */

/* Centre of a texel on the cube with corners at +-1, by GL table 8.19; @x and
 * @y may be beyond the face, on its plane. */
static void texel_at(unsigned face, int x, int y, int size, double p[3])
{
    double s = (2.0 * x + 1) / size - 1, t = (2.0 * y + 1) / size - 1;
    const double all[6][3] = { { 1, -t, -s }, { -1, -t, s }, { s, 1, t },
                               { s, -1, -t }, { s, -t, 1 }, { -s, -t, -1 } };

    memcpy(p, all[face], sizeof(all[0]));
}

static double cube_value(unsigned face, int x, int y)
{
    return value(0, x, y, face);
}

/* Beyond one edge: the texel of another face that is nearest, of all. */
static double beyond_edge(unsigned face, int x, int y, int size)
{
    double p[3], best = 1e9, v = 0;

    texel_at(face, x, y, size, p);
    for (unsigned f = 0; f < 6; f++) {
        for (int n = 0; n < size * size && f != face; n++) {
            double q[3], d = 0;

            texel_at(f, n % size, n / size, size, q);
            for (unsigned k = 0; k < 3; k++) {
                d += (p[k] - q[k]) * (p[k] - q[k]);
            }
            if (d < best) {
                best = d;
                v = cube_value(f, n % size, n / size);
            }
        }
    }
    return v;
}

/* Linear filter: GL 8.13 for the face, 8.14 for the weights. */
static double cube_linear(const float d[3], int size, bool seamless,
                          double gather[4])
{
    double m = MAX(MAX(fabs(d[0]), fabs(d[1])), fabs(d[2]));
    unsigned axis = fabs(d[0]) == m ? 0 : fabs(d[1]) == m ? 1 : 2;
    unsigned face = 2 * axis + (d[axis] < 0), missing = 4;
    const double sc[6] = { -d[2], d[2], d[0], d[0], d[0], -d[0] };
    const double tc[6] = { -d[1], -d[1], d[2], -d[2], -d[1], -d[1] };
    double u = (sc[face] / m + 1) / 2 * size - 0.5;
    double v = (tc[face] / m + 1) / 2 * size - 0.5;
    int i0 = floor(u), j0 = floor(v);
    double a = u - i0, b = v - j0, c[4], sum = 0;

    for (unsigned k = 0; k < 4; k++) {
        int x = i0 + k % 2, y = j0 + k / 2;
        bool out_x = x < 0 || x >= size, out_y = y < 0 || y >= size;

        if (!seamless || (!out_x && !out_y)) {
            c[k] = cube_value(face, CLAMP(x, 0, size - 1),
                              CLAMP(y, 0, size - 1));
        } else if (out_x && out_y) {
            missing = k;
        } else {
            c[k] = beyond_edge(face, x, y, size);
        }
    }
    if (missing < 4) {
        c[missing] = (c[missing ^ 1] + c[missing ^ 2] + c[missing ^ 3]) / 3;
    }
    for (unsigned k = 0; k < 4; k++) {
        sum += (k % 2 ? a : 1 - a) * (k / 2 ? b : 1 - b) * c[k];
    }
    gather[0] = c[2];
    gather[1] = c[3];
    gather[2] = c[1];
    gather[3] = c[0];
    return sum;
}

/* Directions all over, half of them near an edge, a quarter near a corner. */
static void direction(uint32_t *rnd, float d[3])
{
    unsigned how = wb_rand(rnd) % 4, axis = wb_rand(rnd) % 3;

    for (unsigned k = 0; k < 3; k++) {
        double r = wb_rand(rnd) % 4096 / 2048.0 - 1;
        bool edge = k != axis && (how == 3 || (how >= 1 && k ==
                                               (axis + how) % 3));

        d[k] = edge ? copysign(1 - fabs(r) / 8, r) : r;
    }
    d[axis] = wb_rand(rnd) & 1 ? 1 : -1;
}

static void cube_case(int size, bool seamless)
{
    WarpBench *wb = tex_bench();
    Tex t = { size, size, 1, 6, 1 };
    uint32_t rnd = size;
    double worst = 0, worst_gather = 0;

    fill_r32f(wb, &t);
    tic_for(wb, 0, &t, R32F, TIC_TARGET_CUBE, true);
    tsc_write(wb, 1, &bilinear);
    wb->l.seamless = seamless;
    wb_bind(wb);
    for (unsigned n = 0; n < 100; n++) {
        float d[32][3];

        for (unsigned i = 0; i < 32; i++) {
            direction(&rnd, d[i]);
            for (unsigned k = 0; k < 3; k++) {
                set_f(wb, R_C + k, i, d[i][k]);
            }
        }
        run(wb, SOFT_OP_TEX, tx_sample(DIMCUBE, 1 << 8, LOD_ZERO));
        for (unsigned i = 0; i < 32; i++) {
            double g[4], want = cube_linear(d[i], size, seamless, g);

            worst = MAX(worst, fabs(get_f(wb, R_D, i) - want));
        }
        run(wb, SOFT_OP_TEXGATHER, tx(0xa0000000, DIMCUBE, 1 << 8, 0, 0xf));
        for (unsigned i = 0; i < 32; i++) {
            double g[4];

            cube_linear(d[i], size, seamless, g);
            for (unsigned k = 0; k < 4; k++) {
                worst_gather = MAX(worst_gather,
                                   fabs(get_f(wb, R_D + k, i) - g[k]));
            }
        }
    }
    CU_ASSERT(worst < 0.05);
    CU_ASSERT(worst_gather < 0.01);
    if (worst >= 0.05 || worst_gather >= 0.01) {
        fprintf(stderr, "cube of %d, seamless %d: %g %g\n", size, seamless,
                worst, worst_gather);
    }
    wb_free(wb);
}

static void test_cube(void)
{
    static const int sizes[] = { 1, 2, 5, 8, 16 };

    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        cube_case(sizes[i], false);
        cube_case(sizes[i], true);
    }
}

/* The level between the lanes of a quad: on each face a step of 4 texels. */
static void test_cube_level(void)
{
    WarpBench *wb = tex_bench();
    Tex t = { 32, 32, 1, 6, 6 };
    Sampler s = nearest;
    unsigned bad = 0;

    fill_r32f(wb, &t);
    tic_for(wb, 0, &t, R32F, TIC_TARGET_CUBE, true);
    s.mip = TSC_MIP_NEAREST;
    tsc_write(wb, 1, &s);
    wb_bind(wb);
    for (unsigned i = 0; i < 24; i++) {
        unsigned face = i / 4, axis = face / 2;

        for (unsigned k = 0; k < 3; k++) {
            /* lane 1 of the quad goes 4 texels along the next axis */
            float d = k == axis ? (face & 1 ? -1 : 1) :
                      k == (axis + 1) % 3 && i % 4 == 1 ? 8 / 32.0f : 0;

            set_f(wb, R_C + k, i, d);
        }
    }
    run(wb, SOFT_OP_TEX, tx_sample(DIMCUBE, 1 << 8 | TX_QUAD, LOD_AUTO));
    for (unsigned i = 0; i < 24; i++) {
        bad += floor(get_f(wb, R_D, i) / 100000) != 2;
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

/* ---- the rest ---- */

/* Which border colour: floats, the sRGB one, red in all; half of it with
 * GL_CLAMP, and in between with a linear filter. */
static void test_border(void)
{
    WarpBench *wb = tex_bench();
    Tex t = { 4, 4, 1, 1, 1, .bytes = 4 };
    Sampler s = nearest;
    uint32_t *tic, *tsc;

    tex_layout(&t);
    memset(texel(wb, &t, 0, 0, 0, 0), 0, 512);
    tic_for(wb, 0, &t, tic0(TIC_FMT_8_8_8_8, TIC_TYPE_UNORM, id_map),
            TIC_TARGET_2D, true);
    tic = (uint32_t *)(wb->mem + TIC_AT);
    tsc = (uint32_t *)(wb->mem + TSC_AT + TSC_BYTES);
    s.wrap[0] = s.wrap[1] = TSC_WRAP_CLAMP_TO_BORDER;
    s.border[0] = 0.25f;
    s.border[1] = 0.5f;
    s.border[2] = 0.75f;
    s.border[3] = 2;
    tsc_write(wb, 1, &s);
    tsc[2] |= 0xbcu << 24;          /* 188: 0.5 of light */
    tsc[3] |= 0x80 << 12 | 0xffu << 20;
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_f(wb, R_C, i, -0.5f);
        set_f(wb, R_C + 1, i, 0.5f);
    }
    run(wb, SOFT_OP_TEX, tx_sample(DIM2, 1 << 8, LOD_ZERO));
    for (unsigned k = 0; k < 4; k++) {
        CU_ASSERT_EQUAL(get_f(wb, R_D + k, 7), s.border[k]);
    }
    tic[2] |= 1 << 10;
    run(wb, SOFT_OP_TEX, tx_sample(DIM2, 1 << 8, LOD_ZERO));
    CU_ASSERT_DOUBLE_EQUAL(get_f(wb, R_D, 0), 0.502886, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(get_f(wb, R_D + 1, 0), 0.215861, 1e-5);
    CU_ASSERT_EQUAL(get_f(wb, R_D + 2, 0), 1);
    CU_ASSERT_EQUAL(get_f(wb, R_D + 3, 0), 2);
    tic[2] &= ~(1u << 10);
    tic[4] |= 1 << 30;
    run(wb, SOFT_OP_TEX, tx_sample(DIM2, 1 << 8, LOD_ZERO));
    CU_ASSERT_EQUAL(get_f(wb, R_D + 3, 0), 0.25f);
    tic[4] &= ~(1u << 30);
    wb_free(wb);
}

/* The linear filter's two texels and weight in every wrap mode, one axis, by
 * GL table 8.20; -1 is the border. */
static int wrapped(int i, int n, unsigned mode)
{
    switch (mode) {
    case TSC_WRAP_REPEAT:
        return ((i % n) + n) % n;
    case TSC_WRAP_MIRROR_REPEAT:
        i = ((i % (2 * n)) + 2 * n) % (2 * n);
        return i < n ? i : 2 * n - 1 - i;
    case TSC_WRAP_CLAMP_TO_EDGE:
    case TSC_WRAP_MIRROR_CLAMP_TO_EDGE:
        return CLAMP(i, 0, n - 1);
    default:
        return i < 0 || i >= n ? -1 : i;
    }
}

static double wrap_linear(double s, int n, unsigned mode, double border)
{
    double u = s * n, w, sum = 0;
    int i0;

    if (mode >= TSC_WRAP_MIRROR_CLAMP_TO_EDGE) {
        u = fabs(u);
    }
    if (mode == TSC_WRAP_CLAMP || mode == TSC_WRAP_MIRROR_CLAMP) {
        u = CLAMP(u, 0, n);
    }
    i0 = floor(u - 0.5);
    w = u - 0.5 - i0;
    for (int k = 0; k < 2; k++) {
        int i = wrapped(i0 + k, n, mode);

        sum += (k ? w : 1 - w) * (i < 0 ? border : i);
    }
    return sum;
}

static void test_wrap_linear(void)
{
    WarpBench *wb = tex_bench();
    Tex t = { 5, 1, 1, 1, 1 };

    fill_r32f(wb, &t);
    tic_for(wb, 0, &t, R32F, TIC_TARGET_1D, true);
    for (unsigned mode = 0; mode < 8; mode++) {
        Sampler s = bilinear;
        double worst = 0;

        s.wrap[0] = mode;
        s.border[0] = -9;
        tsc_write(wb, 1, &s);
        wb_bind(wb);
        for (unsigned n = 0; n < 8; n++) {
            for (unsigned i = 0; i < 32; i++) {
                set_f(wb, R_C, i, ((int)(n * 32 + i) - 128) / 64.0f);
            }
            run(wb, SOFT_OP_TEX, tx_sample(DIM1, 1 << 8, LOD_ZERO));
            for (unsigned i = 0; i < 32; i++) {
                double want = wrap_linear(((int)(n * 32 + i) - 128) / 64.0, 5,
                                          mode, -9);

                worst = MAX(worst, fabs(get_f(wb, R_D, i) - want));
            }
        }
        CU_ASSERT(worst < 1e-4);
        if (worst >= 1e-4) {
            fprintf(stderr, "wrap mode %u: off by %g\n", mode, worst);
        }
    }
    wb_free(wb);
}

/* textureGrad of 1D, arrays and rectangles, with offsets: where the operands
 * are, and sizes. */
static void test_grad(void)
{
    WarpBench *wb = tex_bench();
    Tex one = { 64, 1, 1, 1, 7 }, arr = { 32, 32, 1, 3, 6 };
    Sampler s = nearest;
    unsigned bad = 0;

    s.mip = TSC_MIP_NEAREST;
    tsc_write(wb, 1, &s);
    fill_r32f(wb, &one);
    tic_for(wb, 0, &one, R32F, TIC_TARGET_1D, true);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_f(wb, R_C, i, 0.5f);
        wb->w->r[R_C + 1][i] = 0xe;             /* x - 2 */
        set_f(wb, R_E, i, ldexpf(1, (int)(i % 8) - 6));
        set_f(wb, R_E + 1, i, i & 8 ? -0.25f : 0);
    }
    run(wb, SOFT_OP_TEXGRAD, tx(0xe0000000, DIM1, 1 << 8 | TX_OFFSET, 0,
                                0xf));
    for (unsigned i = 0; i < 32; i++) {
        unsigned l = MIN(MAX(i % 8, i & 8 ? 4 : 0), 6);
        int x = MAX((64 >> l) / 2 - 2, 0);

        bad += get_f(wb, R_D, i) != value(l, x, 0, 0);
    }
    CU_ASSERT_EQUAL(bad, 0);
    fill_r32f(wb, &arr);
    tic_for(wb, 0, &arr, R32F, TIC_TARGET_2D_ARRAY, true);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_C][i] = i % 3;
        set_f(wb, R_C + 1, i, 0.5f);
        set_f(wb, R_C + 2, i, 0.25f);
        wb->w->r[R_C + 3][i] = 0x21;            /* x + 1, y + 2 */
        set_f(wb, R_E, i, 0);
        set_f(wb, R_E + 1, i, 3 / 32.0f);       /* du/dy, dv/dy: 5 texels */
        set_f(wb, R_E + 2, i, 2 / 32.0f);
        set_f(wb, R_E + 3, i, 4 / 32.0f);
    }
    run(wb, SOFT_OP_TEXGRAD, tx(0xe0000000, DIM2, 1 << 8 | TX_OFFSET |
                                TX_ARRAY, 0, 0xf));
    for (unsigned i = 0; i < 32; i++) {
        bad += get_f(wb, R_D, i) != value(2, 5, 4, i % 3);  /* log2 5: 2.3 */
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

/* textureQueryLod, and gather with a comparison and an offset. */
static void test_lod_shadow_gather(void)
{
    WarpBench *wb = tex_bench();
    Tex t = { 32, 32, 1, 1, 6 }, z = { 8, 8, 1, 1, 1 };
    Sampler s = nearest;
    unsigned bad = 0;

    fill_r32f(wb, &t);
    tic_for(wb, 0, &t, R32F, TIC_TARGET_2D, true);
    s.mip = TSC_MIP_LINEAR;
    s.max_lod = 2.5f;
    tsc_write(wb, 1, &s);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_f(wb, R_C, i, i % 4 == 1 ? (i < 16 ? 8 : 0.5f) / 32.0f : 0);
        set_f(wb, R_C + 1, i, 0);
    }
    run(wb, SOFT_OP_TEXLODQ, tx(0xb0000000, DIM2, 1 << 8 | TX_QUAD, 0, 3));
    /* unclamped first: 3 and -1; what is used: 2.5 and 0 */
    CU_ASSERT_EQUAL((int16_t)wb->w->r[R_D][0], 3 * 256);
    CU_ASSERT_EQUAL(wb->w->r[R_D + 1][0], 640);
    CU_ASSERT_EQUAL((int16_t)wb->w->r[R_D][16], -256);
    CU_ASSERT_EQUAL(wb->w->r[R_D + 1][16], 0);
    fill_r32f(wb, &z);
    tic_for(wb, 0, &z, tic0(TIC_FMT_Z32, TIC_TYPE_FLOAT,
                            2 | 2 << 3 | 2 << 6 | 7 << 9),
            TIC_TARGET_2D, true);
    s = bilinear;
    s.compare = 4;                              /* reference greater */
    tsc_write(wb, 1, &s);
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        set_f(wb, R_C, i, 4 / 8.0f);            /* texels 3 and 4, + 1 */
        set_f(wb, R_C + 1, i, 2 / 8.0f);        /* 1 and 2 */
        wb->w->r[R_E][i] = 0x0001;
        set_f(wb, R_E + 1, i, i < 16 ? 37 + 4.5f : 74 + 4.5f);
    }
    run(wb, SOFT_OP_TEXGATHER, tx(0xa0000000, DIM2, 1 << 8 | TX_OFFSET |
                                  TX_SHADOW, 0, 0xf));
    for (unsigned i = 0; i < 32; i++) {
        /* (4,2) (5,2) (5,1) (4,1): 78 79 42 41 */
        bad += get_f(wb, R_D, i) != (i < 16 ? 0 : 1);
        bad += get_f(wb, R_D + 1, i) != 0;
        bad += get_f(wb, R_D + 2, i) != (i < 16 ? 0 : 1);
        bad += get_f(wb, R_D + 3, i) != 1;
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

static CU_TestInfo tests[] = {
    { "multisample", test_multisample },
    { "cubes, with seams and without", test_cube },
    { "level of a cube", test_cube_level },
    { "border colours", test_border },
    { "wrap modes, linear filter", test_wrap_linear },
    { "textureGrad", test_grad },
    { "level query, gather with comparison", test_lod_shadow_gather },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "texture, more", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
