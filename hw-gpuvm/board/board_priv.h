/*
 * The inside of a board: what its units share.
 *
 * A unit is one file: a table of rows (board/regs.h), a GpuvmUnit that names
 * them, and, where storage words are not enough, a state struct of its own,
 * allocated by the unit's init hook and freed by its exit hook.  board.c lists
 * the units; regs.c finds the row of an address; pmc.c turns level sources
 * into the interrupt line.
 *
 * Everything here runs under the device lock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BOARD_BOARD_PRIV_H
#define GPUVM_BOARD_BOARD_PRIV_H

#include <glib.h>

#include "base/host.h"
#include "board/board.h"
#include "board/regs.h"
#include "vgpu/vm.h"

typedef struct GpuvmRegs GpuvmRegs;

/** GpuvmVbios - our own image; built by vbios.c, read through prom.c. */
typedef struct GpuvmVbios {
    uint8_t *data;
    size_t size;                /* bytes, a multiple of 512 */
} GpuvmVbios;

/** GpuvmPtimer - what storage words cannot hold. */
typedef struct GpuvmPtimer {
    bool high_pending;          /* TIME_1 was written, TIME_0 not yet */
    uint32_t high;              /* what it was written with */
    bool alarm_armed;
    uint64_t alarm_ns;          /* the PTIMER time at which it fires */
} GpuvmPtimer;

struct GpuvmBoard {
    GpuvmBoardConfig cfg;
    GpuvmVm *vm;                /* = cfg.vm */
    GpuvmHost *host;            /* = cfg.host */
    GpuvmRegs *regs;
    GpuvmVbios vbios;
    GpuvmPtimer ptimer;

    /* interrupt tree (pmc.c) */
    uint32_t irq_sources;       /* level of each PMC source bit */
    bool irq_line;              /* what the device was told last */

    uint64_t pramin_base;       /* slice offset of the PRAMIN window */

    bool in_events;             /* process_events() runs: do not re-enter */
    GpuvmVmEvents events;       /* its buffer: too big for the stack */

    /* state of units with a struct of their own; they allocate it in init */
    struct GpuvmPfifo *pfifo;
    struct GpuvmPcopy *pcopy;
    struct GpuvmPgraph *pgraph;
    struct GpuvmFalcon *falcons;    /* all of them, linked (falcon.c) */
};

/*
 * Units, in the order in which board.c resets them.  The first four are
 * pfifo.c, pcopy.c (one unit a copy engine, since each has its PMC_ENABLE bit)
 * and pgraph.c.  Registers outside an engine's own range that belong to it:
 * 0x000204 is pfifo.c's, 0x000260 pgraph.c's.  Topology (0x0224xx, 0x0225xx:
 * fuse.c; 0x100800: pfb.c; 0x121c74: privring.c; 0x17exxx: ltc.c) is not.
 */
extern const GpuvmUnit gpuvm_unit_pfifo;
extern const GpuvmUnit gpuvm_unit_pfifo_pbdma;  /* pfifo_pbdma.c */
extern const GpuvmUnit gpuvm_unit_pfifo_fault;  /* pfifo_fault.c */
extern const GpuvmUnit gpuvm_unit_pcopy0;
extern const GpuvmUnit gpuvm_unit_pcopy1;
extern const GpuvmUnit gpuvm_unit_pgraph;
extern const GpuvmUnit gpuvm_unit_pgraph_fecs;  /* pgraph_fecs.c */
extern const GpuvmUnit gpuvm_unit_pgraph_gpc;   /* pgraph_gpc.c */
extern const GpuvmUnit gpuvm_unit_pgraph_packs; /* pgraph_packs.c */
extern const GpuvmUnit gpuvm_unit_pmc;
extern const GpuvmUnit gpuvm_unit_pbus;
extern const GpuvmUnit gpuvm_unit_ptimer;
extern const GpuvmUnit gpuvm_unit_pfb;
extern const GpuvmUnit gpuvm_unit_pmmu;
extern const GpuvmUnit gpuvm_unit_bar;
extern const GpuvmUnit gpuvm_unit_pramin;
extern const GpuvmUnit gpuvm_unit_prom;
extern const GpuvmUnit gpuvm_unit_pci_mirror;
extern const GpuvmUnit gpuvm_unit_devinit;
extern const GpuvmUnit gpuvm_unit_fuse;
extern const GpuvmUnit gpuvm_unit_ltc;
extern const GpuvmUnit gpuvm_unit_clk;
extern const GpuvmUnit gpuvm_unit_therm;
extern const GpuvmUnit gpuvm_unit_gpio;
extern const GpuvmUnit gpuvm_unit_privring;
extern const GpuvmUnit gpuvm_unit_pmu;
extern const GpuvmUnit gpuvm_unit_vga;

