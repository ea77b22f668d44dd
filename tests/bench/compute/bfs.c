/*
 * BFS: breadth-first search of a random graph, one launch a level; the host
 * reads a flag after each to see whether there is another.  Gathers at random
 * addresses and divergent loops.  Levels are integers: exact.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "programs.h"

#define UNSEEN  0xffffffffu
#define SOURCE  0

typedef struct Bfs {
    uint32_t *first, *edges, *start;
    uint32_t *got, *want;
    cl_mem more;
} Bfs;

/* Node v has 1 to 2 * degree - 1 edges to random nodes. */
static void make_graph(Bench *b, Bfs *s)
{
    uint32_t nodes = b->size[0], degree = b->size[1], seed = 10, n = 0;

    s->first = bench_alloc(b, (nodes + 1) * sizeof(uint32_t));
    s->edges = bench_alloc(b, (size_t)nodes * 2 * degree * sizeof(uint32_t));
    for (uint32_t v = 0; v < nodes; v++) {
        uint32_t count = 1 + rnd(&seed) % (2 * degree - 1);

        s->first[v] = n;
        while (count--) {
            s->edges[n++] = rnd(&seed) % nodes;
        }
    }
    s->first[nodes] = n;
}

static void bfs_prepare(Bench *b)
{
    Bfs *s = b->state = bench_alloc(b, sizeof(*s));
    size_t nodes = b->size[0];

    make_graph(b, s);
    s->start = bench_alloc(b, nodes * sizeof(uint32_t));
    s->got = bench_alloc(b, nodes * sizeof(uint32_t));
    memset(s->start, 0xff, nodes * sizeof(uint32_t));
    s->start[SOURCE] = 0;
}

static void bfs_setup(Bench *b)
{
    Bfs *s = b->state;
    size_t nodes = b->size[0];
    cl_mem first, edges, level;

    first = bench_buffer(b, CL_MEM_READ_ONLY, (nodes + 1) * sizeof(uint32_t),
                         s->first, NULL);
    edges = bench_buffer(b, CL_MEM_READ_ONLY,
                         s->first[nodes] * sizeof(uint32_t), s->edges, NULL);
    level = bench_buffer(b, CL_MEM_READ_WRITE, nodes * sizeof(uint32_t),
                         s->start, s->got);
    s->more = bench_buffer(b, CL_MEM_READ_WRITE, sizeof(uint32_t), NULL, NULL);
    bench_arg_mem(b, 0, 0, first);
    bench_arg_mem(b, 0, 1, edges);
    bench_arg_mem(b, 0, 2, level);
    bench_arg_mem(b, 0, 3, s->more);
    bench_arg_u32(b, 0, 4, nodes);
}

static void bfs_launch(Bench *b)
{
    Bfs *s = b->state;
    uint32_t depth = 0, more;

    do {
        more = 0;
        bench_write(b, s->more, sizeof(more), &more);
        bench_arg_u32(b, 0, 5, depth++);
        bench_run(b, 0, b->size[0], 1, 256, 1);
        bench_read(b, s->more, sizeof(more), &more);
    } while (more && depth < b->size[0]);
}

/* The same by a queue of nodes. */
static void reference(Bench *b, Bfs *s)
{
    size_t nodes = b->size[0], head = 0, tail = 0;
    uint32_t *queue = bench_alloc(b, nodes * sizeof(*queue));

    s->want = bench_alloc(b, nodes * sizeof(uint32_t));
    memcpy(s->want, s->start, nodes * sizeof(uint32_t));
    queue[tail++] = SOURCE;
    while (head < tail) {
        uint32_t v = queue[head++];

        for (uint32_t e = s->first[v]; e < s->first[v + 1]; e++) {
            uint32_t to = s->edges[e];

            if (s->want[to] == UNSEEN) {
                s->want[to] = s->want[v] + 1;
                queue[tail++] = to;
            }
        }
    }
}

static bool bfs_check(Bench *b)
{
    Bfs *s = b->state;

    if (!s->want) {
        reference(b, s);
    }
    return bench_same(b, s->got, s->want, b->size[0]);
}

const BenchProgram bench_bfs = {
    .name = "BFS",
    .what = "breadth-first search of a random graph",
    .source = bench_source_bfs,
    .kernels = { "expand" },
    .params = {
        { "nodes", "of the graph", { 4096, 131072, 524288 }, 2, 1 << 24, 1 },
        { "degree", "edges of a node, on average", { 6, 6, 6 }, 1, 64, 1 },
    },
    .prepare = bfs_prepare,
    .setup = bfs_setup,
    .launch = bfs_launch,
    .check = bfs_check,
};
