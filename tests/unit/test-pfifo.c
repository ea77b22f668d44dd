/*
 * Tests PFIFO over a fake VM: nouveau's start sequence of 6.1 and 6.12, bind,
 * playlist (also hostile ones), kick read-back for both protocols, non-stall
 * interrupts, MMU faults, PBDMA errors, software methods and resets.  Register
 * addresses are literals from reference/nvc0-nouveau.md 5, not from spec/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "board/board_priv.h"
#include "fake-vm.h"
#include "harness.h"

#define RAM_BASE    0x40000000u
#define FIFO_IRQ    (1u << 8)

static TestHost *th;
static GpuvmVm *vm;
static GpuvmBoard *b;
static unsigned userd_calls;
static bool userd_on;
static uint64_t userd_off;
static unsigned irq_rises;

static void on_userd(void *opaque, bool on, uint64_t off)
{
    userd_calls++;
    userd_on = on;
    userd_off = off;
}

static void on_irq(void *opaque, bool level)
{
    irq_rises += level;
}

static const GpuvmBoardOps ops = { .irq = on_irq, .userd_move = on_userd };

static void setup(void)
{
    GpuvmBoardConfig cfg = {
        .ops = &ops, .bar1_size = 128 << 20, .bar3_size = 64 << 20,
    };
    char *err = NULL;

    th = test_host_new(RAM_BASE, 64 << 10);
    vm = fake_vm_new(&th->host, 64 << 20, 1 << 20);
    cfg.vm = vm;
    cfg.host = &th->host;
    userd_calls = irq_rises = 0;
    userd_on = false;
    b = gpuvm_board_new(&cfg, &err);
    if (!b) {
        fprintf(stderr, "%s\n", err);
        CU_FAIL_FATAL("no board");
    }
    gpuvm_board_bar0_write(b, 0x200, ~0u, 4);
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

static uint32_t mask(uint32_t addr, uint32_t m, uint32_t v)
{
    uint32_t old = rd(addr);

    wr(addr, (old & ~m) | v);
    return old;
}

static uint64_t counter(GpuvmCounterId id)
{
    return gpuvm_counter(&th->host.counters, id);
}

static void pmc_reset(uint32_t bit)
{
    mask(0x200, bit, 0);
    mask(0x200, bit, bit);
    rd(0x200);
}

/* The accesses of gf100_fifo_oneinit and gf100_fifo_init. */
static unsigned fifo_init(bool v612)
{
    unsigned pbdmas;

    pmc_reset(1u << 8);
    if (v612) {
        uint32_t save = mask(0x204, ~0u, ~0u);

        save = mask(0x204, ~0u, save);
        pbdmas = __builtin_popcount(save);
    } else {
        wr(0x2204, ~0u);
        pbdmas = __builtin_popcount(rd(0x2204));
    }
    wr(0x204, 7);
    wr(0x2204, 7);
    for (unsigned e = 0; e < 6; e++) {
        wr(0x2208 + 4 * e, ~1u);
    }
    for (unsigned n = 0; n < 3; n++) {
        mask(0x4013c + n * 0x2000, 0x10000100, 0);
        wr(0x40108 + n * 0x2000, ~0u);
        wr(0x4010c + n * 0x2000, 0xfffffeff);
    }
    if (v612) {
        mask(0x2a04, 0xbfffffff, 0xbfffffff);
    }
    mask(0x2200, 1, 1);
    wr(0x2254, 0x10000000 | 0x120);
    wr(0x2100, ~0u);
    wr(0x2140, 0x7fffffff);
    wr(0x2628, 1);
    wr(0x140, 1);
    wr(0x144, 1);
    return pbdmas;
}

static void test_init(void)
{
    CU_ASSERT_EQUAL(fifo_init(false), 3);
    CU_ASSERT_EQUAL(rd(0x204), 7);
    CU_ASSERT_EQUAL(rd(0x2204), 7);
    CU_ASSERT_EQUAL(rd(0x2100), 0);
    CU_ASSERT_TRUE(userd_on);
    CU_ASSERT_EQUAL(userd_off, 0x120000);
    CU_ASSERT_EQUAL(fifo_init(true), 3);
    CU_ASSERT_EQUAL(rd(0x2a04), 0xbfffffff);
    for (unsigned e = 0; e < 6; e++) {
        CU_ASSERT_EQUAL(rd(0x2640 + 4 * e), 0);     /* idle */
    }
    CU_ASSERT_EQUAL(vm->pfifo_resets, 2);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
}

