/*
 * Saving and loading a VM's share of the GPU.
 *
 * Saved are the channels (where their rings stand, why they stand, what was
 * reported and not yet seen, and the GPU's own state of each), who may run,
 * and what the apertures show.  Address spaces and shadows are not: a loaded
 * channel names its page directory, and the worker reads the guest's tables
 * before it resumes the channel.  GPU time that was not charged yet is not,
 * since it was used elsewhere.
 *
 * A channel that failed has no GPU side any more that matters: it is saved
 * without, with its positions settled.
 *
 * It is a job of the worker's, which alone may make channels of the GPU and
 * does jobs only when all channels that may not run, here all, stand.  The
 * stream comes before anything of it is trusted: whatever is used as an index
 * or a size is checked here, and the rest is what a guest could write, too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE         /* SEEK_DATA */
#endif
#include "vgpu/vm_priv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "spec/inst.h"
#include "spec/ramfc.h"
#include "spec/userd.h"

#define VM_VERSION      2        /* 2: .barred */
#define CHAN_VERSION    1
#define PAGE_SIZE       4096u

bool gpuvm_vm_can_save(GpuvmVm *vm, char **why)
{
    if (vm->gpu->ops->chan_xfer) {
        return true;
    }
    *why = g_strdup_printf("the state of GPU '%s' cannot be saved",
                           vm->gpu->ops->name);
    return false;
}

/* ---- channels -------------------------------------------------------------- */

static void xfer_pdb(GpuvmPdb *pdb, GpuvmXfer *x)
{
    gpuvm_xfer_u64(x, &pdb->addr);
    pdb->addr &= ~(uint64_t)(PAGE_SIZE - 1);
    GPUVM_XFER_CODE(x, "page directory's memory", pdb->target,
                    GPUVM_TARGET_SYSRAM);
    gpuvm_xfer_bool(x, &pdb->valid);
}

/* What RAMFC said when the channel was bound. */
static void xfer_ramfc(VmChan *c, GpuvmXfer *x)
{
    gpuvm_xfer_u64(x, &c->userd);
    c->userd_ok = gpuvm_mem_slice_ptr(&c->vm->mem, c->userd,
                                      GF100_USERD_SIZE) != NULL;
    gpuvm_xfer_u64(x, &c->ring_va);
    c->ring_mask = gpuvm_xfer_max(x, "ring size", c->ring_mask,
                                  (1u << GF100_GPFIFO_ORDER_MAX) - 1);
    if (c->ring_mask & (c->ring_mask + 1)) {
        gpuvm_xfer_fail(x, "a ring has %u entries", c->ring_mask + 1);
        c->ring_mask = 0;
    }
}

/* Positions; the log of pushes from .scanned on. */
static void xfer_ring(VmChan *c, GpuvmXfer *x)
{
    uint32_t n, i;

    gpuvm_xfer_u32(x, &c->gp_base);
    gpuvm_xfer_u32(x, &c->gp_put);
    c->gp_base &= c->ring_mask;
    c->gp_put &= c->ring_mask;
    gpuvm_xfer_u64(x, &c->scanned);
    n = gpuvm_xfer_max(x, "pushes in flight", c->submitted - c->scanned,
                       VM_INFLIGHT_MAX);
    c->submitted = c->scanned + n;
    gpuvm_xfer_u64(x, &c->get_va);
    gpuvm_xfer_bool(x, &c->main_seen);
    for (i = 0; i < n; i++) {
        VmPush *p = &c->log[(c->scanned + i) % VM_INFLIGHT_MAX];

        gpuvm_xfer_u64(x, &p->va);
        gpuvm_xfer_u64(x, &p->end);
        gpuvm_xfer_bool(x, &p->main);
    }
}

static void xfer_flags(VmChan *c, GpuvmXfer *x)
{
    gpuvm_xfer_bool(x, &c->dead);
    gpuvm_xfer_bool(x, &c->preempted);
    gpuvm_xfer_bool(x, &c->kick_req);
    gpuvm_xfer_bool(x, &c->kick_hold);
    gpuvm_xfer_bool(x, &c->sw_resume);
}

/* What the GPU reported of the channel. */
static void xfer_events(VmChan *c, GpuvmXfer *x)
{
    pthread_mutex_lock(&c->vm->ev_lock);
    GPUVM_XFER_CODE(x, "channel's stop", c->stop, VM_STOP_DEAD);
    gpuvm_xfer_bool(x, &c->sw_wait);
    gpuvm_xfer_bool(x, &c->sw_pending);
    gpuvm_xfer_u8(x, &c->sw_subc);
    gpuvm_xfer_u32(x, &c->sw_method);
    gpuvm_xfer_u32(x, &c->sw_data);
    gpuvm_xfer_bool(x, &c->faulted);
    gpuvm_xfer_bool(x, &c->fault_pending);
    if (c->faulted) {
        gpuvm_fault_xfer(&c->fault, x);
    } else if (c->fault_pending) {
        gpuvm_xfer_fail(x, "a fault waits that never was");
        c->fault_pending = false;
    }
    pthread_mutex_unlock(&c->vm->ev_lock);
}

