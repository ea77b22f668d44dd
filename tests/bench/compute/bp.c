/*
 * BP: one step of back-propagation in a network of n inputs, 16 hidden units
 * and one output.  The device does what grows with n: the products of the
 * first layer, and the change of its weights.  The host adds up the partial
 * sums and does the 16 units between, as a program of this kind would.
 *
 * Both kernels' results are checked, each against what it was given.  A
 * partial sum has 16 terms |weight * input| <= 1 / 16 and at most 5 roundings
 * a term (product, four additions of the tree): 5 eps.  A new weight is, from
 * the deltas that the device was sent, a sum of three terms below 1 / 8 in
 * all with at most 5 roundings: eps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "programs.h"

#define HIDDEN      16
#define ROWS        16
#define RATE        0.3f
#define MOMENTUM    0.3f
#define TARGET      0.1
#define FORWARD     0
#define ADJUST      1

typedef struct Bp {
    float *input, *weight, *change, *partial;
    float output[HIDDEN];       /* weights from the hidden units on */
    float delta[HIDDEN];        /* as sent to the device */
    float *got, *want, *want_partial;
    cl_mem m_partial, m_delta;
} Bp;

static void bp_prepare(Bench *b)
{
    Bp *s = b->state = bench_alloc(b, sizeof(*s));
    size_t n = b->size[0], weights = n * HIDDEN;
    uint32_t seed = 9;

    s->input = bench_random_floats(b, n, 6, 0, 1);
    s->weight = bench_random_floats(b, weights, 7, -1.0f / 16, 1.0f / 16);
    s->change = bench_random_floats(b, weights, 8, -1.0f / 64, 1.0f / 64);
    for (unsigned i = 0; i < HIDDEN; i++) {
        s->output[i] = rnd_float(&seed);
    }
    s->partial = bench_alloc(b, weights / ROWS * sizeof(float));
    s->got = bench_alloc(b, weights * sizeof(float));
}

static void bp_setup(Bench *b)
{
    Bp *s = b->state;
    size_t n = b->size[0], weights = n * HIDDEN;
    cl_mem input, weight, change;

    input = bench_buffer(b, CL_MEM_READ_ONLY, n * sizeof(float), s->input,
                         NULL);
    weight = bench_buffer(b, CL_MEM_READ_WRITE, weights * sizeof(float),
                          s->weight, s->got);
    change = bench_buffer(b, CL_MEM_READ_WRITE, weights * sizeof(float),
                          s->change, NULL);
    s->m_partial = bench_buffer(b, CL_MEM_READ_WRITE,
                                weights / ROWS * sizeof(float), NULL, NULL);
    s->m_delta = bench_buffer(b, CL_MEM_READ_ONLY, HIDDEN * sizeof(float),
                              NULL, NULL);
    bench_arg_mem(b, FORWARD, 0, input);
    bench_arg_mem(b, FORWARD, 1, weight);
    bench_arg_mem(b, FORWARD, 2, s->m_partial);
    bench_arg_mem(b, ADJUST, 0, input);
    bench_arg_mem(b, ADJUST, 1, s->m_delta);
    bench_arg_mem(b, ADJUST, 2, weight);
    bench_arg_mem(b, ADJUST, 3, change);
    bench_arg_f32(b, ADJUST, 4, RATE);
    bench_arg_f32(b, ADJUST, 5, MOMENTUM);
}

/* From the hidden units' sums to their deltas. */
static void middle(const Bp *s, const double sum[HIDDEN], float delta[HIDDEN])
{
    double hidden[HIDDEN], out = 0, d_out;

    for (unsigned i = 0; i < HIDDEN; i++) {
        hidden[i] = 1 / (1 + exp(-sum[i]));
        out += hidden[i] * s->output[i];
    }
    out = 1 / (1 + exp(-out));
    d_out = out * (1 - out) * (TARGET - out);
    for (unsigned i = 0; i < HIDDEN; i++) {
        delta[i] = hidden[i] * (1 - hidden[i]) * s->output[i] * d_out;
    }
}

static void bp_launch(Bench *b)
{
    Bp *s = b->state;
    size_t n = b->size[0];
    double sum[HIDDEN] = { 0 };

    bench_run(b, FORWARD, HIDDEN, n, HIDDEN, ROWS);
    bench_read(b, s->m_partial, n / ROWS * HIDDEN * sizeof(float), s->partial);
    for (size_t i = 0; i < n / ROWS * HIDDEN; i++) {
        sum[i % HIDDEN] += s->partial[i];
    }
    middle(s, sum, s->delta);
    bench_write(b, s->m_delta, sizeof(s->delta), s->delta);
    bench_run(b, ADJUST, HIDDEN, n, HIDDEN, ROWS);
}

static void reference(Bench *b, Bp *s)
{
    size_t n = b->size[0];

    s->want_partial = bench_alloc(b, n / ROWS * HIDDEN * sizeof(float));
    s->want = bench_alloc(b, n * HIDDEN * sizeof(float));
    for (size_t i = 0; i < n / ROWS * HIDDEN; i++) {
        size_t unit = i % HIDDEN, first = i / HIDDEN * ROWS;
        double sum = 0;

        for (size_t row = first; row < first + ROWS; row++) {
            sum += (double)s->weight[row * HIDDEN + unit] * s->input[row];
        }
        s->want_partial[i] = sum;
    }
}

static bool bp_check(Bench *b)
{
    Bp *s = b->state;
    size_t n = b->size[0];

    if (!s->want) {
        reference(b, s);
    }
    for (size_t i = 0; i < n * HIDDEN; i++) {
        s->want[i] = s->weight[i] + (double)RATE * s->delta[i % HIDDEN] *
                     s->input[i / HIDDEN] + (double)MOMENTUM * s->change[i];
    }
    return bench_near(b, s->partial, s->want_partial, n / ROWS * HIDDEN, 0,
                      5 * BENCH_EPS) &&
           bench_near(b, s->got, s->want, n * HIDDEN, 0, BENCH_EPS);
}

const BenchProgram bench_bp = {
    .name = "BP",
    .what = "back-propagation: a layer's sums, its weights' change",
    .source = bench_source_bp,
    .kernels = { "forward", "adjust" },
    .params = {
        { "inputs", "of the network", { 2048, 65536, 262144 }, 16, 1 << 22,
          16 },
    },
    .prepare = bp_prepare,
    .setup = bp_setup,
    .launch = bp_launch,
    .check = bp_check,
};
