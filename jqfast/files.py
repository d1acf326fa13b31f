"""Whole files or none, written under a temporary name, synced, renamed; a lock that dies with its holder."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO

#: Ending of temporary files; what a killed process leaves is recognised by it.
PARTIAL = ".partial"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path next to ``path`` that takes its place when the block ends well, and vanishes when not.

    Raises
    ------
    OSError
        If the folder cannot be written or the disk is full; ``path`` is then as it was before.
    """
    make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PARTIAL, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        sync(temporary)
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes files private; these are for colleagues too
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)  # the rename itself reaches the disk with the folder


def write_text(path: Path, text: str) -> None:
    """``text`` as UTF-8 in ``path``, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def make_folder(path: Path) -> None:
    """The folder with its parents, each entry on the disk before the next is made."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(path: Path) -> IO[str] | None:
    """An open file under this process's lock, or None while another process holds it.

    The system drops the lock when the file is closed and when the process dies, however it dies: there is
    nothing stale to take over. The file says who holds it.
    """
    file = path.open("a+", encoding="utf-8")
    try:
        _lock_file(file)
    except OSError as error:
        file.close()
        if error.errno in _HELD:
            return None
        raise  # a file system without locks: better no writer than two
    _held.add(file)
    with contextlib.suppress(OSError):  # a full disk takes the name, not the lock
        file.truncate(0)
        file.write(f"process {os.getpid()} (started {now()})")
        file.flush()
    return file


def unlock(file: IO[str]) -> None:
    """Release a lock."""
    _held.discard(file)
    file.close()


def holder(path: Path) -> str:
    """Who holds a lock, in words."""
    try:
        return path.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"


def now() -> str:
    """Local time with its zone, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


#: What the systems say of a lock that somebody else holds.
_HELD = (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK)
_held: weakref.WeakSet[IO[str]] = weakref.WeakSet()


def _drop_inherited() -> None:
    """A forked child keeps no lock of its parent: it would outlive the parent's death."""
    for file in list(_held):
        file.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_inherited)


def _lock_file(file: IO[str]) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # Windows only
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _umask() -> int:
    """The process's file mask; the system has no way to read it without setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