/* Makes the GPU's side of a loaded channel.  .lock held, dropped meanwhile. */
static void make_gpu_side(VmChan *c, GpuvmXfer *x)
{
    GpuvmVm *vm = c->vm;
    GpuvmGpuChanConfig cfg = { .engines = vm->engines,
                               .event = gpuvm_events_handler, .opaque = c };
    GpuvmGpuChan *gch = NULL;
    GpuvmGpuAs *gas;
    int ret = 0;

    if (!gpuvm_xfer_ok(x)) {
        return;
    }
    if (!c->as->gas && !gpuvm_as_create(vm, c->as)) {
        gpuvm_xfer_fail(x, "the GPU has no address space left");
        return;
    }
    gas = c->as->gas;
    pthread_mutex_unlock(&vm->lock);
    ret = vm->gpu->ops->chan_create(gas, &cfg, &gch);
    pthread_mutex_lock(&vm->lock);
    if (ret < 0) {
        gpuvm_xfer_fail(x, "the GPU has no channel left (%d)", ret);
    }
    c->gch = ret < 0 ? NULL : gch;
}

static void xfer_gpu_side(VmChan *c, GpuvmXfer *x)
{
    bool has = c->gch && !c->dead;
    GpuvmPosition pos;
    uint64_t done;

    gpuvm_xfer_bool(x, &has);
    if (x->loading && (has ? c->dead || c->faulted || c->stop == VM_STOP_DEAD :
                       c->preempted || c->submitted ||
                       (c->sw_wait && !c->dead))) {
        gpuvm_xfer_fail(x, "channel %u is half there", c->chid);
    }
    if (!has) {
        return;
    }
    if (x->loading) {
        make_gpu_side(c, x);
    }
    if (gpuvm_xfer_ok(x)) {
        pthread_mutex_unlock(&c->vm->lock);
        c->vm->gpu->ops->chan_xfer(c->gch, x);
        pthread_mutex_lock(&c->vm->lock);
    }
    done = gpuvm_gpfifo_done(c, &pos);
    if (gpuvm_xfer_ok(x) && pos.pushes_given != c->submitted) {
        gpuvm_xfer_fail(x, "channel %u: the GPU has %" G_GUINT64_FORMAT
                        " pushes of %" G_GUINT64_FORMAT, c->chid,
                        pos.pushes_given, c->submitted);
    }
    if (gpuvm_xfer_ok(x) && (c->scanned > done || done > c->submitted)) {
        gpuvm_xfer_fail(x, "channel %u: %" G_GUINT64_FORMAT " pushes are "
                        "done of %" G_GUINT64_FORMAT, c->chid, done,
                        c->submitted);
    }
}

static void xfer_chan(VmChan *c, GpuvmXfer *x)
{
    xfer_ramfc(c, x);
    if (!x->loading && c->dead) {
        gpuvm_worker_retire(c->vm, c);
        c->preempted = c->sw_resume = false;
        c->scanned = c->submitted = 0;
    }
    xfer_ring(c, x);
    xfer_flags(c, x);
    xfer_events(c, x);
    xfer_gpu_side(c, x);
}

static VmChan *load_chan(GpuvmVm *vm, unsigned chid, uint64_t inst,
                         const GpuvmPdb *pdb, GpuvmXfer *x)
{
    VmChan *c = NULL;

    if (!gpuvm_mem_slice_ptr(&vm->mem, inst, GF100_INST_SIZE)) {
        gpuvm_xfer_fail(x, "channel %u: its instance block is outside VRAM",
                        chid);
    }
    if (gpuvm_xfer_ok(x)) {
        c = gpuvm_chan_alloc(vm, chid, inst, pdb);
        vm->slot[chid].chan = c;
    }
    return c;
}

static void xfer_slot(GpuvmVm *vm, unsigned chid, GpuvmXfer *x)
{
    VmSlot *s = &vm->slot[chid];
    VmChan *c = s->chan;
    bool bound = c != NULL;
    uint64_t inst = c ? c->inst : 0;
    GpuvmPdb pdb = { 0 };

    gpuvm_xfer_bool(x, &s->runnable);
    gpuvm_xfer_bool(x, &s->in_runlist);
    gpuvm_xfer_bool(x, &bound);
    if (!bound) {
        return;
    }
    gpuvm_xfer_begin(x, "CHANNEL", CHAN_VERSION);
    if (c) {
        pdb = c->as->pdb;
    }
    gpuvm_xfer_u64(x, &inst);
    xfer_pdb(&pdb, x);
    if (x->loading) {
        c = load_chan(vm, chid, inst, &pdb, x);
    }
    if (c) {
        xfer_chan(c, x);
    }
    gpuvm_xfer_end(x);
}

/* The worker's part. */
static void xfer_job(GpuvmVm *vm, void *arg)
{
    GpuvmXfer *x = arg;
    unsigned i;

    for (i = 0; i < GPUVM_VM_CHANNELS && gpuvm_xfer_ok(x); i++) {
        xfer_slot(vm, i, x);
    }
}

