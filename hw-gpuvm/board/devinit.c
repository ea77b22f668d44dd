/*
 * Devinit: the scratch bit by which a VBIOS says that its start-up scripts
 * have run.  Ours says so from power-on, so a driver executes none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pfuse_regs.h"

static const GpuvmRegRow rows[] = {
    { "PTOP_SCRATCH_POST", NV_PTOP_SCRATCH_POST,
      .reset = NV_PTOP_SCRATCH_POST_DONE },
};

const GpuvmUnit gpuvm_unit_devinit = {
    .name = "devinit",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
