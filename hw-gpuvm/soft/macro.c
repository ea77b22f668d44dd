/*
 * The macro engine, interpreted.
 *
 * The interpreter is a state machine that can stop in two places: before an
 * instruction that needs a parameter which has not come yet (a 1I packet may
 * go on in the next segment), and after an instruction whose method started
 * long work (a LAUNCH in an indirect dispatch).  It is entered again by the
 * next parameter, or by the class's resume().  Parameters come one at a time,
 * so one slot is enough.  Code memory, registers and state belong to the
 * channel; methods go to, and are read back from, the class that was called.
 *
 * An instruction computes a result and then acts on it: store it, take a
 * parameter, set the method address, send.  Branches and EXIT have one delay
 * slot.  The carry flag is set by an addition that overflows and by a
 * subtraction that does not borrow.
 *
 * A call may execute SOFT_MACRO_BUDGET instructions; then, and on an illegal
 * instruction, the channel faults.
 *
 * Source: spec/macro.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/gr.h"

#include <string.h>

#include "soft/rect.h"

/* What an instruction costs in bytes' worth of time. */
#define STEP_COST 64

bool gpuvm_soft_macro_upload(SoftMacro *m, uint32_t mthd, uint32_t data)
{
    switch (mthd) {
    case MACRO_UPLOAD_POS:
        m->upload_pos = data;
        return true;
    case MACRO_UPLOAD_DATA:
        m->code[m->upload_pos++ % MACRO_WORDS] = data;
        return true;
    case MACRO_BIND_INDEX:
        m->bind_index = data;
        return true;
    case MACRO_BIND_START:
        m->start[m->bind_index++ % MACRO_COUNT] = data % MACRO_WORDS + 1;
        return true;
    default:
        return false;
    }
}

static SoftStatus macro_fault(SoftChan *chan, SoftMacro *m, GpuvmTrap reason)
{
    GpuvmFault f = {
        .kind = GPUVM_FAULT_GR_TRAP,
        .engine = GPUVM_ENGINE_GR,
        .va = m->pc,
        .reason = reason,
        .subc = m->subc,
        .cls = m->caller->cls,
        .method = m->call,
        .data = m->pc < MACRO_WORDS ? m->code[m->pc] : 0,
    };

    m->state = SOFT_MACRO_IDLE;
    return gpuvm_soft_chan_fault(chan, &f);
}

static uint32_t mask_of(uint32_t size)
{
    return (uint32_t)((1ull << size) - 1);
}

/* Shifts by registers: 32 and more give 0. */
static uint32_t shl(uint32_t v, uint32_t n)
{
    return n < 32 ? v << n : 0;
}

static uint32_t shr(uint32_t v, uint32_t n)
{
    return n < 32 ? v >> n : 0;
}

static bool alu(SoftMacro *m, uint32_t op, uint32_t a, uint32_t b,
                uint32_t *res)
{
    uint64_t wide;

    switch (op) {
    case MACRO_ALU_ADD:
    case MACRO_ALU_ADC:
        wide = (uint64_t)a + b + (op == MACRO_ALU_ADC && m->carry);
        m->carry = wide >> 32;
        *res = (uint32_t)wide;
        return true;
    case MACRO_ALU_SUB:
    case MACRO_ALU_SBB:
        wide = (uint64_t)a - b - (op == MACRO_ALU_SBB && !m->carry);
        m->carry = !(wide >> 32);
        *res = (uint32_t)wide;
        return true;
    case MACRO_ALU_XOR:
        *res = a ^ b;
        return true;
    case MACRO_ALU_OR:
        *res = a | b;
        return true;
    case MACRO_ALU_AND:
        *res = a & b;
        return true;
    case MACRO_ALU_ANDN:
        *res = a & ~b;
        return true;
    case MACRO_ALU_NAND:
        *res = ~(a & b);
        return true;
    default:
        return false;
    }
}

