/*
 * Loads and stores of g[] and s[], a vector of lanes ("chunk") at a time;
 * included once a vector width.
 *
 * A chunk whose lanes lie in one page needs one translation.  Its addresses
 * then have one of three shapes: lane after lane (a vector load or store), all
 * the same (a broadcast), or any (a gather; stores go lane by lane, so that
 * the highest lane remains).  Lanes of chunks that span pages go one by one.
 * Everything that must trap is left to the general handlers of mem_global.c and
 * mem_shared.c: whatever is checked here is checked before a byte moves.
 *
 * Bytes and halves are cut out of the aligned word that they lie in, so that
 * nothing beyond a page is read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
typedef VU VUnaligned __attribute__((aligned(1)));

#define CHUNK_LANES(k) (((LPV == 32 ? ~0u : (1u << LPV) - 1)) << ((k) * LPV))

/* 4 * lane, of a chunk */
static inline VU lane_bytes(int k)
{
    return ((const VU *)soft_lane_bytes)[k];
}

/* Writes a chunk of a register on the lanes of @mask. */
VEC_INLINE void put_chunk(uint32_t *r, int k, uint32_t mask, VU v)
{
    VU *q = (VU *)r + k;

    *q = (mask & CHUNK_LANES(k)) == CHUNK_LANES(k) ? v : pick(mask, k, v, *q);
}

/* Words at @p + @ofs of the lanes of @mask; other lanes keep @old. */
VEC_INLINE VU gather(const uint8_t *p, VU ofs, uint32_t mask, int k, VU old)
{
#if defined(__x86_64__) && SOFT_VEC == 64
    return (VU)_mm512_mask_i32gather_epi32((__m512i)old,
                                           (__mmask16)(mask >> (k * LPV)),
                                           (__m512i)ofs, p, 1);
#elif defined(__x86_64__) && SOFT_VEC == 32
    return (VU)_mm256_mask_i32gather_epi32((__m256i)old, (const int *)p,
                                           (__m256i)ofs,
                                           (__m256i)lanes(mask, k), 1);
#else
    for (int i = 0; i < LPV; i++) {
        if ((mask >> (k * LPV + i)) & 1) {
            uint32_t v;

            memcpy(&v, p + ofs[i], 4);
            old[i] = v;
        }
    }
    return old;
#endif
}

/* Word after word from @p for the lanes of @mask; others keep @old. */
VEC_INLINE VU load_run(const uint8_t *p, uint32_t mask, int k, VU old)
{
    if ((mask & CHUNK_LANES(k)) == CHUNK_LANES(k)) {
        return *(const VUnaligned *)p;
    }
#if defined(__x86_64__) && SOFT_VEC == 64
    return (VU)_mm512_mask_loadu_epi32((__m512i)old,
                                       (__mmask16)(mask >> (k * LPV)), p);
#elif defined(__x86_64__) && SOFT_VEC == 32
    return pick(mask, k,
                (VU)_mm256_maskload_epi32((const int *)p,
                                          (__m256i)lanes(mask, k)), old);
#else
    return gather(p, lane_bytes(0), mask, k, old);
#endif
}

VEC_INLINE void store_run(uint8_t *p, uint32_t mask, int k, VU v)
{
    if ((mask & CHUNK_LANES(k)) == CHUNK_LANES(k)) {
        *(VUnaligned *)p = v;
        return;
    }
#if defined(__x86_64__) && SOFT_VEC == 64
    _mm512_mask_storeu_epi32(p, (__mmask16)(mask >> (k * LPV)), (__m512i)v);
#elif defined(__x86_64__) && SOFT_VEC == 32
    _mm256_maskstore_epi32((int *)p, (__m256i)lanes(mask, k), (__m256i)v);
#else
    for (int i = 0; i < LPV; i++) {
        if ((mask >> (k * LPV + i)) & 1) {
            uint32_t x = v[i];

            memcpy(p + 4 * i, &x, 4);
        }
    }
#endif
}

/* The value of a small type out of the words that it lies in. */
VEC_INLINE VU cut_out(VU word, VU ofs, unsigned type)
{
    VU down = (ofs & 3) * 8;

    switch (type) {
    case SOFT_ACCESS_U8:
        return (word >> down) & 0xff;
    case SOFT_ACCESS_S8:
        return (VU)((VI)((word >> down) << 24) >> 24);
    case SOFT_ACCESS_U16:
        return (word >> down) & 0xffff;
    case SOFT_ACCESS_S16:
        return (VU)((VI)((word >> down) << 16) >> 16);
    default:
        return word;
    }
}

/* A chunk's lanes of one memory: what the access is made of. */
typedef struct Chunk {
    int k;
    uint32_t mask;      /* lanes, at least one of the chunk */
    unsigned lane;      /* the first of them in the chunk */
    VU ofs;             /* of each lane, from the start of that memory */
    uint32_t first;     /* the first lane's */
    uint32_t size;      /* of that memory */
} Chunk;

