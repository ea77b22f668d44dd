/*
 * BAR1 and BAR3: which instance block's page directory each shows, and the
 * flushes that follow writes through them.
 *
 * With the VM bit clear a BAR shows VRAM linearly.  An instance block outside
 * VRAM is not something a Fermi driver does; it is refused by naming a block
 * beyond every slice, so that each page of the BAR is unmapped.  Flushes are done
 * when the write that asks for them returns: the busy bits always read 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pbus_regs.h"

/* The last block that the register can name: above any slice. */
#define NO_BLOCK ((uint64_t)NV_PBUS_BAR_BLOCK_PTR << NV_PBUS_BAR_BLOCK_PTR_SHIFT)

static uint32_t block_write(GpuvmBoard *b, const GpuvmRegRow *row,
                            uint32_t index, uint32_t stored, uint32_t val)
{
    GpuvmBar bar = row->addr == NV_PBUS_BAR1_BLOCK ? GPUVM_BAR1 : GPUVM_BAR3;
    uint64_t inst = (uint64_t)(val & NV_PBUS_BAR_BLOCK_PTR)
                    << NV_PBUS_BAR_BLOCK_PTR_SHIFT;
    bool vm_on = val & NV_PBUS_BAR_BLOCK_VM;

    if (vm_on && (val & NV_PBUS_BAR_BLOCK_TARGET)) {
        gpuvm_guest_error(b->host, "%s: the instance block is not in VRAM "
                          "(0x%08x)", row->name, val);
        inst = NO_BLOCK;
    }
    gpuvm_aperture_set(b->vm, bar, vm_on, inst);
    return val;
}

static void bar_reset(GpuvmBoard *b)
{
    gpuvm_aperture_set(b->vm, GPUVM_BAR1, false, 0);
    gpuvm_aperture_set(b->vm, GPUVM_BAR3, false, 0);
}

static const GpuvmRegRow rows[] = {
    { "PBUS_BAR1_BLOCK", NV_PBUS_BAR1_BLOCK, .write = block_write },
    { "PBUS_BAR3_BLOCK", NV_PBUS_BAR3_BLOCK, .write = block_write },
    { "PBUS_IFB_BLOCK", NV_PBUS_IFB_BLOCK },
    { "PHOST_FB_FLUSH", NV_PHOST_FB_FLUSH, .flags = GPUVM_REG_WO },
    { "PHOST_L2_SYSMEM_INVALIDATE", NV_PHOST_L2_SYSMEM_INVALIDATE,
      .flags = GPUVM_REG_WO },
    { "PHOST_L2_FLUSH", NV_PHOST_L2_FLUSH, .flags = GPUVM_REG_WO },
};

const GpuvmUnit gpuvm_unit_bar = {
    .name = "bar",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
    .reset = bar_reset,
};
