/*
 * OpenGL 4.3 compute without a window: an EGL surfaceless context, a vector
 * addition and a tiled matrix product over shader storage buffers, each
 * element checked against the CPU.
 *
 *   gl-compute [--expect SUBSTRING]   (of GL_RENDERER)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define GL_GLEXT_PROTOTYPES
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <GL/glext.h>
#include <string.h>

#include "check.h"
#include "matmul.h"

static const char vecadd_src[] =
    "#version 430\n"
    "layout(local_size_x = 64) in;\n"
    "layout(std430, binding = 0) buffer A { float a[]; };\n"
    "layout(std430, binding = 1) buffer B { float b[]; };\n"
    "layout(std430, binding = 2) buffer C { float c[]; };\n"
    "uniform uint n;\n"
    "void main() {\n"
    "    uint i = gl_GlobalInvocationID.x;\n"
    "    if (i < n) c[i] = a[i] + b[i];\n"
    "}\n";

static const char matmul_src[] =
    MATMUL_GLSL;

static void fail(const char *what)
{
    fprintf(stderr, "gl-compute: %s failed (EGL 0x%x)\n", what, eglGetError());
    exit(2);
}

static void make_context(void)
{
    static const EGLint attrs[] = {
        EGL_CONTEXT_MAJOR_VERSION, 4, EGL_CONTEXT_MINOR_VERSION, 3,
        EGL_CONTEXT_OPENGL_PROFILE_MASK, EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
        EGL_NONE
    };
    PFNEGLGETPLATFORMDISPLAYEXTPROC get_display =
        (PFNEGLGETPLATFORMDISPLAYEXTPROC)
        eglGetProcAddress("eglGetPlatformDisplayEXT");
    EGLDisplay dpy;
    EGLContext ctx;

    if (!get_display) {
        fail("eglGetPlatformDisplayEXT");
    }
    dpy = get_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY,
                      NULL);
    if (!eglInitialize(dpy, NULL, NULL)) {
        fail("eglInitialize");
    }
    eglBindAPI(EGL_OPENGL_API);
    ctx = eglCreateContext(dpy, EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attrs);
    if (ctx == EGL_NO_CONTEXT) {
        fail("eglCreateContext (OpenGL 4.3 core)");
    }
    if (!eglMakeCurrent(dpy, EGL_NO_SURFACE, EGL_NO_SURFACE, ctx)) {
        fail("eglMakeCurrent");
    }
}

static GLuint make_program(const char *src)
{
    GLuint s = glCreateShader(GL_COMPUTE_SHADER), p = glCreateProgram();
    GLint ok = 0;
    char log[2048];

    glShaderSource(s, 1, &src, NULL);
    glCompileShader(s);
    glAttachShader(p, s);
    glLinkProgram(p);
    glGetProgramiv(p, GL_LINK_STATUS, &ok);
    if (!ok) {
        glGetProgramInfoLog(p, sizeof(log), NULL, log);
        fprintf(stderr, "gl-compute: link: %s\n", log);
        exit(2);
    }
    return p;
}

static size_t run(const char *name, const char *src, const float *a,
                  const float *b, const float *want, size_t count, unsigned n,
                  unsigned gx, unsigned gy, float tol)
{
    size_t size = count * sizeof(float), wrong;
    GLuint prog = make_program(src), buf[3];
    float *c = malloc(size);
    double start;

    glGenBuffers(3, buf);
    for (int i = 0; i < 3; i++) {
        glBindBufferBase(GL_SHADER_STORAGE_BUFFER, i, buf[i]);
        glBufferData(GL_SHADER_STORAGE_BUFFER, size,
                     i == 0 ? a : i == 1 ? b : NULL, GL_DYNAMIC_COPY);
    }
    glUseProgram(prog);
    glUniform1ui(glGetUniformLocation(prog, "n"), n);
    glFinish();
    start = now_s();
    glDispatchCompute(gx, gy, 1);
    glMemoryBarrier(GL_ALL_BARRIER_BITS);
    glFinish();
    start = now_s() - start;
    glBindBuffer(GL_SHADER_STORAGE_BUFFER, buf[2]);
    glGetBufferSubData(GL_SHADER_STORAGE_BUFFER, 0, size, c);
    wrong = count_wrong(c, want, count, tol);
    printf("%s: %zu floats, %zu wrong, %.1f ms, GL error 0x%x\n", name, count,
           wrong, start * 1e3, glGetError());
    glDeleteBuffers(3, buf);
    glDeleteProgram(prog);
    free(c);
    return wrong;
}

int main(int argc, char **argv)
{
    const char *expect = argc > 2 && !strcmp(argv[1], "--expect") ? argv[2] :
                         NULL;
    const char *renderer;
    unsigned n = 1 << 16, m = 64;
    float *a, *b, *want;
    size_t wrong;

    make_context();
    renderer = (const char *)glGetString(GL_RENDERER);
    printf("GL_RENDERER: %s\nGL_VERSION: %s\n", renderer,
           glGetString(GL_VERSION));
    if (expect && !strstr(renderer, expect)) {
        fprintf(stderr, "gl-compute: the renderer is not %s\n", expect);
        return 1;
    }
    a = malloc(n * sizeof(float));
    b = malloc(n * sizeof(float));
    want = malloc(n * sizeof(float));
    fill_floats(a, n, 5);
    fill_floats(b, n, 6);
    for (unsigned i = 0; i < n; i++) {
        want[i] = a[i] + b[i];
    }
    wrong = run("vecadd", vecadd_src, a, b, want, n, n, n / 64, 1, 0);
    matmul_cpu(a, b, want, m);
    wrong += run("matmul", matmul_src, a, b, want, m * m, m, m / 16, m / 16,
                 1e-5f * m);
    free(a);
    free(b);
    free(want);
    return wrong != 0;
}
