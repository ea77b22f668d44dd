/*
 * Size properties: `vram=512M`, `vram=1.5G`, or a number of bytes (JSON); and
 * numbers within a range, which can be changed while the device exists.  Those
 * that are times may name their unit, `timeout=10s`; a bare number is in the
 * property's own.  A value that is not one is refused with the property's
 * name, the value and what to write instead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"

#include <math.h>

typedef struct SizeProperty {
    size_t offset;
} SizeProperty;

static void size_get(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    SizeProperty *p = opaque;

    visit_type_size(v, name, (uint64_t *)((char *)obj + p->offset), errp);
}

/*
 * What was written: a string in *@str, or a number in *@val (and *@str NULL).
 * A value may be visited once only, so a visitor that knows its type (JSON,
 * -device) is asked for it; others (-global) have strings only.
 */
static bool value_read(Visitor *v, const char *name, char **str, uint64_t *val)
{
    QObject *any = NULL;
    bool ok = true;

    if (!v->type_any) {
        return visit_type_str(v, name, str, NULL);
    }
    if (!visit_type_any(v, name, &any, NULL)) {
        return false;
    }
    if (qobject_to(QString, any)) {
        *str = g_strdup(qstring_get_str(qobject_to(QString, any)));
    } else {
        ok = qobject_to(QNum, any) &&
             qnum_get_try_uint(qobject_to(QNum, any), val);
    }
    qobject_unref(any);
    return ok;
}

static void size_set(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    SizeProperty *p = opaque;
    uint64_t *field = (uint64_t *)((char *)obj + p->offset);
    g_autofree char *str = NULL;
    uint64_t val = 0;

    if (DEVICE(obj)->realized) {
        error_setg(errp, "gpuvm: property '%s' cannot change while the device "
                   "exists; set it on the command line", name);
        return;
    }
    if (!value_read(v, name, &str, &val)) {
        error_setg(errp, "gpuvm: property '%s' has a value that is not a "
                   "size; give a number of bytes, or a string such as "
                   "\"512M\"", name);
        return;
    }
    if (str && qemu_strtosz_MiB(str, NULL, &val) < 0) {
        error_setg(errp, "gpuvm: property '%s' has the value '%s', which is "
                   "not a size; give a number with the suffix M or G, e.g. "
                   "%s=512M", name, str, name);
        return;
    }
    *field = val;
}

void gpuvm_size_property_add(ObjectClass *oc, const char *name, size_t offset,
                             const char *what)
{
    SizeProperty *p = g_new(SizeProperty, 1);

    p->offset = offset;
    object_class_property_add(oc, name, "size", size_get, size_set, NULL, p);
    object_class_property_set_description(oc, name, what);
}

/* ---- numbers ------------------------------------------------------------------ */

static void number_get(Object *obj, Visitor *v, const char *name,
                       void *opaque, Error **errp)
{
    const GpuvmNumberProperty *p = opaque;

    visit_type_uint32(v, name, (uint32_t *)((char *)obj + p->offset), errp);
}

/* "10s", "500 us" in @unit ("us" or "ms"); a bare number is in @unit. */
static bool time_parse(const char *str, const char *unit, uint64_t *val)
{
    static const struct {
        const char *name;
        double us;
    } units[] = { { "us", 1 }, { "ms", 1e3 }, { "s", 1e6 }, { "m", 60e6 } };
    double own = !strcmp(unit, "us") ? 1 : 1e3, scale = own, v;
    const char *end;
    size_t i;

    if (qemu_strtod_finite(str, &end, &v) < 0) {
        return false;
    }
    if (*end) {
        for (i = 0; i < ARRAY_SIZE(units) && strcmp(end, units[i].name); i++) {
        }
        if (i == ARRAY_SIZE(units)) {
            return false;
        }
        scale = units[i].us;
    }
    v = v * scale / own;
    *val = v >= 0 && v <= UINT32_MAX ? v : UINT64_MAX;
    return v == *val || fabs(v - *val) < 1e-6;
}

static bool is_time(const GpuvmNumberProperty *p)
{
    return !strcmp(p->unit, "us") || !strcmp(p->unit, "ms");
}

static void number_set(Object *obj, Visitor *v, const char *name,
                       void *opaque, Error **errp)
{
    const GpuvmNumberProperty *p = opaque;
    g_autofree char *str = NULL;
    uint64_t val = 0;
    bool ok = value_read(v, name, &str, &val);

    if (ok && str) {
        ok = is_time(p) ? time_parse(str, p->unit, &val) :
             qemu_strtou64(str, NULL, 0, &val) == 0;
    }
    if (!ok || val < p->min || val > p->max) {
        g_autofree char *num = g_strdup_printf("%" PRIu64, val);

        error_setg(errp, "gpuvm: property '%s' is %s; give %u to %u%s%s "
                   "(default %u)%s", name, str ? str : ok ? num :
                   "not a number", p->min, p->max, *p->unit ? " " : "",
                   p->unit, p->def, is_time(p) ? ", or with a unit, e.g. 1s, "
                   "500ms, 2m" : "");
        return;
    }
    *(uint32_t *)((char *)obj + p->offset) = val;
    if (p->apply) {
        p->apply(obj);
    }
}

void gpuvm_number_property_add(ObjectClass *oc, const GpuvmNumberProperty *p)
{
    g_autofree char *what = g_strdup_printf("%s: %u to %u%s%s (default %u)",
                                            p->what, p->min, p->max,
                                            *p->unit ? " " : "", p->unit,
                                            p->def);

    object_class_property_add(oc, p->name, "uint32", number_get, number_set,
                              NULL, (void *)p);
    object_class_property_set_description(oc, p->name, what);
}
