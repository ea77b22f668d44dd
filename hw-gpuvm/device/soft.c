/*
 * Physical GPUs as bus-less devices: `-device gpuvm-soft,id=gpu0,vram=4G`,
 * named by `-device gpuvm,gpu=gpu0`.  (`-object` would need a change of QAPI's
 * schema in every QEMU.)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"

#define DEFAULT_VRAM   (1 * GiB)
#define MAX_VRAM       (64 * GiB)
#define MAX_THREADS    256

bool gpuvm_gpu_state_open(GpuvmGpuState *g, Error **errp)
{
    GpuvmGpuConfig cfg = { .vram_size = g->vram, .threads = g->threads };
    g_autofree char *err = NULL;

    if (g->vram < 16 * MiB || g->vram > MAX_VRAM || g->vram % MiB) {
        error_setg(errp, "gpuvm: property 'vram' is %" PRIu64 " bytes; give "
                   "whole MiB from 16M to 64G, e.g. vram=1G", g->vram);
        return false;
    }
    if (g->threads > MAX_THREADS) {
        error_setg(errp, "gpuvm: property 'threads' is %u; give 0 (one per "
                   "host core) to %u", g->threads, MAX_THREADS);
        return false;
    }
    g->sched = gpuvm_sched_new(g->policy ? g->policy : "fair", &err);
    if (!g->sched) {
        error_setg(errp, "gpuvm: property 'policy': %s", err);
        return false;
    }
    g->gpu = gpuvm_gpu_open(g->driver, &cfg, &err);
    if (!g->gpu) {
        error_setg(errp, "gpuvm: cannot open the '%s' GPU: %s", g->driver,
                   err);
        gpuvm_sched_free(g->sched);
        g->sched = NULL;
        return false;
    }
    return true;
}

void gpuvm_gpu_state_close(GpuvmGpuState *g)
{
    if (g->gpu) {
        g->gpu->ops->close(g->gpu);
        g->gpu = NULL;
        gpuvm_sched_free(g->sched);
        g->sched = NULL;
    }
}

static void gpu_realize(DeviceState *dev, Error **errp)
{
    gpuvm_gpu_state_open(GPUVM_GPU(dev), errp);
}

static void gpu_unrealize(DeviceState *dev)
{
    gpuvm_gpu_state_close(GPUVM_GPU(dev));
}

static void soft_instance_init(Object *obj)
{
    GpuvmGpuState *g = GPUVM_GPU(obj);

    g->driver = "soft";
    g->vram = DEFAULT_VRAM;
}

static GPUVM_PROPERTY soft_properties[] = {
    DEFINE_PROP_UINT32("threads", GpuvmGpuState, threads, 0),
    DEFINE_PROP_STRING("policy", GpuvmGpuState, policy),
    GPUVM_PROPERTY_END
};

static void gpu_class_init(ObjectClass *oc, GPUVM_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = gpu_realize;
    dc->unrealize = gpu_unrealize;
    dc->user_creatable = true;
    dc->hotpluggable = false;
    set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
}

static void soft_class_init(ObjectClass *oc, GPUVM_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "software GF100 GPU for gpuvm devices (gpu=ID)";
    device_class_set_props(dc, soft_properties);
    gpuvm_size_property_add(oc, "vram", offsetof(GpuvmGpuState, vram),
                            "VRAM of all VMs together, whole MiB, 16M to 64G "
                            "(default 1G)");
    object_class_property_set_description(oc, "threads",
        "compute worker threads, 0 = one per host core (default)");
    object_class_property_set_description(oc, "policy",
        "who runs next when devices share the GPU: fair (default) or fifo");
}

static const TypeInfo gpu_types[] = {
    {
        .name = TYPE_GPUVM_GPU,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(GpuvmGpuState),
        .class_init = gpu_class_init,
        .abstract = true,
    }, {
        .name = TYPE_GPUVM_SOFT,
        .parent = TYPE_GPUVM_GPU,
        .instance_init = soft_instance_init,
        .class_init = soft_class_init,
    },
};

DEFINE_TYPES(gpu_types)
