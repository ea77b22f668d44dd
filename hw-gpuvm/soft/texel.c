/*
 * TIC entries and single texels.
 *
 * A TIC names a format (component sizes), a type per component (unorm, float,
 * ...), a swizzle and a layout.  The layout of a mipmapped block-linear
 * texture follows from level 0: each level's block height and depth shrink
 * while half the block would still hold the whole level, a level starts where
 * the one before ends, and array layers are whole mip chains, padded to level
 * 0's block.  A multisample texture is one of that many times the width and
 * height, its pixel a small rectangle of samples.  A texel's bits are read
 * through the TLB, cut into components from the low bit up, converted by type
 * and swizzled.  Compressed blocks (DXT, RGTC, BPTC) are unpacked on each
 * access.
 *
 * Facts: envytools rnndb/graph/g80_texture.xml, nvc0-compute.md 3.7, Mesa
 * nvc0_miptree_init_layout_tiled().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/texture.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "soft/bptc.h"
#include "soft/format.h"
#include "spec/surface.h"

typedef struct TexFormat {
    uint8_t bytes;          /* of a texel or block, 0 = unknown */
    uint8_t block;          /* side of a block in texels, 0 = 1 */
    uint8_t bits[4];
} TexFormat;

static const TexFormat formats[TIC_FMT__COUNT] = {
    [TIC_FMT_32_32_32_32] = { 16, 1, { 32, 32, 32, 32 } },
    [TIC_FMT_32_32_32]    = { 12, 1, { 32, 32, 32 } },
    [TIC_FMT_16_16_16_16] = {  8, 1, { 16, 16, 16, 16 } },
    [TIC_FMT_32_32]       = {  8, 1, { 32, 32 } },
    [TIC_FMT_32_8_X24]    = {  8, 1, { 32, 8 } },
    [TIC_FMT_8_8_8_8]     = {  4, 1, { 8, 8, 8, 8 } },
    [TIC_FMT_10_10_10_2]  = {  4, 1, { 10, 10, 10, 2 } },
    [TIC_FMT_16_16]       = {  4, 1, { 16, 16 } },
    [TIC_FMT_24_8]        = {  4, 1, { 24, 8 } },
    [TIC_FMT_8_24]        = {  4, 1, { 8, 24 } },
    [TIC_FMT_32]          = {  4, 1, { 32 } },
    [TIC_FMT_4_4_4_4]     = {  2, 1, { 4, 4, 4, 4 } },
    [TIC_FMT_1_5_5_5]     = {  2, 1, { 1, 5, 5, 5 } },
    [TIC_FMT_5_5_5_1]     = {  2, 1, { 5, 5, 5, 1 } },
    [TIC_FMT_5_6_5]       = {  2, 1, { 5, 6, 5 } },
    [TIC_FMT_5_5_6]       = {  2, 1, { 5, 5, 6 } },
    [TIC_FMT_8_8]         = {  2, 1, { 8, 8 } },
    [TIC_FMT_16]          = {  2, 1, { 16 } },
    [TIC_FMT_8]           = {  1, 1, { 8 } },
    [TIC_FMT_4_4]         = {  1, 1, { 4, 4 } },
    [TIC_FMT_9_9_9_E5]    = {  4, 1, { 9, 9, 9, 5 } },
    [TIC_FMT_11_11_10]    = {  4, 1, { 11, 11, 10 } },
    [TIC_FMT_DXT1]        = {  8, 4, { 0 } },
    [TIC_FMT_DXT3]        = { 16, 4, { 0 } },
    [TIC_FMT_DXT5]        = { 16, 4, { 0 } },
    [TIC_FMT_RGTC1]       = {  8, 4, { 0 } },
    [TIC_FMT_RGTC2]       = { 16, 4, { 0 } },
    [TIC_FMT_BPTC_FLOAT]  = { SOFT_BPTC_BYTES, 4, { 0 } },
    [TIC_FMT_BPTC_UFLOAT] = { SOFT_BPTC_BYTES, 4, { 0 } },
    [TIC_FMT_BPTC]        = { SOFT_BPTC_BYTES, 4, { 0 } },
    [TIC_FMT_S8_Z24]      = {  4, 1, { 8, 24 } },
    [TIC_FMT_Z24_X8]      = {  4, 1, { 24, 8 } },
    [TIC_FMT_Z24_S8]      = {  4, 1, { 24, 8 } },
    [TIC_FMT_Z32]         = {  4, 1, { 32 } },
    [TIC_FMT_Z32_S8_X24]  = {  8, 1, { 32, 8 } },
    [TIC_FMT_Z16]         = {  2, 1, { 16 } },
};

