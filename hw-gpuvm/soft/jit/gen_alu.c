/*
 * Arithmetic: one function an instruction, that makes it for scalars or for
 * vectors alike.
 *
 * If all operands are uniform within groups the instruction is done once a
 * group, with scalars; else with vectors.  Results are bit for bit those of
 * the handlers in isa/alu_*.h, which these functions follow line by line; what
 * has a rounding mode or is rare is left to the handlers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/alu_slow.h"
#include "soft/jit/gen.h"

/* Operands and results of a function: scalars, or vectors of 32. */
typedef struct Ops {
    bool vec;
    V a, b, c;              /* i32 */
    V p;                    /* i1: predicate source */
    V x, y;                 /* i1: predicates of pset and psetp */
    V q[4];                 /* i1: Z S C O */
    bool cc;                /* somebody reads $c afterwards */
    /* out */
    V r;
    bool raw;
    V set[2];               /* i1: pdst and pdst2 */
    V flag[4];              /* i1, all four or none */
} Ops;

typedef void EmitFn(Gen *g, const SoftInsn *in, Ops *o);

enum {
    USE_A = 1, USE_B = 2, USE_C = 4, USE_P = 8, USE_CC = 16, USE_XY = 32,
    FLOAT = 64,             /* NaNs among the operands may be raw */
    USE_AB = USE_A | USE_B, USE_ABC = USE_AB | USE_C,
};

#define EMIT(name) static void emit_##name(Gen *g, const SoftInsn *in, Ops *o)

static V k(Gen *g, const Ops *o, uint32_t v)
{
    return o->vec ? gpuvm_jit_splat_const(g, g->i32, v) : k32(g, v);
}

static V k1(Gen *g, const Ops *o, bool v)
{
    return o->vec ? gpuvm_jit_splat_const(g, g->i1, v) :
           L.ConstInt(g->i1, v, 0);
}

static V not_(Gen *g, V x)
{
    return L.BuildNot(g->b, x, "");
}

static V flt(Gen *g, const Ops *o, V x)
{
    return L.BuildBitCast(g->b, x, o->vec ? g->vf32 : g->f32, "");
}

static V bits(Gen *g, const Ops *o, V x)
{
    return L.BuildBitCast(g->b, x, o->vec ? g->v32 : g->i32, "");
}

static V call1(Gen *g, const char *name, V x)
{
    LLVMTypeRef t = L.TypeOf(x);

    return gpuvm_jit_intrinsic(g, name, &t, 1, &x, 1);
}

static V negative(Gen *g, const Ops *o, V x)
{
    return icmp(g, LLVMIntSLT, x, k(g, o, 0));
}

/* Z and S of an integer result; C and O are @c and @ov, or 0. */
static void cc_int(Gen *g, const SoftInsn *in, Ops *o, V c, V ov)
{
    if (!(in->flags & SOFT_F_CC) || !o->cc) {
        return;
    }
    o->flag[0] = icmp(g, LLVMIntEQ, o->r, k(g, o, 0));
    o->flag[1] = negative(g, o, o->r);
    o->flag[2] = c ? c : k1(g, o, 0);
    o->flag[3] = ov ? ov : k1(g, o, 0);
}

/* ---- floats ---- */

#define F32_SIGN 0x80000000u
#define F32_EXP  0x7f800000u
#define F32_ONE  0x3f800000u

static V sign_op(Gen *g, const Ops *o, V x, bool abs, bool neg)
{
    x = abs ? and_(g, x, k(g, o, ~F32_SIGN)) : x;
    return neg ? xor_(g, x, k(g, o, F32_SIGN)) : x;
}

static V signed_a(Gen *g, const SoftInsn *in, const Ops *o)
{
    return sign_op(g, o, o->a, in->flags & SOFT_F_ABS_A,
                   in->flags & SOFT_F_NEG_A);
}

static V signed_b(Gen *g, const SoftInsn *in, const Ops *o)
{
    return sign_op(g, o, o->b, in->flags & SOFT_F_ABS_B,
                   in->flags & SOFT_F_NEG_B);
}

static V flush(Gen *g, const Ops *o, V x)
{
    V e = and_(g, x, k(g, o, F32_EXP));

    return sel(g, icmp(g, LLVMIntNE, e, k(g, o, 0)), x,
               and_(g, x, k(g, o, F32_SIGN)));
}

static V is_nan(Gen *g, const Ops *o, V x)
{
    V f = flt(g, o, x);

    return fcmp(g, LLVMRealUNO, f, f);
}

static V saturate(Gen *g, const Ops *o, V x)
{
    V one = k(g, o, F32_ONE), zero = k(g, o, 0);
    V below = fcmp(g, LLVMRealOLT, flt(g, o, x), flt(g, o, one));
    V above = fcmp(g, LLVMRealOGT, flt(g, o, x), flt(g, o, zero));

    return sel(g, above, sel(g, below, x, one), zero);
}

