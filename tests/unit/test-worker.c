/*
 * The worker (vgpu/worker.c, as.c) on the mock GPU: lazy and eager shadows,
 * two VMs that share one GPU, and everything at once with a GPU that runs by
 * itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mock-guest.h"

#include "vgpu/vm_priv.h"

/* ---- shadows -------------------------------------------------------------------------------------- */

static bool cond_not_pending(void *arg)
{
    return !gpuvm_vm_tlb_pending(arg);
}

static void test_lazy(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;
    uint64_t scans;
    GpuvmBind b;

    start(g, 0, 0, ORDER);
    start(g, 1, 0, ORDER);
    set_runlist(g, 0, 2);
    entry(g, 0, ORDER, CODE_VA, 4, 0);
    ring(g, 0, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 1));
    advance(f.gpu, 10000);
    scans = counter(g, GPUVM_CNT_SHADOW_SCANS);
    /* idle: a flush costs nothing and is never pending */
    map(g, 0, CODE_VA, 0x700000, 4);
    gpuvm_vm_tlb_flush(g->vm, PD(0), GPUVM_TARGET_VRAM, false);
    CU_ASSERT_FALSE(gpuvm_vm_tlb_pending(g->vm));
    g_usleep(5000);
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_SHADOW_SCANS), scans);
    CU_ASSERT_FALSE(gpuvm_mock_as_lookup(last_as, CODE_VA, &b));
    /* the other channel of the space submits: now */
    entry(g, 1, ORDER, CODE_VA, 4, 0);
    ring(g, 1, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 2));
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_SHADOW_SCANS), scans + 1);
    CU_ASSERT_TRUE(gpuvm_mock_as_lookup(last_as, CODE_VA + 0x3000, &b));
    CU_ASSERT_EQUAL(locked_uint(&as_creates), 1);
    /* busy (its push has not run): a flush is followed at once */
    map(g, 0, CODE_VA + 0x4000, 0x900000, 1);
    gpuvm_vm_tlb_flush(g->vm, PD(0), GPUVM_TARGET_VRAM, false);
    CU_ASSERT_TRUE_FATAL(test_wait(cond_not_pending, g->vm, 5000));
    CU_ASSERT_TRUE(gpuvm_mock_as_lookup(last_as, CODE_VA + 0x4000, &b));
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_SHADOW_SCANS), scans + 2);
    /* of another directory: nothing */
    gpuvm_vm_tlb_flush(g->vm, PD(3), GPUVM_TARGET_VRAM, false);
    gpuvm_vm_tlb_flush(g->vm, PD(0), GPUVM_TARGET_SYSRAM, false);
    g_usleep(5000);
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_SHADOW_SCANS), scans + 2);
    gpuvm_vm_tlb_flush(g->vm, 0, GPUVM_TARGET_VRAM, true);
    CU_ASSERT_TRUE(test_wait(cond_not_pending, g->vm, 5000));
    CU_ASSERT_EQUAL(counter(g, GPUVM_CNT_SHADOW_SCANS), scans + 3);
    teardown(&f);
}

static void test_eager(void)
{
    Fixture f = setup(true);
    Guest *g = f.g;
    GpuvmBind b;

    start(g, 0, 0, ORDER);
    set_runlist(g, 0, 1);
    entry(g, 0, ORDER, CODE_VA, 4, 0);
    ring(g, 0, ORDER);
    CU_ASSERT_TRUE_FATAL(wait_seen(g, 1));
    advance(f.gpu, 10000);
    map(g, 0, CODE_VA, 0x700000, 4);
    gpuvm_vm_tlb_flush(g->vm, PD(0), GPUVM_TARGET_VRAM, false);
    CU_ASSERT_TRUE(test_wait(cond_not_pending, g->vm, 5000));
    CU_ASSERT_TRUE(gpuvm_mock_as_lookup(last_as, CODE_VA, &b));
    /* 64 KiB large pages: the same tables mean something else */
    gpuvm_vm_set_big_page(g->vm, true);
    CU_ASSERT_TRUE(test_wait(cond_not_pending, g->vm, 5000));
    CU_ASSERT_FALSE(gpuvm_mock_as_lookup(last_as, CODE_VA, &b) &&
                    b.addr != 0x700000);
    teardown(&f);
}

/* The GPU has no room: tried again without a doorbell, nothing lost. */
static void test_no_room(void)
{
    Fixture f = setup(false);
    Guest *g = f.g;

    pthread_mutex_lock(&gpu_lock);
    refuse_room = true;
    pthread_mutex_unlock(&gpu_lock);
    start(g, 0, 0, ORDER);
    set_runlist(g, 0, 1);
    entry(g, 0, ORDER, CODE_VA, 4, 0);
    ring(g, 0, ORDER);
    g_usleep(10000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 0);
    pthread_mutex_lock(&gpu_lock);
    refuse_room = false;
    pthread_mutex_unlock(&gpu_lock);
    CU_ASSERT_TRUE(wait_seen(g, 1));
    advance(f.gpu, 10000);
    CU_ASSERT_EQUAL(userd(g, 0, 0x88), 1);
    CU_ASSERT_EQUAL(seen->len, 1);
    teardown(&f);
}

