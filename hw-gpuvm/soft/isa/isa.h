/*
 * The sm_20 instruction set: decoded instructions, the handlers that execute
 * them, and programs.
 *
 * isa/table.def has one row an instruction.  The decoder, the disassembler
 * and the choice of a handler are all driven by it; what no row matches is an
 * illegal instruction.  A program is everything reachable from an entry,
 * decoded once into an array; branch targets are indices into it.
 *
 * Source of encodings: nvc0-compute.md section 4 (rnndb/envydis gf100).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ISA_H
#define GPUVM_SOFT_ISA_H

#include "soft/warp.h"

/** SoftExecStatus - what a handler tells the interpreter's loop. */
typedef enum SoftExecStatus {
    SOFT_EXEC_OK,       /* go on with in->next (join is the loop's business) */
    SOFT_EXEC_JUMPED,   /* control flow: w->pc and w->active are set */
    SOFT_EXEC_EXITED,   /* control flow: no lane is left */
    SOFT_EXEC_BARRIER,  /* w->bar is filled in */
    SOFT_EXEC_FAULT,    /* gpuvm_soft_cta_trap() or _fault_mem() was called */
} SoftExecStatus;

/**
 * SoftExecFn - executes @in for the lanes of @mask (never 0: active lanes for
 * which the instruction's predicate holds).
 */
typedef SoftExecStatus SoftExecFn(SoftWarp *w, const SoftInsn *in,
                                  uint32_t mask);

/** SoftOp - one a row of the table. */
typedef enum SoftOp {
    SOFT_OP_ILLEGAL,    /* no row matches */
    SOFT_OP_FETCH,      /* the code could not be read */
#define ROW(id, ...) SOFT_OP_##id,
#include "soft/isa/table.def"
#undef ROW
    SOFT_OP__MAX
} SoftOp;

/** Where operand b or c comes from (SoftInsn.bkind, .ckind). */
typedef enum SoftOperandKind {
    SOFT_OPND_NONE,
    SOFT_OPND_REG,
    SOFT_OPND_CONST,    /* c[bank][cofs] */
    SOFT_OPND_IMM,      /* .imm; for a 64-bit float its high word */
} SoftOperandKind;

/** SoftInsn.flags */
#define SOFT_F_NEG_A    (1u << 0)   /* f32 mul: of the product */
#define SOFT_F_ABS_A    (1u << 1)
#define SOFT_F_NEG_B    (1u << 2)
#define SOFT_F_ABS_B    (1u << 3)
#define SOFT_F_NEG_C    (1u << 4)
#define SOFT_F_FTZ      (1u << 5)
#define SOFT_F_FMZ      (1u << 6)
#define SOFT_F_SAT      (1u << 7)
#define SOFT_F_SIGN_A   (1u << 8)   /* a, or the source, is signed */
#define SOFT_F_SIGN_B   (1u << 9)   /* b, or the operation, is signed */
#define SOFT_F_HIGH     (1u << 10)  /* high word of a product */
#define SOFT_F_CARRY_IN (1u << 11)  /* carry in; of a compare: .X */
#define SOFT_F_CC       (1u << 12)  /* writes $c */
#define SOFT_F_NOT_A    (1u << 13)
#define SOFT_F_NOT_B    (1u << 14)
#define SOFT_F_FLOAT    (1u << 15)  /* set: 1.0f instead of ~0 */
#define SOFT_F_WRAP     (1u << 16)  /* shift count modulo 32 */
#define SOFT_F_REV      (1u << 17)  /* source bits reversed first */
#define SOFT_F_SHIFTAMT (1u << 18)  /* bfind: 31 - index */
#define SOFT_F_RINT     (1u << 19)  /* cvt f-f: round to an integer */
#define SOFT_F_WIDE     (1u << 20)  /* g[] address is a register pair */
#define SOFT_F_OP64     (1u << 21)  /* red/atom: bit 9, see the row */
#define SOFT_F_ALLWARP  (1u << 22)
#define SOFT_F_DSIGN    (1u << 23)  /* cvt: destination is signed */
#define SOFT_F_IMM_B    (1u << 24)  /* bit 46: count/slot/... is immediate */
#define SOFT_F_IMM_A    (1u << 25)  /* bit 47: barrier id is immediate */