static void test_userd(void)
{
    fifo_init(false);
    /* must lie inside BAR1: 128 MiB, 128 pages */
    wr(0x2254, 0x10000000 | (0x8000000 - 0x80000) >> 12);
    CU_ASSERT_TRUE(userd_on);
    CU_ASSERT_EQUAL(userd_off, 0x8000000 - 0x80000);
    wr(0x2254, 0x10000000 | (0x8000000 - 0x7f000) >> 12);
    CU_ASSERT_FALSE(userd_on);
    wr(0x2254, 0x1fffffff);
    CU_ASSERT_FALSE(userd_on);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 2);
    wr(0x2254, 0x10000000);
    CU_ASSERT_TRUE(userd_on);
    CU_ASSERT_EQUAL(userd_off, 0);
    wr(0x2254, 0);
    CU_ASSERT_FALSE(userd_on);

    /* PFIFO's reset takes the overlay away, so does the board's */
    wr(0x2254, 0x10000040);
    pmc_reset(1u << 8);
    CU_ASSERT_FALSE(userd_on);
    CU_ASSERT_EQUAL(rd(0x2254), 0);
    wr(0x2254, 0x10000040);
    gpuvm_board_reset(b);
    CU_ASSERT_FALSE(userd_on);
}

static void bind(unsigned chid, uint32_t inst)
{
    wr(0x3000 + 8 * chid, 0xc0000000 | inst >> 12);
    wr(0x3004 + 8 * chid, 0x001f0001);
}

static void test_channel(void)
{
    fifo_init(false);
    bind(5, 0xabc000);
    CU_ASSERT_TRUE(vm->bound[5]);
    CU_ASSERT_EQUAL(vm->inst[5], 0xabc000);
    CU_ASSERT_TRUE(vm->runnable[5]);
    CU_ASSERT_EQUAL(rd(0x3000 + 40), 0xc0000abc);
    CU_ASSERT_EQUAL(rd(0x3004 + 40), 0x001f0001);
    mask(0x3004 + 40, 1, 0);
    CU_ASSERT_FALSE(vm->runnable[5]);
    CU_ASSERT_EQUAL(rd(0x3004 + 40), 0x001f0000);
    wr(0x3000 + 40, 0);
    CU_ASSERT_FALSE(vm->bound[5]);
    CU_ASSERT_EQUAL(vm->binds, 1);
    CU_ASSERT_EQUAL(vm->unbinds, 1);

    /* another block for a bound channel: the old one goes first */
    bind(127, 0x1000);
    bind(127, 0x2000);
    CU_ASSERT_EQUAL(vm->unbinds, 2);
    CU_ASSERT_EQUAL(vm->inst[127], 0x2000);
    /* unbinding what is not bound asks nothing of the VM */
    wr(0x3000, 0);
    CU_ASSERT_EQUAL(vm->unbinds, 2);

    /* an instance block in system memory is refused: INTR bit 0, code 6 */
    wr(0x3000 + 8, 0xf0000001);
    CU_ASSERT_FALSE(vm->bound[1]);
    CU_ASSERT_EQUAL(rd(0x2100), 1);
    CU_ASSERT_EQUAL(rd(0x252c), 6);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    wr(0x2100, 1);
    CU_ASSERT_EQUAL(rd(0x100), 0);

    mask(0x2630, 0x11, 0x11);
    CU_ASSERT_EQUAL(vm->frozen, 0x11);
    mask(0x2630, 0x11, 0);
    CU_ASSERT_EQUAL(vm->frozen, 0);
    pmc_reset(1u << 8);
    CU_ASSERT_EQUAL(rd(0x3000 + 8 * 127), 0);
}

static void put_list(uint8_t *p, const uint32_t *chids, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t e[2] = { GUINT32_TO_LE(chids[i]), GUINT32_TO_LE(4) };

        memcpy(p + 8 * i, e, 8);
    }
}

