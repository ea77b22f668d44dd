/*
 * A client that keeps the GPU busy with kernels of one length, each checked.
 *
 *   gpu-load [--rounds N] [--depth N] [--seconds S] [--gap-us N]
 *            [--calibrate MS | --endless | --stain | --sniff]
 *
 * A kernel has BLOCKS x THREADS threads.  Each takes a number from memory,
 * steps it --rounds times through x = x * A + C (modulo 2^32) and puts it
 * back.  Many such steps are one step with another A and C, so the processor
 * knows what each thread has to have, after any number of kernels: a kernel
 * that was lost, done twice, cut short or mixed up with another's memory shows.
 *
 * --depth N kernels (default 2) are queued at a time, each with memory of its
 * own; 1: the next is submitted when the last was seen to be done, --gap-us
 * later.  Twice a second, and at the end (--seconds, SIGTERM), a line tells
 *
 *   load: t=SECONDS kernels=N wrong=N
 *
 * and the first wrong result that is seen is told in a line "wrong: ...".
 *
 * --calibrate MS prints "rounds=N", with which a kernel takes MS ms here and
 * now.  --endless submits one kernel that never ends and says "endless".
 * --stain fills all VRAM that it can get and says "stained BYTES", until it is
 * killed; --sniff looks through all VRAM it can get and prints
 * "sniffed BYTES, N not zero".
 *
 * It uses nouveau's uAPI and words of sm_20 code, so it starts at once, in a
 * guest and on the native node.  Exit status: 0, 1 if a result was wrong, 2 if
 * the kernel refused something.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "nv.h"
#include "sm20_words.h"

#define BLOCKS      8
#define THREADS     32
#define ITEMS       (BLOCKS * THREADS)
#define MAX_DEPTH   8
#define SUBC        1
#define A           1664525u        /* Numerical Recipes' generator */
#define C           1013904223u
#define PART        512             /* bytes of code and of commands a slot */
#define CHUNK       (4u << 20)      /* --stain, --sniff */
#define COLOUR      0x57a1ed00u

/* Compute methods (reference: envytools rnndb graph/gf100_compute) */
#define CODE_ADDRESS_HIGH 0x1608
#define START_ID          0x03b4
#define GPR_ALLOC         0x02c0
#define BLOCKDIM_YX       0x03ac
#define GRIDDIM_YX        0x0238
#define LAUNCH            0x0368

/** Slot - memory for one kernel at a time. */
typedef struct Slot {
    NvBo data;
    uint32_t expected[ITEMS];
    unsigned words;             /* of its commands */
    bool busy;
} Slot;

/** Load - a channel with kernels; times in seconds. */
typedef struct Load {
    NvChannel ch;
    NvBo code;
    Slot slot[MAX_DEPTH];
    unsigned depth;
    uint32_t rounds, a, c;      /* x * a + c is a whole kernel */
    uint64_t kernels, wrong;
} Load;

typedef enum Mode { RUN, CALIBRATE, ENDLESS, STAIN, SNIFF } Mode;

static const char *const modes[] = {
    [ENDLESS] = "--endless", [STAIN] = "--stain", [SNIFF] = "--sniff",
};

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
    (void)sig;
    stop = 1;
}

/* @rounds steps as one: a and c of x * a + c. */
static void compose(uint32_t rounds, uint32_t *a, uint32_t *c)
{
    uint32_t step_a = A, step_c = C;

    *a = 1;
    *c = 0;
    for (; rounds; rounds >>= 1) {
        if (rounds & 1) {
            *a *= step_a;
            *c = *c * step_a + step_c;
        }
        step_c = step_c * step_a + step_c;
        step_a *= step_a;
    }
}

/* The kernel: thread @n of all works on the word at @va + 4 n. */
static void write_code(uint64_t *p, uint64_t va, uint32_t rounds)
{
    const int loop = 10;
    unsigned n = 0;

    p[n++] = k_s2r(0, SR_CTAX);
    p[n++] = k_s2r(1, SR_TIDX);
    p[n++] = k_mov32i(2, THREADS);
    p[n++] = k_imad(0, 0, 2, 1);
    p[n++] = k_shli(0, 0, 2);
    p[n++] = k_mov32i(4, (uint32_t)va);
    p[n++] = k_iadd(4, 4, 0);           /* a buffer is far from 4 GiB's edge */
    p[n++] = k_mov32i(5, va >> 32);
    p[n++] = k_ld_g(T_B32, 1, 4, 0);
    p[n++] = k_mov32i(3, rounds);
    p[n++] = k_imad(1, 1, 6, 7);        /* loop */
    p[n++] = k_iaddi(3, 3, -1);
    p[n++] = k_isetpi(0, CC_NE, 3, 0);
    p[n] = k_pred(k_bra(n, loop), 0);
    n++;
    p[n++] = k_st_g(T_B32, 1, 4, 0);
    p[n++] = k_w(0x80000000, 0x1e7);    /* exit */
    /* the generator's constants, before the loop */
    memmove(p + 2, p, n * sizeof(*p));
    p[0] = k_mov32i(6, A);
    p[1] = k_mov32i(7, C);
}

