"""The waterfall of one stock: from the average stock of the date to its own forecast, input by input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jqfast.report.numbers import number
from jqfast.report.stock_inputs import StockFacts
from jqfast.report.style import BLUE, GRID, INK, MUTED, RED, Style, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: Inputs with a bar of their own.
MOST_BARS = 12
#: Rows that are no input.
OTHERS, KEPT, TOTAL = "(others)", "(kept)", "(forecast)"


def waterfall(
    facts: StockFacts, style: Style | None = None, *, most: int = MOST_BARS
) -> tuple[DataFrame, Figure]:
    """From the average stock of the date (0) to the forecast of this one, one bar an input.

    Parameters
    ----------
    facts : of the stock
    style : labels and fonts; English if None
    most : inputs with a bar of their own, the largest by size; the others share one

    Returns
    -------
    frame : index ``step``: the inputs, ``(others)``, ``(kept)`` by biases and stabiliser, ``(forecast)``;
    columns ``relevance``, ``start``, ``end``. The steps before the last add up to it.
    figure : matplotlib Figure
    """
    import pandas as pd

    style = style or Style()
    shown = list(facts.inputs[:most])
    others = sum(each.relevance for each in facts.inputs[most:])
    sizes = np.array([*(each.relevance for each in shown), others, facts.residual], dtype=np.float64)
    ends = np.cumsum(sizes)
    index = pd.Index([*(each.name for each in shown), OTHERS, KEPT, TOTAL], name="step")
    frame = pd.DataFrame(
        {
            "relevance": np.append(sizes, facts.gap),
            "start": np.append(ends - sizes, 0.0),
            "end": np.append(ends, facts.gap),
        },
        index=index,
    )
    names = [f"{style.safe(each.name)} = {number(each.value)}" for each in shown]
    label = style.labels
    names += [
        label("other_inputs", n=max(len(facts.inputs) - most, 0)),
        label("kept_by_bias"),
        label("score"),
    ]
    with styled(style):
        figure = new_figure(height=1.1 + 0.29 * len(frame))
        _draw(figure.subplots(), frame, names, style)
    return frame, figure


def _draw(axes: Axes, frame: DataFrame, names: list[str], style: Style) -> None:
    place = np.arange(len(frame))[::-1].astype(np.float64)
    size, start, end = (frame[name].to_numpy() for name in ("relevance", "start", "end"))
    colours = [
        INK if step == TOTAL else RED if r >= 0 else BLUE for step, r in zip(frame.index, size, strict=True)
    ]
    axes.barh(place, size, left=start, height=0.62, color=colours)
    for y, x in zip(place[:-1], end[:-1], strict=True):
        axes.plot([x, x], [y - 1.31, y - 0.31], color=MUTED, lw=0.7)
    axes.axvline(0.0, color=MUTED, lw=0.8)
    for y, a, b, r in zip(place, start, end, size, strict=True):
        axes.annotate(
            number(float(r), 3, signed=True),
            (max(a, b), y),
            (4, -0.5),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=8.5,
        )
    axes.set_yticks(place, names)
    axes.tick_params(axis="y", colors=INK)
    axes.grid(visible=False, axis="y")
    axes.axhline(0.5, color=GRID, lw=0.8)
    axes.set_ylim(-0.6, len(frame) - 0.4)
    axes.margins(x=0.1)
    axes.set_xlabel(style.labels("waterfall_axis"))
