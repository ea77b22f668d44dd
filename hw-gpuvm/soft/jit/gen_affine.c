/*
 * Special registers, and the arithmetic of addresses: what gives values shapes
 * with offsets, and keeps them.
 *
 * Addresses are 64 bits in two registers, added with a carry.  The carry out
 * of the low words is the same in all lanes unless some lane's sum wraps
 * around and another's does not.  That it does not happen is guessed, and
 * tested with two comparisons of scalars; where it does, the interpreter goes
 * on.  So high words stay uniform.  The same guess is made where the topmost
 * bits are shifted out of an index.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/control.h"
#include "soft/jit/gen.h"

#define MAX_SPAN    (1 << 24)   /* of offsets, for guesses to be likely */
#define TOP_SHIFT   20          /* and bits shifted out */

/* ---- special registers ---- */

static V word_of(Gen *g, V base, uint64_t ofs)
{
    V v = gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, base, ofs, g->i32), 4);

    L.SetMetadata(v, g->invariant_kind, g->empty_md);
    return v;
}

static V launch(Gen *g)
{
    return gpuvm_jit_load(g, g->p8, gpuvm_jit_at(g, g->cta,
                          offsetof(SoftCta, launch), g->p8), 8);
}

static uint64_t ofs_tid(unsigned axis, unsigned lane)
{
    return offsetof(SoftWarp, tid) + 4 * (axis * SOFT_LANES + lane);
}

/* The thread index along an axis, of all lanes. */
static Val thread_index(Gen *g, const State *st, unsigned axis)
{
    unsigned lanes = SOFT_LANES / g->groups, n = g->groups;
    int32_t offs[SOFT_LANES];
    V s[JIT_GROUPS], v;

    if (!st->fast || !g->tids) {
        v = gpuvm_jit_load(g, g->v32, gpuvm_jit_at(g, g->warp,
                           ofs_tid(axis, 0), g->v32), 4);
        L.SetMetadata(v, g->invariant_kind, g->empty_md);
        return gpuvm_jit_vector(v);
    }
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        offs[i] = axis == 0 ? i % lanes : 0;
    }
    if (axis == 0) {
        n = 1;              /* all groups begin at the same place */
    }
    for (unsigned i = 0; i < n; i++) {
        s[i] = word_of(g, g->warp, ofs_tid(axis, i * lanes));
    }
    return gpuvm_jit_same(n, s, gpuvm_jit_offs(g, offs));
}

/* All three in a word, as SREG_TID has them. */
static Val packed_index(Gen *g, State *st)
{
    static const struct { uint32_t mask; unsigned at; } f[3] = {
        { 0xffff, 0 }, { 0x3ff, 16 }, { 0x3f, 26 },
    };
    V v = NULL;
    Val r;

    for (unsigned axis = 0; axis < 3; axis++) {
        Val t = thread_index(g, st, axis);
        V x = gpuvm_jit_vec(g, &t);

        x = and_(g, x, gpuvm_jit_k(g, x, f[axis].mask));
        x = shl(g, x, gpuvm_jit_k(g, x, f[axis].at));
        v = v ? or_(g, v, x) : x;
    }
    r = gpuvm_jit_vector(v);
    r.tid = true;
    return r;
}

static bool special(Gen *g, State *st, unsigned n, Val *out)
{
    int32_t lane[SOFT_LANES];
    V zero = k32(g, 0);

    switch (n) {
    case SREG_LANEID:
        for (unsigned i = 0; i < SOFT_LANES; i++) {
            lane[i] = i;
        }
        *out = gpuvm_jit_same(1, &zero, gpuvm_jit_offs(g, lane));
        return true;
    case SREG_TID:
        *out = packed_index(g, st);
        return true;
    case SREG_TIDX: case SREG_TIDY: case SREG_TIDZ:
        *out = thread_index(g, st, n - SREG_TIDX);
        return true;
    case SREG_CTAIDX: case SREG_CTAIDY: case SREG_CTAIDZ:
        *out = gpuvm_jit_uniform(gpuvm_jit_load(g, g->i32,
                   gpuvm_jit_at(g, g->cta, offsetof(SoftCta, id) +
                                4 * (n - SREG_CTAIDX), g->i32), 4));
        return true;
    case SREG_NTIDX: case SREG_NTIDY: case SREG_NTIDZ:
        *out = gpuvm_jit_uniform(word_of(g, launch(g),
                   offsetof(SoftLaunch, block) + 4 * (n - SREG_NTIDX)));
        return true;
    case SREG_NCTAIDX: case SREG_NCTAIDY: case SREG_NCTAIDZ:
        *out = gpuvm_jit_uniform(word_of(g, launch(g),
                   offsetof(SoftLaunch, grid) + 4 * (n - SREG_NCTAIDX)));
        return true;
    default:
        return false;
    }
}

