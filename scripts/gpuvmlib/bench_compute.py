"""gpuvm bench compute: the GPUvm papers' programs, on native, pocl and guest.

gpuvm-bench (tests/bench/compute) runs in turns on the native node and on pocl,
the OpenCL of the same processor without a GPU, both held to the same cores; a
guest runs it once more at the end.  A round is one process on each side, and
the sides change places every round.  What is compared is the median of a
program's kernel time, by the same clock (the host's, each kernel waited for)
on every side.

The table is printed; JSON, PNG and SVG go to the cache's results/.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import contextlib
import dataclasses
import datetime
import json
import math
import os
import pathlib
import statistics

from . import cache, console, core, guest, native, packages, run

PHASES = ('init', 'h2d', 'launch', 'd2h', 'close', 'kernel')
ENGINES = ('interp', 'jit', 'auto')
# The JIT compiles in the background, 40 to 1000 ms a program (docs/jit.md);
# only then begins what is measured.
WARM_MS = {'jit': 1500, 'auto': 1500}
MARK = '@@gpuvm-bench'
GUEST_SCRIPT = """\
/opt/gpuvm/gpuvm-bench --platform rusticl --clock host %s --json /tmp/times
echo %s
cat /tmp/times
echo %s
"""
PLOT = """\
set terminal %(terminal)s
set output "%(output)s"
set title "%(title)s"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set logscale y
set ylabel "kernel time (CPY, PINCPY: both copies), ms"
set grid ytics
set xtics rotate by -40
set key top left
plot %(series)s
"""


# ---- running ----------------------------------------------------------------

def cores_of(options):
    """The cores that all sides are held to."""
    mine = sorted(os.sched_getaffinity(0))
    count = options.threads or len(mine)
    if count < 1 or count > len(mine):
        raise console.GpuvmError(
            '--threads is %d, and there are %d cores' % (count, len(mine)),
            'give a number from 1 to %d' % len(mine))
    return mine[:count]


@contextlib.contextmanager
def held_to(cores):
    """We and all that we start run on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def arguments(options, sizes=()):
    argv = ['--program', options.program]
    for size in options.size or sizes:
        argv += ['--size', size]
    return argv


def one_process(program, platform, argv, env):
    """gpuvm-bench once; its JSON.  A wrong result is in it, not an error."""
    out = pathlib.Path(console.temp_dir())
    command = [program, '--platform', platform, '--clock', 'host', '--json',
               out / 'times', *argv]
    try:
        log = packages.root_log('bench-compute')
        with open(log, 'a', encoding='utf-8') as handle:
            child = console.spawn(command, stdout=handle, stderr=handle,
                                  env=env)
            try:
                status = console.reap(child)
            finally:
                console.kill(child)
        if status not in (0, 1) or not (out / 'times').exists():
            raise console.GpuvmError(
                'gpuvm-bench on %s ended with status %d' % (platform, status),
                'read the log: %s' % log)
        return json.loads((out / 'times').read_text())
    finally:
        console.drop_temp_dir(out)


class Side:
    """One that takes part: the times of all its rounds."""

    def __init__(self, name, platform, env, engine=None):
        self.name, self.platform, self.env = name, platform, env
        self.engine = engine        # of the software GPU
        self.device = ''
        self.order = []
        self.times = {}             # {program: {phase: [ms]}}
        self.sizes = {}
        self.wrong = {}             # {program: why}
        self.copies = set()         # programs without a kernel

    def add(self, data):
        self.device = '%s (%s, driver %s)' % (
            data['device'], data['platform'], data['driver'])
        if self.engine:
            self.device += ', engine ' + self.engine
        for one in data['programs']:
            name = one['name']
            if name not in self.times:
                self.order.append(name)
                self.times[name] = {phase: [] for phase in PHASES}
                self.sizes[name] = one['size']
            if not one['has_kernel']:
                self.copies.add(name)
            if not one['right']:
                self.wrong[name] = one['why']
            for phase in PHASES:
                value = one[phase]
                self.times[name][phase] += (
                    value if isinstance(value, list) else [value])

    def median(self, name, phase='kernel'):
        values = self.times.get(name, {}).get(phase)
        return statistics.median(values) if values else None

    def shown(self, name):
        """What is compared: the kernels, or without any the copies."""
        if name in self.copies:
            both = self.median(name, 'h2d'), self.median(name, 'd2h')
            return None if None in both else sum(both)
        return self.median(name)

    def as_json(self):
        return {'name': self.name, 'device': self.device,
                'engine': self.engine, 'programs': [
            {'name': name, 'size': self.sizes[name],
             'right': name not in self.wrong,
             'median': {p: self.median(name, p) for p in PHASES},
             'all': self.times[name]} for name in self.order]}

    def warm(self):
        """gpuvm-bench's arguments that let the side get ready."""
        ms = WARM_MS.get(self.engine)
        return ['--warm', str(ms)] if ms else []


