/*
 * Fuzz target: streams of saved state.
 *
 * A stream comes from a file or from another host, so it is as hostile as a
 * guest.  At the start a device is saved in the midst of several kinds of work
 * (a grid that spins and waits at barriers, a packet split across pushes, a
 * macro that wants parameters, a failed semaphore, a software method, a fault,
 * nothing).  An input names one of these streams and edits it: values changed
 * at a place in a section, bytes put in or cut out, a section replaced by the
 * same one of another stream, the end cut off; lengths of sections are put
 * right again as often as not, so that the edit is reached.
 *
 * The stream is refused with a reason, or it is loaded: then it can be saved,
 * what was saved can be loaded and gives the same again, the VM runs for a
 * while and can be stopped and saved.  A reset ends it all, grids too, and no
 * memory beside the slice changes.
 *
 * A stream of running work depends a little on time; the parts that inputs
 * point at do not.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "gpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/sm20_words.h"
#include "board/board.h"
#include "sched/sched.h"
#include "soft/pool_priv.h"

#define MIB         (1u << 20)
#define VRAM        (1u << 20)
#define MAPPED      (1u << 19)      /* VA = VRAM offset below this */
#define PD          0x080000u
#define PT          0x0a0000u
#define PLAYLIST    0x0b0000u
#define INST        0x0c0000u
#define USERD       0x0d0000u
#define RING        0x010000u
#define PUSH        0x020000u
#define FENCE       0x040000u
#define FLAG        0x041000u       /* the grid spins while it is 0 */
#define CODE        0x050000u
#define UPLOAD      0x060000u
#define PAGE        4096u
#define MAX_EDITS   24

typedef struct Section {
    size_t at, body, end;           /* tag; behind the length; behind all */
    bool blob;                      /* a length stands before the tag, too */
    bool wrong;                     /* its length is left as it was */
} Section;

typedef struct Base {
    GByteArray *stream;
    GArray *sections;               /* of Section */
    GArray *pages;                  /* offsets in VRAM */
    GByteArray *content;            /* of these pages */
} Base;

static FuzzHost *h;
static GpuvmGpu *gpu;
static GpuvmSlice below, above;
static GpuvmSched *sched;
static GpuvmVm *vm;
static GpuvmBoard *b;
static uint8_t *vram;
static uint32_t at, from, put;      /* push buffer, ring */
static uint64_t inputs;

static void must(bool ok, const char *err)
{
    if (!ok) {
        fprintf(stderr, "set-up: %s\n", err ? err : "no reason");
        exit(2);
    }
}

/* ---- a device that works, as tests/unit/test-state.c makes it ------------------ */

static void wr(uint32_t addr, uint32_t val)
{
    gpuvm_board_bar0_write(b, addr, val, 4);
}

static void mem32(uint32_t off, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    memcpy(vram + off, &val, 4);
}

static void start(void)
{
    static const uint32_t ramfc[][2] = {
        { 0x08, USERD }, { 0x10, 0xface }, { 0x30, 0xfffff902 },
        { 0x48, RING }, { 0x4c, 10 << 16 }, { 0x54, 2 },
        { 0x84, 0x20400000 }, { 0x94, 0x30000001 }, { 0x9c, 0x100 },
        { 0xa4, 0x1f1f1f1f }, { 0xa8, 0x1f1f1f1f }, { 0xac, 0x1f },
        { 0xb8, 0xf8000000 }, { 0x200, PD }, { 0x208, ~0u }, { 0x20c, 0xff },
    };
    static const uint32_t regs[][2] = {
        { 0x200, ~0u }, { 0x140, 1 }, { 0x204, 7 }, { 0x2204, 7 },
        { 0x4010c, 0xfffffeff }, { 0x2254, 0x10000000 }, { 0x2100, ~0u },
        { 0x2140, ~0u }, { 0x2628, 1 }, { 0x3000, 0xc0000000 | INST >> 12 },
        { 0x3004, 0x001f0001 }, { 0x2270, PLAYLIST >> 12 },
        { 0x2274, 0x01f00001 }, { 0x2a00, 0x10000000 },
    };

    mem32(PD, 1 | PT >> 8);
    for (uint32_t i = 0; i < MAPPED >> 17; i++) {
        mem32(PT + 8 * i, 1 | (i << 17) >> 8);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(ramfc); i++) {
        mem32(INST + ramfc[i][0], ramfc[i][1]);
    }
    mem32(PLAYLIST + 4, 4);
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        wr(regs[i][0], regs[i][1]);
    }
    at = from = PUSH;
    put = 0;
}

