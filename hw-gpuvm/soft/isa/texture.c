/*
 * The texture instructions: where the operands of a lane are, which TIC and
 * TSC it uses, and where results go.
 *
 * src1 begins a vector: handle or layer (if indirect or an array), then the
 * coordinates.  src2 begins a second one: sample number, level or bias, texel
 * offsets, depth reference, each only if the instruction has it.  Results are
 * packed: a register for each bit of the mask.
 *
 * TIC and TSC are read from the guest's tables for each instruction (once for
 * lanes that share a slot), so nothing is ever stale.  Where no texture is
 * bound results are 0.
 *
 * Levels: instructions without one use level 0 in compute, where lanes are no
 * pixels; but with the bit that Mesa sets when it does textureGrad by quads,
 * derivatives are taken between the four lanes of a quad.
 *
 * Facts: nvc0-compute.md 4.6; operand order: Mesa NVC0LoweringPass::handleTEX,
 * handleTXD, handleTXQ (Fermi) and texConstraintNVC0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <math.h>

#include "soft/isa/mem.h"
#include "soft/cube.h"
#include "soft/texture.h"
#include "spec/image.h"

/* One instruction, with the texture of some of its lanes. */
typedef struct TexInsn {
    SoftWarp *w;
    const SoftInsn *in;
    SoftTic tic;
    SoftTsc tsc;
    unsigned coords;        /* number of coordinates */
    bool handle;            /* first register of src1 is a handle or layer */
} TexInsn;

static float as_float(uint32_t u)
{
    float f;

    memcpy(&f, &u, 4);
    return f;
}

static uint32_t arg(const TexInsn *t, unsigned base, unsigned n,
                    unsigned lane)
{
    return gpuvm_soft_src(t->w, base >= SOFT_REG_ZERO ? SOFT_REG_ZERO :
                                base + n)[lane];
}

static uint32_t coord(const TexInsn *t, unsigned c, unsigned lane)
{
    return c < t->coords ? arg(t, t->in->src1, t->handle + c, lane) : 0;
}

static uint32_t layer_of(const TexInsn *t, unsigned lane)
{
    return TEX_ARRAY(t->in->raw) ?
           TEX_HANDLE_LAYER(arg(t, t->in->src1, 0, lane)) : 0;
}

static bool read_entry(SoftWarp *w, uint64_t base, uint32_t index,
                       uint32_t *words, SoftMemFault *f)
{
    return gpuvm_soft_mem_read(w->cta->tlb, base + (uint64_t)index * TIC_BYTES,
                               words, TIC_BYTES, f);
}

/* Reads TIC and TSC of a slot.  1: done, 0: nothing bound, -1: fault. */
static int bind(TexInsn *t, unsigned tic_slot, unsigned tsc_slot,
                SoftMemFault *f)
{
    const SoftLaunch *l = t->w->cta->launch;
    uint32_t words[TIC_WORDS], tic, tsc;

    if (tic_slot >= SOFT_MAX_TIC || !l->tic[tic_slot] ||
        l->tic[tic_slot] - 1 > l->tic_limit) {
        return 0;
    }
    tic = l->tic[tic_slot] - 1;
    if (!read_entry(t->w, l->tic_va, tic, words, f)) {
        return -1;
    }
    gpuvm_soft_tic_decode(&t->tic, words);
    memset(words, 0, sizeof(words));
    if (l->linked_tsc) {
        tsc = tic + 1;
    } else {
        tsc = tsc_slot < SOFT_MAX_TSC ? l->tsc[tsc_slot] : 0;
    }
    if (tsc && tsc - 1 <= l->tsc_limit &&
        !read_entry(t->w, l->tsc_va, tsc - 1, words, f)) {
        return -1;
    }
    gpuvm_soft_tsc_decode(&t->tsc, words);
    t->tsc.seamless = l->seamless;
    return 1;
}

/* Texel offsets of 4 bits each. */
static void unpack_offset(uint32_t v, int32_t off[3])
{
    for (unsigned i = 0; i < 3; i++) {
        off[i] = gpuvm_tic_sext(v >> (4 * i) & 0xf, 4);
    }
}

