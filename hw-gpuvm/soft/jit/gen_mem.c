/*
 * Loads and stores of g[] and s[] whose addresses have a shape: known, but for
 * a base, when the code is made.
 *
 * The 32 lanes are cut into pieces, each of which is one run of memory or one
 * address.  All that can go wrong is tested first (alignment, end of the page,
 * translation cache, size of s[]); if anything does, or the shape is none that
 * is handled here, the interpreter's handler does the whole access, faults
 * included.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/gen.h"
#include "soft/jit/gen_mem.h"

#define PAGE_MASK (SOFT_PAGE_SIZE - 1)
#define TLB_BITS  10

_Static_assert(SOFT_TLB_SIZE == 1 << TLB_BITS, "as tlb_look() has it");

/* A piece: lanes [first, first + lanes). */
typedef struct Piece {
    unsigned first, lanes;
    bool run;               /* lane after lane; else one address */
    V ptr;                  /* host address of the first lane */
    V data[4];              /* words loaded: vectors of .lanes, or scalars */
} Piece;

static unsigned bytes_of(unsigned type)
{
    static const uint8_t bytes[8] = { 1, 1, 2, 2, 4, 8, 16, 16 };

    return bytes[type & 7];
}

bool gpuvm_jit_access(const SoftInsn *in, uint32_t i, JitAccess *a)
{
    *a = (JitAccess) { .in = in, .i = i };
    switch (in->op) {
    case SOFT_OP_LD: case SOFT_OP_LDU:
        a->global = true;
        break;
    case SOFT_OP_ST:
        a->global = a->store = true;
        break;
    case SOFT_OP_LDS:
        break;
    case SOFT_OP_STS:
        a->store = true;
        break;
    default:
        return false;
    }
    /* 32-bit addresses may lie in the windows of s[] and l[] */
    if (a->global && !(in->flags & SOFT_F_WIDE)) {
        return false;
    }
    a->bytes = bytes_of(in->type);
    a->words = (a->bytes + 3) / 4;
    return true;
}

/* ---- pieces ---- */

static int32_t offs_at(const int32_t *offs, unsigned lane)
{
    return offs ? offs[lane] : 0;
}

/* How lanes [first, first + n) lie: 1 a run, 0 one address, -1 otherwise. */
static int pattern(const int32_t *offs, unsigned first, unsigned n,
                   unsigned bytes)
{
    bool run = true, one = true;

    for (unsigned k = 1; k < n; k++) {
        int64_t d = (int64_t)offs_at(offs, first + k) - offs_at(offs, first);

        run &= d == (int64_t)k * bytes;
        one &= d == 0;
    }
    return one ? 0 : run ? 1 : -1;
}

/* Cuts the lanes into the fewest pieces; 0 if there is no way. */
static unsigned cut(const Gen *g, const JitAccess *a, const Val *lo,
                    unsigned least, Piece *p)
{
    for (unsigned n = least; n <= JIT_GROUPS; n *= 2) {
        unsigned lanes = SOFT_LANES / n, k;

        for (k = 0; k < n; k++) {
            int how = pattern(lo->sh.offs, k * lanes, lanes, a->bytes);

            if (how < 0) {
                break;
            }
            p[k] = (Piece) { .first = k * lanes, .lanes = lanes, .run = how };
        }
        if (k == n) {
            return n;
        }
    }
    return 0;
}

static V group_scalar(const Val *v, const Piece *p)
{
    return v->s[p->first * v->sh.ng / SOFT_LANES];
}

/*
 * Tests are collected in one 64-bit value, negative if any of them failed: one
 * branch an access instead of one a test.
 */
static void fails_if_more(Gen *g, V *bad, V x, V limit)
{
    *bad = or_(g, *bad, sub(g, limit, x));
}

static void fails_if_bits(Gen *g, V *bad, V x)
{
    *bad = or_(g, *bad, sub(g, k64(g, 0), x));
}

/* Low word of the first lane's address. */
static V first_low(Gen *g, const Val *lo, const Piece *p)
{
    return add(g, group_scalar(lo, p),
               k32(g, offs_at(lo->sh.offs, p->first)));
}

static uint32_t span_of(const JitAccess *a, const Piece *p)
{
    return p->run ? (p->lanes - 1) * a->bytes : 0;
}

