/*
 * Saved state of the whole device below QEMU: board, VM and software GPU are
 * stopped somewhere in their work, saved, loaded into a second device with the
 * content of VRAM, and go on there.  What they leave in memory is compared with
 * what a device left that was never stopped.
 *
 * The work: copies by inline data whose packet is split across pushes, a macro
 * that starves of parameters, a failed semaphore, a grid whose CTAs use shared
 * and local memory and barriers.  Streams that are cut short or changed must be
 * refused or do no harm.
 *
 * Register addresses and formats are literals from reference/nvc0-nouveau.md
 * 4 and 5 and nvc0-compute.md 2 and 3, not from spec/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <string.h>

#include "board/board.h"
#include "harness.h"
#include "sched/sched.h"
#include "sm20_words.h"

#define VRAM        (16u << 20)
#define MAPPED      (8u << 20)      /* VA = VRAM offset below this */
#define PD          0x800000u
#define PT          0x820000u
#define PLAYLIST    0x830000u
#define INST        0x840000u
#define USERD       0x850000u
#define RING        0x010000u
#define PUSH        0x020000u
#define FENCE       0x100000u
#define SEM         0x101000u
#define CODE        0x110000u
#define OUT         0x200000u       /* of the grid */
#define UPLOAD      0x300000u
#define SCRATCH     0x400000u
#define MS          60000

#define CTAS        64u
#define THREADS     64u
#define LOOPS       2000u

/** One device with all that is below it. */
typedef struct Dev {
    TestHost *th;
    GpuvmGpu *gpu;
    GpuvmSched *sched;
    GpuvmVm *vm;
    GpuvmBoard *b;
    uint8_t *vram;
    uint32_t at;                    /* next word of the push buffer, bytes */
    uint32_t from;                  /* of the push that is being written */
    uint32_t put;
} Dev;

/* ---- a device ----------------------------------------------------------------- */

static void mem32(Dev *d, uint32_t off, uint32_t val)
{
    __atomic_store_n((uint32_t *)(d->vram + off), GUINT32_TO_LE(val),
                     __ATOMIC_RELEASE);
}

static uint32_t get32(Dev *d, uint32_t off)
{
    return GUINT32_FROM_LE(__atomic_load_n((uint32_t *)(d->vram + off),
                                           __ATOMIC_ACQUIRE));
}

static void wr(Dev *d, uint32_t addr, uint32_t val)
{
    gpuvm_board_bar0_write(d->b, addr, val, 4);
}

static uint32_t rd(Dev *d, uint32_t addr)
{
    return gpuvm_board_bar0_read(d->b, addr, 4);
}

static Dev *dev_new(uint32_t vram)
{
    GpuvmGpuConfig gcfg = { .vram_size = vram, .threads = 2,
                            .engine = g_getenv("GPUVM_TEST_ENGINE") };
    GpuvmVmConfig vcfg = { .name = "state", .vram_size = vram };
    GpuvmBoardConfig bcfg = { .bar1_size = 128 << 20, .bar3_size = 64 << 20 };
    Dev *d = g_new0(Dev, 1);
    char *err = NULL;

    d->th = test_host_new(0, 1 << 20);
    d->gpu = gpuvm_gpu_open("soft", &gcfg, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d->gpu);
    d->sched = gpuvm_sched_new("fair", &err);
    vcfg.gpu = d->gpu;
    vcfg.sched = d->sched;
    vcfg.host = &d->th->host;
    vcfg.bar_size[GPUVM_BAR1] = bcfg.bar1_size;
    vcfg.bar_size[GPUVM_BAR3] = bcfg.bar3_size;
    d->vm = gpuvm_vm_new(&vcfg, &err);
    bcfg.vm = d->vm;
    bcfg.host = &d->th->host;
    d->b = gpuvm_board_new(&bcfg, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d->b);
    d->vram = gpuvm_vm_slice(d->vm)->map;
    return d;
}

static void dev_free(Dev *d)
{
    gpuvm_board_free(d->b);
    gpuvm_vm_free(d->vm);
    gpuvm_sched_free(d->sched);
    d->gpu->ops->close(d->gpu);
    test_host_free(d->th);
    g_free(d);
}

