/*
 * Tests the falcon as PCOPY1 shows it: load ports in both auto-increment
 * modes, interrupt latch, enables and routing, nouveau's load sequence, and
 * how errors of copy-engine channels reach the driver.  Register addresses are
 * literals from reference/nvc0-nouveau.md 6.1, not from spec/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "board/board_priv.h"
#include "fake-vm.h"
#include "harness.h"

#define CE0     0x104000u
#define CE1     0x105000u

static TestHost *th;
static GpuvmVm *vm;
static GpuvmBoard *b;

static void setup(void)
{
    GpuvmBoardConfig cfg = { .bar1_size = 128 << 20, .bar3_size = 64 << 20 };
    char *err = NULL;

    th = test_host_new(0, 0);
    vm = fake_vm_new(&th->host, 64 << 20, 1 << 20);
    cfg.vm = vm;
    cfg.host = &th->host;
    b = gpuvm_board_new(&cfg, &err);
    if (!b) {
        fprintf(stderr, "%s\n", err);
        CU_FAIL_FATAL("no board");
    }
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

/* The memories' sizes are those of the capability word, and only those. */
static void test_caps(void)
{
    CU_ASSERT_EQUAL(rd(CE1 + 0x108), 0x00001012);
    CU_ASSERT_EQUAL(rd(CE1 + 0x12c), 0x00001103);
    wr(CE1 + 0x108, 0);
    CU_ASSERT_EQUAL(rd(CE1 + 0x108), 0x00001012);
    CU_ASSERT_EQUAL(rd(CE1 + 0x04c), 0);        /* not busy */
    CU_ASSERT_EQUAL(rd(CE1 + 0x10c) & 6, 0);    /* not scrubbing */
}

/* One port: increments on writes, on reads, never, always. */
static void port_modes(uint32_t addr, uint32_t data)
{
    static const uint32_t inc_w = 1u << 24, inc_r = 1u << 25;

    /* write mode: the address moves with writes only */
    wr(addr, inc_w | 0x40);
    for (uint32_t i = 0; i < 4; i++) {
        wr(data, 0x1000 + i);
    }
    CU_ASSERT_EQUAL(rd(addr), inc_w | 0x50);
    CU_ASSERT_EQUAL(rd(data), 0);
    CU_ASSERT_EQUAL(rd(addr), inc_w | 0x50);

    /* read mode: with reads only, and writes hit one word */
    wr(addr, inc_r | 0x40);
    CU_ASSERT_EQUAL(rd(data), 0x1000);
    CU_ASSERT_EQUAL(rd(data), 0x1001);
    wr(data, 0x77);
    CU_ASSERT_EQUAL(rd(data), 0x77);
    CU_ASSERT_EQUAL(rd(data), 0x1003);
    CU_ASSERT_EQUAL(rd(addr), inc_r | 0x50);

    /* neither, and both */
    wr(addr, 0x44);
    CU_ASSERT_EQUAL(rd(data), 0x1001);
    CU_ASSERT_EQUAL(rd(data), 0x1001);
    wr(addr, inc_w | inc_r | 0x40);
    CU_ASSERT_EQUAL(rd(data), 0x1000);
    wr(data, 0x55);
    CU_ASSERT_EQUAL(rd(data), 0x77);
    wr(addr, 0x44);
    CU_ASSERT_EQUAL(rd(data), 0x55);
}

static void test_ports(void)
{
    port_modes(CE1 + 0x1c0, CE1 + 0x1c4);
    port_modes(CE1 + 0x180, CE1 + 0x184);
    /* two falcons, two memories each: nothing is shared */
    wr(CE0 + 0x1c0, 0x44);
    CU_ASSERT_EQUAL(rd(CE0 + 0x1c4), 0);
    wr(CE1 + 0x1c0, 1u << 24);
    wr(CE1 + 0x1c4, 0xd);
    wr(CE1 + 0x180, 0);
    CU_ASSERT_EQUAL(rd(CE1 + 0x184), 0);
}

