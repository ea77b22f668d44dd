/*
 * Which GPUs there are, by name.
 *
 * Those that are always built are listed here; others (a real board, a kernel
 * driver) add themselves before the first open.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "gpu/gpu.h"

#define MAX_REGISTERED 8

static const GpuvmGpuOps *const builtin[] = {
    &gpuvm_gpu_soft_ops,
    &gpuvm_gpu_mock_ops,
};

static GMutex lock;             /* guards the two below */
static const GpuvmGpuOps *added[MAX_REGISTERED];
static unsigned n_added;

void gpuvm_gpu_register(const GpuvmGpuOps *ops)
{
    g_mutex_lock(&lock);
    if (n_added < MAX_REGISTERED) {
        added[n_added++] = ops;
    } else {
        g_warning("gpuvm: no room to register the GPU \"%s\"", ops->name);
    }
    g_mutex_unlock(&lock);
}

char **gpuvm_gpu_list(void)
{
    GPtrArray *names = g_ptr_array_new();
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(builtin); i++) {
        g_ptr_array_add(names, g_strdup(builtin[i]->name));
    }
    g_mutex_lock(&lock);
    for (i = 0; i < n_added; i++) {
        g_ptr_array_add(names, g_strdup(added[i]->name));
    }
    g_mutex_unlock(&lock);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

static const GpuvmGpuOps *find(const char *name)
{
    const GpuvmGpuOps *ops = NULL;
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(builtin); i++) {
        if (g_str_equal(builtin[i]->name, name)) {
            ops = builtin[i];
        }
    }
    g_mutex_lock(&lock);
    for (i = 0; i < n_added; i++) {
        if (g_str_equal(added[i]->name, name)) {
            ops = added[i];
        }
    }
    g_mutex_unlock(&lock);
    return ops;
}

GpuvmGpu *gpuvm_gpu_open(const char *name, const GpuvmGpuConfig *cfg,
                         char **err)
{
    const GpuvmGpuOps *ops = find(name);
    GpuvmGpu *gpu = NULL;

    if (!ops) {
        g_auto(GStrv) names = gpuvm_gpu_list();
        g_autofree char *known = g_strjoinv(", ", names);

        *err = g_strdup_printf("there is no GPU called \"%s\"; known are %s",
                               name, known);
        return NULL;
    }
    return ops->open(&gpu, cfg, err) ? NULL : gpu;
}
