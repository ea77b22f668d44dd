/*
 * The process's GPU: opened when the node is first opened, with a block of
 * ordinary memory as the "guest RAM" that GART buffers live in.
 *
 * Environment: GPUVM_VRAM (MiB, default 1024), GPUVM_THREADS (default one per
 * core), GPUVM_NATIVE_STATS (print the counters at exit), GPUVM_NATIVE_LOG
 * (print what guests did wrong), GPUVM_NATIVE_DUMP (a directory: every program
 * that runs is written there, disassembled), GPUVM_SHARE (the arena of the GPU
 * that this process shares), GPUVM_SHARE_VRAM (MiB of all together, default
 * 4096) and GPUVM_WEIGHT (default 100).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "native/node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIB             (1ull << 20)
#define GART_SIZE       (8192 * MIB)
#define VA_START        (1ull << 20)
#define VA_SIZE         ((1ull << 40) - VA_START)

static void *node_ram_map(void *opaque, uint64_t gpa, uint64_t *len,
                          bool write)
{
    NativeNode *n = opaque;

    if (gpa >= n->gart_size) {
        return NULL;
    }
    *len = MIN(*len, n->gart_size - gpa);
    return n->gart_map + gpa;
}

static uint64_t node_clock(void *opaque)
{
    return (uint64_t)g_get_monotonic_time() * 1000;
}

static void node_log(void *opaque, GpuvmLogLevel level, const char *line)
{
    if (level == GPUVM_LOG_ERROR || g_getenv("GPUVM_NATIVE_LOG")) {
        fprintf(stderr, "gpuvm-native: %s\n", line);
    }
}

static const GpuvmHostOps node_host_ops = {
    .ram_map = node_ram_map,
    .clock_ns = node_clock,
    .log = node_log,
};

static NativeNode *_Atomic the_node;

static void node_stats(void)
{
    native_turn_stats(the_node->turn);
    for (unsigned i = 0; i < GPUVM_CNT__MAX; i++) {
        uint64_t v = gpuvm_counter(&the_node->host.counters, i);

        if (v || i == GPUVM_CNT_UNKNOWN_METHODS) {
            fprintf(stderr, "gpuvm-native: %s=%" PRIu64 "\n",
                    gpuvm_counter_key(i), v);
        }
    }
}

static uint64_t env_number(const char *name, uint64_t fallback, uint64_t max)
{
    const char *s = g_getenv(name);
    uint64_t v;

    if (!s) {
        return fallback;
    }
    if (!g_ascii_string_to_unsigned(s, 10, 1, max, &v, NULL)) {
        fprintf(stderr, "gpuvm-native: %s is '%s'; give a number from 1 to %"
                PRIu64 "; using %" PRIu64 "\n", name, s, max, fallback);
        return fallback;
    }
    return v;
}

static bool node_open_gart(NativeNode *n)
{
    n->gart_size = GART_SIZE;
    n->gart_fd = memfd_create("gpuvm-gart", MFD_CLOEXEC);
    if (n->gart_fd < 0 || ftruncate(n->gart_fd, n->gart_size) < 0) {
        return false;
    }
    n->gart_map = mmap(NULL, n->gart_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                       n->gart_fd, 0);
    n->gart_kept = g_new0(uint64_t, n->gart_size / NATIVE_PAGE / 64);
    return n->gart_map != MAP_FAILED;
}

static NativeNode *node_open(void)
{
    const char *share = g_getenv("GPUVM_SHARE");
    uint64_t vram = env_number("GPUVM_VRAM", share ? 256 : 1024, 65536) * MIB;
    GpuvmGpuConfig cfg = {
        .vram_size = share ?
                     env_number("GPUVM_SHARE_VRAM", 4096, 65536) * MIB : vram,
        .share = share,
        .threads = env_number("GPUVM_THREADS", 0, 256),
        .engine = g_getenv("GPUVM_ENGINE"),
        .dump_code = g_getenv("GPUVM_NATIVE_DUMP"),
    };
    NativeNode *n = g_new0(NativeNode, 1);
    g_autofree char *err = NULL;

    g_mutex_init(&n->lock);
    n->host.ops = &node_host_ops;
    n->host.opaque = n;
    if (!node_open_gart(n)) {
        err = g_strdup_printf("no memory for GART: %s", strerror(errno));
    } else {
        n->gpu = gpuvm_gpu_open("soft", &cfg, &err);
        if (n->gpu &&
            n->gpu->ops->slice_alloc(n->gpu, vram, &n->slice,
                                     &err) == 0 &&
            (!share ||
             (n->turn = native_turn_new(n, env_number("GPUVM_WEIGHT", 100,
                                                      1000), &err)))) {
            n->gpu->ops->info(n->gpu, &n->info);
            n->vram = gpuvm_range_new(0, n->slice.size);
            n->gart = gpuvm_range_new(0, n->gart_size);
            return n;
        }
    }
    fprintf(stderr, "gpuvm-native: cannot start the software GPU: %s\n",
            err ? err : "unknown reason");
    return NULL; /* once a process; what was opened stays */
}

NativeNode *native_node(void)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        the_node = node_open();
        if (the_node && g_getenv("GPUVM_NATIVE_STATS")) {
            atexit(node_stats);
        }
        g_once_init_leave(&once, 1);
    }
    return the_node;
}

NativeNode *native_node_opened(void)
{
    return the_node;
}

NativeClient *native_client_new(NativeNode *n)
{
    NativeClient *c = g_new0(NativeClient, 1);

    if (n->gpu->ops->as_create(n->gpu, &n->slice, &n->host, &c->as) < 0) {
        g_free(c);
        return NULL;
    }
    g_mutex_init(&c->lock);
    c->va = gpuvm_range_new(VA_START, VA_SIZE);
    c->bos = g_hash_table_new(NULL, NULL);
    return c;
}

void native_client_free(NativeNode *n, NativeClient *c)
{
    g_mutex_lock(&c->lock);
    for (unsigned i = 0; i < NATIVE_MAX_CHANNELS; i++) {
        native_channel_free(n, c, i);
    }
    native_bo_free_all(n, c);
    g_mutex_unlock(&c->lock);
    n->gpu->ops->as_destroy(c->as);
    gpuvm_range_free(c->va);
    g_hash_table_destroy(c->bos);
    g_mutex_clear(&c->lock);
    g_free(c);
}
