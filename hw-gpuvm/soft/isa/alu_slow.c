/*
 * Arithmetic lane by lane: directed rounding and special functions.
 *
 * Directed rounding uses the host's rounding mode; operands pass through
 * volatile variables so that the compiler does not move an operation over the
 * change of mode.  The special function unit of the hardware is approximate
 * and flushes denormals; here the C library computes the function of the
 * argument, which is at least as exact as the unit (nvc0-compute.md 4.2).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/alu_slow.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

static int host_rounding(unsigned rnd)
{
    static const int modes[4] = {
        FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO,
    };

    return modes[rnd & 3];
}

static float as_float(uint32_t x)
{
    float f;

    memcpy(&f, &x, 4);
    return f;
}

static uint32_t as_bits(float f)
{
    uint32_t x;

    memcpy(&x, &f, 4);
    return x;
}

void gpuvm_soft_slow_f32(SoftSlowOp op, unsigned rnd, const uint32_t *a,
                         const uint32_t *b, const uint32_t *c, uint32_t *out)
{
    fesetround(host_rounding(rnd));
    for (int i = 0; i < SOFT_LANES; i++) {
        volatile float x = as_float(a[i]), y = as_float(b[i]), r;

        if (op == SOFT_SLOW_ADD) {
            r = x + y;
        } else if (op == SOFT_SLOW_MUL) {
            /* exact in double, so rounded once */
            volatile double p = (double)x * y;

            p *= as_float(c[i]);
            r = (float)p;
        } else {
            r = fmaf(x, y, as_float(c[i]));
        }
        out[i] = as_bits(r);
    }
    fesetround(FE_TONEAREST);
}

void gpuvm_soft_slow_f64(SoftSlowOp op, unsigned rnd, const double *a,
                         const double *b, const double *c, double *out)
{
    fesetround(host_rounding(rnd));
    for (int i = 0; i < SOFT_LANES; i++) {
        volatile double x = a[i], y = b[i], r;

        r = op == SOFT_SLOW_ADD ? x + y : op == SOFT_SLOW_MUL ? x * y :
            fma(x, y, c[i]);
        out[i] = r;
    }
    fesetround(FE_TONEAREST);
}

static float flush(float x)
{
    return fpclassify(x) == FP_SUBNORMAL ? copysignf(0.0f, x) : x;
}

static float mufu_f32(SoftMufuOp op, float x)
{
    switch (op) {
    case SOFT_MUFU_COS:
        return cosf(x);
    case SOFT_MUFU_SIN:
        return sinf(x);
    case SOFT_MUFU_EX2:
        return exp2f(x);
    case SOFT_MUFU_LG2:
        return log2f(x);
    case SOFT_MUFU_RSQ:
        return (float)(1.0 / sqrt(x));
    default:
        return 1.0f / x;
    }
}

/* The high word of 1/x or 1/sqrt(x) of the double whose high word is @hi. */
static uint32_t mufu_f64h(SoftMufuOp op, uint32_t hi)
{
    uint64_t bits = (uint64_t)hi << 32;
    double x;

    memcpy(&x, &bits, 8);
    x = op == SOFT_MUFU_RCP64H ? 1.0 / x : 1.0 / sqrt(x);
    if (isnan(x)) {
        return 0x7fffffff;
    }
    memcpy(&bits, &x, 8);
    return bits >> 32;
}

void gpuvm_soft_slow_mufu(SoftMufuOp op, uint32_t *x, uint32_t mask)
{
    for (; mask; mask &= mask - 1) {
        int i = __builtin_ctz(mask);

        if (op >= SOFT_MUFU_RCP64H) {
            x[i] = mufu_f64h(op, x[i]);
        } else {
            float r = flush(mufu_f32(op, flush(as_float(x[i]))));

            x[i] = isnan(r) ? 0x7fffffff : as_bits(r);
        }
    }
}
