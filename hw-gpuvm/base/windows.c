/*
 * Counted windows on guest RAM (windows.h).
 *
 * Windows are aligned pieces of guest RAM of one size, cut at the ends of a
 * RAM block.  A hash table by number leads to the windows that start in a
 * piece: mostly one, the whole piece; where that cannot be mapped (a guest
 * gave single pages back), narrow ones that hold only what was asked for.
 *
 * A window nobody holds is unmapped at once and not kept for later: the guest
 * may give its pages back and get others at the same address, which a window
 * kept would not show.  Pages that the GPU's page tables name are held, and a
 * driver does not give those back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base/windows.h"

#include <glib.h>
#include <stdbool.h>

#define PAGE 4096u

typedef struct Window {
    uint64_t gpa, len;
    uint8_t *ptr;
    unsigned refs;
    struct Window *next;        /* in the same piece */
} Window;

struct GpuvmWindows {
    const GpuvmWindowOps *ops;
    void *opaque;
    uint64_t size;
    GMutex lock;                /* all below; leaf but for the host's own */
    GHashTable *pieces;         /* number of the piece -> Window list */
    unsigned count;
};

GpuvmWindows *gpuvm_windows_new(const GpuvmWindowOps *ops, void *opaque,
                                uint64_t size)
{
    GpuvmWindows *w = g_new0(GpuvmWindows, 1);

    w->ops = ops;
    w->opaque = opaque;
    w->size = size;
    w->pieces = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                      NULL);
    g_mutex_init(&w->lock);
    return w;
}

void gpuvm_windows_free(GpuvmWindows *w)
{
    GHashTableIter it;
    gpointer list;

    if (!w) {
        return;
    }
    g_hash_table_iter_init(&it, w->pieces);
    while (g_hash_table_iter_next(&it, NULL, &list)) {
        while (list) {
            Window *one = list;

            list = one->next;
            w->ops->unmap(w->opaque, one->ptr, one->len);
            g_free(one);
        }
    }
    g_hash_table_destroy(w->pieces);
    g_mutex_clear(&w->lock);
    g_free(w);
}

static Window *piece_list(GpuvmWindows *w, uint64_t gpa)
{
    uint64_t number = gpa / w->size;

    return g_hash_table_lookup(w->pieces, &number);
}

static void piece_set(GpuvmWindows *w, uint64_t gpa, Window *list)
{
    uint64_t number = gpa / w->size;

    if (list) {
        g_hash_table_insert(w->pieces, g_memdup2(&number, sizeof(number)),
                            list);
    } else {
        g_hash_table_remove(w->pieces, &number);
    }
}

static Window *window_map(GpuvmWindows *w, uint64_t first, uint64_t last)
{
    void *ptr = w->ops->map(w->opaque, first, last - first);
    Window *one;

    if (!ptr) {
        return NULL;
    }
    one = g_new0(Window, 1);
    one->gpa = first;
    one->len = last - first;
    one->ptr = ptr;
    one->next = piece_list(w, first);
    piece_set(w, first, one);
    w->count++;
    return one;
}

/* Widest first: the piece, what is wanted of it, the page. */
static Window *window_open(GpuvmWindows *w, uint64_t gpa, uint64_t len,
                           uint64_t base, uint64_t end)
{
    uint64_t start = gpa & ~(w->size - 1);
    uint64_t last = end - start > w->size ? start + w->size : end;
    uint64_t first = MAX(start, base);
    uint64_t page = MAX(gpa & ~(uint64_t)(PAGE - 1), base);
    uint64_t page_last = MIN(last, (gpa | (PAGE - 1)) + 1);
    Window *one = window_map(w, first, last);

    if (!one && len < last - gpa) {
        uint64_t need = MIN(last, ((gpa + len - 1) | (PAGE - 1)) + 1);

        one = need > page_last ? window_map(w, page, need) : NULL;
    }
    if (!one && (page > first || page_last < last)) {
        one = window_map(w, page, page_last);
    }
    return one;
}

void *gpuvm_windows_get(GpuvmWindows *w, uint64_t gpa, uint64_t *len,
                        uint64_t base, uint64_t end)
{
    Window *one;
    void *res = NULL;

    g_mutex_lock(&w->lock);
    for (one = piece_list(w, gpa); one; one = one->next) {
        if (gpa >= one->gpa && gpa - one->gpa < one->len) {
            break;
        }
    }
    if (!one) {
        one = window_open(w, gpa, *len, base, end);
    }
    if (one) {
        one->refs++;
        *len = MIN(*len, one->len - (gpa - one->gpa));
        res = one->ptr + (gpa - one->gpa);
    }
    g_mutex_unlock(&w->lock);
    return res;
}

void gpuvm_windows_put(GpuvmWindows *w, void *ptr, uint64_t gpa)
{
    Window *one, *before = NULL;

    g_mutex_lock(&w->lock);
    for (one = piece_list(w, gpa); one; before = one, one = one->next) {
        if (gpa >= one->gpa && gpa - one->gpa < one->len &&
            one->ptr + (gpa - one->gpa) == ptr) {
            break;
        }
    }
    if (one && --one->refs == 0) {
        if (before) {
            before->next = one->next;
        } else {
            piece_set(w, gpa, one->next);
        }
        w->count--;
        w->ops->unmap(w->opaque, one->ptr, one->len);
        g_free(one);
    }
    g_mutex_unlock(&w->lock);
}

unsigned gpuvm_windows_count(GpuvmWindows *w)
{
    unsigned n;

    g_mutex_lock(&w->lock);
    n = w->count;
    g_mutex_unlock(&w->lock);
    return n;
}
