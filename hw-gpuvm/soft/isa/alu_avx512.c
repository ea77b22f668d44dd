/*
 * The arithmetic handlers in 64-byte vectors: for CPUs with AVX512.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/alu_pre.h"

#ifdef __x86_64__
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi,bmi2,lzcnt"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi,bmi2,lzcnt")
#endif

#define SOFT_VEC 64
#define SOFT_ALU_TABLE gpuvm_soft_alu_avx512
#define SOFT_ALU_FIND gpuvm_soft_find_avx512
#include "soft/isa/alu_all.h"

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
