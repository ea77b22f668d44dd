/*
 * Tests PGRAPH over a fake VM: the accesses of nouveau's gf100_gr init (what
 * its code writes beside the register lists; a few entries of each list), the
 * microcode upload with its list pointers, FECS start, the golden context of
 * 6.1 and 6.12 with every poll ending, topology, and how errors of channels
 * reach the interrupt handler.  Register addresses are literals from
 * reference/nvc0-nouveau.md 7, not from spec/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "board/board_priv.h"
#include "fake-vm.h"
#include "harness.h"

#define GR_IRQ  (1u << 12)
#define GPC(g)  (0x500000u + (g) * 0x8000u)
#define TPC(g, t) (0x504000u + (g) * 0x8000u + (t) * 0x800u)

static TestHost *th;
static GpuvmVm *vm;
static GpuvmBoard *b;
static unsigned mps;

static void board_new(void)
{
    GpuvmBoardConfig cfg = {
        .vm = vm, .host = &th->host, .mps = mps,
        .bar1_size = 128 << 20, .bar3_size = 64 << 20,
    };
    char *err = NULL;

    b = gpuvm_board_new(&cfg, &err);
    if (!b) {
        fprintf(stderr, "%s\n", err);
        CU_FAIL_FATAL("no board");
    }
    gpuvm_board_bar0_write(b, 0x200, ~0u, 4);
    gpuvm_board_bar0_write(b, 0x140, 1, 4);
}

static void setup(void)
{
    th = test_host_new(0, 0);
    vm = fake_vm_new(&th->host, 64 << 20, 1 << 20);
    mps = 0;
    board_new();
}

static void teardown(void)
{
    gpuvm_board_free(b);
    fake_vm_free(vm);
    test_host_free(th);
}

static uint32_t rd(uint32_t addr)
{
    return gpuvm_board_bar0_read(b, addr, 4);
}

static void wr(uint32_t addr, uint32_t val)
{
    gpuvm_board_bar0_write(b, addr, val, 4);
}

static void mask(uint32_t addr, uint32_t m, uint32_t v)
{
    wr(addr, (rd(addr) & ~m) | v);
}

static uint64_t unknown(void)
{
    return gpuvm_counter(&th->host.counters, GPUVM_CNT_UNKNOWN);
}

/* gf100_gr_wait_idle */
static void wait_idle(void)
{
    rd(0x400700);
    CU_ASSERT_EQUAL(rd(0x200) & 0x1000, 0x1000);
    CU_ASSERT_EQUAL(rd(0x2640) & 0x8000, 0);
    CU_ASSERT_EQUAL(rd(0x40060c) & 1, 0);
}

typedef struct Topo {
    unsigned gpcs, rops, tpcs[32], total;
} Topo;

static Topo topology(void)
{
    Topo t = { rd(0x409604) & 0x1f, rd(0x409604) >> 16 & 0x1f };

    for (unsigned g = 0; g < t.gpcs; g++) {
        t.tpcs[g] = rd(GPC(g) + 0x2608);
        t.total += t.tpcs[g];
    }
    return t;
}

static void test_topology(void)
{
    /* the totals that nouveau has tables for; others are rounded down */
    static const unsigned ask[][2] = {
        { 0, 4 }, { 1, 1 }, { 2, 2 }, { 3, 2 }, { 4, 4 }, { 6, 4 }, { 7, 7 },
        { 8, 8 }, { 10, 8 }, { 11, 11 }, { 14, 14 }, { 15, 15 }, { 16, 16 },
        { 1000, 16 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ask); i++) {
        Topo t;

        gpuvm_board_free(b);
        mps = ask[i][0];
        board_new();
        t = topology();
        CU_ASSERT_EQUAL(t.total, ask[i][1]);
        CU_ASSERT_TRUE(t.gpcs >= 1 && t.gpcs <= 4);
        CU_ASSERT_EQUAL(t.rops, 1);
        for (unsigned g = 0; g < t.gpcs; g++) {
            CU_ASSERT_TRUE(t.tpcs[g] >= 1 && t.tpcs[g] <= 4);
        }
        CU_ASSERT_EQUAL(rd(0x121c74), t.rops);
    }
    CU_ASSERT_EQUAL(rd(0x40912c), 0x1103);
    CU_ASSERT_EQUAL(rd(0x409108), 0x2010);
    CU_ASSERT_EQUAL(rd(0x41a12c), 0x1103);
    CU_ASSERT_EQUAL(rd(0x41a108), 0x2010);
    wr(0x409604, 0);
    CU_ASSERT_EQUAL(topology().total, 16);
    CU_ASSERT_EQUAL(unknown(), 0);
}

