/*
 * Programs with labels; see isa_asm.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "isa_asm.h"

#include <glib.h>

void isa_prog_init(IsaProg *p)
{
    p->n = p->nlabels = 0;
}

void isa_emit(IsaProg *p, uint64_t word)
{
    g_assert(p->n < ISA_MAX_INSNS);
    p->target[p->n] = -1;
    p->insn[p->n++] = word;
}

int isa_new_label(IsaProg *p)
{
    g_assert(p->nlabels < ISA_MAX_LABELS);
    return p->nlabels++;
}

void isa_place(IsaProg *p, int label)
{
    p->label[label] = p->n;
}

void isa_emit_to(IsaProg *p, uint64_t word, int label)
{
    isa_emit(p, word);
    p->target[p->n - 1] = label;
}

void isa_link(IsaProg *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        if (p->target[i] >= 0) {
            int bytes = (p->label[p->target[i]] - (int)i - 1) * 8;

            p->insn[i] |= F((uint32_t)bytes & 0xffffff, 26);
            p->target[i] = -1;
        }
    }
}
