/*
 * Blocks and liveness of a program; see flow.h.
 *
 * Liveness is that of a lane: a lane goes from an instruction to the one
 * behind it or to its branch target, and from a join, brk, cont or ret to
 * whatever a token of that kind may name, which is every target of a joinat,
 * prebrk and so on of the program.  A write kills if no guard spares a lane;
 * whether other lanes are active does not matter, since each lane has its own
 * register.  Lanes that wait for a token need registers that are dead where the
 * active ones are, so code with a partial mask keeps those, too (.waiting).
 * What reads registers of other lanes (quadop), or wakes lanes that
 * had left (quadon), would break this: such programs are refused.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "soft/isa/table.h"
#include "soft/jit/flow.h"

#define CC_ALWAYS 0x0f

static uint64_t regs(unsigned first, unsigned n)
{
    return first >= SOFT_REG_ZERO ? 0 :
           (((UINT64_C(1) << n) - 1) << first) & JIT_ALL_R;
}

static uint32_t pred(unsigned n)
{
    return (n & 7) == SOFT_PRED_TRUE ? 0 : 1u << (n & 7);
}

static unsigned words_of(unsigned type)
{
    return type == SOFT_ACCESS_B64 ? 2 : type >= SOFT_ACCESS_B128 ? 4 : 1;
}

static bool is_store(const SoftInsn *in)
{
    return in->op == SOFT_OP_ST || in->op == SOFT_OP_STL ||
           in->op == SOFT_OP_STS || in->op == SOFT_OP_STS_UNLOCK;
}

static bool is_atomic(const SoftInsn *in)
{
    return in->op >= SOFT_OP_RED_U32 && in->op <= SOFT_OP_ATOM_F32;
}

static void effect_dst(const SoftInsn *in, SoftOperand o, JitEffect *e)
{
    unsigned n = o == O_DD || ((o == O_DF || o == O_DI) && in->logic == 3) ?
                 2 : o == O_DT ? words_of(in->type) : 1;

    if (is_atomic(in)) {
        /* data; a compare-and-swap has the new value behind it */
        e->use.r |= regs(in->dst, in->op == SOFT_OP_ATOM_CAS64 ? 4 : n);
    } else if (is_store(in)) {
        e->use.r |= regs(in->dst, n);
    } else if (in->op != SOFT_OP_CCTL && in->op != SOFT_OP_CCTLL) {
        e->def.r |= regs(in->dst, n);
    }
}

static void effect_pred(const SoftInsn *in, SoftOperand o, JitEffect *e)
{
    switch (o) {
    case O_PD: case O_PD50: case O_PD53: case O_PD54:
        e->def.q |= pred(in->pdst);
        break;
    case O_PDN:
        e->def.q |= pred(in->pdst2);
        break;
    case O_PS3:
        e->use.q |= pred(in->psrc);
        break;
    case O_PA:
        e->use.q |= pred(in->src1);
        break;
    case O_PB:
        e->use.q |= pred(in->src2);
        break;
    default:
        break;
    }
}

static void effect_operand(const SoftInsn *in, SoftOperand o, JitEffect *e)
{
    switch (o) {
    case O_D: case O_DD: case O_DT: case O_DF: case O_DI:
        effect_dst(in, o, e);
        break;
    case O_D2: case O_D2D:
        e->def.r |= regs(in->dst2, o == O_D2D ? 2 : 1);
        break;
    case O_A: case O_L: case O_S: case O_CMEM:
        e->use.r |= regs(in->src1, 1);
        break;
    case O_AD:
        e->use.r |= regs(in->src1, 2);
        break;
    case O_G: case O_GATOM:
        e->use.r |= regs(in->src1, in->flags & SOFT_F_WIDE ? 2 : 1);
        break;
    case O_B: case O_BI: case O_BF: case O_B3I: case O_B3F:
        e->use.r |= in->bkind == SOFT_OPND_REG ? regs(in->src2, 1) : 0;
        break;
    case O_BD: case O_B3D:
        e->use.r |= in->bkind == SOFT_OPND_REG ? regs(in->src2, 2) : 0;
        break;
    case O_BSF: case O_BSI:
        e->use.r |= in->bkind != SOFT_OPND_REG ? 0 :
                    regs(in->src2, in->type == 3 ? 2 : 1);
        break;
    case O_C: case O_CR: case O_CDST:
        e->use.r |= in->ckind == SOFT_OPND_REG ? regs(in->src3, 1) : 0;
        break;
    case O_CD: case O_CRD:
        e->use.r |= in->ckind == SOFT_OPND_REG ? regs(in->src3, 2) : 0;
        break;
    case O_BARID:
        e->use.r |= in->flags & SOFT_F_IMM_A ? 0 : regs(in->src1, 1);
        break;
    case O_BARCNT:
        e->use.r |= in->flags & SOFT_F_IMM_B ? 0 : regs(in->src2, 1);
        break;
    default:
        effect_pred(in, o, e);
        break;
    }
}

