/*
 * BPTC blocks.  A small encoder here writes blocks of every mode from known
 * endpoints and indices; expected texels come from the specification's
 * formulas, written down again.  The tables (all partitions and anchors) are
 * checked by digests over random blocks: those are what another decoder, the
 * public bcdec, gives for the same blocks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "soft/bptc.h"

static uint32_t seed;

static uint32_t rnd(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8 ^ seed << 13;
}

typedef struct Writer {
    uint8_t block[16];
    unsigned pos;
} Writer;

static void put(Writer *w, uint32_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++, w->pos++) {
        w->block[w->pos / 8] |= (v >> i & 1) << (w->pos % 8);
    }
}

/* The partitions that the encoder uses: number, shape, anchors. */
typedef struct Shape {
    unsigned subsets, number;
    const char *picture;
    unsigned anchor[3];
} Shape;

static const Shape shapes[] = {
    { 1, 0, "0000" "0000" "0000" "0000", { 0 } },
    { 2, 13, "0000" "0000" "1111" "1111", { 0, 15 } },
    { 2, 17, "0111" "0001" "0000" "0000", { 0, 2 } },
    { 2, 28, "0001" "0111" "1110" "1000", { 0, 8 } },
    { 3, 8, "0000" "0000" "1111" "2222", { 0, 8, 15 } },
    { 3, 12, "0112" "0112" "0112" "0112", { 0, 6, 15 } },
};

/* 64ths of index @i of @n bits: evenly spaced, rounded. */
static int weight(unsigned i, unsigned n)
{
    unsigned top = (1u << n) - 1;

    return (2 * 64 * i + top) / (2 * top);
}

static int mix(int a, int b, int w)
{
    int v = a * (64 - w) + b * w + 32;

    return v >= 0 ? v / 64 : -((-v + 63) / 64);     /* rounded down */
}

/* Random indices, top bits of anchors zero, written to the block. */
static void put_indices(Writer *w, const Shape *s, unsigned n,
                        unsigned idx[16])
{
    for (unsigned i = 0; i < 16; i++) {
        bool anchor = i == s->anchor[s->picture[i] - '0'];

        idx[i] = rnd() % (1u << (n - anchor));
        put(w, idx[i], n - anchor);
    }
}

/* ---- BC7 ---- */

typedef struct Mode7 {
    unsigned ns, pb, rb, isb, cb, ab, epb, spb, ib, ib2;
} Mode7;

static const Mode7 modes7[8] = {
    { 3, 4, 0, 0, 4, 0, 1, 0, 3, 0 }, { 2, 6, 0, 0, 6, 0, 0, 1, 3, 0 },
    { 3, 6, 0, 0, 5, 0, 0, 0, 2, 0 }, { 2, 6, 0, 0, 7, 0, 1, 0, 2, 0 },
    { 1, 0, 2, 1, 5, 6, 0, 0, 2, 3 }, { 1, 0, 2, 0, 7, 8, 0, 0, 2, 2 },
    { 1, 0, 0, 0, 7, 7, 1, 0, 4, 0 }, { 2, 6, 0, 0, 5, 5, 1, 0, 2, 0 },
};

/* @n bits repeated from the top until the byte is full */
static unsigned to_byte(unsigned v, unsigned n)
{
    unsigned out = 0;

    for (unsigned k = 0; k < 8; k++) {
        out |= (v >> (n - 1 - k % n) & 1) << (7 - k);
    }
    return out;
}

