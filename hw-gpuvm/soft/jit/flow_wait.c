/*
 * Which registers the lanes need that are not active.
 *
 * A lane that is not active has exited, or waits for a token of the divergence
 * stack and will go on where that leads.  So a program is searched, from its
 * entry along all ways that control may take, for the instructions whose
 * tokens may lie on the stack in each block; what lives where those lead has
 * to be kept there, and nothing else: a register that is not among it may be
 * written for all 32 lanes, whatever the active mask.
 *
 * Control goes to a token when the active lanes have left or exited; then that
 * token is no longer there, unless the program may push it while it is (a call
 * in a loop that never returns, say), in which case it counts as never gone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/flow.h"

#include <glib.h>

#define MAX_SITES 64        /* bits of a set; more: no block is told apart */

typedef struct Site {
    uint32_t insn, to;      /* who pushes, and where the token leads */
} Site;

typedef struct Search {
    JitFlow *f;
    Site site[MAX_SITES];
    unsigned n;
    uint64_t again;         /* sites that may push what is there already */
    uint64_t *in;           /* by block: tokens at its start */
    bool *reached;
    bool changed;
} Search;

static bool is_bra(const SoftInsn *in)
{
    return in->op == SOFT_OP_BRA || in->op == SOFT_OP_BRA_ABS;
}

static bool is_call(const SoftInsn *in)
{
    return in->op == SOFT_OP_CALL || in->op == SOFT_OP_CALL_ABS;
}

static bool find_sites(Search *s)
{
    const SoftProgram *p = s->f->prog;

    for (uint32_t i = 0; i < p->count; i++) {
        if (gpuvm_jit_has_target(&p->insns[i])) {
            if (s->n == MAX_SITES) {
                return false;
            }
            s->site[s->n++] = (Site) {
                i, is_call(&p->insns[i]) ? p->insns[i].next :
                                           p->insns[i].target
            };
        }
    }
    return true;
}

static uint64_t bit_of(const Search *s, uint32_t insn)
{
    for (unsigned k = 0; k < s->n; k++) {
        if (s->site[k].insn == insn) {
            return UINT64_C(1) << k;
        }
    }
    return 0;
}

/* Control may come to @insn with @tokens on the stack. */
static void come(Search *s, uint32_t insn, uint64_t tokens)
{
    uint32_t b = s->f->block_at[insn];

    if (b == JIT_NO_BLOCK) {
        return;
    }
    if (!s->reached[b] || (tokens & ~s->in[b])) {
        s->reached[b] = true;
        s->in[b] |= tokens;
        s->changed = true;
    }
}

static uint64_t push(Search *s, uint64_t tokens, uint32_t insn)
{
    uint64_t bit = bit_of(s, insn);

    if (tokens & bit & ~s->again) {
        s->again |= bit;
        s->changed = true;
    }
    return tokens | bit;
}

/* The tokens at the end of a block, those of a branch of its own included. */
static uint64_t walk(Search *s, unsigned block)
{
    const JitBlock *b = &s->f->block[block];
    const SoftInsn *insns = s->f->prog->insns, *last = &insns[b->last];
    uint64_t t = s->in[block];

    for (uint32_t i = b->first; i < b->last; i++) {
        t = push(s, t, i);
    }
    if (is_bra(last)) {
        come(s, last->target, t);
    }
    t = push(s, t, b->last);
    if (is_call(last)) {
        come(s, last->target, t);
    } else {
        come(s, last->next, t);
    }
    /* all lanes may leave: to any of these */
    for (uint64_t m = gpuvm_jit_ends_block(last) ? t : 0; m; m &= m - 1) {
        unsigned k = __builtin_ctzll(m);

        come(s, s->site[k].to, t & ~((UINT64_C(1) << k) & ~s->again));
    }
    return t;
}

static JitSet needed(const Search *s, uint64_t tokens)
{
    JitSet r = { 0, 0 };

    for (; tokens; tokens &= tokens - 1) {
        uint32_t b = s->f->block_at[s->site[__builtin_ctzll(tokens)].to];

        r.r |= b == JIT_NO_BLOCK ? JIT_ALL_R : s->f->block[b].live.r;
        r.q |= b == JIT_NO_BLOCK ? JIT_ALL_Q : s->f->block[b].live.q;
    }
    return r;
}

bool gpuvm_jit_flow_waiting(JitFlow *f)
{
    g_autofree uint64_t *in = g_new0(uint64_t, f->nblocks);
    g_autofree bool *reached = g_new0(bool, f->nblocks);
    Search s = { .f = f, .in = in, .reached = reached };

    if (!find_sites(&s)) {
        return false;
    }
    come(&s, f->prog->entry, 0);
    while (s.changed) {
        s.changed = false;
        for (unsigned b = 0; b < f->nblocks; b++) {
            if (reached[b]) {
                walk(&s, b);
            }
        }
    }
    for (unsigned b = 0; b < f->nblocks; b++) {
        f->block[b].waiting_first = needed(&s, in[b]);
        f->block[b].waiting = needed(&s, walk(&s, b));
    }
    return true;
}
