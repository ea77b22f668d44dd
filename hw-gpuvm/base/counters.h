/*
 * The device's counters: one list, from which the storage, the QOM property
 * `stats`, `--stats` and docs/counters.md are made.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BASE_COUNTERS_H
#define GPUVM_BASE_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* X(NAME, key, what it counts) */
#define GPUVM_COUNTERS(X)                                                     \
    X(BAR0_READS, bar0_reads, "trapped BAR0 reads")                           \
    X(BAR0_WRITES, bar0_writes, "trapped BAR0 writes")                        \
    X(PRAMIN, pramin, "trapped PRAMIN window accesses")                       \
    X(USERD_READS, userd_reads, "trapped USERD reads")                        \
    X(USERD_WRITES, userd_writes, "trapped USERD writes")                     \
    X(APERTURE_TRAPS, aperture_traps, "trapped BAR1/BAR3 accesses")           \
    X(UNKNOWN, unknown, "accesses to registers that no row covers")           \
    X(UNKNOWN_METHODS, unknown_methods, "class methods that are not modelled")\
    X(GUEST_ERRORS, guest_errors, "errors of the guest, each logged or rate-limited") \
    X(DOORBELLS, doorbells, "GP_PUT writes")                                  \
    X(IB_ENTRIES, ib_entries, "GPFIFO entries read")                          \
    X(PUSH_DWORDS, push_dwords, "pushbuffer dwords parsed")                   \
    X(METHODS, methods, "methods delivered to engines")                       \
    X(INTERRUPTS, interrupts, "interrupts delivered to the guest")            \
    X(NONSTALL, nonstall, "non-stall interrupt methods executed")             \
    X(FAULTS, faults, "faults reported to the guest")                         \
    X(RUNAWAYS, runaways, "channels that used the GPU past the time-out")     \
    X(BARRED, barred, "channels whose work was refused, the VM being barred") \
    X(TLB_FLUSHES, tlb_flushes, "TLB flush requests")                         \
    X(SHADOW_SCANS, shadow_scans, "page-directory scans")                     \
    X(SHADOW_TABLES, shadow_tables, "page tables read by scans")              \
    X(SHADOW_ENTRIES, shadow_entries, "shadow entries changed by scans")      \
    X(SHADOW_TOLD, shadow_told, "shadow entries told to the GPU or an aperture") \
    X(SHADOW_REFUSED, shadow_refused, "PTEs refused: outside the slice or RAM, or over budget") \
    X(REMAPS, remaps, "aperture runs remapped")                               \
    X(REMAP_FALLBACKS, remap_fallbacks, "falls back to a trapped aperture")   \
    X(COPY_BYTES, copy_bytes, "bytes moved by copy engines and M2MF")         \
    X(LAUNCHES, launches, "compute grids launched")                           \
    X(CTAS, ctas, "compute CTAs (thread blocks) finished")                    \
    X(DRAWS_SKIPPED, draws_skipped, "draw calls counted and skipped")         \
    X(BLITS_SKIPPED, blits_skipped, "2D operations counted and skipped")      \
    X(CLEARS, clears, "CLEAR_BUFFERS executed")                               \
    X(GPU_BUSY_NS, gpu_busy_ns, "nanoseconds of GPU time charged")            \
    X(JIT_COMPILED, jit_compiled, "shaders that were compiled to host code")  \
    X(JIT_REFUSED, jit_refused, "shaders that are interpreted: too long, or no code could be made") \
    X(JIT_DROPPED, jit_dropped, "requests to compile while too much waited or too much code was in use") \
    X(JIT_NS, jit_ns, "nanoseconds of processor for compiling, part of gpu_busy_ns")

typedef enum GpuvmCounterId {
#define X(NAME, key, what) GPUVM_CNT_##NAME,
    GPUVM_COUNTERS(X)
#undef X
    GPUVM_CNT__MAX
} GpuvmCounterId;

/** GpuvmCounters - relaxed atomics, any thread; never reset while alive. */
typedef struct GpuvmCounters {
    _Atomic uint64_t v[GPUVM_CNT__MAX];
} GpuvmCounters;

static inline void gpuvm_count_n(GpuvmCounters *c, GpuvmCounterId id,
                                 uint64_t n)
{
    atomic_fetch_add_explicit(&c->v[id], n, memory_order_relaxed);
}

static inline void gpuvm_count(GpuvmCounters *c, GpuvmCounterId id)
{
    gpuvm_count_n(c, id, 1);
}

static inline uint64_t gpuvm_counter(GpuvmCounters *c, GpuvmCounterId id)
{
    return atomic_load_explicit(&c->v[id], memory_order_relaxed);
}

/** gpuvm_counter_key - the counter's name in `stats`, e.g. "bar0_reads". */
const char *gpuvm_counter_key(GpuvmCounterId id);
/** gpuvm_counter_what - one line on what it counts. */
const char *gpuvm_counter_what(GpuvmCounterId id);

/** GpuvmRateLimit - at most @burst events a second; state is atomic. */
typedef struct GpuvmRateLimit {
    _Atomic uint64_t window_start_ns;
    _Atomic uint32_t in_window;
    _Atomic uint32_t suppressed;
} GpuvmRateLimit;

/**
 * gpuvm_rate_limit - whether an event at @now_ns may be shown.
 * @suppressed: number held back since the last one shown
 */
bool gpuvm_rate_limit(GpuvmRateLimit *r, uint64_t now_ns, uint32_t burst,
                      uint32_t *suppressed);

#endif
