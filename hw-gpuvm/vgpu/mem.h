/*
 * Memory that a guest's structures may lie in: its VRAM slice or its RAM.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_VGPU_MEM_H
#define GPUVM_VGPU_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/host.h"
#include "gpu/gpu.h"

/** GpuvmMem - one VM's memory; both outlive it. */
typedef struct GpuvmMem {
    const GpuvmSlice *slice;    /* .map is not NULL */
    GpuvmHost *host;
} GpuvmMem;

/**
 * gpuvm_mem_slice_ptr - host address of slice range [off, off+len), or NULL
 * when it does not lie inside.  The guest changes what is there at any time:
 * copy once, then look.
 */
static inline uint8_t *gpuvm_mem_slice_ptr(const GpuvmMem *m, uint64_t off,
                                           uint64_t len)
{
    if (len > m->slice->size || off > m->slice->size - len) {
        return NULL;
    }
    return (uint8_t *)m->slice->map + off;
}

/**
 * gpuvm_mem_read - copies @len bytes at @addr (slice offset or guest-physical
 * address by @target); false and zeros if any byte is outside.  Any thread.
 */
bool gpuvm_mem_read(const GpuvmMem *m, GpuvmTarget target, uint64_t addr,
                    void *buf, size_t len);
/** gpuvm_mem_write - the other way; false and nothing or part written. */
bool gpuvm_mem_write(const GpuvmMem *m, GpuvmTarget target, uint64_t addr,
                     const void *buf, size_t len);

/** Little-endian words of a buffer that was read. */
static inline uint32_t gpuvm_mem_le32(const void *p)
{
    const uint8_t *b = p;

    return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t gpuvm_mem_le64(const void *p)
{
    const uint8_t *b = p;

    return gpuvm_mem_le32(b) | (uint64_t)gpuvm_mem_le32(b + 4) << 32;
}

#endif
