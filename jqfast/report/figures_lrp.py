"""Figures that explain forecasts: mean relevance by side (9), input value against relevance (10).

Same rules as ``figures.py``: data and figure come back together, nothing but grouping is computed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jqfast.report.inputs import FeatureScatter, LegRelevance
from jqfast.report.style import INK, LONG, MUTED, SHORT, Style, new_figure, styled
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: bars beyond this number cannot be read
MOST_BARS = 20
#: more points than this are drawn as an image inside the SVG, which keeps the file small
RASTER_FROM = 1_000


def significance(p_value: float) -> str:
    """The mark of a p-value: ``**`` at 1 %, ``*`` at 5 %, else empty (NaN: empty)."""
    return "**" if p_value < 0.01 else "*" if p_value < 0.05 else ""


def largest_differences(legs: LegRelevance, most: int = MOST_BARS) -> IntArray:
    """Positions of the ``most`` features with the largest |long - short|, largest first."""
    size = np.nan_to_num(np.abs(legs.long - legs.short), nan=-1.0)
    return np.argsort(-size, kind="stable")[:most]


def mean_relevance(
    legs: LegRelevance, style: Style | None = None, *, most: int = MOST_BARS
) -> tuple[DataFrame, Figure]:
    """Figure 9: mean relevance of each feature for the long and the short side, with test marks.

    Parameters
    ----------
    legs : means and Welch p-values (F,)
    style : labels and fonts; English if None
    most : draw the features with the largest difference only

    Returns
    -------
    frame : all F features by falling |long - short|; columns ``long``, ``short``, ``difference``,
    ``long_half``, ``short_half``, ``p_value``, ``mark`` (``*`` 5 %, ``**`` 1 %)
    figure : matplotlib Figure
    """
    import pandas as pd

    style = style or Style()
    order = largest_differences(legs, len(legs.features))
    frame = pd.DataFrame(
        {
            "long": legs.long[order],
            "short": legs.short[order],
            "difference": (legs.long - legs.short)[order],
            "long_half": halves_of(legs.long_half, legs.long)[order],
            "short_half": halves_of(legs.short_half, legs.short)[order],
            "p_value": legs.p_value[order],
            "mark": [significance(float(p)) for p in legs.p_value[order]],
        },
        index=pd.Index([legs.features[i] for i in order], name="feature"),
    )
    shown = frame.head(most)
    with styled(style):
        figure = new_figure(height=1.0 + 0.27 * max(len(shown), 2))
        _draw_bars(figure.subplots(), shown, style)
    return frame, figure


def _draw_bars(axes: Axes, shown: DataFrame, style: Style) -> None:
    place = np.arange(len(shown))[::-1].astype(np.float64)
    ends = np.zeros(len(shown))
    sides = (("long", LONG, 0.19), ("short", SHORT, -0.19))
    for name, colour, shift in sides:
        axes.barh(place + shift, shown[name].to_numpy(), height=0.36, color=colour, label=style.labels(name))
        halves = shown[f"{name}_half"].to_numpy()
        ends = np.maximum(ends, whiskers(axes, shown[name].to_numpy(), halves, place + shift))
    axes.axvline(0.0, color=MUTED, lw=0.8)
    axes.set_yticks(place, [style.safe(str(name)) for name in shown.index])
    axes.tick_params(axis="y", colors=INK)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(style.labels("mean_relevance"))
    axes.set_ylim(-0.6, len(shown) - 0.4)
    for y, end, mark in zip(place, ends, shown["mark"], strict=True):
        axes.annotate(mark, (end, y), (4, -1), textcoords="offset points", va="center", color=INK)
    axes.margins(x=0.06)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.1)


def halves_of(halves: FloatArray | None, means: FloatArray) -> FloatArray:
    """Half of each 95 % interval, NaN where nobody measured it."""
    return np.full(len(means), np.nan) if halves is None else halves


def whiskers(axes: Axes, means: AnyArray, halves: AnyArray, place: AnyArray) -> FloatArray:
    """95 % intervals on horizontal bars, ``halves`` each way; where they end on the right."""
    known = np.isfinite(halves)
    reach = halves[known]
    axes.hlines(place[known], means[known] - reach, means[known] + reach, color=INK, lw=0.9)
    return np.asarray(np.nan_to_num(means) + np.nan_to_num(halves))


def value_vs_relevance(scatter: FeatureScatter, style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Figure 10: input value against relevance, histograms of both in the margins, sides coloured.

    Parameters
    ----------
    scatter : points (S,); pairs with a NaN are left out
    style : labels and fonts; English if None

    Returns
    -------
    frame : the points drawn; columns ``value``, ``relevance``, ``is_long``
    figure : matplotlib Figure; many points become an image inside it, axes and text stay vectors
    """
    import pandas as pd

    style = style or Style()
    value = np.asarray(scatter.value, dtype=np.float64)
    relevance = np.asarray(scatter.relevance, dtype=np.float64)
    keep = np.isfinite(value) & np.isfinite(relevance)
    frame = pd.DataFrame(
        {"value": value[keep], "relevance": relevance[keep], "is_long": scatter.is_long[keep]}
    )
    with styled(style):
        figure = new_figure(4.6, 4.2)
        grid = figure.add_gridspec(2, 2, width_ratios=(4, 1), height_ratios=(1, 4), wspace=0.02, hspace=0.02)
        main = figure.add_subplot(grid[1, 0])
        top = figure.add_subplot(grid[0, 0], sharex=main)
        right = figure.add_subplot(grid[1, 1], sharey=main)
        _draw_points(main, frame, scatter.feature, style)
        _draw_margin(top, value[keep], scatter.is_long[keep], "vertical")
        _draw_margin(right, relevance[keep], scatter.is_long[keep], "horizontal")
    return frame, figure


def _draw_points(axes: Axes, frame: DataFrame, feature: str, style: Style) -> None:
    """All points in the order given, so that neither side hides the other."""
    many = len(frame) > RASTER_FROM
    colours = np.where(frame["is_long"].to_numpy(bool), LONG, SHORT)
    axes.scatter(
        frame["value"].to_numpy(),
        frame["relevance"].to_numpy(),
        s=5.0 if many else 14.0,
        c=list(colours),
        alpha=0.5,
        linewidths=0,
        rasterized=many,
    )
    for name, colour in (("long", LONG), ("short", SHORT)):
        axes.scatter([], [], s=16.0, c=colour, linewidths=0, label=style.labels(name))
    axes.axhline(0.0, color=MUTED, lw=0.8)
    axes.axvline(0.0, color=MUTED, lw=0.8)
    axes.set_xlabel(f"{style.safe(feature)} · {style.labels('input_value')}")
    axes.set_ylabel(style.labels("relevance"))
    legend = axes.legend(loc="upper right", handletextpad=0.2, borderpad=0.3, frameon=True)
    legend.get_frame().set(edgecolor="none", alpha=0.8)


def _draw_margin(axes: Axes, values: AnyArray, is_long: BoolArray, orientation: str) -> None:
    edges = np.histogram_bin_edges(values, bins=30) if len(values) else np.linspace(0, 1, 2)
    for side, colour in ((~is_long, SHORT), (is_long, LONG)):
        counts = np.histogram(values[side], bins=edges)[0]
        axes.stairs(counts, edges, fill=True, color=colour, alpha=0.45, orientation=orientation)  # type: ignore[arg-type]
    axes.axis("off")