/* The result of an operation, with its modifiers; and $c. */
static void finish(Gen *g, const SoftInsn *in, Ops *o, V f)
{
    uint32_t odd = SOFT_F_FTZ | SOFT_F_FMZ | SOFT_F_SAT;

    o->r = bits(g, o, f);
    if (!(in->flags & (odd | SOFT_F_CC))) {
        o->raw = true;
        return;
    }
    o->r = gpuvm_jit_canonical_nan(g, o->r);
    if (in->flags & (SOFT_F_FTZ | SOFT_F_FMZ)) {
        o->r = flush(g, o, o->r);
    }
    if (in->flags & SOFT_F_SAT) {
        o->r = saturate(g, o, o->r);
    }
    if ((in->flags & SOFT_F_CC) && o->cc) {
        V zero = flt(g, o, k(g, o, 0)), x = flt(g, o, o->r);

        /* unordered or equal; unordered or less */
        o->flag[0] = fcmp(g, LLVMRealUEQ, x, zero);
        o->flag[1] = fcmp(g, LLVMRealULT, x, zero);
        o->flag[2] = o->flag[3] = k1(g, o, 0);
    }
}

EMIT(fadd)
{
    V x = signed_a(g, in, o), y = signed_b(g, in, o);

    if (in->flags & SOFT_F_FTZ) {
        x = flush(g, o, x);
        y = flush(g, o, y);
    }
    finish(g, in, o, fadd(g, flt(g, o, x), flt(g, o, y)));
}

/* Factors, as alu_f32.h's prepare_factors() and the product's sign. */
static void factors(Gen *g, const SoftInsn *in, Ops *o, V *x, V *y)
{
    V zero = k(g, o, 0), nzx, nzy;

    *x = o->a;
    *y = o->b;
    if (in->flags & (SOFT_F_FTZ | SOFT_F_FMZ)) {
        *x = flush(g, o, *x);
        *y = flush(g, o, *y);
    }
    if (!(in->flags & SOFT_F_FMZ)) {
        *x = sign_op(g, o, *x, false, in->flags & SOFT_F_NEG_A);
        return;
    }
    nzx = icmp(g, LLVMIntNE, shl(g, *x, k(g, o, 1)), zero);
    nzy = icmp(g, LLVMIntNE, shl(g, *y, k(g, o, 1)), zero);
    nzx = and_(g, nzx, nzy);
    *x = sel(g, nzx, sign_op(g, o, *x, false, in->flags & SOFT_F_NEG_A),
             zero);
    *y = sel(g, nzx, *y, zero);
}

EMIT(fmul)
{
    V x, y;

    factors(g, in, o, &x, &y);
    finish(g, in, o, fmul(g, flt(g, o, x), flt(g, o, y)));
}

static V fma3(Gen *g, V x, V y, V z)
{
    LLVMTypeRef t = L.TypeOf(x);
    V args[3] = { x, y, z };

    return gpuvm_jit_intrinsic(g, "llvm.fma", &t, 1, args, 3);
}

EMIT(ffma)
{
    V x, y, z = sign_op(g, o, o->c, false, in->flags & SOFT_F_NEG_C);

    factors(g, in, o, &x, &y);
    if (in->flags & (SOFT_F_FTZ | SOFT_F_FMZ)) {
        z = flush(g, o, z);
    }
    finish(g, in, o, fma3(g, flt(g, o, x), flt(g, o, y), flt(g, o, z)));
}

EMIT(fmnmx)
{
    V x = signed_a(g, in, o), y = signed_b(g, in, o), fx, fy, less, pick;

    if (in->flags & SOFT_F_FTZ) {
        x = flush(g, o, x);
        y = flush(g, o, y);
    }
    fx = flt(g, o, x);
    fy = flt(g, o, y);
    less = and_(g, fcmp(g, LLVMRealOEQ, fx, fy), negative(g, o, x));
    less = or_(g, less, fcmp(g, LLVMRealOLT, fx, fy));
    pick = not_(g, xor_(g, less, o->p));
    pick = or_(g, pick, is_nan(g, o, y));
    pick = and_(g, pick, not_(g, is_nan(g, o, x)));
    finish(g, in, o, flt(g, o, sel(g, pick, x, y)));
}

/* x cond y: bits 0 less, 1 equal, 2 greater, 3 unordered. */
static V compare_f32(Gen *g, const Ops *o, V x, V y, unsigned cond, bool ftz)
{
    unsigned real = (cond & 1 ? 4 : 0) | (cond & 2 ? 1 : 0) |
                    (cond & 4 ? 2 : 0) | (cond & 8 ? 8 : 0);

    if (real == 0 || real == 15) {
        return k1(g, o, real);
    }
    if (ftz) {
        x = flush(g, o, x);
        y = flush(g, o, y);
    }
    return fcmp(g, (LLVMRealPredicate)real, flt(g, o, x), flt(g, o, y));
}

_Static_assert(LLVMRealOEQ == 1 && LLVMRealOGT == 2 && LLVMRealOLT == 4 &&
               LLVMRealUNO == 8, "LLVM's conditions are sums of bits");

static V logic(Gen *g, unsigned op, V x, V y)
{
    return op == 0 ? and_(g, x, y) : op == 1 ? or_(g, x, y) : xor_(g, x, y);
}

