"""gpuvm libvirt-xml: what a libvirt domain needs to have a virtual GPU.

Prints the <emulator> and <qemu:commandline> elements for `virsh edit DOMAIN`
(the domain element needs the namespace that the comment shows).  libvirt does
not know the device, so it comes by QEMU's own command line, in a slot that
libvirt does not hand out by itself.

A boot of tests/guest/libvirt.toml starts a domain with exactly these elements
under a session libvirtd of its own.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import threading
import time
from xml.etree import ElementTree
from xml.sax import saxutils

from . import console, guest, packages, qemu, qmp, versions

NAMESPACE = 'http://libvirt.org/schemas/domain/qemu/1.0'
SLOT = '0x10'       # high: libvirt hands out low ones
SIZES = {'M': 1 << 20, 'G': 1 << 30}
TEST_DOMAIN = 'gpuvm-test'
NOBODY = 65534
URI = 'qemu:///session'


# ---- the elements -----------------------------------------------------------

def size(text):
    """Bytes of a size such as 512M or 2G; JSON's -device takes no suffix."""
    match = re.fullmatch(r'(\d+)([MG])', text)
    if not match:
        raise console.GpuvmError(
            'vram=%s is no size' % text, 'give whole MiB or GiB: --vram 512M')
    return int(match.group(1)) * SIZES[match.group(2)]


def properties(text, what):
    """NAME=VALUE,NAME=VALUE as a dictionary."""
    found = {}
    for pair in filter(None, text.split(',')):
        name, equals, val = pair.partition('=')
        if not equals:
            raise console.GpuvmError(
                '%s of %s is no NAME=VALUE' % (pair, what),
                '--gpu weight=200')
        found[name] = qmp.value(val)
    return found


def devices(options):
    """The -device arguments: a GPU that VMs share, if asked for, and ours."""
    board = {'driver': 'gpuvm', 'id': 'gpu0', 'bus': options.bus,
             'addr': SLOT, 'vram': size(options.vram)}
    found = []
    if options.share:
        found.append({'driver': 'gpuvm-soft', 'id': 'soft0',
                      'share': options.share, 'vram': size(options.total)})
        board['gpu'] = 'soft0'
    board.update(properties(options.gpu, '--gpu'))
    return found + [board]


def arguments(words):
    """<qemu:commandline> with one argument a word."""
    lines = ['<qemu:commandline>']
    for word in words:
        lines.append('  <qemu:arg value=%s/>' % saxutils.quoteattr(str(word)))
    return '\n'.join(lines + ['</qemu:commandline>'])


def device_words(options):
    words = []
    for one in devices(options):
        words += ['-device', json.dumps(one, separators=(',', ':'))]
    return words


def snippet(binary, options):
    """What `virsh edit` wants."""
    return '\n'.join([
        '<!-- virsh edit DOMAIN, then',
        '     1. <domain type=... xmlns:qemu=\'%s\'>' % NAMESPACE,
        '     2. in <devices>: -->',
        '<emulator>%s</emulator>' % saxutils.escape(str(binary)),
        '<!-- 3. behind </devices>: -->',
        arguments(device_words(options)), ''])


def main(options):
    binary = qemu.ready(options.qemu_build)
    print(snippet(binary, options), end='')
    return 0


def add_device_arguments(parser, which, choices):
    """What a snippet for libvirt and one for xl have in common.

    which: what has the GPU, 'VM' or 'domain'; choices: of --qemu-build.
    """
    parser.add_argument('--vram', default='512M', metavar='SIZE',
                        help='video memory of this %s (default 512M)' % which)
    parser.add_argument('--gpu', default='', metavar='PROPERTIES',
                        help='more properties of -device gpuvm, for example '
                        'weight=200')
    parser.add_argument('--share', metavar='NAME',
                        help='share one GPU with all %ss that name it' % which)
    parser.add_argument('--total', default='4G', metavar='SIZE',
                        help='video memory of the shared GPU (default 4G)')
    parser.add_argument('--qemu-build', metavar='VERSION', choices=choices,
                        help='which QEMU')


