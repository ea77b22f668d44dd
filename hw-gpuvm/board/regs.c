/*
 * The register dispatcher: from a BAR0 address to its row, and what is said
 * about addresses that have none.
 *
 * At creation each word of each row gets a slot: a number that indexes the
 * storage, the row and the word's place in it.  BAR0 is cut into 4 KiB pages;
 * a page that has any row owns a table of 1024 slot numbers (0 = no row), so a
 * look-up is two loads.  Windows (PRAMIN, PROM) cover whole pages and have no
 * slots; their pages name the row instead.  Two rows that claim the same word
 * are refused, by name.
 *
 * A narrow access to a 32-bit register reads the word and takes the lanes; a
 * narrow write merges the lanes into the word's present value first.  For a
 * write-one-to-clear row it merges into zeros: merging into the present value
 * would clear what the guest did not name.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"

#include <inttypes.h>
#include <string.h>

#define PAGE_SHIFT      12
#define PAGE_SIZE       (1u << PAGE_SHIFT)
#define PAGE_WORDS      (PAGE_SIZE / 4)
#define PAGES           (GPUVM_BAR0_SIZE >> PAGE_SHIFT)
/* Addresses without a row that are remembered, reads and writes apart. */
#define UNKNOWN_MAX     4096
#define UNKNOWN_WRITE   1u      /* addresses are multiples of 4: bit 0 is free */

typedef struct Slot {
    const GpuvmRegRow *row;
    uint32_t index;
    uint32_t stored;
} Slot;

struct GpuvmRegs {
    const GpuvmUnit **units;
    uint32_t *unit_first;       /* a unit's first slot; [n] = number of slots */
    size_t nunits;
    uint32_t *page[PAGES];
    const GpuvmRegRow *window[PAGES];
    Slot *slots;                /* [0] is unused: 0 means no row */
    uint32_t nslots;
    GpuvmRegAccess access;
    GHashTable *unknown;        /* address | UNKNOWN_WRITE -> count */
    bool unknown_full;
};

static uint32_t row_count(const GpuvmRegRow *row)
{
    return row->count ? row->count : 1;
}

static uint32_t row_stride(const GpuvmRegRow *row)
{
    return row->stride ? row->stride : 4;
}

static const char *slot_unit_name(const GpuvmRegs *r, uint32_t slot)
{
    size_t i = r->nunits;

    while (i && r->unit_first[i - 1] > slot) {
        i--;
    }
    return i ? r->units[i - 1]->name : "?";
}

static const char *window_unit_name(const GpuvmRegs *r, const GpuvmRegRow *row)
{
    for (size_t i = 0; i < r->nunits; i++) {
        const GpuvmUnit *u = r->units[i];

        if (row >= u->rows && row < u->rows + u->nrows) {
            return u->name;
        }
    }
    return "?";
}

static bool row_in_range(const GpuvmUnit *u, const GpuvmRegRow *row,
                         char **err)
{
    uint64_t last = row->addr +
                    (uint64_t)(row_count(row) - 1) * row_stride(row);
    uint64_t bytes = (uint64_t)row_count(row) * 4;

    if (row->addr % 4 || row_stride(row) % 4 || last + 4 > GPUVM_BAR0_SIZE) {
        *err = g_strdup_printf("register row %s.%s (0x%06x) does not lie on "
                               "words of BAR0", u->name, row->name, row->addr);
        return false;
    }
    if ((row->flags & GPUVM_REG_WINDOW) &&
        (row->addr % PAGE_SIZE || bytes % PAGE_SIZE || row_stride(row) != 4)) {
        *err = g_strdup_printf("register window %s.%s (0x%06x) is not made of "
                               "whole pages", u->name, row->name, row->addr);
        return false;
    }
    return true;
}

static char *overlap_error(const GpuvmUnit *u, const GpuvmRegRow *row,
                           uint32_t addr, const char *unit2,
                           const GpuvmRegRow *row2)
{
    return g_strdup_printf("register rows %s.%s and %s.%s overlap at 0x%06x",
                           unit2, row2->name, u->name, row->name, addr);
}

