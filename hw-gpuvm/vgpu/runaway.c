/*
 * A channel that runs away, and a VM that is barred for it.
 *
 * The worker's watchdog finds a channel that made no progress in `timeout` of
 * GPU time and asks here what is to become of it (GpuvmOnFault):
 *
 *  - reset-channel: it fails with the error that a driver is told as a
 *    context-switch time-out.  The driver kills it and goes on.
 *  - stop-vm: nothing is lost.  The host is told and stops the VM; when it
 *    goes on, the channel goes on with a new `timeout` before it.
 *  - bar-vm: as reset-channel, and the VM is barred: each channel that has
 *    work or gets some fails likewise, without a turn on the GPU, until the
 *    host lifts the bar.
 *
 * A bar is a request to the worker like any other, so it holds at the worker's
 * next round, also while it waits for the turn.
 *
 * What happened last is kept with a number that grows by one each time, for
 * the host to see whether it has heard of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

#include <inttypes.h>

static const GpuvmFault too_long = { .kind = GPUVM_FAULT_GR_TRAP,
                                     .engine = GPUVM_ENGINE_GR,
                                     .reason = GPUVM_TRAP_TIMEOUT };

void gpuvm_runaway_fail(VmChan *c)
{
    gpuvm_chan_fail(c, &too_long);
}

bool gpuvm_runaway(VmChan *c, uint64_t ns)
{
    GpuvmVm *vm = c->vm;
    bool fails = vm->on_fault != GPUVM_ON_FAULT_STOP_VM;

    gpuvm_guest_error(vm->host, "channel %u: no progress in %" PRIu64
                      " ms of GPU time", c->chid, ns / 1000000);
    gpuvm_count(&vm->host->counters, GPUVM_CNT_RUNAWAYS);
    gpuvm_host_trace(vm->host, GPUVM_TRACE_RUNAWAY, c->chid, ns, vm->on_fault,
                     0);
    vm->runaway = (GpuvmRunaway) { vm->runaway.seq + 1, c->chid, ns,
                                   vm->on_fault };
    if (vm->on_fault == GPUVM_ON_FAULT_BAR_VM) {
        vm->barred = true;
        gpuvm_worker_wake(vm);
    }
    if (fails) {
        gpuvm_runaway_fail(c);
    }
    gpuvm_host_notify(vm->host);
    return fails;
}

/* Has work, or would get the GPU for some. */
static bool has_work(VmChan *c)
{
    VmSlot *s = &c->vm->slot[c->chid];

    return !c->dead && s->runnable && s->in_runlist &&
           (gpuvm_chan_in_flight(c) || gpuvm_gpfifo_waiting(c));
}

bool gpuvm_runaway_refuse(VmChan *c)
{
    GpuvmVm *vm = c->vm;

    if (!vm->barred || !vm->running || !has_work(c)) {
        return false;
    }
    gpuvm_count(&vm->host->counters, GPUVM_CNT_BARRED);
    gpuvm_host_trace(vm->host, GPUVM_TRACE_BARRED, c->chid, 0, 0, 0);
    gpuvm_runaway_fail(c);
    return true;
}

/* ---- the host's side ---------------------------------------------------------- */

void gpuvm_vm_set_on_fault(GpuvmVm *vm, GpuvmOnFault what)
{
    pthread_mutex_lock(&vm->lock);
    vm->on_fault = what;
    pthread_mutex_unlock(&vm->lock);
}

void gpuvm_vm_set_barred(GpuvmVm *vm, bool barred)
{
    pthread_mutex_lock(&vm->lock);
    if (vm->barred != barred) {
        vm->barred = barred;
        gpuvm_worker_request(vm);
    }
    pthread_mutex_unlock(&vm->lock);
}

bool gpuvm_vm_barred(GpuvmVm *vm)
{
    bool barred;

    pthread_mutex_lock(&vm->lock);
    barred = vm->barred;
    pthread_mutex_unlock(&vm->lock);
    return barred;
}

GpuvmRunaway gpuvm_vm_runaway(GpuvmVm *vm)
{
    GpuvmRunaway last;

    pthread_mutex_lock(&vm->lock);
    last = vm->runaway;
    pthread_mutex_unlock(&vm->lock);
    return last;
}
