/*
 * Rectangle copies.
 *
 * A line is cut into runs that are contiguous on both sides and stay within
 * one page on both; each run is one memmove() between host pointers.  Two
 * linear sides without gaps between their lines are one long line.  Host
 * pointers of the two current pages are kept between runs, since source and
 * destination may fall on the same slot of the translation cache; a pause of
 * the section makes them stale.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/rect.h"

#include <string.h>

#include "spec/surface.h"

/* What a line costs besides its bytes, in bytes' worth of time. */
#define LINE_COST 64

void gpuvm_soft_poll_init(SoftPoll *p, SoftChan *chan)
{
    p->chan = chan;
    p->attention = gpuvm_soft_attention_word(gpuvm_soft_chan_gpu(chan));
    p->done = 0;
    p->yields = 0;
}

bool gpuvm_soft_poll_now(SoftPoll *p)
{
    p->done = 0;
    if (gpuvm_soft_attention(p->attention)) {
        gpuvm_soft_section_yield(gpuvm_soft_chan_gpu(p->chan));
        gpuvm_soft_tlb_sync(gpuvm_soft_chan_tlb(p->chan));
        p->yields++;
    }
    return !gpuvm_soft_chan_aborted(p->chan);
}

bool gpuvm_soft_side_read(SoftTlb *t, const SoftSide *s, uint64_t x,
                          uint32_t line, void *buf, uint64_t n,
                          SoftMemFault *f)
{
    uint8_t *to = buf;

    while (n > 0) {
        uint64_t run = n, va = gpuvm_soft_side_at(s, x, line, &run);

        if (!gpuvm_soft_mem_read(t, va, to, run, f)) {
            return false;
        }
        to += run;
        x += run;
        n -= run;
    }
    return true;
}

bool gpuvm_soft_side_write(SoftTlb *t, const SoftSide *s, uint64_t x,
                           uint32_t line, const void *buf, uint64_t n,
                           SoftMemFault *f)
{
    const uint8_t *from = buf;

    while (n > 0) {
        uint64_t run = n, va = gpuvm_soft_side_at(s, x, line, &run);

        if (!gpuvm_soft_mem_write(t, va, from, run, f)) {
            return false;
        }
        from += run;
        x += run;
        n -= run;
    }
    return true;
}

void gpuvm_soft_side_xfer(SoftSide *s, GpuvmXfer *x)
{
    uint64_t pitch = s->pitch;
    uint32_t w = s->bl.w_log2, h = s->bl.h_log2, d = s->bl.d_log2;

    gpuvm_xfer_u64(x, &s->va);
    s->va &= SOFT_VA_MASK;
    gpuvm_xfer_bool(x, &s->tiled);
    gpuvm_xfer_u64(x, &pitch);
    s->pitch = (int32_t)pitch;
    /* as gpuvm_soft_bl_init() makes them; shifts rely on it */
    s->bl.w_log2 = gpuvm_xfer_max(x, "column", w, SURF_GOB_WIDTH_LOG2);
    s->bl.h_log2 = gpuvm_xfer_max(x, "block height", h,
                                  15 + SURF_GOB_HEIGHT_LOG2);
    s->bl.d_log2 = gpuvm_xfer_max(x, "block depth", d, 15);
    s->bl.block_log2 = s->bl.w_log2 + s->bl.h_log2 + s->bl.d_log2;
    gpuvm_xfer_u32(x, &s->bl.blocks_x);
    gpuvm_xfer_u32(x, &s->bl.blocks_y);
    gpuvm_xfer_u32(x, &s->x);
    gpuvm_xfer_u32(x, &s->y);
    gpuvm_xfer_u32(x, &s->z);
}

/* The page that one side is in. */
typedef struct Cursor {
    uint64_t page;          /* address | 1, 0 = none */
    uint8_t *host;
} Cursor;

/* Host address of @va; lowers @run to the end of the page. */
static inline uint8_t *cursor_at(Cursor *c, SoftTlb *t, uint64_t va,
                                 bool write, uint64_t *run, SoftMemFault *f)
{
    uint64_t in = va & (SOFT_PAGE_SIZE - 1), base = va - in;

    if (SOFT_PAGE_SIZE - in < *run) {
        *run = SOFT_PAGE_SIZE - in;
    }
    if (c->page != (base | 1)) {
        uint8_t *p = gpuvm_soft_tlb_page(t, va, write, f);

        if (!p) {
            return NULL;
        }
        c->host = p - in;
        c->page = base | 1;
    }
    return c->host + in;
}

typedef struct Copy {
    SoftPoll poll;
    SoftTlb *tlb;
    const SoftSide *dst, *src;
    Cursor to, from;
    bool aborted;
} Copy;

/* One line of @length bytes; false: @f filled, or aborted. */
static bool copy_line(Copy *c, uint32_t line, uint64_t length,
                      SoftMemFault *f)
{
    uint32_t yields = c->poll.yields;
    uint64_t x = 0;

    while (x < length) {
        uint64_t run = length - x;
        uint64_t s = gpuvm_soft_side_at(c->src, x, line, &run);
        uint64_t d = gpuvm_soft_side_at(c->dst, x, line, &run);
        uint8_t *from = cursor_at(&c->from, c->tlb, s, false, &run, f);
        uint8_t *to = from ? cursor_at(&c->to, c->tlb, d, true, &run, f) :
                      NULL;

        if (!to) {
            return false;
        }
        memmove(to, from, run);
        x += run;
        if (!gpuvm_soft_poll(&c->poll, run)) {
            c->aborted = true;
            return false;
        }
        if (c->poll.yields != yields) {
            yields = c->poll.yields;
            c->to.page = c->from.page = 0;
        }
    }
    return true;
}

SoftStatus gpuvm_soft_rect_copy(SoftChan *chan, GpuvmEngine engine,
                                const SoftSide *dst, const SoftSide *src,
                                uint32_t length, uint32_t lines)
{
    Copy c = { .tlb = gpuvm_soft_chan_tlb(chan), .dst = dst, .src = src };
    uint64_t bytes = length;
    SoftMemFault f;
    uint32_t i;

    if (!length || !lines) {
        return SOFT_OK;
    }
    if (!dst->tiled && !src->tiled && dst->pitch == length &&
        src->pitch == length) {
        bytes *= lines;
        lines = 1;
    }
    gpuvm_soft_poll_init(&c.poll, chan);
    for (i = 0; i < lines; i++) {
        uint32_t yields = c.poll.yields;

        if (!copy_line(&c, i, bytes, &f)) {
            return c.aborted ? SOFT_OK :
                   gpuvm_soft_chan_fault_mem(chan, engine, &f);
        }
        if (!gpuvm_soft_poll(&c.poll, LINE_COST)) {
            return SOFT_OK;
        }
        if (c.poll.yields != yields) {
            c.to.page = c.from.page = 0;
        }
    }
    return SOFT_OK;
}
