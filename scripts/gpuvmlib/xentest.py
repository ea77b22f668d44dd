"""gpuvm test xen: the virtual GPU in an HVM domain of Xen.

Debian's QEMU, by TCG, is the machine; on it Debian's Xen starts a dom0 whose
root is unpacked as a guest's is (image.py); dom0's xl starts a domain with the
lines that `gpuvm xl-cfg` prints and our QEMU (`gpuvm build --xen`) as device
model; the domain is a Debian kernel with everything in its initial RAM disk.

  cache/xen/base-KEY/    xen, vmlinuz, dom0's initrd and root disk
  a run's directory      the second disk: our QEMU, the domain's file, kernel
                         and initrd

What dom0 prints comes out of the machine's serial line, the domain's console
in it: the log, kept as logs/xen.log, is what is judged.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import gzip
import json
import pathlib
import re
import shutil
import subprocess
import time

from . import (cache, checks, console, core, image, kernel, packages, qemu,
               versions, xlcfg)

HERE = pathlib.Path(__file__).resolve().parent
SUITE = 'debian12'
HYPERVISOR = 'xen-hypervisor-4.17-amd64'
DOM0_PACKAGES = [
    'base-files', 'dash', 'bash', 'coreutils', 'sed', 'grep', 'mawk',
    'libc-bin', 'xen-utils-4.17', 'xen-utils-common', 'xenstore-utils',
    *packages.NEEDS['run'],
]
DOM0_MODULES = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4', 'xenfs',
                'xen_privcmd', 'xen_evtchn', 'xen_gntdev', 'xen_gntalloc']
DOMU_MODULES = ['nouveau']
# TCG's processor lacks what Xen needs of these: docs/xen.md.
CPU = 'EPYC,-smap,-rdtscp,-monitor'
XEN_LINE = ('console=com1 com1=115200 dom0_mem=1024M,max:1024M loglvl=all '
            'guest_loglvl=all console_timestamps=boot cpuidle=0 '
            'spec-ctrl=eager-fpu')
DOMU_MEMORY = 512
CHECKS = ('pci', 'pmc', 'ptimer', 'pramin', 'bar1', 'nouveau', 'm2mf',
          'moves', 'compute')
SHORT = CHECKS[:5]
# dom0 alone, then the domain (nouveau's probe: 150 000 traps of a millisecond)
DOM0_LIMIT = 900
DOMU_LIMIT = 2400
# The device's counters at the end: what the domain did, and no more.  The
# short run reads BAR0 204 times and writes it 5 times, 3 of these PRAMIN.
SHORT_COUNTS = {'bar0_reads': '== 204', 'bar0_writes': '== 5',
                'pramin': '== 3', 'unknown': '== 0', 'guest_errors': '== 0'}
COUNTS = {'bar0_reads': '> 204', 'pramin': '> 3', 'unknown': '== 0',
          'guest_errors': '== 0', 'faults': '== 0', 'doorbells': '> 0',
          'interrupts': '> 0', 'copy_bytes': '== 32768', 'launches': '> 0',
          'ctas': '== 8 launches'}
HEARTBEAT = 2               # seconds
FORBIDDEN = ('Over-allocation', 'Locked DMA mapping', 'Assertion',
             'failed to populate')


# ---- what is made once ------------------------------------------------------

def module_tree(log):
    """(directory with Debian's kernel package, version, image's path)."""
    deb = kernel.default_package(SUITE, cache.place('guest',
                                                    'kernel-' + SUITE))
    tree = pathlib.Path(console.temp_dir())
    console.run(['dpkg', '-x', deb, tree], 'unpacking %s' % deb.name, log=log)
    picture, version = kernel.find_image(deb, tree)
    return tree, version, picture


def initrd(path, init, modules, names, files=()):
    """An initial RAM disk: busybox, init, modules in order of loading."""
    archive = kernel.Cpio(path)
    for name in ('proc', 'sys', 'dev', 'root', 'bin', 'modules'):
        archive.directory(name)
    archive.entry('dev/console', 0o20600, rdev=(5, 1))
    archive.add('bin/busybox', kernel.busybox(), 0o755)
    archive.add('init', init.read_bytes(), 0o755)
    lines = ''
    for name in modules.closure(names):
        archive.add('modules/%s.ko' % name, modules.read(name))
        lines += '/modules/%s.ko\n' % name
    archive.add('boot-modules', lines.encode())
    for name, source in dict(files).items():
        archive.add(name, pathlib.Path(source).read_bytes(), 0o755)
    archive.close()
    packed = gzip.compress(path.read_bytes(), 6)
    path.write_bytes(packed)


def fetch_xen(target, log):
    """The hypervisor, unpacked: QEMU starts it by multiboot."""
    where = pathlib.Path(console.temp_dir())
    deb = packages.Apt(kernel.SUITES[SUITE]).download(HYPERVISOR, where)
    console.run(['dpkg', '-x', deb, where / 'tree'], 'unpacking Xen', log=log)
    packed = next((where / 'tree' / 'boot').glob('xen-*.gz'))
    target.write_bytes(gzip.decompress(packed.read_bytes()))
    console.drop_temp_dir(str(where))


def base():
    """The directory with Xen, the kernel, dom0's initrd and root disk."""
    key = cache.digest(*DOM0_PACKAGES, *DOM0_MODULES, *image.EXCLUDE,
                       HYPERVISOR, HERE / 'xen-init.sh', HERE / 'image.py',
                       HERE / 'kernel.py')
    entry = cache.place('xen') / ('base-' + key)
    with cache.lock('xen'):
        if (entry / 'root.ext4').exists():
            return entry
        log = packages.root_log('xen-base')
        packages.Apt(kernel.SUITES[SUITE]).update()
        console.say('making dom0\'s root disk')
        with cache.making(entry) as partial:
            fetch_xen(partial / 'xen', log)
            tree, version, picture = module_tree(log)
            shutil.copy(picture, partial / 'vmlinuz')
            initrd(partial / 'initrd', HERE / 'xen-init.sh',
                   kernel.Modules(tree, version), DOM0_MODULES)
            console.drop_temp_dir(str(tree))
            root = partial / 'root'
            image.unpack(SUITE, root, log, names=DOM0_PACKAGES)
            image.finish(root)
            image.make_disk(root, partial / 'root.ext4', log)
            shutil.rmtree(root, ignore_errors=True)
    return entry


