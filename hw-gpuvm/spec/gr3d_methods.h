/*
 * Methods of the 3D class 0x9097 (GF100_3D): those with an effect here, and
 * the ranges that exist.  What it shares with compute is in
 * compute_methods.h, what uploads macros in macro.h.
 *
 * Source: envytools rnndb/graph/gf100_3d.xml; reference nvc0-compute.md 2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_GR3D_METHODS_H
#define GPUVM_SPEC_GR3D_METHODS_H

#define GR3D_METHODS_END        0x4000

#define GR3D_RT_FIRST           0x0800  /* eight render targets */
#define GR3D_RT_STRIDE          0x40
#define GR3D_RT_COUNT           8
#define   GR3D_RT_ADDRESS_HIGH    0x00
#define   GR3D_RT_ADDRESS_LOW     0x04
#define   GR3D_RT_HORIZ           0x08  /* pixels; linear: bytes a row */
#define   GR3D_RT_HORIZ_MASK        0x1ffff
#define   GR3D_RT_VERT            0x0c
#define   GR3D_RT_FORMAT          0x10
#define   GR3D_RT_TILE_MODE       0x14
#define   GR3D_RT_ARRAY_MODE      0x18
#define   GR3D_RT_ARRAY_VOLUME      (1u << 16)
#define   GR3D_RT_LAYER_STRIDE    0x1c  /* dwords */
#define   GR3D_RT_BASE_LAYER      0x20
#define GR3D_CLEAR_COLOR        0x0d80  /* four words */
#define GR3D_CLEAR_DEPTH        0x0d90  /* float */
#define GR3D_CLEAR_STENCIL      0x0da0
#define GR3D_SCISSOR_ENABLE     0x0e00
#define GR3D_SCISSOR_HORIZ      0x0e04  /* max << 16 | min */
#define GR3D_SCISSOR_VERT       0x0e08
#define GR3D_ZETA_ADDRESS_HIGH  0x0fe0
#define GR3D_ZETA_ADDRESS_LOW   0x0fe4
#define GR3D_ZETA_FORMAT        0x0fe8
#define GR3D_ZETA_TILE_MODE     0x0fec
#define GR3D_ZETA_LAYER_STRIDE  0x0ff0
#define GR3D_SCREEN_SCISSOR_H   0x0ff4  /* size << 16 | position */
#define GR3D_SCREEN_SCISSOR_V   0x0ff8
#define GR3D_CLEAR_FLAGS        0x10f8
#define   GR3D_CLEAR_FLAGS_SCISSOR (1u << 8)
#define GR3D_ZETA_HORIZ         0x1228
#define GR3D_ZETA_VERT          0x122c
#define GR3D_ZETA_ARRAY_MODE    0x1230
#define GR3D_MULTISAMPLE_MODE   0x15d0
#define GR3D_ZETA_ENABLE        0x1538
#define GR3D_ZETA_BASE_LAYER    0x179c
#define GR3D_CLEAR_BUFFERS      0x19d0
#define   GR3D_CLEAR_Z            (1u << 0)
#define   GR3D_CLEAR_S            (1u << 1)
#define   GR3D_CLEAR_RGBA(v)      (((v) >> 2) & 0xf)
#define   GR3D_CLEAR_RT(v)        (((v) >> 6) & 0xf)
#define   GR3D_CLEAR_LAYER(v)     (((v) >> 10) & 0x7ff)

/* Drawing: these methods put vertices through the pipeline */
#define GR3D_DRAW_TFB_BYTES     0x123c
#define GR3D_VB_ELEMENT_U8      0x1304
#define GR3D_VB_ELEMENT_U32     0x15e8
#define GR3D_VB_ELEMENT_U16     0x15f0
#define GR3D_VERTEX_END_GL      0x1614
#define GR3D_VERTEX_BEGIN_GL    0x1618
#define GR3D_VERTEX_DATA        0x1640
#define GR3D_VERTEX_BUFFER_COUNT 0x0d78
#define GR3D_INDEX_BATCH_COUNT  0x17e0

