/*
 * 32-bit float arithmetic (class 0 and its long-immediate forms), for all
 * lanes at once; see alu_vec.h.
 *
 * Values are handled as bit patterns; the host's IEEE operations do the
 * arithmetic, with round-to-nearest and denormals, as the host is set.  A NaN
 * result is always 0x7fffffff.  Directed rounding, which compiled kernels do
 * not use, goes lane by lane through alu_slow.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define F32_SIGN   0x80000000u
#define F32_EXP    0x7f800000u
#define F32_NAN    0x7fffffffu
#define F32_ONE    0x3f800000u

/* Sign operations on an operand: and with .keep, exclusive or with .flip. */
typedef struct SignOp {
    VU keep, flip;
} SignOp;

static inline SignOp sign_op(bool abs, bool neg)
{
    return (SignOp){ splat(abs ? ~F32_SIGN : ~0u), splat(neg ? F32_SIGN : 0) };
}

VEC_INLINE SignOp flags_a(uint32_t flags)
{
    return sign_op(flags & SOFT_F_ABS_A, flags & SOFT_F_NEG_A);
}

VEC_INLINE SignOp flags_b(uint32_t flags)
{
    return sign_op(flags & SOFT_F_ABS_B, flags & SOFT_F_NEG_B);
}

static inline SignOp sign_a(const SoftInsn *in)
{
    return flags_a(in->flags);
}

static inline SignOp sign_b(const SoftInsn *in)
{
    return flags_b(in->flags);
}

static inline VU signed_v(VU x, SignOp s)
{
    return (x & s.keep) ^ s.flip;
}

/* Denormals to zero of the same sign. */
static inline VU flush(VU x)
{
    return x & ((VU)((x & F32_EXP) != 0) | F32_SIGN);
}

static inline VI is_nan(VU x)
{
    return (VF)x != (VF)x;
}

static inline VU canonical(VU x)
{
#if defined(__x86_64__) && SOFT_VEC == 64
    __m512 f = (__m512)x;

    return (VU)_mm512_mask_set1_epi32((__m512i)x,
                                      _mm512_cmp_ps_mask(f, f, _CMP_UNORD_Q),
                                      F32_NAN);
#else
    return select_v(is_nan(x), splat(F32_NAN), x);
#endif
}

/* Clamp to [0, 1]; NaN and -0 become +0. */
static inline VU saturate(VU x)
{
    VI below_one = (VF)x < (VF)splat(F32_ONE);

    return select_v(below_one, x, splat(F32_ONE)) &
           (VU)((VF)x > (VF)splat(0));
}

static inline VU finish(const SoftInsn *in, VU r)
{
    r = canonical(r);
    if (in->flags & (SOFT_F_FTZ | SOFT_F_FMZ)) {
        r = flush(r);
    }
    return in->flags & SOFT_F_SAT ? saturate(r) : r;
}

/* Ends a handler whose result is a float. */
VEC_INLINE SoftExecStatus end_f32(SoftWarp *w, const SoftInsn *in, bool cc,
                                  const VU *out, uint32_t mask)
{
    if (__builtin_expect(cc, 0)) {
        uint32_t z = 0, s = 0;

        EACH(k) {
            VI nan = is_nan(out[k]);

            z |= mask_of(((VF)out[k] == (VF)splat(0)) | nan, k);
            s |= mask_of(((VF)out[k] < (VF)splat(0)) | nan, k);
        }
        set_cc(w, mask, z, s, 0, 0);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

static inline SoftExecStatus done_f32(SoftWarp *w, const SoftInsn *in,
                                      const VU *out, uint32_t mask)
{
    return end_f32(w, in, in->flags & SOFT_F_CC, out, mask);
}

static inline VU fma_v(VU x, VU y, VU z)
{
#if SOFT_VEC == 64
    return (VU)_mm512_fmadd_ps((__m512)x, (__m512)y, (__m512)z);
#elif SOFT_VEC == 32
    return (VU)_mm256_fmadd_ps((__m256)x, (__m256)y, (__m256)z);
#else
    VF r;

    for (int i = 0; i < LPV; i++) {
        r[i] = fmaf(((VF)x)[i], ((VF)y)[i], ((VF)z)[i]);
    }
    return (VU)r;
#endif
}

/* One of the three operations with a rounding mode, lane by lane. */
static __attribute__((noinline)) SoftExecStatus
directed(SoftWarp *w, const SoftInsn *in, SoftSlowOp op, const VU *a,
         const VU *b, const VU *c, uint32_t mask)
{
    VU out[NV];

    gpuvm_soft_slow_f32(op, in->rnd, (const uint32_t *)a, (const uint32_t *)b,
                        (const uint32_t *)c, (uint32_t *)out);
    EACH(k) {
        out[k] = finish(in, out[k]);
    }
    return done_f32(w, in, out, mask);
}

BODY(fadd)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);
    SignOp sa = flags_a(s.flags), sb = flags_b(s.flags);
    VU x[NV], y[NV];

    if (__builtin_expect(!(s.flags & (SOFT_F_FTZ | SOFT_F_SAT)) &&
                         s.rnd == 0, 1)) {
        EACH(k) {
            VF r = (VF)signed_v(a[k], sa) + (VF)signed_v(b[k], sb);

            out[k] = canonical((VU)r);
        }
        return end_f32(w, in, s.flags & SOFT_F_CC, out, mask);
    }
    EACH(k) {
        x[k] = signed_v(a[k], sa);
        y[k] = signed_v(b[k], sb);
        if (s.flags & SOFT_F_FTZ) {
            x[k] = flush(x[k]);
            y[k] = flush(y[k]);
        }
        out[k] = finish(in, (VU)((VF)x[k] + (VF)y[k]));
    }
    if (s.rnd) {
        return directed(w, in, SOFT_SLOW_ADD, x, y, NULL, mask);
    }
    return end_f32(w, in, s.flags & SOFT_F_CC, out, mask);
}

