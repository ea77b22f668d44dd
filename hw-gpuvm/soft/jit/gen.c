/*
 * The code generator's frame: blocks in their versions, edges between them,
 * ways in and out, guards, and calls of the interpreter's handlers.
 *
 * Values live in LLVM's registers inside a block and in stack slots (allocas)
 * between blocks, which LLVM turns into registers as well.  Which slots a fast
 * block takes its values from depends on the shapes that all its predecessors
 * agree on.  Those are not known when the first of them is generated, so the
 * function is generated again and again, from the shapes found so far, until
 * nothing changes; a shape only ever becomes more general, so this ends.
 *
 * General code goes to a *check* of the block it wants: if all 32 lanes are
 * active and the values happen to have the shapes that the fast version wants,
 * it is entered, else the general one.  Coming in from outside does the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/gen.h"

#include <string.h>

#define EACH_REG(n, set) \
    for (uint64_t m_##n = (set), n = 0; \
         m_##n && (n = __builtin_ctzll(m_##n), 1); m_##n &= m_##n - 1)

/* Offsets in SoftWarp. */
static uint64_t ofs_reg(unsigned n)
{
    return offsetof(SoftWarp, r) + n * sizeof(((SoftWarp *)0)->r[0]);
}

static uint64_t ofs_flag(unsigned q)
{
    return q < JIT_Z ? offsetof(SoftWarp, p) + 4 * q :
           offsetof(SoftWarp, z) + 4 * (q - JIT_Z);
}

_Static_assert(offsetof(SoftWarp, s) == offsetof(SoftWarp, z) + 4 &&
               offsetof(SoftWarp, c) == offsetof(SoftWarp, z) + 8 &&
               offsetof(SoftWarp, o) == offsetof(SoftWarp, z) + 12,
               "flags in the order of JIT_Z and its like");

static void queue(Gen *g, uint32_t block, Version v)
{
    uint32_t task = block << 2 | v;

    if (!g->blk[block].queued[v]) {
        g->blk[block].queued[v] = true;
        g_array_append_val(g->tasks, task);
    }
}

static LLVMBasicBlockRef bb_of(Gen *g, uint32_t block, Version v)
{
    Blk *b = &g->blk[block];
    LLVMBasicBlockRef *bb = v == VER_FAST ? &b->fast :
                            v == VER_GENERAL ? &b->general : &b->check;

    if (!*bb) {
        *bb = gpuvm_jit_bb(g, v == VER_FAST ? "fast" :
                           v == VER_GENERAL ? "general" : "check");
    }
    queue(g, block, v);
    return *bb;
}

static V slot(Gen *g, V *where, LLVMTypeRef type)
{
    if (!*where) {
        *where = L.BuildAlloca(g->ab, type, "");
    }
    return *where;
}

/* ---- the warp in memory ---- */

void gpuvm_jit_flush(Gen *g, const State *st, JitSet s)
{
    EACH_REG(n, s.r) {
        if (st->r[n].sh.kind != SHAPE_NONE) {
            gpuvm_jit_store(g, gpuvm_jit_vec_tmp(g, &st->r[n]),
                            gpuvm_jit_at(g, g->warp, ofs_reg(n), g->v32), 64);
        }
    }
    EACH_REG(q, s.q) {
        if (st->q[q].sh.kind != SHAPE_NONE) {
            V bits = L.BuildBitCast(g->b, gpuvm_jit_mask_tmp(g, &st->q[q]),
                                    g->i32, "");

            gpuvm_jit_store(g, bits, gpuvm_jit_at(g, g->warp, ofs_flag(q),
                                                  g->i32), 4);
        }
    }
}

void gpuvm_jit_flush_live(Gen *g, const State *st, JitSet live)
{
    if (!st->fast) {
        live.r |= g->cur->waiting.r;
        live.q |= g->cur->waiting.q;
    }
    live.r &= st->dirty.r;
    live.q &= st->dirty.q;
    gpuvm_jit_flush(g, st, live);
}

static Val reload_reg(Gen *g, unsigned n)
{
    return gpuvm_jit_vector(gpuvm_jit_load(g, g->v32,
                gpuvm_jit_at(g, g->warp, ofs_reg(n), g->v32), 64));
}

static Val reload_flag(Gen *g, unsigned q)
{
    V bits = gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, g->warp, ofs_flag(q),
                                                    g->i32), 4);

    return gpuvm_jit_vector(L.BuildBitCast(g->b, bits, g->m32, ""));
}

