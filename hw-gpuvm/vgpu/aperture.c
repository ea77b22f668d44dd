/*
 * BAR1 and BAR3: what the guest's CPU sees of VRAM.
 *
 * Each BAR has a page array that says what each of its 4 KiB pages shows: a
 * page of the slice, or the sink.  With the MMU on it is fed by a shadow of
 * the BAR's page directory; with the MMU off it is linear.  A change is
 * applied in three steps:
 *
 *  1. the shadow's runs go into the page array; ranges that really changed
 *     are noted, and the number of contiguous runs is kept up to date at the
 *     edges of each range only;
 *  2. more runs than the budgets of the VM and of the process (each run is a
 *     mapping of the host process): the whole BAR traps, and nothing is
 *     mapped until it fits again;
 *  3. otherwise the noted ranges are cut into runs, one call to the device
 *     each.  Coming back from a trap, the whole array is.
 *
 * A trapped access goes through the same shadow, so a PTE that names system
 * memory works there, which a mapped BAR can not show.
 *
 * All functions are [device]; the device lock protects everything here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

#include <string.h>

#include "spec/pagetable.h"

#define PAGE_BITS           12
#define PAGE_SIZE           (1u << PAGE_BITS)
#define APERTURE_SINK       UINT32_MAX
#define DEFAULT_MAP_BUDGET  4096

typedef struct PageRange {
    uint32_t first;
    uint32_t n;
} PageRange;

/* ---- the page array ---------------------------------------------------------- */

/* Whether page @i begins a run: it does not continue page i - 1. */
static bool begins_run(const VmAperture *a, uint32_t i)
{
    if (i == 0) {
        return true;
    }
    if (a->want[i] == APERTURE_SINK || a->want[i - 1] == APERTURE_SINK) {
        return a->want[i] != a->want[i - 1];
    }
    return a->want[i] != a->want[i - 1] + 1;
}

static unsigned count_runs(const VmAperture *a, uint32_t first, uint32_t end)
{
    unsigned n = 0;

    for (; first < end; first++) {
        n += begins_run(a, first);
    }
    return n;
}

static void note_changed(VmAperture *a, uint32_t first, uint32_t n)
{
    PageRange r = { first, n };
    PageRange *last;

    if (a->changed->len) {
        last = &g_array_index(a->changed, PageRange, a->changed->len - 1);
        if (last->first + last->n == first) {
            last->n += n;
            return;
        }
    }
    g_array_append_val(a->changed, r);
}

/* Pages [first, first+n) show @vram_page and those after it, or the sink. */
static void set_pages(VmAperture *a, uint32_t first, uint32_t n,
                      uint32_t vram_page)
{
    uint32_t end = MIN((uint64_t)first + n, a->pages);
    uint32_t after = MIN(end + 1, a->pages);
    uint32_t i;

    if (first >= end) {
        return;
    }
    a->runs -= count_runs(a, first, after);
    for (i = first; i < end; i++) {
        uint32_t v = vram_page == APERTURE_SINK ? APERTURE_SINK :
                     vram_page + (i - first);

        if (a->want[i] != v) {
            a->want[i] = v;
            note_changed(a, i, 1);
        }
    }
    a->runs += count_runs(a, first, after);
}

static void shadow_bind(void *opaque, const GpuvmBind *run)
{
    VmAperture *a = opaque;
    uint32_t page = run->target == GPUVM_TARGET_VRAM ?
                    run->addr >> PAGE_BITS : APERTURE_SINK;

    set_pages(a, run->va >> PAGE_BITS, run->size >> PAGE_BITS, page);
}

static void shadow_unbind(void *opaque, uint64_t va, uint64_t size)
{
    set_pages(opaque, va >> PAGE_BITS,
              MIN(size >> PAGE_BITS, UINT32_MAX), APERTURE_SINK);
}

/* ---- showing it --------------------------------------------------------------- */

static bool show_run(GpuvmVm *vm, GpuvmBar bar, uint32_t first, uint32_t n)
{
    VmAperture *a = &vm->aperture[bar];
    const GpuvmApertureOps *ops = vm->cfg.aperture;
    uint64_t off = (uint64_t)first << PAGE_BITS;
    uint64_t size = (uint64_t)n << PAGE_BITS;
    uint32_t page = a->want[first];
    uint64_t vram = page == APERTURE_SINK ? UINT64_MAX :
                    (uint64_t)page << PAGE_BITS;

    gpuvm_count(&vm->host->counters, GPUVM_CNT_REMAPS);
    gpuvm_host_trace(vm->host, GPUVM_TRACE_REMAP, bar, off, size, vram);
    return page == APERTURE_SINK ?
           ops->sink(vm->cfg.aperture_opaque, bar, off, size) :
           ops->map(vm->cfg.aperture_opaque, bar, off, size, vram);
}

