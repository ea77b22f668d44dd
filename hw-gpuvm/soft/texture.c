/*
 * Texture sampling, one lane at a time.
 *
 * A sample goes: cube direction to face; level of detail to one or two mip
 * levels and a filter (minification or magnification); each coordinate to
 * texel indices by its wrap mode; the texels' weighted sum.  An index that a
 * wrap mode maps outside is -1 and reads the border colour (which the
 * hardware does not swizzle; for sRGB textures it has a second, sRGB one).
 * Integer formats are never averaged.  Depth comparison happens per texel,
 * before the sum.
 *
 * Cubes: each face by itself, its edges clamped; or seamless, where a linear
 * filter takes what lies beyond an edge from the neighbouring face (cube.c).
 * GF100 has one switch for it (TEX_MISC), not one a sampler.
 *
 * Anisotropic samplers are filtered as isotropic ones.
 *
 * All coordinates are hostile: conversions to integers saturate.
 *
 * Facts: the OpenGL 4.3 specification, 8.14 and 8.19 to 8.23 (minification,
 * wrap modes, comparison); field layouts in spec/tic.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/texture.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "soft/cube.h"

#define ONE_F 0x3f800000u

/* Texel indices of one axis: up to two, and the weight of the second. */
typedef struct Axis {
    int64_t i[2];           /* -1: border */
    float w;
} Axis;

static float bits_float(uint32_t u)
{
    float f;

    memcpy(&f, &u, 4);
    return f;
}

static uint32_t float_bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, 4);
    return u;
}

/* floor() to an integer that leaves room for offsets; NaN gives 0. */
static int64_t floor_sat(float v)
{
    if (!(v > -1073741824.0f)) {
        return v != v ? 0 : -1073741824;
    }
    return v < 1073741824.0f ? (int64_t)floorf(v) : 1073741824;
}

void gpuvm_soft_tsc_decode(SoftTsc *s, const uint32_t w[TSC_WORDS])
{
    for (unsigned i = 0; i < 3; i++) {
        s->wrap[i] = GPUVM_TIC_GET(w, TSC_WRAP(i));
    }
    s->compare = GPUVM_TIC_GET(w, TSC_COMPARE);
    s->compare_func = GPUVM_TIC_GET(w, TSC_COMPARE_FUNC);
    s->srgb = GPUVM_TIC_GET(w, TSC_SRGB);
    s->mag = GPUVM_TIC_GET(w, TSC_MAG_FILTER);
    s->min = GPUVM_TIC_GET(w, TSC_MIN_FILTER);
    s->mip = GPUVM_TIC_GET(w, TSC_MIP_FILTER);
    s->bias = gpuvm_tic_sext(GPUVM_TIC_GET(w, TSC_LOD_BIAS), 13) / 256.0f;
    s->min_lod = GPUVM_TIC_GET(w, TSC_MIN_LOD) / 256.0f;
    s->max_lod = GPUVM_TIC_GET(w, TSC_MAX_LOD) / 256.0f;
    memcpy(s->border, w + TSC_BORDER_WORD, sizeof(s->border));
    s->srgb_border[0] = GPUVM_TIC_GET(w, TSC_SRGB_BORDER_R);
    s->srgb_border[1] = GPUVM_TIC_GET(w, TSC_SRGB_BORDER_G);
    s->srgb_border[2] = GPUVM_TIC_GET(w, TSC_SRGB_BORDER_B);
}

/* ---- coordinates ---- */

static int64_t wrap_index(int64_t i, int64_t size, unsigned mode)
{
    switch (mode) {
    case TSC_WRAP_REPEAT:
        i %= size;
        return i < 0 ? i + size : i;
    case TSC_WRAP_MIRROR_REPEAT:
        i %= 2 * size;
        if (i < 0) {
            i += 2 * size;
        }
        return i < size ? i : 2 * size - 1 - i;
    case TSC_WRAP_CLAMP_TO_BORDER:
    case TSC_WRAP_MIRROR_CLAMP_TO_BORDER:
    case TSC_WRAP_CLAMP:
    case TSC_WRAP_MIRROR_CLAMP:
        return i < 0 || i >= size ? -1 : i;
    default:
        return MIN(MAX(i, 0), size - 1);
    }
}

