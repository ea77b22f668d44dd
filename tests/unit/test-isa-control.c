/*
 * Control flow of warps: the idioms that the compiler uses, random structured
 * programs against lanes that run alone (isa_ref.c), votes, barriers, special
 * registers, and everything that must end in a trap.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>

#include "isa_rig.h"
#include "soft/soft.h"

#define BUDGET 65536

static SoftProgram *program(IsaProg *p)
{
    uint32_t words[2 * ISA_MAX_INSNS];

    isa_link(p);
    for (unsigned i = 0; i < p->n; i++) {
        words[2 * i] = (uint32_t)p->insn[i];
        words[2 * i + 1] = p->insn[i] >> 32;
    }
    return gpuvm_soft_program_from_words(words, 2 * p->n, 0, 0);
}

/* r0 = lane, as every test program wants it */
static void start(IsaRig *r, SoftProgram *prog)
{
    r->cta.prog = prog;
    r->cta.faulted = false;
    gpuvm_soft_warp_init(&r->warp, &r->cta, 0);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        r->warp.r[0][i] = i;
    }
}

static SoftRunStatus run(IsaRig *r, IsaProg *p)
{
    SoftProgram *prog = program(p);
    SoftRunStatus st;

    start(r, prog);
    st = isa_rig_run(r, BUDGET);
    gpuvm_soft_program_put(NULL, prog);
    return st;
}

#define MOVI(d, v)      (MOV32I | D(d) | LIMM(v))
#define ADDI(d, a, v)   (IADD | D(d) | A(a) | IMM(v))
#define CMPI(p, c, a, v) \
    (ISETP | COND(c) | PD(p) | PDN(7) | PTRUE3 | A(a) | IMM(v))
#define NOT(p)          ((p) | 8)

/* if (lane < 10) r1 = 1; else r1 = 2; r2 = 3 */
static void test_if_else(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int other, join;

    isa_prog_init(p);
    other = isa_new_label(p);
    join = isa_new_label(p);
    isa_emit_to(p, JOINAT, join);
    isa_emit(p, CMPI(0, LT, 0, 10));
    isa_emit_to(p, isa_guard(BRA, NOT(0)), other);
    isa_emit(p, MOVI(1, 1) | JOIN);
    isa_place(p, other);
    isa_emit(p, MOVI(1, 2) | JOIN);
    isa_place(p, join);
    isa_emit(p, MOVI(2, 3));
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        CU_ASSERT_EQUAL(r->warp.r[1][i], i < 10 ? 1 : 2);
        CU_ASSERT_EQUAL(r->warp.r[2][i], 3);
    }
    CU_ASSERT_EQUAL(r->warp.depth, 0);
    /* joinat, compare, branch, two sides, two at the end: none runs twice */
    CU_ASSERT_EQUAL(r->warp.executed, 7);
    g_free(p);
    free(r);
}

/* two branches to the same place: if (lane < 5 || lane >= 29) r1 = 1 else 2 */
static void test_two_branches(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int other, join;

    isa_prog_init(p);
    other = isa_new_label(p);
    join = isa_new_label(p);
    isa_emit_to(p, JOINAT, join);
    isa_emit(p, CMPI(0, LT, 0, 5));
    isa_emit(p, CMPI(1, GE, 0, 29));
    isa_emit_to(p, isa_guard(BRA, 0), other);
    isa_emit_to(p, isa_guard(BRA, 1), other);
    isa_emit(p, MOVI(1, 2) | JOIN);
    isa_place(p, other);
    isa_emit(p, MOVI(1, 1) | JOIN);
    isa_place(p, join);
    isa_emit(p, MOVI(2, 3));
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        CU_ASSERT_EQUAL(r->warp.r[1][i], i < 5 || i >= 29 ? 1 : 2);
        CU_ASSERT_EQUAL(r->warp.r[2][i], 3);
    }
    CU_ASSERT_EQUAL(r->warp.executed, 9);
    g_free(p);
    free(r);
}

/* if without else: predicated join, body, join */
static void test_predicated_join(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int join;

    isa_prog_init(p);
    join = isa_new_label(p);
    isa_emit_to(p, JOINAT, join);
    isa_emit(p, CMPI(0, GE, 0, 30));
    isa_emit(p, isa_guard(NOP | JOIN, NOT(0)));
    isa_emit(p, ADDI(1, 0, 100));
    isa_emit(p, ADDI(1, 1, 100) | JOIN);
    isa_place(p, join);
    isa_emit(p, ADDI(2, 1, 1));
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        CU_ASSERT_EQUAL(r->warp.r[2][i], i >= 30 ? i + 201 : 1);
    }
    g_free(p);
    free(r);
}

/*
 * for (r1 = 0;; r1++) { if (r1 == lane) break; if (r1 & 1) continue; r2 += r1 }
 * with precont executed again in each round.
 */
