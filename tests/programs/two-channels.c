/*
 * Two channels of one process that compute at once: one is OpenCL's, the
 * other OpenGL's (within OpenCL, Mesa has one channel for all contexts).  Each
 * multiplies matrices, --rounds launches of --matrix rows.  In turns they work
 * one after the other and at once; each result is compared with the CPU's.
 *
 *   two-channels [--platform SUBSTRING] [--matrix N] [--rounds N] [--turns N]
 *                [--limit PERCENT]
 *
 * Prints the median, and the least, of (time at once) / (time one after the
 * other).  Exit status: 0, 1 if a result was wrong or the median is above
 * --limit (default 150), 2 if something could not be done.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define CL_TARGET_OPENCL_VERSION 120
#define GL_GLEXT_PROTOTYPES
#include <CL/cl.h>
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <GL/glext.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "matmul.h"

#define TILE        16
#define MAX_TURNS   100

static const char cl_source[] =
    MATMUL_CL;

static const char gl_source[] =
    MATMUL_GLSL;

/* The work; the same for both channels, but for the seeds. */
typedef struct Work {
    float *a, *b, *got, *want;
    size_t wrong;
} Work;

static unsigned matrix = 256, rounds = 5, turns = 5, limit = 150;
static size_t bytes;
static const char *platform;

static void fail(const char *what, long code)
{
    fprintf(stderr, "two-channels: %s failed (%ld)\n", what, code);
    exit(2);
}

static void cl_must(cl_int err, const char *what)
{
    if (err != CL_SUCCESS) {
        fail(what, err);
    }
}

static void work_new(Work *w, uint32_t seed)
{
    size_t count = (size_t)matrix * matrix;

    w->a = malloc(bytes);
    w->b = malloc(bytes);
    w->got = malloc(bytes);
    w->want = malloc(bytes);
    w->wrong = 0;
    if (!w->a || !w->b || !w->got || !w->want) {
        fail("allocating the matrices", bytes);
    }
    fill_floats(w->a, count, seed);
    fill_floats(w->b, count, seed + 1);
    matmul_cpu(w->a, w->b, w->want, matrix);
}

/* Adds to the wrong elements; n eps bounds the error of a sum of n terms. */
static void work_check(Work *w)
{
    w->wrong += count_wrong(w->got, w->want, (size_t)matrix * matrix,
                            matrix * 1.2e-7f);
}

static void work_free(Work *w)
{
    free(w->a);
    free(w->b);
    free(w->got);
    free(w->want);
}

/* ---- OpenCL ---- */

static Work cl_work;
static cl_command_queue queue;
static cl_kernel kernel;
static cl_mem cl_c;

static cl_device_id cl_find(void)
{
    cl_platform_id platforms[16];
    cl_device_id device;
    cl_uint n = 0, have;
    char name[256];

    clGetPlatformIDs(16, platforms, &n);
    for (cl_uint i = 0; i < n && i < 16; i++) {
        clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof(name), name,
                          NULL);
        if ((!platform || strstr(name, platform)) &&
            clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device,
                           &have) == CL_SUCCESS && have) {
            clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof(name), name, NULL);
            printf("OpenCL: %s\n", name);
            return device;
        }
    }
    fail("finding an OpenCL device", n);
    return NULL;
}

static void cl_start(void)
{
    cl_device_id device = cl_find();
    const char *source = cl_source;
    cl_mem in[2];
    cl_int err;
    cl_context ctx = clCreateContext(NULL, 1, &device, NULL, NULL, &err);
    cl_program prog;

    cl_must(err, "clCreateContext");
    queue = clCreateCommandQueue(ctx, device, 0, &err);
    cl_must(err, "clCreateCommandQueue");
    prog = clCreateProgramWithSource(ctx, 1, &source, NULL, &err);
    cl_must(err, "clCreateProgramWithSource");
    cl_must(clBuildProgram(prog, 1, &device, "", NULL, NULL),
            "clBuildProgram");
    kernel = clCreateKernel(prog, "matmul", &err);
    cl_must(err, "clCreateKernel");
    for (cl_uint i = 0; i < 2; i++) {
        in[i] = clCreateBuffer(ctx, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
                               bytes, i ? cl_work.b : cl_work.a, &err);
        cl_must(err, "clCreateBuffer");
        cl_must(clSetKernelArg(kernel, i, sizeof(in[i]), &in[i]),
                "clSetKernelArg");
    }
    cl_c = clCreateBuffer(ctx, CL_MEM_READ_WRITE, bytes, NULL, &err);
    cl_must(err, "clCreateBuffer");
    cl_must(clSetKernelArg(kernel, 2, sizeof(cl_c), &cl_c), "clSetKernelArg");
    cl_must(clSetKernelArg(kernel, 3, sizeof(cl_uint), &matrix),
            "clSetKernelArg");
}