static void test_playlist(void)
{
    static const uint32_t list[] = { 3, 0, 127 };
    uint8_t *vram = vm->slice.map;

    fifo_init(false);
    put_list(vram + 0x5000, list, 3);
    wr(0x2270, 5);
    wr(0x2274, 0x01f00003);
    CU_ASSERT_EQUAL_FATAL(vm->runlist_n, 3);
    CU_ASSERT_EQUAL(vm->runlist[0], 3);
    CU_ASSERT_EQUAL(vm->runlist[1], 0);
    CU_ASSERT_EQUAL(vm->runlist[2], 127);
    CU_ASSERT_EQUAL(rd(0x227c), 3);             /* bit 20 clear: done */
    /* its interrupt: 0x2a00 bit 28 -> 0x2100 bit 30 -> PMC */
    CU_ASSERT_EQUAL(rd(0x2a00), 0x10000000);
    CU_ASSERT_EQUAL(rd(0x2100), 0x40000000);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    wr(0x2100, ~0u);                            /* a level: stays */
    CU_ASSERT_EQUAL(rd(0x2100), 0x40000000);
    wr(0x2a00, 0x10000000);
    CU_ASSERT_EQUAL(rd(0x2100), 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);

    /* the last channel went */
    wr(0x2274, 0x01f00000);
    CU_ASSERT_EQUAL(vm->runlist_n, 0);
    CU_ASSERT_EQUAL(vm->runlists, 2);

    /* in system memory, as nouveau may also place it */
    put_list(th->ram + 0x1000, list, 2);
    wr(0x2270, 3u << 28 | (RAM_BASE + 0x1000) >> 12);
    wr(0x2274, 0x01f00002);
    CU_ASSERT_EQUAL(vm->runlist_n, 2);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 0);
}

static void test_playlist_hostile(void)
{
    static const uint32_t list[] = { 128, 1, ~0u, 1, 0x10001, 2 };
    uint8_t *vram = vm->slice.map;

    fifo_init(false);
    put_list(vram + 0x5000, list, 6);
    wr(0x2270, 5);
    wr(0x2274, 6);
    CU_ASSERT_EQUAL_FATAL(vm->runlist_n, 2);
    CU_ASSERT_EQUAL(vm->runlist[0], 1);
    CU_ASSERT_EQUAL(vm->runlist[1], 2);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 1);

    /* the longest count, all of it channel 0 */
    memset(vram + 0x8000, 0, 4095 * 8);
    wr(0x2270, 8);
    wr(0x2274, ~0u);
    CU_ASSERT_EQUAL(vm->runlist_n, 1);
    CU_ASSERT_EQUAL(rd(0x227c) & 1u << 20, 0);

    /* over the end of VRAM, beyond it, no target, no RAM */
    put_list(vram + (1 << 20) - 0x1000, list + 5, 1);
    wr(0x2270, ((1 << 20) - 0x1000) >> 12);
    wr(0x2274, 4095);
    CU_ASSERT_TRUE(vm->runlist_n <= 2);
    wr(0x2270, 0x0fffffff);
    wr(0x2274, 1);
    CU_ASSERT_EQUAL(vm->runlist_n, 0);
    wr(0x2270, 1u << 28 | 5);
    wr(0x2274, 1);
    CU_ASSERT_EQUAL(vm->runlist_n, 0);
    wr(0x2270, 2u << 28 | 5);
    wr(0x2274, 1);
    CU_ASSERT_EQUAL(vm->runlist_n, 0);
    /* one each, two for the list that names one twice and then ends */
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 7);
}

static void test_kick(void)
{
    fifo_init(false);
    wr(0x2634, 9);
    CU_ASSERT_EQUAL(vm->kicks, 1);
    /* still running: 6.1 wants == 9, 6.12 wants bit 20 clear */
    CU_ASSERT_NOT_EQUAL(rd(0x2634), 9);
    CU_ASSERT_NOT_EQUAL(rd(0x2634) & 0x00100000, 0);
    vm->kicked[9] = true;
    CU_ASSERT_EQUAL(rd(0x2634), 9);
    vm->kicked[9] = false;                      /* later work: not a kick */
    CU_ASSERT_EQUAL(rd(0x2634), 9);
    wr(0x2634, 0xffffffff);                     /* hostile: cut to 0-127 */
    vm->kicked[127] = true;
    CU_ASSERT_EQUAL(rd(0x2634), 127);
}

