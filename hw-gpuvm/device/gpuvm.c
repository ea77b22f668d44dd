/*
 * The PCI device `gpuvm`: a GF100 (NVC0) board for one virtual machine.
 *
 * Realize builds from the bottom up: the physical GPU (gpu=, or a private
 * software GPU), the map of guest RAM, the VM's share (vgpu/), the board, then
 * BARs and interrupts; exit is its mirror image.  Everything the guest touches
 * goes to board/ under the big lock; what the GPU reports comes back through
 * one bottom half.
 *
 * Identity: reference nvc0-nouveau.md 1 (10de:06d8, headless class 0x0302).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"
#include "spec/pci_id.h"

#define DEFAULT_VRAM      (512 * MiB)
#define MIN_VRAM          (64 * MiB)
#define MAX_VRAM          (16 * GiB)
#define BAR1_SIZE         (128 * MiB)
#define BAR3_SIZE         (64 * MiB)
#define DEFAULT_TIMEOUT_MS 10000    /* nouveau waits 15 s for a fence */

/* ---- BAR0 and the interrupt ---------------------------------------------- */

static uint64_t bar0_read(void *opaque, hwaddr addr, unsigned size)
{
    GpuvmState *s = opaque;

    return gpuvm_board_bar0_read(s->board, addr, size);
}

static void bar0_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    GpuvmState *s = opaque;

    gpuvm_board_bar0_write(s->board, addr, val, size);
}

