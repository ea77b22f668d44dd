"""Whatever a guest does to the device's config space and BARs, QEMU goes on.

Config space swept, BARs moved while mapped, accesses of every size at every
edge, reset at any point, garbage from fixed seeds, two devices, both machines,
INTx and MSI.  Each test ends with the device alive and a short log.

Register numbers: reference nvc0-nouveau.md sections 1, 2, 3, 4 and 9.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import random
import unittest

import qtest

MIB = 1 << 20
BOOT_0 = 0x0c0c00a3
IDENTITY = 0x06d810de
PRAMIN = 0x700000
PRAMIN_WINDOW = 0x1700          # VRAM address >> 16
USERD_BASE = 0x2254             # bit 28: on; BAR1 address >> 12
USERD_OFF = 0x100000
PTIMER_INTR, PTIMER_INTR_EN, PTIMER_ALARM = 0x9100, 0x9140, 0x9420
PMC_INTR_EN = 0x140
CAP_MSI = 0x05
MAX_LOG = 64 << 10              # what QEMU may print in one test
VRAM = 64 * MIB
SIZES = (1, 2, 4, 8)


class Hostile(unittest.TestCase):
    machine = 'q35'

    def start(self, properties='vram=64M', extra=()):
        self.m = qtest.Machine(properties, extra, self.machine).enable()
        self.addCleanup(self.finish)
        return self.m

    def finish(self):
        self.m.close()

    def alive(self):
        """Reset, give it its addresses again: it works and said little."""
        self.m.qmp('system_reset')
        self.m.enable()
        self.assertEqual(self.m.config_read(0), IDENTITY)
        self.assertEqual(self.m.reg(0), BOOT_0)
        self.m.set_reg(PRAMIN, 0x600df00d)
        self.assertEqual(self.m.reg(PRAMIN), 0x600df00d)
        self.assertLess(len(self.m.said()), MAX_LOG)

    def words(self, seed, count):
        rng = random.Random(seed)
        some = (0, 1, 0xffffffff, 0x80000000, 0x7fffffff, 0xfffff000)
        for _ in range(count):
            yield rng, rng.choice(some) if rng.random() < .3 else \
                rng.getrandbits(32)


class Config(Hostile):
    def test_every_config_byte_takes_ones_zeros_and_noise(self):
        m = self.start()
        for rng, value in self.words(1, 3):
            for size in (1, 2, 4):
                for offset in range(0, 256, size):
                    for word in (0xffffffff, value, rng.getrandbits(32), 0):
                        m.config_write(offset, word & (1 << 8 * size) - 1,
                                       size)
                    m.config_read(offset, size)
                self.assertEqual(m.config_read(0), IDENTITY)
        self.alive()

    def test_read_only_fields_stay(self):
        m = self.start()
        before = [m.config_read(o) for o in (0, 8, 0x2c, 0x34)]
        for offset in (0, 8, 0x2c, 0x34):
            m.config_write(offset, 0xffffffff)
        self.assertEqual(before, [m.config_read(o)
                                  for o in (0, 8, 0x2c, 0x34)])
        self.alive()

    def test_config_mirror_cannot_break_the_device(self):
        m = self.start()
        for rng, value in self.words(2, 400):
            m.set_reg(0x88000 + rng.randrange(0x1000), value & 0xff, 1)
            m.set_reg(0x88000 + (rng.randrange(0x1000) & ~3), value)
            m.config_write(4, 6, 2)
            m.config_write(0x10, m.bars[0])
        self.alive()


class Bars(Hostile):
    def move(self, bar, address):
        self.m.config_write(0x10 + 4 * bar, address & 0xffffffff)
        if bar:
            self.m.config_write(0x14 + 4 * bar, address >> 32)
        self.m.bars[bar] = address

    def test_bar0_moves_while_mapped(self):
        m = self.start()
        m.set_reg(PRAMIN, 0x11223344)
        for address in (0xd0000000, 0xc4000000, 0xfa000000, 0xc0000000):
            old = m.bars[0]
            self.move(0, address)
            self.assertEqual(m.reg(0), BOOT_0)
            self.assertEqual(m.reg(PRAMIN), 0x11223344)
            self.assertNotEqual(m.read(old), BOOT_0)
        self.alive()

    def test_64_bit_relocation_while_mapped(self):
        m = self.start()
        m.set_reg(PRAMIN + 0x40, 0xfeedbeef)
        for bar in (1, 3):
            for address in (0x9_0000_0000, 0xd0000000, 0x7f_8000_0000,
                            0x8_4000_0000 if bar == 3 else 0x8_0000_0000):
                self.move(bar, address)
                self.assertEqual(m.reg(0), BOOT_0)
                # linear without an instance block: VRAM from 0
                self.assertEqual(m.read(address + 0x40), 0xfeedbeef)
                m.write(address + 0x44, 0x5a5a0000 + bar)
                self.assertEqual(m.reg(PRAMIN + 0x44), 0x5a5a0000 + bar)
        self.alive()

    def test_high_half_first_low_half_first_and_size_probe_while_mapped(self):
        m = self.start()
        m.set_reg(PRAMIN, 0x77665544)
        for order in ((0x18, 0x14), (0x14, 0x18)):
            for offset in order:
                m.config_write(offset, 0xffffffff)
                m.read(m.bars[1])
            for offset in order:
                m.config_write(offset, {0x14: 0, 0x18: 0xa}[offset])
            self.assertEqual(m.read(0xa_0000_0000), 0x77665544)
        self.alive()

    def test_bars_over_each_other_over_ram_and_at_the_end(self):
        m = self.start()
        for address in (0xc0000000, 0, 0x1000000, 0xfe000000,
                        0xffff_ffff_f800_0000, 0xff_f800_0000):
            for bar in (1, 3, 0):
                self.move(bar, address & (0xffffffff if not bar else ~0))
                for offset in (0, 4, 0x1000, 0x700000):
                    m.read(address + offset & (1 << 64) - 1)
        self.m.bars = dict(qtest.BAR_ADDRESS)
        self.alive()

    def test_userd_goes_with_bar1(self):
        m = self.start()
        m.set_reg(USERD_BASE, 0x10000000 | USERD_OFF >> 12)
        before = m.stats()['userd_reads']
        m.read(m.bars[1] + USERD_OFF + 0x88)
        self.assertEqual(m.stats()['userd_reads'], before + 1)
        self.move(1, 0x9_0000_0000)
        m.read(m.bars[1] + USERD_OFF + 0x88)
        self.assertEqual(m.stats()['userd_reads'], before + 2)
        self.alive()

    def test_userd_moves_anywhere(self):
        m = self.start()
        for rng, value in self.words(3, 200):
            m.set_reg(USERD_BASE, value)
            m.read(m.bars[1] + (rng.randrange(128 * MIB) & ~7), 8)
            m.write(m.bars[1] + (value << 12 & 0x7fffff8), value, 4)
        self.alive()

    def test_memory_decode_off_and_on(self):
        m = self.start()
        for _ in range(20):
            m.config_write(4, 4, 2)
            self.assertNotEqual(m.reg(0), BOOT_0)
            m.config_write(4, 6, 2)
            self.assertEqual(m.reg(0), BOOT_0)
        self.alive()


class Sizes(Hostile):
    def edges(self, size):
        return sorted({offset for base in (0, 0x1000, PRAMIN, 0x800000, size)
                       for offset in range(base - 16, base + 16)
                       if 0 <= offset < size})

    def sweep(self, bar, length):
        m = self.m
        for size in SIZES:
            for offset in self.edges(length):
                if offset + size <= length:
                    m.read(m.bars[bar] + offset, size)
                    m.write(m.bars[bar] + offset, 0x0123456789abcdef &
                            (1 << 8 * size) - 1, size)

    def test_bar0(self):
        self.start()
        self.sweep(0, 32 * MIB)
        self.alive()

    def test_bar1_and_bar3(self):
        for properties in ('vram=64M', 'vram=64M,bar-remap=off'):
            with self.subTest(properties):
                m = self.start(properties)
                self.sweep(1, 128 * MIB)
                self.sweep(3, 64 * MIB)
                m.set_reg(PRAMIN, 0x44332211)
                m.set_reg(PRAMIN + 4, 0x88776655)
                for bar in (1, 3):
                    self.assertEqual(m.read(m.bars[bar], 8),
                                     0x8877665544332211)
                    self.assertEqual(m.read(m.bars[bar] + 1, 1), 0x22)
                    self.assertEqual(m.read(m.bars[bar] + 2, 2), 0x4433)
                # past the VRAM: reads come back, writes go nowhere
                m.write(m.bars[1] + VRAM + 0x100, 0x1234)
                self.assertEqual(m.reg(PRAMIN + 0x100), 0)
                self.alive()
                m.close()

    def test_userd(self):
        m = self.start()
        m.set_reg(USERD_BASE, 0x10000000 | USERD_OFF >> 12)
        base = m.bars[1] + USERD_OFF
        for size in SIZES:
            for page in (0, 1, 127):
                for offset in (0, 0x40, 0x44, 0x88, 0x8c, 0xff8, 0x1000 - size):
                    m.read(base + page * 0x1000 + offset, size)
                    m.write(base + page * 0x1000 + offset, 0xff, size)
        m.read(base + 128 * 0x1000, 4)
        m.read(base - 4, 4)
        self.alive()

    def test_pramin_at_the_end_of_vram(self):
        m = self.start()
        m.set_reg(PRAMIN_WINDOW, (VRAM - MIB) >> 16)
        m.set_reg(PRAMIN + 0xffffc, 0xabcdef01)
        self.assertEqual(m.read(m.bars[1] + VRAM - 4), 0xabcdef01)
        m.set_reg(PRAMIN_WINDOW, (VRAM - 0x10000) >> 16)
        self.assertEqual(m.reg(PRAMIN + 0xfffc), 0xabcdef01)
        m.set_reg(PRAMIN + 0x10000, 0x1111)         # outside
        self.assertEqual(m.reg(PRAMIN + 0x10000), 0)
        for window in (VRAM >> 16, 0xffffff, 0xffffffff, 0x1000000):
            m.set_reg(PRAMIN_WINDOW, window)
            for offset in (0, 0xffff8, 0xffffc):
                m.set_reg(PRAMIN + offset, 0x55)
                m.reg(PRAMIN + offset)
        m.set_reg(PRAMIN_WINDOW, 0)
        self.assertEqual(m.reg(PRAMIN + 0xffffc) & 0xff00, 0)
        self.alive()


class Reset(Hostile):
    # a channel's way to life: nvc0-nouveau.md 4; (offset, value) in BAR0,
    # memory by PRAMIN
    STEPS = (
        (0x200, 0xffffffff), (PMC_INTR_EN, 1), (0x204, 7), (0x2204, 7),
        (0x2200, 1), (USERD_BASE, 0x10000100), (0x2100, 0xffffffff),
        (0x2140, 0xffffffff), (PRAMIN_WINDOW, 0x20),
        (PRAMIN, 0x00220001 << 4 & 0xffffffff | 1), (PRAMIN + 8, 0xfffffff1),
        (0x100c80, 1), (0x100cb8, 0x200000 >> 8), (0x100cbc, 0x80000005),
        (0x1704, 0x80000300), (0x1714, 0x80000300), (PRAMIN_WINDOW, 0x30),
        (PRAMIN + 0x08, 0x140000), (PRAMIN + 0x10, 0xface),
        (PRAMIN + 0x48, 0x100000), (PRAMIN + 0x4c, 10 << 16),
        (PRAMIN + 0x200, 0x200000), (PRAMIN + 0x208, 0xffffffff),
        (PRAMIN + 0x20c, 0xff), (0x3000, 0xc0000300), (0x3004, 0x001f0001),
        (0x2270, 0x130), (0x2274, 0x01f00001), (0x2634, 0), (0x200, 0),
        (0x200, 0xffffffff), (0x3000, 0), (0x100cbc, 0x80000001),
    )

    def test_after_each_step(self):
        m = self.start()
        for n in range(len(self.STEPS)):
            for offset, value in self.STEPS[:n + 1]:
                m.set_reg(offset, value)
            if n > 25:          # the doorbell rings while it is reset
                m.write(m.bars[1] + 0x100000 + 0x8c, n)
            m.qmp('system_reset')
            m.enable()
            self.assertEqual(m.reg(0), BOOT_0)
            self.assertEqual(m.reg(PMC_INTR_EN), 0)
            self.assertEqual(m.reg(0x3000), 0)
        self.alive()

    def test_stopped_and_continued_at_each_step(self):
        m = self.start()
        for offset, value in self.STEPS:
            m.set_reg(offset, value)
            m.qmp('stop')
            m.set_reg(offset, value)
            m.qmp('cont')
        self.alive()


class Garbage(Hostile):
    def noise(self, seed, count):
        m = self.m
        for rng, value in self.words(seed, count):
            bar = rng.choice((0, 0, 0, 1, 3))
            span = {0: 32, 1: 128, 3: 64}[bar] * MIB
            size = rng.choice(SIZES)
            if bar == 0 and rng.random() < .6:
                offset = rng.choice((0x0, 0x1000, 0x2000, 0x3000, 0x9000,
                                     0x40000, 0x100000, 0x104000, 0x10a000,
                                     0x400000, 0x409000, 0x41a000,
                                     0x100c00)) + rng.randrange(0x1000)
            elif bar == 1 and rng.random() < .5:
                offset = USERD_OFF + rng.randrange(128 << 12)
            else:
                offset = rng.randrange(span)
            address = m.bars[bar] + (offset & ~(size - 1))
            if rng.random() < .8:
                m.write(address, (value | value << 32) & (1 << 8 * size) - 1,
                        size)
            else:
                m.read(address, size)
            if rng.random() < .002:
                m.step(rng.randrange(1, 10 ** 9))

    def test_all_bars(self):
        m = self.start()
        m.set_reg(USERD_BASE, 0x10000000 | USERD_OFF >> 12)
        self.noise(10, 12000)
        self.alive()

    def test_all_bars_of_a_trapping_device_with_resets(self):
        self.start('vram=64M,bar-remap=off')
        for seed in range(20, 26):
            self.noise(seed, 1500)
            self.alive()


class Interrupts(Hostile):
    def alarm(self):
        """PTIMER's alarm: raised once the clock has gone on."""
        self.m.set_reg(PMC_INTR_EN, 1)
        self.m.set_reg(0x640, 0xffffffff)
        self.m.set_reg(PTIMER_INTR_EN, 1)
        self.m.set_reg(PTIMER_ALARM, self.m.reg(0x9400) + 64)
        self.m.step(10000)
        self.assertEqual(self.m.reg(PTIMER_INTR) & 1, 1)
        self.assertTrue(self.m.reg(0x100) & 1 << 20)

    def pending(self):
        return self.m.config_read(6, 2) >> 3 & 1

    def test_intx_follows_the_source(self):
        m = self.start()
        self.assertEqual(self.pending(), 0)
        self.alarm()
        self.assertEqual(self.pending(), 1)
        m.set_reg(PMC_INTR_EN, 0)
        self.assertEqual(self.pending(), 0)
        m.set_reg(PMC_INTR_EN, 1)
        self.assertEqual(self.pending(), 1)
        m.set_reg(PTIMER_INTR, 1)
        self.assertEqual(self.pending(), 0)
        self.alive()
        self.assertEqual(self.pending(), 0)

    def test_msi_is_written_once_for_each_rise(self):
        m = self.start()
        at = m.capability(CAP_MSI)
        m.config_write(at + 4, 0x200000)        # an address in RAM
        m.config_write(at + 8, 0)
        m.config_write(at + 12, 0x4321, 2)
        m.config_write(at + 2, 0x81, 2)
        m.write(0x200000, 0)
        self.alarm()
        self.assertEqual(m.read(0x200000), 0x4321)
        self.assertEqual(self.pending(), 0)
        m.write(0x200000, 0)
        m.set_reg(PMC_INTR_EN, 1)
        self.assertEqual(m.read(0x200000), 0)
        m.set_reg(PTIMER_INTR, 1)
        self.alarm()
        self.assertEqual(m.read(0x200000), 0x4321)
        self.alive()

    def test_msi_to_nowhere_and_switched_while_raised(self):
        m = self.start()
        at = m.capability(CAP_MSI)
        self.alarm()
        for rng, value in self.words(30, 100):
            m.config_write(at + 4, value)
            m.config_write(at + 8, value if rng.random() < .3 else 0)
            m.config_write(at + 2, rng.getrandbits(16), 2)
            m.config_write(4, 6 | rng.getrandbits(1) << 10, 2)
            m.set_reg(PMC_INTR_EN, rng.getrandbits(1))
        self.alive()


