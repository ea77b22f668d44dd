/*
 * USERD: the page of a channel that its driver reads and writes while the
 * channel runs.
 *
 * A write of GP_PUT is the doorbell: it is noted, the worker is woken and the
 * vCPU leaves.  GP_GET, GET and REF are computed from where the GPU is when
 * they are read.  Everything else is plain storage in the page's VRAM, where
 * the driver clears it, through another mapping, before it binds the channel.
 *
 * Accesses are cut into dwords; a partial write keeps the other bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

#include "spec/pbdma_regs.h"
#include "spec/userd.h"

static uint32_t load(VmChan *c, uint32_t off)
{
    uint8_t raw[4] = { 0 };

    if (c->userd_ok) {
        gpuvm_mem_read(&c->vm->mem, GPUVM_TARGET_VRAM, c->userd + off, raw,
                       sizeof(raw));
    }
    return gpuvm_mem_le32(raw);
}

static void store(VmChan *c, uint32_t off, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    if (c->userd_ok) {
        gpuvm_mem_write(&c->vm->mem, GPUVM_TARGET_VRAM, c->userd + off, &val,
                        sizeof(val));
    }
}

void gpuvm_userd_load(VmChan *c)
{
    c->gp_base = load(c, GF100_USERD_GP_GET) & c->ring_mask;
    c->gp_put = load(c, GF100_USERD_GP_PUT) & c->ring_mask;
    c->get_va = load(c, GF100_USERD_GET_LO) |
                (uint64_t)load(c, GF100_USERD_GET_HI) << 32;
}

void gpuvm_userd_save(VmChan *c)
{
    uint64_t get = gpuvm_gpfifo_get_va(c);

    store(c, GF100_USERD_GP_GET, gpuvm_gpfifo_gp_get(c));
    store(c, GF100_USERD_GP_PUT, c->gp_put);
    store(c, GF100_USERD_GET_LO, get);
    store(c, GF100_USERD_GET_HI, get >> 32);
}

static uint32_t read_dword(VmChan *c, uint32_t off)
{
    GpuvmPosition pos;

    switch (off) {
    case GF100_USERD_GP_GET:
        return gpuvm_gpfifo_gp_get(c);
    case GF100_USERD_GP_PUT:
        return c->gp_put;
    case GF100_USERD_GET_LO:
        return gpuvm_gpfifo_get_va(c);
    case GF100_USERD_GET_HI:
        return gpuvm_gpfifo_get_va(c) >> 32;
    case GF100_USERD_REF:
        gpuvm_gpfifo_done(c, &pos);
        return pos.ref;
    default:
        return load(c, off);
    }
}

static void doorbell(VmChan *c, uint32_t put)
{
    GpuvmVm *vm = c->vm;
    GpuvmFault f = { .kind = GPUVM_FAULT_PBDMA, .engine = GPUVM_ENGINE_SW,
                     .bits = NV_PBDMA_INTR_IB_PUT, .data = put };

    gpuvm_count(&vm->host->counters, GPUVM_CNT_DOORBELLS);
    gpuvm_host_trace(vm->host, GPUVM_TRACE_DOORBELL, c->chid, put, 0, 0);
    store(c, GF100_USERD_GP_PUT, put);
    if (put > c->ring_mask) {
        gpuvm_guest_error(vm->host, "channel %u: GP_PUT %u is outside the "
                          "ring of %u entries", c->chid, put,
                          c->ring_mask + 1);
        gpuvm_chan_fail(c, &f);
        return;
    }
    c->gp_put = put;
    if (!c->kick_req) {
        c->kick_hold = false;
    }
    gpuvm_worker_wake(vm);
}

static void write_dword(VmChan *c, uint32_t off, uint32_t val, uint32_t mask)
{
    uint32_t old;

    switch (off) {
    case GF100_USERD_GP_PUT:
        doorbell(c, (c->gp_put & ~mask) | (val & mask));
        break;
    case GF100_USERD_GP_GET:
    case GF100_USERD_GET_LO:
    case GF100_USERD_GET_HI:
    case GF100_USERD_REF:
        break;  /* the GPU's */
    default:
        old = mask == UINT32_MAX ? 0 : load(c, off);
        store(c, off, (old & ~mask) | (val & mask));
        break;
    }
}

static bool in_page(unsigned chid, uint32_t off, unsigned size)
{
    return chid < GPUVM_VM_CHANNELS && size && size <= 8 &&
           off < GF100_USERD_SIZE && size <= GF100_USERD_SIZE - off;
}

uint64_t gpuvm_chan_userd_read(GpuvmVm *vm, unsigned chid, uint32_t off,
                               unsigned size)
{
    uint64_t val = 0;
    unsigned i = 0;
    VmChan *c;

    gpuvm_count(&vm->host->counters, GPUVM_CNT_USERD_READS);
    if (!in_page(chid, off, size)) {
        return 0;
    }
    pthread_mutex_lock(&vm->lock);
    c = vm->slot[chid].chan;
    while (c && i < size) {
        uint32_t shift = (off + i) % 4 * 8;
        unsigned n = MIN(4 - (off + i) % 4, size - i);
        uint64_t part = read_dword(c, (off + i) & ~3u) >> shift;

        val |= (part & ((1ull << n * 8) - 1)) << i * 8;
        i += n;
    }
    pthread_mutex_unlock(&vm->lock);
    return val;
}

void gpuvm_chan_userd_write(GpuvmVm *vm, unsigned chid, uint32_t off,
                            uint64_t val, unsigned size)
{
    unsigned i = 0;
    VmChan *c;

    gpuvm_count(&vm->host->counters, GPUVM_CNT_USERD_WRITES);
    if (!in_page(chid, off, size)) {
        return;
    }
    pthread_mutex_lock(&vm->lock);
    c = vm->slot[chid].chan;
    while (c && i < size) {
        uint32_t shift = (off + i) % 4 * 8;
        unsigned n = MIN(4 - (off + i) % 4, size - i);
        uint32_t mask = (uint32_t)((1ull << n * 8) - 1) << shift;

        write_dword(c, (off + i) & ~3u, (uint32_t)(val >> i * 8) << shift,
                    mask);
        i += n;
    }
    pthread_mutex_unlock(&vm->lock);
}
