/*
 * The GF100 instance block: 4 KiB in VRAM for each channel, and one for each
 * BAR that goes through the MMU.
 *
 * Source: nouveau mmu/vmmgf100.c (join), fifo/gpfifogf100.c; reference
 * nvc0-nouveau.md 4.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_INST_H
#define GPUVM_SPEC_INST_H

#define GF100_INST_SIZE             0x1000
#define GF100_INST_SHIFT            12      /* registers hold it >> 12 */

#define GF100_INST_RAMFC            0x000   /* spec/ramfc.h */

/* Page-directory pointer: low dword target and address, high bits 32-39. */
#define GF100_INST_PDB_LO           0x200
#define GF100_INST_PDB_HI           0x204
#define GF100_INST_PDB_TARGET_MASK  0x3u
#define GF100_INST_PDB_VRAM         0
#define GF100_INST_PDB_SYS_COH      2
#define GF100_INST_PDB_SYS_NCOH     3
#define GF100_INST_PDB_VOL          (1u << 2)
#define GF100_INST_PDB_ADDR_MASK    0xfffff000u
#define GF100_INST_PDB_HI_MASK      0xffu
/* Highest valid address, 64 bits. */
#define GF100_INST_LIMIT_LO         0x208
#define GF100_INST_LIMIT_HI         0x20c

/* Engine context pointers, virtual address | 4; 0 = no context bound. */
#define GF100_INST_CTX_GR           0x210
#define GF100_INST_CTX_CE0          0x230
#define GF100_INST_CTX_CE1          0x240

#endif
