/*
 * Inside vgpu/: a virtual machine's objects, who owns each field, and the
 * calls between the files of this room.  docs/architecture.md tells threads
 * and lock order.
 *
 * Marks of ownership:
 *   (const)   set before the worker starts
 *   (dev)     device lock only
 *   (lock)    GpuvmVm.lock
 *   (ev)      GpuvmVm.ev_lock, a leaf lock
 *   (worker)  the worker thread only
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_VGPU_VM_PRIV_H
#define GPUVM_VGPU_VM_PRIV_H

#include <glib.h>
#include <pthread.h>

#include "vgpu/mem.h"
#include "vgpu/shadow.h"
#include "vgpu/vm.h"

/** Pushes of one channel that the GPU holds at most (gpu.h). */
#define VM_INFLIGHT_MAX     1024
/** Pushes handed over in one submission. */
#define VM_BATCH_MAX        256
/** Longest a device thread waits for the worker. */
#define VM_WAIT_NS          5000000000ull

/** VmAs - one page directory as an address space of the GPU. */
typedef struct VmAs {
    GpuvmPdb pdb;           /* (lock) followed at each sync */
    unsigned refs;          /* (lock) channels that name it */
    bool stale;             /* (lock) changed since the last sync */
    bool syncing;           /* (lock) the worker is at it */
    GpuvmGpuAs *gas;        /* (worker) NULL until first used */
    GpuvmShadow *shadow;    /* (worker) */
    void *batch;            /* (worker) binds on their way, as.c */
} VmAs;

/** VmPush - what is remembered of a push in flight, for GET. */
typedef struct VmPush {
    uint64_t va;
    uint64_t end;
    bool main;
} VmPush;

/** Where a channel stands, from the GPU's events. */
typedef enum VmStop {
    VM_STOP_NONE,           /* fresh, or just given work */
    VM_STOP_DONE,
    VM_STOP_HELD,           /* blocked, preempted, in a software method */
    VM_STOP_DEAD,           /* faulted or aborted */
} VmStop;

/** VmChan - one binding of a channel id to an instance block. */
typedef struct VmChan {
    GpuvmVm *vm;            /* (const) */
    unsigned chid;          /* (const) */
    uint64_t inst;          /* (const) slice offset */
    uint64_t userd;         /* (const) slice offset of the USERD page */
    bool userd_ok;          /* (const) it lies inside the slice */
    uint64_t ring_va;       /* (const) */
    uint32_t ring_mask;     /* (const) entries - 1 */
    VmAs *as;               /* (lock) */
    GpuvmGpuChan *gch;      /* (lock) set and cleared by the worker */

    uint32_t gp_base;       /* (lock) ring index of push 0 */
    uint32_t gp_put;        /* (lock) */
    uint64_t submitted;     /* (lock) pushes handed over since bind */
    VmPush log[VM_INFLIGHT_MAX];    /* (lock) by push number */
    uint64_t scanned;       /* (lock) pushes .get_va takes into account */
    uint64_t get_va;        /* (lock) end of the last main segment */
    bool main_seen;         /* (lock) a push lay in nouveau's main buffer */

    bool dead;              /* (lock) faulted, aborted, or being unbound */
    bool retire;            /* (lock) the worker destroys .gch, not the rest */
    bool preempted;         /* (lock) by us; chan_resume() is due */
    bool kick_req;          /* (lock) the worker shall stop it */
    bool kick_hold;         /* (lock) stays stopped until seen or woken */
    bool sw_resume;         /* (lock) the software method was dealt with */
    bool retry;             /* (lock) the GPU's queue had no room */

    GpuvmPosition mark;     /* (worker) position when it last moved on */
    uint64_t mark_ns;       /* (worker) .run_ns back then */

    bool running;           /* (ev) between STARTED and STOPPED */
    uint64_t run_start;     /* (ev) time stamp of STARTED */
    uint64_t run_ns;        /* (ev) GPU time until the last STOPPED */
    VmStop stop;            /* (ev) */
    bool sw_wait;           /* (ev) stands in a software method */
    bool sw_pending;        /* (ev) not taken yet */
    uint8_t sw_subc;        /* (ev) */
    uint32_t sw_method;     /* (ev) */
    uint32_t sw_data;       /* (ev) */
    bool fault_pending;     /* (ev) not taken yet */
    bool faulted;           /* (ev) */
    GpuvmFault fault;       /* (ev) the first */
} VmChan;