bool gpuvm_jit_sreg(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];
    Val v;

    if (in->op == SOFT_OP_NOP || in->op == SOFT_OP_CCTL ||
        in->op == SOFT_OP_CCTLL) {
        return true;
    }
    if (in->op == SOFT_OP_MEMBAR) {
        /* a CTA is one thread; for others, what a fence of the host gives */
        if (in->subop) {
            L.BuildFence(g->b, LLVMAtomicOrderingSequentiallyConsistent, 0,
                         "");
        }
        return true;
    }
    if (in->op != SOFT_OP_S2R || !special(g, st, in->imm, &v)) {
        return false;
    }
    gpuvm_jit_write(g, st, in->dst, v, gd);
    return true;
}

/* ---- operands ---- */

static Val operand(Gen *g, State *st, unsigned kind, unsigned reg,
                   const SoftInsn *in)
{
    switch (kind) {
    case SOFT_OPND_REG:
        return *gpuvm_jit_reg(g, st, reg);
    case SOFT_OPND_CONST:
        return gpuvm_jit_uniform(gpuvm_jit_load_const(g, in->bank,
                                                      in->cofs));
    default:
        return gpuvm_jit_uniform(k32(g, in->imm));
    }
}

static bool constant(const Val *v, uint32_t *k)
{
    return v->sh.kind == SHAPE_SAME && v->sh.ng == 1 && !v->sh.offs &&
           const_u32(v->s[0], k);
}

static V group(const Val *v, unsigned i)
{
    return v->s[v->sh.ng == 1 ? 0 : i];
}

static bool same(const Val *v)
{
    return v->sh.kind == SHAPE_SAME && !v->raw;
}

static int64_t span(const Val *v, int64_t *min)
{
    int64_t max;

    gpuvm_jit_offs_range(v->sh.offs, min, &max);
    return max - *min;
}

/* ---- products and shifts ---- */

/* x * y if that has a shape. */
static bool product(Gen *g, const Val *x, const Val *y, Val *out)
{
    V s[JIT_GROUPS];
    uint32_t k;

    if (!same(x) || !same(y)) {
        return false;
    }
    if (x->sh.offs) {
        const Val *t = x;

        x = y;
        y = t;
    }
    /* now only y may have offsets; then x must be known */
    if (x->sh.offs || (y->sh.offs && !constant(x, &k))) {
        return false;
    }
    *out = *y;
    out->sh.ng = MAX(x->sh.ng, y->sh.ng);
    for (unsigned i = 0; i < out->sh.ng; i++) {
        s[i] = mul(g, group(x, i), group(y, i));
    }
    *out = gpuvm_jit_same(out->sh.ng, s, y->sh.offs ?
                          gpuvm_jit_offs_scale(g, y->sh.offs, k) : NULL);
    return true;
}

static Val shifted(Gen *g, const Val *x, unsigned n)
{
    V s[JIT_GROUPS];

    for (unsigned i = 0; i < x->sh.ng; i++) {
        s[i] = shl(g, x->s[i], k32(g, n));
    }
    return gpuvm_jit_same(x->sh.ng, s,
                          gpuvm_jit_offs_scale(g, x->sh.offs, 1u << n));
}

/*
 * The top bits of a value with offsets: the same for a group, unless it
 * crosses a multiple of 1 << n.
 */
static bool top_bits(Gen *g, State *st, uint32_t i, const Val *x, unsigned n,
                     bool sign, Val *out)
{
    int64_t min, d = span(x, &min);
    V bad = L.ConstInt(g->i1, 0, 0), s[JIT_GROUPS];

    if (!g->speculate || n < TOP_SHIFT || n > 31 || d > MAX_SPAN) {
        return false;
    }
    for (unsigned k = 0; k < x->sh.ng; k++) {
        V lo = add(g, x->s[k], k32(g, (uint32_t)min));
        V hi = add(g, lo, k32(g, (uint32_t)d)), t;

        bad = or_(g, bad, icmp(g, LLVMIntULT, hi, lo));
        s[k] = lshr(g, lo, k32(g, n));
        t = lshr(g, hi, k32(g, n));
        bad = or_(g, bad, icmp(g, LLVMIntNE, s[k], t));
        s[k] = sign ? ashr(g, lo, k32(g, n)) : s[k];
    }
    gpuvm_jit_guard(g, st, i, bad);
    *out = gpuvm_jit_same(x->sh.ng, s, NULL);
    return true;
}

