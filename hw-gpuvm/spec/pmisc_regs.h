/*
 * Small units that a headless driver only touches in passing: GPIO and its
 * I2C/AUX interrupts, thermal sensor and fan, clocks, private ring, VGA ports,
 * the PCI configuration mirror and PROM.
 *
 * Sources: envytools rnndb/io/, rnndb/bus/; nouveau nvkm/subdev/{gpio/g94,
 * i2c/g94,therm/g84,therm/gt215,clk/gf100,privring/gf100,pci/g84,pci/gf100}.c,
 * nvkm/subdev/devinit/base.c; reference/nvc0-nouveau.md 1.1, 2.4, 3.1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_SPEC_PMISC_REGS_H
#define GPUVM_SPEC_PMISC_REGS_H

/* PNVIO: GPIO lines 0-15 and 16-31, AUX/I2C hot-plug interrupts */
#define NV_PNVIO_GPIO_INTR_EN_0     0x00e050u
#define NV_PNVIO_GPIO_INTR_0        0x00e054u   /* W1C */
#define NV_PNVIO_AUX_INTR_EN        0x00e068u
#define NV_PNVIO_AUX_INTR           0x00e06cu   /* W1C */
#define NV_PNVIO_GPIO_INTR_EN_1     0x00e070u
#define NV_PNVIO_GPIO_INTR_1        0x00e074u   /* W1C */
#define NV_PNVIO_GPIO_STATE_0       0x00e104u   /* a nibble a line */
#define NV_PNVIO_GPIO_STATE_1       0x00e108u
#define NV_PNVIO_GPIO_STATE_2       0x00e280u
#define NV_PNVIO_GPIO_STATE_3       0x00e284u

/* PNVIO: fan tachometer; PTHERM */
#define NV_PNVIO_TACH_CTRL          0x00e720u
#define NV_PNVIO_TACH_TIME          0x00e724u
#define NV_PNVIO_TACH_COUNT         0x00e728u
#define NV_PTHERM_INTR_EN           0x020000u
#define NV_PTHERM_SENSOR_CTRL_0     0x020008u
#define NV_PTHERM_SENSOR_CTRL_1     0x02000cu
#define NV_PTHERM_INTR              0x020100u   /* W1C */
#define NV_PTHERM_TEMP              0x020400u   /* degrees Celsius */
#define NV_PTHERM_THRS_4            0x020414u
#define NV_PTHERM_THRS_SHUTDOWN     0x020480u
#define NV_PTHERM_THRS_SHUTDOWN_HYST 0x020484u
#define NV_PTHERM_THRS_2            0x0204c0u
#define NV_PTHERM_THRS_1            0x0204c4u

/* PCLOCK: each PLL is {ctrl, coef} */
#define NV_PCLOCK_SPPLL0            0x00e800u
#define NV_PCLOCK_SPPLL1            0x00e820u
#define NV_PCLOCK_MPLL              0x132000u
#define NV_PCLOCK_MPLLSRC           0x132020u
#define NV_PCLOCK_MPLL_MODE         0x132100u
#define NV_PCLOCK_PLL               0x137000u   /* 8, 0x20 apart */
#define NV_PCLOCK_PLL_STRIDE        0x20u
#define NV_PCLOCK_PLL_COUNT         8u
#define NV_PCLOCK_SEL               0x137100u   /* bit n: PLL, else divider */
#define NV_PCLOCK_PLL_SRC           0x137120u   /* 8 */
#define NV_PCLOCK_PLL_DIV           0x137140u   /* 8 */
#define NV_PCLOCK_DIV_SRC           0x137160u   /* 16 */
#define NV_PCLOCK_DIV               0x1371d0u   /* 16 */
#define NV_PCLOCK_OUT_DIV           0x137250u   /* 16 */
#define NV_PCLOCK_MEM_SRC           0x137300u
#define NV_PCLOCK_MEM_DIV           0x137310u
#define NV_PCLOCK_MEM_REF_SRC       0x137320u
#define NV_PCLOCK_MEM_REF_DIV       0x137330u
#define NV_PCLOCK_MEM_STATUS        0x137390u
#define NV_PCLOCK_MEM_SEL           0x1373f0u   /* bit 1: MPLL */

/* PRIVRING (IBUS): the ring over which registers are reached */
#define NV_PRIVRING_MASTER_COMMAND  0x121c4cu
#define NV_PRIVRING_MASTER_COMMAND_MASK 0x3fu   /* 0 = done */
#define NV_PRIVRING_INTR_0          0x121c58u
#define NV_PRIVRING_INTR_1          0x121c5cu
#define NV_PRIVRING_HUB_COUNT       0x121c70u
#define NV_PRIVRING_ROP_COUNT       0x121c74u
#define NV_PRIVRING_GPC_COUNT       0x121c78u
#define NV_PRIVRING_HUB_ERROR       0x122120u   /* {addr, data, status} */
#define NV_PRIVRING_ROP_ERROR       0x124120u
#define NV_PRIVRING_GPC_ERROR       0x128120u
#define NV_PRIVRING_ERROR_STRIDE    0x400u
#define NV_PRIVRING_SYS_310         0x122310u
#define NV_PRIVRING_SYS_TIMEOUT     0x12232cu   /* 3 words */
#define NV_PRIVRING_SYS_348         0x122348u

/* legacy VGA ports, byte-wide: 0x601000 + I/O port */
#define NV_PRMCIO_CRTC              0x6013d4u   /* index; data is +1 */

/* PCI configuration mirror: 0x88000 + configuration offset */
#define NV_PPCI                     0x088000u
#define NV_PPCI_CONFIG_SIZE         0x100u      /* conventional space */
#define NV_PPCI_SIZE                0x1000u
#define NV_PPCI_MSI_REARM           0x088704u   /* byte write 0xff */

#define NV_PROM                     0x300000u
#define NV_PROM_SIZE                0x100000u

#endif
