/*
 * PGRAPH's front end: status, interrupts and the errors of its classes.
 *
 * The engine itself is the GPU below, so what a driver waits for reads idle:
 * STATUS, FE_STATUS, and the power mode's trigger bit.  The bundle (ICMD) and
 * method (MCACHE) ports take the default state that a driver loads; each
 * channel of the GPU starts from its own defaults, so they are sinks.
 *
 * An error of a channel is shown in the registers that nouveau's handler
 * reads: the reason in INTR, channel in FECS' current word, subchannel and
 * method in TRAPPED_ADDR, data in TRAPPED_DATA, class in CTX_CACHE, a code in
 * DATA_ERROR or the chain of trap words (pgraph_gpc.c).  One is shown at a
 * time; the next one follows when INTR has been acknowledged
 * (reference/nvc0-nouveau.md 7.6).  The channel of an acknowledged error
 * cannot leave the engine (pfifo_hung.c); a kernel that ran for too long has
 * no other sign than that.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/pfifo.h"
#include "board/pgraph.h"
#include "spec/nvc0_shape.h"
#include "spec/pgraph_regs.h"
#include "spec/pmc_regs.h"

#define DEFAULT_MPS 4

static void irq_update(GpuvmBoard *b)
{
    uint32_t pending = gpuvm_regs_get(b, NV_PGRAPH_INTR) &
                       gpuvm_regs_get(b, NV_PGRAPH_INTR_EN);

    gpuvm_board_irq_source(b, NV_PMC_INTR_GR, pending != 0);
}

void gpuvm_pgraph_intr(GpuvmBoard *b, uint32_t bits)
{
    gpuvm_regs_set(b, NV_PGRAPH_INTR, gpuvm_regs_get(b, NV_PGRAPH_INTR) | bits);
    irq_update(b);
}

/* ---- errors ----------------------------------------------------------------- */

static void show_method(GpuvmBoard *b, const GpuvmFault *f, uint32_t cls)
{
    unsigned subc = f->subc % NV_PGRAPH_CTX_CACHES;

    gpuvm_regs_set(b, NV_PGRAPH_CTX_CACHE + 4 * subc,
                   cls & NV_PGRAPH_CTX_CACHE_CLASS);
    gpuvm_regs_set(b, NV_PGRAPH_TRAPPED_ADDR,
                   (f->method & NV_PGRAPH_TRAPPED_ADDR_MTHD) |
                   subc << NV_PGRAPH_TRAPPED_ADDR_SUBC_SHIFT);
    gpuvm_regs_set(b, NV_PGRAPH_TRAPPED_DATA, f->data);
}

static void show_data_error(GpuvmBoard *b, uint32_t code)
{
    gpuvm_regs_set(b, NV_PGRAPH_DATA_ERROR, code);
    gpuvm_pgraph_intr(b, NV_PGRAPH_INTR_DATA_ERROR);
}

static void show_trap(GpuvmBoard *b, const GpuvmFault *f)
{
    switch (f->reason) {
    case GPUVM_TRAP_ILLEGAL_INSTR:
        gpuvm_pgraph_mp_trap(b, f->gpc, NV_MP_WARP_ILLEGAL_ENCODING, 0);
        break;
    case GPUVM_TRAP_STACK:
        gpuvm_pgraph_mp_trap(b, f->gpc, NV_MP_WARP_STACK_ERROR, 0);
        break;
    case GPUVM_TRAP_MISALIGNED:
        gpuvm_pgraph_mp_trap(b, f->gpc, NV_MP_WARP_MISALIGNED_ADDR, 0);
        break;
    case GPUVM_TRAP_SHARED_RANGE:
        gpuvm_pgraph_mp_trap(b, f->gpc, NV_MP_WARP_OOR_ADDR, 0);
        break;
    case GPUVM_TRAP_BARRIER:
        gpuvm_pgraph_mp_trap(b, f->gpc, NV_MP_WARP_DIVERGENT, 0);
        break;
    case GPUVM_TRAP_LAUNCH:
        /* found by the front end, before any warp exists */
        show_data_error(b, NV_PGRAPH_DATA_ERROR_INVALID_VALUE);
        break;
    default:
        break;      /* TIMEOUT does not come here */
    }
}

static void show(GpuvmBoard *b, const GpuvmFaultEntry *e)
{
    const GpuvmFault *f = &e->fault;

    gpuvm_pgraph_set_current(b, gpuvm_fault_inst(e));
    switch (f->kind) {
    case GPUVM_FAULT_GR_METHOD:
        show_method(b, f, f->cls);
        gpuvm_pgraph_intr(b, NV_PGRAPH_INTR_ILLEGAL_MTHD);
        break;
    case GPUVM_FAULT_GR_CLASS:
        show_method(b, f, f->data);
        gpuvm_pgraph_intr(b, NV_PGRAPH_INTR_ILLEGAL_CLASS);
        break;
    case GPUVM_FAULT_GR_DATA:
        show_method(b, f, f->cls);
        show_data_error(b, f->reason);
        break;
    default:
        show_method(b, f, f->cls);
        show_trap(b, f);
        break;
    }
}

