/*
 * PTHERM and the fan's tachometer.  The fuse says that the sensor was never
 * calibrated (fuse.c), so a driver leaves both alone but for turning their
 * interrupts off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pmisc_regs.h"

static const GpuvmRegRow rows[] = {
    { "PNVIO_TACH_CTRL", NV_PNVIO_TACH_CTRL },
    { "PNVIO_TACH_TIME", NV_PNVIO_TACH_TIME },
    { "PNVIO_TACH_COUNT", NV_PNVIO_TACH_COUNT, .flags = GPUVM_REG_RO },
    { "PTHERM_INTR_EN", NV_PTHERM_INTR_EN },
    { "PTHERM_SENSOR_CTRL", NV_PTHERM_SENSOR_CTRL_0, .count = 2 },
    { "PTHERM_INTR", NV_PTHERM_INTR, .flags = GPUVM_REG_W1C },
    { "PTHERM_TEMP", NV_PTHERM_TEMP, .flags = GPUVM_REG_RO },
    { "PTHERM_THRS_4", NV_PTHERM_THRS_4 },
    { "PTHERM_THRS_SHUTDOWN", NV_PTHERM_THRS_SHUTDOWN },
    { "PTHERM_THRS_SHUTDOWN_HYST", NV_PTHERM_THRS_SHUTDOWN_HYST },
    { "PTHERM_THRS_2", NV_PTHERM_THRS_2 },
    { "PTHERM_THRS_1", NV_PTHERM_THRS_1 },
};

const GpuvmUnit gpuvm_unit_therm = {
    .name = "therm",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
