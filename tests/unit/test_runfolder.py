"""The run folder: whole files or none, one writer, finished stages remembered."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from jqfast.files import replacing, write_text
from jqfast.runfolder import RunFolder, digest, write_json


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _write_half(path: Path, failure: BaseException) -> None:
    """Fail in the middle of writing ``path``."""
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise failure


def test_a_file_appears_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "a.txt", "価格")
    assert _files(tmp_path) == ["deep/a.txt"]
    assert (tmp_path / "deep" / "a.txt").read_text(encoding="utf-8") == "価格"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space"):
        _write_half(path, full)
    assert path.read_text() == "old"
    assert _files(tmp_path) == ["a.txt"]


def test_an_interrupt_counts_as_a_failed_write(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _write_half(tmp_path / "a.txt", KeyboardInterrupt())
    assert _files(tmp_path) == []


def test_written_files_follow_the_file_mask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_json_has_no_nan(tmp_path: Path) -> None:
    write_json(
        tmp_path / "m.json",
        {"ic": math.nan, "n": np.int64(3), "x": np.array([1.0, np.inf]), "d": np.datetime64("2020-01-02")},
    )
    assert json.loads((tmp_path / "m.json").read_text()) == {
        "ic": None,
        "n": 3,
        "x": [1.0, None],
        "d": "2020-01-02",
    }


@dataclass(frozen=True)
class _Part:
    a: int
    b: tuple[str, ...]


def test_digests_differ_where_values_do() -> None:
    same = digest(_Part(1, ("x",)), {"k": 1.5}, None)
    assert same == digest(_Part(1, ("x",)), {"k": 1.5}, None)
    others = {
        digest(_Part(2, ("x",)), {"k": 1.5}, None),
        digest(_Part(1, ("y",)), {"k": 1.5}, None),
        digest(1),
    }
    assert same not in others
    assert len(others) == 3


def test_a_stage_is_finished_under_its_key_while_its_files_are_there(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run") as folder:
        write_text(folder / "a.txt", "x")
        assert not folder.finished("features", "k1", "a.txt")
        folder.record("features", "k1", 1.5)
    with RunFolder(tmp_path / "run") as folder:
        assert folder.finished("features", "k1", "a.txt")
        assert not folder.finished("features", "k2", "a.txt")
        assert not folder.finished("features", "k1", "a.txt", "b.txt")
        assert not folder.finished("labels", "k1")


def test_a_broken_manifest_means_nothing_is_finished(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"stages": {"feat')
    with RunFolder(tmp_path) as folder:
        assert not folder.finished("features", "k")


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / ".samples.npy.abc.partial").write_text("half")
    (tmp_path / "features" / "samples.npy").write_text("whole")
    with RunFolder(tmp_path):
        pass
    assert _files(tmp_path) == [".lock", "features/samples.npy"]


def test_a_second_run_in_the_folder_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path),
        pytest.raises(ValueError, match=rf"in use by process {os.getpid()} .*another `--name`"),
        RunFolder(tmp_path),
    ):
        pass
    with RunFolder(tmp_path):
        pass


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL exists on POSIX only")
def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    code = "import sys, time, pathlib; from jqfast.runfolder import RunFolder\n"
    code += "with RunFolder(pathlib.Path(sys.argv[1])): print('in', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"in\n"
        with pytest.raises(ValueError, match=f"in use by process {child.pid}"), RunFolder(tmp_path):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
    with RunFolder(tmp_path):
        pass


def test_a_file_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x")
    with pytest.raises(ValueError, match="is a file; a run needs a folder"), RunFolder(tmp_path / "run"):
        pass


def test_notes_and_stages_reach_the_manifest(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as folder:
        folder.note(seed=7, versions={"numpy": "2"}, folds=("2019-06",))
        folder.record("panel", "k", 0.25)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["folds"] == ["2019-06"]
    assert manifest["stages"]["panel"]["seconds"] == 0.25
    assert time.strptime(manifest["stages"]["panel"]["finished"][:10], "%Y-%m-%d")
