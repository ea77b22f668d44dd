/*
 * Tests the board over a fake VM: what a driver finds when it identifies it,
 * the interrupt line, TLB flush, BAR blocks, PRAMIN, PROM, PTIMER, PMC_ENABLE,
 * PMU start, the configuration mirror and USERD.  Register addresses are
 * literals from reference/nvc0-nouveau.md, not from spec/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "board/board_priv.h"
#include "fake-vm.h"
#include "harness.h"

#define VRAM_MIB    1000u       /* no power of two */
#define BACKED      (4u << 20)  /* as much of it as exists here */

static TestHost *th;
static GpuvmVm *vm;
static GpuvmBoard *b;
static unsigned rises, falls;
static uint8_t config[256];
static unsigned config_writes;
static uint32_t config_off;
static unsigned config_size;

static void on_irq(void *opaque, bool level)
{
    if (level) {
        rises++;
    } else {
        falls++;
    }
}

static uint32_t on_config_read(void *opaque, uint32_t off, unsigned size)
{
    uint32_t v = 0;

    memcpy(&v, config + off, size);
    return v;
}

static void on_config_write(void *opaque, uint32_t off, uint32_t val,
                            unsigned size)
{
    config_writes++;
    config_off = off;
    config_size = size;
    memcpy(config + off, &val, size);
}

static const GpuvmBoardOps ops = {
    .irq = on_irq,
    .config_read = on_config_read,
    .config_write = on_config_write,
};

static GpuvmBoard *board_new(uint64_t vram, char **err)
{
    GpuvmBoardConfig cfg = {
        .vm = vm, .host = &th->host, .ops = &ops, .device_id = 0x06d8,
        .bar1_size = 128 << 20, .bar3_size = 64 << 20,
    };

    vm->slice.size = vram;
    return gpuvm_board_new(&cfg, err);
}

static void setup(void)
{
    char *err = NULL;

    th = test_host_new(0, 0);
    th->use_fake_clock = true;
    th->fake_ns = 1000000;
    vm = fake_vm_new(&th->host, 0, BACKED);
    rises = falls = config_writes = 0;
    memset(config, 0, sizeof(config));
    b = board_new((uint64_t)VRAM_MIB << 20, &err);
    if (!b) {
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

static void mask(uint32_t addr, uint32_t m, uint32_t v)
{
    wr(addr, (rd(addr) & ~m) | v);
}

static uint64_t counter(GpuvmCounterId id)
{
    return gpuvm_counter(&th->host.counters, id);
}

static void test_identity(void)
{
    uint64_t mib = 0;

    CU_ASSERT_EQUAL(rd(0x000000), 0x0c0c00a3);
    CU_ASSERT_EQUAL(rd(0x000004), 0);
    wr(0x000004, 0x01000001);
    CU_ASSERT_EQUAL(rd(0x000004), 0);
    CU_ASSERT_EQUAL(rd(0x101000) & 0x00400040, 0x00400000);
    CU_ASSERT_EQUAL(rd(0x02240c) & 2, 2);
    CU_ASSERT_EQUAL(rd(0x022500) & 0x30f, 0xf);
    CU_ASSERT(rd(0x022438) >= 1);
    for (uint32_t n = 0; n < rd(0x022438); n++) {
        if (!(rd(0x022554) & 1u << n)) {
            mib += rd(0x11020c + n * 0x1000);
            CU_ASSERT_EQUAL(rd(0x11020c + n * 0x1000), rd(0x11020c));
        }
    }
    CU_ASSERT_EQUAL(mib, VRAM_MIB);
    CU_ASSERT(rd(0x17e8dc) >> 28 >= 1);
    CU_ASSERT_EQUAL(rd(0x0212a8), 0);
    CU_ASSERT_EQUAL(rd(0x0212cc), 0x190);
    CU_ASSERT_EQUAL(rd(0x121c74), rd(0x022438));
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
}

static void test_vram_refused(void)
{
    g_autofree char *err = NULL;
    GpuvmBoard *odd = board_new((1 << 20) + 4096, &err);

    CU_ASSERT_PTR_NULL(odd);
    CU_ASSERT_PTR_NOT_NULL_FATAL(err);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "1 MiB"));
}