/** SoftAccess - SoftInsn.type of loads, stores and surface accesses. */
typedef enum SoftAccess {
    SOFT_ACCESS_U8, SOFT_ACCESS_S8, SOFT_ACCESS_U16, SOFT_ACCESS_S16,
    SOFT_ACCESS_B32, SOFT_ACCESS_B64, SOFT_ACCESS_B128,
} SoftAccess;

/**
 * SoftInsn - a decoded instruction.  Which fields mean something is told by
 * its row's operands and modifiers; others are 0.  Registers are 0..63;
 * predicate operands have bit 3 set for "not".
 */
struct SoftInsn {
    SoftExecFn *fn;
    uint64_t raw;       /* short (4-byte) ones: as their long equivalent */
    uint32_t next;      /* index of the instruction behind */
    uint32_t target;    /* index of a branch's target; shared by imm users */
    uint32_t pc;        /* byte offset from CODE_ADDRESS */
    uint32_t imm;       /* immediate operand; special register number */
    int32_t offset;     /* of a memory operand, signed bytes; rel. target */
    uint32_t flags;     /* SOFT_F_* */
    uint16_t op;        /* SoftOp */
    uint16_t cofs;      /* c[] byte offset, multiple of 4 (LDC: any) */
    uint8_t pred;       /* guard, 7 = always, 15 = never */
    uint8_t join;       /* bit 4: .S */
    uint8_t dst;        /* 19:14; stores: the data */
    uint8_t src1;       /* 25:20 */
    uint8_t src2;       /* register of b */
    uint8_t src3;       /* register of c */
    uint8_t dst2;       /* 48:43: atom's destination */
    uint8_t bkind, ckind;
    uint8_t bank;       /* c[] bank 0..31 */
    uint8_t pdst, pdst2;/* predicate destinations, 7 = none */
    uint8_t psrc;       /* predicate source 51:49, not 52 */
    uint8_t cond;       /* compare: 4 bits; control and cset: 5 bits */
    uint8_t subop;      /* by row: add op, logic op, mufu, red op, dim, ... */
    uint8_t type;       /* SoftAccess, or cvt source size (log2 bytes) */
    uint8_t rnd;        /* 0 even 1 down 2 up 3 zero; memory: cache op */
    uint8_t logic;      /* set: 0 and 1 or 2 xor; cvt: destination size */
    uint8_t aux;        /* by row: lane mask, shift count, byte select, mask */
    bool straight;      /* no guard, no join, and next is the one behind it in
                         * the program; set with the program */
};

_Static_assert(sizeof(SoftInsn) <= 72, "SoftInsn should stay in a line or so");

/** gpuvm_soft_bits - bits @hi:@lo of an instruction word. */
static inline uint32_t gpuvm_soft_bits(uint64_t raw, unsigned hi, unsigned lo)
{
    return (raw >> lo) & ((1ull << (hi - lo + 1)) - 1);
}

/**
 * gpuvm_soft_decode - decodes one instruction.
 * @lo, @hi: its words; @hi is not looked at for a short one
 * @pc: its byte offset from CODE_ADDRESS, for branches
 * @in: filled but for fn, next, target; .op is SOFT_OP_ILLEGAL if no row
 *      matches; .imm is the byte offset of a control instruction's target
 * Returns: its length in bytes, 4 or 8.
 */
unsigned gpuvm_soft_decode(uint32_t lo, uint32_t hi, uint32_t pc,
                           SoftInsn *in);

/** gpuvm_soft_disasm - @in in words, e.g. "$p0 iadd $r1 $r2 c0[0x20]". */
void gpuvm_soft_disasm(const SoftInsn *in, char *buf, size_t len);

