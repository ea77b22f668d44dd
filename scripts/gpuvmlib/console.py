"""What the person sees: progress lines, errors, and children that end with us.

A progress line is "[  12s] text", the seconds counted from the start of the
command.  Progress goes to stderr, so that stdout carries only what the guest
or the test printed.  Every child process is started through run() or spawn():
it gets its own process group and is ended when we are.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

START = time.monotonic()
_lock = threading.Lock()
_children = set()
_temp_dirs = []


class GpuvmError(Exception):
    """An error for the person: what went wrong, and what mends it."""

    def __init__(self, message, remedy=None, status=1):
        super().__init__(message)
        self.remedy = remedy
        self.status = status


def elapsed():
    return time.monotonic() - START


def say(text):
    """One progress line."""
    with _lock:
        sys.stderr.write('[%4ds] %s\n' % (elapsed(), text))
        sys.stderr.flush()


def fail(error):
    """Tell of a GpuvmError; returns the exit status."""
    sys.stderr.write('gpuvm: error: %s\n' % error)
    if error.remedy:
        sys.stderr.write('gpuvm: try: %s\n' % error.remedy)
    return error.status


class Meter:
    """Progress of a long step: in place on a terminal, else now and then."""

    def __init__(self, title, every=20):
        self.title = title
        self.every = every
        self.last = time.monotonic()
        self.tty = sys.stderr.isatty()
        self.shown = False

    def update(self, text):
        now = time.monotonic()
        if self.tty and now - self.last >= 0.2:
            width = shutil.get_terminal_size().columns - 1
            line = '[%4ds] %s: %s' % (elapsed(), self.title, text)
            sys.stderr.write('\r' + line[:width].ljust(width))
            sys.stderr.flush()
            self.last, self.shown = now, True
        elif not self.tty and now - self.last >= self.every:
            say('%s: %s' % (self.title, text))
            self.last = now

    def close(self):
        if self.shown:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write('\r' + ' ' * width + '\r')
            sys.stderr.flush()


def spawn(argv, **kwargs):
    """subprocess.Popen in its own process group, ended when we end."""
    child = subprocess.Popen([str(a) for a in argv], start_new_session=True,
                             **kwargs)
    _children.add(child)
    return child


def reap(child, timeout=None):
    """Wait for a child of spawn(); returns its exit status."""
    status = child.wait(timeout)
    _children.discard(child)
    return status


def kill(child, grace=2.0):
    """End a child of spawn() and what it started."""
    if child.poll() is None:
        for sig in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(child.pid, sig)
                child.wait(grace)
                break
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
    _children.discard(child)


def run(argv, what, log=None, meter=None, pattern=r'^\[(\d+/\d+)\]', **kwargs):
    """Run a command to its end, its output into a log; raises on failure.

    what: what it does, in words; log: path of the log file (appended to);
    meter: a title under which lines that match pattern show progress.
    Returns the output as text.
    """
    lines = []
    progress = Meter(meter) if meter else None
    child = spawn(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                  stderr=subprocess.STDOUT, text=True, errors='replace',
                  **kwargs)
    out = open(log, 'a', encoding='utf-8') if log else None
    try:
        if out:
            out.write('+ %s\n' % ' '.join(str(a) for a in argv))
        for line in child.stdout:
            lines.append(line)
            if out:
                out.write(line)
                out.flush()
            if progress:
                hit = re.search(pattern, line)
                if hit:
                    progress.update(hit.group(1))
        status = reap(child)
    finally:
        kill(child)
        if progress:
            progress.close()
        if out:
            out.close()
    if status:
        tail = ''.join(lines[-25:])
        raise GpuvmError('%s failed (exit status %d):\n%s' %
                         (what, status, tail),
                         'read the whole log: %s' % log if log else None)
    return ''.join(lines)


def temp_dir():
    """A directory that is gone when we are (short path: sockets live there)."""
    path = tempfile.mkdtemp(prefix='gpuvm-', dir='/tmp')
    _temp_dirs.append(path)
    return path


def drop_temp_dir(path):
    shutil.rmtree(path, ignore_errors=True)
    if path in _temp_dirs:
        _temp_dirs.remove(path)


def _cleanup():
    for child in list(_children):
        kill(child)
    for path in list(_temp_dirs):
        drop_temp_dir(path)


def _terminate(signum, frame):
    raise KeyboardInterrupt


def install_cleanup():
    """SIGTERM and SIGHUP end us as Ctrl-C does: children and files go."""
    atexit.register(_cleanup)
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGHUP, _terminate)