static void w(uint32_t word)
{
    mem32(at, word);
    at += 4;
}

static void m(unsigned subc, uint32_t mthd, uint32_t data)
{
    w(0x20010000 | subc << 13 | mthd >> 2);
    w(data);
}

static void submit(void)
{
    mem32(RING + 8 * put, from);
    mem32(RING + 8 * put + 4, (at - from) << 8);
    put++;
    gpuvm_board_userd_write(b, 0x8c, put, 4);
    from = at;
}

enum { S_3D, S_COMPUTE, S_M2MF };

static void bind_classes(void)
{
    m(S_3D, 0, 0x9097);
    m(S_COMPUTE, 0, 0x90c0);
    m(S_M2MF, 0, 0x9039);
}

/* ---- what it is saved in the midst of --------------------------------------------- */

static void work_none(void)
{
}

/* The second warp of each CTA waits at a barrier for the first, which spins. */
static void work_grid(void)
{
    static const uint32_t methods[][2] = {
        { 0x160c, CODE }, { 0x214, 0xfe000000 }, { 0x77c, 0xff000000 },
        { 0x204, 16 }, { 0x24c, 256 }, { 0x2c0, 16 }, { 0x3ac, 0x10040 },
        { 0x3b0, 1 }, { 0x238, 0x10004 }, { 0x23c, 1 }, { 0x368, 0x1000 },
    };
    uint64_t k[16];
    unsigned n = 0, top;

    k[n++] = k_s2r(0, SR_TIDX);
    k[n++] = k_mov32i(9, FLAG);
    k[n++] = k_isetpi(0, CC_GE, 0, 32);
    top = n++;                      /* spinning: to the barrier, or load */
    k[n++] = k_ld_g(T_B32, 6, 9, 0);
    k[n++] = k_isetpi(1, CC_EQ, 6, 0);
    k[n] = k_pred(k_bra(n, top), 1);
    n++;
    k[top] = k_pred(k_bra(top, n), 0);
    k[n++] = k_bar(0, 0);
    k[n++] = k_exit();
    memcpy(vram + CODE, k, n * 8);
    bind_classes();
    for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++) {
        m(S_COMPUTE, methods[i][0], methods[i][1]);
    }
    submit();
}

static void work_split(void)
{
    bind_classes();
    m(S_M2MF, 0x23c, UPLOAD);
    m(S_M2MF, 0x318, 4096);
    m(S_M2MF, 0x31c, 4096);
    m(S_M2MF, 0x320, 1);
    m(S_M2MF, 0x300, 0x00100111);
    w(0x60000000 | 1024 << 16 | S_M2MF << 13 | 0x304 >> 2);
    for (unsigned i = 0; i < 40; i++) {
        w(i * 0x9e3779b9u);
    }
    submit();
    m(5, 0x500, 1);                 /* that is data, too */
    submit();
}

static void work_macro(void)
{
    /* maddr; send; two parameters that do not come; exit */
    static const uint32_t code[] = {
        1 | 2 << 4 | (0x1b00 / 4 | 1 << 12) << 14, 1 | 4 << 4, 1 | 2 << 8,
        1 | 4 << 4 | 2 << 11, 1 | 3 << 8, 1 | 4 << 4 | 3 << 11 | 1 << 7,
        1 | 1 << 4,
    };

    bind_classes();
    m(S_3D, 0x011c, 5);
    m(S_3D, 0x0120, 16);
    w(0xa0000000 | (G_N_ELEMENTS(code) + 1) << 16 | 0x114 >> 2);
    w(16);
    for (unsigned i = 0; i < G_N_ELEMENTS(code); i++) {
        w(code[i]);
    }
    w(0xa0000000 | 4 << 16 | (0x3800 + 8 * 5) >> 2);
    w(0);
    submit();
}

static void work_semaphore(void)
{
    w(0x20040000 | 0x10 >> 2);
    w(0);
    w(FLAG);
    w(5);
    w(1);                           /* acquire: equal */
    submit();
    m(S_3D, 0, 0x902d);
    submit();
}

static void work_software(void)
{
    m(7, 0, 0x001f906e);
    m(7, 0x500, 0xabcd);
    submit();
}

static void work_fault(void)
{
    m(S_3D, 0, 0x9097);
    submit();
    mem32(RING + 8 * put, 0x40000000);      /* nothing is mapped there */
    mem32(RING + 8 * put + 4, 64 << 8);
    put++;
    gpuvm_board_userd_write(b, 0x8c, put, 4);
}

