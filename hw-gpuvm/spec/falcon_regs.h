/*
 * Falcon, version 3: the microcontroller in PCOPY, FECS, GPCCS and PMU.
 *
 * Offsets from the unit's base.  Names after envytools rnndb/falcon.xml and
 * rnndb/graph/gf100_pgraph/ctxctl.xml; use in nouveau: nvkm/falcon/v1.c,
 * nvkm/engine/falcon.c, nvkm/engine/gr/gf100.c; reference 6.1, 6.1a, 7.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_FALCON_REGS_H
#define GPUVM_SPEC_FALCON_REGS_H

#define NV_FALCON_SIZE              0x1000u

#define NV_FALCON_INTR_TRIGGER      0x000u
#define NV_FALCON_INTR_ACK          0x004u
#define NV_FALCON_INTR              0x008u
#define NV_FALCON_INTR_FIFO         (1u << 2)
#define NV_FALCON_INTR_CHSW         (1u << 3)
#define NV_FALCON_INTR_EXIT         (1u << 4)
#define NV_FALCON_INTR_USER1        (1u << 6)   /* error, to the host */
#define NV_FALCON_INTR_USER2        (1u << 7)
#define NV_FALCON_INTR_MODE         0x00cu
#define NV_FALCON_INTR_EN_SET       0x010u
#define NV_FALCON_INTR_EN_CLR       0x014u
#define NV_FALCON_INTR_EN           0x018u
#define NV_FALCON_INTR_ROUTING      0x01cu      /* 0-15 host, 16-31 other */
#define NV_FALCON_INTR_ROUTING_ALT_SHIFT 16
#define NV_FALCON_INTR_MASK         0xffffu
#define NV_FALCON_SCRATCH0          0x040u
#define NV_FALCON_SCRATCH1          0x044u
#define NV_FALCON_ACCESS_EN         0x048u      /* 0 chsw, 1 FIFO */
#define NV_FALCON_ACCESS_EN_MASK    3u
#define NV_FALCON_STATUS_BUSY       0x04cu
#define NV_FALCON_CHANNEL_CUR       0x050u      /* inst >> 12 */
#define NV_FALCON_CHANNEL_NEXT      0x054u
#define NV_FALCON_CHANNEL_TRIGGER   0x058u
#define NV_FALCON_CHANNEL_INST      0x3fffffffu
#define NV_FALCON_CHANNEL_VALID     (1u << 30)
#define NV_FALCON_SCRATCH2          0x080u
#define NV_FALCON_SCRATCH3          0x084u
#define NV_FALCON_UNK090            0x090u
#define NV_FALCON_ENG_CONTROL       0x0a4u
#define NV_FALCON_UC_CTRL           0x100u
#define NV_FALCON_UC_CTRL_START     (1u << 1)
#define NV_FALCON_UC_CTRL_STOPPED   (1u << 4)
#define NV_FALCON_UC_CTRL_SLEEPING  (1u << 5)
#define NV_FALCON_ENTRY             0x104u
#define NV_FALCON_CAPS              0x108u
#define NV_FALCON_CAPS_CODE         0x000001ffu /* x 256 bytes */
#define NV_FALCON_CAPS_DATA_SHIFT   9           /* x 256 bytes, 9 bits */
#define NV_FALCON_BLOCK_ON_FIFO     0x10cu      /* bits 1-2: scrub busy */
#define NV_FALCON_BLOCK_ON_FIFO_MASK 1u
#define NV_FALCON_XFER_EXT_BASE     0x110u
#define NV_FALCON_XFER_FALCON_ADDR  0x114u
#define NV_FALCON_XFER_CTRL         0x118u
#define NV_FALCON_XFER_EXT_ADDR     0x11cu
#define NV_FALCON_CAPS2             0x12cu
#define NV_FALCON_IMEM_ADDR         0x180u      /* ports */
#define NV_FALCON_IMEM_DATA         0x184u
#define NV_FALCON_IMEM_TAG          0x188u
#define NV_FALCON_DMEM_ADDR         0x1c0u
#define NV_FALCON_DMEM_DATA         0x1c4u
#define NV_FALCON_PORT_ADDR         0x0000fffcu
#define NV_FALCON_PORT_AINCW        (1u << 24)
#define NV_FALCON_PORT_AINCR        (1u << 25)
#define NV_FALCON_FBIF              0x600u      /* memory interface targets */
#define NV_FALCON_FBIF_WORDS        8u

/* PCOPY: base of engine n, and error codes in SCRATCH0 bits 0-15 */
#define NV_PCOPY0                   0x104000u
#define NV_PCOPY1                   0x105000u
#define NV_PCOPY_ERROR_MTHD_SHIFT   16          /* method >> 2, 11 bits */
#define NV_PCOPY_ERROR_SUBC_SHIFT   27          /* 3 bits */
/* What nouveau's microcode programs: all but FIFO and CHSW to the host */
#define NV_PCOPY_ROUTING            0x0000fff3u

/* CTXCTL: what FECS and GPCCS have beyond a plain falcon */
#define NV_FECS                     0x409000u
#define NV_GPCCS                    0x41a000u   /* broadcast to all GPCs */
#define NV_CTXCTL_INTR_CHSW         (1u << 8)   /* INTR_TRIGGER: switch */
#define NV_CTXCTL_SIGNAL            0x400u
#define NV_CTXCTL_WRCMD_DATA        0x500u
#define NV_CTXCTL_WRCMD_CMD         0x504u
#define NV_CTXCTL_UNITS_HUB         0x604u      /* GPCs, ROPs << 16 */
#define NV_CTXCTL_UNITS_GPC         0x608u      /* TPCs */
#define NV_CTXCTL_UNITS_ROP_SHIFT   16
#define NV_CTXCTL_RED_SWITCH        0x614u
#define NV_CTXCTL_SCRATCH           0x800u
#define NV_CTXCTL_SCRATCH_SET       0x820u
#define NV_CTXCTL_SCRATCH_CLEAR     0x840u
#define NV_CTXCTL_SCRATCHES         8u
#define NV_CTXCTL_CHAN_CUR          0xb00u
#define NV_CTXCTL_CHAN_NEXT         0xb04u
#define NV_CTXCTL_CHAN_ACK          0xb0cu
#define NV_CTXCTL_CHAN_INST         0x0fffffffu /* >> 12 */
#define NV_CTXCTL_CHAN_VALID        (1u << 31)
#define NV_CTXCTL_UP_STATUS         0xc18u
#define NV_CTXCTL_UP_SET            0xc1cu
#define NV_CTXCTL_UP_CLEAR          0xc20u
#define NV_CTXCTL_UP_EN             0xc24u
#define NV_CTXCTL_UP_ERROR          (1u << 0)   /* code in SCRATCH 5 */

/* Built-in microcode's mailbox (nouveau gr/fuc/hub.fuc) */
#define NV_FECS_CMD_SET_CHANNEL     1u
#define NV_FECS_CMD_SAVE            2u
#define NV_FECS_SCRATCH_READY       (1u << 31)  /* SCRATCH 0 */
#define NV_FECS_SCRATCH_STATUS_IDX  0u
#define NV_FECS_SCRATCH_SIZE_IDX    1u          /* context bytes */
#define NV_FECS_SCRATCH_ERROR_IDX   5u
#define NV_FECS_E_BAD_COMMAND       1u

#endif
