/*
 * What the processor's accesses to PCI BARs cost, in a guest.
 *
 *   bar-bench [--rounds N] traps      reads and writes of a register that
 *                                     traps: our board's and QEMU's edu's
 *   bar-bench [--rounds N] aperture   BAR1 of each of our boards: single words
 *                                     of 32 bits, and runs of 4 KiB by 64 bits
 *
 * Registers are reached through sysfs (resourceN), so no driver may be bound.
 * A round times a few thousand accesses; the devices take turns within each,
 * so that noise of the host meets both alike.  Printed are the least and the
 * median of the rounds, in nanoseconds an access:
 *
 *   NAME least=NS median=NS
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define SYSFS       "/sys/bus/pci/devices"
#define MAX_ROUNDS  1000
#define TRAPS       2000        /* accesses in a round */
#define WORDS       512         /* single words of an aperture in a round */
#define RUN         4096        /* bytes of a copied run */
#define BAR1_AT     0x400000    /* VRAM that nothing uses without a driver */

/* Registers that change nothing and have the least to do */
#define OUR_ID      0x10de06d8u
#define OUR_READ    0x000000    /* PMC_BOOT_0 */
#define OUR_WRITE   0x000140    /* PMC_INTR_EN_0; written with 0 */
#define EDU_ID      0x123411e8u
#define EDU_READ    0x00        /* identification */
#define EDU_WRITE   0x04        /* liveness check: stores the complement */

static unsigned rounds = 50;

/* A device's BAR; exits if it cannot be mapped. */
static volatile uint8_t *map_at(const char *device, int bar, size_t size)
{
    char path[512];
    FILE *f;
    void *p;
    int fd;

    snprintf(path, sizeof(path), SYSFS "/%s/enable", device);
    f = fopen(path, "w");
    if (f) {
        fputs("1", f);
        fclose(f);
    }
    snprintf(path, sizeof(path), SYSFS "/%s/resource%d", device, bar);
    fd = open(path, O_RDWR | O_SYNC);
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || p == MAP_FAILED) {
        perror(path);
        exit(2);
    }
    close(fd);
    return p;
}

static uint32_t id_of(const char *device)
{
    static const char *const parts[] = { "vendor", "device" };
    uint32_t id = 0;

    for (int i = 0; i < 2; i++) {
        char path[512], text[32];
        FILE *f;

        snprintf(path, sizeof(path), SYSFS "/%s/%s", device, parts[i]);
        f = fopen(path, "r");
        if (f && fgets(text, sizeof(text), f)) {
            id = id << 16 | strtoul(text, NULL, 16);
        }
        if (f) {
            fclose(f);
        }
    }
    return id;
}

/* BAR of the @nth device with this id, in order of address; NULL: none. */
static volatile uint8_t *map_bar(uint32_t id, unsigned nth, int bar,
                                 size_t size)
{
    volatile uint8_t *found = NULL;
    struct dirent **e;
    int n = scandir(SYSFS, &e, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        if (!found && id_of(e[i]->d_name) == id && nth-- == 0) {
            found = map_at(e[i]->d_name, bar, size);
        }
        free(e[i]);
    }
    if (n >= 0) {
        free(e);
    }
    return found;
}

typedef struct Bench {
    const char *name;
    double (*round)(volatile uint8_t *at);  /* ns an access */
    volatile uint8_t *at;
    double ns[MAX_ROUNDS];
} Bench;

static double read_word(volatile uint8_t *at)
{
    volatile uint32_t *reg = (volatile uint32_t *)at;
    double start = now_s();

    for (int i = 0; i < TRAPS; i++) {
        (void)*reg;
    }
    return (now_s() - start) * 1e9 / TRAPS;
}

static double write_word(volatile uint8_t *at)
{
    volatile uint32_t *reg = (volatile uint32_t *)at;
    double start = now_s();

    for (int i = 0; i < TRAPS; i++) {
        *reg = 0;
    }
    return (now_s() - start) * 1e9 / TRAPS;
}

