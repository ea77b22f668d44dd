/*
 * The reference lane; see isa_ref.h.  Follows nvc0-compute.md 4.1-4.7 and the
 * PTX manual's definitions of bfe, bfi, bfind, sad, prmt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa_ref.h"

#include <math.h>
#include <string.h>

#include "isa_big.h"

static uint64_t bits(uint64_t w, int hi, int lo)
{
    return (w >> lo) & ((1ull << (hi - lo + 1)) - 1);
}

static bool bit(uint64_t w, int n)
{
    return (w >> n) & 1;
}

static bool pred4(const RefLane *l, unsigned v)
{
    return l->p[v & 7] != (v >> 3);
}

static uint32_t cword(const RefLane *l, uint32_t ofs)
{
    uint32_t v;

    if (ofs + 4 > l->c0_size) {
        return 0;
    }
    memcpy(&v, l->c0 + ofs, 4);
    return v;
}

static uint64_t pair(const RefLane *l, unsigned n)
{
    return n >= 63 ? 0 : l->r[n] | (uint64_t)l->r[n + 1] << 32;
}

static void put(RefLane *l, unsigned n, uint32_t v)
{
    if (n < 63) {
        l->r[n] = v;
    }
}

static void put_pair(RefLane *l, unsigned n, uint64_t v)
{
    put(l, n, (uint32_t)v);
    put(l, n + 1, v >> 32);
}

static void put_p(RefLane *l, unsigned n, bool v)
{
    if (n < 7) {
        l->p[n] = v;
    }
}

/* imm: 0 integer, 1 upper bits of a 32-bit float, 2 of a 64-bit one */
static uint64_t operand_b(const RefLane *l, uint64_t w, bool wide, int imm)
{
    uint32_t ofs = bits(w, 41, 26) & ~3u;

    switch (bits(w, 47, 46)) {
    case 0:
        return wide ? pair(l, bits(w, 31, 26)) : l->r[bits(w, 31, 26)];
    case 1:
        return cword(l, ofs) |
               (wide ? (uint64_t)cword(l, ofs + 4) << 32 : 0);
    case 2:
        return wide ? pair(l, bits(w, 54, 49)) : l->r[bits(w, 54, 49)];
    default:
        if (imm == 1) {
            return bits(w, 45, 26) << 12;
        } else if (imm == 2) {
            return bits(w, 45, 26) << 44;
        }
        return (uint64_t)((int64_t)(bits(w, 45, 26) << 44) >> 44);
    }
}

static uint64_t operand_c(const RefLane *l, uint64_t w, bool wide)
{
    uint32_t ofs = bits(w, 41, 26) & ~3u;

    if (bits(w, 47, 46) == 2) {
        return cword(l, ofs) |
               (wide ? (uint64_t)cword(l, ofs + 4) << 32 : 0);
    }
    return wide ? pair(l, bits(w, 54, 49)) : l->r[bits(w, 54, 49)];
}

/* ---- floats -------------------------------------------------------------- */

typedef struct FloatOps {
    BigFormat f;
    uint64_t sign, inf, nan;
} FloatOps;

static const FloatOps ops16 = { { 11, 5 }, 0x8000, 0x7c00, 0x7fff };
static const FloatOps ops32 = { { 24, 8 }, 0x80000000, 0x7f800000,
                                0x7fffffff };
static const FloatOps ops64 = { { 53, 11 }, 1ull << 63, 0x7ffull << 52,
                                ~0ull >> 1 };

static bool f_nan(const FloatOps *o, uint64_t x)
{
    return (x & ~o->sign) > o->inf;
}

static bool f_inf(const FloatOps *o, uint64_t x)
{
    return (x & ~o->sign) == o->inf;
}

static bool f_zero(const FloatOps *o, uint64_t x)
{
    return !(x & ~o->sign);
}

static uint64_t f_mods(const FloatOps *o, uint64_t x, bool abs, bool neg)
{
    x = abs ? x & ~o->sign : x;
    return neg ? x ^ o->sign : x;
}

static uint64_t f_flush(const FloatOps *o, uint64_t x)
{
    return x & o->inf ? x : x & o->sign;
}

