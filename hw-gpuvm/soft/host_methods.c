/*
 * Methods below 0x100, which the PBDMA executes itself: binding classes,
 * semaphores, interrupts, the reference counter.
 *
 * All earlier work of the channel is complete when a method is executed,
 * since a class whose work goes on makes the channel wait; so a release needs
 * no further waiting, with or without WFI.  What the channel wrote is told to
 * the host before the semaphore's payload is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/chan_priv.h"
#include "spec/host_methods.h"
#include "spec/pbdma_regs.h"

static SoftPbResult fault_class(SoftChan *chan, unsigned subc,
                                unsigned engine, uint16_t cls)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_GR_CLASS,
        .engine = GPUVM_ENGINE_GR,
        .subc = subc,
        .cls = cls,
        .method = NV906F_SET_OBJECT,
        .data = cls,
    };

    if (engine == GPUVM_ENGINE_CE0 || engine == GPUVM_ENGINE_CE1) {
        f.engine = engine;
    }
    gpuvm_soft_chan_fault(chan, &f);
    return SOFT_PB_FAULT;
}

static SoftPbResult set_object(SoftChan *chan, unsigned subc, uint32_t data)
{
    unsigned engine = data >> NV906F_SET_OBJECT_ENGINE_SHIFT &
                      NV906F_SET_OBJECT_ENGINE_MASK;
    uint16_t id = data & NV906F_SET_OBJECT_CLASS;
    SoftPb *pb = &chan->pb;
    const SoftClass *cls;
    unsigned i;

    if (engine == GPUVM_ENGINE_SW) {
        pb->cls[subc] = NULL;
        pb->engine[subc] = GPUVM_ENGINE_SW;
        return SOFT_PB_MORE;
    }
    cls = gpuvm_soft_class_find(id, &i);
    if (!cls || !(cls->engines & chan->cfg.engines &
                  GPUVM_ENGINE_BIT(engine))) {
        return fault_class(chan, subc, engine, id);
    }
    pb->cls[subc] = cls;
    pb->engine[subc] = engine;
    pb->last_engine = engine;
    return SOFT_PB_MORE;
}

/* MORE: the condition holds. */
static SoftPbResult acquire(SoftChan *chan, uint32_t op)
{
    SoftPb *pb = &chan->pb;
    SoftMemFault f;
    uint32_t mem;
    bool ok;

    if (!gpuvm_soft_mem_rd32(&chan->tlb, pb->sem_va, &mem, &f)) {
        return gpuvm_soft_pb_fault_mem(chan, &f);
    }
    switch (op) {
    case NV906F_SEMAPHORE_ACQUIRE_EQ:
        ok = mem == pb->sem_payload;
        break;
    case NV906F_SEMAPHORE_ACQUIRE_GE:
        ok = (int32_t)(mem - pb->sem_payload) >= 0;
        break;
    default:
        ok = (mem & pb->sem_payload) != 0;
        break;
    }
    pb->acquire = ok ? 0 : op;
    pb->n = pb->pos;            /* what follows may have been written since */
    return ok ? SOFT_PB_MORE : SOFT_PB_BLOCKED;
}

SoftPbResult gpuvm_soft_pb_retry(SoftChan *chan)
{
    return acquire(chan, chan->pb.acquire);
}

static SoftPbResult release(SoftChan *chan, uint32_t data)
{
    SoftPb *pb = &chan->pb;
    uint64_t now = gpuvm_host_ptimer_ns(gpuvm_soft_chan_host(chan));
    uint32_t tail[3] = { 0, (uint32_t)now, (uint32_t)(now >> 32) };
    SoftMemFault f;

    gpuvm_soft_chan_complete(chan);
    if (!gpuvm_soft_tlb_page(&chan->tlb, pb->sem_va, true, &f)) {
        return gpuvm_soft_pb_fault_mem(chan, &f);
    }
    if (!(data & NV906F_SEMAPHORE_4BYTE) &&
        !gpuvm_soft_mem_write(&chan->tlb, pb->sem_va + 4, tail, sizeof(tail),
                              &f)) {
        return gpuvm_soft_pb_fault_mem(chan, &f);
    }
    if (!gpuvm_soft_mem_wr32(&chan->tlb, pb->sem_va, pb->sem_payload, &f)) {
        return gpuvm_soft_pb_fault_mem(chan, &f);
    }
    gpuvm_soft_chan_complete(chan);
    chan->gpu->releases++;
    return SOFT_PB_MORE;
}

static SoftPbResult semaphore(SoftChan *chan, unsigned subc, uint32_t data)
{
    uint32_t op = data & NV906F_SEMAPHORE_OP_MASK;

    switch (op) {
    case NV906F_SEMAPHORE_RELEASE:
        return release(chan, data);
    case NV906F_SEMAPHORE_ACQUIRE_EQ:
    case NV906F_SEMAPHORE_ACQUIRE_GE:
    case NV906F_SEMAPHORE_ACQUIRE_MASK:
        return acquire(chan, op);
    default:
        return gpuvm_soft_pb_fault(chan, NV_PBDMA_INTR_ILLEGAL_SEM, subc,
                                   NV906F_SEMAPHORE_TRIGGER, data);
    }
}

static void non_stall(SoftChan *chan, unsigned subc)
{
    SoftPb *pb = &chan->pb;
    GpuvmGpuEvent ev = {
        .type = GPUVM_EV_NONSTALL,
        .engine = pb->cls[subc] ? pb->engine[subc] : pb->last_engine,
    };

    gpuvm_count(&gpuvm_soft_chan_host(chan)->counters, GPUVM_CNT_NONSTALL);
    gpuvm_soft_chan_complete(chan);
    gpuvm_soft_chan_emit_inside(chan, &ev);
}

SoftPbResult gpuvm_soft_host_method(SoftChan *chan, unsigned subc,
                                    uint32_t mthd, uint32_t data)
{
    SoftPb *pb = &chan->pb;

    switch (mthd) {
    case NV906F_SET_OBJECT:
        return set_object(chan, subc, data);
    case NV906F_SEMAPHORE_ADDRESS_HIGH:
        pb->sem_va = (uint64_t)(data & 0xff) << 32 | (uint32_t)pb->sem_va;
        return SOFT_PB_MORE;
    case NV906F_SEMAPHORE_ADDRESS_LOW:
        pb->sem_va = (pb->sem_va & ~(uint64_t)UINT32_MAX) | (data & ~3u);
        return SOFT_PB_MORE;
    case NV906F_SEMAPHORE_PAYLOAD:
        pb->sem_payload = data;
        return SOFT_PB_MORE;
    case NV906F_SEMAPHORE_TRIGGER:
        return semaphore(chan, subc, data);
    case NV906F_NON_STALL_INTERRUPT:
        non_stall(chan, subc);
        return SOFT_PB_MORE;
    case NV906F_SET_REFERENCE:
        atomic_store(&chan->ref, data);
        return SOFT_PB_MORE;
    case NV906F_NOP:
    case NV906F_WRITE_CACHE_FLUSH:
    case NV906F_MEM_OP_A:
    case NV906F_MEM_OP_B:
    case NV906F_YIELD:
        return SOFT_PB_MORE;
    default:
        return gpuvm_soft_pb_fault(chan, NV_PBDMA_INTR_ILLEGAL_MTHD, subc,
                                   mthd, data);
    }
}
