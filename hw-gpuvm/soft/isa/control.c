/*
 * Control flow: branches and the divergence stack (nvc0-compute.md 4.7).
 *
 * joinat, prebrk, precont and call push a token with an address; a divergent
 * branch pushes the side that has to wait.  Lanes that execute join, brk, cont
 * or ret leave the active mask and are parked on the innermost token of that
 * type.  When no lane is active, tokens are taken from the top until one has
 * lanes to run: those of the waiting side, or those parked.  So every living
 * lane is active, in one waiting side, or parked on one token; a branch runs
 * its fall-through side first, which keeps the stack flat in loops whose lanes
 * leave one by one (the shared-memory lock idiom).
 *
 * quadon makes all four lanes of each quad active that has an active one, even
 * those that wait or never lived, so that they can lend a hand in taking
 * derivatives; a token keeps who was active until quadpop.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/control.h"

#include <string.h>

#include "soft/isa/table.h"
#include "soft/soft.h"

/* Values of a 5-bit condition code from 0x10 on. */
enum { CC_NO = 0x10, CC_NC, CC_NS, CC_NA, CC_A, CC_S, CC_C, CC_O };
#define CC_ALWAYS 0x0f

uint32_t gpuvm_soft_cc_lanes(const SoftWarp *w, unsigned cond)
{
    uint32_t less = ~w->z & (w->s ^ w->o), eq = w->z & ~w->s;
    uint32_t greater = ~w->z & ~(w->s ^ w->o), unordered = w->z & w->s;

    switch (cond) {
    case CC_ALWAYS:
        return ~0u;
    case CC_NO:
        return ~w->o;
    case CC_NC:
        return ~w->c;
    case CC_NS:
        return ~w->s;
    case CC_NA:
        return ~w->c | w->z;
    case CC_A:
        return w->c & ~w->z;
    case CC_S:
        return w->s;
    case CC_C:
        return w->c;
    case CC_O:
        return w->o;
    default:
        return (cond & 1 ? less : 0) | (cond & 2 ? eq : 0) |
               (cond & 4 ? greater : 0) | (cond & 8 ? unordered : 0);
    }
}

/* Resumes the topmost token that has lanes; see the top of the file. */
static SoftExecStatus pop(SoftWarp *w)
{
    while (w->depth) {
        const SoftToken *t = &w->stack[--w->depth];
        uint32_t go = t->type == SOFT_TOKEN_DIV ? t->mask : t->parked;
        /* a quad's token has no lanes: whoever it would wake has left */

        go &= w->live;
        if (go) {
            w->active = go;
            w->pc = t->pc;
            return SOFT_EXEC_JUMPED;
        }
    }
    return SOFT_EXEC_EXITED;
}

static SoftExecStatus push(SoftWarp *w, const SoftInsn *in,
                           SoftTokenType type, uint32_t mask, uint32_t pc)
{
    SoftToken *t;

    if (w->depth == SOFT_STACK_MAX) {
        gpuvm_soft_cta_trap(w->cta, GPUVM_TRAP_STACK, in);
        return SOFT_EXEC_FAULT;
    }
    t = &w->stack[w->depth++];
    t->type = type;
    t->mask = mask;
    t->parked = 0;
    t->pc = pc;
    return SOFT_EXEC_OK;
}

/* @lanes leave the active mask and wait at the innermost token of @type. */
SoftExecStatus gpuvm_soft_token_park(SoftWarp *w, const SoftInsn *in,
                                     SoftTokenType type, uint32_t lanes)
{
    unsigned i = w->depth;

    while (i && w->stack[i - 1].type != type) {
        i--;
    }
    if (!i) {
        gpuvm_soft_cta_trap(w->cta, GPUVM_TRAP_STACK, in);
        return SOFT_EXEC_FAULT;
    }
    w->stack[i - 1].parked |= lanes;
    w->active &= ~lanes;
    if (!w->active) {
        return pop(w);
    }
    w->pc = in->next;
    return SOFT_EXEC_JUMPED;
}

SoftExecStatus gpuvm_soft_join(SoftWarp *w, const SoftInsn *in, uint32_t mask)
{
    return gpuvm_soft_token_park(w, in, SOFT_TOKEN_SSY, mask);
}