static void nonstall(uint32_t engines)
{
    memset(&vm->events, 0, sizeof(vm->events));
    vm->events.nonstall = engines;
    vm->event_batches = 1;
    gpuvm_board_process_events(b);
}

static void test_nonstall(void)
{
    unsigned rises;

    fifo_init(false);
    /* nobody waits (0x2140 bit 31 clear): latched, no interrupt */
    nonstall(GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE1));
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(rd(0x25a4), 1u << 5);
    CU_ASSERT_EQUAL(rd(0x25a8 + 20), 1);
    CU_ASSERT_EQUAL(irq_rises, 0);
    /* a waiter comes: fires at once */
    mask(0x2140, 0x80000000, 0x80000000);
    CU_ASSERT_EQUAL(irq_rises, 1);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    CU_ASSERT_EQUAL(rd(0x2100), 0x80000000);
    /* the handler: line off, write back what was read, line on */
    wr(0x140, 0);
    wr(0x144, 0);
    wr(0x25a8 + 20, rd(0x25a8 + 20));
    CU_ASSERT_EQUAL(rd(0x25a4), 0);
    CU_ASSERT_EQUAL(rd(0x2100), 0);
    rises = irq_rises;
    nonstall(GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR));    /* in the handler */
    wr(0x140, 1);
    CU_ASSERT_EQUAL(irq_rises, rises + 1);
    CU_ASSERT_EQUAL(rd(0x25a4), 1);
    wr(0x25a8, 1);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    /* the software engine has no register: one that wakes is used */
    nonstall(GPUVM_ENGINE_BIT(GPUVM_ENGINE_SW));
    CU_ASSERT_EQUAL(rd(0x25a4), 1);
    wr(0x2628, 0);
    CU_ASSERT_EQUAL(rd(0x2100), 0);
    wr(0x2628, 1);
    CU_ASSERT_EQUAL(rd(0x2100), 0x80000000);
    pmc_reset(1u << 8);
    CU_ASSERT_EQUAL(rd(0x100), 0);
}

static void add_fault(unsigned chid, const GpuvmFault *f)
{
    unsigned i = vm->events.nfaults++;

    vm->events.fault_chid[i] = chid;
    vm->events.fault[i] = *f;
    vm->event_batches = 1;
}

static void test_mmu_fault(void)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_MMU, .engine = GPUVM_ENGINE_CE0,
        .va = 0x1234567890, .reason = 2, .unit = 0x15, .client = 1,
        .hub = true, .write = true,
    };
    uint32_t i15 = 0x2800 + 0x15 * 0x10;

    fifo_init(false);
    bind(4, 0x456000);
    bind(6, 0x678000);
    add_fault(4, &f);
    f.va = 0x1000;
    add_fault(6, &f);
    f = (GpuvmFault) { .kind = GPUVM_FAULT_MMU, .reason = 6, .gpc = 3,
                       .client = 0x0f };
    add_fault(7, &f);                           /* not bound */

    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    CU_ASSERT_EQUAL(rd(0x2100), 0x10000000);
    CU_ASSERT_EQUAL(rd(0x259c), 1u << 0x15 | 1);
    CU_ASSERT_EQUAL(rd(i15), 0x456);
    CU_ASSERT_EQUAL(rd(i15 + 4), 0x34567890);
    CU_ASSERT_EQUAL(rd(i15 + 8), 0x12);
    CU_ASSERT_EQUAL(rd(i15 + 12), 2 | 1 << 6 | 1 << 7 | 1 << 8);
    CU_ASSERT_EQUAL(rd(0x2800), 0);
    CU_ASSERT_EQUAL(rd(0x280c), 6 | 0x0f << 8 | 3 << 24);
    CU_ASSERT_EQUAL(rd(0x262c), 0x11);

    /* acknowledged: the second fault of the same unit comes */
    wr(0x259c, 1u << 0x15);
    CU_ASSERT_EQUAL(rd(0x259c), 1u << 0x15 | 1);
    CU_ASSERT_EQUAL(rd(i15), 0x678);
    CU_ASSERT_EQUAL(rd(i15 + 4), 0x1000);
    wr(0x259c, 1u << 0x15);
    wr(0x259c, 1);
    CU_ASSERT_EQUAL(rd(0x2100), 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    /* recovery of 6.1 writes the engine mask, 6.12 what it read */
    wr(0x262c, 0x10);
    CU_ASSERT_EQUAL(rd(0x262c), 1);
    mask(0x262c, 0, 0);
    CU_ASSERT_EQUAL(rd(0x262c), 0);
}

