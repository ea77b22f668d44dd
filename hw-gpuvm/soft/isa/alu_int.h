/*
 * Integer arithmetic (class 3 and its long-immediate forms), for all lanes at
 * once; see alu_vec.h.
 *
 * Additions: a subtraction is a + ~b + 1, with the carry bit in place of the
 * 1 for the extended forms, so C = 1 means "no borrow" (nvc0-compute.md 4.4).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/* What x op y + carry makes, with flags; @op: 0 + 1 - 2 reversed - 3 + 1 */
VEC_INLINE SoftExecStatus add_full(SoftWarp *w, const SoftInsn *in, Spec s,
                                   const VU *a, const VU *b, unsigned op,
                                   uint32_t mask)
{
    VU na = splat(op == 2 ? ~0u : 0), nb = splat(op == 1 ? ~0u : 0);
    uint32_t cin = s.flags & SOFT_F_CARRY_IN ? w->c : op ? ~0u : 0;
    uint32_t carry = 0, overflow = 0;
    VU out[NV];

    EACH(k) {
        VU x = a[k] ^ na, y = b[k] ^ nb;
        VU sum = x + y - (VU)lanes(cin, k);

        if (s.flags & SOFT_F_CC) {
            /* the top bits: majority of x, y and not the sum */
            carry |= bits_s((x & y) | ((x | y) & ~sum), LT, splat(0), k);
        }
        if (s.flags & (SOFT_F_CC | SOFT_F_SAT)) {
            uint32_t o = bits_s((x ^ sum) & (y ^ sum), LT, splat(0), k);

            overflow |= o;
            if (s.flags & SOFT_F_SAT) {
                sum = pick(o, k, (VU)((VI)x < 0) ^ 0x7fffffff, sum);
            }
        }
        out[k] = sum;
    }
    if (s.flags & SOFT_F_CC) {
        cc_int(w, out, mask, carry, overflow);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

VEC_INLINE SoftExecStatus add_any(SoftWarp *w, const SoftInsn *in, Spec s,
                                  const VU *a, const VU *b, uint32_t mask)
{
    VU out[NV];

    if (s.flags & (SOFT_F_CC | SOFT_F_CARRY_IN | SOFT_F_SAT)) {
        return add_full(w, in, s, a, b, s.subop, mask);
    }
    switch (s.subop) {
    case 0:
        EACH(k) {
            out[k] = a[k] + b[k];
        }
        break;
    case 1:
        EACH(k) {
            out[k] = a[k] - b[k];
        }
        break;
    case 2:
        EACH(k) {
            out[k] = b[k] - a[k];
        }
        break;
    default:
        EACH(k) {
            out[k] = a[k] + b[k] + 1;
        }
        break;
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

BODY(iadd)
{
    VU tb[NV];

    return add_any(w, in, s, reg(w, in->src1), spec_b(w, in, s, tb), mask);
}

BODY(iscadd)
{
    VU ta[NV], tb[NV];
    const VU *a = reg(w, in->src1);

    EACH(k) {
        ta[k] = a[k] << (uint32_t)(in->aux & 31);
    }
    return add_any(w, in, s, ta, spec_b(w, in, s, tb), mask);
}

/* The high words of the unsigned products of a chunk. */
static inline VU multiply_high(VU x, VU y)
{
#if defined(__x86_64__) && SOFT_VEC == 64
    __m512i even = _mm512_mul_epu32((__m512i)x, (__m512i)y);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)x, 32),
                                   _mm512_srli_epi64((__m512i)y, 32));

    return (VU)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32),
                                       odd);
#elif defined(__x86_64__) && SOFT_VEC == 32
    __m256i even = _mm256_mul_epu32((__m256i)x, (__m256i)y);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)x, 32),
                                   _mm256_srli_epi64((__m256i)y, 32));

    return (VU)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
#else
    VU hi;

    for (int i = 0; i < LPV; i++) {
        hi[i] = ((uint64_t)x[i] * y[i]) >> 32;
    }
    return hi;
#endif
}

/* Low or high word of the product, by the flags. */
VEC_INLINE void multiply(Spec s, const VU *a, const VU *b, VU *out)
{
    EACH(k) {
        if (!(s.flags & SOFT_F_HIGH)) {
            out[k] = a[k] * b[k];
        } else {
            VU p = multiply_high(a[k], b[k]);

            /* a negative factor counts 2^32 too much */
            if (s.flags & SOFT_F_SIGN_A) {
                p -= (VU)((VI)a[k] < 0) & b[k];
            }
            if (s.flags & SOFT_F_SIGN_B) {
                p -= (VU)((VI)b[k] < 0) & a[k];
            }
            out[k] = p;
        }
    }
}

BODY(imul)
{
    VU tb[NV], out[NV];

    multiply(s, reg(w, in->src1), spec_b(w, in, s, tb), out);
    return end_int(w, in, s, out, mask);
}

