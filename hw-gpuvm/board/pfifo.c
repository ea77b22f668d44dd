/*
 * PFIFO: which channels exist, which may run, and what they reported.
 *
 * Nothing is scheduled here.  The channel table binds and unbinds channels of
 * the VM, the playlist says which of them may run, the kick register stops
 * one; vgpu/ does the rest.  All are synchronous for the guest except the
 * kick, which reads as pending (bit 20) until the VM says that the channel has
 * stopped: Linux 6.1 waits for the register to equal the channel's number,
 * 6.12 for bit 20 to go, and one value serves both
 * (reference/nvc0-nouveau.md 5.5, 11).
 *
 * The playlist is read once, in bounded pieces, into a list of distinct valid
 * channel numbers; what is not one is an error of the guest and is left out.
 *
 * Interrupts: bits 0-24 of INTR are latched here, bits 28-31 are levels made
 * of the MMU fault, PBDMA, runlist and engine (non-stall) sources.  The PMC
 * source is (latched | levels) & INTR_EN, so a non-stall interrupt that comes
 * while bit 31 is disabled stays latched and fires when it is enabled.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/pfifo.h"
#include "board/pgraph.h"
#include "spec/pfifo_regs.h"
#include "spec/pmc_regs.h"

#include <inttypes.h>

#define PLAYLIST_CHUNK  64      /* entries read at a time */

/* ---- interrupt summary --------------------------------------------------- */

/* Groups' pending bits that ENGINE_INTR_EN lets through. */
static uint32_t engine_source(GpuvmBoard *b)
{
    uint32_t en = gpuvm_regs_get(b, NV_PFIFO_ENGINE_INTR_EN) & 0xf;
    uint32_t source = 0;

    en *= NV_PFIFO_ENGINE_INTR_GROUPS;
    for (unsigned i = 0; i < NV_PFIFO_ENGINE_INTRS; i++) {
        if (gpuvm_regs_get(b, NV_PFIFO_ENGINE_INTR + 4 * i) & en) {
            source |= 1u << i;
        }
    }
    return source;
}

static uint32_t intr_levels(GpuvmBoard *b)
{
    uint32_t l = 0;

    if (gpuvm_regs_get(b, NV_PFIFO_MMU_FAULT_SOURCE)) {
        l |= NV_PFIFO_INTR_MMU_FAULT;
    }
    if (gpuvm_pfifo_pbdma_source(b)) {
        l |= NV_PFIFO_INTR_PBDMA;
    }
    if (gpuvm_regs_get(b, NV_PFIFO_RUNLIST_INTR)) {
        l |= NV_PFIFO_INTR_RUNLIST;
    }
    if (engine_source(b)) {
        l |= NV_PFIFO_INTR_ENGINE;
    }
    return l;
}

void gpuvm_pfifo_irq_update(GpuvmBoard *b)
{
    uint32_t pending = gpuvm_regs_get(b, NV_PFIFO_INTR) | intr_levels(b);

    pending &= gpuvm_regs_get(b, NV_PFIFO_INTR_EN);
    gpuvm_board_irq_source(b, NV_PMC_INTR_FIFO, pending != 0);
}

static uint32_t intr_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    gpuvm_board_process_events(b);
    return gpuvm_regs_get(b, NV_PFIFO_INTR) | intr_levels(b);
}

/* Storage holds the latched bits only; the levels follow their sources. */
static uint32_t w1c_write(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored, uint32_t val)
{
    uint32_t addr = row->addr + index * 4;

    gpuvm_regs_set(b, addr, stored & ~val);
    gpuvm_pfifo_irq_update(b);
    return gpuvm_regs_get(b, addr);
}

static uint32_t enable_write(GpuvmBoard *b, const GpuvmRegRow *row,
                             uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, row->addr, val);
    gpuvm_pfifo_irq_update(b);
    return val;
}

static uint32_t engine_source_read(GpuvmBoard *b, const GpuvmRegRow *row,
                                   uint32_t index, uint32_t stored)
{
    return engine_source(b);
}

static void latch(GpuvmBoard *b, uint32_t addr, uint32_t bits)
{
    gpuvm_regs_set(b, addr, gpuvm_regs_get(b, addr) | bits);
}

/* ---- USERD ---------------------------------------------------------------- */

