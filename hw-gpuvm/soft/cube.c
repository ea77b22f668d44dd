/*
 * Cube maps.
 *
 * A face is a signed axis (the major one) and two more, signed too, along
 * which its s and t grow: OpenGL's table 8.19.
 *
 * Over an edge: in units of half a texel, with the cube's centre as origin, a
 * texel's centre has odd or even integer coordinates: 2x + 1 - size along s,
 * likewise along t, and size along the major axis.  One beyond the edge along
 * s, the cube bends: there the texel of the neighbour lies size away along s's
 * axis, and half a texel below the edge, at size - 1, along the old major one.
 * All is exact.
 *
 * Facts: the OpenGL 4.3 specification, 8.13 (table 8.19).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/cube.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Signed {
    uint8_t axis;
    int8_t sign;
} Signed;

typedef struct Face {
    Signed major, s, t;
} Face;

static const Face faces[SOFT_CUBE_FACES] = {
    { { 0,  1 }, { 2, -1 }, { 1, -1 } },
    { { 0, -1 }, { 2,  1 }, { 1, -1 } },
    { { 1,  1 }, { 0,  1 }, { 2,  1 } },
    { { 1, -1 }, { 0,  1 }, { 2, -1 } },
    { { 2,  1 }, { 0,  1 }, { 1, -1 } },
    { { 2, -1 }, { 0, -1 }, { 1, -1 } },
};

unsigned gpuvm_soft_cube_face(const float d[3])
{
    float ax = fabsf(d[0]), ay = fabsf(d[1]), az = fabsf(d[2]);
    unsigned axis = ax >= ay && ax >= az ? 0 : ay >= az ? 1 : 2;

    return 2 * axis + (d[axis] < 0);
}

void gpuvm_soft_cube_project(unsigned face, const float d[3], float st[2])
{
    const Face *f = &faces[face % SOFT_CUBE_FACES];
    float ma = fabsf(d[f->major.axis]);

    ma = ma > 0 ? ma : 1.0f;
    st[0] = (d[f->s.axis] * f->s.sign / ma + 1) * 0.5f;
    st[1] = (d[f->t.axis] * f->t.sign / ma + 1) * 0.5f;
}

unsigned gpuvm_soft_cube_fold(unsigned face, int64_t *x, int64_t *y,
                              int64_t size)
{
    const Face *f = &faces[face % SOFT_CUBE_FACES];
    bool over_s = *x < 0 || *x >= size, over_t = *y < 0 || *y >= size;
    int64_t p[3];
    unsigned axis;

    if (!over_s && !over_t) {
        return face;
    }
    p[f->major.axis] = f->major.sign * (size - 1);
    p[f->s.axis] = f->s.sign * (2 * *x + 1 - size);
    p[f->t.axis] = f->t.sign * (2 * *y + 1 - size);
    axis = over_s ? f->s.axis : f->t.axis;
    face = 2 * axis + (p[axis] < 0);
    f = &faces[face];
    *x = (p[f->s.axis] * f->s.sign + size - 1) / 2;
    *y = (p[f->t.axis] * f->t.sign + size - 1) / 2;
    return face;
}
