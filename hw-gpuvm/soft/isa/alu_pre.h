/*
 * What the arithmetic handlers need that must not depend on the vector width:
 * headers (seen before any target pragma) and shared data.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "soft/isa/alu_slow.h"
#include "soft/isa/control.h"
#include "soft/isa/mem_global.h"
#include "soft/isa/table.h"

static const uint32_t soft_lane_bits[SOFT_LANES]
    __attribute__((aligned(64))) = {
    1u << 0, 1u << 1, 1u << 2, 1u << 3, 1u << 4, 1u << 5, 1u << 6, 1u << 7,
    1u << 8, 1u << 9, 1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14,
    1u << 15, 1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21,
    1u << 22, 1u << 23, 1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28,
    1u << 29, 1u << 30, 1u << 31,
};

static const uint32_t soft_lane_bytes[SOFT_LANES]
    __attribute__((aligned(64))) = {
    0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 72,
    76, 80, 84, 88, 92, 96, 100, 104, 108, 112, 116, 120, 124,
};

/*
 * Loops over lanes are to become vectors; the host's floating point is used
 * as it is (no contraction: a fused operation is asked for by name).
 */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math", \
                     "fp-contract=off")
#endif
