/*
 * The programs, in the papers' order, and the sources of their kernels
 * (embed.py makes one C file of the .cl files).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BENCH_PROGRAMS_H
#define GPUVM_BENCH_PROGRAMS_H

#include "bench.h"

#define BENCH_ALL(X)                                                        \
    X(nop) X(loop) X(madd) X(mmul) X(fmadd) X(fmmul) X(cpy) X(pincpy)       \
    X(bp) X(bfs) X(hs) X(lud) X(nn) X(nw) X(srad) X(srad2)

#define BENCH_DECLARE(name) extern const BenchProgram bench_##name;
BENCH_ALL(BENCH_DECLARE)
#undef BENCH_DECLARE

#define BENCH_SOURCES(X)                                                    \
    X(loop) X(madd) X(mmul) X(bp) X(bfs) X(hs) X(lud) X(nn) X(nw) X(srad)   \
    X(srad2)

#define BENCH_DECLARE(name) extern const char bench_source_##name[];
BENCH_SOURCES(BENCH_DECLARE)
#undef BENCH_DECLARE

#endif
