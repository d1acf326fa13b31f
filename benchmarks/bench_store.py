"""Claim: the daily bars of a market go into a store and come back in seconds.

    pytest benchmarks/bench_store.py -s

4,000 stocks x 3,900 sessions (15.6 million rows), nine columns of values, appended in one call to an empty
store, appended once more (nothing is new), read whole, read for one day, and checked. The rows are compared
with those that went in. A record of each run is appended to `benchmarks/results/store.json`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.record import keep
from jqfast.data.store import Store

STOCKS, SESSIONS = 4000, 3900
BARS = "equities_bars_daily"
SECONDS = {"append": 30.0, "read": 5.0, "read_day": 0.1}


def bars() -> pa.Table:
    """A random market, in rows by day and code."""
    rng = np.random.default_rng(8)
    every = np.arange(np.datetime64("2008-05-07"), np.datetime64("2026-01-01"))
    days = every[np.is_busday(every)][:SESSIONS]
    walk = np.cumsum(rng.normal(0, 0.02, (SESSIONS, STOCKS)), axis=0)
    close = np.round(1000 * np.exp(walk), 1).ravel()
    volume = np.round(rng.lognormal(6, 1, close.size)) * 100
    stock = pa.array(np.tile(np.arange(STOCKS, dtype=np.int32), SESSIONS))
    code = pa.DictionaryArray.from_arrays(stock, pa.array([f"{1300 + n}0" for n in range(STOCKS)]))
    return pa.table(
        {
            "Date": np.repeat(days, STOCKS),
            "Code": code,
            "O": close + 0.5,
            "H": close + 1.0,
            "L": close - 1.0,
            "C": close,
            "Vo": volume,
            "Va": volume * close,
            "AdjFactor": np.ones(close.size),
            "UL": np.zeros(close.size, bool),
            "LL": np.zeros(close.size, bool),
        }
    )


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """The result of one call and its seconds."""
    start = time.perf_counter()
    out = call()
    return out, time.perf_counter() - start


def test_a_market_into_a_store_and_back(tmp_path: Path) -> None:
    table, store = bars(), Store(tmp_path, create=True)
    seconds: dict[str, float] = {}
    with store.writing() as w:
        done, seconds["append"] = timed(lambda: w.append(BARS, table, unit="all"))
        again, seconds["append_again"] = timed(lambda: w.append(BARS, table))
    assert (done.added, again.added) == (table.num_rows, 0)
    columns = ["Date", "Code", "O", "H", "L", "C", "Vo", "Va", "AdjFactor"]
    out, seconds["read"] = timed(lambda: store.read(BARS, columns=columns))
    for name in columns[2:]:
        assert np.array_equal(out[name].to_numpy(), table[name].to_numpy())
    day = str(table["Date"][table.num_rows // 2])
    one, seconds["read_day"] = timed(lambda: store.read(BARS, columns=columns, start=day, end=day))
    assert one.num_rows == STOCKS
    report, seconds["check"] = timed(store.check)
    assert report.ok
    record = keep(
        "store",
        {
            "rows": table.num_rows,
            "megabytes": round(report.tables[0].bytes / 1e6, 1),
            **{f"{name}_s": round(value, 3) for name, value in seconds.items()},
        },
        packages=("pyarrow",),
    )
    print(f"\n{table.num_rows:,} rows, {record['megabytes']} MB")
    print(", ".join(f"{name} {value:.2f} s" for name, value in seconds.items()))
    assert all(seconds[name] <= limit for name, limit in SECONDS.items())
