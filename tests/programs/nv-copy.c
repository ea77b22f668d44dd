/*
 * Buffer copies between VRAM and GART through nouveau's own uAPI, every byte
 * checked.
 *
 *   nv-copy [--moves N] [--m2mf N] [--size BYTES] [--channels N]
 *
 * Moves: a buffer is written by the CPU and validated into the other domain,
 * so the kernel's TTM moves it with its copy engine and waits for the fence's
 * interrupt.  M2MF: the program's own channels copy with class 0x9039 from a
 * VRAM buffer to a GART buffer and back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <nouveau_drm.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define MAX_CHANNELS 8
#define SUBC         2
#define CLASS_M2MF   0x9039
#define HANDLE_M2MF  0xbeef9039u

/* M2MF methods (rnndb graph/gf100_m2mf) and PBDMA packet headers */
#define M2MF_OFFSET_OUT_HIGH 0x238
#define M2MF_OFFSET_IN_HIGH  0x30c
#define M2MF_PITCH_IN        0x314
#define M2MF_EXEC            0x300
#define M2MF_EXEC_LINEAR     0x00100110u
#define HDR_INC(mthd, count) (0x20000000u | (count) << 16 | SUBC << 13 | \
                              (mthd) >> 2)

typedef struct Bo {
    uint32_t handle;
    uint64_t va, size;
    uint8_t *map;
} Bo;

typedef struct Channel {
    int id;
    Bo push, vram, gart;
} Channel;

static int fd;

static int call(unsigned nr, unsigned size, void *arg, int dir)
{
    return ioctl(fd, _IOC(dir, DRM_IOCTL_BASE, DRM_COMMAND_BASE + nr, size),
                 arg) < 0 ? -errno : 0;
}

#define CALL(nr, arg, dir) call(nr, sizeof(*(arg)), arg, dir)
#define RW (_IOC_READ | _IOC_WRITE)

static void must(int ret, const char *what)
{
    if (ret < 0) {
        fprintf(stderr, "nv-copy: %s: %s\n", what, strerror(-ret));
        exit(2);
    }
}

static void bo_new(Bo *bo, uint32_t domain, uint64_t size)
{
    struct drm_nouveau_gem_new g = {
        .info = { .size = size, .domain = domain | NOUVEAU_GEM_DOMAIN_MAPPABLE },
        .align = 4096,
    };

    must(CALL(DRM_NOUVEAU_GEM_NEW, &g, RW), "GEM_NEW");
    bo->handle = g.info.handle;
    bo->va = g.info.offset;
    bo->size = g.info.size;
    bo->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                   g.info.map_handle);
    if (bo->map == MAP_FAILED) {
        must(-errno, "mmap");
    }
}

static void bo_free(Bo *bo)
{
    struct drm_gem_close c = { .handle = bo->handle };

    munmap(bo->map, bo->size);
    must(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &c) < 0 ? -errno : 0, "GEM_CLOSE");
}

static void bo_wait(Bo *bo)
{
    struct drm_nouveau_gem_cpu_prep p = { .handle = bo->handle,
                                          .flags = NOUVEAU_GEM_CPU_PREP_WRITE };

    must(CALL(DRM_NOUVEAU_GEM_CPU_PREP, &p, _IOC_WRITE), "CPU_PREP");
}

/* Submits @dwords of the channel's push buffer; @bo is put into @domain. */
static void submit(Channel *ch, unsigned dwords, Bo **bos,
                   const uint32_t *domains, unsigned n)
{
    struct drm_nouveau_gem_pushbuf_bo list[4] = { 0 };
    struct drm_nouveau_gem_pushbuf_push push = { .length = dwords * 4 };
    struct drm_nouveau_gem_pushbuf pb = {
        .channel = ch->id, .nr_buffers = n + 1, .buffers = (uintptr_t)list,
        .nr_push = 1, .push = (uintptr_t)&push,
    };

    list[0].handle = ch->push.handle;
    list[0].valid_domains = NOUVEAU_GEM_DOMAIN_GART;
    list[0].read_domains = NOUVEAU_GEM_DOMAIN_GART;
    for (unsigned i = 0; i < n; i++) {
        list[i + 1].handle = bos[i]->handle;
        list[i + 1].valid_domains = domains[i];
        list[i + 1].write_domains = domains[i];
        list[i + 1].read_domains = domains[i];
    }
    must(CALL(DRM_NOUVEAU_GEM_PUSHBUF, &pb, RW), "GEM_PUSHBUF");
}

static void channel_new(Channel *ch)
{
    struct drm_nouveau_channel_alloc a = { 0 };

    must(CALL(DRM_NOUVEAU_CHANNEL_ALLOC, &a, RW), "CHANNEL_ALLOC");
    ch->id = a.channel;
    bo_new(&ch->push, NOUVEAU_GEM_DOMAIN_GART, 4096);
}

static void channel_free(Channel *ch)
{
    struct drm_nouveau_channel_free f = { .channel = ch->id };

    bo_free(&ch->push);
    must(CALL(DRM_NOUVEAU_CHANNEL_FREE, &f, _IOC_WRITE), "CHANNEL_FREE");
}

static void fill(uint8_t *p, size_t n, uint32_t seed)
{
    uint32_t *w = (uint32_t *)p;

    seed |= 1;
    for (size_t i = 0; i < n / 4; i++) {
        w[i] = rnd(&seed);
    }
}

static size_t differing(const uint8_t *p, size_t n, uint32_t seed)
{
    const uint32_t *w = (const uint32_t *)p;
    size_t bad = 0;

    seed |= 1;
    for (size_t i = 0; i < n / 4; i++) {
        bad += w[i] != rnd(&seed);
    }
    return bad;
}

