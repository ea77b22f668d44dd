/*
 * Loads and stores whose addresses are vectors, or that only some lanes do.
 *
 * How the addresses lie is seen when the code runs.  g[]: if the active lanes
 * lie in one page, one look at the translation cache, and then, if they are
 * one run of memory, a (masked) vector access, else a hardware gather or
 * scatter.  Lanes in several pages are the handler's.  s[]: once the addresses
 * are known to be inside and aligned, gathers and scatters.  Where it may be
 * that no lane does it, that is tested first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/gen_mem.h"

#define PAGE_MASK (SOFT_PAGE_SIZE - 1)

static V bits_of(Gen *g, V mask)
{
    return L.BuildBitCast(g->b, mask, g->i32, "");
}

static V lanes_times(Gen *g, uint32_t by)
{
    V all[SOFT_LANES];

    for (unsigned i = 0; i < SOFT_LANES; i++) {
        all[i] = k32(g, i * by);
    }
    return L.ConstVector(all, SOFT_LANES);
}

static V splat(Gen *g, V x)
{
    return gpuvm_jit_spread(g, &x, 1);
}

static V count_zeros(Gen *g, const char *name, V x)
{
    V args[2] = { x, L.ConstInt(g->i1, 1, 0) };
    LLVMTypeRef t = g->i32;

    return gpuvm_jit_intrinsic(g, name, &t, 1, args, 2);
}

static V passthru(Gen *g, State *st, unsigned n)
{
    return n >= NREGS || st->r[n].sh.kind == SHAPE_NONE ?
           L.ConstNull(g->v32) : gpuvm_jit_vec(g, &st->r[n]);
}

static V mask_vec(Gen *g, const Guard *gd, V bits)
{
    return gd->all ? gpuvm_jit_splat_const(g, g->i1, 1) :
           L.BuildBitCast(g->b, bits, g->m32, "");
}

/* ---- s[] ---- */

/* Whether a lane of @bits is outside or not aligned. */
static V shared_bad(Gen *g, const JitAccess *a, V addr, V bits)
{
    V lim = sub(g, g->shared_size, k32(g, a->bytes));
    V small = icmp(g, LLVMIntULT, g->shared_size, k32(g, a->bytes));
    V out = icmp(g, LLVMIntUGT, addr, splat(g, lim));

    if (a->bytes > 1) {
        V low = and_(g, addr, gpuvm_jit_k(g, addr, a->bytes - 1));

        out = or_(g, out, icmp(g, LLVMIntNE, low, L.ConstNull(g->v32)));
    }
    out = and_(g, bits_of(g, out), bits);
    return or_(g, small, icmp(g, LLVMIntNE, out, k32(g, 0)));
}

static V lane_ptrs(Gen *g, V base, V addr, unsigned more, LLVMTypeRef *type)
{
    V p = L.BuildGEP2(g->b, g->i8, base, &addr, 1, "");

    *type = L.VectorType(L.PointerType(g->i32, 0), SOFT_LANES);
    if (more) {
        V ofs = k64(g, more);

        p = L.BuildGEP2(g->b, g->i8, p, &ofs, 1, "");
    }
    return L.BuildBitCast(g->b, p, *type, "");
}

static V gather(Gen *g, V base, V addr, unsigned more, V mask, V old)
{
    LLVMTypeRef t;
    V p = lane_ptrs(g, base, addr, more, &t);
    V args[4] = { p, k32(g, 4), mask, old };
    LLVMTypeRef over[2] = { g->v32, t };

    return gpuvm_jit_intrinsic(g, "llvm.masked.gather", over, 2, args, 4);
}

static void scatter(Gen *g, V base, V addr, unsigned more, V mask, V val)
{
    LLVMTypeRef t;
    V p = lane_ptrs(g, base, addr, more, &t);
    V args[4] = { val, p, k32(g, 4), mask };
    LLVMTypeRef over[2] = { g->v32, t };

    gpuvm_jit_intrinsic(g, "llvm.masked.scatter", over, 2, args, 4);
}

static void shared(Gen *g, State *st, const JitAccess *a, V addr, V bits,
                   const Guard *gd, const V *regs, Val *res)
{
    LLVMBasicBlockRef fast = gpuvm_jit_bb(g, "gather");
    LLVMBasicBlockRef slow = gpuvm_jit_bb(g, "handler");
    V mask = mask_vec(g, gd, bits);

    addr = add(g, addr, gpuvm_jit_k(g, addr, a->in->offset));
    gpuvm_jit_br_rare(g, shared_bad(g, a, addr, bits), slow, fast);
    at_bb(g, fast);
    for (unsigned w = 0; w < a->words; w++) {
        if (a->store) {
            scatter(g, g->shared, addr, 4 * w, mask, regs[w]);
        } else {
            res[w].v = gather(g, g->shared, addr, 4 * w, mask, res[w].v);
        }
    }
    gpuvm_jit_mem_end(g, st, a, res, slow, bits, gd);
}

