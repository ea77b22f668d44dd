/*
 * Values and their shapes, and access to memory, for the code generator; see
 * gen.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/jit/gen.h"

#include <string.h>

/* ---- constants ---- */

V gpuvm_jit_splat_const(Gen *g, LLVMTypeRef lane, uint64_t v)
{
    V one = L.ConstInt(lane, v, 0), all[SOFT_LANES];

    for (unsigned i = 0; i < SOFT_LANES; i++) {
        all[i] = one;
    }
    return L.ConstVector(all, SOFT_LANES);
}

V gpuvm_jit_k(Gen *g, V like, uint32_t v)
{
    return is_vec(like) ? gpuvm_jit_splat_const(g, g->i32, v) : k32(g, v);
}

static V offs_const(Gen *g, const int32_t *offs)
{
    V all[SOFT_LANES];

    for (unsigned i = 0; i < SOFT_LANES; i++) {
        all[i] = k32(g, offs[i]);
    }
    return L.ConstVector(all, SOFT_LANES);
}

/* ---- offsets ---- */

const int32_t *gpuvm_jit_offs(Gen *g, const int32_t *offs)
{
    static const int32_t zero[SOFT_LANES];

    if (!offs || !memcmp(offs, zero, sizeof(zero))) {
        return NULL;
    }
    for (guint i = 0; i < g->offs->len; i++) {
        int32_t *have = g_ptr_array_index(g->offs, i);

        if (!memcmp(have, offs, sizeof(zero))) {
            return have;
        }
    }
    g_ptr_array_add(g->offs, g_memdup2(offs, sizeof(zero)));
    return g_ptr_array_index(g->offs, g->offs->len - 1);
}

const int32_t *gpuvm_jit_offs_add(Gen *g, const int32_t *a, const int32_t *b,
                                  bool minus)
{
    int32_t sum[SOFT_LANES];

    for (unsigned i = 0; i < SOFT_LANES; i++) {
        uint32_t x = a ? a[i] : 0, y = b ? b[i] : 0;

        sum[i] = minus ? x - y : x + y;
    }
    return gpuvm_jit_offs(g, sum);
}

const int32_t *gpuvm_jit_offs_scale(Gen *g, const int32_t *a, uint32_t by)
{
    int32_t r[SOFT_LANES];

    for (unsigned i = 0; a && i < SOFT_LANES; i++) {
        r[i] = (uint32_t)a[i] * by;
    }
    return a ? gpuvm_jit_offs(g, r) : NULL;
}

void gpuvm_jit_offs_range(const int32_t *a, int64_t *min, int64_t *max)
{
    *min = *max = a ? a[0] : 0;
    for (unsigned i = 1; a && i < SOFT_LANES; i++) {
        *min = MIN(*min, a[i]);
        *max = MAX(*max, a[i]);
    }
}

/* ---- shapes ---- */

bool gpuvm_jit_shape_equal(Shape a, Shape b)
{
    return a.kind == b.kind &&
           (a.kind != SHAPE_SAME || (a.ng == b.ng && a.offs == b.offs));
}

Shape gpuvm_jit_merge(Shape a, Shape b)
{
    if (a.kind == SHAPE_NONE) {
        return b;
    }
    if (b.kind == SHAPE_NONE) {
        return a;
    }
    if (a.kind == SHAPE_SAME && b.kind == SHAPE_SAME && a.offs == b.offs) {
        a.ng = MAX(a.ng, b.ng);
        return a;
    }
    return (Shape) { .kind = SHAPE_VEC };
}

Val gpuvm_jit_same(unsigned ng, const V *s, const int32_t *offs)
{
    Val v = { .sh = { SHAPE_SAME, ng, offs } };

    memcpy(v.s, s, ng * sizeof(V));
    return v;
}

Val gpuvm_jit_uniform(V s)
{
    return gpuvm_jit_same(1, &s, NULL);
}

Val gpuvm_jit_vector(V v)
{
    return (Val) { .sh = { .kind = SHAPE_VEC }, .v = v };
}

/* ---- values to vectors ---- */

V gpuvm_jit_spread(Gen *g, const V *s, unsigned n)
{
    LLVMTypeRef lane = L.TypeOf(s[0]);
    V v = L.GetUndef(L.VectorType(lane, n)), pick[SOFT_LANES];

    for (unsigned i = 0; i < n; i++) {
        v = L.BuildInsertElement(g->b, v, s[i], k32(g, i), "");
    }
    for (unsigned i = 0; i < SOFT_LANES; i++) {
        pick[i] = k32(g, i * n / SOFT_LANES);
    }
    return L.BuildShuffleVector(g->b, v, L.GetUndef(L.TypeOf(v)),
                                L.ConstVector(pick, SOFT_LANES), "");
}

V gpuvm_jit_vec_tmp(Gen *g, const Val *v)
{
    V r = v->v;

    if (!r) {
        r = gpuvm_jit_spread(g, v->s, v->sh.ng);
        if (v->sh.offs) {
            r = add(g, r, offs_const(g, v->sh.offs));
        }
    }
    return v->raw ? gpuvm_jit_canonical_nan(g, r) : r;
}

V gpuvm_jit_vec(Gen *g, Val *v)
{
    gpuvm_jit_canonical(g, v);
    if (!v->v) {
        v->v = gpuvm_jit_vec_tmp(g, v);
    }
    return v->v;
}