/* A host address from the translation cache; see gpuvm_soft_tlb_page(). */
static V tlb_look(Gen *g, V va, bool write, V *differs)
{
    V page = and_(g, va, k64(g, ~(uint64_t)PAGE_MASK));
    V e = lshr(g, va, k64(g, SOFT_PAGE_BITS)), tag, host;

    /* gpuvm_soft_tlb_slot() */
    e = add(g, e, mul(g, lshr(g, va, k64(g, SOFT_PAGE_BITS + TLB_BITS)),
                      k64(g, SOFT_TLB_SPREAD)));
    e = and_(g, e, k64(g, SOFT_TLB_SIZE - 1));
    e = mul(g, e, k64(g, sizeof(SoftTlbEntry)));
    tag = gpuvm_jit_load(g, g->i64, gpuvm_jit_at_v(g, g->tlb, add(g, e,
              k64(g, offsetof(SoftTlb, e) + offsetof(SoftTlbEntry, tag))),
              g->i64), 8);
    host = gpuvm_jit_load(g, g->p8, gpuvm_jit_at_v(g, g->tlb, add(g, e,
               k64(g, offsetof(SoftTlb, e) + offsetof(SoftTlbEntry, host))),
               g->p8), 8);
    tag = write ? tag : or_(g, tag, k64(g, 2));
    *differs = xor_(g, tag, or_(g, page, k64(g, 3)));
    return gpuvm_jit_at_v(g, host, and_(g, va, k64(g, PAGE_MASK)), g->i8);
}

V gpuvm_jit_tlb(Gen *g, V va, bool write, V *bad)
{
    V differs, p = tlb_look(g, va, write, &differs);

    *bad = or_(g, *bad, icmp(g, LLVMIntNE, differs, k64(g, 0)));
    return p;
}

static V piece_global(Gen *g, const JitAccess *a, const Val *lo,
                      const Val *hi, const Piece *p, V *bad)
{
    uint32_t span = span_of(a, p);
    V x = L.BuildZExt(g->b, first_low(g, lo, p), g->i64, "");
    V y = L.BuildZExt(g->b, group_scalar(hi, p), g->i64, ""), va, differs;

    fails_if_more(g, bad, x, k64(g, (uint32_t)~span));
    va = or_(g, x, shl(g, y, k64(g, 32)));
    va = add(g, va, k64(g, (int64_t)a->in->offset));
    if (a->bytes > 1) {
        fails_if_bits(g, bad, and_(g, va, k64(g, a->bytes - 1)));
    }
    fails_if_more(g, bad, and_(g, va, k64(g, PAGE_MASK)),
                  k64(g, SOFT_PAGE_SIZE - span - a->bytes));
    y = tlb_look(g, va, a->store, &differs);
    /* a difference has at most 63 bits, but for an address that is none */
    fails_if_bits(g, bad, or_(g, and_(g, differs, k64(g, INT64_MAX)),
                              lshr(g, differs, k64(g, 63))));
    return y;
}

static V piece_shared(Gen *g, const JitAccess *a, const Val *lo,
                      const Piece *p, V *bad)
{
    uint32_t span = span_of(a, p);
    V x = add(g, first_low(g, lo, p), k32(g, a->in->offset));

    x = L.BuildZExt(g->b, x, g->i64, "");
    fails_if_more(g, bad, add(g, x, k64(g, span + a->bytes)),
                  L.BuildZExt(g->b, g->shared_size, g->i64, ""));
    if (a->bytes > 1) {
        fails_if_bits(g, bad, and_(g, x, k64(g, a->bytes - 1)));
    }
    return gpuvm_jit_at_v(g, g->shared, x, g->i8);
}

/* ---- data ---- */

static LLVMTypeRef lane_type(Gen *g, const JitAccess *a)
{
    return a->bytes == 1 ? g->i8 : a->bytes == 2 ? g->i16 : g->i32;
}

static V ptr_to(Gen *g, V p, LLVMTypeRef type)
{
    return L.BuildBitCast(g->b, p, L.PointerType(type, 0), "");
}

/* A small integer as a register has it. */
static V widen(Gen *g, const JitAccess *a, V x, LLVMTypeRef to)
{
    if (a->bytes >= 4) {
        return x;
    }
    return a->in->type == SOFT_ACCESS_S8 || a->in->type == SOFT_ACCESS_S16 ?
           L.BuildSExt(g->b, x, to, "") : L.BuildZExt(g->b, x, to, "");
}

static unsigned align_of(const JitAccess *a)
{
    return MIN(a->bytes, 4);
}

