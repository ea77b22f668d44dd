/*
 * PFIFO of GF100: channel table, playlist, engine and fault status.
 *
 * Names follow envytools rnndb/fifo/gf100_pfifo.xml, with today's words where
 * they differ (PBDMA for SUBFIFO, MMU fault for VM fault).  How nouveau uses
 * them: nvkm/engine/fifo/gf100.c (6.1 and 6.12), reference/nvc0-nouveau.md
 * sections 5 and 11.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PFIFO_REGS_H
#define GPUVM_SPEC_PFIFO_REGS_H

/* Engine ids: SET_OBJECT bits 16-20, index of the per-engine registers */
#define NV_PFIFO_ENGINE_PGRAPH      0u
#define NV_PFIFO_ENGINE_PMSPDEC     1u
#define NV_PFIFO_ENGINE_PMSPPP      2u
#define NV_PFIFO_ENGINE_PMSVLD      3u
#define NV_PFIFO_ENGINE_PCE0        4u
#define NV_PFIFO_ENGINE_PCE1        5u
#define NV_PFIFO_ENGINES            6u
#define NV_PFIFO_ENGINE_MASK        0x3fu

#define NV_PFIFO_INTR               0x002100u
#define NV_PFIFO_INTR_CHAN_TABLE    (1u << 0)
#define NV_PFIFO_INTR_SCHED         (1u << 8)
#define NV_PFIFO_INTR_CHSW          (1u << 16)
#define NV_PFIFO_INTR_LB            (1u << 24)
#define NV_PFIFO_INTR_MMU_FAULT     (1u << 28)  /* level: 0x259c */
#define NV_PFIFO_INTR_PBDMA         (1u << 29)  /* level: 0x25a0 */
#define NV_PFIFO_INTR_RUNLIST       (1u << 30)  /* level: 0x2a00 */
#define NV_PFIFO_INTR_ENGINE        (1u << 31)  /* level: 0x25a4 */
#define NV_PFIFO_INTR_LEVELS        0xf0000000u
#define NV_PFIFO_INTR_EN            0x002140u

#define NV_PFIFO_CTRL               0x002200u   /* bit 0 enable */
#define NV_PFIFO_PBDMA_ENABLE       0x002204u   /* bit n: PBDMA n exists */
#define NV_PFIFO_PBDMA_MASK         0x7u
#define NV_PFIFO_ENG_PBDMA_MASK     0x002208u   /* 6: bit clear = may use */
#define NV_PFIFO_USERD_BASE         0x002254u   /* in BAR1 */
#define NV_PFIFO_USERD_BASE_ADDR    0x0fffffffu /* >> 12 */
#define NV_PFIFO_USERD_BASE_ENABLE  (1u << 28)

#define NV_PFIFO_PLAYLIST_WR        0x002270u   /* as an instance word */
#define NV_PFIFO_PLAYLIST_WR_LEN    0x002274u   /* triggers the update */
#define NV_PFIFO_PLAYLIST_RD        0x002278u
#define NV_PFIFO_PLAYLIST_RD_LEN    0x00227cu
#define NV_PFIFO_PLAYLIST_LEN       0xfffu
#define NV_PFIFO_PLAYLIST_PENDING   (1u << 20)
#define NV_PFIFO_PLAYLIST_ENTRY     8u          /* bytes: chid, 4 */

/* An address of 4 KiB units with its memory target */
#define NV_PFIFO_ADDR               0x0fffffffu /* >> 12 */
#define NV_PFIFO_TARGET_SHIFT       28
#define NV_PFIFO_TARGET_MASK        3u
#define NV_PFIFO_TARGET_VRAM        0u
#define NV_PFIFO_TARGET_SYSRAM      2u
#define NV_PFIFO_TARGET_SYSRAM_NCOH 3u

