#!/usr/bin/python3
"""Run the fuzz targets: tests/fuzz/run.py [--inputs N] [--seconds S] [TARGET...]

With clang and libFuzzer (Debian: clang, libclang-rt-14-dev) the targets are
built with coverage, AddressSanitizer and UBSan and start from the corpus in
tests/fuzz/corpus plus what earlier runs found (in the cache).  Without clang,
or with --replay, the same targets are built by gcc with the same sanitizers
and get pseudo-random inputs from a seed instead.

A target is run until it got --inputs inputs or --seconds seconds, whichever is
first; --until HH:MM ends all of them and gives each target that is left an
equal part of the time.  One process works at a time.

Inputs are added up over runs of one commit in the cache (fuzz/progress.json),
so that a run that was stopped goes on where it was: with --inputs N, N is what
a target is to have got in all.  --again starts at 0.  Every minute a line says
how far it is; at the end there is a table.  What made a target fail is kept in
the cache, beside the corpus; the target is then started again, three times at
most.  Exit status 1 if any failed.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / 'scripts'))

from gpuvmlib import cache, core  # noqa: E402  (needs the path above)

# The fastest first.
TARGETS = ('decode', 'shader', 'push', 'macro', 'pagetable', 'bar', 'state')
SANITIZE = ['-Db_sanitize=address,undefined', '-Db_lundef=false']
REPORTS_MAX = 3         # of one target, then it is given up
TICK = 60               # seconds between lines


def has_engine():
    """Whether clang can link a libFuzzer program."""
    if not shutil.which('clang'):
        return False
    return subprocess.run(
        ['clang', '-x', 'c', '-', '-fsanitize=fuzzer', '-o', '/dev/null'],
        input=b'int LLVMFuzzerTestOneInput(const char *p, long n)'
              b'{ return !p && n; }', stderr=subprocess.DEVNULL,
        check=False).returncode == 0


def build(how):
    """The folder with the programs."""
    if how == 'plain':
        return core.build() / 'tests' / 'fuzz'
    if how == 'libfuzzer':
        os.environ['CC'] = 'clang'
        where = core.build(kind='libfuzzer', options=SANITIZE + [
            '-Dc_args=-fsanitize=fuzzer-no-link '
            '-fno-sanitize-coverage=trace-cmp'])
    else:
        where = core.build(kind='sanitize', options=SANITIZE)
    return where / 'tests' / 'fuzz'


def commit():
    """What is fuzzed: the commit, with + if the tree differs from it."""
    def git(*argv):
        return subprocess.run(['git', '-C', str(HERE), *argv], check=False,
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL).stdout.strip()
    return (git('rev-parse', '--short', 'HEAD') or 'none') + (
        '+' if git('status', '--porcelain', '--untracked-files=no') else '')


class Progress:
    """Inputs and reports by target, kept in a file."""

    def __init__(self, path, key, again):
        self.path = path
        self.key = key
        self.all = json.loads(path.read_text()) if path.exists() else {}
        if again:
            self.all.pop(key, None)
        self.mine = self.all.setdefault(key, {})

    def of(self, target):
        return self.mine.setdefault(target, {'inputs': 0, 'reports': 0,
                                             'seconds': 0})

    def save(self):
        new = self.path.with_suffix('.new')
        new.write_text(json.dumps(self.all, indent=1) + '\n')
        new.replace(self.path)


class Child:
    """A fuzzing program: what it says is read as it comes."""

    def __init__(self, argv, cwd, first):
        self.count = 0
        self.first = first
        self.said = collections.deque(maxlen=200)
        self.process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd,
            text=True, errors='replace')
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        number = re.compile(r'^#(\d+)\s|stat::number_of_executed_units: (\d+)|'
                            r'fuzz-\w+: (\d+) inputs$|and (\d+) random inputs')
        failed = re.compile(r'the input is in crash-\w+-\d+-(\d+)')
        for line in self.process.stdout:
            self.said.append(line)
            hit = number.search(line)
            if failed.match(line):      # replay goes on behind it
                self.count = int(failed.match(line)[1]) + 1 - self.first
            elif hit:
                self.count = max(self.count, *(int(n) for n in hit.groups()
                                               if n))

    def wait(self, seconds):
        """True when it ended."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.reader.join()
        return True


