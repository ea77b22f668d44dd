/*
 * PRIVRING: the ring that carries register accesses to hubs, ROPs and GPCs.
 * It never fails here, and a command to its master is done at once (the
 * command's field reads 0).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/nvc0_shape.h"
#include "spec/pmisc_regs.h"

#define HUBS 1

static uint32_t command_write(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored, uint32_t val)
{
    return val & ~NV_PRIVRING_MASTER_COMMAND_MASK;
}

/* Three words {address, data, status} for each of @n units. */
#define ERRORS(name, addr, n) \
    { name "_ADDR", (addr), .count = (n), \
      .stride = NV_PRIVRING_ERROR_STRIDE, .flags = GPUVM_REG_RO }, \
    { name "_DATA", (addr) + 4, .count = (n), \
      .stride = NV_PRIVRING_ERROR_STRIDE, .flags = GPUVM_REG_RO }, \
    { name "_STATUS", (addr) + 8, .count = (n), \
      .stride = NV_PRIVRING_ERROR_STRIDE, .flags = GPUVM_REG_RO }

static const GpuvmRegRow rows[] = {
    { "PRIVRING_MASTER_COMMAND", NV_PRIVRING_MASTER_COMMAND,
      .write = command_write },
    { "PRIVRING_INTR", NV_PRIVRING_INTR_0, .count = 2,
      .flags = GPUVM_REG_RO },
    { "PRIVRING_HUB_COUNT", NV_PRIVRING_HUB_COUNT, .reset = HUBS,
      .flags = GPUVM_REG_RO },
    { "PRIVRING_ROP_COUNT", NV_PRIVRING_ROP_COUNT, .reset = NVC0_ROPS,
      .flags = GPUVM_REG_RO },
    { "PRIVRING_GPC_COUNT", NV_PRIVRING_GPC_COUNT, .reset = NVC0_GPCS,
      .flags = GPUVM_REG_RO },
    ERRORS("PRIVRING_HUB_ERROR", NV_PRIVRING_HUB_ERROR, HUBS),
    ERRORS("PRIVRING_ROP_ERROR", NV_PRIVRING_ROP_ERROR, NVC0_ROPS),
    ERRORS("PRIVRING_GPC_ERROR", NV_PRIVRING_GPC_ERROR, NVC0_GPCS),
    { "PRIVRING_SYS_310", NV_PRIVRING_SYS_310 },
    { "PRIVRING_SYS_TIMEOUT", NV_PRIVRING_SYS_TIMEOUT, .count = 3 },
    { "PRIVRING_SYS_348", NV_PRIVRING_SYS_348 },
};

const GpuvmUnit gpuvm_unit_privring = {
    .name = "privring",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
};
