/*
 * The arena: names and files that are refused, versions, slots and slices,
 * changes that are whole or not at all, waiting.  What happens when members
 * die is test-arena-kill.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "arena-rig.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "arena/arena_priv.h"

#define VRAM (64 * MIB)

/* ---- slices -------------------------------------------------------------------- */

static void check_slices(GpuvmArena *a)
{
    GpuvmArenaSlice x, y, z, w;
    char *err = NULL;

    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, 20 * MIB, &x, &err), 0);
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, 20 * MIB - 5, &y, &err), 0);
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, 20 * MIB, &z, &err), 0);
    CU_ASSERT_EQUAL(x.base, 0);
    CU_ASSERT_EQUAL(y.base, 20 * MIB);
    CU_ASSERT_EQUAL(y.size, 20 * MIB);
    CU_ASSERT_EQUAL(z.base, 40 * MIB);
    CU_ASSERT_EQUAL(z.fd_offset - x.fd_offset, 40 * MIB);
    rig_fill(y.map, y.size, 0x1111);
    rig_fill(z.map, z.size, 0x2222);

    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, 5 * MIB, &w, &err), -ENOSPC);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "60 of 64 MiB are taken"));
    g_clear_pointer(&err, g_free);
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, 65 * MIB, &w, &err), -ENOSPC);
    g_clear_pointer(&err, g_free);
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, 0, &w, &err), -EINVAL);
    g_clear_pointer(&err, g_free);

    /* the gap is used again, reads zero, and is the first that fits */
    gpuvm_arena_slice_free(a, &y);
    CU_ASSERT_EQUAL(y.fd, -1);
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, 4 * MIB, &w, &err), 0);
    CU_ASSERT_EQUAL(w.base, 20 * MIB);
    CU_ASSERT_TRUE(rig_all(w.map, w.size, 0));
    CU_ASSERT_TRUE(rig_all(z.map, z.size, 0x2222));
    gpuvm_arena_slice_free(a, &w);
    gpuvm_arena_slice_free(a, &x);
    gpuvm_arena_slice_free(a, &z);
    CU_ASSERT_TRUE(rig_all_free(a));
}

static uint64_t allocated(int fd)
{
    struct stat st;

    return fstat(fd, &st) ? 0 : (uint64_t)st.st_blocks * 512;
}

static void test_private(void)
{
    GpuvmArena *a = NULL, *b = NULL;
    GpuvmArenaSlice s, t;
    char *err = NULL;

    CU_ASSERT_EQUAL_FATAL(gpuvm_arena_open(&a, NULL, VRAM, &err), 0);
    CU_ASSERT_EQUAL_FATAL(gpuvm_arena_open(&b, NULL, VRAM, &err), 0);
    CU_ASSERT_FALSE(gpuvm_arena_shared(a));
    check_slices(a);
    /* two have nothing in common */
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, VRAM, &s, &err), 0);
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(b, VRAM, &t, &err), 0);
    CU_ASSERT_TRUE(allocated(s.fd) < 2 * MIB);  /* not reserved */
    rig_fill(s.map, MIB, 1);
    CU_ASSERT_TRUE(rig_all(t.map, MIB, 0));
    gpuvm_arena_slice_free(a, &s);
    gpuvm_arena_slice_free(b, &t);
    gpuvm_arena_close(a);
    gpuvm_arena_close(b);
    CU_ASSERT_EQUAL(gpuvm_arena_open(&a, NULL, 0, &err), -EINVAL);
    g_clear_pointer(&err, g_free);
    CU_ASSERT_EQUAL(gpuvm_arena_open(&a, NULL, MIB + 1, &err), -EINVAL);
    g_clear_pointer(&err, g_free);
    gpuvm_arena_close(NULL);
}

