"""Clients that load a shared GPU, and one who watches them (bench_fair.py).

A client is tests/programs/gpu-load: kernels of a chosen length, each result
checked, on the native node or in a guest.  All share one arena, which the
watcher (tests/bench/share-watch) makes: it sets the policy and samples who
used how much GPU time.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import bisect
import dataclasses
import os
import re
import subprocess
import threading
import time

from . import console, core, guest, native, packages, run, top

SLICE = 64              # MiB of VRAM of a client
VRAM = 2048             # of all of them together
PATIENCE = 180          # seconds until a native client must work
GUEST_PATIENCE = 600
LINE = re.compile(r'load: t=([\d.]+) kernels=(\d+) wrong=(\d+)')
TICK = os.sysconf('SC_CLK_TCK')


@dataclasses.dataclass
class Client:
    """What one is to do."""
    name: str
    kernel_ms: float = 5.0
    weight: int = 100
    depth: int = 2              # kernels queued; 1: one at a time
    endless: bool = False

    def words(self, rounds_per_ms):
        if self.endless:
            return ['--endless']
        return ['--rounds', str(max(1, round(self.kernel_ms * rounds_per_ms))),
                '--depth', str(self.depth)]


class Watch:
    """share-watch: self.samples is [(seconds, {slot: (ns, turns)})]."""

    def __init__(self, share, policy, quantum, vram):
        self.samples = []
        self.child = console.spawn(
            [core.tree() / 'tests' / 'bench' / 'share-watch', '--share', share,
             '--policy', policy, '--quantum', str(quantum), '--vram',
             str(vram)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        self.wait(lambda: self.samples, 'share-watch does not start')

    def _read(self):
        for line in self.child.stdout:
            words = line.split()
            slots = {}
            for word in words[1:]:
                slot, _, used, turns = map(int, word.split(':'))
                slots[slot] = used, turns
            self.samples.append((int(words[0]) / 1e9, slots))

    def wait(self, what, why, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end or self.child.poll() is not None:
                raise console.GpuvmError(why)
            time.sleep(0.02)

    def slots(self):
        return set(self.samples[-1][1])

    def used(self, slot, at):
        """GPU seconds of a slot until the moment `at`, interpolated."""
        n = bisect.bisect(self.samples, at, key=lambda s: s[0])
        before, after = (self.samples[min(max(i, 0), len(self.samples) - 1)]
                         for i in (n - 1, n))
        one, two = (s[1].get(slot, (0, 0))[0] / 1e9 for s in (before, after))
        span = after[0] - before[0]
        return one + (two - one) * ((at - before[0]) / span if span else 0)

    def turns(self, slot, begin, end):
        """Turns that a slot had between two moments."""
        told = [s[1][slot][1] for s in self.samples
                if begin <= s[0] <= end and slot in s[1]]
        return told[-1] - told[0] if told else 0

    def close(self):
        if not self.child.stdin.closed:
            self.child.stdin.close()
        try:
            console.reap(self.child, 10)
        except subprocess.TimeoutExpired:
            console.kill(self.child)
        self.thread.join(5)


class Lines:
    """What a gpu-load says; times are this host's, of arrival."""

    def __init__(self):
        self.seen = []          # (seconds, its own seconds, kernels, wrong)
        self.text = ''
        self.endless = False

    def feed(self, line):
        hit = LINE.search(line)
        if hit:
            self.seen.append((time.monotonic(), float(hit.group(1)),
                              int(hit.group(2)), int(hit.group(3))))
        elif line.strip() == 'endless':
            self.endless = True
        else:
            self.text += line

    def ready(self):
        return self.endless or self.seen and self.seen[-1][2] > 0

    def rate(self, begin, end):
        """Kernels a second between two moments."""
        part = [s for s in self.seen if begin <= s[0] <= end]
        if len(part) < 2 or part[-1][1] <= part[0][1]:
            return 0.0
        return (part[-1][2] - part[0][2]) / (part[-1][1] - part[0][1])

    def kernels(self):
        return self.seen[-1][2] if self.seen else 0

    def wrong(self):
        return self.seen[-1][3] if self.seen else 0


