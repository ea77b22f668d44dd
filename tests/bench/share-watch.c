/*
 * Looks at a GPU that processes share: who used how much of it, many times a
 * second, for `scripts/gpuvm bench fairness`.
 *
 *   share-watch --share NAME --vram MIB --policy NAME [--quantum MS]
 *               [--interval MS]
 *
 * It makes the arena, or joins it, sets the policy and the quantum (0: nothing
 * is preempted), and prints a line each interval, until its input ends:
 *
 *   NANOSECONDS SLOT:WEIGHT:GPU_NS:TURNS ...
 *
 * GPU time is charged at the end of a turn; to the holder's is added what its
 * turn has lasted, so that a long turn is spread over the lines it covers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena/arena.h"
#include "sched/sched.h"

static int vram_mib = 4096, quantum_ms = 10, interval_ms = 20;
static char *share, *policy;

static const GOptionEntry options[] = {
    { "share", 0, 0, G_OPTION_ARG_STRING, &share, "the arena", "NAME" },
    { "vram", 0, 0, G_OPTION_ARG_INT, &vram_mib, "its VRAM", "MIB" },
    { "policy", 0, 0, G_OPTION_ARG_STRING, &policy, "who is next", "NAME" },
    { "quantum", 0, 0, G_OPTION_ARG_INT, &quantum_ms,
      "a turn is not preempted before; 0: never", "MS" },
    { "interval", 0, 0, G_OPTION_ARG_INT, &interval_ms, "of lines", "MS" },
    { NULL }
};

static void print_line(GpuvmSched *s)
{
    GpuvmCoreTable t;
    unsigned i;

    gpuvm_sched_table(s, &t);
    printf("%" PRId64, g_get_monotonic_time() * 1000);
    for (i = 0; i < t.count; i++) {
        const GpuvmCoreShare *h = &t.vm[i].share;

        printf(" %u:%u:%" PRIu64 ":%" PRIu64, t.vm[i].slot, h->weight,
               h->used_ns + (t.vm[i].slot == t.holder ? t.holding_ns : 0),
               h->turns);
    }
    printf("\n");
    fflush(stdout);
}

static int fail(const char *why)
{
    fprintf(stderr, "share-watch: %s\n", why);
    return 2;
}

int main(int argc, char **argv)
{
    GOptionContext *context = g_option_context_new(NULL);
    struct pollfd input = { .fd = 0, .events = POLLIN };
    GError *error = NULL;
    GpuvmArena *arena;
    GpuvmSched *sched;
    char *err = NULL;

    g_option_context_add_main_entries(context, options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        return fail(error->message);
    }
    if (!share || !policy || vram_mib < 1 || quantum_ms < 0 ||
        interval_ms < 1) {
        return fail("give --share and --policy");
    }
    if (gpuvm_arena_open(&arena, share, (uint64_t)vram_mib << 20, &err) < 0) {
        return fail(err);
    }
    sched = gpuvm_sched_open(arena, policy, &err);
    if (!sched) {
        return fail(err);
    }
    gpuvm_sched_set_policy(sched, policy);
    gpuvm_sched_set_quantum(sched, quantum_ms * 1000000ull);
    while (poll(&input, 1, interval_ms) == 0) {
        print_line(sched);
    }
    gpuvm_sched_free(sched);
    gpuvm_arena_close(arena);
    return 0;
}
