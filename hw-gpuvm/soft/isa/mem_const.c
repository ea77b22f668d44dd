/*
 * LDC: loads from constant banks with an address from a register.
 *
 * The word at a lane's address comes from gpuvm_soft_const_read32(); bytes
 * and halves are cut out of it, longer types are several words, each of which
 * reads 0 beyond the bank's size.  Usually all lanes want the same word.
 *
 * Modes (bits 9:8): 0 adds register and offset.  2, "IS", is for arrays of
 * buffers: the register's upper half is added to the bank, the lower half to
 * the offset.  1 and 3 ("IL", "ISL") let a carry of the sum reach the bank,
 * which no compiler of ours emits.
 *
 * Facts: nvc0-compute.md 3.3, 4.6.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/mem.h"

enum {
    LDC_PLAIN = 0,
    LDC_IL,
    LDC_IS,
    LDC_ISL,
};

static void resolve(const SoftInsn *in, uint32_t reg, unsigned *bank,
                    uint32_t *offset)
{
    *bank = in->bank;
    *offset = reg + in->cofs;
    switch (in->subop) {
    case LDC_IS:
        *bank += reg >> 16;
        *offset = (reg & 0xffff) + in->cofs;
        break;
    case LDC_IL:
    case LDC_ISL:
        *bank += *offset >> 16;
        *offset &= 0xffff;
        break;
    default:
        break;
    }
}

/* One lane's value, up to four words. */
static void fetch(SoftWarp *w, const SoftInsn *in, uint32_t reg,
                  uint32_t v[4])
{
    uint32_t offset, word;
    unsigned bank;

    resolve(in, reg, &bank, &offset);
    word = gpuvm_soft_const_read32(w->cta, bank, offset & ~3u);
    switch (in->type) {
    case SOFT_ACCESS_U8:
        v[0] = word >> (offset % 4 * 8) & 0xff;
        break;
    case SOFT_ACCESS_S8:
        v[0] = (int8_t)(word >> (offset % 4 * 8));
        break;
    case SOFT_ACCESS_U16:
        v[0] = word >> (offset % 4 * 8) & 0xffff;
        break;
    case SOFT_ACCESS_S16:
        v[0] = (int16_t)(word >> (offset % 4 * 8));
        break;
    default:
        v[0] = word;
        for (unsigned k = 1; k < mem_bytes(in->type) / 4; k++) {
            v[k] = gpuvm_soft_const_read32(w->cta, bank, offset + 4 * k);
        }
        break;
    }
}

SoftExecStatus gpuvm_soft_exec_ldc(SoftWarp *w, const SoftInsn *in,
                                   uint32_t mask)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    unsigned bytes = mem_bytes(in->type), words = (bytes + 3) / 4;
    bool uniform = mem_uniform(a);
    MemRegs d = mem_dst(w, in->dst);
    uint32_t v[4], bits = 0;

    FOR_LANES(i, mask) {
        bits |= a[i] + in->cofs;
    }
    if (bits & (bytes - 1)) {
        return mem_trap(w, GPUVM_TRAP_MISALIGNED, in);
    }
    if (uniform) {
        fetch(w, in, a[0], v);
    }
    FOR_LANES(i, mask) {
        if (!uniform) {
            fetch(w, in, a[i], v);
        }
        for (unsigned k = 0; k < words; k++) {
            d.r[k][i] = v[k];
        }
    }
    return w->cta->faulted ? SOFT_EXEC_FAULT : SOFT_EXEC_OK;
}