/* Word @w of each lane out of words that lie lane after lane. */
static V every(Gen *g, V all, unsigned w, unsigned words, unsigned lanes)
{
    V pick[SOFT_LANES];

    if (words == 1) {
        return all;
    }
    for (unsigned k = 0; k < lanes; k++) {
        pick[k] = k32(g, k * words + w);
    }
    return L.BuildShuffleVector(g->b, all, L.GetUndef(L.TypeOf(all)),
                                L.ConstVector(pick, lanes), "");
}

static void load_piece(Gen *g, const JitAccess *a, Piece *p)
{
    LLVMTypeRef lane = lane_type(g, a), t;

    if (!p->run) {
        for (unsigned w = 0; w < a->words; w++) {
            V x = gpuvm_jit_load(g, lane, gpuvm_jit_at(g, p->ptr, 4 * w,
                                                       lane), align_of(a));

            p->data[w] = widen(g, a, x, g->i32);
        }
        return;
    }
    t = L.VectorType(lane, p->lanes * a->words);
    t = L.TypeOf(L.GetUndef(t));
    V all = gpuvm_jit_load(g, t, ptr_to(g, p->ptr, t), align_of(a));

    all = widen(g, a, all, L.VectorType(g->i32, p->lanes * a->words));
    for (unsigned w = 0; w < a->words; w++) {
        p->data[w] = every(g, all, w, a->words, p->lanes);
    }
}

/* Lanes of a piece out of a whole register. */
static V part(Gen *g, V reg, const Piece *p)
{
    V pick[SOFT_LANES];

    if (p->lanes == SOFT_LANES) {
        return reg;
    }
    for (unsigned k = 0; k < p->lanes; k++) {
        pick[k] = k32(g, p->first + k);
    }
    return L.BuildShuffleVector(g->b, reg, L.GetUndef(L.TypeOf(reg)),
                                L.ConstVector(pick, p->lanes), "");
}

/* Words of several registers, lane after lane. */
static V interleave(Gen *g, const V *w, unsigned words, unsigned lanes)
{
    V pick[4 * SOFT_LANES], lo = w[0], hi = words > 1 ? w[1] : w[0];

    if (words == 1) {
        return w[0];
    }
    if (words == 4) {
        /* pairs of pairs: 0 2 0 2 ... and 1 3 1 3 ... */
        V even[2] = { w[0], w[2] }, odd[2] = { w[1], w[3] };

        lo = interleave(g, even, 2, lanes);
        hi = interleave(g, odd, 2, lanes);
        lanes *= 2;
    }
    for (unsigned k = 0; k < lanes; k++) {
        pick[2 * k] = k32(g, k);
        pick[2 * k + 1] = k32(g, lanes + k);
    }
    return L.BuildShuffleVector(g->b, lo, hi, L.ConstVector(pick, 2 * lanes),
                                "");
}

static void store_piece(Gen *g, const JitAccess *a, const V *regs,
                        const Piece *p)
{
    LLVMTypeRef lane = lane_type(g, a), t;
    V w[4], all;

    if (!p->run) {
        /* the highest lane remains */
        for (unsigned k = 0; k < a->words; k++) {
            V x = L.BuildExtractElement(g->b, regs[k], k32(g, p->first +
                                        p->lanes - 1), "");

            x = a->bytes < 4 ? L.BuildTrunc(g->b, x, lane, "") : x;
            gpuvm_jit_store(g, x, gpuvm_jit_at(g, p->ptr, 4 * k, lane),
                            align_of(a));
        }
        return;
    }
    for (unsigned k = 0; k < a->words; k++) {
        w[k] = part(g, regs[k], p);
    }
    all = interleave(g, w, a->words, p->lanes);
    t = L.VectorType(lane, p->lanes * a->words);
    all = a->bytes < 4 ? L.BuildTrunc(g->b, all, t, "") : all;
    gpuvm_jit_store(g, all, ptr_to(g, p->ptr, t), align_of(a));
}

