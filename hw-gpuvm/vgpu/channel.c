/*
 * Channels: what the board's channel table, runlist and kick do to them.
 *
 * A channel id is a slot with the flags that the guest sets whether it is
 * bound or not (runnable, in the runlist).  Binding makes an object, with what
 * RAMFC said at that moment; unbinding aborts it, puts it on the list of the
 * dying, and waits a bounded time until the worker has destroyed it.  Should
 * that take longer the object is simply left to the worker: nothing in the
 * slot refers to it any more.
 *
 * May a channel run?  Bound, runnable, in the runlist, not kicked, the VM
 * running.  The worker preempts one in flight that may not, and resumes it
 * when it may again, where it was.  A kicked channel is held until the guest
 * has seen that it stopped (gpuvm_chan_kicked()) or gives another sign: a
 * doorbell, a runlist.  Hardware would likewise run it again at once, since it
 * is still in the runlist.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

#include <inttypes.h>

#include "spec/inst.h"
#include "spec/pbdma_regs.h"
#include "spec/ramfc.h"
#include "spec/userd.h"

bool gpuvm_chan_eligible(const VmChan *c)
{
    const GpuvmVm *vm = c->vm;
    const VmSlot *s = &vm->slot[c->chid];

    return vm->running && !vm->yielding && s->chan == c && s->runnable &&
           s->in_runlist && !c->kick_hold && !c->dead;
}

/*
 * Pushes may all be consumed while the channel waits for a grid or is blocked
 * by the last push's acquire: until it has said DONE it is in flight, also
 * when it was resumed and has not said STARTED yet.
 */
bool gpuvm_chan_in_flight(VmChan *c)
{
    VmChanState st;

    if (!c->gch || c->dead) {
        return false;
    }
    st = gpuvm_events_state(c);
    return !st.faulted && st.stop != VM_STOP_DEAD &&
           (st.running || (st.stop != VM_STOP_DONE && c->submitted) ||
            gpuvm_gpfifo_done(c, NULL) < c->submitted);
}

bool gpuvm_chan_active(VmChan *c)
{
    VmChanState st;

    if (!gpuvm_chan_in_flight(c) || c->preempted) {
        return false;
    }
    st = gpuvm_events_state(c);
    return st.running || st.stop == VM_STOP_NONE || st.stop == VM_STOP_DONE;
}

void gpuvm_chan_fail(VmChan *c, const GpuvmFault *fault)
{
    c->dead = true;
    if (c->gch) {
        c->vm->gpu->ops->chan_abort(c->gch);
    }
    gpuvm_events_fault(c, fault);
}

static VmChan *chan_of(GpuvmVm *vm, unsigned chid)
{
    return chid < GPUVM_VM_CHANNELS ? vm->slot[chid].chan : NULL;
}

/* ---- bind --------------------------------------------------------------------- */

static uint64_t ramfc_u64(const uint8_t *ramfc, unsigned lo, uint32_t lo_mask,
                          unsigned hi, uint32_t hi_mask)
{
    return (gpuvm_mem_le32(ramfc + lo) & lo_mask) |
           (uint64_t)(gpuvm_mem_le32(ramfc + hi) & hi_mask) << 32;
}

