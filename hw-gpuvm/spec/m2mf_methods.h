/*
 * Methods of the memory-to-memory format class 0x9039 (GF100_M2MF).
 *
 * Sources: envytools rnndb/graph/gf100_m2mf.xml; reference nvc0-compute.md
 * 2.6, nvc0-nouveau.md 6.5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_M2MF_METHODS_H
#define GPUVM_SPEC_M2MF_METHODS_H

/* The tiled side: five words each, IN from 0x204, OUT from 0x220 */
#define M2MF_TILING_MODE_IN     0x0204
#define M2MF_TILING_MODE_OUT    0x0220
#define M2MF_TILING_PITCH       0x04    /* bytes a row, added to _MODE_x */
#define M2MF_TILING_HEIGHT      0x08
#define M2MF_TILING_DEPTH       0x0c
#define M2MF_TILING_Z           0x10
#define M2MF_TILING_LAST_IN     0x0214
#define M2MF_TILING_LAST_OUT    0x0230
#define M2MF_OFFSET_OUT_HIGH    0x0238
#define M2MF_OFFSET_OUT_LOW     0x023c
#define M2MF_UNK_0240           0x0240  /* ..0x278 */
#define M2MF_FIRMWARE           0x027c  /* ..0x2f8 */
#define M2MF_UNK_02FC           0x02fc
#define M2MF_EXEC               0x0300
#define   M2MF_EXEC_PUSH          (1u << 0)     /* data comes on DATA */
#define   M2MF_EXEC_LINEAR_IN     (1u << 4)
#define   M2MF_EXEC_LINEAR_OUT    (1u << 8)
#define   M2MF_EXEC_QUERY(v)      (((v) >> 12) & 3)
#define   M2MF_EXEC_QUERY_YES     2
#define   M2MF_EXEC_QUERY_SHORT   (1u << 20)
#define M2MF_DATA               0x0304
#define M2MF_UNK_0308           0x0308
#define M2MF_OFFSET_IN_HIGH     0x030c
#define M2MF_OFFSET_IN_LOW      0x0310
#define M2MF_PITCH_IN           0x0314  /* linear sides; signed bytes */
#define M2MF_PITCH_OUT          0x0318
#define M2MF_LINE_LENGTH_IN     0x031c  /* bytes */
#define M2MF_LINE_COUNT         0x0320
#define M2MF_QUERY_ADDRESS_HIGH 0x032c
#define M2MF_QUERY_ADDRESS_LOW  0x0330
#define M2MF_QUERY_SEQUENCE     0x0334
#define M2MF_COND_ADDRESS_HIGH  0x0338
#define M2MF_COND_ADDRESS_LOW   0x033c
#define M2MF_COND_MODE          0x0340
#define M2MF_POSITION_IN_X      0x0344  /* bytes */
#define M2MF_POSITION_IN_Y      0x0348
#define M2MF_POSITION_OUT_X     0x034c
#define M2MF_POSITION_OUT_Y     0x0350

#define M2MF_STATE_FIRST        0x0200
#define M2MF_STATE_END          0x0354

/* known methods: {first, last}, ascending */
#define M2MF_KNOWN                                                            \
    { 0x0100, 0x0140 }, { 0x0204, 0x0214 }, { 0x0220, 0x0230 },               \
    { 0x0238, 0x0278 }, { 0x027c, 0x0320 }, { 0x032c, 0x0350 }

#endif