static void show_next(GpuvmBoard *b)
{
    GpuvmFaultQueue *q = &b->pgraph->queue;

    if (q->n && !gpuvm_regs_get(b, NV_PGRAPH_INTR)) {
        GpuvmFaultEntry e = gpuvm_fault_queue_take(q, 0);

        b->pgraph->shown = true;
        b->pgraph->chid = e.chid;
        show(b, &e);
    }
}

void gpuvm_pgraph_forget(GpuvmBoard *b, unsigned chid)
{
    gpuvm_fault_queue_drop(&b->pgraph->queue, chid);
    if (b->pgraph->chid == chid) {
        b->pgraph->shown = false;
    }
}

static void error_event(GpuvmBoard *b, uint8_t chid, const GpuvmFault *f)
{
    if (f->kind == GPUVM_FAULT_GR_TRAP && f->reason == GPUVM_TRAP_TIMEOUT) {
        gpuvm_pfifo_hung(b, GPUVM_ENGINE_GR, chid);
        return;
    }
    gpuvm_fault_queue_push(&b->pgraph->queue, chid,
                           gpuvm_chan_inst(b->vm, chid), f);
    show_next(b);
}

static void pgraph_events(GpuvmBoard *b, const GpuvmVmEvents *ev)
{
    for (unsigned i = 0; i < ev->nfaults; i++) {
        switch (ev->fault[i].kind) {
        case GPUVM_FAULT_GR_METHOD:
        case GPUVM_FAULT_GR_CLASS:
        case GPUVM_FAULT_GR_DATA:
        case GPUVM_FAULT_GR_TRAP:
            error_event(b, ev->fault_chid[i], &ev->fault[i]);
            break;
        default:
            break;
        }
    }
}

/* ---- registers ----------------------------------------------------------------- */

static uint32_t intr_write(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, NV_PGRAPH_INTR, stored & ~val);
    if (b->pgraph->shown && !(stored & ~val)) {
        b->pgraph->shown = false;
        gpuvm_pfifo_hung(b, GPUVM_ENGINE_GR, b->pgraph->chid);
    }
    show_next(b);
    irq_update(b);
    return gpuvm_regs_get(b, NV_PGRAPH_INTR);
}

static uint32_t intr_en_write(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, NV_PGRAPH_INTR_EN, val);
    irq_update(b);
    return val;
}

uint32_t gpuvm_pgraph_trap_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                 uint32_t index, uint32_t stored,
                                 uint32_t val)
{
    if (!(val & NV_PGRAPH_TRAP_WORD_CLEAR)) {
        return (stored & ~NV_PGRAPH_TRAP_WORD_ENABLE) |
               (val & NV_PGRAPH_TRAP_WORD_ENABLE);
    }
    return val & NV_PGRAPH_TRAP_WORD_ENABLE;
}

/* A mode change is done at once: the trigger never reads back. */
static uint32_t pwr_mode_write(GpuvmBoard *b, const GpuvmRegRow *row,
                               uint32_t index, uint32_t stored, uint32_t val)
{
    return val & ~NV_PGRAPH_PWR_MODE_TRIGGER;
}