static void write_endless(uint64_t *p)
{
    p[0] = k_bra(0, 0);
}

static unsigned method(uint32_t *w, unsigned n, uint32_t mthd, uint32_t data)
{
    w[n++] = nv_inc(SUBC, mthd, 1);
    w[n++] = data;
    return n;
}

/* Commands that launch the code at @start behind the code's address. */
static unsigned write_commands(Load *l, uint32_t *w, uint32_t start)
{
    unsigned n = method(w, 0, 0, NV_CLASS_COMPUTE);

    n = method(w, n, CODE_ADDRESS_HIGH, l->code.va >> 32);
    n = method(w, n, CODE_ADDRESS_HIGH + 4, (uint32_t)l->code.va);
    n = method(w, n, START_ID, start);
    n = method(w, n, GPR_ALLOC, 16);
    n = method(w, n, BLOCKDIM_YX, 1 << 16 | THREADS);
    n = method(w, n, BLOCKDIM_YX + 4, 1);
    n = method(w, n, GRIDDIM_YX, 1 << 16 | BLOCKS);
    n = method(w, n, GRIDDIM_YX + 4, 1);
    return method(w, n, LAUNCH, 0x1000);
}

static void load_start(Load *l)
{
    unsigned i, k;

    nv_channel_new(&l->ch);
    nv_must(nv_object_new(&l->ch, 0xbeef90c0, NV_CLASS_COMPUTE),
            "GROBJ_ALLOC compute");
    nv_bo_new(&l->code, NV_GART, 4096);
    for (i = 0; i < l->depth; i++) {
        Slot *s = &l->slot[i];

        nv_bo_new(&s->data, NV_GART, 4096);
        for (k = 0; k < ITEMS; k++) {
            s->expected[k] = 0x9e3779b9u * (i * ITEMS + k + getpid());
        }
        memcpy(s->data.map, s->expected, sizeof(s->expected));
        s->words = write_commands(l, (uint32_t *)(l->ch.push.map + i * PART),
                                  i * PART);
    }
}

static void load_set_rounds(Load *l, uint32_t rounds)
{
    unsigned i;

    l->rounds = rounds;
    compose(rounds, &l->a, &l->c);
    for (i = 0; i < l->depth; i++) {
        write_code((uint64_t *)(l->code.map + i * PART), l->slot[i].data.va,
                   rounds);
    }
}

static void submit(Load *l, Slot *s)
{
    static const uint32_t domains[2] = { NV_GART, NV_GART };
    NvBo *bos[2] = { &s->data, &l->code };

    nv_must(nv_submit(&l->ch, (s - l->slot) * PART, s->words, bos, domains,
                      2), "GEM_PUSHBUF");
    s->busy = true;
}

/* The first wrong word that is seen tells where to look. */
static void tell_wrong(const Load *l, const Slot *s, const uint32_t *is)
{
    unsigned i, first = 0, n = 0;

    for (i = 0; i < ITEMS; i++) {
        first = is[i] != s->expected[i] && !n++ ? i : first;
    }
    printf("wrong: kernel %llu, slot %u: %u words; word %u is 0x%08x, not "
           "0x%08x\n", (unsigned long long)l->kernels,
           (unsigned)(s - l->slot), n, first, is[first], s->expected[first]);
}

/* Waits for the slot's kernel; the kernel gives up only when it was killed. */
static void finish(Load *l, Slot *s)
{
    const uint32_t *is = (const uint32_t *)s->data.map;
    uint64_t before = l->wrong;
    unsigned i;
    int ret;

    if (!s->busy) {
        return;
    }
    do {
        ret = nv_bo_wait(&s->data);
    } while (ret == -EBUSY);
    nv_must(ret, "CPU_PREP");
    nv_must(nv_channel_state(&l->ch), "the channel");
    s->busy = false;
    l->kernels++;
    for (i = 0; i < ITEMS; i++) {
        s->expected[i] = s->expected[i] * l->a + l->c;
        l->wrong += is[i] != s->expected[i];
    }
    if (l->wrong && !before) {
        tell_wrong(l, s, is);
    }
}

static void report(const Load *l, double begin)
{
    printf("load: t=%.3f kernels=%llu wrong=%llu\n", now_s() - begin,
           (unsigned long long)l->kernels, (unsigned long long)l->wrong);
    fflush(stdout);
}

