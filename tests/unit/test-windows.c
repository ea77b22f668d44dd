/*
 * Counted windows on guest RAM.  The host here is a memory file of which
 * windows are mapped and really unmapped, so that a pointer that is used too
 * late ends the program; single pages can be taken from it, as a guest's
 * balloon does under Xen.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "harness.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/windows.h"

#define PAGE   4096u
#define PIECE  (16 * PAGE)
#define BASE   (5 * PIECE + 3 * PAGE)   /* where RAM starts */
#define PAGES  60u
#define END    (BASE + PAGES * PAGE)

typedef struct Ram {
    int fd;
    uint8_t *all;
    bool gone[PAGES];
    unsigned maps, unmaps;
    uint64_t gpa, len;          /* of the last map() */
    GpuvmWindows *w;
} Ram;

static void *ram_map(void *opaque, uint64_t gpa, uint64_t len)
{
    Ram *r = opaque;
    void *p;

    CU_ASSERT_TRUE_FATAL(gpa >= BASE && gpa + len <= END && len);
    for (uint64_t a = gpa; a < gpa + len; a += PAGE) {
        if (r->gone[(a - BASE) / PAGE]) {
            return NULL;
        }
    }
    p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
             gpa - BASE);
    CU_ASSERT_PTR_NOT_EQUAL_FATAL(p, MAP_FAILED);
    r->maps++;
    r->gpa = gpa;
    r->len = len;
    return p;
}

static void ram_unmap(void *opaque, void *ptr, uint64_t len)
{
    Ram *r = opaque;

    CU_ASSERT_EQUAL(munmap(ptr, len), 0);
    r->unmaps++;
}

static const GpuvmWindowOps ops = { ram_map, ram_unmap };

static Ram *ram_open(void)
{
    Ram *r = g_new0(Ram, 1);

    r->fd = memfd_create("windows", MFD_CLOEXEC);
    CU_ASSERT_EQUAL_FATAL(ftruncate(r->fd, PAGES * PAGE), 0);
    r->all = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
                  r->fd, 0);
    for (uint32_t i = 0; i < PAGES; i++) {
        memcpy(r->all + i * PAGE, &i, 4);
    }
    r->w = gpuvm_windows_new(&ops, r, PIECE);
    return r;
}

static void ram_close(Ram *r)
{
    gpuvm_windows_free(r->w);
    CU_ASSERT_EQUAL(r->maps, r->unmaps);
    munmap(r->all, PAGES * PAGE);
    close(r->fd);
    g_free(r);
}

/* get() of @len bytes at @gpa; NULL or what lies at the result */
static uint8_t *get(Ram *r, uint64_t gpa, uint64_t len, uint64_t *got)
{
    *got = len;
    return gpuvm_windows_get(r->w, gpa, got, BASE, END);
}

static uint32_t word(const void *p)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return v;
}

static bool is_mapped(void *p)
{
    unsigned char in[1];

    return mincore((void *)((uintptr_t)p & ~(uintptr_t)(PAGE - 1)), PAGE,
                   in) == 0;
}

static void test_shared(void)
{
    Ram *r = ram_open();
    uint64_t got;
    uint64_t at = 6 * PIECE;        /* page 13 of RAM */
    uint8_t *a = get(r, at + 2 * PAGE, PAGE, &got);
    uint8_t *b;

    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_EQUAL(got, PAGE);
    CU_ASSERT_EQUAL(word(a), 15);
    CU_ASSERT_EQUAL(r->gpa, at);
    CU_ASSERT_EQUAL(r->len, PIECE);
    /* the same piece: no second mapping; clipped at its end */
    b = get(r, at + 15 * PAGE + 8, 3 * PAGE, &got);
    CU_ASSERT_EQUAL(got, PAGE - 8);
    CU_ASSERT_EQUAL(word(b - 8), 28);
    CU_ASSERT_EQUAL(r->maps, 1);
    CU_ASSERT_EQUAL(gpuvm_windows_count(r->w), 1);
    memcpy(a + 16, "seen", 4);
    CU_ASSERT_EQUAL(memcmp(r->all + 15 * PAGE + 16, "seen", 4), 0);
    /* the first holder goes, the second's pointer stays */
    gpuvm_windows_put(r->w, a, at + 2 * PAGE);
    CU_ASSERT_EQUAL(word(b - 8), 28);
    CU_ASSERT_EQUAL(r->unmaps, 0);
    gpuvm_windows_put(r->w, b, at + 15 * PAGE + 8);
    CU_ASSERT_EQUAL(r->unmaps, 1);
    CU_ASSERT_EQUAL(gpuvm_windows_count(r->w), 0);
    CU_ASSERT_FALSE(is_mapped(a));
    ram_close(r);
}