/* $c as a source, beside the carry. */
static bool reads_cc(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_CSET: case SOFT_OP_CSETP:
        return true;
    case SOFT_OP_BRA: case SOFT_OP_BRA_ABS: case SOFT_OP_EXIT:
    case SOFT_OP_DISCARD: case SOFT_OP_RET: case SOFT_OP_BRK:
    case SOFT_OP_CONT:
        return in->cond != CC_ALWAYS;
    case SOFT_OP_IMNMX:
        return in->subop == 1 || in->subop == 2;
    default:
        return false;
    }
}

/* Whether the instruction's registers are not all told by its row. */
static bool opaque(SoftOp op)
{
    switch (op) {
    case SOFT_OP_TEX: case SOFT_OP_TEXFETCH: case SOFT_OP_TEXGATHER:
    case SOFT_OP_TEXLODQ: case SOFT_OP_TEXQUERY: case SOFT_OP_TEXGRAD:
    case SOFT_OP_SULDB: case SOFT_OP_SUST: case SOFT_OP_SULEAB:
        return true;
    default:
        return false;
    }
}

void gpuvm_jit_effect(const SoftInsn *in, JitEffect *e)
{
    const SoftRow *row = &gpuvm_soft_rows[in->op];

    *e = (JitEffect) { .whole = true };
    if (in->op <= SOFT_OP_FETCH) {
        return;
    }
    for (unsigned i = 0; i < SOFT_ROW_OPERANDS && row->operands[i]; i++) {
        effect_operand(in, row->operands[i], e);
    }
    if (in->flags & SOFT_F_CC) {
        e->def.q |= JIT_CC_BITS;
    }
    if (in->flags & SOFT_F_CARRY_IN) {
        e->use.q |= 1u << JIT_C | 1u << JIT_Z;
    }
    if (reads_cc(in)) {
        e->use.q |= JIT_CC_BITS;
    }
    switch (in->op) {
    case SOFT_OP_BAR:           /* written when it is complete */
        e->whole = false;
        break;
    case SOFT_OP_MOV: case SOFT_OP_MOV32I:
        e->whole = in->aux == 0xf;
        break;
    case SOFT_OP_P2R:
        e->use.q = JIT_ALL_Q;
        break;
    case SOFT_OP_R2P:
        e->def.q = JIT_ALL_Q;
        e->whole = false;
        break;
    default:
        break;
    }
    if (opaque(in->op)) {
        e->use = e->def = (JitSet) { JIT_ALL_R, JIT_ALL_Q };
        e->whole = false;
    }
}

bool gpuvm_jit_ends_block(const SoftInsn *in)
{
    if (in->join) {
        return true;
    }
    switch (in->op) {
    case SOFT_OP_ILLEGAL: case SOFT_OP_FETCH: case SOFT_OP_BRA:
    case SOFT_OP_BRA_ABS: case SOFT_OP_CALL: case SOFT_OP_CALL_ABS:
    case SOFT_OP_EXIT: case SOFT_OP_DISCARD: case SOFT_OP_RET:
    case SOFT_OP_BRK: case SOFT_OP_CONT: case SOFT_OP_BAR:
        return true;
    default:
        return false;
    }
}

bool gpuvm_jit_has_target(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_BRA: case SOFT_OP_BRA_ABS: case SOFT_OP_CALL:
    case SOFT_OP_CALL_ABS: case SOFT_OP_JOINAT: case SOFT_OP_PREBRK:
    case SOFT_OP_PRECONT: case SOFT_OP_PRERET:
        return true;
    default:
        return false;
    }
}

/* What a token of @in's kind may be resumed as; SOFT_TOKEN_DIV: none. */
static SoftTokenType leaves_to(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_BRK:
        return SOFT_TOKEN_PBK;
    case SOFT_OP_CONT:
        return SOFT_TOKEN_PCNT;
    case SOFT_OP_RET:
        return SOFT_TOKEN_RET;
    default:
        return in->join ? SOFT_TOKEN_SSY : SOFT_TOKEN_DIV;
    }
}

