/*
 * GF100 faults: MMU fault units, clients and reasons, and the PBDMA's
 * interrupt bits.
 *
 * Sources: Linux nouveau, nvkm/engine/fifo/gf100.c (fault units, clients,
 * reasons, PBDMA bits) and gk104.c (further PBDMA bits of the same unit);
 * rnndb fifo/gf100_pfifo.xml; reference nvc0-nouveau.md 5.10.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_FAULT_H
#define GPUVM_SPEC_FAULT_H

/* MMU fault units: bit numbers of 0x00259c, index into 0x002800 + n * 0x10 */
#define NVC0_FAULT_UNIT_PGRAPH      0x00
#define NVC0_FAULT_UNIT_PEEPHOLE    0x03
#define NVC0_FAULT_UNIT_BAR1        0x04
#define NVC0_FAULT_UNIT_BAR3        0x05
#define NVC0_FAULT_UNIT_PBDMA0      0x07
#define NVC0_FAULT_UNIT_PBDMA1      0x08
#define NVC0_FAULT_UNIT_PBDMA2      0x09
#define NVC0_FAULT_UNIT_PMSVLD      0x10
#define NVC0_FAULT_UNIT_PMSPPP      0x11
#define NVC0_FAULT_UNIT_PCOUNTER    0x13
#define NVC0_FAULT_UNIT_PMSPDEC     0x14
#define NVC0_FAULT_UNIT_PCE0        0x15
#define NVC0_FAULT_UNIT_PCE1        0x16
#define NVC0_FAULT_UNIT_PMU         0x17

/* Clients of the hub */
#define NVC0_FAULT_HUB_PCOPY0       0x01
#define NVC0_FAULT_HUB_PCOPY1       0x02
#define NVC0_FAULT_HUB_DISPATCH     0x04
#define NVC0_FAULT_HUB_CTXCTL       0x05
#define NVC0_FAULT_HUB_PFIFO        0x06
#define NVC0_FAULT_HUB_BAR_READ     0x07
#define NVC0_FAULT_HUB_BAR_WRITE    0x08
#define NVC0_FAULT_HUB_CCACHE       0x14

/* Clients of a GPC */
#define NVC0_FAULT_GPC_L1           0x00
#define NVC0_FAULT_GPC_T1           0x01    /* texture cache */
#define NVC0_FAULT_GPC_PE           0x02

/* Reasons */
#define NVC0_FAULT_REASON_PT_NOT_PRESENT    0x0
#define NVC0_FAULT_REASON_PT_TOO_SHORT      0x1
#define NVC0_FAULT_REASON_PAGE_NOT_PRESENT  0x2
#define NVC0_FAULT_REASON_VM_LIMIT          0x3
#define NVC0_FAULT_REASON_NO_CHANNEL        0x4
#define NVC0_FAULT_REASON_PRIV_VIOLATION    0x5
#define NVC0_FAULT_REASON_RO_VIOLATION      0x6
#define NVC0_FAULT_REASON_COMPRESSED_SYSRAM 0xa
#define NVC0_FAULT_REASON_INVALID_KIND      0xc

/* PBDMA interrupt status, 0x040108 + n * 0x2000 */
#define NVC0_PBDMA_INTR_GPENTRY     0x00008000u /* e.g. a null push */
#define NVC0_PBDMA_INTR_PBENTRY     0x00040000u /* invalid method header */
#define NVC0_PBDMA_INTR_ILLEGAL_MTHD 0x00200000u
#define NVC0_PBDMA_INTR_EMPTY_SUBC  0x00800000u /* software method */
#define NVC0_PBDMA_INTR_SEMAPHORE   0x02000000u
#define NVC0_PBDMA_INTR_ACQUIRE     0x04000000u /* acquire timed out */
#define NVC0_PBDMA_INTR_SIGNATURE   0x80000000u /* RAMFC signature */

#endif
