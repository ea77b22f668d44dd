/*
 * A software GPU with one channel for unit tests of engine classes: methods
 * are collected into a pushbuffer and run to the end through gpu.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_SOFT_RIG_H
#define GPUVM_TESTS_SOFT_RIG_H

#include <string.h>

#include "harness.h"
#include "soft/soft.h"
#include "spec/classes.h"
#include "spec/pushbuf.h"

#define RIG_SIZE   (16u << 20)
#define RIG_PUSH   (15u << 20)  /* offset of the pushbuffer in the slice */
#define RIG_MS     60000

/* Subchannels, bound by rig_open() */
enum { RIG_3D, RIG_COMPUTE, RIG_M2MF, RIG_2D, RIG_CE0, RIG_CE1 };

typedef struct Rig {
    TestHost *th;
    SoftBench b;
    GpuvmGpuChan *chan;
    uint8_t *mem;               /* VRAM */
    uint64_t va;                /* address of mem[0] */
    uint32_t at, from;          /* push words written, and submitted */
    GMutex lock;
    GCond cond;
    bool stopped;
    GpuvmStop stop;
    unsigned faults;
    GpuvmFault fault;
} Rig;

static inline void rig_event(void *opaque, const GpuvmGpuEvent *ev)
{
    Rig *r = opaque;

    g_mutex_lock(&r->lock);
    if (ev->type == GPUVM_EV_STOPPED) {
        r->stopped = true;
        r->stop = ev->stop;
        g_cond_broadcast(&r->cond);
    } else if (ev->type == GPUVM_EV_STARTED) {
        r->stopped = false;
    } else if (ev->type == GPUVM_EV_FAULT) {
        r->faults++;
        r->fault = ev->fault;
    }
    g_mutex_unlock(&r->lock);
}

static inline uint64_t rig_count(Rig *r, GpuvmCounterId id)
{
    return gpuvm_counter(&r->th->host.counters, id);
}

static inline void rig_word(Rig *r, uint32_t w)
{
    memcpy(r->mem + RIG_PUSH + (size_t)r->at++ * 4, &w, 4);
}

/* Header of type 1, 3 or 5; @n words are to follow. */
static inline void rig_head(Rig *r, unsigned type, unsigned subc,
                            uint32_t mthd, uint32_t n)
{
    rig_word(r, nvc0_pb_header(type, subc, mthd, n));
}

/* One method with one word. */
static inline void rig_m(Rig *r, unsigned subc, uint32_t mthd, uint32_t data)
{
    rig_head(r, NVC0_PB_TYPE_INCR, subc, mthd, 1);
    rig_word(r, data);
}

/* High and low word of an address in consecutive methods. */
static inline void rig_addr(Rig *r, unsigned subc, uint32_t mthd, uint64_t va)
{
    rig_m(r, subc, mthd, va >> 32);
    rig_m(r, subc, mthd + 4, (uint32_t)va);
}

/* Submits what was collected. */
static inline void rig_submit(Rig *r)
{
    GpuvmPush p = {
        .va = r->va + RIG_PUSH + (uint64_t)r->from * 4,
        .dwords = r->at - r->from,
    };

    g_mutex_lock(&r->lock);
    r->stopped = false;
    g_mutex_unlock(&r->lock);
    r->from = r->at;
    CU_ASSERT_EQUAL_FATAL(gpuvm_gpu_soft_ops.chan_submit(r->chan, &p, 1), 0);
}

/* Waits until the channel has stopped; how. */
static inline GpuvmStop rig_wait(Rig *r)
{
    gint64 end = g_get_monotonic_time() + (gint64)RIG_MS * 1000;
    GpuvmStop stop;

    g_mutex_lock(&r->lock);
    while (!r->stopped) {
        if (!g_cond_wait_until(&r->cond, &r->lock, end)) {
            CU_FAIL_FATAL("the channel does not stop");
        }
    }
    stop = r->stop;
    g_mutex_unlock(&r->lock);
    return stop;
}

static inline GpuvmStop rig_run(Rig *r)
{
    rig_submit(r);
    return rig_wait(r);
}

static inline Rig *rig_open(void)
{
    static const struct { uint8_t subc, engine; uint16_t cls; } bind[] = {
        { RIG_3D, GPUVM_ENGINE_GR, GF100_CLASS_3D },
        { RIG_COMPUTE, GPUVM_ENGINE_GR, GF100_CLASS_COMPUTE },
        { RIG_M2MF, GPUVM_ENGINE_GR, GF100_CLASS_M2MF },
        { RIG_2D, GPUVM_ENGINE_GR, GF100_CLASS_2D },
        { RIG_CE0, GPUVM_ENGINE_CE0, GF100_CLASS_CE0 },
        { RIG_CE1, GPUVM_ENGINE_CE1, GF100_CLASS_CE1 },
    };
    Rig *r = g_new0(Rig, 1);
    GpuvmGpuChanConfig cfg = { .event = rig_event, .opaque = r };
    unsigned i;

    g_mutex_init(&r->lock);
    g_cond_init(&r->cond);
    r->th = test_host_new(1 << 20, 1 << 20);
    CU_ASSERT_EQUAL_FATAL(gpuvm_soft_bench_open(&r->b, &r->th->host, RIG_SIZE,
                                                2), 0);
    r->mem = r->b.slice.map;
    r->va = r->b.va;
    for (i = 0; i < G_N_ELEMENTS(bind); i++) {
        cfg.engines |= GPUVM_ENGINE_BIT(bind[i].engine);
    }
    CU_ASSERT_EQUAL_FATAL(gpuvm_gpu_soft_ops.chan_create(r->b.as, &cfg,
                                                         &r->chan), 0);
    for (i = 0; i < G_N_ELEMENTS(bind); i++) {
        rig_m(r, bind[i].subc, 0, bind[i].engine << 16 | bind[i].cls);
    }
    CU_ASSERT_EQUAL(rig_run(r), GPUVM_STOP_DONE);
    return r;
}

static inline void rig_close(Rig *r)
{
    gpuvm_gpu_soft_ops.chan_destroy(r->chan);
    gpuvm_soft_bench_close(&r->b);
    test_host_free(r->th);
    g_mutex_clear(&r->lock);
    g_cond_clear(&r->cond);
    g_free(r);
}

static inline uint32_t rig_rd32(Rig *r, uint32_t off)
{
    uint32_t v;

    memcpy(&v, r->mem + off, 4);
    return v;
}

#endif
