/*
 * Members of an arena that die or are stopped: at every place where it would
 * hurt most, and at random moments.
 *
 * A member's life (arena-rig.h) checks all along that its slice read zero when
 * it got it and holds what it wrote until it gives it back.  After each death
 * somebody takes the turn (how soon is a test of its own), and all that the dead one had is free
 * and reads zero; a stopped one keeps its slice and loses at most the turn.
 *
 * GPUVM_ARENA_KILLS: how many random moments (default 300).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "arena-rig.h"

#include <limits.h>

#define VRAM    (16 * MIB)
#define SLICE   (1 * MIB)
/* Long enough for a host that is busy with other things. */
#define PATIENCE_MS 3000

/* ---- at chosen places ------------------------------------------------------------ */

#define MAX_POINTS 32

/* Shared with children: the places that a life comes by. */
typedef struct Points {
    unsigned n;
    char name[MAX_POINTS][32];
} Points;

static Points *points;
static const char *fatal_point;
static int fatal_signal;
static unsigned fatal_skip;

static void note_point(const char *where)
{
    unsigned i;

    for (i = 0; i < points->n; i++) {
        if (!strcmp(points->name[i], where)) {
            return;
        }
    }
    if (i < MAX_POINTS) {
        g_strlcpy(points->name[i], where, sizeof(points->name[i]));
        points->n++;
    }
}

static void die_there(const char *where)
{
    if (!strcmp(where, fatal_point) && fatal_skip-- == 0) {
        raise(fatal_signal);
    }
}

/* A whole life: joins (and reaps), rounds, leaves. */
static int life(unsigned rounds)
{
    GpuvmArena *a = rig_join(VRAM);
    unsigned i;
    int bad = 0;

    for (i = 0; i < rounds && !bad; i++) {
        bad = rig_round(a, SLICE, 0x1000 + getpid());
    }
    gpuvm_arena_close(a);
    return bad;
}

static pid_t spawn_life(void (*hook)(const char *), const char *point,
                        int sig, unsigned skip)
{
    pid_t pid = fork();

    if (!pid) {
        gpuvm_arena_failpoint = hook;
        fatal_point = point;
        fatal_signal = sig;
        fatal_skip = skip;
        _exit(life(2));
    }
    return pid;
}

/* Somebody who dies with a slice, and with the turn. */
static void leave_a_corpse(void)
{
    pid_t pid = fork();

    if (!pid) {
        GpuvmArena *a = rig_join(VRAM);
        GpuvmArenaSlice s;
        char *err = NULL;

        if (gpuvm_arena_slice_alloc(a, SLICE, &s, &err) == 0) {
            rig_fill(s.map, s.size, 0xdead);
        }
        rig_take(a, 5000);
        raise(SIGKILL);
    }
    CU_ASSERT_EQUAL(rig_wait(pid), 128 + SIGKILL);
}

/* Which places there are, alone, with a corpse, and beside another. */
static void find_points(void)
{
    GpuvmArena *a;

    points->n = 0;
    CU_ASSERT_EQUAL(rig_wait(spawn_life(note_point, NULL, 0, 0)), 0);
    a = rig_join(VRAM);
    leave_a_corpse();
    CU_ASSERT_EQUAL(rig_wait(spawn_life(note_point, NULL, 0, 0)), 0);
    gpuvm_arena_close(a);
    CU_ASSERT_TRUE(points->n >= 15);
}

/* The survivor's view: the turn within @ms, everything free and zero. */
static void check_survivor(GpuvmArena *a, const char *point, unsigned ms)
{
    uint64_t begin = rig_now();
    uint64_t gen = rig_take(a, ms);

    if (!gen || !rig_all_free(a) || gpuvm_arena_members(a) != 1) {
        fprintf(stderr, "dying at %s: turn %d, after %u ms\n", point, !!gen,
                (unsigned)((rig_now() - begin) / MS));
        CU_ASSERT(false);
    }
    rig_drop(a, gen);
}

/*
 * Dying at each place, the first time and the third time it is passed, beside
 * a member that goes on and with a corpse to be reaped; and alone, so that the
 * file is left behind.
 */
