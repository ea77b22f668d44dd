/*
 * A guest with channels on the mock GPU, for tests of vgpu/.
 *
 * The mock belongs to one thread; here it is behind one lock, which the worker
 * takes for each operation and the test while it lets virtual time pass.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_MOCK_GUEST_H
#define GPUVM_TESTS_MOCK_GUEST_H

#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "gpu/mock.h"
#include "vgpu/vm.h"

#define MIB         (1024u * 1024u)
#define VRAM_SIZE   (16u * MIB)
#define RAM_BASE    0x40000000u
#define RAM_SIZE    (1u * MIB)

/* The guest's VRAM: PD and table of space @n, instance and USERD of @chid */
#define PD(n)       (0x100000u + (n) * 0x10000u)
#define TABLE(n)    (0x200000u + (n) * 0x40000u)
#define INST(chid)  (0x010000u + (chid) * 0x1000u)
#define USERD(chid) (0x040000u + (chid) * 0x1000u)
#define RING(chid)  (0x080000u + (chid) * 0x8000u)
/* virtual addresses */
#define RING_VA(chid)   (0x1000000u + (chid) * 0x100000u)
#define CODE_VA         0x4000000u

#define ORDER       3

/* ---- the mock behind a lock -------------------------------------------------- */

typedef struct Seen {
    GpuvmGpuChan *chan;
    GpuvmPush push;
} Seen;

static pthread_mutex_t gpu_lock = PTHREAD_MUTEX_INITIALIZER;
static GpuvmGpuOps locked_ops;
static GArray *seen;            /* pushes, in order of submission */
static unsigned preempts, resumes, creates, destroys, as_creates;
static GpuvmGpuAs *last_as;
static bool refuse_room;

static G_GNUC_UNUSED int l_as_create(GpuvmGpu *gpu, const GpuvmSlice *slice,
                       GpuvmHost *host, GpuvmGpuAs **as)
{
    int ret;

    pthread_mutex_lock(&gpu_lock);
    ret = gpuvm_gpu_mock_ops.as_create(gpu, slice, host, as);
    last_as = *as;
    as_creates++;
    pthread_mutex_unlock(&gpu_lock);
    return ret;
}

static G_GNUC_UNUSED int l_as_bind(GpuvmGpuAs *as, const GpuvmBind *b, size_t n)
{
    int ret;

    pthread_mutex_lock(&gpu_lock);
    ret = gpuvm_gpu_mock_ops.as_bind(as, b, n);
    pthread_mutex_unlock(&gpu_lock);
    return ret;
}

static G_GNUC_UNUSED void l_as_unbind(GpuvmGpuAs *as, uint64_t va, uint64_t size)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_gpu_mock_ops.as_unbind(as, va, size);
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED void l_as_flush(GpuvmGpuAs *as)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_gpu_mock_ops.as_flush(as);
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED void l_as_destroy(GpuvmGpuAs *as)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_gpu_mock_ops.as_destroy(as);
    last_as = NULL;
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED int l_chan_create(GpuvmGpuAs *as, const GpuvmGpuChanConfig *cfg,
                         GpuvmGpuChan **chan)
{
    int ret;

    pthread_mutex_lock(&gpu_lock);
    ret = gpuvm_gpu_mock_ops.chan_create(as, cfg, chan);
    creates++;
    pthread_mutex_unlock(&gpu_lock);
    return ret;
}

static G_GNUC_UNUSED int l_chan_submit(GpuvmGpuChan *chan, const GpuvmPush *p, size_t n)
{
    int ret = -EAGAIN;
    size_t i;

    pthread_mutex_lock(&gpu_lock);
    if (!refuse_room) {
        ret = gpuvm_gpu_mock_ops.chan_submit(chan, p, n);
    }
    for (i = 0; i < n && !ret; i++) {
        Seen s = { chan, p[i] };

        g_array_append_val(seen, s);
    }
    pthread_mutex_unlock(&gpu_lock);
    return ret;
}