static bool add_window(GpuvmRegs *r, const GpuvmUnit *u,
                       const GpuvmRegRow *row, char **err)
{
    uint32_t first = row->addr >> PAGE_SHIFT;

    for (uint32_t p = first; p < first + row_count(row) / PAGE_WORDS; p++) {
        if (r->window[p]) {
            *err = overlap_error(u, row, p << PAGE_SHIFT,
                                 window_unit_name(r, r->window[p]),
                                 r->window[p]);
            return false;
        }
        for (uint32_t w = 0; r->page[p] && w < PAGE_WORDS; w++) {
            uint32_t s = r->page[p][w];

            if (s) {
                *err = overlap_error(u, row, (p << PAGE_SHIFT) + 4 * w,
                                     slot_unit_name(r, s), r->slots[s].row);
                return false;
            }
        }
        r->window[p] = row;
    }
    return true;
}

static bool add_row(GpuvmRegs *r, const GpuvmUnit *u, const GpuvmRegRow *row,
                    char **err)
{
    if (!row_in_range(u, row, err)) {
        return false;
    }
    if (row->flags & GPUVM_REG_WINDOW) {
        return add_window(r, u, row, err);
    }
    for (uint32_t i = 0; i < row_count(row); i++) {
        uint32_t addr = row->addr + i * row_stride(row);
        uint32_t p = addr >> PAGE_SHIFT;
        uint32_t w = (addr % PAGE_SIZE) / 4;

        if (r->window[p]) {
            *err = overlap_error(u, row, addr,
                                 window_unit_name(r, r->window[p]),
                                 r->window[p]);
            return false;
        }
        if (!r->page[p]) {
            r->page[p] = g_new0(uint32_t, PAGE_WORDS);
        }
        if (r->page[p][w]) {
            uint32_t s = r->page[p][w];

            *err = overlap_error(u, row, addr, slot_unit_name(r, s),
                                 r->slots[s].row);
            return false;
        }
        r->page[p][w] = r->nslots;
        r->slots[r->nslots++] = (Slot) { row, i, row->reset };
    }
    return true;
}

/* The number of slots all rows need, slot 0 included. */
static size_t count_slots(const GpuvmUnit *const *units, size_t n)
{
    size_t total = 1;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < units[i]->nrows; j++) {
            const GpuvmRegRow *row = &units[i]->rows[j];

            if (!(row->flags & GPUVM_REG_WINDOW)) {
                total += row_count(row);
            }
        }
    }
    return total;
}

GpuvmRegs *gpuvm_regs_new(const GpuvmUnit *const *units, size_t n, char **err)
{
    GpuvmRegs *r = g_new0(GpuvmRegs, 1);

    r->units = g_new0(const GpuvmUnit *, n + 1);
    memcpy(r->units, units, n * sizeof(*units));
    r->unit_first = g_new0(uint32_t, n + 1);
    r->slots = g_new0(Slot, count_slots(units, n));
    r->nslots = 1;
    r->unknown = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL,
                                       g_free);
    for (size_t i = 0; i < n; i++) {
        r->unit_first[i] = r->nslots;
        r->nunits = i + 1;
        for (size_t j = 0; j < units[i]->nrows; j++) {
            if (!add_row(r, units[i], &units[i]->rows[j], err)) {
                gpuvm_regs_free(r);
                return NULL;
            }
        }
    }
    r->unit_first[n] = r->nslots;
    return r;
}

void gpuvm_regs_free(GpuvmRegs *r)
{
    if (!r) {
        return;
    }
    for (size_t i = 0; i < PAGES; i++) {
        g_free(r->page[i]);
    }
    g_hash_table_destroy(r->unknown);
    g_free(r->slots);
    g_free(r->unit_first);
    g_free(r->units);
    g_free(r);
}

const GpuvmUnit *const *gpuvm_regs_units(GpuvmRegs *r, size_t *n)
{
    *n = r->nunits;
    return r->units;
}

void gpuvm_regs_reset(GpuvmRegs *r, const GpuvmUnit *unit)
{
    for (size_t i = 0; i < r->nunits; i++) {
        if (unit && r->units[i] != unit) {
            continue;
        }
        for (uint32_t s = r->unit_first[i]; s < r->unit_first[i + 1]; s++) {
            if (!unit || !(r->slots[s].row->flags & GPUVM_REG_KEEP)) {
                r->slots[s].stored = r->slots[s].row->reset;
            }
        }
    }
}

static Slot *find_slot(GpuvmRegs *r, uint32_t addr)
{
    uint32_t *page;
    uint32_t s;

    if (addr >= GPUVM_BAR0_SIZE) {
        return NULL;
    }
    page = r->page[addr >> PAGE_SHIFT];
    s = page ? page[(addr % PAGE_SIZE) / 4] : 0;
    return s ? &r->slots[s] : NULL;
}

uint32_t gpuvm_regs_get(GpuvmBoard *b, uint32_t addr)
{
    Slot *s = find_slot(b->regs, addr);

    return s ? s->stored : 0;
}

