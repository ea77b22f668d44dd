/*
 * The conformance cases of gpu/gpu.h; see conformance.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conformance.h"

#include <errno.h>
#include <string.h>

#define QUEUE      1024     /* gpu.h, chan_submit() */
#define LONG_COUNT 900
#define PATIENCE   20000    /* steps until something must have happened */

/* A channel and what it said. */
typedef struct Chan {
    ConfEnv *env;
    GpuvmGpuChan *chan;
    GMutex lock;
    GArray *events;         /* GpuvmGpuEvent */
    bool abort_on_start;
} Chan;

static void on_event(void *opaque, const GpuvmGpuEvent *ev)
{
    Chan *c = opaque;

    g_mutex_lock(&c->lock);
    g_array_append_vals(c->events, ev, 1);
    g_mutex_unlock(&c->lock);
    if (c->abort_on_start && ev->type == GPUVM_EV_STARTED) {
        c->env->ops->chan_abort(c->chan);
    }
}

static void chan_open(ConfEnv *env, Chan *c)
{
    GpuvmGpuChanConfig cfg = {
        .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR) |
                   GPUVM_ENGINE_BIT(GPUVM_ENGINE_SW),
        .event = on_event,
        .opaque = c,
    };

    *c = (Chan) { .env = env };
    g_mutex_init(&c->lock);
    c->events = g_array_new(FALSE, FALSE, sizeof(GpuvmGpuEvent));
    CU_ASSERT_EQUAL_FATAL(env->ops->chan_create(env->as, &cfg, &c->chan), 0);
}

static guint n_events(Chan *c)
{
    guint n;

    g_mutex_lock(&c->lock);
    n = c->events->len;
    g_mutex_unlock(&c->lock);
    return n;
}

static GpuvmGpuEvent event_at(Chan *c, guint i)
{
    GpuvmGpuEvent ev = { .type = -1 };

    g_mutex_lock(&c->lock);
    if (i < c->events->len) {
        ev = g_array_index(c->events, GpuvmGpuEvent, i);
    }
    g_mutex_unlock(&c->lock);
    return ev;
}

/* Destroys the channel and checks that it is silent from then on. */
static void chan_close(Chan *c)
{
    ConfEnv *env = c->env;
    guint n;
    int i;

    env->ops->chan_destroy(c->chan);
    n = n_events(c);
    for (i = 0; i < 20; i++) {
        env->target->step(env);
    }
    CU_ASSERT_EQUAL(n_events(c), n);
    g_array_free(c->events, TRUE);
    g_mutex_clear(&c->lock);
}

static bool wait_events(Chan *c, guint n)
{
    int i;

    for (i = 0; i < PATIENCE && n_events(c) < n; i++) {
        c->env->target->step(c->env);
    }
    return n_events(c) >= n;
}

static bool is_stop(Chan *c, guint i, GpuvmStop why)
{
    GpuvmGpuEvent ev = event_at(c, i);

    return ev.type == GPUVM_EV_STOPPED && ev.stop == why;
}

static bool is_type(Chan *c, guint i, GpuvmGpuEventType type)
{
    return event_at(c, i).type == type;
}

static GpuvmPosition position(Chan *c)
{
    GpuvmPosition pos;

    c->env->ops->chan_position(c->chan, &pos);
    return pos;
}

static int submit(Chan *c, ConfKind kind, unsigned slot)
{
    GpuvmPush p;

    c->env->target->push(c->env, kind, slot, &p);
    return c->env->ops->chan_submit(c->chan, &p, 1);
}

static void submit_long(Chan *c)
{
    GpuvmPush p[LONG_COUNT];
    unsigned i;

    for (i = 0; i < LONG_COUNT; i++) {
        c->env->target->push(c->env, CONF_LONG, 0, &p[i]);
    }
    CU_ASSERT_EQUAL(c->env->ops->chan_submit(c->chan, p, LONG_COUNT), 0);
}

