/*
 * The worker pool: grids, spread CTA by CTA over threads.
 *
 * Running grids stand in a list.  A worker takes the next one after a cursor
 * that moves with every take, so that grids of different channels get workers
 * in turn; from it the worker claims CTAs with an atomic counter, until there
 * are none left or, while other grids wait, for a slice of time.  The worker
 * that leaves a grid last, with nothing left to claim, reports it done.  A
 * grid whose launch parameters are refused, or which is empty, goes the same
 * way with no CTA to claim, so done() always comes from a worker.
 *
 * A fault is kept in the grid (the first one wins) and raises the grid's stop
 * word, which the interpreter looks at; so does an abort.  Grids are named to
 * the outside by a number that is never used again, so that an abort that
 * comes late finds nothing instead of somebody else's grid.
 *
 * Stores of CTAs are seen by whoever done() tells: each worker takes the
 * pool's lock after its last CTA, and the reporting one takes it last.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "soft/cta.h"
#include "soft/soft.h"

#define SLICE_NS 2000000u       /* before another waiting grid has its turn */
#define MAX_THREADS 256

/* Why a grid stops early; the word that SoftCta.abort points at. */
enum {
    STOP_NONE,
    STOP_FAULT,
    STOP_ABORT,
};

struct SoftGrid {
    SoftLaunch l;
    uintptr_t id;
    uint64_t total;             /* CTAs */
    uint64_t start_ns;
    _Atomic uint64_t next;      /* CTA to claim */
    _Atomic uint64_t finished;  /* CTAs */
    _Atomic uint32_t stop;      /* STOP_* */
    unsigned workers;           /* in it; pool's lock */
    bool faulted;               /* pool's lock, with fault */
    GpuvmFault fault;
    GMutex prog_lock;
    SoftProgram *prog;          /* prog_lock */
};

struct SoftPool {
    SoftGpu *gpu;
    SoftProgramCache *programs;
    GMutex lock;
    GCond work;
    GPtrArray *grids;           /* of SoftGrid; lock */
    guint cursor;               /* lock */
    uintptr_t last_id;          /* lock */
    bool quit;                  /* lock */
    _Atomic unsigned running;   /* length of grids, to be looked at */
    unsigned nthreads;
    GThread **threads;
};

static bool has_work(SoftGrid *g)
{
    return atomic_load(&g->stop) == STOP_NONE &&
           atomic_load(&g->next) < g->total;
}

static void fault_fill(GpuvmFault *f, GpuvmTrap trap)
{
    memset(f, 0, sizeof(*f));
    f->kind = GPUVM_FAULT_GR_TRAP;
    f->engine = GPUVM_ENGINE_GR;
    f->reason = trap;
}

/* Notes a grid's first fault and stops it. */
static void grid_fault(SoftPool *pool, SoftGrid *g, const GpuvmFault *f)
{
    g_mutex_lock(&pool->lock);
    if (!g->faulted) {
        g->faulted = true;
        g->fault = *f;
        atomic_store(&g->stop, STOP_FAULT);
    }
    g_mutex_unlock(&pool->lock);
}

static void grid_trap(SoftPool *pool, SoftGrid *g, GpuvmTrap trap)
{
    GpuvmFault f;

    fault_fill(&f, trap);
    grid_fault(pool, g, &f);
}

/* ---- a worker ---- */

static SoftProgram *grid_program(SoftPool *pool, SoftGrid *g, SoftTlb *tlb)
{
    SoftProgram *prog;

    g_mutex_lock(&g->prog_lock);
    if (!g->prog) {
        g->prog = gpuvm_soft_program_get(pool->programs, tlb, g->l.code_va,
                                         g->l.entry);
    }
    prog = g->prog;
    g_mutex_unlock(&g->prog_lock);
    return prog;
}

