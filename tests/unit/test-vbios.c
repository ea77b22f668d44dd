/*
 * Reads our VBIOS back with a parser of its own, written from the text of
 * reference/nvc0-nouveau.md 3.2-3.4 with literal offsets (not from
 * spec/vbios.h), the way a driver walks an image.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "board/board_priv.h"
#include "harness.h"

static GpuvmVbios rom;

static void setup(void)
{
    gpuvm_vbios_build(&rom, 0x06d8);
}

static void teardown(void)
{
    g_free(rom.data);
}

static unsigned u8(size_t off)
{
    CU_ASSERT_FATAL(off < rom.size);
    return rom.data[off];
}

static unsigned u16(size_t off)
{
    return u8(off) | u8(off + 1) << 8;
}

static uint32_t u32(size_t off)
{
    return u16(off) | (uint32_t)u16(off + 2) << 16;
}

static unsigned sum(size_t off, size_t len)
{
    unsigned s = 0;

    for (size_t i = 0; i < len; i++) {
        s += u8(off + i);
    }
    return s & 0xff;
}

/* Offset of the first match of @len bytes, or 0. */
static size_t find(const char *bytes, size_t len)
{
    for (size_t i = 0; i + len <= rom.size; i++) {
        if (!memcmp(rom.data + i, bytes, len)) {
            return i;
        }
    }
    return 0;
}

/* BIT entry @id: offset of its 6 bytes; fails the test when it is not there. */
static size_t bit_entry(char id)
{
    size_t bit = find("\xff\xb8" "BIT", 5);
    unsigned size, count;

    CU_ASSERT_FATAL(bit != 0);
    size = u8(bit + 9);
    count = u8(bit + 10);
    for (unsigned i = 0; i < count; i++) {
        size_t e = bit + 12 + i * size;

        if (u8(e) == (unsigned char)id) {
            /* its table lies in the image */
            CU_ASSERT(u16(e + 4) + u16(e + 2) <= rom.size);
            return e;
        }
    }
    return 0;
}

static void test_header(void)
{
    size_t pcir;

    CU_ASSERT_EQUAL(u16(0), 0xaa55);
    CU_ASSERT_EQUAL(u8(2) * 512u, rom.size);
    CU_ASSERT_EQUAL(u8(3), 0xcb);           /* retf */
    pcir = u16(0x18);
    CU_ASSERT_EQUAL(pcir % 4, 0);
    CU_ASSERT_EQUAL(memcmp(rom.data + pcir, "PCIR", 4), 0);
    CU_ASSERT_EQUAL(u16(pcir + 4), 0x10de);
    CU_ASSERT_EQUAL(u16(pcir + 6), 0x06d8);
    CU_ASSERT(u16(pcir + 0x0a) >= 0x18);
    CU_ASSERT_EQUAL(u8(pcir + 0x0d), 0);    /* class 03 02 00 */
    CU_ASSERT_EQUAL(u16(pcir + 0x0e), 0x0302);
    CU_ASSERT_EQUAL(u16(pcir + 0x10) * 512u, rom.size);
    CU_ASSERT_EQUAL(u8(pcir + 0x14), 0);
    CU_ASSERT_EQUAL(u8(pcir + 0x15) & 0x80, 0x80);
    CU_ASSERT_EQUAL(sum(0, rom.size), 0);
    CU_ASSERT(rom.size <= 64 * 1024);
}

static void test_device_id(void)
{
    GpuvmVbios other;
    uint8_t s = 0;

    gpuvm_vbios_build(&other, 0x1234);
    CU_ASSERT_EQUAL(other.data[u16(0x18) + 6], 0x34);
    CU_ASSERT_EQUAL(other.data[u16(0x18) + 7], 0x12);
    for (size_t i = 0; i < other.size; i++) {
        s += other.data[i];
    }
    CU_ASSERT_EQUAL(s, 0);
    g_free(other.data);
}

static void test_bit(void)
{
    size_t bit = find("\xff\xb8" "BIT", 5);
    size_t e;

    CU_ASSERT_FATAL(bit != 0);
    CU_ASSERT_EQUAL(u8(bit + 8), 12);
    CU_ASSERT_EQUAL(u8(bit + 9), 6);
    CU_ASSERT_EQUAL(sum(bit, 12), 0);

    e = bit_entry('i');
    CU_ASSERT_FATAL(e != 0);
    CU_ASSERT(u16(e + 2) >= 15);
    CU_ASSERT(u8(u16(e + 4) + 3) >= 5);         /* major */
    CU_ASSERT_EQUAL(u8(u16(e + 4) + 5), 0);     /* features: not mobile */
    CU_ASSERT_EQUAL(u16(u16(e + 4) + 13), 0);   /* no DAC table */

    e = bit_entry('I');
    CU_ASSERT_FATAL(e != 0);
    CU_ASSERT(u16(e + 2) >= 14);
    CU_ASSERT(u16(e + 2) < 16);                 /* no "unknown script" */
    CU_ASSERT(u16(u16(e + 4)) != 0);
    CU_ASSERT_EQUAL(u16(u16(u16(e + 4))), 0);   /* no script */

    /* tables that would make a driver want more */
    CU_ASSERT_EQUAL(bit_entry('C'), 0);
    CU_ASSERT_EQUAL(bit_entry('P'), 0);
    CU_ASSERT_EQUAL(find("\xff\x7f" "NV", 4), 0);
}

/* Memory type of the strap that PEXTDEV_BOOT_0 = 0xb040609a shows. */
static void test_memory_type(void)
{
    unsigned strap = (0xb040609a & 0x3c) >> 2;
    size_t e = bit_entry('M');
    size_t table;
    unsigned type = ~0u;

    CU_ASSERT_FATAL(e != 0);
    CU_ASSERT_EQUAL(u8(e + 1), 2);
    CU_ASSERT(u16(e + 2) > 4);
    table = u16(u16(e + 4) + 3);
    CU_ASSERT_EQUAL(u8(table), 0x10);
    CU_ASSERT_EQUAL(u8(table + 4), 0);
    for (unsigned i = 0; i < u8(table + 3); i++) {
        unsigned b = u8(table + u8(table + 1) + i * u8(table + 2));

        if (b >> 4 == strap) {
            type = b & 0xf;
            break;
        }
    }
    CU_ASSERT_EQUAL(type, 3);                   /* GDDR5 */
}

static void test_dcb(void)
{
    size_t dcb = u16(0x36);

    CU_ASSERT_FATAL(dcb != 0);
    CU_ASSERT_EQUAL(u8(dcb), 0x40);
    CU_ASSERT_EQUAL(u32(dcb + 6), 0x4edcbdcb);
    CU_ASSERT(u8(dcb + 1) >= 0x16);
    CU_ASSERT_EQUAL(u8(dcb + 2), 0);            /* no outputs */
    CU_ASSERT_EQUAL(u16(dcb + 4), 0);           /* I2C */
    CU_ASSERT_EQUAL(u16(dcb + 0x0a), 0);        /* GPIO */
    CU_ASSERT_EQUAL(u16(dcb + 0x14), 0);        /* connectors */
}

static CU_TestInfo tests[] = {
    { "ROM header and PCIR", test_header },
    { "device id", test_device_id },
    { "BIT", test_bit },
    { "memory type", test_memory_type },
    { "DCB", test_dcb },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "vbios", NULL, NULL, setup, teardown, tests },
    CU_SUITE_INFO_NULL,
};
