/*
 * GF100 MMU faults: units, clients and reasons.  The PBDMA's interrupt bits
 * are in pbdma_regs.h.
 *
 * Sources: Linux nouveau, nvkm/engine/fifo/gf100.c; rnndb
 * fifo/gf100_pfifo.xml; reference nvc0-nouveau.md 5.10.
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

#endif
