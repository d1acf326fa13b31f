"""Figures on how a run was made: folds (5), inputs (13, 14), hyper-parameters (15), the map of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jqfast.report.inputs import FeatureRow, FoldSpan
from jqfast.report.meanings import kind_name, meaning
from jqfast.report.numbers import flatten, value
from jqfast.report.style import ACCENT, BENCHMARK, GRID, INK, MUTED, Style, date_axis, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: Characters of a cell that are drawn; the frame holds all.
_MOST = 90


def walk_forward(spans: Sequence[FoldSpan], style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Figure 5: what each model was trained on, and the dates it forecast.

    Returns
    -------
    frame : index fold; ``train_start``, ``train_end``, ``predict_start``, ``predict_end``
    figure : matplotlib Figure, a row per fold
    """
    import pandas as pd

    style = style or Style()
    names = ("train_start", "train_end", "predict_start", "predict_end")
    data = [[*span.train, *span.predict] for span in spans]
    columns = {
        name: pd.DatetimeIndex(np.array([row[i] for row in data], dtype="datetime64[s]"))
        for i, name in enumerate(names)
    }
    frame = pd.DataFrame(columns, index=pd.Index([span.name for span in spans], name="fold"))
    with styled(style):
        figure = new_figure(height=float(np.clip(0.9 + 0.09 * len(spans), 1.8, 6.0)))
        axes = figure.subplots()
        for k, (start, end, colour) in enumerate(((0, 1, BENCHMARK), (2, 3, ACCENT))):
            left = frame[names[start]].to_numpy()
            width = frame[names[end]].to_numpy() - left + np.timedelta64(1, "D")
            label = style.labels(("training", "forecasting")[k])
            axes.barh(np.arange(len(frame)), width, left=left, height=0.8, color=colour, label=label)
        axes.set_ylim(len(frame) - 0.4, -0.6)
        axes.set_yticks([])
        axes.grid(visible=False, axis="y")
        date_axis(axes)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.1)
    return frame, figure


def input_list(
    features: Sequence[FeatureRow], style: Style | None = None, *, axis: str = "stock"
) -> tuple[DataFrame, Figure]:
    """Figures 13 and 14: the inputs by stock, or the market-wide ones (``axis="market"``).

    Returns
    -------
    frame : index input; ``kind``, ``meaning``, ``norm``
    figure : matplotlib Figure with the table
    """
    import pandas as pd

    language = (style or Style()).labels.language
    ours = [row for row in features if row.axis == axis]
    frame = pd.DataFrame(
        {
            "kind": [kind_name(row.kind, language) for row in ours],
            "meaning": [meaning(row.name, row.doc, language) for row in ours],
            "norm": [row.norm for row in ours],
        },
        index=pd.Index([row.name for row in ours], name="input"),
    )
    return frame, _table_figure(frame, ("input", "kind", "meaning", "norm"), style, widths=(3, 2, 7, 2))


def hyper_parameters(config: Mapping[str, object], style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Figure 15: the settings of learning, as the configuration has them.

    Parameters
    ----------
    config : of the run; its sections ``learn``, ``labels`` and ``folds`` are shown

    Returns
    -------
    frame : index setting (dotted), column ``value`` (text)
    figure : matplotlib Figure with the table
    """
    import pandas as pd

    shown = {name: config[name] for name in ("learn", "labels", "folds") if name in config}
    pairs = [(name, value(item)) for name, item in flatten(shown)]
    frame = pd.DataFrame(
        {"value": [text for _, text in pairs]}, index=pd.Index([name for name, _ in pairs], name="setting")
    )
    return frame, _table_figure(frame, ("setting", "value"), style, widths=(5, 5))


def feature_map(rows: Sequence[tuple[str, ...]], style: Style | None = None) -> tuple[DataFrame, Figure]:
    """The map of features: kinds, how many, examples, what they are for.

    Parameters
    ----------
    rows : of :func:`jqfast.features.pages.feature_map`

    Returns
    -------
    frame : index kind; ``features`` (count), ``examples``, ``purpose``
    figure : matplotlib Figure with the table
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            "features": [int(row[1]) for row in rows],
            "examples": [row[2] for row in rows],
            "purpose": [row[3] for row in rows],
        },
        index=pd.Index([row[0] for row in rows], name="kind"),
    )
    return frame, _table_figure(
        frame, ("kind", "features", "examples", "purpose"), style, widths=(2, 1, 5, 8)
    )


def _table_figure(
    frame: DataFrame, heads: tuple[str, ...], style: Style | None, *, widths: tuple[float, ...]
) -> Figure:
    """Index and columns of a frame as drawn text."""
    style = style or Style()
    left = np.concatenate([[0.0], np.cumsum(widths)])
    rows = [
        [str(name), *map(str, values)] for name, values in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    with styled(style):
        figure = new_figure(width=11.0, height=0.6 + 0.24 * max(len(rows), 1))
        axes = figure.subplots()
        axes.set(xlim=(0, left[-1]), ylim=(max(len(rows), 1), -1))
        axes.axis("off")
        for x, key in zip(left, heads, strict=False):
            axes.text(x, -0.3, style.labels(key), color=MUTED, fontsize=8.5, va="bottom")
        for i, row in enumerate(rows):
            axes.axhline(i, color=GRID, lw=0.8)
            for j, (x, text) in enumerate(zip(left, row, strict=False)):
                most = int(_MOST * widths[j] / sum(widths) * 1.6)
                cut = text if len(text) <= most else text[: most - 1] + "…"
                axes.text(x, i + 0.5, style.safe(cut), color=INK, fontsize=7.5, va="center")
    return figure