BODY(imad)
{
    VU tb[NV], tc[NV], p[NV];

    multiply(s, reg(w, in->src1), spec_b(w, in, s, tb), p);
    return add_any(w, in, s, p, spec_c(w, in, s, tc), mask);
}

HANDLER(sad)
{
    VU tb[NV], tc[NV], out[NV];
    VU bias = splat(in->flags & SOFT_F_SIGN_B ? 0 : 0x80000000);
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);
    const VU *c = opnd_c(w, in, tc);

    EACH(k) {
        VI less = (VI)(a[k] ^ bias) < (VI)(b[k] ^ bias);

        out[k] = select_v(less, b[k] - a[k], a[k] - b[k]) + c[k];
    }
    return done_int(w, in, out, mask);
}

static inline VU reverse_bits(VU x)
{
    x = ((x >> 1) & 0x55555555) | ((x & 0x55555555) << 1);
    x = ((x >> 2) & 0x33333333) | ((x & 0x33333333) << 2);
    x = ((x >> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
    x = ((x >> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
    return (x >> 16) | (x << 16);
}

BODY(shl)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b;

    if (s.b != SOFT_OPND_REG) {
        uint32_t n = scalar_b(w, in, s);

        if (s.flags & SOFT_F_WRAP) {
            n &= 31;
        }
        EACH(k) {
            out[k] = n < 32 ? a[k] << n : (VU){};
        }
        return end_int(w, in, s, out, mask);
    }
    b = spec_b(w, in, s, tb);
    EACH(k) {
        VU n = b[k] & splat(s.flags & SOFT_F_WRAP ? 31 : ~0u);

        out[k] = (a[k] << (n & 31)) & (VU)(n < 32);
    }
    return end_int(w, in, s, out, mask);
}

BODY(shr)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);

    EACH(k) {
        VU x = s.flags & SOFT_F_REV ? reverse_bits(a[k]) : a[k];
        VU n = b[k] & splat(s.flags & SOFT_F_WRAP ? 31 : ~0u);
        VI small = (VI)(n < 32);

        if (s.flags & SOFT_F_SIGN_B) {
            out[k] = (VU)((VI)x >> (VI)select_v(small, n, splat(31)));
        } else {
            out[k] = (x >> (n & 31)) & (VU)small;
        }
    }
    return end_int(w, in, s, out, mask);
}

BODY(lop)
{
    VU tb[NV], out[NV];
    VU na = splat(s.flags & SOFT_F_NOT_A ? ~0u : 0);
    VU nb = splat(s.flags & SOFT_F_NOT_B ? ~0u : 0);
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);

    EACH(k) {
        VU x = a[k] ^ na, y = b[k] ^ nb;

        switch (s.subop) {
        case 0:
            out[k] = x & y;
            break;
        case 1:
            out[k] = x | y;
            break;
        case 2:
            out[k] = x ^ y;
            break;
        default:
            out[k] = y;
            break;
        }
    }
    return end_int(w, in, s, out, mask);
}

BODY(bfe)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);

    EACH(k) {
        VU x = s.flags & SOFT_F_REV ? reverse_bits(a[k]) : a[k];
        VU pos = b[k] & 255, len = (b[k] >> 8) & 255;

        if (s.flags & SOFT_F_SIGN_B) {
            /* bring the field's top bit to bit 31, then down again */
            VU end = pos + len;
            VU up = (32 - end) & (VU)(end < 32);
            VU down = up + pos;

            down = select_v((VI)(down < 32), down, splat(31));
            out[k] = (VU)((VI)(x << (up & 31)) >> (VI)down) & (VU)(len != 0);
        } else {
            VU field = ((splat(1) << (len & 31)) - 1) | (VU)(len > 31);

            out[k] = ((x >> (pos & 31)) & (VU)(pos < 32)) & field;
        }
    }
    return end_int(w, in, s, out, mask);
}

HANDLER(bfi)
{
    VU tb[NV], tc[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);
    const VU *c = opnd_c(w, in, tc);

    EACH(k) {
        VU pos = b[k] & 255, len = (b[k] >> 8) & 255;
        VU field = ((splat(1) << (len & 31)) - 1) | (VU)(len > 31);
        VU m = (field << (pos & 31)) & (VU)(pos < 32);

        out[k] = (c[k] & ~m) | ((a[k] << (pos & 31)) & m);
    }
    return done_int(w, in, out, mask);
}

