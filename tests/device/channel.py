"""A little driver for tests: channels of the GPU, through qtest.

Work is done as nouveau does it: page tables, instance blocks and rings are
written to VRAM through BAR1 (which shows it linearly), the channel is bound
and put on the playlist by registers of BAR0, the doorbell is the channel's
USERD page.  Virtual address and VRAM offset are the same below MAPPED.

Literals are from reference nvc0-nouveau.md 4.3, 4.4 and 5, and nvc0-compute.md.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import time

MAPPED = 4 << 20
PD, PT = 0x200000, 0x220000
PLAYLIST, FENCES, CODE = 0x130000, 0x120000, 0x138000
USERD_AT = 0x4000000                # where BAR1 shows the doorbells
BRA_SELF = 0x4003ffffe0001de7       # sm_20: a branch to itself
INTR_SCHED = 1 << 8                 # PFIFO: context-switch time-out


def ring(c):
    return 0x100000 + c * 0x2000


def push(c):
    return 0x150000 + c * 0x10000


def inst(c):
    return 0x300000 + c * 0x1000


def userd(c):
    return 0x140000 + c * 0x1000


class Driver:
    """Channels on one Machine, whose device is enabled."""

    def __init__(self, machine, page_tables=True):
        self.m = machine
        self.words, self.at, self.put = {}, {}, {}
        if page_tables:
            self.mem(PD, 1 | PT >> 8)
            for n in range(MAPPED >> 17):
                self.mem(PT + 8 * n, 1 | n << 17 >> 8)
        for reg, value in ((0x200, 0xffffffff), (0x140, 1), (0x204, 7),
                           (0x2204, 7), (0x2200, 1),
                           (0x2254, 1 << 28 | USERD_AT >> 12),
                           (0x2100, 0xffffffff), (0x2140, 0xffffffff),
                           (0x2628, 1)):
            self.m.set_reg(reg, value)

    def mem(self, offset, value=None):
        """A word of VRAM: read, or written."""
        address = self.m.bars[1] + offset
        if value is None:
            return self.m.read(address)
        return self.m.write(address, value)

    def channel(self, c, block=None, ring_at=None, userd_at=None, pd=PD):
        """Bind channel c; what a hostile driver may choose can be chosen."""
        block = inst(c) if block is None else block
        base = inst(c)
        for offset, value in (
                (0x10, 0xface), (0x30, 0xfffff902), (0x4c, 10 << 16),
                (0x54, 2), (0x84, 0x20400000), (0x94, 0x30000001),
                (0x9c, 0x100), (0xa4, 0x1f1f1f1f), (0xa8, 0x1f1f1f1f),
                (0xac, 0x1f), (0xb8, 0xf8000000),
                (0x208, 0xffffffff), (0x20c, 0xff)):
            self.mem(base + offset, value)
        for offset, value in ((0x08, userd(c) if userd_at is None
                               else userd_at),
                              (0x48, ring(c) if ring_at is None
                               else ring_at), (0x200, pd)):
            self.mem(base + offset, value & 0xffffffff)
            self.mem(base + offset + 4, value >> 32 |
                     (10 << 16 if offset == 0x48 else 0))
        self.mem(userd(c) + 0x88, 0)
        self.mem(userd(c) + 0x8c, 0)
        self.words[c], self.at[c], self.put[c] = [], 0, 0
        self.m.set_reg(0x3000 + 8 * c, 0xc0000000 | block >> 12 & 0xfffffff)
        self.m.set_reg(0x3004 + 8 * c, 0x001f0001)

    def playlist(self, *chids):
        for n, c in enumerate(chids):
            self.mem(PLAYLIST + 8 * n, c)
            self.mem(PLAYLIST + 8 * n + 4, 4)
        self.m.set_reg(0x2270, PLAYLIST >> 12)
        self.m.set_reg(0x2274, 0x01f00000 | len(chids))

    def method(self, c, subc, mthd, *data):
        self.words[c] += [2 << 28 | len(data) << 16 | subc << 13 | mthd >> 2]
        self.words[c] += data

    def fence(self, c, seq):
        self.method(c, 0, 0x10, 0, FENCES + c * 16, seq, 2)

    def fence_value(self, c):
        return self.mem(FENCES + c * 16)

    def grid(self, c, *code):
        """A grid of one thread that runs these instructions."""
        for n, insn in enumerate(code):
            self.mem(CODE + 8 * n, insn & 0xffffffff)
            self.mem(CODE + 8 * n + 4, insn >> 32)
        self.method(c, 1, 0, 0x90c0)
        self.method(c, 1, 0x1608, 0, CODE)
        self.method(c, 1, 0x03b4, 0)
        self.method(c, 1, 0x02c0, 8)
        self.method(c, 1, 0x03ac, 0x10001, 1)
        self.method(c, 1, 0x0238, 0x10001, 1)
        self.method(c, 1, 0x0368, 0x1000)

    def copy(self, c, source, target, size):
        """M2MF: a copy of one line."""
        self.method(c, 2, 0, 0x9039)
        self.method(c, 2, 0x0238, target >> 32, target & 0xffffffff)
        self.method(c, 2, 0x030c, source >> 32, source & 0xffffffff)
        self.method(c, 2, 0x031c, size, 1)
        self.method(c, 2, 0x0300, 0x00100110)

    def submit(self, c, va=None, words=None):
        """The words since the last submission, or any address."""
        if va is None:
            va = push(c) + self.at[c]
            words = len(self.words[c])
            for n, word in enumerate(self.words[c]):
                self.mem(va + 4 * n, word)
            self.at[c] += 4 * words
            self.words[c] = []
        entry = ring(c) + 8 * (self.put[c] % 1024)
        self.mem(entry, va & 0xffffffff)
        self.mem(entry + 4, va >> 32 | words * 4 << 8)
        self.put[c] += 1
        self.doorbell(c, self.put[c])

    def doorbell(self, c, put):
        self.m.write(self.m.bars[1] + USERD_AT + c * 0x1000 + 0x8c, put)

    def wait(self, what, seconds=20):
        """Until what() is true; the virtual clock goes on meanwhile."""
        end = time.monotonic() + seconds
        while not what():
            if time.monotonic() > end:
                return False
            self.m.step(10000000)
            time.sleep(0.002)
        return True

    def fenced(self, c, seq):
        """Submits a fence; whether it was reached."""
        self.fence(c, seq)
        self.submit(c)
        return self.wait(lambda: self.fence_value(c) == seq)

    def hung(self):
        """The channel of a context-switch time-out, or None."""
        if not self.m.reg(0x2100) & INTR_SCHED:
            return None
        return self.m.reg(0x2640) & 0x7f

    def recover(self, c, *others):
        """What Linux 6.1 does about that."""
        m = self.m
        m.set_reg(0x2100, INTR_SCHED)
        m.set_reg(0x3004 + 8 * c, m.reg(0x3004 + 8 * c) & ~1)
        m.set_reg(0x2630, 1)
        enabled = m.reg(0x200)
        m.set_reg(0x200, enabled & ~(1 << 12))
        m.set_reg(0x200, enabled)
        self.playlist(*others)
        m.set_reg(0x262c, 1)
        m.set_reg(0x2630, 0)
