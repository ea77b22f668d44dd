/*
 * Channels (vgpu/channel.c, gpfifo.c, userd.c, events.c) on the mock GPU: from
 * the doorbell to GP_GET, kick and resume, gating, unbinding with work in
 * flight, events, hostile rings.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mock-guest.h"

#include "spec/fault.h"
#include "spec/pbdma_regs.h"

/* ---- the ring ---------------------------------------------------------------------- */

static void test_pushes(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;

    start(g, 5, 0, ORDER);
    set_runlist(g, 5, 1);
    entry(g, 5, ORDER, CODE_VA, 32, 0);
    entry(g, 5, ORDER, 0xab12345678ull, 0x1fffff, 1ull << 63);
    entry(g, 5, ORDER, CODE_VA + 0x100, 0, 0);
    entry(g, 5, ORDER, CODE_VA + 0x200 + 3, 7, 1ull << 41);
    ring(g, 5, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 4));
    CU_ASSERT_EQUAL(seen_at(0).push.va, CODE_VA);
    CU_ASSERT_EQUAL(seen_at(0).push.dwords, 32);
    CU_ASSERT_EQUAL(seen_at(0).push.flags, 0);
    CU_ASSERT_EQUAL(seen_at(1).push.va, 0xab12345678ull);
    CU_ASSERT_EQUAL(seen_at(1).push.dwords, 0x1fffff);
    CU_ASSERT_EQUAL(seen_at(1).push.flags, GPUVM_PUSH_NO_PREFETCH);
    CU_ASSERT_EQUAL(seen_at(2).push.dwords, 0);
    CU_ASSERT_EQUAL(seen_at(3).push.va, CODE_VA + 0x200);
    CU_ASSERT_EQUAL(userd(g, 5, 0x88), 0);
    CU_ASSERT_TRUE(gpuvm_chan_busy(g->vm, 5));
    advance(f.gpu, 1500);       /* one push and a half */
    CU_ASSERT_EQUAL(userd(g, 5, 0x88), 1);
    CU_ASSERT_EQUAL(userd(g, 5, 0x44), CODE_VA + 32 * 4);
    advance(f.gpu, 10000);
    CU_ASSERT_EQUAL(userd(g, 5, 0x88), 4);
    CU_ASSERT_FALSE(gpuvm_chan_busy(g->vm, 5));
    /* the last main segment was the second; the fourth is marked not main */
    CU_ASSERT_EQUAL(userd(g, 5, 0x44), 0x12345678 + 0x1fffff * 4);
    CU_ASSERT_EQUAL(userd(g, 5, 0x60), 0xab);
    CU_ASSERT_EQUAL(gpuvm_chan_userd_read(g->vm, 5, 0x88, 8), 4 | 4ull << 32);
    CU_ASSERT_EQUAL(gpuvm_chan_userd_read(g->vm, 5, 0x8c, 1), 4);
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_IB_ENTRIES), 4);
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_DOORBELLS), 1);
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_GUEST_ERRORS), 0);
    teardown(&f);
}

/* An 8-entry ring in many rounds: each entry once, in order. */
static void test_wrap(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    unsigned i, k, total = 0;

    start(g, 0, 0, ORDER);
    set_runlist(g, 0, 1);
    for (i = 0; i < 40; i++) {
        for (k = 0; k < 1 + i % 7; k++) {
            entry(g, 0, ORDER, CODE_VA + (total + k) * 64, 4, 0);
        }
        total += k;
        ring(g, 0, ORDER);
        CU_ASSERT_TRUE_FATAL(wait_seen(g, total));
        advance(f.gpu, 1000000);
        CU_ASSERT_EQUAL(userd(g, 0, 0x88), total % 8);
    }
    CU_ASSERT_EQUAL(seen->len, total);
    for (i = 0; i < total; i++) {
        CU_ASSERT_EQUAL(seen_at(i).push.va, CODE_VA + i * 64);
    }
    teardown(&f);
}

