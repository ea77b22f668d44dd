"""The command line: one verb a module.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import sys

from . import console

ABOUT = """\
One command for all of gpuvm: build it, look at it, run guests on it, test it.

  scripts/gpuvm demo     everything from nothing: builds, boots a Debian guest
                         on the virtual GPU, runs OpenCL in it
  scripts/gpuvm test     all tests
"""


def split(argv):
    """(options, COMMAND or None, QEMU's options): cut at -- and --qemu."""
    command = None
    if '--' in argv:
        at = argv.index('--')
        argv, command = argv[:at], argv[at + 1:]
    extra = []
    if argv and argv[0] in ('run', 'demo') and '--qemu' in argv:
        at = argv.index('--qemu')
        argv, extra = argv[:at], argv[at + 1:]
    return argv, command, extra


def parser_of_verbs():
    # Imported here: an error in one verb's module then names that module.
    from . import (bench, build, demo, doctor, libvirt, native, run, settings,
                   test, top, xlcfg)
    parser = argparse.ArgumentParser(
        prog='gpuvm', description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest='verb', metavar='VERB', required=True)
    table = (
        ('doctor', doctor, 'what this machine has and lacks, and the mend',
         ''),
        ('build', build, 'packages, QEMU with the device, guest images', ''),
        ('run', run, 'boot guests with a virtual GPU and run a command',
         ' [-- COMMAND...]'),
        ('native', native, 'run a program on the software GPU without a VM',
         ' -- COMMAND...'),
        ('demo', demo, 'a Debian guest computes on the virtual GPU', ''),
        ('test', test, 'run the tests', ''),
        ('top', top, 'the VMs that run and what each gets of its GPU', ''),
        ('set', settings, 'change weights, caps, the policy while VMs run', ''),
        ('libvirt-xml', libvirt, 'what a libvirt domain needs to have a GPU',
         ''),
        ('xl-cfg', xlcfg, 'what a domain of Xen\'s xl needs to have a GPU', ''),
        ('bench', bench, 'measure traps, apertures, page tables, boot, '
         'programs', ''),
    )
    for name, module, about, tail in table:
        verb = verbs.add_parser(
            name, help=about, description=module.__doc__.partition(
                'SPDX')[0], formatter_class=argparse.
            RawDescriptionHelpFormatter)
        if tail:
            verb.usage = 'gpuvm %s [OPTIONS]%s' % (name, tail)
        verb.set_defaults(main=module.main)
        module.add_arguments(verb)
    return parser


def main(argv=None):
    argv, command, extra = split(sys.argv[1:] if argv is None else argv)
    options = parser_of_verbs().parse_args(argv)
    if command is not None and options.verb not in ('run', 'native'):
        console.say('%s takes no COMMAND' % options.verb)
        return 2
    options.command = command or []
    if options.verb in ('run', 'demo'):
        options.qemu = extra
        if extra and not extra[0].startswith('-'):
            console.say('--qemu takes options for QEMU itself; which QEMU: '
                        '--qemu-build %s' % extra[0])
            return 2
    console.install_cleanup()
    try:
        return options.main(options)
    except console.GpuvmError as error:
        return console.fail(error)
    except KeyboardInterrupt:
        sys.stderr.write('\ngpuvm: interrupted\n')
        return 130
    except BrokenPipeError:
        return 141
