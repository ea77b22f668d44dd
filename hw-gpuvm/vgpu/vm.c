/*
 * One virtual machine's share of the GPU: making, resetting and ending it.
 *
 * Everything that a guest can leave behind (channels, address spaces,
 * apertures, events) is taken down by unbinding all channels and waiting for
 * the worker; what a reset keeps is the slice with its content.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

#include <string.h>


static void init_locks(GpuvmVm *vm)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&vm->lock, NULL);
    pthread_mutex_init(&vm->ev_lock, NULL);
    pthread_cond_init(&vm->done, &attr);
    pthread_cond_init(&vm->wake, &attr);
    pthread_condattr_destroy(&attr);
}

static bool get_slice(GpuvmVm *vm, char **err)
{
    const GpuvmGpuOps *ops = vm->gpu->ops;

    if (ops->slice_alloc(vm->gpu, vm->cfg.vram_size, &vm->slice, err) < 0) {
        return false;
    }
    if (!vm->slice.map) {
        ops->slice_free(vm->gpu, &vm->slice);
        if (err) {
            *err = g_strdup_printf("the VRAM of GPU '%s' cannot be mapped, "
                                   "which full virtualisation needs",
                                   ops->name);
        }
        return false;
    }
    return true;
}

GpuvmVm *gpuvm_vm_new(const GpuvmVmConfig *cfg, char **err)
{
    GpuvmVm *vm = g_new0(GpuvmVm, 1);
    GpuvmGpuInfo info;
    int bar;

    vm->cfg = *cfg;
    vm->gpu = cfg->gpu;
    vm->host = cfg->host;
    vm->running = true;
    vm->on_fault = cfg->on_fault;
    if (cfg->sched) {
        vm->sched_vm = gpuvm_sched_join(cfg->sched, cfg->weight, cfg->cap);
        if (!vm->sched_vm) {
            *err = g_strdup_printf("%u VMs share this GPU already; that is "
                                   "all it can serve", GPUVM_CORE_SLOTS);
            g_free(vm);
            return NULL;
        }
    }
    if (!get_slice(vm, err)) {
        if (vm->sched_vm) {
            gpuvm_sched_leave(cfg->sched, vm->sched_vm);
        }
        g_free(vm);
        return NULL;
    }
    vm->name = g_strdup(cfg->name ? cfg->name : "gpuvm");
    vm->gpu->ops->info(vm->gpu, &info);
    vm->engines = info.engines;
    vm->mem = (GpuvmMem) { &vm->slice, vm->host };
    vm->budget.max = GPUVM_SHADOW_BUDGET;
    for (bar = 0; bar < GPUVM_BAR_COUNT; bar++) {
        gpuvm_aperture_init(vm, bar);
    }
    init_locks(vm);
    gpuvm_worker_start(vm);
    return vm;
}

void gpuvm_vm_free(GpuvmVm *vm)
{
    int bar;

    if (!vm) {
        return;
    }
    gpuvm_chan_unbind_all(vm);
    gpuvm_worker_stop(vm);
    if (vm->sched_vm) {
        gpuvm_sched_leave(vm->cfg.sched, vm->sched_vm);
    }
    for (bar = 0; bar < GPUVM_BAR_COUNT; bar++) {
        gpuvm_aperture_fini(vm, bar);
    }
    vm->gpu->ops->slice_free(vm->gpu, &vm->slice);
    pthread_mutex_destroy(&vm->lock);
    pthread_mutex_destroy(&vm->ev_lock);
    pthread_cond_destroy(&vm->done);
    pthread_cond_destroy(&vm->wake);
    g_free(vm->name);
    g_free(vm);
}

void gpuvm_vm_reset(GpuvmVm *vm)
{
    int bar;

    gpuvm_chan_pfifo_reset(vm);
    gpuvm_vm_set_big_page(vm, false);
    pthread_mutex_lock(&vm->lock);
    pthread_mutex_lock(&vm->ev_lock);
    vm->nonstall = 0;
    pthread_mutex_unlock(&vm->ev_lock);
    pthread_mutex_unlock(&vm->lock);
    for (bar = 0; bar < GPUVM_BAR_COUNT; bar++) {
        gpuvm_aperture_set(vm, bar, false, 0);
    }
}

const GpuvmSlice *gpuvm_vm_slice(GpuvmVm *vm)
{
    return &vm->slice;
}

void gpuvm_vm_set_weight(GpuvmVm *vm, uint32_t weight)
{
    if (vm->sched_vm) {
        gpuvm_sched_set_weight(vm->cfg.sched, vm->sched_vm, weight);
    }
}

void gpuvm_vm_set_cap(GpuvmVm *vm, uint32_t cap)
{
    if (vm->sched_vm) {
        gpuvm_sched_set_cap(vm->cfg.sched, vm->sched_vm, cap);
    }
}

void gpuvm_vm_set_timeout(GpuvmVm *vm, uint64_t ns)
{
    pthread_mutex_lock(&vm->lock);
    vm->cfg.timeout_ns = ns;
    gpuvm_worker_wake(vm);
    pthread_mutex_unlock(&vm->lock);
}

bool gpuvm_vm_share(GpuvmVm *vm, GpuvmCoreShare *share)
{
    if (vm->sched_vm) {
        gpuvm_sched_share(vm->cfg.sched, vm->sched_vm, share);
    }
    return vm->sched_vm != NULL;
}

bool gpuvm_vm_table(GpuvmVm *vm, GpuvmCoreTable *table, uint32_t *slot)
{
    if (vm->sched_vm) {
        gpuvm_sched_table(vm->cfg.sched, table);
        *slot = gpuvm_sched_slot(vm->sched_vm);
    }
    return vm->sched_vm != NULL;
}

GpuvmHost *gpuvm_vm_host(GpuvmVm *vm)
{
    return vm->host;
}

/*
 * Every channel that still runs fails: it is in one command that takes longer
 * than a device thread waits.  The worker waits for it, so its own watch over
 * time cannot see it.  .lock held.
 */
static void fail_running(GpuvmVm *vm)
{
    unsigned i;

    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        VmChan *c = vm->slot[i].chan;

        if (c && gpuvm_events_state(c).running) {
            gpuvm_guest_error(vm->host, "channel %u: a command does not end, "
                              "and the VM is to stop", i);
            gpuvm_runaway_fail(c);
        }
    }
}

void gpuvm_vm_set_running(GpuvmVm *vm, bool running)
{
    uint64_t seq;

    pthread_mutex_lock(&vm->lock);
    if (vm->running != running) {
        vm->running = running;
        seq = gpuvm_worker_request(vm);
        if (!gpuvm_worker_wait(vm, seq) && !running) {
            fail_running(vm);
        }
        if (!gpuvm_worker_wait(vm, seq)) {
            gpuvm_log(vm->host, GPUVM_LOG_ERROR, "%s: the GPU does not stop",
                      vm->name);
        }
    }
    pthread_mutex_unlock(&vm->lock);
}
