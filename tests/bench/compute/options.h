/*
 * The command line of gpuvm-bench.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BENCH_OPTIONS_H
#define GPUVM_BENCH_OPTIONS_H

#include "bench.h"

#define BENCH_MAX_PROGRAMS  32

typedef struct BenchOptions {
    bool wanted[BENCH_MAX_PROGRAMS];
    uint32_t size[BENCH_MAX_PROGRAMS][BENCH_PARAMS];
    unsigned n_wanted;
    unsigned runs;              /* 1 or more */
    uint32_t warm_ms;           /* runs go on to warm up for so long */
    const char *platform;       /* part of its name, or NULL: any */
    const char *json;           /* file name, "-": standard output, or NULL */
    bool host_clock;            /* even if events tell the time */
    bool check_only;            /* one run, no warm-up, no times */
} BenchOptions;

/**
 * bench_options - read the command line
 * Returns -1, or the exit status if there is nothing to run: 0 after --list
 * and --help, 2 after an error, which is said.
 */
int bench_options(BenchOptions *o, int argc, char **argv);

#endif
