/*
 * BPTC blocks to texels.
 *
 * Both formats store, for each of one to three *subsets* of the 16 texels, two
 * endpoint colours, and for each texel an index of 2 to 4 bits that says how
 * far between the endpoints of its subset it is.  Which texel is of which
 * subset is one of 64 shapes, the block's *partition*.  In each subset one
 * texel, the *anchor*, has an index whose top bit is zero and not stored.
 *
 * The mode of a block, its lowest bits, says how many bits each part has.  In
 * BC7 the parts follow each other in one order, so a mode is a row of widths.
 * BC6H scatters the bits of its endpoints: a mode is a list of runs of bits.
 * There most modes store the first endpoint and differences to it; endpoints
 * are widened to 16 bits, interpolated as integers, and scaled so that the
 * integer is the half float's bits.
 *
 * A texel is decoded by itself; nothing is kept.  All 2^128 blocks decode.
 *
 * Facts: the OpenGL extension ARB_texture_compression_bptc, appendix (tables
 * M, P2, P3, A2, A3, MF and F).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/bptc.h"

#include <string.h>

/* ---- what both have ---- */

#define PARTITIONS 64
#define TEXELS 16

/* Table P2: bit i is the subset of texel i. */
static const uint16_t shape2[PARTITIONS] = {
    0xcccc, 0x8888, 0xeeee, 0xecc8, 0xc880, 0xfeec, 0xfec8, 0xec80,
    0xc800, 0xffec, 0xfe80, 0xe800, 0xffe8, 0xff00, 0xfff0, 0xf000,
    0xf710, 0x008e, 0x7100, 0x08ce, 0x008c, 0x7310, 0x3100, 0x8cce,
    0x088c, 0x3110, 0x6666, 0x366c, 0x17e8, 0x0ff0, 0x718e, 0x399c,
    0xaaaa, 0xf0f0, 0x5a5a, 0x33cc, 0x3c3c, 0x55aa, 0x9696, 0xa55a,
    0x73ce, 0x13c8, 0x324c, 0x3bdc, 0x6996, 0xc33c, 0x9966, 0x0660,
    0x0272, 0x04e4, 0x4e40, 0x2720, 0xc936, 0x936c, 0x39c6, 0x639c,
    0x9336, 0x9cc6, 0x817e, 0xe718, 0xccf0, 0x0fcc, 0x7744, 0xee22,
};

/* Table P3: bits 2i + 1, 2i are the subset of texel i. */
static const uint32_t shape3[PARTITIONS] = {
    0xaa685050, 0x6a5a5040, 0x5a5a4200, 0x5450a0a8,
    0xa5a50000, 0xa0a05050, 0x5555a0a0, 0x5a5a5050,
    0xaa550000, 0xaa555500, 0xaaaa5500, 0x90909090,
    0x94949494, 0xa4a4a4a4, 0xa9a59450, 0x2a0a4250,
    0xa5945040, 0x0a425054, 0xa5a5a500, 0x55a0a0a0,
    0xa8a85454, 0x6a6a4040, 0xa4a45000, 0x1a1a0500,
    0x0050a4a4, 0xaaa59090, 0x14696914, 0x69691400,
    0xa08585a0, 0xaa821414, 0x50a4a450, 0x6a5a0200,
    0xa9a58000, 0x5090a0a8, 0xa8a09050, 0x24242424,
    0x00aa5500, 0x24924924, 0x24499224, 0x50a50a50,
    0x500aa550, 0xaaaa4444, 0x66660000, 0xa5a0a5a0,
    0x50a050a0, 0x69286928, 0x44aaaa44, 0x66666600,
    0xaa444444, 0x54a854a8, 0x95809580, 0x96969600,
    0xa85454a8, 0x80959580, 0xaa141414, 0x96960000,
    0xaaaa1414, 0xa05050a0, 0xa0a5a5a0, 0x96000000,
    0x40804080, 0xa9a8a9a8, 0xaaaaaa44, 0x2a4a5254,
};

