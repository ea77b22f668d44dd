/*
 * Compute grids on the software GPU: one launch, spread CTA by CTA over a
 * pool of worker threads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_COMPUTE_H
#define GPUVM_SOFT_COMPUTE_H

#include "base/xfer.h"
#include "soft/as.h"

typedef struct SoftPool SoftPool;
typedef struct SoftGrid SoftGrid;
typedef struct SoftJit SoftJit;

#define SOFT_MAX_CB     18      /* c0..c15 and two internal banks */
#define SOFT_MAX_IMAGES 8
#define SOFT_MAX_TIC    32
#define SOFT_MAX_TSC    16

typedef struct SoftCb {
    uint64_t va;
    uint32_t size;              /* bytes; 0 = not bound, reads 0 */
} SoftCb;

/** SoftImage - an IMAGE slot as the methods set it (nvc0-compute.md 3.7). */
typedef struct SoftImage {
    uint64_t va;                /* 0 = none */
    uint32_t width, height, format, tile_mode;
} SoftImage;

/**
 * SoftLaunch - everything a grid needs, copied at launch.  Values are as the
 * guest set them and unchecked: launch checks.
 */
typedef struct SoftLaunch {
    SoftAs *as;
    uint64_t code_va;           /* CODE_ADDRESS */
    uint32_t entry;             /* CP_START_ID: byte offset of the entry */
    uint32_t grid[3], block[3];
    uint32_t gprs;              /* CP_GPR_ALLOC */
    uint32_t shared_size;       /* bytes */
    uint32_t local_pos, local_neg; /* bytes a thread */
    uint32_t shared_base, local_base; /* 32-bit windows of g[] */
    uint32_t launch_arg, grid_id;
    SoftCb cb[SOFT_MAX_CB];
    SoftImage image[SOFT_MAX_IMAGES];
    uint64_t tic_va, tsc_va;
    uint32_t tic_limit, tsc_limit;
    uint32_t tic[SOFT_MAX_TIC]; /* table index + 1, 0 = none, by slot */
    uint32_t tsc[SOFT_MAX_TSC];
    bool linked_tsc;
    bool seamless;              /* cube maps are filtered over edges */
    /** done - on a worker thread, once; @fault NULL if it ended well. The
     *  grid is gone when it returns. */
    void (*done)(void *opaque, const GpuvmFault *fault, uint64_t ctas);
    /** held - optional: after gpuvm_soft_pool_hold(), on any thread, once: no
     *  CTA runs any more.  Must not call the pool. */
    void (*held)(void *opaque);
    void *opaque;
} SoftLaunch;

/** gpuvm_soft_pool_new - @threads workers, 0 = one per host core; @stepped:
 *  none, gpuvm_soft_pool_step() does their work. */
SoftPool *gpuvm_soft_pool_new(SoftGpu *gpu, unsigned threads, bool stepped);
/** gpuvm_soft_pool_step - runs a slice of a grid or reports one that is done;
 *  false: there was nothing to do. */
bool gpuvm_soft_pool_step(SoftPool *pool);
/** gpuvm_soft_pool_free - aborts what runs and joins the workers. */
void gpuvm_soft_pool_free(SoftPool *pool);
/** gpuvm_soft_pool_set_jit - hands over a JIT, before the first launch; the
 *  pool frees it. */
void gpuvm_soft_pool_set_jit(SoftPool *pool, SoftJit *jit);
/** gpuvm_soft_pool_leave - the last address space of @host has gone. */
void gpuvm_soft_pool_leave(SoftPool *pool, GpuvmHost *host);
unsigned gpuvm_soft_pool_threads(SoftPool *pool);
/**
 * gpuvm_soft_pool_launch - starts a grid; never blocks on it.  A launch whose
 * parameters are out of range calls done() with GPUVM_TRAP_LAUNCH.
 */
SoftGrid *gpuvm_soft_pool_launch(SoftPool *pool, const SoftLaunch *l);
/**
 * gpuvm_soft_pool_abort - makes @grid (possibly gone already) end soon; its
 * done() comes with GPUVM_TRAP_TIMEOUT.  Never blocks, any thread.
 */
void gpuvm_soft_pool_abort(SoftPool *pool, SoftGrid *grid);
/**
 * gpuvm_soft_pool_hold - @on: @grid (possibly gone already) stops between
 * instructions, held() tells when; else it goes on.  A grid that is ending
 * comes with done() instead.  Never blocks, any thread.
 */
void gpuvm_soft_pool_hold(SoftPool *pool, SoftGrid *grid, bool on);
/**
 * gpuvm_soft_pool_xfer - saves grid *@grid, which is held and stands, or loads
 * one, which is held then.  @l: as, done, held and opaque of the new one.
 */
void gpuvm_soft_pool_xfer(SoftPool *pool, SoftGrid **grid, const SoftLaunch *l,
                          GpuvmXfer *x);
/** gpuvm_soft_gpu_pool - the pool of a GPU. */
SoftPool *gpuvm_soft_gpu_pool(SoftGpu *gpu);

#endif
