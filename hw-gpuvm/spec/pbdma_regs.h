/*
 * PBDMA: the units of PFIFO that fetch and parse push buffers.
 *
 * Only what a driver touches; offsets 0x00-0xff of the block are the RAMFC
 * image (ramfc.h).  Names after envytools rnndb/fifo/gf100_pfifo.xml
 * (PSUBFIFO); use in nouveau: nvkm/engine/fifo/gf100.c; reference 5.1, 5.9,
 * 5.10.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PBDMA_REGS_H
#define GPUVM_SPEC_PBDMA_REGS_H

#define NV_PBDMA_STRIDE             0x2000u
#define NV_PBDMA_CACHE_ADDR         0x0400c0u   /* the method being executed */
#define NV_PBDMA_CACHE_ADDR_MTHD    0x00003ffcu
#define NV_PBDMA_CACHE_ADDR_SUBC_SHIFT 16
#define NV_PBDMA_CACHE_ADDR_SUBC    7u
#define NV_PBDMA_CACHE_ADDR_VALID   (1u << 31)
#define NV_PBDMA_CACHE_DATA         0x0400c4u
#define NV_PBDMA_INTR               0x040108u   /* W1C */
#define NV_PBDMA_INTR_ENGINE_TIMEOUT (1u << 8)
#define NV_PBDMA_INTR_IB_PUT        (1u << 14)
#define NV_PBDMA_INTR_IB_ENTRY      (1u << 15)
#define NV_PBDMA_INTR_ILLEGAL_CMD   (1u << 18)
#define NV_PBDMA_INTR_ILLEGAL_MTHD  (1u << 21)
#define NV_PBDMA_INTR_EMPTY_SUBC    (1u << 23)  /* software method */
#define NV_PBDMA_INTR_ILLEGAL_SEM   (1u << 25)
#define NV_PBDMA_INTR_SEM_TIMEOUT   (1u << 26)
#define NV_PBDMA_INTR_SIGNATURE     (1u << 31)
#define NV_PBDMA_INTR_EN            0x04010cu
#define NV_PBDMA_CH                 0x040120u
#define NV_PBDMA_CH_CHID            0x7fu
#define NV_PBDMA_CH_ACTIVE          (1u << 8)
#define NV_PBDMA_INTR_HALT_MASK     0x04013cu

/* Software-object methods (engine 0x1f) that the board answers itself */
#define NV_SW_SET_OBJECT            0x0000u
#define NV_SW_VBLSEM_RELEASE        0x040cu     /* oopses a headless guest */

#endif
