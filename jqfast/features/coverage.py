"""Coverage and distribution of features by year: what a data vendor's sheet would say of them.

A cell counts when its stock is listed and its date is a session; of a market-wide feature each session counts
once. Every row tells how many cells there were, how many had a value, and how the values lay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jqfast.data.panel import Panel
from jqfast.features.api import Features, Request, resolve
from jqfast.features.execute import execute
from jqfast.features.expr import Expr
from jqfast.types import AnyArray, BoolArray

QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
COLUMNS = (
    *("feature", "year", "cells", "coverage", "mean", "std", "zeros"),
    *("q01", "q25", "median", "q75", "q99"),
)

#: Bytes of features computed together.
_BLOCK = 1 << 27


class Quality(NamedTuple):
    """One feature in one year.

    ``coverage`` is the share of the cells with a value, ``zeros`` the share of the values that are 0;
    ``std`` has ddof 1. Without a value everything but ``coverage`` is NaN.
    """

    feature: str
    year: int
    cells: int
    coverage: float
    mean: float
    std: float
    zeros: float
    quantiles: tuple[float, ...]

    def texts(self) -> tuple[str, ...]:
        """The row under `COLUMNS`."""
        numbers = (self.mean, self.std)
        return (
            self.feature,
            str(self.year),
            str(self.cells),
            f"{self.coverage:.1%}",
            *(f"{value:.4g}" for value in numbers),
            f"{self.zeros:.1%}",
            *(f"{value:.4g}" for value in self.quantiles),
        )


@dataclass(frozen=True, eq=False)
class QualityTable:
    """All rows, features in the order of the request; ``notes`` tell what a set had to leave out."""

    rows: tuple[Quality, ...]
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Quality]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return "\n".join("\t".join(row) for row in (COLUMNS, *(each.texts() for each in self.rows)))


def quality(panel: Panel, features: Features = "all") -> QualityTable:
    """Coverage and distribution of features by calendar year.

    Parameters
    ----------
    panel : Panel
    features : as for `jqfast.features.panel`

    Returns
    -------
    QualityTable, one row per feature and year, of float64 values without any normalisation

    Raises
    ------
    ValueError
        If a feature is unknown or its column is missing.
    """
    request = resolve(features, panel.columns)
    return QualityTable(tuple(_rows(panel, request)), request.notes)


def _rows(panel: Panel, request: Request) -> Iterator[Quality]:
    T, N = panel.shape
    size = max(1, _BLOCK // max(1, 8 * T * N))
    years = panel.dates.astype("datetime64[Y]").astype(np.int64) + 1970
    cells = panel.listed & panel.is_session[:, None]
    for start in range(0, len(request.names), size):
        exprs = request.exprs[start : start + size]
        values = execute(panel, exprs, dtype="float64")
        for name, expr, array in zip(request.names[start : start + size], exprs, values, strict=True):
            for year in np.unique(years).tolist():
                yield _one(name, year, *_of_year(expr, array, cells, years == year))


def _of_year(expr: Expr, array: AnyArray, cells: BoolArray, rows: BoolArray) -> tuple[int, AnyArray]:
    """(number of cells of a year, the values that are there)."""
    inside = cells[rows]
    if expr.axis == "market":
        days = inside.any(axis=1)
        values = array[rows][days][:, 0] if array.shape[1] else np.zeros(0)
    else:
        values = array[rows][inside]
    return len(values), values[np.isfinite(values)]


def _one(name: str, year: int, cells: int, known: AnyArray) -> Quality:
    if not len(known):
        nan = float("nan")
        return Quality(name, year, cells, 0.0, nan, nan, nan, (nan,) * len(QUANTILES))
    return Quality(
        name,
        year,
        cells,
        len(known) / cells,
        float(known.mean()),
        float(known.std(ddof=1)) if len(known) > 1 else float("nan"),
        float((known == 0).mean()),
        tuple(np.quantile(known, QUANTILES).tolist()),
    )
