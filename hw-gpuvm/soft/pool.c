/*
 * The worker pool: grids, spread CTA by CTA over threads.
 *
 * Running grids stand in a list.  A worker takes the next one after a cursor
 * that moves with every take, so that grids of different channels get workers
 * in turn; from it the worker claims CTAs with an atomic counter, until there
 * are none left or, while other grids stand in the list, for a slice of time.
 * It claims neighbours, which work on neighbouring memory, and fewer of them
 * the fewer are left, so that all workers end together; what it did not begin
 * when its slice is over stays with the grid and is taken first.
 * A CTA in the midst of work when the slice is over is parked with its grid,
 * in its context, and gone on with by whichever worker takes the grid next: a
 * kernel that never ends takes its share and no more.  Contexts are reused
 * and their number is limited; with none left CTAs are not parked.
 *
 * A grid can be held: its workers park what they have and leave, and the one
 * that looks next says so with held().  Contexts that held grids keep do not
 * count against the limit, so however many are held, others run.
 *
 * The worker that leaves a grid last, with nothing left to claim, reports it
 * done.  A grid whose launch parameters are refused, or which is empty, goes
 * the same way with no CTA to claim, so done() always comes from a worker.
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
#include <string.h>

#include "soft/jit/jit.h"
#include "soft/pool_priv.h"

#define SLICE_NS 2000000u       /* before another waiting grid has its turn */
#define CLAIM_MAX 64            /* CTAs at once */
#define CLAIM_PART 8            /* at most this part of a worker's share */
#define STEP_NS 20000u          /* the same where step() does the work */
#define CTX_PER_THREAD 4        /* one running, the others parked */

