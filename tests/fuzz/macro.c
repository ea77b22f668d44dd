/*
 * Fuzz target: the macro engine.
 *
 * Programs of the input's words are uploaded anywhere (also past the end of
 * code RAM), bound to any number and called with parameters, from any class
 * of GR; what they send are methods of that class.  A call is bounded by the
 * engine's own budget of instructions, so every channel must stop by itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gpu.h"

#include "spec/macro.h"
#include "spec/pushbuf.h"

#define RUN_US  1000000

static FuzzGpu gpu;
static FuzzChan ch;
static unsigned calls;

/* Mostly an instruction whose operation exists. */
static uint32_t an_insn(FuzzIn *in)
{
    uint32_t w = fuzz_u32(in);
    uint8_t how = fuzz_u8(in);

    if (how & 1) {
        w = (w & ~0x80u) | (how & 0x80);        /* exits are rarer */
    }
    if ((how & 7) == 2) {       /* a near branch */
        w = (w & ~7u) | MACRO_OP_BRANCH;
        w = (w & 0x3fff) | (uint32_t)(int8_t)fuzz_u8(in) << 14;
    }
    return w;
}

static void upload(FuzzIn *in)
{
    unsigned n = fuzz_u8(in) & 63;
    uint32_t at = fuzz_u8(in) & 3 ? fuzz_u8(in) : fuzz_value(in);

    fuzz_chan_method(&ch, FUZZ_3D, MACRO_BIND_INDEX,
                     fuzz_u8(in) & 7 ? fuzz_u8(in) & 7 : fuzz_value(in));
    fuzz_chan_method(&ch, FUZZ_3D, MACRO_BIND_START, at);
    fuzz_chan_head(&ch, NVC0_PB_TYPE_INCR_ONCE, FUZZ_3D, MACRO_UPLOAD_POS,
                   n + 1);
    fuzz_chan_word(&ch, at);
    while (n--) {
        fuzz_chan_word(&ch, an_insn(in));
    }
}

static void call(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);
    unsigned n = fuzz_u8(in) & 15;
    uint32_t index = how & 8 ? fuzz_u8(in) & 127 : how & 7;
    unsigned type = how & 0x40 ? NVC0_PB_TYPE_INCR_ONCE :
                    how & 0x80 ? NVC0_PB_TYPE_NONINCR : NVC0_PB_TYPE_INCR;

    if (calls++ >= 8) {
        return;
    }
    /* a parameter packet of type NONINCR would be a call a word */
    n = type == NVC0_PB_TYPE_INCR_ONCE ? n : MIN(n, 3);
    fuzz_chan_head(&ch, type, how >> 4 & 3, MACRO_CALL_FIRST + 8 * index +
                   (how == 0xff ? 4 : 0), n);
    while (n--) {
        fuzz_chan_word(&ch, fuzz_value(in));
    }
}

static void init(void)
{
    fuzz_gpu_open(&gpu);
}

static void fini(void)
{
    fuzz_gpu_close(&gpu);
}

static void one(FuzzIn *in)
{
    calls = 0;
    fuzz_chan_open(&ch, &gpu);
    while (in->n) {
        if (fuzz_u8(in) & 1) {
            upload(in);
        } else {
            call(in);
        }
    }
    fuzz_chan_run(&ch, 1, RUN_US);
    fuzz_chan_close(&ch);
    fuzz_gpu_clean(&gpu);
}

const FuzzTarget fuzz_target = {
    .name = "macro", .max_len = 768, .init = init, .one = one, .exit = fini,
};
