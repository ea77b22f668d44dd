/*
 * Faults in saved state: they wait in several places until a guest has read
 * them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base/xfer.h"
#include "gpu/gpu.h"

void gpuvm_fault_xfer(GpuvmFault *f, GpuvmXfer *x)
{
    GPUVM_XFER_CODE(x, "fault kind", f->kind, GPUVM_FAULT_CE);
    GPUVM_XFER_CODE(x, "engine", f->engine, GPUVM_ENGINE_SW);
    gpuvm_xfer_u64(x, &f->va);
    gpuvm_xfer_u32(x, &f->reason);
    gpuvm_xfer_u8(x, &f->unit);
    gpuvm_xfer_u8(x, &f->client);
    gpuvm_xfer_u8(x, &f->gpc);
    gpuvm_xfer_bool(x, &f->hub);
    gpuvm_xfer_bool(x, &f->write);
    gpuvm_xfer_u8(x, &f->subc);
    gpuvm_xfer_u16(x, &f->cls);
    gpuvm_xfer_u32(x, &f->bits);
    gpuvm_xfer_u32(x, &f->method);
    gpuvm_xfer_u32(x, &f->data);
}
