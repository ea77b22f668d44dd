/*
 * PCLOCK: plain storage that starts as zeros, which nouveau reads as "every
 * clock runs from the crystal".  A PLL that is shown as on must have a
 * divisor that is not zero, or the driver divides by it; so none is on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pmisc_regs.h"

#define PLL(name, addr) { name, addr, .count = 2 } /* ctrl, coef */

static const GpuvmRegRow rows[] = {
    PLL("PCLOCK_SPPLL0", NV_PCLOCK_SPPLL0),
    PLL("PCLOCK_SPPLL1", NV_PCLOCK_SPPLL1),
    PLL("PCLOCK_MPLL", NV_PCLOCK_MPLL),
    PLL("PCLOCK_MPLLSRC", NV_PCLOCK_MPLLSRC),
    { "PCLOCK_MPLL_MODE", NV_PCLOCK_MPLL_MODE },
    { "PCLOCK_PLL_CTRL", NV_PCLOCK_PLL, .count = NV_PCLOCK_PLL_COUNT,
      .stride = NV_PCLOCK_PLL_STRIDE },
    { "PCLOCK_PLL_COEF", NV_PCLOCK_PLL + 4, .count = NV_PCLOCK_PLL_COUNT,
      .stride = NV_PCLOCK_PLL_STRIDE },
    { "PCLOCK_SEL", NV_PCLOCK_SEL },
    { "PCLOCK_PLL_SRC", NV_PCLOCK_PLL_SRC, .count = 8 },
    { "PCLOCK_PLL_DIV", NV_PCLOCK_PLL_DIV, .count = 8 },
    { "PCLOCK_DIV_SRC", NV_PCLOCK_DIV_SRC, .count = 16 },
    { "PCLOCK_DIV", NV_PCLOCK_DIV, .count = 16 },
    { "PCLOCK_OUT_DIV", NV_PCLOCK_OUT_DIV, .count = 16 },
    { "PCLOCK_MEM_SRC", NV_PCLOCK_MEM_SRC },
    { "PCLOCK_MEM_DIV", NV_PCLOCK_MEM_DIV },
    { "PCLOCK_MEM_REF_SRC", NV_PCLOCK_MEM_REF_SRC },
    { "PCLOCK_MEM_REF_DIV", NV_PCLOCK_MEM_REF_DIV },
    { "PCLOCK_MEM_STATUS", NV_PCLOCK_MEM_STATUS },
    { "PCLOCK_MEM_SEL", NV_PCLOCK_MEM_SEL },
};

const GpuvmUnit gpuvm_unit_clk = {
    .name = "clk",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