static void (*const works[])(void) = {
    work_none, work_grid, work_split, work_macro, work_semaphore,
    work_software, work_fault,
};
static Base bases[G_N_ELEMENTS(works)];

/* ---- saving, loading ------------------------------------------------------------------ */

static GByteArray *save(void)
{
    GByteArray *out = g_byte_array_new();
    char *err = NULL;
    GpuvmXfer x;

    gpuvm_xfer_saver(&x, out);
    gpuvm_vm_xfer(vm, &x);
    gpuvm_board_xfer(b, &x);
    if (!gpuvm_xfer_finish(&x, &err)) {
        fprintf(stderr, "cannot be saved: %s\n", err);
        fuzz_check(!"it can be saved");
    }
    return out;
}

/* As device/state.c does it. */
static bool load(const GByteArray *s, char **err)
{
    GpuvmXfer x;

    gpuvm_vm_set_running(vm, false);
    gpuvm_board_reset(b);
    gpuvm_xfer_loader(&x, s->data, s->len);
    gpuvm_vm_xfer(vm, &x);
    gpuvm_board_xfer(b, &x);
    return gpuvm_xfer_finish(&x, err);
}

/* Sections are found by their tags: eight bytes, version 1, a length. */
static void find_sections(Base *base)
{
    static const char tags[][8] = {
        "VM", "CHANNEL", "SOFTCHAN", "MACRO", "GRID", "CTA", "BOARD", "M2MF",
        "2D", "3D", "CE", "COMPUTE",
    };
    const GByteArray *s = base->stream;

    for (size_t i = 0; i + 16 <= s->len; i++) {
        for (unsigned t = 0; t < G_N_ELEMENTS(tags); t++) {
            Section sec = { .at = i, .body = i + 16,
                            .blob = !strcmp(tags[t], "CTA") };
            uint32_t head[2];

            memcpy(head, s->data + i + 8, 8);
            sec.end = sec.body + GUINT32_FROM_LE(head[1]);
            if (!memcmp(s->data + i, tags[t], 8) &&
                GUINT32_FROM_LE(head[0]) == 1 && sec.end <= s->len) {
                g_array_append_val(base->sections, sec);
            }
        }
    }
    must(base->sections->len >= 2, "a stream without sections");
}

static void make_base(Base *base, void (*give)(void))
{
    uint64_t off = 0, n;

    gpuvm_vm_set_running(vm, true);
    start();
    give();
    fuzz_vm_work(vm, fuzz_threads() ? 20000 : 200);
    gpuvm_board_process_events(b);
    gpuvm_vm_set_running(vm, false);
    base->stream = save();
    base->sections = g_array_new(FALSE, FALSE, sizeof(Section));
    base->pages = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    base->content = g_byte_array_new();
    find_sections(base);
    while ((n = gpuvm_vm_vram_next(vm, &off, PAGE))) {
        g_array_append_val(base->pages, off);
        g_byte_array_append(base->content, vram + off, PAGE);
        off += n;
    }
    gpuvm_board_reset(b);
    fuzz_zero(vram, VRAM);
}

static void init(void)
{
    GpuvmGpuConfig gcfg = { .vram_size = VRAM + 2 * MIB, .threads = 1,
                            .stepped = !fuzz_threads() };
    GpuvmVmConfig vcfg = { .name = "fuzz", .stepped = !fuzz_threads(),
                           .vram_size = VRAM };
    GpuvmBoardConfig bcfg = { .bar1_size = MIB, .bar3_size = MIB };
    char *err = NULL;

    h = fuzz_host_new();
    gpu = gpuvm_gpu_open("soft", &gcfg, &err);
    must(gpu, err);
    must(!gpu->ops->slice_alloc(gpu, MIB, &below, &err), err);
    sched = gpuvm_sched_new("fair", &err);
    must(sched, err);
    vcfg.gpu = gpu;
    vcfg.sched = sched;
    vcfg.host = &h->host;
    vcfg.bar_size[GPUVM_BAR1] = bcfg.bar1_size;
    vcfg.bar_size[GPUVM_BAR3] = bcfg.bar3_size;
    vm = gpuvm_vm_new(&vcfg, &err);
    must(vm, err);
    must(!gpu->ops->slice_alloc(gpu, MIB, &above, &err), err);
    fuzz_neighbour_fill(&below);
    fuzz_neighbour_fill(&above);
    bcfg.vm = vm;
    bcfg.host = &h->host;
    b = gpuvm_board_new(&bcfg, &err);
    must(b, err);
    vram = gpuvm_vm_slice(vm)->map;
    for (unsigned i = 0; i < G_N_ELEMENTS(works); i++) {
        make_base(&bases[i], works[i]);
    }
}

