/*
 * What the JIT must know of a program before it makes code: what each
 * instruction reads and writes, basic blocks, and which registers are live.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_FLOW_H
#define GPUVM_SOFT_JIT_FLOW_H

#include "soft/isa/isa.h"

/** Flags, as bits of a mask: $p0..6, then Z S C O of $c. */
#define JIT_FLAGS   11
#define JIT_Z       7
#define JIT_S       8
#define JIT_C       9
#define JIT_O       10
#define JIT_CC_BITS (15u << JIT_Z)
#define JIT_ALL_Q   ((1u << JIT_FLAGS) - 1)
#define JIT_ALL_R   ((UINT64_C(1) << SOFT_REG_ZERO) - 1)

/** JitSet - registers $r0..62 and flags. */
typedef struct JitSet {
    uint64_t r;
    uint32_t q;
} JitSet;

/** JitEffect - of an instruction; its guard is not in .use. */
typedef struct JitEffect {
    JitSet use, def;
    bool whole;     /* every lane that executes gets all of .def */
} JitEffect;

/** gpuvm_jit_effect - what @in may read and write. */
void gpuvm_jit_effect(const SoftInsn *in, JitEffect *e);

typedef struct JitBlock {
    uint32_t first, last;   /* instruction indices; last is in the block */
    JitSet live;            /* at its start */
    JitSet waiting_first;   /* what lanes that wait need: at its start, */
    JitSet waiting;         /* and in it */
    bool entry;             /* execution may come here from outside */
} JitBlock;

#define JIT_NO_BLOCK UINT32_MAX
#define JIT_GUESSES  5

/**
 * JitGuess - where control probably goes when all lanes have left at an
 * instruction; a guess, to be checked when it runs.
 */
typedef struct JitGuess {
    unsigned n;
    uint32_t pc[JIT_GUESSES];   /* the last one: the token they left to */
    bool found;                 /* there is such a token */
} JitGuess;

/** JitFlow - blocks by index, in order of their first instruction. */
typedef struct JitFlow {
    const SoftProgram *prog;
    JitBlock *block;
    unsigned nblocks;
    uint32_t *block_at;     /* by instruction: the block it starts */
    JitSet *after;          /* by instruction: live behind it */
    JitSet used;            /* anywhere in the program */
    JitGuess *guess;        /* by instruction */
    const char *refused;    /* why the JIT will not have it, or NULL */
} JitFlow;

/**
 * gpuvm_jit_flow_init - analyses @prog, which stays valid.
 * @keep: everything is live everywhere (for tests that look at the registers
 *        of a warp that has ended)
 */
void gpuvm_jit_flow_init(JitFlow *f, const SoftProgram *prog, bool keep);
void gpuvm_jit_flow_fini(JitFlow *f);

/** gpuvm_jit_flow_waiting - fills in what lanes that wait need; false: too
 *  many tokens to tell.  For gpuvm_jit_flow_init(). */
bool gpuvm_jit_flow_waiting(JitFlow *f);
/** gpuvm_jit_has_target - whether @in is a branch or pushes a token. */
bool gpuvm_jit_has_target(const SoftInsn *in);
/** gpuvm_jit_live_before - what lives before @in, given what does behind. */
JitSet gpuvm_jit_live_before(const SoftInsn *in, JitSet behind);
/** gpuvm_jit_ends_block - whether control may go elsewhere behind @in. */
bool gpuvm_jit_ends_block(const SoftInsn *in);

#endif
