"""Statements and company forecasts as columns: the newest period known, by its newest version.

Amounts of a year are cumulative; a single quarter is the difference to the quarter before of the same fiscal
year; twelve months add the last full year and take off the same quarter of it, each by the versions known
when the record came out. Forecasts are followed by the fiscal year they are about, not by the column they
stand in: a filing for the full year moves the guidance from `NxF*` to the next year's. Per-share items and
shares are on the basis of their disclosure day (decision 3), forecast earnings possibly on that of a split
still ahead (`basis.py`), and with them next year's dividend. The dividend paid for a year is per share of the
year's end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.data.asof import Events
from jqfast.data.lazy import Deferred
from jqfast.data.stored.arrays import sorted_by
from jqfast.data.stored.axes import Axes
from jqfast.data.stored.basis import split_ahead
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

SUMMARY = "fins_summary"
_INCOME = {"sales": "Sales", "op": "OP", "odp": "OdP", "np": "NP"}
_FLOWS = {"cfo": "CFO", "cfi": "CFI", "cff": "CFF"}
_GUIDED = {**_INCOME, "eps": "EPS"}
_NEXT = {"NP": "Np"}  # the API's own spelling in forecasts of next year
_BALANCE = {"assets": "TA", "net_assets": "Eq", "equity_ratio": "EqAR", "cash": "CashEq"}
_FLAGS = {
    "subsidiaries_changed": "MatChgSub",
    "standards_revised": "ChgByASRev",
    "policies_changed": "ChgNoASRev",
    "estimates_changed": "ChgAcEst",
    "restated": "RetroRst",
}
_QUARTER = {"1Q": 1, "2Q": 2, "3Q": 3, "4Q": 4, "5Q": 5, "FY": 4}
#: Columns that a statement of one company alone has under another name.
_ALONE = {
    name: f"NC{name}" for name in ("Sales", "OP", "OdP", "NP", "EPS", "TA", "Eq", "EqAR", "BPS", "ShEq")
}
_ALONE |= {f"F{name}": f"FNC{name}" for name in _GUIDED.values()}
_ALONE |= {f"NxF{_NEXT.get(name, name)}": f"NxFNC{name}" for name in _GUIDED.values()}
_DATES = ("DiscDate", "CurPerEn", "CurFYSt", "CurFYEn", "NxtFYEn")
_TEXTS = ("Code", "DiscTime", "DiscNo", "DocType", "CurPerType")
_SHARE = ("ShOutFY", "TrShFY", "AvgSh", "DivAnn", "FDivAnn", "NxFDivAnn")

NEEDED = tuple(
    dict.fromkeys(
        (*_DATES, *_TEXTS, *_ALONE, *_ALONE.values(), *_FLOWS.values(), *_FLAGS.values(), *_SHARE, "CashEq")
    )
)


class Book:
    """The last version of a record known before another one: keys in the order of publication."""

    def __init__(self, keys: IntArray, order: IntArray) -> None:
        self.room = np.int64(order.max(initial=0) + 2)
        composed = keys * self.room + order
        self.index = np.argsort(composed, kind="stable")
        self.composed = composed[self.index]

    def before(self, keys: IntArray, order: IntArray) -> IntArray:
        """(n,) place of the last record with each key whose order is below the given one; -1 for none."""
        if not len(self.index):
            return np.full(len(keys), -1, np.int64)
        limit = np.minimum(order, self.room - 1)  # above all orders of the book, and still this key's
        place = np.searchsorted(self.composed, keys * self.room + limit, side="left") - 1
        found = (place >= 0) & (keys >= 0)
        found &= self.composed[np.maximum(place, 0)] // self.room == keys
        return np.where(found, self.index[np.maximum(place, 0)], -1)


@dataclass(frozen=True, eq=False)
class _Filings:
    """Filings of known stocks, by life and publication: their position is the order of what was known."""

    r: dict[str, AnyArray]
    life: IntArray
    row: IntArray
    factor: FloatArray

    @property
    def position(self) -> IntArray:
        return np.arange(len(self.life))

    def take(self, keep: AnyArray) -> _Filings:
        return _Filings(
            {k: v[keep] for k, v in self.r.items()}, self.life[keep], self.row[keep], self.factor[keep]
        )


def statement_columns(axes: Axes) -> dict[str, Deferred]:
    """All columns of statements (``fs_*``) and forecasts (``fc_*``)."""
    filings = _filings(axes)
    guidance = _guidance(filings)
    results = np.char.find(filings.r["DocType"], "FinancialStatements") >= 0
    income = _income(axes, filings, results, guidance)
    balance = _balance(axes, filings, results)
    year = _full_year(axes, filings, results)
    forecast = _forecast(axes, filings, guidance)
    out = {
        name: axes.column_of(events, name)
        for events in (income, balance, year, forecast)
        for name in events.names
    }
    out["fs_age"] = axes.age_of(income, "fs_quarter")
    out["fc_age"] = axes.age_of(forecast, "fc_target")
    announced = _announced(axes, filings, results)
    out["fs_since"] = axes.age_of(announced, "quarter")
    out["earnings_expected_in"] = axes.changed(axes.column_of(announced, "expected"), _until)
    return out


def _filings(axes: Axes) -> _Filings:
    records = sorted_by(axes.records(SUMMARY, NEEDED), "Code", "DiscDate", "DiscTime", "DiscNo")
    alone = np.char.find(records["DocType"], "_NonConsolidated") >= 0
    for name, other in _ALONE.items():
        records[name] = np.where(alone & np.isnan(records[name]), records.pop(other), records[name])
    life = axes.life(records["Code"], records["DiscDate"])
    row = axes.act(SUMMARY, records)
    filings = _Filings(records, life, row, axes.adjustment(life, records["DiscDate"]))
    return filings.take(np.flatnonzero(life >= 0))


def _days(values: AnyArray) -> IntArray:
    """Days since the epoch, -1 where missing."""
    days = np.asarray(values, "datetime64[D]")
    return np.where(np.isnat(days), -1, days.astype(np.int64))


def _key(life: IntArray, year_end: IntArray, quarter: IntArray) -> IntArray:
    """One number for a period of a stock; -1 where the period is unknown."""
    return np.where((year_end < 0) | (quarter <= 0), -1, (life * (1 << 16) + year_end) * 8 + quarter)


@dataclass(frozen=True, eq=False)
class _Guidance:
    """Forecasts by the fiscal year they are about; what a filing leaves out holds from the one before."""

    filing: IntArray
    target: IntArray
    values: FloatArray
    before: FloatArray
    book: Book


def _guidance(filings: _Filings) -> _Guidance:
    r = filings.r
    fiscal = _days(r["CurFYEn"])
    following = _days(r["NxtFYEn"])
    a_year_on = (r["CurFYEn"].astype("datetime64[M]") + 13).astype("datetime64[D]") - 1
    following = np.where(following < 0, _days(a_year_on), following)
    shares, one = _known_shares(filings), np.ones_like(filings.factor)
    split = split_ahead(r["FNP"], r["FEPS"], shares)
    this = np.stack([r[f"F{name}"] for name in _GUIDED.values()] + [r["FDivAnn"]], axis=1)
    this *= _per_share(filings.factor, split, one)
    split = split_ahead(r["NxFNp"], r["NxFEPS"], shares)
    names = [f"NxF{_NEXT.get(name, name)}" for name in _GUIDED.values()]
    coming = np.stack([r[name] for name in names] + [r["NxFDivAnn"]], axis=1)
    coming *= _per_share(filings.factor, split, split)
    filing = np.concatenate([filings.position, filings.position])
    target = np.concatenate([fiscal, following])
    values = np.concatenate([this, coming])
    keep = np.isfinite(values).any(axis=1)
    filing, target, values = filing[keep], target[keep], values[keep]
    group = filings.life[filing] * (1 << 16) + np.maximum(target, 0)
    order = np.lexsort((filing, group))
    filing, target, values, group = filing[order], target[order], values[order], group[order]
    values = _carried(values, group)
    before = np.full_like(values, np.nan)
    same = np.zeros(len(group), bool)
    same[1:] = group[1:] == group[:-1]
    before[same] = values[np.flatnonzero(same) - 1]
    return _Guidance(filing, target, values, before, Book(group, filing))


def _per_share(factor: FloatArray, earnings: FloatArray, dividend: FloatArray) -> FloatArray:
    """(n, 6) what five forecasts and the dividend are multiplied with to be on the forward basis.

    ``earnings`` and ``dividend`` are the new shares per share of a split that is in them already.
    """
    one = np.ones_like(factor)
    return np.stack([one, one, one, one, earnings / factor, dividend / factor], axis=1)


def _known_shares(filings: _Filings) -> FloatArray:
    """(n, 2) shares less treasury at the last period's end, and their average, on the basis of the day."""
    r, factor = filings.r, filings.factor[:, None]
    free = r["ShOutFY"] - np.nan_to_num(r["TrShFY"])
    return _carried(np.stack([free, r["AvgSh"]], axis=1) * factor, filings.life) / factor


