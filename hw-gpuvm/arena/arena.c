/*
 * Opening and closing an arena: its file (file.c), its header, this process's
 * slot (slot.c).
 *
 * The header's first fields keep their places in every version, so that a
 * process of another version can be told what is different.  What all must
 * agree on is checked here, once; the tables are checked whenever they are
 * read (tx.c).
 *
 * A process that ends by exit() without closing (QEMU does not unrealize its
 * devices) still takes the file away if it was the last.  Its slot it keeps
 * until it is gone, since its threads may run to the end; then it is reaped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena/arena_priv.h"

void (*gpuvm_arena_failpoint)(const char *where);

int gpuvm_arena_format(int fd, uint64_t vram_size)
{
    ArenaHeader h = {
        .version = ARENA_VERSION,
        .meta_size = ARENA_META,
        .vram_size = vram_size,
        .slots = GPUVM_ARENA_SLOTS,
        .slices = GPUVM_ARENA_SLICES,
        .state_size = sizeof(ArenaState),
        .client_max = GPUVM_ARENA_CLIENT_MAX,
    };
    uint64_t magic = ARENA_MAGIC;
    int ret;

    if (ftruncate(fd, ARENA_META + vram_size) < 0) {
        return -errno;
    }
    /* what is touched later must not fail then: SIGBUS */
    ret = gpuvm_arena_file_reserve(fd, 0, ARENA_STATES);
    if (ret) {
        return ret;
    }
    if (pwrite(fd, &h, sizeof(h), 0) != sizeof(h)) {
        return -EIO;
    }
    arena_failpoint("format-header");
    return pwrite(fd, &magic, sizeof(magic), 0) == sizeof(magic) ? 0 : -EIO;
}

static int check_header(const GpuvmArena *a, const ArenaHeader *h, char **err)
{
    struct stat st;

    if (h->magic != ARENA_MAGIC) {
        *err = g_strdup_printf("%s/%s is not an arena", a->folder, a->name);
        return -EPROTO;
    }
    if (h->version != ARENA_VERSION || h->meta_size != ARENA_META ||
        h->slots != GPUVM_ARENA_SLOTS || h->slices != GPUVM_ARENA_SLICES ||
        h->state_size != sizeof(ArenaState) ||
        h->client_max != GPUVM_ARENA_CLIENT_MAX) {
        *err = g_strdup_printf("the arena '%s' has layout version %u (%u "
                               "bytes, %u slots of %u bytes), this program "
                               "has version %u (%u bytes, %u slots of %u "
                               "bytes); use the same build of gpuvm for all "
                               "that share a GPU", a->name, h->version,
                               h->meta_size, h->slots, h->state_size,
                               ARENA_VERSION, (unsigned)ARENA_META,
                               GPUVM_ARENA_SLOTS,
                               (unsigned)sizeof(ArenaState));
        return -EPROTO;
    }
    if (h->vram_size != a->vram_size) {
        *err = g_strdup_printf("the arena '%s' has %" PRIu64 " MiB of VRAM, "
                               "and this process wants %" PRIu64 " MiB; give "
                               "the same vram= to all that share a GPU",
                               a->name, h->vram_size >> 20,
                               a->vram_size >> 20);
        return -EPROTO;
    }
    if (fstat(a->fd, &st) < 0 ||
        (uint64_t)st.st_size != ARENA_META + a->vram_size) {
        *err = g_strdup_printf("the arena '%s' has the wrong size", a->name);
        return -EPROTO;
    }
    return 0;
}

static int read_header(GpuvmArena *a, char **err)
{
    ArenaHeader h;

    if (pread(a->fd, &h, sizeof(h), 0) != sizeof(h)) {
        *err = g_strdup_printf("%s/%s is not an arena", a->folder, a->name);
        return -EPROTO;
    }
    return check_header(a, &h, err);
}

static int map_meta(GpuvmArena *a, char **err)
{
    void *map = mmap(NULL, ARENA_META, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_NORESERVE, a->fd, 0);

    if (map == MAP_FAILED) {
        int ret = -errno;

        *err = g_strdup_printf("cannot map the arena: %s", strerror(-ret));
        return ret;
    }
    a->meta = map;
    a->header = map;
    a->seats = (ArenaSeat *)(a->meta + ARENA_PAGE);
    return 0;
}

