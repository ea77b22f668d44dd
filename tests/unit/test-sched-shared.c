/*
 * The scheduler in an arena: processes take turns by weight, and go on when
 * one that has the turn, or waits for it, is killed or stopped.
 *
 * "GPU time" here is sleeping with the turn held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "arena-rig.h"

#include "sched/shared.h"

#define VRAM    (16 * MIB)
#define MEMBERS 4

/* What children tell the parent. */
typedef struct Told {
    volatile bool end;
    volatile uint64_t turns[MEMBERS];
    volatile uint64_t used[MEMBERS];
    volatile uint64_t revoked[MEMBERS];
} Told;

static Told *told;

static GpuvmArena *join_arena(GpuvmSched **s)
{
    g_autofree char *path = rig_path("a");
    GpuvmArena *a = NULL;
    char *err = NULL;

    if (gpuvm_arena_open(&a, path, VRAM, &err) == 0) {
        *s = gpuvm_sched_open(a, "fair", &err);
    }
    if (err) {
        fprintf(stderr, "%s\n", err);
        exit(3);
    }
    return a;
}

/* Takes turns of @us until told to end, or @turns are over. */
static void member(unsigned i, uint32_t weight, unsigned us, uint64_t turns)
{
    GpuvmSched *s = NULL;
    GpuvmArena *a = join_arena(&s);
    GpuvmSchedVm *vm = gpuvm_sched_join(s, weight, 0);
    uint64_t n, begin, used;

    for (n = 0; n < turns && !told->end; n++) {
        gpuvm_sched_acquire(s, vm, NULL);
        begin = rig_now();
        g_usleep(us);
        used = rig_now() - begin;
        told->revoked[i] += !gpuvm_sched_look(s, vm).held;
        gpuvm_sched_release(s, vm, used, true);
        told->turns[i]++;
        told->used[i] += used;
    }
    gpuvm_sched_withdraw(s, vm);
    gpuvm_sched_leave(s, vm);
    gpuvm_sched_free(s);
    gpuvm_arena_close(a);
}

static pid_t spawn(unsigned i, uint32_t weight, unsigned us, uint64_t turns)
{
    pid_t pid = fork();

    if (!pid) {
        member(i, weight, us, turns);
        _exit(0);
    }
    return pid;
}

static void begin(void)
{
    rig_begin();
    memset(told, 0, sizeof(*told));
}

/* Weights 100:200:300:400, and the sum is the scheduler's. */
static void test_weights(void)
{
    uint64_t sum = 0, busy;
    GpuvmSched *s = NULL;
    pid_t pid[MEMBERS];
    GpuvmArena *a;
    unsigned i;

    begin();
    a = join_arena(&s);
    for (i = 0; i < MEMBERS; i++) {
        pid[i] = spawn(i, 100 * (i + 1), 500, UINT64_MAX);
    }
    g_usleep(1500000);
    told->end = true;
    for (i = 0; i < MEMBERS; i++) {
        CU_ASSERT_EQUAL(rig_wait(pid[i]), 0);
        sum += told->used[i];
    }
    for (i = 0; i < MEMBERS; i++) {
        double share = (double)told->used[i] / sum;
        double want = 0.1 * (i + 1);

        if (share < want - 0.04 || share > want + 0.04) {
            fprintf(stderr, "weight %u: share %.3f, entitled %.3f\n",
                    100 * (i + 1), share, want);
            CU_ASSERT(false);
        }
    }
    busy = gpuvm_sched_busy_ns(s);
    CU_ASSERT_EQUAL(busy, sum);
    gpuvm_sched_free(s);
    gpuvm_arena_close(a);
    CU_ASSERT_EQUAL(rig_files(), 0);
    rig_end();
}

static uint64_t turns_of_others(unsigned who)
{
    uint64_t n = 0;
    unsigned i;

    for (i = 0; i < MEMBERS; i++) {
        n += i == who ? 0 : told->turns[i];
    }
    return n;
}

