/*
 * Memory instructions: every access type and address shape against a plain
 * model that works byte by byte; ranges, alignment, faults; locks; constant
 * banks; atomics against their definitions.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "warp_bench.h"

#define AREA 0x10000u           /* bytes of memory that accesses stay in */
#define R_ADDR 10               /* address pair r10:r11 */
#define R_DATA 20

static void set_addr(WarpBench *wb, unsigned lane, uint64_t va)
{
    wb->w->r[R_ADDR][lane] = va;
    wb->w->r[R_ADDR + 1][lane] = va >> 32;
}

static unsigned bytes_of(unsigned type)
{
    return (const unsigned[]){ 1, 1, 2, 2, 4, 8, 16 }[type];
}

/* What a load must leave in a lane's first register. */
static uint32_t extend(uint32_t v, unsigned type)
{
    switch (type) {
    case SOFT_ACCESS_U8:
        return v & 0xff;
    case SOFT_ACCESS_S8:
        return (v & 0xff) ^ (v & 0x80 ? 0xffffff00u : 0);
    case SOFT_ACCESS_U16:
        return v & 0xffff;
    case SOFT_ACCESS_S16:
        return (v & 0xffff) ^ (v & 0x8000 ? 0xffff0000u : 0);
    default:
        return v;
    }
}

enum { SHAPE_RUN, SHAPE_UNIFORM, SHAPE_STRIDED, SHAPE_RANDOM, SHAPES };

/* Offsets into the area, by shape, aligned to @bytes. */
static void shape(uint32_t *off, unsigned kind, unsigned bytes, uint32_t *rnd)
{
    uint32_t base = wb_rand(rnd) % (AREA / 2) / bytes * bytes;

    for (unsigned i = 0; i < 32; i++) {
        switch (kind) {
        case SHAPE_RUN:
            off[i] = base + i * bytes;
            break;
        case SHAPE_UNIFORM:
            off[i] = base;
            break;
        case SHAPE_STRIDED:
            off[i] = base + i * bytes * 3;
            break;
        default:
            off[i] = wb_rand(rnd) % (AREA - 16) / bytes * bytes;
            break;
        }
    }
}