VEC_INLINE bool is_same(const Chunk *c)
{
    return !(bits_s(c->ofs, NE, splat(c->first), c->k) & c->mask);
}

/* Where the chunk's lane 0 would be. */
VEC_INLINE intptr_t run_start(const Chunk *c)
{
    return (intptr_t)c->first - 4 * ((int)c->lane - c->k * LPV);
}

/*
 * Whether the lanes are words, lane after lane, and those that are not active
 * would be in that memory too: a masked access that reaches into a page which
 * is not there works, but takes the processor hundreds of cycles.
 */
VEC_INLINE bool is_lane_after_lane(const Chunk *c)
{
    intptr_t start = run_start(c);

    return start >= 0 && start + 4 * LPV <= (intptr_t)c->size &&
           !(bits_s(c->ofs - lane_bytes(c->k), NE,
                    splat(c->first - 4 * c->lane), c->k) & c->mask);
}

VEC_INLINE void chunk_load(const MemRegs *d, const Chunk *c,
                           const uint8_t *p, unsigned type)
{
    unsigned words = type < SOFT_ACCESS_B64 ? 1 : mem_bytes(type) / 4;
    VU *r = (VU *)d->r[0] + c->k;

    if (type == SOFT_ACCESS_B32 && is_lane_after_lane(c)) {
        *r = load_run(p + run_start(c), c->mask, c->k, *r);
        return;
    }
    if (is_same(c)) {
        for (unsigned j = 0; j < words; j++) {
            uint32_t v;

            memcpy(&v, p + (c->first & ~3u) + 4 * j, 4);
            put_chunk(d->r[j], c->k, c->mask, cut_out(splat(v), c->ofs, type));
        }
        return;
    }
    for (unsigned j = 0; j < words; j++) {
        VU *q = (VU *)d->r[j] + c->k;

        if (type < SOFT_ACCESS_B32) {
            VU v = gather(p, c->ofs & ~3u, c->mask, c->k, *q);

            put_chunk(d->r[j], c->k, c->mask, cut_out(v, c->ofs, type));
        } else {
            *q = gather(p + 4 * j, c->ofs, c->mask, c->k, *q);
        }
    }
}

VEC_INLINE void chunk_store(const MemRegs *d, const Chunk *c, uint8_t *p,
                            unsigned type)
{
    uint32_t ofs[LPV] __attribute__((aligned(64)));

    if (type == SOFT_ACCESS_B32 && is_lane_after_lane(c)) {
        store_run(p + run_start(c), c->mask, c->k,
                  ((const VU *)d->r[0])[c->k]);
        return;
    }
    *(VU *)ofs = c->ofs;
    FOR_LANES(i, c->mask & CHUNK_LANES(c->k)) {
        mem_store(d, i, p + ofs[i - c->k * LPV], type);
    }
}

/* Lanes of @mask whose @ofs is not a multiple of the type's size. */
VEC_INLINE uint32_t misaligned(const VU *ofs, uint32_t mask, unsigned type)
{
    uint32_t bits = 0;

    if (mem_bytes(type) == 1) {
        return 0;
    }
    EACH(k) {
        bits |= bits_s(ofs[k] & (mem_bytes(type) - 1), NE, splat(0), k);
    }
    return bits & mask;
}

/* ---- g[], 64-bit addresses ---- */

/* Lanes of @mask that lie in several pages, one by one. */
VEC_INLINE bool lanes_g(SoftWarp *w, uint32_t mask, const MemAddr *a,
                        const MemRegs *d, unsigned type, bool write)
{
    SoftMemFault f;

    FOR_LANES(i, mask) {
        uint8_t *p = gpuvm_soft_tlb_page(w->cta->tlb, mem_addr(a, i), write,
                                         &f);

        if (!p) {
            gpuvm_soft_cta_fault_mem(w->cta, &f);
            return false;
        }
        if (write) {
            mem_store(d, i, p, type);
        } else {
            mem_load(d, i, p, type);
        }
    }
    return true;
}