/* a * b * 2^scale + c, rounded once */
static uint64_t f_fma(const FloatOps *o, uint64_t a, uint64_t b, uint64_t c,
                      int scale, unsigned mode)
{
    bool na, nb, nc, np;
    uint64_t ma, mb, mc;
    int ea, eb, ec;
    Big sum;

    big_split(o->f, a, &na, &ma, &ea);
    big_split(o->f, b, &nb, &mb, &eb);
    big_split(o->f, c, &nc, &mc, &ec);
    np = na != nb;
    if (f_nan(o, a) || f_nan(o, b) || f_nan(o, c) ||
        (f_inf(o, a) && f_zero(o, b)) || (f_zero(o, a) && f_inf(o, b))) {
        return o->nan;
    }
    if (f_inf(o, a) || f_inf(o, b)) {
        return f_inf(o, c) && nc != np ? o->nan : o->inf | (np ? o->sign : 0);
    }
    if (f_inf(o, c)) {
        return c;
    }
    memset(&sum, 0, sizeof(sum));
    big_add(&sum, np, (unsigned __int128)ma * mb, ea + eb + scale);
    big_add(&sum, nc, mc, ec);
    /* exact zero: the common sign, else that of the mode */
    return big_round(&sum, o->f, mode,
                     f_zero(o, c) && (!ma || !mb) && np == nc ? np :
                     mode == BIG_DOWN);
}

/* less, equal, greater, unordered as bits 0..3 */
static unsigned f_compare(const FloatOps *o, uint64_t a, uint64_t b)
{
    int64_t x, y;

    if (f_nan(o, a) || f_nan(o, b)) {
        return 8;
    }
    x = a & o->sign ? -(int64_t)(a & ~o->sign) : (int64_t)a;
    y = b & o->sign ? -(int64_t)(b & ~o->sign) : (int64_t)b;
    return x < y ? 1 : x == y ? 2 : 4;
}

static uint64_t f_minmax(const FloatOps *o, uint64_t a, uint64_t b, bool min)
{
    bool a_first;

    if (f_nan(o, a)) {
        return f_nan(o, b) ? o->nan : b;
    }
    if (f_nan(o, b)) {
        return a;
    }
    if (f_zero(o, a) && f_zero(o, b)) {
        a_first = a & o->sign;
    } else {
        a_first = f_compare(o, a, b) == 1;
    }
    return a_first == min ? a : b;
}

static uint64_t f_sat(const FloatOps *o, uint64_t x)
{
    uint64_t one = (uint64_t)((1 << (o->f.exp_bits - 1)) - 1)
                   << (o->f.precision - 1);

    if (f_nan(o, x) || (x & o->sign)) {
        return 0;
    }
    return x > one ? one : x;
}

static uint32_t f_finish(uint32_t x, bool ftz, bool sat)
{
    if (f_nan(&ops32, x)) {
        x = ops32.nan;
    }
    x = ftz ? f_flush(&ops32, x) : x;
    return sat ? f_sat(&ops32, x) : x;
}

static void f_flags(RefLane *l, const FloatOps *o, uint64_t x)
{
    bool nan = f_nan(o, x);

    l->z = nan || f_zero(o, x);
    l->s = nan || (!f_zero(o, x) && (x & o->sign));
    l->c = l->o = false;
}

static bool logic(unsigned op, bool a, bool b)
{
    return op == 0 ? a && b : op == 1 ? a || b : a != b;
}

static void set_flags_int(RefLane *l, uint32_t v)
{
    l->z = v == 0;
    l->s = v >> 31;
    l->c = l->o = false;
}

static void finish_set(RefLane *l, uint64_t w, bool r, bool to_float)
{
    bool q = pred4(l, bits(w, 52, 49));
    uint32_t v = !logic(bits(w, 54, 53), r, q) ? 0 :
                 to_float ? 0x3f800000 : ~0u;

    put(l, bits(w, 19, 14), v);
    if (bit(w, 48)) {
        set_flags_int(l, v);
    }
}

static void finish_setp(RefLane *l, uint64_t w, bool r)
{
    bool q = pred4(l, bits(w, 52, 49));
    bool v = logic(bits(w, 54, 53), r, q), v2 = logic(bits(w, 54, 53), !r, q);

    put_p(l, bits(w, 19, 17), v);
    put_p(l, bits(w, 16, 14), v2);
}

static double as_double(uint32_t x)
{
    float f;

    memcpy(&f, &x, 4);
    return f;
}