static void test_irq_edges(void)
{
    CU_ASSERT_EQUAL(rd(0x000640), 0xffffffff);
    gpuvm_board_irq_source(b, 8, true);
    CU_ASSERT_EQUAL(rises, 0);              /* not enabled */
    CU_ASSERT_EQUAL(rd(0x000100), 1u << 8);
    CU_ASSERT_EQUAL(rd(0x000104), 1u << 8);
    wr(0x000140, 1);
    CU_ASSERT_EQUAL(rises, 1);
    wr(0x000144, 1);
    gpuvm_board_irq_source(b, 12, true);
    CU_ASSERT_EQUAL(rises, 1);              /* the line is high already */
    CU_ASSERT_EQUAL(rd(0x000100), 1u << 8 | 1u << 12);
    /* the handler: both off, one source served, both on: pending again */
    wr(0x000140, 0);
    CU_ASSERT_EQUAL(falls, 0);
    wr(0x000144, 0);
    CU_ASSERT_EQUAL(falls, 1);
    gpuvm_board_bar0_write(b, 0x088704, 0xff, 1);
    gpuvm_board_irq_source(b, 8, false);
    wr(0x000140, 1);
    CU_ASSERT_EQUAL(rises, 2);
    wr(0x000144, 1);
    gpuvm_board_irq_source(b, 12, false);
    CU_ASSERT_EQUAL(falls, 2);
    gpuvm_board_irq_source(b, 12, true);
    CU_ASSERT_EQUAL(rises, 3);
    /* masks, as 6.12 uses them */
    wr(0x000644, 0);
    CU_ASSERT_EQUAL(falls, 2);
    wr(0x000640, ~(1u << 12));
    CU_ASSERT_EQUAL(falls, 3);
    CU_ASSERT_EQUAL(rd(0x000100), 0);
    wr(0x000640, 1u << 12);
    CU_ASSERT_EQUAL(rises, 4);
    gpuvm_board_reset(b);
    CU_ASSERT_EQUAL(falls, 4);
    CU_ASSERT_EQUAL(rd(0x000100), 0);
    CU_ASSERT_EQUAL(rd(0x000140), 0);
    CU_ASSERT_EQUAL(rd(0x000640), 0xffffffff);
    CU_ASSERT_EQUAL(vm->resets, 1);
}

static void test_tlb(void)
{
    CU_ASSERT_EQUAL(rd(0x100c80), 0x00ff8000);
    wr(0x100cb8, 0x12345u << 4);
    CU_ASSERT_EQUAL(vm->flushes, 0);
    wr(0x100cbc, 0x80000001);
    CU_ASSERT_EQUAL(vm->flushes, 1);
    CU_ASSERT_EQUAL(vm->flush_pdb, 0x12345000);
    CU_ASSERT_EQUAL(vm->flush_target, GPUVM_TARGET_VRAM);
    CU_ASSERT_FALSE(vm->flush_all);
    vm->tlb_pending = true;
    CU_ASSERT_EQUAL(rd(0x100c80), 0x00ff0000);
    vm->tlb_pending = false;
    CU_ASSERT_EQUAL(rd(0x100c80), 0x00ff8000);
    /* 40-bit address in system memory */
    wr(0x100cb8, 0xfffffff3);
    wr(0x100cbc, 0x80000005);
    CU_ASSERT_EQUAL(vm->flush_pdb, 0xfffffff000);
    CU_ASSERT_EQUAL(vm->flush_target, GPUVM_TARGET_SYSRAM);
    wr(0x100cbc, 0x80000003);
    CU_ASSERT_TRUE(vm->flush_all);
    CU_ASSERT_EQUAL(vm->flushes, 3);
    /* not a trigger; a memory that is none */
    wr(0x100cbc, 1);
    wr(0x100cb8, 1);
    wr(0x100cbc, 0x80000001);
    CU_ASSERT_EQUAL(vm->flushes, 3);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 1);
    /* big pages */
    mask(0x100c80, 1, 1);
    CU_ASSERT_TRUE(vm->big_64k);
    CU_ASSERT_EQUAL(rd(0x100c80), 0x00ff8001);
    mask(0x100c80, 1, 0);
    CU_ASSERT_FALSE(vm->big_64k);
}

