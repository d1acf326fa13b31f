"""Who belonged to a universe on each day: snapshots of the issue list, carried to sessions.

The First Section stands for Prime before 2022-04-04, the Second Section and JASDAQ Standard for Standard,
Mothers and JASDAQ Growth for Growth. A stock belongs on a day by the last snapshot dated on or before it;
delisted ones keep their days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np

from jqfast.errors import unknown
from jqfast.types import AnyArray, BoolArray, CodeArray

Universe: TypeAlias = (
    Literal["prime", "standard", "growth", "all"] | Callable[[Mapping[str, AnyArray]], Any] | Any
)

#: Universe -> market codes, those of the years before 2022-04-04 included.
SEGMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "prime": ("0101", "0111"),
        "standard": ("0102", "0106", "0112"),
        "growth": ("0104", "0107", "0113"),
        "all": ("0101", "0102", "0104", "0106", "0107", "0111", "0112", "0113"),
    }
)
#: Product categories that are shares of a company: domestic and foreign stocks, depositary receipts.
_SHARES = ("", "011", "021", "024")
#: The columns of the issue list that decide about the named universes.
NAMED_BY = ("Code", "Mkt", "ProdCat")


def segment(market: str) -> str:
    """The segment of a market code, those before 2022-04-04 as their successors; else the code itself."""
    return next((name for name in ("prime", "standard", "growth") if market in SEGMENTS[name]), market)


def selected(universe: Universe, issues: Mapping[str, AnyArray]) -> BoolArray:
    """Which rows of an issue list belong to a universe.

    Parameters
    ----------
    universe : a name; a function of the columns of the list that gives a bool per row; or a table with the
        columns code and, where it changes, date (each date holds until the next one)
    issues : columns of the list, text arrays by the names of the API (Code, Mkt, S33, ScaleCat, Mrgn,
        ProdCat ...) and Date as datetime64[D]

    Returns
    -------
    (n,) bool; the named ones leave out preferred shares, funds and the market for professionals

    Raises
    ------
    ValueError
        An unknown name, or a function that gives something else than a bool per row.
    """
    rows = len(issues["Code"])
    if isinstance(universe, str):
        masks = [fits(universe, name, issues[name]) for name in NAMED_BY]
        return np.asarray(np.logical_and.reduce(masks), bool)
    if callable(universe):
        chosen = np.asarray(universe(issues))
        if chosen.shape != (rows,) or chosen.dtype != bool:
            raise ValueError(
                f"`universe` must give one bool per row of the issue list ({rows} rows); got "
                f"{chosen.dtype} of shape {chosen.shape}."
            )
        return chosen
    return _listed_in(universe, issues)


def fits(universe: str, name: str, values: AnyArray) -> BoolArray:
    """Which values of one column of the issue list are those of a named universe.

    Raises
    ------
    ValueError
        If there is no such universe.
    """
    if universe not in SEGMENTS:
        raise unknown("universe", universe, SEGMENTS)
    if name == "Mkt":
        return np.isin(values, SEGMENTS[universe])
    if name == "ProdCat":
        return np.isin(values, _SHARES)
    # The fifth character is the class of share; 0 is the ordinary one.
    return np.asarray((np.char.str_len(values) == 5) & np.char.endswith(values, "0"), bool)


def _listed_in(table: Any, issues: Mapping[str, AnyArray]) -> BoolArray:
    """Membership by a table of codes, or of dates and codes."""
    from jqfast.data.parse import dates, to_arrow
    from jqfast.data.sources import Table, open_source

    source = open_source(table)
    if not isinstance(source, Table) or "code" not in source.names:
        raise ValueError("`universe` as a table must have a column `code`, and `date` where it changes.")
    codes = np.array([_five(str(code)) for code in to_arrow(source.fetch("code")).to_pylist()], np.str_)
    if "date" not in source.names:
        return np.isin(issues["Code"], codes)
    days = dates(source.fetch("date"), "date")
    each = np.unique(days)
    before = np.searchsorted(each, issues["Date"], side="right") - 1
    names, place = np.unique(np.concatenate([codes, issues["Code"]]), return_inverse=True)
    keys = np.searchsorted(each, days) * len(names) + place[: len(codes)]
    return (before >= 0) & np.isin(before * len(names) + place[len(codes) :], keys)


def _five(code: str) -> str:
    return f"{code}0" if len(code) == 4 else code


def five_characters(codes: CodeArray) -> CodeArray:
    """Codes as J-Quants writes them: four characters get the class digit 0."""
    return np.array([_five(str(code)) for code in codes], np.str_)
