/*
 * Conversions between integer and float formats, one value at a time
 * (nvc0-compute.md 4.5, CVT).
 *
 * The source is widened: integers to a 64-bit value with a sign, floats to
 * double, which holds every f16, f32 and 32-bit integer exactly.  Modifiers
 * apply there; then the value is rounded once into the destination.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fenv.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "soft/isa/alu_slow.h"

enum { SIZE_8, SIZE_16, SIZE_32, SIZE_64 };     /* log2 of bytes */
enum { ROUND_EVEN, ROUND_DOWN, ROUND_UP, ROUND_ZERO };

#define F16_NAN  0x7fffu
#define F32_NAN  0x7fffffffu
#define F64_NAN  0x7fffffffffffffffull
#define F16_MAX  65504.0

/* An integer: magnitude and sign apart, so that -2^63 and 2^64-1 fit. */
typedef struct Int {
    bool neg;
    uint64_t mag;
} Int;

static double f16_to_double(uint32_t h)
{
    unsigned exp = (h >> 10) & 31, frac = h & 0x3ff;
    double v;

    if (exp == 31) {
        v = frac ? NAN : INFINITY;
    } else if (exp == 0) {
        v = ldexp(frac, -24);
    } else {
        v = ldexp(frac | 0x400, (int)exp - 25);
    }
    return h & 0x8000 ? -v : v;
}

/* To an integral value by rounding mode. */
static double round_integral(double v, unsigned rnd)
{
    switch (rnd) {
    case ROUND_EVEN:
        return nearbyint(v);
    case ROUND_DOWN:
        return floor(v);
    case ROUND_UP:
        return ceil(v);
    default:
        return trunc(v);
    }
}

/*
 * A half has 11 significant bits, and 2^-24 as its smallest step: scale so
 * that the step is 1, round, scale back.
 */
static uint32_t double_to_f16(double v, unsigned rnd)
{
    uint32_t sign = signbit(v) ? 0x8000 : 0;
    double mag;
    int exp;

    if (isnan(v)) {
        return F16_NAN;
    }
    if (isinf(v)) {
        return sign | 0x7c00;
    }
    frexp(v, &exp);             /* |v| in [2^(exp-1), 2^exp) */
    exp = (exp < -13 ? -13 : exp) - 11;
    mag = fabs(ldexp(round_integral(ldexp(v, -exp), rnd), exp));
    if (mag > F16_MAX) {
        bool inwards = rnd == ROUND_ZERO || (rnd == ROUND_DOWN && !sign) ||
                       (rnd == ROUND_UP && sign);

        return sign | (inwards ? 0x7bff : 0x7c00);
    }
    if (mag < 0x1p-14) {
        return sign | (uint32_t)ldexp(mag, 24);
    }
    frexp(mag, &exp);
    return sign | (uint32_t)(exp + 14) << 10 |
           ((uint32_t)ldexp(mag, 11 - exp) & 0x3ff);
}

static uint32_t double_to_f32(double v, unsigned rnd)
{
    static const int modes[4] = {
        FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO,
    };
    volatile double in = v;
    volatile float out;
    float f;
    uint32_t bits;

    if (isnan(v)) {
        return F32_NAN;
    }
    if (rnd != ROUND_EVEN) {
        fesetround(modes[rnd & 3]);
        out = (float)in;
        fesetround(FE_TONEAREST);
    } else {
        out = (float)in;
    }
    f = out;
    memcpy(&bits, &f, 4);
    return bits;
}

static uint64_t double_to_bits(double v)
{
    uint64_t bits;

    memcpy(&bits, &v, 8);
    return isnan(v) ? F64_NAN : bits;
}

static uint64_t put_float(unsigned size, double v, unsigned rnd)
{
    switch (size) {
    case SIZE_16:
        return double_to_f16(v, rnd);
    case SIZE_32:
        return double_to_f32(v, rnd);
    default:
        return double_to_bits(v);
    }
}

static double get_float(const SoftInsn *in, uint64_t src)
{
    uint32_t w = (uint32_t)src;
    double v;
    float f;

    switch (in->type) {
    case SIZE_16:
        v = f16_to_double((w >> (8 * in->aux)) & 0xffff);
        break;
    case SIZE_32:
        memcpy(&f, &w, 4);
        v = f;
        if ((in->flags & SOFT_F_FTZ) && fabs(v) < 0x1p-126) {
            v = copysign(0, v);
        }
        break;
    default:
        memcpy(&v, &src, 8);
        break;
    }
    if (in->flags & SOFT_F_ABS_B) {
        v = fabs(v);
    }
    return in->flags & SOFT_F_NEG_B ? -v : v;
}

