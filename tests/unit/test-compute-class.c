/*
 * The compute class end to end: Mesa's dispatch sequence with small sm_20
 * programs, indirect dispatch by a macro whose parameters come in a segment of
 * their own, and what happens to a channel around a launch.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft-rig.h"

#include "soft/gr.h"
#include "spec/compute_methods.h"
#include "spec/gr3d_methods.h"
#include "spec/macro.h"
#include "spec/tic.h"

#define CODE  0x100000u
#define CB0   0x200000u
#define CB1   0x210000u
#define OUT   0x300000u
#define FENCE 0x400000u
#define ARGS  0x500000u
#define TIC   0x510000u
#define TSC   0x520000u
#define TEXEL 0x530000u

#define ENTRY 0x80u     /* of the program in the code segment */

/* ---- programs ---- */

static void put64(Rig *r, uint32_t off, uint64_t v)
{
    memcpy(r->mem + off, &v, 8);
}

/* MOV rd, c[bank][off] */
static uint64_t mov_c(unsigned rd, unsigned bank, unsigned off)
{
    return 0x2800400000001de4ull | rd << 14 | (uint64_t)off << 26 |
           (uint64_t)bank << 42;
}

/* S2R rd, sreg */
static uint64_t s2r(unsigned rd, unsigned sreg)
{
    return 0x2c00000000001c04ull | rd << 14 | (uint64_t)sreg << 26;
}

/* ST.E.32 [ra:ra+1], rd */
static uint64_t st_g(unsigned rd, unsigned ra)
{
    return 0x9400000000001c85ull | rd << 14 | ra << 20;
}

#define SREG_LAUNCHARG 0x24
#define SREG_GRIDID    0x2c
#define INSN_EXIT      0x8000000000001de7ull
/* BRA to itself */
#define INSN_LOOP      0x4003ffffe0001de7ull

/* c0 = { lo, hi of the result }: stores c1[4], $launcharg and $gridid there */
static void program(Rig *r)
{
    uint32_t p = CODE + ENTRY;

    put64(r, p, mov_c(2, 0, 0));
    put64(r, p + 8, mov_c(3, 0, 4));
    put64(r, p + 16, mov_c(4, 1, 4));
    put64(r, p + 24, st_g(4, 2));
    put64(r, p + 32, INSN_EXIT);
}

/* The same with a special register instead of c1[4]. */
static void program_sreg(Rig *r, unsigned sreg)
{
    program(r);
    put64(r, CODE + ENTRY + 16, s2r(4, sreg));
}

/* ---- the dispatch sequence of nvc0-compute.md 3.1 ---- */

static void c(Rig *r, uint32_t mthd, uint32_t data)
{
    rig_m(r, RIG_COMPUTE, mthd, data);
}

static void bind_cb(Rig *r, unsigned bank, uint64_t va, uint32_t size,
                    bool valid)
{
    c(r, GR_CB_SIZE, size);
    rig_addr(r, RIG_COMPUTE, GR_CB_ADDRESS_HIGH, va);
    c(r, CP_CB_BIND, bank << 8 | valid);
}

static void setup(Rig *r, uint64_t result)
{
    rig_addr(r, RIG_COMPUTE, GR_CODE_ADDRESS_HIGH, r->va + CODE);
    c(r, CP_SHARED_BASE, 0xfe000000);
    c(r, GR_LOCAL_BASE, 0xff000000);
    bind_cb(r, 0, r->va + CB0, 256, true);
    /* c0 through the 3D class, as GL uniforms come */
    rig_m(r, RIG_3D, GR_CB_SIZE, 256);
    rig_addr(r, RIG_3D, GR_CB_ADDRESS_HIGH, r->va + CB0);
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_3D, GR_CB_POS, 3);
    rig_word(r, 0);
    rig_word(r, (uint32_t)result);
    rig_word(r, result >> 32);
    bind_cb(r, 1, r->va + CB1, 256, true);
    c(r, CP_FLUSH, 0x1000);
    c(r, CP_START_ID, ENTRY);
    c(r, CP_LOCAL_POS_ALLOC, 0);
    c(r, CP_LOCAL_NEG_ALLOC, 0);
    c(r, CP_LOCAL_NEG_ALLOC + 4, 0x800);
    c(r, CP_SHARED_SIZE, 0);
    c(r, CP_THREADS_ALLOC, 1);
    c(r, CP_BARRIER_ALLOC, 0);
    c(r, CP_GPR_ALLOC, 8);
    c(r, CP_GRIDID, 1);
    c(r, CP_FLUSH, 0x110);
    c(r, CP_BLOCKDIM_YX, 1 << 16 | 1);
    c(r, CP_BLOCKDIM_Z, 1);
}

