/*
 * Arithmetic done lane by lane, the same for all vector widths: directed
 * rounding, special functions, conversions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ISA_ALU_SLOW_H
#define GPUVM_SOFT_ISA_ALU_SLOW_H

#include "soft/isa/isa.h"

typedef enum SoftSlowOp {
    SOFT_SLOW_ADD,      /* a + b */
    SOFT_SLOW_MUL,      /* a * b; f32: times c, a power of two */
    SOFT_SLOW_FMA,      /* a * b + c */
} SoftSlowOp;

/** SoftMufuOp - mufu's function, bits 28:26. */
typedef enum SoftMufuOp {
    SOFT_MUFU_COS, SOFT_MUFU_SIN, SOFT_MUFU_EX2, SOFT_MUFU_LG2,
    SOFT_MUFU_RCP, SOFT_MUFU_RSQ, SOFT_MUFU_RCP64H, SOFT_MUFU_RSQ64H,
} SoftMufuOp;

/**
 * gpuvm_soft_slow_f32 - @op of 32 lanes, rounded once as @rnd says (0 even
 * 1 down 2 up 3 towards zero).
 */
void gpuvm_soft_slow_f32(SoftSlowOp op, unsigned rnd, const uint32_t *a,
                         const uint32_t *b, const uint32_t *c, uint32_t *out);
void gpuvm_soft_slow_f64(SoftSlowOp op, unsigned rnd, const double *a,
                         const double *b, const double *c, double *out);

/** gpuvm_soft_slow_mufu - function of @x in place, on the lanes of @mask. */
void gpuvm_soft_slow_mufu(SoftMufuOp op, uint32_t *x, uint32_t mask);

/**
 * gpuvm_soft_convert - one value through F2F, F2I, I2F or I2I (@in).
 * @src: register (pair) of the source: bytes, halves not yet selected
 * Returns: the destination register (pair).
 */
uint64_t gpuvm_soft_convert(const SoftInsn *in, uint64_t src);

#endif