static inline uint32_t minify(uint32_t v, unsigned level)
{
    v = level < 32 ? v >> level : 0;
    return v ? v : 1;
}

static inline uint32_t blocks_of(const SoftTic *t, uint32_t texels)
{
    return (uint32_t)(((uint64_t)texels + t->block - 1) / t->block);
}

uint32_t gpuvm_soft_tic_size(const SoftTic *t, unsigned axis, unsigned level)
{
    switch (axis) {
    case 0:
        return minify(t->width, level);
    case 1:
        return minify(t->height, level);
    default:
        return t->target == TIC_TARGET_3D ? minify(t->depth, level) :
                                            t->layers;
    }
}

/* Block height and depth of a level: halved while the level still fits. */
static uint32_t level_mode(const SoftTic *t, uint32_t rows, uint32_t depth)
{
    unsigned bh = t->bh, bd = t->bd;

    while (bh && (1u << (SURF_GOB_HEIGHT_LOG2 + bh - 1)) >= rows) {
        bh--;
    }
    while (bd && (1u << (bd - 1)) >= depth) {
        bd--;
    }
    return TIC_TILE_MODE(bh, bd);
}

static void layout_levels(SoftTic *t, unsigned last_level)
{
    unsigned block = SURF_GOB_WIDTH_LOG2 + SURF_GOB_HEIGHT_LOG2 + t->bh +
                     t->bd;
    uint64_t total = 0;

    for (unsigned l = 0; l <= last_level; l++) {
        uint32_t rows = blocks_of(t, minify(t->height, l) << t->ms_y);
        uint32_t depth = t->target == TIC_TARGET_3D ? minify(t->depth, l) : 1;
        uint32_t width = blocks_of(t, minify(t->width, l) << t->ms_x) *
                         t->bytes;

        t->level_offset[l] = total;
        gpuvm_soft_bl_init(&t->level[l], level_mode(t, rows, depth), width,
                           rows);
        total += gpuvm_soft_bl_size(&t->level[l], depth);
    }
    t->layer_stride = (total + (1ull << block) - 1) >> block << block;
}

static void decode_shape(SoftTic *t, const uint32_t *w)
{
    uint32_t depth = GPUVM_TIC_GET(w, TIC_DEPTH);

    t->width = MAX(GPUVM_TIC_GET(w, TIC_WIDTH), 1);
    t->height = GPUVM_TIC_GET(w, TIC_HEIGHT);
    if (!t->height) {
        t->height = 65536;
    }
    t->depth = 1;
    t->layers = 1;
    switch (t->target) {
    case TIC_TARGET_1D_ARRAY:
        t->height = 1;
        t->layers = MAX(depth, 1);
        break;
    case TIC_TARGET_1D:
    case TIC_TARGET_BUFFER:
        t->height = 1;
        break;
    case TIC_TARGET_3D:
        t->depth = MAX(depth, 1);
        break;
    case TIC_TARGET_CUBE:
        t->layers = 6;
        break;
    case TIC_TARGET_CUBE_ARRAY:
        t->layers = 6 * MAX(depth, 1);
        break;
    case TIC_TARGET_2D_ARRAY:
        t->layers = MAX(depth, 1);
        break;
    default:
        break;
    }
}

