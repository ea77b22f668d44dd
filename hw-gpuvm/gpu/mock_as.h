/*
 * Private to mock.c and mock_as.c: the mock GPU's address spaces.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_GPU_MOCK_AS_H
#define GPUVM_GPU_MOCK_AS_H

#include "gpu/mock.h"

int gpuvm_mock_as_create(GpuvmGpu *gpu, const GpuvmSlice *slice,
                         GpuvmHost *host, GpuvmGpuAs **as);
int gpuvm_mock_as_bind(GpuvmGpuAs *as, const GpuvmBind *binds, size_t n);
void gpuvm_mock_as_unbind(GpuvmGpuAs *as, uint64_t va, uint64_t size);
void gpuvm_mock_as_flush(GpuvmGpuAs *as);
void gpuvm_mock_as_destroy(GpuvmGpuAs *as);
GpuvmGpu *gpuvm_mock_as_gpu(GpuvmGpuAs *as);

#endif
