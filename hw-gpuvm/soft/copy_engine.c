/*
 * The copy engines PCOPY0 and PCOPY1, classes 0x90b5 and 0x90b8, as nouveau's
 * microcode makes them.
 *
 * Every method has a row in spec/ce_methods.h with the bits that may be set;
 * an unknown method or a reserved bit is an error.  EXEC copies YCNT lines of
 * XCNT units between two sides, each linear or tiled.  Without FORMAT a unit
 * is a byte and the copy is rect.c's.  With FORMAT a unit is a pixel: each
 * destination component is a source component, a constant or zero, bytewise.
 *
 * Source: linux nouveau ce/fuc/com.fuc; reference nvc0-nouveau.md 6.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "soft/engine_classes.h"
#include "soft/query.h"
#include "soft/rect.h"
#include "spec/ce_methods.h"
#include "spec/classes.h"

#define MAX_PIXEL   16      /* four components of four bytes */
#define CHUNK       256     /* pixels swizzled at a time */

/* Where a destination byte comes from */
#define FROM_CONST  0x10    /* + byte of the two constants */
#define FROM_ZERO   0x80    /* else: byte of the source pixel */

typedef struct Ce {
    const SoftClass *cls;
    GpuvmEngine engine;
    uint32_t regs[CE_STATE_END / 4];
} Ce;

#define REG(c, mthd) ((c)->regs[(mthd) / 4])

static const struct {
    uint16_t mthd;
    uint32_t valid;
} methods[] = {
#define X(mthd, name, bits) { mthd, bits },
    CE_METHODS(X)
#undef X
};

static Ce *ce_new(const SoftClass *cls, GpuvmEngine engine)
{
    Ce *c = g_new0(Ce, 1);

    c->cls = cls;
    c->engine = engine;
    return c;
}

static void *ce0_create(SoftChan *chan)
{
    return ce_new(&gpuvm_soft_class_ce0, GPUVM_ENGINE_CE0);
}

static void *ce1_create(SoftChan *chan)
{
    return ce_new(&gpuvm_soft_class_ce1, GPUVM_ENGINE_CE1);
}

static void ce_destroy(SoftChan *chan, void *obj)
{
    g_free(obj);
}

static SoftStatus ce_error(SoftChan *chan, Ce *c, uint32_t reason,
                           unsigned subc, uint32_t mthd, uint32_t data)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_CE,
        .engine = c->engine,
        .reason = reason,
        .subc = subc,
        .cls = c->cls->id,
        .method = mthd,
        .data = data,
    };

    return gpuvm_soft_chan_fault(chan, &f);
}

/* A side; @cpp bytes a unit, which sizes and offsets count in. */
static void side_init(const Ce *c, SoftSide *s, bool dst, bool linear,
                      uint32_t cpp)
{
    uint32_t tile = dst ? CE_TILE_DST : 0;

    *s = (SoftSide) {
        .va = dst ? gpuvm_soft_va(REG(c, CE_DST_ADDRESS_HIGH),
                                  REG(c, CE_DST_ADDRESS_LOW)) :
                    gpuvm_soft_va(REG(c, CE_SRC_ADDRESS_HIGH),
                                  REG(c, CE_SRC_ADDRESS_LOW)),
        .tiled = !linear,
        .pitch = REG(c, dst ? CE_DST_PITCH : CE_SRC_PITCH),
        .x = REG(c, tile + CE_SRC_XOFF) * cpp,
        .y = REG(c, tile + CE_SRC_YOFF),
        .z = REG(c, tile + CE_SRC_ZOFF),
    };
    gpuvm_soft_bl_init(&s->bl, REG(c, tile + CE_SRC_TILE_MODE),
                       REG(c, tile + CE_SRC_XSIZE) * cpp,
                       REG(c, tile + CE_SRC_YSIZE));
}

typedef struct Swizzle {
    uint8_t from[MAX_PIXEL];    /* by destination byte */
    uint8_t consts[8];
    uint32_t src_cpp, dst_cpp;
    bool uses_src;
} Swizzle;

static void swizzle_init(const Ce *c, Swizzle *z)
{
    uint32_t format = REG(c, CE_FORMAT), bpc = CE_FORMAT_BPC(format);
    uint32_t i, b, n = 0;

    z->src_cpp = CE_FORMAT_SRC_COMPS(format) * bpc;
    z->dst_cpp = CE_FORMAT_DST_COMPS(format) * bpc;
    z->uses_src = false;
    for (i = 0; i < 4; i++) {
        z->consts[i] = REG(c, CE_SWZ_CONST0) >> (8 * i);
        z->consts[4 + i] = REG(c, CE_SWZ_CONST1) >> (8 * i);
    }
    for (i = 0; i < CE_FORMAT_DST_COMPS(format); i++) {
        uint32_t sel = CE_FORMAT_SEL(format, i);

        for (b = 0; b < bpc; b++, n++) {
            if (sel < CE_FORMAT_SEL_CONST0) {
                /* a component that the source lacks reads zero */
                z->from[n] = sel * bpc + b < z->src_cpp ? sel * bpc + b :
                             FROM_ZERO;
                z->uses_src |= z->from[n] != FROM_ZERO;
            } else if (sel <= CE_FORMAT_SEL_CONST1) {
                z->from[n] = FROM_CONST + 4 * (sel - CE_FORMAT_SEL_CONST0) +
                             b;
            } else {
                z->from[n] = FROM_ZERO;
            }
        }
    }
}