def _carried(values: FloatArray, group: IntArray) -> FloatArray:
    """Missing values filled from the row before of the same group, rows being in the order of publication."""
    row = np.arange(len(group))[:, None]
    begin = np.searchsorted(group, group, side="left")[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(values), row, -1), axis=0)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last >= begin, filled, np.nan)


def _quarters(filings: _Filings) -> IntArray:
    """The quarter each filing is about, 4 for the year, 0 where unknown."""
    return np.array([_QUARTER.get(str(kind), 0) for kind in filings.r["CurPerType"]], np.int64)


def _income(axes: Axes, filings: _Filings, results: BoolArray, guidance: _Guidance) -> Events:
    quarter, year = _quarters(filings), _days(filings.r["CurFYEn"])
    last_year = _days(filings.r["CurFYSt"]) - 1
    at = filings.position
    keys = np.where(results, _key(filings.life, year, quarter), -1)
    book = Book(keys, at)
    cumulative = np.stack([filings.r[name] for name in _INCOME.values()], axis=1)
    single = np.where(
        (quarter == 1)[:, None],
        cumulative,
        cumulative - _at(cumulative, book.before(_key(filings.life, year, quarter - 1), at)),
    )
    same = book.before(_key(filings.life, last_year, quarter), at)
    ended = book.before(_key(filings.life, last_year, np.full_like(quarter, 4)), at)
    twelve = cumulative + _at(cumulative, ended) - _at(cumulative, same)
    twelve = np.where((quarter == 4)[:, None], cumulative, twelve)
    group = np.where(year < 0, -1, filings.life * (1 << 16) + year)
    guided = _at(guidance.values, guidance.book.before(group, at))[:, :5]
    columns = {f"fs_{name}": cumulative[:, k] for k, name in enumerate(_INCOME)}
    columns["fs_eps"] = filings.r["EPS"] / filings.factor
    columns["fs_quarter"] = quarter.astype(np.float64)
    columns["fs_period"] = _period(filings).astype(np.float64)
    a_year_ago = {"q_ya": _at(single, same), "ttm_ya": _at(twelve, same)}
    for suffix, values in ({"q": single, "ttm": twelve} | a_year_ago).items():
        columns |= {f"fs_{name}_{suffix}": values[:, k] for k, name in enumerate(_INCOME)}
    columns |= {f"fs_{name}_guided": guided[:, k] for k, name in enumerate(_GUIDED)}
    columns |= {f"fs_{name}": filings.r[source] for name, source in _FLAGS.items()}
    return _events(axes, filings.take(results), {k: v[results] for k, v in columns.items()}, record=True)