static void test_continue(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int out, head;

    isa_prog_init(p);
    out = isa_new_label(p);
    head = isa_new_label(p);
    isa_emit_to(p, PREBRK, out);
    isa_emit(p, MOVI(1, -1));
    isa_place(p, head);
    isa_emit_to(p, PRECONT, head);
    isa_emit(p, ADDI(1, 1, 1));
    isa_emit(p, ISETP | COND(EQ) | PD(0) | PDN(7) | PTRUE3 | A(1) | B(0));
    isa_emit(p, isa_guard(BRK, 0));
    isa_emit(p, LOP | D(3) | A(1) | IMM(1));
    isa_emit(p, CMPI(1, NE, 3, 0));
    isa_emit(p, isa_guard(CONT, 1));
    isa_emit(p, IADD | D(2) | A(2) | B(1));
    isa_emit(p, CONT);
    isa_place(p, out);
    isa_emit(p, ADDI(4, 2, 7));
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        unsigned sum = 0;

        for (unsigned k = 0; k < i; k += 2) {
            sum += k;
        }
        CU_ASSERT_EQUAL(r->warp.r[4][i], sum + 7);
    }
    CU_ASSERT_EQUAL(r->warp.depth, 0);
    g_free(p);
    free(r);
}

/* break and exit from under an if; the rest of the warp goes on */
static void test_break_under_join(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int out, head, join;

    isa_prog_init(p);
    out = isa_new_label(p);
    head = isa_new_label(p);
    join = isa_new_label(p);
    isa_emit_to(p, PREBRK, out);
    isa_place(p, head);
    isa_emit(p, ADDI(1, 1, 1));
    isa_emit_to(p, JOINAT, join);
    isa_emit(p, CMPI(0, GT, 1, 3));
    isa_emit(p, isa_guard(NOP | JOIN, NOT(0)));
    isa_emit(p, CMPI(1, LT, 0, 4));
    isa_emit(p, isa_guard(EXIT, 1));        /* lanes 0-3 in round 4 */
    isa_emit(p, ISETP | COND(GE) | PD(2) | PDN(7) | PTRUE3 | A(1) | B(0));
    isa_emit(p, isa_guard(BRK, 2));         /* others when r1 >= lane */
    isa_emit(p, NOP | JOIN);
    isa_place(p, join);
    isa_emit_to(p, BRA, head);
    isa_place(p, out);
    isa_emit(p, ADDI(2, 1, 1000));
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        CU_ASSERT_EQUAL(r->warp.r[1][i], MAX(i, 4));
        CU_ASSERT_EQUAL(r->warp.r[2][i], i < 4 ? 0 : MAX(i, 4) + 1000);
    }
    g_free(p);
    free(r);
}

/* a function that lanes leave at different places, called by some lanes */
static void test_call(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int func, join;

    isa_prog_init(p);
    func = isa_new_label(p);
    join = isa_new_label(p);
    isa_emit_to(p, JOINAT, join);
    isa_emit(p, CMPI(0, LT, 0, 8));
    isa_emit(p, isa_guard(NOP | JOIN, 0));
    isa_emit_to(p, CALL, func);
    isa_emit(p, ADDI(2, 1, 1) | JOIN);
    isa_place(p, join);
    isa_emit(p, EXIT);
    isa_place(p, func);
    isa_emit(p, MOVI(1, 50));
    isa_emit(p, CMPI(1, LT, 0, 16));
    isa_emit(p, isa_guard(RET, 1));
    isa_emit(p, MOVI(1, 60));
    isa_emit(p, RET);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        CU_ASSERT_EQUAL(r->warp.r[2][i], i < 8 ? 0 : i < 16 ? 51 : 61);
    }
    g_free(p);
    free(r);
}

/* the lock idiom: one lane leaves a round, for 32 rounds, on a flat stack */
static void test_lanes_leave_one_by_one(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int head, join;

    isa_prog_init(p);
    head = isa_new_label(p);
    join = isa_new_label(p);
    isa_emit_to(p, JOINAT, join);
    isa_place(p, head);
    isa_emit(p, ADDI(1, 1, 1));
    isa_emit(p, ISETP | COND(LE) | PD(0) | PDN(7) | PTRUE3 | A(1) | B(0));
    isa_emit_to(p, isa_guard(BRA, 0), head);
    isa_emit(p, ADDI(2, 1, 0) | JOIN);
    isa_place(p, join);
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        CU_ASSERT_EQUAL(r->warp.r[2][i], i + 1);
    }
    g_free(p);
    free(r);
}

/* ---- random structured programs ------------------------------------------ */

#define R_COUNTER 20    /* loop counters, one a nesting level */
#define MAX_NEST  3

typedef struct Gen {
    IsaProg *p;
    uint32_t seed;
    unsigned nest, loops;
    int funcs[3], nfuncs;
    bool in_func;
    bool memory;            /* with loads and stores of s[] */
} Gen;

#define LDS (OP(0xc1, 5) | F(4, 5))
#define STS (OP(0xc9, 5) | F(4, 5))
#define R_LANE 9            /* 128 bytes of s[] a lane */

static unsigned rnd(Gen *g, unsigned n)
{
    return isa_rand(&g->seed) % n;
}

