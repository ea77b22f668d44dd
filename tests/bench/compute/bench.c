/*
 * The phases of a program, and OpenCL for the programs: buffers, launches
 * with an event each, comparison of results.
 *
 * Kernel time is the sum over a launch phase's kernels of what their events
 * say (CL_PROFILING_COMMAND_START to END).  A device whose timer has no
 * resolution tells nothing (Mesa 22.3's rusticl answers 0, 1, 2, 3 to every
 * event); then, or if wanted, each kernel is waited for and the host's clock
 * tells, from enqueuing to the end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "bench.h"

void bench_ok(const Bench *b, cl_int err, const char *what)
{
    if (err != CL_SUCCESS) {
        fprintf(stderr, "gpuvm-bench: %s: %s failed with OpenCL error %d\n",
                b->program->name, what, err);
        exit(2);
    }
}

static void *grow(void *list, size_t size)
{
    void *p = realloc(list, size);

    if (!p) {
        fprintf(stderr, "gpuvm-bench: no memory for %zu bytes; give a "
                "smaller --size\n", size);
        exit(2);
    }
    return p;
}

void *bench_alloc(Bench *b, size_t size)
{
    void *p = calloc(1, size);

    if (!p) {
        fprintf(stderr, "gpuvm-bench: %s: no memory for %zu bytes; give a "
                "smaller --size\n", b->program->name, size);
        exit(2);
    }
    b->memory = grow(b->memory, (b->memories + 1) * sizeof(void *));
    b->memory[b->memories++] = p;
    return p;
}

cl_mem bench_buffer(Bench *b, cl_mem_flags flags, size_t size, const void *in,
                    void *out)
{
    BenchBuffer *buf = &b->buffer[b->buffers++];
    cl_int err;

    *buf = (BenchBuffer) { .size = size, .in = in, .out = out };
    buf->mem = clCreateBuffer(b->context, flags, size, NULL, &err);
    bench_ok(b, err, "clCreateBuffer");
    return buf->mem;
}

void bench_arg(Bench *b, unsigned k, cl_uint n, size_t size,
               const void *value)
{
    bench_ok(b, clSetKernelArg(b->kernel[k], n, size, value),
             "clSetKernelArg");
}

void bench_run(Bench *b, unsigned k, size_t gx, size_t gy, size_t lx,
               size_t ly)
{
    size_t local[2] = { lx, ly };
    size_t global[2] = { (gx + lx - 1) / lx * lx, (gy + ly - 1) / ly * ly };

    double start = 0;

    if (b->n_events == b->max_events) {
        b->max_events = b->max_events ? 2 * b->max_events : 16;
        b->events = grow(b->events, b->max_events * sizeof(cl_event));
    }
    if (b->host_clock) {
        bench_ok(b, clFinish(b->queue), "clFinish");
        start = now_s();
    }
    bench_ok(b, clEnqueueNDRangeKernel(b->queue, b->kernel[k],
                                       gy == 1 && ly == 1 ? 1 : 2, NULL,
                                       global, local, 0, NULL,
                                       &b->events[b->n_events]),
             "clEnqueueNDRangeKernel");
    b->n_events++;
    if (b->host_clock) {
        bench_ok(b, clFinish(b->queue), "clFinish");
        b->host_ms += (now_s() - start) * 1e3;
    }
}

void bench_write(Bench *b, cl_mem m, size_t size, const void *from)
{
    bench_ok(b, clEnqueueWriteBuffer(b->queue, m, CL_TRUE, 0, size, from, 0,
                                     NULL, NULL), "clEnqueueWriteBuffer");
}

void bench_read(Bench *b, cl_mem m, size_t size, void *to)
{
    bench_ok(b, clEnqueueReadBuffer(b->queue, m, CL_TRUE, 0, size, to, 0,
                                    NULL, NULL), "clEnqueueReadBuffer");
}

/* ---- results ---- */

bool bench_wrong(Bench *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(b->verdict, sizeof(b->verdict), format, args);
    va_end(args);
    return false;
}

bool bench_same(Bench *b, const uint32_t *got, const uint32_t *want, size_t n)
{
    size_t wrong = 0, first = 0;

    for (size_t i = n; i-- > 0;) {
        if (got[i] != want[i]) {
            wrong++;
            first = i;
        }
    }
    return !wrong ||
           bench_wrong(b, "%zu of %zu words are wrong; word %zu is 0x%x, the "
                       "CPU's is 0x%x", wrong, n, first, got[first],
                       want[first]);
}

bool bench_near(Bench *b, const float *got, const float *want, size_t n,
                double relative, double absolute)
{
    size_t wrong = 0, first = 0;

    for (size_t i = n; i-- > 0;) {
        double tolerance = relative * fabs(want[i]) + absolute;

        if (!(fabs((double)got[i] - want[i]) <= tolerance)) {
            wrong++;
            first = i;
        }
    }
    return !wrong ||
           bench_wrong(b, "%zu of %zu floats are wrong; number %zu is %.9g, "
                       "the CPU's is %.9g, at most %.3g may lie between",
                       wrong, n, first, got[first], want[first],
                       relative * fabs(want[first]) + absolute);
}

uint32_t *bench_random_words(Bench *b, size_t n, uint32_t seed)
{
    uint32_t *v = bench_alloc(b, n * sizeof(*v));

    for (size_t i = 0; i < n; i++) {
        v[i] = rnd(&seed);
    }
    return v;
}

