/*
 * Moves, selects, predicate logic and conversions (class 4), for all lanes at
 * once; see alu_vec.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

BODY(mov)
{
    VU tb[NV];

    /* a lane mask other than 0xf picks lanes of every group of four */
    if (s.aux != 0xf) {
        mask &= (s.aux & 15) * 0x11111111u;
    }
    commit(w, in->dst, spec_b(w, in, s, tb), mask);
    return SOFT_EXEC_OK;
}

BODY(sel)
{
    VU tb[NV], out[NV];
    const VU *a = reg(w, in->src1), *b = spec_b(w, in, s, tb);
    uint32_t p = gpuvm_soft_get_pred(w, in->psrc);

    EACH(k) {
        out[k] = pick(p, k, a[k], b[k]);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

HANDLER(s2r)
{
    unsigned n = in->imm;
    VU out[NV];

    if (!gpuvm_soft_sreg_varies(n)) {
        spread(out, gpuvm_soft_sreg_uniform(w, n));
    } else if (n >= SREG_TIDX && n <= SREG_TIDZ) {
        EACH(k) {
            out[k] = ((const VU *)w->tid[n - SREG_TIDX])[k];
        }
    } else if (n == SREG_TID) {
        EACH(k) {
            out[k] = (((const VU *)w->tid[0])[k] & 0xffff) |
                     (((const VU *)w->tid[1])[k] & 0x3ff) << 16 |
                     ((const VU *)w->tid[2])[k] << 26;
        }
    } else {
        EACH(k) {
            for (int i = 0; i < LPV; i++) {
                out[k][i] = gpuvm_soft_sreg_lane(w, n, k * LPV + i);
            }
        }
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

/* Byte @i of the result takes byte prmt_select() & 7 of {c, a}. */
static inline unsigned prmt_select(unsigned mode, uint32_t b, unsigned i)
{
    unsigned n = b & 3;

    switch (mode) {
    case 0:
        return (b >> (4 * i)) & 15;     /* bit 3: sign of the byte only */
    case 1:                             /* forward four extract */
        return (n + i) & 7;
    case 2:                             /* backward */
        return (n - i) & 7;
    case 3:                             /* replicate 8 */
        return n;
    case 4:                             /* edge clamp left */
        return i > n ? i : n;
    case 5:                             /* edge clamp right */
        return i < n ? i : n;
    default:                            /* replicate 16 */
        return (n & 1) * 2 + (i & 1);
    }
}

HANDLER(prmt)
{
    VU tb[NV], tc[NV], out[NV];
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    const uint32_t *b = (const uint32_t *)opnd_b(w, in, tb);
    const uint32_t *c = (const uint32_t *)opnd_c(w, in, tc);
    uint32_t r[SOFT_LANES] __attribute__((aligned(64)));

    for (int i = 0; i < SOFT_LANES; i++) {
        uint64_t bytes = (uint64_t)c[i] << 32 | a[i];

        r[i] = 0;
        for (unsigned j = 0; j < 4; j++) {
            unsigned s = prmt_select(in->subop, b[i], j);
            uint32_t byte = (bytes >> (8 * (s & 7))) & 255;

            if (s & 8) {
                byte = byte & 128 ? 255 : 0;
            }
            r[i] |= byte << (8 * j);
        }
    }
    EACH(k) {
        out[k] = ((const VU *)r)[k];
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

static inline uint32_t psrc_pair(const SoftWarp *w, const SoftInsn *in)
{
    return logic_op(in->subop, gpuvm_soft_get_pred(w, in->src1),
                    gpuvm_soft_get_pred(w, in->src2));
}

HANDLER(pset)
{
    return done_set(w, in, psrc_pair(w, in), mask);
}

HANDLER(psetp)
{
    return done_setp(w, in, psrc_pair(w, in), mask);
}

HANDLER(cset)
{
    return done_set(w, in, gpuvm_soft_cc_lanes(w, in->cond), mask);
}

HANDLER(csetp)
{
    return done_setp(w, in, gpuvm_soft_cc_lanes(w, in->cond), mask);
}

/* A conversion by the general, scalar function. */
static SoftExecStatus convert(SoftWarp *w, const SoftInsn *in, uint32_t mask)
{
    bool wide = in->type == 3, one = in->bkind != SOFT_OPND_REG;
    uint64_t value = 0;
    Lanes64 r = { .u = { 0 } };
    const uint32_t *lo = gpuvm_soft_src(w, in->src2);
    const uint32_t *hi = gpuvm_soft_src(w, wide ? in->src2 + 1 : 63);

    if (in->bkind == SOFT_OPND_CONST) {
        value = const_pair(w, in);
    } else if (in->bkind == SOFT_OPND_IMM) {
        /* a 64-bit float's high word; else an integer, sign-extended */
        bool f64 = wide && (in->op == SOFT_OP_F2F || in->op == SOFT_OP_F2I);

        value = f64 ? (uint64_t)in->imm << 32 : (uint64_t)(int32_t)in->imm;
    }
    for (uint32_t m = mask; m; m &= m - 1) {
        int i = __builtin_ctz(m);

        r.u[i] = gpuvm_soft_convert(in, one ? value :
                                    (uint64_t)hi[i] << 32 | lo[i]);
    }
    if (in->flags & SOFT_F_CC) {
        uint32_t z = 0, s = 0;

        EACH_LANE(i) {
            uint64_t sign = in->logic == 3 ? F64_SIGN : 1u << 31;

            z |= (uint32_t)(r.u[i] == 0) << i;
            s |= (uint32_t)((r.u[i] & sign) != 0) << i;
        }
        set_cc(w, mask, z, s, 0, 0);
    }
    if (in->logic == 3) {
        store_pair(w, in->dst, &r, mask);
    } else {
        uint32_t out[SOFT_LANES] __attribute__((aligned(64)));

        EACH_LANE(i) {
            out[i] = r.u[i];
        }
        commit(w, in->dst, (const VU *)out, mask);
    }
    return SOFT_EXEC_OK;
}

/* Rounds 32-bit floats to integers, by rounding mode. */
static inline void round_lanes(float *x, unsigned rnd)
{
    switch (rnd) {
    case 0:
        EACH_LANE(i) {
            x[i] = rintf(x[i]);
        }
        break;
    case 1:
        EACH_LANE(i) {
            x[i] = floorf(x[i]);
        }
        break;
    case 2:
        EACH_LANE(i) {
            x[i] = ceilf(x[i]);
        }
        break;
    default:
        EACH_LANE(i) {
            x[i] = truncf(x[i]);
        }
        break;
    }
}

HANDLER(f2f)
{
    float x[SOFT_LANES] __attribute__((aligned(64)));
    SignOp sb = sign_b(in);
    VU out[NV];

    if (in->type != 2 || in->logic != 2 || in->bkind != SOFT_OPND_REG) {
        return convert(w, in, mask);
    }
    /* 32 bits to 32 bits: a move with modifiers, or a rounding */
    EACH(k) {
        out[k] = signed_v(reg(w, in->src2)[k], sb);
        if (in->flags & SOFT_F_FTZ) {
            out[k] = flush(out[k]);
        }
    }
    if (in->flags & SOFT_F_RINT) {
        EACH(k) {
            ((VU *)x)[k] = out[k];
        }
        round_lanes(x, in->rnd);
        EACH(k) {
            out[k] = ((const VU *)x)[k];
        }
    }
    EACH(k) {
        out[k] = finish(in, out[k]);
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

HANDLER(f2i)
{
    VU out[NV];

    /* from and to 32 bits, the most frequent ones */
    if (in->type == 2 && in->logic == 2 && in->bkind == SOFT_OPND_REG &&
        !(in->flags & SOFT_F_CC)) {
        float f[SOFT_LANES] __attribute__((aligned(64)));
        SignOp sb = sign_b(in);
        float limit = in->flags & SOFT_F_DSIGN ? 0x1p31f : 0x1p32f;

        EACH(k) {
            VU x = signed_v(reg(w, in->src2)[k], sb);

            if (in->flags & SOFT_F_FTZ) {
                x = flush(x);
            }
            ((VU *)f)[k] = x;
        }
        if (in->rnd != 3) {
            round_lanes(f, in->rnd);
        }
        EACH(k) {
            VU x = ((const VU *)f)[k];
            VI over = (VF)x >= limit;
            VI under = in->flags & SOFT_F_DSIGN ? (VF)x < -0x1p31f :
                       (VF)x <= -1.0f;
            VI large = (VF)x >= 0x1p31f;
            VU top;

            x &= ~(VU)(over | under | is_nan(x));
            /* unsigned: convert what is above 2^31 less 2^31 */
            top = (VU)(large & ~over) & 0x4f000000u;
            x = (VU)((VF)x - (VF)top);
            out[k] = (VU)__builtin_convertvector((VF)x, VI);
            out[k] += (VU)(large & ~over) & 0x80000000u;
            if (in->flags & SOFT_F_DSIGN) {
                out[k] = select_v(over, splat(0x7fffffff), out[k]);
                out[k] = select_v(under, splat(0x80000000), out[k]);
            } else {
                out[k] |= (VU)over;
            }
        }
        commit(w, in->dst, out, mask);
        return SOFT_EXEC_OK;
    }
    return convert(w, in, mask);
}

/* The integer of @size that a conversion takes out of a 32-bit register. */
static inline VU extract(const SoftInsn *in, VU x)
{
    uint32_t up = 32 - (8u << in->type), at = 8u * in->aux;

    x = (x >> at) << up;
    if (in->flags & SOFT_F_SIGN_A) {
        return (VU)((VI)x >> (int)up);
    }
    return x >> up;
}

HANDLER(i2f)
{
    VU out[NV];
    const VU *b = reg(w, in->src2);

    if (in->type == 3 || in->logic != 2 || in->rnd != 0 ||
        in->bkind != SOFT_OPND_REG ||
        (in->flags & (SOFT_F_NEG_B | SOFT_F_ABS_B))) {
        return convert(w, in, mask);
    }
    if (in->type < 2 || (in->flags & SOFT_F_SIGN_A)) {
        EACH(k) {
            VU x = extract(in, b[k]);

            out[k] = (VU)__builtin_convertvector((VI)x, VF);
        }
    } else {
        const uint32_t *x = (const uint32_t *)b;
        float f[SOFT_LANES] __attribute__((aligned(64)));

        EACH_LANE(i) {
            f[i] = (float)x[i];
        }
        EACH(k) {
            out[k] = ((const VU *)f)[k];
        }
    }
    commit(w, in->dst, out, mask);
    return SOFT_EXEC_OK;
}

HANDLER(i2i)
{
    VU out[NV];
    /* up to 32 bits: an extraction, and what the destination keeps of it */
    uint32_t up = 32 - (8u << (in->logic & 3));

    if (in->type == 3 || in->logic == 3 || in->bkind != SOFT_OPND_REG ||
        (in->flags & (SOFT_F_NEG_B | SOFT_F_ABS_B | SOFT_F_SAT))) {
        return convert(w, in, mask);
    }
    EACH(k) {
        VU x = extract(in, reg(w, in->src2)[k]) << up;

        out[k] = in->flags & SOFT_F_DSIGN ? (VU)((VI)x >> (int)up) : x >> up;
    }
    return done_int(w, in, out, mask);
}