static void test_ld_g(void)
{
    WarpBench *wb = wb_new();
    uint32_t rnd = 1, bad = 0;

    for (unsigned i = 0; i < AREA; i++) {
        wb->mem[i] = wb_rand(&rnd);
    }
    for (unsigned n = 0; n < 7 * SHAPES * wb_cases(40); n++) {
        unsigned type = n % 7, bytes = bytes_of(type);
        unsigned words = (bytes + 3) / 4;
        int32_t ofs = (int32_t)(wb_rand(&rnd) % 4096) - 2048;
        uint32_t mask = n % 5 == 0 ? wb_rand(&rnd) | 1 : ~0u;
        uint32_t off[32];

        shape(off, n / 7 % SHAPES, bytes, &rnd);
        for (unsigned i = 0; i < 32; i++) {
            set_addr(wb, i, wb->b.va + off[i] - (int64_t)ofs);
            for (unsigned k = 0; k < 4; k++) {
                wb->w->r[R_DATA + k][i] = 0xdead0000 + i;
            }
        }
        CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_g, SOFT_OP_LD,
                                wi_g(false, type, R_DATA, R_ADDR, ofs, true),
                                mask), SOFT_EXEC_OK);
        for (unsigned i = 0; i < 32; i++) {
            for (unsigned k = 0; k < 4; k++) {
                uint32_t want = 0xdead0000 + i;

                if ((mask >> i & 1) && k < words) {
                    const uint8_t *p = wb->mem + off[i] + 4 * k;

                    want = p[0] | p[1] << 8 | p[2] << 16 |
                           (uint32_t)p[3] << 24;
                    want = extend(want, type);
                }
                bad += wb->w->r[R_DATA + k][i] != want;
            }
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

static void test_st_g(void)
{
    g_autofree uint8_t *model = g_malloc0(AREA);
    WarpBench *wb = wb_new();
    uint32_t rnd = 2;

    memset(wb->mem, 0, AREA);
    for (unsigned n = 0; n < 7 * SHAPES * wb_cases(40); n++) {
        unsigned type = n % 7, bytes = bytes_of(type);
        int32_t ofs = (int32_t)(wb_rand(&rnd) % 4096) - 2048;
        uint32_t mask = n % 5 == 0 ? wb_rand(&rnd) | 1 : ~0u;
        uint32_t off[32];

        shape(off, n / 7 % SHAPES, bytes, &rnd);
        for (unsigned i = 0; i < 32; i++) {
            set_addr(wb, i, wb->b.va + off[i] - (int64_t)ofs);
            for (unsigned k = 0; k < 4; k++) {
                wb->w->r[R_DATA + k][i] = wb_rand(&rnd);
            }
            for (unsigned k = 0; k < bytes && (mask >> i & 1); k++) {
                model[off[i] + k] = wb->w->r[R_DATA + k / 4][i] >>
                                    (k % 4 * 8);
            }
        }
        CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_st_g, SOFT_OP_ST,
                                wi_g(true, type, R_DATA, R_ADDR, ofs, true),
                                mask), SOFT_EXEC_OK);
    }
    CU_ASSERT_EQUAL(memcmp(wb->mem, model, AREA), 0);

    /* $r63 stores zeros, also as the low half of a pair */
    memset(wb->mem, 0xff, 64);
    for (unsigned i = 0; i < 32; i++) {
        set_addr(wb, i, wb->b.va);
    }
    wb_exec(wb, gpuvm_soft_exec_st_g, SOFT_OP_ST,
            wi_g(true, SOFT_ACCESS_B64, 63, R_ADDR, 0, true), ~0u);
    CU_ASSERT_EQUAL(wb->mem[0] | wb->mem[7], 0);
    CU_ASSERT_EQUAL(wb->mem[8], 0xff);
    wb_free(wb);
}

static void test_g_overlap(void)
{
    WarpBench *wb = wb_new();
    uint32_t bad = 0;

    /* the destination is the address pair itself, gather and 128 bits */
    for (unsigned i = 0; i < 32; i++) {
        uint32_t v[4] = { i, 100 + i, 200 + i, 300 + i };

        memcpy(wb->mem + (31 - i) * 64, v, 16);
        set_addr(wb, i, wb->b.va + (31 - i) * 64);
    }
    wb_exec(wb, gpuvm_soft_exec_ld_g, SOFT_OP_LD,
            wi_g(false, SOFT_ACCESS_B128, R_ADDR, R_ADDR, 0, true), ~0u);
    for (unsigned i = 0; i < 32; i++) {
        for (unsigned k = 0; k < 4; k++) {
            bad += wb->w->r[R_ADDR + k][i] != k * 100 + i;
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

static void test_g_faults(void)
{
    WarpBench *wb = wb_new();
    const GpuvmFault *f = &wb->cta->fault;

    for (unsigned i = 0; i < 32; i++) {
        set_addr(wb, i, wb->b.va + 4 * i);
    }
    /* one lane misaligned */
    set_addr(wb, 7, wb->b.va + 2);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_g, SOFT_OP_LD,
                            wi_g(false, SOFT_ACCESS_B32, 0, R_ADDR, 0, true),
                            ~0u), SOFT_EXEC_FAULT);
    CU_ASSERT_TRUE(wb->cta->faulted);
    CU_ASSERT_EQUAL(f->kind, GPUVM_FAULT_GR_TRAP);
    CU_ASSERT_EQUAL(f->reason, GPUVM_TRAP_MISALIGNED);
    /* ... which does not matter where it does not execute */
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_g, SOFT_OP_LD,
                            wi_g(false, SOFT_ACCESS_B32, 0, R_ADDR, 0, true),
                            ~(1u << 7)), SOFT_EXEC_OK);
    /* unmapped: the address and the direction are told */
    set_addr(wb, 7, 0x1234567000);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_st_g, SOFT_OP_ST,
                            wi_g(true, SOFT_ACCESS_B32, 0, R_ADDR, 8, true),
                            ~0u), SOFT_EXEC_FAULT);
    CU_ASSERT_EQUAL(f->kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(f->va, 0x1234567008);
    CU_ASSERT_TRUE(f->write);
    CU_ASSERT_EQUAL(f->engine, GPUVM_ENGINE_GR);
    /* beyond 40 bits, and an address sum that wraps to a valid one */
    set_addr(wb, 7, wb->b.va | 1ull << 40);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_g, SOFT_OP_LD,
                            wi_g(false, SOFT_ACCESS_B32, 0, R_ADDR, 0, true),
                            ~0u), SOFT_EXEC_FAULT);
    for (unsigned i = 0; i < 32; i++) {
        set_addr(wb, i, (uint64_t)(4 * (int)i - 64));
    }
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_g, SOFT_OP_LD,
                            wi_g(false, SOFT_ACCESS_B32, 0, R_ADDR,
                                 (int32_t)wb->b.va, true), 0xffff0000u),
                    SOFT_EXEC_OK);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_g, SOFT_OP_LD,
                            wi_g(false, SOFT_ACCESS_B32, 0, R_ADDR, 0, true),
                            ~0u), SOFT_EXEC_FAULT);
    wb_free(wb);
}

