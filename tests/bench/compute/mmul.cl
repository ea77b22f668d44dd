/*
 * c = a * b of n * n elements of type T (uint or float), in tiles of 16 * 16
 * that a work-group keeps in local memory.  n is a multiple of 16.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define TILE 16

__kernel __attribute__((reqd_work_group_size(TILE, TILE, 1)))
void mmul(__global const T *a, __global const T *b, __global T *c, uint n)
{
    __local T ta[TILE][TILE], tb[TILE][TILE];
    uint x = get_global_id(0), y = get_global_id(1);
    uint lx = get_local_id(0), ly = get_local_id(1);
    T sum = 0;

    for (uint t = 0; t < n; t += TILE) {
        ta[ly][lx] = a[y * n + t + lx];
        tb[ly][lx] = b[(t + ly) * n + x];
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint k = 0; k < TILE; k++) {
            sum += ta[ly][k] * tb[k][lx];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    c[y * n + x] = sum;
}
