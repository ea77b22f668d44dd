/*
 * Methods of the 2D class 0x902d (GF100_2D): which exist and which launch.
 *
 * Source: envytools rnndb/graph/g80_2d.xml.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_TWOD_METHODS_H
#define GPUVM_SPEC_TWOD_METHODS_H

#define TWOD_COND_MODE          0x026c
#define TWOD_DRAW_POINT16       0x05e0
#define TWOD_DRAW_POINT32_FIRST 0x0600  /* 64 of x, y; y launches */
#define TWOD_DRAW_POINT32_END   0x0800
#define TWOD_SIFC_DST_Y_INT     0x085c  /* begins an upload */
#define TWOD_SIFC_DATA          0x0860
#define TWOD_BLIT_SRC_Y_INT     0x08dc  /* launches a blit */

#define TWOD_KNOWN                                                            \
    { 0x0100, 0x0140 }, { 0x0200, 0x0254 }, { 0x0258, 0x054c },               \
    { 0x0580, 0x058c }, { 0x05e0, 0x05e0 }, { 0x0600, 0x081c },               \
    { 0x0838, 0x0860 }, { 0x0870, 0x0870 }, { 0x0880, 0x088c },               \
    { 0x08b0, 0x095c }

#endif
