"""Choice of a QEMU: versions that the archive lists, those that it does not
serve, the refusals of --qemu distro.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import re
import tempfile
import unittest
from unittest import mock

from gpuvmlib import cache, cli, console, distro, qemu, versions

LISTED = """\
Package: qemu
Version: 1:10.0.9+ds-2
Version: 1:10.0.13+ds-0+deb13u1
Version: 1:10.0.14+ds-1~bpo13+1
Version: 1:10.2.2+ds-1
Version: 1:100.0+ds-1
"""


class FakeApt:
    suite = 'trixie'

    def query(self, *args):
        return LISTED


class Versions(unittest.TestCase):
    def test_newest_of_the_version_first_and_no_backport(self):
        self.assertEqual(qemu.listed_sources(FakeApt(), '10.0'),
                         ['1:10.0.13+ds-0+deb13u1', '1:10.0.9+ds-2'])
        self.assertEqual(qemu.listed_sources(FakeApt(), '11.1'), [])

    def test_each_version_has_a_series_of_one_line_hooks(self):
        for version in versions.TABLE:
            text = ''.join(p.read_text() for p in qemu.series(version))
            added = re.findall(r'^\+[^+].*$', text, re.M)
            self.assertEqual(sorted(added), [
                "+    'hw/gpuvm',", "+source gpuvm/Kconfig",
                "+subdir('gpuvm')"], version)

    def test_newest_falls_back_to_what_is_served(self):
        asked = []

        def fake(name, module, xen):
            one = mock.Mock()
            asked.append(name)
            if name == '11.1':
                one.build.side_effect = qemu.NotServed('404')
            one.build.return_value = name
            return one
        with mock.patch.object(qemu, 'builder', fake):
            self.assertEqual(qemu.build('newest'), '10.2')
            self.assertEqual(asked, ['11.1', '10.2'])
            # who names a version gets that one or an error
            with self.assertRaises(qemu.NotServed):
                qemu.build('11.1')

    def test_a_source_not_served_is_passed_over(self):
        def fake(argv, what, **kwargs):
            if argv[-1] == 'qemu=1:10.0.13+ds-0+deb13u1':
                raise console.GpuvmError('E: Failed to fetch x  404  Not Found')
            return ''
        one = qemu.Builder('10.0')
        with mock.patch.object(console, 'run', fake), \
                mock.patch.object(qemu.packages, 'Apt') as apt:
            apt.return_value.query = FakeApt().query
            self.assertEqual(one.fetch(), '1:10.0.9+ds-2')
            with self.assertRaises(qemu.NotServed) as caught:
                one.fetch('1:10.0.13+ds-0+deb13u1')
        self.assertIn('--qemu 7.2', caught.exception.remedy)

    def test_binaries_of_versions_and_kinds_lie_apart(self):
        def named(name, module=False, xen=False):
            one = qemu.builder(name, module, xen)
            with mock.patch.object(type(one), 'debian_version',
                                   lambda self: '1:7.2+x'):
                return one.binary()
        found = {named('7.2'), named('7.2', True), named('10.0'),
                 named('distro'), named('7.2', xen=True)}
        self.assertEqual(len(found), 5)

    def test_xen_s_options_are_its_build_s_alone(self):
        plain = versions.options('7.2', '1:7.2+x')
        self.assertNotIn('--enable-xen', plain)
        self.assertEqual(
            [o for o in versions.options('7.2', '1:7.2+x', xen=True)
             if o not in plain], ['--enable-xen', '--enable-vnc'])
        with self.assertRaises(console.GpuvmError):
            qemu.builder('distro', xen=True)

    def test_environment_names_a_version_or_a_file(self):
        with mock.patch.dict(os.environ, GPUVM_QEMU='/bin/sh'):
            self.assertEqual(qemu.ready(), pathlib.Path('/bin/sh'))
        with mock.patch.dict(os.environ, GPUVM_QEMU='10.0'), \
                mock.patch.object(qemu, 'build', lambda name: name):
            self.assertEqual(qemu.ready(), '10.0')
            self.assertEqual(qemu.ready('distro'), 'distro')

    def test_what_is_no_qemu_is_refused_with_the_remedy(self):
        for wish in ('/x/qemu', '/tmp', '/etc/passwd', '9.9', 'debian'):
            with mock.patch.dict(os.environ, GPUVM_QEMU=wish), \
                    self.assertRaises(console.GpuvmError) as caught:
                qemu.ready()
            self.assertIn('10.0', caught.exception.remedy, wish)

    def test_run_s_qemu_takes_options_alone(self):
        """The slip `run --qemu 10.0` must not boot with a disk "10.0"."""
        with mock.patch.object(console, 'say') as say:
            self.assertEqual(cli.main(['run', '--qemu', '10.0', '--', 'x']), 2)
        self.assertIn('--qemu-build 10.0', say.call_args[0][0])

    def test_old_binaries_go_by_kind(self):
        """Those of the module form are not 7.2's, though named alike."""
        names = ['bin-7.2-%016x' % n for n in range(6)] + \
            ['bin-7.2-module-%016x' % n for n in range(2)] + \
            ['bin-distro-%016x' % 1, 'bin-7.2-%016x.partial' % 9]
        with tempfile.TemporaryDirectory() as top:
            for n, name in enumerate(names):
                (pathlib.Path(top) / name).mkdir()
                os.utime(pathlib.Path(top) / name, (n, n))
            with mock.patch.object(cache, 'place',
                                   lambda *_: pathlib.Path(top)):
                qemu.keep_binaries('7.2', 4)
            left = sorted(p.name for p in pathlib.Path(top).iterdir())
        self.assertEqual(left, sorted(names[3:]))


class Distro(unittest.TestCase):
    def test_another_version_is_refused(self):
        for version in ('', '1:10.0.13+ds-0+deb13u1', '1:7.20+dfsg-1'):
            with self.assertRaises(console.GpuvmError) as caught:
                distro.require(version)
            self.assertIn('scripts/gpuvm build --qemu 7.2',
                          caught.exception.remedy)

    def test_a_changed_binary_is_refused(self):
        said = mock.Mock(stdout='??5??????   %s\n' % distro.BINARY)
        with mock.patch.object(distro.subprocess, 'run', lambda *a, **k: said):
            with self.assertRaises(console.GpuvmError) as caught:
                distro.require('1:7.2+dfsg-7+deb12u18')
        self.assertIn('not the file of Debian', str(caught.exception))

    def test_flags_for_a_shared_object(self):
        argv = ('ccache gcc -Ia -fPIE -DX="y z" -MD -MQ a.o -MF a.o.d '
                '-DBUILD_DSO -o a.o -c a.c').split(' ')
        self.assertEqual(distro.position_independent(argv), [
            'ccache', 'gcc', '-Ia', '-DX="y', 'z"', '-fPIC'])


class Preload(unittest.TestCase):
    """preload.c is compiled for --qemu distro alone."""

    def test_no_build_links_it(self):
        text = (cache.REPO / 'hw-gpuvm/device/meson.build').read_text()
        self.assertNotIn('preload.c', text)


if __name__ == '__main__':
    unittest.main()