static void launch(Rig *r, uint32_t x, uint32_t y, uint32_t z, uint32_t arg)
{
    c(r, CP_GRIDDIM_YX, y << 16 | x);
    c(r, CP_GRIDDIM_Z, z);
    c(r, CP_BEGIN, 0);
    c(r, 0x0a08, 0);
    c(r, CP_LAUNCH, arg);
    c(r, CP_END, 0);
    c(r, 0x0360, 1);
}

static void fence(Rig *r, uint32_t seq)
{
    rig_addr(r, RIG_3D, GR_QUERY_ADDRESS_HIGH, r->va + FENCE);
    rig_m(r, RIG_3D, GR_QUERY_SEQUENCE, seq);
    rig_m(r, RIG_3D, GR_QUERY_GET, 0x1000f010);
}

static void test_launch(void)
{
    Rig *r = rig_open();
    uint32_t v = 0x600dcafe;

    program(r);
    memcpy(r->mem + CB1 + 4, &v, 4);
    setup(r, r->va + OUT);
    launch(r, 3, 5, 2, 0x1000);
    fence(r, 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT), 0x600dcafe);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 1);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_LAUNCHES), 1);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_CTAS), 3 * 5 * 2);
    /* the pushes after a launch are in order: another result address */
    setup(r, r->va + OUT + 16);
    launch(r, 1, 1, 1, 0x1000);
    setup(r, r->va + OUT + 32);
    launch(r, 1, 1, 1, 0x1000);
    fence(r, 2);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT + 16), 0x600dcafe);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT + 32), 0x600dcafe);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 2);
    /* LAUNCH's data is $launcharg, GRIDID $gridid */
    program_sreg(r, SREG_LAUNCHARG);
    c(r, CP_FLUSH, 1);
    launch(r, 1, 1, 1, 0x1234);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT + 32), 0x1234);
    program_sreg(r, SREG_GRIDID);
    c(r, CP_FLUSH, 1);
    c(r, CP_GRIDID, 99);
    launch(r, 1, 1, 1, 0x1000);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT + 32), 99);
    CU_ASSERT_EQUAL(r->faults, 0);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_UNKNOWN_METHODS), 0);
    rig_close(r);
}

/*
 * CB_BIND latches address and size; unbound banks and words past the size read
 * 0; a bank that does not exist is the guest's error.
 */
static void test_banks(void)
{
    Rig *r = rig_open();
    uint32_t v = 0x11111111, w = 0x22222222;

    program(r);
    memcpy(r->mem + CB1 + 4, &v, 4);
    memcpy(r->mem + CB1 + 0x104, &w, 4);
    setup(r, r->va + OUT);
    /* the selected buffer changes after the bind */
    rig_addr(r, RIG_COMPUTE, GR_CB_ADDRESS_HIGH, r->va + CB1 + 0x100);
    launch(r, 1, 1, 1, 0);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT), v);
    c(r, CP_CB_BIND, 1 << 8 | 1);
    launch(r, 1, 1, 1, 0);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT), w);
    bind_cb(r, 1, r->va + CB1, 4, true);
    launch(r, 1, 1, 1, 0);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT), 0);
    memcpy(r->mem + OUT, &v, 4);
    bind_cb(r, 1, r->va + CB1, 256, true);
    c(r, CP_CB_BIND, 1 << 8);
    launch(r, 1, 1, 1, 0);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT), 0);
    c(r, CP_CB_BIND, 31 << 8 | 1);
    c(r, CP_BIND_TIC, 200 << 1 | 1);
    c(r, CP_BIND_TSC, 200 << 4 | 1);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_GUEST_ERRORS), 3);
    rig_close(r);
}

/* TEX.LZ r4, r4..r6, cube, texture 0, sampler 0 */
#define INSN_TEX_CUBE 0x82304000fc411d06ull

