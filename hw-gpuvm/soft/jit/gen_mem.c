/*
 * Memory, special registers and address arithmetic: left to the handlers so
 * far.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/gen.h"

bool gpuvm_jit_mem(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    return false;
}

bool gpuvm_jit_sreg(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    return g->prog->insns[i].op == SOFT_OP_NOP;
}

bool gpuvm_jit_affine(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    return false;
}
