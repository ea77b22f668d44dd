/*
 * Block-linear surfaces.
 *
 * A GOB's rows follow each other at the column width, a block's GOBs follow
 * each other downwards, so within one slice of a block row y is simply y
 * column widths on: the GOB's height of 8 drops out of the formula, and a
 * block is a plain array of rows.  The same holds for the copy engine's
 * narrow columns of 16 bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/blocklinear.h"

#include "spec/surface.h"

void gpuvm_soft_bl_init(SoftBl *bl, uint32_t mode, uint32_t width,
                        uint32_t height)
{
    uint32_t round_w, round_h;

    bl->w_log2 = SURF_TILE_W(mode) == SURF_TILE_W_16 ? SURF_TILE_W_16_LOG2 :
                 SURF_GOB_WIDTH_LOG2;
    bl->h_log2 = SURF_TILE_H(mode) + SURF_GOB_HEIGHT_LOG2;
    bl->d_log2 = SURF_TILE_D(mode);
    bl->block_log2 = bl->w_log2 + bl->h_log2 + bl->d_log2;
    round_w = (1u << bl->w_log2) - 1;
    round_h = (1u << bl->h_log2) - 1;
    bl->blocks_x = ((uint64_t)width + round_w) >> bl->w_log2;
    bl->blocks_y = ((uint64_t)height + round_h) >> bl->h_log2;
}

uint64_t gpuvm_soft_bl_size(const SoftBl *bl, uint32_t depth)
{
    uint64_t slabs = ((uint64_t)depth + (1u << bl->d_log2) - 1) >> bl->d_log2;

    return (slabs * bl->blocks_y * bl->blocks_x) << bl->block_log2;
}