/** VmSlot - what belongs to a channel id, bound or not. */
typedef struct VmSlot {
    VmChan *chan;           /* (lock) NULL: unbound */
    bool runnable;          /* (lock) */
    bool in_runlist;        /* (lock) */
} VmSlot;

/** VmAperture - BAR1 or BAR3; (dev). */
typedef struct VmAperture {
    bool vm_on;
    uint64_t inst;
    GpuvmPdb pdb;           /* as last read */
    GpuvmShadow *shadow;
    GpuvmShadowBudget budget;
    uint32_t pages;         /* of 4 KiB */
    uint32_t *want;         /* by page: slice page number or APERTURE_SINK */
    unsigned runs;          /* contiguous runs in .want */
    unsigned held;          /* runs shown, as counted in the budgets */
    bool trapped;           /* over budget, or map() failed */
    bool shown;             /* the device was told of .want once */
    GArray *changed;        /* ranges of pages of the sync that goes on */
} VmAperture;

struct GpuvmVm {
    GpuvmVmConfig cfg;      /* (const), but .timeout_ns (lock) */
    char *name;             /* (const) */
    GpuvmGpu *gpu;          /* (const) */
    GpuvmHost *host;        /* (const) */
    GpuvmSlice slice;       /* (const) */
    GpuvmMem mem;           /* (const) */
    uint32_t engines;       /* (const) what channels may reach */
    GpuvmSchedVm *sched_vm; /* (const) */
    VmAperture aperture[GPUVM_BAR_COUNT];

    pthread_mutex_t lock;
    pthread_cond_t done;           /* with .lock: the worker finished something */
    VmSlot slot[GPUVM_VM_CHANNELS];
    GSList *spaces;         /* (lock) VmAs */
    GSList *dying;          /* (lock) VmChan to destroy */
    bool is_64k;            /* (lock) */
    bool running;           /* (lock) */
    GpuvmOnFault on_fault;  /* (lock) */
    bool barred;            /* (lock) */
    GpuvmRunaway runaway;   /* (lock) the last */
    uint32_t frozen;        /* (lock) engines */
    uint64_t req_seq;       /* (lock) requests made */
    uint64_t done_seq;      /* (lock) requests served */
    uint64_t alarm_ns;      /* (lock) when to notify the host; 0 = not */
    bool quit;              /* (lock) */
    void (*job)(GpuvmVm *vm, void *arg);    /* (lock) for the worker */
    void *job_arg;          /* (lock) */

    pthread_t worker;
    GpuvmShadowBudget budget;   /* (worker) */
    bool turn;              /* (worker) holds the scheduler's turn */
    bool asked;             /* (worker) was cancelled while it waited for it */
    bool turn_used;         /* (worker) and gave work to the GPU in it */
    uint64_t turn_start;    /* (worker) */
    bool yielding;          /* (lock) stops all to let others have the turn */
    unsigned next;          /* (worker) round robin */
    GpuvmPush batch[VM_BATCH_MAX];  /* (worker) */
    bool cancel;            /* atomic: leave gpuvm_sched_acquire() */

    pthread_mutex_t ev_lock;
    pthread_cond_t wake;           /* with .ev_lock */
    bool wake_set;          /* (ev) */
    unsigned nrunning;      /* (ev) channels between STARTED and STOPPED */
    uint64_t busy_start;    /* (ev) */
    uint64_t busy_ns;       /* (ev) not charged yet */
    uint32_t nonstall;      /* (ev) */
};

/* ---- worker.c --------------------------------------------------------------- */

