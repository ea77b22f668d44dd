/*
 * Fuzz target: page tables against the shadow.
 *
 * Each input is a series of edits of page directories and tables, in VRAM and
 * in RAM, with syncs between.  After each sync, wherever something was edited
 * and at pages that the input names, the sink's view must be what a walk of
 * the guest's own tables says; no run may ever reach outside the VM's slice or
 * RAM.  At the end the directory goes and nothing may be left mapped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fuzz.h"

#include <string.h>

#include "spec/pagetable.h"
#include "vgpu/shadow.h"

#define VRAM_SIZE   (4u << 20)
#define PD          0x10000u
#define PD2         0x18000u
#define TABLES      0x100000u
#define TABLE_STEP  0x40000u
#define VA_PAGES    65536u
#define VA_PAGES_1  4096u           /* most inputs: 16 MiB of one PDE */
#define MAX_TOUCHED 512

typedef struct View {
    uint64_t addr;
    uint32_t flags, page_size;
    uint8_t target, kind;
    bool mapped;
} View;

static FuzzHost *h;
static GpuvmSlice slice;
static GpuvmMem mem;
static GpuvmShadowBudget budget;
static GpuvmShadow *shadows[2], *shadow;
static uint32_t pages;                  /* that the shadow covers */
static const GpuvmPtMode *mode;
static GpuvmPdb pdb;
static View view[VA_PAGES];
static unsigned mapped;                 /* pages of view */
static uint32_t touched[MAX_TOUCHED];   /* pages to compare */
static unsigned ntouched;
static bool small_budget;

static uint64_t limit(void)
{
    return (uint64_t)pages << 12;
}

static void set(uint64_t page, const View *v)
{
    fuzz_check(page < pages);
    mapped += v->mapped - view[page].mapped;
    view[page] = *v;
}

static void on_bind(void *opaque, const GpuvmBind *b)
{
    fuzz_check(b->size && !(b->size & 4095) && !(b->va & 4095) &&
               !(b->addr & 4095));
    if (b->target == GPUVM_TARGET_VRAM) {
        fuzz_check(b->size <= VRAM_SIZE && b->addr <= VRAM_SIZE - b->size);
    } else {
        fuzz_check(b->target == GPUVM_TARGET_SYSRAM);
        fuzz_check(b->addr >= FUZZ_RAM_BASE && b->size <= FUZZ_RAM_SIZE &&
                   b->addr - FUZZ_RAM_BASE <= FUZZ_RAM_SIZE - b->size);
    }
    for (uint64_t off = 0; off < b->size; off += 4096) {
        View v = { b->addr + off, b->flags, b->page_size, b->target, b->kind,
                   true };

        set((b->va + off) >> 12, &v);
    }
}

static void on_unbind(void *opaque, uint64_t va, uint64_t size)
{
    static const View none;

    fuzz_check(va <= limit() && size <= limit() - va);
    for (uint64_t off = 0; off < size; off += 4096) {
        if (view[(va + off) >> 12].mapped) {
            set((va + off) >> 12, &none);
        }
    }
}

static void init(void)
{
    GpuvmShadowConfig cfg = {
        .mem = &mem, .mode = gpuvm_pt_mode(false),
        .budget = &budget, .sink = { on_bind, on_unbind, NULL },
        .check_ram = true,
    };

    h = fuzz_host_new();
    slice = (GpuvmSlice) { .size = VRAM_SIZE, .fd = -1 };
    slice.map = g_malloc0(VRAM_SIZE);
    mem = (GpuvmMem) { &slice, &h->host };
    budget.max = GPUVM_SHADOW_BUDGET;
    mode = cfg.mode;
    for (unsigned big = 0; big < 2; big++) {
        pages = big ? VA_PAGES : VA_PAGES_1;
        cfg.limit = limit();
        shadows[big] = gpuvm_shadow_new(&cfg);
    }
}

static void fini(void)
{
    gpuvm_shadow_free(shadows[0]);
    gpuvm_shadow_free(shadows[1]);
    fuzz_check(budget.used == 0);
    g_free(slice.map);
    fuzz_host_free(h);
}

/* ---- edits ------------------------------------------------------------------- */

static GArray *writes;          /* of uint64_t *: to be zeroed again */

static void put64(uint64_t *at, uint64_t v)
{
    *at = GUINT64_TO_LE(v);
    if (v) {
        g_array_append_val(writes, at);
    }
}

