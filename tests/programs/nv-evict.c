/*
 * More buffers than VRAM holds, every byte checked.
 *
 *   nv-evict [--times N] [--rounds N] [--size BYTES]
 *
 * Buffers of N times the VRAM (default 4) are used in VRAM only, so that each
 * use makes the kernel's TTM move others out to system memory and this one
 * back in, both with its copy engine.  A round fills each buffer through the
 * GPU with a content of its own, then, in another order, reads each back
 * through the GPU and compares.  Where the buffers are is asked of the kernel:
 * the one in use must be in VRAM, and of the others no more than fit.  At the
 * end the last content is compared once more through the CPU's mapping, which
 * for most buffers is of system memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "check.h"
#include "nv.h"

typedef struct Evict {
    NvChannel ch;               /* .gart: what is copied in and out */
    NvBo *bo;
    unsigned count;
    uint64_t vram;              /* bytes, as the kernel says */
    size_t size;                /* of one buffer */
    size_t bad;                 /* words */
    unsigned returned;          /* buffers that were out when they were used */
    unsigned misplaced;         /* buffers in use, yet not in VRAM */
    unsigned out;               /* most buffers that were out at a time */
} Evict;

static uint32_t seed_of(unsigned round, unsigned i)
{
    return 0x10000u + round * 0x1000003u + i * 2;
}

/* One copy between buffer @i and the buffer in system memory. */
static void copy(Evict *e, unsigned i, bool in)
{
    static const uint32_t domains[2] = { NV_VRAM, NV_GART };
    NvBo *bos[2] = { &e->bo[i], &e->ch.gart };
    uint64_t src = in ? e->ch.gart.va : e->bo[i].va;
    uint64_t dst = in ? e->bo[i].va : e->ch.gart.va;
    unsigned n = nv_emit_copy((uint32_t *)e->ch.push.map, src, dst, e->size);

    e->returned += nv_bo_domain(&e->bo[i]) != NV_VRAM;
    nv_must(nv_submit(&e->ch, 0, n, bos, domains, 2), "GEM_PUSHBUF");
    e->misplaced += nv_bo_domain(&e->bo[i]) != NV_VRAM;
    nv_must(nv_bo_wait(&e->ch.gart), "CPU_PREP");
}

/*
 * All buffers, each moved out of VRAM at once: the kernel takes page tables
 * from VRAM, too, when it maps a buffer the first time, and cannot move a
 * buffer out for that (6.12: "imem: OOM").
 */
static void make_buffers(Evict *e)
{
    static const uint32_t gart = NV_GART;

    for (unsigned i = 0; i < e->count; i++) {
        NvBo *bo = &e->bo[i];

        nv_bo_new(bo, NV_VRAM | NV_GART, e->size);
        memset(e->ch.push.map, 0, 64);          /* NOPs */
        nv_must(nv_submit(&e->ch, 0, 16, &bo, &gart, 1), "GEM_PUSHBUF");
        nv_must(nv_bo_wait(&e->ch.push), "CPU_PREP");
    }
}

static void note_places(Evict *e)
{
    unsigned out = 0;

    for (unsigned i = 0; i < e->count; i++) {
        out += nv_bo_domain(&e->bo[i]) != NV_VRAM;
    }
    e->out = out > e->out ? out : e->out;
}

static void one_round(Evict *e, unsigned round)
{
    uint8_t *gart = e->ch.gart.map;

    for (unsigned i = 0; i < e->count; i++) {
        nv_fill(gart, e->size, seed_of(round, i));
        copy(e, i, true);
    }
    note_places(e);
    /* odd ones upwards, then even ones down: neither the order of last use
     * nor its reverse */
    for (unsigned k = 0; k < e->count; k++) {
        unsigned half = e->count / 2;
        unsigned i = k < half ? 2 * k + 1 : 2 * (e->count - 1 - k);

        memset(gart, 0, e->size);
        copy(e, i, false);
        e->bad += nv_differing(gart, e->size, seed_of(round, i));
    }
    note_places(e);
}

int main(int argc, char **argv)
{
    Evict e = { .size = 2u << 20 };
    unsigned times = 4, rounds = 1;
    size_t bad_cpu = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned v = strtoul(argv[i + 1], NULL, 0);

        if (!strcmp(argv[i], "--times")) {
            times = v;
        } else if (!strcmp(argv[i], "--rounds")) {
            rounds = v;
        } else if (!strcmp(argv[i], "--size")) {
            e.size = (v + 4095) & ~4095ul;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    nv_open();
    e.vram = nv_vram_size();
    /* an even number: each is read back once a round */
    e.count = (e.vram * times / e.size + 1) & ~1u;
    e.bo = calloc(e.count, sizeof(*e.bo));
    nv_m2mf_start(&e.ch, e.size);
    make_buffers(&e);
    for (unsigned r = 0; r < rounds; r++) {
        one_round(&e, r);
    }
    for (unsigned i = 0; rounds && i < e.count; i++) {
        nv_must(nv_bo_wait(&e.bo[i]), "CPU_PREP");
        bad_cpu += nv_differing(e.bo[i].map, e.size, seed_of(rounds - 1, i));
    }
    printf("evict: %u buffers of %zu bytes, %.1f times the VRAM of %u MiB, "
           "%u rounds: %zu wrong words by GPU, %zu by CPU\n", e.count, e.size,
           (double)e.count * e.size / e.vram, (unsigned)(e.vram >> 20),
           rounds, e.bad, bad_cpu);
    printf("evict: %u moves back into VRAM, at most %u buffers out at a time, "
           "%u not in VRAM when used\n", e.returned, e.out, e.misplaced);
    if ((uint64_t)(e.count - e.out) * e.size > e.vram) {
        printf("evict: more buffers in VRAM than fit\n");
        return 1;
    }
    for (unsigned i = 0; i < e.count; i++) {
        nv_bo_free(&e.bo[i]);
    }
    nv_m2mf_end(&e.ch);
    nv_close();
    return e.bad || bad_cpu || e.misplaced;
}
