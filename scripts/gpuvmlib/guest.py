"""One guest: a QEMU process, its channels, and what comes through them.

The guest's side is guest-session.sh.  Three virtio-serial ports are sockets
that we listen on before QEMU starts: control (notes, exit status), the
script's stdout and its stderr; a shell uses a virtio console instead.  The
script itself goes in by fw_cfg.  At the guest's "status N" the counters are
read over QMP, then QEMU is told to quit: the root disk is a throw-away
overlay, and shares are written through.

One thread serves each guest; what it must tell goes to the sink.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import dataclasses
import json
import os
import pathlib
import selectors
import socket
import subprocess
import threading
import time

from . import console, qmp

GPU_ID = 'gpu0'


@dataclasses.dataclass
class Config:
    """What a guest is made of."""
    qemu: pathlib.Path
    vmlinux: pathlib.Path
    initrd: pathlib.Path
    disk: pathlib.Path
    script: str
    accel: str = 'tcg'
    memory: str = '1536M'
    cpus: int = 2
    gpu: str = 'vram=512M'      # properties of -device gpuvm; '' for no GPU
    more_gpus: tuple = ()       # properties of gpu1, gpu2 ...
    shares: tuple = ()          # (host directory, path in the guest, rw|ro)
    nouveau: bool = True
    nouveau_options: str = ''
    append: str = ''            # kernel command line
    machine: str = 'q35'
    qemu_options: tuple = ()    # before the GPU, which may refer to them
    terminal: bool = False      # an interactive shell
    timeout: float = 0          # seconds; 0 = as long as it takes
    stats: bool = False
    log: pathlib.Path = None    # console log to keep
    monitor: pathlib.Path = None    # socket for `gpuvm top` to be made


class Sink:
    """Where a guest's output goes; functions may be replaced."""

    def out(self, data):
        os.write(1, data)

    def err(self, data):
        os.write(2, data)

    def note(self, text):
        console.say(text)


def quote(value):
    """A value inside a QEMU option: commas are doubled."""
    return str(value).replace(',', ',,')


def accel_options(accel):
    if accel == 'kvm':
        return ['-accel', 'kvm', '-cpu', 'host']
    return ['-accel', 'tcg,thread=multi', '-cpu', 'max,la57=off']


def clean_environment():
    """QEMU's environment: nothing preloaded."""
    env = dict(os.environ)
    env.pop('LD_PRELOAD', None)
    return env