/* Whether every active lane leaves: nothing goes on behind it. */
static bool never_falls(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_ILLEGAL: case SOFT_OP_FETCH: case SOFT_OP_CALL:
    case SOFT_OP_CALL_ABS:
        return true;
    case SOFT_OP_BRA: case SOFT_OP_BRA_ABS: case SOFT_OP_EXIT:
    case SOFT_OP_DISCARD: case SOFT_OP_RET: case SOFT_OP_BRK:
    case SOFT_OP_CONT:
        return in->pred == SOFT_PRED_TRUE && in->cond == CC_ALWAYS;
    default:
        return in->join && in->pred == SOFT_PRED_TRUE;
    }
}

/* ---- blocks ---- */

enum { LEADER = 1, ENTRY = 2 };

static void mark(uint8_t *marks, const SoftProgram *p, uint32_t at,
                 unsigned how)
{
    if (at < p->count) {
        marks[at] |= how;
    }
}

static void find_leaders(JitFlow *f, uint8_t *marks)
{
    const SoftProgram *p = f->prog;

    mark(marks, p, p->entry, LEADER | ENTRY);
    for (uint32_t i = 0; i < p->count; i++) {
        const SoftInsn *in = &p->insns[i];

        if (gpuvm_jit_has_target(in)) {
            /* a branch forward is not come to from outside, unless a token
             * of the other side of a divergence is resumed */
            mark(marks, p, in->target, LEADER | ENTRY);
        }
        if (gpuvm_jit_ends_block(in)) {
            mark(marks, p, in->next, LEADER |
                 (in->op == SOFT_OP_BAR || in->op == SOFT_OP_CALL ||
                  in->op == SOFT_OP_CALL_ABS ? ENTRY : 0));
        } else if (in->next != i + 1) {
            mark(marks, p, in->next, LEADER);
        }
        if (in->op == SOFT_OP_QUADON || in->op == SOFT_OP_QUADPOP ||
            in->op == SOFT_OP_QUADOP) {
            f->refused = "quad operations";
        }
    }
    /* the last instruction stands for all that is not there */
    mark(marks, p, p->count - 1, LEADER);
}

static void make_blocks(JitFlow *f, const uint8_t *marks)
{
    const SoftProgram *p = f->prog;
    GArray *blocks = g_array_new(FALSE, TRUE, sizeof(JitBlock));

    for (uint32_t i = 0; i < p->count; i++) {
        JitBlock b = { .first = i, .entry = marks[i] & ENTRY };
        uint32_t at = i;

        f->block_at[i] = JIT_NO_BLOCK;
        if (!(marks[i] & LEADER)) {
            continue;
        }
        while (!gpuvm_jit_ends_block(&p->insns[at]) &&
               p->insns[at].next == at + 1 && !(marks[at + 1] & LEADER)) {
            at++;
        }
        b.last = at;
        f->block_at[i] = blocks->len;
        g_array_append_val(blocks, b);
    }
    f->nblocks = blocks->len;
    f->block = (JitBlock *)g_array_free(blocks, FALSE);
}

/* ---- liveness ---- */

static void set_or(JitSet *a, JitSet b)
{
    a->r |= b.r;
    a->q |= b.q;
}

static JitSet live_at(const JitFlow *f, uint32_t insn)
{
    uint32_t b = f->block_at[insn];

    return b == JIT_NO_BLOCK ? (JitSet) { JIT_ALL_R, JIT_ALL_Q } :
           f->block[b].live;
}

/* What lives behind the last instruction of a block. */
static JitSet live_behind(const JitFlow *f, const SoftInsn *in,
                          const JitSet *tokens)
{
    JitSet s = { 0, 0 };
    SoftTokenType t = leaves_to(in);

    if (!never_falls(in)) {
        set_or(&s, live_at(f, in->next));
    }
    if (in->op == SOFT_OP_BRA || in->op == SOFT_OP_BRA_ABS ||
        in->op == SOFT_OP_CALL || in->op == SOFT_OP_CALL_ABS) {
        set_or(&s, live_at(f, in->target));
    }
    if (t != SOFT_TOKEN_DIV) {
        set_or(&s, tokens[t]);
    }
    return s;
}

