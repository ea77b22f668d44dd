/*
 * CLEAR_BUFFERS: fills a rectangle of a render target, or of the depth and
 * stencil buffer, with one value.
 *
 * The value is packed into one pixel and a mask of the bits to be written
 * (format.c).  The rectangle is the screen scissor, the scissor of viewport 0
 * where CLEAR_FLAGS says so, and the surface's own size; with several samples
 * a pixel it grows by their number across and down, since surfaces count in
 * samples.  Each row is cut into runs that are contiguous in memory; a run is
 * a copy out of a repeated pattern, or read-modify-write under a mask.
 *
 * A linear target's width is its pitch in bytes; OpenGL and OpenCL fill
 * buffers through one.  The viewport's clip rectangle is left out: Mesa means
 * clears to cover the whole target.
 *
 * Sources: reference nvc0-compute.md 2.8; envytools rnndb/graph/gf100_3d.xml.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "soft/format.h"
#include "soft/gr.h"
#include "soft/query.h"
#include "soft/rect.h"
#include "spec/classes.h"
#include "spec/compute_methods.h"
#include "spec/gr3d_methods.h"
#include "spec/surface.h"

#define ROW_COST 64     /* what a row costs besides its bytes */

typedef struct ClearRect {
    uint64_t x0, y0, x1, y1;    /* samples; x1, y1 excluded */
} ClearRect;

typedef struct Clear {
    SoftSide to;
    uint32_t width, height;     /* samples */
    uint32_t bytes;             /* of one sample */
    bool masked;
    uint8_t value[SOFT_FORMAT_MAX_BYTES];
    uint8_t mask[SOFT_FORMAT_MAX_BYTES];
} Clear;

static void intersect(ClearRect *r, uint64_t x0, uint64_t x1, uint64_t y0,
                      uint64_t y1)
{
    r->x0 = MAX(r->x0, x0);
    r->x1 = MIN(r->x1, x1);
    r->y0 = MAX(r->y0, y0);
    r->y1 = MIN(r->y1, y1);
}

/* The rectangle in samples, not yet clipped to a surface. */
static ClearRect clear_rect(SoftGrObj *o)
{
    static const uint8_t ms_x[SURF_MS_MODES] = SURF_MS_X_LOG2;
    static const uint8_t ms_y[SURF_MS_MODES] = SURF_MS_Y_LOG2;
    uint32_t h = GR_REG(o, GR3D_SCREEN_SCISSOR_H);
    uint32_t v = GR_REG(o, GR3D_SCREEN_SCISSOR_V);
    uint32_t ms = GR_REG(o, GR3D_MULTISAMPLE_MODE);
    ClearRect r = {
        .x0 = h & 0xffff, .x1 = (h & 0xffff) + (h >> 16),
        .y0 = v & 0xffff, .y1 = (v & 0xffff) + (v >> 16),
    };

    if ((GR_REG(o, GR3D_CLEAR_FLAGS) & GR3D_CLEAR_FLAGS_SCISSOR) &&
        GR_REG(o, GR3D_SCISSOR_ENABLE)) {
        h = GR_REG(o, GR3D_SCISSOR_HORIZ);
        v = GR_REG(o, GR3D_SCISSOR_VERT);
        intersect(&r, h & 0xffff, h >> 16, v & 0xffff, v >> 16);
    }
    if (ms < SURF_MS_MODES) {
        r.x0 <<= ms_x[ms];
        r.x1 <<= ms_x[ms];
        r.y0 <<= ms_y[ms];
        r.y1 <<= ms_y[ms];
    }
    return r;
}

/* @n bytes at @p, which lies @phase bytes into a sample, under the mask. */
static void fill_masked(const Clear *c, uint8_t *p, uint64_t n,
                        uint32_t phase)
{
    uint64_t i;

    for (i = 0; i < n; i++) {
        uint8_t m = c->mask[phase];

        p[i] = (p[i] & ~m) | (c->value[phase] & m);
        phase = phase + 1 == c->bytes ? 0 : phase + 1;
    }
}