static bool show_range(GpuvmVm *vm, GpuvmBar bar, PageRange r)
{
    VmAperture *a = &vm->aperture[bar];
    uint32_t end = r.first + r.n;
    uint32_t first = r.first;
    uint32_t i;

    for (i = first + 1; i <= end; i++) {
        if (i == end || begins_run(a, i)) {
            if (!show_run(vm, bar, first, i - first)) {
                return false;
            }
            first = i;
        }
    }
    return true;
}

static void give_back_maps(GpuvmVm *vm, VmAperture *a)
{
    if (vm->cfg.map_shared) {
        vm->cfg.map_shared->used -= a->held;
    }
    a->held = 0;
}

/* Counts @a's runs in the budgets; false, and as before, if one is over. */
static bool take_maps(GpuvmVm *vm, VmAperture *a)
{
    GpuvmMapBudget *shared = vm->cfg.map_shared;
    uint64_t own = vm->cfg.map_budget ? vm->cfg.map_budget :
                   shared ? UINT32_MAX : DEFAULT_MAP_BUDGET;
    uint64_t sum = a->runs;
    int bar;

    for (bar = 0; bar < GPUVM_BAR_COUNT; bar++) {
        if (&vm->aperture[bar] != a) {
            sum += vm->aperture[bar].held;
        }
    }
    if (sum > own ||
        (shared && (uint64_t)shared->used - a->held + a->runs > shared->max)) {
        return false;
    }
    give_back_maps(vm, a);
    a->held = a->runs;
    if (shared) {
        shared->used += a->held;
    }
    return true;
}

/*
 * A BAR that traps shows nothing below the trap: one run of sink, which leaves
 * the mappings to others.
 */
static void set_trapped(GpuvmVm *vm, GpuvmBar bar, bool on)
{
    VmAperture *a = &vm->aperture[bar];

    if (a->trapped == on) {
        return;
    }
    a->trapped = on;
    if (on) {
        a->shown = false;
        gpuvm_count(&vm->host->counters, GPUVM_CNT_REMAP_FALLBACKS);
        gpuvm_log(vm->host, GPUVM_LOG_INFO, "BAR%d needs %u mappings: it "
                  "traps until it needs fewer", bar == GPUVM_BAR1 ? 1 : 3,
                  a->runs);
    }
    vm->cfg.aperture->trap(vm->cfg.aperture_opaque, bar, on);
    if (on) {
        vm->cfg.aperture->sink(vm->cfg.aperture_opaque, bar, 0,
                               (uint64_t)a->pages << PAGE_BITS);
        give_back_maps(vm, a);
    }
}

/* Brings what the device shows up to date with the page array. */
static void show(GpuvmVm *vm, GpuvmBar bar)
{
    VmAperture *a = &vm->aperture[bar];
    bool ok = true;
    guint i;

    if (!vm->cfg.aperture || !a->pages) {
        g_array_set_size(a->changed, 0);
        return;
    }
    if (!take_maps(vm, a)) {
        set_trapped(vm, bar, true);
    } else if (!a->shown) {
        ok = show_range(vm, bar, (PageRange) { 0, a->pages });
        a->shown = ok;
        set_trapped(vm, bar, !ok);
    } else {
        for (i = 0; i < a->changed->len && ok; i++) {
            ok = show_range(vm, bar,
                            g_array_index(a->changed, PageRange, i));
        }
        if (!ok) {
            set_trapped(vm, bar, true);
        }
    }
    g_array_set_size(a->changed, 0);
}

/* ---- following the tables -------------------------------------------------------- */

static void sync_tables(GpuvmVm *vm, VmAperture *a)
{
    GpuvmPdb none = { .valid = false };

    gpuvm_shadow_set_mode(a->shadow, gpuvm_pt_mode(vm->is_64k));
    if (a->vm_on) {
        a->pdb = gpuvm_pt_pdb_read(&vm->mem, a->inst);
        gpuvm_shadow_sync(a->shadow, &a->pdb, vm->cfg.shadow_full);
    } else {
        gpuvm_shadow_sync(a->shadow, &none, false);
    }
}

static void set_linear(GpuvmVm *vm, VmAperture *a)
{
    uint32_t n = MIN(a->pages, vm->slice.size >> PAGE_BITS);

    set_pages(a, 0, n, 0);
    set_pages(a, n, a->pages - n, APERTURE_SINK);
}

void gpuvm_aperture_set(GpuvmVm *vm, GpuvmBar bar, bool vm_on, uint64_t inst)
{
    VmAperture *a = &vm->aperture[bar];

    gpuvm_host_trace(vm->host, GPUVM_TRACE_APERTURE_SET,
                     bar == GPUVM_BAR1 ? 1 : 3, vm_on, inst, 0);
    if (vm_on && !a->vm_on) {
        /* the shadow is empty and tells of what is there only */
        set_pages(a, 0, a->pages, APERTURE_SINK);
    }
    a->vm_on = vm_on;
    a->inst = inst;
    sync_tables(vm, a);
    if (!vm_on) {
        set_linear(vm, a);
    }
    show(vm, bar);
}

