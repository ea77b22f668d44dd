/*
 * GF100 page tables (spec/pagetable.h has the format).
 *
 * The walk reads the PDE of the address, then the large table's PTE if there
 * is a large table; only when that is absent or invalid, the small table's.
 * A large PTE that is valid but bad hides the small one, as in the hardware.
 * The reason of a failure is that of the last table looked at: no table at
 * all, a table too short for the address, or an invalid PTE.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/pagetable.h"

#include <glib.h>

#include "spec/fault.h"
#include "spec/inst.h"
#include "spec/pagetable.h"

#define PT_MODE(pde, large)                                                  \
    {                                                                        \
        .pde_bits = (pde),                                                   \
        .page_bits = { (large), GF100_SMALL_PAGE_BITS },                     \
        .pdes = 1u << (GF100_VA_BITS - (pde)),                               \
        .ptes = { 1u << ((pde) - (large)),                                   \
                  1u << ((pde) - GF100_SMALL_PAGE_BITS) },                   \
        .ratio = 1u << ((large) - GF100_SMALL_PAGE_BITS),                    \
    }

static const GpuvmPtMode pt_modes[] = {
    PT_MODE(GF100_PDE_BITS_128K, GF100_LARGE_PAGE_BITS_128K),
    PT_MODE(GF100_PDE_BITS_64K, GF100_LARGE_PAGE_BITS_64K),
};

const GpuvmPtMode *gpuvm_pt_mode(bool is_64k)
{
    return &pt_modes[is_64k];
}

GpuvmPdb gpuvm_pt_pdb_decode(uint32_t lo, uint32_t hi)
{
    GpuvmPdb pdb = {
        .addr = (lo & GF100_INST_PDB_ADDR_MASK) |
                (uint64_t)(hi & GF100_INST_PDB_HI_MASK) << 32,
        .valid = true,
    };

    switch (lo & GF100_INST_PDB_TARGET_MASK) {
    case GF100_INST_PDB_VRAM:
        pdb.target = GPUVM_TARGET_VRAM;
        break;
    case GF100_INST_PDB_SYS_COH:
    case GF100_INST_PDB_SYS_NCOH:
        pdb.target = GPUVM_TARGET_SYSRAM;
        break;
    default:
        pdb.valid = false;
        break;
    }
    return pdb;
}

GpuvmPdb gpuvm_pt_pdb_read(const GpuvmMem *m, uint64_t inst)
{
    uint8_t raw[8];

    if (inst > UINT64_MAX - GF100_INST_SIZE ||
        !gpuvm_mem_read(m, GPUVM_TARGET_VRAM, inst + GF100_INST_PDB_LO, raw,
                        sizeof(raw))) {
        return (GpuvmPdb) { .valid = false };
    }
    return gpuvm_pt_pdb_decode(gpuvm_mem_le32(raw), gpuvm_mem_le32(raw + 4));
}

static GpuvmPtTable pde_half(uint32_t half, uint32_t ptes)
{
    GpuvmPtTable t = {
        .addr = (uint64_t)((half & GF100_PT_ADDR_MASK) >> GF100_PT_ADDR_LSB)
                << GF100_PT_ADDR_SHIFT,
        .ptes = ptes,
    };

    switch (half & GF100_PDE_TARGET_MASK) {
    case GF100_PDE_TARGET_VRAM:
        t.target = GPUVM_TARGET_VRAM;
        break;
    case GF100_PDE_TARGET_SYS_COH:
    case GF100_PDE_TARGET_SYS_NCOH:
        t.target = GPUVM_TARGET_SYSRAM;
        break;
    default:
        t.ptes = 0;
        break;
    }
    return t;
}

GpuvmPde gpuvm_pt_pde_decode(const GpuvmPtMode *mode, uint64_t raw)
{
    uint32_t lo = raw, hi = raw >> 32;
    unsigned code = (lo & GF100_PDE_SIZE_MASK) >> GF100_PDE_SIZE_LSB;
    /* log2 of the span that the tables cover: all, 64, 32 or 16 MiB */
    unsigned span = code == GF100_PDE_SIZE_FULL ? mode->pde_bits :
                    MIN(mode->pde_bits, 27 - code);
    GpuvmPde pde;

    pde.table[GPUVM_PT_LARGE] =
        pde_half(lo, 1u << (span - mode->page_bits[GPUVM_PT_LARGE]));
    pde.table[GPUVM_PT_SMALL] =
        pde_half(hi, 1u << (span - mode->page_bits[GPUVM_PT_SMALL]));
    return pde;
}