/* More entries than the GPU's queue takes: never over 1024 in flight. */
static void test_long_ring(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    unsigned i;

    start(g, 3, 0, 12);
    set_runlist(g, 3, 1);
    for (i = 0; i < 3000; i++) {
        entry(g, 3, 12, CODE_VA + i * 16, 4, 0);
    }
    ring(g, 3, 12);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 1024));
    g_usleep(5000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 1024);
    for (i = 0; i < 100 && userd(g, 3, 0x88) != 3000; i++) {
        advance(f.gpu, 1024 * 1000);
        g_usleep(2000);
    }
    CU_ASSERT_EQUAL(userd(g, 3, 0x88), 3000);
    CU_ASSERT_EQUAL(userd(g, 3, 0x44), CODE_VA + 2999 * 16 + 16);
    for (i = 0; i < 3000; i++) {
        if (seen_at(i).push.va != CODE_VA + i * 16) {
            break;
        }
    }
    CU_ASSERT_EQUAL(i, 3000);
    teardown(&f);
}

/* nouveau's main buffer lies directly below the ring: GET stays in it. */
static void test_get_main(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    uint32_t main_va = RING_VA(1) - 0x10000;

    start(g, 1, 0, ORDER);
    set_runlist(g, 1, 1);
    entry(g, 1, ORDER, main_va, 32, 0);
    entry(g, 1, ORDER, CODE_VA, 100, 0);        /* a user's, not marked */
    script(f.gpu, CODE_VA, (GpuvmMockPush) { GPUVM_MOCK_RUN, 1000000 });
    ring(g, 1, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 2));
    CU_ASSERT_EQUAL(userd(g, 1, 0x44), 0);
    advance(f.gpu, 2000);
    CU_ASSERT_EQUAL(userd(g, 1, 0x88), 1);
    CU_ASSERT_EQUAL(userd(g, 1, 0x44), main_va + 128);
    advance(f.gpu, 2000000);
    CU_ASSERT_EQUAL(userd(g, 1, 0x88), 2);
    CU_ASSERT_EQUAL(userd(g, 1, 0x44), main_va + 128);
    entry(g, 1, ORDER, main_va + 128, 10, 0);
    ring(g, 1, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 3));
    advance(f.gpu, 2000);
    CU_ASSERT_EQUAL(userd(g, 1, 0x44), main_va + 168);
    teardown(&f);
}

static void test_userd(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    uint32_t v = 0;

    /* unbound: nothing there */
    gpuvm_chan_userd_write(g->vm, 2, 0x40, 7, 4);
    CU_ASSERT_EQUAL(userd(g, 2, 0x40), 0);
    make_inst(g, 2, 0, ORDER);
    put32(g, USERD(2) + 0x88, 5);       /* a position that memory holds */
    put32(g, USERD(2) + 0x8c, 5);
    put32(g, USERD(2) + 0x44, 0x1234);
    g->put[2] = 5;
    gpuvm_chan_bind(g->vm, 2, INST(2));
    CU_ASSERT_EQUAL(userd(g, 2, 0x88), 5);
    CU_ASSERT_EQUAL(userd(g, 2, 0x44), 0x1234);
    /* storage, of any size, in the page's own memory */
    gpuvm_chan_userd_write(g->vm, 2, 0x102, 0x1122334455667788ull, 8);
    CU_ASSERT_EQUAL(gpuvm_chan_userd_read(g->vm, 2, 0x102, 8),
                    0x1122334455667788ull);
    CU_ASSERT_EQUAL(gpuvm_chan_userd_read(g->vm, 2, 0x105, 2), 0x4455);
    gpuvm_vm_vram_read(g->vm, USERD(2) + 0x104, &v, 4);
    CU_ASSERT_EQUAL(v, 0x33445566);
    /* GP_GET is the GPU's; outside the page is nothing */
    gpuvm_chan_userd_write(g->vm, 2, 0x88, 1, 4);
    CU_ASSERT_EQUAL(userd(g, 2, 0x88), 5);
    CU_ASSERT_EQUAL(gpuvm_chan_userd_read(g->vm, 2, 0xffc, 8), 0);
    CU_ASSERT_EQUAL(gpuvm_chan_userd_read(g->vm, 200, 0, 4), 0);
    CU_ASSERT_EQUAL(gpuvm_chan_userd_read(g->vm, 2, 0x5000, 4), 0);
    /* GP_PUT byte by byte */
    gpuvm_chan_set_runnable(g->vm, 2, true);
    set_runlist(g, 2, 1);
    entry(g, 2, ORDER, CODE_VA, 1, 0);
    gpuvm_chan_userd_write(g->vm, 2, 0x8c, 6, 1);
    CU_ASSERT_TRUE(wait_seen(g, 1));
    teardown(&f);
}

