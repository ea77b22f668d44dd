/*
 * GF100 page directory and page table formats.
 *
 * A 40-bit virtual address goes through two levels.  A page-directory entry
 * (PDE) names up to two page tables: one of large pages (128 KiB, or 64 KiB in
 * the other mode) in its LOW dword, one of 4 KiB pages in its HIGH dword.  A
 * lookup tries the large page-table entry (PTE) first, then the small one.
 *
 * Codes of a target differ by place: in a PDE 0 says "absent" and 1 VRAM; in
 * a PTE and in the instance block (spec/inst.h) 0 says VRAM.
 *
 * Source: nouveau mmu/vmmgf100.c; rnndb memory/nvc0_vm; reference
 * nvc0-nouveau.md 4.4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PAGETABLE_H
#define GPUVM_SPEC_PAGETABLE_H

#define GF100_VA_BITS               40

/* Addresses in PDEs and PTEs are bits 12-39, kept in bits 4-31. */
#define GF100_PT_ADDR_LSB           4
#define GF100_PT_ADDR_MASK          0xfffffff0u
#define GF100_PT_ADDR_SHIFT         12
#define GF100_PT_ENTRY_SIZE         8

#define GF100_SMALL_PAGE_BITS       12

/* Mode of 128 KiB large pages: a PDE covers 128 MiB. */
#define GF100_PDE_BITS_128K         27
#define GF100_LARGE_PAGE_BITS_128K  17
/* Mode of 64 KiB large pages (0x100c80 bit 0): a PDE covers 64 MiB. */
#define GF100_PDE_BITS_64K          26
#define GF100_LARGE_PAGE_BITS_64K   16

/* PDE, low dword: table of large pages; high dword: of small pages. */
#define GF100_PDE_TARGET_MASK       0x3u
#define GF100_PDE_TARGET_ABSENT     0
#define GF100_PDE_TARGET_VRAM       1
#define GF100_PDE_TARGET_SYS_COH    2
#define GF100_PDE_TARGET_SYS_NCOH   3
/* low dword: how much of the PDE's span the tables cover */
#define GF100_PDE_SIZE_LSB          2
#define GF100_PDE_SIZE_MASK         0xcu
#define GF100_PDE_SIZE_FULL         0
#define GF100_PDE_SIZE_64M          1
#define GF100_PDE_SIZE_32M          2
#define GF100_PDE_SIZE_16M          3
/* high dword: tables in coherent system memory are volatile */
#define GF100_PDE_HI_VOL_SMALL      (1u << 2)
#define GF100_PDE_HI_VOL_LARGE      (1u << 3)

/* PTE, low dword */
#define GF100_PTE_VALID             (1u << 0)
#define GF100_PTE_PRIV              (1u << 1)
#define GF100_PTE_READ_ONLY         (1u << 2)
#define GF100_PTE_ENCRYPTED         (1u << 3)
/* PTE, high dword */
#define GF100_PTE_HI_VOLATILE       (1u << 0)
#define GF100_PTE_HI_APERTURE_LSB   1
#define GF100_PTE_HI_APERTURE_MASK  0x6u
#define GF100_PTE_APERTURE_VRAM     0
#define GF100_PTE_APERTURE_SYS_COH  2
#define GF100_PTE_APERTURE_SYS_NCOH 3
#define GF100_PTE_HI_KIND_LSB       4
#define GF100_PTE_HI_KIND_MASK      0xff0u
#define GF100_PTE_HI_COMPTAG_LSB    12

#endif
