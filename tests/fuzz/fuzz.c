/*
 * What all fuzz targets share; see fuzz.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fuzz.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE        4096u
#define GUARD       (1u << 20)
#define MALLOC_KEEP (1 << 30)
#define MALLOC_PAD  (64 << 20)
#define WALL_FACTOR 30      /* at nice 19 beside others an input can wait long */

uint64_t fuzz_bytes(FuzzIn *in, unsigned n)
{
    uint64_t v = 0;
    unsigned i;

    for (i = 0; i < n && in->n; i++, in->n--) {
        v |= (uint64_t)*in->p++ << 8 * i;
    }
    return v;
}

uint32_t fuzz_value(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);

    switch (how >> 5) {
    case 0:
        return how;
    case 1:
        return 1u << (how & 31);
    case 2:
        return (1u << (how & 31)) - 1;
    case 3:
        return -(uint32_t)(how & 31);
    case 4:
        return (uint32_t)fuzz_u8(in) << (how & 31);
    case 5:
        return fuzz_u16(in);
    default:
        return fuzz_u32(in);
    }
}

void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: fuzz-%s: not so: %s\n", file, line,
            fuzz_target.name, what);
    abort();
}

bool fuzz_threads(void)
{
    static int on = -1;

    if (on < 0) {
        on = getenv("FUZZ_THREADS") != NULL;
    }
    return on;
}

unsigned fuzz_slow_ms(void)
{
    static unsigned ms;

    if (!ms) {
        const char *s = getenv("FUZZ_SLOW_MS");

        ms = s ? atoi(s) : 2000;
    }
    return ms;
}

static uint64_t cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void too_slow(size_t len, uint64_t wall, uint64_t cpu)
{
    fprintf(stderr, "fuzz-%s: an input of %zu bytes took %" PRIu64 " ms, %"
            PRIu64 " of them computing\n", fuzz_target.name, len, wall, cpu);
    abort();
}

/* The process's own time counts: a busy host is not the input's fault.  To
 * ask for it takes longer than most inputs, so the slow ones run again. */
void fuzz_run(const uint8_t *data, size_t len)
{
    FuzzIn in = { data, MIN(len, fuzz_target.max_len) }, again = in;
    gint64 start = g_get_monotonic_time();
    uint64_t cpu = 0, wall;

    fuzz_target.one(&in);
    wall = (g_get_monotonic_time() - start) / 1000;
    if (wall > fuzz_slow_ms()) {
        cpu = cpu_ms();
        fuzz_target.one(&again);
        cpu = cpu_ms() - cpu;
    }
    if (cpu > fuzz_slow_ms() || wall > fuzz_slow_ms() * WALL_FACTOR) {
        too_slow(len, wall, cpu);
    }
}

/* ---- the host -------------------------------------------------------------- */

static bool in_ram(uint64_t gpa, uint64_t len)
{
    return gpa >= FUZZ_RAM_BASE && len <= FUZZ_RAM_SIZE &&
           gpa - FUZZ_RAM_BASE <= FUZZ_RAM_SIZE - len;
}

static void *host_map(void *opaque, uint64_t gpa, uint64_t *len, bool write)
{
    FuzzHost *h = opaque;
    uint64_t off = gpa - FUZZ_RAM_BASE;

    if (gpa < FUZZ_RAM_BASE || off >= FUZZ_RAM_SIZE || !*len) {
        return NULL;
    }
    *len = MIN(*len, FUZZ_RAM_SIZE - off);
    return h->ram + off;
}

static void host_unmap(void *opaque, void *ptr, uint64_t gpa, uint64_t len)
{
    FuzzHost *h = opaque;

    fuzz_check(in_ram(gpa, len));
    fuzz_check((uint8_t *)ptr == h->ram + (gpa - FUZZ_RAM_BASE));
}

static void host_dirty(void *opaque, uint64_t gpa, uint64_t len)
{
    fuzz_check(in_ram(gpa, len));
}

static uint64_t host_clock(void *opaque)
{
    return (uint64_t)g_get_monotonic_time() * 1000;
}

static void host_log(void *opaque, GpuvmLogLevel level, const char *line)
{
    fuzz_check(strlen(line) < 4096);
    if (level == GPUVM_LOG_ERROR) {
        fprintf(stderr, "fuzz-%s: the device says: %s\n", fuzz_target.name,
                line);
    }
}

static void host_trace(void *opaque, GpuvmTraceId id, uint64_t a, uint64_t b,
                       uint64_t c, uint64_t d)
{
    fuzz_check(gpuvm_trace_name(id));
}

static const GpuvmHostOps host_ops = {
    .ram_map = host_map,
    .ram_unmap = host_unmap,
    .ram_dirty = host_dirty,
    .clock_ns = host_clock,
    .log = host_log,
    .trace = host_trace,
};

FuzzHost *fuzz_host_new(void)
{
    FuzzHost *h = g_new0(FuzzHost, 1);
    uint8_t *p = mmap(NULL, FUZZ_RAM_SIZE + 2 * GUARD, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED ||
        mprotect(p + GUARD, FUZZ_RAM_SIZE, PROT_READ | PROT_WRITE)) {
        perror("guest RAM");
        exit(2);
    }
    /* Memory that comes and goes with each input stays with the process: on
     * some hosts a page fault takes longer than the rest of an input. */
    mallopt(M_TRIM_THRESHOLD, MALLOC_KEEP);
    mallopt(M_MMAP_THRESHOLD, MALLOC_KEEP);
    mallopt(M_TOP_PAD, MALLOC_PAD);
    h->ram = p + GUARD;
    h->host.ops = &host_ops;
    h->host.opaque = h;
    return h;
}

void fuzz_host_free(FuzzHost *h)
{
    munmap(h->ram - GUARD, FUZZ_RAM_SIZE + 2 * GUARD);
    g_free(h);
}

void fuzz_zero(void *p, size_t len)
{
    static const uint8_t zero[PAGE];

    for (uint8_t *page = p; len >= PAGE; page += PAGE, len -= PAGE) {
        if (memcmp(page, zero, PAGE)) {
            memset(page, 0, PAGE);
        }
    }
}
