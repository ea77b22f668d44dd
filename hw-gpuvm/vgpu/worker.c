/*
 * The VM's worker: the one thread that calls what may block in gpu.h.
 *
 * It sleeps until it is woken (doorbell, request, the GPU's STOPPED), then
 * goes round:
 *
 *  1. service: everything that must not wait for the scheduler's turn, one
 *     thing at a time until nothing is left: destroy channels that were
 *     unbound, preempt those that may not run, synchronise address spaces of
 *     channels in flight.  Then all requests made so far are done, and device
 *     threads that wait are told;
 *  2. pump: the next channel, in turn, that has something to run: make its GPU
 *     side, synchronise its address space, get the turn, and resume it or give
 *     it its next ring entries.  Then round again;
 *  3. nothing to pump: release the turn if all of the VM's channels stand,
 *     done or blocked, and sleep.
 *
 * While others wait, a VM that gave the GPU work in its turn gives it no more
 * until it has stood and been picked again.  When the scheduler says that
 * another is owed the GPU, what runs is preempted ("yielding") and resumed in
 * the VM's next turn.
 *
 * The wait for the turn is cut short by a request, so a device thread never
 * waits for another VM.
 *
 * A watchdog ends what never ends: a channel whose position stood still while
 * it used the GPU for longer than the VM's timeout has run away (runaway.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

/* How often a turn is looked at: half the shortest turn that is preempted,
 * within these. */
#define TURN_LOOK_MIN_NS    1000000u
#define TURN_LOOK_MAX_NS    10000000u
/* How often a timeout is looked at, at the most. */
#define WATCH_NS        250000000u
/* When the GPU's queue had no room. */
#define RETRY_NS        1000000u

typedef enum Pump {
    PUMP_NOTHING,
    PUMP_DID,           /* something, or things may have changed */
    PUMP_DRAIN,         /* there is work, but it is others' turn first */
} Pump;

/* ---- waking and waiting -------------------------------------------------------- */

uint64_t gpuvm_vm_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

bool gpuvm_vm_wait(pthread_cond_t *cond, pthread_mutex_t *lock,
                   uint64_t end_ns)
{
    struct timespec ts = { .tv_sec = end_ns / 1000000000u,
                           .tv_nsec = end_ns % 1000000000u };

    if (end_ns == UINT64_MAX) {
        pthread_cond_wait(cond, lock);
        return true;
    }
    return pthread_cond_timedwait(cond, lock, &ts) != ETIMEDOUT;
}

void gpuvm_worker_wake(GpuvmVm *vm)
{
    pthread_mutex_lock(&vm->ev_lock);
    vm->wake_set = true;
    pthread_cond_signal(&vm->wake);
    pthread_mutex_unlock(&vm->ev_lock);
}

uint64_t gpuvm_worker_request(GpuvmVm *vm)
{
    uint64_t seq = ++vm->req_seq;

    __atomic_store_n(&vm->cancel, true, __ATOMIC_RELEASE);
    gpuvm_worker_wake(vm);
    if (vm->cfg.sched) {
        gpuvm_sched_wake(vm->cfg.sched, vm->sched_vm);
    }
    return seq;
}

/* Until the worker has done something, or @end; lock held. */
static bool wait_worker(GpuvmVm *vm, uint64_t end)
{
    if (!vm->cfg.stepped) {
        return gpuvm_vm_wait(&vm->done, &vm->lock, end);
    }
    pthread_mutex_unlock(&vm->lock);
    gpuvm_vm_step(vm);
    pthread_mutex_lock(&vm->lock);
    return end == UINT64_MAX || gpuvm_vm_now() < end;
}

bool gpuvm_worker_wait(GpuvmVm *vm, uint64_t seq)
{
    uint64_t end = gpuvm_vm_now() + VM_WAIT_NS;

    while (vm->done_seq < seq) {
        if (!wait_worker(vm, end)) {
            return vm->done_seq >= seq;
        }
    }
    return true;
}

bool gpuvm_worker_do(GpuvmVm *vm, void (*job)(GpuvmVm *vm, void *arg),
                     void *arg)
{
    uint64_t seq;

    vm->job = job;
    vm->job_arg = arg;
    seq = gpuvm_worker_request(vm);
    if (!gpuvm_worker_wait(vm, seq) && vm->job) {
        vm->job = NULL;
        return false;
    }
    while (vm->done_seq < seq) {
        wait_worker(vm, UINT64_MAX);
    }
    return true;
}

