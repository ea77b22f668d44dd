/*
 * Every arithmetic instruction, in every vector width that this host has,
 * against the reference lane (isa_ref.c): operands are edge values and random
 * ones, modifiers and operand kinds are random within what the form allows.
 *
 * GPUVM_ISA_CASES sets the number of instructions a form (default 400, each
 * of 32 lanes), GPUVM_ISA_GROUP_CASES that of a group of forms instead; see
 * docs/isa.md.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "isa_rig.h"

#define FIELD(hi, lo) (((1ull << ((hi) - (lo) + 1)) - 1) << (lo))
#define NEGABS        (BIT(9) | BIT(8) | BIT(7) | BIT(6))
#define SETS          (FIELD(58, 55) | FIELD(54, 49))
#define TYPES         (FIELD(24, 23) | FIELD(21, 20))

/* What a form's operand b may be, and whether registers come in pairs. */
typedef enum Kind {
    K_NONE, K_REG, K_2, K_3, K_LIMM, K_PAIR2, K_PAIR3, K_CVT,
} Kind;

typedef struct Form {
    const char *name;
    uint64_t base;
    uint64_t vary;      /* bits that are random */
    Kind kind;
} Form;

static const Form f32_forms[] = {
    { "fadd", FADD, NEGABS | BIT(5) | BIT(49) | SETCC, K_2 },
    { "fadd.rnd", FADD, NEGABS | BIT(5) | BIT(49) | FIELD(56, 55), K_2 },
    { "fmul", FMUL, BIT(57) | BIT(5) | BIT(6) | BIT(7) | SETCC, K_2 },
    { "fmul.plain", FMUL, BIT(57), K_2 },
    { "fmul.rnd", FMUL, BIT(57) | BIT(5) | BIT(6) | BIT(7) | FIELD(56, 55) |
      FIELD(51, 49), K_2 },
    { "ffma", FFMA, BIT(9) | BIT(8) | BIT(5) | BIT(6) | BIT(7) | SETCC, K_3 },
    { "ffma.plain", FFMA, BIT(9) | BIT(8), K_3 },
    { "ffma.rnd", FFMA, BIT(9) | BIT(8) | BIT(5) | BIT(6) | BIT(7) |
      FIELD(56, 55), K_3 },
    { "fmnmx", FMNMX, NEGABS | BIT(5) | FIELD(52, 49) | SETCC, K_2 },
    { "fset", FSET, NEGABS | SETS | BIT(59) | BIT(5) | SETCC, K_2 },
    { "fsetp", FSETP, NEGABS | SETS | BIT(59) | FIELD(19, 14), K_2 },
    { "fcmp", FCMP, FIELD(58, 55) | BIT(5), K_3 },
    { "rro", RRO, BIT(8) | BIT(6) | BIT(5), K_2 },
    { "mufu", MUFU, FIELD(28, 26) | BIT(9) | BIT(7) | BIT(5), K_NONE },
    { "fadd32i", FADD32I, BIT(9) | BIT(7) | BIT(5) | BIT(58), K_LIMM },
    { "fmul32i", FMUL32I, BIT(7) | BIT(6) | BIT(5) | BIT(58), K_LIMM },
    { "ffma32i", FFMA32I, BIT(9) | BIT(8) | BIT(7) | BIT(6) | BIT(5) |
      BIT(58), K_LIMM },
};

static const Form f64_forms[] = {
    { "dadd", DADD, NEGABS | SETCC, K_PAIR2 },
    { "dadd.rnd", DADD, NEGABS | FIELD(56, 55), K_PAIR2 },
    { "dmul", DMUL, BIT(9) | SETCC, K_PAIR2 },
    { "dmul.rnd", DMUL, BIT(9) | FIELD(56, 55), K_PAIR2 },
    { "dfma", DFMA, BIT(9) | BIT(8) | SETCC, K_PAIR3 },
    { "dfma.rnd", DFMA, BIT(9) | BIT(8) | FIELD(56, 55), K_PAIR3 },
    { "dmnmx", DMNMX, NEGABS | FIELD(52, 49) | SETCC, K_PAIR2 },
    { "dset", DSET, NEGABS | SETS | BIT(5) | SETCC, K_PAIR2 },
    { "dsetp", DSETP, NEGABS | SETS | FIELD(19, 14), K_PAIR2 },
};