def command(how, program, target, found, want, seconds, options, first):
    """The command line for at most @want inputs and @seconds seconds."""
    if how == 'libfuzzer':
        corpus = found / target
        corpus.mkdir(parents=True, exist_ok=True)
        return ['nice', '-n', str(options.nice), str(program),
                '-max_len=1024', '-len_control=100',
                '-entropic=0', '-timeout=120', '-rss_limit_mb=3000',
                '-print_final_stats=1',
                '-artifact_prefix=%s/crash-%s-' % (found, target),
                '-runs=%d' % want, '-max_total_time=%d' % seconds,
                str(corpus), str(HERE / 'corpus' / target)]
    return ['nice', '-n', str(options.nice), str(program), '-n', str(want),
            '-s', str(options.seed), '-i', str(first), '-t', str(seconds),
            '-v', str(HERE / 'corpus' / target)]


def run(how, where, target, found, progress, options, end):
    """One target up to @end (time.monotonic()), its inputs or its reports."""
    state = progress.of(target)
    program = where / (('libfuzz-' if how == 'libfuzzer' else 'fuzz-') +
                       target)
    found.mkdir(parents=True, exist_ok=True)
    before = state['reports']
    while time.monotonic() < end - 1 and state['reports'] < \
            before + REPORTS_MAX:
        want = options.inputs - state['inputs'] if options.inputs else 10 ** 9
        if want <= 0:
            break
        had, spent = state['inputs'], state['seconds']
        start = time.monotonic()
        child = Child(command(how, program, target, found, want,
                              max(1, int(end - start)), options, had),
                      found, had)
        done = False
        while not done:
            done = child.wait(TICK)
            state['inputs'] = had + child.count
            state['seconds'] = round(spent + time.monotonic() - start)
            progress.save()
            if not done:
                print('%s  %-10s %10d inputs, %6.0f/s, %d reports' % (
                    datetime.datetime.now().strftime('%H:%M'), target,
                    state['inputs'], child.count /
                    (time.monotonic() - start), state['reports']), flush=True)
                if time.monotonic() > end + TICK:
                    child.process.kill()    # an input that hangs
        if child.process.returncode == 0:
            break
        state['reports'] += 1
        progress.save()
        print('%s failed; what was found is in %s\n%s' % (
            target, found, ''.join(child.said)[-4000:]), flush=True)


def until(text):
    """Seconds from now to the next HH:MM."""
    hour, minute = (int(n) for n in text.split(':'))
    now = datetime.datetime.now()
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if then <= now:
        then += datetime.timedelta(days=1)
    return (then - now).total_seconds()


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('targets', nargs='*', metavar='TARGET',
                        help=', '.join(TARGETS) + ' (default: all)')
    parser.add_argument('--inputs', type=int, default=0,
                        help='for each target, with earlier runs')
    parser.add_argument('--seconds', type=int, default=0,
                        help='for each target')
    parser.add_argument('--until', metavar='HH:MM', help='ends all targets')
    parser.add_argument('--again', action='store_true',
                        help='forget what earlier runs of this commit did')
    parser.add_argument('--nice', type=int, default=10, metavar='N')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--replay', action='store_true',
                        help='no fuzzing engine even if there is one')
    parser.add_argument('--plain', action='store_true',
                        help='no sanitizers either: several times as fast')
    options = parser.parse_args()
    for target in options.targets:
        if target not in TARGETS:
            parser.error('no target %s; there are %s' % (
                target, ', '.join(TARGETS)))
    if not options.inputs and not options.seconds and not options.until:
        options.seconds = 60
    return options


def main():
    options = arguments()
    how = 'plain' if options.plain else \
        'replay' if options.replay or not has_engine() else 'libfuzzer'
    last = time.monotonic() + (until(options.until) if options.until
                               else 10 ** 6)
    where = build(how)
    found = cache.place('fuzz')
    key = '%s %s' % (commit(), how)
    progress = Progress(found / 'progress.json', key, options.again)
    targets = options.targets or TARGETS
    before = {t: progress.of(t)['reports'] for t in targets}
    for n, target in enumerate(targets):
        now = time.monotonic()
        end = now + (last - now) / (len(targets) - n)
        if options.seconds:
            end = min(end, now + options.seconds)
        run(how, where, target, found, progress, options, end)
    print('\n%s, %s\n%-10s %11s %8s %8s' % (
        datetime.date.today(), key, 'target', 'inputs', 'seconds', 'reports'))
    for target in targets:
        state = progress.of(target)
        print('%-10s %11d %8d %8d' % (target, state['inputs'],
                                      state['seconds'], state['reports']))
    return any(progress.of(t)['reports'] > before[t] for t in targets)


if __name__ == '__main__':
    sys.exit(main())
