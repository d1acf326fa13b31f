"""Rows to matrices: a long table or a set of wide ones becomes :class:`Bars`, dense T x N arrays per field.

Codes and dates are factorised once, then each column is read, scattered with one indexed store, and dropped,
so that the peak is the result plus one column. No sorting of rows, no pivot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from jqfast.data import names
from jqfast.data.parse import codes as parse_codes
from jqfast.data.parse import dates as parse_dates
from jqfast.data.parse import day_index, numbers, to_arrow
from jqfast.data.sources import Table
from jqfast.errors import DataGapError
from jqfast.types import AnyArray, BoolArray, CodeArray, DateArray, FloatArray, IntArray

#: Fields that hold numbers and are read where they exist, besides the five prices.
EXTRA_FIELDS = ("turnover", "adj_factor", "limit", "upper_limit", "lower_limit")
CATEGORY_FIELDS = ("sector33", "sector17", "market")
_SHOWN = 10


@dataclass
class Bars:
    """Dense bars under construction; steps of ``read_prices`` write into ``fields`` in place.

    ``fields`` maps a field name to a (T, N) float64 array (NaN: no value), ``present`` says which (date,
    code) had a record, ``labels`` maps a category field to ((T, N) int16 array, its labels). ``counts`` and
    ``notes`` collect what was found and done.
    """

    dates: DateArray
    codes: CodeArray
    fields: dict[str, FloatArray]
    present: BoolArray
    labels: dict[str, tuple[AnyArray, tuple[str, ...]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """(T, N)."""
        return len(self.dates), len(self.codes)


def from_long(table: Table, columns: names.Columns, code: str | None, *, null_text: bool) -> Bars:
    """Bars of a long table, one row per (date, code) in any order.

    Parameters
    ----------
    code : the code of a table of one stock that has no code column
    null_text : text in a number becomes NaN and is counted, instead of an error

    Raises
    ------
    ValueError
        A column is missing or a cell cannot be read.
    DataGapError
        A (date, code) stands more than once.
    """
    prices = names.price_fields(columns)
    names.require(columns, ("date",))
    t, days = day_index(parse_dates(table.fetch(columns.of["date"]), columns.of["date"]))
    n, stocks = _stocks(table, columns, code)
    place = t * len(stocks) + n
    del t, n
    present = _present(place, days, stocks)
    bars = Bars(days, stocks, {}, present)
    text = 0
    for name in (*prices, *EXTRA_FIELDS):
        if name in columns.of:
            values, wrong = numbers(table.fetch(columns.of[name]), columns.of[name], null_text=null_text)
            bars.fields[name] = _scatter(values, place, present.shape)
            text += wrong
    for name in CATEGORY_FIELDS:
        if name in columns.of:
            bars.labels[name] = _scatter_labels(table, columns.of[name], place, present.shape)
    bars.counts["text_cells"] = text
    return bars


def from_wide(tables: Mapping[str, Table], *, null_text: bool) -> tuple[Bars, names.Columns]:
    """Bars of one wide table (dates x codes) per field, aligned on the union of their dates and codes.

    A (date, code) has a record where any field has a value. Raises as :func:`from_long`.
    """
    columns = names.match(tables)
    wanted = [name for name in (*names.price_fields(columns), *EXTRA_FIELDS) if name in columns.of]
    axes = {name: _wide_axes(columns.of[name], tables[columns.of[name]]) for name in wanted}
    days = np.unique(np.concatenate([days for days, _ in axes.values()]))
    stocks = np.unique(np.concatenate([list(codes) for _, codes in axes.values()]).astype(np.str_))
    bars = Bars(days, stocks, {}, np.zeros((len(days), len(stocks)), bool))
    text = 0
    for name, (own_days, own_codes) in axes.items():
        out = np.full((len(days), len(stocks)), np.nan)
        rows = np.searchsorted(days, own_days)
        for code, column in own_codes.items():
            cells = tables[columns.of[name]].fetch(column)
            values, wrong = numbers(cells, f"{columns.of[name]} of {code}", null_text=null_text)
            out[rows, np.searchsorted(stocks, code)] = values
            text += wrong
        bars.fields[name] = out
        if name != "adj_factor":  # a matrix of factors is full of ones and says nothing about a record
            np.logical_or(bars.present, np.isfinite(out), out=bars.present)
    if not bars.present.any():
        raise DataGapError("`source` must hold prices; the wide frames hold no value at all.")
    bars.counts["text_cells"] = text
    return bars, columns


def _stocks(table: Table, columns: names.Columns, code: str | None) -> tuple[IntArray, CodeArray]:
    """(row -> stock, codes): from the code column, or the one code given."""
    if code is not None:
        if "code" in columns.of:
            raise ValueError(
                "`code` is for a table of one stock without codes; this one has them in "
                f"`{columns.of['code']}`. Leave `code` out."
            )
        return np.zeros(table.rows, np.int64), np.array([code], np.str_)
    names.require(columns, ("code",), ' For a table of one stock pass its code: `code="7203"`.')
    return parse_codes(table.fetch(columns.of["code"]), columns.of["code"])


def _present(place: IntArray, days: DateArray, stocks: CodeArray) -> BoolArray:
    """(T, N) bool of the records; the error for those that stand more than once."""
    shape = (len(days), len(stocks))
    present = np.zeros(shape, bool)
    flat = present.reshape(-1)
    flat[place] = True
    if np.count_nonzero(flat) != len(place):
        cells, times = np.unique(place, return_counts=True)
        twice = np.flatnonzero(times > 1)
        shown = ", ".join(
            f"{days[cells[k] // shape[1]]} {stocks[cells[k] % shape[1]]} ({times[k]} rows)"
            for k in twice[:_SHOWN]
        )
        more = f" and {len(twice) - _SHOWN} more" if len(twice) > _SHOWN else ""
        raise DataGapError(
            f"Each (date, code) must stand once; {len(twice)} stand more often: {shown}{more}. Drop the "
            f"extra rows, with pandas: frame.drop_duplicates(['date', 'code'], keep='last')."
        )
    return present


def _scatter(values: FloatArray, place: IntArray, shape: tuple[int, int]) -> FloatArray:
    out = np.full(shape, np.nan)
    out.reshape(-1)[place] = values
    return out


def _scatter_labels(
    table: Table, column: str, place: IntArray, shape: tuple[int, int]
) -> tuple[AnyArray, tuple[str, ...]]:
    """A category column as (T, N) int16 codes, -1 for missing, and its labels ascending."""
    cells = to_arrow(table.fetch(column))
    coded = cells if hasattr(cells, "dictionary") else cells.dictionary_encode()
    text = ["" if label is None else str(label).strip() for label in coded.dictionary.to_pylist()]
    labels = tuple(sorted({label for label in text if label}))
    number = {label: k for k, label in enumerate(labels)}
    # One slot more at the end, reached by index -1: cells without a label.
    of_index = np.array([number.get(label, -1) for label in text] + [-1], np.int16)
    index = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    out = np.full(shape, -1, np.int16)
    out.reshape(-1)[place] = of_index[index]
    return out, labels


def _wide_axes(name: str, table: Table) -> tuple[DateArray, dict[str, str]]:
    """(dates of the rows, code -> column) of one wide table."""
    column = next((c for c in table.names if names.field_of(c) == "date"), None)
    if column is None:
        raise ValueError(
            f"The wide frame of `{name}` must have dates as its index or in a column `date`; its columns "
            f"start with {', '.join(table.names[:5])}."
        )
    days = parse_dates(table.fetch(column), f"date of {name}")
    codes = {c.strip(): c for c in table.names if c != column}
    _require_unique(name, days, codes)
    return days, codes


def _require_unique(name: str, days: DateArray, codes: Mapping[str, str]) -> None:
    day, times = np.unique(days, return_counts=True)
    if (times > 1).any():
        first = ", ".join(map(str, day[times > 1][:_SHOWN]))
        raise DataGapError(
            f"Each (date, code) must stand once; the wide frame of `{name}` repeats the dates {first}."
        )
    if not codes:
        raise DataGapError(f"The wide frame of `{name}` must have one column per code; it has none.")