def add_arguments(parser):
    add_device_arguments(parser, 'VM', versions.NAMES)
    parser.add_argument('--bus', default='pcie.0', metavar='BUS',
                        help='PCI bus: pcie.0 (q35, default) or pci.0 (pc)')


# ---- a domain under a session libvirtd, for the test ------------------------

DOMAIN = '''\
<domain type='%(type)s' xmlns:qemu='%(namespace)s'>
  <name>%(name)s</name>
  <memory unit='MiB'>%(memory)d</memory>
  <vcpu>%(cpus)s</vcpu>
  <os>
    <type arch='x86_64' machine='%(machine)s'>hvm</type>
    <kernel>%(kernel)s</kernel>
    <initrd>%(initrd)s</initrd>
    <cmdline>console=ttyS0 panic=-1 nokaslr mitigations=off</cmdline>
  </os>
  <features><acpi/></features>
  %(cpu)s
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>%(binary)s</emulator>
    <serial type='file'><source path='%(log)s'/></serial>
%(channels)s
%(filesystems)s
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='none'/>
  </devices>
%(arguments)s
</domain>
'''
CHANNEL = '''\
    <channel type='unix'>
      <source mode='connect' path='%s'/>
      <target type='virtio' name='gpuvm.%s'/>
    </channel>'''

FILESYSTEM = '''\
    <filesystem type='mount' accessmode='squash' multidevs='remap'>
      <source dir='%s'/>
      <target dir='share%d'/>%s
    </filesystem>'''


def as_nobody(argv):
    """
    As root libvirt is always qemu:///system, which wants users and services
    of its own.  In a user namespace we are somebody else, with our own files.
    """
    if os.geteuid() != 0:
        return argv
    return ['unshare', '--user', '--map-user=%d' % NOBODY,
            '--map-group=%d' % NOBODY, '--', *argv]