static void test_die_everywhere(void)
{
    unsigned i, skip;

    rig_begin();
    find_points();
    for (i = 0; i < points->n; i++) {
        for (skip = 0; skip < 3; skip += 2) {
            const char *p = points->name[i];
            GpuvmArena *a = rig_join(VRAM);
            int got;

            leave_a_corpse();
            got = rig_wait(spawn_life(die_there, p, SIGKILL, skip));
            CU_ASSERT_TRUE(got == 0 || got == 128 + SIGKILL);
            check_survivor(a, p, PATIENCE_MS);
            gpuvm_arena_close(a);
            CU_ASSERT_EQUAL(rig_files(), 0);

            got = rig_wait(spawn_life(die_there, p, SIGKILL, skip));
            CU_ASSERT_TRUE(got == 0 || got == 128 + SIGKILL);
            a = rig_join(VRAM);
            check_survivor(a, p, PATIENCE_MS);
            gpuvm_arena_close(a);
            CU_ASSERT_EQUAL(rig_files(), 0);
        }
    }
    rig_end();
}

/* One that dies while it reaps one that died while it reaped ... */
static void test_die_reaping(void)
{
    static const char *const places[] = {
        "reap-locked", "slot-dying", "slot-punched", "tx-half", "tx-written",
        "tx-done", "reap-done",
    };
    GpuvmArena *a;
    unsigned i;

    rig_begin();
    a = rig_join(VRAM);
    leave_a_corpse();
    for (i = 0; i < G_N_ELEMENTS(places); i++) {
        rig_wait(spawn_life(die_there, places[i], SIGKILL, 0));
    }
    check_survivor(a, "all of recovery", PATIENCE_MS);
    gpuvm_arena_close(a);
    rig_end();
}

static void await_stop(pid_t pid)
{
    int status;

    do {
        CU_ASSERT_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
    } while (!WIFSTOPPED(status) && !WIFEXITED(status));
}

/* Stopped at each place: the others go on, and so does it when it may. */
static void test_stop_everywhere(void)
{
    unsigned i;

    rig_begin();
    find_points();
    for (i = 0; i < points->n; i++) {
        const char *p = points->name[i];
        GpuvmArena *a = rig_join(VRAM);
        uint64_t begin;
        pid_t pid;
        int got;

        leave_a_corpse();
        pid = fork();
        if (!pid) {
            gpuvm_arena_failpoint = die_there;
            fatal_point = p;
            fatal_signal = SIGSTOP;
            got = life(2);
            _exit(got);
        }
        if (strncmp(p, "file-", 5) && strncmp(p, "format-", 7)) {
            await_stop(pid);
            begin = rig_now();
            got = rig_round(a, SLICE, 0x77);
            got = got ? got : rig_round(a, SLICE, 0x78);
            if (got || rig_now() - begin > PATIENCE_MS * MS) {
                fprintf(stderr, "stopped at %s: %d, %u ms\n", p, got,
                        (unsigned)((rig_now() - begin) / MS));
                CU_ASSERT(false);
            }
        } else {
            g_usleep(2000);
        }
        kill(pid, SIGCONT);
        do {
            kill(pid, SIGCONT);
            g_usleep(1000);
            got = waitpid(pid, &got, WNOHANG) == pid ? got : -1;
        } while (got == -1);
        CU_ASSERT_EQUAL(got, 0);
        check_survivor(a, p, PATIENCE_MS);
        gpuvm_arena_close(a);
        CU_ASSERT_EQUAL(rig_files(), 0);
    }
    rig_end();
}

/* ---- the turn -------------------------------------------------------------------------- */

/* A child that takes the turn, says so, and keeps it. */
static pid_t spawn_holder(GpuvmArena *a)
{
    uint64_t turns = ((const RigBlock *)gpuvm_arena_peek(a))->turns, now;
    pid_t pid;

    gpuvm_arena_done(a);
    pid = fork();
    if (!pid) {
        GpuvmArena *own = rig_join(VRAM);
        uint64_t gen = rig_take(own, 5000);
        unsigned i;

        for (i = 0; i < 20000 && gen; i++) {
            gpuvm_arena_beat(own);
            g_usleep(1000);
        }
        _exit(1);
    }
    do {
        g_usleep(1000);
        now = ((const RigBlock *)gpuvm_arena_peek(a))->turns;
        gpuvm_arena_done(a);
    } while (now == turns);
    return pid;
}

