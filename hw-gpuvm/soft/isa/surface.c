/*
 * SULDB, SUSTP, SUSTB, SULEA: images.
 *
 * The surface unit knows two dimensions only: the shader computes array
 * layers as an offset (e2d) and lays out 3D images by itself.  Loads and
 * addresses take x in bytes, formatted stores take it in pixels.  Outside,
 * loads give 0, stores are dropped and SULEA says so by a predicate; an
 * image that is not bound has no inside.
 *
 * Facts: nvc0-compute.md 3.7.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/blocklinear.h"
#include "soft/format.h"
#include "soft/isa/mem.h"
#include "spec/image.h"

/* An image as one instruction needs it. */
typedef struct Image {
    const SoftFormat *format;
    uint64_t va;
    uint32_t width;         /* bytes */
    uint32_t rows;
    uint32_t pixel;         /* bytes */
    bool linear;
    SoftBl bl;
} Image;

static void image_get(const SoftLaunch *l, unsigned slot, Image *im)
{
    const SoftImage *s = &l->image[slot % SOFT_MAX_IMAGES];
    uint64_t width;

    im->format = gpuvm_soft_format(IMAGE_FORMAT_COLOR(s->format));
    im->pixel = im->format ? im->format->bytes : 4;
    im->va = s->va;
    im->linear = s->height & IMAGE_HEIGHT_LINEAR;
    im->rows = IMAGE_HEIGHT_ROWS(s->height);
    width = im->linear ? s->width : (uint64_t)s->width * im->pixel;
    im->width = width < UINT32_MAX ? width : UINT32_MAX;
    if (!im->va) {
        im->width = 0;
    }
    gpuvm_soft_bl_init(&im->bl, s->tile_mode & ~0xfu, im->width, im->rows);
}

/* VA of byte @x of row @y, @z in e2d units; false: outside. */
static bool image_at(const Image *im, uint32_t x, uint32_t y, uint32_t z,
                     uint32_t bytes, uint64_t *va)
{
    if (x >= im->width || im->width - x < bytes || y >= im->rows) {
        return false;
    }
    *va = im->va + ((uint64_t)z << IMAGE_E2D_SHIFT) +
          (im->linear ? x : gpuvm_soft_bl_offset(&im->bl, x, y, 0));
    return true;
}

/* Coordinates of one instruction, all lanes; absent ones are zeros. */
typedef struct Coords {
    const uint32_t *x, *y, *z;
} Coords;

static Coords coords_of(const SoftWarp *w, const SoftInsn *in)
{
    unsigned dim = SU_DIM(in->raw);
    const uint32_t *zero = gpuvm_soft_src(w, SOFT_REG_ZERO);
    Coords c = { gpuvm_soft_src(w, in->src1), zero, zero };

    if (dim != SU_DIM_1D) {
        c.y = gpuvm_soft_src(w, in->src1 + 1);
    }
    if (dim == SU_DIM_E2D) {
        c.z = gpuvm_soft_src(w, in->src1 + 2);
    }
    return c;
}

/* Calls @fn for groups of lanes that use the same image. */
typedef SoftExecStatus ImageFn(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                               const Image *im);

static SoftExecStatus by_image(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                               ImageFn *fn)
{
    uint32_t slot[SOFT_LANES];
    Image im;

    if (SU_SLOT_IS_IMM(in->raw)) {
        image_get(w->cta->launch, SU_SLOT_IMM(in->raw), &im);
        return fn(w, in, mask, &im);
    }
    /* fn() may overwrite the register */
    memcpy(slot, gpuvm_soft_src(w, in->src2), sizeof(slot));
    while (mask) {
        unsigned first = slot[__builtin_ctz(mask)] % SOFT_MAX_IMAGES;
        uint32_t same = 0;
        SoftExecStatus st;

        FOR_LANES(i, mask) {
            same |= (uint32_t)(slot[i] % SOFT_MAX_IMAGES == first) << i;
        }
        image_get(w->cta->launch, first, &im);
        st = fn(w, in, same, &im);
        if (st != SOFT_EXEC_OK) {
            return st;
        }
        mask &= ~same;
    }
    return SOFT_EXEC_OK;
}

