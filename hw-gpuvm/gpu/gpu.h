/*
 * The physical GPU: the one interface between a virtual GPU (vgpu/, native/)
 * and whatever finally executes its commands.
 *
 * It stands at the level that every GPU here shares: VRAM slices, address
 * spaces and channels.  A channel's command stream is GF100 pushbuffers.  The
 * conformance test (tests/unit/conformance.c) is run on every implementation;
 * the interface is what that test says.
 *
 * Threads: position(), abort() and info() never block and may be called while
 * a submission runs, from any thread.  All other operations may block (a
 * kernel driver below can hold one for seconds) and belong to one thread per
 * virtual machine, its worker.  Events come on a thread of the GPU's own, with
 * no lock of the GPU held that an operation needs; a handler may call
 * position() and abort() only, and should be short.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_GPU_GPU_H
#define GPUVM_GPU_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/host.h"

struct GpuvmArena;      /* arena/arena.h */
struct GpuvmXfer;       /* base/xfer.h */

typedef struct GpuvmGpu GpuvmGpu;
typedef struct GpuvmGpuAs GpuvmGpuAs;
typedef struct GpuvmGpuChan GpuvmGpuChan;

/** Engines a channel may reach; bits of GpuvmGpuChanConfig.engines. */
typedef enum GpuvmEngine {
    GPUVM_ENGINE_GR = 0,
    GPUVM_ENGINE_CE0 = 4,   /* numbers are SET_OBJECT's engine ids */
    GPUVM_ENGINE_CE1 = 5,
    GPUVM_ENGINE_SW = 31,
} GpuvmEngine;
#define GPUVM_ENGINE_BIT(e) (1u << (e))

/** Ways to virtualise that a GPU can serve. */
#define GPUVM_MODE_FULL   (1u << 0)
#define GPUVM_MODE_PV     (1u << 1)
#define GPUVM_MODE_PVDRM  (1u << 2)

/** GpuvmGpuInfo - constant while the GPU is open. */
typedef struct GpuvmGpuInfo {
    uint32_t chipset;       /* 0xc0 = GF100 */
    uint64_t vram_size;     /* bytes, all slices together */
    uint32_t channels;      /* how many may exist at once */
    uint32_t modes;         /* GPUVM_MODE_* */
    uint32_t mps;           /* multiprocessors that compute is spread over */
    uint32_t engines;       /* GPUVM_ENGINE_BIT() of those present */
    const uint16_t *classes;/* object classes, 0 ends the list */
} GpuvmGpuInfo;

/** GpuvmGpuConfig - what open() is told; fields a GPU has no use for are 0. */
typedef struct GpuvmGpuConfig {
    uint64_t vram_size;     /* bytes; a multiple of 1 MiB */
    unsigned threads;       /* compute worker threads, 0 = one per host core */
    const char *share;      /* arena name, NULL = private */
    unsigned mps;           /* multiprocessors shown, 1..16; 0 = by threads */
    const char *dump_code;  /* programs are written here, disassembled; or
                               NULL; kept by the caller */
    const char *engine;     /* of shaders: "interp", "auto", "jit"; NULL: the
                               default */
    bool stepped;           /* no threads: step() does the work, and what waits
                               for work does it itself; for fuzzers and tests
                               that want the same order each time */
} GpuvmGpuConfig;

/** GpuvmSlice - one VM's part of VRAM, zeroed when handed out. */
typedef struct GpuvmSlice {
    uint64_t base;          /* offset in the GPU's VRAM, bytes */
    uint64_t size;          /* bytes */
    int fd;                 /* memory behind it, -1 where the CPU cannot map */
    uint64_t fd_offset;     /* where the slice starts in fd */
    void *map;              /* the slice mapped read-write here, or NULL */
} GpuvmSlice;

/** What a range of GPU virtual addresses is backed by. */
typedef enum GpuvmTarget {
    GPUVM_TARGET_VRAM = 0,  /* addr: offset in the address space's slice */
    GPUVM_TARGET_SYSRAM,    /* addr: guest-physical address, by the host */
} GpuvmTarget;

#define GPUVM_BIND_READ_ONLY  (1u << 0)
#define GPUVM_BIND_PRIV       (1u << 1)  /* context buffers: not for shaders */
#define GPUVM_BIND_VOLATILE   (1u << 2)

/** GpuvmBind - one contiguous run; va, addr and size in bytes, 4 KiB units. */
typedef struct GpuvmBind {
    uint64_t va;
    uint64_t size;
    uint64_t addr;
    GpuvmTarget target;
    uint32_t page_size;     /* 4096, 65536 or 131072: what the guest used */
    uint8_t kind;           /* storage kind of the PTE (0 = pitch) */
    uint32_t flags;         /* GPUVM_BIND_* */
} GpuvmBind;

