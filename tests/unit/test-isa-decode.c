/*
 * The instruction table, the decoder and the disassembler: rows do not
 * overlap, known words (from NVIDIA's and Mesa's compilers) mean what they
 * should, fields land where they belong, short forms equal their long ones,
 * and any word at all is decoded or refused.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>

#include "isa_rig.h"

static void test_table(void)
{
    char why[128] = "";

    CU_ASSERT_TRUE(gpuvm_soft_isa_check(why, sizeof(why)));
    if (why[0]) {
        fprintf(stderr, "%s\n", why);
    }
    for (unsigned op = SOFT_OP_FETCH + 1; op < SOFT_OP__MAX; op++) {
        unsigned handlers = !!gpuvm_soft_alu_base[op] +
                            !!gpuvm_soft_ctl_handlers[op];

        CU_ASSERT_EQUAL(handlers, 1);
#ifdef __x86_64__
        CU_ASSERT_EQUAL(!gpuvm_soft_alu_avx2[op], !gpuvm_soft_alu_base[op]);
        CU_ASSERT_EQUAL(!gpuvm_soft_alu_avx512[op],
                        !gpuvm_soft_alu_base[op]);
#endif
    }
}

typedef struct Known {
    uint64_t word;
    const char *text;
} Known;

/* Words that compilers are known to emit, and how they read. */
static const Known known[] = {
    { 0x2800440400005de4, "mov $r1 c1[0x100]" },
    { 0x2c00000094001c04, "s2r $r0 $sr0x25" },
    { 0x2c00000084009c04, "s2r $r2 $sr0x21" },
    { 0x2004400020001ca3, "imad.sa.sb $r0 $r0 c0[0x8] $r2" },
    { 0x8000000000001de7, "exit" },
    { 0x80000000000001e7, "$p0 exit" },
    { 0x50ee0000ffffdc04, "bar.sync $r63 $p7 $r63 $r63" },
    { 0x180000001000dde2, "mov32i $r3 0x4" },
    { 0x8400000000209c85, "ld $r2 g[$r2d+0x0]" },
    { 0x9400000000401c85, "st g[$r4d+0x0] $r0" },
    { 0x4000000000001de4, "nop" },
    { 0x4000000000001df4, "nop join" },
    { 0x6000000020000007, "joinat 0x10" },
    { 0x4003ffffe0001de7, "bra 0x0" },
    { 0x4800000008201c03, "iadd $r0 $r2 $r2" },
    { 0x4800400080200003, "$p0 iadd $r0 $r2 c0[0x20]" },
    { 0x5000000008105c00, "fadd $r1 $r1 $r2" },
    { FADD | F(15, 10) | D(1) | A(1) | B(2) | F(15, 6),
      "never fadd $r1 -|$r1| -|$r2|" },
    { 0x3006000008105c00, "ffma $r1 $r1 $r2 $r3" },
    { 0x3006800008105c00, "ffma $r1 $r1 $r3 c0[0x0]" },
    { 0x0000000000000000, "illegal 0x0000000000000000" },
};

static void test_known(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
        SoftInsn in;
        char text[160];
        uint64_t w = known[i].word;

        CU_ASSERT_EQUAL(gpuvm_soft_decode((uint32_t)w, w >> 32, 0, &in), 8);
        gpuvm_soft_disasm(&in, text, sizeof(text));
        CU_ASSERT_STRING_EQUAL(text, known[i].text);
        if (strcmp(text, known[i].text)) {
            fprintf(stderr, "\nwant %s\ngot  %s\n", known[i].text, text);
        }
    }
}

static SoftInsn decode(uint64_t w)
{
    SoftInsn in;

    gpuvm_soft_decode((uint32_t)w, w >> 32, 0x100, &in);
    return in;
}