/* The result of any instruction but a branch; false: illegal. */
static bool compute(SoftMacro *m, uint32_t w, uint32_t *res)
{
    uint32_t a = m->reg[MACRO_RA(w)], b = m->reg[MACRO_RB(w)];
    uint32_t mask = mask_of(MACRO_BF_SIZE(w));
    uint32_t src = MACRO_BF_SRC(w), dst = MACRO_BF_DST(w), mthd;

    switch (MACRO_OP(w)) {
    case MACRO_OP_ALU:
        return alu(m, MACRO_ALU(w), a, b, res);
    case MACRO_OP_ADDI:
        *res = a + (uint32_t)MACRO_IMM(w);
        return true;
    case MACRO_OP_EXTRINSRT:
        *res = (a & ~(mask << dst)) | (b >> src & mask) << dst;
        return true;
    case MACRO_OP_EXTRSHL_I:
        *res = (shr(b, a) & mask) << dst;
        return true;
    case MACRO_OP_EXTRSHL_R:
        *res = shl(b >> src & mask, a);
        return true;
    case MACRO_OP_READ:
        mthd = a + (uint32_t)MACRO_IMM(w);
        *res = m->caller->regs[mthd % SOFT_GR_REGS];
        return true;
    default:
        return false;
    }
}

static void set_reg(SoftMacro *m, uint32_t r, uint32_t v)
{
    if (r) {
        m->reg[r] = v;          /* $r0 stays 0 */
    }
}

/* Sends one method to the calling class. */
static SoftStatus send(SoftChan *chan, SoftMacro *m, uint32_t data)
{
    uint32_t mthd = MACRO_MADDR_METHOD(m->maddr);

    m->maddr = MACRO_MADDR_ADVANCE(m->maddr);
    return m->caller->execute(chan, m->caller, m->subc, mthd, data);
}

/* What becomes of a result.  A needed parameter is there. */
static SoftStatus act(SoftChan *chan, SoftMacro *m, uint32_t w, uint32_t res)
{
    uint32_t rd = MACRO_RD(w), param = m->zero_params ? 0 : m->param;

    switch (MACRO_ACT(w)) {
    case MACRO_ACT_PARM:
        m->have_param = false;
        set_reg(m, rd, param);
        return SOFT_OK;
    case MACRO_ACT_MOVE:
        set_reg(m, rd, res);
        return SOFT_OK;
    case MACRO_ACT_MOVE_MADDR:
        m->maddr = res;
        set_reg(m, rd, res);
        return SOFT_OK;
    case MACRO_ACT_PARM_SEND:
        m->have_param = false;
        set_reg(m, rd, param);
        return send(chan, m, res);
    case MACRO_ACT_MOVE_SEND:
        set_reg(m, rd, res);
        return send(chan, m, res);
    case MACRO_ACT_PARM_MADDR:
        m->have_param = false;
        m->maddr = res;
        set_reg(m, rd, param);
        return SOFT_OK;
    case MACRO_ACT_MADDR_PSEND:
        m->have_param = false;
        m->maddr = res;
        set_reg(m, rd, res);
        return send(chan, m, param);
    default: /* MACRO_ACT_MADDR_SEND */
        m->maddr = res;
        set_reg(m, rd, res);
        return send(chan, m, MACRO_MADDR_INCR(res));
    }
}

static bool needs_param(uint32_t w)
{
    const uint32_t takers = 1u << MACRO_ACT_PARM | 1u << MACRO_ACT_PARM_SEND |
                            1u << MACRO_ACT_PARM_MADDR |
                            1u << MACRO_ACT_MADDR_PSEND;

    return MACRO_OP(w) != MACRO_OP_BRANCH && (takers >> MACRO_ACT(w) & 1);
}

/*
 * Moves pc past instruction @w, whose branch was @taken; false: the macro has
 * ended.  A branch or EXIT inside a delay slot has no effect of its own.
 */
static bool advance(SoftMacro *m, uint32_t w, bool taken)
{
    uint32_t target = m->pc + (uint32_t)MACRO_IMM(w);

    switch (m->slot) {
    case SOFT_MACRO_SLOT_EXIT:
        return false;
    case SOFT_MACRO_SLOT_BRANCH:
        m->slot = SOFT_MACRO_PLAIN;
        m->pc = m->target;
        return true;
    default:
        break;
    }
    if (taken && (w & MACRO_BRANCH_ANNUL)) {
        m->pc = target;
        return true;
    }
    if (taken) {
        m->slot = SOFT_MACRO_SLOT_BRANCH;
        m->target = target;
    } else if (w & MACRO_EXIT) {
        m->slot = SOFT_MACRO_SLOT_EXIT;
    }
    m->pc++;
    return true;
}