/* One coordinate to the texels it touches on a level of @size texels. */
static void axis_setup(Axis *a, float s, bool normalized, int32_t offset,
                       uint32_t size, unsigned mode, bool linear)
{
    float u = normalized ? s * (float)size : s;
    int64_t i;

    u += (float)offset;
    if (mode >= TSC_WRAP_MIRROR_CLAMP_TO_EDGE) {
        u = fabsf(u);
    }
    if (mode == TSC_WRAP_CLAMP || mode == TSC_WRAP_MIRROR_CLAMP) {
        /* GL_CLAMP: half of the border shows with a linear filter only */
        if (!linear) {
            mode = TSC_WRAP_CLAMP_TO_EDGE;
        } else {
            u = fminf(fmaxf(u, 0.0f), (float)size);
        }
    }
    if (!linear) {
        a->i[0] = wrap_index(floor_sat(u), size, mode);
        a->w = 0;
        return;
    }
    u -= 0.5f;
    i = floor_sat(u);
    a->w = u - floorf(u);
    if (!(a->w >= 0 && a->w < 1)) {
        a->w = 0;
    }
    a->i[0] = wrap_index(i, size, mode);
    a->i[1] = wrap_index(i + 1, size, mode);
}

static bool is_cube(const SoftTic *t)
{
    return t->target == TIC_TARGET_CUBE || t->target == TIC_TARGET_CUBE_ARRAY;
}

static bool is_integer(const SoftTic *t)
{
    return t->type[0] == TIC_TYPE_SINT || t->type[0] == TIC_TYPE_UINT;
}

static unsigned axes_of(const SoftTic *t)
{
    switch (t->target) {
    case TIC_TARGET_1D:
    case TIC_TARGET_1D_ARRAY:
    case TIC_TARGET_BUFFER:
        return 1;
    case TIC_TARGET_3D:
        return 3;
    default:
        return 2;
    }
}

/* ---- texels ---- */

static bool compare(unsigned func, float ref, float d)
{
    switch (func) {
    case 0:
        return false;
    case 1:
        return ref < d;
    case 2:
        return ref == d;
    case 3:
        return ref <= d;
    case 4:
        return ref > d;
    case 5:
        return ref != d;
    case 6:
        return ref >= d;
    default:
        return true;
    }
}

static void border_color(const SoftTic *t, const SoftTsc *s, uint32_t c[4])
{
    memcpy(c, s->border, sizeof(s->border));
    for (unsigned i = 0; i < 3 && t->srgb && s->srgb; i++) {
        c[i] = float_bits(
            gpuvm_soft_srgb_to_linear(s->srgb_border[i] / 255.0f));
    }
    if (t->depth_border) {
        c[1] = c[2] = c[3] = c[0];
    }
}

static bool texel_or_border(const SoftTic *t, const SoftTsc *s, SoftTlb *tlb,
                            const SoftTexReq *q, int64_t x, int64_t y,
                            int64_t z, unsigned level, uint32_t c[4],
                            SoftMemFault *f)
{
    if (x < 0 || y < 0 || z < 0) {
        border_color(t, s, c);
    } else if (!gpuvm_soft_tic_texel(t, tlb, s->srgb, x, y, z, level, 0, c,
                                     f)) {
        return false;
    }
    if (q->shadow) {
        float ref = fminf(fmaxf(q->ref, 0.0f), 1.0f);

        if (t->type[0] == TIC_TYPE_FLOAT) {
            ref = q->ref;
        }
        c[0] = compare(s->compare_func, ref, bits_float(c[0])) ? ONE_F : 0;
        c[1] = c[2] = c[0];
        c[3] = ONE_F;
    }
    return true;
}

typedef struct Footprint {
    Axis a[3];
    unsigned axes;
    int64_t layer;          /* z of everything but 3D textures */
    /* Seamless cubes: indices may be one beyond the face */
    bool seamless;
    unsigned face;
    int64_t size;
} Footprint;

/* One axis of a seamless cube's face: a linear filter's texels without
 * wrapping.  @s is 0..1, so they are -1 to @size. */
static void axis_seamless(Axis *a, float s, uint32_t size)
{
    float u = fminf(fmaxf(s, 0.0f), 1.0f) * (float)size - 0.5f;

    a->i[0] = floor_sat(u);
    a->i[1] = a->i[0] + 1;
    a->w = u - floorf(u);
}

