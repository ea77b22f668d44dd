/*
 * The differential shadow (vgpu/shadow.c): whatever the guest writes, the
 * sink's view after a sync equals what a walk of the guest's own tables says,
 * page by page, and only changes were told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <string.h>

#include "spec/fault.h"
#include "vgpu/shadow.h"

#define MIB         (1024u * 1024u)
#define VRAM_SIZE   (24u * MIB)
#define RAM_BASE    0x40000000u
#define RAM_SIZE    (8u * MIB)

#define PD          0x100000u
#define TABLES      0x400000u       /* random tables live here */
#define RAM_TABLES  (RAM_BASE + 0x100000u)
#define VA_PAGES    65536u          /* 256 MiB: 2 or 4 PDEs */
#define VA_LIMIT    ((uint64_t)VA_PAGES << 12)

typedef struct View {
    bool mapped;
    GpuvmTarget target;
    uint64_t addr;
    uint32_t flags;
    uint32_t page_size;
    uint8_t kind;
} View;

typedef struct Fixture {
    TestHost *th;
    GpuvmSlice slice;
    GpuvmMem mem;
    GpuvmShadowBudget budget;
    GpuvmShadow *shadow;
    const GpuvmPtMode *mode;
    GpuvmPdb pdb;
    View *view;
    uint64_t limit;
    unsigned binds, unbinds;
    uint64_t bound, unbound;        /* bytes */
    GpuvmBind last;
    bool bad;                       /* a run that must not be */
} Fixture;

static void on_bind(void *opaque, const GpuvmBind *b)
{
    Fixture *f = opaque;
    uint64_t off;

    f->binds++;
    f->bound += b->size;
    f->last = *b;
    if (b->target == GPUVM_TARGET_VRAM ?
        b->addr + b->size > VRAM_SIZE :
        (b->addr < RAM_BASE || b->addr + b->size > RAM_BASE + RAM_SIZE)) {
        f->bad = true;
    }
    for (off = 0; off < b->size && f->view; off += 4096) {
        uint64_t page = (b->va + off) >> 12;

        if (page >= VA_PAGES) {
            f->bad = true;
            return;
        }
        f->view[page] = (View) { true, b->target, b->addr + off, b->flags,
                                 b->page_size, b->kind };
    }
}

static void on_unbind(void *opaque, uint64_t va, uint64_t size)
{
    Fixture *f = opaque;
    uint64_t off;

    f->unbinds++;
    f->unbound += size;
    for (off = 0; off < size && f->view && (va + off) >> 12 < VA_PAGES;
         off += 4096) {
        f->view[(va + off) >> 12].mapped = false;
    }
}

static Fixture *setup(bool is_64k, uint64_t limit, bool check_ram)
{
    Fixture *f = g_new0(Fixture, 1);
    GpuvmShadowConfig cfg = {
        .mem = &f->mem, .mode = gpuvm_pt_mode(is_64k), .limit = limit,
        .budget = &f->budget, .sink = { on_bind, on_unbind, f },
        .check_ram = check_ram,
    };

    f->th = test_host_new(RAM_BASE, RAM_SIZE);
    f->slice = (GpuvmSlice) { .size = VRAM_SIZE, .fd = -1 };
    f->slice.map = g_malloc0(VRAM_SIZE);
    f->mem = (GpuvmMem) { &f->slice, &f->th->host };
    f->budget.max = GPUVM_SHADOW_BUDGET;
    f->mode = cfg.mode;
    f->limit = limit;
    f->pdb = (GpuvmPdb) { PD, GPUVM_TARGET_VRAM, true };
    f->view = limit == VA_LIMIT ? g_new0(View, VA_PAGES) : NULL;
    f->shadow = gpuvm_shadow_new(&cfg);
    return f;
}

static void teardown(Fixture *f)
{
    gpuvm_shadow_free(f->shadow);
    CU_ASSERT_EQUAL(f->budget.used, 0);
    CU_ASSERT_FALSE(f->bad);
    g_free(f->view);
    g_free(f->slice.map);
    test_host_free(f->th);
    g_free(f);
}

static void put64(Fixture *f, uint64_t off, uint64_t v)
{
    memcpy((uint8_t *)f->slice.map + off, &v, 8);
}

