"""gpuvm test: run the tests; the last line is "N passed, N failed, N skipped".

  unit     the core without QEMU (CUnit), the house rules, these scripts
  native   stock Mesa and OpenCL on the software GPU, without a VM
  device   the PCI device in QEMU, driven by qtest (no guest)
  guest    real Debian guests, checks listed in tests/guest/*.toml
  fuzz     the fuzzers, for a short time each
  all      all of them (the default)

  xen      an HVM domain of Xen, in TCG: many minutes; by name only.  --short:
           without nouveau

  conformance [GROUP...]   piglit on the native node, thousands of programs;
           by hand only.  Groups: cl cs compute ssbo image atomic int64
  kills    20 guests (GPUVM_GUEST_KILLS) whose QEMU is killed while a
           neighbour computes; by hand only

The exit status is 0 only if nothing failed and something passed.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import dataclasses
import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest

from . import (cache, checks, conformance, console, core, guest, kills, libvirt,
               native, packages, piglit, qemu, recovery, run, state, versions,
               xentest)
from .tally import Tally

SUITES = ('unit', 'native', 'device', 'guest', 'fuzz')


# ---- meson's tests: unit, fuzz ----------------------------------------------

def run_meson(suite, tally):
    """meson's tests of a suite, one count each."""
    where = core.build()
    names = [n for n in core.tests_of(where, suite)
             if tally.wants('%s/%s' % (suite, n))]
    if not names:
        return 0
    # a log of our own: another gpuvm may run the same tests
    log = where / 'meson-logs' / ('gpuvm-%d.json' % os.getpid())
    argv = ['meson', 'test', '-C', where, '--no-rebuild', '--suite', suite,
            '--print-errorlogs', '--logbase', log.stem, *names]
    child = console.spawn(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors='replace', env=core.environment())
    said = []
    for line in child.stdout:
        if re.match(r'\s*\d+/\d+ ', line) and line not in said:
            console.say(line.strip())
        said.append(line)
    console.reap(child)
    rows = [json.loads(row) for row in log.read_text().splitlines()] \
        if log.exists() else []
    for suffix in ('.json', '.txt', '.junit.xml'):
        log.with_suffix(suffix).unlink(missing_ok=True)
    seen = set()
    for row in rows:
        short = row['name'].split(' / ')[-1].split(':')[-1]
        name = '%s/%s' % (suite, short)
        seen.add(short)
        if row['result'] == 'OK':
            tally.ok(name, row['duration'])
        elif row['result'] == 'SKIP':
            tally.skip(name, 'the test said so (exit status 77)')
        else:
            text = row.get('stdout', '') + row.get('stderr', '')
            tally.fail(name, row['result'] + '\n' + text)
    for name in names:
        if name not in seen:
            tally.fail('%s/%s' % (suite, name), 'meson did not run it\n' +
                       ''.join(said[-20:]))
    return len(names)


# ---- Python's unittest: the scripts, the device under qtest -----------------

class UnittestResult(unittest.TestResult):
    def __init__(self, suite, tally):
        super().__init__()
        self.suite, self.tally = suite, tally
        self.started = 0

    def name(self, test):
        module, _, rest = test.id().partition('.')
        rest = rest.split('.')[-1].removeprefix('test_')
        return '%s/%s/%s' % (self.suite, module.removeprefix('test_'), rest)

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def addSuccess(self, test):
        self.tally.ok(self.name(test), time.monotonic() - self.started)

    def addFailure(self, test, err):
        self.tally.fail(self.name(test), '%s\n%s' % (
            err[1], self._exc_info_to_string(err, test)))

    addError = addFailure

    def addSkip(self, test, reason):
        self.tally.skip(self.name(test), reason)


