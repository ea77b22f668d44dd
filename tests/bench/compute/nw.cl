/*
 * Alignment of two sequences of n letters: score[y][x], y and x from 0 to n,
 * is the best of
 *
 *   score[y - 1][x - 1] + likeness[a[y - 1]][b[x - 1]]
 *   score[y - 1][x] - penalty, score[y][x - 1] - penalty
 *
 * A launch does the tiles of 32 * 32 of one anti-diagonal, each by a group of
 * 32 work-items that walks its 63 anti-diagonals in local memory.  Tile g of
 * the launch is in row `row` - g and column `column` + g.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define TILE 32
#define LETTERS 24

__kernel __attribute__((reqd_work_group_size(TILE, 1, 1)))
void align(__global const uint *a, __global const uint *b,
           __global const int *likeness, __global int *score, uint n,
           uint row, uint column, int penalty)
{
    __local int s[TILE + 1][TILE + 1];
    __local int like[LETTERS * LETTERS];
    __local uint letters[TILE];
    uint l = get_local_id(0), width = n + 1;
    uint top = (row - get_group_id(0)) * TILE;
    uint left = (column + get_group_id(0)) * TILE;
    __global int *corner = score + top * width + left;
    uint mine = b[left + l];

    for (uint i = l; i < LETTERS * LETTERS; i += TILE) {
        like[i] = likeness[i];
    }
    letters[l] = a[top + l];
    s[0][l + 1] = corner[l + 1];
    s[l + 1][0] = corner[(l + 1) * width];
    if (l == 0) {
        s[0][0] = corner[0];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = 0; i < 2 * TILE - 1; i++) {
        if (i >= l && i - l < TILE) {
            uint y = i - l;         /* of column l, at this step */
            int best = s[y][l] + like[letters[y] * LETTERS + mine];

            best = max(best, s[y][l + 1] - penalty);
            s[y + 1][l + 1] = max(best, s[y + 1][l] - penalty);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (uint y = 1; y <= TILE; y++) {
        corner[y * width + l + 1] = s[y][l + 1];
    }
}