static void fini(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(works); i++) {
        g_byte_array_unref(bases[i].stream);
        g_byte_array_unref(bases[i].content);
        g_array_unref(bases[i].sections);
        g_array_unref(bases[i].pages);
    }
    fuzz_neighbour_check(&below, true);
    fuzz_neighbour_check(&above, true);
    gpuvm_board_free(b);
    gpuvm_vm_free(vm);
    gpuvm_sched_free(sched);
    gpu->ops->slice_free(gpu, &below);
    gpu->ops->slice_free(gpu, &above);
    gpu->ops->close(gpu);
    fuzz_host_free(h);
}

/* ---- edits ------------------------------------------------------------------------------- */

static GByteArray *s;               /* the stream that is edited */
static GArray *secs;                /* its sections */

static Section *a_section(FuzzIn *in)
{
    return &g_array_index(secs, Section, fuzz_u8(in) % secs->len);
}

/* A place in the stream: from the start or the end of a section. */
static size_t a_place(FuzzIn *in)
{
    Section *sec = a_section(in);
    uint8_t how = fuzz_u8(in);
    size_t off = how & 1 ? fuzz_u8(in) : how & 2 ? fuzz_u16(in) :
                 fuzz_u8(in) & 15, place;

    place = how & 4 ? sec->end - MIN(off, sec->end) :
            how & 8 ? sec->at + off : sec->body + off;
    return MIN(place, s->len);
}

/* @n bytes more (or fewer) at @place. */
static void shift(size_t place, ptrdiff_t n, bool wrong)
{
    for (unsigned i = 0; i < secs->len; i++) {
        Section *sec = &g_array_index(secs, Section, i);

        if (sec->at >= place) {
            sec->at = MAX(sec->at + n, place);
            sec->body = MAX(sec->body + n, place);
            sec->end = MAX(sec->end + n, place);
        } else if (sec->end >= place) {
            sec->end = MAX(sec->end + n, place);
            sec->wrong = wrong;
        }
    }
}

static void insert(size_t place, const uint8_t *data, size_t n, bool wrong)
{
    size_t old = s->len;

    g_byte_array_set_size(s, old + n);
    memmove(s->data + place + n, s->data + place, old - place);
    memcpy(s->data + place, data, n);
    shift(place, n, wrong);
}

static void cut(size_t place, size_t n, bool wrong)
{
    n = MIN(n, s->len - place);
    if (n) {
        g_byte_array_remove_range(s, place, n);
    }
    shift(place, -(ptrdiff_t)n, wrong);
}

static void edit_value(FuzzIn *in)
{
    size_t place = a_place(in), n;
    uint8_t how = fuzz_u8(in);
    uint64_t v;

    n = MIN((size_t)1 << (how & 3), s->len - place);
    v = fuzz_value(in) | (how & 0x40 ? (uint64_t)fuzz_value(in) << 32 : 0);
    if (how & 0x80) {               /* near what was there */
        uint64_t was = 0;

        memcpy(&was, s->data + place, n);
        v = GUINT64_FROM_LE(was) + (int8_t)v;
    }
    v = GUINT64_TO_LE(v);
    memcpy(s->data + place, &v, n);
}

static void edit_insert(FuzzIn *in)
{
    uint8_t data[64], how = fuzz_u8(in);
    size_t place = a_place(in), n = how & 63;

    for (size_t i = 0; i < n; i++) {
        data[i] = fuzz_u8(in);
    }
    insert(place, data, n, how & 0x80);
}

static void edit_cut(FuzzIn *in)
{
    uint8_t how = fuzz_u8(in);
    size_t place = a_place(in);

    cut(place, how & 0x40 ? fuzz_u16(in) : how & 63, how & 0x80);
}

/* A section of this stream becomes the one of the same name of another. */
static void edit_splice(FuzzIn *in)
{
    Base *other = &bases[fuzz_u8(in) % G_N_ELEMENTS(bases)];
    Section *sec = a_section(in), *src;
    size_t place = sec->at;

    src = &g_array_index(other->sections, Section,
                         fuzz_u8(in) % other->sections->len);
    if (sec->end > s->len || sec->at + 8 > s->len ||
        memcmp(s->data + sec->at, other->stream->data + src->at, 8)) {
        return;
    }
    cut(place, sec->end - sec->at, false);
    insert(place, other->stream->data + src->at, src->end - src->at, false);
}