static void test_bars(void)
{
    wr(0x001704, 0x80000000 | 0x3fff);
    CU_ASSERT_TRUE(vm->aperture_vm[GPUVM_BAR1]);
    CU_ASSERT_EQUAL(vm->aperture_inst[GPUVM_BAR1], 0x3fff000);
    CU_ASSERT_FALSE(vm->aperture_vm[GPUVM_BAR3]);
    wr(0x001714, 0xc0000000 | 0x123);
    CU_ASSERT_TRUE(vm->aperture_vm[GPUVM_BAR3]);
    CU_ASSERT_EQUAL(vm->aperture_inst[GPUVM_BAR3], 0x123000);
    mask(0x001704, 0x80000000, 0);
    CU_ASSERT_FALSE(vm->aperture_vm[GPUVM_BAR1]);
    /* an instance block in system memory is none */
    wr(0x001704, 0xa0000000 | 0x100);
    CU_ASSERT(vm->aperture_inst[GPUVM_BAR1] >= vm->slice.size);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 1);
    /* flushes are never busy */
    wr(0x070000, 1);
    wr(0x070004, 1);
    wr(0x070010, 1);
    CU_ASSERT_EQUAL(rd(0x070000) | rd(0x070004) | rd(0x070010), 0);
    gpuvm_board_reset(b);
    CU_ASSERT_FALSE(vm->aperture_vm[GPUVM_BAR3]);
    CU_ASSERT_EQUAL(rd(0x001714), 0);
}

static void test_pramin(void)
{
    uint8_t *vram = vm->slice.map;

    wr(0x700010, 0x11223344);
    CU_ASSERT_EQUAL(vram[0x10], 0x44);
    CU_ASSERT_EQUAL(vram[0x13], 0x11);
    wr(0x001700, 0x20);                     /* 2 MiB */
    CU_ASSERT_EQUAL(rd(0x001700), 0x20);
    gpuvm_board_bar0_write(b, 0x7ffffe, 0xabcd, 2);
    CU_ASSERT_EQUAL(vram[0x2ffffe], 0xcd);
    CU_ASSERT_EQUAL(vram[0x2fffff], 0xab);
    CU_ASSERT_EQUAL(gpuvm_board_bar0_read(b, 0x7fffff, 1), 0xab);
    CU_ASSERT_EQUAL(rd(0x7ffffc), 0xabcd0000);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_PRAMIN), 4);
    /* past the slice, and in another memory */
    wr(0x001700, 0xffffff);
    wr(0x700000, 1);
    CU_ASSERT_EQUAL(rd(0x700000), 0);
    wr(0x001700, 0x02000000);
    CU_ASSERT_EQUAL(rd(0x700010), 0);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 1);
    gpuvm_board_reset(b);
    CU_ASSERT_EQUAL(rd(0x700010), 0x11223344);
}

static void test_prom(void)
{
    size_t size;
    const uint8_t *rom = gpuvm_board_rom(b, &size);

    mask(0x088050, 1, 0);
    CU_ASSERT_EQUAL(rd(0x300000) & 0xffff, 0xaa55);
    for (size_t i = 0; i < size; i++) {
        CU_ASSERT_EQUAL(gpuvm_board_bar0_read(b, 0x300000 + i, 1), rom[i]);
    }
    CU_ASSERT_EQUAL(rd(0x300000 + size), 0);
    CU_ASSERT_EQUAL(rd(0x3ffffc), 0);
    wr(0x300000, 0);
    CU_ASSERT_EQUAL(rd(0x300000) & 0xffff, 0xaa55);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
}

