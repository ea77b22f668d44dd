/*
 * nouveau's uAPI as the test programs use it; see nv.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "nv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

/* M2MF methods (rnndb graph/gf100_m2mf) */
#define M2MF_OFFSET_OUT_HIGH 0x238
#define M2MF_OFFSET_IN_HIGH  0x30c
#define M2MF_EXEC            0x300
#define M2MF_EXEC_LINEAR     0x00100110u

#define PARAM_FB_SIZE   8       /* nouveau_abi16.h */

#define HANDLE_M2MF 0xbeef9039u
#define MAX_BOS     4
#define WAIT_S      30

static int fd = -1;

static int call(unsigned nr, unsigned size, void *arg, int dir)
{
    return ioctl(fd, _IOC(dir, DRM_IOCTL_BASE, DRM_COMMAND_BASE + nr, size),
                 arg) < 0 ? -errno : 0;
}

#define CALL(nr, arg, dir) call(nr, sizeof(*(arg)), arg, dir)
#define RW (_IOC_READ | _IOC_WRITE)

void nv_must(int ret, const char *what)
{
    if (ret < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-ret));
        exit(2);
    }
}

void nv_open(void)
{
    fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
    nv_must(fd < 0 ? -errno : 0, "open /dev/dri/renderD128");
}

void nv_close(void)
{
    close(fd);
}

void nv_bo_new(NvBo *bo, uint32_t domain, uint64_t size)
{
    struct drm_nouveau_gem_new g = {
        .info = { .size = size, .domain = domain | NOUVEAU_GEM_DOMAIN_MAPPABLE },
        .align = 4096,
    };

    nv_must(CALL(DRM_NOUVEAU_GEM_NEW, &g, RW), "GEM_NEW");
    bo->handle = g.info.handle;
    bo->va = g.info.offset;
    bo->size = g.info.size;
    bo->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                   g.info.map_handle);
    if (bo->map == MAP_FAILED) {
        nv_must(-errno, "mmap");
    }
}

void nv_bo_free(NvBo *bo)
{
    struct drm_gem_close c = { .handle = bo->handle };

    munmap(bo->map, bo->size);
    nv_must(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &c) < 0 ? -errno : 0, "GEM_CLOSE");
}

uint32_t nv_bo_domain(const NvBo *bo)
{
    struct drm_nouveau_gem_info info = { .handle = bo->handle };

    nv_must(CALL(DRM_NOUVEAU_GEM_INFO, &info, RW), "GEM_INFO");
    return info.domain;
}

uint64_t nv_vram_size(void)
{
    struct drm_nouveau_getparam p = { .param = PARAM_FB_SIZE };

    nv_must(CALL(DRM_NOUVEAU_GETPARAM, &p, RW), "GETPARAM FB_SIZE");
    return p.value;
}

static int cpu_prep(NvBo *bo, uint32_t flags)
{
    struct drm_nouveau_gem_cpu_prep p = {
        .handle = bo->handle, .flags = NOUVEAU_GEM_CPU_PREP_WRITE | flags,
    };

    return CALL(DRM_NOUVEAU_GEM_CPU_PREP, &p, _IOC_WRITE);
}

static void on_tick(int sig)
{
}

/*
 * Linux 6.1 can sleep through the last interrupt: between nouveau's handler of
 * one fence and its clearing NVIF_NOTIFY_USER (nvif_notify_func()), another CPU
 * may begin to wait for the next and take the interrupt to be on already.  Each
 * look finds a fence that is done, so one is taken each second.
 */
int nv_bo_wait(NvBo *bo)
{
    struct sigaction tick = { .sa_handler = on_tick }, was;
    struct itimerval on = { { 1, 0 }, { 1, 0 } }, off = { 0 };
    unsigned seconds = 0;
    int ret;

    sigaction(SIGALRM, &tick, &was);
    setitimer(ITIMER_REAL, &on, NULL);
    do {
        ret = cpu_prep(bo, 0);
    } while (ret == -EINTR && ++seconds < WAIT_S);
    setitimer(ITIMER_REAL, &off, NULL);
    sigaction(SIGALRM, &was, NULL);
    return ret == -EINTR ? -EBUSY : ret;
}

bool nv_bo_busy(NvBo *bo)
{
    return cpu_prep(bo, NOUVEAU_GEM_CPU_PREP_NOWAIT) == -EBUSY;
}

