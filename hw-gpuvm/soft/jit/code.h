/*
 * Compiled code and how it is called.
 *
 * A function made of a program runs one warp.  The warp's state in memory is
 * the contract at entry and exit, as between two instructions of the
 * interpreter, except that registers which no instruction will read any more
 * may be stale.  w->pc is an instruction that the code has an entry for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_CODE_H
#define GPUVM_SOFT_JIT_CODE_H

#include "soft/isa/isa.h"
#include "soft/jit/memory.h"

#define JIT_MAX_SLOTS 512

/** JitExit - what a compiled function returns: a SoftRunStatus, or these. */
enum {
    JIT_EXIT_AGAIN = 16,    /* w->pc was set: come in again */
    JIT_EXIT_STEP,          /* a guess was wrong: interpret from w->pc */
};

/** JitFrame - what a function needs beside the warp; one a CTA context. */
typedef struct JitFrame {
    int32_t left;           /* in: budget in instructions; out: what is left */
    const _Atomic uint32_t *abort, *attention;  /* never NULL */
    uint32_t c[JIT_MAX_SLOTS];      /* words of constant banks, by slot */
    /* the driver's own */
    const void *code;               /* whose slots .c has, or NULL */
    uint32_t generation;            /* of the TLB when .c was read */
    uint64_t heat;                  /* not yet added to the program's */
} JitFrame;

typedef int JitFn(SoftWarp *w, JitFrame *fr);

/** JitCode - a compiled program. */
typedef struct JitCode {
    JitFn *fn;
    unsigned count;         /* instructions of the program */
    uint8_t *entry;         /* by instruction: fn may be entered there */
    uint64_t reads;         /* registers that a warp reads as it starts */
    unsigned nslots;
    uint8_t bank[JIT_MAX_SLOTS];
    uint32_t ofs[JIT_MAX_SLOTS];
    JitMemory *memory;      /* in which it lies */
    _Atomic uint64_t runs, guesses_wrong;   /* runs: see jit.c */
} JitCode;

typedef struct JitOptions {
    unsigned groups;        /* of lanes with thread indices of one shape */
    bool tids;              /* whether they have; see gpuvm_jit_block_class() */
    bool speculate;
    bool keep;              /* all registers stay true in memory; for tests */
} JitOptions;

/** JIT_MAX_INSNS - a longer program is left to the interpreter. */
#define JIT_MAX_INSNS 4096

/**
 * gpuvm_jit_compile - makes code of @prog; NULL and @why if it will not.
 * Takes milliseconds to seconds; one thread at a time.
 */
JitCode *gpuvm_jit_compile(const SoftProgram *prog, const JitOptions *opt,
                           const char **why);
void gpuvm_jit_code_free(JitCode *code);

#endif
