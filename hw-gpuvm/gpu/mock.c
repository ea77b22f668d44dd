/*
 * The mock GPU: gpu.h on a virtual clock.
 *
 * gpuvm_mock_advance() is a small event loop.  Each round it gives the engine
 * to the next channel in turn that has a push to run, lets time pass until
 * that push is over or the asked-for time is used up, and then does what the
 * push's script says.  Blocked, paused and stopped channels are passed over.
 * Address spaces keep their binds as a sorted list of runs, for tests to look
 * at.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu/mock.h"
#include "gpu/mock_as.h"
#include "spec/classes.h"

#define MOCK_QUEUE    1024
#define MOCK_CHANNELS 128
#define MOCK_MPS      4
#define MOCK_FOREVER  UINT64_MAX

typedef enum MockState {
    MOCK_IDLE, MOCK_READY, MOCK_BLOCKED, MOCK_SW, MOCK_FAULTED, MOCK_ABORTED,
} MockState;

typedef struct MockGpu {
    GpuvmGpu gpu;               /* first */
    uint64_t vram_size, vram_used, next_base;
    unsigned mps;
    GHashTable *scripts;        /* push VA -> GpuvmMockPush */
    GHashTable *released;       /* push VAs whose acquire succeeds */
    GPtrArray *chans;
    guint cursor;
    uint64_t now, busy_ns, default_ns;
} MockGpu;

struct GpuvmGpuChan {
    MockGpu *gpu;
    GpuvmGpuChanConfig cfg;
    GpuvmPush queue[MOCK_QUEUE];
    uint64_t tail, done, get_va;
    MockState state;
    bool running, paused, aborted;
    bool skip;                  /* the head's software method was handled */
    bool begun;                 /* the push at the head has begun ... */
    uint64_t left;              /* ... and needs this much time yet */
};

static void emit(GpuvmGpuChan *c, GpuvmGpuEvent ev)
{
    ev.ns = c->gpu->now;
    c->cfg.event(c->cfg.opaque, &ev);
}

static void stopped(GpuvmGpuChan *c, GpuvmStop why)
{
    c->running = false;
    emit(c, (GpuvmGpuEvent) { .type = GPUVM_EV_STOPPED, .stop = why });
}

static const GpuvmMockPush *script_of(GpuvmGpuChan *c)
{
    uint64_t va = c->queue[c->done % MOCK_QUEUE].va;

    return g_hash_table_lookup(c->gpu->scripts, &va);
}

static bool is_released(GpuvmGpuChan *c)
{
    uint64_t va = c->queue[c->done % MOCK_QUEUE].va;

    return g_hash_table_contains(c->gpu->released, &va);
}

static bool is_over(const GpuvmGpuChan *c)
{
    return c->state == MOCK_FAULTED || c->state == MOCK_ABORTED;
}

static bool can_run(GpuvmGpuChan *c)
{
    return !c->paused && !c->aborted &&
           (c->state == MOCK_READY ||
            (c->state == MOCK_BLOCKED && is_released(c)));
}

/* Aborted channels first, then whoever is next in turn and can run. */
static GpuvmGpuChan *pick(MockGpu *gpu)
{
    guint i;

    for (i = 0; i < gpu->chans->len; i++) {
        GpuvmGpuChan *c = g_ptr_array_index(gpu->chans, i);

        if (c->aborted && !is_over(c)) {
            return c;
        }
    }
    for (i = 0; i < gpu->chans->len; i++) {
        guint at = (gpu->cursor + i) % gpu->chans->len;
        GpuvmGpuChan *c = g_ptr_array_index(gpu->chans, at);

        if (can_run(c)) {
            gpu->cursor = at;
            return c;
        }
    }
    return NULL;
}

static void drop_work(GpuvmGpuChan *c)
{
    c->tail = c->done;
    c->begun = false;
}

static void push_done(GpuvmGpuChan *c)
{
    const GpuvmPush *p = &c->queue[c->done % MOCK_QUEUE];

    if (p->dwords) {
        c->get_va = p->va + (uint64_t)p->dwords * 4;
    }
    c->done++;
    c->begun = false;
    c->skip = false;
    c->gpu->cursor++;
    if (c->done == c->tail) {
        c->state = MOCK_IDLE;
        stopped(c, GPUVM_STOP_DONE);
    }
}

/* The head push's time is up. */
static void push_acts(GpuvmGpuChan *c)
{
    const GpuvmMockPush *s = script_of(c);
    GpuvmGpuEvent ev;

    switch (s ? s->what : GPUVM_MOCK_RUN) {
    case GPUVM_MOCK_BLOCK:
        if (!is_released(c)) {
            c->state = MOCK_BLOCKED;
            stopped(c, GPUVM_STOP_BLOCKED);
            return;
        }
        break;
    case GPUVM_MOCK_FAULT:
        c->state = MOCK_FAULTED;
        drop_work(c);
        emit(c, (GpuvmGpuEvent) { .type = GPUVM_EV_FAULT, .fault = s->fault });
        stopped(c, GPUVM_STOP_FAULTED);
        return;
    case GPUVM_MOCK_NONSTALL:
        emit(c, (GpuvmGpuEvent) { .type = GPUVM_EV_NONSTALL,
                                  .engine = s->engine });
        break;
    case GPUVM_MOCK_SW_METHOD:
        if (c->skip) {
            break;
        }
        ev = (GpuvmGpuEvent) { .type = GPUVM_EV_SW_METHOD };
        ev.sw.subc = s->sw.subc;
        ev.sw.method = s->sw.method;
        ev.sw.data = s->sw.data;
        c->state = MOCK_SW;
        emit(c, ev);
        stopped(c, GPUVM_STOP_SW_METHOD);
        return;
    default:
        break;
    }
    push_done(c);
}

