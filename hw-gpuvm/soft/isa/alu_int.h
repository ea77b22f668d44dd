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
static SoftExecStatus add_full(SoftWarp *w, const SoftInsn *in, const VU *a,
                               const VU *b, unsigned op, uint32_t mask)
{
    VU na = splat(op == 2 ? ~0u : 0), nb = splat(op == 1 ? ~0u : 0);
    uint32_t cin = in->flags & SOFT_F_CARRY_IN ? w->c : op ? ~0u : 0;
    uint32_t carry = 0, overflow = 0;
    VU out[NV];

    EACH(k) {
        VU x = a[k] ^ na, y = b[k] ^ nb;
        VU sum = x + y - (VU)lanes(cin, k);
        VI c = (VI)((x & y) | ((x | y) & ~sum)) < 0;
        VI o = (VI)((x ^ sum) & (y ^ sum)) < 0;

        carry |= mask_of(c, k);
        overflow |= mask_of(o, k);
        if (in->flags & SOFT_F_SAT) {
            VU limit = (VU)((VI)x < 0) ^ 0x7fffffff;

            sum = select_v(o, limit, sum);
        }
        out[k] = sum;
    }
    if (in->flags & SOFT_F_CC) {
        cc_int(w, out, mask, carry, overflow);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

static inline SoftExecStatus add_any(SoftWarp *w, const SoftInsn *in,
                                     const VU *a, const VU *b, unsigned op,
                                     uint32_t mask)
{
    VU out[NV];

    if (in->flags & (SOFT_F_CC | SOFT_F_CARRY_IN | SOFT_F_SAT)) {
        return add_full(w, in, a, b, op, mask);
    }
    switch (op) {
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

HANDLER(iadd)
{
    VU tb[NV];

    return add_any(w, in, reg(w, in->src1), opnd_b(w, in, tb), in->subop,
                   mask);
}

HANDLER(iscadd)
{
    VU ta[NV], tb[NV];
    const VU *a = reg(w, in->src1);

    EACH(k) {
        ta[k] = a[k] << (uint32_t)(in->aux & 31);
    }
    return add_any(w, in, ta, opnd_b(w, in, tb), in->subop, mask);
}

/* Low or high word of the product, by in->flags. */
static inline void multiply(const SoftInsn *in, const VU *a, const VU *b,
                            VU *out)
{
    if (!(in->flags & SOFT_F_HIGH)) {
        EACH(k) {
            out[k] = a[k] * b[k];
        }
        return;
    }
    const uint32_t *x = (const uint32_t *)a, *y = (const uint32_t *)b;
    uint32_t hi[SOFT_LANES] __attribute__((aligned(64)));

    for (int i = 0; i < SOFT_LANES; i++) {
        hi[i] = ((uint64_t)x[i] * y[i]) >> 32;
    }
    /* a negative factor counts 2^32 too much */
    EACH(k) {
        VU p = ((const VU *)hi)[k];

        if (in->flags & SOFT_F_SIGN_A) {
            p -= (VU)((VI)a[k] < 0) & b[k];
        }
        if (in->flags & SOFT_F_SIGN_B) {
            p -= (VU)((VI)b[k] < 0) & a[k];
        }
        out[k] = p;
    }
}

HANDLER(imul)
{
    VU tb[NV], out[NV];

    multiply(in, reg(w, in->src1), opnd_b(w, in, tb), out);
    return done_int(w, in, out, mask);
}

HANDLER(imad)
{
    VU tb[NV], tc[NV], p[NV];

    multiply(in, reg(w, in->src1), opnd_b(w, in, tb), p);
    return add_any(w, in, p, opnd_c(w, in, tc), in->subop, mask);
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

HANDLER(shl)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b;

    if (in->bkind != SOFT_OPND_REG) {
        uint32_t n = scalar_b(w, in);

        if (in->flags & SOFT_F_WRAP) {
            n &= 31;
        }
        EACH(k) {
            out[k] = n < 32 ? a[k] << n : (VU){};
        }
        return done_int(w, in, out, mask);
    }
    b = opnd_b(w, in, tb);
    EACH(k) {
        VU n = b[k] & splat(in->flags & SOFT_F_WRAP ? 31 : ~0u);

        out[k] = (a[k] << (n & 31)) & (VU)(n < 32);
    }
    return done_int(w, in, out, mask);
}

HANDLER(shr)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);
    bool sign = in->flags & SOFT_F_SIGN_B;

    EACH(k) {
        VU x = in->flags & SOFT_F_REV ? reverse_bits(a[k]) : a[k];
        VU n = b[k] & splat(in->flags & SOFT_F_WRAP ? 31 : ~0u);
        VI small = (VI)(n < 32);

        if (sign) {
            out[k] = (VU)((VI)x >> (VI)select_v(small, n, splat(31)));
        } else {
            out[k] = (x >> (n & 31)) & (VU)small;
        }
    }
    return done_int(w, in, out, mask);
}

HANDLER(lop)
{
    VU tb[NV], out[NV];
    VU na = splat(in->flags & SOFT_F_NOT_A ? ~0u : 0);
    VU nb = splat(in->flags & SOFT_F_NOT_B ? ~0u : 0);
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);

    switch (in->subop) {
    case 0:
        EACH(k) {
            out[k] = (a[k] ^ na) & (b[k] ^ nb);
        }
        break;
    case 1:
        EACH(k) {
            out[k] = (a[k] ^ na) | (b[k] ^ nb);
        }
        break;
    case 2:
        EACH(k) {
            out[k] = (a[k] ^ na) ^ (b[k] ^ nb);
        }
        break;
    default:
        EACH(k) {
            out[k] = b[k] ^ nb;
        }
        break;
    }
    return done_int(w, in, out, mask);
}

HANDLER(bfe)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);

    EACH(k) {
        VU x = in->flags & SOFT_F_REV ? reverse_bits(a[k]) : a[k];
        VU pos = b[k] & 255, len = (b[k] >> 8) & 255;

        if (in->flags & SOFT_F_SIGN_B) {
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
    return done_int(w, in, out, mask);
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
static inline uint32_t compare_int(const VU *a, const VU *b, unsigned cond,
                                   bool sign)
{
    VU bias = splat(sign ? 0 : 0x80000000);
    uint32_t bits = 0;

#define COMPARE(op) \
    EACH(k) { \
        bits |= mask_of((VI)(a[k] ^ bias) op (VI)(b[k] ^ bias), k); \
    } \
    return bits

    switch (cond & 7) {
    case 0:
        return 0;
    case 1:
        COMPARE(<);
    case 2:
        COMPARE(==);
    case 3:
        COMPARE(<=);
    case 4:
        COMPARE(>);
    case 5:
        COMPARE(!=);
    case 6:
        COMPARE(>=);
    default:
        return ~0u;
    }
#undef COMPARE
}

/*
 * .X: the high words of a 64-bit comparison whose low words were subtracted
 * into $c.  Equal needs Z of the low words too; less is a borrow, or S ^ O.
 */
static uint32_t compare_extended(SoftWarp *w, const VU *a, const VU *b,
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

static inline uint32_t set_int(SoftWarp *w, const SoftInsn *in)
{
    VU tb[NV];
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);
    bool sign = in->flags & SOFT_F_SIGN_B;

    if (in->flags & SOFT_F_CARRY_IN) {
        return compare_extended(w, a, b, in->cond, sign);
    }
    return compare_int(a, b, in->cond, sign);
}

HANDLER(iset)
{
    return done_set(w, in, set_int(w, in), mask);
}

HANDLER(isetp)
{
    return done_setp(w, in, set_int(w, in), mask);
}

HANDLER(icmp)
{
    VU tb[NV], tc[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);
    const VU *c = opnd_c(w, in, tc);
    uint32_t bits = compare_int(c, reg(w, SOFT_REG_ZERO), in->cond,
                                in->flags & SOFT_F_SIGN_B);

    EACH(k) {
        out[k] = select_v(lanes(bits, k), a[k], b[k]);
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
HANDLER(imnmx)
{
    enum { WHOLE, LOW, MEDIUM, HIGH };
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = opnd_b(w, in, tb);
    bool chained = in->subop == LOW || in->subop == MEDIUM;
    bool sign = (in->flags & SOFT_F_SIGN_B) && !chained;
    uint32_t lt = compare_int(a, b, 1, sign), eq = compare_int(a, b, 2, sign);
    uint32_t pick_a;

    if (chained) {
        lt = (w->z & lt) | (~w->z & w->s);
        eq &= w->z;
    }
    pick_a = ~(lt ^ gpuvm_soft_get_pred(w, in->psrc));
    EACH(k) {
        out[k] = select_v(lanes(pick_a, k), a[k], b[k]);
    }
    if (in->subop == WHOLE) {
        return done_int(w, in, out, mask);
    }
    if (in->flags & SOFT_F_CC) {
        set_cc(w, mask, eq, lt, 0, 0);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}
