/*
 * Guest RAM in an address space: runs, the budget, flushes and invalidation.
 *
 * A run is one ram_map() of the host and the pages entered from it.  When its
 * last page goes, the run waits on a list until a pause has passed and is then
 * unmapped.  A page that was taken for writing (its dirty bit is set) and is
 * unbound before the next completion is remembered as a "late" range, since a
 * thread may write through its cache until the pause: it is reported at every
 * completion before the flush and once more after the pause.
 *
 * The host has one invalidate listener; a SoftListener stands for all address
 * spaces of one host.  When RAM leaves, all pages that show it are unbound,
 * one pause is awaited, and only then the callback returns.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "soft/as_priv.h"
#include "soft/compute.h"

void gpuvm_soft_range_add(GArray *a, uint64_t gpa, uint64_t len)
{
    SoftRange r = { gpa, len };

    if (a->len) {
        SoftRange *last = &g_array_index(a, SoftRange, a->len - 1);

        if (last->gpa + last->len == gpa) {
            last->len += len;
            return;
        }
    }
    g_array_append_val(a, r);
}

bool gpuvm_soft_as_charge(SoftAs *as, uint64_t bytes)
{
    if (bytes > as->budget - MIN(as->bytes, as->budget)) {
        return false;
    }
    as->bytes += bytes;
    return true;
}

static void run_link(SoftRun **list, SoftRun *run)
{
    run->prev = NULL;
    run->next = *list;
    if (*list) {
        (*list)->prev = run;
    }
    *list = run;
}

static void run_unlink(SoftRun **list, SoftRun *run)
{
    if (run->prev) {
        run->prev->next = run->next;
    } else {
        *list = run->next;
    }
    if (run->next) {
        run->next->prev = run->prev;
    }
}

SoftRun *gpuvm_soft_run_new(SoftAs *as, uint64_t va, uint64_t gpa,
                            uint64_t len, bool write, int *err)
{
    SoftRun *run;
    uint64_t got = len;
    void *ptr;

    if (!gpuvm_soft_as_charge(as, sizeof(*run))) {
        *err = -ENOMEM;
        return NULL;
    }
    ptr = gpuvm_host_ram_map(as->host, gpa, &got, write);
    if (!ptr || got < SOFT_PAGE_SIZE || got > len) {
        if (ptr) {
            gpuvm_host_ram_unmap(as->host, ptr, gpa, got);
        }
        as->bytes -= sizeof(*run);
        *err = -EFAULT;
        return NULL;
    }
    run = g_new0(SoftRun, 1);
    run->ptr = ptr;
    run->va = va;
    run->gpa = gpa;
    run->len = got;
    run->pages = 1;
    run_link(&as->runs, run);
    return run;
}

void gpuvm_soft_run_release(SoftAs *as, SoftRun *run)
{
    if (--run->pages == 0) {
        run_unlink(&as->runs, run);
        run_link(&as->dead, run);
        as->stale = true;
    }
}

void gpuvm_soft_run_put(SoftAs *as, SoftL2Ram *ram, uint64_t va)
{
    unsigned i = soft_l2_index(va);
    uint64_t bit = UINT64_C(1) << (i % 64);
    SoftRun *run = ram->run[i];

    ram->run[i] = NULL;
    if (atomic_load(&ram->dirty[i / 64]) & bit) {
        atomic_fetch_and(&ram->dirty[i / 64], ~bit);
        gpuvm_soft_range_add(as->late, run->gpa + (va - run->va),
                             SOFT_PAGE_SIZE);
        atomic_store(&as->dirty_any, 1);
    }
    gpuvm_soft_run_release(as, run);
}

bool gpuvm_soft_stale_take(SoftAs *as, SoftStale *s)
{
    bool stale;

    g_mutex_lock(&as->lock);
    stale = as->stale || as->late->len || as->empty->len;
    if (stale) {
        *s = (SoftStale) {
            .as = as, .dead = as->dead, .late = as->late, .empty = as->empty,
        };
        as->stale = false;
        as->dead = NULL;
        as->late = g_array_new(FALSE, FALSE, sizeof(SoftRange));
        as->empty = g_ptr_array_new();
        atomic_fetch_add(&as->generation, 1);
    }
    g_mutex_unlock(&as->lock);
    return stale;
}

void gpuvm_soft_stale_free(SoftStale *s)
{
    SoftAs *as = s->as;
    guint i;

    for (i = 0; i < s->late->len; i++) {
        SoftRange *r = &g_array_index(s->late, SoftRange, i);

        gpuvm_host_ram_dirty(as->host, r->gpa, r->len);
    }
    g_mutex_lock(&as->lock);
    while (s->dead) {
        SoftRun *run = s->dead;

        s->dead = run->next;
        gpuvm_host_ram_unmap(as->host, run->ptr, run->gpa, run->len);
        as->bytes -= sizeof(*run);
        g_free(run);
    }
    for (i = 0; i < s->empty->len; i++) {
        SoftL2 *l2 = g_ptr_array_index(s->empty, i);
        SoftL2Ram *ram = atomic_load(&l2->ram);

        as->bytes -= sizeof(*l2) + (ram ? sizeof(*ram) : 0);
        g_free(ram);
        g_free(l2);
    }
    g_mutex_unlock(&as->lock);
    g_array_free(s->late, TRUE);
    g_ptr_array_free(s->empty, TRUE);
}

/* Unbinds the pages of @as that show guest RAM [gpa, gpa + len). */
static void as_drop_ram(SoftAs *as, uint64_t gpa, uint64_t len)
{
    SoftRun *run, *next;

    g_mutex_lock(&as->lock);
    for (run = as->runs; run; run = next) {
        uint64_t first = MAX(gpa, run->gpa);
        uint64_t last = MIN(gpa + (len - 1), run->gpa + (run->len - 1));
        uint64_t va, end;

        next = run->next;
        if (first > last) {
            continue;
        }
        va = run->va + ((first - run->gpa) & ~(uint64_t)(SOFT_PAGE_SIZE - 1));
        end = run->va + (last - run->gpa);
        run->pages++;       /* so that it lives to the end of this loop */
        for (; va <= end; va += SOFT_PAGE_SIZE) {
            SoftL2 *l2 = atomic_load(&as->l1[soft_l1_index(va)]);
            SoftL2Ram *ram = l2 ? atomic_load(&l2->ram) : NULL;

            if (ram && ram->run[soft_l2_index(va)] == run) {
                gpuvm_soft_as_clear_page(as, va);
            }
        }
        gpuvm_soft_run_release(as, run);
    }
    g_mutex_unlock(&as->lock);
}

