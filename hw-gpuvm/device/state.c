/*
 * Saved state: savevm, loadvm and migration (docs/save-restore.md).
 *
 * The stream has the PCI device, then the pages of the VRAM slice that are not
 * zero, then one block that the core makes and reads (gpuvm_vm_xfer(),
 * gpuvm_board_xfer()).  VRAM comes first because loading apertures reads the
 * page tables in it.  QEMU stops the VM before it saves, which stops the GPU,
 * so everything is saved at one moment; VRAM is not sent ahead.
 *
 * A stream is checked as it is read, and nothing is taken on its word: lengths
 * are bounded before memory is, and errors name what is wrong.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "device/gpuvm.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"

#define STATE_VERSION   1
#define VRAM_RUN_MAX    (1u << 20)      /* bytes written at once */
#define VRAM_END        UINT64_MAX
#define PAGE            4096u

static int state_error(GpuvmState *s, const char *what, char *why)
{
    error_report("%s: the GPU's state cannot be %s: %s",
                 DEVICE(s)->id ? DEVICE(s)->id : "gpuvm", what, why);
    g_free(why);
    return -EINVAL;
}

static void vram_put(GpuvmState *s, QEMUFile *f)
{
    const GpuvmSlice *slice = gpuvm_vm_slice(s->vm);
    uint64_t off = 0, n;

    while ((n = gpuvm_vm_vram_next(s->vm, &off, VRAM_RUN_MAX))) {
        qemu_put_be64(f, off);
        qemu_put_be32(f, n);
        qemu_put_buffer(f, (uint8_t *)slice->map + off, n);
        off += n;
    }
    qemu_put_be64(f, VRAM_END);
}

static char *vram_get(GpuvmState *s, QEMUFile *f)
{
    const GpuvmSlice *slice = gpuvm_vm_slice(s->vm);
    uint64_t at = 0, off;
    uint32_t n;

    for (;;) {
        off = qemu_get_be64(f);
        if (off == VRAM_END) {
            gpuvm_vm_vram_clear(s->vm, at, slice->size - at);
            return NULL;
        }
        n = qemu_get_be32(f);
        if (!n || n > VRAM_RUN_MAX || n % PAGE || off % PAGE || off < at ||
            off > slice->size || n > slice->size - off) {
            return g_strdup_printf("%u bytes of VRAM at 0x%" PRIx64
                                   " do not fit", n, off);
        }
        gpuvm_vm_vram_clear(s->vm, at, off - at);
        if (qemu_get_buffer(f, (uint8_t *)slice->map + off, n) != n) {
            return g_strdup("it ends in the middle of VRAM");
        }
        at = off + n;
    }
}

static int state_put(QEMUFile *f, void *opaque, size_t size,
                     const VMStateField *field, JSONWriter *vmdesc)
{
    GpuvmState *s = opaque;
    g_autoptr(GByteArray) core = g_byte_array_new();
    char *err = NULL;
    GpuvmXfer x;

    gpuvm_xfer_saver(&x, core);
    gpuvm_vm_xfer(s->vm, &x);
    gpuvm_board_xfer(s->board, &x);
    if (!gpuvm_xfer_finish(&x, &err)) {
        return state_error(s, "saved", err);
    }
    vram_put(s, f);
    qemu_put_be32(f, core->len);
    qemu_put_buffer(f, core->data, core->len);
    return 0;
}

/* The block; memory grows only as bytes come. */
static GByteArray *core_get(QEMUFile *f, char **err)
{
    uint32_t left = qemu_get_be32(f);
    GByteArray *core = g_byte_array_new();
    g_autofree uint8_t *buf = g_malloc(VRAM_RUN_MAX);

    if (left > GPUVM_XFER_SIZE_MAX) {
        *err = g_strdup_printf("it has %u bytes", left);
        return core;
    }
    while (left) {
        size_t n = MIN(left, VRAM_RUN_MAX);

        if (qemu_get_buffer(f, buf, n) != n) {
            *err = g_strdup("it ends too early");
            return core;
        }
        g_byte_array_append(core, buf, n);
        left -= n;
    }
    return core;
}

static char *core_load(GpuvmState *s, QEMUFile *f)
{
    g_autoptr(GByteArray) core = NULL;
    char *err = NULL;
    GpuvmXfer x;

    core = core_get(f, &err);
    if (err) {
        return err;
    }
    gpuvm_xfer_loader(&x, core->data, core->len);
    gpuvm_vm_xfer(s->vm, &x);
    gpuvm_board_xfer(s->board, &x);
    gpuvm_xfer_finish(&x, &err);
    return err;
}

static int state_get(QEMUFile *f, void *opaque, size_t size,
                     const VMStateField *field)
{
    GpuvmState *s = opaque;
    bool level = s->irq_level;
    char *err;

    /* the interrupt line is the interrupt controller's, loaded elsewhere */
    s->loading = true;
    gpuvm_vm_set_running(s->vm, false);
    gpuvm_board_reset(s->board);
    err = vram_get(s, f);
    if (!err) {
        err = core_load(s, f);
    }
    if (err) {
        gpuvm_board_reset(s->board);
    }
    s->loading = false;
    s->irq_level = level;
    if (err) {
        return state_error(s, "loaded", err);
    }
    qemu_bh_schedule(s->bh);
    return 0;
}

static const VMStateInfo state_info = {
    .name = "gpuvm-core",
    .get = state_get,
    .put = state_put,
};

const VMStateDescription gpuvm_vmstate = {
    .name = "gpuvm",
    .version_id = STATE_VERSION,
    .minimum_version_id = STATE_VERSION,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, GpuvmState),
        VMSTATE_BOOL(irq_level, GpuvmState),
        {
            .name = "core",
            .info = &state_info,
            .flags = VMS_SINGLE,
        },
        VMSTATE_END_OF_LIST()
    }
};

bool gpuvm_state_check(GpuvmState *s, Error **errp)
{
    char *why = NULL;

    if (gpuvm_vm_can_save(s->vm, &why)) {
        return true;
    }
    error_setg(&s->migration_blocker, "gpuvm: %s; shut the guest down, or "
               "unplug the device, first", why);
    g_free(why);
    if (gpuvm_add_blocker(s->migration_blocker, errp) < 0) {
        error_free(s->migration_blocker);
        s->migration_blocker = NULL;
        return false;
    }
    return true;
}