static void test_windows(void)
{
    WarpBench *wb = wb_new();
    uint32_t bad = 0;

    wb->l.shared_size = 256;
    wb->l.local_pos = 32;
    wb->l.shared_base = 0xfe000000;
    wb->l.local_base = 0xff000000;
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_ADDR][i] = i % 2 ? 0xfe000000 + 4 * i : 0xff000004;
        wb->w->r[R_DATA][i] = 1000 + i;
    }
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_st_g, SOFT_OP_ST,
                            wi_g(true, SOFT_ACCESS_B32, R_DATA, R_ADDR, 0,
                                 false), ~0u), SOFT_EXEC_OK);
    for (unsigned i = 0; i < 32; i++) {
        uint32_t v;

        memcpy(&v, i % 2 ? wb->cta->shared + 4 * i :
               wb->w->local + i * wb->cta->local_stride + 4, 4);
        bad += v != 1000 + i;
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb->w->r[R_ADDR][3] = 0xfe000000 + 256;
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_g, SOFT_OP_LD,
                            wi_g(false, SOFT_ACCESS_B32, R_DATA, R_ADDR, 0,
                                 false), ~0u), SOFT_EXEC_FAULT);
    CU_ASSERT_EQUAL(wb->cta->fault.reason, GPUVM_TRAP_SHARED_RANGE);
    wb_free(wb);
}

