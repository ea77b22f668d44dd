/*
 * A grid in flight, saved and loaded.
 *
 * It is held, so nobody works on it: what is left of it are CTAs that were not
 * begun (all from one on, and some ranges that were claimed before), and those
 * that stand in parked contexts.  These are saved each as a
 * blob.  A loaded grid keeps the blobs; a worker that takes one binds a context
 * first, when the address space and with it the program can be read.
 *
 * Every CTA is in exactly one place: finished, saved, or not begun.  A stream
 * in which the three do not make up the grid is refused, since the grid could
 * never end well.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <inttypes.h>

#include "soft/pool_priv.h"

#define GRID_VERSION 3
/* No saved CTA is shorter: its barriers alone take more.  So a stream cannot
 * make many times its own size of memory out of empty ones. */
#define CTA_BYTES_MIN 256u

static void xfer_launch(SoftLaunch *l, GpuvmXfer *x)
{
    unsigned i;

    gpuvm_xfer_u64(x, &l->code_va);
    gpuvm_xfer_u32(x, &l->entry);
    gpuvm_xfer_words(x, l->grid, 3);
    gpuvm_xfer_words(x, l->block, 3);
    gpuvm_xfer_u32(x, &l->gprs);
    gpuvm_xfer_u32(x, &l->shared_size);
    gpuvm_xfer_u32(x, &l->local_pos);
    gpuvm_xfer_u32(x, &l->local_neg);
    gpuvm_xfer_u32(x, &l->shared_base);
    gpuvm_xfer_u32(x, &l->local_base);
    gpuvm_xfer_u32(x, &l->launch_arg);
    gpuvm_xfer_u32(x, &l->grid_id);
    for (i = 0; i < SOFT_MAX_CB; i++) {
        gpuvm_xfer_u64(x, &l->cb[i].va);
        gpuvm_xfer_u32(x, &l->cb[i].size);
    }
    for (i = 0; i < SOFT_MAX_IMAGES; i++) {
        gpuvm_xfer_u64(x, &l->image[i].va);
        gpuvm_xfer_u32(x, &l->image[i].width);
        gpuvm_xfer_u32(x, &l->image[i].height);
        gpuvm_xfer_u32(x, &l->image[i].format);
        gpuvm_xfer_u32(x, &l->image[i].tile_mode);
    }
    gpuvm_xfer_u64(x, &l->tic_va);
    gpuvm_xfer_u64(x, &l->tsc_va);
    gpuvm_xfer_u32(x, &l->tic_limit);
    gpuvm_xfer_u32(x, &l->tsc_limit);
    gpuvm_xfer_words(x, l->tic, SOFT_MAX_TIC);
    gpuvm_xfer_words(x, l->tsc, SOFT_MAX_TSC);
    gpuvm_xfer_bool(x, &l->linked_tsc);
    gpuvm_xfer_bool(x, &l->seamless);
}

static void save_cta(SoftCtaCtx *ctx, GpuvmXfer *x)
{
    GByteArray *blob = g_byte_array_new();
    char *err = NULL;
    GpuvmXfer sub;

    gpuvm_xfer_saver(&sub, blob);
    gpuvm_soft_cta_xfer(ctx, &sub);
    if (!gpuvm_xfer_finish(&sub, &err)) {
        gpuvm_xfer_fail(x, "%s", err);
        g_free(err);
    }
    gpuvm_xfer_blob(x, blob);
    g_byte_array_unref(blob);
}

static void save_ctas(SoftGrid *g, GpuvmXfer *x)
{
    uint32_t n = g_slist_length(g->parked) + g_slist_length(g->loaded);
    GSList *l;

    gpuvm_xfer_u32(x, &n);
    for (l = g->parked; l; l = l->next) {
        save_cta(l->data, x);
    }
    for (l = g->loaded; l; l = l->next) {
        gpuvm_xfer_blob(x, l->data);
    }
}

static uint32_t load_ctas(SoftGrid *g, GpuvmXfer *x)
{
    uint32_t n = 0, i;

    gpuvm_xfer_u32(x, &n);
    for (i = 0; i < n && gpuvm_xfer_ok(x); i++) {
        GByteArray *blob = g_byte_array_new();

        gpuvm_xfer_blob(x, blob);
        if (gpuvm_xfer_ok(x) && blob->len < CTA_BYTES_MIN) {
            gpuvm_xfer_fail(x, "a saved thread block has %u bytes", blob->len);
        }
        g->loaded = g_slist_prepend(g->loaded, blob);
    }
    g->loaded = g_slist_reverse(g->loaded);
    return n;
}

