/*
 * Size properties: `vram=512M`, `vram=1.5G`, or a number of bytes (JSON).  A
 * value that is not a size is refused with the property's name, the value and
 * what to write instead.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"

typedef struct SizeProperty {
    size_t offset;
} SizeProperty;

static void size_get(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    SizeProperty *p = opaque;

    visit_type_size(v, name, (uint64_t *)((char *)obj + p->offset), errp);
}

static void size_set(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    SizeProperty *p = opaque;
    uint64_t *field = (uint64_t *)((char *)obj + p->offset);
    g_autofree char *str = NULL;
    uint64_t val;

    if (DEVICE(obj)->realized) {
        error_setg(errp, "gpuvm: property '%s' cannot change while the device "
                   "exists; set it on the command line", name);
        return;
    }
    if (!visit_type_str(v, name, &str, NULL)) {
        visit_type_size(v, name, field, errp);
        return;
    }
    if (qemu_strtosz_MiB(str, NULL, &val) < 0) {
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
