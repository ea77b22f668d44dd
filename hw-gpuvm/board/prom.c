/*
 * PROM: the VBIOS as registers.  Behind the image the window reads 0; a driver
 * fetches 4 KiB before it knows how long the image is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pmisc_regs.h"

static uint32_t prom_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    const uint8_t *p = b->vbios.data + 4 * (size_t)index;

    if (4 * ((size_t)index + 1) > b->vbios.size) {
        return 0;
    }
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static const GpuvmRegRow rows[] = {
    { "PROM", NV_PROM, .count = NV_PROM_SIZE / 4, .flags = GPUVM_REG_WINDOW,
      .read = prom_read },
};

const GpuvmUnit gpuvm_unit_prom = {
    .name = "prom",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
