/*
 * VRAM: slices by first fit over the table of all that are taken.
 *
 * VRAM that is nobody's is a hole in the file, always: it reads zero and costs
 * nothing.  Only the process that holds the slot which the table names touches
 * a slice's memory; so it is the owner who reserves it, after the entry is
 * there, and who punches it out, before the entry goes.  What a dead process
 * had is punched out by the one that holds its slot's lock instead (slot.c).
 *
 * In a shared arena memory is reserved at once: its file system has a limit,
 * and a page that it cannot give later would be a SIGBUS in the middle of a
 * guest's access.  A private arena's memory is taken when it is touched, as a
 * guest's RAM is.
 *
 * A process maps its own slices and nobody else's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena/arena_priv.h"

/* Zeroes a range whose pages cannot be given back. */
static void write_zeroes(int fd, uint64_t off, uint64_t size)
{
    g_autofree uint8_t *zeroes = g_malloc0(ARENA_UNIT);
    uint64_t at;

    for (at = 0; at < size; at += ARENA_UNIT) {
        if (pwrite(fd, zeroes, ARENA_UNIT, off + at) < 0) {
            return;
        }
    }
}

static void punch(GpuvmArena *a, uint64_t base, uint64_t size)
{
    int ret;

    do {
        ret = fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        ARENA_META + base, size);
    } while (ret < 0 && errno == EINTR);
    if (ret < 0) {
        write_zeroes(a->fd, ARENA_META + base, size);
    }
}

void gpuvm_arena_slice_punch(GpuvmArena *a, unsigned slot)
{
    g_autofree ArenaSliceState *mine = g_new(ArenaSliceState,
                                             GPUVM_ARENA_SLICES);
    const ArenaState *s = gpuvm_arena_tx_read(a);
    unsigned i, n = 0;

    for (i = 0; i < s->slices; i++) {
        if (s->slice[i].slot == slot && s->slice[i].size) {
            mine[n++] = s->slice[i];
        }
    }
    gpuvm_arena_done(a);
    for (i = 0; i < n; i++) {
        punch(a, mine[i].base, mine[i].size);
    }
}

void gpuvm_arena_slice_drop(ArenaState *s, unsigned slot, uint64_t base)
{
    unsigned i = 0;

    while (i < s->slices) {
        if (s->slice[i].slot == slot &&
            (base == UINT64_MAX || s->slice[i].base == base)) {
            s->slice[i] = s->slice[--s->slices];
        } else {
            i++;
        }
    }
}

static uint64_t sum_taken(const ArenaState *s)
{
    uint64_t sum = 0;
    unsigned i;

    for (i = 0; i < s->slices; i++) {
        sum += s->slice[i].size;
    }
    return sum;
}

/* The lowest place for @size bytes, or UINT64_MAX. */
static uint64_t first_fit(const ArenaState *s, uint64_t vram, uint64_t size)
{
    uint64_t base = 0;
    unsigned i = 0;

    while (i < s->slices) {
        const ArenaSliceState *e = &s->slice[i++];

        if (e->base < base + size && base < e->base + e->size) {
            base = e->base + e->size;
            i = 0;
            if (base > vram - size) {
                return UINT64_MAX;
            }
        }
    }
    return base;
}

/* An entry for @size bytes; -EAGAIN: begin again. */
static int enter(GpuvmArena *a, uint64_t size, uint64_t *base, char **err)
{
    ArenaState *s = gpuvm_arena_tx_begin(a);

    *base = first_fit(s, a->vram_size, size);
    if (s->slices == GPUVM_ARENA_SLICES || *base == UINT64_MAX) {
        *err = s->slices == GPUVM_ARENA_SLICES ?
               g_strdup_printf("all %d slices of VRAM are taken",
                               GPUVM_ARENA_SLICES) :
               g_strdup_printf("no %" PRIu64 " MiB of VRAM are free in one "
                               "piece; %" PRIu64 " of %" PRIu64 " MiB are "
                               "taken", size >> 20, sum_taken(s) >> 20,
                               a->vram_size >> 20);
        gpuvm_arena_tx_cancel(a);
        return -ENOSPC;
    }
    s->slice[s->slices++] = (ArenaSliceState) {
        .slot = a->slot, .base = *base, .size = size,
    };
    return gpuvm_arena_tx_commit(a, a->slot) ? 0 : -EAGAIN;
}

static void leave(GpuvmArena *a, uint64_t base, uint64_t size)
{
    bool done;

    punch(a, base, size);
    arena_failpoint("slice-punched");
    do {
        gpuvm_arena_slice_drop(gpuvm_arena_tx_begin(a), a->slot, base);
        done = gpuvm_arena_tx_commit(a, a->slot);
    } while (!done);
}

/* Memory and a mapping for the range that is now ours. */
static int furnish(GpuvmArena *a, GpuvmArenaSlice *s, char **err)
{
    int ret = 0;

    if (gpuvm_arena_shared(a)) {
        ret = gpuvm_arena_file_reserve(a->fd, s->fd_offset, s->size);
    }
    if (ret) {
        *err = g_strdup_printf("the host has no memory for %" PRIu64 " MiB "
                               "of VRAM in %s: %s (df -h %s; as root: mount "
                               "-o remount,size=SIZE ...)", s->size >> 20,
                               a->folder, strerror(-ret), a->folder);
        return ret;
    }
    arena_failpoint("slice-reserved");
    s->map = mmap(NULL, s->size, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_NORESERVE, s->fd, s->fd_offset);
    if (s->map == MAP_FAILED) {
        ret = -errno;
        *err = g_strdup_printf("cannot map %" PRIu64 " MiB of VRAM: %s",
                               s->size >> 20, strerror(-ret));
    }
    return ret;
}

int gpuvm_arena_slice_alloc(GpuvmArena *a, uint64_t size, GpuvmArenaSlice *s,
                            char **err)
{
    bool reaped = false;
    uint64_t base;
    int ret;

    if (!size || size > a->vram_size) {
        *err = g_strdup_printf("a slice of %" PRIu64 " MiB does not fit "
                               "%" PRIu64 " MiB of VRAM", size >> 20,
                               a->vram_size >> 20);
        return size ? -ENOSPC : -EINVAL;
    }
    size = (size + ARENA_UNIT - 1) & ~(ARENA_UNIT - 1);
    do {
        ret = enter(a, size, &base, err);
        if (ret == -ENOSPC && !reaped) {
            reaped = true;
            if (gpuvm_arena_reap(a)) {
                g_clear_pointer(err, g_free);
                ret = -EAGAIN;
            }
        }
    } while (ret == -EAGAIN);
    if (ret) {
        return ret;
    }
    arena_failpoint("slice-entered");
    *s = (GpuvmArenaSlice) { .base = base, .size = size, .fd = a->fd,
                             .fd_offset = ARENA_META + base };
    ret = furnish(a, s, err);
    if (ret) {
        leave(a, base, size);
        *s = (GpuvmArenaSlice) { .fd = -1 };
    }
    return ret;
}

void gpuvm_arena_slice_free(GpuvmArena *a, GpuvmArenaSlice *s)
{
    munmap(s->map, s->size);
    leave(a, s->base, s->size);
    *s = (GpuvmArenaSlice) { .fd = -1 };
}