# ---- a run ------------------------------------------------------------------

def libraries(program):
    """[(path in the archive, path)] of a program and what it is linked with."""
    found = [('bin/' + program.name, program)]
    out = subprocess.run(['ldd', str(program)], capture_output=True,
                         text=True, check=True).stdout
    for path in re.findall(r'(/\S+) \(0x', out):
        found.append((path.lstrip('/'), path))
    return found


def domain(options):
    """The domain's file: what xl-cfg prints, and a small machine around."""
    parser = argparse.ArgumentParser()
    xlcfg.add_arguments(parser)
    lines = xlcfg.snippet('/t/qemu-system-x86_64', parser.parse_args(
        ['--vram', '256M']))
    line = ('console=hvc0 loglevel=4 panic=-1 nokaslr mitigations=off '
            'nosoftlockup')
    if options.short:
        line += ' gpuvm.short'
    pairs = [('name', '"u1"'), ('memory', DOMU_MEMORY), ('vcpus', 1),
             ('kernel', '"/t/vmlinuz"'), ('ramdisk', '"/t/initrd"'),
             ('cmdline', xlcfg.quoted(line)), ('vga', '"none"'),
             ('on_poweroff', '"destroy"'), ('on_reboot', '"destroy"'),
             ('on_crash', '"destroy"')]
    return lines + ''.join('%s = %s\n' % pair for pair in pairs)


def second_disk(options, place, made, binary):
    """What is tested, as an ext4 file; returns its path."""
    log = packages.root_log('xen-base')
    tree = place / 't'
    tree.mkdir()
    shutil.copy2(binary, tree / 'qemu-system-x86_64')
    (tree / 'busybox').write_bytes(kernel.busybox())
    (tree / 'busybox').chmod(0o755)
    shutil.copy(made / 'vmlinuz', tree / 'vmlinuz')
    shutil.copy(HERE / 'xen-dom0.sh', tree / 'dom0')
    (tree / 'domain.cfg').write_text(domain(options))
    (tree / 'limit').write_text('%d\n' % DOMU_LIMIT)
    kernels, version, _ = module_tree(log)
    modules = kernel.Modules(kernels, version)
    initrd(tree / 'initrd', HERE / 'xen-domu.sh', modules,
           [] if options.short else DOMU_MODULES, [] if options.short else
           [file for name in ('nv-copy', 'gpu-load')
            for file in libraries(core.programs() / name)])
    console.drop_temp_dir(str(kernels))
    disk = place / 't.ext4'
    image.make_disk(tree, disk, log)
    shutil.rmtree(tree)
    return disk


def machine(made, disk):
    """QEMU's command line: the machine on which Xen runs."""
    argv = ['qemu-system-x86_64', '-machine', 'pc', '-accel',
            'tcg,thread=multi', '-smp', '1', '-m', '3072', '-cpu', CPU,
            '-nodefaults', '-display', 'none', '-no-reboot',
            '-chardev', 'stdio,id=line,signal=off', '-serial', 'chardev:line',
            '-kernel', made / 'xen',
            '-append', XEN_LINE, '-initrd',
            '%s console=hvc0 loglevel=6,%s' % (made / 'vmlinuz',
                                               made / 'initrd')]
    for n, path in enumerate((made / 'root.ext4', disk)):
        argv += ['-drive', 'file=%s,if=none,id=d%d,format=raw,snapshot=on,'
                 'file.locking=off' % (path, n),
                 '-device', 'virtio-blk-pci,drive=d%d' % n]
    return argv