/* Spoils the last result, computes it again; seconds. */
static double cl_compute(void)
{
    size_t global[2] = { matrix, matrix }, local[2] = { TILE, TILE };
    double start;

    memset(cl_work.got, 0xff, bytes);
    cl_must(clEnqueueWriteBuffer(queue, cl_c, CL_TRUE, 0, bytes, cl_work.got,
                                 0, NULL, NULL), "clEnqueueWriteBuffer");
    cl_must(clFinish(queue), "clFinish");
    start = now_s();
    for (unsigned i = 0; i < rounds; i++) {
        cl_must(clEnqueueNDRangeKernel(queue, kernel, 2, NULL, global, local,
                                       0, NULL, NULL),
                "clEnqueueNDRangeKernel");
        cl_must(clFinish(queue), "clFinish");
    }
    start = now_s() - start;
    cl_must(clEnqueueReadBuffer(queue, cl_c, CL_TRUE, 0, bytes, cl_work.got,
                                0, NULL, NULL), "clEnqueueReadBuffer");
    work_check(&cl_work);
    return start;
}

/* ---- OpenGL: all in one thread, told by semaphores ---- */

static Work gl_work;
static sem_t gl_go, gl_done;
static bool gl_end;
static double gl_seconds;

static void gl_context(void)
{
    static const EGLint attrs[] = {
        EGL_CONTEXT_MAJOR_VERSION, 4, EGL_CONTEXT_MINOR_VERSION, 3,
        EGL_CONTEXT_OPENGL_PROFILE_MASK, EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
        EGL_NONE
    };
    EGLDisplay dpy = eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA,
                                           EGL_DEFAULT_DISPLAY, NULL);
    EGLContext ctx;

    if (!eglInitialize(dpy, NULL, NULL)) {
        fail("eglInitialize", eglGetError());
    }
    eglBindAPI(EGL_OPENGL_API);
    ctx = eglCreateContext(dpy, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attrs);
    if (ctx == EGL_NO_CONTEXT ||
        !eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, ctx)) {
        fail("making an OpenGL 4.3 context", eglGetError());
    }
    printf("OpenGL: %s\n", (const char *)glGetString(GL_RENDERER));
}

static void gl_start(void)
{
    const char *source = gl_source;
    GLuint shader, prog, buffer[3];
    GLint linked = 0;

    gl_context();
    shader = glCreateShader(GL_COMPUTE_SHADER);
    prog = glCreateProgram();
    glShaderSource(shader, 1, &source, NULL);
    glCompileShader(shader);
    glAttachShader(prog, shader);
    glLinkProgram(prog);
    glGetProgramiv(prog, GL_LINK_STATUS, &linked);
    if (!linked) {
        fail("linking the shader", glGetError());
    }
    glGenBuffers(3, buffer);
    for (int i = 0; i < 3; i++) {
        glBindBufferBase(GL_SHADER_STORAGE_BUFFER, i, buffer[i]);
        glBufferData(GL_SHADER_STORAGE_BUFFER, bytes, i == 0 ? gl_work.a :
                     i == 1 ? gl_work.b : NULL, GL_DYNAMIC_COPY);
    }
    glUseProgram(prog);
    glUniform1ui(glGetUniformLocation(prog, "n"), matrix);
}

