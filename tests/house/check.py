#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the house rules that a machine can check.

Each check prints one line, `ok NAME` or `not ok NAME: why`; the exit status is
1 if any failed.  The table of allowed includes below is the architecture's
arrows: a room may include itself, what stands here, and nothing else.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = ROOT / 'hw-gpuvm'

# room: rooms it may include (see docs/architecture.md)
ALLOWED = {
    'spec':   set(),
    'base':   {'spec'},
    'arena':  {'base', 'spec'},
    'gpu':    {'arena', 'base', 'spec'},
    'soft':   {'gpu', 'arena', 'base', 'spec'},
    'sched':  {'gpu', 'arena', 'base', 'spec'},
    'vgpu':   {'sched', 'gpu', 'arena', 'base', 'spec'},
    'pv':     {'vgpu', 'base', 'spec'},
    'board':  {'vgpu', 'base', 'spec'},
    'native': {'sched', 'gpu', 'base', 'spec'},
    'device': {'board', 'pv', 'vgpu', 'sched', 'gpu', 'base', 'spec'},
}
# system headers that a room below device/ may use besides libc's and glib's
EXTERNAL = {
    'native': {'nouveau_drm.h'},
    # soft/jit: headers of LLVM's C API; the library is opened at run time
    'soft': {'llvm/Config/llvm-config.h', 'llvm-c/Analysis.h',
             'llvm-c/Core.h', 'llvm-c/ExecutionEngine.h', 'llvm-c/Target.h',
             'llvm-c/TargetMachine.h', 'llvm-c/Transforms/PassBuilder.h'},
}
LIBC = re.compile(r'^(glib(/.*)?|glib\.h|gmodule\.h|immintrin|[a-z0-9_]+|'
                  r'sys/[a-z]+|linux/[a-z]+)(\.h)?$')
QEMU = re.compile(r'^(qemu|hw|exec|qapi|qom|sysemu|system|migration|monitor)/')

MAX_LINES = 1200


def sources(*suffixes):
    for path in sorted(CORE.rglob('*')):
        if path.suffix in suffixes:
            yield path


def includes(path):
    for n, line in enumerate(path.read_text().splitlines(), 1):
        m = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if m:
            yield n, m.group(1), m.group(2)


def check_includes():
    bad = []
    for path in sources('.c', '.h'):
        room = path.relative_to(CORE).parts[0]
        if room not in ALLOWED:
            bad.append(f'{path.relative_to(ROOT)}: no such room')
            continue
        for n, kind, inc in includes(path):
            where = f'{path.relative_to(ROOT)}:{n}'
            other = inc.split('/')[0]
            if kind == '"' and (CORE / inc).exists():
                if other != room and other not in ALLOWED[room]:
                    bad.append(f'{where}: {room} may not include {inc}')
            elif room != 'device' and QEMU.match(inc):
                bad.append(f'{where}: QEMU header {inc}')
            elif kind == '"' and room != 'device' and \
                    not (path.parent / inc).exists():
                bad.append(f'{where}: {inc} is not there')
            elif kind == '<' and room != 'device' and \
                    not LIBC.match(inc) and \
                    inc not in EXTERNAL.get(room, ()):
                bad.append(f'{where}: external header {inc}')
    return bad


def check_spec_is_headers():
    return [str(p.relative_to(ROOT)) for p in (CORE / 'spec').iterdir()
            if p.suffix != '.h']


def check_trace_events():
    have = dict(re.findall(r'^gpuvm_(\w+)\((.*?)\) "', (CORE / 'trace-events')
                           .read_text(), re.M))
    want = {}
    for m in re.finditer(r'X\(\w+, (\w+), (\d), "(.*?)", "(.*?)", "(.*?)", '
                         r'"(.*?)"\)', (CORE / 'base/trace.h').read_text()):
        args = [m.group(i) for i in range(3, 7) if m.group(i)]
        want[m.group(1)] = ', '.join(f'uint64_t {a}' for a in args) or 'void'
        if len(args) != int(m.group(2)):
            want[m.group(1)] = f'{m.group(2)} values'
    return [f'trace-events and base/trace.h differ at {n}'
            for n in sorted(set(have) | set(want))
            if have.get(n) != want.get(n)]


def check_used(macro_file, macro, prefix, skip=()):
    """Every entry of an X list is used somewhere outside its header."""
    text = ''.join(p.read_text() for p in sources('.c') )
    names = re.findall(r'X\((\w+), \w+, (?:\d, )?"', (CORE / macro_file).read_text())
    return [f'{prefix}{n} is never used' for n in names
            if prefix + n not in text and n not in skip]


def check_documented():
    """docs/counters.md has every counter and trace event, in their words."""
    text = (ROOT / 'docs/counters.md').read_text()
    base = CORE / 'base'
    rows = [f'| `{key}` | {what} |' for key, what in re.findall(
        r'X\([A-Z0-9_]+, (\w+), "(.*?)"\)', (base / 'counters.h').read_text())]
    for m in re.finditer(r'X\(\w+, (\w+), \d, "(.*?)", "(.*?)", "(.*?)", '
                         r'"(.*?)"\)', (base / 'trace.h').read_text()):
        values = ', '.join(v for v in m.groups()[1:] if v) or '-'
        rows.append(f'| `gpuvm_{m.group(1)}` | {values} | ')
    bad = [f'docs/counters.md has no row: {row}' for row in rows
           if row not in text]
    have = len(re.findall(r'^\| `', text, re.M))
    if have != len(rows):
        bad.append(f'docs/counters.md has {have} rows, the lists {len(rows)}')
    return bad


def check_lengths():
    bad = []
    for path in sources('.c', '.h'):
        n = len(path.read_text().splitlines())
        if n > MAX_LINES:
            bad.append(f'{path.relative_to(ROOT)} has {n} lines')
    return bad


def check_spdx():
    bad = []
    for base in ('hw-gpuvm', 'tests', 'scripts', 'qemu-patches'):
        for path in (ROOT / base).rglob('*'):
            if path.suffix in ('.c', '.h', '.py', '.build', '.cl') and \
                    'SPDX-License-Identifier: GPL-2.0-or-later' \
                    not in path.read_text():
                bad.append(str(path.relative_to(ROOT)))
    return bad


def main():
    checks = {
        'includes follow the arrows': check_includes(),
        'spec/ is headers only': check_spec_is_headers(),
        'trace-events matches base/trace.h': check_trace_events(),
        'every counter is counted': check_used('base/counters.h', 'COUNTERS',
                                               'GPUVM_CNT_'),
        'every trace point is fired': check_used('base/trace.h', 'TRACES',
                                                 'GPUVM_TRACE_'),
        'docs/counters.md has them all': check_documented(),
        f'no file over {MAX_LINES} lines': check_lengths(),
        'SPDX lines': check_spdx(),
    }
    failed = 0
    for name, bad in checks.items():
        if bad:
            failed += 1
            print(f'not ok {name}:')
            for line in bad:
                print(f'    {line}')
        else:
            print(f'ok {name}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
