/*
 * USERD: the 4 KiB page of a channel through which its user drives it.
 *
 * Source: nouveau nouveau_dma.c, nouveau_chan.c; rnndb fifo/nv50_fifo (user
 * area); reference nvc0-nouveau.md 5.2.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_USERD_H
#define GPUVM_SPEC_USERD_H

#define GF100_USERD_SIZE            0x1000

#define GF100_USERD_PUT_LO          0x40
#define GF100_USERD_GET_LO          0x44    /* fetch address */
#define GF100_USERD_REF             0x48    /* SET_REFERENCE's value */
#define GF100_USERD_PUT_HI          0x4c
#define GF100_USERD_GET_HI          0x60
#define GF100_USERD_GP_GET          0x88    /* index of a ring entry */
#define GF100_USERD_GP_PUT          0x8c    /* a write rings the doorbell */

#endif
