/*
 * The scheduler's core: one turn, a queue of VMs that wait for it, and sums.
 *
 * A VM's worker takes the turn before it gives the GPU work and releases it
 * when its channels have all stopped or are blocked, so a turn is never held
 * by one who waits for somebody else.  Whoever is picked by the policy when
 * the turn is free takes it; everybody who waits is woken and looks for
 * himself, which is simple and, with a few VMs, cheap.
 *
 * The lock is a leaf: nothing else is called under it but the policy.  Time is
 * the callers': the latest that anyone gave counts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/sched.h"

#include <glib.h>
#include <pthread.h>

#define WEIGHT_MIN      1
#define WEIGHT_MAX      1000
#define WEIGHT_DEFAULT  100

struct GpuvmSched {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    const GpuvmSchedPolicy *policy;
    GPtrArray *vms;             /* all that joined */
    GPtrArray *waiting;         /* in order of the call */
    GpuvmSchedVm *holder;
    uint64_t arrivals;
    uint64_t now_ns;
    uint64_t vtime;             /* of the last that took the turn */
    uint64_t busy_ns;
};

static const GpuvmSchedPolicy *const policies[] = {
    &gpuvm_sched_fair,
    &gpuvm_sched_fifo,
};

static const GpuvmSchedPolicy *find_policy(const char *name)
{
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(policies); i++) {
        if (!name || !g_strcmp0(policies[i]->name, name)) {
            return policies[i];
        }
    }
    return NULL;
}

GpuvmSched *gpuvm_sched_new(const char *policy, char **err)
{
    const GpuvmSchedPolicy *p = find_policy(policy);
    GpuvmSched *s;

    if (!p) {
        if (err) {
            *err = g_strdup_printf("there is no scheduling policy '%s' "
                                   "(there are: fair, fifo)", policy);
        }
        return NULL;
    }
    s = g_new0(GpuvmSched, 1);
    s->policy = p;
    s->vms = g_ptr_array_new();
    s->waiting = g_ptr_array_new();
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->cond, NULL);
    return s;
}

void gpuvm_sched_free(GpuvmSched *s)
{
    if (!s) {
        return;
    }
    g_ptr_array_free(s->vms, true);
    g_ptr_array_free(s->waiting, true);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->cond);
    g_free(s);
}

bool gpuvm_sched_set_policy(GpuvmSched *s, const char *policy)
{
    const GpuvmSchedPolicy *p = policy ? find_policy(policy) : NULL;

    if (!p) {
        return false;
    }
    pthread_mutex_lock(&s->lock);
    s->policy = p;
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->lock);
    return true;
}

GpuvmSchedVm *gpuvm_sched_join(GpuvmSched *s, uint32_t weight)
{
    GpuvmSchedVm *vm = g_new0(GpuvmSchedVm, 1);

    vm->weight = weight ? CLAMP(weight, WEIGHT_MIN, WEIGHT_MAX) :
                 WEIGHT_DEFAULT;
    pthread_mutex_lock(&s->lock);
    vm->vtime = s->vtime;
    g_ptr_array_add(s->vms, vm);
    pthread_mutex_unlock(&s->lock);
    return vm;
}

static void charge(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t ns)
{
    vm->used_ns += ns;
    s->busy_ns += ns;
    s->policy->charge(vm, ns);
}

static void set_now(GpuvmSched *s, uint64_t now_ns)
{
    s->now_ns = MAX(s->now_ns, now_ns);
}

static void drop_turn(GpuvmSched *s, GpuvmSchedVm *vm)
{
    if (s->holder == vm) {
        s->holder = NULL;
        pthread_cond_broadcast(&s->cond);
    }
}

void gpuvm_sched_leave(GpuvmSched *s, GpuvmSchedVm *vm)
{
    pthread_mutex_lock(&s->lock);
    drop_turn(s, vm);
    g_ptr_array_remove(s->waiting, vm);
    g_ptr_array_remove(s->vms, vm);
    pthread_mutex_unlock(&s->lock);
    g_free(vm);
}

static bool picked(GpuvmSched *s, GpuvmSchedVm *vm)
{
    size_t i = s->policy->pick((GpuvmSchedVm *const *)s->waiting->pdata,
                               s->waiting->len, s->now_ns);

    return i < s->waiting->len && s->waiting->pdata[i] == vm;
}

static void arrive(GpuvmSched *s, GpuvmSchedVm *vm)
{
    if (!vm->arrival) {
        vm->arrival = ++s->arrivals;
        if (vm->vtime + GPUVM_SCHED_CREDIT_NS < s->vtime) {
            vm->vtime = s->vtime - GPUVM_SCHED_CREDIT_NS;
        }
    }
    g_ptr_array_add(s->waiting, vm);
}

bool gpuvm_sched_acquire(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t now_ns,
                         const bool *cancel)
{
    bool got = true;

    pthread_mutex_lock(&s->lock);
    set_now(s, now_ns);
    if (s->holder == vm) {
        pthread_mutex_unlock(&s->lock);
        return true;
    }
    arrive(s, vm);
    while (s->holder || !picked(s, vm)) {
        if (cancel && __atomic_load_n(cancel, __ATOMIC_ACQUIRE)) {
            got = false;
            break;
        }
        pthread_cond_wait(&s->cond, &s->lock);
    }
    g_ptr_array_remove(s->waiting, vm);
    if (s->now_ns > now_ns) {
        vm->wait_ns += s->now_ns - now_ns;
    }
    if (got) {
        s->holder = vm;
        s->vtime = MAX(s->vtime, vm->vtime);
        vm->arrival = 0;
        vm->turns++;
    } else {
        /* somebody else may be first now */
        pthread_cond_broadcast(&s->cond);
    }
    pthread_mutex_unlock(&s->lock);
    return got;
}

void gpuvm_sched_release(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t used_ns,
                         uint64_t now_ns)
{
    pthread_mutex_lock(&s->lock);
    set_now(s, now_ns);
    charge(s, vm, used_ns);
    drop_turn(s, vm);
    pthread_mutex_unlock(&s->lock);
}

void gpuvm_sched_penalize(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t ns)
{
    pthread_mutex_lock(&s->lock);
    s->policy->charge(vm, ns);
    pthread_mutex_unlock(&s->lock);
}

void gpuvm_sched_withdraw(GpuvmSched *s, GpuvmSchedVm *vm)
{
    pthread_mutex_lock(&s->lock);
    vm->arrival = 0;
    pthread_mutex_unlock(&s->lock);
}

void gpuvm_sched_charge(GpuvmSched *s, GpuvmSchedVm *vm, uint64_t ns)
{
    pthread_mutex_lock(&s->lock);
    charge(s, vm, ns);
    pthread_mutex_unlock(&s->lock);
}

bool gpuvm_sched_contended(GpuvmSched *s)
{
    bool yes = false;
    guint i;

    pthread_mutex_lock(&s->lock);
    for (i = 0; i < s->vms->len && !yes; i++) {
        yes = ((GpuvmSchedVm *)s->vms->pdata[i])->arrival != 0;
    }
    pthread_mutex_unlock(&s->lock);
    return yes;
}

void gpuvm_sched_wake(GpuvmSched *s)
{
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->lock);
}

uint64_t gpuvm_sched_busy_ns(GpuvmSched *s)
{
    uint64_t ns;

    pthread_mutex_lock(&s->lock);
    ns = s->busy_ns;
    pthread_mutex_unlock(&s->lock);
    return ns;
}
