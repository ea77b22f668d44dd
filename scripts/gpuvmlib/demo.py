"""gpuvm demo: a Debian guest finds a GPU that is software, and computes on it.

Builds what is missing (QEMU with the device, the guest, the programs), boots
an unmodified Debian guest with its own nouveau driver and its own Mesa, and
runs OpenCL programs in it whose results are checked.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import dataclasses

from . import console, core, guest, run

SCRIPT = """\
set -o pipefail
echo
echo "Guest:                 $(. /etc/os-release; echo $PRETTY_NAME), Linux $(uname -r)"
card=$(lspci -d 10de: | head -1)
echo "PCI device:            ${card:-none}"
driver=$(readlink /sys/bus/pci/devices/0000:${card%% *}/driver)
echo "Kernel driver:         ${driver##*/}"
if [ ! -e /dev/dri/renderD128 ]; then
    echo "The driver made no render node; what it said:"
    dmesg | grep -i -e nouveau -e drm | tail -20
    exit 1
fi
/opt/gpuvm/cl-demo
"""


def main(options):
    programs = core.programs()
    if not (programs / 'cl-demo').exists():
        raise console.GpuvmError(
            'the demo\'s program was not built',
            'scripts/gpuvm doctor')
    options.no_gpu = options.no_nouveau = False
    options.share = []
    config = run.base_config(options, SCRIPT)
    config = dataclasses.replace(
        config, shares=((programs, '/opt/gpuvm', 'ro'),), stats=True)
    console.say('booting a Debian guest with a virtual GPU (%s)' %
                config.accel.upper())
    one = guest.Guest(dataclasses.replace(
        config, log=run.log_name(options.keep_log, 1, 1)), guest.Sink())
    try:
        one.start()
        status = one.wait()
    finally:
        one.end()
    print()
    if status == 0:
        print('The guest\'s stock driver and OpenCL used the virtual GPU, and '
              'every result was right.')
        print('The GPU is a program: no graphics card took part. It ran %d '
              'compute launches and sent %d interrupts.' %
              (one.stats.get('launches', 0), one.stats.get('interrupts', 0)))
    else:
        print('The demo FAILED (exit status %d).' % status)
        run.print_stats('', one)
    return status


def add_arguments(parser):
    run.add_guest_arguments(parser)
    parser.add_argument('--keep-log', metavar='FILE',
                        help='keep the guest\'s console here')
    parser.add_argument('--timeout', type=float, default=600,
                        metavar='SECONDS', help='default 600')
    parser.set_defaults(stats=True, qemu=())
