"""gpuvm bench fairness, gpuvm bench scale: clients that share one GPU.

fairness is the GPUvm papers' experiment: clients with short and with long
kernels, under each policy.  It tells what part of the GPU each had, over all
and in windows of 100 and 500 ms, beside its ideal part (by weight, since all
of them always want the GPU), how busy the GPU was, and CPU seconds.

scale: 1, 2, 4, 8 clients that are alike.  Throughput of all together beside
that of one, which is measured again before each of them.

Every kernel's result is checked (gpu-load); one wrong ends it with status 1.
Table, JSON, PNG and SVG; docs/scheduling.md has results.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import datetime
import json
import os
import statistics
import time

from . import cache, console, loads, packages

POLICIES = ('fifo', 'credit', 'band', 'fair')
WINDOWS = (0.1, 0.5)
SETTLE = 1.0            # seconds after the last client began
COUNTS = (1, 2, 4, 8)
PLOT = """\
set terminal %(terminal)s
set output "%(output)s"
set multiplot layout %(rows)d,%(columns)d title "%(title)s"
set yrange [0:100]
set ylabel "part of the GPU, %%, each 500 ms"
set xlabel "s"
set grid ytics
set key outside right top
%(plots)s
unset multiplot
"""


# ---- measuring --------------------------------------------------------------

def share_name():
    return 'bench-%d' % os.getpid()


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def windows(watch, slot, begin, end, width):
    """The slot's part of the GPU in each window, 0 to 1."""
    edges = [begin + width * n for n in range(int((end - begin) / width) + 1)]
    used = [watch.used(slot, t) for t in edges]
    return [min(1.0, max(0.0, (b - a) / width)) for a, b in zip(used, used[1:])]


def jain(parts):
    """Jain's index of what each got by what it was to get."""
    squares = len(parts) * sum(p * p for p in parts)
    return sum(parts) ** 2 / squares if squares else 0.0


def describe(one, watch, begin, end, cpu, total_weight):
    client = one.client
    series = {str(int(w * 1000)): windows(watch, one.slot, begin, end, w)
              for w in WINDOWS}
    return {
        'name': client.name, 'kernel_ms': client.kernel_ms,
        'weight': client.weight, 'depth': client.depth,
        'endless': client.endless,
        'ideal': client.weight / total_weight,
        'received': (watch.used(one.slot, end) - watch.used(
            one.slot, begin)) / (end - begin),
        'windows': {k: {'min': min(v), 'p5': percentile(v, 0.05),
                        'median': statistics.median(v), 'max': max(v)}
                    for k, v in series.items() if v},
        'series': series, 'rate': one.lines.rate(begin, end),
        'cpu_s': cpu, 'kernels': one.lines.kernels(),
        'wrong': one.lines.wrong(), 'turns': watch.turns(one.slot, begin, end)}


def measure(clients, policy, quantum, seconds, rounds_per_ms, guests=None):
    """One run; a dictionary.  guests: loads.guest_base(), for VMs."""
    share = share_name()
    watch = loads.Watch(share, policy, quantum, loads.VRAM)
    ones = []
    try:
        for client in clients:
            ones.append(
                loads.GuestLoad(client, guests, rounds_per_ms) if guests else
                loads.NativeLoad(client, share, loads.VRAM, rounds_per_ms))
        loads.start_all(ones, watch)
        time.sleep(SETTLE)
        begin, cpu = time.monotonic(), [loads.cpu_seconds(o.pid())
                                        for o in ones]
        time.sleep(seconds)
        end = time.monotonic()
        cpu = [loads.cpu_seconds(o.pid()) - c for o, c in zip(ones, cpu)]
        time.sleep(0.1)         # a sample behind the end
        for one in ones:
            loads.check_alive(one)
        for one in ones:
            if one.client.endless:
                console.kill(one.child, 0.1)
        for one in ones:
            one.end()
    finally:
        for one in ones:
            one.end()
        watch.close()
    weight = sum(c.weight for c in clients)
    told = [describe(o, watch, begin, end, c, weight)
            for o, c in zip(ones, cpu)]
    return {'policy': policy, 'quantum_ms': quantum, 'seconds': end - begin,
            'clients': told, 'busy': sum(c['received'] for c in told),
            'jain': jain([c['received'] / c['ideal'] for c in told])}


def wrongs(runs):
    return ['%s under %s: %d results wrong of %d kernels' % (
        c['name'], r['policy'], c['wrong'], c['kernels'])
        for r in runs for c in r['clients']
        if c['wrong'] or not (c['kernels'] or c['endless'])]


# ---- fairness ---------------------------------------------------------------