/* Table A2: anchor of the second of two subsets. */
static const uint8_t anchor2[PARTITIONS] = {
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15,  2,  8,  2,  2,  8,  8, 15,  2,  8,  2,  2,  8,  8,  2,  2,
    15, 15,  6,  8,  2,  8, 15, 15,  2,  8,  2,  2,  2, 15, 15,  6,
     6,  2,  6,  8, 15, 15,  2,  2, 15, 15, 15, 15, 15,  2,  2, 15,
};

/* Tables A3a and A3b: anchors of the second and third of three subsets. */
static const uint8_t anchor3[2][PARTITIONS] = {
    {
         3,  3, 15, 15,  8,  3, 15, 15,  8,  8,  6,  6,  6,  5,  3,  3,
         3,  3,  8, 15,  3,  3,  6, 10,  5,  8,  8,  6,  8,  5, 15, 15,
         8, 15,  3,  5,  6, 10,  8, 15, 15,  3, 15,  5, 15, 15, 15, 15,
         3, 15,  5,  5,  5,  8,  5, 10,  5, 10,  8, 13, 15, 12,  3,  3,
    }, {
        15,  8,  8,  3, 15, 15,  3,  8, 15, 15, 15, 15, 15, 15, 15,  8,
        15,  8, 15,  3, 15,  8, 15,  8,  3, 15,  6, 10, 15, 15, 10,  8,
        15,  3, 15, 10, 10,  8,  9, 10,  6, 15,  8, 15,  3,  6,  6,  8,
        15,  3, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  3, 15, 15,  8,
    },
};

/* Interpolation factors of 64, by index bits. */
static const uint8_t weights[5][TEXELS] = {
    [2] = { 0, 21, 43, 64 },
    [3] = { 0, 9, 18, 27, 37, 46, 55, 64 },
    [4] = { 0, 4, 9, 13, 17, 21, 26, 30, 34, 38, 43, 47, 51, 55, 60, 64 },
};

typedef struct Bits {
    uint64_t w[2];
    unsigned pos;
} Bits;

static Bits bits_of(const uint8_t block[SOFT_BPTC_BYTES])
{
    Bits b = { { 0, 0 }, 0 };

    for (unsigned i = 0; i < SOFT_BPTC_BYTES; i++) {
        b.w[i / 8] |= (uint64_t)block[i] << (8 * (i % 8));
    }
    return b;
}

/* @n bits (at most 16) from @pos, the lowest first. */
static unsigned bits_at(const Bits *b, unsigned pos, unsigned n)
{
    unsigned word = pos / 64, off = pos % 64;
    uint64_t v = b->w[word] >> off;

    if (word == 0 && off + n > 64) {
        v |= b->w[1] << (64 - off);
    }
    return (unsigned)v & ((1u << n) - 1);
}

static unsigned bits_take(Bits *b, unsigned n)
{
    unsigned v = n ? bits_at(b, b->pos, n) : 0;

    b->pos += n;
    return v;
}

static unsigned subset_of(unsigned subsets, unsigned partition, unsigned idx)
{
    switch (subsets) {
    case 2:
        return shape2[partition] >> idx & 1;
    case 3:
        return shape3[partition] >> (2 * idx) & 3;
    default:
        return 0;
    }
}

/* Index of texel @idx, of @n bits, where the indices begin at @pos: each
 * anchor before it has a bit less, and so has the texel if it is one. */
static unsigned index_of(const Bits *b, unsigned pos, unsigned n,
                         unsigned subsets, unsigned partition, unsigned idx)
{
    unsigned anchor[3] = { 0, 0, 0 }, width = n;

    if (subsets == 2) {
        anchor[1] = anchor2[partition];
    } else if (subsets == 3) {
        anchor[1] = anchor3[0][partition];
        anchor[2] = anchor3[1][partition];
    }
    pos += n * idx;
    for (unsigned s = 0; s < subsets; s++) {
        pos -= anchor[s] < idx;
        width -= anchor[s] == idx;
    }
    return bits_at(b, pos, width);
}

