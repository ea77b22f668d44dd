/*
 * Programs: decoding what an entry can reach, and a cache of the results.
 *
 * Reachable code is walked from the entry: an instruction leads to the one
 * behind it (unless it always leaves) and to its target.  Code is read in
 * chunks, and the chunks that were used are kept with the program, as the key
 * to verify it: at the next launch of the same entry they are compared with
 * memory.  Unreadable or misplaced code, and what exceeds the limit, becomes
 * an instruction that faults when it is executed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "soft/isa/table.h"
#include "soft/jit/jit.h"

#define CHUNK          1024u    /* bytes read at once */
#define MAX_CHUNKS     1024     /* a program reaches at most 1 MiB of code */
#define CACHE_PROGRAMS 64
#define CACHE_INSNS    (4 * SOFT_PROGRAM_MAX_INSNS)

/* A stretch of code as it was read; aligned, so never across a page. */
typedef struct Chunk {
    uint64_t va;            /* multiple of CHUNK */
    bool readable;
    uint8_t bytes[CHUNK];
} Chunk;

/* A program with what the cache needs to know about it. */
typedef struct Cached {
    SoftProgram prog;       /* first: what callers see */
    int refs;               /* under the cache's lock */
    uint64_t code_va;
    uint32_t entry;
    GHashTable *chunks;     /* va / CHUNK + 1 -> Chunk */
} Cached;

struct SoftProgramCache {
    GMutex lock;
    GQueue programs;        /* Cached, last used first */
    unsigned insns;         /* in all of them */
};

/* Where the walk takes code from: guest memory, or words of a test. */
typedef struct Source {
    SoftTlb *tlb;
    uint64_t code_va;       /* 0 with words */
    const uint32_t *words;
    uint32_t words_pc, nwords;
} Source;

typedef struct Walk {
    Source src;
    GHashTable *chunks;
    GHashTable *seen;       /* pc + 1 -> 1 */
    GArray *todo;           /* uint32_t pcs */
    GArray *insns;          /* SoftInsn, in the order they were found */
} Walk;

static bool source_read(const Source *s, uint64_t va, void *buf, uint32_t len)
{
    SoftMemFault f;

    if (s->words) {
        memset(buf, 0, len);
        for (uint32_t i = 0; i < s->nwords; i++) {
            uint64_t at = s->words_pc + 4 * i - va;

            if (at < len) {
                memcpy((uint8_t *)buf + at, &s->words[i], 4);
            }
        }
        return true;
    }
    return gpuvm_soft_mem_read(s->tlb, va, buf, len, &f);
}

static bool same_bytes(const Chunk *c, const Source *s)
{
    uint8_t now[CHUNK];
    bool readable = source_read(s, c->va, now, CHUNK);

    return readable == c->readable &&
           (!readable || memcmp(now, c->bytes, CHUNK) == 0);
}

static bool walk_word(Walk *w, uint32_t pc, uint32_t *word)
{
    uint64_t va = w->src.code_va + pc;
    gpointer key = (gpointer)(uintptr_t)(va / CHUNK + 1);
    Chunk *c = g_hash_table_lookup(w->chunks, key);

    if (!c) {
        if (g_hash_table_size(w->chunks) == MAX_CHUNKS || va % 4) {
            return false;
        }
        c = g_new0(Chunk, 1);
        c->va = va - va % CHUNK;
        c->readable = source_read(&w->src, c->va, c->bytes, CHUNK);
        g_hash_table_insert(w->chunks, key, c);
    }
    memcpy(word, c->bytes + va % CHUNK, 4);
    return c->readable;
}

static void walk_decode(Walk *w, uint32_t pc, SoftInsn *in, unsigned *len)
{
    uint32_t lo = 0, hi = 0;
    bool ok = (w->src.code_va + pc) % 4 == 0 && walk_word(w, pc, &lo);

    if (ok && !(lo & 8)) {
        ok = pc + 4 > pc && walk_word(w, pc + 4, &hi);
    }
    *len = gpuvm_soft_decode(lo, hi, pc, in);
    if (!ok) {
        memset(in, 0, sizeof(*in));
        in->pc = pc;
        in->op = SOFT_OP_FETCH;
        in->pred = SOFT_PRED_TRUE;
    }
    in->next = pc + *len;       /* byte offsets until the walk ends */
}

static bool has_target(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_BRA: case SOFT_OP_BRA_ABS: case SOFT_OP_CALL:
    case SOFT_OP_CALL_ABS: case SOFT_OP_JOINAT: case SOFT_OP_PREBRK:
    case SOFT_OP_PRECONT: case SOFT_OP_PRERET:
        return true;
    default:
        return false;
    }
}

