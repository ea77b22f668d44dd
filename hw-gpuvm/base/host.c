/*
 * Copies to and from guest RAM, the rate-limited guest-error line, and names
 * of counters and trace points.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base/host.h"

#include <glib.h>
#include <stdarg.h>
#include <string.h>

/* Guest errors shown per second; the rest is counted and said later. */
#define GUEST_ERROR_BURST 10

typedef enum { COPY_OUT, COPY_IN } CopyDirection;

/*
 * A range can cross from one RAM block into the next, so it is copied in as
 * many pieces as ram_map() yields.
 */
static bool host_copy(GpuvmHost *h, uint64_t gpa, void *buf, size_t len,
                      CopyDirection dir)
{
    uint8_t *p = buf;

    if (len && gpa + (len - 1) < gpa) {
        return false;
    }
    while (len) {
        uint64_t n = len;
        void *m = gpuvm_host_ram_map(h, gpa, &n, dir == COPY_IN);

        if (!m || !n) {
            return false;
        }
        if (dir == COPY_OUT) {
            memcpy(p, m, n);
        } else {
            memcpy(m, p, n);
            gpuvm_host_ram_dirty(h, gpa, n);
        }
        gpuvm_host_ram_unmap(h, m, gpa, n);
        gpa += n;
        p += n;
        len -= n;
    }
    return true;
}

bool gpuvm_host_read(GpuvmHost *h, uint64_t gpa, void *buf, size_t len)
{
    return host_copy(h, gpa, buf, len, COPY_OUT);
}

bool gpuvm_host_write(GpuvmHost *h, uint64_t gpa, const void *buf, size_t len)
{
    return host_copy(h, gpa, (void *)buf, len, COPY_IN);
}

bool gpuvm_rate_limit(GpuvmRateLimit *r, uint64_t now_ns, uint32_t burst,
                      uint32_t *suppressed)
{
    uint64_t start = atomic_load(&r->window_start_ns);

    *suppressed = 0;
    if (now_ns - start >= 1000000000u) {
        if (atomic_compare_exchange_strong(&r->window_start_ns, &start,
                                           now_ns)) {
            atomic_store(&r->in_window, 0);
        }
    }
    if (atomic_fetch_add(&r->in_window, 1) >= burst) {
        atomic_fetch_sub(&r->in_window, 1);
        atomic_fetch_add(&r->suppressed, 1);
        return false;
    }
    *suppressed = atomic_exchange(&r->suppressed, 0);
    return true;
}

void gpuvm_log(GpuvmHost *h, GpuvmLogLevel level, const char *fmt, ...)
{
    g_autofree char *line = NULL;
    va_list ap;

    if (!h->ops->log) {
        return;
    }
    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    h->ops->log(h->opaque, level, line);
}

void gpuvm_guest_error(GpuvmHost *h, const char *fmt, ...)
{
    g_autofree char *line = NULL;
    uint32_t suppressed;
    va_list ap;

    gpuvm_count(&h->counters, GPUVM_CNT_GUEST_ERRORS);
    gpuvm_host_trace(h, GPUVM_TRACE_GUEST_ERROR,
                     gpuvm_counter(&h->counters, GPUVM_CNT_GUEST_ERRORS),
                     0, 0, 0);
    if (!h->ops->log ||
        !gpuvm_rate_limit(&h->guest_errors, gpuvm_host_clock_ns(h),
                          GUEST_ERROR_BURST, &suppressed)) {
        return;
    }
    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (suppressed) {
        gpuvm_log(h, GPUVM_LOG_GUEST_ERROR, "%s (%u more were not shown)",
                  line, suppressed);
    } else {
        h->ops->log(h->opaque, GPUVM_LOG_GUEST_ERROR, line);
    }
}

const char *gpuvm_counter_key(GpuvmCounterId id)
{
    static const char *const keys[] = {
#define X(NAME, key, what) #key,
        GPUVM_COUNTERS(X)
#undef X
    };

    return keys[id];
}

const char *gpuvm_counter_what(GpuvmCounterId id)
{
    static const char *const whats[] = {
#define X(NAME, key, what) what,
        GPUVM_COUNTERS(X)
#undef X
    };

    return whats[id];
}

const char *gpuvm_trace_name(GpuvmTraceId id)
{
    static const char *const names[] = {
#define X(NAME, name, n, a, b, c, d) #name,
        GPUVM_TRACES(X)
#undef X
    };

    return names[id];
}
