"""QEMU with our device, built from the distribution's own source package.

  source   apt's newest qemu of the machine's suite, unpacked with Debian's
           patches, then our series qemu-patches/VERSION/*.patch (no fuzz)
  tree     cache/qemu/tree-KEY/{src,build}, KEY = version, series and options;
           src/hw/gpuvm is a copy of hw-gpuvm/ in which only files whose
           content changed are written, so ninja rebuilds just those
  binary   cache/qemu/bin-KEY/qemu-system-x86_64, KEY = tree and content of
           hw-gpuvm/; there already: nothing to do

Guests that run keep the binary that they started with.  The environment
variable GPUVM_QEMU makes every verb use that binary instead.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import re
import shutil
import subprocess

from . import cache, console, packages

VERSIONS = ('7.2',)
DEFAULT = '7.2'
FIRMWARE = '/usr/share/qemu:/usr/share/seabios:/usr/lib/ipxe/qemu'
OPTIONS = {
    '7.2': ['--with-git-submodules=ignore'],
}
COMMON_OPTIONS = [
    '--target-list=x86_64-softmmu', '--without-default-features',
    '--enable-tcg', '--enable-kvm', '--enable-fdt=system', '--enable-slirp',
    '--enable-coroutine-pool', '--enable-trace-backends=log', '--enable-pie',
    '--enable-virtfs', '--enable-attr', '--enable-cap-ng', '--disable-docs',
    '--disable-tools', '--disable-werror', '--firmwarepath=' + FIRMWARE,
]


def series(version):
    """Our patches for a QEMU version, in order."""
    found = sorted((cache.REPO / 'qemu-patches' / version).glob('*.patch'))
    if not found:
        raise console.GpuvmError('no patch series for QEMU %s' % version,
                                 'choose one of: %s' % ', '.join(VERSIONS))
    return found


def newest_source(apt, version):
    """The suite's newest version of the source package qemu."""
    out = apt.query('showsrc', '--only-source', 'qemu')
    found = [line.split()[1] for line in out.splitlines()
             if line.startswith('Version:') and '~bpo' not in line]
    found = [v for v in found
             if re.sub(r'^\d+:', '', v).startswith(version + '+')
             or re.sub(r'^\d+:', '', v).startswith(version + '.')]
    if not found:
        raise console.GpuvmError(
            'Debian %s has no source of QEMU %s' % (apt.suite, version))

    def newer(a, b):
        return subprocess.run(['dpkg', '--compare-versions', a, 'gt', b],
                              check=False).returncode == 0
    best = found[0]
    for v in found[1:]:
        if newer(v, best):
            best = v
    return best


def options(version, debian_version):
    return COMMON_OPTIONS + OPTIONS[version] + [
        '--with-pkgversion=gpuvm, Debian %s' % debian_version]


