"""gpuvm doctor: what this machine has and lacks, and the command that mends it.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import shutil

from . import cache, core, image, kernel, kvm, native, packages, qemu

PURPOSES = {
    'core': 'compiling the core and its unit tests',
    'programs': 'compiling the programs that run on the GPU',
    'qemu': 'compiling QEMU with the device',
    'run': 'running QEMU (firmware and libraries)',
    'guest': 'making guest images',
    'native': 'running programs on the GPU without a VM',
}
MIB = 1 << 20


class Report:
    def __init__(self):
        self.lacks = 0

    def good(self, what, detail=''):
        print('  ok      %-46s %s' % (what, detail))

    def lack(self, what, mend):
        self.lacks += 1
        print('  LACKS   %s\n          mend: %s' % (what, mend))

    def note(self, what, detail):
        print('  note    %-46s %s' % (what, detail))


def check_machine(report):
    release = packages.os_release()
    name = release.get('PRETTY_NAME', 'unknown')
    if release.get('VERSION_CODENAME') in ('bookworm', 'trixie'):
        report.good('Debian', name)
    else:
        report.note('this is %s' % name, 'Debian 12 is what is tested')
    if os.uname().machine == 'x86_64':
        report.good('processor', '%d x86-64 cores' % os.cpu_count())
    else:
        report.lack('an x86-64 machine', 'run on one')
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // MIB
    if memory >= 3500:
        report.good('memory', '%d MiB' % memory)
    else:
        report.lack('4 GiB of memory (it has %d MiB)' % memory,
                    'use --memory 768M --vram 128M and one VM')
    free = shutil.disk_usage(cache.root()).free // MIB
    if free >= 4000:
        report.good('free space for the cache',
                    '%d MiB in %s' % (free, cache.root()))
    else:
        report.lack('4 GiB free in %s (it has %d MiB)' % (cache.root(), free),
                    'export XDG_CACHE_HOME=/a/bigger/place')


def check_packages(report):
    sudo = '' if os.geteuid() == 0 else 'sudo '
    for purpose, words in PURPOSES.items():
        names = packages.missing([purpose])
        if names:
            report.lack('packages for ' + words,
                        sudo + packages.install_command(names))
        else:
            report.good('packages for ' + words)


def check_acceleration(report):
    problem = kvm.node()
    if problem:
        report.note('KVM', '%s; guests run under TCG, several times slower'
                    % problem)
    else:
        report.good('KVM', '/dev/kvm is there; a test boot will tell')


def check_built(report):
    binary = qemu.built()
    entries = list(cache.place('guest').glob('kernel-entry-*/version'))
    table = (
        ('QEMU with the device', binary is not None),
        ('guest root disk (debian12)',
         (image.place('debian12') / 'root.ext4').exists()),
        ('guest kernel', bool(entries)),
        ('native node', (core.tree() / native.LIBRARY).exists()),
    )
    for what, there in table:
        if there:
            report.good(what, 'built')
        else:
            report.note(what, 'not built yet, or the sources changed: '
                        'scripts/gpuvm build')
    report.good('guests known', ', '.join(kernel.SUITES))


def main(options):
    del options
    report = Report()
    for title, check in (('Machine', check_machine),
                         ('Packages', check_packages),
                         ('Acceleration', check_acceleration),
                         ('Built', check_built)):
        print(title)
        check(report)
    if report.lacks:
        print('%d thing%s lacking.' % (report.lacks,
                                       's' if report.lacks > 1 else ''))
        return 1
    print('Nothing is lacking.')
    return 0


def add_arguments(parser):
    del parser
