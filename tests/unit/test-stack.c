/*
 * The whole device below QEMU, driven as nouveau drives it: BAR0 registers and
 * USERD on one side, the software GPU on the other, board/, vgpu/ and sched/
 * between.  A channel is bound, put on the playlist, fed through its ring;
 * fences, interrupts, faults and endless kernels with recovery, software
 * methods, kick.
 *
 * Register addresses and formats are literals from
 * reference/nvc0-nouveau.md 4.3, 4.4 and 5, not from spec/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "board/board.h"
#include "harness.h"
#include "sched/sched.h"

#define VRAM        (16u << 20)
#define MAPPED      (4u << 20)      /* VA = VRAM offset below this */
#define PD          0x200000u
#define PT          0x220000u
#define PLAYLIST    0x130000u
#define FENCES      0x120000u
#define CODE        0x138000u
#define RING(c)     (0x100000u + (c) * 0x2000u)
#define PUSH(c)     (0x150000u + (c) * 0x10000u)
#define USERD(c)    (0x140000u + (c) * 0x1000u)
#define INST(c)     (0x300000u + (c) * 0x1000u)
#define UNMAPPED    0x40000000u     /* no page directory entry */
#define BITS(n)     (1u << (n))
#define MS          20000

static TestHost *th;
static GpuvmGpu *gpu;
static GpuvmSched *sched;
static GpuvmVm *vm;
static GpuvmBoard *b;
static uint8_t *vram;
static uint32_t push_at[8], put[8];

static uint32_t rd(uint32_t addr)
{
    return gpuvm_board_bar0_read(b, addr, 4);
}

static void wr(uint32_t addr, uint32_t val)
{
    gpuvm_board_bar0_write(b, addr, val, 4);
}

static void mask(uint32_t addr, uint32_t m, uint32_t v)
{
    wr(addr, (rd(addr) & ~m) | v);
}

static void mem32(uint32_t off, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    memcpy(vram + off, &val, 4);
}

static uint32_t get32(uint32_t off)
{
    uint32_t v;

    memcpy(&v, vram + off, 4);
    return GUINT32_FROM_LE(v);
}

static void page_tables(void)
{
    mem32(PD, 1 | PT >> 8);         /* large page table, in VRAM */
    for (uint32_t i = 0; i < MAPPED >> 17; i++) {
        mem32(PT + 8 * i, 1 | (i << 17) >> 8);
    }
}

static void fifo_start(void)
{
    wr(0x200, ~0u);
    wr(0x140, 1);
    wr(0x204, 7);
    wr(0x2204, 7);
    for (unsigned n = 0; n < 3; n++) {
        wr(0x40108 + n * 0x2000, ~0u);
        wr(0x4010c + n * 0x2000, 0xfffffeff);
    }
    wr(0x2200, 1);
    wr(0x2254, 0x10000000);
    wr(0x2100, ~0u);
    wr(0x2140, ~0u);
    wr(0x2628, 1);
}

static void setup(void)
{
    GpuvmGpuConfig gcfg = { .vram_size = VRAM, .threads = 1 };
    GpuvmVmConfig vcfg = { .name = "stack", .vram_size = VRAM,
                           .timeout_ns = 300000000 };
    GpuvmBoardConfig bcfg = { .bar1_size = 128 << 20, .bar3_size = 64 << 20 };
    char *err = NULL;

    th = test_host_new(0, 1 << 20);
    gpu = gpuvm_gpu_open("soft", &gcfg, &err);
    sched = gpu ? gpuvm_sched_new("fair", &err) : NULL;
    vcfg.gpu = gpu;
    vcfg.sched = sched;
    vcfg.host = &th->host;
    vcfg.bar_size[GPUVM_BAR1] = bcfg.bar1_size;
    vcfg.bar_size[GPUVM_BAR3] = bcfg.bar3_size;
    vm = sched ? gpuvm_vm_new(&vcfg, &err) : NULL;
    bcfg.vm = vm;
    bcfg.host = &th->host;
    b = vm ? gpuvm_board_new(&bcfg, &err) : NULL;
    if (!b) {
        fprintf(stderr, "%s\n", err ? err : "no reason");
        CU_FAIL_FATAL("no device");
    }
    vram = gpuvm_vm_slice(vm)->map;
    memset(push_at, 0, sizeof(push_at));
    memset(put, 0, sizeof(put));
    page_tables();
    fifo_start();
}

