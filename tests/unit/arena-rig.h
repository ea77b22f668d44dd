/*
 * What the arena's tests share: a folder for arenas, a small client with a
 * turn, and the life of one member.
 *
 * The client is the least that can be called a scheduler: a holder, the turn's
 * generation, sums.  It takes the turn from the dead and the stopped as the
 * real one does (sched/).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_ARENA_RIG_H
#define GPUVM_TESTS_ARENA_RIG_H

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#include "arena/arena.h"

#define MIB ((uint64_t)1 << 20)
#define MS  1000000ull

/** RigBlock - the client's block. */
typedef struct RigBlock {
    uint32_t holder;        /* slot + 1; 0: the turn is free */
    uint32_t inits;
    uint64_t gen;
    uint64_t turns;
    uint64_t gones;
    uint64_t revoked;
    uint64_t count;
} RigBlock;

static inline void rig_init(void *block, void *opaque)
{
    ((RigBlock *)block)->inits++;
}

static inline void rig_gone(void *block, unsigned slot, void *opaque)
{
    RigBlock *b = block;

    b->gones++;
    if (b->holder == slot + 1) {
        b->holder = 0;
    }
}

static const GpuvmArenaClient rig_client = {
    .name = "test's block", .id = 7, .size = sizeof(RigBlock),
    .init = rig_init, .gone = rig_gone,
};

static char rig_folder[64];

/* A folder of our own, in memory if there is such a place. */
static inline void rig_begin(void)
{
    g_strlcpy(rig_folder, access("/dev/shm", W_OK) ? "/tmp/gpuvm-test-XXXXXX" :
              "/dev/shm/gpuvm-test-XXXXXX", sizeof(rig_folder));
    if (!mkdtemp(rig_folder)) { perror(rig_folder); exit(3); }
}

static inline char *rig_path(const char *name)
{
    return g_strdup_printf("%s/%s", rig_folder, name);
}

/* Files in the folder. */
static inline unsigned rig_files(void)
{
    DIR *d = opendir(rig_folder);
    struct dirent *e;
    unsigned n = 0;

    while (d && (e = readdir(d))) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static inline void rig_end(void)
{
    CU_ASSERT_EQUAL(rmdir(rig_folder), 0);
}

/* Joins the arena "a" of the folder, as a client; exits on failure. */
static inline GpuvmArena *rig_join(uint64_t vram)
{
    g_autofree char *path = rig_path("a");
    GpuvmArena *a = NULL;
    char *err = NULL;

    if (gpuvm_arena_open(&a, path, vram, &err) ||
        gpuvm_arena_attach(a, &rig_client, &err)) {
        fprintf(stderr, "%s\n", err);
        CU_ASSERT_FATAL(false);
        exit(3);
    }
    return a;
}

static inline uint64_t rig_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* ---- the turn ---------------------------------------------------------------- */

static inline void rig_revoke(GpuvmArena *a, uint64_t gen)
{
    RigBlock *b = gpuvm_arena_begin(a);

    if (b->holder && b->gen == gen) {
        b->holder = 0;
        b->revoked++;
        gpuvm_arena_commit(a);
    } else {
        gpuvm_arena_cancel(a);
    }
}

/* Waits for the turn; its generation, or 0 after @ms. */
static inline uint64_t rig_take(GpuvmArena *a, unsigned ms)
{
    uint64_t end = rig_now() + ms * MS, gen;
    GpuvmArenaWatch w = { 0 };

    while (rig_now() < end) {
        uint32_t ticket = gpuvm_arena_ticket(a);
        RigBlock *b = gpuvm_arena_begin(a);
        unsigned holder = b->holder;

        gen = b->gen;
        if (!holder) {
            b->holder = gpuvm_arena_slot(a) + 1;
            gen = ++b->gen;
            b->turns++;
            if (gpuvm_arena_commit(a)) {
                return gen;
            }
            continue;
        }
        gpuvm_arena_cancel(a);
        gpuvm_arena_wait(a, ticket, GPUVM_ARENA_LOOK_NS);
        switch (gpuvm_arena_look(a, &w, holder - 1, gen, rig_now())) {
        case GPUVM_ARENA_DEAD:
            gpuvm_arena_reap(a);
            break;
        case GPUVM_ARENA_STOPPED:
            rig_revoke(a, gen);
            break;
        default:
            break;
        }
    }
    return 0;
}

/* Gives the turn back if it is still ours, and wakes everybody. */
static inline void rig_drop(GpuvmArena *a, uint64_t gen)
{
    bool done;
    unsigned i;

    do {
        RigBlock *b = gpuvm_arena_begin(a);

        if (b->gen == gen && b->holder == gpuvm_arena_slot(a) + 1) {
            b->holder = 0;
        }
        done = gpuvm_arena_commit(a);
    } while (!done);
    for (i = 0; i < 16; i++) {
        if (i != gpuvm_arena_slot(a)) {
            gpuvm_arena_wake(a, i);
        }
    }
}

/* ---- a member's life ----------------------------------------------------------- */

static inline bool rig_all(const uint8_t *p, uint64_t size, uint64_t word)
{
    const uint64_t *w = (const uint64_t *)p;
    uint64_t i;

    for (i = 0; i < size / 8; i++) {
        if (w[i] != word) {
            return false;
        }
    }
    return true;
}

static inline void rig_fill(uint8_t *p, uint64_t size, uint64_t word)
{
    uint64_t *w = (uint64_t *)p;
    uint64_t i;

    for (i = 0; i < size / 8; i++) {
        w[i] = word;
    }
}

/*
 * One round in an arena: a slice that reads zero, filled, two turns, the slice
 * still what it was filled with, given back.  0, or what was wrong.
 */
static inline int rig_round(GpuvmArena *a, uint64_t size, uint64_t word)
{
    GpuvmArenaSlice s;
    char *err = NULL;
    unsigned i;
    int bad = 0;

    if (gpuvm_arena_slice_alloc(a, size, &s, &err)) {
        fprintf(stderr, "%s\n", err);
        g_free(err);
        return 10;
    }
    if (!rig_all(s.map, s.size, 0)) {
        bad = 11;
    }
    rig_fill(s.map, s.size, word);
    for (i = 0; i < 2; i++) {
        uint64_t gen = rig_take(a, 5000);

        if (!gen) {
            bad = 12;
        }
        gpuvm_arena_beat(a);
        rig_drop(a, gen);
    }
    if (!rig_all(s.map, s.size, word)) {
        bad = 13;
    }
    gpuvm_arena_slice_free(a, &s);
    return bad;
}

/* Everything the dead had is free and reads zero: one slice of all there is. */
static inline bool rig_all_free(GpuvmArena *a)
{
    GpuvmArenaSlice s;
    char *err = NULL;
    bool zero;

    gpuvm_arena_reap(a);
    if (gpuvm_arena_slice_alloc(a, gpuvm_arena_vram_size(a), &s, &err)) {
        fprintf(stderr, "%s\n", err);
        g_free(err);
        return false;
    }
    zero = rig_all(s.map, s.size, 0);
    gpuvm_arena_slice_free(a, &s);
    return zero;
}

/* Exit status of a child, or 128 + the signal that ended it. */
static inline int rig_wait(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
