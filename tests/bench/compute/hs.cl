/*
 * Heat in a chip of n * n cells.  A group loads a tile of 16 * 16 cells and
 * makes up to HALO steps in local memory before it writes back the cells that
 * no border spoiled, (16 - 2 * HALO)^2 of them: fewer trips to memory for
 * some cells computed twice.
 *
 * k = { cell's heat capacity, 1/Rx, 1/Ry, 1/Rz }, all times the time step.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define TILE 16
#define HALO 2
#define INNER (TILE - 2 * HALO)

__kernel __attribute__((reqd_work_group_size(TILE, TILE, 1)))
void hotspot(__global const float *from, __global const float *power,
             __global float *to, int n, int steps, float4 k, float ambient)
{
    __local float t[TILE][TILE];
    int lx = get_local_id(0), ly = get_local_id(1);
    int left = (int)get_group_id(0) * INNER - HALO;
    int top = (int)get_group_id(1) * INNER - HALO;
    int x = left + lx, y = top + ly;
    int at = clamp(y, 0, n - 1) * n + clamp(x, 0, n - 1);
    /* a cell at the chip's edge is its own neighbour there */
    int west = max(x - 1, 0) - left, east = min(x + 1, n - 1) - left;
    int north = max(y - 1, 0) - top, south = min(y + 1, n - 1) - top;
    int inside = x >= 0 && x < n && y >= 0 && y < n;
    float p = power[at], now = from[at];

    t[ly][lx] = now;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = 1; i <= steps; i++) {
        if (inside && lx >= i && lx < TILE - i && ly >= i && ly < TILE - i) {
            now += k.x * p
                 + k.y * (t[ly][west] + t[ly][east] - 2.0f * now)
                 + k.z * (t[north][lx] + t[south][lx] - 2.0f * now)
                 + k.w * (ambient - now);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        t[ly][lx] = now;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (inside && lx >= HALO && lx < TILE - HALO && ly >= HALO &&
        ly < TILE - HALO) {
        to[at] = now;
    }
}
