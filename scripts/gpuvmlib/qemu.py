"""QEMU with our device, built from Debian's own source packages.

  source   the newest source that the archive serves of the wanted version
           (versions.py), unpacked with Debian's patches, then our series
           qemu-patches/VERSION/*.patch (no fuzz)
  tree     cache/qemu/tree-KEY/{src,build}, KEY = version, series and options;
           src/hw/gpuvm is a copy of hw-gpuvm/ in which only files whose
           content changed are written, so ninja rebuilds just those
  binary   cache/qemu/bin-VERSION-KEY/qemu-system-x86_64, KEY = tree and
           content of hw-gpuvm/; there already: nothing to do

Guests that run keep the binary that they started with.  The environment
variable GPUVM_QEMU makes every verb that runs QEMU use another version, or,
with a slash in it, another binary.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

from . import cache, console, packages, versions


def series(version):
    """Our patches for a QEMU version, in order."""
    found = sorted((cache.REPO / 'qemu-patches' / version).glob('*.patch'))
    if not found:
        raise console.GpuvmError('no patch series for QEMU %s' % version,
                                 'choose one of: %s' % ', '.join(
                                     versions.TABLE))
    return found


def debian_compare(a, b):
    """Which of two Debian versions is newer, as cmp() tells."""
    def is_so(how):
        return subprocess.run(['dpkg', '--compare-versions', a, how, b],
                              check=False).returncode == 0
    return 1 if is_so('gt') else -1 if is_so('lt') else 0


def listed_sources(apt, version):
    """The suite's versions of the source package qemu, newest first."""
    out = apt.query('showsrc', '--only-source', 'qemu')
    found = {line.split()[1] for line in out.splitlines()
             if line.startswith('Version:') and '~bpo' not in line}
    found = [v for v in found
             if re.match(r'(\d+:)?%s[.+]' % re.escape(version), v)]
    return sorted(found, key=functools.cmp_to_key(debian_compare),
                  reverse=True)