/* Takes what RAMFC says; false when the PBDMA would refuse to load it. */
static bool parse_ramfc(VmChan *c, const uint8_t *ramfc)
{
    uint32_t sig = gpuvm_mem_le32(ramfc + GF100_RAMFC_SIGNATURE);
    uint32_t hi = gpuvm_mem_le32(ramfc + GF100_RAMFC_GPFIFO_HI);
    uint32_t order = (hi & GF100_RAMFC_GPFIFO_ORDER_MASK) >>
                     GF100_RAMFC_GPFIFO_ORDER_LSB;

    c->userd = ramfc_u64(ramfc,
                         GF100_RAMFC_USERD_LO, GF100_RAMFC_USERD_LO_MASK,
                         GF100_RAMFC_USERD_HI, GF100_RAMFC_USERD_HI_MASK);
    c->userd_ok = gpuvm_mem_slice_ptr(&c->vm->mem, c->userd,
                                      GF100_USERD_SIZE) != NULL;
    c->ring_va = ramfc_u64(ramfc,
                           GF100_RAMFC_GPFIFO_LO, GF100_RAMFC_GPFIFO_LO_MASK,
                           GF100_RAMFC_GPFIFO_HI, GF100_RAMFC_GPFIFO_HI_MASK);
    c->ring_mask = (1u << MIN(order, GF100_GPFIFO_ORDER_MAX)) - 1;
    return (sig & GF100_RAMFC_SIGNATURE_MASK) == GF100_RAMFC_SIGNATURE_VALUE &&
           order <= GF100_GPFIFO_ORDER_MAX && c->userd_ok;
}

VmChan *gpuvm_chan_alloc(GpuvmVm *vm, unsigned chid, uint64_t inst,
                         const GpuvmPdb *pdb)
{
    VmChan *c = g_new0(VmChan, 1);

    c->vm = vm;
    c->chid = chid;
    c->inst = inst;
    c->as = gpuvm_as_get(vm, pdb);
    return c;
}

static VmChan *chan_new(GpuvmVm *vm, unsigned chid, uint64_t inst,
                        const uint8_t *ramfc)
{
    static const GpuvmFault bad = { .kind = GPUVM_FAULT_PBDMA,
                                    .engine = GPUVM_ENGINE_SW,
                                    .bits = NV_PBDMA_INTR_SIGNATURE };
    GpuvmPdb pdb = gpuvm_pt_pdb_read(&vm->mem, inst);
    VmChan *c = gpuvm_chan_alloc(vm, chid, inst, &pdb);

    if (!parse_ramfc(c, ramfc)) {
        gpuvm_guest_error(vm->host, "channel %u: no valid RAMFC at 0x%"
                          PRIx64, chid, inst);
        gpuvm_chan_fail(c, &bad);
    }
    gpuvm_userd_load(c);
    return c;
}

void gpuvm_chan_bind(GpuvmVm *vm, unsigned chid, uint64_t inst)
{
    uint8_t ramfc[GF100_RAMFC_SIZE];
    VmChan *c;

    if (chid >= GPUVM_VM_CHANNELS || gpuvm_chan_inst(vm, chid) == inst) {
        return;
    }
    gpuvm_chan_unbind(vm, chid);
    if (!gpuvm_mem_slice_ptr(&vm->mem, inst, GF100_INST_SIZE)) {
        gpuvm_guest_error(vm->host, "channel %u: instance block 0x%" PRIx64
                          " is outside VRAM", chid, inst);
        return;
    }
    gpuvm_mem_read(&vm->mem, GPUVM_TARGET_VRAM, inst + GF100_INST_RAMFC,
                   ramfc, sizeof(ramfc));
    pthread_mutex_lock(&vm->lock);
    c = chan_new(vm, chid, inst, ramfc);
    vm->slot[chid].chan = c;
    gpuvm_host_trace(vm->host, GPUVM_TRACE_CHAN_BIND, chid, inst, c->ring_va,
                     c->ring_mask + 1);
    gpuvm_worker_wake(vm);
    pthread_mutex_unlock(&vm->lock);
}

/* ---- unbind ----------------------------------------------------------------------- */

/*
 * Takes the channel out of its slot; the worker destroys it.  .lock held.
 * @save: write GP_GET and GET back to USERD, so that binding the same block
 * again goes on there.  Not in a reset: by then the memory may be something
 * else's.
 */
static bool detach(GpuvmVm *vm, unsigned chid, bool save)
{
    VmChan *c = vm->slot[chid].chan;

    if (!c) {
        return false;
    }
    gpuvm_host_trace(vm->host, GPUVM_TRACE_CHAN_UNBIND, chid, 0, 0, 0);
    if (save) {
        gpuvm_userd_save(c);
    }
    vm->slot[chid].chan = NULL;
    c->dead = true;
    if (c->gch) {
        vm->gpu->ops->chan_abort(c->gch);
    }
    vm->dying = g_slist_prepend(vm->dying, c);
    return true;
}

