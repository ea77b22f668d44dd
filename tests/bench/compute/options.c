/*
 * Reads the command line of gpuvm-bench.  What is wrong is told with the
 * option, the value and what to give instead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "options.h"

static const char *const size_names[BENCH_SIZES] = { "small", "medium",
                                                     "large" };

static const char usage[] =
    "usage: gpuvm-bench [OPTIONS]\n"
    "  --program all|NAME,...  which programs (default all; --list names "
    "them)\n"
    "  --size small|medium|large\n"
    "                          sizes of all programs (default medium)\n"
    "  --size PROGRAM.KEY=N    one size of one program; may be repeated\n"
    "  --size KEY=N            of all wanted programs that have KEY\n"
    "  --runs N                measured runs of each (default 5)\n"
    "  --warm MS               runs to warm up, for so long (default: one run)"
    "\n"
    "  --platform SUBSTRING    OpenCL platform, by a part of its name\n"
    "  --clock events|host     kernel time from events (default, where the "
    "device\n"
    "                          tells it), or by waiting for each kernel\n"
    "  --json FILE             write all times there (-: standard output)\n"
    "  --check-only            one run of each, results only\n"
    "  --list                  programs, keys and sizes\n";

static int bad(const char *option, const char *value, const char *remedy)
{
    fprintf(stderr, "gpuvm-bench: %s is '%s'; %s\n", option, value, remedy);
    return 2;
}

static int list(void)
{
    for (unsigned i = 0; i < bench_n_programs; i++) {
        const BenchProgram *p = bench_programs[i];

        printf("%-7s %s\n", p->name, p->what);
        for (unsigned k = 0; k < BENCH_PARAMS && p->params[k].key; k++) {
            const BenchParam *q = &p->params[k];

            printf("        %-10s %-28s small %u, medium %u, large %u\n",
                   q->key, q->what, q->size[BENCH_SMALL],
                   q->size[BENCH_MEDIUM], q->size[BENCH_LARGE]);
        }
    }
    return 0;
}

/* Is @name, of @length letters, the program's name?  Case does not matter. */
static bool named(const BenchProgram *p, const char *name, size_t length)
{
    return strlen(p->name) == length && !strncasecmp(p->name, name, length);
}

static int programs(BenchOptions *o, const char *value)
{
    for (const char *at = value; *at;) {
        size_t length = strcspn(at, ",");
        bool found = false;

        for (unsigned i = 0; i < bench_n_programs; i++) {
            if (named(bench_programs[i], at, length) ||
                (length == 3 && !strncasecmp(at, "all", 3))) {
                o->wanted[i] = found = true;
            }
        }
        if (!found) {
            return bad("--program", value, "give all, or names that --list "
                       "has, with commas between");
        }
        at += length + (at[length] == ',');
    }
    return -1;
}

static bool number(const char *text, uint32_t min, uint32_t max,
                   uint32_t *value)
{
    unsigned long long v;
    char *end;

    errno = 0;
    v = strtoull(text, &end, 10);
    *value = v;
    return isdigit((unsigned char)*text) && !*end && !errno && v >= min &&
           v <= max;
}

/* KEY=N for one program; -1: done, 0: it has no such key, 2: bad value */
static int one_size(BenchOptions *o, unsigned i, const char *key,
                    const char *value)
{
    for (unsigned k = 0; k < BENCH_PARAMS; k++) {
        const BenchParam *q = &bench_programs[i]->params[k];
        char remedy[160];
        uint32_t v;

        if (!q->key || strlen(q->key) != strcspn(key, "=") ||
            strncmp(q->key, key, strlen(q->key))) {
            continue;
        }
        if (!number(strchr(key, '=') + 1, q->min, q->max, &v) ||
            v % q->step) {
            snprintf(remedy, sizeof(remedy), "%s of %s is a number from %u "
                     "to %u, a multiple of %u", q->key,
                     bench_programs[i]->name, q->min, q->max, q->step);
            return bad("--size", value, remedy);
        }
        o->size[i][k] = v;
        return -1;
    }
    return 0;
}

static int sizes(BenchOptions *o, const char *value)
{
    const char *dot = strchr(value, '.');
    bool found = false;

    for (unsigned s = 0; s < BENCH_SIZES; s++) {
        if (!strcmp(value, size_names[s])) {
            for (unsigned i = 0; i < bench_n_programs; i++) {
                for (unsigned k = 0; k < BENCH_PARAMS; k++) {
                    o->size[i][k] = bench_programs[i]->params[k].size[s];
                }
            }
            return -1;
        }
    }
    for (unsigned i = 0; strchr(value, '=') && i < bench_n_programs; i++) {
        int done = 0;

        if (dot ? named(bench_programs[i], value, dot - value) :
            o->wanted[i]) {
            done = one_size(o, i, dot ? dot + 1 : value, value);
        }
        if (done > 0) {
            return done;
        }
        found = found || done < 0;
    }
    return found ? -1 : bad("--size", value, "give small, medium, large or "
                            "PROGRAM.KEY=NUMBER; --list has the keys");
}

/* An option with a value; @pass 0 reads --program, 1 the others. */
static int option(BenchOptions *o, const char *name, const char *value,
                  unsigned pass)
{
    if (!strcmp(name, "--program")) {
        return pass ? -1 : programs(o, value);
    } else if (!strcmp(name, "--size")) {
        return pass ? sizes(o, value) : -1;
    } else if (!strcmp(name, "--runs")) {
        uint32_t runs;

        if (!number(value, 1, 10000, &runs)) {
            return bad(name, value, "give a number from 1 to 10000");
        }
        o->runs = runs;
    } else if (!strcmp(name, "--warm")) {
        if (!number(value, 0, 600000, &o->warm_ms)) {
            return bad(name, value, "give milliseconds, at most 600000");
        }
    } else if (!strcmp(name, "--platform")) {
        o->platform = value;
    } else if (!strcmp(name, "--clock")) {
        if (strcmp(value, "events") && strcmp(value, "host")) {
            return bad(name, value, "give events or host");
        }
        o->host_clock = !strcmp(value, "host");
    } else if (!strcmp(name, "--json")) {
        o->json = value;
    } else {
        fprintf(stderr, "gpuvm-bench: no option %s\n%s", name, usage);
        return 2;
    }
    return -1;
}

static int read_all(BenchOptions *o, int argc, char **argv, unsigned pass)
{
    for (int i = 1; i < argc; i++) {
        int status = -1;

        if (!strcmp(argv[i], "--list")) {
            return list();
        } else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            fputs(usage, stdout);
            return 0;
        } else if (!strcmp(argv[i], "--check-only")) {
            o->check_only = true;
        } else if (i + 1 == argc) {
            fprintf(stderr, "gpuvm-bench: %s wants a value, or is no "
                    "option\n%s", argv[i], usage);
            status = 2;
        } else {
            status = option(o, argv[i], argv[i + 1], pass);
            i++;
        }
        if (status >= 0) {
            return status;
        }
    }
    return -1;
}

int bench_options(BenchOptions *o, int argc, char **argv)
{
    int status;

    *o = (BenchOptions) { .runs = 5 };
    sizes(o, "medium");
    status = read_all(o, argc, argv, 0);
    if (status < 0) {
        for (unsigned i = 0; i < bench_n_programs; i++) {
            o->n_wanted += o->wanted[i];
        }
        if (!o->n_wanted) {
            programs(o, "all");
            o->n_wanted = bench_n_programs;
        }
        status = read_all(o, argc, argv, 1);
    }
    if (o->check_only) {
        o->runs = 1;
    }
    return status;
}