static void teardown(void)
{
    gpuvm_board_free(b);
    gpuvm_vm_free(vm);
    gpuvm_sched_free(sched);
    gpu->ops->close(gpu);
    test_host_free(th);
}

static void playlist(uint32_t chans)
{
    uint32_t n = 0;

    for (unsigned c = 0; c < 8; c++) {
        if (chans & BITS(c)) {
            mem32(PLAYLIST + 8 * n, c);
            mem32(PLAYLIST + 8 * n++ + 4, 4);
        }
    }
    wr(0x2270, PLAYLIST >> 12);
    wr(0x2274, 0x01f00000 | n);
    CU_ASSERT_EQUAL(rd(0x227c) & 0x00100000, 0);
    wr(0x2a00, 0x10000000);
}

/* gf100_fifo_gpfifo_new and _init */
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

/* The entry and the doorbell. */
static void submit(unsigned c, uint64_t va, uint32_t words)
{
    uint32_t e = RING(c) + 8 * put[c];

    mem32(e, (uint32_t)va);
    mem32(e + 4, (uint32_t)(va >> 32) | words * 4 << 8);
    put[c]++;
    gpuvm_board_userd_write(b, c * 0x1000 + 0x8c, put[c], 4);
}

static void push(unsigned c, uint32_t word)
{
    mem32(PUSH(c) + push_at[c], word);
    push_at[c] += 4;
}

static void push_fence(unsigned c, uint32_t seq)
{
    push(c, 0x20050004);
    push(c, 0);
    push(c, FENCES + c * 16);
    push(c, seq);
    push(c, 2);
    push(c, 0);                     /* non-stall interrupt */
}

static void kick_off(unsigned c, uint32_t from)
{
    submit(c, PUSH(c) + from, (push_at[c] - from) / 4);
}

static uint32_t want_fence, want_chan, want_pmc, want_reg, want_bits;

static bool fence_there(void *arg)
{
    rd(0x100);
    return get32(FENCES + want_chan * 16) == want_fence;
}

static bool fence_wait(unsigned c, uint32_t seq)
{
    want_chan = c;
    want_fence = seq;
    return test_wait(fence_there, NULL, MS);
}

static bool bits_there(void *arg)
{
    return (rd(0x100) & want_pmc) == want_pmc &&
           (rd(want_reg) & want_bits) == want_bits;
}

static bool bits_wait(uint32_t pmc, uint32_t reg, uint32_t bits)
{
    want_pmc = pmc;
    want_reg = reg;
    want_bits = bits;
    return test_wait(bits_there, NULL, MS);
}

static bool fence(unsigned c, uint32_t seq)
{
    uint32_t from = push_at[c];

    push_fence(c, seq);
    kick_off(c, from);
    return fence_wait(c, seq);
}

/* Start of a channel as the kernel makes it: 32 NOP words, then a fence. */
static void test_fence(void)
{
    channel(0);
    playlist(BITS(0));
    for (unsigned i = 0; i < 32; i++) {
        push(0, 0);
    }
    push_fence(0, 0x1001);
    kick_off(0, 0);
    CU_ASSERT_TRUE_FATAL(fence_wait(0, 0x1001));
    CU_ASSERT_EQUAL(get32(FENCES + 4), 0);      /* 16-byte release */
    CU_ASSERT_NOT_EQUAL(get32(FENCES + 8), 0);
    CU_ASSERT_TRUE(bits_wait(BITS(8), 0x2100, BITS(31)));
    CU_ASSERT_NOT_EQUAL(rd(0x25a4), 0);
    for (unsigned e = 0; e < 6; e++) {
        wr(0x25a8 + 4 * e, rd(0x25a8 + 4 * e));
    }
    CU_ASSERT_EQUAL(rd(0x100), 0);
    CU_ASSERT_EQUAL(gpuvm_board_userd_read(b, 0x88, 4), 1);
    CU_ASSERT_EQUAL(gpuvm_board_userd_read(b, 0x44, 4), PUSH(0) + push_at[0]);
    CU_ASSERT_EQUAL(gpuvm_board_userd_read(b, 0x60, 4), 0);
    for (uint32_t i = 0; i < 50; i++) {
        CU_ASSERT_TRUE_FATAL(fence(0, 0x2000 + i));
    }
    CU_ASSERT_EQUAL(gpuvm_counter(&th->host.counters, GPUVM_CNT_UNKNOWN), 0);
    CU_ASSERT_EQUAL(gpuvm_counter(&th->host.counters,
                                  GPUVM_CNT_GUEST_ERRORS), 0);
}