static double read_words(volatile uint8_t *at)
{
    volatile uint32_t *p = (volatile uint32_t *)at;
    double start = now_s();

    for (int i = 0; i < WORDS; i++) {
        (void)p[i];
    }
    return (now_s() - start) * 1e9 / WORDS;
}

static double write_words(volatile uint8_t *at)
{
    volatile uint32_t *p = (volatile uint32_t *)at;
    double start = now_s();

    for (int i = 0; i < WORDS; i++) {
        p[i] = i;
    }
    return (now_s() - start) * 1e9 / WORDS;
}

/* No wider than 64 bits: KVM emulates no vector access to a trapped BAR. */
static double read_run(volatile uint8_t *at)
{
    volatile uint64_t *p = (volatile uint64_t *)at;
    double start = now_s();

    for (int i = 0; i < RUN / 8; i++) {
        (void)p[i];
    }
    return (now_s() - start) * 1e9;
}

static double write_run(volatile uint8_t *at)
{
    volatile uint64_t *p = (volatile uint64_t *)at;
    double start = now_s();

    for (int i = 0; i < RUN / 8; i++) {
        p[i] = i;
    }
    return (now_s() - start) * 1e9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void run(Bench *b, unsigned n)
{
    for (unsigned r = 0; r < rounds + 1; r++) {
        for (unsigned i = 0; i < n; i++) {
            double ns = b[i].round(b[i].at);

            if (r) {            /* the first warms up */
                b[i].ns[r - 1] = ns;
            }
        }
    }
    for (unsigned i = 0; i < n; i++) {
        qsort(b[i].ns, rounds, sizeof(double), by_value);
        printf("%s least=%.1f median=%.1f\n", b[i].name, b[i].ns[0],
               b[i].ns[rounds / 2]);
    }
}

static int traps(void)
{
    volatile uint8_t *ours = map_bar(OUR_ID, 0, 0, 4096);
    volatile uint8_t *edu = map_bar(EDU_ID, 0, 0, 4096);
    static Bench b[4];

    if (!ours || !edu) {
        fprintf(stderr, "bar-bench: needs -device gpuvm and -device edu\n");
        return 2;
    }
    b[0] = (Bench) { "gpuvm-read", read_word, ours + OUR_READ };
    b[1] = (Bench) { "edu-read", read_word, edu + EDU_READ };
    b[2] = (Bench) { "gpuvm-write", write_word, ours + OUR_WRITE };
    b[3] = (Bench) { "edu-write", write_word, edu + EDU_WRITE };
    run(b, 4);
    return 0;
}

static int aperture(void)
{
    volatile uint8_t *at;
    uint32_t wrong = 0;
    unsigned nth;

    for (nth = 0; (at = map_bar(OUR_ID, nth, 1, BAR1_AT + RUN)); nth++) {
        static Bench b[4];

        at += BAR1_AT;
        printf("gpu%u:\n", nth);
        b[0] = (Bench) { "word-read", read_words, at };
        b[1] = (Bench) { "word-write", write_words, at };
        b[2] = (Bench) { "4k-read", read_run, at };
        b[3] = (Bench) { "4k-write", write_run, at };
        run(b, 4);
        write_words(at);
        for (uint32_t i = 0; i < WORDS; i++) {
            wrong += ((volatile uint32_t *)at)[i] != i;
        }
    }
    printf("wrong=%u\n", wrong);
    return wrong || !nth;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "--rounds")) {
        rounds = strtoul(argv[2], NULL, 0);
        rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
        argv += 2;
        argc -= 2;
    }
    if (argc == 2 && !strcmp(argv[1], "traps")) {
        return traps();
    }
    if (argc == 2 && !strcmp(argv[1], "aperture")) {
        return aperture();
    }
    fprintf(stderr, "usage: bar-bench [--rounds N] traps|aperture\n");
    return 2;
}
