/*
 * The QOM property `stats`: the device's counters as one JSON object, so that
 * `qom-get` (QMP and HMP) works on every QEMU; `share`: the device's part of
 * the GPU; and `unknown-registers`: what the guest touched that no row covers.
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

static char *share_get(Object *obj, Error **errp)
{
    GpuvmState *s = GPUVM(obj);
    GpuvmCoreShare h = { 0 };

    if (!s->vm || !gpuvm_vm_share(s->vm, &h)) {
        return g_strdup("{}");
    }
    return g_strdup_printf("{\"weight\": %u, \"cap\": %u, "
                           "\"entitled\": %.4f, \"received\": %.4f, "
                           "\"gpu_ns\": %" PRIu64 ", \"turns\": %" PRIu64
                           ", \"wait_ns\": %" PRIu64 ", \"wait_max_ns\": %"
                           PRIu64 "}", h.weight, h.cap, h.entitled,
                           h.received, h.used_ns, h.turns, h.wait_ns,
                           h.wait_max_ns);
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
    object_class_property_add_str(oc, "unknown-registers", unknown_get, NULL);
    object_class_property_set_description(oc, "unknown-registers",
        "registers touched that the model does not know, a line each");
}
