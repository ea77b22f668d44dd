#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every counter and every trace event really comes: fired.py TEST...

Runs unit tests, which say at their end what their hosts counted and traced
(main.c), and compares the union with the lists in base/counters.h and
base/trace.h.  What only QEMU's device can count is listed here with the test
that asserts it.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = ROOT / 'hw-gpuvm' / 'base'
# (kind, name): file and words of the test that sees it in QEMU
ELSEWHERE = {
    ('counter', 'interrupts'): ('tests/device/test_switches.py',
                                "stats()['interrupts'], 1)"),
}


def wanted():
    for kind, file in (('counter', 'counters.h'), ('trace', 'trace.h')):
        for name in re.findall(r'X\([A-Z0-9_]+, (\w+), (?:\d, )?"',
                               (BASE / file).read_text()):
            yield kind, name


def fired(programs):
    """{(kind, name)} of all programs; whether they pass is for meson to say."""
    found = set()
    with tempfile.TemporaryDirectory() as folder:
        for program in programs:
            told = pathlib.Path(folder) / pathlib.Path(program).name
            subprocess.run([program], check=False, stdout=subprocess.DEVNULL,
                           env=dict(os.environ, GPUVM_TEST_FIRED=str(told)))
            if told.exists():
                found |= {tuple(line.split())
                          for line in told.read_text().splitlines()}
    return found


def main():
    found = fired(sys.argv[1:])
    names = list(wanted())
    bad = 0
    for key in names:
        if key in ELSEWHERE:
            file, words = ELSEWHERE[key]
            good = words in (ROOT / file).read_text()
        else:
            good = key in found
        if not good:
            bad += 1
            print('never fired: %s %s' % key)
    print('%d of %d fired' % (len(names) - bad, len(names)))
    return 1 if bad or len(names) < 50 else 0


if __name__ == '__main__':
    sys.exit(main())