static int run(Load *l, double seconds, unsigned gap_us)
{
    double begin = now_s(), told = begin;
    unsigned i;

    while (!stop && (seconds == 0 || now_s() - begin < seconds)) {
        for (i = 0; i < l->depth; i++) {
            finish(l, &l->slot[i]);
            if (gap_us) {
                usleep(gap_us);
            }
            submit(l, &l->slot[i]);
        }
        if (now_s() - told >= 0.5) {
            told += 0.5;
            report(l, begin);
        }
    }
    for (i = 0; i < l->depth; i++) {
        finish(l, &l->slot[i]);
    }
    report(l, begin);
    return l->wrong ? 1 : 0;
}

/* Least time of five, since others may use the processor, too. */
static double one_kernel(Load *l, uint32_t rounds)
{
    double best = 1e9, begin, took;
    unsigned i;

    load_set_rounds(l, rounds);
    for (i = 0; i < 5; i++) {
        begin = now_s();
        submit(l, &l->slot[0]);
        finish(l, &l->slot[0]);
        took = now_s() - begin;
        best = took < best ? took : best;
    }
    return best;
}

static int calibrate(Load *l, double ms)
{
    double empty = one_kernel(l, 1), took;
    uint32_t rounds = 256;

    while ((took = one_kernel(l, rounds) - empty) < 0.02) {
        rounds *= 2;
    }
    printf("rounds=%u\n", (unsigned)(rounds * ms / 1000 / took) + 1);
    return l->wrong ? 1 : 0;
}

static int endless(Load *l)
{
    write_endless((uint64_t *)l->code.map);
    submit(l, &l->slot[0]);
    printf("endless\n");
    fflush(stdout);
    while (!stop) {
        usleep(100000);
    }
    _exit(0);                   /* it is not to be waited for */
}

/* All VRAM but a part that the kernel may want, in pieces. */
static int all_vram(bool sniff)
{
    uint64_t left = nv_vram_size(), done = 0, odd = 0;
    NvBo bo;

    for (left -= left / 8; left >= CHUNK; left -= CHUNK, done += CHUNK) {
        uint32_t *w;

        nv_bo_new(&bo, NV_VRAM, CHUNK);
        w = (uint32_t *)bo.map;
        for (size_t i = 0; i < CHUNK / 4; i++) {
            if (sniff) {
                odd += w[i] != 0;
            } else {
                w[i] = COLOUR | (i & 0xff);
            }
        }
    }
    if (sniff) {
        printf("sniffed %llu, %llu not zero\n", (unsigned long long)done,
               (unsigned long long)odd);
        return odd ? 1 : 0;
    }
    printf("stained %llu\n", (unsigned long long)done);
    fflush(stdout);
    while (!stop) {
        usleep(100000);
    }
    return 0;
}

static double number(const char *text)
{
    char *end;
    double v = strtod(text, &end);

    return *end || end == text ? -1 : v;
}

static int usage(void)
{
    fprintf(stderr, "usage: gpu-load [--rounds N] [--depth 1..%u] "
            "[--seconds S] [--gap-us N] [--calibrate MS | --endless | --stain"
            " | --sniff]\n", MAX_DEPTH);
    return 2;
}

static Mode mode_of(const char *arg)
{
    unsigned i;

    for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        if (modes[i] && !strcmp(arg, modes[i])) {
            return i;
        }
    }
    return RUN;
}

int main(int argc, char **argv)
{
    static Load l = { .depth = 2 };
    double seconds = 0, ms = 0, gap = 0, rounds = 1000;
    Mode mode = RUN;
    int i;

    for (i = 1; i < argc; i++) {
        double v = i + 1 < argc ? number(argv[i + 1]) : -1;

        if (mode_of(argv[i]) != RUN) {
            mode = mode_of(argv[i]);
            continue;
        }
        if (!strcmp(argv[i], "--rounds") && v >= 1) {
            rounds = v;
        } else if (!strcmp(argv[i], "--depth") && v >= 1 && v <= MAX_DEPTH) {
            l.depth = v;
        } else if (!strcmp(argv[i], "--seconds") && v >= 0) {
            seconds = v;
        } else if (!strcmp(argv[i], "--gap-us") && v >= 0) {
            gap = v;
        } else if (!strcmp(argv[i], "--calibrate") && v > 0) {
            mode = CALIBRATE;
            ms = v;
            l.depth = 1;
        } else {
            return usage();
        }
        i++;
    }
    signal(SIGTERM, on_term);
    signal(SIGINT, on_term);
    nv_open();
    if (mode == STAIN || mode == SNIFF) {
        return all_vram(mode == SNIFF);
    }
    load_start(&l);
    load_set_rounds(&l, rounds);
    return mode == ENDLESS ? endless(&l) : mode == CALIBRATE ?
           calibrate(&l, ms) : run(&l, seconds, gap);
}
