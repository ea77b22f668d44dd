/*
 * One virtual machine's share of the GPU: VRAM slice, address spaces with
 * their shadows, apertures, channels and the worker thread that feeds the GPU.
 *
 * Threads: functions marked [device] are called under the device lock (QEMU's
 * big lock) by board/ or pv/ and never wait for the GPU, except those marked
 * [device, waits], which wait a bounded time.  The VM's worker does all
 * gpu.h operations that may block.  What the GPU reports is kept, coalesced
 * and bounded, until the device side collects it with gpuvm_vm_take_events().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_VGPU_VM_H
#define GPUVM_VGPU_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/host.h"
#include "base/xfer.h"
#include "gpu/gpu.h"
#include "sched/sched.h"

typedef struct GpuvmVm GpuvmVm;

#define GPUVM_VM_CHANNELS 128

/** Which BAR an aperture is. */
typedef enum GpuvmBar {
    GPUVM_BAR1,
    GPUVM_BAR3,
    GPUVM_BAR_COUNT
} GpuvmBar;

/**
 * GpuvmApertureOps - what shows an aperture to the guest; under the device
 * lock.  All offsets and sizes in bytes, multiples of 4 KiB.
 */
typedef struct GpuvmApertureOps {
    /** map - BAR range shows VRAM slice range [vram, vram+size). */
    bool (*map)(void *opaque, GpuvmBar bar, uint64_t off, uint64_t size,
                uint64_t vram);
    /** sink - BAR range shows the VM's sink page. */
    bool (*sink)(void *opaque, GpuvmBar bar, uint64_t off, uint64_t size);
    /** trap - the whole BAR traps (on) or shows what map() and sink() set. */
    void (*trap)(void *opaque, GpuvmBar bar, bool on);
} GpuvmApertureOps;

/**
 * GpuvmMapBudget - mappings (aperture runs) that several VMs of one process
 * may use together; under the device lock.
 */
typedef struct GpuvmMapBudget {
    unsigned max;
    unsigned used;
} GpuvmMapBudget;

/** GpuvmOnFault - what becomes of a VM whose channel ran away (runaway.c). */
typedef enum GpuvmOnFault {
    GPUVM_ON_FAULT_RESET_CHANNEL,   /* the channel fails, the VM goes on */
    GPUVM_ON_FAULT_STOP_VM,         /* the host stops the VM; nothing fails */
    GPUVM_ON_FAULT_BAR_VM,          /* all of its work fails from now on */
} GpuvmOnFault;

/** GpuvmRunaway - a channel that made no progress. */
typedef struct GpuvmRunaway {
    uint64_t seq;               /* counts them; 0: none yet */
    unsigned chid;
    uint64_t ns;                /* GPU time without progress */
    GpuvmOnFault action;
} GpuvmRunaway;

typedef struct GpuvmVmConfig {
    const char *name;           /* for logs */
    GpuvmGpu *gpu;
    GpuvmSched *sched;
    GpuvmHost *host;
    uint64_t vram_size;         /* bytes, multiple of 1 MiB */
    uint64_t bar_size[GPUVM_BAR_COUNT];
    const GpuvmApertureOps *aperture; /* NULL: apertures always trap */
    void *aperture_opaque;
    GpuvmMapBudget *map_shared; /* with other VMs; NULL: none */
    unsigned map_budget;        /* this VM's aperture runs; 0: no limit of its
                                   own (4096 without .map_shared) */
    bool shadow_eager;          /* sync in each flush, not before use */
    bool shadow_full;           /* shadow-diff=off: rebind everything */
    uint32_t weight;            /* scheduler weight, 1..1000; 0 = 100 */
    uint32_t cap;               /* percent of the GPU at most; 0 = no cap */
    uint64_t timeout_ns;        /* GPU time that one piece of a channel's work
                                 * may take; 0 = any */
    GpuvmOnFault on_fault;      /* when it takes longer */
    bool stepped;               /* no worker thread: gpuvm_vm_step(), or what
                                 * waits for the worker, does its work; .gpu
                                 * is stepped too */
} GpuvmVmConfig;

/** gpuvm_vm_new - slice, worker and idle channels; NULL with @err. */
GpuvmVm *gpuvm_vm_new(const GpuvmVmConfig *cfg, char **err);
/** gpuvm_vm_free - [device, waits] aborts everything, frees the slice. */
void gpuvm_vm_free(GpuvmVm *vm);
/**
 * gpuvm_vm_step - of a VM that is .stepped: one round of the worker and one
 * step of the GPU; false: there was nothing to do.  No lock held.
 */
