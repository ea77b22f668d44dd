/*
 * PMMU: the register side of the GPU's MMU, which is the page-table cache's
 * flush.
 *
 * A driver polls MMU_CTRL for room in the flush queue, writes the page
 * directory, triggers, and polls until the queue is empty.  The VM brings its
 * shadow up to date in gpuvm_vm_tlb_flush(); while an address space that has
 * work in flight still waits for the VM's worker, the queue is shown as not
 * empty.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pfb_regs.h"

#define PAGE_SHIFT 12

static uint32_t ctrl_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    uint32_t val = NV_PFB_PRI_MMU_CTRL_FIFO_SPACE |
                   (stored & NV_PFB_PRI_MMU_CTRL_STORED);

    return gpuvm_vm_tlb_pending(b->vm) ? val :
           val | NV_PFB_PRI_MMU_CTRL_FIFO_EMPTY;
}

static uint32_t ctrl_write(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored, uint32_t val)
{
    if ((stored ^ val) & NV_PFB_PRI_MMU_CTRL_BIG_PAGE_64K) {
        gpuvm_vm_set_big_page(b->vm, val & NV_PFB_PRI_MMU_CTRL_BIG_PAGE_64K);
    }
    return val & NV_PFB_PRI_MMU_CTRL_STORED;
}

static uint32_t invalidate_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                 uint32_t index, uint32_t stored, uint32_t val)
{
    uint32_t pdb = gpuvm_regs_get(b, NV_PFB_PRI_MMU_INVALIDATE_PDB);
    uint32_t target = pdb & NV_PFB_PRI_MMU_INVALIDATE_PDB_TARGET;
    uint64_t addr = (uint64_t)(pdb >> NV_PFB_PRI_MMU_INVALIDATE_PDB_ADDR_SHIFT)
                    << PAGE_SHIFT;
    bool all = val & NV_PFB_PRI_MMU_INVALIDATE_ALL_PDB;

    if (!(val & NV_PFB_PRI_MMU_INVALIDATE_TRIGGER)) {
        return val;
    }
    if (!all && target != NV_MMU_TARGET_VRAM &&
        target != NV_MMU_TARGET_SYSMEM_COH &&
        target != NV_MMU_TARGET_SYSMEM_NCOH) {
        gpuvm_guest_error(b->host, "TLB flush of a page directory in unknown "
                          "memory (0x%08x)", pdb);
        return 0;
    }
    gpuvm_vm_tlb_flush(b->vm, addr, target == NV_MMU_TARGET_VRAM ?
                       GPUVM_TARGET_VRAM : GPUVM_TARGET_SYSRAM, all);
    return val & ~NV_PFB_PRI_MMU_INVALIDATE_TRIGGER;
}

static void pmmu_reset(GpuvmBoard *b)
{
    gpuvm_vm_set_big_page(b->vm, false);
}

static const GpuvmRegRow rows[] = {
    { "PFB_PRI_MMU_CTRL", NV_PFB_PRI_MMU_CTRL, .read = ctrl_read,
      .write = ctrl_write },
    { "PFB_PRI_MMU_INVALIDATE_PDB", NV_PFB_PRI_MMU_INVALIDATE_PDB },
    { "PFB_PRI_MMU_INVALIDATE", NV_PFB_PRI_MMU_INVALIDATE,
      .write = invalidate_write },
};

const GpuvmUnit gpuvm_unit_pmmu = {
    .name = "pmmu",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
    .reset = pmmu_reset,
};
