"""Whether KVM can be trusted here: a test boot tells, not the device node.

A /dev/kvm may exist and hang or fail (nested machines, containers).  So the
guest's own kernel is booted once under KVM with gpuvm.probe on its command
line; only if it says so within ten seconds is KVM used.  The answer is kept
until the machine reboots.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import pathlib
import subprocess

from . import cache, console

SECONDS = 10


def boot_id():
    return pathlib.Path('/proc/sys/kernel/random/boot_id').read_text().strip()


def test_boot(qemu, vmlinux, initrd):
    """Whether the probe's line came in time."""
    argv = [qemu, '-nodefaults', '-no-user-config', '-display', 'none',
            '-no-reboot', '-M', 'q35', '-m', '512M', '-accel', 'kvm', '-cpu',
            'host', '-kernel', vmlinux, '-initrd', initrd, '-append',
            'console=ttyS0 quiet panic=-1 gpuvm.probe', '-serial', 'stdio']
    child = console.spawn(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        out, _ = child.communicate(timeout=SECONDS)
        return b'gpuvm-probe-ok' in out
    except subprocess.TimeoutExpired:
        return False
    finally:
        console.kill(child)


def node():
    """None if the device node can be used, else what is wrong with it."""
    if not os.path.exists('/dev/kvm'):
        return 'there is no /dev/kvm'
    if not os.access('/dev/kvm', os.R_OK | os.W_OK):
        return 'no permission to use /dev/kvm (adduser YOU kvm)'
    return None


def choose(wish, qemu, vmlinux, initrd):
    """'kvm' or 'tcg' for --accel auto|kvm|tcg."""
    if wish == 'tcg':
        return 'tcg'
    problem = node()
    if problem is None:
        known = cache.root() / 'kvm-probe'
        verdict = ''
        if known.exists():
            stamp, _, answer = known.read_text().partition(' ')
            if stamp == boot_id():
                verdict = answer
        if not verdict:
            console.say('testing KVM with a short boot')
            works = test_boot(qemu, vmlinux, initrd)
            verdict = 'yes' if works else 'no'
            known.write_text('%s %s' % (boot_id(), verdict))
        if verdict == 'yes':
            return 'kvm'
        problem = 'a test boot under KVM did not come up in %d s' % SECONDS
    if wish == 'kvm':
        raise console.GpuvmError('KVM cannot be used: ' + problem,
                                 'scripts/gpuvm run --accel tcg ...')
    return 'tcg'
