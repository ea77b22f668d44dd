/*
 * The decoder: from an instruction word to a SoftInsn, as its row says.
 *
 * First the row is found, then its modifiers are copied to flags and fields,
 * then its operands to registers, immediates and constant references.  Last
 * come a few checks of values that a mask cannot express; a word that fails
 * one is illegal.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "soft/isa/short.h"
#include "soft/isa/table.h"

#define CLASS_CONTROL 7
#define KIND_REG      0     /* bits 47:46 */
#define KIND_CONST    1
#define KIND_CONST_C  2
#define KIND_IMM      3

static int32_t sign_extend(uint32_t v, unsigned bits)
{
    return (int32_t)(v << (32 - bits)) >> (32 - bits);
}

static void decode_modifiers(const SoftRow *r, SoftInsn *in)
{
    for (unsigned i = 0; i < SOFT_ROW_MODIFIERS && r->modifiers[i]; i++) {
        const SoftModifierDesc *d = &gpuvm_soft_modifiers[r->modifiers[i]];
        uint32_t v = (in->raw >> d->lo) & ((1u << d->width) - 1);

        if (d->flag) {
            in->flags |= v ? d->flag : 0;
        } else {
            ((uint8_t *)in)[d->field] = v;
        }
    }
}

static void decode_const(SoftInsn *in)
{
    in->bank = gpuvm_soft_bits(in->raw, 45, 42) |
               gpuvm_soft_bits(in->raw, 26, 26) << 4;
    in->cofs = gpuvm_soft_bits(in->raw, 41, 26) & ~3u;
}

/* imm20: @shift 0 = signed integer, 12 = upper bits of a (high) word */
static void decode_imm20(SoftInsn *in, unsigned shift)
{
    uint32_t v = gpuvm_soft_bits(in->raw, 45, 26);

    in->imm = shift ? v << shift : (uint32_t)sign_extend(v, 20);
    in->bkind = SOFT_OPND_IMM;
}

/* Operand b by bits 47:46; false if the kind does not exist here. */
static bool decode_b(SoftInsn *in, unsigned imm_shift, bool three)
{
    switch (gpuvm_soft_bits(in->raw, 47, 46)) {
    case KIND_REG:
        in->src2 = gpuvm_soft_bits(in->raw, 31, 26);
        in->bkind = SOFT_OPND_REG;
        return true;
    case KIND_CONST:
        decode_const(in);
        in->bkind = SOFT_OPND_CONST;
        return true;
    case KIND_CONST_C:
        in->src2 = gpuvm_soft_bits(in->raw, 54, 49);
        in->bkind = SOFT_OPND_REG;
        return three;
    default:
        decode_imm20(in, imm_shift);
        return true;
    }
}

static void decode_c(SoftInsn *in)
{
    if (gpuvm_soft_bits(in->raw, 47, 46) == KIND_CONST_C) {
        decode_const(in);
        in->ckind = SOFT_OPND_CONST;
    } else {
        in->src3 = gpuvm_soft_bits(in->raw, 54, 49);
        in->ckind = SOFT_OPND_REG;
    }
}

/* The source of a conversion; its size decides how imm20 is scaled. */
static bool decode_cvt_source(SoftInsn *in, bool is_float)
{
    in->type = gpuvm_soft_bits(in->raw, 24, 23);
    in->aux = in->type == 0 ? gpuvm_soft_bits(in->raw, 56, 55) :
              in->type == 1 ? gpuvm_soft_bits(in->raw, 56, 56) * 2 : 0;
    if (!is_float && gpuvm_soft_bits(in->raw, 9, 9)) {
        in->flags |= SOFT_F_SIGN_A;
    }
    return decode_b(in, is_float && in->type >= 2 ? 12 : 0, false) &&
           !(is_float && in->type == 0);
}

static void decode_barrier(SoftInsn *in, SoftOperand o)
{
    if (o == O_BARID) {
        in->src1 = gpuvm_soft_bits(in->raw, 25, 20);
        if (gpuvm_soft_bits(in->raw, 47, 47)) {
            in->flags |= SOFT_F_IMM_A;
            in->aux = gpuvm_soft_bits(in->raw, 23, 20);
        }
    } else {
        in->src2 = gpuvm_soft_bits(in->raw, 31, 26);
        if (gpuvm_soft_bits(in->raw, 46, 46)) {
            in->flags |= SOFT_F_IMM_B;
            in->imm = gpuvm_soft_bits(in->raw, 37, 26);
        }
    }
}

