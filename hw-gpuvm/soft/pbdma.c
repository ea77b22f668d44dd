/*
 * The PBDMA: fetches pushes, parses method headers and delivers methods.
 *
 * Up to SOFT_FETCH dwords of the current segment are read ahead; never of the
 * next one, and never across a stop, since a CPU or another channel may write
 * commands that the channel has not reached.  A packet under way (header read,
 * data words to come) survives the end of its segment.
 *
 * Every word costs one unit of the quantum's budget, a bulk transfer one for
 * each of its words; an empty push costs one too.  So a quantum ends whatever
 * the guest writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/chan_priv.h"
#include "spec/fault.h"
#include "spec/host_methods.h"
#include "spec/pbdma_regs.h"

SoftPbResult gpuvm_soft_pb_fault(SoftChan *chan, uint32_t bits, unsigned subc,
                                 uint32_t mthd, uint32_t data)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_PBDMA,
        .engine = chan->pb.last_engine,
        .bits = bits,
        .subc = subc,
        .method = mthd,
        .data = data,
    };

    gpuvm_soft_chan_fault(chan, &f);
    return SOFT_PB_FAULT;
}

SoftPbResult gpuvm_soft_pb_fault_mem(SoftChan *chan, const SoftMemFault *mf)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_MMU,
        .engine = chan->pb.last_engine,
        .va = mf->va,
        .reason = mf->reason,
        .write = mf->write,
        .unit = NVC0_FAULT_UNIT_PBDMA0,
        .client = NVC0_FAULT_HUB_PFIFO,
        .hub = true,
    };

    gpuvm_soft_chan_fault(chan, &f);
    return SOFT_PB_FAULT;
}

/* Takes a header word apart; immediate data goes to @data and sets *@now. */
static SoftPbResult decode_header(SoftChan *chan, uint32_t w, bool *now,
                                  uint32_t *data)
{
    SoftPb *pb = &chan->pb;
    unsigned type = w >> NVC0_PB_TYPE_SHIFT;

    *now = false;
    pb->subc = w >> NVC0_PB_SUBC_SHIFT & NVC0_PB_SUBC_MASK;
    pb->mthd = (w & NVC0_PB_MTHD_MASK) << 2;
    pb->left = w >> NVC0_PB_COUNT_SHIFT & NVC0_PB_COUNT_MASK;
    switch (type) {
    case NVC0_PB_TYPE_OLD_INCR:
    case NVC0_PB_TYPE_OLD_NONINCR:
        pb->mthd = w & NVC0_PB_OLD_MTHD_MASK;
        pb->left = w >> NVC0_PB_OLD_COUNT_SHIFT & NVC0_PB_OLD_COUNT_MASK;
        pb->mode = type == NVC0_PB_TYPE_OLD_INCR ? SOFT_PB_INCR :
                                                   SOFT_PB_FIXED;
        if (type == NVC0_PB_TYPE_OLD_INCR && (w & NVC0_PB_OLD_SLI_MASK)) {
            pb->left = 0;           /* mask of GPUs: there is one */
        }
        return SOFT_PB_MORE;
    case NVC0_PB_TYPE_INCR:
        pb->mode = SOFT_PB_INCR;
        return SOFT_PB_MORE;
    case NVC0_PB_TYPE_NONINCR:
        pb->mode = SOFT_PB_FIXED;
        return SOFT_PB_MORE;
    case NVC0_PB_TYPE_INCR_ONCE:
        pb->mode = SOFT_PB_ONCE;
        return SOFT_PB_MORE;
    case NVC0_PB_TYPE_IMMEDIATE:
        *now = true;
        *data = pb->left;
        pb->left = 0;
        pb->mode = SOFT_PB_FIXED;
        return SOFT_PB_MORE;
    case NVC0_PB_TYPE_END_SEGMENT:
        pb->left = 0;
        pb->pos = pb->n = 0;
        pb->off = chan->queue[atomic_load(&chan->done) % SOFT_QUEUE].dwords;
        return SOFT_PB_MORE;
    default:
        pb->left = 0;
        return gpuvm_soft_pb_fault(chan, NV_PBDMA_INTR_ILLEGAL_CMD,
                                   pb->subc, pb->mthd, w);
    }
}

static SoftPbResult from_status(SoftChan *chan, SoftStatus st,
                                const SoftClass *cls)
{
    switch (st) {
    case SOFT_OK:
        return SOFT_PB_MORE;
    case SOFT_WAIT:
        chan->wait_class = cls;
        return SOFT_PB_WAIT;
    default:
        return SOFT_PB_FAULT;
    }
}

/* Moves the method address on after a data word. */
static void advance(SoftPb *pb)
{
    if (pb->mode != SOFT_PB_FIXED) {
        pb->mthd = (pb->mthd + 4) % NVC0_PB_MTHD_LIMIT;
    }
    if (pb->mode == SOFT_PB_ONCE) {
        pb->mode = SOFT_PB_FIXED;
    }
}

static SoftPbResult deliver(SoftChan *chan, uint32_t mthd, uint32_t data)
{
    SoftPb *pb = &chan->pb;
    const SoftClass *cls = pb->cls[pb->subc];

    pb->methods++;
    if (mthd < NV906F_ENGINE_METHODS) {
        return gpuvm_soft_host_method(chan, pb->subc, mthd, data);
    }
    if (!cls) {
        pb->sw_mthd = mthd;
        pb->sw_data = data;
        return SOFT_PB_SW;
    }
    pb->last_engine = pb->engine[pb->subc];
    return from_status(chan, cls->method(chan,
                           gpuvm_soft_chan_object(chan, cls->id), pb->subc,
                           mthd, data, pb->left), cls);
}

