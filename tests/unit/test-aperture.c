/*
 * BAR1 and BAR3 (vgpu/aperture.c): which calls the device gets, what a page
 * shows after them, the budget of mappings, and trapped accesses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <string.h>

#include "vgpu/vm_priv.h"

#define MIB         (1024u * 1024u)
#define VRAM_SIZE   (32u * MIB)
#define RAM_BASE    0x40000000u
#define RAM_SIZE    (2u * MIB)
#define BAR_SIZE    (64u * MIB)
#define PAGES       (BAR_SIZE / 4096)

#define INST        0x10000u
#define PD          0x100000u
#define SMALL       0x200000u
#define LARGE       0x300000u

#define SINK        UINT64_MAX

typedef struct Fixture {
    TestHost *th;
    GpuvmVm *vm;
    uint64_t *shown;            /* VRAM offset by page of BAR1, or SINK */
    unsigned maps, sinks, traps;
    uint64_t last_off, last_size, last_vram;
    bool trapped;
    bool fail;                  /* map() fails */
} Fixture;

static bool do_map(void *opaque, GpuvmBar bar, uint64_t off, uint64_t size,
                   uint64_t vram)
{
    Fixture *f = opaque;
    uint64_t i;

    if (f->fail) {
        return false;
    }
    CU_ASSERT_FATAL(off + size <= BAR_SIZE && vram + size <= VRAM_SIZE);
    CU_ASSERT_EQUAL(bar, GPUVM_BAR1);
    for (i = 0; i < size; i += 4096) {
        f->shown[(off + i) / 4096] = vram + i;
    }
    f->maps++;
    f->last_off = off;
    f->last_size = size;
    f->last_vram = vram;
    return true;
}

static bool do_sink(void *opaque, GpuvmBar bar, uint64_t off, uint64_t size)
{
    Fixture *f = opaque;
    uint64_t i;

    CU_ASSERT_FATAL(off + size <= BAR_SIZE);
    for (i = 0; i < size; i += 4096) {
        f->shown[(off + i) / 4096] = SINK;
    }
    f->sinks++;
    f->last_off = off;
    f->last_size = size;
    return true;
}

static void do_trap(void *opaque, GpuvmBar bar, bool on)
{
    Fixture *f = opaque;

    CU_ASSERT_NOT_EQUAL(f->trapped, on);
    f->trapped = on;
    f->traps++;
}

static const GpuvmApertureOps ops = { do_map, do_sink, do_trap };

static Fixture *setup(const GpuvmApertureOps *aperture)
{
    Fixture *f = g_new0(Fixture, 1);
    GpuvmVm *vm = g_new0(GpuvmVm, 1);
    unsigned i;

    f->th = test_host_new(RAM_BASE, RAM_SIZE);
    f->vm = vm;
    vm->host = &f->th->host;
    vm->slice = (GpuvmSlice) { .size = VRAM_SIZE, .fd = -1 };
    vm->slice.map = g_malloc0(VRAM_SIZE);
    vm->mem = (GpuvmMem) { &vm->slice, vm->host };
    vm->cfg.bar_size[GPUVM_BAR1] = BAR_SIZE;
    vm->cfg.aperture = aperture;
    vm->cfg.aperture_opaque = f;
    gpuvm_aperture_init(vm, GPUVM_BAR1);
    f->shown = g_new(uint64_t, PAGES);
    for (i = 0; i < PAGES; i++) {
        f->shown[i] = SINK;
    }
    return f;
}

static void teardown(Fixture *f)
{
    gpuvm_aperture_fini(f->vm, GPUVM_BAR1);
    g_free(f->vm->slice.map);
    g_free(f->vm);
    g_free(f->shown);
    test_host_free(f->th);
    g_free(f);
}

static void put64(Fixture *f, uint64_t off, uint64_t v)
{
    memcpy((uint8_t *)f->vm->slice.map + off, &v, 8);
}

#define PTE(addr)   ((uint64_t)(addr) >> 8 | 1)