/* Time until @a has the turn that a holder has who gets @sig. */
static unsigned notice_ms(GpuvmArena *a, int sig)
{
    pid_t pid = spawn_holder(a);
    uint64_t begin, gen;
    unsigned ms;

    /* while it goes on, nobody takes it away */
    CU_ASSERT_EQUAL(rig_take(a, 150), 0);
    kill(pid, sig);
    begin = rig_now();
    gen = rig_take(a, 5000);
    ms = (rig_now() - begin) / MS;
    CU_ASSERT_NOT_EQUAL(gen, 0);
    rig_drop(a, gen);
    kill(pid, SIGKILL);
    rig_wait(pid);
    gpuvm_arena_reap(a);
    return ms;
}

static void test_notice(void)
{
    unsigned dead[2] = { UINT_MAX, 0 }, stopped[2] = { UINT_MAX, 0 }, ms, i;
    GpuvmArena *a;

    rig_begin();
    a = rig_join(VRAM);
    for (i = 0; i < 5; i++) {
        ms = notice_ms(a, SIGKILL);
        dead[0] = MIN(dead[0], ms);
        dead[1] = MAX(dead[1], ms);
        ms = notice_ms(a, SIGSTOP);
        stopped[0] = MIN(stopped[0], ms);
        stopped[1] = MAX(stopped[1], ms);
    }
    fprintf(stderr, "the turn of a dead process is taken after %u to %u ms, "
            "of a stopped one after %u to %u ms\n", dead[0], dead[1],
            stopped[0], stopped[1]);
    /* the rest is what else the host had to do */
    CU_ASSERT_TRUE(dead[0] <= 100 && dead[1] <= PATIENCE_MS);
    CU_ASSERT_TRUE(stopped[0] <= 100 && stopped[1] <= PATIENCE_MS);
    CU_ASSERT_EQUAL(gpuvm_arena_members(a), 1);
    gpuvm_arena_close(a);
    rig_end();
}

/* Nobody waits: the once-a-second look finds the dead. */
static void test_idle_reaper(void)
{
    GpuvmArena *a;
    unsigned i;

    rig_begin();
    a = rig_join(VRAM);
    leave_a_corpse();
    CU_ASSERT_EQUAL(gpuvm_arena_members(a), 2);
    for (i = 0; i < 300 && gpuvm_arena_members(a) > 1; i++) {
        g_usleep(10000);
    }
    CU_ASSERT_EQUAL(gpuvm_arena_members(a), 1);
    gpuvm_arena_close(a);
    rig_end();
}

/* ---- random moments ------------------------------------------------------------------------ */

#define CHILDREN 5

/* Lives, one after the other, until told to end. */
static void live_on(volatile bool *end)
{
    int bad = 0;

    while (!*end && !bad) {
        bad = life(1 + getpid() % 5);
    }
    _exit(bad);
}

static pid_t spawn_living(volatile bool *end)
{
    pid_t pid = fork();

    if (!pid) {
        srand(getpid());
        live_on(end);
    }
    return pid;
}

static uint64_t turns_now(GpuvmArena *a)
{
    uint64_t n = ((const RigBlock *)gpuvm_arena_peek(a))->turns;

    gpuvm_arena_done(a);
    return n;
}

/* Milliseconds until the others have had three turns. */
static unsigned until_others(GpuvmArena *a)
{
    uint64_t begin = rig_now(), turns = turns_now(a);

    while (turns_now(a) < turns + 3 && rig_now() - begin < 5000 * MS) {
        g_usleep(200);
    }
    return (rig_now() - begin) / MS;
}

