/*
 * gpu.h's conformance on the software GPU, with real pushbuffers; and what is
 * special to it: channels that wait for a compute grid, options of open.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conformance.h"

#include <unistd.h>
#include <errno.h>
#include <string.h>

#include "soft/soft.h"
#include "spec/classes.h"
#include "spec/compute_methods.h"
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

/* A GPU with one channel that launches grids of one CTA. */
typedef struct Grid {
    TestHost *th;
    SoftBench b;
    const GpuvmGpuOps *ops;
    GpuvmGpuChan *chan;
    _Atomic unsigned starts, stops, faults;
    _Atomic int last_stop;
    GpuvmFault fault;
    GpuvmPush push;
    bool joined;                /* bench and host are another one's */
} Grid;

#define CODE_OFFSET 0x10000
#define MARK_OFFSET 0x20000     /* the push writes 1 here after its grid */

static void grid_event(void *opaque, const GpuvmGpuEvent *ev)
{
    Grid *g = opaque;

    if (ev->type == GPUVM_EV_STARTED) {
        g->starts++;
    } else if (ev->type == GPUVM_EV_FAULT) {
        g->fault = ev->fault;
        g->faults++;
    } else if (ev->type == GPUVM_EV_STOPPED) {
        g->last_stop = ev->stop;
        g->stops++;
    }
}

static bool grid_stopped(void *arg)
{
    return ((Grid *)arg)->stops > 0;
}

static bool grid_aborted(void *arg)
{
    return ((Grid *)arg)->last_stop == GPUVM_STOP_ABORTED;
}

static bool grid_started(void *arg)
{
    return ((Grid *)arg)->starts > 0;
}

static const GpuvmGpuChanConfig *grid_config(Grid *g)
{
    static GpuvmGpuChanConfig cfg;

    cfg = (GpuvmGpuChanConfig) {
        .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR),
        .event = grid_event,
        .opaque = g,
    };
    return &cfg;
}

/* One more channel of @on's GPU, with the same push. */
static void grid_join(Grid *g, Grid *on)
{
    memset(g, 0, sizeof(*g));
    g->joined = true;
    g->ops = on->ops;
    g->b = on->b;
    g->push = on->push;
    CU_ASSERT_EQUAL_FATAL(g->ops->chan_create(g->b.as, grid_config(g),
                                              &g->chan), 0);
    CU_ASSERT_EQUAL(g->ops->chan_submit(g->chan, &g->push, 1), 0);
}

static void grid_code(Grid *g, uint32_t lo, uint32_t hi)
{
    uint32_t *code = (uint32_t *)((uint8_t *)g->b.slice.map + CODE_OFFSET);

    code[0] = lo;
    code[1] = hi;
}

/* Submits a launch of the kernel { @lo, @hi }, then a release. */
static void grid_open(Grid *g, uint32_t lo, uint32_t hi, uint64_t code_va)
{
    static const struct {
        uint16_t mthd;
        uint32_t data;
    } set[] = {
        { NV906F_SET_OBJECT, GF100_CLASS_COMPUTE },
        { CP_START_ID, 0 }, { CP_GPR_ALLOC, 4 }, { CP_BLOCKDIM_YX, 0x10020 },
        { CP_BLOCKDIM_Z, 1 }, { CP_GRIDDIM_YX, 0x10001 }, { CP_GRIDDIM_Z, 1 },
    };
    unsigned n = 0, i;
    uint32_t *w;

    memset(g, 0, sizeof(*g));
    g->th = test_host_new(CONF_RAM, CONF_RAM_SIZE);
    CU_ASSERT_EQUAL_FATAL(gpuvm_soft_bench_open(&g->b, &g->th->host, 1 << 20,
                                                2), 0);
    g->ops = g->b.gpu->ops;
    w = g->b.slice.map;
    grid_code(g, lo, hi);
    for (i = 0; i < G_N_ELEMENTS(set); i++) {
        w[n++] = nvc0_pb_header(NVC0_PB_TYPE_INCR, 1, set[i].mthd, 1);
        w[n++] = set[i].data;
    }
    code_va = code_va ? code_va : g->b.va + CODE_OFFSET;
    w[n++] = nvc0_pb_header(NVC0_PB_TYPE_INCR, 1, GR_CODE_ADDRESS_HIGH, 2);
    w[n++] = code_va >> 32;
    w[n++] = (uint32_t)code_va;
    w[n++] = nvc0_pb_header(NVC0_PB_TYPE_IMMEDIATE, 1, CP_LAUNCH, 0x1000);
    w[n++] = nvc0_pb_header(NVC0_PB_TYPE_INCR, 1,
                            NV906F_SEMAPHORE_ADDRESS_HIGH, 4);
    w[n++] = 0;
    w[n++] = g->b.va + MARK_OFFSET;
    w[n++] = 1;
    w[n++] = NV906F_SEMAPHORE_RELEASE;
    g->push = (GpuvmPush) { .va = g->b.va, .dwords = n };
    CU_ASSERT_EQUAL_FATAL(g->ops->chan_create(g->b.as, grid_config(g),
                                              &g->chan), 0);
    CU_ASSERT_EQUAL(g->ops->chan_submit(g->chan, &g->push, 1), 0);
}