static const MemoryRegionOps bar0_ops = {
    .read = bar0_read,
    .write = bar0_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

static void board_irq(void *opaque, bool level)
{
    GpuvmState *s = opaque;
    PCIDevice *pdev = PCI_DEVICE(s);
    bool rise = level && !s->irq_level;

    if (s->loading) {
        return;
    }
    s->irq_level = level;
    if (rise) {
        gpuvm_count(&s->host.counters, GPUVM_CNT_INTERRUPTS);
    }
    if (msi_enabled(pdev)) {
        if (rise) {
            msi_notify(pdev, 0);
        }
    } else {
        pci_set_irq(pdev, level);
    }
}

static uint32_t board_config_read(void *opaque, uint32_t off, unsigned size)
{
    PCIDevice *pdev = PCI_DEVICE(opaque);

    return off + size <= pci_config_size(pdev) ?
           pci_default_read_config(pdev, off, size) : 0;
}

static void device_config_write(PCIDevice *pdev, uint32_t off, uint32_t val,
                                int size)
{
    GpuvmState *s = GPUVM(pdev);
    bool msi = msi_enabled(pdev);

    pci_default_write_config(pdev, off, val, size);
    if (pdev->exp.exp_cap) {
        s->flr = true;
        pcie_cap_flr_write_config(pdev, off, val, size);
        s->flr = false;
    }
    /* a level that stands when the guest changes the way it is told */
    if (msi != msi_enabled(pdev) && s->irq_level) {
        if (msi) {
            pci_set_irq(pdev, 1);
        } else {
            pci_set_irq(pdev, 0);
            msi_notify(pdev, 0);
        }
    }
}

static void board_config_write(void *opaque, uint32_t off, uint32_t val,
                               unsigned size)
{
    PCIDevice *pdev = PCI_DEVICE(opaque);

    /*
     * BARs and the command register stay the CPU's: moving a BAR from inside
     * an access to it is nothing a driver does.
     */
    if (off >= PCI_ROM_ADDRESS && off + size <= pci_config_size(pdev)) {
        device_config_write(pdev, off, val, size);
    }
}

static const GpuvmBoardOps board_ops = {
    .irq = board_irq,
    .config_read = board_config_read,
    .config_write = board_config_write,
    .userd_move = gpuvm_userd_move,
};

static void device_bh(void *opaque)
{
    GpuvmState *s = opaque;

    if (s->board) {
        gpuvm_board_process_events(s->board);
        gpuvm_fault_process(s);
    }
}

static void device_vm_state(void *opaque, bool running, RunState state)
{
    GpuvmState *s = opaque;

    gpuvm_vm_set_running(s->vm, running);
}

/* ---- life ------------------------------------------------------------------ */

static bool device_check(GpuvmState *s, Error **errp)
{
    if (s->vram < MIN_VRAM || s->vram > MAX_VRAM || s->vram % MiB) {
        error_setg(errp, "gpuvm: property 'vram' is %" PRIu64 " bytes; give "
                   "whole MiB from 64M to 16G, e.g. vram=512M", s->vram);
        return false;
    }
    if (s->modes && strcmp(s->modes, "full")) {
        error_setg(errp, "gpuvm: property 'modes' is '%s'; this version "
                   "serves modes=full", s->modes);
        return false;
    }
    if (s->shadow && strcmp(s->shadow, "lazy") && strcmp(s->shadow, "eager")) {
        error_setg(errp, "gpuvm: property 'shadow' is '%s'; give lazy "
                   "(default) or eager", s->shadow);
        return false;
    }
    if (pci_device_iommu_address_space(PCI_DEVICE(s)) !=
        &address_space_memory) {
        error_setg(errp, "gpuvm: a vIOMMU is not supported; start without it "
                   "(no -device intel-iommu), or put the device on a bus that "
                   "bypasses it");
        return false;
    }
    return true;
}

static bool device_open_gpu(GpuvmState *s, Error **errp)
{
    GpuvmGpuInfo info;

    if (!s->gpu) {
        s->private_gpu = GPUVM_GPU(object_new(TYPE_GPUVM_SOFT));
        s->private_gpu->vram = s->vram;
        s->private_gpu->engine = g_strdup(s->engine);
        s->gpu = s->private_gpu;
        if (!gpuvm_gpu_state_open(s->private_gpu, errp)) {
            return false;
        }
    } else if (!s->gpu->gpu) {
        error_setg(errp, "gpuvm: property 'gpu' names a GPU that is not "
                   "ready; put its -device before this one");
        return false;
    }
    s->gpu->gpu->ops->info(s->gpu->gpu, &info);
    if (!(info.modes & GPUVM_MODE_FULL)) {
        error_setg(errp, "gpuvm: the GPU '%s' does not serve modes=full",
                   s->gpu->driver);
        return false;
    }
    return true;
}

static bool device_open_vm(GpuvmState *s, Error **errp)
{
    GpuvmVmConfig vc = {
        .name = DEVICE(s)->id ? DEVICE(s)->id : "gpuvm",
        .gpu = s->gpu->gpu,
        .sched = s->gpu->sched,
        .host = &s->host,
        .vram_size = s->vram,
        .bar_size = { BAR1_SIZE, BAR3_SIZE },
        .aperture = s->bar_remap ? &gpuvm_qemu_aperture_ops : NULL,
        .aperture_opaque = s,
        .map_shared = gpuvm_map_budget(),
        .map_budget = s->map_budget,
        .shadow_eager = s->shadow && !strcmp(s->shadow, "eager"),
        .shadow_full = !s->shadow_diff,
        .weight = s->weight,
        .cap = s->cap,
        .timeout_ns = s->timeout * 1000000ull,
        .on_fault = s->on_fault,
    };
    GpuvmBoardConfig bc = {
        .host = &s->host,
        .ops = &board_ops,
        .opaque = s,
        .device_id = GPUVM_PCI_DEVICE_QUADRO_6000,
        .bar1_size = BAR1_SIZE,
        .bar3_size = BAR3_SIZE,
    };
    g_autofree char *err = NULL;

    s->vm = gpuvm_vm_new(&vc, &err);
    if (s->vm) {
        bc.vm = s->vm;
        s->board = gpuvm_board_new(&bc, &err);
    }
    if (!s->board) {
        error_setg(errp, "gpuvm: %s", err ? err : "cannot start");
        return false;
    }
    return true;
}

static bool device_init_pci(GpuvmState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    pci_config_set_interrupt_pin(pdev->config, 1);
    memory_region_init_io(&s->bar0, OBJECT(s), &bar0_ops, s, "gpuvm-bar0",
                          GPUVM_BAR0_SIZE);
    pci_register_bar(pdev, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->bar0);
    pci_register_bar(pdev, 1, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH,
                     &s->aperture[GPUVM_BAR1].container);
    pci_register_bar(pdev, 3, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH,
                     &s->aperture[GPUVM_BAR3].container);
    if (msi_init(pdev, GPUVM_PCI_MSI_OFFSET, 1, true, false, errp) < 0) {
        return false;
    }
    if (pci_bus_is_express(pci_get_bus(pdev))) {
        if (pcie_endpoint_cap_init(pdev, GPUVM_PCI_EXPRESS_OFFSET) < 0) {
            error_setg(errp, "gpuvm: cannot add the PCI Express capability");
            return false;
        }
        pcie_cap_flr_init(pdev);
    }
    return true;
}

static void device_exit(PCIDevice *pdev)
{
    GpuvmState *s = GPUVM(pdev);

    if (s->migration_blocker) {
        gpuvm_del_blocker(s->migration_blocker);
    }
    if (s->vmstate_entry) {
        qemu_del_vm_change_state_handler(s->vmstate_entry);
        s->vmstate_entry = NULL;
    }
    g_clear_pointer(&s->board, gpuvm_board_free);
    g_clear_pointer(&s->vm, gpuvm_vm_free);
    g_clear_pointer(&s->bh, qemu_bh_delete);
    gpuvm_ram_map_destroy(s);
    for (int i = 0; i < GPUVM_BAR_COUNT; i++) {
        gpuvm_aperture_unrealize(&s->aperture[i]);
    }
    if (s->sink_fd >= 0) {
        close(s->sink_fd);
        s->sink_fd = -1;
    }
    if (msi_present(pdev)) {
        msi_uninit(pdev);
    }
    if (pdev->exp.exp_cap) {
        pcie_cap_exit(pdev);
    }
    if (s->private_gpu) {
        gpuvm_gpu_state_close(s->private_gpu);
        object_unref(OBJECT(s->private_gpu));
        s->private_gpu = s->gpu = NULL;
    }
}

static void device_realize(PCIDevice *pdev, Error **errp)
{
    GpuvmState *s = GPUVM(pdev);
    Error *err = NULL;

    s->sink_fd = -1;
    s->host.ops = &gpuvm_qemu_host_ops;
    s->host.opaque = s;
    if (!device_check(s, errp)) {
        return;
    }
    s->bh = qemu_bh_new(device_bh, s);
    gpuvm_ram_map_init(s);
    if (!device_open_gpu(s, &err) ||
        !gpuvm_aperture_realize(s, GPUVM_BAR1, BAR1_SIZE, &err) ||
        !gpuvm_aperture_realize(s, GPUVM_BAR3, BAR3_SIZE, &err)) {
        goto fail;
    }
    gpuvm_userd_init(s);
    if (!device_open_vm(s, &err) || !device_init_pci(s, &err) ||
        !gpuvm_state_check(s, &err)) {
        goto fail;
    }
    gpuvm_vm_set_running(s->vm, runstate_is_running());
    s->vmstate_entry = qemu_add_vm_change_state_handler(device_vm_state, s);
    return;
fail:
    device_exit(pdev);
    error_propagate(errp, err);
}

static void device_reset(DeviceState *dev)
{
    GpuvmState *s = GPUVM(dev);

    s->irq_level = false;
    gpuvm_board_reset(s->board);
    if (!s->flr) {
        gpuvm_vm_set_barred(s->vm, s->barred);
    }
}

static void device_instance_init(Object *obj)
{
    GpuvmState *s = GPUVM(obj);

    s->vram = DEFAULT_VRAM;
    s->weight = GPUVM_CORE_WEIGHT_DEFAULT;
    s->timeout = DEFAULT_TIMEOUT_MS;
    s->sink_fd = -1;
    /* config space of either size, on buses of either kind */
    PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
}

static GPUVM_PROPERTY device_properties[] = {
    DEFINE_PROP_LINK("gpu", GpuvmState, gpu, TYPE_GPUVM_GPU, GpuvmGpuState *),
    DEFINE_PROP_STRING("modes", GpuvmState, modes),
    DEFINE_PROP_BOOL("bar-remap", GpuvmState, bar_remap, true),
    DEFINE_PROP_UINT32("map-budget", GpuvmState, map_budget, 0),
    DEFINE_PROP_STRING("shadow", GpuvmState, shadow),
    DEFINE_PROP_STRING("engine", GpuvmState, engine),
    DEFINE_PROP_BOOL("shadow-diff", GpuvmState, shadow_diff, true),
    GPUVM_PROPERTY_END
};

static const struct {
    const char *name, *what;
} descriptions[] = {
    { "gpu", "id of the GPU to use (-device gpuvm-soft,id=...); without it, a "
             "private software GPU of the size of vram" },
    { "modes", "how the guest may reach the GPU: full (default)" },
    { "bar-remap", "on (default): BAR1 and BAR3 are RAM to the guest; off: "
                   "every access traps" },
    { "map-budget", "mappings that BAR1 and BAR3 may use before they trap; 0 "
                    "(default): only the limit of all gpuvm devices, a quarter "
                    "of vm.max_map_count" },
    { "engine", "how the private software GPU runs shaders: interp (default), "
                "auto (compiled once they have run for a while), jit "
                "(compiled at once)" },
    { "shadow", "when page tables are synchronised: lazy (default, before "
                "use) or eager (in each flush)" },
    { "shadow-diff", "on (default): only changed entries are bound; off: all "
                     "of them, each time" },
};

static void device_apply(Object *obj)
{
    GpuvmState *s = GPUVM(obj);

    if (s->vm) {
        gpuvm_vm_set_weight(s->vm, s->weight);
        gpuvm_vm_set_cap(s->vm, s->cap);
        gpuvm_vm_set_timeout(s->vm, s->timeout * 1000000ull);
    }
}

static const GpuvmNumberProperty numbers[] = {
    {
        "weight", offsetof(GpuvmState, weight), GPUVM_CORE_WEIGHT_MIN,
        GPUVM_CORE_WEIGHT_MAX, GPUVM_CORE_WEIGHT_DEFAULT, "",
        "share of the GPU against other devices", device_apply,
    }, {
        "cap", offsetof(GpuvmState, cap), 0, GPUVM_CORE_CAP_MAX, 0, "percent",
        "part of the GPU that the device gets at most; 0: no cap",
        device_apply,
    }, {
        "timeout", offsetof(GpuvmState, timeout), 0, UINT32_MAX,
        DEFAULT_TIMEOUT_MS, "ms", "GPU time after which a kernel that does "
        "not end is killed, with its channel; 0: never", device_apply,
    },
};

static void device_class_init(ObjectClass *oc, GPUVM_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(oc);

    k->realize = device_realize;
    k->exit = device_exit;
    k->config_write = device_config_write;
    k->vendor_id = GPUVM_PCI_VENDOR_NVIDIA;
    k->device_id = GPUVM_PCI_DEVICE_QUADRO_6000;
    k->revision = GPUVM_PCI_REVISION;
    k->class_id = GPUVM_PCI_CLASS_3D;
    dc->desc = "virtual GF100 GPU (gpuvm)";
    dc->vmsd = &gpuvm_vmstate;
    set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
#if GPUVM_QEMU(9, 2)
    device_class_set_legacy_reset(dc, device_reset);
#else
    dc->reset = device_reset;
#endif
    device_class_set_props(dc, device_properties);
    gpuvm_size_property_add(oc, "vram", offsetof(GpuvmState, vram),
                            "VRAM the guest sees, whole MiB, 64M to 16G "
                            "(default 512M)");
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        gpuvm_number_property_add(oc, &numbers[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(descriptions); i++) {
        object_class_property_set_description(oc, descriptions[i].name,
                                              descriptions[i].what);
    }
    gpuvm_stats_property_add(oc);
    gpuvm_fault_properties_add(oc);
}

static const TypeInfo device_types[] = {
    {
        .name = TYPE_GPUVM,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(GpuvmState),
        .instance_init = device_instance_init,
        .class_init = device_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { INTERFACE_CONVENTIONAL_PCI_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(device_types)

module_obj(TYPE_GPUVM);
module_obj(TYPE_GPUVM_SOFT);
module_kconfig(GPUVM);
