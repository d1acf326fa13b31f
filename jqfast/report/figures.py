"""Figures on forecasts and portfolios: cumulative returns (6), RankIC over time, deciles, coverage.

Every function returns the numbers drawn as a DataFrame and the matplotlib Figure, uses neither pyplot nor
global settings, and computes nothing but groupings (months) and running sums or products of what it is
given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jqfast.report.inputs import Coverage, DecileReturns, IcSeries, PortfolioSeries
from jqfast.report.numbers import number
from jqfast.report.style import (
    ACCENT,
    BENCHMARK,
    INK,
    LONG,
    MUTED,
    SHORT,
    WEAK,
    Style,
    date_axis,
    new_figure,
    styled,
)
from jqfast.types import AnyArray, DateArray, FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: a linear scale hides the small lines once values differ by more than this factor
LOG_FROM = 6.0


def cumulative_returns(series: PortfolioSeries, style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Figure 6: the value of 1 invested in long, short, long-short and benchmark.

    Parameters
    ----------
    series : returns per period (P,), fractions
    style : labels and fonts; English if None

    Returns
    -------
    frame : (P + 1) rows; index date, the first row (one period before the first date) is 1; one column
    per line. NaN returns count as 0. figure : matplotlib Figure

    Notes
    -----
    V_0 = 1, V_p = V_{p-1} (1 + r_p).
    """
    import pandas as pd

    style = style or Style()
    lines: dict[str, FloatArray | None] = {
        "long": series.long,
        "short": series.short,
        "long_short_gross": series.long_short_gross,
        "long_short_net": series.long_short_net,
        "benchmark": series.benchmark,
    }
    dates = _with_start(series.dates)
    values = {name: _compound(returns) for name, returns in lines.items() if returns is not None}
    frame = pd.DataFrame(values, index=pd.DatetimeIndex(dates, name="date"))
    with styled(style):
        figure = new_figure(height=4.2)
        axes = figure.subplots()
        _draw_cumulative(axes, frame, series.benchmark_name, style)
    return frame, figure


def _draw_cumulative(axes: Axes, frame: DataFrame, benchmark: str, style: Style) -> None:
    label = style.labels
    looks: dict[str, tuple[str, str, float, str]] = {
        "benchmark": (style.safe(benchmark), BENCHMARK, 1.4, "-"),
        "long": (label("long"), LONG, 1.6, "-"),
        "short": (label("short"), SHORT, 1.6, "-"),
        "long_short_gross": (f"{label('long_short')} ({label('gross')})", INK, 1.2, "--"),
        "long_short_net": (f"{label('long_short')} ({label('net')})", INK, 2.0, "-"),
    }
    for name, (text, colour, width, dashes) in looks.items():
        if name in frame:
            axes.plot(
                frame.index.to_numpy(), frame[name].to_numpy(), dashes, color=colour, lw=width, label=text
            )
    axes.axhline(1.0, color=MUTED, lw=0.8)
    values = frame.to_numpy()
    logarithmic = values.size > 0 and values.min() > 0 and values.max() / values.min() > LOG_FROM
    if logarithmic:
        axes.set_yscale("log")
        from matplotlib.ticker import LogLocator

        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        axes.yaxis.set_minor_formatter(lambda _y, _: "")
    scale = f" ({label('log_scale')})" if logarithmic else ""
    axes.set_ylabel(label("cumulative_axis") + scale)
    date_axis(axes)
    _legend_above(axes)


def rank_ic_over_time(series: IcSeries, style: Style | None = None) -> tuple[DataFrame, Figure]:
    """RankIC over time: monthly means as bars, the running sum over dates below.

    Parameters
    ----------
    series : RankIC per date (T,), NaN where there was none
    style : labels and fonts; English if None

    Returns
    -------
    frame : one row per month with a finite value; columns ``mean``, ``dates``, ``cumulative`` (sum up to
    its end) figure : matplotlib Figure
    """
    import pandas as pd

    style = style or Style()
    finite = np.isfinite(series.rank_ic)
    dates, values = series.dates[finite], series.rank_ic[finite]
    months, first, counts = np.unique(dates.astype("datetime64[M]"), return_index=True, return_counts=True)
    sums = np.add.reduceat(values, first) if len(first) else np.zeros(0)
    frame = pd.DataFrame(
        {"mean": sums / counts, "dates": counts, "cumulative": np.cumsum(sums)},
        index=pd.DatetimeIndex(months.astype("datetime64[s]"), name="month"),
    )
    with styled(style):
        figure = new_figure(height=4.4)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _draw_months(upper, months, frame["mean"].to_numpy(), values, style)
        lower.plot(dates, np.cumsum(values), color=ACCENT, lw=1.6)
        lower.axhline(0.0, color=MUTED, lw=0.8)
        lower.set_ylabel(style.labels("cumulative"))
        date_axis(lower)
    return frame, figure