static void test_shared(void)
{
    g_autofree uint8_t *model = g_malloc0(8192);
    WarpBench *wb = wb_new();
    uint32_t rnd = 3, bad = 0;

    wb->l.shared_size = 8192;
    wb_bind(wb);
    for (unsigned n = 0; n < 7 * SHAPES * wb_cases(40); n++) {
        unsigned type = n % 7, bytes = bytes_of(type);
        int32_t ofs = (int32_t)(wb_rand(&rnd) % 256) - 128;
        uint32_t mask = n % 5 == 0 ? wb_rand(&rnd) | 1 : ~0u;
        uint32_t off[32];

        shape(off, n / 7 % SHAPES, bytes, &rnd);
        for (unsigned i = 0; i < 32; i++) {
            off[i] %= 8192;
            wb->w->r[R_ADDR][i] = off[i] - ofs;
            for (unsigned k = 0; k < 4; k++) {
                wb->w->r[R_DATA + k][i] = wb_rand(&rnd);
            }
            for (unsigned k = 0; k < bytes && (mask >> i & 1); k++) {
                model[off[i] + k] = wb->w->r[R_DATA + k / 4][i] >>
                                    (k % 4 * 8);
            }
        }
        CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_st_s, SOFT_OP_STS,
                                wi_sl(0xc9, type, R_DATA, R_ADDR, ofs), mask),
                        SOFT_EXEC_OK);
        CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_s, SOFT_OP_LDS,
                                wi_sl(0xc1, type, R_DATA + 4, R_ADDR, ofs),
                                mask), SOFT_EXEC_OK);
        for (unsigned i = 0; i < 32; i++) {
            uint32_t v = 0;

            memcpy(&v, model + off[i], MIN(bytes, 4));
            bad += (mask >> i & 1) &&
                   wb->w->r[R_DATA + 4][i] != extend(v, type);
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(memcmp(wb->cta->shared, model, 8192), 0);

    /* the last byte is in, the next is not; negative addresses are not */
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_ADDR][i] = 8188;
    }
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_s, SOFT_OP_LDS,
                            wi_sl(0xc1, SOFT_ACCESS_B32, 0, R_ADDR, 0), ~0u),
                    SOFT_EXEC_OK);
    wb->w->r[R_ADDR][31] = 8192;
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_s, SOFT_OP_LDS,
                            wi_sl(0xc1, SOFT_ACCESS_B32, 0, R_ADDR, 0), ~0u),
                    SOFT_EXEC_FAULT);
    CU_ASSERT_EQUAL(wb->cta->fault.reason, GPUVM_TRAP_SHARED_RANGE);
    wb->w->r[R_ADDR][31] = -4;
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_st_s, SOFT_OP_STS,
                            wi_sl(0xc9, SOFT_ACCESS_B32, 0, R_ADDR, 0), ~0u),
                    SOFT_EXEC_FAULT);
    wb->w->r[R_ADDR][31] = 2;
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_st_s, SOFT_OP_STS,
                            wi_sl(0xc9, SOFT_ACCESS_B32, 0, R_ADDR, 0), ~0u),
                    SOFT_EXEC_FAULT);
    CU_ASSERT_EQUAL(wb->cta->fault.reason, GPUVM_TRAP_MISALIGNED);
    wb_free(wb);
}

/* ld.lock / st.unlock: for each address the lowest lane wins; losers retry
 * and in the end every lane's increment is there. */
static void test_locks(void)
{
    WarpBench *wb = wb_new();
    uint64_t lock = wi_sl(0xc4, SOFT_ACCESS_B32, R_DATA, R_ADDR, 0x40) |
                    2ull << 50;
    uint64_t unlock = wi_sl(0xcc, SOFT_ACCESS_B32, R_DATA, R_ADDR, 0x40);
    uint32_t todo = ~0u, seen[4] = { 0 }, rounds = 0;

    wb->l.shared_size = 256;
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_ADDR][i] = i % 4 * 4;
    }
    while (todo && rounds++ < 40) {
        uint32_t won;

        wb_exec(wb, gpuvm_soft_exec_ld_s_lock, SOFT_OP_LDS_LOCK, lock, todo);
        won = wb->w->p[2] & todo;
        CU_ASSERT_EQUAL(wb->w->lock_lanes, won);
        /* exactly the lowest lane of each of the four addresses */
        CU_ASSERT_EQUAL(won, todo & (0xfu << (4 * (rounds - 1))));
        /* while they hold the locks, nobody else gets one */
        wb_exec(wb, gpuvm_soft_exec_ld_s_lock, SOFT_OP_LDS_LOCK, lock,
                todo & ~won ? todo & ~won : 1u << 31);
        CU_ASSERT_EQUAL(wb->w->p[2] & todo & ~won, 0);
        for (unsigned i = 0; i < 32; i++) {
            wb->w->r[R_DATA][i] += i + 1;
            seen[i % 4] += won >> i & 1 ? i + 1 : 0;
        }
        wb_exec(wb, gpuvm_soft_exec_st_s_unlock, SOFT_OP_STS_UNLOCK, unlock,
                won);
        CU_ASSERT_EQUAL(wb->w->lock_lanes, 0);
        todo &= ~won;
    }
    CU_ASSERT_EQUAL(rounds, 8);
    for (unsigned i = 0; i < 4; i++) {
        uint32_t v;

        memcpy(&v, wb->cta->shared + 0x40 + 4 * i, 4);
        CU_ASSERT_EQUAL(v, seen[i]);
        /* 8 lanes i, i + 4, ...: 8 * (i + 1) + 4 * (0 + .. + 7) */
        CU_ASSERT_EQUAL(v, 8 * (i + 1) + 4 * 28);
    }
    wb_free(wb);
}

