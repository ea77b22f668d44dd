/*
 * GpuvmHostOps by QEMU: guest RAM, clock, bottom half, log and trace points.
 *
 * Guest RAM is known from a memory listener on the device's bus-master address
 * space, so with bus mastering off there is none.  The listener keeps a sorted
 * list of the blocks that DMA may reach: RAM only, never ROM or the memory of a
 * real device; the RAM of an emulated one in this VM (a VGA's, our own BARs')
 * counts, as it does for any DMA.  Each block holds a reference on its region;
 * when one leaves, the GPU is told first and lets go of every pointer.
 *
 * Under Xen a block has no host address.  There ram_map() and ram_unmap() count
 * windows of 1 MiB (base/windows.h), each one locked mapping of QEMU's map
 * cache; a pointer that QEMU hands out without the lock is good until the next
 * look-up of anybody's.  Elsewhere a pointer is the block's address and lives
 * as long as the block, and ram_unmap() has nothing to do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"
#include "trace/trace-hw_gpuvm.h"

/* Size of a bucket of QEMU's map cache (MCACHE_BUCKET_SHIFT). */
#define XEN_WINDOW (1 * MiB)

static void rcu_leave(gpointer registered)
{
    rcu_unregister_thread();
}

static GPrivate rcu_registered = G_PRIVATE_INIT(rcu_leave);

/*
 * QEMU's memory maps are RCU's, and the GPU's threads are not of QEMU's
 * making: each registers before its first look-up and leaves at its end, or a
 * map could be freed under it when the guest moves a BAR.  QEMU's own threads
 * are registered, and come here with the big lock, which the GPU's never take.
 * (The list that RCU keeps must not be asked: it is being moved meanwhile.)
 */
static void rcu_join(void)
{
    if (!g_private_get(&rcu_registered) && !bql_locked()) {
        rcu_register_thread();
        g_private_set(&rcu_registered, &rcu_registered);
    }
}

static bool ram_is_dma(MemoryRegionSection *sec)
{
    MemoryRegion *mr = sec->mr;

    return memory_region_is_ram(mr) && !memory_region_is_ram_device(mr) &&
           !memory_region_is_rom(mr) && !mr->rom_device && !sec->readonly &&
           !sec->nonvolatile &&
           /*
            * Under Xen only the machine's own RAM, the block at offset 0,
            * goes through the map cache: for another QEMU aborts at the unmap.
            */
           (!xen_enabled() || memory_region_get_ram_addr(mr) == 0);
}