static uint32_t grid_mark(Grid *g)
{
    uint8_t *p = (uint8_t *)g->b.slice.map + MARK_OFFSET;

    return __atomic_load_n((uint32_t *)p, __ATOMIC_ACQUIRE);
}

static void grid_close(Grid *g)
{
    unsigned stops;

    if (g->chan) {
        g->ops->chan_destroy(g->chan);
    }
    stops = g->stops;
    g_usleep(2000);
    CU_ASSERT_EQUAL(g->stops, stops);
    if (!g->joined) {
        gpuvm_soft_bench_close(&g->b);
        test_host_free(g->th);
    }
}

#define KERNEL_EXIT     0x00001de7, 0x80000000
#define KERNEL_FOREVER  0xe0001de7, 0x4003ffff      /* bra to itself */

static void test_grid_done(void)
{
    Grid g;

    grid_open(&g, KERNEL_EXIT, 0);
    CU_ASSERT_TRUE(test_wait(grid_stopped, &g, 5000));
    CU_ASSERT_EQUAL(g.last_stop, GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(g.starts, 1);
    CU_ASSERT_EQUAL(g.stops, 1);
    CU_ASSERT_EQUAL(grid_mark(&g), 1);
    CU_ASSERT_EQUAL(gpuvm_counter(&g.th->host.counters, GPUVM_CNT_CTAS), 1);
    grid_close(&g);
}

static void test_grid_abort(void)
{
    Grid g;

    grid_open(&g, KERNEL_FOREVER, 0);
    CU_ASSERT_TRUE(test_wait(grid_started, &g, 5000));
    g_usleep(20000);
    CU_ASSERT_EQUAL(g.stops, 0);
    g.ops->chan_abort(g.chan);
    CU_ASSERT_TRUE(test_wait(grid_stopped, &g, 5000));
    CU_ASSERT_EQUAL(g.last_stop, GPUVM_STOP_ABORTED);
    CU_ASSERT_EQUAL(g.faults, 0);
    CU_ASSERT_EQUAL(grid_mark(&g), 0);
    grid_close(&g);
}

/* The grid never ends; flushes and destroy() get through all the same. */
static void test_grid_destroy(void)
{
    Grid g;

    grid_open(&g, KERNEL_FOREVER, 0);
    CU_ASSERT_TRUE(test_wait(grid_started, &g, 5000));
    g_usleep(5000);
    g.ops->as_unbind(g.b.as, g.b.va + 0x80000, 0x1000);
    g.ops->as_flush(g.b.as);
    g.ops->chan_destroy(g.chan);
    g.chan = NULL;
    CU_ASSERT_EQUAL(grid_mark(&g), 0);
    grid_close(&g);
}

/* preempt() parks an endless grid, resume() goes on with it; both at once
 * with abort() end it. */
static void test_grid_preempt(void)
{
    unsigned i;
    Grid g;

    grid_open(&g, KERNEL_FOREVER, 0);
    CU_ASSERT_TRUE(test_wait(grid_started, &g, 5000));
    for (i = 1; i <= 3; i++) {
        g_usleep(5000);
        g.ops->chan_preempt(g.chan);
        CU_ASSERT_EQUAL(g.stops, i);
        CU_ASSERT_EQUAL(g.last_stop, GPUVM_STOP_PREEMPTED);
        g.ops->chan_resume(g.chan);
    }
    g_usleep(5000);
    g.ops->chan_preempt(g.chan);
    g.ops->chan_abort(g.chan);
    CU_ASSERT_TRUE(test_wait(grid_aborted, &g, 5000));
    CU_ASSERT_EQUAL(grid_mark(&g), 0);
    grid_close(&g);
}

/* However many channels are held with endless grids, another one's runs. */
static void test_grid_held_many(void)
{
    Grid g[8], last;
    unsigned i;

    grid_open(&g[0], KERNEL_FOREVER, 0);
    for (i = 0; i < G_N_ELEMENTS(g); i++) {
        if (i) {
            grid_join(&g[i], &g[0]);
        }
        CU_ASSERT_TRUE(test_wait(grid_started, &g[i], 5000));
        g_usleep(5000);
        g[i].ops->chan_preempt(g[i].chan);
        CU_ASSERT_EQUAL(g[i].last_stop, GPUVM_STOP_PREEMPTED);
    }
    CU_ASSERT_EQUAL(gpuvm_counter(&g[0].th->host.counters, GPUVM_CNT_LAUNCHES),
                    G_N_ELEMENTS(g));
    grid_code(&g[0], KERNEL_EXIT);
    grid_join(&last, &g[0]);
    CU_ASSERT_TRUE(test_wait(grid_stopped, &last, 5000));
    CU_ASSERT_EQUAL(last.last_stop, GPUVM_STOP_DONE);
    CU_ASSERT_EQUAL(grid_mark(&g[0]), 1);
    grid_close(&last);
    for (i = G_N_ELEMENTS(g); i-- > 0; ) {
        grid_close(&g[i]);
    }
}

static void test_grid_fault(void)
{
    Grid g;

    grid_open(&g, KERNEL_EXIT, CONF_FAULT_VA);
    CU_ASSERT_TRUE(test_wait(grid_stopped, &g, 5000));
    CU_ASSERT_EQUAL(g.last_stop, GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(g.faults, 1);
    CU_ASSERT_EQUAL(g.fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(g.fault.va, CONF_FAULT_VA);
    CU_ASSERT_EQUAL(grid_mark(&g), 0);
    grid_close(&g);
}

static void test_options(void)
{
    GpuvmGpuConfig cfg = { .vram_size = 1 << 20, .threads = 1, .mps = 14 };
    g_autofree char *err = NULL;
    GpuvmGpuInfo info;
    GpuvmGpu *gpu = gpuvm_gpu_open("soft", &cfg, &err);

    CU_ASSERT_PTR_NOT_NULL_FATAL(gpu);
    gpu->ops->info(gpu, &info);
    CU_ASSERT_EQUAL(info.mps, 14);
    CU_ASSERT_EQUAL(info.classes[0], GF100_CLASS_3D);
    CU_ASSERT_EQUAL(info.classes[6], 0);
    gpu->ops->close(gpu);
    cfg.mps = 17;
    CU_ASSERT_PTR_NULL(gpuvm_gpu_open("soft", &cfg, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "16"));
    g_clear_pointer(&err, g_free);
    cfg.mps = 0;
    cfg.vram_size = 12345;
    CU_ASSERT_PTR_NULL(gpuvm_gpu_open("soft", &cfg, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "MiB"));
    g_clear_pointer(&err, g_free);
    cfg.vram_size = 1 << 20;
    cfg.share = "no/name";
    CU_ASSERT_PTR_NULL(gpuvm_gpu_open("soft", &cfg, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "share=no/name"));
}

/* Two GPUs of one arena: one VRAM. */
static void test_share(void)
{
    g_autofree char *name = g_strdup_printf("/dev/shm/gpuvm-soft-%d",
                                            (int)getpid());
    GpuvmGpuConfig cfg = { .vram_size = 8 << 20, .threads = 1,
                           .share = name };
    GpuvmGpu *a, *b;
    char *err = NULL;
    GpuvmSlice s, t;

    a = gpuvm_gpu_open("soft", &cfg, &err);
    b = gpuvm_gpu_open("soft", &cfg, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    CU_ASSERT_PTR_NOT_NULL(a->ops->arena(a));
    CU_ASSERT_EQUAL(a->ops->slice_alloc(a, 6 << 20, &s, &err), 0);
    CU_ASSERT_EQUAL(b->ops->slice_alloc(b, 3 << 20, &t, &err), -ENOSPC);
    g_clear_pointer(&err, g_free);
    CU_ASSERT_EQUAL(b->ops->slice_alloc(b, 2 << 20, &t, &err), 0);
    CU_ASSERT_EQUAL(t.base, 6 << 20);
    a->ops->slice_free(a, &s);
    b->ops->slice_free(b, &t);
    a->ops->close(a);
    b->ops->close(b);
    CU_ASSERT_NOT_EQUAL(access(name, F_OK), 0);
    cfg.share = NULL;
    a = gpuvm_gpu_open("soft", &cfg, &err);
    CU_ASSERT_PTR_NULL(a->ops->arena(a));
    a->ops->close(a);
}

static CU_TestInfo soft_tests[] = {
    { "options", test_options },
    { "an arena", test_share },
    { "grid", test_grid_done },
    { "abort of an endless grid", test_grid_abort },
    { "flush and destroy during an endless grid", test_grid_destroy },
    { "preempt parks an endless grid", test_grid_preempt },
    { "held grids leave room", test_grid_held_many },
    { "grid faults", test_grid_fault },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "gpu.h on the software GPU", NULL, NULL, NULL, NULL,
      conformance_tests },
    { "software GPU", NULL, NULL, NULL, NULL, soft_tests },
    CU_SUITE_INFO_NULL,
};
