/*
 * Fuzz target: pushbuffers.
 *
 * The input is turned into commands for a channel with all classes bound:
 * packets of every type with known and unknown methods, whole scenes (a copy,
 * a launch, a clear, a query, constant buffers) whose parameters are the
 * input's, and raw words.  Whatever they do, the channel stops or can be
 * aborted, and no other slice changes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gpu.h"

#include <string.h>

#include "spec/ce_methods.h"
#include "spec/compute_methods.h"
#include "spec/gr3d_methods.h"
#include "spec/host_methods.h"
#include "spec/m2mf_methods.h"
#include "spec/macro.h"
#include "spec/pushbuf.h"
#include "spec/twod_methods.h"

#define RUN_US  1000    /* then it is aborted */

static const uint16_t host_methods[] = {
    NV906F_SET_OBJECT, NV906F_SEMAPHORE_ADDRESS_HIGH,
    NV906F_SEMAPHORE_ADDRESS_LOW, NV906F_SEMAPHORE_PAYLOAD,
    NV906F_SEMAPHORE_TRIGGER, NV906F_NON_STALL_INTERRUPT,
    NV906F_WRITE_CACHE_FLUSH, NV906F_MEM_OP_A, NV906F_MEM_OP_B,
    NV906F_SET_REFERENCE, NV906F_YIELD, NV906F_NOP, 0x4, 0x70, 0xfc,
};

static const uint16_t gr_methods[] = {
    GR_NOTIFY, GR_SERIALIZE, GR_LOCAL_BASE, GR_TEMP_ADDRESS_HIGH,
    GR_LINKED_TSC, GR_TSC_FLUSH, GR_TIC_FLUSH, GR_SW_TRAP,
    GR_COND_ADDRESS_HIGH, GR_COND_ADDRESS_LOW, GR_COND_MODE,
    GR_TSC_ADDRESS_HIGH, GR_TSC_ADDRESS_LOW, GR_TSC_LIMIT,
    GR_TIC_ADDRESS_HIGH, GR_TIC_ADDRESS_LOW, GR_TIC_LIMIT,
    GR_CODE_ADDRESS_HIGH, GR_CODE_ADDRESS_LOW, GR_QUERY_ADDRESS_HIGH,
    GR_QUERY_ADDRESS_LOW, GR_QUERY_SEQUENCE, GR_QUERY_GET, GR_CB_SIZE,
    GR_CB_ADDRESS_HIGH, GR_CB_ADDRESS_LOW, GR_CB_POS, GR_CB_DATA_FIRST,
    GR_CB_DATA_END - 4, GR_IMAGE_FIRST, GR_IMAGE_FIRST + 0x14,
    CP_LOCAL_POS_ALLOC, CP_LOCAL_NEG_ALLOC, CP_SHARED_BASE, CP_BIND_TSC,
    CP_BIND_TIC, CP_GRIDDIM_YX, CP_GRIDDIM_Z, CP_SHARED_SIZE,
    CP_THREADS_ALLOC, CP_BARRIER_ALLOC, CP_GPR_ALLOC, CP_GLOBAL_BASE,
    CP_LAUNCH, CP_BLOCKDIM_YX, CP_BLOCKDIM_Z, CP_START_ID, CP_GRIDID,
    CP_CB_BIND, CP_FLUSH, GR3D_RT_FIRST, GR3D_RT_FIRST + GR3D_RT_FORMAT,
    GR3D_RT_FIRST + GR3D_RT_TILE_MODE, GR3D_RT_FIRST + GR3D_RT_ARRAY_MODE,
    GR3D_RT_FIRST + GR3D_RT_LAYER_STRIDE, GR3D_SCISSOR_ENABLE,
    GR3D_SCISSOR_HORIZ, GR3D_ZETA_ADDRESS_HIGH, GR3D_ZETA_FORMAT,
    GR3D_SCREEN_SCISSOR_H, GR3D_CLEAR_FLAGS, GR3D_ZETA_HORIZ,
    GR3D_MULTISAMPLE_MODE, GR3D_ZETA_ENABLE, GR3D_CLEAR_BUFFERS,
    GR3D_DRAW_TFB_BYTES, GR3D_VB_ELEMENT_U8, GR3D_VERTEX_END_GL,
    GR3D_VERTEX_BUFFER_COUNT, GR3D_SCRATCH_FIRST, GR3D_SCRATCH_END - 4,
    MACRO_UPLOAD_POS, MACRO_UPLOAD_DATA, MACRO_BIND_INDEX, MACRO_BIND_START,
    MACRO_CALL_FIRST, MACRO_CALL_FIRST + 4, MACRO_CALL_END - 4,
    MACRO_CALL_END - 8, TWOD_COND_MODE, TWOD_DRAW_POINT32_FIRST,
    TWOD_SIFC_DST_Y_INT, TWOD_SIFC_DATA, TWOD_BLIT_SRC_Y_INT,
};

