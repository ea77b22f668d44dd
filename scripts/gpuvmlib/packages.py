"""Debian packages: which we need, which are missing, and a private apt.

Tools are installed with the machine's apt-get.  What is only looked at (the
source package of QEMU, kernels and packages of a guest) is fetched through an
apt of our own whose lists and archives lie in the cache: it uses the same
addresses as the machine's apt (`apt-get indextargets` tells them, whatever
form the machine's files have), and never changes the machine.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import shutil
import subprocess
import time

from . import cache, console

# What each purpose needs.
NEEDS = {
    'core': ['gcc', 'libc6-dev', 'ninja-build', 'meson', 'pkg-config',
             'libglib2.0-dev', 'libcunit1-dev', 'llvm-dev'],
    'qemu': ['gcc', 'libc6-dev', 'make', 'ninja-build', 'meson', 'pkg-config',
             'python3', 'patch', 'xz-utils', 'dpkg-dev', 'ca-certificates',
             'libglib2.0-dev', 'zlib1g-dev', 'libpixman-1-dev', 'libfdt-dev',
             'libslirp-dev', 'libattr1-dev', 'libcap-ng-dev', 'llvm-dev'],
    'qemu-venv': ['python3-venv'],
    'qemu-xen': ['libxen-dev'],
    'distro': ['qemu-system-x86'],
    'run': ['seabios', 'qemu-system-data', 'ipxe-qemu', 'libglib2.0-0',
            'libpixman-1-0', 'libfdt1', 'libslirp0', 'libattr1', 'libcap-ng0'],
    'guest': ['mmdebstrap', 'e2fsprogs', 'kmod', 'xz-utils', 'tar',
              'debian-archive-keyring'],
    'programs': ['ocl-icd-opencl-dev', 'opencl-headers', 'libegl-dev',
                 'libgl-dev', 'libdrm-dev'],
    'native': ['libdrm-dev', 'libegl1', 'libgles2', 'libgl1-mesa-dri',
               'mesa-opencl-icd', 'ocl-icd-libopencl1', 'clinfo',
               'mesa-utils', 'mesa-utils-bin'],
    'conformance': ['piglit'],
    'bench-compute': ['pocl-opencl-icd', 'gnuplot-nox'],
    'libvirt': ['libvirt-daemon', 'libvirt-daemon-driver-qemu',
                'libvirt-clients', 'util-linux'],
}
# Suites without -updates and -security.
ROLLING = ('sid',)
KEYRING = pathlib.Path('/usr/share/keyrings/debian-archive-keyring.gpg')


def os_release():
    fields = {}
    for line in pathlib.Path('/etc/os-release').read_text().splitlines():
        name, _, value = line.partition('=')
        fields[name] = value.strip('"')
    return fields


def wanted(purposes):
    names = []
    for purpose in purposes:
        names += [n for n in NEEDS[purpose] if n not in names]
    return names


def missing(purposes):
    """Names of the packages that these purposes lack."""
    names = wanted(purposes)
    out = subprocess.run(['dpkg-query', '-W', '-f',
                          '${Package} ${db:Status-Status}\n'] + names,
                         capture_output=True, text=True, check=False).stdout
    have = {line.split()[0] for line in out.splitlines()
            if line.endswith(' installed')}
    return [n for n in names if n not in have]


def install_command(names):
    return 'apt-get install --no-install-recommends -y ' + ' '.join(names)


def ensure(purposes):
    """Install what is missing: as root, or by sudo where it asks nothing."""
    names = missing(purposes)
    if not names:
        return
    prefix = []
    if os.geteuid() != 0:
        probe = ['sudo', '-n', 'true']
        if not shutil.which('sudo') or subprocess.run(
                probe, capture_output=True, check=False).returncode:
            raise console.GpuvmError(
                'packages are missing: %s' % ' '.join(names),
                'sudo ' + install_command(names))
        prefix = ['sudo', '-n']
    log = root_log('packages')
    env = dict(os.environ, DEBIAN_FRONTEND='noninteractive')
    console.say('installing %d packages: %s' % (len(names), ' '.join(names)))
    console.run(prefix + ['apt-get', '-qq', 'update'], 'apt-get update',
                log=log, env=env)
    console.run(prefix + install_command(names).split(),
                'installing packages', log=log, env=env)


def root_log(name):
    return cache.place('logs') / (name + '.log')


def debian_uris():
    """[(uri, release)] of the machine's Debian sources, component main."""
    out = subprocess.run(
        ['apt-get', 'indextargets', '--format',
         '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)',
         'Created-By: Packages'],
        capture_output=True, text=True, check=True).stdout
    if not out.strip():
        raise console.GpuvmError('apt has no package lists',
                                 'apt-get update (as root)')
    rows = []
    for line in sorted(set(out.splitlines())):
        uri, release, component, origin = line.split('|')
        if component == 'main' and origin.startswith('Debian'):
            rows.append((uri, release))
    if not rows:
        raise console.GpuvmError(
            "apt's sources name no Debian archive",
            'use a Debian 12 machine, or add Debian to apt\'s sources')
    return rows