static void sync_it(Fixture *f, bool full)
{
    f->binds = f->unbinds = 0;
    f->bound = f->unbound = 0;
    gpuvm_shadow_sync(f->shadow, &f->pdb, full);
}

/* What the guest's tables say of one page, and whether it is the VM's. */
static View naive(Fixture *f, uint64_t va)
{
    GpuvmPtHit h;
    uint32_t reason;
    uint64_t page;

    if (!gpuvm_pt_walk(&f->mem, f->mode, &f->pdb, va, &h, &reason)) {
        return (View) { .mapped = false };
    }
    page = h.addr & ~(uint64_t)4095;
    if (h.pte.target == GPUVM_TARGET_VRAM) {
        /* the whole large page must lie inside */
        if (h.pte.addr + h.page_size > VRAM_SIZE) {
            return (View) { .mapped = false };
        }
    } else if (page < RAM_BASE || page + 4096 > RAM_BASE + RAM_SIZE) {
        return (View) { .mapped = false };
    }
    return (View) { true, h.pte.target, page, h.pte.flags, h.page_size,
                    h.pte.kind };
}

static unsigned differences(Fixture *f)
{
    unsigned n = 0;
    uint32_t i;

    for (i = 0; i < VA_PAGES; i++) {
        View a = naive(f, (uint64_t)i << 12), *b = &f->view[i];

        n += a.mapped != b->mapped ||
             (a.mapped && (a.target != b->target || a.addr != b->addr ||
                           a.flags != b->flags || a.kind != b->kind ||
                           a.page_size != b->page_size));
    }
    return n;
}

/* ---- plain cases -------------------------------------------------------------- */

#define HALF(addr, code)    ((uint64_t)((addr) >> 12 << 4 | (code)))
#define PTE(addr)           ((uint64_t)(addr) >> 8 | 1)

static void test_runs(void)
{
    Fixture *f = setup(false, VA_LIMIT, true);
    unsigned i;

    put64(f, PD, HALF(TABLES, 1) << 32 | HALF(TABLES + 0x100000, 1));
    for (i = 16; i < 116; i++) {
        put64(f, TABLES + i * 8, PTE(0x800000 + i * 4096));
    }
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->binds, 1);
    CU_ASSERT_EQUAL(f->last.va, 16 * 4096);
    CU_ASSERT_EQUAL(f->last.size, 100 * 4096);
    CU_ASSERT_EQUAL(f->last.addr, 0x800000 + 16 * 4096);
    CU_ASSERT_EQUAL(f->last.page_size, 4096);
    CU_ASSERT_EQUAL(gpuvm_shadow_stats(f->shadow)->entries, 100);
    CU_ASSERT_EQUAL(gpuvm_shadow_stats(f->shadow)->tables, 2);

    sync_it(f, false);
    CU_ASSERT_EQUAL(f->binds + f->unbinds, 0);

    /* one page goes: one unbind of one page */
    put64(f, TABLES + 50 * 8, 0);
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->binds, 0);
    CU_ASSERT_EQUAL(f->unbinds, 1);
    CU_ASSERT_EQUAL(f->unbound, 4096);

    /* two large pages over it: one run of 256 KiB */
    put64(f, TABLES + 0x100000, PTE(0x0c00000));
    put64(f, TABLES + 0x100008, PTE(0x0c20000));
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->binds, 1);
    CU_ASSERT_EQUAL(f->last.size, 0x40000);
    CU_ASSERT_EQUAL(f->last.page_size, 0x20000);
    CU_ASSERT_EQUAL(differences(f), 0);
    /* small entries below large ones change unseen */
    put64(f, TABLES + 20 * 8, PTE(0x900000));
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->binds + f->unbinds, 0);
    /* and come to light when the large page goes */
    put64(f, TABLES + 0x100000, 0);
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->bound, 16 * 4096);
    CU_ASSERT_EQUAL(f->unbound, 16 * 4096);
    CU_ASSERT_EQUAL(differences(f), 0);

    /* full: everything is told again, and means the same */
    sync_it(f, true);
    CU_ASSERT_EQUAL(gpuvm_shadow_stats(f->shadow)->entries, 0);
    CU_ASSERT_EQUAL(f->bound + f->unbound, 128u * MIB);
    CU_ASSERT_EQUAL(differences(f), 0);

    /* the directory entry goes */
    put64(f, PD, 0);
    sync_it(f, false);
    CU_ASSERT_EQUAL(differences(f), 0);
    CU_ASSERT_EQUAL(f->budget.used, 0);
    teardown(f);
}