static FuzzGpu gpu;
static FuzzChan ch;

static uint32_t a_method(FuzzIn *in, unsigned subc)
{
    uint8_t how = fuzz_u8(in);

    if (how < 24) {
        return host_methods[how % G_N_ELEMENTS(host_methods)];
    }
    if (how >= 240) {
        return fuzz_u16(in) & 0x3ffc;
    }
    if (subc == FUZZ_M2MF || subc >= FUZZ_CE0) {
        return 0x200 + how % 0x60 * 4;
    }
    return gr_methods[how % G_N_ELEMENTS(gr_methods)];
}

static uint32_t a_word(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);

    return how < 64 ? fuzz_address(in) : how < 80 ? fuzz_address(in) >> 32 :
           fuzz_value(in);
}

static void packet(FuzzIn *in, unsigned type)
{
    unsigned subc = fuzz_u8(in) % 8;
    uint32_t mthd = a_method(in, subc);
    uint32_t n = type == NVC0_PB_TYPE_IMMEDIATE ? fuzz_u16(in) :
                 fuzz_pick(in, 12);

    fuzz_chan_head(&ch, type, subc, mthd, n);
    for (uint32_t i = 0; type != NVC0_PB_TYPE_IMMEDIATE && i < n; i++) {
        fuzz_chan_word(&ch, a_word(in));
    }
}

static void m(unsigned subc, uint32_t mthd, uint32_t data)
{
    fuzz_chan_method(&ch, subc, mthd, data);
}

static void addr(FuzzIn *in, unsigned subc, uint32_t mthd)
{
    uint64_t va = fuzz_address(in);

    m(subc, mthd, va >> 32);
    m(subc, mthd + 4, va);
}

/* Sizes that are sane as often as not. */
static uint32_t a_size(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);

    return how < 160 ? how % 65 : fuzz_value(in);
}

static void tiling(FuzzIn *in, unsigned subc, uint32_t at, uint32_t words)
{
    m(subc, at, fuzz_u8(in) & 1 ? fuzz_u16(in) & 0x777 : fuzz_value(in));
    for (uint32_t i = 1; i < words; i++) {
        m(subc, at + 4 * i, a_size(in));
    }
}

static void scene_m2mf(FuzzIn *in)
{
    uint8_t what = fuzz_u8(in);

    addr(in, FUZZ_M2MF, M2MF_OFFSET_IN_HIGH);
    addr(in, FUZZ_M2MF, M2MF_OFFSET_OUT_HIGH);
    addr(in, FUZZ_M2MF, M2MF_QUERY_ADDRESS_HIGH);
    m(FUZZ_M2MF, M2MF_PITCH_IN, a_size(in));
    m(FUZZ_M2MF, M2MF_PITCH_OUT, a_size(in));
    m(FUZZ_M2MF, M2MF_LINE_LENGTH_IN, a_size(in));
    m(FUZZ_M2MF, M2MF_LINE_COUNT, a_size(in));
    tiling(in, FUZZ_M2MF, M2MF_TILING_MODE_IN, 6);
    tiling(in, FUZZ_M2MF, M2MF_TILING_MODE_OUT, 6);
    for (uint32_t r = M2MF_POSITION_IN_X; r <= M2MF_POSITION_OUT_Y; r += 4) {
        m(FUZZ_M2MF, r, a_size(in));
    }
    m(FUZZ_M2MF, M2MF_EXEC, what & 1 ? fuzz_value(in) :
      (what & 2) << 3 | (what & 4) << 6 | (what & 8) << 10 | what >> 4 << 20 |
      (what >> 7));
    if (what & 0x81) {
        unsigned n = fuzz_u8(in);

        fuzz_chan_head(&ch, NVC0_PB_TYPE_NONINCR, FUZZ_M2MF, M2MF_DATA, n);
        while (n--) {
            fuzz_chan_word(&ch, n);
        }
    }
}

