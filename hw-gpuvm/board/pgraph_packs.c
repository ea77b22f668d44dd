/*
 * PGRAPH registers that a driver initialises and the model does not interpret:
 * named spans of storage, one row for each run of a register list in nouveau
 * (spec/pgraph_packs.h names the lists).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pgraph_packs.h"
#include "spec/pmc_regs.h"

#define PACK_ROW(unit, addr, words, stride, list)                           \
    { "PGRAPH_" #unit, addr, words, stride, .flags = GPUVM_REG_PACK,        \
      .source = list },

static const GpuvmRegRow packs_rows[] = {
    NV_PGRAPH_PACKS(PACK_ROW, NV_PGRAPH_PACK_GR, NV_PGRAPH_PACK_CTX)
};

const GpuvmUnit gpuvm_unit_pgraph_packs = {
    .name = "pgraph_packs",
    .rows = packs_rows,
    .nrows = G_N_ELEMENTS(packs_rows),
    .pmc_enable = NV_PMC_ENABLE_GR,
};
