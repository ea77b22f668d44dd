/*
 * l[]: each thread's own memory, spills and private arrays.
 *
 * A lane's bytes lie together, @local_stride after the lane before.  Offsets
 * run from -LOCAL_NEG to LOCAL_POS - 1 and are checked before any byte moves.
 *
 * Facts: nvc0-compute.md 3.5, 4.6.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/mem.h"

static SoftExecStatus check(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            const uint32_t *a)
{
    const SoftLaunch *l = w->cta->launch;
    uint32_t bytes = mem_bytes(in->type), bits = 0;
    int64_t top = l->local_pos, bottom = -(int64_t)l->local_neg;
    bool ok = w->local != NULL;

    FOR_LANES(i, mask) {
        int32_t addr = a[i] + (uint32_t)in->offset;

        bits |= addr;
        ok &= addr >= bottom && (int64_t)addr + bytes <= top;
    }
    if (!ok) {
        return mem_trap(w, GPUVM_TRAP_SHARED_RANGE, in);
    }
    return bits & (bytes - 1) ? mem_trap(w, GPUVM_TRAP_MISALIGNED, in) :
                                SOFT_EXEC_OK;
}

static inline uint8_t *at(SoftWarp *w, const SoftInsn *in, unsigned lane,
                          uint32_t a)
{
    return w->local + (size_t)lane * w->cta->local_stride +
           (int32_t)(a + (uint32_t)in->offset);
}

MEM_INLINE SoftExecStatus load(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                               const uint32_t *a, const MemRegs *d,
                               unsigned type)
{
    FOR_LANES(i, mask) {
        mem_load(d, i, at(w, in, i, a[i]), type);
    }
    return SOFT_EXEC_OK;
}

MEM_INLINE SoftExecStatus store(SoftWarp *w, const SoftInsn *in,
                                uint32_t mask, const uint32_t *a,
                                const MemRegs *d, unsigned type)
{
    FOR_LANES(i, mask) {
        mem_store(d, i, at(w, in, i, a[i]), type);
    }
    return SOFT_EXEC_OK;
}

SoftExecStatus gpuvm_soft_exec_ld_l(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    MemRegs d = mem_dst(w, in->dst);
    SoftExecStatus st = check(w, in, mask, a);

    if (st != SOFT_EXEC_OK) {
        return st;
    }
    MEM_BY_TYPE(in->type, load, w, in, mask, a, &d);
}

SoftExecStatus gpuvm_soft_exec_st_l(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    MemRegs d = mem_src(w, in->dst);
    SoftExecStatus st = check(w, in, mask, a);

    if (st != SOFT_EXEC_OK) {
        return st;
    }
    MEM_BY_TYPE(in->type, store, w, in, mask, a, &d);
}