static size_t run_moves(unsigned count, size_t size)
{
    static const uint32_t domains[2] = { NOUVEAU_GEM_DOMAIN_GART,
                                         NOUVEAU_GEM_DOMAIN_VRAM };
    Channel ch;
    size_t bad = 0;
    Bo bo, *bop = &bo;

    channel_new(&ch);
    memset(ch.push.map, 0, 64); /* NOPs */
    bo_new(&bo, NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_GART, size);
    fill(bo.map, size, 0x1000);
    for (unsigned i = 0; i < count; i++) {
        submit(&ch, 16, &bop, &domains[i & 1], 1);
        bo_wait(&bo);
        bad += differing(bo.map, size, 0x1000 + 2 * i);
        fill(bo.map, size, 0x1000 + 2 * (i + 1));
    }
    bo_free(&bo);
    channel_free(&ch);
    printf("moves: %u buffer moves of %zu bytes, %zu wrong words\n", count,
           size, bad);
    return bad;
}

static unsigned emit_copy(uint32_t *p, uint64_t src, uint64_t dst,
                          uint32_t bytes)
{
    unsigned n = 0;

    p[n++] = HDR_INC(M2MF_OFFSET_OUT_HIGH, 2);
    p[n++] = dst >> 32;
    p[n++] = dst;
    p[n++] = HDR_INC(M2MF_OFFSET_IN_HIGH, 6);
    p[n++] = src >> 32;
    p[n++] = src;
    p[n++] = bytes;         /* pitch in, pitch out, line length, lines */
    p[n++] = bytes;
    p[n++] = bytes;
    p[n++] = 1;
    p[n++] = HDR_INC(M2MF_EXEC, 1);
    p[n++] = M2MF_EXEC_LINEAR;
    return n;
}

static void m2mf_start(Channel *ch, size_t size)
{
    struct drm_nouveau_grobj_alloc g = { .handle = HANDLE_M2MF,
                                         .class = CLASS_M2MF };
    uint32_t *p;

    channel_new(ch);
    g.channel = ch->id;
    must(CALL(DRM_NOUVEAU_GROBJ_ALLOC, &g, _IOC_WRITE), "GROBJ_ALLOC M2MF");
    bo_new(&ch->vram, NOUVEAU_GEM_DOMAIN_VRAM, size);
    bo_new(&ch->gart, NOUVEAU_GEM_DOMAIN_GART, size);
    p = (uint32_t *)ch->push.map;
    p[0] = HDR_INC(0, 1);
    p[1] = CLASS_M2MF;
    submit(ch, 2, NULL, NULL, 0);
    bo_wait(&ch->push);
}

/* GART -> VRAM when @up, else back; every channel before any is waited for. */
static void m2mf_copy(Channel *ch, size_t size, bool up)
{
    static const uint32_t domains[2] = { NOUVEAU_GEM_DOMAIN_VRAM,
                                         NOUVEAU_GEM_DOMAIN_GART };
    Bo *bos[2] = { &ch->vram, &ch->gart };
    uint64_t src = up ? ch->gart.va : ch->vram.va;
    uint64_t dst = up ? ch->vram.va : ch->gart.va;

    submit(ch, emit_copy((uint32_t *)ch->push.map, src, dst, size), bos,
           domains, 2);
}

static size_t run_m2mf(unsigned count, size_t size, unsigned nch)
{
    Channel ch[MAX_CHANNELS];
    size_t bad = 0;
    unsigned done = 0;

    for (unsigned c = 0; c < nch; c++) {
        m2mf_start(&ch[c], size);
    }
    for (unsigned i = 0; done < count; i++) {
        bool up = !(i & 1);
        uint32_t seed = 0x5000 + i / 2 * 16;

        for (unsigned c = 0; c < nch; c++) {
            if (up) {
                fill(ch[c].gart.map, size, seed + 2 * c);
            } else {
                memset(ch[c].gart.map, 0, size);
            }
            m2mf_copy(&ch[c], size, up);
        }
        for (unsigned c = 0; c < nch; c++, done++) {
            bo_wait(&ch[c].vram);
            bo_wait(&ch[c].gart);
            bad += differing(up ? ch[c].vram.map : ch[c].gart.map, size,
                             seed + 2 * c);
        }
    }
    for (unsigned c = 0; c < nch; c++) {
        bo_free(&ch[c].vram);
        bo_free(&ch[c].gart);
        channel_free(&ch[c]);
    }
    printf("m2mf: %u copies of %zu bytes over %u channels, %zu wrong words\n",
           done, size, nch, bad);
    return bad;
}

int main(int argc, char **argv)
{
    unsigned moves = 500, m2mf = 500, channels = 2;
    size_t size = 65536, bad = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned v = strtoul(argv[i + 1], NULL, 0);

        if (!strcmp(argv[i], "--moves")) {
            moves = v;
        } else if (!strcmp(argv[i], "--m2mf")) {
            m2mf = v;
        } else if (!strcmp(argv[i], "--size")) {
            size = (v + 4095) & ~4095ul;
        } else if (!strcmp(argv[i], "--channels")) {
            channels = v < 1 ? 1 : v > MAX_CHANNELS ? MAX_CHANNELS : v;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
    must(fd < 0 ? -errno : 0, "open /dev/dri/renderD128");
    if (moves) {
        bad += run_moves(moves, size);
    }
    if (m2mf) {
        bad += run_m2mf(m2mf, size, channels);
    }
    close(fd);
    return bad != 0;
}
