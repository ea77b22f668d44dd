/*
 * BAR1 and BAR3: RAM to the guest, VRAM behind.
 *
 * Each BAR is one host reservation, shown as device RAM.  Its pages are
 * replaced by mmap(MAP_FIXED) of the VRAM slice's memory when the aperture's
 * page table changes; vgpu/ decides what and calls in whole runs.  Pages with
 * nothing behind show a sink: 2 MiB of memory of the VM's own, repeated, so
 * that no page is ever a hole (a hole would kill QEMU at a guest's touch).
 * Over the whole BAR lies an I/O region, switched on when the aperture must
 * trap; above that, in BAR1, the USERD doorbell pages, which always trap.
 *
 * Linux limits a process' mappings (vm.max_map_count), and at the limit its
 * malloc fails too: all gpuvm devices together may use a quarter of it.
 * Counted are runs; a device's sinks cost up to 96 more (192 MiB of BARs).
 *
 * All of it runs under the big lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"

#include <sys/mman.h>

#define SINK_SIZE (2 * MiB)
#define MAX_MAP_COUNT "/proc/sys/vm/max_map_count"
#define DEFAULT_MAX_MAP_COUNT 65530     /* Linux, if it does not tell */

GpuvmMapBudget *gpuvm_map_budget(void)
{
    static GpuvmMapBudget budget;
    g_autofree char *text = NULL;
    uint64_t limit = 0;

    if (!budget.max) {
        if (g_file_get_contents(MAX_MAP_COUNT, &text, NULL, NULL)) {
            limit = g_ascii_strtoull(text, NULL, 10);
        }
        if (!limit) {
            limit = DEFAULT_MAX_MAP_COUNT;
        }
        budget.max = MAX(1, MIN(limit / 4, UINT32_MAX));
    }
    return &budget;
}

static bool aperture_place(GpuvmAperture *a, uint64_t off, uint64_t size,
                           int fd, uint64_t fd_off)
{
    void *at = a->map + off;

    if (off > a->size || size > a->size - off) {
        return false;
    }
    return mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
                fd_off) == at;
}

static bool aperture_map(void *opaque, GpuvmBar bar, uint64_t off,
                         uint64_t size, uint64_t vram)
{
    GpuvmState *s = opaque;
    const GpuvmSlice *slice = gpuvm_vm_slice(s->vm);

    if (vram > slice->size || size > slice->size - vram) {
        return false;
    }
    return aperture_place(&s->aperture[bar], off, size, slice->fd,
                          slice->fd_offset + vram);
}

static bool aperture_sink_range(GpuvmState *s, GpuvmAperture *a, uint64_t off,
                                uint64_t size)
{
    while (size) {
        uint64_t in_sink = off % SINK_SIZE;
        uint64_t n = MIN(size, SINK_SIZE - in_sink);

        if (!aperture_place(a, off, n, s->sink_fd, in_sink)) {
            return false;
        }
        off += n;
        size -= n;
    }
    return true;
}

static bool aperture_sink(void *opaque, GpuvmBar bar, uint64_t off,
                          uint64_t size)
{
    GpuvmState *s = opaque;

    return aperture_sink_range(s, &s->aperture[bar], off, size);
}

static void aperture_trap(void *opaque, GpuvmBar bar, bool on)
{
    GpuvmState *s = opaque;

    memory_region_set_enabled(&s->aperture[bar].trap, on);
}

const GpuvmApertureOps gpuvm_qemu_aperture_ops = {
    .map = aperture_map,
    .sink = aperture_sink,
    .trap = aperture_trap,
};

static uint64_t trap_read(void *opaque, hwaddr addr, unsigned size)
{
    GpuvmAperture *a = opaque;

    return gpuvm_aperture_read(a->dev->vm, a->bar, addr, size);
}

static void trap_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    GpuvmAperture *a = opaque;

    gpuvm_aperture_write(a->dev->vm, a->bar, addr, val, size);
}

static const MemoryRegionOps trap_ops = {
    .read = trap_read,
    .write = trap_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

static uint64_t userd_read(void *opaque, hwaddr addr, unsigned size)
{
    GpuvmState *s = opaque;

    return gpuvm_board_userd_read(s->board, addr, size);
}

static void userd_write(void *opaque, hwaddr addr, uint64_t val,
                        unsigned size)
{
    GpuvmState *s = opaque;

    gpuvm_board_userd_write(s->board, addr, val, size);
}

static const MemoryRegionOps userd_ops = {
    .read = userd_read,
    .write = userd_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 8 },
};

void gpuvm_userd_init(GpuvmState *s)
{
    memory_region_init_io(&s->userd, OBJECT(s), &userd_ops, s, "gpuvm-userd",
                          GPUVM_USERD_SIZE);
    memory_region_set_enabled(&s->userd, false);
    memory_region_add_subregion_overlap(
        &s->aperture[GPUVM_BAR1].container, 0, &s->userd, 2);
}

/* The guest names the place: one that does not fit BAR1 traps nothing. */
void gpuvm_userd_move(void *opaque, bool on, uint64_t off)
{
    GpuvmState *s = opaque;
    uint64_t bar = s->aperture[GPUVM_BAR1].size;

    if (off > bar - GPUVM_USERD_SIZE) {
        on = false;
    }
    memory_region_transaction_begin();
    if (on) {
        memory_region_set_address(&s->userd, off);
    }
    memory_region_set_enabled(&s->userd, on);
    memory_region_transaction_commit();
}

bool gpuvm_aperture_realize(GpuvmState *s, GpuvmBar bar, uint64_t size,
                            Error **errp)
{
    static const char *const names[] = { "gpuvm-bar1", "gpuvm-bar3" };
    GpuvmAperture *a = &s->aperture[bar];
    g_autofree char *ram = g_strdup_printf("%s-vram", names[bar]);
    g_autofree char *trap = g_strdup_printf("%s-trap", names[bar]);
    void *p;

    if (s->sink_fd < 0) {
        s->sink_fd = qemu_memfd_create("gpuvm-sink", SINK_SIZE, false, 0, 0,
                                       errp);
        if (s->sink_fd < 0) {
            return false;
        }
    }
    p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
             MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        error_setg_errno(errp, errno, "gpuvm: cannot reserve %" PRIu64
                         " MiB of addresses for %s", size / MiB, names[bar]);
        return false;
    }
    a->dev = s;
    a->bar = bar;
    a->size = size;
    a->map = p;
    if (!aperture_sink_range(s, a, 0, size)) {
        error_setg_errno(errp, errno, "gpuvm: cannot map the sink over %s; "
                         "is vm.max_map_count very low?", names[bar]);
        munmap(a->map, size);
        a->map = NULL;
        return false;
    }
    memory_region_init(&a->container, OBJECT(s), names[bar], size);
    memory_region_init_ram_device_ptr(&a->ram, OBJECT(s), ram, size, a->map);
    memory_region_init_io(&a->trap, OBJECT(s), &trap_ops, a, trap, size);
    memory_region_set_enabled(&a->trap, !s->bar_remap);
    memory_region_add_subregion_overlap(&a->container, 0, &a->ram, 0);
    memory_region_add_subregion_overlap(&a->container, 0, &a->trap, 1);
    return true;
}

void gpuvm_aperture_unrealize(GpuvmAperture *a)
{
    if (!a->map) {
        return;
    }
    memory_region_del_subregion(&a->container, &a->trap);
    memory_region_del_subregion(&a->container, &a->ram);
    munmap(a->map, a->size);
    a->map = NULL;
}
