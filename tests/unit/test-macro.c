/*
 * The macro engine end to end: programs assembled here are uploaded and called
 * by methods; what they send goes to scratch registers of the 3D class, which
 * the test reads back.  Expected values come from plain C.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft-rig.h"

#include "soft/gr.h"
#include "spec/compute_methods.h"
#include "spec/gr3d_methods.h"
#include "spec/macro.h"

/* ---- a little assembler ---- */

#define EXIT MACRO_EXIT

static uint32_t alu(unsigned op, unsigned act, unsigned rd, unsigned ra,
                    unsigned rb)
{
    return MACRO_OP_ALU | act << 4 | rd << 8 | ra << 11 | rb << 14 | op << 17;
}

static uint32_t addi(unsigned act, unsigned rd, unsigned ra, int imm)
{
    return MACRO_OP_ADDI | act << 4 | rd << 8 | ra << 11 |
           (uint32_t)imm << 14;
}

static uint32_t rdm(unsigned act, unsigned rd, unsigned ra, int mthd)
{
    return MACRO_OP_READ | act << 4 | rd << 8 | ra << 11 |
           (uint32_t)(mthd / 4) << 14;
}

static uint32_t bf(unsigned op, unsigned act, unsigned rd, unsigned ra,
                   unsigned rb, unsigned src, unsigned size, unsigned dst)
{
    return op | act << 4 | rd << 8 | ra << 11 | rb << 14 | src << 17 |
           size << 22 | dst << 27;
}

static uint32_t bra(bool nz, bool annul, unsigned ra, int off)
{
    return MACRO_OP_BRANCH | (nz ? MACRO_BRANCH_NZ : 0) |
           (annul ? MACRO_BRANCH_ANNUL : 0) | ra << 11 | (uint32_t)off << 14;
}

#define MADDR(mthd, incr) ((mthd) / 4 | (incr) << 12)
#define MOVE      MACRO_ACT_MOVE
#define SEND      MACRO_ACT_MOVE_SEND
#define PARM      MACRO_ACT_PARM
#define SET_MADDR MACRO_ACT_MOVE_MADDR
#define OUT       GR3D_SCRATCH_FIRST
#define NOPE      addi(MOVE, 0, 0, 0)

static void upload(Rig *r, unsigned index, unsigned at, const uint32_t *code,
                   unsigned n)
{
    unsigned i;

    rig_m(r, RIG_3D, MACRO_BIND_INDEX, index);
    rig_m(r, RIG_3D, MACRO_BIND_START, at);
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_3D, MACRO_UPLOAD_POS, n + 1);
    rig_word(r, at);
    for (i = 0; i < n; i++) {
        rig_word(r, code[i]);
    }
}

/* A 1I packet: argument and parameters. */
static void call(Rig *r, unsigned subc, unsigned index, const uint32_t *p,
                 unsigned n)
{
    unsigned i;

    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, subc, MACRO_CALL_FIRST + 8 * index,
             n);
    for (i = 0; i < n; i++) {
        rig_word(r, p[i]);
    }
}

static uint32_t reg(Rig *r, uint16_t cls, uint32_t mthd)
{
    SoftGrObj *o = gpuvm_soft_chan_object(r->chan, cls);

    return GR_REG(o, mthd);
}

static uint32_t out(Rig *r, unsigned i)
{
    return reg(r, GF100_CLASS_3D, OUT + 4 * i);
}

/* Uploads and calls; the channel must finish. */
static void run(Rig *r, const uint32_t *code, unsigned n, const uint32_t *p,
                unsigned np)
{
    upload(r, 5, 100, code, n);
    call(r, RIG_3D, 5, p, np);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
}

#define RUN(r, code, ...) do {                                              \
        const uint32_t p_[] = { __VA_ARGS__ };                              \
        run(r, code, G_N_ELEMENTS(code), p_, G_N_ELEMENTS(p_));             \
    } while (0)

/* ---- arithmetic ---- */

