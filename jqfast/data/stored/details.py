"""Items of the statements themselves that summaries do not have: depreciation and interest-bearing debt.

The table gives each document as text of English labels and values. The labels are those of the disclosure
taxonomy; what they are called differs by accounting standard and by year, so that items are found by the stem
of their label. Documents are read when one of the columns is asked for.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from jqfast.data.asof import Events
from jqfast.data.lazy import Deferred
from jqfast.data.stored.arrays import arrays, by_year, coded, sorted_by, span
from jqfast.data.stored.axes import Axes
from jqfast.types import AnyArray

DETAILS = "fins_details"
_PERIOD, _END = "Type of current period, DEI", "Current period end date, DEI"
_STANDARDS = (" (IFRS)", " (US GAAP)")
_PLACES = (" - CL", " - NCL", " - liabilities", " - OpeCF")
_DEPRECIATION = frozenset({"Depreciation", "Depreciation and amortization"})
_DEBT = frozenset(
    {
        "Short-term borrowings",
        "Short-term loans payable",
        "Current portion of long-term borrowings",
        "Current portion of long-term loans payable",
        "Current portion of bonds payable",
        "Current portion of bonds",
        "Commercial papers",
        "Bonds payable",
        "Long-term borrowings",
        "Long-term loans payable",
        "Bonds and borrowings",
        "Borrowings",
    }
)
_NAMES = ("fd_debt", "fd_depreciation_year")
_BALANCE = frozenset({"Total assets", "Assets"})


def detail_columns(axes: Axes) -> dict[str, Deferred]:
    """``fd_debt`` and ``fd_depreciation_year``."""
    events = functools.cache(lambda: _events(axes))

    def column(name: str) -> Deferred:
        def make(low: int, high: int) -> AnyArray:
            return axes.column_of(events(), name).make(low, high)

        return Deferred(axes.shape, make)

    return {name: column(name) for name in _NAMES}


def items(text: str) -> tuple[str, float, float]:
    """(end of the period, interest-bearing debt, depreciation of a full year) of one document; "NaT", NaN.

    A balance sheet without any debt has a debt of 0. Depreciation of a part of a year is left out.
    """
    body: dict[str, str] = json.loads(text) if text else {}
    stems: dict[str, float] = {}
    for label, value in body.items():
        if stem := _stem(label):
            stems[stem] = stems.get(stem, 0.0) + _number(value)
    balance = any(stem in _BALANCE for stem in stems)
    debt = sum(value for stem, value in stems.items() if stem in _DEBT) if balance else np.nan
    costs = [value for stem, value in stems.items() if stem in _DEPRECIATION]
    full_year = body.get(_PERIOD) == "FY" and costs
    return body.get(_END) or "NaT", float(debt), costs[0] if full_year else np.nan


@functools.lru_cache(maxsize=1 << 16)  # documents have the same labels over and over
def _stem(label: str) -> str:
    """The stem of an item that counts, "" of all others."""
    for endings in (_STANDARDS, _PLACES):
        for ending in endings:
            label = label.removesuffix(ending)
    return label if label in _DEPRECIATION or label in _DEBT or label in _BALANCE else ""


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return np.nan


def _events(axes: Axes) -> Events:
    found = [_parsed(axes, rows) for rows in _rows(axes)]
    if not found:
        return Events(_NAMES, np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros(0, np.int64))
    r = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    r = sorted_by(r, "DiscDate", "DiscTime", "DiscNo")
    end = np.where(np.isnat(r["end"]), r["DiscDate"], r["end"]).astype(np.int64)
    values = np.stack([r["debt"], r["depreciation"]], axis=1)
    life = axes.life(r["Code"], r["DiscDate"])
    return axes.events(_NAMES, values, life, axes.act(DETAILS, r), order=end)


def _rows(axes: Axes) -> Iterable[Any]:
    """Arrow tables of the documents up to the last session, a year at a time."""
    days = span(axes.store, DETAILS)
    columns = ["DiscDate", "DiscTime", "DiscNo", "Code", "FS"]
    return () if days is None else by_year(axes.store, DETAILS, columns, days[0], axes.end)


def _parsed(axes: Axes, rows: Any) -> dict[str, AnyArray]:
    labels, index = coded(rows["Code"])
    cells = [items(text or "") for text in rows["FS"].to_pylist()]
    return {
        **arrays(rows.select(["DiscDate", "DiscTime", "DiscNo"])),
        "Code": axes.lives.find(labels)[index],
        "end": np.array([each[0] for each in cells], "datetime64[D]"),
        "debt": np.array([each[1] for each in cells], np.float64),
        "depreciation": np.array([each[2] for each in cells], np.float64),
    }
