/*
 * The state of a warp and of its CTA (thread block): where the instruction
 * interpreters (isa/) and the worker pool meet.
 *
 * A warp is 32 lanes that share a program counter.  Registers are kept
 * register-major, so that one register of all lanes is one or two vector
 * registers of the host.  Predicates and condition codes are lane masks.
 * Which lanes execute is the active mask; the others have exited, or wait for
 * a token of the divergence stack (nvc0-compute.md 4.7, see isa/control.c).
 *
 * One worker thread runs all warps of a CTA, so nothing here is locked, but
 * for the abort flag and the attention word, which other threads write.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_WARP_H
#define GPUVM_SOFT_WARP_H

#include "soft/compute.h"

#define SOFT_LANES      32
#define SOFT_REG_ZERO   63      /* $r63: reads 0, ignores writes */
#define SOFT_REG_SINK   64      /* where writes to $r63 go; never read */
#define SOFT_PRED_TRUE  7       /* $p7 */
#define SOFT_BARRIERS   16
#define SOFT_MAX_WARPS  32      /* a CTA has at most 1024 threads */
/* Tokens a warp may stack: WARP_CSTACK_SIZE as Mesa sets it, 0x800 bytes. */
#define SOFT_STACK_MAX  128

typedef struct SoftWarp SoftWarp;
typedef struct SoftCta SoftCta;
typedef struct SoftInsn SoftInsn;
typedef struct SoftProgram SoftProgram;

typedef enum SoftTokenType {
    SOFT_TOKEN_SSY,     /* joinat; `join` parks here */
    SOFT_TOKEN_PBK,     /* prebrk; `brk` parks here */
    SOFT_TOKEN_PCNT,    /* precont; `cont` parks here */
    SOFT_TOKEN_RET,     /* call, preret; `ret` parks here */
    SOFT_TOKEN_DIV,     /* the other side of a divergent branch */
    SOFT_TOKEN_QUAD,    /* quadon; .mask is active again after quadpop */
} SoftTokenType;
#define SOFT_TOKEN_LAST SOFT_TOKEN_QUAD     /* saved states are checked */

/** SoftToken - an entry of the divergence stack. */
typedef struct SoftToken {
    SoftTokenType type;
    uint32_t mask;      /* lanes active when it was pushed (DIV: to run) */
    uint32_t parked;    /* lanes that wait here (not DIV) */
    uint32_t pc;        /* instruction index where they go on */
} SoftToken;

/** SoftBarOp - what `bar` does; the instruction's bits 7:5. */
typedef enum SoftBarOp {
    SOFT_BAR_POPC = 0,  /* and plain sync */
    SOFT_BAR_AND = 1,
    SOFT_BAR_OR = 2,
    SOFT_BAR_ARRIVE = 4,/* counts, does not wait */
} SoftBarOp;

/** SoftBarWait - the `bar` a warp stopped at; see SOFT_RUN_BARRIER. */
typedef struct SoftBarWait {
    uint8_t id;         /* 0..15, checked */
    SoftBarOp op;
    uint32_t threads;   /* expected; 0 = all threads of the CTA */
    uint32_t lanes;     /* lanes of this warp that arrive */
    uint32_t truth;     /* of these, lanes whose source predicate is true */
    const SoftInsn *in; /* for gpuvm_soft_warp_barrier_done() */
} SoftBarWait;

struct SoftWarp {
    /* r[SOFT_REG_ZERO] stays 0; use gpuvm_soft_src(), gpuvm_soft_dst() */
    uint32_t r[SOFT_REG_SINK + 1][SOFT_LANES] __attribute__((aligned(64)));
    uint32_t tid[3][SOFT_LANES];    /* thread index in the CTA by axis */
    uint32_t p[8];      /* $p0..$p7 as lane masks; p[7] stays ~0 */
    uint32_t z, s, c, o;/* $c as lane masks */
    uint32_t active;    /* lanes that execute now */
    uint32_t live;      /* lanes that exist and have not exited */
    uint32_t pc;        /* index into the program's insns[] */
    unsigned depth;     /* tokens on the stack */
    SoftToken stack[SOFT_STACK_MAX];
    SoftCta *cta;
    unsigned index;     /* of the warp in its CTA; thread = 32 * index + lane */
    uint64_t executed;  /* warp instructions so far; $clock */
    /*
     * Lanes that hold a lock of shared memory (`ld lock` won, `st unlock` to
     * come); kept by the memory instructions.  While it is not 0 a budget
     * that runs out does not make the warp yield (see gpuvm_soft_warp_run).
     */
    uint32_t lock_lanes;
    SoftBarWait bar;
    uint8_t *local;     /* l[] of lane 0, the pool's; NULL without l[] */
};

