/*
 * Sections and pauses: threads that use host pointers are inside a section;
 * a pause is a time when none is.
 *
 * Two atomic words make the usual case cheap.  A thread enters by counting
 * itself in `active` and then looking at `attention`; a pauser raises
 * `attention` and then looks at `active`.  Both accesses are sequentially
 * consistent, so one of the two sees the other: either the thread steps back
 * out and sleeps, or the pauser waits for it.  Since nobody gets in while
 * `attention` is raised, a pauser is never starved; since it is lowered as
 * soon as the pauser is through, neither are the threads.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "soft/soft_priv.h"

/* The GPU whose section this thread is in: at most one at a time. */
static _Thread_local const SoftGpu *in_section;

void gpuvm_soft_sections_init(SoftSections *s)
{
    g_mutex_init(&s->lock);
    g_cond_init(&s->idle);
    g_cond_init(&s->go_on);
}

void gpuvm_soft_sections_fini(SoftSections *s)
{
    g_mutex_clear(&s->lock);
    g_cond_clear(&s->idle);
    g_cond_clear(&s->go_on);
}

static void section_out(SoftSections *s)
{
    atomic_fetch_sub(&s->active, 1);
    if (atomic_load(&s->attention)) {
        g_mutex_lock(&s->lock);
        g_cond_broadcast(&s->idle);
        g_mutex_unlock(&s->lock);
    }
}

void gpuvm_soft_section_enter(SoftGpu *gpu)
{
    SoftSections *s = &gpu->sections;

    for (;;) {
        atomic_fetch_add(&s->active, 1);
        if (!atomic_load(&s->attention)) {
            break;
        }
        section_out(s);
        g_mutex_lock(&s->lock);
        while (atomic_load(&s->attention)) {
            g_cond_wait(&s->go_on, &s->lock);
        }
        g_mutex_unlock(&s->lock);
    }
    in_section = gpu;
}

void gpuvm_soft_section_leave(SoftGpu *gpu)
{
    in_section = NULL;
    section_out(&gpu->sections);
}

void gpuvm_soft_section_yield(SoftGpu *gpu)
{
    gpuvm_soft_section_leave(gpu);
    gpuvm_soft_section_enter(gpu);
}

const _Atomic uint32_t *gpuvm_soft_attention_word(SoftGpu *gpu)
{
    return &gpu->sections.attention;
}

uint32_t gpuvm_soft_section_others(SoftGpu *gpu)
{
    return atomic_load(&gpu->sections.active) - (in_section == gpu);
}

void gpuvm_soft_pause_begin(SoftGpu *gpu)
{
    SoftSections *s = &gpu->sections;

    g_mutex_lock(&s->lock);
    atomic_fetch_add(&s->attention, 1);
    while (atomic_load(&s->active)) {
        g_cond_wait(&s->idle, &s->lock);
    }
    g_mutex_unlock(&s->lock);
}

void gpuvm_soft_pause_end(SoftGpu *gpu)
{
    SoftSections *s = &gpu->sections;

    g_mutex_lock(&s->lock);
    if (atomic_fetch_sub(&s->attention, 1) == 1) {
        g_cond_broadcast(&s->go_on);
    }
    g_mutex_unlock(&s->lock);
}
