/*
 * Buffer objects of the native node: a range of the VRAM slice, or of one
 * block of ordinary memory that plays GART, bound for life at a GPU virtual
 * address, as nouveau's legacy uAPI does it.
 *
 * An mmap offset names memory, not a handle: bit 40 tells GART from VRAM.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "native/node.h"

#include <errno.h>
#include <fcntl.h>
#include <nouveau_drm.h>

#define MAP_BASE        (1ull << 41)    /* so that no handle is 0 */
#define MAP_GART        (1ull << 40)
#define PAGE            4096ull
#define LARGE_PAGE      (128ull << 10)

static bool is_vram(uint32_t domain)
{
    return domain & NOUVEAU_GEM_DOMAIN_VRAM;
}

static GpuvmRange *memory_of(NativeNode *n, uint32_t domain)
{
    return is_vram(domain) ? n->vram : n->gart;
}

static void memory_give(NativeNode *n, uint32_t domain, uint64_t mem,
                        uint64_t size)
{
    if (!is_vram(domain)) {
        /* the pages go back to the system, and read zero next time */
        fallocate(n->gart_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, mem,
                  size);
    }
    g_mutex_lock(&n->lock);
    gpuvm_range_give(memory_of(n, domain), mem, size);
    g_mutex_unlock(&n->lock);
}

static bool memory_take(NativeNode *n, uint32_t *domain, uint64_t size,
                        uint64_t align, uint64_t *mem)
{
    bool ok;

    g_mutex_lock(&n->lock);
    ok = gpuvm_range_take(memory_of(n, *domain), size, align, mem);
    g_mutex_unlock(&n->lock);
    return ok;
}

static bool bo_bind(NativeNode *n, NativeClient *c, NativeBo *bo)
{
    GpuvmBind b = {
        .va = bo->va,
        .size = bo->size,
        .addr = bo->mem,
        .target = is_vram(bo->domain) ? GPUVM_TARGET_VRAM :
                  GPUVM_TARGET_SYSRAM,
        .page_size = bo->size % LARGE_PAGE || !is_vram(bo->domain) ? PAGE :
                     LARGE_PAGE,
        .kind = (bo->tile_flags >> 8) & 0xff,
    };

    if (n->gpu->ops->as_bind(c->as, &b, 1) < 0) {
        return false;
    }
    n->gpu->ops->as_flush(c->as);
    return true;
}

NativeBo *native_bo_new(NativeNode *n, NativeClient *c, uint32_t domain,
                        uint64_t size, uint64_t align, int *err)
{
    NativeBo *bo;
    uint64_t mem, va;

    *err = -ENOMEM;
    if (!size || size > (1ull << 40) || align & (align - 1)) {
        *err = -EINVAL;
        return NULL;
    }
    if (is_vram(domain) && size >= LARGE_PAGE) {
        align = MAX(align, LARGE_PAGE);
    }
    align = MAX(align, PAGE);
    size = (size + align - 1) & ~(align - 1);
    domain = is_vram(domain) ? NOUVEAU_GEM_DOMAIN_VRAM :
             NOUVEAU_GEM_DOMAIN_GART;
    if (!memory_take(n, &domain, size, align, &mem)) {
        return NULL;
    }
    if (!gpuvm_range_take(c->va, size, align, &va)) {
        memory_give(n, domain, mem, size);
        return NULL;
    }
    bo = g_new0(NativeBo, 1);
    bo->handle = ++c->next_handle;
    bo->domain = domain;
    bo->size = size;
    bo->mem = mem;
    bo->va = va;
    bo->refs = 1;
    if (!bo_bind(n, c, bo)) {
        gpuvm_range_give(c->va, va, size);
        memory_give(n, domain, mem, size);
        g_free(bo);
        return NULL;
    }
    g_hash_table_insert(c->bos, GUINT_TO_POINTER(bo->handle), bo);
    *err = 0;
    return bo;
}

NativeBo *native_bo_get(NativeClient *c, uint32_t handle)
{
    return g_hash_table_lookup(c->bos, GUINT_TO_POINTER(handle));
}

/* Work in flight may still use it: nouveau waits for its fences, too. */
static void bo_destroy(NativeNode *n, NativeClient *c, NativeBo *bo)
{
    for (unsigned i = 0; i < NATIVE_MAX_CHANNELS; i++) {
        if (bo->used[i] && c->channels[i]) {
            native_channel_wait(c->channels[i], bo->used[i], 15000);
        }
    }
    n->gpu->ops->as_unbind(c->as, bo->va, bo->size);
    n->gpu->ops->as_flush(c->as);
    gpuvm_range_give(c->va, bo->va, bo->size);
    memory_give(n, bo->domain, bo->mem, bo->size);
    g_free(bo);
}

int native_bo_close(NativeNode *n, NativeClient *c, uint32_t handle)
{
    NativeBo *bo = native_bo_get(c, handle);

    if (!bo) {
        return -EINVAL;
    }
    if (--bo->refs == 0) {
        g_hash_table_steal(c->bos, GUINT_TO_POINTER(handle));
        bo_destroy(n, c, bo);
    }
    return 0;
}

void native_bo_free_all(NativeNode *n, NativeClient *c)
{
    GHashTableIter it;
    gpointer bo;

    g_hash_table_iter_init(&it, c->bos);
    while (g_hash_table_iter_next(&it, NULL, &bo)) {
        g_hash_table_iter_steal(&it);
        bo_destroy(n, c, bo);
    }
}

uint64_t native_bo_map_handle(const NativeBo *bo)
{
    return MAP_BASE + bo->mem + (is_vram(bo->domain) ? 0 : MAP_GART);
}

bool native_node_mmap(NativeNode *n, uint64_t offset, uint64_t len, int *fd,
                      uint64_t *fd_off)
{
    uint64_t off = offset - MAP_BASE;
    bool gart = off & MAP_GART;
    uint64_t mem = off & (MAP_GART - 1);
    uint64_t size = gart ? n->gart_size : n->slice.size;

    if (offset < MAP_BASE || off >= 2 * MAP_GART || mem > size ||
        len > size - mem) {
        return false;
    }
    *fd = gart ? n->gart_fd : n->slice.fd;
    *fd_off = gart ? mem : n->slice.fd_offset + mem;
    return *fd >= 0;
}