/* As gf100_fifo_init() and gf100_fifo_gpfifo_new() do it, for one channel. */
static void dev_start(Dev *d)
{
    static const uint32_t ramfc[][2] = {
        { 0x08, USERD }, { 0x10, 0xface }, { 0x30, 0xfffff902 },
        { 0x48, RING }, { 0x4c, 10 << 16 }, { 0x54, 2 },
        { 0x84, 0x20400000 }, { 0x94, 0x30000001 }, { 0x9c, 0x100 },
        { 0xa4, 0x1f1f1f1f }, { 0xa8, 0x1f1f1f1f }, { 0xac, 0x1f },
        { 0xb8, 0xf8000000 }, { 0x200, PD }, { 0x208, ~0u }, { 0x20c, 0xff },
    };

    mem32(d, PD, 1 | PT >> 8);
    for (uint32_t i = 0; i < MAPPED >> 17; i++) {
        mem32(d, PT + 8 * i, 1 | (i << 17) >> 8);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(ramfc); i++) {
        mem32(d, INST + ramfc[i][0], ramfc[i][1]);
    }
    wr(d, 0x200, ~0u);
    wr(d, 0x140, 1);
    wr(d, 0x204, 7);
    wr(d, 0x2204, 7);
    wr(d, 0x4010c, 0xfffffeff);
    wr(d, 0x2254, 0x10000000);
    wr(d, 0x2100, ~0u);
    wr(d, 0x2140, ~0u);
    wr(d, 0x2628, 1);
    wr(d, 0x3000, 0xc0000000 | INST >> 12);
    wr(d, 0x3004, 0x001f0001);
    mem32(d, PLAYLIST, 0);
    mem32(d, PLAYLIST + 4, 4);
    wr(d, 0x2270, PLAYLIST >> 12);
    wr(d, 0x2274, 0x01f00001);
    wr(d, 0x2a00, 0x10000000);
    d->at = d->from = PUSH;
}

/* ---- commands --------------------------------------------------------------------- */

static void w(Dev *d, uint32_t word)
{
    mem32(d, d->at, word);
    d->at += 4;
}

static void m(Dev *d, unsigned subc, uint32_t mthd, uint32_t data)
{
    w(d, 0x20010000 | subc << 13 | mthd >> 2);
    w(d, data);
}

static void addr(Dev *d, unsigned subc, uint32_t mthd, uint32_t va)
{
    m(d, subc, mthd, 0);
    m(d, subc, mthd + 4, va);
}

/* What was written since becomes a push. */
static void submit(Dev *d)
{
    mem32(d, RING + 8 * d->put, d->from);
    mem32(d, RING + 8 * d->put + 4, (d->at - d->from) << 8);
    d->put++;
    gpuvm_board_userd_write(d->b, 0x8c, d->put, 4);
    d->from = d->at;
}

enum { S_3D, S_COMPUTE, S_M2MF };

static void bind_classes(Dev *d)
{
    m(d, S_3D, 0, 0x9097);
    m(d, S_COMPUTE, 0, 0x90c0);
    m(d, S_M2MF, 0, 0x9039);
}

/* Four bytes at FENCE := @seq, and a non-stall interrupt. */
static void fence(Dev *d, uint32_t seq)
{
    w(d, 0x20050000 | 0x10 >> 2);
    w(d, 0);
    w(d, FENCE);
    w(d, seq);
    w(d, 0x01000002);
    w(d, 0);
    submit(d);
}

static bool fence_there(void *arg)
{
    Dev *d = arg;

    rd(d, 0x100);
    return get32(d, FENCE) == 0xfe;
}

/* Then it stands, so what it left can be looked at. */
static void finish(Dev *d)
{
    CU_ASSERT_TRUE_FATAL(test_wait(fence_there, d, MS));
    gpuvm_vm_set_running(d->vm, false);
}

/* ---- save and load ------------------------------------------------------------------- */

static GByteArray *save(Dev *d)
{
    GByteArray *out = g_byte_array_new();
    char *err = NULL;
    GpuvmXfer x;

    gpuvm_vm_set_running(d->vm, false);
    gpuvm_xfer_saver(&x, out);
    gpuvm_vm_xfer(d->vm, &x);
    gpuvm_board_xfer(d->b, &x);
    if (!gpuvm_xfer_finish(&x, &err)) {
        fprintf(stderr, "save: %s\n", err);
        CU_FAIL_FATAL("cannot save");
    }
    return out;
}