/* ---- gating -------------------------------------------------------------------------- */

static void test_gating(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;

    make_inst(g, 0, 0, ORDER);
    gpuvm_chan_bind(g->vm, 0, INST(0));
    entry(g, 0, ORDER, CODE_VA, 4, 0);
    ring(g, 0, ORDER);
    g_usleep(10000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 0);
    gpuvm_chan_set_runnable(g->vm, 0, true);
    g_usleep(10000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 0);
    gpuvm_chan_freeze(g->vm, 1);
    set_runlist(g, 0, 1);
    g_usleep(10000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 0);
    gpuvm_chan_freeze(g->vm, 0);
    CU_ASSERT_TRUE(wait_seen(g, 1));
    /* out of the runlist with work in flight: stopped, and later goes on */
    set_runlist(g, 0, 0);
    CU_ASSERT_TRUE(wait_count(&preempts, 1));
    advance(f.gpu, 1000000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 0);
    set_runlist(g, 0, 1);
    CU_ASSERT_TRUE(wait_count(&resumes, 1));
    advance(f.gpu, 1000000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 1);
    CU_ASSERT_EQUAL(seen->len, 1);
    teardown(&f);
}

static bool cond_kicked(void *arg)
{
    return gpuvm_chan_kicked(arg, 4);
}

static void test_kick(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;

    CU_ASSERT_TRUE(gpuvm_chan_kicked(g->vm, 4));    /* not bound */
    start(g, 4, 0, ORDER);
    set_runlist(g, 4, 1);
    gpuvm_chan_kick(g->vm, 4);          /* never ran: done in the write */
    CU_ASSERT_TRUE(gpuvm_chan_kicked(g->vm, 4));
    entry(g, 4, ORDER, CODE_VA, 4, 0);
    entry(g, 4, ORDER, CODE_VA + 64, 4, 0);
    entry(g, 4, ORDER, CODE_VA + 128, 4, 0);
    ring(g, 4, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 3));
    advance(f.gpu, 1500);
    CU_ASSERT_EQUAL(userd(g, 4, 0x88), 1);
    gpuvm_chan_kick(g->vm, 4);
    CU_ASSERT_TRUE_FATAL(wait_count(&preempts, 1));
    advance(f.gpu, 1000000);    /* it stands until it was seen to stand */
    CU_ASSERT_EQUAL(userd(g, 4, 0x88), 1);
    CU_ASSERT_EQUAL(locked_uint(&resumes), 0);
    CU_ASSERT_TRUE(test_wait(cond_kicked, g->vm, 5000));
    CU_ASSERT_TRUE_FATAL(wait_count(&resumes, 1));
    advance(f.gpu, 1000000);
    CU_ASSERT_EQUAL(userd(g, 4, 0x88), 3);
    CU_ASSERT_EQUAL(seen->len, 3);      /* nothing was given twice */
    CU_ASSERT_EQUAL(gpuvm_mock_busy_ns(f.gpu), 3000);
    gpuvm_chan_kick(g->vm, 4);          /* all done: no wait either */
    CU_ASSERT_TRUE(gpuvm_chan_kicked(g->vm, 4));
    entry(g, 4, ORDER, CODE_VA, 4, 0);  /* and seen: it may go on */
    ring(g, 4, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 4));
    advance(f.gpu, 1000000);
    CU_ASSERT_EQUAL(userd(g, 4, 0x88), 4);
    teardown(&f);
}

