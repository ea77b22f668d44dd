/*
 * Private to the software GPU's own units (soft, as, tlb, section, vram, chan,
 * exec, pbdma): the layout of SoftGpu, its locks and what they protect.
 *
 * Lock order, outer first:
 *   listeners_lock -> SoftAs.lock
 *   lock (executor and channels); never held together with the others
 *   section_lock (leaf), the arena's (leaf), unknown_lock (leaf)
 * A pause is awaited with no lock held but listeners_lock, which no thread
 * takes inside a section.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_SOFT_PRIV_H
#define GPUVM_SOFT_SOFT_PRIV_H

#include <glib.h>

#include "arena/arena.h"
#include "soft/compute.h"
#include "soft/engine.h"
#include "soft/soft.h"

/** Channels that may exist at once: GF100's own number of channel ids is 128;
 *  several virtual machines share this GPU. */
#define SOFT_MAX_CHANNELS 1024

/* vram.c */
int gpuvm_soft_vram_alloc(GpuvmArena *a, uint64_t size, GpuvmSlice *slice,
                          char **err);
void gpuvm_soft_vram_free(GpuvmArena *a, GpuvmSlice *slice);

/** SoftSections - who is inside a section, and who wants everybody out. */
typedef struct SoftSections {
    _Atomic uint32_t attention; /* pausers; not 0: stay out */
    _Atomic uint32_t active;    /* threads inside */
    GMutex lock;                /* for the two conditions */
    GCond idle;                 /* active became 0 */
    GCond go_on;                /* attention became 0 */
} SoftSections;

void gpuvm_soft_sections_init(SoftSections *s);
void gpuvm_soft_sections_fini(SoftSections *s);
/** gpuvm_soft_section_others - threads inside, the caller not counted. */
uint32_t gpuvm_soft_section_others(SoftGpu *gpu);

struct SoftGpu {
    GpuvmGpu gpu;               /* first: GpuvmGpu * and SoftGpu * convert */
    GpuvmArena *arena;          /* VRAM, and who shares it */
    SoftSections sections;
    SoftPool *pool;
    unsigned mps;
    uint16_t *class_ids;        /* 0-terminated, for info() */

    GMutex listeners_lock;
    GSList *listeners;          /* of SoftListener, one a host */

    /* The executor (exec.c); all below is under lock. */
    GMutex lock;
    GCond wake;                 /* the executor has something to look at */
    GCond changed;              /* a channel changed state */
    GThread *executor;
    GPtrArray *chans;
    guint cursor;               /* round robin: next index in chans */
    bool quit;
    uint64_t releases;          /* semaphore releases executed */
    bool stepped;               /* no threads, GpuvmGpuOps.step() */
    unsigned step_polls;        /* stepped: that this step may still make */

    GMutex unknown_lock;
    GHashTable *unknown;        /* class << 16 | method, already logged */
};

/** gpuvm_soft_exec_start - with @stepped there is no thread, see _step(). */
int gpuvm_soft_exec_start(SoftGpu *gpu, bool stepped);
/** gpuvm_soft_exec_step - does one thing for one channel; false: none wants. */
bool gpuvm_soft_exec_step(SoftGpu *gpu);
/**
 * gpuvm_soft_exec_wait - SoftGpu.lock held, dropped meanwhile: returns when a
 * channel may have changed.
 */
void gpuvm_soft_exec_wait(SoftGpu *gpu);
void gpuvm_soft_exec_stop(SoftGpu *gpu);

/* as.c, the operations of gpu.h */
int gpuvm_soft_as_create(GpuvmGpu *gpu, const GpuvmSlice *slice,
                         GpuvmHost *host, GpuvmGpuAs **as);
int gpuvm_soft_as_bind(GpuvmGpuAs *as, const GpuvmBind *binds, size_t n);
void gpuvm_soft_as_unbind(GpuvmGpuAs *as, uint64_t va, uint64_t size);
void gpuvm_soft_as_flush(GpuvmGpuAs *as);
void gpuvm_soft_as_destroy(GpuvmGpuAs *as);

#endif
