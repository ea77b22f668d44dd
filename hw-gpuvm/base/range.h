/*
 * A first-fit allocator of address ranges (VRAM, GPU virtual addresses).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BASE_RANGE_H
#define GPUVM_BASE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct GpuvmRange GpuvmRange;

/** gpuvm_range_new - [start, start+size) is free. Not thread-safe. */
GpuvmRange *gpuvm_range_new(uint64_t start, uint64_t size);
void gpuvm_range_free(GpuvmRange *r);
/**
 * gpuvm_range_take - the lowest @size bytes aligned to @align (a power of
 * two); false when no hole is large enough.
 */
bool gpuvm_range_take(GpuvmRange *r, uint64_t size, uint64_t align,
                      uint64_t *start);
/** gpuvm_range_give - returns what gpuvm_range_take() gave, whole. */
void gpuvm_range_give(GpuvmRange *r, uint64_t start, uint64_t size);
/** gpuvm_range_left - bytes free in all. */
uint64_t gpuvm_range_left(const GpuvmRange *r);

#endif
