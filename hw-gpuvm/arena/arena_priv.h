/*
 * The arena's layout and what its files share.
 *
 * The file:
 *
 *   0            ArenaHeader: sizes, checked by who joins; the word `current`
 *   4096         ArenaSeat, one a slot: the words to wait on, the slot's lock
 *   then         two ArenaState buffers a slot, each on pages of its own
 *   ARENA_META   VRAM
 *
 * Locks on bytes of the file (OFD locks: the kernel drops them when the
 * process dies, and sees through containers):
 *
 *   byte 0, the gate: shared by every member, exclusive for making the arena
 *   and for taking it away; byte of a seat, exclusive: who owns the slot.
 *
 * Who holds a slot's byte, and nobody else, writes its two buffers, its entry
 * in the table and the VRAM that the table says is its.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_ARENA_ARENA_PRIV_H
#define GPUVM_ARENA_ARENA_PRIV_H

#include <glib.h>
#include <sys/types.h>

#include "arena/arena.h"

#define ARENA_MAGIC     UINT64_C(0x414e4552414d5647)    /* "GVMARENA" */
#define ARENA_VERSION   1
#define ARENA_PAGE      4096u
#define ARENA_UNIT      (UINT64_C(1) << 20)     /* slices are whole MiB */
#define ARENA_VRAM_MAX  (UINT64_C(1) << 40)

/** ArenaHeader - at offset 0; .magic to .client_max in every version. */
typedef struct ArenaHeader {
    uint64_t magic;         /* written last */
    uint32_t version;
    uint32_t meta_size;     /* bytes before VRAM */
    uint64_t vram_size;
    uint32_t slots;
    uint32_t slices;
    uint32_t state_size;
    uint32_t client_max;
    uint64_t reserved[3];
    /* generation << 16 | buffer; 0: nothing was committed yet */
    _Atomic uint64_t current;
} ArenaHeader;

/** ArenaSeat - what changes without a commit; one a slot. */
typedef struct ArenaSeat {
    _Atomic uint32_t wake;  /* futex: counts up */
    _Atomic uint32_t beat;  /* counts up while the process goes on */
    uint32_t reserved[14];
} ArenaSeat;

typedef enum ArenaUse {
    ARENA_FREE,
    ARENA_USED,
    ARENA_DYING,            /* gone; its slices are being zeroed */
} ArenaUse;

typedef struct ArenaSlotState {
    uint32_t use;           /* ArenaUse */
    uint32_t gen;           /* how often it was claimed */
} ArenaSlotState;

/** ArenaSliceState - entries [0, slices) are in use, in no order. */
typedef struct ArenaSliceState {
    uint32_t slot;
    uint32_t reserved;
    uint64_t base, size;    /* bytes, whole MiB */
} ArenaSliceState;

/** ArenaState - everything that changes by commit. */
typedef struct ArenaState {
    uint32_t slots;         /* entries of .slot that count */
    uint32_t slices;        /* entries of .slice that count */
    uint32_t client_id;     /* 0: no client attached yet */
    uint32_t client_size;
    uint32_t client_used;   /* bytes of .client that count */
    uint32_t reserved;
    /* a bit a slot: the client has yet to be told that it is gone */
    uint32_t gone[GPUVM_ARENA_SLOTS / 32];
    ArenaSlotState slot[GPUVM_ARENA_SLOTS];
    ArenaSliceState slice[GPUVM_ARENA_SLICES];
    uint64_t client[GPUVM_ARENA_CLIENT_MAX / 8];
} ArenaState;

#define ARENA_STATE_STRIDE  ((sizeof(ArenaState) + ARENA_PAGE - 1) / \
                             ARENA_PAGE * ARENA_PAGE)
#define ARENA_SEATS_SIZE    ((GPUVM_ARENA_SLOTS * sizeof(ArenaSeat) + \
                              ARENA_PAGE - 1) / ARENA_PAGE * ARENA_PAGE)
#define ARENA_STATES        (ARENA_PAGE + ARENA_SEATS_SIZE)
/* How often the reaper looks. */
#define ARENA_REAP_US       1000000
/* whole large pages */
#define ARENA_META  ((ARENA_STATES + GPUVM_ARENA_SLOTS * 2 * \
                      ARENA_STATE_STRIDE + (2u << 20) - 1) & \
                     ~((UINT64_C(2) << 20) - 1))