V gpuvm_jit_mask_tmp(Gen *g, const Val *q)
{
    V bits;

    if (q->v) {
        return q->v;
    }
    bits = L.BuildSExt(g->b, q->s[0], g->i32, "");
    if (q->sh.ng > 1) {
        unsigned lanes = SOFT_LANES / q->sh.ng;
        uint32_t group = (uint32_t)((UINT64_C(1) << lanes) - 1);

        bits = and_(g, bits, k32(g, group));
        for (unsigned i = 1; i < q->sh.ng; i++) {
            V more = L.BuildSExt(g->b, q->s[i], g->i32, "");

            more = and_(g, more, k32(g, group << (i * lanes)));
            bits = or_(g, bits, more);
        }
    }
    return L.BuildBitCast(g->b, bits, g->m32, "");
}

V gpuvm_jit_mask(Gen *g, Val *q)
{
    if (!q->v) {
        q->v = gpuvm_jit_mask_tmp(g, q);
    }
    return q->v;
}

/* ---- NaNs ---- */

V gpuvm_jit_canonical_nan(Gen *g, V x)
{
    V f = L.BuildBitCast(g->b, x, is_vec(x) ? g->vf32 : g->f32, "");

    return sel(g, fcmp(g, LLVMRealUNO, f, f), gpuvm_jit_k(g, x, 0x7fffffff),
               x);
}

void gpuvm_jit_canonical(Gen *g, Val *v)
{
    if (!v->raw) {
        return;
    }
    v->raw = false;
    if (v->sh.kind == SHAPE_SAME) {
        for (unsigned i = 0; i < v->sh.ng; i++) {
            v->s[i] = gpuvm_jit_canonical_nan(g, v->s[i]);
        }
        v->v = NULL;
    } else {
        v->v = gpuvm_jit_canonical_nan(g, v->v);
    }
}

/* ---- operands ---- */

Val *gpuvm_jit_reg(Gen *g, State *st, unsigned n)
{
    static _Thread_local Val zero;

    if (n >= NREGS || st->r[n].sh.kind == SHAPE_NONE) {
        /* a register that is not live has no value that matters */
        zero = gpuvm_jit_uniform(k32(g, 0));
        return &zero;
    }
    return &st->r[n];
}

Val gpuvm_jit_pred(Gen *g, State *st, unsigned n)
{
    V yes = L.ConstInt(g->i1, 1, 0);
    Val q = gpuvm_jit_uniform(yes);

    if ((n & 7) != SOFT_PRED_TRUE) {
        q = st->q[n & 7].sh.kind == SHAPE_NONE ?
            gpuvm_jit_uniform(L.ConstInt(g->i1, 0, 0)) : st->q[n & 7];
    }
    if (n & 8) {
        for (unsigned i = 0; q.sh.kind == SHAPE_SAME && i < q.sh.ng; i++) {
            q.s[i] = L.BuildNot(g->b, q.s[i], "");
        }
        q.v = q.sh.kind == SHAPE_SAME ? NULL : L.BuildNot(g->b, q.v, "");
    }
    return q;
}

/* ---- memory ---- */

V gpuvm_jit_at_v(Gen *g, V base, V ofs, LLVMTypeRef type)
{
    V p = L.BuildGEP2(g->b, g->i8, base, &ofs, 1, "");

    return L.BuildBitCast(g->b, p, L.PointerType(type, 0), "");
}

V gpuvm_jit_at(Gen *g, V base, uint64_t ofs, LLVMTypeRef type)
{
    return gpuvm_jit_at_v(g, base, k64(g, ofs), type);
}

V gpuvm_jit_load(Gen *g, LLVMTypeRef type, V ptr, unsigned align)
{
    V v = L.BuildLoad2(g->b, type, ptr, "");

    L.SetAlignment(v, align);
    return v;
}

void gpuvm_jit_store(Gen *g, V val, V ptr, unsigned align)
{
    L.SetAlignment(L.BuildStore(g->b, val, ptr), align);
}

/* A word of a constant bank, from the frame. */
V gpuvm_jit_load_const(Gen *g, unsigned bank, uint32_t ofs)
{
    unsigned n = 0;
    V v;

    while (n < g->slots->len) {
        ConstSlot *s = &g_array_index(g->slots, ConstSlot, n);

        if (s->bank == bank && s->ofs == ofs) {
            break;
        }
        n++;
    }
    if (n == g->slots->len) {
        ConstSlot s = { bank, ofs };

        if (n == JIT_MAX_SLOTS) {
            g->error = "too many words of constant banks";
            return k32(g, 0);
        }
        g_array_append_val(g->slots, s);
    }
    v = gpuvm_jit_load(g, g->i32, gpuvm_jit_at(g, g->frame,
                       offsetof(JitFrame, c) + 4 * n, g->i32), 4);
    L.SetMetadata(v, g->invariant_kind, g->empty_md);
    return v;
}

V gpuvm_jit_intrinsic(Gen *g, const char *name, LLVMTypeRef *over,
                      unsigned nover, V *args, unsigned nargs)
{
    unsigned id = L.LookupIntrinsicID(name, strlen(name));
    V fn = L.GetIntrinsicDeclaration(g->mod, id, over, nover);
    LLVMTypeRef type = L.IntrinsicGetType(g->ctx, id, over, nover);

    return L.BuildCall2(g->b, type, fn, args, nargs, "");
}

LLVMBasicBlockRef gpuvm_jit_bb(Gen *g, const char *name)
{
    return L.AppendBasicBlockInContext(g->ctx, g->fn, name);
}

void gpuvm_jit_br_rare(Gen *g, V cond, LLVMBasicBlockRef rare,
                       LLVMBasicBlockRef common)
{
    V br = L.BuildCondBr(g->b, cond, rare, common);

    L.SetMetadata(br, g->prof_kind, g->unlikely);
}
