/*
 * What the GPU reports, on its threads: kept per channel, bounded, until the
 * device side collects it.
 *
 * A channel keeps its first fault and its one software method; non-stall
 * interrupts are bits of the VM.  However fast events come, the host is only
 * told "there is something" (its notify coalesces).
 *
 * GPU time: the VM is busy from the first STARTED to the last STOPPED of its
 * channels, by the GPU's own time stamps.  A blocked channel has stopped, so
 * its wait is not charged.
 *
 * The handler takes ev_lock only, a leaf; it never waits for the VM's lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

static void busy_begin(VmChan *c, uint64_t ns)
{
    GpuvmVm *vm = c->vm;

    if (c->running) {
        return;
    }
    c->running = true;
    c->run_start = ns;
    if (vm->nrunning++ == 0) {
        vm->busy_start = ns;
    }
}

static void busy_end(VmChan *c, uint64_t ns)
{
    GpuvmVm *vm = c->vm;

    if (!c->running) {
        return;
    }
    c->running = false;
    c->run_ns += ns > c->run_start ? ns - c->run_start : 0;
    if (--vm->nrunning == 0 && ns > vm->busy_start) {
        vm->busy_ns += ns - vm->busy_start;
        gpuvm_count_n(&vm->host->counters, GPUVM_CNT_GPU_BUSY_NS,
                      ns - vm->busy_start);
    }
}

static VmStop stop_of(GpuvmStop why)
{
    switch (why) {
    case GPUVM_STOP_DONE:
        return VM_STOP_DONE;
    case GPUVM_STOP_FAULTED:
    case GPUVM_STOP_ABORTED:
        return VM_STOP_DEAD;
    default:
        return VM_STOP_HELD;
    }
}

static void set_fault(VmChan *c, const GpuvmFault *fault)
{
    if (!c->faulted) {
        c->faulted = true;
        c->fault_pending = true;
        c->fault = *fault;
    }
}

static void set_wake(GpuvmVm *vm)
{
    vm->wake_set = true;
    pthread_cond_signal(&vm->wake);
}

static void trace_event(VmChan *c, const GpuvmGpuEvent *ev)
{
    GpuvmHost *h = c->vm->host;

    switch (ev->type) {
    case GPUVM_EV_STOPPED:
        gpuvm_host_trace(h, GPUVM_TRACE_STOPPED, c->chid, ev->stop, ev->ns,
                         0);
        break;
    case GPUVM_EV_NONSTALL:
        gpuvm_host_trace(h, GPUVM_TRACE_NONSTALL, c->chid, ev->engine, 0, 0);
        break;
    case GPUVM_EV_FAULT:
        gpuvm_host_trace(h, GPUVM_TRACE_FAULT, c->chid, ev->fault.kind,
                         ev->fault.va, ev->fault.reason);
        break;
    case GPUVM_EV_SW_METHOD:
        gpuvm_host_trace(h, GPUVM_TRACE_SW_METHOD, c->chid, ev->sw.subc,
                         ev->sw.method, ev->sw.data);
        break;
    default:
        break;
    }
}

void gpuvm_events_handler(void *opaque, const GpuvmGpuEvent *ev)
{
    VmChan *c = opaque;
    GpuvmVm *vm = c->vm;
    bool notify = false;

    trace_event(c, ev);
    pthread_mutex_lock(&vm->ev_lock);
    switch (ev->type) {
    case GPUVM_EV_STARTED:
        busy_begin(c, ev->ns);
        break;
    case GPUVM_EV_STOPPED:
        busy_end(c, ev->ns);
        c->stop = stop_of(ev->stop);
        set_wake(vm);
        break;
    case GPUVM_EV_NONSTALL:
        vm->nonstall |= GPUVM_ENGINE_BIT(ev->engine);
        notify = true;
        break;
    case GPUVM_EV_FAULT:
        set_fault(c, &ev->fault);
        notify = true;
        break;
    case GPUVM_EV_SW_METHOD:
        c->sw_wait = true;
        c->sw_pending = true;
        c->sw_subc = ev->sw.subc;
        c->sw_method = ev->sw.method;
        c->sw_data = ev->sw.data;
        notify = true;
        break;
    }
    pthread_mutex_unlock(&vm->ev_lock);
    if (notify) {
        gpuvm_host_notify(vm->host);
    }
}

void gpuvm_events_fault(VmChan *c, const GpuvmFault *fault)
{
    GpuvmVm *vm = c->vm;

    gpuvm_host_trace(vm->host, GPUVM_TRACE_FAULT, c->chid, fault->kind,
                     fault->va, fault->reason);
    pthread_mutex_lock(&vm->ev_lock);
    set_fault(c, fault);
    pthread_mutex_unlock(&vm->ev_lock);
    gpuvm_host_notify(vm->host);
}

VmChanState gpuvm_events_state(VmChan *c)
{
    VmChanState st;

    pthread_mutex_lock(&c->vm->ev_lock);
    st = (VmChanState) { c->running, c->sw_wait, c->faulted, c->stop };
    pthread_mutex_unlock(&c->vm->ev_lock);
    return st;
}

void gpuvm_events_restart(VmChan *c, bool resumed)
{
    pthread_mutex_lock(&c->vm->ev_lock);
    if (resumed) {
        c->sw_wait = false;
    }
    if (!c->running && (resumed ? c->stop == VM_STOP_HELD :
                        c->stop == VM_STOP_DONE)) {
        c->stop = VM_STOP_NONE;
    }
    pthread_mutex_unlock(&c->vm->ev_lock);
}

void gpuvm_events_forget(VmChan *c)
{
    pthread_mutex_lock(&c->vm->ev_lock);
    busy_end(c, c->vm->busy_start);
    pthread_mutex_unlock(&c->vm->ev_lock);
}

uint64_t gpuvm_events_run_ns(VmChan *c, uint64_t now)
{
    uint64_t ns;

    pthread_mutex_lock(&c->vm->ev_lock);
    ns = c->run_ns;
    if (c->running && now > c->run_start) {
        ns += now - c->run_start;
    }
    pthread_mutex_unlock(&c->vm->ev_lock);
    return ns;
}

uint64_t gpuvm_events_take_busy(GpuvmVm *vm)
{
    uint64_t owed = gpuvm_host_take_owed(vm->host), ns;

    pthread_mutex_lock(&vm->ev_lock);
    ns = vm->busy_ns;
    vm->busy_ns = 0;
    pthread_mutex_unlock(&vm->ev_lock);
    gpuvm_count_n(&vm->host->counters, GPUVM_CNT_GPU_BUSY_NS, owed);
    return ns + owed;
}

static void take_channel(VmChan *c, GpuvmVmEvents *ev)
{
    if (c->fault_pending) {
        c->fault_pending = false;
        ev->fault_chid[ev->nfaults] = c->chid;
        ev->fault[ev->nfaults] = c->fault;
        ev->nfaults++;
        gpuvm_count(&c->vm->host->counters, GPUVM_CNT_FAULTS);
    }
    if (c->sw_pending) {
        c->sw_pending = false;
        ev->sw_chid[ev->nsw] = c->chid;
        ev->sw[ev->nsw].subc = c->sw_subc;
        ev->sw[ev->nsw].method = c->sw_method;
        ev->sw[ev->nsw].data = c->sw_data;
        ev->nsw++;
    }
}

bool gpuvm_vm_take_events(GpuvmVm *vm, GpuvmVmEvents *ev)
{
    unsigned i;

    ev->nfaults = ev->nsw = 0;
    pthread_mutex_lock(&vm->lock);
    pthread_mutex_lock(&vm->ev_lock);
    ev->nonstall = vm->nonstall;
    vm->nonstall = 0;
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        if (vm->slot[i].chan) {
            take_channel(vm->slot[i].chan, ev);
        }
    }
    pthread_mutex_unlock(&vm->ev_lock);
    pthread_mutex_unlock(&vm->lock);
    return ev->nonstall || ev->nfaults || ev->nsw;
}