/* Whether control never goes on to the instruction behind. */
static bool never_falls_through(const SoftInsn *in)
{
    switch (in->op) {
    case SOFT_OP_ILLEGAL: case SOFT_OP_FETCH:
        return true;
    case SOFT_OP_BRA: case SOFT_OP_BRA_ABS:
        if (in->flags & SOFT_F_ALLWARP) {
            return false;
        }
        /* fall through */
    case SOFT_OP_EXIT: case SOFT_OP_DISCARD: case SOFT_OP_RET:
    case SOFT_OP_BRK: case SOFT_OP_CONT:
        return in->pred == SOFT_PRED_TRUE && in->cond == 0xf;
    default:
        return in->join && in->pred == SOFT_PRED_TRUE;
    }
}

static void walk_visit(Walk *w, uint32_t pc)
{
    if (g_hash_table_add(w->seen, GUINT_TO_POINTER(pc + 1))) {
        g_array_append_val(w->todo, pc);
    }
}

static void walk_all(Walk *w, uint32_t entry)
{
    walk_visit(w, entry);
    while (w->todo->len && w->insns->len < SOFT_PROGRAM_MAX_INSNS) {
        uint32_t pc = g_array_index(w->todo, uint32_t, w->todo->len - 1);
        SoftInsn in;
        unsigned len;

        g_array_set_size(w->todo, w->todo->len - 1);
        walk_decode(w, pc, &in, &len);
        in.target = has_target(&in) ? in.imm : 0;
        if (has_target(&in)) {
            walk_visit(w, in.target);
        }
        if (!never_falls_through(&in)) {
            walk_visit(w, in.next);
        }
        g_array_append_val(w->insns, in);
    }
}

static int by_pc(const void *a, const void *b)
{
    uint32_t x = ((const SoftInsn *)a)->pc, y = ((const SoftInsn *)b)->pc;

    return x < y ? -1 : x > y;
}

/* Index of the instruction at @pc, or of the last one, which faults. */
static uint32_t find_pc(const SoftProgram *p, uint32_t pc)
{
    SoftInsn key = { .pc = pc };
    SoftInsn *in = bsearch(&key, p->insns, p->count - 1, sizeof(key), by_pc);

    return in ? in - p->insns : p->count - 1;
}

bool gpuvm_soft_program_find(const SoftProgram *prog, uint32_t pc,
                             uint32_t *index)
{
    *index = find_pc(prog, pc);
    return *index < prog->count - 1;
}

static const char *dump_dir;    /* set before the first program */

void gpuvm_soft_program_set_dump(const char *dir)
{
    dump_dir = dir;
}

/* Writes a new program in words to a file of its own. */
static void dump(const SoftProgram *p, uint64_t code_va, uint32_t entry)
{
    static gint number;
    g_autofree char *path = g_strdup_printf("%s/program-%04d.txt", dump_dir,
                                            g_atomic_int_add(&number, 1));
    GString *text = g_string_new(NULL);

    g_string_printf(text, "# code at 0x%" PRIx64 ", entry 0x%x\n", code_va,
                    entry);
    for (unsigned i = 0; i + 1 < p->count; i++) {
        char words[160];

        gpuvm_soft_disasm(&p->insns[i], words, sizeof(words));
        g_string_append_printf(text, "%05x: %016" PRIx64 "  %s\n",
                               p->insns[i].pc, p->insns[i].raw, words);
    }
    g_file_set_contents(path, text->str, text->len, NULL);
    g_string_free(text, TRUE);
}

static Cached *program_build(const Source *src, uint32_t entry)
{
    Cached *c = g_new0(Cached, 1);
    SoftInsn nowhere = {
        .op = SOFT_OP_ILLEGAL, .pred = SOFT_PRED_TRUE, .pc = entry,
    };
    Walk w = {
        .src = *src,
        .chunks = g_hash_table_new_full(NULL, NULL, NULL, g_free),
        .seen = g_hash_table_new(NULL, NULL),
        .todo = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
        .insns = g_array_new(FALSE, FALSE, sizeof(SoftInsn)),
    };

    walk_all(&w, entry);
    g_array_sort(w.insns, by_pc);
    /* where pcs lead that were not decoded, as the program is too long */
    g_array_append_val(w.insns, nowhere);
    c->prog.count = w.insns->len;
    c->prog.insns = (SoftInsn *)g_array_free(w.insns, FALSE);
    for (unsigned i = 0; i < c->prog.count; i++) {
        SoftInsn *in = &c->prog.insns[i];

        in->next = find_pc(&c->prog, in->next);
        in->target = find_pc(&c->prog, in->target);
        in->straight = in->pred == SOFT_PRED_TRUE && !in->join &&
                       in->next == i + 1;
        gpuvm_soft_insn_bind(in);
    }
    c->prog.entry = find_pc(&c->prog, entry);
    c->code_va = src->code_va;
    c->entry = entry;
    c->chunks = w.chunks;
    c->refs = 1;
    g_hash_table_destroy(w.seen);
    g_array_free(w.todo, TRUE);
    if (dump_dir && !src->words) {
        dump(&c->prog, src->code_va, entry);
    }
    return c;
}