void gpuvm_soft_tic_decode(SoftTic *t, const uint32_t w[TIC_WORDS])
{
    static const uint8_t ms_x[] = SURF_MS_X_LOG2, ms_y[] = SURF_MS_Y_LOG2;
    unsigned last = GPUVM_TIC_GET(w, TIC_LAST_LEVEL);
    unsigned ms = GPUVM_TIC_GET(w, TIC_MS_MODE);
    const TexFormat *f;

    memset(t, 0, sizeof(*t));
    t->va = GPUVM_TIC_GET(w, TIC_OFFSET_LOW) |
            (uint64_t)GPUVM_TIC_GET(w, TIC_OFFSET_HIGH) << 32;
    t->format = GPUVM_TIC_GET(w, TIC_FORMAT);
    t->target = GPUVM_TIC_GET(w, TIC_TARGET);
    for (unsigned c = 0; c < 4; c++) {
        t->type[c] = GPUVM_TIC_GET(w, TIC_TYPE(c));
        t->map[c] = GPUVM_TIC_GET(w, TIC_MAP(c));
    }
    f = &formats[t->format];
    t->known = f->bytes != 0;
    t->bytes = t->known ? f->bytes : 4;
    t->block = f->block ? f->block : 1;
    t->srgb = GPUVM_TIC_GET(w, TIC_SRGB);
    t->linear = GPUVM_TIC_GET(w, TIC_LINEAR);
    t->normalized = GPUVM_TIC_GET(w, TIC_NORMALIZED);
    t->pitch = GPUVM_TIC_GET(w, TIC_PITCH);
    t->bh = MIN(GPUVM_TIC_GET(w, TIC_BLOCK_HEIGHT), 5);
    t->bd = MIN(GPUVM_TIC_GET(w, TIC_BLOCK_DEPTH), 5);
    if (ms < SURF_MS_MODES) {
        t->ms_x = ms_x[ms];
        t->ms_y = ms_y[ms];
    }
    t->depth_border = GPUVM_TIC_GET(w, TIC_DEPTH_TEXTURE);
    if (t->target == TIC_TARGET_BUFFER || t->target == TIC_TARGET_RECT) {
        last = 0;
    }
    t->base_level = MIN(GPUVM_TIC_GET(w, TIC_BASE_LEVEL), last);
    t->max_level = MIN(GPUVM_TIC_GET(w, TIC_MAX_LEVEL), last);
    t->max_level = MAX(t->max_level, t->base_level);
    decode_shape(t, w);
    if (!t->linear && t->target != TIC_TARGET_BUFFER) {
        layout_levels(t, last);
    }
}

/* VA of the texel (or compressed block) at block coordinates x, y. */
static uint64_t texel_va(const SoftTic *t, uint32_t x, uint32_t y, uint32_t z,
                         unsigned level)
{
    uint32_t xb = x * t->bytes;

    if (t->target == TIC_TARGET_BUFFER) {
        return t->va + (uint64_t)x * t->bytes;
    }
    if (t->linear) {
        return t->va + (uint64_t)y * t->pitch + xb;
    }
    if (t->target == TIC_TARGET_3D) {
        return t->va + t->level_offset[level] +
               gpuvm_soft_bl_offset(&t->level[level], xb, y, z);
    }
    return t->va + t->level_offset[level] + z * t->layer_stride +
           gpuvm_soft_bl_offset(&t->level[level], xb, y, 0);
}

/* ---- component conversion ---- */


static uint32_t float_bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, 4);
    return u;
}

/* A float without a sign, @m mantissa bits and 5 exponent bits. */
static float small_float(uint32_t v, unsigned m)
{
    uint32_t man = v & ((1u << m) - 1);
    unsigned e = (v >> m) & 31;

    if (e == 31) {
        return man ? NAN : INFINITY;
    }
    return e == 0 ? ldexpf((float)man, -14 - (int)m) :
           ldexpf((float)(man | 1u << m), (int)e - 15 - (int)m);
}

float gpuvm_soft_srgb_to_linear(float v)
{
    return v <= 0.04045f ? v / 12.92f :
           powf((v + 0.055f) / 1.055f, 2.4f);
}

