/*
 * The constant-buffer upload port of the 3D and compute classes: CB_SIZE,
 * CB_ADDRESS, CB_POS, CB_DATA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_CB_STATE_H
#define GPUVM_SOFT_CB_STATE_H

#include "soft/compute.h"
#include "soft/engine.h"

/** gpuvm_soft_cb_data - whether @mthd is one of the 16 CB_DATA. */
bool gpuvm_soft_cb_data(uint32_t mthd);
/** gpuvm_soft_cb_current - the buffer selected now, for CB_BIND. */
SoftCb gpuvm_soft_cb_current(const uint32_t *regs);
/**
 * gpuvm_soft_cb_write - @n words at ADDRESS + POS, which advances.
 * @regs: the class's shadow registers; CB_POS in it is changed
 */
SoftStatus gpuvm_soft_cb_write(SoftChan *chan, uint32_t *regs,
                               const uint32_t *data, uint32_t n);

#endif
