/*
 * Engine classes of the software GPU: what a subchannel can be bound to.
 *
 * The PBDMA delivers methods one by one, on the GPU's executor thread, inside
 * a section (as.h).  A class keeps its state in an object per channel.  Work
 * that takes long (a compute grid) is started and the channel waits: the
 * method returns SOFT_WAIT and later, from any thread,
 * gpuvm_soft_chan_continue() is called.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ENGINE_H
#define GPUVM_SOFT_ENGINE_H

#include "base/xfer.h"
#include "soft/as.h"

typedef struct GpuvmGpuChan SoftChan;
typedef struct SoftClass SoftClass;

typedef enum SoftStatus {
    SOFT_OK,
    SOFT_WAIT,      /* nothing more of this channel until _continue() */
    SOFT_FAULT,     /* gpuvm_soft_chan_fault*() was called */
} SoftStatus;

struct SoftClass {
    uint16_t id;                /* e.g. 0x9039 */
    const char *name;
    uint32_t engines;           /* engines that know it, GPUVM_ENGINE_BIT() */
    /** create - the channel's object, zeroed state of power-on; never fails. */
    void *(*create)(SoftChan *chan);
    void (*destroy)(SoftChan *chan, void *obj);
    /**
     * method - @mthd is the byte address (0x100..0x3ffc), @left how many more
     * data words of the same packet follow (macro parameters need it).
     */
    SoftStatus (*method)(SoftChan *chan, void *obj, unsigned subc,
                         uint32_t mthd, uint32_t data, uint32_t left);
    /**
     * bulk - optional: @n data words that all go to @mthd (NI packets);
     * takes as many as it likes (0 = use method()), at most @n.
     */
    uint32_t (*bulk)(SoftChan *chan, void *obj, uint32_t mthd,
                     const uint32_t *data, uint32_t n, SoftStatus *st);
    /**
     * resume - optional: after method() or bulk() returned SOFT_WAIT and
     * gpuvm_soft_chan_continue(chan, NULL) came, the executor calls it on the
     * same class and object, on its thread and inside a section, before the
     * channel's next method.  It goes on with what the wait interrupted (a
     * macro that launched a grid) and may return SOFT_WAIT again.
     */
    SoftStatus (*resume)(SoftChan *chan, void *obj);
    /** xfer - saves the object's state, or loads it into a new object; the
     *  channel stands. */
    void (*xfer)(SoftChan *chan, void *obj, GpuvmXfer *x);
    /**
     * xfer_wait - optional, for classes that hold: the work that the channel
     * waits for; it is held.  Loading, it is made anew, held.
     */
    void (*xfer_wait)(SoftChan *chan, void *obj, GpuvmXfer *x);
};

/** The classes there are; soft/classes.c; NULL-terminated. */
extern const SoftClass *const gpuvm_soft_classes[];

/* What a class may use of its channel. */
SoftTlb *gpuvm_soft_chan_tlb(SoftChan *chan);
GpuvmHost *gpuvm_soft_chan_host(SoftChan *chan);
SoftAs *gpuvm_soft_chan_as(SoftChan *chan);
SoftGpu *gpuvm_soft_chan_gpu(SoftChan *chan);
/** gpuvm_soft_chan_object - the channel's object of class @id, made if need
 *  be; NULL if there is no such class.  3D and compute share macro code so. */
void *gpuvm_soft_chan_object(SoftChan *chan, uint16_t id);
/** gpuvm_soft_chan_subc - the subchannel of the method now being executed or
 *  waited for. */
unsigned gpuvm_soft_chan_subc(SoftChan *chan);
/** gpuvm_soft_chan_complete - gpuvm_soft_as_complete(), then the channel's
 *  cache is emptied if need be; before a class makes a report visible. */
void gpuvm_soft_chan_complete(SoftChan *chan);
/** gpuvm_soft_chan_aborted - the channel is being aborted; poll in loops. */
bool gpuvm_soft_chan_aborted(SoftChan *chan);
/** gpuvm_soft_chan_continue - ends a SOFT_WAIT; @fault NULL or copied. */
void gpuvm_soft_chan_continue(SoftChan *chan, const GpuvmFault *fault);
/**
 * gpuvm_soft_chan_set_wait - for SOFT_WAIT: @abort(arg) is called, at most
 * once and from any thread, when the channel is aborted meanwhile.  @hold
 * (optional) is called with true when the channel is preempted meanwhile; the
 * work then stands and says so with gpuvm_soft_chan_held(), or it ends; and
 * with false when it shall go on.
 */
void gpuvm_soft_chan_set_wait(SoftChan *chan, void (*abort)(void *arg),
                              void (*hold)(void *arg, bool on), void *arg);
/** gpuvm_soft_chan_held - the work that the channel waits for stands; any
 *  thread. */
void gpuvm_soft_chan_held(SoftChan *chan);

/* All return SOFT_FAULT, so that a method can say `return ...fault(...)`. */
SoftStatus gpuvm_soft_chan_fault(SoftChan *chan, const GpuvmFault *f);
/** ..._mem - an MMU fault of an engine; unit and client by @engine. */
SoftStatus gpuvm_soft_chan_fault_mem(SoftChan *chan, GpuvmEngine engine,
                                     const SoftMemFault *f);

/** gpuvm_soft_method_unknown - counts, traces, logs once per class+method. */
void gpuvm_soft_method_unknown(SoftChan *chan, uint16_t cls, uint32_t mthd,
                               uint32_t data);

#endif
