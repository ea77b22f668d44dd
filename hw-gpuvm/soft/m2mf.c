/*
 * M2MF, class 0x9039: copies and inline uploads.
 *
 * Methods are kept in a register file; EXEC starts.  A copy moves LINE_COUNT
 * lines of LINE_LENGTH_IN bytes between two sides, each pitch-linear or
 * block-linear (rect.c).  With PUSH the lines come on DATA instead, each
 * padded to a word; the upload's parameters are latched by EXEC and a cursor
 * (line, byte) moves on with each word, whichever way words come: method by
 * method or in bulk.  A report follows when the last byte is in place.
 *
 * Sources: spec/m2mf_methods.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "soft/engine_classes.h"
#include "soft/methods.h"
#include "soft/query.h"
#include "soft/rect.h"
#include "spec/classes.h"
#include "spec/m2mf_methods.h"

typedef struct M2mf {
    uint32_t regs[M2MF_STATE_END / 4];
    /* an upload under way: line < lines */
    SoftSide to;
    uint32_t exec, length, lines;
    uint32_t line, x;
} M2mf;

#define REG(m, mthd) ((m)->regs[(mthd) / 4])

static const SoftMethods known[] = { M2MF_KNOWN };

static void *m2mf_create(SoftChan *chan)
{
    return g_new0(M2mf, 1);
}

static void m2mf_destroy(SoftChan *chan, void *obj)
{
    g_free(obj);
}

/* One side as the registers describe it. */
static void side_init(const M2mf *m, SoftSide *s, bool out, bool linear)
{
    uint32_t tile = out ? M2MF_TILING_MODE_OUT : M2MF_TILING_MODE_IN;

    *s = (SoftSide) {
        .va = out ? gpuvm_soft_va(REG(m, M2MF_OFFSET_OUT_HIGH),
                                  REG(m, M2MF_OFFSET_OUT_LOW)) :
                    gpuvm_soft_va(REG(m, M2MF_OFFSET_IN_HIGH),
                                  REG(m, M2MF_OFFSET_IN_LOW)),
        .tiled = !linear,
        .pitch = (int32_t)REG(m, out ? M2MF_PITCH_OUT : M2MF_PITCH_IN),
        .x = REG(m, out ? M2MF_POSITION_OUT_X : M2MF_POSITION_IN_X),
        .y = REG(m, out ? M2MF_POSITION_OUT_Y : M2MF_POSITION_IN_Y),
        .z = REG(m, tile + M2MF_TILING_Z),
    };
    gpuvm_soft_bl_init(&s->bl, REG(m, tile), REG(m, tile + M2MF_TILING_PITCH),
                       REG(m, tile + M2MF_TILING_HEIGHT));
}

/* All bytes are in place: account, and report if EXEC asked for it. */
static SoftStatus finish(SoftChan *chan, M2mf *m, uint32_t exec,
                         uint64_t src, uint64_t dst, uint64_t bytes)
{
    GpuvmHost *host = gpuvm_soft_chan_host(chan);
    uint64_t va = gpuvm_soft_va(REG(m, M2MF_QUERY_ADDRESS_HIGH),
                                REG(m, M2MF_QUERY_ADDRESS_LOW));
    uint32_t seq = REG(m, M2MF_QUERY_SEQUENCE);

    gpuvm_count_n(&host->counters, GPUVM_CNT_COPY_BYTES, bytes);
    gpuvm_host_trace(host, GPUVM_TRACE_COPY, src, dst, bytes,
                     GF100_CLASS_M2MF);
    if (M2MF_EXEC_QUERY(exec) != M2MF_EXEC_QUERY_YES) {
        return SOFT_OK;
    }
    if (exec & M2MF_EXEC_QUERY_SHORT) {
        return gpuvm_soft_report_short(chan, GPUVM_ENGINE_GR, va, seq);
    }
    return gpuvm_soft_report_long(chan, GPUVM_ENGINE_GR, va, seq, 0);
}

