/*
 * A grid in flight, saved and loaded.
 *
 * It is held, so nobody works on it: what is left of it are CTAs that were not
 * begun, and those that stand in parked contexts.  These are saved each as a
 * blob.  A loaded grid keeps the blobs; a worker that takes one binds a context
 * first, when the address space and with it the program can be read.
 *
 * Every CTA is in exactly one place: finished, saved, or not begun.  A stream
 * in which the three do not make up the grid is refused, since the grid could
 * never end well.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/pool_priv.h"

#define GRID_VERSION 2
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
        save_ctas(g, x);
    }
    g_mutex_unlock(&pool->lock);
}

static SoftGrid *load_grid(SoftPool *pool, const SoftLaunch *l, GpuvmXfer *x)
{
    SoftGrid *g = g_new0(SoftGrid, 1);
    uint64_t next, finished;
    uint32_t n;

    g->l = *l;
    xfer_launch(&g->l, x);
    if (!gpuvm_soft_launch_ok(&g->l)) {
        gpuvm_xfer_fail(x, "a saved grid has impossible dimensions");
    }
    xfer_counts(g, x);
    n = load_ctas(g, x);
    g->total = (uint64_t)g->l.grid[0] * g->l.grid[1] * g->l.grid[2];
    next = atomic_load(&g->next);
    finished = atomic_load(&g->finished);
    if (next > g->total || finished > next || next - finished != n ||
        (!n && next == g->total)) {
        gpuvm_xfer_fail(x, "the thread blocks of a saved grid do not add up");
    }
    if (!gpuvm_xfer_ok(x)) {
        g_slist_free_full(g->loaded, (GDestroyNotify)g_byte_array_unref);
        g_free(g);
        return NULL;
    }
    g_mutex_init(&g->prog_lock);
    g->start_ns = gpuvm_soft_clock_ns();
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