static void test_alu(void)
{
    static const unsigned ops[] = {
        MACRO_ALU_ADD, MACRO_ALU_SUB, MACRO_ALU_XOR, MACRO_ALU_OR,
        MACRO_ALU_AND, MACRO_ALU_ANDN, MACRO_ALU_NAND,
    };
    Rig *r = rig_open();
    GRand *rnd = g_rand_new_with_seed(5);
    unsigned i, k;

    for (i = 0; i < 20; i++) {
        uint32_t a = i ? g_rand_int(rnd) : 0xffffffff;
        uint32_t b = i ? g_rand_int(rnd) : 1;
        uint32_t want[] = { a + b, a - b, a ^ b, a | b, a & b, a & ~b,
                            ~(a & b) };
        uint32_t code[3 + G_N_ELEMENTS(ops)], n = 0;

        code[n++] = addi(SET_MADDR, 0, 0, MADDR(OUT, 1));
        code[n++] = alu(MACRO_ALU_ADD, PARM, 2, 0, 0);
        for (k = 0; k < G_N_ELEMENTS(ops); k++) {
            code[n++] = alu(ops[k], SEND, 3, 1, 2);
        }
        code[n - 2] |= EXIT;    /* the last one is the delay slot */
        run(r, code, n, (uint32_t[]) { a, b }, 2);
        for (k = 0; k < G_N_ELEMENTS(ops); k++) {
            CU_ASSERT_EQUAL(out(r, k), want[k]);
        }
    }
    g_rand_free(rnd);
    rig_close(r);
}

/* 96-bit addition and subtraction through the carry. */
static void test_carry(void)
{
    Rig *r = rig_open();
    GRand *rnd = g_rand_new_with_seed(6);
    const uint32_t code[] = {
        addi(SET_MADDR, 0, 0, MADDR(OUT, 1)),
        addi(PARM, 2, 0, 0), addi(PARM, 3, 0, 0),   /* a = r1 r2 r3 */
        addi(PARM, 4, 0, 0), addi(PARM, 5, 0, 0), addi(PARM, 6, 0, 0),
        alu(MACRO_ALU_ADD, SEND, 7, 1, 4),
        alu(MACRO_ALU_ADC, SEND, 7, 2, 5),
        alu(MACRO_ALU_ADC, SEND, 7, 3, 6),
        alu(MACRO_ALU_SUB, SEND, 7, 1, 4),
        alu(MACRO_ALU_SBB, SEND, 7, 2, 5),
        alu(MACRO_ALU_SBB, SEND, 7, 3, 6) | EXIT,
        alu(MACRO_ALU_SBB, SEND, 7, 0, 0),          /* all ones: borrow */
    };
    unsigned i, k;

    for (i = 0; i < 40; i++) {
        uint32_t v[6];
        unsigned __int128 a, b, sum, diff, mask = ~(unsigned __int128)0 >> 32;

        for (k = 0; k < 6; k++) {
            v[k] = i % 4 == 0 ? 0xffffffff : i % 4 == 1 ? k == 3 :
                   g_rand_int(rnd);
        }
        a = v[0] | (unsigned __int128)v[1] << 32 |
            (unsigned __int128)v[2] << 64;
        b = v[3] | (unsigned __int128)v[4] << 32 |
            (unsigned __int128)v[5] << 64;
        sum = (a + b) & mask;
        diff = (a - b) & mask;
        run(r, code, G_N_ELEMENTS(code), v, 6);
        for (k = 0; k < 3; k++) {
            CU_ASSERT_EQUAL(out(r, k), (uint32_t)(sum >> (32 * k)));
            CU_ASSERT_EQUAL(out(r, 3 + k), (uint32_t)(diff >> (32 * k)));
        }
        CU_ASSERT_EQUAL(out(r, 6), a < b ? 0xffffffff : 0);
    }
    g_rand_free(rnd);
    rig_close(r);
}

