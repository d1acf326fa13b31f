"""Tables drawn as figures, for slides and papers: performance (7) and single stocks (8).

The HTML report shows the same tables as text (``tables.py``); these are for everything that takes
pictures only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jqfast.report.inputs import Performance, StockTable
from jqfast.report.numbers import number, percent
from jqfast.report.style import GRID, INK, MUTED, Style, ink_on, new_figure, relevance_colour, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: the rows of figure 7: field of ``Performance`` -> how its numbers are written
PERFORMANCE_ROWS = {
    "annual_return": percent,
    "annual_risk": percent,
    "ratio": number,
    "max_drawdown": percent,
    "win_rate": percent,
}
PERFORMANCE_LABELS = {"win_rate": "period_win"}


def performance_frame(columns: Sequence[Performance]) -> DataFrame:
    """The numbers of figure 7: rows by measure (fractions), columns (leg, basis)."""
    import pandas as pd

    data = {(c.leg, c.basis): [getattr(c, field) for field in PERFORMANCE_ROWS] for c in columns}
    frame = pd.DataFrame(data, index=pd.Index(list(PERFORMANCE_ROWS), name="measure"))
    frame.columns = pd.MultiIndex.from_tuples(list(data), names=["leg", "basis"])
    return frame


def performance_table(columns: Sequence[Performance], style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Figure 7: return, risk, return / risk and drawdown of each leg, gross and net.

    Returns
    -------
    frame : see :func:`performance_frame`
    figure : matplotlib Figure with the formatted table
    """
    style = style or Style()
    frame = performance_frame(columns)
    heads = [f"{style.labels(c.leg)}\n{style.labels(c.basis)}" for c in columns]
    names = [style.labels(PERFORMANCE_LABELS.get(row, row)) for row in PERFORMANCE_ROWS]
    cells = [[write(float(getattr(c, row))) for c in columns] for row, write in PERFORMANCE_ROWS.items()]
    with styled(style):
        figure = new_figure(height=0.7 + 0.3 * len(names))
        axes = _blank(figure, rows=len(names), columns=len(heads), left=2.0)
        _draw_heads(axes, heads, names, left=2.0)
        for i, row in enumerate(cells):
            for j, text in enumerate(row):
                axes.text(j + 0.95, i + 0.5, text, ha="right", va="center")
            axes.axhline(i + 1, color=GRID, lw=0.8)
    return frame, figure


def stocks_frame(table: StockTable) -> DataFrame:
    """The numbers of figure 8.

    Index (side, code); columns (``score``, ""), (``value``, f), (``relevance``, f).
    """
    import pandas as pd

    values = np.array([row.values for row in table.rows], dtype=np.float64).reshape(-1, len(table.features))
    relevance = np.array([row.relevance for row in table.rows], dtype=np.float64).reshape(values.shape)
    data = {("score", ""): [row.score for row in table.rows]}
    data |= {("value", name): list(values[:, f]) for f, name in enumerate(table.features)}
    data |= {("relevance", name): list(relevance[:, f]) for f, name in enumerate(table.features)}
    index = pd.MultiIndex.from_tuples([(row.side, row.code) for row in table.rows], names=["side", "code"])
    return pd.DataFrame(data, index=index)


def relevance_scale(table: StockTable) -> float:
    """The relevance of the deepest colour: the largest size in the table (1 if all are zero or NaN)."""
    sizes = [
        float(np.nanmax(np.abs(row.relevance))) for row in table.rows if np.isfinite(row.relevance).any()
    ]
    return max(sizes, default=0.0) or 1.0


def single_stocks(table: StockTable, style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Figure 8: input values of single stocks as text, coloured by relevance (red +, white 0, blue -).

    Returns
    -------
    frame : see :func:`stocks_frame`
    figure : matplotlib Figure with the coloured table; values have 2 decimals
    """
    style = style or Style()
    heads = [style.labels("score"), *[style.safe(name) for name in table.features]]
    names = [f"{style.labels(row.side)}  {style.safe(row.code)}" for row in table.rows]
    scale = relevance_scale(table)
    with styled(style):
        figure = new_figure(height=1.3 + 0.27 * len(names))
        axes = _blank(figure, rows=len(names), columns=len(heads), left=1.6)
        _draw_heads(axes, heads, names, left=1.6, rotation=40)
        for i, row in enumerate(table.rows):
            axes.text(0.9, i + 0.5, number(row.score), ha="right", va="center", fontsize=8.5)
            for j, (value, share) in enumerate(
                zip(row.values, np.asarray(row.relevance) / scale, strict=True)
            ):
                _draw_cell(axes, j + 1, i, number(float(value)), relevance_colour(float(share)))
    return stocks_frame(table), figure


def _draw_cell(axes: Axes, x: int, y: int, text: str, colour: tuple[float, float, float]) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x + 0.03, y + 0.05), 0.94, 0.9, facecolor=colour, edgecolor=GRID, lw=0.5))
    axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", color=ink_on(colour), fontsize=8.5)


def _blank(figure: Figure, *, rows: int, columns: int, left: float) -> Axes:
    """Axes with one unit per cell, the first row on top, room for the row names on the left."""
    axes = figure.subplots()
    axes.set(xlim=(-left, max(columns, 1)), ylim=(max(rows, 1), 0))
    axes.axis("off")
    return axes


def _draw_heads(axes: Axes, heads: list[str], names: list[str], *, left: float, rotation: float = 0) -> None:
    for j, text in enumerate(heads):
        x, align = (j + 0.35, "left") if rotation else (j + 0.95, "right")
        axes.text(x, -0.1, text, ha=align, va="bottom", color=MUTED, fontsize=8.5, rotation=rotation)
    for i, text in enumerate(names):
        axes.text(-left, i + 0.5, text, ha="left", va="center", color=INK, fontsize=9)
