/*
 * Who waits for compiled code, and who pays for it.
 *
 * The VMs of a process share one thread that compiles.  Each has an account:
 * its requests in their order, at most JIT_ACCOUNT_MAX waiting, and the
 * processor time that was spent on them.  Next is the first request of the
 * account that has used least; one that begins to wait starts level with the
 * least of those that wait already, so that time without requests saves up
 * nothing.  Thus a VM with ever new programs delays another's by one program.
 *
 * What a request took is charged to its VM as GPU time (GpuvmHost.owed_ns),
 * counted (JIT_COMPILED, JIT_REFUSED, JIT_DROPPED, JIT_NS) and traced.
 *
 * All functions need the lock of the JIT that the accounts belong to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_ACCOUNT_H
#define GPUVM_SOFT_JIT_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/host.h"

/** JIT_ACCOUNT_MAX - requests of one VM that wait at a time. */
#define JIT_ACCOUNT_MAX 16

typedef struct JitAccounts JitAccounts;

/** JitWork - what a request has come to. */
typedef struct JitWork {
    unsigned insns;         /* of the program */
    unsigned kind;          /* of block (JitKind) */
    size_t bytes;           /* of the code; 0: refused */
    uint64_t ns;            /* of processor, thread time */
} JitWork;

/** JitDropFn - a request of a VM that leaves will never be popped. */
typedef void JitDropFn(void *opaque, void *job);

JitAccounts *gpuvm_jit_accounts_new(void);
/** gpuvm_jit_accounts_free - drops what still waits. */
void gpuvm_jit_accounts_free(JitAccounts *a, JitDropFn *drop, void *opaque);
/**
 * gpuvm_jit_accounts_push - @job (never NULL) waits on behalf of @host, which
 * must not end before gpuvm_jit_accounts_leave(); NULL: nobody pays.  False
 * if the account is full: counted, traced, nothing kept.
 */
bool gpuvm_jit_accounts_push(JitAccounts *a, GpuvmHost *host, void *job,
                             unsigned insns);
/** gpuvm_jit_accounts_pop - the next job, or NULL; done() must follow. */
void *gpuvm_jit_accounts_pop(JitAccounts *a);
/** gpuvm_jit_accounts_done - what the popped job took. */
void gpuvm_jit_accounts_done(JitAccounts *a, const JitWork *work);
/** gpuvm_jit_accounts_leave - @host ends: its requests are dropped, and what
 *  is being compiled for it is charged to nobody. */
void gpuvm_jit_accounts_leave(JitAccounts *a, GpuvmHost *host,
                              JitDropFn *drop, void *opaque);
/** gpuvm_jit_accounts_count - accounts there are; one stays until its VM
 *  leaves. */
unsigned gpuvm_jit_accounts_count(const JitAccounts *a);

#endif