/* Neither runnable nor on the list: waits; then runs by itself. */
static void test_runnable(void)
{
    channel(1);
    push_fence(1, 7);
    kick_off(1, 0);
    g_usleep(50000);
    CU_ASSERT_EQUAL(get32(FENCES + 16), 0);
    mask(0x3004 + 8, 1, 0);
    playlist(BITS(1));
    g_usleep(50000);
    CU_ASSERT_EQUAL(get32(FENCES + 16), 0);
    mask(0x3004 + 8, 1, 1);
    CU_ASSERT_TRUE(fence_wait(1, 7));
}

static bool kick_done(void *arg)
{
    uint32_t v = rd(0x2634);

    CU_ASSERT_EQUAL(v & 0x7f, 2);
    return v == 2 && !(v & 0x00100000);
}

/* Kicked with nothing to do, and re-run: the ring goes on where it was. */
static void test_kick(void)
{
    wr(0x2634, 2);                  /* no such channel: nothing to wait for */
    CU_ASSERT_EQUAL(rd(0x2634), 2);
    channel(2);
    playlist(BITS(2));
    CU_ASSERT_TRUE_FATAL(fence(2, 1));
    wr(0x2634, 2);
    CU_ASSERT_TRUE(test_wait(kick_done, NULL, 2000));
    CU_ASSERT_TRUE(fence(2, 2));
    /* destroyed and made anew with the same number: from entry 0 */
    mask(0x3004 + 16, 1, 0);
    playlist(0);
    wr(0x3000 + 16, 0);
    memset(vram + USERD(2), 0, 0x1000);
    put[2] = 0;
    channel(2);
    playlist(BITS(2));
    CU_ASSERT_TRUE(fence(2, 3));
}

/*
 * A copy from an address with no mapping: fault of unit 0x16 (PCE1), 6.1's
 * recovery; another channel goes on all the while, and after it.
 */
static void test_fault_recovery(void)
{
    static const uint32_t copy[] = { 0, UNMAPPED, 0, FENCES + 0x1000, 4096,
                                     4096, 4096, 1 };
    uint32_t info = 0x2800 + 0x16 * 0x10;

    channel(3);
    channel(4);
    playlist(BITS(3) | BITS(4));
    push(3, 0x20018000);
    push(3, 0x000590b8);
    push(3, 0x20088000 | 0x30c >> 2);
    for (unsigned i = 0; i < G_N_ELEMENTS(copy); i++) {
        push(3, copy[i]);
    }
    push(3, 0x80008000 | 0x110 << 16 | 0x300 >> 2);
    kick_off(3, 0);
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(8), 0x2100, BITS(28)));
    CU_ASSERT_EQUAL(rd(0x259c), BITS(0x16));
    CU_ASSERT_EQUAL(rd(info), INST(3) >> 12);
    CU_ASSERT_EQUAL(rd(info + 4) & ~0xfffu, UNMAPPED);
    CU_ASSERT_EQUAL(rd(info + 8), 0);
    CU_ASSERT_EQUAL(rd(info + 12) & 0x1fff, 0 | BITS(6) | 2 << 8);
    wr(0x259c, BITS(0x16));
    CU_ASSERT_EQUAL(rd(0x2100) & BITS(28), 0);
    CU_ASSERT_TRUE(fence(4, 1));

    mask(0x3004 + 24, 1, 0);
    mask(0x2630, BITS(5), BITS(5));
    mask(0x200, BITS(7), 0);
    mask(0x200, BITS(7), BITS(7));
    playlist(BITS(4));
    wr(0x262c, BITS(5));
    mask(0x2630, BITS(5), 0);
    wr(0x2634, 3);
    CU_ASSERT_EQUAL(rd(0x2634) & 0x7f, 3);
    wr(0x3000 + 24, 0);
    CU_ASSERT_TRUE(fence(4, 2));
    CU_ASSERT_EQUAL(rd(0x262c), 0);
    CU_ASSERT_EQUAL(get32(FENCES + 0x1000), 0);
}