static void test_fields(void)
{
    SoftInsn in;

    in = decode(isa_guard(IADD | D(1) | A(2) | IMM(-3) | BIT(6) | SETCC |
                          JOIN, 9));
    CU_ASSERT_EQUAL(in.op, SOFT_OP_IADD);
    CU_ASSERT_EQUAL(in.pred, 9);
    CU_ASSERT_EQUAL(in.join, 1);
    CU_ASSERT_EQUAL(in.dst, 1);
    CU_ASSERT_EQUAL(in.src1, 2);
    CU_ASSERT_EQUAL(in.bkind, SOFT_OPND_IMM);
    CU_ASSERT_EQUAL(in.imm, (uint32_t)-3);
    CU_ASSERT_EQUAL(in.flags, SOFT_F_CARRY_IN | SOFT_F_CC);

    in = decode(FADD | IMM(0x3f800));           /* upper bits of 1.0 */
    CU_ASSERT_EQUAL(in.imm, 0x3f800000);
    in = decode(DADD | IMM(0x3ff00));           /* high word of 1.0 */
    CU_ASSERT_EQUAL(in.imm, 0x3ff00000);

    in = decode(IMAD | D(5) | A(6) | C(7) | CC3(3, 0x1ffc));
    CU_ASSERT_EQUAL(in.bkind, SOFT_OPND_REG);
    CU_ASSERT_EQUAL(in.src2, 7);
    CU_ASSERT_EQUAL(in.ckind, SOFT_OPND_CONST);
    CU_ASSERT_EQUAL(in.bank, 3);
    CU_ASSERT_EQUAL(in.cofs, 0x1ffc);
    in = decode(IADD | BC(15, 0xfffc) | BIT(26));   /* bank 31: bit 26 */
    CU_ASSERT_EQUAL(in.bank, 31);

    in = decode(ISETP | PD(1) | PDN(2) | PS3(11) | COND(GE) | F(2, 53) |
                SIGNED5 | A(3) | B(4));
    CU_ASSERT_EQUAL(in.pdst, 1);
    CU_ASSERT_EQUAL(in.pdst2, 2);
    CU_ASSERT_EQUAL(in.psrc, 11);
    CU_ASSERT_EQUAL(in.cond, GE);
    CU_ASSERT_EQUAL(in.logic, 2);

    in = decode(BRA | F(0xfffff0, 26));             /* 16 bytes back */
    CU_ASSERT_EQUAL(in.imm, 0x100 + 8 - 16);
    in = decode(isa_guard(JOINAT | F(0x20, 26), 3)); /* never guarded */
    CU_ASSERT_EQUAL(in.pred, 7);
    CU_ASSERT_EQUAL(in.imm, 0x128);

}

static void test_memory_fields(void)
{
    SoftInsn in;

    /* loads: 32-bit and 24-bit offsets with sign, access type */
    in = decode(OP(0x80, 5) | BIT(58) | D(8) | A(2) | F(5, 5) |
                LIMM(0xfffffff8));
    CU_ASSERT_EQUAL(in.op, SOFT_OP_LD);
    CU_ASSERT_EQUAL(in.offset, -8);
    CU_ASSERT_EQUAL(in.type, SOFT_ACCESS_B64);
    CU_ASSERT_EQUAL(in.flags, SOFT_F_WIDE);
    in = decode(OP(0xc1, 5) | D(8) | A(2) | F(4, 5) | F(0xfffffc, 26));
    CU_ASSERT_EQUAL(in.op, SOFT_OP_LDS);
    CU_ASSERT_EQUAL(in.offset, -4);
    /* atom: 20-bit offset in two parts; cas */
    in = decode(F(0x507e0000, 32) | 0x1c05 | F(63, 20) | F(9, 43) |
                F(0x1ffff, 26) | F(7, 55) | F(2, 5));
    CU_ASSERT_EQUAL(in.op, SOFT_OP_ATOM_U32);
    CU_ASSERT_EQUAL(in.offset, -1);
    CU_ASSERT_EQUAL(in.dst2, 9);
    CU_ASSERT_EQUAL(in.subop, 2);
    in = decode(OP(0x50, 5) | F(9, 5) | D(4) | C(5) | F(9, 43));
    CU_ASSERT_EQUAL(in.op, SOFT_OP_ATOM_CAS);
    CU_ASSERT_EQUAL(in.src3, 5);
}

/* Fields with values that are not implemented make the word illegal. */
static void test_illegal(void)
{
    static const uint64_t words[] = {
        IADD | F(2, 46),            /* c[] as a third source of two */
        FMUL | F(7, 49),            /* no such scale */
        FSETP | F(3, 53),           /* no such logic */
        LOP | BIT(5),               /* carry into a logic operation */
        SHL | BIT(6),
        BRA | BIT(14),              /* target in c[] */
        PRMT | F(7, 5),
        F2I | F(0, 23) | F(2, 20),  /* there is no 8-bit float */
        BAR | F(3, 5),
        BAR | JOIN,
        OP(0x80, 5) | F(7, 5),      /* no such access type */
        OP(0x20, 7),                /* sched words are of later chips */
        ~0ull,
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        CU_ASSERT_EQUAL(decode(words[i]).op, SOFT_OP_ILLEGAL);
    }
}

typedef struct Short {
    uint32_t word;
    uint64_t same_as;
} Short;