static void sleep_until_woken(GpuvmVm *vm, uint64_t ns)
{
    uint64_t end = ns == UINT64_MAX ? ns : gpuvm_vm_now() + ns;

    pthread_mutex_lock(&vm->ev_lock);
    while (!vm->wake_set && gpuvm_vm_wait(&vm->wake, &vm->ev_lock, end)) {
    }
    vm->wake_set = false;
    pthread_mutex_unlock(&vm->ev_lock);
}

/* ---- service: .lock held, dropped around the GPU ----------------------------------- */

static bool destroy_dying(GpuvmVm *vm)
{
    GpuvmGpuChan *gch;
    VmChan *c;

    if (!vm->dying) {
        return false;
    }
    c = vm->dying->data;
    vm->dying = g_slist_delete_link(vm->dying, vm->dying);
    gch = c->gch;
    c->gch = NULL;
    if (gch) {
        pthread_mutex_unlock(&vm->lock);
        vm->gpu->ops->chan_destroy(gch);
        pthread_mutex_lock(&vm->lock);
    }
    gpuvm_events_forget(c);
    gpuvm_as_put(c->as);
    g_free(c);
    return true;
}

/* Waits until the GPU has dropped an aborted channel's work. */
void gpuvm_worker_retire(GpuvmVm *vm, VmChan *c)
{
    GpuvmGpuChan *gch = c->gch;

    gpuvm_gpfifo_settle(c);
    c->retire = false;
    c->gch = NULL;
    if (gch) {
        pthread_mutex_unlock(&vm->lock);
        vm->gpu->ops->chan_destroy(gch);
        pthread_mutex_lock(&vm->lock);
    }
    gpuvm_events_forget(c);
}

static bool stop_channel(GpuvmVm *vm, VmChan *c)
{
    VmChanState st = gpuvm_events_state(c);
    bool flying;

    if (c->retire) {
        gpuvm_worker_retire(vm, c);
        return true;
    }
    c->dead |= st.faulted;
    if (!vm->running && c->gch && c->dead && st.running) {
        /* aborted, but not at once: not even that may write now */
        pthread_mutex_unlock(&vm->lock);
        vm->gpu->ops->chan_preempt(c->gch);
        pthread_mutex_lock(&vm->lock);
        return true;
    }
    flying = gpuvm_chan_in_flight(c) && !c->preempted &&
             !(st.sw_wait && !st.running);
    if (flying && !gpuvm_chan_eligible(c)) {
        pthread_mutex_unlock(&vm->lock);
        vm->gpu->ops->chan_preempt(c->gch);
        pthread_mutex_lock(&vm->lock);
        c->preempted = true;
        return true;
    }
    if (c->kick_req) {
        c->kick_req = false;
        gpuvm_userd_save(c);
        gpuvm_host_notify(vm->host);
        return true;
    }
    return false;
}

static bool sync_urgent(GpuvmVm *vm)
{
    GSList *l;
    unsigned i;

    for (l = vm->spaces; l; l = l->next) {
        VmAs *as = l->data;

        if (!as->refs) {
            gpuvm_as_destroy(vm, as);
            return true;
        }
        if (!gpuvm_as_urgent(vm, as)) {
            continue;
        }
        for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
            if (vm->slot[i].chan && vm->slot[i].chan->as == as) {
                gpuvm_as_follow(vm->slot[i].chan);
                break;
            }
        }
        gpuvm_as_sync(vm, as);
        return true;
    }
    return false;
}

/* Last of all, when what stops channels has been done. */
static bool do_job(GpuvmVm *vm)
{
    void (*job)(GpuvmVm *, void *) = vm->job;

    vm->job = NULL;
    if (job) {
        job(vm, vm->job_arg);
    }
    return job != NULL;
}

static bool service_one(GpuvmVm *vm)
{
    unsigned i;

    if (destroy_dying(vm)) {
        return true;
    }
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        VmChan *c = vm->slot[i].chan;

        if (c && (gpuvm_runaway_refuse(c) || stop_channel(vm, c))) {
            return true;
        }
    }
    return sync_urgent(vm) || do_job(vm);
}

