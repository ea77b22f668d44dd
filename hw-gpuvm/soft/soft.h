/*
 * The software GPU as its own files see it: what belongs to the whole GPU
 * rather than to one channel or address space.
 *
 * Use it through gpu/gpu.h, as the GPU called "soft".  A unit test that needs
 * no channel opens it, allocates a slice, creates an address space, binds and
 * initialises a SoftTlb: gpuvm_soft_bench_*() below does that in one call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_SOFT_H
#define GPUVM_SOFT_SOFT_H

#include "soft/as.h"

/** gpuvm_soft_gpu - the SoftGpu behind a GpuvmGpu opened as "soft". */
static inline SoftGpu *gpuvm_soft_gpu(GpuvmGpu *gpu)
{
    return (SoftGpu *)gpu;
}

/** gpuvm_soft_gpu_mps - multiprocessors shown to guests, 1..16. */
unsigned gpuvm_soft_gpu_mps(SoftGpu *gpu);

/**
 * gpuvm_soft_pause_begin - returns when no thread is inside a section; none
 * enters until the matching _end().  Pauses nest and may overlap.  The caller
 * must not be inside a section itself.
 */
void gpuvm_soft_pause_begin(SoftGpu *gpu);
void gpuvm_soft_pause_end(SoftGpu *gpu);

/**
 * gpuvm_soft_clock_ns - host monotonic nanoseconds, the time stamp of events.
 */
uint64_t gpuvm_soft_clock_ns(void);

/**
 * SoftBench - a software GPU with one slice and one address space in which
 * the whole slice is bound read-write at va, for unit tests and benchmarks.
 */
typedef struct SoftBench {
    GpuvmGpu *gpu;
    GpuvmSlice slice;       /* slice.map: the bytes behind [va, va + size) */
    SoftAs *as;
    uint64_t va;
} SoftBench;

/** Where gpuvm_soft_bench_open() binds the slice, bytes. */
#define SOFT_BENCH_VA 0x100000u

/**
 * gpuvm_soft_bench_open - opens everything; @threads as in GpuvmGpuConfig.
 * Returns 0 or a negative errno.
 * @size: bytes of VRAM, a multiple of 1 MiB
 */
int gpuvm_soft_bench_open(SoftBench *b, GpuvmHost *host, uint64_t size,
                          unsigned threads);
void gpuvm_soft_bench_close(SoftBench *b);

#endif
