/*
 * Private to as.c, as_ram.c and tlb.c: the tables of a software address space.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_AS_PRIV_H
#define GPUVM_SOFT_AS_PRIV_H

#include "soft/soft_priv.h"

#define SOFT_VA_BITS    40
#define SOFT_VA_LIMIT   (UINT64_C(1) << SOFT_VA_BITS)
#define SOFT_L2_BITS    15          /* 32768 pages = 128 MiB */
#define SOFT_L2_ENTRIES (1u << SOFT_L2_BITS)
#define SOFT_L1_ENTRIES (1u << (SOFT_VA_BITS - SOFT_L2_BITS - SOFT_PAGE_BITS))
#define SOFT_DIRTY_WORDS (SOFT_L2_ENTRIES / 64)

/* Bytes of tables that one address space may make the host allocate. */
#define SOFT_AS_BUDGET  (UINT64_C(64) << 20)
/* A block of VRAM that the host's kernel maps at once: 2 MiB. */
#define SOFT_WARM_BITS  21
/* Unbound dirty ranges kept until the next flush; more force one. */
#define SOFT_LATE_MAX   4096

/*
 * A page entry: host address of the page << 8 | flags, 0 = not present.  User
 * space addresses have at most 56 bits on any 64-bit host that Linux runs on.
 */
#define SOFT_PTE_SHIFT   8
#define SOFT_PTE_PRESENT (1u << 0)
#define SOFT_PTE_RO      (1u << 1)
#define SOFT_PTE_SYSRAM  (1u << 2)
#define SOFT_PTE_PRIV    (1u << 3)

/**
 * SoftRun - one ram_map() of the host.  Lives while a page entry refers to it
 * (pages > 0) and then on SoftAs.dead until a pause has passed.
 */
typedef struct SoftRun {
    struct SoftRun *prev, *next;    /* SoftAs.runs or .dead */
    uint8_t *ptr;
    uint64_t va;                    /* where its first page was bound */
    uint64_t gpa;
    uint64_t len;                   /* as ram_map() returned it */
    uint32_t pages;                 /* page entries that refer to it */
} SoftRun;

/** SoftL2Ram - what a table needs in addition once it maps guest RAM. */
typedef struct SoftL2Ram {
    SoftRun *run[SOFT_L2_ENTRIES];          /* under SoftAs.lock */
    _Atomic uint64_t dirty[SOFT_DIRTY_WORDS]; /* taken for writing */
} SoftL2Ram;

typedef struct SoftL2 {
    _Atomic(SoftL2Ram *) ram;
    uint32_t used;                          /* entries present, under lock */
    _Atomic uint64_t e[SOFT_L2_ENTRIES];
} SoftL2;

typedef struct SoftRange {
    uint64_t gpa, len;
} SoftRange;

/** SoftListener - the invalidate callback of one host, for all its spaces. */
typedef struct SoftListener {
    SoftGpu *gpu;
    GpuvmHost *host;
    GSList *spaces;                         /* of SoftAs */
} SoftListener;

struct GpuvmGpuAs {
    SoftGpu *gpu;
    GpuvmHost *host;
    GpuvmSlice slice;
    SoftListener *listener;
    _Atomic uint64_t *warm; /* a bit for each block of VRAM that is mapped */
    _Atomic uint32_t generation;
    _Atomic uint32_t dirty_any;
    _Atomic uint64_t dirty_l1[SOFT_L1_ENTRIES / 64];

    GMutex lock;            /* all below, and changes of entries */
    uint64_t bytes;         /* allocated for tables and runs */
    uint64_t budget;
    bool stale;             /* an entry was replaced since the last flush */
    SoftRun *runs, *dead;
    GArray *late;           /* SoftRange: unbound while dirty */
    GPtrArray *empty;       /* SoftL2 taken out, to be freed after a pause */

    _Atomic(SoftL2 *) l1[SOFT_L1_ENTRIES];
};

static inline unsigned soft_l1_index(uint64_t va)
{
    return va >> (SOFT_PAGE_BITS + SOFT_L2_BITS);
}

static inline unsigned soft_l2_index(uint64_t va)
{
    return (va >> SOFT_PAGE_BITS) % SOFT_L2_ENTRIES;
}

/** gpuvm_soft_range_add - appends to @a, merging with its last range. */
void gpuvm_soft_range_add(GArray *a, uint64_t gpa, uint64_t len);

/* as_ram.c; all with SoftAs.lock held unless they say otherwise */
/** gpuvm_soft_as_charge - takes @bytes of the budget; false if over. */
bool gpuvm_soft_as_charge(SoftAs *as, uint64_t bytes);
/** gpuvm_soft_run_new - maps guest RAM at @gpa, at most @len bytes and at
 *  least one page; NULL with *@err -ENOMEM or -EFAULT (not RAM).  The caller
 *  holds one count of `pages` until gpuvm_soft_run_release(). */
SoftRun *gpuvm_soft_run_new(SoftAs *as, uint64_t va, uint64_t gpa,
                            uint64_t len, bool write, int *err);
/** gpuvm_soft_run_release - ends one count; the last moves it to .dead. */
void gpuvm_soft_run_release(SoftAs *as, SoftRun *run);
/** gpuvm_soft_run_put - an entry at @va left @run; may put it on .dead. */
void gpuvm_soft_run_put(SoftAs *as, SoftL2Ram *ram, uint64_t va);
/** gpuvm_soft_runs_reap - after a pause: unmaps a list taken from .dead. */
void gpuvm_soft_runs_reap(SoftAs *as, SoftRun *dead);
/** gpuvm_soft_listen/_unlisten - joins @as to its host's listener (no lock). */
void gpuvm_soft_listen(SoftAs *as);
void gpuvm_soft_unlisten(SoftAs *as);
/** gpuvm_soft_as_clear_page - as.c: empties the entry of @va if there is one. */
void gpuvm_soft_as_clear_page(SoftAs *as, uint64_t va);

/* vram.c */
/** gpuvm_soft_warm_init - no block is mapped yet; as->warm is g_free()d. */
void gpuvm_soft_warm_init(SoftAs *as);
/** gpuvm_soft_warm_block - has the block at @off of the slice mapped, if it is
 *  not.  Any thread, no lock. */
void gpuvm_soft_warm_block(SoftAs *as, uint64_t off);

/** gpuvm_soft_warm - the same, quick where nothing is to do. */
static inline void gpuvm_soft_warm(SoftAs *as, uint64_t off)
{
    uint64_t block = off >> SOFT_WARM_BITS;

    if (!(atomic_load_explicit(&as->warm[block / 64], memory_order_relaxed) >>
          (block % 64) & 1)) {
        gpuvm_soft_warm_block(as, off);
    }
}

/** SoftStale - what a flush took out of a space, to be freed after a pause. */
typedef struct SoftStale {
    SoftAs *as;
    SoftRun *dead;
    GArray *late;
    GPtrArray *empty;
} SoftStale;

/** gpuvm_soft_stale_take - false if there was nothing stale; takes the lock. */
bool gpuvm_soft_stale_take(SoftAs *as, SoftStale *s);
/** gpuvm_soft_stale_free - after the pause; takes the lock. */
void gpuvm_soft_stale_free(SoftStale *s);

#endif