static void store_word(Gen *g, uint64_t ofs, V v)
{
    gpuvm_jit_store(g, v, gpuvm_jit_at(g, g->warp, ofs, g->i32), 4);
}

/* What is left of the budget goes back to the driver. */
static void give_left(Gen *g, const State *st)
{
    V left = gpuvm_jit_load(g, g->i32, g->left, 4);

    left = sub(g, left, k32(g, st->count));
    gpuvm_jit_store(g, left, gpuvm_jit_at(g, g->frame,
                    offsetof(JitFrame, left), g->i32), 4);
}

void gpuvm_jit_exit(Gen *g, const State *st, int status, uint32_t pc,
                    JitSet live)
{
    gpuvm_jit_flush_live(g, st, live);
    store_word(g, offsetof(SoftWarp, pc), k32(g, pc));
    store_word(g, offsetof(SoftWarp, active),
               st->fast ? k32(g, ~0u) : st->act);
    give_left(g, st);
    L.BuildRet(g->b, k32(g, status));
}

void gpuvm_jit_fault(Gen *g, const State *st)
{
    give_left(g, st);
    L.BuildRet(g->b, k32(g, SOFT_RUN_FAULT));
}

void gpuvm_jit_guard(Gen *g, const State *st, uint32_t i, V bad)
{
    LLVMBasicBlockRef out = gpuvm_jit_bb(g, "wrong");
    LLVMBasicBlockRef on = gpuvm_jit_bb(g, "right");
    State copy = *st;

    gpuvm_jit_br_rare(g, bad, out, on);
    at_bb(g, out);
    copy.count--;       /* this one was not executed */
    gpuvm_jit_exit(g, &copy, JIT_EXIT_STEP, i,
                   gpuvm_jit_live_before(&g->prog->insns[i],
                                         g->flow.after[i]));
    at_bb(g, on);
}

/* ---- edges ---- */

/* What must be kept at the start of a block. */
static JitSet live_of(const Gen *g, uint32_t block, bool fast)
{
    JitSet s = g->flow.block[block].live;

    if (!fast) {
        s.r |= g->flow.block[block].waiting_first.r;
        s.q |= g->flow.block[block].waiting_first.q;
    }
    return s;
}

static void put_general(Gen *g, State *st, JitSet live)
{
    EACH_REG(n, live.r) {
        gpuvm_jit_store(g, gpuvm_jit_vec(g, gpuvm_jit_reg(g, st, n)),
                        slot(g, &g->gr[n], g->v32), 64);
    }
    EACH_REG(q, live.q) {
        Val none = gpuvm_jit_uniform(L.ConstInt(g->i1, 0, 0));
        Val *v = st->q[q].sh.kind == SHAPE_NONE ? &none : &st->q[q];

        gpuvm_jit_store(g, gpuvm_jit_mask(g, v),
                        slot(g, &g->gq[q], g->m32), 4);
    }
    L.BuildStore(g->b, st->fast ? k32(g, ~0u) : st->act, g->act);
}

static void put_same(Gen *g, const Val *v, unsigned ng, V *slots,
                     LLVMTypeRef type)
{
    for (unsigned i = 0; i < ng; i++) {
        L.BuildStore(g->b, v->s[v->sh.ng == 1 ? 0 : i],
                     slot(g, &slots[i], type));
    }
}

static bool fits(Shape want, Shape have)
{
    return want.kind == SHAPE_VEC ||
           (have.kind == SHAPE_SAME && have.offs == want.offs &&
            (have.ng == 1 || have.ng == want.ng));
}

/* The shape that block @b has to be prepared for, with one more way to it. */
static Shape agree(Gen *g, Shape *have, Shape more)
{
    Shape s = gpuvm_jit_merge(*have, more);

    if (!gpuvm_jit_shape_equal(s, *have)) {
        g->changed |= have->kind != SHAPE_NONE;
        *have = s;
    }
    return s;
}

