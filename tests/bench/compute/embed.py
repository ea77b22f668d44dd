#!/usr/bin/python3
"""embed.py OUT.c NAME.cl...: each file as a C string bench_source_NAME.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib
import sys


def main():
    out = ['#include "programs.h"\n']
    for name in sys.argv[2:]:
        path = pathlib.Path(name)
        lines = [line.replace('\\', '\\\\').replace('"', '\\"')
                 for line in path.read_text().splitlines()]
        out.append('const char bench_source_%s[] =\n%s;\n' % (
            path.stem, '\n'.join('    "%s\\n"' % line for line in lines)))
    pathlib.Path(sys.argv[1]).write_text('\n'.join(out))


if __name__ == '__main__':
    main()
