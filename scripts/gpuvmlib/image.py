"""A guest's root disk: Debian's packages, unpacked, in an ext4 file.

mmdebstrap fetches and unpacks the packages below with all they depend on; no
root is needed, and no maintainer script runs.  What Debian's scripts would
have made and our programs need (passwd, the links of a merged /usr) is added
here.  Guests use the disk copy-on-write, so that any number of them share one
file.  It holds no kernel and no module: kernel.py brings those.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import shutil
import subprocess

from . import cache, console, kernel, packages

PACKAGES = [
    # what a person at the shell expects
    'base-files', 'bash', 'coreutils', 'dash', 'findutils', 'grep', 'sed',
    'mawk', 'gzip', 'tar', 'less', 'mount', 'util-linux', 'procps', 'kmod',
    'pciutils', 'strace', 'hostname', 'libc-bin', 'ncurses-base',
    # the stock user space of the GPU
    'libdrm2', 'libdrm-nouveau2', 'libgbm1', 'libegl1', 'libgles2', 'libgl1',
    'libgl1-mesa-dri', 'libegl-mesa0', 'mesa-opencl-icd',
    'ocl-icd-libopencl1', 'clinfo', 'mesa-utils', 'mesa-utils-bin',
]
EXCLUDE = ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*',
           '/usr/share/info/*', '/usr/share/lintian/*', '/usr/share/icons/*',
           '/usr/share/i18n/*', '/usr/share/pci.ids.gz']
FILES = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n'
                  'nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
    'etc/group': 'root:x:0:\ntty:x:5:\nvideo:x:44:\nrender:x:105:\n'
                 'nogroup:x:65534:\n',
    'etc/hosts': '127.0.0.1 localhost gpuvm-guest\n',
    'root/.bashrc': "PS1='guest# '\nalias ls='ls --color=auto'\n",
}
DIRS = ['proc', 'sys', 'dev', 'run', 'tmp', 'root', 'mnt/share', 'opt/gpuvm',
        'etc', 'lib/modules', 'usr/local/bin']


def recipe(guest):
    return cache.digest(guest, *PACKAGES, *EXCLUDE, *DIRS, *FILES.items(),
                        pathlib.Path(__file__).resolve())


def place(guest):
    return cache.place('guest') / ('root-%s-%s' % (guest, recipe(guest)))


def unpack(guest, target, log, names=None, exclude=None):
    """mmdebstrap's work: target becomes the root directory."""
    names, exclude = names or PACKAGES, exclude or EXCLUDE
    apt = packages.Apt(kernel.SUITES[guest])
    mode = 'root' if os.geteuid() == 0 else 'chrootless'
    argv = ['nice', 'mmdebstrap', '--mode=' + mode, '--variant=extract',
            '--format=directory', '--include=' + ','.join(names),
            '--aptopt=Acquire::Languages "none"']
    argv += ['--dpkgopt=path-exclude=' + e for e in exclude]
    sources = pathlib.Path(console.temp_dir()) / 'guest.sources'
    text = '\n\n'.join(part for part in apt.sources().split('\n\n') if part)
    sources.write_text(text.replace('deb deb-src', 'deb') + '\n')
    console.run(argv + [apt.suite, target, sources],
                'unpacking the guest\'s packages', log=log)
    console.drop_temp_dir(str(sources.parent))


def finish(target):
    """What Debian's maintainer scripts would have made."""
    merged = (target / 'usr/lib').is_dir() and not (target / 'lib').exists()
    if merged:
        for name in ('bin', 'sbin', 'lib', 'lib64'):
            if not (target / name).exists():
                (target / 'usr' / name).mkdir(parents=True, exist_ok=True)
                (target / name).symlink_to('usr/' + name)
    for name in DIRS:
        (target / name).mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (target / name).write_text(text)
    for name, link in (('bin/sh', 'dash'), ('usr/bin/awk', 'mawk')):
        path = target / name
        if not path.is_symlink() and not path.exists():
            path.symlink_to(link)
    for name in ('var/cache/apt', 'var/lib/apt', 'var/lib/dpkg/info'):
        shutil.rmtree(target / name, ignore_errors=True)


def make_disk(tree, disk, log):
    """An ext4 file that holds tree, with room to write."""
    out = subprocess.run(['du', '-sk', str(tree)], capture_output=True,
                         text=True, check=False).stdout
    kib = int(out.split()[0]) * 115 // 100 + 128 * 1024
    console.run(['/sbin/mke2fs', '-q', '-t', 'ext4', '-O', '^has_journal',
                 '-m', '0', '-E', 'root_owner=0:0', '-d', tree, disk,
                 '%dk' % kib], 'making the guest\'s disk', log=log)


def ready(guest):
    """Path of the guest's root disk, made if needed."""
    if guest not in kernel.SUITES:
        raise console.GpuvmError('unknown guest %s' % guest,
                                 'choose one of: %s' %
                                 ', '.join(kernel.SUITES))
    entry = place(guest)
    disk = entry / 'root.ext4'
    if disk.exists():
        os.utime(entry)
        return disk
    packages.ensure(['guest'])
    log = packages.root_log('guest')
    with cache.lock('image'):
        if disk.exists():
            return disk
        console.say('making the root disk of %s (about a minute)' % guest)
        with cache.making(entry) as partial:
            tree = partial / 'root'
            unpack(guest, tree, log)
            finish(tree)
            make_disk(tree, partial / 'root.ext4', log)
            shutil.rmtree(tree, ignore_errors=True)
        for old in cache.place('guest').glob('root-%s-*' % guest):
            if old != entry:
                shutil.rmtree(old, ignore_errors=True)
        console.say('the root disk of %s is ready' % guest)
    return disk
