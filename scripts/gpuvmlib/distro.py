"""Our device in Debian's own QEMU binary, which is not changed.

Debian builds QEMU with loadable modules, so its binary exports all of its
global symbols: a shared object with our device's objects, loaded before the
program starts (LD_PRELOAD), registers its types as built-in code does.  Only
our files are compiled, against the headers of the very source version that the
binary was built from: one minute from nothing instead of ten.

Structures must have the layout that the binary has, so anything but that
version is refused: here by the package's source version, and by the object
itself when it is loaded (device/preload.c), for a QEMU upgraded later.

  tree     the tree of qemu.py for that version, configured
  objects  tree/build/preload, by a ninja file of our own: the commands of
           compile_commands.json with -fPIC
  result   cache/qemu/bin-distro-KEY/{gpuvm.so,qemu-system-x86_64}, the latter
           a script of two lines

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import re
import shlex
import subprocess

from . import cache, console, packages, qemu, versions

PACKAGE = 'qemu-system-x86'
BINARY = pathlib.Path('/usr/bin/qemu-system-x86_64')
VERSION = '7.2'                 # the one that is known to be sound
WRAPPER = """\
#!/bin/sh
LD_PRELOAD='%s' exec %s "$@"
"""


def installed():
    """Source version of the installed package, '' if there is none."""
    out = subprocess.run(['dpkg-query', '-W', '-f',
                          '${db:Status-Status} ${source:Version}', PACKAGE],
                         capture_output=True, text=True, check=False).stdout
    status, _, version = out.partition(' ')
    return version if status == 'installed' else ''


def refuse(why):
    raise console.GpuvmError(
        'the device cannot be loaded into this machine\'s QEMU: ' + why,
        'scripts/gpuvm build --qemu %s' % versions.DEFAULT)


def require(version):
    """Refuse a QEMU other than Debian's unchanged one of VERSION."""
    if not re.match(r'(\d+:)?%s[.+]' % re.escape(VERSION), version):
        refuse('Debian\'s package here is %s, and only %s is known to work'
               % (version or 'not installed', VERSION))
    changed = subprocess.run(['dpkg', '--verify', PACKAGE],
                             capture_output=True, text=True,
                             check=False).stdout
    if str(BINARY) in changed or not BINARY.exists():
        refuse('%s is not the file of Debian\'s package' % BINARY)


def position_independent(argv):
    """The compiler and flags without files, for a shared object."""
    keep, skip = [], False
    for arg in argv:
        if skip:
            skip = False
        elif arg in ('-o', '-MF', '-MQ', '-MT', '-c'):
            skip = True
        elif arg not in ('-fPIE', '-MD', '-DBUILD_DSO'):
            keep.append(arg)
    return keep + ['-fPIC']


def ninja_escape(text):
    return text.replace('$', '$$').replace(' ', '$ ').replace(':', '$:')


class Distro(qemu.Builder):
    """The preloaded object and the script that starts QEMU with it."""

    def __init__(self):
        super().__init__(VERSION)
        self.label = versions.DISTRO
        self.log = packages.root_log('qemu-distro')

    def debian_version(self):
        return installed()

    def is_built(self):
        return self.binary().exists()

    def ninja_file(self, build):
        """Write build/preload.ninja."""
        rows = [(source, shlex.split(command))
                for source, command, _ in self.our_commands()]
        glue = [r for r in rows if r[0].endswith('/device/gpuvm.c')][0]
        rows.append((glue[0].replace('gpuvm.c', 'preload.c'), glue[1]))
        text = ['builddir = preload', 'rule cc',
                '  command = $cc -MD -MF $out.d -o $out -c $in',
                '  depfile = $out.d', '  deps = gcc',
                '  description = Compiling $in', 'rule link',
                '  description = Linking $out', '  command = gcc -shared -Wl,-z,now -o $out $in']
        objects = []
        for source, argv in rows:
            out = 'preload/%s.o' % re.sub(r'\W', '_', source)
            cc = position_independent(argv)
            if source.endswith('/preload.c'):
                cc.append('-DGPUVM_DEBIAN_VERSION="%s"'
                          % self.debian_version())
            objects.append(out)
            text += ['build %s: cc %s' % (out, ninja_escape(source)),
                     '  cc = ' + shlex.join(cc).replace('$', '$$')]
        text.append('build preload/gpuvm.so: link ' + ' '.join(objects))
        (build / 'preload.ninja').write_text('\n'.join(text) + '\n')

    def compile(self, target):
        console.say('compiling the device for Debian\'s QEMU %s'
                    % self.debian_version())
        build = self.tree() / 'build'
        self.ninja('build.ninja')
        # One object of each kind brings the headers that are generated.
        first = {}
        for _, _, output in self.our_commands():
            first.setdefault(output.split('/')[0], output)
        self.ninja(*first.values())
        self.ninja_file(build)
        self.ninja('-f', 'preload.ninja', 'preload/gpuvm.so')
        made = target / 'gpuvm.so'
        made.write_bytes((build / 'preload' / 'gpuvm.so').read_bytes())
        script = target / 'qemu-system-x86_64'
        script.write_text(WRAPPER % (made, BINARY))
        script.chmod(0o755)
        qemu.check(script)
        final = self.place(self.tree() / 'src' / 'hw' / 'gpuvm')
        script.write_text(WRAPPER % (final / made.name, BINARY))

    def build(self):
        packages.ensure(['distro'])
        require(installed())
        return super().build()