static void gen_block(Gen *g, unsigned length);

/* A value that differs by lane, in r1..r7. */
static void gen_compute(Gen *g)
{
    unsigned d = 1 + rnd(g, 7), a = rnd(g, 8), b = rnd(g, 8);

    if (g->memory && rnd(g, 3) == 0) {
        /* a word of the lane's own, at a place that differs or not */
        isa_emit(g->p, LOP | D(8) | A(rnd(g, 2) ? a : 63) | IMM(0x7c));
        isa_emit(g->p, IADD | D(8) | A(8) | B(R_LANE));
        isa_emit(g->p, (rnd(g, 2) ? LDS : STS) | D(d) | A(8));
        return;
    }
    switch (rnd(g, 5)) {
    case 0:
        isa_emit(g->p, IADD | D(d) | A(a) | B(b));
        break;
    case 1:
        isa_emit(g->p, IMAD | D(d) | A(a) | IMM(rnd(g, 100)) | C(b));
        break;
    case 2:
        isa_emit(g->p, LOP | F(2, 6) | D(d) | A(a) | B(b));
        break;
    case 3:
        isa_emit(g->p, ADDI(d, a, rnd(g, 1000)));
        break;
    default:
        isa_emit(g->p, isa_guard(ADDI(d, a, 1), rnd(g, 16)));
        break;
    }
}

/* $p0..2 := some bit of some register; returns a guard */
static unsigned gen_condition(Gen *g)
{
    unsigned p = rnd(g, 3);

    isa_emit(g->p, LOP | D(8) | A(rnd(g, 8)) | IMM(1 << rnd(g, 4)));
    isa_emit(g->p, CMPI(p, NE, 8, 0));
    return p | (rnd(g, 2) ? 8 : 0);
}

static void gen_if(Gen *g)
{
    int other = isa_new_label(g->p), join = isa_new_label(g->p);
    unsigned c;

    isa_emit_to(g->p, JOINAT, join);
    c = gen_condition(g);
    if (rnd(g, 2)) {
        isa_emit(g->p, isa_guard(NOP | JOIN, c));
        gen_block(g, 3);
    } else {
        isa_emit_to(g->p, isa_guard(BRA, c), other);
        gen_block(g, 2);
        isa_emit(g->p, NOP | JOIN);
        isa_place(g->p, other);
        gen_block(g, 2);
    }
    isa_emit(g->p, ADDI(1, 1, 1) | JOIN);
    isa_place(g->p, join);
}

static void gen_loop(Gen *g)
{
    int out = isa_new_label(g->p), head = isa_new_label(g->p);
    unsigned counter = R_COUNTER + g->nest + (g->in_func ? 8 : 0);
    bool has_cont = rnd(g, 2);

    isa_emit_to(g->p, PREBRK, out);
    isa_emit(g->p, LOP | D(counter) | A(rnd(g, 8)) | IMM(3));
    isa_place(g->p, head);
    if (has_cont) {
        isa_emit_to(g->p, PRECONT, head);
    }
    isa_emit(g->p, ADDI(counter, counter, 1));
    isa_emit(g->p, CMPI(3, GT, counter, 5));
    isa_emit(g->p, isa_guard(BRK, 3));
    g->loops++;
    gen_block(g, 2);
    if (rnd(g, 2)) {
        isa_emit(g->p, isa_guard(BRK, gen_condition(g)));
    }
    if (has_cont) {
        isa_emit(g->p, isa_guard(CONT, gen_condition(g)));
    }
    gen_block(g, 2);
    g->loops--;
    if (has_cont) {
        isa_emit(g->p, CONT);
    } else {
        isa_emit_to(g->p, BRA, head);
    }
    isa_place(g->p, out);
}

static void gen_statement(Gen *g)
{
    unsigned what = rnd(g, 12);

    if (g->nest < MAX_NEST && what < 3) {
        g->nest++;
        gen_if(g);
        g->nest--;
    } else if (g->nest < MAX_NEST && what < 5) {
        g->nest++;
        gen_loop(g);
        g->nest--;
    } else if (what == 5 && g->loops) {
        isa_emit(g->p, isa_guard(BRK, gen_condition(g)));
    } else if (what == 6 && !rnd(g, 4)) {
        isa_emit(g->p, isa_guard(EXIT, gen_condition(g)));
    } else if (what == 7 && !g->in_func) {
        isa_emit_to(g->p, CALL, g->funcs[rnd(g, g->nfuncs)]);
    } else {
        gen_compute(g);
    }
}

static void gen_block(Gen *g, unsigned length)
{
    while (length--) {
        gen_statement(g);
    }
}

