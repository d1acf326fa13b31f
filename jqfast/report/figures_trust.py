"""The forecast as groups of inputs are taken away, by relevance, by gradient x input, and at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jqfast.report.style import BENCHMARK, LONG, MUTED, SHORT, Style, new_figure, styled
from jqfast.report.trust_inputs import Order, TrustFacts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

_LOOKS = {"random": (BENCHMARK, 1.4), "gradient": (SHORT, 1.4), "lrp": (LONG, 2.0)}


def perturbation(facts: TrustFacts, style: Style | None = None) -> tuple[DataFrame, Figure]:
    """Mean change of the forecast after 0, 1, ..., G groups are gone.

    Returns
    -------
    frame : index groups taken away; columns (order, ``falling`` or ``rising``)
    figure : matplotlib Figure
    """
    import pandas as pd

    style = style or Style()
    data = {
        (name, way): getattr(getattr(facts, name), way) for name in _LOOKS for way in ("falling", "rising")
    }
    frame = pd.DataFrame(data, index=pd.RangeIndex(len(facts.lrp.falling), name="removed"))
    frame.columns = pd.MultiIndex.from_tuples(list(data), names=["order", "way"])
    with styled(style):
        figure = new_figure(height=3.0)
        axes = figure.subplots()
        place = np.arange(len(frame))
        for name, (colour, width) in _LOOKS.items():
            label = style.labels(f"order_{name}")
            axes.plot(place, data[name, "falling"], "-", color=colour, lw=width, label=label)
            axes.plot(place, data[name, "rising"], "--", color=colour, lw=width)
            _band(axes, getattr(facts, name), colour)
        axes.axhline(0.0, color=MUTED, lw=0.8)
        axes.set_xlabel(style.labels("groups_removed"))
        axes.set_ylabel(style.labels("forecast_change"))
        axes.set_xticks(place if len(place) <= 20 else place[:: len(place) // 10])
        axes.grid(visible=False, axis="x")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.1)
    return frame, figure


def _band(axes: Axes, order: Order, colour: str) -> None:
    """95 % intervals around the two curves of an order, where their errors are known."""
    for mean, error in ((order.falling, order.falling_error), (order.rising, order.rising_error)):
        if error is not None:
            reach = 1.96 * np.nan_to_num(error)
            axes.fill_between(np.arange(len(mean)), mean - reach, mean + reach, color=colour, alpha=0.2, lw=0)
