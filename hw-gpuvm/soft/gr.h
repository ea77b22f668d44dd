/*
 * What the classes of the graphics engine with macros share: 3D, compute, 2D.
 *
 * A method goes gpuvm_soft_gr_method() -> (macro engine | execute).  Macros
 * send methods of their own to the class they were called on, through the
 * same execute.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_GR_H
#define GPUVM_SOFT_GR_H

#include "soft/engine.h"
#include "soft/macro.h"

/* Methods 0..0x3ffc */
#define SOFT_GR_REGS 0x1000

typedef struct SoftGrObj SoftGrObj;

/** SoftGrObj - begins the object of each such class. */
struct SoftGrObj {
    uint16_t cls;
    /** execute - one method that is no macro call; @mthd < 0x4000, aligned. */
    SoftStatus (*execute)(SoftChan *chan, SoftGrObj *o, unsigned subc,
                          uint32_t mthd, uint32_t data);
    SoftMacro *macro;               /* the channel's, looked up when needed */
    uint32_t regs[SOFT_GR_REGS];    /* last value written, by method / 4 */
};

#define GR_REG(o, mthd) ((o)->regs[(mthd) / 4])

/** gpuvm_soft_gr_init - for a class's create(): sets power-on values. */
void gpuvm_soft_gr_init(SoftGrObj *o, uint16_t cls,
                        SoftStatus (*execute)(SoftChan *, SoftGrObj *,
                                              unsigned, uint32_t, uint32_t));
/**
 * gpuvm_soft_gr_macro - the channel's macro engine; it lives in the 3D object,
 * which is made if need be.
 */
SoftMacro *gpuvm_soft_gr_macro(SoftChan *chan, SoftGrObj *o);
/** gpuvm_soft_gr_method - SoftClass.method of these classes. */
SoftStatus gpuvm_soft_gr_method(SoftChan *chan, void *obj, unsigned subc,
                                uint32_t mthd, uint32_t data, uint32_t left);
/** gpuvm_soft_gr_bulk - SoftClass.bulk: CB_DATA, of 3D and compute. */
uint32_t gpuvm_soft_gr_bulk(SoftChan *chan, void *obj, uint32_t mthd,
                            const uint32_t *data, uint32_t n, SoftStatus *st);
/** gpuvm_soft_gr_resume - SoftClass.resume: goes on with a macro. */
SoftStatus gpuvm_soft_gr_resume(SoftChan *chan, void *obj);

/** gpuvm_soft_gr_xfer - saves or loads the register file. */
void gpuvm_soft_gr_xfer(SoftGrObj *o, GpuvmXfer *x);

/** gpuvm_soft_gr3d_macro - the macro engine inside a 3D object. */
SoftMacro *gpuvm_soft_gr3d_macro(void *obj);

/** gpuvm_soft_clear - CLEAR_BUFFERS of the 3D class (clear.c). */
SoftStatus gpuvm_soft_clear(SoftChan *chan, SoftGrObj *o, uint32_t what);
/** gpuvm_soft_blit - BLIT of the 2D class (blit.c). */
SoftStatus gpuvm_soft_blit(SoftChan *chan, SoftGrObj *o);

#endif
