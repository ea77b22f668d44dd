/*
 * The mock GPU's controls: a GPU without threads or real time, for tests of
 * what stands above gpu.h.
 *
 * Time is virtual and moves only in gpuvm_mock_advance(), which also delivers
 * all events (but those of preempt(), which come inside it).  What a push does
 * is scripted by its address; a push that has no script takes the default
 * time.  One engine runs all channels, one push at a time, in turn.
 *
 * Threads: all of it belongs to one thread, but position() and abort().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_GPU_MOCK_H
#define GPUVM_GPU_MOCK_H

#include "gpu/gpu.h"

/** What a push does when its time is up. */
typedef enum GpuvmMockDo {
    GPUVM_MOCK_RUN,         /* just ends */
    GPUVM_MOCK_BLOCK,       /* an acquire: until gpuvm_mock_release(va) */
    GPUVM_MOCK_FAULT,       /* .fault */
    GPUVM_MOCK_NONSTALL,    /* .engine, then ends */
    GPUVM_MOCK_SW_METHOD,   /* .sw, then waits for resume() */
    GPUVM_MOCK_HANG,        /* never ends by itself */
} GpuvmMockDo;

/** GpuvmMockPush - the script of one push. */
typedef struct GpuvmMockPush {
    GpuvmMockDo what;
    uint64_t ns;            /* virtual GPU time it takes */
    GpuvmEngine engine;
    GpuvmFault fault;
    struct {
        uint8_t subc;
        uint32_t method;
        uint32_t data;
    } sw;
} GpuvmMockPush;

#define GPUVM_MOCK_DEFAULT_NS 1000

/** gpuvm_mock_script - what the push at @va does, until set anew. */
void gpuvm_mock_script(GpuvmGpu *gpu, uint64_t va, const GpuvmMockPush *p);
/** gpuvm_mock_set_default_ns - time of a push without a script. */
void gpuvm_mock_set_default_ns(GpuvmGpu *gpu, uint64_t ns);
/** gpuvm_mock_release - lets every channel go on that is or will be blocked
 *  in the push at @va. */
void gpuvm_mock_release(GpuvmGpu *gpu, uint64_t va);
/** gpuvm_mock_advance - runs the GPU for @ns of virtual time; 0 delivers what
 *  is due now. */
void gpuvm_mock_advance(GpuvmGpu *gpu, uint64_t ns);
/** gpuvm_mock_now - virtual nanoseconds since open. */
uint64_t gpuvm_mock_now(GpuvmGpu *gpu);
/** gpuvm_mock_next_ns - time until the engine changes state by itself;
 *  UINT64_MAX when it is idle, so that a test can step from event to event. */
uint64_t gpuvm_mock_next_ns(GpuvmGpu *gpu);
/** gpuvm_mock_busy_ns - virtual time in which the engine ran something. */
uint64_t gpuvm_mock_busy_ns(GpuvmGpu *gpu);

/** gpuvm_mock_as_lookup - the bind that covers @va, cut to it: .va = page of
 *  @va and .addr what it shows; false if nothing is bound. */
bool gpuvm_mock_as_lookup(GpuvmGpuAs *as, uint64_t va, GpuvmBind *b);
/** gpuvm_mock_as_pages - 4 KiB pages bound. */
uint64_t gpuvm_mock_as_pages(GpuvmGpuAs *as);
/** gpuvm_mock_as_flushes - how often as_flush() was called. */
uint64_t gpuvm_mock_as_flushes(GpuvmGpuAs *as);
/** gpuvm_mock_as_set_budget - pages after which as_bind() says -ENOMEM. */
void gpuvm_mock_as_set_budget(GpuvmGpuAs *as, uint64_t pages);

#endif
