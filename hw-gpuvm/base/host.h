/*
 * What the core needs from whoever hosts it: QEMU's device, a unit test, a
 * fuzzer or the native node.
 *
 * Nothing below device/ knows QEMU.  Guest memory, time, interrupts, the log
 * and trace points come in through this one table of functions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BASE_HOST_H
#define GPUVM_BASE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counters.h"
#include "base/trace.h"

typedef enum GpuvmLogLevel {
    GPUVM_LOG_ERROR,        /* the host's fault: someone must act */
    GPUVM_LOG_GUEST_ERROR,  /* the guest's fault, or unknown to the model */
    GPUVM_LOG_INFO,
} GpuvmLogLevel;

/**
 * GpuvmHostOps - callbacks of the host.
 *
 * Every function may be called from any thread of the core (vCPU, worker, GPU
 * threads) and must not take a lock that is held while the core is called,
 * QEMU's big lock in particular.  @opaque is GpuvmHost.opaque.
 */
typedef struct GpuvmHostOps {
    /**
     * ram_map - host address of guest RAM.
     * @gpa: guest-physical (DMA) address, bytes
     * @len: in: bytes wanted, at least 1; out: bytes contiguous from the
     *       result, at most what was wanted
     * @write: whether the pointer will be written through
     *
     * Reaches RAM only: for MMIO, ROM, a device's BAR or a hole the result is
     * NULL.  The pointer stays valid until ram_unmap() or until the
     * invalidate callback set with set_invalidate() has returned.
     */
    void *(*ram_map)(void *opaque, uint64_t gpa, uint64_t *len, bool write);
    /** ram_unmap - ends one ram_map(); @ptr and @len as it returned them. */
    void (*ram_unmap)(void *opaque, void *ptr, uint64_t gpa, uint64_t len);
    /** ram_dirty - the GPU wrote [gpa, gpa+len); called before completion. */
    void (*ram_dirty)(void *opaque, uint64_t gpa, uint64_t len);
    /**
     * set_invalidate - @fn is called, on any thread, when guest RAM
     * [gpa, gpa+len) is about to leave; no pointer into it is used once @fn
     * has returned.  One listener a host; @fn NULL takes it away.
     */
    void (*set_invalidate)(void *opaque,
                           void (*fn)(void *arg, uint64_t gpa, uint64_t len),
                           void *arg);
    /** clock_ns - monotonic guest time; stands while the VM is stopped. */
    uint64_t (*clock_ns)(void *opaque);
    /**
     * notify - events wait to be collected by gpuvm_board_process_events();
     * QEMU schedules a bottom half.  Cheap, never blocks, coalesces.
     */
    void (*notify)(void *opaque);
    /** log - one line, already rate-limited, without a newline. */
    void (*log)(void *opaque, GpuvmLogLevel level, const char *line);
    /** trace - one trace event (base/trace.h) with up to four values. */
    void (*trace)(void *opaque, GpuvmTraceId id,
                  uint64_t a, uint64_t b, uint64_t c, uint64_t d);
} GpuvmHostOps;

/**
 * GpuvmHost - one host's callbacks and what they share with the core: the
 * counters and the rate limiter's state.  One per virtual machine's device.
 * Any op may be NULL except ram_map and clock_ns; the gpuvm_host_* wrappers
 * below check.
 */
typedef struct GpuvmHost {
    const GpuvmHostOps *ops;
    void *opaque;
    GpuvmCounters counters;
    GpuvmRateLimit guest_errors;
    /* PTIMER minus clock_ns(): the guest sets its GPU's clock */
    _Atomic int64_t ptimer_offset;
    /* GPU time used for the VM beside its channels' running, not charged yet */
    _Atomic uint64_t owed_ns;
} GpuvmHost;

/** gpuvm_host_owe - @ns more were used for the VM (compiling its shaders). */
static inline void gpuvm_host_owe(GpuvmHost *h, uint64_t ns)
{
    atomic_fetch_add_explicit(&h->owed_ns, ns, memory_order_relaxed);
}

/** gpuvm_host_take_owed - what was owed since the last call; the caller
 *  charges it with the busy time. */
static inline uint64_t gpuvm_host_take_owed(GpuvmHost *h)
{
    return atomic_exchange_explicit(&h->owed_ns, 0, memory_order_relaxed);
}

static inline void *gpuvm_host_ram_map(GpuvmHost *h, uint64_t gpa,
                                       uint64_t *len, bool write)
{
    return h->ops->ram_map(h->opaque, gpa, len, write);
}

static inline void gpuvm_host_ram_unmap(GpuvmHost *h, void *ptr,
                                        uint64_t gpa, uint64_t len)
{
    if (h->ops->ram_unmap) {
        h->ops->ram_unmap(h->opaque, ptr, gpa, len);
    }
}

static inline void gpuvm_host_ram_dirty(GpuvmHost *h, uint64_t gpa,
                                        uint64_t len)
{
    if (h->ops->ram_dirty) {
        h->ops->ram_dirty(h->opaque, gpa, len);
    }
}

static inline uint64_t gpuvm_host_clock_ns(GpuvmHost *h)
{
    return h->ops->clock_ns(h->opaque);
}

/**
 * gpuvm_host_ptimer_ns - the VM's PTIMER: what time stamps in memory
 * (semaphores, queries) and the registers 0x9400/0x9410 show.
 */
static inline uint64_t gpuvm_host_ptimer_ns(GpuvmHost *h)
{
    return gpuvm_host_clock_ns(h) +
           atomic_load_explicit(&h->ptimer_offset, memory_order_relaxed);
}

static inline void gpuvm_host_notify(GpuvmHost *h)
{
    if (h->ops->notify) {
        h->ops->notify(h->opaque);
    }
}

static inline void gpuvm_host_trace(GpuvmHost *h, GpuvmTraceId id, uint64_t a,
                                    uint64_t b, uint64_t c, uint64_t d)
{
    if (h->ops->trace) {
        h->ops->trace(h->opaque, id, a, b, c, d);
    }
}

/** gpuvm_host_read - copies guest RAM out; false if any byte is not RAM. */
bool gpuvm_host_read(GpuvmHost *h, uint64_t gpa, void *buf, size_t len);
/** gpuvm_host_write - copies into guest RAM and marks it dirty. */
bool gpuvm_host_write(GpuvmHost *h, uint64_t gpa, const void *buf, size_t len);

/**
 * gpuvm_guest_error - the guest did something wrong: counts it in
 * GPUVM_CNT_GUEST_ERRORS, traces it, and logs one rate-limited line (at most
 * 10 a second; the number suppressed is said with the next one).
 */
void gpuvm_guest_error(GpuvmHost *h, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** gpuvm_log - a line of the device's own. */
void gpuvm_log(GpuvmHost *h, GpuvmLogLevel level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
