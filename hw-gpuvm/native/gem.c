/*
 * Buffer objects of the native node: a range of the VRAM slice, or of one
 * block of ordinary memory that plays GART, bound for life at a GPU virtual
 * address, as nouveau's legacy uAPI does it.
 *
 * An mmap offset names memory, not a handle: bit 40 tells GART from VRAM.
 * All of it is mapped anyway, for the GPU, so an mmap gives a pointer into that
 * mapping and munmap does nothing: the page faults of a mapping of its own, and
 * of fresh pages, would cost more than what a driver does with a staging
 * buffer.  For the same reason up to KEEP_MAX bytes of freed GART stay in
 * memory; a bit a page tells which.  They are cleared when they are taken
 * again, so a new buffer reads zero either way.  A buffer of up to POPULATE_MAX
 * gets all its pages at once; larger ones page by page, and are never kept.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "native/node.h"

#include <errno.h>
#include <fcntl.h>
#include <nouveau_drm.h>
#include <string.h>
#include <sys/mman.h>

#define MAP_BASE        (1ull << 41)    /* so that no handle is 0 */
#define MAP_GART        (1ull << 40)
#define LARGE_PAGE      (128ull << 10)
#define KEEP_MAX        (256ull << 20)
#define POPULATE_MIN    (64ull << 10)
#define POPULATE_MAX    (64ull << 20)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  /* Linux 5.14; older ones say EINVAL */
#endif

static bool is_vram(uint32_t domain)
{
    return domain & NOUVEAU_GEM_DOMAIN_VRAM;
}

static GpuvmRange *memory_of(NativeNode *n, uint32_t domain)
{
    return is_vram(domain) ? n->vram : n->gart;
}

static uint64_t *kept_word(NativeNode *n, uint64_t page, uint64_t *bit)
{
    *bit = 1ull << (page % 64);
    return &n->gart_kept[page / 64];
}

/* Keeps the pages, or gives them back to the system; node's lock held. */
static void gart_give(NativeNode *n, uint64_t mem, uint64_t size)
{
    uint64_t bit;

    if (size > POPULATE_MAX || size > KEEP_MAX - n->gart_kept_bytes) {
        fallocate(n->gart_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, mem,
                  size);
        return;
    }
    n->gart_kept_bytes += size;
    for (uint64_t at = mem; at < mem + size; at += NATIVE_PAGE) {
        *kept_word(n, at / NATIVE_PAGE, &bit) |= bit;
    }
}

/* Clears what was kept, and has the rest mapped; node's lock held. */
static void gart_take(NativeNode *n, uint64_t mem, uint64_t size)
{
    uint64_t kept = 0, bit;

    for (uint64_t at = mem; at < mem + size; at += NATIVE_PAGE) {
        uint64_t *word = kept_word(n, at / NATIVE_PAGE, &bit);

        if (*word & bit) {
            *word &= ~bit;
            kept += NATIVE_PAGE;
            memset(n->gart_map + at, 0, NATIVE_PAGE);
        }
    }
    n->gart_kept_bytes -= kept;
    if (kept < size && size >= POPULATE_MIN && size <= POPULATE_MAX) {
        madvise(n->gart_map + mem, size, MADV_POPULATE_WRITE);
    }
}

static void memory_give(NativeNode *n, uint32_t domain, uint64_t mem,
                        uint64_t size)
{
    g_mutex_lock(&n->lock);
    if (!is_vram(domain)) {
        gart_give(n, mem, size);
    }
    gpuvm_range_give(memory_of(n, domain), mem, size);
    g_mutex_unlock(&n->lock);
}

static bool memory_take(NativeNode *n, uint32_t *domain, uint64_t size,
                        uint64_t align, uint64_t *mem)
{
    bool ok;

    g_mutex_lock(&n->lock);
    ok = gpuvm_range_take(memory_of(n, *domain), size, align, mem);
    if (ok && !is_vram(*domain)) {
        gart_take(n, *mem, size);
    }
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
        .page_size = bo->size % LARGE_PAGE || !is_vram(bo->domain) ?
                     NATIVE_PAGE : LARGE_PAGE,
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
    align = MAX(align, NATIVE_PAGE);
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

void *native_node_mmap(NativeNode *n, uint64_t offset, uint64_t len)
{
    uint64_t off = offset - MAP_BASE;
    bool gart = off & MAP_GART;
    uint64_t mem = off & (MAP_GART - 1);
    uint64_t size = gart ? n->gart_size : n->slice.size;

    if (offset < MAP_BASE || off >= 2 * MAP_GART || mem > size ||
        len > size - mem) {
        return NULL;
    }
    return (uint8_t *)(gart ? n->gart_map : n->slice.map) + mem;
}

bool native_node_mapped(const NativeNode *n, const void *addr)
{
    uintptr_t a = (uintptr_t)addr, gart = (uintptr_t)n->gart_map;
    uintptr_t vram = (uintptr_t)n->slice.map;

    return (a >= gart && a - gart < n->gart_size) ||
           (a >= vram && a - vram < n->slice.size);
}