static uint32_t mufu(RefLane *l, uint64_t w, uint32_t x)
{
    unsigned op = bits(w, 28, 26);
    double v, r;
    float f;
    uint64_t u;
    uint32_t out;

    x = f_mods(&ops32, x, bit(w, 7), bit(w, 9));
    l->approximate = true;
    if (op >= 6) {
        u = (uint64_t)x << 32;
        memcpy(&v, &u, 8);
        r = op == 6 ? 1 / v : 1 / sqrt(v);
        memcpy(&u, &r, 8);
        out = isnan(r) ? 0x7fffffff : u >> 32;
    } else {
        v = as_double(f_flush(&ops32, x));
        r = op == 0 ? cos(v) : op == 1 ? sin(v) : op == 2 ? exp2(v) :
            op == 3 ? log2(v) : op == 4 ? 1 / v : 1 / sqrt(v);
        f = (float)r;
        memcpy(&out, &f, 4);
        out = f_finish(out, true, false);
    }
    return bit(w, 5) ? f_sat(&ops32, out) : out;
}

static int scale_exp(unsigned v)
{
    static const int e[8] = { 0, -1, -2, -3, 3, 2, 1, 0 };

    return e[v];
}

static uint32_t f32_mul_add(uint64_t w, uint32_t a, uint32_t b, uint32_t c,
                            bool is_mul, int scale, unsigned rnd)
{
    bool ftz = bit(w, 6), fmz = bit(w, 7), sat = bit(w, 5);
    uint32_t r;

    if (ftz || fmz) {
        a = f_flush(&ops32, a);
        b = f_flush(&ops32, b);
        c = f_flush(&ops32, c);
    }
    if (fmz && (f_zero(&ops32, a) || f_zero(&ops32, b))) {
        r = is_mul ? 0 : f_fma(&ops32, 0, 0, c, 0, rnd);
    } else {
        /* a product alone: adding a zero of its own sign changes nothing */
        if (is_mul) {
            c = (a ^ b) & 0x80000000;
        }
        r = f_fma(&ops32, a, b, c, scale, rnd);
    }
    return f_finish(r, ftz || fmz, sat);
}

static void set_f32(RefLane *l, uint64_t w, uint32_t a, uint32_t b)
{
    bool r;

    if (bit(w, 59)) {
        a = f_flush(&ops32, a);
        b = f_flush(&ops32, b);
    }
    r = (f_compare(&ops32, a, b) & bits(w, 58, 55)) != 0;
    if (w >> 59 >= 4) {
        finish_setp(l, w, r);
    } else {
        finish_set(l, w, r, bit(w, 5));
    }
}

static bool exec_f32(RefLane *l, uint64_t w, bool limm)
{
    unsigned op = w >> 59, d = bits(w, 19, 14), rnd = limm ? 0 :
                                                     bits(w, 56, 55);
    uint32_t a = l->r[bits(w, 25, 20)];
    uint32_t b = limm ? bits(w, 57, 26) : operand_b(l, w, false, 1);
    uint32_t c = limm ? l->r[d] : operand_c(l, w, false);
    uint32_t ma = f_mods(&ops32, a, bit(w, 7), bit(w, 9));
    uint32_t mb = limm ? b : f_mods(&ops32, b, bit(w, 6), bit(w, 8));
    bool cc = bit(w, limm ? 58 : 48);
    uint32_t r;

    if (limm) {
        op = op == 4 ? 6 : op == 5 ? 10 : 11;
    }
    switch (op) {
    case 1:
        if (bit(w, 5)) {
            ma = f_flush(&ops32, ma);
            mb = f_flush(&ops32, mb);
        }
        r = f_minmax(&ops32, ma, mb, pred4(l, bits(w, 52, 49)));
        break;
    case 2: case 3: case 4: case 5:
        set_f32(l, w, ma, mb);
        return true;
    case 6:
        r = f32_mul_add(w, f_mods(&ops32, a, false, bit(w, 9)), b,
                        f_mods(&ops32, c, false, bit(w, 8)), false, 0, rnd);
        break;
    case 7:
        c = bit(w, 5) ? f_flush(&ops32, c) : c;
        put(l, d, f_compare(&ops32, c, 0) & bits(w, 58, 55) ? a : b);
        return true;
    case 10:
        if (bit(w, 5)) {
            ma = f_flush(&ops32, ma);
            mb = f_flush(&ops32, mb);
        }
        r = f_fma(&ops32, ma, 0x3f800000, mb, 0, rnd);
        r = f_finish(r, bit(w, 5), !limm && bit(w, 49));
        break;
    case 11:
        r = f32_mul_add(w, f_mods(&ops32, a, false, !limm && bit(w, 57)), b,
                        0, true, limm ? 0 : scale_exp(bits(w, 51, 49)), rnd);
        break;
    case 12:
        put(l, d, mb);
        return true;
    case 25:
        put(l, d, mufu(l, w, a));
        return true;
    default:
        return false;
    }
    put(l, d, r);
    if (cc) {
        f_flags(l, &ops32, r);
    }
    return true;
}

