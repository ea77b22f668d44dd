/*
 * OpenCL demo: finds the GPU, adds two vectors, multiplies two matrices, and
 * checks every element against the CPU.
 *
 *   cl-demo [--vector N] [--matrix N] [--platform SUBSTRING] [--device N]
 *
 * Exit status 0 only if all results are right.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <string.h>

#include "check.h"
#include "matmul.h"

#define TILE 16
#define MIN(a, b) ((a) < (b) ? (a) : (b))

static const char source[] =
    "__kernel void vecadd(__global const float *a, __global const float *b,\n"
    "                     __global float *c, uint n)\n"
    "{\n"
    "    uint i = get_global_id(0);\n"
    "    if (i < n)\n"
    "        c[i] = a[i] + b[i];\n"
    "}\n"
    MATMUL_CL;

static cl_context ctx;
static cl_command_queue queue;
static cl_device_id device;

static void check(cl_int err, const char *what)
{
    if (err != CL_SUCCESS) {
        fprintf(stderr, "cl-demo: %s failed with OpenCL error %d\n", what,
                err);
        exit(2);
    }
}

/* Device @nth, from 0, of the first platform that has so many. */
static void find_device(const char *want, unsigned nth)
{
    cl_device_id devices[16];
    cl_uint have;
    cl_platform_id platforms[16];
    cl_uint n = 0;
    char name[256], driver[256], version[256];

    check(clGetPlatformIDs(16, platforms, &n), "clGetPlatformIDs");
    for (cl_uint i = 0; i < n && i < 16; i++) {
        char pname[256] = "";

        clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof(pname),
                          pname, NULL);
        if ((!want || strstr(pname, want)) &&
            clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 16, devices,
                           &have) == CL_SUCCESS && nth < MIN(have, 16)) {
            device = devices[nth];
            clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof(name), name, NULL);
            clGetDeviceInfo(device, CL_DRIVER_VERSION, sizeof(driver), driver,
                            NULL);
            clGetDeviceInfo(device, CL_DEVICE_VERSION, sizeof(version),
                            version, NULL);
            printf("GPU found:             %s  (%s, %s, driver %s)\n", name,
                   pname, version, driver);
            return;
        }
    }
    fprintf(stderr, "cl-demo: no OpenCL device%s%s\n",
            want ? " of platform " : "", want ? want : "");
    exit(2);
}

static cl_mem buffer(cl_mem_flags flags, size_t size, void *data)
{
    cl_int err;
    cl_mem m = clCreateBuffer(ctx, flags | (data ? CL_MEM_COPY_HOST_PTR : 0),
                              size, data, &err);

    check(err, "clCreateBuffer");
    return m;
}

/* Runs @name on a, b -> c and returns the seconds from enqueue to finish. */
static double run(cl_program prog, const char *name, const float *a,
                  const float *b, float *c, size_t count, cl_uint n,
                  cl_uint dims, const size_t *global, const size_t *local)
{
    size_t size = count * sizeof(float);
    cl_mem ma = buffer(CL_MEM_READ_ONLY, size, (void *)a);
    cl_mem mb = buffer(CL_MEM_READ_ONLY, size, (void *)b);
    cl_mem mc = buffer(CL_MEM_WRITE_ONLY, size, NULL);
    cl_int err;
    cl_kernel k = clCreateKernel(prog, name, &err);
    double start, end;

    check(err, "clCreateKernel");
    check(clSetKernelArg(k, 0, sizeof(ma), &ma), "clSetKernelArg 0");
    check(clSetKernelArg(k, 1, sizeof(mb), &mb), "clSetKernelArg 1");
    check(clSetKernelArg(k, 2, sizeof(mc), &mc), "clSetKernelArg 2");
    check(clSetKernelArg(k, 3, sizeof(n), &n), "clSetKernelArg 3");
    check(clFinish(queue), "clFinish");
    start = now_s();
    check(clEnqueueNDRangeKernel(queue, k, dims, NULL, global, local, 0, NULL,
                                 NULL), "clEnqueueNDRangeKernel");
    check(clFinish(queue), "clFinish");
    end = now_s();
    check(clEnqueueReadBuffer(queue, mc, CL_TRUE, 0, size, c, 0, NULL, NULL),
          "clEnqueueReadBuffer");
    clReleaseKernel(k);
    clReleaseMemObject(ma);
    clReleaseMemObject(mb);
    clReleaseMemObject(mc);
    return end - start;
}

