/*
 * The macro engine (MME) of GF100: instruction words and host methods.
 *
 * Sources: reference nvc0-compute.md 2.5, validated there on Mesa's own macro
 * words; envytools (the `macro` ISA of envydis) for the field names.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_MACRO_H
#define GPUVM_SPEC_MACRO_H

#define MACRO_WORDS             2048    /* code RAM of a channel */
#define MACRO_COUNT             128     /* macros that can be bound */

/* Host methods, on the 3D class */
#define MACRO_UPLOAD_POS        0x0114  /* word address */
#define MACRO_UPLOAD_DATA       0x0118  /* post-increments */
#define MACRO_BIND_INDEX        0x011c
#define MACRO_BIND_START        0x0120  /* word address; index increments */
/* Calls, on any class of GR: 8 bytes a macro */
#define MACRO_CALL_FIRST        0x3800
#define MACRO_CALL_END          0x3c00
#define MACRO_CALL_INDEX(m)     (((m) - MACRO_CALL_FIRST) >> 3)
#define MACRO_CALL_IS_PARAM(m)  ((m) & 4)

/* Instruction word */
#define MACRO_OP(w)             ((w) & 7)
#define   MACRO_OP_ALU            0
#define   MACRO_OP_ADDI           1
#define   MACRO_OP_EXTRINSRT      2
#define   MACRO_OP_EXTRSHL_I      3     /* source position in a register */
#define   MACRO_OP_EXTRSHL_R      4     /* destination position in one */
#define   MACRO_OP_READ           5
#define   MACRO_OP_BRANCH         7
#define MACRO_ACT(w)            (((w) >> 4) & 7)
#define   MACRO_ACT_PARM          0     /* rd = param */
#define   MACRO_ACT_MOVE          1     /* rd = result */
#define   MACRO_ACT_MOVE_MADDR    2     /* rd = maddr = result */
#define   MACRO_ACT_PARM_SEND     3     /* rd = param, send result */
#define   MACRO_ACT_MOVE_SEND     4     /* rd = result, send it */
#define   MACRO_ACT_PARM_MADDR    5     /* rd = param, maddr = result */
#define   MACRO_ACT_MADDR_PSEND   6     /* rd = maddr = result, send param */
#define   MACRO_ACT_MADDR_SEND    7     /* rd = maddr = result, send 17:12 */
#define MACRO_BRANCH_NZ         (1u << 4)
#define MACRO_BRANCH_ANNUL      (1u << 5)   /* no delay slot */
#define MACRO_EXIT              (1u << 7)   /* after the next instruction */
#define MACRO_RD(w)             (((w) >> 8) & 7)
#define MACRO_RA(w)             (((w) >> 11) & 7)
#define MACRO_RB(w)             (((w) >> 14) & 7)
#define MACRO_IMM(w)            ((int32_t)(w) >> 14)
#define MACRO_ALU(w)            (((w) >> 17) & 0x1f)
#define   MACRO_ALU_ADD           0
#define   MACRO_ALU_ADC           1
#define   MACRO_ALU_SUB           2
#define   MACRO_ALU_SBB           3
#define   MACRO_ALU_XOR           8
#define   MACRO_ALU_OR            9
#define   MACRO_ALU_AND           10
#define   MACRO_ALU_ANDN          11
#define   MACRO_ALU_NAND          12
#define MACRO_BF_SRC(w)         (((w) >> 17) & 0x1f)
#define MACRO_BF_SIZE(w)        (((w) >> 22) & 0x1f)
#define MACRO_BF_DST(w)         (((w) >> 27) & 0x1f)

/* maddr */
#define MACRO_MADDR_METHOD(a)   (((a) & 0xfff) << 2)
#define MACRO_MADDR_INCR(a)     (((a) >> 12) & 0x3f)
#define MACRO_MADDR_ADVANCE(a)  (((a) & ~0xfffu) | \
                                 (((a) + MACRO_MADDR_INCR(a)) & 0xfff))

#endif
