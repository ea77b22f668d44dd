/*
 * GPFIFO (indirect buffer) entries: 8 bytes, each names one segment of
 * commands.
 *
 * Source: nouveau nouveau_dma.c nv50_dma_push(), envytools
 * docs/hw/fifo/dma-pusher; reference nvc0-nouveau.md 5.6.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_GPFIFO_H
#define GPUVM_SPEC_GPFIFO_H

#define GF100_GPFIFO_ENTRY_SIZE         8

/* low dword */
#define GF100_GPFIFO_VA_LO_MASK         0xfffffffcu
/* high dword */
#define GF100_GPFIFO_HI_VA_MASK         0xffu
#define GF100_GPFIFO_HI_NOT_MAIN        (1u << 9)
#define GF100_GPFIFO_HI_LENGTH_LSB      10      /* in dwords */
#define GF100_GPFIFO_HI_LENGTH_MASK     0x7ffffc00u
#define GF100_GPFIFO_HI_NO_PREFETCH     (1u << 31)

/*
 * nouveau's buffer of main segments lies directly below its ring: a buffer
 * object of 0x12000 bytes whose offset 0x10000 is the ring (nouveau_chan.c).
 */
#define NOUVEAU_MAIN_SEGMENTS_SIZE      0x10000

#endif
