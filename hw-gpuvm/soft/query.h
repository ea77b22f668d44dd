/*
 * Reports: what an engine writes to memory to say that it is done, or when.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_QUERY_H
#define GPUVM_SOFT_QUERY_H

#include "soft/engine.h"

/**
 * gpuvm_soft_report_short - the 32-bit @payload at @va.  All earlier work of
 * the channel is visible to whoever reads it.
 */
SoftStatus gpuvm_soft_report_short(SoftChan *chan, GpuvmEngine engine,
                                   uint64_t va, uint32_t payload);
/**
 * gpuvm_soft_report_long - 16 bytes: u32 @payload, u32 @result, u64 PTIMER in
 * nanoseconds; the payload is written last.
 */
SoftStatus gpuvm_soft_report_long(SoftChan *chan, GpuvmEngine engine,
                                  uint64_t va, uint32_t payload,
                                  uint32_t result);
/** gpuvm_soft_report_counter - 16 bytes: u64 @counter, u64 PTIMER. */
SoftStatus gpuvm_soft_report_counter(SoftChan *chan, GpuvmEngine engine,
                                     uint64_t va, uint64_t counter);

/**
 * gpuvm_soft_query_get - QUERY_GET of the 3D and compute classes.
 * @regs: the class's shadow registers, by method / 4
 */
SoftStatus gpuvm_soft_query_get(SoftChan *chan, const uint32_t *regs,
                                uint16_t cls, uint32_t get);

/**
 * gpuvm_soft_cond_pass - COND_MODE: whether conditional work is to be done.
 * Sets @st to SOFT_FAULT if the reports cannot be read (the result is false).
 */
bool gpuvm_soft_cond_pass(SoftChan *chan, const uint32_t *regs,
                          SoftStatus *st);

#endif
