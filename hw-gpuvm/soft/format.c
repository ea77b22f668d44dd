/*
 * Colour formats: pack and unpack.
 *
 * A format is a row of the table in spec/surface.h: bits per component in
 * memory order, an encoding and an order.  A pixel is at most 128 bits; it is
 * handled as components of a little-endian bit string, each encoded by itself,
 * so that there is no code per format.
 *
 * Small floats (16, 11, 10 bits) share one codec: 5 exponent bits of bias 15
 * and 10, 6 or 5 mantissa bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/format.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "spec/surface.h"

#define F32_ONE 0x3f800000u

static const SoftFormat formats[SURF_FORMAT_LAST - SURF_FORMAT_FIRST + 1] = {
#define X(num, fname, nbytes, enc, b0, b1, b2, b3, ord)                       \
    [num - SURF_FORMAT_FIRST] = {                                             \
        .name = #fname, .bytes = nbytes, .encoding = SOFT_FORMAT_##enc,       \
        .order = SOFT_FORMAT_##ord, .bits = { b0, b1, b2, b3 },               \
    },
    SURF_FORMATS(X)
#undef X
};

/* memory position -> component of rgba[], by SoftFormatOrder */
static const uint8_t order_map[][4] = {
    [SOFT_FORMAT_RGBA] = { 0, 1, 2, 3 },
    [SOFT_FORMAT_BGRA] = { 2, 1, 0, 3 },
    [SOFT_FORMAT_RGBX] = { 0, 1, 2, 3 },
    [SOFT_FORMAT_BGRX] = { 2, 1, 0, 3 },
    [SOFT_FORMAT_ALPHA] = { 3, 0, 1, 2 },
};

const SoftFormat *gpuvm_soft_format(uint32_t number)
{
    const SoftFormat *f;

    if (number < SURF_FORMAT_FIRST || number > SURF_FORMAT_LAST) {
        return NULL;
    }
    f = &formats[number - SURF_FORMAT_FIRST];
    return f->name ? f : NULL;
}

static inline float as_float(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof(f));
    return f;
}

static inline uint32_t as_u32(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof(u));
    return u;
}

/* f32 -> 5-bit exponent, @mbits of mantissa, without sign; nearest even */
static uint32_t small_float(uint32_t abs, unsigned mbits)
{
    uint32_t inf = 31u << mbits;
    uint32_t exp = abs >> 23, man = abs & 0x7fffff;
    uint32_t shift, val, rest, half;

    if (exp == 255) {
        return man ? inf | 1u << (mbits - 1) : inf;
    }
    if (exp > 127 + 15) {
        return inf;
    }
    if (exp >= 127 - 14) {
        shift = 23 - mbits;
        val = ((exp - (127 - 15)) << 23) | man;
    } else {
        /* denormal: the leading one becomes explicit */
        shift = 23 - mbits + (127 - 14 - exp);
        if (exp == 0 || shift > 24) {
            return 0;
        }
        val = man | 0x800000;
    }
    rest = val & ((1u << shift) - 1);
    half = 1u << (shift - 1);
    val >>= shift;
    /* a carry out of the mantissa is the next exponent, up to infinity */
    return val + (rest > half || (rest == half && (val & 1)));
}

static uint32_t from_small_float(uint32_t v, unsigned mbits)
{
    uint32_t exp = (v >> mbits) & 31, man = v & ((1u << mbits) - 1);

    if (exp == 31) {
        return 0x7f800000 | man << (23 - mbits);
    }
    if (exp == 0) {
        return as_u32(ldexpf((float)man, -14 - (int)mbits));
    }
    return (exp + 127 - 15) << 23 | man << (23 - mbits);
}

uint16_t gpuvm_soft_f32_to_f16(uint32_t f32)
{
    return (f32 >> 16 & 0x8000) | small_float(f32 & 0x7fffffff, 10);
}

uint32_t gpuvm_soft_f16_to_f32(uint16_t f16)
{
    return (uint32_t)(f16 & 0x8000) << 16 | from_small_float(f16 & 0x7fff, 10);
}

static uint32_t pack_float(uint32_t v, unsigned bits)
{
    bool nan = (v & 0x7fffffff) > 0x7f800000;

    switch (bits) {
    case 32:
        return v;
    case 16:
        return gpuvm_soft_f32_to_f16(v);
    default:
        /* no sign bit: below zero becomes zero */
        return (v >> 31) && !nan ? 0 : small_float(v & 0x7fffffff, bits - 5);
    }
}

static uint32_t unpack_float(uint32_t v, unsigned bits)
{
    switch (bits) {
    case 32:
        return v;
    case 16:
        return gpuvm_soft_f16_to_f32(v);
    default:
        return from_small_float(v, bits - 5);
    }
}

/* The sRGB transfer functions of IEC 61966-2-1 */
static float srgb_encode(float x)
{
    return x <= 0.0031308f ? 12.92f * x : 1.055f * powf(x, 1 / 2.4f) - 0.055f;
}

static float srgb_decode(float x)
{
    return x <= 0.04045f ? x / 12.92f : powf((x + 0.055f) / 1.055f, 2.4f);
}

static uint32_t pack_unorm(float x, unsigned bits)
{
    double max = (double)((1ull << bits) - 1);

    if (!(x > 0)) {
        return 0;               /* NaN too */
    }
    return x >= 1 ? (uint32_t)max : (uint32_t)lrint((double)x * max);
}