/*
 * fmz: denormal operands count as zero, and zero times anything is +0.
 * Returns both factors prepared; a zeroed product comes from 0 * 0.
 */
static inline void prepare_factors(const SoftInsn *in, VU *x, VU *y)
{
    if (in->flags & (SOFT_F_FTZ | SOFT_F_FMZ)) {
        *x = flush(*x);
        *y = flush(*y);
    }
    if (in->flags & SOFT_F_FMZ) {
        VU keep = (VU)((*x << 1) != 0) & (VU)((*y << 1) != 0);

        *x &= keep;
        *y &= keep;
    }
}

BODY(fmul)
{
    static const uint32_t scale[8] = {  /* 1, /2, /4, /8, *8, *4, *2 */
        0x3f800000, 0x3f000000, 0x3e800000, 0x3e000000,
        0x41000000, 0x40800000, 0x40000000, 0x3f800000,
    };
    VU tb[NV], out[NV], x[NV], y[NV], tc[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);
    SignOp sa = sign_op(false, s.flags & SOFT_F_NEG_A);
    uint32_t odd = SOFT_F_FTZ | SOFT_F_FMZ | SOFT_F_SAT;

    if (__builtin_expect(!(s.flags & odd) && !s.rnd && !s.aux, 1)) {
        EACH(k) {
            out[k] = canonical((VU)((VF)signed_v(a[k], sa) * (VF)b[k]));
        }
        return end_f32(w, in, s.flags & SOFT_F_CC, out, mask);
    }
    EACH(k) {
        x[k] = a[k];
        y[k] = b[k];
        prepare_factors(in, &x[k], &y[k]);
        /* fmz's +0 stays +0 */
        if (s.flags & SOFT_F_FMZ) {
            x[k] ^= sa.flip & (VU)((x[k] << 1) != 0);
        } else {
            x[k] ^= sa.flip;
        }
        out[k] = finish(in, (VU)((VF)x[k] * (VF)y[k]));
    }
    if (s.rnd || s.aux) {
        return directed(w, in, SOFT_SLOW_MUL, x, y,
                        spread(tc, scale[s.aux & 7]), mask);
    }
    return end_f32(w, in, s.flags & SOFT_F_CC, out, mask);
}

BODY(ffma)
{
    VU tb[NV], tc[NV], out[NV], x[NV], y[NV], z[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);
    const VU *c = spec_c(w, in, s, tc);
    SignOp sa = sign_op(false, s.flags & SOFT_F_NEG_A);
    SignOp sc = sign_op(false, s.flags & SOFT_F_NEG_C);
    uint32_t odd = SOFT_F_FTZ | SOFT_F_FMZ | SOFT_F_SAT;

    if (__builtin_expect(!(s.flags & odd) && !s.rnd, 1)) {
        EACH(k) {
            out[k] = canonical(fma_v(a[k] ^ sa.flip, b[k], c[k] ^ sc.flip));
        }
        return end_f32(w, in, s.flags & SOFT_F_CC, out, mask);
    }
    EACH(k) {
        x[k] = a[k];
        y[k] = b[k];
        z[k] = c[k] ^ sc.flip;
        prepare_factors(in, &x[k], &y[k]);
        if (s.flags & SOFT_F_FMZ) {
            x[k] ^= sa.flip & (VU)((x[k] << 1) != 0);
        } else {
            x[k] ^= sa.flip;
        }
        if (s.flags & (SOFT_F_FTZ | SOFT_F_FMZ)) {
            z[k] = flush(z[k]);
        }
        out[k] = finish(in, fma_v(x[k], y[k], z[k]));
    }
    if (s.rnd) {
        return directed(w, in, SOFT_SLOW_FMA, x, y, z, mask);
    }
    return end_f32(w, in, s.flags & SOFT_F_CC, out, mask);
}