/* Runs CTAs of @g until there is none left or the time is up. */
static void run_slice(SoftPool *pool, SoftCtaCtx *ctx, SoftGrid *g)
{
    uint64_t end = gpuvm_soft_clock_ns() + SLICE_NS, n, done = 0;

    gpuvm_soft_section_enter(pool->gpu);
    if (!gpuvm_soft_cta_ctx_bind(ctx, &g->l, &g->stop)) {
        grid_trap(pool, g, GPUVM_TRAP_LAUNCH);
    } else {
        ctx->cta.prog = grid_program(pool, g, &ctx->tlb);
    }
    while (atomic_load(&g->stop) == STOP_NONE &&
           (n = atomic_fetch_add(&g->next, 1)) < g->total) {
        uint32_t id[3] = {
            n % g->l.grid[0],
            n / g->l.grid[0] % g->l.grid[1],
            n / g->l.grid[0] / g->l.grid[1],
        };
        SoftCtaEnd how = gpuvm_soft_cta_run(ctx, id);

        if (how == SOFT_CTA_FAULT) {
            grid_fault(pool, g, &ctx->cta.fault);
        }
        if (how != SOFT_CTA_DONE) {
            break;
        }
        done++;
        if (gpuvm_soft_attention(ctx->cta.attention)) {
            gpuvm_soft_section_yield(pool->gpu);
        }
        if (atomic_load(&pool->running) > 1 && gpuvm_soft_clock_ns() > end) {
            break;
        }
    }
    gpuvm_soft_section_leave(pool->gpu);
    atomic_fetch_add(&g->finished, done);
}

/* Reports a grid that has left the list. */
static void grid_finish(SoftPool *pool, SoftGrid *g)
{
    GpuvmHost *host = gpuvm_soft_as_host(g->l.as);
    uint64_t ns = gpuvm_soft_clock_ns() - g->start_ns;
    uint64_t ctas = atomic_load(&g->finished);

    if (!g->faulted && ctas < g->total) {
        g->faulted = true;
        fault_fill(&g->fault, GPUVM_TRAP_TIMEOUT);
    }
    if (g->prog) {
        gpuvm_soft_program_put(pool->programs, g->prog);
    }
    gpuvm_count_n(&host->counters, GPUVM_CNT_CTAS, ctas);
    gpuvm_host_trace(host, GPUVM_TRACE_GRID_DONE, ctas, ns, g->faulted, 0);
    g->l.done(g->l.opaque, g->faulted ? &g->fault : NULL, ctas);
    g_mutex_clear(&g->prog_lock);
    g_free(g);
}

/* The next grid that must be reported, else the next in turn that can use a
 * worker; lock held. */
static SoftGrid *pick(SoftPool *pool, bool *finish)
{
    guint n = pool->grids->len;

    *finish = true;
    for (guint i = 0; i < n; i++) {
        SoftGrid *g = g_ptr_array_index(pool->grids, i);

        if (!g->workers && !has_work(g)) {
            g_ptr_array_remove_index(pool->grids, i);
            atomic_store(&pool->running, n - 1);
            return g;
        }
    }
    *finish = false;
    for (guint k = 0; k < n; k++) {
        guint i = (pool->cursor + k) % n;
        SoftGrid *g = g_ptr_array_index(pool->grids, i);

        if (has_work(g)) {
            pool->cursor = i + 1;
            g->workers++;
            return g;
        }
    }
    return NULL;
}

static gpointer worker(gpointer opaque)
{
    SoftPool *pool = opaque;
    SoftCtaCtx *ctx = g_new(SoftCtaCtx, 1);
    bool ok = gpuvm_soft_cta_ctx_init(ctx, pool->gpu);

    g_mutex_lock(&pool->lock);
    for (;;) {
        bool finish;
        SoftGrid *g = pick(pool, &finish);

        if (!g) {
            if (pool->quit && !pool->grids->len) {
                break;
            }
            g_cond_wait(&pool->work, &pool->lock);
            continue;
        }
        g_mutex_unlock(&pool->lock);
        if (finish) {
            grid_finish(pool, g);
        } else if (ok) {
            run_slice(pool, ctx, g);
        } else {
            grid_trap(pool, g, GPUVM_TRAP_LAUNCH);
        }
        g_mutex_lock(&pool->lock);
        if (!finish) {
            g->workers--;
        }
    }
    /* the others may be waiting for the list to become empty */
    g_cond_broadcast(&pool->work);
    g_mutex_unlock(&pool->lock);
    gpuvm_soft_cta_ctx_fini(ctx);
    g_free(ctx);
    return NULL;
}

