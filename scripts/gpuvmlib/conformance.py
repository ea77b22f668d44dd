"""gpuvm test conformance [GROUP...]: piglit on the software GPU, without a VM.

Debian's piglit tells OpenCL and OpenGL programs, thousands of them, and what
each must compute; stock Mesa compiles them for the GPU and the native node
runs them.  A group is a part of one of piglit's profiles:

  cl        all of piglit's OpenCL profile, through rusticl
  cs        GLSL's operators and built-in functions in compute shaders
  compute   compute shaders: dispatch, shared memory, barriers, votes
  ssbo      storage buffers, buffer clears, queries into buffers
  image     image load and store, image sizes
  atomic    atomic counters, atomics of buffers and shared memory
  int64     64-bit integers in compute shaders

The GPU has no rasteriser: a test that fails after it drew is told apart.  A
test that Mesa itself gets wrong on this chip is named, with how that is
known, in tests/conformance/*.toml, and counts as skipped; when it passes it
counts as failed, so that the list stays true.  docs/conformance.md has the
totals.  What each test said is kept in the cache, results-GROUP.json.

Shader tests go through one process in batches.  A process that ends early, or
kills its channel, or takes too long, is ended; the first test that has no
result then runs alone, so the blame falls on the right one, and the rest goes
on in a new batch.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import ast
import concurrent.futures
import gzip
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import tomllib
import xml.etree.ElementTree

from . import cache, console, native, packages

ROOT = pathlib.Path('/usr/lib/x86_64-linux-gnu/piglit')
BATCH = 40                      # shader tests a process
SLOWEST = 90                    # seconds a test may take
DEAD = b'the channel is dead'   # what the native node says then
DRAWS = 'a channel draws'       # the same

# name: (profiles, regular expression of piglit's names)
GL = ('quick_gl', 'quick_shader')
GROUPS = {
    'cl': (('cl',), ''),
    'cs': (GL, r'^spec@glsl-4.30@execution@built-in-functions@cs-'),
    'compute': (GL, r'^spec@(arb_compute_shader|arb_shader_clock|'
                r'arb_compute_variable_group_size)@|'
                r'^spec@arb_shader_group_vote@cs'),
    'ssbo': (GL, r'^spec@(arb_shader_storage_buffer_object|'
             r'arb_clear_buffer_object)@'),
    'image': (GL, r'^spec@(arb_shader_image_load_store|'
              r'arb_shader_image_size)@'),
    'atomic': (GL, r'^spec@(arb_shader_atomic_counters|'
               r'arb_shader_atomic_counter_ops|nv_shader_atomic_float|'
               r'nv_shader_atomic_int64)@'),
    'int64': (GL, r'^spec@arb_gpu_shader_int64@.*@cs-'),
}


class Test:
    """One test of piglit's: its name, its program, or its shader file."""

    def __init__(self, element):
        self.name = element.get('name')
        options = {o.get('name'): o.get('value') for o in element}
        self.command = ast.literal_eval(
            options.get('command', "['cl-program-tester']"))
        if 'filename' in options:
            self.command.append(ast.literal_eval(options['filename']))
        self.kind = element.get('type')
        self.env = ast.literal_eval(options.get('env', '{}'))
        self.result = None
        self.said = ''
        self.seconds = 0.0

    @property
    def shader(self):
        return str(ROOT / self.command[1])

    def argv(self):
        program = str(ROOT / 'bin' / self.command[0])
        rest = self.command[1:]
        if self.kind == 'cl_prog':
            return [program, str(ROOT / rest[0])]
        if self.kind == 'cl':
            return [program] + rest
        if self.kind == 'shader':
            return [program, self.shader, '-auto', '-fbo']
        if self.kind == 'gl_builtin':
            return [program, str(ROOT / 'tests' / rest[0])] + rest[1:]
        return [program] + rest + ['-auto', '-fbo']


def tests_of(group):
    profiles, pattern = GROUPS[group]
    found = []
    for profile in profiles:
        with gzip.open(ROOT / 'tests' / (profile + '.xml.gz')) as file:
            for element in xml.etree.ElementTree.parse(file).getroot():
                if re.search(pattern, element.get('name')):
                    found.append(Test(element))
    return found


# ---- running ----------------------------------------------------------------

def execute(argv, env, limit):
    """(status, output, errors): status is None when it had to be ended.

    Also when the channel died: Mesa waits for ever then."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=err, env=env, cwd=env['PIGLIT_CWD'])
        start, status, grace = time.monotonic(), None, None
        while status is None:
            try:
                status = child.wait(0.5)
            except subprocess.TimeoutExpired:
                now = time.monotonic()
                err.seek(0)
                if grace is None and DEAD in err.read():
                    grace = now + 3
                if now - start > limit or (grace and now > grace):
                    child.kill()
                    child.wait()
                    break
        out.seek(0)
        err.seek(0)
        return (status, out.read().decode(errors='replace'),
                err.read().decode(errors='replace'))


def verdict(status, out, err):
    """piglit's own verdict, or what became of the process."""
    if DEAD.decode() in err:
        return 'dead'
    if status is None:
        return 'timeout'
    told = re.findall(r'^PIGLIT: \{"result": *"(\w+)"', out, re.M)
    if status < 0:
        return 'crash'
    result = told[-1] if told else 'fail'
    if result == 'fail' and DRAWS in err and not re.search(
            r'\{"[^"]*[Cc]ompute[^"]*" *: *"(fail|crash)', out):
        return 'draws'
    return result


