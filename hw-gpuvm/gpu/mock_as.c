/*
 * The mock GPU's address spaces: what is bound, as a list of runs that do not
 * overlap.  A bind first cuts its range out of the runs that are there.
 *
 * Address spaces are called struct GpuvmGpuAs in every implementation; the
 * software GPU's never meets this one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <glib.h>

#include "gpu/mock_as.h"

#define MOCK_PAGE     4096u
#define MOCK_VA_LIMIT (UINT64_C(1) << 40)

struct GpuvmGpuAs {
    GpuvmGpu *gpu;
    GpuvmSlice slice;
    GpuvmHost *host;
    GArray *runs;               /* of GpuvmBind, in no order */
    uint64_t flushes, budget;
};

int gpuvm_mock_as_create(GpuvmGpu *gpu, const GpuvmSlice *slice,
                         GpuvmHost *host, GpuvmGpuAs **out)
{
    GpuvmGpuAs *as;

    if (!host) {
        return -EINVAL;
    }
    as = g_new0(GpuvmGpuAs, 1);
    as->gpu = gpu;
    as->slice = *slice;
    as->host = host;
    as->runs = g_array_new(FALSE, FALSE, sizeof(GpuvmBind));
    as->budget = UINT64_MAX;
    *out = as;
    return 0;
}

void gpuvm_mock_as_destroy(GpuvmGpuAs *as)
{
    g_array_free(as->runs, TRUE);
    g_free(as);
}

GpuvmGpu *gpuvm_mock_as_gpu(GpuvmGpuAs *as)
{
    return as->gpu;
}

/* The part of @b that begins at @va and ends at @end, if there is one. */
static void keep(GArray *runs, const GpuvmBind *b, uint64_t va, uint64_t end)
{
    GpuvmBind part = *b;

    if (va < end) {
        part.va = va;
        part.size = end - va;
        part.addr = b->addr + (va - b->va);
        g_array_append_val(runs, part);
    }
}

static void cut(GpuvmGpuAs *as, uint64_t va, uint64_t end)
{
    guint i = 0;

    while (i < as->runs->len) {
        GpuvmBind b = g_array_index(as->runs, GpuvmBind, i);
        uint64_t b_end = b.va + b.size;

        if (b.va >= end || b_end <= va) {
            i++;
            continue;
        }
        g_array_remove_index_fast(as->runs, i);
        keep(as->runs, &b, b.va, MAX(va, b.va));
        keep(as->runs, &b, MIN(end, b_end), b_end);
        i = 0;
    }
}

static bool is_ram(GpuvmHost *host, uint64_t gpa, uint64_t size)
{
    while (size) {
        uint64_t n = size;
        void *p = gpuvm_host_ram_map(host, gpa, &n, false);

        if (!p || !n) {
            return false;
        }
        gpuvm_host_ram_unmap(host, p, gpa, n);
        gpa += n;
        size -= n;
    }
    return true;
}

static int check(GpuvmGpuAs *as, const GpuvmBind *b)
{
    if (!b->size || ((b->va | b->size | b->addr) & (MOCK_PAGE - 1)) ||
        b->va >= MOCK_VA_LIMIT || b->size > MOCK_VA_LIMIT - b->va) {
        return -EINVAL;
    }
    if (b->target == GPUVM_TARGET_VRAM) {
        if (b->addr > as->slice.size || b->size > as->slice.size - b->addr) {
            return -EFAULT;
        }
    } else if (b->addr + (b->size - 1) < b->addr ||
               !is_ram(as->host, b->addr, b->size)) {
        return -EFAULT;
    }
    return gpuvm_mock_as_pages(as) + b->size / MOCK_PAGE > as->budget ?
           -ENOMEM : 0;
}

int gpuvm_mock_as_bind(GpuvmGpuAs *as, const GpuvmBind *binds, size_t n)
{
    int result = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        const GpuvmBind *b = &binds[i];
        int ret;

        if (b->va < MOCK_VA_LIMIT && b->size <= MOCK_VA_LIMIT - b->va) {
            cut(as, b->va, b->va + b->size);
        }
        ret = check(as, b);
        if (ret) {
            gpuvm_count(&as->host->counters, GPUVM_CNT_SHADOW_REFUSED);
            gpuvm_host_trace(as->host, GPUVM_TRACE_SHADOW_REFUSED, b->va,
                             b->addr, 0, 0);
            result = ret == -ENOMEM ? ret : result;
            continue;
        }
        g_array_append_val(as->runs, *b);
    }
    return result;
}

void gpuvm_mock_as_unbind(GpuvmGpuAs *as, uint64_t va, uint64_t size)
{
    if (va < MOCK_VA_LIMIT) {
        cut(as, va, va + MIN(size, MOCK_VA_LIMIT - va));
    }
}

void gpuvm_mock_as_flush(GpuvmGpuAs *as)
{
    as->flushes++;
}

bool gpuvm_mock_as_lookup(GpuvmGpuAs *as, uint64_t va, GpuvmBind *out)
{
    guint i;

    va &= ~(uint64_t)(MOCK_PAGE - 1);
    for (i = 0; i < as->runs->len; i++) {
        GpuvmBind *b = &g_array_index(as->runs, GpuvmBind, i);

        if (va >= b->va && va < b->va + b->size) {
            *out = *b;
            out->va = va;
            out->addr = b->addr + (va - b->va);
            out->size = b->size - (va - b->va);
            return true;
        }
    }
    return false;
}

uint64_t gpuvm_mock_as_pages(GpuvmGpuAs *as)
{
    uint64_t pages = 0;
    guint i;

    for (i = 0; i < as->runs->len; i++) {
        pages += g_array_index(as->runs, GpuvmBind, i).size / MOCK_PAGE;
    }
    return pages;
}

uint64_t gpuvm_mock_as_flushes(GpuvmGpuAs *as)
{
    return as->flushes;
}

void gpuvm_mock_as_set_budget(GpuvmGpuAs *as, uint64_t pages)
{
    as->budget = pages;
}