static void test_fault_inject(void)
{
    fifo_init(true);
    wr(0x2a30 + 4 * 4, 0x100 | 0x15);
    CU_ASSERT_EQUAL(rd(0x259c), 1u << 0x15);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    CU_ASSERT_EQUAL(rd(0x2a30 + 4 * 4), 0x115);
    mask(0x2a30 + 4 * 4, 0x100, 0);
    CU_ASSERT_EQUAL(rd(0x2a30 + 4 * 4), 0x15);
    wr(0x259c, 1u << 0x15);
    CU_ASSERT_EQUAL(rd(0x259c), 0);
    wr(0x2a30, 0x15);                           /* not valid: nothing */
    CU_ASSERT_EQUAL(rd(0x259c), 0);
}

static void test_software_method(void)
{
    fifo_init(false);
    bind(11, 0x11000);
    vm->events.nsw = 2;
    vm->events.sw_chid[0] = 11;
    vm->events.sw[0].subc = 7;
    vm->events.sw[0].method = 0x500;
    vm->events.sw[0].data = 0x12345678;
    vm->events.sw_chid[1] = 12;
    vm->events.sw[1].method = 0x644;
    vm->event_batches = 1;

    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    CU_ASSERT_EQUAL(rd(0x2100), 0x20000000);
    CU_ASSERT_EQUAL(rd(0x25a0), 1);
    CU_ASSERT_EQUAL(rd(0x40108), 0x00800000);
    CU_ASSERT_EQUAL((rd(0x400c0) & 0x00070000) >> 16, 7);
    CU_ASSERT_EQUAL(rd(0x400c0) & 0x3ffc, 0x500);
    CU_ASSERT_EQUAL(rd(0x400c4), 0x12345678);
    CU_ASSERT_EQUAL(rd(0x40120) & 0x7f, 11);
    CU_ASSERT_EQUAL(vm->resumes, 0);
    /* the ack resumes channel 11 and shows channel 12's */
    wr(0x400c0, 0x80600008);
    wr(0x40108, 0x00800000);
    wr(0x25a0, 1);
    CU_ASSERT_EQUAL(vm->resumes, 1);
    CU_ASSERT_EQUAL(rd(0x40120) & 0x7f, 12);
    CU_ASSERT_EQUAL(rd(0x400c0) & 0x3ffc, 0x644);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    wr(0x40108, 0x00800000);
    CU_ASSERT_EQUAL(vm->resumes, 2);
    CU_ASSERT_EQUAL(rd(0x100), 0);

    /* binding the object, and 0x40c, are answered by the model */
    vm->events.sw[0].method = 0;
    vm->events.sw[1].method = 0x40c;
    vm->event_batches = 1;
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(vm->resumes, 4);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
}

/* An unbound channel's method: the ack must not resume its successor. */
static void test_software_method_unbound(void)
{
    fifo_init(false);
    bind(11, 0x11000);
    vm->events.nsw = 1;
    vm->events.sw_chid[0] = 11;
    vm->events.sw[0].method = 0x500;
    vm->event_batches = 1;
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    wr(0x3000 + 8 * 11, 0);
    bind(11, 0x22000);
    wr(0x40108, ~0u);
    CU_ASSERT_EQUAL(vm->resumes, 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);
}