static void service(GpuvmVm *vm)
{
    while (service_one(vm)) {
    }
    vm->done_seq = vm->req_seq;
    pthread_cond_broadcast(&vm->done);
}

/* ---- the turn ----------------------------------------------------------------------------- */

static bool any_active(GpuvmVm *vm)
{
    unsigned i;

    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        if (vm->slot[i].chan && gpuvm_chan_active(vm->slot[i].chan)) {
            return true;
        }
    }
    return false;
}

static bool needs_resume(VmChan *c, const VmChanState *st)
{
    if (st->sw_wait) {
        return c->sw_resume && !st->running && st->stop == VM_STOP_HELD;
    }
    return c->preempted;
}

static bool wants_to_run(VmChan *c, bool *resume)
{
    VmChanState st;

    if (!c || !gpuvm_chan_eligible(c) || c->vm->frozen) {
        return false;
    }
    st = gpuvm_events_state(c);
    *resume = needs_resume(c, &st);
    if (*resume) {
        return true;
    }
    return !st.sw_wait && !st.faulted && !c->retry &&
           gpuvm_gpfifo_waiting(c) && gpuvm_gpfifo_room(c);
}

static bool contended(GpuvmVm *vm)
{
    return vm->cfg.sched && gpuvm_sched_contended(vm->cfg.sched);
}

/* .lock held, dropped meanwhile. */
static void get_turn(GpuvmVm *vm)
{
    bool got = true;

    if (vm->cfg.sched) {
        pthread_mutex_unlock(&vm->lock);
        got = gpuvm_sched_acquire(vm->cfg.sched, vm->sched_vm, &vm->cancel);
        pthread_mutex_lock(&vm->lock);
    }
    vm->turn = got;
    vm->asked = !got;
    vm->turn_used = false;
    vm->turn_start = gpuvm_vm_now();
}

static bool any_wants_to_run(GpuvmVm *vm)
{
    bool resume;
    unsigned i;

    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        if (wants_to_run(vm->slot[i].chan, &resume)) {
            return true;
        }
    }
    return false;
}

/* With more to run the VM keeps asking: pump() takes the turn again, or
 * end_turn() withdraws. */
static void release_turn(GpuvmVm *vm)
{
    uint64_t used = gpuvm_events_take_busy(vm);
    uint64_t held = gpuvm_vm_now() - vm->turn_start;
    bool yielded = vm->yielding;

    vm->turn = false;
    vm->yielding = false;
    if (vm->cfg.sched) {
        if (yielded && held > used) {
            gpuvm_sched_penalize(vm->cfg.sched, vm->sched_vm, held - used);
        }
        vm->asked = any_wants_to_run(vm);
        gpuvm_sched_release(vm->cfg.sched, vm->sched_vm, used, vm->asked);
    }
}

/* Whether what runs is to be preempted now; else when to look again. */
static bool is_to_yield(GpuvmVm *vm, uint64_t *look_ns)
{
    GpuvmSchedLook look;
    uint64_t every;

    if (!vm->cfg.sched || vm->yielding) {
        return false;
    }
    look = gpuvm_sched_look(vm->cfg.sched, vm->sched_vm);
    if (!look.held || look.now_ns >= look.yield_ns) {
        return true;
    }
    every = look.quantum_ns ? look.quantum_ns / 2 : TURN_LOOK_MAX_NS;
    every = CLAMP(every, TURN_LOOK_MIN_NS, TURN_LOOK_MAX_NS);
    *look_ns = MIN(every, look.yield_ns - look.now_ns);
    return false;
}

/* Releases the turn when nothing uses it; true if that changes what to do,
 * else when to look at it again. */
static bool end_turn(GpuvmVm *vm, Pump pump, uint64_t *look_ns)
{
    uint64_t ns;

    if (vm->asked) {
        vm->asked = false;
        gpuvm_sched_withdraw(vm->cfg.sched, vm->sched_vm);
    }
    if (!vm->turn) {
        ns = gpuvm_events_take_busy(vm);
        if (ns && vm->cfg.sched) {
            gpuvm_sched_charge(vm->cfg.sched, vm->sched_vm, ns);
        }
        return false;
    }
    if (!any_active(vm)) {
        bool yielded = vm->yielding;

        release_turn(vm);
        return yielded || vm->asked || pump == PUMP_DRAIN;
    }
    if (is_to_yield(vm, look_ns)) {
        vm->yielding = true;
        return true;
    }
    return false;
}

