/*
 * nouveau's uAPI as the test programs use it: buffers, channels with a push
 * buffer, submissions, and copies with M2MF whose every byte is checked.
 *
 * Functions named nv_must_* and those without a result end the program with
 * status 2 when the kernel refuses; the others return 0 or a negative errno.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GPUVM_PROGRAMS_NV_H
#define GPUVM_PROGRAMS_NV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nouveau_drm.h>

#define NV_VRAM NOUVEAU_GEM_DOMAIN_VRAM
#define NV_GART NOUVEAU_GEM_DOMAIN_GART

#define NV_CLASS_M2MF    0x9039
#define NV_CLASS_COMPUTE 0x90c0
#define NV_CLASS_CE1     0x90b8
#define NV_SUBC          2      /* where M2MF is bound */

/** nv_inc - header of @count words to @mthd and the methods after it */
static inline uint32_t nv_inc(unsigned subc, uint32_t mthd, unsigned count)
{
    return 0x20000000u | count << 16 | subc << 13 | mthd >> 2;
}

typedef struct NvBo {
    uint32_t handle;
    uint64_t va, size;
    uint8_t *map;
} NvBo;

typedef struct NvChannel {
    int id;
    NvBo push;                  /* 4 KiB, GART */
    NvBo vram, gart;            /* of nv_m2mf_start() */
} NvChannel;

/** nv_open - the render node; all that follows is about it. */
void nv_open(void);
void nv_close(void);
/** nv_must - ends the program if @ret is an error. */
void nv_must(int ret, const char *what);

void nv_bo_new(NvBo *bo, uint32_t domain, uint64_t size);
void nv_bo_free(NvBo *bo);
/** nv_bo_domain - where it is now: NV_VRAM or NV_GART (system memory). */
uint32_t nv_bo_domain(const NvBo *bo);
/** nv_vram_size - bytes of VRAM that the kernel gives to buffers. */
uint64_t nv_vram_size(void);
/** nv_bo_wait - until the GPU is done with it; -EBUSY after 30 s.  Uses
 *  SIGALRM and its timer. */
int nv_bo_wait(NvBo *bo);
/** nv_bo_busy - the GPU is not done with it. */
bool nv_bo_busy(NvBo *bo);

/** nv_channel_state - 0, or -ENODEV when it was killed. */
int nv_channel_state(NvChannel *ch);
void nv_channel_new(NvChannel *ch);
void nv_channel_free(NvChannel *ch);
int nv_object_new(NvChannel *ch, uint32_t handle, uint32_t cls);

/**
 * nv_submit - @dwords of the channel's push buffer from byte @offset, which
 * the kernel does not check against its size; each of @n buffers is put into
 * its domain.
 */
int nv_submit(NvChannel *ch, uint64_t offset, unsigned dwords, NvBo **bos,
              const uint32_t *domains, unsigned n);

/** nv_m2mf_start - a channel with M2MF on NV_SUBC and two buffers. */
void nv_m2mf_start(NvChannel *ch, size_t size);
void nv_m2mf_end(NvChannel *ch);
/** nv_emit_copy - words of one M2MF copy at @p; how many. */
unsigned nv_emit_copy(uint32_t *p, uint64_t src, uint64_t dst, uint32_t bytes);
/** nv_m2mf_copy - submits GART -> VRAM when @up, else back. */
void nv_m2mf_copy(NvChannel *ch, size_t size, bool up);

/** nv_fill - a sequence that @seed decides */
void nv_fill(uint8_t *p, size_t n, uint32_t seed);
/** nv_differing - words that are not nv_fill()'s */
size_t nv_differing(const uint8_t *p, size_t n, uint32_t seed);

#endif