static bool exec_f64(RefLane *l, uint64_t w)
{
    unsigned op = w >> 59, d = bits(w, 19, 14), rnd = bits(w, 56, 55);
    uint64_t a = pair(l, bits(w, 25, 20)), b = operand_b(l, w, true, 2);
    uint64_t c = operand_c(l, w, true), r;
    uint64_t ma = f_mods(&ops64, a, bit(w, 7), bit(w, 9));
    uint64_t mb = f_mods(&ops64, b, bit(w, 6), bit(w, 8));
    uint64_t one = 0x3ffull << 52;

    switch (op) {
    case 1:
        r = f_minmax(&ops64, ma, mb, pred4(l, bits(w, 52, 49)));
        break;
    case 2:
        finish_set(l, w, (f_compare(&ops64, ma, mb) & bits(w, 58, 55)) != 0,
                   bit(w, 5));
        return true;
    case 3:
        finish_setp(l, w, (f_compare(&ops64, ma, mb) & bits(w, 58, 55)) != 0);
        return true;
    case 4:
        r = f_fma(&ops64, f_mods(&ops64, a, false, bit(w, 9)), b,
                  f_mods(&ops64, c, false, bit(w, 8)), 0, rnd);
        break;
    case 9:
        r = f_fma(&ops64, ma, one, mb, 0, rnd);
        break;
    case 10:
        a = f_mods(&ops64, a, false, bit(w, 9));
        r = f_fma(&ops64, a, b, (a ^ b) & ops64.sign, 0, rnd);
        break;
    default:
        return false;
    }
    put_pair(l, d, r);
    if (bit(w, 48)) {
        f_flags(l, &ops64, r);
    }
    return true;
}

/* ---- integers ------------------------------------------------------------ */

static uint32_t reverse(uint32_t x)
{
    uint32_t r = 0;

    for (int i = 0; i < 32; i++) {
        r |= ((x >> i) & 1) << (31 - i);
    }
    return r;
}

/* op: 0 a+b 1 a-b 2 b-a 3 a+b+1; carry of the previous one in place of +1 */
static uint32_t add(RefLane *l, uint32_t a, uint32_t b, unsigned op, bool x,
                    bool sat, bool cc)
{
    uint32_t p = op == 2 ? ~a : a, q = op == 1 ? ~b : b;
    unsigned plus = x ? l->c : op != 0;
    uint64_t wide = (uint64_t)p + q + plus;
    int64_t exact = (int64_t)(int32_t)p + (int32_t)q + plus;
    uint32_t r = (uint32_t)wide;
    bool over = exact != (int32_t)r;

    if (sat && over) {
        r = exact < 0 ? 0x80000000 : 0x7fffffff;
    }
    if (cc) {
        l->z = r == 0;
        l->s = r >> 31;
        l->c = wide >> 32;
        l->o = over;
    }
    return r;
}

static uint32_t mul(uint32_t a, uint32_t b, bool sa, bool sb, bool hi)
{
    __int128 x = sa ? (int32_t)a : (__int128)a;
    __int128 y = sb ? (int32_t)b : (__int128)b;
    __int128 p = x * y;

    return (uint32_t)(hi ? p >> 32 : p);
}

static uint32_t bfe(uint32_t a, uint32_t b, bool sign)
{
    unsigned pos = b & 255, len = (b >> 8) & 255, last = pos + len - 1;
    uint32_t d = 0;
    bool fill = sign && len && (a >> (last < 31 ? last : 31)) & 1;

    for (unsigned i = 0; i < 32; i++) {
        bool v = i < len && pos + i <= 31 ? (a >> (pos + i)) & 1 : fill;

        d |= (uint32_t)v << i;
    }
    return d;
}

static uint32_t bfi(uint32_t a, uint32_t b, uint32_t c)
{
    unsigned pos = b & 255, len = (b >> 8) & 255;

    for (unsigned i = 0; i < len && pos + i <= 31; i++) {
        c &= ~(1u << (pos + i));
        c |= ((a >> i) & 1) << (pos + i);
    }
    return c;
}

static uint32_t bfind(uint32_t x, bool sign, bool shiftamt)
{
    for (int i = 31; i >= 0; i--) {
        if (((x >> i) & 1) != (sign ? x >> 31 : 0)) {
            return shiftamt ? 31 - i : i;
        }
    }
    return ~0u;
}

