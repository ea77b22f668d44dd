/*
 * RED and ATOM: atomic operations on g[].
 *
 * CTAs run on several threads and guest CPUs may look on, so each is an
 * atomic operation of the host on the guest's word; what the host lacks
 * (min, max, inc, dec, float add) is a compare-and-swap loop.  Lanes go in
 * order 0..31.  A reduction by all lanes into one word, the usual way to
 * count, is summed first where the operation allows it and then done once.
 *
 * Facts: nvc0-compute.md 4.6; inc and dec as PTX defines them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/mem.h"
#include "soft/isa/mem_global.h"

/* SoftInsn.subop */
enum {
    ATOM_ADD = 0,
    ATOM_MIN,
    ATOM_MAX,
    ATOM_INC,
    ATOM_DEC,
    ATOM_AND,
    ATOM_OR,
    ATOM_XOR,
    ATOM_EXCH,
    ATOM_CAS,
    ATOM__COUNT,
};

typedef enum AtomKind {
    KIND_U32,
    KIND_S32,
    KIND_F32,
    KIND_U64,
} AtomKind;

static AtomKind kind_of(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_RED_S32:
    case SOFT_OP_ATOM_S32:
        return KIND_S32;
    case SOFT_OP_RED_F32:
    case SOFT_OP_ATOM_F32:
        return KIND_F32;
    default:
        return in->flags & SOFT_F_OP64 ? KIND_U64 : KIND_U32;
    }
}

static uint32_t add_f32(uint32_t a, uint32_t b)
{
    float x, y;

    memcpy(&x, &a, 4);
    memcpy(&y, &b, 4);
    x += y;
    memcpy(&a, &x, 4);
    return a;
}

/* What an operation without a host instruction makes of @old. */
static uint32_t combine(unsigned op, AtomKind kind, uint32_t old, uint32_t d)
{
    bool less = kind == KIND_S32 ? (int32_t)old < (int32_t)d : old < d;

    switch (op) {
    case ATOM_MIN:
        return less ? old : d;
    case ATOM_MAX:
        return less ? d : old;
    case ATOM_INC:
        return old >= d ? 0 : old + 1;
    case ATOM_DEC:
        return old == 0 || old > d ? d : old - 1;
    default:
        return add_f32(old, d);
    }
}

static uint32_t atom32(uint32_t *p, unsigned op, AtomKind kind, uint32_t d,
                       uint32_t with)
{
    uint32_t old;

    if (kind != KIND_F32) {
        switch (op) {
        case ATOM_ADD:
            return __atomic_fetch_add(p, d, __ATOMIC_SEQ_CST);
        case ATOM_AND:
            return __atomic_fetch_and(p, d, __ATOMIC_SEQ_CST);
        case ATOM_OR:
            return __atomic_fetch_or(p, d, __ATOMIC_SEQ_CST);
        case ATOM_XOR:
            return __atomic_fetch_xor(p, d, __ATOMIC_SEQ_CST);
        case ATOM_EXCH:
            return __atomic_exchange_n(p, d, __ATOMIC_SEQ_CST);
        case ATOM_CAS:
            __atomic_compare_exchange_n(p, &d, with, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST);
            return d;
        default:
            break;
        }
    }
    old = __atomic_load_n(p, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(p, &old, combine(op, kind, old, d),
                                        true, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED)) {
        /* old was reloaded */
    }
    return old;
}

