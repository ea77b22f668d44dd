/*
 * Changes of what processes share: each happens wholly or not at all.
 *
 * The arena's state (slots, slices, the client's block) is never changed in
 * place.  The word `current` names one of many buffers, two a slot, and its
 * generation.  To change something a process
 *
 *  1. copies the buffer that is current to memory of its own, and looks
 *     whether it was current all the time;
 *  2. changes the copy;
 *  3. writes the copy to that of its two buffers which is not current;
 *  4. sets `current` from the word it saw in (1) to its own buffer with the
 *     next generation, by compare-and-swap.  If that fails somebody else was
 *     faster, and it begins again.
 *
 * Nobody ever holds a lock, so nobody can die or be stopped with one: a
 * process that dies before (4) has changed nothing, after it everything, and
 * one that is stopped for an hour before (4) fails there when it goes on.
 * Some process always succeeds.
 *
 * A buffer is written only by the one that holds its slot's byte, and only
 * while it is not current; it can become current by nobody else.  Who copies a
 * buffer that its owner begins to write again sees that `current` has moved.
 *
 * A process keeps its copy; while `current` has not moved it is still right,
 * and (1) costs one load.
 *
 * What was copied is checked before it is used: counts and ranges that are
 * impossible, by an error in another process, become possible ones.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "arena/arena_priv.h"

#define BUFFERS         (GPUVM_ARENA_SLOTS * 2)
#define BUFFER_OF(word) ((unsigned)((word) & 0xffff))
/* Commits lost in a row before one waits a little. */
#define LOST_SPIN       4
#define LOST_MAX        10

/* States are copied by words, whatever is in them. */
typedef uint64_t __attribute__((may_alias)) Word;

static Word *buffer(const GpuvmArena *a, unsigned n)
{
    return (Word *)(a->meta + ARENA_STATES + n * ARENA_STATE_STRIDE);
}

/* By words, each in one access: the other side may be writing. */
static void copy_in(void *to, const Word *from, size_t off, size_t len)
{
    Word *p = (Word *)((uint8_t *)to + off);
    size_t i, n = (len + 7) / 8;

    for (i = 0; i < n; i++) {
        p[i] = __atomic_load_n(&from[off / 8 + i], __ATOMIC_RELAXED);
    }
}

static void copy_out(Word *to, const void *from, size_t off, size_t len)
{
    const Word *p = (const Word *)((const uint8_t *)from + off);
    size_t i, n = (len + 7) / 8;

    for (i = 0; i < n; i++) {
        __atomic_store_n(&to[off / 8 + i], p[i], __ATOMIC_RELAXED);
    }
}

#define HEAD_SIZE   offsetof(ArenaState, slot)

static void clamp_head(ArenaState *s)
{
    s->slots = MIN(s->slots, GPUVM_ARENA_SLOTS);
    s->slices = MIN(s->slices, GPUVM_ARENA_SLICES);
    s->client_size = MIN(s->client_size, GPUVM_ARENA_CLIENT_MAX);
    s->client_used = MIN(s->client_used, s->client_size);
}

static void clamp_slices(ArenaState *s, uint64_t vram_size)
{
    uint32_t i;

    for (i = 0; i < s->slices; i++) {
        ArenaSliceState *e = &s->slice[i];

        e->slot = MIN(e->slot, GPUVM_ARENA_SLOTS - 1);
        e->base = MIN(e->base & ~(ARENA_UNIT - 1), vram_size);
        e->size = MIN(e->size & ~(ARENA_UNIT - 1), vram_size - e->base);
    }
}

/* What of a state counts is copied; the rest of the copy is zeroes. */
static void load_state(const GpuvmArena *a, unsigned n)
{
    const Word *b = buffer(a, n);
    uint32_t used = a->local->client_used;
    ArenaState *s = a->local;

    copy_in(s, b, 0, HEAD_SIZE);
    clamp_head(s);
    copy_in(s, b, offsetof(ArenaState, slot), s->slots * sizeof(s->slot[0]));
    copy_in(s, b, offsetof(ArenaState, slice),
            s->slices * sizeof(s->slice[0]));
    copy_in(s, b, offsetof(ArenaState, client), s->client_used);
    if (s->client_used < used) {
        memset((uint8_t *)s->client + s->client_used, 0,
               used - s->client_used);
    }
    memset(&s->slot[s->slots], 0,
           (GPUVM_ARENA_SLOTS - s->slots) * sizeof(s->slot[0]));
    clamp_slices(s, a->vram_size);
}

static void store_state(const GpuvmArena *a, unsigned n)
{
    const ArenaState *s = a->local;
    Word *b = buffer(a, n);

    copy_out(b, s, 0, HEAD_SIZE);
    copy_out(b, s, offsetof(ArenaState, slot), s->slots * sizeof(s->slot[0]));
    arena_failpoint("tx-half");
    copy_out(b, s, offsetof(ArenaState, slice),
             s->slices * sizeof(s->slice[0]));
    copy_out(b, s, offsetof(ArenaState, client), s->client_used);
}

