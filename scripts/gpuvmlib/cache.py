"""The cache: everything built or fetched, found again by its content.

Each thing lives under ${XDG_CACHE_HOME:-~/.cache}/gpuvm in a directory named
after a hash of all that it was made from, so that a second build is a look-up
and a changed input gives a new directory.  A thing is made in a directory
beside its place and renamed when whole; what is half made is never found.  A
lock file per kind keeps two builders apart.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil

from . import console

# The repository that this script belongs to.
REPO = pathlib.Path(__file__).resolve().parents[2]


def root():
    """The cache's directory, made if absent."""
    base = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    path = pathlib.Path(base) / 'gpuvm'
    path.mkdir(parents=True, exist_ok=True)
    return path


def place(*parts):
    """A directory in the cache, made if absent."""
    path = root().joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def lock(name):
    """Keep other builders of the same thing out."""
    with open(root() / (name + '.lock'), 'w', encoding='ascii') as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.say('waiting for another gpuvm that builds the %s' % name)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def digest(*items):
    """Short hash of strings, bytes and files (pathlib.Path: the content)."""
    h = hashlib.sha256()
    for item in items:
        if isinstance(item, pathlib.Path):
            data = item.read_bytes()
        elif isinstance(item, bytes):
            data = item
        else:
            data = str(item).encode()
        h.update(b'%d:' % len(data))
        h.update(data)
    return h.hexdigest()[:16]


def tree_files(top):
    """The source files below a directory, sorted, relative to it."""
    found = []
    for path in sorted(pathlib.Path(top).rglob('*')):
        rel = path.relative_to(top)
        if path.is_file() and '__pycache__' not in rel.parts:
            found.append(rel)
    return found


def tree_digest(top):
    """Hash of names and contents of all files below a directory."""
    top = pathlib.Path(top)
    items = []
    for rel in tree_files(top):
        items += [str(rel), top / rel]
    return digest(*items)


def mirror(source, target):
    """Make target's files equal source's; what is equal keeps its date.

    A build that looks at dates then rebuilds only what really changed, even
    when the source is a fresh clone.
    """
    source, target = pathlib.Path(source), pathlib.Path(target)
    target.mkdir(parents=True, exist_ok=True)
    wanted = set(tree_files(source))
    for rel in tree_files(target):
        if rel not in wanted:
            (target / rel).unlink()
    for rel in wanted:
        data = (source / rel).read_bytes()
        dest = target / rel
        if not dest.is_file() or dest.read_bytes() != data:
            dest.parent.mkdir(parents=True, exist_ok=True)
            dest.write_bytes(data)


@contextlib.contextmanager
def making(path):
    """Yields a directory to fill; it becomes path when the block succeeds."""
    path = pathlib.Path(path)
    partial = path.with_name(path.name + '.partial')
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)


def keep_newest(directory, count):
    """Drop all but the count newest entries of a directory."""
    entries = [p for p in pathlib.Path(directory).iterdir()
               if not p.name.endswith('.lock')]
    entries.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for old in entries[count:]:
        shutil.rmtree(old, ignore_errors=True)