static void xfer_counts(SoftGrid *g, GpuvmXfer *x)
{
    uint64_t next = MIN(atomic_load(&g->next), g->total);
    uint64_t finished = atomic_load(&g->finished);

    gpuvm_xfer_u64(x, &next);
    gpuvm_xfer_u64(x, &finished);
    atomic_store(&g->next, next);
    atomic_store(&g->finished, finished);
}

/* In ascending order, so that a loaded range cannot be there twice. */
static gint by_start(gconstpointer a, gconstpointer b)
{
    const SoftCtaRange *x = a, *y = b;

    return (x->next > y->next) - (x->next < y->next);
}

/* Claimed CTAs that were not begun; how many. */
static uint64_t xfer_left(SoftGrid *g, GpuvmXfer *x)
{
    uint32_t n = g->left->len, i;
    uint64_t at = 0, sum = 0;

    g_array_sort(g->left, by_start);
    n = gpuvm_xfer_max(x, "ranges", n, SOFT_POOL_THREADS);
    g_array_set_size(g->left, n);
    for (i = 0; i < n && gpuvm_xfer_ok(x); i++) {
        SoftCtaRange *r = &g_array_index(g->left, SoftCtaRange, i);

        gpuvm_xfer_u64(x, &r->next);
        gpuvm_xfer_u64(x, &r->end);
        if (r->next < at || r->end <= r->next ||
            r->end > atomic_load(&g->next)) {
            gpuvm_xfer_fail(x, "thread blocks %" PRIu64 " to %" PRIu64
                            " of a saved grid", r->next, r->end);
        }
        at = r->end;
        sum += r->end - r->next;
    }
    return sum;
}

static void save_grid(SoftPool *pool, SoftGrid *grid, GpuvmXfer *x)
{
    SoftGrid *g;

    g_mutex_lock(&pool->lock);
    g = gpuvm_soft_pool_find(pool, grid);
    if (!g || !g->held_told || g->workers ||
        atomic_load(&g->stop) != STOP_NONE) {
        gpuvm_xfer_fail(x, "a grid in flight does not stand");
    } else {
        xfer_launch(&g->l, x);
        xfer_counts(g, x);
        xfer_left(g, x);
        save_ctas(g, x);
    }
    g_mutex_unlock(&pool->lock);
}

static SoftGrid *load_grid(SoftPool *pool, const SoftLaunch *l, GpuvmXfer *x)
{
    SoftGrid *g = gpuvm_soft_grid_new(l);
    uint64_t next, finished, left;
    uint32_t n;

    xfer_launch(&g->l, x);
    if (!gpuvm_soft_launch_ok(&g->l)) {
        gpuvm_xfer_fail(x, "a saved grid has impossible dimensions");
    }
    xfer_counts(g, x);
    left = xfer_left(g, x);
    n = load_ctas(g, x);
    g->total = (uint64_t)g->l.grid[0] * g->l.grid[1] * g->l.grid[2];
    next = atomic_load(&g->next);
    finished = atomic_load(&g->finished);
    if (next > g->total || finished > next || left > next - finished ||
        next - finished - left != n ||
        (!n && !left && next == g->total)) {
        gpuvm_xfer_fail(x, "the thread blocks of a saved grid do not add up");
    }
    if (!gpuvm_xfer_ok(x)) {
        gpuvm_soft_grid_free(g);
        return NULL;
    }
    atomic_store(&g->held, true);
    g->held_told = true;
    return gpuvm_soft_pool_add(pool, g);
}

void gpuvm_soft_pool_xfer(SoftPool *pool, SoftGrid **grid, const SoftLaunch *l,
                          GpuvmXfer *x)
{
    gpuvm_xfer_begin(x, "GRID", GRID_VERSION);
    if (x->loading) {
        *grid = load_grid(pool, l, x);
    } else {
        save_grid(pool, *grid, x);
    }
    gpuvm_xfer_end(x);
}
