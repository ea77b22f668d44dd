"""Counts test results and shows each as it comes; the closing line is last.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import re
import sys


class Tally:
    """only: a regular expression; tests whose name does not match are left
    out (and not counted)."""

    def __init__(self, only=None):
        self.only = re.compile(only) if only else None
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def wants(self, name):
        return self.only is None or self.only.search(name) is not None

    def _show(self, verdict, name, detail):
        sys.stdout.write('%-7s %s%s\n' % (verdict, name,
                                          ': ' + detail if detail else ''))
        sys.stdout.flush()

    def ok(self, name, seconds=None):
        self.passed += 1
        self._show('ok', name, '' if seconds is None else '%.1f s' % seconds)

    def fail(self, name, why):
        self.failed += 1
        self.failures.append(name)
        first, _, rest = why.strip().partition('\n')
        self._show('FAILED', name, first)
        lines = rest.splitlines()
        if len(lines) > 40:
            lines = lines[:10] + ['...'] + lines[-28:]
        for line in lines:
            sys.stdout.write('        | %s\n' % line)
        sys.stdout.flush()

    def skip(self, name, why):
        self.skipped += 1
        self._show('skipped', name, why)

    def close(self):
        """Print the closing line; returns the exit status."""
        if self.failures:
            print('failed: ' + ' '.join(self.failures))
        print('%d passed, %d failed, %d skipped' %
              (self.passed, self.failed, self.skipped))
        return 1 if self.failed or not self.passed else 0