static void gen_program(Gen *g)
{
    isa_prog_init(g->p);
    g->nest = g->loops = 0;
    g->in_func = false;
    g->nfuncs = 3;
    for (int i = 0; i < g->nfuncs; i++) {
        g->funcs[i] = isa_new_label(g->p);
    }
    if (g->memory) {
        isa_emit(g->p, SHL | D(R_LANE) | A(0) | IMM(7));
    }
    gen_block(g, 6);
    for (unsigned n = 1; n < 8 && g->memory; n++) {
        isa_emit(g->p, STS | D(n) | A(R_LANE) | F(4 * n, 26));
    }
    isa_emit(g->p, EXIT);
    g->in_func = true;
    for (int i = 0; i < g->nfuncs; i++) {
        isa_place(g->p, g->funcs[i]);
        g->nest = MAX_NEST - 2;
        gen_block(g, 3);
        isa_emit(g->p, isa_guard(RET, gen_condition(g)));
        gen_block(g, 1);
        isa_emit(g->p, RET);
    }
}

static void random_case(IsaRig *r, Gen *g, unsigned number)
{
    SoftProgram *prog;
    RefLane before[SOFT_LANES], got;
    SoftRunStatus st;
    unsigned wrong = 0, turns = 0;

    gen_program(g);
    prog = program(g->p);
    start(r, prog);
    for (unsigned n = 1; n < 8; n++) {
        for (unsigned i = 0; i < SOFT_LANES; i++) {
            r->warp.r[n][i] = isa_rand(&g->seed);
        }
    }
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        isa_rig_lane(r, i, &before[i]);
    }
    do {
        st = isa_rig_run(r, 1024);
    } while (st == SOFT_RUN_YIELD && ++turns < 10000);
    CU_ASSERT_EQUAL_FATAL(st, SOFT_RUN_EXITED);
    CU_ASSERT_EQUAL(r->warp.depth, 0);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        RefLane *l = &before[i];

        CU_ASSERT_TRUE(isa_ref_run(l, g->p->insn, g->p->n, 10000000) > 0);
        isa_rig_lane(r, i, &got);
        wrong += memcmp(l->r, got.r, sizeof(l->r)) != 0 ||
                 memcmp(l->p, got.p, sizeof(l->p)) != 0;
    }
    if (wrong) {
        fprintf(stderr, "program %u: %u lanes differ\n", number, wrong);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    gpuvm_soft_program_put(NULL, prog);
}

/* Random programs; GPUVM_ISA_CASES asks for more. */
#ifdef ISA_RIG_JIT
#define CASES 80
#else
#define CASES 400
#endif

static void test_random(void)
{
    const char *env = g_getenv("GPUVM_ISA_CASES");
    unsigned cases = env ? strtoul(env, NULL, 0) : CASES;
    IsaRig *r = isa_rig_new();
    Gen g = { .p = g_new(IsaProg, 1), .seed = 0xabcde };

#ifdef ISA_RIG_JIT
    cases = (cases + 39) / 40;      /* each is compiled, a second or so */
#endif
    for (unsigned i = 0; i < cases; i++) {
        random_case(r, &g, i);
    }
    g_free(g.p);
    free(r);
}

#ifdef ISA_RIG_JIT
/*
 * As compiled for use: registers that nobody reads any more are not kept, so
 * what is compared is s[], in which the program leaves its registers.
 */
static void memory_case(IsaRig *r, Gen *g, unsigned number)
{
    g_autofree uint8_t *want = g_malloc0(SOFT_LANES * 128);
    g_autofree uint8_t *got = g_malloc0(SOFT_LANES * 128);
    SoftProgram *prog;
    SoftWarp *first = g_new(SoftWarp, 1);

    gen_program(g);
    prog = program(g->p);
    start(r, prog);
    for (unsigned n = 1; n < 8; n++) {
        uint32_t one = isa_rand(&g->seed);

        for (unsigned i = 0; i < SOFT_LANES; i++) {
            r->warp.r[n][i] = number % 2 ? one : isa_rand(&g->seed);
        }
    }
    *first = r->warp;
    r->cta.shared_size = SOFT_LANES * 128;
    r->cta.shared = want;
    CU_ASSERT_EQUAL(gpuvm_soft_warp_run(&r->warp, 1u << 30),
                    SOFT_RUN_EXITED);
    r->warp = *first;
    r->cta.shared = got;
    CU_ASSERT_EQUAL(isa_rig_run(r, 1u << 30), SOFT_RUN_EXITED);
    CU_ASSERT_EQUAL(memcmp(want, got, SOFT_LANES * 128), 0);
    gpuvm_soft_program_put(NULL, prog);
    g_free(first);
}

static void test_random_memory(void)
{
    const char *env = g_getenv("GPUVM_ISA_CASES");
    unsigned cases = ((env ? strtoul(env, NULL, 0) : CASES) + 19) / 20;
    IsaRig *r = isa_rig_new();
    Gen g = { .p = g_new(IsaProg, 1), .seed = 0x7654321, .memory = true };

    gpuvm_soft_jit_keep(isa_rig_jit, false);
    for (unsigned i = 0; i < cases; i++) {
        memory_case(r, &g, i);
    }
    gpuvm_soft_jit_keep(isa_rig_jit, true);
    g_free(g.p);
    free(r);
}
#endif

