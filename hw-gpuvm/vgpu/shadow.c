/*
 * Differential shadow of a page directory.
 *
 * For each PDE that names a table there is a node with private copies of its
 * two tables, in chunks of 4 KiB (512 entries); a chunk without any entry is
 * not kept.  A sync goes over the directory and, chunk by chunk:
 *
 *  1. compares the guest's chunk in place with the copy; equal: done.  This is
 *     the common case and all that most of a scan costs;
 *  2. otherwise copies the chunk once and works on that: each entry that
 *     differs from the private copy is marked, and the copy replaced.
 *
 * Then every *slot* (one large page) with a mark is told to the sink: a large
 * PTE that is valid rules its slot; where one has just gone, the small PTEs
 * under it come to light and all are told; else only the marked small ones.
 * Neighbours merge into runs.
 *
 * The guest is hostile.  A chunk outside memory counts as empty.  Chunks are
 * charged to a budget and tables to a limit a sync; what is over either counts
 * as empty too, so 8192 PDEs that name one table cost the budget and no more.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/shadow.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "spec/fault.h"
#include "spec/pagetable.h"

#define CHUNK_BYTES     4096
#define CHUNK_ENTRIES   (CHUNK_BYTES / GF100_PT_ENTRY_SIZE)
#define MAX_CHUNKS      64          /* of the largest table: 256 KiB */
#define MAX_SLOTS       1024
#define MAX_SMALL       (MAX_CHUNKS * CHUNK_ENTRIES)
#define WORD_BITS       32

typedef struct ShadowNode {
    uint64_t *chunk[GPUVM_PT_LEVELS][MAX_CHUNKS];   /* little-endian */
    unsigned chunks;                                /* not NULL */
} ShadowNode;

/* Marks of one PDE: entries that changed; bit n % 32 of word n / 32. */
typedef struct ShadowMarks {
    uint32_t large[MAX_SLOTS / WORD_BITS];
    uint32_t small[MAX_SMALL / WORD_BITS];
    bool any;
} ShadowMarks;

typedef struct ShadowRun {
    bool open;
    bool is_bind;
    GpuvmBind b;
} ShadowRun;

struct GpuvmShadow {
    GpuvmShadowConfig cfg;
    ShadowNode **node;          /* by PDE index */
    unsigned *live;             /* nodes per chunk of the directory */
    GpuvmShadowStats stats;
    size_t scan_left;           /* bytes of tables this sync may still read */
    ShadowRun run;
    bool said_budget;
};

static const uint64_t zero_chunk[CHUNK_ENTRIES];

static uint32_t shadow_pdes(const GpuvmShadow *s)
{
    uint64_t span = 1ull << s->cfg.mode->pde_bits;

    return MIN((s->cfg.limit + span - 1) / span, s->cfg.mode->pdes);
}

static void alloc_nodes(GpuvmShadow *s)
{
    uint32_t n = shadow_pdes(s);

    s->node = g_new0(ShadowNode *, n);
    s->live = g_new0(unsigned, n / CHUNK_ENTRIES + 1);
}

GpuvmShadow *gpuvm_shadow_new(const GpuvmShadowConfig *cfg)
{
    GpuvmShadow *s = g_new0(GpuvmShadow, 1);

    s->cfg = *cfg;
    s->cfg.limit = MIN(cfg->limit, 1ull << GF100_VA_BITS);
    alloc_nodes(s);
    return s;
}

/* ---- the budget ---------------------------------------------------------- */

static bool charge(GpuvmShadow *s, size_t bytes)
{
    GpuvmShadowBudget *b = s->cfg.budget;

    if (bytes > b->max - b->used) {
        return false;
    }
    b->used += bytes;
    return true;
}

static void drop_chunk(GpuvmShadow *s, ShadowNode *n, int level, unsigned c)
{
    if (n->chunk[level][c]) {
        g_free(n->chunk[level][c]);
        n->chunk[level][c] = NULL;
        n->chunks--;
        s->cfg.budget->used -= CHUNK_BYTES;
    }
}

static void drop_node(GpuvmShadow *s, uint32_t index)
{
    ShadowNode *n = s->node[index];
    unsigned level, c;

    if (!n) {
        return;
    }
    for (level = 0; level < GPUVM_PT_LEVELS; level++) {
        for (c = 0; c < MAX_CHUNKS; c++) {
            drop_chunk(s, n, level, c);
        }
    }
    g_free(n);
    s->node[index] = NULL;
    s->live[index / CHUNK_ENTRIES]--;
    s->cfg.budget->used -= sizeof(*n);
}