def clients_of(options):
    """Kernel lengths and weights go round among the clients."""
    count = options.guests or options.clients
    kernels = [float(k) for k in options.kernels.split(',')]
    weights = [int(w) for w in options.weights.split(',')]
    if count < 1 or count > 32 or min(kernels) <= 0 or \
            not all(1 <= w <= 1000 for w in weights):
        raise console.GpuvmError('give 1 to 32 clients, kernels above 0 ms, '
                                 'weights from 1 to 1000')
    return [loads.Client('%s%d' % ('vm' if options.guests else 'client', n + 1),
                         kernels[n % len(kernels)],
                         weights[n % len(weights)], options.depth)
            for n in range(count)]


def percent(value):
    return '%6.1f' % (100 * value)


def print_run(r):
    print('%s: GPU busy %s %%, Jain %.4f' % (
        r['policy'], percent(r['busy']).strip(), r['jain']))
    print('  %-9s %6s %6s %6s %8s  %-22s %-22s %8s %6s %7s %5s' % (
        'client', 'kernel', 'weight', 'ideal', 'received',
        '100 ms: p5 median max', '500 ms: min median max', 'kernels', 'CPU s',
        'turns', 'wrong'))
    for c in r['clients']:
        w = c['windows']
        print('  %-9s %6s %6d %s %s   %s %s %s   %s %s %s %8d %6.1f %7d %5d' % (
            c['name'], 'endless' if c['endless'] else '%g ms' % c['kernel_ms'],
            c['weight'], percent(c['ideal']), percent(c['received']),
            percent(w['100']['p5']), percent(w['100']['median']),
            percent(w['100']['max']), percent(w['500']['min']),
            percent(w['500']['median']), percent(w['500']['max']),
            c['kernels'], c['cpu_s'], c['turns'], c['wrong']))