static bool load(Dev *d, const void *data, size_t len, char **err)
{
    GpuvmXfer x;

    gpuvm_vm_set_running(d->vm, false);
    gpuvm_board_reset(d->b);
    gpuvm_xfer_loader(&x, data, len);
    gpuvm_vm_xfer(d->vm, &x);
    gpuvm_board_xfer(d->b, &x);
    return gpuvm_xfer_finish(&x, err);
}

/* VRAM by the walk that the device uses. */
static void copy_vram(Dev *to, Dev *from)
{
    uint64_t off = 0, n;

    gpuvm_vm_vram_clear(to->vm, 0, VRAM);
    while ((n = gpuvm_vm_vram_next(from->vm, &off, 1 << 20))) {
        memcpy(to->vram + off, from->vram + off, n);
        off += n;
    }
    CU_ASSERT_EQUAL(memcmp(to->vram, from->vram, VRAM), 0);
}

/* Stops @d wherever it is, and goes on in a new device, which is returned. */
static Dev *move(Dev *d)
{
    GByteArray *stream = save(d);
    Dev *to = dev_new(VRAM);
    char *err = NULL;

    memset(to->vram + SCRATCH, 0x77, 8192);     /* not from a clean device */
    copy_vram(to, d);
    to->at = d->at;
    to->from = d->from;
    to->put = d->put;
    if (!load(to, stream->data, stream->len, &err)) {
        fprintf(stderr, "load: %s\n", err);
        CU_FAIL_FATAL("cannot load");
    }
    g_byte_array_unref(stream);
    dev_free(d);
    gpuvm_vm_set_running(to->vm, true);
    return to;
}

/* What the guest's driver can see of where the channel stands. */
static void same_position(Dev *a, Dev *b)
{
    static const uint32_t regs[] = { 0x88, 0x8c, 0x44, 0x60, 0x48 };

    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        CU_ASSERT_EQUAL(gpuvm_board_userd_read(a->b, regs[i], 4),
                        gpuvm_board_userd_read(b->b, regs[i], 4));
    }
}

/* ---- the grid ---------------------------------------------------------------------------- */

/*
 * Each thread mixes its value LOOPS times with its neighbour's through s[],
 * with barriers, keeps a running sum in l[], and stores both.
 *   r0 tid  r2 value  r3 4*tid  r4 4*((tid+1)%64)  r5 loop  r6, r7 temporary
 *   r8 multiplier  r9 address
 */
static unsigned grid_code(uint64_t *k)
{
    unsigned n = 0, top;

    k[n++] = k_s2r(0, SR_TIDX);
    k[n++] = k_s2r(1, SR_CTAX);
    k[n++] = k_mov32i(6, THREADS);
    k[n++] = k_imad(2, 1, 6, 0);
    k[n++] = k_shli(9, 2, 3);
    k[n++] = k_mov32i(6, OUT);
    k[n++] = k_iadd(9, 9, 6);
    k[n++] = k_shli(3, 0, 2);
    k[n++] = k_iaddi(4, 3, 4);
    k[n++] = k_isetpi(0, CC_EQ, 4, THREADS * 4);
    k[n++] = k_pred(k_mov32i(4, 0), 0);
    k[n++] = k_mov32i(5, 0);
    k[n++] = k_mov32i(8, 1664525);
    k[n++] = k_st_l(RZ, RZ, 8);
    top = n;
    k[n++] = k_st_s(T_B32, 2, 3, 0);
    k[n++] = k_bar(0, 0);
    k[n++] = k_ld_s(T_B32, 6, 4, 0);
    k[n++] = k_bar(0, 0);
    k[n++] = k_iadd(6, 6, 5);
    k[n++] = k_imad(2, 2, 8, 6);
    k[n++] = k_ld_l(7, RZ, 8);
    k[n++] = k_iadd(7, 7, 2);
    k[n++] = k_st_l(7, RZ, 8);
    k[n++] = k_iaddi(5, 5, 1);
    k[n++] = k_isetpi(0, CC_LT, 5, LOOPS);
    k[n] = k_pred(k_bra(n, top), 0);
    n++;
    k[n++] = k_st_g(T_B32, 2, 9, 0);
    k[n++] = k_st_g(T_B32, 7, 9, 4);
    k[n++] = k_exit();
    return n;
}

