/*
 * PBUS: the error interrupt of bad register accesses.
 *
 * Nothing raises it: an unknown register is counted and logged by the
 * dispatcher, and reads 0 instead of faulting.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pbus_regs.h"

static const GpuvmRegRow rows[] = {
    { "PBUS_INTR", NV_PBUS_INTR, .flags = GPUVM_REG_W1C },
    { "PBUS_INTR_EN", NV_PBUS_INTR_EN },
    { "PBUS_FAULT_ADDR", NV_PBUS_FAULT_ADDR },
    { "PBUS_FAULT_DATA", NV_PBUS_FAULT_DATA },
};

const GpuvmUnit gpuvm_unit_pbus = {
    .name = "pbus",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
