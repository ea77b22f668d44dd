"""The device on the PCI bus: identity, BARs, capabilities, properties.

Expected values: reference nvc0-nouveau.md section 1.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import unittest

import qtest

MIB = 1 << 20
CAP_MSI = 0x05
CAP_EXPRESS = 0x10


class Identity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = qtest.Machine()

    @classmethod
    def tearDownClass(cls):
        cls.m.close()

    def test_vendor_and_device(self):
        self.assertEqual(self.m.config_read(0), 0x06d810de)

    def test_class_is_3d_controller(self):
        self.assertEqual(self.m.config_read(8), 0x030200a3)

    def test_bar_sizes(self):
        self.assertEqual(self.m.bar_size(0), 32 * MIB)
        self.assertEqual(self.m.bar_size(1), 128 * MIB)
        self.assertEqual(self.m.bar_size(3), 64 * MIB)

    def test_bar_types(self):
        self.assertEqual(self.m.config_read(0x10) & 0xf, 0)
        self.assertEqual(self.m.config_read(0x14) & 0xf, 0xc)
        self.assertEqual(self.m.config_read(0x1c) & 0xf, 0xc)

    def test_interrupt_pin(self):
        self.assertEqual(self.m.config_read(0x3d, 1), 1)

    def test_msi_has_one_64_bit_vector(self):
        at = self.m.capability(CAP_MSI)
        self.assertTrue(at)
        self.assertEqual(self.m.config_read(at + 2, 2) & 0x8e, 0x80)

    def test_express_capability(self):
        self.assertTrue(self.m.capability(CAP_EXPRESS))


class Properties(unittest.TestCase):
    def test_vram_is_told_in_bytes(self):
        with qtest.Machine('vram=128M') as m:
            self.assertEqual(m.qmp('qom-get', property='vram',
                                   path='/machine/peripheral/gpu0'),
                             128 * MIB)

    def test_bad_vram_is_refused_with_a_remedy(self):
        for value in ('1M', '100000G', '65537K', 'abc'):
            said = qtest.refused('vram=' + value)
            self.assertIsNotNone(said, value)
            self.assertIn('vram', said)

    def test_vram_in_each_form(self):
        json = '{"driver":"gpuvm","id":"gpu0","addr":"0x10","vram":%s}'
        forms = {'a number in JSON': ('-device', json % (96 * MIB)),
                 'a string in JSON': ('-device', json % '"96M"'),
                 'a default': ('-global', 'gpuvm.vram=96M', '-device',
                               'gpuvm,id=gpu0,addr=0x10')}
        for form, argv in forms.items():
            with self.subTest(form), qtest.Machine(None, argv) as m:
                self.assertEqual(m.qmp('qom-get', property='vram',
                                       path='/machine/peripheral/gpu0'),
                                 96 * MIB)

    def test_bad_vram_in_json_is_refused(self):
        for value in ('true', '[]', '-5', '1.5', '{}', '"much"', '5'):
            said = qtest.refused(None, (
                '-device', '{"driver":"gpuvm","vram":%s}' % value))
            self.assertIsNotNone(said, value)
            self.assertIn('vram', said)

    def test_bad_weight_is_refused(self):
        self.assertIn('weight', qtest.refused('vram=64M,weight=0') or '')

    def test_unserved_mode_is_refused(self):
        self.assertIn('modes', qtest.refused('vram=64M,modes=warp') or '')

    def test_viommu_is_refused(self):
        argv = ('-machine', 'kernel-irqchip=split', '-device', 'intel-iommu',
                '-device', 'gpuvm,vram=64M')
        said = qtest.refused(None, argv) or ''
        self.assertIn('vIOMMU', said)

    def test_no_bus_master_no_harm(self):
        with qtest.Machine() as m:
            m.enable()
            m.config_write(4, 2, 2)
            self.assertEqual(m.reg(0), 0x0c0c00a3)