static void env_open(ConfEnv *env)
{
    GpuvmGpuConfig cfg = { .vram_size = CONF_VRAM, .threads = 1 };
    g_autofree char *err = NULL;
    GpuvmBind bind = {
        .va = CONF_VA, .size = CONF_SLICE, .target = GPUVM_TARGET_VRAM,
        .page_size = 4096,
    };

    *env = (ConfEnv) { .target = &conf_target };
    env->th = test_host_new(CONF_RAM, CONF_RAM_SIZE);
    env->gpu = gpuvm_gpu_open(conf_target.gpu, &cfg, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(env->gpu);
    env->ops = env->gpu->ops;
    CU_ASSERT_EQUAL_FATAL(env->ops->slice_alloc(env->gpu, CONF_SLICE,
                                                &env->slice, &err), 0);
    CU_ASSERT_EQUAL_FATAL(env->ops->as_create(env->gpu, &env->slice,
                                              &env->th->host, &env->as), 0);
    CU_ASSERT_EQUAL_FATAL(env->ops->as_bind(env->as, &bind, 1), 0);
    env->ops->as_flush(env->as);
}

static void env_close(ConfEnv *env)
{
    env->ops->as_destroy(env->as);
    env->ops->slice_free(env->gpu, &env->slice);
    env->ops->close(env->gpu);
    test_host_free(env->th);
}

static void test_names(void)
{
    GpuvmGpuConfig cfg = { .vram_size = CONF_VRAM };
    g_autofree char *err = NULL;
    g_auto(GStrv) names = gpuvm_gpu_list();

    CU_ASSERT_PTR_NULL(gpuvm_gpu_open("no such gpu", &cfg, &err));
    CU_ASSERT_PTR_NOT_NULL_FATAL(err);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, conf_target.gpu));
    CU_ASSERT_TRUE(g_strv_contains((const char *const *)names,
                                   conf_target.gpu));
}

static void test_info(void)
{
    ConfEnv env;
    GpuvmGpuInfo info;

    env_open(&env);
    env.ops->info(env.gpu, &info);
    CU_ASSERT_EQUAL(info.vram_size, CONF_VRAM);
    CU_ASSERT_TRUE(info.channels >= 128);
    CU_ASSERT_TRUE(info.mps >= 1 && info.mps <= 16);
    CU_ASSERT_TRUE(info.engines & GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR));
    CU_ASSERT_PTR_NOT_NULL(info.classes);
    env_close(&env);
}

static void test_slices(void)
{
    g_autofree char *err = NULL;
    GpuvmSlice b, c;
    ConfEnv env;
    uint8_t *map;

    env_open(&env);
    CU_ASSERT_EQUAL_FATAL(env.ops->slice_alloc(env.gpu, CONF_SLICE, &b, &err),
                          0);
    CU_ASSERT_TRUE(b.base >= env.slice.base + env.slice.size ||
                   env.slice.base >= b.base + b.size);
    CU_ASSERT_EQUAL(env.ops->slice_alloc(env.gpu, CONF_SLICE, &c, &err),
                    -ENOSPC);
    CU_ASSERT_PTR_NOT_NULL(err);
    map = b.map;
    CU_ASSERT_EQUAL(map[0x1234], 0);
    memset(map, 0xaa, CONF_SLICE);
    CU_ASSERT_NOT_EQUAL(((uint8_t *)env.slice.map)[CONF_SLICE - 1], 0xaa);
    env.ops->slice_free(env.gpu, &b);
    CU_ASSERT_EQUAL_FATAL(env.ops->slice_alloc(env.gpu, CONF_SLICE, &b, &err),
                          0);
    map = b.map;
    CU_ASSERT_EQUAL(map[0], 0);
    CU_ASSERT_EQUAL(map[CONF_SLICE - 1], 0);
    env.ops->slice_free(env.gpu, &b);
    env_close(&env);
}