static G_GNUC_UNUSED void l_chan_position(GpuvmGpuChan *chan, GpuvmPosition *pos)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_gpu_mock_ops.chan_position(chan, pos);
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED void l_chan_preempt(GpuvmGpuChan *chan)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_gpu_mock_ops.chan_preempt(chan);
    preempts++;
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED void l_chan_resume(GpuvmGpuChan *chan)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_gpu_mock_ops.chan_resume(chan);
    resumes++;
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED void l_chan_abort(GpuvmGpuChan *chan)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_gpu_mock_ops.chan_abort(chan);
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED void l_chan_destroy(GpuvmGpuChan *chan)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_gpu_mock_ops.chan_destroy(chan);
    destroys++;
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED GpuvmGpu *gpu_new(void)
{
    GpuvmGpuConfig cfg = { .vram_size = 64 * MIB };
    GpuvmGpu *gpu = NULL;
    char *err = NULL;

    locked_ops = gpuvm_gpu_mock_ops;
    locked_ops.as_create = l_as_create;
    locked_ops.as_bind = l_as_bind;
    locked_ops.as_unbind = l_as_unbind;
    locked_ops.as_flush = l_as_flush;
    locked_ops.as_destroy = l_as_destroy;
    locked_ops.chan_create = l_chan_create;
    locked_ops.chan_submit = l_chan_submit;
    locked_ops.chan_position = l_chan_position;
    locked_ops.chan_preempt = l_chan_preempt;
    locked_ops.chan_resume = l_chan_resume;
    locked_ops.chan_abort = l_chan_abort;
    locked_ops.chan_destroy = l_chan_destroy;
    CU_ASSERT_EQUAL_FATAL(gpuvm_gpu_mock_ops.open(&gpu, &cfg, &err), 0);
    gpu->ops = &locked_ops;
    seen = g_array_new(false, false, sizeof(Seen));
    preempts = resumes = creates = destroys = as_creates = 0;
    refuse_room = false;
    return gpu;
}

static G_GNUC_UNUSED void gpu_free(GpuvmGpu *gpu)
{
    CU_ASSERT_EQUAL(creates, destroys);
    gpuvm_gpu_mock_ops.close(gpu);
    g_array_free(seen, true);
}

static G_GNUC_UNUSED void advance(GpuvmGpu *gpu, uint64_t ns)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_mock_advance(gpu, ns);
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED void script(GpuvmGpu *gpu, uint64_t va, GpuvmMockPush p)
{
    pthread_mutex_lock(&gpu_lock);
    gpuvm_mock_script(gpu, va, &p);
    pthread_mutex_unlock(&gpu_lock);
}

static G_GNUC_UNUSED unsigned locked_uint(const unsigned *p)
{
    unsigned v;

    pthread_mutex_lock(&gpu_lock);
    v = *p;
    pthread_mutex_unlock(&gpu_lock);
    return v;
}

static G_GNUC_UNUSED Seen seen_at(unsigned i)
{
    Seen s = { 0 };

    pthread_mutex_lock(&gpu_lock);
    if (i < seen->len) {
        s = g_array_index(seen, Seen, i);
    }
    pthread_mutex_unlock(&gpu_lock);
    return s;
}

/* ---- a guest ------------------------------------------------------------------- */

typedef struct Guest {
    TestHost *th;
    GpuvmGpu *gpu;
    GpuvmSched *sched;
    GpuvmVm *vm;
    uint32_t put[GPUVM_VM_CHANNELS];
    uint64_t want;
} Guest;

static G_GNUC_UNUSED Guest *guest_new(GpuvmGpu *gpu, GpuvmSched *sched, bool eager)
{
    Guest *g = g_new0(Guest, 1);
    GpuvmVmConfig cfg = {
        .name = "test", .gpu = gpu, .sched = sched, .vram_size = VRAM_SIZE,
        .bar_size = { MIB, MIB }, .shadow_eager = eager,
    };
    char *err = NULL;

    g->th = test_host_new(RAM_BASE, RAM_SIZE);
    g->gpu = gpu;
    cfg.host = &g->th->host;
    g->vm = gpuvm_vm_new(&cfg, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g->vm);
    return g;
}

static G_GNUC_UNUSED void guest_free(Guest *g)
{
    gpuvm_vm_free(g->vm);
    test_host_free(g->th);
    g_free(g);
}

static G_GNUC_UNUSED void put32(Guest *g, uint64_t off, uint32_t v)
{
    CU_ASSERT_TRUE(gpuvm_vm_vram_write(g->vm, off, &v, 4));
}

