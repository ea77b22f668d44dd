/*
 * FECS and GPCCS: what their microcode does, without executing it.
 *
 * nouveau uploads microcode to FECS (hub) and GPCCS (all GPCs at once), starts
 * FECS and waits for bit 31 of scratch 0; scratch 1 then holds the size of a
 * context image.  After that FECS takes commands by mailbox (WRCMD_DATA, then
 * WRCMD_CMD) and a context-switch request by interrupt 8:
 *
 *   1  make DATA's channel current and next; scratch 0 bit 31 := 1
 *   2  save the current channel's context;   scratch 0 bit 31 := 1
 *   interrupt 8: save the current one if valid, then current := next
 *
 * A context image is opaque to us, so save and load move nothing: channels'
 * state lives in the GPU below.  A command that the microcode does not know
 * gives its error report: scratch 5, up-interrupt 0, PGRAPH interrupt 19.
 * Scratch words have set and clear aliases
 * (reference/nvc0-nouveau.md 7.3, 7.4).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/pgraph.h"
#include "spec/nvc0_shape.h"
#include "spec/pgraph_regs.h"
#include "spec/pmc_regs.h"

#define FECS(off)       (NV_FECS + NV_CTXCTL_##off)
#define FECS_SCRATCH(i) (NV_FECS + NV_CTXCTL_SCRATCH + 4 * (i))

static void scratch_or(GpuvmBoard *b, unsigned idx, uint32_t bits)
{
    gpuvm_regs_set(b, FECS_SCRATCH(idx),
                   gpuvm_regs_get(b, FECS_SCRATCH(idx)) | bits);
}

void gpuvm_pgraph_set_current(GpuvmBoard *b, uint32_t inst)
{
    gpuvm_regs_set(b, FECS(CHAN_CUR),
                   (inst & NV_CTXCTL_CHAN_INST) | NV_CTXCTL_CHAN_VALID);
}

static void fecs_start(GpuvmBoard *b, GpuvmFalcon *f)
{
    scratch_or(b, NV_FECS_SCRATCH_STATUS_IDX, NV_FECS_SCRATCH_READY);
    gpuvm_regs_set(b, FECS_SCRATCH(NV_FECS_SCRATCH_SIZE_IDX),
                   GPUVM_PGRAPH_CTX_SIZE);
}

static void fecs_trigger(GpuvmBoard *b, GpuvmFalcon *f, uint32_t bits)
{
    if (bits & NV_CTXCTL_INTR_CHSW) {
        gpuvm_regs_set(b, f->base + NV_FALCON_INTR,
                       gpuvm_regs_get(b, f->base + NV_FALCON_INTR) &
                       ~NV_CTXCTL_INTR_CHSW);
        gpuvm_regs_set(b, FECS(CHAN_CUR), gpuvm_regs_get(b, FECS(CHAN_NEXT)));
    }
}

static void up_update(GpuvmBoard *b)
{
    if (gpuvm_regs_get(b, FECS(UP_STATUS)) & gpuvm_regs_get(b, FECS(UP_EN))) {
        gpuvm_pgraph_intr(b, NV_PGRAPH_INTR_CTXCTL_UP);
    }
}

static uint32_t command_write(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored, uint32_t val)
{
    uint32_t data = gpuvm_regs_get(b, FECS(WRCMD_DATA));

    gpuvm_host_trace(b->host, GPUVM_TRACE_FECS, val, data, 0, 0);
    switch (val) {
    case NV_FECS_CMD_SET_CHANNEL:
        gpuvm_regs_set(b, FECS(CHAN_CUR), data);
        gpuvm_regs_set(b, FECS(CHAN_NEXT), data);
        scratch_or(b, NV_FECS_SCRATCH_STATUS_IDX, NV_FECS_SCRATCH_READY);
        break;
    case NV_FECS_CMD_SAVE:
        scratch_or(b, NV_FECS_SCRATCH_STATUS_IDX, NV_FECS_SCRATCH_READY);
        break;
    default:
        gpuvm_guest_error(b->host, "FECS: unknown command 0x%x", val);
        gpuvm_regs_set(b, FECS_SCRATCH(NV_FECS_SCRATCH_ERROR_IDX),
                       val << 16 | NV_FECS_E_BAD_COMMAND);
        gpuvm_regs_set(b, FECS(UP_STATUS), NV_CTXCTL_UP_ERROR |
                       gpuvm_regs_get(b, FECS(UP_STATUS)));
        up_update(b);
        break;
    }
    return val;
}

/* Scratch aliases, of FECS and of GPCCS. */
static uint32_t scratch_set_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                  uint32_t index, uint32_t stored,
                                  uint32_t val)
{
    uint32_t reg = row->addr - NV_CTXCTL_SCRATCH_SET + NV_CTXCTL_SCRATCH +
                   4 * index;

    gpuvm_regs_set(b, reg, gpuvm_regs_get(b, reg) | val);
    return 0;
}