/* Steps 3-8 of the reference's 7.2: what the code does beside the lists. */
static void gr_init_front(void)
{
    static const uint32_t clear[] = {
        0x404000, 0x404600, 0x408030, 0x40601c, 0x406018, 0x404490, 0x405840,
    };
    static const uint32_t gpc_clear[] = { 0x420, 0x900, 0x1028, 0x824 };
    static const uint32_t ones[] = {
        0x400108, 0x400138, 0x400118, 0x400130, 0x40011c, 0x400134,
    };
    Topo t = topology();

    wr(0x418880, rd(0x100c80) & 1);
    wr(0x4188a4, 0x03000000);
    for (unsigned i = 0; i < 4; i++) {
        wr(0x418888 + 4 * i, 0);
    }
    wr(0x4188b4, 0x100);
    wr(0x4188b8, 0x200);
    /* first and last of the list gf100_gr_pack_mmio */
    wr(0x400080, 0x003083c2);
    wr(0x419880, 2);
    wait_idle();
    mask(0x50405c, 1, 1);
    wr(0x418980, 0x77777770);
    for (unsigned g = 0; g < t.gpcs; g++) {
        wr(GPC(g) + 0x914, 0x100 | t.tpcs[g]);
        wr(GPC(g) + 0x910, 0x40000 | t.total);
        wr(GPC(g) + 0x918, 0x800000 / t.total);
    }
    wr(0x419bd4, 0x800000 / t.total);
    wr(0x4188ac, rd(0x100800));
    wr(0x400500, 0x00010001);
    wr(0x400100, ~0u);
    wr(0x40013c, ~0u);
    wr(0x400124, 2);
    wr(0x409c24, 0x000e0001);
    for (unsigned i = 0; i < G_N_ELEMENTS(clear); i++) {
        wr(clear[i], 0xc0000000);
    }
    wr(0x405844, 0xffffff);
    mask(0x419cc0, 8, 8);
    mask(0x419eb4, 0x1000, 0x1000);
    for (unsigned g = 0; g < t.gpcs; g++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(gpc_clear); i++) {
            wr(GPC(g) + gpc_clear[i], 0xc0000000);
        }
        for (unsigned p = 0; p < t.tpcs[g]; p++) {
            wr(TPC(g, p) + 0x48c, 0xc0000000);
            wr(TPC(g, p) + 0x508, ~0u);
            wr(TPC(g, p) + 0x50c, ~0u);
            wr(TPC(g, p) + 0x224, 0xc0000000);
            wr(TPC(g, p) + 0x084, 0xc0000000);
            wr(TPC(g, p) + 0x644, 0x001ffffe);
            wr(TPC(g, p) + 0x64c, 0xf);
        }
        wr(GPC(g) + 0x2c90, ~0u);
        wr(GPC(g) + 0x2c94, ~0u);
    }
    for (unsigned u = 0; u < t.rops; u++) {
        wr(0x410144 + 0x400 * u, 0x40000000);
        wr(0x410070 + 0x400 * u, 0x40000000);
        wr(0x410204 + 0x400 * u, ~0u);
        wr(0x410208 + 0x400 * u, ~0u);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(ones); i++) {
        wr(ones[i], ~0u);
    }
    wr(0x400054, 0x34ce3464);
    for (uint32_t a = 0x405804; a <= 0x405824; a += 4) {
        wr(a, 4);
    }
}

