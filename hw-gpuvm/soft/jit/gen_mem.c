#include "soft/jit/gen.h"
bool gpuvm_jit_mem(Gen *g, State *st, uint32_t i, const Guard *gd) { return false; }
bool gpuvm_jit_sreg(Gen *g, State *st, uint32_t i, const Guard *gd) {
    const SoftInsn *in = &g->prog->insns[i];
    return in->op == SOFT_OP_NOP;
}
bool gpuvm_jit_affine(Gen *g, State *st, uint32_t i, const Guard *gd) { return false; }