static ShadowNode *get_node(GpuvmShadow *s, uint32_t index)
{
    if (!s->node[index] && charge(s, sizeof(ShadowNode))) {
        s->node[index] = g_new0(ShadowNode, 1);
        s->live[index / CHUNK_ENTRIES]++;
    }
    return s->node[index];
}

static void drop_all(GpuvmShadow *s)
{
    uint32_t i;

    for (i = 0; i < shadow_pdes(s); i++) {
        drop_node(s, i);
    }
    g_clear_pointer(&s->node, g_free);
    g_clear_pointer(&s->live, g_free);
}

void gpuvm_shadow_free(GpuvmShadow *s)
{
    if (s) {
        drop_all(s);
        g_free(s);
    }
}

void gpuvm_shadow_set_mode(GpuvmShadow *s, const GpuvmPtMode *mode)
{
    if (mode == s->cfg.mode) {
        return;
    }
    drop_all(s);
    s->cfg.mode = mode;
    alloc_nodes(s);
    s->cfg.sink.unbind(s->cfg.sink.opaque, 0, s->cfg.limit);
}

static void refuse(GpuvmShadow *s, uint64_t va, uint64_t what)
{
    GpuvmHost *h = s->cfg.mem->host;

    s->stats.refused++;
    gpuvm_count(&h->counters, GPUVM_CNT_SHADOW_REFUSED);
    gpuvm_host_trace(h, GPUVM_TRACE_SHADOW_REFUSED, va, what, 0, 0);
}

static void refuse_budget(GpuvmShadow *s, uint64_t va)
{
    refuse(s, va, 0);
    if (!s->said_budget) {
        s->said_budget = true;
        gpuvm_guest_error(s->cfg.mem->host, "page tables at 0x%" PRIx64
                          " are more than the shadow keeps: not mapped", va);
    }
}

/* ---- runs ------------------------------------------------------------------ */

/* RAM that is not there is refused page by page, the rest of the run bound. */
static void bind_ram(GpuvmShadow *s, GpuvmBind b)
{
    GpuvmHost *h = s->cfg.mem->host;
    uint64_t end = b.va + b.size;
    GpuvmBind part = b;

    part.size = 0;
    while (b.va < end) {
        uint64_t len = end - b.va;
        uint64_t whole = 0;
        void *p = gpuvm_host_ram_map(h, b.addr, &len, false);

        if (p) {
            whole = len & ~(uint64_t)(CHUNK_BYTES - 1);
            gpuvm_host_ram_unmap(h, p, b.addr, len);
        }
        if (whole) {
            part.size += whole;
        } else {
            refuse(s, b.va, b.addr);
            if (part.size) {
                s->cfg.sink.bind(s->cfg.sink.opaque, &part);
            }
            s->cfg.sink.unbind(s->cfg.sink.opaque, b.va, CHUNK_BYTES);
            whole = CHUNK_BYTES;
            part.va = b.va + whole;
            part.addr = b.addr + whole;
            part.size = 0;
        }
        b.va += whole;
        b.addr += whole;
    }
    if (part.size) {
        s->cfg.sink.bind(s->cfg.sink.opaque, &part);
    }
}

static void flush_run(GpuvmShadow *s)
{
    ShadowRun *r = &s->run;

    if (!r->open) {
        return;
    }
    r->open = false;
    if (!r->is_bind) {
        s->cfg.sink.unbind(s->cfg.sink.opaque, r->b.va, r->b.size);
    } else if (r->b.target == GPUVM_TARGET_SYSRAM && s->cfg.check_ram) {
        bind_ram(s, r->b);
    } else {
        s->cfg.sink.bind(s->cfg.sink.opaque, &r->b);
    }
}

static void add_run(GpuvmShadow *s, bool is_bind, const GpuvmBind *b)
{
    ShadowRun *r = &s->run;

    if (r->open && r->is_bind == is_bind && r->b.va + r->b.size == b->va &&
        (!is_bind || (r->b.addr + r->b.size == b->addr &&
                      r->b.target == b->target && r->b.kind == b->kind &&
                      r->b.page_size == b->page_size &&
                      r->b.flags == b->flags))) {
        r->b.size += b->size;
        return;
    }
    flush_run(s);
    r->open = true;
    r->is_bind = is_bind;
    r->b = *b;
}

