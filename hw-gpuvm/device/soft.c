/*
 * Physical GPUs as bus-less devices: `-device gpuvm-soft,id=gpu0,vram=4G`,
 * named by `-device gpuvm,gpu=gpu0`.  (`-object` would need a change of QAPI's
 * schema in every QEMU.)
 *
 * How devices share the GPU are properties of it, which can be changed while
 * they run: `policy`, `preempt`, `quantum`, and each policy's parameters as
 * `POLICY-NAME`, made from the policies' own tables (docs/scheduling.md).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"

#define DEFAULT_VRAM   (1 * GiB)
#define MAX_VRAM       (64 * GiB)
#define MAX_THREADS    256

/*
 * The scheduler has what the properties say; before open it has nothing.  In
 * an arena others may have set it before: there, what was left at its default
 * is not set at the start.
 */
static void apply_params(GpuvmGpuState *g, bool start)
{
    unsigned id, i;

    if (!g->sched) {
        return;
    }
    for (id = 0; id < GPUVM_CORE_POLICIES; id++) {
        for (i = 0; gpuvm_core_param(id, i); i++) {
            if (!start || !g->share ||
                g->param[id][i] != gpuvm_core_param(id, i)->def) {
                gpuvm_sched_set_param(g->sched, id, i, g->param[id][i]);
            }
        }
    }
    if (!start || !g->share || !g->preempt ||
        g->quantum != GPUVM_CORE_QUANTUM_DEFAULT / 1000000) {
        gpuvm_sched_set_quantum(g->sched, g->preempt ?
                                g->quantum * 1000000ull : 0);
    }
}

static void apply_sched(Object *obj)
{
    apply_params(GPUVM_GPU(obj), false);
}

bool gpuvm_gpu_state_open(GpuvmGpuState *g, Error **errp)
{
    GpuvmGpuConfig cfg = { .vram_size = g->vram, .threads = g->threads,
                           .share = g->share,
                           .engine = g->engine };
    struct GpuvmArena *arena = NULL;
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
    g->gpu = gpuvm_gpu_open(g->driver, &cfg, &err);
    if (!g->gpu) {
        error_setg(errp, "gpuvm: cannot open the '%s' GPU: %s", g->driver,
                   err);
        return false;
    }
    if (g->gpu->ops->arena) {
        arena = g->gpu->ops->arena(g->gpu);
    }
    g->sched = gpuvm_sched_open(arena, gpuvm_core_policy_name(g->policy),
                                &err);
    if (!g->sched) {
        error_setg(errp, "gpuvm: cannot start the scheduler: %s", err);
        g->gpu->ops->close(g->gpu);
        g->gpu = NULL;
        return false;
    }
    apply_params(g, true);
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

static char *policy_get(Object *obj, Error **errp)
{
    GpuvmGpuState *g = GPUVM_GPU(obj);

    return g_strdup(g->sched ? gpuvm_sched_policy(g->sched) :
                    gpuvm_core_policy_name(g->policy));
}

static void policy_set(Object *obj, const char *value, Error **errp)
{
    GpuvmGpuState *g = GPUVM_GPU(obj);
    uint32_t id = gpuvm_core_policy_find(value);
    g_autofree char *all = gpuvm_sched_policies();

    if (id == GPUVM_CORE_POLICIES) {
        error_setg(errp, "gpuvm: property 'policy' is '%s'; give one of %s "
                   "(default fair)", value, all);
        return;
    }
    g->policy = id;
    if (g->sched) {
        gpuvm_sched_set_policy(g->sched, value);
    }
}

static bool preempt_get(Object *obj, Error **errp)
{
    return GPUVM_GPU(obj)->preempt;
}

static void preempt_set(Object *obj, bool value, Error **errp)
{
    GPUVM_GPU(obj)->preempt = value;
    apply_sched(obj);
}

static const GpuvmNumberProperty quantum = {
    "quantum", offsetof(GpuvmGpuState, quantum), 1, 10000,
    GPUVM_CORE_QUANTUM_DEFAULT / 1000000, "ms",
    "with preempt=on, no turn is cut short before", apply_sched,
};

static void sched_properties_add(ObjectClass *oc)
{
    const GpuvmCoreParam *cp;
    unsigned id, i;

    object_class_property_add_str(oc, "policy", policy_get, policy_set);
    object_class_property_set_description(oc, "policy",
        "who runs next when devices share the GPU: fair (default), credit, "
        "band or fifo");
    object_class_property_add_bool(oc, "preempt", preempt_get, preempt_set);
    object_class_property_set_description(oc, "preempt",
        "on (default): a long kernel stops, between two of its blocks, when "
        "another device is owed the GPU; off: it runs to its end");
    gpuvm_number_property_add(oc, &quantum);
    for (id = 0; id < GPUVM_CORE_POLICIES; id++) {
        for (i = 0; (cp = gpuvm_core_param(id, i)) != NULL; i++) {
            GpuvmNumberProperty *p = g_new(GpuvmNumberProperty, 1);

            *p = (GpuvmNumberProperty) {
                g_strdup_printf("%s-%s", gpuvm_core_policy_name(id),
                                cp->name),
                offsetof(GpuvmGpuState, param[id][i]), cp->min, cp->max,
                cp->def, cp->unit, cp->what, apply_sched,
            };
            gpuvm_number_property_add(oc, p);
        }
    }
}

static void soft_instance_init(Object *obj)
{
    GpuvmGpuState *g = GPUVM_GPU(obj);
    const GpuvmCoreParam *cp;
    unsigned id, i;

    for (id = 0; id < GPUVM_CORE_POLICIES; id++) {
        for (i = 0; (cp = gpuvm_core_param(id, i)) != NULL; i++) {
            g->param[id][i] = cp->def;
        }
    }
    g->policy = GPUVM_CORE_FAIR;
    g->preempt = true;
    g->quantum = quantum.def;
    g->driver = "soft";
    g->vram = DEFAULT_VRAM;
}

static GPUVM_PROPERTY soft_properties[] = {
    DEFINE_PROP_UINT32("threads", GpuvmGpuState, threads, 0),
    DEFINE_PROP_STRING("share", GpuvmGpuState, share),
    DEFINE_PROP_STRING("engine", GpuvmGpuState, engine),
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
    object_class_property_set_description(oc, "share",
        "name of the arena by which several QEMU processes share the GPU, or "
        "an absolute path; all give the same vram (default: none do)");
    sched_properties_add(oc);
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
