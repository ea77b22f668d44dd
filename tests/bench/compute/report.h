/*
 * What gpuvm-bench prints and writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BENCH_REPORT_H
#define GPUVM_BENCH_REPORT_H

#include "options.h"

typedef struct BenchDevice {
    cl_device_id id;
    char name[128], platform[128], driver[128];
    cl_uint units;
    size_t timer_ns;                /* resolution of events' times; 0: none */
} BenchDevice;

typedef struct BenchResult {
    const BenchProgram *program;    /* NULL: not run */
    const uint32_t *size;
    unsigned runs;
    BenchTimes *times;              /* of each run */
    double first_ms;                /* launch phase of the warm-up run */
    bool right;
    char why[200];
} BenchResult;

typedef struct BenchProgress {
    const char *name;
    unsigned at, of;                /* programs */
    unsigned runs;
} BenchProgress;

/** bench_progress - run @run on stderr if that is a terminal; NULL: erase */
void bench_progress(const BenchProgress *p, unsigned run);

void bench_head(const BenchDevice *d, const BenchOptions *o);
void bench_line(const BenchResult *r, const BenchOptions *o);
void bench_tail(const BenchResult *r, unsigned n);

/** bench_json - false if the file cannot be written, which is said */
bool bench_json(const char *file, const BenchDevice *d,
                const BenchOptions *o, const BenchResult *r, unsigned n);

#endif
