/*
 * Running one CTA on one thread.
 *
 * The warps of a CTA run one after the other; a warp runs until it ends,
 * reaches a barrier or has used its budget, then the next runnable one has
 * its turn.  A barrier counts warps (the hardware counts a warp's 32 threads
 * at once).  It is complete when as many came as it needs; where it needs the
 * whole CTA, warps that have exited count as come.  Then the reduction of the
 * predicates is handed to all that wait.  If every warp that is left waits,
 * nobody can ever complete a barrier: that is a trap.  Whenever a warp comes
 * back because its budget is used up, and now and then at barriers, the pool may
 * have the CTA pause; all its state stays in the context and it goes on later,
 * on any thread.
 *
 * Memory is allocated once a worker, to the largest CTA it has met, within
 * fixed bounds.  s[] is zeroed for each CTA and l[] for each grid, so nothing
 * of one guest is seen by another.
 *
 * Facts: nvc0-compute.md 3.5, 4.5 (BAR), 5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/cta.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "soft/jit/jit.h"

#define BUDGET      32768       /* warp instructions before the next warp */
#define COME_COST   32          /* of a barrier, in instructions */
#define ALIGN       64
#define LOCAL_CLEAR (256u << 10) /* l[] larger than this is cleared lazily */

static unsigned block_threads(const SoftLaunch *l)
{
    return l->block[0] * l->block[1] * l->block[2];
}

/* Bytes of l[] a thread, rounded so that 128-bit accesses are aligned. */
static uint32_t local_bytes(const SoftLaunch *l)
{
    return (l->local_pos + l->local_neg + 15) & ~15u;
}

bool gpuvm_soft_launch_ok(const SoftLaunch *l)
{
    uint64_t threads;

    if (l->block[0] < 1 || l->block[0] > 1024 ||
        l->block[1] < 1 || l->block[1] > 1024 ||
        l->block[2] < 1 || l->block[2] > 64) {
        return false;
    }
    threads = (uint64_t)l->block[0] * l->block[1] * l->block[2];
    if (threads > 1024 || l->grid[0] > SOFT_GRID_MAX ||
        l->grid[1] > SOFT_GRID_MAX || l->grid[2] > SOFT_GRID_MAX) {
        return false;
    }
    if (l->shared_size > SOFT_SHARED_MAX || l->local_pos > SOFT_LOCAL_MAX ||
        l->local_neg > SOFT_LOCAL_MAX ||
        l->local_pos + l->local_neg > SOFT_LOCAL_MAX) {
        return false;
    }
    /* whole warps: lanes that do not exist have room, too */
    return l->gprs >= 1 && l->gprs <= 64 &&
           ((threads + SOFT_LANES - 1) & ~(uint64_t)(SOFT_LANES - 1)) *
           local_bytes(l) <= SOFT_LOCAL_CTA_MAX;
}

static void *alloc_zeroed(size_t bytes)
{
    void *p;

    if (posix_memalign(&p, ALIGN, bytes)) {
        return NULL;
    }
    return memset(p, 0, bytes);
}

bool gpuvm_soft_cta_ctx_init(SoftCtaCtx *ctx, SoftGpu *gpu)
{
    memset(ctx, 0, sizeof(*ctx));
    ctx->gpu = gpu;
    ctx->shared = alloc_zeroed(SOFT_SHARED_MAX + ALIGN);
    return ctx->shared != NULL;
}

void gpuvm_soft_cta_ctx_fini(SoftCtaCtx *ctx)
{
    gpuvm_soft_jit_unbind(&ctx->jit);
    free(ctx->warps);
    free(ctx->shared);
    if (ctx->local) {
        munmap(ctx->local, ctx->local_cap);
    }
}

void gpuvm_soft_cta_ctx_trim(SoftCtaCtx *ctx)
{
    if (ctx->local_cap > LOCAL_CLEAR) {
        munmap(ctx->local, ctx->local_cap);
        ctx->local = NULL;
        ctx->local_cap = 0;
    }
}

static bool need_warps(SoftCtaCtx *ctx, unsigned n)
{
    if (n > ctx->warps_cap) {
        free(ctx->warps);
        ctx->warps = alloc_zeroed(n * sizeof(SoftWarp));
        ctx->warps_cap = ctx->warps ? n : 0;
    }
    return n <= ctx->warps_cap;
}

