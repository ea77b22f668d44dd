/*
 * Translation for one thread, and which guest pages were written.
 *
 * A cache miss walks the two-level table.  Taking a page of guest RAM for
 * writing first sets its dirty bit and then looks at the entry again: either
 * the entry is unchanged, or whoever changed it saw the bit (as_ram.c).
 *
 * A completion collects the dirty bits, clears them, raises the generation so
 * that caches are emptied and later writes mark again, and tells the host.
 * That alone would lose the writes of a thread that is inside a section and
 * goes on writing through its old cache.  So the bits are put back, to be
 * reported again by the next completion, unless nobody else was inside a
 * section after the generation was raised: whoever enters later empties its
 * cache first.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "soft/as_priv.h"
#include "spec/fault.h"

typedef struct DirtyWord {
    unsigned l1, word;
    uint64_t bits;
} DirtyWord;

void gpuvm_soft_tlb_init(SoftTlb *t, SoftAs *as)
{
    t->as = as;
    t->generation = atomic_load(&as->generation);
    memset(t->e, 0, sizeof(t->e));
}

void gpuvm_soft_tlb_sync(SoftTlb *t)
{
    uint32_t now = atomic_load(&t->as->generation);

    if (now != t->generation) {
        t->generation = now;
        memset(t->e, 0, sizeof(t->e));
    }
}

static void dirty_set(SoftAs *as, SoftL2Ram *ram, unsigned l1, unsigned word,
                      uint64_t bits)
{
    atomic_fetch_or(&ram->dirty[word], bits);
    atomic_fetch_or(&as->dirty_l1[l1 / 64], UINT64_C(1) << (l1 % 64));
    atomic_store(&as->dirty_any, 1);
}

static uint8_t *fill_fault(SoftMemFault *f, uint64_t va, uint32_t reason,
                           bool write)
{
    f->va = va;
    f->reason = reason;
    f->write = write;
    return NULL;
}

uint8_t *gpuvm_soft_tlb_fill(SoftTlb *t, uint64_t va, bool write,
                             SoftMemFault *f)
{
    SoftTlbEntry *e = &t->e[gpuvm_soft_tlb_slot(va)];
    SoftAs *as = t->as;
    unsigned i = soft_l2_index(va);
    bool writable;
    SoftL2 *l2;
    uint64_t pte;

    if (va >= SOFT_VA_LIMIT) {
        return fill_fault(f, va, NVC0_FAULT_REASON_VM_LIMIT, write);
    }
    l2 = atomic_load(&as->l1[soft_l1_index(va)]);
    if (!l2) {
        return fill_fault(f, va, NVC0_FAULT_REASON_PT_NOT_PRESENT, write);
    }
    do {
        pte = atomic_load(&l2->e[i]);
        if (!pte) {
            return fill_fault(f, va, NVC0_FAULT_REASON_PAGE_NOT_PRESENT,
                              write);
        }
        if (write && (pte & SOFT_PTE_RO)) {
            return fill_fault(f, va, NVC0_FAULT_REASON_RO_VIOLATION, write);
        }
        writable = !(pte & SOFT_PTE_RO);
        if (pte & SOFT_PTE_SYSRAM) {
            writable = write;
            if (write) {
                dirty_set(as, atomic_load(&l2->ram), soft_l1_index(va),
                          i / 64, UINT64_C(1) << (i % 64));
            }
        }
    } while (atomic_load(&l2->e[i]) != pte);

    e->host = (uint8_t *)(uintptr_t)(pte >> SOFT_PTE_SHIFT);
    if (!(pte & SOFT_PTE_SYSRAM)) {
        gpuvm_soft_warm(as, e->host - (uint8_t *)as->slice.map);
    }
    e->tag = (va & ~(uint64_t)(SOFT_PAGE_SIZE - 1)) | 1 | (writable ? 2 : 0);
    return e->host + (va & (SOFT_PAGE_SIZE - 1));
}

/* One piece inside a page; naturally aligned words are copied in one access,
 * since guest CPUs and other channels look at them meanwhile. */
static void copy_piece(uint8_t *to, const uint8_t *from, size_t n,
                       const void *shared)
{
    if (n == 4 && !((uintptr_t)shared & 3)) {
        uint32_t v;

        if (shared == to) {
            memcpy(&v, from, 4);
            __atomic_store_n((uint32_t *)to, v, __ATOMIC_RELEASE);
        } else {
            v = __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE);
            memcpy(to, &v, 4);
        }
    } else if (n == 8 && !((uintptr_t)shared & 7)) {
        uint64_t v;

        if (shared == to) {
            memcpy(&v, from, 8);
            __atomic_store_n((uint64_t *)to, v, __ATOMIC_RELEASE);
        } else {
            v = __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE);
            memcpy(to, &v, 8);
        }
    } else {
        memcpy(to, from, n);
    }
}

