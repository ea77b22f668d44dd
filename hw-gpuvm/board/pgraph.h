/*
 * What PGRAPH's files share: pgraph.c (front end, interrupts, errors),
 * pgraph_fecs.c (context-switch falcons), pgraph_gpc.c (GPC, TPC and ROP
 * windows, topology), pgraph_packs.c (registers that are only initialised).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BOARD_PGRAPH_H
#define GPUVM_BOARD_PGRAPH_H

#include "board/falcon.h"
#include "board/fault_queue.h"

/** Bytes of a channel's context image; opaque, zero is a valid one. */
#define GPUVM_PGRAPH_CTX_SIZE   0x1000u

typedef struct GpuvmPgraph {
    GpuvmFalcon fecs;
    GpuvmFalcon gpccs;      /* the broadcast window: reads as one falcon */
    GpuvmFaultQueue queue;
    bool shown;             /* an error of .chid is in INTR */
    uint8_t chid;
    unsigned mps;           /* multiprocessors: TPCs in all GPCs */
} GpuvmPgraph;

/** gpuvm_pgraph_intr - latches @bits of PGRAPH's INTR. */
void gpuvm_pgraph_intr(GpuvmBoard *b, uint32_t bits);
/** gpuvm_pgraph_trap_write - a sub-unit's trap word: CLEAR clears. */
GpuvmRegWrite gpuvm_pgraph_trap_write;

/** gpuvm_pgraph_shape - @mps rounded down to a number that nouveau takes. */
unsigned gpuvm_pgraph_shape(unsigned mps);
/** gpuvm_pgraph_topology_reset - UNITS words of FECS and of each GPC. */
void gpuvm_pgraph_topology_reset(GpuvmBoard *b);
/** gpuvm_pgraph_mp_trap - shows a shader trap of @gpc's first MP. */
void gpuvm_pgraph_mp_trap(GpuvmBoard *b, unsigned gpc, uint32_t warp,
                          uint32_t global);

/** gpuvm_pgraph_forget - @chid was unbound: its error is nobody's. */
void gpuvm_pgraph_forget(GpuvmBoard *b, unsigned chid);

/** gpuvm_pgraph_set_current - the channel that 0x409b00 names. */
void gpuvm_pgraph_set_current(GpuvmBoard *b, uint32_t inst);

#endif
