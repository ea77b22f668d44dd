/*
 * The PBDMA: every type of method header, packets over several pushes, host
 * methods, semaphores, faults, garbage.
 *
 * Methods of an unbound subchannel come out as software methods, which shows
 * exactly what was delivered: each test writes words and compares a line like
 * "3/400=1 3/404=2" (subchannel/method=data).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <string.h>

#include "soft/engine.h"
#include "soft/soft.h"
#include "spec/classes.h"
#include "spec/fault.h"
#include "spec/host_methods.h"
#include "spec/pbdma_regs.h"
#include "spec/pushbuf.h"

#define VRAM_SIZE (1u << 20)
#define RAM_BASE  0x40000000u
#define RAM_SIZE  0x10000u
#define RAM_VA    0x50000000u
#define SEM_OFF   0x8000u           /* in VRAM */

typedef struct Env {
    TestHost *th;
    SoftBench b;
    const GpuvmGpuOps *ops;
    uint32_t *vram;
} Env;

typedef struct Chan {
    Env *e;
    GpuvmGpuChan *chan;
    GMutex lock;
    GCond cond;
    GString *line;          /* software methods delivered */
    bool has_stopped;
    GpuvmStop stop;
    GpuvmFault fault;
    unsigned nonstall, starts;
    GpuvmEngine engine;
} Chan;

static void on_event(void *opaque, const GpuvmGpuEvent *ev)
{
    Chan *c = opaque;

    g_mutex_lock(&c->lock);
    switch (ev->type) {
    case GPUVM_EV_STARTED:
        c->starts++;
        break;
    case GPUVM_EV_STOPPED:
        c->stop = ev->stop;
        c->has_stopped = true;
        g_cond_signal(&c->cond);
        break;
    case GPUVM_EV_NONSTALL:
        c->nonstall++;
        c->engine = ev->engine;
        break;
    case GPUVM_EV_FAULT:
        c->fault = ev->fault;
        break;
    case GPUVM_EV_SW_METHOD:
        g_string_append_printf(c->line, "%s%u/%x=%x", c->line->len ? " " : "",
                               ev->sw.subc, ev->sw.method, ev->sw.data);
        break;
    }
    g_mutex_unlock(&c->lock);
}

static void env_open(Env *e)
{
    GpuvmBind ram = {
        .va = RAM_VA, .size = RAM_SIZE, .addr = RAM_BASE,
        .target = GPUVM_TARGET_SYSRAM, .page_size = 4096,
    };

    e->th = test_host_new(RAM_BASE, RAM_SIZE);
    CU_ASSERT_EQUAL_FATAL(gpuvm_soft_bench_open(&e->b, &e->th->host,
                                                VRAM_SIZE, 1), 0);
    e->ops = e->b.gpu->ops;
    e->vram = e->b.slice.map;
    e->ops->as_bind(e->b.as, &ram, 1);
}

static void env_close(Env *e)
{
    gpuvm_soft_bench_close(&e->b);
    test_host_free(e->th);
}

static void chan_open(Env *e, Chan *c, uint32_t engines)
{
    GpuvmGpuChanConfig cfg = {
        .engines = engines, .event = on_event, .opaque = c,
    };

    *c = (Chan) { .e = e };
    g_mutex_init(&c->lock);
    g_cond_init(&c->cond);
    c->line = g_string_new(NULL);
    CU_ASSERT_EQUAL_FATAL(e->ops->chan_create(e->b.as, &cfg, &c->chan), 0);
}

static void chan_close(Chan *c)
{
    c->e->ops->chan_destroy(c->chan);
    g_string_free(c->line, TRUE);
    g_mutex_clear(&c->lock);
    g_cond_clear(&c->cond);
}

static void open_all(Env *e, Chan *c)
{
    env_open(e);
    chan_open(e, c, GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR) |
                    GPUVM_ENGINE_BIT(GPUVM_ENGINE_SW));
}

static void close_all(Env *e, Chan *c)
{
    chan_close(c);
    env_close(e);
}