/* An object of engine 0x1f: bound silently; a method waits for its ack. */
static void test_software_method(void)
{
    channel(5);
    playlist(BITS(5));
    push(5, 0x20010000 | 7 << 13);
    push(5, 0x001f906e);
    push(5, 0x20010000 | 7 << 13 | 0x500 >> 2);
    push(5, 0xabcd);
    push_fence(5, 9);
    kick_off(5, 0);
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(8), 0x40108, 0x00800000));
    CU_ASSERT_EQUAL(rd(0x40120) & 0x7f, 5);
    CU_ASSERT_EQUAL((rd(0x400c0) & 0x00070000) >> 16, 7);
    CU_ASSERT_EQUAL(rd(0x400c0) & 0x3ffc, 0x500);
    CU_ASSERT_EQUAL(rd(0x400c4), 0xabcd);
    CU_ASSERT_EQUAL(get32(FENCES + 80), 0);
    wr(0x400c0, 0x80600008);
    wr(0x40108, 0x00800000);
    wr(0x25a0, 1);
    CU_ASSERT_TRUE(fence_wait(5, 9));
}

/* A class that is none: PGRAPH's interrupt names the channel.  GR goes on for
 * another one: a copy by M2MF, as 6.12 moves buffers. */
static void test_gr_error(void)
{
    static const uint32_t from = 0x121000, to = 0x122000;

    channel(1);
    channel(7);
    playlist(BITS(1) | BITS(7));
    wr(0x40013c, ~0u);
    push(7, 0x20010000 | 2 << 13);
    push(7, 0x00001234);
    kick_off(7, 0);
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(12), 0x400100, BITS(5)));
    CU_ASSERT_EQUAL(rd(0x409b00) & 0x0fffffff, INST(7) >> 12);
    CU_ASSERT_EQUAL(rd(0x400704) >> 16 & 7, 2);
    CU_ASSERT_EQUAL(rd(0x404200 + 8) & 0xffff, 0x1234);
    wr(0x400100, BITS(5));
    wr(0x400500, 0x00010001);
    CU_ASSERT_EQUAL(rd(0x100) & BITS(12), 0);

    memset(vram + from, 0x5a, 4096);
    push(1, 0x20018000);
    push(1, 0x00009039);
    push(1, 0x20028000 | 0x238 >> 2);
    push(1, 0);
    push(1, to);
    push(1, 0x20068000 | 0x30c >> 2);
    push(1, 0);
    push(1, from);
    push(1, 4096);
    push(1, 4096);
    push(1, 4096);
    push(1, 1);
    push(1, 0x20018000 | 0x300 >> 2);
    push(1, 0x00100110);
    push_fence(1, 3);
    kick_off(1, 0);
    CU_ASSERT_TRUE(fence_wait(1, 3));
    CU_ASSERT_EQUAL(memcmp(vram + from, vram + to, 4096), 0);
}

/* Method @mthd of the class on @subc. */
static void push_m(unsigned c, unsigned subc, uint32_t mthd, uint32_t data)
{
    push(c, 0x20010000 | subc << 13 | mthd >> 2);
    push(c, data);
}

/* A grid of one thread; its code is @lo, @hi. */
static void push_grid(unsigned c, uint32_t lo, uint32_t hi)
{
    mem32(CODE, lo);
    mem32(CODE + 4, hi);
    push_m(c, 1, 0, 0x90c0);
    push_m(c, 1, 0x1608, 0);        /* CODE_ADDRESS */
    push_m(c, 1, 0x160c, CODE);
    push_m(c, 1, 0x03b4, 0);        /* CP_START_ID */
    push_m(c, 1, 0x02c0, 8);        /* CP_GPR_ALLOC */
    push_m(c, 1, 0x03ac, 0x10001);  /* BLOCKDIM */
    push_m(c, 1, 0x03b0, 1);
    push_m(c, 1, 0x0238, 0x10001);  /* GRIDDIM */
    push_m(c, 1, 0x023c, 1);
    push_m(c, 1, 0x0368, 0x1000);   /* LAUNCH */
}

