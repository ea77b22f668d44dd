"""A guest that is stopped, saved, loaded and moved while it computes.

A [[boot]] with a `state` table runs in a StateGuest instead of a Guest:

  state = { rounds = 10, stops = 5, moves = 1, seed = 1 }

The guest's script writes a line to the virtio port gpuvm.go when its program
is under way; then, at random moments,

  rounds  savevm, and a while later loadvm: the guest does that while again
  stops   stop and, a while later, cont
  moves   migration to a second QEMU on this host, which takes over

and at last the line "stop" is sent to the port, upon which the script shall
end its program and print what came out.  What the host did is printed too, as
lines "host: ...", which checks can expect.

The root disk is a throw-away qcow2 overlay, which keeps the snapshots and which
both QEMUs can open.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import queue
import random
import select
import socket
import struct
import subprocess
import threading
import time

from . import console, guest, qmp

CLUSTER = 1 << 16


def write_overlay(path, backing):
    """An empty qcow2 image (version 3) over a raw one.

    Four clusters: header, refcount table, refcount block, L1 table.
    """
    size = (os.path.getsize(backing) + 511) // 512 * 512
    entries = -(-size // (CLUSTER * (CLUSTER // 8)))
    name = os.fsencode(backing)
    extension = struct.pack('>II8sII', 0xe2792aca, 3, b'raw', 0, 0)
    header = struct.pack(
        '>4sIQIIQIIQQIIQQQQII', b'QFI\xfb', 3, 104 + len(extension),
        len(name), 16, size, 0, entries, 3 * CLUSTER, CLUSTER, 1, 0, 0,
        0, 0, 0, 4, 104)
    with open(path, 'wb') as image:
        image.write(header + extension + name)
        image.seek(CLUSTER)
        image.write(struct.pack('>Q', 2 * CLUSTER))
        image.seek(2 * CLUSTER)
        image.write(struct.pack('>4H', 1, 1, 1, 1))
        image.truncate(4 * CLUSTER)


class StateGuest(guest.Guest):
    def __init__(self, config, sink, plan):
        super().__init__(config, sink)
        self.plan = plan
        self.random = random.Random(plan.get('seed', 1))
        self.swap = threading.Lock()    # self.sockets, self.process
        self.driver = None
        self.control = None             # the driver's own monitor
        self.last_monitor = None
        self.said = queue.SimpleQueue() # lines of the driver's
        self.whole = True               # the guest's last line has ended

    def command(self):
        argv = [str(a) for a in super().command()]
        overlay = self.dir / 'disk.qcow2'
        if not overlay.exists():
            write_overlay(overlay, self.config.disk)
        at = argv.index('-drive') + 1
        argv[at] = ('file=%s,if=virtio,format=qcow2,file.locking=off,'
                    'backing.file.locking=off' % guest.quote(overlay))
        at = argv.index('-mon')
        argv[at:at] = self.port('control') + [
            '-mon', 'chardev=control,mode=control']
        at = argv.index('-fw_cfg')
        argv[at:at] = self.port('go') + [
            '-device', 'virtserialport,chardev=go,name=gpuvm.go']
        self.argv = argv
        return argv

    def say(self, text):
        self.said.put('host: %s\n' % text)

    # ---- what is done to the guest ------------------------------------------

    def hmp(self, line):
        said = self.control.command('human-monitor-command',
                                    **{'command-line': line})
        if said.strip():
            raise console.GpuvmError('QEMU: %s: %s' % (line, said.strip()))

    def rest(self, least=0.05, most=0.8):
        time.sleep(self.random.uniform(least, most))

    def save_and_load(self):
        begin = time.monotonic()
        self.hmp('savevm state')
        saved = time.monotonic()
        self.rest()
        again = time.monotonic()
        self.hmp('loadvm state')
        self.control.command('cont')
        return saved - begin, time.monotonic() - again

    def stop_and_go(self):
        self.control.command('stop')
        self.rest(0.05, 0.3)
        self.control.command('cont')

    def move(self):
        """Migrate to a second QEMU; it becomes the guest."""
        path = str(self.dir / 'migration')
        argv = list(self.argv) + ['-incoming', 'unix:' + path]
        argv[argv.index('-serial') + 1] += '.moved'
        with open(self.dir / 'qemu.err', 'ab') as err:
            process = console.spawn(argv, stdin=subprocess.DEVNULL,
                                    stdout=err, stderr=err,
                                    env=guest.clean_environment())
        try:
            sockets = {}
            for name, server in self.listening.items():
                server.settimeout(60)
                sockets[name] = server.accept()[0]
                sockets[name].setblocking(True)
            control = qmp.Qmp(sockets['control'], 120)
            monitor = qmp.Qmp(sockets['qmp'])
            self.control.command('migrate-set-parameters', **{
                'max-bandwidth': 1 << 33, 'downtime-limit': 2000})
            self.control.command('migrate', uri='unix:' + path)
            info = self._migrated()
            while control.command('query-status')['status'] != 'running':
                time.sleep(0.05)
        except BaseException:
            console.kill(process)
            raise
        time.sleep(0.5)         # what the first one still had to say
        with self.swap:
            first, self.process = self.process, process
            self.sockets = sockets
            self.control, self.last_monitor = control, monitor
        console.kill(first)
        return info

    def _migrated(self):
        while True:
            info = self.control.command('query-migrate')
            if info['status'] == 'completed':
                return info
            if info['status'] in ('failed', 'cancelled'):
                raise console.GpuvmError('the migration %s: %s' % (
                    info['status'], info.get('error-desc', '') +
                    self.qemu_said()))
            time.sleep(0.05)

    def _drive(self):
        plan = self.plan
        times = []
        self._go_line()
        for _ in range(plan.get('rounds', 0)):
            self.rest()
            times.append(self.save_and_load())
        if times:
            self.say('%d times saved and loaded (%.1f s and %.1f s each)' % (
                len(times), sum(t[0] for t in times) / len(times),
                sum(t[1] for t in times) / len(times)))
        for _ in range(plan.get('stops', 0)):
            self.rest()
            self.stop_and_go()
        if plan.get('stops'):
            self.say('%d times stopped' % plan['stops'])
        for _ in range(plan.get('moves', 0)):
            self.rest()
            info = self.move()
            self.say('moved to another QEMU (%d ms down)' % info['downtime'])
        self.rest(0.5, 1)
        self.sockets['go'].sendall(b'stop\n')

    def _go_line(self):
        """Waits until the guest says that it computes."""
        sock = self.sockets['go']
        while b'\n' not in sock.recv(4096):
            pass

    def _driver(self):
        try:
            self._drive()
        except (console.GpuvmError, OSError, ValueError) as error:
            if not self.stop.is_set():
                self.error = console.GpuvmError('%s\n%s\n%s' % (
                    error, self.qemu_said(), self.console_tail()))
                self.stop.set()

    # ---- carrying output, whichever QEMU it comes from -----------------------

    def _pump(self, monitor):
        self.last_monitor = monitor
        self.control = qmp.Qmp(self.sockets['control'], 120)
        self.driver = threading.Thread(target=self._driver, daemon=True)
        self.driver.start()
        end = time.monotonic() + self.config.timeout
        control, closed = b'', set()
        while self.status is None and not self.stop.is_set():
            if self.config.timeout and time.monotonic() > end:
                raise console.GpuvmError(
                    'the guest was not done after %d s; its console:\n%s' %
                    (self.config.timeout, self.console_tail()), status=124)
            while self.whole and not self.said.empty():
                self._output('out', self.said.get().encode())
            with self.swap:
                names = {self.sockets[n]: n for n in ('ctl', 'out', 'err')}
            for sock in select.select(set(names) - closed, [], [], 0.2)[0]:
                data = self._read(sock)
                if not data:
                    closed.add(sock)
                    self._closed(sock, names[sock])
                elif names[sock] != 'ctl':
                    self._output(names[sock], data)
                    self.whole = data.endswith(b'\n')
                else:
                    control += data
                    while b'\n' in control:
                        line, _, control = control.partition(b'\n')
                        self._control(line.decode(errors='replace'))
        if self.status is not None:
            self._drain_rest()
            if self.config.stats:
                self.stats, self.unknown = self._counters(self.last_monitor,
                                                          guest.GPU_ID)
            self._quit(self.last_monitor)

    def _drain_rest(self):
        """What was sent before the status may still be on its way."""
        names = {self.sockets[n]: n for n in ('out', 'err')}
        while names:
            ready = select.select(list(names), [], [], 0.1)[0]
            if not ready:
                return
            for sock in ready:
                data = self._read(sock)
                if data:
                    self._output(names[sock], data)
                else:
                    del names[sock]

    @staticmethod
    def _read(sock):
        try:
            return sock.recv(65536)
        except OSError:
            return b''

    def _closed(self, sock, name):
        """The end of QEMU, unless it is the one that was left."""
        with self.swap:
            current = self.sockets.get(name) is sock
        if current and name == 'ctl' and not self.stop.is_set():
            self._ended()
