"""Claim: 4,000 stocks x 16 years x 4 horizons are judged in at most 20 s; RankIC at least 20 times a loop.

    pytest benchmarks/bench_evaluate.py -s

Prices are random walks with halts, late listings and delistings; scores know a little of the returns that
follow. Judged are, for each horizon: IC, RankIC, deciles, the book in overlapping tranches after costs, and
bootstrap intervals of 1,000 draws of the mean RankIC and of all figures of the net book. Labels are made
before the clock starts.

The peer computes RankIC as alphalens does, `scipy.stats.spearmanr` on the groups of a long table by date; it
runs on a sample of dates, and the time per date is multiplied. Correlations of the sample are compared. A
record of each run is appended to `benchmarks/results/evaluate.json`.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.machine import measure
from benchmarks.record import keep
from jqfast.data.panel import Panel
from jqfast.evaluate import PortfolioConfig, deciles, draw, ic, performance, performance_intervals, rank_ic
from jqfast.evaluate.portfolio import plan, prepare, trade
from jqfast.learn.labels import Labels, make_labels

STOCKS, DAYS, SAMPLE, DRAWS = 4000, 4000, 40, 1000
HORIZONS = (1, 5, 10, 20)
SECONDS, TIMES = 20.0, 20.0


def market() -> tuple[Panel, Labels, np.ndarray]:
    """Prices, labels and scores (horizons, T, N)."""
    rng = np.random.default_rng(0)
    close = rng.standard_normal((DAYS, STOCKS), dtype=np.float32).astype(np.float64)
    close *= 0.02
    close[0] += np.log(1000.0)
    np.exp(np.cumsum(close, axis=0, out=close), out=close)
    np.round(close, 0, out=close)  # whole yen: some returns are 0, as on the exchange
    np.maximum(close, 1.0, out=close)
    close[rng.random(close.shape, dtype=np.float32) < 0.005] = np.nan
    start, end = rng.integers(0, DAYS // 3, STOCKS), rng.integers(2 * DAYS // 3, 3 * DAYS, STOCKS)
    day = np.arange(DAYS)[:, None]
    listed = (day >= np.where(np.arange(STOCKS) % 3 == 0, start, 0)) & (day < end)
    close[~listed] = np.nan
    traded = np.isfinite(close).astype(np.float64)
    columns = dict.fromkeys(("open", "high", "low", "close"), close)
    columns |= {"volume": 1e5 * traded, "turnover": 1e9 * traded, "adjustment": np.ones_like(traded)}
    dates = np.busday_offset("2008-01-04", np.arange(DAYS), roll="forward").astype("datetime64[D]")
    panel = Panel(dates, np.array([f"{k:05d}" for k in range(STOCKS)]), columns, listed)
    labels = make_labels(panel, HORIZONS)
    scores = rng.standard_normal((len(HORIZONS), DAYS, STOCKS), dtype=np.float32)
    for i, h in enumerate(HORIZONS):
        scores[i] += np.nan_to_num(labels.returns[i] / (0.5 * np.sqrt(h)))
    scores[:, ~listed] = np.nan
    return panel, labels, scores


def judged(panel: Panel, labels: Labels, scores: np.ndarray) -> dict[str, float]:
    """Everything of every horizon; the seconds of each part."""
    spent = dict.fromkeys(("ic", "rank_ic", "deciles", "costs", "bootstrap"), 0.0)

    def clocked(part: str, made: Any) -> Any:
        spent[part] += time.perf_counter() - clock[0]
        clock[0] = time.perf_counter()
        return made

    clock = [time.perf_counter()]
    config = PortfolioConfig()
    ground = clocked("costs", prepare(panel, config, fillable=labels.fillable))
    for i, h in enumerate(HORIZONS):
        values, returns = scores[i], labels.returns[i]
        clocked("ic", ic(values, returns, horizon=h))
        ranks = clocked("rank_ic", rank_ic(values, returns, horizon=h))
        clocked("deciles", deciles(values, returns, horizon=h))
        held = PortfolioConfig(horizon=h)
        book = clocked("costs", trade(ground, plan(panel, ground, values, held), held))
        net = book.returns["long_short_net"]
        dates, sessions = (draw(n, block=20.0, draws=DRAWS) for n in (len(returns), len(net)))
        dates.interval(ranks.mean, dates.means(ranks.per_date[:, None])[:, 0])
        figures = performance(net, periods_per_year=252)
        clocked("bootstrap", performance_intervals(net, figures, sessions))
    return spent


def by_loop(frame: pd.DataFrame) -> pd.Series:
    """RankIC per date of a long table."""
    return frame.groupby(level="date").apply(lambda day: stats.spearmanr(day["factor"], day["return"])[0])


def sample(panel: Panel, scores: np.ndarray, returns: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """The long table of some dates, pairs only."""
    pairs = np.isfinite(scores[rows]) & np.isfinite(returns[rows])
    at, stock = np.nonzero(pairs)
    index = pd.MultiIndex.from_arrays([panel.dates[rows][at], panel.codes[stock]], names=["date", "asset"])
    return pd.DataFrame({"factor": scores[rows][pairs], "return": returns[rows][pairs]}, index=index)


def test_judging_the_whole_market() -> None:
    panel, labels, scores = market()
    few = panel.rows(0, 300)
    judged(few, make_labels(few, HORIZONS), scores[:, :300])  # compiles the plans
    parts = judged(panel, labels, scores)
    rows = np.linspace(500, DAYS - 100, SAMPLE).astype(np.int64)
    frame = sample(panel, scores[1], labels.returns[1], rows)
    loop = measure(lambda: by_loop(frame), seconds=1.0)
    theirs = by_loop(frame).to_numpy()
    ours = rank_ic(scores[1], labels.returns[1], horizon=5)
    np.testing.assert_allclose(ours.per_date[rows], theirs, atol=1e-12)
    fast = measure(lambda: rank_ic(scores[1], labels.returns[1], horizon=5), seconds=2.0)
    whole = loop.median / len(rows) * DAYS
    record = keep(
        "evaluate",
        {
            "stocks": STOCKS,
            "days": DAYS,
            "horizons": list(HORIZONS),
            "draws": DRAWS,
            "compared_dates": len(rows),
            "judged_s": round(sum(parts.values()), 2),
            "parts_s": {name: round(value, 2) for name, value in parts.items()},
            "rank_ic_s": round(fast.median / 1e3, 3),
            "rank_ic_spread_s": round(fast.spread / 1e3, 3),
            "loop_s": round(whole / 1e3, 1),
            "times_loop": round(whole / fast.median, 1),
        },
        packages=("numpy", "scipy", "pandas"),
    )
    assert record["judged_s"] <= SECONDS
    assert record["times_loop"] >= TIMES