/* Waits for the next STOPPED; software methods are resumed if @resume. */
static GpuvmStop wait_stop_if(Chan *c, bool resume)
{
    gint64 end = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;
    GpuvmStop stop = -1;
    bool timeout = false;

    do {
        g_mutex_lock(&c->lock);
        while (!c->has_stopped && !timeout) {
            timeout = !g_cond_wait_until(&c->cond, &c->lock, end);
        }
        stop = c->has_stopped ? c->stop : (GpuvmStop)-1;
        c->has_stopped = false;
        g_mutex_unlock(&c->lock);
        if (resume && stop == GPUVM_STOP_SW_METHOD) {
            c->e->ops->chan_resume(c->chan);
        }
    } while (resume && stop == GPUVM_STOP_SW_METHOD);
    return stop;
}

static GpuvmStop wait_stop(Chan *c)
{
    return wait_stop_if(c, true);
}

/* Copies @words to VRAM at @off and names them as a push. */
static GpuvmPush put(Env *e, unsigned off, const uint32_t *words, size_t n)
{
    memcpy(e->vram + off / 4, words, n * 4);
    return (GpuvmPush) { .va = e->b.va + off, .dwords = n };
}

static GpuvmStop run(Chan *c, const uint32_t *words, size_t n)
{
    GpuvmPush p = put(c->e, 0, words, n);

    g_string_truncate(c->line, 0);
    CU_ASSERT_EQUAL(c->e->ops->chan_submit(c->chan, &p, 1), 0);
    return wait_stop(c);
}

#define RUN(c, ...) ({                                                   \
        const uint32_t words_[] = { __VA_ARGS__ };                       \
        run(c, words_, G_N_ELEMENTS(words_));                            \
    })

#define CHECK(c, expected, ...) do {                                     \
        CU_ASSERT_EQUAL(RUN(c, __VA_ARGS__), GPUVM_STOP_DONE);           \
        CU_ASSERT_STRING_EQUAL((c)->line->str, expected);                \
    } while (0)

#define H(type, subc, mthd, count) \
    nvc0_pb_header(NVC0_PB_TYPE_##type, subc, mthd, count)
#define OLD(type, subc, mthd, count)                                     \
    (NVC0_PB_TYPE_OLD_##type << NVC0_PB_TYPE_SHIFT |                     \
     (count) << NVC0_PB_OLD_COUNT_SHIFT |                                \
     (subc) << NVC0_PB_SUBC_SHIFT | (mthd))

static void test_headers(void)
{
    Env e;
    Chan c;

    open_all(&e, &c);
    CHECK(&c, "3/400=1 3/404=2 3/408=3", H(INCR, 3, 0x400, 3), 1, 2, 3);
    CHECK(&c, "5/644=7 5/644=8", H(NONINCR, 5, 0x644, 2), 7, 8);
    CHECK(&c, "1/3ffc=1 1/3ffc=2", H(NONINCR, 1, 0x3ffc, 2), 1, 2);
    CHECK(&c, "2/500=1 2/504=2 2/504=3", H(INCR_ONCE, 2, 0x500, 3), 1, 2, 3);
    CHECK(&c, "7/100=1fff 0/104=0", H(IMMEDIATE, 7, 0x100, 0x1fff),
          H(IMMEDIATE, 0, 0x104, 0));
    CHECK(&c, "6/200=a 6/204=b", OLD(INCR, 6, 0x200, 2), 10, 11);
    CHECK(&c, "6/200=a 6/200=b", OLD(NONINCR, 6, 0x200, 2), 10, 11);
    CHECK(&c, "4/1ffc=9", OLD(INCR, 4, 0x1ffc, 1), 9);
    close_all(&e, &c);
}

static void test_nops(void)
{
    Env e;
    Chan c;

    open_all(&e, &c);
    CHECK(&c, "", NVC0_PB_NOP, NVC0_PB_NOP);
    /* empty packets of each kind, then SLI mask operations: no data */
    CHECK(&c, "1/100=5", H(INCR, 3, 0x400, 0), H(NONINCR, 3, 0x400, 0),
          H(INCR_ONCE, 3, 0x400, 0), OLD(NONINCR, 3, 0x400, 0),
          0x0001fff0, 0x0ffe0000, 0x0003e004, H(IMMEDIATE, 1, 0x100, 5));
    close_all(&e, &c);
}

static void test_end_segment(void)
{
    const uint32_t a[] = { H(IMMEDIATE, 1, 0x100, 1), 0xe0000000,
                           H(IMMEDIATE, 1, 0x100, 2), 0xdfffffff };
    const uint32_t b[] = { H(IMMEDIATE, 1, 0x100, 3) };
    GpuvmPosition pos;
    GpuvmPush p[2];
    Env e;
    Chan c;

    open_all(&e, &c);
    p[0] = put(&e, 0, a, G_N_ELEMENTS(a));
    p[1] = put(&e, 0x100, b, G_N_ELEMENTS(b));
    CU_ASSERT_EQUAL(e.ops->chan_submit(c.chan, p, 2), 0);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_DONE);
    CU_ASSERT_STRING_EQUAL(c.line->str, "1/100=1 1/100=3");
    e.ops->chan_position(c.chan, &pos);
    CU_ASSERT_EQUAL(pos.pushes_done, 2);
    CU_ASSERT_EQUAL(pos.get_va, p[1].va + 4);
    close_all(&e, &c);
}

