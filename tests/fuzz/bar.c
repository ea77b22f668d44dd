/*
 * Fuzz target: everything a guest's processor can do to the device.
 *
 * The input is a series of accesses to BAR0, USERD, BAR1 and BAR3, changes of
 * VRAM and RAM where the device looks (page tables, instance blocks, rings,
 * pushbuffers, the playlist), and of the VM's state, on a whole device: board,
 * vgpu, scheduler and software GPU.  It starts either after power-on or with
 * channels that run.  At the end the board is reset, which must not take long;
 * no aperture may ever show, and no access change, what is not the VM's.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/board.h"
#include "sched/sched.h"

#define MIB         (1u << 20)
#define VRAM        (2u << 20)
#define BAR1_SIZE   (4u << 20)
#define BAR3_SIZE   (4u << 20)
#define PD          0x080000u
#define PT          0x0a0000u
#define PT_SMALL    0x0c0000u
#define PLAYLIST    0x130000u
#define FENCES      0x120000u
#define RING(c)     (0x100000u + (c) * 0x2000u)
#define PUSH(c)     (0x150000u + (c) * 0x10000u)
#define USERD(c)    (0x140000u + (c) * 0x1000u)
#define INST(c)     (0x1a0000u + (c) * 0x1000u)
#define CHANS       4u
#define MAX_OPS     400

static FuzzHost *h;
static GpuvmGpu *gpu;
static GpuvmSlice below, above;
static GpuvmSched *sched;
static GpuvmVm *vm;
static GpuvmBoard *b;
static uint8_t *vram;
static GArray *rows;                /* of Row */
static uint32_t put[CHANS];
static uint64_t inputs;
static bool stopped;

typedef struct Row {
    uint32_t addr, count, stride;
} Row;

/* Registers behind which much happens; nvc0-nouveau.md 2 to 7. */
static const uint32_t hot[] = {
    0x100, 0x140, 0x200, 0x204, 0x1700, 0x1704, 0x1714, 0x2100, 0x2140,
    0x2200, 0x2204, 0x2254, 0x2270, 0x2274, 0x227c, 0x252c, 0x256c, 0x259c,
    0x25a0, 0x25a8, 0x262c, 0x2630, 0x2634, 0x2640, 0x2a00, 0x2a04, 0x3000,
    0x3004, 0x3008, 0x300c, 0x33f8, 0x33fc, 0x40108, 0x4010c, 0x400c0,
    0x400c4, 0x400100, 0x40013c, 0x400108, 0x400500, 0x400700, 0x409500,
    0x409504, 0x409800, 0x409804, 0x409840, 0x409b00, 0x409c18, 0x409100,
    0x40910c, 0x104100, 0x105100, 0x10a100, 0x10a1c0, 0x10a1c4, 0x10a10c,
    0x100c80, 0x100cb8, 0x100cbc, 0x100cc0, 0x100cc4, 0x100c10, 0x9400,
    0x9410, 0x9420, 0x9100, 0x9140, 0x9200, 0x9210, 0x88000, 0x88004,
    0x88068, 0x88704, 0x122134, 0x12004c, 0x121c4c, 0x70000, 0x70004,
    0x70010, 0x17e8c8, 0x619f04, 0x1700,
};

static bool ap_map(void *opaque, GpuvmBar bar, uint64_t off, uint64_t size,
                   uint64_t at)
{
    uint64_t bar_size = bar == GPUVM_BAR1 ? BAR1_SIZE : BAR3_SIZE;

    fuzz_check(!((off | size | at) & 4095) && size);
    fuzz_check(size <= bar_size && off <= bar_size - size);
    fuzz_check(size <= VRAM && at <= VRAM - size);
    return true;
}

static bool ap_sink(void *opaque, GpuvmBar bar, uint64_t off, uint64_t size)
{
    uint64_t bar_size = bar == GPUVM_BAR1 ? BAR1_SIZE : BAR3_SIZE;

    fuzz_check(!((off | size) & 4095));
    fuzz_check(size <= bar_size && off <= bar_size - size);
    return true;
}

static void ap_trap(void *opaque, GpuvmBar bar, bool on)
{
}

static void on_userd(void *opaque, bool on, uint64_t off)
{
    fuzz_check(!on || !(off & 4095));
}

static uint32_t config_read(void *opaque, uint32_t off, unsigned size)
{
    fuzz_check(off + size <= 4096);
    return 0;
}

static void config_write(void *opaque, uint32_t off, uint32_t val,
                         unsigned size)
{
    fuzz_check(off + size <= 4096);
}