static void program_free(Cached *c)
{
    if (c->prog.jit) {
        gpuvm_soft_jit_forget(c->prog.jit);
    }
    g_hash_table_destroy(c->chunks);
    g_free(c->prog.insns);
    g_free(c);
}

static bool still_valid(Cached *c, SoftTlb *tlb)
{
    Source s = { .tlb = tlb, .code_va = c->code_va };
    GHashTableIter it;
    gpointer chunk;

    g_hash_table_iter_init(&it, c->chunks);
    while (g_hash_table_iter_next(&it, NULL, &chunk)) {
        if (!same_bytes(chunk, &s)) {
            return false;
        }
    }
    return true;
}

SoftProgramCache *gpuvm_soft_program_cache_new(void)
{
    SoftProgramCache *cache = g_new0(SoftProgramCache, 1);

    g_mutex_init(&cache->lock);
    g_queue_init(&cache->programs);
    return cache;
}

/* Takes the cache's reference away; needs the lock. */
static void cache_drop(SoftProgramCache *cache, GList *link)
{
    Cached *c = link->data;

    g_queue_delete_link(&cache->programs, link);
    cache->insns -= c->prog.count;
    if (--c->refs == 0) {
        program_free(c);
    }
}

void gpuvm_soft_program_cache_free(SoftProgramCache *cache)
{
    g_mutex_lock(&cache->lock);
    while (cache->programs.head) {
        cache_drop(cache, cache->programs.head);
    }
    g_mutex_unlock(&cache->lock);
    g_mutex_clear(&cache->lock);
    g_free(cache);
}

/* A program for the address that is valid still, with a reference; locked. */
static Cached *cache_find(SoftProgramCache *cache, SoftTlb *tlb,
                          uint64_t code_va, uint32_t entry)
{
    GList *l = cache->programs.head;

    while (l) {
        GList *next = l->next;
        Cached *c = l->data;

        if (c->code_va == code_va && c->entry == entry &&
            still_valid(c, tlb)) {
            g_queue_unlink(&cache->programs, l);
            g_queue_push_head_link(&cache->programs, l);
            c->refs++;
            return c;
        }
        l = next;
    }
    return NULL;
}

SoftProgram *gpuvm_soft_program_get(SoftProgramCache *cache, SoftTlb *tlb,
                                    uint64_t code_va, uint32_t entry)
{
    Source src = { .tlb = tlb, .code_va = code_va };
    Cached *c;

    g_mutex_lock(&cache->lock);
    c = cache_find(cache, tlb, code_va, entry);
    g_mutex_unlock(&cache->lock);
    if (c) {
        return &c->prog;
    }
    c = program_build(&src, entry);
    g_mutex_lock(&cache->lock);
    c->refs++;
    cache->insns += c->prog.count;
    g_queue_push_head(&cache->programs, c);
    while (cache->programs.length > 1 &&
           (cache->programs.length > CACHE_PROGRAMS ||
            cache->insns > CACHE_INSNS)) {
        cache_drop(cache, cache->programs.tail);
    }
    g_mutex_unlock(&cache->lock);
    return &c->prog;
}

void gpuvm_soft_program_put(SoftProgramCache *cache, SoftProgram *prog)
{
    Cached *c = (Cached *)prog;

    if (!cache) {
        program_free(c);
        return;
    }
    g_mutex_lock(&cache->lock);
    if (--c->refs == 0) {
        program_free(c);
    }
    g_mutex_unlock(&cache->lock);
}

SoftProgram *gpuvm_soft_program_from_words(const uint32_t *words, unsigned n,
                                           uint32_t pc, uint32_t entry)
{
    Source src = { .words = words, .words_pc = pc, .nwords = n };

    return &program_build(&src, entry)->prog;
}
