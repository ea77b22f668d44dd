/*
 * Runs a test program's suites and provides the fake host (harness.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "harness.h"

#include <CUnit/Basic.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WINDOW 65536u

static void *th_window_map(void *opaque, uint64_t gpa, uint64_t len)
{
    TestHost *th = opaque;
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, th->ram_fd,
                   gpa - th->ram_base);

    return p == MAP_FAILED ? NULL : p;
}

static void th_window_unmap(void *opaque, void *ptr, uint64_t len)
{
    munmap(ptr, len);
}

static const GpuvmWindowOps th_window_ops = { th_window_map, th_window_unmap };

static void *th_map(void *opaque, uint64_t gpa, uint64_t *len, bool write)
{
    TestHost *th = opaque;
    uint64_t off = gpa - th->ram_base;

    if (gpa < th->ram_base || off >= th->ram_size || *len == 0) {
        return NULL;
    }
    *len = MIN(*len, th->ram_size - off);
    if (th->windows) {
        return gpuvm_windows_get(th->windows, gpa, len, th->ram_base,
                                 th->ram_base + th->ram_size);
    }
    return th->ram + off;
}

static void th_unmap(void *opaque, void *ptr, uint64_t gpa, uint64_t len)
{
    TestHost *th = opaque;

    if (th->windows) {
        gpuvm_windows_put(th->windows, ptr, gpa);
    }
}

static void th_dirty(void *opaque, uint64_t gpa, uint64_t len)
{
    TestHost *th = opaque;

    th->dirty_bytes += len;
}

static void th_set_invalidate(void *opaque,
                              void (*fn)(void *, uint64_t, uint64_t),
                              void *arg)
{
    TestHost *th = opaque;

    th->invalidate = fn;
    th->invalidate_arg = arg;
}

static uint64_t th_clock(void *opaque)
{
    TestHost *th = opaque;

    return th->use_fake_clock ? th->fake_ns :
           (uint64_t)g_get_monotonic_time() * 1000;
}

static void th_notify(void *opaque)
{
    TestHost *th = opaque;

    th->notifies++;
}

static void th_log(void *opaque, GpuvmLogLevel level, const char *line)
{
    TestHost *th = opaque;

    th->logs++;
    g_mutex_lock(&th->lock);
    g_strlcpy(th->last_log, line, sizeof(th->last_log));
    g_mutex_unlock(&th->lock);
    if (g_getenv("GPUVM_TEST_VERBOSE")) {
        fprintf(stderr, "[%d] %s\n", level, line);
    }
}

static void th_trace(void *opaque, GpuvmTraceId id, uint64_t a, uint64_t b,
                     uint64_t c, uint64_t d)
{
    TestHost *th = opaque;

    th->traces[id]++;
    if (g_getenv("GPUVM_TEST_TRACE")) {
        fprintf(stderr, "%s %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 "\n",
                gpuvm_trace_name(id), a, b, c, d);
    }
}

static const GpuvmHostOps th_ops = {
    .ram_map = th_map,
    .ram_unmap = th_unmap,
    .ram_dirty = th_dirty,
    .set_invalidate = th_set_invalidate,
    .clock_ns = th_clock,
    .notify = th_notify,
    .log = th_log,
    .trace = th_trace,
};

/* What all hosts of this program counted and traced, for fired.py. */
static bool counted[GPUVM_CNT__MAX], traced[GPUVM_TRACE__MAX];

static void th_use_windows(TestHost *th)
{
    th->ram_fd = memfd_create("ram", MFD_CLOEXEC);
    CU_ASSERT_EQUAL_FATAL(ftruncate(th->ram_fd, th->ram_size), 0);
    th->ram = mmap(NULL, th->ram_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                   th->ram_fd, 0);
    CU_ASSERT_PTR_NOT_EQUAL_FATAL(th->ram, MAP_FAILED);
    th->windows = gpuvm_windows_new(&th_window_ops, th, WINDOW);
}

TestHost *test_host_new(uint64_t ram_base, uint64_t ram_size)
{
    TestHost *th = g_new0(TestHost, 1);

    th->host.ops = &th_ops;
    th->host.opaque = th;
    th->ram_base = ram_base;
    th->ram_size = ram_size;
    th->ram_fd = -1;
    if (ram_size && g_getenv("GPUVM_TEST_WINDOWS")) {
        th_use_windows(th);
    } else {
        th->ram = ram_size ? g_malloc0(ram_size) : NULL;
    }
    g_mutex_init(&th->lock);
    return th;
}

void test_host_free(TestHost *th)
{
    for (unsigned i = 0; i < GPUVM_CNT__MAX; i++) {
        counted[i] |= gpuvm_counter(&th->host.counters, i) != 0;
    }
    for (unsigned i = 0; i < GPUVM_TRACE__MAX; i++) {
        traced[i] |= th->traces[i] != 0;
    }
    g_mutex_clear(&th->lock);
    if (th->windows) {
        CU_ASSERT_EQUAL(gpuvm_windows_count(th->windows), 0);
        gpuvm_windows_free(th->windows);
        munmap(th->ram, th->ram_size);
        close(th->ram_fd);
    } else {
        g_free(th->ram);
    }
    g_free(th);
}

bool test_wait(bool (*cond)(void *arg), void *arg, unsigned ms)
{
    gint64 end = g_get_monotonic_time() + (gint64)ms * 1000;

    while (!cond(arg)) {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        g_usleep(200);
    }
    return true;
}

/* One line each, into the file that $GPUVM_TEST_FIRED names. */
static void tell_fired(void)
{
    const char *path = g_getenv("GPUVM_TEST_FIRED");
    FILE *f = path ? fopen(path, "w") : NULL;

    for (unsigned i = 0; f && i < GPUVM_CNT__MAX; i++) {
        if (counted[i]) {
            fprintf(f, "counter %s\n", gpuvm_counter_key(i));
        }
    }
    for (unsigned i = 0; f && i < GPUVM_TRACE__MAX; i++) {
        if (traced[i]) {
            fprintf(f, "trace %s\n", gpuvm_trace_name(i));
        }
    }
    if (f) {
        fclose(f);
    }
}

int main(void)
{
    unsigned failed;

    if (CU_initialize_registry() != CUE_SUCCESS ||
        CU_register_suites(unit_suites) != CUE_SUCCESS) {
        fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
        return 1;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    tell_fired();
    CU_cleanup_registry();
    return failed ? 1 : 0;
}