static void put_fast(Gen *g, State *st, Blk *b, JitSet live)
{
    EACH_REG(n, live.r) {
        Val *v = gpuvm_jit_reg(g, st, n);
        Shape want;

        gpuvm_jit_canonical(g, v);
        want = agree(g, &b->r[n], v->sh);
        if (want.kind == SHAPE_SAME && fits(want, v->sh)) {
            put_same(g, v, want.ng, g->fs[n], g->i32);
        } else {
            gpuvm_jit_store(g, gpuvm_jit_vec(g, v),
                            slot(g, &g->fv[n], g->v32), 64);
        }
    }
    EACH_REG(q, live.q) {
        Val none = gpuvm_jit_uniform(L.ConstInt(g->i1, 0, 0));
        Val *v = st->q[q].sh.kind == SHAPE_NONE ? &none : &st->q[q];
        Shape want = agree(g, &b->q[q], v->sh);

        if (want.kind == SHAPE_SAME && fits(want, v->sh)) {
            put_same(g, v, want.ng, g->qs[q], g->i1);
        } else {
            gpuvm_jit_store(g, gpuvm_jit_mask(g, v),
                            slot(g, &g->qm[q], g->m32), 4);
        }
    }
    g->changed |= !b->shaped;
    b->shaped = true;
}

void gpuvm_jit_expect(Gen *g, State *st, uint32_t pc)
{
    uint32_t block = g->flow.block_at[pc];
    JitSet live = g->flow.block[block].live;
    Blk *b = &g->blk[block];

    EACH_REG(n, live.r) {
        agree(g, &b->r[n], gpuvm_jit_reg(g, st, n)->sh);
    }
    EACH_REG(q, live.q) {
        Shape one = { SHAPE_SAME, 1, NULL };

        agree(g, &b->q[q], st->q[q].sh.kind == SHAPE_NONE ? one :
              st->q[q].sh);
    }
    g->changed |= !b->shaped;
    b->shaped = true;
}

static void grow_dirty(Gen *g, JitSet *d, JitSet more)
{
    if ((more.r & ~d->r) || (more.q & ~d->q)) {
        d->r |= more.r;
        d->q |= more.q;
        g->changed = true;
    }
}

/* Whether the warp has to come back to the driver now. */
static V must_stop(Gen *g, V left)
{
    V stop = icmp(g, LLVMIntSLE, left, k32(g, 0));
    static const uint64_t words[] = {
        offsetof(JitFrame, abort), offsetof(JitFrame, attention),
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        V p = gpuvm_jit_load(g, L.PointerType(g->i32, 0),
                             gpuvm_jit_at(g, g->frame, words[i],
                                          L.PointerType(g->i32, 0)), 8);
        V w = gpuvm_jit_load(g, g->i32, p, 4);

        L.SetVolatile(w, 1);
        stop = or_(g, stop, icmp(g, LLVMIntNE, w, k32(g, 0)));
    }
    return stop;
}

void gpuvm_jit_edge(Gen *g, State *st, uint32_t from, uint32_t pc)
{
    uint32_t block = g->flow.block_at[pc];
    JitBlock *fb = &g->flow.block[block];
    V left = sub(g, gpuvm_jit_load(g, g->i32, g->left, 4),
                 k32(g, st->count));
    State copy;

    if (pc <= from) {
        LLVMBasicBlockRef out = gpuvm_jit_bb(g, "stop");
        LLVMBasicBlockRef on = gpuvm_jit_bb(g, "on");

        gpuvm_jit_br_rare(g, must_stop(g, left), out, on);
        at_bb(g, out);
        gpuvm_jit_exit(g, st, SOFT_RUN_YIELD, pc, fb->live);
        at_bb(g, on);
    }
    L.BuildStore(g->b, left, g->left);
    copy = *st;
    if (st->fast) {
        put_fast(g, &copy, &g->blk[block], fb->live);
        grow_dirty(g, &g->blk[block].dirty[1], st->dirty);
        L.BuildBr(g->b, bb_of(g, block, VER_FAST));
    } else {
        put_general(g, &copy, live_of(g, block, false));
        grow_dirty(g, &g->blk[block].dirty[0], st->dirty);
        L.BuildBr(g->b, bb_of(g, block, VER_CHECK));
    }
}

/* ---- starts of blocks ---- */

static void take_general(Gen *g, State *st, JitSet live)
{
    EACH_REG(n, live.r) {
        st->r[n] = gpuvm_jit_vector(gpuvm_jit_load(g, g->v32,
                                    slot(g, &g->gr[n], g->v32), 64));
    }
    EACH_REG(q, live.q) {
        st->q[q] = gpuvm_jit_vector(gpuvm_jit_load(g, g->m32,
                                    slot(g, &g->gq[q], g->m32), 4));
    }
    st->act = gpuvm_jit_load(g, g->i32, g->act, 4);
    st->actm = L.BuildBitCast(g->b, st->act, g->m32, "");
}

