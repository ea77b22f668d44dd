/*
 * Buffer copies between VRAM and GART through nouveau's own uAPI, every byte
 * checked.
 *
 *   nv-copy [--moves N] [--m2mf N] [--size BYTES] [--channels N] [--reuse N]
 *
 * Moves: a buffer is written by the CPU and validated into the other domain,
 * so the kernel's TTM moves it with its copy engine and waits for the fence's
 * interrupt.  M2MF: the program's own channels copy with class 0x9039 from a
 * VRAM buffer to a GART buffer and back.  Reuse: N times buffers of system
 * memory, 350 MiB in all, must read zero, are filled and freed; each time they
 * have other sizes, so that they lie on several of the last ones.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "check.h"
#include "nv.h"

#define MAX_CHANNELS 8
#define REUSE_BUFFERS 7

static size_t run_moves(unsigned count, size_t size)
{
    static const uint32_t domains[2] = { NV_GART,
                                         NV_VRAM };
    NvChannel ch;
    size_t bad = 0;
    NvBo bo, *bop = &bo;

    nv_channel_new(&ch);
    memset(ch.push.map, 0, 64); /* NOPs */
    nv_bo_new(&bo, NV_VRAM | NV_GART, size);
    nv_fill(bo.map, size, 0x1000);
    for (unsigned i = 0; i < count; i++) {
        nv_must(nv_submit(&ch, 0, 16, &bop, &domains[i & 1], 1),
                "GEM_PUSHBUF");
        nv_must(nv_bo_wait(&bo), "CPU_PREP");
        bad += nv_differing(bo.map, size, 0x1000 + 2 * i);
        nv_fill(bo.map, size, 0x1000 + 2 * (i + 1));
    }
    nv_bo_free(&bo);
    nv_channel_free(&ch);
    printf("moves: %u buffer moves of %zu bytes, %zu wrong words\n", count,
           size, bad);
    return bad;
}

static size_t run_m2mf(unsigned count, size_t size, unsigned nch)
{
    NvChannel ch[MAX_CHANNELS];
    size_t bad = 0;
    unsigned done = 0;

    for (unsigned c = 0; c < nch; c++) {
        nv_m2mf_start(&ch[c], size);
    }
    for (unsigned i = 0; done < count; i++) {
        bool up = !(i & 1);
        uint32_t seed = 0x5000 + i / 2 * 16;

        for (unsigned c = 0; c < nch; c++) {
            if (up) {
                nv_fill(ch[c].gart.map, size, seed + 2 * c);
            } else {
                memset(ch[c].gart.map, 0, size);
            }
            nv_m2mf_copy(&ch[c], size, up);
        }
        for (unsigned c = 0; c < nch; c++, done++) {
            nv_must(nv_bo_wait(&ch[c].vram), "CPU_PREP");
            nv_must(nv_bo_wait(&ch[c].gart), "CPU_PREP");
            bad += nv_differing(up ? ch[c].vram.map : ch[c].gart.map, size,
                             seed + 2 * c);
        }
    }
    for (unsigned c = 0; c < nch; c++) {
        nv_m2mf_end(&ch[c]);
    }
    printf("m2mf: %u copies of %zu bytes over %u channels, %zu wrong words\n",
           done, size, nch, bad);
    return bad;
}

static size_t count_nonzero(const NvBo *bo)
{
    const uint64_t *w = (const uint64_t *)bo->map;
    size_t n = 0;

    for (size_t i = 0; i < bo->size / 8; i++) {
        n += w[i] != 0;
    }
    return n;
}

static size_t run_reuse(unsigned count)
{
    NvBo bo[REUSE_BUFFERS];
    size_t bad = 0;

    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = 0; k < REUSE_BUFFERS; k++) {
            size_t mib = k == i % REUSE_BUFFERS ? 70 : i & 1 ? 41 : 47;

            nv_bo_new(&bo[k], NV_GART, (mib << 20) + k * 4096);
            bad += count_nonzero(&bo[k]);
            memset(bo[k].map, 0xa5, bo[k].size);
        }
        for (unsigned k = 0; k < REUSE_BUFFERS; k++) {
            nv_bo_free(&bo[(k * 3 + i) % REUSE_BUFFERS]);
        }
    }
    printf("reuse: %u times %u buffers, %zu words not zero\n", count,
           REUSE_BUFFERS, bad);
    return bad;
}

int main(int argc, char **argv)
{
    unsigned moves = 500, m2mf = 500, channels = 2, reuse = 0;
    size_t size = 65536, bad = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned v = strtoul(argv[i + 1], NULL, 0);

        if (!strcmp(argv[i], "--moves")) {
            moves = v;
        } else if (!strcmp(argv[i], "--m2mf")) {
            m2mf = v;
        } else if (!strcmp(argv[i], "--size")) {
            size = (v + 4095) & ~4095ul;
        } else if (!strcmp(argv[i], "--reuse")) {
            reuse = v;
        } else if (!strcmp(argv[i], "--channels")) {
            channels = v < 1 ? 1 : v > MAX_CHANNELS ? MAX_CHANNELS : v;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    nv_open();
    if (moves) {
        bad += run_moves(moves, size);
    }
    if (m2mf) {
        bad += run_m2mf(m2mf, size, channels);
    }
    if (reuse) {
        bad += run_reuse(reuse);
    }
    nv_close();
    return bad != 0;
}
