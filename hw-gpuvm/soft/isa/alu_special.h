/*
 * Special handlers: what compilers emit most often, with everything that
 * chooses what is done known beforehand; see alu_vec.h.  Included once a
 * vector width.
 *
 * SPECIALS() is the list: the general handler, a tag, flags that make no
 * difference to it, and the fields of the Spec that are not 0.  An instruction
 * whose general handler is that one and whose fields are exactly those is
 * bound to the special handler.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define SIGNS   (SOFT_F_SIGN_A | SOFT_F_SIGN_B)

/* By the kind of operand b: register, immediate, constant bank. */
#define BY_B(X, name, tag, same, ...) \
    X(name, tag##_r, same, .b = SOFT_OPND_REG, __VA_ARGS__) \
    X(name, tag##_i, same, .b = SOFT_OPND_IMM, __VA_ARGS__) \
    X(name, tag##_k, same, .b = SOFT_OPND_CONST, __VA_ARGS__)
/* Three operands, c a register; or c from the constant bank. */
#define BY_BC(X, name, tag, same, ...) \
    BY_B(X, name, tag, same, .c = SOFT_OPND_REG, __VA_ARGS__) \
    X(name, tag##_rk, same, .b = SOFT_OPND_REG, .c = SOFT_OPND_CONST, \
      __VA_ARGS__)
#define BY_COND(X, name, tag, same, ...) \
    BY_B(X, name, tag##_lt, same, .cond = LT, __VA_ARGS__) \
    BY_B(X, name, tag##_eq, same, .cond = EQ, __VA_ARGS__) \
    BY_B(X, name, tag##_le, same, .cond = LE, __VA_ARGS__) \
    BY_B(X, name, tag##_gt, same, .cond = GT, __VA_ARGS__) \
    BY_B(X, name, tag##_ne, same, .cond = NE, __VA_ARGS__) \
    BY_B(X, name, tag##_ge, same, .cond = GE, __VA_ARGS__)

#define SPECIALS(X) \
    BY_B(X, iadd, add, 0, .subop = 0) \
    BY_B(X, iadd, sub, 0, .subop = 1) \
    BY_B(X, iadd, subr, 0, .subop = 2) \
    BY_B(X, iadd, add_cc, 0, .flags = SOFT_F_CC) \
    BY_B(X, iadd, add_x, 0, .flags = SOFT_F_CARRY_IN) \
    BY_B(X, iadd, sub_cc, 0, .subop = 1, .flags = SOFT_F_CC) \
    BY_B(X, iadd, sub_x, 0, .subop = 1, .flags = SOFT_F_CARRY_IN) \
    BY_B(X, iscadd, add, 0, .subop = 0) \
    BY_B(X, imul, low, SIGNS, .subop = 0) \
    BY_B(X, imul, high, 0, .flags = SOFT_F_HIGH) \
    BY_BC(X, imad, low, SIGNS, .subop = 0) \
    BY_BC(X, imad, low_cc, SIGNS, .flags = SOFT_F_CC) \
    BY_BC(X, imad, high, 0, .flags = SOFT_F_HIGH) \
    BY_BC(X, imad, high_x, 0, .flags = SOFT_F_HIGH | SOFT_F_CARRY_IN) \
    BY_B(X, shl, plain, 0, .subop = 0) \
    BY_B(X, shl, wrap, 0, .flags = SOFT_F_WRAP) \
    BY_B(X, shr, u, 0, .subop = 0) \
    BY_B(X, shr, u_wrap, 0, .flags = SOFT_F_WRAP) \
    BY_B(X, shr, s_wrap, 0, .flags = SOFT_F_SIGN_B | SOFT_F_WRAP) \
    BY_B(X, shr, s, 0, .flags = SOFT_F_SIGN_B) \
    BY_B(X, lop, and, 0, .subop = 0) \
    BY_B(X, lop, or, 0, .subop = 1) \
    BY_B(X, lop, xor, 0, .subop = 2) \
    BY_B(X, bfe, u, 0, .subop = 0) \
    BY_B(X, bfe, s, 0, .flags = SOFT_F_SIGN_B) \
    BY_B(X, imnmx, u, 0, .subop = 0) \
    BY_B(X, imnmx, s, 0, .flags = SOFT_F_SIGN_B) \
    BY_B(X, imnmx, max_u, 0, .pflip = 8) \
    BY_B(X, imnmx, max_s, 0, .pflip = 8, .flags = SOFT_F_SIGN_B) \
    BY_COND(X, iset, u, 0, .logic = 0) \
    BY_COND(X, iset, s, 0, .flags = SOFT_F_SIGN_B) \
    BY_B(X, icmp, eq, SOFT_F_SIGN_B, .c = SOFT_OPND_REG, .cond = EQ) \
    BY_B(X, icmp, ne, SOFT_F_SIGN_B, .c = SOFT_OPND_REG, .cond = NE) \
    BY_COND(X, isetp, u, 0, .logic = 0) \
    BY_COND(X, isetp, s, 0, .flags = SOFT_F_SIGN_B) \
    BY_COND(X, fset, f, 0, .logic = 0) \
    BY_COND(X, fset, abs, 0, .flags = SOFT_F_ABS_A) \
    BY_COND(X, fsetp, f, 0, .logic = 0) \
    BY_B(X, fadd, plain, 0, .subop = 0) \
    BY_B(X, fadd, na, 0, .flags = SOFT_F_NEG_A) \
    BY_B(X, fadd, nb, 0, .flags = SOFT_F_NEG_B) \
    BY_B(X, fmul, plain, 0, .subop = 0) \
    BY_B(X, fmul, neg, 0, .flags = SOFT_F_NEG_A) \
    BY_BC(X, ffma, plain, 0, .subop = 0) \
    BY_BC(X, ffma, np, 0, .flags = SOFT_F_NEG_A) \
    BY_BC(X, ffma, nc, 0, .flags = SOFT_F_NEG_C) \
    BY_B(X, fmnmx, min, 0, .subop = 0) \
    BY_B(X, fmnmx, max, 0, .pflip = 8) \
    X(mufu, rcp, 0, .subop = SOFT_MUFU_RCP) \
    BY_B(X, mov, plain, 0, .aux = 0xf)

#define SPECIAL_FN(name, tag, same, ...) \
    static SoftExecStatus name##_##tag(SoftWarp *w, const SoftInsn *in, \
                                       uint32_t mask) \
    { \
        return body_##name(w, in, mask, (Spec){ __VA_ARGS__ }); \
    }
SPECIALS(SPECIAL_FN)

typedef struct Special {
    SoftExecFn *general, *fn;
    uint32_t same;
    Spec spec;
} Special;

#define SPECIAL_ROW(name, tag, same, ...) \
    { op_##name, name##_##tag, same, { __VA_ARGS__ } },
static const Special specials[] = {
    SPECIALS(SPECIAL_ROW)
};

static bool special_fits(const Special *p, const SoftInsn *in)
{
    const Spec *s = &p->spec;

    return (in->flags & ~p->same) == s->flags && in->bkind == s->b &&
           in->ckind == s->c && in->subop == s->subop &&
           in->cond == s->cond && in->rnd == s->rnd &&
           in->logic == s->logic && (in->psrc ^ SOFT_PRED_TRUE) == s->pflip &&
           (in->aux == s->aux || p->general == op_iscadd);
}

/* The special handler for @in, or @general. */
static SoftExecFn *special_find(const SoftInsn *in, SoftExecFn *general)
{
    for (unsigned i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
        if (specials[i].general == general && special_fits(&specials[i], in)) {
            return specials[i].fn;
        }
    }
    return general;
}