/** GpuvmPush - one stretch of commands, as a GPFIFO entry names it. */
typedef struct GpuvmPush {
    uint64_t va;            /* GPU virtual address, bytes, 4-aligned */
    uint32_t dwords;        /* 0 is allowed and consumed at once */
    uint32_t flags;         /* GPUVM_PUSH_* */
} GpuvmPush;
#define GPUVM_PUSH_NO_PREFETCH (1u << 0)  /* fetch when reached, not before */

/** GpuvmPosition - how far a channel came; a snapshot. */
typedef struct GpuvmPosition {
    uint64_t pushes_done;   /* pushes wholly consumed since create */
    uint64_t pushes_given;  /* by submit(), consumed or not; what a fault or an
                               abort dropped is not counted */
    uint64_t get_va;        /* fetch address: end of the last fetched word */
    uint32_t ref;           /* SET_REFERENCE's last value */
} GpuvmPosition;

/** Why a channel stopped. */
typedef enum GpuvmStop {
    GPUVM_STOP_DONE,        /* all pushes consumed and their work complete */
    GPUVM_STOP_BLOCKED,     /* in a semaphore acquire that failed */
    GPUVM_STOP_PREEMPTED,   /* preempt() */
    GPUVM_STOP_FAULTED,     /* an error; only destroy() is left */
    GPUVM_STOP_SW_METHOD,   /* waits for resume() after a software method */
    GPUVM_STOP_ABORTED,     /* abort() */
} GpuvmStop;

/** The kinds of error a command stream can raise. */
typedef enum GpuvmFaultKind {
    GPUVM_FAULT_MMU,        /* va, reason, unit, client, write, gpc */
    GPUVM_FAULT_PBDMA,      /* bits: PBDMA_INTR bits; addr/data: method */
    GPUVM_FAULT_GR_METHOD,  /* ILLEGAL_MTHD: class, subc, method, data */
    GPUVM_FAULT_GR_CLASS,   /* ILLEGAL_CLASS: class in data */
    GPUVM_FAULT_GR_DATA,    /* DATA_ERROR: code in reason */
    GPUVM_FAULT_GR_TRAP,    /* shader trap: va = PC, reason = GpuvmTrap */
    GPUVM_FAULT_CE,         /* copy engine: reason 1 method 2 enum 3 bits */
} GpuvmFaultKind;

/** GpuvmFault.reason of GPUVM_FAULT_GR_TRAP. */
typedef enum GpuvmTrap {
    GPUVM_TRAP_ILLEGAL_INSTR = 1,
    GPUVM_TRAP_STACK,           /* divergence or call stack over- or underflow */
    GPUVM_TRAP_MISALIGNED,
    GPUVM_TRAP_SHARED_RANGE,    /* s[] or l[] out of range */
    GPUVM_TRAP_BARRIER,         /* bar under divergence, or bad id */
    GPUVM_TRAP_LAUNCH,          /* launch parameters out of range */
    GPUVM_TRAP_TIMEOUT,
} GpuvmTrap;

/** GpuvmFault - numbers are the hardware's (spec/fault.h). */
typedef struct GpuvmFault {
    GpuvmFaultKind kind;
    GpuvmEngine engine;
    uint64_t va;
    uint32_t reason;
    uint8_t unit;           /* MMU fault unit */
    uint8_t client;
    uint8_t gpc;
    bool hub;               /* a hub client, else a GPC's */
    bool write;
    uint8_t subc;
    uint16_t cls;
    uint32_t bits;
    uint32_t method;        /* byte address */
    uint32_t data;
} GpuvmFault;

typedef enum GpuvmGpuEventType {
    GPUVM_EV_STARTED,       /* the channel's work began (again) */
    GPUVM_EV_STOPPED,       /* .stop */
    GPUVM_EV_NONSTALL,      /* .engine: non-stall interrupt method */
    GPUVM_EV_FAULT,         /* .fault; a STOPPED (FAULTED) follows */
    GPUVM_EV_SW_METHOD,     /* .sw; a STOPPED (SW_METHOD) follows */
} GpuvmGpuEventType;

typedef struct GpuvmGpuEvent {
    GpuvmGpuEventType type;
    uint64_t ns;            /* GPU time stamp, host monotonic nanoseconds */
    union {
        GpuvmStop stop;
        GpuvmEngine engine;
        GpuvmFault fault;
        struct {
            uint8_t subc;
            uint32_t method;
            uint32_t data;
        } sw;
    };
} GpuvmGpuEvent;

typedef void GpuvmGpuEventFn(void *opaque, const GpuvmGpuEvent *ev);

typedef struct GpuvmGpuChanConfig {
    uint32_t engines;       /* GPUVM_ENGINE_BIT()s it may reach */
    GpuvmGpuEventFn *event;
    void *opaque;
} GpuvmGpuChanConfig;

/**
 * GpuvmGpuOps - one GPU implementation.  Calls return 0 or a negative errno;
 * set-up calls fill @err (g_free it) with a sentence for the user.
 */
