/*
 * Control flow: the last instructions of blocks, and tokens.
 *
 * The divergence stack stays in the warp, always as the interpreter would have
 * it.  The usual cases are done here: a branch or a break that all lanes take,
 * a join at which all lanes meet, where the token on top is the one that is
 * expected.  All else calls the interpreter's own functions, and goes on at
 * the place they chose: one of a few guesses, or out to the driver, which
 * comes in again there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/control.h"
#include "soft/jit/gen.h"

#define CC_ALWAYS 0x0f

_Static_assert(sizeof(SoftToken) == 16 && sizeof(SoftTokenType) == 4,
               "tokens are stored field by field");

static V word_at(Gen *g, uint64_t ofs)
{
    return gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, g->warp, ofs, g->i32),
                          4);
}

static void set_word(Gen *g, uint64_t ofs, V v)
{
    gpuvm_jit_store(g, v, gpuvm_jit_at(g, g->warp, ofs, g->i32), 4);
}

static V active(Gen *g, const State *st)
{
    return st->fast ? k32(g, ~0u) : st->act;
}

static void set_active(Gen *g, State *st, V act)
{
    st->act = act;
    st->actm = L.BuildBitCast(g->b, act, g->m32, "");
}

/* The state as general code has it, with other lanes active. */
static State *general(Gen *g, const State *st, V act)
{
    State *s = g_memdup2(st, sizeof(*st));

    s->fast = false;
    set_active(g, s, act);
    return s;
}

/* Calls one of the interpreter's functions: (warp, instruction, a, b). */
static V call_control(Gen *g, State *st, void *fn, uint32_t i, V a, V b)
{
    V args[4] = { g->warp, gpuvm_jit_insn_ptr(g, i), a, b };
    V f = L.BuildIntToPtr(g->b, k64(g, (uintptr_t)fn), g->p8, "");

    set_word(g, offsetof(SoftWarp, active), active(g, st));
    return gpuvm_jit_call(g, g->control_type, f, args);
}

static SoftExecStatus do_park(SoftWarp *w, const SoftInsn *in, uint32_t type,
                              uint32_t lanes)
{
    return gpuvm_soft_token_park(w, in, type, lanes);
}

static SoftExecStatus do_diverge(SoftWarp *w, const SoftInsn *in,
                                 uint32_t taken, uint32_t unused)
{
    return gpuvm_soft_token_diverge(w, in, taken);
}

static SoftExecStatus do_exit(SoftWarp *w, const SoftInsn *in,
                              uint32_t lanes, uint32_t unused)
{
    return gpuvm_soft_lanes_exit(w, lanes);
}

static void fault_if(Gen *g, const State *st, V cond)
{
    LLVMBasicBlockRef bad = gpuvm_jit_bb(g, "fault");
    LLVMBasicBlockRef on = gpuvm_jit_bb(g, "on");

    gpuvm_jit_br_rare(g, cond, bad, on);
    at_bb(g, bad);
    gpuvm_jit_fault(g, st);
    at_bb(g, on);
}

/* The warp has ended. */
static void gen_exited(Gen *g, const State *st, uint32_t i)
{
    JitSet live = g->flow.after[i];

    gpuvm_jit_flush_live(g, st, live);
    gpuvm_jit_store(g, sub(g, gpuvm_jit_load(g, g->i32, g->left, 4),
                           k32(g, st->count)),
                    gpuvm_jit_at(g, g->frame, offsetof(JitFrame, left),
                                 g->i32), 4);
    L.BuildRet(g->b, k32(g, SOFT_RUN_EXITED));
}

/* w->pc and w->active were set: on to there. */
static void gen_jumped(Gen *g, State *st, uint32_t i)
{
    const JitGuess *guess = &g->flow.guess[i];
    V pc = word_at(g, offsetof(SoftWarp, pc));
    State *s = general(g, st, word_at(g, offsetof(SoftWarp, active)));
    JitSet live = g->flow.after[i];

    for (unsigned k = 0; k < guess->n; k++) {
        LLVMBasicBlockRef yes = gpuvm_jit_bb(g, "guess");
        LLVMBasicBlockRef no = gpuvm_jit_bb(g, "other");

        L.BuildCondBr(g->b, icmp(g, LLVMIntEQ, pc, k32(g, guess->pc[k])),
                      yes, no);
        at_bb(g, yes);
        gpuvm_jit_edge(g, s, i, guess->pc[k]);
        at_bb(g, no);
    }
    gpuvm_jit_flush_live(g, st, live);
    gpuvm_jit_store(g, sub(g, gpuvm_jit_load(g, g->i32, g->left, 4),
                           k32(g, st->count)),
                    gpuvm_jit_at(g, g->frame, offsetof(JitFrame, left),
                                 g->i32), 4);
    L.BuildRet(g->b, k32(g, JIT_EXIT_AGAIN));
    g_free(s);
}