JitSet gpuvm_jit_live_before(const SoftInsn *in, JitSet s)
{
    JitEffect e;

    gpuvm_jit_effect(in, &e);
    if (in->pred == SOFT_PRED_TRUE && e.whole) {
        s.r &= ~e.def.r;
        s.q &= ~e.def.q;
    }
    set_or(&s, e.use);
    s.q |= pred(in->pred);
    return s;
}

/* What lives where tokens of each type may be resumed. */
static void live_tokens(const JitFlow *f, JitSet *tokens)
{
    const SoftProgram *p = f->prog;

    for (uint32_t i = 0; i < p->count; i++) {
        const SoftInsn *in = &p->insns[i];

        switch (in->op) {
        case SOFT_OP_JOINAT:
            set_or(&tokens[SOFT_TOKEN_SSY], live_at(f, in->target));
            break;
        case SOFT_OP_PREBRK:
            set_or(&tokens[SOFT_TOKEN_PBK], live_at(f, in->target));
            break;
        case SOFT_OP_PRECONT:
            set_or(&tokens[SOFT_TOKEN_PCNT], live_at(f, in->target));
            break;
        case SOFT_OP_PRERET:
            set_or(&tokens[SOFT_TOKEN_RET], live_at(f, in->target));
            break;
        case SOFT_OP_CALL: case SOFT_OP_CALL_ABS:
            set_or(&tokens[SOFT_TOKEN_RET], live_at(f, in->next));
            break;
        default:
            break;
        }
    }
}

static void liveness(JitFlow *f)
{
    const SoftProgram *p = f->prog;
    JitSet tokens[SOFT_TOKEN_LAST + 1] = { { 0, 0 } };
    bool changed = true;

    while (changed) {
        changed = false;
        live_tokens(f, tokens);
        for (unsigned k = f->nblocks; k-- > 0;) {
            JitBlock *b = &f->block[k];
            JitSet s = live_behind(f, &p->insns[b->last], tokens);

            for (uint32_t i = b->last; ; i--) {
                f->after[i] = s;
                s = gpuvm_jit_live_before(&p->insns[i], s);
                if (i == b->first) {
                    break;
                }
            }
            if (s.r != b->live.r || s.q != b->live.q) {
                b->live = s;
                changed = true;
            }
        }
    }
}

/* What lanes may need that are not active: they wait where a token leads. */
static void find_waiting(JitFlow *f, bool keep)
{
    const SoftProgram *p = f->prog;
    JitSet all = { 0, 0 };

    if (!keep && gpuvm_jit_flow_waiting(f)) {
        return;
    }
    for (uint32_t i = 0; i < p->count && !keep; i++) {
        const SoftInsn *in = &p->insns[i];

        if (gpuvm_jit_has_target(in)) {
            set_or(&all, live_at(f, in->target));
        }
        if (in->op == SOFT_OP_CALL || in->op == SOFT_OP_CALL_ABS) {
            set_or(&all, live_at(f, in->next));
        }
    }
    for (unsigned b = 0; b < f->nblocks; b++) {
        f->block[b].waiting_first = f->block[b].waiting =
            keep ? f->used : all;
    }
}

/* Returns whether everything has to be kept. */
static bool find_used(JitFlow *f, bool keep)
{
    const SoftProgram *p = f->prog;

    for (uint32_t i = 0; i < p->count; i++) {
        JitEffect e;

        gpuvm_jit_effect(&p->insns[i], &e);
        set_or(&f->used, e.use);
        set_or(&f->used, e.def);
        f->used.q |= pred(p->insns[i].pred);
        keep |= opaque(p->insns[i].op);
    }
    for (uint32_t i = 0; keep && i < p->count; i++) {
        f->after[i] = f->used;
    }
    for (unsigned i = 0; keep && i < f->nblocks; i++) {
        f->block[i].live = f->used;
    }
    return keep;
}

/* ---- where tokens lead ---- */

/* The divergence stack as it probably is at some place. */
typedef struct Node {
    const struct Node *below;
    SoftTokenType type;
    uint32_t pc;
} Node;

typedef struct Walk {
    JitFlow *f;
    bool *seen;             /* by block */
    GArray *blocks;         /* to do: uint32_t, and the stack there */
    GPtrArray *stacks;
    GPtrArray *nodes;       /* all, to be freed */
} Walk;

static const Node *push(Walk *w, const Node *below, SoftTokenType type,
                        uint32_t pc)
{
    Node *n = g_new(Node, 1);

    *n = (Node) { below, type, pc };
    g_ptr_array_add(w->nodes, n);
    return n;
}

