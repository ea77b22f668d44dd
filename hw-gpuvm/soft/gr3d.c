/*
 * The 3D class, 0x9097.
 *
 * Every method is stored in the register file, where macros read it back; a
 * few act: uploads of macros and constants, reports, clears.  Draws are
 * counted and skipped: the model computes, it does not rasterise.
 *
 * Methods that the class does not have are counted as unknown, and stored all
 * the same.
 *
 * Sources: spec/gr3d_methods.h, spec/compute_methods.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "soft/cb_state.h"
#include "soft/engine_classes.h"
#include "soft/gr.h"
#include "soft/methods.h"
#include "soft/query.h"
#include "spec/classes.h"
#include "spec/compute_methods.h"
#include "spec/gr3d_methods.h"

typedef struct Gr3d {
    SoftGrObj gr;
    SoftMacro macro;
    bool draw_logged;
} Gr3d;

static const SoftMethods known[] = { GR3D_KNOWN };

SoftMacro *gpuvm_soft_gr3d_macro(void *obj)
{
    return &((Gr3d *)obj)->macro;
}

static void skip_draw(SoftChan *chan, Gr3d *g)
{
    GpuvmHost *host = gpuvm_soft_chan_host(chan);

    gpuvm_count(&host->counters, GPUVM_CNT_DRAWS_SKIPPED);
    if (!g->draw_logged) {
        g->draw_logged = true;
        gpuvm_log(host, GPUVM_LOG_INFO,
                  "soft GPU: a channel draws; draw calls are skipped");
    }
}

static SoftStatus gr3d_execute(SoftChan *chan, SoftGrObj *o, unsigned subc,
                               uint32_t mthd, uint32_t data)
{
    GR_REG(o, mthd) = data;
    if (gpuvm_soft_cb_data(mthd)) {
        return gpuvm_soft_cb_write(chan, o->regs, &data, 1);
    }
    switch (mthd) {
    case GR_QUERY_GET:
        return gpuvm_soft_query_get(chan, o->regs, o->cls, data);
    case GR3D_CLEAR_BUFFERS:
        return gpuvm_soft_clear(chan, o, data);
    case GR3D_VERTEX_BEGIN_GL:
        skip_draw(chan, (Gr3d *)o);
        return SOFT_OK;
    default:
        break;
    }
    if (!gpuvm_soft_macro_upload(&((Gr3d *)o)->macro, mthd, data) &&
        !gpuvm_soft_methods_have(known, G_N_ELEMENTS(known), mthd)) {
        gpuvm_soft_method_unknown(chan, o->cls, mthd, data);
    }
    return SOFT_OK;
}

static void *gr3d_create(SoftChan *chan)
{
    Gr3d *g = g_new0(Gr3d, 1);

    gpuvm_soft_gr_init(&g->gr, GF100_CLASS_3D, gr3d_execute);
    return g;
}

static void gr3d_destroy(SoftChan *chan, void *obj)
{
    g_free(obj);
}

static void gr3d_xfer(SoftChan *chan, void *obj, GpuvmXfer *x)
{
    Gr3d *g = obj;

    gpuvm_xfer_begin(x, "3D", 1);
    gpuvm_soft_gr_xfer(&g->gr, x);
    gpuvm_soft_macro_xfer(chan, &g->macro, x);
    gpuvm_xfer_end(x);
}

const SoftClass gpuvm_soft_class_3d = {
    .id = GF100_CLASS_3D,
    .name = "3d",
    .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR),
    .create = gr3d_create,
    .destroy = gr3d_destroy,
    .method = gpuvm_soft_gr_method,
    .bulk = gpuvm_soft_gr_bulk,
    .resume = gpuvm_soft_gr_resume,
    .xfer = gr3d_xfer,
};