static void test_stop_vm(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;

    start(g, 0, 0, ORDER);
    set_runlist(g, 0, 1);
    entry(g, 0, ORDER, CODE_VA, 4, 0);
    ring(g, 0, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 1));
    advance(f.gpu, 500);
    gpuvm_vm_set_running(g->vm, false);
    CU_ASSERT_EQUAL(locked_uint(&preempts), 1);
    advance(f.gpu, 1000000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 0);
    entry(g, 0, ORDER, CODE_VA + 64, 4, 0);
    ring(g, 0, ORDER);
    g_usleep(5000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 1);
    gpuvm_vm_set_running(g->vm, true);
    CU_ASSERT_TRUE(wait_seen(g, 2));
    CU_ASSERT_TRUE(wait_count(&resumes, 1));
    advance(f.gpu, 1000000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 2);
    teardown(&f);
}

/* ---- unbind and reset ------------------------------------------------------------------- */

static void test_unbind(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    gint64 t0;

    script(f.gpu, CODE_VA + 64, (GpuvmMockPush) { GPUVM_MOCK_HANG });
    start(g, 0, 0, ORDER);
    set_runlist(g, 0, 2);
    entry(g, 0, ORDER, CODE_VA, 4, 0);
    entry(g, 0, ORDER, CODE_VA + 64, 4, 0);
    ring(g, 0, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 2));
    advance(f.gpu, 5000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 1);
    t0 = g_get_monotonic_time();
    gpuvm_chan_unbind(g->vm, 0);
    CU_ASSERT_TRUE(g_get_monotonic_time() - t0 < G_USEC_PER_SEC);
    CU_ASSERT_EQUAL(locked_uint(&destroys), 1);
    CU_ASSERT_EQUAL(gpuvm_chan_inst(g->vm, 0), UINT64_MAX);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 0);
    /* bound again: goes on at entry 1, as a suspended channel would */
    script(f.gpu, CODE_VA + 64, (GpuvmMockPush) { GPUVM_MOCK_RUN, 10 });
    gpuvm_chan_bind(g->vm, 0, INST(0));
    CU_ASSERT_EQUAL(gpuvm_chan_inst(g->vm, 0), INST(0));
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 1);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 3));
    CU_ASSERT_EQUAL(seen_at(2).push.va, CODE_VA + 64);
    advance(f.gpu, 1000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 2);
    /* another block on the same id: unbound first */
    make_inst(g, 1, 0, ORDER);
    gpuvm_chan_bind(g->vm, 0, INST(1));
    CU_ASSERT_EQUAL(gpuvm_chan_inst(g->vm, 0), INST(1));
    CU_ASSERT_EQUAL(locked_uint(&destroys), 2);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 0);
    teardown(&f);
}

static void test_resets(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    unsigned i;

    script(f.gpu, CODE_VA, (GpuvmMockPush) { GPUVM_MOCK_HANG });
    for (i = 0; i < 4; i++) {
        start(g, i, i % 2, ORDER);
        entry(g, i, ORDER, CODE_VA, 4, 0);
    }
    set_runlist(g, 0, 4);
    for (i = 0; i < 4; i++) {
        ring(g, i, ORDER);
    }
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 4));
    CU_ASSERT_EQUAL(locked_uint(&as_creates), 2);   /* two directories */
    advance(f.gpu, 100);
    /* GR is reset; only channel 2 has a GR context */
    put32(g, INST(2) + 0x210, 0x1000 | 4);
    gpuvm_chan_engine_reset(g->vm, GPUVM_ENGINE_GR);
    CU_ASSERT_EQUAL(locked_uint(&destroys), 1);
    CU_ASSERT_FALSE(gpuvm_chan_busy(g->vm, 2));
    CU_ASSERT_TRUE(gpuvm_chan_busy(g->vm, 1));
    ring(g, 2, ORDER);
    g_usleep(5000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 4);    /* dead until bound anew */
    gpuvm_chan_pfifo_reset(g->vm);
    CU_ASSERT_EQUAL(locked_uint(&destroys), 4);
    for (i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(gpuvm_chan_inst(g->vm, i), UINT64_MAX);
    }
    gpuvm_vm_reset(g->vm);
    /* bound after a reset, neither runnable nor in a runlist */
    gpuvm_chan_bind(g->vm, 1, INST(1));
    ring(g, 1, ORDER);
    g_usleep(5000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 4);
    teardown(&f);
}

