/*
 * Format of an NVIDIA VBIOS image, as far as a driver needs it for a board
 * without outputs: PCI expansion ROM header, PCIR, BIT, DCB 4.0, M0203.
 *
 * Sources: PCI Firmware Specification 3.0 (5.1); envytools docs/hw/bios;
 * nouveau nvkm/subdev/bios/{shadow,image,pcir,bit,dcb,M0203,init}.c,
 * nouveau_bios.c; reference/nvc0-nouveau.md 3.2-3.5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_VBIOS_H
#define GPUVM_SPEC_VBIOS_H

#define VBIOS_BLOCK                 512u    /* unit of image lengths */

/* expansion ROM header, at 0 */
#define VBIOS_ROM_SIGNATURE         0x00
#define VBIOS_ROM_SIGNATURE_VALUE   0xaa55u
#define VBIOS_ROM_BLOCKS            0x02
#define VBIOS_ROM_ENTRY             0x03    /* x86 code that firmware calls */
#define VBIOS_X86_RETF              0xcbu
#define VBIOS_ROM_PCIR_PTR          0x18
#define VBIOS_ROM_DCB_PTR           0x36

/* PCI data structure */
#define VBIOS_PCIR_SIGNATURE        0x00
#define VBIOS_PCIR_SIGNATURE_VALUE  0x52494350u /* "PCIR" */
#define VBIOS_PCIR_VENDOR           0x04
#define VBIOS_PCIR_DEVICE           0x06
#define VBIOS_PCIR_LENGTH           0x0a
#define VBIOS_PCIR_SIZE             0x18u
#define VBIOS_PCIR_REVISION         0x0c
#define VBIOS_PCIR_CLASS            0x0d    /* 3 bytes: interface, sub, base */
#define VBIOS_PCIR_BLOCKS           0x10
#define VBIOS_PCIR_CODE_TYPE        0x14
#define VBIOS_PCIR_INDICATOR        0x15
#define VBIOS_PCIR_LAST_IMAGE       0x80u

/* BIOS information table: header, then entries {id, version, length, offset} */
#define VBIOS_BIT_SIGNATURE         0x00    /* ff b8 'B' 'I' 'T' 00 */
#define VBIOS_BIT_VERSION           0x06
#define VBIOS_BIT_VERSION_VALUE     0x0100u
#define VBIOS_BIT_HEADER            0x08
#define VBIOS_BIT_HEADER_SIZE       12u
#define VBIOS_BIT_ENTRY             0x09
#define VBIOS_BIT_ENTRY_SIZE        6u
#define VBIOS_BIT_COUNT             0x0a
#define VBIOS_BIT_CHECKSUM          0x0b    /* the header's bytes sum to 0 */
/* 'i': version bytes micro, minor, chip, major, patch; then features */
#define VBIOS_BIT_i_LENGTH          16u     /* the driver wants 15 */
#define VBIOS_BIT_i_MICRO           0
#define VBIOS_BIT_i_MAJOR           3
/* 'I': pointers to the start-up scripts' tables */
#define VBIOS_BIT_I_LENGTH          14u     /* 16 would name one more script */
#define VBIOS_BIT_I_SCRIPTS         0
/* 'M' version 2: memory */
#define VBIOS_BIT_M_LENGTH          5u
#define VBIOS_BIT_M_M0203           3

/* M0203: which memory type belongs to which strap */
#define VBIOS_M0203_VERSION         0
#define VBIOS_M0203_HEADER          1
#define VBIOS_M0203_ENTRY           2
#define VBIOS_M0203_COUNT           3
#define VBIOS_M0203_TYPE            4       /* 0: entries name RAMCFG straps */
#define VBIOS_M0203_HEADER_SIZE     7u
#define VBIOS_M0203_ENTRY_SIZE      2u
#define VBIOS_M0203E_GDDR5          0x3u    /* | strap << 4 */

/* device control block 4.0 */
#define VBIOS_DCB_VERSION           0x00
#define VBIOS_DCB_VERSION_VALUE     0x40u
#define VBIOS_DCB_HEADER            0x01
#define VBIOS_DCB_HEADER_SIZE       0x1bu
#define VBIOS_DCB_COUNT             0x02
#define VBIOS_DCB_ENTRY             0x03
#define VBIOS_DCB_ENTRY_SIZE        8u
#define VBIOS_DCB_SIGNATURE         0x06
#define VBIOS_DCB_SIGNATURE_VALUE   0x4edcbdcbu

#endif
