"""The core without QEMU: its build tree, its programs, its meson tests.

The tree lies in the cache, one for each clone of the repository (the sources
are used where they are), and ninja brings it up to date at every use.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os

from . import cache, console, packages


def environment():
    """Debian's own tools first: another python hides Debian's meson."""
    env = dict(os.environ)
    env['PATH'] = '/usr/bin:/usr/sbin:/bin:' + env.get('PATH', '')
    env.pop('PYTHONPATH', None)
    return env


def tree(kind='plain'):
    return cache.place('core') / ('%s-%s' % (kind, cache.digest(str(cache.REPO))))


def configure(kind='plain', options=()):
    """The configured build tree."""
    build = tree(kind)
    if not (build / 'build.ninja').exists():
        packages.ensure(['core', 'programs'])
        console.say('configuring the core')
        console.run(['meson', 'setup', *options, build, cache.REPO],
                    'configuring the core', log=packages.root_log('core'),
                    env=environment())
    return build


def build(*targets, kind='plain', options=()):
    """Bring targets (all without any) up to date; returns the tree."""
    with cache.lock('core'):
        where = configure(kind, options)
        console.run(['nice', 'ninja', '-C', where, *targets],
                    'compiling the core', log=packages.root_log('core'),
                    meter='core', env=environment())
    return where


def introspect(where, what):
    """One of meson's lists about a build tree."""
    out = console.run(['meson', 'introspect', what, where], 'asking meson',
                      env=environment())
    return json.loads(out[out.index('['):])


def programs():
    """Directory of the programs that run on the virtual GPU, up to date."""
    where = build('build.ninja')    # what meson.build names now
    folder = where / 'tests' / 'programs'
    targets = [os.path.relpath(name, where)
               for target in introspect(where, '--targets')
               for name in target['filename']
               if os.path.dirname(name) == str(folder)]
    if not targets:
        raise console.GpuvmError('no program in tests/programs can be built',
                                 'scripts/gpuvm doctor')
    build(*targets)
    return folder


def tests_of(where, suite):
    """Names of meson's tests in a suite."""
    found = introspect(where, '--tests')
    return [t['name'] for t in found
            if any(s.split(':')[-1] == suite for s in t['suite'])]
