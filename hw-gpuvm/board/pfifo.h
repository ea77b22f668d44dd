/*
 * What PFIFO's three files share: pfifo.c (channels, playlist, interrupt
 * summary), pfifo_pbdma.c (PBDMA errors and software methods), pfifo_fault.c
 * (MMU faults).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BOARD_PFIFO_H
#define GPUVM_BOARD_PFIFO_H

#include "board/fault_queue.h"
#include "board/regs.h"
#include "spec/nvc0_shape.h"

/** GpuvmPbdma - what one PBDMA's registers show now. */
typedef struct GpuvmPbdma {
    bool shown;             /* INTR holds a report of ours */
    bool sw;                /* a software method: the ack resumes the channel */
    uint8_t chid;
} GpuvmPbdma;

typedef struct GpuvmPfifo {
    uint8_t kick_chid;      /* the last one kicked */
    bool kick_valid;
    bool userd_on;
    GpuvmPbdma pbdma[NVC0_PBDMAS];
    GpuvmFaultQueue pbdma_queue[NVC0_PBDMAS];
    GpuvmFaultQueue mmu_queue;
} GpuvmPfifo;

/** gpuvm_pfifo_irq_update - PFIFO's source of the PMC tree, from the latched
 *  bits, the level sources and the enable. */
void gpuvm_pfifo_irq_update(GpuvmBoard *b);

/** gpuvm_pfifo_pbdma_source - 0x25a0: PBDMAs with a pending interrupt. */
uint32_t gpuvm_pfifo_pbdma_source(GpuvmBoard *b);
/** gpuvm_pfifo_pbdma_forget - @chid was unbound: its method is gone. */
void gpuvm_pfifo_pbdma_forget(GpuvmBoard *b, unsigned chid);

/** gpuvm_pfifo_fault_raise - shows an MMU fault, or queues it. */
void gpuvm_pfifo_fault_raise(GpuvmBoard *b, const GpuvmFaultEntry *e);

#endif