/* Microcode upload and one list as gf100_gr_init_csdata appends it. */
static void falcon_upload(uint32_t base, uint32_t starstar, uint32_t list)
{
    uint32_t star, end;

    wr(base + 0x1c0, 0x01000000);
    for (unsigned i = 0; i < 64; i++) {
        wr(base + 0x1c4, i == starstar / 4 || i == starstar / 4 + 1 ? list :
                         0xd0000000 | i);
    }
    wr(base + 0x180, 0x01000000);
    for (unsigned i = 0; i < 768; i++) {
        if (!(i & 0x3f)) {
            wr(base + 0x188, i >> 6);
        }
        wr(base + 0x184, 0xc0000000 | i);
    }
    wr(base + 0x1c0, 0x02000000 + starstar);
    star = rd(base + 0x1c4);
    end = rd(base + 0x1c4);
    CU_ASSERT_EQUAL(star, list);
    CU_ASSERT_EQUAL(end, list);
    wr(base + 0x1c0, 0x01000000 + star);
    wr(base + 0x1c4, 0x04404004);
    wr(base + 0x1c4, 0x08404044);
    wr(base + 0x1c0, 0x01000004 + starstar);
    wr(base + 0x1c4, star + 8);
    wr(base + 0x1c0, 0x02000000 + list);
    CU_ASSERT_EQUAL(rd(base + 0x1c4), 0x04404004);
    CU_ASSERT_EQUAL(rd(base + 0x1c4), 0x08404044);
    wr(base + 0x1c0, starstar + 4);
    CU_ASSERT_EQUAL(rd(base + 0x1c4), list + 8);
}

static uint32_t falcon_boot(void)
{
    wr(0x260, 0);
    falcon_upload(0x409000, 0, 0x300);
    falcon_upload(0x41a000, 4, 0x80);
    wr(0x260, 1);
    CU_ASSERT_EQUAL(rd(0x409800) & 0x80000000, 0);
    wr(0x40910c, 0);
    wr(0x409100, 2);
    CU_ASSERT_EQUAL(rd(0x409800) & 0x80000000, 0x80000000);
    return rd(0x409804);
}

static void golden_floorsweep(void)
{
    Topo t = topology();

    for (unsigned g = 0; g < t.gpcs; g++) {
        for (unsigned p = 0; p < t.tpcs[g]; p++) {
            wr(TPC(g, p) + 0x520, 0x218 << 16);
            wr(TPC(g, p) + 0x698, p);
            wr(TPC(g, p) + 0x4e8, p);
            wr(GPC(g) + 0xc10 + 4 * p, p);
            wr(TPC(g, p) + 0x088, p);
        }
        wr(GPC(g) + 0xc08, t.tpcs[g]);
        wr(GPC(g) + 0xc8c, t.tpcs[g]);
    }
    for (unsigned i = 0; i < 4; i++) {
        wr(0x406028 + 4 * i, 0);
        wr(0x405870 + 4 * i, 0);
        wr(0x4060a8 + 4 * i, 0x1f1f1f1f);
    }
    wr(0x418bb8, t.total << 8);
    wr(0x419bd0, t.total << 8);
    wr(0x419be4, 0);
    wr(0x4078bc, t.total << 8);
    for (unsigned i = 0; i < 6; i++) {
        wr(0x418b08 + 4 * i, 0);
        wr(0x419b00 + 4 * i, 0);
        wr(0x40780c + 4 * i, 0);
    }
    for (unsigned i = 0; i < 32; i++) {
        wr(0x406800 + 0x20 * i, 1);
        wr(0x406c00 + 0x20 * i, 1);
    }
}

