/*
 * What the memory instructions share: lanes of a mask, registers as the
 * target of typed accesses, shapes of address vectors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ISA_MEM_H
#define GPUVM_SOFT_ISA_MEM_H

#include <string.h>

#include "soft/isa/isa.h"

#define FOR_LANES(i, mask)                                                    \
    for (uint32_t m_##i = (mask), i = 0;                                      \
         m_##i && (i = __builtin_ctz(m_##i), 1); m_##i &= m_##i - 1)

#define MEM_INLINE static inline __attribute__((always_inline))

/** mem_bytes - of an access of @type; reserved types count as 16. */
MEM_INLINE unsigned mem_bytes(unsigned type)
{
    static const uint8_t bytes[8] = { 1, 1, 2, 2, 4, 8, 16, 16 };

    return bytes[type & 7];
}

/** MemRegs - the registers an access moves, of all lanes. */
typedef struct MemRegs {
    uint32_t *r[4];
} MemRegs;

MEM_INLINE MemRegs mem_dst(SoftWarp *w, unsigned n)
{
    MemRegs d = { {
        gpuvm_soft_dst(w, n), gpuvm_soft_dst(w, n + 1),
        gpuvm_soft_dst(w, n + 2), gpuvm_soft_dst(w, n + 3),
    } };

    return d;
}

/* Data of a store: $r63 stands for zeros in all its registers. */
MEM_INLINE MemRegs mem_src(SoftWarp *w, unsigned n)
{
    MemRegs d;

    for (unsigned k = 0; k < 4; k++) {
        d.r[k] = w->r[n + k < SOFT_REG_ZERO ? n + k : SOFT_REG_ZERO];
    }
    return d;
}

/** mem_load - one lane's value from @p; a word at a time is not torn. */
MEM_INLINE void mem_load(const MemRegs *d, unsigned lane, const uint8_t *p,
                         unsigned type)
{
    uint32_t v[4];
    uint16_t h;

    switch (type) {
    case SOFT_ACCESS_U8:
        d->r[0][lane] = *p;
        break;
    case SOFT_ACCESS_S8:
        d->r[0][lane] = (int8_t)*p;
        break;
    case SOFT_ACCESS_U16:
        memcpy(&h, p, 2);
        d->r[0][lane] = h;
        break;
    case SOFT_ACCESS_S16:
        memcpy(&h, p, 2);
        d->r[0][lane] = (int16_t)h;
        break;
    case SOFT_ACCESS_B32:
        memcpy(&d->r[0][lane], p, 4);
        break;
    case SOFT_ACCESS_B64:
        memcpy(v, p, 8);
        d->r[0][lane] = v[0];
        d->r[1][lane] = v[1];
        break;
    default:
        memcpy(v, p, 16);
        for (unsigned k = 0; k < 4; k++) {
            d->r[k][lane] = v[k];
        }
        break;
    }
}

MEM_INLINE void mem_store(const MemRegs *d, unsigned lane, uint8_t *p,
                          unsigned type)
{
    uint32_t v[4];
    uint16_t h;

    switch (type) {
    case SOFT_ACCESS_U8:
    case SOFT_ACCESS_S8:
        *p = d->r[0][lane];
        break;
    case SOFT_ACCESS_U16:
    case SOFT_ACCESS_S16:
        h = d->r[0][lane];
        memcpy(p, &h, 2);
        break;
    case SOFT_ACCESS_B32:
        memcpy(p, &d->r[0][lane], 4);
        break;
    case SOFT_ACCESS_B64:
        v[0] = d->r[0][lane];
        v[1] = d->r[1][lane];
        memcpy(p, v, 8);
        break;
    default:
        for (unsigned k = 0; k < 4; k++) {
            v[k] = d->r[k][lane];
        }
        memcpy(p, v, 16);
        break;
    }
}

/** MEM_BY_TYPE - calls @fn with the access type as a constant. */
#define MEM_BY_TYPE(type, fn, ...)                                            \
    switch (type) {                                                           \
    case SOFT_ACCESS_U8:  return fn(__VA_ARGS__, SOFT_ACCESS_U8);             \
    case SOFT_ACCESS_S8:  return fn(__VA_ARGS__, SOFT_ACCESS_S8);             \
    case SOFT_ACCESS_U16: return fn(__VA_ARGS__, SOFT_ACCESS_U16);            \
    case SOFT_ACCESS_S16: return fn(__VA_ARGS__, SOFT_ACCESS_S16);            \
    case SOFT_ACCESS_B32: return fn(__VA_ARGS__, SOFT_ACCESS_B32);            \
    case SOFT_ACCESS_B64: return fn(__VA_ARGS__, SOFT_ACCESS_B64);            \
    default:              return fn(__VA_ARGS__, SOFT_ACCESS_B128);           \
    }

/** mem_uniform - whether all 32 lanes hold the same value. */
MEM_INLINE bool mem_uniform(const uint32_t *a)
{
    uint32_t diff = 0;

    for (unsigned i = 0; i < SOFT_LANES; i++) {
        diff |= a[i] ^ a[0];
    }
    return diff == 0;
}

/** mem_contiguous - whether lane i holds a[0] + i * @step, for all lanes. */
MEM_INLINE bool mem_contiguous(const uint32_t *a, uint32_t step)
{
    uint32_t diff = 0;

    for (uint32_t i = 0; i < SOFT_LANES; i++) {
        diff |= a[i] ^ (a[0] + i * step);
    }
    return diff == 0;
}

MEM_INLINE SoftExecStatus mem_trap(SoftWarp *w, GpuvmTrap trap,
                                   const SoftInsn *in)
{
    gpuvm_soft_cta_trap(w->cta, trap, in);
    return SOFT_EXEC_FAULT;
}

MEM_INLINE SoftExecStatus mem_fault(SoftWarp *w, const SoftMemFault *f)
{
    gpuvm_soft_cta_fault_mem(w->cta, f);
    return SOFT_EXEC_FAULT;
}

#endif