static void done_set(Gen *g, const SoftInsn *in, Ops *o, V b)
{
    V one = k(g, o, in->flags & SOFT_F_FLOAT ? F32_ONE : ~0u);

    o->r = sel(g, logic(g, in->logic, b, o->p), one, k(g, o, 0));
    cc_int(g, in, o, NULL, NULL);
}

static void done_setp(Gen *g, const SoftInsn *in, Ops *o, V b)
{
    o->set[0] = logic(g, in->logic, b, o->p);
    o->set[1] = logic(g, in->logic, not_(g, b), o->p);
}

static V set_f32(Gen *g, const SoftInsn *in, Ops *o)
{
    return compare_f32(g, o, signed_a(g, in, o), signed_b(g, in, o),
                       in->cond, in->flags & SOFT_F_FTZ);
}

EMIT(fset)
{
    done_set(g, in, o, set_f32(g, in, o));
}

EMIT(fsetp)
{
    done_setp(g, in, o, set_f32(g, in, o));
}

EMIT(fcmp)
{
    V c = compare_f32(g, o, o->c, k(g, o, 0), in->cond,
                      in->flags & SOFT_F_FTZ);

    o->r = sel(g, c, o->a, o->b);
}

EMIT(rro)
{
    o->r = signed_b(g, in, o);
}

/* 1 / x and 1 / sqrt(x); the others are the handler's */
EMIT(mufu)
{
    V x = flush(g, o, signed_a(g, in, o)), f = flt(g, o, x);

    if (in->subop == SOFT_MUFU_RCP) {
        f = fdiv(g, flt(g, o, k(g, o, F32_ONE)), f);
    } else {
        LLVMTypeRef d = o->vec ? L.VectorType(g->f64, SOFT_LANES) : g->f64;
        LLVMTypeRef s = o->vec ? g->vf32 : g->f32;
        V one = L.BuildFPExt(g->b, flt(g, o, k(g, o, F32_ONE)), d, "");

        f = call1(g, "llvm.sqrt", L.BuildFPExt(g->b, f, d, ""));
        f = L.BuildFPTrunc(g->b, fdiv(g, one, f), s, "");
    }
    o->r = flush(g, o, gpuvm_jit_canonical_nan(g, bits(g, o, f)));
    if (in->flags & SOFT_F_SAT) {
        o->r = saturate(g, o, o->r);
    }
}

/* ---- integers ---- */

/* x op y + carry with flags; @op: 0 + 1 - 2 reversed - 3 + 1 */
static void add_any(Gen *g, const SoftInsn *in, Ops *o, V a, V b, unsigned op)
{
    V x, y, sum, c = NULL, ov = NULL;
    bool chain = in->flags & SOFT_F_CARRY_IN;
    bool full = (in->flags & SOFT_F_SAT) ||
                ((in->flags & SOFT_F_CC) && o->cc);

    if (!full && !chain) {
        sum = op == 1 ? sub(g, a, b) : op == 2 ? sub(g, b, a) : add(g, a, b);
        o->r = op == 3 ? add(g, sum, k(g, o, 1)) : sum;
        return;
    }
    x = op == 2 ? not_(g, a) : a;
    y = op == 1 ? not_(g, b) : b;
    sum = add(g, x, y);
    if (chain) {
        sum = add(g, sum, L.BuildZExt(g->b, o->q[2], L.TypeOf(a), ""));
    } else if (op) {
        sum = add(g, sum, k(g, o, 1));
    }
    if (full) {
        if (!chain && op == 0) {
            c = icmp(g, LLVMIntULT, sum, x);
        } else {
            c = negative(g, o, or_(g, and_(g, x, y),
                         and_(g, or_(g, x, y), not_(g, sum))));
        }
        ov = negative(g, o, and_(g, xor_(g, x, sum), xor_(g, y, sum)));
    }
    if (in->flags & SOFT_F_SAT) {
        V limit = sel(g, negative(g, o, x), k(g, o, F32_SIGN),
                      k(g, o, ~F32_SIGN));

        sum = sel(g, ov, limit, sum);
    }
    o->r = sum;
    cc_int(g, in, o, c, ov);
}

EMIT(iadd)
{
    add_any(g, in, o, o->a, o->b, in->subop);
}

EMIT(iscadd)
{
    add_any(g, in, o, shl(g, o->a, k(g, o, in->aux & 31)), o->b, in->subop);
}

static V multiply(Gen *g, const SoftInsn *in, const Ops *o)
{
    LLVMTypeRef wide = o->vec ? L.VectorType(g->i64, SOFT_LANES) : g->i64;
    V x, y, n = L.BuildZExt(g->b, k(g, o, 32), wide, "");

    if (!(in->flags & SOFT_F_HIGH)) {
        return mul(g, o->a, o->b);
    }
    x = in->flags & SOFT_F_SIGN_A ? L.BuildSExt(g->b, o->a, wide, "") :
        L.BuildZExt(g->b, o->a, wide, "");
    y = in->flags & SOFT_F_SIGN_B ? L.BuildSExt(g->b, o->b, wide, "") :
        L.BuildZExt(g->b, o->b, wide, "");
    return L.BuildTrunc(g->b, lshr(g, mul(g, x, y), n), L.TypeOf(o->a), "");
}

