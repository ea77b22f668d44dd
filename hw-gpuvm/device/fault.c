/*
 * Runaway channels, towards QEMU: `on-fault`, `barred`, `last-fault`, and the
 * QMP event GPUVM_FAULT.
 *
 * The event's name is in no QAPI schema, since that would make a patch of each
 * QEMU necessary and Debian's own binary impossible: the monitor sends any
 * dictionary.  Clients skip events that they do not know; libvirt hands them
 * to `virsh qemu-monitor-event`.  At most ten a second are sent; the sequence
 * number, which `last-fault` shows too, tells whether one was left out.
 *
 * A VM is stopped as QEMU's watchdogs do it, with the run state "watchdog",
 * from which `cont` goes on.  (Their event WATCHDOG is not sent: libvirt takes
 * it for that of a watchdog of the domain, and old ones follow a null pointer
 * if there is none.)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"
#include "qapi/qapi-emit-events.h"
#include "qapi/qmp-event.h"

#define EVENTS_A_SECOND 10

static const char *const actions[] = {
    [GPUVM_ON_FAULT_RESET_CHANNEL] = "reset-channel",
    [GPUVM_ON_FAULT_STOP_VM] = "stop-vm",
    [GPUVM_ON_FAULT_BAR_VM] = "bar-vm",
};

static QDict *fault_dict(const GpuvmRunaway *r)
{
    QDict *d = qdict_new();

    qdict_put_int(d, "seq", r->seq);
    qdict_put_int(d, "channel", r->chid);
    qdict_put_int(d, "gpu-ms", r->ns / 1000000);
    qdict_put_str(d, "action", actions[r->action]);
    return d;
}

static void send_event(GpuvmState *s, const GpuvmRunaway *r)
{
    g_autofree char *path = object_get_canonical_path(OBJECT(s));
    QDict *event = qmp_event_build_dict("GPUVM_FAULT");
    QDict *data = fault_dict(r);

    if (DEVICE(s)->id) {
        qdict_put_str(data, "device", DEVICE(s)->id);
    }
    qdict_put_str(data, "path", path);
    qdict_put(event, "data", data);
    /* the number only says how often events of its kind may be sent: always */
    qapi_event_emit(QAPI_EVENT_STOP, event);
    qobject_unref(event);
}

void gpuvm_fault_process(GpuvmState *s)
{
    GpuvmRunaway last = gpuvm_vm_runaway(s->vm);
    uint32_t missed;

    if (last.seq == s->faults_seen) {
        return;
    }
    s->faults_seen = last.seq;
    if (gpuvm_rate_limit(&s->fault_events, qemu_clock_get_ns(
                             QEMU_CLOCK_REALTIME), EVENTS_A_SECOND, &missed)) {
        send_event(s, &last);
    }
    if (last.action == GPUVM_ON_FAULT_STOP_VM && runstate_is_running()) {
        qemu_system_vmstop_request_prepare();
        qemu_system_vmstop_request(RUN_STATE_WATCHDOG);
    }
}

/* ---- properties ---------------------------------------------------------------- */

static char *last_fault_get(Object *obj, Error **errp)
{
    GpuvmState *s = GPUVM(obj);
    GpuvmRunaway last = { 0 };
    QDict *d;
    GString *json;
    char *text;

    if (s->vm) {
        last = gpuvm_vm_runaway(s->vm);
    }
    d = last.seq ? fault_dict(&last) : qdict_new();
    json = qobject_to_json(QOBJECT(d));
    text = g_string_free(json, false);
    qobject_unref(d);
    return text;
}

static char *on_fault_get(Object *obj, Error **errp)
{
    return g_strdup(actions[GPUVM(obj)->on_fault]);
}

static void on_fault_set(Object *obj, const char *value, Error **errp)
{
    GpuvmState *s = GPUVM(obj);
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(actions); i++) {
        if (!strcmp(value, actions[i])) {
            s->on_fault = i;
            if (s->vm) {
                gpuvm_vm_set_on_fault(s->vm, i);
            }
            return;
        }
    }
    error_setg(errp, "gpuvm: property 'on-fault' is '%s'; give reset-channel "
               "(default), stop-vm or bar-vm", value);
}

static bool barred_get(Object *obj, Error **errp)
{
    GpuvmState *s = GPUVM(obj);

    return s->vm ? gpuvm_vm_barred(s->vm) : s->barred;
}

static void barred_set(Object *obj, bool value, Error **errp)
{
    GpuvmState *s = GPUVM(obj);

    s->barred = value;
    if (s->vm) {
        gpuvm_vm_set_barred(s->vm, value);
    }
}

void gpuvm_fault_properties_add(ObjectClass *oc)
{
    object_class_property_add_str(oc, "on-fault", on_fault_get, on_fault_set);
    object_class_property_set_description(oc, "on-fault",
        "what becomes of a VM whose kernel ran past `timeout`: reset-channel "
        "(default: the channel is killed, the driver recovers), stop-vm (the "
        "VM is paused; cont gives the kernel another timeout), bar-vm (all "
        "of its GPU work is refused until barred=off or a machine reset)");
    object_class_property_add_bool(oc, "barred", barred_get, barred_set);
    object_class_property_set_description(oc, "barred",
        "whether the VM's GPU work is refused with faults: set by hand (it "
        "stays so over resets), or by on-fault=bar-vm (default off)");
    object_class_property_add_str(oc, "last-fault", last_fault_get, NULL);
    object_class_property_set_description(oc, "last-fault",
        "the last kernel that ran past `timeout`: number, channel, action, a "
        "JSON object (read only)");
}