static Val take_same(Gen *g, Shape sh, V *slots, LLVMTypeRef type)
{
    V s[JIT_GROUPS];

    for (unsigned i = 0; i < sh.ng; i++) {
        s[i] = L.BuildLoad2(g->b, type, slot(g, &slots[i], type), "");
    }
    return gpuvm_jit_same(sh.ng, s, sh.offs);
}

static void take_fast(Gen *g, State *st, const Blk *b, JitSet live)
{
    EACH_REG(n, live.r) {
        st->r[n] = b->r[n].kind == SHAPE_SAME ?
                   take_same(g, b->r[n], g->fs[n], g->i32) :
                   gpuvm_jit_vector(gpuvm_jit_load(g, g->v32,
                                    slot(g, &g->fv[n], g->v32), 64));
    }
    EACH_REG(q, live.q) {
        st->q[q] = b->q[q].kind == SHAPE_SAME ?
                   take_same(g, b->q[q], g->qs[q], g->i1) :
                   gpuvm_jit_vector(gpuvm_jit_load(g, g->m32,
                                    slot(g, &g->qm[q], g->m32), 4));
    }
}

/* Lane 0 of each group, taken as the group's scalar: a guess at a shape. */
static Val guess(Gen *g, V vec, Shape sh)
{
    V s[JIT_GROUPS];

    for (unsigned i = 0; i < sh.ng; i++) {
        unsigned lane = i * SOFT_LANES / sh.ng;

        s[i] = L.BuildExtractElement(g->b, vec, k32(g, lane), "");
        if (sh.offs) {
            s[i] = sub(g, s[i], k32(g, sh.offs[lane]));
        }
    }
    return gpuvm_jit_same(sh.ng, s, sh.offs);
}

static V not_zero(Gen *g, V vec)
{
    V m = icmp(g, LLVMIntNE, vec, L.ConstNull(g->v32));

    return icmp(g, LLVMIntNE, L.BuildBitCast(g->b, m, g->i32, ""),
                k32(g, 0));
}

/* From vectors (@st, all lanes active) to the shapes that @b's fast version
 * wants; an i1 that tells whether one has another. */
static V check_shapes(Gen *g, State *st, const Blk *b, JitSet live)
{
    V bad = NULL, badq = k32(g, 0);

    EACH_REG(n, live.r) {
        if (b->r[n].kind == SHAPE_SAME) {
            V vec = st->r[n].v, diff;

            st->r[n] = guess(g, vec, b->r[n]);
            diff = xor_(g, vec, gpuvm_jit_vec_tmp(g, &st->r[n]));
            bad = bad ? or_(g, bad, diff) : diff;
        }
    }
    EACH_REG(q, live.q) {
        if (b->q[q].kind == SHAPE_SAME) {
            V m = st->q[q].v, bits = L.BuildBitCast(g->b, m, g->i32, "");

            st->q[q] = guess(g, m, b->q[q]);
            badq = or_(g, badq, xor_(g, bits, L.BuildBitCast(g->b,
                       gpuvm_jit_mask_tmp(g, &st->q[q]), g->i32, "")));
        }
    }
    badq = icmp(g, LLVMIntNE, badq, k32(g, 0));
    return bad ? or_(g, badq, not_zero(g, bad)) : badq;
}

static void gen_check(Gen *g, uint32_t block)
{
    Blk *b = &g->blk[block];
    JitSet live = g->flow.block[block].live;
    LLVMBasicBlockRef all, good;
    State st = { .fast = false };
    V bad;

    if (!b->shaped) {
        L.BuildBr(g->b, bb_of(g, block, VER_GENERAL));
        return;
    }
    all = gpuvm_jit_bb(g, "all");
    good = gpuvm_jit_bb(g, "good");
    take_general(g, &st, live);
    L.BuildCondBr(g->b, icmp(g, LLVMIntEQ, st.act, k32(g, ~0u)), all,
                  bb_of(g, block, VER_GENERAL));
    at_bb(g, all);
    bad = check_shapes(g, &st, b, live);
    gpuvm_jit_br_rare(g, bad, bb_of(g, block, VER_GENERAL), good);
    at_bb(g, good);
    st.fast = true;
    put_fast(g, &st, b, live);
    grow_dirty(g, &b->dirty[1], b->dirty[0]);
    L.BuildBr(g->b, bb_of(g, block, VER_FAST));
}

