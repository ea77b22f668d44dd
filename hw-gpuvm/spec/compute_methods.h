/*
 * Methods of the compute class 0x90c0 (GF100_COMPUTE), and those that it
 * shares with the 3D class 0x9097: report, constant buffer, conditional
 * rendering, tables of textures and samplers, code.
 *
 * Sources: envytools rnndb/graph/gf100_compute.xml and gf100_3d.xml;
 * reference nvc0-compute.md 2.1 (rows 30-39), 2.4 and 3.1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_COMPUTE_METHODS_H
#define GPUVM_SPEC_COMPUTE_METHODS_H

/* --- of both classes --- */
#define GR_NOP                  0x0100
#define GR_NOTIFY               0x010c
#define GR_SERIALIZE            0x0110
#define GR_LOCAL_BASE           0x077c
#define GR_TEMP_ADDRESS_HIGH    0x0790
#define GR_LINKED_TSC           0x1234
#define GR_TSC_FLUSH            0x1330
#define GR_TIC_FLUSH            0x1334
#define GR_TEX_CACHE_CTL        0x1338
#define GR_SW_TRAP              0x1528  /* the driver's: shader exceptions */
#define GR_COND_ADDRESS_HIGH    0x1550
#define GR_COND_ADDRESS_LOW     0x1554
#define GR_COND_MODE            0x1558
#define   GR_COND_NEVER           0
#define   GR_COND_ALWAYS          1
#define   GR_COND_RES_NON_ZERO    2
#define   GR_COND_EQUAL           3     /* two reports, 16 bytes apart */
#define   GR_COND_NOT_EQUAL       4
#define   GR_COND_REPORT_SIZE     16
#define GR_TSC_ADDRESS_HIGH     0x155c
#define GR_TSC_ADDRESS_LOW      0x1560
#define GR_TSC_LIMIT            0x1564
#define GR_TIC_ADDRESS_HIGH     0x1574
#define GR_TIC_ADDRESS_LOW      0x1578
#define GR_TIC_LIMIT            0x157c
#define GR_TEX_MISC             0x1664
#define   CP_TEX_MISC_SEAMLESS    (1u << 1)     /* of the compute class */
#define   GR3D_TEX_MISC_SEAMLESS  (1u << 2)
#define GR_CODE_ADDRESS_HIGH    0x1608
#define GR_CODE_ADDRESS_LOW     0x160c
#define GR_QUERY_ADDRESS_HIGH   0x1b00
#define GR_QUERY_ADDRESS_LOW    0x1b04
#define GR_QUERY_SEQUENCE       0x1b08
#define GR_QUERY_GET            0x1b0c
#define   GR_QUERY_MODE(v)        ((v) & 3)
#define   GR_QUERY_MODE_WRITE     0
#define   GR_QUERY_MODE_SYNC      1
#define   GR_QUERY_MODE_WRITE2    2
#define   GR_QUERY_MODE_NRHOST    3     /* write, then interrupt */
#define   GR_QUERY_COUNTER64      (1u << 23)
#define   GR_QUERY_SHORT          (1u << 28)
#define GR_CB_SIZE              0x2380
#define GR_CB_ADDRESS_HIGH      0x2384
#define GR_CB_ADDRESS_LOW       0x2388
#define GR_CB_POS               0x238c
#define   GR_CB_POS_MASK          0xffff
#define GR_CB_DATA_FIRST        0x2390  /* 16 methods, all the same */
#define GR_CB_DATA_END          0x23d0
#define GR_IMAGE_FIRST          0x2700  /* 8 slots of 6 words */
#define GR_IMAGE_STRIDE         0x20
#define GR_IMAGE_COUNT          8
#define   GR_IMAGE_ADDRESS_HIGH   0x00
#define   GR_IMAGE_ADDRESS_LOW    0x04
#define   GR_IMAGE_WIDTH          0x08
#define   GR_IMAGE_HEIGHT         0x0c
#define   GR_IMAGE_FORMAT         0x10
#define   GR_IMAGE_TILE_MODE      0x14

