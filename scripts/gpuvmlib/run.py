"""gpuvm run: boot guests with a virtual GPU and run a command in them.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import contextlib
import dataclasses
import os
import pathlib
import re
import select
import shlex
import shutil
import sys
import termios
import threading
import tty

from . import console, guest, image, kernel, kvm, qemu, top, versions

GUESTS = tuple(kernel.SUITES)


class PrefixSink(guest.Sink):
    """Whole lines, each with the VM's name, for runs of several VMs."""

    lock = threading.Lock()

    def __init__(self, name):
        self.prefix = ('%s| ' % name).encode()
        self.rest = {1: b'', 2: b''}

    def _lines(self, stream, data):
        data = self.rest[stream] + data
        whole, newline, self.rest[stream] = data.rpartition(b'\n')
        if newline:
            self._write(stream, whole)

    def _write(self, stream, whole):
        text = b''.join(self.prefix + line + b'\n'
                        for line in whole.split(b'\n'))
        with self.lock:
            os.write(stream, text)

    def out(self, data):
        self._lines(1, data)

    def err(self, data):
        self._lines(2, data)

    def note(self, text):
        console.say(self.prefix.decode() + text)

    def flush(self):
        for stream in (1, 2):
            if self.rest[stream]:
                self._write(stream, self.rest[stream])
                self.rest[stream] = b''


def script_of(command):
    """The shell script for COMMAND: one word is shell, more are exact."""
    if len(command) == 1:
        return command[0] + '\n'
    return 'exec ' + shlex.join(command) + '\n'


def arena_device(options):
    """The GPU that all guests share: their VRAM is in one arena."""
    size = options.gpu_vram
    if not size:
        match = re.fullmatch(r'(\d+)([MG]?)', options.vram)
        if not match:
            raise console.GpuvmError('--vram %s: give whole M or G, or '
                                     '--gpu-vram too' % options.vram)
        size = '%d%s' % (int(match.group(1)) * options.vms, match.group(2))
    return 'gpuvm-soft,id=soft0,vram=%s,share=%s' % (
        size, guest.quote(options.gpu_share))


def weight_of(options, index):
    """--weights A,B,...: the property for guest index (from 0)."""
    weights = (getattr(options, 'weights', '') or '').split(',')
    weight = weights[index] if index < len(weights) else ''
    return ',weight=' + weight if weight else ''


def base_config(options, script):
    """The Config that the options of `run` and the verbs like it describe."""
    binary = qemu.ready(options.qemu_build)
    disk = image.ready(options.guest)
    kern = kernel.ready(options.guest, options.kernel)
    accel = kvm.choose(options.accel, binary, kern.vmlinux, kern.initrd)
    gpu = ''
    more = ()
    if not options.no_gpu:
        gpu = 'vram=' + options.vram
        if options.gpu:
            gpu += ',' + options.gpu
        if getattr(options, 'gpu_share', None):
            gpu += ',gpu=soft0'
            more = ('-device', arena_device(options))
    shares = []
    for directory in options.share or []:
        path = pathlib.Path(directory).resolve()
        if not path.is_dir():
            raise console.GpuvmError('no such directory: %s' % directory)
        at = '/mnt/share' if not shares else '/mnt/share%d' % (len(shares) + 1)
        shares.append((path, at, 'rw'))
    return guest.Config(
        qemu=binary, vmlinux=kern.vmlinux, initrd=kern.initrd, disk=disk,
        script=script, accel=accel, gpu=gpu, memory=options.memory,
        cpus=options.cpus, shares=tuple(shares), append=options.append,
        nouveau=not options.no_nouveau, timeout=options.timeout,
        nouveau_options=options.nouveau_options,
        machine=options.machine, more_gpus=tuple(options.more_gpu or ()),
        qemu_options=more + tuple(options.qemu), stats=options.stats)


@contextlib.contextmanager
def raw_terminal():
    """The terminal passes every key to the guest."""
    saved = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, saved)


def feed_keys(one, done):
    """Carry our stdin to the guest's terminal."""
    while not done.is_set():
        if select.select([0], [], [], 0.2)[0]:
            data = os.read(0, 4096)
            sock = one.sockets.get('tty')
            if not data or sock is None:
                continue
            sock.sendall(data)


def print_stats(name, one):
    """The devices' counters, those that are not zero and `unknown`."""
    if one.stats is None:
        return
    sys.stdout.flush()
    devices = [(one.stats, one.unknown)] + one.more_stats
    for n, (stats, unknown) in enumerate(devices):
        print('%scounters of the GPU%s:' % (
            name, ' gpu%d' % n if len(devices) > 1 else ''))
        for key, value in stats.items():
            if value or key == 'unknown':
                print('%s  %s=%s' % (name, key, value))
        if unknown:
            print('%sregisters that the model does not know:' % name)
            for line in unknown.splitlines():
                print('%s  %s' % (name, line))


def log_name(path, index, count):
    """--keep-log FILE: FILE for one VM, FILE.1, FILE.2 ... for more."""
    if path is None:
        return None
    return pathlib.Path(path if count == 1 else '%s.%d' % (path, index))


