/*
 * Blits of the 2D class: a rectangle of one surface, converted and scaled,
 * into one of another.
 *
 * For every pixel of the destination rectangle, clipped to the surface and to
 * the clip rectangle, the position in the source is SRC + i * D, with 32 bits
 * of fraction; with the origin in the centre half a step is added, so that a
 * pixel's middle is meant.  Point sampling takes the pixel that the position
 * lies in, bilinear the four around it; positions outside take the nearest
 * one inside.
 *
 * A pixel between equal formats is copied as it is.  Else it goes through four
 * words (format.c); a source of one component is grey, and BETA4 takes those
 * channels away that its format has not (Mesa's use of SRCCOPY_PREMULT).  ROP
 * combines packed pixels with the destination and one pattern colour, which is
 * how Mesa writes depth without stencil.  Rows go through a buffer of some
 * pixels; between buffers the channel is asked whether it is aborted.
 *
 * Sources: envytools rnndb/graph/g80_2d.xml; which combinations matter, Mesa
 * 22.3 nvc0_surface.c.  How far a centre is from SRC is chosen so that copies
 * and flips of Mesa's take the right pixels.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "soft/format.h"
#include "soft/gr.h"
#include "soft/rect.h"
#include "spec/classes.h"
#include "spec/surface.h"
#include "spec/twod_methods.h"

#define PIXELS     64           /* of a row at once */
#define PIXEL_COST 64           /* bytes' worth of time for one */
#define FRACTION   4294967296.0

typedef struct BlitSurface {
    SoftSide side;
    const SoftFormat *format;
    uint32_t width, height;
} BlitSurface;

typedef struct Blit {
    BlitSurface dst, src;
    int64_t x0, y0, x1, y1;     /* destination, x1 and y1 excluded */
    int64_t dst_x, dst_y;       /* where position u0, v0 belongs */
    int64_t u0, v0, du, dv;     /* 32.32 */
    bool bilinear, raw, grey;
    uint32_t operation;
    uint8_t rop;
    uint32_t pattern;
    float beta[4];              /* R, G, B, A */
    SoftTlb *tlb;
    SoftMemFault fault;
} Blit;

static int64_t fixed(SoftGrObj *o, uint32_t fract)
{
    return (int64_t)((uint64_t)GR_REG(o, fract + 4) << 32 |
                     GR_REG(o, fract));
}

/* False: a format that is not known. */
static bool surface_init(SoftChan *chan, SoftGrObj *o, uint32_t at,
                         BlitSurface *s)
{
    uint32_t number = GR_REG(o, at + TWOD_SURF_FORMAT);

    s->format = gpuvm_soft_format(number);
    if (!s->format) {
        if (number) {
            gpuvm_soft_method_unknown(chan, GF100_CLASS_2D,
                                      at + TWOD_SURF_FORMAT, number);
        }
        return false;
    }
    s->width = MIN(GR_REG(o, at + TWOD_SURF_WIDTH), 0x10000);
    s->height = MIN(GR_REG(o, at + TWOD_SURF_HEIGHT), 0x10000);
    s->side = (SoftSide) {
        .va = gpuvm_soft_va(GR_REG(o, at + TWOD_SURF_ADDRESS_HIGH),
                            GR_REG(o, at + TWOD_SURF_ADDRESS_LOW)),
        .tiled = !GR_REG(o, at + TWOD_SURF_LINEAR),
        .pitch = GR_REG(o, at + TWOD_SURF_PITCH),
        .z = GR_REG(o, at + TWOD_SURF_LAYER),
    };
    gpuvm_soft_bl_init(&s->side.bl, GR_REG(o, at + TWOD_SURF_TILE_MODE),
                       s->width * s->format->bytes, s->height);
    return s->width && s->height;
}

static void rect_init(SoftGrObj *o, Blit *b)
{
    b->dst_x = (int32_t)GR_REG(o, TWOD_BLIT_DST_X);
    b->dst_y = (int32_t)GR_REG(o, TWOD_BLIT_DST_Y);
    b->x0 = MAX(b->dst_x, 0);
    b->y0 = MAX(b->dst_y, 0);
    b->x1 = MIN(b->dst_x + GR_REG(o, TWOD_BLIT_DST_W), b->dst.width);
    b->y1 = MIN(b->dst_y + GR_REG(o, TWOD_BLIT_DST_H), b->dst.height);
    if (GR_REG(o, TWOD_CLIP_ENABLE)) {
        int64_t x = (int32_t)GR_REG(o, TWOD_CLIP_X);
        int64_t y = (int32_t)GR_REG(o, TWOD_CLIP_Y);

        b->x0 = MAX(b->x0, x);
        b->y0 = MAX(b->y0, y);
        b->x1 = MIN(b->x1, x + GR_REG(o, TWOD_CLIP_W));
        b->y1 = MIN(b->y1, y + GR_REG(o, TWOD_CLIP_H));
    }
}