static unsigned bc7_case(unsigned mode, const Shape *s)
{
    const Mode7 *m = &modes7[mode];
    unsigned v[4][3][2], p[3][2] = { { 0 } }, idx[16], idx2[16], bad = 0;
    unsigned rot = rnd() % (1u << m->rb), sel = rnd() % (1u << m->isb);
    unsigned has_p = m->epb || m->spb;
    Writer w = { { 0 }, 0 };

    put(&w, 1u << mode, mode + 1);
    put(&w, s->number, m->pb);
    put(&w, rot, m->rb);
    put(&w, sel, m->isb);
    for (unsigned c = 0; c < 4; c++) {
        unsigned n = c < 3 ? m->cb : m->ab;

        for (unsigned k = 0; k < m->ns * 2; k++) {
            v[c][k / 2][k % 2] = rnd() % (1u << n);
            put(&w, v[c][k / 2][k % 2], n);
        }
    }
    for (unsigned k = 0; k < m->ns * 2 && has_p; k++) {
        if (m->spb && k % 2) {
            p[k / 2][1] = p[k / 2][0];
        } else {
            p[k / 2][k % 2] = rnd() % 2;
            put(&w, p[k / 2][k % 2], 1);
        }
    }
    put_indices(&w, s, m->ib, idx);
    if (m->ib2) {
        put_indices(&w, &shapes[0], m->ib2, idx2);
    }
    CU_ASSERT_EQUAL(w.pos, 128);
    for (unsigned i = 0; i < 16; i++) {
        unsigned sub = s->picture[i] - '0', wc = weight(idx[i], m->ib);
        unsigned wa = m->ib2 ? weight(idx2[i], m->ib2) : wc;
        uint8_t want[4] = { 0, 0, 0, 255 }, got[4];

        for (unsigned c = 0; c < (m->ab ? 4 : 3); c++) {
            unsigned n = (c < 3 ? m->cb : m->ab), e[2];

            for (unsigned k = 0; k < 2; k++) {
                e[k] = has_p ? to_byte(2 * v[c][sub][k] + p[sub][k], n + 1) :
                               to_byte(v[c][sub][k], n);
            }
            want[c] = mix(e[0], e[1], (c == 3) != sel ? wa : wc);
        }
        if (rot) {
            uint8_t a = want[3];

            want[3] = want[rot - 1];
            want[rot - 1] = a;
        }
        gpuvm_soft_bc7_texel(w.block, i, got);
        bad += memcmp(got, want, 4) != 0;
    }
    return bad;
}

static void test_bc7_modes(void)
{
    seed = 7;
    for (unsigned mode = 0; mode < 8; mode++) {
        unsigned bad = 0, cases = 0;

        for (unsigned n = 0; n < 300; n++) {
            const Shape *s = &shapes[n % G_N_ELEMENTS(shapes)];

            if (s->subsets == modes7[mode].ns &&
                s->number < 1u << modes7[mode].pb) {
                bad += bc7_case(mode, s);
                cases++;
            }
        }
        CU_ASSERT(cases >= 50);
        CU_ASSERT_EQUAL(bad, 0);
    }
}

/* By hand: mode 5, colours (0,127,64) and (127,0,64), alpha 255 and 0. */
static void test_bc7_by_hand(void)
{
    Writer w = { { 0 }, 0 };
    uint8_t got[4];

    put(&w, 0x20, 6);
    put(&w, 0, 2);
    put(&w, 0 | 127 << 7, 14);
    put(&w, 127, 14);
    put(&w, 64 | 64 << 7, 14);
    put(&w, 255, 16);
    put(&w, 0 | 1 << 1 | 2 << 3 | 3 << 5, 31);      /* 0, 1, 2, 3, 0 ... */
    put(&w, 1 | 3 << 1 | 0 << 3 | 2 << 5, 31);      /* 1, 3, 0, 2, 0 ... */
    CU_ASSERT_EQUAL(w.pos, 128);
    gpuvm_soft_bc7_texel(w.block, 0, got);
    CU_ASSERT(!memcmp(got, (uint8_t[4]) { 0, 255, 129, 171 }, 4));
    gpuvm_soft_bc7_texel(w.block, 1, got);
    CU_ASSERT(!memcmp(got, (uint8_t[4]) { 84, 171, 129, 0 }, 4));
    gpuvm_soft_bc7_texel(w.block, 2, got);
    CU_ASSERT(!memcmp(got, (uint8_t[4]) { 171, 84, 129, 255 }, 4));
    gpuvm_soft_bc7_texel(w.block, 3, got);
    CU_ASSERT(!memcmp(got, (uint8_t[4]) { 255, 0, 129, 84 }, 4));
    gpuvm_soft_bc7_texel(w.block, 15, got);
    CU_ASSERT(!memcmp(got, (uint8_t[4]) { 0, 255, 129, 255 }, 4));
    /* the reserved mode */
    memset(w.block, 0xff, 16);
    w.block[0] = 0;
    gpuvm_soft_bc7_texel(w.block, 5, got);
    CU_ASSERT(!memcmp(got, "\0\0\0\0", 4));
}

/* ---- BC6H ---- */