/* ---- tokens ---- */

static V token_at(Gen *g, V depth, uint64_t field)
{
    V ofs = L.BuildZExt(g->b, shl(g, depth, k32(g, 4)), g->i64, "");

    ofs = add(g, ofs, k64(g, offsetof(SoftWarp, stack) + field));
    return gpuvm_jit_at_v(g, g->warp, ofs, g->i32);
}

static void gen_push(Gen *g, State *st, uint32_t i, SoftTokenType type,
                     uint32_t pc)
{
    V depth = word_at(g, offsetof(SoftWarp, depth));
    LLVMBasicBlockRef full = gpuvm_jit_bb(g, "full");
    LLVMBasicBlockRef on = gpuvm_jit_bb(g, "on");

    gpuvm_jit_br_rare(g, icmp(g, LLVMIntUGE, depth, k32(g, SOFT_STACK_MAX)),
                      full, on);
    at_bb(g, full);
    /* as the interpreter: it traps */
    gpuvm_jit_exit(g, st, JIT_EXIT_STEP, i,
                   gpuvm_jit_live_before(&g->prog->insns[i],
                                         g->flow.after[i]));
    at_bb(g, on);
    gpuvm_jit_store(g, k32(g, type),
                    token_at(g, depth, offsetof(SoftToken, type)), 4);
    gpuvm_jit_store(g, active(g, st),
                    token_at(g, depth, offsetof(SoftToken, mask)), 4);
    gpuvm_jit_store(g, k32(g, 0),
                    token_at(g, depth, offsetof(SoftToken, parked)), 4);
    gpuvm_jit_store(g, k32(g, pc),
                    token_at(g, depth, offsetof(SoftToken, pc)), 4);
    set_word(g, offsetof(SoftWarp, depth), add(g, depth, k32(g, 1)));
}

/* Most tokens that may lie above the one that lanes leave to. */
#define ABOVE_MAX 2

static V token_field(Gen *g, V at, uint64_t field)
{
    return gpuvm_jit_load(g, g->i32, token_at(g, at, field), 4);
}

/*
 * Looks whether the innermost token of @type is the one that is expected:
 * @above tokens of other types lie on it.  Goes on where it is; @miss is for
 * the rest.  Returns its index.
 */
static V expect_token(Gen *g, SoftTokenType type, uint32_t pc,
                      unsigned above, LLVMBasicBlockRef miss)
{
    LLVMBasicBlockRef top = gpuvm_jit_bb(g, "top");
    LLVMBasicBlockRef hit = gpuvm_jit_bb(g, "hit");
    V depth = word_at(g, offsetof(SoftWarp, depth)), at, bad;

    gpuvm_jit_br_rare(g, icmp(g, LLVMIntULE, depth, k32(g, above)), miss,
                      top);
    at_bb(g, top);
    at = sub(g, depth, k32(g, 1 + above));
    bad = or_(g, xor_(g, token_field(g, at, offsetof(SoftToken, type)),
                      k32(g, type)),
              xor_(g, token_field(g, at, offsetof(SoftToken, pc)),
                   k32(g, pc)));
    bad = icmp(g, LLVMIntNE, bad, k32(g, 0));
    for (unsigned k = 0; k < above; k++) {
        V t = token_field(g, sub(g, depth, k32(g, 1 + k)),
                          offsetof(SoftToken, type));

        bad = or_(g, bad, icmp(g, LLVMIntEQ, t, k32(g, type)));
    }
    gpuvm_jit_br_rare(g, bad, miss, hit);
    at_bb(g, hit);
    return at;
}

