/*
 * The generic falcon: memories behind auto-incrementing ports, and the
 * interrupt latch.
 *
 * IMEM and DMEM are word arrays of the size that CAPS names.  A port is an
 * address word (bits 2-15 the byte address, bit 24 increment after a write,
 * bit 25 increment after a read) and a data word; an access beyond the memory
 * reads zero and is dropped, and the address wraps inside its 16 bits.  Both
 * modes are real: nouveau uploads with the first and reads the list pointers
 * back with the second (reference/nvc0-nouveau.md 7.3).
 *
 * Interrupts: TRIGGER and the model latch bits in INTR, ACK clears them.  The
 * host's line is INTR & INTR_EN & routed to the host & not to the alternate
 * line (nouveau nvkm/engine/falcon.c tests the same).  The latch, the enables
 * and the port addresses are the rows' storage, so a reset of the rows resets
 * them too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "board/board_priv.h"
#include "board/falcon.h"

#include <string.h>

#define CAPS_UNIT_WORDS (256 / 4)

static uint32_t reg(GpuvmBoard *b, const GpuvmFalcon *f, uint32_t off)
{
    return gpuvm_regs_get(b, f->base + off);
}

static GpuvmFalcon *falcon_of(GpuvmBoard *b, const GpuvmRegRow *row)
{
    GpuvmFalcon *f = b->falcons;

    while (f && f->base != (row->addr & ~(NV_FALCON_SIZE - 1))) {
        f = f->next;
    }
    return f;
}

void gpuvm_falcon_init(GpuvmBoard *b, GpuvmFalcon *f, uint32_t base,
                       uint32_t caps)
{
    uint32_t data = caps >> NV_FALCON_CAPS_DATA_SHIFT;

    f->base = base;
    f->imem_words = (caps & NV_FALCON_CAPS_CODE) * CAPS_UNIT_WORDS;
    f->dmem_words = (data & NV_FALCON_CAPS_CODE) * CAPS_UNIT_WORDS;
    f->imem = g_new0(uint32_t, f->imem_words);
    f->dmem = g_new0(uint32_t, f->dmem_words);
    f->next = b->falcons;
    b->falcons = f;
}

void gpuvm_falcon_exit(GpuvmBoard *b, GpuvmFalcon *f)
{
    GpuvmFalcon **p = &b->falcons;

    while (*p && *p != f) {
        p = &(*p)->next;
    }
    if (*p) {
        *p = f->next;
    }
    g_free(f->imem);
    g_free(f->dmem);
}

void gpuvm_falcon_reset(GpuvmFalcon *f)
{
    memset(f->imem, 0, f->imem_words * sizeof(*f->imem));
    memset(f->dmem, 0, f->dmem_words * sizeof(*f->dmem));
}

bool gpuvm_falcon_host_level(GpuvmBoard *b, const GpuvmFalcon *f)
{
    uint32_t route = reg(b, f, NV_FALCON_INTR_ROUTING);

    return reg(b, f, NV_FALCON_INTR) & reg(b, f, NV_FALCON_INTR_EN) &
           route & ~(route >> NV_FALCON_INTR_ROUTING_ALT_SHIFT) &
           NV_FALCON_INTR_MASK;
}

static void update(GpuvmBoard *b, GpuvmFalcon *f)
{
    if (f->irq) {
        f->irq(b, f, gpuvm_falcon_host_level(b, f));
    }
}

void gpuvm_falcon_raise(GpuvmBoard *b, GpuvmFalcon *f, uint32_t bits)
{
    gpuvm_regs_set(b, f->base + NV_FALCON_INTR,
                   reg(b, f, NV_FALCON_INTR) | (bits & NV_FALCON_INTR_MASK));
    update(b, f);
}

uint32_t gpuvm_falcon_intr_trigger(GpuvmBoard *b, const GpuvmRegRow *row,
                                   uint32_t index, uint32_t stored,
                                   uint32_t val)
{
    GpuvmFalcon *f = falcon_of(b, row);

    if (f) {
        gpuvm_falcon_raise(b, f, val);
        if (f->trigger) {
            f->trigger(b, f, val & NV_FALCON_INTR_MASK);
        }
    }
    return 0;
}

uint32_t gpuvm_falcon_intr_ack(GpuvmBoard *b, const GpuvmRegRow *row,
                               uint32_t index, uint32_t stored, uint32_t val)
{
    GpuvmFalcon *f = falcon_of(b, row);
    uint32_t was;

    if (f) {
        was = reg(b, f, NV_FALCON_INTR);
        gpuvm_regs_set(b, f->base + NV_FALCON_INTR, was & ~val);
        if (f->acked && (was & val)) {
            f->acked(b, f, was & val);
        }
        update(b, f);
    }
    return 0;
}

uint32_t gpuvm_falcon_intr_en_set(GpuvmBoard *b, const GpuvmRegRow *row,
                                  uint32_t index, uint32_t stored,
                                  uint32_t val)
{
    GpuvmFalcon *f = falcon_of(b, row);

    if (f) {
        gpuvm_regs_set(b, f->base + NV_FALCON_INTR_EN,
                       reg(b, f, NV_FALCON_INTR_EN) |
                       (val & NV_FALCON_INTR_MASK));
        update(b, f);
    }
    return 0;
}

uint32_t gpuvm_falcon_intr_en_clr(GpuvmBoard *b, const GpuvmRegRow *row,
                                  uint32_t index, uint32_t stored,
                                  uint32_t val)
{
    GpuvmFalcon *f = falcon_of(b, row);

    if (f) {
        gpuvm_regs_set(b, f->base + NV_FALCON_INTR_EN,
                       reg(b, f, NV_FALCON_INTR_EN) & ~val);
        update(b, f);
    }
    return 0;
}

uint32_t gpuvm_falcon_intr_routing(GpuvmBoard *b, const GpuvmRegRow *row,
                                   uint32_t index, uint32_t stored,
                                   uint32_t val)
{
    GpuvmFalcon *f = falcon_of(b, row);

    gpuvm_regs_set(b, row->addr, val);
    if (f) {
        update(b, f);
    }
    return val;
}

uint32_t gpuvm_falcon_uc_ctrl(GpuvmBoard *b, const GpuvmRegRow *row,
                              uint32_t index, uint32_t stored, uint32_t val)
{
    GpuvmFalcon *f = falcon_of(b, row);

    if (!(val & NV_FALCON_UC_CTRL_START)) {
        return stored;
    }
    if (f && f->start) {
        f->start(b, f);
    }
    return stored & ~(NV_FALCON_UC_CTRL_STOPPED | NV_FALCON_UC_CTRL_SLEEPING);
}

/* The word a data port points at, or NULL beyond the memory's end. */
static uint32_t *port_word(GpuvmBoard *b, const GpuvmRegRow *row,
                           uint32_t *addr_reg)
{
    GpuvmFalcon *f = falcon_of(b, row);
    uint32_t word;
    bool code;

    if (!f) {
        return NULL;
    }
    code = row->addr == f->base + NV_FALCON_IMEM_DATA;
    *addr_reg = f->base + (code ? NV_FALCON_IMEM_ADDR : NV_FALCON_DMEM_ADDR);
    word = (gpuvm_regs_get(b, *addr_reg) & NV_FALCON_PORT_ADDR) / 4;
    if (word >= (code ? f->imem_words : f->dmem_words)) {
        return NULL;
    }
    return (code ? f->imem : f->dmem) + word;
}

static void port_advance(GpuvmBoard *b, uint32_t addr_reg, uint32_t mode)
{
    uint32_t a = addr_reg ? gpuvm_regs_get(b, addr_reg) : 0;

    if (a & mode) {
        a = (a & ~NV_FALCON_PORT_ADDR) | ((a + 4) & NV_FALCON_PORT_ADDR);
        gpuvm_regs_set(b, addr_reg, a);
    }
}

uint32_t gpuvm_falcon_mem_read(GpuvmBoard *b, const GpuvmRegRow *row,
                               uint32_t index, uint32_t stored)
{
    uint32_t addr_reg = 0;
    const uint32_t *w = port_word(b, row, &addr_reg);
    uint32_t val = w ? *w : 0;

    port_advance(b, addr_reg, NV_FALCON_PORT_AINCR);
    return val;
}

uint32_t gpuvm_falcon_mem_write(GpuvmBoard *b, const GpuvmRegRow *row,
                                uint32_t index, uint32_t stored, uint32_t val)
{
    uint32_t addr_reg = 0;
    uint32_t *w = port_word(b, row, &addr_reg);

    if (w) {
        *w = val;
    }
    port_advance(b, addr_reg, NV_FALCON_PORT_AINCW);
    return 0;
}