float *bench_random_floats(Bench *b, size_t n, uint32_t seed, float low,
                           float high)
{
    float *v = bench_alloc(b, n * sizeof(*v));

    for (size_t i = 0; i < n; i++) {
        v[i] = low + (high - low) * 0.5f * (1 + rnd_float(&seed));
    }
    return v;
}

/* ---- phases ---- */

static void build(Bench *b)
{
    const BenchProgram *p = b->program;
    cl_int err;

    b->code = clCreateProgramWithSource(b->context, 1,
                                        (const char **)&p->source, NULL,
                                        &err);
    bench_ok(b, err, "clCreateProgramWithSource");
    err = clBuildProgram(b->code, 1, &b->device, p->build ? p->build : "",
                         NULL, NULL);
    if (err != CL_SUCCESS) {
        char log[8192] = "";

        clGetProgramBuildInfo(b->code, b->device, CL_PROGRAM_BUILD_LOG,
                              sizeof(log), log, NULL);
        fprintf(stderr, "gpuvm-bench: %s: build log:\n%s\n", p->name, log);
    }
    bench_ok(b, err, "clBuildProgram");
    for (unsigned i = 0; i < BENCH_KERNELS && p->kernels[i]; i++) {
        b->kernel[i] = clCreateKernel(b->code, p->kernels[i], &err);
        bench_ok(b, err, "clCreateKernel");
    }
}

void bench_open(Bench *b, BenchTimes *t)
{
    double start;
    cl_int err;

    b->program->prepare(b);
    start = now_s();
    b->context = clCreateContext(NULL, 1, &b->device, NULL, NULL, &err);
    bench_ok(b, err, "clCreateContext");
    b->queue = clCreateCommandQueue(b->context, b->device,
                                    CL_QUEUE_PROFILING_ENABLE, &err);
    bench_ok(b, err, "clCreateCommandQueue");
    if (b->program->source) {
        build(b);
    }
    b->program->setup(b);
    t->phase[BENCH_INIT] = (now_s() - start) * 1e3;
}

/* Sums up this launch phase's events and lets go of them. */
static double kernel_ms(Bench *b)
{
    double sum = 0;

    for (unsigned i = 0; i < b->n_events; i++) {
        cl_ulong start = 0, end = 0;
        cl_int err = clGetEventProfilingInfo(
            b->events[i], CL_PROFILING_COMMAND_START, sizeof(start), &start,
            NULL);

        if (err == CL_SUCCESS) {
            err = clGetEventProfilingInfo(
                b->events[i], CL_PROFILING_COMMAND_END, sizeof(end), &end,
                NULL);
        }
        bench_ok(b, err, "clGetEventProfilingInfo");
        sum += (end - start) * 1e-6;
        clReleaseEvent(b->events[i]);
    }
    b->n_events = 0;
    return b->host_clock ? b->host_ms : sum;
}

static void finish(Bench *b, BenchTimes *t, unsigned phase, double *start)
{
    double now;

    bench_ok(b, clFinish(b->queue), "clFinish");
    now = now_s();
    t->phase[phase] = (now - *start) * 1e3;
    *start = now;
}

static void copy_all(Bench *b, bool upload)
{
    for (unsigned i = 0; i < b->buffers; i++) {
        BenchBuffer *buf = &b->buffer[i];

        if (upload && buf->in) {
            bench_write(b, buf->mem, buf->size, buf->in);
        } else if (!upload && buf->out) {
            bench_read(b, buf->mem, buf->size, buf->out);
        }
    }
}

static double cpu_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return ts.tv_sec * 1e3 + ts.tv_nsec * 1e-6;
}

void bench_once(Bench *b, BenchTimes *t)
{
    const BenchProgram *p = b->program;
    double start = now_s(), cpu;

    if (p->upload) {
        p->upload(b);
    } else {
        copy_all(b, true);
    }
    finish(b, t, BENCH_H2D, &start);
    b->host_ms = 0;
    cpu = cpu_ms();
    if (p->launch) {
        p->launch(b);
    }
    finish(b, t, BENCH_LAUNCH, &start);
    t->cpu = cpu_ms() - cpu;
    t->kernel = kernel_ms(b);
    start = now_s();
    if (p->download) {
        p->download(b);
    } else {
        copy_all(b, false);
    }
    finish(b, t, BENCH_D2H, &start);
}

void bench_close(Bench *b, BenchTimes *t)
{
    double start = now_s();

    if (b->program->close) {
        b->program->close(b);
    }
    for (unsigned i = 0; i < BENCH_KERNELS && b->kernel[i]; i++) {
        clReleaseKernel(b->kernel[i]);
        b->kernel[i] = NULL;
    }
    for (unsigned i = 0; i < b->buffers; i++) {
        clReleaseMemObject(b->buffer[i].mem);
    }
    if (b->code) {
        clReleaseProgram(b->code);
        b->code = NULL;
    }
    clReleaseCommandQueue(b->queue);
    clReleaseContext(b->context);
    t->phase[BENCH_CLOSE] = (now_s() - start) * 1e3;
    for (unsigned i = 0; i < b->memories; i++) {
        free(b->memory[i]);
    }
    free(b->memory);
    free(b->events);
    b->memory = NULL;
    b->events = NULL;
    b->memories = b->max_events = b->buffers = 0;
}
