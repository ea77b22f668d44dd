/*
 * A CTA in the midst of its work, saved and loaded.
 *
 * All state of a CTA is in its context, and a CTA that the pool parked stands
 * between two instructions; so it is saved as it is.  Where the context points
 * into the decoded program, the stream has the instruction's byte offset from
 * the code address, which depends on nothing but the guest's code; loading
 * looks it up in the program decoded anew.  Code that was changed in memory
 * while the CTA ran may lack the place: that is an error, and the grid traps.
 *
 * The state could come from anywhere, so whatever the interpreter relies on is
 * checked: lanes that exist, stack depth, barrier numbers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/cta.h"

#include <string.h>

#define CTA_VERSION     1
#define PC_NOWHERE      UINT32_MAX  /* the program's last, faulting entry */

static void xfer_pc(GpuvmXfer *x, const SoftProgram *p, uint32_t *index)
{
    uint32_t pc = PC_NOWHERE;

    if (!x->loading && *index < p->count - 1) {
        pc = p->insns[*index].pc;
    }
    gpuvm_xfer_u32(x, &pc);
    if (!x->loading) {
        return;
    }
    if (pc == PC_NOWHERE) {
        *index = p->count - 1;
    } else if (!gpuvm_soft_program_find(p, pc, index)) {
        gpuvm_xfer_fail(x, "there is no instruction at 0x%x any more", pc);
    }
}

/* Lane masks must not name lanes that do not exist. */
static void xfer_lanes(GpuvmXfer *x, uint32_t *mask, uint32_t exist)
{
    gpuvm_xfer_u32(x, mask);
    if (x->loading && (*mask & ~exist)) {
        gpuvm_xfer_fail(x, "a mask of lanes or warps is 0x%x, there are 0x%x",
                        *mask, exist);
        *mask = 0;
    }
}

static void xfer_stack(GpuvmXfer *x, SoftWarp *w, uint32_t exist)
{
    const SoftProgram *p = w->cta->prog;

    w->depth = gpuvm_xfer_max(x, "stack depth", w->depth, SOFT_STACK_MAX);
    for (unsigned i = 0; i < w->depth; i++) {
        SoftToken *t = &w->stack[i];

        GPUVM_XFER_CODE(x, "token", t->type, SOFT_TOKEN_LAST);
        xfer_lanes(x, &t->mask, exist);
        xfer_lanes(x, &t->parked, exist);
        xfer_pc(x, p, &t->pc);
    }
}

/* Registers of which some lane is not zero, by number. */
static void xfer_regs(GpuvmXfer *x, SoftWarp *w)
{
    static const uint32_t zero[SOFT_LANES];
    uint64_t some = 0;

    for (unsigned i = 0; i < SOFT_REG_ZERO && !x->loading; i++) {
        some |= (uint64_t)(memcmp(w->r[i], zero, sizeof(zero)) != 0) << i;
    }
    gpuvm_xfer_u64(x, &some);
    for (unsigned i = 0; i < SOFT_REG_ZERO; i++) {
        if (some >> i & 1) {
            gpuvm_xfer_words(x, w->r[i], SOFT_LANES);
        }
    }
}

/* @waits: the warp stands at a barrier. */
static void xfer_barwait(GpuvmXfer *x, SoftWarp *w, bool waits, uint32_t exist)
{
    const SoftProgram *p = w->cta->prog;
    uint32_t in = waits && !x->loading ? w->bar.in - p->insns : 0;

    if (!waits) {
        return;
    }
    w->bar.id = gpuvm_xfer_max(x, "barrier", w->bar.id, SOFT_BARRIERS - 1);
    GPUVM_XFER_CODE(x, "barrier operation", w->bar.op, SOFT_BAR_ARRIVE);
    gpuvm_xfer_u32(x, &w->bar.threads);
    xfer_lanes(x, &w->bar.lanes, exist);
    xfer_lanes(x, &w->bar.truth, w->bar.lanes);
    xfer_pc(x, p, &in);
    w->bar.in = &p->insns[in];
}

