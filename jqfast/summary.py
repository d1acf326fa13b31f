"""The table at the end of a run: what was done and what came out, in a dozen lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jqfast.pipeline import RunResult


_REFERENCES = {"oracle": "oracle", "oracle_visible": "its visible part", "drivers_ridge": "ridge on drivers"}


def rows(result: RunResult) -> list[tuple[str, str]]:
    """(label, value) pairs for people."""
    panel, folds = result.panel, result.predictions.folds
    T, N = panel.shape
    metrics = result.metrics
    return [
        ("prices", panel.info.source),
        ("panel", f"{N:,} stocks x {T:,} sessions, {panel.dates[0]} to {panel.dates[-1]}"),
        ("features", f"{len(result.features.names)}"),
        ("folds", f"{len(folds)}, {folds[0]} to {folds[-1]}"),
        *_horizon_rows(metrics["horizons"], "m" if result.config.labels.unit == "month" else "d"),
        *_planted_rows(metrics["planted"]),
        *_portfolio_rows(metrics["portfolio"]),
        *_explanation_rows(metrics["explanation"], result.why_unexplained),
        ("seconds", _seconds(result.seconds)),
    ]


def _horizon_rows(horizons: dict[str, Any], unit: str) -> list[tuple[str, str]]:
    table = []
    for h, result in horizons.items():
        ranks, known = result["rank_ic"], result["references"]
        text = f"{ranks['mean']:+.4f}  t {ranks['t_newey_west']:+.1f}  IR {ranks['ir']:+.2f}"
        if known:
            told = (f"{words} {known[name]['mean']:+.4f}" for name, words in _REFERENCES.items())
            text += f"  ({', '.join(told)})"
        table.append((f"RankIC {h}{unit}", text))
    return table


def _planted_rows(planted: dict[str, Any] | None) -> list[tuple[str, str]]:
    if planted is None:
        return []
    visible = planted["visible"]
    hidden = [name for name in planted["drivers"] if name not in visible]
    text = f"{', '.join(visible) or 'nothing'} of what is planted"
    return [("inputs see", text + (f", not {', '.join(hidden)}" if hidden else ""))]


def _portfolio_rows(portfolio: dict[str, Any] | None) -> list[tuple[str, str]]:
    if portfolio is None:
        return [("long-short", "too few stocks for deciles")]
    gross, net = (portfolio["performance"][f"long_short_{basis}"] for basis in ("gross", "net"))
    fall = net["max_drawdown"]
    return [
        ("long-short gross", f"{gross['annual_return']:+.1%} a year, Sharpe {gross['sharpe']:.2f}"),
        (
            "long-short net",
            f"{net['annual_return']:+.1%} a year, Sharpe {net['sharpe']:.2f}, worst fall {fall:.1%}",
        ),
        ("turnover", f"{portfolio['turnover_daily']:.1%} a session, one way"),
    ]


def _explanation_rows(explanation: dict[str, Any] | None, why_not: str) -> list[tuple[str, str]]:
    if explanation is None:
        return [("LRP", why_not)]
    share = explanation["residual_by_date_median"]
    return [("LRP", f"{explanation['forecasts']:,} forecasts explained, residual {share:.1%}")]


def _seconds(seconds: dict[str, float]) -> str:
    total = sum(seconds.values())
    return f"{total:.1f}  (" + ", ".join(f"{name} {value:.1f}" for name, value in seconds.items()) + ")"
