/*
 * PGRAPH of GF100: registers with a meaning to the model.  Registers that a
 * driver only initialises stand in pgraph_packs.h.
 *
 * Names after envytools rnndb/graph/gf100_pgraph/{pgraph,gpc,tpc,rop}.xml; use
 * in nouveau: nvkm/engine/gr/{gf100,ctxgf100}.c; reference 7.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PGRAPH_REGS_H
#define GPUVM_SPEC_PGRAPH_REGS_H

#define NV_PGRAPH_INTR              0x400100u   /* W1C */
#define NV_PGRAPH_INTR_NOTIFY       (1u << 0)
#define NV_PGRAPH_INTR_ILLEGAL_MTHD (1u << 4)
#define NV_PGRAPH_INTR_ILLEGAL_CLASS (1u << 5)
#define NV_PGRAPH_INTR_FIRMWARE     (1u << 8)
#define NV_PGRAPH_INTR_CTXCTL_UP    (1u << 19)
#define NV_PGRAPH_INTR_DATA_ERROR   (1u << 20)
#define NV_PGRAPH_INTR_TRAP         (1u << 21)
#define NV_PGRAPH_TRAP              0x400108u   /* W1C */
#define NV_PGRAPH_TRAP_GPC          (1u << 24)
#define NV_PGRAPH_DATA_ERROR        0x400110u
#define NV_PGRAPH_TRAP_GPCS         0x400118u   /* W1C */
#define NV_PGRAPH_TRAP_ROPS         0x40011cu
#define NV_PGRAPH_INTR_EN_NRHOST    0x400124u
#define NV_PGRAPH_TRAP_GPCS_EN      0x400130u
#define NV_PGRAPH_TRAP_ROPS_EN      0x400134u
#define NV_PGRAPH_TRAP_EN           0x400138u
#define NV_PGRAPH_INTR_EN           0x40013cu
#define NV_PGRAPH_INTR_CTXCTL_DOWN  0x400144u
#define NV_PGRAPH_ICMD_CMD          0x400200u
#define NV_PGRAPH_ICMD_DATA         0x400204u
#define NV_PGRAPH_ICMD_MODE         0x400208u
#define NV_PGRAPH_FIFO_CONTROL      0x400500u
#define NV_PGRAPH_GPC_STATUS        0x400604u
#define NV_PGRAPH_ROP_STATUS        0x400608u
#define NV_PGRAPH_FE_STATUS         0x40060cu   /* bit 0 busy */
#define NV_PGRAPH_STATUS            0x400700u   /* 0 = idle */
#define NV_PGRAPH_TRAPPED_ADDR      0x400704u
#define NV_PGRAPH_TRAPPED_ADDR_MTHD 0x00003ffcu
#define NV_PGRAPH_TRAPPED_ADDR_SUBC_SHIFT 16
#define NV_PGRAPH_TRAPPED_DATA      0x400708u
#define NV_PGRAPH_TRAPPED_DATA_HIGH 0x40070cu

/* Sub-units' trap words: bit 31 enable, 30 clear, the rest what happened */
#define NV_PGRAPH_TRAP_WORD_ENABLE  (1u << 31)
#define NV_PGRAPH_TRAP_WORD_CLEAR   (1u << 30)
#define NV_PGRAPH_DISPATCH_TRAP     0x404000u
#define NV_PGRAPH_PWR_MODE          0x404170u
#define NV_PGRAPH_PWR_MODE_TRIGGER  (1u << 4)   /* reads 1 while busy */
#define NV_PGRAPH_CTX_CACHE         0x404200u   /* class of subchannel n */
#define NV_PGRAPH_CTX_CACHES        8u
#define NV_PGRAPH_CTX_CACHE_CLASS   0xffffu
#define NV_PGRAPH_MCACHE_CTRL       0x404488u
#define NV_PGRAPH_MCACHE_DATA       0x40448cu
#define NV_PGRAPH_MACRO_TRAP        0x404490u
#define NV_PGRAPH_MACRO_TRAP_PC     0x404494u
#define NV_PGRAPH_MACRO_TRAP_OP     0x40449cu
#define NV_PGRAPH_M2MF_TRAP         0x404600u
#define NV_PGRAPH_SHADER_TRAP       0x405840u
#define NV_PGRAPH_UNK6018_TRAP      0x406018u
#define NV_PGRAPH_UNK601C_TRAP      0x40601cu
#define NV_PGRAPH_CCACHE_TRAP       0x408030u

