"""One date's data, brought into the order of a stream's stocks and checked before anything is computed.

A row is a mapping of column names to arrays, a DataFrame with one line per code, or a panel of one date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import closest
from jqfast.features.columns import CALENDAR, CODES
from jqfast.features.passes import Plan
from jqfast.features.passes.graph import Input
from jqfast.types import AnyArray, BoolArray, CodeArray, DateArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

    Row: TypeAlias = "Mapping[str, Any] | pd.DataFrame | Panel"

_AXES = frozenset({"code", "date"})


@dataclass(frozen=True)
class Delivered:
    """A row as it came: its columns, and the stocks they are of (None: the stream's, in their order)."""

    columns: Mapping[str, Any]
    codes: CodeArray | None


@dataclass(frozen=True)
class Aligned:
    """What the engine is fed: one array per input of the plan, over the stream's stocks, new ones last."""

    inputs: list[FloatArray]
    codes: CodeArray
    is_session: bool


def deliver(date: np.datetime64, row: Row, codes: Sequence[str] | CodeArray | None) -> Delivered:
    """The parts of ``row``, whatever it is.

    Raises
    ------
    ValueError
        If codes are given twice or not at all, are not unique, or a panel is of another date.
    """
    if isinstance(row, Panel):
        _only_one(codes, "panel")
        if len(row.dates) != 1 or row.dates[0] != date:
            raise ValueError(
                f"`row` must be a panel of the one date {date}; got {len(row.dates)} dates. "
                "Cut it: `panel.rows(t, t + 1)`."
            )
        return Delivered(_OfPanel(row), row.codes)
    if isinstance(row, Mapping):
        return Delivered(row, None if codes is None else _codes(codes))
    if hasattr(row, "columns") and hasattr(row, "index"):
        _only_one(codes, "DataFrame")
        named = "code" in row.columns
        own = _codes([str(code) for code in (row["code"] if named else row.index)])
        return Delivered({str(name): row[name].to_numpy() for name in row.columns}, own)
    raise TypeError(
        "`row` must be a mapping of columns to arrays, a DataFrame with one line per code, or a panel of one "
        f"date; got {type(row).__name__}."
    )


class _OfPanel(Mapping[str, Any]):
    """The columns of a panel of one date; those that are made on access are made when they are read."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def __getitem__(self, name: str) -> Any:
        """A column; a category as the text of its labels, empty where it is missing."""
        if name == "listed":
            return self._panel.listed[0]
        today = self._panel.columns[name][0]
        labels = self._panel.categories.get(name)
        return today if labels is None else np.array([*labels, ""])[today]

    def __contains__(self, name: object) -> bool:
        return name == "listed" or name in self._panel.columns

    def __iter__(self) -> Iterator[str]:
        yield from self._panel.columns
        yield "listed"

    def __len__(self) -> int:
        return len(self._panel.columns) + 1


def _only_one(codes: object, what: str) -> None:
    if codes is not None:
        raise ValueError(f"`codes` must be left out where `row` is a {what}, which has its own.")


def _codes(codes: Sequence[str] | CodeArray) -> CodeArray:
    array = np.asarray(codes)
    if array.dtype.kind == "O" and all(isinstance(code, str) for code in array.flat):
        array = array.astype(np.str_)
    if array.ndim != 1 or (array.dtype.kind != "U" and len(array)):
        raise ValueError(f"`codes` must be a list of strings; got {array.ndim}-D {array.dtype}.")
    if len(np.unique(array)) != len(array):
        raise ValueError("`codes` must be unique; a code stands more than once.")
    return array.astype(np.str_)


class Order:
    """The stocks of a stream: their codes, and where each stands."""

    def __init__(self, codes: CodeArray) -> None:
        self.codes = codes
        self._place = {code: n for n, code in enumerate(codes.tolist())}

    def joined(self, codes: CodeArray | None) -> tuple[CodeArray, IntArray | None]:
        """All codes with the new ones last, and the place of each delivered one; None where nothing moves."""
        if codes is None or np.array_equal(codes, self.codes):
            return self.codes, None
        new = [code for code in codes.tolist() if code not in self._place]
        place = (
            {**self._place, **{code: len(self.codes) + n for n, code in enumerate(new)}}
            if new
            else self._place
        )
        together = np.concatenate([self.codes, np.array(new, dtype=np.str_)]) if new else self.codes
        return together, np.array([place[code] for code in codes.tolist()], dtype=np.int64)


def align(row: Delivered, date: np.datetime64, plan: Plan, order: Order, session_share: float) -> Aligned:
    """``row`` over the stocks of ``order`` and its new ones; stocks that are not in it are missing.

    Raises
    ------
    ValueError
        If a column is missing, has the wrong length, or holds no numbers; the message names it.
    """
    codes, places = order.joined(row.codes)
    lengths = len(order.codes) if row.codes is None else len(row.codes)
    reader = _Reader(row.columns, lengths, len(codes), places)
    inputs = [reader.read(column, column in plan.groups, date, codes) for column in plan.inputs]
    traded = np.isfinite(reader.stock("close"))
    listed = reader.listed(traded)
    enough = max(1.0, session_share * int(listed.sum()))
    return Aligned(inputs, codes, bool((traded & listed).sum() >= enough))


def _as_numbers(labels: AnyArray) -> AnyArray:
    """The numbers that the labels of a category are, NaN for an empty one; text that is none as it came."""
    if not all(label.isdecimal() or not label for label in labels.tolist()):
        return labels
    return np.array([float(label or "nan") for label in labels.tolist()])


class _Reader:
    """Columns of one row, each brought to the stream's order once."""

    def __init__(self, columns: Mapping[str, Any], length: int, N: int, places: IntArray | None) -> None:
        self._columns, self._length, self._N, self._places = columns, length, N, places
        self._known: dict[str, FloatArray] = {}

    def read(self, column: Input, group: bool, date: np.datetime64, codes: CodeArray) -> FloatArray:
        """The engine's input: (1, N), (1,) for a market series, (N,) for a series of the codes."""
        if column.axis == "code":
            return CODES[column.name](codes)
        if column.name in CALENDAR and column.name not in self._columns:
            dates: DateArray = np.array([date], dtype="datetime64[D]")
            return CALENDAR[column.name](dates)
        if column.axis == "market":
            return self._market(column.name)
        return (self._group(column.name) if group else self.stock(column.name))[None, :]

    def stock(self, name: str) -> FloatArray:
        """A stock column as float64 over the stream's stocks."""
        if name not in self._known:
            values = self._delivered(name)
            if values.dtype.kind == "U":
                values = _as_numbers(values)
            if values.dtype.kind not in "fiub":
                raise ValueError(
                    f"Column `{name}` must be numbers; got {values.dtype}. Text can only stand in `by=`, as "
                    "groups of stocks."
                )
            self._known[name] = self._placed(np.ascontiguousarray(values, dtype=np.float64))
        return self._known[name]

    def _group(self, name: str) -> FloatArray:
        """Groups as numbers: only who is with whom matters. Missing: NaN, a negative integer, empty text."""
        values = self._delivered(name)
        if values.dtype.kind == "f":
            return self.stock(name)
        if values.dtype.kind in "iu":
            return self._placed(np.where(values < 0, np.nan, values.astype(np.float64)))
        text = np.array(
            ["" if one is None or one != one else str(one) for one in values.tolist()], dtype=np.str_
        )
        _, number = np.unique(text, return_inverse=True)
        return self._placed(np.where(text == "", np.nan, number.astype(np.float64)))

    def _market(self, name: str) -> FloatArray:
        value = np.asarray(self._given(name))
        if value.size != 1 or value.dtype.kind not in "fiub":
            raise ValueError(
                f"Column `{name}` is used as a market series and must be one number; got {value.dtype} of "
                f"shape {value.shape}."
            )
        return value.astype(np.float64).reshape(1)

    def listed(self, traded: BoolArray) -> BoolArray:
        """Membership of the day: as delivered, else the stocks with a close or a volume, be it 0."""
        if "listed" in self._columns:
            members: BoolArray = self.stock("listed") == 1.0
            return members
        if "volume" not in self._columns:
            return traded
        present: BoolArray = traded | np.isfinite(self.stock("volume"))
        return present

    def _given(self, name: str) -> Any:
        if name in self._columns:
            return self._columns[name]
        known = [str(column) for column in self._columns if column not in _AXES]
        raise ValueError(
            f"The row has no column `{name}`.{closest(name, known)} It has: {', '.join(known)}. "
            "A column nobody knows today can be all NaN."
        )

    def _delivered(self, name: str) -> AnyArray:
        values = np.asarray(self._given(name))
        if values.shape != (self._length,):
            raise ValueError(
                f"Column `{name}` must have shape ({self._length},), one value per code; got {values.shape}."
            )
        return values

    def _placed(self, values: FloatArray) -> FloatArray:
        if self._places is None:
            return values
        placed = np.full(self._N, np.nan)
        placed[self._places] = values
        return placed