/* Whether something of @g is left to do; lock held. */
static bool has_work(SoftGrid *g)
{
    return atomic_load(&g->stop) == STOP_NONE &&
           (g->parked || g->loaded || g->left->len ||
            atomic_load(&g->next) < g->total);
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

/* What a worker has in hand. */
typedef struct Slice {
    SoftPool *pool;
    SoftGrid *grid;
    SoftCtaCtx *ctx;
    bool fresh;                 /* ctx is not bound to the grid yet */
    GByteArray *loaded;         /* a saved CTA to go on with, or NULL */
    SoftCtaRange claimed;       /* not begun */
    uint64_t end;
} Slice;

static bool slice_over(void *opaque)
{
    Slice *s = opaque;

    return atomic_load(&s->grid->held) ||
           ((atomic_load(&s->pool->running) > 1 || s->pool->stepped) &&
            gpuvm_soft_clock_ns() > s->end);
}

/* Puts the saved CTA into the context. */
static bool slice_load(Slice *s)
{
    GpuvmXfer x;
    char *err = NULL;

    gpuvm_xfer_loader(&x, s->loaded->data, s->loaded->len);
    gpuvm_soft_cta_xfer(s->ctx, &x);
    g_byte_array_unref(g_steal_pointer(&s->loaded));
    if (gpuvm_xfer_finish(&x, &err)) {
        return true;
    }
    gpuvm_log(gpuvm_soft_as_host(s->grid->l.as), GPUVM_LOG_ERROR,
              "a saved thread block cannot go on: %s", err);
    g_free(err);
    s->ctx->started = false;
    grid_trap(s->pool, s->grid, GPUVM_TRAP_ILLEGAL_INSTR);
    return false;
}

static bool slice_bind(Slice *s)
{
    SoftGrid *g = s->grid;

    if (s->fresh) {
        if (!gpuvm_soft_cta_ctx_bind(s->ctx, &g->l, &g->stop)) {
            grid_trap(s->pool, g, GPUVM_TRAP_LAUNCH);
            return false;
        }
        s->ctx->cta.prog = grid_program(s->pool, g, &s->ctx->tlb);
        gpuvm_soft_jit_bind(s->pool->jit, &s->ctx->cta,
                            gpuvm_soft_as_host(g->l.as), &s->ctx->jit);
        s->ctx->started = false;
    }
    s->ctx->pause = slice_over;
    s->ctx->pause_arg = s;
    return !s->loaded || slice_load(s);
}

/* Claims more CTAs; false if there are none. */
static bool claim_more(Slice *s)
{
    SoftGrid *g = s->grid;
    uint64_t next = atomic_load(&g->next), n;

    do {
        if (next >= g->total) {
            return false;
        }
        n = (g->total - next) / (CLAIM_PART * s->pool->nthreads);
        n = CLAMP(n, 1, CLAIM_MAX);
    } while (!atomic_compare_exchange_weak(&g->next, &next, next + n));
    s->claimed = (SoftCtaRange) { next, next + n };
    return true;
}

/* Begins the next CTA, unless one is under way. */
static bool slice_claim(Slice *s)
{
    SoftGrid *g = s->grid;
    uint64_t n;
    uint32_t id[3];

    if (s->ctx->started) {
        return true;
    }
    if (s->claimed.next == s->claimed.end && !claim_more(s)) {
        return false;
    }
    n = s->claimed.next++;
    id[0] = n % g->l.grid[0];
    id[1] = n / g->l.grid[0] % g->l.grid[1];
    id[2] = n / g->l.grid[0] / g->l.grid[1];
    gpuvm_soft_cta_start(s->ctx, id);
    return true;
}

/* Runs CTAs until there is none left or the time is up. */
static void run_slice(Slice *s)
{
    SoftPool *pool = s->pool;
    SoftGrid *g = s->grid;
    uint64_t done = 0;
    bool go_on;

    s->end = gpuvm_soft_clock_ns() + (pool->stepped ? STEP_NS : SLICE_NS);
    gpuvm_soft_section_enter(pool->gpu);
    go_on = slice_bind(s);
    while (go_on && atomic_load(&g->stop) == STOP_NONE && slice_claim(s)) {
        SoftCtaEnd how = gpuvm_soft_cta_run(s->ctx);

        if (how == SOFT_CTA_FAULT) {
            grid_fault(pool, g, &s->ctx->cta.fault);
        }
        done += how == SOFT_CTA_DONE;
        go_on = how == SOFT_CTA_DONE && !slice_over(s);
        if (gpuvm_soft_attention(s->ctx->cta.attention)) {
            gpuvm_soft_section_yield(pool->gpu);
        }
    }
    gpuvm_soft_section_leave(pool->gpu);
    atomic_fetch_add(&g->finished, done);
}

/* ---- contexts; all with the lock held ---- */

/* How many contexts there may be. */
static unsigned ctx_limit(SoftPool *pool)
{
    unsigned n = CTX_PER_THREAD;

    for (guint i = 0; i < pool->grids->len; i++) {
        SoftGrid *g = g_ptr_array_index(pool->grids, i);

        n += atomic_load(&g->held);
    }
    return n * pool->nthreads;
}

static SoftCtaCtx *ctx_get(SoftPool *pool)
{
    SoftCtaCtx *ctx;

    if (pool->free_ctx) {
        ctx = pool->free_ctx->data;
        pool->free_ctx = g_slist_delete_link(pool->free_ctx, pool->free_ctx);
        return ctx;
    }
    if (pool->contexts >= ctx_limit(pool)) {
        return NULL;
    }
    ctx = g_new(SoftCtaCtx, 1);
    if (!gpuvm_soft_cta_ctx_init(ctx, pool->gpu)) {
        gpuvm_soft_cta_ctx_fini(ctx);
        g_free(ctx);
        return NULL;
    }
    pool->contexts++;
    return ctx;
}

static void ctx_put(SoftPool *pool, SoftCtaCtx *ctx)
{
    gpuvm_soft_cta_ctx_trim(ctx);
    pool->free_ctx = g_slist_prepend(pool->free_ctx, ctx);
}

static void ctx_put_parked(SoftPool *pool, SoftGrid *g)
{
    while (g->parked) {
        ctx_put(pool, g->parked->data);
        g->parked = g_slist_delete_link(g->parked, g->parked);
    }
}

/* ---- a worker's life ---- */

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
    gpuvm_soft_grid_free(g);
}

/* Takes a grid out of the list that nobody works on any more; lock held. */
static SoftGrid *pick_finished(SoftPool *pool)
{
    for (guint i = 0; i < pool->grids->len; i++) {
        SoftGrid *g = g_ptr_array_index(pool->grids, i);

        if (!g->workers && !has_work(g)) {
            ctx_put_parked(pool, g);
            g_ptr_array_remove_index(pool->grids, i);
            atomic_store(&pool->running, pool->grids->len);
            return g;
        }
    }
    return NULL;
}