static void test_refused(void)
{
    Fixture *f = setup(false, VA_LIMIT, true);
    GpuvmCounters *c = &f->th->host.counters;
    GpuvmPtHit h;
    uint32_t reason;

    put64(f, PD, HALF(TABLES, 1) << 32 | HALF(TABLES + 0x100000, 1));
    put64(f, TABLES + 0, PTE(VRAM_SIZE - 4096));
    put64(f, TABLES + 8, PTE(VRAM_SIZE));               /* outside */
    put64(f, TABLES + 16, PTE(RAM_BASE) | 2ull << 33);
    put64(f, TABLES + 24, PTE(RAM_BASE + 4096) | 2ull << 33);
    put64(f, TABLES + 32, PTE(RAM_BASE - 4096) | 2ull << 33);   /* no RAM */
    put64(f, TABLES + 40, PTE(RAM_BASE) | 2ull << 33);
    put64(f, TABLES + 0x100008, PTE(VRAM_SIZE - 0x10000)); /* masked: inside */
    put64(f, TABLES + 0x100010, PTE(0xfffffe0000ull));
    sync_it(f, false);
    CU_ASSERT_EQUAL(differences(f), 0);
    CU_ASSERT_TRUE(f->view[0].mapped);
    CU_ASSERT_FALSE(f->view[1].mapped);
    CU_ASSERT_TRUE(f->view[3].mapped);
    CU_ASSERT_FALSE(f->view[4].mapped);
    CU_ASSERT_TRUE(f->view[5].mapped);
    CU_ASSERT_TRUE(f->view[32].mapped);
    CU_ASSERT_FALSE(f->view[64].mapped);
    CU_ASSERT_EQUAL(gpuvm_counter(c, GPUVM_CNT_SHADOW_REFUSED), 3);
    CU_ASSERT_EQUAL(gpuvm_counter(c, GPUVM_CNT_GUEST_ERRORS), 1);
    CU_ASSERT_EQUAL(f->th->traces[GPUVM_TRACE_SHADOW_REFUSED], 3);
    CU_ASSERT_TRUE(gpuvm_shadow_lookup(f->shadow, 4095, &h, &reason));
    CU_ASSERT_EQUAL(h.addr, VRAM_SIZE - 1);
    CU_ASSERT_EQUAL(h.left, 1);
    CU_ASSERT_FALSE(gpuvm_shadow_lookup(f->shadow, 4096, &h, &reason));
    CU_ASSERT_EQUAL(reason, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    /* a run of RAM with a hole past its end */
    put64(f, TABLES + 80, PTE(RAM_BASE + RAM_SIZE - 4096) | 2ull << 33);
    put64(f, TABLES + 88, PTE(RAM_BASE + RAM_SIZE) | 2ull << 33);
    put64(f, TABLES + 96, PTE(RAM_BASE + RAM_SIZE + 4096) | 2ull << 33);
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->bound, 4096);
    CU_ASSERT_EQUAL(differences(f), 0);
    teardown(f);
}

/* ---- random tables against the walk ------------------------------------------- */

static uint64_t random_pte(GRand *r, bool large)
{
    uint64_t addr;
    uint64_t pte = g_rand_int_range(r, 0, 8) ? 1 : 0;

    switch (g_rand_int_range(r, 0, 8)) {
    case 0:     /* anywhere */
        return g_rand_int(r) | (uint64_t)g_rand_int(r) << 32;
    case 1:
    case 2:
        addr = RAM_BASE - 0x8000 +
               (uint64_t)g_rand_int_range(r, 0, RAM_SIZE / 4096 + 16) * 4096;
        pte |= (uint64_t)g_rand_int_range(r, 2, 4) << 33;
        break;
    case 3:
        addr = VRAM_SIZE - 0x40000 + g_rand_int_range(r, 0, 128) * 4096;
        break;
    default:
        addr = (uint64_t)g_rand_int_range(r, 0, VRAM_SIZE / 4096) * 4096;
        break;
    }
    if (!g_rand_int_range(r, 0, 4)) {
        pte |= g_rand_int_range(r, 0, 4) << 1;
        pte |= (uint64_t)g_rand_int_range(r, 0, 256) << 36;
    }
    return addr >> 8 | pte;
}