/* Instance block and directory: one PDE with both tables. */
static void tables(Fixture *f)
{
    put64(f, INST + 0x200, PD);
    put64(f, PD, (uint64_t)(SMALL >> 8 | 1) << 32 | LARGE >> 8 | 1);
}

static void flush(Fixture *f)
{
    GpuvmPdb pdb = { PD, GPUVM_TARGET_VRAM, true };

    f->maps = f->sinks = f->traps = 0;
    gpuvm_aperture_flush(f->vm, GPUVM_BAR1, &pdb, false);
}

static uint64_t rd(Fixture *f, uint64_t off, unsigned size)
{
    return gpuvm_aperture_read(f->vm, GPUVM_BAR1, off, size);
}

static void test_linear(void)
{
    Fixture *f = setup(&ops);

    gpuvm_aperture_set(f->vm, GPUVM_BAR1, false, 0);
    CU_ASSERT_EQUAL(f->maps, 1);
    CU_ASSERT_EQUAL(f->shown[0], 0);
    CU_ASSERT_EQUAL(f->shown[VRAM_SIZE / 4096 - 1], VRAM_SIZE - 4096);
    CU_ASSERT_EQUAL(f->shown[VRAM_SIZE / 4096], SINK);
    put64(f, VRAM_SIZE - 8, 0x1122334455667788ull);
    CU_ASSERT_EQUAL(rd(f, VRAM_SIZE - 8, 8), 0x1122334455667788ull);
    CU_ASSERT_EQUAL(rd(f, VRAM_SIZE - 4, 8), 0x11223344);
    CU_ASSERT_EQUAL(rd(f, VRAM_SIZE, 4), 0);
    CU_ASSERT_EQUAL(rd(f, BAR_SIZE, 4), 0);
    CU_ASSERT_EQUAL(rd(f, UINT64_MAX - 2, 8), 0);
    teardown(f);
}

static void test_changes(void)
{
    Fixture *f = setup(&ops);
    unsigned i;

    gpuvm_aperture_set(f->vm, GPUVM_BAR1, false, 0);
    tables(f);
    for (i = 0; i < 16; i++) {
        put64(f, SMALL + (256 + i) * 8, PTE(0x800000 + i * 4096));
    }
    gpuvm_aperture_set(f->vm, GPUVM_BAR1, true, INST);
    CU_ASSERT_EQUAL(f->shown[255], SINK);
    CU_ASSERT_EQUAL(f->shown[256], 0x800000);
    CU_ASSERT_EQUAL(f->shown[271], 0x80f000);
    CU_ASSERT_EQUAL(f->shown[272], SINK);
    CU_ASSERT_EQUAL(f->shown[0], SINK);

    flush(f);
    CU_ASSERT_EQUAL(f->maps + f->sinks, 0);

    /* 32 pages in a row, 16 of them there already: one call for the rest */
    for (i = 16; i < 32; i++) {
        put64(f, SMALL + (256 + i) * 8, PTE(0x800000 + i * 4096));
    }
    flush(f);
    CU_ASSERT_EQUAL(f->maps, 1);
    CU_ASSERT_EQUAL(f->sinks, 0);
    CU_ASSERT_EQUAL(f->last_off, 272 * 4096);
    CU_ASSERT_EQUAL(f->last_size, 16 * 4096);
    CU_ASSERT_EQUAL(f->last_vram, 0x810000);
    CU_ASSERT_EQUAL(f->vm->aperture[GPUVM_BAR1].runs, 3);

    /* a large page, two directions of change in one flush */
    put64(f, LARGE + 2 * 8, PTE(0x1000000));
    for (i = 0; i < 32; i++) {
        put64(f, SMALL + (256 + i) * 8, 0);
    }
    flush(f);
    CU_ASSERT_EQUAL(f->maps, 1);
    CU_ASSERT_EQUAL(f->sinks, 1);
    CU_ASSERT_EQUAL(f->shown[64], 0x1000000);
    CU_ASSERT_EQUAL(f->shown[95], 0x101f000);
    CU_ASSERT_EQUAL(f->shown[256], SINK);

    /* system memory cannot be mapped: the sink, and a trap would reach it */
    put64(f, SMALL + 5 * 8, PTE(RAM_BASE + 0x3000) | 2ull << 33);
    memcpy(f->th->ram + 0x3010, "\x44\x33\x22\x11", 4);
    flush(f);
    CU_ASSERT_EQUAL(f->maps + f->sinks, 0);
    CU_ASSERT_EQUAL(rd(f, 0x5010, 4), 0x11223344);
    gpuvm_aperture_write(f->vm, GPUVM_BAR1, 0x5012, 0xbeef, 2);
    CU_ASSERT_EQUAL(rd(f, 0x5010, 4), 0xbeef3344);
    CU_ASSERT_EQUAL(f->th->dirty_bytes, 2);

    /* of another directory: nothing; of all: followed */
    put64(f, LARGE + 2 * 8, 0);
    f->maps = f->sinks = 0;
    gpuvm_aperture_flush(f->vm, GPUVM_BAR1,
                         &(GpuvmPdb) { 0x777000, GPUVM_TARGET_VRAM, true },
                         false);
    CU_ASSERT_EQUAL(f->sinks, 0);
    gpuvm_aperture_flush(f->vm, GPUVM_BAR1,
                         &(GpuvmPdb) { 0x777000, GPUVM_TARGET_VRAM, true },
                         true);
    CU_ASSERT_EQUAL(f->sinks, 1);

    gpuvm_aperture_set(f->vm, GPUVM_BAR1, false, INST);
    CU_ASSERT_EQUAL(f->shown[0], 0);
    CU_ASSERT_EQUAL(f->shown[1000], 1000 * 4096);
    gpuvm_aperture_set(f->vm, GPUVM_BAR1, true, INST);
    CU_ASSERT_EQUAL(f->shown[0], SINK);
    CU_ASSERT_EQUAL(f->shown[1000], SINK);
    teardown(f);
}

