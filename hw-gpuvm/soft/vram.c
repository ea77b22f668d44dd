/*
 * The software GPU's VRAM: an arena's (arena/), handed out in slices.
 *
 * With a name the arena is shared with the GPUs of other processes, which
 * together are one GPU with one VRAM; without, it is this process's alone.
 *
 * A page of it that is touched for the first time costs a page fault, which is
 * more than most work on 4 KiB; a guest can neither see nor help it.  So
 * whoever translates an address of a block of 2 MiB first has the kernel map
 * the whole block, in one call.  No memory comes with it: a slice's pages exist
 * from the start (arena/slice.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <sys/mman.h>

#include "soft/as_priv.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  /* Linux 5.14 */
#endif

int gpuvm_soft_vram_alloc(GpuvmArena *a, uint64_t size, GpuvmSlice *slice,
                          char **err)
{
    GpuvmArenaSlice s;
    int ret = gpuvm_arena_slice_alloc(a, size, &s, err);

    if (!ret) {
        *slice = (GpuvmSlice) {
            .base = s.base, .size = s.size, .fd = s.fd,
            .fd_offset = s.fd_offset, .map = s.map,
        };
    }
    return ret;
}

void gpuvm_soft_vram_free(GpuvmArena *a, GpuvmSlice *slice)
{
    GpuvmArenaSlice s = {
        .base = slice->base, .size = slice->size, .fd = slice->fd,
        .fd_offset = slice->fd_offset, .map = slice->map,
    };

    gpuvm_arena_slice_free(a, &s);
    *slice = (GpuvmSlice) { .fd = -1 };
}

void gpuvm_soft_warm_init(SoftAs *as)
{
    as->warm = g_new0(_Atomic uint64_t,
                      (as->slice.size >> SOFT_WARM_BITS) / 64 + 1);
}

/* An older kernel says EINVAL: then pages come by faults, as they did. */
void gpuvm_soft_warm_block(SoftAs *as, uint64_t off)
{
    uint64_t block = off >> SOFT_WARM_BITS;
    uint64_t start = block << SOFT_WARM_BITS;
    uint64_t len = MIN(as->slice.size - start, UINT64_C(1) << SOFT_WARM_BITS);
    uint64_t bit = UINT64_C(1) << (block % 64);

    if (!(atomic_fetch_or(&as->warm[block / 64], bit) & bit)) {
        madvise((uint8_t *)as->slice.map + start, len, MADV_POPULATE_WRITE);
    }
}