static uint64_t *vram_at(uint64_t off)
{
    return (uint64_t *)((uint8_t *)slice.map + off);
}

static uint64_t *ram_at(uint64_t off)
{
    return (uint64_t *)(h->ram + off);
}

static uint64_t half(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);
    uint64_t addr;

    switch (how & 7) {
    case 0:
        return 0;
    case 1:
        return fuzz_u32(in);
    case 2:     /* at the slice's end */
        addr = VRAM_SIZE - (how >> 3) * 4096;
        return addr >> 12 << 4 | GF100_PDE_TARGET_VRAM;
    case 3:
        addr = FUZZ_RAM_BASE + (how >> 3) * (FUZZ_RAM_SIZE / 32);
        return addr >> 12 << 4 | GF100_PDE_TARGET_SYS_COH;
    default:
        addr = TABLES + (how >> 3) % 8 * TABLE_STEP;
        return addr >> 12 << 4 | GF100_PDE_TARGET_VRAM;
    }
}

static uint64_t a_pte(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);
    uint64_t pte = how & 1, addr;

    switch (how >> 1 & 7) {
    case 0:
        return 0;
    case 1:
        return fuzz_u64(in);
    case 2:
        addr = FUZZ_RAM_BASE - 0x10000 +
               fuzz_pick(in, FUZZ_RAM_SIZE / 4096 + 32) * 4096ull;
        pte |= 2ull << 33;
        break;
    case 3:
        addr = VRAM_SIZE - 0x40000 + fuzz_pick(in, 128) * 4096;
        break;
    default:
        addr = fuzz_pick(in, VRAM_SIZE / 4096) * 4096ull;
    }
    if (how & 0x40) {
        pte |= (how >> 4 & 3) << 1 | (uint64_t)fuzz_u8(in) << 36;
    }
    return addr >> 8 | pte;
}

static void touch(uint32_t page)
{
    if (ntouched < MAX_TOUCHED) {
        touched[ntouched++] = page % pages;
    }
}

/* Pages that entry @e of some table may rule, in each PDE. */
static void touch_entry(uint32_t e)
{
    uint32_t span = 1u << (mode->pde_bits - 12);

    for (uint32_t base = 0; base < pages; base += span) {
        touch(base + e % span);
        if (e < mode->ptes[GPUVM_PT_LARGE]) {
            touch(base + e * mode->ratio);
            touch(base + e * mode->ratio + mode->ratio - 1);
        }
    }
}

static void edit_pde(FuzzIn *in)
{
    uint32_t i = fuzz_pick(in, 6);
    uint64_t lo = half(in), hi = half(in);
    uint32_t span = 1u << (mode->pde_bits - 12);

    lo |= fuzz_u8(in) & 0xc;
    put64(vram_at(pdb.addr == PD2 ? PD2 : PD) + i, hi << 32 | lo);
    touch(i * span);
    touch(i * span + span - 1);
    touch(i * span + fuzz_pick(in, span));
}

static void edit_ptes(FuzzIn *in, bool ram)
{
    uint32_t table = fuzz_pick(in, 8), n = fuzz_pick(in, 64) + 1;
    uint32_t first = fuzz_u16(in) % (fuzz_u8(in) & 1 ? 32768 : 512);
    uint64_t pte = a_pte(in);
    uint64_t step = fuzz_u8(in) & 3 ? 16 : 512;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t e = MIN(first + i, 32767);
        uint64_t v = pte ? pte + i * step : 0;

        if (ram) {
            put64(ram_at(table * (FUZZ_RAM_SIZE / 32) % FUZZ_RAM_SIZE) +
                  e % (FUZZ_RAM_SIZE / 4 / 8), v);
        } else {
            put64(vram_at(TABLES + table * TABLE_STEP) + e, v);
        }
    }
    touch_entry(first);
    touch_entry(first + n - 1);
    touch_entry(first + n / 2);
}

static void move_directory(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);

    switch (how & 7) {
    case 0:
        pdb.addr = how & 8 ? VRAM_SIZE - 4096 : fuzz_u64(in) & ~4095ull;
        pdb.target = GPUVM_TARGET_VRAM;
        break;
    case 1:
        pdb.addr = FUZZ_RAM_BASE + (how >> 3) * 4096;
        pdb.target = GPUVM_TARGET_SYSRAM;
        break;
    case 2:
        pdb.valid = !pdb.valid;
        break;
    default:
        pdb = (GpuvmPdb) { how & 8 ? PD2 : PD, GPUVM_TARGET_VRAM, true };
    }
}