static uint64_t node_raw(const ShadowNode *n, int level, unsigned i)
{
    const uint64_t *c = n->chunk[level][i / CHUNK_ENTRIES];

    return c ? GUINT64_FROM_LE(c[i % CHUNK_ENTRIES]) : 0;
}

static bool in_slice(const GpuvmShadow *s, const GpuvmPte *pte, uint64_t size)
{
    return pte->target != GPUVM_TARGET_VRAM ||
           gpuvm_mem_slice_ptr(s->cfg.mem, pte->addr, size) != NULL;
}

/* Tells of one entry as it is now. */
static void tell(GpuvmShadow *s, int level, uint64_t va, uint64_t raw)
{
    GpuvmPte pte = gpuvm_pt_pte_decode(s->cfg.mode, level, raw);
    uint64_t size = 1ull << s->cfg.mode->page_bits[level];
    GpuvmBind b = { .va = va, .size = size, .addr = pte.addr,
                    .target = pte.target, .page_size = size,
                    .kind = pte.kind, .flags = pte.flags };
    bool bind = pte.usable && in_slice(s, &pte, size);

    s->stats.told++;
    if (pte.valid && !bind) {
        refuse(s, va, raw);
    }
    add_run(s, bind, &b);
}

/* ---- comparing --------------------------------------------------------------- */

/*
 * Reads chunk @c of a table into @buf; false when it equals the copy.  Entries
 * past the table's end, and a chunk that cannot be read, are zero.
 */
static bool read_chunk(GpuvmShadow *s, const GpuvmPtTable *t, unsigned c,
                       const uint64_t *old, uint64_t va, uint64_t *buf)
{
    uint32_t first = c * CHUNK_ENTRIES;
    size_t n = t->ptes > first ? MIN(t->ptes - first, CHUNK_ENTRIES) : 0;
    size_t bytes = n * GF100_PT_ENTRY_SIZE;
    uint64_t addr = t->addr + (uint64_t)c * CHUNK_BYTES;
    const uint8_t *p;

    if (!n) {
        memset(buf, 0, CHUNK_BYTES);
    } else if (t->target == GPUVM_TARGET_VRAM) {
        p = gpuvm_mem_slice_ptr(s->cfg.mem, addr, bytes);
        if (p && n == CHUNK_ENTRIES && !memcmp(p, old, CHUNK_BYTES)) {
            return false;
        }
        memset(buf + n, 0, CHUNK_BYTES - bytes);
        if (p) {
            memcpy(buf, p, bytes);
        } else {
            memset(buf, 0, bytes);
            refuse(s, va, addr);
        }
    } else {
        memset(buf, 0, CHUNK_BYTES);
        if (!gpuvm_host_read(s->cfg.mem->host, addr, buf, bytes)) {
            memset(buf, 0, CHUNK_BYTES);
            refuse(s, va, addr);
        }
    }
    return memcmp(buf, old, CHUNK_BYTES) != 0;
}

static void mark(uint32_t *bits, const uint64_t *a, const uint64_t *b,
                 unsigned first, uint64_t *count)
{
    unsigned i;

    for (i = 0; i < CHUNK_ENTRIES; i++) {
        if (a[i] != b[i]) {
            bits[(first + i) / WORD_BITS] |= 1u << (first + i) % WORD_BITS;
            (*count)++;
        }
    }
}

static void scan_chunk(GpuvmShadow *s, ShadowNode *n, int level, unsigned c,
                       const GpuvmPtTable *t, uint64_t va, ShadowMarks *m)
{
    uint64_t **copy = &n->chunk[level][c];
    const uint64_t *old = *copy ? *copy : zero_chunk;
    uint32_t *bits = level == GPUVM_PT_LARGE ? m->large : m->small;
    uint64_t buf[CHUNK_ENTRIES];
    bool empty;

    if (!read_chunk(s, t, c, old, va, buf)) {
        return;
    }
    empty = !memcmp(buf, zero_chunk, CHUNK_BYTES);
    if (!empty && !*copy && !charge(s, CHUNK_BYTES)) {
        refuse_budget(s, va);
        return;
    }
    mark(bits, buf, old, c * CHUNK_ENTRIES, &s->stats.entries);
    m->any = true;
    if (empty) {
        drop_chunk(s, n, level, c);
        return;
    }
    if (!*copy) {
        *copy = g_malloc(CHUNK_BYTES);
        n->chunks++;
    }
    memcpy(*copy, buf, CHUNK_BYTES);
}

