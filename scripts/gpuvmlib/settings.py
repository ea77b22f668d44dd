"""gpuvm set: change how VMs share a GPU while they run.

  gpuvm set VM NAME=VALUE...    weight, cap, timeout, on-fault, barred: the VM's;
                                policy, preempt, quantum and the policies'
                                parameters (band-period ...) are its GPU's
  gpuvm set VM                  what they are now

VM is a name that `gpuvm top` shows, or enough of its beginning; VM/gpu1 is
its second device.  QEMU checks the values and says what it takes.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re

from . import console, qmp, top

OURS = ('weight', 'cap', 'timeout', 'on-fault', 'barred')


def parse(text):
    """NAME=VALUE as (name, value as JSON has it)."""
    name, equals, value = text.partition('=')
    if not equals or not name:
        raise console.GpuvmError('%r is no NAME=VALUE' % text,
                                 'scripts/gpuvm set vm1 weight=200')
    return name, qmp.value(value)


def choose(wish, names):
    """The one of names that wish means."""
    hits = [n for n in names if n == wish] or [
        n for n in names if n.startswith(wish)]
    if len(hits) != 1:
        raise console.GpuvmError(
            '%s VM is called %s; those that run: %s' % (
                'no' if not hits else 'more than one', wish,
                ', '.join(names) or 'none'), 'scripts/gpuvm top --once')
    return hits[0]


def settable(monitor, path):
    """{name: description} of what may be set at a GPU."""
    return {p['name']: p.get('description', '') for p in
            monitor.command('qom-list', path=path)
            if re.match(r'policy$|preempt$|quantum$|(fair|credit|band|fifo)-',
                        p['name'])}


def main(options):
    pairs = [parse(text) for text in options.settings]
    wish, _, dev = options.vm.partition('/')
    found = top.monitors(options.qmp)
    try:
        monitor = found[choose(wish, list(found))]
        paths = top.gpuvm_devices(monitor)
        paths = [p for p in paths if not dev or p.endswith('/' + dev)]
        if not paths:
            raise console.GpuvmError('%s has no device %s' % (wish, dev or
                                                              'gpuvm'))
        path = paths[0]
        gpu = monitor.get(path, 'gpu')
        theirs = settable(monitor, gpu) if gpu else {}
        for name, value in pairs:
            if name in OURS:
                monitor.command('qom-set', path=path, property=name,
                                value=value)
            elif name in theirs:
                monitor.command('qom-set', path=gpu, property=name,
                                value=value)
            else:
                raise console.GpuvmError(
                    '%s cannot be set; one of: %s%s' % (
                        name, ', '.join((*OURS, *theirs)), '' if gpu else
                        ' (the GPU is the device\'s own and shared by nobody)'))
        for name in OURS:
            print('%s=%s' % (name, show(monitor.get(path, name))))
        for name in sorted(theirs):
            print('%s=%s' % (name, show(monitor.get(gpu, name))))
    finally:
        for monitor in found.values():
            monitor.sock.close()
    return 0


def show(value):
    return {True: 'on', False: 'off'}.get(value, value) \
        if isinstance(value, bool) else value


def add_arguments(parser):
    parser.add_argument('vm', metavar='VM')
    parser.add_argument('settings', nargs='*', metavar='NAME=VALUE')
    parser.add_argument('--qmp', action='append', default=[], metavar='PATH',
                        help='a QMP socket of a QEMU started by hand')
