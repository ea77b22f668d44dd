/*
 * The software GPU's address space: translation, faults, budget, dirty pages,
 * guest RAM that leaves, and threads that use it meanwhile.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "harness.h"

#include <errno.h>
#include <string.h>

#include "soft/soft.h"
#include "spec/fault.h"

#define RAM_BASE  0x80000000u
#define RAM_SIZE  0x400000u
#define VRAM_SIZE (1u << 20)
#define L1_SPAN   (UINT64_C(1) << 27)   /* what one second-level table maps */

typedef struct Env {
    TestHost *th;
    SoftBench b;
    const GpuvmGpuOps *ops;
    SoftTlb *tlb;
    SoftGpu *gpu;
} Env;

static void env_open(Env *e)
{
    e->th = test_host_new(RAM_BASE, RAM_SIZE);
    CU_ASSERT_EQUAL_FATAL(gpuvm_soft_bench_open(&e->b, &e->th->host,
                                                VRAM_SIZE, 1), 0);
    e->ops = e->b.gpu->ops;
    e->gpu = gpuvm_soft_gpu(e->b.gpu);
    e->tlb = g_new0(SoftTlb, 1);
    gpuvm_soft_tlb_init(e->tlb, e->b.as);
}

static void env_close(Env *e)
{
    gpuvm_soft_bench_close(&e->b);
    g_free(e->tlb);
    test_host_free(e->th);
}

static int bind_ram(Env *e, uint64_t va, uint64_t gpa, uint64_t size,
                    uint32_t flags)
{
    GpuvmBind b = {
        .va = va, .size = size, .addr = gpa, .target = GPUVM_TARGET_SYSRAM,
        .page_size = 4096, .flags = flags,
    };

    return e->ops->as_bind(e->b.as, &b, 1);
}

static int bind_vram(Env *e, uint64_t va, uint64_t off, uint64_t size,
                     uint32_t flags)
{
    GpuvmBind b = {
        .va = va, .size = size, .addr = off, .target = GPUVM_TARGET_VRAM,
        .page_size = 4096, .flags = flags,
    };

    return e->ops->as_bind(e->b.as, &b, 1);
}

static uint8_t *page(Env *e, uint64_t va, bool write, SoftMemFault *f)
{
    return gpuvm_soft_tlb_page(e->tlb, va, write, f);
}