static float float_coord_diff(const TexInsn *t, unsigned c, unsigned a,
                              unsigned b)
{
    return as_float(coord(t, c, b)) - as_float(coord(t, c, a));
}

/* log2 of the longer footprint edge; d[axis][0] along x, [1] along y. */
static float lod_of(const TexInsn *t, float d[3][2], unsigned axes)
{
    float len[2] = { 0, 0 };

    for (unsigned i = 0; i < axes; i++) {
        float size = t->tic.normalized ?
                     gpuvm_soft_tic_size(&t->tic, i, t->tic.base_level) : 1;

        for (unsigned k = 0; k < 2; k++) {
            len[k] += d[i][k] * size * d[i][k] * size;
        }
    }
    len[0] = fmaxf(len[0], len[1]);
    return len[0] > 0 ? 0.5f * log2f(len[0]) : -1000.0f;
}

/* On the face that lane @q's direction meets, all three lanes projected. */
static void cube_derivatives(const TexInsn *t, unsigned q, float d[3][2])
{
    float dir[3][3], st[3][2];
    unsigned face;

    for (unsigned l = 0; l < 3; l++) {
        for (unsigned c = 0; c < 3; c++) {
            dir[l][c] = as_float(coord(t, c, q + l));
        }
    }
    face = gpuvm_soft_cube_face(dir[0]);
    for (unsigned l = 0; l < 3; l++) {
        gpuvm_soft_cube_project(face, dir[l], st[l]);
    }
    for (unsigned i = 0; i < 2; i++) {
        d[i][0] = st[1][i] - st[0][i];
        d[i][1] = st[2][i] - st[0][i];
    }
}

static float quad_lod(const TexInsn *t, unsigned lane)
{
    unsigned q = lane & ~3u, axes = t->coords < 3 ? t->coords : 3;
    float d[3][2];

    if (TEX_DIM(t->in->raw) == TEX_DIM_CUBE) {
        cube_derivatives(t, q, d);
        return lod_of(t, d, 2);
    }
    for (unsigned i = 0; i < axes; i++) {
        d[i][0] = float_coord_diff(t, i, q, q + 1);
        d[i][1] = float_coord_diff(t, i, q, q + 2);
    }
    return lod_of(t, d, axes);
}

/* ---- one lane of each kind ---- */

static bool do_sample(const TexInsn *t, unsigned lane, uint32_t out[4],
                      SoftMemFault *f)
{
    const SoftInsn *in = t->in;
    unsigned mode = TEX_LOD_MODE(in->raw), n = 0;
    SoftTexReq q = { .layer = layer_of(t, lane), .lod = 0 };
    SoftTsc tsc = t->tsc;

    for (unsigned c = 0; c < 3; c++) {
        q.s[c] = as_float(coord(t, c, lane));
    }
    if (mode != TEX_LOD_ZERO && TEX_DERIV_QUAD(in->raw)) {
        q.lod = quad_lod(t, lane);
    }
    if (mode == TEX_LOD_BIAS) {
        tsc.bias += as_float(arg(t, in->src2, n++, lane));
    } else if (mode == TEX_LOD_GIVEN) {
        q.lod = as_float(arg(t, in->src2, n++, lane));
    }
    if (TEX_OFFSET(in->raw)) {
        unpack_offset(arg(t, in->src2, n++, lane), q.offset);
    }
    if (TEX_SHADOW(in->raw)) {
        q.shadow = true;
        q.ref = as_float(arg(t, in->src2, n, lane));
    }
    return gpuvm_soft_tex_sample(&t->tic, &tsc, t->w->cta->tlb, &q, out, f);
}

