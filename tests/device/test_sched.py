"""How devices share a GPU: properties, their checks, changes while they run,
and what a device says of its share.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import unittest

import qtest

GPU = '/machine/peripheral/gpu0'
SOFT = '/machine/peripheral/soft0'


class Scheduling(unittest.TestCase):
    def start(self, soft='', properties=''):
        self.m = qtest.Machine(None, extra=(
            '-device', 'gpuvm-soft,id=soft0,vram=64M' + soft,
            '-device', 'gpuvm,id=gpu0,addr=0x10,gpu=soft0,vram=64M' +
            properties))
        self.addCleanup(self.m.close)

    def get(self, path, name):
        return self.m.qmp('qom-get', path=path, property=name)

    def put(self, path, name, value):
        """The error's text, or None."""
        try:
            self.m.qmp('qom-set', path=path, property=name, value=value)
        except RuntimeError as error:
            return str(error)
        return None

    def share(self):
        return json.loads(self.get(GPU, 'share'))

    def test_start_values(self):
        self.start(',policy=band,preempt=off,quantum=5,band-wait=100',
                   ',weight=300,cap=40,timeout=500')
        self.assertEqual(self.get(SOFT, 'policy'), 'band')
        self.assertIs(self.get(SOFT, 'preempt'), False)
        self.assertEqual(self.get(SOFT, 'quantum'), 5)
        self.assertEqual(self.get(SOFT, 'band-wait'), 100)
        self.assertEqual(self.get(SOFT, 'credit-period'), 100)
        self.assertEqual(self.get(GPU, 'timeout'), 500)
        share = self.share()
        self.assertEqual((share['weight'], share['cap']), (300, 40))
        self.assertEqual((share['gpu_ns'], share['turns']), (0, 0))
        self.assertEqual(share['entitled'], 0.4)

    def test_live_changes(self):
        self.start()
        self.assertEqual(self.share()['weight'], 100)
        self.assertEqual(self.share()['entitled'], 1.0)
        for path, name, value in (
                (GPU, 'weight', 1000), (GPU, 'cap', 25), (GPU, 'timeout', 0),
                (SOFT, 'policy', 'credit'), (SOFT, 'policy', 'fifo'),
                (SOFT, 'preempt', False), (SOFT, 'quantum', 50),
                (SOFT, 'fair-wait', 0), (SOFT, 'credit-threshold', 1000)):
            self.assertIsNone(self.put(path, name, value), name)
            self.assertEqual(self.get(path, name), value)
        self.assertEqual(self.share()['weight'], 1000)
        self.assertEqual(self.share()['cap'], 25)
        self.assertEqual(self.share()['entitled'], 0.25)

    def test_refused_changes(self):
        self.start()
        for path, name, value, remedy in (
                (GPU, 'weight', 0, '1 to 1000'),
                (GPU, 'weight', 1001, '1 to 1000'),
                (GPU, 'weight', 'much', '1 to 1000'),
                (GPU, 'cap', 101, '0 to 100 percent'),
                (GPU, 'timeout', -1, '0 to'),
                (SOFT, 'policy', 'lottery', 'fair, credit, band, fifo'),
                (SOFT, 'quantum', 0, '1 to 10000 ms'),
                (SOFT, 'fair-wait', 501, '0 to 500 us')):
            said = self.put(path, name, value) or ''
            self.assertIn("'%s'" % name, said)
            self.assertIn(remedy, said)
            if value != -1:
                self.assertIn(str(value), said)
        self.assertEqual(self.share()['weight'], 100)
        self.assertEqual(self.get(SOFT, 'policy'), 'fair')

    def test_refused_at_start(self):
        for properties, name in (('cap=200', 'cap'), ('weight=x', 'weight')):
            said = qtest.refused('vram=64M,' + properties) or ''
            self.assertIn("'%s'" % name, said)

