"""gpuvm test kills: guests whose QEMU is killed in the midst of their work.

A neighbour guest computes all the while.  One guest after the other (20, or
GPUVM_GUEST_KILLS) boots beside it, computes, and is killed (kill -9 of its
QEMU) at a random moment of its work.  The GPU's VRAM is enough for two guests,
so each gets the slice that the one before it left.  After each kill the dead
one is out of the scheduler's table within a few seconds, and the neighbour's
next kernels come, with every word right.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import os
import random
import time

from . import console, loads

KILLS = 20
FORGOTTEN = 10.0        # seconds until the dead are out of the table
MOVES = 20.0            # and until the neighbour has done more


def defaults(options):
    """What run.base_config() wants to know of guests."""
    options.no_gpu = options.no_nouveau = False
    options.guest, options.machine = 'debian12', 'q35'


def more_kernels(watch, one):
    """The neighbour does three more; seconds that took."""
    begin, done = time.monotonic(), one.lines.kernels()
    watch.wait(lambda: one.lines.kernels() > done + 2 or not one.alive(),
               'the neighbour stands', MOVES)
    loads.check_alive(one)
    return time.monotonic() - begin


def kill_one(watch, neighbour, one):
    """One boots, works, is killed; what went wrong, or None."""
    loads.start_all([one], watch)
    time.sleep(random.uniform(0.05, 2.0))
    loads.check_alive(one)
    one.one.process.kill()
    watch.wait(lambda: one.slot not in watch.slots(),
               'the dead guest is still in the table', FORGOTTEN)
    more_kernels(watch, neighbour)
    if neighbour.lines.wrong():
        return 'the neighbour has %d wrong words' % neighbour.lines.wrong()
    if one.lines.wrong():
        return '%d wrong words before it was killed' % one.lines.wrong()
    return None


def run_all(options, tally):
    if not tally.wants('kills/guests'):
        return 0
    count = int(os.environ.get('GPUVM_GUEST_KILLS', KILLS))
    defaults(options)
    loads.ready()
    share, vram = 'kills-%d' % os.getpid(), 2 * loads.SLICE
    base, rounds = loads.guest_base(options, share, vram), loads.calibrate()
    watch = loads.Watch(share, 'fair', 10, vram)
    living = []

    def guest(name):
        living.append(loads.GuestLoad(loads.Client(name, 5), base, rounds))
        return living[-1]

    try:
        neighbour = guest('neighbour')
        loads.start_all([neighbour], watch)
        for n in range(count):
            begin, name = time.monotonic(), 'kills/guest-%d' % (n + 1)
            try:
                why = kill_one(watch, neighbour, guest('victim%d' % (n + 1)))
            except console.GpuvmError as error:
                why = str(error)
            living.pop().end()
            if why:
                tally.fail(name, why)
            else:
                tally.ok(name, time.monotonic() - begin)
    finally:
        for one in living:
            one.end()
        watch.close()
    return count
