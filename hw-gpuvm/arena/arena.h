/*
 * What processes that share a GPU have in common: an arena.
 *
 * An arena is one file in memory that every process maps: a slot for each
 * process, VRAM cut into slices, a block of plain data for the scheduler, and
 * words to wait on.  There is no daemon: the first who names an arena makes
 * it, and it is gone when the last has left.  Without a name it is a private
 * memfd, by the same code.
 *
 * Processes in an arena trust each other not to be malicious, but any may die
 * or be stopped at any instruction (docs/arena.md).
 *
 * Threads: all functions may be called from any thread, but for open and
 * close.  Between begin (or peek) and commit, cancel or done the process's
 * other threads are kept out, and nothing of the arena may be called but
 * gpuvm_arena_slot() and gpuvm_arena_wake().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_ARENA_ARENA_H
#define GPUVM_ARENA_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Processes in an arena, at most. */
#define GPUVM_ARENA_SLOTS       128
/** VRAM slices of all of them together, at most. */
#define GPUVM_ARENA_SLICES      256
/** The client's block, bytes at most. */
#define GPUVM_ARENA_CLIENT_MAX  24576

typedef struct GpuvmArena GpuvmArena;

/**
 * gpuvm_arena_open - joins the arena @share, or makes it.
 * @share: a name of letters, digits, '.', '_' and '-', which stands for
 *         /dev/shm/gpuvm-UID/NAME, or an absolute path; NULL: a private one
 * @vram_size: bytes, whole MiB; the same for all
 * Returns 0 or a negative errno, with a sentence in @err (g_free it).
 */
int gpuvm_arena_open(GpuvmArena **arena, const char *share,
                     uint64_t vram_size, char **err);
/** gpuvm_arena_close - leaves; every slice was freed.  NULL is allowed. */
void gpuvm_arena_close(GpuvmArena *a);
/** gpuvm_arena_shared - whether other processes can join. */
bool gpuvm_arena_shared(const GpuvmArena *a);
uint64_t gpuvm_arena_vram_size(const GpuvmArena *a);
/** gpuvm_arena_slot - this process's slot, constant while it is open. */
unsigned gpuvm_arena_slot(const GpuvmArena *a);

/* ---- VRAM (slice.c) -------------------------------------------------------- */

/** GpuvmArenaSlice - a range of VRAM that belongs to this process. */
typedef struct GpuvmArenaSlice {
    uint64_t base;          /* offset in VRAM, bytes */
    uint64_t size;          /* bytes, whole MiB */
    int fd;                 /* the arena's, not the caller's to close */
    uint64_t fd_offset;     /* where the slice starts in fd */
    uint8_t *map;           /* it alone, mapped read-write */
} GpuvmArenaSlice;

/**
 * gpuvm_arena_slice_alloc - @size bytes of VRAM that read zero, rounded up to
 * whole MiB; in a shared arena the memory is reserved before it returns.
 * -ENOSPC, -ENOMEM or -EINVAL with a sentence in @err.
 */
int gpuvm_arena_slice_alloc(GpuvmArena *a, uint64_t size, GpuvmArenaSlice *s,
                            char **err);
/** gpuvm_arena_slice_free - the memory goes back to the host at once. */
void gpuvm_arena_slice_free(GpuvmArena *a, GpuvmArenaSlice *s);

/* ---- the client's block (tx.c) ---------------------------------------------- */

/** GpuvmArenaClient - whose block it is; one a process, the same in all. */
typedef struct GpuvmArenaClient {
    const char *name;       /* for messages */
    uint32_t id;            /* version of its layout, not 0 */
    uint32_t size;          /* bytes, at most GPUVM_ARENA_CLIENT_MAX */
    /** init - @block is all zeroes: the first process that attaches. */
    void (*init)(void *block, void *opaque);
    /** gone - the process of @slot left or died: forget what was its. */
    void (*gone)(void *block, unsigned slot, void *opaque);
    /**
     * used - how much of the block is in use, bytes; the rest is zeroes and
     * is not copied.  NULL: all of it.
     */
    size_t (*used)(const void *block);
    void *opaque;
} GpuvmArenaClient;

