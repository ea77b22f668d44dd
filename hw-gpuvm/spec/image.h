/*
 * The words of the IMAGE(i) methods of the compute class, and the fields of
 * surface and texture instructions that decoding leaves in the raw word.
 *
 * Source: nvc0-compute.md 3.7 and 4.6; Mesa nv50_ir_emit_nvc0.cpp (emitSULDB,
 * emitSUSTx, emitSULEA, emitTEX, emitTXQ); rnndb/graph/gf100_3d.xml IMAGE.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_IMAGE_H
#define GPUVM_SPEC_IMAGE_H

/* IMAGE_HEIGHT */
#define IMAGE_HEIGHT_ROWS(h)    ((h) & 0xffff)
#define IMAGE_HEIGHT_LINEAR     (1u << 20)  /* a buffer: WIDTH is bytes */
/* IMAGE_FORMAT: colour format (spec/surface.h); depth formats are not done */
#define IMAGE_FORMAT_COLOR(f)   (((f) >> 4) & 0xff)
/* the third coordinate of e2d counts units of 256 bytes */
#define IMAGE_E2D_SHIFT         8

/* Surface instructions: X(raw) */
#define SU_SLOT_IMM(raw)    ((unsigned)((raw) >> 26) & 7)
#define SU_SLOT_IS_IMM(raw) ((unsigned)((raw) >> 46) & 1)
#define SU_DIM(raw)         ((unsigned)((raw) >> 44) & 3)
#define SU_DIM_1D           0
#define SU_DIM_2D           1
#define SU_DIM_3D           2
#define SU_DIM_E2D          3
#define SU_STORE_MASK(raw)  ((unsigned)((raw) >> 49) & 0xf)

/* Texture instructions */
#define TEX_TIC(raw)        ((unsigned)((raw) >> 32) & 0xff)
#define TEX_TSC(raw)        ((unsigned)((raw) >> 40) & 0x1f)
#define TEX_DERIV_QUAD(raw) ((unsigned)((raw) >> 45) & 1)
#define TEX_MASK(raw)       ((unsigned)((raw) >> 46) & 0xf)
#define TEX_INDIRECT(raw)   ((unsigned)((raw) >> 50) & 1)
#define TEX_ARRAY(raw)      ((unsigned)((raw) >> 51) & 1)
#define TEX_DIM(raw)        ((unsigned)((raw) >> 52) & 3)   /* 0 1D .. 3 cube */
#define TEX_OFFSET(raw)     ((unsigned)((raw) >> 54) & 1)
#define TEX_MS(raw)         ((unsigned)((raw) >> 55) & 1)   /* gather: 4 off. */
#define TEX_SHADOW(raw)     ((unsigned)((raw) >> 56) & 1)
#define TEX_LOD_MODE(raw)   ((unsigned)((raw) >> 57) & 7)
#define TEX_GATHER_COMP(raw) ((unsigned)((raw) >> 5) & 3)
#define TEX_QUERY(raw)      ((unsigned)((raw) >> 54) & 7)
#define TEX_DIM_CUBE        3

#define TEX_LOD_AUTO        0
#define TEX_LOD_ZERO        1
#define TEX_LOD_BIAS        2
#define TEX_LOD_GIVEN       3
/* texfetch: the bit says that a level is given */
#define TEX_FETCH_LOD       1

#define TEX_QUERY_DIMS      0
#define TEX_QUERY_TYPE      1

#endif
