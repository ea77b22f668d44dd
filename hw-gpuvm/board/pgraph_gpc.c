/*
 * GPCs, TPCs and ROPs: topology, per-unit registers, shader traps.
 *
 * The shape is that of a Quadro 6000 or smaller: up to four GPCs of up to four
 * TPCs.  Windows exist for all of them (a driver that believes the topology
 * words never touches the others).  nouveau has tables for certain totals only
 * and prints warnings for others, so the number asked for is rounded down to
 * one of those (reference/nvc0-nouveau.md 7.1).
 *
 * A shader trap is a chain of summary bits: WARP_ERROR and GLOBAL_ERROR of the
 * MP, INTR of its TPC, INTR of its GPC, TRAP_GPCS, TRAP, INTR of PGRAPH.  The
 * driver walks it down and clears it on the way up; the TPC's bit follows the
 * two error words.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/pgraph.h"
#include "spec/nvc0_shape.h"
#include "spec/pgraph_regs.h"
#include "spec/pmc_regs.h"

/* ---- topology ------------------------------------------------------------- */

typedef struct Shape {
    uint8_t mps;
    uint8_t tpcs[NVC0_GPCS];
} Shape;

/* Totals that nouveau's alpha/beta tables know. */
static const Shape shapes[] = {
    { 1, { 1 } },
    { 2, { 2 } },
    { 4, { 4 } },
    { 7, { 4, 3 } },
    { 8, { 4, 4 } },
    { 11, { 4, 4, 3 } },
    { 14, { 4, 4, 3, 3 } },
    { 15, { 4, 4, 4, 3 } },
    { 16, { 4, 4, 4, 4 } },
};

static const Shape *shape_of(unsigned mps)
{
    unsigned i = G_N_ELEMENTS(shapes);

    while (i > 1 && shapes[i - 1].mps > mps) {
        i--;
    }
    return &shapes[i - 1];
}

unsigned gpuvm_pgraph_shape(unsigned mps)
{
    return shape_of(mps)->mps;
}

static uint32_t gpc_reg(unsigned gpc, uint32_t off)
{
    return NV_PGRAPH_GPC + gpc * NV_PGRAPH_GPC_STRIDE + off;
}

void gpuvm_pgraph_topology_reset(GpuvmBoard *b)
{
    const Shape *s = shape_of(b->pgraph->mps);
    unsigned gpcs = 0;

    for (unsigned g = 0; g < NVC0_GPCS; g++) {
        gpcs += s->tpcs[g] != 0;
        gpuvm_regs_set(b, gpc_reg(g, NV_PGRAPH_GPC_CTXCTL +
                                  NV_CTXCTL_UNITS_GPC), s->tpcs[g]);
    }
    gpuvm_regs_set(b, NV_FECS + NV_CTXCTL_UNITS_HUB,
                   gpcs | NVC0_ROPS << NV_CTXCTL_UNITS_ROP_SHIFT);
    gpuvm_regs_set(b, NV_GPCCS + NV_CTXCTL_UNITS_GPC, s->tpcs[0]);
}

/* ---- shader traps ----------------------------------------------------------- */

static void reg_or(GpuvmBoard *b, uint32_t addr, uint32_t bits)
{
    gpuvm_regs_set(b, addr, gpuvm_regs_get(b, addr) | bits);
}

void gpuvm_pgraph_mp_trap(GpuvmBoard *b, unsigned gpc, uint32_t warp,
                          uint32_t global)
{
    uint32_t tpc;

    if (gpc >= NVC0_GPCS || !shape_of(b->pgraph->mps)->tpcs[gpc]) {
        gpc = 0;
    }
    tpc = gpc_reg(gpc, NV_PGRAPH_TPC);
    gpuvm_regs_set(b, tpc + NV_PGRAPH_TPC_WARP_ERROR, warp);
    reg_or(b, tpc + NV_PGRAPH_TPC_GLOBAL_ERROR, global);
    reg_or(b, tpc + NV_PGRAPH_TPC_INTR, NV_PGRAPH_TPC_INTR_MP);
    reg_or(b, gpc_reg(gpc, NV_PGRAPH_GPC_INTR),
           1u << NV_PGRAPH_GPC_INTR_TPC_SHIFT);
    reg_or(b, NV_PGRAPH_TRAP_GPCS, 1u << gpc);
    reg_or(b, NV_PGRAPH_TRAP, NV_PGRAPH_TRAP_GPC);
    gpuvm_pgraph_intr(b, NV_PGRAPH_INTR_TRAP);
}

