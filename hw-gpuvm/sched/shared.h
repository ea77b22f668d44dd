/*
 * The scheduler of several processes, see shared.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SCHED_SHARED_H
#define GPUVM_SCHED_SHARED_H

#include "arena/arena.h"
#include "sched/sched.h"

/**
 * gpuvm_sched_shared - the scheduler that lives in @a, made with @policy by
 * the first who comes.  NULL with a sentence in @err if the others have
 * another layout.  @a may be closed before or after gpuvm_sched_free(), once
 * every VM has left.
 */
GpuvmSched *gpuvm_sched_shared(GpuvmArena *a, GpuvmCorePolicyId policy,
                               char **err);

#endif
