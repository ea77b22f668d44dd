/*
 * Our own VBIOS: the smallest image from which nouveau and firmware learn that
 * this is a board that has been started, has GDDR5 memory and no outputs.
 *
 * The image is a list of fields {offset, size, value} put into zeros, and two
 * checksums: the BIT header's and the whole image's.  It holds no code but the
 * far return that firmware finds when it calls an option ROM, and no script:
 * the table of start-up scripts is empty.
 *
 * What is left out matters as much: a 'C' table would have to describe PLLs, a
 * 'P' table would bring reclocking and fans, a GPIO table power-detect lines
 * that fail the probe (reference/nvc0-nouveau.md 3.3, 12).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "spec/pci_id.h"
#include "spec/pfb_regs.h"
#include "spec/vbios.h"

/* where each structure lies */
#define IMAGE_SIZE  2048u
#define PCIR        0x040u
#define DCB         0x060u
#define BIT         0x080u
#define BIT_ENTRIES 3
#define BIT_ID(n)   (BIT + VBIOS_BIT_HEADER_SIZE + (n) * VBIOS_BIT_ENTRY_SIZE)
#define TABLE_i     0x0b0u
#define TABLE_I     0x0d0u
#define SCRIPTS     0x0e0u      /* its first pointer is 0: no script */
#define TABLE_M     0x0f0u
#define M0203       0x100u

#define VERSION_MAJOR 0x70u     /* GF100's family; shown as 70.00.00.01.00 */
#define VERSION_MICRO 0x01u

#define RAMCFG_STRAP \
    (NV_PEXTDEV_BOOT_0_RESET >> NV_PEXTDEV_BOOT_0_RAMCFG_SHIFT & \
     NV_PEXTDEV_BOOT_0_RAMCFG)

typedef struct Field {
    uint16_t off;
    uint8_t size;               /* bytes, 1 to 4, little-endian */
    uint32_t val;
} Field;

/* One BIT entry: id, version, length, pointer. */
#define BIT_TABLE(n, id, version, length, ptr) \
    { BIT_ID(n), 1, id }, { BIT_ID(n) + 1, 1, version }, \
    { BIT_ID(n) + 2, 2, length }, { BIT_ID(n) + 4, 2, ptr }

static const Field fields[] = {
    { VBIOS_ROM_SIGNATURE, 2, VBIOS_ROM_SIGNATURE_VALUE },
    { VBIOS_ROM_BLOCKS, 1, IMAGE_SIZE / VBIOS_BLOCK },
    { VBIOS_ROM_ENTRY, 1, VBIOS_X86_RETF },
    { VBIOS_ROM_PCIR_PTR, 2, PCIR },
    { VBIOS_ROM_DCB_PTR, 2, DCB },

    { PCIR + VBIOS_PCIR_SIGNATURE, 4, VBIOS_PCIR_SIGNATURE_VALUE },
    { PCIR + VBIOS_PCIR_VENDOR, 2, GPUVM_PCI_VENDOR_NVIDIA },
    { PCIR + VBIOS_PCIR_LENGTH, 2, VBIOS_PCIR_SIZE },
    { PCIR + VBIOS_PCIR_CLASS + 1, 2, GPUVM_PCI_CLASS_3D },
    { PCIR + VBIOS_PCIR_BLOCKS, 2, IMAGE_SIZE / VBIOS_BLOCK },
    { PCIR + VBIOS_PCIR_INDICATOR, 1, VBIOS_PCIR_LAST_IMAGE },

    { DCB + VBIOS_DCB_VERSION, 1, VBIOS_DCB_VERSION_VALUE },
    { DCB + VBIOS_DCB_HEADER, 1, VBIOS_DCB_HEADER_SIZE },
    { DCB + VBIOS_DCB_ENTRY, 1, VBIOS_DCB_ENTRY_SIZE },
    { DCB + VBIOS_DCB_SIGNATURE, 4, VBIOS_DCB_SIGNATURE_VALUE },

    { BIT + VBIOS_BIT_SIGNATURE, 2, 0xb8ff },
    { BIT + VBIOS_BIT_SIGNATURE + 2, 3, 'B' | 'I' << 8 | 'T' << 16 },
    { BIT + VBIOS_BIT_VERSION, 2, VBIOS_BIT_VERSION_VALUE },
    { BIT + VBIOS_BIT_HEADER, 1, VBIOS_BIT_HEADER_SIZE },
    { BIT + VBIOS_BIT_ENTRY, 1, VBIOS_BIT_ENTRY_SIZE },
    { BIT + VBIOS_BIT_COUNT, 1, BIT_ENTRIES },
    BIT_TABLE(0, 'i', 2, VBIOS_BIT_i_LENGTH, TABLE_i),
    BIT_TABLE(1, 'I', 1, VBIOS_BIT_I_LENGTH, TABLE_I),
    BIT_TABLE(2, 'M', 2, VBIOS_BIT_M_LENGTH, TABLE_M),

    { TABLE_i + VBIOS_BIT_i_MICRO, 1, VERSION_MICRO },
    { TABLE_i + VBIOS_BIT_i_MAJOR, 1, VERSION_MAJOR },
    { TABLE_I + VBIOS_BIT_I_SCRIPTS, 2, SCRIPTS },
    { TABLE_M + VBIOS_BIT_M_M0203, 2, M0203 },

    { M0203 + VBIOS_M0203_VERSION, 1, 0x10 },
    { M0203 + VBIOS_M0203_HEADER, 1, VBIOS_M0203_HEADER_SIZE },
    { M0203 + VBIOS_M0203_ENTRY, 1, VBIOS_M0203_ENTRY_SIZE },
    { M0203 + VBIOS_M0203_COUNT, 1, 1 },
    { M0203 + VBIOS_M0203_HEADER_SIZE, 1,
      VBIOS_M0203E_GDDR5 | RAMCFG_STRAP << 4 },
};

static void put(GpuvmVbios *v, const Field *f)
{
    for (unsigned i = 0; i < f->size; i++) {
        v->data[f->off + i] = f->val >> (8 * i);
    }
}

/* What makes the bytes of [off, off+len) sum to 0 modulo 256. */
static uint8_t checksum(const GpuvmVbios *v, size_t off, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum += v->data[off + i];
    }
    return -sum;
}

void gpuvm_vbios_build(GpuvmVbios *v, uint16_t device_id)
{
    Field device = { PCIR + VBIOS_PCIR_DEVICE, 2, device_id };

    v->size = IMAGE_SIZE;
    v->data = g_malloc0(v->size);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        put(v, &fields[i]);
    }
    put(v, &device);
    v->data[BIT + VBIOS_BIT_CHECKSUM] = checksum(v, BIT,
                                                 VBIOS_BIT_HEADER_SIZE);
    v->data[IMAGE_SIZE - 1] = checksum(v, 0, IMAGE_SIZE);
}
