/*
 * BPTC texture blocks, 16 bytes for 4 x 4 texels: BC7 (RGBA of 8 bits) and
 * BC6H (RGB of half floats, with or without sign).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_BPTC_H
#define GPUVM_SOFT_BPTC_H

#include <stdbool.h>
#include <stdint.h>

#define SOFT_BPTC_BYTES 16

/**
 * gpuvm_soft_bc7_texel - texel @idx (x + 4 * y, 0..15) of a BC7 block.  The
 * reserved mode gives zeros.
 */
void gpuvm_soft_bc7_texel(const uint8_t block[SOFT_BPTC_BYTES], unsigned idx,
                          uint8_t rgba[4]);

/**
 * gpuvm_soft_bc6h_texel - texel @idx of a BC6H block as half floats.  The
 * four reserved modes give zeros.
 */
void gpuvm_soft_bc6h_texel(const uint8_t block[SOFT_BPTC_BYTES], unsigned idx,
                           bool has_sign, uint16_t rgb[3]);

#endif