static uint64_t random_table(GRand *r)
{
    switch (g_rand_int_range(r, 0, 6)) {
    case 0:
        return 0;
    case 1:     /* in RAM, sometimes past its end */
        return HALF(RAM_TABLES + g_rand_int_range(r, 0, 8) * 0x100000u,
                    g_rand_int_range(r, 2, 4));
    case 2:     /* partly outside the slice */
        return HALF(VRAM_SIZE - g_rand_int_range(r, 0, 40) * 4096u, 1);
    default:
        return HALF(TABLES + g_rand_int_range(r, 0, 6) * 0x40000u, 1);
    }
}

static void edit(Fixture *f, GRand *r)
{
    unsigned kind = g_rand_int_range(r, 0, 20);
    uint64_t table = TABLES + g_rand_int_range(r, 0, 6) * 0x40000ull;
    unsigned i, n, first;
    uint64_t pte;

    if (kind == 0) {
        uint64_t lo = random_table(r);

        if (!g_rand_int_range(r, 0, 3)) {
            lo |= g_rand_int_range(r, 0, 4) << 2;
        }
        put64(f, PD + g_rand_int_range(r, 0, 5) * 8,
              random_table(r) << 32 | lo);
    } else if (kind == 1) {     /* in RAM tables */
        pte = random_pte(r, false);
        memcpy(f->th->ram + 0x100000 * (1 + g_rand_int_range(r, 0, 7)) +
               g_rand_int_range(r, 0, 32768) * 8u, &pte, 8);
    } else {                    /* a stretch of neighbours */
        first = kind < 10 ? g_rand_int_range(r, 0, 1024) :
                g_rand_int_range(r, 0, 32768);
        n = MIN(g_rand_int_range(r, 1, 80), 32768 - first);
        pte = kind == 5 ? 0 : random_pte(r, false);
        for (i = 0; i < n; i++) {
            put64(f, table + (first + i) * 8, pte ? pte + i * 16 : 0);
        }
    }
}

static void random_rounds(bool is_64k, uint32_t seed, bool full)
{
    Fixture *f = setup(is_64k, VA_LIMIT, true);
    GRand *r = g_rand_new_with_seed(seed);
    unsigned round, i, bad = 0;

    for (round = 0; round < 120; round++) {
        for (i = g_rand_int_range(r, 0, 30); i; i--) {
            edit(f, r);
        }
        if (round == 60) {      /* the directory moves, with one entry less */
            memcpy((uint8_t *)f->slice.map + PD + 0x20000,
                   (uint8_t *)f->slice.map + PD, 3 * 8);
            f->pdb.addr = PD + 0x20000;
        }
        sync_it(f, full && round % 2);
        bad += differences(f);
    }
    CU_ASSERT_EQUAL(bad, 0);
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->binds + f->unbinds, 0);
    g_rand_free(r);
    teardown(f);
}

static void test_random(void)
{
    random_rounds(false, 1, false);
    random_rounds(false, 2, false);
    random_rounds(true, 3, false);
    random_rounds(true, 4, true);
}

static void test_mode_switch(void)
{
    Fixture *f = setup(false, VA_LIMIT, true);
    GRand *r = g_rand_new_with_seed(5);
    unsigned i;

    for (i = 0; i < 400; i++) {
        edit(f, r);
    }
    sync_it(f, false);
    CU_ASSERT_EQUAL(differences(f), 0);
    f->mode = gpuvm_pt_mode(true);
    gpuvm_shadow_set_mode(f->shadow, f->mode);
    CU_ASSERT_EQUAL(f->budget.used, 0);
    sync_it(f, false);
    CU_ASSERT_EQUAL(differences(f), 0);
    g_rand_free(r);
    teardown(f);
}

/* ---- hostile directories ----------------------------------------------------------- */