class Builder:
    """One version of QEMU in the cache."""

    def __init__(self, version=versions.DEFAULT):
        if version not in versions.TABLE:
            raise console.GpuvmError(
                'QEMU %s is not supported' % version,
                'scripts/gpuvm build --qemu %s' % '|'.join(versions.NAMES))
        self.version = self.label = version
        self.about = versions.TABLE[version]
        self.log = packages.root_log('qemu-' + version)
        self.ours = cache.REPO / 'hw-gpuvm'
        # What was found at the last update; a look-up needs no apt.
        self.known = cache.place('qemu') / ('version-' + version)

    # ---- where things are ---------------------------------------------------

    def debian_version(self):
        """The source package's version; fetched at the first time."""
        if not self.known.exists():
            self.known.write_text(self.fetch() + '\n')
        return self.known.read_text().strip()

    def options(self):
        return versions.options(self.version, self.debian_version())

    def needs(self):
        """Which of packages.NEEDS a build takes."""
        return self.about.needs

    def tree_key(self):
        return cache.digest(self.debian_version(), *self.options(),
                            *series(self.version))

    def tree(self):
        return cache.place('qemu') / ('tree-' + self.tree_key())

    def place(self, ours):
        """Directory of what is built from the files in ours."""
        return cache.place('qemu') / ('bin-%s-%s' % (
            self.label, cache.digest(self.tree_key(),
                                     cache.tree_digest(ours))))

    def binary(self):
        return self.place(self.ours) / 'qemu-system-x86_64'

    def is_built(self):
        return self.known.exists() and self.binary().exists()

    # ---- source -------------------------------------------------------------

    def fetch(self, only=None):
        """Fetch the newest source that is served; returns its version."""
        apt = packages.Apt(self.about.suite)
        apt.update()
        fetched = cache.place('qemu', 'source')
        found = [only] if only else listed_sources(apt, self.version)
        for debian in found:
            console.say('fetching the source of QEMU %s' % debian)
            try:
                console.run(['apt-get', *apt.options, '-qq', '--download-only',
                             'source', 'qemu=' + debian],
                            'fetching QEMU\'s source', log=self.log,
                            cwd=fetched)
                return debian
            except console.GpuvmError as error:
                if ' 404 ' not in str(error):
                    raise
                console.say('the archive lists QEMU %s but does not serve it '
                            '(404)' % debian)
        raise NotServed(
            'the archive serves no source of QEMU %s in Debian %s'
            % (self.version, self.about.suite),
            'scripts/gpuvm build --qemu %s'
            % (self.about.instead or versions.DEFAULT))

    def unpack(self):
        """Source with Debian's and our patches in tree/src."""
        debian = self.debian_version()
        dsc = cache.place('qemu', 'source') / (
            'qemu_%s.dsc' % re.sub(r'^\d+:', '', debian))
        if not dsc.exists():
            self.fetch(debian)
        with cache.making(self.tree()) as partial:
            console.run(['dpkg-source', '-x', '--no-check', dsc,
                         partial / 'src'], 'unpacking QEMU', log=self.log)
            for patch in series(self.version):
                console.run(['patch', '-p1', '-F0', '--no-backup-if-mismatch',
                             '-i', patch], 'applying %s' % patch.name,
                            log=self.log, cwd=partial / 'src')
            if self.about.own_meson:
                self.unpack_meson(partial / 'python')
            cache.mirror(self.ours, partial / 'src' / 'hw' / 'gpuvm')
            (partial / 'build').mkdir()

    def unpack_meson(self, target):
        """The suite's meson (Python alone), not installed."""
        apt = packages.Apt(self.about.suite)
        apt.update()
        target.mkdir()
        deb = apt.download('meson/' + self.about.suite, target)
        console.run(['dpkg', '-x', deb, target], 'unpacking meson',
                    log=self.log)

    # ---- building -----------------------------------------------------------

    def environment(self):
        """Debian's own tools first: another python hides Debian's meson."""
        env = dict(os.environ)
        env['PATH'] = '/usr/bin:/usr/sbin:/bin:' + env.get('PATH', '')
        env.pop('PYTHONPATH', None)
        if self.about.own_meson:
            env['PYTHONPATH'] = str(self.tree() / 'python' / 'usr' / 'lib' /
                                    'python3' / 'dist-packages')
        return env

    def configure(self):
        build = self.tree() / 'build'
        argv = ['../src/configure', *self.options()]
        if shutil.which('ccache'):
            argv.append('--cc=ccache gcc')
        console.say('configuring QEMU %s' % self.debian_version())
        console.run(argv, 'configuring QEMU', log=self.log, cwd=build,
                    env=self.environment())

    def ninja(self, *targets):
        """Bring targets up to date; returns what the tools said."""
        return console.run(['nice', 'ninja', *targets], 'compiling QEMU',
                           log=self.log, meter='QEMU',
                           cwd=self.tree() / 'build', env=self.environment())

    def compile(self, target):
        """Fill target, a directory, with what is built."""
        console.say('compiling QEMU %s with the device (a first build takes '
                    '4 to 10 minutes)' % self.version)
        self.ninja('qemu-system-x86_64')
        made = self.tree() / 'build' / 'qemu-system-x86_64'
        shutil.copy2(made, target)
        check(target / made.name)

    def prepare(self):
        """A configured tree with our files of now; under the lock."""
        if not (self.tree() / 'src').is_dir():
            self.unpack()
        source = self.tree() / 'src' / 'hw' / 'gpuvm'
        cache.mirror(self.ours, source)
        if not (self.tree() / 'build' / 'build.ninja').exists():
            self.configure()
        return source

    def build(self):
        """The binary's path, built if needed."""
        if self.is_built():
            return self.binary()
        packages.ensure(self.needs())
        with cache.lock('qemu-' + self.label):
            place = self.place(self.prepare())
            with cache.making(place) as partial:
                self.compile(partial)
            keep_binaries(self.label, 4)
        binary = place / self.binary().relative_to(self.place(self.ours))
        console.say('QEMU is ready: %s' % binary)
        return binary

    def our_commands(self):
        """[(source, command, output)] of our files and their trace points."""
        build = self.tree() / 'build'
        rows = json.loads((build / 'compile_commands.json').read_text())
        return [(row['file'], row['command'], row['output']) for row in rows
                if '/hw/gpuvm/' in row['file']
                or row['file'].endswith('trace/trace-hw_gpuvm.c')]

    def build_objects(self):
        """Compile our files alone: does the device fit this version?"""
        packages.ensure(self.needs())
        with cache.lock('qemu-' + self.label):
            self.prepare()
            self.ninja('build.ninja')
            objects = [output for _, _, output in self.our_commands()]
            console.say('compiling %d files of the device with the headers of '
                        'QEMU %s' % (len(objects), self.debian_version()))
            said = self.ninja(*objects)
        if 'warning:' in said:
            raise console.GpuvmError('the device compiles with warnings for '
                                     'QEMU %s' % self.version,
                                     'read %s' % self.log)
        return self.tree() / 'build'


