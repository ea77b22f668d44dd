/*
 * All arithmetic handlers for one vector width.  The including file defines
 * SOFT_VEC, the width in bytes, and SOFT_ALU_TABLE, the name of the table of
 * handlers by SoftOp, and has set the compiler's target.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/alu_vec.h"
#include "soft/isa/alu_int.h"
#include "soft/isa/alu_f32.h"
#include "soft/isa/alu_f64.h"
#include "soft/isa/alu_move.h"

#define ENTRY_ALU(id, handler) [SOFT_OP_##id] = op_##handler,
#define ENTRY_CTL(id, handler)
#define ENTRY_MEM(id, handler)

SoftExecFn *const SOFT_ALU_TABLE[SOFT_OP__MAX] = {
#define ROW(id, kind, handler, ...) ENTRY_##kind(id, handler)
#include "soft/isa/table.def"
#undef ROW
};
