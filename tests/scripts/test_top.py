"""gpuvm top and set against QEMUs that a test plays.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import re
import socket
import tempfile
import threading
import unittest
from unittest import mock

from gpuvmlib import console, settings, top

GPU0 = '/machine/peripheral/gpu0'
SOFT = '/machine/peripheral/soft0'


def share(slot, weight, gpu_ns, **more):
    return {'slot': slot, 'weight': weight, 'cap': 0, 'entitled': 0.25,
            'received': 0.5, 'gpu_ns': gpu_ns, 'turns': 4,
            'wait_ns': 8000000, 'wait_max_ns': 5000000, **more}


class FakeQemu:
    """A monitor with one device gpuvm whose GPU soft0 is shared."""

    def __init__(self, path, slot, everyone):
        own = next(one for one in everyone if one['slot'] == slot)
        self.values = {
            (GPU0, 'share'): json.dumps(own),
            (GPU0, 'stats'): json.dumps({
                'bar0_reads': 10, 'bar0_writes': 5, 'aperture_traps': 1,
                'faults': 2, 'launches': 3}),
            (GPU0, 'sharers'): json.dumps({
                'policy': 'band', 'slot': slot, 'gone_ns': 100, 'busy_ns':
                100 + sum(one['gpu_ns'] for one in everyone),
                'vms': everyone}),
            (GPU0, 'gpu'): SOFT, (GPU0, 'vram'): 256 << 20,
            (GPU0, 'weight'): own['weight'], (GPU0, 'cap'): 0,
            (GPU0, 'timeout'): 10000, (GPU0, 'barred'): False,
            (GPU0, 'on-fault'): 'reset-channel', (SOFT, 'share'): 'lab',
            (SOFT, 'policy'): 'band', (SOFT, 'preempt'): True}
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(4)
        threading.Thread(target=self.serve, daemon=True).start()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()

    def serve(self):
        while True:
            try:
                sock = self.server.accept()[0]
            except OSError:
                return
            with sock, sock.makefile('rwb') as file:
                file.write(b'{"QMP": {}}\n')
                file.flush()
                for line in file:
                    file.write(json.dumps(self.answer(
                        json.loads(line))).encode() + b'\n')
                    file.flush()

    def answer(self, message):
        args = message.get('arguments', {})
        key = args.get('path'), args.get('property')
        if message['execute'] == 'qom-list':
            if args['path'] == '/machine/peripheral':
                return {'return': [
                    {'name': 'gpu0', 'type': 'child<gpuvm>'},
                    {'name': 'net0', 'type': 'child<virtio-net-pci>'}]}
            return {'return': [{'name': name, 'type': 'string'}
                               for path, name in self.values
                               if path == args['path']]}
        if message['execute'] == 'qom-set':
            if args['value'] == 'nonsense':
                return {'error': {'desc': 'not nonsense, please'}}
            self.values[key] = args['value']
        return {'return': self.values.get(key, {})}


class Top(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(dir='/tmp')
        self.addCleanup(self.dir.cleanup)
        patch = mock.patch.object(tempfile, 'gettempdir',
                                  lambda: self.dir.name)
        patch.start()
        self.addCleanup(patch.stop)
        self.everyone = [share(0, 100, 1500000000), share(3, 300, 500000000),
                         share(9, 50, 0, received=0.0, turns=0)]

    def start(self, name, slot):
        one = FakeQemu(top.directory() / (name + '.qmp'), slot, self.everyone)
        self.addCleanup(one.close)
        return one

    def test_vms_of_one_gpu_stand_together(self):
        self.start('vm1-7', 0)
        self.start('vm2-7', 3)
        seen = top.look()
        self.assertEqual([gpu['gpu'] for gpu in seen['gpus']], ['lab'])
        gpu = seen['gpus'][0]
        self.assertEqual([one['vm'] for one in gpu['vms']],
                         ['vm1-7', 'vm2-7', 'slot 9'])
        self.assertEqual(gpu['busy_ns'], gpu['gone_ns'] + sum(
            one['gpu_ns'] for one in gpu['vms']))
        text = top.table(seen)
        self.assertRegex(text, r'(?m)^vm1-7 +100 +- +25\.0% +50\.0%  '
                         r'#####\|####\.+ +1\.50s +2\.0/5\.0 ms +16 +2 +256M$')
        self.assertRegex(text, r'(?m)^slot 9 +50 .* 0\.00s +0\.0/')

    def test_a_socket_without_a_qemu_goes(self):
        path = top.directory() / 'dead-1.qmp'
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(path))
        self.assertEqual(top.look()['gpus'], [])
        self.assertFalse(path.exists())
        self.assertIn('no VM', top.table(top.look()))

    def test_somebody_elses_directory_is_refused(self):
        os.chmod(top.directory(), 0o755)
        with self.assertRaises(console.GpuvmError):
            top.directory()

    def test_prometheus(self):
        self.start('vm1-7', 0)
        path = pathlib.Path(self.dir.name) / 'gpuvm.prom'
        top.write(path, top.prometheus(top.look()))
        lines = path.read_text().splitlines()
        self.assertIn('gpuvm_gpu_seconds_total{gpu="lab",vm="vm1-7",'
                      'device="gpu0"} 1.5', lines)
        self.assertIn('gpuvm_busy_seconds_total{gpu="lab"} 2.0000001', lines)
        sample = re.compile(r'gpuvm_\w+\{(\w+="[^"]*",?)+\} \S+$')
        for line in lines:
            self.assertTrue(line.startswith('# ') or sample.match(line), line)

    def call_set(self, *words):
        parser = argparse.ArgumentParser()
        settings.add_arguments(parser)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            settings.main(parser.parse_args(words))
        return said.getvalue()

    def test_set(self):
        one = self.start('vm1-7', 0)
        self.start('other-7', 3)
        said = self.call_set('vm1', 'weight=250', 'policy=fair',
                             'preempt=off')
        self.assertEqual(one.values[GPU0, 'weight'], 250)
        self.assertEqual(one.values[SOFT, 'policy'], 'fair')
        self.assertIs(one.values[SOFT, 'preempt'], False)
        self.assertIn('weight=250\n', said)
        self.assertIn('preempt=off\n', said)

    def test_set_says_what_is_wrong(self):
        self.start('vm1-7', 0)
        self.start('vm2-7', 3)
        for words, hint in ((('vm3', 'weight=1'), 'vm1-7, vm2-7'),
                            (('vm', 'weight=1'), 'more than one'),
                            (('vm1', 'colour=red'), 'weight, cap'),
                            (('vm1', 'weight'), 'NAME=VALUE'),
                            (('vm1/gpu7', 'weight=1'), 'no device gpu7'),
                            (('vm1', 'policy=nonsense'), 'not nonsense')):
            with self.assertRaises(console.GpuvmError) as caught:
                self.call_set(*words)
            self.assertIn(hint, str(caught.exception))


if __name__ == '__main__':
    unittest.main()