EMIT(imul)
{
    o->r = multiply(g, in, o);
    cc_int(g, in, o, NULL, NULL);
}

EMIT(imad)
{
    add_any(g, in, o, multiply(g, in, o), o->c, in->subop);
}

EMIT(sad)
{
    V less = icmp(g, in->flags & SOFT_F_SIGN_B ? LLVMIntSLT : LLVMIntULT,
                  o->a, o->b);

    o->r = add(g, sel(g, less, sub(g, o->b, o->a), sub(g, o->a, o->b)),
               o->c);
    cc_int(g, in, o, NULL, NULL);
}

/* Shifts: the count is brought below 32, which LLVM asks for. */
EMIT(shl)
{
    V n = o->b, small;

    if (in->flags & SOFT_F_WRAP) {
        o->r = shl(g, o->a, and_(g, n, k(g, o, 31)));
    } else {
        small = icmp(g, LLVMIntULT, n, k(g, o, 32));
        o->r = sel(g, small, shl(g, o->a, and_(g, n, k(g, o, 31))),
                   k(g, o, 0));
    }
    cc_int(g, in, o, NULL, NULL);
}

EMIT(shr)
{
    V x = in->flags & SOFT_F_REV ? call1(g, "llvm.bitreverse", o->a) : o->a;
    V n = in->flags & SOFT_F_WRAP ? and_(g, o->b, k(g, o, 31)) : o->b;
    V small = icmp(g, LLVMIntULT, n, k(g, o, 32));

    if (in->flags & SOFT_F_SIGN_B) {
        o->r = ashr(g, x, sel(g, small, n, k(g, o, 31)));
    } else {
        o->r = sel(g, small, lshr(g, x, and_(g, n, k(g, o, 31))),
                   k(g, o, 0));
    }
    cc_int(g, in, o, NULL, NULL);
}

EMIT(lop)
{
    V x = in->flags & SOFT_F_NOT_A ? not_(g, o->a) : o->a;
    V y = in->flags & SOFT_F_NOT_B ? not_(g, o->b) : o->b;

    o->r = in->subop > 2 ? y : logic(g, in->subop, x, y);
    cc_int(g, in, o, NULL, NULL);
}

/* (1 << len) - 1, all ones from 32 on */
static V field_of(Gen *g, const Ops *o, V len)
{
    V one = shl(g, k(g, o, 1), and_(g, len, k(g, o, 31)));

    return sel(g, icmp(g, LLVMIntUGT, len, k(g, o, 31)), k(g, o, ~0u),
               sub(g, one, k(g, o, 1)));
}

EMIT(bfe)
{
    V x = in->flags & SOFT_F_REV ? call1(g, "llvm.bitreverse", o->a) : o->a;
    V pos = and_(g, o->b, k(g, o, 255));
    V len = and_(g, lshr(g, o->b, k(g, o, 8)), k(g, o, 255));
    V zero = k(g, o, 0), k32_ = k(g, o, 32), k31 = k(g, o, 31);

    if (in->flags & SOFT_F_SIGN_B) {
        V end = add(g, pos, len);
        V up = sel(g, icmp(g, LLVMIntULT, end, k32_), sub(g, k32_, end),
                   zero);
        V down = add(g, up, pos);

        down = sel(g, icmp(g, LLVMIntULT, down, k32_), down, k31);
        o->r = ashr(g, shl(g, x, and_(g, up, k31)), down);
        o->r = sel(g, icmp(g, LLVMIntNE, len, zero), o->r, zero);
    } else {
        V r = lshr(g, x, and_(g, pos, k31));

        r = sel(g, icmp(g, LLVMIntULT, pos, k32_), r, zero);
        o->r = and_(g, r, field_of(g, o, len));
    }
    cc_int(g, in, o, NULL, NULL);
}

EMIT(bfi)
{
    V pos = and_(g, o->b, k(g, o, 255)), at = and_(g, pos, k(g, o, 31));
    V len = and_(g, lshr(g, o->b, k(g, o, 8)), k(g, o, 255));
    V m = shl(g, field_of(g, o, len), at);

    m = sel(g, icmp(g, LLVMIntULT, pos, k(g, o, 32)), m, k(g, o, 0));
    o->r = or_(g, and_(g, o->c, not_(g, m)), and_(g, shl(g, o->a, at), m));
    cc_int(g, in, o, NULL, NULL);
}