/* ---- the VM ----------------------------------------------------------------- */

static void xfer_shared(GpuvmVm *vm, GpuvmXfer *x, uint32_t version)
{
    gpuvm_xfer_bool(x, &vm->is_64k);
    gpuvm_xfer_u32(x, &vm->frozen);
    pthread_mutex_lock(&vm->ev_lock);
    gpuvm_xfer_u32(x, &vm->nonstall);
    pthread_mutex_unlock(&vm->ev_lock);
    if (version >= 2) {
        gpuvm_xfer_bool(x, &vm->barred);
    } else {
        vm->barred = false;
    }
    if (!gpuvm_worker_do(vm, xfer_job, x)) {
        gpuvm_xfer_fail(x, "the GPU does not stop");
    }
}

static void xfer_apertures(GpuvmVm *vm, GpuvmXfer *x)
{
    int bar;

    for (bar = 0; bar < GPUVM_BAR_COUNT; bar++) {
        bool vm_on = vm->aperture[bar].vm_on;
        uint64_t inst = vm->aperture[bar].inst;

        gpuvm_xfer_bool(x, &vm_on);
        gpuvm_xfer_u64(x, &inst);
        if (x->loading && gpuvm_xfer_ok(x)) {
            gpuvm_aperture_set(vm, bar, vm_on, inst);
        }
    }
}

static void xfer_vram_size(GpuvmVm *vm, GpuvmXfer *x)
{
    uint64_t size = vm->slice.size;

    gpuvm_xfer_u64(x, &size);
    if (size != vm->slice.size) {
        gpuvm_xfer_fail(x, "the saved VM has %" G_GUINT64_FORMAT " MiB of "
                        "VRAM, this one has %" G_GUINT64_FORMAT,
                        size >> 20, vm->slice.size >> 20);
    }
}

void gpuvm_vm_xfer(GpuvmVm *vm, GpuvmXfer *x)
{
    uint32_t version;
    char *why;

    if (!gpuvm_vm_can_save(vm, &why)) {
        gpuvm_xfer_fail(x, "%s", why);
        g_free(why);
        return;
    }
    if (x->loading) {
        gpuvm_vm_set_running(vm, false);
        gpuvm_vm_reset(vm);
    }
    version = gpuvm_xfer_begin(x, "VM", VM_VERSION);
    xfer_vram_size(vm, x);
    pthread_mutex_lock(&vm->lock);
    if (vm->running) {
        gpuvm_xfer_fail(x, "the VM runs");
    } else {
        xfer_shared(vm, x, version);
    }
    pthread_mutex_unlock(&vm->lock);
    xfer_apertures(vm, x);
    gpuvm_xfer_end(x);
}

/* ---- VRAM --------------------------------------------------------------------- */

static bool page_is_zero(const GpuvmVm *vm, uint64_t off)
{
    const uint64_t *p = (const void *)((uint8_t *)vm->slice.map + off);
    unsigned i;

    for (i = 0; i < PAGE_SIZE / sizeof(*p); i += 4) {
        if (p[i] | p[i + 1] | p[i + 2] | p[i + 3]) {
            return false;
        }
    }
    return true;
}

/* The first page at or behind @off that has memory behind it: looking at one
 * that has none would give it some. */
static uint64_t skip_hole(const GpuvmVm *vm, uint64_t off)
{
    const GpuvmSlice *s = &vm->slice;
    off_t at;

    if (s->fd < 0) {
        return off;
    }
    at = lseek(s->fd, s->fd_offset + off, SEEK_DATA);
    if (at < 0 || (uint64_t)at < s->fd_offset + off) {
        return errno == ENXIO ? s->size : off;
    }
    return MIN(((uint64_t)at - s->fd_offset) & ~(uint64_t)(PAGE_SIZE - 1),
               s->size);
}

uint64_t gpuvm_vm_vram_next(GpuvmVm *vm, uint64_t *from, uint64_t max)
{
    uint64_t off = *from, end;

    while (off < vm->slice.size) {
        off = skip_hole(vm, off);
        /* a while without asking for holes */
        for (end = MIN(off + (1u << 20), vm->slice.size);
             off < end && page_is_zero(vm, off); off += PAGE_SIZE) {
        }
        if (off < end) {
            break;
        }
    }
    *from = off;
    for (end = off; end < vm->slice.size && end - off < max &&
         !page_is_zero(vm, end); end += PAGE_SIZE) {
    }
    return end - off;
}

void gpuvm_vm_vram_clear(GpuvmVm *vm, uint64_t off, uint64_t len)
{
    uint64_t end = off + len, n;

    if (!gpuvm_mem_slice_ptr(&vm->mem, off, len)) {
        return;
    }
    while (off < end) {
        n = gpuvm_vm_vram_next(vm, &off, end - off);
        if (off >= end || !n) {
            return;
        }
        n = MIN(n, end - off);
        memset((uint8_t *)vm->slice.map + off, 0, n);
        off += n;
    }
}
