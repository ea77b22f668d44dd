/*
 * The QOM property `stats`: the device's counters as one JSON object, so that
 * `qom-get` (QMP and HMP) works on every QEMU; `share`: the device's part of
 * the GPU; `sharers`: that of all VMs on it; and `unknown-registers`: what the guest touched that no row covers.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"

static char *stats_get(Object *obj, Error **errp)
{
    GpuvmState *s = GPUVM(obj);
    GString *json = g_string_new("{");

    for (unsigned i = 0; i < GPUVM_CNT__MAX; i++) {
        g_string_append_printf(json, "%s\"%s\": %" PRIu64, i ? ", " : "",
                               gpuvm_counter_key(i),
                               gpuvm_counter(&s->host.counters, i));
    }
    g_string_append_c(json, '}');
    return g_string_free(json, false);
}

static void share_append(GString *json, const GpuvmCoreShare *h)
{
    g_string_append_printf(json, "\"weight\": %u, \"cap\": %u, "
                           "\"entitled\": %.4f, \"received\": %.4f, "
                           "\"gpu_ns\": %" PRIu64 ", \"turns\": %" PRIu64
                           ", \"wait_ns\": %" PRIu64 ", \"wait_max_ns\": %"
                           PRIu64 "}", h->weight, h->cap, h->entitled,
                           h->received, h->used_ns, h->turns, h->wait_ns,
                           h->wait_max_ns);
}

static char *share_get(Object *obj, Error **errp)
{
    GpuvmState *s = GPUVM(obj);
    GpuvmCoreShare h = { 0 };
    GString *json;

    if (!s->vm || !gpuvm_vm_share(s->vm, &h)) {
        return g_strdup("{}");
    }
    json = g_string_new("{");
    share_append(json, &h);
    return g_string_free(json, false);
}

static char *sharers_get(Object *obj, Error **errp)
{
    GpuvmState *s = GPUVM(obj);
    g_autofree GpuvmCoreTable *t = g_new0(GpuvmCoreTable, 1);
    uint32_t own;
    GString *json;

    if (!s->vm || !gpuvm_vm_table(s->vm, t, &own)) {
        return g_strdup("{}");
    }
    json = g_string_new(NULL);
    g_string_append_printf(json, "{\"policy\": \"%s\", \"slot\": %u, "
                           "\"busy_ns\": %" PRIu64 ", \"gone_ns\": %" PRIu64
                           ", \"vms\": [", gpuvm_core_policy_name(t->policy) ?: "?",
                           own, t->busy_ns, t->gone_ns);
    for (unsigned i = 0; i < t->count; i++) {
        g_string_append_printf(json, "%s{\"slot\": %u, \"process\": %u, ",
                               i ? ", " : "", t->vm[i].slot, t->vm[i].owner);
        share_append(json, &t->vm[i].share);
    }
    g_string_append(json, "]}");
    return g_string_free(json, false);
}

static char *unknown_get(Object *obj, Error **errp)
{
    GpuvmState *s = GPUVM(obj);

    return s->board ? gpuvm_board_unknown_list(s->board) : g_strdup("");
}

void gpuvm_stats_property_add(ObjectClass *oc)
{
    object_class_property_add_str(oc, "stats", stats_get, NULL);
    object_class_property_set_description(oc, "stats",
        "the device's counters, a JSON object (read only)");
    object_class_property_add_str(oc, "share", share_get, NULL);
    object_class_property_set_description(oc, "share",
        "weight, cap, entitled and received share of the GPU, GPU time, turns "
        "and waits for them, a JSON object (read only)");
    object_class_property_add_str(oc, "sharers", sharers_get, NULL);
    object_class_property_set_description(oc, "sharers",
        "`share` of every VM on the same GPU at one moment, of other "
        "processes too, and the GPU's busy time, a JSON object (read only)");
    object_class_property_add_str(oc, "unknown-registers", unknown_get, NULL);
    object_class_property_set_description(oc, "unknown-registers",
        "registers touched that the model does not know, a line each");
}