class Guest:
    """start() it, then wait() for its exit status."""

    def __init__(self, config, sink):
        self.config = config
        self.sink = sink
        self.dir = pathlib.Path(console.temp_dir())
        self.log = self.dir / 'console.log'
        self.status = None          # exit status of the script
        self.stats = None           # the device's counters
        self.unknown = ''           # registers that the model does not know
        self.more_stats = []        # (stats, unknown) of gpu1, gpu2 ...
        self.error = None           # GpuvmError: the guest came to grief
        self.lines = []             # control lines, kept for tests
        self.process = None
        self.thread = None
        self.listening = {}
        self.sockets = {}
        self.stop = threading.Event()

    # ---- QEMU's command line ------------------------------------------------

    def port(self, name):
        """A socket that QEMU will connect to; returns chardev options."""
        path = str(self.dir / name)
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)
        self.listening[name] = server
        return ['-chardev', 'socket,id=%s,path=%s' % (name, quote(path))]

    def share_options(self):
        argv = []
        for n, (directory, _, mode) in enumerate(self.config.shares):
            read_only = ',readonly=on' if mode == 'ro' else ''
            argv += ['-fsdev', 'local,id=fs%d,path=%s,security_model=none,'
                     'multidevs=remap%s' % (n, quote(directory), read_only),
                     '-device',
                     'virtio-9p-pci,fsdev=fs%d,mount_tag=share%d' % (n, n)]
        return argv

    def job(self):
        """Shell variables for guest-session.sh."""
        c = self.config
        shares = ' '.join('share%d:%s:%s' % (n, path, mode)
                          for n, (_, path, mode) in enumerate(c.shares))
        load = c.nouveau and bool(c.gpu)
        lines = ["NOUVEAU='%s'" % ('yes' if load else 'no'),
                 "NOUVEAU_OPTIONS='%s'" % c.nouveau_options,
                 "SHARES='%s'" % shares,
                 "TTY='%s'" % ('yes' if c.terminal else 'no'),
                 "HOST_TERM='%s'" % os.environ.get('TERM', 'linux')]
        return '\n'.join(lines) + '\n'

    def command(self):
        c = self.config
        (self.dir / 'job').write_text(self.job())
        (self.dir / 'script').write_text(c.script)
        argv = [c.qemu, '-nodefaults', '-no-user-config', '-display', 'none',
                '-no-reboot', '-M', c.machine, '-m', c.memory, '-smp', c.cpus]
        argv += accel_options(c.accel)
        argv += ['-kernel', c.vmlinux, '-initrd', c.initrd, '-append',
                 'console=ttyS0 panic=-1 nokaslr mitigations=off %s'
                 % c.append]
        argv += ['-drive', 'file=%s,if=virtio,format=raw,snapshot=on,'
                 'file.locking=off' % quote(c.disk)]
        argv += ['-serial', 'file:%s' % self.log,
                 '-device', 'virtio-rng-pci',
                 '-device', 'virtio-serial-pci,id=vs0']
        argv += self.port('qmp') + ['-mon', 'chardev=qmp,mode=control']
        ports = ['ctl'] + (['tty'] if c.terminal else ['out', 'err'])
        for name in ports:
            argv += self.port(name)
            if name == 'tty':
                argv += ['-device', 'virtconsole,chardev=tty']
            else:
                argv += ['-device', 'virtserialport,chardev=%s,name=gpuvm.%s'
                         % (name, name)]
        for name in ('job', 'script'):
            argv += ['-fw_cfg', 'name=opt/org.gpuvm/%s,file=%s'
                     % (name, quote(self.dir / name))]
        if c.monitor:
            argv += ['-chardev', 'socket,id=top,server=on,wait=off,path=%s' %
                     quote(c.monitor), '-mon', 'chardev=top,mode=control']
        argv += self.share_options()
        argv += list(c.qemu_options)
        if c.gpu:
            argv += ['-device', 'gpuvm,id=%s,addr=0x10,%s' % (GPU_ID, c.gpu)]
        for n, properties in enumerate(c.more_gpus, 1):
            argv += ['-device', 'gpuvm,id=gpu%d,addr=0x%x,%s' % (
                n, 0x10 + n, properties)]
        return argv

    # ---- running ------------------------------------------------------------

    def start(self):
        argv = self.command()
        with open(self.dir / 'qemu.err', 'wb') as err:
            self.process = console.spawn(argv, stdin=subprocess.DEVNULL,
                                         stdout=err, stderr=err,
                                         env=clean_environment())
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def wait(self):
        """The script's exit status; raises if the guest did not report one."""
        while self.thread.is_alive():
            self.thread.join(0.2)
        if self.error:
            raise self.error
        return self.status

    def end(self):
        """End the guest if it runs, and drop its files."""
        self.stop.set()
        if self.process:
            console.kill(self.process)
        if self.thread:
            self.thread.join(5)
        if self.config.log and self.log.exists():
            pathlib.Path(self.config.log).write_bytes(self.log.read_bytes())
        for sock in list(self.listening.values()) + list(
                self.sockets.values()):
            sock.close()
        if self.config.monitor:
            pathlib.Path(self.config.monitor).unlink(missing_ok=True)
        console.drop_temp_dir(str(self.dir))

    def console_tail(self, lines=15):
        if not self.log.exists():
            return ''
        text = self.log.read_text(errors='replace').splitlines()
        return '\n'.join('  | ' + line for line in text[-lines:])

    def qemu_said(self):
        path = self.dir / 'qemu.err'
        return path.read_text(errors='replace').strip() if path.exists() \
            else ''

    def _last_words(self):
        """What QEMU said when it ended, as it seems to have."""
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        return self.qemu_said()

    def _accept(self):
        """Wait for QEMU's connections."""
        deadline = time.monotonic() + 60
        for name, server in self.listening.items():
            server.settimeout(0.2)
            while True:
                try:
                    self.sockets[name] = server.accept()[0]
                    break
                except socket.timeout:
                    gone = self.process.poll() is not None
                    if gone or self.stop.is_set() or \
                            time.monotonic() > deadline:
                        raise console.GpuvmError(
                            'QEMU did not start: %s' % self.qemu_said()
                        ) from None
            self.sockets[name].setblocking(True)

    def _serve(self):
        try:
            self._accept()
            monitor = qmp.Qmp(self.sockets['qmp'])
            self._pump(monitor)
        except console.GpuvmError as error:
            self.error = error
        except (OSError, ValueError) as error:
            if not self.stop.is_set():
                self.error = console.GpuvmError('QEMU ended: %s' % (
                    self._last_words() or error), status=125)
        finally:
            if self.process:
                console.kill(self.process)

    def _pump(self, monitor):
        """Carry output and control lines until the guest reports."""
        selector = selectors.DefaultSelector()
        for name in ('ctl', 'out', 'err', 'tty'):
            if name in self.sockets:
                selector.register(self.sockets[name], selectors.EVENT_READ,
                                  name)
        end = time.monotonic() + self.config.timeout
        control = b''
        while self.status is None:
            if self.config.timeout and time.monotonic() > end:
                raise console.GpuvmError(
                    'the guest was not done after %d s; its console:\n%s' %
                    (self.config.timeout, self.console_tail()), status=124)
            if self.stop.is_set():
                return
            for key, _ in selector.select(0.5):
                data = key.fileobj.recv(65536)
                if not data:
                    selector.unregister(key.fileobj)
                    if key.data == 'ctl':
                        self._ended()
                elif key.data == 'ctl':
                    control += data
                    while b'\n' in control:
                        line, _, control = control.partition(b'\n')
                        self._control(line.decode(errors='replace'))
                else:
                    self._output(key.data, data)
        self._drain(selector)
        if self.config.stats and self.config.gpu:
            self.stats, self.unknown = self._counters(monitor, GPU_ID)
            self.more_stats = [
                self._counters(monitor, 'gpu%d' % (n + 1))
                for n in range(len(self.config.more_gpus))]
        self._quit(monitor)

    @staticmethod
    def _counters(monitor, name):
        """(counters, registers that the model does not know) of a device."""
        path = '/machine/peripheral/' + name
        stats = json.loads(monitor.get(path, 'stats'))
        unknown = monitor.get(path, 'unknown-registers') \
            if stats.get('unknown') else ''
        return stats, unknown

    def _output(self, name, data):
        if name == 'err':
            self.sink.err(data)
        else:
            self.sink.out(data)

    def _control(self, line):
        self.lines.append(line)
        word, _, rest = line.partition(' ')
        if word == 'note':
            self.sink.note(rest)
        elif word == 'status':
            self.status = int(rest)

    def _drain(self, selector):
        """What was sent before the status may still be on its way."""
        quiet = 0
        while quiet < 2:
            ready = selector.select(0.05)
            quiet = 0 if ready else quiet + 1
            for key, _ in ready:
                data = key.fileobj.recv(65536)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.data != 'ctl':
                    self._output(key.data, data)

    def _quit(self, monitor):
        try:
            monitor.command('quit')
            console.reap(self.process, 10)
        except (console.GpuvmError, OSError, subprocess.TimeoutExpired):
            console.kill(self.process)

    def _ended(self):
        """QEMU or the guest ended without a status."""
        said = self._last_words()
        code = self.process.poll()
        raise console.GpuvmError(
            'the guest ended before the command did (QEMU: %s)%s\n'
            'its console:\n%s' %
            ('exit status %s' % code, '\n' + said if said else '',
             self.console_tail()), status=125)