/* Half a step forward whichever way it goes; see the top of the file. */
static int64_t half(int64_t d)
{
    return d < 0 ? -(d / 2) : d / 2;
}

static void blit_init(SoftGrObj *o, Blit *b)
{
    static const uint8_t shift[4] = { 16, 8, 0, 24 };   /* A8R8G8B8 */
    uint32_t control = GR_REG(o, TWOD_BLIT_CONTROL);
    uint32_t beta = GR_REG(o, TWOD_BETA4);

    b->du = fixed(o, TWOD_BLIT_DU_DX_FRACT);
    b->dv = fixed(o, TWOD_BLIT_DV_DY_FRACT);
    b->u0 = fixed(o, TWOD_BLIT_SRC_X_FRACT);
    b->v0 = fixed(o, TWOD_BLIT_SRC_Y_FRACT);
    if (!(control & TWOD_BLIT_CONTROL_CORNER)) {
        b->u0 = (int64_t)((uint64_t)b->u0 + (uint64_t)half(b->du));
        b->v0 = (int64_t)((uint64_t)b->v0 + (uint64_t)half(b->dv));
    }
    b->operation = GR_REG(o, TWOD_OPERATION);
    b->rop = GR_REG(o, TWOD_ROP);
    b->pattern = GR_REG(o, TWOD_PATTERN_COLOR1);
    b->bilinear = control & TWOD_BLIT_CONTROL_BILINEAR;
    b->raw = b->dst.format == b->src.format && !b->bilinear &&
             b->operation != TWOD_OPERATION_SRCCOPY_PREMULT;
    b->grey = b->dst.format != b->src.format && !b->src.format->bits[1] &&
              b->src.format->order == SOFT_FORMAT_RGBA &&
              b->src.format->encoding != SOFT_FORMAT_SINT &&
              b->src.format->encoding != SOFT_FORMAT_UINT;
    for (unsigned i = 0; i < 4; i++) {
        b->beta[i] = ((beta >> shift[i]) & 0xff) / 255.0f;
    }
}

/* Position of step @i in whole pixels, wrapping where a guest is absurd. */
static int64_t step(int64_t at, int64_t d, int64_t i)
{
    return (int64_t)((uint64_t)at + (uint64_t)d * (uint64_t)i);
}

static bool read_pixel(Blit *b, int64_t x, int64_t y, uint8_t *px)
{
    uint32_t bytes = b->src.format->bytes;

    x = CLAMP(x, 0, (int64_t)b->src.width - 1);
    y = CLAMP(y, 0, (int64_t)b->src.height - 1);
    return gpuvm_soft_side_read(b->tlb, &b->src.side, (uint64_t)x * bytes, y,
                                px, bytes, &b->fault);
}

static bool is_integer(const SoftFormat *f)
{
    return f->encoding == SOFT_FORMAT_SINT || f->encoding == SOFT_FORMAT_UINT;
}

/* The four pixels around (@u, @v), weighted; integers take the first. */
static bool read_filtered(Blit *b, int64_t u, int64_t v, uint32_t rgba[4])
{
    const int64_t half_pixel = INT64_C(1) << 31;
    int64_t x = step(u, -half_pixel, 1), y = step(v, -half_pixel, 1);
    float fx = (uint32_t)x / FRACTION, fy = (uint32_t)y / FRACTION;
    float sum[4] = { 0, 0, 0, 0 };

    for (unsigned n = 0; n < 4; n++) {
        uint8_t px[SOFT_FORMAT_MAX_BYTES];
        float w = (n & 1 ? fx : 1 - fx) * (n & 2 ? fy : 1 - fy), c[4];

        if (!read_pixel(b, (x >> 32) + (n & 1), (y >> 32) + (n >> 1), px)) {
            return false;
        }
        gpuvm_soft_format_unpack(b->src.format, px, rgba);
        if (is_integer(b->src.format)) {
            return true;
        }
        memcpy(c, rgba, sizeof(c));
        for (unsigned i = 0; i < 4; i++) {
            sum[i] += w != 0 ? w * c[i] : 0;
        }
    }
    memcpy(rgba, sum, sizeof(sum));
    return true;
}