/* ---- votes, barriers, special registers ---------------------------------- */

static void test_vote(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int join;

    isa_prog_init(p);
    join = isa_new_label(p);
    isa_emit(p, CMPI(0, LT, 0, 4));
    isa_emit(p, VOTE | F(0, 5) | D(1) | F(1, 54) | F(0, 20));    /* all p0 */
    isa_emit(p, VOTE | F(1, 5) | D(2) | F(2, 54) | F(0, 20));    /* any p0 */
    isa_emit(p, VOTE | F(2, 5) | D(3) | F(3, 54) | F(8, 20));    /* uni !p0 */
    isa_emit_to(p, JOINAT, join);
    isa_emit(p, isa_guard(NOP | JOIN, NOT(0)));
    /* only lanes 0-3 vote here, so all of them agree */
    isa_emit(p, VOTE | F(0, 5) | D(4) | F(4, 54) | F(0, 20));
    isa_emit(p, VOTE | F(2, 5) | D(5) | F(5, 54) | F(0, 20));
    isa_emit(p, NOP | JOIN);
    isa_place(p, join);
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    CU_ASSERT_EQUAL(r->warp.p[1], 0);
    CU_ASSERT_EQUAL(r->warp.p[2], ~0u);
    CU_ASSERT_EQUAL(r->warp.p[3], 0);
    CU_ASSERT_EQUAL(r->warp.p[4], 0xf);
    CU_ASSERT_EQUAL(r->warp.p[5], 0xf);
    CU_ASSERT_EQUAL(r->warp.r[2][31], 0xf);
    CU_ASSERT_EQUAL(r->warp.r[3][0], 0xfffffff0);
    CU_ASSERT_EQUAL(r->warp.r[4][3], 0xf);
    CU_ASSERT_EQUAL(r->warp.r[4][4], 0);
    g_free(p);
    free(r);
}

static void test_barrier(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    SoftProgram *prog;

    isa_prog_init(p);
    isa_emit(p, CMPI(0, LT, 0, 5));
    isa_emit(p, 0x50ee0000ffffdc04ull);     /* as the compiler emits it */
    /* bar.popc $r1 $p1 <- $p0, barrier 3, 64 threads */
    isa_emit(p, BAR | D(1) | F(1, 53) | BIT(47) | F(3, 20) | BIT(46) |
             F(64, 26) | PS3(0));
    isa_emit(p, EXIT);
    prog = program(p);
    start(r, prog);
    CU_ASSERT_EQUAL(isa_rig_run(r, BUDGET), SOFT_RUN_BARRIER);
    CU_ASSERT_EQUAL(r->warp.bar.id, 0);
    CU_ASSERT_EQUAL(r->warp.bar.threads, 0);
    CU_ASSERT_EQUAL(r->warp.bar.lanes, ~0u);
    gpuvm_soft_warp_barrier_done(&r->warp, 32, true, true);
    CU_ASSERT_EQUAL(isa_rig_run(r, BUDGET), SOFT_RUN_BARRIER);
    CU_ASSERT_EQUAL(r->warp.bar.id, 3);
    CU_ASSERT_EQUAL(r->warp.bar.threads, 64);
    CU_ASSERT_EQUAL(r->warp.bar.truth, 0x1f);
    gpuvm_soft_warp_barrier_done(&r->warp, 9, false, true);
    CU_ASSERT_EQUAL(r->warp.r[1][7], 9);
    CU_ASSERT_EQUAL(r->warp.p[1], ~0u);
    CU_ASSERT_EQUAL(isa_rig_run(r, BUDGET), SOFT_RUN_EXITED);
    CU_ASSERT_EQUAL(isa_rig_run(r, BUDGET), SOFT_RUN_EXITED);
    gpuvm_soft_program_put(NULL, prog);
    g_free(p);
    free(r);
}

