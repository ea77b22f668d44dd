/*
 * The diffusion of SRAD and SRAD2 on the CPU.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "srad_ref.h"

float *srad_image(Bench *b, uint32_t n)
{
    float *image = bench_random_floats(b, (size_t)n * n, 18, 0.3f, 1);

    for (uint32_t y = 0; y < n; y++) {
        for (uint32_t x = 0; x < n; x++) {
            float smooth = 0.5f + 0.25f * sinf(x * 0.05f) +
                           0.25f * cosf(y * 0.03f);

            image[(size_t)y * n + x] *= 255 * smooth;
        }
    }
    return image;
}

static double statistics(const double *j, size_t n, size_t roi)
{
    double sum = 0, square = 0, mean;

    for (size_t y = 0; y < roi; y++) {
        for (size_t x = 0; x < roi; x++) {
            sum += j[y * n + x];
            square += j[y * n + x] * j[y * n + x];
        }
    }
    mean = sum / (roi * roi);
    return (square / (roi * roi) - mean * mean) / (mean * mean);
}

/* Differences to the neighbours: north, south, west, east. */
static void differences(const double *j, size_t n, size_t x, size_t y,
                        double d[4])
{
    size_t at = y * n + x;

    d[0] = j[y ? at - n : at] - j[at];
    d[1] = j[y < n - 1 ? at + n : at] - j[at];
    d[2] = j[x ? at - 1 : at] - j[at];
    d[3] = j[x < n - 1 ? at + 1 : at] - j[at];
}

static double coefficient(const double d[4], double v, double q0)
{
    double g2 = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + d[3] * d[3]) /
                (v * v);
    double l = (d[0] + d[1] + d[2] + d[3]) / v;
    double den = 1 + l / 4;
    double q2 = (g2 / 2 - l * l / 16) / (den * den);
    double c = 1 / (1 + (q2 - q0) / (q0 * (1 + q0)));

    return fmin(fmax(c, 0), 1);
}

double *srad_reference(Bench *b, const float *image, uint32_t n,
                       uint32_t iterations, uint32_t roi)
{
    size_t cells = (size_t)n * n;
    double *j = bench_alloc(b, cells * sizeof(double));
    double *c = bench_alloc(b, cells * sizeof(double));
    double *to = bench_alloc(b, cells * sizeof(double)), d[4];

    for (size_t i = 0; i < cells; i++) {
        j[i] = exp(image[i] / 255.0);
    }
    for (uint32_t i = 0; i < iterations; i++) {
        double q0 = statistics(j, n, roi), *old = j;

        for (size_t at = 0; at < cells; at++) {
            differences(j, n, at % n, at / n, d);
            c[at] = coefficient(d, j[at], q0);
        }
        for (size_t at = 0; at < cells; at++) {
            size_t x = at % n, y = at / n;

            differences(j, n, x, y, d);
            to[at] = j[at] + SRAD_LAMBDA / 4 *
                     (c[at] * (d[0] + d[2]) +
                      c[y < n - 1 ? at + n : at] * d[1] +
                      c[x < n - 1 ? at + 1 : at] * d[3]);
        }
        j = to;
        to = old;
    }
    return j;
}