static void wait_detached(GpuvmVm *vm)
{
    if (!gpuvm_worker_wait(vm, gpuvm_worker_request(vm))) {
        gpuvm_log(vm->host, GPUVM_LOG_ERROR, "%s: the GPU does not let go of "
                  "a channel", vm->name);
    }
}

void gpuvm_chan_unbind(GpuvmVm *vm, unsigned chid)
{
    pthread_mutex_lock(&vm->lock);
    if (chid < GPUVM_VM_CHANNELS && detach(vm, chid, true)) {
        wait_detached(vm);
    }
    pthread_mutex_unlock(&vm->lock);
}

void gpuvm_chan_unbind_all(GpuvmVm *vm)
{
    bool any = false;
    unsigned i;

    pthread_mutex_lock(&vm->lock);
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        any |= detach(vm, i, false);
    }
    if (any) {
        wait_detached(vm);
    }
    pthread_mutex_unlock(&vm->lock);
}

void gpuvm_chan_pfifo_reset(GpuvmVm *vm)
{
    unsigned i;

    gpuvm_chan_unbind_all(vm);
    pthread_mutex_lock(&vm->lock);
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        vm->slot[i].runnable = false;
        vm->slot[i].in_runlist = false;
    }
    vm->frozen = 0;
    pthread_mutex_unlock(&vm->lock);
}

/* ---- who may run ---------------------------------------------------------------------- */

/* The guest gave a sign that a kicked channel may go on.  .lock held. */
static void release_hold(VmChan *c)
{
    if (c && !c->kick_req) {
        c->kick_hold = false;
    }
}

void gpuvm_chan_set_runnable(GpuvmVm *vm, unsigned chid, bool runnable)
{
    if (chid >= GPUVM_VM_CHANNELS) {
        return;
    }
    pthread_mutex_lock(&vm->lock);
    if (vm->slot[chid].runnable != runnable) {
        vm->slot[chid].runnable = runnable;
        release_hold(vm->slot[chid].chan);
        gpuvm_worker_request(vm);
    }
    pthread_mutex_unlock(&vm->lock);
}

void gpuvm_chan_set_runlist(GpuvmVm *vm, const uint8_t *chids, size_t n)
{
    bool in[GPUVM_VM_CHANNELS] = { false };
    size_t i;

    for (i = 0; i < n; i++) {
        if (chids[i] < GPUVM_VM_CHANNELS) {
            in[chids[i]] = true;
        } else {
            gpuvm_guest_error(vm->host, "runlist names channel %u", chids[i]);
        }
    }
    pthread_mutex_lock(&vm->lock);
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        vm->slot[i].in_runlist = in[i];
        release_hold(vm->slot[i].chan);
    }
    gpuvm_worker_request(vm);
    pthread_mutex_unlock(&vm->lock);
}

void gpuvm_chan_kick(GpuvmVm *vm, unsigned chid)
{
    VmChan *c;

    gpuvm_host_trace(vm->host, GPUVM_TRACE_CHAN_KICK, chid, 0, 0, 0);
    pthread_mutex_lock(&vm->lock);
    c = chan_of(vm, chid);
    if (c) {
        c->kick_hold = true;
        if (c->kick_req || c->retire || gpuvm_chan_in_flight(c)) {
            c->kick_req = true;
            gpuvm_worker_request(vm);
        } else {
            /* it stands: done at once, as on a board, so nobody polls */
            gpuvm_userd_save(c);
        }
    }
    pthread_mutex_unlock(&vm->lock);
}