def lines_of(path):
    """The log's whole lines, without what consoles add."""
    if not path.exists():
        return []
    text = path.read_text(errors='replace').replace('\r', '')
    return text.split('\n')[:-1]


def beat(child):
    """A byte on the machine's serial line, which interrupts it.

    TCG's VMRUN and VMEXIT (svm_helper.c) change the word of pending
    interrupts without QEMU's lock, so now and then one is lost: its bit stays
    set in the APIC, but the processor is not told and may halt for ever.  The
    next interrupt of any device makes the APIC tell it of both.
    """
    try:
        child.stdin.write(b'\n')
        child.stdin.flush()
    except OSError:             # it ends just now
        pass


def follow(child, log):
    """Tell what happens until the machine ends; why it did not end well."""
    start, told, up, beats = time.monotonic(), 0, False, 0
    while True:
        if time.monotonic() - start > beats * HEARTBEAT:
            beats += 1
            beat(child)
        ended = child.poll() is not None
        rows = lines_of(log)
        for row in rows[told:]:
            hit = re.search(r'gpuvm-(dom0|domu): (.*)', row)
            if hit:
                console.say('xen: %s: %s' % hit.groups())
                up = up or hit.group(2).startswith('up')
        told = len(rows)
        if ended:
            return '' if any('gpuvm-dom0: end' in r for r in rows) else \
                'the machine ended (status %s) before dom0 did' % child.poll()
        limit = DOM0_LIMIT + (DOMU_LIMIT + 300 if up else 0)
        if time.monotonic() - start > limit:
            return 'not done after %d s; the last line: %s' % (
                limit, rows[-1] if rows else 'the start')
        time.sleep(1)


def counters(rows):
    """What the device counted: xl prints a string that holds JSON."""
    for row in rows:
        hit = re.search(r'gpuvm-stats: (".*")', row)
        if hit:
            return json.loads(json.loads(hit.group(1)))
    return {}


def judge_counts(wanted, stats):
    """Which counters are not what was wanted; '' if none."""
    return '\n'.join('%s is %s, not %s' % (name, stats.get(name), how)
                     for name, how in wanted.items() if name not in stats or
                     not checks.measure(how, stats[name], stats))


def judge(options, rows, why, tally):
    """The checks of the log, one count each."""
    for name in SHORT if options.short else CHECKS:
        full = 'xen/' + name
        if not tally.wants(full):
            continue
        hit = [re.search(r'gpuvm-domu: (ok|failed) %s: (.*)' % name, row)
               for row in rows]
        hit = [h for h in hit if h]
        if not hit:
            tally.fail(full, '%s\n%s' % (why or 'the domain did not say',
                                         '\n'.join(rows[-30:])))
        elif hit[-1].group(1) == 'ok':
            tally.ok(full)
        else:
            tally.fail(full, hit[-1].group(2))
    if tally.wants('xen/counters'):
        wanted = SHORT_COUNTS
        if not options.short:
            kernels = re.search(r'ok compute: .* kernels=(\d+) ',
                                '\n'.join(rows))
            wanted = dict(COUNTS, launches='== ' + kernels.group(1)) \
                if kernels else COUNTS
        why_not = judge_counts(wanted, counters(rows))
        if why_not:
            tally.fail('xen/counters', why_not)
        else:
            tally.ok('xen/counters')
    bad = [row for row in rows if any(word in row for word in FORBIDDEN)]
    if tally.wants('xen/log'):
        if bad or why:
            tally.fail('xen/log', '\n'.join([why] * bool(why) + bad))
        else:
            tally.ok('xen/log')


def run_xen(options, tally):
    packages.ensure(['distro', 'guest'])
    binary = qemu.build(versions.DEFAULT, xen=True)
    made = base()
    place = pathlib.Path(console.temp_dir())
    log = packages.root_log('xen')
    disk = second_disk(options, place, made, binary)
    console.say('xen: starting the machine (TCG); its log: %s' % log)
    with open(place / 'qemu.err', 'wb') as err, open(log, 'wb') as out:
        child = console.spawn(machine(made, disk), stdout=out, stderr=err,
                              stdin=subprocess.PIPE)
    try:
        why = follow(child, log)
    finally:
        console.kill(child)
    why = why and why + '\n' + (place / 'qemu.err').read_text()
    judge(options, lines_of(log), why, tally)
    console.drop_temp_dir(str(place))
    return len(CHECKS)
