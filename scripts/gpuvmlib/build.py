"""gpuvm build: packages, QEMU with the device, guest images, the native node.

Everything is cached under ${XDG_CACHE_HOME:-~/.cache}/gpuvm by content: a
second build is a look-up, and after an edit of hw-gpuvm/ only what changed is
compiled again.

SPDX-License-Identifier: GPL-2.0-or-later
"""
from . import console, image, kernel, native, packages, qemu


def main(options):
    packages.ensure(['core', 'programs', 'qemu', 'run', 'guest', 'native'])
    binary = qemu.Builder(options.qemu).build()
    if not options.qemu_only:
        for name in options.guest or ['debian12']:
            image.ready(name)
            kernel.ready(name)
        native.library()
    console.say('built: %s' % binary)
    return 0


def add_arguments(parser):
    parser.add_argument('--qemu', default=qemu.DEFAULT, metavar='VERSION',
                        choices=qemu.VERSIONS,
                        help='QEMU version: %s' % ', '.join(qemu.VERSIONS))
    parser.add_argument('--qemu-only', action='store_true',
                        help='no guest images, no native node')
    parser.add_argument('--guest', action='append',
                        choices=tuple(kernel.SUITES),
                        help='guest image to make (default debian12)')