/* All active lanes leave to the innermost token of @type. */
static void leave_all(Gen *g, State *st, uint32_t i, SoftTokenType type)
{
    const JitGuess *guess = &g->flow.guess[i];
    V status;

    if (guess->found && guess->n == 1) {
        LLVMBasicBlockRef miss = gpuvm_jit_bb(g, "miss");
        V at = expect_token(g, type, guess->pc[0], 0, miss);

        set_word(g, offsetof(SoftWarp, depth), at);
        if (st->fast) {
            gpuvm_jit_edge(g, st, i, guess->pc[0]);
        } else {
            V act = token_field(g, at, offsetof(SoftToken, parked));
            State *s;

            /* whoever waits has not exited */
            s = general(g, st, or_(g, act, st->act));
            gpuvm_jit_edge(g, s, i, guess->pc[0]);
            g_free(s);
        }
        at_bb(g, miss);
    }
    status = call_control(g, st, do_park, i, k32(g, type), active(g, st));
    fault_if(g, st, icmp(g, LLVMIntNE, status, k32(g, SOFT_EXEC_JUMPED)));
    gen_jumped(g, st, i);
}

/* Some lanes did what all could have done: the others go on behind it. */
static void rest_goes_on(Gen *g, State *st, uint32_t i, V bits)
{
    State *s = general(g, st, and_(g, active(g, st),
                                   L.BuildNot(g->b, bits, "")));

    gpuvm_jit_edge(g, s, i, g->prog->insns[i].next);
    g_free(s);
}

/* Lanes @bits, not all, leave to the innermost token of @type. */
static void leave_some(Gen *g, State *st, uint32_t i, SoftTokenType type,
                       V bits)
{
    const JitGuess *guess = &g->flow.guess[i];
    LLVMBasicBlockRef on = gpuvm_jit_bb(g, "on");
    V status;

    if (guess->found && guess->n <= 1 + ABOVE_MAX) {
        LLVMBasicBlockRef miss = gpuvm_jit_bb(g, "miss");
        V at = expect_token(g, type, guess->pc[guess->n - 1], guess->n - 1,
                            miss);
        V parked = token_field(g, at, offsetof(SoftToken, parked));

        gpuvm_jit_store(g, or_(g, parked, bits),
                        token_at(g, at, offsetof(SoftToken, parked)), 4);
        L.BuildBr(g->b, on);
        at_bb(g, miss);
    }
    status = call_control(g, st, do_park, i, k32(g, type), bits);
    fault_if(g, st, icmp(g, LLVMIntNE, status, k32(g, SOFT_EXEC_JUMPED)));
    L.BuildBr(g->b, on);
    at_bb(g, on);
    rest_goes_on(g, st, i, bits);
}

/* ---- conditions ---- */

static V flag(Gen *g, State *st, unsigned q)
{
    if (st->q[q].sh.kind == SHAPE_NONE) {
        return L.ConstNull(g->m32);
    }
    return gpuvm_jit_mask(g, &st->q[q]);
}

/* Lanes whose $c fulfils @cond; control.c's gpuvm_soft_cc_lanes(). */
static V cc_mask(Gen *g, State *st, unsigned cond)
{
    enum { CC_NO = 0x10, CC_NC, CC_NS, CC_NA, CC_A, CC_S, CC_C, CC_O };
    V z = flag(g, st, JIT_Z), s = flag(g, st, JIT_S);
    V c = flag(g, st, JIT_C), o = flag(g, st, JIT_O);
    V nz = L.BuildNot(g->b, z, ""), so = xor_(g, s, o);
    V r = L.ConstNull(g->m32);

    switch (cond) {
    case CC_NO:
        return L.BuildNot(g->b, o, "");
    case CC_NC:
        return L.BuildNot(g->b, c, "");
    case CC_NS:
        return L.BuildNot(g->b, s, "");
    case CC_NA:
        return or_(g, L.BuildNot(g->b, c, ""), z);
    case CC_A:
        return and_(g, c, nz);
    case CC_S:
        return s;
    case CC_C:
        return c;
    case CC_O:
        return o;
    default:
        r = cond & 1 ? or_(g, r, and_(g, nz, so)) : r;
        r = cond & 2 ? or_(g, r, and_(g, z, L.BuildNot(g->b, s, ""))) : r;
        r = cond & 4 ?
            or_(g, r, and_(g, nz, L.BuildNot(g->b, so, ""))) : r;
        return cond & 8 ? or_(g, r, and_(g, z, s)) : r;
    }
}

/* Lanes that a control instruction concerns, active or not. */
static Val condition(Gen *g, State *st, const SoftInsn *in)
{
    Val p = gpuvm_jit_pred(g, st, in->pred);

    if (gpuvm_jit_ends_block(in) && !in->join && in->cond != CC_ALWAYS &&
        in->op != SOFT_OP_BAR) {
        V m = cc_mask(g, st, in->cond);

        if (in->pred != SOFT_PRED_TRUE) {
            m = and_(g, m, gpuvm_jit_mask(g, &p));
        }
        p = gpuvm_jit_vector(m);
    }
    return p;
}