/* ---- from outside ---- */

SoftPool *gpuvm_soft_pool_new(SoftGpu *gpu, unsigned threads)
{
    SoftPool *pool = g_new0(SoftPool, 1);

    pool->gpu = gpu;
    pool->nthreads = MIN(threads ? threads : g_get_num_processors(),
                         MAX_THREADS);
    pool->programs = gpuvm_soft_program_cache_new();
    pool->grids = g_ptr_array_new();
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->work);
    pool->threads = g_new0(GThread *, pool->nthreads);
    for (unsigned i = 0; i < pool->nthreads; i++) {
        char name[16];

        g_snprintf(name, sizeof(name), "gpuvm-mp%u", i);
        pool->threads[i] = g_thread_new(name, worker, pool);
    }
    return pool;
}

static void stop_grid(SoftGrid *g)
{
    uint32_t none = STOP_NONE;

    atomic_compare_exchange_strong(&g->stop, &none, STOP_ABORT);
}

void gpuvm_soft_pool_free(SoftPool *pool)
{
    if (!pool) {
        return;
    }
    g_mutex_lock(&pool->lock);
    pool->quit = true;
    for (guint i = 0; i < pool->grids->len; i++) {
        stop_grid(g_ptr_array_index(pool->grids, i));
    }
    g_cond_broadcast(&pool->work);
    g_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->nthreads; i++) {
        g_thread_join(pool->threads[i]);
    }
    gpuvm_soft_program_cache_free(pool->programs);
    g_ptr_array_free(pool->grids, TRUE);
    g_mutex_clear(&pool->lock);
    g_cond_clear(&pool->work);
    g_free(pool->threads);
    g_free(pool);
}

unsigned gpuvm_soft_pool_threads(SoftPool *pool)
{
    return pool->nthreads;
}

SoftGrid *gpuvm_soft_pool_launch(SoftPool *pool, const SoftLaunch *l)
{
    GpuvmHost *host = gpuvm_soft_as_host(l->as);
    SoftGrid *g = g_new0(SoftGrid, 1);
    uintptr_t id;

    g->l = *l;
    g->start_ns = gpuvm_soft_clock_ns();
    g_mutex_init(&g->prog_lock);
    if (!gpuvm_soft_launch_ok(l)) {
        g->faulted = true;
        fault_fill(&g->fault, GPUVM_TRAP_LAUNCH);
        gpuvm_guest_error(host, "launch refused: grid %ux%ux%u block %ux%ux%u "
                          "gprs %u shared %u local %u+%u", l->grid[0],
                          l->grid[1], l->grid[2], l->block[0], l->block[1],
                          l->block[2], l->gprs, l->shared_size, l->local_pos,
                          l->local_neg);
    } else {
        g->total = (uint64_t)l->grid[0] * l->grid[1] * l->grid[2];
        gpuvm_count(&host->counters, GPUVM_CNT_LAUNCHES);
    }
    gpuvm_host_trace(host, GPUVM_TRACE_LAUNCH, l->entry, l->grid[0],
                     l->grid[1],
                     (uint64_t)l->block[0] * l->block[1] * l->block[2]);
    g_mutex_lock(&pool->lock);
    id = ++pool->last_id;
    g->id = id;
    if (pool->quit) {
        stop_grid(g);
    }
    g_ptr_array_add(pool->grids, g);
    atomic_store(&pool->running, pool->grids->len);
    g_cond_broadcast(&pool->work);
    g_mutex_unlock(&pool->lock);
    return (SoftGrid *)id;
}

void gpuvm_soft_pool_abort(SoftPool *pool, SoftGrid *grid)
{
    uintptr_t id = (uintptr_t)grid;

    g_mutex_lock(&pool->lock);
    for (guint i = 0; i < pool->grids->len; i++) {
        SoftGrid *g = g_ptr_array_index(pool->grids, i);

        if (g->id == id) {
            stop_grid(g);
            g_cond_broadcast(&pool->work);
            break;
        }
    }
    g_mutex_unlock(&pool->lock);
}