static void test_random(void)
{
    const char *env = g_getenv("GPUVM_ARENA_KILLS");
    unsigned kills = env ? atoi(env) : 300, i, worst = 0, ms;
    volatile bool *end = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t sum = 0;
    pid_t pid[CHILDREN];
    GpuvmArena *a;

    srand(env ? time(NULL) : 1);
    rig_begin();
    a = rig_join(VRAM);
    for (i = 0; i < CHILDREN; i++) {
        pid[i] = spawn_living(end);
    }
    for (i = 0; i < kills; i++) {
        unsigned who = rand() % CHILDREN;
        bool stop = rand() % 3 == 0;

        g_usleep(rand() % 3000);
        kill(pid[who], stop ? SIGSTOP : SIGKILL);
        ms = until_others(a);
        worst = MAX(worst, ms);
        sum += ms;
        if (stop) {
            kill(pid[who], SIGCONT);
        } else {
            CU_ASSERT_EQUAL(rig_wait(pid[who]), 128 + SIGKILL);
            pid[who] = spawn_living(end);
        }
    }
    *end = true;
    for (i = 0; i < CHILDREN; i++) {
        CU_ASSERT_EQUAL(rig_wait(pid[i]), 0);
    }
    fprintf(stderr, "%u moments: the others had three turns after %.1f ms, "
            "at most %u ms\n", kills, (double)sum / kills, worst);
    CU_ASSERT_TRUE(worst <= PATIENCE_MS);
    CU_ASSERT_TRUE(rig_all_free(a));
    CU_ASSERT_EQUAL(gpuvm_arena_members(a), 1);
    gpuvm_arena_close(a);
    CU_ASSERT_EQUAL(rig_files(), 0);
    rig_end();
}

/* Joining and leaving in a loop, killed now and then: always one arena. */
static void test_name_races(void)
{
    pid_t pid[8];
    unsigned i, round;

    rig_begin();
    for (round = 0; round < 4; round++) {
        for (i = 0; i < 8; i++) {
            pid[i] = fork();
            if (!pid[i]) {
                unsigned n;

                for (n = 0; n < 60; n++) {
                    int bad = life(n % 7 == 0);

                    if (bad) {
                        _exit(bad);
                    }
                }
                _exit(0);
            }
        }
        if (round % 2) {
            for (i = 0; i < 4; i++) {
                g_usleep(20000);
                kill(pid[i], SIGKILL);
            }
        }
        for (i = 0; i < 8; i++) {
            int got = rig_wait(pid[i]);

            CU_ASSERT_TRUE(got == 0 || (i < 4 && got == 128 + SIGKILL));
        }
        if (rig_files()) {      /* all that was left were killed ones */
            CU_ASSERT_EQUAL(round % 2, 1);
            CU_ASSERT_EQUAL(life(1), 0);
            CU_ASSERT_EQUAL(rig_files(), 0);
        }
    }
    rig_end();
}

/* exit() without closing: the last one's file goes, not one of others. */
static void test_exit(void)
{
    GpuvmArena *a;
    pid_t pid;
    int i;

    rig_begin();
    for (i = 0; i < 2; i++) {
        a = i ? rig_join(VRAM) : NULL;
        pid = fork();
        if (!pid) {
            GpuvmArenaSlice s;
            char *err = NULL;
            GpuvmArena *own = rig_join(VRAM);

            freopen("/dev/null", "w", stdout);
            exit(gpuvm_arena_slice_alloc(own, SLICE, &s, &err) ? 1 : 0);
        }
        CU_ASSERT_EQUAL(rig_wait(pid), 0);
        CU_ASSERT_EQUAL(rig_files(), i);
        if (a) {
            check_survivor(a, "exit", PATIENCE_MS);
            gpuvm_arena_close(a);
        }
    }
    rig_end();
}

static int begin_suite(void)
{
    points = mmap(NULL, sizeof(*points), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return points == MAP_FAILED;
}

static CU_TestInfo kill_tests[] = {
    { "dying everywhere", test_die_everywhere },
    { "dying in recovery", test_die_reaping },
    { "stopped everywhere", test_stop_everywhere },
    { "how soon it is noticed", test_notice },
    { "nobody waits", test_idle_reaper },
    { "exit", test_exit },
    { "random moments", test_random },
    { "making and leaving at once", test_name_races },
    CU_TEST_INFO_NULL
};

CU_SuiteInfo unit_suites[] = {
    { "arena-kill", begin_suite, NULL, NULL, NULL, kill_tests },
    CU_SUITE_INFO_NULL
};
