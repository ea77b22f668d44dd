"""A small QMP client: one socket that QEMU connects to, one command a time.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import re

from . import console


def value(text):
    """A property's value, as options write it, as JSON has it."""
    if re.fullmatch(r'-?\d+', text):
        return int(text)
    return {'on': True, 'off': False}.get(text, text)


class Qmp:
    """Talks to one QEMU; sock is the accepted, blocking socket."""

    def __init__(self, sock, timeout=20):
        sock.settimeout(timeout)
        self.sock = sock
        self.file = sock.makefile('rwb')
        self._read()                    # the greeting
        self.command('qmp_capabilities')

    def _read(self):
        line = self.file.readline()
        if not line:
            raise ConnectionResetError('QEMU closed its monitor')
        return json.loads(line)

    def command(self, name, **arguments):
        """Run one command; returns its result, events are skipped."""
        message = {'execute': name}
        if arguments:
            message['arguments'] = arguments
        self.file.write(json.dumps(message).encode() + b'\n')
        self.file.flush()
        while True:
            answer = self._read()
            if 'error' in answer:
                raise console.GpuvmError('QEMU refused %s: %s' %
                                         (name, answer['error']['desc']))
            if 'return' in answer:
                return answer['return']

    def get(self, path, prop):
        """A QOM property's value."""
        return self.command('qom-get', path=path, property=prop)