/* Channels 0 to 3 with a GR context; 1 has faulted, then 0 and 2 hang. */
static void three_on_gr(Fixture *f)
{
    Guest *g = f->g;

    script(f->gpu, CODE_VA, (GpuvmMockPush) { GPUVM_MOCK_HANG });
    script(f->gpu, CODE_VA + 64, (GpuvmMockPush) {
        .what = GPUVM_MOCK_FAULT, .ns = 10,
        .fault = { .kind = GPUVM_FAULT_GR_DATA, .reason = 0xd } });
    for (unsigned i = 0; i < 4; i++) {
        start(g, i, 0, ORDER);
        put32(g, INST(i) + 0x210, 0x1000 | 4);
    }
    for (unsigned i = 0; i < 3; i++) {
        entry(g, i, ORDER, CODE_VA + (i == 1) * 64, 4, 0);
    }
    set_runlist(g, 0, 4);
    ring(g, 1, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 1));
    advance(f->gpu, 100);
    CU_ASSERT_FALSE(gpuvm_chan_busy(g->vm, 1));
    ring(g, 0, ORDER);
    ring(g, 2, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 3));
    CU_ASSERT_TRUE(gpuvm_chan_busy(g->vm, 0));
    CU_ASSERT_TRUE(gpuvm_chan_busy(g->vm, 2));
}

/*
 * An engine reset in a recovery takes the work of the channel that failed and
 * of no other, also when that channel has gone before the reset.
 */
static void test_frozen_reset(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    unsigned before;

    three_on_gr(&f);
    gpuvm_chan_freeze(g->vm, 1u << GPUVM_ENGINE_GR);
    before = locked_uint(&destroys);
    gpuvm_chan_engine_reset(g->vm, GPUVM_ENGINE_GR);    /* 1 failed */
    CU_ASSERT_EQUAL(locked_uint(&destroys), before + 1);
    gpuvm_chan_unbind(g->vm, 1);
    before = locked_uint(&destroys);
    gpuvm_chan_engine_reset(g->vm, GPUVM_ENGINE_GR);    /* it has gone */
    CU_ASSERT_EQUAL(locked_uint(&destroys), before);
    CU_ASSERT_TRUE(gpuvm_chan_busy(g->vm, 0));
    CU_ASSERT_TRUE(gpuvm_chan_busy(g->vm, 2));
    /* meanwhile nothing new goes to the GPU; then it does */
    entry(g, 3, ORDER, CODE_VA + 128, 4, 0);
    ring(g, 3, ORDER);
    g_usleep(5000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 3);
    gpuvm_chan_freeze(g->vm, 0);
    CU_ASSERT_TRUE(wait_seen(g, 4));
    CU_ASSERT_EQUAL(locked_uint(&destroys), before);
    teardown(&f);
}

/* With the engine not frozen, or another one, and nobody failed, all work on
 * it is lost. */
static void test_plain_reset(void)
{
    for (unsigned frozen = 0; frozen < 2; frozen++) {
        Fixture f = setup(false);
        Guest *g = f.g;

        three_on_gr(&f);
        gpuvm_chan_unbind(g->vm, 1);
        gpuvm_chan_freeze(g->vm, frozen << GPUVM_ENGINE_CE0);
        gpuvm_chan_engine_reset(g->vm, GPUVM_ENGINE_GR);
        CU_ASSERT_FALSE(gpuvm_chan_busy(g->vm, 0));
        CU_ASSERT_FALSE(gpuvm_chan_busy(g->vm, 2));
        CU_ASSERT_EQUAL(locked_uint(&destroys), 3);
        teardown(&f);
    }
}

