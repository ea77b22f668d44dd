/*
 * The arena's file: where it lies, who may join, who makes it and who takes it
 * away.
 *
 * A name stands for a file in /dev/shm/gpuvm-UID: one place whatever the
 * environment is, so that two processes never mean different files, in a file
 * system whose size the host's administrator sets.  The folder must be the
 * user's and writable for nobody else, the file a regular one of his, with one
 * link; links are not followed.
 *
 * The gate (a lock on byte 0) is held shared by all members.  Who opens the
 * file tries it exclusively:
 *
 *  - got it, and the file is empty: it is new, or its maker died.  Make the
 *    arena, then turn the lock into a shared one;
 *  - got it, and the file is not empty: all who used it are dead.  It is taken
 *    away, not used again, and everything begins anew;
 *  - did not get it: take it shared (whoever has it exclusively is at one of
 *    the two above, or leaving).  If by then the file has no name any more, or
 *    is not finished because its maker died, begin anew.
 *
 * Who leaves drops the gate and tries it exclusively; who gets it was the last
 * and takes the name away.  Of two who leave together the second to drop it
 * gets it, or finds it held by the first, who then does it.
 *
 * Who joins also takes away what dead members of other arenas left in the
 * folder: files whose gate nobody holds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena/arena_priv.h"

#define BASE_FOLDER     "/dev/shm"
#define GATE            0
#define NAME_MAX_LEN    64
/* How long another may hold the gate exclusively. */
#define JOIN_TRIES      5000
#define JOIN_PAUSE_US   2000
/* Memory is reserved in pieces, so that a signal costs little. */
#define RESERVE_STEP    (UINT64_C(64) << 20)

int gpuvm_arena_file_lock(int fd, uint64_t byte, short type)
{
    struct flock l = { .l_type = type, .l_whence = SEEK_SET,
                       .l_start = byte, .l_len = 1 };

    if (fcntl(fd, F_OFD_SETLK, &l) == 0) {
        return 0;
    }
    return errno == EACCES ? -EAGAIN : -errno;
}

int gpuvm_arena_file_reserve(int fd, uint64_t off, uint64_t size)
{
    uint64_t end = off + size;

    while (off < end) {
        uint64_t n = MIN(end - off, RESERVE_STEP);
        int ret = posix_fallocate(fd, off, n);

        if (ret && ret != EINTR) {
            return -ret;
        }
        off += ret ? 0 : n;
    }
    return 0;
}

/* ---- the folder ------------------------------------------------------------ */

static bool name_is_good(const char *name)
{
    size_t n = strlen(name), i;

    for (i = 0; i < n; i++) {
        if (!g_ascii_isalnum(name[i]) && !strchr("._-", name[i])) {
            return false;
        }
    }
    return n && n <= NAME_MAX_LEN && name[0] != '.';
}

static int split_name(GpuvmArena *a, const char *share, char **err)
{
    const char *slash = strrchr(share, '/');

    if (share[0] == '/') {
        a->folder = slash == share ? g_strdup("/") :
                    g_strndup(share, slash - share);
        a->name = g_strdup(slash + 1);
    } else {
        a->folder = g_strdup_printf(BASE_FOLDER "/gpuvm-%u",
                                    (unsigned)geteuid());
        a->name = g_strdup(share);
        a->own_folder = true;
    }
    if (!name_is_good(a->name)) {
        *err = g_strdup_printf("share=%s: give a name of 1 to %d letters, "
                               "digits, '.', '_' and '-', or the absolute "
                               "path of such a file", share, NAME_MAX_LEN);
        return -EINVAL;
    }
    return 0;
}

/* Whether nobody else can put files in; the sticky bit keeps ours. */
static bool folder_is_safe(int fd, bool own)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)) {
        return false;
    }
    if (own) {
        return st.st_uid == geteuid() && !(st.st_mode & 022);
    }
    return (st.st_uid == geteuid() || st.st_uid == 0) &&
           (!(st.st_mode & 022) || (st.st_mode & S_ISVTX));
}

