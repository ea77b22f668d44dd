/*
 * The 2D class, 0x902d: methods are stored, blits performed (blit.c).
 *
 * Mesa converts formats with it, of textures that an application uploads in
 * another format than they have.  Drawing and uploads through the class, which
 * Mesa does not use on this chip, are counted and skipped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "soft/engine_classes.h"
#include "soft/gr.h"
#include "soft/methods.h"
#include "spec/classes.h"
#include "spec/twod_methods.h"

typedef struct Twod {
    SoftGrObj gr;
    bool logged;
} Twod;

static const SoftMethods known[] = { TWOD_KNOWN };

/* Whether writing @mthd starts an operation that is skipped. */
static bool launches(uint32_t mthd)
{
    return mthd == TWOD_SIFC_DST_Y_INT ||
           mthd == TWOD_DRAW_POINT16 ||
           (mthd >= TWOD_DRAW_POINT32_FIRST && mthd < TWOD_DRAW_POINT32_END &&
            (mthd & 4));
}

static void skip(SoftChan *chan, Twod *t)
{
    GpuvmHost *host = gpuvm_soft_chan_host(chan);

    gpuvm_count(&host->counters, GPUVM_CNT_BLITS_SKIPPED);
    if (!t->logged) {
        t->logged = true;
        gpuvm_log(host, GPUVM_LOG_INFO, "soft GPU: a channel draws with the "
                  "2D class; that is skipped");
    }
}

static SoftStatus twod_execute(SoftChan *chan, SoftGrObj *o, unsigned subc,
                               uint32_t mthd, uint32_t data)
{
    GR_REG(o, mthd) = data;
    if (mthd == TWOD_BLIT_SRC_Y_INT) {
        return gpuvm_soft_blit(chan, o);
    }
    if (launches(mthd)) {
        skip(chan, (Twod *)o);
    } else if (!gpuvm_soft_methods_have(known, G_N_ELEMENTS(known), mthd)) {
        gpuvm_soft_method_unknown(chan, o->cls, mthd, data);
    }
    return SOFT_OK;
}

static void *twod_create(SoftChan *chan)
{
    Twod *t = g_new0(Twod, 1);

    gpuvm_soft_gr_init(&t->gr, GF100_CLASS_2D, twod_execute);
    return t;
}

static void twod_destroy(SoftChan *chan, void *obj)
{
    g_free(obj);
}

static void twod_xfer(SoftChan *chan, void *obj, GpuvmXfer *x)
{
    Twod *t = obj;

    gpuvm_xfer_begin(x, "2D", 1);
    gpuvm_soft_gr_xfer(&t->gr, x);
    gpuvm_xfer_end(x);
}

const SoftClass gpuvm_soft_class_2d = {
    .id = GF100_CLASS_2D,
    .name = "2d",
    .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR),
    .create = twod_create,
    .destroy = twod_destroy,
    .method = gpuvm_soft_gr_method,
    .resume = gpuvm_soft_gr_resume,
    .xfer = twod_xfer,
};
