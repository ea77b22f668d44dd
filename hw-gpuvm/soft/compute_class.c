/*
 * The compute class, 0x90c0: gathers a grid's parameters and launches it.
 *
 * Methods are stored in the register file; bindings of constant buffers,
 * textures and samplers are latched in tables of their own, because their
 * methods are the same for every slot.  LAUNCH copies everything into a
 * SoftLaunch and hands it to the worker pool.  The channel waits
 * (SOFT_WAIT) until the grid's done() continues it, so all later methods see
 * the grid's effects, while other channels run.
 *
 * Sources: spec/compute_methods.h; reference nvc0-compute.md 3.1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <string.h>

#include "soft/cb_state.h"
#include "soft/compute.h"
#include "soft/engine_classes.h"
#include "soft/gr.h"
#include "soft/methods.h"
#include "soft/query.h"
#include "soft/rect.h"
#include "spec/classes.h"
#include "spec/compute_methods.h"

typedef struct Compute {
    SoftGrObj gr;
    SoftPool *pool;
    SoftGrid *grid;             /* the last one launched; may be gone */
    SoftCb cb[SOFT_MAX_CB];
    uint32_t tic[SOFT_MAX_TIC]; /* table index + 1, 0 = none */
    uint32_t tsc[SOFT_MAX_TSC];
} Compute;

static const SoftMethods known[] = { COMPUTE_KNOWN };

#define PAIR(o, hi) gpuvm_soft_va(GR_REG(o, hi), GR_REG(o, (hi) + 4))

static void bind_cb(SoftChan *chan, Compute *c, uint32_t data)
{
    uint32_t bank = CP_CB_BIND_INDEX(data);

    if (bank >= SOFT_MAX_CB) {
        gpuvm_guest_error(gpuvm_soft_chan_host(chan),
                          "compute: constant buffer bank %u", bank);
    } else if (data & CP_CB_BIND_VALID) {
        c->cb[bank] = gpuvm_soft_cb_current(c->gr.regs);
    } else {
        c->cb[bank] = (SoftCb) { 0 };
    }
}

/* A slot of a table that holds index + 1. */
static void bind_slot(SoftChan *chan, uint32_t *table, uint32_t n,
                      uint32_t slot, uint32_t index, bool active)
{
    if (slot >= n) {
        gpuvm_guest_error(gpuvm_soft_chan_host(chan),
                          "compute: texture or sampler slot %u", slot);
    } else {
        table[slot] = active ? index + 1 : 0;
    }
}

static void grid_done(void *opaque, const GpuvmFault *fault, uint64_t ctas)
{
    GpuvmFault f;

    if (fault && fault->kind == GPUVM_FAULT_GR_TRAP) {
        f = *fault;
        f.cls = GF100_CLASS_COMPUTE;
        f.method = CP_LAUNCH;
        f.subc = gpuvm_soft_chan_subc(opaque);
        fault = &f;
    }
    gpuvm_soft_chan_continue(opaque, fault);
}

static void grid_abort(void *opaque)
{
    Compute *c = opaque;

    gpuvm_soft_pool_abort(c->pool, c->grid);
}

static void grid_held(void *opaque)
{
    gpuvm_soft_chan_held(opaque);
}

static void grid_hold(void *opaque, bool on)
{
    Compute *c = opaque;

    gpuvm_soft_pool_hold(c->pool, c->grid, on);
}

static void fill_images(const SoftGrObj *o, SoftLaunch *l)
{
    unsigned i;

    for (i = 0; i < MIN(GR_IMAGE_COUNT, SOFT_MAX_IMAGES); i++) {
        uint32_t at = GR_IMAGE_FIRST + i * GR_IMAGE_STRIDE;

        l->image[i] = (SoftImage) {
            .va = PAIR(o, at + GR_IMAGE_ADDRESS_HIGH),
            .width = GR_REG(o, at + GR_IMAGE_WIDTH),
            .height = GR_REG(o, at + GR_IMAGE_HEIGHT),
            .format = GR_REG(o, at + GR_IMAGE_FORMAT),
            .tile_mode = GR_REG(o, at + GR_IMAGE_TILE_MODE),
        };
    }
}

static void fill_launch(SoftChan *chan, const Compute *c, uint32_t arg,
                        SoftLaunch *l)
{
    const SoftGrObj *o = &c->gr;
    const SoftGrObj *gr3d = gpuvm_soft_chan_object(chan, GF100_CLASS_3D);
    uint32_t grid = GR_REG(o, CP_GRIDDIM_YX);
    uint32_t block = GR_REG(o, CP_BLOCKDIM_YX);

    *l = (SoftLaunch) {
        .as = gpuvm_soft_chan_as(chan),
        .code_va = PAIR(o, GR_CODE_ADDRESS_HIGH),
        .entry = GR_REG(o, CP_START_ID),
        .grid = { CP_DIM_X(grid), CP_DIM_Y(grid),
                  GR_REG(o, CP_GRIDDIM_Z) },
        .block = { CP_DIM_X(block), CP_DIM_Y(block),
                   GR_REG(o, CP_BLOCKDIM_Z) },
        .gprs = GR_REG(o, CP_GPR_ALLOC),
        .shared_size = GR_REG(o, CP_SHARED_SIZE),
        .local_pos = GR_REG(o, CP_LOCAL_POS_ALLOC) & CP_LOCAL_MASK,
        .local_neg = GR_REG(o, CP_LOCAL_NEG_ALLOC) & CP_LOCAL_MASK,
        .shared_base = GR_REG(o, CP_SHARED_BASE),
        .local_base = GR_REG(o, GR_LOCAL_BASE),
        .launch_arg = arg,
        .grid_id = GR_REG(o, CP_GRIDID),
        .tic_va = PAIR(o, GR_TIC_ADDRESS_HIGH),
        .tsc_va = PAIR(o, GR_TSC_ADDRESS_HIGH),
        .tic_limit = GR_REG(o, GR_TIC_LIMIT),
        .tsc_limit = GR_REG(o, GR_TSC_LIMIT),
        .linked_tsc = ((GR_REG(o, GR_LINKED_TSC) |
                        GR_REG(gr3d, GR_LINKED_TSC)) & 1),
        .seamless = (GR_REG(o, GR_TEX_MISC) & CP_TEX_MISC_SEAMLESS) ||
                    (GR_REG(gr3d, GR_TEX_MISC) & GR3D_TEX_MISC_SEAMLESS),
        .done = grid_done,
        .held = grid_held,
        .opaque = chan,
    };
    memcpy(l->cb, c->cb, sizeof(l->cb));
    memcpy(l->tic, c->tic, sizeof(l->tic));
    memcpy(l->tsc, c->tsc, sizeof(l->tsc));
    fill_images(o, l);
}

