/*
 * A falcon as the host sees it: load ports, interrupts and control.
 *
 * No microcode is executed; a unit that owns a falcon models what its
 * microcode would do (start, trigger and ack callbacks).  The owner puts
 * GPUVM_FALCON_ROWS into its table and registers a GpuvmFalcon for the base.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BOARD_FALCON_H
#define GPUVM_BOARD_FALCON_H

#include "board/regs.h"
#include "spec/falcon_regs.h"

typedef struct GpuvmFalcon GpuvmFalcon;

/** GpuvmFalcon - one falcon; lives in its owner's state struct. */
struct GpuvmFalcon {
    GpuvmFalcon *next;      /* in GpuvmBoard.falcons */
    uint32_t base;          /* BAR0 address of its 4 KiB block */
    uint32_t *imem, *dmem;
    uint32_t imem_words, dmem_words;
    /** start - UC_CTRL's start bit was written. */
    void (*start)(GpuvmBoard *b, GpuvmFalcon *f);
    /** trigger - @bits were written to INTR_TRIGGER, latched already. */
    void (*trigger)(GpuvmBoard *b, GpuvmFalcon *f, uint32_t bits);
    /** acked - @bits were pending and have been acknowledged. */
    void (*acked)(GpuvmBoard *b, GpuvmFalcon *f, uint32_t bits);
    /** irq - the level of what is routed to the host may have changed. */
    void (*irq)(GpuvmBoard *b, GpuvmFalcon *f, bool level);
};

/** gpuvm_falcon_init - memories by @caps (the unit's CAPS word); callbacks
 *  may be set before or after. */
void gpuvm_falcon_init(GpuvmBoard *b, GpuvmFalcon *f, uint32_t base,
                       uint32_t caps);
void gpuvm_falcon_exit(GpuvmBoard *b, GpuvmFalcon *f);
/** gpuvm_falcon_reset - memories read zero (scrubbed); rows are the owner's. */
void gpuvm_falcon_reset(GpuvmFalcon *f);
/** gpuvm_falcon_raise - latches interrupt bits as the microcode would. */
void gpuvm_falcon_raise(GpuvmBoard *b, GpuvmFalcon *f, uint32_t bits);
/** gpuvm_falcon_host_level - any enabled bit that is routed to the host. */
bool gpuvm_falcon_host_level(GpuvmBoard *b, const GpuvmFalcon *f);

GpuvmRegWrite gpuvm_falcon_intr_trigger;
GpuvmRegWrite gpuvm_falcon_intr_ack;
GpuvmRegWrite gpuvm_falcon_intr_en_set;
GpuvmRegWrite gpuvm_falcon_intr_en_clr;
GpuvmRegWrite gpuvm_falcon_intr_routing;
GpuvmRegWrite gpuvm_falcon_uc_ctrl;
GpuvmRegRead gpuvm_falcon_mem_read;
GpuvmRegWrite gpuvm_falcon_mem_write;

/* A falcon's rows at @base; @n is the unit's name, a string literal. */
#define GPUVM_FALCON_ROWS(n, base, caps, caps2)                             \
    { n "_INTR_TRIGGER", (base) + NV_FALCON_INTR_TRIGGER,                   \
      .flags = GPUVM_REG_WO, .write = gpuvm_falcon_intr_trigger },          \
    { n "_INTR_ACK", (base) + NV_FALCON_INTR_ACK,                           \
      .flags = GPUVM_REG_WO, .write = gpuvm_falcon_intr_ack },              \
    { n "_INTR", (base) + NV_FALCON_INTR, .flags = GPUVM_REG_RO },          \
    { n "_INTR_MODE", (base) + NV_FALCON_INTR_MODE },                       \
    { n "_INTR_EN_SET", (base) + NV_FALCON_INTR_EN_SET,                     \
      .flags = GPUVM_REG_WO, .write = gpuvm_falcon_intr_en_set },           \
    { n "_INTR_EN_CLR", (base) + NV_FALCON_INTR_EN_CLR,                     \
      .flags = GPUVM_REG_WO, .write = gpuvm_falcon_intr_en_clr },           \
    { n "_INTR_EN", (base) + NV_FALCON_INTR_EN, .flags = GPUVM_REG_RO },    \
    { n "_INTR_ROUTING", (base) + NV_FALCON_INTR_ROUTING,                   \
      .write = gpuvm_falcon_intr_routing },                                 \
    { n "_SCRATCH0", (base) + NV_FALCON_SCRATCH0, 2 },                      \
    { n "_ACCESS_EN", (base) + NV_FALCON_ACCESS_EN,                         \
      .mask = NV_FALCON_ACCESS_EN_MASK },                                   \
    { n "_STATUS_BUSY", (base) + NV_FALCON_STATUS_BUSY,                     \
      .flags = GPUVM_REG_RO },                                              \
    { n "_CHANNEL_CUR", (base) + NV_FALCON_CHANNEL_CUR },                   \
    { n "_CHANNEL_NEXT", (base) + NV_FALCON_CHANNEL_NEXT },                 \
    { n "_CHANNEL_TRIGGER", (base) + NV_FALCON_CHANNEL_TRIGGER,             \
      .flags = GPUVM_REG_WO },                                              \
    { n "_SCRATCH2", (base) + NV_FALCON_SCRATCH2, 2 },                      \
    { n "_UNK090", (base) + NV_FALCON_UNK090 },                             \
    { n "_ENG_CONTROL", (base) + NV_FALCON_ENG_CONTROL },                   \
    { n "_UC_CTRL", (base) + NV_FALCON_UC_CTRL,                             \
      .reset = NV_FALCON_UC_CTRL_STOPPED, .write = gpuvm_falcon_uc_ctrl },  \
    { n "_ENTRY", (base) + NV_FALCON_ENTRY },                               \
    { n "_CAPS", (base) + NV_FALCON_CAPS, .reset = (caps),                  \
      .flags = GPUVM_REG_RO },                                              \
    { n "_BLOCK_ON_FIFO", (base) + NV_FALCON_BLOCK_ON_FIFO,                 \
      .mask = NV_FALCON_BLOCK_ON_FIFO_MASK },                               \
    { n "_XFER", (base) + NV_FALCON_XFER_EXT_BASE, 4 },                     \
    { n "_CAPS2", (base) + NV_FALCON_CAPS2, .reset = (caps2),               \
      .flags = GPUVM_REG_RO },                                              \
    { n "_IMEM_ADDR", (base) + NV_FALCON_IMEM_ADDR },                       \
    { n "_IMEM_DATA", (base) + NV_FALCON_IMEM_DATA,                         \
      .read = gpuvm_falcon_mem_read, .write = gpuvm_falcon_mem_write },     \
    { n "_IMEM_TAG", (base) + NV_FALCON_IMEM_TAG },                         \
    { n "_DMEM_ADDR", (base) + NV_FALCON_DMEM_ADDR },                       \
    { n "_DMEM_DATA", (base) + NV_FALCON_DMEM_DATA,                         \
      .read = gpuvm_falcon_mem_read, .write = gpuvm_falcon_mem_write }

#endif
