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
from collections.abc import Callable, Iterator
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

#: Blocks of :func:`keep_compiled` that this process is in.
_runs: set[object] = set()

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


@contextlib.contextmanager
def keep_compiled() -> Iterator[Keep]:
    """Read what is compiled inside the block from the cache where it is there, and keep it where it is not.

    A folder that JAX was told of before is left alone, and so is one that cannot be written. JAX opens its
    folder once, hence the resets. It has one for the process: what another thread compiles meanwhile goes
    into the same folder, perhaps just now, so that nothing new is kept until that thread is done.
    """
    folder = None if _setting("jax_compilation_cache_dir") else cache_folder()
    with contextlib.ExitStack() as stack:
        run = object()
        _runs.add(run)
        stack.callback(_runs.discard, run)
        linked = _own_folder(folder, stack) if folder else None
        if folder is None or linked is None:
            yield _nothing
            return
        own, known = linked
        stack.enter_context(_told(own))
        yield lambda: _publish(own, folder, known)
        _publish(own, folder, known)


def _setting(name: str) -> Any:
    """A setting of JAX, whose types do not list them."""
    return getattr(jax.config, name)


def _nothing() -> None:
    """Nothing is kept."""


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


def _publish(own: Path, folder: Path, known: set[str]) -> None:
    """Link what is new in ``own`` into ``folder``; a name appears there complete or not at all.

    What was ``known`` stays away where another run has removed it since.
    """
    if len(_runs) > 1:
        return
    with contextlib.suppress(OSError):
        for entry in own.glob(_ENTRIES):
            if entry.name in known:
                continue
            known.add(entry.name)
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
