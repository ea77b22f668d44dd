/*
 * The engine classes there are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/chan_priv.h"
#include "soft/engine_classes.h"

const SoftClass *const gpuvm_soft_classes[] = {
    &gpuvm_soft_class_3d,
    &gpuvm_soft_class_compute,
    &gpuvm_soft_class_m2mf,
    &gpuvm_soft_class_2d,
    &gpuvm_soft_class_ce0,
    &gpuvm_soft_class_ce1,
    NULL
};

_Static_assert(G_N_ELEMENTS(gpuvm_soft_classes) <= SOFT_CLASSES + 1,
               "SoftChan.objects has room for every class");

const SoftClass *gpuvm_soft_class_find(uint16_t id, unsigned *index)
{
    unsigned i;

    for (i = 0; gpuvm_soft_classes[i]; i++) {
        if (gpuvm_soft_classes[i]->id == id) {
            *index = i;
            return gpuvm_soft_classes[i];
        }
    }
    return NULL;
}