/* 0x800 bytes of DMEM, 0x1200 of IMEM; the address stays in 16 bits. */
static void test_port_ends(void)
{
    static const uint32_t port[2][3] = {
        { 0x1c0, 0x1c4, 0x800 }, { 0x180, 0x184, 0x1200 },
    };

    for (unsigned i = 0; i < 2; i++) {
        uint32_t a = CE1 + port[i][0], d = CE1 + port[i][1];

        wr(a, port[i][2] - 4);
        wr(d, 0xabcd);
        CU_ASSERT_EQUAL(rd(d), 0xabcd);
        wr(a, port[i][2]);
        wr(d, 0xabcd);
        CU_ASSERT_EQUAL(rd(d), 0);
        wr(a, 1u << 24 | 0xfffc);
        wr(d, 1);
        CU_ASSERT_EQUAL(rd(a), 1u << 24);
        wr(a, 0);
        CU_ASSERT_EQUAL(rd(d), 0);
        wr(a, ~0u);
        wr(d, ~0u);
        CU_ASSERT_EQUAL(rd(d), 0);
    }
}

/* What nvkm_falcon_init does (engine/falcon.c), 1536 bytes of code. */
static void load_and_start(uint32_t base)
{
    wr(base + 0x014, ~0u);
    wr(base + 0x180, 0x01000000);
    for (uint32_t i = 0; i < 1536 / 4; i++) {
        if (!(i & 0x3f)) {
            wr(base + 0x188, i >> 6);
        }
        wr(base + 0x184, 0xc0de0000 | i);
    }
    wr(base + 0x1c0, 0x01000000);
    for (uint32_t i = 0; i < 0x800 / 4; i++) {
        wr(base + 0x1c4, i < 138 ? 0xda7a0000 | i : 0);
    }
    wr(base + 0x10c, 1);
    wr(base + 0x104, 0);
    wr(base + 0x100, 2);
    wr(base + 0x048, 3);
    wr(base + 0x084, 1);
}

static void test_load(void)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_CE, .engine = GPUVM_ENGINE_CE1, .reason = 3,
        .subc = 4, .method = 0x300, .data = 0xdead,
    };

    load_and_start(CE1);
    CU_ASSERT_EQUAL(rd(CE1 + 0x100) & 0x10, 0);         /* not stopped */
    CU_ASSERT_EQUAL(rd(CE1 + 0x01c) & 0x40, 0x40);
    wr(CE1 + 0x180, 0x02000000 | 1532);
    CU_ASSERT_EQUAL(rd(CE1 + 0x184), 0xc0de0000 | 383);
    wr(CE1 + 0x1c0, 137 * 4);
    CU_ASSERT_EQUAL(rd(CE1 + 0x1c4), 0xda7a0000 | 137);
    CU_ASSERT_EQUAL(gpuvm_counter(&th->host.counters, GPUVM_CNT_UNKNOWN), 0);

    /* an error: PMC bit 6 (CE1), code and method, data, channel */
    gpuvm_chan_bind(vm, 9, 0x345000);
    vm->events.nfaults = 1;
    vm->events.fault_chid[0] = 9;
    vm->events.fault[0] = f;
    vm->event_batches = 1;
    CU_ASSERT_EQUAL(rd(0x100), 1u << 6);
    CU_ASSERT_EQUAL(rd(CE1 + 0x008) & rd(CE1 + 0x01c), 0x40);
    CU_ASSERT_EQUAL(rd(CE1 + 0x050) & 0x3fffffff, 0x345);
    CU_ASSERT_EQUAL(rd(CE1 + 0x040) & 0xffff, 3);
    CU_ASSERT_EQUAL((rd(CE1 + 0x040) >> 16 & 0x7ff) << 2, 0x300);
    CU_ASSERT_EQUAL(rd(CE1 + 0x040) >> 27, 4);
    CU_ASSERT_EQUAL(rd(CE1 + 0x044), 0xdead);
    CU_ASSERT_EQUAL(rd(CE0 + 0x008), 0);
    wr(CE1 + 0x004, 0x40);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(rd(CE1 + 0x008), 0);
}

