/*
 * The interpreter's loop.
 *
 * A program is an array of decoded instructions, each with a handler that
 * executes it for all lanes of a mask.  The loop works out the mask (active
 * lanes whose guard holds), calls the handler, does the join, and follows
 * `next`; control flow handlers set the pc themselves.  Most instructions are
 * *straight*: no guard, no join, the next one behind them.  Every SLICE
 * instructions and at every backward jump it looks whether it has to stop.
 *
 * Arithmetic handlers exist for several vector widths; the widest that the
 * host has is chosen when an instruction is bound.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/isa/control.h"
#include "soft/isa/table.h"

#define SLICE         1024  /* instructions between looks */
#define LOCK_STRETCH  16    /* budgets a warp may use while it holds a lock */

static SoftExecStatus op_illegal(SoftWarp *w, const SoftInsn *in,
                                 uint32_t mask)
{
    gpuvm_soft_cta_trap(w->cta, GPUVM_TRAP_ILLEGAL_INSTR, in);
    return SOFT_EXEC_FAULT;
}

/* Code that could not be read when the program was decoded: read it again,
 * to raise the fault that it deserves. */
static SoftExecStatus op_fetch(SoftWarp *w, const SoftInsn *in, uint32_t mask)
{
    SoftMemFault f;
    uint32_t word;

    if (gpuvm_soft_mem_rd32(w->cta->tlb, w->cta->launch->code_va + in->pc,
                            &word, &f)) {
        return op_illegal(w, in, mask);
    }
    gpuvm_soft_cta_fault_mem(w->cta, &f);
    return SOFT_EXEC_FAULT;
}

static _Atomic int alu_choice;

enum { ALU_BY_CPU, ALU_BASE, ALU_AVX2, ALU_AVX512 };

static bool cpu_has(int which)
{
#ifdef __x86_64__
    if (which == ALU_AVX512) {
        return __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && cpu_has(ALU_AVX2);
    }
    if (which == ALU_AVX2) {
        return __builtin_cpu_supports("avx2") &&
               __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("bmi2");
    }
#endif
    return which == ALU_BASE;
}

bool gpuvm_soft_alu_force(int which)
{
    if (which != ALU_BY_CPU && !cpu_has(which)) {
        return false;
    }
    alu_choice = which;
    return true;
}

static SoftExecFn *alu_handler(const SoftInsn *in)
{
    int which = alu_choice;

    if (which == ALU_BY_CPU) {
        which = cpu_has(ALU_AVX512) ? ALU_AVX512 :
                cpu_has(ALU_AVX2) ? ALU_AVX2 : ALU_BASE;
    }
#ifdef __x86_64__
    if (which == ALU_AVX512) {
        return gpuvm_soft_find_avx512(in);
    }
    if (which == ALU_AVX2) {
        return gpuvm_soft_find_avx2(in);
    }
#endif
    return gpuvm_soft_find_base(in);
}

void gpuvm_soft_insn_bind(SoftInsn *in)
{
    if (in->op == SOFT_OP_ILLEGAL) {
        in->fn = op_illegal;
    } else if (in->op == SOFT_OP_FETCH) {
        in->fn = op_fetch;
    } else {
        in->fn = alu_handler(in);
        if (!in->fn) {
            in->fn = gpuvm_soft_ctl_handlers[in->op];
        }
    }
}

static bool must_stop(const SoftCta *cta)
{
    return (cta->abort && atomic_load_explicit(cta->abort,
                                               memory_order_relaxed)) ||
           (cta->attention && gpuvm_soft_attention(cta->attention));
}

/* The end of a slice's instruction that did not simply go on. */
static SoftRunStatus stopped(SoftWarp *w, const SoftInsn *in,
                             SoftExecStatus st)
{
    if (st == SOFT_EXEC_BARRIER) {
        w->pc = in->next;
        return SOFT_RUN_BARRIER;
    }
    return st == SOFT_EXEC_EXITED && !w->cta->faulted ? SOFT_RUN_EXITED :
           SOFT_RUN_FAULT;
}

