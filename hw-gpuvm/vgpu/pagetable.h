/*
 * GF100 page tables: geometry, decoding of entries, and a walk.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_VGPU_PAGETABLE_H
#define GPUVM_VGPU_PAGETABLE_H

#include "vgpu/mem.h"

/** Which of a PDE's two tables. */
typedef enum GpuvmPtLevel {
    GPUVM_PT_LARGE,
    GPUVM_PT_SMALL,
    GPUVM_PT_LEVELS
} GpuvmPtLevel;

/** GpuvmPtMode - the geometry of one big-page mode. */
typedef struct GpuvmPtMode {
    uint8_t pde_bits;                       /* log2 of a PDE's span */
    uint8_t page_bits[GPUVM_PT_LEVELS];     /* log2 of a page */
    uint32_t pdes;                          /* entries of a directory */
    uint32_t ptes[GPUVM_PT_LEVELS];         /* entries of a whole table */
    uint32_t ratio;                         /* small pages in a large one */
} GpuvmPtMode;

/** GpuvmPdb - where a page directory lies. */
typedef struct GpuvmPdb {
    uint64_t addr;          /* bytes, a multiple of 4 KiB */
    GpuvmTarget target;
    bool valid;             /* false: the pointer's target code is no such */
} GpuvmPdb;

/** GpuvmPtTable - one table, as a PDE names it. */
typedef struct GpuvmPtTable {
    uint64_t addr;
    GpuvmTarget target;
    uint32_t ptes;          /* entries that exist, 0 = absent */
} GpuvmPtTable;

/** GpuvmPde - a decoded page-directory entry. */
typedef struct GpuvmPde {
    GpuvmPtTable table[GPUVM_PT_LEVELS];
} GpuvmPde;

/** GpuvmPte - a decoded page-table entry. */
typedef struct GpuvmPte {
    bool valid;             /* the entry's valid bit */
    bool usable;            /* valid, and its aperture code is one that is */
    uint64_t addr;          /* of the page's first byte */
    GpuvmTarget target;
    uint8_t kind;
    uint32_t flags;         /* GPUVM_BIND_* */
} GpuvmPte;

/** GpuvmPtHit - what a virtual address translates to. */
typedef struct GpuvmPtHit {
    GpuvmPte pte;
    uint64_t addr;          /* of the byte asked for */
    uint64_t left;          /* bytes from there to the end of the page */
    uint32_t page_size;
} GpuvmPtHit;

/** gpuvm_pt_mode - the constant geometry with 64 or 128 KiB large pages. */
const GpuvmPtMode *gpuvm_pt_mode(bool is_64k);
/** gpuvm_pt_pdb_decode - the page-directory pointer of an instance block. */
GpuvmPdb gpuvm_pt_pdb_decode(uint32_t lo, uint32_t hi);
/** gpuvm_pt_pdb_read - that of the block at slice offset @inst. */
GpuvmPdb gpuvm_pt_pdb_read(const GpuvmMem *m, uint64_t inst);
GpuvmPde gpuvm_pt_pde_decode(const GpuvmPtMode *mode, uint64_t raw);
/** gpuvm_pt_pte_decode - low address bits inside the page are dropped. */
GpuvmPte gpuvm_pt_pte_decode(const GpuvmPtMode *mode, GpuvmPtLevel level,
                             uint64_t raw);
/**
 * gpuvm_pt_walk - translates @va by the guest's own tables, each entry read
 * once.  False with a NVC0_FAULT_REASON_* in @reason.  Says nothing about
 * whether the address lies in the VM's memory.  Any thread.
 */
bool gpuvm_pt_walk(const GpuvmMem *m, const GpuvmPtMode *mode,
                   const GpuvmPdb *pdb, uint64_t va, GpuvmPtHit *hit,
                   uint32_t *reason);

#endif
