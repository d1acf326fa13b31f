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

import jqfast
from jqfast import features
from jqfast.data.panel import Panel
from jqfast.features import Expr, Stream, close, column
from jqfast.features.expr import apply
from jqfast.features.operators import OPERATORS

X, Y = column("x"), column("y")
PARAMS = {"min_periods": 3, "limit": 3, "q": 0.3, "count": 4, "low": 0.1, "high": 0.8}
LITERALS: dict[str, tuple[float, ...]] = {"power": (1.7,), "fill": (0.25,), "clip": (-1.0, 0.5)}
WINDOWS = (1, 5, 17, 40)  # one run of suffixes and several, in a block and over its end


def _uses(name: str) -> dict[str, Expr]:
    """Expressions that use an operator: with each window, along time of cross-sections, by group."""
    operator = OPERATORS[name]
    literals = LITERALS.get(name, ())
    args: list[Any] = [X, Y, X * Y][: operator.arity - len(literals)] + list(literals)
    found: dict[str, Expr] = {}
    for w in WINDOWS if "window" in operator.params else (0,):
        params = {key: w if key == "window" else PARAMS[key] for key in operator.params}
        if "min_periods" in params:
            params["min_periods"] = min(3, w) if w else 3
        if name == "ts_quantile":
            params["q"] = 0.3
        found[f"{name}_{w}"] = apply(name, *args, **params)
    if operator.axis == "cross":
        plain = found[f"{name}_0"]
        found[f"{name}_grouped"] = apply(
            name, *args, column("group"), **{key: PARAMS[key] for key in operator.params}, grouped=1
        )
        found[f"{name}_then"] = apply("ts_mean", plain, window=17, min_periods=3)
    return found


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


def _bits(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values).tobytes()


def _row(panel: Panel, t: int) -> dict[str, Any]:
    return {name: values[t] for name, values in panel.columns.items()} | {"listed": panel.listed[t]}


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
    asked = {name: use for op in OPERATORS for name, use in _uses(op).items()}
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
def test_every_feature(sim_panel: Panel, dtype: Any, normalize: bool, tmp_path: Path) -> None:
    T = sim_panel.shape[0]
    want = features.panel(sim_panel, "everything", dtype=dtype, normalize=normalize).values
    cut = T - 140 if normalize else T - 90
    stream = features.stream(
        sim_panel.rows(0, cut), "everything", dtype=dtype, normalize=normalize, threads=2
    )
    compared = 0
    for t in range(cut, T):
        if t % 31 == 0:
            stream.save(tmp_path / "state")
            stream = features.load_stream(tmp_path / "state", threads=1 + t % 2)
        compared += _follow(stream, sim_panel, t, t + 1, want)
    assert compared == (T - cut) * len(stream.names) >= 90 * 140


def test_every_feature_from_the_first_date_on(sim_panel: Panel) -> None:
    short = sim_panel.rows(0, 70)
    stream = features.stream(None, "everything", threads=1)
    want = features.panel(short, list(stream.names)).values
    first = stream.update(short.dates[0], _row(short, 0), codes=short.codes)
    assert _bits(first.values) == _bits(want[:, 0])
    _follow(stream, short, 1, 70, want)


def test_new_codes_and_codes_that_leave(sim_panel: Panel, tmp_path: Path) -> None:
    """As a batch over all stocks, those that came later missing before; in the order in which they came."""
    panel = sim_panel.rows(0, 150)
    T, N = panel.shape
    rng = np.random.default_rng(2)
    came, left = np.zeros(N, dtype=int), np.full(N, T)
    came[25:], left[:4] = np.sort(rng.integers(61, 140, N - 25)), rng.integers(100, 140, 4)
    here = (came <= np.arange(T)[:, None]) & (np.arange(T)[:, None] < left)
    columns = {}
    for name, values in panel.columns.items():
        if values.ndim == 2 and name not in panel.categories:
            columns[name] = np.where(here, values, np.nan)
    whole = replace(panel, columns={**panel.columns, **columns}, listed=panel.listed & here)
    asked = [*features.names("everything", sim_panel.columns)[::3], close / features.lag(close, 1)]
    for normalize in (False, True):
        want = features.panel(whole, asked, normalize=normalize).values
        past = whole.rows(0, 60)
        known = {
            name: values if values.ndim == 1 else values[:, :25] for name, values in past.columns.items()
        }
        start = replace(past, codes=past.codes[:25], columns=known, listed=past.listed[:, :25])
        stream = features.stream(start, asked, normalize=normalize)
        for t in range(60, T):
            on = np.flatnonzero(here[t])
            order = (
                rng.permutation(on[on < len(stream.codes)]).tolist() + on[on >= len(stream.codes)].tolist()
            )
            row = {k: v[t] if v.ndim == 1 else v[t, order] for k, v in whole.columns.items()}
            got = stream.update(
                whole.dates[t], {**row, "listed": whole.listed[t, order]}, codes=whole.codes[order]
            )
            n = len(got.codes)
            assert got.codes.tolist() == whole.codes[:n].tolist()
            assert _bits(got.values) == _bits(want[:, t, :n]), t
            if t == 110:
                stream.save(tmp_path / "state")
                stream = features.load_stream(tmp_path / "state")
        assert stream.codes.tolist() == whole.codes.tolist()


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
    asked = {name: use for op in OPERATORS for name, use in _uses(op).items()}
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
