#!/usr/bin/python3
"""Run the fuzz targets: tests/fuzz/run.py [--inputs N] [--seconds S] [TARGET...]

With clang and libFuzzer (Debian: clang, libclang-rt-14-dev) the targets are
built with coverage, AddressSanitizer and UBSan and start from the corpus in
tests/fuzz/corpus plus what earlier runs found (in the cache).  Without clang,
or with --replay, the same targets are built by gcc with the same sanitizers
and get pseudo-random inputs from a seed instead.

A run ends after --inputs inputs or --seconds seconds, whichever is first, for
each target.  One line a target says how many inputs it was; what made a target
fail is kept beside the corpus in the cache and its path printed.  Exit status
1 if any failed.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / 'scripts'))

from gpuvmlib import cache, core  # noqa: E402  (needs the path above)

TARGETS = ('bar', 'push', 'shader', 'macro', 'pagetable', 'decode')
SANITIZE = ['-Db_sanitize=address,undefined', '-Db_lundef=false']


def has_engine():
    """Whether clang can link a libFuzzer program."""
    if not shutil.which('clang'):
        return False
    return subprocess.run(
        ['clang', '-x', 'c', '-', '-fsanitize=fuzzer', '-o', '/dev/null'],
        input=b'int LLVMFuzzerTestOneInput(const char *p, long n)'
              b'{ return !p && n; }', stderr=subprocess.DEVNULL,
        check=False).returncode == 0


def build(engine, plain):
    """The folder with the programs."""
    if plain:
        return core.build() / 'tests' / 'fuzz'
    if engine:
        os.environ['CC'] = 'clang'
        where = core.build(kind='libfuzzer', options=SANITIZE + [
            '-Dc_args=-fsanitize=fuzzer-no-link'])
    else:
        where = core.build(kind='sanitize', options=SANITIZE)
    return where / 'tests' / 'fuzz'


def run_engine(program, target, options, found):
    """libFuzzer: (inputs, exit status, last lines)."""
    argv = ['nice', str(program), '-max_len=1024', '-len_control=0',
            '-timeout=20', '-rss_limit_mb=3000', '-print_final_stats=1',
            '-artifact_prefix=%s/crash-%s-' % (found, target)]
    if options.inputs:
        argv += ['-runs=%d' % options.inputs]
    if options.seconds:
        argv += ['-max_total_time=%d' % options.seconds]
    corpus = found / target
    corpus.mkdir(parents=True, exist_ok=True)
    argv += [str(corpus), str(HERE / 'corpus' / target)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, errors='replace')
    count = re.search(r'number_of_executed_units: (\d+)', done.stdout)
    return int(count[1]) if count else 0, done.returncode, done.stdout


def run_replay(program, target, options, found):
    """The replay program: the same."""
    argv = ['nice', str(program), '-n', str(options.inputs or 10 ** 9),
            '-s', str(options.seed)]
    if options.seconds:
        argv += ['-t', str(options.seconds)]
    found.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(argv + [str(HERE / 'corpus' / target)],
                          stdout=subprocess.PIPE, cwd=found, check=False,
                          stderr=subprocess.STDOUT, errors='replace')
    count = re.search(r'and (\d+) random inputs', done.stdout)
    return int(count[1]) if count else 0, done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('targets', nargs='*', metavar='TARGET',
                        help=', '.join(TARGETS) + ' (default: all)')
    parser.add_argument('--inputs', type=int, default=0)
    parser.add_argument('--seconds', type=int, default=0)
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
    if not options.inputs and not options.seconds:
        options.seconds = 60
    engine = not options.replay and not options.plain and has_engine()
    where = build(engine, options.plain)
    found = cache.place('fuzz')
    failed = 0
    for target in options.targets or TARGETS:
        start = time.monotonic()
        prefix, run = ('libfuzz-', run_engine) if engine else \
            ('fuzz-', run_replay)
        count, status, said = run(where / (prefix + target), target, options,
                                  found)
        print('%-10s %9d inputs in %5.0f s  %s' % (
            target, count, time.monotonic() - start,
            'FAILED' if status else 'no report'), flush=True)
        if status:
            failed += 1
            print(said[-4000:])
            print('what was found is in %s' % found)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