static void test_pbdma_error(void)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_PBDMA, .engine = GPUVM_ENGINE_CE1,
        .bits = 0x00200000, .subc = 4, .method = 0x70, .data = 0x55,
    };

    fifo_init(true);
    bind(2, 0x2000);
    bind(3, 0x3000);
    add_fault(2, &f);
    f.bits = 0x00800000;        /* must not be taken for a software method */
    f.engine = GPUVM_ENGINE_GR;
    add_fault(3, &f);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    CU_ASSERT_EQUAL(rd(0x25a0), 3);
    CU_ASSERT_EQUAL(rd(0x42108) & rd(0x4210c), 0x00200000);
    CU_ASSERT_EQUAL(rd(0x42120) & 0x7f, 2);
    CU_ASSERT_EQUAL(rd(0x420c0) & 0x73ffc, 4 << 16 | 0x70);
    CU_ASSERT_EQUAL(rd(0x420c4), 0x55);
    CU_ASSERT_EQUAL(rd(0x40108) & 0x00800000, 0);
    CU_ASSERT_NOT_EQUAL(rd(0x40108), 0);
    wr(0x42108, 0x00200000);
    CU_ASSERT_EQUAL(rd(0x25a0), 1);
    wr(0x40108, rd(0x40108));
    CU_ASSERT_EQUAL(rd(0x25a0), 0);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(vm->resumes, 0);
}

/* Binds @chid and makes it run, as 6.1 does. */
static void start_channel(unsigned chid, uint64_t inst)
{
    bind(chid, inst);
    wr(0x3004 + 8 * chid, 0x001f0001);
}

/* The time that a channel is given before it counts as hung. */
static void pass_time(void)
{
    CU_ASSERT_EQUAL(rd(0x2100) & 0x100, 0);
    th->fake_ns += 1000000000;
    rd(0x100);
}

static void runlist(const uint32_t *chids, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t e[2] = { chids[i], 4 };

        gpuvm_vm_vram_write(vm, 0x9000 + 8 * i, e, sizeof(e));
    }
    wr(0x2270, 9);
    wr(0x2274, 0x01f00000 | n);
    wr(0x2a00, 0x10000000);
}

/* An error that the driver only acknowledges: a context-switch time-out. */
static void test_hung(void)
{
    static const uint32_t two[] = { 2, 3 };
    GpuvmFault f = {
        .kind = GPUVM_FAULT_PBDMA, .engine = GPUVM_ENGINE_GR,
        .bits = 0x00200000, .method = 0x70,
    };

    th->use_fake_clock = true;
    fifo_init(false);
    start_channel(2, 0x2000);
    start_channel(3, 0x3000);
    runlist(two, 2);
    add_fault(2, &f);
    CU_ASSERT_EQUAL(rd(0x2100) & 0x100, 0);
    wr(0x40108, rd(0x40108));
    pass_time();
    CU_ASSERT_EQUAL(rd(0x2100) & 0x100, 0x100);
    CU_ASSERT_EQUAL(rd(0x254c) & 0xff, 0x0a);
    /* busy, waiting for the switch: as 6.1 and as 6.12 look at it */
    CU_ASSERT_EQUAL(rd(0x2640) & 0x8004107f, 0x80041002);
    CU_ASSERT_EQUAL(rd(0x2640) & 0x10005000, 0x10005000);
    CU_ASSERT_EQUAL(rd(0x2640) & 0x8000, 0);    /* 6.1's wait for idle */
    wr(0x2100, 0x100);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    /* another one waits while the engine recovers */
    wr(0x2630, 1);
    f.engine = GPUVM_ENGINE_SW;
    vm->events.nfaults = 0;
    add_fault(3, &f);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    wr(0x40108, rd(0x40108));
    pmc_reset(1u << 12);
    CU_ASSERT_EQUAL(rd(0x2640), 0);
    pass_time();
    CU_ASSERT_EQUAL(rd(0x2100) & 0x100, 0);
    wr(0x2630, 0);
    CU_ASSERT_EQUAL(rd(0x2100) & 0x100, 0x100);
    CU_ASSERT_EQUAL(rd(0x2640) & 0x7f, 3);
    wr(0x2100, 0x100);
    runlist(two, 1);                            /* 3 is gone from it */
    CU_ASSERT_EQUAL(rd(0x2640), 0);
}