EMIT(bfind)
{
    V x = in->flags & SOFT_F_NOT_B ? not_(g, o->b) : o->b, n, none;
    LLVMTypeRef t = L.TypeOf(x);
    V args[2] = { NULL, L.ConstInt(g->i1, 0, 0) };

    if (in->flags & SOFT_F_SIGN_B) {
        x = xor_(g, x, ashr(g, x, k(g, o, 31)));
    }
    args[0] = x;
    n = gpuvm_jit_intrinsic(g, "llvm.ctlz", &t, 1, args, 2);
    if (!(in->flags & SOFT_F_SHIFTAMT)) {
        n = sub(g, k(g, o, 31), n);
    }
    none = icmp(g, LLVMIntEQ, x, k(g, o, 0));
    o->r = sel(g, none, k(g, o, ~0u), n);
    cc_int(g, in, o, NULL, NULL);
}

EMIT(popc)
{
    V x = in->flags & SOFT_F_NOT_A ? not_(g, o->a) : o->a;
    V y = in->flags & SOFT_F_NOT_B ? not_(g, o->b) : o->b;

    o->r = call1(g, "llvm.ctpop", and_(g, x, y));
    cc_int(g, in, o, NULL, NULL);
}

static V compare_int(Gen *g, const Ops *o, V x, V y, unsigned cond, bool sign)
{
    static const LLVMIntPredicate how[2][8] = {
        { 0, LLVMIntULT, LLVMIntEQ, LLVMIntULE, LLVMIntUGT, LLVMIntNE,
          LLVMIntUGE, 0 },
        { 0, LLVMIntSLT, LLVMIntEQ, LLVMIntSLE, LLVMIntSGT, LLVMIntNE,
          LLVMIntSGE, 0 },
    };

    cond &= 7;
    return cond == 0 || cond == 7 ? k1(g, o, cond) :
           icmp(g, how[sign][cond], x, y);
}

static V compare_extended(Gen *g, const SoftInsn *in, const Ops *o)
{
    V y = not_(g, o->b), c = L.BuildZExt(g->b, o->q[2], L.TypeOf(y), "");
    V sum = add(g, add(g, o->a, y), c), lt, eq, r = k1(g, o, 0);

    if (in->flags & SOFT_F_SIGN_B) {
        lt = xor_(g, sum, and_(g, xor_(g, o->a, sum), xor_(g, y, sum)));
    } else {
        lt = not_(g, or_(g, and_(g, o->a, y),
                         and_(g, or_(g, o->a, y), not_(g, sum))));
    }
    eq = and_(g, icmp(g, LLVMIntEQ, sum, k(g, o, 0)), o->q[0]);
    lt = and_(g, negative(g, o, lt), not_(g, eq));
    r = in->cond & 1 ? or_(g, r, lt) : r;
    r = in->cond & 2 ? or_(g, r, eq) : r;
    return in->cond & 4 ? or_(g, r, not_(g, or_(g, lt, eq))) : r;
}

static V set_int(Gen *g, const SoftInsn *in, const Ops *o)
{
    if (in->flags & SOFT_F_CARRY_IN) {
        return compare_extended(g, in, o);
    }
    return compare_int(g, o, o->a, o->b, in->cond,
                       (in->flags & SOFT_F_SIGN_B) != 0);
}

EMIT(iset)
{
    done_set(g, in, o, set_int(g, in, o));
}

EMIT(isetp)
{
    done_setp(g, in, o, set_int(g, in, o));
}

EMIT(icmp)
{
    V c = compare_int(g, o, o->c, k(g, o, 0), in->cond,
                      (in->flags & SOFT_F_SIGN_B) != 0);

    o->r = sel(g, c, o->a, o->b);
}

EMIT(imnmx)
{
    V less = icmp(g, in->flags & SOFT_F_SIGN_B ? LLVMIntSLT : LLVMIntULT,
                  o->a, o->b);

    o->r = sel(g, xor_(g, less, o->p), o->b, o->a);
    cc_int(g, in, o, NULL, NULL);
}

/* ---- moves ---- */

EMIT(mov)
{
    o->r = o->b;
}

EMIT(sel)
{
    o->r = sel(g, o->p, o->a, o->b);
}

/* Bytes chosen by an immediate. */
EMIT(prmt)
{
    V r = k(g, o, 0);

    for (unsigned j = 0; j < 4; j++) {
        unsigned s = in->imm >> (4 * j);
        V x = lshr(g, s & 4 ? o->c : o->a, k(g, o, 8 * (s & 3)));

        x = and_(g, x, k(g, o, 255));
        if (s & 8) {
            x = sel(g, icmp(g, LLVMIntUGT, x, k(g, o, 127)), k(g, o, 255),
                    k(g, o, 0));
        }
        r = or_(g, r, shl(g, x, k(g, o, 8 * j)));
    }
    o->r = r;
}

EMIT(pset)
{
    done_set(g, in, o, logic(g, in->subop, o->x, o->y));
}

EMIT(psetp)
{
    done_setp(g, in, o, logic(g, in->subop, o->x, o->y));
}

/* ---- conversions, of 32 bits ---- */

static V rounded(Gen *g, V f, unsigned rnd)
{
    static const char *const name[4] = {
        "llvm.nearbyint", "llvm.floor", "llvm.ceil", "llvm.trunc",
    };

    return call1(g, name[rnd & 3], f);
}

