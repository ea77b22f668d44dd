/*
 * nouveau's legacy uAPI, as much as stock Mesa uses (reference
 * nvc0-compute.md 1.1): GETPARAM, channels, NVIF NEW/DEL/MTHD/SCLASS, GEM.
 *
 * Pointers in requests are the process's own, so they are used as they are; a
 * kernel would copy them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "native/node.h"
#include "native/nvif.h"

#include <errno.h>
#include <nouveau_drm.h>
#include <string.h>
#include <sys/ioctl.h>

#include "spec/pci_id.h"

#define NODE_NAME       "nouveau"
#define NODE_DATE       "20120801"
#define NODE_DESC       "gpuvm native node"
#define PUSH_LENGTH     0x7fffffu       /* bytes; above it are flags */
#define PUSH_NO_PREFETCH (1u << 23)
#define CPU_PREP_MS     30000           /* nouveau's own limit */

static int copy_string(char *dst, __kernel_size_t *len, const char *src)
{
    size_t n = strlen(src);

    if (dst && *len) {
        memcpy(dst, src, MIN(n, *len));
    }
    *len = n;
    return 0;
}

static int drm_version(struct drm_version *v)
{
    v->version_major = 1;
    v->version_minor = 3;
    v->version_patchlevel = 1;
    copy_string(v->name, &v->name_len, NODE_NAME);
    copy_string(v->date, &v->date_len, NODE_DATE);
    copy_string(v->desc, &v->desc_len, NODE_DESC);
    return 0;
}

static int nv_getparam(NativeNode *n, struct drm_nouveau_getparam *p)
{
    switch (p->param) {
    case NOUVEAU_GETPARAM_PCI_VENDOR:
        p->value = GPUVM_PCI_VENDOR_NVIDIA;
        return 0;
    case NOUVEAU_GETPARAM_PCI_DEVICE:
        p->value = GPUVM_PCI_DEVICE_QUADRO_6000;
        return 0;
    case NOUVEAU_GETPARAM_BUS_TYPE:
        p->value = 2; /* PCI Express */
        return 0;
    case NOUVEAU_GETPARAM_FB_SIZE:
        p->value = n->slice.size;
        return 0;
    case NOUVEAU_GETPARAM_AGP_SIZE:
        p->value = n->gart_size;
        return 0;
    case NOUVEAU_GETPARAM_CHIPSET_ID:
        p->value = n->info.chipset;
        return 0;
    case NOUVEAU_GETPARAM_VM_VRAM_BASE:
        p->value = 0;
        return 0;
    case NOUVEAU_GETPARAM_GRAPH_UNITS:
        /* GPCs | TPCs << 8 | ROPs << 32 */
        p->value = 1 | (uint64_t)n->info.mps << 8 | 1ull << 32;
        return 0;
    case NOUVEAU_GETPARAM_PTIMER_TIME:
        p->value = gpuvm_host_ptimer_ns(&n->host);
        return 0;
    case NOUVEAU_GETPARAM_HAS_BO_USAGE:
    case NOUVEAU_GETPARAM_HAS_PAGEFLIP:
        p->value = 1;
        return 0;
    default:
        return -EINVAL;
    }
}

static int nv_channel_alloc(NativeNode *n, NativeClient *c,
                            struct drm_nouveau_channel_alloc *a)
{
    unsigned id;
    int ret;

    g_mutex_lock(&c->lock);
    ret = native_channel_new(n, c, &id);
    g_mutex_unlock(&c->lock);
    if (ret < 0) {
        return ret;
    }
    a->channel = id;
    a->pushbuf_domains = NOUVEAU_GEM_DOMAIN_VRAM | NOUVEAU_GEM_DOMAIN_GART;
    a->notifier_handle = 0;
    a->nr_subchan = 0;
    return 0;
}

static int nv_channel_free(NativeNode *n, NativeClient *c,
                           struct drm_nouveau_channel_free *f)
{
    int ret;

    g_mutex_lock(&c->lock);
    ret = native_channel_free(n, c, f->channel);
    g_mutex_unlock(&c->lock);
    return ret;
}

static bool class_known(NativeNode *n, int32_t oclass)
{
    if (oclass == NVIF_CLASS_DEVICE || oclass == NVIF_CLASS_SW_GF100) {
        return true;
    }
    for (const uint16_t *k = n->info.classes; *k; k++) {
        if (*k == (uint16_t)oclass) {
            return true;
        }
    }
    return false;
}