/* What 6.1 does about a context-switch time-out on PGRAPH. */
static void recover(unsigned c, uint32_t others)
{
    CU_ASSERT_EQUAL(rd(0x254c) & 0xff, 0x0a);
    CU_ASSERT_EQUAL(rd(0x2640) & 0x8004107f, 0x80041000 + c);
    wr(0x2100, BITS(8));
    mask(0x3004 + 8 * c, 1, 0);
    mask(0x2630, 1, 1);
    mask(0x200, BITS(12), 0);
    mask(0x200, BITS(12), BITS(12));
    CU_ASSERT_EQUAL(rd(0x2640), 0);
    playlist(others);
    wr(0x262c, 1);
    mask(0x2630, 1, 0);
    CU_ASSERT_EQUAL(rd(0x2100) & BITS(8), 0);
}

/* A grid that never ends: its channel is killed after the time-out, and not
 * before; a neighbour works all the while. */
static void test_endless(void)
{
    uint32_t seq = 1;
    gint64 start;

    channel(2);
    channel(3);
    playlist(BITS(2) | BITS(3));
    push_grid(2, 0xe0001de7, 0x4003ffff);       /* bra to itself */
    push_fence(2, 5);
    start = g_get_monotonic_time();
    kick_off(2, 0);
    while (!(rd(0x2100) & BITS(8)) &&
           g_get_monotonic_time() - start < MS * 1000) {
        CU_ASSERT_TRUE_FATAL(fence(3, seq));
        seq++;
        g_usleep(5000);         /* the ring is not endless */
    }
    CU_ASSERT_TRUE_FATAL(rd(0x2100) & BITS(8));
    CU_ASSERT_TRUE(g_get_monotonic_time() - start > 300000);
    CU_ASSERT_TRUE(seq > 3);
    recover(2, BITS(3));
    CU_ASSERT_TRUE(fence(3, seq));
    CU_ASSERT_EQUAL(get32(FENCES + 2 * 16), 0);
}

/* Kicked, an endless grid stands at once; the channel can be destroyed. */
static void test_endless_kick(void)
{
    gint64 start = g_get_monotonic_time();

    channel(2);
    playlist(BITS(2));
    push_grid(2, 0xe0001de7, 0x4003ffff);
    kick_off(2, 0);
    g_usleep(20000);
    mask(0x3004 + 16, 1, 0);
    wr(0x2634, 2);
    CU_ASSERT_TRUE(test_wait(kick_done, NULL, 2000));
    playlist(0);
    wr(0x3000 + 16, 0);
    CU_ASSERT_EQUAL(gpuvm_chan_inst(vm, 2), ~0ull);
    CU_ASSERT_TRUE(g_get_monotonic_time() - start < 2000000);
}

typedef struct Neighbour {
    GpuvmSchedVm *vm;
    bool cancel;
    unsigned ms;            /* it gives up after */
} Neighbour;

static void *give_up(void *arg)
{
    Neighbour *n = arg;
    unsigned i;

    for (i = 0; i < n->ms && !n->cancel; i++) {
        g_usleep(1000);
    }
    __atomic_store_n(&n->cancel, true, __ATOMIC_RELEASE);
    gpuvm_sched_wake(sched, n->vm);
    return NULL;
}

/* Another VM wants the GPU, for at most @ms. */
static bool neighbour_runs(GpuvmSchedVm *other, unsigned ms)
{
    Neighbour n = { .vm = other, .ms = ms };
    GThread *t = g_thread_new("give-up", give_up, &n);
    bool got = gpuvm_sched_acquire(sched, other, &n.cancel);

    __atomic_store_n(&n.cancel, true, __ATOMIC_RELEASE);
    g_thread_join(t);
    if (got) {
        gpuvm_sched_release(sched, other, 1000000, false);
    }
    return got;
}

static bool has_turns(void *arg)
{
    GpuvmCoreShare share = { 0 };

    gpuvm_vm_share(vm, &share);
    return share.turns >= GPOINTER_TO_UINT(arg);
}

/* An endless grid lets a neighbour run that is owed the GPU, and goes on; but
 * not with preempting off. */
