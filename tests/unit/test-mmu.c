/*
 * The GF100 page-table walk and the decoding of entries (vgpu/pagetable.c).
 *
 * Entries are written here bit by bit from the format's table in the
 * reference (nvc0-nouveau.md 4.4), not with the macros that the code uses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <string.h>

#include "spec/fault.h"
#include "vgpu/pagetable.h"

#define MIB         (1024u * 1024u)
#define VRAM_SIZE   (16u * MIB)
#define RAM_BASE    0x40000000u
#define RAM_SIZE    (4u * MIB)

#define PD          0x100000u
#define LARGE       0x200000u       /* tables in VRAM */
#define SMALL       0x300000u
#define RAM_TABLE   (RAM_BASE + 0x100000u)

static TestHost *th;
static GpuvmSlice slice;
static GpuvmMem mem;

static void setup(void)
{
    th = test_host_new(RAM_BASE, RAM_SIZE);
    slice = (GpuvmSlice) { .size = VRAM_SIZE, .fd = -1 };
    slice.map = g_malloc0(VRAM_SIZE);
    mem = (GpuvmMem) { &slice, &th->host };
}

static void teardown(void)
{
    g_free(slice.map);
    test_host_free(th);
}

static void put64(uint64_t off, uint64_t v)
{
    memcpy((uint8_t *)slice.map + off, &v, 8);
}

static void put_ram64(uint64_t gpa, uint64_t v)
{
    memcpy(th->ram + (gpa - RAM_BASE), &v, 8);
}

static bool walk(bool is_64k, uint64_t va, GpuvmPtHit *hit, uint32_t *reason)
{
    GpuvmPdb pdb = { PD, GPUVM_TARGET_VRAM, true };

    memset(hit, 0xee, sizeof(*hit));
    *reason = 0xff;
    return gpuvm_pt_walk(&mem, gpuvm_pt_mode(is_64k), &pdb, va, hit, reason);
}

static void expect(bool is_64k, uint64_t va, GpuvmTarget target,
                   uint64_t addr, uint64_t left)
{
    GpuvmPtHit h;
    uint32_t reason;

    CU_ASSERT_TRUE_FATAL(walk(is_64k, va, &h, &reason));
    CU_ASSERT_EQUAL(h.pte.target, target);
    CU_ASSERT_EQUAL(h.addr, addr);
    CU_ASSERT_EQUAL(h.left, left);
}

static void expect_fault(bool is_64k, uint64_t va, uint32_t reason)
{
    GpuvmPtHit h;
    uint32_t r;

    CU_ASSERT_FALSE(walk(is_64k, va, &h, &r));
    CU_ASSERT_EQUAL(r, reason);
}

/* table address A (4 KiB-aligned): bits 4-31 of its half hold A >> 12 */
#define HALF(addr, code)    ((uint64_t)((addr) >> 12 << 4 | (code)))
#define PDE(lo, hi)         ((lo) | (hi) << 32)

static void test_geometry(void)
{
    const GpuvmPtMode *a = gpuvm_pt_mode(false), *b = gpuvm_pt_mode(true);

    CU_ASSERT_EQUAL(a->pdes, 8192);
    CU_ASSERT_EQUAL(a->ptes[GPUVM_PT_LARGE], 1024);
    CU_ASSERT_EQUAL(a->ptes[GPUVM_PT_SMALL], 32768);
    CU_ASSERT_EQUAL(a->ratio, 32);
    CU_ASSERT_EQUAL(b->pdes, 16384);
    CU_ASSERT_EQUAL(b->ptes[GPUVM_PT_LARGE], 1024);
    CU_ASSERT_EQUAL(b->ptes[GPUVM_PT_SMALL], 16384);
    CU_ASSERT_EQUAL(b->ratio, 16);
}

