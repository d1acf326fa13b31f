"""Writes `plans/*.txt`: the plan text of formulas that show one idea each.

    python tests/golden/make_plans.py

Run it after a deliberate change of a pass and say in the commit why each line of the difference changed:
plans are what the executor is given, so a line more is time lost and a line less may be a value lost.
"""

from __future__ import annotations

from pathlib import Path

from jqfast.features import (
    Expr,
    as_of,
    close,
    column,
    cs_bucket,
    cs_demean,
    cs_neutralize,
    cs_rank,
    cs_winsorize,
    cs_zscore,
    cum_max,
    dow_sin,
    ema,
    ewm_std,
    high,
    lag,
    log,
    low,
    open_,
    period_diff,
    period_std,
    period_zscore,
    registry,
    since,
    streak,
    ts_argmax,
    ts_corr,
    ts_decay,
    ts_mad,
    ts_max,
    ts_mean,
    ts_median,
    ts_min,
    ts_product,
    ts_quantile,
    ts_r2,
    ts_rank,
    ts_resid,
    ts_residual,
    ts_slope,
    ts_std,
    ts_wmean,
    turnover,
    volume,
    where,
    wilder,
)
from jqfast.features.passes import compile_plan

FOLDER = Path(__file__).with_name("plans")


def _declared(*names: str) -> list[Expr]:
    return [registry[name].expr for name in names]


def _normalised(*names: str) -> list[Expr]:
    return [registry[name].treatment.per_date(registry[name].expr) for name in names]


def cases() -> dict[str, list[Expr]]:
    """File name -> the outputs of the plan."""
    ret = close / lag(close, 1) - 1
    return {
        "one_return": [ret],
        "shared_windows": [
            close / ts_mean(close, 20),
            ts_std(close, 20) / close,
            ts_max(close, 20) / ts_min(close, 20),
        ],
        "pairs_and_trend": [
            ts_corr(ret, volume / lag(volume, 1), 20),
            ts_slope(close, 20),
            ts_resid(close, 20),
        ],
        "order_statistics": [
            ts_rank(close, 20),
            ts_quantile(ret, 20, 0.9) - ts_quantile(ret, 20, 0.1),
            (ret - ts_median(ret, 20)) / ts_mad(ret, 20),
        ],
        "weighted_means": [
            close / ts_decay(close, 20),
            ts_slope(close, 20),
            close / ts_wmean(close, volume, 20),
            ts_residual(ret, lag(ret, 1), 60),
            ts_r2(ret, lag(ret, 1), 60),
        ],
        "since_the_beginning": [
            close / cum_max(close) - 1,
            since(close >= cum_max(close)),
            ts_product(1 + ret, 5),
            ewm_std(ret, 20),
        ],
        "periods": [
            period_zscore(turnover, column("week"), 52, 35),
            period_std(turnover, column("week"), 52, 35),
            period_diff(turnover, column("week"), 4),
        ],
        "recursions": [close / ema(close, 5, 4), wilder(ret, 14), streak(ret > 0), ts_argmax(high, 20)],
        "range_volatility": _declared("vol_yz_20", "vol_rs_20", "vol_gk_20", "vol_park_20"),
        "relative_strength": _declared("rsi", "rsi_overbought"),
        "levels": [as_of(close, 1), as_of(volume, 1)],
        "per_date_normalised": _normalised("ret_1", "ret_5", "ret_hv", "dow_sin"),
        "cross_section_then_time": [
            ts_mean(cs_rank(ret), 5),
            cs_demean(cs_zscore(ret)),
            cs_rank(ret) * (high / low),
        ],
        "groups": [
            cs_zscore(ret, by="sector33"),
            cs_neutralize(cs_winsorize(ret), log(turnover), by="sector33"),
            cs_rank(ret, method="first", by=cs_bucket(turnover, 5)),
        ],
        "folded": [(close * 1 - 0) / (2 * 3.0 * open_), where(close > open_, 1, dow_sin)],
    }


def text(outputs: list[Expr]) -> str:
    """The plan, with the formulas as a heading."""
    heading = "".join(f"# {number}: {expr}\n" for number, expr in enumerate(outputs))
    return heading + compile_plan(outputs).text


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, outputs in cases().items():
        (FOLDER / f"{name}.txt").write_text(text(outputs), encoding="utf-8")
