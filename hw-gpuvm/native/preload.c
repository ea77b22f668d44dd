/*
 * Puts the native node into a process: LD_PRELOAD=libgpuvm-native.so.
 *
 * Paths below /dev/dri and /sys/dev/char/226: are looked up in a small tree
 * of real files made in a temporary directory (the node, and the sysfs files
 * that libdrm reads), so that open, readdir, readlink and realpath need
 * nothing but another path.  Only the node itself is special: opening it gives
 * a fresh memfd that stands for one DRM client; stat says it is character
 * device 226:128; ioctl and mmap on it come here, and so do munmap of
 * what that mmap gave and sched_yield (gem.c and channel.c tell why).  A
 * descriptor is recognised by the memfd's inode, so that dup() and
 * fcntl(F_DUPFD) need no care.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "native/node.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* glibc's fortify headers must not see the names we define */
#undef open
#undef open64

#define DRM_MAJOR   226
#define NODE_MINOR  128
#define NODE_DEV    "/dev/dri/renderD128"
#define SYS_CHAR    "/sys/dev/char/226:128"
#define TREE_PREFIX "gpuvm-native."
#define SYS_SLOT    "0000:01:00.0"

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) ({                                               \
    static __typeof__(&name) real_;                                 \
    if (!real_) {                                                   \
        real_ = (__typeof__(&name))dlsym(RTLD_NEXT, #name);         \
    }                                                               \
    real_; })

static char root[64];           /* the tree; empty until it is made */
static pid_t root_owner;
static GMutex clients_lock;     /* clients; a leaf */
static GHashTable *clients;     /* inode -> OpenNode */

/** OpenNode - one open of the node; freed when the next client comes and no
 *  descriptor is left, or with the process. */
typedef struct OpenNode {
    ino_t ino;
    dev_t dev;
    NativeClient *client;
} OpenNode;

/* ---- the tree -------------------------------------------------------------- */

static void tree_file(const char *path, const char *text)
{
    g_autofree char *full = g_strconcat(root, path, NULL);
    g_autofree char *dir = g_path_get_dirname(full);

    g_mkdir_with_parents(dir, 0700);
    g_file_set_contents(full, text, -1, NULL);
}

static void tree_link(const char *path, const char *target)
{
    g_autofree char *full = g_strconcat(root, path, NULL);

    if (symlink(target, full) < 0) {
        fprintf(stderr, "gpuvm-native: symlink %s: %s\n", full,
                strerror(errno));
    }
}

static void tree_remove(const char *path);

/*
 * Trees of processes that were killed: a living owner holds a lock on its
 * tree's directory.
 */
static void tree_sweep(void)
{
    g_autoptr(GDir) dir = g_dir_open(g_get_tmp_dir(), 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = NULL;
        int fd;

        if (!g_str_has_prefix(name, TREE_PREFIX)) {
            continue;
        }
        path = g_build_filename(g_get_tmp_dir(), name, NULL);
        fd = REAL(open)(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                tree_remove(path);
            }
            close(fd);
        }
    }
}

static void tree_make(void)
{
    g_autofree char *config = g_malloc0(64);
    g_autofree char *config_path = NULL;
    int lock;

    tree_sweep();
    snprintf(root, sizeof(root), "%.32s/" TREE_PREFIX "XXXXXX",
             g_get_tmp_dir());
    if (!mkdtemp(root)) {
        fprintf(stderr, "gpuvm-native: cannot make %s: %s\n", root,
                strerror(errno));
        root[0] = 0;
        return;
    }
    root_owner = getpid();
    lock = REAL(open)(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0) {
        flock(lock, LOCK_EX | LOCK_NB); /* held for life */
    }
    tree_file(NODE_DEV, "");
    tree_file(SYS_CHAR "/uevent", "MAJOR=226\nMINOR=128\n"
              "DEVNAME=dri/renderD128\nDEVTYPE=drm_minor\n");
    tree_file(SYS_CHAR "/device/uevent", "DRIVER=nouveau\n"
              "PCI_CLASS=30200\nPCI_ID=10DE:06D8\n"
              "PCI_SUBSYS_ID=10DE:0000\nPCI_SLOT_NAME=" SYS_SLOT "\n"
              "MODALIAS=pci:v000010DEd000006D8sv000010DEsd00000000"
              "bc03sc02i00\n");
    tree_file(SYS_CHAR "/device/vendor", "0x10de\n");
    tree_file(SYS_CHAR "/device/device", "0x06d8\n");
    tree_file(SYS_CHAR "/device/subsystem_vendor", "0x10de\n");
    tree_file(SYS_CHAR "/device/subsystem_device", "0x0000\n");
    tree_file(SYS_CHAR "/device/revision", "0xa3\n");
    tree_file(SYS_CHAR "/device/drm/renderD128/dev", "226:128\n");
    tree_link(SYS_CHAR "/device/subsystem", "/sys/bus/pci");
    tree_link(SYS_CHAR "/device/driver", "/sys/bus/pci/drivers/nouveau");
    tree_link(SYS_CHAR "/subsystem", "/sys/class/drm");
    config[0] = 0xde;
    config[1] = 0x10;
    config[2] = 0xd8;
    config[3] = 0x06;
    config[8] = 0xa3;
    config_path = g_strconcat(root, SYS_CHAR "/device/config", NULL);
    g_file_set_contents(config_path, config, 64, NULL);
}

