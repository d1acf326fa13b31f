"""Compiled functions, kept for the next run of the same computation, whatever that run is called.

JAX finds them by a key of its own (program, versions, flags, device). They live in the user's cache folder,
in a folder per kind of processor, as code compiled for one need not run on another:

    $JQFAST_CACHE_DIR, else $XDG_CACHE_HOME/jqfast, else ~/.cache/jqfast; nothing is kept if it is empty

1. A run works in a folder of its own inside that one, filled with links to what there is: JAX writes in
   place, so that another run could read half a file, and a killed one would leave it there for ever.
2. What is new goes into the common folder by a rename, whole, when nothing is being compiled.
3. The folder of a killed run, whose lock nobody holds, is removed by the next run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jqfast.files import lock, unlock
from jqfast.learn._jax_setup import jax

#: Compiled functions kept at most; the oldest go first.
_MOST = 500

#: Programs are kept that took this many seconds to compile. JAX's threshold is 1, but a run has dozens of
#: small ones, which together take longer than the large one.
_WORTH = 0.0

_ENTRIES, _RUN, _LOCK = "*-cache", ".run-", "lock"

#: Tells that nothing is being compiled, so that what is new can be kept; called at the end without asking.
Keep = Callable[[], None]


def cache_folder() -> Path | None:
    """The folder of compiled functions for this processor; None where none are to be kept."""
    given = os.environ.get("JQFAST_CACHE_DIR")
    base: Path | None
    if given is not None:
        base = Path(given) if given else None
    else:
        base = None
        with contextlib.suppress(RuntimeError):  # nobody's home
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jqfast"
    return base and base.resolve() / "compiled" / _processor()


@dataclass
class _Shared:
    """What the blocks of :func:`keep_compiled` in one process share: JAX has one folder for all its threads.

    Parameters
    ----------
    blocks : how many there are now
    spoiled : one ended with an error, perhaps while JAX was writing
    folder, own : the common folder and that of this process; None where nothing is kept
    known : names of what needs no publishing
    stack : undoes what the first block did
    """

    blocks: int = 0
    spoiled: bool = False
    folder: Path | None = None
    own: Path | None = None
    known: set[str] = field(default_factory=set)
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


_shared, _turn = _Shared(), threading.Lock()


@contextlib.contextmanager
def keep_compiled() -> Iterator[Keep]:
    """Read what is compiled inside the block from the cache where it is there, and keep it where it is not.

    A folder that JAX was told of before is left alone, and so is one that cannot be written. Blocks may
    overlap in threads: the last one to end closes the folder of all, and nothing is kept while there are
    others, which may be writing just now.
    """
    with _turn:
        if _shared.blocks == 0:
            _begin()
        _shared.blocks += 1
    try:
        yield _keep
    except BaseException:
        _shared.spoiled = True
        raise
    finally:
        with _turn:
            if not _shared.spoiled:
                _publish()
            _shared.blocks -= 1
            if _shared.blocks == 0:
                _shared.stack.close()


def _begin() -> None:
    """Open the folder of this process, of which JAX opens one and once; hence the resets in ``_told``."""
    global _shared  # the first block starts anew
    _shared = _Shared()
    folder = None if _setting("jax_compilation_cache_dir") else cache_folder()
    if folder is None or (linked := _own_folder(folder, _shared.stack)) is None:
        return
    _shared.folder = folder
    _shared.own, _shared.known = linked
    _shared.stack.enter_context(_told(_shared.own))


def _keep() -> None:
    with _turn:
        _publish()


def _setting(name: str) -> Any:
    """A setting of JAX, whose types do not list them."""
    return getattr(jax.config, name)


def _own_folder(folder: Path, stack: contextlib.ExitStack) -> tuple[Path, set[str]] | None:
    """A locked folder with links to all that ``folder`` has, and their names; removed with the stack."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        own = Path(tempfile.mkdtemp(prefix=_RUN, dir=folder))
        stack.callback(shutil.rmtree, own, ignore_errors=True)
        held = lock(own / _LOCK)
        if held is None:  # another run takes it for a leftover
            return None
        stack.callback(unlock, held)
        entries = sorted(folder.glob(_ENTRIES), key=lambda path: -path.stat().st_mtime_ns)
        for entry in entries[:_MOST]:
            os.link(entry, own / entry.name)
        for entry in entries[_MOST:]:
            entry.unlink(missing_ok=True)
    except OSError:  # full, read-only, no links there, or another run tidied up just now: compile anew
        return None
    return own, {entry.name for entry in entries[:_MOST]}


@contextlib.contextmanager
def _told(own: Path) -> Iterator[None]:
    """JAX keeps compiled functions in ``own``, small ones too.

    Its caches inside XLA are off: their folder would be ``own`` too, whose name would become part of every
    key.
    """
    from jax.experimental.compilation_cache import compilation_cache

    wanted = {
        "jax_compilation_cache_dir": str(own),
        "jax_persistent_cache_min_compile_time_secs": _WORTH,
        "jax_persistent_cache_enable_xla_caches": "none",
    }
    before = {name: _setting(name) for name in wanted}
    compilation_cache.reset_cache()
    try:
        for name, value in wanted.items():
            jax.config.update(name, value)  # type: ignore[no-untyped-call]  # JAX has no types for it
        yield
    finally:
        for name, value in before.items():
            jax.config.update(name, value)  # type: ignore[no-untyped-call]  # as above
        compilation_cache.reset_cache()


def _publish() -> None:
    """Link what is new into the common folder, where a name appears complete or not at all.

    What was known at the start stays away where another run has removed it since.
    """
    own, folder = _shared.own, _shared.folder
    if own is None or folder is None or _shared.blocks > 1:
        return
    with contextlib.suppress(OSError):
        for entry in own.glob(_ENTRIES):
            if entry.name in _shared.known:
                continue
            _shared.known.add(entry.name)
            with contextlib.suppress(FileExistsError):
                os.link(entry, folder / entry.name)


def _remove_leftovers(folder: Path) -> None:
    """Remove the folders of runs that were killed: those whose lock can be had."""
    for left in folder.glob(f"{_RUN}*"):
        with contextlib.suppress(OSError):
            held = lock(left / _LOCK)
            if held is not None:
                shutil.rmtree(left, ignore_errors=True)
                unlock(held)


def _processor() -> str:
    """A name for the kind of processor: machine, and a digest of what it can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    told = {line for line in lines if line.startswith(("model name", "flags", "Features"))}
    able = "\n".join(sorted(told)) or platform.processor()
    return f"{platform.machine()}-{hashlib.sha256(able.encode()).hexdigest()[:12]}"
