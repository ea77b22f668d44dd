/*
 * Vector basics of the arithmetic handlers: included once for every vector
 * width, after SOFT_VEC (bytes) is defined, inside a target pragma.
 *
 * A register of a warp is NV vectors.  A handler reads its operands chunk by
 * chunk, computes, and hands the NV results to commit(), which blends with the
 * old value unless all lanes execute.  Since sources are read chunk by chunk
 * before anything is written, source and destination may be the same register.
 * Lane masks are turned to vectors by lanes() and back by mask_of(); compares
 * that end in a mask are bits_*(), as AVX-512 makes the mask at once.
 *
 * A handler's body is a function of the instruction and of a Spec: the fields
 * that choose what is done.  op_NAME() fills the Spec from the instruction;
 * a special handler (alu_special.h) gives constants, and what is left after
 * inlining has no switches.  Both come from the same body.
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
#define VEC_INLINE static inline __attribute__((always_inline))

/* The fields of an instruction that choose what is done, by value. */
typedef struct Spec {
    uint32_t flags;
    uint8_t b, c;           /* operand kinds */
    uint8_t subop, cond, rnd, logic, aux;
    uint8_t pflip;          /* psrc ^ 7: 0 is true, 8 is false */
} Spec;

VEC_INLINE Spec spec_of(const SoftInsn *in)
{
    return (Spec) {
        .flags = in->flags, .b = in->bkind, .c = in->ckind,
        .subop = in->subop, .cond = in->cond, .rnd = in->rnd,
        .logic = in->logic, .aux = in->aux,
        .pflip = in->psrc ^ SOFT_PRED_TRUE,
    };
}

/* A handler with a body that takes a Spec. */
#define BODY(name) \
    VEC_INLINE SoftExecStatus body_##name(SoftWarp *w, const SoftInsn *in, \
                                          uint32_t mask, Spec s); \
    HANDLER(name) \
    { \
        return body_##name(w, in, mask, spec_of(in)); \
    } \
    VEC_INLINE SoftExecStatus body_##name(SoftWarp *w, const SoftInsn *in, \
                                          uint32_t mask, Spec s)

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
#if defined(__x86_64__) && SOFT_VEC == 64
    return (VI)_mm512_movm_epi32((__mmask16)(mask >> (k * LPV)));
#else
    const VU *bit = (const VU *)soft_lane_bits;

    return (VI)((splat(mask) & bit[k]) != 0);
#endif
}

