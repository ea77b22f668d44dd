/*
 * A simulator for scheduling policies: virtual VMs on a virtual clock.
 *
 * A mix is a table of clients; the simulator drives the scheduler's core as
 * workers do (arrive, next, begin, charge, end, and preempting where the mix
 * says so) with a GPU that is a clock, and beside it computes the ideal: the
 * GPU as a fluid that is divided by weight among those that want it, up to
 * what each wants and its cap ("water-filling").  The ideal shares no code
 * with the scheduler.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_SCHED_SIM_H
#define GPUVM_TESTS_SCHED_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/core.h"

/** How a client submits kernels. */
typedef enum SimKind {
    SIM_END,                /* of the table */
    SIM_BACKLOG,            /* always has the next one queued */
    SIM_SINGLE,             /* submits one .every_us after the last is done */
    SIM_PERIODIC,           /* one each .every_us, whatever happens; queues.
                               Those of a row are spread over .every_us */
} SimKind;

/** SimClient - a row of a mix; @count VMs that are alike. */
typedef struct SimClient {
    SimKind kind;
    uint32_t kernel_us;     /* length of a kernel */
    uint32_t every_us;      /* see SimKind */
    uint32_t weight;        /* 0: 100 */
    uint32_t cap;           /* percent, 0: none */
    uint32_t count;         /* 0: 1 */
    uint32_t jitter;        /* lengths vary by so many percent */
    uint32_t on_ms, off_ms; /* asks for .on_ms, then rests; 0: always */
    uint32_t join_ms;       /* when it comes, and goes (0: stays) */
    uint32_t leave_ms;
} SimClient;

typedef struct SimMix {
    const char *name;
    uint32_t quantum_us;    /* preempted after, at block boundaries; 0: never */
    uint32_t seconds;
    SimClient client[8];
    const char *why_band;   /* band is less fair than credit here: because */
    const char *why_credit; /* credit is less fair than fifo here */
} SimMix;

#define SIM_CLIENTS  GPUVM_CORE_SLOTS

/** SimOne - how a client fared; shares in points (percent of the GPU). */
typedef struct SimOne {
    const SimClient *is;
    double share, ideal;        /* over the whole run */
    double worst;               /* worst 1 s window: received minus ideal, the
                                   one farthest from 0 */
    double over_cap;            /* most above its cap in a window */
    double least;               /* the least it got in a window in which the
                                   ideal has a kernel or more for it */
    double wait_p99_ms, wait_max_ms;
    uint64_t kernels;
} SimOne;

typedef struct SimResult {
    unsigned n;
    SimOne one[SIM_CLIENTS];
    double busy, ideal_busy;    /* points of the run */
    double jain;                /* of share / ideal */
    double worst;               /* of all clients, absolute */
    double kernel_points;       /* the longest kernel, of a 1 s window */
    double wait_p99_ms;         /* the worst of the SIM_PERIODIC clients */
    double sum_error;           /* core's sums against the GPU's busy time */
    uint64_t turns;
} SimResult;

/** The mixes; ends with .name NULL. */
extern const SimMix sim_mixes[];

/** sim_run - @mix under @policy, with its parameters as built in. */
void sim_run(const SimMix *mix, GpuvmCorePolicyId policy, SimResult *r);

#endif
