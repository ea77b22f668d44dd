"""Checks written as data: shell commands and what they must print.

A TOML file (tests/guest/*.toml, tests/native/*.toml) holds [[boot]] tables,
each one guest, with [[boot.check]] tables in it:

  name     of the check; the test is called guest/BOOT/NAME
  run      shell script, run by bash
  expect   regular expressions (multi-line), each must match its output
  refuse   regular expressions, none may match
  status   exit status wanted (default 0)
  timeout  seconds (default 120)
  dmesg    true: each line of output must match one of dmesg-allowed
  needs    name of an earlier check of the boot; if that one failed, this one
           fails at once and the boot saves the time
  then     in a boot with `resets = true` (recovery.py): `run` restarts the
           guest, and this script's output, after the restart, is judged

A boot with `piglit = true` has piglit's compute tests in it (piglit.py).

One boot runs all its checks, one after the other; markers with a random word
divide their outputs.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import dataclasses
import re
import secrets
import shlex
import tomllib

CHECK_KEYS = {'name', 'run', 'expect', 'refuse', 'status', 'timeout', 'dmesg',
              'needs', 'then'}


@dataclasses.dataclass
class Check:
    name: str
    run: str
    expect: list = dataclasses.field(default_factory=list)
    refuse: list = dataclasses.field(default_factory=list)
    status: int = 0
    timeout: int = 120
    dmesg: bool = False
    needs: str = ''
    then: str = ''

    def judge(self, status, output, allowed):
        """None if right, else a sentence (and the output)."""
        why = None
        if status == 124 and self.status != 124:
            why = 'not done after %d s' % self.timeout
        elif status != self.status:
            why = 'exit status %d, expected %d' % (status, self.status)
        for pattern in self.expect:
            if not why and not re.search(pattern, output, re.M):
                why = 'no match for %r' % pattern
        for pattern in self.refuse:
            hit = re.search(pattern, output, re.M)
            if not why and hit:
                why = 'has %r' % hit.group(0)
        if self.dmesg and not why:
            bad = [line for line in output.splitlines()
                   if line.strip() and not any(
                       a.search(line) for a in allowed)]
            if bad:
                return 'lines that dmesg-allowed does not have:\n' + \
                    '\n'.join(bad)
        return '%s\n%s' % (why, output) if why else None


def load(path):
    """The boots of a file: [(table without checks, [Check])]."""
    with open(path, 'rb') as handle:
        data = tomllib.load(handle)
    boots = []
    for boot in data['boot']:
        checks = []
        for table in boot.pop('check', []):
            odd = set(table) - CHECK_KEYS
            if odd:
                raise ValueError('%s: %s: unknown key %s' %
                                 (path, table.get('name'), ', '.join(odd)))
            checks.append(Check(**table))
        boots.append((boot, checks))
    return boots


def allowed_lines(path):
    """dmesg-allowed: REGEX, a tab, why; # starts a comment line."""
    found = []
    for n, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        pattern, tab, why = line.partition('\t')
        if not tab or not why.strip():
            raise ValueError('%s:%d: REGEX, a tab, and the reason' % (path, n))
        found.append(re.compile(pattern))
    return found


# step N: true if check N is over; else notes that it begins, and sets
# again=yes if it had begun already when the guest was restarted.
RESUME = '''
state=/var/gpuvm-checks
mkdir -p $state
failed=$(cat $state/failed 2>/dev/null)
step() {
  [ -e $state/$1.ended ] && return 0
  again=no
  [ -e $state/$1.begun ] && again=yes
  touch $state/$1.begun
  sync
  return 1
}
ended() {
  echo "$failed" >$state/failed
  touch $state/$1.ended
  sync
}
'''


class Script:
    """The shell script of a boot, and the reader of what it prints.

    With `resets` the script is run anew after each restart of the guest and
    goes on where it was: it keeps what has begun and ended on the disk.
    """

    def __init__(self, checks, resets=False):
        self.checks = checks
        self.resets = resets
        self.mark = '@@' + secrets.token_hex(8)
        self.rest = ''
        self.current = None
        self.lines = []

    def text(self):
        parts = ['result() {\n'
                 '  local at=$(($(date +%%s%%N)/1000000))\n'
                 '  timeout -k 5 "$2" bash -c "$3" 2>&1 </dev/null\n'
                 '  local status=$?\n'
                 '  [ $status = 0 ] || failed="$failed $1"\n'
                 '  printf "\\n%s end %%d %%d %%d\\n" "$1" "$status" '
                 '$(($(date +%%s%%N)/1000000-at))\n'
                 '}\n'
                 'failed=\n' % self.mark]
        if self.resets:
            parts.append(RESUME)
        index = {c.name: n for n, c in enumerate(self.checks)}
        for n, check in enumerate(self.checks):
            begin = 'echo; echo "%s begin %d"\n' % (self.mark, n)
            call = 'result %d %d %s\n' % (n, check.timeout,
                                          shlex.quote(check.run))
            if check.needs:
                call = ('case "$failed " in *" %d "*) failed="$failed %d"'
                        '; echo "%s end %d 254 0";;\n*) %s;; esac\n' %
                        (index[check.needs], n, self.mark, n, call))
            if self.resets:
                again = 'result %d %d %s' % (n, check.timeout, shlex.quote(
                    check.then or 'echo the guest restarted; exit 253'))
                call = 'step %d || {\n%s%sended %d\n}\n' % (
                    n, begin, 'if [ $again = yes ]; then %s\nelse %sfi\n' %
                    (again, call), n)
            else:
                call = begin + call
            parts.append(call)
        return ''.join(parts)

    def feed(self, data):
        """Takes output; yields (check, status, seconds, output)."""
        self.rest += data.decode(errors='replace')
        while '\n' in self.rest:
            line, _, self.rest = self.rest.partition('\n')
            words = line.strip().split()
            if words[:2] == [self.mark, 'begin']:
                self.current = int(words[2])
                self.lines = []
            elif words[:2] == [self.mark, 'end']:
                check = self.checks[int(words[2])]
                output = '\n'.join(self.lines).strip('\n')
                self.current = None
                yield check, int(words[3]), int(words[4]) / 1000, output
            else:
                self.lines.append(line)


def measure(expression, value, others=None):
    """Whether a counter's value fits "== 0", ">= 5", "< 0.5 tlb_flushes".

    The last compares with a multiple of another counter, of others.
    """
    sign, number, *other = expression.split()
    number = float(number)
    if other:
        number *= others[other[0]]
    return {'==': value == number, '>': value > number,
            '>=': value >= number, '<': value < number,
            '<=': value <= number}[sign]