BODY(fmnmx)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);
    SignOp sa = flags_a(s.flags), sb = flags_b(s.flags);
    uint32_t min = spec_pred(w, s);

    EACH(k) {
        VU x = signed_v(a[k], sa), y = signed_v(b[k], sb);
        VI less, pick_x;

        if (s.flags & SOFT_F_FTZ) {
            x = flush(x);
            y = flush(y);
        }
        /* -0 counts as less than +0 */
        less = ((VF)x < (VF)y) | (((VF)x == (VF)y) & ((VI)x < 0));
        pick_x = ~(less ^ lanes(min, k));
        pick_x = (pick_x | is_nan(y)) & ~is_nan(x);
        out[k] = canonical(select_v(pick_x, x, y));
    }
    return end_f32(w, in, s.flags & SOFT_F_CC, out, mask);
}

/* Lanes where x cond y: bits 0 less, 1 equal, 2 greater, 3 unordered. */
VEC_INLINE uint32_t compare_f32(const VU *a, const VU *b, SignOp sa,
                                SignOp sb, unsigned cond, bool ftz)
{
    /* 8 + n is the opposite of 7 - n */
    uint32_t flip = cond & 8 ? ~0u : 0, bits = 0;
    VU x[NV], y[NV];

    EACH(k) {
        x[k] = signed_v(a[k], sa);
        y[k] = signed_v(b[k], sb);
        if (ftz) {
            x[k] = flush(x[k]);
            y[k] = flush(y[k]);
        }
    }
#define COMPARE(how) \
    EACH(k) { \
        bits |= bits_f(x[k], how, y[k], k); \
    } \
    return bits ^ flip

    switch (flip ? 15 - cond : cond) {
    case 0:
        return flip;
    case LT:
        COMPARE(LT);
    case EQ:
        COMPARE(EQ);
    case LE:
        COMPARE(LE);
    case GT:
        COMPARE(GT);
    case NE:
        COMPARE(NE);
    case GE:
        COMPARE(GE);
    default:
        EACH(k) {
            bits |= mask_of(~(is_nan(x[k]) | is_nan(y[k])), k);
        }
        return bits ^ flip;
    }
#undef COMPARE
}

VEC_INLINE uint32_t set_f32(SoftWarp *w, const SoftInsn *in, Spec s)
{
    VU tb[NV];

    return compare_f32(reg(w, in->src1), spec_b(w, in, s, tb),
                       flags_a(s.flags), flags_b(s.flags), s.cond,
                       s.flags & SOFT_F_FTZ);
}

BODY(fset)
{
    return end_set(w, in, s, set_f32(w, in, s), mask);
}

BODY(fsetp)
{
    return end_setp(w, in, s, set_f32(w, in, s), mask);
}

HANDLER(fcmp)
{
    VU tb[NV], tc[NV], out[NV];
    SignOp none = sign_op(false, false);
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);
    const VU *c = opnd_c(w, in, tc);
    uint32_t bits = compare_f32(c, reg(w, SOFT_REG_ZERO), none, none,
                                in->cond, in->flags & SOFT_F_FTZ);

    EACH(k) {
        out[k] = pick(bits, k, a[k], b[k]);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

/*
 * Range reduction before sin/cos and ex2: the identity, since mufu takes any
 * argument.
 */
HANDLER(rro)
{
    VU tb[NV], out[NV];
    const VU *b = opnd_b(w, in, tb);
    SignOp sb = sign_b(in);

    EACH(k) {
        out[k] = signed_v(b[k], sb);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

BODY(mufu)
{
    VU out[NV];
    const VU *a = reg(w, in->src1);
    SignOp sa = flags_a(s.flags);

    if (s.subop == SOFT_MUFU_RCP) {
        EACH(k) {
            VU x = flush(signed_v(a[k], sa));

            out[k] = flush(canonical((VU)((VF)splat(F32_ONE) / (VF)x)));
        }
    } else if (s.subop == SOFT_MUFU_RSQ) {
        float x[SOFT_LANES] __attribute__((aligned(64)));

        EACH(k) {
            ((VU *)x)[k] = flush(signed_v(a[k], sa));
        }
        for (int i = 0; i < SOFT_LANES; i++) {
            x[i] = (float)(1.0 / sqrt(x[i]));
        }
        EACH(k) {
            out[k] = flush(canonical(((const VU *)x)[k]));
        }
    } else {
        EACH(k) {
            out[k] = signed_v(a[k], sa);
        }
        gpuvm_soft_slow_mufu(s.subop, (uint32_t *)out, mask);
    }
    if (s.flags & SOFT_F_SAT) {
        EACH(k) {
            out[k] = saturate(out[k]);
        }
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}
