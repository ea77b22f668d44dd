/*
 * gpu.h's conformance on the software GPU, with real pushbuffers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conformance.h"

#include "spec/host_methods.h"
#include "spec/pushbuf.h"

#define SLOT_SIZE  0x1000
#define SEM_OFFSET 0x800            /* in a slot: its semaphore */
#define LONG_OFFSET 0x400000        /* zeros, i.e. NOPs */
#define LONG_DWORDS 0x100000

static void soft_push(ConfEnv *env, ConfKind kind, unsigned slot,
                      GpuvmPush *out)
{
    uint32_t *w = (uint32_t *)((uint8_t *)env->slice.map + slot * SLOT_SIZE);
    uint64_t va = CONF_VA + slot * SLOT_SIZE;
    uint64_t sem = kind == CONF_FAULT ? CONF_FAULT_VA : va + SEM_OFFSET;
    uint32_t op = kind == CONF_FAULT ? NV906F_SEMAPHORE_RELEASE :
                                       NV906F_SEMAPHORE_ACQUIRE_EQ;
    unsigned n = 0;

    switch (kind) {
    case CONF_NOP:
        w[n++] = NVC0_PB_NOP;
        w[n++] = NVC0_PB_NOP;
        break;
    case CONF_ACQUIRE:
    case CONF_FAULT:
        w[n++] = nvc0_pb_header(NVC0_PB_TYPE_INCR, 0,
                                NV906F_SEMAPHORE_ADDRESS_HIGH, 4);
        w[n++] = sem >> 32;
        w[n++] = (uint32_t)sem;
        w[n++] = 1;
        w[n++] = op;
        break;
    case CONF_NONSTALL:
        w[n++] = nvc0_pb_header(NVC0_PB_TYPE_IMMEDIATE, 0,
                                NV906F_NON_STALL_INTERRUPT, 0);
        break;
    case CONF_SW_METHOD:
        w[n++] = nvc0_pb_header(NVC0_PB_TYPE_INCR, 7, CONF_SW_MTHD, 1);
        w[n++] = slot;
        break;
    case CONF_LONG:
        va = CONF_VA + LONG_OFFSET;
        n = LONG_DWORDS;
        break;
    }
    *out = (GpuvmPush) { .va = va, .dwords = n };
}

static void soft_release(ConfEnv *env, unsigned slot)
{
    uint8_t *p = (uint8_t *)env->slice.map + slot * SLOT_SIZE + SEM_OFFSET;

    __atomic_store_n((uint32_t *)p, 1, __ATOMIC_RELEASE);
}

static void soft_step(ConfEnv *env)
{
    g_usleep(100);
}

const ConfTarget conf_target = {
    .gpu = "soft",
    .push = soft_push,
    .release = soft_release,
    .step = soft_step,
};

CU_SuiteInfo unit_suites[] = {
    { "gpu.h on the software GPU", NULL, NULL, NULL, NULL,
      conformance_tests },
    CU_SUITE_INFO_NULL,
};
