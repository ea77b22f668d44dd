/*
 * What a program of gpuvm-bench is, and what it may use.
 *
 * A program is a constant BenchProgram: names, sizes, kernel source and four
 * functions.  Each use of it is a Bench: a context, a queue and buffers of its
 * own, so that several can run at once in threads.  prepare() makes the
 * input, untimed; then come the five phases of the GPUvm papers:
 *
 *   init     context, queue, kernels built, setup()
 *   h2d      upload(), by default every buffer that has host data to send
 *   launch   launch(), until the queue is empty
 *   d2h      download(), by default every buffer that has a place on the host
 *   close    all released
 *
 * h2d, launch and d2h are repeated; check() looks at the results of each.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BENCH_H
#define GPUVM_BENCH_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

#define BENCH_PARAMS    3
#define BENCH_BUFFERS   12
#define BENCH_KERNELS   6
#define BENCH_EPS       1.1920929e-7    /* FLT_EPSILON */
#define BENCH_LEN(a)    (sizeof(a) / sizeof((a)[0]))

enum { BENCH_SMALL, BENCH_MEDIUM, BENCH_LARGE, BENCH_SIZES };
enum { BENCH_INIT, BENCH_H2D, BENCH_LAUNCH, BENCH_D2H, BENCH_CLOSE,
       BENCH_PHASES };

/* One size of a program: `key=value` on the command line. */
typedef struct BenchParam {
    const char *key;
    const char *what;
    uint32_t size[BENCH_SIZES];
    uint32_t min, max;
    uint32_t step;              /* the value is a multiple of it */
} BenchParam;

typedef struct Bench Bench;

typedef struct BenchProgram {
    const char *name;
    const char *what;           /* one line */
    const char *source;         /* OpenCL C; NULL: no kernel */
    const char *build;          /* options of clBuildProgram(), or NULL */
    const char *kernels[BENCH_KERNELS];
    BenchParam params[BENCH_PARAMS];
    void (*prepare)(Bench *b);  /* host data: b->state, input, room */
    void (*setup)(Bench *b);    /* buffers and arguments */
    void (*upload)(Bench *b);   /* NULL: every buffer's `in` */
    void (*launch)(Bench *b);   /* NULL: nothing */
    void (*download)(Bench *b); /* NULL: every buffer's `out` */
    bool (*check)(Bench *b);    /* false: says why by bench_wrong() */
    void (*close)(Bench *b);    /* NULL: buffers and memory only */
} BenchProgram;

typedef struct BenchBuffer {
    cl_mem mem;
    size_t size;
    const void *in;             /* sent by h2d, or NULL */
    void *out;                  /* filled by d2h, or NULL */
} BenchBuffer;

struct Bench {
    const BenchProgram *program;
    uint32_t size[BENCH_PARAMS];
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
    cl_program code;
    cl_kernel kernel[BENCH_KERNELS];
    BenchBuffer buffer[BENCH_BUFFERS];
    unsigned buffers;
    void **memory;              /* of bench_alloc() */
    unsigned memories;
    cl_event *events;           /* of this launch phase's kernels */
    unsigned n_events, max_events;
    bool host_clock;            /* each kernel is waited for and timed here */
    double host_ms;             /* of this launch phase */
    void *state;                /* the program's own */
    char verdict[200];          /* why the last check failed */
};

/** bench_ok - ends the process (status 2) unless @err is CL_SUCCESS */
void bench_ok(const Bench *b, cl_int err, const char *what);

/** bench_alloc - @size zeroed bytes that live until close */
void *bench_alloc(Bench *b, size_t size);

/**
 * bench_buffer - a device buffer of @size bytes
 * @in: host data that h2d sends, or NULL
 * @out: host memory that d2h fills, or NULL
 */
cl_mem bench_buffer(Bench *b, cl_mem_flags flags, size_t size, const void *in,
                    void *out);

/** bench_arg - argument @n of kernel @k: @size bytes at @value */
void bench_arg(Bench *b, unsigned k, cl_uint n, size_t size,
               const void *value);
#define bench_arg_mem(b, k, n, m)  bench_arg(b, k, n, sizeof(cl_mem), &(m))
#define bench_arg_u32(b, k, n, v)  \
    bench_arg(b, k, n, sizeof(cl_uint), &(cl_uint){ v })
#define bench_arg_f32(b, k, n, v)  \
    bench_arg(b, k, n, sizeof(cl_float), &(cl_float){ v })

/**
 * bench_run - enqueue kernel @k over @gx * @gy items in groups of @lx * @ly
 *
 * Sizes are rounded up to whole groups.  gy = ly = 1 is one-dimensional.
 */
void bench_run(Bench *b, unsigned k, size_t gx, size_t gy, size_t lx,
               size_t ly);

/** bench_write, bench_read - a copy that is done at return */
void bench_write(Bench *b, cl_mem m, size_t size, const void *from);
void bench_read(Bench *b, cl_mem m, size_t size, void *to);

/** bench_wrong - note why the results are wrong; returns false */
bool bench_wrong(Bench *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** bench_same - are all @n words as the CPU has them? */
bool bench_same(Bench *b, const uint32_t *got, const uint32_t *want,
                size_t n);

/**
 * bench_near - do all @n floats differ from the CPU's by at most
 * @relative * |want| + @absolute?
 */
bool bench_near(Bench *b, const float *got, const float *want, size_t n,
                double relative, double absolute);

/** bench_random - @n words, and @n floats from @low up to @high */
uint32_t *bench_random_words(Bench *b, size_t n, uint32_t seed);
float *bench_random_floats(Bench *b, size_t n, uint32_t seed, float low,
                           float high);

/* ---- a run of a program, for main.c and channels.c ---- */

/* Milliseconds.  kernel: the sum of the launch phase's kernels.  cpu: of all
 * threads of this process in the launch phase. */
typedef struct BenchTimes {
    double phase[BENCH_PHASES];
    double kernel;
    double cpu;
} BenchTimes;

/** bench_open - prepare, then init; b->program, device and sizes are set */
void bench_open(Bench *b, BenchTimes *t);

/** bench_once - h2d, launch, d2h; the results are then for check() */
void bench_once(Bench *b, BenchTimes *t);

/** bench_close - the close phase; @b can be opened again */
void bench_close(Bench *b, BenchTimes *t);

extern const BenchProgram *const bench_programs[];
extern const unsigned bench_n_programs;

#endif
