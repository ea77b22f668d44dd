/*
 * PNVIO's GPIO lines and AUX/I2C hot-plug interrupts.  The VBIOS has neither
 * table, so a driver only turns the interrupts off and acknowledges them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pmisc_regs.h"

static const GpuvmRegRow rows[] = {
    { "PNVIO_GPIO_INTR_EN_0", NV_PNVIO_GPIO_INTR_EN_0 },
    { "PNVIO_GPIO_INTR_0", NV_PNVIO_GPIO_INTR_0, .flags = GPUVM_REG_W1C },
    { "PNVIO_AUX_INTR_EN", NV_PNVIO_AUX_INTR_EN },
    { "PNVIO_AUX_INTR", NV_PNVIO_AUX_INTR, .flags = GPUVM_REG_W1C },
    { "PNVIO_GPIO_INTR_EN_1", NV_PNVIO_GPIO_INTR_EN_1 },
    { "PNVIO_GPIO_INTR_1", NV_PNVIO_GPIO_INTR_1, .flags = GPUVM_REG_W1C },
    { "PNVIO_GPIO_STATE_0", NV_PNVIO_GPIO_STATE_0 },
    { "PNVIO_GPIO_STATE_1", NV_PNVIO_GPIO_STATE_1 },
    { "PNVIO_GPIO_STATE_2", NV_PNVIO_GPIO_STATE_2 },
    { "PNVIO_GPIO_STATE_3", NV_PNVIO_GPIO_STATE_3 },
};

const GpuvmUnit gpuvm_unit_gpio = {
    .name = "gpio",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