/* Steps of the reference's 7.4; 6.12 polls 0x404170 once more. */
static void golden_context(bool v612, uint32_t inst)
{
    static const uint32_t buffers[] = {
        0x40800c, 0x408010, 0x419004, 0x419008, 0x408004, 0x408008, 0x418808,
        0x41880c, 0x418810, 0x419848, 0x405830,
    };
    uint32_t idle;

    wr(0x404170, 0x12);
    CU_ASSERT_EQUAL(rd(0x404170) & 0x10, 0);
    wr(0x409614, 0x70);
    mask(0x409614, 0x700, 0x700);
    CU_ASSERT_EQUAL(rd(0x409614), 0x770);
    wr(0x404170, 0x10);
    if (v612) {
        CU_ASSERT_EQUAL(rd(0x404170) & 0x10, 0);
    }
    wr(0x40802c, 1);
    wr(0x409840, 0x80000000);
    CU_ASSERT_EQUAL(rd(0x409800) & 0x80000000, 0);
    wr(0x409500, 0x80000000 | inst >> 12);
    wr(0x409504, 1);
    CU_ASSERT_EQUAL(rd(0x409800) & 0x80000000, 0x80000000);
    CU_ASSERT_EQUAL(rd(0x409b00), 0x80000000 | inst >> 12);
    wr(0x260, 0);
    wait_idle();
    idle = rd(0x404154);
    wr(0x404154, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(buffers); i++) {
        wr(buffers[i], 0x80000000 | i);
    }
    golden_floorsweep();
    wait_idle();
    wr(0x400208, 0x80000000);
    for (unsigned i = 0; i < 897; i++) {
        wr(0x400204, i);
        wr(0x400200, i == 800 ? 0x1e100 : i);
        CU_ASSERT_EQUAL(rd(0x400700) & 4, 0);
    }
    wr(0x400208, 0);
    wr(0x404154, idle);
    for (unsigned i = 0; i < 1323; i++) {
        wr(0x40448c, i);
        wr(0x404488, 0x80000000 | 0x9097 | (i * 4) << 14);
    }
    wr(0x260, 1);
    mask(0x419cb8, 0x7c00, 0);
    mask(0x409b04, 0x80000000, 0);
    CU_ASSERT_NOT_EQUAL(rd(0x409b00) & 0x80000000, 0);
    wr(0x409000, 0x100);
    CU_ASSERT_EQUAL(rd(0x409b00) & 0x80000000, 0);
    CU_ASSERT_EQUAL(rd(0x409008), 0);
}