G_STATIC_ASSERT(sizeof(ArenaSeat) == 64);
G_STATIC_ASSERT(offsetof(ArenaHeader, current) == 64);
G_STATIC_ASSERT(offsetof(ArenaState, slot) % 8 == 0);
G_STATIC_ASSERT(sizeof(ArenaState) % 8 == 0);

struct GpuvmArena {
    int fd;
    int dir;                /* the folder; -1: private */
    char *folder;           /* its path */
    char *name;             /* the file's name in it */
    bool own_folder;        /* made by us, to be removed when empty */
    uint8_t *meta;          /* [0, ARENA_META) of the file */
    ArenaHeader *header;
    ArenaSeat *seats;
    uint64_t vram_size;
    unsigned slot;
    pid_t pid;              /* a fork()ed child has no part in it */
    GpuvmArenaClient client;

    GMutex reap_lock;       /* one reaps at a time; before .lock */
    GMutex quit_lock;       /* with .quit_cond: .quit */
    GCond quit_cond;
    GThread *reaper;        /* NULL: private */
    bool quit;

    GMutex lock;            /* the fields below; begin to commit */
    ArenaState *local;      /* this process's copy */
    uint64_t local_at;      /* .current when it was that; valid if .clean */
    bool clean;
    unsigned lost;          /* commits in a row that others won */
};

static inline void arena_failpoint(const char *where)
{
    if (G_UNLIKELY(gpuvm_arena_failpoint)) {
        gpuvm_arena_failpoint(where);
    }
}

/* ---- file.c ---------------------------------------------------------------- */

/**
 * gpuvm_arena_file_join - opens the file and holds the gate, shared; makes
 * and fills it if nobody is there.  Fills @a's .fd, .dir, .folder and .name.
 */
int gpuvm_arena_file_join(GpuvmArena *a, const char *share, char **err);
/** gpuvm_arena_file_leave - closes; the last one takes the file away. */
void gpuvm_arena_file_leave(GpuvmArena *a);
/** gpuvm_arena_file_abandon - the name goes if nobody else is there; the
 *  process is about to end, and uses what it has until then. */
void gpuvm_arena_file_abandon(GpuvmArena *a);
/** gpuvm_arena_file_lock - F_WRLCK, F_RDLCK or F_UNLCK on one byte, without
 *  waiting; 0 or a negative errno (-EAGAIN: another holds it). */
int gpuvm_arena_file_lock(int fd, uint64_t byte, short type);
/** gpuvm_arena_file_reserve - memory for a range; 0 or a negative errno. */
int gpuvm_arena_file_reserve(int fd, uint64_t off, uint64_t size);

/* ---- arena.c --------------------------------------------------------------- */

/** gpuvm_arena_format - fills a new file, all zeroes and of no size. */
int gpuvm_arena_format(int fd, uint64_t vram_size);

/* ---- tx.c: between these, a->lock is held ------------------------------------ */

ArenaState *gpuvm_arena_tx_begin(GpuvmArena *a);
/** gpuvm_arena_tx_commit - by @slot's buffers, whose byte the caller holds. */
bool gpuvm_arena_tx_commit(GpuvmArena *a, unsigned slot);
void gpuvm_arena_tx_cancel(GpuvmArena *a);
/** gpuvm_arena_tx_read - as begin; ended by gpuvm_arena_done(). */
const ArenaState *gpuvm_arena_tx_read(GpuvmArena *a);

/* ---- slot.c ------------------------------------------------------------------ */

/** gpuvm_arena_slot_claim - a free slot, else one of the dead; -ENOSPC. */
int gpuvm_arena_slot_claim(GpuvmArena *a);
/** gpuvm_arena_slot_release - everything of this process's goes. */
void gpuvm_arena_slot_release(GpuvmArena *a);

/** gpuvm_arena_reaper_start - the thread that finds the dead. */
void gpuvm_arena_reaper_start(GpuvmArena *a);
void gpuvm_arena_reaper_stop(GpuvmArena *a);

/* ---- slice.c ------------------------------------------------------------------ */

/** gpuvm_arena_slice_punch - makes the slices of @slot, whose byte the caller
 *  holds, read zero, and returns their memory. */
void gpuvm_arena_slice_punch(GpuvmArena *a, unsigned slot);
/** gpuvm_arena_slice_drop - takes entries of @slot with @base out of @s;
 *  UINT64_MAX: all of them. */
void gpuvm_arena_slice_drop(ArenaState *s, unsigned slot, uint64_t base);

#endif
