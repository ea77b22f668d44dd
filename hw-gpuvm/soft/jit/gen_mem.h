/*
 * Private to the code generator's memory accesses (gen_mem.c, gen_vmem.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_GEN_MEM_H
#define GPUVM_SOFT_JIT_GEN_MEM_H

#include "soft/jit/gen.h"

/** JitAccess - a load or store of g[] or s[]. */
typedef struct JitAccess {
    const SoftInsn *in;
    uint32_t i;
    bool global, store;
    unsigned bytes, words;  /* a lane's; registers it moves */
} JitAccess;

/** gpuvm_jit_access - @in as an access; false if it is left to its handler. */
bool gpuvm_jit_access(const SoftInsn *in, uint32_t i, JitAccess *a);
/** Host address of @va; ors to *@bad whether it is not in the cache. */
V gpuvm_jit_tlb(Gen *g, V va, bool write, V *bad);
/** The registers that a store moves, as vectors. */
void gpuvm_jit_store_data(Gen *g, State *st, const JitAccess *a, V *regs);
/**
 * gpuvm_jit_mem_end - ends an access: the builder is where the fast way ends,
 * with the words it loaded in @fast; @slow is where the handler shall do it
 * for the lanes of @mask.
 */
void gpuvm_jit_mem_end(Gen *g, State *st, const JitAccess *a, Val *fast,
                       LLVMBasicBlockRef slow, V mask, const Guard *gd);
/** gpuvm_jit_vmem - an access whose addresses are vectors, or masked. */
bool gpuvm_jit_vmem(Gen *g, State *st, const JitAccess *a, Val *lo, Val *hi,
                    const Guard *gd);

#endif
