"""Compiled functions between runs: found under another name, whole, without what a killed run left."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jqfast.files import lock, unlock
from jqfast.learn import compile_cache
from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.compile_cache import cache_folder, keep_compiled


@pytest.fixture(autouse=True)
def jax_without_a_folder() -> Iterator[None]:
    """Whatever the environment of the tests told JAX."""
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    yield
    jax.config.update("jax_compilation_cache_dir", before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JQFAST_CACHE_DIR", str(tmp_path / "mine"))
    found = cache_folder()
    assert found is not None
    return found


def _compile() -> None:
    """A program of its own each time: JAX asks the cache, as it knows nothing of the last one."""
    jax.jit(lambda x: jnp.sin(x) * 3.0 + jnp.tanh(x)).lower(jnp.ones(7)).compile()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*-cache")}


def test_the_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JQFAST_CACHE_DIR", str(tmp_path / "mine"))
    mine = cache_folder()
    assert mine is not None
    assert mine.is_relative_to(tmp_path / "mine")
    monkeypatch.delenv("JQFAST_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    other = cache_folder()
    assert other is not None
    assert other.is_relative_to(tmp_path / "xdg" / "jqfast")
    assert other.name == mine.name  # the same processor
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    home = cache_folder()
    assert home is not None
    if sys.platform != "win32":
        assert home.is_relative_to(tmp_path / "home" / ".cache" / "jqfast")
    monkeypatch.setenv("JQFAST_CACHE_DIR", "")
    assert cache_folder() is None


def test_nobodys_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("JQFAST_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert cache_folder() is None


def test_what_was_compiled_is_not_compiled_again(folder: Path) -> None:
    with keep_compiled():
        _compile()
    first = _names(folder)
    stamps = {path.name: path.stat().st_mtime_ns for path in folder.glob("*-cache")}
    assert first
    with keep_compiled():
        _compile()
        own = next(folder.glob(".run-*"))
        assert _names(own) == first  # found: nothing new was written
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*-cache")} == stamps
    assert not list(folder.glob(".run-*"))


def test_what_is_kept_is_there_before_the_block_ends(folder: Path) -> None:
    with keep_compiled() as keep:
        _compile()
        assert not _names(folder)
        keep()
        assert _names(folder)


def test_two_runs_at_once_do_not_disturb_each_other(folder: Path) -> None:
    with keep_compiled():
        own = next(folder.glob(".run-*"))
        compile_cache._remove_leftovers(folder)  # as the other run does when it starts
        assert own.is_dir()
        _compile()
        names = _names(own)
        name = min(names)
        folder.joinpath(name).write_bytes(b"of the other run")
    assert _names(folder) == names
    assert folder.joinpath(name).read_bytes() == b"of the other run"


def test_nothing_is_kept_while_another_thread_may_be_writing(folder: Path) -> None:
    with keep_compiled() as keep:
        _compile()
        with keep_compiled() as other:
            keep()
            other()
            assert not _names(folder)
        keep()
        assert _names(folder)


def test_the_last_block_to_end_closes_the_folder(folder: Path) -> None:
    """Whichever of two threads began: JAX has one folder for both."""
    first, second = keep_compiled(), keep_compiled()
    first.__enter__()
    second.__enter__()
    own = Path(jax.config.jax_compilation_cache_dir or "")
    first.__exit__(None, None, None)
    assert Path(jax.config.jax_compilation_cache_dir or "") == own
    _compile()  # a folder that is gone would be a warning, and so an error
    assert _names(own)
    second.__exit__(None, None, None)
    assert jax.config.jax_compilation_cache_dir is None
    assert not own.exists()
    assert _names(folder)


def test_what_another_run_has_removed_stays_away(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.joinpath("old-cache").write_bytes(b"x")
    with keep_compiled():
        folder.joinpath("old-cache").unlink()
    assert _names(folder) == set()


def test_a_killed_run_leaves_nothing_that_stays(folder: Path) -> None:
    dead, alive = folder / ".run-dead", folder / ".run-alive"
    for path in (dead, alive):
        path.mkdir(parents=True)
        (path / "half-cache").write_bytes(b"half")
    held = lock(alive / "lock")
    assert held is not None
    try:
        with keep_compiled():
            assert not dead.exists()
            assert alive.is_dir()
        assert "half-cache" not in _names(folder)
    finally:
        unlock(held)


def test_the_oldest_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_cache, "_MOST", 2)
    folder.mkdir(parents=True)
    for age in range(4):
        entry = folder / f"{age}-cache"
        entry.write_bytes(b"x")
        os.utime(entry, (1000 - age, 1000 - age))
    with keep_compiled():
        pass
    assert _names(folder) == {"0-cache", "1-cache"}


def test_no_cache_where_none_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("JQFAST_CACHE_DIR", str(tmp_path / "file"))
    with keep_compiled() as keep:
        _compile()
        keep()
        assert jax.config.jax_compilation_cache_dir is None
    monkeypatch.setenv("JQFAST_CACHE_DIR", "")
    with keep_compiled():
        assert jax.config.jax_compilation_cache_dir is None


def test_a_folder_that_jax_was_told_of_is_left_alone(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    jax.config.update("jax_compilation_cache_dir", str(own))
    try:
        with keep_compiled():
            assert jax.config.jax_compilation_cache_dir == str(own)
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
    assert not folder.exists()


def test_settings_are_as_before_after_an_error(folder: Path) -> None:
    names = [name for name in jax.config.values if "cache" in name]
    before = {name: getattr(jax.config, name) for name in names}
    with pytest.raises(KeyError), keep_compiled():
        raise KeyError
    assert "jax_compilation_cache_dir" in before
    assert {name: getattr(jax.config, name) for name in names} == before
    assert not list(folder.glob(".run-*"))
