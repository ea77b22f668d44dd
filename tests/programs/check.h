/*
 * Small helpers of the programs that run on the virtual GPU: time, a
 * reproducible random sequence, comparison of results.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_PROGRAMS_CHECK_H
#define GPUVM_PROGRAMS_CHECK_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/** seconds since some fixed moment */
static inline double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/** rnd - the next of a reproducible sequence (xorshift32) */
static inline uint32_t rnd(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/** rnd_float - in [-1, 1), exactly representable */
static inline float rnd_float(uint32_t *state)
{
    return ((int)(rnd(state) >> 8) - (1 << 23)) / (float)(1 << 23);
}

static inline void fill_floats(float *v, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = rnd_float(&seed);
    }
}

/** count_wrong - how many differ by more than @tol absolutely; NaN differs */
static inline size_t count_wrong(const float *got, const float *want,
                                 size_t n, float tol)
{
    size_t wrong = 0;

    for (size_t i = 0; i < n; i++) {
        if (!(fabsf(got[i] - want[i]) <= tol)) {
            wrong++;
        }
    }
    return wrong;
}

/** matmul_cpu - c = a * b, n x n, sums in double */
static inline void matmul_cpu(const float *a, const float *b, float *c,
                              unsigned n)
{
    for (unsigned y = 0; y < n; y++) {
        for (unsigned x = 0; x < n; x++) {
            double sum = 0;

            for (unsigned k = 0; k < n; k++) {
                sum += (double)a[y * n + k] * b[k * n + x];
            }
            c[y * n + x] = sum;
        }
    }
}

#endif