static int lerp(int a, int b, unsigned w)
{
    return (a * (64 - (int)w) + b * (int)w + 32) >> 6;
}

/* ---- BC7 ---- */

/* Table M */
typedef struct Bc7Mode {
    uint8_t subsets, partition_bits, rotation_bits, selection_bits;
    uint8_t color_bits, alpha_bits;
    uint8_t endpoint_p, shared_p;
    uint8_t index_bits, index2_bits;
} Bc7Mode;

static const Bc7Mode bc7_modes[8] = {
    { 3, 4, 0, 0, 4, 0, 1, 0, 3, 0 },
    { 2, 6, 0, 0, 6, 0, 0, 1, 3, 0 },
    { 3, 6, 0, 0, 5, 0, 0, 0, 2, 0 },
    { 2, 6, 0, 0, 7, 0, 1, 0, 2, 0 },
    { 1, 0, 2, 1, 5, 6, 0, 0, 2, 3 },
    { 1, 0, 2, 0, 7, 8, 0, 0, 2, 2 },
    { 1, 0, 0, 0, 7, 7, 1, 0, 4, 0 },
    { 2, 6, 0, 0, 5, 5, 1, 0, 2, 0 },
};

/* The top bits repeated below to fill a byte; @n is 5 to 8. */
static uint8_t widen(unsigned v, unsigned n)
{
    return v << (8 - n) | v >> (2 * n - 8);
}

/* Endpoints of @subset, from where @b stands to behind the P-bits. */
static void bc7_endpoints(const Bc7Mode *m, Bits *b, unsigned subset,
                          uint8_t e[2][4])
{
    unsigned raw[2][4] = { { 0 } }, p[2] = { 0, 0 };
    unsigned channels = m->alpha_bits ? 4 : 3;
    bool has_p = m->endpoint_p || m->shared_p;

    for (unsigned c = 0; c < channels; c++) {
        unsigned n = c < 3 ? m->color_bits : m->alpha_bits;

        raw[0][c] = bits_at(b, b->pos + 2 * n * subset, n);
        raw[1][c] = bits_at(b, b->pos + 2 * n * subset + n, n);
        b->pos += 2 * n * m->subsets;
    }
    for (unsigned i = 0; i < 2 && has_p; i++) {
        p[i] = bits_at(b, b->pos + (m->shared_p ? subset : 2 * subset + i),
                       1);
    }
    b->pos += m->subsets * (2 * m->endpoint_p + m->shared_p);
    for (unsigned i = 0; i < 2; i++) {
        e[i][3] = 255;
        for (unsigned c = 0; c < channels; c++) {
            unsigned n = c < 3 ? m->color_bits : m->alpha_bits;

            e[i][c] = has_p ? widen(raw[i][c] << 1 | p[i], n + 1) :
                              widen(raw[i][c], n);
        }
    }
}

void gpuvm_soft_bc7_texel(const uint8_t block[SOFT_BPTC_BYTES], unsigned idx,
                          uint8_t rgba[4])
{
    Bits b = bits_of(block);
    unsigned partition, rotation, select, pos, color, alpha, bits[2];
    const Bc7Mode *m;
    uint8_t e[2][4];

    if (!block[0]) {
        memset(rgba, 0, 4);
        return;
    }
    b.pos = __builtin_ctz(block[0]) + 1;
    m = &bc7_modes[b.pos - 1];
    partition = bits_take(&b, m->partition_bits);
    rotation = bits_take(&b, m->rotation_bits);
    select = bits_take(&b, m->selection_bits);
    bc7_endpoints(m, &b, subset_of(m->subsets, partition, idx), e);
    pos = b.pos;
    color = alpha = index_of(&b, pos, m->index_bits, m->subsets, partition,
                             idx);
    bits[0] = bits[1] = m->index_bits;
    if (m->index2_bits) {
        /* of alpha, or of colour if selected */
        unsigned other = index_of(&b, pos + m->index_bits * TEXELS - 1,
                                  m->index2_bits, 1, 0, idx);

        *(select ? &color : &alpha) = other;
        bits[!select] = m->index2_bits;
    }
    for (unsigned c = 0; c < 4; c++) {
        rgba[c] = lerp(e[0][c], e[1][c], c < 3 ? weights[bits[0]][color] :
                                                 weights[bits[1]][alpha]);
    }
    if (rotation) {
        uint8_t swap = rgba[3];

        rgba[3] = rgba[rotation - 1];
        rgba[rotation - 1] = swap;
    }
}

