/*
 * The back end for VMs of one process: a mutex, and a condition for each slot.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sched/local.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <time.h>

typedef struct Local {
    pthread_mutex_t lock;       /* guards .core; a leaf */
    GpuvmCore core;
    pthread_mutex_t wake_lock;  /* guards .woken; a leaf */
    struct {
        pthread_cond_t cond;
        uint32_t count;
    } woken[GPUVM_CORE_SLOTS];
} Local;

static GpuvmCore *local_begin(void *opaque)
{
    Local *l = opaque;

    pthread_mutex_lock(&l->lock);
    return &l->core;
}

static bool local_commit(void *opaque)
{
    Local *l = opaque;

    pthread_mutex_unlock(&l->lock);
    return true;
}

static const GpuvmCore *local_peek(void *opaque)
{
    return local_begin(opaque);
}

static void local_done(void *opaque)
{
    local_commit(opaque);
}

static uint64_t local_now(void *opaque)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static uint32_t local_ticket(void *opaque, uint32_t slot)
{
    Local *l = opaque;
    uint32_t count;

    pthread_mutex_lock(&l->wake_lock);
    count = l->woken[slot].count;
    pthread_mutex_unlock(&l->wake_lock);
    return count;
}

static void local_wait(void *opaque, uint32_t slot, uint32_t ticket,
                       uint64_t until_ns)
{
    struct timespec ts = { .tv_sec = until_ns / 1000000000u,
                           .tv_nsec = until_ns % 1000000000u };
    Local *l = opaque;
    int ret = 0;

    pthread_mutex_lock(&l->wake_lock);
    while (l->woken[slot].count == ticket && !ret) {
        if (until_ns == GPUVM_CORE_NEVER) {
            pthread_cond_wait(&l->woken[slot].cond, &l->wake_lock);
        } else {
            ret = pthread_cond_timedwait(&l->woken[slot].cond, &l->wake_lock,
                                         &ts);
        }
    }
    pthread_mutex_unlock(&l->wake_lock);
}

static void local_wake(void *opaque, uint32_t slot, uint32_t owner)
{
    Local *l = opaque;

    pthread_mutex_lock(&l->wake_lock);
    l->woken[slot].count++;
    pthread_cond_broadcast(&l->woken[slot].cond);
    pthread_mutex_unlock(&l->wake_lock);
}

static void local_free(void *opaque)
{
    Local *l = opaque;
    unsigned i;

    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->wake_lock);
    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        pthread_cond_destroy(&l->woken[i].cond);
    }
    g_free(l);
}

static const GpuvmSchedBackend local_backend = {
    .begin = local_begin,
    .commit = local_commit,
    .peek = local_peek,
    .done = local_done,
    .now = local_now,
    .ticket = local_ticket,
    .wait = local_wait,
    .wake = local_wake,
    .free = local_free,
};

GpuvmSched *gpuvm_sched_local(GpuvmCorePolicyId policy)
{
    Local *l = g_new0(Local, 1);
    pthread_condattr_t attr;
    unsigned i;

    gpuvm_core_init(&l->core, policy, local_now(l));
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->wake_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    for (i = 0; i < GPUVM_CORE_SLOTS; i++) {
        pthread_cond_init(&l->woken[i].cond, &attr);
    }
    pthread_condattr_destroy(&attr);
    return gpuvm_sched_new_on(&local_backend, l);
}
