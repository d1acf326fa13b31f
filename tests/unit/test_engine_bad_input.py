"""What the engine is given and cannot take ends with a sentence; what it can take gives the usual bits.

One table of refusals and one of unusual inputs that are fine, all through the public functions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jqfast import features
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.features import close, cs_zscore, lag, memory, ts_mean, ts_std, volume

T, N = 40, 5
ASKED = {"calm": ts_std(close, 20, 5), "size": cs_zscore(ts_mean(volume * close, 3))}
SHAPE = (len(ASKED), T, N)


def _columns(t: int = T, n: int = N) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    prices = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((t, n)), axis=0))
    prices[rng.random((t, n)) < 0.05] = np.nan
    return {"close": prices, "volume": rng.integers(1, 9, (t, n)) * 100.0}


def _panel(t: int = T, n: int = N, **columns: np.ndarray) -> Panel:
    dates = np.datetime64("2024-01-04") + np.arange(t)
    codes = np.array([f"{1300 + k}" for k in range(n)], dtype=np.str_)
    return Panel(dates, codes, {**_columns(t, n), **columns}, np.ones((t, n), dtype=bool))


def _bits(values: np.ndarray) -> tuple[tuple[int, ...], bytes]:
    """What makes two results equal bit for bit: NaN is equal to itself, 0.0 and -0.0 differ."""
    return values.shape, np.ascontiguousarray(values).tobytes()


def _read_only(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values.setflags(write=False)
    return values


#: memory that is unusual but in order: the result has the usual bits.
ARRANGED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "every other column of a wider array": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "Fortran order": np.asfortranarray,
    "reversed twice": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "off the alignment of a cache line": lambda x: np.r_[0.0, x.ravel()][1:].reshape(x.shape),
    "read-only": _read_only,
}


@pytest.mark.parametrize("kind", ARRANGED)
def test_arrays_however_they_lie_in_memory(kind: str) -> None:
    arranged = {name: ARRANGED[kind](values) for name, values in _columns().items()}
    want = features.panel(_panel(), ASKED, dtype="float64").values
    assert _bits(features.panel(_panel(**arranged), ASKED, dtype="float64").values) == _bits(want)
    stream = features.stream(_panel(**arranged).rows(0, T - 1), ASKED, dtype="float64")
    row = {name: values[T - 1] for name, values in arranged.items()}
    assert _bits(stream.update("2024-03-01", row).values) == _bits(want[:, -1])


#: kinds of numbers: a panel asks for float64 of this machine; a row of a stream may be any numbers.
KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "big-endian": lambda x: x.astype(">f8"),
    "float16": lambda x: (x / 100).astype(np.float16),
    "float32": lambda x: x.astype(np.float32),
    "integers": lambda x: np.nan_to_num(x).astype(np.int64),
    "object": lambda x: x.astype(object),
    "text": lambda x: x.astype(str),
    "complex": lambda x: x.astype(complex),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_panel_takes_float64_of_this_machine_alone(kind: str) -> None:
    values = KINDS[kind](_columns()["close"])
    with pytest.raises(ValueError, match=r"Column `close` must be \(40, 5\) float64; got \(40, 5\)"):
        _panel(close=values)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_a_stream_is_converted_or_refused(kind: str) -> None:
    row = {name: KINDS[kind](values)[T - 1] for name, values in _columns().items()}
    stream = features.stream(_panel().rows(0, T - 1), ASKED, dtype="float64")
    if kind in ("object", "text", "complex"):
        with pytest.raises(ValueError, match="Column `close` must be numbers; got "):
            stream.update("2024-03-01", row)
        assert stream.date == np.datetime64("2024-01-04") + T - 2
        return
    other = features.stream(_panel().rows(0, T - 1), ASKED, dtype="float64")
    plain = {name: values.astype(np.float64) for name, values in row.items()}
    got = stream.update("2024-03-01", row).values
    assert _bits(got) == _bits(other.update("2024-03-01", plain).values)


@pytest.mark.parametrize("kind", ["big-endian", "float16", "object"])
def test_a_frame_of_any_numbers_becomes_a_panel(kind: str) -> None:
    """float64 by the time it is a panel: what float16 has rounded stays rounded."""
    rng = np.random.default_rng(1)
    prices = np.round(100 + rng.random((T, 1)), 2)
    values = KINDS[kind](prices)[:, 0]
    date = pd.bdate_range("2024-01-04", periods=T).astype(str)
    bars = {"date": date, "code": "1301", **dict.fromkeys(("open", "high", "low", "close"), values)}
    panel = Panel.from_frame(pd.DataFrame({**bars, "volume": 100}))
    np.testing.assert_array_equal(panel["close"][:, 0], values.astype(np.float64))
    assert panel["close"].dtype == np.float64


@pytest.mark.parametrize(("t", "n"), [(0, 0), (0, 3), (3, 0), (1, 1), (19, 2)])
def test_panels_smaller_than_the_window(t: int, n: int, tmp_path: Path) -> None:
    panel = _panel(t, n)
    asked = {"long": ts_mean(close, 20), "short": lag(volume, 0), "across": cs_zscore(close)}
    got = features.panel(panel, asked, dtype="float64").values
    assert got.shape == (3, t, n)
    assert np.isnan(got[0]).all()
    np.testing.assert_array_equal(got[1], np.where(panel.is_session[:, None], panel["volume"], np.nan))
    assert np.isnan(got[2]).all() == (t * n < 2)  # one stock has no spread
    stream = features.stream(panel, asked, dtype="float64")
    assert stream.update("2025-01-01", {name: np.ones(n) for name in panel.columns}).shape == (3, n)
    np.testing.assert_array_equal(
        np.load(features.write(panel, asked, tmp_path / "x.npy", dtype="float64")), got
    )


def test_more_stocks_than_fit_say_how_much_and_how_to_do_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused before anything is made, columns that would have to be copied included; chunks then work."""
    panel = _panel(40, 4000)
    asked = {f"lag_{k}": lag(close, k) for k in range(120)}
    copied = _panel(40, 4000, close=np.asfortranarray(panel["close"]))
    monkeypatch.setattr(memory, "available_memory", lambda: 70_000_000)
    monkeypatch.setattr(np, "ascontiguousarray", _never)
    with pytest.raises(MemoryError) as refusal:
        features.panel(copied, asked)
    monkeypatch.undo()
    text = str(refusal.value)
    assert "The result 120 x 40 x 4000 in float32 needs 0.08 GB; 0.07 GB of memory are left" in text
    assert 'jqfast.features.write(panel, features, "features.parquet")' in text
    written = np.load(features.write(copied, asked, tmp_path / "x.npy", rows_per_chunk=9), mmap_mode="r")
    assert _bits(written) == _bits(features.panel(panel, asked).values)


