/*
 * 4-byte instructions, by translation to their 8-byte equivalent.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ISA_SHORT_H
#define GPUVM_SOFT_ISA_SHORT_H

#include <stdint.h>

/**
 * gpuvm_soft_short_expand - the 8-byte word that means what the 4-byte @lo
 * does, or 0 (a word no row matches at all) if
 * it is not one of those implemented.  Branch distances keep counting from
 * the end of the short instruction.
 */
uint64_t gpuvm_soft_short_expand(uint32_t lo);

#endif
