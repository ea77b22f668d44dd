"""QEMU with the device as a loadable module, hw-gpuvm-pci.so.

The same source and series as the plain build, configured with
--enable-modules: QEMU then loads the device at the first -device gpuvm.  A
module fits only the QEMU that it was built with (the names that it provides
are compiled into the program, and a stamp is compared), so both come together
in a tree that may be moved as one:

  cache/qemu/bin-VERSION-module-KEY/bin/qemu-system-x86_64
  cache/qemu/bin-VERSION-module-KEY/lib/.../qemu/hw-gpuvm-pci.so, and the
      modules that a guest needs

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import re
import shutil
import subprocess

from . import console, qemu, versions

OURS = 'hw-gpuvm-pci.so'
PREFIX = '/usr/local'           # configure's default


class ModuleBuilder(qemu.Builder):
    """One version of QEMU and its modules."""

    def __init__(self, version=versions.DEFAULT):
        super().__init__(version)
        self.label = version + '-module'

    def options(self):
        return versions.options(self.version, self.debian_version(),
                                module=True)

    def binary(self):
        return self.place(self.ours) / 'bin' / 'qemu-system-x86_64'

    def modules(self):
        """Names of the modules that the tree can build."""
        out = subprocess.run(['ninja', '-t', 'targets', 'all'],
                             cwd=self.tree() / 'build', capture_output=True,
                             text=True, check=True).stdout
        found = re.findall(r'^([\w.-]+\.so): ', out, re.M)
        if OURS not in found:
            raise console.GpuvmError('QEMU was configured without modules',
                                     'read %s' % self.log)
        return found

    def compile(self, target):
        console.say('compiling QEMU %s with the device as a module (a first '
                    'build takes 4 to 10 minutes)' % self.version)
        self.ninja('build.ninja')
        modules = self.modules()
        self.ninja('qemu-system-x86_64', *modules)
        build = self.tree() / 'build'
        header = (build / 'config-host.h').read_text()
        where = re.search(r'CONFIG_QEMU_MODDIR "(.*)"', header).group(1)
        folder = target / pathlib.Path(where).relative_to(PREFIX)
        folder.mkdir(parents=True)
        (target / 'bin').mkdir()
        for name in modules:
            shutil.copy2(build / name, folder)
        made = target / 'bin' / 'qemu-system-x86_64'
        shutil.copy2(build / made.name, made)
        qemu.check(made)
        self.check_loaded(made, folder / OURS)

    def check_loaded(self, binary, module):
        """The device must come from the module: without it there is none."""
        aside = module.with_suffix('.aside')
        os.rename(module, aside)
        try:
            qemu.check(binary)
        except console.GpuvmError:
            return
        finally:
            os.rename(aside, module)
        raise console.GpuvmError('the device is in the program, not in %s'
                                 % module.name)
