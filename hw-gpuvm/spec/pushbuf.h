/*
 * Pushbuffer method headers of GF100's PBDMA (command format "new").
 *
 * A header word says which methods of which subchannel the words after it go
 * to.  GPFIFO entries, which name the stretches of pushbuffer, are in
 * gpfifo.h.
 *
 * Sources: envytools docs/hw/fifo/dma-pusher.rst (GF100 headers, old headers,
 * SLI mask operations); libdrm nouveau and Mesa nvc0_winsys.h (types 1, 3, 4,
 * 5 as emitted); reference nvc0-nouveau.md 5.7, nvc0-compute.md 1.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PUSHBUF_H
#define GPUVM_SPEC_PUSHBUF_H

#include <stdint.h>

#define NVC0_PB_TYPE_SHIFT          29
#define NVC0_PB_TYPE_OLD_INCR       0u
#define NVC0_PB_TYPE_INCR           1u
#define NVC0_PB_TYPE_OLD_NONINCR    2u
#define NVC0_PB_TYPE_NONINCR        3u
#define NVC0_PB_TYPE_IMMEDIATE      4u
#define NVC0_PB_TYPE_INCR_ONCE      5u
#define NVC0_PB_TYPE_RESERVED       6u
#define NVC0_PB_TYPE_END_SEGMENT    7u

/* Types 1, 3, 4, 5; count is the data itself in type 4 */
#define NVC0_PB_COUNT_SHIFT         16
#define NVC0_PB_COUNT_MASK          0x1fffu
#define NVC0_PB_SUBC_SHIFT          13
#define NVC0_PB_SUBC_MASK           0x7u
#define NVC0_PB_MTHD_MASK           0x0fffu     /* method >> 2 */

/* Types 0 and 2 */
#define NVC0_PB_OLD_COUNT_SHIFT     18
#define NVC0_PB_OLD_COUNT_MASK      0x7ffu
#define NVC0_PB_OLD_MTHD_MASK       0x1ffcu     /* byte address */
#define NVC0_PB_OLD_SLI_MASK        0x00030000u /* not 0: SLI mask operation */

#define NVC0_PB_NOP                 0x00000000u
#define NVC0_PB_SUBCHANNELS         8
#define NVC0_PB_MTHD_LIMIT          0x4000u     /* bytes */

/** nvc0_pb_header - a header of type 1, 3, 4 or 5; @mthd in bytes. */
static inline uint32_t nvc0_pb_header(unsigned type, unsigned subc,
                                      unsigned mthd, unsigned count)
{
    return (uint32_t)type << NVC0_PB_TYPE_SHIFT |
           (count & NVC0_PB_COUNT_MASK) << NVC0_PB_COUNT_SHIFT |
           (subc & NVC0_PB_SUBC_MASK) << NVC0_PB_SUBC_SHIFT |
           (mthd >> 2 & NVC0_PB_MTHD_MASK);
}

#endif