static void test_local(void)
{
    WarpBench *wb = wb_new();
    uint32_t bad = 0;

    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_ADDR][i] = 0;
    }
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_l, SOFT_OP_LDL,
                            wi_sl(0xc0, SOFT_ACCESS_B32, R_DATA, R_ADDR, 0),
                            ~0u), SOFT_EXEC_FAULT);
    wb->l.local_pos = 40;
    wb->l.local_neg = 16;
    wb_bind(wb);
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_ADDR][i] = i % 4 * 8;
        wb->w->r[R_DATA][i] = i;
        wb->w->r[R_DATA + 1][i] = ~i;
    }
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_st_l, SOFT_OP_STL,
                            wi_sl(0xc8, SOFT_ACCESS_B64, R_DATA, R_ADDR, 8),
                            ~0u), SOFT_EXEC_OK);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_st_l, SOFT_OP_STL,
                            wi_sl(0xc8, SOFT_ACCESS_B32, R_DATA, 63, -16),
                            ~0u), SOFT_EXEC_OK);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_l, SOFT_OP_LDL,
                            wi_sl(0xc0, SOFT_ACCESS_B64, R_DATA + 4, R_ADDR,
                                  8), ~0u), SOFT_EXEC_OK);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_l, SOFT_OP_LDL,
                            wi_sl(0xc0, SOFT_ACCESS_U8, R_DATA + 6, 63, -16),
                            ~0u), SOFT_EXEC_OK);
    for (unsigned i = 0; i < 32; i++) {
        bad += wb->w->r[R_DATA + 4][i] != i;
        bad += wb->w->r[R_DATA + 5][i] != ~i;
        bad += wb->w->r[R_DATA + 6][i] != i;
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb->w->r[R_ADDR][9] = 40;
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_l, SOFT_OP_LDL,
                            wi_sl(0xc0, SOFT_ACCESS_U8, R_DATA, R_ADDR, 0),
                            ~0u), SOFT_EXEC_FAULT);
    CU_ASSERT_EQUAL(wb->cta->fault.reason, GPUVM_TRAP_SHARED_RANGE);
    wb->w->r[R_ADDR][9] = -17;
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ld_l, SOFT_OP_LDL,
                            wi_sl(0xc0, SOFT_ACCESS_U8, R_DATA, R_ADDR, 0),
                            ~0u), SOFT_EXEC_FAULT);
    wb_free(wb);
}

