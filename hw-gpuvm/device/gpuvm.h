/*
 * QEMU's side of gpuvm: the PCI device, its apertures, its view of the guest's
 * RAM, and the bus-less GPU devices it links to.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_DEVICE_GPUVM_H
#define GPUVM_DEVICE_GPUVM_H

#include "device/compat.h"
#include "base/windows.h"
#include "board/board.h"
#include "gpu/gpu.h"
#include "sched/sched.h"
#include "vgpu/vm.h"

#define TYPE_GPUVM "gpuvm"
OBJECT_DECLARE_SIMPLE_TYPE(GpuvmState, GPUVM)

/** The abstract type of every physical GPU, the target of `gpu=`. */
#define TYPE_GPUVM_GPU "gpuvm-gpu"
OBJECT_DECLARE_SIMPLE_TYPE(GpuvmGpuState, GPUVM_GPU)
#define TYPE_GPUVM_SOFT "gpuvm-soft"

/** GpuvmGpuState - an opened GPU and its scheduler; shared by devices. */
struct GpuvmGpuState {
    DeviceState parent_obj;

    uint64_t vram;
    uint32_t threads;
    char *share;            /* arena name; NULL: private */
    uint32_t policy;        /* GpuvmCorePolicyId */
    uint32_t param[GPUVM_CORE_POLICIES][GPUVM_CORE_PARAMS];
    bool preempt;
    uint32_t quantum;       /* ms */
    char *engine;           /* how shaders are run, or NULL */
    const char *driver;     /* gpu.h registry name */
    GpuvmGpu *gpu;
    GpuvmSched *sched;
};

/** gpuvm_gpu_state_open - opens @g->driver; false with @errp set. */
bool gpuvm_gpu_state_open(GpuvmGpuState *g, Error **errp);
void gpuvm_gpu_state_close(GpuvmGpuState *g);

/** gpuvm_size_property_add - a size property: suffixes, errors with value. */
void gpuvm_size_property_add(ObjectClass *oc, const char *name, size_t offset,
                             const char *what);

/** GpuvmNumberProperty - a number that may change while the device exists. */
typedef struct GpuvmNumberProperty {
    const char *name;
    size_t offset;          /* of the uint32_t in the object */
    uint32_t min, max, def; /* .def is for people; instance_init sets it */
    const char *unit;       /* "percent", "", or of time, "us" or "ms": then
                               a value may name its unit, e.g. "10s" */
    const char *what;
    void (*apply)(Object *obj);     /* after a change, at any time; or NULL */
} GpuvmNumberProperty;

/** gpuvm_number_property_add - @p lives for ever. */
void gpuvm_number_property_add(ObjectClass *oc, const GpuvmNumberProperty *p);

/** One block of guest RAM that DMA can reach. */
typedef struct GpuvmRam {
    uint64_t gpa, size;
    uint8_t *host;          /* NULL under Xen: nothing of it lies anywhere */
    MemoryRegion *mr;
} GpuvmRam;

/** GpuvmRamMap - guest RAM by address, kept by a memory listener. */
typedef struct GpuvmRamMap {
    MemoryListener listener;
    GRWLock lock;           /* blocks; any thread; inside it only windows' */
    GArray *blocks;         /* GpuvmRam, sorted by gpa */
    void (*invalidate)(void *arg, uint64_t gpa, uint64_t len);
    void *invalidate_arg;
    AddressSpace *as;
    GpuvmWindows *windows;  /* under Xen; NULL elsewhere */
} GpuvmRamMap;

/** GpuvmAperture - BAR1 or BAR3: one reservation whose pages are replaced. */
typedef struct GpuvmAperture {
    GpuvmState *dev;
    GpuvmBar bar;
    uint64_t size;
    uint8_t *map;           /* the reservation */
    MemoryRegion container; /* the BAR */
    MemoryRegion ram;       /* shows map */
    MemoryRegion trap;      /* over the whole BAR when it traps */
} GpuvmAperture;

struct GpuvmState {
    PCIDevice parent_obj;

    /* properties */
    GpuvmGpuState *gpu;
    uint64_t vram;
    char *modes;
    uint32_t weight;
    uint32_t cap;               /* percent; 0 = none */
    uint32_t timeout;           /* ms of GPU time; 0 = never */
    GpuvmOnFault on_fault;
    bool barred;                /* by hand; the VM may be by itself, too */
    bool bar_remap;
    uint32_t map_budget;
    char *shadow;
    char *engine;
    bool shadow_diff;

    GpuvmGpuState *private_gpu; /* made when gpu= is not given */
    GpuvmHost host;
    GpuvmRamMap ram;
    GpuvmVm *vm;
    GpuvmBoard *board;
    MemoryRegion bar0;
    GpuvmAperture aperture[GPUVM_BAR_COUNT];
    MemoryRegion userd;
    int sink_fd;
    QEMUBH *bh;
    bool irq_level;
    bool loading;               /* saved state; irq_level stands */
    bool flr;                   /* a reset that the guest's driver made */
    uint64_t faults_seen;       /* runaway channels told about so far */
    GpuvmRateLimit fault_events;
    VMChangeStateEntry *vmstate_entry;
    Error *migration_blocker;
};

/* host.c */
extern const GpuvmHostOps gpuvm_qemu_host_ops;
void gpuvm_ram_map_init(GpuvmState *s);
void gpuvm_ram_map_destroy(GpuvmState *s);

/* aperture.c */
extern const GpuvmApertureOps gpuvm_qemu_aperture_ops;
/** gpuvm_map_budget - what all devices of this process may map. */
GpuvmMapBudget *gpuvm_map_budget(void);
bool gpuvm_aperture_realize(GpuvmState *s, GpuvmBar bar, uint64_t size,
                            Error **errp);
void gpuvm_aperture_unrealize(GpuvmAperture *a);
/** gpuvm_aperture_start - the VM exists: traps where it has to. */
void gpuvm_aperture_start(GpuvmState *s);
void gpuvm_userd_init(GpuvmState *s);
void gpuvm_userd_move(void *opaque, bool on, uint64_t off);

/* fault.c */
/** gpuvm_fault_process - [main thread] tells of a runaway channel, if there
 *  is a new one, and stops the VM if that is wanted. */
void gpuvm_fault_process(GpuvmState *s);
void gpuvm_fault_properties_add(ObjectClass *oc);

/* state.c */
extern const VMStateDescription gpuvm_vmstate;
/** gpuvm_state_check - blocks migration, with the reason, if it must. */
bool gpuvm_state_check(GpuvmState *s, Error **errp);

/* stats.c */
void gpuvm_stats_property_add(ObjectClass *oc);

#endif
