/*
 * The native node: a nouveau render node without a kernel driver and without
 * a VM, so that stock Mesa in an ordinary process runs on gpu.h.
 *
 * preload.c puts the node into the process (open, stat, ioctl, mmap and the
 * few sysfs files that libdrm and Mesa look at); ioctl.c answers nouveau's
 * uAPI; gem.c holds buffer objects; channel.c submits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_NATIVE_NODE_H
#define GPUVM_NATIVE_NODE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/range.h"
#include "gpu/gpu.h"

#define NATIVE_PAGE         4096ull
#define NATIVE_MAX_CHANNELS 16

typedef struct NativeNode NativeNode;
typedef struct NativeClient NativeClient;
typedef struct NativeTurn NativeTurn;

/** NativeBo - one buffer object: a range of VRAM or of GART memory. */
typedef struct NativeBo {
    uint32_t handle;
    uint32_t domain;        /* NOUVEAU_GEM_DOMAIN_VRAM or _GART */
    uint32_t flags;         /* MAPPABLE, COHERENT as asked for */
    uint64_t size;          /* bytes, page multiple */
    uint64_t mem;           /* offset in VRAM slice or GART memory */
    uint64_t va;            /* GPU virtual address */
    uint32_t tile_mode, tile_flags;
    unsigned refs;
    /* the last submission that uses it, a channel each; 0 = none */
    uint64_t used[NATIVE_MAX_CHANNELS];
} NativeBo;

/** NativeChannel - a gpu.h channel and how far it came. */
typedef struct NativeChannel {
    GpuvmGpuChan *chan;
    unsigned id;
    uint64_t submitted;     /* pushes handed to the GPU in all */
    uint64_t done;          /* of these, complete at the last STOPPED */
    bool dead;              /* faulted */
    bool in_flight;         /* has work that is not done */
    uint64_t given;         /* pushes about to be submitted, or submitted */
    uint64_t finished;      /* of these, when it last stopped as DONE; both
                               turn.c's */
    GMutex lock;            /* submitted to in_flight; a leaf */
    GCond cond;
} NativeChannel;

/** NativeClient - one open of the node: handles, addresses, channels. */
struct NativeClient {
    GMutex lock;            /* everything below; before NativeChannel.lock */
    GpuvmGpuAs *as;
    GpuvmRange *va;
    GHashTable *bos;        /* handle -> NativeBo */
    uint32_t next_handle;
    NativeChannel *channels[NATIVE_MAX_CHANNELS];
};

/** NativeNode - the process's GPU; made at the first open. */
struct NativeNode {
    GMutex lock;            /* vram, gart; a leaf */
    GpuvmGpu *gpu;
    GpuvmGpuInfo info;
    GpuvmSlice slice;
    GpuvmHost host;
    GpuvmRange *vram, *gart;
    NativeTurn *turn;       /* NULL: the GPU is this process's alone */
    int gart_fd;
    uint8_t *gart_map;
    uint64_t gart_size;
    uint64_t *gart_kept;    /* a bit a page: free, and not zero; lock */
    uint64_t gart_kept_bytes;
};

/** native_node - the one node; NULL (with a line on stderr) if it failed. */
NativeNode *native_node(void);

NativeClient *native_client_new(NativeNode *n);
void native_client_free(NativeNode *n, NativeClient *c);
/** native_client_ioctl - result as ioctl(2): 0, or -errno. */
int native_client_ioctl(NativeNode *n, NativeClient *c, unsigned long request,
                        void *arg);
/**
 * native_node_mmap - the memory that an mmap of the node at @offset means; NULL
 * when no @len bytes lie there.  It stays where it is for life.
 */
void *native_node_mmap(NativeNode *n, uint64_t offset, uint64_t len);
/** native_node_mapped - whether native_node_mmap() gave @addr. */
bool native_node_mapped(const NativeNode *n, const void *addr);
/** native_node_opened - the node if native_node() made it, else NULL. */
NativeNode *native_node_opened(void);

/* gem.c; under the client's lock */
NativeBo *native_bo_new(NativeNode *n, NativeClient *c, uint32_t domain,
                        uint64_t size, uint64_t align, int *err);
NativeBo *native_bo_get(NativeClient *c, uint32_t handle);
int native_bo_close(NativeNode *n, NativeClient *c, uint32_t handle);
void native_bo_free_all(NativeNode *n, NativeClient *c);
uint64_t native_bo_map_handle(const NativeBo *bo);

/* channel.c */
int native_channel_new(NativeNode *n, NativeClient *c, unsigned *id);
int native_channel_free(NativeNode *n, NativeClient *c, unsigned id);
/** native_channel_submit - blocks while the queue is full; -ENODEV dead. */
int native_channel_submit(NativeNode *n, NativeChannel *ch,
                          const GpuvmPush *pushes, size_t count,
                          uint64_t *seq);
/**
 * native_channel_wait - until submission @seq is complete; -EBUSY once
 * @timeout_ms went by without a push done: what takes a GPU a second may take
 * the software GPU a minute.
 */
int native_channel_wait(NativeChannel *ch, uint64_t seq, int timeout_ms);
/**
 * native_poll_sleep - instead of sched_yield() in a thread that polls for the
 * GPU: sleeps until a channel stops, at most a millisecond.  False at once if
 * no channel works, or this thread submitted nothing, or a moment ago.
 */
bool native_poll_sleep(void);

/* turn.c; @t may be NULL in all but the first: a GPU of one's own */
NativeTurn *native_turn_new(NativeNode *n, uint32_t weight, char **err);
/** native_turn_enter - before chan_submit() of @pushes: waits for the turn. */
void native_turn_enter(NativeTurn *t, NativeChannel *ch, size_t pushes);
/** native_turn_cancel - they were not submitted after all. */
void native_turn_cancel(NativeTurn *t, NativeChannel *ch, size_t pushes);
/** native_turn_forget - no event will come for what was entered; the channel
 *  may be destroyed. */
void native_turn_forget(NativeTurn *t, NativeChannel *ch);
/** native_turn_event - STARTED and STOPPED; @done: pushes done in all. */
void native_turn_event(NativeTurn *t, NativeChannel *ch,
                       const GpuvmGpuEvent *ev, uint64_t done);
void native_turn_stats(NativeTurn *t);

#endif