static void test_reserved(void)
{
    uint32_t bad = NVC0_PB_TYPE_RESERVED << NVC0_PB_TYPE_SHIFT | 0x12a345;
    Env e;
    Chan c;

    open_all(&e, &c);
    CU_ASSERT_EQUAL(RUN(&c, H(IMMEDIATE, 1, 0x100, 1), bad,
                        H(IMMEDIATE, 1, 0x100, 2)), GPUVM_STOP_FAULTED);
    CU_ASSERT_STRING_EQUAL(c.line->str, "1/100=1");
    CU_ASSERT_EQUAL(c.fault.kind, GPUVM_FAULT_PBDMA);
    CU_ASSERT_EQUAL(c.fault.bits, NV_PBDMA_INTR_ILLEGAL_CMD);
    CU_ASSERT_EQUAL(c.fault.data, bad);
    CU_ASSERT_TRUE(gpuvm_counter(&e.th->host.counters,
                                 GPUVM_CNT_GUEST_ERRORS) > 0);
    close_all(&e, &c);
}

/* One packet over four pushes, one of them empty. */
static void test_split_packet(void)
{
    const uint32_t head[] = { H(INCR_ONCE, 3, 0x400, 4) };
    const uint32_t one[] = { 0x11 }, rest[] = { 0x22, 0x33, 0x44,
                                                H(IMMEDIATE, 0, 0x100, 9) };
    GpuvmPush p[4];
    Env e;
    Chan c;

    open_all(&e, &c);
    p[0] = put(&e, 0x000, head, 1);
    p[1] = put(&e, 0x100, one, 1);
    p[2] = (GpuvmPush) { .va = 0 };
    p[3] = put(&e, 0x200, rest, G_N_ELEMENTS(rest));
    p[3].flags = GPUVM_PUSH_NO_PREFETCH;
    CU_ASSERT_EQUAL(e.ops->chan_submit(c.chan, p, 1), 0);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_DONE);
    CU_ASSERT_STRING_EQUAL(c.line->str, "");
    CU_ASSERT_EQUAL(e.ops->chan_submit(c.chan, p + 1, 3), 0);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_DONE);
    CU_ASSERT_STRING_EQUAL(c.line->str,
                           "3/400=11 3/404=22 3/404=33 3/404=44 0/100=9");
    close_all(&e, &c);
}

static void test_null_pushes(void)
{
    GpuvmPush p[100] = { { 0 } };
    GpuvmPosition pos;
    Env e;
    Chan c;

    open_all(&e, &c);
    CU_ASSERT_EQUAL(e.ops->chan_submit(c.chan, p, 100), 0);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_DONE);
    e.ops->chan_position(c.chan, &pos);
    CU_ASSERT_EQUAL(pos.pushes_done, 100);
    CU_ASSERT_EQUAL(pos.get_va, 0);
    CU_ASSERT_EQUAL(c.starts, 1);
    close_all(&e, &c);
}