static void test_bind_refused(void)
{
    GpuvmBind binds[] = {
        { .va = 0x10000000, .size = 0x2000, .addr = CONF_SLICE - 0x1000 },
        { .va = 0x10000000, .size = 0x1000, .addr = CONF_SLICE },
        { .va = 0x10000000, .size = 0x1000, .addr = UINT64_MAX - 0xfff },
        { .va = 0x10000000, .size = 0x1000, .addr = CONF_RAM - 0x1000,
          .target = GPUVM_TARGET_SYSRAM },
        { .va = 0x10000000, .size = 0x2000,
          .addr = CONF_RAM + CONF_RAM_SIZE - 0x1000,
          .target = GPUVM_TARGET_SYSRAM },
        { .va = UINT64_C(1) << 40, .size = 0x1000, .addr = 0 },
        { .va = 0x10000000, .size = UINT64_MAX - 0xfff, .addr = 0x1000 },
        { .va = 0x20000000, .size = 0x1000, .addr = CONF_SLICE - 0x1000 },
    };
    ConfEnv env;
    GpuvmCounters *cnt;

    env_open(&env);
    cnt = &env.th->host.counters;
    CU_ASSERT_EQUAL(env.ops->as_bind(env.as, binds, G_N_ELEMENTS(binds)), 0);
    CU_ASSERT_EQUAL(gpuvm_counter(cnt, GPUVM_CNT_SHADOW_REFUSED),
                    G_N_ELEMENTS(binds) - 1);
    env.ops->as_unbind(env.as, 0, UINT64_MAX);
    env.ops->as_flush(env.as);
    env_close(&env);
}

static void test_position(void)
{
    GpuvmPosition pos;
    GpuvmPush p[3];
    ConfEnv env;
    Chan c;

    env_open(&env);
    chan_open(&env, &c);
    pos = position(&c);
    CU_ASSERT_EQUAL(pos.pushes_done, 0);
    env.target->push(&env, CONF_NOP, 0, &p[0]);
    env.target->push(&env, CONF_NOP, 1, &p[1]);
    env.target->push(&env, CONF_NOP, 2, &p[2]);
    p[2].dwords = 0;
    CU_ASSERT_EQUAL(env.ops->chan_submit(c.chan, p, 3), 0);
    CU_ASSERT_TRUE(wait_events(&c, 2));
    CU_ASSERT_TRUE(is_type(&c, 0, GPUVM_EV_STARTED));
    CU_ASSERT_TRUE(is_stop(&c, 1, GPUVM_STOP_DONE));
    CU_ASSERT_TRUE(event_at(&c, 1).ns >= event_at(&c, 0).ns);
    pos = position(&c);
    CU_ASSERT_EQUAL(pos.pushes_done, 3);
    CU_ASSERT_EQUAL(pos.get_va, p[1].va + p[1].dwords * 4);
    CU_ASSERT_EQUAL(submit(&c, CONF_NOP, 3), 0);
    CU_ASSERT_TRUE(wait_events(&c, 4));
    CU_ASSERT_TRUE(is_type(&c, 2, GPUVM_EV_STARTED));
    CU_ASSERT_TRUE(is_stop(&c, 3, GPUVM_STOP_DONE));
    CU_ASSERT_EQUAL(position(&c).pushes_done, 4);
    chan_close(&c);
    env_close(&env);
}

static void test_queue_limit(void)
{
    g_autofree GpuvmPush *p = g_new(GpuvmPush, QUEUE + 1);
    ConfEnv env;
    Chan c;
    int i;

    env_open(&env);
    chan_open(&env, &c);
    for (i = 0; i <= QUEUE; i++) {
        env.target->push(&env, CONF_NOP, 0, &p[i]);
    }
    env.ops->chan_preempt(c.chan);      /* of an idle channel: no event */
    CU_ASSERT_EQUAL(env.ops->chan_submit(c.chan, p, QUEUE + 1), -EAGAIN);
    CU_ASSERT_EQUAL(env.ops->chan_submit(c.chan, p, QUEUE - 1), 0);
    CU_ASSERT_EQUAL(env.ops->chan_submit(c.chan, p, 2), -EAGAIN);
    CU_ASSERT_EQUAL(env.ops->chan_submit(c.chan, p, 1), 0);
    CU_ASSERT_EQUAL(env.ops->chan_submit(c.chan, p, 1), -EAGAIN);
    for (i = 0; i < 20; i++) {
        env.target->step(&env);
    }
    CU_ASSERT_EQUAL(n_events(&c), 0);
    CU_ASSERT_EQUAL(position(&c).pushes_done, 0);
    env.ops->chan_resume(c.chan);
    CU_ASSERT_TRUE(wait_events(&c, 2));
    CU_ASSERT_TRUE(is_stop(&c, 1, GPUVM_STOP_DONE));
    CU_ASSERT_EQUAL(position(&c).pushes_done, QUEUE);
    CU_ASSERT_EQUAL(env.ops->chan_submit(c.chan, p, QUEUE), 0);
    CU_ASSERT_TRUE(wait_events(&c, 4));
    CU_ASSERT_EQUAL(position(&c).pushes_done, 2 * QUEUE);
    chan_close(&c);
    env_close(&env);
}

