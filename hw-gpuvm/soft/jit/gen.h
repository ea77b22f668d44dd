/*
 * Private to the JIT's code generator (gen*.c, value.c).
 *
 * A register of a warp is, while code is made, a *value* with a *shape*:
 *
 *   SAME  the lanes are `groups` groups of consecutive lanes; a lane's value is
 *         its group's scalar plus an offset that is known now.  With offsets 0
 *         this is a uniform value, with 4 * lane a coalesced address.
 *   VEC   a vector of 32 words.
 *
 * Flags ($p0..6, Z S C O) are SAME (an i1 for each group) or a mask of 32.
 *
 * Each block of the program exists twice: *fast*, where all 32 lanes are active
 * and values have shapes, and *general*, with an active mask and vectors only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_JIT_GEN_H
#define GPUVM_SOFT_JIT_GEN_H

#include <glib.h>

#include "soft/jit/code.h"
#include "soft/jit/flow.h"
#include "soft/jit/llvm.h"

#define JIT_GROUPS  4       /* most groups of lanes that a shape may have */
#define NREGS       SOFT_REG_ZERO

typedef LLVMValueRef V;

typedef enum ShapeKind { SHAPE_NONE, SHAPE_SAME, SHAPE_VEC } ShapeKind;

/** Shape - see the top; for flags offs is NULL and VEC is a mask. */
typedef struct Shape {
    uint8_t kind;
    uint8_t ng;             /* SAME: 1, or Gen.groups */
    const int32_t *offs;    /* SAME: of the lanes; NULL = all 0; interned */
} Shape;

/** Val - a value of 32 lanes. */
typedef struct Val {
    Shape sh;
    bool raw;               /* a float result: NaN may have any bits */
    bool tid;               /* VEC: the packed thread index */
    V s[JIT_GROUPS];        /* SAME */
    V v;                    /* VEC; SAME: made when needed, or NULL */
} Val;

/** State - of a warp at a place in a block. */
typedef struct State {
    bool fast;
    Val r[NREGS];
    Val q[JIT_FLAGS];
    V act;                  /* general: active lanes, i32 */
    V actm;                 /* the same as a mask */
    JitSet dirty;           /* may differ from what the warp has in memory */
    unsigned count;         /* instructions of the block so far */
} State;

/** Guard - lanes for which an instruction is executed. */
typedef struct Guard {
    bool all;               /* all 32 */
    V cond;                 /* fast: all lanes if this i1 holds, or NULL */
    V mask;                 /* <32 x i1>; NULL if all or cond */
} Guard;

/** Blk - what the generator knows of a JitBlock. */
typedef struct Blk {
    LLVMBasicBlockRef fast, general, check;
    bool queued[3];         /* Version */
    bool shaped;
    Shape r[NREGS], q[JIT_FLAGS];
    JitSet dirty[2];        /* at the start, by fast */
} Blk;

typedef enum Version { VER_GENERAL, VER_FAST, VER_CHECK } Version;

typedef struct ConstSlot {
    uint8_t bank;
    uint32_t ofs;
} ConstSlot;

typedef struct Gen {
    const SoftProgram *prog;
    JitFlow flow;
    unsigned groups;        /* 1, 2 or 4 */
    bool tids;              /* thread indices have the shape of groups */
    bool speculate;
    bool changed;           /* an assumption was wrong: once more */
    const char *error;
    Blk *blk;
    const JitBlock *cur;    /* that code is made of */
    GArray *tasks;          /* of uint32_t: block << 2 | Version */
    GPtrArray *offs;        /* interned int32_t[32] */
    GArray *slots;          /* ConstSlot */
    unsigned emitted;       /* instructions of the program, both versions */

    LLVMContextRef ctx;
    LLVMModuleRef mod;
    LLVMBuilderRef b, ab;   /* code; allocas */
    V fn;
    LLVMBasicBlockRef setup;
    LLVMTypeRef i1, i8, i16, i32, i64, f32, f64, p8, v32, m32, vf32;
    LLVMTypeRef handler_type, control_type;
    V via_handler, via_control;     /* see gpuvm_jit_call() */
    V unlikely;             /* branch weights */
    unsigned prof_kind, invariant_kind;
    V empty_md;
    V warp, frame, cta, tlb, shared, shared_size, insns;
    V left;                 /* alloca: instructions that may still run */
    V act;                  /* alloca: active lanes in general code */
    V gr[NREGS], gq[JIT_FLAGS];             /* allocas of general code */
    V fv[NREGS], fs[NREGS][JIT_GROUPS];     /* of fast code, by shape */
    V qm[JIT_FLAGS], qs[JIT_FLAGS][JIT_GROUPS];
} Gen;