static int open_folder(GpuvmArena *a, char **err)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC |
                (a->own_folder ? O_NOFOLLOW : 0);
    int ret = 0;

    if (a->own_folder && mkdir(a->folder, 0700) < 0 && errno != EEXIST) {
        ret = -errno;
    }
    if (!ret) {
        a->dir = open(a->folder, flags);
        ret = a->dir < 0 ? -errno : 0;
    }
    if (ret == -ENOENT && a->own_folder && access(BASE_FOLDER, F_OK) == 0) {
        return -EAGAIN;     /* the last of its arenas was just taken away */
    }
    if (ret) {
        *err = g_strdup_printf("cannot use the folder %s: %s%s", a->folder,
                               strerror(-ret), a->own_folder ?
                               "; give share= the absolute path of a file in "
                               "another tmpfs" : "");
    } else if (!folder_is_safe(a->dir, a->own_folder)) {
        *err = g_strdup_printf("the folder %s is not safe: it must belong to "
                               "this user, and nobody else may write to it",
                               a->folder);
        ret = -EPERM;
    }
    if (ret && a->dir >= 0) {
        close(a->dir);
        a->dir = -1;
    }
    return ret;
}

/* Removes what dead members of other arenas left. */
static void sweep(GpuvmArena *a)
{
    int at = openat(a->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = at >= 0 ? fdopendir(at) : NULL;
    struct dirent *e;

    if (!d) {
        if (at >= 0) {
            close(at);
        }
        return;
    }
    while ((e = readdir(d))) {
        struct stat st;
        int fd;

        if (!name_is_good(e->d_name) || !strcmp(e->d_name, a->name)) {
            continue;
        }
        fd = openat(a->dir, e->d_name, O_RDWR | O_NOFOLLOW | O_NONBLOCK |
                    O_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
            gpuvm_arena_file_lock(fd, GATE, F_WRLCK) == 0 &&
            fstat(fd, &st) == 0 && st.st_nlink) {
            unlinkat(a->dir, e->d_name, 0);
        }
        close(fd);
    }
    closedir(d);
}

/* ---- joining --------------------------------------------------------------- */

static int check_file(GpuvmArena *a, struct stat *st, char **err)
{
    const char *why = NULL;

    if (fstat(a->fd, st) < 0) {
        return -errno;
    }
    if (!S_ISREG(st->st_mode)) {
        why = "it is not a regular file";
    } else if (st->st_uid != geteuid()) {
        why = "it belongs to another user";
    } else if (st->st_mode & 077) {
        why = "others may open it (it must have mode 0600)";
    } else if (st->st_nlink > 1) {
        why = "it has more than one name";
    }
    if (why) {
        *err = g_strdup_printf("%s/%s cannot be an arena: %s", a->folder,
                               a->name, why);
        return -EPERM;
    }
    return 0;
}

/* Takes away the name, if it is still this file's. */
static void remove_file(GpuvmArena *a)
{
    struct stat st, named;

    if (fstat(a->fd, &st) == 0 && st.st_nlink &&
        fstatat(a->dir, a->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        named.st_ino == st.st_ino && named.st_dev == st.st_dev) {
        arena_failpoint("file-remove");
        unlinkat(a->dir, a->name, 0);
    }
}

/* The gate is held exclusively: make the arena, or take a dead one away. */
static int alone(GpuvmArena *a, const struct stat *st, char **err)
{
    int ret;

    arena_failpoint("file-alone");
    if (!st->st_nlink) {
        return -EAGAIN;
    }
    if (st->st_size) {
        remove_file(a);
        return -EAGAIN;
    }
    ret = gpuvm_arena_format(a->fd, a->vram_size);
    if (ret) {
        *err = g_strdup_printf("cannot make the arena %s/%s: %s", a->folder,
                               a->name, strerror(-ret));
        remove_file(a);
        return ret;
    }
    arena_failpoint("file-made");
    return gpuvm_arena_file_lock(a->fd, GATE, F_RDLCK);
}

/* One try: 0 joined, -EAGAIN begin anew. */
static int try_join(GpuvmArena *a, char **err)
{
    struct stat st;
    int ret;

    a->fd = openat(a->dir, a->name, O_RDWR | O_CREAT | O_NOFOLLOW |
                   O_NONBLOCK | O_CLOEXEC, 0600);
    if (a->fd < 0) {
        ret = errno == ENOENT ? -EAGAIN : -errno;
        if (ret != -EAGAIN) {
            *err = g_strdup_printf("cannot open %s/%s: %s", a->folder,
                                   a->name, ret == -ELOOP ?
                                   "it is a symbolic link" : strerror(-ret));
        }
        return ret;
    }
    arena_failpoint("file-opened");
    ret = check_file(a, &st, err);
    if (ret) {
        return ret;
    }
    ret = gpuvm_arena_file_lock(a->fd, GATE, F_WRLCK);
    if (ret == 0) {
        ret = check_file(a, &st, err);
        return ret ? ret : alone(a, &st, err);
    }
    if (ret == -EAGAIN) {
        ret = gpuvm_arena_file_lock(a->fd, GATE, F_RDLCK);
    }
    if (ret) {
        if (ret != -EAGAIN) {
            *err = g_strdup_printf("cannot lock %s/%s: %s", a->folder,
                                   a->name, strerror(-ret));
        }
        return ret;
    }
    arena_failpoint("file-joined");
    ret = check_file(a, &st, err);
    if (!ret) {
        uint64_t magic = 0;

        /* its maker may have died before it was done */
        if (!st.st_nlink || pread(a->fd, &magic, sizeof(magic), 0) !=
            sizeof(magic) || !magic) {
            ret = -EAGAIN;
        }
    }
    return ret;
}

static void shut(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

int gpuvm_arena_file_join(GpuvmArena *a, const char *share, char **err)
{
    unsigned tries;
    int ret;

    a->fd = a->dir = -1;
    if (!share) {
        a->fd = memfd_create("gpuvm-vram", MFD_CLOEXEC);
        ret = a->fd < 0 ? -errno : gpuvm_arena_format(a->fd, a->vram_size);
        if (ret) {
            *err = g_strdup_printf("cannot make a memfd of %" PRIu64 " MiB "
                                   "for VRAM: %s", a->vram_size >> 20,
                                   strerror(-ret));
            shut(&a->fd);
        }
        return ret;
    }
    ret = split_name(a, share, err);
    for (tries = 0; !ret; tries++) {
        ret = open_folder(a, err);
        if (!ret) {
            ret = try_join(a, err);
        }
        if (!ret) {
            if (a->own_folder) {
                sweep(a);
            }
            return 0;
        }
        shut(&a->fd);
        shut(&a->dir);
        if (ret == -EAGAIN && tries < JOIN_TRIES) {
            g_usleep(tries < 10 ? g_random_int_range(1, 100) : JOIN_PAUSE_US);
            ret = 0;
        }
    }
    if (ret == -EAGAIN) {
        *err = g_strdup_printf("another process began to make or to end the "
                               "arena %s/%s and does not go on", a->folder,
                               a->name);
    }
    g_clear_pointer(&a->folder, g_free);
    g_clear_pointer(&a->name, g_free);
    return ret;
}

void gpuvm_arena_file_abandon(GpuvmArena *a)
{
    arena_failpoint("file-leave");
    gpuvm_arena_file_lock(a->fd, GATE, F_UNLCK);
    arena_failpoint("file-left");
    if (gpuvm_arena_file_lock(a->fd, GATE, F_WRLCK) == 0) {
        remove_file(a);
        if (a->own_folder) {
            rmdir(a->folder);   /* if no other arena is in it */
        }
    }
}

void gpuvm_arena_file_leave(GpuvmArena *a)
{
    if (a->dir >= 0) {
        gpuvm_arena_file_abandon(a);
    }
    shut(&a->fd);
    shut(&a->dir);
    g_clear_pointer(&a->folder, g_free);
    g_clear_pointer(&a->name, g_free);
}