static void test_ptimer(void)
{
    uint64_t t = (uint64_t)0x12345 << 32 | 0xffffffe0;

    CU_ASSERT_EQUAL(rd(0x009400), 1000000 & ~31u);
    wr(0x009410, t >> 32);
    th->fake_ns += 5000000000u;             /* a carry between the writes */
    wr(0x009400, (uint32_t)t);
    CU_ASSERT_EQUAL(rd(0x009410), 0x12345);
    CU_ASSERT_EQUAL(rd(0x009400), 0xffffffe0);
    th->fake_ns += 64;
    CU_ASSERT_EQUAL(rd(0x009410), 0x12346);
    CU_ASSERT_EQUAL(rd(0x009400), 0x20);
    CU_ASSERT_EQUAL(gpuvm_host_ptimer_ns(&th->host), t + 64);

    /* alarm in one microsecond */
    wr(0x000140, 1);
    wr(0x009140, 1);
    wr(0x009420, 0x20 + 1000);
    th->fake_ns += 999;
    gpuvm_board_process_events(b);
    CU_ASSERT_EQUAL(rises, 0);
    th->fake_ns += 1;
    gpuvm_board_process_events(b);
    CU_ASSERT_EQUAL(rises, 1);
    CU_ASSERT_EQUAL(rd(0x000100), 1u << 20);
    CU_ASSERT_EQUAL(rd(0x009100), 1);
    wr(0x009100, 1);
    CU_ASSERT_EQUAL(rd(0x009100), 0);
    CU_ASSERT_EQUAL(rd(0x000100), 0);
    CU_ASSERT_EQUAL(falls, 1);
}

static void test_pmu(void)
{
    CU_ASSERT_EQUAL(rd(0x10a4d0), 0);
    mask(0x000200, 0x2000, 0x2000);
    wr(0x10a014, 0xffff);
    CU_ASSERT_EQUAL(rd(0x10a04c), 0);
    wr(0x10a1c0, 0x01000000);
    wr(0x10a1c4, 0x12345678);
    wr(0x10a10c, 0);
    wr(0x10a104, 0);
    CU_ASSERT_EQUAL(rd(0x10a4d0), 0);
    wr(0x10a100, 2);
    CU_ASSERT(rd(0x10a4d0) != 0);
    CU_ASSERT(rd(0x10a4dc) != 0);
    CU_ASSERT_EQUAL(rd(0x10a10c) & 6, 0);
    /* PMC_ENABLE 1 -> 0 takes them back; 0 -> 1 does nothing */
    mask(0x000200, 0x2000, 0);
    CU_ASSERT_EQUAL(rd(0x10a4d0), 0);
    CU_ASSERT_EQUAL(rd(0x10a4dc), 0);
    CU_ASSERT_EQUAL(rd(0x000200) & 0x2000, 0);
    wr(0x000200, 0xffffffff);
    CU_ASSERT_EQUAL(rd(0x000200), 0xffffffff);
    wr(0x10a100, 2);
    wr(0x000200, 0xffffffff);
    CU_ASSERT(rd(0x10a4d0) != 0);
}

static void test_config_mirror(void)
{
    memcpy(config, "\xde\x10\xd8\x06", 4);
    CU_ASSERT_EQUAL(rd(0x088000), 0x06d810de);
    CU_ASSERT_EQUAL(gpuvm_board_bar0_read(b, 0x088002, 2), 0x06d8);
    gpuvm_board_bar0_write(b, 0x0880fd, 0x5a, 1);
    CU_ASSERT_EQUAL(config_writes, 1);
    CU_ASSERT_EQUAL(config_off, 0xfd);
    CU_ASSERT_EQUAL(config_size, 1);
    CU_ASSERT_EQUAL(config[0xfd], 0x5a);
    wr(0x088460, 0x1234);
    CU_ASSERT_EQUAL(rd(0x088460), 0x1234);
    CU_ASSERT_EQUAL(config_writes, 1);
    gpuvm_board_bar0_write(b, 0x088704, 0xff, 1);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
}

