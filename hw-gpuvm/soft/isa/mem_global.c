/*
 * g[]: loads and stores through the GPU's address space.
 *
 * Most accesses have one of two shapes, which are tested for on the address
 * registers: all lanes together (one load, broadcast; of a store the highest
 * lane remains) and lane after lane (block copies, cut at page ends).  All
 * others go lane by lane in order 0..31, with the last page's host address
 * kept at hand.
 *
 * A 32-bit address may lie in the windows that show s[] and l[] to generic
 * pointers; 64-bit addresses are plain virtual addresses.
 *
 * Facts: nvc0-compute.md 3.4, 4.6.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/mem.h"
#include "soft/isa/mem_global.h"

#define PAGE_MASK ((uint64_t)SOFT_PAGE_SIZE - 1)

/* Host address of a lane that may be in a window; NULL: neither s[] nor l[];
 * *range is cleared where it is in a window but out of range. */
static uint8_t *window(SoftWarp *w, unsigned lane, uint32_t addr,
                       unsigned bytes, bool *range)
{
    const SoftLaunch *l = w->cta->launch;
    uint32_t off = addr - l->shared_base;

    if (l->shared_base && off < SOFT_WINDOW_SIZE) {
        *range = off + bytes <= w->cta->shared_size;
        return w->cta->shared + off;
    }
    off = addr - l->local_base;
    if (l->local_base && off < SOFT_WINDOW_SIZE) {
        *range = w->local && off + bytes <= l->local_pos;
        return w->local ? w->local + lane * w->cta->local_stride + off :
                          w->cta->shared;
    }
    return NULL;
}

static bool any_in_window(const SoftWarp *w, const MemAddr *a, uint32_t mask)
{
    const SoftLaunch *l = w->cta->launch;

    if (a->hi || (!l->shared_base && !l->local_base)) {
        return false;
    }
    FOR_LANES(i, mask) {
        uint32_t addr = mem_addr(a, i);

        if ((l->shared_base && addr - l->shared_base < SOFT_WINDOW_SIZE) ||
            (l->local_base && addr - l->local_base < SOFT_WINDOW_SIZE)) {
            return true;
        }
    }
    return false;
}

/* Lane by lane with windows: rare, never fast. */
static SoftExecStatus generic(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                              const MemAddr *a, const MemRegs *d, bool write)
{
    unsigned bytes = mem_bytes(in->type);
    SoftMemFault f;

    FOR_LANES(i, mask) {
        uint64_t addr = mem_addr(a, i);
        bool range = true;
        uint8_t *p = window(w, i, addr, bytes, &range);

        if (!range) {
            return mem_trap(w, GPUVM_TRAP_SHARED_RANGE, in);
        }
        if (!p) {
            p = gpuvm_soft_tlb_page(w->cta->tlb, addr, write, &f);
        }
        if (!p) {
            return mem_fault(w, &f);
        }
        if (write) {
            mem_store(d, i, p, in->type);
        } else {
            mem_load(d, i, p, in->type);
        }
    }
    return SOFT_EXEC_OK;
}

bool gpuvm_soft_mem_aligned(const MemAddr *a, uint32_t mask, unsigned bytes)
{
    uint32_t bits = 0;

    if (bytes == 1) {
        return true;
    }
    if (mask == ~0u) {
        for (unsigned i = 0; i < SOFT_LANES; i++) {
            bits |= a->lo[i] + (uint32_t)a->offset;
        }
    } else {
        FOR_LANES(i, mask) {
            bits |= a->lo[i] + (uint32_t)a->offset;
        }
    }
    return (bits & (bytes - 1)) == 0;
}

/* ---- lane by lane ---- */

MEM_INLINE SoftExecStatus lanes_load(SoftWarp *w, uint32_t mask,
                                     const MemAddr *a, const MemRegs *d,
                                     unsigned type)
{
    uint64_t page = ~(uint64_t)0;
    const uint8_t *host = NULL;
    SoftMemFault f;

    FOR_LANES(i, mask) {
        uint64_t addr = mem_addr(a, i);

        if ((addr & ~PAGE_MASK) != page) {
            host = gpuvm_soft_tlb_page(w->cta->tlb, addr, false, &f);
            if (!host) {
                return mem_fault(w, &f);
            }
            host -= addr & PAGE_MASK;
            page = addr & ~PAGE_MASK;
        }
        mem_load(d, i, host + (addr & PAGE_MASK), type);
    }
    return SOFT_EXEC_OK;
}

MEM_INLINE SoftExecStatus lanes_store(SoftWarp *w, uint32_t mask,
                                      const MemAddr *a, const MemRegs *d,
                                      unsigned type)
{
    uint64_t page = ~(uint64_t)0;
    uint8_t *host = NULL;
    SoftMemFault f;

    FOR_LANES(i, mask) {
        uint64_t addr = mem_addr(a, i);

        if ((addr & ~PAGE_MASK) != page) {
            host = gpuvm_soft_tlb_page(w->cta->tlb, addr, true, &f);
            if (!host) {
                return mem_fault(w, &f);
            }
            host -= addr & PAGE_MASK;
            page = addr & ~PAGE_MASK;
        }
        mem_store(d, i, host + (addr & PAGE_MASK), type);
    }
    return SOFT_EXEC_OK;
}

/* ---- all 32 lanes, lane after lane ---- */