static void swizzle_pixels(const Swizzle *z, uint8_t *to, const uint8_t *from,
                           uint32_t n)
{
    uint32_t i, b;

    for (i = 0; i < n; i++) {
        for (b = 0; b < z->dst_cpp; b++) {
            uint8_t s = z->from[b];

            to[b] = s == FROM_ZERO ? 0 :
                    s >= FROM_CONST ? z->consts[s - FROM_CONST] : from[s];
        }
        to += z->dst_cpp;
        from += z->src_cpp;
    }
}

static SoftStatus copy_swizzled(SoftChan *chan, Ce *c, const Swizzle *z,
                                const SoftSide *dst, const SoftSide *src)
{
    uint32_t pixels = REG(c, CE_XCNT), lines = REG(c, CE_YCNT), x, y, n;
    uint8_t from[CHUNK * MAX_PIXEL] = { 0 }, to[CHUNK * MAX_PIXEL];
    SoftTlb *t = gpuvm_soft_chan_tlb(chan);
    SoftMemFault f;
    SoftPoll poll;

    gpuvm_soft_poll_init(&poll, chan);
    for (y = 0; y < lines; y++) {
        for (x = 0; x < pixels; x += n) {
            n = MIN(CHUNK, pixels - x);
            if (z->uses_src &&
                !gpuvm_soft_side_read(t, src, x * z->src_cpp, y, from,
                                      n * z->src_cpp, &f)) {
                return gpuvm_soft_chan_fault_mem(chan, c->engine, &f);
            }
            swizzle_pixels(z, to, from, n);
            if (!gpuvm_soft_side_write(t, dst, x * z->dst_cpp, y, to,
                                       n * z->dst_cpp, &f)) {
                return gpuvm_soft_chan_fault_mem(chan, c->engine, &f);
            }
            if (!gpuvm_soft_poll(&poll, n * MAX_PIXEL)) {
                return SOFT_OK;
            }
        }
    }
    return SOFT_OK;
}

static SoftStatus ce_query(SoftChan *chan, Ce *c, uint32_t exec)
{
    uint64_t va = gpuvm_soft_va(REG(c, CE_QUERY_ADDRESS_HIGH),
                                REG(c, CE_QUERY_ADDRESS_LOW));
    uint32_t counter = REG(c, CE_QUERY_COUNTER);

    if (!(exec & CE_EXEC_QUERY)) {
        return SOFT_OK;
    }
    if (exec & CE_EXEC_QUERY_SHORT) {
        return gpuvm_soft_report_short(chan, c->engine, va, counter);
    }
    return gpuvm_soft_report_long(chan, c->engine, va, counter, 0);
}

static SoftStatus ce_exec(SoftChan *chan, Ce *c, uint32_t exec)
{
    GpuvmHost *host = gpuvm_soft_chan_host(chan);
    Swizzle z = { .src_cpp = 1, .dst_cpp = 1 };
    SoftSide src, dst;
    SoftStatus st;
    uint64_t bytes;

    if (exec & CE_EXEC_FORMAT) {
        swizzle_init(c, &z);
    }
    side_init(c, &src, false, exec & CE_EXEC_SRC_LINEAR, z.src_cpp);
    side_init(c, &dst, true, exec & CE_EXEC_DST_LINEAR, z.dst_cpp);
    if (exec & CE_EXEC_FORMAT) {
        st = copy_swizzled(chan, c, &z, &dst, &src);
    } else {
        st = gpuvm_soft_rect_copy(chan, c->engine, &dst, &src,
                                  REG(c, CE_XCNT), REG(c, CE_YCNT));
    }
    if (st != SOFT_OK || gpuvm_soft_chan_aborted(chan)) {
        return st;
    }
    bytes = (uint64_t)REG(c, CE_XCNT) * z.dst_cpp * REG(c, CE_YCNT);
    gpuvm_count_n(&host->counters, GPUVM_CNT_COPY_BYTES, bytes);
    gpuvm_host_trace(host, GPUVM_TRACE_COPY, src.va, dst.va, bytes,
                     c->cls->id);
    return ce_query(chan, c, exec);
}

static SoftStatus ce_method(SoftChan *chan, void *obj, unsigned subc,
                            uint32_t mthd, uint32_t data, uint32_t left)
{
    Ce *c = obj;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (methods[i].mthd == mthd) {
            break;
        }
    }
    if (i == G_N_ELEMENTS(methods)) {
        return ce_error(chan, c, CE_ERROR_ILLEGAL_MTHD, subc, mthd, data);
    }
    if (data & ~methods[i].valid) {
        return ce_error(chan, c, CE_ERROR_INVALID_BITFIELD, subc, mthd, data);
    }
    REG(c, mthd) = data;
    return mthd == CE_EXEC ? ce_exec(chan, c, data) : SOFT_OK;
}

static void ce_xfer(SoftChan *chan, void *obj, GpuvmXfer *x)
{
    Ce *c = obj;

    gpuvm_xfer_begin(x, "CE", 1);
    gpuvm_xfer_words(x, c->regs, G_N_ELEMENTS(c->regs));
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        REG(c, methods[i].mthd) &= methods[i].valid;
    }
    gpuvm_xfer_end(x);
}

const SoftClass gpuvm_soft_class_ce0 = {
    .id = GF100_CLASS_CE0,
    .name = "ce0",
    .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE0),
    .create = ce0_create,
    .destroy = ce_destroy,
    .method = ce_method,
    .xfer = ce_xfer,
};

const SoftClass gpuvm_soft_class_ce1 = {
    .id = GF100_CLASS_CE1,
    .name = "ce1",
    .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE1),
    .create = ce1_create,
    .destroy = ce_destroy,
    .method = ce_method,
    .xfer = ce_xfer,
};
