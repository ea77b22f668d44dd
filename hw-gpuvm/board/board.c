/*
 * The board: makes its units into one device, and is its only entry.
 *
 * An access to BAR0 goes to the register dispatcher (regs.c), except the
 * PRAMIN window, which a driver uses for whole page tables and gets the short
 * way.  USERD pages go to the VM's channels.  What the GPU reports is handed
 * to each unit's events hook; the units change their registers and interrupt
 * sources, and the line follows (pmc.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/pfifo.h"
#include "spec/pbus_regs.h"

#define MIB             (1u << 20)
#define USERD_SHIFT     12
#define USERD_PAGE      (1u << USERD_SHIFT)
/* Batches of events taken at a time: a busy GPU must not hold a vCPU here. */
#define EVENT_BATCHES   8

static const GpuvmUnit *const units[] = {
    &gpuvm_unit_pmc,
    &gpuvm_unit_pbus,
    &gpuvm_unit_ptimer,
    &gpuvm_unit_pfb,
    &gpuvm_unit_pmmu,
    &gpuvm_unit_bar,
    &gpuvm_unit_pramin,
    &gpuvm_unit_prom,
    &gpuvm_unit_pci_mirror,
    &gpuvm_unit_devinit,
    &gpuvm_unit_fuse,
    &gpuvm_unit_ltc,
    &gpuvm_unit_clk,
    &gpuvm_unit_therm,
    &gpuvm_unit_gpio,
    &gpuvm_unit_privring,
    &gpuvm_unit_pmu,
    &gpuvm_unit_vga,
    &gpuvm_unit_pfifo,
    &gpuvm_unit_pfifo_pbdma,
    &gpuvm_unit_pfifo_fault,
    &gpuvm_unit_pcopy0,
    &gpuvm_unit_pcopy1,
    &gpuvm_unit_pgraph,
    &gpuvm_unit_pgraph_fecs,
    &gpuvm_unit_pgraph_gpc,
    &gpuvm_unit_pgraph_packs,
};

static void board_power_on(GpuvmBoard *b)
{
    b->irq_sources = 0;
    gpuvm_regs_reset(b->regs, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (units[i]->reset) {
            units[i]->reset(b);
        }
    }
    gpuvm_board_irq_update(b);
}

static bool config_check(const GpuvmBoardConfig *cfg, char **err)
{
    uint64_t size;

    if (!cfg->vm || !cfg->host) {
        *err = g_strdup("a board needs a VM and a host");
        return false;
    }
    size = gpuvm_vm_slice(cfg->vm)->size;
    if (!size || size % MIB) {
        *err = g_strdup_printf("the VRAM slice (%" G_GUINT64_FORMAT " bytes) "
                               "is not a multiple of 1 MiB", size);
        return false;
    }
    return true;
}

GpuvmBoard *gpuvm_board_new(const GpuvmBoardConfig *cfg, char **err)
{
    GpuvmRegs *regs;
    GpuvmBoard *b;

    if (!config_check(cfg, err)) {
        return NULL;
    }
    regs = gpuvm_regs_new(units, G_N_ELEMENTS(units), err);
    if (!regs) {
        return NULL;
    }
    b = g_new0(GpuvmBoard, 1);
    b->cfg = *cfg;
    b->vm = cfg->vm;
    b->host = cfg->host;
    b->regs = regs;
    gpuvm_vbios_build(&b->vbios, cfg->device_id);
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (units[i]->init) {
            units[i]->init(b);
        }
    }
    board_power_on(b);
    return b;
}

void gpuvm_board_free(GpuvmBoard *b)
{
    if (!b) {
        return;
    }
    for (size_t i = G_N_ELEMENTS(units); i--; ) {
        if (units[i]->exit) {
            units[i]->exit(b);
        }
    }
    gpuvm_regs_free(b->regs);
    g_free(b->vbios.data);
    g_free(b);
}