static void begin(GpuvmGpuChan *c)
{
    const GpuvmMockPush *s = script_of(c);
    const GpuvmPush *p = &c->queue[c->done % MOCK_QUEUE];

    if (!c->running) {
        c->running = true;
        c->state = MOCK_READY;
        emit(c, (GpuvmGpuEvent) { .type = GPUVM_EV_STARTED });
    }
    if (!c->begun) {
        c->begun = true;
        if (s) {
            c->left = s->what == GPUVM_MOCK_HANG ? MOCK_FOREVER : s->ns;
        } else {
            c->left = p->dwords ? c->gpu->default_ns : 0;
        }
    }
}

void gpuvm_mock_advance(GpuvmGpu *g, uint64_t ns)
{
    MockGpu *gpu = (MockGpu *)g;
    GpuvmGpuChan *c;

    while ((c = pick(gpu))) {
        uint64_t dt;

        if (c->aborted) {
            c->state = MOCK_ABORTED;
            drop_work(c);
            stopped(c, GPUVM_STOP_ABORTED);
            continue;
        }
        begin(c);
        if (c->aborted) {
            continue;
        }
        dt = MIN(c->left, ns);
        gpu->now += dt;
        gpu->busy_ns += dt;
        ns -= dt;
        if (c->left != MOCK_FOREVER) {
            c->left -= dt;
        }
        if (c->left) {
            return;
        }
        push_acts(c);
    }
    gpu->now += ns;
}

uint64_t gpuvm_mock_next_ns(GpuvmGpu *g)
{
    MockGpu *gpu = (MockGpu *)g;
    guint cursor = gpu->cursor;
    GpuvmGpuChan *c = pick(gpu);
    const GpuvmMockPush *s;

    gpu->cursor = cursor;
    if (!c) {
        return UINT64_MAX;
    }
    if (c->aborted) {
        return 0;
    }
    if (c->begun) {
        return c->left;
    }
    s = script_of(c);
    if (s) {
        return s->what == GPUVM_MOCK_HANG ? UINT64_MAX : s->ns;
    }
    return c->queue[c->done % MOCK_QUEUE].dwords ? gpu->default_ns : 0;
}

void gpuvm_mock_script(GpuvmGpu *g, uint64_t va, const GpuvmMockPush *p)
{
    MockGpu *gpu = (MockGpu *)g;

    g_hash_table_replace(gpu->scripts, g_memdup2(&va, sizeof(va)),
                         g_memdup2(p, sizeof(*p)));
}

void gpuvm_mock_set_default_ns(GpuvmGpu *g, uint64_t ns)
{
    ((MockGpu *)g)->default_ns = ns;
}

void gpuvm_mock_release(GpuvmGpu *g, uint64_t va)
{
    g_hash_table_add(((MockGpu *)g)->released, g_memdup2(&va, sizeof(va)));
}

uint64_t gpuvm_mock_now(GpuvmGpu *g)
{
    return ((MockGpu *)g)->now;
}

uint64_t gpuvm_mock_busy_ns(GpuvmGpu *g)
{
    return ((MockGpu *)g)->busy_ns;
}

static int mock_open(GpuvmGpu **out, const GpuvmGpuConfig *cfg, char **err)
{
    MockGpu *gpu;

    if (!cfg->vram_size) {
        *err = g_strdup("the mock GPU needs some VRAM");
        return -EINVAL;
    }
    gpu = g_new0(MockGpu, 1);
    gpu->gpu.ops = &gpuvm_gpu_mock_ops;
    gpu->vram_size = cfg->vram_size;
    gpu->mps = cfg->mps ? cfg->mps : MOCK_MPS;
    gpu->default_ns = GPUVM_MOCK_DEFAULT_NS;
    gpu->scripts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                         g_free);
    gpu->released = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                          NULL);
    gpu->chans = g_ptr_array_new();
    *out = &gpu->gpu;
    return 0;
}

static void mock_close(GpuvmGpu *g)
{
    MockGpu *gpu = (MockGpu *)g;

    g_hash_table_destroy(gpu->scripts);
    g_hash_table_destroy(gpu->released);
    g_ptr_array_free(gpu->chans, TRUE);
    g_free(gpu);
}

