"""gpuvm build: packages, QEMU with the device, guest images, the native node.

Everything is cached under ${XDG_CACHE_HOME:-~/.cache}/gpuvm by content: a
second build is a look-up, and after an edit of hw-gpuvm/ only what changed is
compiled again.

SPDX-License-Identifier: GPL-2.0-or-later
"""
from . import console, image, kernel, native, packages, qemu, versions


def main(options):
    if options.objects_only:
        console.say('compiled without a warning: %s'
                    % qemu.build(options.qemu, objects=True,
                                 xen=options.xen))
        return 0
    binary = qemu.build(options.qemu, module=options.module,
                        xen=options.xen)
    if not (options.qemu_only or options.xen):
        packages.ensure(['core', 'programs', 'guest', 'native'])
        for name in options.guest or ['debian12']:
            image.ready(name)
            kernel.ready(name)
        native.library()
    console.say('built: %s' % binary)
    return 0


def add_arguments(parser):
    parser.add_argument('--qemu', default=versions.DEFAULT,
                        metavar='VERSION', choices=versions.NAMES,
                        help='which QEMU: %s' % ', '.join(versions.NAMES))
    parser.add_argument('--objects-only', action='store_true',
                        help='only compile the device\'s files against this '
                        'QEMU: a quick check that it fits')
    parser.add_argument('--module', action='store_true',
                        help='the device as a module that QEMU loads')
    parser.add_argument('--xen', action='store_true',
                        help='QEMU for Xen\'s HVM guests, and nothing else')
    parser.add_argument('--qemu-only', action='store_true',
                        help='no guest images, no native node')
    parser.add_argument('--guest', action='append',
                        choices=tuple(kernel.SUITES),
                        help='guest image to make (default debian12)')