/* Pieces of one word to a whole register. */
static V join(Gen *g, Piece *p, unsigned n, unsigned w)
{
    V v[JIT_GROUPS];

    for (unsigned k = 0; k < n; k++) {
        v[k] = p[k].data[w];
        if (!p[k].run) {
            V one = L.GetUndef(L.VectorType(g->i32, p[k].lanes));
            V zero = L.ConstNull(L.TypeOf(one));

            one = L.BuildInsertElement(g->b, one, v[k], k32(g, 0), "");
            v[k] = L.BuildShuffleVector(g->b, one, one, zero, "");
        }
    }
    for (unsigned lanes = p[0].lanes; n > 1; n /= 2, lanes *= 2) {
        V pick[SOFT_LANES];

        for (unsigned k = 0; k < 2 * lanes; k++) {
            pick[k] = k32(g, k);
        }
        for (unsigned k = 0; k < n / 2; k++) {
            v[k] = L.BuildShuffleVector(g->b, v[2 * k], v[2 * k + 1],
                                        L.ConstVector(pick, 2 * lanes), "");
        }
    }
    return v[0];
}

/* ---- the handler as the slow path ---- */

void gpuvm_jit_store_data(Gen *g, State *st, const JitAccess *a, V *regs)
{
    for (unsigned w = 0; w < a->words; w++) {
        regs[w] = gpuvm_jit_vec(g, gpuvm_jit_reg(g, st, a->in->dst < NREGS ?
                                                 a->in->dst + w : NREGS));
    }
}

static V phi2(Gen *g, LLVMTypeRef t, V x, LLVMBasicBlockRef bx, V y,
              LLVMBasicBlockRef by)
{
    V phi = L.BuildPhi(g->b, t, ""), v[2] = { x, y };
    LLVMBasicBlockRef from[2] = { bx, by };

    L.AddIncoming(phi, v, from, 2);
    return phi;
}

static V reload(Gen *g, unsigned n, LLVMTypeRef t, unsigned lane)
{
    uint64_t ofs = offsetof(SoftWarp, r) + 4 * lane +
                   n * sizeof(((SoftWarp *)0)->r[0]);

    return gpuvm_jit_load(g, t, gpuvm_jit_at(g, g->warp, ofs, t), 4);
}

/* Values of the fast way, ended in @fast, and of the slow one, here. */
static void merge(Gen *g, State *st, const JitAccess *a, Val *fast,
                  LLVMBasicBlockRef fast_end, LLVMBasicBlockRef on,
                  const Guard *gd)
{
    Val slow[4];
    LLVMBasicBlockRef slow_end;

    for (unsigned w = 0; !a->store && w < a->words; w++) {
        unsigned n = a->in->dst + w;

        slow[w] = fast[w];
        if (n >= NREGS) {
            continue;
        }
        if (fast[w].sh.kind == SHAPE_VEC) {
            slow[w].v = reload(g, n, g->v32, 0);
        }
        for (unsigned k = 0; fast[w].sh.kind == SHAPE_SAME &&
             k < fast[w].sh.ng; k++) {
            slow[w].s[k] = reload(g, n, g->i32,
                                  k * SOFT_LANES / fast[w].sh.ng);
        }
    }
    slow_end = L.GetInsertBlock(g->b);
    L.BuildBr(g->b, on);
    at_bb(g, on);
    for (unsigned w = 0; !a->store && w < a->words; w++) {
        Val v = fast[w];

        if (a->in->dst + w >= NREGS) {
            continue;
        }
        if (v.sh.kind == SHAPE_VEC) {
            v.v = phi2(g, g->v32, fast[w].v, fast_end, slow[w].v, slow_end);
        }
        for (unsigned k = 0; v.sh.kind == SHAPE_SAME && k < v.sh.ng; k++) {
            v.s[k] = phi2(g, g->i32, fast[w].s[k], fast_end, slow[w].s[k],
                          slow_end);
        }
        fast[w] = v;
    }
    for (unsigned w = 0; !a->store && w < a->words; w++) {
        gpuvm_jit_write(g, st, a->in->dst + w, fast[w], gd);
    }
}

/* In a block of its own: the handler does it for the lanes of @mask. */
static void slow_way(Gen *g, const State *st, const JitAccess *a, V mask,
                     bool old)
{
    LLVMBasicBlockRef bad = gpuvm_jit_bb(g, "fault");
    LLVMBasicBlockRef ok = gpuvm_jit_bb(g, "slow");
    JitEffect e;
    V status;

    gpuvm_jit_effect(a->in, &e);
    e.use.r |= old ? e.def.r : 0;
    gpuvm_jit_flush(g, st, e.use);
    status = gpuvm_jit_call_handler(g, a->i, mask);
    gpuvm_jit_br_rare(g, icmp(g, LLVMIntNE, status, k32(g, SOFT_EXEC_OK)),
                      bad, ok);
    at_bb(g, bad);
    gpuvm_jit_fault(g, st);
    at_bb(g, ok);
}

