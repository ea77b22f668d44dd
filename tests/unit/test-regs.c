/*
 * Tests the register dispatcher (board/regs.c) with tables of its own:
 * look-up, overlaps refused by name, write-one-to-clear, masks, lanes of
 * narrow accesses, windows, resets, and what is kept about the unknown.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "board/board_priv.h"
#include "harness.h"

static struct {
    uint32_t addr, index, val;
    unsigned size, calls;
} seen;

static uint32_t note_write(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t index, uint32_t stored, uint32_t val)
{
    const GpuvmRegAccess *a = gpuvm_regs_access(b);

    seen.addr = a->addr;
    seen.size = a->size;
    seen.index = index;
    seen.val = val;
    seen.calls++;
    return stored;
}

/* Reads as its index and address, to see that both arrive. */
static uint32_t echo_read(GpuvmBoard *b, const GpuvmRegRow *row,
                          uint32_t index, uint32_t stored)
{
    return 0xab000000u | row->addr << 8 | index;
}

static const GpuvmRegRow rows_a[] = {
    { "PLAIN", 0x100, .reset = 0x11223344 },
    { "ARRAY", 0x200, .count = 4, .stride = 0x10 },
    { "RO", 0x300, .reset = 0x55aa55aa, .flags = GPUVM_REG_RO },
    { "WO", 0x304, .flags = GPUVM_REG_WO },
    { "W1C", 0x308, .reset = 0xff0ff0ff, .flags = GPUVM_REG_W1C },
    { "MASKED", 0x30c, .reset = 0x0000ffff, .mask = 0x00ff00ff },
    { "ECHO", 0x400, .count = 8, .read = echo_read },
    { "BYTES", 0x500, .count = 2, .reset = 0x01020304,
      .flags = GPUVM_REG_BYTE, .write = note_write },
    { "KEPT", 0x600, .reset = 7, .flags = GPUVM_REG_KEEP },
    { "LAST", GPUVM_BAR0_SIZE - 4 },
    { "WINDOW", 0x10000, .count = 2048, .flags = GPUVM_REG_WINDOW,
      .read = echo_read, .write = note_write },
};
static const GpuvmUnit unit_a = {
    .name = "a", .rows = rows_a, .nrows = G_N_ELEMENTS(rows_a),
};

static const GpuvmRegRow rows_b[] = {
    { "OTHER", 0x104, .reset = 3 },
    { "BETWEEN", 0x204, .count = 3, .stride = 0x10 },
};
static const GpuvmUnit unit_b = {
    .name = "b", .rows = rows_b, .nrows = G_N_ELEMENTS(rows_b),
};

static TestHost *th;
static GpuvmBoard board;

