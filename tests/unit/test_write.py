"""Features written chunk by chunk: the bits of the result in memory, whole files, memory that is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from jqfast import features
from jqfast.data.panel import Panel
from jqfast.features import close, lag, memory
from jqfast.features.memory import available_memory

SOME = ["ret_5", "rsi", "vol_yz_60"]


@pytest.mark.parametrize("rows", [1, 7, 64, 200, None])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parquet_has_the_bits_of_the_result(sim_panel: Panel, tmp_path: Path, dtype: Any, rows: Any) -> None:
    panel = sim_panel.rows(0, 150)
    path = features.write(
        panel, SOME, tmp_path / "x.parquet", normalize=True, dtype=dtype, rows_per_chunk=rows
    )
    want = features.panel(panel, SOME, normalize=True, dtype=dtype)
    got = pq.read_table(path)
    assert got.column_names == ["date", "code", *SOME]
    assert got.schema == want.to_arrow().schema
    assert got.select(["date", "code"]).equals(want.to_arrow().select(["date", "code"]))
    for f, name in enumerate(SOME):
        assert got[name].to_numpy().tobytes() == want.values[f].tobytes(), name
    assert pq.ParquetFile(path).num_row_groups == (1 if rows is None else -(-150 // rows))
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize("layout", ["feature", "sample"])
@pytest.mark.parametrize("rows", [7, 150])
def test_npy_has_the_bits_of_the_result(sim_panel: Panel, tmp_path: Path, layout: Any, rows: int) -> None:
    panel = sim_panel.rows(0, 150)
    path = features.write(panel, SOME, tmp_path / "x.npy", layout=layout, rows_per_chunk=rows)
    got = np.load(path, mmap_mode="r")
    want = features.panel(panel, SOME, layout=layout).buffer
    assert got.shape == want.shape
    np.testing.assert_array_equal(got.view(np.int32), np.ascontiguousarray(want).view(np.int32))


def test_a_memory_map_as_out(sim_panel: Panel, tmp_path: Path) -> None:
    panel = sim_panel.rows(0, 80)
    out = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (3, *panel.shape))
    features.panel(panel, SOME, out=out)
    out.flush()
    want = features.panel(panel, SOME).values
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy").view(np.int32), want.copy().view(np.int32))


def test_no_dates(sim_panel: Panel, tmp_path: Path) -> None:
    nothing = sim_panel.rows(0, 0)
    assert pq.read_table(features.write(nothing, SOME, tmp_path / "x.parquet")).num_rows == 0
    assert np.load(features.write(nothing, SOME, tmp_path / "x.npy")).shape == (3, 0, sim_panel.shape[1])


def test_refusals_leave_what_was_there(sim_panel: Panel, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("before")
    with pytest.raises(ValueError, match=r"Unknown file ending `\.csv`"):
        features.write(sim_panel, SOME, tmp_path / "x.csv")
    with pytest.raises(ValueError, match=r"`layout` is for \.npy files"):
        features.write(sim_panel, SOME, path, layout="sample")
    for rows in (0, 2.5, True):
        with pytest.raises(ValueError, match="`rows_per_chunk` must be an integer >= 1"):
            features.write(sim_panel, SOME, path, rows_per_chunk=rows)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has no column `nothing`"):
        features.write(sim_panel, {"x": features.column("nothing") / close}, path)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]


def test_what_does_not_fit_is_told(sim_panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SMALL", 0)
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    message = (
        r"The result 1 x \d+ x 40 in float32 needs 0\.00 GB; 0\.00 GB of memory are left\. Write it .*write\("
    )
    with pytest.raises(MemoryError, match=message):
        features.panel(sim_panel, {"x": close / lag(close, 1)})
    out = np.empty((1, *sim_panel.shape), dtype=np.float32)
    features.panel(sim_panel, {"x": close / lag(close, 1)}, out=out)  # memory that is there already


def test_memory_that_is_left(tmp_path: Path) -> None:
    def put(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    assert available_memory(tmp_path) is None
    put("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    5000 kB\nHugePages_Total: 0\n")
    assert available_memory(tmp_path) == 5000 * 1024
    put("sys/fs/cgroup/memory.max", "max\n")
    put("sys/fs/cgroup/memory.current", "300\n")
    assert available_memory(tmp_path) == 5000 * 1024
    put("sys/fs/cgroup/memory.max", "1000\n")
    put("sys/fs/cgroup/memory.stat", "anon 100\ninactive_file 200\n")
    assert available_memory(tmp_path) == 1000 - 300 + 200
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "500\n")
    put("sys/fs/cgroup/memory/memory.usage_in_bytes", "450\n")
    assert available_memory(tmp_path) == 50
