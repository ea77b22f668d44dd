/*
 * The geometry of cube maps: from a direction to a face and back over its
 * edges.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SOFT_CUBE_H
#define GPUVM_SOFT_CUBE_H

#include <stdint.h>

#define SOFT_CUBE_FACES 6

/**
 * gpuvm_soft_cube_face - the face (0..5: +x, -x, +y, -y, +z, -z) that
 * direction @d points to.  Of equal components the first in the order x, y, z
 * decides.
 */
unsigned gpuvm_soft_cube_face(const float d[3]);

/**
 * gpuvm_soft_cube_project - where the line along @d meets the plane of @face:
 * s and t, 0..1 inside the face.
 */
void gpuvm_soft_cube_project(unsigned face, const float d[3], float st[2]);

/**
 * gpuvm_soft_cube_fold - texel *@x, *@y of @face, one of them possibly one
 * beyond the face's @size by @size texels (-1 or @size): the texel of the
 * neighbour that is there.  Returns its face.
 */
unsigned gpuvm_soft_cube_fold(unsigned face, int64_t *x, int64_t *y,
                              int64_t size);

#endif