int nv_submit(NvChannel *ch, uint64_t offset, unsigned dwords, NvBo **bos,
              const uint32_t *domains, unsigned n)
{
    struct drm_nouveau_gem_pushbuf_bo list[MAX_BOS] = { 0 };
    struct drm_nouveau_gem_pushbuf_push push = { .offset = offset,
                                                 .length = dwords * 4 };
    struct drm_nouveau_gem_pushbuf pb = {
        .channel = ch->id, .nr_buffers = n + 1, .buffers = (uintptr_t)list,
        .nr_push = 1, .push = (uintptr_t)&push,
    };

    list[0].handle = ch->push.handle;
    list[0].valid_domains = NV_GART;
    list[0].read_domains = NV_GART;
    for (unsigned i = 0; i < n && i + 1 < MAX_BOS; i++) {
        list[i + 1].handle = bos[i]->handle;
        list[i + 1].valid_domains = domains[i];
        list[i + 1].write_domains = domains[i];
        list[i + 1].read_domains = domains[i];
    }
    return CALL(DRM_NOUVEAU_GEM_PUSHBUF, &pb, RW);
}

void nv_channel_new(NvChannel *ch)
{
    struct drm_nouveau_channel_alloc a = { 0 };

    nv_must(CALL(DRM_NOUVEAU_CHANNEL_ALLOC, &a, RW), "CHANNEL_ALLOC");
    ch->id = a.channel;
    nv_bo_new(&ch->push, NV_GART, 4096);
}

int nv_channel_state(NvChannel *ch)
{
    struct drm_nouveau_gem_pushbuf pb = { .channel = ch->id };

    return CALL(DRM_NOUVEAU_GEM_PUSHBUF, &pb, RW);
}

void nv_channel_free(NvChannel *ch)
{
    struct drm_nouveau_channel_free f = { .channel = ch->id };

    nv_bo_free(&ch->push);
    nv_must(CALL(DRM_NOUVEAU_CHANNEL_FREE, &f, _IOC_WRITE), "CHANNEL_FREE");
}

int nv_object_new(NvChannel *ch, uint32_t handle, uint32_t cls)
{
    struct drm_nouveau_grobj_alloc g = { .channel = ch->id, .handle = handle,
                                         .class = cls };

    return CALL(DRM_NOUVEAU_GROBJ_ALLOC, &g, _IOC_WRITE);
}

void nv_fill(uint8_t *p, size_t n, uint32_t seed)
{
    uint32_t *w = (uint32_t *)p;

    seed |= 1;
    for (size_t i = 0; i < n / 4; i++) {
        w[i] = rnd(&seed);
    }
}

size_t nv_differing(const uint8_t *p, size_t n, uint32_t seed)
{
    const uint32_t *w = (const uint32_t *)p;
    size_t bad = 0;

    seed |= 1;
    for (size_t i = 0; i < n / 4; i++) {
        bad += w[i] != rnd(&seed);
    }
    return bad;
}

unsigned nv_emit_copy(uint32_t *p, uint64_t src, uint64_t dst, uint32_t bytes)
{
    unsigned n = 0;

    p[n++] = nv_inc(NV_SUBC, M2MF_OFFSET_OUT_HIGH, 2);
    p[n++] = dst >> 32;
    p[n++] = dst;
    p[n++] = nv_inc(NV_SUBC, M2MF_OFFSET_IN_HIGH, 6);
    p[n++] = src >> 32;
    p[n++] = src;
    p[n++] = bytes;         /* pitch in, pitch out, line length, lines */
    p[n++] = bytes;
    p[n++] = bytes;
    p[n++] = 1;
    p[n++] = nv_inc(NV_SUBC, M2MF_EXEC, 1);
    p[n++] = M2MF_EXEC_LINEAR;
    return n;
}

void nv_m2mf_start(NvChannel *ch, size_t size)
{
    uint32_t *p;

    nv_channel_new(ch);
    nv_must(nv_object_new(ch, HANDLE_M2MF, NV_CLASS_M2MF), "GROBJ_ALLOC M2MF");
    nv_bo_new(&ch->vram, NV_VRAM, size);
    nv_bo_new(&ch->gart, NV_GART, size);
    p = (uint32_t *)ch->push.map;
    p[0] = nv_inc(NV_SUBC, 0, 1);
    p[1] = NV_CLASS_M2MF;
    nv_must(nv_submit(ch, 0, 2, NULL, NULL, 0), "GEM_PUSHBUF");
    nv_must(nv_bo_wait(&ch->push), "CPU_PREP");
}

void nv_m2mf_end(NvChannel *ch)
{
    nv_bo_free(&ch->vram);
    nv_bo_free(&ch->gart);
    nv_channel_free(ch);
}

void nv_m2mf_copy(NvChannel *ch, size_t size, bool up)
{
    static const uint32_t domains[2] = { NV_VRAM, NV_GART };
    NvBo *bos[2] = { &ch->vram, &ch->gart };
    uint64_t src = up ? ch->gart.va : ch->vram.va;
    uint64_t dst = up ? ch->vram.va : ch->gart.va;
    unsigned n = nv_emit_copy((uint32_t *)ch->push.map, src, dst, size);

    nv_must(nv_submit(ch, 0, n, bos, domains, 2), "GEM_PUSHBUF");
}