/* What the grid leaves, by the CPU. */
static void grid_expect(uint32_t *out)
{
    for (unsigned c = 0; c < CTAS; c++) {
        uint32_t v[THREADS], s[THREADS], sum[THREADS] = { 0 };

        for (unsigned t = 0; t < THREADS; t++) {
            v[t] = c * THREADS + t;
        }
        for (unsigned i = 0; i < LOOPS; i++) {
            memcpy(s, v, sizeof(s));
            for (unsigned t = 0; t < THREADS; t++) {
                v[t] = v[t] * 1664525u + s[(t + 1) % THREADS] + i;
                sum[t] += v[t];
            }
        }
        for (unsigned t = 0; t < THREADS; t++) {
            out[2 * (c * THREADS + t)] = v[t];
            out[2 * (c * THREADS + t) + 1] = sum[t];
        }
    }
}

/* All but the launch. */
static void grid_setup(Dev *d)
{
    uint64_t code[64];
    unsigned n = grid_code(code);

    memcpy(d->vram + CODE, code, n * 8);
    bind_classes(d);
    addr(d, S_COMPUTE, 0x1608, CODE);       /* CODE_ADDRESS */
    m(d, S_COMPUTE, 0x0214, 0xfe000000);    /* shared window */
    m(d, S_COMPUTE, 0x077c, 0xff000000);    /* local window */
    m(d, S_COMPUTE, 0x03b4, 0);             /* start id */
    m(d, S_COMPUTE, 0x0204, 16);            /* l[] */
    m(d, S_COMPUTE, 0x0208, 0);
    m(d, S_COMPUTE, 0x024c, THREADS * 4);   /* s[] */
    m(d, S_COMPUTE, 0x02c0, 16);            /* registers */
    m(d, S_COMPUTE, 0x03ac, 1 << 16 | THREADS);
    m(d, S_COMPUTE, 0x03b0, 1);
    m(d, S_COMPUTE, 0x0238, 1 << 16 | CTAS);
    m(d, S_COMPUTE, 0x023c, 1);
}

static unsigned grid_wrong(Dev *d)
{
    static uint32_t want[2 * CTAS * THREADS];
    unsigned wrong = 0;

    grid_expect(want);
    for (unsigned i = 0; i < G_N_ELEMENTS(want); i++) {
        wrong += get32(d, OUT + 4 * i) != want[i];
    }
    return wrong;
}

/* ---- tests ------------------------------------------------------------------------------- */

static uint64_t ctas(Dev *d)
{
    return gpuvm_counter(&d->th->host.counters, GPUVM_CNT_CTAS);
}

/* A grid, stopped at random moments, some of them twice. */
static void test_grid(void)
{
    GRand *rnd = g_rand_new_with_seed(11);
    unsigned midway = 0;

    for (unsigned i = 0; i < 12; i++) {
        Dev *d = dev_new(VRAM);

        dev_start(d);
        grid_setup(d);
        m(d, S_COMPUTE, 0x0368, 0x1000);    /* launch */
        submit(d);
        fence(d, 0xfe);
        g_usleep(g_rand_int_range(rnd, 0, 40000));
        d = move(d);
        if (i % 3 == 0) {
            g_usleep(g_rand_int_range(rnd, 0, 10000));
            d = move(d);
        }
        finish(d);
        CU_ASSERT_EQUAL(grid_wrong(d), 0);
        midway += ctas(d) > 0 && ctas(d) <= CTAS;
        CU_ASSERT_EQUAL(gpuvm_counter(&d->th->host.counters,
                                      GPUVM_CNT_FAULTS), 0);
        dev_free(d);
    }
    CU_ASSERT(midway > 3);
    g_rand_free(rnd);
}

/* What is loaded and saved again without running is the same, to the byte;
 * and while stopped, nothing is written. */
