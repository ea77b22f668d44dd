/*
 * The board a guest sees in full and pv mode: an NVC0 (GF100).
 *
 * device/ hands it BAR accesses and lets it collect events; everything the
 * board does goes down through vgpu/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BOARD_BOARD_H
#define GPUVM_BOARD_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/host.h"
#include "vgpu/vm.h"

typedef struct GpuvmBoard GpuvmBoard;

/** What the board asks of its PCI device; under the device lock. */
typedef struct GpuvmBoardOps {
    /** irq - the interrupt line's level changed. MSI fires on each rise. */
    void (*irq)(void *opaque, bool level);
    /** config_read/_write - PCI config space through the mirror at 0x88000. */
    uint32_t (*config_read)(void *opaque, uint32_t off, unsigned size);
    void (*config_write)(void *opaque, uint32_t off, uint32_t val,
                         unsigned size);
    /**
     * userd_move - the USERD doorbell pages now lie at BAR1 offset @off
     * (4 KiB-aligned), or nowhere (@on false).
     */
    void (*userd_move)(void *opaque, bool on, uint64_t off);
} GpuvmBoardOps;

typedef struct GpuvmBoardConfig {
    GpuvmVm *vm;
    GpuvmHost *host;
    const GpuvmBoardOps *ops;
    void *opaque;
    uint16_t device_id;     /* for the VBIOS' PCIR */
    uint64_t bar1_size;
    uint64_t bar3_size;
    /*
     * multiprocessors that PGRAPH shows: 1, 2, 4, 7, 8, 11, 14, 15 or 16
     * (others are rounded down); 0 = 4.  Mesa takes 3 MiB of VRAM for each.
     */
    unsigned mps;
} GpuvmBoardConfig;

#define GPUVM_BAR0_SIZE   (32u << 20)
#define GPUVM_CHANNELS    128
#define GPUVM_USERD_SIZE  (GPUVM_CHANNELS * 0x1000u)

/** gpuvm_board_new - powered on; NULL with a sentence in @err. */
GpuvmBoard *gpuvm_board_new(const GpuvmBoardConfig *cfg, char **err);
void gpuvm_board_free(GpuvmBoard *b);
/** gpuvm_board_reset - as power-on; VRAM keeps its content. */
void gpuvm_board_reset(GpuvmBoard *b);

/**
 * gpuvm_board_xfer - saves the board's state, or loads it into a board that was
 * just reset; after gpuvm_vm_xfer().  An interrupt is not raised by it.
 */
void gpuvm_board_xfer(GpuvmBoard *b, GpuvmXfer *x);

/** BAR0: @addr below GPUVM_BAR0_SIZE, @size 1, 2 or 4. */
uint64_t gpuvm_board_bar0_read(GpuvmBoard *b, uint64_t addr, unsigned size);
void gpuvm_board_bar0_write(GpuvmBoard *b, uint64_t addr, uint64_t val,
                            unsigned size);
/** USERD doorbell pages: @off from the first channel's page, size 1..8. */
uint64_t gpuvm_board_userd_read(GpuvmBoard *b, uint64_t off, unsigned size);
void gpuvm_board_userd_write(GpuvmBoard *b, uint64_t off, uint64_t val,
                             unsigned size);

/**
 * gpuvm_board_process_events - collects what the GPU reported since the last
 * call (non-stall interrupts, faults, software methods, finished kicks and
 * flushes), updates registers and the interrupt line.  From the host's bottom
 * half; the board also calls it before it answers a status register.
 */
void gpuvm_board_process_events(GpuvmBoard *b);

/** gpuvm_board_rom - the VBIOS image; for the expansion ROM and tests. */
const uint8_t *gpuvm_board_rom(GpuvmBoard *b, size_t *size);
/** gpuvm_board_unknown_list - "RW addr count" lines of unknown registers. */
char *gpuvm_board_unknown_list(GpuvmBoard *b);
/** gpuvm_board_describe - every register row as a line; g_free it. */
char *gpuvm_board_describe(GpuvmBoard *b);

#endif
