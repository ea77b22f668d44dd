/*
 * The engine classes that classes.c lists, each defined in the file of its
 * engine.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_ENGINE_CLASSES_H
#define GPUVM_SOFT_ENGINE_CLASSES_H

#include "soft/engine.h"

extern const SoftClass gpuvm_soft_class_m2mf;       /* 0x9039 */
extern const SoftClass gpuvm_soft_class_2d;         /* 0x902d */
extern const SoftClass gpuvm_soft_class_3d;         /* 0x9097 */
extern const SoftClass gpuvm_soft_class_compute;    /* 0x90c0 */
extern const SoftClass gpuvm_soft_class_ce0;        /* 0x90b5 */
extern const SoftClass gpuvm_soft_class_ce1;        /* 0x90b8 */

#endif
