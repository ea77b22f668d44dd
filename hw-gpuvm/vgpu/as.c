/*
 * Address spaces: one for each page directory that a bound channel names,
 * shared by its channels, with a shadow that feeds the GPU's address space.
 *
 * A TLB flush only marks the space stale.  The worker synchronises it before
 * the next submission (an idle space), or at once when one of its channels has
 * work in flight (or with shadow=eager); only then is the flush "pending" to
 * the guest.  At each sync the directory pointer is read again from the
 * channel's instance block: a guest may move its directory, and the space
 * follows the channel that is about to run.
 *
 * The shadow and the GPU's side belong to the worker, which works on them
 * without the VM's lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

#include <inttypes.h>

#include "spec/pagetable.h"

#define SYNC_BATCH 128

typedef struct SyncBatch {
    GpuvmVm *vm;
    VmAs *as;
    GpuvmBind bind[SYNC_BATCH];
    size_t n;
    bool failed;
} SyncBatch;

static bool same_pdb(const GpuvmPdb *a, const GpuvmPdb *b)
{
    return a->valid == b->valid && a->addr == b->addr &&
           a->target == b->target;
}

VmAs *gpuvm_as_get(GpuvmVm *vm, const GpuvmPdb *pdb)
{
    GSList *l;
    VmAs *as;

    for (l = vm->spaces; l; l = l->next) {
        as = l->data;
        if (same_pdb(&as->pdb, pdb)) {
            as->refs++;
            return as;
        }
    }
    as = g_new0(VmAs, 1);
    as->pdb = *pdb;
    as->refs = 1;
    as->stale = true;
    vm->spaces = g_slist_prepend(vm->spaces, as);
    return as;
}

void gpuvm_as_put(VmAs *as)
{
    as->refs--;
}

static bool names(GpuvmVm *vm, const VmAs *as, const GpuvmPdb *pdb)
{
    unsigned i;

    if (same_pdb(&as->pdb, pdb)) {
        return true;
    }
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        VmChan *c = vm->slot[i].chan;
        GpuvmPdb now;

        if (c && c->as == as) {
            now = gpuvm_pt_pdb_read(&vm->mem, c->inst);
            if (same_pdb(&now, pdb)) {
                return true;
            }
        }
    }
    return false;
}

bool gpuvm_as_urgent(GpuvmVm *vm, const VmAs *as)
{
    unsigned i;

    if (!as->stale || !as->gas) {
        return false;
    }
    if (vm->cfg.shadow_eager) {
        return true;
    }
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        VmChan *c = vm->slot[i].chan;

        if (c && c->as == as && gpuvm_chan_in_flight(c)) {
            return true;
        }
    }
    return false;
}

bool gpuvm_as_mark(GpuvmVm *vm, const GpuvmPdb *pdb, bool all)
{
    bool urgent = false;
    GSList *l;

    for (l = vm->spaces; l; l = l->next) {
        VmAs *as = l->data;

        if (all || names(vm, as, pdb)) {
            as->stale = true;
            urgent |= gpuvm_as_urgent(vm, as);
        }
    }
    return urgent;
}

void gpuvm_as_follow(VmChan *c)
{
    GpuvmPdb now = gpuvm_pt_pdb_read(&c->vm->mem, c->inst);

    if (!same_pdb(&now, &c->as->pdb)) {
        c->as->pdb = now;
        c->as->stale = true;
    }
}

/* ---- the worker's side ---------------------------------------------------------- */

static void flush_batch(SyncBatch *b)
{
    if (b->n && b->vm->gpu->ops->as_bind(b->as->gas, b->bind, b->n)) {
        b->failed = true;
    }
    b->n = 0;
}

static void sync_bind(void *opaque, const GpuvmBind *run)
{
    SyncBatch *b = opaque;

    b->bind[b->n++] = *run;
    if (b->n == SYNC_BATCH) {
        flush_batch(b);
    }
}

static void sync_unbind(void *opaque, uint64_t va, uint64_t size)
{
    SyncBatch *b = opaque;

    flush_batch(b);
    b->vm->gpu->ops->as_unbind(b->as->gas, va, size);
}

bool gpuvm_as_create(GpuvmVm *vm, VmAs *as)
{
    GpuvmGpuAs *gas = NULL;
    int ret;

    as->refs++;     /* stays while the lock is dropped */
    pthread_mutex_unlock(&vm->lock);
    ret = vm->gpu->ops->as_create(vm->gpu, &vm->slice, vm->host, &gas);
    pthread_mutex_lock(&vm->lock);
    as->refs--;
    if (ret < 0) {
        gpuvm_log(vm->host, GPUVM_LOG_ERROR, "%s: the GPU has no address "
                  "space left (%d)", vm->name, ret);
        return false;
    }
    as->gas = gas;
    as->stale = true;
    return true;
}