static const GpuvmRegRow pgraph_rows[] = {
    { "PMC_SPOON_ENABLE", NV_PMC_SPOON_ENABLE, .flags = GPUVM_REG_KEEP },
    { "PGRAPH_INTR", NV_PGRAPH_INTR, .write = intr_write },
    { "PGRAPH_TRAP", NV_PGRAPH_TRAP, .flags = GPUVM_REG_W1C },
    { "PGRAPH_DATA_ERROR", NV_PGRAPH_DATA_ERROR, .flags = GPUVM_REG_RO },
    { "PGRAPH_TRAP_GPCS", NV_PGRAPH_TRAP_GPCS, .flags = GPUVM_REG_W1C },
    { "PGRAPH_TRAP_ROPS", NV_PGRAPH_TRAP_ROPS, .flags = GPUVM_REG_W1C },
    { "PGRAPH_INTR_EN_NRHOST", NV_PGRAPH_INTR_EN_NRHOST },
    { "PGRAPH_TRAP_GPCS_EN", NV_PGRAPH_TRAP_GPCS_EN },
    { "PGRAPH_TRAP_ROPS_EN", NV_PGRAPH_TRAP_ROPS_EN },
    { "PGRAPH_TRAP_EN", NV_PGRAPH_TRAP_EN },
    { "PGRAPH_INTR_EN", NV_PGRAPH_INTR_EN, .write = intr_en_write },
    { "PGRAPH_INTR_CTXCTL_DOWN", NV_PGRAPH_INTR_CTXCTL_DOWN,
      .flags = GPUVM_REG_W1C },
    { "PGRAPH_ICMD_CMD", NV_PGRAPH_ICMD_CMD },
    { "PGRAPH_ICMD_DATA", NV_PGRAPH_ICMD_DATA },
    { "PGRAPH_ICMD_MODE", NV_PGRAPH_ICMD_MODE },
    { "PGRAPH_FIFO_CONTROL", NV_PGRAPH_FIFO_CONTROL },
    { "PGRAPH_GPC_STATUS", NV_PGRAPH_GPC_STATUS, .flags = GPUVM_REG_RO },
    { "PGRAPH_ROP_STATUS", NV_PGRAPH_ROP_STATUS, .flags = GPUVM_REG_RO },
    { "PGRAPH_FE_STATUS", NV_PGRAPH_FE_STATUS, .flags = GPUVM_REG_RO },
    { "PGRAPH_STATUS", NV_PGRAPH_STATUS, .flags = GPUVM_REG_RO },
    { "PGRAPH_TRAPPED_ADDR", NV_PGRAPH_TRAPPED_ADDR, .flags = GPUVM_REG_RO },
    { "PGRAPH_TRAPPED_DATA", NV_PGRAPH_TRAPPED_DATA, .flags = GPUVM_REG_RO },
    { "PGRAPH_TRAPPED_DATA_HIGH", NV_PGRAPH_TRAPPED_DATA_HIGH,
      .flags = GPUVM_REG_RO },
    { "PGRAPH_DISPATCH_TRAP", NV_PGRAPH_DISPATCH_TRAP,
      .write = gpuvm_pgraph_trap_write },
    { "PGRAPH_PWR_MODE", NV_PGRAPH_PWR_MODE, .write = pwr_mode_write },
    { "PGRAPH_CTX_CACHE", NV_PGRAPH_CTX_CACHE, NV_PGRAPH_CTX_CACHES },
    { "PGRAPH_MCACHE_CTRL", NV_PGRAPH_MCACHE_CTRL },
    { "PGRAPH_MCACHE_DATA", NV_PGRAPH_MCACHE_DATA },
    { "PGRAPH_MACRO_TRAP", NV_PGRAPH_MACRO_TRAP,
      .write = gpuvm_pgraph_trap_write },
    { "PGRAPH_MACRO_TRAP_PC", NV_PGRAPH_MACRO_TRAP_PC,
      .flags = GPUVM_REG_RO },
    { "PGRAPH_MACRO_TRAP_OP", NV_PGRAPH_MACRO_TRAP_OP,
      .flags = GPUVM_REG_RO },
    { "PGRAPH_M2MF_TRAP", NV_PGRAPH_M2MF_TRAP,
      .write = gpuvm_pgraph_trap_write },
    { "PGRAPH_SHADER_TRAP", NV_PGRAPH_SHADER_TRAP,
      .write = gpuvm_pgraph_trap_write },
    { "PGRAPH_UNK6018_TRAP", NV_PGRAPH_UNK6018_TRAP,
      .write = gpuvm_pgraph_trap_write },
    { "PGRAPH_UNK601C_TRAP", NV_PGRAPH_UNK601C_TRAP,
      .write = gpuvm_pgraph_trap_write },
    { "PGRAPH_CCACHE_TRAP", NV_PGRAPH_CCACHE_TRAP,
      .write = gpuvm_pgraph_trap_write },
};

static void pgraph_init(GpuvmBoard *b)
{
    unsigned mps = b->cfg.mps ? b->cfg.mps : DEFAULT_MPS;

    b->pgraph = g_new0(GpuvmPgraph, 1);
    b->pgraph->mps = gpuvm_pgraph_shape(mps);
    if (b->pgraph->mps != mps) {
        gpuvm_log(b->host, GPUVM_LOG_INFO, "%u multiprocessors instead of %u: "
                  "drivers know certain numbers only", b->pgraph->mps, mps);
    }
}

static void pgraph_exit(GpuvmBoard *b)
{
    g_clear_pointer(&b->pgraph, g_free);
}

static void pgraph_reset(GpuvmBoard *b)
{
    b->pgraph->queue.n = 0;
    b->pgraph->shown = false;
    irq_update(b);
}

static void pgraph_engine_reset(GpuvmBoard *b)
{
    gpuvm_chan_engine_reset(b->vm, GPUVM_ENGINE_GR);
    pgraph_reset(b);
    gpuvm_pfifo_hung_engine_reset(b, GPUVM_ENGINE_GR);
}

const GpuvmUnit gpuvm_unit_pgraph = {
    .name = "pgraph",
    .rows = pgraph_rows,
    .nrows = G_N_ELEMENTS(pgraph_rows),
    .init = pgraph_init,
    .exit = pgraph_exit,
    .reset = pgraph_reset,
    .engine_reset = pgraph_engine_reset,
    .events = pgraph_events,
    .pmc_enable = NV_PMC_ENABLE_GR,
};
