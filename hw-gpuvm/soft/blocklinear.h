/*
 * Block-linear surfaces: where the byte at (x, y, z) lies (spec/surface.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_BLOCKLINEAR_H
#define GPUVM_SOFT_BLOCKLINEAR_H

#include <stdbool.h>
#include <stdint.h>

/**
 * SoftBl - the layout of one level of a surface, made by gpuvm_soft_bl_init();
 * widths are bytes.  All fields are derived and bounded, so that no shift is
 * too wide; offsets wrap modulo 2^64 where a guest's sizes are absurd.
 */
typedef struct SoftBl {
    uint8_t w_log2;         /* bytes across a column: 6, or 4 */
    uint8_t h_log2;         /* rows of a block */
    uint8_t d_log2;         /* slices of a block */
    uint8_t block_log2;     /* bytes of a block */
    uint32_t blocks_x;      /* blocks across */
    uint32_t blocks_y;      /* blocks down */
} SoftBl;

/**
 * gpuvm_soft_bl_init - from a TILING_MODE word and the size.
 * @mode: bits 3:0 width (0xe: 16-byte columns, any other: one GOB), 7:4 height
 *        and 11:8 depth in log2 GOBs and slices; other bits are ignored
 * @width: bytes a row
 * @height: rows
 */
void gpuvm_soft_bl_init(SoftBl *bl, uint32_t mode, uint32_t width,
                        uint32_t height);

/** gpuvm_soft_bl_row - offset of byte 0 of row @y of slice @z. */
static inline uint64_t gpuvm_soft_bl_row(const SoftBl *bl, uint32_t y,
                                         uint32_t z)
{
    uint64_t block = ((uint64_t)(z >> bl->d_log2) * bl->blocks_y +
                      (y >> bl->h_log2)) * bl->blocks_x;
    uint64_t in_z = (uint64_t)(z & ((1u << bl->d_log2) - 1)) << bl->h_log2;

    return (block << bl->block_log2) +
           ((in_z + (y & ((1u << bl->h_log2) - 1))) << bl->w_log2);
}

/** gpuvm_soft_bl_column - what byte @x adds to its row's offset. */
static inline uint64_t gpuvm_soft_bl_column(const SoftBl *bl, uint32_t x)
{
    return ((uint64_t)(x >> bl->w_log2) << bl->block_log2) +
           (x & ((1u << bl->w_log2) - 1));
}

/**
 * gpuvm_soft_bl_offset - offset of the byte at (x, y, z) from the surface's
 * address; coordinates outside the surface give some offset, not an error.
 */
static inline uint64_t gpuvm_soft_bl_offset(const SoftBl *bl, uint32_t x,
                                            uint32_t y, uint32_t z)
{
    return gpuvm_soft_bl_row(bl, y, z) + gpuvm_soft_bl_column(bl, x);
}

/** gpuvm_soft_bl_run - bytes from @x on that lie one after another. */
static inline uint32_t gpuvm_soft_bl_run(const SoftBl *bl, uint32_t x)
{
    return (1u << bl->w_log2) - (x & ((1u << bl->w_log2) - 1));
}

/** gpuvm_soft_bl_size - bytes of @depth slices, whole blocks. */
uint64_t gpuvm_soft_bl_size(const SoftBl *bl, uint32_t depth);

#endif
