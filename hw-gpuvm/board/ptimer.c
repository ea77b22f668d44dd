/*
 * PTIMER: the GPU's nanosecond clock.
 *
 * It is the host's guest clock plus an offset, which a write of the time
 * changes; time stamps that the GPU leaves in memory use the same sum
 * (gpuvm_host_ptimer_ns).  A driver writes the high word, then the low one:
 * the low write completes the time with the high word as it was written, so
 * that a carry between the two writes cannot slip in.
 *
 * The alarm has no timer of its own: it is looked at whenever events are
 * collected or an interrupt register is read, so it may be late while the GPU
 * is idle.  nouveau arms it only with a thermal sensor or fan, which this
 * board has not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pmc_regs.h"
#include "spec/ptimer_regs.h"

static uint64_t now(GpuvmBoard *b)
{
    return gpuvm_host_ptimer_ns(b->host);
}

static void set_time(GpuvmBoard *b, uint64_t ns)
{
    atomic_store_explicit(&b->host->ptimer_offset,
                          (int64_t)(ns - gpuvm_host_clock_ns(b->host)),
                          memory_order_relaxed);
}

static void update_source(GpuvmBoard *b)
{
    gpuvm_board_irq_source(b, NV_PMC_INTR_TIMER,
                           gpuvm_regs_get(b, NV_PTIMER_INTR) &
                           gpuvm_regs_get(b, NV_PTIMER_INTR_EN) &
                           NV_PTIMER_INTR_ALARM);
}

void gpuvm_ptimer_poll(GpuvmBoard *b)
{
    GpuvmPtimer *t = &b->ptimer;

    if (t->alarm_armed && now(b) >= t->alarm_ns) {
        t->alarm_armed = false;
        gpuvm_regs_set(b, NV_PTIMER_INTR, NV_PTIMER_INTR_ALARM);
        update_source(b);
    }
}

static uint32_t intr_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    gpuvm_ptimer_poll(b);
    return gpuvm_regs_get(b, NV_PTIMER_INTR);
}

static uint32_t intr_write(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, NV_PTIMER_INTR, stored & ~val);
    update_source(b);
    return stored & ~val;
}

static uint32_t intr_en_write(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored, uint32_t val)
{
    gpuvm_regs_set(b, NV_PTIMER_INTR_EN, val);
    update_source(b);
    return val;
}

static uint32_t time0_read(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored)
{
    return now(b) & NV_PTIMER_TIME_0_NSEC;
}

static uint32_t time0_write(GpuvmBoard *b, const GpuvmRegRow *row,
                            uint32_t index, uint32_t stored, uint32_t val)
{
    uint64_t high = b->ptimer.high_pending ? b->ptimer.high : now(b) >> 32;

    b->ptimer.high_pending = false;
    set_time(b, high << 32 | (val & NV_PTIMER_TIME_0_NSEC));
    return val;
}

static uint32_t time1_read(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored)
{
    return (now(b) >> 32) & NV_PTIMER_TIME_1_NSEC;
}

static uint32_t time1_write(GpuvmBoard *b, const GpuvmRegRow *row,
                            uint32_t index, uint32_t stored, uint32_t val)
{
    uint64_t high = val & NV_PTIMER_TIME_1_NSEC;

    b->ptimer.high_pending = true;
    b->ptimer.high = high;
    set_time(b, high << 32 | (uint32_t)now(b));
    return val;
}

/* The alarm is the next moment at which the time's low word is @val. */
static uint32_t alarm_write(GpuvmBoard *b, const GpuvmRegRow *row,
                            uint32_t index, uint32_t stored, uint32_t val)
{
    uint64_t t = now(b);

    b->ptimer.alarm_armed = true;
    b->ptimer.alarm_ns = t + (uint32_t)(val - (uint32_t)t);
    return val;
}

static void ptimer_reset(GpuvmBoard *b)
{
    b->ptimer = (GpuvmPtimer) { 0 };
    atomic_store_explicit(&b->host->ptimer_offset, 0, memory_order_relaxed);
}

static const GpuvmRegRow rows[] = {
    { "PTIMER_INTR", NV_PTIMER_INTR, .flags = GPUVM_REG_W1C,
      .read = intr_read, .write = intr_write },
    { "PTIMER_INTR_EN", NV_PTIMER_INTR_EN, .write = intr_en_write },
    { "PTIMER_NUMERATOR", NV_PTIMER_NUMERATOR },
    { "PTIMER_DENOMINATOR", NV_PTIMER_DENOMINATOR },
    { "PTIMER_MULTIPLIER", NV_PTIMER_MULTIPLIER },
    { "PTIMER_TIME_0", NV_PTIMER_TIME_0, .read = time0_read,
      .write = time0_write },
    { "PTIMER_TIME_1", NV_PTIMER_TIME_1, .read = time1_read,
      .write = time1_write },
    { "PTIMER_ALARM", NV_PTIMER_ALARM, .write = alarm_write },
};

const GpuvmUnit gpuvm_unit_ptimer = {
    .name = "ptimer",
    .rows = rows,
    .nrows = G_N_ELEMENTS(rows),
    .reset = ptimer_reset,
};