#define NV_PFIFO_INTR_EN_NRHOST     0x002528u
#define NV_PFIFO_CHAN_TABLE_ERROR   0x00252cu
#define NV_PFIFO_CHAN_TABLE_ERROR_INVALID_TARGET 6u
#define NV_PFIFO_SCHED_ERROR        0x00254cu
#define NV_PFIFO_SCHED_ERROR_CTXSW  0x0au   /* context-switch time-out */
#define NV_PFIFO_CHSW_ERROR         0x00256cu
#define NV_PFIFO_LB_ERROR           0x00258cu

#define NV_PFIFO_MMU_FAULT_SOURCE   0x00259cu   /* bit n: fault unit n */
#define NV_PFIFO_PBDMA_SOURCE       0x0025a0u   /* bit n: PBDMA n */
#define NV_PFIFO_ENGINE_SOURCE      0x0025a4u   /* bit n: engine n */
#define NV_PFIFO_ENGINE_INTR        0x0025a8u   /* eight groups of 4 bits */
#define NV_PFIFO_ENGINE_INTRS       16u
#define NV_PFIFO_ENGINE_INTR_NOTIFY (1u << 0)   /* in each group */
#define NV_PFIFO_ENGINE_INTR_GROUPS 0x11111111u
#define NV_PFIFO_ENGINE_INTR_EN     0x002628u   /* of a group */
#define NV_PFIFO_ENG_FAULT          0x00262cu   /* W1C */
#define NV_PFIFO_ENG_FREEZE         0x002630u
#define NV_PFIFO_KICK               0x002634u
#define NV_PFIFO_KICK_CHID          0x7fu
#define NV_PFIFO_KICK_PENDING       (1u << 20)
#define NV_PFIFO_ENG_STATE          0x002640u   /* 6; 0 = idle */
/* On a channel (bits 0-6) and unable to leave it: busy is bit 31 to Linux 6.1
 * and bit 28 to 6.12; waiting for the switch bits 18 and 12, or 14 and 12 */
#define NV_PFIFO_ENG_STATE_HUNG     (1u << 31 | 1u << 28 | 1u << 18 | \
                                     1u << 14 | 1u << 12)

/* MMU fault information, one group of four words a fault unit */
#define NV_PFIFO_FAULT_UNITS        32u
#define NV_PFIFO_FAULT_STRIDE       0x10u
#define NV_PFIFO_FAULT_INST         0x002800u   /* >> 12 */
#define NV_PFIFO_FAULT_VALO         0x002804u
#define NV_PFIFO_FAULT_VAHI         0x002808u
#define NV_PFIFO_FAULT_TYPE         0x00280cu
#define NV_PFIFO_FAULT_TYPE_REASON  0x0000000fu
#define NV_PFIFO_FAULT_TYPE_HUB     (1u << 6)
#define NV_PFIFO_FAULT_TYPE_WRITE   (1u << 7)
#define NV_PFIFO_FAULT_TYPE_CLIENT_SHIFT 8      /* 5 bits */
#define NV_PFIFO_FAULT_TYPE_GPC_SHIFT   24      /* 5 bits */

#define NV_PFIFO_RUNLIST_INTR       0x002a00u
#define NV_PFIFO_RUNLIST_INTR_EVENT (1u << 28)
#define NV_PFIFO_FB_TIMEOUT         0x002a04u
#define NV_PFIFO_FB_TIMEOUT_MASK    0xbfffffffu
#define NV_PFIFO_FAULT_INJECT       0x002a30u   /* one an engine */
#define NV_PFIFO_FAULT_INJECT_UNIT  0x1fu
#define NV_PFIFO_FAULT_INJECT_VALID (1u << 8)

/* Channel table: 128 entries of two words */
#define NV_PFIFO_CHANS              128u
#define NV_PFIFO_CHAN_STRIDE        8u
#define NV_PFIFO_CHAN               0x003000u
#define NV_PFIFO_CHAN_INST          0x0fffffffu /* >> 12 */
#define NV_PFIFO_CHAN_POLL_ENABLE   (1u << 30)
#define NV_PFIFO_CHAN_VALID         (1u << 31)
#define NV_PFIFO_CHAN_STATE         0x003004u
#define NV_PFIFO_CHAN_STATE_RUNNABLE (1u << 0)

#endif