static void mock_info(GpuvmGpu *g, GpuvmGpuInfo *info)
{
    static const uint16_t classes[] = {
        GF100_CLASS_2D, GF100_CLASS_M2MF, GF100_CLASS_3D,
        GF100_CLASS_COMPUTE, GF100_CLASS_CE0, GF100_CLASS_CE1, 0
    };
    MockGpu *gpu = (MockGpu *)g;

    *info = (GpuvmGpuInfo) {
        .chipset = 0xc0,
        .vram_size = gpu->vram_size,
        .channels = MOCK_CHANNELS,
        .modes = GPUVM_MODE_FULL | GPUVM_MODE_PV | GPUVM_MODE_PVDRM,
        .mps = gpu->mps,
        .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR) |
                   GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE0) |
                   GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE1) |
                   GPUVM_ENGINE_BIT(GPUVM_ENGINE_SW),
        .classes = classes,
    };
}

/* Each slice is a memfd of its own. */
static int mock_slice_alloc(GpuvmGpu *g, uint64_t size, GpuvmSlice *slice,
                            char **err)
{
    MockGpu *gpu = (MockGpu *)g;
    void *map;
    int fd;

    if (!size || size > gpu->vram_size - gpu->vram_used) {
        *err = g_strdup_printf("no %" PRIu64 " MiB of VRAM are free",
                               size >> 20);
        return size ? -ENOSPC : -EINVAL;
    }
    fd = memfd_create("gpuvm-mock", MFD_CLOEXEC);
    map = fd < 0 || ftruncate(fd, size) < 0 ? MAP_FAILED :
          mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        *err = g_strdup_printf("cannot make a slice: %s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -ENOMEM;
    }
    *slice = (GpuvmSlice) {
        .base = gpu->next_base, .size = size, .fd = fd, .map = map,
    };
    gpu->next_base += size;
    gpu->vram_used += size;
    return 0;
}

static void mock_slice_free(GpuvmGpu *g, GpuvmSlice *slice)
{
    MockGpu *gpu = (MockGpu *)g;

    gpu->vram_used -= slice->size;
    munmap(slice->map, slice->size);
    close(slice->fd);
    *slice = (GpuvmSlice) { .fd = -1 };
}

static int mock_chan_create(GpuvmGpuAs *as, const GpuvmGpuChanConfig *cfg,
                            GpuvmGpuChan **out)
{
    MockGpu *gpu = (MockGpu *)gpuvm_mock_as_gpu(as);
    GpuvmGpuChan *c;

    if (!cfg->event) {
        return -EINVAL;
    }
    if (gpu->chans->len >= MOCK_CHANNELS) {
        return -ENOSPC;
    }
    c = g_new0(GpuvmGpuChan, 1);
    c->gpu = gpu;
    c->cfg = *cfg;
    g_ptr_array_add(gpu->chans, c);
    *out = c;
    return 0;
}

static int mock_chan_submit(GpuvmGpuChan *c, const GpuvmPush *pushes, size_t n)
{
    size_t i;

    if (c->aborted || is_over(c)) {
        return -EIO;
    }
    if (n > MOCK_QUEUE - (c->tail - c->done)) {
        return -EAGAIN;
    }
    for (i = 0; i < n; i++) {
        c->queue[c->tail++ % MOCK_QUEUE] = pushes[i];
    }
    if (n && c->state == MOCK_IDLE) {
        c->state = MOCK_READY;
    }
    return 0;
}

static void mock_chan_position(GpuvmGpuChan *c, GpuvmPosition *pos)
{
    *pos = (GpuvmPosition) { .pushes_done = c->done,
                             .pushes_given = c->tail, .get_va = c->get_va };
}

static void mock_chan_preempt(GpuvmGpuChan *c)
{
    c->paused = true;
    if (c->running) {
        stopped(c, GPUVM_STOP_PREEMPTED);
    }
}

static void mock_chan_resume(GpuvmGpuChan *c)
{
    c->paused = false;
    if (c->state == MOCK_SW) {
        c->state = MOCK_READY;
        c->skip = true;
    }
}

static void mock_chan_abort(GpuvmGpuChan *c)
{
    c->aborted = true;
}

static void mock_chan_destroy(GpuvmGpuChan *c)
{
    if (c->running) {
        stopped(c, GPUVM_STOP_ABORTED);
    }
    g_ptr_array_remove(c->gpu->chans, c);
    g_free(c);
}

const GpuvmGpuOps gpuvm_gpu_mock_ops = {
    .name = "mock",
    .open = mock_open,
    .close = mock_close,
    .info = mock_info,
    .slice_alloc = mock_slice_alloc,
    .slice_free = mock_slice_free,
    .as_create = gpuvm_mock_as_create,
    .as_bind = gpuvm_mock_as_bind,
    .as_unbind = gpuvm_mock_as_unbind,
    .as_flush = gpuvm_mock_as_flush,
    .as_destroy = gpuvm_mock_as_destroy,
    .chan_create = mock_chan_create,
    .chan_submit = mock_chan_submit,
    .chan_position = mock_chan_position,
    .chan_preempt = mock_chan_preempt,
    .chan_resume = mock_chan_resume,
    .chan_abort = mock_chan_abort,
    .chan_destroy = mock_chan_destroy,
};