static uint32_t scratch_clear_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                    uint32_t index, uint32_t stored,
                                    uint32_t val)
{
    uint32_t reg = row->addr - NV_CTXCTL_SCRATCH_CLEAR + NV_CTXCTL_SCRATCH +
                   4 * index;

    gpuvm_regs_set(b, reg, gpuvm_regs_get(b, reg) & ~val);
    return 0;
}

static uint32_t up_set_write(GpuvmBoard *b, const GpuvmRegRow *row,
                             uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, FECS(UP_STATUS),
                   gpuvm_regs_get(b, FECS(UP_STATUS)) | val);
    up_update(b);
    return 0;
}

static uint32_t up_clear_write(GpuvmBoard *b, const GpuvmRegRow *row,
                               uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, FECS(UP_STATUS),
                   gpuvm_regs_get(b, FECS(UP_STATUS)) & ~val);
    return 0;
}

static uint32_t up_enable_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, FECS(UP_EN), val);
    up_update(b);
    return val;
}

#define CTXCTL_ROWS(n, base)                                                \
    GPUVM_FALCON_ROWS(n, base, NVC0_FALCON_HWCFG_GR, NVC0_FALCON_HWCFG1),   \
    { n "_SIGNAL", (base) + NV_CTXCTL_SIGNAL, .flags = GPUVM_REG_RO },      \
    { n "_RED_SWITCH", (base) + NV_CTXCTL_RED_SWITCH },                     \
    { n "_SCRATCH", (base) + NV_CTXCTL_SCRATCH, NV_CTXCTL_SCRATCHES },      \
    { n "_SCRATCH_SET", (base) + NV_CTXCTL_SCRATCH_SET,                     \
      NV_CTXCTL_SCRATCHES, .flags = GPUVM_REG_WO,                           \
      .write = scratch_set_write },                                         \
    { n "_SCRATCH_CLEAR", (base) + NV_CTXCTL_SCRATCH_CLEAR,                 \
      NV_CTXCTL_SCRATCHES, .flags = GPUVM_REG_WO,                           \
      .write = scratch_clear_write }

static const GpuvmRegRow fecs_rows[] = {
    CTXCTL_ROWS("FECS", NV_FECS),
    { "FECS_WRCMD_DATA", FECS(WRCMD_DATA) },
    { "FECS_WRCMD_CMD", FECS(WRCMD_CMD), .write = command_write },
    { "FECS_UNITS", FECS(UNITS_HUB), .flags = GPUVM_REG_RO },
    { "FECS_CHAN_CUR", FECS(CHAN_CUR) },
    { "FECS_CHAN_NEXT", FECS(CHAN_NEXT) },
    { "FECS_CHAN_ACK", FECS(CHAN_ACK), .flags = GPUVM_REG_WO },
    { "FECS_UP_STATUS", FECS(UP_STATUS), .flags = GPUVM_REG_RO },
    { "FECS_UP_SET", FECS(UP_SET), .flags = GPUVM_REG_WO,
      .write = up_set_write },
    { "FECS_UP_CLEAR", FECS(UP_CLEAR), .flags = GPUVM_REG_WO,
      .write = up_clear_write },
    { "FECS_UP_EN", FECS(UP_EN), .write = up_enable_write },
    CTXCTL_ROWS("GPCCS", NV_GPCCS),
    { "GPCCS_UNITS", NV_GPCCS + NV_CTXCTL_UNITS_GPC, .flags = GPUVM_REG_RO },
};

static void fecs_init(GpuvmBoard *b)
{
    GpuvmPgraph *g = b->pgraph;

    g->fecs.start = fecs_start;
    g->fecs.trigger = fecs_trigger;
    gpuvm_falcon_init(b, &g->fecs, NV_FECS, NVC0_FALCON_HWCFG_GR);
    gpuvm_falcon_init(b, &g->gpccs, NV_GPCCS, NVC0_FALCON_HWCFG_GR);
}

static void fecs_exit(GpuvmBoard *b)
{
    /* pgraph.c may have freed the state already: the order is board.c's */
    if (b->pgraph) {
        gpuvm_falcon_exit(b, &b->pgraph->fecs);
        gpuvm_falcon_exit(b, &b->pgraph->gpccs);
    }
}

static void fecs_reset(GpuvmBoard *b)
{
    gpuvm_falcon_reset(&b->pgraph->fecs);
    gpuvm_falcon_reset(&b->pgraph->gpccs);
    gpuvm_pgraph_topology_reset(b);
}

const GpuvmUnit gpuvm_unit_pgraph_fecs = {
    .name = "pgraph_fecs",
    .rows = fecs_rows,
    .nrows = G_N_ELEMENTS(fecs_rows),
    .init = fecs_init,
    .exit = fecs_exit,
    .reset = fecs_reset,
    .engine_reset = fecs_reset,
    .pmc_enable = NV_PMC_ENABLE_GR,
};