static uint32_t shift(uint64_t w, uint32_t a, uint32_t n, bool right)
{
    int64_t v;

    n = bit(w, 9) ? n & 31 : n > 32 ? 32 : n;
    if (!right) {
        return (uint32_t)((uint64_t)a << n);
    }
    a = bit(w, 8) ? reverse(a) : a;
    v = bit(w, 5) ? (int32_t)a : (int64_t)a;
    return (uint32_t)(v >> n);
}

static unsigned i_compare(uint32_t a, uint32_t b, bool sign)
{
    int64_t x = sign ? (int32_t)a : (int64_t)a;
    int64_t y = sign ? (int32_t)b : (int64_t)b;

    return x < y ? 1 : x == y ? 2 : 4;
}

/* of high words, when $c has the flags of a - b of the low words */
static unsigned i_compare_x(const RefLane *l, uint32_t a, uint32_t b,
                            bool sign)
{
    int64_t x = sign ? (int32_t)a : (int64_t)a;
    int64_t y = sign ? (int32_t)b : (int64_t)b;
    int64_t d = x - y - !l->c;

    if (l->z && (uint32_t)d == 0) {
        return 2;
    }
    return d < 0 ? 1 : 4;
}

static uint32_t minmax(RefLane *l, uint64_t w, uint32_t a, uint32_t b)
{
    unsigned part = bits(w, 7, 6);
    bool low = part == 1 || part == 2;
    unsigned order = i_compare(a, b, bit(w, 5) && !low);
    bool min = pred4(l, bits(w, 52, 49));
    uint32_t r;

    if (low && !l->z) {
        order = l->s ? 1 : 4;
    }
    r = (order == 1) == min ? a : b;
    if (bit(w, 48)) {
        if (part == 0) {
            set_flags_int(l, r);
        } else {
            l->z = order == 2;
            l->s = order == 1;
            l->c = l->o = false;
        }
    }
    return r;
}

static uint32_t lop(uint64_t w, uint32_t a, uint32_t b)
{
    a = bit(w, 9) ? ~a : a;
    b = bit(w, 8) ? ~b : b;
    switch (bits(w, 7, 6)) {
    case 0:
        return a & b;
    case 1:
        return a | b;
    case 2:
        return a ^ b;
    default:
        return b;
    }
}

static void set_int(RefLane *l, uint64_t w, uint32_t a, uint32_t b)
{
    bool sign = bit(w, 5);
    unsigned order = bit(w, 6) ? i_compare_x(l, a, b, sign) :
                     i_compare(a, b, sign);
    bool r = order & bits(w, 57, 55);

    if (w >> 59 == 2) {
        finish_set(l, w, r, bit(w, 7));
    } else {
        finish_setp(l, w, r);
    }
}

static bool exec_int(RefLane *l, uint64_t w)
{
    unsigned op = w >> 59, d = bits(w, 19, 14);
    uint32_t a = l->r[bits(w, 25, 20)], b = operand_b(l, w, false, 0);
    uint32_t c = operand_c(l, w, false), r;
    bool cc = bit(w, 48), s5 = bit(w, 5), x6 = bit(w, 6);

    switch (op) {
    case 1:
        put(l, d, minmax(l, w, a, b));
        return true;
    case 2: case 3:
        set_int(l, w, a, b);
        return true;
    case 4:
        put(l, d, add(l, mul(a, b, bit(w, 7), s5, x6), c, bits(w, 9, 8),
                      bit(w, 55), bit(w, 56), cc));
        return true;
    case 5:
        r = bfi(a, b, c);
        break;
    case 6:
        put(l, d, i_compare(c, 0, s5) & bits(w, 57, 55) ? a : b);
        return true;
    case 7:
        r = (i_compare(a, b, s5) == 1 ? b - a : a - b) + c;
        break;
    case 8:
        put(l, d, add(l, a << bits(w, 9, 5), b, bits(w, 56, 55), false,
                      false, cc));
        return true;
    case 9:
        put(l, d, add(l, a, b, bits(w, 9, 8), x6, s5, cc));
        return true;
    case 10:
        r = mul(a, b, bit(w, 7), s5, x6);
        break;
    case 11:
        r = shift(w, a, b, true);
        break;
    case 12:
        r = shift(w, a, b, false);
        break;
    case 13:
        r = lop(w, a, b);
        break;
    case 14:
        r = bfe(bit(w, 8) ? reverse(a) : a, b, s5);
        break;
    case 15:
        r = bfind(bit(w, 8) ? ~b : b, s5, x6);
        break;
    default:
        return false;
    }
    put(l, d, r);
    if (cc) {
        set_flags_int(l, r);
    }
    return true;
}