/* Runs until the end, a missing parameter, a wait or a fault. */
static SoftStatus macro_run(SoftChan *chan, SoftMacro *m)
{
    SoftStatus st = SOFT_OK;
    SoftPoll poll;

    gpuvm_soft_poll_init(&poll, chan);
    m->state = SOFT_MACRO_WAITING;
    while (st == SOFT_OK) {
        uint32_t w, res;
        bool taken = false;

        if (m->pc >= MACRO_WORDS) {
            return macro_fault(chan, m, GPUVM_TRAP_ILLEGAL_INSTR);
        }
        w = m->code[m->pc];
        if (needs_param(w) && !m->have_param && !m->zero_params) {
            m->state = SOFT_MACRO_STARVED;
            return SOFT_OK;
        }
        if (m->steps++ >= SOFT_MACRO_BUDGET) {
            return macro_fault(chan, m, GPUVM_TRAP_TIMEOUT);
        }
        if (!gpuvm_soft_poll(&poll, STEP_COST)) {
            m->state = SOFT_MACRO_IDLE;
            return SOFT_OK;
        }
        if (MACRO_OP(w) == MACRO_OP_BRANCH) {
            taken = (m->reg[MACRO_RA(w)] != 0) == !!(w & MACRO_BRANCH_NZ);
        } else if (!compute(m, w, &res)) {
            return macro_fault(chan, m, GPUVM_TRAP_ILLEGAL_INSTR);
        } else {
            st = act(chan, m, w, res);
        }
        if (!advance(m, w, taken)) {
            m->state = SOFT_MACRO_IDLE;
            return st;
        }
    }
    if (st == SOFT_FAULT) {
        m->state = SOFT_MACRO_IDLE;
    }
    return st;
}

static SoftStatus macro_start(SoftChan *chan, SoftMacro *m, SoftGrObj *o,
                              unsigned subc, uint32_t mthd, uint32_t data)
{
    uint32_t start = m->start[MACRO_CALL_INDEX(mthd)];

    if (!start) {
        gpuvm_soft_method_unknown(chan, o->cls, mthd, data);
        return SOFT_OK;
    }
    m->caller = o;
    m->subc = subc;
    m->call = mthd;
    memset(m->reg, 0, sizeof(m->reg));
    m->reg[1] = data;
    m->pc = start - 1;
    m->maddr = m->steps = 0;
    m->slot = SOFT_MACRO_PLAIN;
    m->carry = m->have_param = m->zero_params = false;
    return macro_run(chan, m);
}

SoftStatus gpuvm_soft_macro_deliver(SoftChan *chan, SoftMacro *m,
                                    SoftGrObj *o, unsigned subc,
                                    uint32_t mthd, uint32_t data)
{
    bool is_call = gpuvm_soft_macro_is_call(mthd);

    if (is_call && MACRO_CALL_IS_PARAM(mthd)) {
        if (m->state != SOFT_MACRO_STARVED) {
            return SOFT_OK;     /* more than the macro took */
        }
        m->param = data;
        m->have_param = true;
        return macro_run(chan, m);
    }
    if (m->state == SOFT_MACRO_STARVED) {
        SoftStatus st;

        gpuvm_guest_error(gpuvm_soft_chan_host(chan), "macro call 0x%04x of "
                          "class 0x%04x lacks parameters", m->call,
                          m->caller->cls);
        m->zero_params = true;
        st = macro_run(chan, m);
        if (st == SOFT_WAIT) {
            m->pending.valid = true;
            m->pending.obj = o;
            m->pending.subc = subc;
            m->pending.mthd = mthd;
            m->pending.data = data;
        }
        if (st != SOFT_OK) {
            return st;
        }
    }
    return is_call ? macro_start(chan, m, o, subc, mthd, data) :
           o->execute(chan, o, subc, mthd, data);
}

SoftStatus gpuvm_soft_macro_resume(SoftChan *chan, SoftMacro *m)
{
    SoftStatus st = SOFT_OK;

    if (m->state == SOFT_MACRO_WAITING) {
        st = macro_run(chan, m);
    }
    if (st == SOFT_OK && m->pending.valid) {
        m->pending.valid = false;
        st = gpuvm_soft_macro_deliver(chan, m, m->pending.obj,
                                      m->pending.subc, m->pending.mthd,
                                      m->pending.data);
    }
    return st;
}