static const Form int_forms[] = {
    { "iadd", IADD, FIELD(9, 8) | BIT(6) | BIT(5) | SETCC, K_2 },
    { "iadd.plain", IADD, FIELD(9, 8), K_2 },
    { "imul", IMUL, BIT(7) | BIT(6) | BIT(5) | SETCC, K_2 },
    { "imad", IMAD, FIELD(9, 8) | BIT(7) | BIT(6) | BIT(5) | BIT(56) |
      BIT(55) | SETCC, K_3 },
    { "imad.plain", IMAD, FIELD(9, 8) | BIT(7) | BIT(6) | BIT(5), K_3 },
    { "iscadd", ISCADD, FIELD(56, 55) | FIELD(9, 5) | SETCC, K_2 },
    { "shl", SHL, BIT(9) | SETCC, K_2 },
    { "shr", SHR, BIT(9) | BIT(8) | BIT(5) | SETCC, K_2 },
    { "lop", LOP, FIELD(9, 6) | SETCC, K_2 },
    { "bfe", BFE, BIT(8) | BIT(5) | SETCC, K_2 },
    { "bfi", BFI, SETCC, K_3 },
    { "bfind", BFIND, BIT(8) | BIT(6) | BIT(5) | SETCC, K_2 },
    { "iset", ISET, SETS | BIT(7) | BIT(6) | BIT(5) | SETCC, K_2 },
    { "isetp", ISETP, SETS | BIT(6) | BIT(5) | FIELD(19, 14), K_2 },
    { "icmp", ICMP, FIELD(58, 55) | BIT(5), K_3 },
    { "imnmx", IMNMX, FIELD(7, 5) | FIELD(52, 49) | SETCC, K_2 },
    { "sad", SAD, BIT(5) | SETCC, K_3 },
    { "imad32i", IMAD32I, FIELD(9, 5) | BIT(58), K_LIMM },
    { "iadd32i", IADD32I, FIELD(9, 8) | BIT(6) | BIT(5) | BIT(58), K_LIMM },
    { "imul32i", IMUL32I, FIELD(7, 5) | BIT(58), K_LIMM },
    { "lop32i", LOP32I, FIELD(9, 6) | BIT(58), K_LIMM },
    { "iscadd32i", ISCADD32I, FIELD(9, 5) | BIT(58), K_LIMM },
};

static const Form move_forms[] = {
    { "mov", MOV, 0, K_2 },
    { "mov32i", MOV32I, 0, K_LIMM },
    { "sel", SEL, FIELD(52, 49), K_2 },
    { "prmt", PRMT, FIELD(7, 5), K_3 },
    { "popc", POPC, BIT(9) | BIT(8), K_2 },
    { "pset", PSET, FIELD(31, 26) | FIELD(23, 20) | FIELD(54, 49) | BIT(5) |
      SETCC, K_NONE },
    { "psetp", PSETP, FIELD(31, 26) | FIELD(23, 20) | FIELD(54, 49) |
      FIELD(19, 14), K_NONE },
    { "cset", CSET, FIELD(24, 20) | FIELD(54, 49) | BIT(5) | SETCC, K_NONE },
    { "csetp", CSETP, FIELD(24, 20) | FIELD(54, 49) | FIELD(19, 14),
      K_NONE },
    { "p2r", P2R, 0, K_2 },
    { "r2p", R2P, 0, K_2 },
};

static const Form cvt_forms[] = {
    { "f2f", F2F, TYPES | BIT(5) | BIT(6) | BIT(7) | BIT(8) | FIELD(50, 49) |
      FIELD(56, 55), K_CVT },
    { "f2f.32.32", F2F | F(2, 23) | F(2, 20), BIT(5) | BIT(6) | BIT(7) |
      BIT(8) | FIELD(50, 49) | BIT(55), K_CVT },
    { "f2i", F2I, TYPES | BIT(5) | BIT(6) | BIT(7) | BIT(8) | FIELD(50, 49) |
      FIELD(56, 55) | SETCC, K_CVT },
    { "f2i.32.32", F2I | F(2, 23) | F(2, 20), FIELD(50, 49) | BIT(6) |
      BIT(7) | BIT(8) | BIT(55), K_CVT },
    { "i2f", I2F, TYPES | BIT(6) | BIT(8) | BIT(9) | FIELD(50, 49) |
      FIELD(56, 55), K_CVT },
    { "i2f.32.32", I2F | F(2, 23) | F(2, 20), BIT(9), K_CVT },
    { "i2f.8/16.32", I2F | F(2, 20), BIT(23) | BIT(9) | FIELD(56, 55),
      K_CVT },
    { "i2i.32", I2I | F(2, 20), FIELD(24, 23) | BIT(7) | BIT(9) |
      FIELD(56, 55) | SETCC, K_CVT },
    { "i2i", I2I, TYPES | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) |
      FIELD(56, 55) | SETCC, K_CVT },
};

