/*
 * A software GPU for fuzz targets: one VM's slice between two neighbours that
 * nobody may write, its RAM, and an address space that maps both in several
 * ways.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_FUZZ_GPU_H
#define GPUVM_TESTS_FUZZ_GPU_H

#include "fuzz.h"
#include "gpu/gpu.h"
#include "vgpu/vm.h"

#define FUZZ_VRAM       (1u << 20)
#define FUZZ_VA         0x100000u       /* the slice, read-write */
#define FUZZ_VA_TILED   0x10000000u     /* the same, kind 0xfe */
#define FUZZ_VA_RAM     0x20000000u     /* guest RAM */
#define FUZZ_VA_RO      0x30000000u     /* the slice, read-only */
#define FUZZ_VA_TOP     0xfffff00000ull /* 1 MiB that ends at 40 bits */

typedef struct FuzzGpu {
    FuzzHost *h;
    GpuvmGpu *gpu;
    GpuvmSlice below, slice, above;
    GpuvmGpuAs *as;
    uint8_t *mem;               /* the slice */
} FuzzGpu;

void fuzz_gpu_open(FuzzGpu *g);
/** fuzz_gpu_work - the GPU does a piece of its work, or has time to. */
void fuzz_gpu_work(GpuvmGpu *gpu);
/** fuzz_vm_work - @vm's worker and its GPU come to @n steps. */
void fuzz_vm_work(GpuvmVm *vm, unsigned n);
void fuzz_gpu_close(FuzzGpu *g);
/** fuzz_gpu_clean - VRAM and RAM are zero again; no work in flight. */
void fuzz_gpu_clean(FuzzGpu *g);
/** fuzz_gpu_neighbours - allocates one slice, to be filled with a pattern. */
void fuzz_neighbour_fill(const GpuvmSlice *s);
/** fuzz_neighbour_check - its first and last page, or @all of it, are as
 *  they were. */
void fuzz_neighbour_check(const GpuvmSlice *s, bool all);
/** fuzz_address - an address as the GPU sees it, mostly a mapped one. */
uint64_t fuzz_address(FuzzIn *in);

/** FuzzChan - one channel for the time of one input. */
typedef struct FuzzChan {
    FuzzGpu *g;
    GpuvmGpuChan *chan;
    uint32_t at;                /* words of pushbuffer written */
    bool gone;
    _Atomic bool stopped;
    GpuvmStop stop;
    unsigned resumes;           /* software methods answered */
} FuzzChan;

#define FUZZ_PUSH_AT    0xc0000u      /* the pushbuffer's place in VRAM */
#define FUZZ_PUSH_MAX   65536u          /* words */

/* Subchannels, bound by fuzz_chan_open() */
enum { FUZZ_3D, FUZZ_COMPUTE, FUZZ_M2MF, FUZZ_2D, FUZZ_CE0, FUZZ_CE1,
       FUZZ_SW };

void fuzz_chan_open(FuzzChan *c, FuzzGpu *g);
void fuzz_chan_word(FuzzChan *c, uint32_t w);
void fuzz_chan_head(FuzzChan *c, unsigned type, unsigned subc, uint32_t mthd,
                    uint32_t n);
void fuzz_chan_method(FuzzChan *c, unsigned subc, uint32_t mthd,
                      uint32_t data);
/** fuzz_chan_run - submits all words in @pushes pieces and waits; what does
 *  not end in @us microseconds is aborted. */
void fuzz_chan_run(FuzzChan *c, unsigned pushes, unsigned us);
/** fuzz_chan_close - destroys the channel, which must not take long. */
void fuzz_chan_close(FuzzChan *c);

#endif