/* A cube of one texel a face, 10 20 .. 60; c1[8..16] is the direction. */
static void cube_setup(Rig *r)
{
    static const float dir[3] = { 1, 0, -1 };
    uint64_t va = r->va + TEXEL;
    const uint32_t tic[TIC_WORDS] = {
        TIC_FMT_32 | TIC_TYPE_FLOAT << 6 | TIC_MAP_C0 << 18, (uint32_t)va,
        (uint32_t)(va >> 32) | TIC_TARGET_CUBE << 14 | 1u << 31, 0,
        1u << 31 | 1, 1 | 1 << 16, 0, 0,
    };
    const uint32_t tsc[TSC_WORDS] = {
        0, TSC_FILTER_LINEAR | TSC_FILTER_LINEAR << 4 | TSC_MIP_NONE << 6,
    };
    uint32_t p = CODE + ENTRY;

    for (unsigned i = 0; i < 3; i++) {
        put64(r, p + 16 + 8 * i, mov_c(4 + i, 1, 8 + 4 * i));
    }
    put64(r, p + 40, INSN_TEX_CUBE);
    put64(r, p + 48, st_g(4, 2));
    put64(r, p + 56, INSN_EXIT);
    memcpy(r->mem + CB1 + 8, dir, sizeof(dir));
    for (unsigned face = 0; face < 6; face++) {
        float v = 10 * (face + 1);

        memcpy(r->mem + TEXEL + 512 * face, &v, 4);
    }
    memcpy(r->mem + TIC, tic, sizeof(tic));
    memcpy(r->mem + TSC, tsc, sizeof(tsc));
    rig_addr(r, RIG_COMPUTE, GR_TIC_ADDRESS_HIGH, r->va + TIC);
    c(r, GR_TIC_LIMIT, 0x7ff);
    rig_addr(r, RIG_COMPUTE, GR_TSC_ADDRESS_HIGH, r->va + TSC);
    c(r, GR_TSC_LIMIT, 0x7ff);
    c(r, CP_BIND_TIC, 1);
    c(r, CP_BIND_TSC, 1);
}

/* TEX_MISC of either class joins the faces of cubes: on the edge of +x and -z
 * a linear filter gives the mean of both, else +x alone. */
static void test_seamless(void)
{
    static const struct {
        uint32_t gr3d, compute;
        float want;
    } cases[] = {
        { 0, 0, 10 }, { 4, 0, 35 }, { 0, 2, 35 }, { 2, 1, 10 },
    };
    Rig *r = rig_open();

    program(r);
    cube_setup(r);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        float got;

        rig_m(r, RIG_3D, GR_TEX_MISC, cases[i].gr3d);
        c(r, GR_TEX_MISC, cases[i].compute);
        setup(r, r->va + OUT);
        launch(r, 1, 1, 1, 0);
        CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
        memcpy(&got, r->mem + OUT, 4);
        CU_ASSERT_EQUAL(got, cases[i].want);
    }
    rig_close(r);
}

/* ---- indirect dispatch ---- */

static uint32_t addi(unsigned act, unsigned rd, unsigned ra, int imm)
{
    return MACRO_OP_ADDI | act << 4 | rd << 8 | ra << 11 |
           (uint32_t)imm << 14;
}

static uint32_t braz(unsigned ra, int off)
{
    return MACRO_OP_BRANCH | MACRO_BRANCH_ANNUL | ra << 11 |
           (uint32_t)off << 14;
}

#define MADDR(mthd, incr) ((mthd) / 4 | (incr) << 12)

/*
 * arg x, parameters y, z: if none is 0, GRIDDIM, BEGIN, 0x0a08, LAUNCH, END,
 * 0x0360; then parameter w goes to the 3D-like scratch register 0x3400.
 */
static void upload_indirect(Rig *r, unsigned index)
{
    const uint32_t code[] = {
        addi(MACRO_ACT_PARM, 2, 0, 0),
        addi(MACRO_ACT_PARM, 3, 0, 0),
        braz(1, 18), braz(2, 17), braz(3, 16),
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(CP_GRIDDIM_YX, 1)),
        MACRO_OP_EXTRINSRT | MACRO_ACT_MOVE_SEND << 4 | 1 << 11 | 2 << 14 |
            0 << 17 | 16 << 22 | 16u << 27,     /* y << 16 | x */
        addi(MACRO_ACT_MOVE_SEND, 0, 3, 0),
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(CP_BEGIN, 0)),
        addi(MACRO_ACT_MOVE_SEND, 0, 0, 0),
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(0x0a08, 0)),
        addi(MACRO_ACT_MOVE_SEND, 0, 0, 0),
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(CP_LAUNCH, 0)),
        addi(MACRO_ACT_MOVE_SEND, 0, 0, 0x1000),
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(CP_END, 0)),
        addi(MACRO_ACT_MOVE_SEND, 0, 0, 0),
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(0x0360, 0)),
        addi(MACRO_ACT_MOVE_SEND, 0, 0, 1),
        addi(MACRO_ACT_MOVE, 5, 0, 1),
        addi(MACRO_ACT_MOVE, 0, 0, 0),
        /* 20: */
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(GR3D_SCRATCH_FIRST, 1)),
        addi(MACRO_ACT_PARM, 4, 0, 0),
        addi(MACRO_ACT_MOVE_SEND, 0, 4, 0) | MACRO_EXIT,
        addi(MACRO_ACT_MOVE_SEND, 0, 5, 0),
    };
    unsigned i;

    rig_m(r, RIG_3D, MACRO_BIND_INDEX, index);
    rig_m(r, RIG_3D, MACRO_BIND_START, 0x40);
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_3D, MACRO_UPLOAD_POS,
             G_N_ELEMENTS(code) + 1);
    rig_word(r, 0x40);
    for (i = 0; i < G_N_ELEMENTS(code); i++) {
        rig_word(r, code[i]);
    }
}