#define HANDLER(name) \
    static SoftExecStatus op_##name(SoftWarp *w, const SoftInsn *in, \
                                    uint32_t mask)

SoftExecStatus gpuvm_soft_token_diverge(SoftWarp *w, const SoftInsn *in,
                                        uint32_t taken)
{
    SoftToken *top = w->depth ? &w->stack[w->depth - 1] : NULL;

    if (top && top->type == SOFT_TOKEN_DIV && top->pc == in->target) {
        top->mask |= taken;     /* goes the same way as those before */
    } else if (push(w, in, SOFT_TOKEN_DIV, taken, in->target)) {
        return SOFT_EXEC_FAULT;
    }
    w->active &= ~taken;
    w->pc = in->next;
    return SOFT_EXEC_JUMPED;
}

HANDLER(bra)
{
    uint32_t taken = mask & gpuvm_soft_cc_lanes(w, in->cond);
    uint32_t rest = w->active & ~taken;

    if (!taken || (rest && (in->flags & SOFT_F_ALLWARP))) {
        return SOFT_EXEC_OK;
    }
    if (!rest) {
        w->pc = in->target;
        return SOFT_EXEC_JUMPED;
    }
    return gpuvm_soft_token_diverge(w, in, taken);
}

HANDLER(call)
{
    if (push(w, in, SOFT_TOKEN_RET, mask, in->next)) {
        return SOFT_EXEC_FAULT;
    }
    w->pc = in->target;
    return SOFT_EXEC_JUMPED;
}

HANDLER(joinat)
{
    return push(w, in, SOFT_TOKEN_SSY, mask, in->target);
}

HANDLER(prebrk)
{
    return push(w, in, SOFT_TOKEN_PBK, mask, in->target);
}

HANDLER(precont)
{
    return push(w, in, SOFT_TOKEN_PCNT, mask, in->target);
}

HANDLER(preret)
{
    return push(w, in, SOFT_TOKEN_RET, mask, in->target);
}

static SoftExecStatus leave(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            SoftTokenType type)
{
    uint32_t lanes = mask & gpuvm_soft_cc_lanes(w, in->cond);

    return lanes ? gpuvm_soft_token_park(w, in, type, lanes) : SOFT_EXEC_OK;
}

HANDLER(brk)
{
    return leave(w, in, mask, SOFT_TOKEN_PBK);
}

HANDLER(cont)
{
    return leave(w, in, mask, SOFT_TOKEN_PCNT);
}

HANDLER(ret)
{
    return leave(w, in, mask, SOFT_TOKEN_RET);
}

/* An exiting lane is active, so in no token. */
SoftExecStatus gpuvm_soft_lanes_exit(SoftWarp *w, uint32_t lanes)
{
    w->live &= ~lanes;
    w->active &= ~lanes;
    if (!w->active) {
        return pop(w);
    }
    return SOFT_EXEC_OK;
}

/* exit and discard */
HANDLER(exit)
{
    return gpuvm_soft_lanes_exit(w, mask & gpuvm_soft_cc_lanes(w, in->cond));
}

HANDLER(quadon)
{
    uint32_t quads = w->active | w->active >> 1;

    quads = ((quads | quads >> 2) & 0x11111111u) * 0xf;
    if (push(w, in, SOFT_TOKEN_QUAD, w->active, in->next)) {
        return SOFT_EXEC_FAULT;
    }
    w->active = quads;
    return SOFT_EXEC_OK;
}

HANDLER(quadpop)
{
    const SoftToken *t = w->depth ? &w->stack[w->depth - 1] : NULL;

    if (!t || t->type != SOFT_TOKEN_QUAD) {
        gpuvm_soft_cta_trap(w->cta, GPUVM_TRAP_STACK, in);
        return SOFT_EXEC_FAULT;
    }
    w->active = t->mask & w->live;
    w->depth--;
    if (!w->active) {
        return pop(w);
    }
    return SOFT_EXEC_OK;
}

/*
 * quadop: in each lane of a quad its own one of four operations, on source 1
 * of another lane (of a fixed one of the quad, or of the neighbour across or
 * down) and on its own source 2.  Taking derivatives is a - b in one lane, the
 * reverse in its neighbour.
 */