class NotServed(console.GpuvmError):
    """The archive has no such source."""


def keep_binaries(label, count):
    """Old binaries go; those just built stay.

    Only those of this label: "7.2" is not "7.2-module".
    """
    key = re.compile(r'bin-%s-[0-9a-f]{16}(\.partial)?' % re.escape(label))
    found = sorted((p for p in cache.place('qemu').iterdir()
                    if key.fullmatch(p.name)),
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


def has_qtest(binary):
    """Whether a test can play the processor (-accel qtest)."""
    # -accel help does not list it; the unknown device ends QEMU at once.
    said = subprocess.run([str(binary), '-accel', 'qtest', '-M', 'none',
                           '-display', 'none', '-device', 'no-such-device'],
                          capture_output=True, text=True, check=False).stderr
    return 'invalid accelerator' not in said


def builder(name, module=False, xen=False):
    """The builder of one of versions.NAMES but newest."""
    # Imported here: they build on this module.
    from . import distro, module as loadable, xenqemu
    if xen and (module or name == versions.DISTRO):
        raise console.GpuvmError('--xen is a build of its own',
                                 'scripts/gpuvm build --xen')
    if xen:
        return xenqemu.XenBuilder(name)
    if module and name == versions.DISTRO:
        raise console.GpuvmError('Debian\'s own QEMU loads no module of ours',
                                 'scripts/gpuvm build --qemu distro')
    if module:
        return loadable.ModuleBuilder(name)
    return distro.Distro() if name == versions.DISTRO else Builder(name)


def build(name, objects=False, module=False, xen=False):
    """Build one of versions.NAMES; returns the binary's path.

    objects: only compile our files, and return the build tree; module: the
    device as a module that QEMU loads; xen: for Xen's HVM guests.
    """
    fall_back = name == versions.NEWEST
    if fall_back:
        name = list(versions.TABLE)[-1]
    while True:
        one = builder(name, module, xen)
        try:
            return one.build_objects() if objects else one.build()
        except NotServed as error:
            if not fall_back or not versions.TABLE[name].instead:
                raise
            name = versions.TABLE[name].instead
            console.say('%s; taking %s' % (error, name))


def ready(wish=None):
    """The binary that runs guests: wish, GPUVM_QEMU or the default."""
    wish = wish or os.environ.get('GPUVM_QEMU') or versions.DEFAULT
    if '/' in wish:
        if not (os.path.isfile(wish) and os.access(wish, os.X_OK)):
            raise console.GpuvmError(
                'GPUVM_QEMU is %s, and that is no program' % wish,
                'unset GPUVM_QEMU, or give it one of: %s'
                % ', '.join(versions.NAMES))
        return pathlib.Path(wish)
    return build(wish)


def built(version=versions.DEFAULT):
    """The binary if it is built from the present sources, else None."""
    try:
        one = Builder(version)
        return one.binary() if one.is_built() else None
    except (console.GpuvmError, OSError):
        return None