/* ---- two VMs ------------------------------------------------------------------------------------------ */

static void one_push(Guest *g, uint64_t va)
{
    entry(g, 0, ORDER, va, 4, 0);
    ring(g, 0, ORDER);
}

static bool cond_contended(void *arg)
{
    return gpuvm_sched_contended(arg);
}

static void test_turns(void)
{
    Fixture f = setup(false);
    Guest *a = f.g, *b = guest_new(f.gpu, f.sched, false);

    /* however slow this machine is, nobody is preempted for a long turn */
    gpuvm_sched_set_quantum(f.sched, 0);
    start(a, 0, 0, ORDER);
    set_runlist(a, 0, 1);
    start(b, 0, 0, ORDER);
    set_runlist(b, 0, 1);
    script(f.gpu, CODE_VA, (GpuvmMockPush) { GPUVM_MOCK_RUN, 7000 });
    one_push(a, CODE_VA);
    CU_ASSERT_TRUE_FATAL(wait_seen(a, 1));
    advance(f.gpu, 1000);
    one_push(b, CODE_VA + 64);
    CU_ASSERT_TRUE_FATAL(test_wait(cond_contended, f.sched, 5000));
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 1);    /* b waits for its turn */
    /* while b waits, its guest is not kept: a kick is done */
    gpuvm_chan_kick(b->vm, 0);
    while (!gpuvm_chan_kicked(b->vm, 0)) {
        g_usleep(100);
    }
    g_usleep(20000);
    CU_ASSERT_TRUE_FATAL(test_wait(cond_contended, f.sched, 5000));
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 1);
    /* nor does a go on while b waits */
    one_push(a, CODE_VA + 128);
    /* (a request that does not change anything keeps b's place) */
    set_runlist(b, 0, 1);
    g_usleep(5000);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 1);
    advance(f.gpu, 6000);
    CU_ASSERT_TRUE_FATAL(wait_seen(a, 2));
    CU_ASSERT_EQUAL(seen_at(1).push.va, CODE_VA + 64);
    advance(f.gpu, 100000);
    CU_ASSERT_TRUE_FATAL(wait_seen(a, 3));
    advance(f.gpu, 100000);
    CU_ASSERT_EQUAL(userd(a, 0, 0x88), 2);
    CU_ASSERT_EQUAL(userd(b, 0, 0x88), 1);
    CU_ASSERT_EQUAL(counter(a, GPUVM_CNT_GPU_BUSY_NS), 8000);
    CU_ASSERT_EQUAL(counter(b, GPUVM_CNT_GPU_BUSY_NS), 1000);
    CU_ASSERT_EQUAL(gpuvm_mock_busy_ns(f.gpu), 9000);
    guest_free(b);
    CU_ASSERT_TRUE(gpuvm_sched_busy_ns(f.sched) <= 9000);
    teardown(&f);
}

static bool cond_charged(void *arg)
{
    return gpuvm_sched_busy_ns(arg) >= 5000000;
}

/* What the GPU owes for compiling is charged with the busy time, once. */
static void test_compiling(void)
{
    Fixture f = setup(false);
    Guest *a = f.g, *b = guest_new(f.gpu, f.sched, false);

    start(a, 0, 0, ORDER);
    set_runlist(a, 0, 1);
    script(f.gpu, CODE_VA, (GpuvmMockPush) { GPUVM_MOCK_RUN, 7000 });
    gpuvm_host_owe(gpuvm_vm_host(a->vm), 5000000);
    one_push(a, CODE_VA);
    CU_ASSERT_TRUE_FATAL(wait_seen(a, 1));
    advance(f.gpu, 100000);
    CU_ASSERT_TRUE_FATAL(test_wait(cond_charged, f.sched, 5000));
    CU_ASSERT_EQUAL(gpuvm_host_take_owed(gpuvm_vm_host(a->vm)), 0);
    CU_ASSERT_EQUAL(gpuvm_host_take_owed(gpuvm_vm_host(b->vm)), 0);
    CU_ASSERT_TRUE(gpuvm_sched_busy_ns(f.sched) <= 5007000);
    CU_ASSERT_EQUAL(counter(a, GPUVM_CNT_GPU_BUSY_NS),
                    gpuvm_sched_busy_ns(f.sched));
    guest_free(b);
    teardown(&f);
}