def _balance(axes: Axes, filings: _Filings, results: BoolArray) -> Events:
    some = filings.take(results)
    r, factor = some.r, some.factor
    columns = {f"fs_{name}": r[source] for name, source in {**_BALANCE, **_FLOWS}.items()}
    columns["fs_equity"] = np.where(np.isnan(r["ShEq"]), r["Eq"], r["ShEq"])
    columns["fs_bps"] = r["BPS"] / factor
    ended = np.fmin(r["CurPerEn"], r["DiscDate"])
    columns["fs_dividend"] = r["DivAnn"] / axes.adjustment(some.life, ended)
    columns["fs_shares_issued"] = r["ShOutFY"] * factor
    columns["fs_shares"] = (r["ShOutFY"] - np.nan_to_num(r["TrShFY"])) * factor
    columns["fs_shares_average"] = r["AvgSh"] * factor
    return _events(axes, some, columns, record=False)


def _full_year(axes: Axes, filings: _Filings, results: BoolArray) -> Events:
    """Amounts of the last full year, which the newest statement of a quarter does not have."""
    some = filings.take(results & (_quarters(filings) == 4))
    sources = {**_INCOME, "cfo": _FLOWS["cfo"]}
    columns = {f"fs_{k}_year": some.r[name] for k, name in sources.items()}
    columns["fs_year_end"] = np.where(np.isnat(some.r["CurFYEn"]), np.nan, _days(some.r["CurFYEn"]))
    return _events(axes, some, columns, record=True)


