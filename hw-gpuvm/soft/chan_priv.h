/*
 * Private to chan.c, exec.c, pbdma.c and host_methods.c: a channel.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_CHAN_PRIV_H
#define GPUVM_SOFT_CHAN_PRIV_H

#include "soft/soft_priv.h"
#include "spec/pushbuf.h"

#define SOFT_QUEUE      1024        /* pushes, gpu.h chan_submit() */
#define SOFT_FETCH      256         /* dwords read ahead inside a segment */
#define SOFT_QUANTUM    4096        /* methods until the next channel's turn */
#define SOFT_RETRY_NS   1000000     /* between looks at a failed acquire */
#define SOFT_CLASSES    8           /* most entries of gpuvm_soft_classes */

typedef enum SoftChanState {
    SOFT_CHAN_IDLE,         /* nothing to do */
    SOFT_CHAN_READY,        /* has pushes */
    SOFT_CHAN_BLOCKED,      /* in an acquire that failed */
    SOFT_CHAN_WAITING,      /* a class returned SOFT_WAIT */
    SOFT_CHAN_SW,           /* software method: until resume() */
    SOFT_CHAN_FAULTED,
    SOFT_CHAN_ABORTED,
} SoftChanState;

/** SoftPbResult - why gpuvm_soft_pb_run() came back. */
typedef enum SoftPbResult {
    SOFT_PB_MORE,           /* quantum used up, or interrupted */
    SOFT_PB_EMPTY,          /* no push left */
    SOFT_PB_WAIT,
    SOFT_PB_BLOCKED,
    SOFT_PB_SW,
    SOFT_PB_FAULT,
} SoftPbResult;

/** How the method address moves on after a data word. */
typedef enum SoftPbMode {
    SOFT_PB_INCR,
    SOFT_PB_FIXED,
    SOFT_PB_ONCE,           /* once, then fixed */
} SoftPbMode;

/**
 * SoftPb - the PBDMA's state of a channel; the executor's alone.  Everything
 * but the read-ahead survives from one segment to the next.
 */
typedef struct SoftPb {
    uint32_t buf[SOFT_FETCH];
    unsigned pos, n;        /* unread words are buf[pos..n) */
    uint32_t off;           /* dwords consumed of the current push */

    SoftPbMode mode;        /* the packet under way */
    uint8_t subc;
    uint16_t mthd;          /* bytes */
    uint32_t left;          /* data words still to come */

    const SoftClass *cls[NVC0_PB_SUBCHANNELS];  /* NULL: unbound or SW */
    uint8_t engine[NVC0_PB_SUBCHANNELS];        /* GpuvmEngine */
    uint8_t last_engine;                        /* for interrupts */

    uint64_t sem_va;
    uint32_t sem_payload;
    uint32_t acquire;       /* operation that blocks, 0 = none */
    uint32_t sw_mthd, sw_data;
    uint64_t methods;       /* delivered in this quantum, for the counter */
} SoftPb;

struct GpuvmGpuChan {
    SoftGpu *gpu;
    SoftAs *as;
    GpuvmGpuChanConfig cfg;

    GpuvmPush queue[SOFT_QUEUE];
    _Atomic uint64_t tail;          /* pushes submitted; under SoftGpu.lock */
    _Atomic uint64_t done;          /* pushes consumed; the executor's */
    _Atomic uint64_t get_va;
    _Atomic uint32_t ref;
    _Atomic bool aborted;
    _Atomic bool interrupt;         /* leave the quantum now */

    /* Under SoftGpu.lock */
    SoftChanState state;
    bool running;                   /* STARTED told, STOPPED not yet */
    bool busy;                      /* the executor works on it unlocked */
    bool paused;                    /* preempt() until resume() */
    bool destroying, gone;
    bool continued;                 /* gpuvm_soft_chan_continue() came */
    bool continue_fault;            /* ... with wait_fault */
    GpuvmFault wait_fault;
    void (*wait_abort)(void *arg);
    void (*wait_hold)(void *arg, bool on);
    bool hold_asked;                /* wait_hold(true) was called */
    bool held;                      /* ... and the work stands */
    void *wait_arg;
    uint64_t retry_ns, releases_seen;

    /* The executor's */
    bool faulted;
    GpuvmFault fault;
    SoftPb pb;
    const SoftClass *wait_class;
    void *objects[SOFT_CLASSES];
    SoftTlb tlb;
};

/* chan.c, the operations of gpu.h */
int gpuvm_soft_chan_create(GpuvmGpuAs *as, const GpuvmGpuChanConfig *cfg,
                           GpuvmGpuChan **chan);
int gpuvm_soft_chan_submit(GpuvmGpuChan *chan, const GpuvmPush *pushes,
                           size_t n);
void gpuvm_soft_chan_position(GpuvmGpuChan *chan, GpuvmPosition *pos);
void gpuvm_soft_chan_preempt(GpuvmGpuChan *chan);
void gpuvm_soft_chan_resume(GpuvmGpuChan *chan);
void gpuvm_soft_chan_abort(GpuvmGpuChan *chan);
void gpuvm_soft_chan_destroy(GpuvmGpuChan *chan);
/** gpuvm_soft_chan_xfer - chan_state.c */
void gpuvm_soft_chan_xfer(GpuvmGpuChan *chan, GpuvmXfer *x);

/** gpuvm_soft_chan_emit - stamps @ev and hands it to the channel's owner; on
 *  the executor's thread, outside a section and with no lock. */
void gpuvm_soft_chan_emit(SoftChan *chan, GpuvmGpuEvent *ev);
/** gpuvm_soft_chan_emit_inside - the same from inside a section. */
void gpuvm_soft_chan_emit_inside(SoftChan *chan, GpuvmGpuEvent *ev);
/** gpuvm_soft_class_find - by class id, with its index; or NULL. */
const SoftClass *gpuvm_soft_class_find(uint16_t id, unsigned *index);

/** gpuvm_soft_pb_run - parses and executes at most @budget methods; on the
 *  executor's thread, inside a section. */
SoftPbResult gpuvm_soft_pb_run(SoftChan *chan, unsigned budget);
/** gpuvm_soft_pb_retry - looks at the acquire that blocks once more; MORE
 *  when it is through, else BLOCKED or FAULT. */
SoftPbResult gpuvm_soft_pb_retry(SoftChan *chan);
/** gpuvm_soft_pb_fault - a PBDMA fault with the given interrupt bits. */
SoftPbResult gpuvm_soft_pb_fault(SoftChan *chan, uint32_t bits, unsigned subc,
                                 uint32_t mthd, uint32_t data);
SoftPbResult gpuvm_soft_pb_fault_mem(SoftChan *chan, const SoftMemFault *f);
/** gpuvm_soft_host_method - executes a method below 0x100. */
SoftPbResult gpuvm_soft_host_method(SoftChan *chan, unsigned subc,
                                    uint32_t mthd, uint32_t data);

#endif
