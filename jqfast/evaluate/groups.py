"""The groups of stocks that figures are broken down by: sectors and sizes, as known on each date."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jqfast.data.panel import Panel
from jqfast.evaluate.costs import forward_fill
from jqfast.evaluate.ranks import buckets
from jqfast.types import AnyArray, BoolArray

#: A classification is fine enough where its middle sector has so many stocks.
SECTOR_STOCKS = 10

#: Sessions over which turnover stands in for size, where a panel has no market values.
_TURNOVER_WINDOW = 20

SIZES = ("small", "medium", "large")


class Grouping(NamedTuple):
    """``labels`` (T, N) place of each stock's group in ``names``, negative for none; ``by`` what it is."""

    labels: AnyArray
    names: tuple[str, ...]
    by: str


def sectors(panel: Panel, members: BoolArray, row: int) -> Grouping | None:
    """The finest sectors of which the middle one has at least 10 of the members; None without any.

    Parameters
    ----------
    panel : Panel
    members : (T, N) bool, the stocks that count
    row : the first decision, whose members choose the classification: what follows is not known then
    """
    found = [name for name in ("sector33", "sector17") if name in panel.categories]
    for name in found:
        labels, names = panel[name], panel.categories[name]
        at = labels[row][members[row] & (labels[row] >= 0)]
        size = np.bincount(at, minlength=len(names))
        present = size > 0
        if name == found[-1] or (present.any() and np.median(size[present]) >= SECTOR_STOCKS):
            return Grouping(labels, names, name)
    return None


def sizes(panel: Panel, members: BoolArray) -> Grouping:
    """Thirds of the members of each date by market value, or by turnover where the panel has no values."""
    named = next((name for name in ("market_value", "market_cap") if name in panel.columns), None)
    value = forward_fill(panel[named]) if named else _past_turnover(panel)
    known = np.where(members & (value > 0), value, np.nan)
    return Grouping(buckets(known, len(SIZES)), SIZES, "market value" if named else "turnover")


def _past_turnover(panel: Panel) -> AnyArray:
    """(T, N) sum of the last 20 sessions' turnover, up to the row itself."""
    rows = np.flatnonzero(panel.is_session)
    total = np.cumsum(np.nan_to_num(panel["turnover"][rows]), axis=0)
    total[_TURNOVER_WINDOW:] -= total[:-_TURNOVER_WINDOW].copy()
    result = np.full(panel.shape, np.nan)
    result[rows] = total
    return result
