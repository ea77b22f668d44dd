/*
 * The conformance cases of gpu/gpu.h, run on every GPU that has no hardware.
 *
 * A target says how to make pushes that do certain things on its GPU, and how
 * to let a little time pass.  The cases themselves know gpu.h only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_CONFORMANCE_H
#define GPUVM_TESTS_CONFORMANCE_H

#include "gpu/gpu.h"
#include "harness.h"

#define CONF_VRAM   (UINT64_C(32) << 20)
#define CONF_SLICE  (UINT64_C(16) << 20)
#define CONF_RAM    0x40000000u         /* guest-physical base of RAM */
#define CONF_RAM_SIZE 0x100000u
#define CONF_VA     0x200000u           /* the slice is bound here */

typedef struct ConfEnv ConfEnv;

typedef enum ConfKind {
    CONF_NOP,           /* some dwords that do nothing */
    CONF_ACQUIRE,       /* blocks until release() of the same slot */
    CONF_FAULT,         /* an MMU fault at CONF_FAULT_VA */
    CONF_NONSTALL,
    CONF_SW_METHOD,     /* subchannel 7, method CONF_SW_MTHD = slot */
    CONF_LONG,          /* takes long enough to be interfered with */
} ConfKind;

#define CONF_FAULT_VA   UINT64_C(0x7000000000)
#define CONF_SW_MTHD    0x644

typedef struct ConfTarget {
    const char *gpu;
    void (*push)(ConfEnv *env, ConfKind kind, unsigned slot, GpuvmPush *out);
    void (*release)(ConfEnv *env, unsigned slot);
    void (*step)(ConfEnv *env);         /* some time passes */
} ConfTarget;

struct ConfEnv {
    const ConfTarget *target;
    TestHost *th;
    GpuvmGpu *gpu;
    const GpuvmGpuOps *ops;
    GpuvmSlice slice;
    GpuvmGpuAs *as;
};

/** conf_target - the test program's. */
extern const ConfTarget conf_target;
extern CU_TestInfo conformance_tests[];

#endif
