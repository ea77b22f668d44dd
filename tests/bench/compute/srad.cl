/*
 * Speckle reducing anisotropic diffusion of an image of n * n, in the form of
 * many small kernels:
 *
 * extract:    image (0..255) to its exponential
 * sums:       sum and sum of squares of each group's share, by a tree
 * statistics: adds the groups' up; q0 = variance / mean^2 of the image
 * diffusion:  each cell's coefficient, from its differences to four
 *             neighbours and q0
 * update:     moves each cell by its and its neighbours' coefficients
 * compress:   back to 0..255
 *
 * A cell at the border is its own neighbour there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define GROUP 256

__kernel void extract(__global const float *image, __global float *j, uint n)
{
    uint i = get_global_id(0);

    if (i < n * n) {
        j[i] = exp(image[i] / 255.0f);
    }
}

static void add_up(__local float *a, __local float *b)
{
    uint l = get_local_id(0);

    for (uint width = GROUP / 2; width > 0; width /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (l < width) {
            a[l] += a[l + width];
            b[l] += b[l + width];
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void sums(__global const float *j, __global float2 *partial, uint n)
{
    __local float sum[GROUP], square[GROUP];
    uint i = get_global_id(0), l = get_local_id(0);
    float v = i < n * n ? j[i] : 0.0f;

    sum[l] = v;
    square[l] = v * v;
    add_up(sum, square);
    if (l == 0) {
        partial[get_group_id(0)] = (float2)(sum[0], square[0]);
    }
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void statistics(__global const float2 *partial, uint groups, uint n,
                __global float *q0)
{
    __local float sum[GROUP], square[GROUP];
    uint l = get_local_id(0);
    float2 mine = (float2)(0.0f, 0.0f);

    for (uint g = l; g < groups; g += GROUP) {
        mine += partial[g];
    }
    sum[l] = mine.x;
    square[l] = mine.y;
    add_up(sum, square);
    if (l == 0) {
        float mean = sum[0] / (float)(n * n);

        *q0 = (square[0] / (float)(n * n) - mean * mean) / (mean * mean);
    }
}

__kernel void diffusion(__global const float *j, __global float *c, uint n,
                        __global const float *q0)
{
    uint x = get_global_id(0), y = get_global_id(1);

    if (x < n && y < n) {
        uint at = y * n + x;
        float v = j[at], q = *q0;
        float north = j[y > 0 ? at - n : at] - v;
        float south = j[y < n - 1 ? at + n : at] - v;
        float west = j[x > 0 ? at - 1 : at] - v;
        float east = j[x < n - 1 ? at + 1 : at] - v;
        float g2 = (north * north + south * south + west * west +
                    east * east) / (v * v);
        float l = (north + south + west + east) / v;
        float den = 1.0f + 0.25f * l;
        float q2 = (0.5f * g2 - 0.0625f * l * l) / (den * den);

        c[at] = clamp(1.0f / (1.0f + (q2 - q) / (q * (1.0f + q))), 0.0f,
                      1.0f);
    }
}

__kernel void update(__global const float *from, __global const float *c,
                     __global float *to, uint n, float lambda)
{
    uint x = get_global_id(0), y = get_global_id(1);

    if (x < n && y < n) {
        uint at = y * n + x;
        uint south = y < n - 1 ? at + n : at, east = x < n - 1 ? at + 1 : at;
        float v = from[at], mine = c[at];
        float d = mine * (from[y > 0 ? at - n : at] - v)
                + c[south] * (from[south] - v)
                + mine * (from[x > 0 ? at - 1 : at] - v)
                + c[east] * (from[east] - v);

        to[at] = v + 0.25f * lambda * d;
    }
}

__kernel void compress(__global const float *j, __global float *image, uint n)
{
    uint i = get_global_id(0);

    if (i < n * n) {
        image[i] = log(j[i]) * 255.0f;
    }
}