def _never(*_: object, **__: object) -> Any:
    raise AssertionError("a column was copied before the memory was asked for")


def _cube() -> tuple[Panel, np.ndarray]:
    """A panel whose columns are layers of one block of memory, and that memory as an ``out``."""
    block = np.empty((T, N, 2))
    block[..., 0], block[..., 1] = _columns().values()
    return _panel(close=block[..., 0], volume=block[..., 1]), block.reshape(2, T, N)


def _overlapping(dtype: Any, offset: int) -> tuple[Panel, np.ndarray]:
    """A panel, and an ``out`` whose memory begins ``offset`` bytes into that of its columns."""
    memory_ = np.zeros(2 * T * N * 8 + offset + 64, np.uint8)
    columns = np.frombuffer(memory_[: 2 * T * N * 8].data, np.float64).reshape(2, T, N)
    columns[:] = list(_columns().values())
    size = 2 * T * N * np.dtype(dtype).itemsize
    out = np.frombuffer(memory_[offset : offset + size].data, dtype).reshape(SHAPE)
    return _panel(close=columns[0], volume=columns[1]), out


OUTS: dict[str, tuple[Callable[[], tuple[Panel, Any]], str]] = {
    "a stock too few": (lambda: (_panel(), np.zeros((2, T, N - 1))), r"`out` must be a \(2, 40, 5\) float64"),
    "a date too many": (lambda: (_panel(), np.zeros((2, T + 1, N))), r"`out` must be a \(2, 40, 5\) float64"),
    "a feature too few": (lambda: (_panel(), np.zeros((1, T, N))), r"`out` must be a \(2, 40, 5\) float64"),
    "one axis": (lambda: (_panel(), np.zeros(2 * T * N)), r"`out` must be a \(2, 40, 5\) float64"),
    "the other layout": (lambda: (_panel(), np.zeros((T, N, 2))), r"`out` must be a \(2, 40, 5\) float64"),
    "float32": (lambda: (_panel(), np.zeros(SHAPE, np.float32)), "got .* float32"),
    "float16": (lambda: (_panel(), np.zeros(SHAPE, np.float16)), "got .* float16"),
    "big-endian": (lambda: (_panel(), np.zeros(SHAPE, ">f8")), "got .* >f8"),
    "object": (lambda: (_panel(), np.zeros(SHAPE, object)), "got .* object"),
    "a list": (lambda: (_panel(), np.zeros(SHAPE).tolist()), "got list"),
    "not contiguous": (lambda: (_panel(), np.zeros((2, T, 2 * N))[:, :, ::2]), "C-contiguous and writeable"),
    "read-only": (lambda: (_panel(), _read_only(np.zeros(SHAPE))), "C-contiguous and writeable"),
    "the columns": (lambda: _overlapping(np.float64, 0), "must not overlap a column"),
    "the end of the columns": (lambda: _overlapping(np.float64, T * N * 8), "must not overlap a column"),
    "memory of strided columns": (_cube, "must not overlap a column"),
}