static const uint32_t edges[] = {
    0, 1, 2, 3, 7, 8, 15, 16, 24, 31, 32, 33, 63, 64, 127, 128, 255, 256,
    0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
    0xffffffff, 0xaaaaaaaa, 0x55555555, 0x00ff00ff,
    /* floats: 1 -1 .5 1.5 2.5 inf -inf nan -nan, denormals, largest */
    0x3f800000, 0xbf800000, 0x3f000000, 0x3fc00000, 0x40200000, 0x7f800000,
    0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0x00000001, 0x80000001,
    0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff, 0xff7fffff,
    0x4effffff, 0x4f000000, 0x4f7fffff, 0x4f800000, 0xcf000000, 0xcf000001,
    0x33800000, 0x3f7fffff, 0x3f800001, 0x4b000000, 0x4b800001,
    /* high words of doubles: 1 -1 inf nan, denormal, smallest, largest */
    0x3ff00000, 0xbff00000, 0x7ff00000, 0xfff00000, 0x7ff80000, 0x000fffff,
    0x00100000, 0x7fefffff, 0x41dfffff, 0x41e00000, 0x43e00000, 0x38100000,
    /* halves */
    0x3c007bff, 0x7c000001, 0x03ff8400, 0xfbff7e00, 0x47800000, 0x477fe000,
};

static uint32_t value(uint32_t *s)
{
    uint32_t x = isa_rand(s);

    switch (isa_rand(s) % 8) {
    case 0: case 1: case 2:
        return edges[x % G_N_ELEMENTS(edges)];
    case 3:
        return x % 40;
    case 4:     /* a float near 1 */
        return 0x3c000000 + x % 0x08000000 + (x & 0x80000000);
    case 5:     /* the high word of a double near 1 */
        return 0x3f800000 + x % 0x00f00000 + (x & 0x80000000);
    case 6:     /* position and length of a bit field */
        return (x & 0x3f3f);
    default:
        return x;
    }
}

static void fill(IsaRig *r, uint32_t *s)
{
    SoftWarp *w = &r->warp;

    for (unsigned n = 0; n < 16; n++) {
        for (unsigned i = 0; i < SOFT_LANES; i++) {
            w->r[n][i] = value(s);
        }
    }
    for (unsigned n = 0; n < 7; n++) {
        w->p[n] = isa_rand(s);
    }
    w->z = isa_rand(s);
    w->s = isa_rand(s);
    w->c = isa_rand(s);
    w->o = isa_rand(s);
    for (unsigned i = 0; i < RIG_C0_SIZE; i += 4) {
        uint32_t v = value(s);

        memcpy(r->c0 + i, &v, 4);
    }
}

static unsigned pick_reg(uint32_t *s, bool pair)
{
    uint32_t x = isa_rand(s);

    return x % 16 == 0 ? 63 : pair ? (x >> 8) % 8 * 2 : (x >> 8) % 16;
}

/*
 * A random instruction of the form.  Half of them have few modifiers, as what
 * compilers emit: those have special handlers (isa/alu_special.h).
 */