static void footprint(Footprint *fp, const SoftTic *t, const SoftTsc *s,
                      const SoftTexReq *q, unsigned level, bool linear)
{
    float st[3] = { q->s[0], q->s[1], q->s[2] };
    bool norm = t->normalized || is_cube(t);
    uint32_t layer = q->layer;

    memset(fp, 0, sizeof(*fp));
    fp->axes = axes_of(t);
    if (is_cube(t)) {
        fp->face = gpuvm_soft_cube_face(q->s);
        fp->size = gpuvm_soft_tic_size(t, 0, level);
        fp->seamless = s->seamless && linear && t->width == t->height &&
                       !q->offset[0] && !q->offset[1];
        gpuvm_soft_cube_project(fp->face, q->s, st);
        layer = MIN(layer, t->layers / SOFT_CUBE_FACES - 1) *
                SOFT_CUBE_FACES + fp->face;
    }
    fp->layer = MIN(layer, t->layers - 1);
    for (unsigned i = 0; i < fp->axes; i++) {
        unsigned mode = is_cube(t) ? TSC_WRAP_CLAMP_TO_EDGE : s->wrap[i];

        if (fp->seamless) {
            axis_seamless(&fp->a[i], st[i], fp->size);
            continue;
        }
        axis_setup(&fp->a[i], st[i], norm, q->offset[i],
                   gpuvm_soft_tic_size(t, i, level), mode, linear);
    }
}

/* Texel @n of a footprint: bits 0 to 2 choose the index of each axis. */
static bool footprint_texel(const Footprint *fp, const SoftTic *t,
                            const SoftTsc *s, SoftTlb *tlb,
                            const SoftTexReq *q, unsigned n, unsigned level,
                            uint32_t c[4], SoftMemFault *f)
{
    int64_t x = fp->a[0].i[n & 1];
    int64_t y = fp->a[1].i[fp->axes > 1 ? n >> 1 & 1 : 0];
    int64_t z = fp->axes == 3 ? fp->a[2].i[n >> 2 & 1] : fp->layer;

    if (fp->seamless) {
        z += (int64_t)gpuvm_soft_cube_fold(fp->face, &x, &y, fp->size) -
             fp->face;
    }
    return texel_or_border(t, s, tlb, q, x, y, z, level, c, f);
}

static bool at_corner(const Footprint *fp, unsigned n)
{
    int64_t x = fp->a[0].i[n & 1], y = fp->a[1].i[n >> 1 & 1];

    return fp->seamless && (x < 0 || x >= fp->size) &&
           (y < 0 || y >= fp->size);
}

/*
 * All texels of a linear footprint.  At a cube's corner three faces meet and
 * the fourth texel does not exist: it is the mean of the others, as GL
 * recommends (of integers, which can only be gathered, one of them).
 */
static bool footprint_texels(const Footprint *fp, const SoftTic *t,
                             const SoftTsc *s, SoftTlb *tlb,
                             const SoftTexReq *q, unsigned level,
                             uint32_t c[8][4], SoftMemFault *f)
{
    unsigned missing = 8;

    for (unsigned n = 0; n < 1u << fp->axes; n++) {
        if (at_corner(fp, n)) {
            missing = n;
        } else if (!footprint_texel(fp, t, s, tlb, q, n, level, c[n], f)) {
            return false;
        }
    }
    for (unsigned i = 0; i < 4 && missing < 4; i++) {
        float sum = bits_float(c[missing ^ 1][i]) +
                    bits_float(c[missing ^ 2][i]) +
                    bits_float(c[missing ^ 3][i]);

        c[missing][i] = is_integer(t) ? c[missing ^ 1][i] :
                                        float_bits(sum / 3);
    }
    return true;
}