/* ---- events -------------------------------------------------------------------------------- */

static void test_sw_method(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    GpuvmVmEvents *ev = g_new0(GpuvmVmEvents, 1);
    GpuvmMockPush sw = { GPUVM_MOCK_SW_METHOD, 10 };

    sw.sw.subc = 7;
    sw.sw.method = 0x600;
    sw.sw.data = 0xcafe;
    script(f.gpu, CODE_VA, sw);
    script(f.gpu, CODE_VA + 64, (GpuvmMockPush) { GPUVM_MOCK_NONSTALL, 10,
                                                  GPUVM_ENGINE_CE1 });
    start(g, 9, 0, ORDER);
    set_runlist(g, 9, 1);
    entry(g, 9, ORDER, CODE_VA, 4, 0);
    entry(g, 9, ORDER, CODE_VA + 64, 4, 0);
    entry(g, 9, ORDER, CODE_VA + 64, 4, 0);
    ring(g, 9, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 3));
    CU_ASSERT_FALSE(gpuvm_vm_take_events(g->vm, ev));
    advance(f.gpu, 100000);
    CU_ASSERT_TRUE(g->th->notifies > 0);
    CU_ASSERT_TRUE(gpuvm_vm_take_events(g->vm, ev));
    CU_ASSERT_EQUAL_FATAL(ev->nsw, 1);
    CU_ASSERT_EQUAL(ev->sw_chid[0], 9);
    CU_ASSERT_EQUAL(ev->sw[0].subc, 7);
    CU_ASSERT_EQUAL(ev->sw[0].method, 0x600);
    CU_ASSERT_EQUAL(ev->sw[0].data, 0xcafe);
    CU_ASSERT_EQUAL(ev->nonstall, 0);
    CU_ASSERT_FALSE(gpuvm_vm_take_events(g->vm, ev));
    CU_ASSERT_EQUAL(userd(g, 9, 0x88), 0);
    /* a kick meanwhile does not skip the method */
    gpuvm_chan_kick(g->vm, 9);
    while (!gpuvm_chan_kicked(g->vm, 9)) {
        g_usleep(100);
    }
    g_usleep(5000);
    advance(f.gpu, 100000);
    CU_ASSERT_EQUAL(userd(g, 9, 0x88), 0);
    CU_ASSERT_EQUAL(locked_uint(&resumes), 0);
    gpuvm_chan_resume(g->vm, 9);
    CU_ASSERT_TRUE_FATAL(wait_count(&resumes, 1));
    advance(f.gpu, 100000);
    CU_ASSERT_EQUAL(userd(g, 9, 0x88), 3);
    CU_ASSERT_TRUE(gpuvm_vm_take_events(g->vm, ev));
    CU_ASSERT_EQUAL(ev->nonstall, 1u << 5);
    CU_ASSERT_EQUAL(ev->nsw + ev->nfaults, 0);
    g_free(ev);
    teardown(&f);
}