static double gl_compute(void)
{
    double start;

    memset(gl_work.got, 0xff, bytes);
    glBufferSubData(GL_SHADER_STORAGE_BUFFER, 0, bytes, gl_work.got);
    glFinish();
    start = now_s();
    for (unsigned i = 0; i < rounds; i++) {
        glDispatchCompute(matrix / TILE, matrix / TILE, 1);
        glMemoryBarrier(GL_ALL_BARRIER_BITS);
        glFinish();
    }
    start = now_s() - start;
    glGetBufferSubData(GL_SHADER_STORAGE_BUFFER, 0, bytes, gl_work.got);
    if (glGetError() != GL_NO_ERROR) {
        fail("OpenGL", 0);
    }
    work_check(&gl_work);
    return start;
}

static void *gl_thread(void *unused)
{
    gl_start();
    sem_post(&gl_done);
    for (;;) {
        sem_wait(&gl_go);
        if (gl_end) {
            return unused;
        }
        gl_seconds = gl_compute();
        sem_post(&gl_done);
    }
}

/* ---- both ---- */

/* Both compute; seconds until the later one is done. */
static double turn(bool at_once)
{
    double cl;

    if (at_once) {
        sem_post(&gl_go);
        cl = cl_compute();
        sem_wait(&gl_done);
        return cl > gl_seconds ? cl : gl_seconds;
    }
    cl = cl_compute();
    sem_post(&gl_go);
    sem_wait(&gl_done);
    return cl + gl_seconds;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double measure(void)
{
    double ratio[MAX_TURNS], apart = 0, together = 0;

    turn(false);                /* warm: drivers compile at the first launch */
    for (unsigned i = 0; i < turns; i++) {
        double a = turn(false), t = turn(true);

        ratio[i] = t / a;
        apart += a;
        together += t;
    }
    qsort(ratio, turns, sizeof(ratio[0]), ascending);
    printf("one after the other %.1f ms, at once %.1f ms (means of %u)\n",
           apart / turns * 1e3, together / turns * 1e3, turns);
    printf("at once / one after the other: median %.2f, least %.2f\n",
           ratio[turns / 2], ratio[0]);
    return ratio[turns / 2];
}

static void option(const char *name, const char *value)
{
    unsigned n = atoi(value);

    if (!strcmp(name, "--platform")) {
        platform = value;
    } else if (!strcmp(name, "--matrix") && n >= TILE && n % TILE == 0) {
        matrix = n;
    } else if (!strcmp(name, "--rounds") && n > 0) {
        rounds = n;
    } else if (!strcmp(name, "--turns") && n > 0 && n <= MAX_TURNS) {
        turns = n;
    } else if (!strcmp(name, "--limit") && n > 0) {
        limit = n;
    } else {
        fprintf(stderr, "two-channels: %s '%s'; give --platform SUBSTRING, "
                "--matrix (a multiple of %d), --rounds, --turns (to %d) or "
                "--limit, above 0\n", name, value, TILE, MAX_TURNS);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    pthread_t thread;
    double ratio;
    bool good;

    for (int i = 1; i < argc; i += 2) {
        option(argv[i], i + 1 < argc ? argv[i + 1] : "");
    }
    bytes = (size_t)matrix * matrix * sizeof(float);
    work_new(&cl_work, 1);
    work_new(&gl_work, 3);
    sem_init(&gl_go, 0, 0);
    sem_init(&gl_done, 0, 0);
    if (pthread_create(&thread, NULL, gl_thread, NULL)) {
        fail("pthread_create", 0);
    }
    /* Not at once: when both of Mesa 22.3's start together, one in about 40
     * times a file that one has just opened is closed by the other. */
    sem_wait(&gl_done);
    cl_start();
    ratio = measure();
    gl_end = true;
    sem_post(&gl_go);
    pthread_join(thread, NULL);
    printf("%zu wrong elements of OpenCL's, %zu of OpenGL's\n",
           cl_work.wrong, gl_work.wrong);
    good = !cl_work.wrong && !gl_work.wrong && ratio * 100 <= limit;
    work_free(&cl_work);
    work_free(&gl_work);
    return good ? 0 : 1;
}