/**
 * gpuvm_arena_attach - makes @client the block's owner in this process; once.
 * -EPROTO with a sentence if the others' block has another id or size.
 */
int gpuvm_arena_attach(GpuvmArena *a, const GpuvmArenaClient *client,
                       char **err);
/**
 * gpuvm_arena_begin - the block as it is now, this process's own copy, to be
 * changed and then committed or cancelled.  Nobody is kept waiting meanwhile.
 */
void *gpuvm_arena_begin(GpuvmArena *a);
/**
 * gpuvm_arena_commit - all changes become the arena's at once, and true; or
 * false: another process was faster, nothing was changed, begin again.
 */
bool gpuvm_arena_commit(GpuvmArena *a);
void gpuvm_arena_cancel(GpuvmArena *a);
/** gpuvm_arena_peek - as begin, for one who only reads; ended by _done. */
const void *gpuvm_arena_peek(GpuvmArena *a);
void gpuvm_arena_done(GpuvmArena *a);

/* ---- who is there (slot.c) --------------------------------------------------- */

/** gpuvm_arena_alive - a process holds @slot; false: nobody, or it died. */
bool gpuvm_arena_alive(GpuvmArena *a, unsigned slot);
/** gpuvm_arena_reap - takes everything from those that died; how many. */
unsigned gpuvm_arena_reap(GpuvmArena *a);
/** gpuvm_arena_members - slots in use, this one included. */
unsigned gpuvm_arena_members(GpuvmArena *a);

/* ---- waiting (turn.c) ---------------------------------------------------------- */

/** gpuvm_arena_ticket - to be taken before what is waited for is looked at. */
uint32_t gpuvm_arena_ticket(GpuvmArena *a);
/**
 * gpuvm_arena_wait - until somebody woke this slot after @ticket was taken,
 * or @ns have passed; false: the time is over.
 */
bool gpuvm_arena_wait(GpuvmArena *a, uint32_t ticket, uint64_t ns);
/** gpuvm_arena_wake - all threads that wait in @slot; any slot, any time. */
void gpuvm_arena_wake(GpuvmArena *a, unsigned slot);

/** gpuvm_arena_beat - this process goes on; said by the one with the turn. */
void gpuvm_arena_beat(GpuvmArena *a);

/** GpuvmArenaWatch - what one who waits remembers of another; starts zero. */
typedef struct GpuvmArenaWatch {
    unsigned slot;
    uint64_t turn;
    uint32_t beat;
    uint64_t since_ns;
} GpuvmArenaWatch;

typedef enum GpuvmArenaHealth {
    GPUVM_ARENA_GOES_ON,
    GPUVM_ARENA_STOPPED,    /* alive, but gave no sign for long enough */
    GPUVM_ARENA_DEAD,
} GpuvmArenaHealth;

/**
 * gpuvm_arena_look - how the process is that has the turn.
 * @turn: the turn's generation; a new one begins a new watch
 * @now_ns: the caller's clock, which need not be that process's
 */
GpuvmArenaHealth gpuvm_arena_look(GpuvmArena *a, GpuvmArenaWatch *w,
                                  unsigned slot, uint64_t turn,
                                  uint64_t now_ns);

/** Who waits looks this often at the one he waits for. */
#define GPUVM_ARENA_LOOK_NS     20000000u
/** Who has the turn and gives no sign for this long is stopped. */
#define GPUVM_ARENA_LAPSE_NS    60000000u

/* ---- for tests ------------------------------------------------------------------ */

/**
 * gpuvm_arena_failpoint - called with a name at each place where dying would
 * hurt most; NULL but in tests.
 */
extern void (*gpuvm_arena_failpoint)(const char *where);

#endif