/* The next grid in turn that can use a worker, and a context; lock held. */
static bool pick_slice(SoftPool *pool, Slice *s)
{
    guint n = pool->grids->len;

    for (guint k = 0; k < n; k++) {
        guint i = (pool->cursor + k) % n;
        SoftGrid *g = g_ptr_array_index(pool->grids, i);

        if (!has_work(g) || atomic_load(&g->held)) {
            continue;
        }
        s->fresh = !g->parked;
        s->loaded = NULL;
        if (g->parked) {
            s->ctx = g->parked->data;
            g->parked = g_slist_delete_link(g->parked, g->parked);
        } else {
            s->ctx = ctx_get(pool);
        }
        if (s->ctx) {
            if (s->fresh && g->loaded) {
                s->loaded = g->loaded->data;
                g->loaded = g_slist_delete_link(g->loaded, g->loaded);
            }
            s->claimed = (SoftCtaRange) { 0, 0 };
            if (g->left->len) {
                s->claimed = g_array_index(g->left, SoftCtaRange, 0);
                g_array_remove_index(g->left, 0);
            }
            pool->cursor = i + 1;
            s->pool = pool;
            s->grid = g;
            g->workers++;
            return true;
        }
    }
    return false;
}

/*
 * Tells of grids that stand, now that they are held; lock held.  It is kept
 * during held(), so that the grid's channel cannot go meanwhile.
 */
static void tell_held(SoftPool *pool)
{
    for (guint i = 0; i < pool->grids->len; i++) {
        SoftGrid *g = g_ptr_array_index(pool->grids, i);

        if (atomic_load(&g->held) && !g->held_told && !g->workers &&
            has_work(g)) {
            g->held_told = true;
            g->l.held(g->l.opaque);
        }
    }
}

/* The slice is over; lock held. */
static void end_slice(SoftPool *pool, Slice *s)
{
    SoftGrid *g = s->grid;

    g->workers--;
    if (s->loaded) {
        g_byte_array_unref(s->loaded);
    }
    if (s->claimed.next < s->claimed.end) {
        g_array_append_val(g->left, s->claimed);
    }
    if (s->ctx->started && atomic_load(&g->stop) == STOP_NONE) {
        g->parked = g_slist_append(g->parked, s->ctx);
    } else {
        s->ctx->started = false;
        ctx_put(pool, s->ctx);
    }
    if (pool->grids->len > 1) {
        g_cond_signal(&pool->work);     /* a context or a CTA is to be had */
    }
}

/* Reports a grid or runs a slice of one; false: nothing to do.  Lock held,
 * dropped meanwhile. */
static bool step(SoftPool *pool)
{
    SoftGrid *g = pick_finished(pool);
    Slice s;

    if (g) {
        g_mutex_unlock(&pool->lock);
        grid_finish(pool, g);
        g_mutex_lock(&pool->lock);
    } else if (pick_slice(pool, &s)) {
        g_mutex_unlock(&pool->lock);
        run_slice(&s);
        g_mutex_lock(&pool->lock);
        end_slice(pool, &s);
        tell_held(pool);
    } else {
        return false;
    }
    return true;
}

static gpointer worker(gpointer opaque)
{
    SoftPool *pool = opaque;

    g_mutex_lock(&pool->lock);
    for (;;) {
        if (step(pool)) {
            continue;
        }
        if (pool->quit && !pool->grids->len) {
            break;
        } else {
            g_cond_wait(&pool->work, &pool->lock);
        }
    }
    /* the others may be waiting for the list to become empty */
    g_cond_broadcast(&pool->work);
    g_mutex_unlock(&pool->lock);
    return NULL;
}

/* ---- from outside ---- */

bool gpuvm_soft_pool_step(SoftPool *pool)
{
    bool did;

    g_mutex_lock(&pool->lock);
    did = step(pool);
    g_mutex_unlock(&pool->lock);
    return did;
}