class Builder:
    """One version of QEMU in the cache."""

    def __init__(self, version=DEFAULT):
        if version not in VERSIONS:
            raise console.GpuvmError(
                'QEMU %s is not supported' % version,
                'scripts/gpuvm build --qemu %s' % ', '.join(VERSIONS))
        self.version = version
        self.log = packages.root_log('qemu-' + version)
        self.ours = cache.REPO / 'hw-gpuvm'
        # What was found at the last update; a look-up needs no apt.
        self.known = cache.place('qemu') / ('version-' + version)

    def debian_version(self, refresh=False):
        if self.known.exists() and not refresh:
            return self.known.read_text().strip()
        apt = packages.Apt('bookworm')
        apt.update()
        found = newest_source(apt, self.version)
        self.known.write_text(found + '\n')
        return found

    def tree_key(self):
        debian = self.debian_version()
        return cache.digest(debian, *options(self.version, debian),
                            *series(self.version))

    def tree(self):
        return cache.place('qemu') / ('tree-' + self.tree_key())

    def binary(self):
        key = cache.digest(self.tree_key(), cache.tree_digest(self.ours))
        return cache.place('qemu') / ('bin-' + key) / 'qemu-system-x86_64'

    def unpack(self):
        """Source with Debian's and our patches in tree/src."""
        debian = self.debian_version()
        apt = packages.Apt('bookworm')
        apt.update()
        fetched = cache.place('qemu', 'source')
        console.say('fetching the source of QEMU %s' % debian)
        console.run(['apt-get', *apt.options, '-qq', '--download-only',
                     'source', 'qemu=' + debian], 'fetching QEMU\'s source',
                    log=self.log, cwd=fetched)
        file_version = re.sub(r'^\d+:', '', debian)
        dsc = fetched / ('qemu_%s.dsc' % file_version)
        with cache.making(self.tree()) as partial:
            console.run(['dpkg-source', '-x', '--no-check', dsc,
                         partial / 'src'], 'unpacking QEMU', log=self.log)
            for patch in series(self.version):
                console.run(['patch', '-p1', '-F0', '--no-backup-if-mismatch',
                             '-i', patch], 'applying %s' % patch.name,
                            log=self.log, cwd=partial / 'src')
            cache.mirror(self.ours, partial / 'src' / 'hw' / 'gpuvm')
            (partial / 'build').mkdir()

    def environment(self):
        """Debian's own tools first: another python hides Debian's meson."""
        env = dict(os.environ)
        env['PATH'] = '/usr/bin:/usr/sbin:/bin:' + env.get('PATH', '')
        env.pop('PYTHONPATH', None)
        return env

    def configure(self):
        build = self.tree() / 'build'
        argv = ['../src/configure',
                *options(self.version, self.debian_version())]
        if shutil.which('ccache'):
            argv.append('--cc=ccache gcc')
        console.say('configuring QEMU %s' % self.debian_version())
        console.run(argv, 'configuring QEMU', log=self.log, cwd=build,
                    env=self.environment())

    def compile(self):
        build = self.tree() / 'build'
        console.say('compiling QEMU with the device (a first build takes '
                    '4 to 10 minutes)')
        console.run(['nice', 'ninja', 'qemu-system-x86_64'], 'compiling QEMU',
                    log=self.log, meter='QEMU', cwd=build,
                    env=self.environment())
        return build / 'qemu-system-x86_64'

    def build(self):
        """The binary's path, built if needed; GPUVM_QEMU names another."""
        if os.environ.get('GPUVM_QEMU'):
            return pathlib.Path(os.environ['GPUVM_QEMU'])
        done = self.binary()
        if done.exists():
            return done
        packages.ensure(['qemu', 'run'])
        with cache.lock('qemu'):
            if not (self.tree() / 'src').is_dir():
                self.unpack()
            source = self.tree() / 'src' / 'hw' / 'gpuvm'
            cache.mirror(self.ours, source)
            done = (cache.place('qemu') / ('bin-' + cache.digest(
                self.tree_key(), cache.tree_digest(source)))
                / 'qemu-system-x86_64')
            if not (self.tree() / 'build' / 'build.ninja').exists():
                self.configure()
            made = self.compile()
            check(made)
            with cache.making(done.parent) as partial:
                shutil.copy2(made, partial / made.name)
            keep_binaries(6)
        console.say('QEMU is ready: %s' % done)
        return done


def keep_binaries(count):
    """Old binaries go; those just used stay."""
    found = sorted(cache.place('qemu').glob('bin-*'),
                   key=lambda p: p.stat().st_mtime, reverse=True)
    for old in found[count:]:
        shutil.rmtree(old, ignore_errors=True)


def check(binary):
    """The built QEMU must know the device."""
    out = subprocess.run([str(binary), '-device', 'gpuvm,help'],
                         capture_output=True, text=True, check=False)
    if out.returncode or 'vram' not in out.stdout:
        raise console.GpuvmError(
            'the built QEMU has no device gpuvm: %s' % out.stderr.strip())


def built(version=DEFAULT):
    """The binary if it is built from the present sources, else None."""
    try:
        builder = Builder(version)
        if not builder.known.exists():
            return None
        path = builder.binary()
    except (console.GpuvmError, OSError):
        return None
    return pathlib.Path(path) if path.exists() else None
