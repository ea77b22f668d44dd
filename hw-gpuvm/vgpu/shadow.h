/*
 * Shadow of one guest page directory: private copies of its tables, compared
 * with the guest's at each sync; what changed goes to a sink.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_VGPU_SHADOW_H
#define GPUVM_VGPU_SHADOW_H

#include "vgpu/pagetable.h"

typedef struct GpuvmShadow GpuvmShadow;

/** Bytes of private copies that one VM's address spaces may use. */
#define GPUVM_SHADOW_BUDGET     (32u << 20)
/** Bytes of guest tables that one sync reads at most. */
#define GPUVM_SHADOW_SCAN_MAX   (128u << 20)

/** GpuvmShadowBudget - shared by the shadows of one thread. */
typedef struct GpuvmShadowBudget {
    size_t used;
    size_t max;
} GpuvmShadowBudget;

/** GpuvmShadowSink - told of merged runs, in no particular order of VA. */
typedef struct GpuvmShadowSink {
    /** bind - @run replaces what was there; inside the slice or RAM. */
    void (*bind)(void *opaque, const GpuvmBind *run);
    /** unbind - nothing is there now; may not have been before either. */
    void (*unbind)(void *opaque, uint64_t va, uint64_t size);
    void *opaque;
} GpuvmShadowSink;

typedef struct GpuvmShadowConfig {
    const GpuvmMem *mem;
    const GpuvmPtMode *mode;
    uint64_t limit;             /* addresses from here on are not read */
    GpuvmShadowBudget *budget;
    GpuvmShadowSink sink;
    bool check_ram;             /* ask ram_map() before binding RAM */
} GpuvmShadowConfig;

/** GpuvmShadowStats - what the last sync did. */
typedef struct GpuvmShadowStats {
    uint64_t tables;            /* tables read */
    uint64_t entries;           /* entries that had changed */
    uint64_t told;              /* entries that the sink was told of */
    uint64_t refused;           /* entries or tables not taken */
} GpuvmShadowStats;

/*
 * A shadow belongs to one thread (or lock) of its owner's; nothing here locks.
 */
GpuvmShadow *gpuvm_shadow_new(const GpuvmShadowConfig *cfg);
/** gpuvm_shadow_free - tells the sink nothing. */
void gpuvm_shadow_free(GpuvmShadow *s);
/** gpuvm_shadow_set_mode - other large pages: forgets and unbinds all. */
void gpuvm_shadow_set_mode(GpuvmShadow *s, const GpuvmPtMode *mode);
/**
 * gpuvm_shadow_sync - makes the sink's view that of the tables below @pdb.
 * @full: tell of every entry of every table, changed or not.
 */
void gpuvm_shadow_sync(GpuvmShadow *s, const GpuvmPdb *pdb, bool full);
/**
 * gpuvm_shadow_lookup - translates by the private copy; what lies outside the
 * slice is not there.  False with a NVC0_FAULT_REASON_*.
 */
bool gpuvm_shadow_lookup(const GpuvmShadow *s, uint64_t va, GpuvmPtHit *hit,
                         uint32_t *reason);
const GpuvmShadowStats *gpuvm_shadow_stats(const GpuvmShadow *s);

#endif