/* Coming in from outside: everything from the warp in memory. */
static void gen_entry(Gen *g, uint32_t block)
{
    JitSet live = live_of(g, block, false);
    State st = { .fast = false };

    EACH_REG(n, live.r) {
        st.r[n] = reload_reg(g, n);
    }
    EACH_REG(q, live.q) {
        st.q[q] = reload_flag(g, q);
    }
    st.act = gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, g->warp,
                            offsetof(SoftWarp, active), g->i32), 4);
    put_general(g, &st, live);
    L.BuildBr(g->b, bb_of(g, block, VER_CHECK));
}

/* ---- guards and writes ---- */

Guard gpuvm_jit_guard_of(Gen *g, State *st, const SoftInsn *in)
{
    Guard gd = { .all = st->fast && in->pred == SOFT_PRED_TRUE };
    Val p;

    if (gd.all) {
        return gd;
    }
    if (in->pred == SOFT_PRED_TRUE) {
        gd.mask = st->actm;
        return gd;
    }
    p = gpuvm_jit_pred(g, st, in->pred);
    if (st->fast && p.sh.kind == SHAPE_SAME && p.sh.ng == 1) {
        gd.cond = p.s[0];
        gd.all = L.IsAConstantInt(gd.cond) &&
                 L.ConstIntGetZExtValue(gd.cond);
        return gd;
    }
    gd.mask = gpuvm_jit_mask(g, &p);
    if (!st->fast) {
        gd.mask = and_(g, gd.mask, st->actm);
    }
    return gd;
}

V gpuvm_jit_guard_bits(Gen *g, State *st, const Guard *gd)
{
    if (gd->all) {
        return k32(g, ~0u);
    }
    return gd->cond ? L.BuildSExt(g->b, gd->cond, g->i32, "") :
           L.BuildBitCast(g->b, gd->mask, g->i32, "");
}

/* @yes where the guard holds, else @no. */
static Val blend(Gen *g, Val *yes, Val *no, const Guard *gd, bool flag)
{
    V (*whole)(Gen *, Val *) = flag ? gpuvm_jit_mask : gpuvm_jit_vec;
    Shape sh = gpuvm_jit_merge(yes->sh, no->sh);

    if (gd->cond && sh.kind == SHAPE_SAME) {
        V s[JIT_GROUPS];

        gpuvm_jit_canonical(g, yes);
        gpuvm_jit_canonical(g, no);
        for (unsigned i = 0; i < sh.ng; i++) {
            s[i] = sel(g, gd->cond, yes->s[yes->sh.ng == 1 ? 0 : i],
                       no->s[no->sh.ng == 1 ? 0 : i]);
        }
        return gpuvm_jit_same(sh.ng, s, sh.offs);
    }
    return gpuvm_jit_vector(sel(g, gd->cond ? gd->cond : gd->mask,
                                whole(g, yes), whole(g, no)));
}

/* Whether nothing has to be left of what a register was: all lanes are
 * written, or all that are active, and the others need it not. */
static bool covers(const State *st, const Guard *gd, bool needed)
{
    return gd->all || (!st->fast && gd->mask == st->actm && !needed);
}

void gpuvm_jit_write(Gen *g, State *st, unsigned n, Val val, const Guard *gd)
{
    if (n >= NREGS) {
        return;
    }
    if (!covers(st, gd, g->cur->waiting.r >> n & 1) &&
        st->r[n].sh.kind != SHAPE_NONE) {
        val = blend(g, &val, &st->r[n], gd, false);
    }
    st->r[n] = val;
    st->dirty.r |= UINT64_C(1) << n;
}

void gpuvm_jit_write_q(Gen *g, State *st, unsigned n, Val val,
                       const Guard *gd)
{
    if (!covers(st, gd, g->cur->waiting.q >> n & 1) &&
        st->q[n].sh.kind != SHAPE_NONE) {
        val = blend(g, &val, &st->q[n], gd, true);
    }
    st->q[n] = val;
    st->dirty.q |= 1u << n;
}

/* ---- handlers ---- */

