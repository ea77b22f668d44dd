/*
 * The software GPU's VRAM: one memfd, mapped once, handed out in slices.
 *
 * Slices are kept in a list by base and placed first-fit.  Pages are zero when
 * first touched; freeing a slice punches a hole, so its next owner reads zeros
 * again and the host gets the memory back.
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

#include "soft/soft_priv.h"

#define VRAM_UNIT (UINT64_C(1) << 20)       /* slices are whole MiB */
#define VRAM_MAX  (UINT64_C(1) << 40)

int gpuvm_soft_vram_init(SoftVram *v, uint64_t size, char **err)
{
    if (!size || size % VRAM_UNIT || size > VRAM_MAX) {
        *err = g_strdup("the size of VRAM must be a multiple of 1 MiB, "
                        "at most 1 TiB, and not 0");
        return -EINVAL;
    }
    v->fd = memfd_create("gpuvm-vram", MFD_CLOEXEC);
    if (v->fd < 0 || ftruncate(v->fd, size) < 0) {
        int ret = -errno;

        *err = g_strdup_printf("cannot make a memfd of %" PRIu64 " MiB for "
                               "VRAM: %s", size >> 20, strerror(-ret));
        if (v->fd >= 0) {
            close(v->fd);
        }
        return ret;
    }
    v->map = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_NORESERVE, v->fd, 0);
    if (v->map == MAP_FAILED) {
        int ret = -errno;

        *err = g_strdup_printf("cannot map %" PRIu64 " MiB of VRAM: %s",
                               size >> 20, strerror(-ret));
        close(v->fd);
        return ret;
    }
    v->size = size;
    g_mutex_init(&v->lock);
    return 0;
}

void gpuvm_soft_vram_fini(SoftVram *v)
{
    g_slist_free_full(v->slices, g_free);
    munmap(v->map, v->size);
    close(v->fd);
    g_mutex_clear(&v->lock);
}

static gint by_base(gconstpointer a, gconstpointer b)
{
    const GpuvmSlice *x = a, *y = b;

    return x->base < y->base ? -1 : x->base > y->base;
}

int gpuvm_soft_vram_alloc(SoftVram *v, uint64_t size, GpuvmSlice *slice,
                          char **err)
{
    uint64_t base = 0, used = 0;
    GSList *i;

    if (!size || size > v->size) {
        *err = g_strdup_printf("a slice of %" PRIu64 " MiB does not fit "
                               "%" PRIu64 " MiB of VRAM", size >> 20,
                               v->size >> 20);
        return size ? -ENOSPC : -EINVAL;
    }
    size = (size + VRAM_UNIT - 1) & ~(VRAM_UNIT - 1);
    g_mutex_lock(&v->lock);
    for (i = v->slices; i; i = i->next) {
        GpuvmSlice *s = i->data;

        used += s->size;
        if (s->base - base >= size) {
            break;
        }
        base = s->base + s->size;
    }
    if (!i && v->size - base < size) {
        *err = g_strdup_printf("no %" PRIu64 " MiB of VRAM are free in one "
                               "piece; %" PRIu64 " of %" PRIu64 " MiB are "
                               "taken", size >> 20, used >> 20,
                               v->size >> 20);
        g_mutex_unlock(&v->lock);
        return -ENOSPC;
    }
    *slice = (GpuvmSlice) {
        .base = base, .size = size, .fd = v->fd, .fd_offset = base,
        .map = v->map + base,
    };
    v->slices = g_slist_insert_sorted(v->slices,
                                      g_memdup2(slice, sizeof(*slice)),
                                      by_base);
    g_mutex_unlock(&v->lock);
    return 0;
}

void gpuvm_soft_vram_free(SoftVram *v, GpuvmSlice *slice)
{
    GSList *i;

    g_mutex_lock(&v->lock);
    for (i = v->slices; i; i = i->next) {
        GpuvmSlice *s = i->data;

        if (s->base != slice->base) {
            continue;
        }
        if (fallocate(v->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      s->base, s->size) < 0) {
            memset(v->map + s->base, 0, s->size);
        }
        v->slices = g_slist_delete_link(v->slices, i);
        g_free(s);
        break;
    }
    g_mutex_unlock(&v->lock);
    *slice = (GpuvmSlice) { .fd = -1 };
}
