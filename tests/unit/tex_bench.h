/*
 * Texture instructions on a warp: their encodings, textures laid out as Mesa
 * lays them out (its tile sizes by level, mip offsets and layer strides, its
 * TIC and TSC words) with an own tiling function.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_TEX_BENCH_H
#define GPUVM_TESTS_TEX_BENCH_H

#include "warp_bench.h"
#include "spec/tic.h"

#define R_C 8                   /* coordinates */
#define R_E 16                  /* extras */
#define R_D 24                  /* results */
#define TIC_AT 0x1000u
#define TSC_AT 0x2000u
#define TEX_AT 0x10000u

enum { DIM1, DIM2, DIM3, DIMCUBE };
enum { LOD_AUTO, LOD_ZERO, LOD_BIAS, LOD_GIVEN };

/* ---- encodings ---- */

#define TX_ARRAY   (1u << 19)
#define TX_IND     (1u << 18)
#define TX_OFFSET  (1u << 22)
#define TX_FOUR    (1u << 23)
#define TX_SHADOW  (1u << 24)
#define TX_QUAD    (1u << 13)

static inline uint64_t tx(uint32_t op, unsigned dim, uint32_t bits,
                          unsigned lod, unsigned mask)
{
    return wi(op | dim << 20 | bits | lod << 25 | mask << 14,
              0x106 | R_D << 14 | R_C << 20 | R_E << 26);
}

static inline uint64_t tx_sample(unsigned dim, uint32_t bits, unsigned lod)
{
    return tx(0x80000000, dim, bits, lod, 0xf);
}

static inline uint64_t tx_fetch(unsigned dim, uint32_t bits, bool lod)
{
    return tx(0x90000000, dim, bits, lod, 0xf);
}

/* ---- textures as Mesa makes them ---- */

typedef struct Tex {
    unsigned w, h, d, layers, levels, bytes;
    bool is_3d;
    unsigned mode[15];
    uint64_t offset[15], layer_stride;
} Tex;

static inline unsigned tile_mode(unsigned ny, unsigned nz, bool is_3d)
{
    unsigned m = ny > 64 ? 0x40 : ny > 32 ? 0x30 : ny > 16 ? 0x20 :
                 ny > 8 ? 0x10 : 0;

    if (!is_3d) {
        return m;
    }
    m = MIN(m, 0x20);
    if (nz > 16 && m < 0x20) {
        return m | 0x500;
    }
    return m | (nz > 8 ? 0x400 : nz > 4 ? 0x300 : nz > 2 ? 0x200 :
                nz > 1 ? 0x100 : 0);
}

static inline unsigned up(unsigned v, unsigned to)
{
    return (v + to - 1) / to * to;
}

static inline void tex_layout(Tex *t)
{
    uint64_t total = 0;

    for (unsigned l = 0; l < t->levels; l++) {
        unsigned w = MAX(t->w >> l, 1), h = MAX(t->h >> l, 1);
        unsigned d = t->is_3d ? MAX(t->d >> l, 1) : 1, m;

        m = t->mode[l] = tile_mode(h, d, t->is_3d);
        t->offset[l] = total;
        total += (uint64_t)up(w * t->bytes, 64) *
                 up(h, 8 << (m >> 4 & 15)) * up(d, 1 << (m >> 8));
    }
    t->layer_stride = (total + (512u << (t->mode[0] >> 4 & 15)) - 1) /
                      (512u << (t->mode[0] >> 4 & 15)) *
                      (512u << (t->mode[0] >> 4 & 15));
}

/* Where a texel is; z is a slice of a 3D texture, else a layer. */
static inline uint8_t *texel(WarpBench *wb, const Tex *t, unsigned level,
                             unsigned x, unsigned y, unsigned z)
{
    unsigned bh = t->mode[level] >> 4 & 15, bd = t->mode[level] >> 8;
    unsigned w = MAX(t->w >> level, 1), h = MAX(t->h >> level, 1);
    unsigned gx = (w * t->bytes + 63) / 64, by = (h + (8u << bh) - 1) >>
                  (3 + bh);
    uint64_t at = TEX_AT + t->offset[level];
    unsigned xb = x * t->bytes, slice = t->is_3d ? z : 0;
    uint64_t block = ((uint64_t)(slice >> bd) * by + (y >> (3 + bh))) * gx +
                     xb / 64;

    if (!t->is_3d) {
        at += z * t->layer_stride;
    }
    at += block << (9 + bh + bd);
    at += (uint64_t)(slice & ((1u << bd) - 1)) << (9 + bh);
    at += (y >> 3 & ((1u << bh) - 1)) * 512 + y % 8 * 64 + xb % 64;
    return wb->mem + at;
}

