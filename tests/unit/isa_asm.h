/*
 * A small assembler for tests of the instruction set: field macros to OR into
 * an instruction word, opcodes, and programs with labels.  Written from the
 * manual (nvc0-compute.md 4), not from the decoder's table.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_ISA_ASM_H
#define GPUVM_TESTS_ISA_ASM_H

#include <stdint.h>

#define BIT(n)      (1ull << (n))
#define F(v, lo)    ((uint64_t)(v) << (lo))

/* opcode: bits 63:56 and the class; always executed */
#define OP(hi, cls) (F(hi, 56) | (cls) | 0x1c00)

/* f32 */
#define FMNMX   (OP(0x08, 0))
#define FSET    (OP(0x10, 0))
#define FSETP   (OP(0x20, 0))
#define FFMA    (OP(0x30, 0))
#define FCMP    (OP(0x38, 0))
#define FADD    (OP(0x50, 0))
#define FMUL    (OP(0x58, 0))
#define RRO     (OP(0x60, 0))
#define MUFU    (OP(0xc8, 0))
/* f64 */
#define DMNMX   (OP(0x08, 1))
#define DSET    (OP(0x10, 1))
#define DSETP   (OP(0x18, 1))
#define DFMA    (OP(0x20, 1))
#define DADD    (OP(0x48, 1))
#define DMUL    (OP(0x50, 1))
/* long immediate */
#define IMAD32I (OP(0x00, 2))
#define IADD32I (OP(0x08, 2))
#define IMUL32I (OP(0x10, 2))
#define MOV32I  (OP(0x18, 2) | 0x1e0)
#define FFMA32I (OP(0x20, 2))
#define FADD32I (OP(0x28, 2))
#define FMUL32I (OP(0x30, 2))
#define LOP32I  (OP(0x38, 2))
#define ISCADD32I (OP(0x40, 2))
/* integer */
#define IMNMX   (OP(0x08, 3))
#define ISET    (OP(0x10, 3))
#define ISETP   (OP(0x18, 3))
#define IMAD    (OP(0x20, 3))
#define BFI     (OP(0x28, 3))
#define ICMP    (OP(0x30, 3))
#define SAD     (OP(0x38, 3))
#define ISCADD  (OP(0x40, 3))
#define IADD    (OP(0x48, 3))
#define IMUL    (OP(0x50, 3))
#define SHR     (OP(0x58, 3))
#define SHL     (OP(0x60, 3))
#define LOP     (OP(0x68, 3))
#define BFE     (OP(0x70, 3))
#define BFIND   (OP(0x78, 3))
/* moves and conversions */
#define CSET    (OP(0x00, 4))
#define CSETP   (OP(0x04, 4))
#define PSET    (OP(0x08, 4))
#define PSETP   (OP(0x0c, 4))
#define F2F     (OP(0x10, 4))
#define F2I     (OP(0x14, 4))
#define I2F     (OP(0x18, 4))
#define I2I     (OP(0x1c, 4))
#define SEL     (OP(0x20, 4))
#define PRMT    (OP(0x24, 4))
#define MOV     (OP(0x28, 4) | 0x1e0)
#define S2R     (OP(0x2c, 4))
#define P2R     (OP(0x30, 4))
#define R2P     (OP(0x34, 4))
#define NOP     (OP(0x40, 4))
#define VOTE    (OP(0x48, 4))
#define BAR     (OP(0x50, 4))
#define POPC    (OP(0x54, 4))
/* control; .cc = always */
#define CTL(hi) (OP(hi, 7) | 0x1e0)
#define BRA     CTL(0x40)
#define CALL    CTL(0x50)
#define JOINAT  CTL(0x60)
#define PREBRK  CTL(0x68)
#define PRECONT CTL(0x70)
#define PRERET  CTL(0x78)
#define EXIT    CTL(0x80)
#define RET     CTL(0x90)
#define BRK     CTL(0xa8)
#define CONT    CTL(0xb0)
#define QUADON  (OP(0xc0, 7))
#define QUADPOP (OP(0xc8, 7))

/* operands */
#define D(r)        F(r, 14)
#define A(r)        F(r, 20)
#define B(r)        F(r, 26)
#define C(r)        F(r, 49)
#define BC(bank, ofs)   (BIT(46) | F(bank, 42) | F(ofs, 26))
#define CC3(bank, ofs)  (BIT(47) | F(bank, 42) | F(ofs, 26)) /* b in C() */
#define IMM(v)      (F(3, 46) | F((uint32_t)(v) & 0xfffff, 26))
#define LIMM(v)     F((uint32_t)(v), 26)
#define PD(p)       F(p, 17)
#define PDN(p)      F(p, 14)
#define PS3(p)      F(p, 49)    /* bit 3 of p: not */
#define PTRUE3      PS3(7)
#define COND(c)     F(c, 55)
#define SETCC       BIT(48)
#define JOIN        BIT(4)
#define LT 1
#define EQ 2
#define LE 3
#define GT 4
#define NE 5
#define GE 6
#define SIGNED5     BIT(5)

/** isa_guard - @w executed where predicate @p (bit 3: not) holds. */
static inline uint64_t isa_guard(uint64_t w, unsigned p)
{
    return (w & ~F(15, 10)) | F(p, 10);
}

#define ISA_MAX_INSNS  4096
#define ISA_MAX_LABELS 512

/** IsaProg - a program under construction; all instructions are 8 bytes. */
typedef struct IsaProg {
    uint64_t insn[ISA_MAX_INSNS];
    int target[ISA_MAX_INSNS];      /* label of a branch, -1 = none */
    int label[ISA_MAX_LABELS];      /* instruction a label stands at */
    unsigned n, nlabels;
} IsaProg;

void isa_prog_init(IsaProg *p);
void isa_emit(IsaProg *p, uint64_t word);
int isa_new_label(IsaProg *p);
void isa_place(IsaProg *p, int label);
/** isa_emit_to - a control instruction whose target is @label. */
void isa_emit_to(IsaProg *p, uint64_t word, int label);
/** isa_link - fills in the distances. */
void isa_link(IsaProg *p);

#endif
