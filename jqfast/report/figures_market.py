"""Figures on market inputs: their relevance through time (11), and what kind of stocks one moved (12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jqfast.report.figures_lrp import halves_of, significance, whiskers
from jqfast.report.inputs import MarketRelevance, RelevanceDeciles
from jqfast.report.numbers import number
from jqfast.report.style import ACCENT, INK, LONG, MUTED, SHORT, WEAK, Style, date_axis, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: Market inputs with a chart of their own.
MOST_CHARTS = 4


def market_relevance(
    facts: MarketRelevance, style: Style | None = None, *, most: int = MOST_CHARTS
) -> tuple[DataFrame, Figure]:
    """Figure 11: mean relevance of market inputs, long minus short side, month by month.

    Parameters
    ----------
    facts : monthly means (M, F), overall means and Newey-West t (F,)
    style : labels and fonts; English if None
    most : inputs drawn, the first of ``facts.features``

    Returns
    -------
    frame : index date, one column per input, all F
    figure : matplotlib Figure, a small chart per input
    """
    import pandas as pd

    style = style or Style()
    index = pd.DatetimeIndex(facts.dates.astype("datetime64[s]"), name="date")
    frame = pd.DataFrame(facts.difference, index=index, columns=list(facts.features))
    shown = min(len(facts.features), most)
    across = min(2, max(shown, 1))
    down = max(1, -(-shown // across))
    with styled(style):
        figure = new_figure(height=2.1 * down + 0.3)
        grid = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
        for f, axes in enumerate(grid):
            if f < shown:
                _draw_months(axes, facts, f, style)
            else:
                axes.set_visible(False)
    return frame, figure


def _draw_months(axes: Axes, facts: MarketRelevance, f: int, style: Style) -> None:
    values = facts.difference[:, f]
    months = facts.dates.astype("datetime64[M]").astype("datetime64[D]") + np.timedelta64(15, "D")
    axes.bar(months, values, width=24.0, color=list(np.where(values >= 0, ACCENT, WEAK)))
    axes.axhline(0.0, color=MUTED, lw=0.8)
    mean = number(float(facts.mean[f]), 5, signed=True)
    told = style.labels("mean_and_t", x=mean, t=number(float(facts.t_newey_west[f])))
    title = f"{style.safe(facts.features[f])}: {told}"
    axes.set_title(title, loc="left", fontsize=9, color=INK)
    date_axis(axes)


def relevance_deciles(facts: RelevanceDeciles, style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Figure 12: mean attributes of the stocks with the highest and the lowest relevance of one input.

    Parameters
    ----------
    facts : means and Welch p-values (A,) of one date
    style : labels and fonts; English if None

    Returns
    -------
    frame : index attribute; ``high``, ``low``, ``difference``, ``high_half``, ``low_half``, ``p_value``,
    ``mark`` (``*`` 5 %, ``**`` 1 %)
    figure : matplotlib Figure
    """
    import pandas as pd

    style = style or Style()
    frame = pd.DataFrame(
        {
            "high": facts.high,
            "low": facts.low,
            "difference": facts.high - facts.low,
            "high_half": halves_of(facts.high_half, facts.high),
            "low_half": halves_of(facts.low_half, facts.low),
            "p_value": facts.p_value,
            "mark": [significance(float(p)) for p in facts.p_value],
        },
        index=pd.Index(list(facts.attributes), name="attribute"),
    )
    with styled(style):
        figure = new_figure(height=1.0 + 0.3 * max(len(frame), 2))
        _draw_attributes(figure.subplots(), frame, style)
    return frame, figure


def _draw_attributes(axes: Axes, frame: DataFrame, style: Style) -> None:
    place = np.arange(len(frame))[::-1].astype(np.float64)
    ends = np.zeros(len(frame))
    for name, colour, shift in (("high", LONG, 0.19), ("low", SHORT, -0.19)):
        label = style.labels(f"{name}_relevance")
        axes.barh(place + shift, frame[name].to_numpy(), height=0.36, color=colour, label=label)
        halves = frame[f"{name}_half"].to_numpy()
        ends = np.maximum(ends, whiskers(axes, frame[name].to_numpy(), halves, place + shift))
    for y, end, mark in zip(place, ends, frame["mark"], strict=True):
        axes.annotate(mark, (end, y), (4, -1), textcoords="offset points", va="center", color=INK)
    axes.axvline(0.0, color=MUTED, lw=0.8)
    axes.set_yticks(place, [style.safe(str(name)) for name in frame.index])
    axes.tick_params(axis="y", colors=INK)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(-0.6, len(frame) - 0.4)
    axes.set_xlabel(style.labels("mean_value"))
    axes.margins(x=0.06)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.1)