/*
 * Hands read-ahead words that all go to one method to the class at once.
 * Returns how many it took; they are not consumed yet.
 */
static uint32_t deliver_bulk(SoftChan *chan, SoftPbResult *res)
{
    SoftPb *pb = &chan->pb;
    const SoftClass *cls = pb->cls[pb->subc];
    SoftStatus st = SOFT_OK;
    uint32_t n = MIN(pb->left, pb->n - pb->pos), took;

    if (n < 2 || pb->mode != SOFT_PB_FIXED || !cls || !cls->bulk ||
        pb->mthd < NV906F_ENGINE_METHODS) {
        return 0;
    }
    pb->last_engine = pb->engine[pb->subc];
    took = cls->bulk(chan, gpuvm_soft_chan_object(chan, cls->id), pb->mthd,
                     pb->buf + pb->pos, n, &st);
    n = MIN(n, took);           /* MIN() evaluates its arguments twice */
    if (n) {
        pb->methods += n;
        *res = from_status(chan, st, cls);
    } else if (st == SOFT_FAULT) {
        n = 1;
        *res = SOFT_PB_FAULT;
    }
    return n;
}

/* Reads ahead in the current segment, at least one word. */
static SoftPbResult fetch(SoftChan *chan, const GpuvmPush *push)
{
    SoftPb *pb = &chan->pb;
    uint64_t va = push->va + (uint64_t)pb->off * 4;
    uint32_t n = MIN(push->dwords - pb->off, SOFT_FETCH);
    uint32_t in_page = (SOFT_PAGE_SIZE - (va & (SOFT_PAGE_SIZE - 1))) / 4;
    SoftMemFault f;

    /* Up to the page's end: the page after it may fault when reached. */
    n = MIN(n, in_page);
    if (!gpuvm_soft_mem_read(&chan->tlb, va, pb->buf, n * 4, &f)) {
        return gpuvm_soft_pb_fault_mem(chan, &f);
    }
    pb->pos = 0;
    pb->n = n;
    gpuvm_count_n(&gpuvm_soft_chan_host(chan)->counters,
                  GPUVM_CNT_PUSH_DWORDS, n);
    return SOFT_PB_MORE;
}

static void consumed(SoftChan *chan, const GpuvmPush *push, uint32_t n)
{
    SoftPb *pb = &chan->pb;

    pb->pos += n;
    pb->off += n;
    atomic_store_explicit(&chan->get_va, push->va + (uint64_t)pb->off * 4,
                          memory_order_relaxed);
}

/* Executes one word, or several by bulk; *@cost is how many. */
static SoftPbResult step(SoftChan *chan, const GpuvmPush *push, unsigned *cost)
{
    SoftPb *pb = &chan->pb;
    SoftPbResult res = SOFT_PB_MORE;
    uint32_t word, n, mthd;
    bool now;

    *cost = 1;
    if (pb->pos == pb->n) {
        res = fetch(chan, push);
        if (res != SOFT_PB_MORE) {
            return res;
        }
    }
    if (pb->left) {
        n = deliver_bulk(chan, &res);
        if (n) {
            pb->left -= n;
            consumed(chan, push, n);
            *cost = n;
            return res;
        }
    }
    word = pb->buf[pb->pos];
    consumed(chan, push, 1);
    if (!pb->left) {
        res = decode_header(chan, word, &now, &word);
        if (res != SOFT_PB_MORE || !now) {
            return res;
        }
        return deliver(chan, pb->mthd, word);
    }
    pb->left--;
    mthd = pb->mthd;
    advance(pb);
    return deliver(chan, mthd, word);
}

/* Whether the current push is used up; then it counts as done. */
static bool finish_push(SoftChan *chan, const GpuvmPush *push)
{
    SoftPb *pb = &chan->pb;

    if (pb->off < push->dwords) {
        return false;
    }
    if (push->dwords) {
        atomic_store(&chan->get_va, push->va + (uint64_t)push->dwords * 4);
    }
    pb->off = 0;
    pb->pos = pb->n = 0;
    atomic_fetch_add(&chan->done, 1);
    return true;
}

/* Makes way for a pause. */
static void poll_attention(SoftChan *chan)
{
    if (gpuvm_soft_attention(gpuvm_soft_attention_word(chan->gpu))) {
        gpuvm_soft_section_yield(chan->gpu);
        gpuvm_soft_tlb_sync(&chan->tlb);
    }
}

SoftPbResult gpuvm_soft_pb_run(SoftChan *chan, unsigned budget)
{
    SoftPb *pb = &chan->pb;
    SoftPbResult res = SOFT_PB_MORE;
    unsigned used = 0;

    pb->methods = 0;
    while (res == SOFT_PB_MORE && used < budget &&
           !atomic_load_explicit(&chan->interrupt, memory_order_relaxed)) {
        uint64_t done = atomic_load_explicit(&chan->done,
                                             memory_order_relaxed);
        const GpuvmPush *push = &chan->queue[done % SOFT_QUEUE];
        unsigned cost = 1;

        if (done == atomic_load_explicit(&chan->tail, memory_order_acquire)) {
            res = SOFT_PB_EMPTY;
            break;
        }
        if (pb->off < push->dwords) {
            res = step(chan, push, &cost);
        }
        if (res != SOFT_PB_FAULT) {
            finish_push(chan, push);
        }
        used += cost;
        poll_attention(chan);
    }
    pb->pos = pb->n = 0;
    gpuvm_count_n(&gpuvm_soft_chan_host(chan)->counters, GPUVM_CNT_METHODS,
                  pb->methods);
    return res;
}