static uint64_t make(const Form *f, uint32_t *s)
{
    bool pair = f->kind == K_PAIR2 || f->kind == K_PAIR3 || f->kind == K_CVT;
    uint64_t random = (uint64_t)isa_rand(s) << 32 | isa_rand(s);
    uint64_t w = f->base;
    unsigned ofs = isa_rand(s) % (RIG_C0_SIZE + 16) & ~3u;
    unsigned kinds = f->kind == K_3 || f->kind == K_PAIR3 ? 4 : 3;

    if (isa_rand(s) & 1) {
        uint64_t few = (uint64_t)isa_rand(s) << 32 | isa_rand(s);

        /* and $p7 where there is a predicate source, a condition */
        random &= few & ((uint64_t)isa_rand(s) << 32 | isa_rand(s));
        random |= FIELD(51, 49) | ((few >> 20 & 7) << 55);
    }
    w |= random & f->vary;
    /* fields that the form varies itself are not operands */
    if (!(f->vary & FIELD(19, 14))) {
        w |= D(pick_reg(s, pair));
    }
    if (f->kind != K_CVT && !(f->vary & FIELD(23, 20))) {
        w |= A(pick_reg(s, pair));
    }
    switch (f->kind) {
    case K_LIMM:
        return w | LIMM(value(s));
    case K_NONE:
        return w;
    case K_3: case K_PAIR3:
        w |= C(pick_reg(s, pair));
        break;
    default:
        break;
    }
    switch (isa_rand(s) % kinds) {
    case 0:
        return w | B(pick_reg(s, pair));
    case 1:
        return w | BC(0, ofs);
    case 2:
        return w | IMM(isa_rand(s) & 1 ? isa_rand(s) : value(s) >> 12);
    default:
        return w | CC3(0, ofs);
    }
}

#ifndef ISA_RIG_JIT
static int64_t float_order(uint32_t x)
{
    return x & 0x80000000 ? -(int64_t)(x & 0x7fffffff) : x;
}

/* Special functions may be off by two units in the last place. */
static bool close_enough(uint32_t x, uint32_t y)
{
    int64_t d = float_order(x) - float_order(y);

    if ((x & 0x7fffffff) > 0x7f800000 || (y & 0x7fffffff) > 0x7f800000) {
        return x == y;
    }
    return (d >= -2 && d <= 2) ||
           ((x & 0x7fffffff) < 0x00800002 && (y & 0x7fffffff) < 0x00800002);
}

static bool same(const RefLane *want, const RefLane *got)
{
    for (unsigned n = 0; n < 63; n++) {
        if (want->r[n] != got->r[n] &&
            !(want->approximate && close_enough(want->r[n], got->r[n]))) {
            return false;
        }
    }
    return !memcmp(want->p, got->p, sizeof(want->p)) && want->z == got->z &&
           want->s == got->s && want->c == got->c && want->o == got->o;
}

static void report(const Form *f, const SoftInsn *in, const RefLane *before,
                   const RefLane *want, const RefLane *got, int width)
{
    char text[160];

    gpuvm_soft_disasm(in, text, sizeof(text));
    fprintf(stderr, "\n%s: %016" PRIx64 " %s (width %d)\n", f->name, in->raw,
            text, width);
    for (unsigned n = 0; n < 16; n++) {
        if (want->r[n] != got->r[n] || n == in->src1 ||
            n == in->src2 || n == in->src3 || n == in->dst) {
            fprintf(stderr, "  r%u was %08x want %08x got %08x\n", n,
                    before->r[n], want->r[n], got->r[n]);
        }
    }
    fprintf(stderr, "  zsco was %d%d%d%d want %d%d%d%d got %d%d%d%d\n",
            before->z, before->s, before->c, before->o, want->z, want->s,
            want->c, want->o, got->z, got->s, got->c, got->o);
    for (unsigned n = 0; n < 7; n++) {
        if (want->p[n] != got->p[n]) {
            fprintf(stderr, "  p%u want %d got %d\n", n, want->p[n],
                    got->p[n]);
        }
    }
}

