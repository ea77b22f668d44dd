/*
 * The software GPU's entry: opening and closing it, what it says of itself,
 * and its table of operations.
 *
 * A SoftGpu is VRAM (vram.c), an executor thread for all channels (exec.c) and
 * a pool of compute workers.  Everything is per object; two GPUs in a process
 * share nothing, unless both join the same arena.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>

#include "soft/chan_priv.h"
#include "soft/isa/isa.h"
#include "soft/jit/jit.h"

#define SOFT_CHIPSET    0xc0        /* GF100 */
#define SOFT_MAX_MPS    16
#define DEFAULT_ENGINE  "interp"

/*
 * Numbers of MPs that boards of GF100 could have, four GPCs of one to four,
 * as the board model can describe them to a driver.
 */
static const uint8_t mp_counts[] = { 1, 2, 4, 7, 8, 11, 14, 15, 16 };

static unsigned choose_mps(unsigned wanted, unsigned threads)
{
    unsigned mps = 1;
    unsigned i;

    if (wanted) {
        return MIN(wanted, SOFT_MAX_MPS);
    }
    for (i = 0; i < G_N_ELEMENTS(mp_counts); i++) {
        if (mp_counts[i] <= threads) {
            mps = mp_counts[i];
        }
    }
    return mps;
}

static uint16_t *list_classes(void)
{
    uint16_t *ids = g_new0(uint16_t, SOFT_CLASSES + 1);
    unsigned i;

    for (i = 0; gpuvm_soft_classes[i]; i++) {
        ids[i] = gpuvm_soft_classes[i]->id;
    }
    return ids;
}

/* The property engine=; false with @err set. */
static bool open_jit(const char *engine, SoftJit **jit, char **err)
{
    static const char *const names[] = { "interp", "auto", "jit", "sync" };
    unsigned mode = 0;

    while (mode < G_N_ELEMENTS(names) &&
           g_strcmp0(engine ? engine : DEFAULT_ENGINE, names[mode])) {
        mode++;
    }
    if (mode == G_N_ELEMENTS(names)) {
        *err = g_strdup_printf("engine=%s: give auto, jit or interp", engine);
        return false;
    }
    *jit = gpuvm_soft_jit_new((SoftJitMode)mode, err);
    return !*err;
}

static int soft_open(GpuvmGpu **out, const GpuvmGpuConfig *cfg, char **err)
{
    SoftJit *jit = NULL;
    SoftGpu *gpu;
    int ret;

    *err = NULL;
    if (cfg->mps > SOFT_MAX_MPS) {
        *err = g_strdup_printf("mps=%u: a GF100 has at most %d "
                               "multiprocessors", cfg->mps, SOFT_MAX_MPS);
        return -EINVAL;
    }
    if (!open_jit(cfg->engine, &jit, err)) {
        return -EINVAL;
    }
    gpu = g_new0(SoftGpu, 1);
    gpu->gpu.ops = &gpuvm_gpu_soft_ops;
    ret = gpuvm_arena_open(&gpu->arena, cfg->share, cfg->vram_size, err);
    if (ret) {
        gpuvm_soft_jit_free(jit);
        g_free(gpu);
        return ret;
    }
    gpuvm_soft_sections_init(&gpu->sections);
    g_mutex_init(&gpu->listeners_lock);
    g_mutex_init(&gpu->unknown_lock);
    gpu->unknown = g_hash_table_new(NULL, NULL);
    gpu->class_ids = list_classes();
    if (cfg->dump_code) {
        gpuvm_soft_program_set_dump(cfg->dump_code);
    }
    gpu->pool = gpuvm_soft_pool_new(gpu, cfg->threads, cfg->stepped);
    gpuvm_soft_pool_set_jit(gpu->pool, jit);
    gpu->mps = choose_mps(cfg->mps, gpuvm_soft_pool_threads(gpu->pool));
    gpuvm_soft_exec_start(gpu, cfg->stepped);
    *out = &gpu->gpu;
    return 0;
}

static void soft_close(GpuvmGpu *g)
{
    SoftGpu *gpu = gpuvm_soft_gpu(g);

    gpuvm_soft_exec_stop(gpu);
    gpuvm_soft_pool_free(gpu->pool);
    gpuvm_arena_close(gpu->arena);
    gpuvm_soft_sections_fini(&gpu->sections);
    g_hash_table_destroy(gpu->unknown);
    g_mutex_clear(&gpu->unknown_lock);
    g_mutex_clear(&gpu->listeners_lock);
    g_free(gpu->class_ids);
    g_free(gpu);
}

