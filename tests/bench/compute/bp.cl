/*
 * One step of training a network of n inputs, 16 hidden units and one output.
 *
 * forward: each group takes 16 inputs times 16 hidden units, multiplies them
 * with the weights and adds the products over the inputs by a tree in local
 * memory; one partial sum a group and hidden unit is left.
 * adjust: moves each weight along its unit's delta, with momentum.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define HIDDEN 16
#define ROWS 16

__kernel __attribute__((reqd_work_group_size(HIDDEN, ROWS, 1)))
void forward(__global const float *input, __global const float *weight,
             __global float *partial)
{
    __local float in[ROWS];
    __local float product[ROWS][HIDDEN];
    uint unit = get_local_id(0), row = get_local_id(1);
    uint i = get_global_id(1);

    if (unit == 0) {
        in[row] = input[i];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    product[row][unit] = weight[i * HIDDEN + unit] * in[row];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint half_rows = ROWS / 2; half_rows > 0; half_rows /= 2) {
        if (row < half_rows) {
            product[row][unit] += product[row + half_rows][unit];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (row == 0) {
        partial[get_group_id(1) * HIDDEN + unit] = product[0][unit];
    }
}

__kernel __attribute__((reqd_work_group_size(HIDDEN, ROWS, 1)))
void adjust(__global const float *input, __global const float *delta,
            __global float *weight, __global float *change, float rate,
            float momentum)
{
    uint unit = get_local_id(0), i = get_global_id(1);
    uint at = i * HIDDEN + unit;
    float step = rate * delta[unit] * input[i] + momentum * change[at];

    weight[at] += step;
    change[at] = step;
}