void gpuvm_regs_set(GpuvmBoard *b, uint32_t addr, uint32_t val)
{
    Slot *s = find_slot(b->regs, addr);

    if (s) {
        s->stored = val;
    }
}

static void save_slots(GpuvmRegs *r, GpuvmXfer *x)
{
    uint32_t n = 0;

    for (uint32_t s = 1; s < r->nslots; s++) {
        n += r->slots[s].stored != r->slots[s].row->reset;
    }
    gpuvm_xfer_u32(x, &n);
    for (uint32_t s = 1; s < r->nslots; s++) {
        Slot *slot = &r->slots[s];
        uint32_t addr = slot->row->addr + slot->index * row_stride(slot->row);

        if (slot->stored != slot->row->reset) {
            gpuvm_xfer_u32(x, &addr);
            gpuvm_xfer_u32(x, &slot->stored);
        }
    }
}

static void load_slots(GpuvmRegs *r, GpuvmXfer *x)
{
    uint32_t n = gpuvm_xfer_max(x, "registers", 0, r->nslots);

    gpuvm_regs_reset(r, NULL);
    for (uint32_t i = 0; i < n && gpuvm_xfer_ok(x); i++) {
        uint32_t addr = 0, val = 0;
        Slot *slot;

        gpuvm_xfer_u32(x, &addr);
        gpuvm_xfer_u32(x, &val);
        slot = find_slot(r, addr);
        if (slot) {
            slot->stored = val;
        } else {
            gpuvm_xfer_fail(x, "the saved board has a register 0x%06x that "
                            "this one has not", addr);
        }
    }
}

void gpuvm_regs_xfer(GpuvmRegs *r, GpuvmXfer *x)
{
    if (x->loading) {
        load_slots(r, x);
    } else {
        save_slots(r, x);
    }
}

const GpuvmRegAccess *gpuvm_regs_access(GpuvmBoard *b)
{
    return &b->regs->access;
}

/*
 * The first access to each unknown address is logged.  The list is bounded,
 * and so is what a guest can make us log: when it is full one line says so and
 * only the counter goes on.
 */
static void note_unknown(GpuvmBoard *b, uint32_t addr, bool write,
                         uint32_t val)
{
    GpuvmRegs *r = b->regs;
    gpointer key = GUINT_TO_POINTER((addr & ~3u) |
                                    (write ? UNKNOWN_WRITE : 0));
    uint64_t *count = g_hash_table_lookup(r->unknown, key);

    gpuvm_count(&b->host->counters, GPUVM_CNT_UNKNOWN);
    gpuvm_host_trace(b->host, GPUVM_TRACE_REG_UNKNOWN, addr, write, val, 0);
    if (count) {
        (*count)++;
        return;
    }
    if (g_hash_table_size(r->unknown) >= UNKNOWN_MAX) {
        if (!r->unknown_full) {
            r->unknown_full = true;
            gpuvm_log(b->host, GPUVM_LOG_GUEST_ERROR, "the list of unknown "
                      "registers is full (%d); more are only counted",
                      UNKNOWN_MAX);
        }
        return;
    }
    count = g_new(uint64_t, 1);
    *count = 1;
    g_hash_table_insert(r->unknown, key, count);
    if (write) {
        gpuvm_log(b->host, GPUVM_LOG_GUEST_ERROR,
                  "unknown register 0x%06x written with 0x%08x", addr, val);
    } else {
        gpuvm_log(b->host, GPUVM_LOG_GUEST_ERROR,
                  "unknown register 0x%06x read", addr);
    }
}

static uint32_t lane_mask(unsigned size)
{
    return size == 4 ? ~0u : (1u << (8 * size)) - 1;
}

/* The whole word, as a 32-bit read sees it. */
static uint32_t read_slot(GpuvmBoard *b, const Slot *s)
{
    if (s->row->flags & GPUVM_REG_WO) {
        return 0;
    }
    return s->row->read ? s->row->read(b, s->row, s->index, s->stored) :
           s->stored;
}