/* ---- BC6H ---- */

/* Channel (0..2) of endpoint @e (0..3); none is 0, which ends a list. */
#define BC6H_CHANNEL(c, e)  (1 + 4 * (c) + (e))

/* Bits @hi to @lo of a channel of an endpoint, the lowest first; if @hi is the
 * smaller one, they come from @lo down to @hi. */
typedef struct Bc6hRun {
    uint8_t what, hi, lo;
} Bc6hRun;

#define R0(hi, lo) { BC6H_CHANNEL(0, 0), hi, lo }
#define R1(hi, lo) { BC6H_CHANNEL(0, 1), hi, lo }
#define R2(hi, lo) { BC6H_CHANNEL(0, 2), hi, lo }
#define R3(hi, lo) { BC6H_CHANNEL(0, 3), hi, lo }
#define G0(hi, lo) { BC6H_CHANNEL(1, 0), hi, lo }
#define G1(hi, lo) { BC6H_CHANNEL(1, 1), hi, lo }
#define G2(hi, lo) { BC6H_CHANNEL(1, 2), hi, lo }
#define G3(hi, lo) { BC6H_CHANNEL(1, 3), hi, lo }
#define B0(hi, lo) { BC6H_CHANNEL(2, 0), hi, lo }
#define B1(hi, lo) { BC6H_CHANNEL(2, 1), hi, lo }
#define B2(hi, lo) { BC6H_CHANNEL(2, 2), hi, lo }
#define B3(hi, lo) { BC6H_CHANNEL(2, 3), hi, lo }

/* Tables MF and F */
typedef struct Bc6hMode {
    uint8_t bits;           /* of the first endpoint; 0: reserved mode */
    uint8_t delta[3];       /* bits of the others, by channel */
    bool transformed;       /* the others are differences to the first */
    bool two;               /* two subsets */
    Bc6hRun run[24];
} Bc6hMode;