static void test_fields(void)
{
    Rig *r = rig_open();
    GRand *rnd = g_rand_new_with_seed(8);
    unsigned i;

    for (i = 0; i < 60; i++) {
        unsigned src = g_rand_int_range(rnd, 0, 32);
        unsigned size = g_rand_int_range(rnd, 0, 32);
        unsigned dst = g_rand_int_range(rnd, 0, 32);
        unsigned pos = g_rand_int_range(rnd, 0, 32);
        uint32_t a = g_rand_int(rnd), b = g_rand_int(rnd);
        uint32_t m = size ? 0xffffffffu >> (32 - size) : 0;
        int imm = g_rand_int_range(rnd, -131072, 131072);
        const uint32_t code[] = {
            addi(SET_MADDR, 0, 0, MADDR(OUT, 1)),
            addi(PARM, 2, 0, 0),
            addi(PARM, 3, 0, 0),
            bf(MACRO_OP_EXTRINSRT, SEND, 4, 1, 2, src, size, dst),
            bf(MACRO_OP_EXTRSHL_I, SEND, 4, 3, 2, 0, size, dst),
            bf(MACRO_OP_EXTRSHL_R, SEND, 4, 3, 2, src, size, 0) | EXIT,
            addi(SEND, 4, 1, imm),
        };

        RUN(r, code, a, b, pos);
        CU_ASSERT_EQUAL(out(r, 0), ((a & ~(m << dst)) |
                                    (b >> src & m) << dst));
        CU_ASSERT_EQUAL(out(r, 1), (b >> pos & m) << dst);
        CU_ASSERT_EQUAL(out(r, 2), (b >> src & m) << pos);
        CU_ASSERT_EQUAL(out(r, 3), a + (uint32_t)imm);
    }
    g_rand_free(rnd);
    rig_close(r);
}

/* ---- actions, reads ---- */

static void test_actions(void)
{
    Rig *r = rig_open();
    const uint32_t code[] = {
        /* 5: maddr = OUT, step 1, rd = param (0xa0) */
        addi(MACRO_ACT_PARM_MADDR, 2, 0, MADDR(OUT, 1)),
        addi(SEND, 0, 2, 0),                        /* out0 = 0xa0 */
        addi(MACRO_ACT_PARM_SEND, 3, 0, 77),        /* out1 = 77, r3 = 0xa1 */
        addi(SEND, 0, 3, 0),                        /* out2 = 0xa1 */
        /* 6: maddr = OUT+0x20, step 2, rd = it; sends the param 0xa2 */
        addi(MACRO_ACT_MADDR_PSEND, 4, 0, MADDR(OUT + 0x20, 2)),
        addi(SEND, 0, 4, 0),                        /* out10 = maddr */
        /* 7: maddr = OUT+0x40, sends the step: 3 */
        addi(MACRO_ACT_MADDR_SEND, 5, 0, MADDR(OUT + 0x40, 3)),
        addi(SEND, 0, 5, 1),                        /* out19 = r5 + 1 */
        addi(SEND, 6, 0, 9),                        /* out22 = 9; r6 too */
        addi(MOVE, 0, 0, 55),                       /* $r0 stays 0 */
        addi(SET_MADDR, 0, 0, MADDR(OUT + 0x80, 0)),
        addi(SEND, 0, 0, 1),                        /* no step: twice */
        addi(SEND, 0, 0, 2) | EXIT,
        alu(MACRO_ALU_ADD, SEND, 0, 6, 0),          /* 9, 3rd to out32 */
    };

    RUN(r, code, 0, 0xa0, 0xa1, 0xa2);
    CU_ASSERT_EQUAL(out(r, 0), 0xa0);
    CU_ASSERT_EQUAL(out(r, 1), 77);
    CU_ASSERT_EQUAL(out(r, 2), 0xa1);
    CU_ASSERT_EQUAL(out(r, 8), 0xa2);
    CU_ASSERT_EQUAL(out(r, 10), MADDR(OUT + 0x20, 2));
    CU_ASSERT_EQUAL(out(r, 16), 3);
    CU_ASSERT_EQUAL(out(r, 19), MADDR(OUT + 0x40, 3) + 1);
    CU_ASSERT_EQUAL(out(r, 22), 9);
    CU_ASSERT_EQUAL(out(r, 32), 9);
    CU_ASSERT_EQUAL(out(r, 33), 0);
    rig_close(r);
}

