"""The part of piglit that tests/guest/conformance.toml runs in a guest.

Debian's piglit unpacks to 2 GB.  From its package only the two programs that
read their test from a file, some others, and the files of compute tests are
taken, and with them the libraries that a guest's root disk lacks; all of it is
shown to the guest as a folder, where piglit's own run path looks for it.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import shutil
import subprocess

from . import cache, console, kernel, packages

INSIDE = '/usr/lib/x86_64-linux-gnu/piglit'
PACKAGES = ['piglit', 'libwaffle-1-0', 'libxkbcommon0', 'libwayland-client0',
            'libudev1']
WANTED = [
    'bin/shader_runner', 'bin/cl-program-tester', 'lib/libpiglitutil*',
    'bin/arb_compute_shader-indirect-compute',
    'bin/arb_clear_buffer_object-formats',
    'bin/arb_shader_image_load_store-coherency',
    'bin/arb_shader_atomic_counters-buffer-binding',
    'tests/cl/program/execute', 'generated_tests/cl/builtin',
    'tests/spec/arb_compute_shader/execution',
    'tests/spec/arb_compute_variable_group_size/execution',
    'tests/spec/arb_shader_group_vote', 'tests/spec/nv_shader_atomic_float',
    'tests/spec/arb_shader_storage_buffer_object/execution',
    'generated_tests/spec/glsl-4.30/execution/built-in-functions/cs-*',
    'generated_tests/spec/arb_gpu_shader_int64/execution/'
    'built-in-functions/cs-*',
]
# cl FILE: its verdict; gl FILE...: how many passed; gl-program NAME.
# Mesa's cache is off: the compiler is tested, too.
FUNCTIONS = '''export PIGLIT_PLATFORM=surfaceless_egl PIGLIT_SOURCE_DIR=%(dir)s
export MESA_SHADER_CACHE_DISABLE=1 LD_LIBRARY_PATH=%(dir)s/lib
export OCL_ICD_VENDORS=/etc/OpenCL/vendors/rusticl.icd
cd %(dir)s
cl() { %(dir)s/bin/cl-program-tester "$@"; }
gl() { %(dir)s/bin/shader_runner "$@" -auto -fbo -report-subtests >/tmp/piglit
       cat /tmp/piglit; n=$(grep -c '^PIGLIT: .*"pass"' /tmp/piglit)
       echo "$n of $# passed"; }
program() { %(dir)s/bin/$1 -auto -fbo; }
''' % {'dir': INSIDE}


def extract(package, target, log):
    """Unpack what is wanted of a .deb: piglit's files, or its libraries."""
    if package.name.startswith('piglit_'):
        strip = 1 + INSIDE.count('/')
        names = ['.%s/%s' % (INSIDE, name) for name in WANTED]
    else:
        strip, target = 4, target / 'lib'
        names = ['./usr/lib/*/*.so.*']
        target.mkdir(exist_ok=True)
    with open(log, 'ab') as out:
        source = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', package],
                                  stdout=subprocess.PIPE, stderr=out)
        status = subprocess.run(
            ['tar', '-x', '-C', target, '--strip-components=%d' % strip,
             '--no-same-owner', '--wildcards', *names], stdin=source.stdout,
            stdout=out, stderr=out, check=False).returncode
        source.stdout.close()
        if source.wait() or status:
            raise console.GpuvmError('%s does not unpack; see %s' %
                                     (package.name, log))


def ready(guest):
    """The folder for a guest of this release, made if needed."""
    entry = cache.place('guest') / ('piglit-%s-%s' % (guest, cache.digest(
        *PACKAGES, *WANTED)))
    if entry.exists():
        return entry
    log = packages.root_log('piglit')
    with cache.lock('piglit'):
        if entry.exists():
            return entry
        apt = packages.Apt(kernel.SUITES[guest])
        apt.update()
        console.say('taking compute tests out of piglit (34 MB to fetch)')
        with cache.making(entry) as partial:
            for name in PACKAGES:
                package = apt.download(name, partial)
                extract(package, partial, log)
                package.unlink()
        for old in cache.place('guest').glob('piglit-%s-*' % guest):
            if old != entry:
                shutil.rmtree(old, ignore_errors=True)
    os.utime(entry)
    return entry