static void soft_info(GpuvmGpu *g, GpuvmGpuInfo *info)
{
    SoftGpu *gpu = gpuvm_soft_gpu(g);

    *info = (GpuvmGpuInfo) {
        .chipset = SOFT_CHIPSET,
        .vram_size = gpuvm_arena_vram_size(gpu->arena),
        .channels = SOFT_MAX_CHANNELS,
        .modes = GPUVM_MODE_FULL | GPUVM_MODE_PV | GPUVM_MODE_PVDRM,
        .mps = gpu->mps,
        .engines = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR) |
                   GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE0) |
                   GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE1) |
                   GPUVM_ENGINE_BIT(GPUVM_ENGINE_SW),
        .classes = gpu->class_ids,
    };
}

static int soft_slice_alloc(GpuvmGpu *gpu, uint64_t size, GpuvmSlice *slice,
                            char **err)
{
    return gpuvm_soft_vram_alloc(gpuvm_soft_gpu(gpu)->arena, size, slice,
                                 err);
}

static void soft_slice_free(GpuvmGpu *gpu, GpuvmSlice *slice)
{
    gpuvm_soft_vram_free(gpuvm_soft_gpu(gpu)->arena, slice);
}

static bool soft_step(GpuvmGpu *g)
{
    SoftGpu *gpu = gpuvm_soft_gpu(g);
    bool did = gpuvm_soft_exec_step(gpu);

    return gpuvm_soft_pool_step(gpu->pool) || did;
}

static GpuvmArena *soft_arena(GpuvmGpu *gpu)
{
    GpuvmArena *a = gpuvm_soft_gpu(gpu)->arena;

    return gpuvm_arena_shared(a) ? a : NULL;
}

unsigned gpuvm_soft_gpu_mps(SoftGpu *gpu)
{
    return gpu->mps;
}

SoftPool *gpuvm_soft_gpu_pool(SoftGpu *gpu)
{
    return gpu->pool;
}

int gpuvm_soft_bench_open(SoftBench *b, GpuvmHost *host, uint64_t size,
                          unsigned threads)
{
    GpuvmGpuConfig cfg = { .vram_size = size, .threads = threads };
    g_autofree char *err = NULL;
    GpuvmBind bind = {
        .va = SOFT_BENCH_VA, .size = size, .target = GPUVM_TARGET_VRAM,
        .page_size = SOFT_PAGE_SIZE,
    };
    int ret;

    *b = (SoftBench) { .va = SOFT_BENCH_VA };
    ret = soft_open(&b->gpu, &cfg, &err);
    if (ret) {
        return ret;
    }
    ret = soft_slice_alloc(b->gpu, size, &b->slice, &err);
    if (!ret) {
        ret = gpuvm_soft_as_create(b->gpu, &b->slice, host, &b->as);
    }
    if (!ret) {
        ret = gpuvm_soft_as_bind(b->as, &bind, 1);
    }
    if (ret) {
        gpuvm_soft_bench_close(b);
    }
    return ret;
}

void gpuvm_soft_bench_close(SoftBench *b)
{
    if (b->as) {
        gpuvm_soft_as_destroy(b->as);
    }
    if (b->slice.map) {
        soft_slice_free(b->gpu, &b->slice);
    }
    soft_close(b->gpu);
    *b = (SoftBench) { 0 };
}

const GpuvmGpuOps gpuvm_gpu_soft_ops = {
    .name = "soft",
    .open = soft_open,
    .close = soft_close,
    .info = soft_info,
    .arena = soft_arena,
    .step = soft_step,
    .slice_alloc = soft_slice_alloc,
    .slice_free = soft_slice_free,
    .as_create = gpuvm_soft_as_create,
    .as_bind = gpuvm_soft_as_bind,
    .as_unbind = gpuvm_soft_as_unbind,
    .as_flush = gpuvm_soft_as_flush,
    .as_destroy = gpuvm_soft_as_destroy,
    .chan_create = gpuvm_soft_chan_create,
    .chan_submit = gpuvm_soft_chan_submit,
    .chan_position = gpuvm_soft_chan_position,
    .chan_preempt = gpuvm_soft_chan_preempt,
    .chan_resume = gpuvm_soft_chan_resume,
    .chan_abort = gpuvm_soft_chan_abort,
    .chan_destroy = gpuvm_soft_chan_destroy,
    .chan_xfer = gpuvm_soft_chan_xfer,
};
