/*
 * s[]: the memory of a CTA, and its locks.
 *
 * Addresses are 32 bits and are checked against the CTA's size before any
 * byte moves.  Lane after lane is a block copy, all else goes lane by lane.
 *
 * `ld lock` / `st unlock` are how Fermi does atomics on s[]: a load takes a
 * lock on its word and tells by a predicate whether it won, the store gives it
 * back, and losers try again.  Here every word has a lock bit, so for each
 * address the lowest lane that asks wins, unless another lane (perhaps of a
 * warp whose time was up) has it.  The bits are cleared when a CTA starts.
 *
 * Facts: nvc0-compute.md 3.5, 4.6.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/mem.h"

/* Whether every lane of @mask is aligned and inside; else the trap is set. */
static SoftExecStatus check(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            const uint32_t *a)
{
    uint32_t bytes = mem_bytes(in->type), size = w->cta->shared_size;
    uint32_t bits = 0, top = 0;

    if (mask == ~0u) {
        for (unsigned i = 0; i < SOFT_LANES; i++) {
            uint32_t addr = a[i] + (uint32_t)in->offset;

            bits |= addr;
            top = addr > top ? addr : top;
        }
    } else {
        FOR_LANES(i, mask) {
            uint32_t addr = a[i] + (uint32_t)in->offset;

            bits |= addr;
            top = addr > top ? addr : top;
        }
    }
    if (size < bytes || top > size - bytes) {
        return mem_trap(w, GPUVM_TRAP_SHARED_RANGE, in);
    }
    if (bits & (bytes - 1)) {
        return mem_trap(w, GPUVM_TRAP_MISALIGNED, in);
    }
    return SOFT_EXEC_OK;
}

MEM_INLINE SoftExecStatus load(SoftWarp *w, uint32_t mask, const uint32_t *a,
                               int32_t offset, const MemRegs *d,
                               unsigned type)
{
    const uint8_t *s = w->cta->shared;

    if (mask == ~0u && type == SOFT_ACCESS_B32 && mem_contiguous(a, 4)) {
        memcpy(d->r[0], s + (uint32_t)(a[0] + (uint32_t)offset),
               SOFT_LANES * 4);
        return SOFT_EXEC_OK;
    }
    if (mask == ~0u) {
        for (unsigned i = 0; i < SOFT_LANES; i++) {
            mem_load(d, i, s + (uint32_t)(a[i] + (uint32_t)offset), type);
        }
    } else {
        FOR_LANES(i, mask) {
            mem_load(d, i, s + (uint32_t)(a[i] + (uint32_t)offset), type);
        }
    }
    return SOFT_EXEC_OK;
}

MEM_INLINE SoftExecStatus store(SoftWarp *w, uint32_t mask, const uint32_t *a,
                                int32_t offset, const MemRegs *d,
                                unsigned type)
{
    uint8_t *s = w->cta->shared;

    if (mask == ~0u && type == SOFT_ACCESS_B32 && mem_contiguous(a, 4)) {
        memcpy(s + (uint32_t)(a[0] + (uint32_t)offset), d->r[0],
               SOFT_LANES * 4);
        return SOFT_EXEC_OK;
    }
    FOR_LANES(i, mask) {
        mem_store(d, i, s + (uint32_t)(a[i] + (uint32_t)offset), type);
    }
    return SOFT_EXEC_OK;
}

SoftExecStatus gpuvm_soft_exec_ld_s(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    MemRegs d = mem_dst(w, in->dst);
    SoftExecStatus st = check(w, in, mask, a);

    if (st != SOFT_EXEC_OK) {
        return st;
    }
    MEM_BY_TYPE(in->type, load, w, mask, a, in->offset, &d);
}

SoftExecStatus gpuvm_soft_exec_st_s(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    MemRegs d = mem_src(w, in->dst);
    SoftExecStatus st = check(w, in, mask, a);

    if (st != SOFT_EXEC_OK) {
        return st;
    }
    MEM_BY_TYPE(in->type, store, w, mask, a, in->offset, &d);
}

SoftExecStatus gpuvm_soft_exec_ld_s_lock(SoftWarp *w, const SoftInsn *in,
                                         uint32_t mask)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    uint32_t *locked = w->cta->locks, won = 0;
    MemRegs d = mem_dst(w, in->dst);
    SoftExecStatus st = check(w, in, mask, a);

    if (st != SOFT_EXEC_OK) {
        return st;
    }
    FOR_LANES(i, mask) {
        uint32_t addr = a[i] + (uint32_t)in->offset, word = addr / 4;
        uint32_t bit = 1u << (word % 32);

        if (!(locked[word / 32] & bit)) {
            locked[word / 32] |= bit;
            won |= 1u << i;
        }
        /* losers get the value, too, and must not use it */
        mem_load(&d, i, w->cta->shared + addr, in->type);
    }
    w->lock_lanes |= won;
    gpuvm_soft_set_pred(w, in->pdst, won, mask);
    return SOFT_EXEC_OK;
}

SoftExecStatus gpuvm_soft_exec_st_s_unlock(SoftWarp *w, const SoftInsn *in,
                                           uint32_t mask)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    uint32_t *locked = w->cta->locks;
    MemRegs d = mem_src(w, in->dst);
    SoftExecStatus st = check(w, in, mask, a);

    if (st != SOFT_EXEC_OK) {
        return st;
    }
    FOR_LANES(i, mask) {
        uint32_t addr = a[i] + (uint32_t)in->offset, word = addr / 4;

        mem_store(&d, i, w->cta->shared + addr, in->type);
        locked[word / 32] &= ~(1u << (word % 32));
    }
    w->lock_lanes &= ~mask;
    return SOFT_EXEC_OK;
}
