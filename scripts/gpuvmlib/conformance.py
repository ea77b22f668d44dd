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

The GPU has no rasteriser: a test that fails after it drew is told apart, and
so is one for which Mesa says that it generated no code.  A test that Mesa
itself gets wrong on this chip is named, with how that is
known, in tests/conformance/*.toml, and counts as skipped; when it passes it
counts as failed, so that the list stays true.  docs/conformance.md has the
totals.  Results, and what each test said, are kept in the cache,
logs/conformance-DEBIAN/GROUP.json: --resume runs only tests without one, and
--totals runs none, but prints the table.  --debian debian13 takes that
release's Mesa and piglit (nativeroot.py).

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

from . import cache, nativeroot

ROOT = pathlib.Path('/usr/lib/x86_64-linux-gnu/piglit')
BATCH = 40                      # shader tests a process
SLOWEST = 90                    # seconds a test may take
SAID_MAX = 4 << 20              # bytes that are looked at
DEAD = b'the channel is dead'   # what the native node says then
DRAWS = 'a channel draws'       # the same
NO_CODE = 'shader translation failed'   # what Mesa's driver says
COLUMNS = ('passed', 'failed', 'skipped', 'draws', 'no code', "Mesa's",
           'not run')
ENVIRONMENT = {
    'PIGLIT_PLATFORM': 'surfaceless_egl', 'PIGLIT_SOURCE_DIR': str(ROOT),
    'GPUVM_NATIVE_LOG': '1', 'MESA_SHADER_CACHE_DISABLE': '1',
    'OCL_ICD_VENDORS': '/etc/OpenCL/vendors/rusticl.icd',
}

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
        """Its file, inside the place."""
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


def tests_of(place, group):
    profiles, pattern = GROUPS[group]
    found = []
    for profile in profiles:
        path = place.path(ROOT / 'tests' / (profile + '.xml.gz'))
        with gzip.open(path) as file:
            for element in xml.etree.ElementTree.parse(file).getroot():
                if re.search(pattern, element.get('name')):
                    found.append(Test(element))
    return found


# ---- running ----------------------------------------------------------------

def execute(place, argv, env, limit):
    """(status, output, errors): status is None when it had to be ended.

    Also when the channel died: Mesa waits for ever then."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(place.command(argv, str(ROOT)), stdout=out,
                                 stderr=err, stdin=subprocess.DEVNULL, env=env)
        start, status, grace = time.monotonic(), None, None
        while status is None:
            try:
                status = child.wait(0.5)
            except subprocess.TimeoutExpired:
                now = time.monotonic()
                # not seek() and read(): the child writes at that offset
                if grace is None and DEAD in os.pread(
                        err.fileno(), SAID_MAX, 0):
                    grace = now + 3
                if now - start > limit or (grace and now > grace):
                    child.kill()
                    child.wait()
                    break
        return (status, os.pread(out.fileno(), SAID_MAX, 0).decode(
            errors='replace'), os.pread(err.fileno(), SAID_MAX, 0).decode(
                errors='replace'))


def verdict(status, out, err):
    """piglit's own verdict, or what became of the process."""
    if NO_CODE in err or NO_CODE in out:
        return 'no code'
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


def shortened(out, err):
    """What is kept of it: not libdrm's dump of what it submitted."""
    text = out + re.sub(r'^nouveau: (\t0x|ch\d+: ).*\n', '', err, flags=re.M)
    return text if len(text) < 8000 else text[:4000] + '\n...\n' + text[-4000:]


def run_alone(place, test, env):
    start = time.monotonic()
    status, out, err = execute(place, test.argv(),
                               dict(env, **test.env), SLOWEST)
    test.seconds = time.monotonic() - start
    test.result = verdict(status, out, err)
    test.said = shortened(out, err)
    if status is not None and status < 0:
        test.said += 'ended by signal %d\n' % -status


def run_batch(place, tests, env):
    """Shader tests through one process, as far as it comes; returns those
    that are left without a result."""
    argv = [str(ROOT / 'bin' / 'shader_runner')]
    argv += [t.shader for t in tests] + ['-auto', '-fbo', '-report-subtests']
    start = time.monotonic()
    status, out, err = execute(place, argv, env, SLOWEST + 2 * len(tests))
    seconds = time.monotonic() - start
    if status is None or status < 0 or DEAD.decode() in err:
        err = None              # the last one told may be wrong too
    told = re.findall(r'^PIGLIT TEST: \d+ - (.*)\n((?:(?!PIGLIT TEST:).*\n)*)',
                      out, re.M)
    done = 0
    for test, (_, text) in zip(tests, told):
        result = re.search(r'^PIGLIT: \{"subtest": \{".*" *: *"(\w+)"', text,
                           re.M)
        if not result:
            break
        if result[1] not in ('pass', 'skip') or err is None:
            break               # alone, for its own words
        test.result, test.seconds = result[1], seconds / len(told)
        done += 1
    return tests[done:]


def run_shaders(place, tests, env):
    while tests:
        tests = run_batch(place, tests, env) if len(tests) > 1 else tests
        if tests:
            run_alone(place, tests[0], env)
            tests = tests[1:]


def work_of(tests):
    """Pieces that can run side by side."""
    shaders = [t for t in tests if t.kind == 'shader']
    others = [t for t in tests if t.kind != 'shader']
    return [shaders[i:i + BATCH] for i in range(0, len(shaders), BATCH)] + \
        [[t] for t in others]


def run_piece(place, piece, env):
    if piece[0].kind == 'shader':
        run_shaders(place, piece, env)
    else:
        run_alone(place, piece[0], env)
    return piece


# ---- judging ----------------------------------------------------------------

def known_failures(mesa):
    """[(regular expression, why, whether it may pass)]."""
    path = cache.REPO / 'tests' / 'conformance' / ('mesa-%s.toml' % mesa)
    with open(path, 'rb') as file:
        return [(re.compile(row['tests']), row['why'],
                 row.get('sometimes', False))
                for row in tomllib.load(file)['known']]


def judge(test, known):
    """(column of the table, what there is to say about it)."""
    row = next((r for r in known if r[0].search(test.name)), None)
    if test.result in ('pass', 'warn'):
        if row and not row[2]:
            return 'failed', 'it passes, but is listed as failing: ' + row[1]
        return 'passed', ''
    if test.result == 'skip':
        return 'skipped', 'piglit skips it'
    if test.result == 'no code':
        return 'no code', 'Mesa generates no code for it: ' + '; '.join(
            sorted(set(re.findall('ERROR: .*', test.said))))
    if test.result == 'draws':
        return 'draws', 'it needs vertex or fragment shaders; no part of it ' \
            'that only computes has failed'
    if row:
        return "Mesa's", '%s, known: %s' % (test.result, row[1])
    return 'failed', test.result + '\n' + test.said


def count(group, test, known, tally):
    name = 'conformance/%s/%s' % (group, test.name)
    column, words = judge(test, known)
    if column == 'passed':
        tally.ok(name, test.seconds)
    elif column == 'failed':
        tally.fail(name, words)
    else:
        tally.skip(name, words)


# ---- what is kept -----------------------------------------------------------

def results_file(guest, group):
    return cache.place('logs', 'conformance-' + guest) / (group + '.json')


def keep(guest, group, tests):
    """Those that have a result, beside those kept before."""
    path = results_file(guest, group)
    rows = json.loads(path.read_text()) if path.exists() else {}
    rows.update({t.name: {'result': t.result, 'seconds': round(t.seconds, 2),
                          'said': t.said} for t in tests if t.result})
    fresh = path.with_suffix('.new')
    fresh.write_text(json.dumps(rows, indent=1))
    fresh.rename(path)


def recall(guest, group, tests):
    """Gives the tests the results that were kept."""
    path = results_file(guest, group)
    rows = json.loads(path.read_text()) if path.exists() else {}
    for test in tests:
        row = rows.get(test.name)
        if row:
            test.result, test.said = row['result'], row['said']
            test.seconds = row['seconds']


def table(place, known):
    """The totals of what is kept, as docs/conformance.md shows them."""
    lines = ['| group | tests | %s |' % ' | '.join(COLUMNS),
             '|---|' + '---:|' * (len(COLUMNS) + 1)]
    sums = dict.fromkeys(COLUMNS, 0)
    for group in GROUPS:
        tests = tests_of(place, group)
        recall(place.guest, group, tests)
        if not any(t.result for t in tests):
            continue
        row = dict.fromkeys(COLUMNS, 0)
        for test in tests:
            row[judge(test, known)[0] if test.result else 'not run'] += 1
        for column, n in row.items():
            sums[column] += n
        lines.append('| `%s` | %d | %s |' % (
            group, len(tests), ' | '.join(map(str, row.values()))))
    lines.append('| all | %d | %s |' % (
        sum(sums.values()), ' | '.join(map(str, sums.values()))))
    return '\n'.join(lines)


# ---- the verb ---------------------------------------------------------------

def run_group(place, group, options, tally, known):
    tests = [t for t in tests_of(place, group)
             if tally.wants('conformance/%s/%s' % (group, t.name))]
    if options.resume:
        recall(place.guest, group, tests)
    env = dict(place.environment(), **ENVIRONMENT)
    jobs = options.jobs or max(1, (os.cpu_count() or 2) // 2)
    for test in tests:
        if test.result:
            count(group, test, known, tally)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for future in concurrent.futures.as_completed(
                [pool.submit(run_piece, place, piece, env)
                 for piece in work_of([t for t in tests if not t.result])]):
            piece = future.result()
            keep(place.guest, group, piece)
            for test in piece:
                count(group, test, known, tally)
    return len(tests)


def run_all(options, tally):
    """The groups that were named, or all, with each Mesa that is asked for."""
    done = 1 if options.totals else 0
    for guest in options.guests:
        place = nativeroot.place(guest)
        known = known_failures(place.mesa)
        groups = [s for s in options.suites if s in GROUPS] or list(GROUPS)
        if not options.totals:
            for group in groups:
                done += run_group(place, group, options, tally, known)
        print('Mesa %s:\n%s' % (place.mesa, table(place, known)))
    return done