static uint64_t atom64(uint64_t *p, unsigned op, uint64_t d, uint64_t with)
{
    switch (op) {
    case ATOM_EXCH:
        return __atomic_exchange_n(p, d, __ATOMIC_SEQ_CST);
    case ATOM_CAS:
        __atomic_compare_exchange_n(p, &d, with, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
        return d;
    default:
        return __atomic_fetch_add(p, d, __ATOMIC_SEQ_CST);
    }
}

static bool op_known(unsigned op, AtomKind kind)
{
    switch (kind) {
    case KIND_F32:
        return op == ATOM_ADD;
    case KIND_U64:
        return op == ATOM_ADD || op == ATOM_EXCH || op == ATOM_CAS;
    case KIND_S32:
        return op <= ATOM_MAX;
    default:
        return op < ATOM__COUNT;
    }
}

static void *lane_word(SoftWarp *w, const MemAddr *a, unsigned lane,
                       SoftMemFault *f)
{
    return gpuvm_soft_tlb_page(w->cta->tlb, mem_addr(a, lane), true, f);
}

static SoftExecStatus run32(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            const MemAddr *a, AtomKind kind, uint32_t *old)
{
    const uint32_t *d = gpuvm_soft_src(w, in->dst);
    const uint32_t *with = gpuvm_soft_src(w, in->src3);
    SoftMemFault f;

    FOR_LANES(i, mask) {
        uint32_t *p = lane_word(w, a, i, &f);

        if (!p) {
            return mem_fault(w, &f);
        }
        old[i] = atom32(p, in->subop, kind, d[i], with[i]);
    }
    return SOFT_EXEC_OK;
}

static SoftExecStatus run64(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            const MemAddr *a, uint32_t *lo, uint32_t *hi)
{
    /* cas: compare in a pair, the new value in the pair behind it */
    MemRegs d = mem_src(w, in->dst);
    SoftMemFault f;

    FOR_LANES(i, mask) {
        uint64_t *p = lane_word(w, a, i, &f), old;

        if (!p) {
            return mem_fault(w, &f);
        }
        old = atom64(p, in->subop, (uint64_t)d.r[1][i] << 32 | d.r[0][i],
                     (uint64_t)d.r[3][i] << 32 | d.r[2][i]);
        lo[i] = old;
        hi[i] = old >> 32;
    }
    return SOFT_EXEC_OK;
}

/* All lanes into one word: the sum first, then one access. */
static SoftExecStatus red_uniform(SoftWarp *w, const SoftInsn *in,
                                  uint32_t mask, const MemAddr *a)
{
    const uint32_t *d = gpuvm_soft_src(w, in->dst);
    uint32_t sum = in->subop == ATOM_AND ? ~0u : 0;
    SoftMemFault f;
    uint32_t *p = lane_word(w, a, 0, &f);

    if (!p) {
        return mem_fault(w, &f);
    }
    FOR_LANES(i, mask) {
        switch (in->subop) {
        case ATOM_ADD:
            sum += d[i];
            break;
        case ATOM_AND:
            sum &= d[i];
            break;
        default:
            sum |= d[i];
            break;
        }
    }
    atom32(p, in->subop, KIND_U32, sum, 0);
    return SOFT_EXEC_OK;
}

static SoftExecStatus prepare(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                              const MemAddr *a, AtomKind kind)
{
    if (!op_known(in->subop, kind)) {
        return mem_trap(w, GPUVM_TRAP_ILLEGAL_INSTR, in);
    }
    if (!gpuvm_soft_mem_aligned(a, mask, kind == KIND_U64 ? 8 : 4)) {
        return mem_trap(w, GPUVM_TRAP_MISALIGNED, in);
    }
    return SOFT_EXEC_OK;
}

SoftExecStatus gpuvm_soft_exec_red(SoftWarp *w, const SoftInsn *in,
                                   uint32_t mask)
{
    MemAddr a = mem_address(w, in);
    AtomKind kind = kind_of(in);
    SoftExecStatus st = prepare(w, in, mask, &a, kind);
    uint32_t none[2][SOFT_LANES];

    if (st != SOFT_EXEC_OK) {
        return st;
    }
    if (kind == KIND_U64) {
        return run64(w, in, mask, &a, none[0], none[1]);
    }
    if ((kind == KIND_U32 || kind == KIND_S32) && mem_uniform(a.lo) &&
        (!a.hi || mem_uniform(a.hi)) &&
        (in->subop == ATOM_ADD || in->subop == ATOM_AND ||
         in->subop == ATOM_OR)) {
        return red_uniform(w, in, mask, &a);
    }
    return run32(w, in, mask, &a, kind, none[0]);
}

SoftExecStatus gpuvm_soft_exec_atom(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    MemAddr a = mem_address(w, in);
    AtomKind kind = kind_of(in);
    MemRegs dst = mem_dst(w, in->dst2);
    SoftExecStatus st = prepare(w, in, mask, &a, kind);
    uint32_t lo[SOFT_LANES], hi[SOFT_LANES];

    if (st != SOFT_EXEC_OK) {
        return st;
    }
    /* the destination may be the address or the data: written at the end */
    st = kind == KIND_U64 ? run64(w, in, mask, &a, lo, hi) :
                            run32(w, in, mask, &a, kind, lo);
    if (st != SOFT_EXEC_OK) {
        return st;
    }
    FOR_LANES(i, mask) {
        dst.r[0][i] = lo[i];
        if (kind == KIND_U64) {
            dst.r[1][i] = hi[i];
        }
    }
    return SOFT_EXEC_OK;
}