static SoftExecStatus suldb(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            const Image *im)
{
    unsigned bytes = mem_bytes(in->type);
    MemRegs d = mem_dst(w, in->dst);
    Coords c = coords_of(w, in);
    SoftMemFault f;
    uint64_t va;

    FOR_LANES(i, mask) {
        uint8_t raw[16] = { 0 };

        if (image_at(im, c.x[i], c.y[i], c.z[i], bytes, &va) &&
            !gpuvm_soft_mem_read(w->cta->tlb, va, raw, bytes, &f)) {
            return mem_fault(w, &f);
        }
        mem_load(&d, i, raw, in->type);
    }
    return SOFT_EXEC_OK;
}

/* SUSTB: bytes as they are. */
static SoftExecStatus sustb(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            const Image *im)
{
    unsigned bytes = mem_bytes(in->type);
    MemRegs d = mem_src(w, in->dst);
    Coords c = coords_of(w, in);
    SoftMemFault f;
    uint64_t va;

    FOR_LANES(i, mask) {
        uint8_t raw[16];

        mem_store(&d, i, raw, in->type);
        if (image_at(im, c.x[i], c.y[i], c.z[i], bytes, &va) &&
            !gpuvm_soft_mem_write(w->cta->tlb, va, raw, bytes, &f)) {
            return mem_fault(w, &f);
        }
    }
    return SOFT_EXEC_OK;
}

/* SUSTP: R, G, B, A converted to the image's format. */
static SoftExecStatus sustp(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            const Image *im)
{
    MemRegs d = mem_src(w, in->dst);
    Coords c = coords_of(w, in);
    SoftMemFault f;
    uint64_t va;

    if (!im->format) {
        return SOFT_EXEC_OK;
    }
    FOR_LANES(i, mask) {
        uint32_t rgba[4] = { d.r[0][i], d.r[1][i], d.r[2][i], d.r[3][i] };
        uint8_t raw[SOFT_FORMAT_MAX_BYTES];

        if ((uint64_t)c.x[i] * im->pixel > UINT32_MAX ||
            !image_at(im, c.x[i] * im->pixel, c.y[i], c.z[i], im->pixel,
                      &va)) {
            continue;
        }
        gpuvm_soft_format_pack(im->format, rgba, raw);
        if (!gpuvm_soft_mem_write(w->cta->tlb, va, raw, im->pixel, &f)) {
            return mem_fault(w, &f);
        }
    }
    return SOFT_EXEC_OK;
}

static SoftExecStatus sulea(SoftWarp *w, const SoftInsn *in, uint32_t mask,
                            const Image *im)
{
    unsigned bytes = mem_bytes(in->type);
    MemRegs d = mem_dst(w, in->dst);
    Coords c = coords_of(w, in);
    uint32_t outside = 0;

    FOR_LANES(i, mask) {
        uint64_t va = 0;

        if (!image_at(im, c.x[i], c.y[i], c.z[i], bytes, &va)) {
            outside |= 1u << i;
        }
        d.r[0][i] = va;
        d.r[1][i] = va >> 32;
    }
    gpuvm_soft_set_pred(w, in->pdst, outside, mask);
    return SOFT_EXEC_OK;
}

SoftExecStatus gpuvm_soft_exec_suldb(SoftWarp *w, const SoftInsn *in,
                                     uint32_t mask)
{
    return by_image(w, in, mask, suldb);
}

SoftExecStatus gpuvm_soft_exec_sust(SoftWarp *w, const SoftInsn *in,
                                    uint32_t mask)
{
    return by_image(w, in, mask, SU_STORE_MASK(in->raw) ? sustp : sustb);
}

SoftExecStatus gpuvm_soft_exec_suleab(SoftWarp *w, const SoftInsn *in,
                                      uint32_t mask)
{
    return by_image(w, in, mask, sulea);
}
