/*
 * Trouble on one channel, through nouveau's own uAPI, while a neighbour works.
 *
 *   nv-fault MODE [--kill] [--cpu N] [--size BYTES]
 *
 * A neighbour process copies with M2MF all the while and checks every byte.  A
 * second process makes a channel, submits the trouble that MODE names, waits
 * until the kernel says that its buffer is idle or the channel was killed
 * (ENODEV); a channel that lives must copy right.
 * With --kill it is killed by SIGKILL a second after it submitted instead; with
 * --cpu it runs on that CPU and the neighbour on the others (Linux 6.1 spins
 * without a break when it closes a channel that is not idle, and so keeps its
 * own recovery waiting if that is due on the same CPU).
 * Then a third channel must copy right.  What happened is printed in lines
 *
 *   MODE: trouble: channel killed|channel lives|process killed, ended after T s
 *   MODE: neighbour: N copies, 0 wrong words, slowest T s
 *   MODE: afterwards: N copies, 0 wrong words
 *
 * and the exit status is 0 if no word was wrong and the neighbour never waited
 * longer than SLOW seconds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "nv.h"

#define SLOW        5.0         /* far below nouveau's own 15 s */
#define PATIENCE    25.0        /* seconds until a channel counts as stuck */
#define SUBC        1           /* where the trouble is */
#define NOWHERE     0xf000000000ull     /* no buffer of ours is there */
#define MAX_WORDS   64

/* Compute methods (reference: envytools rnndb graph/gf100_compute) */
#define CODE_ADDRESS_HIGH 0x1608
#define START_ID          0x03b4
#define GPR_ALLOC         0x02c0
#define BLOCKDIM_YX       0x03ac
#define GRIDDIM_YX        0x0238
#define LAUNCH            0x0368

/* Instructions */
#define INSN_BRA_SELF     0x4003ffffe0001de7ull
#define INSN_NONE         0xffffffffffffffffull

/** Shared - what the processes tell each other. */
typedef struct Shared {
    volatile unsigned copies;
    volatile size_t wrong;
    volatile double slowest;
    volatile bool stop;
    volatile bool submitted;
    volatile int result;        /* of the submission after the trouble */
    volatile size_t wrong_after;
} Shared;

/** Trouble - words of a push buffer being made. */
typedef struct Trouble {
    NvChannel ch;
    uint32_t *w;
    unsigned n;
    uint64_t offset;            /* where the kernel is told the push starts */
    NvBo code;
} Trouble;

static Shared *shared;
static size_t size = 65536;
static int cpu = -1;

static void word(Trouble *t, uint32_t w)
{
    if (t->n < MAX_WORDS) {
        t->w[t->n++] = w;
    }
}

static void method(Trouble *t, uint32_t mthd, uint32_t data)
{
    word(t, nv_inc(SUBC, mthd, 1));
    word(t, data);
}

/* ---- the troubles ------------------------------------------------------------- */

static void bad_header(Trouble *t)
{
    word(t, 6u << 29 | 0x00012345);
}

/* A host method that there is none. */
static void bad_method(Trouble *t)
{
    method(t, 0x003c, 0x12345678);
}

static void bad_class(Trouble *t)
{
    method(t, 0, 0x1234);
}

static void unmapped_read(Trouble *t)
{
    t->n += nv_emit_copy(t->w + t->n, NOWHERE, t->ch.vram.va, 4096);
}

static void unmapped_write(Trouble *t)
{
    t->n += nv_emit_copy(t->w + t->n, t->ch.gart.va, NOWHERE, 4096);
}

/* The kernel takes an offset beyond the buffer. */
static void push_unmapped(Trouble *t)
{
    t->offset = NOWHERE;
    t->n = 16;
}

static void ce_error(Trouble *t)
{
    nv_must(nv_object_new(&t->ch, 0xbeef90b8, NV_CLASS_CE1), "GROBJ_ALLOC CE1");
    method(t, 0, 5 << 16 | NV_CLASS_CE1);
    method(t, 0x1ffc, 0xabad);
}