static void visit(Walk *w, uint32_t insn, const Node *stack)
{
    uint32_t b = w->f->block_at[insn];

    if (b != JIT_NO_BLOCK && !w->seen[b]) {
        w->seen[b] = true;
        g_array_append_val(w->blocks, b);
        g_ptr_array_add(w->stacks, (gpointer)stack);
    }
}

static void guess(JitGuess *g, SoftTokenType type, const Node *n)
{
    for (; n && g->n < JIT_GUESSES - 1 && n->type != type; n = n->below) {
        g->pc[g->n++] = n->pc;
    }
    while (n && n->type != type) {
        n = n->below;
    }
    g->found = n != NULL;
    if (n) {
        g->pc[g->n++] = n->pc;
    }
}

/* An instruction in the middle of a block may push. */
static const Node *walk_insn(Walk *w, const SoftInsn *in, const Node *stack)
{
    SoftTokenType type = in->op == SOFT_OP_JOINAT ? SOFT_TOKEN_SSY :
                         in->op == SOFT_OP_PREBRK ? SOFT_TOKEN_PBK :
                         in->op == SOFT_OP_PRECONT ? SOFT_TOKEN_PCNT :
                         in->op == SOFT_OP_PRERET ? SOFT_TOKEN_RET :
                         SOFT_TOKEN_DIV;

    return type == SOFT_TOKEN_DIV ? stack :
           push(w, stack, type, in->target);
}

static void walk_block(Walk *w, const JitBlock *b, const Node *stack)
{
    const SoftProgram *p = w->f->prog;
    const SoftInsn *in = &p->insns[b->last];
    const Node *start = stack;
    SoftTokenType leave = leaves_to(in);

    for (uint32_t i = b->first; i <= b->last; i++) {
        stack = walk_insn(w, &p->insns[i], stack);
    }
    if (in->op == SOFT_OP_BRA || in->op == SOFT_OP_BRA_ABS) {
        visit(w, in->next, push(w, stack, SOFT_TOKEN_DIV, in->target));
        visit(w, in->target, stack);
    } else if (in->op == SOFT_OP_CALL || in->op == SOFT_OP_CALL_ABS) {
        visit(w, in->target, push(w, stack, SOFT_TOKEN_RET, in->next));
        visit(w, in->next, stack);
    } else {
        if (leave != SOFT_TOKEN_DIV || in->op == SOFT_OP_EXIT) {
            guess(&w->f->guess[b->last],
                  in->op == SOFT_OP_EXIT ? SOFT_TOKEN_QUAD : leave, stack);
        }
        visit(w, in->next, stack);
    }
    for (uint32_t i = b->first; i <= b->last; i++) {
        const SoftInsn *at = &p->insns[i];

        if (at->op == SOFT_OP_JOINAT || at->op == SOFT_OP_PREBRK ||
            at->op == SOFT_OP_PRECONT || at->op == SOFT_OP_PRERET) {
            visit(w, at->target, start);
        }
        start = walk_insn(w, at, start);
    }
}

static void find_guesses(JitFlow *f)
{
    Walk w = {
        .f = f, .seen = g_new0(bool, f->nblocks),
        .blocks = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
        .stacks = g_ptr_array_new(),
        .nodes = g_ptr_array_new_with_free_func(g_free),
    };

    visit(&w, f->prog->entry, NULL);
    for (guint i = 0; i < w.blocks->len; i++) {
        walk_block(&w, &f->block[g_array_index(w.blocks, uint32_t, i)],
                   g_ptr_array_index(w.stacks, i));
    }
    g_free(w.seen);
    g_array_free(w.blocks, TRUE);
    g_ptr_array_free(w.stacks, TRUE);
    g_ptr_array_free(w.nodes, TRUE);
}

void gpuvm_jit_flow_init(JitFlow *f, const SoftProgram *prog, bool keep)
{
    g_autofree uint8_t *marks = g_new0(uint8_t, prog->count);

    *f = (JitFlow) { .prog = prog };
    f->block_at = g_new(uint32_t, prog->count);
    f->after = g_new0(JitSet, prog->count);
    find_leaders(f, marks);
    make_blocks(f, marks);
    liveness(f);
    find_waiting(f, find_used(f, keep));
    f->guess = g_new0(JitGuess, prog->count);
    find_guesses(f);
}

void gpuvm_jit_flow_fini(JitFlow *f)
{
    g_free(f->block);
    g_free(f->block_at);
    g_free(f->after);
    g_free(f->guess);
}