bool gpuvm_vm_step(GpuvmVm *vm);
/** gpuvm_vm_reset - [device, waits] no channel, no address space, idle. */
void gpuvm_vm_reset(GpuvmVm *vm);
/** gpuvm_vm_slice - the VM's VRAM; constant while the VM lives. */
const GpuvmSlice *gpuvm_vm_slice(GpuvmVm *vm);
GpuvmHost *gpuvm_vm_host(GpuvmVm *vm);

/*
 * Live settings, any thread: weight (1..1000), cap (percent, 0 = none) and
 * timeout (nanoseconds of GPU time, 0 = any), see GpuvmVmConfig.
 */
void gpuvm_vm_set_weight(GpuvmVm *vm, uint32_t weight);
void gpuvm_vm_set_cap(GpuvmVm *vm, uint32_t cap);
void gpuvm_vm_set_timeout(GpuvmVm *vm, uint64_t ns);
void gpuvm_vm_set_on_fault(GpuvmVm *vm, GpuvmOnFault what);
/**
 * gpuvm_vm_set_barred - [any] a barred VM's work is refused: each channel that
 * has some fails.  A VM bars itself with GPUVM_ON_FAULT_BAR_VM; it stays so,
 * over resets too, until this lifts it.
 */
void gpuvm_vm_set_barred(GpuvmVm *vm, bool barred);
bool gpuvm_vm_barred(GpuvmVm *vm);
/** gpuvm_vm_runaway - [any] the last one; the host is notified of each. */
GpuvmRunaway gpuvm_vm_runaway(GpuvmVm *vm);
/** gpuvm_vm_share - its part of the GPU; any thread; false: no scheduler. */
bool gpuvm_vm_share(GpuvmVm *vm, GpuvmCoreShare *share);
/**
 * gpuvm_vm_table - all VMs of its GPU, and the slot that is its own; any
 * thread; false: no scheduler.
 */
bool gpuvm_vm_table(GpuvmVm *vm, GpuvmCoreTable *table, uint32_t *slot);

/** gpuvm_vm_alarm - [device] the host is notified in @ns, or sooner. */
void gpuvm_vm_alarm(GpuvmVm *vm, uint64_t ns);

/** gpuvm_vm_set_running - [device, waits] false: the GPU writes nothing. */
void gpuvm_vm_set_running(GpuvmVm *vm, bool running);

/* ---- saved state (state.c, docs/save-restore.md) ------------------------- */

/** gpuvm_vm_can_save - false with the reason, a sentence; g_free it. */
bool gpuvm_vm_can_save(GpuvmVm *vm, char **why);
/**
 * gpuvm_vm_xfer - [device, waits] all but the content of the slice: saves the
 * state of a VM that does not run, or replaces it by one that was saved.  The
 * slice's content and guest RAM are in place by then.  Errors are kept in @x;
 * after one in loading, reset the VM.
 */
void gpuvm_vm_xfer(GpuvmVm *vm, GpuvmXfer *x);
/**
 * gpuvm_vm_vram_next - [any] the first run of pages at or behind offset @from
 * in which something is not zero; its length, at most @max bytes, 0 = none.
 * Whole 4 KiB pages.
 */
uint64_t gpuvm_vm_vram_next(GpuvmVm *vm, uint64_t *from, uint64_t max);
/** gpuvm_vm_vram_clear - zeroes what is not zero in [off, off+len). */
void gpuvm_vm_vram_clear(GpuvmVm *vm, uint64_t off, uint64_t len);

/*
 * VRAM by slice offset, any size that fits; false (and zeros) when it does
 * not lie inside the slice.  Little-endian, any thread.
 */
bool gpuvm_vm_vram_read(GpuvmVm *vm, uint64_t off, void *buf, size_t len);
bool gpuvm_vm_vram_write(GpuvmVm *vm, uint64_t off, const void *buf,
                         size_t len);

/* ---- address spaces ---------------------------------------------------- */

/** gpuvm_vm_set_big_page - [device] large pages are 64 KiB, else 128 KiB. */
void gpuvm_vm_set_big_page(GpuvmVm *vm, bool is_64k);
/**
 * gpuvm_vm_tlb_flush - [device] what page directory @pdb (slice offset or
 * guest-physical by @target; @all: every one) describes has changed.
 * Apertures follow before it returns.
 */
void gpuvm_vm_tlb_flush(GpuvmVm *vm, uint64_t pdb, GpuvmTarget target,
                        bool all);
