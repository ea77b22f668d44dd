/*
 * PMC: chip identification, engine enables and the top of the interrupt tree.
 *
 * Sources: envytools rnndb/bus/pmc.xml; nouveau nvkm/engine/device/base.c,
 * nvkm/subdev/mc/{nv50,gf100}.c; reference/nvc0-nouveau.md 2.1, 2.2, 8.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PMC_REGS_H
#define GPUVM_SPEC_PMC_REGS_H

#define NV_PMC_BOOT_0               0x000000u
#define NV_PMC_BOOT_0_GF100_A3      0x0c0c00a3u /* chipset 0x0c0, rev a3 */
#define NV_PMC_BOOT_1               0x000004u   /* 0 = little-endian */
#define NV_PMC_INTR_HOST            0x000100u   /* pending & mask, line 0 */
#define NV_PMC_INTR_NRHOST          0x000104u   /* the same, line 1 */
#define NV_PMC_INTR_EN_HOST         0x000140u
#define NV_PMC_INTR_EN_NRHOST       0x000144u
#define NV_PMC_INTR_EN_HARDWARE     (1u << 0)
#define NV_PMC_INTR_LINE_HOST       0x000160u
#define NV_PMC_INTR_LINE_NRHOST     0x000164u
#define NV_PMC_INTR_LTC             0x00017cu   /* which LTC, with bit 25 */
#define NV_PMC_ENABLE               0x000200u
#define NV_PMC_PBDMA_ENABLE         0x000204u   /* row in pfifo.c */
#define NV_PMC_SPOON_ENABLE         0x000260u   /* row in pgraph.c */
#define NV_PMC_INTR_MASK_HOST       0x000640u
#define NV_PMC_INTR_MASK_NRHOST     0x000644u
#define NV_PMC_INTR_MASK_DAEMON     0x000648u

/* Source bits of NV_PMC_INTR_* (gf100_mc_intr) */
#define NV_PMC_INTR_MSPPP           0
#define NV_PMC_INTR_CE0             5
#define NV_PMC_INTR_CE1             6
#define NV_PMC_INTR_FIFO            8
#define NV_PMC_INTR_GR              12
#define NV_PMC_INTR_PBFB            13
#define NV_PMC_INTR_MSVLD           15
#define NV_PMC_INTR_MSPDEC          17
#define NV_PMC_INTR_THERM           18
#define NV_PMC_INTR_TIMER           20
#define NV_PMC_INTR_GPIO            21
#define NV_PMC_INTR_PMU             24
#define NV_PMC_INTR_LTC_BIT         25
#define NV_PMC_INTR_DISP            26
#define NV_PMC_INTR_PFFB            27
#define NV_PMC_INTR_BUS             28
#define NV_PMC_INTR_PRIVRING        30

/* Bits of NV_PMC_ENABLE (gf100_mc_reset); they differ from the above. */
#define NV_PMC_ENABLE_MSPPP         (1u << 1)
#define NV_PMC_ENABLE_CE0           (1u << 6)
#define NV_PMC_ENABLE_CE1           (1u << 7)
#define NV_PMC_ENABLE_FIFO          (1u << 8)
#define NV_PMC_ENABLE_GR            (1u << 12)
#define NV_PMC_ENABLE_PMU           (1u << 13)
#define NV_PMC_ENABLE_MSVLD         (1u << 15)
#define NV_PMC_ENABLE_MSPDEC        (1u << 17)
/* what a real board shows after power-on (reference 13) */
#define NV_PMC_ENABLE_RESET         0xe001213du

#endif