static void test_abort_running(void)
{
    ConfEnv env;
    Chan c;

    env_open(&env);
    chan_open(&env, &c);
    submit_long(&c);
    CU_ASSERT_TRUE(wait_events(&c, 1));
    CU_ASSERT_EQUAL(n_events(&c), 1);
    env.ops->chan_abort(c.chan);
    CU_ASSERT_EQUAL(submit(&c, CONF_NOP, 1), -EIO);
    CU_ASSERT_TRUE(wait_events(&c, 2));
    CU_ASSERT_TRUE(is_stop(&c, 1, GPUVM_STOP_ABORTED));
    CU_ASSERT_TRUE(position(&c).pushes_done < LONG_COUNT);
    env.ops->chan_abort(c.chan);
    chan_close(&c);
    env_close(&env);
}

static void test_abort_stopped(void)
{
    ConfEnv env;
    Chan c;

    env_open(&env);
    chan_open(&env, &c);
    CU_ASSERT_EQUAL(submit(&c, CONF_ACQUIRE, 1), 0);
    CU_ASSERT_TRUE(wait_events(&c, 2));
    CU_ASSERT_TRUE(is_stop(&c, 1, GPUVM_STOP_BLOCKED));
    env.ops->chan_abort(c.chan);
    CU_ASSERT_TRUE(wait_events(&c, 3));
    CU_ASSERT_TRUE(is_stop(&c, 2, GPUVM_STOP_ABORTED));
    env.target->release(&env, 1);
    chan_close(&c);
    env_close(&env);
}

static void test_abort_in_handler(void)
{
    ConfEnv env;
    Chan c;

    env_open(&env);
    chan_open(&env, &c);
    c.abort_on_start = true;
    submit_long(&c);
    CU_ASSERT_TRUE(wait_events(&c, 2));
    CU_ASSERT_TRUE(is_type(&c, 0, GPUVM_EV_STARTED));
    CU_ASSERT_TRUE(is_stop(&c, 1, GPUVM_STOP_ABORTED));
    chan_close(&c);
    env_close(&env);
}

static void test_preempt(void)
{
    GpuvmPosition a, b;
    ConfEnv env;
    Chan c;
    guint n;
    int i;

    env_open(&env);
    chan_open(&env, &c);
    submit_long(&c);
    CU_ASSERT_TRUE(wait_events(&c, 1));
    env.ops->chan_preempt(c.chan);
    CU_ASSERT_EQUAL(n_events(&c), 2);
    CU_ASSERT_TRUE(is_stop(&c, 1, GPUVM_STOP_PREEMPTED));
    a = position(&c);
    for (i = 0; i < 20; i++) {
        env.target->step(&env);
    }
    b = position(&c);
    CU_ASSERT_EQUAL(a.pushes_done, b.pushes_done);
    CU_ASSERT_EQUAL(a.get_va, b.get_va);
    env.ops->chan_resume(c.chan);
    for (i = 0; i < PATIENCE && position(&c).pushes_done < a.pushes_done + 2;
         i++) {
        env.target->step(&env);
    }
    CU_ASSERT_TRUE(position(&c).pushes_done >= a.pushes_done + 2);
    CU_ASSERT_TRUE(is_type(&c, 2, GPUVM_EV_STARTED));
    env.ops->chan_abort(c.chan);
    /* abort() does not wait: its STOPPED may or may not be there already */
    n = n_events(&c);
    CU_ASSERT_TRUE(n == 3 ||
                   (n == 4 && is_stop(&c, 3, GPUVM_STOP_ABORTED)));
    chan_close(&c);
    env_close(&env);
}