def native_side(name, threads, engine):
    env = native.environment(native.library())
    env['GPUVM_THREADS'] = str(threads)
    env['GPUVM_ENGINE'] = engine
    return Side(name, 'rusticl', env, engine)


def pocl_side(threads):
    return Side('pocl', 'Portable', dict(
        os.environ, POCL_MAX_PTHREAD_COUNT=str(threads),
        POCL_CACHE_DIR=str(cache.place('pocl'))))


def take_turns(program, sides, rounds, argv):
    """Each side once a round; who begins changes."""
    meter = console.Meter('bench compute', every=10)
    try:
        for n in range(rounds):
            for side in sides if n % 2 == 0 else sides[::-1]:
                meter.update('round %d of %d, %s' % (n + 1, rounds,
                                                     side.name))
                side.add(one_process(program, side.platform,
                                     argv + side.warm() + ['--runs', '1'],
                                     side.env))
    finally:
        meter.close()


class Quiet(guest.Sink):
    """Keeps what the guest prints."""

    def __init__(self):
        self.data = b''

    def out(self, data):
        self.data += data

    err = out

    def note(self, text):
        console.say('guest: ' + text)


def guest_config(options, runs, argv):
    """A guest that runs the same programs; all it needs is built."""
    side = Side('guest', 'rusticl', None, options.engine)
    words = ' '.join(argv + side.warm() + ['--runs', str(runs)])
    options.gpu, options.more_gpu = 'engine=' + options.engine, []
    return dataclasses.replace(
        run.base_config(options, GUEST_SCRIPT % (words, MARK, MARK)),
        stats=True, timeout=1800,
        shares=((core.programs(), '/opt/gpuvm', 'ro'),),
        log=packages.root_log('console-bench'))


def guest_side(config, engine):
    """Boots it; what it measured."""
    sink = Quiet()
    one = guest.Guest(config, sink)
    try:
        one.start()
        one.wait()
    finally:
        one.end()
    text = sink.data.decode(errors='replace').replace('\r', '')
    parts = text.split(MARK + '\n')
    if len(parts) < 3 or not parts[1].strip():
        raise console.GpuvmError('gpuvm-bench gave no times in the guest; it '
                                 'said:\n%s' % text)
    side = Side('guest', 'rusticl', None, engine)
    side.add(json.loads(parts[1]))
    return side


# ---- showing ----------------------------------------------------------------

def geometric(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) \
        if values else None


def ratio(one, other, name):
    """How many times as long `one` takes as `other`; None if not known."""
    a, b = one.shown(name), other.shown(name)
    return a / b if a and b else None


def mean_ratio(one, other):
    """Over the programs that have a kernel."""
    return geometric([ratio(one, other, n) for n in one.order
                      if n not in one.copies])


def cell(value, width, digits=2):
    return '%*s' % (width, '-') if value is None else '%*.*f' % (
        width, digits, value)


def pairs_of(sides):
    """Each side is compared with the one before it in this list."""
    base = sides[0]
    return [(base, other) if other.name == 'pocl' else (other, base)
            for other in sides[1:]]


def print_table(sides):
    pairs = pairs_of(sides)
    titles = ['%s/%s' % (a.name, b.name) for a, b in pairs]
    print('Kernel time, medians, ms (CPY, PINCPY: both copies; NOP: none), '
          'engine %s:' % sides[0].engine)
    print('  %-8s' % 'program' + ''.join('%12s' % s.name for s in sides) +
          ''.join('%14s' % t for t in titles))
    for name in sides[0].order:
        print('  %-8s' % name +
              ''.join(cell(s.shown(name), 12) for s in sides) +
              ''.join(cell(ratio(a, b, name), 14) for a, b in pairs))
    print('  %-8s' % 'geometric mean of kernels'.ljust(8 + 12 * len(sides)) +
          ''.join(cell(mean_ratio(a, b), 14) for a, b in pairs))


def wrongs(sides):
    return ['%s on %s: %s' % (name, side.name, why)
            for side in sides for name, why in side.wrong.items()]


def plot(where, sides):
    """PNG and SVG beside where; gnuplot's data and program stay there."""
    data = where.with_suffix('.dat')
    rows = ['program ' + ' '.join(s.name for s in sides)]
    for name in sides[0].order:
        if name != 'NOP':
            rows.append(name + ''.join(' %s' % (s.shown(name) or '?')
                                       for s in sides))
    data.write_text('\n'.join(rows) + '\n')
    series = ', '.join(
        '"%s" using %d%s title "%s"' % (
            data, n + 2, ':xtic(1)' if n == 0 else '', s.name)
        for n, s in enumerate(sides))
    means = ', '.join('%s/%s %.1f' % (a.name, b.name, mean_ratio(a, b))
                      for a, b in pairs_of(sides) if mean_ratio(a, b))
    for kind, terminal in (('.png', 'pngcairo size 1200,600'),
                           ('.svg', 'svg size 1200,600')):
        program = where.with_suffix(kind + '.gnuplot')
        program.write_text(PLOT % {
            'terminal': terminal, 'output': where.with_suffix(kind),
            'title': 'gpuvm bench compute; geometric mean: ' + means,
            'series': series})
        console.run(['gnuplot', program], 'plotting',
                    log=packages.root_log('gnuplot'))
        program.unlink()


