/*
 * gpuvm-bench: the programs with which the GPUvm papers measured (from the
 * Gdev benchmarks and Rodinia), written anew, for any OpenCL.
 *
 *   gpuvm-bench [--program all|NAME,...] [--size small|medium|large]
 *               [--size PROGRAM.KEY=VALUE] [--runs N] [--warm MS]
 *               [--platform SUBSTRING] [--clock events|host] [--json FILE]
 *               [--check-only] [--list]
 *
 * Each program is opened once, runs once to warm up (drivers compile at the
 * first launch), or for --warm milliseconds, and then --runs times; every result is compared with a CPU
 * computation.  The table has medians in milliseconds.  Exit status: 0 all
 * results right, 1 a wrong one, 2 bad usage or an OpenCL error.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "options.h"
#include "report.h"

/* Finds the device: the first GPU, or else any, of the wanted platform. */
static bool find_device(const BenchOptions *o, BenchDevice *d)
{
    static const cl_device_type types[] = { CL_DEVICE_TYPE_GPU,
                                            CL_DEVICE_TYPE_ALL };
    cl_platform_id platforms[16];
    cl_uint n = 0, have;

    clGetPlatformIDs(16, platforms, &n);
    for (unsigned t = 0; t < BENCH_LEN(types); t++) {
        for (cl_uint i = 0; i < n && i < 16; i++) {
            clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME,
                              sizeof(d->platform), d->platform, NULL);
            if ((o->platform && !strstr(d->platform, o->platform)) ||
                clGetDeviceIDs(platforms[i], types[t], 1, &d->id, &have) !=
                CL_SUCCESS || have == 0) {
                continue;
            }
            clGetDeviceInfo(d->id, CL_DEVICE_NAME, sizeof(d->name), d->name,
                            NULL);
            clGetDeviceInfo(d->id, CL_DRIVER_VERSION, sizeof(d->driver),
                            d->driver, NULL);
            clGetDeviceInfo(d->id, CL_DEVICE_MAX_COMPUTE_UNITS,
                            sizeof(d->units), &d->units, NULL);
            clGetDeviceInfo(d->id, CL_DEVICE_PROFILING_TIMER_RESOLUTION,
                            sizeof(d->timer_ns), &d->timer_ns, NULL);
            return true;
        }
    }
    fprintf(stderr, "gpuvm-bench: no OpenCL device%s%s; `clinfo -l` lists "
            "them (rusticl hides nouveau's unless RUSTICL_ENABLE=nouveau)\n",
            o->platform ? " of a platform with --platform " : "",
            o->platform ? o->platform : "");
    return false;
}

static void *room(size_t n, size_t size)
{
    void *p = calloc(n, size);

    if (!p) {
        fprintf(stderr, "gpuvm-bench: no memory for %zu runs; give a smaller "
                "--runs\n", n);
        exit(2);
    }
    return p;
}

/* One program, all its runs; false if a result was wrong. */
static bool measure(const BenchOptions *o, Bench *b, BenchResult *r,
                    BenchProgress *progress)
{
    double start = now_s();
    BenchTimes t;
    int run;

    r->times = room(o->runs, sizeof(*r->times));
    r->right = true;
    bench_open(b, &t);
    for (run = o->check_only ? 0 : -1; run < (int)o->runs && r->right;
         run += run >= 0 || (now_s() - start) * 1e3 >= o->warm_ms) {
        bench_progress(progress, run + 1);
        bench_once(b, &t);
        if (run < 0) {
            r->first_ms = r->first_ms ? r->first_ms : t.phase[BENCH_LAUNCH];
        } else {
            r->times[r->runs++] = t;
        }
        r->right = b->program->check(b);
    }
    memcpy(r->why, b->verdict, sizeof(r->why));
    bench_close(b, &t);
    for (unsigned i = 0; i < r->runs; i++) {
        r->times[i].phase[BENCH_CLOSE] = t.phase[BENCH_CLOSE];
    }
    return r->right;
}

int main(int argc, char **argv)
{
    BenchOptions o;
    BenchDevice device = { .id = NULL };
    BenchResult *results;
    BenchProgress progress;
    bool good = true;
    int status = bench_options(&o, argc, argv);

    if (status >= 0) {
        return status;
    }
    if (!find_device(&o, &device)) {
        return 2;
    }
    o.host_clock = o.host_clock || device.timer_ns == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    results = room(bench_n_programs, sizeof(*results));
    bench_head(&device, &o);
    for (unsigned i = 0, at = 0; i < bench_n_programs; i++) {
        Bench b = { .program = bench_programs[i], .device = device.id,
                    .host_clock = o.host_clock };

        if (!o.wanted[i]) {
            continue;
        }
        memcpy(b.size, o.size[i], sizeof(b.size));
        results[i].program = bench_programs[i];
        results[i].size = o.size[i];
        progress = (BenchProgress) { bench_programs[i]->name, at++,
                                     o.n_wanted, o.runs };
        good = measure(&o, &b, &results[i], &progress) && good;
        bench_progress(NULL, 0);
        bench_line(&results[i], &o);
    }
    bench_tail(results, bench_n_programs);
    if (o.json &&
        !bench_json(o.json, &device, &o, results, bench_n_programs)) {
        return 2;
    }
    for (unsigned i = 0; i < bench_n_programs; i++) {
        free(results[i].times);
    }
    free(results);
    return good ? 0 : 1;
}