@pytest.mark.parametrize("kind", OUTS)
def test_an_out_that_cannot_take_the_result(kind: str) -> None:
    make, message = OUTS[kind]
    panel, out = make()
    before = np.array(out)
    with pytest.raises(ValueError, match=message):
        features.panel(panel, ASKED, dtype="float64", out=out)
    np.testing.assert_array_equal(np.array(out), before)


def test_an_out_over_a_column_that_is_not_read() -> None:
    panel, out = _overlapping(np.float32, 0)
    with pytest.raises(ValueError, match="must not overlap a column"):
        features.panel(panel, {"a": lag(volume, 1), "b": lag(volume, 2)}, out=out)


@pytest.mark.parametrize(
    ("threads", "error", "message"),
    [
        (0, ValueError, "`threads` must be from 1 to 1024; got 0"),
        (-1, ValueError, "got -1"),
        (1025, ValueError, "got 1025"),
        (10_000, ValueError, "got 10000. None means all there are"),
        (True, TypeError, "`threads` must be an integer or None; got True"),
        ("2", TypeError, "`threads` must be an integer or None; got '2'"),
    ],
)
def test_numbers_of_threads_that_cannot_be(
    threads: Any, error: type[Exception], message: str, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    features.stream(_panel(), ASKED).save(state)
    uses: list[Callable[[], object]] = [
        lambda: features.panel(_panel(), ASKED, threads=threads),
        lambda: features.stream(_panel(), ASKED, threads=threads),
        lambda: features.load_stream(state, threads=threads),
        lambda: features.write(_panel(), ASKED, tmp_path / "x.npy", threads=threads),
    ]
    for use in uses:
        with pytest.raises(error, match=message):
            use()
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_as_many_threads_as_are_allowed() -> None:
    want = features.panel(_panel(), ASKED, threads=1).values
    assert _bits(features.panel(_panel(), ASKED, threads=1024).values) == _bits(want)


def _forged(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """The description of a saved stream changed, and its checksum made anew."""
    whole = path.read_bytes()
    magic = b"jqfast-stream 1\n"
    start = len(magic) + 8 + 32
    length = int.from_bytes(whole[len(magic) : len(magic) + 8], "little")
    state = whole[-(-(start + length) // 4096) * 4096 :]
    facts = json.loads(whole[start : start + length])
    change(facts)
    text = json.dumps(facts).encode()
    head = magic + len(text).to_bytes(8, "little") + hashlib.sha256(text).digest() + text
    path.write_bytes(head.ljust(-(-len(head) // 4096) * 4096, b"\0") + state)


def _replace(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    def change(facts: dict[str, Any]) -> None:
        assert old in facts["plan"], facts["plan"]
        facts["plan"] = facts["plan"].replace(old, new, 1)

    return change


TAMPERED: dict[str, Callable[[dict[str, Any]], None]] = {
    "another version": _replace("jqfast-plan 1", "jqfast-plan 2"),
    "a window of 0": _replace("window=20", "window=0"),
    "a negative window": _replace("window=20", "window=-20"),
    "a window beyond memory": _replace("window=20", "window=4294967295"),
    "a window that is not that of the state": _replace("window=20", "window=21"),
    "more values wanted than the window has": _replace("min_periods=5", "min_periods=21"),
    "an operator that is not there": _replace("moments", "mements"),
    "an input that is not there": _replace("input 1", "input 7"),
    "a value that comes later": _replace("= moments v0", "= moments v4000"),
    "an output out of range": _replace(" 1\n", " 9\n"),
    "an output twice": _replace(" 1\n", " 0\n"),
    "no outputs": _replace("outputs 2", "outputs 0"),
    "outputs beyond memory": _replace("outputs 2", "outputs 99999999999"),
    "nothing": lambda facts: facts.update(plan=""),
    "no text": lambda facts: facts.update(plan=7),
    "bytes that are no letters": lambda facts: facts.update(
        plan="\u0000\udcff".encode("utf-8", "replace").decode()
    ),
    "names for other outputs": lambda facts: facts["names"].pop(),
    "a stock more": lambda facts: facts["codes"].append("9999"),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_a_plan_that_was_tampered_with_is_refused_before_anything_runs(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "state"
    features.stream(_panel(), ASKED).save(path)
    _forged(path, lambda _: None)
    assert features.load_stream(path).names == tuple(ASKED)  # the forger's tools work
    _forged(path, TAMPERED[kind])
    with pytest.raises(DataGapError, match=r"is no whole stream: .* Make it again"):
        features.load_stream(path)