static void test_ends_of_ram(void)
{
    Ram *r = ram_open();
    uint64_t got;
    uint8_t *a = get(r, BASE + 4, 100 * PAGE, &got);
    uint8_t *b = get(r, END - 4, 4, &got);

    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    CU_ASSERT_EQUAL(word(a - 4), 0);
    CU_ASSERT_EQUAL(got, 4);
    CU_ASSERT_EQUAL(r->gpa + r->len, END);
    CU_ASSERT_EQUAL(gpuvm_windows_count(r->w), 2);
    gpuvm_windows_put(r->w, a, BASE + 4);
    gpuvm_windows_put(r->w, b, END - 4);
    ram_close(r);
}

static void test_holes(void)
{
    Ram *r = ram_open();
    uint64_t at = 6 * PIECE, got;
    uint8_t *a, *b, *c;

    r->gone[13 + 5] = true;
    /* up to what is wanted, if that has no hole */
    a = get(r, at + 6 * PAGE, 2 * PAGE, &got);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_EQUAL(got, 2 * PAGE);
    CU_ASSERT_EQUAL(word(a + PAGE), 13 + 7);
    /* else the page alone */
    b = get(r, at + 4 * PAGE, 2 * PAGE, &got);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    CU_ASSERT_EQUAL(got, PAGE);
    CU_ASSERT_EQUAL(word(b), 13 + 4);
    CU_ASSERT_PTR_NULL(get(r, at + 5 * PAGE, 4, &got));
    CU_ASSERT_EQUAL(gpuvm_windows_count(r->w), 2);
    /* the page is back: beside the narrow ones the whole piece is mapped */
    r->gone[13 + 5] = false;
    c = get(r, at + 5 * PAGE, PIECE, &got);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(got, PIECE - 5 * PAGE);
    CU_ASSERT_EQUAL(word(c), 13 + 5);
    CU_ASSERT_EQUAL(gpuvm_windows_count(r->w), 3);
    /* each put finds its own, in any order */
    gpuvm_windows_put(r->w, b, at + 4 * PAGE);
    CU_ASSERT_FALSE(is_mapped(b));
    CU_ASSERT_EQUAL(word(a), 13 + 6);
    gpuvm_windows_put(r->w, c, at + 5 * PAGE);
    CU_ASSERT_FALSE(is_mapped(c));
    CU_ASSERT_EQUAL(word(a), 13 + 6);
    gpuvm_windows_put(r->w, a, at + 6 * PAGE);
    CU_ASSERT_EQUAL(gpuvm_windows_count(r->w), 0);
    ram_close(r);
}

/* What somebody still holds goes with the table. */
static void test_free(void)
{
    Ram *r = ram_open();
    uint64_t got;

    CU_ASSERT_PTR_NOT_NULL(get(r, 6 * PIECE, 4, &got));
    CU_ASSERT_PTR_NOT_NULL(get(r, 7 * PIECE, 4, &got));
    ram_close(r);
}

typedef struct Racer {
    Ram *r;
    unsigned seed, wrong;
} Racer;

static gpointer racer(gpointer opaque)
{
    Racer *me = opaque;

    for (unsigned i = 0; i < 3000; i++) {
        uint64_t got;
        uint32_t n = rand_r(&me->seed) % PAGES;
        uint64_t gpa = BASE + n * PAGE;
        uint8_t *p = get(me->r, gpa, 2 * PAGE, &got);

        me->wrong += !p || word(p) != n;
        gpuvm_windows_put(me->r->w, p, gpa);
    }
    return NULL;
}

static void test_threads(void)
{
    Ram *r = ram_open();
    Racer x = { r, 1, 0 }, y = { r, 2, 0 };
    GThread *t = g_thread_new("racer", racer, &x);

    racer(&y);
    g_thread_join(t);
    CU_ASSERT_EQUAL(x.wrong + y.wrong, 0);
    CU_ASSERT_EQUAL(gpuvm_windows_count(r->w), 0);
    ram_close(r);
}

static CU_TestInfo tests[] = {
    { "one window for a piece", test_shared },
    { "ends of RAM", test_ends_of_ram },
    { "pages that are not there", test_holes },
    { "freed while held", test_free },
    { "threads", test_threads },
    CU_TEST_INFO_NULL,
};

CU_SuiteInfo unit_suites[] = {
    { "windows on guest RAM", NULL, NULL, NULL, NULL, tests },
    CU_SUITE_INFO_NULL,
};