def plot(where, runs, title):
    data = where.with_suffix('.dat')
    blocks = []
    for r in runs:
        rows = zip(*(c['series']['500'] for c in r['clients']))
        blocks.append('\n'.join('%.2f ' % (0.5 * n + 0.25) + ' '.join(
            '%.2f' % (100 * v) for v in row) for n, row in enumerate(rows)))
    data.write_text('\n\n\n'.join(blocks) + '\n')
    plots = []
    for n, r in enumerate(runs):
        series = ', '.join(
            '"%s" index %d using 1:%d with linespoints title "%s, %g ms"' % (
                data, n, k + 2, c['name'], c['kernel_ms'])
            for k, c in enumerate(r['clients']))
        plots.append('set title "%s"\nplot %s' % (r['policy'], series))
    columns = 1 if len(runs) == 1 else 2
    for kind, terminal in (('.png', 'pngcairo size 1400,800'),
                           ('.svg', 'svg size 1400,800')):
        program = where.with_suffix(kind + '.gnuplot')
        program.write_text(PLOT % {
            'terminal': terminal, 'output': where.with_suffix(kind),
            'title': title, 'rows': -(-len(runs) // columns),
            'columns': columns, 'plots': '\n'.join(plots)})
        console.run(['gnuplot', program], 'plotting',
                    log=packages.root_log('gnuplot'))
        program.unlink()


def keep(kind, result, draw):
    """Write JSON and what draw(where) makes; prints the paths."""
    stamp = datetime.datetime.now().strftime('%Y%m%d-%H%M%S')
    where = cache.place('results') / ('%s-%s.json' % (kind, stamp))
    where.write_text(json.dumps(dict(result, date=stamp), indent=1) + '\n')
    draw(where)
    for suffix in ('.json', '.png', '.svg'):
        if where.with_suffix(suffix).exists():
            print('  %s' % where.with_suffix(suffix))


def prepare(options):
    """All that is needed is built; rounds of a millisecond, and guests."""
    packages.ensure(['bench-compute'])
    loads.ready()
    guests = loads.guest_base(options, share_name()) if options.guests \
        else None
    return loads.calibrate(), guests


def fairness(options):
    clients = clients_of(options)
    rounds, guests = prepare(options)
    quantum = 0 if options.no_preempt else 10
    runs = []
    print('%d %s, %d kernel%s queued each, %s, %g s a policy' % (
        len(clients), 'guests' if options.guests else 'native clients',
        options.depth, '' if options.depth == 1 else 's',
        'no preempting' if options.no_preempt else
        'preempting after %d ms' % quantum, options.seconds))
    for policy in options.policy or POLICIES:
        console.say('policy %s' % policy)
        runs.append(measure(clients, policy, quantum, options.seconds, rounds,
                            guests))
        print_run(runs[-1])
    keep('fairness', {'runs': runs, 'load': os.getloadavg()[0]},
         lambda where: plot(where, runs, 'gpuvm bench fairness'))
    for line in wrongs(runs):
        print('WRONG: ' + line)
    return not wrongs(runs)


# ---- scale ------------------------------------------------------------------

def work(r):
    """Milliseconds of kernels a second of all clients."""
    return sum(c['rate'] * c['kernel_ms'] for c in r['clients'])


def summary(r, ones):
    """A run beside those of one client."""
    parts = [c['received'] for c in r['clients']]
    cpu = sum(c['cpu_s'] for c in r['clients'])
    base = statistics.mean(work(o) for o in ones)
    base_cpu = statistics.mean(
        work(o) * o['seconds'] / sum(c['cpu_s'] for c in o['clients'])
        for o in ones)
    return {'clients': len(parts), 'throughput': work(r) / base,
            'per_cpu': work(r) * r['seconds'] / cpu / base_cpu,
            'busy': r['busy'], 'least': min(parts) * len(parts),
            'most': max(parts) * len(parts)}


def plot_scale(where, rows):
    data = where.with_suffix('.dat')
    data.write_text('\n'.join('%d %.4f %.4f %.4f' % (
        s['clients'], s['throughput'], s['per_cpu'], s['busy'])
        for s in rows) + '\n')
    for kind, terminal in (('.png', 'pngcairo size 800,500'),
                           ('.svg', 'svg size 800,500')):
        program = where.with_suffix(kind + '.gnuplot')
        program.write_text(
            'set terminal %s\nset output "%s"\nset yrange [0:1.2]\n'
            'set xlabel "clients"\nset ylabel "of one client\'s"\nset grid\n'
            'set title "gpuvm bench scale"\nplot %s\n' % (
                terminal, where.with_suffix(kind), ', '.join(
                    '"%s" using 1:%d with linespoints title "%s"' % (
                        data, n, title) for n, title in (
                        (2, 'throughput'), (3, 'throughput by CPU second'),
                        (4, 'GPU busy')))))
        console.run(['gnuplot', program], 'plotting',
                    log=packages.root_log('gnuplot'))
        program.unlink()


def scale(options):
    rounds, guests = prepare(options)
    most = options.guests or options.most
    kind = 'vm' if options.guests else 'client'
    kernel = float(options.kernels.split(',')[0]) \
        if options.kernels != '1,50' else 5.0
    runs, rows = [], []

    def run_of(count):
        console.say('%d %s%s' % (count, kind, '' if count == 1 else 's'))
        runs.append(measure(
            [loads.Client('%s%d' % (kind, n + 1), kernel, 100, options.depth)
             for n in range(count)], 'fair', 10, options.seconds, rounds,
            guests))
        return runs[-1]

    print('Kernels of %g ms, policy fair, %g s each; of what one has:' % (
        kernel, options.seconds))
    print('  %-8s %11s %13s %9s %22s %6s' % (
        kind + 's', 'throughput', 'by CPU second', 'GPU busy',
        'parts of 1/N, from to', 'wrong'))
    one = run_of(1)
    for count in [n for n in COUNTS if n <= most]:
        r = run_of(count)
        again = run_of(1)
        rows.append(summary(r, [one, again]))
        one, s = again, rows[-1]
        print('  %-8d %11.3f %13.3f %7s %% %14.3f %7.3f %6d' % (
            count, s['throughput'], s['per_cpu'], percent(s['busy']),
            s['least'], s['most'], sum(c['wrong'] for c in r['clients'])),
            flush=True)
    keep('scale', {'rows': rows, 'runs': runs, 'load': os.getloadavg()[0]},
         lambda where: plot_scale(where, rows))
    for line in wrongs(runs):
        print('WRONG: ' + line)
    return not wrongs(runs)


def add_arguments(parser):
    group = parser.add_argument_group('fairness and scale')
    group.add_argument('--clients', type=int, default=4, metavar='N',
                       help='fairness: native clients (default 4)')
    group.add_argument('--guests', type=int, default=0, metavar='N',
                       help='guests instead of native clients; scale: up to '
                       'so many')
    group.add_argument('--most', type=int, default=8, metavar='N',
                       help='scale: up to so many clients (default 8)')
    group.add_argument('--kernels', default='1,50', metavar='MS,...',
                       help='lengths of kernels, in turn among the clients '
                       '(default 1,50; scale: 5)')
    group.add_argument('--weights', default='100', metavar='N,...',
                       help='weights, in turn among the clients')
    group.add_argument('--depth', type=int, default=2, choices=range(1, 9),
                       metavar='N', help='kernels that each has queued '
                       '(default 2; 1: one at a time)')
    group.add_argument('--policy', action='append', choices=POLICIES,
                       help='one of %s; may be repeated (default all)' %
                       ', '.join(POLICIES))
    group.add_argument('--seconds', type=float, default=10, metavar='S',
                       help='measured under each policy (default 10)')
    group.add_argument('--no-preempt', action='store_true',
                       help='fairness: no kernel is cut short, as on the '
                       'papers\' device')