/* The driver stopped the channel itself, as 6.12 does, or unbound it. */
static void test_hung_not_wanted(void)
{
    static const uint32_t two[] = { 2, 3 };
    GpuvmFault f = {
        .kind = GPUVM_FAULT_PBDMA, .engine = GPUVM_ENGINE_CE0,
        .bits = 0x00040000,
    };

    th->use_fake_clock = true;
    fifo_init(true);
    start_channel(2, 0x2000);
    start_channel(3, 0x3000);
    runlist(two, 2);
    add_fault(2, &f);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    mask(0x3004 + 8 * 2, 1, 0);
    wr(0x44108, rd(0x44108));
    pass_time();
    CU_ASSERT_EQUAL(rd(0x2100) & 0x100, 0);
    CU_ASSERT_EQUAL(rd(0x2650), 0);
    vm->events.nfaults = 0;
    add_fault(3, &f);
    CU_ASSERT_EQUAL(rd(0x100), FIFO_IRQ);
    wr(0x3000 + 8 * 3, 0);
    start_channel(3, 0x4000);                   /* another one, same number */
    wr(0x44108, rd(0x44108));
    pass_time();
    CU_ASSERT_EQUAL(rd(0x2100) & 0x100, 0);
    f = (GpuvmFault) { .kind = GPUVM_FAULT_GR_TRAP,
                       .reason = GPUVM_TRAP_TIMEOUT };
    vm->events.nfaults = 0;
    add_fault(3, &f);
    pass_time();
    CU_ASSERT_EQUAL(rd(0x2100) & 0x100, 0x100);
    CU_ASSERT_EQUAL(rd(0x2640) & 0x7f, 3);
    CU_ASSERT_EQUAL(rd(0x400100), 0);           /* PGRAPH itself is silent */
    wr(0x2634, 3);
    CU_ASSERT_EQUAL(rd(0x2640), 0);
}

/* All channels fail in all ways, twice: bounded, and reset ends it. */
static void test_flood(void)
{
    GpuvmFault f = { .unit = 31, .va = ~0ull, .reason = ~0u, .client = 255,
                     .gpc = 255, .subc = 255, .method = ~0u, .bits = ~0u };
    unsigned acks;

    fifo_init(false);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned k = 0; k <= GPUVM_FAULT_CE; k++) {
            vm->events.nfaults = 0;
            f.kind = k;
            f.engine = k & 1 ? GPUVM_ENGINE_CE0 : GPUVM_ENGINE_GR;
            for (unsigned c = 0; c < 128; c++) {
                add_fault(c, &f);
            }
            rd(0x100);
        }
    }
    CU_ASSERT_NOT_EQUAL(rd(0x100) & FIFO_IRQ, 0);
    /* one is shown, one a channel waits: channel 0's twice */
    for (acks = 0; rd(0x259c) && acks < 1000; acks++) {
        CU_ASSERT_EQUAL(rd(0x259c), 1u << 31);
        wr(0x259c, ~0u);
    }
    CU_ASSERT_EQUAL(acks, 129);
    pmc_reset(1u << 8);
    pmc_reset(1u << 12);
    pmc_reset(1u << 6);
    CU_ASSERT_EQUAL(rd(0x100), 0);
}

static CU_TestInfo pfifo_tests[] = {
    { "start sequence, 6.1 and 6.12", test_init },
    { "USERD overlay", test_userd },
    { "channel table", test_channel },
    { "playlist", test_playlist },
    { "hostile playlists", test_playlist_hostile },
    { "kick", test_kick },
    { "non-stall interrupts", test_nonstall },
    { "MMU faults", test_mmu_fault },
    { "context-switch time-out", test_hung },
    { "no time-out of a stopped channel", test_hung_not_wanted },
    { "fault injection", test_fault_inject },
    { "software methods", test_software_method },
    { "software method of an unbound channel",
      test_software_method_unbound },
    { "PBDMA errors", test_pbdma_error },
    { "flood of errors", test_flood },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "pfifo", NULL, NULL, setup, teardown, pfifo_tests },
    CU_SUITE_INFO_NULL,
};