/* What lands in destination pixel @px before the raster operation. */
static bool convert(Blit *b, int64_t u, int64_t v, uint8_t *px)
{
    uint8_t from[SOFT_FORMAT_MAX_BYTES];
    uint32_t rgba[4];

    if (b->raw) {
        return read_pixel(b, u >> 32, v >> 32, px);
    }
    if (b->bilinear) {
        if (!read_filtered(b, u, v, rgba)) {
            return false;
        }
    } else {
        if (!read_pixel(b, u >> 32, v >> 32, from)) {
            return false;
        }
        gpuvm_soft_format_unpack(b->src.format, from, rgba);
    }
    if (b->grey) {
        rgba[1] = rgba[2] = rgba[0];
    }
    if (b->operation == TWOD_OPERATION_SRCCOPY_PREMULT &&
        !is_integer(b->src.format)) {
        float c[4];

        memcpy(c, rgba, sizeof(c));
        for (unsigned i = 0; i < 4; i++) {
            c[i] = b->beta[i] != 0 ? c[i] * b->beta[i] : 0;
        }
        memcpy(rgba, c, sizeof(c));
    }
    gpuvm_soft_format_pack(b->dst.format, rgba, px);
    return true;
}

/* ROP3: bit P * 4 + S * 2 + D of the operation is the result's. */
static void combine(const Blit *b, uint8_t *src, const uint8_t *dst,
                    uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint8_t p = b->pattern >> (8 * (i & 3)), out = 0;

        for (unsigned k = 0; k < 8; k++) {
            unsigned which = ((p >> k) & 1) << 2 | ((src[i] >> k) & 1) << 1 |
                             ((dst[i] >> k) & 1);

            out |= ((b->rop >> which) & 1) << k;
        }
        src[i] = out;
    }
}

/* @n pixels of row @y from @x on. */
static bool blit_run(Blit *b, int64_t x, int64_t y, unsigned n)
{
    uint8_t row[PIXELS * SOFT_FORMAT_MAX_BYTES];
    uint8_t old[PIXELS * SOFT_FORMAT_MAX_BYTES];
    uint32_t bytes = b->dst.format->bytes;
    int64_t v = step(b->v0, b->dv, y - b->dst_y);

    for (unsigned i = 0; i < n; i++) {
        if (!convert(b, step(b->u0, b->du, x + i - b->dst_x), v,
                     row + i * bytes)) {
            return false;
        }
    }
    if (b->operation == TWOD_OPERATION_ROP) {
        if (!gpuvm_soft_side_read(b->tlb, &b->dst.side, (uint64_t)x * bytes,
                                  y, old, (uint64_t)n * bytes, &b->fault)) {
            return false;
        }
        combine(b, row, old, (uint64_t)n * bytes);
    }
    return gpuvm_soft_side_write(b->tlb, &b->dst.side, (uint64_t)x * bytes, y,
                                 row, (uint64_t)n * bytes, &b->fault);
}

static SoftStatus blit_rows(SoftChan *chan, Blit *b)
{
    SoftPoll poll;

    gpuvm_soft_poll_init(&poll, chan);
    for (int64_t y = b->y0; y < b->y1; y++) {
        for (int64_t x = b->x0; x < b->x1; x += PIXELS) {
            unsigned n = MIN(PIXELS, b->x1 - x);

            if (!blit_run(b, x, y, n)) {
                return gpuvm_soft_chan_fault_mem(chan, GPUVM_ENGINE_GR,
                                                 &b->fault);
            }
            if (!gpuvm_soft_poll(&poll, (uint64_t)n * PIXEL_COST)) {
                return SOFT_OK;
            }
        }
    }
    return SOFT_OK;
}

SoftStatus gpuvm_soft_blit(SoftChan *chan, SoftGrObj *o)
{
    GpuvmHost *host = gpuvm_soft_chan_host(chan);
    Blit b = { .tlb = gpuvm_soft_chan_tlb(chan) };

    if (!surface_init(chan, o, TWOD_DST, &b.dst) ||
        !surface_init(chan, o, TWOD_SRC, &b.src)) {
        gpuvm_count(&host->counters, GPUVM_CNT_BLITS_SKIPPED);
        return SOFT_OK;
    }
    rect_init(o, &b);
    blit_init(o, &b);
    if (b.x0 < b.x1 && b.y0 < b.y1) {
        gpuvm_host_trace(host, GPUVM_TRACE_COPY, b.src.side.va, b.dst.side.va,
                         (uint64_t)(b.x1 - b.x0) * (b.y1 - b.y0) *
                         b.dst.format->bytes, GF100_CLASS_2D);
        return blit_rows(chan, &b);
    }
    return SOFT_OK;
}