/* Brings the process's copy up to date. */
static void fetch(GpuvmArena *a)
{
    uint64_t at = atomic_load_explicit(&a->header->current,
                                       memory_order_acquire);
    uint64_t after;

    while (!a->clean || at != a->local_at) {
        if (at && BUFFER_OF(at) < BUFFERS) {
            load_state(a, BUFFER_OF(at));
        } else {
            memset(a->local, 0, sizeof(*a->local));
        }
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&a->header->current,
                                     memory_order_relaxed);
        a->local_at = at;
        a->clean = at == after;
        at = atomic_load_explicit(&a->header->current, memory_order_acquire);
    }
}

/* Before anything else is done to the block, the client hears who is gone. */
static void tell_client(GpuvmArena *a)
{
    ArenaState *s = a->local;
    unsigned i;

    for (i = 0; i < GPUVM_ARENA_SLOTS; i++) {
        if (s->gone[i / 32] & (1u << i % 32)) {
            a->client.gone(s->client, i, a->client.opaque);
        }
    }
    memset(s->gone, 0, sizeof(s->gone));
}

ArenaState *gpuvm_arena_tx_begin(GpuvmArena *a)
{
    g_mutex_lock(&a->lock);
    fetch(a);
    a->clean = false;       /* the caller changes it */
    if (a->client.gone) {
        tell_client(a);
    }
    return a->local;
}

const ArenaState *gpuvm_arena_tx_read(GpuvmArena *a)
{
    g_mutex_lock(&a->lock);
    fetch(a);
    return a->local;
}

void gpuvm_arena_done(GpuvmArena *a)
{
    g_mutex_unlock(&a->lock);
}

static void measure_client(GpuvmArena *a)
{
    ArenaState *s = a->local;
    size_t used = s->client_size;

    if (a->client.used) {
        used = MIN(a->client.used(s->client), s->client_size);
    }
    s->client_used = (used + 7) & ~7u;
}

void gpuvm_arena_tx_cancel(GpuvmArena *a)
{
    measure_client(a);      /* that much is to be undone */
    g_mutex_unlock(&a->lock);
}

/* Who lost often lets others go first, for a random while. */
static void back_off(unsigned lost)
{
    if (lost > LOST_SPIN) {
        g_usleep(g_random_int_range(1, 1 << MIN(lost, LOST_MAX)));
    }
}

bool gpuvm_arena_tx_commit(GpuvmArena *a, unsigned slot)
{
    uint64_t at = a->local_at, next;
    unsigned mine = slot * 2, lost;
    bool won;

    if (at && BUFFER_OF(at) == mine) {
        mine++;
    }
    measure_client(a);
    arena_failpoint("tx-begin");
    /* whoever sees a word of it sees that current has moved */
    atomic_thread_fence(memory_order_release);
    store_state(a, mine);
    next = ((at >> 16) + 1) << 16 | mine;
    arena_failpoint("tx-written");
    won = atomic_compare_exchange_strong_explicit(
        &a->header->current, &at, next, memory_order_acq_rel,
        memory_order_relaxed);
    arena_failpoint("tx-done");
    if (won) {
        a->local_at = next;
    }
    a->clean = won;
    lost = a->lost = won ? 0 : a->lost + 1;
    g_mutex_unlock(&a->lock);
    back_off(lost);
    return won;
}

/* ---- the client ------------------------------------------------------------- */

static int attach_once(GpuvmArena *a, const GpuvmArenaClient *c, char **err)
{
    ArenaState *s = gpuvm_arena_tx_begin(a);

    if (s->client_id && (s->client_id != c->id ||
                         s->client_size != ((c->size + 7) & ~7u))) {
        *err = g_strdup_printf("the arena's %s has version %u (%u bytes), "
                               "this program has version %u (%u bytes); use "
                               "the same build of gpuvm for all that share a "
                               "GPU", c->name, s->client_id, s->client_size,
                               c->id, (c->size + 7) & ~7u);
        gpuvm_arena_tx_cancel(a);
        return -EPROTO;
    }
    a->client = *c;
    if (s->client_id) {
        gpuvm_arena_tx_cancel(a);
        return 0;
    }
    s->client_id = c->id;
    s->client_size = (c->size + 7) & ~7u;
    if (c->init) {
        c->init(s->client, c->opaque);
    }
    return gpuvm_arena_tx_commit(a, a->slot) ? 0 : -EAGAIN;
}

int gpuvm_arena_attach(GpuvmArena *a, const GpuvmArenaClient *c, char **err)
{
    int ret;

    if (!c->id || c->size > GPUVM_ARENA_CLIENT_MAX) {
        *err = g_strdup_printf("the %s needs %u bytes, an arena has %u",
                               c->name, c->size, GPUVM_ARENA_CLIENT_MAX);
        return -EINVAL;
    }
    do {
        ret = attach_once(a, c, err);
    } while (ret == -EAGAIN);
    return ret;
}

void *gpuvm_arena_begin(GpuvmArena *a)
{
    return gpuvm_arena_tx_begin(a)->client;
}

bool gpuvm_arena_commit(GpuvmArena *a)
{
    return gpuvm_arena_tx_commit(a, a->slot);
}

void gpuvm_arena_cancel(GpuvmArena *a)
{
    gpuvm_arena_tx_cancel(a);
}

const void *gpuvm_arena_peek(GpuvmArena *a)
{
    return gpuvm_arena_tx_read(a)->client;
}