V gpuvm_jit_call(Gen *g, LLVMTypeRef type, V fn, V *args)
{
    bool handler = type == g->handler_type;
    unsigned n = handler ? 3 : 4;
    V via = handler ? g->via_handler : g->via_control, call;
    V all[5] = { L.BuildBitCast(g->b, fn, g->p8, "") };

    memcpy(all + 1, args, n * sizeof(V));
    call = L.BuildCall2(g->b, gpuvm_jit_via_type(g, handler), via, all, n + 1,
                        "");
    L.AddCallSiteAttribute(call, LLVMAttributeFunctionIndex,
                           gpuvm_jit_keeps_registers(g));
    return call;
}

V gpuvm_jit_insn_ptr(Gen *g, uint32_t i)
{
    return gpuvm_jit_at(g, g->insns, (uint64_t)i * sizeof(SoftInsn), g->i8);
}

V gpuvm_jit_call_handler(Gen *g, uint32_t i, V mask)
{
    V in = gpuvm_jit_insn_ptr(g, i), args[3] = { g->warp, in, mask };
    LLVMTypeRef fp = L.PointerType(g->handler_type, 0);
    V fn = gpuvm_jit_load(g, fp, gpuvm_jit_at(g, in,
                          offsetof(SoftInsn, fn), fp), 8);

    return gpuvm_jit_call(g, g->handler_type, fn, args);
}

void gpuvm_jit_handler(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];
    LLVMBasicBlockRef call = NULL, on = gpuvm_jit_bb(g, "done");
    LLVMBasicBlockRef bad = gpuvm_jit_bb(g, "fault");
    V mask = gpuvm_jit_guard_bits(g, st, gd), status;
    JitEffect e;
    JitSet move;

    gpuvm_jit_effect(in, &e);
    move.r = e.use.r | (gd->all && e.whole ? 0 : e.def.r);
    move.q = e.use.q | (gd->all && e.whole ? 0 : e.def.q);
    gpuvm_jit_flush(g, st, move);
    if (!gd->all) {
        call = gpuvm_jit_bb(g, "call");
        L.BuildCondBr(g->b, icmp(g, LLVMIntNE, mask, k32(g, 0)), call, on);
        at_bb(g, call);
    }
    status = gpuvm_jit_call_handler(g, i, mask);
    gpuvm_jit_br_rare(g, icmp(g, LLVMIntNE, status, k32(g, SOFT_EXEC_OK)),
                      bad, on);
    at_bb(g, bad);
    gpuvm_jit_fault(g, st);
    at_bb(g, on);
    EACH_REG(n, e.def.r) {
        st->r[n] = reload_reg(g, n);
    }
    EACH_REG(q, e.def.q) {
        st->q[q] = reload_flag(g, q);
    }
    st->dirty.r |= e.def.r;
    st->dirty.q |= e.def.q;
}

/* ---- blocks ---- */

void gpuvm_jit_insn(Gen *g, State *st, uint32_t i)
{
    const SoftInsn *in = &g->prog->insns[i];
    Guard gd;

    if (gpuvm_jit_token(g, st, i)) {
        return;
    }
    gd = gpuvm_jit_guard_of(g, st, in);
    st->count++;
    g->emitted++;
    if (gd.cond && L.IsAConstantInt(gd.cond) && !gd.all) {
        return;             /* known never to be executed */
    }
    if (gpuvm_jit_alu(g, st, i, &gd) || gpuvm_jit_sreg(g, st, i, &gd) ||
        gpuvm_jit_mem(g, st, i, &gd)) {
        return;
    }
    gpuvm_jit_handler(g, st, i, &gd);
}

static void gen_block(Gen *g, uint32_t block, bool fast)
{
    JitBlock *fb = &g->flow.block[block];
    State *st = g_new0(State, 1);

    g->cur = fb;
    st->fast = fast;
    st->dirty = g->blk[block].dirty[fast];
    if (fast) {
        take_fast(g, st, &g->blk[block], fb->live);
    } else {
        take_general(g, st, live_of(g, block, false));
    }
    for (uint32_t i = fb->first; i < fb->last; i++) {
        gpuvm_jit_insn(g, st, i);
    }
    gpuvm_jit_last(g, st, fb->last);
    g_free(st);
}