static void test_host_methods(void)
{
    GpuvmPosition pos;
    Env e;
    Chan c;

    open_all(&e, &c);
    CHECK(&c, "", H(INCR, 2, NV906F_SET_REFERENCE, 1), 0xabcd1234,
          H(IMMEDIATE, 0, NV906F_NOP, 1), H(IMMEDIATE, 0, NV906F_YIELD, 0),
          H(INCR, 0, NV906F_WRITE_CACHE_FLUSH, 3), 1, 2, 3,
          H(IMMEDIATE, 3, NV906F_NON_STALL_INTERRUPT, 0));
    e.ops->chan_position(c.chan, &pos);
    CU_ASSERT_EQUAL(pos.ref, 0xabcd1234);
    CU_ASSERT_EQUAL(c.nonstall, 1);
    CU_ASSERT_EQUAL(c.engine, GPUVM_ENGINE_GR);
    CU_ASSERT_EQUAL(gpuvm_counter(&e.th->host.counters, GPUVM_CNT_NONSTALL),
                    1);
    CU_ASSERT_EQUAL(RUN(&c, H(INCR, 6, 0x60, 1), 0x77), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(c.fault.kind, GPUVM_FAULT_PBDMA);
    CU_ASSERT_EQUAL(c.fault.bits, NV_PBDMA_INTR_ILLEGAL_MTHD);
    CU_ASSERT_EQUAL(c.fault.subc, 6);
    CU_ASSERT_EQUAL(c.fault.method, 0x60);
    CU_ASSERT_EQUAL(c.fault.data, 0x77);
    close_all(&e, &c);
}

static uint32_t object(uint16_t cls, GpuvmEngine engine)
{
    return (uint32_t)engine << NV906F_SET_OBJECT_ENGINE_SHIFT | cls;
}

static void expect_bad_class(uint32_t engines, uint32_t data)
{
    Env e;
    Chan c;

    env_open(&e);
    chan_open(&e, &c, engines);
    CU_ASSERT_EQUAL(RUN(&c, H(INCR, 5, NV906F_SET_OBJECT, 1), data),
                    GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(c.fault.kind, GPUVM_FAULT_GR_CLASS);
    CU_ASSERT_EQUAL(c.fault.subc, 5);
    CU_ASSERT_EQUAL(c.fault.data, data & 0xffff);
    close_all(&e, &c);
}

static void test_set_object(void)
{
    uint32_t gr = GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR);
    uint32_t ce = GPUVM_ENGINE_BIT(GPUVM_ENGINE_CE0);
    Env e;
    Chan c;

    expect_bad_class(gr, object(0x1234, GPUVM_ENGINE_GR));
    expect_bad_class(gr, object(0, GPUVM_ENGINE_GR));
    expect_bad_class(gr, object(GF100_CLASS_M2MF, 1));      /* MSPDEC */
    expect_bad_class(gr, object(GF100_CLASS_CE0, GPUVM_ENGINE_GR));
    expect_bad_class(gr, object(GF100_CLASS_CE0, GPUVM_ENGINE_CE0));
    expect_bad_class(ce, object(GF100_CLASS_M2MF, GPUVM_ENGINE_GR));
    expect_bad_class(ce | gr, object(GF100_CLASS_M2MF, GPUVM_ENGINE_CE0));

    env_open(&e);
    chan_open(&e, &c, ce | gr | GPUVM_ENGINE_BIT(GPUVM_ENGINE_SW));
    CHECK(&c, "7/644=1", H(INCR, 7, NV906F_SET_OBJECT, 1), 0x001f906e,
          H(IMMEDIATE, 7, 0x644, 1));
    /* a bound subchannel raises its engine's interrupt; rebinding to SW
     * makes its methods software methods again */
    CHECK(&c, "1/644=2",
          H(INCR, 1, NV906F_SET_OBJECT, 1),
          object(GF100_CLASS_CE0, GPUVM_ENGINE_CE0),
          H(INCR, 2, NV906F_SET_OBJECT, 1),
          object(GF100_CLASS_M2MF, GPUVM_ENGINE_GR),
          H(IMMEDIATE, 1, NV906F_NON_STALL_INTERRUPT, 0),
          H(INCR, 1, NV906F_SET_OBJECT, 1), 0x001f906e,
          H(IMMEDIATE, 1, 0x644, 2));
    CU_ASSERT_EQUAL(c.engine, GPUVM_ENGINE_CE0);
    CHECK(&c, "", H(IMMEDIATE, 2, NV906F_NON_STALL_INTERRUPT, 0));
    CU_ASSERT_EQUAL(c.engine, GPUVM_ENGINE_GR);
    close_all(&e, &c);
}

#define SEM(e, off, payload, op)                                         \
    H(INCR, 0, NV906F_SEMAPHORE_ADDRESS_HIGH, 4), 0,                     \
    (uint32_t)((e)->b.va + (off)), payload, op

static void test_release(void)
{
    uint32_t *sem;
    uint64_t time;
    Env e;
    Chan c;

    open_all(&e, &c);
    e.th->use_fake_clock = true;
    e.th->fake_ns = 0x123456789a;
    e.th->host.ptimer_offset = 0x1000;
    sem = e.vram + SEM_OFF / 4;
    memset(sem, 0xff, 32);
    CHECK(&c, "", SEM(&e, SEM_OFF, 42, NV906F_SEMAPHORE_RELEASE));
    memcpy(&time, sem + 2, 8);
    CU_ASSERT_EQUAL(sem[0], 42);
    CU_ASSERT_EQUAL(sem[1], 0);
    CU_ASSERT_EQUAL(time, 0x123456889a);
    CU_ASSERT_EQUAL(sem[4], 0xffffffff);
    CHECK(&c, "", SEM(&e, SEM_OFF + 20, 43, NV906F_SEMAPHORE_RELEASE |
                      NV906F_SEMAPHORE_4BYTE | NV906F_SEMAPHORE_NO_WFI));
    CU_ASSERT_EQUAL(sem[5], 43);
    CU_ASSERT_EQUAL(sem[6], 0xffffffff);
    /* nouveau's fence: release, then the interrupt, in one packet */
    CHECK(&c, "", H(INCR, 0, NV906F_SEMAPHORE_ADDRESS_HIGH, 5), 0,
          (uint32_t)(e.b.va + SEM_OFF), 44, NV906F_SEMAPHORE_RELEASE, 0);
    CU_ASSERT_EQUAL(sem[0], 44);
    CU_ASSERT_EQUAL(c.nonstall, 1);
    CU_ASSERT_EQUAL(RUN(&c, SEM(&e, SEM_OFF, 1, 3)), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(c.fault.kind, GPUVM_FAULT_PBDMA);
    close_all(&e, &c);
}

/* In guest RAM: the host learns of the page before the channel has stopped. */
static void test_release_ram(void)
{
    Env e;
    Chan c;

    open_all(&e, &c);
    CHECK(&c, "", H(INCR, 0, NV906F_SEMAPHORE_ADDRESS_HIGH, 4), 0,
          RAM_VA + 0x10, 42, NV906F_SEMAPHORE_RELEASE);
    CU_ASSERT_EQUAL(((uint32_t *)e.th->ram)[4], 42);
    CU_ASSERT_TRUE(e.th->dirty_bytes >= 0x1000);
    close_all(&e, &c);
}

/* Whether an acquire of @payload by @op goes through when @mem is there. */
static bool goes_through(uint32_t mem, uint32_t payload, uint32_t op)
{
    GpuvmStop stop;
    Env e;
    Chan c;

    open_all(&e, &c);
    e.vram[SEM_OFF / 4] = mem;
    stop = RUN(&c, SEM(&e, SEM_OFF, payload, op));
    CU_ASSERT_TRUE(stop == GPUVM_STOP_DONE || stop == GPUVM_STOP_BLOCKED);
    close_all(&e, &c);
    return stop == GPUVM_STOP_DONE;
}

static void test_acquire(void)
{
    uint32_t eq = NV906F_SEMAPHORE_ACQUIRE_EQ;
    uint32_t ge = NV906F_SEMAPHORE_ACQUIRE_GE | NV906F_SEMAPHORE_SWITCH;
    uint32_t mask = NV906F_SEMAPHORE_ACQUIRE_MASK;

    CU_ASSERT_TRUE(goes_through(5, 5, eq));
    CU_ASSERT_FALSE(goes_through(6, 5, eq));
    CU_ASSERT_TRUE(goes_through(5, 5, ge));
    CU_ASSERT_TRUE(goes_through(6, 5, ge));
    CU_ASSERT_FALSE(goes_through(4, 5, ge));
    CU_ASSERT_TRUE(goes_through(5, 0xfffffffe, ge));        /* wrapped */
    CU_ASSERT_FALSE(goes_through(0xfffffffe, 5, ge));
    CU_ASSERT_TRUE(goes_through(0x84, 0x80, mask));
    CU_ASSERT_FALSE(goes_through(0x7f, 0x80, mask));
}

/* A waits for B's release and B for A's answer; C is never held up. */
static void test_ping_pong(void)
{
    uint32_t op = NV906F_SEMAPHORE_ACQUIRE_GE;
    uint32_t rel = NV906F_SEMAPHORE_RELEASE | NV906F_SEMAPHORE_4BYTE;
    g_autofree uint32_t *wa = g_new(uint32_t, 200 * 10);
    g_autofree uint32_t *wb = g_new(uint32_t, 200 * 10);
    unsigned na = 0, nb = 0, i, k;
    GpuvmPush pa, pb;
    Chan a, b;
    Env e;

    open_all(&e, &a);
    chan_open(&e, &b, 0);
    for (i = 1; i <= 200; i++) {
        const uint32_t ping[] = { SEM(&e, SEM_OFF, i, op),
                                  SEM(&e, SEM_OFF + 4, i, rel) };
        const uint32_t pong[] = { SEM(&e, SEM_OFF, i, rel),
                                  SEM(&e, SEM_OFF + 4, i, op) };

        for (k = 0; k < 10; k++) {
            wa[na++] = ping[k];
            wb[nb++] = pong[k];
        }
    }
    pa = put(&e, 0x10000, wa, na);
    pb = put(&e, 0x20000, wb, nb);
    e.ops->chan_submit(a.chan, &pa, 1);
    CU_ASSERT_EQUAL(wait_stop(&a), GPUVM_STOP_BLOCKED);
    e.ops->chan_submit(b.chan, &pb, 1);
    while ((i = wait_stop(&b)) == GPUVM_STOP_BLOCKED) {
        continue;
    }
    CU_ASSERT_EQUAL(i, GPUVM_STOP_DONE);
    for (i = 0; i < 20000 && e.vram[SEM_OFF / 4 + 1] != 200; i++) {
        g_usleep(100);
    }
    CU_ASSERT_EQUAL(e.vram[SEM_OFF / 4 + 1], 200);
    chan_close(&b);
    close_all(&e, &a);
}

/* What follows an acquire is read after it, in its own segment and later. */
static void test_late_write(void)
{
    const uint32_t first[] = {
        H(INCR, 0, NV906F_SEMAPHORE_ADDRESS_HIGH, 4), 0,
        SOFT_BENCH_VA + SEM_OFF, 1, NV906F_SEMAPHORE_ACQUIRE_EQ,
        H(IMMEDIATE, 1, 0x100, 1),
    };
    const uint32_t second[] = { H(IMMEDIATE, 1, 0x100, 2) };
    GpuvmPush p[2];
    Env e;
    Chan c;

    open_all(&e, &c);
    p[0] = put(&e, 0, first, G_N_ELEMENTS(first));
    p[1] = put(&e, 0x1000, second, 1);
    p[1].flags = GPUVM_PUSH_NO_PREFETCH;
    CU_ASSERT_EQUAL(e.ops->chan_submit(c.chan, p, 2), 0);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_BLOCKED);
    e.vram[5] = H(IMMEDIATE, 1, 0x100, 3);
    e.vram[0x1000 / 4] = H(IMMEDIATE, 1, 0x100, 4);
    __atomic_store_n(&e.vram[SEM_OFF / 4], 1, __ATOMIC_RELEASE);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_DONE);
    CU_ASSERT_STRING_EQUAL(c.line->str, "1/100=3 1/100=4");
    close_all(&e, &c);
}