typedef struct GpuvmGpuOps {
    const char *name;
    /** open - @err says what is missing and how to get it. */
    int (*open)(GpuvmGpu **gpu, const GpuvmGpuConfig *cfg, char **err);
    /** close - after every channel, address space and slice has gone. */
    void (*close)(GpuvmGpu *gpu);
    void (*info)(GpuvmGpu *gpu, GpuvmGpuInfo *info);
    /**
     * arena - optional (NULL: no process shares this GPU).  What the GPU has
     * in common with other processes, where the scheduler must live too; NULL
     * if it is private.
     */
    struct GpuvmArena *(*arena)(GpuvmGpu *gpu);
    /**
     * step - optional.  A GPU opened as .stepped does one bounded piece of its
     * work; false: there was none.  A channel whose one method is a lot of
     * work (some MiB copied) is aborted.  All calls of such a GPU, and of the VMs on
     * it, come from one thread.
     */
    bool (*step)(GpuvmGpu *gpu);

    /** slice_alloc - @size bytes of zeroed VRAM; -ENOSPC with a reason. */
    int (*slice_alloc)(GpuvmGpu *gpu, uint64_t size, GpuvmSlice *slice,
                       char **err);
    void (*slice_free)(GpuvmGpu *gpu, GpuvmSlice *slice);

    /** as_create - 40-bit space over @slice and @host's RAM; both outlive it. */
    int (*as_create)(GpuvmGpu *gpu, const GpuvmSlice *slice, GpuvmHost *host,
                     GpuvmGpuAs **as);
    /**
     * as_bind - maps @n runs, replacing what was there.  A run that reaches
     * outside the slice or RAM is left unmapped, counted in SHADOW_REFUSED,
     * and the rest is done; -ENOMEM when over the GPU's own budget.
     */
    int (*as_bind)(GpuvmGpuAs *as, const GpuvmBind *binds, size_t n);
    void (*as_unbind)(GpuvmGpuAs *as, uint64_t va, uint64_t size);
    /** as_flush - what was bound or unbound holds for every later access. */
    void (*as_flush)(GpuvmGpuAs *as);
    /** as_destroy - no channel uses it any more. */
    void (*as_destroy)(GpuvmGpuAs *as);

    int (*chan_create)(GpuvmGpuAs *as, const GpuvmGpuChanConfig *cfg,
                       GpuvmGpuChan **chan);
    /**
     * chan_submit - appends pushes; -EAGAIN when the channel's queue (1024
     * pushes) has no room for all, -EIO when it faulted or was aborted.
     */
    int (*chan_submit)(GpuvmGpuChan *chan, const GpuvmPush *pushes, size_t n);
    void (*chan_position)(GpuvmGpuChan *chan, GpuvmPosition *pos);
    /**
     * chan_preempt - stops at the next boundary the GPU has and returns when
     * stopped (STOPPED comes first); work and state stay.  A grid in flight
     * may run to its end or stop anywhere; the software GPU stops it between
     * instructions, so that one which never ends keeps nobody waiting.
     */
    void (*chan_preempt)(GpuvmGpuChan *chan);
    /** chan_resume - goes on after preempt() or a software method. */
    void (*chan_resume)(GpuvmGpuChan *chan);
    /** chan_abort - drops all work as soon as possible; never blocks. */
    void (*chan_abort)(GpuvmGpuChan *chan);
    /** chan_destroy - aborts and waits; no event comes after it returns. */
    void (*chan_destroy)(GpuvmGpuChan *chan);
    /**
     * chan_xfer - optional (NULL: such state cannot be saved).  Saves all
     * state of a channel that stands and has not faulted, work in flight
     * included; or loads it into one just created, which then stands: what
     * was idle goes on with submit(), all else with resume().  Errors are
     * kept in @x; then only destroy() is left of a channel that was loaded.
     */
    void (*chan_xfer)(GpuvmGpuChan *chan, struct GpuvmXfer *x);
} GpuvmGpuOps;

/** gpuvm_fault_xfer - saves or loads a fault; codes are in range after. */
void gpuvm_fault_xfer(GpuvmFault *f, struct GpuvmXfer *x);

/** Every implementation's object starts with this. */
struct GpuvmGpu {
    const GpuvmGpuOps *ops;
};

/**
 * gpuvm_gpu_open - opens the GPU called @name ("soft", "mock").
 * Returns NULL and a sentence in @err (names those known, if @name is not).
 */
GpuvmGpu *gpuvm_gpu_open(const char *name, const GpuvmGpuConfig *cfg,
                         char **err);
/** gpuvm_gpu_register - adds an implementation; before the first open. */
void gpuvm_gpu_register(const GpuvmGpuOps *ops);
/** gpuvm_gpu_list - names known, NULL-terminated; g_strfreev it. */
char **gpuvm_gpu_list(void);

/* The implementations that are always built in. */
extern const GpuvmGpuOps gpuvm_gpu_soft_ops;
extern const GpuvmGpuOps gpuvm_gpu_mock_ops;

#endif
