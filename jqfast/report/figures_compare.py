"""Figure of the model comparison: predicted against actual returns, one small chart per sector and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jqfast.report.style import ACCENT, INK, MUTED, Style, new_figure, styled
from jqfast.types import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

_SHOWN = 4000


def predicted_against_actual(
    actual: Mapping[str, FloatArray],
    predicted: Mapping[str, Mapping[str, FloatArray]],
    models: Sequence[str],
    r2: Mapping[tuple[str, str], float],
    style: Style | None = None,
) -> tuple[DataFrame, Figure]:
    """Predicted against actual excess returns of the judged part.

    Parameters
    ----------
    actual : sector -> (T,) fractions
    predicted : model -> sector -> (T,) fractions, NaN where there is none
    models : the models to draw, a row each
    r2 : (model, sector) -> R2 to print on the chart
    style : labels and fonts; English if None

    Returns
    -------
    frame : columns ``model``, ``sector``, ``actual``, ``predicted``
    figure : matplotlib Figure; at most 4,000 points of a chart, evenly spaced, are drawn
    """
    import pandas as pd

    style = style or Style()
    parts = [
        pd.DataFrame(
            {"model": m, "sector": s, "actual": actual[s], "predicted": predicted[m][s]},
        ).dropna()
        for m in models
        for s in actual
    ]
    frame = pd.concat(parts, ignore_index=True)
    with styled(style):
        figure = new_figure(width=3.2 * len(actual), height=2.9 * len(models))
        grid = figure.subplots(len(models), len(actual), squeeze=False)
        for row, model in zip(grid, models, strict=True):
            for axes, sector in zip(row, actual, strict=True):
                title = f"{style.safe(sector)}, {style.safe(model)}: R2 = {r2[model, sector]:.3f}"
                _draw(axes, actual[sector], predicted[model][sector], title)
        figure.supxlabel("actual excess return, %", fontsize=9, color=MUTED)
        figure.supylabel("predicted, %", fontsize=9, color=MUTED)
    return frame, figure


def _draw(axes: Axes, actual: FloatArray, predicted: FloatArray, title: str) -> None:
    known = np.flatnonzero(np.isfinite(actual) & np.isfinite(predicted))
    shown = known[:: max(1, -(-len(known) // _SHOWN))]
    x, y = 100.0 * actual[shown], 100.0 * predicted[shown]
    limit = 1.05 * float(np.abs(x).max(initial=1e-6))
    axes.plot([-limit, limit], [-limit, limit], color=INK, lw=0.8, ls="--")
    axes.axhline(0.0, color=MUTED, lw=0.6)
    axes.scatter(x, y, s=3.0, color=ACCENT, alpha=0.35, linewidths=0, rasterized=True)
    axes.set_xlim(-limit, limit)
    axes.set_ylim(-limit, limit)
    axes.set_title(title, loc="left", fontsize=9, color=INK)