/** gpuvm_soft_insn_bind - sets in->fn to the handler for this host's CPU. */
void gpuvm_soft_insn_bind(SoftInsn *in);

/**
 * gpuvm_soft_isa_check - looks for two rows of the table that match the same
 * word; false and their names in @buf if there are.  For tests.
 */
bool gpuvm_soft_isa_check(char *buf, size_t len);
/** gpuvm_soft_op_name - the row's id, e.g. "FADD32I". */
const char *gpuvm_soft_op_name(SoftOp op);

/*
 * Programs.  A cache holds the last ones used; a program is found by code
 * address and entry and used only if the bytes in guest memory are those it
 * was decoded from, so rewritten code is never run stale.
 */
#define SOFT_PROGRAM_MAX_INSNS 65536

struct SoftProgram {
    unsigned count;
    uint32_t entry;     /* index of the first instruction */
    SoftInsn *insns;    /* in order of pc */
    _Atomic(void *) jit;/* compiled code's, soft/jit/; NULL: none yet */
};

typedef struct SoftProgramCache SoftProgramCache;

SoftProgramCache *gpuvm_soft_program_cache_new(void);
void gpuvm_soft_program_cache_free(SoftProgramCache *cache);
/**
 * gpuvm_soft_program_get - the program at @code_va + @entry, decoded if need
 * be; never NULL (code that cannot be read or is too long becomes an
 * instruction that faults when it is reached).  Any thread; @tlb is the
 * caller's, in a section.  Give back with _put().
 */
SoftProgram *gpuvm_soft_program_get(SoftProgramCache *cache, SoftTlb *tlb,
                                    uint64_t code_va, uint32_t entry);
void gpuvm_soft_program_put(SoftProgramCache *cache, SoftProgram *prog);
/**
 * gpuvm_soft_program_set_dump - from now on every program that is decoded for
 * a launch is written, disassembled, to a file program-NNNN.txt in @dir (kept
 * by the caller for ever; NULL: no more).  Call it before the first launch.
 */
void gpuvm_soft_program_set_dump(const char *dir);
/** gpuvm_soft_program_find - the index of the instruction at byte offset @pc;
 *  false if there is none. */
bool gpuvm_soft_program_find(const SoftProgram *prog, uint32_t pc,
                             uint32_t *index);
/** gpuvm_soft_program_from_words - for tests: a program from @n words that
 *  start at byte offset @pc; free with _put(NULL, p). */
SoftProgram *gpuvm_soft_program_from_words(const uint32_t *words, unsigned n,
                                           uint32_t pc, uint32_t entry);

/*
 * Handlers that are not arithmetic or control flow.  Fields as the row in
 * table.def says; the surface and texture ones take the rest from in->raw.
 */
#define SOFT_MEM_HANDLERS(X)                                                  \
    X(ld_g)     /* dst <- g[src1 (pair if F_WIDE) + offset], type */          \
    X(st_g)                                                                   \
    X(ld_l)     /* dst <- l[src1 + offset] */                                 \
    X(st_l)                                                                   \
    X(ld_s)     /* dst <- s[src1 + offset] */                                 \
    X(st_s)                                                                   \
    X(ld_s_lock)    /* pdst: lock won */                                      \
    X(st_s_unlock)                                                            \
    X(ldc)      /* dst <- c[bank][src1 + cofs], subop: mode (2 = IS) */       \
    X(red)      /* g[src1 + offset] op= dst; subop; by in->op: u32 s32 f32 */ \
    X(atom)     /* dst2 <- old; data dst (cas: new in src3); subop */         \
    X(membar)   /* subop: 0 cta 1 gl 2 sys */                                 \
    X(cctl)                                                                   \
    X(suldb)    /* surfaces: see raw */                                       \
    X(sust)                                                                   \
    X(suleab)                                                                 \
    X(tex)      /* by in->op; see raw */

#define X(name) SoftExecFn gpuvm_soft_exec_##name;
SOFT_MEM_HANDLERS(X)
#undef X

#endif
