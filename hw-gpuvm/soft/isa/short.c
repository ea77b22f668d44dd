/*
 * 4-byte instructions (nvc0-compute.md 4.9), by translation to 8 bytes.
 *
 * Mesa's compiler does not emit them; the library that it uploads for integer
 * division does.  Guard, destination, first and second source register lie
 * where the long forms have them, so a row here is a long opcode plus the way
 * the second source is packed.  A constant operand can be of c0, c1 or c16
 * with a 6-bit word index; an immediate has 8 signed bits split in two.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/short.h"

#include <glib.h>

#include "soft/isa/isa.h"

typedef enum ShortForm {
    SHORT_SS2,      /* 9:8: register or constant word 31:26 */
    SHORT_SIMM,     /* immediate 9:8,31:26, signed */
    SHORT_SHIFT,    /* count 30:26 */
    SHORT_MUL_SS2,  /* as SS2, bit 6: both signed */
    SHORT_MUL_SIMM,
    SHORT_MAD,      /* no guard; c in 13:8; 7:6 as SS2's 9:8; 5 signed */
    SHORT_MOV_SS1,  /* as SS2, of the src1 field */
    SHORT_MOV_IMM,  /* immediate 31:20, signed */
    SHORT_MOV_FIMM, /* immediate 31:20 << 20 */
    SHORT_I2I,
    SHORT_PLAIN,    /* guard and condition only */
    SHORT_BRA,      /* words 27:14, signed */
    SHORT_CALL,     /* words 27:6, signed */
} ShortForm;

typedef struct ShortRow {
    uint32_t match, mask;
    uint64_t base;
    ShortForm form;
} ShortRow;

#define OP(hi, low) (((uint64_t)(hi) << 56) | (low))
#define KIND_CONST  (1ull << 46)
#define KIND_IMM    (3ull << 46)
#define SUBR        0x200
#define LOGIC(n)    ((n) << 6)
#define LANES       0x1e0

static const ShortRow rows[] = {
    { 0x00000008, 0xf80003ff, OP(0x40, 4), SHORT_PLAIN },
    { 0x8800001f, 0xf800001f, OP(0x80, 7), SHORT_PLAIN },
    { 0x9000001f, 0xf800001f, OP(0x90, 7), SHORT_PLAIN },
    { 0x0000001f, 0xc000001f, OP(0x40, 7), SHORT_BRA },
    { 0x4000001f, 0xf000001f, OP(0x60, 7), SHORT_BRA },
    { 0x5000001f, 0xf000001f, OP(0x50, 7), SHORT_CALL },
    { 0x00000208, 0x800003ff, OP(0x60, 3), SHORT_SHIFT },
    { 0x80000208, 0x800003ff, OP(0x58, 3 | 0x20), SHORT_SHIFT },
    { 0x00000018, 0x000001ff, OP(0x1c, 4), SHORT_I2I },
    { 0x00000118, 0x000003ff, OP(0x18, 2 | LANES), SHORT_MOV_IMM },
    { 0x00000318, 0x000003ff, OP(0x18, 2 | LANES), SHORT_MOV_FIMM },
    { 0x00000028, 0x000000ff, OP(0x28, 4 | LANES), SHORT_MOV_SS1 },
    { 0x0000002a, 0x000000bf, OP(0x50, 3), SHORT_MUL_SS2 },
    { 0x000000aa, 0x000000bf, OP(0x50, 3), SHORT_MUL_SIMM },
    { 0x0000000d, 0x0000001f, OP(0x20, 3), SHORT_MAD },
    { 0x0000002c, 0x000000ff, OP(0x48, 3), SHORT_SS2 },
    { 0x0000006c, 0x000000ff, OP(0x48, 3 | SUBR), SHORT_SS2 },
    { 0x000000ac, 0x000000ff, OP(0x48, 3), SHORT_SIMM },
    { 0x000000ec, 0x000000ff, OP(0x48, 3 | SUBR), SHORT_SIMM },
    { 0x0000001d, 0x000000ff, OP(0x68, 3 | LOGIC(0)), SHORT_SS2 },
    { 0x0000003d, 0x000000ff, OP(0x68, 3 | LOGIC(1)), SHORT_SS2 },
    { 0x0000005d, 0x000000ff, OP(0x68, 3 | LOGIC(2)), SHORT_SS2 },
    { 0x0000007d, 0x000000ff, OP(0x68, 3 | LOGIC(3)), SHORT_SS2 },
    { 0x0000009d, 0x000000ff, OP(0x68, 3 | LOGIC(0)), SHORT_SIMM },
    { 0x000000bd, 0x000000ff, OP(0x68, 3 | LOGIC(1)), SHORT_SIMM },
    { 0x000000dd, 0x000000ff, OP(0x68, 3 | LOGIC(2)), SHORT_SIMM },
    { 0x000000fd, 0x000000ff, OP(0x68, 3 | LOGIC(3)), SHORT_SIMM },
};