static gint ram_compare(gconstpointer a, gconstpointer b)
{
    const GpuvmRam *x = a, *y = b;

    return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

static void ram_region_add(MemoryListener *l, MemoryRegionSection *sec)
{
    GpuvmRamMap *m = container_of(l, GpuvmRamMap, listener);
    GpuvmRam r;

    if (!ram_is_dma(sec)) {
        return;
    }
    r.gpa = sec->offset_within_address_space;
    r.size = int128_get64(sec->size);
    r.host = m->windows ? NULL :
             (uint8_t *)memory_region_get_ram_ptr(sec->mr) +
             sec->offset_within_region;
    r.mr = sec->mr;
    memory_region_ref(r.mr);
    g_rw_lock_writer_lock(&m->lock);
    g_array_append_val(m->blocks, r);
    g_array_sort(m->blocks, ram_compare);
    g_rw_lock_writer_unlock(&m->lock);
}

static void ram_region_del(MemoryListener *l, MemoryRegionSection *sec)
{
    GpuvmRamMap *m = container_of(l, GpuvmRamMap, listener);
    uint64_t gpa = sec->offset_within_address_space;
    uint64_t size = int128_get64(sec->size);
    MemoryRegion *mr = NULL;

    if (!ram_is_dma(sec)) {
        return;
    }
    g_rw_lock_writer_lock(&m->lock);
    for (guint i = 0; i < m->blocks->len; i++) {
        GpuvmRam *r = &g_array_index(m->blocks, GpuvmRam, i);

        if (r->gpa == gpa && r->size == size && r->mr == sec->mr) {
            mr = r->mr;
            g_array_remove_index(m->blocks, i);
            break;
        }
    }
    g_rw_lock_writer_unlock(&m->lock);
    if (mr) {
        if (m->invalidate) {
            m->invalidate(m->invalidate_arg, gpa, size);
        }
        memory_region_unref(mr);
    }
}

static void *xen_window_map(void *opaque, uint64_t gpa, uint64_t len)
{
    AddressSpace *as = opaque;
    dma_addr_t n = len;
    void *p;

    rcu_join();
    p = dma_memory_map(as, gpa, &n, DMA_DIRECTION_FROM_DEVICE,
                       MEMTXATTRS_UNSPECIFIED);
    if (p && n < len) {
        dma_memory_unmap(as, p, n, DMA_DIRECTION_FROM_DEVICE, 0);
        p = NULL;
    }
    return p;
}

/* What was written is told by host_ram_dirty(). */
static void xen_window_unmap(void *opaque, void *ptr, uint64_t len)
{
    rcu_join();
    dma_memory_unmap(opaque, ptr, len, DMA_DIRECTION_FROM_DEVICE, 0);
}

static const GpuvmWindowOps xen_window_ops = {
    .map = xen_window_map,
    .unmap = xen_window_unmap,
};

void gpuvm_ram_map_init(GpuvmState *s)
{
    GpuvmRamMap *m = &s->ram;

    g_rw_lock_init(&m->lock);
    m->blocks = g_array_new(false, false, sizeof(GpuvmRam));
    m->as = pci_get_address_space(PCI_DEVICE(s));
    if (xen_enabled()) {
        m->windows = gpuvm_windows_new(&xen_window_ops, m->as, XEN_WINDOW);
    }
    m->listener = (MemoryListener) {
        .name = "gpuvm",
        .region_add = ram_region_add,
        .region_del = ram_region_del,
        .priority = 10,
    };
    memory_listener_register(&m->listener, m->as);
}

void gpuvm_ram_map_destroy(GpuvmState *s)
{
    GpuvmRamMap *m = &s->ram;

    if (!m->blocks) {
        return;
    }
    memory_listener_unregister(&m->listener);
    for (guint i = 0; i < m->blocks->len; i++) {
        memory_region_unref(g_array_index(m->blocks, GpuvmRam, i).mr);
    }
    g_array_free(m->blocks, true);
    m->blocks = NULL;
    gpuvm_windows_free(m->windows);
    m->windows = NULL;
    g_rw_lock_clear(&m->lock);
}

static void *host_ram_map(void *opaque, uint64_t gpa, uint64_t *len,
                          bool write)
{
    GpuvmRamMap *m = &((GpuvmState *)opaque)->ram;
    void *res = NULL;
    guint lo = 0, hi;

    g_rw_lock_reader_lock(&m->lock);
    hi = m->blocks->len;
    while (lo < hi) {
        guint mid = lo + (hi - lo) / 2;
        GpuvmRam *r = &g_array_index(m->blocks, GpuvmRam, mid);

        if (gpa < r->gpa) {
            hi = mid;
        } else if (gpa - r->gpa >= r->size) {
            lo = mid + 1;
        } else {
            *len = MIN(*len, r->size - (gpa - r->gpa));
            res = m->windows ?
                  gpuvm_windows_get(m->windows, gpa, len, r->gpa,
                                    r->gpa + r->size) :
                  r->host + (gpa - r->gpa);
            break;
        }
    }
    g_rw_lock_reader_unlock(&m->lock);
    return res;
}

static void host_ram_unmap(void *opaque, void *ptr, uint64_t gpa, uint64_t len)
{
    GpuvmRamMap *m = &((GpuvmState *)opaque)->ram;

    if (m->windows) {
        gpuvm_windows_put(m->windows, ptr, gpa);
    }
}

/*
 * A map and an unmap that names the bytes as written marks them dirty for
 * migration and drops code that TCG translated from them.
 */
static void host_ram_dirty(void *opaque, uint64_t gpa, uint64_t len)
{
    GpuvmRamMap *m = &((GpuvmState *)opaque)->ram;

    rcu_join();
    while (len) {
        dma_addr_t n = len;
        void *p = dma_memory_map(m->as, gpa, &n, DMA_DIRECTION_FROM_DEVICE,
                                 MEMTXATTRS_UNSPECIFIED);

        if (!p) {
            return;
        }
        dma_memory_unmap(m->as, p, n, DMA_DIRECTION_FROM_DEVICE, n);
        if (!n) {
            return;
        }
        gpa += n;
        len -= n;
    }
}

static void host_set_invalidate(void *opaque,
                                void (*fn)(void *, uint64_t, uint64_t),
                                void *arg)
{
    GpuvmRamMap *m = &((GpuvmState *)opaque)->ram;

    m->invalidate = fn;
    m->invalidate_arg = arg;
}

static uint64_t host_clock_ns(void *opaque)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void host_notify(void *opaque)
{
    GpuvmState *s = opaque;

    qemu_bh_schedule(s->bh);
}

static void host_log(void *opaque, GpuvmLogLevel level, const char *line)
{
    GpuvmState *s = opaque;
    const char *id = DEVICE(s)->id ? DEVICE(s)->id : "gpuvm";

    switch (level) {
    case GPUVM_LOG_ERROR:
        error_report("%s: %s", id, line);
        break;
    case GPUVM_LOG_GUEST_ERROR:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: %s\n", id, line);
        break;
    case GPUVM_LOG_INFO:
        info_report("%s: %s", id, line);
        break;
    }
}

static void host_trace(void *opaque, GpuvmTraceId id, uint64_t a, uint64_t b,
                       uint64_t c, uint64_t d)
{
    switch (id) {
#define ARGS0 ()
#define ARGS1 (a)
#define ARGS2 (a, b)
#define ARGS3 (a, b, c)
#define ARGS4 (a, b, c, d)
#define X(NAME, name, n, A, B, C, D)        \
    case GPUVM_TRACE_##NAME:                \
        trace_gpuvm_##name ARGS##n;         \
        break;
    GPUVM_TRACES(X)
#undef X
    default:
        break;
    }
}

const GpuvmHostOps gpuvm_qemu_host_ops = {
    .ram_map = host_ram_map,
    .ram_unmap = host_ram_unmap,
    .ram_dirty = host_ram_dirty,
    .set_invalidate = host_set_invalidate,
    .clock_ns = host_clock_ns,
    .notify = host_notify,
    .log = host_log,
    .trace = host_trace,
};