/* One instruction in all widths; false: a difference, which was shown. */
static bool run_case(IsaRig *r, const Form *f, uint64_t word, uint32_t mask)
{
    SoftInsn in;
    SoftWarp start = r->warp;
    RefLane before[SOFT_LANES], want[SOFT_LANES], got;

    for (unsigned i = 0; i < SOFT_LANES; i++) {
        isa_rig_lane(r, i, &before[i]);
        want[i] = before[i];
        if ((mask >> i) & 1) {
            CU_ASSERT_TRUE_FATAL(isa_ref_exec(&want[i], word));
        }
    }
    for (int width = 1; width <= 3; width++) {
        if (!gpuvm_soft_alu_force(width)) {
            continue;
        }
        r->warp = start;
        gpuvm_soft_decode((uint32_t)word, word >> 32, 0, &in);
        gpuvm_soft_insn_bind(&in);
        if (in.fn(&r->warp, &in, mask) != SOFT_EXEC_OK) {
            return false;
        }
        for (unsigned i = 0; i < SOFT_LANES; i++) {
            isa_rig_lane(r, i, &got);
            if (!same(&want[i], &got) || got.r[63] || !got.p[7]) {
                report(f, &in, &before[i], &want[i], &got, width);
                return false;
            }
        }
    }
    r->warp = start;
    return true;
}

