/*
 * A software GPU and a channel for fuzz targets; see gpu.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/classes.h"
#include "spec/pushbuf.h"

#define MIB         (1u << 20)
#define PATTERN     0xa5
#define MAX_RESUMES 16
#define STOP_US     5000000        /* an abort that takes longer is a hang */

static uint64_t inputs;

static void must(int ret, const char *err)
{
    if (ret) {
        fprintf(stderr, "set-up: %d %s\n", ret, err ? err : "");
        exit(2);
    }
}

void fuzz_neighbour_fill(const GpuvmSlice *s)
{
    memset(s->map, PATTERN, s->size);
}

void fuzz_neighbour_check(const GpuvmSlice *s, bool all)
{
    static uint8_t want[4096];
    const uint8_t *p = s->map;

    if (!want[0]) {
        memset(want, PATTERN, sizeof(want));
    }
    fuzz_check(!memcmp(p, want, 4096));
    fuzz_check(!memcmp(p + s->size - 4096, want, 4096));
    for (uint64_t off = 0; all && off < s->size; off += 4096) {
        fuzz_check(!memcmp(p + off, want, 4096));
    }
}

static void bind_all(FuzzGpu *g)
{
    const GpuvmBind binds[] = {
        { FUZZ_VA, FUZZ_VRAM, 0, GPUVM_TARGET_VRAM, 4096, 0, 0 },
        { FUZZ_VA_TILED, FUZZ_VRAM, 0, GPUVM_TARGET_VRAM, 131072, 0xfe, 0 },
        { FUZZ_VA_RAM, FUZZ_RAM_SIZE, FUZZ_RAM_BASE, GPUVM_TARGET_SYSRAM,
          4096, 0, 0 },
        { FUZZ_VA_RO, MIB, 0, GPUVM_TARGET_VRAM, 4096, 0,
          GPUVM_BIND_READ_ONLY },
        { FUZZ_VA_TOP, MIB, 0, GPUVM_TARGET_VRAM, 4096, 0, 0 },
    };

    must(g->gpu->ops->as_bind(g->as, binds, G_N_ELEMENTS(binds)), "bind");
}

void fuzz_gpu_open(FuzzGpu *g)
{
    GpuvmGpuConfig cfg = { .vram_size = FUZZ_VRAM + 2 * MIB,
                           .threads = 1,
                           .stepped = !fuzz_threads() };
    char *err = NULL;

    g->h = fuzz_host_new();
    g->gpu = gpuvm_gpu_open("soft", &cfg, &err);
    must(!g->gpu, err);
    must(g->gpu->ops->slice_alloc(g->gpu, MIB, &g->below, &err), err);
    must(g->gpu->ops->slice_alloc(g->gpu, FUZZ_VRAM, &g->slice, &err), err);
    must(g->gpu->ops->slice_alloc(g->gpu, MIB, &g->above, &err), err);
    fuzz_neighbour_fill(&g->below);
    fuzz_neighbour_fill(&g->above);
    must(g->gpu->ops->as_create(g->gpu, &g->slice, &g->h->host, &g->as), "as");
    g->mem = g->slice.map;
    bind_all(g);
}

void fuzz_gpu_clean(FuzzGpu *g)
{
    bool all = ++inputs % 256 == 0;

    fuzz_neighbour_check(&g->below, all);
    fuzz_neighbour_check(&g->above, all);
    fuzz_zero(g->mem, FUZZ_VRAM);
    fuzz_zero(g->h->ram, FUZZ_RAM_SIZE);
}

void fuzz_gpu_close(FuzzGpu *g)
{
    inputs = 255;
    fuzz_gpu_clean(g);
    g->gpu->ops->as_destroy(g->as);
    g->gpu->ops->slice_free(g->gpu, &g->below);
    g->gpu->ops->slice_free(g->gpu, &g->slice);
    g->gpu->ops->slice_free(g->gpu, &g->above);
    g->gpu->ops->close(g->gpu);
    fuzz_host_free(g->h);
}

void fuzz_gpu_work(GpuvmGpu *gpu)
{
    if (fuzz_threads()) {
        g_usleep(20);
    } else {
        gpu->ops->step(gpu);
    }
}

void fuzz_vm_work(GpuvmVm *vm, unsigned n)
{
    if (fuzz_threads() && n) {
        g_usleep(20 + n);
    }
    while (!fuzz_threads() && n-- && gpuvm_vm_step(vm)) {
    }
}

