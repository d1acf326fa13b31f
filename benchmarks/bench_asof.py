"""Claim: statements to a panel at least 20 times as fast as `pandas.merge_asof`.

    pytest benchmarks/bench_asof.py -s

4,000 stocks with a statement each quarter over 16 years of sessions, four value columns (profit,
earnings, book value and dividend, as the real statements have). Both start from the same long frame
(date, code, values; sorted by date) and the axes of the panel, and end with one T x N array per column:
ours finds rows and columns and joins, the peer spans the grid of dates and codes and joins on it. The
bare call of `merge_asof` on a grid that is already there stands beside it. Answers are compared cell by
cell. A record of each run is appended to `benchmarks/results/asof.json`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.machine import measure
from benchmarks.record import keep
from jqfast.data.asof import Events, Grid, asof

STOCKS, SESSIONS, COLUMNS, THREADS, TIMES_PANDAS = 4000, 3920, 4, 2, 20.0
DAYS = np.datetime64("2008-01-01", "s") + np.arange(SESSIONS) * np.timedelta64(86400, "s")
CODES = np.array([f"{1000 + n}0" for n in range(STOCKS)])
NAMES = [f"v{k}" for k in range(COLUMNS)]


def statements() -> pd.DataFrame:
    """One record per stock and quarter, within 40 sessions of its end."""
    rng = np.random.default_rng(5)
    quarter = np.arange(0, SESSIONS, 61)
    row = (quarter[:, None] + rng.integers(0, 40, (len(quarter), STOCKS))).ravel()
    stock = np.tile(np.arange(STOCKS), len(quarter))
    order = np.argsort(row, kind="stable")
    order = order[row[order] < SESSIONS]
    frame = pd.DataFrame({"date": DAYS[row[order]], "code": pd.Series(CODES[stock[order]], dtype="str")})
    return frame.join(pd.DataFrame(rng.normal(size=(len(frame), COLUMNS)), columns=NAMES))


def ours(frame: pd.DataFrame) -> Any:
    """(K, T, N)."""
    row = np.searchsorted(DAYS, frame["date"].to_numpy())
    code = pa.array(frame["code"]).dictionary_encode()
    stock = np.searchsorted(CODES, code.dictionary.to_pylist())[code.indices.to_numpy()]
    values = frame[NAMES].to_numpy()
    events = Events(tuple(NAMES), values, stock.astype(np.int64), row.astype(np.int64))
    return asof(events, Grid(SESSIONS, STOCKS, threads=THREADS))


def grid() -> pd.DataFrame:
    """All sessions of all stocks."""
    codes = pd.Series(np.tile(CODES, SESSIONS), dtype="str")
    return pd.DataFrame({"date": np.repeat(DAYS, STOCKS), "code": codes})


def peer(frame: pd.DataFrame, cells: pd.DataFrame) -> list[Any]:
    """K arrays (T, N)."""
    joined = pd.merge_asof(cells, frame, on="date", by="code")
    return [joined[name].to_numpy().reshape(SESSIONS, STOCKS) for name in NAMES]


def test_asof_against_merge_asof(benchmark: Any) -> None:
    frame, cells = statements(), grid()
    out, want = benchmark.pedantic(ours, (frame,), rounds=1), peer(frame, cells)
    compared = sum(np.array_equal(out[k], want[k], equal_nan=True) * want[k].size for k in range(COLUMNS))
    assert compared == COLUMNS * SESSIONS * STOCKS
    del out, want
    fast = measure(lambda: ours(frame), seconds=2.0)
    bare = measure(lambda: peer(frame, cells), seconds=1.0)
    slow = measure(lambda: peer(frame, grid()), seconds=1.0)
    record = keep(
        "asof",
        {
            "threads": THREADS,
            "records": len(frame),
            "cells": compared,
            "ours_ms": round(fast.median, 1),
            "ours_spread_ms": round(fast.spread, 1),
            "pandas_ms": round(slow.median, 1),
            "pandas_bare_call_ms": round(bare.median, 1),
            "times": round(slow.median / fast.median, 1),
            "times_bare_call": round(bare.median / fast.median, 1),
        },
        packages=("pandas",),
    )
    print(f"\n{compared:,} cells agree; ours {fast.median:.0f} ms, pandas {slow.median:.0f} ms")
    print(f"{record['times']} times as fast; {record['times_bare_call']} times the bare call of merge_asof")
    assert slow.median / fast.median >= TIMES_PANDAS