static void test_fetch_fault(void)
{
    const uint32_t last[] = { H(IMMEDIATE, 1, 0x100, 7) };
    GpuvmPush p;
    Env e;
    Chan c;

    open_all(&e, &c);
    /* the last word of VRAM is executed, the page after it faults */
    p = put(&e, VRAM_SIZE - 4, last, 1);
    p.dwords = 2;
    CU_ASSERT_EQUAL(e.ops->chan_submit(c.chan, &p, 1), 0);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_FAULTED);
    CU_ASSERT_STRING_EQUAL(c.line->str, "1/100=7");
    CU_ASSERT_EQUAL(c.fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(c.fault.va, e.b.va + VRAM_SIZE);
    CU_ASSERT_EQUAL(c.fault.reason, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    CU_ASSERT_EQUAL(c.fault.unit, NVC0_FAULT_UNIT_PBDMA0);
    CU_ASSERT_EQUAL(c.fault.client, NVC0_FAULT_HUB_PFIFO);
    CU_ASSERT_TRUE(c.fault.hub);
    CU_ASSERT_FALSE(c.fault.write);
    chan_close(&c);

    chan_open(&e, &c, 0);
    p = (GpuvmPush) { .va = UINT64_MAX - 3, .dwords = UINT32_MAX };
    CU_ASSERT_EQUAL(e.ops->chan_submit(c.chan, &p, 1), 0);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(c.fault.reason, NVC0_FAULT_REASON_VM_LIMIT);
    chan_close(&c);

    chan_open(&e, &c, 0);
    CU_ASSERT_EQUAL(RUN(&c, H(INCR, 0, NV906F_SEMAPHORE_ADDRESS_HIGH, 4),
                        0xff, 0x1000, 1, NV906F_SEMAPHORE_RELEASE),
                    GPUVM_STOP_FAULTED);
    CU_ASSERT_EQUAL(c.fault.kind, GPUVM_FAULT_MMU);
    CU_ASSERT_EQUAL(c.fault.va, UINT64_C(0xff00001000));
    CU_ASSERT_TRUE(c.fault.write);
    close_all(&e, &c);
}

/* Software methods stop the channel before the next word is executed. */
static void test_sw_stops(void)
{
    const uint32_t w[] = { H(IMMEDIATE, 7, 0x644, 1),
                           H(INCR, 0, NV906F_SET_REFERENCE, 1), 99 };
    GpuvmPosition pos;
    GpuvmPush p;
    Env e;
    Chan c;

    open_all(&e, &c);
    p = put(&e, 0, w, G_N_ELEMENTS(w));
    e.ops->chan_submit(c.chan, &p, 1);
    CU_ASSERT_EQUAL(wait_stop_if(&c, false), GPUVM_STOP_SW_METHOD);
    e.ops->chan_position(c.chan, &pos);
    CU_ASSERT_EQUAL(pos.ref, 0);
    CU_ASSERT_EQUAL(pos.pushes_done, 0);
    CU_ASSERT_EQUAL(pos.get_va, p.va + 4);
    e.ops->chan_resume(c.chan);
    CU_ASSERT_EQUAL(wait_stop(&c), GPUVM_STOP_DONE);
    e.ops->chan_position(c.chan, &pos);
    CU_ASSERT_EQUAL(pos.ref, 99);
    close_all(&e, &c);
}

/*
 * Garbage: 100,000 random words.  What is left after a fault or a blocking
 * acquire is given to a new channel, until all words were reached; every
 * second channel binds classes to four subchannels first.
 */
#define FUZZ_ROUNDS 200
#define FUZZ_WORDS  500
#define FUZZ_BIND   0x10000         /* where the binding push is */

static unsigned put_binds(Env *e)
{
    static const uint16_t classes[] = {
        GF100_CLASS_3D, GF100_CLASS_COMPUTE, GF100_CLASS_M2MF, GF100_CLASS_2D,
    };
    uint32_t w[2 * G_N_ELEMENTS(classes)];
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(classes); i++) {
        w[2 * i] = H(INCR, i, NV906F_SET_OBJECT, 1);
        w[2 * i + 1] = classes[i];
    }
    put(e, FUZZ_BIND, w, G_N_ELEMENTS(w));
    return G_N_ELEMENTS(w);
}