static int nvif_sclass(NativeNode *n, NvifSclass *s, size_t size)
{
    size_t room, i;

    if (size < sizeof(*s)) {
        return -EINVAL;
    }
    room = MIN((size - sizeof(*s)) / sizeof(NvifClass), s->count);
    for (i = 0; n->info.classes[i] && i < UINT8_MAX; i++) {
        if (i < room) {
            s->oclass[i] = (NvifClass) { n->info.classes[i], -1, -1 };
        }
    }
    s->count = i;
    return 0;
}

static int nvif_mthd(NativeNode *n, NvifMthd *m, size_t size)
{
    NvDeviceInfo *info = (NvDeviceInfo *)(m + 1);

    if (size < sizeof(*m) + sizeof(*info) || m->method != NV_DEVICE_INFO) {
        return -ENODEV;
    }
    memset(info, 0, sizeof(*info));
    info->platform = NV_DEVICE_PLATFORM_PCIE;
    info->chipset = n->info.chipset;
    info->revision = GPUVM_PCI_REVISION;
    info->family = NV_DEVICE_FAMILY_FERMI;
    info->ram_size = info->ram_user = n->slice.size;
    g_strlcpy(info->chip, "GF100", sizeof(info->chip));
    g_strlcpy(info->name, "gpuvm native node", sizeof(info->name));
    return 0;
}

static int nv_nvif(NativeNode *n, NvifIoctl *io, size_t size)
{
    void *data = io + 1;

    if (size < sizeof(*io)) {
        return -EINVAL;
    }
    size -= sizeof(*io);
    switch (io->type) {
    case NVIF_TYPE_NOP:
    case NVIF_TYPE_DEL:
        return 0;
    case NVIF_TYPE_SCLASS:
        return nvif_sclass(n, data, size);
    case NVIF_TYPE_NEW:
        return size >= sizeof(NvifNew) &&
               class_known(n, ((NvifNew *)data)->oclass) ? 0 : -EINVAL;
    case NVIF_TYPE_MTHD:
        return nvif_mthd(n, data, size);
    default:
        return -EINVAL;
    }
}

static void bo_info(const NativeBo *bo, struct drm_nouveau_gem_info *info)
{
    info->handle = bo->handle;
    info->domain = bo->domain;
    info->size = bo->size;
    info->offset = bo->va;
    info->map_handle = native_bo_map_handle(bo);
    info->tile_mode = bo->tile_mode;
    info->tile_flags = bo->tile_flags;
}

static int nv_gem_new(NativeNode *n, NativeClient *c,
                      struct drm_nouveau_gem_new *g)
{
    NativeBo *bo;
    int err;

    g_mutex_lock(&c->lock);
    bo = native_bo_new(n, c, g->info.domain, g->info.size, g->align, &err);
    if (bo) {
        bo->tile_mode = g->info.tile_mode;
        bo->tile_flags = g->info.tile_flags;
        bo_info(bo, &g->info);
    }
    g_mutex_unlock(&c->lock);
    return err;
}

static int nv_gem_info(NativeClient *c, struct drm_nouveau_gem_info *info)
{
    NativeBo *bo;

    g_mutex_lock(&c->lock);
    bo = native_bo_get(c, info->handle);
    if (bo) {
        bo_info(bo, info);
    }
    g_mutex_unlock(&c->lock);
    return bo ? 0 : -ENOENT;
}

static int pushbuf_collect(NativeClient *c,
                           const struct drm_nouveau_gem_pushbuf *pb,
                           GpuvmPush *out)
{
    const struct drm_nouveau_gem_pushbuf_bo *bos = (void *)pb->buffers;
    const struct drm_nouveau_gem_pushbuf_push *p = (void *)pb->push;

    for (uint32_t i = 0; i < pb->nr_push; i++) {
        uint64_t len = p[i].length & PUSH_LENGTH;
        NativeBo *bo;

        if (p[i].bo_index >= pb->nr_buffers) {
            return -EINVAL;
        }
        bo = native_bo_get(c, bos[p[i].bo_index].handle);
        if (!bo || p[i].offset > bo->size || len > bo->size - p[i].offset) {
            return -EINVAL;
        }
        out[i] = (GpuvmPush) {
            .va = bo->va + p[i].offset,
            .dwords = len / 4,
            .flags = p[i].length & PUSH_NO_PREFETCH ?
                     GPUVM_PUSH_NO_PREFETCH : 0,
        };
    }
    return 0;
}

static int nv_gem_pushbuf(NativeNode *n, NativeClient *c,
                          struct drm_nouveau_gem_pushbuf *pb)
{
    struct drm_nouveau_gem_pushbuf_bo *bos = (void *)pb->buffers;
    g_autofree GpuvmPush *pushes = NULL;
    NativeChannel *ch;
    uint64_t seq = 0;
    int ret = 0;

