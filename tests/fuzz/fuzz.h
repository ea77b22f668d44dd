/*
 * What a fuzz target is, and what all of them share: input that is eaten up
 * piece by piece, a host with guest RAM between guard pages, a check that ends
 * the program with a report, and a watch on the time.
 *
 * A target is one C file that fills `fuzz_target`.  It is linked twice: with
 * replay.c it runs files and pseudo-random inputs from a seed (any compiler,
 * no fuzzing engine), with engine.c it is a libFuzzer program.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_FUZZ_H
#define GPUVM_TESTS_FUZZ_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/host.h"

/** FuzzIn - the input that is left; past its end all reads give 0. */
typedef struct FuzzIn {
    const uint8_t *p;
    size_t n;
} FuzzIn;

typedef struct FuzzTarget {
    const char *name;
    size_t max_len;                 /* of an input, bytes */
    void (*init)(void);
    void (*one)(FuzzIn *in);        /* from a clean state to a clean state */
    void (*exit)(void);
} FuzzTarget;

extern const FuzzTarget fuzz_target;

uint64_t fuzz_bytes(FuzzIn *in, unsigned n);
static inline uint8_t fuzz_u8(FuzzIn *in) { return fuzz_bytes(in, 1); }
static inline uint16_t fuzz_u16(FuzzIn *in) { return fuzz_bytes(in, 2); }
static inline uint32_t fuzz_u32(FuzzIn *in) { return fuzz_bytes(in, 4); }
static inline uint64_t fuzz_u64(FuzzIn *in) { return fuzz_bytes(in, 8); }
/** fuzz_pick - a number below @n (at most 65536). */
static inline uint32_t fuzz_pick(FuzzIn *in, uint32_t n)
{
    return (n > 256 ? fuzz_u16(in) : fuzz_u8(in)) % n;
}
/** fuzz_value - a word as registers and methods like them: raw, small, a
 *  power of two or one less, all ones, or near a 16-bit boundary. */
uint32_t fuzz_value(FuzzIn *in);

/** fuzz_check - an invariant of the program under test. */
#define fuzz_check(cond)                                                      \
    do {                                                                      \
        if (!(cond)) {                                                        \
            fuzz_fail(__FILE__, __LINE__, #cond);                             \
        }                                                                     \
    } while (0)
void fuzz_fail(const char *file, int line, const char *what)
    __attribute__((noreturn));

/** fuzz_run - one input, timed: too slow is a failure. */
void fuzz_run(const uint8_t *data, size_t len);
/** fuzz_threads - environment FUZZ_THREADS is set: GPU and VM have threads of
 *  their own, as in QEMU; else what they do is done in steps, several times as
 *  fast and in the same order each time. */
bool fuzz_threads(void);
/** fuzz_slow_ms - processor time that one input may take, and a thirtieth of
 *  the time by the clock (environment FUZZ_SLOW_MS; default 2000). */
unsigned fuzz_slow_ms(void);

#define FUZZ_RAM_BASE   0x40000000u
#define FUZZ_RAM_SIZE   (512u << 10)

/** FuzzHost - RAM at FUZZ_RAM_BASE, unreadable memory on both sides. */
typedef struct FuzzHost {
    GpuvmHost host;
    uint8_t *ram;
} FuzzHost;

FuzzHost *fuzz_host_new(void);
void fuzz_host_free(FuzzHost *h);
/** fuzz_zero - zeroes the pages that are not zero; @len a multiple of 4096.
 *  (Giving pages back costs a fault each, many times as much.) */
void fuzz_zero(void *p, size_t len);

#endif