HANDLER(quadop)
{
    enum { QUAD_ADD, QUAD_SUBR, QUAD_SUB, QUAD_MOV2 };
    enum { FROM_ACROSS = 4 };   /* 5: down */
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    const uint32_t *b = gpuvm_soft_src(w, in->src2);
    uint32_t *d = gpuvm_soft_dst(w, in->dst), out[SOFT_LANES];

    for (uint32_t m = mask; m; m &= m - 1) {
        unsigned i = __builtin_ctz(m);
        unsigned from = in->aux < FROM_ACROSS ? (i & ~3u) + in->aux :
                        in->aux == FROM_ACROSS ? i ^ 1 : i ^ 2;
        unsigned op = in->subop >> (6 - 2 * (i & 3)) & 3;
        float x, y;

        memcpy(&x, &a[from], sizeof(x));
        memcpy(&y, &b[i], sizeof(y));
        x = op == QUAD_ADD ? x + y : op == QUAD_SUB ? x - y : y - x;
        memcpy(&out[i], op == QUAD_MOV2 ? (const void *)&b[i] : &x,
               sizeof(out[i]));
    }
    for (uint32_t m = mask; m; m &= m - 1) {
        d[__builtin_ctz(m)] = out[__builtin_ctz(m)];
    }
    return SOFT_EXEC_OK;
}

HANDLER(nop)
{
    return SOFT_EXEC_OK;
}

HANDLER(vote)
{
    enum { VOTE_ALL, VOTE_ANY, VOTE_UNI };
    uint32_t yes = gpuvm_soft_get_pred(w, in->src1) & mask;
    uint32_t *d = gpuvm_soft_dst(w, in->dst);
    bool r = in->subop == VOTE_ALL ? yes == mask :
             in->subop == VOTE_ANY ? yes != 0 : yes == 0 || yes == mask;

    gpuvm_soft_set_pred(w, in->pdst, r ? ~0u : 0, mask);
    for (uint32_t m = mask; m; m &= m - 1) {
        d[__builtin_ctz(m)] = yes;
    }
    return SOFT_EXEC_OK;
}

/*
 * bar counts warps, so all lanes of the warp that are alive have to be at it;
 * register operands are taken from the first lane.
 */
HANDLER(bar)
{
    unsigned first = __builtin_ctz(mask);
    uint32_t id = in->flags & SOFT_F_IMM_A ? in->aux :
                  gpuvm_soft_src(w, in->src1)[first];
    uint32_t threads = in->flags & SOFT_F_IMM_B ? in->imm :
                       gpuvm_soft_src(w, in->src2)[first];

    if (mask != w->live || id >= SOFT_BARRIERS) {
        gpuvm_soft_cta_trap(w->cta, GPUVM_TRAP_BARRIER, in);
        return SOFT_EXEC_FAULT;
    }
    w->bar = (SoftBarWait) {
        .id = id,
        .op = in->subop,
        .threads = threads,
        .lanes = mask,
        .truth = gpuvm_soft_get_pred(w, in->psrc) & mask,
        .in = in,
    };
    return SOFT_EXEC_BARRIER;
}

/* Predicates and $c of a lane as one word: $p0-6 at 6:0, Z S C O at 15:12. */
static uint32_t flags_get(const SoftWarp *w, unsigned lane)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < SOFT_PRED_TRUE; i++) {
        v |= ((w->p[i] >> lane) & 1) << i;
    }
    return v | ((w->z >> lane) & 1) << 12 | ((w->s >> lane) & 1) << 13 |
           ((w->c >> lane) & 1) << 14 | ((w->o >> lane) & 1) << 15;
}

static uint32_t operand_b(SoftWarp *w, const SoftInsn *in, unsigned lane)
{
    switch (in->bkind) {
    case SOFT_OPND_REG:
        return gpuvm_soft_src(w, in->src2)[lane];
    case SOFT_OPND_CONST:
        return gpuvm_soft_const_read32(w->cta, in->bank, in->cofs);
    default:
        return in->imm;
    }
}

HANDLER(p2r)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);
    uint32_t *d = gpuvm_soft_dst(w, in->dst);

    for (uint32_t m = mask; m; m &= m - 1) {
        unsigned i = __builtin_ctz(m);
        uint32_t keep = operand_b(w, in, i);

        d[i] = (a[i] & ~keep) | (flags_get(w, i) & keep);
    }
    return SOFT_EXEC_OK;
}

