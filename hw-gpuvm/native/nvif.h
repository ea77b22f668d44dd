/*
 * The NVIF ioctl's layouts and numbers that Mesa uses: object tree calls that
 * DRM_NOUVEAU_NVIF carries (Linux include/nvif/ioctl.h, cl0080.h; reference
 * nvc0-compute.md 1.1).  libdrm's header does not have them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_NATIVE_NVIF_H
#define GPUVM_NATIVE_NVIF_H

#include <stdint.h>

#define NVIF_TYPE_NOP    0x00
#define NVIF_TYPE_SCLASS 0x01
#define NVIF_TYPE_NEW    0x02
#define NVIF_TYPE_DEL    0x03
#define NVIF_TYPE_MTHD   0x04

#define NVIF_CLASS_DEVICE   0x0080
#define NVIF_CLASS_SW_GF100 (-7)
#define NV_DEVICE_INFO      0x00
#define NV_DEVICE_PLATFORM_PCIE 3
#define NV_DEVICE_FAMILY_FERMI  7

typedef struct NvifIoctl {
    uint8_t version, type, pad[4], owner, route;
    uint64_t token, object;
} NvifIoctl;

typedef struct NvifNew {
    uint8_t version, pad[6], route;
    uint64_t token, object;
    uint32_t handle;
    int32_t oclass;
} NvifNew;

typedef struct NvifClass {
    int32_t oclass;
    int16_t minver, maxver;
} NvifClass;

typedef struct NvifSclass {
    uint8_t version, count, pad[6];
    NvifClass oclass[];
} NvifSclass;

typedef struct NvifMthd {
    uint8_t version, method, pad[6];
} NvifMthd;

typedef struct NvDeviceInfo {
    uint8_t version, platform;
    uint16_t chipset;
    uint8_t revision, family, pad[2];
    uint64_t ram_size, ram_user;
    char chip[16], name[64];
} NvDeviceInfo;

_Static_assert(sizeof(NvifIoctl) == 24, "nvif_ioctl_v0");
_Static_assert(sizeof(NvifNew) == 32, "nvif_ioctl_new_v0");
_Static_assert(sizeof(NvDeviceInfo) == 104, "nv_device_info_v0");

#endif