#define GR3D_SCRATCH_FIRST      0x3400  /* 128 words for macros */
#define GR3D_SCRATCH_END        0x3600

/* Ranges that exist, {first, last}; arrays with holes count as whole */
#define GR3D_KNOWN                                                            \
    { 0x0100, 0x0140 }, { 0x0200, 0x02d8 }, { 0x02ec, 0x02ec },               \
    { 0x0300, 0x0368 }, { 0x037c, 0x03fc }, { 0x0400, 0x0754 },               \
    { 0x075c, 0x07a0 }, { 0x07b0, 0x07f8 }, { 0x0800, 0x0bfc },               \
    { 0x0c00, 0x0d94 }, { 0x0d9c, 0x0da0 }, { 0x0dac, 0x0dcc },               \
    { 0x0dd8, 0x0ddc }, { 0x0de4, 0x0dec }, { 0x0df4, 0x0f0c },               \
    { 0x0f54, 0x0f5c }, { 0x0f84, 0x0f90 }, { 0x0f98, 0x0fa0 },               \
    { 0x0fac, 0x0fb0 }, { 0x0fbc, 0x0fd0 }, { 0x0fdc, 0x0ff8 },               \
    { 0x1000, 0x1000 }, { 0x1008, 0x1010 }, { 0x1018, 0x1024 },               \
    { 0x1040, 0x107c }, { 0x10cc, 0x10cc }, { 0x10e0, 0x10fc },               \
    { 0x110c, 0x1118 }, { 0x1120, 0x112c }, { 0x1140, 0x1144 },               \
    { 0x114c, 0x11dc }, { 0x1214, 0x1220 }, { 0x1228, 0x1234 },               \
    { 0x123c, 0x123c }, { 0x1284, 0x1288 }, { 0x1290, 0x1290 },               \
    { 0x12a4, 0x12a4 }, { 0x12ac, 0x12ac }, { 0x12c8, 0x12ec },               \
    { 0x1300, 0x1328 }, { 0x1330, 0x139c }, { 0x13a4, 0x13b4 },               \
    { 0x1418, 0x1418 }, { 0x1420, 0x143c }, { 0x1444, 0x1454 },               \
    { 0x1464, 0x1464 }, { 0x1500, 0x1520 }, { 0x1528, 0x1528 },               \
    { 0x1530, 0x153c }, { 0x1550, 0x1564 }, { 0x156c, 0x157c },               \
    { 0x1590, 0x15a4 }, { 0x15b4, 0x15bc }, { 0x15c8, 0x15d0 },               \
    { 0x15e4, 0x1624 }, { 0x162c, 0x162c }, { 0x1634, 0x164c },               \
    { 0x1658, 0x165c }, { 0x1664, 0x1690 }, { 0x169c, 0x16a8 },               \
    { 0x16b4, 0x16b4 }, { 0x1700, 0x177c }, { 0x1790, 0x1794 },               \
    { 0x179c, 0x179c }, { 0x17bc, 0x17f8 }, { 0x187c, 0x18fc },               \
    { 0x1910, 0x1910 }, { 0x1918, 0x1924 }, { 0x192c, 0x1930 },               \
    { 0x193c, 0x1950 }, { 0x1958, 0x1958 }, { 0x1968, 0x1970 },               \
    { 0x1978, 0x1984 }, { 0x19bc, 0x19d4 }, { 0x19e0, 0x1a1c },               \
    { 0x1a24, 0x1a24 }, { 0x1a2c, 0x1a3c }, { 0x1b00, 0x1b0c },               \
    { 0x1c00, 0x217c }, { 0x2200, 0x224c }, { 0x2300, 0x23cc },               \
    { 0x2400, 0x249c }, { 0x2500, 0x259c }, { 0x2600, 0x2600 },               \
    { 0x2700, 0x27fc }, { 0x2800, 0x29fc }, { 0x335c, 0x33dc },               \
    { 0x3400, 0x35fc }

#endif