/* ---- short names for LLVM's builder ---- */

#define BIN(name, fn) \
    static inline V name(Gen *g, V x, V y) \
    { \
        return L.fn(g->b, x, y, ""); \
    }
BIN(add, BuildAdd)
BIN(sub, BuildSub)
BIN(mul, BuildMul)
BIN(and_, BuildAnd)
BIN(or_, BuildOr)
BIN(xor_, BuildXor)
BIN(shl, BuildShl)
BIN(lshr, BuildLShr)
BIN(ashr, BuildAShr)
BIN(fadd, BuildFAdd)
BIN(fsub, BuildFSub)
BIN(fmul, BuildFMul)
BIN(fdiv, BuildFDiv)
#undef BIN

static inline V sel(Gen *g, V c, V x, V y)
{
    return L.BuildSelect(g->b, c, x, y, "");
}

static inline V icmp(Gen *g, LLVMIntPredicate p, V x, V y)
{
    return L.BuildICmp(g->b, p, x, y, "");
}

static inline V fcmp(Gen *g, LLVMRealPredicate p, V x, V y)
{
    return L.BuildFCmp(g->b, p, x, y, "");
}

static inline V k32(Gen *g, uint32_t v)
{
    return L.ConstInt(g->i32, v, 0);
}

static inline V k64(Gen *g, uint64_t v)
{
    return L.ConstInt(g->i64, v, 0);
}

static inline bool is_vec(V x)
{
    return L.GetTypeKind(L.TypeOf(x)) == LLVMVectorTypeKind;
}

static inline bool const_u32(V x, uint32_t *out)
{
    if (!L.IsAConstantInt(x)) {
        return false;
    }
    *out = (uint32_t)L.ConstIntGetZExtValue(x);
    return true;
}

/* ---- value.c ---- */

/** A constant of the type of @like's lanes. */
V gpuvm_jit_splat_const(Gen *g, LLVMTypeRef lane, uint64_t v);
/** K - an i32 constant, as wide as @like. */
V gpuvm_jit_k(Gen *g, V like, uint32_t v);
/** Scalars of groups to a vector; @n is 1 or Gen.groups. */
V gpuvm_jit_spread(Gen *g, const V *s, unsigned n);
/** A value as a vector; cached in @v (only where the block's main line is). */
V gpuvm_jit_vec(Gen *g, Val *v);
/** The same without keeping it. */
V gpuvm_jit_vec_tmp(Gen *g, const Val *v);
/** A flag as a mask. */
V gpuvm_jit_mask(Gen *g, Val *q);
V gpuvm_jit_mask_tmp(Gen *g, const Val *q);
/** NaNs of a raw value made what the ISA says. */
void gpuvm_jit_canonical(Gen *g, Val *v);
V gpuvm_jit_canonical_nan(Gen *g, V x);

Val gpuvm_jit_same(unsigned ng, const V *s, const int32_t *offs);
Val gpuvm_jit_uniform(V s);
Val gpuvm_jit_vector(V v);
/** Operand registers; beyond $r62 zero.  Canonical. */
Val *gpuvm_jit_reg(Gen *g, State *st, unsigned n);
/** Flag operand with bit 3: not; $p7 is true. */
Val gpuvm_jit_pred(Gen *g, State *st, unsigned n);

/** Offsets: interned, NULL if all are 0. */
const int32_t *gpuvm_jit_offs(Gen *g, const int32_t *offs);
const int32_t *gpuvm_jit_offs_add(Gen *g, const int32_t *a, const int32_t *b,
                                  bool minus);
const int32_t *gpuvm_jit_offs_scale(Gen *g, const int32_t *a, uint32_t by);
void gpuvm_jit_offs_range(const int32_t *a, int64_t *min, int64_t *max);

Shape gpuvm_jit_merge(Shape a, Shape b);
bool gpuvm_jit_shape_equal(Shape a, Shape b);

/* ---- memory helpers (value.c) ---- */

