/*
 * The scheduler of one process, see local.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SCHED_LOCAL_H
#define GPUVM_SCHED_LOCAL_H

#include "sched/sched.h"

/** gpuvm_sched_local - a scheduler on a back end of this process alone. */
GpuvmSched *gpuvm_sched_local(GpuvmCorePolicyId policy);

#endif