static uint32_t pack_snorm(float x, unsigned bits)
{
    double max = (double)((1ull << (bits - 1)) - 1);
    long v;

    if (isnan(x)) {
        return 0;
    }
    v = x >= 1 ? (long)max : x <= -1 ? -(long)max : lrint((double)x * max);
    return (uint32_t)v;
}

static float unpack_snorm(uint32_t v, unsigned bits)
{
    double max = (double)((1ull << (bits - 1)) - 1);
    int32_t s = (int32_t)(v << (32 - bits)) >> (32 - bits);

    return s <= -max ? -1.0f : (float)(s / max);
}

static uint32_t pack_sint(uint32_t v, unsigned bits)
{
    int64_t max = (1ll << (bits - 1)) - 1, s = (int32_t)v;

    return (uint32_t)(s > max ? max : s < -max - 1 ? -max - 1 : s);
}

static uint32_t pack_uint(uint32_t v, unsigned bits)
{
    uint64_t max = (1ull << bits) - 1;

    return v > max ? (uint32_t)max : v;
}

static uint32_t pack_one(const SoftFormat *f, unsigned comp, uint32_t v,
                         unsigned bits)
{
    switch (f->encoding) {
    case SOFT_FORMAT_SRGB:
        if (comp < 3) {
            float x = as_float(v);

            return pack_unorm(x > 0 && x < 1 ? srgb_encode(x) : x, bits);
        }
        return pack_unorm(as_float(v), bits);
    case SOFT_FORMAT_UNORM:
        return pack_unorm(as_float(v), bits);
    case SOFT_FORMAT_SNORM:
        return pack_snorm(as_float(v), bits);
    case SOFT_FORMAT_SINT:
        return pack_sint(v, bits);
    case SOFT_FORMAT_UINT:
        return pack_uint(v, bits);
    default:
        return pack_float(v, bits);
    }
}

static uint32_t unpack_one(const SoftFormat *f, unsigned comp, uint32_t v,
                           unsigned bits)
{
    double max = (double)((1ull << bits) - 1);

    switch (f->encoding) {
    case SOFT_FORMAT_SRGB:
        if (comp < 3) {
            return as_u32(srgb_decode((float)(v / max)));
        }
        return as_u32((float)(v / max));
    case SOFT_FORMAT_UNORM:
        return as_u32((float)(v / max));
    case SOFT_FORMAT_SNORM:
        return as_u32(unpack_snorm(v, bits));
    case SOFT_FORMAT_SINT:
        return (uint32_t)((int32_t)(v << (32 - bits)) >> (32 - bits));
    case SOFT_FORMAT_UINT:
        return v;
    default:
        return unpack_float(v, bits);
    }
}

static bool is_filler(const SoftFormat *f, unsigned comp)
{
    return comp == 3 &&
           (f->order == SOFT_FORMAT_RGBX || f->order == SOFT_FORMAT_BGRX);
}

static void store_bits(const SoftFormat *f, const uint64_t word[2],
                       uint8_t *out)
{
    unsigned i;

    for (i = 0; i < f->bytes; i++) {
        out[i] = word[i / 8] >> (8 * (i % 8));
    }
}

void gpuvm_soft_format_mask(const SoftFormat *f, unsigned comps, uint8_t *out)
{
    uint64_t word[2] = { 0, 0 };
    unsigned pos = 0, i;

    for (i = 0; i < 4 && f->bits[i]; i++) {
        unsigned bits = f->bits[i];

        if (comps >> order_map[f->order][i] & 1) {
            word[pos / 64] |= ((1ull << bits) - 1) << (pos % 64);
        }
        pos += bits;
    }
    store_bits(f, word, out);
}

void gpuvm_soft_format_pack(const SoftFormat *f, const uint32_t rgba[4],
                            uint8_t *out)
{
    uint64_t word[2] = { 0, 0 };
    unsigned pos = 0, i;

    for (i = 0; i < 4 && f->bits[i]; i++) {
        unsigned bits = f->bits[i], comp = order_map[f->order][i];
        uint64_t v = is_filler(f, comp) ? 0 :
                     pack_one(f, comp, rgba[comp], bits);

        v &= (1ull << bits) - 1;
        /* no component of any format crosses a 64-bit boundary */
        word[pos / 64] |= v << (pos % 64);
        pos += bits;
    }
    store_bits(f, word, out);
}

void gpuvm_soft_format_unpack(const SoftFormat *f, const uint8_t *in,
                              uint32_t rgba[4])
{
    bool is_int = f->encoding == SOFT_FORMAT_SINT ||
                  f->encoding == SOFT_FORMAT_UINT;
    uint64_t word[2] = { 0, 0 };
    unsigned pos = 0, i;

    for (i = 0; i < f->bytes; i++) {
        word[i / 8] |= (uint64_t)in[i] << (8 * (i % 8));
    }
    rgba[0] = rgba[1] = rgba[2] = 0;
    rgba[3] = is_int ? 1 : F32_ONE;
    for (i = 0; i < 4 && f->bits[i]; i++) {
        unsigned bits = f->bits[i], comp = order_map[f->order][i];
        uint32_t v = (uint32_t)(word[pos / 64] >> (pos % 64)) &
                     (uint32_t)((1ull << bits) - 1);

        if (!is_filler(f, comp)) {
            rgba[comp] = unpack_one(f, comp, v, bits);
        }
        pos += bits;
    }
}
