/*
 * Register tables: how a unit of the board says which BAR0 registers it has.
 *
 * A unit is a table of rows.  A row is one register, a named array (count,
 * stride) or a named init pack: a span of registers that a driver only writes
 * and reads back, with the source of that fact.  Registers are 32 bits wide;
 * narrower accesses are turned into a read-modify-write by the dispatcher
 * unless the row takes them itself (GPUVM_REG_BYTE).  What no row covers is
 * unknown: counted, logged once per address, traced, and reads 0.
 *
 * All of board/ runs under the device lock (QEMU's big lock): register
 * handlers and gpuvm_board_process_events() never run at the same time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BOARD_REGS_H
#define GPUVM_BOARD_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct GpuvmBoard GpuvmBoard;
typedef struct GpuvmRegRow GpuvmRegRow;
struct GpuvmVmEvents;

/**
 * GpuvmRegRead - value of the register.
 * @index: which one of an array row (0 for a single register)
 * @stored: what the dispatcher's storage holds for it
 */
typedef uint32_t GpuvmRegRead(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored);
/**
 * GpuvmRegWrite - takes a write of @val; returns what storage then holds (and
 * what a row without a read handler reads back).
 */
typedef uint32_t GpuvmRegWrite(GpuvmBoard *b, const GpuvmRegRow *row,
                               uint32_t index, uint32_t stored, uint32_t val);

#define GPUVM_REG_RO    (1u << 0)  /* writes are dropped silently */
#define GPUVM_REG_WO    (1u << 1)  /* reads 0 */
#define GPUVM_REG_W1C   (1u << 2)  /* writing one clears (no write handler) */
/*
 * The handler gets sub-word writes unmerged: @val as the guest wrote it,
 * right-aligned; gpuvm_regs_access() says which bytes.
 */
#define GPUVM_REG_BYTE  (1u << 3)
#define GPUVM_REG_PACK  (1u << 4)  /* an init pack: storage only, see .source */
/*
 * A window of whole 4 KiB pages (addr, count words, stride 4): no storage
 * (@stored is 0), writes as with GPUVM_REG_BYTE, no W1C or mask.
 */
#define GPUVM_REG_WINDOW (1u << 5)
/* Engine reset by PMC_ENABLE leaves the row alone; power-on does not. */
#define GPUVM_REG_KEEP  (1u << 6)

struct GpuvmRegRow {
    const char *name;       /* the field's standard name, e.g. "PMC_INTR_0" */
    uint32_t addr;          /* BAR0 byte offset of the first */
    uint32_t count;         /* how many; 0 means 1 */
    uint32_t stride;        /* bytes between; 0 means 4 */
    uint32_t reset;         /* value after power-on */
    uint32_t flags;         /* GPUVM_REG_* */
    uint32_t mask;          /* writable bits; 0 means all */
    GpuvmRegRead *read;     /* NULL: reads storage */
    GpuvmRegWrite *write;   /* NULL: storage = (stored & ~mask) | (val & mask) */
    const char *source;     /* where the fact comes from, for packs */
};

/**
 * GpuvmUnit - one hardware unit: its rows and life-cycle hooks (any may be
 * NULL).  Units are listed once, in board/board.c.
 */
typedef struct GpuvmUnit {
    const char *name;
    const GpuvmRegRow *rows;
    size_t nrows;
    /*
     * allocates the unit's state, once, before the first reset; and frees it
     * (units exit in the reverse order of their init)
     */
    void (*init)(GpuvmBoard *b);
    void (*exit)(GpuvmBoard *b);
    /* power-on, system reset or FLR; storage already holds reset values */
    void (*reset)(GpuvmBoard *b);
    /* PMC_ENABLE bit of this unit went 1 -> 0: rows' storage was reset */
    void (*engine_reset)(GpuvmBoard *b);
    /* the VM reported something; sources of the interrupt tree may change */
    void (*events)(GpuvmBoard *b, const struct GpuvmVmEvents *ev);
    uint32_t pmc_enable;    /* the unit's PMC_ENABLE bit mask, 0 = none */
} GpuvmUnit;

/** gpuvm_regs_get / _set - a row's storage, by address; for handlers. */
uint32_t gpuvm_regs_get(GpuvmBoard *b, uint32_t addr);
void gpuvm_regs_set(GpuvmBoard *b, uint32_t addr, uint32_t val);

#endif