static uint32_t convert(uint32_t v, unsigned bits, unsigned type, bool srgb)
{
    uint32_t max = bits == 32 ? UINT32_MAX : (1u << bits) - 1;
    int32_t s = bits ? (int32_t)(v << (32 - bits)) >> (32 - bits) : 0;
    float r;

    switch (type) {
    case TIC_TYPE_SNORM:
        r = (float)((double)s / (double)(max >> 1));
        return float_bits(bits > 1 ? MAX(r, -1.0f) : 0);
    case TIC_TYPE_SINT:
        return s;
    case TIC_TYPE_UINT:
        return v;
    case TIC_TYPE_SSCALED:
        return float_bits((float)s);
    case TIC_TYPE_USCALED:
        return float_bits((float)v);
    case TIC_TYPE_FLOAT:
        switch (bits) {
        case 16:
            return gpuvm_soft_f16_to_f32(v);
        case 11:
            return float_bits(small_float(v, 6));
        case 10:
            return float_bits(small_float(v, 5));
        default:
            return v;
        }
    default:
        r = (float)((double)v / (double)max);
        return float_bits(srgb ? gpuvm_soft_srgb_to_linear(r) : r);
    }
}

static uint32_t take_bits(const uint8_t *raw, unsigned pos, unsigned bits)
{
    uint64_t v = 0;

    memcpy(&v, raw + pos / 8, MIN(8, 16 - pos / 8));
    v >>= pos % 8;
    return bits == 32 ? (uint32_t)v : (uint32_t)v & ((1u << bits) - 1);
}

static void unpack_plain(const SoftTic *t, const uint8_t *raw, bool srgb,
                         uint32_t c[4])
{
    const TexFormat *f = &formats[t->format];
    unsigned pos = 0;

    if (t->format == TIC_FMT_9_9_9_E5) {
        int e = (int)take_bits(raw, 27, 5) - 15 - 9;

        for (unsigned i = 0; i < 3; i++) {
            c[i] = float_bits(ldexpf((float)take_bits(raw, 9 * i, 9), e));
        }
        return;
    }
    for (unsigned i = 0; i < 4 && f->bits[i]; i++) {
        c[i] = convert(take_bits(raw, pos, f->bits[i]), f->bits[i],
                       t->type[i], srgb && i < 3);
        pos += f->bits[i];
    }
}

/* ---- compressed blocks ---- */

static void dxt_color(const uint8_t *b, unsigned idx, bool dxt1, float c[4])
{
    uint16_t e[2] = { b[0] | b[1] << 8, b[2] | b[3] << 8 };
    unsigned sel = b[4 + idx / 4] >> (2 * (idx % 4)) & 3;
    float p[2][3];

    for (unsigned i = 0; i < 2; i++) {
        p[i][0] = (e[i] >> 11) / 31.0f;
        p[i][1] = (e[i] >> 5 & 63) / 63.0f;
        p[i][2] = (e[i] & 31) / 31.0f;
    }
    c[3] = 1.0f;
    for (unsigned i = 0; i < 3; i++) {
        if (sel < 2) {
            c[i] = p[sel][i];
        } else if (!dxt1 || e[0] > e[1]) {
            c[i] = (p[sel - 2][i] * 2 + p[3 - sel][i]) / 3;
        } else if (sel == 2) {
            c[i] = (p[0][i] + p[1][i]) / 2;
        } else {
            c[i] = 0;
            c[3] = 0;
        }
    }
}

/* An 8-byte block of one interpolated channel (DXT5 alpha, RGTC). */
static float dxt_channel(const uint8_t *b, unsigned idx, bool snorm)
{
    unsigned sel, bit = 16 + 3 * idx;
    float e0 = b[0] / 255.0f, e1 = b[1] / 255.0f;
    bool eight = b[0] > b[1];
    uint64_t v;

    if (snorm) {
        e0 = MAX((int8_t)b[0] / 127.0f, -1.0f);
        e1 = MAX((int8_t)b[1] / 127.0f, -1.0f);
        eight = (int8_t)b[0] > (int8_t)b[1];
    }
    memcpy(&v, b, 8);
    sel = v >> bit & 7;
    if (sel < 2) {
        return sel ? e1 : e0;
    }
    if (eight) {
        return (e0 * (8 - sel) + e1 * (sel - 1)) / 7;
    }
    if (sel >= 6) {
        return sel == 7 ? 1.0f : snorm ? -1.0f : 0.0f;
    }
    return (e0 * (6 - sel) + e1 * (sel - 1)) / 5;
}