static void on_invalidate(void *arg, uint64_t gpa, uint64_t len)
{
    SoftListener *l = arg;
    SoftGpu *gpu = l->gpu;
    g_autoptr(GArray) stale = g_array_new(FALSE, FALSE, sizeof(SoftStale));
    GSList *i;
    guint n;

    if (!len) {
        return;
    }
    if (gpa + (len - 1) < gpa) {
        len = UINT64_MAX - gpa + 1;
    }
    g_mutex_lock(&gpu->listeners_lock);
    for (i = l->spaces; i; i = i->next) {
        SoftStale s;

        as_drop_ram(i->data, gpa, len);
        if (gpuvm_soft_stale_take(i->data, &s)) {
            g_array_append_val(stale, s);
        }
    }
    /*
     * Even with nothing stale now: a flush in another thread may have taken
     * the runs and not have unmapped them yet.
     */
    gpuvm_soft_pause_begin(gpu);
    gpuvm_soft_pause_end(gpu);
    for (n = 0; n < stale->len; n++) {
        gpuvm_soft_stale_free(&g_array_index(stale, SoftStale, n));
    }
    g_mutex_unlock(&gpu->listeners_lock);
}

void gpuvm_soft_listen(SoftAs *as)
{
    SoftGpu *gpu = as->gpu;
    SoftListener *l = NULL;
    GSList *i;

    g_mutex_lock(&gpu->listeners_lock);
    for (i = gpu->listeners; i; i = i->next) {
        if (((SoftListener *)i->data)->host == as->host) {
            l = i->data;
        }
    }
    if (!l) {
        l = g_new0(SoftListener, 1);
        l->gpu = gpu;
        l->host = as->host;
        gpu->listeners = g_slist_prepend(gpu->listeners, l);
        if (l->host->ops->set_invalidate) {
            l->host->ops->set_invalidate(l->host->opaque, on_invalidate, l);
        }
    }
    l->spaces = g_slist_prepend(l->spaces, as);
    as->listener = l;
    g_mutex_unlock(&gpu->listeners_lock);
}

void gpuvm_soft_unlisten(SoftAs *as)
{
    SoftGpu *gpu = as->gpu;
    SoftListener *l = as->listener;
    bool last;

    g_mutex_lock(&gpu->listeners_lock);
    l->spaces = g_slist_remove(l->spaces, as);
    last = !l->spaces;
    if (last) {
        gpu->listeners = g_slist_remove(gpu->listeners, l);
    }
    g_mutex_unlock(&gpu->listeners_lock);
    if (last) {
        gpuvm_soft_pool_leave(gpu->pool, l->host);
        if (l->host->ops->set_invalidate) {
            l->host->ops->set_invalidate(l->host->opaque, NULL, NULL);
        }
        g_free(l);
    }
}