void gpuvm_worker_start(GpuvmVm *vm);
/** gpuvm_worker_stop - every channel is on the dying list; joins it. */
void gpuvm_worker_stop(GpuvmVm *vm);
/** gpuvm_worker_wake - there may be work; any thread, any lock but ev_lock. */
void gpuvm_worker_wake(GpuvmVm *vm);
/**
 * gpuvm_worker_request - .lock held: something that must not wait for the
 * turn was asked for.  Returns its number, for _wait.
 */
uint64_t gpuvm_worker_request(GpuvmVm *vm);
/** gpuvm_worker_wait - .lock held, bounded: false when it took too long. */
bool gpuvm_worker_wait(GpuvmVm *vm, uint64_t seq);

/** gpuvm_worker_retire - worker, .lock held, dropped meanwhile: destroys the
 *  GPU's side of a channel that failed; its positions stay. */
void gpuvm_worker_retire(GpuvmVm *vm, VmChan *c);
/**
 * gpuvm_worker_do - .lock held: has the worker call @job, once all channels
 * that may not run stand, and waits for it; false: it did not get to it.  The
 * lock is held in the job, which may drop it.
 */
bool gpuvm_worker_do(GpuvmVm *vm, void (*job)(GpuvmVm *vm, void *arg),
                     void *arg);

/** gpuvm_vm_wait - waits on @cond with @lock until @end_ns (monotonic);
 *  UINT64_MAX = for ever; false on time-out. */
bool gpuvm_vm_wait(pthread_cond_t *cond, pthread_mutex_t *lock,
                   uint64_t end_ns);
/** gpuvm_vm_now - monotonic nanoseconds of the host. */
uint64_t gpuvm_vm_now(void);

/* ---- runaway.c -------------------------------------------------------------- */

/** gpuvm_runaway_fail - .lock held: fails, with a time-out as its reason. */
void gpuvm_runaway_fail(VmChan *c);
/** gpuvm_runaway - .lock held: @c made no progress in @ns of GPU time; false
 *  if it is to go on. */
bool gpuvm_runaway(VmChan *c, uint64_t ns);
/** gpuvm_runaway_refuse - .lock held: fails @c if the VM is barred and it has
 *  work; whether it did. */
bool gpuvm_runaway_refuse(VmChan *c);

/* ---- as.c ---------------------------------------------------------------------- */

/** gpuvm_as_get - .lock held: the space of @pdb, made if need be. */
VmAs *gpuvm_as_get(GpuvmVm *vm, const GpuvmPdb *pdb);
/** gpuvm_as_put - .lock held: the worker frees it when it was the last. */
void gpuvm_as_put(VmAs *as);
/** gpuvm_as_mark - .lock held: those of @pdb are stale; true if one of them
 *  is to be synchronised at once. */
bool gpuvm_as_mark(GpuvmVm *vm, const GpuvmPdb *pdb, bool all);
/** gpuvm_as_urgent - .lock held: stale and not to wait for a submission. */
bool gpuvm_as_urgent(GpuvmVm *vm, const VmAs *as);
/** gpuvm_as_follow - .lock held: reads @c's directory pointer again. */
void gpuvm_as_follow(VmChan *c);
/** gpuvm_as_create - worker, .lock held, dropped meanwhile: its GPU side. */
bool gpuvm_as_create(GpuvmVm *vm, VmAs *as);
/** gpuvm_as_sync - worker, .lock held, dropped meanwhile. */
void gpuvm_as_sync(GpuvmVm *vm, VmAs *as);
/** gpuvm_as_destroy - worker, .lock held, dropped meanwhile; refs is 0. */
void gpuvm_as_destroy(GpuvmVm *vm, VmAs *as);

/* ---- aperture.c ------------------------------------------------------------------ */

void gpuvm_aperture_init(GpuvmVm *vm, GpuvmBar bar);
void gpuvm_aperture_fini(GpuvmVm *vm, GpuvmBar bar);
/** gpuvm_aperture_flush - [device] follows its tables if they are @pdb's. */
void gpuvm_aperture_flush(GpuvmVm *vm, GpuvmBar bar, const GpuvmPdb *pdb,
                          bool all);

/* ---- channel.c ------------------------------------------------------------------- */