static void test_walk(void)
{
    uint8_t *vram;
    SoftMemFault f;
    Env e;

    env_open(&e);
    vram = e.b.slice.map;
    gpuvm_soft_section_enter(e.gpu);
    CU_ASSERT_PTR_EQUAL(page(&e, e.b.va, false, &f), vram);
    CU_ASSERT_PTR_EQUAL(page(&e, e.b.va + 0x5678, true, &f), vram + 0x5678);
    CU_ASSERT_PTR_EQUAL(page(&e, e.b.va + VRAM_SIZE - 1, true, &f),
                        vram + VRAM_SIZE - 1);
    /* a second-level table is there, the page is not */
    CU_ASSERT_PTR_NULL(page(&e, e.b.va + VRAM_SIZE, false, &f));
    CU_ASSERT_EQUAL(f.reason, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    CU_ASSERT_EQUAL(f.va, e.b.va + VRAM_SIZE);
    CU_ASSERT_FALSE(f.write);
    CU_ASSERT_PTR_NULL(page(&e, 5 * L1_SPAN, true, &f));
    CU_ASSERT_EQUAL(f.reason, NVC0_FAULT_REASON_PT_NOT_PRESENT);
    CU_ASSERT_TRUE(f.write);
    CU_ASSERT_PTR_NULL(page(&e, UINT64_C(1) << 40, false, &f));
    CU_ASSERT_EQUAL(f.reason, NVC0_FAULT_REASON_VM_LIMIT);
    CU_ASSERT_PTR_NULL(page(&e, UINT64_MAX, false, &f));
    CU_ASSERT_EQUAL(f.reason, NVC0_FAULT_REASON_VM_LIMIT);
    gpuvm_soft_section_leave(e.gpu);

    /* the last page of all, and a run over two second-level tables */
    CU_ASSERT_EQUAL(bind_vram(&e, (UINT64_C(1) << 40) - 0x1000, 0x3000,
                              0x1000, 0), 0);
    CU_ASSERT_EQUAL(bind_ram(&e, 9 * L1_SPAN - 0x2000, RAM_BASE, 0x4000, 0),
                    0);
    gpuvm_soft_section_enter(e.gpu);
    CU_ASSERT_PTR_EQUAL(page(&e, (UINT64_C(1) << 40) - 1, false, &f),
                        vram + 0x3fff);
    CU_ASSERT_PTR_EQUAL(page(&e, 9 * L1_SPAN - 1, false, &f),
                        e.th->ram + 0x1fff);
    CU_ASSERT_PTR_EQUAL(page(&e, 9 * L1_SPAN + 0x1000, false, &f),
                        e.th->ram + 0x3000);
    gpuvm_soft_section_leave(e.gpu);
    env_close(&e);
}

static void test_copy(void)
{
    uint8_t out[10000], in[10000];
    SoftMemFault f;
    uint32_t v;
    Env e;
    int i;

    env_open(&e);
    for (i = 0; i < (int)sizeof(in); i++) {
        in[i] = i * 7 + 3;
    }
    /* two pages side by side in VA, far apart in VRAM */
    bind_vram(&e, 0x20000000, 0x8000, 0x1000, 0);
    bind_vram(&e, 0x20001000, 0x2000, 0x2000, 0);
    gpuvm_soft_section_enter(e.gpu);
    CU_ASSERT_TRUE(gpuvm_soft_mem_write(e.tlb, 0x20000ffd, in, 10, &f));
    CU_ASSERT_EQUAL(memcmp((uint8_t *)e.b.slice.map + 0x8ffd, in, 3), 0);
    CU_ASSERT_EQUAL(memcmp((uint8_t *)e.b.slice.map + 0x2000, in + 3, 7), 0);
    CU_ASSERT_TRUE(gpuvm_soft_mem_write(e.tlb, 0x20000001, in, 10000, &f));
    CU_ASSERT_TRUE(gpuvm_soft_mem_read(e.tlb, 0x20000001, out, 10000, &f));
    CU_ASSERT_EQUAL(memcmp(in, out, 10000), 0);
    CU_ASSERT_FALSE(gpuvm_soft_mem_read(e.tlb, 0x20001001, out, 10000, &f));
    CU_ASSERT_EQUAL(f.va, 0x20003000);
    CU_ASSERT_FALSE(gpuvm_soft_mem_write(e.tlb, 0x20002fff, in, 2, &f));
    CU_ASSERT_EQUAL(f.va, 0x20003000);
    CU_ASSERT_TRUE(gpuvm_soft_mem_wr32(e.tlb, 0x20000ffe, 0xcafe1234, &f));
    CU_ASSERT_TRUE(gpuvm_soft_mem_rd32(e.tlb, 0x20000ffe, &v, &f));
    CU_ASSERT_EQUAL(v, 0xcafe1234);
    gpuvm_soft_section_leave(e.gpu);
    env_close(&e);
}

static void test_read_only(void)
{
    SoftMemFault f;
    Env e;

    env_open(&e);
    bind_vram(&e, 0x20000000, 0, 0x1000, GPUVM_BIND_READ_ONLY);
    gpuvm_soft_section_enter(e.gpu);
    CU_ASSERT_PTR_NOT_NULL(page(&e, 0x20000000, false, &f));
    CU_ASSERT_PTR_NULL(page(&e, 0x20000004, true, &f));
    CU_ASSERT_EQUAL(f.reason, NVC0_FAULT_REASON_RO_VIOLATION);
    CU_ASSERT_EQUAL(f.va, 0x20000004);
    CU_ASSERT_TRUE(f.write);
    gpuvm_soft_section_leave(e.gpu);
    bind_vram(&e, 0x20000000, 0, 0x1000, 0);
    e.ops->as_flush(e.b.as);
    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_tlb_sync(e.tlb);
    CU_ASSERT_PTR_NOT_NULL(page(&e, 0x20000004, true, &f));
    gpuvm_soft_section_leave(e.gpu);
    env_close(&e);
}

static void test_rebind(void)
{
    SoftMemFault f;
    Env e;

    env_open(&e);
    bind_vram(&e, 0x20000000, 0x1000, 0x3000, 0);
    gpuvm_soft_section_enter(e.gpu);
    CU_ASSERT_PTR_EQUAL(page(&e, 0x20001000, true, &f),
                        (uint8_t *)e.b.slice.map + 0x2000);
    gpuvm_soft_section_leave(e.gpu);
    bind_ram(&e, 0x20001000, RAM_BASE + 0x5000, 0x1000, 0);
    e.ops->as_unbind(e.b.as, 0x20002000, 0x1000);
    e.ops->as_flush(e.b.as);
    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_tlb_sync(e.tlb);
    CU_ASSERT_PTR_EQUAL(page(&e, 0x20000000, true, &f),
                        (uint8_t *)e.b.slice.map + 0x1000);
    CU_ASSERT_PTR_EQUAL(page(&e, 0x20001000, true, &f), e.th->ram + 0x5000);
    CU_ASSERT_PTR_NULL(page(&e, 0x20002000, false, &f));
    gpuvm_soft_section_leave(e.gpu);
    /* a refused run leaves its range empty */
    CU_ASSERT_EQUAL(bind_ram(&e, 0x20000000, RAM_BASE + RAM_SIZE - 0x1000,
                             0x2000, 0), 0);
    e.ops->as_flush(e.b.as);
    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_tlb_sync(e.tlb);
    CU_ASSERT_PTR_NULL(page(&e, 0x20000000, true, &f));
    CU_ASSERT_PTR_NULL(page(&e, 0x20001000, true, &f));
    gpuvm_soft_section_leave(e.gpu);
    env_close(&e);
}

/* A page in every 128 MiB: the tables' budget ends it, giving up does not. */
static void test_budget(void)
{
    GpuvmCounters *cnt;
    int round, i, fit[2];
    Env e;

    env_open(&e);
    cnt = &e.th->host.counters;
    for (round = 0; round < 2; round++) {
        int ret = 0;

        for (i = 1; i < 2000 && !ret; i++) {
            ret = bind_vram(&e, i * L1_SPAN, 0x1000, 0x1000, 0);
        }
        CU_ASSERT_EQUAL(ret, -ENOMEM);
        fit[round] = i;
        CU_ASSERT_EQUAL(gpuvm_counter(cnt, GPUVM_CNT_SHADOW_REFUSED),
                        round + 1);
        e.ops->as_unbind(e.b.as, L1_SPAN, UINT64_MAX);
    }
    /* 64 MiB of tables of 256 KiB and a little */
    CU_ASSERT_TRUE(fit[0] > 240 && fit[0] <= 257);
    CU_ASSERT_TRUE(fit[1] >= fit[0] - 1);
    env_close(&e);
}

/* Every page its own run: the budget counts them as well. */
static void test_budget_runs(void)
{
    uint64_t va = L1_SPAN;
    int ret = 0;
    Env e;

    env_open(&e);
    while (!ret && va < 200 * L1_SPAN) {
        ret = bind_ram(&e, va, RAM_BASE + (va & 0x1000), 0x1000, 0);
        va += 0x1000;
    }
    CU_ASSERT_EQUAL(ret, -ENOMEM);
    CU_ASSERT_TRUE(va > 8 * L1_SPAN);
    env_close(&e);
}

static void test_dirty(void)
{
    SoftMemFault f;
    uint32_t v = 0;
    Env e;

    env_open(&e);
    bind_ram(&e, 0x20000000, RAM_BASE, 0x10000, 0);
    bind_ram(&e, 0x30000000, RAM_BASE + 0x100000, 0x1000,
             GPUVM_BIND_READ_ONLY);
    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_mem_read(e.tlb, 0x20003000, &v, 4, &f);
    gpuvm_soft_mem_read(e.tlb, 0x30000000, &v, 4, &f);
    gpuvm_soft_mem_write(e.tlb, e.b.va, &v, 4, &f);
    gpuvm_soft_section_leave(e.gpu);
    gpuvm_soft_as_complete(e.b.as);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0);

    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_mem_write(e.tlb, 0x20003ffe, &v, 4, &f);     /* two pages */
    gpuvm_soft_mem_write(e.tlb, 0x20003000, &v, 4, &f);
    gpuvm_soft_section_leave(e.gpu);
    gpuvm_soft_as_complete(e.b.as);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x2000);
    gpuvm_soft_as_complete(e.b.as);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x2000);

    /* written again: marked again, from inside the section too */
    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_mem_write(e.tlb, 0x20003000, &v, 4, &f);
    gpuvm_soft_as_complete(e.b.as);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x3000);
    gpuvm_soft_mem_write(e.tlb, 0x20003000, &v, 4, &f);
    gpuvm_soft_section_leave(e.gpu);
    gpuvm_soft_as_complete(e.b.as);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x4000);

    /* written, then unbound before the completion */
    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_mem_write(e.tlb, 0x20007000, &v, 4, &f);
    gpuvm_soft_section_leave(e.gpu);
    e.ops->as_unbind(e.b.as, 0x20000000, 0x10000);
    e.ops->as_flush(e.b.as);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x5000);
    env_close(&e);
}