static bool do_grad(const TexInsn *t, unsigned lane, uint32_t out[4],
                    SoftMemFault *f)
{
    const SoftInsn *in = t->in;
    unsigned axes = t->coords < 2 ? t->coords : 2;
    SoftTexReq q = { .layer = layer_of(t, lane) };
    float d[3][2];

    for (unsigned c = 0; c < 3; c++) {
        q.s[c] = as_float(coord(t, c, lane));
    }
    if (TEX_OFFSET(in->raw)) {
        unpack_offset(arg(t, in->src1, t->handle + t->coords, lane),
                      q.offset);
    }
    for (unsigned i = 0; i < axes; i++) {
        d[i][0] = as_float(arg(t, in->src2, 2 * i, lane));
        d[i][1] = as_float(arg(t, in->src2, 2 * i + 1, lane));
    }
    q.lod = lod_of(t, d, axes);
    return gpuvm_soft_tex_sample(&t->tic, &t->tsc, t->w->cta->tlb, &q, out,
                                 f);
}

static bool do_fetch(const TexInsn *t, unsigned lane, uint32_t out[4],
                     SoftMemFault *f)
{
    const SoftInsn *in = t->in;
    int32_t xyz[3], off[3] = { 0, 0, 0 }, lod = 0;
    unsigned n = 0;
    uint32_t sample = 0;

    if (TEX_MS(in->raw)) {
        sample = arg(t, in->src2, n++, lane);
    } else if (TEX_LOD_MODE(in->raw) & TEX_FETCH_LOD) {
        lod = arg(t, in->src2, n++, lane);
    }
    if (TEX_OFFSET(in->raw)) {
        unpack_offset(arg(t, in->src2, n, lane), off);
    }
    for (unsigned c = 0; c < 3; c++) {
        xyz[c] = coord(t, c, lane) + (uint32_t)off[c];
    }
    return gpuvm_soft_tex_fetch(&t->tic, t->w->cta->tlb, t->tsc.srgb, xyz,
                                layer_of(t, lane), lod, sample, out, f);
}

static bool do_gather(const TexInsn *t, unsigned lane, uint32_t out[4],
                      SoftMemFault *f)
{
    const SoftInsn *in = t->in;
    bool four = TEX_MS(in->raw);
    SoftTexReq q = { .layer = layer_of(t, lane) };
    unsigned n = 0;
    int8_t off[4][2];

    for (unsigned c = 0; c < 3; c++) {
        q.s[c] = as_float(coord(t, c, lane));
    }
    if (four) {
        for (unsigned i = 0; i < 4; i++) {
            uint32_t v = arg(t, in->src2, i / 2, lane) >> (i % 2 * 16);

            off[i][0] = v;
            off[i][1] = v >> 8;
        }
        n = 2;
    } else if (TEX_OFFSET(in->raw)) {
        uint32_t v = arg(t, in->src2, n++, lane);

        q.offset[0] = (int8_t)v;
        q.offset[1] = (int8_t)(v >> 8);
    }
    if (TEX_SHADOW(in->raw)) {
        q.shadow = true;
        q.ref = as_float(arg(t, in->src2, n, lane));
    }
    return gpuvm_soft_tex_gather(&t->tic, &t->tsc, t->w->cta->tlb, &q,
                                 TEX_GATHER_COMP(in->raw),
                                 four ? off : NULL, out, f);
}

static void do_lodq(const TexInsn *t, unsigned lane, uint32_t out[4])
{
    float level, lambda, lod = quad_lod(t, lane);

    gpuvm_soft_tex_lod(&t->tic, &t->tsc, lod, &level, &lambda);
    lambda = fminf(fmaxf(lambda, -128.0f), 127.0f);
    /* fixed point with 8 fraction bits; unclamped first */
    out[0] = (uint16_t)(int16_t)(lambda * 256.0f);
    out[1] = (uint16_t)(level * 256.0f);
    out[2] = out[3] = 0;
}