/** gpuvm_chan_unbind_all - [device, waits] every channel. */
void gpuvm_chan_unbind_all(GpuvmVm *vm);
/** gpuvm_chan_eligible - .lock held: may run now (freezing aside). */
bool gpuvm_chan_eligible(const VmChan *c);
/** gpuvm_chan_in_flight - .lock held: pushes handed over and not consumed,
 *  or engine work that is not complete. */
bool gpuvm_chan_in_flight(VmChan *c);
/** gpuvm_chan_active - .lock held: in flight and using the GPU, not held. */
bool gpuvm_chan_active(VmChan *c);
/** gpuvm_chan_fail - .lock held: a fault found here; it runs no more. */
void gpuvm_chan_fail(VmChan *c, const GpuvmFault *fault);

/* ---- gpfifo.c ---------------------------------------------------------------------- */

/** gpuvm_gpfifo_done - .lock held: pushes consumed, from the GPU. */
uint64_t gpuvm_gpfifo_done(VmChan *c, GpuvmPosition *pos);
/** gpuvm_gpfifo_waiting - .lock held: entries that were not read yet. */
uint32_t gpuvm_gpfifo_waiting(const VmChan *c);
/** gpuvm_gpfifo_room - .lock held: how many pushes the GPU can take. */
uint32_t gpuvm_gpfifo_room(VmChan *c);
/** gpuvm_gpfifo_settle - .lock held: before .gch goes and the channel stays
 *  bound; GP_GET and GET keep their values. */
void gpuvm_gpfifo_settle(VmChan *c);
/** gpuvm_gpfifo_gp_get - .lock held. */
uint32_t gpuvm_gpfifo_gp_get(VmChan *c);
/** gpuvm_gpfifo_get_va - .lock held: GET as the guest's driver expects it. */
uint64_t gpuvm_gpfifo_get_va(VmChan *c);
/**
 * gpuvm_gpfifo_fetch - worker, .lock held: reads up to @n entries into
 * vm->batch and the log; returns how many.  A ring that is not mapped is a
 * fault of the channel, and none.
 */
size_t gpuvm_gpfifo_fetch(VmChan *c, size_t n);

/* ---- channel.c, for state.c ---------------------------------------------------------- */

/** gpuvm_chan_alloc - .lock held: an object for @chid, bound to nothing yet. */
VmChan *gpuvm_chan_alloc(GpuvmVm *vm, unsigned chid, uint64_t inst,
                         const GpuvmPdb *pdb);

/* ---- userd.c ------------------------------------------------------------------------- */

/** gpuvm_userd_load - GP_GET, GP_PUT and GET from memory at bind. */
void gpuvm_userd_load(VmChan *c);
/** gpuvm_userd_save - .lock held: back to memory at kick and unbind. */
void gpuvm_userd_save(VmChan *c);

/* ---- events.c ---------------------------------------------------------------------------- */

/** gpuvm_events_handler - GpuvmGpuEventFn; @opaque is the VmChan. */
void gpuvm_events_handler(void *opaque, const GpuvmGpuEvent *ev);
/** gpuvm_events_fault - a fault found in vgpu/ itself; .lock may be held. */
void gpuvm_events_fault(VmChan *c, const GpuvmFault *fault);
/** VmChanState - a snapshot of the (ev) fields. */
typedef struct VmChanState {
    bool running;
    bool sw_wait;
    bool faulted;
    VmStop stop;
} VmChanState;

VmChanState gpuvm_events_state(VmChan *c);
/** gpuvm_events_restart - before submit (@resumed false) or resume. */
void gpuvm_events_restart(VmChan *c, bool resumed);
/** gpuvm_events_forget - before @c is freed: it no longer counts as running. */
void gpuvm_events_forget(VmChan *c);
/** gpuvm_events_run_ns - GPU time of @c until @now (monotonic). */
uint64_t gpuvm_events_run_ns(VmChan *c, uint64_t now);
/** gpuvm_events_take_busy - GPU time since the last call, nanoseconds, with
 *  what the GPU used for the VM beside its channels (GpuvmHost.owed_ns). */
uint64_t gpuvm_events_take_busy(GpuvmVm *vm);

#endif
