/*
 * The arithmetic handlers in 32-byte vectors: for CPUs with AVX2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/alu_pre.h"

#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,lzcnt"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,bmi,bmi2,lzcnt")
#endif

#define SOFT_VEC 32
#define SOFT_ALU_TABLE gpuvm_soft_alu_avx2
#define SOFT_ALU_FIND gpuvm_soft_find_avx2
#include "soft/isa/alu_all.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