/* The directory pointer in the instance block is read again at each flush. */
static void test_directory_moves(void)
{
    Fixture *f = setup(&ops);

    tables(f);
    put64(f, SMALL, PTE(0x800000));
    gpuvm_aperture_set(f->vm, GPUVM_BAR1, true, INST);
    CU_ASSERT_EQUAL(f->shown[0], 0x800000);
    put64(f, 0x500000, (uint64_t)(0x600000 >> 8 | 1) << 32);
    put64(f, 0x600000 + 8, PTE(0x900000));
    put64(f, INST + 0x200, 0x500000);
    flush(f);
    CU_ASSERT_EQUAL(f->shown[0], SINK);
    CU_ASSERT_EQUAL(f->shown[1], 0x900000);
    /* an instance block that is nowhere */
    gpuvm_aperture_set(f->vm, GPUVM_BAR1, true, 0xfffffff000ull);
    CU_ASSERT_EQUAL(f->shown[1], SINK);
    CU_ASSERT_EQUAL(rd(f, 0x1000, 4), 0);
    teardown(f);
}

static void test_budget(void)
{
    Fixture *f = setup(&ops);
    GpuvmCounters *c = &f->th->host.counters;
    unsigned i;

    f->vm->cfg.map_budget = 64;
    tables(f);
    gpuvm_aperture_set(f->vm, GPUVM_BAR1, true, INST);
    /* every other page: 2 runs each */
    for (i = 0; i < 40; i++) {
        put64(f, SMALL + i * 16, PTE(0x800000 + i * 4096));
    }
    put64(f, 0x800000 + 7 * 4096, 0x5a);
    flush(f);
    CU_ASSERT_TRUE(f->trapped);
    CU_ASSERT_EQUAL(f->maps, 0);
    CU_ASSERT_EQUAL(f->sinks, 1);       /* nothing is left mapped below */
    CU_ASSERT_EQUAL(f->last_size, BAR_SIZE);
    CU_ASSERT_EQUAL(gpuvm_counter(c, GPUVM_CNT_REMAP_FALLBACKS), 1);
    CU_ASSERT_EQUAL(rd(f, 14 * 4096, 1), 0x5a);
    CU_ASSERT_EQUAL(gpuvm_counter(c, GPUVM_CNT_APERTURE_TRAPS), 1);
    /* changes while it traps are not lost */
    for (i = 20; i < 40; i++) {
        put64(f, SMALL + i * 16, 0);
    }
    flush(f);
    CU_ASSERT_FALSE(f->trapped);
    CU_ASSERT_EQUAL(f->maps, 20);
    CU_ASSERT_EQUAL(f->sinks, 20);
    CU_ASSERT_EQUAL(f->shown[38], 0x813000);
    CU_ASSERT_EQUAL(f->shown[39], SINK);
    CU_ASSERT_EQUAL(f->shown[40], SINK);
    CU_ASSERT_EQUAL(gpuvm_counter(c, GPUVM_CNT_REMAP_FALLBACKS), 1);

    /* the device cannot map: trap; later it can: all is shown again */
    f->fail = true;
    put64(f, SMALL, PTE(0xa00000));
    flush(f);
    CU_ASSERT_TRUE(f->trapped);
    f->fail = false;
    put64(f, SMALL + 8, PTE(0xa01000));
    flush(f);
    CU_ASSERT_FALSE(f->trapped);
    CU_ASSERT_EQUAL(f->shown[0], 0xa00000);
    CU_ASSERT_EQUAL(f->shown[1], 0xa01000);
    teardown(f);
}