EMIT(f2f)
{
    V x = signed_b(g, in, o);

    if (in->flags & SOFT_F_FTZ) {
        x = flush(g, o, x);
    }
    if (in->flags & SOFT_F_RINT) {
        x = bits(g, o, rounded(g, flt(g, o, x), in->rnd));
    }
    finish(g, in, o, flt(g, o, x));
}

EMIT(f2i)
{
    bool sign = in->flags & SOFT_F_DSIGN;
    V x = signed_b(g, in, o), f, over, under, out, r, large = NULL;
    V top = k(g, o, 0x4f000000);            /* 2^31 */

    if (in->flags & SOFT_F_FTZ) {
        x = flush(g, o, x);
    }
    f = flt(g, o, x);
    if (in->rnd != 3) {
        f = rounded(g, f, in->rnd);
    }
    over = fcmp(g, LLVMRealOGE, f, flt(g, o, k(g, o, sign ? 0x4f000000 :
                                               0x4f800000)));
    under = fcmp(g, sign ? LLVMRealOLT : LLVMRealOLE, f,
                 flt(g, o, k(g, o, sign ? 0xcf000000 : 0xbf800000)));
    out = or_(g, or_(g, over, under), fcmp(g, LLVMRealUNO, f, f));
    f = flt(g, o, sel(g, out, k(g, o, 0), bits(g, o, f)));
    if (!sign) {
        large = fcmp(g, LLVMRealOGE, f, flt(g, o, top));
        f = fsub(g, f, flt(g, o, sel(g, large, top, k(g, o, 0))));
    }
    r = L.BuildFPToSI(g->b, f, o->vec ? g->v32 : g->i32, "");
    if (sign) {
        r = sel(g, over, k(g, o, 0x7fffffff), r);
        o->r = sel(g, under, k(g, o, 0x80000000), r);
    } else {
        r = sel(g, large, or_(g, r, k(g, o, 0x80000000)), r);
        o->r = sel(g, over, k(g, o, ~0u), r);
    }
}

/* The integer that a conversion takes out of a register. */
static V extract(Gen *g, const SoftInsn *in, const Ops *o)
{
    uint32_t up = 32 - (8u << in->type), at = 8u * in->aux;
    V x = shl(g, lshr(g, o->b, k(g, o, at)), k(g, o, up));

    return in->flags & SOFT_F_SIGN_A ? ashr(g, x, k(g, o, up)) :
           lshr(g, x, k(g, o, up));
}

EMIT(i2f)
{
    LLVMTypeRef t = o->vec ? g->vf32 : g->f32;
    V x = extract(g, in, o);
    V f = in->type < 2 || (in->flags & SOFT_F_SIGN_A) ?
          L.BuildSIToFP(g->b, x, t, "") : L.BuildUIToFP(g->b, x, t, "");

    o->r = bits(g, o, f);
}

EMIT(i2i)
{
    V up = k(g, o, 32 - (8u << in->logic));
    V x = shl(g, extract(g, in, o), up);    /* what the destination keeps */

    o->r = in->flags & SOFT_F_DSIGN ? ashr(g, x, up) : lshr(g, x, up);
    cc_int(g, in, o, NULL, NULL);
}

/* ---- which instruction is made by which function ---- */

typedef struct Row {
    EmitFn *fn;
    unsigned use;
} Row;