HANDLER(r2p)
{
    const uint32_t *a = gpuvm_soft_src(w, in->src1);

    for (uint32_t m = mask; m; m &= m - 1) {
        unsigned i = __builtin_ctz(m);
        uint32_t which = operand_b(w, in, i), bit = 1u << i;
        uint32_t *const cc[4] = { &w->z, &w->s, &w->c, &w->o };

        for (unsigned n = 0; n < 16; n++) {
            uint32_t *f = n < SOFT_PRED_TRUE ? &w->p[n] :
                          n >= 12 ? cc[n - 12] : NULL;

            if (f && (which >> n) & 1) {
                *f = (*f & ~bit) | ((a[i] >> n) & 1 ? bit : 0);
            }
        }
    }
    return SOFT_EXEC_OK;
}

#define WINDOW_SIZE 0x01000000u     /* s[] and l[] in g[]: 16 MiB each */

static uint32_t pack_xyz(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & 0xffff) | (y & 0x3ff) << 16 | z << 26;
}

/*
 * Those that are the same in all lanes; unknown ones read 0.  The clock counts
 * nanoseconds: one of all multiprocessors, that goes on between grids.
 */
uint32_t gpuvm_soft_sreg_uniform(const SoftWarp *w, unsigned n)
{
    const SoftCta *cta = w->cta;
    const SoftLaunch *l = cta->launch;

    switch (n) {
    case SREG_PHYSID:
        return w->index << 8;
    case SREG_LAUNCHARG:
        return l->launch_arg;
    case SREG_CTAIDX: case SREG_CTAIDY: case SREG_CTAIDZ:
        return cta->id[n - SREG_CTAIDX];
    case SREG_NTID:
        return pack_xyz(l->block[0], l->block[1], l->block[2]);
    case SREG_NTIDX: case SREG_NTIDY: case SREG_NTIDZ:
        return l->block[n - SREG_NTIDX];
    case SREG_GRIDID:
        return l->grid_id;
    case SREG_NCTAIDX: case SREG_NCTAIDY: case SREG_NCTAIDZ:
        return l->grid[n - SREG_NCTAIDX];
    case SREG_SBASE:
        return l->shared_base;
    case SREG_SWINSZ: case SREG_LWINSZ:
        return WINDOW_SIZE;
    case SREG_SMEMSZ:
        return l->shared_size;
    case SREG_LBASE:
        return l->local_base;
    case SREG_LPOSSZ:
        return l->local_pos;
    case SREG_LNEGSTART:
        return WINDOW_SIZE - l->local_neg;
    case SREG_CLOCK:
        return (uint32_t)gpuvm_soft_clock_ns();
    case SREG_CLOCKHI:
        return gpuvm_soft_clock_ns() >> 32;
    default:
        return 0;
    }
}

uint32_t gpuvm_soft_sreg_lane(const SoftWarp *w, unsigned n, unsigned lane)
{
    uint32_t bit = 1u << lane;

    switch (n) {
    case SREG_LANEID:
        return lane;
    case SREG_TID:
        return pack_xyz(w->tid[0][lane], w->tid[1][lane], w->tid[2][lane]);
    case SREG_TIDX: case SREG_TIDY: case SREG_TIDZ:
        return w->tid[n - SREG_TIDX][lane];
    case SREG_LANEMASK_EQ:
        return bit;
    case SREG_LANEMASK_LT:
        return bit - 1;
    case SREG_LANEMASK_LE:
        return bit | (bit - 1);
    case SREG_LANEMASK_GT:
        return ~(bit | (bit - 1));
    case SREG_LANEMASK_GE:
        return ~(bit - 1);
    default:
        return 0;
    }
}

#define ENTRY_ALU(id, handler)
#define ENTRY_CTL(id, handler) [SOFT_OP_##id] = op_##handler,
#define ENTRY_MEM(id, handler) \
    [SOFT_OP_##id] = gpuvm_soft_exec_##handler,

SoftExecFn *const gpuvm_soft_ctl_handlers[SOFT_OP__MAX] = {
#define ROW(id, kind, handler, ...) ENTRY_##kind(id, handler)
#include "soft/isa/table.def"
#undef ROW
};