uint32_t gpuvm_regs_read(GpuvmBoard *b, uint32_t addr, unsigned size)
{
    GpuvmRegs *r = b->regs;
    const GpuvmRegRow *win;
    uint32_t val = 0;
    Slot *s;

    r->access = (GpuvmRegAccess) { addr, size };
    win = addr < GPUVM_BAR0_SIZE ? r->window[addr >> PAGE_SHIFT] : NULL;
    s = win ? NULL : find_slot(r, addr);
    if (win) {
        val = win->read ? win->read(b, win, (addr - win->addr) / 4, 0) : 0;
    } else if (s) {
        val = read_slot(b, s);
    } else {
        note_unknown(b, addr, false, 0);
    }
    val = (val >> (8 * (addr & 3))) & lane_mask(size);
    gpuvm_host_trace(b->host, GPUVM_TRACE_REG_READ, addr, size, val, 0);
    return val;
}

static void write_slot(GpuvmBoard *b, Slot *s, uint32_t addr, uint32_t val,
                       unsigned size)
{
    const GpuvmRegRow *row = s->row;

    if (row->flags & GPUVM_REG_RO) {
        return;
    }
    if (size < 4 && !(row->flags & GPUVM_REG_BYTE)) {
        unsigned shift = 8 * (addr & 3);
        uint32_t old = row->flags & GPUVM_REG_W1C ? 0 : read_slot(b, s);

        val = (old & ~(lane_mask(size) << shift)) | (val << shift);
    }
    if (row->write) {
        uint32_t now = row->write(b, row, s->index, s->stored, val);

        s->stored = now;
    } else if (row->flags & GPUVM_REG_W1C) {
        s->stored &= ~(row->mask ? val & row->mask : val);
    } else if (row->mask) {
        s->stored = (s->stored & ~row->mask) | (val & row->mask);
    } else {
        s->stored = val;
    }
}

void gpuvm_regs_write(GpuvmBoard *b, uint32_t addr, uint32_t val,
                      unsigned size)
{
    GpuvmRegs *r = b->regs;
    const GpuvmRegRow *win;
    Slot *s;

    val &= lane_mask(size);
    gpuvm_host_trace(b->host, GPUVM_TRACE_REG_WRITE, addr, size, val, 0);
    r->access = (GpuvmRegAccess) { addr, size };
    win = addr < GPUVM_BAR0_SIZE ? r->window[addr >> PAGE_SHIFT] : NULL;
    s = win ? NULL : find_slot(r, addr);
    if (win) {
        if (win->write) {
            win->write(b, win, (addr - win->addr) / 4, 0, val);
        }
    } else if (s) {
        write_slot(b, s, addr, val, size);
    } else {
        note_unknown(b, addr, true, val);
    }
}

static void describe_flags(GString *out, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } names[] = {
        { GPUVM_REG_RO, " ro" }, { GPUVM_REG_WO, " wo" },
        { GPUVM_REG_W1C, " w1c" }, { GPUVM_REG_BYTE, " byte" },
        { GPUVM_REG_PACK, " pack" }, { GPUVM_REG_WINDOW, " window" },
        { GPUVM_REG_KEEP, " keep" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (flags & names[i].flag) {
            g_string_append(out, names[i].name);
        }
    }
}

char *gpuvm_regs_describe(GpuvmRegs *r)
{
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < r->nunits; i++) {
        const GpuvmUnit *u = r->units[i];

        g_string_append_printf(out, "%s\n", u->name);
        for (size_t j = 0; j < u->nrows; j++) {
            const GpuvmRegRow *row = &u->rows[j];

            g_string_append_printf(out, "  %06x", row->addr);
            if (row_count(row) > 1) {
                g_string_append_printf(out, " %ux0x%x", row_count(row),
                                       row_stride(row));
            }
            g_string_append_printf(out, " %s", row->name);
            if (row->reset) {
                g_string_append_printf(out, " reset=%08x", row->reset);
            }
            describe_flags(out, row->flags);
            if (row->source) {
                g_string_append_printf(out, " (%s)", row->source);
            }
            g_string_append_c(out, '\n');
        }
    }
    return g_string_free(out, FALSE);
}

static gint compare_keys(gconstpointer a, gconstpointer b)
{
    guint x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);

    return x < y ? -1 : x > y;
}

char *gpuvm_regs_unknown_list(GpuvmRegs *r)
{
    GString *out = g_string_new(NULL);
    GList *keys = g_list_sort(g_hash_table_get_keys(r->unknown), compare_keys);

    for (GList *l = keys; l; l = l->next) {
        guint key = GPOINTER_TO_UINT(l->data);
        uint64_t *count = g_hash_table_lookup(r->unknown, l->data);

        g_string_append_printf(out, "%c 0x%06x %" PRIu64 "\n",
                               key & UNKNOWN_WRITE ? 'W' : 'R', key & ~3u,
                               *count);
    }
    g_list_free(keys);
    return g_string_free(out, FALSE);
}
