/*
 * PBUS: error interrupts, the PRAMIN window's base, the instance blocks of
 * BAR1 and BAR3, and the host's flushes towards VRAM.
 *
 * Sources: envytools rnndb/bus/pbus.xml, rnndb/memory/nv50_pfb_vm.xml; nouveau
 * nvkm/subdev/bus/gf100.c, bar/{g84,gf100}.c, instmem/nv50.c;
 * reference/nvc0-nouveau.md 4.1, 4.2, 9.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PBUS_REGS_H
#define GPUVM_SPEC_PBUS_REGS_H

#define NV_PBUS_INTR                0x001100u   /* W1C */
#define NV_PBUS_INTR_MMIO_RING_ERR  (1u << 1)   /* the target is disabled */
#define NV_PBUS_INTR_MMIO_IBUS_ERR  (1u << 2)
#define NV_PBUS_INTR_MMIO_TIMEOUT   (1u << 3)
#define NV_PBUS_INTR_THERM          (1u << 16)
#define NV_PBUS_INTR_EN             0x001140u
#define NV_PBUS_FAULT_ADDR          0x009084u   /* bit 1: it was a write */
#define NV_PBUS_FAULT_DATA          0x009088u

/* PRAMIN window: address = base << 16; the window itself is 1 MiB. */
#define NV_PBUS_PRAMIN              0x001700u
#define NV_PBUS_PRAMIN_BASE         0x00ffffffu
#define NV_PBUS_PRAMIN_BASE_SHIFT   16
#define NV_PBUS_PRAMIN_TARGET       0x03000000u /* 0 = VRAM */
#define NV_PRAMIN                   0x700000u
#define NV_PRAMIN_SIZE              0x100000u

#define NV_PBUS_BAR1_BLOCK          0x001704u
#define NV_PBUS_BAR3_BLOCK          0x001714u
#define NV_PBUS_BAR_BLOCK_PTR       0x0fffffffu /* instance block >> 12 */
#define NV_PBUS_BAR_BLOCK_PTR_SHIFT 12
#define NV_PBUS_BAR_BLOCK_TARGET    0x30000000u /* 0 = VRAM */
#define NV_PBUS_BAR_BLOCK_HALVE     0x40000000u /* BAR3: NvBar2Halve=1 */
#define NV_PBUS_BAR_BLOCK_VM        0x80000000u /* else linear VRAM */
#define NV_PBUS_IFB_BLOCK           0x001718u   /* peephole */

/* Flushes: writing 1 starts one; both low bits 0 = done. */
#define NV_PHOST_FB_FLUSH           0x070000u
#define NV_PHOST_L2_SYSMEM_INVALIDATE 0x070004u
#define NV_PHOST_L2_FLUSH           0x070010u

#endif