bool gpuvm_soft_mem_read(SoftTlb *t, uint64_t va, void *buf, size_t len,
                         SoftMemFault *f)
{
    uint8_t *p = buf;

    gpuvm_soft_tlb_sync(t);
    while (len) {
        size_t n = MIN(len, SOFT_PAGE_SIZE - (va & (SOFT_PAGE_SIZE - 1)));
        uint8_t *host = gpuvm_soft_tlb_page(t, va, false, f);

        if (!host) {
            return false;
        }
        copy_piece(p, host, n, host);
        p += n;
        va += n;
        len -= n;
    }
    return true;
}

bool gpuvm_soft_mem_write(SoftTlb *t, uint64_t va, const void *buf,
                          size_t len, SoftMemFault *f)
{
    const uint8_t *p = buf;

    gpuvm_soft_tlb_sync(t);
    while (len) {
        size_t n = MIN(len, SOFT_PAGE_SIZE - (va & (SOFT_PAGE_SIZE - 1)));
        uint8_t *host = gpuvm_soft_tlb_page(t, va, true, f);

        if (!host) {
            return false;
        }
        copy_piece(host, p, n, host);
        p += n;
        va += n;
        len -= n;
    }
    return true;
}

/* Takes all dirty bits out; lock held. */
static GArray *dirty_collect(SoftAs *as)
{
    GArray *words = g_array_new(FALSE, FALSE, sizeof(DirtyWord));
    unsigned i, w;

    for (i = 0; i < SOFT_L1_ENTRIES / 64; i++) {
        uint64_t slots = atomic_load(&as->dirty_l1[i]) ?
                         atomic_exchange(&as->dirty_l1[i], 0) : 0;

        while (slots) {
            unsigned l1 = i * 64 + __builtin_ctzll(slots);
            SoftL2 *l2 = atomic_load(&as->l1[l1]);
            SoftL2Ram *ram = l2 ? atomic_load(&l2->ram) : NULL;

            slots &= slots - 1;
            for (w = 0; ram && w < SOFT_DIRTY_WORDS; w++) {
                DirtyWord d = { l1, w, 0 };

                if (atomic_load_explicit(&ram->dirty[w],
                                         memory_order_relaxed)) {
                    d.bits = atomic_exchange(&ram->dirty[w], 0);
                    g_array_append_val(words, d);
                }
            }
        }
    }
    return words;
}

/* The guest-physical ranges of collected words; lock held. */
static void dirty_ranges(SoftAs *as, const GArray *words, bool put_back,
                         GArray *ranges)
{
    guint n;

    for (n = 0; n < words->len; n++) {
        const DirtyWord *d = &g_array_index(words, DirtyWord, n);
        SoftL2Ram *ram = atomic_load(&atomic_load(&as->l1[d->l1])->ram);
        uint64_t bits = d->bits;

        if (put_back) {
            dirty_set(as, ram, d->l1, d->word, bits);
        }
        while (bits) {
            unsigned i = d->word * 64 + __builtin_ctzll(bits);
            SoftRun *run = ram->run[i];
            uint64_t va = ((uint64_t)d->l1 << SOFT_L2_BITS | i) <<
                          SOFT_PAGE_BITS;

            bits &= bits - 1;
            if (run) {
                gpuvm_soft_range_add(ranges, run->gpa + (va - run->va),
                                     SOFT_PAGE_SIZE);
            }
        }
    }
}

void gpuvm_soft_as_complete(SoftAs *as)
{
    g_autoptr(GArray) ranges = NULL;
    g_autoptr(GArray) words = NULL;
    bool put_back;
    guint i;

    if (!atomic_exchange(&as->dirty_any, 0)) {
        return;
    }
    ranges = g_array_new(FALSE, FALSE, sizeof(SoftRange));
    g_mutex_lock(&as->lock);
    words = dirty_collect(as);
    atomic_fetch_add(&as->generation, 1);
    put_back = gpuvm_soft_section_others(as->gpu) != 0;
    dirty_ranges(as, words, put_back, ranges);
    if (as->late->len) {
        atomic_store(&as->dirty_any, 1);
        g_array_append_vals(ranges, as->late->data, as->late->len);
    }
    g_mutex_unlock(&as->lock);
    for (i = 0; i < ranges->len; i++) {
        SoftRange *r = &g_array_index(ranges, SoftRange, i);

        gpuvm_host_ram_dirty(as->host, r->gpa, r->len);
    }
}
