/*
 * An independent reference for the instruction tests: one lane, decoded from
 * the raw word and executed as the manual says, with exact arithmetic.  Slow,
 * and written apart from the interpreter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_ISA_REF_H
#define GPUVM_TESTS_ISA_REF_H

#include <stdbool.h>
#include <stdint.h>

/** RefLane - a lane; r[63] is 0, p[7] true. */
typedef struct RefLane {
    uint32_t r[64];
    bool p[8];
    bool z, s, c, o;
    const uint8_t *c0;      /* constant bank 0 */
    uint32_t c0_size;
    bool approximate;       /* out: the result is of a special function */
} RefLane;

/** isa_ref_exec - executes @w (not control flow); false: not known. */
bool isa_ref_exec(RefLane *l, uint64_t w);

/** isa_ref_cc - whether $c fulfils a control instruction's condition. */
bool isa_ref_cc(const RefLane *l, unsigned cond);

/**
 * isa_ref_run - runs a lane through a program of 8-byte words from the start
 * to its exit, with a stack of its own.
 * Returns: the number of instructions, 0 if it did not end within @limit.
 */
unsigned isa_ref_run(RefLane *l, const uint64_t *words, unsigned n,
                     unsigned limit);

#endif
