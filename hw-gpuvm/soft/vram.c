/*
 * The software GPU's VRAM: an arena's (arena/), handed out in slices.
 *
 * With a name the arena is shared with the GPUs of other processes, which
 * together are one GPU with one VRAM; without, it is this process's alone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/soft_priv.h"

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
