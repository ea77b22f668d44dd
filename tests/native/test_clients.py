"""Native clients that share one GPU (bench_fair.py measures): parts, totals,
a client that never ends, VRAM of the dead.  All results of all kernels are
checked; what is compared are parts of the GPU's own time and CPU seconds, so
that a busy machine changes little.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import re
import signal
import subprocess
import unittest

from gpuvmlib import bench_fair, console, core, loads

SECONDS = 3


class Sharing(unittest.TestCase):
    rounds = None

    @classmethod
    def setUpClass(cls):
        loads.ready()
        cls.rounds = loads.calibrate()

    def measure(self, *clients, policy='fair', quantum=10, seconds=SECONDS):
        r = bench_fair.measure(clients, policy, quantum, seconds, self.rounds)
        self.assertEqual(bench_fair.wrongs([r]), [])
        self.assertLess(r['busy'], 1.03)    # one at a time has the GPU
        return r

    def test_short_and_long_kernels(self):
        r = self.measure(loads.Client('short', 1), loads.Client('long', 50))
        for c in r['clients']:
            self.assertGreater(c['received'] / r['busy'], 0.42, c['name'])

    def test_short_and_long_without_preempting(self):
        r = self.measure(loads.Client('short', 1), loads.Client('long', 50),
                         quantum=0)
        for c in r['clients']:
            self.assertGreater(c['received'] / r['busy'], 0.4, c['name'])
        fifo = self.measure(loads.Client('short', 1), loads.Client('long', 50),
                            policy='fifo', quantum=0)
        short = fifo['clients'][0]
        self.assertLess(short['received'] / fifo['busy'], 0.2)

    def test_neighbour_of_an_endless_kernel(self):
        r = self.measure(loads.Client('endless', endless=True),
                         loads.Client('neighbour', 5), seconds=4)
        self.assertGreater(r['clients'][1]['received'] / r['busy'], 0.475)

    def test_eight_clients(self):
        one = self.measure(loads.Client('one', 5))
        weights = (100, 200) * 4
        r = self.measure(*[loads.Client('client%d' % n, 5, weight)
                           for n, weight in enumerate(weights)], seconds=6)
        for c in r['clients']:
            part = c['received'] / r['busy']
            self.assertGreater(part, 0.7 * c['ideal'], c['name'])
            self.assertLess(part, 1.3 * c['ideal'], c['name'])
        s = bench_fair.summary(r, [one])
        self.assertGreater(s['per_cpu'], 0.6)
        self.assertGreater(s['busy'], 0.85)


class Vram(unittest.TestCase):
    """Who dies leaves nothing to the next owner of its VRAM."""

    @classmethod
    def setUpClass(cls):
        loads.ready()

    def start(self, share, word):
        env = loads.environment(share, 64)      # all there is
        program = core.tree() / 'tests' / 'programs' / 'gpu-load'
        return console.spawn([program, word], env=env, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def test_vram_of_the_dead_is_zero(self):
        share = 'native-vram-%d' % os.getpid()
        watch = loads.Watch(share, 'fair', 10, 64)  # the arena outlives it
        self.addCleanup(watch.close)
        for _ in range(3):
            one = self.start(share, '--stain')
            said = one.stdout.readline()
            self.assertGreater(int(said.split()[1]), 48 << 20, said)
            os.killpg(one.pid, signal.SIGKILL)
            console.reap(one)
            watch.wait(lambda: not watch.slots(), 'nobody reaps the dead')
            two = self.start(share, '--sniff')
            told = two.communicate(timeout=300)[0]
            console.reap(two)
            hit = re.search(r'sniffed (\d+), (\d+) not zero', told)
            self.assertTrue(hit, told)
            self.assertEqual(int(hit.group(1)), int(said.split()[1]))
            self.assertEqual(int(hit.group(2)), 0)


if __name__ == '__main__':
    unittest.main()