/* A grid of @threads threads with code @insn. */
static void compute(Trouble *t, uint64_t insn, unsigned threads)
{
    nv_must(nv_object_new(&t->ch, 0xbeef90c0, NV_CLASS_COMPUTE),
            "GROBJ_ALLOC compute");
    nv_bo_new(&t->code, NV_GART, 4096);
    for (unsigned i = 0; i < 4096 / 8; i++) {
        memcpy(t->code.map + 8 * i, &insn, 8);
    }
    method(t, 0, NV_CLASS_COMPUTE);
    word(t, nv_inc(SUBC, CODE_ADDRESS_HIGH, 2));
    word(t, t->code.va >> 32);
    word(t, t->code.va);
    method(t, START_ID, 0);
    method(t, GPR_ALLOC, 8);
    word(t, nv_inc(SUBC, BLOCKDIM_YX, 2));
    word(t, 1 << 16 | threads);
    word(t, 1);
    word(t, nv_inc(SUBC, GRIDDIM_YX, 2));
    word(t, 1 << 16 | 1);
    word(t, 1);
    method(t, LAUNCH, 0x1000);
}

static void illegal_instr(Trouble *t)
{
    compute(t, INSN_NONE, 32);
}

static void bad_launch(Trouble *t)
{
    compute(t, INSN_BRA_SELF, 5000);
}

static void endless(Trouble *t)
{
    compute(t, INSN_BRA_SELF, 32);
}

static void none(Trouble *t)
{
    word(t, 0);
}

static const struct {
    const char *name;
    void (*make)(Trouble *t);
} modes[] = {
    { "none", none },
    { "bad-header", bad_header },
    { "bad-method", bad_method },
    { "bad-class", bad_class },
    { "unmapped", unmapped_read },
    { "unmapped-write", unmapped_write },
    { "push-unmapped", push_unmapped },
    { "ce-error", ce_error },
    { "illegal-instr", illegal_instr },
    { "bad-launch", bad_launch },
    { "endless", endless },
};

/* ---- the processes --------------------------------------------------------------- */

/* Up and down once; words that are wrong. */
static size_t copy_twice(NvChannel *ch, uint32_t seed)
{
    nv_fill(ch->gart.map, size, seed);
    nv_m2mf_copy(ch, size, true);
    nv_must(nv_bo_wait(&ch->gart), "CPU_PREP");
    memset(ch->gart.map, 0, size);
    nv_m2mf_copy(ch, size, false);
    nv_must(nv_bo_wait(&ch->gart), "CPU_PREP");
    return nv_differing(ch->gart.map, size, seed);
}

static int neighbour(void)
{
    NvChannel ch;

    nv_open();
    nv_m2mf_start(&ch, size);
    while (!shared->stop) {
        double start = now_s(), took;

        shared->wrong += copy_twice(&ch, 0x1000 + 2 * shared->copies);
        took = now_s() - start;
        if (took > shared->slowest) {
            shared->slowest = took;
        }
        shared->copies += 2;
        usleep(2000);
    }
    nv_m2mf_end(&ch);
    return 0;
}

static int trouble(void (*make)(Trouble *t))
{
    static const uint32_t domains[3] = { NV_VRAM, NV_GART, NV_GART };
    Trouble t = { 0 };
    double begin;
    NvBo *bos[3] = { &t.ch.vram, &t.ch.gart, &t.code };

    nv_open();
    nv_m2mf_start(&t.ch, size);
    t.w = (uint32_t *)t.ch.push.map;
    make(&t);
    shared->result = nv_submit(&t.ch, t.offset, t.n, bos, domains,
                               t.code.map ? 3 : 2);
    shared->submitted = true;
    if (shared->result == -ENODEV) {
        return 0;           /* killed before the kernel was done with it */
    }
    nv_must(shared->result, "GEM_PUSHBUF");
    begin = now_s();
    do {
        usleep(1000);
        shared->result = nv_channel_state(&t.ch);
    } while (!shared->result && nv_bo_busy(&t.ch.push) &&
             now_s() - begin < PATIENCE);
    usleep(500000);             /* a buffer may be idle before the kill */
    shared->result = nv_channel_state(&t.ch);
    if (!shared->result && nv_bo_busy(&t.ch.push)) {
        shared->result = -EBUSY;
    }
    if (!shared->result) {
        shared->wrong_after = copy_twice(&t.ch, 77);
    }
    return 0;               /* the kernel tidies up after us */
}

