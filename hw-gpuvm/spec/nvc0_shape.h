/*
 * The shape of the GF100 that guests see: how many of each unit, and the
 * falcons' capability words that follow from it.  Everything that a guest can
 * ask in more than one register takes the number from here.
 *
 * GPCs and TPCs are a Quadro 6000's (448 cores).  Memory partitions are one:
 * all enabled FBPs must be of equal size, so one FBP lets the slice have any
 * size in MiB (reference/nvc0-nouveau.md 2.5, 7.1).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_NVC0_SHAPE_H
#define GPUVM_SPEC_NVC0_SHAPE_H

#define NVC0_GPCS           4u
#define NVC0_TPCS_PER_GPC   4u      /* the most that a GPC has */
#define NVC0_TPCS           14u     /* { 4, 4, 3, 3 } */
#define NVC0_TPCS_OF_GPC    { 4, 4, 3, 3 }
#define NVC0_FBPS           1u
#define NVC0_ROPS           NVC0_FBPS
#define NVC0_LTCS           NVC0_FBPS
#define NVC0_LTC_SLICES     2u
#define NVC0_PBDMAS         3u
#define NVC0_CHANNELS       128u

/* falcon capability words: base + 0x12c, + 0x108 */
#define NVC0_FALCON_HWCFG1      0x00001103u /* version 3, no secret mode */
#define NVC0_FALCON_HWCFG_GR    0x00002010u /* code 4 KiB, data 4 KiB */
#define NVC0_FALCON_HWCFG_CE    0x00001012u /* code 0x1200, data 0x800 */

#endif
