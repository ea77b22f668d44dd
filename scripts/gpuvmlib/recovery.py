"""A guest that is reset, restarted and unplugged while it works.

A [[boot]] with `resets = true` runs in a RecoveryGuest instead of a Guest: QEMU
survives a restart of the guest, whose script goes on where it was (checks.py,
`then`), and the guest may ask the host for a QMP command by writing a line to
the virtio port gpuvm.ask:

  system_reset                resets the machine at once
  device_del ID               asks the guest to give the device up
  device_add DRIVER,KEY=VALUE,...
  alive                       nothing

The host answers with a line: "ok", or QEMU's error.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import threading

from . import console, guest, qmp


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
            else:
                return 'cannot do: ' + line
        except console.GpuvmError as error:
            return str(error)
        return 'ok'
