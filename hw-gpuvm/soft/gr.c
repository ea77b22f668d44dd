/*
 * The common path of methods to the 3D, compute and 2D classes.
 *
 * While no macro runs, which is nearly always, a method that is no macro call
 * goes straight to its class.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/gr.h"

#include "soft/cb_state.h"
#include "spec/classes.h"
#include "spec/compute_methods.h"

void gpuvm_soft_gr_init(SoftGrObj *o, uint16_t cls,
                        SoftStatus (*execute)(SoftChan *, SoftGrObj *,
                                              unsigned, uint32_t, uint32_t))
{
    o->cls = cls;
    o->execute = execute;
    GR_REG(o, GR_COND_MODE) = GR_COND_ALWAYS;
}

SoftMacro *gpuvm_soft_gr_macro(SoftChan *chan, SoftGrObj *o)
{
    if (!o->macro) {
        void *gr3d = o->cls == GF100_CLASS_3D ? o :
                     gpuvm_soft_chan_object(chan, GF100_CLASS_3D);

        o->macro = gpuvm_soft_gr3d_macro(gr3d);
    }
    return o->macro;
}

SoftStatus gpuvm_soft_gr_method(SoftChan *chan, void *obj, unsigned subc,
                                uint32_t mthd, uint32_t data, uint32_t left)
{
    SoftGrObj *o = obj;
    SoftMacro *m = gpuvm_soft_gr_macro(chan, o);

    if ((mthd & 3) || mthd / 4 >= SOFT_GR_REGS) {
        gpuvm_soft_method_unknown(chan, o->cls, mthd, data);
        return SOFT_OK;
    }
    if (m->state != SOFT_MACRO_IDLE || gpuvm_soft_macro_is_call(mthd)) {
        return gpuvm_soft_macro_deliver(chan, m, o, subc, mthd, data);
    }
    return o->execute(chan, o, subc, mthd, data);
}

uint32_t gpuvm_soft_gr_bulk(SoftChan *chan, void *obj, uint32_t mthd,
                            const uint32_t *data, uint32_t n, SoftStatus *st)
{
    SoftGrObj *o = obj;

    if (!gpuvm_soft_cb_data(mthd) ||
        gpuvm_soft_gr_macro(chan, o)->state != SOFT_MACRO_IDLE) {
        return 0;
    }
    *st = gpuvm_soft_cb_write(chan, o->regs, data, n);
    return n;
}

SoftStatus gpuvm_soft_gr_resume(SoftChan *chan, void *obj)
{
    return gpuvm_soft_macro_resume(chan, gpuvm_soft_gr_macro(chan, obj));
}

void gpuvm_soft_gr_xfer(SoftGrObj *o, GpuvmXfer *x)
{
    gpuvm_xfer_words(x, o->regs, SOFT_GR_REGS);
}