static void test_fault(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    GpuvmVmEvents *ev = g_new0(GpuvmVmEvents, 1);

    script(f.gpu, CODE_VA, (GpuvmMockPush) {
        .what = GPUVM_MOCK_FAULT, .ns = 10,
        .fault = { .kind = GPUVM_FAULT_GR_DATA, .reason = 0xd } });
    start(g, 0, 0, ORDER);
    start(g, 1, 0, ORDER);
    set_runlist(g, 0, 2);
    entry(g, 0, ORDER, CODE_VA, 4, 0);
    entry(g, 0, ORDER, CODE_VA + 64, 4, 0);
    entry(g, 1, ORDER, CODE_VA + 64, 4, 0);
    ring(g, 0, ORDER);
    ring(g, 1, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 3));
    advance(f.gpu, 100000);
    CU_ASSERT_TRUE(gpuvm_vm_take_events(g->vm, ev));
    CU_ASSERT_EQUAL_FATAL(ev->nfaults, 1);
    CU_ASSERT_EQUAL(ev->fault_chid[0], 0);
    CU_ASSERT_EQUAL(ev->fault[0].kind, GPUVM_FAULT_GR_DATA);
    CU_ASSERT_EQUAL(ev->fault[0].reason, 0xd);
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_FAULTS), 1);
    /* it runs no more, its neighbour does */
    entry(g, 0, ORDER, CODE_VA + 128, 4, 0);
    entry(g, 1, ORDER, CODE_VA + 128, 4, 0);
    ring(g, 0, ORDER);
    ring(g, 1, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 4));
    advance(f.gpu, 100000);
    CU_ASSERT_EQUAL(userd(g, 1, 0x88), 2);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 0);
    CU_ASSERT_FALSE(gpuvm_vm_take_events(g->vm, ev));
    g_free(ev);
    teardown(&f);
}

/* ---- hostile guests ---------------------------------------------------------------------------- */

static void expect_fault(Guest *g, unsigned chid, GpuvmFaultKind kind,
                         uint32_t bits, uint64_t va)
{
    GpuvmVmEvents *ev = g_new0(GpuvmVmEvents, 1);
    unsigned i;

    for (i = 0; i < 2000 && !gpuvm_vm_take_events(g->vm, ev); i++) {
        g_usleep(1000);
    }
    CU_ASSERT_EQUAL_FATAL(ev->nfaults, 1);
    CU_ASSERT_EQUAL(ev->fault_chid[0], chid);
    CU_ASSERT_EQUAL(ev->fault[0].kind, kind);
    CU_ASSERT_EQUAL(ev->fault[0].bits, bits);
    CU_ASSERT_EQUAL(ev->fault[0].va, va);
    CU_ASSERT_TRUE(counter(g, GPUVM_CNT_GUEST_ERRORS) > 0);
    g_free(ev);
}

static void test_bad_ramfc(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    static const struct {
        uint32_t off, val;
    } bad[] = {
        { 0x10, 0x0000facf },           /* signature */
        { 0x4c, 17u << 16 },            /* 131072 entries */
        { 0x4c, 31u << 16 },
        { 0x08, VRAM_SIZE },            /* USERD outside the slice */
        { 0x0c, 0xff },
    };
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        make_inst(g, i, 0, ORDER);
        put32(g, INST(i) + bad[i].off, bad[i].val);
        gpuvm_chan_bind(g->vm, i, INST(i));
        expect_fault(g, i, GPUVM_FAULT_PBDMA, NV_PBDMA_INTR_SIGNATURE, 0);
        gpuvm_chan_set_runnable(g->vm, i, true);
    }
    set_runlist(g, 0, 8);
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        gpuvm_chan_userd_write(g->vm, i, 0x8c, 1, 4);
    }
    /* instance blocks outside the slice are not bound at all */
    gpuvm_chan_bind(g->vm, 6, VRAM_SIZE);
    gpuvm_chan_bind(g->vm, 6, VRAM_SIZE - 0x800);
    gpuvm_chan_bind(g->vm, 6, 0xfffffff000ull);
    CU_ASSERT_EQUAL(gpuvm_chan_inst(g->vm, 6), UINT64_MAX);
    /* ids that do not exist */
    gpuvm_chan_bind(g->vm, 128, INST(0));
    gpuvm_chan_unbind(g->vm, 4000000000u);
    gpuvm_chan_kick(g->vm, 128);
    CU_ASSERT_TRUE(gpuvm_chan_kicked(g->vm, 128));
    gpuvm_chan_resume(g->vm, 128);
    gpuvm_chan_set_runnable(g->vm, 128, true);
    gpuvm_chan_set_runlist(g->vm, (uint8_t[]) { 200, 255, 3 }, 3);
    CU_ASSERT_FALSE(gpuvm_chan_busy(g->vm, 128));
    g_usleep(5000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 0);
    teardown(&f);
}

