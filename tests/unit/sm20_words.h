/*
 * A handful of sm_20 instructions as words, for kernels of tests.  Encodings
 * as in nvc0-compute.md section 4; independent of the decoder's table.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_SM20_WORDS_H
#define GPUVM_TESTS_SM20_WORDS_H

#include <stdint.h>

#define P_ALWAYS 7u
#define P_NOT(p) ((p) | 8u)
#define RZ       63u

enum { SR_TIDX = 0x21, SR_TIDY, SR_TIDZ, SR_CTAX = 0x25, SR_CTAY, SR_CTAZ,
       SR_NTIDX = 0x29, SR_LANE = 0 };
enum { T_U8, T_S8, T_U16, T_S16, T_B32, T_B64, T_B128 };
enum { CC_LT = 1, CC_EQ, CC_LE, CC_GT, CC_NE, CC_GE };

static inline uint64_t k_pred(uint64_t w, unsigned p)
{
    return (w & ~0x3c00ull) | p << 10;
}

static inline uint64_t k_w(uint32_t hi, uint32_t lo)
{
    return k_pred((uint64_t)hi << 32 | lo, P_ALWAYS);
}

static inline uint64_t k_regs(unsigned d, unsigned a, unsigned b, unsigned c)
{
    return (uint64_t)c << 49 | (uint64_t)b << 26 | a << 20 | d << 14;
}

/* 20-bit immediate as operand b */
static inline uint64_t k_imm(int32_t v)
{
    return 3ull << 46 | (uint64_t)(v & 0xfffff) << 26;
}

static inline uint64_t k_s2r(unsigned d, unsigned sr)
{
    return k_w(0x2c000000, 4) | d << 14 | (uint64_t)sr << 26;
}

static inline uint64_t k_mov32i(unsigned d, uint32_t v)
{
    return k_w(0x18000000, 0x1e2) | d << 14 | (uint64_t)v << 26;
}

/* d = c0[@ofs] */
static inline uint64_t k_movc(unsigned d, unsigned ofs)
{
    return k_w(0x28004000, 0x1e4) | d << 14 | (uint64_t)ofs << 26;
}

static inline uint64_t k_imad(unsigned d, unsigned a, unsigned b, unsigned c)
{
    return k_w(0x20000000, 3) | k_regs(d, a, b, c);
}

static inline uint64_t k_iadd(unsigned d, unsigned a, unsigned b)
{
    return k_w(0x48000000, 3) | k_regs(d, a, b, 0);
}

static inline uint64_t k_iaddi(unsigned d, unsigned a, int32_t v)
{
    return k_w(0x48000000, 3) | k_regs(d, a, 0, 0) | k_imm(v);
}

/* low half of a 64-bit add (writes $c), and the high half (carry in) */
static inline uint64_t k_iadd_cc(unsigned d, unsigned a, unsigned b)
{
    return k_iadd(d, a, b) | 1ull << 48;
}

static inline uint64_t k_iadd_x(unsigned d, unsigned a, unsigned b)
{
    return k_iadd(d, a, b) | 1 << 6;
}

static inline uint64_t k_shli(unsigned d, unsigned a, unsigned n)
{
    return k_w(0x60000000, 3) | k_regs(d, a, 0, 0) | k_imm(n);
}

static inline uint64_t k_isetp(unsigned p, unsigned cc, unsigned a,
                               unsigned b)
{
    return k_w(0x180e0000, 3) | k_regs(0, a, b, 0) | (uint64_t)cc << 55 |
           p << 17 | 7 << 14;
}

static inline uint64_t k_isetpi(unsigned p, unsigned cc, unsigned a,
                                int32_t v)
{
    return k_isetp(p, cc, a, 0) | k_imm(v);
}

static inline uint64_t k_ffma(unsigned d, unsigned a, unsigned b, unsigned c)
{
    return k_w(0x30000000, 0) | k_regs(d, a, b, c);
}

static inline uint64_t k_ld_g(unsigned t, unsigned d, unsigned a, int32_t ofs)
{
    return k_w(0x84000000, 5) | t << 5 | k_regs(d, a, 0, 0) |
           (uint64_t)(uint32_t)ofs << 26;
}