static const Bc6hMode bc6h_modes[32] = {
    [0] = { 10, { 5, 5, 5 }, true, true, {
        G2(4, 4), B2(4, 4), B3(4, 4), R0(9, 0), G0(9, 0), B0(9, 0), R1(4, 0),
        G3(4, 4), G2(3, 0), G1(4, 0), B3(0, 0), G3(3, 0), B1(4, 0), B3(1, 1),
        B2(3, 0), R2(4, 0), B3(2, 2), R3(4, 0), B3(3, 3),
    } },
    [1] = { 7, { 6, 6, 6 }, true, true, {
        G2(5, 5), G3(4, 4), G3(5, 5), R0(6, 0), B3(0, 0), B3(1, 1), B2(4, 4),
        G0(6, 0), B2(5, 5), B3(2, 2), G2(4, 4), B0(6, 0), B3(3, 3), B3(5, 5),
        B3(4, 4), R1(5, 0), G2(3, 0), G1(5, 0), G3(3, 0), B1(5, 0), B2(3, 0),
        R2(5, 0), R3(5, 0),
    } },
    [2] = { 11, { 5, 4, 4 }, true, true, {
        R0(9, 0), G0(9, 0), B0(9, 0), R1(4, 0), R0(10, 10), G2(3, 0), G1(3, 0),
        G0(10, 10), B3(0, 0), G3(3, 0), B1(3, 0), B0(10, 10), B3(1, 1),
        B2(3, 0), R2(4, 0), B3(2, 2), R3(4, 0), B3(3, 3),
    } },
    [6] = { 11, { 4, 5, 4 }, true, true, {
        R0(9, 0), G0(9, 0), B0(9, 0), R1(3, 0), R0(10, 10), G3(4, 4), G2(3, 0),
        G1(4, 0), G0(10, 10), G3(3, 0), B1(3, 0), B0(10, 10), B3(1, 1),
        B2(3, 0), R2(3, 0), B3(0, 0), B3(2, 2), R3(3, 0), G2(4, 4), B3(3, 3),
    } },
    [10] = { 11, { 4, 4, 5 }, true, true, {
        R0(9, 0), G0(9, 0), B0(9, 0), R1(3, 0), R0(10, 10), B2(4, 4), G2(3, 0),
        G1(3, 0), G0(10, 10), B3(0, 0), G3(3, 0), B1(4, 0), B0(10, 10),
        B2(3, 0), R2(3, 0), B3(1, 1), B3(2, 2), R3(3, 0), B3(4, 4), B3(3, 3),
    } },
    [14] = { 9, { 5, 5, 5 }, true, true, {
        R0(8, 0), B2(4, 4), G0(8, 0), G2(4, 4), B0(8, 0), B3(4, 4), R1(4, 0),
        G3(4, 4), G2(3, 0), G1(4, 0), B3(0, 0), G3(3, 0), B1(4, 0), B3(1, 1),
        B2(3, 0), R2(4, 0), B3(2, 2), R3(4, 0), B3(3, 3),
    } },
    [18] = { 8, { 6, 5, 5 }, true, true, {
        R0(7, 0), G3(4, 4), B2(4, 4), G0(7, 0), B3(2, 2), G2(4, 4), B0(7, 0),
        B3(3, 3), B3(4, 4), R1(5, 0), G2(3, 0), G1(4, 0), B3(0, 0), G3(3, 0),
        B1(4, 0), B3(1, 1), B2(3, 0), R2(5, 0), R3(5, 0),
    } },
    [22] = { 8, { 5, 6, 5 }, true, true, {
        R0(7, 0), B3(0, 0), B2(4, 4), G0(7, 0), G2(5, 5), G2(4, 4), B0(7, 0),
        G3(5, 5), B3(4, 4), R1(4, 0), G3(4, 4), G2(3, 0), G1(5, 0), G3(3, 0),
        B1(4, 0), B3(1, 1), B2(3, 0), R2(4, 0), B3(2, 2), R3(4, 0), B3(3, 3),
    } },
    [26] = { 8, { 5, 5, 6 }, true, true, {
        R0(7, 0), B3(1, 1), B2(4, 4), G0(7, 0), B2(5, 5), G2(4, 4), B0(7, 0),
        B3(5, 5), B3(4, 4), R1(4, 0), G3(4, 4), G2(3, 0), G1(4, 0), B3(0, 0),
        G3(3, 0), B1(5, 0), B2(3, 0), R2(4, 0), B3(2, 2), R3(4, 0), B3(3, 3),
    } },
    [30] = { 6, { 6, 6, 6 }, false, true, {
        R0(5, 0), G3(4, 4), B3(0, 0), B3(1, 1), B2(4, 4), G0(5, 0), G2(5, 5),
        B2(5, 5), B3(2, 2), G2(4, 4), B0(5, 0), G3(5, 5), B3(3, 3), B3(5, 5),
        B3(4, 4), R1(5, 0), G2(3, 0), G1(5, 0), G3(3, 0), B1(5, 0), B2(3, 0),
        R2(5, 0), R3(5, 0),
    } },
    [3] = { 10, { 10, 10, 10 }, false, false, {
        R0(9, 0), G0(9, 0), B0(9, 0), R1(9, 0), G1(9, 0), B1(9, 0),
    } },
    [7] = { 11, { 9, 9, 9 }, true, false, {
        R0(9, 0), G0(9, 0), B0(9, 0), R1(8, 0), R0(10, 10), G1(8, 0),
        G0(10, 10), B1(8, 0), B0(10, 10),
    } },
    [11] = { 12, { 8, 8, 8 }, true, false, {
        R0(9, 0), G0(9, 0), B0(9, 0), R1(7, 0), R0(10, 11), G1(7, 0),
        G0(10, 11), B1(7, 0), B0(10, 11),
    } },
    [15] = { 16, { 4, 4, 4 }, true, false, {
        R0(9, 0), G0(9, 0), B0(9, 0), R1(3, 0), R0(10, 15), G1(3, 0),
        G0(10, 15), B1(3, 0), B0(10, 15),
    } },
};

