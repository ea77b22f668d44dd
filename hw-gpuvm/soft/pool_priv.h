/*
 * Private to pool.c and pool_state.c: grids and the pool.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_POOL_PRIV_H
#define GPUVM_SOFT_POOL_PRIV_H

#include <glib.h>

#include "soft/cta.h"
#include "soft/soft.h"

/* Why a grid stops early; the word that SoftCta.abort points at. */
enum {
    STOP_NONE,
    STOP_FAULT,
    STOP_ABORT,
};

/* CTAs that were claimed and not begun. */
typedef struct SoftCtaRange {
    uint64_t next, end;
} SoftCtaRange;

struct SoftGrid {
    SoftLaunch l;
    uintptr_t id;
    uint64_t total;             /* CTAs */
    uint64_t start_ns;
    _Atomic uint64_t next;      /* CTA to claim */
    _Atomic uint64_t finished;  /* CTAs */
    _Atomic uint32_t stop;      /* STOP_* */
    _Atomic bool held;          /* nobody may work on it; pool's lock */
    bool held_told;             /* held() was called for it; pool's lock */
    unsigned workers;           /* in it; pool's lock */
    bool faulted;               /* pool's lock, with fault */
    GpuvmFault fault;
    GSList *parked;             /* of SoftCtaCtx; pool's lock */
    GSList *loaded;             /* of GByteArray: saved CTAs; pool's lock */
    GArray *left;               /* of SoftCtaRange, at most a thread; lock */
    GMutex prog_lock;
    SoftProgram *prog;          /* prog_lock */
};

#define SOFT_POOL_THREADS 256   /* at most */

struct SoftPool {
    SoftGpu *gpu;
    SoftProgramCache *programs;
    SoftJit *jit;        /* NULL: everything is interpreted */
    GMutex lock;
    GCond work;
    GPtrArray *grids;           /* of SoftGrid; lock */
    guint cursor;               /* lock */
    uintptr_t last_id;          /* lock */
    bool quit;                  /* lock */
    GSList *free_ctx;           /* of SoftCtaCtx; lock */
    unsigned contexts;          /* that exist; lock */
    _Atomic unsigned running;   /* length of grids, to be looked at */
    unsigned nthreads;
    bool stepped;               /* no threads */
    GThread **threads;
};

/** gpuvm_soft_pool_find - the grid of that number if it is still there; lock
 *  held. */
SoftGrid *gpuvm_soft_pool_find(SoftPool *pool, SoftGrid *grid);
/** gpuvm_soft_pool_add - numbers a new grid and puts it in the list. */
SoftGrid *gpuvm_soft_pool_add(SoftPool *pool, SoftGrid *g);

/** gpuvm_soft_grid_new - launch @l, not in a list; _free: and no thread in it,
 *  nothing parked. */
SoftGrid *gpuvm_soft_grid_new(const SoftLaunch *l);
void gpuvm_soft_grid_free(SoftGrid *g);

#endif