static void test_special_registers(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    static const struct { unsigned reg; uint32_t want; } same[] = {
        { 0x24, 0x1000 }, { 0x25, 4 }, { 0x26, 5 }, { 0x27, 6 },
        { 0x29, 8 }, { 0x2a, 3 }, { 0x2b, 2 }, { 0x2c, 77 }, { 0x2d, 10 },
        { 0x2e, 11 }, { 0x2f, 12 }, { 0x30, 0xfe000000 },
        { 0x34, 0xff000000 },
    };

    r->launch.block[0] = 8;
    r->launch.block[1] = 3;
    r->launch.block[2] = 2;
    r->launch.grid[0] = 10;
    r->launch.grid[1] = 11;
    r->launch.grid[2] = 12;
    r->launch.launch_arg = 0x1000;
    r->launch.grid_id = 77;
    r->launch.shared_base = 0xfe000000;
    r->launch.local_base = 0xff000000;
    r->cta.id[0] = 4;
    r->cta.id[1] = 5;
    r->cta.id[2] = 6;
    r->cta.threads = 48;
    isa_prog_init(p);
    for (unsigned i = 0; i < G_N_ELEMENTS(same); i++) {
        isa_emit(p, S2R | D(10 + i) | F(same[i].reg, 26));
    }
    isa_emit(p, S2R | D(1) | F(0x21, 26));
    isa_emit(p, S2R | D(2) | F(0x22, 26));
    isa_emit(p, S2R | D(3) | F(0x23, 26));
    isa_emit(p, S2R | D(4) | F(0x20, 26));
    isa_emit(p, S2R | D(5) | F(0x39, 26));
    isa_emit(p, S2R | D(6) | F(0x00, 26));
    isa_emit(p, EXIT);
    r->cta.prog = program(p);
    gpuvm_soft_warp_init(&r->warp, &r->cta, 1);
    CU_ASSERT_EQUAL(r->warp.live, 0xffff);
    CU_ASSERT_EQUAL(isa_rig_run(r, BUDGET), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < G_N_ELEMENTS(same); i++) {
        CU_ASSERT_EQUAL(r->warp.r[10 + i][3], same[i].want);
    }
    for (unsigned i = 0; i < 16; i++) {
        unsigned t = 32 + i, x = t % 8, y = t / 8 % 3, z = t / 24;

        CU_ASSERT_EQUAL(r->warp.r[1][i], x);
        CU_ASSERT_EQUAL(r->warp.r[2][i], y);
        CU_ASSERT_EQUAL(r->warp.r[3][i], z);
        CU_ASSERT_EQUAL(r->warp.r[4][i], x | y << 16 | z << 26);
        CU_ASSERT_EQUAL(r->warp.r[5][i], (1u << i) - 1);
        CU_ASSERT_EQUAL(r->warp.r[6][i], i);
    }
    CU_ASSERT_EQUAL(r->warp.r[6][20], 0);   /* a lane that does not exist */
    gpuvm_soft_program_put(NULL, (SoftProgram *)r->cta.prog);
    g_free(p);
    free(r);
}

/* ---- traps, limits, stopping --------------------------------------------- */

static void expect_trap(IsaRig *r, IsaProg *p, GpuvmTrap trap, unsigned at)
{
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_FAULT);
    CU_ASSERT_TRUE(r->cta.faulted);
    CU_ASSERT_EQUAL(r->cta.fault.kind, GPUVM_FAULT_GR_TRAP);
    CU_ASSERT_EQUAL(r->cta.fault.reason, trap);
    CU_ASSERT_EQUAL(r->cta.fault.va, r->launch.code_va + at * 8);
}

static void test_traps(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int label;

    isa_prog_init(p);
    isa_emit(p, NOP);
    isa_emit(p, 0x4000000000000000ull);         /* no such row */
    expect_trap(r, p, GPUVM_TRAP_ILLEGAL_INSTR, 1);

    isa_prog_init(p);                           /* runs off its end */
    isa_emit(p, NOP);
    expect_trap(r, p, GPUVM_TRAP_ILLEGAL_INSTR, 1);

    for (unsigned i = 0; i < 3; i++) {          /* no token to leave to */
        isa_prog_init(p);
        isa_emit(p, i == 0 ? BRK : i == 1 ? CONT : RET);
        expect_trap(r, p, GPUVM_TRAP_STACK, 0);
    }
    isa_prog_init(p);
    isa_emit(p, NOP | JOIN);
    expect_trap(r, p, GPUVM_TRAP_STACK, 0);

    isa_prog_init(p);                           /* calls without an end */
    label = isa_new_label(p);
    isa_place(p, label);
    isa_emit_to(p, CALL, label);
    expect_trap(r, p, GPUVM_TRAP_STACK, 0);
    CU_ASSERT_EQUAL(r->warp.depth, SOFT_STACK_MAX);

    isa_prog_init(p);                           /* bar of half a warp */
    label = isa_new_label(p);
    isa_emit(p, CMPI(0, LT, 0, 16));
    isa_emit_to(p, JOINAT, label);
    isa_emit(p, isa_guard(NOP | JOIN, 0));
    isa_emit(p, BAR | BIT(47) | BIT(46) | PTRUE3);
    isa_place(p, label);
    isa_emit(p, EXIT);
    expect_trap(r, p, GPUVM_TRAP_BARRIER, 3);

    isa_prog_init(p);                           /* barrier 20, by register */
    isa_emit(p, MOVI(1, 20));
    isa_emit(p, BAR | A(1) | BIT(46) | PTRUE3);
    isa_emit(p, EXIT);
    expect_trap(r, p, GPUVM_TRAP_BARRIER, 1);
    g_free(p);
    free(r);
}

