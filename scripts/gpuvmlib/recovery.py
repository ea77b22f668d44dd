"""A guest that is reset, restarted and unplugged while it works.

A [[boot]] with `resets = true` runs in a RecoveryGuest instead of a Guest: QEMU
survives a restart of the guest, whose script goes on where it was (checks.py,
`then`), and the guest may ask the host for a QMP command by writing a line to
the virtio port gpuvm.ask:

  system_reset                resets the machine at once
  device_del ID               asks the guest to give the device up
  device_add DRIVER,KEY=VALUE,...
  alive                       nothing
  get NAME                    a property of the GPU; the answer is its value
  set NAME=VALUE              sets one
  resume NAME=VALUE           waits until the GPU's time-out has stopped the VM,
                              sets the property and continues; the answer is
                              the run state and the device's `last-fault`

The host answers with a line: "ok" (or what stands above), or QEMU's error.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import threading
import time

from . import console, guest, qmp

GPU = '/machine/peripheral/gpu0'
PATIENCE = 60       # seconds until a VM that is to stop has stopped


class RecoveryGuest(guest.Guest):
    def __init__(self, config, sink):
        super().__init__(config, sink)
        self.host = None

    def command(self):
        argv = [str(a) for a in super().command()]
        argv.remove('-no-reboot')
        at = argv.index('-mon')
        argv[at:at] = self.port('control') + [
            '-mon', 'chardev=control,mode=control']
        at = argv.index('-fw_cfg')
        argv[at:at] = self.port('ask') + [
            '-device', 'virtserialport,chardev=ask,name=gpuvm.ask']
        return argv

    def _pump(self, monitor):
        self.host = threading.Thread(target=self._answer, daemon=True)
        self.host.start()
        super()._pump(monitor)

    def _answer(self):
        """Does what the guest asks for, until QEMU ends."""
        try:
            monitor = qmp.Qmp(self.sockets['control'])
            for line in self.sockets['ask'].makefile('r'):
                answer = self._do(monitor, line.strip())
                if answer:
                    self.sockets['ask'].sendall(answer.encode() + b'\n')
        except (OSError, ValueError):
            pass                # QEMU ended; the other thread says so

    @staticmethod
    def _set(monitor, text):
        name, _, value = text.partition('=')
        monitor.command('qom-set', path=GPU, property=name,
                        value=qmp.value(value))

    @staticmethod
    def _resume(monitor, text):
        end = time.monotonic() + PATIENCE
        while monitor.command('query-status')['running']:
            if time.monotonic() > end:
                return 'the VM was not stopped'
            time.sleep(0.1)
        state = monitor.command('query-status')['status']
        last = monitor.get(GPU, 'last-fault')
        time.sleep(1)
        RecoveryGuest._set(monitor, text)
        monitor.command('cont')
        return '%s %s' % (state, last)

    @staticmethod
    def _do(monitor, line):
        word, _, rest = line.partition(' ')
        try:
            if word == 'system_reset':
                monitor.command('system_reset')
                return ''       # nobody is there to read it
            if word == 'device_del':
                monitor.command('device_del', id=rest)
            elif word == 'device_add':
                driver, _, keys = rest.partition(',')
                monitor.command('device_add', driver=driver, **dict(
                    key.split('=', 1) for key in keys.split(',')))
            elif word == 'alive':
                monitor.command('query-status')
            elif word == 'get':
                return str(monitor.get(GPU, rest))
            elif word == 'set':
                RecoveryGuest._set(monitor, rest)
            elif word == 'resume':
                return RecoveryGuest._resume(monitor, rest)
            else:
                return 'cannot do: ' + line
        except console.GpuvmError as error:
            return str(error)
        return 'ok'
