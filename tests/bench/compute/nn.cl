/*
 * The k records nearest to a place.
 *
 * distances: of each record (latitude, longitude) from the place
 * nearest:   each group finds the nearest of its records that comes after the
 *            one found last, by a tree in local memory; ties go by index
 * pick:      one group finds the nearest of the groups' and appends it
 *
 * nearest and pick alternate k times.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define GROUP 256
#define NONE 0xffffffffu

__kernel void distances(__global const float2 *records,
                        __global float *distance, uint n, float2 place)
{
    uint i = get_global_id(0);

    if (i < n) {
        float2 d = records[i] - place;

        distance[i] = sqrt(d.x * d.x + d.y * d.y);
    }
}

/* Is (da, a) before (db, b)?  NONE is after all. */
static int before(float da, uint a, float db, uint b)
{
    return a != NONE && (b == NONE || da < db || (da == db && a < b));
}

/* Afterwards index[0] is the first of the group's in that order. */
static void first_of_group(__local float *d, __local uint *index)
{
    uint l = get_local_id(0);

    for (uint width = GROUP / 2; width > 0; width /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (l < width &&
            before(d[l + width], index[l + width], d[l], index[l])) {
            d[l] = d[l + width];
            index[l] = index[l + width];
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void nearest(__global const float *distance, uint n,
             __global const float *found_d, __global const uint *found,
             uint round, __global float *group_d, __global uint *group)
{
    __local float d[GROUP];
    __local uint index[GROUP];
    uint i = get_global_id(0), l = get_local_id(0);
    uint candidate = i < n ? i : NONE;
    float mine = i < n ? distance[i] : 0.0f;

    if (round > 0 && !before(found_d[round - 1], found[round - 1], mine,
                             candidate)) {
        candidate = NONE;
    }
    d[l] = mine;
    index[l] = candidate;
    first_of_group(d, index);
    if (l == 0) {
        group_d[get_group_id(0)] = d[0];
        group[get_group_id(0)] = index[0];
    }
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1)))
void pick(__global const float *group_d, __global const uint *group,
          uint groups, __global float *found_d, __global uint *found,
          uint round)
{
    __local float d[GROUP];
    __local uint index[GROUP];
    uint l = get_local_id(0), best = NONE;
    float best_d = 0.0f;

    for (uint g = l; g < groups; g += GROUP) {
        if (before(group_d[g], group[g], best_d, best)) {
            best_d = group_d[g];
            best = group[g];
        }
    }
    d[l] = best_d;
    index[l] = best;
    first_of_group(d, index);
    if (l == 0) {
        found_d[round] = d[0];
        found[round] = index[0];
    }
}