/* The filtered value of one level. */
static bool sample_level(const SoftTic *t, const SoftTsc *s, SoftTlb *tlb,
                         const SoftTexReq *q, unsigned level, bool linear,
                         uint32_t out[4], SoftMemFault *f)
{
    float sum[4] = { 0, 0, 0, 0 };
    Footprint fp;
    uint32_t c[8][4];

    linear = linear && !is_integer(t);
    footprint(&fp, t, s, q, level, linear);
    if (!linear) {
        return footprint_texel(&fp, t, s, tlb, q, 0, level, out, f);
    }
    if (!footprint_texels(&fp, t, s, tlb, q, level, c, f)) {
        return false;
    }
    for (unsigned n = 0; n < 1u << fp.axes; n++) {
        float w = 1;

        for (unsigned i = 0; i < fp.axes; i++) {
            w *= n >> i & 1 ? fp.a[i].w : 1 - fp.a[i].w;
        }
        /* not 0 times infinity */
        for (unsigned i = 0; i < 4 && w != 0; i++) {
            sum[i] += w * bits_float(c[n][i]);
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        out[i] = float_bits(sum[i]);
    }
    return true;
}

/* ---- entries ---- */

static float clamp_lod(const SoftTsc *s, float lod)
{
    if (lod != lod) {
        lod = 0;
    }
    return fmaxf(fminf(lod, s->max_lod), s->min_lod);
}

void gpuvm_soft_tex_lod(const SoftTic *t, const SoftTsc *s, float lod,
                        float *level, float *lambda)
{
    float top = t->max_level - t->base_level, l;

    *lambda = lod == lod ? lod + s->bias : 0;
    l = clamp_lod(s, *lambda);
    if (s->mip == TSC_MIP_LINEAR) {
        *level = fminf(fmaxf(l, 0), top);
    } else if (s->mip == TSC_MIP_NEAREST) {
        *level = fminf(fmaxf(ceilf(l + 0.5f) - 1, 0), top);
    } else {
        *level = 0;
    }
}

bool gpuvm_soft_tex_sample(const SoftTic *t, const SoftTsc *s, SoftTlb *tlb,
                           const SoftTexReq *q, uint32_t out[4],
                           SoftMemFault *f)
{
    float level, lambda, frac;
    unsigned l0, l1;
    uint32_t b[4];
    bool linear;

    gpuvm_soft_tex_lod(t, s, q->lod, &level, &lambda);
    linear = (clamp_lod(s, lambda) <= 0 ? s->mag : s->min) ==
             TSC_FILTER_LINEAR;
    l0 = t->base_level + (unsigned)level;
    l1 = MIN(l0 + 1, t->max_level);
    frac = level - floorf(level);
    if (!sample_level(t, s, tlb, q, l0, linear, out, f)) {
        return false;
    }
    if (frac == 0 || l1 == l0 || is_integer(t)) {
        return true;
    }
    if (!sample_level(t, s, tlb, q, l1, linear, b, f)) {
        return false;
    }
    for (unsigned i = 0; i < 4; i++) {
        out[i] = float_bits(bits_float(out[i]) * (1 - frac) +
                            bits_float(b[i]) * frac);
    }
    return true;
}

bool gpuvm_soft_tex_gather(const SoftTic *t, const SoftTsc *s, SoftTlb *tlb,
                           const SoftTexReq *q, unsigned comp,
                           const int8_t (*off4)[2], uint32_t out[4],
                           SoftMemFault *f)
{
    /* GL 8.23.1: texels (i0,j1), (i1,j1), (i1,j0), (i0,j0) */
    static const uint8_t order[4] = { 2, 3, 1, 0 };
    unsigned channel = q->shadow ? 0 : comp & 3;
    SoftTexReq r = *q;
    Footprint fp;
    uint32_t c[8][4];

    if (!off4) {
        footprint(&fp, t, s, q, t->base_level, true);
        if (!footprint_texels(&fp, t, s, tlb, q, t->base_level, c, f)) {
            return false;
        }
        for (unsigned i = 0; i < 4; i++) {
            out[i] = c[order[i] & ((1u << fp.axes) - 1)][channel];
        }
        return true;
    }
    /* each offset moves texel (i0,j0) */
    for (unsigned i = 0; i < 4; i++) {
        r.offset[0] = off4[i][0];
        r.offset[1] = off4[i][1];
        footprint(&fp, t, s, &r, t->base_level, true);
        if (!footprint_texel(&fp, t, s, tlb, &r, 0, t->base_level, c[0], f)) {
            return false;
        }
        out[i] = c[0][channel];
    }
    return true;
}

bool gpuvm_soft_tex_fetch(const SoftTic *t, SoftTlb *tlb, bool srgb,
                          const int32_t xyz[3], uint32_t layer, int32_t lod,
                          uint32_t sample, uint32_t out[4], SoftMemFault *f)
{
    unsigned axes = axes_of(t), level;
    uint32_t c[3] = { 0, 0, layer };

    memset(out, 0, 4 * sizeof(out[0]));
    if (lod < 0 || lod > t->max_level - t->base_level ||
        sample >= 1u << (t->ms_x + t->ms_y)) {
        return true;
    }
    level = t->base_level + lod;
    for (unsigned i = 0; i < axes; i++) {
        c[i] = xyz[i];
        if (c[i] >= gpuvm_soft_tic_size(t, i, level)) {
            return true;
        }
    }
    if (axes < 3 && layer >= t->layers) {
        return true;
    }
    return gpuvm_soft_tic_texel(t, tlb, srgb, c[0], c[1], c[2], level, sample,
                                out, f);
}