/* Where control goes by how many of the active lanes have a condition; NULL
 * where that cannot be. */
typedef struct Split {
    LLVMBasicBlockRef none, all, some;
    V bits;                 /* of the lanes that have it; with .some */
} Split;

static Split split(Gen *g, State *st, Val *p)
{
    Split s = { 0 };
    LLVMBasicBlockRef more;
    bool one = p->sh.kind == SHAPE_SAME && p->sh.ng == 1;

    if (one && L.IsAConstantInt(p->s[0])) {
        LLVMBasicBlockRef only = gpuvm_jit_bb(g, "only");

        *(L.ConstIntGetZExtValue(p->s[0]) ? &s.all : &s.none) = only;
        L.BuildBr(g->b, only);
        return s;
    }
    s.none = gpuvm_jit_bb(g, "none");
    s.all = gpuvm_jit_bb(g, "all");
    if (one && st->fast) {
        L.BuildCondBr(g->b, p->s[0], s.all, s.none);
        return s;
    }
    more = gpuvm_jit_bb(g, "any");
    s.some = gpuvm_jit_bb(g, "some");
    s.bits = L.BuildBitCast(g->b, gpuvm_jit_mask(g, p), g->i32, "");
    s.bits = and_(g, s.bits, active(g, st));
    L.BuildCondBr(g->b, icmp(g, LLVMIntEQ, s.bits, k32(g, 0)), s.none, more);
    at_bb(g, more);
    L.BuildCondBr(g->b, icmp(g, LLVMIntEQ, s.bits, active(g, st)), s.all,
                  s.some);
    return s;
}

static void nobody(Gen *g, State *st, uint32_t i, const Split *sp)
{
    if (sp->none) {
        at_bb(g, sp->none);
        gpuvm_jit_edge(g, st, i, g->prog->insns[i].next);
    }
}

/* ---- instructions ---- */

static void gen_leave(Gen *g, State *st, uint32_t i, SoftTokenType type,
                      Val *p)
{
    Split sp = split(g, st, p);

    if (sp.some) {
        at_bb(g, sp.some);
        leave_some(g, st, i, type, sp.bits);
    }
    nobody(g, st, i, &sp);
    if (sp.all) {
        at_bb(g, sp.all);
        leave_all(g, st, i, type);
    }
}

static void gen_bra(Gen *g, State *st, uint32_t i, Val *p)
{
    const SoftInsn *in = &g->prog->insns[i];
    Split sp = split(g, st, p);

    if (sp.some) {
        at_bb(g, sp.some);
        if (in->flags & SOFT_F_ALLWARP) {
            L.BuildBr(g->b, sp.none);
        } else {
            V status = call_control(g, st, do_diverge, i, sp.bits,
                                    k32(g, 0));

            fault_if(g, st, icmp(g, LLVMIntNE, status,
                                 k32(g, SOFT_EXEC_JUMPED)));
            rest_goes_on(g, st, i, sp.bits);
        }
    }
    nobody(g, st, i, &sp);
    if (sp.all) {
        at_bb(g, sp.all);
        gpuvm_jit_edge(g, st, i, in->target);
    }
}

/* Some or all active lanes end; the builder stands where there are some. */
static void exit_some(Gen *g, State *st, uint32_t i, V bits)
{
    const SoftInsn *in = &g->prog->insns[i];
    LLVMBasicBlockRef rest = gpuvm_jit_bb(g, "rest");
    LLVMBasicBlockRef jumped = gpuvm_jit_bb(g, "jumped");
    LLVMBasicBlockRef ended = gpuvm_jit_bb(g, "ended");
    V status = call_control(g, st, do_exit, i, bits, k32(g, 0)), sw;
    State *s;

    sw = L.BuildSwitch(g->b, status, ended, 2);
    L.AddCase(sw, k32(g, SOFT_EXEC_OK), rest);
    L.AddCase(sw, k32(g, SOFT_EXEC_JUMPED), jumped);
    at_bb(g, rest);
    s = general(g, st, word_at(g, offsetof(SoftWarp, active)));
    gpuvm_jit_edge(g, s, i, in->next);
    g_free(s);
    at_bb(g, jumped);
    gen_jumped(g, st, i);
    at_bb(g, ended);
    gen_exited(g, st, i);
}

