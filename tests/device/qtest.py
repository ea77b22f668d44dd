"""A small client of QEMU's qtest: no guest, the test plays the processor.

Machine starts QEMU with -accel qtest and speaks its line protocol over a
socket: port and memory accesses, PCI config cycles by 0xcf8/0xcfc on q35.
device() finds our device, gives its BARs addresses and enables it.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import socket
import subprocess
import tempfile

DEVFN = 0x10 << 3               # bus 0, slot 0x10, function 0
BAR_ADDRESS = {0: 0xc0000000, 1: 0x8_0000_0000, 3: 0x8_4000_0000}


class Qtest:
    """One connection that QEMU made to us."""

    def __init__(self, sock):
        sock.settimeout(60)
        self.sock = sock
        self.file = sock.makefile('rwb')

    def ask(self, line):
        self.file.write(line.encode() + b'\n')
        self.file.flush()
        while True:
            answer = self.file.readline().decode().split()
            if not answer:
                raise RuntimeError('QEMU ended at: %s' % line)
            if answer[0] == 'IRQ':
                continue
            if answer[0] != 'OK':
                raise RuntimeError('%s: %s' % (line, ' '.join(answer)))
            return answer[1] if len(answer) > 1 else None


class Machine:
    """A machine without a guest, with -device gpuvm.

    devfn and bars say which device config_*(), enable() and reg() mean.
    """

    def __init__(self, properties='vram=64M', extra=(), machine='q35'):
        self.devfn, self.bars = DEVFN, dict(BAR_ADDRESS)
        self.events = []            # that came between answers
        self.dir = tempfile.TemporaryDirectory(prefix='gpuvm-qtest-',
                                               dir='/tmp')
        servers = {}
        argv = [os.environ['GPUVM_QEMU'], '-nodefaults', '-display', 'none',
                '-M', machine, '-m', '256M', '-accel', 'qtest',
                '-chardev', 'socket,id=qmp,path=%s/qmp' % self.dir.name,
                '-mon', 'chardev=qmp,mode=control',
                '-qtest', 'unix:%s/qtest' % self.dir.name,
                '-qtest-log', '/dev/null']
        if properties is not None:
            argv += ['-device', 'gpuvm,id=gpu0,addr=0x10,' + properties]
        for name in ('qmp', 'qtest'):
            servers[name] = socket.socket(socket.AF_UNIX)
            servers[name].bind('%s/%s' % (self.dir.name, name))
            servers[name].listen(1)
            servers[name].settimeout(30)
        self.errors = open('%s/err' % self.dir.name, 'w+', encoding='utf-8')
        env = {k: v for k, v in os.environ.items() if k != 'LD_PRELOAD'}
        self.process = subprocess.Popen(argv + list(extra), env=env,
                                        stdin=subprocess.DEVNULL,
                                        stdout=self.errors,
                                        stderr=self.errors)
        try:
            self.qtest = Qtest(self._accept(servers['qtest']))
            self.qmp_sock = self._accept(servers['qmp'])
            self.qmp_sock.settimeout(30)
            self.qmp_file = self.qmp_sock.makefile('rwb')
            self.qmp_file.readline()
            self.qmp('qmp_capabilities')
        except OSError:
            self.process.wait(10)
            said = self.said()
            self.close()
            raise RuntimeError('QEMU did not start: ' + said) from None
        except Exception:
            self.close()
            raise
        finally:
            for server in servers.values():
                server.close()

    def _accept(self, server):
        server.settimeout(0.2)
        for _ in range(150):
            try:
                return server.accept()[0]
            except socket.timeout:
                if self.process.poll() is not None:
                    raise RuntimeError('QEMU did not start: ' +
                                       self.said()) from None
        raise RuntimeError('QEMU does not answer')

    def said(self):
        """What QEMU printed."""
        self.errors.flush()
        with open(self.errors.name, encoding='utf-8') as handle:
            return handle.read()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for name in ('qtest', 'qmp_sock'):
            part = getattr(self, name, None)
            if part is not None:
                getattr(part, 'sock', part).close()
        self.errors.close()
        self.dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    # ---- QMP ---------------------------------------------------------------

    def qmp(self, command, **arguments):
        message = {'execute': command}
        if arguments:
            message['arguments'] = arguments
        self.qmp_file.write(json.dumps(message).encode() + b'\n')
        self.qmp_file.flush()
        while True:
            line = self.qmp_file.readline()
            if not line:
                raise ConnectionResetError('QEMU ended at ' + command)
            answer = json.loads(line)
            if 'error' in answer:
                raise RuntimeError(answer['error']['desc'])
            if 'return' in answer:
                return answer['return']
            self.events.append(answer)

    def stats(self):
        """The device's counters."""
        return json.loads(self.qmp('qom-get', property='stats',
                                   path='/machine/peripheral/gpu0'))

    # ---- accesses ----------------------------------------------------------

    def read(self, address, size=4):
        op = {1: 'readb', 2: 'readw', 4: 'readl', 8: 'readq'}[size]
        return int(self.qtest.ask('%s 0x%x' % (op, address)), 16)

    def write(self, address, value, size=4):
        op = {1: 'writeb', 2: 'writew', 4: 'writel', 8: 'writeq'}[size]
        self.qtest.ask('%s 0x%x 0x%x' % (op, address, value))

    def step(self, ns):
        """Let the virtual clock go on."""
        self.qtest.ask('clock_step %d' % ns)

    def config_read(self, offset, size=4):
        self.qtest.ask('outl 0xcf8 0x%x' %
                       (1 << 31 | self.devfn << 8 | offset & ~3))
        op = {1: 'inb', 2: 'inw', 4: 'inl'}[size]
        return int(self.qtest.ask('%s 0x%x' % (op, 0xcfc + (offset & 3))), 16)

    def config_write(self, offset, value, size=4):
        self.qtest.ask('outl 0xcf8 0x%x' %
                       (1 << 31 | self.devfn << 8 | offset & ~3))
        op = {1: 'outb', 2: 'outw', 4: 'outl'}[size]
        self.qtest.ask('%s 0x%x 0x%x' % (op, 0xcfc + (offset & 3), value))

    def capability(self, wanted):
        """Config offset of a capability, 0 if there is none."""
        offset = self.config_read(0x34, 1)
        for _ in range(48):
            if not offset or self.config_read(offset, 1) == wanted:
                return offset
            offset = self.config_read(offset + 1, 1)
        raise RuntimeError('the list of capabilities has no end')

    def bar_size(self, bar):
        """Size of a BAR by the write-ones method, its value kept."""
        offset = 0x10 + 4 * bar
        low = self.config_read(offset)
        self.config_write(offset, 0xffffffff)
        size = self.config_read(offset) & ~0xf
        if low & 6 == 4:
            high = self.config_read(offset + 4)
            self.config_write(offset + 4, 0xffffffff)
            size |= self.config_read(offset + 4) << 32
            self.config_write(offset + 4, high)
            size = -size & (1 << 64) - 1
        else:
            size = -size & 0xffffffff
        self.config_write(offset, low)
        return size

    def enable(self):
        """Give the BARs addresses; memory and bus mastering on."""
        for bar, address in self.bars.items():
            self.config_write(0x10 + 4 * bar, address & 0xffffffff)
            if bar:
                self.config_write(0x14 + 4 * bar, address >> 32)
        self.config_write(4, 6, 2)
        return self

    def reg(self, offset, size=4):
        """Read BAR0."""
        return self.read(self.bars[0] + offset, size)

    def set_reg(self, offset, value, size=4):
        """Write BAR0."""
        self.write(self.bars[0] + offset, value, size)


def refused(properties, extra=()):
    """What QEMU says when it must not start with these properties."""
    try:
        with Machine(properties, extra) as machine:
            del machine
    except RuntimeError as error:
        return str(error)
    return None