static void test_boot(void)
{
    uint32_t size;

    gr_init_front();
    size = falcon_boot();
    CU_ASSERT_TRUE(size >= 0x100 && size <= 0x10000 && size % 4 == 0);
    golden_context(false, 0x3fe000);
    CU_ASSERT_EQUAL(unknown(), 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(gpuvm_counter(&th->host.counters,
                                  GPUVM_CNT_GUEST_ERRORS), 0);

    /* PMC reset: FECS must boot anew, with the same size */
    mask(0x200, 0x1000, 0);
    mask(0x200, 0x1000, 0x1000);
    CU_ASSERT_EQUAL(vm->engine_resets[GPUVM_ENGINE_GR], 1);
    CU_ASSERT_EQUAL(rd(0x409800), 0);
    CU_ASSERT_EQUAL(rd(0x409b04), 0);
    wr(0x4091c0, 0);
    CU_ASSERT_EQUAL(rd(0x4091c4), 0);
    CU_ASSERT_EQUAL(topology().total, 4);
    mask(0x400500, 0x00010001, 0);              /* 6.12 starts so */
    gr_init_front();
    CU_ASSERT_EQUAL(falcon_boot(), size);
    golden_context(true, 0x1000);
    CU_ASSERT_EQUAL(unknown(), 0);
}

static void test_scratch(void)
{
    static const uint32_t base[] = { 0x409000, 0x41a000 };

    for (unsigned f = 0; f < 2; f++) {
        for (unsigned i = 0; i < 8; i++) {
            uint32_t r = base[f] + 0x800 + 4 * i;

            wr(r, 0x0ff0);
            wr(r + 0x20, 0x1008);
            CU_ASSERT_EQUAL(rd(r), 0x1ff8);
            wr(r + 0x40, 0x0ff0);
            CU_ASSERT_EQUAL(rd(r), 0x1008);
            CU_ASSERT_EQUAL(rd(r + 0x20), 0);
        }
    }
}

/* A command the microcode has not: its error, up to PMC and back. */
static void test_bad_command(void)
{
    gr_init_front();
    wr(0x409500, 1);
    wr(0x409504, 0x39);
    CU_ASSERT_EQUAL(rd(0x409814), 0x39 << 16 | 1);
    CU_ASSERT_EQUAL(rd(0x409c18), 1);
    CU_ASSERT_EQUAL(rd(0x400100), 1u << 19);
    CU_ASSERT_EQUAL(rd(0x100), GR_IRQ);
    wr(0x409c20, 1);
    wr(0x400100, 1u << 19);
    CU_ASSERT_EQUAL(rd(0x409c18), 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(gpuvm_counter(&th->host.counters,
                                  GPUVM_CNT_GUEST_ERRORS), 1);
}

static void add_fault(unsigned chid, GpuvmFault f)
{
    unsigned i = vm->events.nfaults++;

    gpuvm_chan_bind(vm, chid, 0x1000 * (chid + 1));
    vm->events.fault_chid[i] = chid;
    vm->events.fault[i] = f;
    vm->event_batches = 1;
}

static void test_errors(void)
{
    gr_init_front();
    add_fault(3, (GpuvmFault) { .kind = GPUVM_FAULT_GR_METHOD, .cls = 0x9039,
              .subc = 2, .method = 0x1ffc, .data = 0xfeed });
    add_fault(4, (GpuvmFault) { .kind = GPUVM_FAULT_GR_CLASS, .subc = 1,
              .data = 0x1234, .method = 0 });
    add_fault(5, (GpuvmFault) { .kind = GPUVM_FAULT_GR_DATA, .cls = 0x90c0,
              .subc = 3, .method = 0x368, .data = 7, .reason = 0x0c });

    CU_ASSERT_EQUAL(rd(0x100), GR_IRQ);
    CU_ASSERT_EQUAL(rd(0x400100), 0x10);
    CU_ASSERT_EQUAL(rd(0x409b00) & 0x0fffffff, 4);
    CU_ASSERT_EQUAL(rd(0x400704) >> 16 & 7, 2);
    CU_ASSERT_EQUAL(rd(0x400704) & 0x3ffc, 0x1ffc);
    CU_ASSERT_EQUAL(rd(0x400708), 0xfeed);
    CU_ASSERT_EQUAL(rd(0x404200 + 4 * 2), 0x9039);
    wr(0x400100, 0x10);
    wr(0x400500, 0x00010001);

    CU_ASSERT_EQUAL(rd(0x400100), 0x20);
    CU_ASSERT_EQUAL(rd(0x409b00) & 0x0fffffff, 5);
    CU_ASSERT_EQUAL(rd(0x404200 + 4 * 1), 0x1234);
    wr(0x400100, 0x20);

    CU_ASSERT_EQUAL(rd(0x400100), 0x100000);
    CU_ASSERT_EQUAL(rd(0x400110), 0x0c);
    CU_ASSERT_EQUAL(rd(0x404200 + 4 * 3), 0x90c0);
    CU_ASSERT_EQUAL(rd(0x400704) & 0x3ffc, 0x368);
    wr(0x400100, 0x100000);
    CU_ASSERT_EQUAL(rd(0x400100), 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);

    /* not enabled: no interrupt, but not lost */
    wr(0x40013c, 0);
    vm->event_batches = 1;
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(rd(0x400100), 0x10);
    wr(0x40013c, ~0u);
    CU_ASSERT_EQUAL(rd(0x100), GR_IRQ);
}

/* gf100_gr_trap_intr and below, down to the MP and up again. */
static void walk_trap(unsigned gpc, uint32_t warp, uint32_t global)
{
    CU_ASSERT_EQUAL(rd(0x100), GR_IRQ);
    CU_ASSERT_EQUAL(rd(0x400100), 0x200000);
    CU_ASSERT_EQUAL(rd(0x400108), 0x01000000);
    CU_ASSERT_EQUAL(rd(0x400118), 1u << gpc);
    CU_ASSERT_EQUAL(rd(GPC(gpc) + 0x2c90), 0x00010000);
    CU_ASSERT_EQUAL(rd(TPC(gpc, 0) + 0x508), 2);
    CU_ASSERT_EQUAL(rd(TPC(gpc, 0) + 0x648) & 0xffff, warp);
    CU_ASSERT_EQUAL(rd(TPC(gpc, 0) + 0x650), global);
    wr(TPC(gpc, 0) + 0x648, 0);
    wr(TPC(gpc, 0) + 0x650, global);
    wr(GPC(gpc) + 0x2c90, 0x00010000);
    wr(0x400118, 1u << gpc);
    wr(0x400108, 0x01000000);
    wr(0x400100, 0x200000);
    wr(0x400500, 0x00010001);
    CU_ASSERT_EQUAL(rd(TPC(gpc, 0) + 0x508), 0);
    CU_ASSERT_EQUAL(rd(TPC(gpc, 0) + 0x650), 0);
    CU_ASSERT_EQUAL(rd(GPC(gpc) + 0x2c90), 0);
    CU_ASSERT_EQUAL(rd(0x400118), 0);
    CU_ASSERT_EQUAL(rd(0x400108), 0);
}

static void test_traps(void)
{
    /* nouveau's gf100_mp_warp_error and _global_error */
    static const struct {
        GpuvmTrap trap;
        uint32_t warp, global;
    } traps[] = {
        { GPUVM_TRAP_ILLEGAL_INSTR, 0x09, 0 },
        { GPUVM_TRAP_STACK, 0x01, 0 },
        { GPUVM_TRAP_MISALIGNED, 0x0f, 0 },
        { GPUVM_TRAP_SHARED_RANGE, 0x0e, 0 },
        { GPUVM_TRAP_BARRIER, 0x14, 0 },
    };

    gr_init_front();
    for (unsigned i = 0; i < G_N_ELEMENTS(traps); i++) {
        vm->events.nfaults = 0;
        /* gpc 200 does not exist: shown on the first */
        add_fault(i, (GpuvmFault) { .kind = GPUVM_FAULT_GR_TRAP,
                  .reason = traps[i].trap, .gpc = i ? 200 : 0 });
        walk_trap(0, traps[i].warp, traps[i].global);
        CU_ASSERT_EQUAL(rd(0x100), 0);
    }
    /* bad launch parameters are found before there is a warp */
    vm->events.nfaults = 0;
    add_fault(1, (GpuvmFault) { .kind = GPUVM_FAULT_GR_TRAP, .cls = 0x90c0,
              .reason = GPUVM_TRAP_LAUNCH });
    CU_ASSERT_EQUAL(rd(0x100), GR_IRQ);
    CU_ASSERT_EQUAL(rd(0x400100), 0x100000);
    CU_ASSERT_EQUAL(rd(0x400110), 4);           /* INVALID_VALUE */
    wr(0x400100, ~0u);

    /* on a bigger board the GPC is the fault's */
    gpuvm_board_free(b);
    mps = 14;
    board_new();
    gr_init_front();
    vm->events.nfaults = 0;
    add_fault(1, (GpuvmFault) { .kind = GPUVM_FAULT_GR_TRAP, .gpc = 3,
              .reason = GPUVM_TRAP_STACK });
    walk_trap(3, 1, 0);
    CU_ASSERT_EQUAL(unknown(), 0);
}

/* Trap words: bit 30 clears, bit 31 is the enable. */
static void test_trap_word(void)
{
    wr(0x404600, 0xc0000003);
    CU_ASSERT_EQUAL(rd(0x404600), 0x80000000);
    wr(0x404600, 0x3fffffff);
    CU_ASSERT_EQUAL(rd(0x404600), 0);
}

static CU_TestInfo pgraph_tests[] = {
    { "topology", test_topology },
    { "boot and golden context", test_boot },
    { "scratch aliases", test_scratch },
    { "unknown FECS command", test_bad_command },
    { "class errors", test_errors },
    { "shader traps", test_traps },
    { "trap words", test_trap_word },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "pgraph", NULL, NULL, setup, teardown, pgraph_tests },
    CU_SUITE_INFO_NULL,
};
