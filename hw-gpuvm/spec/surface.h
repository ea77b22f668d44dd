/*
 * Surfaces in memory: the block-linear layout of GF100 and the numbers of the
 * colour and depth formats.
 *
 * A *GOB* is 64 bytes by 8 rows, 512 bytes, row after row.  A *block* is one
 * GOB wide, 2^h GOBs high and 2^d slices deep; a block's slices follow each
 * other, and blocks are laid out x first, then y, then z.  This is what the
 * GPU's virtual address space shows; the swizzle below it, which a PTE's
 * storage kind selects, is invisible there.
 *
 * Sources: envytools rnndb/g80_defs.xml (G80_SURFACE_FORMAT, G80_ZETA_FORMAT,
 * g80_msaa_mode) and nv_defs.xml (block_dimensions); reference
 * nvc0-compute.md 3.7; nouveau ce/fuc/com.fuc for TILE_W_16.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_SURFACE_H
#define GPUVM_SPEC_SURFACE_H

#define SURF_GOB_WIDTH_LOG2     6       /* bytes */
#define SURF_GOB_HEIGHT_LOG2    3       /* rows */
#define SURF_GOB_SIZE_LOG2      9       /* bytes */

/* TILING_MODE, BLOCK_DIMENSIONS: log2 of GOBs, per axis */
#define SURF_TILE_W(m)          ((m) & 0xf)
#define SURF_TILE_H(m)          (((m) >> 4) & 0xf)
#define SURF_TILE_D(m)          (((m) >> 8) & 0xf)
#define SURF_TILE_W_16          0xe     /* copy engine: columns of 16 bytes */
#define SURF_TILE_W_16_LOG2     4
#define SURF_TILE_LINEAR        (1u << 12)  /* RT(i) BLOCK_DIMENSIONS */
#define SURF_TILE_VOLUME        (1u << 16)  /* RT(i): layers are z slices */

/*
 * X(number, name, bytes of a pixel, encoding, bits of the components from the
 *   low end, order of the components in memory)
 */
