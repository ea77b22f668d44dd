/*
 * A fake vgpu/ for tests of the board: every function of vgpu/vm.h over a
 * plain buffer, recording what the board asked for.  Included by one test file
 * only, which then links nothing of vgpu/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_TESTS_FAKE_VM_H
#define GPUVM_TESTS_FAKE_VM_H

#include <string.h>

#include "harness.h"
#include "vgpu/vm.h"

struct GpuvmVm {
    GpuvmSlice slice;
    GpuvmHost *host;

    bool big_64k;
    unsigned big_calls;
    unsigned flushes;
    uint64_t flush_pdb;
    GpuvmTarget flush_target;
    bool flush_all;
    bool tlb_pending;

    unsigned aperture_calls[GPUVM_BAR_COUNT];
    bool aperture_vm[GPUVM_BAR_COUNT];
    uint64_t aperture_inst[GPUVM_BAR_COUNT];

    unsigned resets;
    unsigned binds, unbinds, kicks, resumes, runlists, pfifo_resets;
    unsigned engine_resets[32];
    bool bound[GPUVM_VM_CHANNELS];
    bool runnable[GPUVM_VM_CHANNELS];
    bool kicked[GPUVM_VM_CHANNELS];
    bool busy[GPUVM_VM_CHANNELS];
    uint64_t inst[GPUVM_VM_CHANNELS];
    uint8_t runlist[GPUVM_VM_CHANNELS];
    size_t runlist_n;
    uint32_t frozen;

    unsigned userd_chid;
    uint32_t userd_off;
    unsigned userd_size;
    uint64_t userd_val;

    GpuvmVmEvents events;       /* given to the next take */
    unsigned event_batches;     /* how many takes get it */
};

static inline GpuvmVm *fake_vm_new(GpuvmHost *host, uint64_t vram,
                                   uint64_t backed)
{
    GpuvmVm *vm = g_new0(GpuvmVm, 1);

    vm->host = host;
    vm->slice.size = vram;
    vm->slice.fd = -1;
    vm->slice.fd_offset = backed;   /* bytes that really exist */
    vm->slice.map = g_malloc0(backed);
    return vm;
}

static inline void fake_vm_free(GpuvmVm *vm)
{
    g_free(vm->slice.map);
    g_free(vm);
}

static bool fake_range(GpuvmVm *vm, uint64_t off, size_t len)
{
    return off < vm->slice.fd_offset && len <= vm->slice.fd_offset - off;
}

GpuvmVm *gpuvm_vm_new(const GpuvmVmConfig *cfg, char **err) { return NULL; }
void gpuvm_vm_free(GpuvmVm *vm) { }
void gpuvm_vm_reset(GpuvmVm *vm) { vm->resets++; }
const GpuvmSlice *gpuvm_vm_slice(GpuvmVm *vm) { return &vm->slice; }
GpuvmHost *gpuvm_vm_host(GpuvmVm *vm) { return vm->host; }
void gpuvm_vm_set_running(GpuvmVm *vm, bool running) { }
void gpuvm_vm_alarm(GpuvmVm *vm, uint64_t ns) { }

bool gpuvm_vm_vram_read(GpuvmVm *vm, uint64_t off, void *buf, size_t len)
{
    if (!fake_range(vm, off, len)) {
        memset(buf, 0, len);
        return false;
    }
    memcpy(buf, (uint8_t *)vm->slice.map + off, len);
    return true;
}

bool gpuvm_vm_vram_write(GpuvmVm *vm, uint64_t off, const void *buf,
                         size_t len)
{
    if (!fake_range(vm, off, len)) {
        return false;
    }
    memcpy((uint8_t *)vm->slice.map + off, buf, len);
    return true;
}

void gpuvm_vm_set_big_page(GpuvmVm *vm, bool is_64k)
{
    vm->big_64k = is_64k;
    vm->big_calls++;
}

void gpuvm_vm_tlb_flush(GpuvmVm *vm, uint64_t pdb, GpuvmTarget target,
                        bool all)
{
    vm->flushes++;
    vm->flush_pdb = pdb;
    vm->flush_target = target;
    vm->flush_all = all;
}

bool gpuvm_vm_tlb_pending(GpuvmVm *vm) { return vm->tlb_pending; }

void gpuvm_aperture_set(GpuvmVm *vm, GpuvmBar bar, bool vm_on, uint64_t inst)
{
    vm->aperture_calls[bar]++;
    vm->aperture_vm[bar] = vm_on;
    vm->aperture_inst[bar] = inst;
}

uint64_t gpuvm_aperture_read(GpuvmVm *vm, GpuvmBar bar, uint64_t off,
                             unsigned size)
{
    return 0;
}

void gpuvm_aperture_write(GpuvmVm *vm, GpuvmBar bar, uint64_t off,
                          uint64_t val, unsigned size) { }

void gpuvm_chan_bind(GpuvmVm *vm, unsigned chid, uint64_t inst)
{
    vm->binds++;
    vm->bound[chid] = true;
    vm->inst[chid] = inst;
}

void gpuvm_chan_unbind(GpuvmVm *vm, unsigned chid)
{
    vm->unbinds++;
    vm->bound[chid] = false;
}

void gpuvm_chan_set_runnable(GpuvmVm *vm, unsigned chid, bool runnable)
{
    vm->runnable[chid] = runnable;
}

void gpuvm_chan_set_runlist(GpuvmVm *vm, const uint8_t *chids, size_t n)
{
    vm->runlists++;
    vm->runlist_n = n;
    memcpy(vm->runlist, chids, n);
}

void gpuvm_chan_kick(GpuvmVm *vm, unsigned chid) { vm->kicks++; }
bool gpuvm_chan_kicked(GpuvmVm *vm, unsigned chid) { return vm->kicked[chid]; }
void gpuvm_chan_resume(GpuvmVm *vm, unsigned chid) { vm->resumes++; }
void gpuvm_chan_freeze(GpuvmVm *vm, uint32_t engines) { vm->frozen = engines; }

void gpuvm_chan_engine_reset(GpuvmVm *vm, GpuvmEngine engine)
{
    vm->engine_resets[engine]++;
}

void gpuvm_chan_pfifo_reset(GpuvmVm *vm) { vm->pfifo_resets++; }

uint64_t gpuvm_chan_inst(GpuvmVm *vm, unsigned chid)
{
    return vm->bound[chid] ? vm->inst[chid] : ~(uint64_t)0;
}

bool gpuvm_chan_busy(GpuvmVm *vm, unsigned chid) { return vm->busy[chid]; }

uint64_t gpuvm_chan_userd_read(GpuvmVm *vm, unsigned chid, uint32_t off,
                               unsigned size)
{
    vm->userd_chid = chid;
    vm->userd_off = off;
    vm->userd_size = size;
    return vm->userd_val;
}

void gpuvm_chan_userd_write(GpuvmVm *vm, unsigned chid, uint32_t off,
                            uint64_t val, unsigned size)
{
    vm->userd_chid = chid;
    vm->userd_off = off;
    vm->userd_size = size;
    vm->userd_val = val;
}

bool gpuvm_vm_take_events(GpuvmVm *vm, GpuvmVmEvents *ev)
{
    if (!vm->event_batches) {
        return false;
    }
    vm->event_batches--;
    *ev = vm->events;
    return true;
}

#endif
