/*
 * A long loop that touches no memory; its three operations depend on one
 * another, so that no compiler shortens it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
__kernel void loop(__global uint *out, uint rounds)
{
    uint x = get_global_id(0);

    for (uint i = 0; i < rounds; i++) {
        x = (x ^ i) * 1664525u + 1013904223u;
    }
    out[get_global_id(0)] = x;
}
