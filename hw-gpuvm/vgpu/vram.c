/*
 * Copies in and out of a VM's memory: its VRAM slice, which is mapped here,
 * and its RAM through the host's callbacks.
 *
 * Aligned words are copied in one access, so that a guest's CPU or a GPU
 * thread that looks at the same time sees the old word or the new one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/mem.h"

#include <string.h>

#include "vgpu/vm_priv.h"

static void copy(void *to, const void *from, size_t len)
{
    uintptr_t both = (uintptr_t)to | (uintptr_t)from;

    if (len == 4 && !(both & 3)) {
        __atomic_store_n((uint32_t *)to,
                         __atomic_load_n((const uint32_t *)from,
                                         __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    } else if (len == 8 && !(both & 7)) {
        __atomic_store_n((uint64_t *)to,
                         __atomic_load_n((const uint64_t *)from,
                                         __ATOMIC_RELAXED), __ATOMIC_RELAXED);
    } else {
        memcpy(to, from, len);
    }
}

bool gpuvm_mem_read(const GpuvmMem *m, GpuvmTarget target, uint64_t addr,
                    void *buf, size_t len)
{
    const uint8_t *p;

    if (target == GPUVM_TARGET_VRAM) {
        p = gpuvm_mem_slice_ptr(m, addr, len);
        if (p) {
            copy(buf, p, len);
            return true;
        }
    } else if (gpuvm_host_read(m->host, addr, buf, len)) {
        return true;
    }
    memset(buf, 0, len);
    return false;
}

bool gpuvm_mem_write(const GpuvmMem *m, GpuvmTarget target, uint64_t addr,
                     const void *buf, size_t len)
{
    uint8_t *p;

    if (target != GPUVM_TARGET_VRAM) {
        return gpuvm_host_write(m->host, addr, buf, len);
    }
    p = gpuvm_mem_slice_ptr(m, addr, len);
    if (p) {
        copy(p, buf, len);
    }
    return p != NULL;
}

bool gpuvm_vm_vram_read(GpuvmVm *vm, uint64_t off, void *buf, size_t len)
{
    return gpuvm_mem_read(&vm->mem, GPUVM_TARGET_VRAM, off, buf, len);
}

bool gpuvm_vm_vram_write(GpuvmVm *vm, uint64_t off, const void *buf,
                         size_t len)
{
    return gpuvm_mem_write(&vm->mem, GPUVM_TARGET_VRAM, off, buf, len);
}
