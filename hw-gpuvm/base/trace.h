/*
 * Trace points of the core: one list.  Under QEMU each becomes the trace event
 * gpuvm_<name> (trace-events, checked against this list by a test); elsewhere
 * the host's trace callback gets the id and the four values.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BASE_TRACE_H
#define GPUVM_BASE_TRACE_H

/* X(NAME, name, a, b, c, d): the four values' names, "" = unused */
#define GPUVM_TRACES(X)                                                       \
    X(REG_READ, reg_read, "addr", "size", "value", "")                        \
    X(REG_WRITE, reg_write, "addr", "size", "value", "")                      \
    X(REG_UNKNOWN, reg_unknown, "addr", "write", "value", "")                 \
    X(GUEST_ERROR, guest_error, "count", "", "", "")                          \
    X(DOORBELL, doorbell, "chid", "gp_put", "", "")                           \
    X(CHAN_BIND, chan_bind, "chid", "inst", "gpfifo_va", "entries")           \
    X(CHAN_UNBIND, chan_unbind, "chid", "", "", "")                           \
    X(CHAN_KICK, chan_kick, "chid", "", "", "")                               \
    X(RUNLIST, runlist, "addr", "count", "", "")                              \
    X(SUBMIT, submit, "chid", "pushes", "first_va", "")                       \
    X(STOPPED, stopped, "chid", "reason", "ns", "")                           \
    X(FAULT, fault, "chid", "kind", "va", "reason")                           \
    X(SW_METHOD, sw_method, "chid", "subc", "method", "data")                 \
    X(NONSTALL, nonstall, "chid", "engine", "", "")                           \
    X(IRQ, irq, "level", "pending", "", "")                                   \
    X(TLB_FLUSH, tlb_flush, "pdb", "type", "", "")                            \
    X(SHADOW_SCAN, shadow_scan, "pdb", "tables", "entries", "ns")             \
    X(SHADOW_REFUSED, shadow_refused, "va", "pte", "", "")                    \
    X(APERTURE_SET, aperture_set, "bar", "enabled", "inst", "")               \
    X(REMAP, remap, "bar", "offset", "size", "vram")                          \
    X(METHOD_UNKNOWN, method_unknown, "class", "method", "data", "")          \
    X(LAUNCH, launch, "entry", "grid_x", "grid_y", "block")                   \
    X(GRID_DONE, grid_done, "ctas", "ns", "fault", "")                        \
    X(COPY, copy, "src", "dst", "bytes", "class")                             \
    X(ENGINE_RESET, engine_reset, "engine", "", "", "")                       \
    X(FECS, fecs, "command", "data", "", "")                                  \
    X(RESET, reset, "", "", "", "")

typedef enum GpuvmTraceId {
#define X(NAME, name, a, b, c, d) GPUVM_TRACE_##NAME,
    GPUVM_TRACES(X)
#undef X
    GPUVM_TRACE__MAX
} GpuvmTraceId;

/** gpuvm_trace_name - e.g. "reg_read". */
const char *gpuvm_trace_name(GpuvmTraceId id);

#endif
