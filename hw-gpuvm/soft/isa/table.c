/*
 * The instruction table as data, and the search for the row of a word.
 *
 * Rows are found through a bucket a class and opcode (bits 2:0 and 63:59),
 * filled at first use, so that a look-up compares two or three rows.  Two rows
 * that match a common word would make the result depend on their order;
 * gpuvm_soft_isa_check() looks for such pairs: they overlap if they agree in
 * all bits that both masks contain.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/table.h"

#include <glib.h>
#include <string.h>

#define UNPACK(...) __VA_ARGS__

const SoftRow gpuvm_soft_rows[SOFT_OP__MAX] = {
    [SOFT_OP_ILLEGAL] = { "ILLEGAL", "illegal" },
    [SOFT_OP_FETCH] = { "FETCH", "unreadable" },
#define ROW(id_, kind_, handler_, mnem_, match_, mask_, ops_, mods_)          \
    [SOFT_OP_##id_] = {                                                       \
        #id_, mnem_, match_##ull, mask_##ull, { UNPACK ops_ },                \
        { UNPACK mods_ }                                                      \
    },
#include "soft/isa/table.def"
#undef ROW
};

static const char *const rnd_names[] = { NULL, "rm", "rp", "rz" };
static const char *const cond_names[] = {
    "false", "lt", "eq", "le", "gt", "ne", "ge", "num",
    "nan", "ltu", "equ", "leu", "gtu", "neu", "geu", "true",
};
static const char *const cc_names[32] = {
    "never", "l", "e", "le", "g", "lg", "ge", "lge",
    "u", "lu", "eu", "leu", "gu", "lgu", "geu", NULL,
    "no", "nc", "ns", "na", "a", "s", "c", "o",
    "cc18", "cc19", "cc1a", "cc1b", "cc1c", "cc1d", "cc1e", "cc1f",
};
static const char *const add_names[] = { NULL, "sub", "subr", "addpo" };
static const char *const lop_names[] = { "and", "or", "xor", "mov2" };
static const char *const part_names[] = { NULL, "low", "med", "high" };
static const char *const scale_names[] = {
    NULL, "div2", "div4", "div8", "mul8", "mul4", "mul2", "scale7",
};
static const char *const logic_names[] = { "and", "or", "xor", "logic3" };
static const char *const rro_names[] = { "sin", "ex2" };
static const char *const mufu_names[] = {
    "cos", "sin", "ex2", "lg2", "rcp", "rsq", "rcp64h", "rsq64h",
};
static const char *const prmt_names[] = {
    NULL, "f4e", "b4e", "rc8", "ecl", "ecr", "rc16", "mode7",
};
static const char *const vote_names[] = { "all", "any", "uni", "vote3" };
static const char *const bar_names[] = {
    "sync", "and", "or", "op3", "arrive", "op5", "op6", "op7",
};
static const char *const type_names[] = {
    "u8", "s8", "u16", "s16", NULL, "b64", "b128", "type7",
};
static const char *const cache_names[] = { NULL, "cg", "cs", "cv" };
static const char *const atom_names[] = {
    "add", "min", "max", "inc", "dec", "and", "or", "xor",
    "exch", "cas", "opa", "opb", "opc", "opd", "ope", "opf",
};
static const char *const membar_names[] = { "cta", "gl", "sys", "level3" };
static const char *const ldc_names[] = { NULL, "il", "is", "isl" };
static const char *const dim_names[] = { "1d", "2d", "3d", "e2d" };

#define FLAG(bit_, flag_, name_) \
    { .lo = bit_, .width = 1, .flag = SOFT_F_##flag_, .name = name_ }
#define FIELD(hi_, lo_, member_, names_) \
    { .lo = lo_, .width = hi_ - lo_ + 1, \
      .field = offsetof(SoftInsn, member_), .names = names_ }

const SoftModifierDesc gpuvm_soft_modifiers[M__MAX] = {
    [M_NA9] = FLAG(9, NEG_A, NULL),
    [M_AA7] = FLAG(7, ABS_A, NULL),
    [M_NB8] = FLAG(8, NEG_B, NULL),
    [M_AB6] = FLAG(6, ABS_B, NULL),
    [M_NC8] = FLAG(8, NEG_C, NULL),
    [M_NP57] = FLAG(57, NEG_A, NULL),
    [M_FTZ5] = FLAG(5, FTZ, "ftz"),
    [M_FTZ6] = FLAG(6, FTZ, "ftz"),
    [M_FTZ55] = FLAG(55, FTZ, "ftz"),
    [M_FTZ59] = FLAG(59, FTZ, "ftz"),
    [M_FMZ7] = FLAG(7, FMZ, "fmz"),
    [M_SAT5] = FLAG(5, SAT, "sat"),
    [M_SAT49] = FLAG(49, SAT, "sat"),
    [M_SAT56] = FLAG(56, SAT, "sat"),
    [M_SA7] = FLAG(7, SIGN_A, "sa"),
    [M_SB5] = FLAG(5, SIGN_B, "sb"),
    [M_S5] = FLAG(5, SIGN_B, "s32"),
    [M_HI6] = FLAG(6, HIGH, "hi"),
    [M_CI6] = FLAG(6, CARRY_IN, "x"),
    [M_CI55] = FLAG(55, CARRY_IN, "x"),
    [M_CC48] = FLAG(48, CC, "cc"),
    [M_CC58] = FLAG(58, CC, "cc"),
    [M_NOTA9] = FLAG(9, NOT_A, NULL),
    [M_NOTB8] = FLAG(8, NOT_B, NULL),
    [M_F5] = FLAG(5, FLOAT, "bf"),
    [M_F7] = FLAG(7, FLOAT, "bf"),
    [M_WRAP9] = FLAG(9, WRAP, "w"),
    [M_REV8] = FLAG(8, REV, "rev"),
    [M_SHAMT6] = FLAG(6, SHIFTAMT, "shiftamt"),
    [M_RINT7] = FLAG(7, RINT, "rint"),
    [M_WIDE58] = FLAG(58, WIDE, NULL),
    [M_OP64] = FLAG(9, OP64, NULL),
    [M_ALLWARP15] = FLAG(15, ALLWARP, "allwarp"),
    [M_IMMB46] = FLAG(46, IMM_B, NULL),
    [M_RND55] = FIELD(56, 55, rnd, rnd_names),
    [M_RND49] = FIELD(50, 49, rnd, rnd_names),
    [M_COND55] = FIELD(58, 55, cond, cond_names),
    [M_CC5] = FIELD(9, 5, cond, cc_names),
    [M_CC20] = FIELD(24, 20, cond, cc_names),
    [M_ADD8] = FIELD(9, 8, subop, add_names),
    [M_ADD55] = FIELD(56, 55, subop, add_names),
    [M_LOP6] = FIELD(7, 6, subop, lop_names),
    [M_PART6] = FIELD(7, 6, subop, part_names),
    [M_MULSC49] = FIELD(51, 49, aux, scale_names),
    [M_LANE5] = FIELD(8, 5, aux, NULL),
    [M_SHIFT5] = FIELD(9, 5, aux, NULL),
    [M_LOGIC53] = FIELD(54, 53, logic, logic_names),
    [M_LOGIC30] = FIELD(31, 30, subop, logic_names),
    [M_RRO5] = FIELD(5, 5, subop, rro_names),
    [M_MUFU26] = FIELD(28, 26, subop, mufu_names),
    [M_PRMT5] = FIELD(7, 5, subop, prmt_names),
    [M_VOTE5] = FIELD(6, 5, subop, vote_names),
    [M_BAROP5] = FIELD(7, 5, subop, bar_names),
    [M_TYPE5] = FIELD(7, 5, type, type_names),
    [M_CACHE8] = FIELD(9, 8, rnd, cache_names),
    [M_ATOM5] = FIELD(8, 5, subop, atom_names),
    [M_MEMBAR5] = FIELD(6, 5, subop, membar_names),
    [M_LDCMODE8] = FIELD(9, 8, subop, ldc_names),
    [M_DIM44] = FIELD(45, 44, subop, dim_names),
    [M_SUMASK49] = FIELD(52, 49, aux, NULL),
    [M_QUADOP32] = FIELD(39, 32, subop, NULL),
    [M_QUADSRC6] = FIELD(8, 6, aux, NULL),
};

/* Rows by class and opcode, 0 ends a list. */
#define BUCKETS (8 * 32)
static uint8_t bucket[BUCKETS][12];

