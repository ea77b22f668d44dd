/*
 * The software GPU's address space: a two-level table of 4 KiB pages over 40
 * bits.
 *
 * The first level has 8192 slots of 128 MiB.  A second-level table of 32768
 * entries is allocated when something is first bound in its slot.  An entry is
 * one atomic word, host address and flags, so threads translate without a lock
 * while the VM's worker changes entries under SoftAs.lock.
 *
 * What a thread may still hold in its cache is never freed at once.  Replacing
 * or removing an entry marks the space stale; runs of guest RAM that lost
 * their last page wait on a list.  A flush raises the generation, which
 * empties caches, and waits for a pause, after which nobody holds an old
 * pointer; then the list is unmapped.  Binding where nothing was bound needs
 * no pause, since caches hold no "not present".
 *
 * A guest decides how many tables there are, so their memory is budgeted.
 * Over budget, tables that became empty are given back first; if that is not
 * enough the run stays unmapped and -ENOMEM is returned.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "soft/as_priv.h"

static SoftL2 *as_l2(SoftAs *as, uint64_t va)
{
    return atomic_load_explicit(&as->l1[soft_l1_index(va)],
                                memory_order_acquire);
}

/* The table of @va, made if need be; NULL when over budget. */
static SoftL2 *as_l2_get(SoftAs *as, uint64_t va)
{
    SoftL2 *l2 = as_l2(as, va);

    if (l2) {
        return l2;
    }
    if (!gpuvm_soft_as_charge(as, sizeof(*l2))) {
        return NULL;
    }
    l2 = g_try_malloc0(sizeof(*l2));
    if (!l2) {
        as->bytes -= sizeof(*l2);
        return NULL;
    }
    atomic_store_explicit(&as->l1[soft_l1_index(va)], l2,
                          memory_order_release);
    return l2;
}

static SoftL2Ram *as_l2_ram_get(SoftAs *as, SoftL2 *l2)
{
    SoftL2Ram *ram = atomic_load(&l2->ram);

    if (ram || !gpuvm_soft_as_charge(as, sizeof(*ram))) {
        return ram;
    }
    ram = g_try_malloc0(sizeof(*ram));
    if (!ram) {
        as->bytes -= sizeof(*ram);
        return NULL;
    }
    atomic_store(&l2->ram, ram);
    return ram;
}

/* Puts @pte (0 = none) where @va is and lets go of what was there. */
static void as_set_entry(SoftAs *as, SoftL2 *l2, uint64_t va, uint64_t pte)
{
    uint64_t old = atomic_exchange(&l2->e[soft_l2_index(va)], pte);

    l2->used += (pte != 0) - (old != 0);
    if (!old) {
        return;
    }
    as->stale = true;
    if (old & SOFT_PTE_SYSRAM) {
        gpuvm_soft_run_put(as, atomic_load(&l2->ram), va);
    }
}

void gpuvm_soft_as_clear_page(SoftAs *as, uint64_t va)
{
    SoftL2 *l2 = as_l2(as, va);

    if (l2) {
        as_set_entry(as, l2, va, 0);
    }
}

static void as_clear(SoftAs *as, uint64_t va, uint64_t end)
{
    while (va < end) {
        uint64_t slot_end = (va | ((UINT64_C(1) <<
                             (SOFT_L2_BITS + SOFT_PAGE_BITS)) - 1)) + 1;
        SoftL2 *l2 = as_l2(as, va);

        slot_end = MIN(slot_end, end);
        if (!l2 || !l2->used) {
            va = slot_end;
            continue;
        }
        for (; va < slot_end; va += SOFT_PAGE_SIZE) {
            if (atomic_load_explicit(&l2->e[soft_l2_index(va)],
                                     memory_order_relaxed)) {
                as_set_entry(as, l2, va, 0);
            }
        }
    }
}