/* Tables MF and F as the specification prints them. */
static const struct {
    unsigned mode, transformed, epb, delta[3];
    const char *format;
} modes6[] = {
    { 0, 1, 10, { 5, 5, 5 }, "m[1:0],g2[4],b2[4],b3[4],r0[9:0],g0[9:0],"
      "b0[9:0],r1[4:0],g3[4],g2[3:0],g1[4:0],b3[0],g3[3:0],b1[4:0],b3[1],"
      "b2[3:0],r2[4:0],b3[2],r3[4:0],b3[3]" },
    { 1, 1, 7, { 6, 6, 6 }, "m[1:0],g2[5],g3[4],g3[5],r0[6:0],b3[0],b3[1],"
      "b2[4],g0[6:0],b2[5],b3[2],g2[4],b0[6:0],b3[3],b3[5],b3[4],r1[5:0],"
      "g2[3:0],g1[5:0],g3[3:0],b1[5:0],b2[3:0],r2[5:0],r3[5:0]" },
    { 2, 1, 11, { 5, 4, 4 }, "m[4:0],r0[9:0],g0[9:0],b0[9:0],r1[4:0],r0[10],"
      "g2[3:0],g1[3:0],g0[10],b3[0],g3[3:0],b1[3:0],b0[10],b3[1],b2[3:0],"
      "r2[4:0],b3[2],r3[4:0],b3[3]" },
    { 6, 1, 11, { 4, 5, 4 }, "m[4:0],r0[9:0],g0[9:0],b0[9:0],r1[3:0],r0[10],"
      "g3[4],g2[3:0],g1[4:0],g0[10],g3[3:0],b1[3:0],b0[10],b3[1],b2[3:0],"
      "r2[3:0],b3[0],b3[2],r3[3:0],g2[4],b3[3]" },
    { 10, 1, 11, { 4, 4, 5 }, "m[4:0],r0[9:0],g0[9:0],b0[9:0],r1[3:0],"
      "r0[10],b2[4],g2[3:0],g1[3:0],g0[10],b3[0],g3[3:0],b1[4:0],b0[10],"
      "b2[3:0],r2[3:0],b3[1],b3[2],r3[3:0],b3[4],b3[3]" },
    { 14, 1, 9, { 5, 5, 5 }, "m[4:0],r0[8:0],b2[4],g0[8:0],g2[4],b0[8:0],"
      "b3[4],r1[4:0],g3[4],g2[3:0],g1[4:0],b3[0],g3[3:0],b1[4:0],b3[1],"
      "b2[3:0],r2[4:0],b3[2],r3[4:0],b3[3]" },
    { 18, 1, 8, { 6, 5, 5 }, "m[4:0],r0[7:0],g3[4],b2[4],g0[7:0],b3[2],"
      "g2[4],b0[7:0],b3[3],b3[4],r1[5:0],g2[3:0],g1[4:0],b3[0],g3[3:0],"
      "b1[4:0],b3[1],b2[3:0],r2[5:0],r3[5:0]" },
    { 22, 1, 8, { 5, 6, 5 }, "m[4:0],r0[7:0],b3[0],b2[4],g0[7:0],g2[5],"
      "g2[4],b0[7:0],g3[5],b3[4],r1[4:0],g3[4],g2[3:0],g1[5:0],g3[3:0],"
      "b1[4:0],b3[1],b2[3:0],r2[4:0],b3[2],r3[4:0],b3[3]" },
    { 26, 1, 8, { 5, 5, 6 }, "m[4:0],r0[7:0],b3[1],b2[4],g0[7:0],b2[5],"
      "g2[4],b0[7:0],b3[5],b3[4],r1[4:0],g3[4],g2[3:0],g1[4:0],b3[0],"
      "g3[3:0],b1[5:0],b2[3:0],r2[4:0],b3[2],r3[4:0],b3[3]" },
    { 30, 0, 6, { 6, 6, 6 }, "m[4:0],r0[5:0],g3[4],b3[0],b3[1],b2[4],"
      "g0[5:0],g2[5],b2[5],b3[2],g2[4],b0[5:0],g3[5],b3[3],b3[5],b3[4],"
      "r1[5:0],g2[3:0],g1[5:0],g3[3:0],b1[5:0],b2[3:0],r2[5:0],r3[5:0]" },
    { 3, 0, 10, { 10, 10, 10 }, "m[4:0],r0[9:0],g0[9:0],b0[9:0],r1[9:0],"
      "g1[9:0],b1[9:0]" },
    { 7, 1, 11, { 9, 9, 9 }, "m[4:0],r0[9:0],g0[9:0],b0[9:0],r1[8:0],"
      "r0[10],g1[8:0],g0[10],b1[8:0],b0[10]" },
    { 11, 1, 12, { 8, 8, 8 }, "m[4:0],r0[9:0],g0[9:0],b0[9:0],r1[7:0],"
      "r0[10:11],g1[7:0],g0[10:11],b1[7:0],b0[10:11]" },
    { 15, 1, 16, { 4, 4, 4 }, "m[4:0],r0[9:0],g0[9:0],b0[9:0],r1[3:0],"
      "r0[10:15],g1[3:0],g0[10:15],b1[3:0],b0[10:15]" },
};