static void xfer_warp(GpuvmXfer *x, SoftCtaCtx *ctx, unsigned i, bool waits)
{
    SoftWarp *w = &ctx->warps[i];
    unsigned left = ctx->cta.threads - i * SOFT_LANES;
    uint32_t exist = left >= SOFT_LANES ? ~0u : (1u << left) - 1;
    /* between quadon and quadpop lanes act that do not live */
    uint32_t quads = left >= SOFT_LANES - 3 ? ~0u :
                     (1u << ((left + 3) & ~3u)) - 1;

    if (x->loading) {
        gpuvm_soft_warp_init(w, &ctx->cta, i);
        gpuvm_soft_cta_warp_local(ctx, i);
    }
    xfer_regs(x, w);
    gpuvm_xfer_words(x, w->p, SOFT_PRED_TRUE);
    gpuvm_xfer_u32(x, &w->z);
    gpuvm_xfer_u32(x, &w->s);
    gpuvm_xfer_u32(x, &w->c);
    gpuvm_xfer_u32(x, &w->o);
    xfer_lanes(x, &w->live, exist);
    xfer_lanes(x, &w->active, quads);
    if (x->loading && w->live && !w->active) {
        gpuvm_xfer_fail(x, "a warp lives in which no lane is active");
    }
    xfer_pc(x, ctx->cta.prog, &w->pc);
    xfer_stack(x, w, quads);
    gpuvm_xfer_u64(x, &w->executed);
    xfer_lanes(x, &w->lock_lanes, quads);
    xfer_barwait(x, w, waits, exist);
}

static void xfer_barriers(GpuvmXfer *x, SoftCtaCtx *ctx, uint32_t warps)
{
    uint32_t seen = 0;

    for (unsigned i = 0; i < SOFT_BARRIERS; i++) {
        SoftBarrier *b = &ctx->bar[i];

        b->needed = gpuvm_xfer_max(x, "warps of a barrier", b->needed,
                                   UINT32_MAX / SOFT_LANES);
        b->arrived = gpuvm_xfer_max(x, "warps at a barrier", b->arrived,
                                    UINT32_MAX / SOFT_LANES);
        xfer_lanes(x, &b->waiting, warps & ~seen);
        gpuvm_xfer_u32(x, &b->count);
        gpuvm_xfer_bool(x, &b->all);
        gpuvm_xfer_bool(x, &b->any);
        seen |= b->waiting;
    }
}

void gpuvm_soft_cta_xfer(SoftCtaCtx *ctx, GpuvmXfer *x)
{
    SoftCta *cta = &ctx->cta;
    uint32_t warps = cta->nwarps == 32 ? ~0u : (1u << cta->nwarps) - 1;
    uint32_t waiting = 0;

    gpuvm_xfer_begin(x, "CTA", CTA_VERSION);
    gpuvm_xfer_words(x, cta->id, 3);
    xfer_lanes(x, &ctx->done, warps);
    xfer_lanes(x, &ctx->runnable, warps & ~ctx->done);
    ctx->turn = gpuvm_xfer_max(x, "turn", ctx->turn, SOFT_MAX_WARPS);
    xfer_barriers(x, ctx, warps & ~ctx->done & ~ctx->runnable);
    ctx->bars = 0;
    for (unsigned i = 0; i < SOFT_BARRIERS; i++) {
        waiting |= ctx->bar[i].waiting;
        ctx->bars |= (uint32_t)(ctx->bar[i].needed != 0) << i;
    }
    if (x->loading && (ctx->done | ctx->runnable | waiting) != warps) {
        gpuvm_xfer_fail(x, "a warp neither runs nor waits");
    }
    gpuvm_xfer_words(x, ctx->locked, G_N_ELEMENTS(ctx->locked));
    gpuvm_xfer_bytes(x, ctx->shared, cta->shared_size);
    gpuvm_xfer_sparse(x, ctx->local, (size_t)cta->nwarps * SOFT_LANES *
                      cta->local_stride);
    for (unsigned i = 0; i < cta->nwarps && gpuvm_xfer_ok(x); i++) {
        xfer_warp(x, ctx, i, waiting >> i & 1);
    }
    gpuvm_xfer_end(x);
    if (x->loading) {
        ctx->fresh = false;
        ctx->started = true;
        cta->faulted = false;
    }
}