static void userd_move(GpuvmBoard *b, uint32_t base)
{
    bool on = base & NV_PFIFO_USERD_BASE_ENABLE;
    uint64_t off = (uint64_t)(base & NV_PFIFO_USERD_BASE_ADDR) << 12;

    if (on && (b->cfg.bar1_size < GPUVM_USERD_SIZE ||
               off > b->cfg.bar1_size - GPUVM_USERD_SIZE)) {
        gpuvm_guest_error(b->host, "USERD at 0x%" PRIx64
                          " does not lie in BAR1", off);
        on = false;
    }
    if (on || b->pfifo->userd_on) {
        b->pfifo->userd_on = on;
        if (b->cfg.ops && b->cfg.ops->userd_move) {
            b->cfg.ops->userd_move(b->cfg.opaque, on, on ? off : 0);
        }
    }
}

static uint32_t userd_base_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                 uint32_t index, uint32_t stored,
                                 uint32_t val)
{
    userd_move(b, val);
    return val;
}

/* ---- playlist -------------------------------------------------------------- */

static bool playlist_fetch(GpuvmBoard *b, unsigned target, uint64_t addr,
                           void *buf, size_t len)
{
    switch (target) {
    case NV_PFIFO_TARGET_VRAM:
        return gpuvm_vm_vram_read(b->vm, addr, buf, len);
    case NV_PFIFO_TARGET_SYSRAM:
    case NV_PFIFO_TARGET_SYSRAM_NCOH:
        return gpuvm_host_read(b->host, addr, buf, len);
    default:
        return false;
    }
}

/* Distinct valid channel numbers of the list, in order; how many. */
static size_t playlist_read(GpuvmBoard *b, uint32_t where, uint32_t count,
                            uint8_t chids[GPUVM_VM_CHANNELS])
{
    unsigned target = where >> NV_PFIFO_TARGET_SHIFT & NV_PFIFO_TARGET_MASK;
    uint64_t addr = (uint64_t)(where & NV_PFIFO_ADDR) << 12;
    bool seen[GPUVM_VM_CHANNELS] = { false };
    uint32_t e[PLAYLIST_CHUNK][NV_PFIFO_PLAYLIST_ENTRY / 4];
    size_t n = 0;
    uint32_t bad = 0;

    for (uint32_t i = 0; i < count; i += PLAYLIST_CHUNK) {
        uint32_t now = MIN(count - i, PLAYLIST_CHUNK);

        if (!playlist_fetch(b, target, addr + i * NV_PFIFO_PLAYLIST_ENTRY, e,
                            now * NV_PFIFO_PLAYLIST_ENTRY)) {
            gpuvm_guest_error(b->host, "playlist 0x%08x (%u entries) is not "
                              "in memory", where, count);
            break;
        }
        for (uint32_t j = 0; j < now; j++) {
            uint32_t chid = GUINT32_FROM_LE(e[j][0]);

            if (chid >= GPUVM_VM_CHANNELS || seen[chid]) {
                bad++;
                continue;
            }
            seen[chid] = true;
            chids[n++] = chid;
        }
    }
    if (bad) {
        gpuvm_guest_error(b->host, "playlist 0x%08x: %u entries are no "
                          "channel or name one twice", where, bad);
    }
    return n;
}

/* Channels that are no longer listed hold no engine. */
static void playlist_note(GpuvmBoard *b, const uint8_t *chids, size_t n)
{
    bool was[GPUVM_VM_CHANNELS];

    memcpy(was, b->pfifo->listed, sizeof(was));
    memset(b->pfifo->listed, 0, sizeof(b->pfifo->listed));
    for (size_t i = 0; i < n; i++) {
        b->pfifo->listed[chids[i]] = true;
    }
    for (unsigned c = 0; c < GPUVM_VM_CHANNELS; c++) {
        if (was[c] && !b->pfifo->listed[c]) {
            gpuvm_pfifo_hung_forget(b, c);
        }
    }
}

static uint32_t playlist_len_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                   uint32_t index, uint32_t stored,
                                   uint32_t val)
{
    uint32_t where = gpuvm_regs_get(b, NV_PFIFO_PLAYLIST_WR);
    uint32_t count = val & NV_PFIFO_PLAYLIST_LEN;
    uint8_t chids[GPUVM_VM_CHANNELS];
    size_t n = playlist_read(b, where, count, chids);

    gpuvm_host_trace(b->host, GPUVM_TRACE_RUNLIST, where, n, 0, 0);
    gpuvm_chan_set_runlist(b->vm, chids, n);
    playlist_note(b, chids, n);
    gpuvm_regs_set(b, NV_PFIFO_PLAYLIST_RD, where);
    gpuvm_regs_set(b, NV_PFIFO_PLAYLIST_RD_LEN, count);
    latch(b, NV_PFIFO_RUNLIST_INTR, NV_PFIFO_RUNLIST_INTR_EVENT);
    gpuvm_pfifo_irq_update(b);
    return val;
}