MEM_INLINE SoftExecStatus run_load(SoftWarp *w, uint64_t va,
                                   const MemRegs *d, unsigned type)
{
    unsigned bytes = mem_bytes(type), lane = 0;
    SoftMemFault f;

    while (lane < SOFT_LANES) {
        unsigned n = (SOFT_PAGE_SIZE - (va & PAGE_MASK)) / bytes;
        const uint8_t *p = gpuvm_soft_tlb_page(w->cta->tlb, va, false, &f);

        if (!p) {
            return mem_fault(w, &f);
        }
        n = n < SOFT_LANES - lane ? n : SOFT_LANES - lane;
        if (type == SOFT_ACCESS_B32) {
            memcpy(d->r[0] + lane, p, n * 4);
        } else {
            for (unsigned i = 0; i < n; i++) {
                mem_load(d, lane + i, p + i * bytes, type);
            }
        }
        lane += n;
        va += (uint64_t)n * bytes;
    }
    return SOFT_EXEC_OK;
}

MEM_INLINE SoftExecStatus run_store(SoftWarp *w, uint64_t va,
                                    const MemRegs *d, unsigned type)
{
    unsigned bytes = mem_bytes(type), lane = 0;
    SoftMemFault f;

    while (lane < SOFT_LANES) {
        unsigned n = (SOFT_PAGE_SIZE - (va & PAGE_MASK)) / bytes;
        uint8_t *p = gpuvm_soft_tlb_page(w->cta->tlb, va, true, &f);

        if (!p) {
            return mem_fault(w, &f);
        }
        n = n < SOFT_LANES - lane ? n : SOFT_LANES - lane;
        if (type == SOFT_ACCESS_B32) {
            memcpy(p, d->r[0] + lane, n * 4);
        } else {
            for (unsigned i = 0; i < n; i++) {
                mem_store(d, lane + i, p + i * bytes, type);
            }
        }
        lane += n;
        va += (uint64_t)n * bytes;
    }
    return SOFT_EXEC_OK;
}

/* ---- entries ---- */

static SoftExecStatus load_uniform(SoftWarp *w, const SoftInsn *in,
                                   uint32_t mask, const MemAddr *a,
                                   const MemRegs *d)
{
    unsigned words = in->type == SOFT_ACCESS_B128 ? 4 :
                     in->type == SOFT_ACCESS_B64 ? 2 : 1;
    uint32_t v[4][SOFT_LANES];
    MemRegs one = { { v[0], v[1], v[2], v[3] } };
    SoftMemFault f;
    const uint8_t *p = gpuvm_soft_tlb_page(w->cta->tlb, mem_addr(a, 0), false,
                                           &f);

    if (!p) {
        return mem_fault(w, &f);
    }
    mem_load(&one, 0, p, in->type);
    for (unsigned k = 0; k < words; k++) {
        if (mask == ~0u) {
            for (unsigned i = 0; i < SOFT_LANES; i++) {
                d->r[k][i] = v[k][0];
            }
        } else {
            FOR_LANES(i, mask) {
                d->r[k][i] = v[k][0];
            }
        }
    }
    return SOFT_EXEC_OK;
}

/* Whether the lanes lie one after another and no address wraps around. */
MEM_INLINE bool is_run(const MemAddr *a, uint32_t mask, unsigned bytes)
{
    return mask == ~0u && mem_contiguous(a->lo, bytes) &&
           (!a->hi || mem_uniform(a->hi)) &&
           mem_addr(a, SOFT_LANES - 1) - mem_addr(a, 0) ==
           (SOFT_LANES - 1) * bytes;
}

MEM_INLINE SoftExecStatus load(SoftWarp *w, uint32_t mask, const MemAddr *a,
                               const MemRegs *d, unsigned type)
{
    if (is_run(a, mask, mem_bytes(type))) {
        return run_load(w, mem_addr(a, 0), d, type);
    }
    return lanes_load(w, mask, a, d, type);
}

MEM_INLINE SoftExecStatus store(SoftWarp *w, uint32_t mask, const MemAddr *a,
                                const MemRegs *d, unsigned type)
{
    if (is_run(a, mask, mem_bytes(type))) {
        return run_store(w, mem_addr(a, 0), d, type);
    }
    return lanes_store(w, mask, a, d, type);
}

SoftExecStatus gpuvm_soft_exec_ld_g(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    MemAddr a = mem_address(w, in);
    MemRegs d = mem_dst(w, in->dst);

    if (!gpuvm_soft_mem_aligned(&a, mask, mem_bytes(in->type))) {
        return mem_trap(w, GPUVM_TRAP_MISALIGNED, in);
    }
    if (any_in_window(w, &a, mask)) {
        return generic(w, in, mask, &a, &d, false);
    }
    if (mem_uniform(a.lo) && (!a.hi || mem_uniform(a.hi))) {
        return load_uniform(w, in, mask, &a, &d);
    }
    MEM_BY_TYPE(in->type, load, w, mask, &a, &d);
}

SoftExecStatus gpuvm_soft_exec_st_g(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    MemAddr a = mem_address(w, in);
    MemRegs d = mem_src(w, in->dst);

    if (!gpuvm_soft_mem_aligned(&a, mask, mem_bytes(in->type))) {
        return mem_trap(w, GPUVM_TRAP_MISALIGNED, in);
    }
    if (any_in_window(w, &a, mask)) {
        return generic(w, in, mask, &a, &d, true);
    }
    if (mem_uniform(a.lo) && (!a.hi || mem_uniform(a.hi))) {
        mask = 1u << (31 - __builtin_clz(mask));
    }
    MEM_BY_TYPE(in->type, store, w, mask, &a, &d);
}

SoftExecStatus gpuvm_soft_exec_membar(SoftWarp *w, const SoftInsn *in,
                                      uint32_t mask)
{
    /* a CTA is one thread: only what leaves it needs a fence */
    if (in->subop) {
        atomic_thread_fence(memory_order_seq_cst);
    }
    return SOFT_EXEC_OK;
}

SoftExecStatus gpuvm_soft_exec_cctl(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    return SOFT_EXEC_OK;        /* there are no caches to control */
}