static G_GNUC_UNUSED void put64(Guest *g, uint64_t off, uint64_t v)
{
    CU_ASSERT_TRUE(gpuvm_vm_vram_write(g->vm, off, &v, 8));
}

/* 4 KiB pages of space @n */
static G_GNUC_UNUSED void map(Guest *g, unsigned n, uint64_t va, uint64_t vram,
                unsigned pages)
{
    unsigned i;

    put64(g, PD(n) + 8 * (va >> 27), (uint64_t)(TABLE(n) >> 8 | 1) << 32);
    for (i = 0; i < pages; i++) {
        put64(g, TABLE(n) + ((va & 0x7ffffff) >> 12) * 8 + i * 8,
              (vram + i * 4096) >> 8 | 1);
    }
}

/* What nouveau writes: page directory, RAMFC; USERD is zero. */
static G_GNUC_UNUSED void make_inst(Guest *g, unsigned chid, unsigned space, unsigned order)
{
    put64(g, INST(chid) + 0x200, PD(space));
    put32(g, INST(chid) + 0x08, USERD(chid));
    put32(g, INST(chid) + 0x10, 0x0000face);
    put32(g, INST(chid) + 0x48, RING_VA(chid));
    put32(g, INST(chid) + 0x4c, order << 16);
    map(g, space, RING_VA(chid), RING(chid), 8);
}

static G_GNUC_UNUSED void set_runlist(Guest *g, unsigned first, unsigned n)
{
    uint8_t chids[GPUVM_VM_CHANNELS];
    unsigned i;

    for (i = 0; i < n; i++) {
        chids[i] = first + i;
    }
    gpuvm_chan_set_runlist(g->vm, chids, n);
}

static G_GNUC_UNUSED void start(Guest *g, unsigned chid, unsigned space, unsigned order)
{
    make_inst(g, chid, space, order);
    gpuvm_chan_bind(g->vm, chid, INST(chid));
    gpuvm_chan_set_runnable(g->vm, chid, true);
}

/* Writes one ring entry: bits 2-39 address, 42-62 dwords, 41, 63 flags. */
static G_GNUC_UNUSED void entry(Guest *g, unsigned chid, unsigned order, uint64_t va,
                  uint32_t dwords, uint64_t flags)
{
    put64(g, RING(chid) + (g->put[chid] & ((1u << order) - 1)) * 8,
          va | (uint64_t)dwords << 42 | flags);
    g->put[chid]++;
}

static G_GNUC_UNUSED void ring(Guest *g, unsigned chid, unsigned order)
{
    gpuvm_chan_userd_write(g->vm, chid, 0x8c,
                           g->put[chid] & ((1u << order) - 1), 4);
}

static G_GNUC_UNUSED uint32_t userd(Guest *g, unsigned chid, uint32_t off)
{
    return gpuvm_chan_userd_read(g->vm, chid, off, 4);
}

static G_GNUC_UNUSED bool cond_seen(void *arg)
{
    Guest *g = arg;

    return locked_uint(&seen->len) >= g->want;
}

static G_GNUC_UNUSED bool wait_seen(Guest *g, unsigned n)
{
    g->want = n;
    return test_wait(cond_seen, g, 5000);
}

typedef struct Counted {
    const unsigned *p;
    unsigned n;
} Counted;

static G_GNUC_UNUSED bool cond_count(void *arg)
{
    Counted *c = arg;

    return locked_uint(c->p) >= c->n;
}

static G_GNUC_UNUSED bool wait_count(const unsigned *p, unsigned n)
{
    return test_wait(cond_count, &(Counted) { p, n }, 5000);
}

static G_GNUC_UNUSED uint64_t counter(Guest *g, GpuvmCounterId id)
{
    return gpuvm_counter(&g->th->host.counters, id);
}

typedef struct Fixture {
    GpuvmGpu *gpu;
    GpuvmSched *sched;
    Guest *g;
} Fixture;

static G_GNUC_UNUSED Fixture setup(bool eager)
{
    Fixture f;

    f.gpu = gpu_new();
    f.sched = gpuvm_sched_new("fair", NULL);
    f.g = guest_new(f.gpu, f.sched, eager);
    return f;
}

static G_GNUC_UNUSED void teardown(Fixture *f)
{
    guest_free(f->g);
    gpuvm_sched_free(f->sched);
    gpu_free(f->gpu);
}

#endif