/* Zeroed l[]; pages of a large one come and go with their use. */
static bool need_local(SoftCtaCtx *ctx, size_t bytes)
{
    if (bytes > ctx->local_cap) {
        if (ctx->local) {
            munmap(ctx->local, ctx->local_cap);
        }
        ctx->local = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (ctx->local == MAP_FAILED) {
            ctx->local = NULL;
        }
        ctx->local_cap = ctx->local ? bytes : 0;
        return ctx->local != NULL;
    }
    if (bytes > LOCAL_CLEAR) {
        return madvise(ctx->local, ctx->local_cap, MADV_DONTNEED) == 0;
    }
    if (bytes) {
        memset(ctx->local, 0, bytes);
    }
    return true;
}

bool gpuvm_soft_cta_ctx_bind(SoftCtaCtx *ctx, const SoftLaunch *l,
                             const _Atomic uint32_t *abort)
{
    SoftCta *cta = &ctx->cta;
    unsigned nwarps = (block_threads(l) + SOFT_LANES - 1) / SOFT_LANES;
    size_t local = (size_t)nwarps * SOFT_LANES * local_bytes(l);

    if (!need_warps(ctx, nwarps) || !need_local(ctx, local)) {
        return false;
    }
    gpuvm_soft_tlb_init(&ctx->tlb, l->as);
    memset(cta, 0, sizeof(*cta));
    cta->launch = l;
    cta->tlb = &ctx->tlb;
    cta->gpu = ctx->gpu;
    cta->threads = block_threads(l);
    cta->nwarps = nwarps;
    cta->warp = ctx->warps;
    cta->shared = ctx->shared;
    cta->shared_size = l->shared_size;
    cta->local_stride = local_bytes(l);
    cta->locks = ctx->locked;
    cta->priv = ctx;
    cta->abort = abort;
    cta->attention = gpuvm_soft_attention_word(ctx->gpu);
    ctx->fresh = true;
    return true;
}

/* ---- barriers ---- */

static void barrier_check(SoftCtaCtx *ctx, SoftBarrier *b)
{
    unsigned come = b->arrived;

    if (!b->needed) {
        return;
    }
    if (b->needed == ctx->cta.nwarps && ctx->done) {
        come += __builtin_popcount(ctx->done);
    }
    if (come < b->needed) {
        return;
    }
    for (uint32_t m = b->waiting; m; m &= m - 1) {
        gpuvm_soft_warp_barrier_done(&ctx->warps[__builtin_ctz(m)], b->count,
                                     b->all, b->any);
    }
    ctx->runnable |= b->waiting;
    ctx->bars &= ~(1u << (b - ctx->bar));
    memset(b, 0, sizeof(*b));
}

static bool barrier_arrive(SoftCtaCtx *ctx, SoftWarp *w)
{
    const SoftBarWait *bw = &w->bar;
    SoftBarrier *b = &ctx->bar[bw->id % SOFT_BARRIERS];
    unsigned needed = bw->threads ?
                      (bw->threads + SOFT_LANES - 1) / SOFT_LANES :
                      ctx->cta.nwarps;

    if (b->needed && b->needed != needed) {
        gpuvm_soft_cta_trap(&ctx->cta, GPUVM_TRAP_BARRIER, bw->in);
        return false;
    }
    if (!b->needed) {
        b->needed = needed;
        b->all = true;
        ctx->bars |= 1u << (b - ctx->bar);
    }
    b->arrived++;
    b->count += bw->truth == ~0u ? SOFT_LANES :
                __builtin_popcount(bw->truth);
    b->all &= bw->truth == bw->lanes;
    b->any |= bw->truth != 0;
    if (bw->op == SOFT_BAR_ARRIVE) {
        gpuvm_soft_warp_barrier_done(w, 0, false, false);
    } else {
        ctx->runnable &= ~(1u << w->index);
        b->waiting |= 1u << w->index;
    }
    barrier_check(ctx, b);
    return true;
}

static void warp_exited(SoftCtaCtx *ctx, SoftWarp *w)
{
    ctx->runnable &= ~(1u << w->index);
    ctx->done |= 1u << w->index;
    for (uint32_t m = ctx->bars; m; m &= m - 1) {
        barrier_check(ctx, &ctx->bar[__builtin_ctz(m)]);
    }
}

/* Every warp that is left waits. */
static SoftCtaEnd deadlock(SoftCtaCtx *ctx)
{
    for (unsigned i = 0; i < SOFT_BARRIERS; i++) {
        if (ctx->bar[i].waiting) {
            SoftWarp *w = &ctx->warps[__builtin_ctz(ctx->bar[i].waiting)];

            gpuvm_soft_cta_trap(&ctx->cta, GPUVM_TRAP_BARRIER, w->bar.in);
            break;
        }
    }
    return SOFT_CTA_FAULT;
}

/* ---- the CTA ---- */

