/*
 * PTIMER: the GPU's nanosecond clock and its alarm.
 *
 * Sources: envytools rnndb/bus/ptimer.xml; nouveau
 * nvkm/subdev/timer/{nv04,nv40,nv41}.c; reference/nvc0-nouveau.md 9.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PTIMER_REGS_H
#define GPUVM_SPEC_PTIMER_REGS_H

#define NV_PTIMER_INTR              0x009100u   /* W1C */
#define NV_PTIMER_INTR_ALARM        (1u << 0)
#define NV_PTIMER_INTR_EN           0x009140u
#define NV_PTIMER_NUMERATOR         0x009200u
#define NV_PTIMER_DENOMINATOR       0x009210u
#define NV_PTIMER_MULTIPLIER        0x009220u
#define NV_PTIMER_TIME_0            0x009400u
#define NV_PTIMER_TIME_0_NSEC       0xffffffe0u /* steps of 32 ns */
#define NV_PTIMER_TIME_1            0x009410u
#define NV_PTIMER_TIME_1_NSEC       0x1fffffffu
#define NV_PTIMER_ALARM             0x009420u   /* low 32 bits of the time */

#endif
