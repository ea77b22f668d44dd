/*
 * A warp's start, a CTA's faults, and constant banks.
 *
 * Constant banks are read by almost every instruction of a kernel, so host
 * pointers to their pages are kept per CTA.  They are found at the first read
 * and dropped when the translation cache's generation changes, that is after
 * every flush of the address space.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "soft/isa/isa.h"
#include "spec/fault.h"

void gpuvm_soft_warp_init(SoftWarp *w, SoftCta *cta, unsigned index)
{
    const uint32_t *block = cta->launch->block;
    uint32_t bx = block[0] ? block[0] : 1, by = block[1] ? block[1] : 1;

    memset(w->r, 0, sizeof(w->r));
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        uint32_t t = index * SOFT_LANES + i;

        w->tid[0][i] = t % bx;
        w->tid[1][i] = t / bx % by;
        w->tid[2][i] = t / bx / by;
    }
    w->cta = cta;
    w->index = index;
    gpuvm_soft_warp_again(w);
}

static void clear_registers(SoftWarp *w)
{
    uint32_t gprs = w->cta->launch->gprs;
    uint64_t m;

    if (!w->cta->dead) {
        memset(w->r, 0, (gprs < SOFT_REG_ZERO ? gprs : SOFT_REG_ZERO) *
               sizeof(w->r[0]));
        return;
    }
    m = ~w->cta->dead & ((UINT64_C(1) << SOFT_REG_ZERO) - 1);
    for (; m; m &= m - 1) {
        memset(w->r[__builtin_ctzll(m)], 0, sizeof(w->r[0]));
    }
}

void gpuvm_soft_warp_again(SoftWarp *w)
{
    unsigned first = w->index * SOFT_LANES, left;

    left = w->cta->threads > first ? w->cta->threads - first : 0;
    clear_registers(w);
    memset(w->p, 0, sizeof(w->p));
    w->p[SOFT_PRED_TRUE] = ~0u;
    w->z = w->s = w->c = w->o = 0;
    w->live = left >= SOFT_LANES ? ~0u : (1u << left) - 1;
    w->active = w->live;
    w->pc = w->cta->prog->entry;
    w->depth = 0;
    w->executed = 0;
    w->lock_lanes = 0;
    memset(&w->bar, 0, sizeof(w->bar));
}

void gpuvm_soft_cta_trap(SoftCta *cta, GpuvmTrap trap, const SoftInsn *in)
{
    if (cta->faulted) {
        return;
    }
    cta->faulted = true;
    cta->fault = (GpuvmFault) {
        .kind = GPUVM_FAULT_GR_TRAP,
        .engine = GPUVM_ENGINE_GR,
        .va = cta->launch->code_va + in->pc,
        .reason = trap,
    };
}

void gpuvm_soft_cta_fault_mem(SoftCta *cta, const SoftMemFault *f)
{
    if (cta->faulted) {
        return;
    }
    cta->faulted = true;
    cta->fault = (GpuvmFault) {
        .kind = GPUVM_FAULT_MMU,
        .engine = GPUVM_ENGINE_GR,
        .va = f->va,
        .reason = f->reason,
        .unit = NVC0_FAULT_UNIT_PGRAPH,
        .client = NVC0_FAULT_GPC_L1,
        .write = f->write,
    };
}

uint32_t gpuvm_soft_const_fill(SoftCta *cta, unsigned bank, uint32_t offset)
{
    SoftConstPages *p = &cta->consts;
    uint64_t va = cta->launch->cb[bank].va + offset;
    uint32_t at = (cta->launch->cb[bank].va & (SOFT_PAGE_SIZE - 1)) + offset;
    SoftMemFault f;
    uint8_t *host;
    uint32_t v;

    if ((at & 3) || offset >= 0x10000) {
        if (!gpuvm_soft_mem_rd32(cta->tlb, va, &v, &f)) {
            gpuvm_soft_cta_fault_mem(cta, &f);
            return 0;
        }
        return v;
    }
    if (p->generation != cta->tlb->generation) {
        memset(p, 0, sizeof(*p));
        p->generation = cta->tlb->generation;
    }
    host = gpuvm_soft_tlb_page(cta->tlb, va, false, &f);
    if (!host) {
        gpuvm_soft_cta_fault_mem(cta, &f);
        return 0;
    }
    p->page[bank][at >> SOFT_PAGE_BITS] = host - (at & (SOFT_PAGE_SIZE - 1));
    if (at < SOFT_PAGE_SIZE) {
        /* whole words, as a word is read if its offset is below */
        p->start[bank] = host - offset;
        p->near[bank] = MIN(cta->launch->cb[bank].size,
                            SOFT_PAGE_SIZE - (at - offset)) & ~3u;
    }
    memcpy(&v, host, sizeof(v));
    return v;
}
