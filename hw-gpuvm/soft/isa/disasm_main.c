/*
 * gpuvm-disasm: sm_20 code in words, one instruction a line.
 *
 *   gpuvm-disasm [FILE]       a raw file (or standard input), little endian
 *   gpuvm-disasm -x [FILE]    hexadecimal words of 32 bits, separated by space
 *
 * The result has the byte offset, the words, and the instruction; exit status
 * 1 if any instruction is illegal.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soft/isa/isa.h"

static GArray *read_raw(FILE *f)
{
    GArray *words = g_array_new(FALSE, FALSE, 4);
    uint8_t b[4];

    while (fread(b, 1, 4, f) == 4) {
        uint32_t w = b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;

        g_array_append_val(words, w);
    }
    return words;
}

static GArray *read_hex(FILE *f)
{
    GArray *words = g_array_new(FALSE, FALSE, 4);
    unsigned v;

    while (fscanf(f, "%x", &v) == 1) {
        uint32_t w = v;

        g_array_append_val(words, w);
    }
    return words;
}

static int list(const GArray *words)
{
    int status = 0;

    for (unsigned i = 0; i < words->len; ) {
        uint32_t lo = g_array_index(words, uint32_t, i);
        uint32_t hi = i + 1 < words->len ?
                      g_array_index(words, uint32_t, i + 1) : 0;
        SoftInsn in;
        char text[160];
        unsigned len = gpuvm_soft_decode(lo, hi, i * 4, &in);

        gpuvm_soft_disasm(&in, text, sizeof(text));
        if (len == 8) {
            printf("%08x: %08x %08x  %s\n", i * 4, lo, hi, text);
        } else {
            printf("%08x: %08x           %s\n", i * 4, lo, text);
        }
        status |= in.op == SOFT_OP_ILLEGAL;
        i += len / 4;
    }
    return status;
}

int main(int argc, char **argv)
{
    int arg = 1;
    bool hex = argc > 1 && !strcmp(argv[1], "-x");
    FILE *f = stdin;
    GArray *words;
    int status;

    arg += hex;
    if (argc > arg) {
        f = fopen(argv[arg], "rb");
        if (!f) {
            perror(argv[arg]);
            return 2;
        }
    }
    words = hex ? read_hex(f) : read_raw(f);
    if (f != stdin) {
        fclose(f);
    }
    status = list(words);
    g_array_free(words, TRUE);
    return status;
}
