"""gpuvm xl-cfg: what an HVM domain of Xen's xl needs to have a virtual GPU.

Prints lines for the domain's configuration file.  xl does not know the
device, so it comes by the device model's own command line; the device model
is the QEMU that `gpuvm build --xen` makes.  On a dom0 that got a copy of it,
--binary names the copy.

`gpuvm test xen` starts a domain with exactly these lines.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import pathlib

from . import console, guest, libvirt, qemu, versions

SLOT = '0x10'       # high: libxl and QEMU hand out low ones


def quoted(text):
    """A string as xl's configuration files have it."""
    return '"%s"' % str(text).replace('\\', '\\\\').replace('"', '\\"')


def device(driver, properties):
    """The two words of one -device."""
    return ['-device', ','.join([driver] + [
        '%s=%s' % (name, guest.quote(value)) for name, value in properties])]


def device_words(options):
    """-device arguments: a GPU that domains share, if asked for, and ours."""
    for size in (options.vram, options.total):
        libvirt.size(size)
    extra = [pair.split('=', 1) for pair in filter(
        None, options.gpu.split(',')) if libvirt.properties(pair, '--gpu')]
    ours = [('id', 'gpu0'), ('bus', 'pci.0'), ('addr', SLOT),
            ('vram', options.vram)]
    words = []
    if options.share:
        words += device('gpuvm-soft', [
            ('id', 'soft0'), ('share', options.share),
            ('vram', options.total)])
        ours.append(('gpu', 'soft0'))
    return words + device('gpuvm', ours + extra)


def snippet(binary, options):
    """The lines of the domain's file."""
    words = [quoted(word) for word in device_words(options)]
    pairs = ['    %s, %s,' % pair for pair in zip(words[::2], words[1::2])]
    return '\n'.join([
        '# a virtual GPU (gpuvm); for `xl create`',
        'type = "hvm"',
        'device_model_version = "qemu-xen"',
        'device_model_override = %s' % quoted(binary),
        'device_model_args_hvm = [', *pairs, ']', ''])


def main(options):
    if options.binary:
        binary = pathlib.PurePosixPath(options.binary)
        if not binary.is_absolute():
            raise console.GpuvmError(
                '--binary %s is no absolute path; xl wants one'
                % options.binary, '--binary /usr/local/bin/gpuvm-qemu')
    else:
        binary = qemu.build(options.qemu_build or versions.DEFAULT, xen=True)
    print(snippet(binary, options), end='')
    return 0


def add_arguments(parser):
    libvirt.add_device_arguments(parser, 'domain', tuple(versions.TABLE))
    parser.add_argument('--binary', metavar='PATH',
                        help='where the device model lies in dom0 (default: '
                        'it is built, and is where it was built)')