static bool exec_limm(RefLane *l, uint64_t w)
{
    unsigned op = w >> 59, d = bits(w, 19, 14);
    uint32_t a = l->r[bits(w, 25, 20)], b = bits(w, 57, 26), r;
    bool cc = bit(w, 58), s5 = bit(w, 5), x6 = bit(w, 6);

    switch (op) {
    case 0:
        put(l, d, add(l, mul(a, b, bit(w, 7), s5, x6), l->r[d],
                      bits(w, 9, 8), false, false, cc));
        return true;
    case 1:
        put(l, d, add(l, a, b, bits(w, 9, 8), x6, s5, cc));
        return true;
    case 2:
        r = mul(a, b, bit(w, 7), s5, x6);
        break;
    case 3:
        put(l, d, b);
        return true;
    case 4: case 5: case 6:
        return exec_f32(l, w, true);
    case 7:
        r = lop(w, a, b);
        break;
    case 8:
        put(l, d, add(l, a << bits(w, 9, 5), b, 0, false, false, cc));
        return true;
    default:
        return false;
    }
    put(l, d, r);
    if (cc) {
        set_flags_int(l, r);
    }
    return true;
}

/* ---- class 4 ------------------------------------------------------------- */

static const FloatOps *float_of_size(unsigned log2_bytes)
{
    return log2_bytes == 1 ? &ops16 : log2_bytes == 2 ? &ops32 : &ops64;
}

/* A float of any format as a fixed-point number; false: infinite or NaN. */
static bool to_big(const FloatOps *o, uint64_t x, Big *b)
{
    bool neg;
    uint64_t m;
    int e;

    memset(b, 0, sizeof(*b));
    if (!big_split(o->f, x, &neg, &m, &e)) {
        return false;
    }
    big_add(b, neg, m, e);
    return true;
}

static uint64_t cvt_f_source(const RefLane *l, uint64_t w, const FloatOps *o)
{
    unsigned size = bits(w, 24, 23);
    uint64_t x = operand_b(l, w, size == 3, size == 2 ? 1 : size == 3 ? 2 : 0);

    if (size == 1) {
        x = (x >> (16 * bit(w, 56))) & 0xffff;
    }
    if (size == 2 && bit(w, 55)) {
        x = f_flush(o, x);
    }
    return f_mods(o, x, bit(w, 6), bit(w, 8));
}

static uint64_t clamp_int(__int128 v, unsigned size, bool sign)
{
    int n = 8 << size;
    __int128 max = ((__int128)1 << (sign ? n - 1 : n)) - 1;
    __int128 min = sign ? -((__int128)1 << (n - 1)) : 0;

    return v > max ? max : v < min ? min : v;
}

static void put_int(RefLane *l, uint64_t w, uint64_t v)
{
    unsigned size = bits(w, 21, 20);

    if (size == 3) {
        put_pair(l, bits(w, 19, 14), v);
    } else {
        int up = 64 - (8 << size);

        v = bit(w, 7) ? (uint64_t)((int64_t)(v << up) >> up) : v << up >> up;
        put(l, bits(w, 19, 14), (uint32_t)v);
        v = (uint64_t)(int64_t)(int32_t)v;
    }
    if (bit(w, 48)) {
        l->z = v == 0;
        l->s = v >> 63;
        l->c = l->o = false;
    }
}

static void cvt_f2i(RefLane *l, uint64_t w)
{
    const FloatOps *o = float_of_size(bits(w, 24, 23));
    uint64_t x = cvt_f_source(l, w, o), mag;
    bool neg = x & o->sign, huge = true;
    __int128 v;
    Big b;

    if (f_nan(o, x)) {
        put_int(l, w, 0);
        return;
    }
    mag = UINT64_MAX;
    if (to_big(o, x, &b)) {
        mag = big_round_int(&b, bits(w, 50, 49), &neg, &huge);
    }
    v = huge ? (__int128)1 << 70 : mag;
    put_int(l, w, clamp_int(neg ? -v : v, bits(w, 21, 20), bit(w, 7)));
}