static void run_forms(const Form *forms, unsigned n, uint32_t seed)
{
    const char *env = g_getenv("GPUVM_ISA_CASES");
    const char *group = g_getenv("GPUVM_ISA_GROUP_CASES");
    unsigned cases = group ? (strtoul(group, NULL, 0) + n - 1) / n :
                     env ? strtoul(env, NULL, 0) : 400;
    IsaRig *r = isa_rig_new();
    SoftInsn in;

    r->warp.cta = &r->cta;
    r->warp.p[7] = ~0u;
    for (unsigned i = 0; i < n; i++) {
        unsigned done = 0, wrong = 0;

        for (unsigned k = 0; done < cases && k < 50 * cases; k++) {
            uint64_t word = make(&forms[i], &seed);
            uint32_t mask = isa_rand(&seed) % 4 ? ~0u : isa_rand(&seed) | 1;

            gpuvm_soft_decode((uint32_t)word, word >> 32, 0, &in);
            if (in.op == SOFT_OP_ILLEGAL) {
                continue;       /* a value that a field must not have */
            }
            if (done % 8 == 0) {
                fill(r, &seed);
            }
            done++;
            wrong += !run_case(r, &forms[i], word, mask);
            if (wrong > 2) {
                break;
            }
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT(wrong || done == cases);
    }
    if (group) {
        fprintf(stderr, "%u forms of %u instructions ", n, cases);
    }
    gpuvm_soft_alu_force(0);
    free(r);
}

#else
/*
 * Compiled code: programs of random instructions, with guards, by the JIT and
 * by the interpreter.  Every other program begins with all lanes alike, so
 * that values have shapes; $r1 is then the lane, and $r3 sixteen of them.
 */
#define PROGRAM_INSNS 28

static SoftProgram *random_program(const Form *forms, unsigned n, uint32_t *s)
{
    uint32_t words[2 * (PROGRAM_INSNS + 1)];

    for (unsigned i = 0; i <= PROGRAM_INSNS; i++) {
        uint64_t w = i == 0 ? S2R | D(1) :
                     i == 1 ? SHL | D(3) | A(1) | IMM(4) : EXIT;
        SoftInsn in = { .op = SOFT_OP_ILLEGAL };

        while (i > 1 && i < PROGRAM_INSNS && in.op == SOFT_OP_ILLEGAL) {
            w = make(&forms[isa_rand(s) % n], s);
            w = isa_rand(s) % 3 ? w : isa_guard(w, isa_rand(s) % 16);
            gpuvm_soft_decode((uint32_t)w, w >> 32, 0, &in);
        }
        words[2 * i] = (uint32_t)w;
        words[2 * i + 1] = w >> 32;
    }
    return gpuvm_soft_program_from_words(words, 2 * (PROGRAM_INSNS + 1), 0,
                                         0);
}

static void all_alike(SoftWarp *w)
{
    for (unsigned n = 0; n < 16; n++) {
        for (unsigned i = 1; i < SOFT_LANES; i++) {
            w->r[n][i] = w->r[n][0];
        }
    }
    for (unsigned n = 0; n < 7; n++) {
        w->p[n] = w->p[n] & 1 ? ~0u : 0;
    }
    w->z = w->z & 1 ? ~0u : 0;
    w->s = w->s & 1 ? ~0u : 0;
    w->c = w->c & 1 ? ~0u : 0;
    w->o = w->o & 1 ? ~0u : 0;
}

static bool same_warp(const SoftWarp *a, const SoftWarp *b)
{
    for (unsigned n = 0; n < SOFT_REG_ZERO; n++) {
        for (unsigned i = 0; i < SOFT_LANES; i++) {
            if (a->r[n][i] != b->r[n][i]) {
                fprintf(stderr, "r%u of lane %u: want %08x got %08x\n", n, i,
                        a->r[n][i], b->r[n][i]);
                return false;
            }
        }
    }
    if (!memcmp(a->p, b->p, sizeof(a->p)) && a->z == b->z && a->s == b->s &&
        a->c == b->c && a->o == b->o && a->executed == b->executed) {
        return true;
    }
    for (unsigned n = 0; n < 8; n++) {
        fprintf(stderr, "p%u: want %08x got %08x\n", n, a->p[n], b->p[n]);
    }
    fprintf(stderr, "zsco: want %08x %08x %08x %08x got %08x %08x %08x %08x; "
            "%u and %u executed\n", a->z, a->s, a->c, a->o, b->z, b->s, b->c,
            b->o, (unsigned)a->executed, (unsigned)b->executed);
    return false;
}

static void tell_program(const SoftProgram *p)
{
    for (unsigned i = 0; i + 1 < p->count; i++) {
        char text[160];

        gpuvm_soft_disasm(&p->insns[i], text, sizeof(text));
        fprintf(stderr, "  %s\n", text);
    }
}

static void run_programs(const Form *forms, unsigned n, uint32_t seed)
{
    const char *env = g_getenv("GPUVM_ISA_CASES");
    unsigned cases = (env ? strtoul(env, NULL, 0) : 400) / 10, wrong = 0;
    IsaRig *r = isa_rig_new();
    SoftWarp *want = g_new(SoftWarp, 1), *start = g_new(SoftWarp, 1);

    for (unsigned k = 0; k < cases && wrong < 3; k++) {
        SoftProgram *prog = random_program(forms, n, &seed);

        r->cta.prog = prog;
        gpuvm_soft_warp_init(&r->warp, &r->cta, 0);
        fill(r, &seed);
        if (k % 2) {
            all_alike(&r->warp);
        } else {
            r->warp.live = r->warp.active = isa_rand(&seed) | 1;
        }
        *start = r->warp;
        CU_ASSERT_EQUAL(gpuvm_soft_warp_run(&r->warp, 65536),
                        SOFT_RUN_EXITED);
        *want = r->warp;
        r->warp = *start;
        CU_ASSERT_EQUAL(isa_rig_run(r, 65536), SOFT_RUN_EXITED);
        if (!same_warp(want, &r->warp)) {
            fprintf(stderr, "program %u differs:\n", k);
            tell_program(prog);
            wrong++;
        }
        gpuvm_soft_program_put(NULL, prog);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    g_free(want);
    g_free(start);
    free(r);
}
#define run_forms run_programs
#endif
static void test_f32(void)
{
    run_forms(f32_forms, G_N_ELEMENTS(f32_forms), 0x12345);
}

static void test_f64(void)
{
    run_forms(f64_forms, G_N_ELEMENTS(f64_forms), 0x23456);
}

static void test_int(void)
{
    run_forms(int_forms, G_N_ELEMENTS(int_forms), 0x34567);
}

static void test_move(void)
{
    run_forms(move_forms, G_N_ELEMENTS(move_forms), 0x45678);
}

static void test_cvt(void)
{
    run_forms(cvt_forms, G_N_ELEMENTS(cvt_forms), 0x56789);
}

static uint32_t exec1(IsaRig *r, uint64_t word, uint32_t a, uint32_t b,
                      uint32_t c)
{
    SoftInsn in;

    for (unsigned i = 0; i < SOFT_LANES; i++) {
        r->warp.r[1][i] = a;
        r->warp.r[2][i] = b;
        r->warp.r[3][i] = c;
    }
    gpuvm_soft_decode((uint32_t)word, word >> 32, 0, &in);
    CU_ASSERT_NOT_EQUAL_FATAL(in.op, SOFT_OP_ILLEGAL);
    gpuvm_soft_insn_bind(&in);
    CU_ASSERT_EQUAL(in.fn(&r->warp, &in, ~0u), SOFT_EXEC_OK);
    return r->warp.r[0][5];
}

/* Values worked out by hand: they bind the reference, too. */
static void test_by_hand(void)
{
    IsaRig *r = isa_rig_new();
    uint64_t ab = D(0) | A(1) | B(2), abc = ab | C(3);

    r->warp.cta = &r->cta;
    r->warp.p[7] = ~0u;
#define IS(word, a, b, c, want) \
    CU_ASSERT_EQUAL(exec1(r, (word), a, b, c), want)
    IS(FADD | ab, 0x3f800000, 0x40000000, 0, 0x40400000);   /* 1 + 2 */
    IS(FADD | ab, 0x7f800000, 0xff800000, 0, 0x7fffffff);   /* inf - inf */
    IS(FMUL | ab, 0x40400000, 0x40800000, 0, 0x41400000);   /* 3 * 4 */
    IS(FMUL | ab | BIT(7), 0, 0x7f800000, 0, 0);            /* fmz 0 * inf */
    /* fused: (1 + 2^-12)^2 - (1 + 2^-11) = 2^-24 */
    IS(FFMA | abc, 0x3f800800, 0x3f800800, 0xbf801000, 0x33800000);
    IS(FADD | ab | BIT(5), 0x00000001, 0, 0, 0);            /* ftz */
    IS(FADD | ab, 0x00000001, 0, 0, 1);
    IS(FMNMX | ab | PTRUE3, 0x80000000, 0, 0, 0x80000000);  /* min(-0, 0) */
    IS(FMNMX | ab | PTRUE3, 0x7fc00000, 0x40000000, 0, 0x40000000);
    IS(IADD | ab, 5, 7, 0, 12);
    IS(IADD | ab | F(1, 8), 5, 7, 0, 0xfffffffe);
    IS(IADD | ab | F(2, 8), 5, 7, 0, 2);
    IS(IADD | ab | BIT(5), 0x7fffffff, 1, 0, 0x7fffffff);
    IS(IMUL | ab | BIT(6), 0x80000000, 4, 0, 2);
    IS(IMUL | ab | BIT(7) | BIT(6) | BIT(5), 0xffffffff, 4, 0, 0xffffffff);
    IS(IMAD | abc, 3, 4, 5, 17);
    IS(ISCADD | ab | F(4, 5), 3, 5, 0, 53);
    IS(SHL | ab, 1, 32, 0, 0);
    IS(SHL | ab | BIT(9), 1, 33, 0, 2);
    IS(SHR | ab | BIT(5), 0x80000000, 255, 0, 0xffffffff);
    IS(SHR | ab, 0x80000000, 31, 0, 1);
    IS(BFE | ab, 0x12345678, 0x0808, 0, 0x56);
    IS(BFE | ab | BIT(5), 0x00008000, 0x0808, 0, 0xffffff80);
    IS(BFI | abc, 0xff, 0x0408, 0, 0xf00);
    IS(BFIND | D(0) | B(2), 0, 0x00010000, 0, 16);
    IS(BFIND | D(0) | B(2), 0, 0, 0, 0xffffffff);
    IS(POPC | ab, 0xffffffff, 0x10101, 0, 3);
    IS(ICMP | abc | COND(LT) | BIT(5), 1, 2, 0xffffffff, 1);
    IS(SAD | abc, 3, 10, 100, 107);
    IS(PRMT | abc, 0x33221100, 0x7531, 0x77665544, 0x77553311);
    IS(F2I | F(2, 23) | F(2, 20) | F(3, 49) | BIT(7) | D(0) | B(2), 0,
       0xc0200000, 0, 0xfffffffe);                          /* -2.5 -> -2 */
    IS(F2I | F(2, 23) | F(2, 20) | D(0) | B(2), 0, 0x40200000, 0, 2);
    IS(I2F | F(2, 23) | F(2, 20) | BIT(9) | D(0) | B(2), 0, 0xffffffff, 0,
       0xbf800000);
    IS(F2F | F(2, 23) | F(1, 20) | D(0) | B(2), 0, 0x3f800000, 0, 0x3c00);
    IS(F2F | F(1, 23) | F(2, 20) | D(0) | B(2), 0, 0x0001, 0, 0x33800000);
    IS(I2I | F(0, 23) | F(2, 20) | BIT(9) | BIT(7) | F(1, 55) | D(0) | B(2),
       0, 0x00008000, 0, 0xffffff80);
    IS(MUFU | F(4, 26) | D(0) | A(1), 0x40000000, 0, 0, 0x3f000000);
    IS(MUFU | F(5, 26) | D(0) | A(1), 0xbf800000, 0, 0, 0x7fffffff);
    IS(MUFU | F(3, 26) | D(0) | A(1), 0, 0, 0, 0xff800000);
    IS(MUFU | F(6, 26) | D(0) | A(1), 0x40000000, 0, 0, 0x3fe00000);
    IS(MOV32I | D(0) | LIMM(0xdeadbeef), 0, 0, 0, 0xdeadbeef);
#undef IS
    free(r);
}

/* 64-bit compares, sums and minima out of 32-bit instructions and $c. */
static void wide_case(IsaRig *r, uint64_t x, uint64_t y)
{
    uint64_t lo = A(4) | B(6), hi = A(5) | B(7);
    SoftWarp *w = &r->warp;
    uint64_t got;

#define RUN(word) do { \
        SoftInsn in_; \
        uint64_t word_ = (word); \
        gpuvm_soft_decode((uint32_t)word_, word_ >> 32, 0, &in_); \
        gpuvm_soft_insn_bind(&in_); \
        in_.fn(w, &in_, ~0u); \
    } while (0)

    w->r[4][0] = (uint32_t)x;
    w->r[5][0] = x >> 32;
    w->r[6][0] = (uint32_t)y;
    w->r[7][0] = y >> 32;
    RUN(IADD | SETCC | D(8) | lo);
    RUN(IADD | BIT(6) | D(9) | hi);
    got = w->r[8][0] | (uint64_t)w->r[9][0] << 32;
    CU_ASSERT_EQUAL(got, x + y);
    RUN(IADD | F(1, 8) | SETCC | D(8) | lo);
    RUN(IADD | F(1, 8) | BIT(6) | D(9) | hi);
    got = w->r[8][0] | (uint64_t)w->r[9][0] << 32;
    CU_ASSERT_EQUAL(got, x - y);
    for (unsigned cond = 1; cond <= 6; cond++) {
        for (unsigned sign = 0; sign < 2; sign++) {
            bool lt = sign ? (int64_t)x < (int64_t)y : x < y;
            bool want = ((cond & 1) && lt) || ((cond & 2) && x == y) ||
                        ((cond & 4) && !lt && x != y);

            RUN(IADD | F(1, 8) | SETCC | D(63) | lo);
            RUN(ISETP | BIT(6) | F(sign, 5) | COND(cond) | PD(0) | PDN(7) |
                PTRUE3 | hi);
            CU_ASSERT_EQUAL(w->p[0] & 1, want);
            RUN(IMNMX | F(3, 6) | F(sign, 5) | SETCC | D(9) | hi | PTRUE3);
            RUN(IMNMX | F(1, 6) | F(sign, 5) | D(8) | lo | PTRUE3);
            got = w->r[8][0] | (uint64_t)w->r[9][0] << 32;
            CU_ASSERT_EQUAL(got, lt ? x : y);
        }
    }
#undef RUN
}

static void test_wide(void)
{
    static const uint64_t v[] = {
        0, 1, 0xffffffff, 0x100000000, 0x1ffffffff, 0x7fffffffffffffff,
        0x8000000000000000, 0x8000000000000001, 0xffffffff00000000,
        0xffffffffffffffff, 0x80000000, 0x7fffffff,
    };
    IsaRig *r = isa_rig_new();

    r->warp.cta = &r->cta;
    r->warp.p[7] = ~0u;
    for (unsigned i = 0; i < G_N_ELEMENTS(v); i++) {
        for (unsigned j = 0; j < G_N_ELEMENTS(v); j++) {
            wide_case(r, v[i], v[j]);
        }
    }
    free(r);
}

static CU_TestInfo tests[] = {
    { "values worked out by hand", test_by_hand },
    { "64-bit integers by $c", test_wide },
    { "integer", test_int },
    { "32-bit float", test_f32 },
    { "64-bit float", test_f64 },
    { "moves and predicates", test_move },
    { "conversions", test_cvt },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { .pName = "isa-alu", .pTests = tests },
    CU_SUITE_INFO_NULL,
};