static const Row rows[SOFT_OP__MAX] = {
    [SOFT_OP_FADD] = { emit_fadd, USE_AB | FLOAT },
    [SOFT_OP_FADD32I] = { emit_fadd, USE_AB | FLOAT },
    [SOFT_OP_FMUL] = { emit_fmul, USE_AB | FLOAT },
    [SOFT_OP_FMUL32I] = { emit_fmul, USE_AB | FLOAT },
    [SOFT_OP_FFMA] = { emit_ffma, USE_ABC | FLOAT },
    [SOFT_OP_FFMA32I] = { emit_ffma, USE_ABC | FLOAT },
    [SOFT_OP_FMNMX] = { emit_fmnmx, USE_AB | USE_P | FLOAT },
    [SOFT_OP_FSET] = { emit_fset, USE_AB | USE_P | FLOAT },
    [SOFT_OP_FSETP] = { emit_fsetp, USE_AB | USE_P | FLOAT },
    [SOFT_OP_FCMP] = { emit_fcmp, USE_ABC },
    [SOFT_OP_RRO] = { emit_rro, USE_B },
    [SOFT_OP_MUFU] = { emit_mufu, USE_A | FLOAT },
    [SOFT_OP_IADD] = { emit_iadd, USE_AB | USE_CC },
    [SOFT_OP_IADD32I] = { emit_iadd, USE_AB | USE_CC },
    [SOFT_OP_ISCADD] = { emit_iscadd, USE_AB },
    [SOFT_OP_ISCADD32I] = { emit_iscadd, USE_AB },
    [SOFT_OP_IMUL] = { emit_imul, USE_AB },
    [SOFT_OP_IMUL32I] = { emit_imul, USE_AB },
    [SOFT_OP_IMAD] = { emit_imad, USE_ABC | USE_CC },
    [SOFT_OP_IMAD32I] = { emit_imad, USE_ABC | USE_CC },
    [SOFT_OP_SAD] = { emit_sad, USE_ABC },
    [SOFT_OP_SHL] = { emit_shl, USE_AB },
    [SOFT_OP_SHR] = { emit_shr, USE_AB },
    [SOFT_OP_LOP] = { emit_lop, USE_AB },
    [SOFT_OP_LOP32I] = { emit_lop, USE_AB },
    [SOFT_OP_BFE] = { emit_bfe, USE_AB },
    [SOFT_OP_BFI] = { emit_bfi, USE_ABC },
    [SOFT_OP_BFIND] = { emit_bfind, USE_B },
    [SOFT_OP_POPC] = { emit_popc, USE_AB },
    [SOFT_OP_ISET] = { emit_iset, USE_AB | USE_P | USE_CC },
    [SOFT_OP_ISETP] = { emit_isetp, USE_AB | USE_P | USE_CC },
    [SOFT_OP_ICMP] = { emit_icmp, USE_ABC },
    [SOFT_OP_IMNMX] = { emit_imnmx, USE_AB | USE_P },
    [SOFT_OP_MOV] = { emit_mov, USE_B },
    [SOFT_OP_MOV32I] = { emit_mov, USE_B },
    [SOFT_OP_SEL] = { emit_sel, USE_AB | USE_P },
    [SOFT_OP_PRMT] = { emit_prmt, USE_A | USE_C },
    [SOFT_OP_PSET] = { emit_pset, USE_P | USE_XY },
    [SOFT_OP_PSETP] = { emit_psetp, USE_P | USE_XY },
    [SOFT_OP_F2F] = { emit_f2f, USE_B | FLOAT },
    [SOFT_OP_F2I] = { emit_f2i, USE_B | FLOAT },
    [SOFT_OP_I2F] = { emit_i2f, USE_B },
    [SOFT_OP_I2I] = { emit_i2i, USE_B },
};

/* Forms that are left to the handler. */
static bool supported(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_FADD: case SOFT_OP_FFMA:
        return in->rnd == 0;
    case SOFT_OP_FMUL:
        return in->rnd == 0 && in->aux == 0;
    case SOFT_OP_MUFU:
        return in->subop == SOFT_MUFU_RCP || in->subop == SOFT_MUFU_RSQ;
    case SOFT_OP_IMNMX:
        return in->subop == 0;
    case SOFT_OP_MOV: case SOFT_OP_MOV32I:
        return in->aux == 0xf;
    case SOFT_OP_PRMT:
        return in->subop == 0 && in->bkind == SOFT_OPND_IMM;
    case SOFT_OP_F2F:
        return in->type == 2 && in->logic == 2 && in->bkind != SOFT_OPND_IMM;
    case SOFT_OP_F2I:
        return in->type == 2 && in->logic == 2 &&
               in->bkind != SOFT_OPND_IMM && !(in->flags & SOFT_F_CC);
    case SOFT_OP_I2F:
        return in->type != 3 && in->logic == 2 && in->rnd == 0 &&
               in->bkind == SOFT_OPND_REG &&
               !(in->flags & (SOFT_F_NEG_B | SOFT_F_ABS_B));
    case SOFT_OP_I2I:
        return in->type != 3 && in->logic != 3 &&
               in->bkind == SOFT_OPND_REG &&
               !(in->flags & (SOFT_F_NEG_B | SOFT_F_ABS_B | SOFT_F_SAT));
    default:
        return rows[in->op].fn != NULL;
    }
}

/* ---- operands by shape ---- */

typedef struct Operands {
    Val a, b, c, p, x, y, q[4];
} Operands;

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

static Val flag_of(Gen *g, State *st, unsigned q)
{
    return st->q[q].sh.kind == SHAPE_NONE ?
           gpuvm_jit_uniform(L.ConstInt(g->i1, 0, 0)) : st->q[q];
}

static void canonical_reg(Gen *g, State *st, unsigned n, unsigned use)
{
    if (!(use & FLOAT) && n < NREGS) {
        gpuvm_jit_canonical(g, &st->r[n]);
    }
}

/* @each: called for every operand that the row uses. */
static void fetch(Gen *g, State *st, const SoftInsn *in, unsigned use,
                  Operands *v)
{
    if (use & USE_A) {
        canonical_reg(g, st, in->src1, use);
        v->a = *gpuvm_jit_reg(g, st, in->src1);
    }
    if (use & USE_B) {
        if (in->bkind == SOFT_OPND_REG) {
            canonical_reg(g, st, in->src2, use);
        }
        v->b = operand(g, st, in->bkind, in->src2, in);
    }
    if (use & USE_C) {
        if (in->ckind == SOFT_OPND_REG) {
            canonical_reg(g, st, in->src3, use);
        }
        v->c = operand(g, st, in->ckind, in->src3, in);
    }
    if (use & USE_P) {
        v->p = gpuvm_jit_pred(g, st, in->psrc);
    }
    if (use & USE_XY) {
        v->x = gpuvm_jit_pred(g, st, in->src1);
        v->y = gpuvm_jit_pred(g, st, in->src2);
    }
    if ((use & USE_CC) && (in->flags & SOFT_F_CARRY_IN)) {
        v->q[2] = flag_of(g, st, JIT_C);
        if (use & USE_P) {      /* a comparison: Z of the low words, too */
            v->q[0] = flag_of(g, st, JIT_Z);
        }
    }
}

