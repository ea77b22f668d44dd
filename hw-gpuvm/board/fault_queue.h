/*
 * Errors of channels that wait to be shown: the error registers of a unit hold
 * one at a time, the VM can report one for each channel.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BOARD_FAULT_QUEUE_H
#define GPUVM_BOARD_FAULT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "vgpu/vm.h"

/** GpuvmFaultEntry - a channel's error, and its instance block back then. */
typedef struct GpuvmFaultEntry {
    uint8_t chid;
    uint64_t inst;          /* slice offset, ~0 = no longer bound */
    GpuvmFault fault;
} GpuvmFaultEntry;

/** GpuvmFaultQueue - in order of arrival, at most one entry a channel. */
typedef struct GpuvmFaultQueue {
    unsigned n;
    GpuvmFaultEntry e[GPUVM_VM_CHANNELS];
} GpuvmFaultQueue;

/** gpuvm_fault_queue_push - replaces what the channel had waiting. */
static inline void gpuvm_fault_queue_push(GpuvmFaultQueue *q, uint8_t chid,
                                          uint64_t inst, const GpuvmFault *f)
{
    unsigned i = 0;

    while (i < q->n && q->e[i].chid != chid) {
        i++;
    }
    if (i == GPUVM_VM_CHANNELS) {
        return;     /* unreachable: chid is below it and entries are unique */
    }
    q->e[i] = (GpuvmFaultEntry) { chid, inst, *f };
    q->n = i == q->n ? i + 1 : q->n;
}

/** gpuvm_fault_queue_take - removes entry @i, which exists. */
static inline GpuvmFaultEntry gpuvm_fault_queue_take(GpuvmFaultQueue *q,
                                                     unsigned i)
{
    GpuvmFaultEntry e = q->e[i];

    q->n--;
    memmove(&q->e[i], &q->e[i + 1], (q->n - i) * sizeof(q->e[0]));
    return e;
}

/** gpuvm_fault_queue_drop - forgets the channel's entry, if there is one. */
static inline void gpuvm_fault_queue_drop(GpuvmFaultQueue *q, uint8_t chid)
{
    for (unsigned i = 0; i < q->n; i++) {
        if (q->e[i].chid == chid) {
            gpuvm_fault_queue_take(q, i);
            return;
        }
    }
}

/** gpuvm_fault_queue_xfer - saves or loads it (state.c). */
void gpuvm_fault_queue_xfer(GpuvmFaultQueue *q, GpuvmXfer *x);

/** gpuvm_fault_inst - an entry's instance block as registers show it. */
static inline uint32_t gpuvm_fault_inst(const GpuvmFaultEntry *e)
{
    return e->inst == ~0ull ? 0 : (uint32_t)(e->inst >> 12);
}

#endif
