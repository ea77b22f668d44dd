/*
 * The disassembler: a decoded instruction in words, by its row.
 *
 *   [guard] mnemonic[.modifier...] operand... [join]
 *
 * e.g. "$p0 iadd $r1 $r2 c0[0x20]", "!$p1 fadd.ftz $r3 -$r4 |$r5| join".
 * Values of the bit bucket and of "true" are written $r63 and $p7.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "soft/isa/table.h"

typedef struct Out {
    char *buf;
    size_t len, used;
} Out;

static void __attribute__((format(printf, 2, 3)))
put(Out *o, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (o->used >= o->len) {
        return;
    }
    va_start(ap, fmt);
    n = vsnprintf(o->buf + o->used, o->len - o->used, fmt, ap);
    va_end(ap);
    o->used = MIN(o->len, o->used + MAX(n, 0));
}

static void put_pred(Out *o, unsigned p)
{
    put(o, "%s$p%u", p & 8 ? "!" : "", p & 7);
}

static void put_reg(Out *o, const SoftInsn *in, unsigned n, uint32_t neg,
                    uint32_t abs, uint32_t not, const char *width)
{
    put(o, " %s%s%s$r%u%s%s", in->flags & neg ? "-" : "",
        in->flags & not ? "~" : "", in->flags & abs ? "|" : "", n, width,
        in->flags & abs ? "|" : "");
}

static void put_const(Out *o, const SoftInsn *in, uint32_t neg, uint32_t abs,
                      uint32_t not)
{
    put(o, " %s%s%sc%u[0x%x]%s", in->flags & neg ? "-" : "",
        in->flags & not ? "~" : "", in->flags & abs ? "|" : "", in->bank,
        in->cofs, in->flags & abs ? "|" : "");
}

static void put_b(Out *o, const SoftInsn *in, const char *width)
{
    uint32_t neg = SOFT_F_NEG_B, abs = SOFT_F_ABS_B, not = SOFT_F_NOT_B;

    if (in->bkind == SOFT_OPND_REG) {
        put_reg(o, in, in->src2, neg, abs, not, width);
    } else if (in->bkind == SOFT_OPND_CONST) {
        put_const(o, in, neg, abs, not);
    } else {
        put(o, " %s%s%s0x%x%s", in->flags & neg ? "-" : "",
            in->flags & not ? "~" : "", in->flags & abs ? "|" : "", in->imm,
            in->flags & abs ? "|" : "");
    }
}

static void put_c(Out *o, const SoftInsn *in, const char *width)
{
    if (in->ckind == SOFT_OPND_CONST) {
        put_const(o, in, SOFT_F_NEG_C, 0, 0);
    } else {
        put_reg(o, in, in->src3, SOFT_F_NEG_C, 0, 0, width);
    }
}

static const char *type_width(const SoftInsn *in)
{
    return in->type == SOFT_ACCESS_B64 ? "d" :
           in->type == SOFT_ACCESS_B128 ? "q" : "";
}

static void put_memory(Out *o, const SoftInsn *in, const char *space)
{
    uint32_t off = in->offset < 0 ? -(uint32_t)in->offset : in->offset;

    put(o, " %s[", space);
    if (in->src1 != SOFT_REG_ZERO) {
        put(o, "$r%u%s%s0x%x]", in->src1,
            in->flags & SOFT_F_WIDE ? "d" : "", in->offset < 0 ? "-" : "+",
            off);
    } else {
        put(o, "%s0x%x]", in->offset < 0 ? "-" : "", off);
    }
}

static void put_address(Out *o, const SoftInsn *in, SoftOperand op)
{
    switch (op) {
    case O_G: case O_GATOM:
        put_memory(o, in, "g");
        break;
    case O_L:
        put_memory(o, in, "l");
        break;
    case O_S:
        put_memory(o, in, "s");
        break;
    case O_CMEM:
        put(o, " c%u[$r%u+0x%x]", in->bank, in->src1, in->cofs);
        break;
    case O_SURF:
        if (in->flags & SOFT_F_IMM_B) {
            put(o, " img[%u]", in->src2 & 7);
        } else {
            put(o, " img[$r%u]", in->src2);
        }
        put(o, " $r%u", in->src1);
        break;
    case O_TEX:
        put(o, " $t%u $s%u", gpuvm_soft_bits(in->raw, 39, 32),
            gpuvm_soft_bits(in->raw, 44, 40));
        break;
    default: /* O_TGT, O_ATGT */
        put(o, " 0x%x", in->imm);
        break;
    }
}

static void put_predicate(Out *o, const SoftInsn *in, SoftOperand op)
{
    put(o, " ");
    switch (op) {
    case O_PD: case O_PD50: case O_PD53: case O_PD54:
        put_pred(o, in->pdst);
        break;
    case O_PDN:
        put_pred(o, in->pdst2);
        break;
    case O_PS3:
        put_pred(o, in->psrc);
        break;
    case O_PA:
        put_pred(o, in->src1);
        break;
    default: /* O_PB */
        put_pred(o, in->src2);
        break;
    }
}

static void put_barrier(Out *o, const SoftInsn *in, SoftOperand op)
{
    if (op == O_BARID) {
        put(o, in->flags & SOFT_F_IMM_A ? " 0x%x" : " $r%u",
            in->flags & SOFT_F_IMM_A ? in->aux : in->src1);
    } else {
        put(o, in->flags & SOFT_F_IMM_B ? " 0x%x" : " $r%u",
            in->flags & SOFT_F_IMM_B ? in->imm : in->src2);
    }
}

