"""The scripts themselves, without QEMU: cutting of the command line, checks as
data, the cache's mirror, the initial RAM disk's format, KVM's test boot.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import ast
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest
from xml.etree import ElementTree

from gpuvmlib import (bench_compute, cache, checks, cli, console, guest, kernel,
                      kvm, libvirt, qemu, run, tally, xlcfg)


class LibvirtXml(unittest.TestCase):
    def elements(self, *words):
        parser = argparse.ArgumentParser()
        libvirt.add_arguments(parser)
        text = libvirt.snippet('/a&b/qemu', parser.parse_args(words))
        domain = ElementTree.fromstring(
            '<domain xmlns:qemu="%s">%s</domain>' % (libvirt.NAMESPACE, text))
        words = [arg.get('value') for arg in domain.iter(
            '{%s}arg' % libvirt.NAMESPACE)]
        self.assertEqual(domain.find('emulator').text, '/a&b/qemu')
        self.assertEqual(words[0::2], ['-device'] * (len(words) // 2))
        return [json.loads(word) for word in words[1::2]]

    def test_one_device(self):
        self.assertEqual(self.elements('--vram', '2G', '--gpu',
                                       'weight=200,bar-remap=off'), [
            {'driver': 'gpuvm', 'id': 'gpu0', 'bus': 'pcie.0',
             'addr': '0x10', 'vram': 2 << 30, 'weight': 200,
             'bar-remap': False}])

    def test_a_shared_gpu(self):
        gpu, board = self.elements('--share', 'a"<b', '--total', '8G')
        self.assertEqual((gpu['share'], gpu['vram']), ('a"<b', 8 << 30))
        self.assertEqual(board['gpu'], gpu['id'])

    def test_bad_values_name_the_remedy(self):
        for words in (('--vram', '512'), ('--gpu', 'weight')):
            with self.assertRaises(console.GpuvmError) as caught:
                self.elements(*words)
            self.assertIn(words[1], str(caught.exception))


class XlCfg(unittest.TestCase):
    def settings(self, *words, binary='/opt/a b/qemu'):
        """The file as xl reads it: NAME = string or list of strings."""
        parser = argparse.ArgumentParser()
        xlcfg.add_arguments(parser)
        text = xlcfg.snippet(binary, parser.parse_args(words))
        found = {}
        for node in ast.parse(text).body:
            found[node.targets[0].id] = ast.literal_eval(node.value)
        return found

    def test_one_device(self):
        found = self.settings('--vram', '1G', '--gpu',
                              'weight=200,bar-remap=off')
        self.assertEqual(found, {
            'type': 'hvm', 'device_model_version': 'qemu-xen',
            'device_model_override': '/opt/a b/qemu',
            'device_model_args_hvm': [
                '-device', 'gpuvm,id=gpu0,bus=pci.0,addr=0x10,vram=1G,'
                'weight=200,bar-remap=off']})

    def test_a_shared_gpu_is_there_before_its_user(self):
        found = self.settings('--share', 'a"b,c\\d', '--total', '8G',
                              binary='/a"b')
        self.assertEqual(found['device_model_override'], '/a"b')
        self.assertEqual(found['device_model_args_hvm'], [
            '-device', 'gpuvm-soft,id=soft0,share=a"b,,c\\d,vram=8G',
            '-device', 'gpuvm,id=gpu0,bus=pci.0,addr=0x10,vram=512M,'
            'gpu=soft0'])

    def test_bad_values_name_the_remedy(self):
        for words in (('--vram', '512'), ('--gpu', 'weight')):
            with self.assertRaises(console.GpuvmError) as caught:
                self.settings(*words)
            self.assertIn(words[1], str(caught.exception))

    def test_the_binary_s_path_is_absolute(self):
        options = cli.parser_of_verbs().parse_args(
            ['xl-cfg', '--binary', 'qemu'])
        with self.assertRaises(console.GpuvmError) as caught:
            options.main(options)
        self.assertIn('absolute', str(caught.exception))


class CommandLine(unittest.TestCase):
    def test_command_after_dashes(self):
        self.assertEqual(cli.split(['run', '--vms', '2', '--', 'ls', '--all']),
                         (['run', '--vms', '2'], ['ls', '--all'], []))

    def test_qemu_takes_all_up_to_dashes(self):
        self.assertEqual(
            cli.split(['run', '--qemu', '-device', 'x', '--', 'ls']),
            (['run'], ['ls'], ['-device', 'x']))

    def test_build_has_its_own_qemu_option(self):
        self.assertEqual(cli.split(['build', '--qemu', '7.2'])[0],
                         ['build', '--qemu', '7.2'])

    def test_words_stay_words(self):
        text = run.script_of(['echo', 'a  b', "it's"])
        out = subprocess.run(['bash', '-c', text], capture_output=True,
                             text=True, check=True).stdout
        self.assertEqual(out, "a  b it's\n")

    def test_one_word_is_shell(self):
        self.assertEqual(run.script_of(['ls | wc -l']), 'ls | wc -l\n')


class Checks(unittest.TestCase):
    TOML = r'''
[[boot]]
name = "b"
[[boot.check]]
name = "good"
run = "echo one; echo two"
expect = ['^two$']
[[boot.check]]
name = "bad"
run = "exit 3"
[[boot.check]]
name = "after-bad"
needs = "bad"
run = "echo must not run"
[[boot.check]]
name = "slow"
timeout = 1
run = "sleep 30"
[[boot.check]]
name = "refused"
run = "printf 'no newline'"
refuse = ['new']
'''

    def results(self):
        with tempfile.NamedTemporaryFile('w', suffix='.toml') as file:
            file.write(self.TOML)
            file.flush()
            _, these = checks.load(file.name)[0]
        script = checks.Script(these)
        out = subprocess.run(['bash', '-c', script.text()],
                             capture_output=True, check=False).stdout
        found = {}
        for at in range(0, len(out), 7):    # in small pieces, as from a port
            for check, status, _, output in script.feed(out[at:at + 7]):
                found[check.name] = (status, output,
                                     check.judge(status, output, []))
        return found

    def test_verdicts(self):
        found = self.results()
        self.assertEqual(found['good'], (0, 'one\ntwo', None))
        self.assertIn('exit status 3', found['bad'][2])
        self.assertEqual(found['after-bad'][:2], (254, ''))
        self.assertIn('not done after 1 s', found['slow'][2])
        self.assertIn("has 'new'", found['refused'][2])

    def test_unknown_key_is_an_error(self):
        with tempfile.NamedTemporaryFile('w', suffix='.toml') as file:
            file.write('[[boot]]\nname="b"\n[[boot.check]]\nname="c"\n'
                       'run="x"\nexpects=[]\n')
            file.flush()
            with self.assertRaises(ValueError):
                checks.load(file.name)

    def test_dmesg_lines_must_be_allowed(self):
        check = checks.Check('d', 'x', dmesg=True)
        allowed = [re.compile('harmless')]
        self.assertIsNone(check.judge(0, 'a harmless line', allowed))
        self.assertIn('other', check.judge(0, 'harmless\nother', allowed))

    def test_files_of_the_repository_load(self):
        for suite in ('guest', 'native'):
            for path in (cache.REPO / 'tests' / suite).glob('*.toml'):
                for boot, these in checks.load(path):
                    names = [c.name for c in these]
                    self.assertEqual(len(names), len(set(names)))
                    for check in these:
                        self.assertIn(check.needs, names + [''])
                        for pattern in check.expect + check.refuse:
                            re.compile(pattern)
                    self.assertTrue(boot['name'])
        checks.allowed_lines(cache.REPO / 'tests/guest/dmesg-allowed')

    def test_measure(self):
        self.assertTrue(checks.measure('== 0', 0))
        self.assertFalse(checks.measure('> 0', 0))
        self.assertTrue(checks.measure('>= 5', 5))
        self.assertTrue(checks.measure('< 0.5 b', 4, {'b': 9}))
        self.assertFalse(checks.measure('< 0.5 b', 5, {'b': 9}))


class Counting(unittest.TestCase):
    def test_closing_line(self):
        out = subprocess.run(
            ['/usr/bin/python3', '-c',
             'from gpuvmlib.tally import Tally\n'
             't = Tally()\nt.ok("a")\nt.fail("b", "why")\nt.skip("c", "no")\n'
             'raise SystemExit(t.close())'],
            env=dict(os.environ, PYTHONPATH=str(cache.REPO / 'scripts'),
                     PYTHONDONTWRITEBYTECODE='1'),
            capture_output=True, text=True, check=False)
        self.assertEqual(out.stdout.splitlines()[-1],
                         '1 passed, 1 failed, 1 skipped')
        self.assertEqual(out.returncode, 1)

    def test_nothing_passed_is_a_failure(self):
        with tempfile.TemporaryFile('w+') as sink:
            old, tally.sys.stdout = tally.sys.stdout, sink
            try:
                self.assertEqual(tally.Tally().close(), 1)
            finally:
                tally.sys.stdout = old


class Cache(unittest.TestCase):
    def test_mirror_keeps_dates_of_what_is_equal(self):
        with tempfile.TemporaryDirectory() as top:
            a, b = pathlib.Path(top, 'a'), pathlib.Path(top, 'b')
            (a / 'sub').mkdir(parents=True)
            (a / 'same.c').write_text('same')
            (a / 'sub' / 'new.c').write_text('old')
            (a / 'gone.c').write_text('gone')
            cache.mirror(a, b)
            os.utime(b / 'same.c', (1000, 1000))
            (a / 'sub' / 'new.c').write_text('new')
            (a / 'gone.c').unlink()
            cache.mirror(a, b)
            self.assertEqual((b / 'same.c').stat().st_mtime, 1000)
            self.assertEqual((b / 'sub' / 'new.c').read_text(), 'new')
            self.assertFalse((b / 'gone.c').exists())
            self.assertEqual(cache.tree_digest(a), cache.tree_digest(b))

    def test_half_made_is_not_found(self):
        with tempfile.TemporaryDirectory() as top:
            path = pathlib.Path(top, 'thing')
            with self.assertRaises(RuntimeError):
                with cache.making(path) as partial:
                    (partial / 'x').write_text('x')
                    raise RuntimeError
            self.assertFalse(path.exists())


class Kernel(unittest.TestCase):
    def test_cpio_is_what_the_kernel_reads(self):
        with tempfile.TemporaryDirectory() as top:
            path = pathlib.Path(top, 'x.cpio')
            archive = kernel.Cpio(path)
            archive.add('etc/deep/hello', b'hello\n', 0o755)
            archive.close()
            data, names, at = path.read_bytes(), [], 0
            while at < len(data):
                self.assertEqual(data[at:at + 6], b'070701')
                fields = [int(data[at + 6 + 8 * n:at + 14 + 8 * n], 16)
                          for n in range(13)]
                size, length = fields[6], fields[11]
                name = data[at + 110:at + 110 + length - 1].decode()
                at = (at + 110 + length + 3) // 4 * 4
                names.append((name, fields[1], data[at:at + size]))
                at = (at + size + 3) // 4 * 4
            self.assertEqual(names, [
                ('etc', 0o40755, b''), ('etc/deep', 0o40755, b''),
                ('etc/deep/hello', 0o100755, b'hello\n'),
                ('TRAILER!!!', 0, b'')])

    def test_vmlinux_out_of_a_bzimage(self):
        import lzma
        elf = b'\x7fELF' + bytes(1000)
        packed = lzma.compress(elf, check=lzma.CHECK_CRC32) + \
            struct.pack('<I', len(elf))
        image = bytearray(1024 + 64)
        image[0x1f1] = 1
        image[0x1fe:0x200] = b'\x55\xaa'
        image[0x202:0x206] = b'HdrS'
        struct.pack_into('<II', image, 0x248, 64, len(packed))
        self.assertEqual(kernel.extract_vmlinux(bytes(image) + packed), elf)

    def test_no_kernel_is_an_error(self):
        with self.assertRaises(console.GpuvmError):
            kernel.extract_vmlinux(bytes(4096))


class BenchCompute(unittest.TestCase):
    @staticmethod
    def side(name, kernels):
        side = bench_compute.Side(name, '', None)
        for ms in kernels:
            side.add({'device': 'd', 'platform': 'p', 'driver': '1',
                      'programs': [
                          {'name': 'LOOP', 'size': {}, 'right': True,
                           'why': '', 'has_kernel': True, 'init': 1,
                           'h2d': [1], 'launch': [ms + 1], 'kernel': [ms],
                           'd2h': [1], 'close': 1},
                          {'name': 'CPY', 'size': {}, 'right': ms < 100,
                           'why': 'late', 'has_kernel': False, 'init': 1,
                           'h2d': [7], 'launch': [0], 'kernel': [0],
                           'd2h': [5], 'close': 1}]})
        return side

    def test_medians_and_ratios(self):
        native = self.side('native', [8, 2, 4])
        pocl = self.side('pocl', [2, 1, 9])
        self.assertEqual(native.shown('LOOP'), 4)
        self.assertEqual(native.shown('CPY'), 12)
        self.assertEqual(bench_compute.mean_ratio(native, pocl), 2)
        self.assertEqual(bench_compute.pairs_of([native, pocl]),
                         [(native, pocl)])
        guest_side = self.side('guest', [12])
        self.assertEqual(bench_compute.pairs_of([native, guest_side]),
                         [(guest_side, native)])

    def test_engine_is_named_and_warm(self):
        side = bench_compute.Side('native', '', None, 'jit')
        self.assertEqual(side.warm()[0], '--warm')
        self.assertEqual(side.as_json()['engine'], 'jit')
        self.assertEqual(bench_compute.Side('n', '', None, 'interp').warm(),
                         [])
        self.assertEqual(self.side('pocl', [1]).as_json()['engine'], None)

    def test_copies_are_not_in_the_mean(self):
        self.assertAlmostEqual(bench_compute.geometric([2, 8, None]), 4)
        self.assertIsNone(bench_compute.geometric([]))

    def test_a_wrong_result_is_named(self):
        self.assertEqual(
            bench_compute.wrongs([self.side('native', [1, 200])]),
            ['CPY on native: late'])


class Guests(unittest.TestCase):
    def config(self, **more):
        path = pathlib.Path('/nonexistent')
        return guest.Config(qemu=path, vmlinux=path, initrd=path, disk=path,
                            script='true', **more)

    def test_no_gpu_means_no_device(self):
        one = guest.Guest(self.config(gpu=''), guest.Sink())
        try:
            self.assertNotIn('gpuvm', ' '.join(
                str(a) for a in one.command() if 'gpuvm,' in str(a)))
            self.assertIn("NOUVEAU='no'", one.job())
        finally:
            one.end()

    def test_commas_in_a_shared_path_are_doubled(self):
        one = guest.Guest(self.config(
            shares=((pathlib.Path('/a,b'), '/mnt/share', 'rw'),)),
            guest.Sink())
        try:
            self.assertIn('path=/a,,b,', ' '.join(
                str(a) for a in one.share_options()))
        finally:
            one.end()

    def test_files_go_with_the_guest(self):
        one = guest.Guest(self.config(), guest.Sink())
        one.command()
        self.assertTrue(one.dir.is_dir())
        one.end()
        self.assertFalse(one.dir.exists())

    def test_a_kvm_that_hangs_is_not_trusted(self):
        with tempfile.TemporaryDirectory() as top:
            fake = pathlib.Path(top, 'qemu')
            fake.write_text('#!/bin/sh\nexec sleep 60\n')
            fake.chmod(0o755)
            seconds, kvm.SECONDS = kvm.SECONDS, 1
            try:
                self.assertFalse(kvm.test_boot(fake, 'x', 'y'))
            finally:
                kvm.SECONDS = seconds

    def test_unsupported_qemu_names_the_remedy(self):
        with self.assertRaises(console.GpuvmError) as caught:
            qemu.Builder('1.0')
        self.assertIn('7.2', caught.exception.remedy)
