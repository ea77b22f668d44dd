/*
 * The arithmetic handlers in 16-byte vectors: for any host CPU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/alu_pre.h"

#define SOFT_VEC 16
#define SOFT_ALU_TABLE gpuvm_soft_alu_base
#define SOFT_ALU_FIND gpuvm_soft_find_base
#include "soft/isa/alu_all.h"
