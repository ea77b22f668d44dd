/*
 * gpu.h's conformance on the mock GPU, and the mock's own virtual clock.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conformance.h"

#include <errno.h>

#include "gpu/mock.h"

#define SLOT_VA(slot) (CONF_VA + (slot) * 0x1000u)
#define LONG_VA       (CONF_VA + 0x400000u)

static void mock_push(ConfEnv *env, ConfKind kind, unsigned slot,
                      GpuvmPush *out)
{
    GpuvmMockPush p = { .what = GPUVM_MOCK_RUN, .ns = 10 };

    *out = (GpuvmPush) { .va = SLOT_VA(slot), .dwords = 2 };
    switch (kind) {
    case CONF_NOP:
        break;
    case CONF_ACQUIRE:
        p.what = GPUVM_MOCK_BLOCK;
        break;
    case CONF_FAULT:
        p.what = GPUVM_MOCK_FAULT;
        p.fault.kind = GPUVM_FAULT_MMU;
        p.fault.va = CONF_FAULT_VA;
        break;
    case CONF_NONSTALL:
        p.what = GPUVM_MOCK_NONSTALL;
        break;
    case CONF_SW_METHOD:
        p.what = GPUVM_MOCK_SW_METHOD;
        p.sw.subc = 7;
        p.sw.method = CONF_SW_MTHD;
        p.sw.data = slot;
        break;
    case CONF_LONG:
        out->va = LONG_VA;
        p.ns = 1000;
        break;
    }
    gpuvm_mock_script(env->gpu, out->va, &p);
}

static void mock_release(ConfEnv *env, unsigned slot)
{
    gpuvm_mock_release(env->gpu, SLOT_VA(slot));
}

static void mock_step(ConfEnv *env)
{
    gpuvm_mock_advance(env->gpu, 700);
}

const ConfTarget conf_target = {
    .gpu = "mock",
    .push = mock_push,
    .release = mock_release,
    .step = mock_step,
};

typedef struct Log {
    GpuvmGpuEvent ev[16];
    unsigned n;
} Log;

static void log_event(void *opaque, const GpuvmGpuEvent *ev)
{
    Log *l = opaque;

    if (l->n < G_N_ELEMENTS(l->ev)) {
        l->ev[l->n++] = *ev;
    }
}

/* Two channels, pushes of 300 and 200 ns: who runs when, to the nanosecond. */
static void test_clock(void)
{
    TestHost *th = test_host_new(0, 0x1000);
    GpuvmGpuConfig cfg = { .vram_size = 1 << 20 };
    g_autofree char *err = NULL;
    GpuvmGpu *gpu = gpuvm_gpu_open("mock", &cfg, &err);
    GpuvmMockPush s = { .what = GPUVM_MOCK_RUN, .ns = 300 };
    GpuvmPush a = { .va = 0x1000, .dwords = 1 }, b = { 0x2000, 1 };
    Log la = { 0 }, lb = { 0 };
    GpuvmGpuChanConfig ca = { .event = log_event, .opaque = &la };
    GpuvmGpuChanConfig cb = { .event = log_event, .opaque = &lb };
    GpuvmGpuChan *x, *y;
    GpuvmSlice slice;
    GpuvmGpuAs *as;

    CU_ASSERT_PTR_NOT_NULL_FATAL(gpu);
    gpuvm_mock_script(gpu, a.va, &s);
    gpuvm_mock_set_default_ns(gpu, 200);
    CU_ASSERT_EQUAL(gpu->ops->slice_alloc(gpu, 1 << 20, &slice, &err), 0);
    CU_ASSERT_EQUAL(gpu->ops->as_create(gpu, &slice, &th->host, &as), 0);
    CU_ASSERT_EQUAL(gpu->ops->chan_create(as, &ca, &x), 0);
    CU_ASSERT_EQUAL(gpu->ops->chan_create(as, &cb, &y), 0);
    CU_ASSERT_EQUAL(gpuvm_mock_next_ns(gpu), UINT64_MAX);
    gpuvm_mock_advance(gpu, 50);
    gpu->ops->chan_submit(x, &a, 1);
    gpu->ops->chan_submit(y, &b, 1);
    CU_ASSERT_EQUAL(gpuvm_mock_next_ns(gpu), 300);
    gpuvm_mock_advance(gpu, 100);       /* now 150 */
    CU_ASSERT_EQUAL(la.n, 1);
    CU_ASSERT_EQUAL(la.ev[0].ns, 50);
    CU_ASSERT_EQUAL(lb.n, 0);
    gpu->ops->chan_preempt(x);          /* 200 ns are left */
    CU_ASSERT_EQUAL(la.ev[1].ns, 150);
    gpuvm_mock_advance(gpu, 200);       /* now 350 */
    CU_ASSERT_EQUAL(lb.n, 2);
    CU_ASSERT_EQUAL(lb.ev[0].ns, 150);
    CU_ASSERT_EQUAL(lb.ev[1].ns, 350);
    gpuvm_mock_advance(gpu, 1000);      /* now 1350, idle */
    gpu->ops->chan_resume(x);
    gpuvm_mock_advance(gpu, 1000);
    CU_ASSERT_EQUAL(la.n, 4);
    CU_ASSERT_EQUAL(la.ev[2].ns, 1350);
    CU_ASSERT_EQUAL(la.ev[3].ns, 1550);
    CU_ASSERT_EQUAL(gpuvm_mock_now(gpu), 2350);
    CU_ASSERT_EQUAL(gpuvm_mock_busy_ns(gpu), 500);
    gpu->ops->chan_destroy(x);
    gpu->ops->chan_destroy(y);
    gpu->ops->as_destroy(as);
    gpu->ops->slice_free(gpu, &slice);
    gpu->ops->close(gpu);
    test_host_free(th);
}