static void test_identity(void)
{
    Dev *d = dev_new(VRAM), *to = dev_new(VRAM);
    GByteArray *a, *b;
    char *err = NULL;
    uint8_t *before = g_malloc(VRAM);

    dev_start(d);
    grid_setup(d);
    m(d, S_COMPUTE, 0x0368, 0x1000);
    submit(d);
    fence(d, 0xfe);
    g_usleep(5000);
    a = save(d);
    memcpy(before, d->vram, VRAM);
    copy_vram(to, d);
    CU_ASSERT_TRUE(load(to, a->data, a->len, &err));
    CU_ASSERT_PTR_NULL(err);
    b = save(to);
    CU_ASSERT_EQUAL(a->len, b->len);
    CU_ASSERT_EQUAL(memcmp(a->data, b->data, MIN(a->len, b->len)), 0);
    same_position(d, to);
    g_usleep(30000);
    CU_ASSERT_EQUAL(memcmp(before, d->vram, VRAM), 0);
    CU_ASSERT_EQUAL(memcmp(before, to->vram, VRAM), 0);
    /* the source goes on all the same */
    gpuvm_vm_set_running(d->vm, true);
    finish(d);
    CU_ASSERT_EQUAL(grid_wrong(d), 0);
    g_byte_array_unref(a);
    g_byte_array_unref(b);
    g_free(before);
    dev_free(d);
    dev_free(to);
}

/* A barred VM is barred where it arrives. */
static void test_barred(void)
{
    Dev *d = dev_new(VRAM);

    dev_start(d);
    gpuvm_vm_set_barred(d->vm, true);
    d = move(d);
    CU_ASSERT_TRUE(gpuvm_vm_barred(d->vm));
    gpuvm_vm_set_barred(d->vm, false);
    d = move(d);
    CU_ASSERT_FALSE(gpuvm_vm_barred(d->vm));
    dev_free(d);
}

/*
 * Stopped right after it was let go on, before the GPU has said that it began:
 * the grid, whose pushes are all consumed, must stand all the same.
 */
static void test_restless(void)
{
    Dev *d = dev_new(VRAM);

    dev_start(d);
    grid_setup(d);
    m(d, S_COMPUTE, 0x0368, 0x1000);
    submit(d);
    g_usleep(2000);
    for (unsigned i = 0; i < 300; i++) {
        gpuvm_vm_set_running(d->vm, false);
        g_byte_array_unref(save(d));        /* fails if anything runs */
        gpuvm_vm_set_running(d->vm, true);
    }
    fence(d, 0xfe);
    finish(d);
    CU_ASSERT_EQUAL(grid_wrong(d), 0);
    dev_free(d);
}

static bool consumed(void *arg)
{
    Dev *d = arg;

    return gpuvm_board_userd_read(d->b, 0x88, 4) == d->put;
}