/* Groups in which an instruction can be done with scalars; 0: it cannot. */
static unsigned scalar_groups(const Operands *v)
{
    const Val *all = (const Val *)v;
    unsigned ng = 1;

    for (unsigned i = 0; i < sizeof(*v) / sizeof(Val); i++) {
        if (all[i].sh.kind == SHAPE_NONE) {
            continue;
        }
        if (all[i].sh.kind != SHAPE_SAME || all[i].sh.offs) {
            return 0;
        }
        ng = MAX(ng, all[i].sh.ng);
    }
    return ng;
}

static V scalar(const Val *v, unsigned group)
{
    return v->sh.kind == SHAPE_NONE ? NULL :
           v->s[v->sh.ng == 1 ? 0 : group];
}

/* A raw float as it is. */
static V vec_raw(Gen *g, Val v)
{
    v.raw = false;
    return v.sh.kind == SHAPE_NONE ? NULL : gpuvm_jit_vec_tmp(g, &v);
}

static V mask_or_null(Gen *g, Val *v)
{
    return v->sh.kind == SHAPE_NONE ? NULL : gpuvm_jit_mask_tmp(g, v);
}

static void run_vector(Gen *g, const SoftInsn *in, EmitFn *fn, Operands *v,
                       Ops *o)
{
    o->vec = true;
    o->a = vec_raw(g, v->a);
    o->b = vec_raw(g, v->b);
    o->c = vec_raw(g, v->c);
    o->p = mask_or_null(g, &v->p);
    o->x = mask_or_null(g, &v->x);
    o->y = mask_or_null(g, &v->y);
    for (unsigned i = 0; i < 4; i++) {
        o->q[i] = mask_or_null(g, &v->q[i]);
    }
    fn(g, in, o);
}

static void run_scalar(Gen *g, const SoftInsn *in, EmitFn *fn, Operands *v,
                       unsigned group, Ops *o)
{
    o->vec = false;
    o->a = scalar(&v->a, group);
    o->b = scalar(&v->b, group);
    o->c = scalar(&v->c, group);
    o->p = scalar(&v->p, group);
    o->x = scalar(&v->x, group);
    o->y = scalar(&v->y, group);
    for (unsigned i = 0; i < 4; i++) {
        o->q[i] = scalar(&v->q[i], group);
    }
    fn(g, in, o);
}

/* Results of groups (or, with @ng 0, of the vector) to one value. */
static Val collect(const Ops *o, unsigned ng, size_t field)
{
    V s[JIT_GROUPS];

    if (!ng) {
        return gpuvm_jit_vector(*(V *)((const char *)o + field));
    }
    for (unsigned i = 0; i < ng; i++) {
        s[i] = *(V *)((const char *)&o[i] + field);
    }
    return gpuvm_jit_same(ng, s, NULL);
}

static void write_results(Gen *g, State *st, const SoftInsn *in,
                          const Ops *o, unsigned ng, const Guard *gd)
{
    if (o->r) {
        Val r = collect(o, ng, offsetof(Ops, r));

        r.raw = o->raw;
        gpuvm_jit_write(g, st, in->dst, r, gd);
    }
    if (o->set[0] && in->pdst != SOFT_PRED_TRUE) {
        gpuvm_jit_write_q(g, st, in->pdst,
                          collect(o, ng, offsetof(Ops, set[0])), gd);
    }
    if (o->set[0] && in->pdst2 != SOFT_PRED_TRUE) {
        gpuvm_jit_write_q(g, st, in->pdst2,
                          collect(o, ng, offsetof(Ops, set[1])), gd);
    }
    for (unsigned i = 0; i < 4 && o->flag[0]; i++) {
        gpuvm_jit_write_q(g, st, JIT_Z + i, collect(o, ng,
                          offsetof(Ops, flag) + i * sizeof(V)), gd);
    }
}

bool gpuvm_jit_alu(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];
    const Row *row = &rows[in->op];
    Ops o[JIT_GROUPS] = { { 0 } };
    Operands v = { 0 };
    unsigned ng;

    if (!row->fn || !supported(in)) {
        return false;
    }
    if (gpuvm_jit_affine(g, st, i, gd)) {
        return true;
    }
    fetch(g, st, in, row->use, &v);
    ng = scalar_groups(&v);
    for (unsigned n = 0; n < JIT_GROUPS; n++) {
        o[n].cc = g->flow.after[i].q & JIT_CC_BITS;
    }
    if (!ng) {
        run_vector(g, in, row->fn, &v, &o[0]);
    }
    for (unsigned n = 0; n < ng; n++) {
        run_scalar(g, in, row->fn, &v, n, &o[n]);
    }
    write_results(g, st, in, o, ng, gd);
    return true;
}
