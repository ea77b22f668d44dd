/*
 * A CTA of one warp with constant bank 0 in host memory, without an address
 * space: what tests of arithmetic and control flow run instructions in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_ISA_RIG_H
#define GPUVM_TESTS_ISA_RIG_H

#include <string.h>

#include "harness.h"
#include "isa_asm.h"
#include "isa_ref.h"
#include "soft/isa/isa.h"
#include "soft/isa/table.h"
#include "soft/jit/jit.h"

#define RIG_C0_SIZE 4096

typedef struct IsaRig {
    SoftLaunch launch;
    SoftTlb tlb;
    SoftCta cta;
    SoftWarp warp;
    uint8_t c0[RIG_C0_SIZE] __attribute__((aligned(16)));
} IsaRig;

static inline IsaRig *isa_rig_new(void)
{
    void *p = NULL;
    IsaRig *r;

    if (posix_memalign(&p, 64, sizeof(IsaRig))) {
        g_error("no memory");
    }
    r = memset(p, 0, sizeof(IsaRig));
    r->launch.block[0] = 32;
    r->launch.block[1] = r->launch.block[2] = 1;
    r->launch.grid[0] = r->launch.grid[1] = r->launch.grid[2] = 1;
    r->launch.code_va = 0x10000;
    r->launch.cb[0].va = 0x100000;
    r->launch.cb[0].size = RIG_C0_SIZE;
    r->cta.launch = &r->launch;
    r->cta.tlb = &r->tlb;
    r->cta.threads = 32;
    r->cta.nwarps = 1;
    r->cta.warp = &r->warp;
    r->cta.consts.page[0][0] = r->c0;
    return r;
}

#ifdef ISA_RIG_JIT
static SoftJit *isa_rig_jit;
#endif

/* Runs the warp by the engine that this test program is for. */
static inline SoftRunStatus isa_rig_run(IsaRig *r, uint32_t budget)
{
#ifdef ISA_RIG_JIT
    void *frame = NULL;
    SoftRunStatus st;

    if (!isa_rig_jit) {
        char *err = NULL;

        isa_rig_jit = gpuvm_soft_jit_new(SOFT_JIT_SYNC, &err);
        if (!isa_rig_jit) {
            g_error("%s", err);
        }
        gpuvm_soft_jit_keep(isa_rig_jit, true);
    }
    gpuvm_soft_jit_bind(isa_rig_jit, &r->cta, NULL, &frame);
    st = gpuvm_soft_jit_run(&r->warp, budget);
    r->cta.jit = NULL;
    gpuvm_soft_jit_unbind(&frame);
    return st;
#else
    return gpuvm_soft_warp_run(&r->warp, budget);
#endif
}

/* xorshift32: the tests' random numbers, the same on every run. */
static inline uint32_t isa_rand(uint32_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 17;
    *s ^= *s << 5;
    return *s;
}

/* A lane of the warp, for the reference. */
static inline void isa_rig_lane(IsaRig *r, unsigned lane, RefLane *l)
{
    for (unsigned n = 0; n < 64; n++) {
        l->r[n] = r->warp.r[n][lane];
    }
    for (unsigned n = 0; n < 8; n++) {
        l->p[n] = (r->warp.p[n] >> lane) & 1;
    }
    l->z = (r->warp.z >> lane) & 1;
    l->s = (r->warp.s >> lane) & 1;
    l->c = (r->warp.c >> lane) & 1;
    l->o = (r->warp.o >> lane) & 1;
    l->c0 = r->c0;
    l->c0_size = RIG_C0_SIZE;
    l->approximate = false;
}

#endif