static void test_shared(void)
{
    GpuvmArena *a, *b;
    GpuvmArenaSlice s, t;
    char *err = NULL;
    uint64_t before;

    rig_begin();
    a = rig_join(VRAM);
    b = rig_join(VRAM);
    CU_ASSERT_TRUE(gpuvm_arena_shared(a));
    CU_ASSERT_EQUAL(gpuvm_arena_members(a), 2);
    CU_ASSERT_NOT_EQUAL(gpuvm_arena_slot(a), gpuvm_arena_slot(b));
    check_slices(a);
    check_slices(b);
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(a, 40 * MIB, &s, &err), 0);
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(b, 30 * MIB, &t, &err), -ENOSPC);
    g_clear_pointer(&err, g_free);
    before = allocated(s.fd);
    CU_ASSERT_TRUE(before > 40 * MIB);      /* memory is there */
    CU_ASSERT_EQUAL(gpuvm_arena_slice_alloc(b, 24 * MIB, &t, &err), 0);
    CU_ASSERT_EQUAL(t.base, 40 * MIB);
    CU_ASSERT_EQUAL(allocated(s.fd), before + 24 * MIB);
    gpuvm_arena_slice_free(a, &s);
    CU_ASSERT_EQUAL(allocated(t.fd), before - 16 * MIB);
    gpuvm_arena_slice_free(b, &t);
    gpuvm_arena_close(a);
    CU_ASSERT_EQUAL(gpuvm_arena_members(b), 1);
    CU_ASSERT_EQUAL(rig_files(), 1);
    gpuvm_arena_close(b);
    CU_ASSERT_EQUAL(rig_files(), 0);
    rig_end();
}

static void test_slots_full(void)
{
    g_autofree GpuvmArena **a = g_new0(GpuvmArena *, GPUVM_ARENA_SLOTS);
    bool seen[GPUVM_ARENA_SLOTS] = { false };
    g_autofree char *path = NULL;
    GpuvmArena *more = NULL;
    char *err = NULL;
    unsigned i;

    rig_begin();
    path = rig_path("a");
    for (i = 0; i < GPUVM_ARENA_SLOTS; i++) {
        a[i] = rig_join(VRAM);
        CU_ASSERT_FALSE(seen[gpuvm_arena_slot(a[i])]);
        seen[gpuvm_arena_slot(a[i])] = true;
    }
    CU_ASSERT_EQUAL(gpuvm_arena_open(&more, path, VRAM, &err), -EBUSY);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "all 128 slots"));
    g_clear_pointer(&err, g_free);
    CU_ASSERT_EQUAL(gpuvm_arena_members(a[0]), GPUVM_ARENA_SLOTS);
    i = gpuvm_arena_slot(a[77]);
    gpuvm_arena_close(a[77]);
    a[77] = rig_join(VRAM);
    CU_ASSERT_EQUAL(gpuvm_arena_slot(a[77]), i);
    for (i = 0; i < GPUVM_ARENA_SLOTS; i++) {
        gpuvm_arena_close(a[i]);
    }
    rig_end();
}

/* ---- files that are no arenas ---------------------------------------------------- */

/* @path is refused, with @words in the reason. */
static void refused(const char *path, uint64_t vram, int want,
                    const char *words)
{
    GpuvmArena *a = NULL;
    char *err = NULL;

    CU_ASSERT_EQUAL(gpuvm_arena_open(&a, path, vram, &err), want);
    CU_ASSERT_PTR_NOT_NULL_FATAL(err);
    if (!strstr(err, words)) {
        fprintf(stderr, "'%s' has no '%s'\n", err, words);
        CU_ASSERT(false);
    }
    g_free(err);
}

static void test_names(void)
{
    static const char *const bad[] = {
        "", ".", "..", ".hidden", "a/b", "a b", "x,y", "/", "/dev/shm/",
        "/dev/shm/..",
    };
    char name[80];
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        refused(bad[i], VRAM, -EINVAL, "give a name");
    }
    memset(name, 'a', sizeof(name));
    name[65] = 0;
    refused(name, VRAM, -EINVAL, "give a name");
    refused("/nowhere/at/all", VRAM, -ENOENT, "cannot use the folder");
}

static void write_file(const char *path, const void *data, size_t n,
                       mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    CU_ASSERT_EQUAL(write(fd, data, n), (ssize_t)n);
    fchmod(fd, mode);
    close(fd);
}

