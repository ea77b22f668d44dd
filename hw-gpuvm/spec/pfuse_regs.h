/*
 * Fuses, the topology that they leave, and the board straps beside them.
 *
 * Sources: envytools rnndb/bus/pbus.xml and its neighbours; nouveau nvkm/subdev/fuse/gf100.c,
 * devinit/gf100.c, pci/gf100.c, nvkm/engine/pm/gf100.c;
 * reference/nvc0-nouveau.md 1.1, 2.3, 2.4, 13.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PFUSE_REGS_H
#define GPUVM_SPEC_PFUSE_REGS_H

#define NV_PFUSE_CTRL               0x021000u   /* bit 0: readable */
#define NV_PFUSE_DATA               0x021100u
#define NV_PFUSE_DATA_WORDS         256u
#define NV_PFUSE_TEMP_CAL_OK        0x1a8u      /* byte offsets in DATA */
#define NV_PFUSE_SPEEDO             0x1ccu
#define NV_PFUSE_SPEEDO_VALUE       0x190u

#define NV_PTOP_FUSE_ENABLE         0x022400u   /* bit 11: fuse array on */
#define NV_PTOP_FUSE_ENABLE_RESET   0x00010000u
#define NV_PTOP_SCRATCH_POST        0x02240cu
#define NV_PTOP_SCRATCH_POST_DONE   (1u << 1)   /* init scripts have run */
#define NV_PTOP_PCIE_CAP            0x02241cu   /* 0: version, 7: cap speed */
#define NV_PTOP_SCAL_NUM_GPCS       0x022430u
#define NV_PTOP_SCAL_NUM_TPC_PER_GPC 0x022434u
#define NV_PTOP_SCAL_NUM_FBPS       0x022438u
#define NV_PTOP_DISABLE_UNITS       0x022500u
#define NV_PTOP_DISABLE_DISP        (1u << 0)
#define NV_PTOP_DISABLE_MSPDEC      (1u << 1)   /* and MSPPP */
#define NV_PTOP_DISABLE_MSVLD       (1u << 2)
#define NV_PTOP_DISABLE_MSENC       (1u << 3)
#define NV_PTOP_DISABLE_CE0         (1u << 8)
#define NV_PTOP_DISABLE_CE1         (1u << 9)
#define NV_PTOP_DISABLE_GPC         0x022504u   /* masks: which are off */
#define NV_PTOP_DISABLE_FBP_548     0x022548u
#define NV_PTOP_DISABLE_FBP         0x022554u
#define NV_PTOP_DISABLE_GPC_SOFT    0x022584u
#define NV_PTOP_DISABLE_FBP_SOFT    0x0225c8u

#endif