static void test_blocked(void)
{
    ConfEnv env;
    Chan a, b;

    env_open(&env);
    chan_open(&env, &a);
    chan_open(&env, &b);
    CU_ASSERT_EQUAL(submit(&a, CONF_ACQUIRE, 1), 0);
    CU_ASSERT_EQUAL(submit(&a, CONF_NOP, 2), 0);
    CU_ASSERT_TRUE(wait_events(&a, 2));
    CU_ASSERT_TRUE(is_type(&a, 0, GPUVM_EV_STARTED));
    CU_ASSERT_TRUE(is_stop(&a, 1, GPUVM_STOP_BLOCKED));
    CU_ASSERT_EQUAL(submit(&b, CONF_NOP, 3), 0);
    CU_ASSERT_TRUE(wait_events(&b, 2));
    CU_ASSERT_TRUE(is_stop(&b, 1, GPUVM_STOP_DONE));
    CU_ASSERT_EQUAL(n_events(&a), 2);
    env.target->release(&env, 1);
    CU_ASSERT_TRUE(wait_events(&a, 4));
    CU_ASSERT_TRUE(is_type(&a, 2, GPUVM_EV_STARTED));
    CU_ASSERT_TRUE(is_stop(&a, 3, GPUVM_STOP_DONE));
    CU_ASSERT_EQUAL(position(&a).pushes_done, 2);
    chan_close(&a);
    chan_close(&b);
    env_close(&env);
}