static void scene_ce(FuzzIn *in)
{
    unsigned subc = FUZZ_CE0 + (fuzz_u8(in) & 1);
    uint8_t what = fuzz_u8(in);

    addr(in, subc, 0x30c);          /* source, destination */
    addr(in, subc, 0x314);
    for (uint32_t r = 0x31c; r <= 0x328; r += 4) {
        m(subc, r, a_size(in));     /* pitches, counts */
    }
    tiling(in, subc, CE_SRC_TILE_MODE, 6);
    tiling(in, subc, CE_SRC_TILE_MODE + CE_TILE_DST, 6);
    for (uint32_t n = fuzz_u8(in) & 7; n; n--) {
        m(subc, 0x300 + (fuzz_u8(in) & 0x1f) * 4, fuzz_value(in));
    }
    m(subc, 0x300, what & 1 ? fuzz_value(in) :
      (what & 2) << 3 | (what & 4) << 6 | (what & 0xf8) << 9);
}

static void scene_launch(FuzzIn *in)
{
    uint64_t code = FUZZ_VA + (fuzz_u8(in) & 15) * 256;
    unsigned n = fuzz_u8(in) & 15;

    /* code and descriptors: a few words of the input's, by CB upload */
    m(FUZZ_COMPUTE, GR_CB_SIZE, 0x1000);
    m(FUZZ_COMPUTE, GR_CB_ADDRESS_HIGH, code >> 32);
    m(FUZZ_COMPUTE, GR_CB_ADDRESS_LOW, code);
    m(FUZZ_COMPUTE, GR_CB_POS, 0);
    fuzz_chan_head(&ch, NVC0_PB_TYPE_NONINCR, FUZZ_COMPUTE, GR_CB_DATA_FIRST,
                   n);
    for (unsigned i = 0; i < n; i++) {
        fuzz_chan_word(&ch, fuzz_u32(in));
    }
    m(FUZZ_COMPUTE, GR_CODE_ADDRESS_HIGH, code >> 32);
    m(FUZZ_COMPUTE, GR_CODE_ADDRESS_LOW, code);
    m(FUZZ_COMPUTE, CP_CB_BIND, fuzz_u16(in));
    addr(in, FUZZ_COMPUTE, GR_TIC_ADDRESS_HIGH);
    m(FUZZ_COMPUTE, GR_TIC_LIMIT, fuzz_value(in));
    addr(in, FUZZ_COMPUTE, GR_TSC_ADDRESS_HIGH);
    m(FUZZ_COMPUTE, GR_TSC_LIMIT, fuzz_value(in));
    m(FUZZ_COMPUTE, CP_BIND_TIC, fuzz_value(in));
    m(FUZZ_COMPUTE, CP_BIND_TSC, fuzz_value(in));
    m(FUZZ_COMPUTE, CP_GRIDDIM_YX, fuzz_u8(in) & 1 ? 0x10001 :
      fuzz_value(in));
    m(FUZZ_COMPUTE, CP_GRIDDIM_Z, fuzz_u8(in) & 1 ? 1 : fuzz_value(in));
    m(FUZZ_COMPUTE, CP_BLOCKDIM_YX, fuzz_u8(in) & 1 ? 0x10020 :
      fuzz_value(in));
    m(FUZZ_COMPUTE, CP_BLOCKDIM_Z, fuzz_u8(in) & 1 ? 1 : fuzz_value(in));
    m(FUZZ_COMPUTE, CP_GPR_ALLOC, fuzz_u8(in));
    m(FUZZ_COMPUTE, CP_SHARED_SIZE, fuzz_value(in));
    m(FUZZ_COMPUTE, CP_LOCAL_POS_ALLOC, fuzz_value(in));
    m(FUZZ_COMPUTE, CP_LOCAL_NEG_ALLOC, fuzz_value(in));
    m(FUZZ_COMPUTE, CP_START_ID, fuzz_u8(in) & 3 ? 0 : fuzz_value(in));
    m(FUZZ_COMPUTE, CP_LAUNCH, 0x1000);
}

