"""The Xen test's own parts, without Xen: the domain's file, the verdicts.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import ast
import contextlib
import io
import json
import types
import unittest

from gpuvmlib import tally, xentest


class Domain(unittest.TestCase):
    def settings(self, short):
        found = {}
        text = xentest.domain(types.SimpleNamespace(short=short))
        for node in ast.parse(text).body:
            name = node.targets[0].id
            self.assertNotIn(name, found)
            found[name] = ast.literal_eval(node.value)
        return found

    def test_xl_cfg_s_lines_are_in_it(self):
        found = self.settings(False)
        self.assertEqual(found['device_model_override'],
                         '/t/qemu-system-x86_64')
        self.assertEqual(found['device_model_args_hvm'][0], '-device')
        self.assertTrue(found['device_model_args_hvm'][1].startswith(
            'gpuvm,'))
        self.assertEqual((found['memory'], found['vga']), (512, 'none'))
        self.assertNotIn('gpuvm.short', found['cmdline'])

    def test_short_is_told_to_the_domain(self):
        self.assertIn('gpuvm.short', self.settings(True)['cmdline'].split())


def told(**counts):
    """The row that dom0 prints of the device's counters."""
    stats = {'bar0_reads': 204, 'bar0_writes': 5, 'pramin': 3, 'unknown': 0,
             'guest_errors': 0, 'faults': 0, 'doorbells': 9, 'interrupts': 2,
             'copy_bytes': 32768, 'launches': 2, 'ctas': 16, **counts}
    return 'gpuvm-stats: ' + json.dumps(json.dumps(stats))


class Verdicts(unittest.TestCase):
    def judge(self, rows, why='', short=True):
        one = tally.Tally()
        with contextlib.redirect_stdout(io.StringIO()):
            xentest.judge(types.SimpleNamespace(short=short), rows, why, one)
        return one

    def test_every_check_must_have_said_ok(self):
        rows = ['[  1.0] gpuvm-domu: ok %s: seen' % name
                for name in xentest.SHORT] + [told()]
        self.assertEqual((self.judge(rows).passed, self.judge(rows).failed),
                         (len(xentest.SHORT) + 2, 0))
        # one is missing; one has failed; the long run has more checks
        self.assertEqual(self.judge(rows[1:]).failures, ['xen/pci'])
        rows[2] = rows[2].replace(' ok ', ' failed ')
        self.assertEqual(self.judge(rows).failures, ['xen/ptimer'])
        self.assertEqual(self.judge(rows, short=False).failures,
                         ['xen/ptimer', 'xen/nouveau', 'xen/m2mf',
                          'xen/moves', 'xen/compute', 'xen/counters'])

    def test_counters_are_judged(self):
        rows = ['gpuvm-domu: ok %s: t=1.0 kernels=2 wrong=0' % name
                for name in xentest.CHECKS]
        for short, good in ((True, {}), (False, {'bar0_reads': 9000,
                                                 'pramin': 8000})):
            self.assertEqual(self.judge(rows + [told(**good)],
                                        short=short).failures, [])
            for bad in ({'unknown': 1}, {'bar0_reads': 203}):
                self.assertEqual(
                    self.judge(rows + [told(**{**good, **bad})],
                               short=short).failures, ['xen/counters'])
        for bad in ({'interrupts': 0}, {'copy_bytes': 28672}, {'ctas': 15},
                    {'launches': 3, 'ctas': 24}):
            row = told(**{'bar0_reads': 9000, 'pramin': 8000, **bad})
            self.assertEqual(self.judge(rows + [row], short=False).failures,
                             ['xen/counters'])
        self.assertEqual(self.judge(rows).failures, ['xen/counters'])
        self.assertEqual(self.judge(rows + ['gpuvm-stats: ']).failures,
                         ['xen/counters'])

    def test_a_log_with_qemu_s_complaints_fails(self):
        rows = ['gpuvm-domu: ok %s: seen' % name
                for name in xentest.SHORT] + [told()]
        for bad in ('d0v0 Over-allocation for d1: 65793 > 65792',
                    'Locked DMA mapping while invalidating mapcache!'):
            self.assertEqual(self.judge(rows + [bad]).failures, ['xen/log'])
        self.assertEqual(self.judge(rows, 'the machine ended').failures,
                         ['xen/log'])


if __name__ == '__main__':
    unittest.main()