/* Runs VRAM words [from, FUZZ_WORDS); returns how far it came. */
static unsigned fuzz_run(Env *e, unsigned from, bool bind, unsigned *ends)
{
    GpuvmPush p[2] = {
        { .va = e->b.va + FUZZ_BIND, .dwords = bind ? put_binds(e) : 0 },
        { .va = e->b.va + from * 4, .dwords = FUZZ_WORDS - from },
    };
    GpuvmPosition pos;
    GpuvmStop stop;
    Chan c;

    chan_open(e, &c, GPUVM_ENGINE_BIT(GPUVM_ENGINE_GR));
    CU_ASSERT_EQUAL(e->ops->chan_submit(c.chan, p, 2), 0);
    stop = wait_stop(&c);
    CU_ASSERT_TRUE(stop == GPUVM_STOP_DONE || stop == GPUVM_STOP_FAULTED ||
                   stop == GPUVM_STOP_BLOCKED);
    ends[stop & 7]++;
    e->ops->chan_position(c.chan, &pos);
    chan_close(&c);
    return stop == GPUVM_STOP_DONE ? FUZZ_WORDS :
           MAX(from + 1, (pos.get_va - e->b.va) / 4);
}

static void test_fuzz(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(20140619);
    unsigned ends[8] = { 0 };
    unsigned round, i;
    Env e;

    env_open(&e);
    for (round = 0; round < FUZZ_ROUNDS; round++) {
        uint32_t w[FUZZ_WORDS];
        unsigned from = 0, n = 0;

        for (i = 0; i < FUZZ_WORDS; i++) {
            w[i] = g_rand_int(rand);
            /* mostly short packets, so that many are begun, and few ends
             * of the segment, which would skip the rest */
            if (g_rand_int_range(rand, 0, 4)) {
                w[i] &= ~(0x1ff8u << NVC0_PB_COUNT_SHIFT);
            }
            if (w[i] >> NVC0_PB_TYPE_SHIFT == NVC0_PB_TYPE_END_SEGMENT &&
                g_rand_int_range(rand, 0, 64)) {
                w[i] -= 2u << NVC0_PB_TYPE_SHIFT;
            }
        }
        put(&e, 0, w, FUZZ_WORDS);
        while (from < FUZZ_WORDS) {
            from = fuzz_run(&e, from, (round + n++) & 1, ends);
        }
    }
    CU_ASSERT_EQUAL(ends[GPUVM_STOP_DONE], FUZZ_ROUNDS);
    CU_ASSERT_TRUE(ends[GPUVM_STOP_FAULTED] > FUZZ_ROUNDS);
    CU_ASSERT_TRUE(gpuvm_counter(&e.th->host.counters, GPUVM_CNT_METHODS) >
                   FUZZ_ROUNDS * FUZZ_WORDS / 4);
    env_close(&e);
}

static CU_TestInfo tests[] = {
    { "headers", test_headers },
    { "NOPs and empty packets", test_nops },
    { "end of segment", test_end_segment },
    { "reserved header", test_reserved },
    { "packet over pushes", test_split_packet },
    { "null pushes", test_null_pushes },
    { "host methods", test_host_methods },
    { "set object", test_set_object },
    { "release", test_release },
    { "release into guest RAM", test_release_ram },
    { "acquire", test_acquire },
    { "semaphores between channels", test_ping_pong },
    { "commands written late", test_late_write },
    { "fetch faults", test_fetch_fault },
    { "software method stops", test_sw_stops },
    { "garbage", test_fuzz },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "PBDMA", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