/* Two channels' errors come one after the other; reset forgets the rest. */
static void test_error_queue(void)
{
    wr(0x200, ~0u);
    load_and_start(CE0);
    vm->events.nfaults = 3;
    for (unsigned i = 0; i < 3; i++) {
        gpuvm_chan_bind(vm, 20 + i, 0x100000 * (i + 1));
        vm->events.fault_chid[i] = 20 + i;
        vm->events.fault[i] = (GpuvmFault) {
            .kind = GPUVM_FAULT_CE, .engine = GPUVM_ENGINE_CE0,
            .reason = 1, .data = i,
        };
    }
    vm->event_batches = 1;
    CU_ASSERT_EQUAL(rd(0x100), 1u << 5);
    CU_ASSERT_EQUAL(rd(CE0 + 0x044), 0);
    CU_ASSERT_EQUAL(rd(CE0 + 0x050) & 0x3fffffff, 0x100);
    wr(CE0 + 0x004, 0x40);
    CU_ASSERT_EQUAL(rd(0x100), 1u << 5);
    CU_ASSERT_EQUAL(rd(CE0 + 0x044), 1);
    CU_ASSERT_EQUAL(rd(CE0 + 0x050) & 0x3fffffff, 0x200);

    /* PMC enable bit 6 is CE0's */
    wr(0x200, rd(0x200) & ~(1u << 6));
    wr(0x200, rd(0x200) | 1u << 6);
    CU_ASSERT_EQUAL(vm->engine_resets[GPUVM_ENGINE_CE0], 1);
    CU_ASSERT_EQUAL(vm->engine_resets[GPUVM_ENGINE_CE1], 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(rd(CE0 + 0x008), 0);
    CU_ASSERT_EQUAL(rd(CE0 + 0x100) & 0x10, 0x10);
    wr(CE0 + 0x1c0, 0);
    CU_ASSERT_EQUAL(rd(CE0 + 0x1c4), 0);
}

static void test_interrupts(void)
{
    wr(CE1 + 0x000, 0x40);
    CU_ASSERT_EQUAL(rd(CE1 + 0x008), 0x40);
    CU_ASSERT_EQUAL(rd(0x100), 0);          /* not routed */
    wr(CE1 + 0x01c, 0x40);
    CU_ASSERT_EQUAL(rd(0x100), 0);          /* not enabled */
    wr(CE1 + 0x010, 0x40);
    CU_ASSERT_EQUAL(rd(CE1 + 0x018), 0x40);
    CU_ASSERT_EQUAL(rd(0x100), 1u << 6);
    wr(CE1 + 0x01c, 0x400040);              /* the other line */
    CU_ASSERT_EQUAL(rd(0x100), 0);
    wr(CE1 + 0x01c, 0x40);
    wr(CE1 + 0x014, 0x40);
    CU_ASSERT_EQUAL(rd(CE1 + 0x018), 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    wr(CE1 + 0x004, 0xbf);                  /* acks others only */
    CU_ASSERT_EQUAL(rd(CE1 + 0x008), 0x40);
    wr(CE1 + 0x004, 0x40);
    CU_ASSERT_EQUAL(rd(CE1 + 0x008), 0);
}

static CU_TestInfo falcon_tests[] = {
    { "capabilities", test_caps },
    { "port modes", test_ports },
    { "port ends", test_port_ends },
    { "load, start, error", test_load },
    { "errors of several channels, reset", test_error_queue },
    { "interrupt latch and routing", test_interrupts },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "falcon", NULL, NULL, setup, teardown, falcon_tests },
    CU_SUITE_INFO_NULL,
};