/* 4-byte instructions and the 8-byte ones they stand for. */
static const Short shorts[] = {
    { 0x00001c08, NOP },
    { 0x90001dff, RET },
    { 0x88001dff, EXIT },
    { 0x88002dff, (EXIT & ~F(15, 10)) | F(11, 10) },
    /* xor $r1 $r2 -1: immediate 0xff in 9:8 and 31:26 */
    { 0xfc205fdd, LOP | F(2, 6) | D(1) | A(2) | IMM(-1) },
    { 0x04205c9d, LOP | F(0, 6) | D(1) | A(2) | IMM(1) },
    { 0x04205cac, IADD | D(1) | A(2) | IMM(1) },
    { 0x0c205c2c, IADD | D(1) | A(2) | B(3) },
    { 0x0c205d2c, IADD | D(1) | A(2) | BC(0, 12) },
    { 0x0c205e2c, IADD | D(1) | A(2) | BC(1, 12) },
    { 0x0c205c2a, IMUL | D(1) | A(2) | B(3) },
    { 0x0c205c6a, IMUL | BIT(7) | BIT(5) | D(1) | A(2) | B(3) },
    { 0x0c20440d, IMAD | D(1) | A(2) | B(3) | C(4) },
    { 0xfff05d18, MOV32I | D(1) | LIMM(0xffffffff) },
    { 0x3f805f18, MOV32I | D(1) | LIMM(0x3f800000) },
    { 0x14205e08, SHL | D(1) | A(2) | IMM(5) },
    { 0x94205e08, SHR | BIT(5) | D(1) | A(2) | IMM(5) },
};

static void test_short(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(shorts); i++) {
        SoftInsn in, want = decode(shorts[i].same_as);

        CU_ASSERT_EQUAL(gpuvm_soft_decode(shorts[i].word, ~0u, 0x100, &in),
                        4);
        CU_ASSERT_EQUAL(in.raw, shorts[i].same_as);
        CU_ASSERT_EQUAL(memcmp(&in, &want, sizeof(in)), 0);
        if (in.raw != shorts[i].same_as) {
            fprintf(stderr, "\n%08x: %016lx, not %016lx\n", shorts[i].word,
                    (unsigned long)in.raw, (unsigned long)shorts[i].same_as);
        }
    }
}

/* Short and long ones mixed: pcs count by 4 and branches follow. */
static void test_short_program(void)
{
    uint32_t words[] = {
        0x04005cac,                     /* 0: iadd $r1 $r0 1 */
        0x00001c08,                     /* 4: nop */
        (uint32_t)BRA | 8u << 26, (BRA | F(8, 26)) >> 32, /* 8: to 0x18 */
        0x04105cac, 0x04105cac,         /* 0x10: skipped */
        0x04105cac,                     /* 0x18: iadd $r1 $r1 1 */
        0x88001dff,                     /* 0x1c: exit */
    };
    IsaRig *r = isa_rig_new();
    SoftProgram *p = gpuvm_soft_program_from_words(words, 8, 0, 0);

    r->cta.prog = p;
    gpuvm_soft_warp_init(&r->warp, &r->cta, 0);
    CU_ASSERT_EQUAL(gpuvm_soft_warp_run(&r->warp, 1024), SOFT_RUN_EXITED);
    CU_ASSERT_EQUAL(r->warp.r[1][31], 2);
    CU_ASSERT_EQUAL(r->warp.executed, 5);
    gpuvm_soft_program_put(NULL, p);
    free(r);
}

/* Any word: decoded within bounds, and its text fits. */
static void test_any_word(void)
{
    uint32_t seed = 0x777;
    unsigned legal = 0;

    for (unsigned i = 0; i < 300000; i++) {
        uint64_t w = (uint64_t)isa_rand(&seed) << 32 | isa_rand(&seed);
        unsigned op = 2 + isa_rand(&seed) % (SOFT_OP__MAX - 2);
        SoftInsn in;
        char text[160], tiny[8];

        if (i % 2) {    /* some word of a row */
            w = (w & ~gpuvm_soft_rows[op].mask) | gpuvm_soft_rows[op].match;
        }
        gpuvm_soft_decode((uint32_t)w, w >> 32, 0, &in);
        CU_ASSERT(in.op < SOFT_OP__MAX);
        CU_ASSERT(in.dst < 64 && in.src1 < 64 && in.src2 < 64 &&
                  in.src3 < 64 && in.dst2 < 64 && in.bank < 32 &&
                  in.pred < 16 && in.psrc < 16);
        legal += in.op != SOFT_OP_ILLEGAL;
        gpuvm_soft_disasm(&in, text, sizeof(text));
        CU_ASSERT(strlen(text) > 2 && strlen(text) < sizeof(text) - 1);
        gpuvm_soft_disasm(&in, tiny, sizeof(tiny));
        CU_ASSERT(strlen(tiny) < sizeof(tiny));
    }
    CU_ASSERT(legal > 100000 && legal < 300000);
}

static CU_TestInfo tests[] = {
    { "the table", test_table },
    { "known words", test_known },
    { "fields", test_fields },
    { "fields of memory instructions", test_memory_fields },
    { "illegal words", test_illegal },
    { "short forms", test_short },
    { "short forms in a program", test_short_program },
    { "any word", test_any_word },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { .pName = "isa-decode", .pTests = tests },
    CU_SUITE_INFO_NULL,
};