static void test_small_units(void)
{
    /* VGA bytes of nvkm_lockvgac */
    gpuvm_board_bar0_write(b, 0x6013d4, 0x1f, 1);
    gpuvm_board_bar0_read(b, 0x6013d5, 1);
    gpuvm_board_bar0_write(b, 0x6013d4, 0x3f, 1);
    gpuvm_board_bar0_write(b, 0x6013d5, 0x57, 1);
    CU_ASSERT_EQUAL(rd(0x6013d4) & 0xffff, 0x573f);
    /* privring's command is done at once */
    mask(0x121c4c, 0x3f, 2);
    CU_ASSERT_EQUAL(rd(0x121c4c) & 0x3f, 0);
    /* compression tags: cleared at once, for each slice of each LTC */
    wr(0x17e8c8, 4);
    for (uint32_t c = 0; c < rd(0x022438); c++) {
        for (uint32_t s = 0; s < rd(0x17e8dc) >> 28; s++) {
            CU_ASSERT_EQUAL(rd(0x1410c8 + c * 0x2000 + s * 0x400), 0);
        }
    }
    /* no clock shows a PLL that is on */
    for (uint32_t i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL(rd(0x137000 + 0x20 * i) & 1, 0);
    }
    CU_ASSERT_EQUAL(rd(0x00e800) & 1, 0);
    wr(0x001100, 0xffffffff);
    wr(0x001140, 0x0e);
    CU_ASSERT_EQUAL(rd(0x001140), 0x0e);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
}

static void test_userd(void)
{
    gpuvm_board_userd_write(b, 0x508c, 77, 4);
    CU_ASSERT_EQUAL(vm->userd_chid, 5);
    CU_ASSERT_EQUAL(vm->userd_off, 0x8c);
    CU_ASSERT_EQUAL(gpuvm_board_userd_read(b, 0x7f088, 8), 77);
    CU_ASSERT_EQUAL(vm->userd_chid, 127);
    CU_ASSERT_EQUAL(vm->userd_size, 8);
    vm->userd_chid = 1000;
    gpuvm_board_userd_write(b, 0x80000, 1, 4);  /* past the last channel */
    gpuvm_board_userd_write(b, 0xffe, 1, 4);    /* across two pages */
    CU_ASSERT_EQUAL(vm->userd_chid, 1000);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 2);
}

static void test_bad_accesses(void)
{
    CU_ASSERT_EQUAL(gpuvm_board_bar0_read(b, 0x2000000, 4), 0);
    CU_ASSERT_EQUAL(gpuvm_board_bar0_read(b, 2, 4), 0);
    CU_ASSERT_EQUAL(gpuvm_board_bar0_read(b, 0, 8), 0);
    gpuvm_board_bar0_write(b, ~(uint64_t)0, 1, 4);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 4);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_BAR0_READS), 3);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_BAR0_WRITES), 1);
}

/*
 * What nouveau 6.1 does to these units at probe, as reference/nvc0-nouveau.md
 * 1.1, 2 and 10 list it: r read, w write, m mask (read-modify-write), p poll
 * until (value & a) == b, which must hold at once.  No access is unknown.
 */
typedef struct BootStep {
    char op;
    uint32_t addr, a, b;
} BootStep;