static void cvt_f2f(RefLane *l, uint64_t w)
{
    const FloatOps *s = float_of_size(bits(w, 24, 23));
    const FloatOps *o = float_of_size(bits(w, 21, 20));
    uint64_t x = cvt_f_source(l, w, s), r, mag;
    bool neg = x & s->sign, big, n;
    Big b;

    if (f_nan(s, x)) {
        r = o->nan;
    } else if (!to_big(s, x, &b)) {
        r = o->inf | (neg ? o->sign : 0);
    } else {
        /* beyond 2^64 every value is an integer already */
        if (bit(w, 7) && s == o) {
            mag = big_round_int(&b, bits(w, 50, 49), &n, &big);
            if (!big) {
                memset(&b, 0, sizeof(b));
                big_add(&b, n, mag, 0);
            }
        }
        r = big_round(&b, o->f, bits(w, 50, 49), neg);
        if (f_zero(o, r)) {
            r = neg ? o->sign : 0;
        }
    }
    if (bit(w, 5)) {
        r = f_sat(o, r);
    }
    if (o == &ops32 && bit(w, 55)) {
        r = f_flush(o, r);
    }
    if (o == &ops64) {
        put_pair(l, bits(w, 19, 14), r);
    } else {
        put(l, bits(w, 19, 14), r);
    }
}

static __int128 cvt_i_source(const RefLane *l, uint64_t w)
{
    unsigned size = bits(w, 24, 23), n = 8 << size;
    uint64_t x = operand_b(l, w, size == 3, 0);
    __int128 v;

    if (size < 2) {
        x = (uint32_t)x >> (size == 0 ? 8 * bits(w, 56, 55) :
                            16 * bit(w, 56));
    }
    v = n == 64 ? x : x & ((1ull << n) - 1);
    if (bit(w, 9) && (v >> (n - 1)) & 1) {
        v -= (__int128)1 << n;
    }
    if (bit(w, 6) && v < 0) {
        v = -v;
    }
    return bit(w, 8) ? -v : v;
}

static void cvt_i2f(RefLane *l, uint64_t w)
{
    const FloatOps *o = float_of_size(bits(w, 21, 20));
    __int128 v = cvt_i_source(l, w);
    uint64_t r;
    Big b;

    memset(&b, 0, sizeof(b));
    big_add(&b, v < 0, v < 0 ? -v : v, 0);
    r = big_round(&b, o->f, bits(w, 50, 49), false);
    if (o == &ops64) {
        put_pair(l, bits(w, 19, 14), r);
    } else {
        put(l, bits(w, 19, 14), r);
    }
}

static uint32_t prmt(unsigned mode, uint32_t a, uint32_t b, uint32_t c)
{
    static const uint16_t table[7][4] = {   /* selectors b3 b2 b1 b0 */
        { 0 },
        { 0x3210, 0x4321, 0x5432, 0x6543 },
        { 0x5670, 0x6701, 0x7012, 0x0123 },
        { 0x0000, 0x1111, 0x2222, 0x3333 },
        { 0x3210, 0x3211, 0x3222, 0x3333 },
        { 0x0000, 0x1110, 0x2210, 0x3210 },
        { 0x1010, 0x3232, 0x1010, 0x3232 },
    };
    uint32_t sel = mode ? table[mode][b & 3] : b, r = 0;

    for (int i = 0; i < 4; i++) {
        unsigned s = (sel >> (4 * i)) & 15, n = s & 7;
        uint8_t byte = (n < 4 ? a >> (8 * n) : c >> (8 * (n - 4))) & 255;

        if (s & 8) {
            byte = byte & 128 ? 255 : 0;
        }
        r |= (uint32_t)byte << (8 * i);
    }
    return r;
}

static uint32_t all_flags(const RefLane *l)
{
    uint32_t v = l->z << 12 | l->s << 13 | l->c << 14 | l->o << 15;

    for (int i = 0; i < 7; i++) {
        v |= l->p[i] << i;
    }
    return v;
}

static void load_flags(RefLane *l, uint32_t v)
{
    for (int i = 0; i < 7; i++) {
        l->p[i] = (v >> i) & 1;
    }
    l->z = (v >> 12) & 1;
    l->s = (v >> 13) & 1;
    l->c = (v >> 14) & 1;
    l->o = (v >> 15) & 1;
}

