/*
 * The PCI configuration space as registers, at 0x88000.
 *
 * The first 256 bytes are the device's own configuration space, reached
 * through the PCI device that hosts the board.  What lies above (PCIe
 * extended space and private registers) is storage, except the byte that a
 * driver writes to re-arm MSI, which needs no action: MSI fires on each rise
 * of the interrupt line (pmc.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pmisc_regs.h"

static uint32_t config_read(GpuvmBoard *b, const GpuvmRegRow *row,
                            uint32_t index, uint32_t stored)
{
    const GpuvmBoardOps *ops = b->cfg.ops;

    return ops && ops->config_read ?
           ops->config_read(b->cfg.opaque, 4 * index, 4) : stored;
}

static uint32_t config_write(GpuvmBoard *b, const GpuvmRegRow *row,
                             uint32_t index, uint32_t stored, uint32_t val)
{
    const GpuvmBoardOps *ops = b->cfg.ops;
    const GpuvmRegAccess *a = gpuvm_regs_access(b);

    if (ops && ops->config_write) {
        ops->config_write(b->cfg.opaque, a->addr - NV_PPCI, val, a->size);
    }
    return val;
}

/* Words of storage from configuration offset @from up to @to. */
#define STORAGE(from, to) \
    { "PPCI_PRIVATE", NV_PPCI + (from), .count = ((to) - (from)) / 4, \
      .flags = GPUVM_REG_PACK, .source = "nouveau pci/{g84,gf100}.c" }

static const GpuvmRegRow rows[] = {
    { "PPCI_CONFIG", NV_PPCI, .count = NV_PPCI_CONFIG_SIZE / 4,
      .flags = GPUVM_REG_BYTE, .read = config_read, .write = config_write },
    STORAGE(NV_PPCI_CONFIG_SIZE, NV_PPCI_MSI_REARM - NV_PPCI),
    { "PPCI_MSI_REARM", NV_PPCI_MSI_REARM, .flags = GPUVM_REG_WO },
    STORAGE(NV_PPCI_MSI_REARM - NV_PPCI + 4, NV_PPCI_SIZE),
};

const GpuvmUnit gpuvm_unit_pci_mirror = {
    .name = "pci_mirror",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
