"""Several QEMU processes on one GPU: share=NAME.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import pathlib
import signal
import time
import unittest

import qtest

GPU = '/machine/peripheral/gpu0'
SOFT = '/machine/peripheral/soft0'


class Sharing(unittest.TestCase):
    def setUp(self):
        self.name = 'qtest-%d' % os.getpid()
        self.file = pathlib.Path('/dev/shm/gpuvm-%d' % os.geteuid(),
                                 self.name)

    def start(self, vram='256M', soft='', properties='', own='64M'):
        m = qtest.Machine(None, extra=(
            '-device', 'gpuvm-soft,id=soft0,vram=%s,share=%s%s' %
            (vram, self.name, soft),
            '-device', 'gpuvm,id=gpu0,addr=0x10,gpu=soft0,vram=%s%s' %
            (own, properties)))
        self.addCleanup(m.close)
        return m

    def start_soon(self, **kwargs):
        """As soon as the VRAM of one who left is free."""
        end = time.monotonic() + 20
        while True:
            try:
                return self.start(**kwargs)
            except RuntimeError:
                if time.monotonic() > end:
                    raise

    def refusal(self, *args, **kwargs):
        with self.assertRaises(Exception) as caught:
            self.start(*args, **kwargs)
        return str(caught.exception)

    @staticmethod
    def leave(m):
        """QEMU ends as it does when a guest is shut down."""
        m.qmp('quit')
        m.process.wait(20)
        m.close()

    def test_one_vram_gone_with_the_last(self):
        one = self.start(own='128M')
        two = self.start(own='128M')
        self.assertTrue(self.file.exists())
        self.assertIn('256 of 256 MiB are taken', self.refusal())
        self.leave(one)
        three = self.start_soon(own='64M')
        self.leave(three)
        self.assertTrue(self.file.exists())
        self.leave(two)
        self.assertFalse(self.file.exists())

    def test_another_size_is_refused_with_both(self):
        self.start()
        said = self.refusal(vram='128M')
        self.assertIn('256 MiB', said)
        self.assertIn('128 MiB', said)

    def test_bad_name_is_refused(self):
        self.name = 'a/b'
        self.assertIn('give a name', self.refusal())

    def test_policy_is_the_arenas(self):
        one = self.start(soft=',policy=band,band-wait=123')
        two = self.start(soft=',policy=fifo')
        for m in (one, two):
            self.assertEqual(m.qmp('qom-get', path=SOFT, property='policy'),
                             'band')
        two.qmp('qom-set', path=SOFT, property='policy', value='credit')
        self.assertEqual(one.qmp('qom-get', path=SOFT, property='policy'),
                         'credit')

    def test_killed_one_is_forgotten(self):
        one = self.start(own='128M', properties=',weight=300')
        two = self.start(own='64M', properties=',weight=100')
        os.kill(one.process.pid, signal.SIGKILL)
        one.process.wait()
        three = self.start_soon(own='128M')     # its VRAM is free again
        self.leave(three)
        share = json.loads(two.qmp('qom-get', path=GPU, property='share'))
        self.assertEqual(share['weight'], 100)


if __name__ == '__main__':
    unittest.main()