/* Runs on .cpu only, or on all but it. */
static void choose_cpu(bool on_it)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (int i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++) {
        if ((i == cpu) == on_it) {
            CPU_SET(i, &set);
        }
    }
    if (cpu >= 0 && sched_setaffinity(0, sizeof(set), &set) < 0) {
        nv_must(-errno, "sched_setaffinity");
    }
}

static pid_t start(int (*fn)(void), void (*make)(Trouble *t))
{
    pid_t pid = fork();

    if (pid < 0) {
        nv_must(-errno, "fork");
    }
    if (!pid) {
        choose_cpu(make != NULL);
        exit(make ? trouble(make) : fn());
    }
    return pid;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = { 0 };

    return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           info.si_pid == pid;
}

static void wait_for(const volatile unsigned *what, unsigned n, pid_t pid)
{
    while (*what < n && !has_ended(pid)) {
        usleep(1000);
    }
}

/* The end of the process with the trouble; 0 if all is well with it. */
static int watch(const char *name, pid_t pid, bool kill_it)
{
    double begin = now_s();
    int status;

    if (kill_it) {
        while (!shared->submitted && !has_ended(pid)) {
            usleep(1000);
        }
        sleep(1);
        begin = now_s();
        kill(pid, SIGKILL);
    }
    waitpid(pid, &status, 0);
    printf("%s: trouble: %s, ended after %.1f s\n", name,
           WIFSIGNALED(status) ? "process killed" :
           WEXITSTATUS(status) ? "process failed" :
           shared->result == -ENODEV ? "channel killed" :
           shared->result ? strerror(-shared->result) :
           shared->wrong_after ? "channel lives, but copies wrong" :
           "channel lives", now_s() - begin);
    return WIFEXITED(status) && (WEXITSTATUS(status) || shared->wrong_after);
}

static size_t afterwards(const char *name)
{
    NvChannel ch;
    size_t wrong = 0;
    unsigned i;

    nv_open();
    nv_m2mf_start(&ch, size);
    for (i = 0; i < 4; i++) {
        wrong += copy_twice(&ch, 0x9000 + 2 * i);
    }
    nv_m2mf_end(&ch);
    nv_close();
    printf("%s: afterwards: %u copies, %zu wrong words\n", name, 2 * i, wrong);
    return wrong;
}

static int run(const char *name, void (*make)(Trouble *t), bool kill_it)
{
    pid_t other, pid;
    int bad, status;

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        nv_must(-errno, "mmap");
    }
    other = start(neighbour, NULL);
    wait_for(&shared->copies, 8, other);
    pid = start(NULL, make);
    bad = watch(name, pid, kill_it);
    wait_for(&shared->copies, shared->copies + 8, other);
    shared->stop = true;
    waitpid(other, &status, 0);
    printf("%s: neighbour: %u copies, %zu wrong words, slowest %.1f s%s\n",
           name, shared->copies, shared->wrong, shared->slowest,
           status ? ", and it failed" : "");
    return bad || status || shared->wrong || shared->slowest > SLOW ||
           afterwards(name);
}

int main(int argc, char **argv)
{
    bool kill_it = false;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "--kill")) {
            kill_it = true;
        } else if (!strcmp(argv[i], "--cpu") && i + 1 < argc) {
            cpu = atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--size") && i + 1 < argc) {
            size = (strtoul(argv[++i], NULL, 0) + 4095) & ~4095ul;
        }
    }
    for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++) {
        if (!strcmp(argv[1], modes[i].name)) {
            return run(argv[1], modes[i].make, kill_it);
        }
    }
    fprintf(stderr, "usage: nv-fault MODE [--kill] [--cpu N] [--size BYTES]\n"
            "modes:");
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        fprintf(stderr, " %s", modes[i].name);
    }
    fprintf(stderr, "\n");
    return 2;
}