/* While another thread is inside a section its pages stay marked. */
typedef struct Other {
    Env *e;
    _Atomic int phase;
} Other;

static bool phase_is(void *arg)
{
    return ((Other *)arg)->phase & 1;
}

static gpointer other_thread(gpointer opaque)
{
    Other *o = opaque;
    SoftTlb *tlb = g_new0(SoftTlb, 1);
    SoftMemFault f;
    uint8_t *p;

    gpuvm_soft_tlb_init(tlb, o->e->b.as);
    gpuvm_soft_section_enter(o->e->gpu);
    p = gpuvm_soft_tlb_page(tlb, 0x20000000, true, &f);
    *p = 1;
    o->phase = 1;
    while (o->phase != 2) {
        g_usleep(100);
    }
    p = gpuvm_soft_tlb_page(tlb, 0x20000000, true, &f);     /* cached */
    *p = 2;
    gpuvm_soft_section_leave(o->e->gpu);
    o->phase = 3;
    g_free(tlb);
    return NULL;
}

static void test_dirty_other(void)
{
    Other o = { 0 };
    GThread *t;
    Env e;

    env_open(&e);
    o.e = &e;
    bind_ram(&e, 0x20000000, RAM_BASE, 0x1000, 0);
    t = g_thread_new("other", other_thread, &o);
    CU_ASSERT_TRUE(test_wait(phase_is, &o, 5000));
    gpuvm_soft_as_complete(e.b.as);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x1000);
    o.phase = 2;
    g_thread_join(t);
    gpuvm_soft_as_complete(e.b.as);     /* its second write */
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x2000);
    gpuvm_soft_as_complete(e.b.as);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x2000);
    env_close(&e);
}

