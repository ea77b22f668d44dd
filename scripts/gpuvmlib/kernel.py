"""A guest's kernel: Debian's own package made ready to boot fast.

From linux-image-*.deb come
  vmlinux  the kernel unpacked from its bzImage: QEMU starts it by PVH, which
           saves the guest three seconds of unpacking under TCG
  initrd   busybox, the modules that we use with all they depend on, and the
           two scripts guest-init.sh and guest-session.sh
Nothing of the package is changed.  The entry is cached by package and recipe.

From Linux 7 on Debian's linux-image is an empty package that depends on three
(PARTS) which hold the files; they must lie beside it.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import gzip
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess

from . import cache, console, packages

HERE = pathlib.Path(__file__).resolve().parent
SUITES = {'debian12': 'bookworm', 'debian13': 'trixie'}
# Loaded by guest-init.sh, before there is a root disk.
BOOT_MODULES = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4',
                'virtio_console', 'qemu_fw_cfg', 'virtio_rng']
# There to be loaded later; one that a kernel does not have is left out.
MORE_MODULES = ['nouveau', '9p', '9pnet_virtio', 'virtio_net', 'overlay',
                'loop', 'vfio_pci', 'drm_gem_shmem_helper', 'drm_ttm_helper',
                'gpu_sched', 'drm_exec', 'drm_gpuvm']


PARTS = ('linux-binary-', 'linux-modules-', 'linux-base-')


class Cpio:
    """Writes a cpio archive ("newc") as the kernel wants it."""

    def __init__(self, path):
        self.file = open(path, 'wb')
        self.inode = 0
        self.dirs = set()

    def entry(self, name, mode, data=b'', rdev=(0, 0)):
        self.inode += 1
        raw = name.encode() + b'\0'
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev,
                  len(raw), 0)
        head = b'070701' + b''.join(b'%08X' % f for f in fields) + raw
        self.file.write(head + b'\0' * (-len(head) % 4))
        self.file.write(data + b'\0' * (-len(data) % 4))

    def directory(self, name):
        parts = pathlib.PurePosixPath(name).parts
        for n in range(1, len(parts) + 1):
            path = '/'.join(parts[:n])
            if path not in self.dirs:
                self.dirs.add(path)
                self.entry(path, 0o40755)

    def add(self, name, data, mode=0o644):
        parent = str(pathlib.PurePosixPath(name).parent)
        if parent != '.':
            self.directory(parent)
        self.entry(name, 0o100000 | mode, data)

    def close(self):
        self.entry('TRAILER!!!', 0)
        self.file.close()


def extract_vmlinux(bzimage):
    """The ELF kernel inside a bzImage (Debian 12: xz; 13: zstd or xz)."""
    setup_sectors = bzimage[0x1f1] or 4
    if bzimage[0x202:0x206] == b'' or bzimage[0x1fe:0x200] != b'\x55\xaa':
        raise console.GpuvmError('not a Linux kernel image')
    offset, length = struct.unpack_from('<II', bzimage, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = bzimage[start:start + length]
    if payload.startswith(b'\xfd7zXZ'):
        # The last four bytes are the unpacked size, not part of the stream.
        elf = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(b'\x1f\x8b'):
        elf = gzip.decompress(payload[:-4])
    elif payload.startswith(b'\x28\xb5\x2f\xfd'):
        elf = subprocess.run(['zstd', '-dcq'], input=payload[:-4],
                             capture_output=True, check=False).stdout
    else:
        raise console.GpuvmError('the kernel is packed in an unknown way')
    if not elf.startswith(b'\x7fELF'):
        raise console.GpuvmError('no ELF kernel inside the kernel image',
                                 'apt-get install zstd')
    return elf


def module_name(path):
    return re.sub(r'\.ko(\.\w+)?$', '', pathlib.PurePath(path).name).replace(
        '-', '_')


class Modules:
    """The modules of one unpacked kernel package."""

    def __init__(self, tree, version):
        self.top = tree / 'lib' / 'modules' / version
        if not self.top.is_dir():
            self.top = tree / 'usr' / 'lib' / 'modules' / version
        console.run(['/sbin/depmod', '-b', self.top.parents[2], version],
                    'reading module dependencies',
                    log=packages.root_log('guest'))
        self.deps, self.path = {}, {}
        builtin = (self.top / 'modules.builtin').read_text().splitlines()
        self.builtin = {module_name(line) for line in builtin}
        for line in (self.top / 'modules.dep').read_text().splitlines():
            path, _, deps = line.partition(':')
            name = module_name(path)
            self.path[name] = path
            # modules.dep lists the nearest first: load from the right
            self.deps[name] = [module_name(d) for d in reversed(deps.split())]

    def closure(self, names):
        """These modules and all they need, in the order of loading."""
        order = []
        for name in names:
            if name not in self.path:
                continue
            for each in self.deps[name] + [name]:
                if each not in order:
                    order.append(each)
        return order

    def read(self, name):
        """A module's content, unpacked."""
        data = (self.top / self.path[name]).read_bytes()
        if self.path[name].endswith('.xz'):
            return lzma.decompress(data)
        return data


