/*
 * Every policy on every mix of VMs (tests/unit/sched_mixes.c), on a virtual
 * clock: the table of docs/scheduling.md, in Markdown.
 *
 * Usage: policy-bench [--clients]; with it, each VM's row too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "sched_sim.h"

static const GpuvmCorePolicyId order[] = {
    GPUVM_CORE_FIFO, GPUVM_CORE_CREDIT, GPUVM_CORE_BAND, GPUVM_CORE_FAIR,
};

static void print_clients(const SimResult *r)
{
    unsigned i;

    for (i = 0; i < r->n; i++) {
        const SimOne *o = &r->one[i];

        printf("| | VM %u | %.2f of %.2f | %+.2f | | %.2f |\n", i, o->share,
               o->ideal, o->worst, o->wait_p99_ms);
    }
}

int main(int argc, char **argv)
{
    bool clients = argc > 1 && !strcmp(argv[1], "--clients");
    unsigned m, p;

    if (argc > 2 || (argc == 2 && !clients)) {
        fprintf(stderr, "usage: policy-bench [--clients]\n");
        return 2;
    }
    printf("| mix | policy | GPU busy, %% | worst second, points | Jain | "
           "p99 wait, ms |\n|---|---|---|---|---|---|\n");
    for (m = 0; sim_mixes[m].name; m++) {
        for (p = 0; p < G_N_ELEMENTS(order); p++) {
            SimResult r;

            sim_run(&sim_mixes[m], order[p], &r);
            printf("| %s | %s | %.1f | %.2f | %.4f | ",
                   p ? "" : sim_mixes[m].name,
                   gpuvm_core_policy_name(order[p]), r.busy, r.worst, r.jain);
            if (r.wait_p99_ms) {
                printf("%.2f", r.wait_p99_ms);
            }
            printf(" |\n");
            if (clients) {
                print_clients(&r);
            }
        }
    }
    return 0;
}