static void on_irq(void *opaque, bool level)
{
}

static const GpuvmApertureOps ap_ops = { ap_map, ap_sink, ap_trap };
static const GpuvmBoardOps board_ops = {
    .irq = on_irq, .config_read = config_read, .config_write = config_write,
    .userd_move = on_userd,
};

static void must(bool ok, const char *err)
{
    if (!ok) {
        fprintf(stderr, "set-up: %s\n", err ? err : "no reason");
        exit(2);
    }
}

/* Register rows, from the board's own description. */
static void load_rows(void)
{
    g_autofree char *text = gpuvm_board_describe(b);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    rows = g_array_new(FALSE, FALSE, sizeof(Row));
    for (char **l = lines; *l; l++) {
        Row r = { .count = 1, .stride = 4 };

        if (sscanf(*l, "  %x %ux0x%x ", &r.addr, &r.count, &r.stride) >= 1 &&
            **l == ' ') {
            g_array_append_val(rows, r);
        }
    }
    must(rows->len > 100, "too few rows");
}

static void init(void)
{
    GpuvmGpuConfig gcfg = { .vram_size = VRAM + 2 * MIB, .threads = 1,
                            .stepped = !fuzz_threads() };
    GpuvmVmConfig vcfg = { .name = "fuzz", .stepped = !fuzz_threads(),
                           .vram_size = VRAM,
                           .aperture = &ap_ops };
    GpuvmBoardConfig bcfg = { .bar1_size = BAR1_SIZE, .bar3_size = BAR3_SIZE,
                              .ops = &board_ops };
    char *err = NULL;

    h = fuzz_host_new();
    gpu = gpuvm_gpu_open("soft", &gcfg, &err);
    must(gpu, err);
    must(!gpu->ops->slice_alloc(gpu, MIB, &below, &err), err);
    sched = gpuvm_sched_new("fair", &err);
    must(sched, err);
    vcfg.gpu = gpu;
    vcfg.sched = sched;
    vcfg.host = &h->host;
    vcfg.bar_size[GPUVM_BAR1] = BAR1_SIZE;
    vcfg.bar_size[GPUVM_BAR3] = BAR3_SIZE;
    vm = gpuvm_vm_new(&vcfg, &err);
    must(vm, err);
    must(!gpu->ops->slice_alloc(gpu, MIB, &above, &err), err);
    fuzz_neighbour_fill(&below);
    fuzz_neighbour_fill(&above);
    bcfg.vm = vm;
    bcfg.host = &h->host;
    b = gpuvm_board_new(&bcfg, &err);
    must(b, err);
    vram = gpuvm_vm_slice(vm)->map;
    load_rows();
}

static void fini(void)
{
    fuzz_neighbour_check(&below, true);
    fuzz_neighbour_check(&above, true);
    gpuvm_board_free(b);
    gpuvm_vm_free(vm);
    gpuvm_sched_free(sched);
    gpu->ops->slice_free(gpu, &below);
    gpu->ops->slice_free(gpu, &above);
    gpu->ops->close(gpu);
    g_array_free(rows, TRUE);
    fuzz_host_free(h);
}

/* ---- a device that works, as tests/unit/test-stack.c makes it ------------------- */

static void wr(uint32_t addr, uint32_t val)
{
    gpuvm_board_bar0_write(b, addr, val, 4);
}

static void mem32(uint32_t off, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    memcpy(vram + off, &val, 4);
}

static void page_tables(void)
{
    mem32(PD, 1 | PT >> 8);
    mem32(PD + 12, 1 | PT_SMALL >> 8);
    for (uint32_t i = 0; i < VRAM >> 17; i++) {
        mem32(PT + 8 * i, 1 | (i << 17) >> 8);
    }
    for (uint32_t i = 0; i < 64; i++) {     /* RAM from 128 MiB on */
        mem32(PT_SMALL + 8 * i, 1 | (FUZZ_RAM_BASE + i * 4096) >> 8);
        mem32(PT_SMALL + 8 * i + 4, 2 << 1);
    }
}

static void fifo_start(void)
{
    wr(0x200, ~0u);
    wr(0x140, 1);
    wr(0x204, 7);
    wr(0x2204, 7);
    wr(0x2200, 1);
    wr(0x2254, 0x10000000);
    wr(0x2100, ~0u);
    wr(0x2140, ~0u);
    wr(0x2628, 1);
}

