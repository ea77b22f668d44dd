/*
 * Trace points of the core: one list.  Under QEMU each becomes the trace event
 * gpuvm_<name> (trace-events, checked against this list by a test); elsewhere
 * the host's trace callback gets the id and the four values.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BASE_TRACE_H
#define GPUVM_BASE_TRACE_H

/* X(NAME, name, n, a, b, c, d): how many values, and their names */
#define GPUVM_TRACES(X)                                                       \
    X(REG_READ, reg_read, 3, "addr", "size", "value", "")                     \
    X(REG_WRITE, reg_write, 3, "addr", "size", "value", "")                   \
    X(REG_UNKNOWN, reg_unknown, 3, "addr", "write", "value", "")              \
    X(GUEST_ERROR, guest_error, 1, "count", "", "", "")                       \
    X(DOORBELL, doorbell, 2, "chid", "gp_put", "", "")                        \
    X(CHAN_BIND, chan_bind, 4, "chid", "inst", "gpfifo_va", "entries")        \
    X(CHAN_UNBIND, chan_unbind, 1, "chid", "", "", "")                        \
    X(CHAN_KICK, chan_kick, 1, "chid", "", "", "")                            \
    X(RUNLIST, runlist, 2, "addr", "count", "", "")                           \
    X(SUBMIT, submit, 3, "chid", "pushes", "first_va", "")                    \
    X(STOPPED, stopped, 3, "chid", "reason", "ns", "")                        \
    X(FAULT, fault, 4, "chid", "kind", "va", "reason")                        \
    X(RUNAWAY, runaway, 3, "chid", "ns", "action", "")                       \
    X(BARRED, barred, 1, "chid", "", "", "")                                  \
    X(SW_METHOD, sw_method, 4, "chid", "subc", "method", "data")              \
    X(NONSTALL, nonstall, 2, "chid", "engine", "", "")                        \
    X(IRQ, irq, 2, "level", "pending", "", "")                                \
    X(TLB_FLUSH, tlb_flush, 2, "pdb", "type", "", "")                         \
    X(SHADOW_SCAN, shadow_scan, 4, "pdb", "tables", "entries", "ns")          \
    X(SHADOW_REFUSED, shadow_refused, 2, "va", "pte", "", "")                 \
    X(APERTURE_SET, aperture_set, 3, "bar", "enabled", "inst", "")            \
    X(REMAP, remap, 4, "bar", "offset", "size", "vram")                       \
    X(METHOD_UNKNOWN, method_unknown, 3, "class", "method", "data", "")       \
    X(LAUNCH, launch, 4, "entry", "grid_x", "grid_y", "block")                \
    X(GRID_DONE, grid_done, 3, "ctas", "ns", "fault", "")                     \
    X(COPY, copy, 4, "src", "dst", "bytes", "class")                          \
    X(ENGINE_RESET, engine_reset, 1, "engine", "", "", "")                    \
    X(FECS, fecs, 2, "command", "data", "", "")                               \
    X(JIT, jit, 4, "insns", "kind", "bytes", "ns")                            \
    X(JIT_DROPPED, jit_dropped, 1, "insns", "", "", "")                       \
    X(RESET, reset, 0, "", "", "", "")

typedef enum GpuvmTraceId {
#define X(NAME, name, n, a, b, c, d) GPUVM_TRACE_##NAME,
    GPUVM_TRACES(X)
#undef X
    GPUVM_TRACE__MAX
} GpuvmTraceId;

/** gpuvm_trace_name - e.g. "reg_read". */
const char *gpuvm_trace_name(GpuvmTraceId id);

#endif