static int take_slot(GpuvmArena *a, char **err)
{
    int ret = gpuvm_arena_slot_claim(a);

    if (ret >= 0) {
        a->slot = ret;
        return 0;
    }
    if (ret == -EBUSY) {
        *err = g_strdup_printf("all %d slots of the arena '%s' are taken",
                               GPUVM_ARENA_SLOTS, a->name);
    } else {
        *err = g_strdup_printf("cannot take a slot of the arena '%s': %s",
                               a->name ? a->name : "private", strerror(-ret));
    }
    return ret;
}

/* ---- exit() --------------------------------------------------------------- */

static GMutex open_lock;        /* guards open_arenas; taken with no other */
static GSList *open_arenas;     /* the shared ones */

static void abandon_all(void)
{
    GSList *i;

    g_mutex_lock(&open_lock);
    for (i = open_arenas; i; i = i->next) {
        GpuvmArena *a = i->data;

        if (a->pid == getpid()) {
            gpuvm_arena_file_abandon(a);
        }
    }
    g_mutex_unlock(&open_lock);
}

static void note_open(GpuvmArena *a)
{
    static bool registered;

    g_mutex_lock(&open_lock);
    a->pid = getpid();
    open_arenas = g_slist_prepend(open_arenas, a);
    if (!registered) {
        registered = true;
        atexit(abandon_all);
    }
    g_mutex_unlock(&open_lock);
}

static void note_closed(GpuvmArena *a)
{
    g_mutex_lock(&open_lock);
    open_arenas = g_slist_remove(open_arenas, a);
    g_mutex_unlock(&open_lock);
}

/* ---- open and close --------------------------------------------------------- */

static void discard(GpuvmArena *a)
{
    gpuvm_arena_file_leave(a);
    g_mutex_clear(&a->lock);
    g_mutex_clear(&a->reap_lock);
    g_mutex_clear(&a->quit_lock);
    g_cond_clear(&a->quit_cond);
    g_free(a->local);
    g_free(a);
}

int gpuvm_arena_open(GpuvmArena **out, const char *share, uint64_t vram_size,
                     char **err)
{
    GpuvmArena *a;
    int ret;

    if (!vram_size || vram_size % ARENA_UNIT || vram_size > ARENA_VRAM_MAX) {
        *err = g_strdup("the size of VRAM must be a multiple of 1 MiB, "
                        "at most 1 TiB, and not 0");
        return -EINVAL;
    }
    a = g_new0(GpuvmArena, 1);
    a->vram_size = vram_size;
    ret = gpuvm_arena_file_join(a, share, err);
    if (ret) {
        g_free(a);
        return ret;
    }
    g_mutex_init(&a->lock);
    g_mutex_init(&a->reap_lock);
    g_mutex_init(&a->quit_lock);
    g_cond_init(&a->quit_cond);
    a->local = g_new0(ArenaState, 1);
    ret = share ? read_header(a, err) : 0;
    if (!ret) {
        ret = map_meta(a, err);
    }
    if (!ret) {
        ret = take_slot(a, err);
        if (!ret) {
            if (share) {
                note_open(a);
                gpuvm_arena_reap(a);
                gpuvm_arena_reaper_start(a);
            }
            *out = a;
            return 0;
        }
        munmap(a->meta, ARENA_META);
    }
    discard(a);
    return ret;
}

void gpuvm_arena_close(GpuvmArena *a)
{
    if (!a) {
        return;
    }
    if (a->reaper) {
        note_closed(a);
        gpuvm_arena_reaper_stop(a);
    }
    gpuvm_arena_slot_release(a);
    munmap(a->meta, ARENA_META);
    discard(a);
}

bool gpuvm_arena_shared(const GpuvmArena *a)
{
    return a->dir >= 0;
}

uint64_t gpuvm_arena_vram_size(const GpuvmArena *a)
{
    return a->vram_size;
}

unsigned gpuvm_arena_slot(const GpuvmArena *a)
{
    return a->slot;
}
