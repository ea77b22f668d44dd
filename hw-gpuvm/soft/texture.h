/*
 * Textures of the software GPU: TIC and TSC entries decoded, single texels,
 * filtered samples and gathers.  One call works for one lane; isa/texture.c
 * brings the lanes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_TEXTURE_H
#define GPUVM_SOFT_TEXTURE_H

#include "soft/as.h"
#include "soft/blocklinear.h"
#include "spec/tic.h"

#define SOFT_TEX_LEVELS 16

/**
 * SoftTic - a decoded TIC entry.  Any 32 bytes decode; absurd sizes are fine,
 * since every texel goes through the TLB.
 */
typedef struct SoftTic {
    uint64_t va;
    uint64_t layer_stride;          /* bytes, arrays and cubes */
    uint64_t level_offset[SOFT_TEX_LEVELS];
    SoftBl level[SOFT_TEX_LEVELS];  /* block-linear layout */
    uint32_t width, height, depth;  /* of level 0, texels, at least 1 */
    uint32_t layers;                /* 2D layers; cubes count their faces */
    uint32_t pitch;                 /* bytes a row, pitch layout */
    uint8_t format, target;
    uint8_t map[4], type[4];
    uint8_t bytes;                  /* of a texel or of a compressed block */
    uint8_t block;                  /* texels a block's side: 1 or 4 */
    uint8_t bh, bd;                 /* log2 of the block size in GOBs */
    uint8_t base_level, max_level;
    uint8_t ms_x, ms_y;             /* log2 of samples a pixel, by axis */
    bool srgb, linear, normalized;
    bool depth_border;              /* border colour's R is all of it */
    bool known;                     /* format is one of those decoded */
} SoftTic;

/** SoftTsc - a decoded TSC entry, and what holds for all samplers. */
typedef struct SoftTsc {
    uint8_t wrap[3];
    uint8_t mag, min, mip;
    uint8_t compare_func;
    bool compare, srgb;
    bool seamless;          /* not of the entry: TEX_MISC */
    float bias, min_lod, max_lod;
    uint32_t border[4];
    uint8_t srgb_border[3];         /* for sRGB textures, in sRGB */
} SoftTsc;

/** SoftTexReq - what one lane asks for. */
typedef struct SoftTexReq {
    float s[3];             /* coordinates; cubes: direction */
    uint32_t layer;
    float lod;              /* before bias and clamps of the sampler */
    float ref;              /* depth to compare with */
    int32_t offset[3];      /* texels */
    bool shadow;
} SoftTexReq;

void gpuvm_soft_tic_decode(SoftTic *t, const uint32_t w[TIC_WORDS]);
/** gpuvm_soft_tsc_decode - all but @s->seamless. */
void gpuvm_soft_tsc_decode(SoftTsc *s, const uint32_t w[TSC_WORDS]);

/** gpuvm_soft_tic_size - texels of @level (absolute) along axis 0..2. */
uint32_t gpuvm_soft_tic_size(const SoftTic *t, unsigned axis, unsigned level);

/**
 * gpuvm_soft_tic_texel - one texel inside the texture, as the shader sees it
 * (swizzled; floats as their bits, integers as such).
 * @z: slice of a 3D texture, else layer; @level: absolute
 * @sample: of a multisample texture, in range
 * @srgb: convert if the texture is sRGB
 * Returns false with @f filled where memory is not mapped.
 */
bool gpuvm_soft_tic_texel(const SoftTic *t, SoftTlb *tlb, bool srgb,
                          uint32_t x, uint32_t y, uint32_t z, unsigned level,
                          unsigned sample, uint32_t out[4], SoftMemFault *f);

/** gpuvm_soft_srgb_to_linear - the transfer function of IEC 61966-2-1. */
float gpuvm_soft_srgb_to_linear(float v);

/** gpuvm_soft_tex_fetch - texelFetch: @x/y/z integer coordinates, @lod from
 *  the base level, @sample of a multisample texture; zeros outside. */
bool gpuvm_soft_tex_fetch(const SoftTic *t, SoftTlb *tlb, bool srgb,
                          const int32_t xyz[3], uint32_t layer, int32_t lod,
                          uint32_t sample, uint32_t out[4], SoftMemFault *f);
/** gpuvm_soft_tex_sample - filtered sample. */
bool gpuvm_soft_tex_sample(const SoftTic *t, const SoftTsc *s, SoftTlb *tlb,
                           const SoftTexReq *q, uint32_t out[4],
                           SoftMemFault *f);
/** gpuvm_soft_tex_gather - component @comp of the four texels that a linear
 *  filter would use, each displaced by @off4[i] when not NULL. */
bool gpuvm_soft_tex_gather(const SoftTic *t, const SoftTsc *s, SoftTlb *tlb,
                           const SoftTexReq *q, unsigned comp,
                           const int8_t (*off4)[2], uint32_t out[4],
                           SoftMemFault *f);
/** gpuvm_soft_tex_lod - level that a sample at @lod would use: @level as the
 *  mip filter sees it, relative to the base level, @lambda before clamping. */
void gpuvm_soft_tex_lod(const SoftTic *t, const SoftTsc *s, float lod,
                        float *level, float *lambda);

#endif