static void test_stopping(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    _Atomic uint32_t abort_word = 0, attention = 0;
    int label;

    isa_prog_init(p);
    label = isa_new_label(p);
    isa_place(p, label);
    isa_emit(p, ADDI(1, 1, 1));
    isa_emit_to(p, BRA, label);
    r->cta.prog = program(p);
    r->cta.abort = &abort_word;
    r->cta.attention = &attention;
    gpuvm_soft_warp_init(&r->warp, &r->cta, 0);
    CU_ASSERT_EQUAL(isa_rig_run(r, 4096), SOFT_RUN_YIELD);
    CU_ASSERT_EQUAL(r->warp.executed, 4096);
    CU_ASSERT_EQUAL(r->warp.r[1][0], 2048);
    r->warp.lock_lanes = 1;             /* holds a lock: gets more */
    CU_ASSERT_EQUAL(isa_rig_run(r, 4096), SOFT_RUN_YIELD);
    CU_ASSERT_EQUAL(r->warp.executed, 4096 + 16 * 4096);
    abort_word = 1;
    CU_ASSERT_EQUAL(isa_rig_run(r, 1 << 30), SOFT_RUN_YIELD);
    CU_ASSERT(r->warp.executed <= 4096 + 16 * 4096 + 2);
    abort_word = 0;
    attention = 1;
    CU_ASSERT_EQUAL(isa_rig_run(r, 1 << 30), SOFT_RUN_YIELD);
    CU_ASSERT(r->warp.executed <= 4096 + 16 * 4096 + 4);
    gpuvm_soft_program_put(NULL, (SoftProgram *)r->cta.prog);
    g_free(p);
    free(r);
}

/* ---- programs in guest memory -------------------------------------------- */

static void store(SoftBench *b, uint64_t at, uint64_t word)
{
    memcpy((uint8_t *)b->slice.map + at, &word, 8);
}

static void test_program_cache(void)
{
    TestHost *th = test_host_new(0, 0);
    SoftProgramCache *cache = gpuvm_soft_program_cache_new();
    SoftTlb *tlb = g_new0(SoftTlb, 1);
    SoftProgram *a, *b, *c, *d;
    SoftBench bench;

    CU_ASSERT_EQUAL_FATAL(gpuvm_soft_bench_open(&bench, &th->host, 4 << 20,
                                                1), 0);
    gpuvm_soft_tlb_init(tlb, bench.as);
    gpuvm_soft_section_enter(gpuvm_soft_as_gpu(bench.as));
    store(&bench, 0x100, MOVI(1, 5));
    store(&bench, 0x108, EXIT);
    a = gpuvm_soft_program_get(cache, tlb, bench.va, 0x100);
    b = gpuvm_soft_program_get(cache, tlb, bench.va, 0x100);
    CU_ASSERT_PTR_EQUAL(a, b);
    CU_ASSERT_EQUAL(a->insns[a->entry].imm, 5);
    store(&bench, 0x100, MOVI(1, 6));           /* rewritten */
    c = gpuvm_soft_program_get(cache, tlb, bench.va, 0x100);
    CU_ASSERT_PTR_NOT_EQUAL(c, a);
    CU_ASSERT_EQUAL(c->insns[c->entry].imm, 6);
    CU_ASSERT_EQUAL(a->insns[a->entry].imm, 5); /* still in use */
    /* code that does not exist */
    d = gpuvm_soft_program_get(cache, tlb, bench.va + (1 << 30), 0);
    CU_ASSERT_EQUAL(d->insns[d->entry].op, SOFT_OP_FETCH);
    gpuvm_soft_program_put(cache, a);
    gpuvm_soft_program_put(cache, b);
    gpuvm_soft_program_put(cache, c);
    gpuvm_soft_program_put(cache, d);
    /* more programs than are kept, each with an instruction of its own */
    for (unsigned i = 0; i < 200; i++) {
        store(&bench, 0x1000 + i * 16, MOVI(1, i));
        store(&bench, 0x1008 + i * 16, EXIT);
        a = gpuvm_soft_program_get(cache, tlb, bench.va, 0x1000 + i * 16);
        CU_ASSERT_EQUAL(a->insns[a->entry].imm, i);
        gpuvm_soft_program_put(cache, a);
    }
    gpuvm_soft_section_leave(gpuvm_soft_as_gpu(bench.as));
    gpuvm_soft_program_cache_free(cache);
    gpuvm_soft_bench_close(&bench);
    g_free(tlb);
    test_host_free(th);
}

/* A program longer than the limit traps where it was cut off. */
static void test_too_long(void)
{
    unsigned n = SOFT_PROGRAM_MAX_INSNS + 100;
    uint32_t *words = g_new(uint32_t, 2 * n);
    IsaRig *r = isa_rig_new();
    SoftProgram *prog;
    SoftRunStatus st;

    for (unsigned i = 0; i < n; i++) {
        words[2 * i] = (uint32_t)NOP;
        words[2 * i + 1] = NOP >> 32;
    }
    prog = gpuvm_soft_program_from_words(words, 2 * n, 0, 0);
    CU_ASSERT_EQUAL(prog->count, SOFT_PROGRAM_MAX_INSNS + 1);
    start(r, prog);
    do {
        st = isa_rig_run(r, BUDGET);
    } while (st == SOFT_RUN_YIELD);
    CU_ASSERT_EQUAL(st, SOFT_RUN_FAULT);
    CU_ASSERT_EQUAL(r->cta.fault.reason, GPUVM_TRAP_ILLEGAL_INSTR);
    gpuvm_soft_program_put(NULL, prog);
    g_free(words);
    free(r);
}

