/*
 * Only for the form in which the device is loaded into Debian's own QEMU
 * binary by LD_PRELOAD (scripts/gpuvmlib/distro.py): refuse any other binary
 * than the one whose headers we were compiled with, since the layouts of
 * QEMU's structures differ from version to version; and do not follow QEMU
 * into the programs that it starts.
 *
 * Runs as a constructor, before main(): only what needs no set-up is called.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/compat.h"
#include "qapi/qapi-commands-control.h"

/* The binary tells its package's version, perhaps with a rebuild's suffix. */
static bool preload_same_package(const char *package)
{
    const char *at = strstr(package, GPUVM_DEBIAN_VERSION);

    if (!at) {
        return false;
    }
    at += strlen(GPUVM_DEBIAN_VERSION);
    return *at == '\0' || *at == ')' || g_str_has_prefix(at, "+b");
}

static void __attribute__((constructor)) preload_check(void)
{
    VersionInfo *info = qmp_query_version(NULL);
    bool same = info->qemu->major == QEMU_VERSION_MAJOR &&
                info->qemu->minor == QEMU_VERSION_MINOR &&
                info->qemu->micro == QEMU_VERSION_MICRO &&
                preload_same_package(info->package);

    unsetenv("LD_PRELOAD");
    if (!same) {
        fprintf(stderr, "gpuvm: this device was compiled for QEMU %s (Debian "
                "%s), and this is QEMU %" PRId64 ".%" PRId64 ".%" PRId64
                " (%s); compile it again: scripts/gpuvm build --qemu distro\n",
                QEMU_VERSION, GPUVM_DEBIAN_VERSION, info->qemu->major,
                info->qemu->minor, info->qemu->micro, info->package);
        _exit(1);
    }
    qapi_free_VersionInfo(info);
}