/* Memory operands and branch targets. */
static void decode_address(SoftInsn *in, SoftOperand o, uint32_t next_pc)
{
    uint64_t raw = in->raw;

    in->src1 = gpuvm_soft_bits(raw, 25, 20);
    switch (o) {
    case O_G:
        in->offset = (int32_t)gpuvm_soft_bits(raw, 57, 26);
        break;
    case O_GATOM:
        in->offset = sign_extend(gpuvm_soft_bits(raw, 42, 26) |
                                 gpuvm_soft_bits(raw, 57, 55) << 17, 20);
        break;
    case O_L:
    case O_S:
        in->offset = sign_extend(gpuvm_soft_bits(raw, 49, 26), 24);
        break;
    case O_CMEM:
        in->bank = gpuvm_soft_bits(raw, 46, 42);
        in->cofs = gpuvm_soft_bits(raw, 41, 26);
        in->offset = (int16_t)in->cofs;
        break;
    case O_TGT:
        in->offset = sign_extend(gpuvm_soft_bits(raw, 49, 26), 24);
        in->imm = next_pc + in->offset;
        break;
    default: /* O_ATGT */
        in->imm = gpuvm_soft_bits(raw, 57, 26);
        break;
    }
}

/* Predicates, each with a place of its own. */
static void decode_predicate(SoftInsn *in, SoftOperand o)
{
    uint64_t raw = in->raw;

    switch (o) {
    case O_PD:
        in->pdst = gpuvm_soft_bits(raw, 19, 17);
        break;
    case O_PDN:
        in->pdst2 = gpuvm_soft_bits(raw, 16, 14);
        break;
    case O_PD50:
        in->pdst = gpuvm_soft_bits(raw, 52, 50);
        break;
    case O_PD53:
        in->pdst = gpuvm_soft_bits(raw, 55, 53);
        break;
    case O_PD54:
        in->pdst = gpuvm_soft_bits(raw, 56, 54);
        break;
    case O_PS3:
        in->psrc = gpuvm_soft_bits(raw, 52, 49);
        break;
    case O_PA:
        in->src1 = gpuvm_soft_bits(raw, 23, 20);
        break;
    case O_PB:
        in->src2 = gpuvm_soft_bits(raw, 29, 26);
        break;
    default:
        break;
    }
}

/* Registers with a place of their own. */
static void decode_register(SoftInsn *in, SoftOperand o)
{
    uint64_t raw = in->raw;

    switch (o) {
    case O_D: case O_DD: case O_DT:
        in->dst = gpuvm_soft_bits(raw, 19, 14);
        break;
    case O_DF: case O_DI:
        in->dst = gpuvm_soft_bits(raw, 19, 14);
        in->logic = gpuvm_soft_bits(raw, 21, 20);
        if (o == O_DI && gpuvm_soft_bits(raw, 7, 7)) {
            in->flags |= SOFT_F_DSIGN;
        }
        break;
    case O_D2: case O_D2D:
        in->dst2 = gpuvm_soft_bits(raw, 48, 43);
        break;
    case O_A: case O_AD: case O_SURF:
        in->src1 = gpuvm_soft_bits(raw, 25, 20);
        if (o == O_SURF) {
            in->src2 = gpuvm_soft_bits(raw, 31, 26);
        }
        break;
    case O_B:
        in->src2 = gpuvm_soft_bits(raw, 31, 26);
        in->bkind = SOFT_OPND_REG;
        break;
    case O_CR: case O_CRD:
        in->src3 = gpuvm_soft_bits(raw, 54, 49);
        in->ckind = SOFT_OPND_REG;
        break;
    case O_CDST:
        in->src3 = in->dst;
        in->ckind = SOFT_OPND_REG;
        break;
    default:
        decode_predicate(in, o);
        break;
    }
}

static bool decode_operand(SoftInsn *in, SoftOperand o, uint32_t next_pc)
{
    switch (o) {
    case O_BI:
        return decode_b(in, 0, false);
    case O_BF: case O_BD:
        return decode_b(in, 12, false);
    case O_B3I:
        return decode_b(in, 0, true);
    case O_B3F: case O_B3D:
        return decode_b(in, 12, true);
    case O_BSF: case O_BSI:
        return decode_cvt_source(in, o == O_BSF);
    case O_C: case O_CD:
        decode_c(in);
        return true;
    case O_LIMM: case O_LIMMF:
        in->imm = gpuvm_soft_bits(in->raw, 57, 26);
        in->bkind = SOFT_OPND_IMM;
        return true;
    case O_SREG:
        in->imm = gpuvm_soft_bits(in->raw, 33, 26);
        return true;
    case O_BARID: case O_BARCNT:
        decode_barrier(in, o);
        return true;
    case O_G: case O_GATOM: case O_L: case O_S: case O_CMEM:
    case O_TGT: case O_ATGT:
        decode_address(in, o, next_pc);
        return true;
    default:
        decode_register(in, o);
        return true;
    }
}