static void test_small(void)
{
    /* PDE 5 (VA 640 MiB): small table in VRAM in the HIGH dword */
    uint64_t va = 5ull << 27 | 0x1234u << 12 | 0x678;

    setup();
    put64(PD + 5 * 8, PDE(0ull, HALF(SMALL, 1)));
    put64(SMALL + 0x1234 * 8, 0x00abc000 >> 8 | 1);
    expect(false, va, GPUVM_TARGET_VRAM, 0xabc678, 0x1000 - 0x678);
    expect_fault(false, va + 0x1000, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    expect_fault(false, 6ull << 27, NVC0_FAULT_REASON_PT_NOT_PRESENT);
    expect_fault(false, 1ull << 40, NVC0_FAULT_REASON_VM_LIMIT);
    /* the same words seen with 64 KiB large pages lie elsewhere */
    expect(true, 5ull << 26 | 0x1234u << 12 | 0xff8, GPUVM_TARGET_VRAM,
           0xabcff8, 8);
    teardown();
}

static void test_large(void)
{
    uint64_t va = 1ull << 27 | 3u << 17 | 0x1abcd;

    setup();
    put64(PD + 8, PDE(HALF(LARGE, 1), 0ull));
    put64(LARGE + 3 * 8, 0x00460000 >> 8 | 1);
    expect(false, va, GPUVM_TARGET_VRAM, 0x460000 + 0x1abcd,
           0x20000 - 0x1abcd);
    /* 64 KiB: the fourth entry of the PDE of VA 64 MiB */
    expect(true, 1ull << 26 | 3u << 16 | 0xabcd, GPUVM_TARGET_VRAM,
           0x460000 + 0xabcd, 0x10000 - 0xabcd);
    teardown();
}

/* Both tables: large first, small where the large entry is invalid. */
static void test_order(void)
{
    uint64_t base = 2ull << 27;

    setup();
    put64(PD + 16, PDE(HALF(LARGE, 1), HALF(SMALL, 1)));
    put64(LARGE + 0, 0x00800000 >> 8 | 1);
    put64(SMALL + 0, 0x00111000 >> 8 | 1);     /* hidden */
    put64(SMALL + 32 * 8, 0x00222000 >> 8 | 1); /* slot 1, large invalid */
    expect(false, base + 4, GPUVM_TARGET_VRAM, 0x800004, 0x20000 - 4);
    expect(false, base + 0x20000, GPUVM_TARGET_VRAM, 0x222000, 0x1000);
    put64(LARGE + 0, 0x00800000 >> 8);         /* valid bit gone */
    expect(false, base + 4, GPUVM_TARGET_VRAM, 0x111004, 0xffc);
    /* valid, but aperture code 1 does not exist: it hides the small one */
    put64(LARGE + 0, 0x00800000 >> 8 | 1 | 1ull << 33);
    expect_fault(false, base + 4, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    teardown();
}

/* PDE code 1 is VRAM, 2 and 3 system memory; PTE and pointer 0, 2 and 3. */
static void test_targets(void)
{
    uint64_t codes[] = { 2, 3 };
    unsigned i;

    setup();
    put_ram64(RAM_TABLE + 7 * 8, 0x00555000 >> 8 | 1);
    for (i = 0; i < 2; i++) {
        put64(PD, PDE(0ull, HALF(RAM_TABLE, codes[i]) | 1 << 2));
        expect(false, 0x7010, GPUVM_TARGET_VRAM, 0x555010, 0xff0);
    }
    /* code 0 is absent, whatever the address */
    put64(PD, PDE(0ull, HALF(SMALL, 0)));
    expect_fault(false, 0x7010, NVC0_FAULT_REASON_PT_NOT_PRESENT);

    put64(PD, PDE(0ull, HALF(SMALL, 1)));
    for (i = 0; i < 2; i++) {
        put64(SMALL + 7 * 8, 0x40003000 >> 8 | 1 | codes[i] << 33);
        expect(false, 0x7010, GPUVM_TARGET_SYSRAM, 0x40003010, 0xff0);
    }
    put64(SMALL + 7 * 8, 0x40003000 >> 8 | 1 | 1ull << 33);
    expect_fault(false, 0x7010, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    teardown();
}

static void test_pte_bits(void)
{
    const GpuvmPtMode *m = gpuvm_pt_mode(false);
    GpuvmPte p;

    p = gpuvm_pt_pte_decode(m, GPUVM_PT_SMALL, 0xfffffff1ull);
    CU_ASSERT_EQUAL(p.addr, 0xfffffff000ull);
    CU_ASSERT_TRUE(p.usable);
    CU_ASSERT_EQUAL(p.flags, 0);
    p = gpuvm_pt_pte_decode(m, GPUVM_PT_LARGE, 0xfffffff1ull);
    CU_ASSERT_EQUAL(p.addr, 0xfffffe0000ull);
    p = gpuvm_pt_pte_decode(gpuvm_pt_mode(true), GPUVM_PT_LARGE,
                            0xfffffff1ull);
    CU_ASSERT_EQUAL(p.addr, 0xffffff0000ull);
    p = gpuvm_pt_pte_decode(m, GPUVM_PT_SMALL, 1 | 2);
    CU_ASSERT_EQUAL(p.flags, GPUVM_BIND_PRIV);
    p = gpuvm_pt_pte_decode(m, GPUVM_PT_SMALL, 1 | 4);
    CU_ASSERT_EQUAL(p.flags, GPUVM_BIND_READ_ONLY);
    p = gpuvm_pt_pte_decode(m, GPUVM_PT_SMALL, 1 | 1ull << 32);
    CU_ASSERT_EQUAL(p.flags, GPUVM_BIND_VOLATILE);
    p = gpuvm_pt_pte_decode(m, GPUVM_PT_SMALL,
                            1 | 0xfeull << 36 | 0x1ffffull << 44);
    CU_ASSERT_EQUAL(p.kind, 0xfe);
    CU_ASSERT_EQUAL(p.flags, 0);
    CU_ASSERT_FALSE(gpuvm_pt_pte_decode(m, GPUVM_PT_SMALL, ~1ull).valid);
}

/* Bits 2-3 of the PDE: tables that cover only its first 64, 32, 16 MiB. */
static void test_pde_size(void)
{
    static const uint32_t mib[] = { 128, 64, 32, 16 };
    const GpuvmPtMode *m = gpuvm_pt_mode(false);
    uint64_t code;
    GpuvmPde p;

    for (code = 0; code < 4; code++) {
        p = gpuvm_pt_pde_decode(m, PDE(HALF(LARGE, 1) | code << 2,
                                       HALF(SMALL, 1)));
        CU_ASSERT_EQUAL(p.table[GPUVM_PT_LARGE].ptes, mib[code] * 8);
        CU_ASSERT_EQUAL(p.table[GPUVM_PT_SMALL].ptes, mib[code] * 256);
        CU_ASSERT_EQUAL(p.table[GPUVM_PT_LARGE].addr, LARGE);
        CU_ASSERT_EQUAL(p.table[GPUVM_PT_SMALL].addr, SMALL);
        p = gpuvm_pt_pde_decode(gpuvm_pt_mode(true),
                                PDE(HALF(LARGE, 1) | code << 2, 0ull));
        CU_ASSERT_EQUAL(p.table[GPUVM_PT_LARGE].ptes,
                        MIN(mib[code], 64) * 16);
        CU_ASSERT_EQUAL(p.table[GPUVM_PT_SMALL].ptes, 0);
    }
    setup();
    put64(PD, PDE(HALF(LARGE, 1) | 3 << 2, 0ull));
    put64(LARGE + 128 * 8, 1);
    expect_fault(false, 16u * MIB, NVC0_FAULT_REASON_PT_TOO_SHORT);
    put64(PD, PDE(HALF(LARGE, 1) | 2 << 2, 0ull));
    expect(false, 16u * MIB, GPUVM_TARGET_VRAM, 0, 0x20000);
    teardown();
}

static void test_pdb(void)
{
    GpuvmPdb p = gpuvm_pt_pdb_decode(0x00345000, 0x12);

    CU_ASSERT_TRUE(p.valid);
    CU_ASSERT_EQUAL(p.addr, 0x1200345000ull);
    CU_ASSERT_EQUAL(p.target, GPUVM_TARGET_VRAM);
    p = gpuvm_pt_pdb_decode(0x00345000 | 2 | 4, 0xffffff00);
    CU_ASSERT_EQUAL(p.addr, 0x345000);
    CU_ASSERT_EQUAL(p.target, GPUVM_TARGET_SYSRAM);
    CU_ASSERT_EQUAL(gpuvm_pt_pdb_decode(3, 0).target, GPUVM_TARGET_SYSRAM);
    CU_ASSERT_FALSE(gpuvm_pt_pdb_decode(0x00345000 | 1, 0).valid);

    setup();
    put64(0x5000 + 0x200, 0x0000003400567000ull);
    p = gpuvm_pt_pdb_read(&mem, 0x5000);
    CU_ASSERT_TRUE(p.valid);
    CU_ASSERT_EQUAL(p.addr, 0x3400567000ull);
    /* instance blocks outside the slice, one that wraps around included */
    CU_ASSERT_FALSE(gpuvm_pt_pdb_read(&mem, VRAM_SIZE).valid);
    CU_ASSERT_FALSE(gpuvm_pt_pdb_read(&mem, VRAM_SIZE - 0x200).valid);
    CU_ASSERT_FALSE(gpuvm_pt_pdb_read(&mem, UINT64_MAX - 0x200).valid);
    teardown();
}

/* Directory and tables that lie outside memory fault, and touch nothing. */
static void test_outside(void)
{
    GpuvmPdb pdb = { VRAM_SIZE - 8, GPUVM_TARGET_VRAM, true };
    GpuvmPtHit h;
    uint32_t reason;

    setup();
    CU_ASSERT_FALSE(gpuvm_pt_walk(&mem, gpuvm_pt_mode(false), &pdb,
                                  1ull << 27, &h, &reason));
    CU_ASSERT_EQUAL(reason, NVC0_FAULT_REASON_PT_NOT_PRESENT);
    put64(PD, PDE(HALF(VRAM_SIZE, 1), HALF(0xfffffff000ull, 2)));
    expect_fault(false, 0, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    /* a table whose first half is inside: entry by entry */
    put64(PD, PDE(HALF(VRAM_SIZE - 0x1000, 1), 0ull));
    put64(VRAM_SIZE - 8, 0x00700000 >> 8 | 1);
    expect(false, 511u << 17, GPUVM_TARGET_VRAM, 0x700000, 0x20000);
    expect_fault(false, 512u << 17, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    teardown();
}

static CU_TestInfo tests[] = {
    { "geometry of both modes", test_geometry },
    { "small pages", test_small },
    { "large pages", test_large },
    { "large entry first, then small", test_order },
    { "target codes", test_targets },
    { "PTE bits", test_pte_bits },
    { "PDE table sizes", test_pde_size },
    { "page-directory pointer", test_pdb },
    { "tables outside memory", test_outside },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "mmu", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