static void channel(unsigned c)
{
    static const uint32_t ramfc[][2] = {
        { 0x10, 0xface }, { 0x30, 0xfffff902 }, { 0x4c, 10 << 16 },
        { 0x54, 2 }, { 0x84, 0x20400000 }, { 0x94, 0x30000001 },
        { 0x9c, 0x100 }, { 0xa4, 0x1f1f1f1f }, { 0xa8, 0x1f1f1f1f },
        { 0xac, 0x1f }, { 0xb8, 0xf8000000 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ramfc); i++) {
        mem32(INST(c) + ramfc[i][0], ramfc[i][1]);
    }
    mem32(INST(c) + 0x08, USERD(c));
    mem32(INST(c) + 0x48, RING(c));
    mem32(INST(c) + 0x200, PD);
    mem32(INST(c) + 0x208, ~0u);
    mem32(INST(c) + 0x20c, 0xff);
    wr(0x3000 + 8 * c, 0xc0000000 | INST(c) >> 12);
    wr(0x3004 + 8 * c, 0x001f0001);
}

static void playlist(unsigned n)
{
    for (unsigned c = 0; c < n; c++) {
        mem32(PLAYLIST + 8 * c, c);
        mem32(PLAYLIST + 8 * c + 4, 4);
    }
    wr(0x2270, PLAYLIST >> 12);
    wr(0x2274, 0x01f00000 | n);
}

/* ---- operations -------------------------------------------------------------------- */

static uint32_t a_chan(FuzzIn *in)
{
    uint8_t c = fuzz_u8(in);

    return c & 0x80 ? c & 0x7f : c % CHANS;
}

static uint32_t a_val(FuzzIn *in)
{
    static const uint32_t some[] = {
        0xc0000000 | INST(0) >> 12, 0xc0000000 | INST(1) >> 12,
        PLAYLIST >> 12, 0x01f00001, 0x01f00080, 0x01f000ff, 0x10000000,
        0x80000000 | PD >> 12, PD >> 8, INST(0) >> 12, VRAM >> 12,
        (VRAM >> 12) - 1, VRAM >> 16, (VRAM >> 16) - 1, 0x80000000,
        0x80000001, 0x80000005, 0xfffff000, 0xc0000fff, 0x00010001,
    };
    uint8_t how = fuzz_u8(in);

    return how < 96 ? some[how % G_N_ELEMENTS(some)] : fuzz_value(in);
}

static uint32_t a_reg(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);
    Row *r;

    if (how < 128) {
        uint32_t reg = hot[fuzz_u8(in) % G_N_ELEMENTS(hot)];

        return reg >= 0x3000 && reg < 0x3400 ? reg + (how % 4) * 8 : reg;
    }
    if (how < 224) {
        r = &g_array_index(rows, Row, fuzz_u16(in) % rows->len);
        return r->addr + (r->count > 1 ? fuzz_u16(in) % r->count : 0) *
               r->stride;
    }
    return (how & 1 ? 0x700000 + fuzz_u32(in) % 0x100000 :
            fuzz_u32(in) % (GPUVM_BAR0_SIZE + 64)) & (how & 2 ? ~0u : ~3u);
}

static void op_write(FuzzIn *in)
{
    uint32_t reg = a_reg(in);

    gpuvm_board_bar0_write(b, reg, a_val(in), 4);
}

static void op_sized(FuzzIn *in)
{
    uint32_t reg = a_reg(in);
    uint8_t how = fuzz_u8(in);
    unsigned size = 1u << (how & 3);

    reg += how >> 2 & 3;
    if (how & 0x80) {
        gpuvm_board_bar0_read(b, reg, size);
    } else {
        gpuvm_board_bar0_write(b, reg, fuzz_value(in), size);
    }
}

static void op_userd(FuzzIn *in)
{
    static const uint16_t regs[] = { 0x40, 0x44, 0x48, 0x4c, 0x58, 0x5c, 0x60,
                                     0x88, 0x8c, 0x8c, 0x8c, 0x8c };
    uint8_t how = fuzz_u8(in);
    uint64_t off = a_chan(in) * 0x1000 +
                   (how & 0x40 ? fuzz_u16(in) & 0xfff :
                    regs[how % G_N_ELEMENTS(regs)]);
    unsigned size = how & 0x10 ? 1u << (how & 3) : 4;

    if (how & 0x80) {
        gpuvm_board_userd_read(b, off, size);
    } else {
        gpuvm_board_userd_write(b, off, fuzz_value(in), size);
    }
}