/* Reads see what methods and macros wrote, of the class that is called. */
static void test_read(void)
{
    Rig *r = rig_open();
    const uint32_t code[] = {
        rdm(MOVE, 2, 0, GR_LINKED_TSC),
        addi(MOVE, 3, 0, 4),
        rdm(MOVE, 4, 3, GR_LOCAL_BASE - 16),        /* (r3 + n) * 4 */
        addi(SET_MADDR, 0, 0, MADDR(GR_TEMP_ADDRESS_HIGH, 1)),
        addi(SEND, 0, 2, 0) | EXIT,
        addi(SEND, 0, 4, 0),
    };

    rig_m(r, RIG_3D, GR_LINKED_TSC, 0x3d3d);
    rig_m(r, RIG_3D, GR_LOCAL_BASE, 0x3d01);
    rig_m(r, RIG_COMPUTE, GR_LINKED_TSC, 0xc0c0);
    rig_m(r, RIG_COMPUTE, GR_LOCAL_BASE, 0xc001);
    upload(r, 127, 2000, code, G_N_ELEMENTS(code));
    call(r, RIG_3D, 127, (uint32_t[]) { 0 }, 1);
    call(r, RIG_COMPUTE, 127, (uint32_t[]) { 0 }, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(reg(r, GF100_CLASS_3D, GR_TEMP_ADDRESS_HIGH), 0x3d3d);
    CU_ASSERT_EQUAL(reg(r, GF100_CLASS_3D, GR_TEMP_ADDRESS_HIGH + 4), 0x3d01);
    CU_ASSERT_EQUAL(reg(r, GF100_CLASS_COMPUTE, GR_TEMP_ADDRESS_HIGH),
                    0xc0c0);
    CU_ASSERT_EQUAL(reg(r, GF100_CLASS_COMPUTE, GR_TEMP_ADDRESS_HIGH + 4),
                    0xc001);
    rig_close(r);
}

/* ---- control flow ---- */

static void test_branches(void)
{
    Rig *r = rig_open();
    /* sum of r1 parameters; the delay slot counts down */
    const uint32_t sum[] = {
        addi(SET_MADDR, 0, 0, MADDR(OUT, 1)),
        addi(PARM, 3, 0, 0),
        addi(MOVE, 1, 1, -1),
        bra(true, false, 1, -2),
        alu(MACRO_ALU_ADD, MOVE, 2, 2, 3),          /* delay slot */
        addi(SEND, 0, 2, 0) | EXIT,
        addi(SEND, 0, 1, 100),
    };
    const uint32_t kinds[] = {
        addi(SET_MADDR, 0, 0, MADDR(OUT, 1)),
        bra(false, false, 1, 3),        /* braz, not taken for 1 */
        addi(SEND, 0, 0, 10),
        addi(SEND, 0, 0, 11),
        bra(true, true, 1, 3),          /* branz annul */
        addi(SEND, 0, 0, 12),           /* skipped when taken */
        addi(SEND, 0, 0, 13),
        bra(false, false, 0, 3),        /* always */
        addi(SEND, 0, 0, 14) | EXIT,    /* delay slot: EXIT has no effect */
        addi(SEND, 0, 0, 15),           /* skipped */
        bra(true, false, 1, 3) | EXIT,  /* taken: goes on; else exits */
        addi(SEND, 0, 0, 16),           /* delay slot either way */
        addi(SEND, 0, 0, 17),
        addi(SEND, 0, 0, 18) | EXIT,
        addi(SEND, 0, 0, 19),
        addi(SEND, 0, 0, 20),
    };
    static const uint32_t want1[] = { 10, 11, 14, 16, 18, 19 };
    static const uint32_t want0[] = { 10, 12, 13, 14, 16 };
    unsigned i;

    RUN(r, sum, 5, 1, 20, 300, 4000, 50000);
    CU_ASSERT_EQUAL(out(r, 0), 54321);
    CU_ASSERT_EQUAL(out(r, 1), 100);
    RUN(r, kinds, 1);
    for (i = 0; i < G_N_ELEMENTS(want1); i++) {
        CU_ASSERT_EQUAL(out(r, i), want1[i]);
    }
    CU_ASSERT_EQUAL(out(r, i), 0);
    RUN(r, kinds, 0);
    for (i = 0; i < G_N_ELEMENTS(want0); i++) {
        CU_ASSERT_EQUAL(out(r, i), want0[i]);
    }
    CU_ASSERT_EQUAL(out(r, i), 19);     /* left from before */
    rig_close(r);
}

/* ---- parameters that come late, or not at all ---- */

static void test_late_params(void)
{
    Rig *r = rig_open();
    const uint32_t code[] = {
        addi(SET_MADDR, 0, 0, MADDR(OUT, 1)),
        addi(SEND, 0, 1, 0),
        addi(PARM, 2, 0, 0),
        addi(SEND, 0, 2, 0),
        addi(PARM, 2, 0, 0),
        addi(SEND, 0, 2, 0) | EXIT,
        addi(SEND, 0, 0, 0x600d),
    };

    upload(r, 3, 0, code, G_N_ELEMENTS(code));
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    /* the packet's data come in three segments, as an indirect dispatch's */
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_3D, MACRO_CALL_FIRST + 8 * 3, 3);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    rig_word(r, 1);
    rig_word(r, 2);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(out(r, 1), 2);
    CU_ASSERT_EQUAL(out(r, 3), 0);
    rig_word(r, 3);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(out(r, 0), 1);
    CU_ASSERT_EQUAL(out(r, 2), 3);
    CU_ASSERT_EQUAL(out(r, 3), 0x600d);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_GUEST_ERRORS), 0);

    /* one packet a parameter; one too many is dropped */
    rig_m(r, RIG_3D, MACRO_CALL_FIRST + 8 * 3, 11);
    rig_m(r, RIG_3D, MACRO_CALL_FIRST + 8 * 3 + 4, 12);
    rig_m(r, RIG_3D, MACRO_CALL_FIRST + 8 * 3 + 4, 13);
    rig_m(r, RIG_3D, MACRO_CALL_FIRST + 8 * 3 + 4, 14);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(out(r, 1), 12);
    CU_ASSERT_EQUAL(out(r, 2), 13);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_GUEST_ERRORS), 0);

    /* another method instead: the macro ends on zeros before it */
    rig_m(r, RIG_3D, MACRO_CALL_FIRST + 8 * 3, 21);
    rig_m(r, RIG_3D, MACRO_CALL_FIRST + 8 * 3 + 4, 22);
    rig_m(r, RIG_3D, OUT + 4 * 2, 0x77);
    rig_m(r, RIG_3D, MACRO_CALL_FIRST + 8 * 3 + 4, 23);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(out(r, 0), 21);
    CU_ASSERT_EQUAL(out(r, 1), 22);
    CU_ASSERT_EQUAL(out(r, 2), 0x77);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_GUEST_ERRORS), 1);

    /* another call instead, on another class */
    rig_m(r, RIG_3D, MACRO_CALL_FIRST + 8 * 3, 31);
    rig_m(r, RIG_COMPUTE, MACRO_CALL_FIRST + 8 * 3, 41);
    rig_m(r, RIG_COMPUTE, MACRO_CALL_FIRST + 8 * 3 + 4, 42);
    rig_m(r, RIG_COMPUTE, MACRO_CALL_FIRST + 8 * 3 + 4, 43);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(out(r, 0), 31);
    CU_ASSERT_EQUAL(out(r, 1), 0);
    CU_ASSERT_EQUAL(out(r, 2), 0);
    CU_ASSERT_EQUAL(reg(r, GF100_CLASS_COMPUTE, OUT), 41);
    CU_ASSERT_EQUAL(reg(r, GF100_CLASS_COMPUTE, OUT + 8), 43);
    rig_close(r);
}

