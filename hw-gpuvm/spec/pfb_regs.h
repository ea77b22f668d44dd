/*
 * PFB and its MMU: straps, VRAM size, page-table cache, sysmem flush page.
 *
 * Sources: envytools rnndb/memory/{pfb,nv50_pfb_vm}.xml; nouveau
 * nvkm/subdev/fb/{gf100,ramgf100}.c, mmu/vmmgf100.c;
 * reference/nvc0-nouveau.md 2.1, 2.5, 4.5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PFB_REGS_H
#define GPUVM_SPEC_PFB_REGS_H

#define NV_PFB_NISO_UNK0B0C         0x100b0cu
#define NV_PFB_LTC_COUNT            0x100800u   /* active LTCs */
#define NV_PFB_NISO_FLUSH_SYSMEM_ADDR 0x100c10u /* page >> 8 */

/* MMU */
#define NV_PFB_PRI_MMU_CTRL         0x100c80u
#define NV_PFB_PRI_MMU_CTRL_BIG_PAGE_64K (1u << 0)
#define NV_PFB_PRI_MMU_CTRL_TAGS_16BIT   (1u << 12)
#define NV_PFB_PRI_MMU_CTRL_FIFO_EMPTY   (1u << 15) /* flushes are done */
#define NV_PFB_PRI_MMU_CTRL_FIFO_SPACE   0x00ff0000u
#define NV_PFB_PRI_MMU_CTRL_STORED \
    (NV_PFB_PRI_MMU_CTRL_BIG_PAGE_64K | NV_PFB_PRI_MMU_CTRL_TAGS_16BIT)
#define NV_PFB_PRI_MMU_INVALIDATE_PDB 0x100cb8u
#define NV_PFB_PRI_MMU_INVALIDATE_PDB_TARGET 0x3u /* 0 VRAM, 2, 3 sysmem */
#define NV_PFB_PRI_MMU_INVALIDATE_PDB_ADDR_SHIFT 4 /* address >> 12 << 4 */
#define NV_PFB_PRI_MMU_INVALIDATE   0x100cbcu
#define NV_PFB_PRI_MMU_INVALIDATE_ALL_VA  (1u << 0)
#define NV_PFB_PRI_MMU_INVALIDATE_ALL_PDB (1u << 1)
#define NV_PFB_PRI_MMU_INVALIDATE_HUB_ONLY (1u << 2)
#define NV_PFB_PRI_MMU_INVALIDATE_TRIGGER (1u << 31)
/* PAGE_TARGET codes of an instance block and of INVALIDATE_PDB */
#define NV_MMU_TARGET_VRAM          0u
#define NV_MMU_TARGET_SYSMEM_COH    2u
#define NV_MMU_TARGET_SYSMEM_NCOH   3u

/* straps */
#define NV_PEXTDEV_BOOT_0           0x101000u
#define NV_PEXTDEV_BOOT_0_RAMCFG_SHIFT 2
#define NV_PEXTDEV_BOOT_0_RAMCFG    0xfu        /* after the shift */
/* 27 MHz crystal, RAMCFG 6 (a Quadro 6000's) */
#define NV_PEXTDEV_BOOT_0_RESET     0xb040609au

/* PBFB: broadcast over the memory partitions */
#define NV_PBFB_TRAIN_918           0x10f918u   /* pattern, 2 sub-partitions */
#define NV_PBFB_TRAIN_920           0x10f920u
#define NV_PBFB_TRAIN_968           0x10f968u
/* PBFBn: one partition */
#define NV_PBFB0_RAM_AMOUNT         0x11020cu   /* MiB */
#define NV_PBFB_STRIDE              0x001000u

#endif