static cl_program build(void)
{
    const char *src = source;
    cl_int err;
    cl_program p = clCreateProgramWithSource(ctx, 1, &src, NULL, &err);

    check(err, "clCreateProgramWithSource");
    err = clBuildProgram(p, 1, &device, "", NULL, NULL);
    if (err != CL_SUCCESS) {
        char log[4096] = "";

        clGetProgramBuildInfo(p, device, CL_PROGRAM_BUILD_LOG, sizeof(log),
                              log, NULL);
        fprintf(stderr, "cl-demo: build log:\n%s\n", log);
    }
    check(err, "clBuildProgram");
    return p;
}

static int vector_addition(cl_program prog, unsigned n)
{
    size_t global = (n + 255) / 256 * 256, local = 256, wrong;
    float *a = malloc(n * sizeof(float)), *b = malloc(n * sizeof(float));
    float *c = malloc(n * sizeof(float)), *want = malloc(n * sizeof(float));
    double s;

    fill_floats(a, n, 1);
    fill_floats(b, n, 2);
    for (unsigned i = 0; i < n; i++) {
        want[i] = a[i] + b[i];
    }
    s = run(prog, "vecadd", a, b, c, n, n, 1, &global, &local);
    wrong = count_wrong(c, want, n, 0);
    printf("Vector addition:       %u floats, %s, %.1f ms on the GPU\n", n,
           wrong ? "WRONG" : "all correct", s * 1e3);
    if (wrong) {
        printf("  %zu of %u elements differ from the CPU's\n", wrong, n);
    }
    free(a);
    free(b);
    free(c);
    free(want);
    return wrong != 0;
}

static int matrix_product(cl_program prog, unsigned n)
{
    size_t count = (size_t)n * n, wrong;
    size_t global[2] = { n, n }, local[2] = { TILE, TILE };
    float *a = malloc(count * sizeof(float));
    float *b = malloc(count * sizeof(float));
    float *c = malloc(count * sizeof(float));
    float *want = malloc(count * sizeof(float));
    double s;

    fill_floats(a, count, 3);
    fill_floats(b, count, 4);
    matmul_cpu(a, b, want, n);
    s = run(prog, "matmul", a, b, c, count, n, 2, global, local);
    wrong = count_wrong(c, want, count, 1e-5f * n);
    printf("Matrix product:        %ux%u, %s, %.1f ms on the GPU "
           "(%.3f GFLOP/s)\n", n, n, wrong ? "WRONG" : "all correct", s * 1e3,
           2.0 * n * n * n / s * 1e-9);
    if (wrong) {
        printf("  %zu of %zu elements differ from the CPU's\n", wrong, count);
    }
    free(a);
    free(b);
    free(c);
    free(want);
    return wrong != 0;
}

int main(int argc, char **argv)
{
    unsigned vector = 1 << 20, matrix = 256, nth = 0;
    const char *platform = NULL;
    cl_program prog;
    cl_int err;
    int bad;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--vector")) {
            vector = atoi(argv[i + 1]);
        } else if (!strcmp(argv[i], "--matrix")) {
            matrix = atoi(argv[i + 1]) / TILE * TILE;
        } else if (!strcmp(argv[i], "--platform")) {
            platform = argv[i + 1];
        } else if (!strcmp(argv[i], "--device")) {
            nth = atoi(argv[i + 1]);
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    find_device(platform, nth);
    ctx = clCreateContext(NULL, 1, &device, NULL, NULL, &err);
    check(err, "clCreateContext");
    queue = clCreateCommandQueue(ctx, device, 0, &err);
    check(err, "clCreateCommandQueue");
    prog = build();
    bad = vector_addition(prog, vector);
    bad |= matrix_product(prog, matrix);
    clReleaseProgram(prog);
    clReleaseCommandQueue(queue);
    clReleaseContext(ctx);
    return bad;
}