static void test_endless_yields(void)
{
    GpuvmSchedVm *other = gpuvm_sched_join(sched, 100, 0);
    unsigned i;

    gpuvm_vm_set_timeout(vm, 0);
    gpuvm_sched_set_quantum(sched, 0);
    channel(2);
    playlist(BITS(2));
    push_grid(2, 0xe0001de7, 0x4003ffff);
    kick_off(2, 0);
    CU_ASSERT_TRUE_FATAL(test_wait(has_turns, GUINT_TO_POINTER(1), MS));
    CU_ASSERT_FALSE(neighbour_runs(other, 200));
    gpuvm_sched_set_quantum(sched, 2000000);
    for (i = 0; i < 5; i++) {
        CU_ASSERT_TRUE_FATAL(neighbour_runs(other, 10000));
        CU_ASSERT_TRUE_FATAL(test_wait(has_turns, GUINT_TO_POINTER(2 + i),
                                       MS));
        CU_ASSERT_TRUE(gpuvm_chan_busy(vm, 2));
    }
    mask(0x3004 + 16, 1, 0);
    wr(0x2634, 2);
    CU_ASSERT_TRUE(test_wait(kick_done, NULL, 5000));
    gpuvm_sched_leave(sched, other);
}

static uint64_t counted(GpuvmCounterId id)
{
    return gpuvm_counter(&th->host.counters, id);
}

static bool ran_away(void *arg)
{
    return gpuvm_vm_runaway(vm).seq >= GPOINTER_TO_UINT(arg);
}

/* stop-vm: told, and nothing fails; stopped and started again, the kernel has
 * another time-out before it, and is killed when that is wanted. */
static void test_stop_vm(void)
{
    GpuvmRunaway first, second;

    gpuvm_vm_set_on_fault(vm, GPUVM_ON_FAULT_STOP_VM);
    CU_ASSERT_EQUAL(gpuvm_vm_runaway(vm).seq, 0);
    channel(2);
    channel(3);
    playlist(BITS(2) | BITS(3));
    push_grid(2, 0xe0001de7, 0x4003ffff);
    kick_off(2, 0);
    CU_ASSERT_TRUE_FATAL(test_wait(ran_away, GUINT_TO_POINTER(1), MS));
    first = gpuvm_vm_runaway(vm);
    CU_ASSERT_EQUAL(first.chid, 2);
    CU_ASSERT_EQUAL(first.action, GPUVM_ON_FAULT_STOP_VM);
    CU_ASSERT_TRUE(first.ns > 300000000);
    gpuvm_vm_set_running(vm, false);
    g_usleep(700000);               /* stopped, no time goes by */
    CU_ASSERT_EQUAL(rd(0x2100) & BITS(8), 0);
    CU_ASSERT_TRUE(gpuvm_chan_busy(vm, 2));
    CU_ASSERT_TRUE(gpuvm_vm_runaway(vm).seq <= first.seq + 1);
    first = gpuvm_vm_runaway(vm);
    gpuvm_vm_set_running(vm, true);
    CU_ASSERT_TRUE(fence(3, 1));
    CU_ASSERT_TRUE_FATAL(test_wait(ran_away, GUINT_TO_POINTER(first.seq + 1),
                                   MS));
    second = gpuvm_vm_runaway(vm);
    CU_ASSERT_TRUE(second.ns > 300000000);
    CU_ASSERT_EQUAL(rd(0x2100) & BITS(8), 0);
    CU_ASSERT_TRUE(gpuvm_chan_busy(vm, 2));
    gpuvm_vm_set_on_fault(vm, GPUVM_ON_FAULT_RESET_CHANNEL);
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(8), 0x2100, BITS(8)));
    recover(2, BITS(3));
    CU_ASSERT_TRUE(fence(3, 2));
    CU_ASSERT_EQUAL(counted(GPUVM_CNT_RUNAWAYS), gpuvm_vm_runaway(vm).seq);
}

/* bar-vm: the channel is killed, and so is each that has work then, without a
 * turn; a reset of the board changes nothing, lifting the bar does. */