static uint64_t bind_flags(const GpuvmBind *b)
{
    return SOFT_PTE_PRESENT |
           (b->flags & GPUVM_BIND_READ_ONLY ? SOFT_PTE_RO : 0) |
           (b->flags & GPUVM_BIND_PRIV ? SOFT_PTE_PRIV : 0) |
           (b->target == GPUVM_TARGET_SYSRAM ? SOFT_PTE_SYSRAM : 0);
}

static uint64_t make_pte(uint8_t *host, uint64_t flags)
{
    return (uint64_t)(uintptr_t)host << SOFT_PTE_SHIFT | flags;
}

/* -EFAULT: outside the slice. */
static int bind_vram(SoftAs *as, const GpuvmBind *b)
{
    uint64_t flags = bind_flags(b);
    uint8_t *host;
    uint64_t off;

    if (b->addr > as->slice.size || b->size > as->slice.size - b->addr) {
        return -EFAULT;
    }
    host = (uint8_t *)as->slice.map + b->addr;
    for (off = 0; off < b->size; off += SOFT_PAGE_SIZE) {
        SoftL2 *l2 = as_l2_get(as, b->va + off);

        if (!l2) {
            return -ENOMEM;
        }
        as_set_entry(as, l2, b->va + off, make_pte(host + off, flags));
    }
    return 0;
}

/* Enters the pages of @run, whose `pages` counts them. */
static int bind_run(SoftAs *as, SoftRun *run, uint64_t flags)
{
    uint64_t n = run->len >> SOFT_PAGE_BITS;
    uint64_t i;

    for (i = 0; i < n; i++) {
        uint64_t va = run->va + (i << SOFT_PAGE_BITS);
        SoftL2 *l2 = as_l2_get(as, va);
        SoftL2Ram *ram = l2 ? as_l2_ram_get(as, l2) : NULL;

        if (!ram) {
            return -ENOMEM;
        }
        /* empty first, so that entry and run always belong together */
        as_set_entry(as, l2, va, 0);
        ram->run[soft_l2_index(va)] = run;
        run->pages++;
        as_set_entry(as, l2, va,
                     make_pte(run->ptr + (i << SOFT_PAGE_BITS), flags));
    }
    return 0;
}

/* -EFAULT: not RAM from end to end. */
static int bind_sysram(SoftAs *as, const GpuvmBind *b)
{
    bool write = !(b->flags & GPUVM_BIND_READ_ONLY);
    uint64_t off = 0;

    if (b->addr + (b->size - 1) < b->addr) {
        return -EFAULT;
    }
    while (off < b->size) {
        int err = 0;
        SoftRun *run = gpuvm_soft_run_new(as, b->va + off, b->addr + off,
                                          b->size - off, write, &err);
        uint64_t len;

        if (!run) {
            return err;
        }
        len = run->len & ~(uint64_t)(SOFT_PAGE_SIZE - 1);  /* whole pages */
        err = bind_run(as, run, bind_flags(b));
        gpuvm_soft_run_release(as, run);
        if (err) {
            return err;
        }
        off += len;
    }
    return 0;
}

static bool bind_valid(const GpuvmBind *b)
{
    uint64_t low = SOFT_PAGE_SIZE - 1;

    return b->size && !((b->va | b->size | b->addr) & low) &&
           b->va < SOFT_VA_LIMIT && b->size <= SOFT_VA_LIMIT - b->va &&
           b->target <= GPUVM_TARGET_SYSRAM;
}

static int bind_one(SoftAs *as, const GpuvmBind *b)
{
    int ret;

    g_mutex_lock(&as->lock);
    if (b->target == GPUVM_TARGET_VRAM) {
        ret = bind_vram(as, b);
    } else {
        ret = bind_sysram(as, b);
    }
    if (ret) {
        as_clear(as, b->va, b->va + b->size);
    }
    g_mutex_unlock(&as->lock);
    return ret;
}

