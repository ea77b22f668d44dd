/*
 * The stream of saved state.
 *
 * A section's header is eight bytes of name, a version and the number of bytes
 * that follow; saving, that number is filled in at the end.  Loading, the end
 * of the innermost section bounds every read.
 *
 * A sparse field is a list of {offset, length, bytes}, closed by a length of
 * 0; it is cut where at least SPARSE_UNIT aligned bytes are zero.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base/xfer.h"

#include <inttypes.h>
#include <string.h>

#define NAME_SIZE   8
#define SPARSE_UNIT 1024u

void gpuvm_xfer_saver(GpuvmXfer *x, GByteArray *out)
{
    memset(x, 0, sizeof(*x));
    x->out = out;
}

void gpuvm_xfer_loader(GpuvmXfer *x, const void *data, size_t len)
{
    memset(x, 0, sizeof(*x));
    x->loading = true;
    x->at = data;
    x->end[0] = x->at + len;
}

bool gpuvm_xfer_finish(GpuvmXfer *x, char **err)
{
    bool ok;

    if (x->loading && x->at != x->end[0]) {
        gpuvm_xfer_fail(x, "%" PRIuPTR " bytes too many",
                        (uintptr_t)(x->end[0] - x->at));
    }
    ok = gpuvm_xfer_ok(x);
    if (!ok && err) {
        *err = x->err;
    } else {
        g_free(x->err);
    }
    x->err = NULL;
    return ok;
}

void gpuvm_xfer_fail(GpuvmXfer *x, const char *fmt, ...)
{
    va_list ap;

    if (!x->err) {
        va_start(ap, fmt);
        x->err = g_strdup_vprintf(fmt, ap);
        va_end(ap);
    }
}

void gpuvm_xfer_bytes(GpuvmXfer *x, void *p, size_t n)
{
    if (x->err) {
        if (x->loading) {
            memset(p, 0, n);
        }
    } else if (!x->loading && n > GPUVM_XFER_SIZE_MAX - x->out->len) {
        gpuvm_xfer_fail(x, "the state is larger than %u MiB",
                        GPUVM_XFER_SIZE_MAX >> 20);
    } else if (!x->loading) {
        g_byte_array_append(x->out, p, n);
    } else if (n > (size_t)(x->end[x->depth] - x->at)) {
        memset(p, 0, n);
        gpuvm_xfer_fail(x, "the saved state ends too early");
    } else {
        memcpy(p, x->at, n);
        x->at += n;
    }
}

void gpuvm_xfer_u8(GpuvmXfer *x, uint8_t *v)
{
    gpuvm_xfer_bytes(x, v, 1);
}

void gpuvm_xfer_bool(GpuvmXfer *x, bool *v)
{
    uint8_t b = *v;

    gpuvm_xfer_u8(x, &b);
    if (b > 1) {
        gpuvm_xfer_fail(x, "a flag is %u", b);
        b = 0;
    }
    *v = b;
}

void gpuvm_xfer_u16(GpuvmXfer *x, uint16_t *v)
{
    uint16_t le = GUINT16_TO_LE(*v);

    gpuvm_xfer_bytes(x, &le, sizeof(le));
    *v = GUINT16_FROM_LE(le);
}

void gpuvm_xfer_u32(GpuvmXfer *x, uint32_t *v)
{
    uint32_t le = GUINT32_TO_LE(*v);

    gpuvm_xfer_bytes(x, &le, sizeof(le));
    *v = GUINT32_FROM_LE(le);
}

void gpuvm_xfer_u64(GpuvmXfer *x, uint64_t *v)
{
    uint64_t le = GUINT64_TO_LE(*v);

    gpuvm_xfer_bytes(x, &le, sizeof(le));
    *v = GUINT64_FROM_LE(le);
}

void gpuvm_xfer_words(GpuvmXfer *x, uint32_t *v, size_t n)
{
    if (G_BYTE_ORDER == G_LITTLE_ENDIAN) {
        gpuvm_xfer_bytes(x, v, n * sizeof(*v));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        gpuvm_xfer_u32(x, &v[i]);
    }
}

uint32_t gpuvm_xfer_max(GpuvmXfer *x, const char *what, uint32_t v,
                        uint32_t max)
{
    gpuvm_xfer_u32(x, &v);
    if (x->loading && v > max) {
        gpuvm_xfer_fail(x, "%s is %" PRIu32 ", at most %" PRIu32
                        " can be", what, v, max);
        return 0;
    }
    return v;
}

void gpuvm_xfer_blob(GpuvmXfer *x, GByteArray *b)
{
    uint32_t len = x->loading ? 0 : b->len;

    gpuvm_xfer_u32(x, &len);
    if (!x->loading) {
        gpuvm_xfer_bytes(x, b->data, len);
    } else if (len > (size_t)(x->end[x->depth] - x->at)) {
        gpuvm_xfer_fail(x, "the saved state ends too early");
    } else if (!x->err) {
        g_byte_array_append(b, x->at, len);
        x->at += len;
    }
}

uint32_t gpuvm_xfer_begin(GpuvmXfer *x, const char *name, uint32_t version)
{
    char tag[NAME_SIZE + 1] = { 0 }, want[NAME_SIZE] = { 0 };
    uint32_t len = 0, max = version;

    memcpy(want, name, MIN(strlen(name), NAME_SIZE));
    memcpy(tag, want, NAME_SIZE);
    gpuvm_xfer_bytes(x, tag, NAME_SIZE);
    gpuvm_xfer_u32(x, &version);
    if (x->depth == GPUVM_XFER_DEPTH) {
        gpuvm_xfer_fail(x, "saved state is nested too deeply");
        return 0;
    }
    if (x->out) {
        x->begin[x->depth] = x->out->len;
    }
    gpuvm_xfer_u32(x, &len);
    if (x->loading && memcmp(tag, want, NAME_SIZE)) {
        gpuvm_xfer_fail(x, "saved state of '%s' where '%s' should be",
                        g_str_is_ascii(tag) ? tag : "?", name);
    } else if (x->loading && (version < 1 || version > max)) {
        gpuvm_xfer_fail(x, "saved state of '%s' has version %" PRIu32 ", "
                        "known are 1 to %" PRIu32, name, version, max);
    } else if (x->loading && len > (size_t)(x->end[x->depth] - x->at)) {
        gpuvm_xfer_fail(x, "the saved state of '%s' ends too early", name);
    }
    if (x->err) {
        return 0;
    }
    x->depth++;
    x->end[x->depth] = x->loading ? x->at + len : NULL;
    return version;
}

void gpuvm_xfer_end(GpuvmXfer *x)
{
    uint32_t len;

    if (x->err) {
        return;         /* depths no longer mean anything */
    }
    if (x->loading) {
        if (x->at != x->end[x->depth]) {
            gpuvm_xfer_fail(x, "saved state has %" PRIuPTR " bytes too many",
                            (uintptr_t)(x->end[x->depth] - x->at));
        }
        x->depth--;
        return;
    }
    x->depth--;
    len = x->out->len - x->begin[x->depth] - sizeof(len);
    len = GUINT32_TO_LE(len);
    memcpy(x->out->data + x->begin[x->depth], &len, sizeof(len));
}