void gpuvm_jit_mem_end(Gen *g, State *st, const JitAccess *a, Val *fast,
                       LLVMBasicBlockRef slow, V mask, const Guard *gd)
{
    LLVMBasicBlockRef end = L.GetInsertBlock(g->b);
    LLVMBasicBlockRef on = gpuvm_jit_bb(g, "on");

    L.BuildBr(g->b, on);
    at_bb(g, slow);
    slow_way(g, st, a, mask, !gd->all);
    merge(g, st, a, fast, end, on, gd);
}

/* ---- an access with a shape ---- */

static void shaped(Gen *g, State *st, const JitAccess *a, const Val *lo,
                   const Val *hi, Piece *p, unsigned n, const Guard *gd)
{
    LLVMBasicBlockRef fast = gpuvm_jit_bb(g, "shaped");
    LLVMBasicBlockRef slow = gpuvm_jit_bb(g, "handler");
    V bad = k64(g, 0), regs[4];
    bool scalars = !a->store && (n == 1 || n == g->groups);
    Val res[4];

    if (a->store) {
        gpuvm_jit_store_data(g, st, a, regs);
    }
    for (unsigned k = 0; k < n; k++) {
        p[k].ptr = a->global ? piece_global(g, a, lo, hi, &p[k], &bad) :
                   piece_shared(g, a, lo, &p[k], &bad);
        scalars &= !p[k].run;
    }
    bad = icmp(g, LLVMIntSLT, bad, k64(g, 0));
    gpuvm_jit_br_rare(g, bad, slow, fast);
    at_bb(g, fast);
    for (unsigned k = 0; k < n; k++) {
        if (a->store) {
            store_piece(g, a, regs, &p[k]);
        } else {
            load_piece(g, a, &p[k]);
        }
    }
    for (unsigned w = 0; !a->store && w < a->words; w++) {
        V s[JIT_GROUPS];

        for (unsigned k = 0; k < n; k++) {
            s[k] = p[k].data[w];
        }
        res[w] = scalars ? gpuvm_jit_same(n, s, NULL) :
                 gpuvm_jit_vector(join(g, p, n, w));
    }
    gpuvm_jit_mem_end(g, st, a, res, slow, k32(g, ~0u), gd);
}

/* A constant bank read with LDC at an offset that is known. */
static bool known_ldc(Gen *g, State *st, const SoftInsn *in, const Guard *gd)
{
    unsigned words = bytes_of(in->type) / 4;

    if (in->op != SOFT_OP_LDC || in->src1 < NREGS || in->subop || !words ||
        in->cofs % (4 * words)) {
        return false;
    }
    for (unsigned w = 0; w < words; w++) {
        Val v = gpuvm_jit_uniform(gpuvm_jit_load_const(g, in->bank,
                                                       in->cofs + 4 * w));

        gpuvm_jit_write(g, st, in->dst < NREGS ? in->dst + w : NREGS, v, gd);
    }
    return true;
}

bool gpuvm_jit_mem(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];
    Piece p[JIT_GROUPS];
    JitAccess a;
    Val lo, hi;
    unsigned n = 0;

    if (known_ldc(g, st, in, gd)) {
        return true;
    }
    if (!gpuvm_jit_access(in, i, &a)) {
        return false;
    }
    gpuvm_jit_canonical(g, gpuvm_jit_reg(g, st, in->src1));
    lo = *gpuvm_jit_reg(g, st, in->src1);
    hi = gpuvm_jit_uniform(k32(g, 0));
    if (a.global) {
        unsigned up = in->src1 < NREGS ? in->src1 + 1 : NREGS;

        gpuvm_jit_canonical(g, gpuvm_jit_reg(g, st, up));
        hi = *gpuvm_jit_reg(g, st, up);
    }
    if (gd->all && lo.sh.kind == SHAPE_SAME && hi.sh.kind == SHAPE_SAME &&
        !hi.sh.offs) {
        n = cut(g, &a, &lo, MAX(lo.sh.ng, hi.sh.ng), p);
    }
    if (n) {
        shaped(g, st, &a, &lo, &hi, p, n, gd);
        return true;
    }
    return gpuvm_jit_vmem(g, st, &a, &lo, &hi, gd);
}
