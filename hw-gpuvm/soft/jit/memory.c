/*
 * The memory that compiled code lies in.
 *
 * Each program has a stretch of address space of its own, reserved as a whole
 * so that its sections are near each other, and backed as LLVM asks for
 * sections: first code, behind it data.  While LLVM writes, it is writable;
 * then it is sealed: code can be run and not written, data (constants) only
 * read, and what was not used is given back.  So what code costs is known to
 * the page, which the limits of queue.c are about.
 *
 * The stretch is larger than the code of the longest program that is compiled
 * (JIT_MAX_INSNS and compile.c's limit): if LLVM were refused a section, it
 * would give up for the whole process.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/memory.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_MAX ((size_t)192 << 20)
#define DATA_MAX ((size_t)64 << 20)

/* A part of the stretch. */
typedef struct Part {
    uint8_t *base;
    size_t max, used, backed;
} Part;

struct JitMemory {
    Part code, data;
};

JitMemory *gpuvm_jit_memory_new(void)
{
    uint8_t *p = mmap(NULL, CODE_MAX + DATA_MAX, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    JitMemory *m;

    if (p == MAP_FAILED) {
        return NULL;
    }
    m = g_new0(JitMemory, 1);
    m->code = (Part) { .base = p, .max = CODE_MAX };
    m->data = (Part) { .base = p + CODE_MAX, .max = DATA_MAX };
    return m;
}

static void part_free(Part *p)
{
    if (p->max) {
        munmap(p->base, p->max);
    }
}

void gpuvm_jit_memory_free(JitMemory *m)
{
    if (m) {
        part_free(&m->code);
        part_free(&m->data);
        g_free(m);
    }
}

size_t gpuvm_jit_memory_bytes(const JitMemory *m)
{
    return m->code.backed + m->data.backed;
}

/* @align is a power of two. */
static uint8_t *part_take(Part *p, size_t size, size_t align)
{
    size_t page = sysconf(_SC_PAGESIZE);
    size_t at, backed;

    align = MAX(align, 16);
    at = (p->used + align - 1) & ~(align - 1);
    if (at > p->max || size > p->max - at) {
        return NULL;
    }
    backed = (at + size + page - 1) & ~(page - 1);
    if (backed > p->backed) {
        if (mprotect(p->base + p->backed, backed - p->backed,
                     PROT_READ | PROT_WRITE)) {
            return NULL;
        }
        p->backed = backed;
    }
    p->used = at + size;
    return p->base + at;
}

uint8_t *gpuvm_jit_memory_code(void *opaque, uintptr_t size, unsigned align,
                               unsigned id, const char *name)
{
    JitMemory *m = opaque;

    return part_take(&m->code, size, align);
}

uint8_t *gpuvm_jit_memory_data(void *opaque, uintptr_t size, unsigned align,
                               unsigned id, const char *name, int read_only)
{
    JitMemory *m = opaque;

    return part_take(&m->data, size, align);
}

static bool part_seal(Part *p, int prot)
{
    if (p->max > p->backed) {
        munmap(p->base + p->backed, p->max - p->backed);
        p->max = p->backed;
    }
    return !p->backed || mprotect(p->base, p->backed, prot) == 0;
}

int gpuvm_jit_memory_seal(void *opaque, char **err)
{
    JitMemory *m = opaque;

    /* nothing was run yet, so no instruction cache of x86 or (by the kernel's
     * mprotect) of others holds what was there before */
    __builtin___clear_cache((char *)m->code.base,
                            (char *)m->code.base + m->code.used);
    return part_seal(&m->code, PROT_READ | PROT_EXEC) &&
           part_seal(&m->data, PROT_READ) ? 0 : 1;
}

void gpuvm_jit_memory_left(void *opaque)
{
}