static const BootStep boot[] = {
    /* identification */
    { 'p', 0x000004, ~0u, 0 }, { 'p', 0x000000, 0x1ff00000, 0x0c000000 },
    { 'r', 0x101000 },
    /* pci: oneinit, PCIe link, set_decode */
    { 'r', 0x08807c }, { 'm', 0x088080, 0x100, 0x100 },
    { 'm', 0x08841c, 0x60, 0 }, { 'r', 0x088088 }, { 'r', 0x088460 },
    { 'm', 0x02241c, 1, 1 }, { 'p', 0x02241c, 1, 1 },
    { 'm', 0x02241c, 0x80, 0 }, { 'w', 0x088054, 1 },
    /* bios: no PRAMIN method, PROM */
    { 'p', 0x022500, 1, 1 }, { 'm', 0x088050, 1, 0 },
    { 'p', 0x300000, 0xffff, 0xaa55 }, { 'r', 0x300ffc },
    { 'm', 0x088050, 1, 1 },
    /* devinit preinit and post */
    { 'p', 0x02240c, 2, 2 }, { 'r', 0x022500 },
    /* pmu preinit */
    { 'm', 0x000200, 0x2000, 0 }, { 'm', 0x000200, 0x2000, 0x2000 },
    { 'p', 0x10a10c, 6, 0 },
    /* the fini pass before the first init */
    { 'w', 0x10a014, 0x60 },
    { 'w', 0x020000, 0 }, { 'w', 0x020100, ~0u }, { 'w', 0x001100, 0x10000 },
    { 'w', 0x009140, 0 }, { 'm', 0x001704, 0x80000000, 0 },
    { 'm', 0x001714, 0x80000000, 0 },
    { 'w', 0x000140, 0 }, { 'w', 0x000144, 0 }, { 'r', 0x000140 },
    { 'm', 0x00e050, ~0u, 0 }, { 'm', 0x00e070, ~0u, 0 },
    { 'm', 0x00e054, 0, 0 }, { 'm', 0x00e074, 0, 0 },
    { 'm', 0x00e068, ~0u, 0 }, { 'm', 0x00e06c, 0, 0 },
    /* pm ctor */
    { 'r', 0x022430 }, { 'r', 0x022504 }, { 'r', 0x022584 },
    { 'r', 0x022438 }, { 'r', 0x022548 }, { 'r', 0x0225c8 },
    /* privring */
    { 'm', 0x122310, 0x3ffff, 0x800 }, { 'w', 0x12232c, 0x100064 },
    { 'w', 0x122330, 0x100064 }, { 'w', 0x122334, 0x100064 },
    { 'm', 0x122348, 0x3ffff, 0x100 },
    /* mc */
    { 'w', 0x000200, ~0u }, { 'p', 0x000200, 0x31c0, 0x31c0 },
    { 'w', 0x000140, 1 }, { 'w', 0x000144, 1 },
    /* bus, timer */
    { 'w', 0x001100, ~0u }, { 'w', 0x001140, 0x0e },
    { 'w', 0x009220, 2 }, { 'w', 0x009200, 324 }, { 'w', 0x009210, 125 },
    { 'w', 0x009410, 0 }, { 'w', 0x009400, 0x1000 },
    /* fb, ram */
    { 'r', 0x022554 }, { 'r', 0x11020c }, { 'w', 0x001700, 0 },
    { 'w', 0x700000, 0 }, { 'w', 0x10f968, 0 }, { 'w', 0x10f96c, 0 },
    { 'w', 0x10f920, 0x100 }, { 'w', 0x10f924, 0x100 }, { 'w', 0x10f918, 0 },
    { 'w', 0x10f91c, 0 }, { 'w', 0x100c10, 0x1234 },
    { 'm', 0x100c80, 1, 0 },
    /* ltc */
    { 'r', 0x17e8dc }, { 'm', 0x17ea44, 0xf, 14 }, { 'w', 0x17ea48, 1 },
    { 'w', 0x17ea4c, 1 }, { 'w', 0x17ea50, 1 }, { 'w', 0x17ea54, 1 },
    { 'w', 0x17ea58, 1 }, { 'm', 0x17e820, 0x100000, 0 },
    { 'w', 0x17e8d8, 1 }, { 'w', 0x17e8d4, 0x100 }, { 'm', 0x17e8c0, 2, 2 },
    { 'w', 0x17e8cc, 0 }, { 'w', 0x17e8d0, 63 }, { 'w', 0x17e8c8, 4 },
    { 'p', 0x1410c8, ~0u, 0 },
    /* bar, mmu */
    { 'p', 0x100c80, 0x00ff0000, 0x00ff0000 }, { 'w', 0x100cb8, 0x100 },
    { 'w', 0x100cbc, 0x80000005 }, { 'p', 0x100c80, 0x8000, 0x8000 },
    { 'w', 0x001714, 0x80000000 }, { 'w', 0x070000, 1 },
    { 'p', 0x070000, 2, 0 }, { 'w', 0x001704, 0x80000001 },
    /* pmu */
    { 'w', 0x10a014, 0xffff }, { 'p', 0x10a04c, ~0u, 0 },
    { 'm', 0x000200, 0x2000, 0 }, { 'm', 0x000200, 0x2000, 0x2000 },
    { 'w', 0x10a1c0, 0x01000000 }, { 'w', 0x10a1c4, 1 },
    { 'w', 0x10a180, 0x01000000 }, { 'w', 0x10a188, 0 }, { 'w', 0x10a184, 1 },
    { 'w', 0x10a10c, 0 }, { 'w', 0x10a104, 0 }, { 'w', 0x10a100, 2 },
    { 'p', 0x10a4d0, 0x00800f00, 0x00800f00 },
    { 'p', 0x10a4dc, 0x00800e80, 0x00800e80 }, { 'w', 0x10a010, 0xe0 },
    /* volt, therm: fuse reads */
    { 'm', 0x022400, 0x800, 0x800 }, { 'm', 0x021000, 1, 1 },
    { 'p', 0x0212cc, ~0u, 0x190 }, { 'p', 0x0212a8, ~0u, 0 },
    { 'm', 0x00e720, 3, 2 }, { 'm', 0x00e720, 2, 0 },
    /* clk */
    { 'p', 0x137100, ~0u, 0 }, { 'p', 0x1373f0, ~0u, 0 },
    { 'p', 0x137300, ~0u, 0 }, { 'p', 0x137310, ~0u, 0 },
    { 'p', 0x00e800, ~0u, 0 }, { 'p', 0x00e804, ~0u, 0 },
    { 'p', 0x00e820, ~0u, 0 }, { 'p', 0x00e824, ~0u, 0 },
    { 'p', 0x132000, ~0u, 0 }, { 'p', 0x132024, ~0u, 0 },
    /* the interrupt handler */
    { 'w', 0x000140, 0 }, { 'w', 0x000144, 0 }, { 'r', 0x000140 },
    { 'p', 0x000100, ~0u, 0 }, { 'p', 0x000104, ~0u, 0 },
    { 'r', 0x001100 }, { 'r', 0x009100 }, { 'r', 0x121c58 },
    { 'r', 0x121c5c }, { 'r', 0x121c70 }, { 'r', 0x121c78 },
    /* 6.12: masks */
    { 'm', 0x000640, ~0u, 0 }, { 'm', 0x000644, ~0u, 0 },
    { 'm', 0x000640, 0, 0x1100 }, { 'p', 0x000640, ~0u, 0x1100 },
};