/* How many of a table's chunks lie below the limit. */
static unsigned table_chunks(const GpuvmShadow *s, int level, uint64_t base)
{
    const GpuvmPtMode *mode = s->cfg.mode;
    uint64_t span = MIN(s->cfg.limit - base, 1ull << mode->pde_bits);
    uint64_t entries = (span + (1ull << mode->page_bits[level]) - 1) >>
                       mode->page_bits[level];

    return (entries + CHUNK_ENTRIES - 1) / CHUNK_ENTRIES;
}

static void scan_table(GpuvmShadow *s, ShadowNode *n, int level,
                       GpuvmPtTable t, uint64_t base, ShadowMarks *m)
{
    unsigned chunks = table_chunks(s, level, base);
    unsigned page_bits = s->cfg.mode->page_bits[level];
    unsigned c;

    if (t.ptes) {
        if (s->scan_left < (size_t)chunks * CHUNK_BYTES) {
            refuse_budget(s, base);
            t.ptes = 0;
        } else {
            s->scan_left -= (size_t)chunks * CHUNK_BYTES;
            s->stats.tables++;
        }
    }
    for (c = 0; c < chunks; c++) {
        if (t.ptes || n->chunk[level][c]) {
            scan_chunk(s, n, level, c, &t,
                       base + ((uint64_t)c * CHUNK_ENTRIES << page_bits), m);
        }
    }
}

/* ---- telling ------------------------------------------------------------------- */

static void tell_small(GpuvmShadow *s, const ShadowNode *n, unsigned slot,
                       uint64_t base, uint32_t which)
{
    unsigned ratio = s->cfg.mode->ratio;
    unsigned i;

    for (i = 0; i < ratio; i++) {
        if (which & 1u << i) {
            unsigned e = slot * ratio + i;

            tell(s, GPUVM_PT_SMALL,
                 base + ((uint64_t)e << GF100_SMALL_PAGE_BITS),
                 node_raw(n, GPUVM_PT_SMALL, e));
        }
    }
}

/* The marks of @ratio (16 or 32) small entries under a large one. */
static uint32_t small_marks(const ShadowMarks *m, unsigned slot,
                            unsigned ratio)
{
    unsigned bit = slot * ratio;

    return (m->small[bit / WORD_BITS] >> bit % WORD_BITS) &
           (uint32_t)((1ull << ratio) - 1);
}

static void tell_pde(GpuvmShadow *s, const ShadowNode *n, uint64_t base,
                     const ShadowMarks *m, bool full)
{
    const GpuvmPtMode *mode = s->cfg.mode;
    unsigned slots = mode->ptes[GPUVM_PT_LARGE];
    unsigned large_bits = mode->page_bits[GPUVM_PT_LARGE];
    uint32_t all = (1ull << mode->ratio) - 1;
    unsigned i;

    for (i = 0; i < slots; i++) {
        uint64_t va = base + ((uint64_t)i << large_bits);
        uint64_t raw = node_raw(n, GPUVM_PT_LARGE, i);
        bool changed = full ||
                       (m->large[i / WORD_BITS] >> i % WORD_BITS & 1);
        uint32_t small = changed ? all : small_marks(m, i, mode->ratio);

        if (va >= s->cfg.limit) {
            break;
        }
        if (gpuvm_pt_pte_decode(mode, GPUVM_PT_LARGE, raw).valid) {
            if (changed) {
                tell(s, GPUVM_PT_LARGE, va, raw);
            }
        } else if (small) {
            tell_small(s, n, i, base, small);
        }
    }
}

static void scan_pde(GpuvmShadow *s, uint32_t index, uint64_t raw, bool full)
{
    GpuvmPde pde = gpuvm_pt_pde_decode(s->cfg.mode, raw);
    uint64_t base = (uint64_t)index << s->cfg.mode->pde_bits;
    bool absent = !pde.table[GPUVM_PT_LARGE].ptes &&
                  !pde.table[GPUVM_PT_SMALL].ptes;
    ShadowMarks m;
    ShadowNode *n;
    int level;

    if (absent && !s->node[index]) {
        return;
    }
    n = get_node(s, index);
    if (!n) {
        refuse_budget(s, base);
        return;
    }
    memset(&m, 0, sizeof(m));
    for (level = 0; level < GPUVM_PT_LEVELS; level++) {
        scan_table(s, n, level, pde.table[level], base, &m);
    }
    if (m.any || full) {
        tell_pde(s, n, base, &m, full);
    }
    if (!n->chunks) {
        drop_node(s, index);
    }
}

