/*
 * The table, the JSON and the progress line of gpuvm-bench.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define CPU (BENCH_PHASES + 1)      /* for time_of() */

static const char *const phase_names[BENCH_PHASES] = {
    "init", "h2d", "launch", "d2h", "close"
};

void bench_progress(const BenchProgress *p, unsigned run)
{
    static int terminal = -1;

    if (terminal < 0) {
        terminal = isatty(STDERR_FILENO);
    }
    if (!terminal) {
        return;
    }
    if (!p) {
        fputs("\r\033[K", stderr);
    } else if (run == 0) {
        fprintf(stderr, "\r\033[K%u/%u %s: warming up", p->at + 1, p->of,
                p->name);
    } else {
        fprintf(stderr, "\r\033[K%u/%u %s: run %u of %u", p->at + 1, p->of,
                p->name, run, p->runs);
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of one run; @phase BENCH_PHASES is the kernel's, one more the processors'. */
static double time_of(const BenchTimes *t, unsigned phase)
{
    return phase < BENCH_PHASES ? t->phase[phase] :
           phase == BENCH_PHASES ? t->kernel : t->cpu;
}

static double median(const BenchResult *r, unsigned phase)
{
    double v[r->runs ? r->runs : 1];
    unsigned n = r->runs;

    for (unsigned i = 0; i < n; i++) {
        v[i] = time_of(&r->times[i], phase);
    }
    if (!n) {
        return 0;
    }
    qsort(v, n, sizeof(v[0]), ascending);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

void bench_head(const BenchDevice *d, const BenchOptions *o)
{
    printf("device: %s (%s, driver %s, %u compute units)\n", d->name,
           d->platform, d->driver, d->units);
    if (!o->check_only) {
        printf("medians of %u runs, milliseconds; kernel time by %s\n"
               "%-7s %9s %9s %9s %9s %9s %9s %9s  %s\n",
               o->runs,
               o->host_clock ? "the host's clock" : "events", "program",
               "init", "h2d", "launch", "(cpu)", "kernel", "d2h", "close",
               "result");
    }
}

void bench_line(const BenchResult *r, const BenchOptions *o)
{
    char kernel[16] = "-";

    if (o->check_only) {
        printf("%-7s %s%s\n", r->program->name, r->right ? "right" :
               "WRONG: ", r->right ? "" : r->why);
        return;
    }
    if (r->program->source) {
        snprintf(kernel, sizeof(kernel), "%.2f", median(r, BENCH_PHASES));
    }
    printf("%-7s %9.2f %9.2f %9.2f %9.2f %9s %9.2f %9.2f  %s%s\n",
           r->program->name, median(r, BENCH_INIT), median(r, BENCH_H2D),
           median(r, BENCH_LAUNCH), median(r, CPU), kernel, median(r, BENCH_D2H),
           median(r, BENCH_CLOSE), r->right ? "right" : "WRONG: ",
           r->right ? "" : r->why);
}

void bench_tail(const BenchResult *r, unsigned n)
{
    unsigned right = 0, all = 0;

    for (unsigned i = 0; i < n; i++) {
        if (r[i].program) {
            all++;
            right += r[i].right;
        }
    }
    printf("%u of %u programs right\n", right, all);
}

/* ---- JSON ---- */

static void json_string(FILE *f, const char *s)
{
    fputc('"', f);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            fprintf(f, "\\%c", *s);
        } else if ((unsigned char)*s < 0x20) {
            fprintf(f, "\\u%04x", *s);
        } else {
            fputc(*s, f);
        }
    }
    fputc('"', f);
}

static void json_times(FILE *f, const char *name, const BenchResult *r,
                       unsigned phase)
{
    fprintf(f, "      \"%s\": [", name);
    for (unsigned i = 0; i < r->runs; i++) {
        fprintf(f, "%s%.6f", i ? ", " : "", time_of(&r->times[i], phase));
    }
    fprintf(f, "]");
}

static void json_result(FILE *f, const BenchResult *r)
{
    fprintf(f, "    {\n      \"name\": \"%s\",\n      \"size\": {",
            r->program->name);
    for (unsigned k = 0; k < BENCH_PARAMS && r->program->params[k].key; k++) {
        fprintf(f, "%s\"%s\": %u", k ? ", " : "", r->program->params[k].key,
                r->size[k]);
    }
    fprintf(f, "},\n      \"right\": %s,\n      \"why\": ",
            r->right ? "true" : "false");
    json_string(f, r->why);
    fprintf(f, ",\n      \"has_kernel\": %s,\n      \"first_launch\": %.6f",
            r->program->source ? "true" : "false", r->first_ms);
    for (unsigned p = 0; p < BENCH_PHASES; p++) {
        if (p == BENCH_INIT || p == BENCH_CLOSE) {      /* once a program */
            fprintf(f, ",\n      \"%s\": %.6f", phase_names[p],
                    r->runs ? r->times[0].phase[p] : 0);
        } else {
            fputs(",\n", f);
            json_times(f, phase_names[p], r, p);
        }
    }
    fputs(",\n", f);
    json_times(f, "kernel", r, BENCH_PHASES);
    fputs(",\n", f);
    json_times(f, "launch_cpu", r, CPU);
    fputs("\n    }", f);
}

bool bench_json(const char *file, const BenchDevice *d,
                const BenchOptions *o, const BenchResult *r, unsigned n)
{
    FILE *f = strcmp(file, "-") ? fopen(file, "w") : stdout;
    const char *comma = "";
    bool good;

    if (!f) {
        fprintf(stderr, "gpuvm-bench: --json %s: %s; give a file that can be "
                "written\n", file, strerror(errno));
        return false;
    }
    fputs("{\n  \"unit\": \"ms\",\n  \"device\": ", f);
    json_string(f, d->name);
    fputs(",\n  \"platform\": ", f);
    json_string(f, d->platform);
    fputs(",\n  \"driver\": ", f);
    json_string(f, d->driver);
    fprintf(f, ",\n  \"compute_units\": %u,\n  \"kernel_clock\": \"%s\",\n"
            "  \"programs\": [\n", d->units,
            o->host_clock ? "host" : "events");
    for (unsigned i = 0; i < n; i++) {
        if (r[i].program) {
            fputs(comma, f);
            json_result(f, &r[i]);
            comma = ",\n";
        }
    }
    fputs("\n  ]\n}\n", f);
    good = !ferror(f);
    if ((f != stdout && fclose(f)) || !good) {
        fprintf(stderr, "gpuvm-bench: --json %s: %s\n", file,
                strerror(errno));
        return false;
    }
    return true;
}