/* Milliseconds until the others have had @n more turns. */
static unsigned until_others(unsigned who, unsigned n)
{
    uint64_t start = rig_now(), before = turns_of_others(who);

    while (turns_of_others(who) < before + n &&
           rig_now() - start < 5000 * MS) {
        g_usleep(200);
    }
    return (rig_now() - start) / MS;
}

/* Kills and stops at random moments. */
static void test_random(void)
{
    const char *env = g_getenv("GPUVM_ARENA_KILLS");
    unsigned rounds = env ? atoi(env) : 100, i, ms, worst = 0;
    GpuvmSched *s = NULL;
    pid_t pid[MEMBERS];
    GpuvmArena *a;

    srand(env ? time(NULL) : 2);
    begin();
    a = join_arena(&s);
    for (i = 0; i < MEMBERS; i++) {
        pid[i] = spawn(i, 100, 200, UINT64_MAX);
    }
    for (i = 0; i < rounds; i++) {
        unsigned who = rand() % MEMBERS;
        bool stop = rand() % 2;

        g_usleep(rand() % 2000);
        kill(pid[who], stop ? SIGSTOP : SIGKILL);
        ms = until_others(who, 20);
        worst = MAX(worst, ms);
        if (stop) {
            uint64_t turns = told->turns[who];

            kill(pid[who], SIGCONT);
            while (told->turns[who] < turns + 2 && ms < 5000) {
                g_usleep(1000);
                ms++;
            }
            CU_ASSERT_TRUE(ms < 5000);      /* it goes on, too */
        } else {
            rig_wait(pid[who]);
            pid[who] = spawn(who, 100, 200, UINT64_MAX);
        }
    }
    told->end = true;
    for (i = 0; i < MEMBERS; i++) {
        CU_ASSERT_EQUAL(rig_wait(pid[i]), 0);
    }
    fprintf(stderr, "%u kills and stops: the others had 20 turns after at "
            "most %u ms\n", rounds, worst);
    CU_ASSERT_TRUE(worst < 3000);
    CU_ASSERT_FALSE(gpuvm_sched_contended(s));  /* nobody is left behind */
    gpuvm_sched_free(s);
    gpuvm_arena_close(a);
    CU_ASSERT_EQUAL(rig_files(), 0);
    rig_end();
}

/* The policy is the arena's, not the second's; its change is seen by all. */
static void test_policy(void)
{
    g_autofree char *path = NULL;
    GpuvmArena *a, *b = NULL;
    GpuvmSched *s = NULL, *t;
    char *err = NULL;

    begin();
    path = rig_path("a");
    a = join_arena(&s);
    CU_ASSERT_EQUAL(gpuvm_arena_open(&b, path, VRAM, &err), 0);
    CU_ASSERT_PTR_NULL(gpuvm_sched_open(b, "none such", &err));
    g_clear_pointer(&err, g_free);
    t = gpuvm_sched_open(b, "fifo", &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    CU_ASSERT_STRING_EQUAL(gpuvm_sched_policy(t), "fair");
    CU_ASSERT_TRUE(gpuvm_sched_set_policy(t, "credit"));
    CU_ASSERT_STRING_EQUAL(gpuvm_sched_policy(s), "credit");
    gpuvm_sched_free(t);
    gpuvm_arena_close(b);
    gpuvm_sched_free(s);
    gpuvm_arena_close(a);
    rig_end();
}

static int begin_suite(void)
{
    told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return told == MAP_FAILED;
}

static CU_TestInfo shared_tests[] = {
    { "weights", test_weights },
    { "killed and stopped", test_random },
    { "one policy", test_policy },
    CU_TEST_INFO_NULL
};

CU_SuiteInfo unit_suites[] = {
    { "sched-shared", begin_suite, NULL, NULL, NULL, shared_tests },
    CU_SUITE_INFO_NULL
};