/* ---- g[] ---- */

/* The lanes' addresses, and what they have in common. */
typedef struct Lanes {
    V bits;                 /* active lanes */
    V ofs;                  /* of each, in the page */
    V first;                /* the first active lane */
    V at;                   /* its offset in the page */
    V page;                 /* host address of the page */
    V bad;                  /* not all in one page, or not aligned */
} Lanes;

/* High words with what adding the instruction's offset carries into them. */
static V high_words(Gen *g, const JitAccess *a, V lo, V hi, V low)
{
    V carry;

    if (!a->in->offset) {
        return hi;
    }
    carry = L.BuildZExt(g->b, icmp(g, LLVMIntULT, low, lo), g->v32, "");
    hi = add(g, hi, carry);
    return a->in->offset < 0 ? sub(g, hi, gpuvm_jit_k(g, hi, 1)) : hi;
}

static Lanes look_at_lanes(Gen *g, const JitAccess *a, V lo, V hi, V bits,
                           const Guard *gd)
{
    Lanes n = { .bits = bits, .first = k32(g, 0) };
    V low = add(g, lo, gpuvm_jit_k(g, lo, a->in->offset)), l, h, va, other;

    hi = high_words(g, a, lo, hi, low);
    if (!gd->all) {
        n.first = count_zeros(g, "llvm.cttz", bits);
    }
    l = L.BuildExtractElement(g->b, low, n.first, "");
    h = L.BuildExtractElement(g->b, hi, n.first, "");
    n.at = and_(g, l, k32(g, PAGE_MASK));
    n.ofs = and_(g, low, gpuvm_jit_k(g, low, PAGE_MASK));
    other = and_(g, xor_(g, low, splat(g, l)),
                 gpuvm_jit_k(g, low, ~PAGE_MASK));
    other = or_(g, other, xor_(g, hi, splat(g, h)));
    other = or_(g, other, and_(g, low, gpuvm_jit_k(g, low, a->bytes - 1)));
    n.bad = bits_of(g, icmp(g, LLVMIntNE, other, L.ConstNull(g->v32)));
    n.bad = icmp(g, LLVMIntNE, and_(g, n.bad, bits), k32(g, 0));
    va = or_(g, L.BuildZExt(g->b, and_(g, l, k32(g, ~PAGE_MASK)), g->i64, ""),
             shl(g, L.BuildZExt(g->b, h, g->i64, ""), k64(g, 32)));
    n.page = gpuvm_jit_tlb(g, va, a->store, &n.bad);
    return n;
}

/*
 * Whether the active lanes are words, lane after lane; @base is where lane 0
 * is or would be.  All 32 would lie in the page: a masked access that reaches
 * into one that is not there works, but takes the processor very long.
 */
static V is_run(Gen *g, const Lanes *n, V *base)
{
    V rel = sub(g, n->ofs, lanes_times(g, 4)), differ, inside;

    *base = sub(g, n->at, shl(g, n->first, k32(g, 2)));
    differ = bits_of(g, icmp(g, LLVMIntNE, rel, splat(g, *base)));
    differ = and_(g, differ, n->bits);
    inside = icmp(g, LLVMIntULE, *base,
                  k32(g, SOFT_PAGE_SIZE - 4 * SOFT_LANES));
    return and_(g, inside, icmp(g, LLVMIntEQ, differ, k32(g, 0)));
}

static V run_load(Gen *g, V ptr, V mask, const Guard *gd, V old)
{
    V args[4] = { ptr, k32(g, 4), mask, old };
    LLVMTypeRef over[2] = { g->v32, L.TypeOf(ptr) };

    return gd->all ? gpuvm_jit_load(g, g->v32, ptr, 4) :
           gpuvm_jit_intrinsic(g, "llvm.masked.load", over, 2, args, 4);
}

static void run_store(Gen *g, V ptr, V mask, const Guard *gd, V val)
{
    V args[4] = { val, ptr, k32(g, 4), mask };
    LLVMTypeRef over[2] = { g->v32, L.TypeOf(ptr) };

    if (gd->all) {
        gpuvm_jit_store(g, val, ptr, 4);
    } else {
        gpuvm_jit_intrinsic(g, "llvm.masked.store", over, 2, args, 4);
    }
}

/* One word, by a run or by a gather or scatter; @val: what to store, or what
 * lanes that are not active keep. */