static bool exec_move(RefLane *l, uint64_t w)
{
    unsigned op = w >> 58, d = bits(w, 19, 14);
    uint32_t a = l->r[bits(w, 25, 20)], b = operand_b(l, w, false, 0);
    bool r;

    switch (op) {
    case 0: case 1:
        r = isa_ref_cc(l, bits(w, 24, 20));
        break;
    case 2: case 3:
        r = logic(bits(w, 31, 30), pred4(l, bits(w, 23, 20)),
                  pred4(l, bits(w, 29, 26)));
        break;
    case 4:
        cvt_f2f(l, w);
        return true;
    case 5:
        cvt_f2i(l, w);
        return true;
    case 6:
        cvt_i2f(l, w);
        return true;
    case 7: {
        __int128 v = cvt_i_source(l, w);

        put_int(l, w, bit(w, 5) ? clamp_int(v, bits(w, 21, 20), bit(w, 7)) :
                (uint64_t)v);
        return true;
    }
    case 8:
        put(l, d, pred4(l, bits(w, 52, 49)) ? a : b);
        return true;
    case 9:
        put(l, d, prmt(bits(w, 7, 5), a, b, operand_c(l, w, false)));
        return true;
    case 10:
        put(l, d, b);
        return true;
    case 12:
        put(l, d, (a & ~b) | (all_flags(l) & b));
        return true;
    case 13:
        load_flags(l, (all_flags(l) & ~b) | (a & b));
        return true;
    case 16:
        return true;
    case 21:
        a = bit(w, 9) ? ~a : a;
        b = bit(w, 8) ? ~b : b;
        put(l, d, __builtin_popcount(a & b));
        return true;
    default:
        return false;
    }
    if (op & 1) {
        finish_setp(l, w, r);
    } else {
        finish_set(l, w, r, bit(w, 5));
    }
    return true;
}

bool isa_ref_cc(const RefLane *l, unsigned cond)
{
    bool less = l->s != l->o;

    if (cond == 0xf) {
        return true;
    }
    if (cond >= 0x10) {
        bool v[8] = { !l->o, !l->c, !l->s, !(l->c && !l->z),
                      l->c && !l->z, l->s, l->c, l->o };

        return v[cond & 7];
    }
    if (l->z) {
        return l->s ? cond & 8 : cond & 2;
    }
    return less ? cond & 1 : cond & 4;
}

bool isa_ref_exec(RefLane *l, uint64_t w)
{
    l->approximate = false;
    if (!pred4(l, bits(w, 13, 10))) {
        return true;
    }
    switch (w & 7) {
    case 0:
        return exec_f32(l, w, false);
    case 1:
        return exec_f64(l, w);
    case 2:
        return exec_limm(l, w);
    case 3:
        return exec_int(l, w);
    case 4:
        return exec_move(l, w);
    default:
        return false;
    }
}

/* ---- control flow of one lane -------------------------------------------- */

enum { T_SSY, T_PBK, T_PCNT, T_RET };

typedef struct Frame {
    int type;
    unsigned pc;
} Frame;

/* Leaves everything up to the innermost frame of @type; its address. */
static unsigned unwind(Frame *stack, unsigned *depth, int type, unsigned n)
{
    while (*depth) {
        (*depth)--;
        if (stack[*depth].type == type) {
            return stack[*depth].pc;
        }
    }
    return n;
}

unsigned isa_ref_run(RefLane *l, const uint64_t *words, unsigned n,
                     unsigned limit)
{
    Frame stack[256];
    unsigned depth = 0, pc = 0;

    for (unsigned count = 1; count <= limit && pc < n; count++) {
        uint64_t w = words[pc];
        int32_t rel = (int32_t)(bits(w, 49, 26) << 8) >> 8;
        unsigned target = pc + 1 + rel / 8, op = w >> 59;
        bool guard = pred4(l, bits(w, 13, 10));

        if ((w & 7) != 7) {
            bool join = guard && bit(w, 4);

            if (!isa_ref_exec(l, w)) {
                return 0;
            }
            pc = join ? unwind(stack, &depth, T_SSY, n) : pc + 1;
            continue;
        }
        guard = guard && isa_ref_cc(l, bits(w, 9, 5));
        if (op == 0x40 >> 3) {
            pc = guard ? target : pc + 1;
        } else if (op >= 0x50 >> 3 && op <= 0x78 >> 3) {
            static const int type[8] = { 0, 0, T_RET, 0, T_SSY, T_PBK,
                                         T_PCNT, T_RET };
            int t = type[op - 8];

            if (depth == 256) {
                return 0;
            }
            /* a call comes back behind itself */
            stack[depth++] = (Frame) { t, op == 0x50 >> 3 ? pc + 1 : target };
            pc = op == 0x50 >> 3 ? target : pc + 1;
        } else if (!guard) {
            pc++;
        } else if (op == 0x80 >> 3) {
            return count;
        } else {
            pc = unwind(stack, &depth, op == 0xa8 >> 3 ? T_PBK :
                        op == 0xb0 >> 3 ? T_PCNT : T_RET, n);
        }
    }
    return 0;
}
