"""QEMU as the device model of Xen's HVM guests, with the device.

The same source and series as the plain build, configured with --enable-xen
and what libxl's command line needs besides (VNC).  It runs in a dom0 whose
Xen is the one that it was compiled against: libxenctrl's name carries the
release (Debian 12: 4.17), as its interface changes with each.

  cache/qemu/bin-VERSION-xen-KEY/qemu-system-x86_64

A tree, a lock and a key of its own: the plain build neither changes nor waits.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import subprocess

from . import console, qemu, versions

MACHINE = 'xenfv'           # what libxl names in -machine


class XenBuilder(qemu.Builder):
    """One version of QEMU for Xen."""

    def __init__(self, version=versions.DEFAULT):
        super().__init__(version)
        self.label = version + '-xen'
        self.log = self.log.with_name('qemu-%s.log' % self.label)

    def options(self):
        return versions.options(self.version, self.debian_version(), xen=True)

    def needs(self):
        return (*self.about.needs, 'qemu-xen')

    def compile(self, target):
        super().compile(target)
        made = target / 'qemu-system-x86_64'
        console.run(['strip', made], 'stripping QEMU', log=self.log)
        said = subprocess.run([str(made), '-machine', 'help'],
                              capture_output=True, text=True, check=True)
        if MACHINE + ' ' not in said.stdout:
            raise console.GpuvmError('the built QEMU has no machine %s'
                                     % MACHINE, 'read %s' % self.log)