/* ---- sums ---- */

typedef struct Sum {
    Val x, y, r;
    unsigned op;            /* 0 + 1 - 2 reversed - 3 + 1 */
    const Val *carry;       /* in, or NULL */
    bool cc;                /* $c is read afterwards */
    V out[JIT_GROUPS];      /* carry out */
} Sum;

/* The carry out, that must not differ between lanes of a group. */
static bool carries(Gen *g, State *st, uint32_t i, Sum *s)
{
    const Val *with = s->x.sh.offs ? &s->x : &s->y;
    int64_t min, d = span(with, &min);
    V bad = L.ConstInt(g->i1, 0, 0);

    if (!g->speculate || s->op || s->carry || d > MAX_SPAN ||
        (s->x.sh.offs && s->y.sh.offs)) {
        return false;
    }
    for (unsigned k = 0; k < s->r.sh.ng; k++) {
        V lo = add(g, group(with, k), k32(g, (uint32_t)min));
        V other = group(with == &s->x ? &s->y : &s->x, k);
        V sum = add(g, lo, other), limit = k32(g, ~(uint32_t)d);

        bad = or_(g, bad, icmp(g, LLVMIntUGT, lo, limit));
        bad = or_(g, bad, icmp(g, LLVMIntUGT, sum, limit));
        s->out[k] = icmp(g, LLVMIntULT, sum, other);
    }
    gpuvm_jit_guard(g, st, i, bad);
    return true;
}

static void write_flags(Gen *g, State *st, uint32_t i, Sum *s,
                        const Guard *gd)
{
    uint32_t want = g->flow.after[i].q;
    V r = gpuvm_jit_vec(g, &s->r), zero = gpuvm_jit_k(g, r, 0);

    gpuvm_jit_write_q(g, st, JIT_C, gpuvm_jit_same(s->r.sh.ng, s->out, NULL),
                      gd);
    if (want & 1u << JIT_Z) {
        gpuvm_jit_write_q(g, st, JIT_Z, gpuvm_jit_vector(
                          icmp(g, LLVMIntEQ, r, zero)), gd);
    }
    if (want & 1u << JIT_S) {
        gpuvm_jit_write_q(g, st, JIT_S, gpuvm_jit_vector(
                          icmp(g, LLVMIntSLT, r, zero)), gd);
    }
    if (want & 1u << JIT_O) {
        V x = gpuvm_jit_vec(g, &s->x), y = gpuvm_jit_vec(g, &s->y);
        V o = and_(g, xor_(g, x, r), xor_(g, y, r));

        gpuvm_jit_write_q(g, st, JIT_O, gpuvm_jit_vector(
                          icmp(g, LLVMIntSLT, o, zero)), gd);
    }
}

static bool sum(Gen *g, State *st, uint32_t i, Sum *s, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];
    V r[JIT_GROUPS];
    unsigned ng;

    if (!same(&s->x) || !same(&s->y) || (!s->x.sh.offs && !s->y.sh.offs) ||
        (s->carry && s->carry->sh.kind != SHAPE_SAME)) {
        return false;
    }
    ng = MAX(s->x.sh.ng, s->y.sh.ng);
    ng = s->carry ? MAX(ng, s->carry->sh.ng) : ng;
    s->r.sh.ng = ng;
    if (s->cc && !carries(g, st, i, s)) {
        return false;
    }
    for (unsigned k = 0; k < ng; k++) {
        V x = group(&s->x, k), y = group(&s->y, k);

        r[k] = s->op == 1 ? sub(g, x, y) : s->op == 2 ? sub(g, y, x) :
               add(g, x, y);
        if (s->carry) {
            /* - is + ~ + carry, so one less than the difference */
            r[k] = add(g, r[k], L.BuildZExt(g->b, group(s->carry, k), g->i32,
                                            ""));
            r[k] = s->op == 1 || s->op == 2 ? sub(g, r[k], k32(g, 1)) : r[k];
        } else if (s->op == 3) {
            r[k] = add(g, r[k], k32(g, 1));
        }
    }
    s->r = gpuvm_jit_same(ng, r, s->op == 2 ?
        gpuvm_jit_offs_add(g, s->y.sh.offs, s->x.sh.offs, true) :
        gpuvm_jit_offs_add(g, s->x.sh.offs, s->y.sh.offs, s->op == 1));
    if (s->cc) {
        write_flags(g, st, i, s, gd);
    }
    gpuvm_jit_write(g, st, in->dst, s->r, gd);
    return true;
}

