/*
 * Loads and stores whose addresses are vectors, or that only some lanes do.
 *
 * How the addresses lie is seen when the code runs.  g[]: if the active lanes
 * are one run of memory inside a page, a (masked) vector access; if they share
 * one address, one access.  Anything else is the handler's.  s[]: once the
 * addresses are known to be inside and aligned, hardware gathers and scatters.
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

static bool shared(Gen *g, State *st, const JitAccess *a, Val *lo, V bits,
                   const Guard *gd)
{
    LLVMBasicBlockRef fast = gpuvm_jit_bb(g, "gather");
    LLVMBasicBlockRef slow = gpuvm_jit_bb(g, "handler");
    V addr = gpuvm_jit_vec(g, lo), mask = mask_vec(g, gd, bits), regs[4];
    Val res[4];

    addr = add(g, addr, gpuvm_jit_k(g, addr, a->in->offset));
    if (a->store) {
        gpuvm_jit_store_data(g, st, a, regs);
    }
    for (unsigned w = 0; !a->store && w < a->words; w++) {
        res[w] = gpuvm_jit_vector(passthru(g, st, a->in->dst + w));
    }
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
    return true;
}

/* ---- g[] ---- */

/* The first and last active lane, and the first one's address. */
typedef struct Ends {
    V first, last, lo, hi, va;
} Ends;

static Ends ends_of(Gen *g, const JitAccess *a, V lo, V hi, V bits,
                    const Guard *gd)
{
    Ends e = { .first = k32(g, 0), .last = k32(g, SOFT_LANES - 1) };
    V x, y;

    if (!gd->all) {
        e.first = count_zeros(g, "llvm.cttz", bits);
        e.last = sub(g, k32(g, 31), count_zeros(g, "llvm.ctlz", bits));
    }
    e.lo = L.BuildExtractElement(g->b, lo, e.first, "");
    e.hi = L.BuildExtractElement(g->b, hi, e.first, "");
    x = L.BuildZExt(g->b, e.lo, g->i64, "");
    y = L.BuildZExt(g->b, e.hi, g->i64, "");
    e.va = add(g, or_(g, x, shl(g, y, k64(g, 32))),
               k64(g, (int64_t)a->in->offset));
    return e;
}

/* Lanes of @bits for which @vec differs from @x, as an i32. */
static V others(Gen *g, V vec, V x, V bits)
{
    return and_(g, bits_of(g, icmp(g, LLVMIntNE, vec, splat(g, x))), bits);
}

static V misaligned(Gen *g, const JitAccess *a, V va)
{
    return icmp(g, LLVMIntNE, and_(g, va, k64(g, a->bytes - 1)), k64(g, 0));
}

/* The run that the active lanes are, or what says that they are none. */
static V run_bad(Gen *g, const JitAccess *a, V lo, V hi, V bits,
                 const Ends *e)
{
    V base = sub(g, e->lo, mul(g, e->first, k32(g, a->bytes)));
    V rel = sub(g, lo, lanes_times(g, a->bytes)), bad, span, end;

    bad = or_(g, others(g, rel, base, bits), others(g, hi, e->hi, bits));
    bad = icmp(g, LLVMIntNE, bad, k32(g, 0));
    span = mul(g, sub(g, e->last, e->first), k32(g, a->bytes));
    end = add(g, e->lo, span);
    bad = or_(g, bad, icmp(g, LLVMIntULT, end, e->lo));
    end = add(g, and_(g, e->va, k64(g, PAGE_MASK)),
              L.BuildZExt(g->b, span, g->i64, ""));
    bad = or_(g, bad, icmp(g, LLVMIntUGT, end,
                           k64(g, SOFT_PAGE_SIZE - a->bytes)));
    return or_(g, bad, misaligned(g, a, e->va));
}

static V run_ptr(Gen *g, const JitAccess *a, V host, const Ends *e)
{
    V back = mul(g, e->first, k32(g, a->bytes));

    back = sub(g, k64(g, 0), L.BuildZExt(g->b, back, g->i64, ""));
    return gpuvm_jit_at_v(g, host, back, g->v32);
}

static void run_load(Gen *g, V ptr, V mask, const Guard *gd, Val *res)
{
    V args[4] = { ptr, k32(g, 4), mask, res->v };
    LLVMTypeRef over[2] = { g->v32, L.TypeOf(ptr) };

    res->v = gd->all ? gpuvm_jit_load(g, g->v32, ptr, 4) :
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

static bool global(Gen *g, State *st, const JitAccess *a, Val *lo, Val *hi,
                   V bits, const Guard *gd)
{
    LLVMBasicBlockRef fast = gpuvm_jit_bb(g, "run");
    LLVMBasicBlockRef slow = gpuvm_jit_bb(g, "handler");
    V l = gpuvm_jit_vec(g, lo), h = gpuvm_jit_vec(g, hi), bad, host, ptr;
    V mask = mask_vec(g, gd, bits), regs[4];
    Ends e;
    Val res[4];

    if (a->store) {
        gpuvm_jit_store_data(g, st, a, regs);
    } else {
        res[0] = gpuvm_jit_vector(passthru(g, st, a->in->dst));
    }
    e = ends_of(g, a, l, h, bits, gd);
    bad = run_bad(g, a, l, h, bits, &e);
    host = gpuvm_jit_tlb(g, e.va, a->store, &bad);
    gpuvm_jit_br_rare(g, bad, slow, fast);
    at_bb(g, fast);
    ptr = run_ptr(g, a, host, &e);
    if (a->store) {
        run_store(g, ptr, mask, gd, regs[0]);
    } else {
        run_load(g, ptr, mask, gd, &res[0]);
    }
    gpuvm_jit_mem_end(g, st, a, res, slow, bits, gd);
    return true;
}

bool gpuvm_jit_vmem(Gen *g, State *st, const JitAccess *a, Val *lo, Val *hi,
                    const Guard *gd)
{
    V bits = gpuvm_jit_guard_bits(g, st, gd);

    if (a->bytes < 4 || (a->global && a->bytes != 4)) {
        return false;
    }
    if (gd->all || (!st->fast && a->in->pred == SOFT_PRED_TRUE)) {
        return a->global ? global(g, st, a, lo, hi, bits, gd) :
               shared(g, st, a, lo, bits, gd);
    }
    /* perhaps no lane does it: that is rare enough to be the handler's */
    return false;
}