static void test_invalidate(void)
{
    GpuvmGpuAs *second;
    SoftMemFault f;
    GpuvmBind b = {
        .va = 0x70000000, .size = 0x2000, .addr = RAM_BASE + 0x5000,
        .target = GPUVM_TARGET_SYSRAM,
    };
    Env e;

    env_open(&e);
    CU_ASSERT_EQUAL(e.ops->as_create(e.b.gpu, &e.b.slice, &e.th->host,
                                     &second), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(e.th->invalidate);
    e.ops->as_bind(second, &b, 1);
    bind_ram(&e, 0x20000000, RAM_BASE, 0x10000, 0);
    gpuvm_soft_section_enter(e.gpu);
    CU_ASSERT_PTR_NOT_NULL(page(&e, 0x20006000, true, &f));
    gpuvm_soft_section_leave(e.gpu);
    e.th->invalidate(e.th->invalidate_arg, RAM_BASE + 0x6000, 0x1000);
    CU_ASSERT_EQUAL(e.th->dirty_bytes, 0x1000);
    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_tlb_sync(e.tlb);
    CU_ASSERT_PTR_NOT_NULL(page(&e, 0x20005000, true, &f));
    CU_ASSERT_PTR_NULL(page(&e, 0x20006000, true, &f));
    CU_ASSERT_EQUAL(f.reason, NVC0_FAULT_REASON_PAGE_NOT_PRESENT);
    CU_ASSERT_PTR_NOT_NULL(page(&e, 0x20007000, true, &f));
    gpuvm_soft_tlb_init(e.tlb, second);
    CU_ASSERT_PTR_NOT_NULL(page(&e, 0x70000000, true, &f));
    CU_ASSERT_PTR_NULL(page(&e, 0x70001000, true, &f));
    gpuvm_soft_section_leave(e.gpu);
    e.th->invalidate(e.th->invalidate_arg, 0, UINT64_MAX);
    gpuvm_soft_section_enter(e.gpu);
    gpuvm_soft_tlb_sync(e.tlb);
    CU_ASSERT_PTR_NULL(page(&e, 0x70000000, true, &f));
    gpuvm_soft_section_leave(e.gpu);
    e.ops->as_destroy(second);
    CU_ASSERT_PTR_NOT_NULL(e.th->invalidate);
    env_close(&e);
}

/*
 * A thread writes through its cache while RAM leaves: after the callback has
 * returned it writes no more to the old pointer.  Then the same with binding
 * and unbinding: each page has its number in it, and no other is ever seen.
 */
typedef struct Racer {
    Env *e;
    _Atomic bool stop;
    _Atomic uint64_t writes, faults, wrong;
} Racer;

static gpointer writer_thread(gpointer opaque)
{
    Racer *r = opaque;
    SoftTlb *tlb = g_new0(SoftTlb, 1);
    const _Atomic uint32_t *attention = gpuvm_soft_attention_word(r->e->gpu);
    SoftMemFault f;
    uint64_t n;

    gpuvm_soft_section_enter(r->e->gpu);
    gpuvm_soft_tlb_init(tlb, r->e->b.as);
    for (n = 0; !r->stop; n++) {
        uint8_t *p = gpuvm_soft_tlb_page(tlb, 0x20000000 + n % 64 * 0x1000,
                                         true, &f);

        if (p) {
            __atomic_store_n(p, 0x55, __ATOMIC_RELAXED);
            r->writes++;
        } else {
            r->faults++;
        }
        if (gpuvm_soft_attention(attention)) {
            gpuvm_soft_section_yield(r->e->gpu);
            gpuvm_soft_tlb_sync(tlb);
        }
    }
    gpuvm_soft_section_leave(r->e->gpu);
    g_free(tlb);
    return NULL;
}

static bool has_written(void *arg)
{
    return ((Racer *)arg)->writes > 1000;
}

static void test_invalidate_race(void)
{
    Racer r = { 0 };
    unsigned clean = 0;
    GThread *t;
    Env e;
    int i, k;

    env_open(&e);
    r.e = &e;
    bind_ram(&e, 0x20000000, RAM_BASE, 0x40000, 0);
    t = g_thread_new("writer", writer_thread, &r);
    for (i = 0; i < 30; i++) {
        r.writes = 0;
        CU_ASSERT_TRUE(test_wait(has_written, &r, 5000));
        e.th->invalidate(e.th->invalidate_arg, RAM_BASE, 0x20000);
        memset(e.th->ram, 0, 0x20000);
        g_usleep(500);
        for (k = 0; k < 0x20000 && !e.th->ram[k]; k += 0x1000) {
            continue;
        }
        clean += k == 0x20000;
        bind_ram(&e, 0x20000000, RAM_BASE, 0x20000, 0);
    }
    r.stop = true;
    g_thread_join(t);
    CU_ASSERT_EQUAL(clean, 30);
    CU_ASSERT_TRUE(r.faults > 0);
    env_close(&e);
}

static gpointer reader_thread(gpointer opaque)
{
    Racer *r = opaque;
    SoftTlb *tlb = g_new0(SoftTlb, 1);
    SoftMemFault f;
    uint32_t n;

    gpuvm_soft_tlb_init(tlb, r->e->b.as);
    for (n = 0; !r->stop; n++) {
        uint32_t v;

        gpuvm_soft_section_enter(r->e->gpu);
        if (gpuvm_soft_mem_rd32(tlb, 0x20000000 + n % 256 * 0x1000, &v, &f)) {
            r->writes++;
            r->wrong += v != n % 256;
        } else {
            r->faults++;
        }
        gpuvm_soft_section_leave(r->e->gpu);
    }
    g_free(tlb);
    return NULL;
}

static void test_bind_race(void)
{
    Racer r = { 0 };
    GThread *t;
    Env e;
    int i;

    env_open(&e);
    r.e = &e;
    for (i = 0; i < 256; i++) {
        memcpy((uint8_t *)e.b.slice.map + i * 0x1000, &i, 4);
        memcpy(e.th->ram + i * 0x1000, &i, 4);
    }
    t = g_thread_new("reader", reader_thread, &r);
    for (i = 0; i < 300 || (r.writes < 1000 && i < 100000); i++) {
        uint64_t off = (i * 37 % 200) * 0x1000;

        if (i % 3 == 0) {
            bind_ram(&e, 0x20000000 + off, RAM_BASE + off, 0x20000, 0);
        } else if (i % 3 == 1) {
            bind_vram(&e, 0x20000000 + off, off, 0x20000, 0);
        } else {
            e.ops->as_unbind(e.b.as, 0x20000000 + off, 0x10000);
        }
        if (i % 5 == 0) {
            e.ops->as_flush(e.b.as);
        }
    }
    r.stop = true;
    g_thread_join(t);
    CU_ASSERT_EQUAL(r.wrong, 0);
    CU_ASSERT_TRUE(r.writes >= 1000);
    env_close(&e);
}

static CU_TestInfo tests[] = {
    { "walk and faults", test_walk },
    { "copies over pages", test_copy },
    { "read only", test_read_only },
    { "rebind, unbind, refuse", test_rebind },
    { "budget of tables", test_budget },
    { "budget of runs", test_budget_runs },
    { "dirty pages", test_dirty },
    { "dirty pages of a thread inside", test_dirty_other },
    { "RAM leaves", test_invalidate },
    { "RAM leaves under a writer", test_invalidate_race },
    { "bind under a reader", test_bind_race },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "software address space", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
