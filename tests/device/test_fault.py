"""Kernels that never end: timeout, on-fault, barred, last-fault, and the event
GPUVM_FAULT.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import unittest

import channel
import qtest

GPU = '/machine/peripheral/gpu0'


class Timeouts(unittest.TestCase):
    """A time with its unit; a bare number is in the property's own."""

    def test_units(self):
        m = qtest.Machine('vram=64M,timeout=10s', extra=())
        self.addCleanup(m.close)
        self.assertEqual(m.qmp('qom-get', path=GPU, property='timeout'), 10000)
        for value, ms in (('500ms', 500), ('2m', 120000), ('1.5s', 1500),
                          ('250', 250), (700, 700), ('0', 0), ('0s', 0),
                          ('3000000us', 3000)):
            m.qmp('qom-set', path=GPU, property='timeout', value=value)
            self.assertEqual(m.qmp('qom-get', path=GPU, property='timeout'),
                             ms, value)

    def test_quantum_and_wait_too(self):
        m = qtest.Machine(None, extra=(
            '-device', 'gpuvm-soft,id=soft0,vram=64M,quantum=1s,'
            'fair-wait=250us,band-period=0.2s',))
        self.addCleanup(m.close)
        for name, value in (('quantum', 1000), ('fair-wait', 250),
                            ('band-period', 200)):
            self.assertEqual(m.qmp('qom-get', property=name,
                                   path='/machine/peripheral/soft0'), value)

    def test_refused(self):
        for value in ('10h', '-1s', 's', '10 s', '1e9m', '1us', 'nan', ''):
            said = qtest.refused('vram=64M,timeout=' + value) or ''
            self.assertIn("'timeout'", said, value)
            self.assertIn('500ms', said, value)
        said = qtest.refused('vram=64M,on-fault=panic') or ''
        self.assertIn("'on-fault' is 'panic'", said)
        self.assertIn('stop-vm or bar-vm', said)


class OnFault(unittest.TestCase):
    def start(self, properties):
        self.m = qtest.Machine('vram=64M,timeout=300ms' + properties)
        self.addCleanup(self.m.close)
        self.m.enable()
        self.d = channel.Driver(self.m)
        self.d.channel(2)
        self.d.channel(3)
        self.d.playlist(2, 3)
        self.assertTrue(self.d.fenced(3, 1))

    def endless(self):
        self.d.grid(2, channel.BRA_SELF)
        self.d.submit(2)

    def get(self, name):
        return self.m.qmp('qom-get', path=GPU, property=name)

    def put(self, name, value):
        self.m.qmp('qom-set', path=GPU, property=name, value=value)

    def faults(self):
        return [e['data'] for e in self.m.events
                if e['event'] == 'GPUVM_FAULT']

    def check_event(self, seq, action):
        last = json.loads(self.get('last-fault'))
        self.assertEqual((last['seq'], last['channel'], last['action']),
                         (seq, 2, action))
        self.assertGreaterEqual(last['gpu-ms'], 300)
        self.assertEqual(self.m.stats()['runaways'], seq)
        self.assertEqual(len(self.faults()), seq)
        self.assertEqual(self.faults()[-1], dict(
            last, device='gpu0', path=GPU))

    def test_reset_channel(self):
        self.start('')
        self.assertEqual(self.get('on-fault'), 'reset-channel')
        self.assertEqual(self.get('last-fault'), '{}')
        self.endless()
        self.assertTrue(self.d.wait(lambda: self.d.hung() == 2))
        self.check_event(1, 'reset-channel')
        self.assertEqual(self.m.qmp('query-status')['status'], 'running')
        self.d.recover(2, 3)
        self.assertTrue(self.d.fenced(3, 2))

    def stopped(self):
        return self.m.qmp('query-status')['status'] == 'watchdog'

    def test_stop_vm(self):
        self.start(',on-fault=stop-vm')
        self.endless()
        self.assertTrue(self.d.wait(self.stopped))
        self.check_event(1, 'stop-vm')
        self.assertIn('STOP', [e['event'] for e in self.m.events])
        self.assertIsNone(self.d.hung())
        busy = self.m.stats()['gpu_busy_ns']
        self.m.qmp('cont')              # another 300 ms of GPU time
        self.assertTrue(self.d.wait(self.stopped))
        self.check_event(2, 'stop-vm')
        self.assertGreater(self.m.stats()['gpu_busy_ns'] - busy, 150000000)
        self.put('on-fault', 'reset-channel')
        self.m.qmp('cont')
        self.assertTrue(self.d.wait(lambda: self.d.hung() == 2))
        self.check_event(3, 'reset-channel')
        self.d.recover(2, 3)
        self.assertTrue(self.d.fenced(3, 2))

    def refused(self, c):
        """Work on channel c fails without having run."""
        self.d.fence(c, 77)
        self.d.submit(c)
        self.assertTrue(self.d.wait(lambda: self.d.hung() == c))
        self.assertNotEqual(self.d.fence_value(c), 77)

    def restart(self):
        """As after a reset: channel 3 anew, and whether it works."""
        self.m.enable()
        self.d = channel.Driver(self.m)
        self.d.channel(3)
        self.d.playlist(3)

    def test_bar_vm(self):
        self.start(',on-fault=bar-vm')
        self.assertIs(self.get('barred'), False)
        self.endless()
        self.assertTrue(self.d.wait(lambda: self.d.hung() == 2))
        self.check_event(1, 'bar-vm')
        self.assertIs(self.get('barred'), True)
        self.d.recover(2, 3)
        self.refused(3)
        self.assertEqual(self.m.stats()['barred'], 1)
        self.assertEqual(self.m.qmp('query-status')['status'], 'running')
        # the guest's own reset of the function does not help it
        exp = self.m.capability(0x10)
        self.m.config_write(exp + 8, self.m.config_read(exp + 8, 2) | 1 << 15,
                            2)
        self.assertIs(self.get('barred'), True)
        self.restart()
        self.refused(3)
        # the property does
        self.put('barred', False)
        self.d.recover(3)
        self.d.channel(5)
        self.d.playlist(5)
        self.assertTrue(self.d.fenced(5, 4))

    def test_machine_reset_lifts_the_bar(self):
        self.start(',on-fault=bar-vm')
        self.endless()
        self.assertTrue(self.d.wait(lambda: self.get('barred')))
        self.m.qmp('system_reset')
        self.assertIs(self.get('barred'), False)
        self.restart()
        self.assertTrue(self.d.fenced(3, 5))

    def test_barred_by_hand_outlives_resets(self):
        self.start('')
        self.put('barred', True)
        self.m.qmp('system_reset')
        self.assertIs(self.get('barred'), True)
        self.restart()
        self.refused(3)
        self.put('barred', False)
        self.m.qmp('system_reset')
        self.restart()
        self.assertTrue(self.d.fenced(3, 6))


if __name__ == '__main__':
    unittest.main()