/* ---- bad programs ---- */

static void expect_trap(const uint32_t *code, unsigned n, unsigned at,
                        GpuvmTrap trap)
{
    Rig *r = rig_open();

    upload(r, 9, at, code, n);
    call(r, RIG_3D, 9, (uint32_t[]) { 1 }, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->fault.kind, GPUVM_FAULT_GR_TRAP);
    CU_ASSERT_EQUAL(r->fault.reason, trap);
    CU_ASSERT_EQUAL(r->fault.cls, GF100_CLASS_3D);
    CU_ASSERT_EQUAL(r->fault.method, MACRO_CALL_FIRST + 8 * 9);
    rig_close(r);
}

static void test_bad(void)
{
    const uint32_t loop[] = { bra(false, true, 0, 0) };
    const uint32_t op6[] = { 6 | MOVE << 4 };
    const uint32_t op_alu[] = { alu(31, MOVE, 1, 1, 1) };
    const uint32_t off_end[] = { NOPE };
    const uint32_t far_away[] = { bra(false, true, 0, -100) };
    Rig *r = rig_open();
    uint64_t before = rig_count(r, GPUVM_CNT_UNKNOWN_METHODS);

    expect_trap(loop, 1, 7, GPUVM_TRAP_TIMEOUT);
    expect_trap(op6, 1, 7, GPUVM_TRAP_ILLEGAL_INSTR);
    expect_trap(op_alu, 1, 7, GPUVM_TRAP_ILLEGAL_INSTR);
    expect_trap(off_end, 1, MACRO_WORDS - 1, GPUVM_TRAP_ILLEGAL_INSTR);
    expect_trap(far_away, 1, 7, GPUVM_TRAP_ILLEGAL_INSTR);
    /* a macro that was never bound is an unknown method, with its params */
    call(r, RIG_3D, 77, (uint32_t[]) { 1, 2, 3 }, 3);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS) - before, 1);
    /* upload addresses and indices wrap */
    rig_m(r, RIG_3D, MACRO_UPLOAD_POS, 0xffffffff);
    rig_m(r, RIG_3D, MACRO_UPLOAD_DATA, 1);
    rig_m(r, RIG_3D, MACRO_UPLOAD_DATA, 1);
    rig_m(r, RIG_3D, MACRO_BIND_INDEX, 0xffffffff);
    rig_m(r, RIG_3D, MACRO_BIND_START, 0xffffffff);
    rig_m(r, RIG_3D, MACRO_BIND_START, 0xffffffff);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    rig_close(r);
}

