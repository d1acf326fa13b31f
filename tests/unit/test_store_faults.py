"""A full disk or an interrupt at any step of a write leaves the store as it was; the next write works."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jqfast.data.store import Store

BARS = "equities_bars_daily"


def bar(day: str, close: float) -> dict[str, Any]:
    return {"Date": day, "Code": "13010", "C": close}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store", create=True)
    with made.writing() as w:
        w.append(BARS, [bar("2023-05-09", 1.0), bar("2024-05-09", 2.0)], unit="2024-05-09")
    return made


class Failing:
    """Counts the steps that touch the disk, and fails at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
        self.left = 10**9
        self.error = error
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "write_text"), (pq, "write_table")):
            monkeypatch.setattr(owner, name, self._wrapped(getattr(owner, name)))

    def _wrapped(self, honest: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise self.error
            return honest(*arguments, **options)

        return step


def rows(store: Store) -> list[float]:
    values: list[float] = store.read(BARS)["C"].to_pylist()
    return values


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()],
    ids=["full", "interrupt"],
)
def test_a_failure_at_any_step_leaves_the_old_or_the_new_state(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    old, new = [1.0, 2.0], [1.0, 3.0, 2.0, 4.0]
    failing = Failing(monkeypatch, error)
    failed = 0
    for step in range(1, 100):
        failing.left = step
        try:
            with store.writing() as w:
                w.append(BARS, [bar("2023-05-10", 3.0), bar("2024-05-10", 4.0)], unit="2024-05-10")
        except (OSError, KeyboardInterrupt):
            failed += 1
            failing.left = 10**9
            assert store.check().ok
            done = "2024-05-10" in store.done(BARS)
            assert rows(store) == (new if done else old)
            continue
        break
    assert failed > 10
    assert rows(store) == new
    assert len(list(store.path.rglob("*.parquet"))) == len(store.files(BARS))
    assert not list(store.path.rglob("*.partial"))


def test_a_writer_goes_on_after_a_failure(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    with store.writing() as w:
        for step in range(1, 9):
            failing.left = step
            with pytest.raises(OSError, match="No space left"):
                w.append(BARS, [bar("2024-05-10", 4.0)], unit="2024-05-10")
        failing.left = 10**9
        w.append(BARS, [bar("2024-05-10", 4.0)], unit="2024-05-10")
    assert rows(store) == [1.0, 2.0, 4.0]
    assert store.check().ok


def test_a_full_disk_while_merging_is_no_failure_of_the_append(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jqfast.data.store import writer

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "CROWD", 2)
    monkeypatch.setattr(writer, "merged", full)
    with store.writing() as w:
        assert w.append(BARS, [bar("2024-05-10", 4.0)]).added == 1
    assert rows(store) == [1.0, 2.0, 4.0]


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is POSIX's")
def test_a_file_that_the_system_does_not_let_grow_leaves_the_old_state(store: Store) -> None:
    code = f"""
import resource, sys
from jqfast.data.store import Store
import pyarrow.parquet, jqfast.data.store.stage, jqfast.data.store.reader
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
rows = [{{"Date": "2024-06-%02d" % (1 + i % 28), "Code": str(13000 + i), "C": i * 0.37}} for i in range(5000)]
with Store({str(store.path)!r}).writing() as w:
    w.append({BARS!r}, rows, unit="x")
"""
    command = [sys.executable, "-P", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "File too large" in result.stderr
    assert store.check().ok
    assert rows(store) == [1.0, 2.0]
    assert store.done(BARS) == {"2024-05-09"}
    assert not list(store.path.rglob("*.partial"))