/**
 * gpuvm_board_irq_source - the level of source @pmc_bit (a bit NUMBER,
 * NV_PMC_INTR_*) of the PMC tree.  The line follows at once; MSI fires on each
 * rise of (pending and enabled).
 */
void gpuvm_board_irq_source(GpuvmBoard *b, unsigned pmc_bit, bool level);
/** gpuvm_board_irq_update - recomputes the line (pmc.c). */
void gpuvm_board_irq_update(GpuvmBoard *b);

/**
 * gpuvm_board_engine_reset - as if PMC_ENABLE's @mask bits went 1 -> 0: rows
 * of the units they belong to get their reset values, then the units'
 * engine_reset hooks run.
 */
void gpuvm_board_engine_reset(GpuvmBoard *b, uint32_t mask);

/** gpuvm_pcopy_forget - @chid was unbound: its error is nobody's. */
void gpuvm_pcopy_forget(GpuvmBoard *b, unsigned chid);

/** gpuvm_pcopy_xfer - saves or loads what the copy engines' unit keeps. */
void gpuvm_pcopy_xfer(GpuvmBoard *b, GpuvmXfer *x);
/** gpuvm_board_chid_xfer - a channel number. */
void gpuvm_board_chid_xfer(uint8_t *chid, GpuvmXfer *x);

/** gpuvm_ptimer_poll - raises the alarm if its time has come. */
void gpuvm_ptimer_poll(GpuvmBoard *b);

/* ---- regs.c ---------------------------------------------------------------- */

/** GpuvmRegAccess - the access being dispatched; valid inside a handler. */
typedef struct GpuvmRegAccess {
    uint32_t addr;              /* byte address as the guest gave it */
    unsigned size;              /* 1, 2 or 4 */
} GpuvmRegAccess;

/** gpuvm_regs_new - indexes the units' rows; NULL with @err on an overlap. */
GpuvmRegs *gpuvm_regs_new(const GpuvmUnit *const *units, size_t n,
                          char **err);
void gpuvm_regs_free(GpuvmRegs *r);
/** gpuvm_regs_reset - storage of @unit's rows (NULL: of all) to reset. */
void gpuvm_regs_reset(GpuvmRegs *r, const GpuvmUnit *unit);
uint32_t gpuvm_regs_read(GpuvmBoard *b, uint32_t addr, unsigned size);
void gpuvm_regs_write(GpuvmBoard *b, uint32_t addr, uint32_t val,
                      unsigned size);
/** gpuvm_regs_access - for handlers of GPUVM_REG_BYTE and _WINDOW rows. */
const GpuvmRegAccess *gpuvm_regs_access(GpuvmBoard *b);
/** gpuvm_regs_units - the units it was made of. */
const GpuvmUnit *const *gpuvm_regs_units(GpuvmRegs *r, size_t *n);
/** gpuvm_regs_xfer - saves storage that is not as after reset, or resets all
 *  and loads it. */
void gpuvm_regs_xfer(GpuvmRegs *r, GpuvmXfer *x);
/** gpuvm_regs_describe - every row as a line of text; g_free it. */
char *gpuvm_regs_describe(GpuvmRegs *r);
/** gpuvm_regs_unknown_list - see gpuvm_board_unknown_list(). */
char *gpuvm_regs_unknown_list(GpuvmRegs *r);

/* ---- units' entries used by board.c ----------------------------------------- */

/** gpuvm_vbios_build - the image for a board with PCI id @device_id. */
void gpuvm_vbios_build(GpuvmVbios *v, uint16_t device_id);

/* PRAMIN window accesses: @off below 1 MiB, @size 1, 2 or 4. */
uint32_t gpuvm_pramin_read(GpuvmBoard *b, uint32_t off, unsigned size);
void gpuvm_pramin_write(GpuvmBoard *b, uint32_t off, uint32_t val,
                        unsigned size);

#endif
