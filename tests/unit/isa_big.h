/*
 * Exact arithmetic for the instruction tests: a signed fixed-point number wide
 * enough for the product of any two doubles plus a third, and its rounding
 * into a binary float format in any mode.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_ISA_BIG_H
#define GPUVM_TESTS_ISA_BIG_H

#include <stdbool.h>
#include <stdint.h>

#define BIG_WORDS 136
#define BIG_ONE   2148      /* bit whose weight is 2^0 */

/** Big - two's complement; bit i weighs 2^(i - BIG_ONE). */
typedef struct Big {
    uint32_t w[BIG_WORDS];
} Big;

/** BigFormat - precision (with the hidden bit), exponent bits. */
typedef struct BigFormat {
    int precision, exp_bits;
} BigFormat;

extern const BigFormat big_f16, big_f32, big_f64;

enum { BIG_EVEN, BIG_DOWN, BIG_UP, BIG_ZERO };

/** big_add - @b += +-@mag * 2^@exp; no bit may fall below 2^-BIG_ONE. */
void big_add(Big *b, bool neg, unsigned __int128 mag, int exp);
/** big_split - a float's bits to sign, mantissa and exponent: false if it is
 *  infinite or NaN. */
bool big_split(BigFormat f, uint64_t bits, bool *neg, uint64_t *mant,
               int *exp);
/** big_round - @b as float bits; @zero_neg: sign of an exact zero. */
uint64_t big_round(const Big *b, BigFormat f, unsigned mode, bool zero_neg);
/** big_round_int - @b to an integer: magnitude (saturated to 2^64-1, @big
 *  set if it was more) and sign. */
uint64_t big_round_int(const Big *b, unsigned mode, bool *neg, bool *big);

#endif