/** gpuvm_vm_tlb_pending - [device] a flush of a busy space is not done yet. */
bool gpuvm_vm_tlb_pending(GpuvmVm *vm);

/* ---- apertures (BAR1, BAR3) --------------------------------------------- */

/**
 * gpuvm_aperture_set - [device] the BAR's enable register was written: with
 * @vm_on the instance block at slice offset @inst gives its page directory,
 * else the BAR shows VRAM linearly.
 */
void gpuvm_aperture_set(GpuvmVm *vm, GpuvmBar bar, bool vm_on, uint64_t inst);
/** Trapped accesses, size 1, 2, 4 or 8; unmapped reads 0, drops writes. */
uint64_t gpuvm_aperture_read(GpuvmVm *vm, GpuvmBar bar, uint64_t off,
                             unsigned size);
void gpuvm_aperture_write(GpuvmVm *vm, GpuvmBar bar, uint64_t off,
                          uint64_t val, unsigned size);

/* ---- channels ------------------------------------------------------------ */

/**
 * gpuvm_chan_bind - [device] the channel's table entry became valid: reads
 * RAMFC once from the instance block at slice offset @inst.  A channel already
 * bound to another block is unbound first [waits].
 */
void gpuvm_chan_bind(GpuvmVm *vm, unsigned chid, uint64_t inst);
/** gpuvm_chan_unbind - [device, waits] aborts what is left and forgets it. */
void gpuvm_chan_unbind(GpuvmVm *vm, unsigned chid);
/** gpuvm_chan_set_runnable - [device] bit 0 of the channel's state word. */
void gpuvm_chan_set_runnable(GpuvmVm *vm, unsigned chid, bool runnable);
/** gpuvm_chan_set_runlist - [device] exactly these may run. */
void gpuvm_chan_set_runlist(GpuvmVm *vm, const uint8_t *chids, size_t n);
/** gpuvm_chan_kick - [device] stop it; done when gpuvm_chan_kicked(). */
void gpuvm_chan_kick(GpuvmVm *vm, unsigned chid);
bool gpuvm_chan_kicked(GpuvmVm *vm, unsigned chid);
/** gpuvm_chan_resume - [device] go on after a software method. */
void gpuvm_chan_resume(GpuvmVm *vm, unsigned chid);
/** gpuvm_chan_freeze - [device] engines that take no new work. */
void gpuvm_chan_freeze(GpuvmVm *vm, uint32_t engines);
/** gpuvm_chan_engine_reset - [device, waits] work on the engine is lost. */
void gpuvm_chan_engine_reset(GpuvmVm *vm, GpuvmEngine engine);
/** gpuvm_chan_pfifo_reset - [device, waits] every channel is unbound. */
void gpuvm_chan_pfifo_reset(GpuvmVm *vm);
/** gpuvm_chan_inst - [device] the instance block's slice offset, or ~0. */
uint64_t gpuvm_chan_inst(GpuvmVm *vm, unsigned chid);
/** gpuvm_chan_busy - [device] submitted work that is not finished. */
bool gpuvm_chan_busy(GpuvmVm *vm, unsigned chid);

/** USERD page of a channel: [device] @off below 0x1000, size 1, 2, 4, 8. */
uint64_t gpuvm_chan_userd_read(GpuvmVm *vm, unsigned chid, uint32_t off,
                               unsigned size);
void gpuvm_chan_userd_write(GpuvmVm *vm, unsigned chid, uint32_t off,
                            uint64_t val, unsigned size);

/* ---- events --------------------------------------------------------------- */

/** GpuvmVmEvents - what happened since the last take; bounded. */
typedef struct GpuvmVmEvents {
    uint32_t nonstall;          /* GPUVM_ENGINE_BIT()s */
    unsigned nfaults;           /* channels in .fault_chid, each once */
    uint8_t fault_chid[GPUVM_VM_CHANNELS];
    GpuvmFault fault[GPUVM_VM_CHANNELS];
    unsigned nsw;               /* software methods waiting, one a channel */
    uint8_t sw_chid[GPUVM_VM_CHANNELS];
    struct {
        uint8_t subc;
        uint32_t method;
        uint32_t data;
    } sw[GPUVM_VM_CHANNELS];
} GpuvmVmEvents;

/** gpuvm_vm_take_events - [device] true and filled if there were any. */
bool gpuvm_vm_take_events(GpuvmVm *vm, GpuvmVmEvents *ev);

#endif
