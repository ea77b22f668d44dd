"""gpuvm top: the VMs that run, and what each gets of its GPU.

Every QEMU that `gpuvm run` starts has a monitor socket in a directory of this
user's own (monitors() below); a QEMU started by hand is named by --qmp PATH
(-qmp unix:PATH,server=on,wait=off).  A look connects, reads the devices'
properties `share`, `sharers` and `stats`, and lets go, so that `gpuvm set` and
others get their turn at the socket.

  entitled  its part of the GPU by weight and cap among those that asked lately
  received  what it got in the last whole second
  wait      GPU turns waited for: mean and longest

--json prints one object a look, --prometheus FILE keeps a file for
node_exporter's textfile collector up to date.  A VM without a monitor that
shares the GPU (a native client, another user's QEMU) shows as its slot.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import pathlib
import shutil
import socket
import stat
import sys
import tempfile
import time

from . import console, qmp

TYPES = 'gpuvm'
BAR = 20        # characters of a bar


# ---- monitors ---------------------------------------------------------------

def directory():
    """The monitors' directory: this user's own, or an error."""
    path = pathlib.Path(tempfile.gettempdir()) / ('gpuvm-%d' % os.geteuid())
    path.mkdir(mode=0o700, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or \
            info.st_mode & 0o077:
        raise console.GpuvmError('%s is not this user\'s own directory' % path,
                                 'remove it, or set TMPDIR')
    return path


def monitor_path(name):
    """Where the monitor of VM NAME of this process is to be."""
    return directory() / ('%s-%d.qmp' % (name, os.getpid()))


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(5)
    try:
        sock.connect(str(path))
        return qmp.Qmp(sock, 5)
    except OSError:
        sock.close()
        raise


def monitors(more=()):
    """{name: connected Qmp}; sockets whose QEMU is gone are removed."""
    found = {}
    for path in sorted(directory().glob('*.qmp')) + [
            pathlib.Path(p) for p in more]:
        try:
            found[path.name.removesuffix('.qmp')] = connect(path)
        except ConnectionRefusedError:
            if path.parent == directory():
                path.unlink(missing_ok=True)
        except (OSError, ValueError) as error:
            console.say('%s: %s' % (path, error))
    return found


def gpuvm_devices(monitor):
    """QOM paths of our PCI devices, named or not."""
    found = []
    for parent in ('/machine/peripheral', '/machine/peripheral-anon'):
        for child in monitor.command('qom-list', path=parent):
            if child['type'] == 'child<%s>' % TYPES:
                found.append('%s/%s' % (parent, child['name']))
    return found


# ---- looking ----------------------------------------------------------------

def device(vm, monitor, path):
    """One device as a dictionary."""
    share = json.loads(monitor.get(path, 'share'))
    stats = json.loads(monitor.get(path, 'stats'))
    sharers = json.loads(monitor.get(path, 'sharers'))
    gpu = monitor.get(path, 'gpu')
    if gpu:
        arena = monitor.get(gpu, 'share') if any(
            p['name'] == 'share' for p in
            monitor.command('qom-list', path=gpu)) else ''
        name = arena or '%s:%s' % (vm, gpu.rpartition('/')[2])
    else:
        name = '%s:%s' % (vm, path.rpartition('/')[2])
    return {
        'vm': vm, 'device': path.rpartition('/')[2], 'gpu': name,
        'vram': monitor.get(path, 'vram'),
        'traps': stats['bar0_reads'] + stats['bar0_writes'] +
        stats['aperture_traps'],
        'faults': stats['faults'], 'launches': stats['launches'],
        'slot': sharers.get('slot', 0), **share}, sharers


def look(more=()):
    """{'gpus': [...]}, each with its VMs."""
    gpus = {}
    for vm, monitor in monitors(more).items():
        try:
            for path in gpuvm_devices(monitor):
                one, sharers = device(vm, monitor, path)
                gpu = gpus.setdefault(one['gpu'], {
                    'gpu': one['gpu'], 'policy': sharers.get('policy', ''),
                    'vms': []})
                gpu['busy_ns'] = sharers.get('busy_ns', 0)
                gpu['gone_ns'] = sharers.get('gone_ns', 0)
                gpu['vms'].append(one)
                gpu['all'] = sharers.get('vms', [])
        except (OSError, console.GpuvmError):
            pass                        # it ended meanwhile
        finally:
            monitor.sock.close()
    for gpu in gpus.values():
        known = {one['slot'] for one in gpu['vms']}
        gpu['vms'] += [
            {'vm': 'slot %d' % other['slot'], 'device': '', **other}
            for other in gpu.pop('all') if other['slot'] not in known]
        gpu['vms'].sort(key=lambda one: (-one.get('received', 0), one['vm']))
    return {'time': time.time(),
            'gpus': [gpus[name] for name in sorted(gpus)]}


# ---- showing ----------------------------------------------------------------

HEADER = '%-18s %6s %4s %8s %8s  %-*s %9s %15s %10s %7s %7s' % (
    'VM', 'weight', 'cap', 'entitled', 'received', BAR, '', 'GPU time',
    'wait mean/max', 'traps', 'faults', 'VRAM')


def bar(received, entitled):
    """Filled: received; | where it is entitled to."""
    filled = round(min(received, 1) * BAR)
    text = list('#' * filled + '.' * (BAR - filled))
    text[min(BAR - 1, round(entitled * BAR))] = '|'
    return ''.join(text)


def row(one):
    turns = one.get('turns', 0)
    mean = one.get('wait_ns', 0) / turns / 1e6 if turns else 0
    return '%-18s %6d %4s %7.1f%% %7.1f%%  %s %8.2fs %15s %10s %7s %7s' % (
        one['vm'][:18], one.get('weight', 0), one.get('cap') or '-',
        100 * one.get('entitled', 0), 100 * one.get('received', 0),
        bar(one.get('received', 0), one.get('entitled', 0)),
        one.get('gpu_ns', 0) / 1e9,
        '%.1f/%.1f ms' % (mean, one.get('wait_max_ns', 0) / 1e6),
        one.get('traps', '-'), one.get('faults', '-'),
        '%dM' % (one['vram'] >> 20) if 'vram' in one else '-')


def table(seen, width=None):
    lines = []
    for gpu in seen['gpus']:
        lines += ['GPU %s: policy %s, busy %.2f s, %d VM%s' % (
            gpu['gpu'], gpu['policy'], gpu['busy_ns'] / 1e9, len(gpu['vms']),
            '' if len(gpu['vms']) == 1 else 's'), HEADER]
        lines += [row(one) for one in gpu['vms']] + ['']
    if not lines:
        lines = ['no VM with a gpuvm device runs (scripts/gpuvm run starts '
                 'one; --qmp PATH names a QEMU started by hand)']
    return '\n'.join(line[:width] for line in lines)


METRICS = (
    ('gpu_seconds_total', 'counter', 'GPU time used', 'gpu_ns', 1e-9),
    ('queue_wait_seconds_total', 'counter', 'time waited for the GPU',
     'wait_ns', 1e-9),
    ('turns_total', 'counter', 'turns on the GPU', 'turns', 1),
    ('entitled_ratio', 'gauge', 'share by weight and cap', 'entitled', 1),
    ('received_ratio', 'gauge', 'share of the last second', 'received', 1),
    ('weight', 'gauge', 'weight', 'weight', 1),
    ('traps_total', 'counter', 'accesses that trapped', 'traps', 1),
    ('faults_total', 'counter', 'GPU faults', 'faults', 1),
    ('vram_bytes', 'gauge', 'video memory', 'vram', 1),
)


def label(text):
    return str(text).replace('\\', '\\\\').replace('"', '\\"').replace(
        '\n', '\\n')


def prometheus(seen):
    """The text format of Prometheus, one family after the other."""
    lines = []
    for name, kind, what, key, scale in METRICS:
        lines += ['# HELP gpuvm_%s %s' % (name, what),
                  '# TYPE gpuvm_%s %s' % (name, kind)]
        for gpu in seen['gpus']:
            lines += ['gpuvm_%s{gpu="%s",vm="%s",device="%s"} %.9g' % (
                name, label(gpu['gpu']), label(one['vm']),
                label(one['device']), one[key] * scale)
                for one in gpu['vms'] if key in one]
    lines += ['# HELP gpuvm_busy_seconds_total GPU time of all VMs',
              '# TYPE gpuvm_busy_seconds_total counter']
    lines += ['gpuvm_busy_seconds_total{gpu="%s"} %.9g' % (
        label(gpu['gpu']), gpu['busy_ns'] * 1e-9) for gpu in seen['gpus']]
    return '\n'.join(lines) + '\n'


def write(path, text):
    """The collector never sees half a file."""
    path = pathlib.Path(path)
    partial = path.with_name('.%s.%d' % (path.name, os.getpid()))
    partial.write_text(text)
    os.chmod(partial, 0o644)
    os.replace(partial, path)


def show(seen, options):
    if options.json:
        print(json.dumps(seen), flush=True)
    elif options.prometheus:
        write(options.prometheus, prometheus(seen))
    elif options.once or not sys.stdout.isatty():
        print(table(seen), flush=True)
    else:
        size = shutil.get_terminal_size()
        lines = table(seen, size.columns).split('\n')[:size.lines - 1]
        sys.stdout.write('\033[H\033[J' + '\n'.join(lines) + '\n')
        sys.stdout.flush()


def main(options):
    while True:
        show(look(options.qmp), options)
        if options.once:
            return 0
        time.sleep(options.interval)


def add_arguments(parser):
    parser.add_argument('--once', action='store_true',
                        help='one look, then end')
    parser.add_argument('--interval', type=float, default=1.0,
                        metavar='SECONDS', help='between looks (default 1)')
    parser.add_argument('--json', action='store_true',
                        help='an object a line, all numbers exact')
    parser.add_argument('--prometheus', metavar='FILE',
                        help='keep FILE up to date (NAME.prom) for '
                        'node_exporter\'s textfile collector')
    parser.add_argument('--qmp', action='append', default=[], metavar='PATH',
                        help='a QMP socket of a QEMU started by hand')
