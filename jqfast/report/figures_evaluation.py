"""Figures of the evaluation in detail: RankIC by part, its decay, results by capital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jqfast.evaluate.breakdowns import Part
from jqfast.evaluate.capacity import CapacityPoint
from jqfast.report.style import ACCENT, LONG, MUTED, Style, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

_COLUMNS = ("mean", "low", "high", "t")

#: Inches of a row of the breakdown.
_ROW = 0.21


def parts_frame(groups: Mapping[str, Sequence[Part]]) -> DataFrame:
    """One row per part: group, part, dates, RankIC with its interval and t."""
    import pandas as pd

    rows = [
        (
            group,
            part.name,
            part.n_dates,
            *(getattr(part.rank_ic, key) for key in ("mean", "low", "high", "t")),
        )
        for group, found in groups.items()
        for part in found
    ]
    return pd.DataFrame(rows, columns=["group", "part", "dates", "rank_ic", "low", "high", "t"])


def rank_ic_by_part(
    groups: Mapping[str, Sequence[Part]], style: Style | None = None
) -> tuple[DataFrame, Figure]:
    """Dots and intervals of every part, one block per group, in two columns of about equal height.

    Parameters
    ----------
    groups : title of a group -> its parts, names as they are to be printed
    style : labels and fonts; English if None

    Returns
    -------
    frame : see :func:`parts_frame`
    figure : matplotlib Figure
    """
    style = style or Style()
    filled = {title: found for title, found in groups.items() if found}
    columns = _two_columns(filled)
    rows = max((sum(len(filled[title]) + 2 for title in column) for column in columns), default=1)
    with styled(style):
        figure = new_figure(height=0.5 + _ROW * rows)
        grid = figure.subplots(1, len(columns), sharex=True, squeeze=False)[0] if columns else []
        for axes, column in zip(grid, columns, strict=True):
            _draw_column(axes, {title: filled[title] for title in column}, style)
    return parts_frame(groups), figure


def _two_columns(groups: Mapping[str, Sequence[Part]]) -> list[list[str]]:
    """Titles of the left column, the first ones up to half of all rows, and of the right."""
    titles = list(groups)
    sizes = np.cumsum([len(groups[title]) + 2 for title in titles])
    if len(titles) < 2:
        return [titles] if titles else []
    left = 1 + int(np.argmin(np.abs(sizes[:-1] - sizes[-1] / 2)))
    return [titles[:left], titles[left:]]


def _draw_column(axes: Axes, groups: Mapping[str, Sequence[Part]], style: Style) -> None:
    place, names, at = 0, [], []
    for title, found in groups.items():
        axes.text(
            0.0,
            place,
            style.safe(title),
            transform=axes.get_yaxis_transform(),
            va="center",
            fontweight="bold",
        )
        place += 1
        for part in found:
            _draw_interval(axes, part, place)
            names.append(style.safe(part.name))
            at.append(place)
            place += 1
        place += 1
    axes.axvline(0.0, color=MUTED, lw=0.8)
    axes.set_yticks(at, names)
    axes.set_ylim(place - 0.5, -0.7)
    axes.set_xlabel(style.labels("rank_ic"))
    axes.grid(visible=False, axis="y")


def _draw_interval(axes: Axes, part: Part, place: float) -> None:
    mean, low, high = part.rank_ic.mean, part.rank_ic.low, part.rank_ic.high
    clear = low > 0 or high < 0
    axes.plot([low, high], [place, place], color=ACCENT if clear else MUTED, lw=1.4, solid_capstyle="round")
    axes.plot([mean], [place], "o", ms=4.5, color=ACCENT if clear else MUTED)


def rank_ic_decay(
    delays: Sequence[Part], horizons: Sequence[Part], style: Style | None = None
) -> tuple[DataFrame, Figure]:
    """RankIC against returns that begin later, and against returns of other lengths.

    Returns
    -------
    frame : see :func:`parts_frame`, groups ``delay`` and ``horizon``
    figure : matplotlib Figure, one panel for each that has parts
    """
    style = style or Style()
    panels = [
        (found, style.labels(label))
        for found, label in ((delays, "decay_axis"), (horizons, f"horizon_axis_{style.labels.unit}"))
        if found
    ]
    with styled(style):
        figure = new_figure(height=2.7)
        grid = figure.subplots(1, max(len(panels), 1), sharey=True, squeeze=False)[0]
        for axes, (found, title) in zip(grid, panels, strict=False):
            _draw_steps(axes, found, title)
        grid[0].set_ylabel(style.labels("rank_ic"))
    return parts_frame({"delay": delays, "horizon": horizons}), figure


def _draw_steps(axes: Axes, found: Sequence[Part], title: str) -> None:
    place = np.arange(len(found))
    means = np.array([part.rank_ic.mean for part in found])
    for k, part in enumerate(found):
        axes.plot([k, k], [part.rank_ic.low, part.rank_ic.high], color=ACCENT, lw=1.4)
    axes.plot(place, means, "o-", color=ACCENT, ms=4.5, lw=1.2)
    axes.axhline(0.0, color=MUTED, lw=0.8)
    axes.set_xticks(place, [part.name for part in found])
    axes.set_xlim(-0.5, len(found) - 0.5)
    axes.set_xlabel(title)
    axes.grid(visible=False, axis="x")


def capacity_curve(points: Sequence[CapacityPoint], style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Returns before and after costs, and the Sharpe ratio with its interval, by capital of a leg.

    Returns
    -------
    frame : index capital (yen), the figures of each point
    figure : matplotlib Figure
    """
    import dataclasses

    import pandas as pd

    style = style or Style()
    frame = pd.DataFrame([dataclasses.asdict(point) for point in points]).set_index("capital")
    capital = frame.index.to_numpy()
    with styled(style):
        figure = new_figure(height=2.9)
        left, right = figure.subplots(1, 2)
        for column, basis, colour, dashes in (
            ("annual_gross", "gross", MUTED, "--"),
            ("annual_net", "net", LONG, "-"),
        ):
            values = 100 * frame[column].to_numpy()
            left.plot(capital, values, dashes, marker="o", ms=4, color=colour, label=style.labels(basis))
        band = (100 * frame[name].to_numpy() for name in ("net_low", "net_high"))
        left.fill_between(capital, *band, color=LONG, alpha=0.15, lw=0)
        left.set_ylabel(style.labels("capacity_return") + " (%)")
        left.legend(loc="best")
        low, high = frame["low"].to_numpy(), frame["high"].to_numpy()
        right.fill_between(capital, low, high, color=ACCENT, alpha=0.18, lw=0)
        right.plot(capital, frame["sharpe_net"].to_numpy(), "o-", ms=4, color=ACCENT)
        right.set_ylabel(style.labels("capacity_sharpe"))
        for axes in (left, right):
            axes.set_xscale("log")
            axes.axhline(0.0, color=MUTED, lw=0.8)
            axes.set_xlabel(style.labels("capital"))
    return frame, figure