static V one_word(Gen *g, const JitAccess *a, const Lanes *n, V mask,
                  const Guard *gd, V val)
{
    LLVMBasicBlockRef run = gpuvm_jit_bb(g, "run");
    LLVMBasicBlockRef any = gpuvm_jit_bb(g, "any");
    LLVMBasicBlockRef got = gpuvm_jit_bb(g, "got"), from[2];
    V base, ptr, v[2] = { NULL }, phi = NULL;

    L.BuildCondBr(g->b, is_run(g, n, &base), run, any);
    at_bb(g, run);
    ptr = gpuvm_jit_at_v(g, n->page, L.BuildZExt(g->b, base, g->i64, ""),
                         g->v32);
    if (a->store) {
        run_store(g, ptr, mask, gd, val);
    } else {
        v[0] = run_load(g, ptr, mask, gd, val);
    }
    from[0] = L.GetInsertBlock(g->b);
    L.BuildBr(g->b, got);
    at_bb(g, any);
    if (a->store) {
        scatter(g, n->page, n->ofs, 0, mask, val);
    } else {
        v[1] = gather(g, n->page, n->ofs, 0, mask, val);
    }
    from[1] = L.GetInsertBlock(g->b);
    L.BuildBr(g->b, got);
    at_bb(g, got);
    if (!a->store) {
        phi = L.BuildPhi(g->b, g->v32, "");
        L.AddIncoming(phi, v, from, 2);
    }
    return phi;
}

static void move(Gen *g, const JitAccess *a, const Lanes *n, V mask,
                 const Guard *gd, const V *regs, Val *res)
{
    if (a->words == 1) {
        V v = one_word(g, a, n, mask, gd, a->store ? regs[0] : res[0].v);

        res[0].v = a->store ? NULL : v;
        return;
    }
    for (unsigned w = 0; w < a->words; w++) {
        if (a->store) {
            scatter(g, n->page, n->ofs, 4 * w, mask, regs[w]);
        } else {
            res[w].v = gather(g, n->page, n->ofs, 4 * w, mask, res[w].v);
        }
    }
}

static void global(Gen *g, State *st, const JitAccess *a, V lo, V hi,
                   V bits, const Guard *gd, const V *regs, Val *res)
{
    LLVMBasicBlockRef fast = gpuvm_jit_bb(g, "page");
    LLVMBasicBlockRef slow = gpuvm_jit_bb(g, "handler");
    Lanes n = look_at_lanes(g, a, lo, hi, bits, gd);

    gpuvm_jit_br_rare(g, n.bad, slow, fast);
    at_bb(g, fast);
    move(g, a, &n, mask_vec(g, gd, bits), gd, regs, res);
    gpuvm_jit_mem_end(g, st, a, res, slow, bits, gd);
}

/* ---- both ---- */

/* In the block @none no lane does it, and what was there stays. */
static void or_not(Gen *g, State *st, const JitAccess *a,
                   LLVMBasicBlockRef none, const Val *old)
{
    LLVMBasicBlockRef from[2] = { none, L.GetInsertBlock(g->b) };
    LLVMBasicBlockRef on = gpuvm_jit_bb(g, "on");

    L.BuildBr(g->b, on);
    at_bb(g, none);
    L.BuildBr(g->b, on);
    at_bb(g, on);
    for (unsigned w = 0; !a->store && w < a->words; w++) {
        unsigned r = a->in->dst + w;
        V v[2];

        if (r < NREGS) {
            v[0] = old[w].v;
            v[1] = st->r[r].v;
            st->r[r] = gpuvm_jit_vector(L.BuildPhi(g->b, g->v32, ""));
            L.AddIncoming(st->r[r].v, v, from, 2);
        }
    }
}

bool gpuvm_jit_vmem(Gen *g, State *st, const JitAccess *a, Val *lo, Val *hi,
                    const Guard *gd)
{
    bool sure = gd->all || (!st->fast && a->in->pred == SOFT_PRED_TRUE);
    V bits = gpuvm_jit_guard_bits(g, st, gd), l, h, regs[4];
    LLVMBasicBlockRef none = NULL;
    Val res[4], old[4];

    if (a->bytes < 4) {
        return false;
    }
    /* whatever is used on several ways is made before they part */
    l = gpuvm_jit_vec(g, lo);
    h = gpuvm_jit_vec(g, hi);
    if (a->store) {
        gpuvm_jit_store_data(g, st, a, regs);
    }
    for (unsigned w = 0; !a->store && w < a->words; w++) {
        old[w] = res[w] = gpuvm_jit_vector(passthru(g, st, a->in->dst + w));
    }
    if (!sure) {
        LLVMBasicBlockRef some = gpuvm_jit_bb(g, "some");

        none = gpuvm_jit_bb(g, "none");
        L.BuildCondBr(g->b, icmp(g, LLVMIntEQ, bits, k32(g, 0)), none, some);
        at_bb(g, some);
    }
    if (a->global) {
        global(g, st, a, l, h, bits, gd, regs, res);
    } else {
        shared(g, st, a, l, bits, gd, regs, res);
    }
    if (none) {
        or_not(g, st, a, none, old);
    }
    return true;
}