void gpuvm_board_reset(GpuvmBoard *b)
{
    gpuvm_host_trace(b->host, GPUVM_TRACE_RESET, 0, 0, 0, 0);
    gpuvm_vm_reset(b->vm);
    board_power_on(b);
}

/* Registers are naturally aligned; anything else the bus would split. */
static bool access_ok(GpuvmBoard *b, uint64_t addr, unsigned size)
{
    if ((size == 1 || size == 2 || size == 4) && !(addr & (size - 1)) &&
        addr < GPUVM_BAR0_SIZE) {
        return true;
    }
    gpuvm_guest_error(b->host, "BAR0 access of %u bytes at 0x%" G_GINT64_MODIFIER
                      "x", size, addr);
    return false;
}

uint64_t gpuvm_board_bar0_read(GpuvmBoard *b, uint64_t addr, unsigned size)
{
    gpuvm_count(&b->host->counters, GPUVM_CNT_BAR0_READS);
    if (!access_ok(b, addr, size)) {
        return 0;
    }
    if (addr - NV_PRAMIN < NV_PRAMIN_SIZE) {
        return gpuvm_pramin_read(b, addr - NV_PRAMIN, size);
    }
    return gpuvm_regs_read(b, addr, size);
}

void gpuvm_board_bar0_write(GpuvmBoard *b, uint64_t addr, uint64_t val,
                            unsigned size)
{
    gpuvm_count(&b->host->counters, GPUVM_CNT_BAR0_WRITES);
    if (!access_ok(b, addr, size)) {
        return;
    }
    if (addr - NV_PRAMIN < NV_PRAMIN_SIZE) {
        gpuvm_pramin_write(b, addr - NV_PRAMIN, val, size);
        return;
    }
    gpuvm_regs_write(b, addr, val, size);
}

static bool userd_ok(GpuvmBoard *b, uint64_t off, unsigned size)
{
    if ((size == 1 || size == 2 || size == 4 || size == 8) &&
        off < GPUVM_USERD_SIZE &&
        (off & (USERD_PAGE - 1)) + size <= USERD_PAGE) {
        return true;
    }
    gpuvm_guest_error(b->host, "USERD access of %u bytes at 0x%"
                      G_GINT64_MODIFIER "x", size, off);
    return false;
}

uint64_t gpuvm_board_userd_read(GpuvmBoard *b, uint64_t off, unsigned size)
{
    if (!userd_ok(b, off, size)) {
        return 0;
    }
    return gpuvm_chan_userd_read(b->vm, off >> USERD_SHIFT,
                                 off & (USERD_PAGE - 1), size);
}

void gpuvm_board_userd_write(GpuvmBoard *b, uint64_t off, uint64_t val,
                             unsigned size)
{
    if (userd_ok(b, off, size)) {
        gpuvm_chan_userd_write(b->vm, off >> USERD_SHIFT,
                               off & (USERD_PAGE - 1), val, size);
    }
}

void gpuvm_board_process_events(GpuvmBoard *b)
{
    unsigned n;

    if (b->in_events) {
        return;
    }
    b->in_events = true;
    for (n = 0; n < EVENT_BATCHES &&
         gpuvm_vm_take_events(b->vm, &b->events); n++) {
        for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
            if (units[i]->events) {
                units[i]->events(b, &b->events);
            }
        }
    }
    if (n == EVENT_BATCHES) {
        gpuvm_host_notify(b->host);
    }
    gpuvm_ptimer_poll(b);
    gpuvm_pfifo_hung_update(b);
    gpuvm_board_irq_update(b);
    b->in_events = false;
}

const uint8_t *gpuvm_board_rom(GpuvmBoard *b, size_t *size)
{
    *size = b->vbios.size;
    return b->vbios.data;
}

char *gpuvm_board_unknown_list(GpuvmBoard *b)
{
    return gpuvm_regs_unknown_list(b->regs);
}

char *gpuvm_board_describe(GpuvmBoard *b)
{
    return gpuvm_regs_describe(b->regs);
}