def run_many(config, count, options):
    """Boot count guests; returns the first exit status that is not 0."""
    guests, sinks = [], []
    for n in range(1, count + 1):
        sink = PrefixSink('vm%d' % n) if count > 1 else guest.Sink()
        one = guest.Guest(dataclasses.replace(
            config, log=log_name(options.keep_log, n, count),
            gpu=config.gpu and config.gpu + weight_of(options, n - 1),
            monitor=top.monitor_path('vm%d' % n)), sink)
        guests.append(one)
        sinks.append(sink)
    result = 0
    try:
        for one in guests:
            one.start()
        for n, one in enumerate(guests):
            try:
                status = one.wait()
            except console.GpuvmError as error:
                error.args = ('%s%s' % ('vm%d: ' % (n + 1) if count > 1
                                        else '', error),)
                status = console.fail(error)
            if count > 1:
                sinks[n].flush()
            result = result or status
            print_stats('vm%d| ' % (n + 1) if count > 1 else '', one)
    finally:
        for one in guests:
            one.end()
    return result


def run_shell(config, options):
    """An interactive shell in one guest."""
    size = shutil.get_terminal_size()
    script = ('stty rows %d cols %d\necho "This is the guest; exit ends it."\n'
              'exec bash -i\n' % (size.lines, size.columns))
    one = guest.Guest(dataclasses.replace(
        config, terminal=True, script=script,
        monitor=top.monitor_path('vm1'),
        log=log_name(options.keep_log, 1, 1)), guest.Sink())
    console.say('booting a guest (exit, or Ctrl-D, ends it)')
    done = threading.Event()
    one.sink.note = lambda text: os.write(2, b'gpuvm: %s\r\n' % text.encode())
    try:
        with raw_terminal():
            one.start()
            threading.Thread(target=feed_keys, args=(one, done),
                             daemon=True).start()
            status = one.wait()
        print_stats('', one)
        return status
    finally:
        done.set()
        one.end()


def main(options):
    command = options.command
    if not command and not sys.stdin.isatty():
        command = [sys.stdin.read()]    # a script on stdin
    interactive = not command
    if interactive and options.vms > 1:
        raise console.GpuvmError('a shell runs in one VM; give a COMMAND',
                                 'scripts/gpuvm run --vms 2 -- clinfo -l')
    if options.vms > 1 and not options.gpu_share and not options.own_gpus:
        options.gpu_share = 'run-%d' % os.getpid()
    config = base_config(options, '' if interactive else script_of(command))
    if interactive:
        return run_shell(config, options)
    console.say('booting %d guest%s: %s, %s' % (
        options.vms, 's' if options.vms > 1 else '', options.guest,
        config.accel.upper()))
    return run_many(config, options.vms, options)


def add_arguments(parser):
    parser.add_argument('--vms', type=int, default=1, metavar='N',
                        help='number of guests (default 1); output lines of '
                        'several are prefixed with the VM\'s name')
    add_guest_arguments(parser)
    parser.add_argument('--gpu-share', metavar='NAME',
                        help='the guests, and those of other runs with the '
                        'same NAME, share one GPU (several guests of one run '
                        'do without it, too)')
    parser.add_argument('--own-gpus', action='store_true',
                        help='with --vms: each guest has a GPU of its own')
    parser.add_argument('--gpu-vram', metavar='SIZE',
                        help='with --gpu-share: VRAM of all together '
                        '(default: --vram for each guest of this run)')
    parser.add_argument('--weights', metavar='A,B,...',
                        help='each guest\'s weight, 1 to 1000 (default 100)')
    parser.add_argument('--share', action='append', metavar='DIR',
                        help='show this folder at /mnt/share, read-write '
                        '(a second one at /mnt/share2)')
    parser.add_argument('--stats', action='store_true',
                        help='print the device\'s counters at the end')
    parser.add_argument('--keep-log', metavar='FILE',
                        help='keep the guest\'s console here')
    parser.add_argument('--timeout', type=float, default=0, metavar='SECONDS',
                        help='end the guest after this time (exit status 124)')
    parser.add_argument('--qemu', default=(), metavar='OPTIONS...',
                        help='all that follows, up to --, goes to QEMU')


def add_guest_arguments(parser):
    """Options that every verb which boots guests has."""
    parser.add_argument('--vram', default='512M', metavar='SIZE',
                        help='video memory of the GPU (default 512M)')
    parser.add_argument('--guest', default='debian12', choices=GUESTS,
                        help='which Debian the guest is (default debian12)')
    parser.add_argument('--kernel', metavar='FILE.deb',
                        help='boot this Debian kernel package instead')
    parser.add_argument('--accel', default='auto',
                        choices=('auto', 'kvm', 'tcg'),
                        help='auto uses KVM only if a test boot works')
    parser.add_argument('--qemu-build', metavar='VERSION',
                        choices=versions.NAMES,
                        help='which QEMU (%s; default %s, or the environment '
                        'variable GPUVM_QEMU)' % (', '.join(versions.NAMES),
                                                  versions.DEFAULT))
    parser.add_argument('--gpu', default='', metavar='PROPERTIES',
                        help='more properties of -device gpuvm')
    parser.add_argument('--more-gpu', action='append', metavar='PROPERTIES',
                        help='one more device gpuvm, with these properties')
    parser.add_argument('--machine', default='q35', metavar='NAME',
                        help='QEMU\'s machine, q35 (default) or pc')
    parser.add_argument('--no-gpu', action='store_true',
                        help='boot without the virtual GPU')
    parser.add_argument('--no-nouveau', action='store_true',
                        help='do not load nouveau')
    parser.add_argument('--nouveau-options', default='', metavar='OPTIONS',
                        help='module options, for example debug=debug')
    parser.add_argument('--memory', default='1536M', metavar='SIZE',
                        help='guest RAM (default 1536M)')
    parser.add_argument('--cpus', type=int, default=2, metavar='N',
                        help='guest CPUs (default 2)')
    parser.add_argument('--append', default='', metavar='TEXT',
                        help='more kernel command line')