/* ---- channel table ---------------------------------------------------------- */

static void chan_bind(GpuvmBoard *b, unsigned chid, uint32_t val)
{
    unsigned target = val >> NV_PFIFO_TARGET_SHIFT & NV_PFIFO_TARGET_MASK;

    if (target != NV_PFIFO_TARGET_VRAM) {
        gpuvm_guest_error(b->host, "channel %u: instance block 0x%08x is not "
                          "in VRAM", chid, val);
        gpuvm_regs_set(b, NV_PFIFO_CHAN_TABLE_ERROR,
                       NV_PFIFO_CHAN_TABLE_ERROR_INVALID_TARGET);
        latch(b, NV_PFIFO_INTR, NV_PFIFO_INTR_CHAN_TABLE);
        gpuvm_pfifo_irq_update(b);
        return;
    }
    gpuvm_chan_bind(b->vm, chid, (uint64_t)(val & NV_PFIFO_CHAN_INST) << 12);
}

static uint32_t chan_write(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored, uint32_t val)
{
    if ((stored & NV_PFIFO_CHAN_VALID) && val != stored) {
        gpuvm_chan_unbind(b->vm, index);
        gpuvm_pfifo_pbdma_forget(b, index);
        gpuvm_pfifo_hung_forget(b, index);
        gpuvm_pgraph_forget(b, index);
        gpuvm_pcopy_forget(b, index);
    }
    if (val & NV_PFIFO_CHAN_VALID) {
        chan_bind(b, index, val);
    }
    return val;
}

static uint32_t chan_state_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                 uint32_t index, uint32_t stored,
                                 uint32_t val)
{
    gpuvm_chan_set_runnable(b->vm, index,
                            val & NV_PFIFO_CHAN_STATE_RUNNABLE);
    return val;
}

static uint32_t kick_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    GpuvmPfifo *p = b->pfifo;

    if (p->kick_valid && gpuvm_chan_kicked(b->vm, p->kick_chid)) {
        p->kick_valid = false;
    }
    return stored | (p->kick_valid ? NV_PFIFO_KICK_PENDING : 0);
}

static uint32_t kick_write(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored, uint32_t val)
{
    GpuvmPfifo *p = b->pfifo;

    p->kick_chid = val & NV_PFIFO_KICK_CHID;
    p->kick_valid = true;
    gpuvm_chan_kick(b->vm, p->kick_chid);
    gpuvm_pfifo_hung_forget(b, p->kick_chid);
    return p->kick_chid;
}

static uint32_t freeze_write(GpuvmBoard *b, const GpuvmRegRow *row,
                             uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_chan_freeze(b->vm, val & NV_PFIFO_ENGINE_MASK);
    gpuvm_regs_set(b, NV_PFIFO_ENG_FREEZE, val);
    gpuvm_pfifo_hung_update(b);
    return val;
}

/* ---- the unit ----------------------------------------------------------------- */