void gpuvm_soft_cta_warp_local(SoftCtaCtx *ctx, unsigned i)
{
    const SoftCta *cta = &ctx->cta;

    ctx->warps[i].local = cta->local_stride ?
                          ctx->local + cta->launch->local_neg +
                          (size_t)i * SOFT_LANES * cta->local_stride : NULL;
}

void gpuvm_soft_cta_start(SoftCtaCtx *ctx, const uint32_t id[3])
{
    SoftCta *cta = &ctx->cta;
    uint32_t words = (cta->shared_size + 3) / 4;

    memcpy(cta->id, id, sizeof(cta->id));
    memset(ctx->shared, 0, cta->shared_size);
    memset(ctx->locked, 0, (words + 31) / 32 * 4);
    memset(ctx->bar, 0, sizeof(ctx->bar));
    ctx->bars = 0;
    ctx->done = 0;
    ctx->runnable = cta->nwarps == 32 ? ~0u : (1u << cta->nwarps) - 1;
    ctx->turn = 0;
    ctx->started = true;
    cta->faulted = false;
    for (unsigned i = 0; i < cta->nwarps; i++) {
        SoftWarp *w = &ctx->warps[i];

        if (ctx->fresh) {
            gpuvm_soft_warp_init(w, cta, i);
        } else {
            gpuvm_soft_warp_again(w);
        }
        gpuvm_soft_cta_warp_local(ctx, i);
    }
    ctx->fresh = false;
}

static bool aborted(const SoftCta *cta)
{
    return atomic_load_explicit(cta->abort, memory_order_relaxed) != 0;
}

static void give_way(SoftCtaCtx *ctx)
{
    if (gpuvm_soft_attention(ctx->cta.attention)) {
        gpuvm_soft_section_yield(ctx->gpu);
    }
    gpuvm_soft_tlb_sync(&ctx->tlb);
}

/* The runnable warp whose turn it is: the next by index, around. */
static SoftWarp *next_warp(SoftCtaCtx *ctx)
{
    uint32_t later = ctx->turn < 32 ? ctx->runnable >> ctx->turn << ctx->turn
                                    : 0;

    return &ctx->warps[__builtin_ctz(later ? later : ctx->runnable)];
}

/* Between two warps' turns: whether to stop; SOFT_CTA_DONE: no. */
static SoftCtaEnd look_up(SoftCtaCtx *ctx)
{
    ctx->since = 0;
    if (aborted(&ctx->cta)) {
        return SOFT_CTA_ABORTED;
    }
    if (ctx->pause && ctx->pause(ctx->pause_arg)) {
        return SOFT_CTA_PAUSED;
    }
    give_way(ctx);
    return SOFT_CTA_DONE;
}

/* Runs one warp; SOFT_CTA_DONE: go on with the next. */
static SoftCtaEnd run_warp(SoftCtaCtx *ctx)
{
    SoftWarp *w = next_warp(ctx);
    uint64_t before = w->executed;
    SoftCtaEnd how;

    ctx->turn = w->index + 1;
    switch (ctx->cta.jit ? gpuvm_soft_jit_run(w, BUDGET) :
            gpuvm_soft_warp_run(w, BUDGET)) {
    case SOFT_RUN_EXITED:
        warp_exited(ctx, w);
        break;
    case SOFT_RUN_BARRIER:
        if (!barrier_arrive(ctx, w)) {
            return SOFT_CTA_FAULT;
        }
        ctx->since += w->executed - before + COME_COST;
        if (ctx->since >= BUDGET && !ctx->cta.faulted) {
            return look_up(ctx);
        }
        break;
    case SOFT_RUN_YIELD:
        if (w->lock_lanes) {
            ctx->turn = w->index;
        }
        how = look_up(ctx);
        if (how != SOFT_CTA_DONE) {
            return how;
        }
        break;
    default:
        return SOFT_CTA_FAULT;
    }
    return ctx->cta.faulted ? SOFT_CTA_FAULT : SOFT_CTA_DONE;
}

SoftCtaEnd gpuvm_soft_cta_run(SoftCtaCtx *ctx)
{
    SoftCtaEnd how = SOFT_CTA_DONE;

    gpuvm_soft_tlb_sync(&ctx->tlb);
    while (ctx->runnable && how == SOFT_CTA_DONE) {
        how = run_warp(ctx);
    }
    if (how == SOFT_CTA_DONE &&
        __builtin_popcount(ctx->done) < ctx->cta.nwarps) {
        how = deadlock(ctx);
    }
    ctx->started = how == SOFT_CTA_PAUSED;
    return how;
}