static void test_unsafe(void)
{
    g_autofree char *path = NULL, *other = NULL;

    rig_begin();
    path = rig_path("a");
    other = rig_path("b");
    write_file(other, "", 0, 0600);
    CU_ASSERT_EQUAL(symlink(other, path), 0);
    refused(path, VRAM, -ELOOP, "symbolic link");
    unlink(path);
    CU_ASSERT_EQUAL(link(other, path), 0);
    refused(path, VRAM, -EPERM, "more than one name");
    unlink(path);
    write_file(path, "", 0, 0660);
    refused(path, VRAM, -EPERM, "others may open it");
    unlink(path);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    refused(path, VRAM, -EPERM, "not a regular file");
    unlink(path);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    refused(path, VRAM, -EISDIR, "cannot open");
    rmdir(path);
    if (geteuid() == 0) {
        write_file(path, "", 0, 0600);
        CU_ASSERT_EQUAL(chown(path, 65534, 65534), 0);
        refused(path, VRAM, -EPERM, "another user");
        unlink(path);
        CU_ASSERT_EQUAL(chown(rig_folder, 65534, 65534), 0);
        refused(path, VRAM, -EPERM, "not safe");
        CU_ASSERT_EQUAL(chown(rig_folder, 0, 0), 0);
    }
    CU_ASSERT_EQUAL(chmod(rig_folder, 0777), 0);
    refused(path, VRAM, -EPERM, "not safe");
    CU_ASSERT_EQUAL(chmod(rig_folder, 0700), 0);
    CU_ASSERT_EQUAL(rig_files(), 1);
    unlink(other);
    rig_end();
}

static void put32(const char *path, size_t off, uint32_t v)
{
    int fd = open(path, O_RDWR);

    CU_ASSERT_EQUAL(pwrite(fd, &v, 4, off), 4);
    close(fd);
}

static void test_versions(void)
{
    GpuvmArenaClient other = rig_client;
    g_autofree char *path = NULL;
    GpuvmArena *a, *b = NULL;
    char *err = NULL;

    rig_begin();
    path = rig_path("a");
    a = rig_join(VRAM);
    refused(path, 2 * VRAM, -EPROTO, "64 MiB of VRAM, and this process wants "
            "128 MiB");
    put32(path, offsetof(ArenaHeader, version), ARENA_VERSION + 8);
    refused(path, VRAM, -EPROTO, "layout version 9");
    refused(path, VRAM, -EPROTO, "this program has version 1");
    put32(path, offsetof(ArenaHeader, version), ARENA_VERSION);
    put32(path, offsetof(ArenaHeader, slots), 7);
    refused(path, VRAM, -EPROTO, "7 slots");
    put32(path, offsetof(ArenaHeader, slots), GPUVM_ARENA_SLOTS);
    put32(path, offsetof(ArenaHeader, magic), 0x12345678);
    refused(path, VRAM, -EPROTO, "not an arena");
    put32(path, offsetof(ArenaHeader, magic), (uint32_t)ARENA_MAGIC);

    /* the client's block */
    CU_ASSERT_EQUAL(gpuvm_arena_open(&b, path, VRAM, &err), 0);
    other.id = 8;
    CU_ASSERT_EQUAL(gpuvm_arena_attach(b, &other, &err), -EPROTO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "version 7"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "version 8"));
    g_clear_pointer(&err, g_free);
    other.size = GPUVM_ARENA_CLIENT_MAX + 1;
    CU_ASSERT_EQUAL(gpuvm_arena_attach(b, &other, &err), -EINVAL);
    g_clear_pointer(&err, g_free);
    CU_ASSERT_EQUAL(gpuvm_arena_attach(b, &rig_client, &err), 0);
    CU_ASSERT_EQUAL(((const RigBlock *)gpuvm_arena_peek(b))->inits, 1);
    gpuvm_arena_done(b);
    gpuvm_arena_close(b);
    gpuvm_arena_close(a);
    CU_ASSERT_EQUAL(rig_files(), 0);
    rig_end();
}

