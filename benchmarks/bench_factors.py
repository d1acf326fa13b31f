"""Claim: 4,000 stocks x 4,000 days x FF5 with Newey-West errors in at most 2 s, 100 times a loop.

    pytest benchmarks/bench_factors.py -s

Returns with fat tails, five correlated factors, 2 % of the values missing and a third of the stocks listed
late. The peer is a loop over `statsmodels.OLS(...).fit(cov_type="HAC")`, given each series without its
missing rows and with the same number of lags; it runs on a sample of series, and its time per series is
multiplied. Coefficients of the sample are compared; the errors are where a series has no gap inside, since
the peer closes gaps up. A record of each run is appended to `benchmarks/results/factors.json`.
"""

from __future__ import annotations

import json
import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import statsmodels
import statsmodels.api as sm

import jqfast
from benchmarks.machine import cpu, load, measure
from jqfast.factors import MODELS, fit

STOCKS, DAYS, SAMPLE = 4000, 4000, 60
SECONDS, TIMES = 2.0, 100.0
RESULTS = Path(__file__).parent / "results" / "factors.json"


def market() -> tuple[np.ndarray, np.ndarray]:
    """Returns (T, N) and factors (T, 5)."""
    rng = np.random.default_rng(1)
    K = len(MODELS["FF5"])
    x = rng.normal(0, 0.008, (DAYS, K)) @ (np.eye(K) + 0.2)
    y = x @ rng.normal(0.5, 0.5, (K, STOCKS)) + 0.02 * rng.standard_t(4, (DAYS, STOCKS))
    y[rng.random(y.shape, dtype=np.float32) < 0.02] = np.nan
    y[:, ::4] = np.nan_to_num(y[:, ::4], nan=0.001)  # a quarter without gaps, for the comparison of errors
    for n in range(0, STOCKS, 3):
        y[: rng.integers(200, 3000), n] = np.nan
    return y, x


def lags(n: int) -> int:
    return int(4 * (n / 100) ** (2 / 9))


def peer(y: np.ndarray, x: np.ndarray, chosen: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Coefficients and errors of some series, one after the other."""
    out = []
    X = sm.add_constant(x)
    for n in chosen:
        known = np.isfinite(y[:, n])
        how = {"maxlags": lags(int(known.sum())), "use_correction": True}
        found = sm.OLS(y[known, n], X[known]).fit(cov_type="HAC", cov_kwds=how, use_t=True)
        out.append((found.params, found.bse))
    return out


def test_five_factors_with_newey_west_errors(benchmark: Any) -> None:
    y, x = market()
    ours = benchmark.pedantic(fit, (y, x), rounds=1)
    chosen = np.arange(0, STOCKS, STOCKS // SAMPLE)
    start = time.perf_counter()
    theirs = peer(y, x, chosen)
    slow = (time.perf_counter() - start) / len(chosen) * STOCKS
    without_gaps = 0
    for n, (b, se) in zip(chosen, theirs, strict=True):
        np.testing.assert_allclose(ours.coefficients[:, n], b, rtol=1e-9, atol=1e-12)
        known = np.flatnonzero(np.isfinite(y[:, n]))
        if len(known) == known[-1] - known[0] + 1:
            np.testing.assert_allclose(ours.se[:, n], se, rtol=1e-9)
            without_gaps += 1
    assert without_gaps >= 10
    fast = measure(lambda: fit(y, x), seconds=4.0)
    record = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "jqfast": jqfast.__version__,
        "cpu": cpu(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "statsmodels": statsmodels.__version__,
        "load_average": round(load(), 2),
        "stocks": STOCKS,
        "days": DAYS,
        "factors": x.shape[1],
        "compared_series": len(chosen),
        "compared_errors": without_gaps,
        "ours_s": round(fast.median / 1e3, 3),
        "ours_spread_s": round(fast.spread / 1e3, 3),
        "statsmodels_s": round(slow, 1),
        "times": round(slow / (fast.median / 1e3), 1),
    }
    history = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    RESULTS.write_text(json.dumps([*history, record], indent=1) + "\n")
    print("\n" + "\n".join(f"{key:>16}  {value}" for key, value in record.items()))
    assert record["ours_s"] <= SECONDS
    assert record["times"] >= TIMES