HANDLER(bfind)
{
    VU tb[NV], out[NV];
    const VU *b = opnd_b(w, in, tb);
    uint32_t x[SOFT_LANES] __attribute__((aligned(64)));

    EACH(k) {
        VU v = in->flags & SOFT_F_NOT_B ? ~b[k] : b[k];

        if (in->flags & SOFT_F_SIGN_B) {
            v ^= (VU)((VI)v >> 31);
        }
        ((VU *)x)[k] = v;
    }
    for (int i = 0; i < SOFT_LANES; i++) {
        uint32_t index = x[i] ? 31 - __builtin_clz(x[i]) : ~0u;

        if ((in->flags & SOFT_F_SHIFTAMT) && x[i]) {
            index = 31 - index;
        }
        x[i] = index;
    }
    EACH(k) {
        out[k] = ((const VU *)x)[k];
    }
    return done_int(w, in, out, mask);
}

HANDLER(popc)
{
    VU tb[NV], out[NV];
    VU na = splat(in->flags & SOFT_F_NOT_A ? ~0u : 0);
    VU nb = splat(in->flags & SOFT_F_NOT_B ? ~0u : 0);
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);

    EACH(k) {
        VU x = (a[k] ^ na) & (b[k] ^ nb);

        x -= (x >> 1) & 0x55555555;
        x = (x & 0x33333333) + ((x >> 2) & 0x33333333);
        x = (x + (x >> 4)) & 0x0f0f0f0f;
        out[k] = (x * 0x01010101) >> 24;
    }
    return done_int(w, in, out, mask);
}

/* Lanes where a cond b; bits 0, 1, 2 of @cond: less, equal, greater. */
VEC_INLINE uint32_t compare_int(const VU *a, const VU *b, unsigned cond,
                                bool sign)
{
    uint32_t bits = 0;

#define COMPARE(how) \
    EACH(k) { \
        bits |= sign ? bits_s(a[k], how, b[k], k) : \
                       bits_u(a[k], how, b[k], k); \
    } \
    return bits

    switch (cond & 7) {
    case 0:
        return 0;
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
        return ~0u;
    }
#undef COMPARE
}

/*
 * .X: the high words of a 64-bit comparison whose low words were subtracted
 * into $c.  Equal needs Z of the low words too; less is a borrow, or S ^ O.
 */
static __attribute__((noinline)) uint32_t
compare_extended(SoftWarp *w, const VU *a, const VU *b,
                                 unsigned cond, bool sign)
{
    uint32_t eq = 0, lt = 0;

    EACH(k) {
        VU y = ~b[k];
        VU sum = a[k] + y - (VU)lanes(w->c, k);
        VU carry = (a[k] & y) | ((a[k] | y) & ~sum);
        VU over = (a[k] ^ sum) & (y ^ sum);
        VU less = ~carry;

        if (sign) {
            less = sum ^ over;
        }
        eq |= mask_of((VI)(sum == 0), k);
        lt |= mask_of((VI)less < 0, k);
    }
    eq &= w->z;
    lt &= ~eq;
    return (cond & 1 ? lt : 0) | (cond & 2 ? eq : 0) |
           (cond & 4 ? ~(lt | eq) : 0);
}

VEC_INLINE uint32_t set_int(SoftWarp *w, const SoftInsn *in, Spec s)
{
    VU tb[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);
    bool sign = s.flags & SOFT_F_SIGN_B;

    if (s.flags & SOFT_F_CARRY_IN) {
        return compare_extended(w, a, b, s.cond, sign);
    }
    return compare_int(a, b, s.cond, sign);
}

BODY(iset)
{
    return end_set(w, in, s, set_int(w, in, s), mask);
}

BODY(isetp)
{
    return end_setp(w, in, s, set_int(w, in, s), mask);
}

BODY(icmp)
{
    VU tb[NV], tc[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);
    const VU *c = spec_c(w, in, s, tc);
    uint32_t bits = compare_int(c, reg(w, SOFT_REG_ZERO), s.cond,
                                s.flags & SOFT_F_SIGN_B);

    EACH(k) {
        out[k] = pick(bits, k, a[k], b[k]);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

/*
 * Parts of a 64-bit minimum go from the high word down.  The high part leaves
 * in $c how a compares with b (Z equal, S less); low (and medium) parts follow
 * that, or where it says equal compare unsigned.  The flags are the pair's
 * private protocol: nothing else reads them in compiled code.
 */
BODY(imnmx)
{
    enum { WHOLE, LOW, MEDIUM, HIGH };
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);
    bool chained = s.subop == LOW || s.subop == MEDIUM;
    bool sign = (s.flags & SOFT_F_SIGN_B) && !chained;
    uint32_t lt = compare_int(a, b, 1, sign), eq = compare_int(a, b, 2, sign);
    uint32_t pick_a;

    if (chained) {
        lt = (w->z & lt) | (~w->z & w->s);
        eq &= w->z;
    }
    pick_a = ~(lt ^ spec_pred(w, s));
    EACH(k) {
        out[k] = pick(pick_a, k, a[k], b[k]);
    }
    if (s.subop == WHOLE) {
        return end_int(w, in, s, out, mask);
    }
    if (s.flags & SOFT_F_CC) {
        set_cc(w, mask, eq, lt, 0, 0);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}