void gpuvm_aperture_flush(GpuvmVm *vm, GpuvmBar bar, const GpuvmPdb *pdb,
                          bool all)
{
    VmAperture *a = &vm->aperture[bar];
    GpuvmPdb now;

    if (!a->vm_on) {
        return;
    }
    now = gpuvm_pt_pdb_read(&vm->mem, a->inst);
    if (all || (now.addr == pdb->addr && now.target == pdb->target) ||
        (a->pdb.addr == pdb->addr && a->pdb.target == pdb->target)) {
        sync_tables(vm, a);
        show(vm, bar);
    }
}

void gpuvm_aperture_init(GpuvmVm *vm, GpuvmBar bar)
{
    VmAperture *a = &vm->aperture[bar];
    uint64_t size = vm->cfg.bar_size[bar];
    GpuvmShadowConfig cfg = {
        .mem = &vm->mem,
        .mode = gpuvm_pt_mode(false),
        .limit = size,
        .budget = &a->budget,
        .sink = { shadow_bind, shadow_unbind, a },
    };
    uint32_t i;

    a->pages = size >> PAGE_BITS;
    a->want = g_new(uint32_t, a->pages + 1);
    for (i = 0; i < a->pages; i++) {
        a->want[i] = APERTURE_SINK;
    }
    a->runs = a->pages ? 1 : 0;
    a->changed = g_array_new(false, false, sizeof(PageRange));
    a->budget.max = GPUVM_SHADOW_BUDGET;
    a->shadow = gpuvm_shadow_new(&cfg);
}

void gpuvm_aperture_fini(GpuvmVm *vm, GpuvmBar bar)
{
    VmAperture *a = &vm->aperture[bar];

    give_back_maps(vm, a);
    gpuvm_shadow_free(a->shadow);
    g_free(a->want);
    if (a->changed) {
        g_array_free(a->changed, true);
    }
    memset(a, 0, sizeof(*a));
}

/* ---- trapped accesses -------------------------------------------------------------- */

/* Where the byte at @off is; how many follow it in its page in @left. */
static bool translate(GpuvmVm *vm, GpuvmBar bar, uint64_t off, bool write,
                      GpuvmTarget *target, uint64_t *addr, uint64_t *left)
{
    VmAperture *a = &vm->aperture[bar];
    GpuvmPtHit hit;
    uint32_t reason;

    if (off >= vm->cfg.bar_size[bar]) {
        return false;
    }
    if (!a->vm_on) {
        *target = GPUVM_TARGET_VRAM;
        *addr = off;
        *left = PAGE_SIZE - off % PAGE_SIZE;
        return true;
    }
    if (!gpuvm_shadow_lookup(a->shadow, off, &hit, &reason) ||
        (write && (hit.pte.flags & GPUVM_BIND_READ_ONLY))) {
        return false;
    }
    *target = hit.pte.target;
    *addr = hit.addr;
    *left = hit.left;
    return true;
}

/* Piece by piece: an access may straddle two pages. */
static void access_bytes(GpuvmVm *vm, GpuvmBar bar, uint64_t off,
                         uint8_t *buf, unsigned size, bool write)
{
    gpuvm_count(&vm->host->counters, GPUVM_CNT_APERTURE_TRAPS);
    while (size) {
        GpuvmTarget target;
        uint64_t addr, left;
        unsigned n = MIN(size, PAGE_SIZE - off % PAGE_SIZE);

        if (!translate(vm, bar, off, write, &target, &addr, &left)) {
            if (!write) {
                memset(buf, 0, n);
            }
        } else if (write) {
            gpuvm_mem_write(&vm->mem, target, addr, buf, n);
        } else {
            gpuvm_mem_read(&vm->mem, target, addr, buf, n);
        }
        off += n;
        buf += n;
        size -= n;
    }
}

uint64_t gpuvm_aperture_read(GpuvmVm *vm, GpuvmBar bar, uint64_t off,
                             unsigned size)
{
    uint64_t val = 0;

    if (size && size <= sizeof(val)) {
        access_bytes(vm, bar, off, (uint8_t *)&val, size, false);
    }
    return GUINT64_FROM_LE(val);
}

void gpuvm_aperture_write(GpuvmVm *vm, GpuvmBar bar, uint64_t off,
                          uint64_t val, unsigned size)
{
    val = GUINT64_TO_LE(val);
    if (size && size <= sizeof(val)) {
        access_bytes(vm, bar, off, (uint8_t *)&val, size, true);
    }
}