static void gen_exit(Gen *g, State *st, uint32_t i, Val *p)
{
    Split sp = split(g, st, p);

    if (sp.some) {
        at_bb(g, sp.some);
        exit_some(g, st, i, sp.bits);
    }
    nobody(g, st, i, &sp);
    if (!sp.all) {
        return;
    }
    at_bb(g, sp.all);
    if (!st->fast) {
        exit_some(g, st, i, st->act);
        return;
    }
    /* nobody is left, so no token has lanes */
    set_word(g, offsetof(SoftWarp, live), k32(g, 0));
    set_word(g, offsetof(SoftWarp, active), k32(g, 0));
    set_word(g, offsetof(SoftWarp, depth), k32(g, 0));
    gen_exited(g, st, i);
}

/* Whether @in does no more than wait for the whole CTA. */
static bool only_waits(const SoftInsn *in)
{
    uint32_t known = SOFT_F_IMM_A | SOFT_F_IMM_B;

    return in->pred == SOFT_PRED_TRUE && (in->flags & known) == known &&
           in->aux < SOFT_BARRIERS && !in->imm &&
           in->subop != SOFT_BAR_ARRIVE && in->psrc == SOFT_PRED_TRUE &&
           in->dst == SOFT_REG_ZERO && in->pdst == SOFT_PRED_TRUE;
}

/*
 * Such a one, of a warp that is whole; else on to the handler.  A CTA of one
 * warp has not to wait for anybody.
 */
static void bar_only_waits(Gen *g, State *st, uint32_t i)
{
    const SoftInsn *in = &g->prog->insns[i];
    LLVMBasicBlockRef alone = gpuvm_jit_bb(g, "alone");
    LLVMBasicBlockRef many = gpuvm_jit_bb(g, "many");
    V n, ptr;

    if (!st->fast) {
        V live = word_at(g, offsetof(SoftWarp, live));

        gpuvm_jit_guard(g, st, i, icmp(g, LLVMIntNE, live, st->act));
    }
    n = gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, g->cta,
                       offsetof(SoftCta, nwarps), g->i32), 4);
    L.BuildCondBr(g->b, icmp(g, LLVMIntEQ, n, k32(g, 1)), alone, many);
    at_bb(g, alone);
    gpuvm_jit_edge(g, st, i, in->next);
    at_bb(g, many);
    gpuvm_jit_store(g, L.ConstInt(g->i8, in->aux, 0),
                    gpuvm_jit_at(g, g->warp, offsetof(SoftWarp, bar.id),
                                 g->i8), 1);
    set_word(g, offsetof(SoftWarp, bar.op), k32(g, in->subop));
    set_word(g, offsetof(SoftWarp, bar.threads), k32(g, 0));
    set_word(g, offsetof(SoftWarp, bar.lanes), active(g, st));
    set_word(g, offsetof(SoftWarp, bar.truth), active(g, st));
    ptr = gpuvm_jit_insn_ptr(g, i);
    gpuvm_jit_store(g, ptr, gpuvm_jit_at(g, g->warp,
                    offsetof(SoftWarp, bar.in), L.TypeOf(ptr)), 8);
    gpuvm_jit_exit(g, st, SOFT_RUN_BARRIER, in->next, g->flow.after[i]);
    if (st->fast) {
        gpuvm_jit_expect(g, st, in->next);
    }
}

