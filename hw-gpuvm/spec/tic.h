/*
 * TIC and TSC: the texture image and texture sampler descriptors of GF100,
 * 32 bytes each, in the tables that TIC_ADDRESS and TSC_ADDRESS name.
 *
 * Source: envytools rnndb/graph/g80_texture.xml (domains TIC and TSC); how
 * nouveau fills them: Mesa gf100_create_texture_view() and
 * nv50_sampler_state_create().  Component sizes are listed from the least
 * significant bit up: C0 is the lowest.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_TIC_H
#define GPUVM_SPEC_TIC_H

#include <stdint.h>

#define TIC_WORDS 8
#define TIC_BYTES 32
#define TSC_WORDS 8
#define TSC_BYTES 32

/* A field: GPUVM_TIC_GET(words, TIC_FIELD) with F = word, high, low. */
#define GPUVM_TIC_GET_(w, n, hi, lo) \
    (((w)[n] >> (lo)) & (uint32_t)((1ull << ((hi) - (lo) + 1)) - 1))
#define GPUVM_TIC_GET(w, f)          GPUVM_TIC_GET_(w, f)

/* X source: TIC word, high bit, low bit */
#define TIC_FORMAT          0, 5, 0
#define TIC_TYPE(c)         0, 8 + 3 * (c), 6 + 3 * (c)
#define TIC_MAP(c)          0, 20 + 3 * (c), 18 + 3 * (c)
#define TIC_OFFSET_LOW      1, 31, 0
#define TIC_OFFSET_HIGH     2, 7, 0
#define TIC_SRGB            2, 10, 10
#define TIC_TARGET          2, 17, 14
#define TIC_LINEAR          2, 18, 18
#define TIC_BLOCK_WIDTH     2, 21, 19
#define TIC_BLOCK_HEIGHT    2, 24, 22
#define TIC_BLOCK_DEPTH     2, 27, 25
#define TIC_NO_BORDER       2, 30, 30
#define TIC_NORMALIZED      2, 31, 31
#define TIC_PITCH           3, 19, 0    /* bytes, pitch layout only */
#define TIC_WIDTH           4, 29, 0    /* pixels, whatever TIC_MS_MODE */
#define TIC_DEPTH_TEXTURE   4, 30, 30   /* border colour: R in all channels */
#define TIC_HEIGHT          5, 15, 0    /* 0: 65536 */
#define TIC_DEPTH           5, 27, 16
#define TIC_LAST_LEVEL      5, 31, 28
#define TIC_BASE_LEVEL      7, 3, 0
#define TIC_MAX_LEVEL       7, 7, 4
#define TIC_MS_MODE         7, 15, 12   /* spec/surface.h */

/* TIC_FORMAT: components from the low bit up */
enum {
    TIC_FMT_32_32_32_32 = 0x01,
    TIC_FMT_32_32_32    = 0x02,
    TIC_FMT_16_16_16_16 = 0x03,
    TIC_FMT_32_32       = 0x04,
    TIC_FMT_32_8_X24    = 0x05,
    TIC_FMT_8_8_8_8     = 0x08,
    TIC_FMT_10_10_10_2  = 0x09,
    TIC_FMT_16_16       = 0x0c,
    TIC_FMT_24_8        = 0x0d,
    TIC_FMT_8_24        = 0x0e,
    TIC_FMT_32          = 0x0f,
    TIC_FMT_BPTC_FLOAT  = 0x10,
    TIC_FMT_BPTC_UFLOAT = 0x11,
    TIC_FMT_4_4_4_4     = 0x12,
    TIC_FMT_1_5_5_5     = 0x13,
    TIC_FMT_5_5_5_1     = 0x14,
    TIC_FMT_5_6_5       = 0x15,
    TIC_FMT_5_5_6       = 0x16,
    TIC_FMT_BPTC        = 0x17,
    TIC_FMT_8_8         = 0x18,
    TIC_FMT_16          = 0x1b,
    TIC_FMT_8           = 0x1d,
    TIC_FMT_4_4         = 0x1e,
    TIC_FMT_9_9_9_E5    = 0x20,
    TIC_FMT_11_11_10    = 0x21,
    TIC_FMT_DXT1        = 0x24,
    TIC_FMT_DXT3        = 0x25,
    TIC_FMT_DXT5        = 0x26,
    TIC_FMT_RGTC1       = 0x27,
    TIC_FMT_RGTC2       = 0x28,
    TIC_FMT_S8_Z24      = 0x29,
    TIC_FMT_Z24_X8      = 0x2a,
    TIC_FMT_Z24_S8      = 0x2b,
    TIC_FMT_Z32         = 0x2f,
    TIC_FMT_Z32_S8_X24  = 0x30,
    TIC_FMT_Z16         = 0x3a,
    TIC_FMT__COUNT      = 0x40,
};