/* An upload of 4 KiB whose data words come in eight pushes. */
static void test_split_packet(void)
{
    Dev *d = dev_new(VRAM);
    unsigned wrong = 0;

    dev_start(d);
    bind_classes(d);
    addr(d, S_M2MF, 0x0238, UPLOAD);
    m(d, S_M2MF, 0x0318, 4096);             /* pitch out */
    m(d, S_M2MF, 0x031c, 4096);             /* line length */
    m(d, S_M2MF, 0x0320, 1);                /* lines */
    m(d, S_M2MF, 0x0300, 0x00100111);       /* push data, linear */
    w(d, 0x60000000 | 1024 << 16 | S_M2MF << 13 | 0x304 >> 2);
    for (unsigned i = 0; i < 1024; i++) {
        w(d, i * 0x9e3779b9u);
        if (i % 128 == 100) {
            submit(d);
            CU_ASSERT_TRUE_FATAL(test_wait(consumed, d, MS));
            d = move(d);
        }
    }
    fence(d, 0xfe);
    finish(d);
    for (unsigned i = 0; i < 1024; i++) {
        wrong += get32(d, UPLOAD + 4 * i) != i * 0x9e3779b9u;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    dev_free(d);
}

/* Macro instructions: addi rd = ra + imm, and what becomes of the result. */
static uint32_t macro(unsigned act, unsigned rd, unsigned ra, unsigned imm)
{
    return 1 | act << 4 | rd << 8 | ra << 11 | imm << 14;
}

/*
 * A macro that launches the grid, then takes the address and value of a
 * report.  It is stopped while its grid runs and while it wants parameters.
 */
static void test_macro(void)
{
    static const uint32_t next = 1 << 12;   /* method address increment */
    const uint32_t code[] = {
        macro(2, 0, 0, 0x368 / 4),          /* method address */
        macro(4, 0, 1, 0),                  /* send the argument */
        macro(2, 0, 0, 0x1b00 / 4 | next),
        macro(4, 0, 0, 0),                  /* report address, high */
        macro(0, 2, 0, 0),                  /* parameter */
        macro(4, 0, 2, 0),                  /* report address, low */
        macro(0, 2, 0, 0),
        macro(4, 0, 2, 0),                  /* report value */
        macro(0, 3, 0, 0) ,
        macro(4, 0, 3, 0) | 1 << 7,         /* report; exit */
        macro(1, 0, 0, 0),
    };
    Dev *d = dev_new(VRAM);

    dev_start(d);
    grid_setup(d);
    m(d, S_3D, 0x011c, 5);
    m(d, S_3D, 0x0120, 16);
    w(d, 0xa0000000 | (G_N_ELEMENTS(code) + 1) << 16 | 0x114 >> 2);
    w(d, 16);
    for (unsigned i = 0; i < G_N_ELEMENTS(code); i++) {
        w(d, code[i]);
    }
    w(d, 0xa0000000 | 4 << 16 | S_COMPUTE << 13 | (0x3800 + 8 * 5) >> 2);
    w(d, 0x1000);
    submit(d);
    g_usleep(5000);
    d = move(d);
    CU_ASSERT_TRUE_FATAL(test_wait(consumed, d, MS));
    d = move(d);
    w(d, SEM);
    submit(d);
    CU_ASSERT_TRUE_FATAL(test_wait(consumed, d, MS));
    d = move(d);
    w(d, 0xabcd1234);
    w(d, 0x1000f010);
    fence(d, 0xfe);
    finish(d);
    CU_ASSERT_EQUAL(grid_wrong(d), 0);
    CU_ASSERT_EQUAL(get32(d, SEM), 0xabcd1234);
    CU_ASSERT_EQUAL(gpuvm_counter(&d->th->host.counters,
                                  GPUVM_CNT_GUEST_ERRORS), 0);
    dev_free(d);
}

/*
 * An acquire that fails until a CPU writes, which it does after the move; more
 * follows in the push, or comes later.
 */
static void test_semaphore(void)
{
    for (unsigned last = 0; last < 2; last++) {
        Dev *d = dev_new(VRAM);

        dev_start(d);
        w(d, 0x20040000 | 0x10 >> 2);
        w(d, 0);
        w(d, SEM);
        w(d, 5);
        w(d, 1);                    /* acquire: equal */
        if (last) {
            submit(d);
            CU_ASSERT_TRUE_FATAL(test_wait(consumed, d, MS));
        } else {
            fence(d, 0xfe);
        }
        g_usleep(10000);
        d = move(d);
        g_usleep(10000);
        CU_ASSERT_EQUAL(get32(d, FENCE), 0);
        CU_ASSERT_TRUE(gpuvm_chan_busy(d->vm, 0));
        d = move(d);
        mem32(d, SEM, 5);
        if (last) {
            fence(d, 0xfe);
        }
        finish(d);
        CU_ASSERT_FALSE(gpuvm_chan_busy(d->vm, 0));
        dev_free(d);
    }
}

static bool sw_shown(void *arg)
{
    return (rd(arg, 0x100) & 1 << 8) && (rd(arg, 0x40108) & 0x00800000);
}

/* A software method that the driver has, or has not yet, been told of. */
static void test_software_method(void)
{
    for (unsigned seen = 0; seen < 2; seen++) {
        Dev *d = dev_new(VRAM);

        dev_start(d);
        m(d, 7, 0, 0x001f906e);
        m(d, 7, 0x500, 0xabcd);
        fence(d, 0xfe);
        if (seen) {
            CU_ASSERT_TRUE_FATAL(test_wait(sw_shown, d, MS));
        } else {
            g_usleep(10000);
        }
        d = move(d);
        CU_ASSERT_TRUE_FATAL(test_wait(sw_shown, d, MS));
        CU_ASSERT_EQUAL(rd(d, 0x400c4), 0xabcd);
        CU_ASSERT_EQUAL(get32(d, FENCE), 0);
        wr(d, 0x400c0, 0x80600008);
        wr(d, 0x40108, 0x00800000);
        finish(d);
        dev_free(d);
    }
}

static bool fault_shown(void *arg)
{
    return rd(arg, 0x2100) & 1 << 28;
}

/* A fault that waits: shown after the move; the channel does not run. */
static void test_fault(void)
{
    Dev *d = dev_new(VRAM);
    uint32_t before[4], get;

    dev_start(d);
    submit(d);                      /* empty: the ring entry after it faults */
    mem32(d, RING + 8 * d->put, 0x40000000);
    mem32(d, RING + 8 * d->put + 4, 64 << 8);
    d->put++;
    gpuvm_board_userd_write(d->b, 0x8c, d->put, 4);
    CU_ASSERT_TRUE_FATAL(test_wait(fault_shown, d, MS));
    for (unsigned i = 0; i < 4; i++) {
        before[i] = rd(d, 0x2800 + 8 * 0x10 + 4 * i);
    }
    get = gpuvm_board_userd_read(d->b, 0x88, 4);
    d = move(d);
    CU_ASSERT_TRUE(fault_shown(d));
    for (unsigned i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(rd(d, 0x2800 + 8 * 0x10 + 4 * i), before[i]);
    }
    CU_ASSERT_EQUAL(gpuvm_board_userd_read(d->b, 0x88, 4), get);
    fence(d, 0xfe);
    g_usleep(10000);
    CU_ASSERT_EQUAL(get32(d, FENCE), 0);
    dev_free(d);
}

/* PTIMER goes on from where the guest set it; registers keep their values. */
static void test_board(void)
{
    Dev *d = dev_new(VRAM);
    uint32_t t;

    dev_start(d);
    wr(d, 0x9410, 0x1234);
    wr(d, 0x9400, 0);
    wr(d, 0x1700, 0x100);           /* PRAMIN window */
    t = rd(d, 0x9410);
    CU_ASSERT_EQUAL(t, 0x1234);
    mem32(d, 0x100000 + 0x40, 0xfeedf00d);
    wr(d, 0x1700, 0x10);
    d = move(d);
    CU_ASSERT_EQUAL(rd(d, 0x9410), 0x1234);
    CU_ASSERT_EQUAL(rd(d, 0x1700), 0x10);
    CU_ASSERT_EQUAL(rd(d, 0x700040), 0xfeedf00d);
    CU_ASSERT_EQUAL(rd(d, 0x3000), 0xc0000000 | INST >> 12);
    CU_ASSERT_EQUAL(rd(d, 0x0), 0x0c0c00a3);
    dev_free(d);
}

/* A copy of 16 TiB onto itself: the stop ends it, for good. */
static void test_endless(void)
{
    Dev *d = dev_new(VRAM);
    uint8_t there[4096];
    gint64 start;

    dev_start(d);
    memset(d->vram + SCRATCH, 0x11, 4096);
    bind_classes(d);
    addr(d, S_M2MF, 0x0238, UPLOAD);
    addr(d, S_M2MF, 0x030c, SCRATCH);
    m(d, S_M2MF, 0x0314, 0);                /* pitches */
    m(d, S_M2MF, 0x0318, 0);
    m(d, S_M2MF, 0x031c, 4096);
    m(d, S_M2MF, 0x0320, ~0u);
    m(d, S_M2MF, 0x0300, 0x00000110);
    fence(d, 0xfe);
    g_usleep(50000);
    start = g_get_monotonic_time();
    gpuvm_vm_set_running(d->vm, false);
    CU_ASSERT(g_get_monotonic_time() - start < 15000000);
    memset(d->vram + SCRATCH, 0x22, 4096);
    memcpy(there, d->vram + UPLOAD, 4096);
    g_usleep(50000);
    CU_ASSERT_EQUAL(memcmp(there, d->vram + UPLOAD, 4096), 0);
    CU_ASSERT_EQUAL(get32(d, FENCE), 0);
    d = move(d);
    g_usleep(10000);
    CU_ASSERT_EQUAL(get32(d, UPLOAD), 0x11111111);
    CU_ASSERT_EQUAL(get32(d, FENCE), 0);
    dev_free(d);
}

/* ---- bad streams ------------------------------------------------------------------------------ */

static GByteArray *busy_stream(void)
{
    Dev *d = dev_new(VRAM);
    GByteArray *s;

    dev_start(d);
    grid_setup(d);
    m(d, S_COMPUTE, 0x0368, 0x1000);
    submit(d);
    fence(d, 0xfe);
    g_usleep(3000);
    s = save(d);
    dev_free(d);
    return s;
}

/* The device is as good as new. */
static void still_works(Dev *d)
{
    gpuvm_vm_set_running(d->vm, false);
    gpuvm_board_reset(d->b);
    memset(d->vram, 0, VRAM);
    d->put = 0;
    gpuvm_vm_set_running(d->vm, true);
    dev_start(d);
    fence(d, 0xfe);
    finish(d);
}

static void test_truncated(void)
{
    GByteArray *s = busy_stream();
    GRand *rnd = g_rand_new_with_seed(3);
    Dev *d = dev_new(VRAM);

    for (unsigned i = 0; i < 150; i++) {
        size_t len = i < 60 ? i : (size_t)g_rand_int_range(rnd, 0, s->len);
        char *err = NULL;

        CU_ASSERT_FALSE(load(d, s->data, len, &err));
        CU_ASSERT_PTR_NOT_NULL(err);
        g_free(err);
    }
    still_works(d);
    dev_free(d);
    g_byte_array_unref(s);
    g_rand_free(rnd);
}

/* Changed bytes: refused, or loaded and run without harm to us. */
static void test_garbage(void)
{
    GByteArray *s = busy_stream();
    GRand *rnd = g_rand_new_with_seed(4);
    Dev *d = dev_new(VRAM);
    unsigned loaded = 0;

    for (unsigned i = 0; i < 300; i++) {
        uint8_t *bad = g_memdup2(s->data, s->len);
        unsigned n = g_rand_int_range(rnd, 1, 4);
        char *err = NULL;

        while (n--) {
            /* most of it is code memory and registers: prefer the ends */
            uint32_t at = g_rand_int_range(rnd, 0, g_rand_boolean(rnd) ?
                                           MIN(4000, s->len) : s->len);

            bad[at] = g_rand_boolean(rnd) ? g_rand_int(rnd) :
                      bad[at] ^ 1u << g_rand_int_range(rnd, 0, 8);
        }
        if (load(d, bad, s->len, &err)) {
            loaded++;
            gpuvm_vm_set_running(d->vm, true);
            g_usleep(500);
        }
        g_free(err);
        g_free(bad);
    }
    CU_ASSERT(loaded > 0);
    still_works(d);
    dev_free(d);
    g_byte_array_unref(s);
    g_rand_free(rnd);
}

/* A VM of another size, a GPU that has no saved state. */
static void test_refused(void)
{
    GpuvmGpuConfig gcfg = { .vram_size = VRAM };
    GpuvmVmConfig vcfg = { .name = "mock", .vram_size = VRAM };
    GByteArray *s = busy_stream(), *out = g_byte_array_new();
    Dev *d = dev_new(2 * VRAM);
    GpuvmXfer x;
    char *err = NULL;

    CU_ASSERT_FALSE(load(d, s->data, s->len, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "16 MiB"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "one has 32"));
    g_clear_pointer(&err, g_free);
    /* it runs: no state to be had */
    gpuvm_vm_set_running(d->vm, true);
    gpuvm_xfer_saver(&x, out);
    gpuvm_vm_xfer(d->vm, &x);
    CU_ASSERT_FALSE(gpuvm_xfer_finish(&x, &err));
    g_clear_pointer(&err, g_free);
    dev_free(d);

    d = g_new0(Dev, 1);
    d->th = test_host_new(0, 1 << 20);
    vcfg.host = &d->th->host;
    vcfg.gpu = gpuvm_gpu_open("mock", &gcfg, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(vcfg.gpu);
    d->vm = gpuvm_vm_new(&vcfg, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d->vm);
    CU_ASSERT_FALSE(gpuvm_vm_can_save(d->vm, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "mock"));
    g_free(err);
    gpuvm_vm_free(d->vm);
    vcfg.gpu->ops->close(vcfg.gpu);
    test_host_free(d->th);
    g_free(d);
    g_byte_array_unref(s);
    g_byte_array_unref(out);
}

static CU_TestInfo state_tests[] = {
    { "a grid in flight, stopped anywhere", test_grid },
    { "saved, loaded, saved: the same", test_identity },
    { "a bar", test_barred },
    { "stopped right after a start", test_restless },
    { "a packet split across pushes", test_split_packet },
    { "a macro that launches and starves", test_macro },
    { "a failed semaphore", test_semaphore },
    { "a software method", test_software_method },
    { "a fault", test_fault },
    { "registers and PTIMER", test_board },
    { "a copy that does not end", test_endless },
    { "streams cut short", test_truncated },
    { "changed streams", test_garbage },
    { "what is refused", test_refused },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "state", NULL, NULL, NULL, NULL, state_tests },
    CU_SUITE_INFO_NULL,
};