def _announced(axes: Axes, filings: _Filings, results: BoolArray) -> Events:
    """When the newest period was first reported, and the day on which the next one is to be expected.

    A correction is no announcement: the age runs on from the first result of the period. The next one is
    expected 364 days, which is 52 weeks, after last year's first result of the same quarter.
    """
    quarter, year = _quarters(filings), _days(filings.r["CurFYEn"])
    at = filings.position
    keys = np.where(results, _key(filings.life, year, quarter), -1)
    first = _first_of(keys)
    day = filings.r["DiscDate"]
    # The quarter after the last one is the first of the next year, a year ago the first of this one.
    last_year = np.where(quarter == 4, year, _days(filings.r["CurFYSt"]) - 1)
    before = Book(keys, at).before(_key(filings.life, last_year, quarter % 4 + 1), at)
    due = np.where(before >= 0, day[first[np.maximum(before, 0)]] + 364, np.datetime64("NaT", "D"))
    expected = np.where(np.isnat(due), np.nan, axes.ahead(due) - axes.first)
    # Of the last session whose bar is known: before the open that is the one before.
    since = axes.clock.after(day[first]) - 1 + int(axes.decision == "preopen")
    columns = {"quarter": quarter.astype(np.float64), "expected": expected}
    some = filings.take(results)
    return _events(axes, some, {k: v[results] for k, v in columns.items()}, record=True, since=since[results])


def _first_of(keys: IntArray) -> IntArray:
    """(n,) place of the first row with the same key; rows without one (-1) stand for themselves."""
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return np.where(keys < 0, np.arange(len(keys)), first[group] if len(keys) else keys)


def _until(values: AnyArray, low: int) -> AnyArray:
    """Sessions from each row to the one in its cells; 0 once it has passed."""
    return np.maximum(values - np.arange(low, low + len(values))[:, None], 0.0)


def _forecast(axes: Axes, filings: _Filings, guidance: _Guidance) -> Events:
    names = (*_GUIDED, "dividend")
    columns = {f"fc_{name}": guidance.values[:, k] for k, name in enumerate(names)}
    columns |= {f"fc_{name}_before": guidance.before[:, k] for k, name in enumerate(names)}
    columns["fc_target"] = np.where(guidance.target < 0, 0, guidance.target).astype(np.float64)
    some = filings.take(guidance.filing)
    values = np.stack(list(columns.values()), axis=1)
    order = np.lexsort((guidance.filing,))
    return axes.events(
        tuple(columns),
        values[order],
        some.life[order],
        some.row[order],
        order=guidance.target[order],
        record=True,
    )


def _events(
    axes: Axes, some: _Filings, columns: dict[str, AnyArray], *, record: bool, since: IntArray | None = None
) -> Events:
    values = np.stack(list(columns.values()), axis=1)
    more = {} if since is None else {"since": since}
    names, order = tuple(columns), _period(some)
    return axes.events(names, values, some.life, some.row, order=order, record=record, **more)


def _period(some: _Filings) -> IntArray:
    """The end of the period each filing is about, its own day where that is unknown; days since the epoch."""
    period = _days(some.r["CurPerEn"])
    return np.where(period < 0, _days(some.r["DiscDate"]), period)


def _at(values: FloatArray, index: IntArray) -> FloatArray:
    """Rows of values, NaN for -1."""
    if not len(values):
        return np.full((len(index), values.shape[1]), np.nan)
    return np.where((index >= 0)[:, None], values[index], np.nan)
