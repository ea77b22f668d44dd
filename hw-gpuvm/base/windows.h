/*
 * Guest RAM through windows: for a host that cannot show it all at once.
 *
 * Under Xen a device model sees guest RAM only where it has mapped it, and a
 * mapping costs a hypercall and a lock in QEMU's map cache.  Here mappings are
 * counted: what GpuvmHostOps.ram_map() hands out lies in a window that stays
 * for as long as somebody holds a pointer into it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BASE_WINDOWS_H
#define GPUVM_BASE_WINDOWS_H

#include <stdint.h>

/** GpuvmWindowOps - how a host maps; called under the windows' lock. */
typedef struct GpuvmWindowOps {
    /** map - all of [gpa, gpa + len), readable and writable, or NULL. */
    void *(*map)(void *opaque, uint64_t gpa, uint64_t len);
    /** unmap - @ptr and @len of one map(). */
    void (*unmap)(void *opaque, void *ptr, uint64_t len);
} GpuvmWindowOps;

typedef struct GpuvmWindows GpuvmWindows;

/**
 * gpuvm_windows_new - @size: bytes of a window, a power of two, at least
 * 4096: windows start at its multiples.  Any thread may use what it returns.
 */
GpuvmWindows *gpuvm_windows_new(const GpuvmWindowOps *ops, void *opaque,
                                uint64_t size);
/** gpuvm_windows_free - whatever is mapped yet is unmapped. */
void gpuvm_windows_free(GpuvmWindows *w);
/**
 * gpuvm_windows_get - address of @gpa inside a window.
 * @base, @end: the RAM around @gpa, base <= gpa < end; nothing outside of it
 *              is mapped
 * @len: in: bytes wanted, at least 1; out: bytes up to the window's end, at
 *       most what was wanted
 *
 * NULL: the page of @gpa cannot be mapped.  A window with a page that cannot
 * is mapped no further than what is wanted, or the page of @gpa alone.
 */
void *gpuvm_windows_get(GpuvmWindows *w, uint64_t gpa, uint64_t *len,
                        uint64_t base, uint64_t end);
/** gpuvm_windows_put - ends one get(), whose result is @ptr. */
void gpuvm_windows_put(GpuvmWindows *w, void *ptr, uint64_t gpa);
/** gpuvm_windows_count - how many windows are mapped. */
unsigned gpuvm_windows_count(GpuvmWindows *w);

#endif