def cpu_seconds(pid):
    """User and system time of a process so far."""
    try:
        with open('/proc/%d/stat' % pid, encoding='utf-8') as handle:
            fields = handle.read().rpartition(')')[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


class NativeLoad:
    """A client on the native node."""

    patience = PATIENCE

    def __init__(self, client, share, vram, rounds_per_ms):
        self.client, self.lines, self.slot = client, Lines(), None
        self.argv = [core.tree() / 'tests' / 'programs' / 'gpu-load',
                     *client.words(rounds_per_ms)]
        self.env = environment(share, vram, client.weight)
        self.child = self.thread = None

    def start(self):
        self.child = console.spawn(self.argv, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.STDOUT, env=self.env)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.child.stdout:
            self.lines.feed(line)

    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def end(self):
        """Ends it; the last line comes when all its kernels are done."""
        if not self.child:
            return
        if self.alive():
            self.child.terminate()
        try:
            console.reap(self.child, PATIENCE)
        except subprocess.TimeoutExpired:
            console.kill(self.child)
        self.thread.join(5)


class LoadSink(guest.Sink):
    def __init__(self, lines, name):
        self.lines, self.name, self.rest = lines, name, b''

    def out(self, data):
        self.rest += data
        while b'\n' in self.rest:
            line, _, self.rest = self.rest.partition(b'\n')
            self.lines.feed(line.decode(errors='replace') + '\n')

    err = out

    def note(self, text):
        console.say('%s: %s' % (self.name, text))


class GuestLoad:
    """A client in a guest of its own."""

    patience = GUEST_PATIENCE

    def __init__(self, client, base, rounds_per_ms):
        """base: guest_base()'s."""
        self.client, self.lines, self.slot = client, Lines(), None
        config = dataclasses.replace(
            base, script='exec /opt/gpuvm/gpu-load %s\n' % ' '.join(
                client.words(rounds_per_ms)),
            gpu='%s,weight=%d' % (base.gpu, client.weight),
            monitor=top.monitor_path(client.name),
            log=packages.root_log('console-load-' + client.name))
        self.one = guest.Guest(config, LoadSink(self.lines, client.name))
        self.thread = threading.Thread(target=self._wait, daemon=True)

    def start(self):
        self.one.start()
        self.thread.start()

    def _wait(self):
        try:
            self.one.wait()
        except console.GpuvmError as error:
            self.lines.text += str(error)

    def pid(self):
        return self.one.process.pid

    def alive(self):
        return self.one.process is not None and \
            self.one.process.poll() is None

    def end(self):
        """The guest is not asked: what its last line said stands."""
        self.one.end()


def ready():
    """Everything that native clients and the watcher need is built."""
    native.library()
    core.build('tests/bench/share-watch')


def guest_base(options, share, vram=VRAM):
    """What all guests that share an arena have in common; all is built."""
    options.gpu, options.more_gpu = '', []
    options.vram, options.memory = '%dM' % SLICE, '512M'
    options.gpu_share, options.gpu_vram = share, '%dM' % vram
    return dataclasses.replace(
        run.base_config(options, ''), cpus=1,
        shares=((core.programs(), '/opt/gpuvm', 'ro'),))


def environment(share=None, vram=0, weight=100):
    env = native.environment(core.tree() / native.LIBRARY)
    env['GPUVM_VRAM'] = str(SLICE)
    if share:
        env.update(GPUVM_SHARE=share, GPUVM_SHARE_VRAM=str(vram),
                   GPUVM_WEIGHT=str(weight))
    return env


def calibrate():
    """gpu-load's rounds with which a kernel takes a millisecond here."""
    program = core.tree() / 'tests' / 'programs' / 'gpu-load'
    best = 0
    for _ in range(3):
        out = console.run([program, '--calibrate', '5'], 'calibrating',
                          env=environment())
        best = max(best, int(re.search(r'rounds=(\d+)', out).group(1)) / 5)
    return best


def start_all(loads, watch):
    """One after the other joins; each gets its slot of the watcher's."""
    for one in loads:
        before = watch.slots()
        one.start()
        watch.wait(lambda: watch.slots() - before,
                   '%s does not join the GPU' % one.client.name)
        one.slot = min(watch.slots() - before)
    for one in loads:
        watch.wait(lambda: one.lines.ready() or not one.alive(),
                   '%s does not begin' % one.client.name, one.patience)
        check_alive(one)


def check_alive(one):
    if not one.alive():
        raise console.GpuvmError('%s ended:\n%s' % (one.client.name,
                                                    one.lines.text))