/* ---- pump ------------------------------------------------------------------------------------ */

static void no_channel(VmChan *c, int ret)
{
    gpuvm_log(c->vm->host, GPUVM_LOG_ERROR, "%s: the GPU has no channel for "
              "channel %u (%d)", c->vm->name, c->chid, ret);
    gpuvm_chan_fail(c, &(GpuvmFault) { .kind = GPUVM_FAULT_MMU,
                                       .engine = GPUVM_ENGINE_SW,
                                       .va = c->ring_va, .hub = true });
}

/* Makes the GPU's side and brings the address space up to date; false when
 * that took a step after which everything is to be looked at again. */
static bool prepare(GpuvmVm *vm, VmChan *c)
{
    GpuvmGpuChanConfig cfg = { .engines = vm->engines,
                               .event = gpuvm_events_handler, .opaque = c };
    GpuvmGpuChan *gch = NULL;
    GpuvmGpuAs *gas;
    int ret;

    if (!c->as->gas) {
        if (!gpuvm_as_create(vm, c->as)) {
            no_channel(c, -ENOMEM);
        }
        return false;
    }
    if (!c->gch) {
        gas = c->as->gas;
        pthread_mutex_unlock(&vm->lock);
        ret = vm->gpu->ops->chan_create(gas, &cfg, &gch);
        pthread_mutex_lock(&vm->lock);
        if (ret < 0) {
            no_channel(c, ret);
        } else {
            c->gch = gch;
        }
        return false;
    }
    gpuvm_as_follow(c);
    if (c->as->stale || !c->as->shadow) {
        gpuvm_as_sync(vm, c->as);
        return false;
    }
    return true;
}

static void resume(GpuvmVm *vm, VmChan *c)
{
    c->preempted = false;
    c->sw_resume = false;
    gpuvm_events_restart(c, true);
    pthread_mutex_unlock(&vm->lock);
    vm->gpu->ops->chan_resume(c->gch);
    pthread_mutex_lock(&vm->lock);
}

static void submit(GpuvmVm *vm, VmChan *c)
{
    size_t n = MIN(gpuvm_gpfifo_waiting(c), gpuvm_gpfifo_room(c));
    int ret;

    n = gpuvm_gpfifo_fetch(c, n);
    if (!n) {
        return;
    }
    gpuvm_host_trace(vm->host, GPUVM_TRACE_SUBMIT, c->chid, n,
                     vm->batch[0].va, 0);
    gpuvm_events_restart(c, false);
    c->submitted += n;
    pthread_mutex_unlock(&vm->lock);
    ret = vm->gpu->ops->chan_submit(c->gch, vm->batch, n);
    pthread_mutex_lock(&vm->lock);
    if (ret < 0) {
        c->submitted -= n;
        c->retry = ret == -EAGAIN;
        c->dead |= ret != -EAGAIN;
    }
}

static Pump pump(GpuvmVm *vm)
{
    bool resuming = false;
    VmChan *c = NULL;
    unsigned i;

    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        c = vm->slot[(vm->next + i) % GPUVM_VM_CHANNELS].chan;
        if (wants_to_run(c, &resuming)) {
            break;
        }
    }
    if (i == GPUVM_VM_CHANNELS) {
        return PUMP_NOTHING;
    }
    if (!prepare(vm, c)) {
        return PUMP_DID;
    }
    if (!vm->turn) {
        get_turn(vm);
        return PUMP_DID;
    }
    if (vm->turn_used && contended(vm)) {
        return PUMP_DRAIN;
    }
    vm->next = (c->chid + 1) % GPUVM_VM_CHANNELS;
    vm->turn_used = true;
    if (resuming) {
        resume(vm, c);
    } else {
        submit(vm, c);
    }
    return PUMP_DID;
}

/* Whether some channel waits for room; those are tried again.  .lock held. */
static bool clear_retry(GpuvmVm *vm)
{
    bool any = false;
    unsigned i;

    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        VmChan *c = vm->slot[i].chan;

        if (c && c->retry) {
            c->retry = false;
            any = true;
        }
    }
    return any;
}

/* ---- the watchdog ---------------------------------------------------------- */