/* ---- comparing ------------------------------------------------------------------ */

static View naive(uint64_t va)
{
    View none = { 0 };
    GpuvmPtHit hit;
    uint32_t reason;
    uint64_t page;

    if (!gpuvm_pt_walk(&mem, mode, &pdb, va, &hit, &reason)) {
        return none;
    }
    page = hit.addr & ~(uint64_t)4095;
    if (hit.pte.target == GPUVM_TARGET_VRAM) {
        if (hit.pte.addr + hit.page_size > VRAM_SIZE) {
            return none;
        }
    } else if (page < FUZZ_RAM_BASE ||
               page + 4096 > FUZZ_RAM_BASE + FUZZ_RAM_SIZE) {
        return none;
    }
    return (View) { page, hit.pte.flags, hit.page_size, hit.pte.target,
                    hit.pte.kind, true };
}

static void compare(void)
{
    /*
     * Over budget a table counts as empty: nothing is mapped, or, where it is
     * the one of large pages, the small ones under it come to light.  All of
     * it is the VM's memory, which is what on_bind() asserts.
     */
    for (unsigned i = 0; i < ntouched && !small_budget; i++) {
        View a = naive((uint64_t)touched[i] << 12), *b = &view[touched[i]];

        fuzz_check(a.mapped == b->mapped);
        fuzz_check(!a.mapped ||
                   (a.addr == b->addr && a.target == b->target &&
                    a.flags == b->flags && a.kind == b->kind &&
                    a.page_size == b->page_size));
    }
    ntouched = 0;
}

static void sync_all(bool full)
{
    gpuvm_shadow_sync(shadow, &pdb, full);
    fuzz_check(budget.used <= MAX(budget.max, GPUVM_SHADOW_BUDGET));
    compare();
}

static void lookup(FuzzIn *in)
{
    uint64_t va = fuzz_u64(in) & ((1ull << 40) - 1);
    GpuvmPtHit hit;
    uint32_t reason;

    if (fuzz_u8(in) & 1) {
        va %= limit();
    }
    if (gpuvm_shadow_lookup(shadow, va, &hit, &reason) &&
        hit.pte.target == GPUVM_TARGET_VRAM) {
        fuzz_check(hit.left && hit.addr < VRAM_SIZE &&
                   hit.left <= VRAM_SIZE - hit.addr);
    }
    touch(va >> 12);
}

static void one(FuzzIn *in)
{
    uint8_t flags = fuzz_u8(in);

    writes = g_array_new(FALSE, FALSE, sizeof(uint64_t *));
    pdb = (GpuvmPdb) { PD, GPUVM_TARGET_VRAM, true };
    small_budget = (flags & 6) == 6;
    budget.max = small_budget ? 8 * 4096 : GPUVM_SHADOW_BUDGET;
    pages = flags & 0x38 ? VA_PAGES_1 : VA_PAGES;
    shadow = shadows[pages == VA_PAGES];
    mode = gpuvm_pt_mode(flags & 1);
    gpuvm_shadow_set_mode(shadow, mode);
    fuzz_check(!mapped && !budget.used);
    put64(vram_at(PD), half(in) << 32 | half(in));
    while (in->n) {
        uint8_t op = fuzz_u8(in);

        switch (op & 15) {
        case 0: case 1: edit_pde(in); break;
        case 2: edit_ptes(in, true); break;
        case 3: move_directory(in); break;
        case 4: sync_all(op & 0x80); break;
        case 5: lookup(in); break;
        case 6:
            if (op & 0x80) {
                mode = gpuvm_pt_mode(op & 0x40);
                gpuvm_shadow_set_mode(shadow, mode);
                ntouched = 0;
            }
            sync_all(false);
            break;
        default: edit_ptes(in, false);
        }
    }
    sync_all(false);
    for (unsigned i = 0; i < writes->len; i++) {
        *g_array_index(writes, uint64_t *, i) = 0;
    }
    g_array_free(writes, TRUE);
    pdb = (GpuvmPdb) { PD, GPUVM_TARGET_VRAM, true };
    gpuvm_shadow_sync(shadow, &pdb, false);
    fuzz_check(!mapped && !budget.used);
}

const FuzzTarget fuzz_target = {
    .name = "pagetable", .max_len = 1024, .init = init, .one = one,
    .exit = fini,
};