/* @x where @mask has the bit of a lane of chunk @k, else @y. */
static inline VU pick(uint32_t mask, int k, VU x, VU y)
{
#if defined(__x86_64__) && SOFT_VEC == 64
    return (VU)_mm512_mask_blend_epi32((__mmask16)(mask >> (k * LPV)),
                                       (__m512i)y, (__m512i)x);
#else
    return select_v(lanes(mask, k), x, y);
#endif
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

/* Bits 0, 1, 2, 3 of a condition: less, equal, greater, unordered. */
enum { LT = 1, EQ, LE, GT, NE, GE };

/*
 * Compares of chunk @k that end in a mask at its place.  @cond, LT to GE, is
 * a constant; the float one does not raise anything and NaN is in none.
 */
#if defined(__x86_64__) && SOFT_VEC == 64
#define AT_CHUNK(bits) ((uint32_t)(bits) << (k * LPV))
#define COMPARE_512(suffix, type) \
    switch (cond) { \
    case LT: return AT_CHUNK(_mm512_cmplt_##suffix((type)x, (type)y)); \
    case EQ: return AT_CHUNK(_mm512_cmpeq_##suffix((type)x, (type)y)); \
    case LE: return AT_CHUNK(_mm512_cmple_##suffix((type)x, (type)y)); \
    case GT: return AT_CHUNK(_mm512_cmplt_##suffix((type)y, (type)x)); \
    case NE: return AT_CHUNK(_mm512_cmpneq_##suffix((type)x, (type)y)); \
    default: return AT_CHUNK(_mm512_cmple_##suffix((type)y, (type)x)); \
    }
#define COMPARE_PS(how) \
    AT_CHUNK(_mm512_cmp_ps_mask((__m512)x, (__m512)y, how))

VEC_INLINE uint32_t bits_s(VU x, unsigned cond, VU y, int k)
{
    COMPARE_512(epi32_mask, __m512i)
}

VEC_INLINE uint32_t bits_u(VU x, unsigned cond, VU y, int k)
{
    COMPARE_512(epu32_mask, __m512i)
}

VEC_INLINE uint32_t bits_f(VU x, unsigned cond, VU y, int k)
{
    switch (cond) {
    case LT: return COMPARE_PS(_CMP_LT_OQ);
    case EQ: return COMPARE_PS(_CMP_EQ_OQ);
    case LE: return COMPARE_PS(_CMP_LE_OQ);
    case GT: return COMPARE_PS(_CMP_GT_OQ);
    case NE: return COMPARE_PS(_CMP_NEQ_OQ);
    default: return COMPARE_PS(_CMP_GE_OQ);
    }
}
#else
#define COMPARE_ALL(type, not_equal) \
    switch (cond) { \
    case LT: return mask_of((type)x < (type)y, k); \
    case EQ: return mask_of((type)x == (type)y, k); \
    case LE: return mask_of((type)x <= (type)y, k); \
    case GT: return mask_of((type)x > (type)y, k); \
    case NE: return mask_of(not_equal, k); \
    default: return mask_of((type)x >= (type)y, k); \
    }

VEC_INLINE uint32_t bits_s(VU x, unsigned cond, VU y, int k)
{
    COMPARE_ALL(VI, x != y)
}

VEC_INLINE uint32_t bits_u(VU x, unsigned cond, VU y, int k)
{
    return bits_s(x ^ 0x80000000u, cond, y ^ 0x80000000u, k);
}

VEC_INLINE uint32_t bits_f(VU x, unsigned cond, VU y, int k)
{
    COMPARE_ALL(VF, ((VF)x < (VF)y) | ((VF)x > (VF)y))
}
#endif

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

static inline uint32_t scalar_b(SoftWarp *w, const SoftInsn *in, Spec s)
{
    return s.b == SOFT_OPND_IMM ? in->imm :
           gpuvm_soft_const_read32(w->cta, in->bank, in->cofs);
}

/* Operand b; @tmp has room for it if it is not a register. */
VEC_INLINE const VU *spec_b(SoftWarp *w, const SoftInsn *in, Spec s, VU *tmp)
{
    if (s.b == SOFT_OPND_REG) {
        return reg(w, in->src2);
    }
    return spread(tmp, scalar_b(w, in, s));
}

VEC_INLINE const VU *spec_c(SoftWarp *w, const SoftInsn *in, Spec s, VU *tmp)
{
    if (s.c == SOFT_OPND_REG) {
        return reg(w, in->src3);
    }
    return spread(tmp, gpuvm_soft_const_read32(w->cta, in->bank, in->cofs));
}

static inline const VU *opnd_b(SoftWarp *w, const SoftInsn *in, VU *tmp)
{
    return spec_b(w, in, spec_of(in), tmp);
}

static inline const VU *opnd_c(SoftWarp *w, const SoftInsn *in, VU *tmp)
{
    return spec_c(w, in, spec_of(in), tmp);
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
            d[k] = pick(mask, k, out[k], d[k]);
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
        z |= bits_s(out[k], EQ, splat(0), k);
        s |= bits_s(out[k], LT, splat(0), k);
    }
    set_cc(w, mask, z, s, c, o);
}

/* Ends a handler whose result is an integer: @out to dst, $c if asked for. */
VEC_INLINE SoftExecStatus end_int(SoftWarp *w, const SoftInsn *in, Spec s,
                                  const VU *out, uint32_t mask)
{
    if (s.flags & SOFT_F_CC) {
        cc_int(w, out, mask, 0, 0);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

static inline SoftExecStatus done_int(SoftWarp *w, const SoftInsn *in,
                                      const VU *out, uint32_t mask)
{
    return end_int(w, in, spec_of(in), out, mask);
}

/* (compare result) logic (predicate), of the set instructions */
static inline uint32_t logic_op(unsigned op, uint32_t x, uint32_t y)
{
    return op == 0 ? (x & y) : op == 1 ? (x | y) : (x ^ y);
}

/* The predicate source; a constant where the Spec says $p7 or not $p7. */
VEC_INLINE uint32_t spec_pred(const SoftWarp *w, Spec s)
{
    return s.pflip == 0 ? ~0u : s.pflip == 8 ? 0 :
           gpuvm_soft_get_pred(w, s.pflip ^ SOFT_PRED_TRUE);
}

/* Ends a set into a register: ~0 or 1.0f where @bits, else 0. */
VEC_INLINE SoftExecStatus end_set(SoftWarp *w, const SoftInsn *in, Spec s,
                                  uint32_t bits, uint32_t mask)
{
    VU out[NV], one = splat(s.flags & SOFT_F_FLOAT ? 0x3f800000 : ~0u);
    uint32_t r = logic_op(s.logic, bits, spec_pred(w, s));

    EACH(k) {
        out[k] = pick(r, k, one, splat(0));
    }
    return end_int(w, in, s, out, mask);
}

static inline SoftExecStatus done_set(SoftWarp *w, const SoftInsn *in,
                                      uint32_t bits, uint32_t mask)
{
    return end_set(w, in, spec_of(in), bits, mask);
}

/* Ends a set into predicates: pdst gets it, pdst2 that of the opposite. */
VEC_INLINE SoftExecStatus end_setp(SoftWarp *w, const SoftInsn *in, Spec s,
                                   uint32_t bits, uint32_t mask)
{
    uint32_t q = spec_pred(w, s);

    gpuvm_soft_set_pred(w, in->pdst, logic_op(s.logic, bits, q), mask);
    gpuvm_soft_set_pred(w, in->pdst2, logic_op(s.logic, ~bits, q), mask);
    return SOFT_EXEC_OK;
}

static inline SoftExecStatus done_setp(SoftWarp *w, const SoftInsn *in,
                                       uint32_t bits, uint32_t mask)
{
    return end_setp(w, in, spec_of(in), bits, mask);
}
