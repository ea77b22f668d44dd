/*
 * The memory that compiled code lies in; see memory.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_MEMORY_H
#define GPUVM_SOFT_JIT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

typedef struct JitMemory JitMemory;

/** gpuvm_jit_memory_new - room for one program's code; NULL if the host has
 *  no address space for it. */
JitMemory *gpuvm_jit_memory_new(void);
/** gpuvm_jit_memory_free - nobody runs the code any more. */
void gpuvm_jit_memory_free(JitMemory *m);
/** gpuvm_jit_memory_bytes - of code and its constants, whole pages. */
size_t gpuvm_jit_memory_bytes(const JitMemory *m);

/* What LLVM calls (LLVMCreateSimpleMCJITMemoryManager), @opaque a JitMemory. */
uint8_t *gpuvm_jit_memory_code(void *opaque, uintptr_t size, unsigned align,
                               unsigned id, const char *name);
uint8_t *gpuvm_jit_memory_data(void *opaque, uintptr_t size, unsigned align,
                               unsigned id, const char *name,
                               int read_only);
int gpuvm_jit_memory_seal(void *opaque, char **err);
/** gpuvm_jit_memory_left - LLVM no longer needs it; it stays. */
void gpuvm_jit_memory_left(void *opaque);

#endif