VEC_INLINE SoftExecStatus access_g(SoftWarp *w, const SoftInsn *in,
                                   uint32_t mask, unsigned type, bool write)
{
    const VU *lo = reg(w, in->src1), *hi = reg(w, in->src1 + 1);
    MemRegs d = write ? mem_src(w, in->dst) : mem_dst(w, in->dst);
    MemAddr a = mem_address(w, in);
    VU low[NV], high[NV];
    SoftMemFault f;

    EACH(k) {
        low[k] = lo[k] + (uint32_t)in->offset;
        high[k] = hi[k];
        if (in->offset) {
            high[k] += (uint32_t)(in->offset >> 31) - (VU)(low[k] < lo[k]);
        }
    }
    if (misaligned(low, mask, type)) {
        return write ? gpuvm_soft_exec_st_g(w, in, mask) :
                       gpuvm_soft_exec_ld_g(w, in, mask);
    }
    EACH(k) {
        uint32_t m = mask & CHUNK_LANES(k);
        Chunk c = { .k = k, .mask = m, .ofs = low[k] & (SOFT_PAGE_SIZE - 1),
                    .size = SOFT_PAGE_SIZE };
        uint64_t first;
        uint8_t *p;
        VU other;

        if (!m) {
            continue;
        }
        c.lane = __builtin_ctz(m);
        first = mem_addr(&a, c.lane);
        c.first = first & (SOFT_PAGE_SIZE - 1);
        other = ((low[k] ^ (uint32_t)first) & ~(SOFT_PAGE_SIZE - 1)) |
                (high[k] ^ (uint32_t)(first >> 32));
        if (bits_s(other, NE, splat(0), k) & m) {
            if (!lanes_g(w, m, &a, &d, type, write)) {
                return SOFT_EXEC_FAULT;
            }
            continue;
        }
        p = gpuvm_soft_tlb_page(w->cta->tlb, first, write, &f);
        if (!p) {
            return mem_fault(w, &f);
        }
        if (write) {
            chunk_store(&d, &c, p - c.first, type);
        } else {
            chunk_load(&d, &c, p - c.first, type);
        }
    }
    return SOFT_EXEC_OK;
}

/* ---- s[] ---- */

VEC_INLINE SoftExecStatus access_s(SoftWarp *w, const SoftInsn *in,
                                   uint32_t mask, unsigned type, bool write)
{
    const VU *a = reg(w, in->src1);
    MemRegs d = write ? mem_src(w, in->dst) : mem_dst(w, in->dst);
    uint32_t size = w->cta->shared_size, bytes = mem_bytes(type), bad = 0;
    VU ofs[NV];

    EACH(k) {
        ofs[k] = a[k] + (uint32_t)in->offset;
        bad |= bits_u(ofs[k], GT, splat(size - bytes), k);
    }
    if (size < bytes || (bad & mask) || misaligned(ofs, mask, type)) {
        return write ? gpuvm_soft_exec_st_s(w, in, mask) :
                       gpuvm_soft_exec_ld_s(w, in, mask);
    }
    EACH(k) {
        uint32_t m = mask & CHUNK_LANES(k);
        Chunk c = { .k = k, .mask = m, .ofs = ofs[k], .size = size };

        if (!m) {
            continue;
        }
        c.lane = __builtin_ctz(m);
        c.first = ((const uint32_t *)a)[c.lane] + (uint32_t)in->offset;
        if (write) {
            chunk_store(&d, &c, w->cta->shared, type);
        } else {
            chunk_load(&d, &c, w->cta->shared, type);
        }
    }
    return SOFT_EXEC_OK;
}

/* By type: a load and a store of g[] and s[] each. */
#define TYPES(X) X(U8) X(S8) X(U16) X(S16) X(B32) X(B64) X(B128)
#define TYPE_FNS(t) \
    HANDLER(ld_g_##t) { return access_g(w, in, mask, SOFT_ACCESS_##t, false); } \
    HANDLER(st_g_##t) { return access_g(w, in, mask, SOFT_ACCESS_##t, true); } \
    HANDLER(ld_s_##t) { return access_s(w, in, mask, SOFT_ACCESS_##t, false); } \
    HANDLER(st_s_##t) { return access_s(w, in, mask, SOFT_ACCESS_##t, true); }
TYPES(TYPE_FNS)

/* The handler for @in; NULL: the general one. */
static SoftExecFn *mem_find(const SoftInsn *in)
{
#define TYPE_ROW(t) [SOFT_ACCESS_##t] = \
    { op_ld_g_##t, op_st_g_##t, op_ld_s_##t, op_st_s_##t },
    static SoftExecFn *const fns[SOFT_ACCESS_B128 + 1][4] = {
        TYPES(TYPE_ROW)
    };
    bool pair = (in->flags & SOFT_F_WIDE) && in->src1 + 1 < SOFT_REG_ZERO;

    if (in->type > SOFT_ACCESS_B128) {
        return NULL;
    }
    switch (in->op) {
    case SOFT_OP_LD: case SOFT_OP_LDU:
        return pair ? fns[in->type][0] : NULL;
    case SOFT_OP_ST:
        return pair ? fns[in->type][1] : NULL;
    case SOFT_OP_LDS:
        return fns[in->type][2];
    case SOFT_OP_STS:
        return fns[in->type][3];
    default:
        return NULL;
    }
}