def run_alone(test, env):
    start = time.monotonic()
    status, out, err = execute(test.argv(), dict(env, **test.env), SLOWEST)
    test.seconds = time.monotonic() - start
    test.result = verdict(status, out, err)
    test.said = out[-6000:] + err[-6000:]


def run_batch(tests, env):
    """Shader tests through one process, as far as it comes; returns those
    that are left without a result."""
    argv = [str(ROOT / 'bin' / 'shader_runner')]
    argv += [t.shader for t in tests] + ['-auto', '-fbo']
    start = time.monotonic()
    status, out, err = execute(argv, env, SLOWEST + 2 * len(tests))
    seconds = time.monotonic() - start
    if status is None or status < 0 or DEAD.decode() in err:
        err = None              # the last one told may be wrong too
    told = re.findall(r'^PIGLIT TEST: \d+ - (.*)\n((?:(?!PIGLIT TEST:).*\n)*)',
                      out, re.M)
    done = 0
    for test, (_, text) in zip(tests, told):
        result = re.search(r'^PIGLIT: \{"result": *"(\w+)"', text, re.M)
        if not result:
            break
        if result[1] not in ('pass', 'skip') or err is None:
            break               # alone, for its own words
        test.result, test.seconds = result[1], seconds / len(told)
        done += 1
    return tests[done:]


def run_shaders(tests, env):
    while tests:
        tests = run_batch(tests, env) if len(tests) > 1 else tests
        if tests:
            run_alone(tests[0], env)
            tests = tests[1:]


def work_of(tests):
    """Pieces that can run side by side."""
    shaders = [t for t in tests if t.kind == 'shader']
    others = [t for t in tests if t.kind != 'shader']
    return [shaders[i:i + BATCH] for i in range(0, len(shaders), BATCH)] + \
        [[t] for t in others]


def run_piece(piece, env):
    if piece[0].kind == 'shader':
        run_shaders(piece, env)
    else:
        run_alone(piece[0], env)
    return piece


# ---- judging ----------------------------------------------------------------

def known_failures():
    """[(regular expression, why)]."""
    rows = []
    for path in sorted((cache.REPO / 'tests' / 'conformance').glob('*.toml')):
        with open(path, 'rb') as file:
            for row in tomllib.load(file)['known']:
                rows.append((re.compile(row['tests']), row['why'],
                             row.get('sometimes', False)))
    return rows


def judge(group, test, known, tally):
    name = 'conformance/%s/%s' % (group, test.name)
    row = next((r for r in known if r[0].search(test.name)), None)
    if test.result in ('pass', 'warn'):
        if row and not row[2]:
            tally.fail(name, 'it passes, but is listed as failing: ' + row[1])
        else:
            tally.ok(name, test.seconds)
    elif test.result == 'skip':
        tally.skip(name, 'piglit skips it')
    elif test.result == 'draws':
        tally.skip(name, 'it needs vertex or fragment shaders; no part of it '
                   'that only computes has failed')
    elif row:
        tally.skip(name, '%s, known: %s' % (test.result, row[1]))
    else:
        tally.fail(name, test.result + '\n' + test.said)


def environment():
    env = native.environment(native.library())
    env.update(PIGLIT_PLATFORM='surfaceless_egl', PIGLIT_CWD=str(ROOT),
               PIGLIT_SOURCE_DIR=str(ROOT), GPUVM_NATIVE_LOG='1',
               MESA_SHADER_CACHE_DISABLE='1',
               OCL_ICD_VENDORS='/etc/OpenCL/vendors/rusticl.icd')
    return env


def run_group(group, jobs, tally, env, known):
    tests = [t for t in tests_of(group)
             if tally.wants('conformance/%s/%s' % (group, t.name))]
    totals = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in concurrent.futures.as_completed(
                [pool.submit(run_piece, p, env) for p in work_of(tests)]):
            for test in future.result():
                totals[test.result] = totals.get(test.result, 0) + 1
                judge(group, test, known, tally)
    console.say('%s: %d tests: %s' % (group, len(tests), ', '.join(
        '%d %s' % (n, r) for r, n in sorted(totals.items()))))
    results = cache.place('logs') / ('results-%s.json' % group)
    results.write_text(json.dumps({t.name: {
        'result': t.result, 'seconds': round(t.seconds, 2), 'said': t.said}
        for t in tests}, indent=1))
    return len(tests)


def run_all(options, tally):
    """The groups that were named, or all."""
    packages.ensure(['conformance'])
    env = environment()
    known = known_failures()
    jobs = options.jobs or max(1, (os.cpu_count() or 2) // 2)
    groups = [s for s in options.suites if s in GROUPS] or list(GROUPS)
    return sum(run_group(g, jobs, tally, env, known) for g in groups)
