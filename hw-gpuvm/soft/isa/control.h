/*
 * Control flow of a warp: the divergence stack and condition codes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ISA_CONTROL_H
#define GPUVM_SOFT_ISA_CONTROL_H

#include "soft/isa/isa.h"

/** gpuvm_soft_cc_lanes - lanes whose $c fulfils condition @cond (0..0x17). */
uint32_t gpuvm_soft_cc_lanes(const SoftWarp *w, unsigned cond);

/**
 * gpuvm_soft_join - the lanes of @mask, which just executed @in with its join
 * bit set, wait for the innermost joinat; the others go on behind @in, or if
 * there are none the top of the stack is resumed.
 * Returns: SOFT_EXEC_JUMPED, _EXITED or _FAULT.
 */
SoftExecStatus gpuvm_soft_join(SoftWarp *w, const SoftInsn *in,
                               uint32_t mask);

/* Special registers, nvc0-compute.md 3.6; numbers of bits 33:26. */
enum {
    SREG_LANEID = 0x00, SREG_PHYSID = 0x03, SREG_TID = 0x20, SREG_TIDX,
    SREG_TIDY, SREG_TIDZ, SREG_LAUNCHARG, SREG_CTAIDX, SREG_CTAIDY,
    SREG_CTAIDZ, SREG_NTID, SREG_NTIDX, SREG_NTIDY, SREG_NTIDZ, SREG_GRIDID,
    SREG_NCTAIDX, SREG_NCTAIDY, SREG_NCTAIDZ, SREG_SBASE, SREG_SWINSZ,
    SREG_SMEMSZ, SREG_LBASE = 0x34, SREG_LWINSZ, SREG_LPOSSZ, SREG_LNEGSTART,
    SREG_LANEMASK_EQ, SREG_LANEMASK_LT, SREG_LANEMASK_LE, SREG_LANEMASK_GT,
    SREG_LANEMASK_GE, SREG_CLOCK = 0x50, SREG_CLOCKHI,
};

/** gpuvm_soft_sreg_uniform - special register @n, the same in all lanes. */
uint32_t gpuvm_soft_sreg_uniform(const SoftWarp *w, unsigned n);
/** gpuvm_soft_sreg_lane - special register @n of @lane: one of those for which
 *  gpuvm_soft_sreg_varies() holds. */
uint32_t gpuvm_soft_sreg_lane(const SoftWarp *w, unsigned n, unsigned lane);

/** gpuvm_soft_sreg_varies - whether lanes see different values of @n. */
static inline bool gpuvm_soft_sreg_varies(unsigned n)
{
    return n == SREG_LANEID || (n >= SREG_TID && n <= SREG_TIDZ) ||
           (n >= SREG_LANEMASK_EQ && n <= SREG_LANEMASK_GE);
}

/*
 * The divergence stack for compiled code (soft/jit/), which does the usual
 * cases itself.  w->active is true; they return as a handler does.
 */

/** gpuvm_soft_token_park - @lanes wait at the innermost token of @type. */
SoftExecStatus gpuvm_soft_token_park(SoftWarp *w, const SoftInsn *in,
                                     SoftTokenType type, uint32_t lanes);
/** gpuvm_soft_token_diverge - of the active lanes, @taken (some, not all) take
 *  the branch @in; the others run first. */
SoftExecStatus gpuvm_soft_token_diverge(SoftWarp *w, const SoftInsn *in,
                                        uint32_t taken);
/** gpuvm_soft_lanes_exit - @lanes, which are active, end. */
SoftExecStatus gpuvm_soft_lanes_exit(SoftWarp *w, uint32_t lanes);

#endif