/* A file that nobody uses any more is made anew, whatever is in it. */
static void test_stale(void)
{
    char junk[9000];
    g_autofree char *path = NULL;
    GpuvmArena *a;

    rig_begin();
    path = rig_path("a");
    memset(junk, 0xa5, sizeof(junk));
    write_file(path, junk, sizeof(junk), 0600);
    a = rig_join(VRAM);
    CU_ASSERT_TRUE(rig_all_free(a));
    gpuvm_arena_close(a);
    CU_ASSERT_EQUAL(rig_files(), 0);
    rig_end();
}

/* A name alone: the user's own folder, swept of what the dead left. */
static void test_own_folder(void)
{
    g_autofree char *folder = g_strdup_printf("/dev/shm/gpuvm-%u",
                                              (unsigned)geteuid());
    g_autofree char *name = g_strdup_printf("test-%d", (int)getpid());
    g_autofree char *path = g_strdup_printf("%s/%s", folder, name);
    g_autofree char *old = g_strdup_printf("%s/old-%s", folder, name);
    GpuvmArena *a = NULL;
    char *err = NULL;
    struct stat st;

    mkdir(folder, 0700);
    write_file(old, "dead", 4, 0600);
    CU_ASSERT_EQUAL_FATAL(gpuvm_arena_open(&a, name, VRAM, &err), 0);
    CU_ASSERT_NOT_EQUAL(access(old, F_OK), 0);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
    CU_ASSERT_EQUAL(stat(folder, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 07777, 0700);
    gpuvm_arena_close(a);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
}

/* ---- changes ------------------------------------------------------------------------ */

static void test_whole(void)
{
    GpuvmArena *a, *b;
    RigBlock *x, *y;

    rig_begin();
    a = rig_join(VRAM);
    b = rig_join(VRAM);
    x = gpuvm_arena_begin(a);
    x->count = 5;
    y = gpuvm_arena_begin(b);
    CU_ASSERT_EQUAL(y->count, 0);
    y->count = 6;
    CU_ASSERT_TRUE(gpuvm_arena_commit(b));
    CU_ASSERT_FALSE(gpuvm_arena_commit(a));     /* b was faster */
    x = gpuvm_arena_begin(a);
    CU_ASSERT_EQUAL(x->count, 6);
    x->count = 7;
    gpuvm_arena_cancel(a);
    CU_ASSERT_EQUAL(((const RigBlock *)gpuvm_arena_peek(a))->count, 6);
    gpuvm_arena_done(a);
    CU_ASSERT_EQUAL(((const RigBlock *)gpuvm_arena_peek(b))->count, 6);
    gpuvm_arena_done(b);
    gpuvm_arena_close(a);
    gpuvm_arena_close(b);
    rig_end();
}

#define COUNTERS  4
#define COUNTS    2000

static gpointer count_up(gpointer arg)
{
    GpuvmArena *a = arg;
    unsigned i;

    for (i = 0; i < COUNTS; i++) {
        do {
            ((RigBlock *)gpuvm_arena_begin(a))->count++;
        } while (!gpuvm_arena_commit(a));
    }
    return NULL;
}

/* Processes, and two threads in each, count to the same sum. */
static void test_counting(void)
{
    pid_t pid[COUNTERS];
    GpuvmArena *a;
    unsigned i;

    rig_begin();
    a = rig_join(VRAM);
    for (i = 0; i < COUNTERS; i++) {
        pid[i] = fork();
        if (!pid[i]) {
            GpuvmArena *own = rig_join(VRAM);
            GThread *t = g_thread_new("count", count_up, own);

            count_up(own);
            g_thread_join(t);
            gpuvm_arena_close(own);
            _exit(0);
        }
    }
    for (i = 0; i < COUNTERS; i++) {
        CU_ASSERT_EQUAL(rig_wait(pid[i]), 0);
    }
    CU_ASSERT_EQUAL(((const RigBlock *)gpuvm_arena_peek(a))->count,
                    COUNTERS * 2 * COUNTS);
    gpuvm_arena_done(a);
    gpuvm_arena_close(a);
    rig_end();
}

/* Whatever another process wrote by an error, nothing is out of bounds. */
static void test_rubbish(void)
{
    GpuvmArenaSlice s;
    char *err = NULL;
    unsigned round, i;
    GpuvmArena *a;

    srand(1);
    for (round = 0; round < 50; round++) {
        rig_begin();
        a = rig_join(VRAM);
        do {
            ((RigBlock *)gpuvm_arena_begin(a))->count++;
        } while (!gpuvm_arena_commit(a));
        /* both of its buffers, behind its back */
        for (i = 0; i < 2 * ARENA_STATE_STRIDE; i += 4) {
            if (round % 2 || rand() % 8 == 0) {
                *(uint32_t *)(a->meta + ARENA_STATES + a->slot * 2 *
                              ARENA_STATE_STRIDE + i) = rand() * 3u;
            }
        }
        a->clean = false;
        gpuvm_arena_members(a);
        gpuvm_arena_reap(a);
        if (gpuvm_arena_slice_alloc(a, MIB, &s, &err) == 0) {
            CU_ASSERT_TRUE(s.base <= VRAM - MIB);
            gpuvm_arena_slice_free(a, &s);
        }
        g_clear_pointer(&err, g_free);
        gpuvm_arena_close(a);
        rig_end();
    }
}

/* Who has no client leaves word for those that have. */
static void test_word_left(void)
{
    g_autofree char *path = NULL;
    GpuvmArena *a, *b = NULL;
    const RigBlock *b_now;
    char *err = NULL;
    uint64_t gones;
    unsigned slot;
    pid_t pid;

    rig_begin();
    path = rig_path("a");
    a = rig_join(VRAM);
    pid = fork();
    if (!pid) {
        GpuvmArena *own = rig_join(VRAM);

        _exit(rig_take(own, 1000) ? 0 : 1);     /* dies with the turn */
    }
    CU_ASSERT_EQUAL(rig_wait(pid), 0);
    b_now = gpuvm_arena_peek(a);
    gones = b_now->gones;
    slot = b_now->holder;
    gpuvm_arena_done(a);
    CU_ASSERT_NOT_EQUAL(slot, 0);
    /* its slot is claimed anew, by one that has no client yet */
    CU_ASSERT_EQUAL(gpuvm_arena_open(&b, path, VRAM, &err), 0);
    CU_ASSERT_EQUAL(gpuvm_arena_slot(b) + 1, slot);
    CU_ASSERT_EQUAL(((RigBlock *)gpuvm_arena_begin(a))->holder, 0);
    CU_ASSERT_TRUE(gpuvm_arena_commit(a));
    CU_ASSERT_EQUAL(((const RigBlock *)gpuvm_arena_peek(a))->gones,
                    gones + 1);
    gpuvm_arena_done(a);
    gpuvm_arena_close(b);
    gpuvm_arena_close(a);
    rig_end();
}

/* ---- waiting ------------------------------------------------------------------------- */

static void test_waiting(void)
{
    GpuvmArena *a, *b;
    uint32_t ticket;
    uint64_t begin;

    rig_begin();
    a = rig_join(VRAM);
    b = rig_join(VRAM);
    ticket = gpuvm_arena_ticket(a);
    begin = rig_now();
    CU_ASSERT_FALSE(gpuvm_arena_wait(a, ticket, 20 * MS));
    CU_ASSERT_TRUE(rig_now() - begin >= 20 * MS);
    gpuvm_arena_wake(b, gpuvm_arena_slot(b));
    CU_ASSERT_FALSE(gpuvm_arena_wait(a, ticket, 1 * MS));
    gpuvm_arena_wake(b, gpuvm_arena_slot(a));
    CU_ASSERT_TRUE(gpuvm_arena_wait(a, ticket, 60000 * MS));
    gpuvm_arena_wake(b, GPUVM_ARENA_SLOTS);     /* nobody */
    gpuvm_arena_wake(b, UINT32_MAX);
    gpuvm_arena_close(a);
    gpuvm_arena_close(b);
    rig_end();
}

static void test_looking(void)
{
    GpuvmArenaWatch w = { 0 };
    GpuvmArena *a, *b;
    unsigned slot;

    rig_begin();
    a = rig_join(VRAM);
    b = rig_join(VRAM);
    slot = gpuvm_arena_slot(b);
    CU_ASSERT_EQUAL(gpuvm_arena_look(a, &w, slot, 1, 1000 * MS),
                    GPUVM_ARENA_GOES_ON);
    CU_ASSERT_EQUAL(gpuvm_arena_look(a, &w, slot, 1, 1060 * MS),
                    GPUVM_ARENA_GOES_ON);
    gpuvm_arena_beat(b);
    CU_ASSERT_EQUAL(gpuvm_arena_look(a, &w, slot, 1, 1090 * MS),
                    GPUVM_ARENA_GOES_ON);
    CU_ASSERT_EQUAL(gpuvm_arena_look(a, &w, slot, 1, 1151 * MS),
                    GPUVM_ARENA_STOPPED);
    CU_ASSERT_EQUAL(gpuvm_arena_look(a, &w, slot, 2, 1152 * MS),
                    GPUVM_ARENA_GOES_ON);       /* another turn */
    CU_ASSERT_EQUAL(gpuvm_arena_look(a, &w, gpuvm_arena_slot(a), 2,
                                     9000 * MS), GPUVM_ARENA_GOES_ON);
    gpuvm_arena_close(b);
    CU_ASSERT_EQUAL(gpuvm_arena_look(a, &w, slot, 2, 1153 * MS),
                    GPUVM_ARENA_DEAD);
    CU_ASSERT_FALSE(gpuvm_arena_alive(a, slot));
    CU_ASSERT_FALSE(gpuvm_arena_alive(a, GPUVM_ARENA_SLOTS));
    gpuvm_arena_close(a);
    rig_end();
}

/* ---- the host has no memory --------------------------------------------------------- */

/* In a tmpfs of 24 MiB; 0 right, 77 such a thing cannot be had here. */
static int in_small_tmpfs(void)
{
    g_autofree char *path = rig_path("a");
    GpuvmArena *a = NULL;
    GpuvmArenaSlice s;
    char *err = NULL;

    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", rig_folder, "tmpfs", 0, "size=24m,mode=0700")) {
        return 77;
    }
    if (gpuvm_arena_open(&a, path, VRAM, &err) ||
        gpuvm_arena_slice_alloc(a, 16 * MIB, &s, &err)) {
        return 1;
    }
    gpuvm_arena_slice_free(a, &s);
    if (gpuvm_arena_slice_alloc(a, 32 * MIB, &s, &err) != -ENOSPC ||
        !strstr(err, "the host has no memory for 32 MiB")) {
        return 2;
    }
    /* nothing of it is left behind */
    err = NULL;
    if (gpuvm_arena_slice_alloc(a, 16 * MIB, &s, &err) || s.base) {
        return 3;
    }
    gpuvm_arena_slice_free(a, &s);
    gpuvm_arena_close(a);
    return rig_files() ? 4 : 0;
}

static void test_host_full(void)
{
    pid_t pid;
    int got;

    rig_begin();
    pid = fork();
    if (!pid) {
        _exit(in_small_tmpfs());
    }
    got = rig_wait(pid);
    if (got == 77) {
        fprintf(stderr, "not tested: a file system that is full (a mount is "
                "not allowed here)\n");
    } else {
        CU_ASSERT_EQUAL(got, 0);
    }
    rig_end();
}

static CU_TestInfo arena_tests[] = {
    { "a private arena", test_private },
    { "a shared arena", test_shared },
    { "all slots taken", test_slots_full },
    { "names", test_names },
    { "unsafe files", test_unsafe },
    { "versions and sizes", test_versions },
    { "a dead arena's file", test_stale },
    { "the user's folder", test_own_folder },
    { "a change is whole", test_whole },
    { "counting together", test_counting },
    { "rubbish in the tables", test_rubbish },
    { "word left for the client", test_word_left },
    { "waiting", test_waiting },
    { "looking", test_looking },
    { "the host's memory is short", test_host_full },
    CU_TEST_INFO_NULL
};

CU_SuiteInfo unit_suites[] = {
    { "arena", NULL, NULL, NULL, NULL, arena_tests },
    CU_SUITE_INFO_NULL
};
