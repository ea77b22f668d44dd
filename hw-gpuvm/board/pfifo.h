/*
 * What PFIFO's files share: pfifo.c (channels, playlist, interrupt summary),
 * pfifo_pbdma.c (PBDMA errors and software methods), pfifo_fault.c (MMU
 * faults), pfifo_hung.c (context-switch time-outs).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BOARD_PFIFO_H
#define GPUVM_BOARD_PFIFO_H

#include "board/fault_queue.h"
#include "board/regs.h"
#include "spec/nvc0_shape.h"
#include "spec/pfifo_regs.h"

/** GpuvmPbdma - what one PBDMA's registers show now. */
typedef struct GpuvmPbdma {
    bool shown;             /* INTR holds a report of ours */
    bool sw;                /* a software method: the ack resumes the channel */
    bool gone;              /* the channel was unbound meanwhile */
    uint8_t chid;
    GpuvmEngine engine;     /* that the channel was using */
} GpuvmPbdma;

/** GpuvmPfifoHung - channels that an engine cannot leave. */
typedef struct GpuvmPfifoHung {
    bool shown;             /* ENG_STATE names .chid */
    uint8_t chid;
    bool waiting[GPUVM_VM_CHANNELS];    /* to be shown */
} GpuvmPfifoHung;

typedef struct GpuvmPfifo {
    uint8_t kick_chid;      /* the last one kicked */
    bool kick_valid;
    bool userd_on;
    GpuvmPbdma pbdma[NVC0_PBDMAS];
    GpuvmFaultQueue pbdma_queue[NVC0_PBDMAS];
    GpuvmFaultQueue mmu_queue;
    bool listed[GPUVM_VM_CHANNELS];     /* in the playlist */
    GpuvmPfifoHung hung[NV_PFIFO_ENGINES];
    uint64_t hung_due;      /* clock_ns() before which no more is shown */
} GpuvmPfifo;

/** gpuvm_pfifo_irq_update - PFIFO's source of the PMC tree, from the latched
 *  bits, the level sources and the enable. */
void gpuvm_pfifo_irq_update(GpuvmBoard *b);

/** gpuvm_pfifo_pbdma_source - 0x25a0: PBDMAs with a pending interrupt. */
uint32_t gpuvm_pfifo_pbdma_source(GpuvmBoard *b);
/** gpuvm_pfifo_pbdma_forget - @chid was unbound: its method is gone. */
void gpuvm_pfifo_pbdma_forget(GpuvmBoard *b, unsigned chid);

/**
 * gpuvm_pfifo_hung - @chid can never leave @engine: its work failed, and the
 * driver has acknowledged the error.  Shown as a context-switch time-out if
 * the driver still wants it to run.
 */
void gpuvm_pfifo_hung(GpuvmBoard *b, GpuvmEngine engine, unsigned chid);
/** gpuvm_pfifo_hung_forget - @chid was kicked, unlisted or unbound. */
void gpuvm_pfifo_hung_forget(GpuvmBoard *b, unsigned chid);
/** gpuvm_pfifo_hung_engine_reset - @engine (not SW) is free again. */
void gpuvm_pfifo_hung_engine_reset(GpuvmBoard *b, GpuvmEngine engine);
/** gpuvm_pfifo_hung_update - shows what waits, where an engine is free. */
void gpuvm_pfifo_hung_update(GpuvmBoard *b);
void gpuvm_pfifo_hung_clear(GpuvmBoard *b);

/** gpuvm_pfifo_fault_raise - shows an MMU fault, or queues it. */
void gpuvm_pfifo_fault_raise(GpuvmBoard *b, const GpuvmFaultEntry *e);

#endif
