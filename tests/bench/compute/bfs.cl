/*
 * One level of a breadth-first search.  A node's neighbours are
 * edges[first[v]] .. edges[first[v + 1] - 1]; level is UNSEEN or the number
 * of steps from the source.  Several work-items may reach the same node: all
 * write the same number.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define UNSEEN 0xffffffffu

__kernel void expand(__global const uint *first, __global const uint *edges,
                     __global uint *level, __global uint *more, uint nodes,
                     uint depth)
{
    uint v = get_global_id(0);

    if (v < nodes && level[v] == depth) {
        uint end = first[v + 1];

        for (uint e = first[v]; e < end; e++) {
            uint to = edges[e];

            if (level[to] == UNSEEN) {
                level[to] = depth + 1;
                *more = 1;
            }
        }
    }
}