/* Two VMs of a process share a budget; who traps or ends gives back. */
static void test_shared_budget(void)
{
    GpuvmMapBudget budget = { .max = 100 };
    Fixture *f[2] = { setup(&ops), setup(&ops) };
    unsigned i, k;

    for (k = 0; k < 2; k++) {
        f[k]->vm->cfg.map_shared = &budget;
        tables(f[k]);
        gpuvm_aperture_set(f[k]->vm, GPUVM_BAR1, true, INST);
    }
    CU_ASSERT_EQUAL(budget.used, 2);
    for (i = 0; i < 30; i++) {
        put64(f[0], SMALL + i * 16, PTE(0x800000 + i * 4096));
        put64(f[1], SMALL + i * 16, PTE(0x800000 + i * 4096));
    }
    flush(f[0]);
    CU_ASSERT_FALSE(f[0]->trapped);
    CU_ASSERT_EQUAL(budget.used, 61);   /* 30 and the sinks between, and 1 */
    flush(f[1]);
    CU_ASSERT_TRUE(f[1]->trapped);
    CU_ASSERT_FALSE(f[0]->trapped);
    CU_ASSERT_EQUAL(budget.used, 60);
    /* the first needs less: the second gets it at its next flush */
    for (i = 10; i < 30; i++) {
        put64(f[0], SMALL + i * 16, 0);
    }
    flush(f[0]);
    CU_ASSERT_EQUAL(budget.used, 20);
    flush(f[1]);
    CU_ASSERT_FALSE(f[1]->trapped);
    CU_ASSERT_EQUAL(budget.used, 80);
    CU_ASSERT_EQUAL(f[1]->shown[58], 0x81d000);
    teardown(f[1]);
    CU_ASSERT_EQUAL(budget.used, 20);
    teardown(f[0]);
    CU_ASSERT_EQUAL(budget.used, 0);
}