/* --- compute's own --- */
#define CP_LOCAL_POS_ALLOC      0x0204  /* bytes a thread */
#define CP_LOCAL_NEG_ALLOC      0x0208
#define   CP_LOCAL_MASK           0xffffff
#define CP_SHARED_BASE          0x0214
#define CP_MEM_BARRIER          0x021c
#define CP_BIND_TSC             0x0228
#define   CP_BIND_ACTIVE          (1u << 0)
#define   CP_BIND_TSC_SLOT(v)     (((v) >> 4) & 0xff)
#define   CP_BIND_TSC_INDEX(v)    (((v) >> 12) & 0x1fff)
#define CP_BIND_TIC             0x022c
#define   CP_BIND_TIC_SLOT(v)     (((v) >> 1) & 0xff)
#define   CP_BIND_TIC_INDEX(v)    (((v) >> 9) & 0x3fffff)
#define CP_GRIDDIM_YX           0x0238
#define CP_GRIDDIM_Z            0x023c
#define   CP_DIM_X(v)             ((v) & 0xffff)
#define   CP_DIM_Y(v)             ((v) >> 16)
#define CP_SHARED_SIZE          0x024c  /* bytes */
#define CP_THREADS_ALLOC        0x0250
#define CP_BARRIER_ALLOC        0x0254
#define CP_BEGIN                0x029c
#define CP_GPR_ALLOC            0x02c0
#define CP_GLOBAL_BASE_ENABLE   0x02c4
#define CP_GLOBAL_BASE          0x02c8
#define   CP_GLOBAL_BASE_INDEX(v) (((v) >> 16) & 0xff)
#define   CP_GLOBAL_BASE_COUNT    256
#define CP_LAUNCH               0x0368  /* data: $launcharg */
#define CP_BLOCKDIM_YX          0x03ac
#define CP_BLOCKDIM_Z           0x03b0
#define CP_START_ID             0x03b4  /* byte offset from CODE_ADDRESS */
#define CP_GRIDID               0x0780
#define CP_END                  0x0a04
#define CP_CB_BIND              0x1694
#define   CP_CB_BIND_VALID        (1u << 0)
#define   CP_CB_BIND_INDEX(v)     (((v) >> 8) & 0x1f)
#define CP_FLUSH                0x1698

#define COMPUTE_KNOWN                                                         \
    { 0x0100, 0x0140 }, { 0x0204, 0x0214 }, { 0x021c, 0x021c },               \
    { 0x0228, 0x023c }, { 0x0244, 0x0244 }, { 0x024c, 0x0254 },               \
    { 0x028c, 0x028c }, { 0x029c, 0x02a0 }, { 0x02c0, 0x02c8 },               \
    { 0x0308, 0x030c }, { 0x0360, 0x0360 }, { 0x0368, 0x036c },               \
    { 0x03ac, 0x03b4 }, { 0x0500, 0x057c }, { 0x0758, 0x0758 },               \
    { 0x077c, 0x0780 }, { 0x0790, 0x07a0 }, { 0x0a04, 0x0a08 },               \
    { 0x0d64, 0x0d64 }, { 0x0d94, 0x0d94 }, { 0x0de4, 0x0de4 },               \
    { 0x10f4, 0x10f4 }, { 0x1234, 0x1234 }, { 0x1288, 0x1288 },               \
    { 0x12ac, 0x12ac }, { 0x1330, 0x1338 }, { 0x1354, 0x1354 },               \
    { 0x1424, 0x1424 }, { 0x1528, 0x1528 }, { 0x1550, 0x1564 },               \
    { 0x1574, 0x157c }, { 0x1608, 0x160c }, { 0x1664, 0x1664 },               \
    { 0x1690, 0x1698 }, { 0x1930, 0x1930 }, { 0x1944, 0x1944 },               \
    { 0x1a24, 0x1a24 }, { 0x1a2c, 0x1a3c }, { 0x1b00, 0x1b0c },               \
    { 0x2380, 0x23cc }, { 0x2700, 0x27fc }, { 0x335c, 0x33dc }

#endif
