/*
 * Methods that GF100's PBDMA (class 0x906f) executes itself: byte addresses
 * below 0x100, on any subchannel.
 *
 * Sources: envytools docs/hw/fifo/puller.rst and rnndb fifo/nv_object.xml
 * (subchannel methods, GF100 variants); nouveau nvc0_fence.c (release and
 * acquire as emitted); reference nvc0-nouveau.md 5.8, 5.9.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_HOST_METHODS_H
#define GPUVM_SPEC_HOST_METHODS_H

#define NV906F_SET_OBJECT               0x0000
#define   NV906F_SET_OBJECT_CLASS       0x0000ffffu
#define   NV906F_SET_OBJECT_ENGINE_SHIFT 16
#define   NV906F_SET_OBJECT_ENGINE_MASK 0x1fu
#define NV906F_NOP                      0x0008
#define NV906F_SEMAPHORE_ADDRESS_HIGH   0x0010  /* bits 0-7 */
#define NV906F_SEMAPHORE_ADDRESS_LOW    0x0014  /* bits 2-31 */
#define NV906F_SEMAPHORE_PAYLOAD        0x0018
#define NV906F_SEMAPHORE_TRIGGER        0x001c
#define   NV906F_SEMAPHORE_OP_MASK      0x0000000fu
#define   NV906F_SEMAPHORE_ACQUIRE_EQ   1u      /* mem == payload */
#define   NV906F_SEMAPHORE_RELEASE      2u
#define   NV906F_SEMAPHORE_ACQUIRE_GE   4u      /* (int32)(mem - payload) >= 0 */
#define   NV906F_SEMAPHORE_ACQUIRE_MASK 8u      /* (mem & payload) != 0 */
#define   NV906F_SEMAPHORE_SWITCH       (1u << 12)
#define   NV906F_SEMAPHORE_NO_WFI       (1u << 20)
#define   NV906F_SEMAPHORE_4BYTE        (1u << 24)  /* payload only */
#define NV906F_NON_STALL_INTERRUPT      0x0020
#define NV906F_WRITE_CACHE_FLUSH        0x0024
#define NV906F_MEM_OP_A                 0x0028
#define NV906F_MEM_OP_B                 0x002c
#define NV906F_SET_REFERENCE            0x0050
#define NV906F_YIELD                    0x0080

/* From here on methods belong to the engine bound to the subchannel. */
#define NV906F_ENGINE_METHODS           0x0100

/* What a 16-byte release writes: payload, 0, then PTIMER nanoseconds. */
#define NV906F_RELEASE_SIZE             16
#define NV906F_RELEASE_TIME             8

#endif