/** SoftConstPages - host pointers into the constant banks, found lazily. */
#define SOFT_CB_PAGES 17        /* 64 KiB at any alignment */
#define SOFT_CB_BANKS 32        /* that an instruction can name */
typedef struct SoftConstPages {
    uint32_t generation;        /* of the TLB when they were found */
    uint32_t near[SOFT_CB_BANKS];   /* bytes of the bank at .start, or 0 */
    const uint8_t *start[SOFT_CB_BANKS];    /* of the bank, to its page's end */
    const uint8_t *page[SOFT_MAX_CB][SOFT_CB_PAGES];
} SoftConstPages;

struct SoftCta {
    const SoftLaunch *launch;
    const SoftProgram *prog;
    SoftTlb *tlb;               /* the worker thread's */
    SoftGpu *gpu;
    uint32_t id[3];             /* $ctaid */
    unsigned threads, nwarps;
    SoftWarp *warp;             /* nwarps of them */
    uint8_t *shared;            /* s[] */
    uint32_t shared_size;       /* bytes that s[] may reach */
    uint32_t local_stride;      /* bytes of l[] from one lane to the next */
    void *locks;                /* of shared memory; the memory ops' own */
    void *priv;                 /* the pool's own */
    void *jit;                  /* soft/jit/'s own; NULL: interpreted */
    uint64_t dead;              /* registers that the program writes before
                                 * it reads them, as far as is known */
    const _Atomic uint32_t *abort;      /* non-zero: end soon; may be NULL */
    const _Atomic uint32_t *attention;  /* as.h; may be NULL */
    SoftConstPages consts;      /* gpuvm_soft_const_read32() */
    bool faulted;               /* .fault is valid; the first one stays */
    GpuvmFault fault;
};

/** gpuvm_soft_src - register @n of all lanes, to be read; any @n. */
static inline const uint32_t *gpuvm_soft_src(const SoftWarp *w, unsigned n)
{
    return w->r[n < SOFT_REG_ZERO ? n : SOFT_REG_ZERO];
}

/** gpuvm_soft_dst - register @n of all lanes, to be written; any @n: beyond
 *  $r62 it is a sink.  Write only lanes of the handler's mask. */
static inline uint32_t *gpuvm_soft_dst(SoftWarp *w, unsigned n)
{
    return w->r[n < SOFT_REG_ZERO ? n : SOFT_REG_SINK];
}

/** gpuvm_soft_set_pred - $p@n := @val on the lanes of @mask; $p7 ignores. */
static inline void gpuvm_soft_set_pred(SoftWarp *w, unsigned n, uint32_t val,
                                       uint32_t mask)
{
    if (n < SOFT_PRED_TRUE) {
        w->p[n] = (w->p[n] & ~mask) | (val & mask);
    }
}

/** gpuvm_soft_get_pred - lanes where predicate operand @n (bit 3: not) holds. */
static inline uint32_t gpuvm_soft_get_pred(const SoftWarp *w, unsigned n)
{
    return w->p[n & 7] ^ (n & 8 ? ~0u : 0);
}

/** SoftRunStatus - why gpuvm_soft_warp_run() came back. */
typedef enum SoftRunStatus {
    SOFT_RUN_EXITED,    /* no lane is left */
    SOFT_RUN_BARRIER,   /* at w->bar; see gpuvm_soft_warp_barrier_done() */
    SOFT_RUN_YIELD,     /* budget used up, or abort/attention: look, go on */
    SOFT_RUN_FAULT,     /* cta->fault says what */
} SoftRunStatus;