static void test_boot(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(boot); i++) {
        const BootStep *s = &boot[i];
        uint64_t unknown = counter(GPUVM_CNT_UNKNOWN);
        bool ok = true;

        if (s->op == 'r') {
            rd(s->addr);
        } else if (s->op == 'w') {
            wr(s->addr, s->a);
        } else if (s->op == 'm') {
            mask(s->addr, s->a, s->b);
        } else {
            ok = (rd(s->addr) & s->a) == s->b;
        }
        if (!ok || counter(GPUVM_CNT_UNKNOWN) != unknown) {
            fprintf(stderr, "step %zu: %c 0x%06x %s\n", i, s->op, s->addr,
                    ok ? "is unknown" : "has another value");
            CU_FAIL("boot step");
        }
    }
    for (uint32_t i = 0; i < 16; i++) {
        CU_ASSERT_EQUAL(rd(0x137250 + 4 * i), 0);
        CU_ASSERT_EQUAL(rd(0x137160 + 4 * i), 0);
        CU_ASSERT_EQUAL(rd(0x1371d0 + 4 * i), 0);
    }
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_GUEST_ERRORS), 0);
}

/* Every word of BAR0, read and written with ones: nothing may break. */
static void test_sweep(void)
{
    for (uint32_t a = 0; a < 32u << 20; a += 4) {
        rd(a);
        wr(a, 0xffffffff);
        wr(a, 0);
    }
    gpuvm_board_reset(b);
    CU_ASSERT_EQUAL(rd(0x000000), 0x0c0c00a3);
    CU_ASSERT_EQUAL(rd(0x000100), 0);
}

static CU_TestInfo tests[] = {
    { "identity", test_identity },
    { "odd VRAM size refused", test_vram_refused },
    { "interrupt edges", test_irq_edges },
    { "TLB flush", test_tlb },
    { "BAR blocks and flushes", test_bars },
    { "PRAMIN", test_pramin },
    { "PROM", test_prom },
    { "PTIMER", test_ptimer },
    { "PMU start and engine reset", test_pmu },
    { "configuration mirror", test_config_mirror },
    { "small units", test_small_units },
    { "USERD", test_userd },
    { "bad accesses", test_bad_accesses },
    { "accesses of a boot", test_boot },
    { "sweep of BAR0", test_sweep },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "board", NULL, NULL, setup, teardown, tests },
    CU_SUITE_INFO_NULL,
};