/* The TPC's summary bit, after one of its MP's error words changed. */
static void mp_update(GpuvmBoard *b, uint32_t tpc)
{
    if (!gpuvm_regs_get(b, tpc + NV_PGRAPH_TPC_WARP_ERROR) &&
        !gpuvm_regs_get(b, tpc + NV_PGRAPH_TPC_GLOBAL_ERROR)) {
        gpuvm_regs_set(b, tpc + NV_PGRAPH_TPC_INTR,
                       gpuvm_regs_get(b, tpc + NV_PGRAPH_TPC_INTR) &
                       ~NV_PGRAPH_TPC_INTR_MP);
    }
}

static uint32_t warp_error_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                 uint32_t index, uint32_t stored,
                                 uint32_t val)
{
    uint32_t addr = row->addr + index * row->stride;

    gpuvm_regs_set(b, addr, val);
    mp_update(b, addr - NV_PGRAPH_TPC_WARP_ERROR);
    return val;
}

static uint32_t global_error_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                   uint32_t index, uint32_t stored,
                                   uint32_t val)
{
    uint32_t addr = row->addr + index * row->stride;

    gpuvm_regs_set(b, addr, stored & ~val);
    mp_update(b, addr - NV_PGRAPH_TPC_GLOBAL_ERROR);
    return stored & ~val;
}

/* ---- rows ---------------------------------------------------------------------- */

#define GPC_ROW(name, off, ...)                                             \
    { "PGRAPH_GPC_" name, NV_PGRAPH_GPC + (off), NVC0_GPCS,                 \
      NV_PGRAPH_GPC_STRIDE, __VA_ARGS__ }

#define TPC_ROW(g, name, off, ...)                                          \
    { "PGRAPH_GPC" #g "_TPC_" name, NV_PGRAPH_GPC +                         \
      g * NV_PGRAPH_GPC_STRIDE + NV_PGRAPH_TPC + (off),                     \
      NVC0_TPCS_PER_GPC, NV_PGRAPH_TPC_STRIDE, __VA_ARGS__ }

#define TRAP_WORD .write = gpuvm_pgraph_trap_write

/* What GPC @g has of its own: TPCs, and its context-switch falcon's words. */
#define GPC_ROWS(g)                                                         \
    { "PGRAPH_GPC" #g "_CTXCTL_SCRATCH", NV_PGRAPH_GPC +                    \
      g * NV_PGRAPH_GPC_STRIDE + NV_PGRAPH_GPC_CTXCTL + NV_CTXCTL_SCRATCH,  \
      NV_CTXCTL_SCRATCHES, .flags = GPUVM_REG_RO },                         \
    { "PGRAPH_GPC" #g "_SM_ID", NV_PGRAPH_GPC + g * NV_PGRAPH_GPC_STRIDE +  \
      NV_PGRAPH_GPC_SM_ID, NVC0_TPCS_PER_GPC },                             \
    TPC_ROW(g, "VSC_MASTER", NV_PGRAPH_TPC_VSC_MASTER, 0),                  \
    TPC_ROW(g, "POLY_TRAP", NV_PGRAPH_TPC_POLY_TRAP, TRAP_WORD),            \
    TPC_ROW(g, "POLY_SM_ID", NV_PGRAPH_TPC_POLY_SM_ID, 0),                  \
    TPC_ROW(g, "TEX_TRAP", NV_PGRAPH_TPC_TEX_TRAP, TRAP_WORD),              \
    TPC_ROW(g, "MPC_TRAP", NV_PGRAPH_TPC_MPC_TRAP, TRAP_WORD),              \
    TPC_ROW(g, "L1C_TRAP", NV_PGRAPH_TPC_L1C_TRAP, TRAP_WORD),              \
    TPC_ROW(g, "L1C_SM_ID", NV_PGRAPH_TPC_L1C_SM_ID, 0),                    \
    TPC_ROW(g, "INTR", NV_PGRAPH_TPC_INTR, .flags = GPUVM_REG_W1C),         \
    TPC_ROW(g, "INTR_EN", NV_PGRAPH_TPC_INTR_EN, 0),                        \
    TPC_ROW(g, "ATTRIB", NV_PGRAPH_TPC_ATTRIB, 0),                          \
    TPC_ROW(g, "WARP_MASK", NV_PGRAPH_TPC_WARP_MASK, 0),                    \
    TPC_ROW(g, "WARP_ERROR", NV_PGRAPH_TPC_WARP_ERROR,                      \
            .write = warp_error_write),                                     \
    TPC_ROW(g, "GLOBAL_MASK", NV_PGRAPH_TPC_GLOBAL_MASK, 0),                \
    TPC_ROW(g, "GLOBAL_ERROR", NV_PGRAPH_TPC_GLOBAL_ERROR,                  \
            .write = global_error_write),                                   \
    TPC_ROW(g, "SM_ID", NV_PGRAPH_TPC_SM_ID, 0)