/* Blocked in an acquire: the turn is free, and the wait is not charged. */
static void test_blocked(void)
{
    Fixture f = setup(false);
    Guest *a = f.g, *b = guest_new(f.gpu, f.sched, false);

    start(a, 0, 0, ORDER);
    set_runlist(a, 0, 1);
    start(b, 0, 0, ORDER);
    set_runlist(b, 0, 1);
    script(f.gpu, CODE_VA, (GpuvmMockPush) { GPUVM_MOCK_BLOCK, 10 });
    one_push(a, CODE_VA);
    CU_ASSERT_TRUE_FATAL(wait_seen(a, 1));
    advance(f.gpu, 1000);
    CU_ASSERT_TRUE(gpuvm_chan_busy(a->vm, 0));
    one_push(b, CODE_VA + 64);
    CU_ASSERT_TRUE_FATAL(wait_seen(a, 2));
    advance(f.gpu, 50000);
    CU_ASSERT_EQUAL(userd(b, 0, 0x88), 1);
    pthread_mutex_lock(&gpu_lock);
    gpuvm_mock_release(f.gpu, CODE_VA);
    gpuvm_mock_advance(f.gpu, 100000);
    pthread_mutex_unlock(&gpu_lock);
    CU_ASSERT_EQUAL(userd(a, 0, 0x88), 1);
    CU_ASSERT_TRUE(counter(a, GPUVM_CNT_GPU_BUSY_NS) < 1000);
    guest_free(b);
    teardown(&f);
}

/* A kernel that never ends: the other VM gets its turns all the same, and the
 * hung one can be unbound at any time. */
static void test_hang(void)
{
    Fixture f = setup(false);
    Guest *a = f.g, *b = guest_new(f.gpu, f.sched, false);
    unsigned i;

    start(a, 0, 0, ORDER);
    set_runlist(a, 0, 1);
    start(b, 0, 0, ORDER);
    set_runlist(b, 0, 1);
    script(f.gpu, CODE_VA, (GpuvmMockPush) { GPUVM_MOCK_HANG });
    one_push(a, CODE_VA);
    CU_ASSERT_TRUE_FATAL(wait_seen(a, 1));
    advance(f.gpu, 1000);
    for (i = 0; i < 3; i++) {
        one_push(b, CODE_VA + 64);
        CU_ASSERT_TRUE_FATAL(wait_seen(b, 2 + i));
        advance(f.gpu, 100000);
        CU_ASSERT_EQUAL(userd(b, 0, 0x88), 1 + i);
        CU_ASSERT_TRUE_FATAL(wait_count(&resumes, 1 + i));  /* a's turn */
    }
    CU_ASSERT_TRUE(locked_uint(&preempts) >= 3);
    CU_ASSERT_TRUE(gpuvm_chan_busy(a->vm, 0));
    gpuvm_chan_unbind(a->vm, 0);
    CU_ASSERT_FALSE(gpuvm_chan_busy(a->vm, 0));
    guest_free(b);
    teardown(&f);
}

/* Preempting is the policy's decision: not with a quantum of 0, not for a VM
 * that is ahead of the one that runs, but for one that is owed time. */
static void test_owed(void)
{
    Fixture f = setup(false);
    Guest *a = f.g, *b = guest_new(f.gpu, f.sched, false);
    unsigned before = locked_uint(&preempts);

    gpuvm_sched_set_quantum(f.sched, 0);
    gpuvm_sched_charge(f.sched, b->vm->sched_vm, 3600000000000u);
    start(a, 0, 0, ORDER);
    set_runlist(a, 0, 1);
    start(b, 0, 0, ORDER);
    set_runlist(b, 0, 1);
    script(f.gpu, CODE_VA, (GpuvmMockPush) { GPUVM_MOCK_HANG });
    one_push(a, CODE_VA);
    CU_ASSERT_TRUE_FATAL(wait_seen(a, 1));
    one_push(b, CODE_VA + 64);
    CU_ASSERT_TRUE_FATAL(test_wait(cond_contended, f.sched, 5000));
    g_usleep(100000);
    CU_ASSERT_EQUAL(locked_uint(&preempts), before);
    gpuvm_sched_set_quantum(f.sched, 2000000);      /* b is an hour ahead */
    g_usleep(100000);
    CU_ASSERT_EQUAL(locked_uint(&preempts), before);
    CU_ASSERT_EQUAL(locked_uint(&seen->len), 1);
    gpuvm_sched_charge(f.sched, a->vm->sched_vm, 3600000000000u);
    gpuvm_sched_charge(f.sched, a->vm->sched_vm, 1000000);
    CU_ASSERT_TRUE_FATAL(wait_seen(b, 2));          /* now a is */
    CU_ASSERT_TRUE(locked_uint(&preempts) > before);
    advance(f.gpu, 100000);
    CU_ASSERT_EQUAL(userd(b, 0, 0x88), 1);
    gpuvm_chan_unbind(a->vm, 0);
    guest_free(b);
    teardown(&f);
}

