"""Market-wide columns: indices, futures, a summary of the index options, flows by type of investor.

Derivatives come in the night after their session and act on the next one; the flows of a week come on the
Thursday after it, their corrections later. Prices of 0 in derivatives mean "not traded" and are missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jqfast.data.asof import Events, Grid, asof, asof_age
from jqfast.data.black76 import implied_deviation
from jqfast.data.stored.arrays import array, by_year, coded, sorted_by, span
from jqfast.data.stored.axes import Axes
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

TOPIX, INDICES = "indices_bars_daily_topix", "indices_bars_daily"
FUTURES, OPTIONS = "derivatives_bars_daily_futures", "derivatives_bars_daily_options_225"
FLOWS = "equities_investor_types"
_OHLC = {"open": "O", "high": "H", "low": "L", "close": "C"}
_PRODUCTS = {"topix": "TOPIXF", "nk225": "NK225F", "nkvi": "NKVIF"}
_NORMAL = "002"  # settlement without emergency margin: the row to use
_GROUPS = {
    "prop": "Prop",
    "broker": "Brk",
    "all": "Tot",
    "individual": "Ind",
    "foreign": "Frgn",
    "securities": "SecCo",
    "trust_fund": "InvTr",
    "business": "BusCo",
    "other_company": "OthCo",
    "insurance": "InsCo",
    "bank": "Bank",
    "trust_bank": "TrstBnk",
    "other_financial": "OthFin",
}
#: Name in the panel -> sections of the table, the one before 2022-04 and its successor.
_SECTIONS = {"flow": ("TokyoNagoya",), "flow_prime": ("TSE1st", "TSEPrime")}
_WEEKLY_AGE = 20
#: The maturity, in calendar days, at which the volatility of the options is read off.
_MATURITY = 30.0
#: Strikes further from the index than this share of it are not at the money.
_NEAR = 0.05

Columns = dict[str, AnyArray]


def topix_columns(axes: Axes) -> Columns:
    """Open, high, low and close of TOPIX."""
    r = axes.records(TOPIX, ("Date", *_OHLC.values()))
    row = axes.act(TOPIX, r)
    return {f"topix_{name}": _on_rows(axes, row, r[field]) for name, field in _OHLC.items()}


def index_columns(axes: Axes) -> Columns:
    """The close of every index, ``index_CODE``."""
    r = axes.records(INDICES, ("Date", "Code", "C"), stocks=False)
    row = axes.act(INDICES, r)
    codes, place = np.unique(r["Code"], return_inverse=True)
    out = np.full((len(codes), axes.T), np.nan)
    at = row - axes.first
    keep = (at >= 0) & (at < axes.T)
    out[place[keep], at[keep]] = r["C"][keep]
    return {f"index_{code}": np.ascontiguousarray(out[k]) for k, code in enumerate(codes)}


def _on_rows(axes: Axes, row: IntArray, values: FloatArray) -> FloatArray:
    """(T,) values of sessions on the rows on which they act; NaN elsewhere. The last of equal rows counts."""
    out = np.full(axes.T, np.nan)
    at = row - axes.first
    keep = np.flatnonzero((at >= 0) & (at < axes.T))
    keep = keep[np.argsort(at[keep], kind="stable")]
    out[at[keep]] = values[keep]
    return out


def futures_columns(axes: Axes) -> Columns:
    """Central contract of TOPIX, Nikkei 225 and Nikkei VI futures, with volume and interest of all months."""
    prices = ("O", "C", "Settle", "Vo", "OI", "EC")
    names = ("Date", "Code", "ProdCat", "EmMrgnTrgDiv", "CCMFlag", "SQD", *prices)
    r = sorted_by(axes.records(FUTURES, names, stocks=False), "Date", "Code")
    out: Columns = {}
    for name, product in _PRODUCTS.items():
        keep = (r["ProdCat"] == product) & (r["EmMrgnTrgDiv"] == _NORMAL)
        if keep.any():
            spot = _SPOTS.get(name, _no_spot)(axes)
            out |= _future(axes, f"fut_{name}", {key: values[keep] for key, values in r.items()}, spot)
    return out


def _no_spot(_: Axes) -> tuple[AnyArray, FloatArray]:
    return np.zeros(0, "datetime64[D]"), np.zeros(0)


def _topix_spot(axes: Axes) -> tuple[AnyArray, FloatArray]:
    """(days ascending, TOPIX)."""
    if TOPIX not in axes.store.tables():
        return _no_spot(axes)
    r = sorted_by(axes.records(TOPIX, ("Date", "C")), "Date")
    return r["Date"], r["C"]


def _nikkei_spot(axes: Axes) -> tuple[AnyArray, FloatArray]:
    """(days ascending, Nikkei 225), the underlying that the options on it name."""
    if OPTIONS not in axes.store.tables():
        return _no_spot(axes)
    days, values = [], []
    known = span(axes.store, OPTIONS)
    for table in by_year(axes.store, OPTIONS, ["Date", "UnderPx"], known[0], axes.end) if known else ():
        price = array(table["UnderPx"])
        good = price > 0
        each, first = np.unique(array(table["Date"])[good], return_index=True)
        days.append(each)
        values.append(price[good][first])
    return (np.concatenate(days), np.concatenate(values)) if days else _no_spot(axes)


#: Product -> the level of its index on each day.
_SPOTS = {"topix": _topix_spot, "nk225": _nikkei_spot}


def _future(axes: Axes, name: str, r: Mapping[str, AnyArray], spot: tuple[AnyArray, FloatArray]) -> Columns:
    days, at = np.unique(r["Date"], return_inverse=True)
    row = axes.act(FUTURES, {"Date": days})
    central = np.flatnonzero(r["CCMFlag"] == 1.0)
    out: Columns = {}
    for label, field in (("open", "O"), ("close", "C"), ("settle", "Settle"), ("night_close", "EC")):
        values = np.full(len(days), np.nan)
        values[at[central]] = np.where(r[field][central] > 0, r[field][central], np.nan)
        out[f"{name}_{label}"] = _on_rows(axes, row, values)
    for label, field in (("volume", "Vo"), ("interest", "OI")):
        total = np.bincount(at, weights=np.nan_to_num(r[field]), minlength=len(days)).astype(np.float64)
        out[f"{name}_{label}"] = _on_rows(axes, row, total)
    moved, left = np.full(len(days), np.nan), np.full(len(days), np.nan)
    moved[at[central]] = _roll_safe(r)[central]
    left[at[central]] = _days(r["SQD"] - r["Date"])[central]
    out |= {f"{name}_return": _on_rows(axes, row, moved), f"{name}_days": _on_rows(axes, row, left)}
    if len(spot[0]):
        out[f"{name}_spot"] = _on_rows(axes, row, _matched(days, *spot))
    return out


def _days(spans: AnyArray) -> FloatArray:
    """Time spans as days, NaN for none."""
    return np.where(np.isnat(spans), np.nan, spans.astype(np.float64))


def _matched(days: AnyArray, known: AnyArray, values: FloatArray) -> FloatArray:
    """The value of each day, NaN where it is not among the known ones."""
    at = np.minimum(np.searchsorted(known, days), len(known) - 1)
    return np.where(known[at] == days, values[at], np.nan)


def _roll_safe(r: Mapping[str, AnyArray]) -> FloatArray:
    """Each contract's settlement over its own of the session before, minus 1."""
    order = np.lexsort((r["Date"], r["Code"]))
    price = np.where(r["Settle"][order] > 0, r["Settle"][order], np.nan)
    out = np.full(len(order), np.nan)
    same = r["Code"][order[1:]] == r["Code"][order[:-1]]
    out[order[1:][same]] = (price[1:] / price[:-1] - 1.0)[same]
    return out


