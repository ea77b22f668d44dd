/*
 * Reports.
 *
 * The model executes a channel in order, so when a report's method arrives
 * all earlier work has been done; what is left is to make it visible in the
 * right order.  First the host is told which of its pages were written, then
 * the rest of the report is stored, and the word that a reader polls comes
 * last with release semantics.
 *
 * Sources: reference nvc0-compute.md 2.4; envytools rnndb/graph/gf100_3d.xml
 * (QUERY_GET, COND_MODE), g80_defs.xml (G80_QUERY).  Counters of the pipeline
 * are all zero: nothing is drawn.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/query.h"

#include <string.h>

#include "soft/rect.h"
#include "spec/compute_methods.h"

#define REG(regs, mthd) ((regs)[(mthd) / 4])

/* The store that readers wait for. */
static bool store_release(SoftTlb *t, uint64_t va, uint32_t val,
                          SoftMemFault *f)
{
    uint8_t *p;

    if (va & 3) {
        atomic_thread_fence(memory_order_release);
        return gpuvm_soft_mem_wr32(t, va, val, f);
    }
    p = gpuvm_soft_tlb_page(t, va, true, f);
    if (!p) {
        return false;
    }
    __atomic_store_n((uint32_t *)p, val, __ATOMIC_RELEASE);
    return true;
}

SoftStatus gpuvm_soft_report_short(SoftChan *chan, GpuvmEngine engine,
                                   uint64_t va, uint32_t payload)
{
    SoftMemFault f;

    gpuvm_soft_chan_complete(chan);
    if (!store_release(gpuvm_soft_chan_tlb(chan), va, payload, &f)) {
        return gpuvm_soft_chan_fault_mem(chan, engine, &f);
    }
    return SOFT_OK;
}

/* Words 1..3, then word 0. */
static SoftStatus report_words(SoftChan *chan, GpuvmEngine engine,
                               uint64_t va, uint32_t w0, uint32_t w1)
{
    SoftTlb *t = gpuvm_soft_chan_tlb(chan);
    uint64_t ns = gpuvm_host_ptimer_ns(gpuvm_soft_chan_host(chan));
    uint32_t rest[3] = { w1, (uint32_t)ns, (uint32_t)(ns >> 32) };
    SoftMemFault f;

    gpuvm_soft_chan_complete(chan);
    if (!gpuvm_soft_mem_write(t, (va + 4) & SOFT_VA_MASK, rest, sizeof(rest),
                              &f) ||
        !store_release(t, va, w0, &f)) {
        return gpuvm_soft_chan_fault_mem(chan, engine, &f);
    }
    return SOFT_OK;
}

SoftStatus gpuvm_soft_report_long(SoftChan *chan, GpuvmEngine engine,
                                  uint64_t va, uint32_t payload,
                                  uint32_t result)
{
    return report_words(chan, engine, va, payload, result);
}

SoftStatus gpuvm_soft_report_counter(SoftChan *chan, GpuvmEngine engine,
                                     uint64_t va, uint64_t counter)
{
    return report_words(chan, engine, va, (uint32_t)counter,
                        (uint32_t)(counter >> 32));
}

SoftStatus gpuvm_soft_query_get(SoftChan *chan, const uint32_t *regs,
                                uint16_t cls, uint32_t get)
{
    uint64_t va = gpuvm_soft_va(REG(regs, GR_QUERY_ADDRESS_HIGH),
                                REG(regs, GR_QUERY_ADDRESS_LOW));
    uint32_t seq = REG(regs, GR_QUERY_SEQUENCE);

    if (GR_QUERY_MODE(get) == GR_QUERY_MODE_SYNC) {
        /*
         * Waiting for a value is the PBDMA's semaphore's job: counted, and
         * taken as satisfied, which holds for reports of this channel.
         */
        gpuvm_soft_method_unknown(chan, cls, GR_QUERY_GET, get);
        return SOFT_OK;
    }
    if (get & GR_QUERY_SHORT) {
        return gpuvm_soft_report_short(chan, GPUVM_ENGINE_GR, va, seq);
    }
    if (get & GR_QUERY_COUNTER64) {
        return gpuvm_soft_report_counter(chan, GPUVM_ENGINE_GR, va, 0);
    }
    return gpuvm_soft_report_long(chan, GPUVM_ENGINE_GR, va, seq, 0);
}

bool gpuvm_soft_cond_pass(SoftChan *chan, const uint32_t *regs,
                          SoftStatus *st)
{
    uint64_t va = gpuvm_soft_va(REG(regs, GR_COND_ADDRESS_HIGH),
                                REG(regs, GR_COND_ADDRESS_LOW));
    uint32_t mode = REG(regs, GR_COND_MODE), w[6];
    size_t n = mode == GR_COND_RES_NON_ZERO ? 8 : sizeof(w);
    SoftMemFault f;
    bool same;

    *st = SOFT_OK;
    if (mode == GR_COND_NEVER) {
        return false;
    }
    if (mode < GR_COND_RES_NON_ZERO || mode > GR_COND_NOT_EQUAL) {
        return true;
    }
    if (!gpuvm_soft_mem_read(gpuvm_soft_chan_tlb(chan), va, w, n, &f)) {
        *st = gpuvm_soft_chan_fault_mem(chan, GPUVM_ENGINE_GR, &f);
        return false;
    }
    if (mode == GR_COND_RES_NON_ZERO) {
        return w[0] != 0 && w[1] != 0;
    }
    /* COUNTER and RES of two reports, GR_COND_REPORT_SIZE apart */
    same = w[0] == w[GR_COND_REPORT_SIZE / 4] &&
           w[1] == w[GR_COND_REPORT_SIZE / 4 + 1];
    return same == (mode == GR_COND_EQUAL);
}
