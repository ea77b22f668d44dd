/*
 * Running warps by compiled code, and deciding what is compiled; see jit.h.
 *
 * A warp runs in compiled code from an entry to an exit.  It leaves when it
 * ends, faults, is at a barrier, has used its budget or has to stop; or when a
 * guess that the code was made on is wrong: then the interpreter takes it on,
 * one instruction at a time, to the next entry.  Code whose guesses are wrong
 * too often is made again without guesses.
 *
 * Words of constant banks that instructions name directly are read once, when
 * the code is first run for a CTA context (and again after a flush of the
 * address space).  If one cannot be read, the interpreter runs: it raises the
 * fault where the instruction is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/jit.h"

#include <glib.h>
#include <string.h>

#include "soft/isa/control.h"
#include "soft/jit/queue.h"

#define HOT          400000     /* warp instructions before it is compiled */
#define LOCK_STRETCH 16         /* as the interpreter's */
/* Wrong guesses that are no reason to do without them */
#define WRONG_FEW    64
#define WRONG_PART   8          /* nor is one in so many runs */

static const _Atomic uint32_t never;

/* The frame of a CTA context; .pub is what code sees. */
typedef struct Frame {
    JitFrame pub;
    SoftJit *jit;
    JitEntry *entry;
    GpuvmHost *host;        /* who pays for compiling */
    unsigned kind;          /* of block; JitKind */
    uint64_t runs;          /* of .pub.code, not told to it yet */
    bool no_consts;         /* a word could not be read */
} Frame;

/* How the lanes of a full warp lie in a block. */
static unsigned block_kind(const SoftLaunch *l)
{
    if (l->block[1] * l->block[2] == 1 || l->block[0] % SOFT_LANES == 0) {
        return JIT_KIND_ROW;
    }
    return l->block[0] == 16 ? JIT_KIND_16 : l->block[0] == 8 ? JIT_KIND_8 :
           JIT_KIND_OTHER;
}

void gpuvm_soft_jit_bind(SoftJit *jit, SoftCta *cta, GpuvmHost *host,
                         void **frame)
{
    Frame *f = *frame;

    if (!jit) {
        return;
    }
    if (!f) {
        f = *frame = g_new0(Frame, 1);
    }
    f->jit = jit;
    f->host = host;
    f->kind = block_kind(cta->launch);
    f->entry = gpuvm_jit_entry(jit, cta->prog, host);
    f->pub.abort = cta->abort ? cta->abort : &never;
    f->pub.attention = cta->attention ? cta->attention : &never;
    f->pub.code = NULL;
    f->no_consts = false;
    cta->jit = f;
    gpuvm_jit_begin(jit, f->entry, f->kind, host);
}

void gpuvm_soft_jit_unbind(void **frame)
{
    g_free(*frame);
    *frame = NULL;
}

/* Reads the words that @code wants; false if one cannot be read. */
static bool read_consts(SoftCta *cta, Frame *f, const JitCode *code)
{
    uint32_t generation = cta->tlb->generation;

    if (f->pub.code == code && f->pub.generation == generation) {
        return !f->no_consts;
    }
    f->no_consts = false;
    for (unsigned i = 0; i < code->nslots; i++) {
        f->pub.c[i] = gpuvm_soft_const_read32(cta, code->bank[i],
                                              code->ofs[i]);
    }
    if (cta->faulted) {
        cta->faulted = false;   /* nobody asked for it yet */
        f->no_consts = true;
    }
    if (f->pub.code != code) {
        f->runs = 0;
        cta->dead = ~code->reads;
    }
    f->pub.code = code;
    f->pub.generation = generation;
    return !f->no_consts;
}

static SoftRunStatus interpret(SoftWarp *w, uint32_t budget, Frame *f)
{
    uint64_t before = w->executed;
    SoftRunStatus st = gpuvm_soft_warp_run(w, budget);

    gpuvm_jit_heat(f->jit, f->entry, f->kind, f->host, w->executed - before,
                   HOT);
    return st;
}

static bool must_stop(const JitFrame *fr)
{
    return atomic_load_explicit(fr->abort, memory_order_relaxed) ||
           atomic_load_explicit(fr->attention, memory_order_relaxed);
}

/* One stretch of compiled code. */
static int enter(SoftWarp *w, JitFrame *fr, JitCode *code, uint64_t left)
{
    int32_t given = left < INT32_MAX ? (int32_t)left : INT32_MAX;
    int st;

    fr->left = given;
    st = code->fn(w, fr);
    w->executed += (int64_t)given - fr->left;
    return st;
}

static int step(SoftWarp *w)
{
    SoftRunStatus st = gpuvm_soft_warp_slice(w, 1);

    return st == SOFT_RUN_YIELD ? JIT_EXIT_AGAIN : (int)st;
}

static void guess_was_wrong(Frame *f, JitCode *code)
{
    uint64_t wrong = atomic_fetch_add(&code->guesses_wrong, 1) + 1;
    uint64_t runs = atomic_fetch_add(&code->runs, f->runs) + f->runs;

    f->runs = 0;
    if (wrong > WRONG_FEW && wrong * WRONG_PART > runs) {
        gpuvm_jit_no_guesses(f->jit, f->entry, f->kind, f->host);
    }
}

static SoftRunStatus execute(SoftWarp *w, uint32_t budget, Frame *f,
                             JitCode *code)
{
    uint64_t start = w->executed;

    f->runs++;
    while (w->live && !w->cta->faulted) {
        uint64_t used = w->executed - start;
        uint64_t limit = w->lock_lanes ? (uint64_t)budget * LOCK_STRETCH :
                         budget;
        int st;

        if (used >= limit) {
            return SOFT_RUN_YIELD;
        }
        if (code->entry[w->pc]) {
            st = enter(w, &f->pub, code, limit - used);
            if (st == JIT_EXIT_STEP) {
                guess_was_wrong(f, code);
                st = step(w);
            }
        } else {
            st = step(w);
        }
        if (st < JIT_EXIT_AGAIN && st != SOFT_RUN_YIELD) {
            return w->cta->faulted ? SOFT_RUN_FAULT : (SoftRunStatus)st;
        }
        if (must_stop(&f->pub)) {
            return SOFT_RUN_YIELD;
        }
    }
    return w->cta->faulted ? SOFT_RUN_FAULT : SOFT_RUN_EXITED;
}

SoftRunStatus gpuvm_soft_jit_run(SoftWarp *w, uint32_t budget)
{
    Frame *f = w->cta->jit;
    JitCode *code = gpuvm_jit_code(f->entry, f->kind);

    if (!code) {
        return interpret(w, budget, f);
    }
    if (!w->live) {
        return SOFT_RUN_EXITED;
    }
    if (w->cta->faulted) {
        return SOFT_RUN_FAULT;
    }
    if (!read_consts(w->cta, f, code)) {
        return gpuvm_soft_warp_run(w, budget);
    }
    return execute(w, budget, f, code);
}