#define id_map ((uint32_t)(2 | 3 << 3 | 4 << 6 | 5 << 9))

static inline uint32_t tic0(unsigned fmt, unsigned type, uint32_t map)
{
    return fmt | type << 6 | type << 9 | type << 12 | type << 15 | map << 18;
}

static inline void tic_write(WarpBench *wb, unsigned index, const uint32_t *w)
{
    memcpy(wb->mem + TIC_AT + 32 * index, w, 32);
    wb->l.tic[index] = index + 1;
}

static inline void tic_for(WarpBench *wb, unsigned index, const Tex *t,
                           uint32_t word0, unsigned target, bool normalized)
{
    uint64_t va = wb->b.va + TEX_AT;
    unsigned depth = t->is_3d ? t->d : target == TIC_TARGET_CUBE ||
                     target == TIC_TARGET_CUBE_ARRAY ? t->layers / 6 :
                     t->layers;
    uint32_t w[8] = {
        word0, va,
        0x10001000 | (uint32_t)(va >> 32) | target << 14 |
        (t->mode[0] & 0xf0) << 18 | (t->mode[0] & 0xf00) << 17 |
        (uint32_t)normalized << 31,
        0x00300000, 1u << 31 | t->w, t->h | depth << 16 |
        (t->levels - 1) << 28, 0x03000000, (t->levels - 1) << 4,
    };

    tic_write(wb, index, w);
}

typedef struct Sampler {
    unsigned wrap[3], mag, min, mip;
    int compare;                /* -1: none */
    float bias, min_lod, max_lod;
    float border[4];
} Sampler;

static const Sampler G_GNUC_UNUSED nearest = {
    { 2, 2, 2 }, 1, 1, 1, -1, 0, 0, 15, { 0 }
};
static const Sampler G_GNUC_UNUSED bilinear = {
    { 2, 2, 2 }, 2, 2, 1, -1, 0, 0, 15, { 0 }
};

static inline void tsc_write(WarpBench *wb, unsigned index, const Sampler *s)
{
    uint32_t w[8] = {
        0x26000 | s->wrap[0] | s->wrap[1] << 3 | s->wrap[2] << 6,
        s->mag | s->min << 4 | s->mip << 6 |
        ((uint32_t)(int)(s->bias * 256) & 0x1fff) << 12,
        (uint32_t)(s->max_lod * 256) << 12 | (uint32_t)(s->min_lod * 256),
    };

    if (s->compare >= 0) {
        w[0] |= 1 << 9 | s->compare << 10;
    }
    memcpy(w + 4, s->border, 16);
    memcpy(wb->mem + TSC_AT + 32 * index, w, 32);
    wb->l.tsc[index] = index + 1;
}

static inline WarpBench *tex_bench(void)
{
    WarpBench *wb = wb_new();

    wb->l.tic_va = wb->b.va + TIC_AT;
    wb->l.tsc_va = wb->b.va + TSC_AT;
    wb->l.tic_limit = wb->l.tsc_limit = 0x7ff;
    tsc_write(wb, 0, &nearest);
    return wb;
}

static inline void set_f(WarpBench *wb, unsigned reg, unsigned lane, float v)
{
    memcpy(&wb->w->r[reg][lane], &v, 4);
}

static inline float get_f(WarpBench *wb, unsigned reg, unsigned lane)
{
    float v;

    memcpy(&v, &wb->w->r[reg][lane], 4);
    return v;
}

static inline void run(WarpBench *wb, SoftOp op, uint64_t word)
{
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_tex, op, word, ~0u),
                    SOFT_EXEC_OK);
}

/* R32F texture of a function of the position. */
static inline float value(unsigned level, unsigned x, unsigned y, unsigned z)
{
    return (float)(level * 100000 + z * 1000 + y * 37 + x);
}

static inline void fill_r32f(WarpBench *wb, Tex *t)
{
    t->bytes = 4;
    tex_layout(t);
    for (unsigned l = 0; l < t->levels; l++) {
        unsigned depth = t->is_3d ? MAX(t->d >> l, 1) : t->layers;

        for (unsigned z = 0; z < depth; z++) {
            for (unsigned y = 0; y < MAX(t->h >> l, 1); y++) {
                for (unsigned x = 0; x < MAX(t->w >> l, 1); x++) {
                    float v = value(l, x, y, z);

                    memcpy(texel(wb, t, l, x, y, z), &v, 4);
                }
            }
        }
    }
}

#define R32F tic0(TIC_FMT_32, TIC_TYPE_FLOAT, 2 | 0 << 3 | 0 << 6 | 7 << 9)

#endif
