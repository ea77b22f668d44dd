/*
 * 64-bit float arithmetic (class 1): register pairs are joined to doubles,
 * computed in a plain loop over the lanes, and taken apart.  NaN results are
 * 0x7fffffff'ffffffff.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define F64_SIGN (1ull << 63)
#define F64_NAN  0x7fffffffffffffffull

typedef union Lanes64 {
    uint64_t u[SOFT_LANES];
    double d[SOFT_LANES];
} __attribute__((aligned(64))) Lanes64;

#define EACH_LANE(i) for (int i = 0; i < SOFT_LANES; i++)

static inline void load_pair(SoftWarp *w, unsigned n, Lanes64 *v)
{
    const uint32_t *lo = gpuvm_soft_src(w, n), *hi = gpuvm_soft_src(w, n + 1);

    EACH_LANE(i) {
        v->u[i] = (uint64_t)hi[i] << 32 | lo[i];
    }
}

static inline void store_pair(SoftWarp *w, unsigned n, const Lanes64 *v,
                              uint32_t mask)
{
    uint32_t lo[SOFT_LANES] __attribute__((aligned(64)));
    uint32_t hi[SOFT_LANES] __attribute__((aligned(64)));

    EACH_LANE(i) {
        lo[i] = (uint32_t)v->u[i];
        hi[i] = v->u[i] >> 32;
    }
    commit(w, n, (const VU *)lo, mask);
    commit(w, n + 1, (const VU *)hi, mask);
}

static inline void spread_pair(Lanes64 *v, uint64_t x)
{
    EACH_LANE(i) {
        v->u[i] = x;
    }
}

static inline uint64_t const_pair(SoftWarp *w, const SoftInsn *in)
{
    uint64_t lo = gpuvm_soft_const_read32(w->cta, in->bank, in->cofs);
    uint64_t hi = gpuvm_soft_const_read32(w->cta, in->bank, in->cofs + 4u);

    return hi << 32 | lo;
}

static inline void sign_pair(Lanes64 *v, bool abs, bool neg)
{
    uint64_t keep = abs ? ~F64_SIGN : ~0ull, flip = neg ? F64_SIGN : 0;

    if (abs || neg) {
        EACH_LANE(i) {
            v->u[i] = (v->u[i] & keep) ^ flip;
        }
    }
}

static inline void load_a(SoftWarp *w, const SoftInsn *in, Lanes64 *v)
{
    load_pair(w, in->src1, v);
    sign_pair(v, in->flags & SOFT_F_ABS_A, in->flags & SOFT_F_NEG_A);
}

static inline void load_b(SoftWarp *w, const SoftInsn *in, Lanes64 *v)
{
    if (in->bkind == SOFT_OPND_REG) {
        load_pair(w, in->src2, v);
    } else if (in->bkind == SOFT_OPND_CONST) {
        spread_pair(v, const_pair(w, in));
    } else {
        spread_pair(v, (uint64_t)in->imm << 32);
    }
    sign_pair(v, in->flags & SOFT_F_ABS_B, in->flags & SOFT_F_NEG_B);
}

static inline void load_c(SoftWarp *w, const SoftInsn *in, Lanes64 *v)
{
    if (in->ckind == SOFT_OPND_REG) {
        load_pair(w, in->src3, v);
    } else {
        spread_pair(v, const_pair(w, in));
    }
    sign_pair(v, false, in->flags & SOFT_F_NEG_C);
}

static inline SoftExecStatus done_f64(SoftWarp *w, const SoftInsn *in,
                                      Lanes64 *r, uint32_t mask)
{
    EACH_LANE(i) {
        r->u[i] = r->d[i] != r->d[i] ? F64_NAN : r->u[i];
    }
    if (in->flags & SOFT_F_CC) {
        uint32_t z = 0, s = 0;

        EACH_LANE(i) {
            bool nan = r->d[i] != r->d[i];

            z |= (uint32_t)(r->d[i] == 0 || nan) << i;
            s |= (uint32_t)(r->d[i] < 0 || nan) << i;
        }
        set_cc(w, mask, z, s, 0, 0);
    }
    store_pair(w, in->dst, r, mask);
    return SOFT_EXEC_OK;
}

HANDLER(dadd)
{
    Lanes64 a, b, r;

    load_a(w, in, &a);
    load_b(w, in, &b);
    if (in->rnd) {
        gpuvm_soft_slow_f64(SOFT_SLOW_ADD, in->rnd, a.d, b.d, NULL, r.d);
    } else {
        EACH_LANE(i) {
            r.d[i] = a.d[i] + b.d[i];
        }
    }
    return done_f64(w, in, &r, mask);
}

HANDLER(dmul)
{
    Lanes64 a, b, r;

    load_a(w, in, &a);
    load_b(w, in, &b);
    if (in->rnd) {
        gpuvm_soft_slow_f64(SOFT_SLOW_MUL, in->rnd, a.d, b.d, NULL, r.d);
    } else {
        EACH_LANE(i) {
            r.d[i] = a.d[i] * b.d[i];
        }
    }
    return done_f64(w, in, &r, mask);
}

HANDLER(dfma)
{
    Lanes64 a, b, c, r;

    load_a(w, in, &a);
    load_b(w, in, &b);
    load_c(w, in, &c);
    if (in->rnd) {
        gpuvm_soft_slow_f64(SOFT_SLOW_FMA, in->rnd, a.d, b.d, c.d, r.d);
    } else {
        EACH_LANE(i) {
            r.d[i] = fma(a.d[i], b.d[i], c.d[i]);
        }
    }
    return done_f64(w, in, &r, mask);
}

HANDLER(dmnmx)
{
    Lanes64 a, b, r;
    uint32_t min = gpuvm_soft_get_pred(w, in->psrc);

    load_a(w, in, &a);
    load_b(w, in, &b);
    EACH_LANE(i) {
        double x = a.d[i], y = b.d[i];
        bool less = x < y || (x == y && (a.u[i] & F64_SIGN));
        bool pick_x = less == ((min >> i) & 1);

        r.u[i] = x != x ? b.u[i] : (y != y || pick_x) ? a.u[i] : b.u[i];
    }
    return done_f64(w, in, &r, mask);
}

static inline uint32_t set_f64(SoftWarp *w, const SoftInsn *in)
{
    uint32_t lt = 0, eq = 0, gt = 0;
    Lanes64 a, b;

    load_a(w, in, &a);
    load_b(w, in, &b);
    EACH_LANE(i) {
        lt |= (uint32_t)(a.d[i] < b.d[i]) << i;
        eq |= (uint32_t)(a.d[i] == b.d[i]) << i;
        gt |= (uint32_t)(a.d[i] > b.d[i]) << i;
    }
    return (in->cond & 1 ? lt : 0) | (in->cond & 2 ? eq : 0) |
           (in->cond & 4 ? gt : 0) | (in->cond & 8 ? ~(lt | eq | gt) : 0);
}

HANDLER(dset)
{
    return done_set(w, in, set_f64(w, in), mask);
}

HANDLER(dsetp)
{
    return done_setp(w, in, set_f64(w, in), mask);
}