def keep(sides, cores, kind, loads):
    """Write the results; prints their paths."""
    stamp = datetime.datetime.now().strftime('%Y%m%d-%H%M%S')
    where = cache.place('results') / ('%s-%s.json' % (kind, stamp))
    where.write_text(json.dumps({
        'date': stamp, 'cores': cores, 'load': loads,
        'sides': [s.as_json() for s in sides],
        'geometric_mean': {'%s/%s' % (a.name, b.name): mean_ratio(a, b)
                           for a, b in pairs_of(sides)}}, indent=1) + '\n')
    if len(sides) > 1:
        plot(where, sides)
    for suffix in ('.json', '.png', '.svg'):
        if where.with_suffix(suffix).exists():
            print('  %s' % where.with_suffix(suffix))


# ---- the verb ---------------------------------------------------------------

def finish(sides, cores, kind, loads):
    print_table(sides)
    keep(sides, cores, kind, loads)
    for line in wrongs(sides):
        print('WRONG: ' + line)
    return not wrongs(sides)


def compare(options, program, cores):
    """Native against pocl, and the guest beside."""
    loads = [os.getloadavg()[0]]
    argv, config, trouble = arguments(options), None, None
    if not options.no_guest:    # built before anything is measured
        config = guest_config(options, min(options.runs, 3), argv)
    with held_to(cores):
        sides = [native_side('native', len(cores), options.engine)]
        if not options.no_pocl:
            sides.append(pocl_side(len(cores)))
        take_turns(program, sides, options.runs, argv)
        if config:
            console.say('booting a guest')
            try:
                sides.append(guest_side(config, options.engine))
            except console.GpuvmError as error:
                trouble = error     # after what the others measured
    loads.append(os.getloadavg()[0])
    for side in sides:
        print('%-7s %s' % (side.name, side.device))
    good = finish(sides, cores, 'compute', loads)
    if trouble:
        raise trouble
    return good


def scale(options, program, cores):
    """The native node with one worker against as many as cores."""
    loads = [os.getloadavg()[0]]
    with held_to(cores):
        sides = [native_side('1-worker', 1, options.engine),
                 native_side('%d-workers' % len(cores), len(cores),
                             options.engine)]
        take_turns(program, sides, options.runs,
                   arguments(options, ('large',)))
    loads.append(os.getloadavg()[0])
    one, many = sides
    print('Kernel time on the native node, engine %s, ms:' % options.engine)
    print('  %-8s%12s%12s%9s%16s' % ('program', one.name, many.name,
                                     'speedup', 'of the least'))
    for name in one.order:
        if name not in one.copies:
            least = [min(s.times[name]['kernel']) for s in sides]
            print('  %-8s%s%s%s%s' % (
                name, cell(one.shown(name), 12), cell(many.shown(name), 12),
                cell(ratio(one, many, name), 9),
                cell(least[0] / least[1], 16)))
    print('  %-32s%s' % ('geometric mean', cell(mean_ratio(one, many), 9)))
    keep(sides, cores, 'scaling', loads)
    for line in wrongs(sides):
        print('WRONG: ' + line)
    return not wrongs(sides)


def main(options):
    packages.ensure(['native', 'bench-compute'])
    cores = cores_of(options)
    program = core.programs() / 'gpuvm-bench'
    if not program.exists():
        raise console.GpuvmError('gpuvm-bench was not built',
                                 'scripts/gpuvm doctor')
    print('cores %s' % ' '.join(map(str, cores)))
    if options.scaling:
        return scale(options, program, cores)
    return compare(options, program, cores)


def add_arguments(parser):
    group = parser.add_argument_group('compute')
    group.add_argument('--program', default='all', metavar='all|NAME,...',
                       help='which programs (default all)')
    group.add_argument('--size', action='append', metavar='SIZE',
                       help='small, medium, large or PROGRAM.KEY=N; may be '
                       'repeated (default medium; with --scaling large)')
    group.add_argument('--engine', default='interp', choices=ENGINES,
                       help='how the software GPU runs shaders (default '
                       'interp); what jit compiles is ready before it is '
                       'timed')
    group.add_argument('--threads', type=int, default=0, metavar='N',
                       help='cores and workers of each side (default all)')
    group.add_argument('--no-guest', action='store_true',
                       help='no guest')
    group.add_argument('--no-pocl', action='store_true', help='no pocl')
    group.add_argument('--scaling', action='store_true',
                       help='instead: the native node with one worker and '
                       'with as many as cores')
