/*
 * Methods of the 2D class 0x902d (GF100_2D): which exist and which launch,
 * and what a blit takes.
 *
 * A surface is eleven words from its FORMAT on.  Positions of a blit in the
 * source have 32 bits of fraction below 32 of integer.
 *
 * Source: envytools rnndb/graph/g80_2d.xml.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_TWOD_METHODS_H
#define GPUVM_SPEC_TWOD_METHODS_H

#define TWOD_DST                0x0200
#define TWOD_SRC                0x0230
/* words of a surface */
#define TWOD_SURF_FORMAT        0x00    /* G80_SURFACE_FORMAT */
#define TWOD_SURF_LINEAR        0x04
#define TWOD_SURF_TILE_MODE     0x08
#define TWOD_SURF_DEPTH         0x0c
#define TWOD_SURF_LAYER         0x10
#define TWOD_SURF_PITCH         0x14    /* bytes, linear */
#define TWOD_SURF_WIDTH         0x18
#define TWOD_SURF_HEIGHT        0x1c
#define TWOD_SURF_ADDRESS_HIGH  0x20
#define TWOD_SURF_ADDRESS_LOW   0x24

#define TWOD_COND_MODE          0x026c
#define TWOD_CLIP_X             0x0280
#define TWOD_CLIP_Y             0x0284
#define TWOD_CLIP_W             0x0288
#define TWOD_CLIP_H             0x028c
#define TWOD_CLIP_ENABLE        0x0290
#define TWOD_ROP                0x02a0  /* of pattern, source, destination */
#define TWOD_BETA4              0x02a8  /* A, R, G, B factors of 8 bits */
#define TWOD_OPERATION          0x02ac
#define TWOD_OPERATION_SRCCOPY          3
#define TWOD_OPERATION_ROP              4
#define TWOD_OPERATION_SRCCOPY_PREMULT  5   /* times BETA4 */
#define TWOD_PATTERN_COLOR1     0x02f4  /* where the pattern's bit is set */
#define TWOD_DRAW_POINT16       0x05e0
#define TWOD_DRAW_POINT32_FIRST 0x0600  /* 64 of x, y; y launches */
#define TWOD_DRAW_POINT32_END   0x0800
#define TWOD_SIFC_DST_Y_INT     0x085c  /* begins an upload */
#define TWOD_SIFC_DATA          0x0860
#define TWOD_BLIT_CONTROL       0x088c
#define TWOD_BLIT_CONTROL_CORNER        (1u << 0)
#define TWOD_BLIT_CONTROL_BILINEAR      (1u << 4)
#define TWOD_BLIT_DST_X         0x08b0
#define TWOD_BLIT_DST_Y         0x08b4
#define TWOD_BLIT_DST_W         0x08b8
#define TWOD_BLIT_DST_H         0x08bc
#define TWOD_BLIT_DU_DX_FRACT   0x08c0
#define TWOD_BLIT_DV_DY_FRACT   0x08c8
#define TWOD_BLIT_SRC_X_FRACT   0x08d0
#define TWOD_BLIT_SRC_Y_FRACT   0x08d8
#define TWOD_BLIT_SRC_Y_INT     0x08dc  /* launches a blit */

#define TWOD_KNOWN                                                            \
    { 0x0100, 0x0140 }, { 0x0200, 0x0254 }, { 0x0258, 0x054c },               \
    { 0x0580, 0x058c }, { 0x05e0, 0x05e0 }, { 0x0600, 0x081c },               \
    { 0x0838, 0x0860 }, { 0x0870, 0x0870 }, { 0x0880, 0x088c },               \
    { 0x08b0, 0x095c }

#endif
