/*
 * LU decomposition in place, without pivoting, in tiles of 16 * 16.  For each
 * tile k of the diagonal:
 *
 * diagonal:  decomposes that tile (one group, 16 work-items)
 * perimeter: a group takes the tile right of it and the tile below it at the
 *            same distance: 16 work-items solve L * U' = A by columns, 16
 *            solve L' * U = A by rows
 * internal:  subtracts L' * U' from all tiles right and below
 *
 * n is a multiple of 16.  L has an implied diagonal of ones.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define TILE 16

__kernel __attribute__((reqd_work_group_size(TILE, 1, 1)))
void diagonal(__global float *a, uint n, uint k)
{
    __local float t[TILE][TILE];
    uint x = get_local_id(0);
    __global float *tile = a + (k * n + k) * TILE;

    for (uint y = 0; y < TILE; y++) {
        t[y][x] = tile[y * n + x];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = 0; i < TILE - 1; i++) {
        if (x > i) {
            t[x][i] /= t[i][i];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        if (x > i) {
            for (uint y = i + 1; y < TILE; y++) {
                t[y][x] -= t[y][i] * t[i][x];
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (uint y = 0; y < TILE; y++) {
        tile[y * n + x] = t[y][x];
    }
}

__kernel __attribute__((reqd_work_group_size(2 * TILE, 1, 1)))
void perimeter(__global float *a, uint n, uint k)
{
    __local float d[TILE][TILE], right[TILE][TILE], below[TILE][TILE];
    uint item = get_local_id(0), x = item % TILE;
    uint other = k + 1 + get_group_id(0);
    __global float *tile_d = a + (k * n + k) * TILE;
    __global float *tile_r = a + (k * n + other) * TILE;
    __global float *tile_b = a + (other * n + k) * TILE;

    for (uint y = item / TILE; y < TILE; y += 2) {
        d[y][x] = tile_d[y * n + x];
        right[y][x] = tile_r[y * n + x];
        below[y][x] = tile_b[y * n + x];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < TILE) {
        for (uint y = 1; y < TILE; y++) {
            float sum = right[y][x];

            for (uint i = 0; i < y; i++) {
                sum -= d[y][i] * right[i][x];
            }
            right[y][x] = sum;
        }
    } else {
        for (uint i = 0; i < TILE; i++) {
            float sum = below[x][i];

            for (uint j = 0; j < i; j++) {
                sum -= below[x][j] * d[j][i];
            }
            below[x][i] = sum / d[i][i];
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint y = item / TILE; y < TILE; y += 2) {
        tile_r[y * n + x] = right[y][x];
        tile_b[y * n + x] = below[y][x];
    }
}

__kernel __attribute__((reqd_work_group_size(TILE, TILE, 1)))
void internal(__global float *a, uint n, uint k)
{
    __local float right[TILE][TILE], below[TILE][TILE];
    uint x = get_local_id(0), y = get_local_id(1);
    uint tx = k + 1 + get_group_id(0), ty = k + 1 + get_group_id(1);
    float sum = 0.0f;

    right[y][x] = a[(k * TILE + y) * n + tx * TILE + x];
    below[y][x] = a[(ty * TILE + y) * n + k * TILE + x];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = 0; i < TILE; i++) {
        sum += below[y][i] * right[i][x];
    }
    a[(ty * TILE + y) * n + tx * TILE + x] -= sum;
}