static void setup(void)
{
    static const GpuvmUnit *const units[] = { &unit_a, &unit_b };
    char *err = NULL;

    th = test_host_new(0, 0);
    memset(&board, 0, sizeof(board));
    memset(&seen, 0, sizeof(seen));
    board.host = &th->host;
    board.regs = gpuvm_regs_new(units, 2, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(board.regs);
    CU_ASSERT_PTR_NULL(err);
}

static void teardown(void)
{
    gpuvm_regs_free(board.regs);
    test_host_free(th);
}

static uint32_t rd(uint32_t addr)
{
    return gpuvm_regs_read(&board, addr, 4);
}

static void wr(uint32_t addr, uint32_t val)
{
    gpuvm_regs_write(&board, addr, val, 4);
}

static uint64_t counter(GpuvmCounterId id)
{
    return gpuvm_counter(&th->host.counters, id);
}

static void test_lookup(void)
{
    CU_ASSERT_EQUAL(rd(0x100), 0x11223344);
    wr(0x100, 0xdeadbeef);
    CU_ASSERT_EQUAL(rd(0x100), 0xdeadbeef);
    CU_ASSERT_EQUAL(rd(0x104), 3);
    for (uint32_t i = 0; i < 4; i++) {
        wr(0x200 + 0x10 * i, 0x1000 + i);
    }
    for (uint32_t i = 0; i < 3; i++) {
        wr(0x204 + 0x10 * i, 0x2000 + i);
    }
    for (uint32_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(rd(0x200 + 0x10 * i), 0x1000 + i);
    }
    CU_ASSERT_EQUAL(rd(0x224), 0x2002);
    CU_ASSERT_EQUAL(rd(0x414), 0xab040005);
    wr(GPUVM_BAR0_SIZE - 4, 9);
    CU_ASSERT_EQUAL(rd(GPUVM_BAR0_SIZE - 4), 9);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
    CU_ASSERT_EQUAL(gpuvm_regs_get(&board, 0x210), 0x1001);
    gpuvm_regs_set(&board, 0x210, 5);
    CU_ASSERT_EQUAL(rd(0x210), 5);
}

static void test_flags(void)
{
    wr(0x300, 0);
    CU_ASSERT_EQUAL(rd(0x300), 0x55aa55aa);
    wr(0x304, 0x12345678);
    CU_ASSERT_EQUAL(rd(0x304), 0);
    wr(0x308, 0x0f000001);
    CU_ASSERT_EQUAL(rd(0x308), 0xf00ff0fe);
    wr(0x30c, 0x12345678);
    CU_ASSERT_EQUAL(rd(0x30c), 0x0034ff78);
}

static void test_lanes(void)
{
    CU_ASSERT_EQUAL(gpuvm_regs_read(&board, 0x100, 1), 0x44);
    CU_ASSERT_EQUAL(gpuvm_regs_read(&board, 0x103, 1), 0x11);
    CU_ASSERT_EQUAL(gpuvm_regs_read(&board, 0x102, 2), 0x1122);
    gpuvm_regs_write(&board, 0x101, 0xee, 1);
    CU_ASSERT_EQUAL(rd(0x100), 0x1122ee44);
    gpuvm_regs_write(&board, 0x102, 0xabcd, 2);
    CU_ASSERT_EQUAL(rd(0x100), 0xabcdee44);
    /* only the named lane is cleared, though the others hold ones */
    gpuvm_regs_write(&board, 0x309, 0x80, 1);
    CU_ASSERT_EQUAL(rd(0x308), 0xff0f70ff);
    /* a row that takes bytes gets them as they come */
    gpuvm_regs_write(&board, 0x506, 0x77, 1);
    CU_ASSERT_EQUAL(seen.addr, 0x506);
    CU_ASSERT_EQUAL(seen.size, 1);
    CU_ASSERT_EQUAL(seen.index, 1);
    CU_ASSERT_EQUAL(seen.val, 0x77);
}

static void test_window(void)
{
    CU_ASSERT_EQUAL(rd(0x10000), 0xab000000u | 0x10000 << 8);
    CU_ASSERT_EQUAL(rd(0x11ffc) & 0xfff, 2047);
    CU_ASSERT_EQUAL(gpuvm_regs_read(&board, 0x10007, 1), 0xab);
    gpuvm_regs_write(&board, 0x11002, 0x1234, 2);
    CU_ASSERT_EQUAL(seen.addr, 0x11002);
    CU_ASSERT_EQUAL(seen.size, 2);
    CU_ASSERT_EQUAL(seen.val, 0x1234);
    CU_ASSERT_EQUAL(seen.calls, 1);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 0);
    rd(0x12000);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 1);
}

static void test_reset(void)
{
    wr(0x100, 1);
    wr(0x104, 1);
    wr(0x600, 1);
    gpuvm_regs_reset(board.regs, &unit_a);
    CU_ASSERT_EQUAL(rd(0x100), 0x11223344);
    CU_ASSERT_EQUAL(rd(0x104), 1);
    CU_ASSERT_EQUAL(rd(0x600), 1);
    gpuvm_regs_reset(board.regs, NULL);
    CU_ASSERT_EQUAL(rd(0x104), 3);
    CU_ASSERT_EQUAL(rd(0x600), 7);
}

/* Makes a table of unit_a and @row; the error must hold both names. */
static void expect_refused(const GpuvmRegRow *row, const char *a,
                           const char *b)
{
    GpuvmUnit unit = { .name = "new", .rows = row, .nrows = 1 };
    const GpuvmUnit *units[] = { &unit_a, &unit };
    g_autofree char *err = NULL;
    GpuvmRegs *r = gpuvm_regs_new(units, 2, &err);

    CU_ASSERT_PTR_NULL(r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(err);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, a));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, b));
    gpuvm_regs_free(r);
}