    pb->suffix0 = pb->suffix1 = 0;
    /* all that is not pinned, used or not: libdrm allows 80 % of it */
    pb->vram_available = n->slice.size;
    pb->gart_available = n->gart_size;
    if (pb->nr_push > NOUVEAU_GEM_MAX_PUSH ||
        pb->nr_buffers > NOUVEAU_GEM_MAX_BUFFERS || pb->nr_relocs) {
        return -EINVAL;
    }
    g_mutex_lock(&c->lock);
    ch = pb->channel < NATIVE_MAX_CHANNELS ? c->channels[pb->channel] : NULL;
    if (!ch) {
        ret = -ENOENT;
    } else if (pb->nr_push) {
        pushes = g_new(GpuvmPush, pb->nr_push);
        ret = pushbuf_collect(c, pb, pushes);
        if (!ret) {
            ret = native_channel_submit(n, ch, pushes, pb->nr_push, &seq);
        }
    }
    for (uint32_t i = 0; !ret && i < pb->nr_buffers; i++) {
        NativeBo *bo = native_bo_get(c, bos[i].handle);

        if (bo && seq) {
            bo->used[ch->id] = seq;
            bos[i].presumed.valid = 1;
            bos[i].presumed.domain = bo->domain;
            bos[i].presumed.offset = bo->va;
        }
    }
    g_mutex_unlock(&c->lock);
    return ret;
}

static int nv_gem_cpu_prep(NativeClient *c,
                           const struct drm_nouveau_gem_cpu_prep *p)
{
    bool nowait = p->flags & NOUVEAU_GEM_CPU_PREP_NOWAIT;
    uint64_t used[NATIVE_MAX_CHANNELS];
    NativeChannel *chans[NATIVE_MAX_CHANNELS];
    NativeBo *bo;
    int ret = 0;

    g_mutex_lock(&c->lock);
    bo = native_bo_get(c, p->handle);
    if (bo) {
        memcpy(used, bo->used, sizeof(used));
        memcpy(chans, c->channels, sizeof(chans));
    }
    g_mutex_unlock(&c->lock);
    if (!bo) {
        return -ENOENT;
    }
    for (unsigned i = 0; !ret && i < NATIVE_MAX_CHANNELS; i++) {
        if (used[i] && chans[i]) {
            ret = native_channel_wait(chans[i], used[i],
                                      nowait ? 0 : CPU_PREP_MS);
        }
    }
    return ret;
}

static int gem_close(NativeNode *n, NativeClient *c, uint32_t handle)
{
    int ret;

    g_mutex_lock(&c->lock);
    ret = native_bo_close(n, c, handle);
    g_mutex_unlock(&c->lock);
    return ret;
}

int native_client_ioctl(NativeNode *n, NativeClient *c, unsigned long request,
                        void *arg)
{
    size_t size = _IOC_SIZE(request);

    if (_IOC_TYPE(request) != DRM_IOCTL_BASE || !arg) {
        return -ENOTTY;
    }
    switch (_IOC_NR(request)) {
    case _IOC_NR(DRM_IOCTL_VERSION):
        return drm_version(arg);
    case _IOC_NR(DRM_IOCTL_GEM_CLOSE):
        return gem_close(n, c, ((struct drm_gem_close *)arg)->handle);
    case _IOC_NR(DRM_IOCTL_GET_CAP):
        ((struct drm_get_cap *)arg)->value = 0;
        return 0;
    case DRM_COMMAND_BASE + DRM_NOUVEAU_GETPARAM:
        return nv_getparam(n, arg);
    case DRM_COMMAND_BASE + DRM_NOUVEAU_CHANNEL_ALLOC:
        return nv_channel_alloc(n, c, arg);
    case DRM_COMMAND_BASE + DRM_NOUVEAU_CHANNEL_FREE:
        return nv_channel_free(n, c, arg);
    case DRM_COMMAND_BASE + DRM_NOUVEAU_GROBJ_ALLOC:
        return class_known(n, ((struct drm_nouveau_grobj_alloc *)arg)->class)
               ? 0 : -EINVAL;
    case DRM_COMMAND_BASE + DRM_NOUVEAU_GPUOBJ_FREE:
        return 0;
    case DRM_COMMAND_BASE + DRM_NOUVEAU_NVIF:
        return nv_nvif(n, arg, size);
    case DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_NEW:
        return nv_gem_new(n, c, arg);
    case DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_PUSHBUF:
        return nv_gem_pushbuf(n, c, arg);
    case DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_CPU_PREP:
        return nv_gem_cpu_prep(c, arg);
    case DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_CPU_FINI:
        return 0;
    case DRM_COMMAND_BASE + DRM_NOUVEAU_GEM_INFO:
        return nv_gem_info(c, arg);
    default:
        return -EINVAL;
    }
}
