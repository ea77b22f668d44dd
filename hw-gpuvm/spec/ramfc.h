/*
 * RAMFC: the PBDMA's state of a channel, at the start of its instance block.
 * The layout is the PBDMA's register image at 0x040000 + n * 0x2000.
 *
 * Source: nouveau fifo/gpfifogf100.c, rnndb fifo/nvc0_pfifo (PSUBFIFO);
 * reference nvc0-nouveau.md 5.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_RAMFC_H
#define GPUVM_SPEC_RAMFC_H

#define GF100_RAMFC_SIZE                0x100

#define GF100_RAMFC_USERD_LO            0x08    /* physical, VRAM */
#define GF100_RAMFC_USERD_HI            0x0c
#define GF100_RAMFC_USERD_LO_MASK       0xfffff000u
#define GF100_RAMFC_USERD_HI_MASK       0xffu
#define GF100_RAMFC_SIGNATURE           0x10
#define GF100_RAMFC_SIGNATURE_MASK      0xffffu
#define GF100_RAMFC_SIGNATURE_VALUE     0xfaceu
#define GF100_RAMFC_ACQUIRE             0x30
#define GF100_RAMFC_GPFIFO_LO           0x48
#define GF100_RAMFC_GPFIFO_LO_MASK      0xfffffff8u
#define GF100_RAMFC_GPFIFO_HI           0x4c
#define GF100_RAMFC_GPFIFO_HI_MASK      0xffu
#define GF100_RAMFC_GPFIFO_ORDER_LSB    16      /* log2 of the entries */
#define GF100_RAMFC_GPFIFO_ORDER_MASK   0x1f0000u

/* The longest ring that is taken: 65536 entries, 512 KiB. */
#define GF100_GPFIFO_ORDER_MAX          16

#endif