static void watch_channel(GpuvmVm *vm, VmChan *c, uint64_t now)
{
    uint64_t ns = gpuvm_events_run_ns(c, now);
    GpuvmPosition pos;

    vm->gpu->ops->chan_position(c->gch, &pos);
    if (pos.pushes_done != c->mark.pushes_done ||
        pos.get_va != c->mark.get_va || ns < c->mark_ns) {
        c->mark = pos;      /* (a STOPPED may be stamped before a look) */
        c->mark_ns = ns;
    } else if (ns - c->mark_ns > vm->cfg.timeout_ns) {
        if (!gpuvm_runaway(c, ns - c->mark_ns)) {
            c->mark_ns = ns;
        }
    }
}

/* Fails channels that take too long; when to look again.  .lock held. */
static uint64_t watch(GpuvmVm *vm)
{
    uint64_t now = gpuvm_vm_now();
    bool any = false;
    unsigned i;

    if (!vm->cfg.timeout_ns) {
        return UINT64_MAX;
    }
    for (i = 0; i < GPUVM_VM_CHANNELS; i++) {
        VmChan *c = vm->slot[i].chan;

        if (c && gpuvm_chan_active(c)) {
            watch_channel(vm, c, now);
            any = true;
        }
    }
    return any ? MIN(vm->cfg.timeout_ns / 4 + 1, WATCH_NS) : UINT64_MAX;
}

void gpuvm_vm_alarm(GpuvmVm *vm, uint64_t ns)
{
    uint64_t at = gpuvm_vm_now() + ns;

    pthread_mutex_lock(&vm->lock);
    vm->alarm_ns = vm->alarm_ns ? MIN(vm->alarm_ns, at) : at;
    gpuvm_worker_wake(vm);
    pthread_mutex_unlock(&vm->lock);
}

/* Notifies if it is time; how long until then.  .lock held. */
static uint64_t look_at_alarm(GpuvmVm *vm)
{
    uint64_t now = gpuvm_vm_now();

    if (vm->alarm_ns && now >= vm->alarm_ns) {
        vm->alarm_ns = 0;
        gpuvm_host_notify(vm->host);
    }
    return vm->alarm_ns ? vm->alarm_ns - now : UINT64_MAX;
}

typedef enum Round {
    ROUND_QUIT,
    ROUND_AGAIN,
    ROUND_WAIT,         /* for @wait, or until woken */
} Round;

static Round go_round(GpuvmVm *vm, uint64_t *wait)
{
    Round r;
    Pump did;

    *wait = UINT64_MAX;
    __atomic_store_n(&vm->cancel, false, __ATOMIC_RELEASE);
    pthread_mutex_lock(&vm->lock);
    service(vm);
    did = pump(vm);
    r = did == PUMP_DID || end_turn(vm, did, wait) ? ROUND_AGAIN : ROUND_WAIT;
    if (r == ROUND_WAIT) {
        if (clear_retry(vm)) {
            *wait = MIN(*wait, RETRY_NS);
        }
        *wait = MIN(MIN(*wait, watch(vm)), look_at_alarm(vm));
    }
    if (vm->quit && !vm->dying) {
        r = ROUND_QUIT;
    }
    pthread_mutex_unlock(&vm->lock);
    return r;
}

static void *worker_main(void *arg)
{
    GpuvmVm *vm = arg;
    uint64_t wait;
    Round r;

    while ((r = go_round(vm, &wait)) != ROUND_QUIT) {
        if (r == ROUND_WAIT) {
            sleep_until_woken(vm, wait);
        }
    }
    return NULL;
}

bool gpuvm_vm_step(GpuvmVm *vm)
{
    uint64_t wait;
    bool again = go_round(vm, &wait) == ROUND_AGAIN;

    return vm->gpu->ops->step(vm->gpu) || again;
}

void gpuvm_worker_start(GpuvmVm *vm)
{
    if (!vm->cfg.stepped) {
        pthread_create(&vm->worker, NULL, worker_main, vm);
    }
}

void gpuvm_worker_stop(GpuvmVm *vm)
{
    pthread_mutex_lock(&vm->lock);
    vm->quit = true;
    gpuvm_worker_request(vm);
    pthread_mutex_unlock(&vm->lock);
    if (vm->cfg.stepped) {
        while (vm->dying) {
            gpuvm_vm_step(vm);
        }
    } else {
        pthread_join(vm->worker, NULL);
    }
}