static uint32_t scratch(Rig *r, uint16_t cls, unsigned i)
{
    SoftGrObj *o = gpuvm_soft_chan_object(r->chan, cls);

    return GR_REG(o, GR3D_SCRATCH_FIRST + 4 * i);
}

#define CALL (MACRO_CALL_FIRST + 8 * 0x0c)

static void test_indirect(void)
{
    Rig *r = rig_open();
    const uint32_t args[] = { 4, 3, 2, 0xabcd };
    GpuvmPush pushes[3];
    uint32_t v = 0x5eed;

    program(r);
    memcpy(r->mem + CB1 + 4, &v, 4);
    memcpy(r->mem + ARGS, args, sizeof(args));
    upload_indirect(r, 0x0c);
    setup(r, r->va + OUT);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);

    /* header; then the application's buffer as a segment; then the fence */
    pushes[0].va = r->va + RIG_PUSH + (uint64_t)r->at * 4;
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_COMPUTE, CALL, 4);
    pushes[0].dwords = 1;
    pushes[0].flags = 0;
    pushes[1] = (GpuvmPush) { r->va + ARGS, 4, GPUVM_PUSH_NO_PREFETCH };
    pushes[2].va = r->va + RIG_PUSH + (uint64_t)r->at * 4;
    r->from = r->at;
    fence(r, 77);
    pushes[2].dwords = r->at - r->from;
    pushes[2].flags = 0;
    r->from = r->at;
    g_mutex_lock(&r->lock);
    r->stopped = false;
    g_mutex_unlock(&r->lock);
    CU_ASSERT_EQUAL_FATAL(gpuvm_gpu_soft_ops.chan_submit(r->chan, pushes, 3),
                          0);
    CU_ASSERT_EQUAL(rig_wait(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT), v);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 77);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_CTAS), 4 * 3 * 2);
    CU_ASSERT_EQUAL(scratch(r, GF100_CLASS_COMPUTE, 0), 0xabcd);
    CU_ASSERT_EQUAL(scratch(r, GF100_CLASS_COMPUTE, 1), 1);
    CU_ASSERT_EQUAL(scratch(r, GF100_CLASS_3D, 0), 0);

    /* a zero group: parameters are eaten, nothing is launched */
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_COMPUTE, CALL, 4);
    rig_word(r, 4);
    rig_word(r, 0);
    rig_word(r, 1);
    rig_word(r, 0x9999);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_LAUNCHES), 1);
    CU_ASSERT_EQUAL(scratch(r, GF100_CLASS_COMPUTE, 0), 0x9999);
    CU_ASSERT_EQUAL(scratch(r, GF100_CLASS_COMPUTE, 1), 0);

    /*
     * Starved after the launch, then something else: the macro ends on a
     * zero, the other method follows it.
     */
    rig_head(r, NVC0_PB_TYPE_INCR_ONCE, RIG_COMPUTE, CALL, 3);
    rig_word(r, 1);
    rig_word(r, 1);
    rig_word(r, 1);
    fence(r, 78);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_LAUNCHES), 2);
    CU_ASSERT_EQUAL(scratch(r, GF100_CLASS_COMPUTE, 0), 0);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 78);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_GUEST_ERRORS), 1);
    CU_ASSERT_EQUAL(r->faults, 0);
    rig_close(r);
}

/*
 * The macro waits in its LAUNCH while the method that cut it short waits
 * behind it: LAUNCH is reached on zero parameters only.
 */