static const GpuvmRegRow pfifo_rows[] = {
    { "PMC_PBDMA_ENABLE", NV_PMC_PBDMA_ENABLE, .mask = NV_PFIFO_PBDMA_MASK,
      .flags = GPUVM_REG_KEEP },
    { "PFIFO_INTR", NV_PFIFO_INTR, .read = intr_read, .write = w1c_write },
    { "PFIFO_INTR_EN", NV_PFIFO_INTR_EN, .write = enable_write },
    { "PFIFO_CTRL", NV_PFIFO_CTRL },
    { "PFIFO_PBDMA_ENABLE", NV_PFIFO_PBDMA_ENABLE,
      .mask = NV_PFIFO_PBDMA_MASK },
    { "PFIFO_ENG_PBDMA_MASK", NV_PFIFO_ENG_PBDMA_MASK, NV_PFIFO_ENGINES },
    { "PFIFO_USERD_BASE", NV_PFIFO_USERD_BASE, .write = userd_base_write },
    { "PFIFO_PLAYLIST_WR", NV_PFIFO_PLAYLIST_WR },
    { "PFIFO_PLAYLIST_WR_LEN", NV_PFIFO_PLAYLIST_WR_LEN,
      .write = playlist_len_write },
    { "PFIFO_PLAYLIST_RD", NV_PFIFO_PLAYLIST_RD, .flags = GPUVM_REG_RO },
    { "PFIFO_PLAYLIST_RD_LEN", NV_PFIFO_PLAYLIST_RD_LEN,
      .flags = GPUVM_REG_RO },
    { "PFIFO_INTR_EN_NRHOST", NV_PFIFO_INTR_EN_NRHOST },
    { "PFIFO_CHAN_TABLE_ERROR", NV_PFIFO_CHAN_TABLE_ERROR,
      .flags = GPUVM_REG_RO },
    { "PFIFO_SCHED_ERROR", NV_PFIFO_SCHED_ERROR, .flags = GPUVM_REG_RO },
    { "PFIFO_CHSW_ERROR", NV_PFIFO_CHSW_ERROR, .flags = GPUVM_REG_RO },
    { "PFIFO_LB_ERROR", NV_PFIFO_LB_ERROR, .flags = GPUVM_REG_RO },
    { "PFIFO_ENGINE_SOURCE", NV_PFIFO_ENGINE_SOURCE, .flags = GPUVM_REG_RO,
      .read = engine_source_read },
    { "PFIFO_ENGINE_INTR", NV_PFIFO_ENGINE_INTR, NV_PFIFO_ENGINE_INTRS,
      .write = w1c_write },
    { "PFIFO_ENGINE_INTR_EN", NV_PFIFO_ENGINE_INTR_EN,
      .write = enable_write },
    { "PFIFO_ENG_FREEZE", NV_PFIFO_ENG_FREEZE, .write = freeze_write },
    { "PFIFO_KICK", NV_PFIFO_KICK, .read = kick_read, .write = kick_write },
    /* idle, but for a channel that cannot leave its engine */
    { "PFIFO_ENG_STATE", NV_PFIFO_ENG_STATE, NV_PFIFO_ENGINES,
      .flags = GPUVM_REG_RO },
    { "PFIFO_RUNLIST_INTR", NV_PFIFO_RUNLIST_INTR, .write = w1c_write },
    { "PFIFO_FB_TIMEOUT", NV_PFIFO_FB_TIMEOUT,
      .mask = NV_PFIFO_FB_TIMEOUT_MASK },
    { "PFIFO_CHAN", NV_PFIFO_CHAN, NV_PFIFO_CHANS, NV_PFIFO_CHAN_STRIDE,
      .write = chan_write },
    { "PFIFO_CHAN_STATE", NV_PFIFO_CHAN_STATE, NV_PFIFO_CHANS,
      NV_PFIFO_CHAN_STRIDE, .write = chan_state_write },
};

static void pfifo_init(GpuvmBoard *b)
{
    b->pfifo = g_new0(GpuvmPfifo, 1);
}

static void pfifo_exit(GpuvmBoard *b)
{
    g_clear_pointer(&b->pfifo, g_free);
}

/* Everything that is not a row's storage. */
static void pfifo_clear(GpuvmBoard *b)
{
    GpuvmPfifo *p = b->pfifo;

    userd_move(b, 0);
    memset(p->pbdma, 0, sizeof(p->pbdma));
    for (unsigned i = 0; i < NVC0_PBDMAS; i++) {
        p->pbdma_queue[i].n = 0;
    }
    p->mmu_queue.n = 0;
    p->kick_valid = false;
    gpuvm_pfifo_hung_clear(b);
    gpuvm_chan_freeze(b->vm, 0);
    gpuvm_pfifo_irq_update(b);
}

static void pfifo_engine_reset(GpuvmBoard *b)
{
    gpuvm_chan_pfifo_reset(b->vm);
    pfifo_clear(b);
}

static void pfifo_events(GpuvmBoard *b, const GpuvmVmEvents *ev)
{
    if (!ev->nonstall) {
        return;
    }
    for (unsigned e = 0; e < 32; e++) {
        if (ev->nonstall & (1u << e)) {
            /* the software "engine" has no register: any of them wakes */
            unsigned idx = e < NV_PFIFO_ENGINE_INTRS ? e : 0;

            latch(b, NV_PFIFO_ENGINE_INTR + 4 * idx,
                  NV_PFIFO_ENGINE_INTR_NOTIFY);
        }
    }
    gpuvm_pfifo_irq_update(b);
}

const GpuvmUnit gpuvm_unit_pfifo = {
    .name = "pfifo",
    .rows = pfifo_rows,
    .nrows = G_N_ELEMENTS(pfifo_rows),
    .init = pfifo_init,
    .exit = pfifo_exit,
    .reset = pfifo_clear,
    .engine_reset = pfifo_engine_reset,
    .events = pfifo_events,
    .pmc_enable = NV_PMC_ENABLE_FIFO,
};
