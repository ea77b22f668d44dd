/*
 * What SRAD and SRAD2 must give: the same diffusion on the CPU, in double.
 *
 * Tolerance, relative to a cell's exponential (which lies in [1, e]): an
 * iteration changes a cell by at most lambda/4 * 4 differences of neighbours,
 * each times a coefficient.  A coefficient's relative error is that of
 * q0 = E[j^2] / E[j]^2 - 1 times at most 2; q0 is above 1/64 for these images
 * and its absolute error below 20 roundings (a tree of sums), so that is
 * 2 * 64 * 20 eps, taken times differences below 1/8 of a cell on average:
 * 256 eps an iteration is allowed, and 16 eps for exp() and log().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BENCH_SRAD_REF_H
#define GPUVM_BENCH_SRAD_REF_H

#include "bench.h"

#define SRAD_LAMBDA 0.5f

/** srad_image - n * n, 0..255: a smooth image times speckle */
float *srad_image(Bench *b, uint32_t n);

/**
 * srad_reference - @iterations of diffusion of exp(image / 255)
 * @roi: the statistics are those of the first @roi rows' and columns' cells
 */
double *srad_reference(Bench *b, const float *image, uint32_t n,
                       uint32_t iterations, uint32_t roi);

/** srad_tolerance - relative, of the exponential */
static inline double srad_tolerance(uint32_t iterations)
{
    return (16 + 256.0 * iterations) * BENCH_EPS;
}

#endif