#define ROP_ROW(name, off, ...)                                             \
    { "PGRAPH_ROP_" name, NV_PGRAPH_ROP + (off), NVC0_ROPS,                 \
      NV_PGRAPH_ROP_STRIDE, __VA_ARGS__ }

static const GpuvmRegRow gpc_rows[] = {
    GPC_ROW("PROP_TRAP", NV_PGRAPH_GPC_PROP_TRAP, TRAP_WORD),
    GPC_ROW("PROP_COORD", NV_PGRAPH_GPC_PROP_COORD, .flags = GPUVM_REG_RO),
    GPC_ROW("PROP_FORMAT", NV_PGRAPH_GPC_PROP_FORMAT, .flags = GPUVM_REG_RO),
    GPC_ROW("PROP_STORAGE", NV_PGRAPH_GPC_PROP_STORAGE,
            .flags = GPUVM_REG_RO),
    GPC_ROW("ESETUP_TRAP", NV_PGRAPH_GPC_ESETUP_TRAP, TRAP_WORD),
    GPC_ROW("ZCULL_TRAP", NV_PGRAPH_GPC_ZCULL_TRAP, TRAP_WORD),
    GPC_ROW("ZCULL_TPCS", NV_PGRAPH_GPC_ZCULL_TPCS, 0),
    GPC_ROW("ZCULL_TILE", NV_PGRAPH_GPC_ZCULL_TPCS + 4, 0),
    GPC_ROW("ZCULL_MAGIC", NV_PGRAPH_GPC_ZCULL_TPCS + 8, 0),
    GPC_ROW("TPC_NR", NV_PGRAPH_GPC_TPC_NR, 0),
    GPC_ROW("TPC_NR2", NV_PGRAPH_GPC_TPC_NR2, 0),
    GPC_ROW("CCACHE_TRAP", NV_PGRAPH_GPC_CCACHE_TRAP, TRAP_WORD),
    GPC_ROW("CTXCTL_SIGNAL", NV_PGRAPH_GPC_CTXCTL + NV_CTXCTL_SIGNAL,
            .flags = GPUVM_REG_RO),
    GPC_ROW("CTXCTL_UNITS", NV_PGRAPH_GPC_CTXCTL + NV_CTXCTL_UNITS_GPC,
            .flags = GPUVM_REG_RO),
    GPC_ROW("INTR", NV_PGRAPH_GPC_INTR, .flags = GPUVM_REG_W1C),
    GPC_ROW("INTR_EN", NV_PGRAPH_GPC_INTR_EN, 0),
    GPC_ROWS(0),
    GPC_ROWS(1),
    GPC_ROWS(2),
    GPC_ROWS(3),
    ROP_ROW("TRAP_Z", NV_PGRAPH_ROP_TRAP_Z, TRAP_WORD),
    ROP_ROW("TRAP_C", NV_PGRAPH_ROP_TRAP_C, TRAP_WORD),
    ROP_ROW("INTR", NV_PGRAPH_ROP_INTR, .flags = GPUVM_REG_W1C),
    ROP_ROW("INTR_EN", NV_PGRAPH_ROP_INTR_EN, 0),
};

const GpuvmUnit gpuvm_unit_pgraph_gpc = {
    .name = "pgraph_gpc",
    .rows = gpc_rows,
    .nrows = G_N_ELEMENTS(gpc_rows),
    .pmc_enable = NV_PMC_ENABLE_GR,
};