static void tree_remove(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        g_autofree char *sub = g_build_filename(path, e->d_name, NULL);

        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) {
            continue;
        }
        if (e->d_type == DT_DIR) {
            tree_remove(sub);
        } else {
            unlink(sub);
        }
    }
    if (d) {
        closedir(d);
    }
    rmdir(path);
}

static void __attribute__((constructor)) preload_start(void)
{
    clients = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                    NULL);
    tree_make();
}

static void __attribute__((destructor)) preload_end(void)
{
    if (root[0] && getpid() == root_owner) {
        tree_remove(root);
    }
}

/** redirect - @path, or its place in the tree (in @buf). */
static const char *redirect(const char *path, char *buf, size_t size)
{
    if (!path || !root[0] ||
        !(g_str_has_prefix(path, "/dev/dri") ||
          g_str_has_prefix(path, "/sys/dev/char/226:"))) {
        return path;
    }
    snprintf(buf, size, "%s%s", root, path);
    return buf;
}

static bool is_node_path(const char *path)
{
    return path && root[0] && !strcmp(path, NODE_DEV);
}

/* ---- the node's descriptors -------------------------------------------------- */

static OpenNode *node_of_fd(int fd)
{
    struct stat st;
    gint64 key;
    OpenNode *o;

    if (fd < 0 || !clients || REAL(fstat)(fd, &st) < 0 ||
        !S_ISREG(st.st_mode)) {
        return NULL;
    }
    key = st.st_ino;
    g_mutex_lock(&clients_lock);
    o = g_hash_table_lookup(clients, &key);
    g_mutex_unlock(&clients_lock);
    return o && o->dev == st.st_dev ? o : NULL;
}

static gboolean node_is_closed(gpointer key, gpointer value, gpointer open_inos)
{
    OpenNode *o = value;

    if (g_hash_table_contains(open_inos, key)) {
        return false;
    }
    native_client_free(native_node(), o->client);
    g_free(o);
    return true;
}

/* Frees clients of which no descriptor is left. */
static void node_collect(void)
{
    g_autoptr(GHashTable) inos = g_hash_table_new_full(g_int64_hash,
                                                       g_int64_equal, g_free,
                                                       NULL);
    DIR *d = REAL(opendir)("/proc/self/fd");
    struct dirent *e;

    while (d && (e = readdir(d))) {
        struct stat st;
        gint64 *key;

        if (REAL(fstat)(atoi(e->d_name), &st) == 0) {
            key = g_new(gint64, 1);
            *key = st.st_ino;
            g_hash_table_add(inos, key);
        }
    }
    if (d) {
        closedir(d);
        g_mutex_lock(&clients_lock);
        g_hash_table_foreach_remove(clients, node_is_closed, inos);
        g_mutex_unlock(&clients_lock);
    }
}

static int node_open(void)
{
    NativeNode *n = native_node();
    struct stat st;
    OpenNode *o;
    gint64 *key;
    int fd;

    if (!n) {
        errno = ENODEV;
        return -1;
    }
    node_collect();
    fd = memfd_create("gpuvm-node", MFD_CLOEXEC);
    if (fd < 0 || REAL(fstat)(fd, &st) < 0) {
        return -1;
    }
    o = g_new0(OpenNode, 1);
    o->ino = st.st_ino;
    o->dev = st.st_dev;
    o->client = native_client_new(n);
    if (!o->client) {
        g_free(o);
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    key = g_new(gint64, 1);
    *key = st.st_ino;
    g_mutex_lock(&clients_lock);
    g_hash_table_insert(clients, key, o);
    g_mutex_unlock(&clients_lock);
    return fd;
}

static void node_stat(const char *path, int fd, mode_t *mode, dev_t *rdev)
{
    if (is_node_path(path) || (fd >= 0 && node_of_fd(fd))) {
        *mode = S_IFCHR | 0666;
        *rdev = makedev(DRM_MAJOR, NODE_MINOR);
    }
}

/* ---- libc's functions ---------------------------------------------------------- */

static mode_t open_mode(int flags, va_list ap)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                           \
EXPORT int name(const char *path, int flags, ...)                   \
{                                                                   \
    char buf[PATH_MAX];                                             \
    mode_t mode;                                                    \
    va_list ap;                                                     \
                                                                    \
    va_start(ap, flags);                                            \
    mode = open_mode(flags, ap);                                    \
    va_end(ap);                                                     \
    return is_node_path(path) ? node_open() :                       \
           REAL(name)(redirect(path, buf, sizeof(buf)), flags, mode); \
}

DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name)                                         \
EXPORT int name(int dir, const char *path, int flags, ...)          \
{                                                                   \
    char buf[PATH_MAX];                                             \
    mode_t mode;                                                    \
    va_list ap;                                                     \
                                                                    \
    va_start(ap, flags);                                            \
    mode = open_mode(flags, ap);                                    \
    va_end(ap);                                                     \
    return is_node_path(path) ? node_open() :                       \
           REAL(name)(dir, redirect(path, buf, sizeof(buf)), flags, mode); \
}

DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

EXPORT int __open_2(const char *path, int flags);
EXPORT int __open64_2(const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
    return open64(path, flags);
}

#define DEFINE_STAT(name, type)                                     \
EXPORT int name(const char *path, struct type *st)                  \
{                                                                   \
    char buf[PATH_MAX];                                             \
    int ret = REAL(name)(redirect(path, buf, sizeof(buf)), st);     \
                                                                    \
    if (!ret) {                                                     \
        node_stat(path, -1, &st->st_mode, &st->st_rdev);            \
    }                                                               \
    return ret;                                                     \
}

DEFINE_STAT(stat, stat)
DEFINE_STAT(stat64, stat64)
DEFINE_STAT(lstat, stat)
DEFINE_STAT(lstat64, stat64)

#define DEFINE_FSTAT(name, type)                                    \
EXPORT int name(int fd, struct type *st)                            \
{                                                                   \
    int ret = REAL(name)(fd, st);                                   \
                                                                    \
    if (!ret) {                                                     \
        node_stat(NULL, fd, &st->st_mode, &st->st_rdev);            \
    }                                                               \
    return ret;                                                     \
}

DEFINE_FSTAT(fstat, stat)
DEFINE_FSTAT(fstat64, stat64)

#define DEFINE_FSTATAT(name, type)                                  \
EXPORT int name(int dir, const char *path, struct type *st, int flags) \
{                                                                   \
    char buf[PATH_MAX];                                             \
    int ret = REAL(name)(dir, redirect(path, buf, sizeof(buf)), st, flags); \
                                                                    \
    if (!ret) {                                                     \
        node_stat(path, !path[0] ? dir : -1, &st->st_mode,  \
                  &st->st_rdev);                                    \
    }                                                               \
    return ret;                                                     \
}

DEFINE_FSTATAT(fstatat, stat)
DEFINE_FSTATAT(fstatat64, stat64)

EXPORT int access(const char *path, int mode)
{
    char buf[PATH_MAX];

    return REAL(access)(redirect(path, buf, sizeof(buf)), mode);
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    char buf[PATH_MAX];

    return REAL(fopen)(redirect(path, buf, sizeof(buf)), mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    char buf[PATH_MAX];

    return REAL(fopen64)(redirect(path, buf, sizeof(buf)), mode);
}

EXPORT DIR *opendir(const char *path)
{
    char buf[PATH_MAX];

    return REAL(opendir)(redirect(path, buf, sizeof(buf)));
}

EXPORT ssize_t readlink(const char *path, char *out, size_t size)
{
    char buf[PATH_MAX];

    return REAL(readlink)(redirect(path, buf, sizeof(buf)), out, size);
}

EXPORT ssize_t __readlink_chk(const char *path, char *out, size_t size,
                              size_t out_size);

ssize_t __readlink_chk(const char *path, char *out, size_t size,
                       size_t out_size)
{
    return readlink(path, out, MIN(size, out_size));
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    OpenNode *o = node_of_fd(fd);
    va_list ap;
    void *arg;
    int ret;

    va_start(ap, request);
    arg = va_arg(ap, void *);
    va_end(ap);
    if (!o) {
        return REAL(ioctl)(fd, request, arg);
    }
    ret = native_client_ioctl(native_node(), o->client, request, arg);
    if (ret < 0) {
        errno = -ret;
        return -1;
    }
    return 0;
}

/* No driver asks for a place of its own (MAP_FIXED), nor could it have one. */
static void *node_map(size_t len, int flags, off64_t off)
{
    void *p = flags & MAP_FIXED ? NULL :
              native_node_mmap(native_node(), off, len);

    if (!p) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    return p;
}

EXPORT int sched_yield(void)
{
    return native_poll_sleep() ? 0 : REAL(sched_yield)();
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd,
                  off_t off)
{
    return fd >= 0 && !(flags & MAP_ANONYMOUS) && node_of_fd(fd) ?
           node_map(len, flags, off) :
           REAL(mmap)(addr, len, prot, flags, fd, off);
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd,
                    off64_t off)
{
    return fd >= 0 && !(flags & MAP_ANONYMOUS) && node_of_fd(fd) ?
           node_map(len, flags, off) :
           REAL(mmap64)(addr, len, prot, flags, fd, off);
}

EXPORT int munmap(void *addr, size_t len)
{
    NativeNode *n = native_node_opened();

    return n && native_node_mapped(n, addr) ? 0 : REAL(munmap)(addr, len);
}