def option_columns(axes: Axes) -> Columns:
    """Nikkei 225 options: level of the index, 30-day volatility at the money, puts against calls."""
    numbers = ["Date", "Strike", "UnderPx", "Settle", "IV", "BaseVol", "IR", "OI", "Vo", "SQD"]
    days = span(axes.store, OPTIONS)
    parts: dict[str, list[AnyArray]] = {}
    dates: list[AnyArray] = []
    names = [*numbers, "EmMrgnTrgDiv", "PCDiv"]
    for table in by_year(axes.store, OPTIONS, names, days[0], axes.end) if days else ():
        keep = np.flatnonzero(
            _is(table["EmMrgnTrgDiv"], _NORMAL)
        )  # a year has a million rows: text stays coded
        r = {name: array(table[name])[keep] for name in numbers}
        one = _options({**r, "put": _is(table["PCDiv"], "1")[keep], "call": _is(table["PCDiv"], "2")[keep]})
        dates.append(one.pop("Date"))
        for name, values in one.items():
            parts.setdefault(name, []).append(values)
    if not dates:
        return {}
    row = axes.act(OPTIONS, {"Date": np.concatenate(dates)})
    return {f"opt_{name}": _on_rows(axes, row, np.concatenate(values)) for name, values in parts.items()}


def _is(column: Any, text: str) -> BoolArray:
    """(n,) bool: cells of a text column that are `text`."""
    labels, index = coded(column)
    return np.append(labels == text, False)[index]


def _options(r: Mapping[str, AnyArray]) -> Columns:
    days, at = np.unique(r["Date"], return_inverse=True)
    out: Columns = {"Date": days}
    for name, field in (("underlying", "UnderPx"), ("base_vol", "BaseVol"), ("rate", "IR")):
        values = np.full(len(days), np.nan)
        good = np.isfinite(r[field]) & ((r[field] > 0) | (name == "rate"))
        values[at[good]] = r[field][good]
        out[name] = values
    for name in ("put", "call"):
        for label, field in (("volume", "Vo"), ("interest", "OI")):
            weights = np.where(r[name], np.nan_to_num(r[field]), 0.0)
            out[f"{name}_{label}"] = np.bincount(at, weights=weights, minlength=len(days))
    out["iv"] = _at_the_money(r, at, len(days))
    out["iv_black"] = _at_the_money({**r, "IV": _implied(r, at)}, at, len(days))
    return out