/* Writes @mode and the endpoints' bits @v in the order that @format tells. */
static void put_format(Writer *w, const char *format, unsigned mode,
                       uint32_t v[3][4])
{
    for (const char *f = format; *f;) {
        uint32_t x = mode;
        char *end;
        long a, b;

        if (*f != 'm') {
            x = v[*f == 'r' ? 0 : *f == 'g' ? 1 : 2][f[1] - '0'];
            f++;
        }
        a = b = strtol(f + 2, &end, 10);
        if (*end == ':') {
            b = strtol(end + 1, &end, 10);
        }
        f = end + 1 + (end[1] == ',');
        if (a >= b) {
            put(w, x >> b, a - b + 1);
        } else {
            for (long i = b; i >= a; i--) {
                put(w, x >> i, 1);
            }
        }
    }
}

static int wrap_signed(int64_t v, unsigned bits)
{
    int64_t m = 1ll << bits;

    v = (v % m + m) % m;
    return v >= m / 2 ? v - m : v;
}

/* To the 16 bits in which colours are mixed. */
static int widen6(int x, int n, bool sign)
{
    int top = sign ? (1 << (n - 1)) - 1 : (1 << n) - 1, a = abs(x), u;

    if (n >= (sign ? 16 : 15)) {
        return x;
    }
    u = a == 0 ? 0 : a >= top ? (sign ? 0x7fff : 0xffff) :
        (a * 32768 + 16384) / (1 << (n - 1));
    return x < 0 ? -u : u;
}

static unsigned bc6h_case(unsigned k, const Shape *s, bool sign)
{
    unsigned n = modes6[k].epb, ends = 2 * s->subsets, idx[16], bad = 0;
    unsigned bits = s->subsets == 2 ? 3 : 4;
    uint32_t v[3][4] = { { 0 } };
    Writer w = { { 0 }, 0 };
    int e[3][4];

    for (unsigned c = 0; c < 3; c++) {
        for (unsigned i = 0; i < ends; i++) {
            unsigned width = i ? modes6[k].delta[c] : n;
            int64_t x = v[c][i] = rnd() % (1u << width);

            if (i && modes6[k].transformed) {
                x = wrap_signed(x, width) + (int64_t)v[c][0];
            }
            e[c][i] = wrap_signed(x, n);
            if (!sign && e[c][i] < 0) {
                e[c][i] += 1 << n;
            }
        }
    }
    put_format(&w, modes6[k].format, modes6[k].mode, v);
    if (s->subsets == 2) {
        put(&w, s->number, 5);
    }
    put_indices(&w, s, bits, idx);
    CU_ASSERT_EQUAL(w.pos, 128);
    for (unsigned i = 0; i < 16; i++) {
        unsigned sub = s->picture[i] - '0';
        uint16_t got[3];

        gpuvm_soft_bc6h_texel(w.block, i, sign, got);
        for (unsigned c = 0; c < 3; c++) {
            int m = mix(widen6(e[c][2 * sub], n, sign),
                        widen6(e[c][2 * sub + 1], n, sign),
                        weight(idx[i], bits));
            unsigned want = sign ? abs(m) * 31 / 32 | (m < 0 ? 0x8000 : 0) :
                                   m * 31 / 64;

            bad += got[c] != want;
        }
    }
    return bad;
}

