/*
 * Addresses of g[] accesses; see mem_global.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ISA_MEM_GLOBAL_H
#define GPUVM_SOFT_ISA_MEM_GLOBAL_H

#include "soft/isa/mem.h"

/** Bytes of the windows at SHARED_BASE and LOCAL_BASE (nvc0-compute.md 3.4). */
#define SOFT_WINDOW_SIZE (16u << 20)

/** MemAddr - the address operand of an access to g[], all lanes. */
typedef struct MemAddr {
    const uint32_t *lo;
    const uint32_t *hi;     /* NULL: a 32-bit address */
    int64_t offset;
} MemAddr;

MEM_INLINE MemAddr mem_address(const SoftWarp *w, const SoftInsn *in)
{
    MemAddr a = { .lo = gpuvm_soft_src(w, in->src1), .offset = in->offset };

    if (in->flags & SOFT_F_WIDE) {
        a.hi = gpuvm_soft_src(w, in->src1 < SOFT_REG_ZERO ? in->src1 + 1 :
                                                            SOFT_REG_ZERO);
    }
    return a;
}

MEM_INLINE uint64_t mem_addr(const MemAddr *a, unsigned lane)
{
    return a->hi ? ((uint64_t)a->hi[lane] << 32 | a->lo[lane]) + a->offset :
                   (uint32_t)(a->lo[lane] + (uint32_t)a->offset);
}

/** gpuvm_soft_mem_aligned - whether the addresses of all lanes of @mask are
 *  multiples of @bytes, a power of two. */
bool gpuvm_soft_mem_aligned(const MemAddr *a, uint32_t mask, unsigned bytes);

#endif
