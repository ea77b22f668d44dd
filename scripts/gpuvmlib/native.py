"""gpuvm native: run a program on the software GPU, without a VM.

A small preloaded library gives COMMAND a nouveau render node whose work goes
straight to the software GPU: stock Mesa and its OpenCL run on it in an
ordinary process, no root and no GPU needed.  Try:

  scripts/gpuvm native -- clinfo -l
  scripts/gpuvm native -- gl-compute

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import shutil

from . import console, core, packages

LIBRARY = 'hw-gpuvm/native/libgpuvm-native.so'


def library():
    """The preload library's path, built if needed."""
    packages.ensure(['native'])
    core.programs()
    path = core.build(LIBRARY) / LIBRARY
    if not path.exists():
        raise console.GpuvmError('the native node was not built',
                                 packages.install_command(['libdrm-dev']))
    return path


def environment(path):
    """The environment in which Mesa finds our node and uses it."""
    env = dict(os.environ)
    before = env.get('LD_PRELOAD')
    env['LD_PRELOAD'] = '%s:%s' % (path, before) if before else str(path)
    env['RUSTICL_ENABLE'] = 'nouveau'
    env['EGL_PLATFORM'] = 'surfaceless'
    env.pop('LIBGL_ALWAYS_SOFTWARE', None)
    return env


def resolve(command, where):
    """COMMAND[0], or our own test program of that name."""
    own = pathlib.Path(where) / command[0]
    if os.sep not in command[0] and not shutil.which(command[0]) \
            and own.exists():
        return [str(own)] + command[1:]
    return command


def main(options):
    if not options.command:
        raise console.GpuvmError('native needs a COMMAND',
                                 'scripts/gpuvm native -- clinfo -l')
    path = library()
    command = resolve(options.command, core.tree() / 'tests' / 'programs')
    env = environment(path)
    if options.share:
        env['GPUVM_SHARE'] = options.share
        env['GPUVM_WEIGHT'] = str(options.weight)
    try:
        os.execvpe(command[0], command, env)
    except OSError as error:
        raise console.GpuvmError('%s: %s' % (command[0], error.strerror),
                                 status=127) from None


def add_arguments(parser):
    parser.add_argument('--share', metavar='NAME',
                        help='share one GPU with the other processes that '
                        'give this NAME (docs/arena.md)')
    parser.add_argument('--weight', type=int, default=100, metavar='N',
                        help='with --share: this process\'s part, 1 to 1000 '
                        '(default 100)')