static void make_shadow(GpuvmVm *vm, VmAs *as, bool is_64k)
{
    GpuvmShadowConfig cfg = {
        .mem = &vm->mem,
        .mode = gpuvm_pt_mode(is_64k),
        .limit = 1ull << GF100_VA_BITS,
        .budget = &vm->budget,
        .sink = { sync_bind, sync_unbind, NULL },
        .check_ram = true,
    };

    cfg.sink.opaque = g_new0(SyncBatch, 1);
    as->batch = cfg.sink.opaque;
    as->shadow = gpuvm_shadow_new(&cfg);
}

void gpuvm_as_sync(GpuvmVm *vm, VmAs *as)
{
    bool is_64k = vm->is_64k;
    GpuvmPdb pdb = as->pdb;
    SyncBatch *b;

    as->stale = false;
    as->syncing = true;
    pthread_mutex_unlock(&vm->lock);

    if (!as->shadow) {
        make_shadow(vm, as, is_64k);
    }
    b = as->batch;
    b->vm = vm;
    b->as = as;
    b->failed = false;
    gpuvm_shadow_set_mode(as->shadow, gpuvm_pt_mode(is_64k));
    gpuvm_shadow_sync(as->shadow, &pdb, vm->cfg.shadow_full);
    flush_batch(b);
    vm->gpu->ops->as_flush(as->gas);
    if (b->failed) {
        gpuvm_count(&vm->host->counters, GPUVM_CNT_SHADOW_REFUSED);
        gpuvm_guest_error(vm->host, "address space 0x%" PRIx64 ": more page "
                          "tables than the GPU keeps", pdb.addr);
    }

    pthread_mutex_lock(&vm->lock);
    as->syncing = false;
    pthread_cond_broadcast(&vm->done);
    gpuvm_host_notify(vm->host);
}

void gpuvm_as_destroy(GpuvmVm *vm, VmAs *as)
{
    vm->spaces = g_slist_remove(vm->spaces, as);
    pthread_mutex_unlock(&vm->lock);
    if (as->gas) {
        vm->gpu->ops->as_destroy(as->gas);
    }
    gpuvm_shadow_free(as->shadow);
    g_free(as->batch);
    g_free(as);
    pthread_mutex_lock(&vm->lock);
}

/* ---- what the device asks for -------------------------------------------------- */

void gpuvm_vm_tlb_flush(GpuvmVm *vm, uint64_t pdb, GpuvmTarget target,
                        bool all)
{
    GpuvmPdb p = { pdb, target, true };
    int bar;

    gpuvm_count(&vm->host->counters, GPUVM_CNT_TLB_FLUSHES);
    gpuvm_host_trace(vm->host, GPUVM_TRACE_TLB_FLUSH, pdb, all, 0, 0);
    for (bar = 0; bar < GPUVM_BAR_COUNT; bar++) {
        gpuvm_aperture_flush(vm, bar, &p, all);
    }
    pthread_mutex_lock(&vm->lock);
    if (gpuvm_as_mark(vm, &p, all)) {
        gpuvm_worker_request(vm);
    }
    pthread_mutex_unlock(&vm->lock);
}

bool gpuvm_vm_tlb_pending(GpuvmVm *vm)
{
    bool pending = false;
    GSList *l;

    pthread_mutex_lock(&vm->lock);
    for (l = vm->spaces; l && !pending; l = l->next) {
        VmAs *as = l->data;

        /* even an idle one: tables that a scan reads must not be freed yet */
        pending = as->syncing || gpuvm_as_urgent(vm, as);
    }
    pthread_mutex_unlock(&vm->lock);
    return pending;
}

void gpuvm_vm_set_big_page(GpuvmVm *vm, bool is_64k)
{
    GpuvmPdb none = { .valid = false };
    int bar;

    pthread_mutex_lock(&vm->lock);
    if (vm->is_64k == is_64k) {
        pthread_mutex_unlock(&vm->lock);
        return;
    }
    vm->is_64k = is_64k;
    if (gpuvm_as_mark(vm, &none, true)) {
        gpuvm_worker_request(vm);
    }
    pthread_mutex_unlock(&vm->lock);
    for (bar = 0; bar < GPUVM_BAR_COUNT; bar++) {
        gpuvm_aperture_flush(vm, bar, &none, true);
    }
}
