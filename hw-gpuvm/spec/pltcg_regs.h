/*
 * PLTCG: the L2 cache, its slices, compression-bit and clear-colour tables.
 *
 * Sources: envytools rnndb/memory/gf100_pltcg.xml; nouveau
 * nvkm/subdev/ltc/gf100.c, nvkm/engine/gr/ctxgf100.c;
 * reference/nvc0-nouveau.md 2.4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PLTCG_REGS_H
#define GPUVM_SPEC_PLTCG_REGS_H

/* one slice: base + ltc * 0x2000 + slice * 0x400 */
#define NV_PLTCG_LTC0_LTS0          0x141000u
#define NV_PLTCG_LTC_STRIDE         0x002000u
#define NV_PLTCG_LTS_STRIDE         0x000400u
#define NV_PLTCG_LTS_INTR           0x020u      /* W1C */
#define NV_PLTCG_LTS_CBC_STATUS     0x0c8u      /* 0 = clear finished */

/* all slices at once */
#define NV_PLTCG_INTR_EN            0x17e820u
#define NV_PLTCG_CBC_CTRL_1         0x17e8c0u   /* bit 1: 128 KiB pages */
#define NV_PLTCG_CBC_CTRL_2         0x17e8c8u   /* bit 2: clear tags */
#define NV_PLTCG_CBC_CLEAR_FIRST    0x17e8ccu
#define NV_PLTCG_CBC_CLEAR_LAST     0x17e8d0u
#define NV_PLTCG_CBC_BASE           0x17e8d4u
#define NV_PLTCG_CBC_NUM_LTC        0x17e8d8u
#define NV_PLTCG_CBC_PARAM          0x17e8dcu
#define NV_PLTCG_CBC_PARAM_SLICES_SHIFT 28
#define NV_PLTCG_MAX_WAYS_EVICT     0x17e91cu   /* ctxgf100, one FBP only */
#define NV_PLTCG_ZBC_INDEX          0x17ea44u
#define NV_PLTCG_ZBC_COLOR          0x17ea48u   /* 4 words */
#define NV_PLTCG_ZBC_DEPTH          0x17ea58u

#endif