/* Fills @r; @pattern is the value repeated, a page and a sample long. */
static SoftStatus fill(SoftChan *chan, const Clear *c, const ClearRect *r,
                       const uint8_t *pattern)
{
    SoftTlb *t = gpuvm_soft_chan_tlb(chan);
    uint64_t begin = r->x0 * c->bytes, end = r->x1 * c->bytes, x, y;
    SoftMemFault f;
    SoftPoll poll;

    gpuvm_soft_poll_init(&poll, chan);
    for (y = r->y0; y < r->y1; y++) {
        for (x = begin; x < end;) {
            uint64_t run = end - x;
            uint64_t va = gpuvm_soft_side_at(&c->to, x, y, &run);
            uint8_t *p = gpuvm_soft_tlb_page(t, va, true, &f);

            if (!p) {
                return gpuvm_soft_chan_fault_mem(chan, GPUVM_ENGINE_GR, &f);
            }
            run = MIN(run, SOFT_PAGE_SIZE - va % SOFT_PAGE_SIZE);
            if (c->masked) {
                fill_masked(c, p, run, x % c->bytes);
            } else {
                memcpy(p, pattern + x % c->bytes, run);
            }
            x += run;
            if (!gpuvm_soft_poll(&poll, run)) {
                return SOFT_OK;
            }
        }
        if (!gpuvm_soft_poll(&poll, ROW_COST)) {
            return SOFT_OK;
        }
    }
    return SOFT_OK;
}

static SoftStatus clear_surface(SoftChan *chan, SoftGrObj *o, Clear *c)
{
    uint8_t pattern[SOFT_PAGE_SIZE + SOFT_FORMAT_MAX_BYTES];
    ClearRect r = clear_rect(o);
    uint32_t i;

    intersect(&r, 0, c->width, 0, c->height);
    if (r.x0 >= r.x1 || r.y0 >= r.y1) {
        return SOFT_OK;
    }
    c->masked = false;
    for (i = 0; i < c->bytes; i++) {
        c->masked |= c->mask[i] != 0xff;
    }
    for (i = 0; i < sizeof(pattern); i++) {
        pattern[i] = c->value[i % c->bytes];
    }
    return fill(chan, c, &r, pattern);
}

/* A surface's layer: a slice of a volume, or its own place in an array. */
static void set_layer(Clear *c, bool volume, uint32_t layer, uint32_t stride)
{
    if (volume) {
        c->to.z = layer;
    } else {
        c->to.va = (c->to.va + (uint64_t)layer * stride * 4) & SOFT_VA_MASK;
    }
}

static SoftStatus clear_colour(SoftChan *chan, SoftGrObj *o, uint32_t what)
{
    uint32_t rt = GR3D_RT_FIRST + GR3D_CLEAR_RT(what) * GR3D_RT_STRIDE;
    uint32_t mode, array, number;
    const SoftFormat *f;
    Clear c = { 0 };

    if (GR3D_CLEAR_RT(what) >= GR3D_RT_COUNT) {
        return SOFT_OK;
    }
    number = GR_REG(o, rt + GR3D_RT_FORMAT);
    f = gpuvm_soft_format(number);
    if (!f) {
        if (number) {
            gpuvm_soft_method_unknown(chan, GF100_CLASS_3D,
                                      rt + GR3D_RT_FORMAT, number);
        }
        return SOFT_OK;
    }
    mode = GR_REG(o, rt + GR3D_RT_TILE_MODE);
    array = GR_REG(o, rt + GR3D_RT_ARRAY_MODE);
    c.bytes = f->bytes;
    c.width = GR_REG(o, rt + GR3D_RT_HORIZ);
    c.height = GR_REG(o, rt + GR3D_RT_VERT);
    c.to.va = gpuvm_soft_va(GR_REG(o, rt + GR3D_RT_ADDRESS_HIGH),
                            GR_REG(o, rt + GR3D_RT_ADDRESS_LOW));
    c.to.tiled = !(mode & SURF_TILE_LINEAR);
    if (c.to.tiled) {
        c.width &= GR3D_RT_HORIZ_MASK;
        gpuvm_soft_bl_init(&c.to.bl, mode, c.width * c.bytes, c.height);
    } else {
        c.to.pitch = c.width;
        c.width /= c.bytes;
    }
    set_layer(&c, (mode & SURF_TILE_VOLUME) ||
              (array & GR3D_RT_ARRAY_VOLUME),
              GR_REG(o, rt + GR3D_RT_BASE_LAYER) + GR3D_CLEAR_LAYER(what),
              GR_REG(o, rt + GR3D_RT_LAYER_STRIDE));
    gpuvm_soft_format_pack(f, &GR_REG(o, GR3D_CLEAR_COLOR), c.value);
    gpuvm_soft_format_mask(f, GR3D_CLEAR_RGBA(what), c.mask);
    return clear_surface(chan, o, &c);
}