def _draw_months(axes: Axes, months: DateArray, means: FloatArray, values: FloatArray, style: Style) -> None:
    middle = months.astype("datetime64[D]") + np.timedelta64(15, "D")
    colours = np.where(means >= 0, ACCENT, WEAK)
    axes.bar(middle, means, width=24.0, color=list(colours))
    axes.axhline(0.0, color=MUTED, lw=0.8)
    axes.set_ylabel(style.labels("monthly_mean"))
    axes.grid(visible=False, axis="x")
    if len(values):
        mean = float(values.mean())
        text = style.labels("overall_mean", x=number(mean, 4, signed=True))
        axes.axhline(mean, color=LONG, lw=1.4, ls="--", label=text)
        _legend_above(axes)


def decile_returns(deciles: Sequence[DecileReturns], style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Mean return of each forecast decile with 95 % whiskers, one small chart per horizon.

    Parameters
    ----------
    deciles : one entry per horizon, lowest decile first, fractions per ``horizon`` sessions
    style : labels and fonts; English if None

    Returns
    -------
    frame : columns ``horizon``, ``decile``, ``mean``, ``std_error`` (fractions)
    figure : matplotlib Figure
    """
    import pandas as pd

    style = style or Style()
    parts = [
        pd.DataFrame(
            {
                "horizon": part.horizon,
                "decile": np.arange(1, len(part.mean) + 1),
                "mean": part.mean,
                "std_error": part.std_error,
            }
        )
        for part in deciles
    ]
    columns = ["horizon", "decile", "mean", "std_error"]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    with styled(style):
        across = min(2, max(1, len(deciles)))
        down = -(-len(deciles) // across) if deciles else 1
        figure = new_figure(height=2.4 * down + 0.3)
        grid = np.atleast_1d(figure.subplots(down, across, squeeze=False)).ravel()
        for axes, part in zip(grid, deciles, strict=False):
            _draw_deciles(axes, part, style)
        for axes in grid[len(deciles) :]:
            axes.set_visible(False)
        figure.supxlabel(style.labels("decile_axis"), fontsize=9, color=MUTED)
    return frame, figure


def _draw_deciles(axes: Axes, part: DecileReturns, style: Style) -> None:
    D = len(part.mean)
    place = np.arange(1, D + 1)
    colours = [SHORT, *[BENCHMARK] * (D - 2), LONG] if D >= 2 else [BENCHMARK] * D
    axes.bar(place, 1e4 * part.mean, width=0.72, color=colours)
    axes.errorbar(
        place, 1e4 * part.mean, yerr=1.96e4 * part.std_error, fmt="none", ecolor=INK, elinewidth=0.9
    )
    axes.axhline(0.0, color=MUTED, lw=0.8)
    axes.set_xticks(place)
    axes.grid(visible=False, axis="x")
    horizon = style.labels.horizon(part.horizon)
    axes.set_title(style.labels("decile_unit", h=horizon), loc="left", fontsize=9, color=INK)


def coverage(facts: Coverage, style: Style | None = None) -> tuple[DataFrame, Figure]:
    """How many stocks were listed, traded and scored on each date.

    Returns
    -------
    frame : index date, columns ``listed``, ``traded``, ``scored`` (counts)
    figure : matplotlib Figure
    """
    import pandas as pd

    style = style or Style()
    values = {
        name: np.asarray(getattr(facts, name), dtype=np.float64) for name in ("listed", "traded", "scored")
    }
    frame = pd.DataFrame(values, index=pd.DatetimeIndex(facts.dates.astype("datetime64[s]"), name="date"))
    with styled(style):
        figure = new_figure(height=2.5)
        axes = figure.subplots()
        looks = {"listed": (MUTED, 1.2, "--"), "traded": (ACCENT, 1.2, "-"), "scored": (LONG, 1.6, "-")}
        for name, (colour, width, dashes) in looks.items():
            drawn = values[name]
            if name == "scored":  # no line along 0 before the first forecast
                drawn = np.where(drawn > 0, drawn, np.nan)
            axes.plot(facts.dates, drawn, dashes, color=colour, lw=width, label=style.labels(name))
        axes.set_ylim(bottom=0)
        axes.set_ylabel(style.labels("stocks_axis"))
        date_axis(axes)
        _legend_above(axes)
    return frame, figure


def _legend_above(axes: Axes) -> None:
    """The legend in one line over the plot, where it never covers a line."""
    entries = len(axes.get_legend_handles_labels()[0])
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=entries,
        borderaxespad=0.1,
        columnspacing=1.4,
        handlelength=1.6,
    )


def _with_start(dates: DateArray) -> AnyArray:
    """The dates with one before them, at the distance of the first two, where every line is 1."""
    days = dates.astype("datetime64[D]")
    step = days[1] - days[0] if len(days) > 1 else np.timedelta64(1, "D")
    return np.concatenate([days[:1] - step, days]).astype("datetime64[s]")


def _compound(returns: FloatArray) -> FloatArray:
    growth = np.concatenate([[1.0] if len(returns) else [], 1.0 + np.nan_to_num(returns, nan=0.0)])
    return np.cumprod(growth)