def make_initrd(path, modules, version, busybox):
    boot = modules.closure(BOOT_MODULES)
    for name in ('virtio_pci', 'virtio_blk', 'ext4', 'virtio_console'):
        if name not in modules.path and name not in modules.builtin:
            raise console.GpuvmError('kernel %s has no %s: it cannot be a '
                                     'guest\'s' % (version, name))
    chosen = modules.closure(BOOT_MODULES + MORE_MODULES)
    stage = pathlib.Path(console.temp_dir())
    kept = stage / 'lib' / 'modules' / version
    for name in chosen:
        rel = re.sub(r'\.(xz|gz|zst)$', '', modules.path[name])
        (kept / rel).parent.mkdir(parents=True, exist_ok=True)
        (kept / rel).write_bytes(modules.read(name))
    for name in ('modules.builtin', 'modules.builtin.modinfo',
                 'modules.order'):
        if (modules.top / name).exists():
            shutil.copy(modules.top / name, kept / name)
    console.run(['/sbin/depmod', '-b', stage, version],
                'listing the guest\'s modules',
                log=packages.root_log('guest'))
    archive = Cpio(path)
    for name in ('proc', 'sys', 'dev', 'root', 'run', 'bin'):
        archive.directory(name)
    archive.entry('dev/console', 0o20600, rdev=(5, 1))
    archive.add('bin/busybox', busybox, 0o755)
    archive.add('init', (HERE / 'guest-init.sh').read_bytes(), 0o755)
    archive.add('session', (HERE / 'guest-session.sh').read_bytes(), 0o755)
    lines = ['/lib/modules/%s/%s\n' % (
        version, re.sub(r'\.(xz|gz|zst)$', '', modules.path[n])) for n in boot]
    archive.add('boot-modules', ''.join(lines).encode())
    for rel in cache.tree_files(stage):
        archive.add(str(rel), (stage / rel).read_bytes())
    archive.close()
    console.drop_temp_dir(str(stage))


class Kernel:
    """A kernel ready to boot: .vmlinux, .initrd, .version."""

    def __init__(self, directory):
        self.vmlinux = directory / 'vmlinux'
        self.initrd = directory / 'initrd'
        self.version = (directory / 'version').read_text().strip()


def recipe():
    """Hash of what, beside the package, decides an entry's content."""
    return cache.digest(*BOOT_MODULES, *MORE_MODULES,
                        pathlib.Path(__file__).resolve(),
                        HERE / 'guest-init.sh', HERE / 'guest-session.sh')


