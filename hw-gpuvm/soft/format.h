/*
 * Colour formats of surfaces (spec/surface.h): one pixel between memory and
 * four 32-bit words.
 *
 * The four words are R, G, B, A as the shader and CLEAR_COLOR have them:
 * floats for UNORM, SNORM, SRGB and FLOAT formats, integers for SINT and UINT.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_FORMAT_H
#define GPUVM_SOFT_FORMAT_H

#include <stdint.h>

#define SOFT_FORMAT_MAX_BYTES 16

typedef enum SoftFormatEncoding {
    SOFT_FORMAT_UNORM,
    SOFT_FORMAT_SNORM,
    SOFT_FORMAT_SRGB,       /* R, G, B; alpha is UNORM */
    SOFT_FORMAT_SINT,
    SOFT_FORMAT_UINT,
    SOFT_FORMAT_FLOAT,      /* of 32, 16, 11 or 10 bits */
} SoftFormatEncoding;

/** How components lie in memory, from the lowest bit up. */
typedef enum SoftFormatOrder {
    SOFT_FORMAT_RGBA,
    SOFT_FORMAT_BGRA,
    SOFT_FORMAT_RGBX,       /* alpha's bits are written 0 and read as one */
    SOFT_FORMAT_BGRX,
    SOFT_FORMAT_ALPHA,      /* the only component is alpha */
} SoftFormatOrder;

typedef struct SoftFormat {
    const char *name;       /* NULL: no such format */
    uint8_t bytes;          /* of a pixel: 1, 2, 4, 8, 16 */
    uint8_t encoding;       /* SoftFormatEncoding */
    uint8_t order;          /* SoftFormatOrder */
    uint8_t bits[4];        /* in memory order; 0 = absent */
} SoftFormat;

/** gpuvm_soft_format - by G80_SURFACE_FORMAT number; NULL if unknown. */
const SoftFormat *gpuvm_soft_format(uint32_t number);

/**
 * gpuvm_soft_format_pack - @rgba to @f->bytes bytes at @out.  Normalised
 * values are clamped and rounded to nearest, NaN gives 0; integers saturate;
 * floats round to nearest even, and the 11- and 10-bit ones have no sign
 * (negative gives 0).
 */
void gpuvm_soft_format_pack(const SoftFormat *f, const uint32_t rgba[4],
                            uint8_t *out);
/**
 * gpuvm_soft_format_unpack - the inverse.  Absent R, G, B read 0, absent alpha
 * reads one (1.0, or integer 1).
 */
void gpuvm_soft_format_unpack(const SoftFormat *f, const uint8_t *in,
                              uint32_t rgba[4]);

/**
 * gpuvm_soft_format_mask - the bits of a pixel that belong to the components
 * in @comps (bit 0 R .. bit 3 A), as @f->bytes bytes at @out; filler bits count
 * as alpha's.
 */
void gpuvm_soft_format_mask(const SoftFormat *f, unsigned comps,
                            uint8_t *out);

/** gpuvm_soft_f32_to_f16 - IEEE binary16, nearest even, NaN stays NaN. */
uint16_t gpuvm_soft_f32_to_f16(uint32_t f32);
/** gpuvm_soft_f16_to_f32 - exact. */
uint32_t gpuvm_soft_f16_to_f32(uint16_t f16);

#endif