bool gpuvm_chan_kicked(GpuvmVm *vm, unsigned chid)
{
    bool done = true;
    VmChan *c;

    pthread_mutex_lock(&vm->lock);
    c = chan_of(vm, chid);
    if (c) {
        done = !c->kick_req;
        if (done && c->kick_hold) {
            c->kick_hold = false;
            gpuvm_worker_wake(vm);
        }
    }
    pthread_mutex_unlock(&vm->lock);
    return done;
}

void gpuvm_chan_resume(GpuvmVm *vm, unsigned chid)
{
    VmChan *c;

    pthread_mutex_lock(&vm->lock);
    c = chan_of(vm, chid);
    if (c && gpuvm_events_state(c).sw_wait) {
        c->sw_resume = true;
        gpuvm_worker_wake(vm);
    }
    pthread_mutex_unlock(&vm->lock);
}

void gpuvm_chan_freeze(GpuvmVm *vm, uint32_t engines)
{
    pthread_mutex_lock(&vm->lock);
    vm->frozen = engines;
    gpuvm_worker_wake(vm);
    pthread_mutex_unlock(&vm->lock);
}

/* ---- engine reset ------------------------------------------------------------------------ */

/* Whether the guest bound a context of @engine to the channel: the pointers
 * in the instance block, which nouveau writes after bind. */
static bool uses_engine(VmChan *c, GpuvmEngine engine)
{
    uint64_t off = engine == GPUVM_ENGINE_GR ? GF100_INST_CTX_GR :
                   engine == GPUVM_ENGINE_CE0 ? GF100_INST_CTX_CE0 :
                   GF100_INST_CTX_CE1;
    uint8_t raw[4];

    gpuvm_mem_read(&c->vm->mem, GPUVM_TARGET_VRAM, c->inst + off, raw,
                   sizeof(raw));
    return gpuvm_mem_le32(raw) != 0;
}

/*
 * What stands on the engine is lost: a channel that faulted there if there is
 * one (the engine waits for its recovery, so the others' contexts are safe in
 * memory), otherwise all that have work in flight and a context of it.  But
 * nothing is lost while the driver has the engine frozen: that is the recovery
 * of a channel which has gone meanwhile.
 */
void gpuvm_chan_engine_reset(GpuvmVm *vm, GpuvmEngine engine)
{
    bool recovery;
    unsigned i;

    gpuvm_host_trace(vm->host, GPUVM_TRACE_ENGINE_RESET, engine, 0, 0, 0);
    pthread_mutex_lock(&vm->lock);
    recovery = vm->frozen & GPUVM_ENGINE_BIT(engine);
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        VmChan *c = vm->slot[i].chan;

        recovery |= c && gpuvm_events_state(c).faulted &&
                    uses_engine(c, engine);
    }
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        VmChan *c = vm->slot[i].chan;

        if (c && uses_engine(c, engine) &&
            (recovery ? gpuvm_events_state(c).faulted :
             gpuvm_chan_in_flight(c))) {
            c->dead = true;
            c->retire = true;
            if (c->gch) {
                vm->gpu->ops->chan_abort(c->gch);
            }
        }
    }
    gpuvm_worker_wait(vm, gpuvm_worker_request(vm));
    pthread_mutex_unlock(&vm->lock);
}

/* ---- looks ---------------------------------------------------------------------------------- */

uint64_t gpuvm_chan_inst(GpuvmVm *vm, unsigned chid)
{
    uint64_t inst;
    VmChan *c;

    pthread_mutex_lock(&vm->lock);
    c = chan_of(vm, chid);
    inst = c ? c->inst : UINT64_MAX;
    pthread_mutex_unlock(&vm->lock);
    return inst;
}

bool gpuvm_chan_busy(GpuvmVm *vm, unsigned chid)
{
    bool busy = false;
    VmChan *c;

    pthread_mutex_lock(&vm->lock);
    c = chan_of(vm, chid);
    if (c) {
        busy = gpuvm_chan_in_flight(c) ||
               (gpuvm_chan_eligible(c) && gpuvm_gpfifo_waiting(c));
    }
    pthread_mutex_unlock(&vm->lock);
    return busy;
}
