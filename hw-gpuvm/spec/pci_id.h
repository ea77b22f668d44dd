/*
 * PCI identity of the board (nvc0-nouveau.md 1).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PCI_ID_H
#define GPUVM_SPEC_PCI_ID_H

#define GPUVM_PCI_VENDOR_NVIDIA       0x10de
#define GPUVM_PCI_DEVICE_QUADRO_6000  0x06d8
#define GPUVM_PCI_REVISION            0xa3
#define GPUVM_PCI_CLASS_3D            0x0302
/* capabilities where the real card has them; link status is then 0x88088 */
#define GPUVM_PCI_MSI_OFFSET          0x68
#define GPUVM_PCI_EXPRESS_OFFSET      0x78

#endif
