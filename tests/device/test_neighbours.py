"""A hostile guest between two neighbours on one GPU, each in a QEMU of its own.

The neighbours' VRAM is full of a secret byte, before and behind the hostile's
slice, and one of them works all the while.  The hostile guest tries by every
way that it has to reach it: the PRAMIN window, the apertures linear and
through page tables, instance blocks, rings, doorbell pages, playlists, the GPU
itself (copies, semaphores, code) through page-table entries that name what is
not its own, other channels' ids, and any register at all.  After each attempt
every byte of the neighbours is as it was (the arena's file is looked at), the
worker of the two gets its fence, and nothing that the hostile read was theirs.

Register numbers: reference nvc0-nouveau.md 2 to 5; page tables 6.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import mmap
import os
import pathlib
import random
import unittest

import channel
import qtest

MIB = 1 << 20
SLICE = 64 * MIB
KEPT = 8 * MIB                  # from here on a neighbour holds its secret
SECRET = 0x5e
WORD = 0x5e5e5e5e
POISON = 0xbadc0de5
PRAMIN, WINDOW = 0x700000, 0x1700
BAR1_INST, BAR3_INST = 0x1704, 0x1714
FLUSH_PDB, FLUSH = 0x100cb8, 0x100cbc
EVIL_PD, EVIL_PT, EVIL_INST = 0x800000, 0x820000, 0x810000
LOOT = 0x900000                 # where stolen bytes would go; its own
LARGE = 128 << 10
VICTIMS = (-SLICE, -SLICE + KEPT, -LARGE, SLICE, SLICE + KEPT, 2 * SLICE,
           4 * SLICE, (1 << 40) - SLICE, (1 << 40) - LARGE, 1 << 39)


class Neighbours(unittest.TestCase):
    seq = 0

    @classmethod
    def setUpClass(cls):
        name = 'hostile-%d' % os.getpid()
        machines = []
        for _ in range(3):
            m = qtest.Machine(None, extra=(
                '-device', 'gpuvm-soft,id=soft0,vram=%dM,share=%s' %
                (3 * SLICE // MIB, name),
                '-device', 'gpuvm,id=gpu0,addr=0x10,gpu=soft0,vram=64M,'
                'timeout=300ms'))
            cls.addClassCleanup(m.close)
            machines.append(m.enable())
        cls.before, cls.m, cls.behind = machines
        for m in (cls.before, cls.behind):
            m.qtest.ask('memset 0x%x 0x%x 0x%x' % (
                m.bars[1] + KEPT, SLICE - KEPT, SECRET))
        path = pathlib.Path('/dev/shm/gpuvm-%d' % os.geteuid(), name)
        with open(path, 'rb') as handle:
            cls.file = mmap.mmap(handle.fileno(), 0, prot=mmap.PROT_READ)
        cls.addClassCleanup(cls.file.close)
        cls.vram = len(cls.file) - 3 * SLICE
        cls.whole = bytes([SECRET]) * (SLICE - KEPT)
        cls.worker = channel.Driver(cls.behind)
        cls.worker.channel(3)
        cls.worker.playlist(3)

    def setUp(self):
        self.fresh()
        self.untouched()

    def fresh(self):
        """The hostile machine is reset, and has its driver again."""
        self.m.qmp('system_reset')
        self.m.enable()
        self.d = channel.Driver(self.m)

    def untouched(self):
        """The neighbours' memory is as it was, and their work goes on."""
        for n in (0, 2):
            at = self.vram + n * SLICE + KEPT
            self.assertTrue(self.file[at:at + len(self.whole)] == self.whole)
        Neighbours.seq += 1
        self.assertTrue(self.worker.fenced(3, self.seq))
        self.assertEqual(self.behind.stats()['faults'], 0)
        self.assertEqual(self.before.stats()['guest_errors'], 0)

    def try_at(self, address):
        """A read and a write of the processor's."""
        self.assertNotIn(self.m.read(address), (WORD, WORD << 32 | WORD))
        self.m.write(address, POISON)

    # ---- by the processor --------------------------------------------------

    def test_pramin_window(self):
        for victim in VICTIMS:
            for window in (victim >> 16, victim >> 16 & 0xffffff,
                           victim >> 12 & 0xffffffff):
                self.m.set_reg(WINDOW, window & 0xffffffff)
                for offset in (0, 0x100, 0xfffc, 0xfff00):
                    self.try_at(self.m.bars[0] + PRAMIN + offset)
        self.untouched()
        self.assertGreater(self.m.stats()['pramin'], 0)

    def test_linear_apertures(self):
        for bar, size in ((1, 128 * MIB), (3, 64 * MIB)):
            for offset in range(0, size, 4 * MIB):
                for more in (0, 4 * MIB - 4):
                    self.try_at(self.m.bars[bar] + offset + more)
        self.untouched()

    def page_tables(self, victim, target=0):
        """A directory of one table, whose pages are the victim's."""
        self.d.mem(EVIL_PD, 1 | EVIL_PT >> 8)
        self.d.mem(EVIL_PD + 4, 0)
        for n in range(8):
            entry = 1 | (victim + n * LARGE & (1 << 40) - 1) >> 8 | \
                target << 33
            self.d.mem(EVIL_PT + 8 * n, entry & 0xffffffff)
            self.d.mem(EVIL_PT + 8 * n + 4, entry >> 32)
        self.instance(EVIL_INST, EVIL_PD)

    def instance(self, block, pd):
        for offset, value in ((0x200, pd & 0xffffffff), (0x204, pd >> 32),
                              (0x208, 0xffffffff), (0x20c, 0xff)):
            self.d.mem(block + offset, value)

    def flush(self):
        self.m.set_reg(FLUSH_PDB, EVIL_PD >> 8)
        self.m.set_reg(FLUSH, 0x80000001)
        self.m.set_reg(FLUSH, 0x80000003)

    def test_apertures_through_page_tables(self):
        for victim in VICTIMS:
            self.page_tables(victim)
            for bar, reg in ((1, BAR1_INST), (3, BAR3_INST)):
                self.m.set_reg(reg, 0x80000000 | EVIL_INST >> 12)
                self.flush()
                for offset in (0, 0x1000, LARGE, LARGE * 8 - 8):
                    self.try_at(self.m.bars[bar] + offset)
                self.m.set_reg(reg, 0)
            self.untouched()
        self.assertGreater(self.m.stats()['shadow_refused'], 0)

    def test_those_page_tables_can_show(self):
        """The same with memory of its own: else the others show nothing."""
        self.d.mem(0xa00000, 0x600dcafe)
        self.page_tables(0xa00000 & ~(LARGE - 1))
        for bar, reg in ((1, BAR1_INST), (3, BAR3_INST)):
            self.m.set_reg(reg, 0x80000000 | EVIL_INST >> 12)
            self.flush()
            self.assertEqual(self.m.read(self.m.bars[bar]), 0x600dcafe)
            self.m.set_reg(reg, 0)

    def test_instance_blocks_and_tables_that_are_not_its_own(self):
        for victim in VICTIMS:
            for bar, reg in ((1, BAR1_INST), (3, BAR3_INST)):
                self.m.set_reg(reg, 0x80000000 | victim >> 12 & 0xfffffff)
                self.try_at(self.m.bars[bar])
                self.m.set_reg(reg, 0)
            # a directory and a table there
            self.instance(EVIL_INST, victim & (1 << 40) - 1)
            self.m.set_reg(BAR1_INST, 0x80000000 | EVIL_INST >> 12)
            self.try_at(self.m.bars[1])
            self.m.set_reg(BAR1_INST, 0)
            self.instance(EVIL_INST, EVIL_PD)
            self.d.mem(EVIL_PD, 1 | victim >> 8 & 0xffffffff)
            self.m.set_reg(BAR1_INST, 0x80000000 | EVIL_INST >> 12)
            self.flush()
            self.try_at(self.m.bars[1])
            self.m.set_reg(BAR1_INST, 0)
        self.untouched()

    # ---- by the GPU --------------------------------------------------------

    def attack(self, work, faults=True):
        """`work` on channel 4 through the evil directory: it faults, or does
        nothing; nothing of the neighbours comes to LOOT."""
        for n in range(0, 64, 4):
            self.d.mem(LOOT + n, 0x11111111)
        self.d.channel(4)
        self.d.playlist(4)
        before = self.m.stats()['faults']
        work()
        if faults:
            self.assertTrue(self.d.wait(
                lambda: self.m.stats()['faults'] > before))
        self.assertNotEqual(self.d.fence_value(4), 99)
        for n in range(0, 64, 4):
            self.assertEqual(self.d.mem(LOOT + n), 0x11111111)
        self.untouched()
        self.fresh()

    def evil_map(self, victim, target=0):
        """Behind its own 4 MiB, channel 4 maps what is the victim's."""
        for n in range(8):
            entry = 1 | (victim + n * LARGE & (1 << 40) - 1) >> 8 | \
                target << 33
            at = channel.PT + 8 * (channel.MAPPED // LARGE + n)
            self.d.mem(at, entry & 0xffffffff)
            self.d.mem(at + 4, entry >> 32)
        loot = channel.PT + 8 * (channel.MAPPED // LARGE + 8)
        self.d.mem(loot, 1 | (LOOT & ~(LARGE - 1)) >> 8)

    EVIL_VA = channel.MAPPED
    LOOT_VA = channel.MAPPED + 8 * LARGE + LOOT % LARGE

    def copies(self, source, target):
        self.d.copy(4, source, target, 64)
        self.d.fence(4, 99)
        self.d.submit(4)

    def test_gpu_copies(self):
        for victim in VICTIMS:
            self.evil_map(victim)
            self.attack(lambda: self.copies(self.EVIL_VA, self.LOOT_VA))
            self.evil_map(victim)
            self.attack(lambda: self.copies(self.LOOT_VA, self.EVIL_VA))

    def test_the_map_of_that_attack_can_copy(self):
        """The same with memory of its own: else the others show nothing."""
        self.evil_map(0xa00000)
        self.d.mem(0xa00000, 0x600dcafe)
        self.d.channel(4)
        self.d.playlist(4)
        self.copies(self.EVIL_VA, self.LOOT_VA)
        self.assertTrue(self.d.wait(lambda: self.d.fence_value(4) == 99))
        self.assertEqual(self.d.mem(LOOT), 0x600dcafe)

    def test_gpu_reaches_no_device_through_system_memory(self):
        for address in (0xc0000000, 0x8_0000_0000, 0xfee00000, 0xfed00000,
                        0x40000000):
            for target in (2, 3):
                self.evil_map(address, target)
                self.attack(lambda: self.copies(self.EVIL_VA, self.LOOT_VA))

    def semaphore(self):
        self.d.method(4, 0, 0x10, self.EVIL_VA >> 32,
                      self.EVIL_VA & 0xffffffff, POISON, 2)
        self.d.fence(4, 99)
        self.d.submit(4)

    def push_there(self):
        self.d.submit(4, self.EVIL_VA, 16)

    def code_there(self):
        self.d.grid(4, channel.BRA_SELF)
        self.d.method(4, 1, 0x1608, self.EVIL_VA >> 32,
                      self.EVIL_VA & 0xffffffff)
        self.d.method(4, 1, 0x0368, 0x1000)
        self.d.fence(4, 99)
        self.d.submit(4)

    def test_gpu_semaphores_pushes_and_code(self):
        for victim in VICTIMS:
            for work in (self.semaphore, self.push_there, self.code_there):
                self.evil_map(victim)
                self.attack(work)

    # ---- channels ----------------------------------------------------------

    def test_channel_parts_that_are_not_its_own(self):
        for victim in VICTIMS:
            there = victim & (1 << 40) - 1
            for parts in ({'block': there}, {'userd_at': there},
                          {'pd': there}, {'ring_at': self.EVIL_VA}):
                self.evil_map(victim)
                self.d.channel(4, **parts)
                self.d.playlist(4)
                self.d.fence(4, 99)
                self.d.submit(4)
                self.d.doorbell(4, 500)
                self.m.step(10000000)
                self.assertNotEqual(self.d.fence_value(4), 99)
                self.m.set_reg(0x3000 + 32, 0)
            self.untouched()
            self.fresh()

    def test_ids_doorbells_and_playlists_of_others(self):
        """Ids are a VM's own: 3 is the neighbour's, and not touched by it."""
        for c in range(128):
            self.m.set_reg(0x3000 + 8 * c, 0xc0000000 | (
                c * 977 * SLICE >> 12) & 0xfffffff)
            self.m.set_reg(0x3004 + 8 * c, 0x001f0001)
            self.m.set_reg(0x2634, c)       # kick
            self.d.doorbell(c, 0xffffffff)
            self.m.read(self.m.bars[1] + channel.USERD_AT + c * 0x1000 + 0x88)
        self.untouched()
        for victim in VICTIMS:
            self.m.set_reg(0x2270, victim >> 12 & 0xffffffff)
            self.m.set_reg(0x2274, 0x01f00080)
            self.m.set_reg(0x2254, 0x10000000 | victim >> 12 & 0xfffffff)
            for c in (0, 3, 127):
                self.m.write(self.m.bars[1] + c * 0x1000 + 0x8c, 7)
        self.untouched()

    def test_any_register(self):
        rng = random.Random(5)
        values = [v >> s & 0xffffffff for v in VICTIMS for s in (0, 8, 12, 16)]
        for n in range(6000):
            reg = rng.choice((0, 0x1000, 0x2000, 0x3000, 0x100000, 0x400000,
                              0x88000, 0x10a000)) + 4 * rng.randrange(0x400)
            self.m.set_reg(reg, rng.choice(values) | rng.choice(
                (0, 1, 0x80000000, 0xc0000000)))
            if n % 500 == 499:
                self.m.enable()
                for bar in (1, 3):
                    self.try_at(self.m.bars[bar] + 4 * rng.randrange(1 << 22))
                self.untouched()


if __name__ == '__main__':
    unittest.main()