class Daemon:
    """A libvirtd of our own, in a directory of its own."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.env = guest.clean_environment()
        for name in ('run', 'config/libvirt', 'cache', 'data'):
            (self.dir / name).mkdir(parents=True)
        self.env.update(
            HOME=str(self.dir), XDG_RUNTIME_DIR=str(self.dir / 'run'),
            XDG_CONFIG_HOME=str(self.dir / 'config'),
            XDG_CACHE_HOME=str(self.dir / 'cache'),
            XDG_DATA_HOME=str(self.dir / 'data'))
        # no log daemon, no D-Bus
        (self.dir / 'config' / 'libvirt' / 'qemu.conf').write_text(
            'stdio_handler = "file"\nseccomp_sandbox = 0\n')
        with open(self.dir / 'libvirtd.log', 'wb') as log:
            self.process = console.spawn(
                as_nobody(['/usr/sbin/libvirtd', '-t', '600']),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.env)

    def virsh(self, *words, check=True):
        done = subprocess.run(
            as_nobody(['virsh', '-c', URI, *map(str, words)]),
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=self.env, check=False, timeout=120)
        if check and done.returncode:
            raise console.GpuvmError('virsh %s: %s' % (
                ' '.join(map(str, words)), done.stderr.strip()))
        return done.stdout

    def wait(self):
        """Until it answers."""
        end = time.monotonic() + 60
        while True:
            try:
                return self.virsh('version')
            except console.GpuvmError as error:
                if self.process.poll() is not None or \
                        time.monotonic() > end:
                    raise console.GpuvmError(
                        'libvirtd does not answer: %s\n%s' % (
                            error, self.log())) from None
                time.sleep(0.3)

    def log(self):
        return (self.dir / 'libvirtd.log').read_text(errors='replace')

    def end(self):
        console.kill(self.process)


class LibvirtGuest(guest.Guest):
    """A guest whose QEMU libvirt starts; the rest is as with any guest."""

    def __init__(self, config, sink, words):
        """words: what `gpuvm libvirt-xml` is told."""
        super().__init__(config, sink)
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        self.options = parser.parse_args(words)
        self.daemon = None

    def xml(self):
        """The domain: what libvirt knows as its own elements."""
        c = self.config
        self.command()      # its files and sockets
        words = ['-drive', 'file=%s,if=none,id=root,format=raw,snapshot=on,'
                 'file.locking=off' % guest.quote(c.disk),
                 '-device', 'virtio-blk-pci,drive=root,bus=pcie.0,addr=0x11',
                 '-chardev', 'socket,id=ourqmp,path=%s' % guest.quote(
                     self.dir / 'qmp'), '-mon', 'chardev=ourqmp,mode=control']
        for name in ('job', 'script'):
            words += ['-fw_cfg', 'name=opt/org.gpuvm/%s,file=%s' % (
                name, guest.quote(self.dir / name))]
        text = DOMAIN % {
            'type': 'kvm' if c.accel == 'kvm' else 'qemu',
            'cpu': '<cpu mode=\'host-passthrough\'/>' if c.accel == 'kvm'
                   else '<cpu mode=\'maximum\'/>',
            'namespace': NAMESPACE, 'name': TEST_DOMAIN,
            'memory': size(c.memory) >> 20, 'cpus': c.cpus,
            'machine': c.machine, 'kernel': c.vmlinux, 'initrd': c.initrd,
            'binary': c.qemu, 'log': self.log,
            'channels': '\n'.join(CHANNEL % (self.dir / name, name)
                                  for name in ('ctl', 'out', 'err')),
            'filesystems': '\n'.join(
                FILESYSTEM % (directory, n,
                              '<readonly/>' if mode == 'ro' else '')
                for n, (directory, _, mode) in enumerate(c.shares)),
            'arguments': arguments(words + device_words(self.options))}
        ElementTree.fromstring(text)
        return text

    def start(self):
        xml = self.dir / 'domain.xml'
        xml.write_text(self.xml())
        (self.dir / 'libvirt').mkdir()
        self.daemon = Daemon(self.dir / 'libvirt')
        self.process = self.daemon.process
        self.daemon.wait()
        self.daemon.virsh('define', xml)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        self.daemon.virsh('start', TEST_DOMAIN)

    def _counters(self, monitor, name):
        """As libvirt's users read them."""
        def get(what):
            said = self.daemon.virsh(
                'qemu-monitor-command', TEST_DOMAIN, json.dumps(
                    {'execute': 'qom-get', 'arguments': {
                        'path': '/machine/peripheral/' + name,
                        'property': what}}))
            return json.loads(said)['return']
        return json.loads(get('stats')), get('unknown-registers')

    def _quit(self, monitor):
        before = self.daemon.virsh('domstate', TEST_DOMAIN).strip()
        self.daemon.virsh('destroy', TEST_DOMAIN)
        after = self.daemon.virsh('domstate', TEST_DOMAIN).strip()
        self.daemon.virsh('undefine', TEST_DOMAIN)
        if (before, after) != ('running', 'shut off'):
            raise console.GpuvmError('libvirt calls the domain %s, and %s '
                                     'after its end' % (before, after))

    def end(self):
        if self.daemon:
            self.daemon.virsh('destroy', TEST_DOMAIN, check=False)
            self.daemon.end()
        super().end()


def ready():
    """libvirt's packages, and a way to be an ordinary user."""
    packages.ensure(['libvirt'])
    probe = subprocess.run(as_nobody(['true']), capture_output=True,
                           text=True, check=False)
    if probe.returncode:
        raise console.GpuvmError(
            'no user namespace for a session libvirt: %s' %
            probe.stderr.strip(), 'run the test as an ordinary user')
