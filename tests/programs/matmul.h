/*
 * A matrix product by tiles of 16 x 16, in OpenCL C and in GLSL, for the
 * programs that compute it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_MATMUL_H
#define GPUVM_TESTS_MATMUL_H

/** c = a b, n x n floats; work-groups of 16 x 16, n a multiple of 16. */
#define MATMUL_CL \
    "__kernel void matmul(__global const float *a, __global const float *b,\n" \
    "                     __global float *c, uint n)\n" \
    "{\n" \
    "    __local float ta[16][16], tb[16][16];\n" \
    "    uint x = get_global_id(0), y = get_global_id(1);\n" \
    "    uint lx = get_local_id(0), ly = get_local_id(1);\n" \
    "    float sum = 0;\n" \
    "    for (uint t = 0; t < n; t += 16) {\n" \
    "        ta[ly][lx] = a[y * n + t + lx];\n" \
    "        tb[ly][lx] = b[(t + ly) * n + x];\n" \
    "        barrier(CLK_LOCAL_MEM_FENCE);\n" \
    "        for (uint k = 0; k < 16; k++)\n" \
    "            sum += ta[ly][k] * tb[k][lx];\n" \
    "        barrier(CLK_LOCAL_MEM_FENCE);\n" \
    "    }\n" \
    "    c[y * n + x] = sum;\n" \
    "}\n"

/** The same; a, b and c are storage buffers 0, 1 and 2. */
#define MATMUL_GLSL \
    "#version 430\n" \
    "layout(local_size_x = 16, local_size_y = 16) in;\n" \
    "layout(std430, binding = 0) buffer A { float a[]; };\n" \
    "layout(std430, binding = 1) buffer B { float b[]; };\n" \
    "layout(std430, binding = 2) buffer C { float c[]; };\n" \
    "uniform uint n;\n" \
    "shared float ta[16][16], tb[16][16];\n" \
    "void main() {\n" \
    "    uvec2 g = gl_GlobalInvocationID.xy, l = gl_LocalInvocationID.xy;\n" \
    "    float sum = 0.0;\n" \
    "    for (uint t = 0u; t < n; t += 16u) {\n" \
    "        ta[l.y][l.x] = a[g.y * n + t + l.x];\n" \
    "        tb[l.y][l.x] = b[(t + l.y) * n + g.x];\n" \
    "        barrier();\n" \
    "        for (uint k = 0u; k < 16u; k++)\n" \
    "            sum += ta[l.y][k] * tb[k][l.x];\n" \
    "        barrier();\n" \
    "    }\n" \
    "    c[g.y * n + g.x] = sum;\n" \
    "}\n"

#endif
