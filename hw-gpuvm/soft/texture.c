/*
 * Texture sampling, one lane at a time.
 *
 * A sample goes: cube direction to face; level of detail to one or two mip
 * levels and a filter (minification or magnification); each coordinate to
 * texel indices by its wrap mode; the texels' weighted sum.  An index that a
 * wrap mode maps outside is -1 and reads the border colour (which the
 * hardware does not swizzle).  Integer formats are never averaged.  Depth
 * comparison happens per texel, before the sum.
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

/* Direction to face (layer) and two coordinates in 0..1, GL table 8.19. */
static unsigned cube_face(const float d[3], float st[2])
{
    float ax = fabsf(d[0]), ay = fabsf(d[1]), az = fabsf(d[2]);
    float ma, sc, tc;
    unsigned face;

    if (ax >= ay && ax >= az) {
        face = d[0] < 0 ? 1 : 0;
        ma = ax;
        sc = d[0] < 0 ? d[2] : -d[2];
        tc = -d[1];
    } else if (ay >= az) {
        face = d[1] < 0 ? 3 : 2;
        ma = ay;
        sc = d[0];
        tc = d[1] < 0 ? -d[2] : d[2];
    } else {
        face = d[2] < 0 ? 5 : 4;
        ma = az;
        sc = d[2] < 0 ? -d[0] : d[0];
        tc = -d[1];
    }
    ma = ma > 0 ? ma : 1.0f;
    st[0] = (sc / ma + 1) * 0.5f;
    st[1] = (tc / ma + 1) * 0.5f;
    return face;
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

static bool texel_or_border(const SoftTic *t, const SoftTsc *s, SoftTlb *tlb,
                            const SoftTexReq *q, int64_t x, int64_t y,
                            int64_t z, unsigned level, uint32_t c[4],
                            SoftMemFault *f)
{
    if (x < 0 || y < 0 || z < 0) {
        memcpy(c, s->border, sizeof(s->border));
    } else if (!gpuvm_soft_tic_texel(t, tlb, s->srgb, x, y, z, level, c, f)) {
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
} Footprint;

static void footprint(Footprint *fp, const SoftTic *t, const SoftTsc *s,
                      const SoftTexReq *q, unsigned level, bool linear)
{
    float st[3] = { q->s[0], q->s[1], q->s[2] };
    bool norm = t->normalized || is_cube(t);
    uint32_t layer = q->layer;

    memset(fp, 0, sizeof(*fp));
    fp->axes = axes_of(t);
    if (is_cube(t)) {
        unsigned face = cube_face(q->s, st);

        layer = MIN(layer, t->layers / 6 - 1) * 6 + face;
    }
    fp->layer = MIN(layer, t->layers - 1);
    for (unsigned i = 0; i < fp->axes; i++) {
        unsigned mode = is_cube(t) ? TSC_WRAP_CLAMP_TO_EDGE : s->wrap[i];

        axis_setup(&fp->a[i], st[i], norm, q->offset[i],
                   gpuvm_soft_tic_size(t, i, level), mode, linear);
    }
}

/* The filtered value of one level. */
static bool sample_level(const SoftTic *t, const SoftTsc *s, SoftTlb *tlb,
                         const SoftTexReq *q, unsigned level, bool linear,
                         uint32_t out[4], SoftMemFault *f)
{
    Footprint fp;
    float sum[4] = { 0, 0, 0, 0 };
    uint32_t c[4];

    linear = linear && !is_integer(t);
    footprint(&fp, t, s, q, level, linear);
    if (!linear) {
        return texel_or_border(t, s, tlb, q, fp.a[0].i[0], fp.a[1].i[0],
                               fp.axes == 3 ? fp.a[2].i[0] : fp.layer,
                               level, out, f);
    }
    for (unsigned n = 0; n < 1u << fp.axes; n++) {
        float w = 1;

        for (unsigned i = 0; i < fp.axes; i++) {
            w *= n >> i & 1 ? fp.a[i].w : 1 - fp.a[i].w;
        }
        if (w == 0) {
            continue;
        }
        if (!texel_or_border(t, s, tlb, q, fp.a[0].i[n & 1],
                             fp.a[1].i[fp.axes > 1 ? n >> 1 & 1 : 0],
                             fp.axes == 3 ? fp.a[2].i[n >> 2] : fp.layer,
                             level, c, f)) {
            return false;
        }
        for (unsigned i = 0; i < 4; i++) {
            sum[i] += w * bits_float(c[i]);
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
    static const uint8_t px[4] = { 0, 1, 1, 0 }, py[4] = { 1, 1, 0, 0 };
    SoftTexReq r = *q;
    Footprint fp;
    uint32_t c[4];

    for (unsigned i = 0; i < 4; i++) {
        unsigned x = px[i], y = py[i];

        if (off4) {
            r.offset[0] = off4[i][0];
            r.offset[1] = off4[i][1];
            x = y = 0;
        }
        footprint(&fp, t, s, &r, t->base_level, true);
        if (fp.axes == 1) {
            y = 0;
        }
        if (!texel_or_border(t, s, tlb, &r, fp.a[0].i[x], fp.a[1].i[y],
                             fp.axes == 3 ? fp.a[2].i[0] : fp.layer,
                             t->base_level, c, f)) {
            return false;
        }
        out[i] = c[q->shadow ? 0 : comp & 3];
    }
    return true;
}

bool gpuvm_soft_tex_fetch(const SoftTic *t, SoftTlb *tlb, bool srgb,
                          const int32_t xyz[3], uint32_t layer, int32_t lod,
                          uint32_t out[4], SoftMemFault *f)
{
    unsigned axes = axes_of(t), level;
    uint32_t c[3] = { 0, 0, layer };

    memset(out, 0, 4 * sizeof(out[0]));
    if (lod < 0 || lod > t->max_level - t->base_level) {
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
    return gpuvm_soft_tic_texel(t, tlb, srgb, c[0], c[1], c[2], level, out, f);
}