/* op of lane 0 in bits 7:6; @from: lane of the quad, 4 across, 5 down */
#define QUADOP(op, from, d, a, b) \
    (OP(0x48, 0) | F(op, 32) | F(from, 6) | BIT(9) | D(d) | A(a) | B(b))

static uint32_t float_bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof(u));
    return u;
}

/*
 * Under a branch that only lanes 5 and 9 take: a helper lane is active between
 * quadon and quadpop, and only there.  Then derivatives, as Mesa encodes them.
 */
static void test_quads(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);
    int join;

    isa_prog_init(p);
    join = isa_new_label(p);
    isa_emit(p, I2F | D(8) | B(0) | F(2, 20) | F(2, 23));
    isa_emit(p, FMUL | D(9) | A(8) | B(8));             /* lane squared */
    isa_emit(p, QUADOP(0x99, 4, 2, 9, 9));              /* ddx */
    isa_emit(p, QUADOP(0xa5, 5, 3, 9, 9));              /* ddy */
    isa_emit(p, QUADOP(0x00, 2, 4, 8, 63));             /* lane 2's */
    isa_emit(p, QUADOP(0xcc, 3, 9, 9, 9));  /* mov, add, mov, add; in place */
    isa_emit_to(p, JOINAT, join);
    isa_emit(p, CMPI(0, EQ, 0, 5));
    isa_emit(p, CMPI(1, EQ, 0, 9));
    isa_emit(p, isa_guard(MOVI(5, 1), 0));
    isa_emit(p, isa_guard(MOVI(5, 1), 1));
    isa_emit(p, CMPI(0, NE, 5, 1));
    isa_emit_to(p, isa_guard(BRA, 0), join);
    isa_emit(p, QUADON);
    isa_emit(p, MOVI(6, 7));
    isa_emit(p, QUADPOP);
    isa_emit(p, MOVI(7, 8) | JOIN);
    isa_place(p, join);
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        unsigned q = i & ~3u, x = i & ~1u, y = i & ~2u;
        float v = i * i, last = (q + 3) * (q + 3);

        CU_ASSERT_EQUAL(r->warp.r[2][i],
                        float_bits((float)((x + 1) * (x + 1)) - x * x));
        CU_ASSERT_EQUAL(r->warp.r[3][i],
                        float_bits((float)((y + 2) * (y + 2)) - y * y));
        CU_ASSERT_EQUAL(r->warp.r[4][i], float_bits(q + 2));
        CU_ASSERT_EQUAL(r->warp.r[9][i],
                        float_bits(i & 1 ? last + v : v));
        CU_ASSERT_EQUAL(r->warp.r[6][i], i >= 4 && i < 12 ? 7 : 0);
        CU_ASSERT_EQUAL(r->warp.r[7][i], i == 5 || i == 9 ? 8 : 0);
    }
    CU_ASSERT_EQUAL(r->warp.depth, 0);
    g_free(p);
    free(r);
}

/* A quadpop without quadon traps; lanes may all leave inside. */
static void test_quads_hostile(void)
{
    IsaRig *r = isa_rig_new();
    IsaProg *p = g_new(IsaProg, 1);

    isa_prog_init(p);
    isa_emit(p, QUADPOP);
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_FAULT);
    CU_ASSERT_EQUAL(r->cta.fault.reason, GPUVM_TRAP_STACK);
    isa_prog_init(p);
    isa_emit(p, CMPI(0, NE, 0, 6));
    isa_emit(p, isa_guard(EXIT, 0));
    isa_emit(p, QUADON);
    isa_emit(p, MOVI(6, 7));
    isa_emit(p, EXIT);
    CU_ASSERT_EQUAL(run(r, p), SOFT_RUN_EXITED);
    CU_ASSERT_EQUAL(r->warp.r[6][4], 7);
    CU_ASSERT_EQUAL(r->warp.r[6][8], 0);
    CU_ASSERT_EQUAL(r->warp.live, 0);
    g_free(p);
    free(r);
}

static CU_TestInfo tests[] = {
    { "if and else", test_if_else },
    { "two branches to one place", test_two_branches },
    { "predicated join", test_predicated_join },
    { "loop with continue", test_continue },
    { "break and exit under an if", test_break_under_join },
    { "call and return", test_call },
    { "lanes leave one by one", test_lanes_leave_one_by_one },
    { "random programs", test_random },
#ifdef ISA_RIG_JIT
    { "random programs with s[]", test_random_memory },
#endif
    { "vote", test_vote },
    { "barrier", test_barrier },
    { "special registers", test_special_registers },
    { "quads", test_quads },
    { "quads of the hostile", test_quads_hostile },
    { "traps", test_traps },
    { "stopping", test_stopping },
    { "program cache", test_program_cache },
    { "too long a program", test_too_long },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { .pName = "isa-control", .pTests = tests },
    CU_SUITE_INFO_NULL,
};
