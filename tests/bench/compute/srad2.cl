/*
 * Speckle reducing anisotropic diffusion, second form: two kernels that keep
 * a tile of 16 * 16 cells and its border in local memory; the host computes
 * the statistics between.  Formulas: as in srad.cl.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define TILE 16

/* Cell (x, y) of the image, moved inside it. */
static float cell(__global const float *image, int x, int y, int n)
{
    return image[clamp(y, 0, n - 1) * n + clamp(x, 0, n - 1)];
}

/* The tile and the cells around it, without the corners. */
static void load(__local float t[TILE + 2][TILE + 2],
                 __global const float *image, int n)
{
    int x = get_global_id(0), y = get_global_id(1);
    int lx = get_local_id(0) + 1, ly = get_local_id(1) + 1;

    t[ly][lx] = cell(image, x, y, n);
    if (lx == 1) {
        t[ly][0] = cell(image, x - 1, y, n);
    }
    if (lx == TILE) {
        t[ly][TILE + 1] = cell(image, x + 1, y, n);
    }
    if (ly == 1) {
        t[0][lx] = cell(image, x, y - 1, n);
    }
    if (ly == TILE) {
        t[TILE + 1][lx] = cell(image, x, y + 1, n);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

__kernel __attribute__((reqd_work_group_size(TILE, TILE, 1)))
void diffusion(__global const float *j, __global float *c, int n, float q)
{
    __local float t[TILE + 2][TILE + 2];
    int lx = get_local_id(0) + 1, ly = get_local_id(1) + 1;

    load(t, j, n);

    float v = t[ly][lx];
    float north = t[ly - 1][lx] - v, south = t[ly + 1][lx] - v;
    float west = t[ly][lx - 1] - v, east = t[ly][lx + 1] - v;
    float g2 = (north * north + south * south + west * west + east * east) /
               (v * v);
    float l = (north + south + west + east) / v;
    float den = 1.0f + 0.25f * l;
    float q2 = (0.5f * g2 - 0.0625f * l * l) / (den * den);

    c[get_global_id(1) * n + get_global_id(0)] =
        clamp(1.0f / (1.0f + (q2 - q) / (q * (1.0f + q))), 0.0f, 1.0f);
}

__kernel __attribute__((reqd_work_group_size(TILE, TILE, 1)))
void update(__global const float *from, __global const float *c,
            __global float *to, int n, float lambda)
{
    __local float t[TILE + 2][TILE + 2], tc[TILE + 2][TILE + 2];
    int lx = get_local_id(0) + 1, ly = get_local_id(1) + 1;

    load(t, from, n);
    load(tc, c, n);

    float v = t[ly][lx], mine = tc[ly][lx];
    float d = mine * (t[ly - 1][lx] - v) + tc[ly + 1][lx] * (t[ly + 1][lx] - v)
            + mine * (t[ly][lx - 1] - v) + tc[ly][lx + 1] * (t[ly][lx + 1] - v);

    to[get_global_id(1) * n + get_global_id(0)] = v + 0.25f * lambda * d;
}