/* Executes one instruction of any kind; SOFT_EXEC_OK: go on with `next`. */
static inline SoftExecStatus step(SoftWarp *w, const SoftInsn *in)
{
    uint32_t mask = w->active & gpuvm_soft_get_pred(w, in->pred);
    SoftExecStatus st;

    if (!mask) {
        return SOFT_EXEC_OK;
    }
    st = in->fn(w, in, mask);
    return in->join && st == SOFT_EXEC_OK ? gpuvm_soft_join(w, in, mask) : st;
}

/*
 * Up to @count instructions; SOFT_RUN_YIELD when they are used up or a
 * backward jump found a reason to stop.  w->pc is where to go on.
 */
static SoftRunStatus run_slice(SoftWarp *w, uint32_t count)
{
    const SoftInsn *insns = w->cta->prog->insns;
    const SoftInsn *in = &insns[w->pc];

    w->executed += count;
    while (count--) {
        SoftExecStatus st;

        if (__builtin_expect(in->straight, 1)) {
            st = in->fn(w, in, w->active);
            if (__builtin_expect(st == SOFT_EXEC_OK, 1)) {
                in++;
                continue;
            }
        } else {
            st = step(w, in);
        }
        if (st == SOFT_EXEC_OK) {
            in = &insns[in->next];
        } else if (st == SOFT_EXEC_JUMPED) {
            const SoftInsn *to = &insns[w->pc];

            if (to <= in && must_stop(w->cta)) {
                w->executed -= count;
                return SOFT_RUN_YIELD;
            }
            in = to;
        } else {
            w->executed -= count;
            w->pc = in - insns;
            return stopped(w, in, st);
        }
    }
    w->pc = in - insns;
    return SOFT_RUN_YIELD;
}

SoftRunStatus gpuvm_soft_warp_slice(SoftWarp *w, uint32_t count)
{
    return run_slice(w, count);
}

SoftRunStatus gpuvm_soft_warp_run(SoftWarp *w, uint32_t budget)
{
    uint64_t start = w->executed;

    if (!w->live) {
        return SOFT_RUN_EXITED;
    }
    for (;;) {
        SoftRunStatus st;
        uint64_t used;

        if (w->cta->faulted) {
            return SOFT_RUN_FAULT;
        }
        st = run_slice(w, SLICE);
        if (st != SOFT_RUN_YIELD) {
            return w->cta->faulted ? SOFT_RUN_FAULT : st;
        }
        if (must_stop(w->cta)) {
            return SOFT_RUN_YIELD;
        }
        used = w->executed - start;
        if (used >= budget &&
            (!w->lock_lanes || used >= (uint64_t)budget * LOCK_STRETCH)) {
            return w->cta->faulted ? SOFT_RUN_FAULT : SOFT_RUN_YIELD;
        }
    }
}

void gpuvm_soft_warp_barrier_done(SoftWarp *w, uint32_t count, bool all,
                                  bool any)
{
    const SoftInsn *in = w->bar.in;
    uint32_t truth = w->bar.op == SOFT_BAR_AND ? all :
                     w->bar.op == SOFT_BAR_OR ? any : count != 0;
    uint32_t *d = gpuvm_soft_dst(w, in->dst);

    if (w->bar.op == SOFT_BAR_ARRIVE ||
        (in->dst == SOFT_REG_ZERO && in->pdst == SOFT_PRED_TRUE)) {
        return;
    }
    gpuvm_soft_set_pred(w, in->pdst, truth ? ~0u : 0, w->bar.lanes);
    if (in->dst == SOFT_REG_ZERO) {
        return;
    }
    for (uint32_t m = w->bar.lanes; m; m &= m - 1) {
        d[__builtin_ctz(m)] = w->bar.op == SOFT_BAR_POPC ? count :
                              truth ? ~0u : 0;
    }
}