SoftPool *gpuvm_soft_pool_new(SoftGpu *gpu, unsigned threads, bool stepped)
{
    SoftPool *pool = g_new0(SoftPool, 1);

    pool->gpu = gpu;
    pool->stepped = stepped;
    pool->nthreads = MIN(threads ? threads : g_get_num_processors(),
                         SOFT_POOL_THREADS);
    pool->programs = gpuvm_soft_program_cache_new();
    pool->grids = g_ptr_array_new();
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->work);
    pool->threads = g_new0(GThread *, pool->nthreads);
    for (unsigned i = 0; !stepped && i < pool->nthreads; i++) {
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
    for (unsigned i = 0; !pool->stepped && i < pool->nthreads; i++) {
        g_thread_join(pool->threads[i]);
    }
    while (gpuvm_soft_pool_step(pool)) {
    }
    while (pool->free_ctx) {
        gpuvm_soft_cta_ctx_fini(pool->free_ctx->data);
        g_free(pool->free_ctx->data);
        pool->free_ctx = g_slist_delete_link(pool->free_ctx, pool->free_ctx);
    }
    gpuvm_soft_program_cache_free(pool->programs);
    gpuvm_soft_jit_free(pool->jit);
    g_ptr_array_free(pool->grids, TRUE);
    g_mutex_clear(&pool->lock);
    g_cond_clear(&pool->work);
    g_free(pool->threads);
    g_free(pool);
}

void gpuvm_soft_pool_set_jit(SoftPool *pool, SoftJit *jit)
{
    pool->jit = jit;
}

void gpuvm_soft_pool_leave(SoftPool *pool, GpuvmHost *host)
{
    gpuvm_soft_jit_leave(pool->jit, host);
}

unsigned gpuvm_soft_pool_threads(SoftPool *pool)
{
    return pool->nthreads;
}

SoftGrid *gpuvm_soft_grid_new(const SoftLaunch *l)
{
    SoftGrid *g = g_new0(SoftGrid, 1);

    g->l = *l;
    g->start_ns = gpuvm_soft_clock_ns();
    g->left = g_array_new(FALSE, FALSE, sizeof(SoftCtaRange));
    g_mutex_init(&g->prog_lock);
    return g;
}

void gpuvm_soft_grid_free(SoftGrid *g)
{
    g_slist_free_full(g->loaded, (GDestroyNotify)g_byte_array_unref);
    g_array_free(g->left, TRUE);
    g_mutex_clear(&g->prog_lock);
    g_free(g);
}

SoftGrid *gpuvm_soft_pool_launch(SoftPool *pool, const SoftLaunch *l)
{
    GpuvmHost *host = gpuvm_soft_as_host(l->as);
    SoftGrid *g = gpuvm_soft_grid_new(l);

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
    return gpuvm_soft_pool_add(pool, g);
}

SoftGrid *gpuvm_soft_pool_add(SoftPool *pool, SoftGrid *g)
{
    uintptr_t id;

    g_mutex_lock(&pool->lock);
    id = ++pool->last_id;
    g->id = id;
    if (pool->quit) {
        stop_grid(g);
    }
    g_ptr_array_add(pool->grids, g);
    atomic_store(&pool->running, pool->grids->len);
    if (g->total > 1 || pool->quit) {
        g_cond_broadcast(&pool->work);
    } else {
        g_cond_signal(&pool->work);     /* more than one find nothing to do */
    }
    g_mutex_unlock(&pool->lock);
    return (SoftGrid *)id;
}

SoftGrid *gpuvm_soft_pool_find(SoftPool *pool, SoftGrid *grid)
{
    for (guint i = 0; i < pool->grids->len; i++) {
        SoftGrid *g = g_ptr_array_index(pool->grids, i);

        if (g->id == (uintptr_t)grid) {
            return g;
        }
    }
    return NULL;
}

void gpuvm_soft_pool_abort(SoftPool *pool, SoftGrid *grid)
{
    SoftGrid *g;

    g_mutex_lock(&pool->lock);
    g = gpuvm_soft_pool_find(pool, grid);
    if (g) {
        stop_grid(g);
        g_cond_broadcast(&pool->work);
    }
    g_mutex_unlock(&pool->lock);
}

void gpuvm_soft_pool_hold(SoftPool *pool, SoftGrid *grid, bool on)
{
    SoftGrid *g;

    g_mutex_lock(&pool->lock);
    g = gpuvm_soft_pool_find(pool, grid);
    if (g && g->l.held) {
        atomic_store(&g->held, on);
        g->held_told = false;
        if (on) {
            tell_held(pool);    /* at once, if nobody is in it */
        }
        g_cond_broadcast(&pool->work);
    }
    g_mutex_unlock(&pool->lock);
}
