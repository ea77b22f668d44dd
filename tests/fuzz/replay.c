/*
 * A fuzz target without a fuzzing engine: replays the files and folders that
 * it is given, then runs pseudo-random inputs from a seed.
 *
 *   fuzz-NAME [-n INPUTS] [-s SEED] [-i FIRST] [-t SECONDS] [-v] [PATH...]
 *
 * Half of the random inputs are noise of random length; the others are one of
 * the files with a few bytes changed, cut out or doubled.  Input number i of
 * a seed is always the same, whatever came before: -n 1 -s SEED -i i runs just
 * that one.  When the program dies, the input is left in ./crash-NAME-SEED-I.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz.h"

#define HANG_S 60       /* one input takes longer: it never ends */

static struct {
    const uint8_t *data;
    size_t len;
    char name[256];
} now;

static GPtrArray *files;        /* of GBytes */

/* The sanitizers, if the program is built with them. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

const char *__asan_default_options(void)
{
    return "abort_on_error=0:detect_stack_use_after_return=0";
}

const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:print_stacktrace=1";
}

static void keep_input(void)
{
    int fd;

    if (!now.data) {
        return;
    }
    fd = open(now.name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0 && write(fd, now.data, now.len) == (ssize_t)now.len) {
        fprintf(stderr, "the input is in %s\n", now.name);
    }
    now.data = NULL;
}

static void on_signal(int sig)
{
    fprintf(stderr, "fuzz-%s: signal %d%s\n", fuzz_target.name, sig,
            sig == SIGALRM ? " (hangs)" : "");
    keep_input();
    signal(SIGABRT, SIG_DFL);
    abort();
}

static uint64_t runs;

static void run(const uint8_t *data, size_t len, const char *name)
{
    /* a copy of its own: reading past the end is seen */
    g_autofree uint8_t *copy = g_memdup2(data, len);

    now.data = copy;
    now.len = len;
    g_strlcpy(now.name, name, sizeof(now.name));
    if (runs++ % 256 == 0) {        /* a system call takes long */
        alarm(HANG_S);
    }
    fuzz_run(copy, len);
    now.data = NULL;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void load(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *entry;
    char *data;
    gsize len;

    if (dir) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

        while ((entry = g_dir_read_name(dir))) {
            if (*entry != '.') {
                g_ptr_array_add(names, g_build_filename(path, entry, NULL));
            }
        }
        g_dir_close(dir);
        g_ptr_array_sort(names, by_name);
        for (guint i = 0; i < names->len; i++) {
            load(names->pdata[i]);
        }
        return;
    }
    if (!g_file_get_contents(path, &data, &len, NULL)) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    g_ptr_array_add(files, g_bytes_new_take(data, len));
}

/* ---- inputs from numbers ----------------------------------------------------- */

static uint64_t rnd_state;

static uint32_t rnd(uint32_t n)
{
    /* splitmix64 */
    uint64_t z = rnd_state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (z ^ z >> 31) % n;
}

static size_t noise(uint8_t *buf, size_t max)
{
    size_t n = rnd(8) ? rnd(MIN(max, 256)) + 1 : rnd(max) + 1;

    for (size_t i = 0; i < n; i++) {
        buf[i] = rnd(4) ? rnd(256) : rnd(2) ? 0 : 0xff;
    }
    return n;
}

static size_t mutate(uint8_t *buf, size_t max)
{
    GBytes *b = files->pdata[rnd(files->len)];
    gsize len;
    const uint8_t *p = g_bytes_get_data(b, &len);
    size_t n = MIN(len, max);

    if (!n) {
        return noise(buf, max);
    }
    memcpy(buf, p, n);
    for (unsigned k = rnd(8) + 1; k && n; k--) {
        size_t at = rnd(n), m = rnd(16) + 1;    /* MIN evaluates twice */

        m = MIN(m, n - at);
        switch (rnd(4)) {
        case 0:
            memmove(buf + at, buf + at + m, n - at - m);
            n -= m;
            break;
        case 1:
            m = MIN(m, max - n);
            memmove(buf + at + m, buf + at, n - at);
            n += m;
            break;
        default:
            buf[at] = rnd(3) ? rnd(256) : buf[at] ^ 1u << rnd(8);
        }
    }
    return n;
}

/* Now and then. */
static void say_so_far(uint64_t n)
{
    static gint64 said;
    gint64 t = g_get_monotonic_time();

    if (t - said > 10 * G_USEC_PER_SEC) {
        said = t;
        printf("fuzz-%s: %" G_GUINT64_FORMAT " inputs\n", fuzz_target.name, n);
        fflush(stdout);
    }
}

static void random_input(uint32_t seed, uint64_t i)
{
    g_autofree uint8_t *buf = g_malloc(fuzz_target.max_len);
    g_autofree char *name = g_strdup_printf("crash-%s-%u-%" G_GUINT64_FORMAT,
                                            fuzz_target.name, seed, i);
    size_t n;

    rnd_state = (uint64_t)seed << 40 ^ i;
    rnd(2);
    n = files->len && rnd(2) ? mutate(buf, fuzz_target.max_len) :
        noise(buf, fuzz_target.max_len);
    run(buf, n, name);
}

int main(int argc, char **argv)
{
    uint64_t inputs = 0, first = 0, i;
    unsigned seed = 1, seconds = 0;
    gint64 start = g_get_monotonic_time();
    struct rusage ru;
    bool verbose = false;
    int opt;

    while ((opt = getopt(argc, argv, "n:s:i:t:v")) >= 0) {
        switch (opt) {
        case 'n': inputs = g_ascii_strtoull(optarg, NULL, 0); break;
        case 's': seed = atoi(optarg); break;
        case 'i': first = g_ascii_strtoull(optarg, NULL, 0); break;
        case 't': seconds = atoi(optarg); break;
        case 'v': verbose = true; break;
        default:
            fprintf(stderr, "usage: %s [-n INPUTS] [-s SEED] [-i FIRST] "
                    "[-t SECONDS] [-v] [PATH...]\n", argv[0]);
            return 2;
        }
    }
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(keep_input);
    } else {
        signal(SIGSEGV, on_signal);
        signal(SIGBUS, on_signal);
        signal(SIGFPE, on_signal);
        signal(SIGILL, on_signal);
    }
    files = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (int k = optind; k < argc; k++) {
        load(argv[k]);
    }
    fuzz_target.init();
    for (guint k = 0; k < files->len; k++) {
        gsize len;
        const void *data = g_bytes_get_data(files->pdata[k], &len);

        run(data, len, "crash-file");
    }
    for (i = 0; i < inputs; i++) {
        if (seconds && g_get_monotonic_time() - start >
            (gint64)seconds * G_USEC_PER_SEC) {
            break;
        }
        if (verbose) {
            say_so_far(i);
        }
        random_input(seed, first + i);
    }
    alarm(0);
    fuzz_target.exit();
    getrusage(RUSAGE_SELF, &ru);
    printf("fuzz-%s: %u files and %" G_GUINT64_FORMAT " random inputs (seed "
           "%u) in %.1f s, %ld MiB at most\n", fuzz_target.name, files->len,
           i, seed, (g_get_monotonic_time() - start) / 1e6,
           ru.ru_maxrss / 1024);
    g_ptr_array_free(files, TRUE);
    return 0;
}