/* ROP u */
#define NV_PGRAPH_ROP               0x410000u
#define NV_PGRAPH_ROP_STRIDE        0x400u
#define NV_PGRAPH_ROP_TRAP_Z        0x070u
#define NV_PGRAPH_ROP_TRAP_C        0x144u
#define NV_PGRAPH_ROP_INTR          0x204u
#define NV_PGRAPH_ROP_INTR_EN       0x208u

/* GPC g, offsets inside it */
#define NV_PGRAPH_GPC               0x500000u
#define NV_PGRAPH_GPC_STRIDE        0x8000u
#define NV_PGRAPH_GPC_PROP_TRAP     0x0420u
#define NV_PGRAPH_GPC_PROP_COORD    0x0434u
#define NV_PGRAPH_GPC_PROP_FORMAT   0x0438u
#define NV_PGRAPH_GPC_PROP_STORAGE  0x043cu
#define NV_PGRAPH_GPC_ESETUP_TRAP   0x0824u
#define NV_PGRAPH_GPC_ZCULL_TRAP    0x0900u
#define NV_PGRAPH_GPC_ZCULL_TPCS    0x0910u     /* 3 words */
#define NV_PGRAPH_GPC_TPC_NR        0x0c08u
#define NV_PGRAPH_GPC_SM_ID         0x0c10u     /* one a TPC */
#define NV_PGRAPH_GPC_TPC_NR2       0x0c8cu
#define NV_PGRAPH_GPC_CCACHE_TRAP   0x1028u
#define NV_PGRAPH_GPC_CTXCTL        0x2000u     /* its own GPCCS */
#define NV_PGRAPH_GPC_INTR          0x2c90u     /* W1C */
#define NV_PGRAPH_GPC_INTR_TPC_SHIFT 16
#define NV_PGRAPH_GPC_INTR_EN       0x2c94u

/* TPC t of a GPC, offsets inside it */
#define NV_PGRAPH_TPC               0x4000u
#define NV_PGRAPH_TPC_STRIDE        0x800u
#define NV_PGRAPH_TPC_VSC_MASTER    0x05cu
#define NV_PGRAPH_TPC_POLY_TRAP     0x084u
#define NV_PGRAPH_TPC_POLY_SM_ID    0x088u
#define NV_PGRAPH_TPC_TEX_TRAP      0x224u
#define NV_PGRAPH_TPC_MPC_TRAP      0x430u
#define NV_PGRAPH_TPC_L1C_TRAP      0x48cu
#define NV_PGRAPH_TPC_L1C_SM_ID     0x4e8u
#define NV_PGRAPH_TPC_INTR          0x508u
#define NV_PGRAPH_TPC_INTR_MP       (1u << 1)
#define NV_PGRAPH_TPC_INTR_EN       0x50cu
#define NV_PGRAPH_TPC_ATTRIB        0x520u
#define NV_PGRAPH_TPC_WARP_MASK     0x644u
#define NV_PGRAPH_TPC_WARP_ERROR    0x648u
#define NV_PGRAPH_TPC_GLOBAL_MASK   0x64cu
#define NV_PGRAPH_TPC_GLOBAL_ERROR  0x650u      /* W1C */
#define NV_PGRAPH_TPC_SM_ID         0x698u

/* WARP_ERROR codes (nouveau gf100_mp_warp_error) */
#define NV_MP_WARP_STACK_ERROR      0x01u
#define NV_MP_WARP_ILLEGAL_ENCODING 0x09u
#define NV_MP_WARP_OOR_ADDR         0x0eu
#define NV_MP_WARP_MISALIGNED_ADDR  0x0fu
#define NV_MP_WARP_DIVERGENT        0x14u
#define NV_MP_GLOBAL_TIMEOUT        (1u << 31)
/* DATA_ERROR codes (nouveau nv50_data_error_names) */
#define NV_PGRAPH_DATA_ERROR_INVALID_VALUE 0x04u

#endif