/* ---- everything at once, with a GPU that runs by itself ---------------------------------------------------- */

static _Atomic bool gpu_stop;

static void *gpu_main(void *arg)
{
    while (!gpu_stop) {
        advance(arg, 20000);
        g_usleep(50);
    }
    return NULL;
}

static bool cond_caught_up(void *arg)
{
    Guest *g = arg;
    unsigned i;

    for (i = 0; i < 3; i++) {
        if (gpuvm_chan_inst(g->vm, i) != UINT64_MAX &&
            userd(g, i, 0x88) != userd(g, i, 0x8c)) {
            return false;
        }
    }
    return true;
}

static void random_step(Guest *g, GRand *r)
{
    unsigned chid = g_rand_int_range(r, 0, 3);
    uint32_t get, room;

    switch (g_rand_int_range(r, 0, 24)) {
    case 0:
        gpuvm_chan_unbind(g->vm, chid);
        break;
    case 1:
        put64(g, USERD(chid) + 0x88, 0);
        gpuvm_chan_bind(g->vm, chid, INST(chid));
        g->put[chid] = userd(g, chid, 0x8c);
        break;
    case 2:
        gpuvm_chan_kick(g->vm, chid);
        if (g_rand_boolean(r)) {
            while (!gpuvm_chan_kicked(g->vm, chid)) {
                g_usleep(50);
            }
        }
        break;
    case 3:
        set_runlist(g, 0, g_rand_int_range(r, 0, 4));
        break;
    case 4:
        gpuvm_chan_freeze(g->vm, g_rand_int_range(r, 0, 2));
        break;
    case 5:
        gpuvm_vm_set_running(g->vm, false);
        gpuvm_vm_set_running(g->vm, true);
        break;
    case 6:
    case 7:
        map(g, 0, CODE_VA + g_rand_int_range(r, 0, 64) * 4096,
            g_rand_int_range(r, 0, 4096) * 4096, 4);
        gpuvm_vm_tlb_flush(g->vm, PD(0), GPUVM_TARGET_VRAM, false);
        break;
    case 8:
        gpuvm_vm_tlb_pending(g->vm);
        gpuvm_chan_busy(g->vm, chid);
        break;
    default:
        if (gpuvm_chan_inst(g->vm, chid) == UINT64_MAX) {
            break;
        }
        get = userd(g, chid, 0x88);
        room = (get - g->put[chid] - 1) & 63;
        for (; room && g_rand_int_range(r, 0, 4); room--) {
            entry(g, chid, 6, CODE_VA + g_rand_int_range(r, 0, 99) * 64,
                  g_rand_int_range(r, 0, 9), 0);
        }
        g->put[chid] &= 63;
        ring(g, chid, 6);
        break;
    }
}

static void test_stress(void)
{
    Fixture f = setup(false);
    Guest *g[2] = { f.g, guest_new(f.gpu, f.sched, true) };
    GRand *r = g_rand_new_with_seed(77);
    pthread_t thread;
    unsigned i, k;

    gpu_stop = false;
    pthread_create(&thread, NULL, gpu_main, f.gpu);
    for (k = 0; k < 2; k++) {
        for (i = 0; i < 3; i++) {
            start(g[k], i, i / 2, 6);
        }
        set_runlist(g[k], 0, 3);
    }
    for (i = 0; i < 4000; i++) {
        random_step(g[i % 2], r);
    }
    for (k = 0; k < 2; k++) {
        gpuvm_chan_freeze(g[k]->vm, 0);
        for (i = 0; i < 3; i++) {
            while (!gpuvm_chan_kicked(g[k]->vm, i)) {
                g_usleep(50);
            }
        }
        set_runlist(g[k], 0, 3);
        CU_ASSERT_TRUE(test_wait(cond_caught_up, g[k], 20000));
        CU_ASSERT_EQUAL(counter(g[k], GPUVM_CNT_FAULTS), 0);
    }
    gpuvm_vm_reset(g[0]->vm);
    guest_free(g[1]);
    gpu_stop = true;
    pthread_join(thread, NULL);
    g_rand_free(r);
    teardown(&f);
}

static CU_TestInfo tests[] = {
    { "lazy shadow", test_lazy },
    { "eager shadow", test_eager },
    { "no room", test_no_room },
    { "two VMs take turns", test_turns },
    { "compiling is charged", test_compiling },
    { "blocked", test_blocked },
    { "a kernel that never ends", test_hang },
    { "preempting for one that is owed time", test_owed },
    { "stress", test_stress },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "worker", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
