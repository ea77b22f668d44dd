/*
 * An OpenCL computation that goes on until it is told to stop, for tests that
 * stop, save, load or move the virtual machine meanwhile.
 *
 *   cl-steps --until FILE [--items N] [--rounds N]
 *
 * Each step is a kernel: work items mix their value with their neighbour's
 * through local memory, with a barrier on either side, --rounds times.  So a
 * lost or repeated thread block, barrier or store spoils all that follows.
 * When FILE exists the values are read and compared with the CPU's, which does
 * the same steps.  Exit status 0 only if all are right.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define GROUP 64
#define MUL   1664525u
#define ADD   1013904223u

static const char source[] =
    "__kernel void step(__global uint *v, uint n, uint rounds)\n"
    "{\n"
    "    __local uint l[64];\n"
    "    uint i = get_global_id(0), k = get_local_id(0), x = v[i];\n"
    "    for (uint r = 0; r < rounds; r++) {\n"
    "        l[k] = x;\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "        x = x * 1664525u + (l[(k + 1) & 63] ^ (n + r)) + 1013904223u;\n"
    "        barrier(CLK_LOCAL_MEM_FENCE);\n"
    "    }\n"
    "    v[i] = x;\n"
    "}\n";

static void check(cl_int err, const char *what)
{
    if (err != CL_SUCCESS) {
        fprintf(stderr, "cl-steps: %s failed with OpenCL error %d\n", what,
                err);
        exit(2);
    }
}

static cl_device_id find_device(void)
{
    cl_platform_id platforms[16];
    cl_device_id device;
    cl_uint n = 0;

    check(clGetPlatformIDs(16, platforms, &n), "clGetPlatformIDs");
    for (cl_uint i = 0; i < n && i < 16; i++) {
        char name[256] = "";

        clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof(name), name,
                          NULL);
        if (strstr(name, "rusticl") &&
            clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device,
                           NULL) == CL_SUCCESS) {
            return device;
        }
    }
    fprintf(stderr, "cl-steps: no OpenCL device of platform rusticl\n");
    exit(2);
}

static cl_kernel build(cl_context ctx, cl_device_id device)
{
    const char *src = source;
    cl_int err;
    cl_program p = clCreateProgramWithSource(ctx, 1, &src, NULL, &err);
    cl_kernel k;

    check(err, "clCreateProgramWithSource");
    check(clBuildProgram(p, 1, &device, "", NULL, NULL), "clBuildProgram");
    k = clCreateKernel(p, "step", &err);
    check(err, "clCreateKernel");
    return k;
}

/* The same on the CPU, group by group. */
static void steps_cpu(uint32_t *v, unsigned items, unsigned steps,
                      unsigned rounds)
{
    for (unsigned g = 0; g < items; g += GROUP) {
        for (unsigned n = 0; n < steps; n++) {
            for (unsigned r = 0; r < rounds; r++) {
                uint32_t first = v[g];

                for (unsigned k = 0; k < GROUP; k++) {
                    uint32_t next = k + 1 < GROUP ? v[g + k + 1] : first;

                    v[g + k] = v[g + k] * MUL + (next ^ (n + r)) + ADD;
                }
            }
        }
    }
}

static unsigned option(int argc, char **argv, const char *name, unsigned def)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], name)) {
            return atoi(argv[i + 1]);
        }
    }
    return def;
}

int main(int argc, char **argv)
{
    unsigned items = option(argc, argv, "--items", 2048) / GROUP * GROUP;
    unsigned rounds = option(argc, argv, "--rounds", 200), wrong = 0;
    const char *until = argc > 2 && !strcmp(argv[1], "--until") ? argv[2] : "";
    uint32_t *got = malloc(items * 4), *want = malloc(items * 4), seed = 7;
    cl_device_id device = find_device();
    cl_command_queue queue;
    size_t global = items, local = GROUP;
    cl_context ctx;
    cl_kernel k;
    cl_uint n = 0;
    cl_mem v;
    cl_int err;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (unsigned i = 0; i < items; i++) {
        want[i] = rnd(&seed);
    }
    ctx = clCreateContext(NULL, 1, &device, NULL, NULL, &err);
    check(err, "clCreateContext");
    queue = clCreateCommandQueue(ctx, device, 0, &err);
    check(err, "clCreateCommandQueue");
    k = build(ctx, device);
    v = clCreateBuffer(ctx, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                       items * 4, want, &err);
    check(err, "clCreateBuffer");
    check(clSetKernelArg(k, 0, sizeof(v), &v), "clSetKernelArg");
    check(clSetKernelArg(k, 2, sizeof(rounds), &rounds), "clSetKernelArg");
    do {
        check(clSetKernelArg(k, 1, sizeof(n), &n), "clSetKernelArg");
        check(clEnqueueNDRangeKernel(queue, k, 1, NULL, &global, &local, 0,
                                     NULL, NULL), "clEnqueueNDRangeKernel");
        if (++n % 4 == 0) {
            check(clFinish(queue), "clFinish");
        }
        if (n == 8) {
            printf("steps: under way\n");
        }
    } while (access(until, F_OK) != 0 && (*until || n < 16));
    check(clEnqueueReadBuffer(queue, v, CL_TRUE, 0, items * 4, got, 0, NULL,
                              NULL), "clEnqueueReadBuffer");
    steps_cpu(want, items, n, rounds);
    for (unsigned i = 0; i < items; i++) {
        wrong += got[i] != want[i];
    }
    printf("steps: %u of %u values, %u wrong\n", n, items, wrong);
    return wrong != 0;
}