static void gen_bar(Gen *g, State *st, uint32_t i, const Guard *gd)
{
    const SoftInsn *in = &g->prog->insns[i];
    V bits = gpuvm_jit_guard_bits(g, st, gd), status, args[3];
    LLVMTypeRef fp = L.PointerType(g->handler_type, 0);
    JitEffect e;

    if (!gd->all) {
        LLVMBasicBlockRef none = gpuvm_jit_bb(g, "none");
        LLVMBasicBlockRef some = gpuvm_jit_bb(g, "some");

        L.BuildCondBr(g->b, icmp(g, LLVMIntEQ, bits, k32(g, 0)), none, some);
        at_bb(g, none);
        gpuvm_jit_edge(g, st, i, in->next);
        at_bb(g, some);
    }
    gpuvm_jit_effect(in, &e);
    gpuvm_jit_flush(g, st, e.use);
    args[0] = g->warp;
    args[1] = gpuvm_jit_insn_ptr(g, i);
    args[2] = bits;
    status = gpuvm_jit_load(g, fp, gpuvm_jit_at(g, args[1],
                            offsetof(SoftInsn, fn), fp), 8);
    status = L.BuildCall2(g->b, g->handler_type, status, args, 3, "");
    fault_if(g, st, icmp(g, LLVMIntNE, status, k32(g, SOFT_EXEC_BARRIER)));
    gpuvm_jit_exit(g, st, SOFT_RUN_BARRIER, in->next, g->flow.after[i]);
    if (st->fast && gd->all) {
        State *s = g_memdup2(st, sizeof(*st));

        for (unsigned n = 0; n < NREGS; n++) {
            if (e.def.r >> n & 1) {
                s->r[n] = gpuvm_jit_vector(L.GetUndef(g->v32));
            }
        }
        for (unsigned q = 0; q < JIT_FLAGS; q++) {
            if (e.def.q >> q & 1) {
                s->q[q] = gpuvm_jit_vector(L.GetUndef(g->m32));
            }
        }
        gpuvm_jit_expect(g, s, in->next);
        g_free(s);
    }
}

static void gen_trap(Gen *g, State *st, uint32_t i)
{
    V args[3] = { g->warp, gpuvm_jit_insn_ptr(g, i), active(g, st) };
    LLVMTypeRef fp = L.PointerType(g->handler_type, 0);
    V fn = gpuvm_jit_load(g, fp, gpuvm_jit_at(g, args[1],
                          offsetof(SoftInsn, fn), fp), 8);

    L.BuildCall2(g->b, g->handler_type, fn, args, 3, "");
    gpuvm_jit_fault(g, st);
}

/* A token pushed, and on in the block (or at a call's target). */
static bool gen_tokens(Gen *g, State *st, uint32_t i)
{
    const SoftInsn *in = &g->prog->insns[i];

    switch (in->op) {
    case SOFT_OP_JOINAT:
        gen_push(g, st, i, SOFT_TOKEN_SSY, in->target);
        return true;
    case SOFT_OP_PREBRK:
        gen_push(g, st, i, SOFT_TOKEN_PBK, in->target);
        return true;
    case SOFT_OP_PRECONT:
        gen_push(g, st, i, SOFT_TOKEN_PCNT, in->target);
        return true;
    case SOFT_OP_PRERET:
        gen_push(g, st, i, SOFT_TOKEN_RET, in->target);
        return true;
    default:
        return false;
    }
}

bool gpuvm_jit_token(Gen *g, State *st, uint32_t i)
{
    st->count++;
    if (gen_tokens(g, st, i)) {
        return true;
    }
    st->count--;
    return false;
}

void gpuvm_jit_last(Gen *g, State *st, uint32_t i)
{
    const SoftInsn *in = &g->prog->insns[i];
    Val p;
    Guard gd;

    if (!gpuvm_jit_ends_block(in)) {
        gpuvm_jit_insn(g, st, i);
        gpuvm_jit_edge(g, st, i, in->next);
        return;
    }
    p = condition(g, st, in);
    if (in->join) {
        gpuvm_jit_insn(g, st, i);
        gen_leave(g, st, i, SOFT_TOKEN_SSY, &p);
        return;
    }
    st->count++;
    switch (in->op) {
    case SOFT_OP_BRA: case SOFT_OP_BRA_ABS:
        gen_bra(g, st, i, &p);
        break;
    case SOFT_OP_CALL: case SOFT_OP_CALL_ABS:
        gen_push(g, st, i, SOFT_TOKEN_RET, in->next);
        gpuvm_jit_edge(g, st, i, in->target);
        break;
    case SOFT_OP_EXIT: case SOFT_OP_DISCARD:
        gen_exit(g, st, i, &p);
        break;
    case SOFT_OP_RET:
        gen_leave(g, st, i, SOFT_TOKEN_RET, &p);
        break;
    case SOFT_OP_BRK:
        gen_leave(g, st, i, SOFT_TOKEN_PBK, &p);
        break;
    case SOFT_OP_CONT:
        gen_leave(g, st, i, SOFT_TOKEN_PCNT, &p);
        break;
    case SOFT_OP_BAR:
        if (only_waits(in)) {
            bar_only_waits(g, st, i);
            break;
        }
        gd = gpuvm_jit_guard_of(g, st, in);
        gen_bar(g, st, i, &gd);
        break;
    default:
        gen_trap(g, st, i);
        break;
    }
}
