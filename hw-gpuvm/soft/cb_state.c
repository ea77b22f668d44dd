/*
 * Constant-buffer upload.
 *
 * The state is in the class's shadow registers: an address, a size and a
 * position of 16 bits.  Each data word goes to memory at once and the position
 * moves on by four, wrapping at 64 KiB.  The size only matters when the buffer
 * is bound to a bank (CB_BIND latches address and size).
 *
 * Source: reference nvc0-compute.md 3.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/cb_state.h"

#include "soft/rect.h"
#include "spec/compute_methods.h"

#define REG(regs, mthd) ((regs)[(mthd) / 4])

bool gpuvm_soft_cb_data(uint32_t mthd)
{
    return mthd >= GR_CB_DATA_FIRST && mthd < GR_CB_DATA_END;
}

SoftCb gpuvm_soft_cb_current(const uint32_t *regs)
{
    SoftCb cb = {
        .va = gpuvm_soft_va(REG(regs, GR_CB_ADDRESS_HIGH),
                            REG(regs, GR_CB_ADDRESS_LOW)),
        .size = REG(regs, GR_CB_SIZE),
    };

    return cb;
}

SoftStatus gpuvm_soft_cb_write(SoftChan *chan, uint32_t *regs,
                               const uint32_t *data, uint32_t n)
{
    uint64_t base = gpuvm_soft_cb_current(regs).va;
    SoftMemFault f;

    while (n > 0) {
        uint32_t pos = REG(regs, GR_CB_POS) & GR_CB_POS_MASK & ~3u;
        uint32_t room = (GR_CB_POS_MASK + 1 - pos) / 4;
        uint32_t now = n < room ? n : room;

        if (!gpuvm_soft_mem_write(gpuvm_soft_chan_tlb(chan),
                                  (base + pos) & SOFT_VA_MASK, data,
                                  (size_t)now * 4, &f)) {
            return gpuvm_soft_chan_fault_mem(chan, GPUVM_ENGINE_GR, &f);
        }
        REG(regs, GR_CB_POS) = (pos + now * 4) & GR_CB_POS_MASK;
        data += now;
        n -= now;
    }
    return SOFT_OK;
}