static inline uint64_t k_st_g(unsigned t, unsigned d, unsigned a, int32_t ofs)
{
    return k_w(0x94000000, 5) | t << 5 | k_regs(d, a, 0, 0) |
           (uint64_t)(uint32_t)ofs << 26;
}

/* g[a] += d, u32 */
static inline uint64_t k_red_add(unsigned d, unsigned a, int32_t ofs)
{
    return k_w(0x14000000, 5) | k_regs(d, a, 0, 0) |
           (uint64_t)(uint32_t)ofs << 26;
}

static inline uint64_t k_ld_s(unsigned t, unsigned d, unsigned a, int32_t ofs)
{
    return k_w(0xc1000000, 5) | t << 5 | k_regs(d, a, 0, 0) |
           (uint64_t)(ofs & 0xffffff) << 26;
}

static inline uint64_t k_st_s(unsigned t, unsigned d, unsigned a, int32_t ofs)
{
    return k_w(0xc9000000, 5) | t << 5 | k_regs(d, a, 0, 0) |
           (uint64_t)(ofs & 0xffffff) << 26;
}

static inline uint64_t k_ld_lock(unsigned p, unsigned d, unsigned a,
                                 int32_t ofs)
{
    return k_w(0xc4000000, 5) | T_B32 << 5 | k_regs(d, a, 0, 0) |
           (uint64_t)(ofs & 0xffffff) << 26 | (uint64_t)p << 50;
}

static inline uint64_t k_st_unlock(unsigned d, unsigned a, int32_t ofs)
{
    return k_w(0xcc000000, 5) | T_B32 << 5 | k_regs(d, a, 0, 0) |
           (uint64_t)(ofs & 0xffffff) << 26;
}

/* l[a + ofs], 32 bits */
static inline uint64_t k_ld_l(unsigned d, unsigned a, int32_t ofs)
{
    return k_w(0xc0000000, 5) | T_B32 << 5 | k_regs(d, a, 0, 0) |
           (uint64_t)(ofs & 0xffffff) << 26;
}

static inline uint64_t k_st_l(unsigned d, unsigned a, int32_t ofs)
{
    return k_w(0xc8000000, 5) | T_B32 << 5 | k_regs(d, a, 0, 0) |
           (uint64_t)(ofs & 0xffffff) << 26;
}

static inline uint64_t k_membar_gl(void)
{
    return k_w(0xe0000000, 0x25);
}

/* barrier @id, @threads 0 = all */
static inline uint64_t k_bar(unsigned id, unsigned threads)
{
    return k_w(0x50eec000, 0xfc004) | id << 20 | (uint64_t)threads << 26;
}

static inline uint64_t k_bar_arrive(unsigned id, unsigned threads)
{
    return k_bar(id, threads) | 0x80;
}

/* reduction @op (0 popc 1 and 2 or) of $p@src; count to @d, truth to $p@pd */
static inline uint64_t k_bar_red(unsigned op, unsigned d, unsigned pd,
                                 unsigned src)
{
    return (k_bar(0, 0) & ~(63ull << 14) & ~(7ull << 53) & ~(7ull << 49)) |
           d << 14 | (uint64_t)pd << 53 | (uint64_t)src << 49 | op << 5;
}

/* control: @from and @to are instruction numbers */
static inline uint64_t k_ctl(uint32_t hi, int from, int to)
{
    return k_w(hi, 0x1e7) | ((uint64_t)((to - from - 1) * 8) & 0xffffff) << 26;
}

static inline uint64_t k_bra(int from, int to)
{
    return k_ctl(0x40000000, from, to);
}

static inline uint64_t k_joinat(int from, int to)
{
    return k_ctl(0x60000000, from, to) & ~0x1e0ull;
}

static inline uint64_t k_exit(void)
{
    return k_w(0x80000000, 0x1e7);
}

/* join, as a nop with .S */
static inline uint64_t k_join(void)
{
    return k_w(0x40000000, 0x1f4);
}

#endif
