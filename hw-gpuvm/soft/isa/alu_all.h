/*
 * All arithmetic handlers for one vector width.  The including file defines
 * SOFT_VEC, the width in bytes, SOFT_ALU_TABLE, the name of the table of
 * handlers by SoftOp, and SOFT_ALU_FIND, the name of the function that finds
 * an instruction's handler, and has set the compiler's target.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/alu_vec.h"
#include "soft/isa/alu_int.h"
#include "soft/isa/alu_f32.h"
#include "soft/isa/alu_f64.h"
#include "soft/isa/alu_move.h"
#include "soft/isa/alu_special.h"
#include "soft/isa/mem_vec.h"

#define ENTRY_ALU(id, handler) [SOFT_OP_##id] = op_##handler,
#define ENTRY_CTL(id, handler)
#define ENTRY_MEM(id, handler)

SoftExecFn *const SOFT_ALU_TABLE[SOFT_OP__MAX] = {
#define ROW(id, kind, handler, ...) ENTRY_##kind(id, handler)
#include "soft/isa/table.def"
#undef ROW
};

SoftExecFn *SOFT_ALU_FIND(const SoftInsn *in)
{
    SoftExecFn *general = SOFT_ALU_TABLE[in->op];

    return general ? special_find(in, general) : mem_find(in);
}