static SoftStatus m2mf_exec(SoftChan *chan, M2mf *m, uint32_t exec)
{
    uint32_t length = REG(m, M2MF_LINE_LENGTH_IN);
    uint32_t lines = REG(m, M2MF_LINE_COUNT);
    uint64_t bytes = (uint64_t)length * lines;
    SoftSide in, out;
    SoftStatus st;

    m->lines = m->line = m->x = 0;
    side_init(m, &out, true, exec & M2MF_EXEC_LINEAR_OUT);
    if ((exec & M2MF_EXEC_PUSH) && bytes) {
        m->to = out;
        m->exec = exec;
        m->length = length;
        m->lines = lines;
        return SOFT_OK;
    }
    side_init(m, &in, false, exec & M2MF_EXEC_LINEAR_IN);
    st = gpuvm_soft_rect_copy(chan, GPUVM_ENGINE_GR, &out, &in, length,
                              lines);
    if (st != SOFT_OK || gpuvm_soft_chan_aborted(chan)) {
        return st;
    }
    return finish(chan, m, exec, in.va, out.va, bytes);
}

/* @n words of an upload; words beyond its end are dropped. */
static SoftStatus m2mf_data(SoftChan *chan, M2mf *m, const uint32_t *data,
                            uint32_t n)
{
    SoftTlb *t = gpuvm_soft_chan_tlb(chan);
    SoftMemFault f;

    while (n > 0 && m->line < m->lines) {
        uint32_t left = m->length - m->x;
        uint64_t words = MIN((uint64_t)n, ((uint64_t)left + 3) / 4);
        uint32_t bytes = MIN((uint64_t)left, words * 4);

        if (!gpuvm_soft_side_write(t, &m->to, m->x, m->line, data, bytes,
                                   &f)) {
            m->lines = 0;
            return gpuvm_soft_chan_fault_mem(chan, GPUVM_ENGINE_GR, &f);
        }
        data += words;
        n -= words;
        m->x += bytes;
        if (m->x == m->length) {
            m->x = 0;
            if (++m->line == m->lines) {
                return finish(chan, m, m->exec, 0, m->to.va,
                              (uint64_t)m->length * m->lines);
            }
        }
    }
    return SOFT_OK;
}

static SoftStatus m2mf_method(SoftChan *chan, void *obj, unsigned subc,
                              uint32_t mthd, uint32_t data, uint32_t left)
{
    M2mf *m = obj;

    if (mthd == M2MF_DATA) {
        return m2mf_data(chan, m, &data, 1);
    }
    if (!gpuvm_soft_methods_have(known, G_N_ELEMENTS(known), mthd)) {
        gpuvm_soft_method_unknown(chan, GF100_CLASS_M2MF, mthd, data);
        return SOFT_OK;
    }
    REG(m, mthd) = data;
    return mthd == M2MF_EXEC ? m2mf_exec(chan, m, data) : SOFT_OK;
}

static uint32_t m2mf_bulk(SoftChan *chan, void *obj, uint32_t mthd,
                          const uint32_t *data, uint32_t n, SoftStatus *st)
{
    if (mthd != M2MF_DATA) {
        return 0;
    }
    *st = m2mf_data(chan, obj, data, n);
    return n;
}

static void m2mf_xfer(SoftChan *chan, void *obj, GpuvmXfer *x)
{
    M2mf *m = obj;

    gpuvm_xfer_begin(x, "M2MF", 1);
    gpuvm_xfer_words(x, m->regs, G_N_ELEMENTS(m->regs));
    gpuvm_soft_side_xfer(&m->to, x);
    gpuvm_xfer_u32(x, &m->exec);
    gpuvm_xfer_u32(x, &m->length);
    gpuvm_xfer_u32(x, &m->lines);
    gpuvm_xfer_u32(x, &m->line);
    gpuvm_xfer_u32(x, &m->x);
    if (m->line < m->lines && m->x >= m->length) {
        gpuvm_xfer_fail(x, "an upload stands behind the end of its line");
    }
    gpuvm_xfer_end(x);
}

const SoftClass gpuvm_soft_class_m2mf = {
    .id = GF100_CLASS_M2MF,
    .name = "m2mf",
    .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR),
    .create = m2mf_create,
    .destroy = m2mf_destroy,
    .method = m2mf_method,
    .bulk = m2mf_bulk,
    .xfer = m2mf_xfer,
};