static void test_bc6h_modes(void)
{
    seed = 6;
    for (unsigned k = 0; k < G_N_ELEMENTS(modes6); k++) {
        bool two = strstr(modes6[k].format, "r2") != NULL;
        unsigned bad = 0, cases = 0;

        for (unsigned n = 0; n < 300; n++) {
            const Shape *s = &shapes[n % G_N_ELEMENTS(shapes)];

            if (s->subsets == (two ? 2 : 1)) {
                bad += bc6h_case(k, s, n & 1) + bc6h_case(k, s, !(n & 1));
                cases++;
            }
        }
        CU_ASSERT(cases >= 50);
        CU_ASSERT_EQUAL(bad, 0);
    }
}

static void test_bc6h_reserved(void)
{
    static const uint8_t modes[] = { 19, 23, 27, 31 };

    for (unsigned i = 0; i < 4; i++) {
        uint16_t rgb[3] = { 1, 1, 1 };
        uint8_t b[16];

        memset(b, 0xff, 16);
        b[0] = 0xe0 | modes[i];
        gpuvm_soft_bc6h_texel(b, i, i & 1, rgb);
        CU_ASSERT_EQUAL(rgb[0] | rgb[1] | rgb[2], 0);
    }
}

/* ---- all tables ---- */

static uint32_t fnv(uint32_t h, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        h = (h ^ (v >> 8 * i & 255)) * 16777619u;
    }
    return h;
}

static void random_block(uint8_t b[16])
{
    for (unsigned i = 0; i < 16; i += 4) {
        uint32_t v = rnd();

        memcpy(b + i, &v, 4);
    }
}

static void test_digests(void)
{
    static const uint32_t bc7[8] = {
        0x2ea632bc, 0x769d7cb5, 0xa751f910, 0x2dabf8b2,
        0x388a89c6, 0xb23d5457, 0x9d1ed7be, 0x14b8803f,
    };
    static const uint32_t bc6h[2][14] = {
        {
            0x9463d0ae, 0x1d94485c, 0xd30b26f1, 0xb3bcff0f,
            0x229b01e1, 0x300ef970, 0x3b2183f7, 0xb1d35864,
            0x00671e7c, 0x4818d782, 0x764bd9a0, 0xc38c9c44,
            0x8954d428, 0x88e8f736,
        }, {
            0xa62121f8, 0xca03db64, 0x37b4765c, 0x77311ffb,
            0xc5947e5c, 0x4b256e68, 0xc3ed126d, 0x124a9c40,
            0x19400e90, 0xdfca61f9, 0x3844586b, 0xaa2acdec,
            0x91affd5c, 0x05aa0e91,
        },
    };

    for (unsigned mode = 0; mode < 8; mode++) {
        uint32_t h = 2166136261u;

        seed = 1 + mode;
        for (unsigned n = 0; n < 4096; n++) {
            uint8_t b[16], t[4];

            random_block(b);
            b[0] = (b[0] & ~((2u << mode) - 1)) | 1u << mode;
            for (unsigned i = 0; i < 64; i++) {
                if (i % 4 == 0) {
                    gpuvm_soft_bc7_texel(b, i / 4, t);
                }
                h = fnv(h, t[i % 4], 1);
            }
        }
        CU_ASSERT_EQUAL(h, bc7[mode]);
    }
    for (unsigned k = 0; k < 28; k++) {
        unsigned mode = modes6[k % 14].mode;
        uint32_t h = 2166136261u;

        seed = 100 + k % 14;
        for (unsigned n = 0; n < 4096; n++) {
            uint16_t t[3];
            uint8_t b[16];

            random_block(b);
            b[0] = (b[0] & ~(mode < 2 ? 3 : 31)) | mode;
            for (unsigned i = 0; i < 48; i++) {
                if (i % 3 == 0) {
                    gpuvm_soft_bc6h_texel(b, i / 3, k >= 14, t);
                }
                /* the other decoder has no negative zero */
                h = fnv(h, t[i % 3] == 0x8000 ? 0 : t[i % 3], 2);
            }
        }
        CU_ASSERT_EQUAL(h, bc6h[k / 14][k % 14]);
    }
}

static CU_TestInfo tests[] = {
    { "BC7, every mode", test_bc7_modes },
    { "BC7 by hand", test_bc7_by_hand },
    { "BC6H, every mode", test_bc6h_modes },
    { "BC6H, reserved modes", test_bc6h_reserved },
    { "all partitions and anchors", test_digests },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "bptc", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