/* Binds cut each other; lookups see the last one. */
static void test_lookup(void)
{
    TestHost *th = test_host_new(0x100000, 0x10000);
    GpuvmGpuConfig cfg = { .vram_size = 1 << 20 };
    g_autofree char *err = NULL;
    GpuvmGpu *gpu = gpuvm_gpu_open("mock", &cfg, &err);
    GpuvmBind binds[] = {
        { .va = 0x10000, .size = 0x8000, .addr = 0x1000 },
        { .va = 0x12000, .size = 0x1000, .addr = 0x100000,
          .target = GPUVM_TARGET_SYSRAM },
    };
    GpuvmSlice slice;
    GpuvmGpuAs *as;
    GpuvmBind b;

    CU_ASSERT_EQUAL(gpu->ops->slice_alloc(gpu, 1 << 20, &slice, &err), 0);
    CU_ASSERT_EQUAL(gpu->ops->as_create(gpu, &slice, &th->host, &as), 0);
    CU_ASSERT_EQUAL(gpu->ops->as_bind(as, binds, 2), 0);
    CU_ASSERT_EQUAL(gpuvm_mock_as_pages(as), 8);
    CU_ASSERT_TRUE(gpuvm_mock_as_lookup(as, 0x11abc, &b));
    CU_ASSERT_EQUAL(b.addr, 0x2000);
    CU_ASSERT_TRUE(gpuvm_mock_as_lookup(as, 0x12000, &b));
    CU_ASSERT_EQUAL(b.target, GPUVM_TARGET_SYSRAM);
    CU_ASSERT_TRUE(gpuvm_mock_as_lookup(as, 0x13000, &b));
    CU_ASSERT_EQUAL(b.addr, 0x4000);
    gpu->ops->as_unbind(as, 0x11000, 0x2000);
    CU_ASSERT_EQUAL(gpuvm_mock_as_pages(as), 6);
    CU_ASSERT_FALSE(gpuvm_mock_as_lookup(as, 0x12fff, &b));
    gpuvm_mock_as_set_budget(as, 6);
    binds[0].va = 0x40000;
    CU_ASSERT_EQUAL(gpu->ops->as_bind(as, binds, 1), -ENOMEM);
    gpu->ops->as_destroy(as);
    gpu->ops->slice_free(gpu, &slice);
    gpu->ops->close(gpu);
    test_host_free(th);
}

static CU_TestInfo mock_tests[] = {
    { "virtual clock", test_clock },
    { "lookup of binds", test_lookup },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "gpu.h on the mock GPU", NULL, NULL, NULL, NULL, conformance_tests },
    { "mock GPU", NULL, NULL, NULL, NULL, mock_tests },
    CU_SUITE_INFO_NULL,
};
