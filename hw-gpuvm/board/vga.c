/*
 * The VGA ports that a driver unlocks on every board, display or not: the
 * CRTC's index byte and, beside it, its data byte.  Storage only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pmisc_regs.h"

static const GpuvmRegRow rows[] = {
    { "PRMCIO_CRTC", NV_PRMCIO_CRTC },
};

const GpuvmUnit gpuvm_unit_vga = {
    .name = "vga",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