static void op_aperture(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);
    GpuvmBar bar = how & 1;
    uint64_t size = bar == GPUVM_BAR1 ? BAR1_SIZE : BAR3_SIZE;
    uint64_t off = how & 2 ? fuzz_u32(in) % size :
                   how & 4 ? size - 1 - fuzz_u8(in) :
                   (uint64_t)fuzz_u16(in) << 8;
    unsigned n = 1u << (how >> 3 & 3);

    off = MIN(off, size - n);
    if (how & 0x80) {
        gpuvm_aperture_read(vm, bar, off, n);
    } else {
        gpuvm_aperture_write(vm, bar, off, fuzz_u64(in), n);
    }
}

/* Memory, where the device looks. */
static void op_memory(FuzzIn *in)
{
    static const uint32_t place[] = {
        INST(0), INST(1), INST(0) + 0x200, PD, PT, PT_SMALL, PLAYLIST,
        RING(0), RING(1), PUSH(0), PUSH(1), USERD(0), USERD(1), FENCES,
    };
    uint8_t how = fuzz_u8(in);
    uint32_t off = place[how % G_N_ELEMENTS(place)] + (fuzz_u8(in) & ~3u);
    unsigned n = (fuzz_u8(in) & 7) + 1;

    while (n--) {
        mem32(off, a_val(in));
        off += 4;
    }
}

static void op_ram(FuzzIn *in)
{
    uint32_t off = fuzz_u16(in) * 8 % FUZZ_RAM_SIZE;
    uint64_t v = fuzz_u64(in);

    memcpy(h->ram + off, &v, 8);
}

/* A ring entry and the doorbell. */
static void op_submit(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);
    unsigned c = how % CHANS, n = fuzz_u8(in) & 15;
    uint32_t at = PUSH(c) + (put[c] & 0xff) * 64, e = RING(c) +
                  (put[c] & 0x3ff) * 8;

    for (unsigned i = 0; i < n; i++) {
        mem32(at + 4 * i, how & 0x80 ? fuzz_u32(in) :
              i == 0 ? 0x20000000 | (n - 1) << 16 | (how & 0x70) << 9 |
                       (fuzz_u16(in) & 0xfff) : fuzz_value(in));
    }
    mem32(e, how & 8 ? fuzz_value(in) : at);
    mem32(e + 4, how & 4 ? fuzz_value(in) : n * 4 << 8);
    put[c]++;
    gpuvm_board_userd_write(b, c * 0x1000 + 0x8c, put[c], 4);
}

static void op_channel(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);

    if (how & 1) {
        channel(how >> 4 & 3);
        put[how >> 4 & 3] = 0;
    }
    playlist(how >> 1 & 3);
}

static void op_state(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);

    switch (how & 15) {
    case 0:
        gpuvm_board_reset(b);
        break;
    case 1: case 2:
        stopped = !stopped;
        gpuvm_vm_set_running(vm, !stopped);
        break;
    case 3: case 4: case 5:
        fuzz_vm_work(vm, how);
        break;
    case 6:
        g_free(gpuvm_board_unknown_list(b));
        break;
    default:
        gpuvm_board_process_events(b);
    }
}

static void one(FuzzIn *in)
{
    static void (*const ops[])(FuzzIn *) = {
        op_write, op_write, op_write, op_write, op_write, op_sized, op_sized,
        op_userd, op_userd, op_aperture, op_memory, op_memory, op_ram,
        op_submit, op_submit, op_submit, op_channel, op_state,
    };
    uint8_t start = fuzz_u8(in);

    memset(put, 0, sizeof(put));
    page_tables();
    if (start & 3) {
        fifo_start();
        for (unsigned c = 0; c < CHANS; c++) {
            channel(c);
        }
        playlist(CHANS);
    }
    if (start & 4) {                /* BAR1 and BAR3 by instance block */
        wr(0x1704, 0x80000000 | INST(0) >> 12);
        wr(0x1714, 0x80000000 | INST(1) >> 12);
    }
    for (unsigned n = 0; in->n && n < MAX_OPS; n++) {
        uint8_t op = fuzz_u8(in);

        ops[op % G_N_ELEMENTS(ops)](in);
        fuzz_vm_work(vm, op / G_N_ELEMENTS(ops) & 3);
    }
    gpuvm_board_process_events(b);
    if (stopped) {
        stopped = false;
        gpuvm_vm_set_running(vm, true);
    }
    gpuvm_board_reset(b);
    inputs++;
    fuzz_neighbour_check(&below, inputs % 256 == 0);
    fuzz_neighbour_check(&above, inputs % 256 == 0);
    fuzz_zero(vram, VRAM);
    fuzz_zero(h->ram, FUZZ_RAM_SIZE);
}

const FuzzTarget fuzz_target = {
    .name = "bar", .max_len = 1024, .init = init, .one = one, .exit = fini,
};