static void test_ldc(void)
{
    WarpBench *wb = wb_new();
    uint32_t rnd = 5, bad = 0;

    for (unsigned i = 0; i < 0x4000; i++) {
        wb->mem[i] = wb_rand(&rnd);
    }
    /* bank 3 lies across pages, bank 5 is small and unaligned to a page */
    wb->l.cb[3] = (SoftCb){ .va = wb->b.va + 0xf00, .size = 0x2000 };
    wb->l.cb[5] = (SoftCb){ .va = wb->b.va + 0x3100, .size = 20 };
    wb_bind(wb);
    for (unsigned type = 0; type < 7; type++) {
        unsigned bytes = bytes_of(type);

        for (unsigned i = 0; i < 32; i++) {
            wb->w->r[R_ADDR][i] = (i * 0x77 & 0xfff) / bytes * bytes;
        }
        CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ldc, SOFT_OP_LDC,
                                wi_ldc(0, type, R_DATA, R_ADDR, 3, 0x20),
                                ~0u), SOFT_EXEC_OK);
        for (unsigned i = 0; i < 32; i++) {
            for (unsigned k = 0; k < (bytes + 3) / 4; k++) {
                uint32_t v;

                memcpy(&v, wb->mem + 0xf00 + 0x20 + wb->w->r[R_ADDR][i] +
                       4 * k, 4);
                bad += wb->w->r[R_DATA + k][i] != extend(v, type);
            }
        }
    }
    CU_ASSERT_EQUAL(bad, 0);
    /* IS: the upper half selects the bank; beyond the size and in an unbound
     * bank 0 is read */
    for (unsigned i = 0; i < 32; i++) {
        wb->w->r[R_ADDR][i] = (i % 2) << 16 | 4 * (i / 2);
    }
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_ldc, SOFT_OP_LDC,
                            wi_ldc(2, SOFT_ACCESS_B32, R_DATA, R_ADDR, 4, 4),
                            ~0u), SOFT_EXEC_OK);
    for (unsigned i = 0; i < 32; i++) {
        uint32_t want = 0;

        if (i % 2 && 4 + 4 * (i / 2) < 20) {
            memcpy(&want, wb->mem + 0x3100 + 4 + 4 * (i / 2), 4);
        }
        bad += wb->w->r[R_DATA][i] != want;
    }
    CU_ASSERT_EQUAL(bad, 0);
    wb_free(wb);
}

/* ---- atomics ---- */

static uint32_t model32(unsigned op, int kind, uint32_t old, uint32_t d,
                        uint32_t with)
{
    switch (op) {
    case 0:
        if (kind == 2) {
            float a, b;

            memcpy(&a, &old, 4);
            memcpy(&b, &d, 4);
            a = a + b;
            memcpy(&old, &a, 4);
            return old;
        }
        return old + d;
    case 1:
        return kind == 1 ? ((int32_t)d < (int32_t)old ? d : old) :
               MIN(d, old);
    case 2:
        return kind == 1 ? ((int32_t)d > (int32_t)old ? d : old) :
               MAX(d, old);
    case 3:
        return old >= d ? 0 : old + 1;
    case 4:
        return old == 0 || old > d ? d : old - 1;
    case 5:
        return old & d;
    case 6:
        return old | d;
    case 7:
        return old ^ d;
    case 8:
        return d;
    default:
        return old == d ? with : old;
    }
}

