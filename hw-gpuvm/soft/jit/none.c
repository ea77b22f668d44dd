/*
 * Built without LLVM: there is no JIT, the interpreter runs everything.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/jit.h"

#include <glib.h>

SoftJit *gpuvm_soft_jit_new(SoftJitMode mode, char **err)
{
    if (mode >= SOFT_JIT_ON) {
        *err = g_strdup("engine=jit: this was built without LLVM (install "
                        "llvm-dev and build anew, -Djit=enabled)");
    }
    return NULL;
}

void gpuvm_soft_jit_free(SoftJit *jit)
{
}

void gpuvm_soft_jit_bind(SoftJit *jit, SoftCta *cta, GpuvmHost *host,
                         void **frame)
{
}

void gpuvm_soft_jit_unbind(void **frame)
{
}

SoftRunStatus gpuvm_soft_jit_run(SoftWarp *w, uint32_t budget)
{
    return gpuvm_soft_warp_run(w, budget);
}

void gpuvm_soft_jit_leave(SoftJit *jit, GpuvmHost *host)
{
}

void gpuvm_soft_jit_forget(void *entry)
{
}

void gpuvm_soft_jit_keep(SoftJit *jit, bool on)
{
}

void gpuvm_soft_jit_stats(SoftJit *jit, SoftJitStats *out)
{
    *out = (SoftJitStats) { 0 };
}
