/*
 * Accounts of the compiling thread (account.h).
 *
 * A process has a handful of VMs at most, so the accounts are a list that is
 * walked.  One that has left while its request is being compiled stays, without
 * a host, until that is done.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/account.h"

#include <glib.h>

typedef struct Account {
    GpuvmHost *host;
    GQueue jobs;
    uint64_t used;          /* ns, or where it began to wait */
} Account;

struct JitAccounts {
    GPtrArray *list;        /* of Account */
    Account *current;       /* whose job was popped */
    bool left;              /* the current one's VM has left */
};

JitAccounts *gpuvm_jit_accounts_new(void)
{
    JitAccounts *a = g_new0(JitAccounts, 1);

    a->list = g_ptr_array_new_with_free_func(g_free);
    return a;
}

static void drop_jobs(Account *acc, JitDropFn *drop, void *opaque)
{
    void *job;

    while ((job = g_queue_pop_head(&acc->jobs))) {
        drop(opaque, job);
    }
}

void gpuvm_jit_accounts_free(JitAccounts *a, JitDropFn *drop, void *opaque)
{
    for (guint i = 0; i < a->list->len; i++) {
        drop_jobs(a->list->pdata[i], drop, opaque);
    }
    g_ptr_array_free(a->list, TRUE);
    g_free(a);
}

static Account *find(JitAccounts *a, GpuvmHost *host)
{
    for (guint i = 0; i < a->list->len; i++) {
        Account *acc = a->list->pdata[i];

        if (acc->host == host && !(a->left && acc == a->current)) {
            return acc;
        }
    }
    return NULL;
}

/* The account with something waiting that has used least. */
static Account *least(JitAccounts *a)
{
    Account *best = NULL;

    for (guint i = 0; i < a->list->len; i++) {
        Account *acc = a->list->pdata[i];

        if (acc->jobs.length && (!best || acc->used < best->used)) {
            best = acc;
        }
    }
    return best;
}

bool gpuvm_jit_accounts_push(JitAccounts *a, GpuvmHost *host, void *job,
                             unsigned insns)
{
    Account *acc = find(a, host), *level;

    if (!acc) {
        acc = g_new0(Account, 1);
        acc->host = host;
        g_ptr_array_add(a->list, acc);
    }
    if (acc->jobs.length == JIT_ACCOUNT_MAX) {
        if (host) {
            gpuvm_count(&host->counters, GPUVM_CNT_JIT_DROPPED);
            gpuvm_host_trace(host, GPUVM_TRACE_JIT_DROPPED, insns, 0, 0, 0);
        }
        return false;
    }
    level = acc->jobs.length ? NULL : least(a);
    if (level) {
        acc->used = MAX(acc->used, level->used);
    }
    g_queue_push_tail(&acc->jobs, job);
    return true;
}

void *gpuvm_jit_accounts_pop(JitAccounts *a)
{
    a->current = least(a);
    return a->current ? g_queue_pop_head(&a->current->jobs) : NULL;
}

static void charge(GpuvmHost *host, const JitWork *w)
{
    gpuvm_count(&host->counters, w->bytes ? GPUVM_CNT_JIT_COMPILED :
                                            GPUVM_CNT_JIT_REFUSED);
    gpuvm_count_n(&host->counters, GPUVM_CNT_JIT_NS, w->ns);
    gpuvm_host_trace(host, GPUVM_TRACE_JIT, w->insns, w->kind, w->bytes,
                     w->ns);
    gpuvm_host_owe(host, w->ns);
}

void gpuvm_jit_accounts_done(JitAccounts *a, const JitWork *work)
{
    Account *acc = a->current;

    a->current = NULL;
    if (a->left) {
        a->left = false;
        g_ptr_array_remove(a->list, acc);
        return;
    }
    acc->used += work->ns;
    if (acc->host) {
        charge(acc->host, work);
    }
}

void gpuvm_jit_accounts_leave(JitAccounts *a, GpuvmHost *host,
                              JitDropFn *drop, void *opaque)
{
    Account *acc = find(a, host);

    if (!acc) {
        return;
    }
    drop_jobs(acc, drop, opaque);
    if (acc == a->current) {
        a->left = true;
    } else {
        g_ptr_array_remove(a->list, acc);
    }
}

unsigned gpuvm_jit_accounts_count(const JitAccounts *a)
{
    return a->list->len;
}