/* ---- instructions ---- */

static bool thread_field(Gen *g, State *st, const SoftInsn *in,
                         const Guard *gd)
{
    static const uint32_t field[3] = { 0x1000, 0x0a10, 0x061a };
    Val *a = gpuvm_jit_reg(g, st, in->src1);

    if (!a->tid || in->bkind != SOFT_OPND_IMM ||
        (in->flags & (SOFT_F_SIGN_B | SOFT_F_REV | SOFT_F_CC))) {
        return false;
    }
    for (unsigned axis = 0; axis < 3; axis++) {
        if (in->imm == field[axis]) {
            gpuvm_jit_write(g, st, in->dst, thread_index(g, st, axis), gd);
            return true;
        }
    }
    return false;
}

static bool shift(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];
    Val a = *gpuvm_jit_reg(g, st, in->src1), r;
    Val b = operand(g, st, in->bkind, in->src2, in);
    uint32_t n;

    if (!same(&a) || !a.sh.offs || !constant(&b, &n) || n > 31 ||
        (in->flags & (SOFT_F_CC | SOFT_F_REV))) {
        return false;
    }
    if (in->op == SOFT_OP_SHL) {
        r = shifted(g, &a, n);
    } else if (!top_bits(g, st, i, &a, n, in->flags & SOFT_F_SIGN_B, &r)) {
        return false;
    }
    gpuvm_jit_write(g, st, in->dst, r, gd);
    return true;
}

static bool add_or_mul(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];
    Sum s = { .op = in->subop };
    Val a = *gpuvm_jit_reg(g, st, in->src1), carry;
    Val b = operand(g, st, in->bkind, in->src2, in);
    bool mulop = in->op != SOFT_OP_IADD && in->op != SOFT_OP_IADD32I;

    if ((in->flags & (SOFT_F_SAT | SOFT_F_HIGH)) || !same(&a) || !same(&b)) {
        return false;
    }
    s.cc = (in->flags & SOFT_F_CC) && (g->flow.after[i].q & JIT_CC_BITS);
    if (in->flags & SOFT_F_CARRY_IN) {
        carry = st->q[JIT_C];
        s.carry = &carry;
        if (carry.sh.kind == SHAPE_NONE) {
            return false;
        }
    }
    if (!mulop) {
        s.x = a;
        s.y = b;
    } else if (in->op == SOFT_OP_ISCADD || in->op == SOFT_OP_ISCADD32I) {
        s.x = shifted(g, &a, in->aux & 31);
        s.y = b;
    } else if (!product(g, &a, &b, &s.x)) {
        return false;
    } else if (in->op == SOFT_OP_IMUL || in->op == SOFT_OP_IMUL32I) {
        if (!s.x.sh.offs || s.cc) {
            return false;
        }
        gpuvm_jit_write(g, st, in->dst, s.x, gd);
        return true;
    } else {
        s.y = operand(g, st, in->ckind, in->src3, in);
    }
    return sum(g, st, i, &s, gd);
}

bool gpuvm_jit_affine(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];

    if ((in->op == SOFT_OP_MOV || in->op == SOFT_OP_MOV32I) &&
        in->bkind == SOFT_OPND_REG) {
        gpuvm_jit_write(g, st, in->dst, *gpuvm_jit_reg(g, st, in->src2), gd);
        return true;
    }
    if (in->op == SOFT_OP_BFE && thread_field(g, st, in, gd)) {
        return true;
    }
    if (!st->fast || gd->mask) {
        return false;
    }
    switch (in->op) {
    case SOFT_OP_SHL: case SOFT_OP_SHR:
        return shift(g, st, i, gd);
    case SOFT_OP_IADD: case SOFT_OP_IADD32I: case SOFT_OP_ISCADD:
    case SOFT_OP_ISCADD32I: case SOFT_OP_IMUL: case SOFT_OP_IMUL32I:
    case SOFT_OP_IMAD: case SOFT_OP_IMAD32I:
        return add_or_mul(g, st, i, gd);
    default:
        return false;
    }
}
