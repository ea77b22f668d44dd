/*
 * c = a + b of n * n elements of type T (uint or float).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
__kernel void madd(__global const T *a, __global const T *b, __global T *c,
                   uint n)
{
    uint x = get_global_id(0), y = get_global_id(1);

    if (x < n && y < n) {
        c[y * n + x] = a[y * n + x] + b[y * n + x];
    }
}