/* A macro that sends reports and clears counts as what it sends. */
static void test_sends_act(void)
{
    Rig *r = rig_open();
    const uint32_t code[] = {
        addi(SET_MADDR, 0, 0, MADDR(GR_QUERY_ADDRESS_HIGH, 1)),
        addi(MACRO_ACT_PARM_SEND, 2, 1, 0),     /* high; r2 = low */
        addi(MACRO_ACT_PARM_SEND, 3, 2, 0),     /* low; r3 = sequence */
        addi(SEND, 0, 3, 0) | EXIT,
        /* GR_QUERY_SHORT: bit 28 of (1 << 28) */
        bf(MACRO_OP_EXTRINSRT, SEND, 0, 0, 4, 0, 1, 28),
    };
    const uint32_t code2[] = {
        addi(MOVE, 4, 0, 1), code[0], code[1], code[2], code[3], code[4],
    };

    RUN(r, code2, (r->va + 0x2000) >> 32, (uint32_t)(r->va + 0x2000),
        0xfeedf00d);
    CU_ASSERT_EQUAL(rig_rd32(r, 0x2000), 0xfeedf00d);
    rig_close(r);
}

static CU_TestInfo tests[] = {
    { "alu", test_alu },
    { "carry", test_carry },
    { "bit fields, add immediate", test_fields },
    { "actions", test_actions },
    { "read", test_read },
    { "branches, delay slots, exit", test_branches },
    { "late and missing parameters", test_late_params },
    { "bad programs", test_bad },
    { "what is sent acts", test_sends_act },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "macro", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