static void fill_buckets(void)
{
    for (unsigned op = SOFT_OP_FETCH + 1; op < SOFT_OP__MAX; op++) {
        const SoftRow *r = &gpuvm_soft_rows[op];

        for (unsigned b = 0; b < BUCKETS; b++) {
            uint64_t key = ((uint64_t)(b >> 3) << 59) | (b & 7);
            uint64_t bits = (31ull << 59) | 7;
            unsigned i = 0;

            if ((key ^ r->match) & r->mask & bits) {
                continue;
            }
            while (i < G_N_ELEMENTS(bucket[b]) - 1 &&
                   bucket[b][i]) {
                i++;
            }
            bucket[b][i] = op;
        }
    }
}

SoftOp gpuvm_soft_row_find(uint64_t raw)
{
    static gsize once;
    unsigned b = (raw >> 59) << 3 | (raw & 7);

    if (g_once_init_enter(&once)) {
        fill_buckets();
        g_once_init_leave(&once, 1);
    }
    for (unsigned i = 0; bucket[b][i]; i++) {
        const SoftRow *r = &gpuvm_soft_rows[bucket[b][i]];

        if ((raw & r->mask) == r->match) {
            return bucket[b][i];
        }
    }
    return SOFT_OP_ILLEGAL;
}

bool gpuvm_soft_isa_check(char *buf, size_t len)
{
    for (unsigned i = SOFT_OP_FETCH + 1; i < SOFT_OP__MAX; i++) {
        const SoftRow *a = &gpuvm_soft_rows[i];

        if (a->match & ~a->mask) {
            g_snprintf(buf, len, "%s can never match", a->id);
            return false;
        }
        if (gpuvm_soft_row_find(a->match) != i) {
            g_snprintf(buf, len, "%s is not found", a->id);
            return false;
        }
        for (unsigned j = i + 1; j < SOFT_OP__MAX; j++) {
            const SoftRow *b = &gpuvm_soft_rows[j];

            if (((a->match ^ b->match) & a->mask & b->mask) == 0) {
                g_snprintf(buf, len, "%s and %s overlap", a->id, b->id);
                return false;
            }
        }
    }
    return true;
}

const char *gpuvm_soft_op_name(SoftOp op)
{
    return op < SOFT_OP__MAX ? gpuvm_soft_rows[op].id : "?";
}