static Int get_int(const SoftInsn *in, uint64_t src)
{
    static const unsigned width[4] = { 8, 16, 32, 64 };
    unsigned n = width[in->type & 3];
    uint64_t v = in->type == SIZE_64 ? src : (uint32_t)src >> (8 * in->aux);
    Int r;

    if (n < 64) {
        v &= (1ull << n) - 1;
    }
    r.neg = (in->flags & SOFT_F_SIGN_A) && (v >> (n - 1)) & 1;
    r.mag = r.neg ? (n < 64 ? (1ull << n) - v : -v) : v;
    if (in->flags & SOFT_F_ABS_B) {
        r.neg = false;
    }
    if (in->flags & SOFT_F_NEG_B) {
        r.neg = !r.neg && r.mag;
    }
    return r;
}

/* Largest magnitude of a destination on the side of zero of @neg. */
static uint64_t int_limit(const SoftInsn *in, bool neg)
{
    static const unsigned width[4] = { 8, 16, 32, 64 };
    unsigned n = width[in->logic & 3];

    if (in->flags & SOFT_F_DSIGN) {
        return (1ull << (n - 1)) - !neg;
    }
    return neg ? 0 : n < 64 ? (1ull << n) - 1 : ~0ull;
}

/* As it stands in the register (pair): small ones are extended to 32 bits. */
static uint64_t put_int(const SoftInsn *in, Int v)
{
    uint64_t x = v.neg ? -v.mag : v.mag;
    bool sign = in->flags & SOFT_F_DSIGN;

    switch (in->logic) {
    case SIZE_8:
        return sign ? (uint32_t)(int8_t)x : (uint8_t)x;
    case SIZE_16:
        return sign ? (uint32_t)(int16_t)x : (uint16_t)x;
    case SIZE_32:
        return (uint32_t)x;
    default:
        return x;
    }
}

static uint64_t float_to_int(const SoftInsn *in, double v)
{
    Int r = { false, 0 };
    uint64_t limit;

    if (!isnan(v)) {
        v = round_integral(v, in->rnd);
        r.neg = v < 0;
        limit = int_limit(in, r.neg);
        /* limits of 64 bits are not doubles; >= makes up for it */
        r.mag = fabs(v) >= (double)limit ? limit : (uint64_t)fabs(v);
    }
    return put_int(in, r);
}

/* From an integer of up to 64 bits, rounded once. */
static uint64_t int_to_float(const SoftInsn *in, Int v)
{
    static const int modes[4] = {
        FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO,
    };
    volatile uint64_t mag = v.mag;
    volatile float f;
    volatile double d;
    unsigned rnd = in->rnd;

    /* the magnitude is rounded, so a negative value swaps up and down */
    if (v.neg && (rnd == ROUND_DOWN || rnd == ROUND_UP)) {
        rnd = ROUND_DOWN + ROUND_UP - rnd;
    }
    if (in->logic == SIZE_16) {
        /* beyond 2^53 only the overflow matters, which stays */
        return put_float(SIZE_16, v.neg ? -(double)mag : (double)mag,
                         in->rnd);
    }
    if (rnd == ROUND_EVEN) {
        f = (float)mag;
        d = (double)mag;
    } else {
        fesetround(modes[rnd & 3]);
        f = (float)mag;
        d = (double)mag;
        fesetround(FE_TONEAREST);
    }
    if (in->logic == SIZE_32) {
        return put_float(SIZE_32, v.neg ? -f : f, ROUND_EVEN);
    }
    return double_to_bits(v.neg ? -d : d);
}

static uint64_t float_to_float(const SoftInsn *in, double v)
{
    if ((in->flags & SOFT_F_RINT) && in->type == in->logic) {
        v = round_integral(v, in->rnd);
    }
    if (in->flags & SOFT_F_SAT) {
        v = v > 0 ? (v < 1 ? v : 1) : 0;
    }
    return put_float(in->logic, v, in->rnd);
}

uint64_t gpuvm_soft_convert(const SoftInsn *in, uint64_t src)
{
    uint64_t r;
    Int v;

    switch (in->op) {
    case SOFT_OP_F2F:
        r = float_to_float(in, get_float(in, src));
        if ((in->flags & SOFT_F_FTZ) && in->logic == SIZE_32 &&
            !(r & 0x7f800000)) {
            r &= 0x80000000;
        }
        return r;
    case SOFT_OP_F2I:
        return float_to_int(in, get_float(in, src));
    case SOFT_OP_I2F:
        return int_to_float(in, get_int(in, src));
    default: /* I2I */
        v = get_int(in, src);
        if (in->flags & SOFT_F_SAT) {
            uint64_t limit = int_limit(in, v.neg);

            v.mag = v.mag > limit ? limit : v.mag;
        }
        return put_int(in, v);
    }
}