static void gen_task(Gen *g, uint32_t task)
{
    uint32_t block = task >> 2;
    Version v = task & 3;

    at_bb(g, bb_of(g, block, v));
    if (v == VER_CHECK) {
        gen_check(g, block);
    } else {
        gen_block(g, block, v == VER_FAST);
    }
}

/* What all blocks use, at the function's start. */
static void gen_setup(Gen *g)
{
    LLVMTypeRef pp = g->p8;

    g->warp = L.GetParam(g->fn, 0);
    g->frame = L.GetParam(g->fn, 1);
    g->left = L.BuildAlloca(g->ab, g->i32, "left");
    g->act = L.BuildAlloca(g->ab, g->i32, "active");
    L.BuildStore(g->b, gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, g->frame,
                 offsetof(JitFrame, left), g->i32), 4), g->left);
    g->cta = gpuvm_jit_load(g, pp, gpuvm_jit_at(g, g->warp,
                            offsetof(SoftWarp, cta), pp), 8);
    g->tlb = gpuvm_jit_load(g, pp, gpuvm_jit_at(g, g->cta,
                            offsetof(SoftCta, tlb), pp), 8);
    g->shared = gpuvm_jit_load(g, pp, gpuvm_jit_at(g, g->cta,
                               offsetof(SoftCta, shared), pp), 8);
    g->shared_size = gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, g->cta,
                                    offsetof(SoftCta, shared_size), g->i32),
                                    4);
    g->insns = gpuvm_jit_load(g, pp, gpuvm_jit_at(g, g->cta,
                              offsetof(SoftCta, prog), pp), 8);
    g->insns = gpuvm_jit_load(g, pp, gpuvm_jit_at(g, g->insns,
                              offsetof(SoftProgram, insns), pp), 8);
}

static void forget_slots(Gen *g)
{
    memset(g->gr, 0, sizeof(g->gr));
    memset(g->gq, 0, sizeof(g->gq));
    memset(g->fv, 0, sizeof(g->fv));
    memset(g->fs, 0, sizeof(g->fs));
    memset(g->qm, 0, sizeof(g->qm));
    memset(g->qs, 0, sizeof(g->qs));
    for (unsigned i = 0; i < g->flow.nblocks; i++) {
        Blk *b = &g->blk[i];

        b->fast = b->general = b->check = NULL;
        memset(b->queued, 0, sizeof(b->queued));
    }
    g_array_set_size(g->tasks, 0);
    g_array_set_size(g->slots, 0);
    g->emitted = 0;
    g->changed = false;
}

/* A warp starts with all lanes alike: what it reads first is uniform. */
static void expect_start(Gen *g)
{
    uint32_t block = g->flow.block_at[g->prog->entry];
    JitSet live = g->flow.block[block].live;
    const Shape one = { SHAPE_SAME, 1, NULL };
    Blk *b = &g->blk[block];

    b->shaped = true;
    EACH_REG(n, live.r) {
        b->r[n] = gpuvm_jit_merge(b->r[n], one);
    }
    EACH_REG(q, live.q) {
        b->q[q] = gpuvm_jit_merge(b->q[q], one);
    }
}

void gpuvm_jit_function(Gen *g)
{
    LLVMBasicBlockRef allocas, nowhere, setup;
    V pc, sw;

    forget_slots(g);
    expect_start(g);
    allocas = gpuvm_jit_bb(g, "allocas");
    setup = gpuvm_jit_bb(g, "setup");
    nowhere = gpuvm_jit_bb(g, "nowhere");
    L.PositionBuilderAtEnd(g->ab, allocas);
    at_bb(g, setup);
    gen_setup(g);
    pc = gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, g->warp,
                        offsetof(SoftWarp, pc), g->i32), 4);
    sw = L.BuildSwitch(g->b, pc, nowhere, g->flow.nblocks);
    at_bb(g, nowhere);
    L.BuildRet(g->b, k32(g, JIT_EXIT_STEP));
    for (unsigned i = 0; i < g->flow.nblocks; i++) {
        if (g->flow.block[i].entry) {
            LLVMBasicBlockRef in = gpuvm_jit_bb(g, "entry");

            L.AddCase(sw, k32(g, g->flow.block[i].first), in);
            at_bb(g, in);
            gen_entry(g, i);
        }
    }
    for (guint i = 0; i < g->tasks->len && !g->error; i++) {
        gen_task(g, g_array_index(g->tasks, uint32_t, i));
    }
    L.BuildBr(g->ab, setup);
}
