"""BAR0 as the processor sees it: identity, access sizes, the unknown, reset.

Register numbers: reference nvc0-nouveau.md sections 1.1, 2.1, 9 and 13.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import unittest

import qtest

PMC_BOOT_0 = 0x000000
PMC_INTR_EN = 0x000140
PTIMER_TIME_0 = 0x009400
PTIMER_TIME_1 = 0x009410
PCI_MIRROR = 0x088000
PRAMIN = 0x700000
PROM = 0x300000
HOLE = 0x1fffff0                # no unit there
BOOT_0 = 0x0c0c00a3


class Bar0(unittest.TestCase):
    def setUp(self):
        self.m = qtest.Machine().enable()

    def tearDown(self):
        self.m.close()

    def test_boot_0(self):
        self.assertEqual(self.m.reg(PMC_BOOT_0), BOOT_0)

    def test_bytes_of_a_register(self):
        got = [self.m.reg(PMC_BOOT_0 + n, 1) for n in range(4)]
        self.assertEqual(bytes(got), BOOT_0.to_bytes(4, 'little'))

    def test_half_words_of_a_register(self):
        self.assertEqual(self.m.reg(PMC_BOOT_0, 2), BOOT_0 & 0xffff)
        self.assertEqual(self.m.reg(PMC_BOOT_0 + 2, 2), BOOT_0 >> 16)

    def test_boot_0_is_read_only(self):
        self.m.set_reg(PMC_BOOT_0, 0xffffffff)
        self.assertEqual(self.m.reg(PMC_BOOT_0), BOOT_0)

    def test_unknown_reads_0_and_is_counted(self):
        before = self.m.stats()['unknown']
        self.assertEqual(self.m.reg(HOLE), 0)
        self.m.set_reg(HOLE, 0x12345678)
        self.assertEqual(self.m.reg(HOLE), 0)
        self.assertEqual(self.m.stats()['unknown'], before + 3)

    def test_unknown_registers_are_listed(self):
        self.m.reg(HOLE)
        listed = self.m.qmp('qom-get', property='unknown-registers',
                            path='/machine/peripheral/gpu0')
        self.assertIn('%x' % HOLE, listed)

    def test_known_registers_are_not_counted_unknown(self):
        self.m.reg(PMC_BOOT_0)
        self.m.reg(PTIMER_TIME_0)
        self.assertEqual(self.m.stats()['unknown'], 0)

    def test_config_mirror(self):
        self.assertEqual(self.m.reg(PCI_MIRROR), 0x06d810de)
        self.assertEqual(self.m.reg(PCI_MIRROR + 2, 1), 0xd8)

    def test_config_mirror_accepts_the_msi_rearm_byte(self):
        self.m.set_reg(PCI_MIRROR + 0x704, 0xff, 1)
        self.assertEqual(self.m.stats()['unknown'], 0)

    def test_vbios_signature(self):
        self.assertEqual(self.m.reg(PROM) & 0xffff, 0xaa55)

    def test_pramin_is_memory(self):
        self.m.set_reg(PRAMIN + 0x100, 0xdeadbeef)
        self.m.set_reg(PRAMIN + 0x104, 0x11, 1)
        self.assertEqual(self.m.reg(PRAMIN + 0x100), 0xdeadbeef)
        self.assertEqual(self.m.reg(PRAMIN + 0x104), 0x11)

    def test_reset_restores_registers_and_keeps_vram(self):
        self.m.set_reg(PMC_INTR_EN, 1)
        self.assertEqual(self.m.reg(PMC_INTR_EN) & 1, 1)
        self.m.set_reg(PRAMIN + 0x100, 0xcafef00d)
        self.m.qmp('system_reset')
        self.m.enable()
        self.assertEqual(self.m.reg(PMC_INTR_EN), 0)
        self.assertEqual(self.m.reg(PRAMIN + 0x100), 0xcafef00d)
        self.assertEqual(self.m.reg(PMC_BOOT_0), BOOT_0)

    def test_every_dword_can_be_read(self):
        """A sweep with a stride of each 4 KiB finds no crash."""
        for offset in range(0, 32 << 20, 0x1000):
            self.m.reg(offset)
        self.assertEqual(self.m.reg(PMC_BOOT_0), BOOT_0)