static void scene_clear(FuzzIn *in)
{
    uint32_t rt = GR3D_RT_FIRST + (fuzz_u8(in) & 7) * GR3D_RT_STRIDE;
    uint8_t what = fuzz_u8(in);

    addr(in, FUZZ_3D, rt);
    for (uint32_t r = 8; r <= GR3D_RT_BASE_LAYER; r += 4) {
        m(FUZZ_3D, rt + r, r == GR3D_RT_FORMAT ? fuzz_u8(in) : a_size(in));
    }
    addr(in, FUZZ_3D, GR3D_ZETA_ADDRESS_HIGH);
    m(FUZZ_3D, GR3D_ZETA_FORMAT, fuzz_u8(in));
    m(FUZZ_3D, GR3D_ZETA_TILE_MODE, fuzz_value(in));
    m(FUZZ_3D, GR3D_ZETA_LAYER_STRIDE, fuzz_value(in));
    m(FUZZ_3D, GR3D_ZETA_HORIZ, a_size(in));
    m(FUZZ_3D, GR3D_ZETA_VERT, a_size(in));
    m(FUZZ_3D, GR3D_ZETA_ARRAY_MODE, a_size(in));
    m(FUZZ_3D, GR3D_ZETA_ENABLE, what & 1);
    m(FUZZ_3D, GR3D_MULTISAMPLE_MODE, what & 2 ? fuzz_u8(in) & 15 : 0);
    m(FUZZ_3D, GR3D_SCREEN_SCISSOR_H, what & 4 ? fuzz_u32(in) : 0x400000);
    m(FUZZ_3D, GR3D_SCREEN_SCISSOR_V, what & 4 ? fuzz_u32(in) : 0x400000);
    m(FUZZ_3D, GR3D_SCISSOR_ENABLE, what >> 3 & 1);
    m(FUZZ_3D, GR3D_SCISSOR_HORIZ, fuzz_value(in));
    m(FUZZ_3D, GR3D_SCISSOR_VERT, fuzz_value(in));
    m(FUZZ_3D, GR3D_CLEAR_FLAGS, what & 16 ? fuzz_u16(in) : 0);
    m(FUZZ_3D, GR3D_CLEAR_BUFFERS, fuzz_value(in));
}

static void scene_query(FuzzIn *in)
{
    static const uint8_t subc[] = { FUZZ_3D, FUZZ_COMPUTE, FUZZ_2D, FUZZ_3D };
    unsigned s = subc[fuzz_u8(in) & 3];

    addr(in, s, GR_COND_ADDRESS_HIGH);
    m(s, GR_COND_MODE, fuzz_u8(in) % 6);
    addr(in, s, GR_QUERY_ADDRESS_HIGH);
    m(s, GR_QUERY_SEQUENCE, fuzz_value(in));
    m(s, GR_QUERY_GET, fuzz_value(in));
    m(s, GR_COND_MODE, GR_COND_ALWAYS);
}

static void scene_semaphore(FuzzIn *in)
{
    uint64_t va = fuzz_address(in);

    m(fuzz_u8(in) & 7, NV906F_SEMAPHORE_ADDRESS_HIGH, va >> 32);
    m(0, NV906F_SEMAPHORE_ADDRESS_LOW, va);
    m(0, NV906F_SEMAPHORE_PAYLOAD, fuzz_value(in));
    m(0, NV906F_SEMAPHORE_TRIGGER, fuzz_value(in));
}

static void scene_macro(FuzzIn *in)
{
    unsigned n = fuzz_u8(in) & 15, k = fuzz_u8(in) & 7;

    m(FUZZ_3D, MACRO_BIND_INDEX, fuzz_value(in));
    m(FUZZ_3D, MACRO_BIND_START, fuzz_value(in));
    fuzz_chan_head(&ch, NVC0_PB_TYPE_INCR_ONCE, FUZZ_3D, MACRO_UPLOAD_POS,
                   n + 1);
    fuzz_chan_word(&ch, fuzz_value(in));
    for (unsigned i = 0; i < n; i++) {
        fuzz_chan_word(&ch, fuzz_u32(in));
    }
    fuzz_chan_head(&ch, NVC0_PB_TYPE_INCR_ONCE, fuzz_u8(in) & 3,
                   MACRO_CALL_FIRST + (fuzz_u8(in) & 0x7f) * 8, k);
    for (unsigned i = 0; i < k; i++) {
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

static void command(FuzzIn *in)
{
    static void (*const scenes[])(FuzzIn *) = {
        scene_m2mf, scene_ce, scene_launch, scene_clear, scene_query,
        scene_semaphore, scene_macro,
    };
    uint8_t op = fuzz_u8(in);

    if (op < 96) {
        packet(in, NVC0_PB_TYPE_INCR + op % 5);
    } else if (op < 224) {
        scenes[op % G_N_ELEMENTS(scenes)](in);
    } else if (op < 240) {
        fuzz_chan_word(&ch, fuzz_u32(in));
    } else {
        packet(in, op & 7);
    }
}

static void one(FuzzIn *in)
{
    unsigned pushes = fuzz_u8(in) & 31;

    fuzz_chan_open(&ch, &gpu);
    while (in->n) {
        command(in);
    }
    fuzz_chan_run(&ch, pushes, RUN_US);
    fuzz_chan_close(&ch);
    fuzz_gpu_clean(&gpu);
}

const FuzzTarget fuzz_target = {
    .name = "push", .max_len = 1024, .init = init, .one = one, .exit = fini,
};