class Apt:
    """A private apt for one suite (bookworm, trixie, sid)."""

    def __init__(self, suite):
        self.suite = suite
        self.dir = cache.place('apt', suite)
        for sub in ('parts', 'lists/partial', 'cache/archives/partial'):
            (self.dir / sub).mkdir(parents=True, exist_ok=True)
        self.options = [
            '-o', 'Dir::Etc::sourcelist=/dev/null',
            '-o', 'Dir::Etc::sourceparts=%s/parts' % self.dir,
            '-o', 'Dir::State::Lists=%s/lists' % self.dir,
            '-o', 'Dir::Cache=%s/cache' % self.dir,
            '-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Languages=none',
        ]

    def sources(self):
        """The suite's sources in deb822 form."""
        host = os_release().get('VERSION_CODENAME', 'bookworm')
        signed = 'Signed-By: %s\n' % KEYRING if KEYRING.exists() else ''
        text = ''
        for uri, release in debian_uris():
            base, _, kind = release.partition('-')
            if base not in (host, 'stable', 'oldstable', 'oldoldstable'):
                continue
            if kind not in ('', 'updates', 'security'):
                continue
            if kind and self.suite in ROLLING:
                continue
            suite = self.suite + ('-' + kind if kind else '')
            text += ('Types: deb deb-src\nURIs: %s\nSuites: %s\n'
                     'Components: main\n%s\n' % (uri, suite, signed))
        return text

    def update(self, max_age=86400):
        """Fetch the lists, unless they are fresh."""
        part = self.dir / 'parts' / 'gpuvm.sources'
        stamp = self.dir / 'updated'
        text = self.sources()
        if (part.exists() and part.read_text() == text and stamp.exists()
                and time.time() - stamp.stat().st_mtime < max_age):
            return
        part.write_text(text)
        console.say('fetching the package lists of Debian %s' % self.suite)
        console.run(['apt-get', *self.options, '-qq', 'update'],
                    'fetching package lists', log=root_log('apt'))
        stamp.touch()

    def query(self, *args):
        """apt-cache's output."""
        return subprocess.run(['apt-cache', *self.options, *args],
                              capture_output=True, text=True,
                              check=True).stdout

    def download(self, package, directory):
        """Fetch one binary package; returns the .deb's path."""
        directory = pathlib.Path(directory)
        before = set(directory.glob('*.deb'))
        console.run(['apt-get', *self.options, '-qq', 'download', package],
                    'fetching %s' % package, log=root_log('apt'),
                    cwd=directory)
        new = set(directory.glob('*.deb')) - before
        if len(new) != 1:
            raise console.GpuvmError('apt fetched no package %s' % package)
        return new.pop()