class TwoDevices(Hostile):
    def test_each_has_its_own_vram_registers_and_reset(self):
        m = self.start(extra=('-device', 'gpuvm,id=gpu1,addr=0x11,vram=64M'))
        first = (m.devfn, m.bars)
        second = (0x11 << 3, {0: 0xd0000000, 1: 0x9_0000_0000,
                              3: 0x9_4000_0000})
        m.devfn, m.bars = second
        m.enable()
        self.assertEqual(m.reg(0), BOOT_0)
        m.set_reg(PRAMIN, 0x22222222)
        m.set_reg(PMC_INTR_EN, 1)
        m.devfn, m.bars = first
        self.assertEqual(m.reg(PRAMIN), 0)
        self.assertEqual(m.reg(PMC_INTR_EN), 0)
        m.set_reg(PRAMIN, 0x11111111)
        # the first one's USERD and apertures are not the second one's
        m.set_reg(USERD_BASE, 0x10000000 | USERD_OFF >> 12)
        m.devfn, m.bars = second
        self.assertEqual(m.reg(PRAMIN), 0x22222222)
        self.assertEqual(m.read(m.bars[1]), 0x22222222)
        self.assertEqual(m.reg(USERD_BASE), 0)
        m.devfn, m.bars = first
        self.assertEqual(m.read(m.bars[1]), 0x11111111)
        self.alive()

    def test_a_second_display_beside_it(self):
        m = self.start(extra=('-device', 'VGA,addr=0x12'))
        self.assertEqual(m.reg(0), BOOT_0)
        self.alive()


class Pc(Garbage, Bars, Interrupts):
    """The same on the old machine: no PCI Express."""
    machine = 'pc'


class PcConfig(Config):
    machine = 'pc'
