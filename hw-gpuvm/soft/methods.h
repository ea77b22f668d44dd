/*
 * Which methods of a class exist: a sorted table of ranges from spec/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_METHODS_H
#define GPUVM_SOFT_METHODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** SoftMethods - methods first..last, byte addresses, both included. */
typedef struct SoftMethods {
    uint16_t first, last;
} SoftMethods;

/** gpuvm_soft_methods_have - by bisection; the table ascends. */
static inline bool gpuvm_soft_methods_have(const SoftMethods *r, size_t n,
                                           uint32_t mthd)
{
    size_t lo = 0, hi = n;

    if (mthd & 3) {
        return false;
    }
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (mthd > r[mid].last) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < n && mthd >= r[lo].first;
}

#endif
