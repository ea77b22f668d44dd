/*
 * The macro engine's state, saved and loaded: code memory, and the macro that
 * waits for a parameter or for work that it started.
 *
 * Classes are named by their id; a macro counter that points outside of code
 * memory is the interpreter's to find.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/gr.h"
#include "spec/classes.h"
#include "spec/pushbuf.h"

/* A class that macros can be called on, or NULL. */
static void xfer_class(SoftChan *chan, SoftGrObj **o, GpuvmXfer *x)
{
    uint16_t cls = *o && !x->loading ? (*o)->cls : 0;

    gpuvm_xfer_u16(x, &cls);
    if (!x->loading) {
        return;
    }
    *o = NULL;
    switch (cls) {
    case 0:
        break;
    case GF100_CLASS_3D:
    case GF100_CLASS_COMPUTE:
    case GF100_CLASS_2D:
        *o = gpuvm_soft_chan_object(chan, cls);
        break;
    default:
        gpuvm_xfer_fail(x, "a macro was called on class 0x%04x", cls);
    }
}

static void xfer_subc(unsigned *subc, GpuvmXfer *x)
{
    *subc = gpuvm_xfer_max(x, "subchannel", *subc, NVC0_PB_SUBCHANNELS - 1);
}

static void xfer_pending(SoftChan *chan, SoftMacro *m, GpuvmXfer *x)
{
    gpuvm_xfer_bool(x, &m->pending.valid);
    xfer_class(chan, &m->pending.obj, x);
    xfer_subc(&m->pending.subc, x);
    m->pending.mthd = gpuvm_xfer_max(x, "method", m->pending.mthd,
                                     SOFT_GR_REGS * 4 - 4) & ~3u;
    gpuvm_xfer_u32(x, &m->pending.data);
    if (m->pending.valid && !m->pending.obj) {
        gpuvm_xfer_fail(x, "a method waits that has no class");
    }
}

void gpuvm_soft_macro_xfer(SoftChan *chan, SoftMacro *m, GpuvmXfer *x)
{
    unsigned i;

    gpuvm_xfer_begin(x, "MACRO", 1);
    gpuvm_xfer_words(x, m->code, MACRO_WORDS);
    for (i = 0; i < MACRO_COUNT; i++) {
        m->start[i] = gpuvm_xfer_max(x, "macro start", m->start[i],
                                     MACRO_WORDS);
    }
    gpuvm_xfer_u32(x, &m->upload_pos);
    gpuvm_xfer_u32(x, &m->bind_index);
    GPUVM_XFER_CODE(x, "macro state", m->state, SOFT_MACRO_WAITING);
    xfer_class(chan, &m->caller, x);
    xfer_subc(&m->subc, x);
    gpuvm_xfer_u32(x, &m->call);
    gpuvm_xfer_words(x, m->reg, G_N_ELEMENTS(m->reg));
    m->reg[0] = 0;
    gpuvm_xfer_u32(x, &m->pc);
    gpuvm_xfer_u32(x, &m->target);
    gpuvm_xfer_u32(x, &m->maddr);
    gpuvm_xfer_u32(x, &m->steps);
    GPUVM_XFER_CODE(x, "macro slot", m->slot, SOFT_MACRO_SLOT_EXIT);
    gpuvm_xfer_bool(x, &m->carry);
    gpuvm_xfer_u32(x, &m->param);
    gpuvm_xfer_bool(x, &m->have_param);
    gpuvm_xfer_bool(x, &m->zero_params);
    xfer_pending(chan, m, x);
    if (m->state != SOFT_MACRO_IDLE && !m->caller) {
        gpuvm_xfer_fail(x, "a macro is under way that nobody called");
    }
    gpuvm_xfer_end(x);
}