/**
 * gpuvm_soft_warp_init - registers and predicates 0, at the program's entry.
 * @cta: launch, prog, tlb, id, threads are set; @index 0..nwarps-1
 * Lanes beyond cta->threads do not exist.
 */
void gpuvm_soft_warp_init(SoftWarp *w, SoftCta *cta, unsigned index);
/** gpuvm_soft_warp_again - the same for another CTA of the same launch; only
 *  registers that the launch allocated are cleared, and not those of
 *  cta->dead. */
void gpuvm_soft_warp_again(SoftWarp *w);

/**
 * gpuvm_soft_warp_run - executes up to about @budget warp instructions.
 *
 * Inside a section (as.h).  Abort and attention are looked at every taken
 * backward branch or return to a token, and at least every 1024 instructions;
 * either makes it return SOFT_RUN_YIELD at once, anywhere (a scheduler that
 * goes on must run *this* warp before others of the CTA when w->lock_lanes is
 * not 0).  A budget that runs out while lock_lanes is not 0 is stretched to
 * 16 budgets, so that a warp is not switched away between `ld lock` and
 * `st unlock`.  @budget is at least 1024 to make progress sure.
 */
SoftRunStatus gpuvm_soft_warp_run(SoftWarp *w, uint32_t budget);

/** gpuvm_soft_warp_slice - exactly @count instructions by the interpreter, if
 *  nothing stops it; SOFT_RUN_YIELD when they are done. */
SoftRunStatus gpuvm_soft_warp_slice(SoftWarp *w, uint32_t count);

/**
 * gpuvm_soft_warp_barrier_done - the barrier @w stopped at is complete; writes
 * the reduction's results.  The pc is already behind the `bar`.  For
 * SOFT_BAR_ARRIVE call it at once (its results are not written).
 * @count: lanes with a true predicate in all warps that took part
 * @all: whether it was true in all of them; @any: in at least one
 */
void gpuvm_soft_warp_barrier_done(SoftWarp *w, uint32_t count, bool all,
                                  bool any);

/** gpuvm_soft_cta_trap - notes a shader trap at the pc of @in (the first
 *  fault of a CTA stays); the handler then returns SOFT_EXEC_FAULT. */
void gpuvm_soft_cta_trap(SoftCta *cta, GpuvmTrap trap, const SoftInsn *in);
/** gpuvm_soft_cta_fault_mem - same for an MMU fault of the shader. */
void gpuvm_soft_cta_fault_mem(SoftCta *cta, const SoftMemFault *f);

/** Slow path of gpuvm_soft_const_read32(). */
uint32_t gpuvm_soft_const_fill(SoftCta *cta, unsigned bank, uint32_t offset);

/**
 * gpuvm_soft_const_read32 - word at byte @offset of constant bank @bank.
 * Beyond the bound size, and in banks that do not exist, 0.  An unmapped bank
 * reads 0 and notes an MMU fault in the CTA, which ends it at the next look.
 */
static inline uint32_t gpuvm_soft_const_read32(SoftCta *cta, unsigned bank,
                                               uint32_t offset)
{
    const SoftCb *cb = &cta->launch->cb[bank < SOFT_MAX_CB ? bank : 0];
    uint32_t at = (cb->va & (SOFT_PAGE_SIZE - 1)) + offset;
    const uint8_t *page;

    if (__builtin_expect(bank < SOFT_CB_BANKS && (offset & 3) == 0 &&
                         offset < cta->consts.near[bank] &&
                         cta->consts.generation == cta->tlb->generation, 1)) {
        return *(const uint32_t *)(cta->consts.start[bank] + offset);
    }
    if (bank >= SOFT_MAX_CB || offset >= cb->size || cb->size - offset < 4) {
        return 0;
    }
    if (__builtin_expect((at & 3) == 0 && offset < 0x10000 &&
                         cta->consts.generation == cta->tlb->generation, 1)) {
        page = cta->consts.page[bank][at >> SOFT_PAGE_BITS];
        if (__builtin_expect(page != NULL, 1)) {
            return *(const uint32_t *)(page + (at & (SOFT_PAGE_SIZE - 1)));
        }
    }
    return gpuvm_soft_const_fill(cta, bank, offset);
}

#endif
