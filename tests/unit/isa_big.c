/*
 * Exact arithmetic for the instruction tests; see isa_big.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa_big.h"

#include <string.h>

const BigFormat big_f16 = { 11, 5 }, big_f32 = { 24, 8 }, big_f64 = { 53, 11 };

static bool get_bit(const Big *b, int i)
{
    return i >= 0 && i < BIG_WORDS * 32 && (b->w[i / 32] >> (i % 32)) & 1;
}

static void negate(Big *b)
{
    uint64_t carry = 1;

    for (int i = 0; i < BIG_WORDS; i++) {
        carry += (uint32_t)~b->w[i];
        b->w[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

void big_add(Big *b, bool neg, unsigned __int128 mag, int exp)
{
    Big t;
    uint64_t carry = 0;

    memset(&t, 0, sizeof(t));
    for (int i = 0; i < 128; i++) {
        int at = i + exp + BIG_ONE;

        if ((mag >> i) & 1) {
            t.w[at / 32] |= 1u << (at % 32);
        }
    }
    if (neg) {
        negate(&t);
    }
    for (int i = 0; i < BIG_WORDS; i++) {
        carry += (uint64_t)b->w[i] + t.w[i];
        b->w[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

bool big_split(BigFormat f, uint64_t bits, bool *neg, uint64_t *mant,
               int *exp)
{
    int frac_bits = f.precision - 1;
    int bias = (1 << (f.exp_bits - 1)) - 1;
    int e = (bits >> frac_bits) & ((1 << f.exp_bits) - 1);

    *neg = (bits >> (frac_bits + f.exp_bits)) & 1;
    *mant = bits & ((1ull << frac_bits) - 1);
    if (e) {
        *mant |= 1ull << frac_bits;
    }
    *exp = (e ? e : 1) - bias - frac_bits;
    return e != (1 << f.exp_bits) - 1;
}

static bool magnitude(const Big *b, Big *mag)
{
    bool neg = get_bit(b, BIG_WORDS * 32 - 1);

    *mag = *b;
    if (neg) {
        negate(mag);
    }
    return neg;
}

static int top_bit(const Big *b)
{
    for (int i = BIG_WORDS - 1; i >= 0; i--) {
        if (b->w[i]) {
            return i * 32 + 31 - __builtin_clz(b->w[i]);
        }
    }
    return -1;
}

/* Whether the magnitude cut off below bit @q is to be rounded up. */
static bool round_up(const Big *b, int q, bool odd, unsigned mode, bool neg)
{
    bool half = get_bit(b, q - 1), rest = false;

    for (int i = 0; i < q - 1 && !rest; i++) {
        if (i % 32 == 0 && i + 32 <= q - 1) {
            rest = b->w[i / 32];
            i += 31;
        } else {
            rest = get_bit(b, i);
        }
    }
    switch (mode) {
    case BIG_EVEN:
        return half && (rest || odd);
    case BIG_DOWN:
        return neg && (half || rest);
    case BIG_UP:
        return !neg && (half || rest);
    default:
        return false;
    }
}

uint64_t big_round(const Big *b, BigFormat f, unsigned mode, bool zero_neg)
{
    int frac_bits = f.precision - 1;
    int bias = (1 << (f.exp_bits - 1)) - 1;
    uint64_t inf = (uint64_t)((1 << f.exp_bits) - 1) << frac_bits;
    uint64_t sign_bit = 1ull << (frac_bits + f.exp_bits);
    Big m;
    bool neg = magnitude(b, &m);
    int top = top_bit(&m), lowest = BIG_ONE + 1 - bias - frac_bits, q;
    uint64_t mant = 0, bits;

    if (top < 0) {
        return zero_neg ? sign_bit : 0;
    }
    q = top - frac_bits > lowest ? top - frac_bits : lowest;
    for (int i = top; i >= q; i--) {
        mant = mant << 1 | get_bit(&m, i);
    }
    mant += round_up(&m, q, mant & 1, mode, neg);
    /* the hidden bit carries into the exponent by itself */
    bits = ((uint64_t)(q - lowest) << frac_bits) + mant;
    if (bits >= inf) {
        bool inwards = mode == BIG_ZERO || (mode == BIG_DOWN && !neg) ||
                       (mode == BIG_UP && neg);

        bits = inwards ? inf - 1 : inf;
    }
    return bits | (neg ? sign_bit : 0);
}

uint64_t big_round_int(const Big *b, unsigned mode, bool *neg, bool *big)
{
    Big m;
    int top;
    uint64_t v = 0;
    bool up;

    *neg = magnitude(b, &m);
    top = top_bit(&m);
    *big = top >= BIG_ONE + 64;
    if (*big) {
        return UINT64_MAX;
    }
    for (int i = top; i >= BIG_ONE; i--) {
        v = v << 1 | get_bit(&m, i);
    }
    up = round_up(&m, BIG_ONE, v & 1, mode, *neg);
    *big = up && v == UINT64_MAX;
    return *big ? v : v + up;
}