static void do_query(const TexInsn *t, unsigned lane, uint32_t out[4])
{
    const SoftTic *tic = &t->tic;
    uint32_t lod = arg(t, t->in->src1, t->handle, lane);
    unsigned level;

    memset(out, 0, 4 * sizeof(out[0]));
    if (TEX_QUERY(t->in->raw) == TEX_QUERY_TYPE) {
        out[2] = 1u << (tic->ms_x + tic->ms_y);
        return;
    }
    if (TEX_QUERY(t->in->raw) != TEX_QUERY_DIMS) {
        return;
    }
    out[3] = tic->max_level - tic->base_level + 1;
    if (lod >= out[3]) {
        return;
    }
    level = tic->base_level + lod;
    out[0] = gpuvm_soft_tic_size(tic, 0, level);
    out[1] = gpuvm_soft_tic_size(tic, 1, level);
    out[2] = gpuvm_soft_tic_size(tic, 2, level);
    if (tic->target == TIC_TARGET_1D_ARRAY) {
        out[1] = tic->layers;
    } else if (tic->target == TIC_TARGET_CUBE_ARRAY ||
               tic->target == TIC_TARGET_CUBE) {
        out[2] = tic->layers / 6;
    }
}

static bool do_lane(const TexInsn *t, unsigned lane, uint32_t out[4],
                    SoftMemFault *f)
{
    switch (t->in->op) {
    case SOFT_OP_TEXFETCH:
        return do_fetch(t, lane, out, f);
    case SOFT_OP_TEXGATHER:
        return do_gather(t, lane, out, f);
    case SOFT_OP_TEXGRAD:
        return do_grad(t, lane, out, f);
    case SOFT_OP_TEXLODQ:
        do_lodq(t, lane, out);
        return true;
    case SOFT_OP_TEXQUERY:
        do_query(t, lane, out);
        return true;
    default:
        return do_sample(t, lane, out, f);
    }
}

/* Lanes of @mask share texture and sampler; results go to @res. */
static SoftExecStatus run_slot(TexInsn *t, uint32_t mask, unsigned tic,
                               unsigned tsc, uint32_t res[SOFT_LANES][4])
{
    SoftMemFault f;
    int bound = bind(t, tic, tsc, &f);

    if (bound < 0) {
        return mem_fault(t->w, &f);
    }
    FOR_LANES(i, mask) {
        memset(res[i], 0, sizeof(res[i]));
        if (bound && !do_lane(t, i, res[i], &f)) {
            return mem_fault(t->w, &f);
        }
    }
    return SOFT_EXEC_OK;
}

static void write_results(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                          uint32_t res[SOFT_LANES][4])
{
    unsigned n = 0;

    for (unsigned c = 0; c < 4; c++) {
        if (TEX_MASK(in->raw) >> c & 1) {
            uint32_t *d = gpuvm_soft_dst(w, in->dst >= SOFT_REG_ZERO ?
                                            SOFT_REG_ZERO : in->dst + n);

            n++;
            FOR_LANES(i, mask) {
                d[i] = res[i][c];
            }
        }
    }
}

SoftExecStatus gpuvm_soft_exec_tex(SoftWarp *w, const SoftInsn *in,
                                   uint32_t mask)
{
    static const uint8_t coords[4] = { 1, 2, 3, 3 };
    bool indirect = TEX_INDIRECT(in->raw);
    uint32_t res[SOFT_LANES][4], todo = mask;
    TexInsn t = { .w = w, .in = in, .handle = indirect };

    if (in->op != SOFT_OP_TEXQUERY) {
        t.coords = coords[TEX_DIM(in->raw)];
        t.handle |= TEX_ARRAY(in->raw);
    }
    while (todo) {
        unsigned tic = TEX_TIC(in->raw), tsc = TEX_TSC(in->raw);
        uint32_t same = todo;
        SoftExecStatus st;

        if (in->op == SOFT_OP_TEXFETCH) {
            tsc = 0;        /* it takes only the sRGB switch, of slot 0 */
        }
        if (indirect) {
            const uint32_t *h = gpuvm_soft_src(w, in->src1);
            uint32_t first = h[__builtin_ctz(todo)];

            tic = TEX_HANDLE_TIC(first);
            tsc = TEX_HANDLE_TSC(first);
            same = 0;
            FOR_LANES(i, todo) {
                same |= (uint32_t)(h[i] >> 16 == first >> 16) << i;
            }
        }
        st = run_slot(&t, same, tic, tsc, res);
        if (st != SOFT_EXEC_OK) {
            return st;
        }
        todo &= ~same;
    }
    write_results(w, in, mask, res);
    return SOFT_EXEC_OK;
}
