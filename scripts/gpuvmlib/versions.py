"""The versions of QEMU that the device is built into, as data.

  7.2     Debian 12's own; what everything is tested on
  10.0    Debian 13's; device and guest tests pass on it
  10.2    what Debian's unstable suite had before 11.1; compiled
  11.1    Debian unstable's; compiled where the archive serves its source
  distro  Debian 12's binary as installed, our device loaded into it (distro.py)

Each has a folder qemu-patches/VERSION.  Newer ones want a newer meson than
Debian 12 has: it is taken from the same suite as the source and unpacked for
this build alone.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import dataclasses

FIRMWARE = '/usr/share/qemu:/usr/share/seabios:/usr/lib/ipxe/qemu'
COMMON_OPTIONS = [
    '--target-list=x86_64-softmmu', '--without-default-features',
    '--enable-tcg', '--enable-kvm', '--enable-fdt=system', '--enable-slirp',
    '--enable-coroutine-pool', '--enable-trace-backends=log', '--enable-pie',
    '--enable-virtfs', '--enable-attr', '--enable-cap-ng', '--disable-docs',
    '--disable-tools', '--disable-werror', '--firmwarepath=' + FIRMWARE,
]
# Debian's newer source packages carry no firmware and no Python wheels.
NEWER_OPTIONS = ['--enable-pixman', '--disable-download',
                 '--disable-install-blobs', '--python=/usr/bin/python3']


@dataclasses.dataclass(frozen=True)
class Version:
    """Where a version's source comes from and how it is configured."""
    suite: str                  # Debian suite of the source package
    options: tuple              # configure options besides COMMON_OPTIONS
    needs: tuple = ('qemu', 'run')      # packages.NEEDS
    own_meson: bool = False     # with the suite's meson, unpacked privately
    instead: str = ''           # what to build if the archive lacks it


NEWER = {'options': tuple(NEWER_OPTIONS), 'own_meson': True,
         'needs': ('qemu', 'qemu-venv', 'run')}
TABLE = {
    '7.2': Version('bookworm', ('--with-git-submodules=ignore',)),
    '10.0': Version('trixie', **NEWER),
    '10.2': Version('sid', **NEWER),
    '11.1': Version('sid', instead='10.2', **NEWER),
}
DEFAULT = '7.2'
DISTRO = 'distro'
NEWEST = 'newest'
# What --qemu of `build` takes, and GPUVM_QEMU or --qemu-build elsewhere.
NAMES = tuple(TABLE) + (NEWEST, DISTRO)


# libxl starts its device model with -vnc, whether one looks or not.
XEN_OPTIONS = ['--enable-xen', '--enable-vnc']


def options(version, debian_version, module=False, xen=False):
    """configure's options for a version."""
    more = ['--enable-modules'] if module else []
    more += XEN_OPTIONS if xen else []
    return COMMON_OPTIONS + list(TABLE[version].options) + more + [
        '--with-pkgversion=gpuvm, Debian %s' % debian_version]
