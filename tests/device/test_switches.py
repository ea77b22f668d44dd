"""The cost model's switches and the budget of mappings, by BAR1's page table;
counters that only QEMU's device moves, and QEMU's trace events.

The test writes an instance block, a directory and a table of small pages into
VRAM through PRAMIN, as nouveau does (nvc0-nouveau.md 4.4), then looks at
BAR1 and at the counters.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import unittest

import qtest

BAR1_BLOCK = 0x1704
PRAMIN_BASE = 0x1700
PRAMIN = 0x700000
FLUSH_PDB = 0x100cb8
FLUSH = 0x100cbc
INST, PD, TABLE, DATA = 0x10000, 0x100000, 0x200000, 0x800000


class Apertures(unittest.TestCase):
    def start(self, properties):
        self.m = qtest.Machine('vram=64M' + properties).enable()
        self.addCleanup(self.m.close)
        return self.m

    def put(self, offset, value):
        """A word of VRAM."""
        self.m.set_reg(PRAMIN_BASE, offset >> 16)
        self.m.set_reg(PRAMIN + (offset & 0xffff), value)

    def page(self, n, target):
        """BAR1's page n shows VRAM at target, or nothing."""
        self.put(TABLE + 8 * n, target >> 8 | 1 if target else 0)

    def tables(self):
        self.put(INST + 0x200, PD)
        self.put(PD + 4, TABLE >> 8 | 1)
        self.m.set_reg(BAR1_BLOCK, 1 << 31 | INST >> 12)

    def flush(self):
        self.m.set_reg(FLUSH_PDB, PD >> 8)
        self.m.set_reg(FLUSH, 1 << 31 | 5)

    def scatter(self, count):
        """Every other page shows a page of DATA: 2 runs each."""
        self.tables()
        for n in range(count):
            self.put(DATA + 0x1000 * n, 0xd0000000 + n)
            self.page(2 * n, DATA + 0x1000 * n)
        self.flush()

    def check(self, count):
        for n in range(count):
            at = self.m.bars[1] + 0x2000 * n
            self.assertEqual(self.m.read(at), 0xd0000000 + n)
            self.m.write(at + 4, 0xe0000000 + n)
        for n in range(count):
            self.m.set_reg(PRAMIN_BASE, (DATA + 0x1000 * n) >> 16)
            self.assertEqual(
                self.m.reg(PRAMIN + (DATA + 0x1000 * n & 0xffff) + 4),
                0xe0000000 + n)

    def test_remapped(self):
        self.start('')
        before = self.m.stats()['remaps']
        self.scatter(10)
        self.check(10)
        stats = self.m.stats()
        self.assertEqual(stats['aperture_traps'], 0)
        self.assertEqual(stats['remap_fallbacks'], 0)
        # the sink before the flush, then 10 pages
        self.assertGreaterEqual(stats['remaps'] - before, 11)
        self.assertLessEqual(stats['remaps'] - before, 21)

    def test_bar_remap_off(self):
        self.start(',bar-remap=off')
        self.scatter(10)
        self.check(10)
        stats = self.m.stats()
        self.assertEqual(stats['aperture_traps'], 20)
        self.assertEqual(stats['remaps'], 0)
        self.assertEqual(stats['remap_fallbacks'], 0)

    def test_tiny_budget_falls_back_and_comes_back(self):
        self.start(',map-budget=8')
        self.scatter(10)
        self.check(10)
        stats = self.m.stats()
        self.assertEqual(stats['aperture_traps'], 20)
        self.assertEqual(stats['remap_fallbacks'], 1)
        for n in range(3, 10):
            self.page(2 * n, 0)
        self.flush()
        self.check(3)
        stats = self.m.stats()
        self.assertEqual(stats['aperture_traps'], 20)
        self.assertEqual(stats['remap_fallbacks'], 1)

    def test_pages_without_an_entry_show_the_sink(self):
        """They read what was written or 0, and never VRAM."""
        self.start('')
        self.scatter(2)
        self.m.write(self.m.bars[1] + 0x1000, 0x12345678)
        self.m.write(self.m.bars[1] + 0x6000000, 0x12345678)
        self.check(2)
        for at in range(0, 64 << 20, 1 << 20):
            self.m.set_reg(PRAMIN_BASE, at >> 16)
            self.assertNotEqual(self.m.reg(PRAMIN), 0x12345678)

    def test_no_diff_tells_all_each_time(self):
        told = {}
        for switch in ('on', 'off'):
            with qtest.Machine('vram=64M,shadow-diff=' + switch) as self.m:
                self.m.enable()
                self.scatter(10)
                before = self.m.stats()
                self.put(DATA + 0x50000, 0xabcd)
                self.page(1, DATA + 0x50000)
                self.flush()
                self.assertEqual(self.m.read(self.m.bars[1] + 0x1000), 0xabcd)
                after = self.m.stats()
                self.assertEqual(after['shadow_entries'] -
                                 before['shadow_entries'], 1)
                told[switch] = after['shadow_told'] - before['shadow_told']
        self.assertEqual(told['on'], 1)
        self.assertGreater(told['off'], 1000)


class Introspection(unittest.TestCase):
    def test_interrupts_are_counted(self):
        with qtest.Machine() as m:
            m.enable()
            m.set_reg(0x140, 1)
            m.set_reg(0x9140, 1)
            m.set_reg(0x9420, m.reg(0x9400) + 64)
            m.step(10000)
            m.reg(0x100)
            self.assertEqual(m.stats()['interrupts'], 1)

    def test_trace_events(self):
        """-trace 'gpuvm_*' shows what happens, with its values."""
        with qtest.Machine(extra=('-trace', 'gpuvm_*')) as m:
            m.enable()
            m.reg(0)
            m.set_reg(0x140, 1)
            m.reg(0x1fffff0)
            m.qmp('system_reset')
            m.qmp('query-status')
            said = m.said()
        self.assertRegex(
            said, r'gpuvm_reg_read addr=0x0 size=0x4 value=0xc0c00a3')
        self.assertRegex(
            said, r'gpuvm_reg_write addr=0x140 size=0x4 value=0x1')
        self.assertRegex(
            said, r'gpuvm_reg_unknown addr=0x1fffff0 write=0x0')
        self.assertRegex(said, r'gpuvm_reset')

    def test_no_event_is_traced_unasked(self):
        with qtest.Machine() as m:
            m.enable()
            m.reg(0)
            self.assertNotIn('gpuvm_reg', m.said())

    def test_events_can_be_switched_while_it_runs(self):
        with qtest.Machine() as m:
            m.enable()
            m.qmp('trace-event-set-state', name='gpuvm_reg_read',
                  enable=True)
            m.reg(0)
            self.assertIn('gpuvm_reg_read', m.said())
