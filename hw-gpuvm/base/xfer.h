/*
 * Saving and loading state: one stream, one function for both directions.
 *
 * Whoever has state writes one function that names each field once; whether
 * the field is appended to the stream or read from it is the GpuvmXfer's
 * business.  So the two directions cannot come to disagree.
 *
 * The stream is little-endian and made of nested sections, each with a tag, a
 * version and a length.  It is not trusted: every read is bounded, counts and
 * codes are checked against a limit, and the first error is kept as a
 * sentence.  After an error reads give zeros and writes to the stream stop, so
 * callers check once, at the end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_BASE_XFER_H
#define GPUVM_BASE_XFER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPUVM_XFER_DEPTH 8          /* sections inside each other */
#define GPUVM_XFER_SIZE_MAX (1u << 30)  /* bytes of one stream */

/** GpuvmXfer - one direction of one stream; used by one thread at a time. */
typedef struct GpuvmXfer {
    bool loading;
    GByteArray *out;                /* saving: appended to */
    const uint8_t *at;              /* loading: next byte */
    char *err;                      /* first error; g_free it */
    unsigned depth;
    size_t begin[GPUVM_XFER_DEPTH];         /* saving: of the length word */
    const uint8_t *end[GPUVM_XFER_DEPTH + 1]; /* loading; [0]: the stream's */
} GpuvmXfer;

/** gpuvm_xfer_saver - state goes to the end of @out. */
void gpuvm_xfer_saver(GpuvmXfer *x, GByteArray *out);
/** gpuvm_xfer_loader - state comes from @len bytes at @data. */
void gpuvm_xfer_loader(GpuvmXfer *x, const void *data, size_t len);
/** gpuvm_xfer_finish - true if all went well and, loading, nothing is left;
 *  else false with the reason in @err.  Ends the use of @x. */
bool gpuvm_xfer_finish(GpuvmXfer *x, char **err);

static inline bool gpuvm_xfer_ok(const GpuvmXfer *x)
{
    return !x->err;
}

/** gpuvm_xfer_fail - keeps the first reason. */
void gpuvm_xfer_fail(GpuvmXfer *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * gpuvm_xfer_begin - a section.  Loading, its name must match and its version
 * be 1 to @version.  Returns the stream's version, 0 on an error.
 * @name: up to 8 characters
 */
uint32_t gpuvm_xfer_begin(GpuvmXfer *x, const char *name, uint32_t version);
/** gpuvm_xfer_end - of the section; loading, nothing of it may be left. */
void gpuvm_xfer_end(GpuvmXfer *x);

void gpuvm_xfer_bytes(GpuvmXfer *x, void *p, size_t n);
void gpuvm_xfer_bool(GpuvmXfer *x, bool *v);
void gpuvm_xfer_u8(GpuvmXfer *x, uint8_t *v);
void gpuvm_xfer_u16(GpuvmXfer *x, uint16_t *v);
void gpuvm_xfer_u32(GpuvmXfer *x, uint32_t *v);
void gpuvm_xfer_u64(GpuvmXfer *x, uint64_t *v);
/** gpuvm_xfer_words - @n of them. */
void gpuvm_xfer_words(GpuvmXfer *x, uint32_t *v, size_t n);
/** gpuvm_xfer_max - loading, more than @max is an error (and reads 0).
 *  Returns the value.  @what: its name, for the error */
uint32_t gpuvm_xfer_max(GpuvmXfer *x, const char *what, uint32_t v,
                        uint32_t max);
/**
 * gpuvm_xfer_sparse - @n bytes, of which runs of zeros take no room.  Loading,
 * @p holds zeros already.
 */
void gpuvm_xfer_sparse(GpuvmXfer *x, void *p, size_t n);

/** gpuvm_xfer_blob - bytes of any number: those of @b, or to its end. */
void gpuvm_xfer_blob(GpuvmXfer *x, GByteArray *b);

/** An enum or unsigned field that is at most @last. */
#define GPUVM_XFER_CODE(x, what, field, last) \
    ((field) = gpuvm_xfer_max(x, what, (field), last))

#endif