uint64_t fuzz_address(FuzzIn *in)
{
    static const uint64_t base[] = {
        FUZZ_VA, FUZZ_VA, FUZZ_VA_TILED, FUZZ_VA_RAM, FUZZ_VA_RO, FUZZ_VA_TOP,
    };
    uint8_t how = fuzz_u8(in);

    switch (how & 7) {
    case 6:
        return (uint64_t)fuzz_value(in) << 32 | fuzz_value(in);
    case 7:     /* near the end of a mapping */
        return (how & 8 ? FUZZ_VA + FUZZ_VRAM :
                how & 16 ? FUZZ_VA_RAM + FUZZ_RAM_SIZE : 1ull << 40) -
               fuzz_u8(in) * 16;
    default:
        return base[how & 7] + ((uint64_t)(how >> 3) << 12) + fuzz_u16(in);
    }
}

/* ---- a channel ------------------------------------------------------------------ */

static void on_event(void *opaque, const GpuvmGpuEvent *ev)
{
    FuzzChan *c = opaque;

    fuzz_check(!c->gone);
    if (ev->type == GPUVM_EV_STARTED) {
        c->stopped = false;
    } else if (ev->type == GPUVM_EV_STOPPED) {
        c->stop = ev->stop;
        c->stopped = true;
    }
}

void fuzz_chan_open(FuzzChan *c, FuzzGpu *g)
{
    static const struct { uint8_t subc, engine; uint16_t cls; } bind[] = {
        { FUZZ_3D, GPUVM_ENGINE_GR, GF100_CLASS_3D },
        { FUZZ_COMPUTE, GPUVM_ENGINE_GR, GF100_CLASS_COMPUTE },
        { FUZZ_M2MF, GPUVM_ENGINE_GR, GF100_CLASS_M2MF },
        { FUZZ_2D, GPUVM_ENGINE_GR, GF100_CLASS_2D },
        { FUZZ_CE0, GPUVM_ENGINE_CE0, GF100_CLASS_CE0 },
        { FUZZ_CE1, GPUVM_ENGINE_CE1, GF100_CLASS_CE1 },
        { FUZZ_SW, GPUVM_ENGINE_SW, GF100_CLASS_SW },
    };
    GpuvmGpuChanConfig cfg = { .event = on_event, .opaque = c };

    memset(c, 0, sizeof(*c));
    c->g = g;
    for (unsigned i = 0; i < G_N_ELEMENTS(bind); i++) {
        cfg.engines |= GPUVM_ENGINE_BIT(bind[i].engine);
    }
    must(g->gpu->ops->chan_create(g->as, &cfg, &c->chan), "channel");
    for (unsigned i = 0; i < G_N_ELEMENTS(bind); i++) {
        fuzz_chan_method(c, bind[i].subc, 0, bind[i].engine << 16 |
                         bind[i].cls);
    }
}

void fuzz_chan_word(FuzzChan *c, uint32_t w)
{
    if (c->at < FUZZ_PUSH_MAX) {
        w = GUINT32_TO_LE(w);
        memcpy(c->g->mem + FUZZ_PUSH_AT + (size_t)c->at++ * 4, &w, 4);
    }
}

void fuzz_chan_head(FuzzChan *c, unsigned type, unsigned subc, uint32_t mthd,
                    uint32_t n)
{
    fuzz_chan_word(c, nvc0_pb_header(type, subc, mthd, n));
}

void fuzz_chan_method(FuzzChan *c, unsigned subc, uint32_t mthd,
                      uint32_t data)
{
    fuzz_chan_head(c, NVC0_PB_TYPE_INCR, subc, mthd, 1);
    fuzz_chan_word(c, data);
}

/* Has the GPU work until it stops; false after @us. */
static bool wait_stop(FuzzChan *c, gint64 us)
{
    gint64 end = g_get_monotonic_time() + us;

    while (!c->stopped && g_get_monotonic_time() < end) {
        fuzz_gpu_work(c->g->gpu);
    }
    return c->stopped;
}

static bool goes_on(FuzzChan *c)
{
    return c->stop == GPUVM_STOP_SW_METHOD && c->resumes++ < MAX_RESUMES;
}

void fuzz_chan_run(FuzzChan *c, unsigned pushes, unsigned us)
{
    const GpuvmGpuOps *ops = c->g->gpu->ops;
    GpuvmPush p[64];
    unsigned n = CLAMP(pushes, 1, G_N_ELEMENTS(p)), i;
    uint32_t each = c->at / n;

    for (i = 0; i < n; i++) {
        p[i] = (GpuvmPush) {
            .va = FUZZ_VA + FUZZ_PUSH_AT + (uint64_t)i * each * 4,
            .dwords = i + 1 < n ? each : c->at - i * each,
        };
    }
    if (ops->chan_submit(c->chan, p, n)) {
        return;
    }
    while (wait_stop(c, us)) {
        if (!goes_on(c)) {
            return;
        }
        c->stopped = false;
        ops->chan_resume(c->chan);
    }
    ops->chan_abort(c->chan);
    fuzz_check(wait_stop(c, STOP_US));
}

void fuzz_chan_close(FuzzChan *c)
{
    c->g->gpu->ops->chan_destroy(c->chan);
    c->gone = true;
}