/* One operation of each kind over random words, conflicting and not. */
static void atom_case(WarpBench *wb, unsigned op, int kind, bool red,
                      bool uniform, uint32_t *rnd)
{
    static const uint16_t his[3] = { 0x507e, 0x587e, 0x687e };
    static const SoftOp reds[3] = { SOFT_OP_RED_U32, SOFT_OP_RED_S32,
                                    SOFT_OP_RED_F32 };
    static const SoftOp atoms[3] = { SOFT_OP_ATOM_U32, SOFT_OP_ATOM_S32,
                                     SOFT_OP_ATOM_F32 };
    uint32_t *mem = (uint32_t *)wb->mem, model[8], want[32], bad = 0;
    uint32_t mask = wb_rand(rnd) % 3 ? ~0u : wb_rand(rnd) | 4;
    SoftOp id = op == 8 ? SOFT_OP_ATOM_EXCH : op == 9 ? SOFT_OP_ATOM_CAS :
                red ? reds[kind] : atoms[kind];
    bool bit9 = kind != 0;
    uint64_t word = red ?
        wi_red(his[kind] >> 8 & 0x38, bit9, op, R_DATA, R_ADDR, -8) :
        wi_atom(op == 9 ? 0x5000 : his[kind], bit9, op, R_DATA + 4, R_DATA,
                R_ADDR, -8);

    for (unsigned i = 0; i < 8; i++) {
        float x = (int)(wb_rand(rnd) % 1000) - 500;

        mem[i] = wb_rand(rnd) % 4 ? wb_rand(rnd) : wb_rand(rnd) % 8;
        if (kind == 2) {
            memcpy(&mem[i], &x, 4);
        }
        model[i] = mem[i];
    }
    for (unsigned i = 0; i < 32; i++) {
        unsigned at = uniform ? 3 : wb_rand(rnd) % 8;
        uint32_t *d = &wb->w->r[R_DATA][i];
        float x = (int)(wb_rand(rnd) % 1000) - 500;

        set_addr(wb, i, wb->b.va + at * 4 + 8);
        *d = wb_rand(rnd) % 2 ? wb_rand(rnd) : wb_rand(rnd) % 8;
        if (op == 9 && wb_rand(rnd) % 2) {
            *d = model[at];         /* often equal, so that it swaps */
        }
        if (kind == 2) {
            memcpy(d, &x, 4);
        }
        wb->w->r[R_DATA + 1][i] = wb_rand(rnd);
        want[i] = wb->w->r[R_DATA + 4][i] = 0xabcd;
        if (mask >> i & 1) {
            want[i] = model[at];
            model[at] = model32(op, kind, model[at], *d,
                                wb->w->r[R_DATA + 1][i]);
        }
    }
    CU_ASSERT_EQUAL(wb_exec(wb, red ? gpuvm_soft_exec_red :
                            gpuvm_soft_exec_atom, id, word, mask),
                    SOFT_EXEC_OK);
    bad += memcmp(mem, model, sizeof(model)) != 0;
    for (unsigned i = 0; i < 32; i++) {
        bad += !red && wb->w->r[R_DATA + 4][i] != want[i];
    }
    if (bad) {
        fprintf(stderr, "atom op %u kind %d red %d uniform %d\n", op, kind,
                red, uniform);
    }
    CU_ASSERT_EQUAL(bad, 0);
}

static void test_atomics(void)
{
    WarpBench *wb = wb_new();
    uint32_t rnd = 7;

    for (unsigned n = 0; n < 40; n++) {
        for (unsigned u = 0; u < 2; u++) {
            for (unsigned op = 0; op < 10; op++) {
                atom_case(wb, op, 0, false, u, &rnd);
                if (op < 8) {
                    atom_case(wb, op, 0, true, u, &rnd);
                }
            }
            for (unsigned op = 0; op < 3; op++) {
                atom_case(wb, op, 1, false, u, &rnd);
                atom_case(wb, op, 1, true, u, &rnd);
            }
            atom_case(wb, 0, 2, false, u, &rnd);
            atom_case(wb, 0, 2, true, u, &rnd);
        }
    }
    wb_free(wb);
}