def default_package(guest, directory):
    """The .deb of the suite's newest kernel, fetched if needed."""
    apt = packages.Apt(SUITES[guest])
    known = directory / 'newest'
    if known.exists() and (directory / known.read_text()).exists():
        return directory / known.read_text()
    apt.update()
    depends = apt.query('depends', 'linux-image-amd64')
    hit = re.search(r'Depends: (linux-image-\S+)', depends)
    if not hit:
        raise console.GpuvmError('Debian %s names no kernel' % apt.suite)
    console.say('fetching the kernel of Debian %s: %s' %
                (apt.suite, hit.group(1)))
    deb = apt.download(hit.group(1), directory)
    known.write_text(deb.name)
    return deb


def parts(deb):
    """A kernel package and those beside it that hold its files."""
    hit = re.match(r'linux-image-([^_]+)(_[^/]*)$', deb.name)
    beside = [deb.with_name(part + ''.join(hit.groups())) for part in PARTS] \
        if hit else []
    return [deb] + [path for path in beside if path.is_file()]


def find_image(deb, tree):
    """(kernel image, version) of an unpacked package."""
    for path in sorted((tree / 'boot').glob('vmlinuz-*')):
        return path, path.name[len('vmlinuz-'):]
    for path in sorted((tree / 'usr/lib/modules').glob('*/vmlinuz')):
        return path, path.parent.name
    version = re.match(r'linux-image-([^_]+)', deb.name)
    raise console.GpuvmError(
        '%s holds no kernel' % deb, 'put beside it: ' + ' '.join(
            part + version.group(1) for part in PARTS) if version else
        'give a linux-image-VERSION.deb')


def prepare(debs, entry, busybox):
    """Make a cache entry from a kernel package and its parts."""
    deb = debs[0]
    console.say('preparing the kernel of %s' % deb.name)
    tree = pathlib.Path(console.temp_dir())
    for each in debs:
        console.run(['dpkg', '-x', each, tree], 'unpacking %s' % each.name,
                    log=packages.root_log('guest'))
    image, version = find_image(deb, tree)
    with cache.making(entry) as partial:
        (partial / 'vmlinux').write_bytes(
            extract_vmlinux(image.read_bytes()))
        make_initrd(partial / 'initrd', Modules(tree, version), version,
                    busybox)
        (partial / 'version').write_text(version + '\n')
    console.drop_temp_dir(str(tree))


def busybox():
    """A static busybox, of Debian 12, as bytes."""
    directory = cache.place('guest', 'busybox')
    path = directory / 'busybox'
    if not path.exists():
        apt = packages.Apt('bookworm')
        apt.update()
        deb = apt.download('busybox-static', directory)
        tree = pathlib.Path(console.temp_dir())
        console.run(['dpkg', '-x', deb, tree], 'unpacking busybox')
        inside = next(p for p in (tree / 'bin/busybox', tree /
                                  'usr/bin/busybox') if p.exists())
        shutil.copy(inside, path.with_suffix('.new'))
        os.replace(path.with_suffix('.new'), path)
        console.drop_temp_dir(str(tree))
    return path.read_bytes()


def ready(guest, deb=None):
    """The guest's kernel, made if needed; deb: a package of the user's."""
    directory = cache.place('guest', 'kernel-' + guest)
    with cache.lock('kernel'):
        if deb is None:
            package = default_package(guest, directory)
            key = cache.digest(package.name, recipe())
        else:
            package = pathlib.Path(deb)
            if not package.is_file():
                raise console.GpuvmError('no such kernel package: %s' % deb)
            key = cache.digest(*parts(package.resolve()), recipe())
        entry = cache.place('guest') / ('kernel-entry-' + key)
        if not (entry / 'version').exists():
            packages.ensure(['guest'])
            prepare(parts(package.resolve()), entry, busybox())
            drop_old_entries(6)
    os.utime(entry)
    return Kernel(entry)


def drop_old_entries(count):
    found = sorted(cache.place('guest').glob('kernel-entry-*'),
                   key=lambda p: p.stat().st_mtime, reverse=True)
    for old in found[count:]:
        shutil.rmtree(old, ignore_errors=True)
