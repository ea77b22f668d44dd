/*
 * First fit over a sorted array of holes.  Neighbouring holes are merged when
 * a range comes back, so the array is as long as memory is fragmented.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base/range.h"

#include <glib.h>

typedef struct Hole {
    uint64_t start, end;
} Hole;

struct GpuvmRange {
    GArray *holes;          /* Hole, sorted, never touching one another */
};

GpuvmRange *gpuvm_range_new(uint64_t start, uint64_t size)
{
    GpuvmRange *r = g_new0(GpuvmRange, 1);
    Hole h = { start, start + size };

    r->holes = g_array_new(false, false, sizeof(Hole));
    if (size) {
        g_array_append_val(r->holes, h);
    }
    return r;
}

void gpuvm_range_free(GpuvmRange *r)
{
    if (r) {
        g_array_free(r->holes, true);
        g_free(r);
    }
}

bool gpuvm_range_take(GpuvmRange *r, uint64_t size, uint64_t align,
                      uint64_t *start)
{
    for (guint i = 0; i < r->holes->len; i++) {
        Hole *h = &g_array_index(r->holes, Hole, i);
        uint64_t at = (h->start + align - 1) & ~(align - 1);
        Hole rest;

        if (at < h->start || at > h->end || size > h->end - at || !size) {
            continue;
        }
        *start = at;
        rest = (Hole) { at + size, h->end };
        if (at > h->start) {
            h->end = at;
            if (rest.start < rest.end) {
                g_array_insert_val(r->holes, i + 1, rest);
            }
        } else if (rest.start < rest.end) {
            *h = rest;
        } else {
            g_array_remove_index(r->holes, i);
        }
        return true;
    }
    return false;
}

void gpuvm_range_give(GpuvmRange *r, uint64_t start, uint64_t size)
{
    Hole back = { start, start + size };
    guint i = 0;

    while (i < r->holes->len &&
           g_array_index(r->holes, Hole, i).start < start) {
        i++;
    }
    g_array_insert_val(r->holes, i, back);
    for (guint j = i ? i - 1 : 0; j + 1 < r->holes->len && j <= i;) {
        Hole *a = &g_array_index(r->holes, Hole, j);
        Hole *b = a + 1;

        if (a->end == b->start) {
            a->end = b->end;
            g_array_remove_index(r->holes, j + 1);
        } else {
            j++;
        }
    }
}

uint64_t gpuvm_range_left(const GpuvmRange *r)
{
    uint64_t n = 0;

    for (guint i = 0; i < r->holes->len; i++) {
        Hole *h = &g_array_index(r->holes, Hole, i);

        n += h->end - h->start;
    }
    return n;
}