static void bptc_texel(unsigned format, const uint8_t *b, unsigned idx,
                       float v[4])
{
    uint8_t rgba[4];
    uint16_t rgb[3];

    if (format == TIC_FMT_BPTC) {
        gpuvm_soft_bc7_texel(b, idx, rgba);
        for (unsigned i = 0; i < 4; i++) {
            v[i] = rgba[i] / 255.0f;
        }
        return;
    }
    gpuvm_soft_bc6h_texel(b, idx, format == TIC_FMT_BPTC_FLOAT, rgb);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t u = gpuvm_soft_f16_to_f32(rgb[i]);

        memcpy(&v[i], &u, 4);
    }
    v[3] = 1;
}

static void unpack_block(const SoftTic *t, const uint8_t *raw, unsigned idx,
                         bool srgb, uint32_t c[4])
{
    bool snorm = t->type[0] == TIC_TYPE_SNORM;
    float v[4] = { 0, 0, 0, 1 };

    switch (t->format) {
    case TIC_FMT_DXT1:
        dxt_color(raw, idx, true, v);
        break;
    case TIC_FMT_DXT3:
        dxt_color(raw + 8, idx, false, v);
        v[3] = (raw[idx / 2] >> (4 * (idx % 2)) & 15) / 15.0f;
        break;
    case TIC_FMT_DXT5:
        dxt_color(raw + 8, idx, false, v);
        v[3] = dxt_channel(raw, idx, false);
        break;
    case TIC_FMT_BPTC:
    case TIC_FMT_BPTC_FLOAT:
    case TIC_FMT_BPTC_UFLOAT:
        bptc_texel(t->format, raw, idx, v);
        break;
    case TIC_FMT_RGTC2:
        v[1] = dxt_channel(raw + 8, idx, snorm);
        /* fall through */
    default:
        v[0] = dxt_channel(raw, idx, snorm);
        break;
    }
    for (unsigned i = 0; i < 4; i++) {
        c[i] = float_bits(srgb && i < 3 ? gpuvm_soft_srgb_to_linear(v[i]) :
                                          v[i]);
    }
}

bool gpuvm_soft_tic_texel(const SoftTic *t, SoftTlb *tlb, bool srgb,
                          uint32_t x, uint32_t y, uint32_t z, unsigned level,
                          unsigned sample, uint32_t out[4], SoftMemFault *f)
{
    uint32_t c[4] = { 0, 0, 0, 0 };
    uint8_t raw[16];
    uint64_t va;

    x = (x << t->ms_x) + SURF_MS_SAMPLE_X(sample);
    y = (y << t->ms_y) + SURF_MS_SAMPLE_Y(sample);
    va = texel_va(t, x / t->block, y / t->block, z, level % SOFT_TEX_LEVELS);
    memset(raw, 0, sizeof(raw));
    if (!gpuvm_soft_mem_read(tlb, va, raw, t->bytes, f)) {
        return false;
    }
    if (!t->known) {
        memset(c, 0, sizeof(c));
    } else if (t->block == 4) {
        unpack_block(t, raw, y % 4 * 4 + x % 4, srgb && t->srgb, c);
    } else {
        unpack_plain(t, raw, srgb && t->srgb, c);
    }
    for (unsigned i = 0; i < 4; i++) {
        switch (t->map[i]) {
        case TIC_MAP_ONE_INT:
            out[i] = 1;
            break;
        case TIC_MAP_ONE_FLOAT:
            out[i] = float_bits(1.0f);
            break;
        case TIC_MAP_C0:
        case TIC_MAP_C1:
        case TIC_MAP_C2:
        case TIC_MAP_C3:
            out[i] = c[t->map[i] - TIC_MAP_C0];
            break;
        default:
            out[i] = 0;
            break;
        }
    }
    return true;
}