#define BC6H_PARTITION_BITS 5

static int sign_extend(unsigned v, unsigned bits)
{
    return (int)(v << (32 - bits)) >> (32 - bits);
}

/* The four endpoints' channels as stored; @b stands behind them then. */
static void bc6h_read(const Bc6hMode *m, Bits *b, unsigned raw[3][4])
{
    memset(raw, 0, 3 * sizeof(raw[0]));
    for (const Bc6hRun *r = m->run; r->what; r++) {
        unsigned *v = &raw[(r->what - 1) / 4][(r->what - 1) % 4];

        if (r->hi >= r->lo) {
            *v |= bits_take(b, r->hi - r->lo + 1) << r->lo;
            continue;
        }
        /* reversed: the highest bit comes first */
        for (unsigned i = r->lo; i >= r->hi; i--) {
            *v |= bits_take(b, 1) << i;
        }
    }
}

/* A stored value to 16 bits (17 with the sign). */
static int bc6h_unquantize(int x, unsigned bits, bool has_sign)
{
    int a = x < 0 ? -x : x, u;

    if (!has_sign) {
        if (bits >= 15 || x == 0) {
            return x;
        }
        return x == (1 << bits) - 1 ? 0xffff :
               ((x << 15) + 0x4000) >> (bits - 1);
    }
    if (bits >= 16 || x == 0) {
        return x;
    }
    u = a >= (1 << (bits - 1)) - 1 ? 0x7fff :
        ((a << 15) + 0x4000) >> (bits - 1);
    return x < 0 ? -u : u;
}

/* Endpoint @e (0..3) of channel @c, ready to interpolate. */
static int bc6h_endpoint(const Bc6hMode *m, const unsigned raw[4], unsigned c,
                         unsigned e, bool has_sign)
{
    unsigned v = raw[e], mask = (1u << m->bits) - 1;
    int x;

    if (e && m->transformed) {
        v = (raw[0] + (unsigned)sign_extend(v, m->delta[c])) & mask;
    }
    x = has_sign ? sign_extend(v, m->bits) : (int)v;
    return bc6h_unquantize(x, m->bits, has_sign);
}

static uint16_t bc6h_finish(int x, bool has_sign)
{
    if (!has_sign) {
        return x * 31 >> 6;
    }
    return x < 0 ? (-x * 31 >> 5) | 0x8000 : x * 31 >> 5;
}

void gpuvm_soft_bc6h_texel(const uint8_t block[SOFT_BPTC_BYTES], unsigned idx,
                           bool has_sign, uint16_t rgb[3])
{
    Bits b = bits_of(block);
    unsigned mode = bits_take(&b, 2), n, w, subsets, partition = 0, first;
    unsigned raw[3][4];
    const Bc6hMode *m;

    if (mode >= 2) {
        mode |= bits_take(&b, 3) << 2;
    }
    m = &bc6h_modes[mode];
    if (!m->bits) {
        memset(rgb, 0, 3 * sizeof(rgb[0]));
        return;
    }
    bc6h_read(m, &b, raw);
    subsets = m->two ? 2 : 1;
    n = m->two ? 3 : 4;
    if (m->two) {
        partition = bits_take(&b, BC6H_PARTITION_BITS);
    }
    first = 2 * subset_of(subsets, partition, idx);
    w = weights[n][index_of(&b, b.pos, n, subsets, partition, idx)];
    for (unsigned c = 0; c < 3; c++) {
        int e0 = bc6h_endpoint(m, raw[c], c, first, has_sign);
        int e1 = bc6h_endpoint(m, raw[c], c, first + 1, has_sign);

        rgb[c] = bc6h_finish(lerp(e0, e1, w), has_sign);
    }
}