/* TIC_TYPE */
enum {
    TIC_TYPE_SNORM = 1,
    TIC_TYPE_UNORM,
    TIC_TYPE_SINT,
    TIC_TYPE_UINT,
    TIC_TYPE_SSCALED,
    TIC_TYPE_USCALED,
    TIC_TYPE_FLOAT,
};

/* TIC_MAP: what a result component shows */
enum {
    TIC_MAP_ZERO = 0,
    TIC_MAP_C0 = 2,
    TIC_MAP_C1,
    TIC_MAP_C2,
    TIC_MAP_C3,
    TIC_MAP_ONE_INT,
    TIC_MAP_ONE_FLOAT,
};

/* TIC_TARGET */
enum {
    TIC_TARGET_1D = 0,
    TIC_TARGET_2D,
    TIC_TARGET_3D,
    TIC_TARGET_CUBE,
    TIC_TARGET_1D_ARRAY,
    TIC_TARGET_2D_ARRAY,
    TIC_TARGET_BUFFER,
    TIC_TARGET_RECT,
    TIC_TARGET_CUBE_ARRAY,
};

/* TSC fields */
#define TSC_WRAP(axis)      0, 2 + 3 * (axis), 3 * (axis)
#define TSC_COMPARE         0, 9, 9
#define TSC_COMPARE_FUNC    0, 12, 10   /* GL's function number & 7 */
#define TSC_SRGB            0, 13, 13
#define TSC_MAG_FILTER      1, 1, 0
#define TSC_MIN_FILTER      1, 5, 4
#define TSC_MIP_FILTER      1, 7, 6
#define TSC_LOD_BIAS        1, 24, 12   /* signed 5.8 */
#define TSC_MIN_LOD         2, 11, 0    /* unsigned 4.8 */
#define TSC_MAX_LOD         2, 23, 12
#define TSC_SRGB_BORDER_R   2, 31, 24   /* R, G, B for sRGB textures: sRGB */
#define TSC_SRGB_BORDER_G   3, 19, 12
#define TSC_SRGB_BORDER_B   3, 27, 20
#define TSC_BORDER_WORD     4           /* four words: R, G, B, A */

enum {
    TSC_WRAP_REPEAT = 0,
    TSC_WRAP_MIRROR_REPEAT,
    TSC_WRAP_CLAMP_TO_EDGE,
    TSC_WRAP_CLAMP_TO_BORDER,
    TSC_WRAP_CLAMP,
    TSC_WRAP_MIRROR_CLAMP_TO_EDGE,
    TSC_WRAP_MIRROR_CLAMP_TO_BORDER,
    TSC_WRAP_MIRROR_CLAMP,
};

#define TSC_FILTER_NEAREST  1
#define TSC_FILTER_LINEAR   2
#define TSC_MIP_NONE        1
#define TSC_MIP_NEAREST     2
#define TSC_MIP_LINEAR      3

/* Block height and depth of a TIC as a TILE_MODE word (spec/surface.h). */
#define TIC_TILE_MODE(h, d) ((h) << 4 | (d) << 8)

/* How an instruction names texture, sampler and layer in one register
 * (nvc0-compute.md 4.6): 31:23 texture slot, 22:16 sampler slot, 15:0 layer. */
#define TEX_HANDLE_TIC(h)   ((h) >> 23)
#define TEX_HANDLE_TSC(h)   (((h) >> 16) & 0x7f)
#define TEX_HANDLE_LAYER(h) ((h) & 0xffff)

/* GPUVM_TIC_GET's lod bias and texel offsets are two's complement. */
static inline int32_t gpuvm_tic_sext(uint32_t v, unsigned bits)
{
    return (int32_t)(v << (32 - bits)) >> (32 - bits);
}

_Static_assert(TIC_WORDS * 4 == TIC_BYTES, "a TIC entry is 32 bytes");
_Static_assert(TSC_WORDS * 4 == TSC_BYTES, "a TSC entry is 32 bytes");

#endif