V gpuvm_jit_at(Gen *g, V base, uint64_t ofs, LLVMTypeRef type);
V gpuvm_jit_at_v(Gen *g, V base, V ofs, LLVMTypeRef type);
V gpuvm_jit_load(Gen *g, LLVMTypeRef type, V ptr, unsigned align);
void gpuvm_jit_store(Gen *g, V val, V ptr, unsigned align);
V gpuvm_jit_load_const(Gen *g, unsigned bank, uint32_t ofs);
V gpuvm_jit_intrinsic(Gen *g, const char *name, LLVMTypeRef *over,
                      unsigned nover, V *args, unsigned nargs);
LLVMBasicBlockRef gpuvm_jit_bb(Gen *g, const char *name);
static inline void at_bb(Gen *g, LLVMBasicBlockRef bb)
{
    L.PositionBuilderAtEnd(g->b, bb);
}
/** Branch to @rare if @cond, else to @common. */
void gpuvm_jit_br_rare(Gen *g, V cond, LLVMBasicBlockRef rare,
                       LLVMBasicBlockRef common);

/* ---- gen.c ---- */

/** Leaves the function: @live goes to memory, w->pc := @pc. */
void gpuvm_jit_exit(Gen *g, const State *st, int status, uint32_t pc,
                    JitSet live);
void gpuvm_jit_fault(Gen *g, const State *st);
/** On to the block at @pc; checks whether to stop if that is backward. */
void gpuvm_jit_edge(Gen *g, State *st, uint32_t from, uint32_t pc);
/** One instruction that does not end a block. */
void gpuvm_jit_insn(Gen *g, State *st, uint32_t i);
/** Tells that a warp will be as @st when it comes in at @pc. */
void gpuvm_jit_expect(Gen *g, State *st, uint32_t pc);
/** Deoptimises before instruction @i if @bad. */
void gpuvm_jit_guard(Gen *g, const State *st, uint32_t i, V bad);

Guard gpuvm_jit_guard_of(Gen *g, State *st, const SoftInsn *in);
/** The lanes of a guard as an i32. */
V gpuvm_jit_guard_bits(Gen *g, State *st, const Guard *gd);
void gpuvm_jit_write(Gen *g, State *st, unsigned n, Val val,
                     const Guard *gd);
/** Flag @n, not $p7 (whose number is JIT_Z). */
void gpuvm_jit_write_q(Gen *g, State *st, unsigned n, Val val,
                       const Guard *gd);
/** Executes @in by the interpreter's handler. */
void gpuvm_jit_handler(Gen *g, State *st, uint32_t i, const Guard *gd);
/**
 * A call of a C function of @type, g->handler_type or g->control_type, that
 * keeps all registers of the host: by a function of the module that saves
 * them.  Calls are mostly in code that hardly ever runs, where the few that
 * run pay for it, and not what is around them with values kept in memory.
 */
V gpuvm_jit_call(Gen *g, LLVMTypeRef type, V fn, V *args);
/** Their type: the C function's with the function itself in front. */
LLVMTypeRef gpuvm_jit_via_type(Gen *g, bool handler);
/** The attribute that says so, of calls and functions. */
LLVMAttributeRef gpuvm_jit_keeps_registers(Gen *g);
/** The call alone: a SoftExecStatus. */
V gpuvm_jit_call_handler(Gen *g, uint32_t i, V mask);
/** Puts registers and flags of @s into the warp in memory. */
void gpuvm_jit_flush(Gen *g, const State *st, JitSet s);
/** Those of @live (and what waiting lanes need) that memory lacks. */
void gpuvm_jit_flush_live(Gen *g, const State *st, JitSet live);
V gpuvm_jit_insn_ptr(Gen *g, uint32_t i);

/* ---- gen_alu.c, gen_mem.c, gen_ctl.c: false: not lowered ---- */

bool gpuvm_jit_alu(Gen *g, State *st, uint32_t i, const Guard *gd);
/** Address arithmetic that keeps a shape with offsets. */
bool gpuvm_jit_affine(Gen *g, State *st, uint32_t i, const Guard *gd);
bool gpuvm_jit_mem(Gen *g, State *st, uint32_t i, const Guard *gd);
bool gpuvm_jit_sreg(Gen *g, State *st, uint32_t i, const Guard *gd);
/** The whole function, from the shapes found so far. */
void gpuvm_jit_function(Gen *g);
/** The last instruction of a block, and where it leads. */
void gpuvm_jit_last(Gen *g, State *st, uint32_t i);
/** One that pushes a token, in the middle of a block; false: another. */
bool gpuvm_jit_token(Gen *g, State *st, uint32_t i);

#endif