/* Frees empty tables; false if there were none.  Lock not held. */
static bool as_trim(SoftAs *as)
{
    bool any;
    unsigned i;

    g_mutex_lock(&as->lock);
    for (i = 0; i < SOFT_L1_ENTRIES; i++) {
        SoftL2 *l2 = atomic_load(&as->l1[i]);

        if (l2 && !l2->used) {
            atomic_store(&as->l1[i], NULL);
            g_ptr_array_add(as->empty, l2);
        }
    }
    any = as->empty->len || as->dead;
    g_mutex_unlock(&as->lock);
    if (any) {
        gpuvm_soft_as_flush(as);
    }
    return any;
}

int gpuvm_soft_as_bind(GpuvmGpuAs *as, const GpuvmBind *binds, size_t n)
{
    int result = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        const GpuvmBind *b = &binds[i];
        int ret = bind_valid(b) ? bind_one(as, b) : -EFAULT;

        if (ret == -ENOMEM && as_trim(as)) {
            ret = bind_one(as, b);
        }
        if (ret) {
            gpuvm_count(&as->host->counters, GPUVM_CNT_SHADOW_REFUSED);
            gpuvm_host_trace(as->host, GPUVM_TRACE_SHADOW_REFUSED, b->va,
                             b->addr, 0, 0);
        }
        if (ret == -ENOMEM) {
            result = ret;
        }
    }
    return result;
}

void gpuvm_soft_as_unbind(GpuvmGpuAs *as, uint64_t va, uint64_t size)
{
    bool many;
    uint64_t end;

    if (va >= SOFT_VA_LIMIT) {
        return;
    }
    size = MIN(size, SOFT_VA_LIMIT - va);
    end = (va + size + SOFT_PAGE_SIZE - 1) & ~(uint64_t)(SOFT_PAGE_SIZE - 1);
    va &= ~(uint64_t)(SOFT_PAGE_SIZE - 1);
    g_mutex_lock(&as->lock);
    as_clear(as, va, end);
    many = as->late->len > SOFT_LATE_MAX;
    g_mutex_unlock(&as->lock);
    if (many) {
        gpuvm_soft_as_flush(as);
    }
}

void gpuvm_soft_as_flush(GpuvmGpuAs *as)
{
    SoftStale s;

    if (!gpuvm_soft_stale_take(as, &s)) {
        return;
    }
    gpuvm_soft_pause_begin(as->gpu);
    gpuvm_soft_pause_end(as->gpu);
    gpuvm_soft_stale_free(&s);
}

int gpuvm_soft_as_create(GpuvmGpu *gpu, const GpuvmSlice *slice,
                         GpuvmHost *host, GpuvmGpuAs **out)
{
    SoftAs *as;

    if (!slice->map || !host) {
        return -EINVAL;
    }
    as = g_new0(SoftAs, 1);
    as->gpu = gpuvm_soft_gpu(gpu);
    as->host = host;
    as->slice = *slice;
    as->budget = SOFT_AS_BUDGET;
    gpuvm_soft_warm_init(as);
    as->late = g_array_new(FALSE, FALSE, sizeof(SoftRange));
    as->empty = g_ptr_array_new();
    g_mutex_init(&as->lock);
    gpuvm_soft_listen(as);
    *out = as;
    return 0;
}

void gpuvm_soft_as_destroy(GpuvmGpuAs *as)
{
    unsigned i;

    gpuvm_soft_unlisten(as);
    gpuvm_soft_as_unbind(as, 0, SOFT_VA_LIMIT);
    gpuvm_soft_as_flush(as);
    for (i = 0; i < SOFT_L1_ENTRIES; i++) {
        SoftL2 *l2 = atomic_load(&as->l1[i]);

        if (l2) {
            g_free(atomic_load(&l2->ram));
            g_free(l2);
        }
    }
    g_array_free(as->late, TRUE);
    g_ptr_array_free(as->empty, TRUE);
    g_mutex_clear(&as->lock);
    g_free(as->warm);
    g_free(as);
}

GpuvmHost *gpuvm_soft_as_host(SoftAs *as)
{
    return as->host;
}

SoftGpu *gpuvm_soft_as_gpu(SoftAs *as)
{
    return as->gpu;
}
