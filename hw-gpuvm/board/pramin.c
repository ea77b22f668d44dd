/*
 * PRAMIN: a 1 MiB window into VRAM at 0x700000, moved by PBUS_PRAMIN.
 *
 * A driver uses it until BAR3 works, for about 147000 words at each probe, so
 * board.c sends its accesses here before the dispatcher sees them.  Beyond the
 * VM's slice the window reads 0 and drops writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pbus_regs.h"

/* The window while its target is not VRAM: past what the base can name. */
#define NOWHERE \
    (((uint64_t)NV_PBUS_PRAMIN_BASE + 1) << NV_PBUS_PRAMIN_BASE_SHIFT)

uint32_t gpuvm_pramin_read(GpuvmBoard *b, uint32_t off, unsigned size)
{
    uint8_t buf[4] = { 0 };

    gpuvm_count(&b->host->counters, GPUVM_CNT_PRAMIN);
    gpuvm_vm_vram_read(b->vm, b->pramin_base + off, buf, size);
    return buf[0] | buf[1] << 8 | buf[2] << 16 | (uint32_t)buf[3] << 24;
}

void gpuvm_pramin_write(GpuvmBoard *b, uint32_t off, uint32_t val,
                        unsigned size)
{
    uint8_t buf[4] = { val, val >> 8, val >> 16, val >> 24 };

    gpuvm_count(&b->host->counters, GPUVM_CNT_PRAMIN);
    gpuvm_vm_vram_write(b->vm, b->pramin_base + off, buf, size);
}

static uint32_t base_write(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored, uint32_t val)
{
    b->pramin_base = (uint64_t)(val & NV_PBUS_PRAMIN_BASE)
                     << NV_PBUS_PRAMIN_BASE_SHIFT;
    if (val & NV_PBUS_PRAMIN_TARGET) {
        gpuvm_guest_error(b->host, "PRAMIN: only VRAM can be shown (0x%08x)",
                          val);
        b->pramin_base = NOWHERE;
    }
    return val;
}

/* The window through the dispatcher: board.c's shortcut does the same. */
static uint32_t window_read(GpuvmBoard *b, const GpuvmRegRow *row,
                            uint32_t index, uint32_t stored)
{
    return gpuvm_pramin_read(b, 4 * index, 4);
}

static uint32_t window_write(GpuvmBoard *b, const GpuvmRegRow *row,
                             uint32_t index, uint32_t stored, uint32_t val)
{
    const GpuvmRegAccess *a = gpuvm_regs_access(b);

    gpuvm_pramin_write(b, a->addr - NV_PRAMIN, val, a->size);
    return 0;
}

static void pramin_reset(GpuvmBoard *b)
{
    b->pramin_base = 0;
}

static const GpuvmRegRow rows[] = {
    { "PBUS_PRAMIN", NV_PBUS_PRAMIN, .write = base_write },
    { "PRAMIN", NV_PRAMIN, .count = NV_PRAMIN_SIZE / 4,
      .flags = GPUVM_REG_WINDOW, .read = window_read, .write = window_write },
};

const GpuvmUnit gpuvm_unit_pramin = {
    .name = "pramin",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
    .reset = pramin_reset,
};