void gpuvm_shadow_sync(GpuvmShadow *s, const GpuvmPdb *pdb, bool full)
{
    GpuvmHost *h = s->cfg.mem->host;
    uint64_t start = gpuvm_host_clock_ns(h);
    uint32_t pdes = shadow_pdes(s);
    uint64_t buf[CHUNK_ENTRIES];
    uint32_t first, i;

    memset(&s->stats, 0, sizeof(s->stats));
    s->scan_left = GPUVM_SHADOW_SCAN_MAX;
    for (first = 0; first < pdes; first += CHUNK_ENTRIES) {
        uint32_t n = MIN(pdes - first, CHUNK_ENTRIES);
        bool ok = pdb->valid &&
                  gpuvm_mem_read(s->cfg.mem, pdb->target,
                                 pdb->addr +
                                 (uint64_t)first * GF100_PT_ENTRY_SIZE,
                                 buf, n * GF100_PT_ENTRY_SIZE);

        if (!ok) {
            memset(buf, 0, sizeof(buf));
        }
        if (!s->live[first / CHUNK_ENTRIES] &&
            !memcmp(buf, zero_chunk, n * GF100_PT_ENTRY_SIZE)) {
            continue;
        }
        for (i = 0; i < n; i++) {
            scan_pde(s, first + i, GUINT64_FROM_LE(buf[i]), full);
        }
    }
    flush_run(s);
    gpuvm_count(&h->counters, GPUVM_CNT_SHADOW_SCANS);
    gpuvm_count_n(&h->counters, GPUVM_CNT_SHADOW_TABLES, s->stats.tables);
    gpuvm_count_n(&h->counters, GPUVM_CNT_SHADOW_ENTRIES, s->stats.entries);
    gpuvm_count_n(&h->counters, GPUVM_CNT_SHADOW_TOLD, s->stats.told);
    gpuvm_host_trace(h, GPUVM_TRACE_SHADOW_SCAN, pdb->addr, s->stats.tables,
                     s->stats.entries, gpuvm_host_clock_ns(h) - start);
    if (s->stats.refused && !s->said_budget) {
        gpuvm_guest_error(h, "page directory 0x%" PRIx64 ": %" PRIu64
                          " entries name memory that is not the VM's",
                          pdb->addr, s->stats.refused);
    }
}

/* ---- lookup ---------------------------------------------------------------------- */

bool gpuvm_shadow_lookup(const GpuvmShadow *s, uint64_t va, GpuvmPtHit *hit,
                         uint32_t *reason)
{
    const GpuvmPtMode *mode = s->cfg.mode;
    uint64_t in_pde = va & ((1ull << mode->pde_bits) - 1);
    const ShadowNode *n;
    int level;

    if (va >= s->cfg.limit) {
        *reason = NVC0_FAULT_REASON_VM_LIMIT;
        return false;
    }
    n = s->node[va >> mode->pde_bits];
    if (!n) {
        *reason = NVC0_FAULT_REASON_PT_NOT_PRESENT;
        return false;
    }
    *reason = NVC0_FAULT_REASON_PAGE_NOT_PRESENT;
    for (level = 0; level < GPUVM_PT_LEVELS; level++) {
        uint64_t size = 1ull << mode->page_bits[level];
        GpuvmPte pte = gpuvm_pt_pte_decode(mode, level,
            node_raw(n, level, in_pde >> mode->page_bits[level]));

        if (!pte.valid) {
            continue;
        }
        if (!pte.usable || !in_slice(s, &pte, size)) {
            return false;
        }
        hit->pte = pte;
        hit->addr = pte.addr + (va & (size - 1));
        hit->left = size - (va & (size - 1));
        hit->page_size = size;
        return true;
    }
    return false;
}

const GpuvmShadowStats *gpuvm_shadow_stats(const GpuvmShadow *s)
{
    return &s->stats;
}