/* 8192 PDEs, all of one full table of 32768 entries: 1 TiB of mappings. */
static void test_one_table_everywhere(void)
{
    Fixture *f = setup(false, 1ull << 40, false);
    GpuvmCounters *c = &f->th->host.counters;
    uint64_t errors;
    unsigned i;
    gint64 start;

    for (i = 0; i < 8192; i++) {
        put64(f, PD + i * 8, HALF(TABLES, 1) << 32);
    }
    for (i = 0; i < 32768; i++) {
        put64(f, TABLES + i * 8, PTE((i % 4096) * 4096));
    }
    start = g_get_monotonic_time();
    sync_it(f, false);
    CU_ASSERT_TRUE(f->budget.used <= GPUVM_SHADOW_BUDGET);
    CU_ASSERT_TRUE(f->bound >= 100ull * 128 * MIB);
    CU_ASSERT_TRUE(gpuvm_counter(c, GPUVM_CNT_SHADOW_REFUSED) >= 8192 - 512);
    CU_ASSERT_TRUE(gpuvm_counter(c, GPUVM_CNT_SHADOW_TABLES) <= 512);
    errors = gpuvm_counter(c, GPUVM_CNT_GUEST_ERRORS);
    CU_ASSERT_EQUAL(errors, 1);
    for (i = 0; i < 3; i++) {
        sync_it(f, false);
    }
    CU_ASSERT_EQUAL(f->binds + f->unbinds, 0);
    CU_ASSERT_EQUAL(gpuvm_counter(c, GPUVM_CNT_GUEST_ERRORS), errors);
    CU_ASSERT_TRUE(g_get_monotonic_time() - start < 10 * G_USEC_PER_SEC);
    /* a tame directory again: everything works as before */
    memset((uint8_t *)f->slice.map + PD, 0, 8192 * 8);
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->budget.used, 0);
    put64(f, PD + 8191 * 8, HALF(TABLES, 1) << 32);
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->bound, 128u * MIB);
    teardown(f);
}

/* A small budget: what does not fit is not mapped, the rest is. */
static void test_budget(void)
{
    Fixture *f = setup(false, VA_LIMIT, true);
    unsigned i, mapped = 0;

    f->budget.max = 3 * 4096 + 2048;
    put64(f, PD, HALF(TABLES, 1) << 32);
    for (i = 0; i < 32768; i += 512) {
        put64(f, TABLES + i * 8, PTE(0x800000));
    }
    sync_it(f, false);
    CU_ASSERT_EQUAL(f->bound, 3 * 4096);
    CU_ASSERT_EQUAL(gpuvm_shadow_stats(f->shadow)->refused, 61);
    CU_ASSERT_EQUAL(gpuvm_counter(&f->th->host.counters,
                                  GPUVM_CNT_GUEST_ERRORS), 1);
    sync_it(f, true);
    for (i = 0; i < VA_PAGES; i++) {
        mapped += f->view[i].mapped;
    }
    CU_ASSERT_EQUAL(mapped, 3);
    /* room again: the next sync maps the rest */
    f->budget.max = GPUVM_SHADOW_BUDGET;
    sync_it(f, false);
    CU_ASSERT_EQUAL(differences(f), 0);
    teardown(f);
}

/* Directory outside the slice, at its end, in RAM, and with no such target. */
static void test_bad_directory(void)
{
    Fixture *f = setup(false, VA_LIMIT, true);
    uint64_t pde = HALF(TABLES, 1) << 32;

    put64(f, PD, pde);
    put64(f, TABLES, PTE(0x800000));
    sync_it(f, false);
    CU_ASSERT_TRUE(f->view[0].mapped);
    f->pdb.addr = VRAM_SIZE;
    sync_it(f, false);
    CU_ASSERT_FALSE(f->view[0].mapped);
    f->pdb.addr = UINT64_MAX - 4095;
    sync_it(f, false);
    f->pdb = (GpuvmPdb) { RAM_BASE, GPUVM_TARGET_SYSRAM, true };
    memcpy(f->th->ram, &pde, 8);
    sync_it(f, false);
    CU_ASSERT_TRUE(f->view[0].mapped);
    f->pdb.valid = false;
    sync_it(f, false);
    CU_ASSERT_FALSE(f->view[0].mapped);
    CU_ASSERT_EQUAL(f->budget.used, 0);
    teardown(f);
}

static CU_TestInfo tests[] = {
    { "runs of changes", test_runs },
    { "refused entries", test_refused },
    { "random edits against a walk", test_random },
    { "mode switch", test_mode_switch },
    { "one table everywhere", test_one_table_everywhere },
    { "budget", test_budget },
    { "bad directories", test_bad_directory },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "shadow", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
