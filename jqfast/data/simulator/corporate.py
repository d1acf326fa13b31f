"""Notices beside the statements: dividends, scheduled earnings dates, the list of timely disclosures.

A dividend is first forecast with the results of the year before, revised with a changed forecast or a split,
and determined with the results of its own period; some of these are corrected some days later, and what
would be paid after a delisting is cancelled. Notices are never changed; a later one names the earlier.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jqfast.data.simulator import companies, filings
from jqfast.data.simulator.clock import compact, hours, utc
from jqfast.data.simulator.columns import Text, arrow_table, digits, same
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.names import MARKET_NAMES, SECTOR33_NAMES, company_names
from jqfast.data.simulator.splits import Splits
from jqfast.data.simulator.statements import DIVIDEND_REVISION, PERIODS, Papers
from jqfast.types import AnyArray, DateArray, FloatArray, IntArray

_T2 = np.datetime64("2019-07-16", "D")
_PAY_AFTER = np.timedelta64(85, "D")
_NOTICE = 15 * 60 + 30  # minute at which splits and cancelled dividends are announced
_SCHEDULE = 10 * 60 + 5
_CORRECTED = 0.01  # of the determined dividends
_FORECAST, _DETERMINED = 1, 0  # index into ("1", "2")[...] of FRCode


def dividend_table(market: Market, papers: Papers, splits: Splits) -> Any:
    """``fins_dividend``."""
    notices = _notices(market, papers, splits)
    order = np.lexsort((notices["rank"], notices["issue"], notices["minute"], notices["day"]))
    notices = {name: values[order] for name, values in notices.items()}
    day, issue = notices["day"], notices["issue"]
    record = companies.month_end(notices["month"])
    actual, ex = _right_days(market, record)
    serial = np.arange(len(day)) - np.searchsorted(day, day, side="left") + 1
    number = np.char.add(np.char.add(compact(day), "1A"), digits(serial, 5))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    of = np.where(notices["of"] >= 0, place[notices["of"]], np.arange(len(order)))
    paid = market.sessions.shifted(record + _PAY_AFTER, 0)
    rate = np.round(notices["rate"], 2)
    columns: dict[str, AnyArray | Text] = {
        "PubDate": day,
        "PubTime": hours(notices["minute"], seconds=False),
        "Code": Text(market.issues.code, issue),
        "RefNo": number,
        "StatCode": Text(("1", "2", "3"), notices["status"]),
        "BoardDate": day,
        "IFCode": Text(("1", "2"), notices["final"]),
        "FRCode": Text(("1", "2"), notices["forecast"]),
        "IFTerm": record.astype("datetime64[M]").astype(str),
        "DivRate": rate,
        "RecDate": record,
        "ExDate": ex,
        "ActRecDate": actual,
        "PayDate": np.where(notices["forecast"] == _DETERMINED, paid, np.datetime64("NaT", "D")),
        "CARefNo": number[of],
        "CommSpecCode": same("0", len(day)),
    }
    return arrow_table("fins_dividend", columns, utc(day, notices["minute"]))


def _right_days(market: Market, record: DateArray) -> tuple[DateArray, DateArray]:
    """The last session up to a record day, and the ex-date that goes with it.

    Two sessions before it under the older settlement, one from July 2019 on.
    """
    rows = market.sessions.row_after(record) - 1
    one = market.sessions.at(rows - 1)
    return market.sessions.at(rows), np.where(one >= _T2, one, market.sessions.at(rows - 2))


def _notices(market: Market, papers: Papers, splits: Splits) -> dict[str, AnyArray]:
    """All notices: when, about whom, which payment, what rate; ``of`` the notice that one revises, or -1."""
    r = papers.results
    year_end = r.year_end.astype("datetime64[M]").astype(np.int64)
    result = papers.kind == filings.RESULT
    parts: list[dict[str, AnyArray]] = []

    def add(
        rows: AnyArray, final: int, forecast: int, month: IntArray, rate: FloatArray, status: int
    ) -> None:
        rows = np.flatnonzero(rows)
        basis = papers.day[rows]
        if forecast == _DETERMINED:
            basis = _right_days(market, companies.month_end(month[rows]))[1]
        count = len(rows)
        parts.append(
            {
                "day": papers.day[rows],
                "minute": papers.minute[rows],
                "issue": r.issue[rows],
                "month": month[rows],
                "rate": rate[rows] * splits.adjustment(r.issue[rows], basis),
                "final": np.full(count, final),
                "forecast": np.full(count, forecast),
                "status": np.full(count, status),
            }
        )

    closing, half = result & (r.quarter == 4), result & (r.quarter == 2)
    add(closing, 1, _DETERMINED, year_end, r.dividend[1], 0)
    add(half, 0, _DETERMINED, year_end - 6, r.dividend[0], 0)
    revised = papers.kind == DIVIDEND_REVISION
    for final in (0, 1):
        ahead = year_end + (6 if final == 0 else 12)
        add(closing, final, _FORECAST, ahead, r.next_dividend[final], 0)
        add(revised, final, _FORECAST, year_end - (6 if final == 0 else 0), r.next_dividend[final], 1)
    told = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    told = _with_corrections(market, _with_splits(market, told, splits))
    told = _with_cancellations(market, told)
    told["rank"] = told["final"] * 6 + told["forecast"] * 3 + told["status"]
    told["of"] = _revises(told)
    return told


def _with_splits(market: Market, told: dict[str, AnyArray], splits: Splits) -> dict[str, AnyArray]:
    """Forecasts that a split announced before the ex-date puts on the new number of shares, added."""
    forecast = np.flatnonzero(told["forecast"] == _FORECAST)
    ex = _right_days(market, companies.month_end(told["month"][forecast]))[1]
    low = np.searchsorted(splits.issue, told["issue"][forecast], side="left")
    high = np.searchsorted(splits.issue, told["issue"][forecast], side="right")
    rows, which = [], []
    for k in np.flatnonzero(high > low):
        for s in range(low[k], high[k]):
            if told["day"][forecast[k]] <= splits.announced[s] and splits.ex[s] <= ex[k]:
                rows.append(forecast[k])
                which.append(s)
    at, split = np.array(rows, np.int64), np.array(which, np.int64)
    more = {name: values[at] for name, values in told.items()}
    more["day"] = splits.announced[split]
    more["minute"] = np.full(len(at), _NOTICE)
    # The rate on the shares that there will be on the ex-date, after this split and any between.
    start = splits.adjustment(more["issue"], told["day"][at])
    more["rate"] = more["rate"] * splits.adjustment(more["issue"], splits.ex[split]) / start
    more["status"] = np.ones(len(at), np.int64)
    return {name: np.concatenate([told[name], more[name]]) for name in told}


def _with_corrections(market: Market, told: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Some determined dividends are first told a tenth too high, and corrected two sessions later."""
    determined = np.flatnonzero((told["forecast"] == _DETERMINED) & (told["rate"] > 0))
    at = determined[market.rng["tables"].uniform(size=len(determined)) < _CORRECTED]
    more = {name: values[at] for name, values in told.items()}
    more["day"] = market.sessions.shifted(more["day"], 2)
    more["minute"] = np.full(len(at), 16 * 60)
    more["status"] = np.ones(len(at), np.int64)
    told["rate"] = told["rate"].copy()
    told["rate"][at] *= 1.1
    return _public(market, told, more)


