"""gpuvm bench: measure what the device costs on this machine.

  traps     a trapped register access beside QEMU's edu device, in one guest;
            an access to BAR1 with and without remap, in the same run; how
            long nouveau's probe takes
  boot      from the start of QEMU to nouveau's probe and to the first OpenCL
            kernel whose result was checked
  shadow    a sync of page tables, against tables present and entries changed
            (no guest)
  compute   the GPUvm papers' programs (gpuvm-bench) in turns on the native node
            and on pocl, and in a guest; plots
  policies  every scheduling policy on every mix of VMs, on a virtual clock
            (the table of docs/scheduling.md; no guest)
  fairness  clients with short and long kernels share the GPU, under each
            policy: native ones, or --guests N
  scale     1, 2, 4 and 8 clients that are alike: throughput and parts
  all       all of them (the default)

Each value is the least, and the median, of many rounds; what is compared takes
turns within a round.  The load of the machine is printed: a load above its
cores makes the medians worth little.  docs/performance.md has results and
what they mean.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import dataclasses
import datetime
import os
import re
import statistics
import time

from . import bench_compute, bench_fair, console, core, guest, packages, run

WHATS = ('traps', 'boot', 'shadow', 'policies', 'fairness', 'scale', 'compute')
# Of a trapped access beside edu's (docs/performance.md).
MOST_TRAP_RATIO = 1.5

TRAPS_SCRIPT = """\
set -e
/opt/gpuvm/bar-bench --rounds %d traps
/opt/gpuvm/bar-bench --rounds %d aperture
# one device for the probe
set -- $(cd /sys/bus/pci/devices && grep -l 0x06d8 */device)
echo none >/sys/bus/pci/devices/${2%%/*}/driver_override
for n in $(seq %d); do
    at=$(date +%%s%%N)
    modprobe nouveau
    echo probe=$((($(date +%%s%%N) - at) / 1000))
    ls /dev/dri/renderD128 >/dev/null
    rmmod nouveau
done
"""
BOOT_SCRIPT = """\
/opt/gpuvm/cl-demo --vector 4096 --matrix 16
"""


class Timed(guest.Sink):
    """Keeps each line of output and each note with its time."""

    def __init__(self):
        self.start = time.monotonic()
        self.lines = []
        self.rest = b''

    def out(self, data):
        self.rest += data
        while b'\n' in self.rest:
            line, _, self.rest = self.rest.partition(b'\n')
            self.note(line.decode(errors='replace'))

    err = out

    def note(self, text):
        self.lines.append((time.monotonic() - self.start, text))

    def text(self):
        return '\n'.join(line for _, line in self.lines)

    def when(self, pattern):
        """Seconds from the start to the first line that matches."""
        for seconds, line in self.lines:
            if re.search(pattern, line):
                return seconds
        raise console.GpuvmError('the guest did not print %s; it said:\n%s' %
                                 (pattern, self.text()))


def boot(options, script, **more):
    """Run a script in a guest; returns its Timed output and the Guest."""
    config = dataclasses.replace(
        run.base_config(options, script), stats=True, timeout=900,
        shares=((core.programs(), '/opt/gpuvm', 'ro'),), **more)
    sink = Timed()
    one = guest.Guest(dataclasses.replace(
        config, log=packages.root_log('console-bench')), sink)
    try:
        sink.start = time.monotonic()
        one.start()
        status = one.wait()
    finally:
        one.end()
    if status:
        raise console.GpuvmError('the guest\'s script failed:\n%s' %
                                 sink.text())
    return sink, one


def values(text):
    """{NAME: (least, median)} of bar-bench's lines."""
    return {m.group(1): (float(m.group(2)), float(m.group(3)))
            for m in re.finditer(
                r'^(\S+) least=([\d.]+) median=([\d.]+)$', text, re.M)}


def show(name, pair, unit, digits=0):
    print('  %-34s least %10.*f %s   median %10.*f %s' % (
        name, digits, pair[0], unit, digits, pair[1], unit))


def bench_traps(options):
    """Returns whether a trap costs at most 1.5 times edu's."""
    console.say('booting a guest with two GPUs and edu')
    options.gpu, options.more_gpu = 'bar-remap=on', ['bar-remap=off']
    script = TRAPS_SCRIPT % (options.rounds, options.rounds, options.runs)
    sink, _ = boot(options, script, nouveau=False, qemu_options=(
        '-device', 'edu,addr=0x0e'))
    head, on, off = re.split(r'^gpu\d:$', sink.text(), flags=re.M)
    traps, good = values(head), True
    print('A trapped access of 32 bits, from the guest\'s user space:')
    for kind in ('read', 'write'):
        ours, edu = traps['gpuvm-' + kind], traps['edu-' + kind]
        show('BAR0 ' + kind, ours, 'ns')
        show('edu ' + kind, edu, 'ns')
        ratio = [ours[n] / edu[n] for n in (0, 1)]
        good = good and min(ratio) <= MOST_TRAP_RATIO
        print('  %-34s least %10.2f      median %10.2f' % (
            'ratio', ratio[0], ratio[1]))
    print('An access to BAR1 (4 KiB: 512 accesses of 64 bits):')
    for name in ('word-read', 'word-write', '4k-read', '4k-write'):
        show(name + ', remapped', values(on)[name], 'ns', 1)
        show(name + ', bar-remap=off', values(off)[name], 'ns', 1)
    probes = [int(us) / 1e6
              for us in re.findall(r'^probe=(\d+)$', sink.text(), re.M)]
    print('modprobe nouveau:')
    print('  %-34s %.2f s' % ('the first (modules from the disk)', probes[0]))
    if probes[1:]:
        show('%d later ones' % len(probes[1:]),
             (min(probes[1:]), statistics.median(probes[1:])), 's', 2)
    if not good:
        console.say('a trap costs more than %.1f times edu\'s' %
                    MOST_TRAP_RATIO)
    return good


def bench_boot(options):
    marks = (('the guest runs its first script', '^guest is up'),
             ('nouveau drives the GPU', '^nouveau drives the GPU'),
             ('first OpenCL kernel done, checked', '^Vector addition: .*all '
                                                   'correct'))
    options.gpu, options.more_gpu = '', []
    seen = {name: [] for name, _ in marks}
    for n in range(options.runs):
        console.say('boot %d of %d' % (n + 1, options.runs))
        sink, one = boot(options, BOOT_SCRIPT)
        for name, pattern in marks:
            seen[name].append(sink.when(pattern))
    print('From the start of QEMU:')
    for name, seconds in seen.items():
        show(name, (min(seconds), statistics.median(seconds)), 's', 1)
    traps = one.stats
    print('Traps of such a boot: %d BAR0 reads, %d BAR0 writes (%d of both '
          'PRAMIN), %d USERD, %d aperture' % (
              traps['bar0_reads'], traps['bar0_writes'], traps['pramin'],
              traps['userd_reads'] + traps['userd_writes'],
              traps['aperture_traps']))
    return True


def bench_shadow(options):
    del options
    where = core.build('tests/bench/shadow-bench')
    print('A sync of page tables, in microseconds:')
    print(console.run([where / 'tests' / 'bench' / 'shadow-bench'],
                      'measuring the shadow'), end='')
    return True


def bench_policies(options):
    del options
    where = core.build('tests/bench/policy-bench')
    print(console.run([where / 'tests' / 'bench' / 'policy-bench'],
                      'running the policies'), end='')
    return True


RUNNERS = {'traps': bench_traps, 'boot': bench_boot, 'shadow': bench_shadow,
           'policies': bench_policies, 'fairness': bench_fair.fairness,
           'scale': bench_fair.scale, 'compute': bench_compute.main}


def processor():
    with open('/proc/cpuinfo', encoding='utf-8') as handle:
        hit = re.search(r'^model name\s*: (.*)$', handle.read(), re.M)
    return hit.group(1) if hit else 'unknown processor'


def main(options):
    good = True
    for what in WHATS:
        if 'all' in (options.whats or ['all']) or what in options.whats:
            print('== %s: %s, %d cores, %s, load %.1f' % (
                what, processor(), os.cpu_count(),
                datetime.date.today().isoformat(), os.getloadavg()[0]),
                flush=True)
            good = RUNNERS[what](options) and good
            print('   load at the end %.1f' % os.getloadavg()[0], flush=True)
    return 0 if good else 1


def add_arguments(parser):
    parser.add_argument('whats', nargs='*', metavar='WHAT',
                        choices=WHATS + ('all', []),
                        help=', '.join(WHATS) + ' or all')
    parser.add_argument('--runs', type=int, default=3, metavar='N',
                        help='boots, probes in a boot, rounds of compute '
                        '(default 3)')
    parser.add_argument('--rounds', type=int, default=50, metavar='N',
                        help='rounds of accesses (default 50)')
    parser.add_argument('--guest', default='debian12', choices=run.GUESTS,
                        help='which Debian the guest is (default debian12)')
    parser.add_argument('--accel', default='auto',
                        choices=('auto', 'kvm', 'tcg'))
    parser.add_argument('--qemu-build', metavar='VERSION',
                        help='which QEMU, as for `build --qemu`')
    bench_compute.add_arguments(parser)
    bench_fair.add_arguments(parser)
    parser.set_defaults(kernel=None, memory='1536M', cpus=2, append='',
                        no_gpu=False, no_nouveau=False, share=[],
                        nouveau_options='', timeout=0, qemu=(), stats=True,
                        vram='512M', machine='q35')
