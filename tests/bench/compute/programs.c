/*
 * The list of programs.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "programs.h"

#define ROW(name) &bench_##name,
const BenchProgram *const bench_programs[] = { BENCH_ALL(ROW) };
#undef ROW

const unsigned bench_n_programs = BENCH_LEN(bench_programs);
