/*
 * Private to the JIT's driver (jit.c, queue.c): the code cache, and the thread
 * that compiles.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_QUEUE_H
#define GPUVM_SOFT_JIT_QUEUE_H

#include "soft/jit/code.h"
#include "soft/jit/jit.h"

/** JitKind - blocks for which a program has code of its own. */
typedef enum JitKind {
    JIT_KIND_ROW,       /* a full warp is a piece of a row */
    JIT_KIND_16,        /* two rows of 16 */
    JIT_KIND_8,         /* four rows of 8 */
    JIT_KIND_OTHER,
    JIT_KIND__COUNT
} JitKind;

/** JitEntry - a program's place in the cache. */
typedef struct JitEntry JitEntry;

/** gpuvm_jit_entry - @prog's, found by its content or made; once found, kept
 *  in prog->jit with a reference. */
JitEntry *gpuvm_jit_entry(SoftJit *jit, const SoftProgram *prog,
                          GpuvmHost *host);
/** gpuvm_jit_limit - for tests: bytes of programs without a user, and in use. */
void gpuvm_jit_limit(SoftJit *jit, uint64_t unused, uint64_t used);
/** gpuvm_jit_code - the code for blocks of @kind, or NULL. */
JitCode *gpuvm_jit_code(JitEntry *e, unsigned kind);
/** gpuvm_jit_begin - a launch begins; compiles, where the mode says at once. */
void gpuvm_jit_begin(SoftJit *jit, JitEntry *e, unsigned kind,
                     GpuvmHost *host);
/** gpuvm_jit_heat - @n instructions were interpreted; compiled from @hot on. */
void gpuvm_jit_heat(SoftJit *jit, JitEntry *e, unsigned kind,
                    GpuvmHost *host, uint64_t n, uint64_t hot);
/** gpuvm_jit_no_guesses - the code shall be made again without guesses. */
void gpuvm_jit_no_guesses(SoftJit *jit, JitEntry *e, unsigned kind,
                          GpuvmHost *host);

#endif