static void test_bad_ring(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;

    start(g, 0, 0, ORDER);
    start(g, 1, 0, ORDER);
    set_runlist(g, 0, 2);
    /* IB_PUT out of range */
    gpuvm_chan_userd_write(g->vm, 0, 0x8c, 8, 4);
    expect_fault(g, 0, GPUVM_FAULT_PBDMA, NV_PBDMA_INTR_IB_PUT, 0);
    gpuvm_chan_userd_write(g->vm, 0, 0x8c, 0xffffffff, 4);
    /* the ring is not mapped */
    put32(g, INST(1) + 0x48, 0x7000000);
    gpuvm_chan_unbind(g->vm, 1);
    gpuvm_chan_bind(g->vm, 1, INST(1));
    gpuvm_chan_userd_write(g->vm, 1, 0x8c, 1, 4);
    expect_fault(g, 1, GPUVM_FAULT_MMU, 0, 0x7000000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 0);
    /* a ring that ends in a hole: what is mapped runs, then it faults */
    make_inst(g, 2, 0, 10);
    map(g, 0, RING_VA(2) + 0x1000, VRAM_SIZE, 1);   /* outside the slice */
    gpuvm_vm_tlb_flush(g->vm, PD(0), GPUVM_TARGET_VRAM, false);
    gpuvm_chan_bind(g->vm, 2, INST(2));
    gpuvm_chan_set_runnable(g->vm, 2, true);
    set_runlist(g, 0, 3);
    gpuvm_chan_userd_write(g->vm, 2, 0x8c, 600, 4);
    CU_ASSERT_TRUE(wait_seen(g, 512));
    expect_fault(g, 2, GPUVM_FAULT_MMU, 0, RING_VA(2) + 0x1000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 512);
    teardown(&f);
}

/* RAMFC is read once; the directory pointer is read at each sync. */
static void test_overwritten(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    GpuvmBind b;

    start(g, 0, 0, ORDER);
    set_runlist(g, 0, 1);
    put32(g, INST(0) + 0x48, 0xdead0000);
    put32(g, INST(0) + 0x4c, 0xffffffff);
    put32(g, INST(0) + 0x10, 0);
    entry(g, 0, ORDER, CODE_VA, 4, 0);
    ring(g, 0, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 1));
    advance(f.gpu, 10000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 1);
    CU_ASSERT_FALSE(gpuvm_mock_as_lookup(last_as, CODE_VA, &b));
    /* another directory: same ring, and code besides */
    map(g, 1, RING_VA(0), RING(0), 8);
    map(g, 1, CODE_VA, 0x700000, 1);
    put64(g, INST(0) + 0x200, PD(1));
    entry(g, 0, ORDER, CODE_VA + 64, 4, 0);
    ring(g, 0, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 2));
    CU_ASSERT_TRUE(gpuvm_mock_as_lookup(last_as, CODE_VA, &b));
    CU_ASSERT_EQUAL(b.addr, 0x700000);
    CU_ASSERT_EQUAL(locked_uint(&as_creates), 1);
    teardown(&f);
}

static CU_TestInfo tests[] = {
    { "doorbell, pushes, GP_GET", test_pushes },
    { "ring wraps", test_wrap },
    { "long ring", test_long_ring },
    { "GET in nouveau's main buffer", test_get_main },
    { "USERD", test_userd },
    { "runnable, runlist, freeze", test_gating },
    { "kick and resume", test_kick },
    { "VM stopped", test_stop_vm },
    { "unbind with work in flight", test_unbind },
    { "engine, PFIFO and VM reset", test_resets },
    { "engine reset in a recovery", test_frozen_reset },
    { "engine reset outside of one", test_plain_reset },
    { "software method, non-stall", test_sw_method },
    { "fault", test_fault },
    { "bad RAMFC", test_bad_ramfc },
    { "bad ring", test_bad_ring },
    { "descriptor overwritten, directory moved", test_overwritten },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "channel", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
