# ruff: noqa: E501  (tables of made-up numbers)
"""Synthetic but realistic report inputs for the tests of the report and for looking at it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from study_inputs import evaluation_facts

from jqfast.evaluate.costs import CostConfig
from jqfast.explain.shape import shape
from jqfast.report import inputs as made
from jqfast.report.monitor_inputs import DriftRow, MonitorFacts
from jqfast.report.trust_inputs import Order, TrustFacts, TrustRow

NAMES = (
    "ret_1", "ret_5", "ret_20", "ret_60", "vol_yz_20", "vol_yz_60", "rsi", "atr_norm", "bb_z", "macd_hist",
    "amihud_20", "turnover_ratio_20", "volume_zscore_60", "gap_open", "range_20", "beta_60", "skew_60", "kurt_60",
    "close_sma_ratio_5", "close_sma_ratio_20", "close_sma_ratio_60", "streak_up", "dist_high_250", "obv_slope_20",
    "dow_sin",
)  # fmt: skip


def sessions(n: int = 1200, start: str = "2019-03-01") -> np.ndarray:
    """(n,) business days."""
    return np.busday_offset(np.datetime64(start), np.arange(n), roll="forward")


def forecast_facts(rng: np.random.Generator, dates: np.ndarray) -> made.ForecastFacts:
    """IC table, RankIC series and deciles with a mean RankIC of 0.03."""
    rank_ic = 0.031 + 0.11 * rng.standard_normal(len(dates))
    rank_ic[rng.random(len(dates)) < 0.01] = np.nan
    scores = [
        made.HorizonScore(h, len(dates), ic, ic / 0.1, ic / 0.1 * (252 / h) ** 0.5, ric, ric / 0.11,
                       ric / 0.11 * (252 / h) ** 0.5, t, win, made.Interval(ric - 0.012, ric + 0.012, "block bootstrap"))
        for h, ic, ric, t, win in (
            (1, 0.0121, 0.0172, 4.1, 0.561), (5, 0.0204, 0.0313, 4.8, 0.607),
            (10, 0.0221, 0.0341, 3.9, 0.618), (20, -0.0009, 0.0288, 2.6, 0.601),
        )
    ]  # fmt: skip
    deciles = [
        made.DecileReturns(h, np.linspace(-s, s, 10) + 1e-4 * rng.standard_normal(10), np.full(10, 0.35 * s))
        for h, s in ((1, 4e-4), (5, 0.0018), (10, 0.003), (20, 0.0042))
    ]
    series = made.IcSeries(5, dates, rank_ic)
    spans = [
        made.FoldSpan(str(dates[i]), (dates[0] + i - 1100, dates[i]), (dates[i] + 30, dates[i] + 59))
        for i in range(0, len(dates) - 60, 60)
    ]
    return made.ForecastFacts("MLP 64-64-32, tanh", 58, scores, series, deciles, fold_spans=spans)


def portfolio_facts(rng: np.random.Generator, dates: np.ndarray) -> made.PortfolioFacts:
    """Daily returns of a market with a modest long-short premium that costs nearly halve."""
    market = 0.0004 + 0.011 * rng.standard_normal(len(dates))
    edge = 0.00055 + 0.0042 * rng.standard_normal(len(dates))
    long, short = market + edge / 2, market - edge / 2
    net = edge - 0.00022
    series = made.PortfolioSeries(dates, long, short, edge, net, market, "TOPIX（価格指数）")
    columns = [
        made.Performance(leg, basis, *numbers, 0.53, len(dates))
        for leg, basis, *numbers in (
            ("long", "gross", 0.1591, 0.1967, 0.81, -0.4418), ("long", "net", 0.1274, 0.1968, 0.65, -0.4602),
            ("short", "gross", -0.052, 0.2152, -0.24, -0.7442), ("short", "net", -0.024, 0.2151, -0.11, -0.7120),
            ("long_short", "gross", 0.2072, 0.1275, 1.63, -0.2238),
            ("long_short", "net", 0.0871, 0.1281, 0.68, -0.2914),
            ("benchmark", "gross", 0.0231, 0.1772, 0.13, -0.5623),
        )
    ]  # fmt: skip
    costs = made.cost_items(CostConfig())
    return made.PortfolioFacts(
        series, columns, 1.61, 0.72, made.Interval(-0.08, 1.49, "block bootstrap"), 0.176, 44.4, 0.117, costs,
        probabilistic_sharpe=0.957, trials=3, notes=("Shorts in every stock: a paper portfolio.",),
    )  # fmt: skip


def explanation_facts(rng: np.random.Generator, points: int = 4000) -> made.ExplanationFacts:
    """Ten single stocks, the side means of all features and two scatters."""
    F = len(NAMES)
    features = NAMES[:10]
    rows = []
    for i in range(10):
        x, r = rng.standard_normal(10), 0.05 * rng.standard_normal(10)
        r += (0.03 if i < 5 else -0.03) * (np.arange(10) < 4)
        code, name = (
            (("4502", "武田薬品工業"), ("285A", "キオクシア <HD>"))[i % 2] if i < 2 else (str(6500 + i), "")
        )
        rows.append(made.StockRow("long" if i < 5 else "short", code, 0.27 - 0.07 * i, x, r, name))
    rows[3].values[2] = np.nan
    size = 0.04 * np.exp(-np.arange(F) / 6)
    long = size * rng.choice([-1, 1], F) + 0.003 * rng.standard_normal(F)
    short = -long + 0.006 * rng.standard_normal(F)
    p = np.clip(np.exp(-np.abs(long - short) * 220), 0, 1)
    scatters = []
    for k, name in enumerate(("ret_5", "vol_yz_60")):
        is_long = np.arange(points) % 2 == 0
        x = rng.standard_normal(points) + np.where(is_long, -0.4, 0.4)
        r = (-0.02 * x if k == 0 else 0.015 * np.maximum(x, 0)) + 0.008 * rng.standard_normal(points)
        kind = ("momentum", "volatility")[k]
        scatters.append(made.FeatureScatter(name, x, r, is_long, kind, shape(x, r)))
    days = np.arange("2020-01", "2023-07", dtype="datetime64[M]").astype("datetime64[D]") + 27
    market = made.MarketRelevance(
        ["k_topix_1m", "k_usdjpy_1m"],
        days,
        1e-3 * rng.standard_normal((len(days), 2)),
        np.array([1e-4, -2e-5]),
        np.array([2.1, -0.3]),
    )
    names = ["book_to_price", "log_market_value", "ret_240", "roe_forecast"]
    deciles = made.RelevanceDeciles(
        "k_topix_1m",
        np.datetime64("2022-06-30"),
        -2.31,
        names,
        np.array([0.9, -0.6, -0.8, 0.1]),
        np.array([-0.5, 0.4, 0.3, 0.0]),
        np.array([0.001, 0.002, 0.0001, 0.5]),
        190,
    )
    return made.ExplanationFacts(
        5,
        made.StockTable(np.datetime64("2023-06-30"), features, rows),
        made.LegRelevance(NAMES, long, short, p, 4300, 4290, "2019-06 – 2023-12"),
        scatters,
        made.Residual(0.031, 0.212, 6.41, n=512_304),
        demeaned=True,
        market=market,
        deciles=deciles,
    )


def full_input(language: made.Language = "en", *, seed: int = 3, simulated: bool = False) -> made.ReportInput:
    """A complete report input."""
    rng = np.random.default_rng(seed)
    dates = sessions()
    listed = np.round(930 + np.arange(len(dates)) / 60)
    traded = listed - rng.integers(0, 9, len(dates))
    coverage = made.Coverage(dates, listed, traded, np.where(np.arange(len(dates)) < 60, 0, traded - 14))
    quality = {
        "rows": 2233856, "stocks": 950, "sessions": 2445, "start": dates[0], "end": dates[-1],
        "no_trade_share": 0.00052, "not_sessions": ("2020-10-01",), "bad_rows_dropped": 0,
        "turnover_approximated_share": 0.487, "splits": 0, "survivors_only": not simulated,
    }  # fmt: skip
    data = made.DataFacts(
        "simulated market" if simulated else "prices.parquet", quality,
        ("Prices arrived already adjusted for splits; levels carry later splits.",
         "Turnover before 2021-01-25 is close × volume."),
        survivors_only=not simulated, simulated=simulated, coverage=coverage,
    )  # fmt: skip
    run = made.RunFacts(
        "2026-11-22-prices",
        {"data": {"prices": "prices.parquet", "bad": "error"}, "seed": 7, "learn": {"model": "mlp", "hidden": [64, 64, 32]}},
        {"jqfast": "0.1.0", "python": "3.11.2", "jax": "0.10.0", "isa": "avx512", "seed": 7, "data hash": "9f31c0de77aa"},
        {"load": 1.92, "features": 2.71, "train": 402.7, "explain": 9.3, "report": 3.4},
        [made.FeatureRow(n, f"close / lag(close, {i + 1}) - 1", "Simple return & <more>.", "momentum", i + 2, "D0", "cs", "T-XRET")
         for i, n in enumerate(NAMES)],
    )  # fmt: skip
    return made.ReportInput(
        "日本株 5営業日予測" if language == "ja" else "Tokyo stocks, 5-session forecast",
        run,
        data,
        forecast_facts(rng, dates),
        portfolio_facts(rng, dates),
        explanation_facts(rng),
        language,
        evaluation=evaluation_facts(),
    )


def tiny_input(language: made.Language = "en") -> made.ReportInput:
    """Only what is required: everything optional missing."""
    full = full_input(language)
    forecast = made.ForecastFacts("MLP", 0, [])
    return replace(
        full, run=made.RunFacts("tiny"), data=made.DataFacts("pasted text"), forecast=forecast, portfolio=None,
        explanation=None, explanation_missing="The LSTM has no LRP yet.", evaluation=None,
    )  # fmt: skip


def trust_facts() -> TrustFacts:
    """A model whose relevances may be read for one driver and not for another."""
    nan = float("nan")
    rows = [
        TrustRow(
            "reversal+momentum",
            12,
            0.5,
            0.95,
            0.93,
            0.01,
            0.02,
            0.8,
            0.6,
            0.8,
            0.79,
            "recovered",
            {"lrp_model": 0.011, "seeds": 0.04},
        ),
        TrustRow("value", 6, 0.3, 0.41, 0.52, -0.03, 0.02, 0.3, 0.3, 0.2, 0.43, "not recovered"),
        TrustRow("size", 5, 0.2, 0.9, 0.9, 0.4, 0.02, 0.9, nan, nan, nan, "control too"),
        TrustRow("time", 2, 0.0, nan, nan, nan, nan, nan, nan, nan, nan, "small"),
    ]
    bow = np.array([0.0, 0.02, 0.03, 0.02, 0.0])
    lrp = Order(-bow, bow, 0.03, 0.002, 0.031, 0.1 * bow, 0.1 * bow)
    gradient = Order(-0.9 * bow, 0.9 * bow, 0.027, 0.002, 0.029)
    random = Order(0.1 * bow, 0.08 * bow, -0.001, 0.002, 0.0)
    pairs = [(1, 0.65, 0.01), (2, 0.61, nan)]
    return TrustFacts(rows, lrp, gradient, random, pairs, 600, ["2022-03-30", "2023-09-27"], ["a", "b"], 1)


def monitor_facts() -> MonitorFacts:
    """A model within its limits, one input beyond."""
    dates = sessions(300, "2022-01-04")
    rolling = 0.03 + 0.01 * np.sin(np.arange(300) / 20)
    drift = [DriftRow("ret_5", 0.41, 1.0, 0.99), DriftRow("rsi", 0.02, 0.98, 0.97)]
    return MonitorFacts(dates, rolling, 0.01, 0.05, 60, 3.0, drift, 0.25, 0.2, 20, "2023-12")