/* Random tables: what is shown and what a trap reads agree with the tables. */
static void test_random(void)
{
    Fixture *f = setup(&ops);
    GRand *r = g_rand_new_with_seed(11);
    unsigned round, i, bad = 0;

    tables(f);
    for (i = 0; i < VRAM_SIZE; i += 4096) {
        if (i < PD || i >= LARGE + 0x40000) {
            put64(f, i, i + 1);     /* each page names itself */
        }
    }
    put64(f, INST + 0x200, PD);
    f->vm->cfg.map_budget = 200;
    gpuvm_aperture_set(f->vm, GPUVM_BAR1, true, INST);
    for (round = 0; round < 60; round++) {
        GpuvmPdb pdb = { PD, GPUVM_TARGET_VRAM, true };
        bool shown_ok = true;
        unsigned runs = 1;

        for (i = 0; i < 12; i++) {
            unsigned first = g_rand_int_range(r, 0, PAGES);
            unsigned n = MIN(g_rand_int_range(r, 1, 300), PAGES - first);
            uint64_t page = g_rand_int_range(r, 0x340, 0x2200);
            bool on = g_rand_int_range(r, 0, 5);
            unsigned k;

            for (k = 0; k < n; k++) {
                put64(f, SMALL + (first + k) * 8,
                      on ? PTE((page + k) * 4096) : 0);
            }
        }
        put64(f, LARGE + g_rand_int_range(r, 0, 512) * 8,
              g_rand_boolean(r) ? PTE(g_rand_int_range(r, 32, 256) * 131072u)
              : 0);
        flush(f);
        for (i = 0; i < PAGES; i++) {
            GpuvmPtHit h;
            uint32_t reason;
            uint64_t want = SINK, before;

            if (gpuvm_pt_walk(&f->vm->mem, gpuvm_pt_mode(false), &pdb,
                              (uint64_t)i << 12, &h, &reason) &&
                h.pte.addr + h.page_size <= VRAM_SIZE) {
                want = h.addr;
            }
            if (!f->trapped && f->shown[i] != want) {
                shown_ok = false;
            }
            if (want != SINK && want >= LARGE + 0x40000 &&
                rd(f, (uint64_t)i << 12, 8) != want + 1) {
                bad++;
            }
            /* count runs anew */
            before = i ? f->shown[i - 1] : 0;
            if (i && !(before == SINK ? f->shown[i] == SINK :
                       f->shown[i] == before + 4096)) {
                runs++;
            }
        }
        CU_ASSERT_TRUE(shown_ok);
        if (!f->trapped) {
            CU_ASSERT_EQUAL(f->vm->aperture[GPUVM_BAR1].runs, runs);
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_TRUE(gpuvm_counter(&f->th->host.counters,
                                 GPUVM_CNT_REMAP_FALLBACKS) > 0);
    g_rand_free(r);
    teardown(f);
}

/* Without the device's help everything traps; straddling, read-only pages. */
static void test_traps(void)
{
    Fixture *f = setup(NULL);

    tables(f);
    put64(f, SMALL, PTE(0x800000));
    put64(f, SMALL + 8, PTE(0xa00000) | 4);     /* read only */
    gpuvm_aperture_set(f->vm, GPUVM_BAR1, true, INST);
    gpuvm_aperture_write(f->vm, GPUVM_BAR1, 0xff8, 0x0102030405060708ull, 8);
    CU_ASSERT_EQUAL(rd(f, 0xff8, 8), 0x0102030405060708ull);
    gpuvm_aperture_write(f->vm, GPUVM_BAR1, 0x1000, 0xffffffff, 4);
    CU_ASSERT_EQUAL(rd(f, 0x1000, 4), 0);
    put64(f, 0xa00000, 0xddccbbaa);
    CU_ASSERT_EQUAL(rd(f, 0xffe, 4), 0xbbaa0102);
    gpuvm_aperture_write(f->vm, GPUVM_BAR1, 0xffe, 0x11223344, 4);
    CU_ASSERT_EQUAL(rd(f, 0xffe, 4), 0xbbaa3344);
    CU_ASSERT_EQUAL(rd(f, 0x2000, 8), 0);
    CU_ASSERT_EQUAL(rd(f, 0x10, 9), 0);
    CU_ASSERT_EQUAL(f->maps + f->sinks + f->traps, 0);
    teardown(f);
}

static CU_TestInfo tests[] = {
    { "linear", test_linear },
    { "changes only", test_changes },
    { "directory moves", test_directory_moves },
    { "budget of mappings", test_budget },
    { "budget shared by VMs", test_shared_budget },
    { "random tables", test_random },
    { "trapped accesses", test_traps },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "aperture", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
