"""Streaming is the batch, bit for bit: every operator and feature, wherever it is cut, saved, joined."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from operator_uses import all_uses

import jqfast
from jqfast import features
from jqfast.data.panel import Panel
from jqfast.features import Stream, column
from jqfast.features.columns import CALENDAR
from jqfast.features.declare import registry
from jqfast.features.passes import compile_plan

X, Y = column("x"), column("y")
OPERATOR_USES = all_uses((X, Y, X * Y))


@pytest.fixture(scope="module")
def panel() -> Panel:
    """130 dates of 11 stocks with gaps, Inf, spikes, late listings, delistings; some dates are no session."""
    rng = np.random.default_rng(8)
    T, N = 130, 11
    x, y = rng.standard_normal((2, T, N)) * 10.0 ** rng.integers(-2, 3, N)
    x[rng.random((T, N)) < 0.1] = np.nan
    y[rng.random((T, N)) < 0.02] = np.inf
    x[60, 2], x[:35, 3], x[80:, 4], x[:, 5] = 1e15, np.nan, np.nan, np.round(x[:, 5])
    traded = np.ones((T, N))
    traded[[20, 51, 52, 77, 129]] = np.nan
    group = np.broadcast_to(rng.integers(-1, 3, N).astype(np.int16), (T, N)).copy()
    return Panel(
        np.datetime64("2024-01-01") + np.arange(T),
        np.array([f"{1300 + n}" for n in range(N)]),
        {"close": traded, "x": x, "y": y, "group": group},
        np.ones((T, N), dtype=bool),
        {"group": ("a", "b", "c")},
    )


@pytest.fixture(scope="module")
def market(store_panel: Panel) -> Panel:
    """Every column that a feature of the registry reads; random walks for those that no table gives."""
    rng = np.random.default_rng(3)
    shape = store_panel.shape
    columns = {"close": store_panel["close"], "volume": store_panel["volume"]}
    for axis, name in compile_plan([feature.expr for feature in registry.features.values()]).inputs:
        if name in store_panel.columns:
            columns[name] = np.ascontiguousarray(store_panel[name])
        elif name not in CALENDAR and axis != "code":
            steps = rng.normal(0.0, 0.02, shape if axis == "stock" else shape[0])
            columns[name] = np.exp(np.cumsum(steps, axis=0))
    categories = {name: labels for name, labels in store_panel.categories.items() if name in columns}
    return replace(store_panel, columns=columns, categories=categories)


def _bits(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values).tobytes()


def _row(panel: Panel, t: int, stocks: Any = slice(None)) -> dict[str, Any]:
    """What came on a date, of some stocks in some order: numbers, and labels of categories as text."""
    row: dict[str, Any] = {"listed": panel.listed[t, stocks]}
    for name, values in panel.columns.items():
        today = values[t] if values.ndim == 1 else values[t, stocks]
        labels = panel.categories.get(name)
        row[name] = today if labels is None else np.array([*labels, ""])[today]
    return row


def _follow(stream: Stream, panel: Panel, start: int, stop: int, want: np.ndarray) -> int:
    """Updates with dates start to stop, each equal to the batch bit for bit; the number of rows compared."""
    for t in range(start, stop):
        got = stream.update(panel.dates[t], _row(panel, t))
        wrong = [name for f, name in enumerate(got.names) if _bits(got.values[f]) != _bits(want[f, t])]
        assert not wrong, f"date {t}: {wrong}"
        assert len(got.names) == len(want)
    return (stop - start) * len(want)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cut", [0, 1, 40, 50, 97])
def test_every_operator(panel: Panel, dtype: Any, cut: int, tmp_path: Path) -> None:
    asked = OPERATOR_USES
    assert len(asked) > 200
    want = features.panel(panel, asked, dtype=dtype, threads=1).values
    stream = features.stream(panel.rows(0, cut), asked, dtype=dtype, threads=1 + cut % 2)
    _follow(stream, panel, cut, cut + 20, want)
    stream.save(tmp_path / "state")
    _follow(features.load_stream(tmp_path / "state", threads=2), panel, cut + 20, 130, want)
    stream.save(tmp_path / "state")  # as it was when saved: a copy that went on has not touched it
    _follow(features.load_stream(tmp_path / "state", threads=1), panel, cut + 20, cut + 25, want)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_feature(market: Panel, dtype: Any, normalize: bool, tmp_path: Path) -> None:
    T, names = market.shape[0], list(registry.features)
    want = features.panel(market, names, dtype=dtype, normalize=normalize).values
    cut = T - 45
    stream = features.stream(market.rows(0, cut), names, dtype=dtype, normalize=normalize, threads=2)
    compared = 0
    for t in range(cut, T):
        if t % 31 == 0:
            stream.save(tmp_path / "state")
            stream = features.load_stream(tmp_path / "state", threads=1 + t % 2)
        compared += _follow(stream, market, t, t + 1, want)
    assert compared == (T - cut) * len(registry.features)
    if normalize:  # 24 stocks are too few for the spread of what few of them have
        return
    empty = ~np.isfinite(want[:, cut:]).any(axis=(1, 2))
    assert not empty.any(), f"without a value: {[name for name, no in zip(names, empty, strict=True) if no]}"


def test_every_feature_from_the_first_date_on(market: Panel) -> None:
    short, names = market.rows(0, 70), list(registry.features)
    stream = features.stream(None, names, threads=1)
    want = features.panel(short, names).values
    first = stream.update(short.dates[0], _row(short, 0), codes=short.codes)
    assert _bits(first.values) == _bits(want[:, 0])
    _follow(stream, short, 1, 70, want)


def _coming_and_going(panel: Panel, start: int, known: int) -> np.ndarray:
    """(T, N) who is there: ``known`` from the first date on, others later; some leave, one returns."""
    rng = np.random.default_rng(2)
    T, N = panel.shape
    came, left = np.zeros(N, dtype=int), np.full(N, T)
    came[known:] = np.sort(rng.integers(start + 1, T - 5, N - known))
    left[:4] = rng.integers(start + 5, T - 2, 4)
    day = np.arange(T)[:, None]
    here = (came <= day) & (day < left)
    here[-2:, 0] = True
    return np.asarray(here)


def _only(panel: Panel, here: np.ndarray) -> Panel:
    """The panel in which a stock that is not there has nothing."""
    columns = {}
    for name, values in panel.columns.items():
        nothing = -1 if name in panel.categories else np.nan
        columns[name] = values if values.ndim == 1 else np.where(here, values, nothing).astype(values.dtype)
    return replace(panel, columns=columns, listed=panel.listed & here)


def _first_stocks(panel: Panel, known: int) -> Panel:
    columns = {name: x if x.ndim == 1 else x[:, :known].copy() for name, x in panel.columns.items()}
    listed = panel.listed[:, :known].copy()
    return replace(panel, codes=panel.codes[:known], columns=columns, listed=listed)


def _join_and_leave(panel: Panel, asked: Any, *, start: int, known: int, folder: Path, **options: Any) -> int:
    """Each date as a batch over the stocks seen so far, in the order in which they came; how many came."""
    rng = np.random.default_rng(4)
    here = _coming_and_going(panel, start, known)
    whole = _only(panel, here)
    stream = features.stream(_first_stocks(whole.rows(0, start), known), asked, **options)
    want, came = np.empty(0), 0
    for t in range(start, panel.shape[0]):
        on, seen = np.flatnonzero(here[t]), len(stream.codes)
        order = [*rng.permutation(on[on < seen]).tolist(), *on[on >= seen].tolist()]
        got = stream.update(whole.dates[t], _row(whole, t, order), codes=whole.codes[order])
        n = len(got.codes)
        assert got.codes.tolist() == whole.codes[:n].tolist()
        if not want.size or n > seen:
            want, came = features.panel(_first_stocks(whole, n), asked, **options).values, came + n - seen
        wrong = [name for f, name in enumerate(got.names) if _bits(got.values[f]) != _bits(want[f, t])]
        assert not wrong, f"date {t}: {wrong}"
        if t % 25 == 0:
            stream.save(folder / "state")
            stream = features.load_stream(folder / "state")
    assert stream.codes.tolist() == whole.codes.tolist()
    return came


def test_codes_that_come_and_go_for_every_operator(panel: Panel, tmp_path: Path) -> None:
    assert _join_and_leave(panel, OPERATOR_USES, start=45, known=5, folder=tmp_path, dtype="float64") == 6


@pytest.mark.parametrize("normalize", [False, True])
def test_codes_that_come_and_go_for_every_feature(market: Panel, tmp_path: Path, normalize: bool) -> None:
    names, start = list(registry.features), market.shape[0] - 40
    assert _join_and_leave(market, names, start=start, known=20, folder=tmp_path, normalize=normalize) == 4


_GO_ON = """
import hashlib, sys
import numpy as np
import jqfast, jqfast.features as features
stream, rows = features.load_stream(sys.argv[1]), np.load(sys.argv[2])
digest = hashlib.sha256()
for t in range(len(rows["date"])):
    row = {name: rows[name][t] for name in rows.files if name != "date"}
    digest.update(stream.update(rows["date"][t], row).values.tobytes())
print(jqfast.build_info()["isa"], digest.hexdigest())
"""


@pytest.mark.parametrize("isa", jqfast.build_info()["supported_isas"])
def test_a_state_goes_on_under_every_instruction_set(panel: Panel, tmp_path: Path, isa: str) -> None:
    asked = OPERATOR_USES
    cut, T = 71, panel.shape[0]
    want = hashlib.sha256()
    for t, values in enumerate(features.panel(panel, asked, dtype="float64").values.transpose(1, 0, 2)):
        if t >= cut:
            want.update(_bits(values))
    features.stream(panel.rows(0, cut), asked, dtype="float64").save(tmp_path / "state")
    np.savez(
        tmp_path / "rows.npz",
        date=panel.dates[cut:],
        listed=panel.listed[cut:],
        **{k: v[cut:T] for k, v in panel.columns.items()},
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", _GO_ON, str(tmp_path / "state"), str(tmp_path / "rows.npz")],
        env={**os.environ, "JQFAST_ISA": isa},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [isa, want.hexdigest()]
