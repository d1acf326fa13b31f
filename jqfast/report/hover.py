"""The values of a chart for the pointer: what the small script of the page shows, as one JSON attribute.

Positions are shares of the width of the axes, so that they hold at every size of the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: Points kept of a longer series, evenly spaced; the drawn line has all.
MOST = 250


def hover(frame: DataFrame, figure: Figure, names: list[str], write: Callable[[float], str]) -> str:
    """The attribute of a figure whose first axes have the dates of ``frame`` across.

    Parameters
    ----------
    frame : index of dates, a column per line
    figure : already drawn, so that its layout is settled
    names : of the columns, for the reader
    write : a value as text
    """
    from matplotlib.dates import date2num

    axes = figure.axes[0]
    box, (first, last) = axes.get_position(), axes.get_xlim()
    shown = np.unique(np.linspace(0, len(frame) - 1, min(len(frame), MOST)).astype(int))
    part = frame.iloc[shown]
    place = np.asarray(date2num(part.index.to_numpy()), dtype=np.float64)  # type: ignore[no-untyped-call]  # it has no types
    data = {
        "left": round(float(box.x0), 4),
        "right": round(float(box.x1), 4),
        "at": [round(float(x), 4) for x in (place - first) / (last - first)],
        "labels": [str(day)[:10] for day in part.index],
        "series": [[name, [write(float(x)) for x in part.iloc[:, j]]] for j, name in enumerate(names)],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f' data-hover="{escape(text)}"'