/* ---- sparse fields ---------------------------------------------------------- */

static bool is_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static void save_run(GpuvmXfer *x, const uint8_t *p, uint64_t from,
                     uint64_t to)
{
    uint64_t n = to - from;

    if (n) {
        gpuvm_xfer_u64(x, &n);
        gpuvm_xfer_u64(x, &from);
        gpuvm_xfer_bytes(x, (void *)(p + from), n);
    }
}

static void save_sparse(GpuvmXfer *x, const uint8_t *p, uint64_t n)
{
    uint64_t from = 0, none = 0;

    for (uint64_t at = 0; at < n; at += SPARSE_UNIT) {
        uint64_t len = MIN(SPARSE_UNIT, n - at);

        if (is_zero(p + at, len)) {
            save_run(x, p, from, at);
            from = at + len;
        }
    }
    save_run(x, p, from, n);
    gpuvm_xfer_u64(x, &none);
}

void gpuvm_xfer_sparse(GpuvmXfer *x, void *p, size_t n)
{
    uint64_t len = 0, from = 0;

    if (!x->loading) {
        save_sparse(x, p, n);
        return;
    }
    for (;;) {
        gpuvm_xfer_u64(x, &len);
        if (!len || x->err) {
            return;
        }
        gpuvm_xfer_u64(x, &from);
        if (from > n || len > n - from) {
            gpuvm_xfer_fail(x, "saved memory lies outside of its place");
            return;
        }
        gpuvm_xfer_bytes(x, (uint8_t *)p + from, len);
    }
}
