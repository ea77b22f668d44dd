/*
 * What a sync of a shadowed page directory costs, against the tables that are
 * present and the entries that changed (vgpu/shadow.c).
 *
 * The guest's tables lie in VRAM of a software GPU, whose address space gets
 * the changes, as in a VM.  Each table is of 4 KiB pages, full: 32768 entries,
 * 256 KiB, 128 MiB of addresses.  Between two syncs a number of entries is
 * pointed to another page, spread evenly over all tables (each a run of its
 * own), or side by side.  One line a case:
 *
 *   tables=N changed=N spread|dense diff|full least=US median=US
 *   tables=N all new least=US median=US
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gpu/gpu.h"
#include "spec/pagetable.h"
#include "vgpu/shadow.h"

#define MIB             (1u << 20)
#define VRAM            (64u * MIB)
#define PD              0x10000u            /* the directory's offset */
#define TABLES          (16u * MIB)         /* the tables' */
#define ENTRIES         32768u              /* of a table */
#define TABLE_BYTES     (ENTRIES * GF100_PT_ENTRY_SIZE)
#define MAX_TABLES      64u
#define MAX_ROUNDS      1000
#define FIRSTS          7           /* times that all is new */
#define BATCH           128

typedef struct Rig {
    GpuvmHost host;
    GpuvmGpu *gpu;
    GpuvmSlice slice;
    GpuvmGpuAs *as;
    GpuvmMem mem;
    GpuvmShadowBudget budget;
    GpuvmShadow *shadow;
    GpuvmBind batch[BATCH];
    size_t n;
    unsigned tables;
    uint32_t flip;              /* what entries point to, different each time */
} Rig;

static uint64_t now_ns(void *opaque)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void *no_ram(void *opaque, uint64_t gpa, uint64_t *len, bool write)
{
    return NULL;
}

static const GpuvmHostOps host_ops = { .ram_map = no_ram, .clock_ns = now_ns };

static void flush_batch(Rig *r)
{
    if (r->n && r->gpu->ops->as_bind(r->as, r->batch, r->n)) {
        g_error("the GPU refuses the mappings");
    }
    r->n = 0;
}

static void on_bind(void *opaque, const GpuvmBind *run)
{
    Rig *r = opaque;

    r->batch[r->n++] = *run;
    if (r->n == BATCH) {
        flush_batch(r);
    }
}

static void on_unbind(void *opaque, uint64_t va, uint64_t size)
{
    Rig *r = opaque;

    flush_batch(r);
    r->gpu->ops->as_unbind(r->as, va, size);
}

static void put64(Rig *r, uint64_t off, uint64_t val)
{
    val = GUINT64_TO_LE(val);
    memcpy((uint8_t *)r->slice.map + off, &val, 8);
}

/* Entry @i of all tables: a page of the slice, another for another .flip. */
static void put_entry(Rig *r, uint64_t i)
{
    uint64_t page = (i + r->flip) % (VRAM >> 12);

    put64(r, TABLES + i * GF100_PT_ENTRY_SIZE,
          page << GF100_PT_ADDR_LSB | GF100_PTE_VALID);
}

static void rig_open(Rig *r, unsigned tables)
{
    GpuvmGpuConfig gcfg = { .vram_size = VRAM, .threads = 1 };
    GpuvmShadowConfig cfg = {
        .mem = &r->mem, .mode = gpuvm_pt_mode(false),
        .limit = 1ull << GF100_VA_BITS, .budget = &r->budget,
        .sink = { on_bind, on_unbind, r }, .check_ram = true,
    };
    g_autofree char *err = NULL;

    memset(r, 0, sizeof(*r));
    r->host.ops = &host_ops;
    r->tables = tables;
    r->gpu = gpuvm_gpu_open("soft", &gcfg, &err);
    if (!r->gpu || r->gpu->ops->slice_alloc(r->gpu, VRAM, &r->slice, &err) ||
        r->gpu->ops->as_create(r->gpu, &r->slice, &r->host, &r->as)) {
        g_error("no GPU: %s", err ? err : "");
    }
    r->mem = (GpuvmMem) { &r->slice, &r->host };
    r->budget.max = GPUVM_SHADOW_BUDGET;
    r->shadow = gpuvm_shadow_new(&cfg);
    for (unsigned t = 0; t < tables; t++) {
        uint64_t at = TABLES + (uint64_t)t * TABLE_BYTES;

        put64(r, PD + 8 * t, (at >> GF100_PT_ADDR_SHIFT << GF100_PT_ADDR_LSB |
                              GF100_PDE_TARGET_VRAM) << 32);
    }
    for (uint64_t i = 0; i < (uint64_t)tables * ENTRIES; i++) {
        put_entry(r, i);
    }
}

static void rig_close(Rig *r)
{
    gpuvm_shadow_free(r->shadow);
    r->gpu->ops->as_destroy(r->as);
    r->gpu->ops->slice_free(r->gpu, &r->slice);
    r->gpu->ops->close(r->gpu);
}

/* One sync, as vgpu/as.c does it; nanoseconds. */
static uint64_t sync_it(Rig *r, bool full)
{
    GpuvmPdb pdb = { PD, GPUVM_TARGET_VRAM, true };
    uint64_t start = now_ns(NULL);

    gpuvm_shadow_sync(r->shadow, &pdb, full);
    flush_batch(r);
    r->gpu->ops->as_flush(r->as);
    return now_ns(NULL) - start;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static void tell(const Rig *r, uint64_t *ns, unsigned rounds,
                 const char *what)
{
    qsort(ns, rounds, sizeof(*ns), by_value);
    printf("tables=%u %s least=%.1f median=%.1f\n", r->tables, what,
           ns[0] / 1e3, ns[rounds / 2] / 1e3);
    fflush(stdout);
}

static void run(Rig *r, unsigned changed, bool spread, bool full,
                unsigned rounds)
{
    uint64_t all = (uint64_t)r->tables * ENTRIES;
    g_autofree char *what = NULL;
    uint64_t ns[MAX_ROUNDS];

    for (unsigned n = 0; n < rounds; n++) {
        r->flip++;
        for (unsigned i = 0; i < changed; i++) {
            put_entry(r, spread ? i * (all / changed) : i);
        }
        ns[n] = sync_it(r, full);
        if (gpuvm_shadow_stats(r->shadow)->entries != changed) {
            g_error("%" PRIu64 " entries seen, %u changed",
                    gpuvm_shadow_stats(r->shadow)->entries, changed);
        }
    }
    what = g_strdup_printf("changed=%u %s %s", changed,
                           spread ? "spread" : "dense",
                           full ? "full" : "diff");
    tell(r, ns, rounds, what);
}

int main(void)
{
    static const unsigned changes[] = { 0, 1, 16, 256, 4096 };

    for (unsigned tables = 1; tables <= MAX_TABLES; tables *= 4) {
        uint64_t ns[FIRSTS];
        Rig r;

        for (unsigned i = 0; i < FIRSTS; i++) {
            if (i) {
                rig_close(&r);
            }
            rig_open(&r, tables);
            ns[i] = sync_it(&r, false);
        }
        tell(&r, ns, FIRSTS, "all new");
        for (unsigned i = 0; i < G_N_ELEMENTS(changes); i++) {
            run(&r, changes[i], true, false, 101);
        }
        run(&r, 4096, false, false, 101);
        run(&r, 1, true, true, 11);
        rig_close(&r);
    }
    return 0;
}