def _with_cancellations(market: Market, told: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Forecasts whose ex-date lies after a delisting are deleted once it is known."""
    issues, sessions = market.issues, market.sessions
    news = issues.news[told["issue"]]
    known = sessions.at(np.maximum(news, 0) + 3)
    ex = _right_days(market, companies.month_end(told["month"]))[1]
    gone = (news >= 0) & (told["forecast"] == _FORECAST) & (told["status"] == 0)
    at = np.flatnonzero(gone & (told["day"] < known) & (ex > sessions.at(issues.last[told["issue"]])))
    more = {name: values[at] for name, values in told.items()}
    more["day"], more["minute"] = known[at], np.full(len(at), _NOTICE)
    more["status"] = np.full(len(at), 2)
    return _public(market, told, more)


def _public(market: Market, told: dict[str, AnyArray], more: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """Both, the second as far as the span sees it."""
    inside = more["day"] <= np.datetime64(market.config.end, "D")
    return {name: np.concatenate([told[name], more[name][inside]]) for name in told}


def _revises(told: dict[str, AnyArray]) -> IntArray:
    """For each revision the first forecast of its payment, or the first outcome; -1 for new ones."""
    groups = ("forecast", "final", "month", "issue")
    order = np.lexsort([told[name] for name in ("status", "minute", "day", *groups)])
    same_payment = np.ones(len(order), np.bool_)
    for name in groups:
        same_payment &= told[name][order] == np.roll(told[name][order], 1)
    if len(order):
        same_payment[0] = False
    first = order[np.maximum.accumulate(np.where(same_payment, 0, np.arange(len(order))))]
    of = np.full(len(order), -1)
    of[order] = np.where((told["status"][order] > 0) & (first != order), first, -1)
    return of


def earnings_date_table(market: Market) -> Any:
    """``fins_earnings_date``: the plan some days after the quarter's end, and every change of it; also of
    results that the span does not see any more."""
    sessions = market.sessions
    r = companies.joined(market.annals.results)
    told = filings.joined(market.annals.filings)
    told = told.take(np.flatnonzero((told.kind == filings.RESULT) & (told.day >= sessions.dates[0])))
    r, day = r.take(told.entry), told.day
    planned = market.planned(r.issue, r.quarter, r.end)
    plan_out = sessions.shifted(r.end, 3)
    plan_out = np.where(plan_out < planned, plan_out, planned - np.timedelta64(7, "D"))
    moved = np.flatnonzero(day != planned)
    open_ = moved[market.rng["tables"].uniform(size=len(moved)) < 0.2]
    before = planned - np.timedelta64(3, "D")
    undecided = sessions.shifted(before[open_], -2)
    entry = np.concatenate([np.arange(len(day)), open_, moved])
    published = np.concatenate([plan_out, undecided, sessions.shifted(before[moved], -1)])
    scheduled = np.concatenate([planned, np.full(len(open_), np.datetime64("NaT", "D")), day[moved]])
    known = (published >= sessions.dates[0]) & (published <= sessions.dates[-1])
    order = np.lexsort((r.issue[entry], published))
    order = order[known[order]]
    entry, published, scheduled = entry[order], published[order], scheduled[order]
    japanese, english = company_names(market.issues.number)
    fye = compact(r.year_end).view("U4").reshape(-1, 2)[:, 1]
    columns: dict[str, AnyArray | Text] = {
        "PubDate": published,
        "SchDate": scheduled,
        "FQName": Text(PERIODS, r.quarter[entry] - 1),
        "FYE": fye[entry],
        "Code": Text(market.issues.code, r.issue[entry]),
        "CoName": Text(japanese, r.issue[entry]),
        "CoNameEn": Text(english, r.issue[entry]),
    }
    return arrow_table("fins_earnings_date", columns, utc(published, _SCHEDULE))


def earnings_calendar_table(market: Market, papers: Papers) -> Any:
    """``equities_earnings_calendar``: the next session's disclosures of companies that close in March or
    September, at 19:00 of the session before."""
    sessions, r = market.sessions, papers.results
    month = market.issues.year_end[r.issue]
    on = (papers.kind == filings.RESULT) & (papers.day >= sessions.dates[1]) & np.isin(month, (3, 9))
    on &= np.isin(papers.day, sessions.dates)
    rows = np.flatnonzero(on)
    issue, day = r.issue[rows], papers.day[rows]
    japanese, _ = company_names(market.issues.number)
    quarters = ("第１四半期", "第２四半期", "第３四半期", "通期")
    segment = _segment_on(market, issue, sessions.row_from(day))
    columns: dict[str, AnyArray | Text] = {
        "Date": day,
        "Code": Text(market.issues.code, issue),
        "CoName": Text(japanese, issue),
        "FY": Text(("3月31日", "9月30日"), np.where(month[rows] == 3, 0, 1)),
        "SectorNm": Text(SECTOR33_NAMES, market.issues.sector[issue]),
        "FQ": Text(quarters, r.quarter[rows] - 1),
        "Section": Text(MARKET_NAMES, segment),
    }
    return arrow_table("equities_earnings_calendar", columns, utc(sessions.shifted(day, -1), 19 * 60))


def _segment_on(market: Market, issue: IntArray, row: IntArray) -> IntArray:
    """Segment of each issue on a row."""
    segment = market.issues.segment[issue].copy()
    for since, moved, to in market.issues.moves:
        segment[(issue == moved) & (row >= since)] = to
    return segment


def disclosure_table(market: Market, papers: Papers, splits: Splits) -> Any:
    """``td_list``: the documents by title, and announcements of splits and consolidations."""
    r = papers.results
    rows = np.flatnonzero(papers.day >= market.sessions.dates[0])
    issue = np.concatenate([r.issue[rows], splits.issue])
    day = np.concatenate([papers.day[rows], splits.announced])
    minute = np.concatenate([papers.minute[rows], np.full(len(splits.issue), _NOTICE)])
    titles = _titles(market, papers, rows) + [
        "株式分割に関するお知らせ" if factor < 1 else "株式併合に関するお知らせ" for factor in splits.factor
    ]
    serial = 100_001 + np.arange(len(splits.announced)) % 300_000
    extra = np.char.add(compact(splits.announced), serial.astype(str))
    number = np.concatenate([papers.number[rows], extra])
    revision = np.concatenate([papers.kind[rows] == filings.REVISION, np.zeros(len(extra), np.bool_)])
    paper = np.concatenate([np.ones(len(rows), np.bool_), np.zeros(len(extra), np.bool_)])
    order = np.lexsort((number, minute, day))
    japanese, _ = company_names(market.issues.number)
    columns: dict[str, AnyArray | Text] = {
        "DiscNo": number[order],
        "Code": Text(market.issues.code, issue[order]),
        "Name": Text(japanese, issue[order]),
        "DiscDate": day[order],
        "DiscTime": hours(minute[order], seconds=False),
        "Title": np.array(titles, dtype=object)[order],
        "DiscStatus": Text(("",), np.full(len(order), -1)),
        "RevNo": np.ones(len(order), np.int64),
        "DiscItems": Text(("[]", '["14012"]'), revision[order].astype(np.int8)),
        "Docs": Text(('["g"]', '["g", "s", "x"]'), paper[order].astype(np.int8)),
    }
    return arrow_table("td_list", columns, utc(day[order], minute[order]))


def _titles(market: Market, papers: Papers, rows: IntArray) -> list[str]:
    r = papers.results
    rule = ("日本基準", "IFRS", "米国基準")
    quarter = ("第１四半期", "第２四半期", "第３四半期", "")
    year, month = r.year_end.astype("datetime64[Y]").astype(int) + 1970, market.issues.year_end[r.issue]
    out = []
    for k in rows:
        kind = papers.kind[k]
        if kind == filings.REVISION:
            up = r.forecast[3, k] > r.before[3, k]
            out.append(f"業績予想の修正（{'上方修正' if up else '下方修正'}）に関するお知らせ")
        elif kind == DIVIDEND_REVISION:
            up = r.next_dividend[:, k].sum() > r.dividend[:, k].sum()
            out.append(f"配当予想の修正（{'増配' if up else '減配'}）に関するお知らせ")
        else:
            head = "（訂正）" if kind == filings.CORRECTION else ""
            standard = rule[market.issues.standard[r.issue[k]]]
            q = quarter[r.quarter[k] - 1]
            out.append(f"{head}{year[k]}年{month[k]}月期 {q}決算短信〔{standard}〕（連結）")
    return out
