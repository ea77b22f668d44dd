/*
 * The macro engine (MME): small programs that a channel uploads and that turn
 * one method into many.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_MACRO_H
#define GPUVM_SOFT_MACRO_H

#include "soft/engine.h"
#include "spec/macro.h"

struct SoftGrObj;

/* Instructions one call may execute. */
#define SOFT_MACRO_BUDGET 1000000u

typedef enum SoftMacroState {
    SOFT_MACRO_IDLE,
    SOFT_MACRO_STARVED,     /* the next instruction needs a parameter */
    SOFT_MACRO_WAITING,     /* a method it sent returned SOFT_WAIT */
} SoftMacroState;

/** What the next instruction is because of the one before. */
typedef enum SoftMacroSlot {
    SOFT_MACRO_PLAIN,
    SOFT_MACRO_SLOT_BRANCH, /* delay slot; then goes to target */
    SOFT_MACRO_SLOT_EXIT,   /* delay slot; then ends */
} SoftMacroSlot;

/** SoftMacro - a channel's macro engine; the executor thread's alone. */
typedef struct SoftMacro {
    uint32_t code[MACRO_WORDS];
    uint16_t start[MACRO_COUNT];    /* word address + 1; 0: not bound */
    uint32_t upload_pos, bind_index;

    SoftMacroState state;
    struct SoftGrObj *caller;       /* where methods go to */
    unsigned subc;
    uint32_t call;                  /* the call's method */
    uint32_t reg[8];
    uint32_t pc, target, maddr, steps;
    SoftMacroSlot slot;
    bool carry;
    uint32_t param;
    bool have_param;
    bool zero_params;               /* no more will come: they read 0 */

    struct {                        /* a method that came meanwhile */
        bool valid;
        struct SoftGrObj *obj;
        unsigned subc;
        uint32_t mthd, data;
    } pending;
} SoftMacro;

/**
 * gpuvm_soft_macro_upload - the methods MACRO_UPLOAD_* and MACRO_BIND_*; false
 * if @mthd is none of them.
 */
bool gpuvm_soft_macro_upload(SoftMacro *m, uint32_t mthd, uint32_t data);

/** gpuvm_soft_macro_is_call - whether @mthd calls a macro or feeds one. */
static inline bool gpuvm_soft_macro_is_call(uint32_t mthd)
{
    return mthd >= MACRO_CALL_FIRST && mthd < MACRO_CALL_END;
}

/**
 * gpuvm_soft_macro_deliver - a method of any class, in order: a call starts a
 * macro, a parameter feeds the one that runs, any other goes to @o->execute.
 * If a macro still wants parameters when something else comes, it runs to its
 * end on zeros first.
 */
SoftStatus gpuvm_soft_macro_deliver(SoftChan *chan, SoftMacro *m,
                                    struct SoftGrObj *o, unsigned subc,
                                    uint32_t mthd, uint32_t data);
/** gpuvm_soft_macro_xfer - saves or loads code memory and a macro that is
 *  under way. */
void gpuvm_soft_macro_xfer(SoftChan *chan, SoftMacro *m, GpuvmXfer *x);
/** gpuvm_soft_macro_resume - after a SOFT_WAIT: goes on where it stood. */
SoftStatus gpuvm_soft_macro_resume(SoftChan *chan, SoftMacro *m);

#endif