def _implied(r: Mapping[str, AnyArray], at: IntArray) -> FloatArray:
    """Volatility in percent of a year by Black's formula, at the call of one pair of each expiry.

    The pair is the call and the put at the strike nearest to the index, at most 5 % from it; what they say of
    the future (parity) stands for it, so that neither dividends nor rates have to be guessed.
    """
    left, price = (r["SQD"] - r["Date"]).astype(np.float64), r["Settle"]
    away = np.abs(r["Strike"] - r["UnderPx"])
    good = np.flatnonzero((away <= _NEAR * r["UnderPx"]) & (price > 0) & (left > 0) & ~np.isnat(r["SQD"]))
    order = good[np.lexsort((r["call"][good], r["Strike"][good], away[good], r["SQD"][good], at[good]))]
    key = at[order] * (1 << 20) + r["SQD"][order].astype(np.int64)
    strike, is_call = r["Strike"][order], r["call"][order]
    both = (key[1:] == key[:-1]) & (strike[1:] == strike[:-1]) & ~is_call[:-1] & is_call[1:]
    _, first = np.unique(key[:-1][both], return_index=True)
    put, call = order[:-1][both][first], order[1:][both][first]
    years = left[call] / 365.0
    growth = np.exp(np.nan_to_num(r["IR"][call]) / 100.0 * years)
    future = r["Strike"][call] + (price[call] - price[put]) * growth
    never = np.zeros(len(call), np.bool_)
    out = np.full(len(price), np.nan)
    deviation = implied_deviation(price[call] * growth, future, r["Strike"][call], never)
    out[call] = 100.0 * deviation / np.sqrt(years)
    return out


def _at_the_money(r: Mapping[str, AnyArray], at: IntArray, days: int) -> FloatArray:
    """Volatility in percent of a year, interpolated in variance times time to 30 days.

    Per expiry: mean of put and call at the strike nearest to the index, at most 5 % from it. Outside the
    expiries there are, the nearest one's volatility.
    """
    left = (r["SQD"] - r["Date"]).astype(np.float64)
    away = np.abs(r["Strike"] - r["UnderPx"])
    near = away <= _NEAR * r["UnderPx"]
    good = np.flatnonzero(near & (r["IV"] > 0) & (r["UnderPx"] > 0) & (left > 0) & ~np.isnat(r["SQD"]))
    expiry = r["SQD"][good].astype(np.int64)
    order = good[np.lexsort((r["call"][good], away[good], expiry, at[good]))]
    key = at[order] * (1 << 20) + r["SQD"][order].astype(np.int64)
    _, first = np.unique(key, return_index=True)
    second = np.minimum(first + 1, max(len(order) - 1, 0))
    pair = (key[second] == key[first]) & (r["Strike"][order[second]] == r["Strike"][order[first]])
    iv = r["IV"][order]
    level = np.where(pair, (iv[first] + iv[second]) / 2.0, iv[first])
    out = np.full(days, np.nan)
    day = at[order[first]]
    for one in np.unique(day):
        mine = day == one
        out[one] = _to_maturity(left[order[first]][mine], level[mine])
    return out


def _to_maturity(left: FloatArray, level: FloatArray) -> float:
    if left[0] >= _MATURITY or len(left) == 1:
        return float(level[0])
    if left[-1] <= _MATURITY:
        return float(level[-1])
    variance = np.interp(_MATURITY, left, level**2 * left)
    return float(np.sqrt(variance / _MATURITY))


def flow_columns(axes: Axes) -> Columns:
    """Yen bought and sold by type of investor in the last published week, and its age in sessions."""
    fields = [f"{prefix}{side}" for prefix in _GROUPS.values() for side in ("Buy", "Sell")]
    names = ("PubDate", "StDate", "EnDate", "Section", *fields)
    r = sorted_by(axes.records(FLOWS, names, versions="all"), "PubDate")
    row = axes.act(FLOWS, r) - axes.first
    end = r["EnDate"].astype(np.int64)
    out: Columns = {}
    for name, sections in _SECTIONS.items():
        keep = np.flatnonzero(np.isin(r["Section"], sections) & (row < axes.T))
        if not len(keep):
            continue
        values = np.stack([r[field][keep] for field in fields], axis=1) * 1000.0  # thousand yen
        values = np.column_stack([values, end[keep]])
        sides = (f"{name}_{group}_{side}" for group in _GROUPS for side in ("buy", "sell"))
        labels = (*sides, f"{name}_week")
        none = np.zeros(len(keep), np.int64)
        events = Events(labels, values, none, row[keep], order=end[keep], record=True).by_row()
        known = asof(events, Grid(axes.T, 1), max_age=_WEEKLY_AGE)
        out |= {label: known[k, :, 0].copy() for k, label in enumerate(labels)}
        age = asof_age(events, Grid(axes.T, 1), column=labels[0], max_age=_WEEKLY_AGE)
        out[f"{name}_age"] = age[:, 0].copy()
    return out