#define GUARD_DST    0x000ffc00u    /* 19:10 */
#define GUARD_DST_A  0x03fffc00u    /* 25:10 */

/* Operand b as a long form packs it: register, or word @index of a bank. */
static uint64_t pack_ss(unsigned select, unsigned index)
{
    switch (select) {
    case 0:
        return (uint64_t)index << 26;
    case 1:
        return KIND_CONST | (uint64_t)index << 28;
    case 2:
        return KIND_CONST | (uint64_t)index << 28 | 1ull << 42;
    default:    /* bank 16: bit 26 */
        return KIND_CONST | (uint64_t)index << 28 | 1ull << 26;
    }
}

static uint64_t pack_imm20(int32_t v)
{
    return KIND_IMM | ((uint64_t)((uint32_t)v & 0xfffff) << 26);
}

static int32_t sign_extend(uint32_t v, unsigned bits)
{
    return (int32_t)(v << (32 - bits)) >> (32 - bits);
}

static uint64_t pack_simm(uint32_t lo)
{
    return pack_imm20(sign_extend(((lo >> 26) & 0x3f) |
                                  ((lo >> 8) & 3) << 6, 8));
}

static uint64_t expand_i2i(uint32_t lo)
{
    unsigned type = (lo >> 20) & 3;     /* u16 s16 u32 s32 */
    uint64_t w = (lo & GUARD_DST) | (lo & 0xfc000000);

    w |= (uint64_t)(1 + (type >> 1)) << 20 | (type & 1) << 7;
    w |= (uint64_t)(1 + ((lo >> 24) & 1)) << 23 | (lo & 0x200);
    w |= ((lo >> 22) & 1) << 8 | ((lo >> 25) & 1) << 6;
    return w | (uint64_t)((lo >> 23) & 1) << 48;
}

static uint64_t expand_form(const ShortRow *r, uint32_t lo)
{
    unsigned b = lo >> 26, both_signed = lo & 0x40 ? 0xa0 : 0;

    switch (r->form) {
    case SHORT_SS2:
        return (lo & GUARD_DST_A) | pack_ss((lo >> 8) & 3, b);
    case SHORT_SIMM:
        return (lo & GUARD_DST_A) | pack_simm(lo);
    case SHORT_SHIFT:
        return (lo & GUARD_DST_A) | pack_imm20(b & 31);
    case SHORT_MUL_SS2:
        return (lo & GUARD_DST_A) | both_signed |
               pack_ss((lo >> 8) & 3, b);
    case SHORT_MUL_SIMM:
        return (lo & GUARD_DST_A) | both_signed | pack_simm(lo);
    case SHORT_MAD:
        return (lo & 0x03ffc000) | 0x1c00 | (lo & 0x20 ? 0xa0 : 0) |
               pack_ss((lo >> 6) & 3, b) |
               (uint64_t)((lo >> 8) & 0x3f) << 49;
    case SHORT_MOV_SS1:
        return (lo & GUARD_DST) | pack_ss((lo >> 8) & 3, (lo >> 20) & 0x3f);
    case SHORT_MOV_IMM:
        return (lo & GUARD_DST) |
               (uint64_t)(uint32_t)sign_extend(lo >> 20, 12) << 26;
    case SHORT_MOV_FIMM:
        return (lo & GUARD_DST) | (uint64_t)(lo & 0xfff00000) << 26;
    case SHORT_I2I:
        return expand_i2i(lo);
    case SHORT_PLAIN:
        return lo & 0x3fe0;
    case SHORT_BRA:
        return (lo & 0x3fe0) |
               (uint64_t)((sign_extend((lo >> 14) & 0x3fff, 14) * 4) &
                          0xffffff) << 26;
    default: /* SHORT_CALL */
        return (uint64_t)((sign_extend((lo >> 6) & 0x3fffff, 22) * 4) &
                          0xffffff) << 26;
    }
}

uint64_t gpuvm_soft_short_expand(uint32_t lo)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        if ((lo & rows[i].mask) == rows[i].match) {
            return rows[i].base | expand_form(&rows[i], lo);
        }
    }
    return 0;
}
