/*
 * Rectangles of bytes in GPU memory: rows that lie pitch-linear or
 * block-linear, copied with bounded time between looks at the outside world.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_RECT_H
#define GPUVM_SOFT_RECT_H

#include "soft/blocklinear.h"
#include "soft/engine.h"

/* GPU virtual addresses have 40 bits; sums of a guest's values wrap there. */
#define SOFT_VA_MASK ((UINT64_C(1) << 40) - 1)

/** gpuvm_soft_va - an address from its two method words. */
static inline uint64_t gpuvm_soft_va(uint32_t hi, uint32_t lo)
{
    return ((uint64_t)hi << 32 | lo) & SOFT_VA_MASK;
}

/* Bytes of work between two polls. */
#define SOFT_POLL_BYTES 65536

/**
 * SoftPoll - lets long work on the executor thread be aborted and paused.
 * Work reports what it did; every SOFT_POLL_BYTES the channel is asked whether
 * it is aborted, and a wanted pause of the section is granted.
 */
typedef struct SoftPoll {
    SoftChan *chan;
    const _Atomic uint32_t *attention;
    uint64_t done;          /* since the last look */
    uint32_t yields;        /* pauses granted: older host pointers are gone */
} SoftPoll;

void gpuvm_soft_poll_init(SoftPoll *p, SoftChan *chan);
/** gpuvm_soft_poll_now - looks; false: the channel is aborted, stop. */
bool gpuvm_soft_poll_now(SoftPoll *p);
/** gpuvm_soft_poll - @cost bytes (or their worth in time) were done. */
static inline bool gpuvm_soft_poll(SoftPoll *p, uint64_t cost)
{
    p->done += cost;
    return p->done < SOFT_POLL_BYTES || gpuvm_soft_poll_now(p);
}

/** SoftSide - one side of a copy: where byte x of line n lies. */
typedef struct SoftSide {
    uint64_t va;
    bool tiled;
    int64_t pitch;          /* linear: bytes from one line to the next */
    SoftBl bl;              /* tiled, with the position of the first byte: */
    uint32_t x, y, z;       /* bytes, rows, slices */
} SoftSide;

/**
 * gpuvm_soft_side_at - address of byte @x of line @line; @run is lowered to
 * the number of bytes that follow each other from there.
 */
static inline uint64_t gpuvm_soft_side_at(const SoftSide *s, uint64_t x,
                                          uint32_t line, uint64_t *run)
{
    uint32_t bx, n;

    if (!s->tiled) {
        return (s->va + (uint64_t)(s->pitch * (int64_t)line) + x) &
               SOFT_VA_MASK;
    }
    bx = s->x + (uint32_t)x;
    n = gpuvm_soft_bl_run(&s->bl, bx);
    if (n < *run) {
        *run = n;
    }
    return (s->va + gpuvm_soft_bl_offset(&s->bl, bx, s->y + line, s->z)) &
           SOFT_VA_MASK;
}

/** gpuvm_soft_side_xfer - saves or loads it. */
void gpuvm_soft_side_xfer(SoftSide *s, GpuvmXfer *x);

/**
 * gpuvm_soft_side_read, _write - @n bytes from byte @x of line @line on, in
 * that line; false with @f where one faults.
 */
bool gpuvm_soft_side_read(SoftTlb *t, const SoftSide *s, uint64_t x,
                          uint32_t line, void *buf, uint64_t n,
                          SoftMemFault *f);
bool gpuvm_soft_side_write(SoftTlb *t, const SoftSide *s, uint64_t x,
                           uint32_t line, const void *buf, uint64_t n,
                           SoftMemFault *f);

/**
 * gpuvm_soft_rect_copy - @lines lines of @length bytes.  Overlapping sides are
 * copied run by run in ascending order, each run as by memmove().  Raises
 * @engine's MMU fault; an abort ends it early with SOFT_OK.
 */
SoftStatus gpuvm_soft_rect_copy(SoftChan *chan, GpuvmEngine engine,
                                const SoftSide *dst, const SoftSide *src,
                                uint32_t length, uint32_t lines);

#endif