#define SURF_FORMATS(X)                                                       \
    X(0xc0, RGBA32_FLOAT,    16, FLOAT, 32, 32, 32, 32, RGBA)                 \
    X(0xc1, RGBA32_SINT,     16, SINT,  32, 32, 32, 32, RGBA)                 \
    X(0xc2, RGBA32_UINT,     16, UINT,  32, 32, 32, 32, RGBA)                 \
    X(0xc3, RGBX32_FLOAT,    16, FLOAT, 32, 32, 32, 32, RGBX)                 \
    X(0xc4, RGBX32_SINT,     16, SINT,  32, 32, 32, 32, RGBX)                 \
    X(0xc5, RGBX32_UINT,     16, UINT,  32, 32, 32, 32, RGBX)                 \
    X(0xc6, RGBA16_UNORM,     8, UNORM, 16, 16, 16, 16, RGBA)                 \
    X(0xc7, RGBA16_SNORM,     8, SNORM, 16, 16, 16, 16, RGBA)                 \
    X(0xc8, RGBA16_SINT,      8, SINT,  16, 16, 16, 16, RGBA)                 \
    X(0xc9, RGBA16_UINT,      8, UINT,  16, 16, 16, 16, RGBA)                 \
    X(0xca, RGBA16_FLOAT,     8, FLOAT, 16, 16, 16, 16, RGBA)                 \
    X(0xcb, RG32_FLOAT,       8, FLOAT, 32, 32,  0,  0, RGBA)                 \
    X(0xcc, RG32_SINT,        8, SINT,  32, 32,  0,  0, RGBA)                 \
    X(0xcd, RG32_UINT,        8, UINT,  32, 32,  0,  0, RGBA)                 \
    X(0xce, RGBX16_FLOAT,     8, FLOAT, 16, 16, 16, 16, RGBX)                 \
    X(0xcf, BGRA8_UNORM,      4, UNORM,  8,  8,  8,  8, BGRA)                 \
    X(0xd0, BGRA8_SRGB,       4, SRGB,   8,  8,  8,  8, BGRA)                 \
    X(0xd1, RGB10_A2_UNORM,   4, UNORM, 10, 10, 10,  2, RGBA)                 \
    X(0xd2, RGB10_A2_UINT,    4, UINT,  10, 10, 10,  2, RGBA)                 \
    X(0xd5, RGBA8_UNORM,      4, UNORM,  8,  8,  8,  8, RGBA)                 \
    X(0xd6, RGBA8_SRGB,       4, SRGB,   8,  8,  8,  8, RGBA)                 \
    X(0xd7, RGBA8_SNORM,      4, SNORM,  8,  8,  8,  8, RGBA)                 \
    X(0xd8, RGBA8_SINT,       4, SINT,   8,  8,  8,  8, RGBA)                 \
    X(0xd9, RGBA8_UINT,       4, UINT,   8,  8,  8,  8, RGBA)                 \
    X(0xda, RG16_UNORM,       4, UNORM, 16, 16,  0,  0, RGBA)                 \
    X(0xdb, RG16_SNORM,       4, SNORM, 16, 16,  0,  0, RGBA)                 \
    X(0xdc, RG16_SINT,        4, SINT,  16, 16,  0,  0, RGBA)                 \
    X(0xdd, RG16_UINT,        4, UINT,  16, 16,  0,  0, RGBA)                 \
    X(0xde, RG16_FLOAT,       4, FLOAT, 16, 16,  0,  0, RGBA)                 \
    X(0xdf, BGR10_A2_UNORM,   4, UNORM, 10, 10, 10,  2, BGRA)                 \
    X(0xe0, R11G11B10_FLOAT,  4, FLOAT, 11, 11, 10,  0, RGBA)                 \
    X(0xe3, R32_SINT,         4, SINT,  32,  0,  0,  0, RGBA)                 \
    X(0xe4, R32_UINT,         4, UINT,  32,  0,  0,  0, RGBA)                 \
    X(0xe5, R32_FLOAT,        4, FLOAT, 32,  0,  0,  0, RGBA)                 \
    X(0xe6, BGRX8_UNORM,      4, UNORM,  8,  8,  8,  8, BGRX)                 \
    X(0xe7, BGRX8_SRGB,       4, SRGB,   8,  8,  8,  8, BGRX)                 \
    X(0xe8, B5G6R5_UNORM,     2, UNORM,  5,  6,  5,  0, BGRA)                 \
    X(0xe9, BGR5_A1_UNORM,    2, UNORM,  5,  5,  5,  1, BGRA)                 \
    X(0xea, RG8_UNORM,        2, UNORM,  8,  8,  0,  0, RGBA)                 \
    X(0xeb, RG8_SNORM,        2, SNORM,  8,  8,  0,  0, RGBA)                 \
    X(0xec, RG8_SINT,         2, SINT,   8,  8,  0,  0, RGBA)                 \
    X(0xed, RG8_UINT,         2, UINT,   8,  8,  0,  0, RGBA)                 \
    X(0xee, R16_UNORM,        2, UNORM, 16,  0,  0,  0, RGBA)                 \
    X(0xef, R16_SNORM,        2, SNORM, 16,  0,  0,  0, RGBA)                 \
    X(0xf0, R16_SINT,         2, SINT,  16,  0,  0,  0, RGBA)                 \
    X(0xf1, R16_UINT,         2, UINT,  16,  0,  0,  0, RGBA)                 \
    X(0xf2, R16_FLOAT,        2, FLOAT, 16,  0,  0,  0, RGBA)                 \
    X(0xf3, R8_UNORM,         1, UNORM,  8,  0,  0,  0, RGBA)                 \
    X(0xf4, R8_SNORM,         1, SNORM,  8,  0,  0,  0, RGBA)                 \
    X(0xf5, R8_SINT,          1, SINT,   8,  0,  0,  0, RGBA)                 \
    X(0xf6, R8_UINT,          1, UINT,   8,  0,  0,  0, RGBA)                 \
    X(0xf7, A8_UNORM,         1, UNORM,  8,  0,  0,  0, ALPHA)                \
    X(0xf8, BGR5_X1_UNORM,    2, UNORM,  5,  5,  5,  1, BGRX)                 \
    X(0xf9, RGBX8_UNORM,      4, UNORM,  8,  8,  8,  8, RGBX)                 \
    X(0xfa, RGBX8_SRGB,       4, SRGB,   8,  8,  8,  8, RGBX)

enum {
#define X(num, name, bytes, enc, b0, b1, b2, b3, order) SURF_##name = num,
    SURF_FORMATS(X)
#undef X
};
#define SURF_FORMAT_FIRST       0xc0
#define SURF_FORMAT_LAST        0xff

/* ZETA_FORMAT: components from the low bit up */
enum {
    ZETA_Z32_FLOAT      = 0x0a,
    ZETA_Z16_UNORM      = 0x13,
    ZETA_S8_Z24         = 0x14,
    ZETA_Z24_X8         = 0x15,
    ZETA_Z24_S8         = 0x16,
    ZETA_Z24_C8         = 0x18,
    ZETA_Z32_S8_X24     = 0x19,
};

/* MULTISAMPLE_MODE: log2 of samples across and down a pixel, by mode */
#define SURF_MS_MODES           12
#define SURF_MS_X_LOG2          { 0, 1, 1, 2, 2, 1, 2, 0, 1, 1, 2, 2 }
#define SURF_MS_Y_LOG2          { 0, 0, 1, 1, 1, 0, 2, 0, 1, 1, 1, 1 }
/* A surface of several samples is one of that many times the width and the
 * height; where in its pixel a sample is (Mesa nvc0_screen_compute_setup(): MS
 * sample coordinate offsets; Mesa makes at most 8, the rest goes on alike). */
#define SURF_MS_SAMPLE_X(n)     (((n) & 1) | (((n) >> 1) & 2))
#define SURF_MS_SAMPLE_Y(n)     ((((n) >> 1) & 1) | (((n) >> 2) & 2))

#endif