static void test_pending(void)
{
    const uint32_t code[] = {
        addi(MACRO_ACT_PARM, 2, 0, 0),      /* never comes */
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(CP_LAUNCH, 0)),
        addi(MACRO_ACT_MOVE_SEND, 0, 2, 0x1000),
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(GR3D_SCRATCH_FIRST, 1)),
        addi(MACRO_ACT_MOVE_SEND, 0, 1, 0),
        addi(MACRO_ACT_MOVE_MADDR, 0, 0, MADDR(CP_LAUNCH, 0)) | MACRO_EXIT,
        addi(MACRO_ACT_MOVE_SEND, 0, 2, 0x1001),
    };
    Rig *r = rig_open();
    unsigned i;

    program_sreg(r, SREG_LAUNCHARG);
    setup(r, r->va + OUT);
    c(r, CP_GRIDDIM_YX, 1 << 16 | 1);
    c(r, CP_GRIDDIM_Z, 1);
    rig_m(r, RIG_3D, MACRO_BIND_INDEX, 0x0c);
    rig_m(r, RIG_3D, MACRO_BIND_START, 0);
    rig_m(r, RIG_3D, MACRO_UPLOAD_POS, 0);
    for (i = 0; i < G_N_ELEMENTS(code); i++) {
        rig_m(r, RIG_3D, MACRO_UPLOAD_DATA, code[i]);
    }
    c(r, CALL, 0x4711);
    fence(r, 5);                            /* on the 3D class */
    c(r, CALL, 0x4712);
    c(r, CALL, 0x4713);                     /* a call behind a call */
    c(r, CP_LAUNCH, 0x2000);
    fence(r, 6);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_LAUNCHES), 7);
    CU_ASSERT_EQUAL(rig_rd32(r, OUT), 0x2000);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 6);
    CU_ASSERT_EQUAL(scratch(r, GF100_CLASS_COMPUTE, 0), 0x4713);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_GUEST_ERRORS), 3);
    CU_ASSERT_EQUAL(r->faults, 0);
    rig_close(r);
}

/* ---- conditions, faults, aborts ---- */

static void test_cond(void)
{
    Rig *r = rig_open();

    program(r);
    setup(r, r->va + OUT);
    c(r, GR_COND_MODE, GR_COND_NEVER);
    launch(r, 1, 1, 1, 0);
    fence(r, 3);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(rig_count(r, GPUVM_CNT_LAUNCHES), 0);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 3);
    rig_close(r);
}

static void test_fault(void)
{
    Rig *r = rig_open();

    /* the result's page is not mapped */
    program(r);
    setup(r, 0x123400000ull);
    launch(r, 1, 1, 1, 0);
    fence(r, 3);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->faults, 1);
    CU_ASSERT_EQUAL(r->fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(r->fault.va, 0x123400000ull);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 0);
    rig_close(r);

    /* impossible parameters */
    r = rig_open();
    program(r);
    setup(r, r->va + OUT);
    c(r, CP_BLOCKDIM_YX, 0xffffffff);
    c(r, CP_BLOCKDIM_Z, 0xffffffff);
    launch(r, 0xffff, 0xffff, 0xffffffff, 0);
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(r->fault.kind, GPUVM_FAULT_GR_TRAP);
    CU_ASSERT_EQUAL(r->fault.reason, GPUVM_TRAP_LAUNCH);
    rig_close(r);
}

static bool launched(void *arg)
{
    return rig_count(arg, GPUVM_CNT_LAUNCHES) > 0;
}

/* An endless grid holds its channel only, and ends with it. */
static void test_endless(void)
{
    Rig *r = rig_open();
    gint64 start;

    put64(r, CODE + ENTRY, INSN_LOOP);
    setup(r, r->va + OUT);
    launch(r, 2, 1, 1, 0);
    fence(r, 3);
    rig_submit(r);
    CU_ASSERT(test_wait(launched, r, RIG_MS));
    g_usleep(20000);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 0);
    start = g_get_monotonic_time();
    gpuvm_gpu_soft_ops.chan_abort(r->chan);
    CU_ASSERT_EQUAL(rig_wait(r), GPUVM_STOP_ABORTED);
    CU_ASSERT(g_get_monotonic_time() - start < 3000000);
    CU_ASSERT_EQUAL(rig_rd32(r, FENCE), 0);
    rig_close(r);

    /* destroy alone ends it too */
    r = rig_open();
    put64(r, CODE + ENTRY, INSN_LOOP);
    setup(r, r->va + OUT);
    launch(r, 2, 1, 1, 0);
    rig_submit(r);
    CU_ASSERT(test_wait(launched, r, RIG_MS));
    rig_close(r);
}

static CU_TestInfo tests[] = {
    { "launch", test_launch },
    { "constant banks", test_banks },
    { "seamless cube maps", test_seamless },
    { "indirect dispatch", test_indirect },
    { "a macro cut short before its launch", test_pending },
    { "condition", test_cond },
    { "faults", test_fault },
    { "endless grid", test_endless },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "compute-class", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