static void test_atomics64(void)
{
    WarpBench *wb = wb_new();
    uint64_t *mem = (uint64_t *)wb->mem;

    mem[1] = 0xffffffffull;
    for (unsigned i = 0; i < 32; i++) {
        set_addr(wb, i, wb->b.va + 8);
        wb->w->r[R_DATA][i] = 1;
        wb->w->r[R_DATA + 1][i] = i == 31;
    }
    wb_exec(wb, gpuvm_soft_exec_atom, SOFT_OP_ATOM_U64,
            wi_atom(0x507e, true, 0, R_DATA + 4, R_DATA, R_ADDR, 0), ~0u);
    CU_ASSERT_EQUAL(mem[1], 0xffffffffull + 32 + (1ull << 32));
    CU_ASSERT_EQUAL(wb->w->r[R_DATA + 4][0], 0xffffffff);
    CU_ASSERT_EQUAL(wb->w->r[R_DATA + 5][0], 0);
    CU_ASSERT_EQUAL(wb->w->r[R_DATA + 4][1], 0);
    CU_ASSERT_EQUAL(wb->w->r[R_DATA + 5][1], 1);
    wb_exec(wb, gpuvm_soft_exec_red, SOFT_OP_RED_U64,
            wi_red(0x10, true, 0, R_DATA, R_ADDR, 0), 3);
    CU_ASSERT_EQUAL(mem[1], 0xffffffffull + 34 + (1ull << 32));
    /* cas: pair compared, the next pair stored */
    mem[1] = 0x1122334455667788ull;
    wb->w->r[R_DATA][0] = 0x55667788;
    wb->w->r[R_DATA + 1][0] = 0x11223344;
    wb->w->r[R_DATA + 2][0] = 0xcafe;
    wb->w->r[R_DATA + 3][0] = 0xbabe;
    wb_exec(wb, gpuvm_soft_exec_atom, SOFT_OP_ATOM_CAS64,
            wi_atom(0x5000, true, 9, R_DATA + 4, R_DATA, R_ADDR, 0), 1);
    CU_ASSERT_EQUAL(mem[1], 0x0000babe0000cafeull);
    CU_ASSERT_EQUAL(wb->w->r[R_DATA + 5][0], 0x11223344);
    wb_exec(wb, gpuvm_soft_exec_atom, SOFT_OP_ATOM_EXCH64,
            wi_atom(0x507e, true, 8, R_DATA, R_DATA, R_ADDR, 0) | 1 << 8, 1);
    CU_ASSERT_EQUAL(mem[1], 0x1122334455667788ull);
    CU_ASSERT_EQUAL(wb->w->r[R_DATA][0], 0xcafe);
    /* 4 but not 8 bytes aligned */
    set_addr(wb, 0, wb->b.va + 4);
    CU_ASSERT_EQUAL(wb_exec(wb, gpuvm_soft_exec_atom, SOFT_OP_ATOM_U64,
                            wi_atom(0x507e, true, 0, R_DATA + 4, R_DATA,
                                    R_ADDR, 0), 1), SOFT_EXEC_FAULT);
    CU_ASSERT_EQUAL(wb->cta->fault.reason, GPUVM_TRAP_MISALIGNED);
    wb_free(wb);
}

static CU_TestInfo tests[] = {
    { "g[] loads, all types and shapes", test_ld_g },
    { "g[] stores, all types and shapes", test_st_g },
    { "destination over address", test_g_overlap },
    { "g[] alignment and faults", test_g_faults },
    { "32-bit windows", test_windows },
    { "s[]", test_shared },
    { "locks of s[]", test_locks },
    { "l[]", test_local },
    { "ldc", test_ldc },
    { "atomics, 32 bits", test_atomics },
    { "atomics, 64 bits", test_atomics64 },
    CU_TEST_INFO_NULL,
};

static int use_width(int width)
{
    if (!gpuvm_soft_alu_force(width)) {
        fprintf(stderr, "this CPU lacks vector width %d: the general handlers "
                "again\n", width);
        width = 0;
    }
    wb_width = width;
    return 0;
}

static int use_general(void) { return use_width(0); }
static int use_base(void) { return use_width(1); }
static int use_avx2(void) { return use_width(2); }
static int use_avx512(void) { return use_width(3); }

CU_SuiteInfo unit_suites[] = {
    { "isa-mem", use_general, NULL, NULL, NULL, tests },
    { "isa-mem, base", use_base, NULL, NULL, NULL, tests },
    { "isa-mem, AVX2", use_avx2, NULL, NULL, NULL, tests },
    { "isa-mem, AVX-512", use_avx512, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
