/*
 * Fuzz target: instruction words.
 *
 * Every word decodes to one operation of the table or to an illegal one, in 4
 * or 8 bytes, with fields in range, and can be written as text of any length;
 * a program of such words has branch targets inside itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fuzz.h"

#include <string.h>

#include "soft/isa/isa.h"
#include "soft/isa/table.h"

#define MAX_WORDS 512

static void init(void)
{
}

static void check_insn(const SoftInsn *in)
{
    fuzz_check(in->op < SOFT_OP__MAX);
    fuzz_check(in->dst < 64 && in->src1 < 64 && in->src2 < 64 &&
               in->src3 < 64 && in->dst2 < 64);
    fuzz_check(in->pred < 16 && in->bank < 32);
    fuzz_check(in->pdst < 8 && in->pdst2 < 8 && in->psrc < 16);
}

static void one_word(uint64_t raw, uint32_t pc)
{
    SoftInsn insn;
    char text[128], tight[12];
    unsigned len;

    memset(&insn, 0xee, sizeof(insn));
    len = gpuvm_soft_decode((uint32_t)raw, raw >> 32, pc, &insn);
    fuzz_check(len == 4 || len == 8);
    check_insn(&insn);
    gpuvm_soft_disasm(&insn, text, sizeof(text));
    fuzz_check(memchr(text, 0, sizeof(text)) && text[0]);
    gpuvm_soft_disasm(&insn, tight, sizeof(tight));
    fuzz_check(memchr(tight, 0, sizeof(tight)));
    gpuvm_soft_disasm(&insn, tight, 1);
    gpuvm_soft_insn_bind(&insn);
    fuzz_check(insn.fn);
}

static void program(const uint32_t *words, unsigned n, uint32_t pc,
                    uint32_t entry)
{
    SoftProgram *p = gpuvm_soft_program_from_words(words, n, pc, entry);

    fuzz_check(p && p->count && p->count <= SOFT_PROGRAM_MAX_INSNS + 1 &&
               p->entry < p->count);
    for (unsigned i = 0; i < p->count; i++) {
        check_insn(&p->insns[i]);
        fuzz_check(p->insns[i].fn && p->insns[i].next < p->count);
    }
    gpuvm_soft_program_put(NULL, p);
}

/* The input: words, each raw or forced to match a row of the table. */
static void one(FuzzIn *in)
{
    uint32_t words[MAX_WORDS], pc = fuzz_u8(in) * 8;
    uint32_t entry = fuzz_u8(in) & 1 ? pc : fuzz_value(in);
    unsigned n = 0;

    while (in->n && n + 2 <= MAX_WORDS) {
        const SoftRow *row = &gpuvm_soft_rows[fuzz_u8(in) % SOFT_OP__MAX];
        uint64_t raw = fuzz_u64(in);

        raw = (raw & ~row->mask) | row->match;
        one_word(raw, pc + n * 4);
        words[n++] = raw;
        words[n++] = raw >> 32;
    }
    if (n) {
        program(words, n, pc, entry);
    }
}

static void fini(void)
{
}

const FuzzTarget fuzz_target = {
    .name = "decode", .max_len = 1024, .init = init, .one = one,
    .exit = fini,
};
