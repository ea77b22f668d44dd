/*
 * PPMU (PDAEMON): the power-management falcon at 0x10a000, as nouveau loads
 * and talks to it.
 *
 * Sources: envytools rnndb/falcon.xml, docs/hw/pm/pdaemon; nouveau
 * nvkm/subdev/pmu/{gt215,gf100}.c; reference/nvc0-nouveau.md 2.4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PPMU_REGS_H
#define GPUVM_SPEC_PPMU_REGS_H

#define NV_PPMU_INTR_ACK            0x10a004u
#define NV_PPMU_INTR                0x10a008u
#define NV_PPMU_INTR_EN_SET         0x10a010u
#define NV_PPMU_INTR_EN_CLR         0x10a014u
#define NV_PPMU_INTR_EN             0x10a018u
#define NV_PPMU_INTR_ROUTE          0x10a01cu
#define NV_PPMU_BUSY                0x10a04cu   /* 0 = idle */
#define NV_PPMU_UC_CTRL             0x10a100u
#define NV_PPMU_UC_CTRL_START       (1u << 1)
#define NV_PPMU_UC_ENTRY            0x10a104u
#define NV_PPMU_UC_CAPS             0x10a108u
#define NV_PPMU_UC_BLOCK_ON_FIFO    0x10a10cu   /* bits 1-2: scrubbing */
#define NV_PPMU_UC_CAPS2            0x10a12cu
#define NV_PPMU_CODE_INDEX          0x10a180u
#define NV_PPMU_CODE                0x10a184u
#define NV_PPMU_CODE_VIRT_ADDR      0x10a188u
#define NV_PPMU_DATA_INDEX          0x10a1c0u
#define NV_PPMU_DATA                0x10a1c4u
/* message rings, in DMEM: {size << 16 | offset}, written by the microcode */
#define NV_PPMU_HOST_PUT            0x10a4a0u
#define NV_PPMU_HOST_GET            0x10a4b0u
#define NV_PPMU_RFIFO_PUT           0x10a4c8u
#define NV_PPMU_RFIFO_GET           0x10a4ccu
#define NV_PPMU_SEND_RING           0x10a4d0u
#define NV_PPMU_RECV_RING           0x10a4dcu
#define NV_PPMU_SEND_RING_VALUE     0x00800f00u
#define NV_PPMU_RECV_RING_VALUE     0x00800e80u
#define NV_PPMU_MUTEX               0x10a580u

#endif