static void test_overlap(void)
{
    static const GpuvmRegRow same = { "SAME", 0x100 };
    static const GpuvmRegRow third = { "THIRD", 0x0e0, .count = 20,
                                       .stride = 0x20 };
    static const GpuvmRegRow in_window = { "IN", 0x11ffc };
    static const GpuvmRegRow window = { "OVER", 0, .count = 1024,
                                        .flags = GPUVM_REG_WINDOW };
    static const GpuvmRegRow windows = { "OVER", 0x11000, .count = 1024,
                                         .flags = GPUVM_REG_WINDOW };
    static const GpuvmRegRow odd = { "ODD", 0x102 };
    static const GpuvmRegRow beyond = { "BEYOND", GPUVM_BAR0_SIZE - 8,
                                        .count = 3 };
    static const GpuvmRegRow ragged = { "RAGGED", 0x20000, .count = 1025,
                                        .flags = GPUVM_REG_WINDOW };

    expect_refused(&same, "a.PLAIN", "new.SAME");
    expect_refused(&third, "a.PLAIN", "new.THIRD");
    expect_refused(&in_window, "a.WINDOW", "new.IN");
    expect_refused(&window, "a.PLAIN", "new.OVER");
    expect_refused(&windows, "a.WINDOW", "new.OVER");
    expect_refused(&odd, "new.ODD", "0x000102");
    expect_refused(&beyond, "new.BEYOND", "");
    expect_refused(&ragged, "new.RAGGED", "");
}

static void test_unknown(void)
{
    g_autofree char *list = NULL;

    CU_ASSERT_EQUAL(rd(0x800), 0);
    CU_ASSERT_EQUAL(rd(0x800), 0);
    gpuvm_regs_read(&board, 0x803, 1);
    wr(0x800, 1);
    rd(0x1f00000);
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 5);
    CU_ASSERT_EQUAL(th->traces[GPUVM_TRACE_REG_UNKNOWN], 5);
    CU_ASSERT_EQUAL(th->logs, 3);
    list = gpuvm_regs_unknown_list(board.regs);
    CU_ASSERT_STRING_EQUAL(list, "R 0x000800 3\nW 0x000800 1\n"
                           "R 0x1f00000 1\n");
}

static void test_unknown_full(void)
{
    g_autofree char *list = NULL;
    unsigned lines = 0;

    for (uint32_t a = 0x100000; a < 0x100000 + 4 * 5000; a += 4) {
        rd(a);
    }
    CU_ASSERT_EQUAL(counter(GPUVM_CNT_UNKNOWN), 5000);
    CU_ASSERT_EQUAL(th->logs, 4097);
    CU_ASSERT_PTR_NOT_NULL(strstr(th->last_log, "full"));
    list = gpuvm_regs_unknown_list(board.regs);
    for (const char *p = list; (p = strchr(p, '\n')); p++) {
        lines++;
    }
    CU_ASSERT_EQUAL(lines, 4096);
}

static void test_describe(void)
{
    g_autofree char *text = gpuvm_regs_describe(board.regs);

    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  000200 4x0x10 ARRAY\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  000308 W1C reset=ff0ff0ff w1c\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nb\n  000104 OTHER reset=00000003\n"));
}

static void test_traces(void)
{
    rd(0x100);
    wr(0x100, 1);
    CU_ASSERT_EQUAL(th->traces[GPUVM_TRACE_REG_READ], 1);
    CU_ASSERT_EQUAL(th->traces[GPUVM_TRACE_REG_WRITE], 1);
}

static CU_TestInfo tests[] = {
    { "look-up", test_lookup },
    { "flags", test_flags },
    { "lanes", test_lanes },
    { "windows", test_window },
    { "reset", test_reset },
    { "overlaps are refused", test_overlap },
    { "unknown registers", test_unknown },
    { "the list of unknowns is bounded", test_unknown_full },
    { "describe", test_describe },
    { "traces", test_traces },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "regs", NULL, NULL, setup, teardown, tests },
    CU_SUITE_INFO_NULL,
};
