/*
 * The JIT of the software GPU: programs that run long enough are compiled to
 * host code, in the background; until then, and whatever it will not compile,
 * the interpreter runs.  See docs/jit.md.
 *
 * Code is found by the content of the program, so the same kernel at another
 * address, or of another channel, is compiled once.  What is compiled is the
 * decoded program, a copy; nothing of the guest is read later on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_JIT_H
#define GPUVM_SOFT_JIT_JIT_H

#include "base/host.h"
#include "soft/isa/isa.h"

typedef struct SoftJit SoftJit;

/** SoftJitMode - the property engine=. */
typedef enum SoftJitMode {
    SOFT_JIT_OFF,       /* interp */
    SOFT_JIT_AUTO,      /* programs that have run for a while */
    SOFT_JIT_ON,        /* every program, from its first launch on */
    SOFT_JIT_SYNC,      /* the same, and the launch waits; for tests */
} SoftJitMode;

/**
 * gpuvm_soft_jit_new - NULL with SOFT_JIT_OFF, and where there is no JIT: with
 * @err set if @mode insists on one.
 */
SoftJit *gpuvm_soft_jit_new(SoftJitMode mode, char **err);
/** gpuvm_soft_jit_free - after every program was given back. */
void gpuvm_soft_jit_free(SoftJit *jit);

/**
 * gpuvm_soft_jit_bind - the CTAs in @cta will be run by
 * gpuvm_soft_jit_run(): .launch and .prog are set.  @host pays for compiling
 * (NULL: nobody).  @frame is 0 or was given to it before;
 * gpuvm_soft_jit_unbind() ends its use.
 */
void gpuvm_soft_jit_bind(SoftJit *jit, SoftCta *cta, GpuvmHost *host,
                         void **frame);
void gpuvm_soft_jit_unbind(void **frame);

/** gpuvm_soft_jit_run - gpuvm_soft_warp_run() by compiled code where there is
 *  some; of a bound CTA. */
SoftRunStatus gpuvm_soft_jit_run(SoftWarp *w, uint32_t budget);

/** gpuvm_soft_jit_leave - @host ends; what waits for it is dropped.  @jit may
 *  be NULL. */
void gpuvm_soft_jit_leave(SoftJit *jit, GpuvmHost *host);

/** gpuvm_soft_jit_forget - a program goes; called with its .jit. */
void gpuvm_soft_jit_forget(void *entry);

/** gpuvm_soft_jit_keep - for tests: code made from now on leaves all registers
 *  in the warp as the interpreter does. */
void gpuvm_soft_jit_keep(SoftJit *jit, bool on);

/** SoftJitStats - since the start; for tests. */
typedef struct SoftJitStats {
    uint64_t compiled, refused, ns;
    uint64_t bytes, unused;     /* of code and copies now; of those nobody
                                 * uses */
    unsigned accounts;          /* VMs with an account (account.h) */
} SoftJitStats;
void gpuvm_soft_jit_stats(SoftJit *jit, SoftJitStats *out);

#endif
