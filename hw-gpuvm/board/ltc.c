/*
 * The L2 cache.  There is none: every engine works on VRAM itself.  What is
 * left is its shape, the clear-colour table, and compression-tag clears, which
 * are finished when they are asked for (the status words read 0).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/nvc0_shape.h"
#include "spec/pltcg_regs.h"

#define SLICES      (NVC0_LTCS * NVC0_LTC_SLICES)
#define LTS(reg)    (NV_PLTCG_LTC0_LTS0 + (reg))

/* One LTC: its slices are one array. */
G_STATIC_ASSERT(NVC0_LTCS == 1);

static const GpuvmRegRow rows[] = {
    { "PLTCG_LTS_INTR", LTS(NV_PLTCG_LTS_INTR), .count = SLICES,
      .stride = NV_PLTCG_LTS_STRIDE, .flags = GPUVM_REG_W1C },
    { "PLTCG_LTS_CBC_STATUS", LTS(NV_PLTCG_LTS_CBC_STATUS), .count = SLICES,
      .stride = NV_PLTCG_LTS_STRIDE, .flags = GPUVM_REG_RO },
    { "PLTCG_INTR_EN", NV_PLTCG_INTR_EN },
    { "PLTCG_CBC_CTRL_1", NV_PLTCG_CBC_CTRL_1 },
    { "PLTCG_CBC_CTRL_2", NV_PLTCG_CBC_CTRL_2, .flags = GPUVM_REG_WO },
    { "PLTCG_CBC_CLEAR_FIRST", NV_PLTCG_CBC_CLEAR_FIRST },
    { "PLTCG_CBC_CLEAR_LAST", NV_PLTCG_CBC_CLEAR_LAST },
    { "PLTCG_CBC_BASE", NV_PLTCG_CBC_BASE },
    { "PLTCG_CBC_NUM_LTC", NV_PLTCG_CBC_NUM_LTC },
    { "PLTCG_CBC_PARAM", NV_PLTCG_CBC_PARAM,
      .reset = NVC0_LTC_SLICES << NV_PLTCG_CBC_PARAM_SLICES_SHIFT,
      .flags = GPUVM_REG_RO },
    { "PLTCG_MAX_WAYS_EVICT", NV_PLTCG_MAX_WAYS_EVICT },
    { "PLTCG_ZBC_INDEX", NV_PLTCG_ZBC_INDEX },
    { "PLTCG_ZBC_COLOR", NV_PLTCG_ZBC_COLOR, .count = 4 },
    { "PLTCG_ZBC_DEPTH", NV_PLTCG_ZBC_DEPTH },
};

const GpuvmUnit gpuvm_unit_ltc = {
    .name = "ltc",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
