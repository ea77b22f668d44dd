/*
 * Unit test harness: a test file fills `unit_suites` and gets CUnit's basic
 * runner from main.c, plus a fake host with guest RAM.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_HARNESS_H
#define GPUVM_TESTS_HARNESS_H

#include <CUnit/CUnit.h>
#include <glib.h>

#include "base/host.h"
#include "base/windows.h"

/** The test program's suites; CU_SUITE_INFO_NULL ends it. */
extern CU_SuiteInfo unit_suites[];

/** TestHost - a host with @ram_size bytes of RAM at guest-physical @ram_base,
 *  which counts notifications, guest errors and trace events by id.  With
 *  GPUVM_TEST_WINDOWS in the environment it maps RAM in windows of 64 KiB that
 *  are unmapped when nobody holds them: ram then is no address that ram_map()
 *  gives, and at the end all windows must have been put back. */
typedef struct TestHost {
    GpuvmHost host;         /* pass &th->host on */
    uint8_t *ram;
    uint64_t ram_base, ram_size;
    int ram_fd;             /* -1 without windows */
    GpuvmWindows *windows;
    uint64_t fake_ns;       /* clock_ns() when use_fake_clock */
    bool use_fake_clock;
    _Atomic unsigned notifies;
    _Atomic unsigned logs;
    _Atomic uint64_t dirty_bytes;
    _Atomic unsigned traces[GPUVM_TRACE__MAX];
    void (*invalidate)(void *arg, uint64_t gpa, uint64_t len);
    void *invalidate_arg;
    GMutex lock;
    char last_log[256];
} TestHost;

TestHost *test_host_new(uint64_t ram_base, uint64_t ram_size);
void test_host_free(TestHost *th);
/** test_wait - polls @cond(arg) up to @ms; false when it never came true. */
bool test_wait(bool (*cond)(void *arg), void *arg, unsigned ms);

#endif
