/*
 * A worker's place to run CTAs (thread blocks): warps, shared and local
 * memory, barriers, the lock table and the TLB, allocated once and reused.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_CTA_H
#define GPUVM_SOFT_CTA_H

#include "base/xfer.h"
#include "soft/isa/isa.h"

#define SOFT_SHARED_MAX     (48u << 10)     /* bytes of s[] a CTA may have */
#define SOFT_LOCAL_MAX      (512u << 10)    /* bytes of l[] a thread may have */
/** Bytes of l[] all threads of one CTA may have together: 1024 threads of
 *  64 KiB, or 128 of the full 512 KiB.  A launch beyond is refused with
 *  GPUVM_TRAP_LAUNCH; the hardware would lower occupancy instead. */
#define SOFT_LOCAL_CTA_MAX  (64u << 20)
#define SOFT_GRID_MAX       65535u          /* CTAs along an axis */

/** SoftBarrier - one of a CTA's 16 barriers. */
typedef struct SoftBarrier {
    unsigned needed;        /* warps, 0 = nobody has come yet */
    unsigned arrived;       /* warps */
    uint32_t waiting;       /* warps that sleep here, by index */
    uint32_t count;         /* lanes with a true predicate */
    bool all, any;
} SoftBarrier;

/** SoftCtaCtx - see the top.  Used by one thread at a time; .cta.priv points
 *  back here.  All state of a CTA is in it, so another thread may go on. */
typedef struct SoftCtaCtx {
    SoftCta cta;
    SoftTlb tlb;
    SoftGpu *gpu;
    SoftWarp *warps;        /* warps_cap of them */
    unsigned warps_cap;
    uint8_t *shared;        /* SOFT_SHARED_MAX bytes and 16 to spare */
    uint8_t *local;         /* local_cap bytes */
    size_t local_cap;
    SoftBarrier bar[SOFT_BARRIERS];
    uint32_t bars;              /* barriers to which somebody has come */
    uint32_t runnable, done;    /* warps, by index */
    unsigned turn;              /* warp to look at next */
    uint64_t since;             /* instructions up to barriers, since pause()
                                 * was asked */
    void *jit;                  /* gpuvm_soft_jit_bind()'s frame */
    bool fresh;                 /* bound, and no CTA begun since */
    bool started;               /* a CTA has begun and not ended */
    /* Asked now and then: whether to come back with SOFT_CTA_PAUSED. */
    bool (*pause)(void *arg);
    void *pause_arg;
    /* One bit a word of s[]: locked by `ld lock`; isa/mem_shared.c */
    uint32_t locked[SOFT_SHARED_MAX / 4 / 32];
} SoftCtaCtx;

typedef enum SoftCtaEnd {
    SOFT_CTA_DONE,
    SOFT_CTA_FAULT,         /* ctx->cta.fault says what */
    SOFT_CTA_ABORTED,       /* the abort word became non-zero */
    SOFT_CTA_PAUSED,        /* ctx->pause() said so; run again to go on */
} SoftCtaEnd;

/** gpuvm_soft_launch_ok - whether a grid's parameters are in range. */
bool gpuvm_soft_launch_ok(const SoftLaunch *l);

/** gpuvm_soft_cta_ctx_init - false if the host has no memory; then _fini. */
bool gpuvm_soft_cta_ctx_init(SoftCtaCtx *ctx, SoftGpu *gpu);
void gpuvm_soft_cta_ctx_fini(SoftCtaCtx *ctx);
/**
 * gpuvm_soft_cta_ctx_bind - the next CTAs are @l's.  Clears everything that
 * an earlier grid, perhaps of another virtual machine, left behind.  @l
 * stays valid and has passed gpuvm_soft_launch_ok().  Inside a section.
 * Returns false if the host has no memory for it.
 * @abort: word that ends the CTA soon when it is not 0
 */
bool gpuvm_soft_cta_ctx_bind(SoftCtaCtx *ctx, const SoftLaunch *l,
                             const _Atomic uint32_t *abort);
/** gpuvm_soft_cta_ctx_trim - gives large l[] back to the host. */
void gpuvm_soft_cta_ctx_trim(SoftCtaCtx *ctx);
/** gpuvm_soft_cta_start - CTA @id is next; ctx->cta.prog is set. */
void gpuvm_soft_cta_start(SoftCtaCtx *ctx, const uint32_t id[3]);
/** gpuvm_soft_cta_run - goes on with the CTA, inside a section (which it may
 *  leave and enter again). */
SoftCtaEnd gpuvm_soft_cta_run(SoftCtaCtx *ctx);
/**
 * gpuvm_soft_cta_xfer - saves the CTA that stands in @ctx, or loads one into
 * it; bound, with cta.prog set.  Loading may fail for what the program lacks.
 */
void gpuvm_soft_cta_xfer(SoftCtaCtx *ctx, GpuvmXfer *x);
/** gpuvm_soft_cta_warp_local - where warp @i's l[] is. */
void gpuvm_soft_cta_warp_local(SoftCtaCtx *ctx, unsigned i);

#endif