static SoftStatus launch(SoftChan *chan, Compute *c, uint32_t arg)
{
    SoftLaunch l;
    SoftStatus st;

    if (!gpuvm_soft_cond_pass(chan, c->gr.regs, &st)) {
        return st;
    }
    fill_launch(chan, c, arg, &l);
    c->pool = gpuvm_soft_gpu_pool(gpuvm_soft_chan_gpu(chan));
    c->grid = gpuvm_soft_pool_launch(c->pool, &l);
    gpuvm_soft_chan_set_wait(chan, grid_abort, grid_hold, c);
    return SOFT_WAIT;
}

static SoftStatus compute_execute(SoftChan *chan, SoftGrObj *o, unsigned subc,
                                  uint32_t mthd, uint32_t data)
{
    Compute *c = (Compute *)o;

    GR_REG(o, mthd) = data;
    if (gpuvm_soft_cb_data(mthd)) {
        return gpuvm_soft_cb_write(chan, o->regs, &data, 1);
    }
    switch (mthd) {
    case GR_QUERY_GET:
        return gpuvm_soft_query_get(chan, o->regs, o->cls, data);
    case CP_LAUNCH:
        return launch(chan, c, data);
    case CP_CB_BIND:
        bind_cb(chan, c, data);
        return SOFT_OK;
    case CP_BIND_TIC:
        bind_slot(chan, c->tic, SOFT_MAX_TIC, CP_BIND_TIC_SLOT(data),
                  CP_BIND_TIC_INDEX(data), data & CP_BIND_ACTIVE);
        return SOFT_OK;
    case CP_BIND_TSC:
        bind_slot(chan, c->tsc, SOFT_MAX_TSC, CP_BIND_TSC_SLOT(data),
                  CP_BIND_TSC_INDEX(data), data & CP_BIND_ACTIVE);
        return SOFT_OK;
    default:
        if (!gpuvm_soft_methods_have(known, G_N_ELEMENTS(known), mthd)) {
            gpuvm_soft_method_unknown(chan, o->cls, mthd, data);
        }
        return SOFT_OK;
    }
}

static void *compute_create(SoftChan *chan)
{
    Compute *c = g_new0(Compute, 1);

    gpuvm_soft_gr_init(&c->gr, GF100_CLASS_COMPUTE, compute_execute);
    return c;
}

static void compute_destroy(SoftChan *chan, void *obj)
{
    g_free(obj);
}

static void compute_xfer(SoftChan *chan, void *obj, GpuvmXfer *x)
{
    Compute *c = obj;
    unsigned i;

    gpuvm_xfer_begin(x, "COMPUTE", 1);
    gpuvm_soft_gr_xfer(&c->gr, x);
    for (i = 0; i < SOFT_MAX_CB; i++) {
        gpuvm_xfer_u64(x, &c->cb[i].va);
        gpuvm_xfer_u32(x, &c->cb[i].size);
    }
    gpuvm_xfer_words(x, c->tic, SOFT_MAX_TIC);
    gpuvm_xfer_words(x, c->tsc, SOFT_MAX_TSC);
    gpuvm_xfer_end(x);
}

static void compute_xfer_wait(SoftChan *chan, void *obj, GpuvmXfer *x)
{
    Compute *c = obj;
    SoftLaunch l = {
        .as = gpuvm_soft_chan_as(chan),
        .done = grid_done,
        .held = grid_held,
        .opaque = chan,
    };

    c->pool = gpuvm_soft_gpu_pool(gpuvm_soft_chan_gpu(chan));
    gpuvm_soft_pool_xfer(c->pool, &c->grid, &l, x);
    if (x->loading && c->grid) {
        gpuvm_soft_chan_set_wait(chan, grid_abort, grid_hold, c);
    }
}

const SoftClass gpuvm_soft_class_compute = {
    .id = GF100_CLASS_COMPUTE,
    .name = "compute",
    .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR),
    .create = compute_create,
    .destroy = compute_destroy,
    .method = gpuvm_soft_gr_method,
    .bulk = gpuvm_soft_gr_bulk,
    .resume = gpuvm_soft_gr_resume,
    .xfer = compute_xfer,
    .xfer_wait = compute_xfer_wait,
};