static void test_bar_vm(void)
{
    GpuvmCoreShare before = { 0 }, after = { 0 };

    gpuvm_vm_set_on_fault(vm, GPUVM_ON_FAULT_BAR_VM);
    channel(2);
    channel(3);
    playlist(BITS(2) | BITS(3));
    CU_ASSERT_TRUE_FATAL(fence(3, 1));
    push_grid(2, 0xe0001de7, 0x4003ffff);
    kick_off(2, 0);
    CU_ASSERT_TRUE_FATAL(test_wait(ran_away, GUINT_TO_POINTER(1), MS));
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(8), 0x2100, BITS(8)));
    CU_ASSERT_TRUE(gpuvm_vm_barred(vm));
    CU_ASSERT_EQUAL(counted(GPUVM_CNT_BARRED), 0);      /* 3 has no work */
    recover(2, BITS(3));
    gpuvm_vm_share(vm, &before);
    push_fence(3, 2);
    kick_off(3, push_at[3] - 20);
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(8), 0x2100, BITS(8)));
    CU_ASSERT_EQUAL(rd(0x2640) & 0x7f, 3);
    CU_ASSERT_EQUAL(get32(FENCES + 3 * 16), 1);
    CU_ASSERT_EQUAL(counted(GPUVM_CNT_BARRED), 1);
    CU_ASSERT_EQUAL(counted(GPUVM_CNT_FAULTS), 2);
    gpuvm_vm_share(vm, &after);
    CU_ASSERT_EQUAL(before.turns, after.turns);
    gpuvm_board_reset(b);
    CU_ASSERT_TRUE(gpuvm_vm_barred(vm));
    gpuvm_vm_set_barred(vm, false);
    fifo_start();
    memset(vram + USERD(0), 0, 0x8000);
    channel(4);
    playlist(BITS(4));
    CU_ASSERT_TRUE(fence(4, 3));
    CU_ASSERT_EQUAL(gpuvm_vm_runaway(vm).seq, 1);
}

/* Barred by hand, a VM loses what runs, too. */
static void test_bar_running(void)
{
    gpuvm_vm_set_timeout(vm, 0);
    channel(2);
    playlist(BITS(2));
    push_grid(2, 0xe0001de7, 0x4003ffff);
    kick_off(2, 0);
    CU_ASSERT_TRUE_FATAL(test_wait(has_turns, GUINT_TO_POINTER(1), MS));
    gpuvm_vm_set_barred(vm, true);
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(8), 0x2100, BITS(8)));
    CU_ASSERT_FALSE(gpuvm_chan_busy(vm, 2));
    CU_ASSERT_EQUAL(gpuvm_vm_runaway(vm).seq, 0);
}

/* An instruction that is none: MP trap, then the time-out. */
static void test_illegal_instruction(void)
{
    channel(2);
    channel(3);
    playlist(BITS(2) | BITS(3));
    wr(0x40013c, ~0u);
    push_grid(2, ~0u, ~0u);
    kick_off(2, 0);
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(12), 0x400100, BITS(21)));
    CU_ASSERT_EQUAL(rd(0x409b00) & 0x0fffffff, INST(2) >> 12);
    CU_ASSERT_EQUAL(rd(0x2100) & BITS(8), 0);
    wr(0x400108, rd(0x400108));
    wr(0x400100, BITS(21));
    CU_ASSERT_TRUE_FATAL(bits_wait(BITS(8), 0x2100, BITS(8)));
    recover(2, BITS(3));
    CU_ASSERT_TRUE(fence(3, 1));
}

/* A PFIFO reset in the middle of things; then all works as at first. */
static void test_pfifo_reset(void)
{
    channel(6);
    playlist(BITS(6));
    CU_ASSERT_TRUE_FATAL(fence(6, 1));
    mask(0x200, BITS(8), 0);
    mask(0x200, BITS(8), BITS(8));
    CU_ASSERT_EQUAL(rd(0x3000 + 48), 0);
    CU_ASSERT_EQUAL(gpuvm_chan_inst(vm, 6), ~0ull);
    CU_ASSERT_EQUAL(rd(0x100), 0);
    fifo_start();
    memset(vram + USERD(6), 0, 0x1000);
    put[6] = 0;
    channel(6);
    playlist(BITS(6));
    CU_ASSERT_TRUE(fence(6, 2));
}

static CU_TestInfo stack_tests[] = {
    { "fence and non-stall interrupt", test_fence },
    { "runnable and playlist", test_runnable },
    { "kick", test_kick },
    { "MMU fault and recovery", test_fault_recovery },
    { "software method", test_software_method },
    { "GR error, M2MF", test_gr_error },
    { "endless kernel", test_endless },
    { "endless kernel, kicked", test_endless_kick },
    { "an endless kernel yields", test_endless_yields },
    { "endless kernel, on-fault=stop-vm", test_stop_vm },
    { "endless kernel, on-fault=bar-vm", test_bar_vm },
    { "a running VM is barred", test_bar_running },
    { "illegal instruction", test_illegal_instruction },
    { "PFIFO reset", test_pfifo_reset },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "stack", NULL, NULL, setup, teardown, stack_tests },
    CU_SUITE_INFO_NULL,
};
