/*
 * The software GPU's address space: 40-bit GPU virtual addresses to host
 * pointers, 4 KiB at a time, with a translation cache per thread.
 *
 * Page entries are read and written as atomics: the VM's worker binds and
 * unbinds while GPU threads translate.  A thread holds a *section* while it
 * uses host pointers.  Whoever must be sure that an old pointer is gone (guest
 * RAM leaves, an address space dies, the GPU is frozen) asks for a pause:
 * threads see `attention`, leave their section at the next safe point, and
 * find an empty cache when they come back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_AS_H
#define GPUVM_SOFT_AS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu/gpu.h"

typedef struct SoftGpu SoftGpu;
typedef struct GpuvmGpuAs SoftAs;

#define SOFT_PAGE_BITS 12
#define SOFT_PAGE_SIZE (1u << SOFT_PAGE_BITS)
#define SOFT_TLB_SIZE  1024

/** SoftMemFault - why a translation failed; numbers of spec/fault.h. */
typedef struct SoftMemFault {
    uint64_t va;
    uint32_t reason;        /* 0 PT, 2 page not present, 3 limit, 6 read only */
    bool write;
} SoftMemFault;

typedef struct SoftTlbEntry {
    uint64_t tag;           /* va page | 1, 0 = empty; bit 1: may write */
    uint8_t *host;          /* start of the page */
} SoftTlbEntry;

/** SoftTlb - one thread's cache over one address space; see _init. */
typedef struct SoftTlb {
    SoftAs *as;
    uint32_t generation;
    SoftTlbEntry e[SOFT_TLB_SIZE];
} SoftTlb;

/* Arrays of a power of two, one behind the other, must not meet in an entry. */
#define SOFT_TLB_SPREAD 165

/** gpuvm_soft_tlb_slot - index of the entry for @va. */
static inline unsigned gpuvm_soft_tlb_slot(uint64_t va)
{
    uint64_t page = va >> SOFT_PAGE_BITS;

    return (page + page / SOFT_TLB_SIZE * SOFT_TLB_SPREAD) % SOFT_TLB_SIZE;
}

/** gpuvm_soft_tlb_init - empty, for @as; no resources to free. */
void gpuvm_soft_tlb_init(SoftTlb *t, SoftAs *as);
/** gpuvm_soft_tlb_sync - empties the cache if the space was flushed since. */
void gpuvm_soft_tlb_sync(SoftTlb *t);
/** gpuvm_soft_tlb_fill - slow path of gpuvm_soft_tlb_page(). */
uint8_t *gpuvm_soft_tlb_fill(SoftTlb *t, uint64_t va, bool write,
                             SoftMemFault *f);

/**
 * gpuvm_soft_tlb_page - host address of the byte at @va, good to the end of
 * its 4 KiB page; NULL and @f filled if it is not mapped.  Inside a section.
 * A page taken for writing is marked dirty at the next completion.
 */
static inline uint8_t *gpuvm_soft_tlb_page(SoftTlb *t, uint64_t va,
                                           bool write, SoftMemFault *f)
{
    SoftTlbEntry *e = &t->e[gpuvm_soft_tlb_slot(va)];
    uint64_t tag = (va & ~(uint64_t)(SOFT_PAGE_SIZE - 1)) | 1;

    if (__builtin_expect((e->tag | 2) == (tag | 2) &&
                         (!write || (e->tag & 2)), 1)) {
        return e->host + (va & (SOFT_PAGE_SIZE - 1));
    }
    return gpuvm_soft_tlb_fill(t, va, write, f);
}

/* Any length and alignment; false with @f at the first byte that faults. */
bool gpuvm_soft_mem_read(SoftTlb *t, uint64_t va, void *buf, size_t len,
                         SoftMemFault *f);
bool gpuvm_soft_mem_write(SoftTlb *t, uint64_t va, const void *buf,
                          size_t len, SoftMemFault *f);
static inline bool gpuvm_soft_mem_rd32(SoftTlb *t, uint64_t va, uint32_t *val,
                                       SoftMemFault *f)
{
    return gpuvm_soft_mem_read(t, va, val, 4, f);
}
static inline bool gpuvm_soft_mem_wr32(SoftTlb *t, uint64_t va, uint32_t val,
                                       SoftMemFault *f)
{
    return gpuvm_soft_mem_write(t, va, &val, 4, f);
}

/** gpuvm_soft_as_complete - tells the host which of its pages were written;
 *  before a completion (fence, event) is made visible.  Any GPU thread. */
void gpuvm_soft_as_complete(SoftAs *as);
GpuvmHost *gpuvm_soft_as_host(SoftAs *as);
SoftGpu *gpuvm_soft_as_gpu(SoftAs *as);

/* Sections and pauses (see the top). */
void gpuvm_soft_section_enter(SoftGpu *gpu);
void gpuvm_soft_section_leave(SoftGpu *gpu);
/** gpuvm_soft_attention - non-zero: call gpuvm_soft_section_yield() soon. */
static inline uint32_t gpuvm_soft_attention(const _Atomic uint32_t *attention)
{
    return atomic_load_explicit(attention, memory_order_relaxed);
}
const _Atomic uint32_t *gpuvm_soft_attention_word(SoftGpu *gpu);
/** gpuvm_soft_section_yield - leaves, waits for the pause to end, enters;
 *  the caller then calls gpuvm_soft_tlb_sync() before it uses memory. */
void gpuvm_soft_section_yield(SoftGpu *gpu);

#endif