GpuvmPte gpuvm_pt_pte_decode(const GpuvmPtMode *mode, GpuvmPtLevel level,
                             uint64_t raw)
{
    uint32_t lo = raw, hi = raw >> 32;
    uint64_t page = 1ull << mode->page_bits[level];
    GpuvmPte pte = {
        .valid = lo & GF100_PTE_VALID,
        .usable = lo & GF100_PTE_VALID,
        .kind = (hi & GF100_PTE_HI_KIND_MASK) >> GF100_PTE_HI_KIND_LSB,
    };

    pte.addr = (uint64_t)((lo & GF100_PT_ADDR_MASK) >> GF100_PT_ADDR_LSB)
               << GF100_PT_ADDR_SHIFT;
    pte.addr &= ~(page - 1);
    switch ((hi & GF100_PTE_HI_APERTURE_MASK) >> GF100_PTE_HI_APERTURE_LSB) {
    case GF100_PTE_APERTURE_VRAM:
        pte.target = GPUVM_TARGET_VRAM;
        break;
    case GF100_PTE_APERTURE_SYS_COH:
    case GF100_PTE_APERTURE_SYS_NCOH:
        pte.target = GPUVM_TARGET_SYSRAM;
        break;
    default:
        pte.usable = false;
        break;
    }
    pte.flags = (lo & GF100_PTE_PRIV ? GPUVM_BIND_PRIV : 0) |
                (lo & GF100_PTE_READ_ONLY ? GPUVM_BIND_READ_ONLY : 0) |
                (hi & GF100_PTE_HI_VOLATILE ? GPUVM_BIND_VOLATILE : 0);
    return pte;
}

static bool read_entry(const GpuvmMem *m, GpuvmTarget target, uint64_t base,
                       uint64_t index, uint64_t *raw)
{
    uint8_t b[GF100_PT_ENTRY_SIZE];
    bool ok = gpuvm_mem_read(m, target, base + index * sizeof(b), b,
                             sizeof(b));

    *raw = gpuvm_mem_le64(b);
    return ok;
}

bool gpuvm_pt_walk(const GpuvmMem *m, const GpuvmPtMode *mode,
                   const GpuvmPdb *pdb, uint64_t va, GpuvmPtHit *hit,
                   uint32_t *reason)
{
    uint64_t in_pde = va & ((1ull << mode->pde_bits) - 1);
    uint64_t raw;
    GpuvmPde pde;
    int level;

    if (va >> GF100_VA_BITS) {
        *reason = NVC0_FAULT_REASON_VM_LIMIT;
        return false;
    }
    *reason = NVC0_FAULT_REASON_PT_NOT_PRESENT;
    if (!pdb->valid ||
        !read_entry(m, pdb->target, pdb->addr, va >> mode->pde_bits, &raw)) {
        return false;
    }
    pde = gpuvm_pt_pde_decode(mode, raw);
    for (level = GPUVM_PT_LARGE; level < GPUVM_PT_LEVELS; level++) {
        const GpuvmPtTable *t = &pde.table[level];
        uint64_t index = in_pde >> mode->page_bits[level];
        uint64_t page = 1ull << mode->page_bits[level];
        GpuvmPte pte;

        if (!t->ptes) {
            continue;
        }
        if (index >= t->ptes) {
            *reason = NVC0_FAULT_REASON_PT_TOO_SHORT;
            continue;
        }
        *reason = NVC0_FAULT_REASON_PAGE_NOT_PRESENT;
        if (!read_entry(m, t->target, t->addr, index, &raw)) {
            continue;
        }
        pte = gpuvm_pt_pte_decode(mode, level, raw);
        if (!pte.valid) {
            continue;
        }
        if (!pte.usable) {
            return false;
        }
        hit->pte = pte;
        hit->addr = pte.addr + (va & (page - 1));
        hit->left = page - (va & (page - 1));
        hit->page_size = page;
        return true;
    }
    return false;
}
