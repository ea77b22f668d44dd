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

#endif
