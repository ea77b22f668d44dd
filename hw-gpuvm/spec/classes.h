/*
 * GF100 object classes.  Engine ids of SET_OBJECT are GpuvmEngine's numbers
 * (gpu/gpu.h), as they are in nouveau's channel handles.
 *
 * Sources: nouveau include/nvif/class.h, nvkm/engine/gr/gf100.c (sclass list),
 * nvkm/engine/ce/gf100.c; reference nvc0-nouveau.md 5.8, 6, 7.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_CLASSES_H
#define GPUVM_SPEC_CLASSES_H

#define GF100_CLASS_GPFIFO      0x906f
#define GF100_CLASS_SW          0x906e
#define GF100_CLASS_2D          0x902d
#define GF100_CLASS_M2MF        0x9039
#define GF100_CLASS_3D          0x9097
#define GF100_CLASS_COMPUTE     0x90c0
#define GF100_CLASS_CE0         0x90b5
#define GF100_CLASS_CE1         0x90b8

#endif