static void test_fault_isolated(void)
{
    GpuvmGpuEvent ev;
    ConfEnv env;
    Chan a, b;

    env_open(&env);
    chan_open(&env, &a);
    chan_open(&env, &b);
    CU_ASSERT_EQUAL(submit(&a, CONF_FAULT, 1), 0);
    CU_ASSERT_EQUAL(submit(&b, CONF_NOP, 2), 0);
    CU_ASSERT_TRUE(wait_events(&a, 3));
    CU_ASSERT_TRUE(is_type(&a, 0, GPUVM_EV_STARTED));
    ev = event_at(&a, 1);
    CU_ASSERT_EQUAL(ev.type, GPUVM_EV_FAULT);
    CU_ASSERT_EQUAL(ev.fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(ev.fault.va, CONF_FAULT_VA);
    CU_ASSERT_TRUE(is_stop(&a, 2, GPUVM_STOP_FAULTED));
    CU_ASSERT_EQUAL(submit(&a, CONF_NOP, 3), -EIO);
    CU_ASSERT_TRUE(wait_events(&b, 2));
    CU_ASSERT_TRUE(is_stop(&b, 1, GPUVM_STOP_DONE));
    CU_ASSERT_EQUAL(submit(&b, CONF_NOP, 3), 0);
    CU_ASSERT_TRUE(wait_events(&b, 4));
    CU_ASSERT_EQUAL(n_events(&a), 3);
    env.ops->chan_abort(a.chan);        /* no second end */
    chan_close(&a);
    chan_close(&b);
    env_close(&env);
}

static void test_nonstall(void)
{
    ConfEnv env;
    Chan c;

    env_open(&env);
    chan_open(&env, &c);
    CU_ASSERT_EQUAL(submit(&c, CONF_NONSTALL, 1), 0);
    CU_ASSERT_TRUE(wait_events(&c, 3));
    CU_ASSERT_TRUE(is_type(&c, 0, GPUVM_EV_STARTED));
    CU_ASSERT_TRUE(is_type(&c, 1, GPUVM_EV_NONSTALL));
    CU_ASSERT_EQUAL(event_at(&c, 1).engine, GPUVM_ENGINE_GR);
    CU_ASSERT_TRUE(is_stop(&c, 2, GPUVM_STOP_DONE));
    chan_close(&c);
    env_close(&env);
}

static void test_sw_method(void)
{
    GpuvmGpuEvent ev;
    ConfEnv env;
    Chan c;

    env_open(&env);
    chan_open(&env, &c);
    CU_ASSERT_EQUAL(submit(&c, CONF_SW_METHOD, 5), 0);
    CU_ASSERT_TRUE(wait_events(&c, 3));
    ev = event_at(&c, 1);
    CU_ASSERT_EQUAL(ev.type, GPUVM_EV_SW_METHOD);
    CU_ASSERT_EQUAL(ev.sw.subc, 7);
    CU_ASSERT_EQUAL(ev.sw.method, CONF_SW_MTHD);
    CU_ASSERT_EQUAL(ev.sw.data, 5);
    CU_ASSERT_TRUE(is_stop(&c, 2, GPUVM_STOP_SW_METHOD));
    env.target->step(&env);
    CU_ASSERT_EQUAL(n_events(&c), 3);
    env.ops->chan_resume(c.chan);
    CU_ASSERT_TRUE(wait_events(&c, 5));
    CU_ASSERT_TRUE(is_type(&c, 3, GPUVM_EV_STARTED));
    CU_ASSERT_TRUE(is_stop(&c, 4, GPUVM_STOP_DONE));
    CU_ASSERT_EQUAL(position(&c).pushes_done, 1);
    chan_close(&c);
    env_close(&env);
}

static void test_fair(void)
{
    ConfEnv env;
    Chan a, b;

    env_open(&env);
    chan_open(&env, &a);
    chan_open(&env, &b);
    submit_long(&a);
    CU_ASSERT_TRUE(wait_events(&a, 1));
    CU_ASSERT_EQUAL(submit(&b, CONF_NOP, 1), 0);
    CU_ASSERT_TRUE(wait_events(&b, 2));
    CU_ASSERT_EQUAL(n_events(&a), 1);
    chan_close(&a);             /* while it runs */
    chan_close(&b);
    env_close(&env);
}

static void test_destroy_order(void)
{
    ConfEnv env;
    Chan c[8];
    int i;

    env_open(&env);
    for (i = 0; i < 8; i++) {
        chan_open(&env, &c[i]);
    }
    submit_long(&c[1]);
    CU_ASSERT_EQUAL(submit(&c[2], CONF_ACQUIRE, 9), 0);
    CU_ASSERT_EQUAL(submit(&c[3], CONF_FAULT, 10), 0);
    CU_ASSERT_EQUAL(submit(&c[4], CONF_SW_METHOD, 11), 0);
    CU_ASSERT_EQUAL(submit(&c[5], CONF_NOP, 12), 0);
    for (i = 1; i < 6; i++) {
        CU_ASSERT_TRUE(wait_events(&c[i], 1));
    }
    for (i = 7; i >= 0; i -= 2) {
        chan_close(&c[i]);
    }
    for (i = 0; i < 8; i += 2) {
        chan_close(&c[i]);
    }
    env_close(&env);
}

CU_TestInfo conformance_tests[] = {
    { "names", test_names },
    { "info", test_info },
    { "slices", test_slices },
    { "bind outside slice or RAM refused", test_bind_refused },
    { "position", test_position },
    { "queue limit", test_queue_limit },
    { "abort while running", test_abort_running },
    { "abort while blocked", test_abort_stopped },
    { "abort in an event handler", test_abort_in_handler },
    { "preempt and resume", test_preempt },
    { "blocked channel holds up nobody", test_blocked },
    { "fault isolates one channel", test_fault_isolated },
    { "non-stall interrupt", test_nonstall },
    { "software method", test_sw_method },
    { "channels take turns", test_fair },
    { "destroy in any state and order", test_destroy_order },
    CU_TEST_INFO_NULL,
};