/* Depth in @bits of unsigned normalised integer. */
static uint32_t depth_unorm(uint32_t word, unsigned bits)
{
    float z;

    memcpy(&z, &word, sizeof(z));
    if (!(z > 0)) {
        return 0;
    }
    return (uint32_t)((z < 1 ? (double)z : 1.0) * ((1u << bits) - 1) + 0.5);
}

/* Value and mask of one depth-stencil sample; false: unknown format. */
static bool zeta_value(Clear *c, uint32_t format, uint32_t depth, uint32_t s,
                       uint32_t what)
{
    bool do_z = what & GR3D_CLEAR_Z, do_s = what & GR3D_CLEAR_S;
    uint64_t val, mask;

    s &= 0xff;
    c->bytes = 4;
    switch (format) {
    case ZETA_Z32_FLOAT:
        val = depth;
        mask = do_z ? 0xffffffff : 0;
        break;
    case ZETA_Z16_UNORM:
        c->bytes = 2;
        val = depth_unorm(depth, 16);
        mask = do_z ? 0xffff : 0;
        break;
    case ZETA_S8_Z24:
        val = depth_unorm(depth, 24) << 8 | s;
        mask = (do_z ? 0xffffff00 : 0) | (do_s ? 0xff : 0);
        break;
    case ZETA_Z24_X8:
    case ZETA_Z24_C8:
        val = depth_unorm(depth, 24);
        mask = do_z ? 0xffffffff : 0;
        break;
    case ZETA_Z24_S8:
        val = depth_unorm(depth, 24) | s << 24;
        mask = (do_z ? 0xffffff : 0) | (do_s ? 0xff000000 : 0);
        break;
    case ZETA_Z32_S8_X24:
        c->bytes = 8;
        val = depth | (uint64_t)s << 32;
        mask = (do_z ? 0xffffffff : 0) | (do_s ? 0xffull << 32 : 0);
        break;
    default:
        return false;
    }
    memcpy(c->value, &val, sizeof(val));
    memcpy(c->mask, &mask, sizeof(mask));
    return true;
}

static SoftStatus clear_zeta(SoftChan *chan, SoftGrObj *o, uint32_t what)
{
    uint32_t format = GR_REG(o, GR3D_ZETA_FORMAT);
    uint32_t mode = GR_REG(o, GR3D_ZETA_TILE_MODE);
    Clear c = { 0 };

    if (!GR_REG(o, GR3D_ZETA_ENABLE)) {
        return SOFT_OK;
    }
    if (!zeta_value(&c, format, GR_REG(o, GR3D_CLEAR_DEPTH),
                    GR_REG(o, GR3D_CLEAR_STENCIL), what)) {
        gpuvm_soft_method_unknown(chan, GF100_CLASS_3D, GR3D_ZETA_FORMAT,
                                  format);
        return SOFT_OK;
    }
    c.width = GR_REG(o, GR3D_ZETA_HORIZ) & GR3D_RT_HORIZ_MASK;
    c.height = GR_REG(o, GR3D_ZETA_VERT);
    c.to.va = gpuvm_soft_va(GR_REG(o, GR3D_ZETA_ADDRESS_HIGH),
                            GR_REG(o, GR3D_ZETA_ADDRESS_LOW));
    c.to.tiled = true;
    gpuvm_soft_bl_init(&c.to.bl, mode, c.width * c.bytes, c.height);
    set_layer(&c, mode & SURF_TILE_VOLUME,
              GR_REG(o, GR3D_ZETA_BASE_LAYER) + GR3D_CLEAR_LAYER(what),
              GR_REG(o, GR3D_ZETA_LAYER_STRIDE));
    return clear_surface(chan, o, &c);
}

SoftStatus gpuvm_soft_clear(SoftChan *chan, SoftGrObj *o, uint32_t what)
{
    SoftStatus st;

    if (!gpuvm_soft_cond_pass(chan, o->regs, &st)) {
        return st;
    }
    gpuvm_count(&gpuvm_soft_chan_host(chan)->counters, GPUVM_CNT_CLEARS);
    if (what & (GR3D_CLEAR_Z | GR3D_CLEAR_S)) {
        st = clear_zeta(chan, o, what);
    }
    if (st == SOFT_OK && GR3D_CLEAR_RGBA(what)) {
        st = clear_colour(chan, o, what);
    }
    return st;
}