static void put_operand(Out *o, const SoftInsn *in, SoftOperand op)
{
    const char *cvt = in->type == 3 ? "d" : "";
    const char *cvt_dst = in->logic == 3 ? "d" : "";

    switch (op) {
    case O_D:
        put_reg(o, in, in->dst, 0, 0, 0, "");
        break;
    case O_DD:
        put_reg(o, in, in->dst, 0, 0, 0, "d");
        break;
    case O_DT:
        put_reg(o, in, in->dst, 0, 0, 0, type_width(in));
        break;
    case O_DF: case O_DI:
        put_reg(o, in, in->dst, 0, 0, 0, cvt_dst);
        break;
    case O_D2: case O_D2D:
        put_reg(o, in, in->dst2, 0, 0, 0, op == O_D2D ? "d" : "");
        break;
    case O_A: case O_AD:
        put_reg(o, in, in->src1, SOFT_F_NEG_A, SOFT_F_ABS_A, SOFT_F_NOT_A,
                op == O_AD ? "d" : "");
        break;
    case O_B: case O_BI: case O_BF: case O_B3I: case O_B3F:
    case O_LIMM: case O_LIMMF:
        put_b(o, in, "");
        break;
    case O_BD: case O_B3D:
        put_b(o, in, "d");
        break;
    case O_BSF: case O_BSI:
        put_b(o, in, cvt);
        break;
    case O_C: case O_CDST: case O_CR:
        put_c(o, in, "");
        break;
    case O_CD: case O_CRD:
        put_c(o, in, "d");
        break;
    case O_SREG:
        put(o, " $sr0x%x", in->imm);
        break;
    case O_BARID: case O_BARCNT:
        put_barrier(o, in, op);
        break;
    case O_PD: case O_PDN: case O_PD50: case O_PD53: case O_PD54:
    case O_PS3: case O_PA: case O_PB:
        put_predicate(o, in, op);
        break;
    default:
        put_address(o, in, op);
        break;
    }
}

/* The format of a conversion, as in "f2i.s32.f32". */
static void put_formats(Out *o, const SoftInsn *in)
{
    bool df = in->op == SOFT_OP_F2F || in->op == SOFT_OP_I2F;
    bool sf = in->op == SOFT_OP_F2F || in->op == SOFT_OP_F2I;

    put(o, ".%c%u", df ? 'f' : in->flags & SOFT_F_DSIGN ? 's' : 'u',
        8u << in->logic);
    put(o, ".%c%u", sf ? 'f' : in->flags & SOFT_F_SIGN_A ? 's' : 'u',
        8u << in->type);
    if (in->aux) {
        put(o, ".byte%u", in->aux);
    }
}

static void put_modifier(Out *o, const SoftInsn *in, SoftModifier m)
{
    const SoftModifierDesc *d = &gpuvm_soft_modifiers[m];
    uint8_t v = ((const uint8_t *)in)[d->field];

    if (d->flag) {
        if (d->name && (in->flags & d->flag)) {
            put(o, ".%s", d->name);
        }
    } else if (d->names) {
        /* "and $p7" is no logic at all */
        if (d->names[v] &&
            !(m == M_LOGIC53 && v == 0 && in->psrc == SOFT_PRED_TRUE)) {
            put(o, ".%s", d->names[v]);
        }
    } else if (m == M_SHIFT5 || (m == M_LANE5 && v != 0xf) ||
               m == M_SUMASK49 || m == M_QUADOP32 || m == M_QUADSRC6) {
        put(o, ".%u", v);
    }
}

/* Where $p7 is no choice but "no condition", it is not written. */
static bool says_predicate(const SoftInsn *in)
{
    return in->psrc != SOFT_PRED_TRUE || in->op == SOFT_OP_SEL ||
           in->op == SOFT_OP_FMNMX || in->op == SOFT_OP_DMNMX ||
           in->op == SOFT_OP_IMNMX;
}

void gpuvm_soft_disasm(const SoftInsn *in, char *buf, size_t len)
{
    Out o = { buf, len, 0 };
    const SoftRow *r = &gpuvm_soft_rows[in->op < SOFT_OP__MAX ? in->op : 0];

    buf[0] = 0;
    if (in->op == SOFT_OP_ILLEGAL || in->op == SOFT_OP_FETCH) {
        put(&o, "%s 0x%016" G_GINT64_MODIFIER "x", r->mnemonic, in->raw);
        return;
    }
    if (in->pred == (8 | SOFT_PRED_TRUE)) {
        put(&o, "never ");
    } else if (in->pred != SOFT_PRED_TRUE) {
        put_pred(&o, in->pred);
        put(&o, " ");
    }
    put(&o, "%s", r->mnemonic);
    if (in->op == SOFT_OP_F2F || in->op == SOFT_OP_F2I ||
        in->op == SOFT_OP_I2F || in->op == SOFT_OP_I2I) {
        put_formats(&o, in);
    }
    for (unsigned i = 0; i < SOFT_ROW_MODIFIERS && r->modifiers[i]; i++) {
        put_modifier(&o, in, r->modifiers[i]);
    }
    for (unsigned i = 0; i < SOFT_ROW_OPERANDS && r->operands[i]; i++) {
        if (r->operands[i] == O_PS3 && !says_predicate(in)) {
            continue;
        }
        put_operand(&o, in, r->operands[i]);
    }
    if (in->join) {
        put(&o, " join");
    }
}
