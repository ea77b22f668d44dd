/*
 * What differs between the QEMU versions that gpuvm is built for, in one
 * place (docs: ../shared reference qemu-integration.md 3.3).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_DEVICE_COMPAT_H
#define GPUVM_DEVICE_COMPAT_H

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/cutils.h"
#include "qemu/memfd.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qapi/visitor-impl.h"
#if __has_include("qobject/qnum.h")
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qnum.h"
#include "qobject/qstring.h"
#else
#include "qapi/qmp/qdict.h"
#include "qapi/qmp/qjson.h"
#include "qapi/qmp/qnum.h"
#include "qapi/qmp/qstring.h"
#endif
#include "hw/pci/pci.h"
#if __has_include("hw/pci/pci_device.h")
#include "hw/pci/pci_device.h"
#endif
#include "hw/pci/msi.h"
#include "hw/pci/pcie.h"
#if __has_include("hw/core/qdev-properties.h")
#include "hw/core/qdev-properties.h"
#else
#include "hw/qdev-properties.h"
#endif
#include "migration/blocker.h"
#if __has_include("system/runstate.h")
#include "system/runstate.h"
#include "system/dma.h"
#include "system/xen.h"
#else
#include "sysemu/runstate.h"
#include "sysemu/dma.h"
#include "sysemu/xen.h"
#endif
#if __has_include("system/memory.h")
#include "system/memory.h"
#include "system/address-spaces.h"
#else
#include "exec/memory.h"
#include "exec/address-spaces.h"
#endif

#define GPUVM_QEMU(major, minor) \
    (QEMU_VERSION_MAJOR > (major) || \
     (QEMU_VERSION_MAJOR == (major) && QEMU_VERSION_MINOR >= (minor)))

#if GPUVM_QEMU(10, 1)
#define GPUVM_CLASS_DATA const void
#else
#define GPUVM_CLASS_DATA void
#endif

#if GPUVM_QEMU(9, 2)
#define GPUVM_PROPERTY const Property
#define GPUVM_PROPERTY_END
#else
#define GPUVM_PROPERTY Property
#define GPUVM_PROPERTY_END DEFINE_PROP_END_OF_LIST(),
#endif

#if GPUVM_QEMU(8, 2)
#define gpuvm_add_blocker(reason, errp) migrate_add_blocker(&(reason), errp)
#define gpuvm_del_blocker(reason) migrate_del_blocker(&(reason))
#else
#define gpuvm_add_blocker(reason, errp) migrate_add_blocker(reason, errp)
#define gpuvm_del_blocker(reason)       \
    do {                                \
        migrate_del_blocker(reason);    \
        error_free(reason);             \
        (reason) = NULL;                \
    } while (0)
#endif

#if GPUVM_QEMU(9, 1)
#define GPUVM_RESET_HOLD_ARGS(obj) Object *obj, ResetType type
#else
#define GPUVM_RESET_HOLD_ARGS(obj) Object *obj
#endif

#if !GPUVM_QEMU(9, 0)
/** bql_locked - whether the caller holds QEMU's big lock. */
#define bql_locked() qemu_mutex_iothread_locked()
#endif

#endif
