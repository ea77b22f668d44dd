/*
 * What the instruction table (table.def) is made of: operands, modifiers and
 * rows, as data for the decoder and the disassembler.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ISA_TABLE_H
#define GPUVM_SOFT_ISA_TABLE_H

#include "soft/isa/isa.h"

/** SoftOperand - operands of a row; where each is, decode.c tells. */
typedef enum SoftOperand {
    O_END,
    O_D,        /* register 19:14 */
    O_DD,       /* same, a pair */
    O_DT,       /* same, as many as .type says */
    O_DF,       /* same, float of the size in 21:20 */
    O_DI,       /* same, integer of the size in 21:20, signed if bit 7 */
    O_D2,       /* register 48:43 */
    O_D2D,
    O_A,        /* register 25:20 */
    O_AD,
    O_B,        /* register 31:26 */
    O_BI,       /* register 31:26, c[] or imm20, by 47:46 */
    O_BF,       /* same, imm20 << 12 */
    O_BD,       /* same, a pair, imm20 << 44 */
    O_BSF,      /* same, float of the size in 24:23 */
    O_BSI,      /* same, integer of the size in 24:23, signed if bit 9 */
    O_B3I,      /* as O_BI, but kind 2: register 54:49, and c[] is operand c */
    O_B3F,
    O_B3D,
    O_C,        /* register 54:49, or c[] if kind is 2 */
    O_CD,
    O_CR,       /* register 54:49 */
    O_CRD,
    O_CDST,     /* the destination register */
    O_LIMM,     /* imm32 57:26 */
    O_LIMMF,
    O_PD,       /* predicate 19:17 */
    O_PDN,      /* predicate 16:14 */
    O_PD50,     /* predicate 52:50 */
    O_PD53,     /* predicate 55:53 */
    O_PD54,     /* predicate 56:54 */
    O_PS3,      /* predicate 51:49, not 52 */
    O_PA,       /* predicate 22:20, not 23; in src1 */
    O_PB,       /* predicate 28:26, not 29; in src2 */
    O_SREG,     /* special register 33:26; in imm */
    O_G,        /* g[src1 + signed 57:26] */
    O_GATOM,    /* g[src1 + signed 57:55,42:26] */
    O_L,        /* l[src1 + signed 49:26] */
    O_S,        /* s[src1 + signed 49:26] */
    O_CMEM,     /* c[46:42][src1 + 41:26] */
    O_TGT,      /* next pc + signed 49:26 */
    O_ATGT,     /* 57:26 */
    O_BARID,    /* 23:20 if bit 47, else src1 */
    O_BARCNT,   /* 37:26 if bit 46, else src2 */
    O_SURF,     /* coordinates in src1.., slot 28:26 or src2 */
    O_TEX,      /* texture 39:32, sampler 44:40 */
} SoftOperand;

/** SoftModifier - bits and fields besides operands; table.c places them. */
typedef enum SoftModifier {
    M_END,
    /* flags */
    M_NA9, M_AA7, M_NB8, M_AB6, M_NC8, M_NP57,
    M_FTZ5, M_FTZ6, M_FTZ55, M_FTZ59, M_FMZ7, M_SAT5, M_SAT49, M_SAT56,
    M_SA7, M_SB5, M_S5, M_HI6, M_CI6, M_CI55, M_CC48, M_CC58,
    M_NOTA9, M_NOTB8, M_F5, M_F7, M_WRAP9, M_REV8, M_SHAMT6, M_RINT7,
    M_WIDE58, M_OP64, M_ALLWARP15, M_IMMB46,
    M_FLAG__MAX,
    /* fields */
    M_RND55 = M_FLAG__MAX, M_RND49, M_COND55, M_CC5, M_CC20, M_ADD8, M_ADD55,
    M_LOP6, M_PART6, M_MULSC49, M_LANE5, M_SHIFT5, M_LOGIC53, M_LOGIC30,
    M_RRO5, M_MUFU26, M_PRMT5, M_VOTE5, M_BAROP5, M_TYPE5, M_CACHE8,
    M_ATOM5, M_MEMBAR5, M_LDCMODE8, M_DIM44, M_SUMASK49,
    M_QUADOP32, M_QUADSRC6,
    M__MAX
} SoftModifier;

#define SOFT_ROW_OPERANDS  6
#define SOFT_ROW_MODIFIERS 10

/** SoftRow - one row of table.def. */
typedef struct SoftRow {
    const char *id;         /* "FADD32I" */
    const char *mnemonic;   /* "fadd32i" */
    uint64_t match, mask;
    uint8_t operands[SOFT_ROW_OPERANDS];    /* SoftOperand, O_END ends */
    uint8_t modifiers[SOFT_ROW_MODIFIERS];  /* SoftModifier, M_END ends */
} SoftRow;

/** SoftModifierDesc - bits [lo, lo + width): a flag, or a byte of SoftInsn. */
typedef struct SoftModifierDesc {
    uint8_t lo, width;
    uint32_t flag;                  /* SOFT_F_*, or 0 */
    uint8_t field;                  /* offset in SoftInsn if no flag */
    const char *name;               /* how a flag is written, NULL: not */
    const char *const *names;       /* how a field's values are written */
} SoftModifierDesc;

/** gpuvm_soft_rows - by SoftOp; the first two have no match. */
extern const SoftRow gpuvm_soft_rows[SOFT_OP__MAX];
extern const SoftModifierDesc gpuvm_soft_modifiers[M__MAX];

/** gpuvm_soft_row_find - the op whose row matches, or SOFT_OP_ILLEGAL. */
SoftOp gpuvm_soft_row_find(uint64_t raw);

/*
 * Handlers by SoftOp: one table a vector width for the arithmetic, one for
 * control flow.  NULL where the row is of another kind.
 */
extern SoftExecFn *const gpuvm_soft_alu_base[SOFT_OP__MAX];
#ifdef __x86_64__
extern SoftExecFn *const gpuvm_soft_alu_avx2[SOFT_OP__MAX];
extern SoftExecFn *const gpuvm_soft_alu_avx512[SOFT_OP__MAX];
#endif
extern SoftExecFn *const gpuvm_soft_ctl_handlers[SOFT_OP__MAX];
/* The handler of an instruction by vector width, the most special one that
 * fits: of arithmetic, and of frequent memory accesses; else NULL. */
SoftExecFn *gpuvm_soft_find_base(const SoftInsn *in);
#ifdef __x86_64__
SoftExecFn *gpuvm_soft_find_avx2(const SoftInsn *in);
SoftExecFn *gpuvm_soft_find_avx512(const SoftInsn *in);
#endif

/** gpuvm_soft_alu_force - for tests: 0 picks by CPU, 1 base, 2 AVX2, 3
 *  AVX-512, for instructions bound afterwards; false if the CPU lacks it. */
bool gpuvm_soft_alu_force(int which);

#endif
