/*
 * Vector basics of the arithmetic handlers: included once for every vector
 * width, after SOFT_VEC (bytes) is defined, inside a target pragma.
 *
 * A register of a warp is NV vectors.  A handler reads its operands chunk by
 * chunk, computes, and hands the NV results to commit(), which blends with the
 * old value unless all lanes execute.  Since sources are read chunk by chunk
 * before anything is written, source and destination may be the same register.
 * Lane masks are turned to vectors by lanes() and back by mask_of().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define NV  (int)(SOFT_LANES * 4 / SOFT_VEC)    /* vectors a register */
#define LPV (int)(SOFT_VEC / 4)                 /* lanes a vector */

typedef uint32_t VU __attribute__((vector_size(SOFT_VEC), may_alias));
typedef int32_t VI __attribute__((vector_size(SOFT_VEC), may_alias));
typedef float VF __attribute__((vector_size(SOFT_VEC), may_alias));

#define EACH(k) for (int k = 0; k < NV; k++)
#define HANDLER(name) \
    static SoftExecStatus op_##name(SoftWarp *w, const SoftInsn *in, \
                                    uint32_t mask)

static inline VU splat(uint32_t x)
{
    return x - (VU){};
}

static inline VU select_v(VI m, VU x, VU y)
{
    return ((VU)m & x) | (~(VU)m & y);
}

/* All ones where @mask has the bit of a lane of chunk @k. */
static inline VI lanes(uint32_t mask, int k)
{
    const VU *bit = (const VU *)soft_lane_bits;

    return (VI)((splat(mask) & bit[k]) != 0);
}

/* The lane mask, at its place for chunk @k, of a vector of 0 and ~0. */
static inline uint32_t mask_of(VI m, int k)
{
#if !defined(__x86_64__)
    uint32_t bits = 0;

    for (int i = 0; i < LPV; i++) {
        bits |= ((uint32_t)m[i] >> 31) << i;
    }
    return bits << (k * LPV);
#elif SOFT_VEC == 64
    return (uint32_t)_mm512_movepi32_mask((__m512i)m) << (k * LPV);
#elif SOFT_VEC == 32
    return (uint32_t)_mm256_movemask_ps((__m256)m) << (k * LPV);
#else
    return (uint32_t)_mm_movemask_ps((__m128)m) << (k * LPV);
#endif
}

static inline const VU *reg(const SoftWarp *w, unsigned n)
{
    return (const VU *)w->r[n];
}

/* An operand that is the same in all lanes, spread into @tmp. */
static inline const VU *spread(VU *tmp, uint32_t x)
{
    EACH(k) {
        tmp[k] = splat(x);
    }
    return tmp;
}

static inline uint32_t scalar_b(SoftWarp *w, const SoftInsn *in)
{
    return in->bkind == SOFT_OPND_IMM ? in->imm :
           gpuvm_soft_const_read32(w->cta, in->bank, in->cofs);
}

/* Operand b; @tmp has room for it if it is not a register. */
static inline const VU *opnd_b(SoftWarp *w, const SoftInsn *in, VU *tmp)
{
    if (in->bkind == SOFT_OPND_REG) {
        return reg(w, in->src2);
    }
    return spread(tmp, scalar_b(w, in));
}

static inline const VU *opnd_c(SoftWarp *w, const SoftInsn *in, VU *tmp)
{
    if (in->ckind == SOFT_OPND_REG) {
        return reg(w, in->src3);
    }
    return spread(tmp, gpuvm_soft_const_read32(w->cta, in->bank, in->cofs));
}

/* Writes register @n on the lanes of @mask. */
static inline void commit(SoftWarp *w, unsigned n, const VU *out,
                          uint32_t mask)
{
    VU *d = (VU *)gpuvm_soft_dst(w, n);

    if (__builtin_expect(mask == ~0u, 1)) {
        EACH(k) {
            d[k] = out[k];
        }
    } else {
        EACH(k) {
            d[k] = select_v(lanes(mask, k), out[k], d[k]);
        }
    }
}

static inline void set_cc(SoftWarp *w, uint32_t mask, uint32_t z, uint32_t s,
                          uint32_t c, uint32_t o)
{
    w->z = (w->z & ~mask) | (z & mask);
    w->s = (w->s & ~mask) | (s & mask);
    w->c = (w->c & ~mask) | (c & mask);
    w->o = (w->o & ~mask) | (o & mask);
}

/* Z and S of an integer result. */
static inline void cc_int(SoftWarp *w, const VU *out, uint32_t mask,
                          uint32_t c, uint32_t o)
{
    uint32_t z = 0, s = 0;

    EACH(k) {
        z |= mask_of((VI)(out[k] == 0), k);
        s |= mask_of((VI)out[k] < 0, k);
    }
    set_cc(w, mask, z, s, c, o);
}

/* Ends a handler whose result is an integer: @out to dst, $c if asked for. */
static inline SoftExecStatus done_int(SoftWarp *w, const SoftInsn *in,
                                      const VU *out, uint32_t mask)
{
    if (in->flags & SOFT_F_CC) {
        cc_int(w, out, mask, 0, 0);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

/* (compare result) logic (predicate), of the set instructions */
static inline uint32_t logic_op(unsigned op, uint32_t x, uint32_t y)
{
    return op == 0 ? (x & y) : op == 1 ? (x | y) : (x ^ y);
}

/* Ends a set into a register: ~0 or 1.0f where @bits, else 0. */
static inline SoftExecStatus done_set(SoftWarp *w, const SoftInsn *in,
                                      uint32_t bits, uint32_t mask)
{
    VU out[NV], one = splat(in->flags & SOFT_F_FLOAT ? 0x3f800000 : ~0u);
    uint32_t r = logic_op(in->logic, bits, gpuvm_soft_get_pred(w, in->psrc));

    EACH(k) {
        out[k] = (VU)lanes(r, k) & one;
    }
    return done_int(w, in, out, mask);
}

/* Ends a set into predicates: pdst gets it, pdst2 that of the opposite. */
static inline SoftExecStatus done_setp(SoftWarp *w, const SoftInsn *in,
                                       uint32_t bits, uint32_t mask)
{
    uint32_t q = gpuvm_soft_get_pred(w, in->psrc);

    gpuvm_soft_set_pred(w, in->pdst, logic_op(in->logic, bits, q), mask);
    gpuvm_soft_set_pred(w, in->pdst2, logic_op(in->logic, ~bits, q), mask);
    return SOFT_EXEC_OK;
}