def each_test(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each_test(test)
        else:
            yield test


def run_unittest(directory, suite, tally):
    path = cache.REPO / 'tests' / directory
    sys.path.insert(0, str(path))
    result = UnittestResult(suite, tally)
    found = unittest.TestLoader().discover(str(path), 'test_*.py')
    chosen = unittest.TestSuite(
        t for t in each_test(found) if tally.wants(result.name(t)))
    chosen.run(result)
    return chosen.countTestCases()


# ---- checks as data: native, guest ------------------------------------------

def files_of(suite):
    return sorted((cache.REPO / 'tests' / suite).glob('*.toml'))


class Judge:
    """Feeds one boot's output through its script into the tally."""

    def __init__(self, prefix, these, tally, allowed, resets=False):
        self.prefix, self.tally, self.allowed = prefix, tally, allowed
        self.script = checks.Script(these, resets)
        self.done = set()

    def feed(self, data):
        for check, status, seconds, output in self.script.feed(data):
            name = '%s/%s' % (self.prefix, check.name)
            self.done.add(check.name)
            if status == 254 and check.needs:
                why = 'not run: %s failed' % check.needs
            else:
                why = check.judge(status, output, self.allowed)
            if why:
                self.tally.fail(name, why)
            else:
                self.tally.ok(name, seconds)

    def close(self, why):
        """What was not run has failed, and why."""
        for check in self.script.checks:
            if check.name not in self.done:
                self.tally.fail('%s/%s' % (self.prefix, check.name), why)


class Victim(Judge):
    """The output of a guest that is killed (kill -9 of its QEMU) some time
    after the check named `after` has ended; its checks are nobody's."""

    def __init__(self, prefix, these, tally, after):
        super().__init__(prefix, these, tally, [])
        self.after = after
        self.guest = None
        self.killed = False

    def feed(self, data):
        for check, _, _, _ in self.script.feed(data):
            if check.name == self.after:
                threading.Timer(1.5, self.kill).start()

    def kill(self):
        self.killed = self.guest.process.poll() is None
        self.guest.process.kill()

    def close(self, why):
        if self.killed:
            self.tally.ok(self.prefix + '/killed')
        else:
            self.tally.fail(self.prefix + '/killed', 'it ended before: ' + why)


def chosen(prefix, these, tally):
    """The checks of a boot that are wanted, with those that they need."""
    keep = {c.name for c in these
            if tally.wants('%s/%s' % (prefix, c.name))}
    for check in reversed(these):
        if check.name in keep and check.needs:
            keep.add(check.needs)
    return [c for c in these if c.name in keep]


def run_native(options, tally):
    del options
    count = run_unittest('native', 'native', tally)
    path = None
    for file in files_of('native'):
        for boot, these in checks.load(file):
            prefix = 'native/' + boot['name']
            these = chosen(prefix, these, tally)
            if not these:
                continue
            path = path or native.library()
            env = native.environment(path)
            env['PROGRAMS'] = str(core.tree() / 'tests' / 'programs')
            env.update(boot.get('environment', {}))
            judge = Judge(prefix, these, tally, [])
            child = console.spawn(
                ['bash', '-c', preload_inside(judge.script.text(), env)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env)
            for line in child.stdout:
                judge.feed(line)
            console.reap(child)
            judge.close('the run ended before it')
            count += len(these)
    return count


def preload_inside(text, env):
    """Only the checks get the preload library, not the shell around them."""
    preload = env.pop('LD_PRELOAD')
    return text.replace('bash -c "$3"',
                        'env LD_PRELOAD=%s bash -c "$3"' % preload)


class CheckSink(guest.Sink):
    def __init__(self, judge, prefix):
        self.judge, self.prefix = judge, prefix

    def out(self, data):
        self.judge.feed(data)

    def err(self, data):
        pass

    def note(self, text):
        console.say('%s: %s' % (self.prefix, text))


def run_boot(options, boot, these, tally):
    """Boot the guests of one [[boot]] and judge what they print."""
    prefix = 'guest/' + boot['name']
    allowed = checks.allowed_lines(
        cache.REPO / 'tests' / 'guest' / 'dmesg-allowed')
    options.no_gpu = not boot.get('gpu', True)
    options.no_nouveau = not boot.get('nouveau', True)
    options.gpu = boot.get('properties', '')
    options.vms = boot.get('vms', 1)
    options.gpu_share = 'test-%d-%s' % (os.getpid(), boot['name']) \
        if boot.get('one_gpu') else None
    options.gpu_vram = None
    options.vram = boot.get('vram', '512M')
    options.guest = boot.get('guest', 'debian12')
    options.machine = boot.get('machine', 'q35')
    options.more_gpu = boot.get('more_gpus', [])
    options.memory = boot.get('memory', '1536M')
    shares = ((core.programs(), '/opt/gpuvm', 'ro'),)
    if boot.get('piglit'):
        shares += ((piglit.ready(options.guest), piglit.INSIDE, 'ro'),)
        these = [dataclasses.replace(c, run=piglit.FUNCTIONS + c.run)
                 for c in these]
    config = dataclasses.replace(
        run.base_config(options, ''), stats=True, append=boot.get(
            'append', ''), shares=shares,
        timeout=boot.get('timeout', 600))
    config = dataclasses.replace(config, qemu_options=config.qemu_options +
                                 tuple(boot.get('qemu', ())))
    if 'libvirt' in boot:
        libvirt.ready()
    guests = []
    total = boot.get('vms', 1)
    for n in range(total):
        name = prefix if total == 1 else '%s/vm%d' % (prefix, n + 1)
        judge = Judge(name, these, tally, allowed, boot.get('resets', False))
        if n + 1 == boot.get('victim'):
            judge = Victim(name, these, tally, boot['victim_after'])
        log = packages.root_log('console-' + name.replace('/', '-'))
        config = dataclasses.replace(config, script=judge.script.text(),
                                     log=log)
        sink = CheckSink(judge, name)
        guests.append((name, judge, state.StateGuest(
            config, sink, boot['state']) if 'state' in boot else
            recovery.RecoveryGuest(config, sink) if boot.get('resets') else
            libvirt.LibvirtGuest(config, sink, boot['libvirt'])
            if 'libvirt' in boot else guest.Guest(config, sink)))
        if isinstance(judge, Victim):
            judge.guest = guests[-1][2]
    console.say('%s: booting %d guest%s (%s)' % (
        prefix, total, 's' if total > 1 else '', config.accel.upper()))
    try:
        for _, _, one in guests:
            one.start()
        for name, judge, one in guests:
            why = 'the guest ended before it'
            try:
                one.wait()
            except console.GpuvmError as error:
                why = str(error)
            judge.close(why)
            if isinstance(judge, Victim):
                continue
            judge_stats(name, boot.get('stats', {}), one, tally)
    finally:
        for _, _, one in guests:
            one.end()


def judge_stats(prefix, wanted, one, tally):
    """Counters at the end of a boot; "gpu1-KEY" is the second device's."""
    pairs = [(one.stats, one.unknown)] + one.more_stats
    devices = {'gpu%d' % n: pair for n, pair in enumerate(pairs)}
    for key, expression in wanted.items():
        device, _, key = key.rpartition('-')
        stats, unknown = devices.get(device or 'gpu0', (None, ''))
        name = '%s/%sstats-%s' % (prefix, device and device + '-',
                                  key.replace('_', '-'))
        if not tally.wants(name):
            continue
        if stats is None or key not in stats:
            tally.fail(name, 'the device told no counter %s' % key)
        elif checks.measure(expression, stats[key], stats):
            tally.ok(name)
        else:
            tally.fail(name, '%s is %d, not %s\n%s' % (
                key, stats[key], expression,
                unknown if key == 'unknown' else json.dumps(stats)))


def run_guest(options, tally):
    count = 0
    for file in files_of('guest'):
        for boot, these in checks.load(file):
            prefix = 'guest/' + boot['name']
            if boot.get('guest', 'debian12') not in options.guests or \
                    (boot.get('long') and not options.long):
                continue
            picked = chosen(prefix, these, tally)
            if picked:
                run_boot(options, boot, picked, tally)
                count += len(picked)
    return count


# ---- the verb ---------------------------------------------------------------

def run_unit(options, tally):
    del options
    return run_unittest('scripts', 'unit', tally) + run_meson('unit', tally)


def run_device(options, tally):
    binary = qemu.ready(options.qemu_build)
    if not qemu.has_qtest(binary):
        tally.skip('device', 'this QEMU has no qtest accelerator (Debian\'s '
                   'own leaves the module out)')
        return 1
    os.environ['GPUVM_QEMU'] = str(binary)
    return run_unittest('device', 'device', tally)


def run_fuzz(options, tally):
    del options
    return run_meson('fuzz', tally)


RUNNERS = {'unit': run_unit, 'native': run_native, 'device': run_device,
           'guest': run_guest, 'fuzz': run_fuzz,
           'conformance': conformance.run_all, 'kills': kills.run_all,
           'xen': xentest.run_xen}


def main(options):
    tally = Tally(options.only)
    names = options.suites or ['all']
    groups = [n for n in names if n in conformance.GROUPS]
    wanted = SUITES if 'all' in names else [
        n for n in names if n not in groups]
    if groups and 'conformance' not in wanted:
        wanted.append('conformance')
    options.guests = options.debian or ['debian12']
    for suite in wanted:
        console.say('== tests: %s' % suite)
        try:
            if not RUNNERS[suite](options, tally) and not options.only:
                tally.skip(suite, 'there is no such test yet')
        except console.GpuvmError as error:
            tally.fail(suite, '%s' % error)
    return tally.close()


def add_arguments(parser):
    parser.add_argument('suites', nargs='*', metavar='SUITE',
                        choices=(*SUITES, 'all', 'conformance', 'kills',
                                 'xen', [], *conformance.GROUPS),
                        help='unit, native, device, guest, fuzz or all; '
                        'conformance and its groups; kills; xen')
    parser.add_argument('--jobs', '-j', type=int, metavar='N',
                        help='conformance: programs at once (default: half '
                        'as many as cores)')
    parser.add_argument('--resume', action='store_true',
                        help='conformance: not those that have a result')
    parser.add_argument('--totals', action='store_true',
                        help='conformance: run nothing, print the table of '
                        'the results that are kept')
    parser.add_argument('--long', action='store_true',
                        help='also the guests that take many minutes')
    parser.add_argument('--short', action='store_true',
                        help='xen: without nouveau')
    parser.add_argument('--only', metavar='REGEX',
                        help='only tests whose name matches')
    parser.add_argument('--debian', action='append',
                        choices=run.GUESTS,
                        help='guests to boot (default debian12)')
    parser.add_argument('--qemu-build', metavar='VERSION',
                        choices=versions.NAMES,
                        help='which QEMU: %s' % ', '.join(versions.NAMES))
    parser.add_argument('--accel', default='auto',
                        choices=('auto', 'kvm', 'tcg'))
    parser.set_defaults(kernel=None, memory='1536M', cpus=2, append='',
                        no_gpu=False, no_nouveau=False, gpu='', share=[],
                        nouveau_options='', timeout=0, qemu=(), stats=True,
                        vram='512M', guest='debian12')