/* Values that exist in the fields but mean nothing. */
static bool check(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_FMUL:
        return in->aux != 7;
    case SOFT_OP_QUADOP:
        return in->aux <= 5;
    case SOFT_OP_FSET: case SOFT_OP_FSETP: case SOFT_OP_DSET:
    case SOFT_OP_DSETP: case SOFT_OP_ISET: case SOFT_OP_ISETP:
        return in->logic != 3;
    case SOFT_OP_PSET: case SOFT_OP_PSETP:
        return in->logic != 3 && in->subop != 3;
    case SOFT_OP_CSET: case SOFT_OP_CSETP:
        return in->logic != 3 && in->cond < 0x18;
    case SOFT_OP_F2F: case SOFT_OP_I2F:
        return in->logic != 0;
    case SOFT_OP_PRMT:
        return in->subop != 7;
    case SOFT_OP_VOTE: case SOFT_OP_MEMBAR:
        return in->subop != 3;
    case SOFT_OP_BAR:
        return (in->subop <= 2 || in->subop == 4) && !in->join;
    case SOFT_OP_ATOM_S32: case SOFT_OP_RED_S32:
        return in->subop <= 2;
    case SOFT_OP_LD: case SOFT_OP_LDU: case SOFT_OP_ST: case SOFT_OP_LDL:
    case SOFT_OP_STL: case SOFT_OP_LDS: case SOFT_OP_STS: case SOFT_OP_LDC:
    case SOFT_OP_LDS_LOCK: case SOFT_OP_STS_UNLOCK: case SOFT_OP_SULDB:
        return in->type != 7;
    case SOFT_OP_BRA: case SOFT_OP_BRA_ABS: case SOFT_OP_EXIT:
    case SOFT_OP_RET: case SOFT_OP_DISCARD: case SOFT_OP_BRK:
    case SOFT_OP_CONT:
        return in->cond < 0x18;
    default:
        return true;
    }
}

/* joinat, quadon and their like are not guarded: the field means nothing. */
static bool unguarded(SoftOp op)
{
    return op == SOFT_OP_JOINAT || op == SOFT_OP_PREBRK ||
           op == SOFT_OP_PRECONT || op == SOFT_OP_PRERET ||
           op == SOFT_OP_CALL || op == SOFT_OP_CALL_ABS ||
           op == SOFT_OP_QUADON || op == SOFT_OP_QUADPOP;
}

static bool decode_row(SoftInsn *in, uint32_t next_pc)
{
    const SoftRow *r = &gpuvm_soft_rows[in->op];

    decode_modifiers(r, in);
    for (unsigned i = 0; i < SOFT_ROW_OPERANDS && r->operands[i]; i++) {
        if (!decode_operand(in, r->operands[i], next_pc)) {
            return false;
        }
    }
    return check(in);
}

unsigned gpuvm_soft_decode(uint32_t lo, uint32_t hi, uint32_t pc,
                           SoftInsn *in)
{
    unsigned len = (lo & 8) ? 4 : 8;

    memset(in, 0, sizeof(*in));
    in->pc = pc;
    in->pdst = in->pdst2 = SOFT_PRED_TRUE;
    in->psrc = SOFT_PRED_TRUE;
    in->raw = len == 4 ? gpuvm_soft_short_expand(lo) :
              (uint64_t)hi << 32 | lo;
    in->op = gpuvm_soft_row_find(in->raw);
    in->pred = gpuvm_soft_bits(in->raw, 13, 10);
    in->join = (in->raw & 7) != CLASS_CONTROL &&
               gpuvm_soft_bits(in->raw, 4, 4);
    if (unguarded(in->op)) {
        in->pred = SOFT_PRED_TRUE;
    }
    if (in->op != SOFT_OP_ILLEGAL && !decode_row(in, pc + len)) {
        in->op = SOFT_OP_ILLEGAL;
    }
    if (in->op == SOFT_OP_ILLEGAL) {
        in->pred = SOFT_PRED_TRUE;
        in->raw = (uint64_t)(len == 4 ? 0 : hi) << 32 | lo;
    }
    return len;
}
