/*
 * The GPFIFO: a ring of entries in the channel's address space, each naming a
 * stretch of commands.
 *
 * Every entry becomes exactly one push of the GPU (an empty one too), so push
 * number n of a binding is ring entry base + n, and GP_GET follows from the
 * GPU's count of consumed pushes.  Entries are read once, through the
 * worker's shadow of the page tables, in pieces that lie in one page.
 *
 * GET: nouveau up to 6.12 looks where the GPU is in its main buffer and takes
 * a value outside for "ask again", giving up when it asked 100,000 times.  On
 * hardware the fetcher runs ahead of a long shader; here a segment is consumed
 * when its work is done, so GET could stand in a user's segment for seconds.
 * GET therefore only moves through main segments: not those marked "not main"
 * and, once a segment lay in nouveau's main buffer (directly below its ring),
 * not those outside it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "vgpu/vm_priv.h"

#include <inttypes.h>

#include "spec/fault.h"
#include "spec/gpfifo.h"

uint64_t gpuvm_gpfifo_done(VmChan *c, GpuvmPosition *pos)
{
    GpuvmPosition p = { 0 };

    if (c->gch) {
        c->vm->gpu->ops->chan_position(c->gch, &p);
    }
    if (pos) {
        *pos = p;
    }
    return p.pushes_done;
}

static uint32_t next_index(const VmChan *c)
{
    return (c->gp_base + c->submitted) & c->ring_mask;
}

uint32_t gpuvm_gpfifo_waiting(const VmChan *c)
{
    return (c->gp_put - next_index(c)) & c->ring_mask;
}

uint32_t gpuvm_gpfifo_room(VmChan *c)
{
    uint64_t flying = c->submitted - gpuvm_gpfifo_done(c, NULL);

    return flying < VM_INFLIGHT_MAX ? VM_INFLIGHT_MAX - flying : 0;
}

uint32_t gpuvm_gpfifo_gp_get(VmChan *c)
{
    return (c->gp_base + gpuvm_gpfifo_done(c, NULL)) & c->ring_mask;
}

/* Takes the ends of main segments consumed since the last time into get_va. */
static void scan_log(VmChan *c, uint64_t done)
{
    /* The log holds no more.  A stream of saved state that will be refused may
     * have said anything. */
    if (done > c->scanned && done - c->scanned > VM_INFLIGHT_MAX) {
        c->scanned = done - VM_INFLIGHT_MAX;
    }
    for (; c->scanned < done; c->scanned++) {
        const VmPush *p = &c->log[c->scanned % VM_INFLIGHT_MAX];

        if (p->main) {
            c->get_va = p->end;
        }
    }
}

uint64_t gpuvm_gpfifo_get_va(VmChan *c)
{
    GpuvmPosition pos;
    uint64_t done = gpuvm_gpfifo_done(c, &pos);
    const VmPush *p = &c->log[done % VM_INFLIGHT_MAX];

    scan_log(c, done);
    if (done < c->submitted && p->main && pos.get_va > p->va &&
        pos.get_va <= p->end) {
        return pos.get_va;
    }
    return c->get_va;
}

void gpuvm_gpfifo_settle(VmChan *c)
{
    c->get_va = gpuvm_gpfifo_get_va(c);
    c->gp_base = gpuvm_gpfifo_gp_get(c);
    c->submitted = 0;
    c->scanned = 0;
}

static bool is_main(VmChan *c, uint32_t hi, uint64_t va, uint64_t end)
{
    bool below = va + NOUVEAU_MAIN_SEGMENTS_SIZE >= c->ring_va &&
                 end <= c->ring_va;

    if (hi & GF100_GPFIFO_HI_NOT_MAIN) {
        return false;
    }
    c->main_seen |= below;
    return below || !c->main_seen;
}

static void take_entry(VmChan *c, const uint8_t *raw, size_t i)
{
    uint32_t lo = gpuvm_mem_le32(raw), hi = gpuvm_mem_le32(raw + 4);
    GpuvmPush *push = &c->vm->batch[i];
    VmPush *log = &c->log[(c->submitted + i) % VM_INFLIGHT_MAX];

    push->va = (lo & GF100_GPFIFO_VA_LO_MASK) |
               (uint64_t)(hi & GF100_GPFIFO_HI_VA_MASK) << 32;
    push->dwords = (hi & GF100_GPFIFO_HI_LENGTH_MASK) >>
                   GF100_GPFIFO_HI_LENGTH_LSB;
    push->flags = hi & GF100_GPFIFO_HI_NO_PREFETCH ? GPUVM_PUSH_NO_PREFETCH
                                                   : 0;
    log->va = push->va;
    log->end = push->va + (uint64_t)push->dwords * 4;
    log->main = push->dwords && is_main(c, hi, log->va, log->end);
}

static void ring_fault(VmChan *c, uint64_t va, uint32_t reason)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_MMU,
        .engine = GPUVM_ENGINE_SW,
        .va = va,
        .reason = reason,
        .unit = NVC0_FAULT_UNIT_PBDMA0,
        .client = NVC0_FAULT_HUB_PFIFO,
        .hub = true,
    };

    gpuvm_guest_error(c->vm->host, "channel %u: GPFIFO at 0x%" PRIx64
                      " is not mapped", c->chid, va);
    gpuvm_chan_fail(c, &f);
}

size_t gpuvm_gpfifo_fetch(VmChan *c, size_t n)
{
    uint8_t raw[VM_BATCH_MAX * GF100_GPFIFO_ENTRY_SIZE];
    size_t got = 0;

    scan_log(c, gpuvm_gpfifo_done(c, NULL));
    n = MIN(n, VM_BATCH_MAX);
    while (got < n) {
        uint32_t index = (next_index(c) + got) & c->ring_mask;
        uint64_t va = c->ring_va + (uint64_t)index * GF100_GPFIFO_ENTRY_SIZE;
        uint32_t reason = NVC0_FAULT_REASON_PAGE_NOT_PRESENT;
        size_t run = MIN(n - got, (size_t)c->ring_mask + 1 - index);
        GpuvmPtHit hit;
        size_t i;

        if (gpuvm_shadow_lookup(c->as->shadow, va, &hit, &reason)) {
            run = MIN(run, hit.left / GF100_GPFIFO_ENTRY_SIZE);
            if (!gpuvm_mem_read(&c->vm->mem, hit.pte.target, hit.addr, raw,
                                run * GF100_GPFIFO_ENTRY_SIZE)) {
                run = 0;
            }
        } else {
            run = 0;
        }
        if (!run) {
            if (!got) {
                ring_fault(c, va, reason);
            }
            break;
        }
        for (i = 0; i < run; i++) {
            take_entry(c, raw + i * GF100_GPFIFO_ENTRY_SIZE, got + i);
        }
        got += run;
    }
    gpuvm_count_n(&c->vm->host->counters, GPUVM_CNT_IB_ENTRIES, got);
    return got;
}