static void edit_twice(FuzzIn *in)
{
    size_t place = a_place(in), n = fuzz_u8(in);
    uint8_t data[256];

    n = MIN(n, s->len - place);
    memcpy(data, s->data + place, n);
    insert(place, data, n, false);
}

/* Lengths, where the edits did not mean them to be wrong. */
static void put_right(void)
{
    for (unsigned i = 0; i < secs->len; i++) {
        Section *sec = &g_array_index(secs, Section, i);
        uint32_t len = GUINT32_TO_LE((uint32_t)(sec->end - sec->body));

        if (sec->wrong || sec->end < sec->body || sec->body > s->len ||
            sec->body < 20) {
            continue;
        }
        memcpy(s->data + sec->body - 4, &len, 4);
        if (sec->blob) {
            len = GUINT32_TO_LE((uint32_t)(sec->end - sec->at));
            memcpy(s->data + sec->body - 20, &len, 4);
        }
    }
}

static void edits(FuzzIn *in)
{
    for (unsigned n = 0; in->n && n < MAX_EDITS; n++) {
        switch (fuzz_u8(in) & 15) {
        case 0: edit_insert(in); break;
        case 1: edit_cut(in); break;
        case 2: edit_splice(in); break;
        case 3: edit_twice(in); break;
        case 4:
            put_right();
            g_byte_array_set_size(s, a_place(in));
            return;
        default: edit_value(in);
        }
    }
    put_right();
}

/* ---- one input ------------------------------------------------------------------------------ */

static void memory(const Base *base)
{
    for (unsigned i = 0; i < base->pages->len; i++) {
        memcpy(vram + g_array_index(base->pages, uint64_t, i),
               base->content->data + (size_t)i * PAGE, PAGE);
    }
}

static void saved_and_loaded_again(void)
{
    GByteArray *one = save(), *two;
    char *err = NULL;

    if (!load(one, &err)) {
        fprintf(stderr, "cannot be loaded again: %s\n", err);
        fuzz_check(!"it can be loaded again");
    }
    two = save();
    fuzz_check(one->len == two->len &&
               !memcmp(one->data, two->data, one->len));
    g_byte_array_unref(one);
    g_byte_array_unref(two);
}

static void goes_on(uint8_t how)
{
    static const uint32_t regs[] = { 0x100, 0x2100, 0x2254, 0x256c, 0x2640,
                                     0x400100, 0x40108, 0x3000, 0x2800 };

    if (how & 1) {
        mem32(FLAG, 5);             /* grid and semaphore end */
    }
    gpuvm_vm_set_running(vm, true);
    for (unsigned i = 0; i < G_N_ELEMENTS(regs); i++) {
        gpuvm_board_bar0_read(b, regs[i], 4);
    }
    gpuvm_board_userd_read(b, 0x88, 4);
    if (how & 2) {
        gpuvm_board_userd_write(b, 0x8c, how >> 4, 4);
    }
    fuzz_vm_work(vm, (how >> 2 & 3) * 8);
    gpuvm_board_process_events(b);
    gpuvm_vm_set_running(vm, false);
    g_byte_array_unref(save());
}

static void one(FuzzIn *in)
{
    Base *base = &bases[fuzz_u8(in) % G_N_ELEMENTS(bases)];
    uint8_t how = fuzz_u8(in);
    char *err = NULL;

    memory(base);
    s = g_byte_array_sized_new(base->stream->len + 4096);
    g_byte_array_append(s, base->stream->data, base->stream->len);
    secs = g_array_copy(base->sections);
    edits(in);
    if (load(s, &err)) {
        fuzz_check(!err);
        saved_and_loaded_again();
        goes_on(how);
    } else {
        fuzz_check(err && *err);
    }
    g_free(err);
    g_byte_array_unref(s);
    g_array_unref(secs);
    gpuvm_board_reset(b);
    /* no grid outlives its channel */
    fuzz_check(!atomic_load(&gpuvm_soft_gpu_pool((SoftGpu *)gpu)->running));
    inputs++;
    fuzz_neighbour_check(&below, inputs % 256 == 0);
    fuzz_neighbour_check(&above, inputs % 256 == 0);
    fuzz_zero(vram, VRAM);
}

const FuzzTarget fuzz_target = {
    .name = "state", .max_len = 512, .init = init, .one = one, .exit = fini,
};
