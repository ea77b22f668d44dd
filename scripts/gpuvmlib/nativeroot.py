"""Where a program of a Debian release meets the native node.

On a machine of that release it is the machine itself.  Any other release is a
directory in the cache, unpacked by mmdebstrap like a guest's root disk
(image.py), with Mesa and piglit in it; a program runs in it by chroot, in a
mount namespace (and, without root, in a user namespace) of its own.  The
preload library is the one that was built here: glibc takes what was linked
with an older one, so the release must not be older than the machine's.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import shutil

from . import cache, console, image, kernel, native, packages

# release: Mesa's version
MESA = {'debian12': '22.3', 'debian13': '25.0'}
PACKAGES = ['base-files', 'bash', 'coreutils', 'dash', 'libc-bin',
            'libglib2.0-0t64', 'libdrm2', 'libdrm-nouveau2', 'libgbm1',
            'libegl1', 'libgles2', 'libgl1', 'libgl1-mesa-dri',
            'libegl-mesa0', 'mesa-opencl-icd', 'ocl-icd-libopencl1', 'clinfo',
            'clpeak', 'piglit']
# Of piglit: the languages and the old OpenGL that no group asks for.
EXCLUDE = image.EXCLUDE + ['/usr/lib/python3*/*']
INSIDE = '/opt/gpuvm/libgpuvm-native.so'
ENTER = 'for d in dev proc sys; do mount --rbind /$d "$0/$d"; done && ' \
        'exec chroot "$0" "$@"'


class Place:
    """The machine itself, or a root directory."""

    def __init__(self, guest, root):
        self.guest, self.root = guest, pathlib.Path(root)
        self.mesa = MESA[guest]
        self.here = root == '/'
        self.library = None

    def path(self, inside):
        """Where we find what a program there calls `inside`."""
        return self.root / str(inside).lstrip('/')

    def environment(self):
        """For command()'s child."""
        library = native.library()
        if not self.here:
            copy = self.path(INSIDE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            fresh = copy.with_suffix('.new')
            shutil.copy(library, fresh)
            fresh.rename(copy)
            library = INSIDE
        env = native.environment(library)
        if not self.here:
            self.library = env.pop('LD_PRELOAD')
        return env

    def command(self, argv, directory):
        """argv, to be run in `directory` with environment()."""
        if self.here:
            return ['env', '-C', directory, *argv]
        user = [] if os.geteuid() == 0 else ['--user', '--map-root-user']
        return ['unshare', '--mount', *user, 'sh', '-c', ENTER,
                str(self.root), 'env', '-C', directory,
                'LD_PRELOAD=' + self.library, *argv]


def unpacked(guest):
    """The root directory of a release, made if needed."""
    name = cache.digest(guest, *PACKAGES, *EXCLUDE, *image.DIRS)
    entry = cache.place('native') / ('%s-%s' % (guest, name))
    if entry.exists():
        return entry
    packages.ensure(['guest'])
    with cache.lock('native-root'):
        if not entry.exists():
            console.say('unpacking %s with piglit (some minutes, 3 GB)' % guest)
            with cache.making(entry) as partial:
                image.unpack(guest, partial, packages.root_log('native-root'),
                             PACKAGES, EXCLUDE)
                image.finish(partial)
    return entry


def place(guest):
    """The Place of a release: 'debian12' or 'debian13'."""
    codename = packages.os_release().get('VERSION_CODENAME')
    if kernel.SUITES[guest] == codename:
        packages.ensure(['conformance'])
        return Place(guest, '/')
    return Place(guest, unpacked(guest))
