/*
 * Methods of the copy engine classes 0x90b5 (PCOPY0) and 0x90b8 (PCOPY1) as
 * nouveau's own microcode implements them.  This is not NVIDIA's class of the
 * same number: the driver uploads the microcode, so its semantics count.
 *
 * Source: linux drivers/gpu/drm/nouveau/nvkm/engine/ce/fuc/com.fuc (dispatch
 * table, cmd_exec*); reference nvc0-nouveau.md 6.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_CE_METHODS_H
#define GPUVM_SPEC_CE_METHODS_H


/* The tables' rows: X(method, name, bits that may be set) */
#define CE_METHODS(X)                                                         \
    X(0x000, OBJECT,             0xffffffff)                                  \
    X(0x100, NOP,                0xffffffff)                                  \
    X(0x140, PM_TRIGGER,         0xffffffff)                                  \
    X(0x200, SRC_TILE_MODE,      0x00000fff)                                  \
    X(0x204, SRC_XSIZE,          0x0007ffff)                                  \
    X(0x208, SRC_YSIZE,          0x00001fff)                                  \
    X(0x20c, SRC_ZSIZE,          0x000007ff)                                  \
    X(0x210, SRC_ZOFF,           0x00000fff)                                  \
    X(0x214, SRC_XOFF,           0x0007ffff)                                  \
    X(0x218, SRC_YOFF,           0x00001fff)                                  \
    X(0x220, DST_TILE_MODE,      0x00000fff)                                  \
    X(0x224, DST_XSIZE,          0x0007ffff)                                  \
    X(0x228, DST_YSIZE,          0x00001fff)                                  \
    X(0x22c, DST_ZSIZE,          0x000007ff)                                  \
    X(0x230, DST_ZOFF,           0x00000fff)                                  \
    X(0x234, DST_XOFF,           0x0007ffff)                                  \
    X(0x238, DST_YOFF,           0x00001fff)                                  \
    X(0x300, EXEC,               0xffffffff)                                  \
    X(0x304, WRCACHE_FLUSH,      0xffffffff)                                  \
    X(0x30c, SRC_ADDRESS_HIGH,   0x000000ff)                                  \
    X(0x310, SRC_ADDRESS_LOW,    0xffffffff)                                  \
    X(0x314, DST_ADDRESS_HIGH,   0x000000ff)                                  \
    X(0x318, DST_ADDRESS_LOW,    0xffffffff)                                  \
    X(0x31c, SRC_PITCH,          0x0007ffff)                                  \
    X(0x320, DST_PITCH,          0x0007ffff)                                  \
    X(0x324, XCNT,               0x0000ffff)                                  \
    X(0x328, YCNT,               0x00001fff)                                  \
    X(0x32c, FORMAT,             0x0333ffff)                                  \
    X(0x330, SWZ_CONST0,         0xffffffff)                                  \
    X(0x334, SWZ_CONST1,         0xffffffff)                                  \
    X(0x338, QUERY_ADDRESS_HIGH, 0x000000ff)                                  \
    X(0x33c, QUERY_ADDRESS_LOW,  0xffffffff)                                  \
    X(0x340, QUERY_COUNTER,      0xffffffff)

enum {
#define X(mthd, name, bits) CE_##name = mthd,
    CE_METHODS(X)
#undef X
};
#define CE_STATE_END            0x344

/* From SRC_x to DST_x of the tile block */
#define CE_TILE_DST             (CE_DST_TILE_MODE - CE_SRC_TILE_MODE)

#define CE_EXEC_FORMAT          (1u << 0)
#define CE_EXEC_SRC_LINEAR      (1u << 4)
#define CE_EXEC_DST_LINEAR      (1u << 8)
#define CE_EXEC_QUERY           (1u << 12)
#define CE_EXEC_QUERY_SHORT     (1u << 13)

#define CE_FORMAT_SEL(f, i)     (((f) >> (4 * (i))) & 0xf)
#define CE_FORMAT_SEL_CONST0    4       /* below: component of the source */
#define CE_FORMAT_SEL_CONST1    5       /* above: zero */
#define CE_FORMAT_BPC(f)        ((((f) >> 16) & 3) + 1)
#define CE_FORMAT_SRC_COMPS(f)  ((((f) >> 20) & 3) + 1)
#define CE_FORMAT_DST_COMPS(f)  ((((f) >> 24) & 3) + 1)

/* What the microcode reports (SCRATCH0); GpuvmFault.reason */
#define CE_ERROR_ILLEGAL_MTHD     1
#define CE_ERROR_INVALID_ENUM     2
#define CE_ERROR_INVALID_BITFIELD 3

#endif
